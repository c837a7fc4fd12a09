"""A caller of the management API."""

import json

from . import contract

# The id of nothing.
UNKNOWN = "01930000-0000-7000-8000-00000000ffff"


class Client:
    """
    A caller with these roles (none: Admin.Full), an application unless user is given. send() holds
    each answer against PUBLISHED, a published description of CZERTAINLY's (see contract); NAME in
    its place, None: not looked at. headers stand in place of the caller's own.
    """

    PUBLISHED = None

    def __init__(self, service, *roles, user=None):
        self.service = service
        self.headers = service.double.bearer(roles=list(roles or ("Admin.Full",)), user=user)

    def send(self, method, path, body=None, name=..., headers=None, **options):
        """The answer; body: what is sent as JSON, octets as they are."""
        sent = dict(self.headers if headers is None else headers)
        raw = b""
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = self.service.request(method, path, sent, raw, **options)
        name = self.PUBLISHED if name is ... else name
        if name:
            contract.check_response(name, method, path, answer)
        return answer


def refusal(answer, status):
    """The text of a refusal of this status in CZERTAINLY's form."""
    assert answer.status == status, answer
    if status == 422:
        (text,) = answer.json()
        return text
    return answer.json()["message"]
