"""Custom attributes: definitions, their rules, and the values that objects have of them."""

import base64
import concurrent.futures
import json
import uuid

import pytest

from harness import contract, csr
from harness.api import Client, refusal

BASE = "/api/v1/attributes/custom"
HOSTILE = "';DROP TABLE custom_attribute;-- \" \\ %_ `x` \u00e4\u20ac\U0001f512 <b>&amp;"
SETTINGS = {"Admin": {"Roles": "May.Attributes=attributes:*, May.Certificates=certificates:update"}}


def call(service, method, path, body=None, roles=("Admin.Full",)):
    return Client(service, *roles).send(method, path, body)


def unique(prefix="attribute"):
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def form(**members):
    return {"name": unique(), "label": "A label", "contentType": "string", **members}


def make(service, **members):
    response = call(service, "POST", BASE, form(**members))
    assert response.status == 201, response
    return response.json()


def one(service, attribute):
    return call(service, "GET", f"{BASE}/{attribute['uuid']}")


def refused(response, text, status=422):
    assert text in refusal(response, status), response


def audit(service, action, name):
    rows = service.sql(
        "SELECT actor, outcome, HEX(changes) FROM audit WHERE action = "
        f"'{action}' AND object_name = '{name}' ORDER BY id"
    )
    return [(actor, outcome, json.loads(bytes.fromhex(changes))) for actor, outcome, changes in rows]


@pytest.fixture(scope="module")
def certificate(service):
    """The id of a certificate, an object that has attributes."""
    response = service.post_csr(csr.make(unique("device")))
    assert response.status == 200, response
    return str(uuid.UUID(service.value("SELECT HEX(id) FROM certificate ORDER BY id DESC LIMIT 1")))


def value_path(certificate, attribute, resource="certificates"):
    return f"{BASE}/resources/{resource}/objects/{certificate}/{attribute['uuid']}"


def set_value(service, certificate, attribute, content):
    return call(service, "PATCH", value_path(certificate, attribute), content)


def stored(service, certificate):
    text = service.value(
        "SELECT HEX(COALESCE(attributes, '[]')) FROM certificate"
        f" WHERE id = UNHEX('{certificate.replace('-', '')}')"
    )
    return json.loads(bytes.fromhex(text))


# definitions


def test_a_definition_is_made_shown_changed_and_deleted(service):
    made = make(service, description="What for", resources=["certificates", "raProfiles"])
    assert made["type"] == "custom" and made["enabled"] is True and made["visible"] is True
    assert [made[name] for name in ("required", "readOnly", "list", "multiSelect")] == [False] * 4
    assert one(service, made).json() == made
    assert "content" not in made and "group" not in made

    listed = call(service, "GET", BASE).json()
    assert {
        "uuid": made["uuid"],
        "name": made["name"],
        "contentType": "string",
        "description": "What for",
        "enabled": True,
        "resources": ["certificates", "raProfiles"],
    } in listed

    changed = call(
        service,
        "PUT",
        f"{BASE}/{made['uuid']}",
        {
            "label": "Another",
            "group": "g",
            "list": True,
            "content": [{"data": "a", "reference": "A"}, {"data": "b"}],
            "name": "is fixed",
            "contentType": "integer",
        },
    )
    assert changed.status == 200, changed
    assert changed.json()["name"] == made["name"] and changed.json()["contentType"] == "string"
    assert changed.json()["label"] == "Another" and changed.json()["description"] == ""
    # What is not said of resources changes none.
    assert changed.json()["resources"] == ["certificates", "raProfiles"]
    assert changed.json()["content"] == [{"reference": "A", "data": "a"}, {"data": "b"}]

    assert call(service, "DELETE", f"{BASE}/{made['uuid']}").status == 204
    gone = f"Object of type 'AttributeDefinition' identified by {made['uuid']} is not found."
    for method, body in (("GET", None), ("PUT", {"label": "x"}), ("DELETE", None)):
        refused(call(service, method, f"{BASE}/{made['uuid']}", body), gone, 404)

    (actor, outcome, changes), = audit(service, "custom_attribute.update", made["name"])
    assert outcome == "done" and "/" in actor
    assert changes["label"] == {"before": "A label", "after": "Another"}
    assert "name" not in changes and "resources" not in changes
    assert len(audit(service, "custom_attribute.create", made["name"])) == 1
    assert len(audit(service, "custom_attribute.delete", made["name"])) == 1


