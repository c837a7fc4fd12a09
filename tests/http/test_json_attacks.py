"""Hostile JSON: every route that takes it refuses each attack with a clear text, and takes its near miss."""

import json

import pytest

from harness import operations

MAX_BODY = 65536
MAX_DEPTH, MAX_ITEMS = 32, 1024
SETTINGS = {"Server": {"MaxBodyBytes": MAX_BODY}}
TAKING_JSON = [o for o in operations.every() if o.json_schema is not None and o.is_built]
each_operation = pytest.mark.parametrize("operation", TAKING_JSON, ids=str)
SENTENCE = "Unable to read HTTP message"


def member(value):
    """A body with one more member, which every route tolerates, of this value (JSON text)."""
    return b'{"x":' + value + b"}"


def nested(opening, inner, closing, depth):
    return opening * depth + inner + closing * depth


def members(count):
    return b"{" + b",".join(b'"x%d":1' % i for i in range(count)) + b"}"


# The attack, its near miss, and what the answer says of the attack.
ATTACKS = {
    "a name twice": (b'{"x":1,"x":2}', b'{"x":1,"X":2}', "a member name occurs twice"),
    "a name twice, escaped": (b'{"x":1,"\\u0078":2}', b'{"x":1,"\\\\u0078":2}', "occurs twice"),
    "a name twice, far apart": (
        b'{"x":1,"y":{"x":2},"z":[{"x":3}],"x":4}', b'{"x":1,"y":{"x":2},"z":[{"x":3}],"w":4}',
        "occurs twice",
    ),
    "a name twice, below": (b'{"x":[{"y":1,"y":1}]}', b'{"x":[{"y":1},{"y":1}]}', "occurs twice"),
    "a known name twice": (b'{"name":"a","name":"b"}', b'{"name":"a"}', "occurs twice"),
    "deep arrays": (
        member(nested(b"[", b"", b"]", MAX_DEPTH)), member(nested(b"[", b"", b"]", MAX_DEPTH - 1)),
        "nested too deep",
    ),
    "deep objects": (
        nested(b'{"x":', b"1", b"}", MAX_DEPTH + 1), nested(b'{"x":', b"1", b"}", MAX_DEPTH),
        "nested too deep",
    ),
    "a hundred levels of nothing": (b"[" * 100, b"[" * 3, "nested too deep"),
    "many members": (members(MAX_ITEMS + 1), members(MAX_ITEMS), "too many members"),
    "many items": (
        member(b"[" + b",".join([b"1"] * (MAX_ITEMS + 1)) + b"]"),
        member(b"[" + b",".join([b"1"] * MAX_ITEMS) + b"]"), "too many members",
    ),
    "a NUL in a text": (member(b'"a\\u0000b"'), member(b'"a\\u0001b"'), "a NUL in a string"),
    "a NUL in a name": (b'{"a\\u0000":1}', b'{"a\\u0001":1}', "a NUL in a string"),
    "a raw NUL": (member(b'"a\0b"'), member(b'"a\\tb"'), "a control character"),
    "a raw newline": (member(b'"a\nb"'), member(b'"a\\nb"'), "a control character"),
    "a NUL behind": (b"{}\0", b"{}\n", "something after the value"),
    "a stray octet": (member(b'"\xff"'), member('"ÿ"'.encode()), "bad UTF-8"),
    "latin-1": (member('"é"'.encode("latin-1")), member('"é"'.encode()), "bad UTF-8"),
    "an overlong solidus": (member(b'"\xc0\xaf"'), member(b'"\xc2\xaf"'), "bad UTF-8"),
    "an encoded surrogate": (member(b'"\xed\xa0\x80"'), member(b'"\xed\x9f\xbf"'), "bad UTF-8"),
    "beyond Unicode": (member(b'"\xf4\x90\x80\x80"'), member(b'"\xf4\x8f\xbf\xbf"'), "bad UTF-8"),
    "a cut character": (member(b'"\xf0\x9f\x98"'), member("\"😀\"".encode()), "bad UTF-8"),
    "a lone high surrogate": (member(b'"\\ud83d"'), member(b'"\\ud83d\\ude00"'), "a lone surrogate"),
    "a lone low surrogate": (member(b'"\\ude00"'), member(b'"\\u00e9"'), "a lone surrogate"),
    "surrogates reversed": (member(b'"\\ude00\\ud83d"'), member(b'"\\ud83d\\ude00"'), "a lone surrogate"),
    "an integer beyond 64 bits": (
        member(b"9223372036854775808"), member(b"9223372036854775807"), "beyond 64 bits",
    ),
    "an integer below 64 bits": (
        member(b"-9223372036854775809"), member(b"-9223372036854775808"), "beyond 64 bits",
    ),
    "a thousand digits": (member(b"9" * 1000), member(b"9" * 18), "beyond 64 bits"),
    "a number beyond a double": (member(b"1e400"), member(b"1e308"), "beyond the range of a double"),
    "NaN": (member(b"NaN"), member(b'"NaN"'), "a value was expected"),
    "Infinity": (member(b"-Infinity"), member(b"-1"), "a number without digits"),
    "a leading zero": (member(b"01"), member(b"0"), "leading zero"),
    "a leading plus": (member(b"+1"), member(b"1"), "a value was expected"),
    "hexadecimal": (member(b"0x1"), member(b"1"), "no comma and no closing bracket"),
    "no digits behind the point": (member(b"1."), member(b"1.0"), "a fraction without digits"),
    "single quotes": (b"{'x':1}", b'{"x":1}', "a string was expected"),
    "no quotes": (b"{x:1}", b'{"x":1}', "a string was expected"),
    "a comment": (b'{/**/"x":1}', b'{ "x":1}', "a string was expected"),
    "a comma too many": (b'{"x":1,}', b'{"x":1}', "a string was expected"),
    "a capital word": (member(b"True"), member(b"true"), "a value was expected"),
    "an unknown escape": (member(b'"\\x41"'), member(b'"\\u0041"'), "an unknown escape"),
    "an unfinished text": (b'{"x":"', b'{"x":""}', "an unfinished string"),
    "something behind": (b"{} x", b"{}  ", "something after the value"),
    "two values": (b"{}{}", b"{}", "something after the value"),
    "a byte order mark": (b"\xef\xbb\xbf{}", b"{}", "a value was expected"),
    "UTF-16": ("{}".encode("utf-16"), b"{}", ""),
    "nothing": (b"", b"{}", "a value was expected"),
    "white space": (b" \r\n\t", b" \r\n\t{}", "a value was expected"),
    "a text": (b'"x"', b'["x"]', "neither an object nor an array"),
    "a number": (b"1", b"[1]", "neither an object nor an array"),
    "null": (b"null", b"[null]", "neither an object nor an array"),
}  # fmt: skip
each_attack = pytest.mark.parametrize("attack", list(ATTACKS))


