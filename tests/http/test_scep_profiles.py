"""The SCEP profile API: each operation, its success and each of its errors with its literal text."""

import json
import re

import pytest

from harness import csr
from harness.api import UNKNOWN
from harness.scep_profiles import new_name, sql_id, sql_text

BASE = "https://pki.example.com"
EMPTY_NAME = "Name cannot be empty"
BAD_NAME = (
    "Name can contain only unreserved URI characters (alphanumeric, hyphen, period, underscore, and tilde)"
)
TAKEN = "SCEP Profile with same name already exists"
NO_CA = "CA Certificate cannot be empty"
BAD_CA = "CA Certificate is not acceptable as SCEP CA certificate for this profile"
BAD_INTUNE = "Invalid Intune configuration. Missing Intune tenant and/or intune app identification"
INTUNE = {"enableIntune": True, "intuneTenant": "t", "intuneApplicationId": "i", "intuneApplicationKey": "k"}
SETTINGS = {
    "Admin": {"Roles": "Maker=scepProfiles:*, Maker=certificates:detail"},
    "DbCSRValidation": {"RaProfile": "default"},
}
UUID_TEXT = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def ra_profile(bench):
    return bench.make_ra_profile("clients")


def missing(kind, which):
    return f"Object of type '{kind}' identified by {which} is not found."


def invalid(bench, text, method, path, body=None):
    """422 is a bare array of texts."""
    response = bench.client.send(method, path, body)
    assert response.status == 422, response
    assert response.headers["content-type"].startswith("application/json")
    assert response.json() == [text], response


def refused(bench, status, text, method, path, body=None):
    response = bench.client.send(method, path, body)
    assert response.status == status, response
    assert response.json() == {"message": text}, response


def count(bench):
    return bench.service.value("SELECT COUNT(*) FROM scep_profile")


# creating and showing


def test_a_created_profile_is_answered_whole_and_found_under_its_location(bench, ra_profile):
    wanted = bench.wanted(
        description="all of it",
        raProfileUuid=ra_profile,
        renewalThreshold=30,
        includeCaCertificate=True,
        includeCaCertificateChain=True,
        challengePassword="let me in",
        **INTUNE,
    )
    response = bench.client.send("POST", "", wanted)
    assert response.status == 201, response
    made = response.json()
    name = wanted["name"]
    assert UUID_TEXT.fullmatch(made["uuid"])
    assert response.headers["location"] == f"{BASE}/api/v1/scepProfiles/{made['uuid']}"
    certificate = made.pop("caCertificate")
    authority = bench.id_where("authority", "name = 'demo'")
    assert made == {
        "uuid": made["uuid"],
        "name": name,
        "enabled": False,
        "description": "all of it",
        "raProfile": {
            "uuid": ra_profile,
            "name": "clients",
            "enabled": True,
            "authorityInstanceUuid": authority,
        },
        "scepUrl": f"{BASE}/api/v1/protocols/scep/{name}/pkiclient.exe",
        "includeCaCertificate": True,
        "includeCaCertificateChain": True,
        "renewThreshold": 30,
        "enableIntune": True,
        "enableChallengePassword": True,
        "intuneTenant": "t",
        "intuneApplicationId": "i",
        "issueCertificateAttributes": [],
        "customAttributes": [],
    }
    assert certificate["uuid"] == bench.ca
    assert certificate["trustedCa"] in (True, False)
    assert certificate["publicKeyAlgorithm"] == "RSA" and certificate["state"] == "issued"
    assert bench.client.detail(made) == {**made, "caCertificate": certificate}


def test_the_smallest_profile_has_no_member_without_a_value(bench):
    made = bench.make()
    assert set(made) == {
        "uuid", "name", "enabled", "includeCaCertificate", "includeCaCertificateChain", "enableIntune",
        "enableChallengePassword", "customAttributes", "caCertificate",
    }
    assert not any(made[name] for name in made if name.startswith(("enable", "include")))
    listed = [each for each in bench.client.all() if each["uuid"] == made["uuid"]]
    assert listed == [{k: v for k, v in made.items() if k not in ("customAttributes", "caCertificate")}]


def test_null_members_are_as_good_as_absent(bench):
    names = (
        "description", "raProfileUuid", "issueCertificateAttributes", "customAttributes",
        "renewalThreshold", "includeCaCertificate", "includeCaCertificateChain", "challengePassword",
        "enableChallengePassword", "enableIntune", "intuneTenant", "intuneApplicationId",
        "intuneApplicationKey",
    )
    made = bench.make(**{name: None for name in names})
    assert "description" not in made and "raProfile" not in made and "renewThreshold" not in made
    assert made["enableIntune"] is False and made["enableChallengePassword"] is False