def test_hostile_texts_are_kept_and_shown_as_they_are(service):
    name = HOSTILE + unique()
    made = make(service, name=name, label=HOSTILE, description=HOSTILE, group=HOSTILE)
    again = one(service, made).json()
    assert [again[m] for m in ("name", "label", "description", "group")] == [name, HOSTILE, HOSTILE, HOSTILE]
    refused(call(service, "POST", BASE, form(name=name)), "same name already exists", 400)
    # The near miss: the name is compared by its octets.
    make(service, name=name.replace("x", "X", 1))


LIMITS = [("name", 128), ("label", 255), ("description", 1024), ("group", 255)]


@pytest.mark.parametrize("member, limit", LIMITS)
def test_a_text_is_limited_in_characters(service, member, limit):
    fits = unique().ljust(limit, "\u20ac")
    assert make(service, **{member: fits})[member] == fits
    refused(
        call(service, "POST", BASE, form(**{member: fits + "\u20ac"})),
        f"{member} is longer than {limit} characters",
    )


BAD_DEFINITIONS = {
    "no name": ({"name": None}, "Attribute Name cannot be empty"),
    "empty name": ({"name": ""}, "Attribute Name cannot be empty"),
    "blank name": ({"name": "  "}, "Attribute Name cannot be empty"),
    "name with a newline": ({"name": "a\nb"}, "Attribute Name cannot contain control characters"),
    "no label": ({"label": None}, "Attribute Label cannot be empty"),
    "no content type": ({"contentType": None}, "Attribute Content Type cannot be empty"),
    "another content type": ({"contentType": "colour"}, "no content type colour"),
    "content type by case": ({"contentType": "String"}, "no content type String"),
    "another resource": (
        {"resources": ["raProfiles", "users"]},
        "Unsupported Resources for Custom Attribute binding: users",
    ),
    "content of another type": ({"contentType": "integer", "content": [{"data": "x"}]}, "an integer"),
    "content without data": ({"content": [{"reference": "x"}]}, "a content item has no data"),
    "several contents": ({"content": [{"data": "a"}, {"data": "b"}]}, "one value, not several"),
    "a list of nothing": ({"list": True, "content": []}, "a list needs predefined content"),
    "read only without content": ({"readOnly": True}, "a read-only attribute needs predefined"),
    "a secret for everybody": (
        {"contentType": "secret", "content": [{"data": {"secret": "x"}}]},
        "an attribute of secrets has no predefined content",
    ),
    "too many contents": (
        {"list": True, "content": [{"data": str(i)} for i in range(65)]},
        "more than 64 items",
    ),
}


@pytest.mark.parametrize("case", list(BAD_DEFINITIONS))
def test_a_bad_definition_is_refused(service, case):
    changes, text = BAD_DEFINITIONS[case]
    refused(call(service, "POST", BASE, form(**changes)), text)


def test_the_near_misses_of_bad_definitions_are_made(service):
    make(service, list=True, content=[{"data": str(i)} for i in range(64)])
    make(service, multiSelect=True, content=[{"data": "a"}, {"data": "b"}])
    make(service, readOnly=True, content=[{"data": "fixed"}])
    make(service, contentType="secret")
    made = make(service, resources=["raProfiles", "raProfiles", "scepProfiles"])
    assert made["resources"] == ["raProfiles", "scepProfiles"]


def test_what_is_no_such_body_is_refused(service):
    assert call(service, "POST", BASE, b"{").status == 400
    assert call(service, "POST", BASE, b"[]").status == 400
    made = make(service)
    assert call(service, "POST", BASE, form(required="maybe")).status == 400
    assert call(service, "POST", BASE, form(content="x")).status == 400
    assert call(service, "PATCH", f"{BASE}/{made['uuid']}/resources", {}).status == 400
    assert call(service, "PATCH", f"{BASE}/{made['uuid']}/resources", [1]).status == 400
    refused(call(service, "GET", f"{BASE}/x"), "Invalid UUID x in the request")
    headers = service.double.bearer(roles=["Admin.Full"])
    headers["Content-Type"] = "text/plain"
    body = json.dumps(form()).encode()
    assert service.request("POST", BASE, headers, body).status == 415


