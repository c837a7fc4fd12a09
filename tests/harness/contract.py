"""
CZERTAINLY's published descriptions, version 2.13.1, and whether an answer of ours keeps to them:

    contract.check("core-scep", "GET", "/api/v1/scepProfiles", 200, response.json())

The files lie in ../shared/contracts beside the repository. Without them check() looks at nothing
and says so once on standard output; test_contract.py is skipped then, which tests/run counts.
"""

import copy
import functools
import json
import os

from . import openapi, process

FOLDER = os.path.join(os.path.dirname(process.ROOT), "shared", "contracts")
VERSION = "2.13.1"
NAMES = ("core-scep", "core-ra-profile", "core-certificate", "core-client-operations-v2")
CONTENT = "BaseAttributeContentDto"
# Core's error document for everything that is no validation failure.
MESSAGE = {"$ref": "#/components/schemas/ErrorMessageDto"}
TEXTS = {"type": "array", "items": {"type": "string"}, "minItems": 1}

Mismatch = openapi.Mismatch


def is_there():
    return os.path.isdir(FOLDER)


@functools.lru_cache(maxsize=None)
def _say_missing():
    print("SKIP: no ../shared/contracts, so answers are not compared with what was published")


def _path(name):
    return os.path.join(FOLDER, f"{name}-{VERSION}.yaml")


def _override_content(schemas):
    """
    An attribute's content: "data" is declared an object and at once one of thirteen overlapping
    kinds, so that no text, number, boolean, file or secret can be right.
    """
    content = schemas.get(CONTENT)
    if content:
        content["properties"].pop("data", None)
        content["anyOf"] = content.pop("oneOf")


# Members that Java knows as "any object", which the generator of the descriptions writes as a JSON
# object although Core sends other things there.
ANYTHING = (
    ("BaseAttributeDto", "content"),  # an array in each kind that the discriminator names
    ("BaseAttributeConstraint", "data"),  # a text in RegexpAttributeConstraint, and so on
    ("SearchFieldDataDto", "value"),  # the list of values to choose from
    ("CertificateDetailDto", "subjectAlternativeNames"),  # lists of texts by kind of name
    ("CertificateRequestDto", "subjectAlternativeNames"),
    ("CertificateEventHistoryDto", "additionalInformation"),  # texts by name
)


def _override_anything(schemas):
    """
    The fault of _override_content elsewhere: a member that is declared an object. Maps stay maps,
    of anything.
    """
    for name, member in ANYTHING:
        declared = schemas.get(name, {"properties": {}})["properties"].get(member)
        if declared and "additionalProperties" in declared:
            declared["additionalProperties"] = {}
        elif declared:
            declared.pop("type")


def _override_secret(schemas):
    """
    Core's serialiser blanks the content of secrets in answers: "data" becomes null, and null
    members are left out, although every content requires "data".
    """
    attribute = schemas.get("ResponseAttributeDto")
    if attribute:
        blanked = {"type": "object", "maxProperties": 0}
        listed = attribute["properties"]["content"]
        listed["items"] = {"anyOf": [listed["items"], blanked]}


def _override_not_activated(schemas):
    """The state of a protocol that is not activated is its flag alone, without name and uuid."""
    state = schemas.get("RaProfileScepDetailResponseDto")
    if state:
        state["required"] = ["scepAvailable"]


def _override_lists(schemas):
    """Alternative names by kind and a field's values are declared objects; Core sends arrays."""
    detail = schemas.get("CertificateDetailDto")
    if detail:
        names = {"type": "array", "items": {"type": "string"}}
        detail["properties"]["subjectAlternativeNames"]["additionalProperties"] = names
    if "SearchFieldDataDto" in schemas:
        schemas["SearchFieldDataDto"]["properties"]["value"] = {}


def _override_statuses(document):
    """
    422 is declared at few operations, and Core answers every validation failure with it. 204 is
    declared with a body, which it cannot have, where Core answers 200.
    """
    for item in document["paths"].values():
        for operation in (item[m] for m in openapi.METHODS if m in item):
            responses = operation["responses"]
            responses["422"] = {"content": {"application/json": {"schema": TEXTS}}}
            if (responses.get("204") or {}).get("content"):
                responses["200"] = responses.pop("204")


def _override_forbidden(document):
    """403 is declared application/json; Core sends application/problem+json."""
    for item in document["paths"].values():
        for operation in (item[m] for m in openapi.METHODS if m in item):
            content = (operation["responses"].get("403") or {}).get("content")
            if content:
                content["application/problem+json"] = content.pop("application/json")


@functools.lru_cache(maxsize=None)
def load(name, overridden=True):
    """The description NAME, with what the published one contradicts itself in mended."""
    description = openapi.Description.read(_path(name))
    if not overridden:
        return description
    document = copy.deepcopy(description.document)
    schemas = document["components"]["schemas"]
    _override_content(schemas)
    _override_anything(schemas)
    _override_secret(schemas)
    _override_not_activated(schemas)
    _override_lists(schemas)
    _override_statuses(document)
    _override_forbidden(document)
    return openapi.Description(document)


def _error_schema(description, operation, status):
    """
    Errors that an operation does not declare (404, 413, 415, ...) have Core's error form, and so has
    501: what is declared for it at one operation is the answer of a bulk operation that was done.
    """
    declared = description.responses(operation).get(str(status)) if status != 501 else None
    return openapi.schema_of(declared) if declared and declared.get("content") else MESSAGE


def check(name, method, path, status, body, content_type=None):
    """
    Raises Mismatch unless the answer is what description NAME (of NAMES, "core-" may be left out)
    says of this operation. path may begin with /api; body: the parsed JSON, or bytes or a text to be
    parsed, None or empty for none; content_type: checked where given.
    """
    if not is_there():
        _say_missing()
        return
    name = name if name.startswith("core-") else f"core-{name}"
    description = load(name)
    path = path.partition("?")[0].removeprefix("/api")
    operation = description.operation(method, path)
    if operation is None:
        raise Mismatch(f"{name} has no {method} {path}")
    try:
        _check_answer(description, operation, (status, body, content_type))
    except Mismatch as mismatch:
        raise Mismatch(f"{method} {path}, {status}: {mismatch}") from None


def check_response(name, method, path, response):
    """The same for a whole fcgi.Response."""
    check(name, method, path, response.status, response.body, response.headers.get("content-type"))


def _parsed(body):
    if isinstance(body, (bytes, str)):
        try:
            return json.loads(body) if body else None
        except ValueError as error:
            raise Mismatch(f"no JSON: {error}") from None
    return body


def _check_answer(description, operation, answer):
    status, body, content_type = answer
    if status == 401:
        return  # declared without a body; Core sends its framework's own document
    if status >= 400:
        schema = _error_schema(description, operation, status)
    else:
        declared = description.responses(operation).get(str(status))
        if declared is None:
            raise Mismatch(f"not among {', '.join(description.responses(operation))}")
        schema = openapi.schema_of(declared)
    body = _parsed(body)
    if schema is None:
        if body is not None:
            raise Mismatch(f"no body was expected: {json.dumps(body)[:200]}")
        return
    if content_type is not None:
        want = "application/problem+json" if status == 403 else "application/json"
        if content_type.partition(";")[0].strip() != want:
            raise Mismatch(f"{content_type} where {want} was expected")
    description.check(schema, body)