def test_the_list_has_all_by_name_over_its_pages(bench):
    prefix = new_name("page")
    row = (
        "(UNHEX(MD5('{name}')), '{name}', TRUE, 1, {ca}, FALSE, FALSE, FALSE, '[]', '[]', UTC_TIMESTAMP())"
    )
    rows = [row.format(name=f"{prefix}-{i:03}", ca=sql_id(bench.ca)) for i in range(230)]
    bench.service.sql(
        "INSERT INTO scep_profile (id, name, enabled, revision, ca_certificate_id,"
        " include_ca_certificate, include_ca_chain, enable_intune, issue_attributes,"
        f" custom_attributes, created_at) VALUES {','.join(rows)}"
    )
    names = [each["name"] for each in bench.client.all()]
    assert len(names) == len(set(names)) == int(count(bench))
    assert [n for n in names if n.startswith(prefix)] == [f"{prefix}-{i:03}" for i in range(230)]
    bench.service.sql(f"DELETE FROM scep_profile WHERE name LIKE '{prefix}%'")


def test_the_url_stands_there_with_a_default_ra_profile_alone(bench, ra_profile):
    made = bench.make()
    assert "scepUrl" not in made
    bench.client.set_ra_profile(made, ra_profile)
    url = f"{BASE}/api/v1/protocols/scep/{made['name']}/pkiclient.exe"
    assert bench.client.detail(made)["scepUrl"] == url
    listed = {each["uuid"]: each for each in bench.client.all()}[made["uuid"]]
    assert listed["scepUrl"] == url and listed["raProfile"]["uuid"] == ra_profile