def test_a_taken_name_is_refused(service):
    made = make(service)
    refused(
        call(service, "POST", BASE, form(name=made["name"])),
        "Custom Attribute with same name already exists",
        400,
    )


def test_of_parallel_creations_of_a_name_one_wins(service):
    body = form()
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: call(service, "POST", BASE, body), range(60)))
    statuses = [answer.status for answer in answers]
    assert statuses.count(201) == 1 and statuses.count(400) == 59, statuses
    assert len(audit(service, "custom_attribute.create", body["name"])) == 1


def test_parallel_edits_are_all_whole(service):
    made = make(service)

    def edit(i):
        body = {"label": f"label {i}", "description": f"description {i}", "group": f"group {i}"}
        return call(service, "PUT", f"{BASE}/{made['uuid']}", body).status

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(edit, range(24)))
    # Who lost too often is told so.
    assert set(statuses) <= {200, 503} and statuses.count(200) >= 8, statuses
    now = one(service, made).json()
    assert {now[m].split()[1] for m in ("label", "description", "group")} == {now["label"].split()[1]}
    assert len(audit(service, "custom_attribute.update", made["name"])) == statuses.count(200)


def test_definitions_are_listed_by_content_type(service):
    text, number = make(service), make(service, contentType="integer")
    listed = call(service, "GET", f"{BASE}?attributeContentType=integer").json()
    names = [each["name"] for each in listed]
    assert number["name"] in names and text["name"] not in names
    assert {each["contentType"] for each in listed} == {"integer"}
    refused(call(service, "GET", f"{BASE}?attributeContentType=x"), "no attributeContentType x", 400)


def test_a_definition_is_bound_to_three_resources(service):
    assert call(service, "GET", f"{BASE}/resources").json() == ["scepProfiles", "raProfiles", "certificates"]
    made = make(service, description="d", required=True, group="g")
    path = f"{BASE}/{made['uuid']}/resources"
    for resource in ("scepProfiles", "raProfiles", "certificates"):
        assert call(service, "PATCH", path, [resource]).status == 204
        found = [
            each
            for each in call(service, "GET", f"{BASE}/resources/{resource}").json()
            if each["uuid"] == made["uuid"]
        ]
        assert found == [
            {
                "uuid": made["uuid"],
                "name": made["name"],
                "description": "d",
                "type": "custom",
                "contentType": "string",
                "properties": {
                    "label": "A label",
                    "visible": True,
                    "group": "g",
                    "required": True,
                    "readOnly": False,
                    "list": False,
                    "multiSelect": False,
                },
            }
        ]
    assert call(service, "PATCH", path, []).status == 204
    assert one(service, made).json()["resources"] == []
    text = "Unsupported Resources for Custom Attribute binding: users"
    refused(call(service, "PATCH", path, ["users"]), text)
    refused(call(service, "GET", f"{BASE}/resources/users"), text)
    refused(call(service, "PATCH", f"{BASE}/{uuid.uuid4()}/resources", []), "is not found", 404)


def test_several_are_enabled_disabled_and_deleted(service):
    made = [make(service, resources=["raProfiles"]) for _ in range(3)]
    ids = [each["uuid"] for each in made]
    for action, enabled in (("disable", False), ("enable", True)):
        # The ids that are nobody's are passed over.
        assert call(service, "PATCH", f"{BASE}/{action}", ids[:2] + [str(uuid.uuid4())]).status == 204
        states = [one(service, each).json()["enabled"] for each in made]
        assert states == [enabled, enabled, True]
    one_is_bad = call(service, "PATCH", f"{BASE}/disable", [ids[0], "nobody"])
    refused(one_is_bad, "Invalid UUID nobody in the request")
    assert one(service, made[0]).json()["enabled"] is True
    for action, enabled in (("disable", False), ("enable", True)):
        assert call(service, "PATCH", f"{BASE}/{ids[0]}/{action}").status == 204
        assert one(service, made[0]).json()["enabled"] is enabled
        refused(call(service, "PATCH", f"{BASE}/{uuid.uuid4()}/{action}"), "is not found", 404)
    assert call(service, "DELETE", BASE, ids[:2] + [str(uuid.uuid4())]).status == 204
    assert [one(service, each).status for each in made] == [404, 404, 200]