@pytest.fixture(scope="module")
def headers(service):
    return service.double.bearer(roles=["Admin.Full"])


def send(service, operation, headers, body, content_type="application/json"):
    sent = {**headers, **({"Content-Type": content_type} if content_type is not None else {})}
    return service.request(operation.method, operation.target(), sent, body)


def detail(response):
    """What an answer says of JSON that it could not read; "" where it says nothing of the kind."""
    if response.status != 400:
        return ""
    answer = response.json()
    if "errorCode" in answer:
        return answer["errorMessage"] if answer["errorCode"] == 4007 else ""
    return answer.get("detail", "") if answer["message"] == SENTENCE else ""


def refused(response, text):
    assert response.status == 400, response
    assert detail(response).startswith("JSON: ") and text in detail(response), response


def test_there_are_routes_to_attack():
    assert len(TAKING_JSON) > 25
    for attack, (bad, good, _) in ATTACKS.items():
        assert bad != good, attack


@each_operation
def test_every_attack_is_refused_and_its_near_miss_is_not(service, headers, operation):
    for attack, (bad, good, text) in ATTACKS.items():
        refused(send(service, operation, headers, bad), text)
        response = send(service, operation, headers, good)
        assert response.status < 500, (attack, response)
        assert not text or text not in detail(response), (attack, response)


@each_operation
def test_an_object_is_no_array_and_an_array_no_object(service, headers, operation):
    right = operation.empty_body()[1]
    wrong = b"{}" if right == b"[]" else b"[]"
    refused(send(service, operation, headers, wrong), "expected")
    assert "expected" not in detail(send(service, operation, headers, right))


@each_operation
@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/json-patch+json",
        "application/xml, application/json",
        "application/json; charset=utf-16",
        "application/json; charset=iso-8859-1",
    ],
)
def test_another_content_type_is_415(service, headers, operation, content_type):
    response = send(service, operation, headers, operation.empty_body()[1], content_type)
    assert response.status == 415, response
    assert "application/json" in response.body.decode()


@each_operation
@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON", "application/json;charset=UTF-8", 'application/json ; charset="utf-8"'],
)
def test_every_spelling_of_the_right_type_is_taken(service, headers, operation, content_type):
    response = send(service, operation, headers, operation.empty_body()[1], content_type)
    assert response.status != 415, response


@each_operation
def test_too_large_is_413_and_the_limit_itself_is_not(service, headers, operation):
    right = operation.empty_body()[1]
    full = right + b" " * (MAX_BODY - len(right))
    response = send(service, operation, headers, full)
    assert response.status != 413 and not detail(response), response
    for body in (full + b" ", right + b" " * (10 * 1024 * 1024)):
        response = send(service, operation, headers, body)
        assert response.status == 413, response
        assert str(MAX_BODY) in response.body.decode()


@each_operation
def test_a_body_that_was_cut_is_never_acted_on(service, headers, operation):
    right = operation.empty_body()[1]
    sent = {**headers, "Content-Type": "application/json"}
    params = {"CONTENT_LENGTH": str(len(right) + 1)}
    response = service.request(
        operation.method, operation.target(), sent, right, params=params
    )
    assert response.status == 400, response


@pytest.mark.parametrize(
    "operation", [o for o in operations.managed() if o.body is None and o.is_writing], ids=str
)
def test_what_takes_no_body_is_not_moved_by_one(service, headers, operation):
    """Clients send {} or nothing; more than the limit is 413 in any case."""
    for body in (b"", b"{}", b"{"):
        response = send(service, operation, headers, body)
        assert response.status in (204, 404, 413, 422, 501), response


def test_the_shown_part_of_a_hostile_text_is_short_and_well_formed(service, headers):
    path = "/api/v1/scepProfiles/enable"
    texts = json.dumps(["\u0001\"\\" + "ä" * 500]).encode()
    sent = {**headers, "Content-Type": "application/json"}
    response = service.request("PATCH", path, sent, texts)
    assert response.status == 422, response
    (told,) = response.json()
    assert told.startswith("Invalid UUID \u0001\"\\ä") and told.endswith(" in the request")
    assert len(told) < 120