def test_the_host_header_is_in_no_url(bench, ra_profile):
    body = bench.wanted(raProfileUuid=ra_profile)
    headers = {**bench.client.headers, "Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    response = bench.client.send("POST", "", body, headers=headers)
    assert response.status == 201
    assert b"evil" not in response.body and "evil" not in response.headers["location"]


@pytest.mark.parametrize("name", ["a", "A-Za.z_0~9", "enable", "x" * 255, "...", "-"])
def test_names_of_unreserved_characters_are_taken(bench, name):
    made = bench.make(name=name)
    assert bench.client.detail(made)["name"] == name
    bench.client.delete(made)


@pytest.mark.parametrize(
    "name,text",
    [
        (..., EMPTY_NAME),
        (None, EMPTY_NAME),
        ("", EMPTY_NAME),
        ("a b", BAD_NAME),
        ("a/b", BAD_NAME),
        ("a%20b", BAD_NAME),
        ("ä", BAD_NAME),
        ("a\n", BAD_NAME),
        ("a ", BAD_NAME),
        ("x' OR '1'='1", BAD_NAME),
        ("x" * 300 + "?", BAD_NAME),
        ("x" * 256, "name has 256 characters, which is more than the 255 that it may have"),
        (".", 'Name cannot be "." or "..", which no URL can hold as a segment'),
        ("..", 'Name cannot be "." or "..", which no URL can hold as a segment'),
    ],
)
def test_other_names_are_refused(bench, name, text):
    invalid(bench, text, "POST", "", bench.wanted(name=name))


def test_a_name_is_one_exact_text(bench):
    made = bench.make(name=new_name("Case"))
    refused(bench, 400, TAKEN, "POST", "", bench.wanted(name=made["name"]))
    other = bench.make(name=made["name"].upper())
    assert other["uuid"] != made["uuid"]


def test_a_deleted_name_is_free_again(bench):
    made = bench.make()
    bench.client.delete(made)
    again = bench.make(name=made["name"])
    assert again["uuid"] != made["uuid"]


# the CA certificate


def test_the_ca_certificate_must_be_there_exist_and_fit(bench):
    for body in (bench.wanted(caCertificateUuid=...), bench.wanted(caCertificateUuid=None)):
        invalid(bench, NO_CA, "POST", "", body)
    invalid(bench, NO_CA, "POST", "", bench.wanted(caCertificateUuid=""))
    invalid(
        bench, "Invalid UUID nonsense in the request", "POST", "", bench.wanted(caCertificateUuid="nonsense")
    )
    refused(
        bench, 404, missing("Certificate", UNKNOWN), "POST", "", bench.wanted(caCertificateUuid=UNKNOWN)
    )
    assert bench.service.post_csr(csr.make("leaf", csr.dns("leaf.example.com"))).status == 200
    leaf = bench.id_where("certificate", "type = 'Static' ORDER BY id DESC LIMIT 1")
    invalid(bench, BAD_CA, "POST", "", bench.wanted(caCertificateUuid=leaf))
    generation = bench.id_where("authority_generation", "label = 'demo-1'")
    invalid(bench, BAD_CA, "POST", "", bench.wanted(caCertificateUuid=generation))


def test_an_upper_case_uuid_is_the_same(bench):
    made = bench.make(caCertificateUuid=bench.ca.upper())
    assert made["caCertificate"]["uuid"] == bench.ca
    assert bench.client.detail(made["uuid"].upper())["uuid"] == made["uuid"]


def test_a_revoked_ra_certificate_fits_no_more_and_is_still_shown(bench):
    ca = bench.make_ra_certificate()
    made = bench.make(caCertificateUuid=ca)
    assert ca in [each["uuid"] for each in bench.client.ca_certificates(False)]
    bench.service.run("cert", "revoke", ca)
    assert ca not in [each["uuid"] for each in bench.client.ca_certificates(False)]
    invalid(bench, BAD_CA, "POST", "", bench.wanted(caCertificateUuid=ca))
    invalid(bench, BAD_CA, "PUT", f"/{made['uuid']}", {"caCertificateUuid": ca})
    assert bench.client.detail(made)["caCertificate"]["state"] == "revoked"


def test_an_answer_to_put_has_the_new_ca_certificate(bench):
    made = bench.make()
    other = bench.make_ra_certificate()
    changed = bench.client.edit(made, {"caCertificateUuid": other})
    assert changed["caCertificate"]["uuid"] == other
    assert bench.client.detail(made) == changed


def test_an_elliptic_ca_key_fits_with_intune_off_alone(bench):
    bench.service.ca_init("direct", "p256", "--scep-direct")
    direct = bench.id_where("authority_generation", "label = 'direct-1'")
    listed = {intune: [c["uuid"] for c in bench.client.ca_certificates(intune)] for intune in (True, False)}
    assert bench.ca in listed[True] and bench.ca in listed[False]
    assert direct in listed[False] and direct not in listed[True]
    made = bench.make(caCertificateUuid=direct)
    assert made["caCertificate"]["uuid"] == direct
    assert made["caCertificate"]["publicKeyAlgorithm"] == "ECDSA"
    invalid(bench, BAD_CA, "POST", "", bench.wanted(caCertificateUuid=direct, **INTUNE))
    invalid(bench, BAD_CA, "PUT", f"/{made['uuid']}", {"caCertificateUuid": direct, **INTUNE})
    assert not any(c["uuid"] == bench.id_where("authority_generation", "label = 'demo-1'")
                   for c in bench.client.ca_certificates(False))


@pytest.mark.parametrize("value", ["true", "false", "TRUE", "False", "1", "0", "yes", "no", "on", "off"])
def test_the_words_for_a_boolean_in_the_query(bench, value):
    assert bench.client.ask(200, "GET", f"/caCertificates?intuneEnabled={value}")


@pytest.mark.parametrize(
    "query", ["", "?", "?intuneEnabled", "?intuneEnabled=", "?intuneEnabled=maybe", "?intuneenabled=true",
              "?intuneEnabled=truee", "?intuneEnabled=2", "?intuneEnabled=true&intuneEnabled=false"],
)
def test_without_a_boolean_the_list_of_ca_certificates_is_a_400(bench, query):
    response = bench.client.send("GET", f"/caCertificates{query}")
    assert response.status == 400, response
    assert list(response.json()) == ["message"] and "intuneEnabled" in response.json()["message"]


# RA profile and issue attributes


def attribute(name, *values, **more):
    return {"name": name, "content": [{"data": value} for value in values], **more}


def narrowed(days):
    return [attribute("ValidityDays", days, contentType="integer")]


def shown(profile):
    return {
        each["name"]: [item["data"] for item in each["content"]]
        for each in profile["issueCertificateAttributes"]
    }


def test_without_an_ra_profile_issue_attributes_are_passed_over(bench):
    for nothing in (None, ""):
        made = bench.make(raProfileUuid=nothing, issueCertificateAttributes=narrowed(99999999))
        assert "issueCertificateAttributes" not in made and "raProfile" not in made
        assert bench.row(made, "issue_attributes") == ("[]",)


def test_an_ra_profile_must_exist(bench, ra_profile):
    refused(
        bench, 404, missing("RaProfile", UNKNOWN), "POST", "", bench.wanted(raProfileUuid=UNKNOWN)
    )
    invalid(bench, "Invalid UUID x in the request", "POST", "", bench.wanted(raProfileUuid="x"))
    made = bench.make(raProfileUuid=ra_profile)
    path = f"/{made['uuid']}"
    refused(
        bench, 404, missing("RaProfile", UNKNOWN), "PUT", path,
        {"caCertificateUuid": bench.ca, "raProfileUuid": UNKNOWN},
    )
    invalid(
        bench, "Invalid UUID  in the request", "PUT", path,
        {"caCertificateUuid": bench.ca, "raProfileUuid": ""},
    )
    refused(bench, 404, missing("RaProfile", UNKNOWN), "PATCH", f"{path}/raProfiles/{UNKNOWN}")
    assert bench.client.detail(made) == made


def test_an_archived_ra_profile_is_gone(bench):
    archived = bench.make_ra_profile()
    made = bench.make(raProfileUuid=archived)
    bench.service.sql(f"UPDATE ra_profile SET archived = TRUE WHERE id = {sql_id(archived)}")
    for method, path, body in (
        ("POST", "", bench.wanted(raProfileUuid=archived)),
        ("PUT", f"/{made['uuid']}", {"caCertificateUuid": bench.ca, "raProfileUuid": archived}),
        ("PATCH", f"/{made['uuid']}/raProfiles/{archived}", None),
    ):
        refused(bench, 404, missing("RaProfile", archived), method, path, body)
    detail = bench.client.detail(made)
    assert "raProfile" not in detail and "scepUrl" not in detail
    assert "issueCertificateAttributes" not in detail


def test_issue_attributes_narrow_and_never_widen(bench):
    ra_profile = bench.make_ra_profile(None, "ValidityDays=100")
    made = bench.make(raProfileUuid=ra_profile, issueCertificateAttributes=narrowed(30))
    assert shown(made) == {"ValidityDays": [30]}
    before = count(bench)
    response = bench.client.send(
        "POST", "", bench.wanted(raProfileUuid=ra_profile, issueCertificateAttributes=narrowed(101))
    )
    assert response.status == 422 and "ValidityDays" in response.json()[0], response
    assert count(bench) == before
    near = bench.make(raProfileUuid=ra_profile, issueCertificateAttributes=narrowed(100))
    assert shown(near) == {"ValidityDays": [100]}


def test_put_replaces_issue_attributes_and_the_default_alone_keeps_them(bench, ra_profile):
    made = bench.make(raProfileUuid=ra_profile, issueCertificateAttributes=narrowed(30))
    other = bench.make_ra_profile()
    bench.client.set_ra_profile(made, other)
    detail = bench.client.detail(made)
    assert detail["raProfile"]["uuid"] == other and shown(detail) == {"ValidityDays": [30]}
    edit = {"caCertificateUuid": bench.ca, "raProfileUuid": other}
    assert shown(bench.client.edit(made, edit)) == {}
    again = bench.client.edit(made, {**edit, "issueCertificateAttributes": narrowed(7)})
    assert shown(again) == {"ValidityDays": [7]}
    gone = bench.client.edit(made, {"caCertificateUuid": bench.ca})
    assert "raProfile" not in gone and "scepUrl" not in gone
    assert bench.row(made, "issue_attributes, ra_profile_id") == ("[]", "NULL")


# custom attributes


def test_custom_attributes_are_checked_kept_and_replaced(bench):
    bench.define_attribute("Cost center")
    values = [attribute("Cost center", "42")]
    made = bench.make(customAttributes=values)
    (listed,) = made["customAttributes"]
    assert listed["name"] == "Cost center" and listed["label"] == "The Cost center"
    assert listed["type"] == "custom" and listed["contentType"] == "string"
    assert [item["data"] for item in listed["content"]] == ["42"]
    assert bench.client.detail(made)["customAttributes"] == made["customAttributes"]
    assert bench.client.edit(made, {"caCertificateUuid": bench.ca})["customAttributes"] == []
    unknown = bench.client.send("POST", "", bench.wanted(customAttributes=[attribute("Nothing", "1")]))
    assert unknown.status == 422 and "Nothing" in unknown.json()[0], unknown


def test_a_required_custom_attribute_that_is_missing_is_refused(bench):
    made = bench.make()
    definition = bench.define_attribute("Needed", required=True)
    try:
        for method, path, body in (
            ("POST", "", bench.wanted()),
            ("PUT", f"/{made['uuid']}", {"caCertificateUuid": bench.ca}),
        ):
            response = bench.client.send(method, path, body)
            assert response.status == 422 and "Needed" in response.json()[0], response
            body["customAttributes"] = [attribute("Needed", "x")]
            assert bench.client.send(method, path, body).status in (200, 201)
    finally:
        bench.service.sql(f"DELETE FROM custom_attribute WHERE id = {sql_id(definition)}")


@pytest.mark.parametrize("depth,status", [(27, 201), (28, 400)])
def test_what_is_nested_as_deeply_as_a_body_may_be_is_stored(bench, depth, status):
    """MariaDB takes 32 levels of JSON, and so does a body: 5 are around an attribute's value."""
    if bench.id_where("custom_attribute", "name = 'Anything'") is None:
        bench.define_attribute("Anything", "object")
    value = json.loads("{" + '"a":{' * (depth - 1) + "}" * depth)
    response = bench.client.send("POST", "", bench.wanted(customAttributes=[attribute("Anything", value)]))
    assert response.status == status, response
    if status == 201:
        (shown_attribute,) = bench.client.detail(response.json())["customAttributes"]
        assert shown_attribute["content"][0]["data"] == value


# the order of checks


def create_ladder(bench):
    """Each step mends what the one before was refused for."""
    taken = bench.make()["name"]
    bad = {
        "name": "",
        "caCertificateUuid": "",
        "enableIntune": True,
        "description": "x" * 1025,
        "customAttributes": [attribute("Unheard of", "1")],
        "raProfileUuid": UNKNOWN,
    }
    return [
        (bad, 422, EMPTY_NAME),
        ({"name": "a b"}, 422, BAD_NAME),
        ({"name": taken}, 400, TAKEN),
        ({"name": new_name()}, 422, NO_CA),
        ({"caCertificateUuid": "x"}, 422, "Invalid UUID x in the request"),
        ({"caCertificateUuid": UNKNOWN}, 404, missing("Certificate", UNKNOWN)),
        ({"caCertificateUuid": bench.id_where("authority_generation", "label = 'demo-1'")}, 422, BAD_CA),
        ({"caCertificateUuid": bench.ca}, 422, BAD_INTUNE),
    ] + shared_ladder()


def shared_ladder():
    return [
        ({"intuneTenant": "", "intuneApplicationId": "", "intuneApplicationKey": ""}, 422,
         "description has 1025 characters, which is more than the 1024 that it may have"),
        ({"description": "x" * 1024}, 422, "Unheard of"),
        ({"customAttributes": []}, 404, missing("RaProfile", UNKNOWN)),
    ]


def climb(bench, method, path, ladder):
    body = {}
    for change, status, text in ladder:
        body.update(change)
        response = bench.client.send(method, path, body)
        assert response.status == status, (text, response)
        answer = response.json()
        assert text in (answer[0] if status == 422 else answer["message"]), answer
        if text.startswith(("Name", "CA ", "Object", "Invalid", "SCEP")):
            assert answer == ([text] if status == 422 else {"message": text})
    return body


def test_create_checks_in_czertainlys_order(bench, ra_profile):
    body = climb(bench, "POST", "", create_ladder(bench))
    wide = [attribute("ValidityDays", 10**6, contentType="integer")]
    body.update({"raProfileUuid": ra_profile, "issueCertificateAttributes": wide})
    assert bench.client.send("POST", "", body).status == 422
    assert bench.client.create({**body, "issueCertificateAttributes": []})["enableIntune"] is True


def test_edit_checks_in_the_same_order_and_looks_for_the_profile_last(bench, ra_profile):
    ladder = [
        ({"caCertificateUuid": "", "enableIntune": True, "description": "x" * 1025, "name": "",
          "customAttributes": [attribute("Unheard of", "1")], "raProfileUuid": UNKNOWN}, 422, NO_CA),
        ({"caCertificateUuid": "x"}, 422, "Invalid UUID x in the request"),
        ({"caCertificateUuid": UNKNOWN}, 404, missing("Certificate", UNKNOWN)),
        ({"caCertificateUuid": bench.id_where("authority_generation", "label = 'demo-1'")}, 422, BAD_CA),
        ({"caCertificateUuid": bench.ca}, 422, BAD_INTUNE),
    ] + shared_ladder() + [
        ({"raProfileUuid": ra_profile}, 404, missing("ScepProfile", UNKNOWN)),
    ]
    climb(bench, "PUT", f"/{UNKNOWN}", ladder)
    made = bench.make()
    body = climb(bench, "PUT", f"/{made['uuid']}", ladder[:-1])
    assert bench.client.detail(made) == made
    assert bench.client.edit(made, {**body, "raProfileUuid": ra_profile})["enableIntune"] is True


# editing


def test_put_overwrites_as_czertainly_does(bench, ra_profile):
    made = bench.make(
        description="old", raProfileUuid=ra_profile, renewalThreshold=30, includeCaCertificate=True,
        includeCaCertificateChain=True,
    )
    bench.client.enable(made)
    changed = bench.client.edit(made, {"caCertificateUuid": bench.ca, "name": "ignored name!"})
    assert changed["name"] == made["name"] and changed["enabled"] is True
    assert "description" not in changed and "raProfile" not in changed
    assert changed["renewThreshold"] == 30, "null keeps the threshold"
    assert changed["includeCaCertificate"] is False and changed["includeCaCertificateChain"] is False
    assert bench.client.detail(made) == changed


@pytest.mark.parametrize(
    "given,kept",
    [(45, 45), ("45", 45), (0, 0), ("0", 0), (-1, -1), (2**31 - 1, 2**31 - 1), (-(2**31), -(2**31))],
)
def test_thresholds_are_numbers_or_texts_of_32_bits(bench, given, kept):
    made = bench.make(renewalThreshold=given)
    assert made["renewThreshold"] == kept
    assert bench.client.edit(made, {"caCertificateUuid": bench.ca, "renewalThreshold": given}) == made
    assert bench.client.edit(made, {"caCertificateUuid": bench.ca, "renewalThreshold": None}) == made
    assert bench.client.edit(made, {"caCertificateUuid": bench.ca, "renewalThreshold": ""}) == made


@pytest.mark.parametrize(
    "members",
    [
        {"renewalThreshold": 2**31},
        {"renewalThreshold": -(2**31) - 1},
        {"renewalThreshold": "45 days"},
        {"renewalThreshold": True},
        {"renewalThreshold": [45]},
        {"description": {}},
        {"name": ["a"]},
        {"caCertificateUuid": {}},
        {"challengePassword": ["x"]},
        {"enableIntune": "perhaps"},
        {"includeCaCertificate": {}},
        {"customAttributes": {}},
        {"customAttributes": "x"},
        {"issueCertificateAttributes": {"a": 1}},
    ],
)
def test_members_of_another_type_are_unreadable(bench, members):
    body = bench.wanted(**members)
    for method, path in (("POST", ""), ("PUT", f"/{UNKNOWN}")):
        if method == "PUT" and "name" in members:
            continue
        response = bench.client.send(method, path, body)
        assert response.status == 400, response
        assert response.json()["message"] == "Unable to read HTTP message", response
    assert bench.id_where("scep_profile", f"name = {sql_text(str(body['name']))}") is None


def test_texts_up_to_their_limit_are_kept_and_beyond_named(bench):
    limits = {
        "description": 1024, "challengePassword": 255, "intuneTenant": 255, "intuneApplicationId": 255,
        "intuneApplicationKey": 255,
    }
    # four octets each in UTF-8, two units in UTF-16
    full = {name: "\U0001f511" * limit for name, limit in limits.items()}
    made = bench.make(**{**INTUNE, **full})
    for name in ("description", "intuneTenant", "intuneApplicationId"):
        assert made[name] == full[name]
    for name, limit in limits.items():
        text = f"{name} has {limit + 1} characters, which is more than the {limit} that it may have"
        invalid(bench, text, "POST", "", bench.wanted(**{**INTUNE, name: "ü" * (limit + 1)}))
        body = {"caCertificateUuid": bench.ca, **INTUNE, name: "ü" * (limit + 1)}
        invalid(bench, text, "PUT", f"/{made['uuid']}", body)
    assert bench.client.detail(made) == made


NASTY = [
    "Robert'); DROP TABLE scep_profile;--",
    'a"b\\c%_/`',
    "\\' OR 1=1 #",
    "%s%n{{7*7}}<script>alert(1)</script>",
    "Grüße, 世界, \U0001f980, e\u0301, \u202eabc, \ufeff",
    " spaces before and behind  ",
    "line\nbreak\ttab\r\nreturn \u0001 \u007f",
    "",
]


@pytest.mark.parametrize("text", NASTY)
def test_texts_are_stored_and_returned_as_they_are(bench, text):
    if bench.id_where("custom_attribute", "name = 'Note'") is None:
        bench.define_attribute("Note", "text")
    values = [attribute("Note", text or "x")]
    made = bench.make(
        description=text, enableIntune=True, intuneTenant=text, intuneApplicationId=text,
        intuneApplicationKey="k", customAttributes=values,
    )
    for profile in (made, bench.client.detail(made)):
        assert profile["description"] == profile["intuneTenant"] == profile["intuneApplicationId"] == text
        assert profile["customAttributes"][0]["content"][0]["data"] == (text or "x")
    assert bench.service.value(
        f"SELECT COUNT(*) FROM scep_profile WHERE BINARY description = {sql_text(text)}"
        f" AND BINARY intune_tenant = {sql_text(text)} AND id = {sql_id(made)}"
    ) == "1"
    changed = bench.client.edit(made, {"caCertificateUuid": bench.ca, "description": text[::-1]})
    assert changed["description"] == text[::-1]


# one profile that is not there


@pytest.mark.parametrize(
    "method,path,body",
    [
        ("GET", "/{id}", None),
        ("DELETE", "/{id}", None),
        ("PATCH", "/{id}/enable", None),
        ("PATCH", "/{id}/disable", None),
        ("PATCH", "/{id}/raProfiles/{ra}", None),
        ("PUT", "/{id}", {"caCertificateUuid": "{ca}"}),
    ],
)
def test_what_is_not_there_is_404_and_what_is_no_uuid_422(bench, ra_profile, method, path, body):
    def fill(text, which):
        return text.replace("{id}", which).replace("{ra}", ra_profile).replace("{ca}", bench.ca)

    body = json.loads(fill(json.dumps(body), ""))
    refused(bench, 404, missing("ScepProfile", UNKNOWN), method, fill(path, UNKNOWN), body)
    refused(bench, 404, missing("ScepProfile", UNKNOWN), method, fill(path, UNKNOWN.upper()), body)
    for text in ("1", UNKNOWN[:-1], UNKNOWN + "0", UNKNOWN.replace("-", ""), "{" + UNKNOWN + "}"):
        invalid(bench, f"Invalid UUID {text} in the request", method, fill(path, text), body)


def test_methods_that_do_not_exist_are_400(bench):
    for method, path in (
        ("DELETE", ""), ("PUT", ""), ("PATCH", ""), ("POST", f"/{UNKNOWN}"), ("PATCH", f"/{UNKNOWN}"),
        ("PUT", f"/{UNKNOWN}/enable"), ("POST", "/delete"), ("POST", "/caCertificates?intuneEnabled=true"),
    ):
        body = [] if path == "/delete" else None
        response = bench.client.send(method, path, body, as_published=False)
        assert response.status == 400 and list(response.json()) == ["message"], (method, path, response)


def test_bodies_that_are_no_json_object(bench):
    for body in (b"", b"{", b"[]", b"null", b'"text"', b'{"name":"a","name":"b"}', b'{"name":"\xff"}',
                 b'{"name":"a\\u0000"}'):
        for method, path in (("POST", ""), ("PUT", f"/{UNKNOWN}")):
            response = bench.client.send(method, path, body)
            assert response.status == 400, (body, response)
            assert response.json()["message"] == "Unable to read HTTP message"
    headers = {**bench.client.headers, "Content-Type": "text/plain"}
    response = bench.client.send("POST", "", bench.wanted(), headers=headers)
    assert response.status == 415, response


# enabling


def test_enabling_is_a_flag_and_idempotent(bench):
    made = bench.make()
    for _ in range(2):
        bench.client.enable(made)
        assert bench.client.detail(made)["enabled"] is True
    for _ in range(2):
        bench.client.disable(made)
        assert bench.client.detail(made)["enabled"] is False
    actions = [action for action, *_ in bench.audit(made["name"])]
    assert actions == ["scep_profile.create", "scep_profile.enable", "scep_profile.disable"]


def test_bulk_enabling_skips_what_is_not_there(bench):
    profiles = [bench.make() for _ in range(3)]
    bench.client.enable_all(profiles[0], UNKNOWN, profiles[1], profiles[1])
    assert [bench.client.detail(p)["enabled"] for p in profiles] == [True, True, False]
    bench.client.disable_all(UNKNOWN, *profiles)
    assert [bench.client.detail(p)["enabled"] for p in profiles] == [False] * 3
    bench.client.enable_all()
    bench.client.enable_all(UNKNOWN)


@pytest.mark.parametrize("path", ["/enable", "/disable", "/delete", "/delete/force"])
def test_one_malformed_uuid_fails_the_whole_bulk_call(bench, path):
    made = bench.make()
    if path == "/disable":
        bench.client.enable(made)
    before = bench.client.detail(made)
    method = "DELETE" if "delete" in path else "PATCH"
    body = [made["uuid"], "nonsense"]
    invalid(bench, "Invalid UUID nonsense in the request", method, path, body)
    assert bench.client.detail(made) == before
    for wrong in ({}, [1], [None], [[]], "x"):
        response = bench.client.send(method, path, json.dumps(wrong).encode())
        assert response.status == 400, (wrong, response)
        assert response.json()["message"] == "Unable to read HTTP message"
    assert bench.client.detail(made) == before


# deleting


def test_deleting_takes_the_row(bench, ra_profile):
    made = bench.make(raProfileUuid=ra_profile)
    bench.client.delete(made)
    assert bench.row(made) is None
    refused(bench, 404, missing("ScepProfile", made["uuid"]), "DELETE", f"/{made['uuid']}")


def test_an_activated_profile_is_kept_until_it_is_deleted_by_force(bench):
    made = bench.make()
    names = sorted(new_name("ra") for _ in range(3))
    for name in reversed(names):
        bench.activate(bench.make_ra_profile(name), made)
    text = f"Dependent SCEP Profiles (3): {','.join(names)}"
    invalid(bench, text, "DELETE", f"/{made['uuid']}")
    messages = bench.client.delete_all(made, UNKNOWN)
    assert messages == [
        {"uuid": made["uuid"], "name": made["name"], "message": text},
        {"uuid": UNKNOWN, "name": "", "message": missing("ScepProfile", UNKNOWN)},
    ]
    assert bench.client.detail(made) == made and bench.is_active(made)
    assert bench.client.force_delete(made) == []
    assert bench.row(made) is None and not bench.is_active(made)
    for name in names:
        assert bench.id_where("ra_profile", f"name = '{name}'"), "the RA profiles stay"
    changes = bench.audit(made["name"])[-1][3]
    assert changes["raProfiles"] == {"before": names}


def test_a_default_ra_profile_alone_keeps_nothing_from_being_deleted(bench, ra_profile):
    made = bench.make(raProfileUuid=ra_profile)
    assert bench.client.delete_all(made) == []


def test_bulk_deleting_reports_failures_alone(bench):
    profiles = [bench.make() for _ in range(3)]
    bench.activate(bench.make_ra_profile(), profiles[1])
    messages = bench.client.delete_all(*profiles, profiles[0])
    assert [m["uuid"] for m in messages] == [profiles[1]["uuid"], profiles[0]["uuid"]]
    assert [bench.row(p) is None for p in profiles] == [True, False, True]
    assert bench.client.delete_all() == []
    assert bench.client.force_delete(profiles[1]["uuid"].upper(), UNKNOWN) == [
        {"uuid": UNKNOWN, "name": "", "message": missing("ScepProfile", UNKNOWN)}
    ]


# permissions beyond the route's own


def test_naming_an_ra_profile_needs_its_detail(bench, ra_profile):
    headers = bench.service.double.bearer(roles=["Maker"])
    plain = bench.client.send("POST", "", bench.wanted(), headers=headers)
    assert plain.status == 201
    path = f"/{plain.json()['uuid']}"
    edit = {"caCertificateUuid": bench.ca, "raProfileUuid": ra_profile}
    for method, where, body in (
        ("POST", "", bench.wanted(raProfileUuid=ra_profile)),
        ("PUT", path, edit),
        ("PATCH", f"{path}/raProfiles/{ra_profile}", None),
    ):
        response = bench.client.send(method, where, body, headers=headers)
        assert response.status == 403, response
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json() == {
            "statusCode": 403,
            "code": "ACCESS_DENIED",
            "message": "Access Denied. Required 'Detail' permission for 'Ra Profiles'",
        }
    assert "raProfile" not in bench.client.detail(plain.json())
    assert bench.client.edit(plain.json(), edit)["raProfile"]["uuid"] == ra_profile