def test_a_disabled_one_is_no_descriptor(service):
    made = make(service, resources=["raProfiles"])

    def shown():
        listed = call(service, "GET", f"{BASE}/resources/raProfiles").json()
        return made["uuid"] in [each["uuid"] for each in listed]

    assert shown()
    call(service, "PATCH", f"{BASE}/{made['uuid']}/disable")
    assert not shown()


# values


def encoded(data):
    return base64.b64encode(data).decode()


GOOD = {
    "string": [("x", "x"), ("", ""), (HOSTILE, HOSTILE), ("x" * 4096, "x" * 4096)],
    "text": [("a\nb", "a\nb"), ("x" * 20000, "x" * 20000)],
    "integer": [(1, 1), ("45", 45), (-2147483648, -2147483648), (2147483647, 2147483647)],
    "boolean": [(True, True), ("false", False)],
    "float": [(1.5, 1.5), (2, 2.0), ("-0.25", -0.25), ("1e3", 1000.0)],
    "date": [("2024-02-29", "2024-02-29"), ("2000-02-29", "2000-02-29")],
    "time": [("23:59:59", "23:59:59")],
    "datetime": [
        ("2024-11-08T14:57:04.000+00:00",) * 2,
        ("2024-11-08T14:57:04Z",) * 2,
        ("2024-11-08T14:57:04.1-18:00",) * 2,
    ],
    "file": [
        ({"content": encoded(b"abc"), "fileName": "a.txt", "mimeType": "text/plain", "x": 1},
         {"content": encoded(b"abc"), "fileName": "a.txt", "mimeType": "text/plain"}),
    ],
    "credential": [
        ({"uuid": "5b5f0784-2519-11ed-861d-0242ac120002", "name": "n", "kind": "Basic"},
         {"uuid": "5b5f0784-2519-11ed-861d-0242ac120002", "name": "n", "kind": "Basic", "attributes": []}),
    ],
    "codeblock": [({"language": "python", "code": encoded(b"pass")},) * 2],
    "object": [({"a": [1, {"b": None}]},) * 2, ({},) * 2],
}
FILE = GOOD["file"][0][1]
CREDENTIAL = GOOD["credential"][0][1]
BAD = {
    "string": [1, True, {}, [], "x" * 4097],
    "text": [None, 1],
    "integer": [1.5, "x", "", " 1", "1 ", "0x10", True, 2147483648, -2147483649, "99999999999999999999", {}],
    "boolean": [1, "TRUE", "", {}],
    "float": ["x", "", "nan", "inf", "1e999", "0x1p3", True, {}],
    "date": [
        "2023-02-29", "1900-02-29", "2024-13-01", "2024-00-01", "2024-01-00", "2024-1-1",
        "2024-01-01T", 20240101,
    ],
    "time": ["24:00:00", "23:60:00", "23:59:60", "23:59", "23:59:59.1", 1],
    "datetime": [
        "2024-11-08", "2024-11-08T14:57:04", "2024-11-08 14:57:04Z", "2024-11-08T14:57:04.Z",
        "2024-11-08T14:57:04+18:01", "2024-11-08T14:57:04+1:00", "2024-11-08T14:57:04ZZ",
        "2023-02-29T00:00:00Z",
    ],
    "file": [
        "x", {}, {**FILE, "content": "a"}, {**FILE, "content": ""}, {**FILE, "fileName": 1},
        {**FILE, "mimeType": None},
    ],
    "credential": [
        {}, {**CREDENTIAL, "uuid": "x"}, {**CREDENTIAL, "kind": ""},
        {**CREDENTIAL, "attributes": [{"name": "password"}]},
    ],
    "codeblock": [
        "x", {"language": "cobol", "code": "AA=="}, {"language": "c", "code": "!"}, {"language": "c"},
    ],
    "object": ["x", 1, [], True],
    "secret": ["x", {}, {"secret": ""}, {"secret": 1}, {"secret": "x" * 1025}],
}


