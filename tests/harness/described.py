"""
Our own description, man/openapi.yaml: is an answer as it says? Service.request() asks this of every
answer, so that each test over HTTP is one of the description too. A member that the description does
not have, a status or a content type that it does not name, is a fault.
"""

import copy
import functools
import json
import os
import urllib.parse

from . import openapi, process

PATH = os.path.join(process.ROOT, "man", "openapi.yaml")
# Errors before a route is found, or where the path does not take the method.
ELSEWHERE = {400, 401, 403, 404, 405, 413, 500, 503}

Mismatch = openapi.Mismatch


def _closed(schema):
    """The schema with every object taking no members but those it names."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {name: _closed(value) for name, value in schema.items()}
    if schema.get("type") == "object" and "properties" in schema:
        schema.setdefault("additionalProperties", False)
    return schema


@functools.lru_cache(maxsize=None)
def description():
    """As it stands in the file."""
    return openapi.Description.read(PATH)


@functools.lru_cache(maxsize=None)
def _strict():
    document = copy.deepcopy(description().document)
    document["components"]["schemas"] = _closed(document["components"]["schemas"])
    for _, _, operation in openapi.Description(document).operations():
        operation["responses"] = _closed(operation["responses"])
    document["components"]["responses"] = _closed(document["components"]["responses"])
    return openapi.Description(document)


def normal(target):
    """The path as the program's router sees it."""
    path = urllib.parse.unquote(target.partition("?")[0], errors="replace")
    return "/" + path.strip("/")


def _is_unreadable(path):
    """Refused before it can say which form errors below it have."""
    return "\0" in path or {".", ".."} & set(path.split("/"))


def _error_response(path, status):
    """What an error outside of any operation looks like."""
    responses = _strict().document["components"]["responses"]
    if _is_unreadable(path):
        return responses["Numbered400"]
    if path.startswith("/.well-known/est/"):
        return responses["Text400"]
    if not path.startswith(("/api/v1/", "/api/v2/")):
        return responses["Numbered400"]
    names = {401: "Unauthorized", 403: "Forbidden"}
    return responses[names.get(status, "BadRequest")]


def _expected(method, path, status):
    operation = _strict().operation(method, path)
    if operation is None or _is_unreadable(path):
        if status not in ELSEWHERE:
            raise Mismatch(f"{status}, but no such operation is described")
        return _error_response(path, status)
    responses = _strict().responses(operation)
    if str(status) not in responses:
        raise Mismatch(f"status {status} is none of {', '.join(responses)}")
    return responses[str(status)]


def _body(media_type, body):
    if media_type.endswith("json"):
        try:
            return json.loads(body)
        except ValueError as error:
            raise Mismatch(f"no JSON: {error}") from None
    return body.decode("latin-1")


def _check(method, path, response):
    expected = _expected(method, path, response.status)
    if method == "HEAD" or (not response.body and not expected.get("content")):
        return
    media_type = response.headers.get("content-type", "").partition(";")[0].strip()
    if not expected.get("content"):
        raise Mismatch("a body where none is described")
    schema = openapi.schema_of(expected, media_type)
    _strict().check(schema, _body(media_type, response.body))
    for name in expected.get("headers", {}):
        if name.lower() not in response.headers:
            raise Mismatch(f"no header {name}")


def check(method, target, response):
    """Raises Mismatch unless the answer is as described. A cut one is not looked at."""
    if not response.complete or response.status is None:
        return
    path = normal(target)
    try:
        _check(method, path, response)
    except Mismatch as mismatch:
        raise Mismatch(f"man/openapi.yaml: {method} {path}, {response.status}: {mismatch}") from None
