"""GET /api/v1/auditLogs: filters, pages and tokens on many rows."""

import json
import urllib.parse
import uuid

import pytest

PATH = "/api/v1/auditLogs"
HOSTILE = "';DROP TABLE audit;-- \" \\ %_ \u00e4\u20ac"
FIRST_MS = 1700000000000  # 2023-11-14T22:13:20Z
DAY = 86400


def ask(service, roles=("Admin.Full",), **query):
    text = urllib.parse.urlencode(query)
    return service.get(f"{PATH}?{text}" if text else PATH, service.double.bearer(roles=list(roles)))


def found(service, **query):
    response = ask(service, **query)
    assert response.status == 200, response
    return response.json()


def row_id(ms, number):
    return f"{ms:012x}7{number % 4096:03x}8{number:015x}"


def quote(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def add(service, number, at, **changes):
    """A row of this second."""
    row = {
        "actor": "tenant/object",
        "remote_address": "192.0.2.1",
        "action": "ca.init",
        "object_type": "authority",
        "object_name": "name",
        "outcome": "done",
        "detail": "",
        "changes": None,
        **changes,
    }
    values = [quote(row[name]) if row[name] is not None else "NULL" for name in row]
    return (
        f"(UNHEX('{row_id(at * 1000 + number % 1000, number)}'), FROM_UNIXTIME({at}.{number % 1000:03d}),"
        f" NULL, {', '.join(values)})"
    )


def insert(service, rows):
    columns = (
        "id, at, request_id, actor, remote_address, action, object_type, object_name, outcome,"
        " detail, changes"
    )
    for i in range(0, len(rows), 2000):
        service.sql(
            f"SET time_zone = '+00:00'; INSERT INTO audit ({columns}) VALUES {', '.join(rows[i : i + 2000])}"
        )


BEGIN = FIRST_MS // 1000
EXAMPLES = [
    {"action": "scep_profile.create", "object_type": "scep_profile", "object_name": "alpha"},
    {"action": "scep_profile.update", "object_type": "scep_profile", "object_name": "alpha"},
    {"action": "scep_profile.enable", "object_type": "scep_profile", "object_name": "alphabet"},
    {"action": "certificate.revoke", "object_type": "certificate", "object_name": "0A0B"},
    {"action": "group.delete", "object_type": "group", "object_name": HOSTILE, "actor": HOSTILE},
    {"action": "enroll.refused", "object_type": "request", "object_name": "", "outcome": "refused"},
    {"action": "key.rotate_secrets", "object_type": "keyring", "remote_address": "", "actor": "uid:0"},
    {"action": "custom_attribute.set", "object_type": "ra_profile", "object_name": "alpha"},
    {"action": "something.else", "object_type": "nothing known", "object_name": "alpha"},
]


@pytest.fixture(scope="module", autouse=True)
def rows(service):
    """One row a day."""
    service.sql("DELETE FROM audit")
    insert(service, [add(service, i, BEGIN + i * DAY, **each) for i, each in enumerate(EXAMPLES)])


def numbers(answer):
    """Which of EXAMPLES they are."""
    return [int(item["uuid"][-12:], 16) for item in answer["items"]]


def test_the_newest_come_first_in_the_published_form(service):
    answer = found(service)
    assert numbers(answer) == list(range(len(EXAMPLES)))[::-1]
    assert {k: v for k, v in answer.items() if k != "items"} == {
        "itemsPerPage": 10,
        "pageNumber": 0,
        "totalPages": 1,
        "totalItems": len(EXAMPLES),
        "totalItemsCapped": False,
    }
    ids = [item["id"] for item in answer["items"]]
    assert ids == sorted(ids, reverse=True) and len(set(ids)) == len(ids) and max(ids) < 2**53
    item = answer["items"][-2]
    assert json.loads(item.pop("additionalData")) == {
        "action": "scep_profile.update",
        "objectType": "scep_profile",
        "outcome": "done",
        "remoteAddress": "192.0.2.1",
    }
    item.pop("id")
    item.pop("uuid")
    assert item == {
        "author": "tenant/object",
        "created": "2023-11-15T22:13:20.001+00:00",
        "operationStatus": "SUCCESS",
        "origination": "CLIENT",
        "affected": "SCEP_PROFILE",
        "objectIdentifier": "alpha",
        "operation": "UPDATE",
    }


FILTERS = [
    ({"author": HOSTILE}, [4]),
    ({"author": "uid:0"}, [6]),
    ({"author": "UID:0"}, []),
    ({"author": "uid"}, []),
    ({"objectIdentifier": "alpha"}, [8, 7, 1, 0]),
    ({"objectIdentifier": "ALPHA"}, []),
    ({"objectIdentifier": HOSTILE}, [4]),
    ({"objectIdentifier": "alpha", "affected": "SCEP_PROFILE"}, [1, 0]),
    ({"objectIdentifier": "Alpha ", "affected": "SCEP_PROFILE"}, []),
    ({"objectIdentifier": "alpha", "affected": "SCEP_PROFILE", "operation": "CREATE"}, [0]),
    ({"objectIdentifier": "alpha", "affected": "BE"}, [8]),
    ({"affected": "SCEP_PROFILE"}, [2, 1, 0]),
    ({"affected": "CMP_PROFILE"}, []),
    ({"operationStatus": "FAILURE"}, [5]),
    ({"origination": "LOCALHOST"}, [6]),
    ({"origination": "SCHEDULER"}, []),
    ({"operation": "ENABLE"}, [2]),
    ({"operation": "REVOKE"}, [3]),
    ({"operation": "CHANGE"}, [8]),
    ({"createdFrom": "2023-11-20"}, [8, 7, 6]),
    ({"createdTo": "2023-11-15"}, [1, 0]),
    ({"createdFrom": "2023-11-15", "createdTo": "2023-11-15"}, [1]),
    ({"createdFrom": "2023-11-16", "createdTo": "2023-11-15"}, []),
    ({"createdFrom": "2023-11-16", "affected": "SCEP_PROFILE", "objectIdentifier": "alphabet"}, [2]),
    ({"createdTo": "0001-01-01"}, []),
    ({"createdTo": "9999-12-31"}, list(range(9))[::-1]),
]


@pytest.mark.parametrize("query, wanted", FILTERS, ids=str)
def test_a_filter_finds_what_it_says(service, query, wanted):
    answer = found(service, **query)
    assert numbers(answer) == wanted
    assert answer["totalItems"] == len(wanted)
    assert answer["totalPages"] == (1 if wanted else 0)


BAD = [
    ("createdFrom", "2023-1-1"),
    ("createdTo", "2023-13-01"),
    ("createdTo", "2023-11-15T00:00:00Z"),
    ("operationStatus", "success"),
    ("affected", "NOBODY"),
    ("origination", "x"),
    ("operation", "x"),
    ("page", "-1"),
    ("page", "x"),
    ("size", "0"),
    ("size", "1e3"),
    ("size", "99999999999999999999"),
    ("continuationToken", "x"),
    ("author", "x" * 2000),
]


@pytest.mark.parametrize("name, value", BAD, ids=str)
def test_a_malformed_parameter_is_refused_by_name(service, name, value):
    response = ask(service, **{name: value})
    assert response.status == 400, response
    assert name in response.json()["message"]


def test_a_parameter_given_twice_is_refused(service):
    headers = service.double.bearer(roles=["Admin.Full"])
    assert service.get(f"{PATH}?page=0&page=1", headers).status == 400


def test_pages_and_tokens_lead_through_all_rows_once(service):
    everything = numbers(found(service))
    by_page = [numbers(found(service, size=4, page=page)) for page in range(4)]
    assert by_page == [everything[:4], everything[4:8], everything[8:], []]
    assert found(service, size=4)["totalPages"] == 3
    by_token, token = [], None
    while True:
        answer = found(service, size=4, **({"continuationToken": token} if token else {}))
        by_token.append(numbers(answer))
        token = answer.get("continuationToken")
        if token is None:
            break
        # A newer row in between moves nothing.
        insert(service, [add(service, 100 + len(by_token), BEGIN + 100 * DAY)])
    service.sql("DELETE FROM audit WHERE action = 'ca.init'")
    assert by_token == by_page[:3]
    # The token of a filtered page goes on with the filter.
    answer = found(service, objectIdentifier="alpha", size=2)
    answer = found(service, objectIdentifier="alpha", size=2, continuationToken=answer["continuationToken"])
    assert numbers(answer) == [1, 0] and "continuationToken" not in answer


def test_a_page_is_at_most_a_hundred_rows(service):
    assert found(service, size=100)["itemsPerPage"] == 100
    assert found(service, size=1000)["itemsPerPage"] == 100


def test_changes_are_part_of_additional_data(service):
    name = f"changes-{uuid.uuid4().hex}"
    headers = {**service.double.bearer(roles=["Admin.Full"]), "Content-Type": "application/json"}
    body = {"name": name, "label": HOSTILE, "contentType": "string"}
    made = service.request("POST", "/api/v1/attributes/custom", headers, json.dumps(body).encode())
    assert made.status == 201, made
    (item,) = found(service, affected="ATTRIBUTES", objectIdentifier=name)["items"]
    more = json.loads(item["additionalData"])
    assert more["changes"]["label"] == {"after": HOSTILE}
    assert uuid.UUID(more["requestId"]).hex == made.headers["x-request-id"]
    assert more["action"] == "custom_attribute.create" and item["operation"] == "CREATE"
    # What one row holds is bounded, so that a page of them is.
    long_one = json.dumps({"a": {"after": "x" * 20000}})
    insert(service, [add(service, 50, BEGIN + 50 * DAY, changes=long_one, object_name="long")])
    (item,) = found(service, objectIdentifier="long")["items"]
    assert json.loads(item["additionalData"])["changesAreTooLong"] is True
    service.sql(f"DELETE FROM audit WHERE object_name IN ('long', '{name}')")


def test_a_search_reads_a_bounded_number_of_rows_and_hands_on_a_token(service):
    needle = add(service, 1, BEGIN - 400 * DAY, object_name="needle")
    rest = [add(service, i, BEGIN - 300 * DAY + i, object_name="hay") for i in range(2, 21000)]
    insert(service, [needle, *rest])
    try:
        seen, tokens, answer = [], 0, found(service, objectIdentifier="needle")
        while "continuationToken" in answer:
            assert answer["totalItemsCapped"] is True and tokens < 5
            seen += numbers(answer)
            tokens += 1
            answer = found(service, objectIdentifier="needle", continuationToken=answer["continuationToken"])
        assert (seen, numbers(answer), tokens) == ([], [1], 2)
        assert answer["totalItemsCapped"] is False
        # Its key finds an object at once, and a date leads straight to its rows.
        answer = found(service, objectIdentifier="needle", affected="CA_INSTANCE")
        assert numbers(answer) == [1] and answer["totalItemsCapped"] is False
        answer = found(service, createdTo="2022-12-31")
        assert numbers(answer) == [1] and answer["totalItemsCapped"] is False
        answer = found(service, objectIdentifier="hay", affected="CA_INSTANCE")
        assert (answer["totalItems"], answer["totalItemsCapped"]) == (10000, True)
    finally:
        service.sql("DELETE FROM audit WHERE object_name IN ('needle', 'hay')")


def test_both_walks_use_their_keys(service):
    low, high = "REPEAT('\\0', 16)", "REPEAT('\\xff', 16)"
    for key, where in (
        ("PRIMARY", "1"),
        ("audit_object", "object_type = CONVERT('authority' USING ascii) AND object_name = 'x'"),
    ):
        plan = service.sql(
            f"EXPLAIN SELECT id FROM audit FORCE INDEX ({key}) WHERE {where} AND id < {high} AND id >= {low}"
            " ORDER BY id DESC LIMIT 500"
        )[0]
        assert key in plan and "ALL" not in plan and not any("filesort" in str(each) for each in plan)


def test_it_needs_its_own_permission(service):
    for roles in ([], ["Manage.All"], ["CSR.Request.Db"]):
        response = ask(service, roles=roles)
        assert response.status == 403, response
        assert response.json()["message"] == "Access Denied. Required 'List' permission for 'Audit Logs'"