@pytest.mark.parametrize("content_type", list(GOOD))
def test_content_of_each_type_is_stored_in_its_form(service, certificate, content_type):
    made = make(service, contentType=content_type, resources=["certificates"])
    for given, kept in GOOD[content_type]:
        response = set_value(service, certificate, made, [{"data": given, "reference": "ref", "extra": 1}])
        assert response.status == 200, response
        (shown,) = [each for each in response.json() if each["uuid"] == made["uuid"]]
        assert shown == {
            "uuid": made["uuid"],
            "name": made["name"],
            "label": "A label",
            "type": "custom",
            "contentType": content_type,
            "content": [{"reference": "ref", "data": kept}],
        }
        assert type(shown["content"][0]["data"]) is type(kept)
    call(service, "DELETE", value_path(certificate, made))


@pytest.mark.parametrize("content_type", list(BAD))
def test_content_of_another_form_is_refused(service, certificate, content_type):
    made = make(service, contentType=content_type, resources=["certificates"])
    before = stored(service, certificate)
    for data in BAD[content_type]:
        refused(set_value(service, certificate, made, [{"data": data}]), f"Custom attribute {made['name']}: ")
    for content in ([1], [{}], [{"data": None}]):
        refused(set_value(service, certificate, made, content), f"Custom attribute {made['name']}: ")
    assert stored(service, certificate) == before


def test_a_value_is_set_changed_and_deleted_with_an_audit_row_each(service, certificate):
    made, other = make(service, resources=["certificates"]), make(service, resources=["certificates"])
    set_value(service, certificate, other, [{"data": "stays"}])
    for data in ("first", "second", "second"):
        response = set_value(service, certificate, made, [{"data": data}])
        assert response.status == 200
        check_detail(service, certificate)
    shown = {each["uuid"]: each for each in response.json()}
    assert shown[made["uuid"]]["content"] == [{"data": "second"}]
    assert shown[other["uuid"]]["content"] == [{"data": "stays"}]
    response = call(service, "DELETE", value_path(certificate, made))
    assert response.status == 200
    assert made["uuid"] not in [each["uuid"] for each in response.json()]
    assert other["uuid"] in [each["uuid"] for each in response.json()]
    serial = service.value(
        f"SELECT HEX(serial) FROM certificate WHERE id = UNHEX('{certificate.replace('-', '')}')"
    )
    changes = [
        changes[made["name"]]
        for _, _, changes in audit(service, "custom_attribute.set", serial)
        if made["name"] in changes
    ]
    first, second = [{"data": "first"}], [{"data": "second"}]
    # What was written as it was is no change.
    assert changes == [{"after": first}, {"before": first, "after": second}, {"before": second}]


def check_detail(service, certificate):
    """The certificate's own answer, which shows its attributes, against the published contract."""
    path = f"/api/v1/certificates/{certificate}"
    contract.check_response("core-certificate", "GET", path, call(service, "GET", path))


def test_the_rules_of_a_definition_hold_for_values(service, certificate):
    single = make(service, resources=["certificates"])
    refused(set_value(service, certificate, single, [{"data": "a"}, {"data": "b"}]), "one value, not several")
    several = make(service, resources=["certificates"], multiSelect=True)
    assert set_value(service, certificate, several, [{"data": "a"}, {"data": "b"}]).status == 200
    refused(set_value(service, certificate, several, [{"data": "a"}] * 65), "more than 64 items")
    listed = make(
        service, resources=["certificates"], list=True, multiSelect=True, contentType="integer",
        content=[{"data": 1}, {"data": "2"}],
    )
    assert set_value(service, certificate, listed, [{"data": "1"}, {"data": 2}]).status == 200
    one_is_bad = set_value(service, certificate, listed, [{"data": 1}, {"data": 3}])
    refused(one_is_bad, "item 2 is not a value of its list")
    fixed = make(service, resources=["certificates"], readOnly=True, content=[{"data": "fixed"}])
    refused(set_value(service, certificate, fixed, [{"data": "loose"}]), "it is read only")
    assert set_value(service, certificate, fixed, [{"data": "fixed"}]).status == 200
    refused(call(service, "DELETE", value_path(certificate, fixed)), "it is read only")
    needed = make(service, resources=["certificates"], required=True)
    assert set_value(service, certificate, needed, [{"data": "x"}]).status == 200
    refused(set_value(service, certificate, needed, []), "it is required")
    refused(call(service, "DELETE", value_path(certificate, needed)), "it is required")
    assert set_value(service, certificate, single, []).status == 200


def ra_profile_path(service):
    (profile,) = call(service, "GET", "/api/v1/raProfiles").json()
    return f"/api/v1/authorities/{profile['authorityInstanceUuid']}/raProfiles/{profile['uuid']}"


def new_scep_profile_path(service, body):
    service.run("ra", "create", "--authority", "demo")
    ca = call(service, "GET", "/api/v1/scepProfiles/caCertificates?intuneEnabled=false").json()[0]
    body["caCertificateUuid"] = ca["uuid"]
    made = call(service, "POST", "/api/v1/scepProfiles", {"name": unique(), **body})
    assert made.status == 201, made
    return f"/api/v1/scepProfiles/{made.json()['uuid']}"


@pytest.mark.parametrize("resource", ["raProfiles", "scepProfiles"])
def test_a_form_without_it_keeps_what_is_read_only_and_a_blank_secret(service, resource):
    """An edit replaces the others: what is left out is gone."""
    fixed = make(service, resources=[resource], readOnly=True, content=[{"data": "fixed"}])
    secret = make(service, resources=[resource], contentType="secret")
    plain = make(service, resources=[resource])

    def value(attribute, *items):
        return {"uuid": attribute["uuid"], "name": attribute["name"], "content": list(items)}

    hidden = value(secret, {"data": {"secret": "hush"}})
    body = {"attributes": [], "customAttributes": [value(fixed, {"data": "fixed"}), hidden,
                                                   value(plain, {"data": "x"})]}  # fmt: skip
    if resource == "raProfiles":
        path = ra_profile_path(service)
        assert call(service, "PUT", path, body).status in (200, 204)
    else:
        path = new_scep_profile_path(service, body)
    table = "ra_profile" if resource == "raProfiles" else "scep_profile"
    query = f"SELECT custom_attributes FROM {table} WHERE custom_attributes LIKE '%{secret['uuid']}%'"
    (sealed,) = [e["content"] for e in json.loads(service.value(query)) if e["uuid"] == secret["uuid"]]
    assert "hush" not in str(sealed)
    body["customAttributes"] = [value(secret, {})]
    assert call(service, "PUT", path, body).status in (200, 204)
    kept = {e["uuid"]: e["content"] for e in json.loads(service.value(query))}
    assert kept == {fixed["uuid"]: [{"data": "fixed"}], secret["uuid"]: sealed}
    body["customAttributes"] = [value(fixed, {"data": "loose"})]
    refused(call(service, "PUT", path, body), "it is read only")
    body["customAttributes"] = []
    assert call(service, "PUT", path, body).status in (200, 204)
    assert secret["uuid"] not in service.value(f"SELECT GROUP_CONCAT(custom_attributes) FROM {table}")


def test_all_values_of_an_object_are_limited_together(service, certificate):
    several = [make(service, contentType="text", resources=["certificates"]) for _ in range(6)]
    answers = [set_value(service, certificate, each, [{"data": "x" * 60000}]) for each in several]
    assert [answer.status for answer in answers[:3]] == [200] * 3
    refused(answers[-1], "The custom attributes have more than 262144 octets")
    for each in several:
        call(service, "DELETE", value_path(certificate, each))


def test_who_is_not_there_is_named(service, certificate):
    made = make(service, resources=["certificates"])
    content = [{"data": "x"}]
    nobody = str(uuid.uuid4())
    types = {"certificates": "Certificate", "raProfiles": "RaProfile", "scepProfiles": "ScepProfile"}
    bound = make(service, resources=list(types))
    for resource, name in types.items():
        for method, body in (("PATCH", content), ("DELETE", None)):
            response = call(service, method, value_path(nobody, bound, resource), body)
            refused(response, f"Object of type '{name}' identified by {nobody} is not found.", 404)
    # Not of this resource, disabled, and nobody's.
    other = make(service, resources=["raProfiles"])
    call(service, "PATCH", f"{BASE}/{made['uuid']}/disable")
    for each in (other, made, {"uuid": nobody}):
        text = f"Object of type 'AttributeDefinition' identified by {each['uuid']} is not found."
        refused(set_value(service, certificate, each, content), text, 404)
    refused(
        call(service, "PATCH", value_path(certificate, made, "users"), content),
        "Unsupported Resources for Custom Attribute binding: users",
    )
    refused(call(service, "PATCH", value_path("x", made), content), "Invalid UUID x in the request")


def test_an_ra_profile_has_values(service):
    def shown(answer):
        assert answer.status == 200, answer
        return {each["uuid"]: each["content"] for each in answer.json()}

    profile = str(uuid.UUID(service.value("SELECT HEX(id) FROM ra_profile WHERE name = 'default'")))
    made = make(service, resources=["raProfiles"])
    response = call(service, "PATCH", value_path(profile, made, "raProfiles"), [{"data": "x"}])
    assert shown(response)[made["uuid"]] == [{"data": "x"}]
    assert len(audit(service, "custom_attribute.set", "default")) == 1
    assert made["uuid"] not in shown(call(service, "DELETE", value_path(profile, made, "raProfiles")))


def test_parallel_changes_of_one_object_lose_no_value(service, certificate):
    made = [make(service, resources=["certificates"]) for _ in range(8)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda each: set_value(service, certificate, each, [{"data": each["name"]}]), made)
        )
    assert {answer.status for answer in answers} <= {200, 503}
    kept = {entry["uuid"]: entry["content"] for entry in stored(service, certificate)}
    for each, answer in zip(made, answers):
        assert (kept.get(each["uuid"]) == [{"data": each["name"]}]) is (answer.status == 200)
        call(service, "DELETE", value_path(certificate, each))


def test_values_of_a_definition_that_goes_are_shown_no_more(service, certificate):
    made, other = make(service, resources=["certificates"]), make(service, resources=["certificates"])
    set_value(service, certificate, made, [{"data": "kept"}])

    def shown():
        answer = set_value(service, certificate, other, [{"data": uuid.uuid4().hex}])
        return made["uuid"] in [each["uuid"] for each in answer.json()]

    assert shown()
    call(service, "PATCH", f"{BASE}/{made['uuid']}/disable")
    assert not shown()
    call(service, "PATCH", f"{BASE}/{made['uuid']}/enable")
    assert shown()
    call(service, "DELETE", f"{BASE}/{made['uuid']}")
    assert not shown()
    assert made["uuid"] in [entry["uuid"] for entry in stored(service, certificate)]
    # A namesake is another attribute.
    make(service, name=made["name"], resources=["certificates"])
    assert not shown()


# secrets


def test_a_secret_is_sealed_and_shown_nowhere(service, certificate):
    made = make(service, contentType="secret", resources=["certificates"])
    secret = "secret-" + uuid.uuid4().hex
    response = set_value(service, certificate, made, [{"reference": "r", "data": {"secret": secret}}])
    assert response.status == 200, response
    (shown,) = [each for each in response.json() if each["uuid"] == made["uuid"]]
    assert shown["content"] == [{"reference": "r"}]
    (entry,) = [each for each in stored(service, certificate) if each["uuid"] == made["uuid"]]
    assert set(entry["content"][0]) == {"reference", "sealed"}
    sealed = base64.b64decode(entry["content"][0]["sealed"])
    assert len(sealed) > len(secret)
    everything = json.dumps(service.sql("SELECT detail, changes FROM audit"))
    everything += service.log() + json.dumps(stored(service, certificate)) + response.body.decode()
    assert secret not in everything
    assert encoded(secret.encode()) not in everything
    serial = service.value(
        f"SELECT HEX(serial) FROM certificate WHERE id = UNHEX('{certificate.replace('-', '')}')"
    )
    assert audit(service, "custom_attribute.set", serial)[-1][2] == {made["name"]: {"after": "changed"}}

    # A form that sends back what it was shown keeps it; one with nothing to keep is refused.
    set_value(service, certificate, made, [{"reference": "new"}])
    (entry,) = [each for each in stored(service, certificate) if each["uuid"] == made["uuid"]]
    assert entry["content"] == [{"reference": "new", "sealed": encoded(sealed)}]
    other = make(service, contentType="secret", resources=["certificates"])
    refused(set_value(service, certificate, other, [{"reference": "new"}]), "has no data")
    # What was stored by hand is not taken for sealed.
    refused(set_value(service, certificate, other, [{"sealed": encoded(sealed)}]), "has no data")


def test_without_a_keyring_a_secret_is_refused_and_the_rest_works(new_service):
    service = new_service({"Keys": {"KeyringFile": None}, **SETTINGS})
    service.make()
    service.start()
    assert service.post_csr(csr.make(unique("device"))).status == 200
    certificate = str(uuid.UUID(service.value("SELECT HEX(id) FROM certificate")))
    made = make(service, contentType="secret", resources=["certificates"])
    refused(
        set_value(service, certificate, made, [{"data": {"secret": "x"}}]),
        f"Custom attribute {made['name']}: secrets cannot be stored: [Keys] KeyringFile is not set",
    )
    assert stored(service, certificate) == []
    plain = make(service, resources=["certificates"])
    assert set_value(service, certificate, plain, [{"data": "x"}]).status == 200


# who may


def test_values_need_the_right_to_change_the_object(service, certificate):
    made = make(service, resources=["certificates"])
    path, content = value_path(certificate, made), [{"data": "x"}]
    missing = "Access Denied. Required 'Update' permission for 'Certificates'"
    for method, body in (("PATCH", content), ("DELETE", None)):
        refused(call(service, method, path, body, roles=["May.Attributes"]), missing, 403)
        refused(
            call(service, method, path, body, roles=["May.Certificates"]),
            "Access Denied. Required 'Detail' permission for 'Attributes'",
            403,
        )
        assert call(service, method, path, body, roles=["May.Attributes", "May.Certificates"]).status == 200


def test_a_long_name_is_cut_between_characters(service, certificate):
    made = make(service, name=unique().ljust(128, "\u20ac"), resources=["certificates"])
    response = set_value(service, certificate, made, [{"data": 1}])
    assert response.status == 422
    assert response.json()[0].startswith(f"Custom attribute {made['name'][:30]}")
    assert "\ufffd" not in response.json()[0]


def test_all_definitions_together_fit_an_answer(new_service):
    """Whoever may define attributes must not make them unreadable, nor each profile slow to write."""
    made = new_service({"Server": {"MaxBodyBytes": "262144"}}).make().start()
    big = {"contentType": "text", "list": True, "multiSelect": True, "resources": ["raProfiles"]}
    content = [{"data": f"{i}" + "x" * 60000} for i in range(4)]
    small = make(made, **big, content=content[:1])
    last = None
    while (answer := call(made, "POST", BASE, form(**big, content=content))).status == 201:
        last = answer.json()
    refused(answer, "The contents of all custom attributes have more than 4194304 octets together")
    answer = call(made, "GET", f"{BASE}/resources/raProfiles")
    assert answer.status == 200 and len(answer.json()) == 18
    # neither by a change; what gets smaller or stays is taken, and room that was made is used
    path = f"{BASE}/{small['uuid']}"
    refused(call(made, "PUT", path, {**form(**big), "content": content}), "octets together")
    assert one(made, small).json()["content"] == content[:1]
    assert call(made, "PUT", path, {**form(**big), "content": content[:1], "label": "other"}).status == 200
    assert call(made, "DELETE", f"{BASE}/{last['uuid']}").status == 204
    assert call(made, "PUT", path, {**form(**big), "content": content}).status == 200
