"""RA profiles and authorities by the management API, against the published description."""

import concurrent.futures
import json
import uuid

import pytest
from harness import csr, process
from harness.api import Client, refusal

SETTINGS = {"Server": {"Workers": "4"}}
ISSUE_ATTRIBUTES = [
    "ValidityDays", "KeyTypes", "MinRsaBits", "MaxRsaBits", "KeyUsages", "AllowedEkus", "SanTypes", "MaxSans",
]


class Api(Client):
    """The management API of a service, as a caller with these roles uses it."""

    PUBLISHED = "ra-profile"

    def ok(self, method, path, body=None, status=200, **options):
        answer = self.send(method, path, body, **options)
        assert answer.status == status, answer
        return answer.json() if answer.body else None

    def refused(self, status, method, path, body=None, **options):
        """The text of a refusal."""
        return refusal(self.send(method, path, body, **options), status)


@pytest.fixture(scope="module")
def api(service):
    return Api(service)


@pytest.fixture(scope="module")
def authority(api):
    (found,) = api.ok("GET", "/api/v1/authorities", name=None)
    return found["uuid"]


def below(authority, profile, rest=""):
    return f"/api/v1/authorities/{authority}/raProfiles/{profile}{rest}"


def attribute(name, *values):
    return {"name": name, "contentType": "string", "content": [{"data": value} for value in values]}


class Names:
    count = 0


def fresh_name(prefix="made"):
    Names.count += 1
    return f"{prefix}-{Names.count}"


def make(api, authority, name=None, *attributes, **members):
    body = {"name": name or fresh_name(), "attributes": list(attributes), **members}
    made = api.ok("POST", f"/api/v1/authorities/{authority}/raProfiles", body, 201)
    assert list(made) == ["uuid"]
    return made["uuid"]


def default_profile(api):
    (found,) = [p for p in api.ok("GET", "/api/v1/raProfiles") if p["name"] == "default"]
    return found


def values(attributes):
    return {a["name"]: [item["data"] for item in a["content"]] for a in attributes}


def audited(service, action, name):
    rows = service.sql(
        f"SELECT actor, remote_address, changes FROM audit WHERE action = '{action}'"
        f" AND object_name = '{name}' ORDER BY id"
    )
    return [(actor, address, json.loads(changes)) for actor, address, changes in rows]


def make_scep(service, name):
    """A SCEP profile as a bare row."""
    made = uuid.uuid4()
    service.sql(
        "INSERT INTO scep_profile (id, name, enabled, revision, ca_certificate_id,"
        " include_ca_certificate, include_ca_chain, enable_intune, issue_attributes,"
        f" custom_attributes, created_at) VALUES (UNHEX('{made.hex}'), '{name}', 0, 1,"
        " UNHEX('00000000000000000000000000000000'), 0, 0, 0, '[]', '[]', UTC_TIMESTAMP())"
    )
    return str(made)


# authorities


def test_authorities_are_listed_and_shown(api, authority):
    (found,) = api.ok("GET", "/api/v1/authorities", name=None)
    assert found == api.ok("GET", f"/api/v1/authorities/{authority}", name=None)
    assert found["name"] == "demo" and found["status"] == "connected"
    assert found["attributes"] == [] and found["kind"] == found["connectorName"] == "certwright"
    assert uuid.UUID(found["connectorUuid"])
    other = uuid.uuid4()
    text = api.refused(404, "GET", f"/api/v1/authorities/{other}", name=None)
    assert text == f"Object of type 'AuthorityInstanceReference' identified by {other} is not found."
    assert "Invalid UUID x" in api.refused(422, "GET", "/api/v1/authorities/x", name=None)


def test_the_ca_certificates_of_a_profile_are_those_that_issue(service, api, authority):
    found = api.ok("GET", below(authority, default_profile(api)["uuid"], "/caCertificates"))
    assert [one["commonName"] for one in found] == ["Test CA demo"]
    assert found[0]["trustedCa"] is True and found[0]["subjectType"] == "rootCa"
    pem = "".join(service.ca_pem().strip().splitlines()[1:-1])
    assert found[0]["certificateContent"] == pem


# listing and showing


def test_profiles_are_listed_and_shown(api, authority):
    profile = default_profile(api)
    assert profile["authorityInstanceUuid"] == authority
    assert profile["authorityInstanceName"] == "demo"
    assert profile["enabled"] is True and profile["enabledProtocols"] == []
    assert profile["customAttributes"] == [] and "description" not in profile
    rules = values(profile["attributes"])
    assert rules["ValidityDays"] == [730] and rules["KeyTypes"] == ["rsa", "p256", "p384", "ed25519"]
    assert rules["AddCdp"] == [False] and rules["DefaultEkus"] == []
    assert sorted(rules["enrollers"]) == ["role:CSR.Request.Db", "role:CSR.SelfService"]
    assert "Enabled" not in rules and "Description" not in rules
    assert api.ok("GET", f"/api/v1/raProfiles/{profile['uuid']}") == profile
    assert api.ok("GET", below(authority, profile["uuid"])) == profile


def test_the_list_can_be_of_the_enabled_ones_or_the_others(api, authority):
    off = make(api, authority)
    on = make(api, authority, enabled=True)

    def listed(query):
        return {p["uuid"] for p in api.ok("GET", "/api/v1/raProfiles" + query)}

    assert {on, off} <= listed("") and {on, off} <= listed("?enabled=")
    assert on in listed("?enabled=true") and off not in listed("?enabled=true")
    assert off in listed("?enabled=false") and on not in listed("?enabled=false")
    assert "enabled" in api.refused(400, "GET", "/api/v1/raProfiles?enabled=maybe")
    api.ok("DELETE", f"/api/v1/raProfiles/{on}", status=204)


@pytest.mark.parametrize("rest", ["", "/attributes/issue", "/protocols/scep", "/caCertificates"])
def test_what_is_not_there_or_of_another_authority_is_not_found(api, authority, rest):
    here, other = default_profile(api)["uuid"], str(uuid.uuid4())
    for path, missing in ((below(authority, other, rest), other), (below(other, here, rest), here)):
        text = api.refused(404, "GET", path)
        assert text == f"Object of type 'RaProfile' identified by {missing} is not found."
    assert api.refused(422, "GET", below(authority, "1234", rest)) == "Invalid UUID 1234 in the request"
    assert api.refused(422, "GET", below("x", here, rest)) == "Invalid UUID x in the request"


# making and changing


def test_a_profile_made_by_the_api_is_open_to_nobody(service, api, authority):
    made = make(api, authority, "plain")
    shown = api.ok("GET", f"/api/v1/raProfiles/{made}")
    assert shown["enabled"] is False and values(shown["attributes"])["enrollers"] == []
    assert values(shown["attributes"])["ValidityDays"] == [730]
    assert json.loads(service.run("profile", "show", "plain", "--json").stdout)["Enroller"] == []
    ((actor, address, changes),) = audited(service, "profile.create", "plain")
    assert actor.startswith(service.double.tenant + "/")
    assert address != "" and changes["Name"] == {"after": "plain"} and changes["Enroller"] == {"after": []}


def test_rules_and_enrollers_are_given_as_attributes(api, authority):
    made = make(
        api, authority, None,
        attribute("ValidityDays", 30), attribute("MinRsaBits", "3072"), attribute("AddCdp", True),
        attribute("KeyTypes", "rsa", "p256"), attribute("SanTypes"), attribute("SubjectRule", "required"),
        attribute("AllowedEkus", "clientAuth", "1.2.3.4"), {"name": "MaxSans", "content": None},
        attribute("enrollers", "role:CSR.Request.Db", "ra_profile:default"),
        description="for tests", enabled="true", unknown={"members": ["pass"]},
    )
    shown = api.ok("GET", f"/api/v1/raProfiles/{made}")
    rules = values(shown["attributes"])
    assert (shown["description"], shown["enabled"]) == ("for tests", True)
    assert rules["ValidityDays"] == [30] and rules["MinRsaBits"] == [3072] and rules["AddCdp"] == [True]
    assert rules["KeyTypes"] == ["rsa", "p256"] and rules["SanTypes"] == []
    assert rules["AllowedEkus"] == ["clientAuth", "1.2.3.4"] and rules["MaxSans"] == [100]
    assert sorted(rules["enrollers"]) == ["ra_profile:default", "role:CSR.Request.Db"]
    api.ok("DELETE", f"/api/v1/raProfiles/{made}", status=204)


def test_what_was_read_can_be_written_back(api, authority):
    made = make(api, authority, None, attribute("SanTypes", "dns"), attribute("enrollers", "role:X"))
    path = below(authority, made)
    shown = api.ok("GET", path)
    assert api.ok("PUT", path, shown) == shown


FAULTS = [
    ([attribute("ValidityDays", 0)], "ValidityDays: expected a number from 1"),
    ([attribute("ValidityDays", "x")], "ValidityDays: expected"),
    ([attribute("ValidityDays", 1, 2)], "ValidityDays: expected one item"),
    ([attribute("ValidityDays")], "ValidityDays: expected one item"),
    ([attribute("ValidityDays", None)], "ValidityDays: an item needs data"),
    ([attribute("ValidityDays", 1.5)], "ValidityDays: an item needs data"),
    ([attribute("ValidityDays", [1])], "ValidityDays: an item needs data"),
    ([attribute("KeyTypes", "rsa,p256")], "KeyTypes: expected"),
    ([attribute("KeyTypes", "rsa", "dsa")], "KeyTypes: expected"),
    ([attribute("KeyTypes", "rsa", "rsa")], "KeyTypes: expected"),
    ([attribute("KeyTypes")], "KeyTypes: expected"),
    ([attribute("AllowedEkus", "1.3.6.1.5.5.7.3.9")], "AllowedEkus: expected"),
    ([attribute("DefaultEkus", "codeSigning")], "DefaultEkus: expected only those of AllowedEkus"),
    ([attribute("MinRsaBits", 4096), attribute("MaxRsaBits", 2048)], "MinRsaBits: expected at most MaxRsaBits"),
    ([attribute("enrollers", "everybody")], "Enroller: expected role:VALUE"),
    ([attribute("enrollers", "ra_profile:none")], "Enroller: there is no RA profile none"),
    ([attribute("enrollers", "role:a", "role:a")], "Enroller: role:a is there already"),
    ([attribute("Enabled", True)], 'no attribute "Enabled"'),
    ([attribute("archived", True)], 'no attribute "archived"'),
    ([attribute("AddCdp", True), attribute("AddCdp", False)], "AddCdp stands twice"),
    ([{"content": []}], "without a name"),
    ([{"name": "AddCdp", "content": "true"}], "content is expected to be an array"),
    (["AddCdp"], "without a name"),
    ([attribute("SanTypes", *["dns"] * 65)], "more than 64 items"),
    ([attribute("AddCdp", True)] * 65, "more than 64 attributes"),
]


@pytest.mark.parametrize("attributes,text", FAULTS)
def test_a_wrong_rule_is_named_and_nothing_is_written(service, api, authority, attributes, text):
    path = f"/api/v1/authorities/{authority}/raProfiles"
    before = service.value("SELECT COUNT(*) FROM ra_profile")
    body = {"name": fresh_name("wrong"), "attributes": attributes}
    assert text in api.refused(422, "POST", path, body)
    assert service.value("SELECT COUNT(*) FROM ra_profile") == before
    default = default_profile(api)
    assert text in api.refused(422, "PUT", below(authority, default["uuid"]), {"attributes": attributes})
    assert default_profile(api) == default


@pytest.mark.parametrize("name", ["", "   ", None])
def test_a_name_is_needed(api, authority, name):
    path = f"/api/v1/authorities/{authority}/raProfiles"
    text = api.refused(422, "POST", path, {"name": name, "attributes": []})
    assert text == "RA profile name must not be empty"


@pytest.mark.parametrize("name", ["a b", "-a", "a/b", "a" * 65, "\u00e4", "a'; DROP TABLE ra_profile; --"])
def test_a_name_has_its_characters(api, authority, name):
    path = f"/api/v1/authorities/{authority}/raProfiles"
    assert "name is 1 to 64" in api.refused(422, "POST", path, {"name": name, "attributes": []})


def test_a_name_is_taken_once(api, authority):
    path = f"/api/v1/authorities/{authority}/raProfiles"
    make(api, authority, "taken")
    text = api.refused(400, "POST", path, {"name": "taken", "attributes": []})
    assert text == "Object of type 'RaProfile' identified by taken already exists."
    other = uuid.uuid4()
    text = api.refused(
        404, "POST", f"/api/v1/authorities/{other}/raProfiles", {"name": "untaken", "attributes": []}
    )
    assert text == f"Object of type 'AuthorityInstanceReference' identified by {other} is not found."


def test_parallel_creations_of_one_name_give_one_profile(service, api, authority):
    path = f"/api/v1/authorities/{authority}/raProfiles"
    body = {"name": "raced", "attributes": []}
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: api.send("POST", path, body), range(48)))
    assert sorted(a.status for a in answers) == [201] + [400] * 47
    assert service.value("SELECT COUNT(*) FROM ra_profile WHERE name = 'raced'") == "1"
    assert len(audited(service, "profile.create", "raced")) == 1


def test_a_change_keeps_what_it_leaves_out(service, api, authority):
    made = make(
        api, authority, "kept", attribute("ValidityDays", 10), attribute("enrollers", "role:A"), description="d"
    )
    path = below(authority, made)
    changed = api.ok("PUT", path, {"attributes": [attribute("MaxSans", 3)]})
    rules = values(changed["attributes"])
    assert rules["MaxSans"] == [3] and rules["ValidityDays"] == [10] and rules["enrollers"] == ["role:A"]
    assert changed["description"] == "d" and changed["enabled"] is False
    changed = api.ok("PUT", path, {"attributes": [], "description": "", "enabled": True})
    assert "description" not in changed and changed["enabled"] is True
    changed = api.ok("PUT", path, {"attributes": [attribute("enrollers")]})
    assert values(changed["attributes"])["enrollers"] == []
    changes = [each[2] for each in audited(service, "profile.set", "kept")]
    assert changes == [
        {"MaxSans": {"before": 100, "after": 3}},
        {"Description": {"before": "d", "after": ""}, "Enabled": {"before": False, "after": True}},
        {"Enroller": {"before": ["role:A"], "after": []}},
    ]
    api.ok("PUT", path, {"attributes": [], "enabled": True})
    assert len(audited(service, "profile.set", "kept")) == 3  # nothing changed: nothing is written
    api.ok("DELETE", path, status=204)
    assert "is not found" in api.refused(404, "PUT", path, {"attributes": []})


def test_parallel_changes_are_all_made_and_each_whole(service, api, authority):
    made = make(api, authority)
    path = below(authority, made)

    def change(number):
        answer = api.send(
            "PUT", path, {"attributes": [attribute("ValidityDays", number), attribute("MaxSans", number)]}, None
        )
        return answer.status

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(change, range(1, 37)))
    assert statuses == [200] * 36
    row = service.sql(f"SELECT validity_days, max_sans, revision FROM ra_profile WHERE HEX(id) = '{uuid.UUID(made).hex}'")
    assert row[0][0] == row[0][1] and int(row[0][2]) == 37


def test_bodies_are_read_strictly(service, api, authority):
    path = f"/api/v1/authorities/{authority}/raProfiles"
    for raw, status in ((b"{", 400), (b'{"name":"x","name":"y"}', 400), (b"[]", 400)):
        answer = service.request("POST", path, {**api.headers, "Content-Type": "application/json"}, raw)
        assert answer.status == status and answer.json()["message"] == "Unable to read HTTP message"
    answer = service.request("POST", path, {**api.headers, "Content-Type": "text/plain"}, b"{}")
    assert answer.status == 415
    body = {"name": "x", "attributes": {"a": 1}}
    assert api.send("POST", path, body).status == 400


# enabling and disabling


def test_profiles_are_enabled_and_disabled(service, api, authority):
    made = make(api, authority, "switched")

    def enabled():
        return api.ok("GET", f"/api/v1/raProfiles/{made}")["enabled"]

    for action, state in (("enable", True), ("enable", True), ("disable", False)):
        api.ok("PATCH", below(authority, made, "/" + action), status=204)
        assert enabled() is state
    unknown = str(uuid.uuid4())
    for action, state in (("enable", True), ("disable", False)):
        api.ok("PATCH", f"/api/v1/raProfiles/{action}", [unknown, made], 204)
        assert enabled() is state
    assert "is not found" in api.refused(404, "PATCH", below(authority, unknown, "/enable"))
    text = api.refused(422, "PATCH", "/api/v1/raProfiles/enable", [made, "no-uuid"])
    assert text == "Invalid UUID no-uuid in the request" and enabled() is False
    assert len(audited(service, "profile.set", "switched")) == 4


# deleting


def rows_of(service, name):
    return service.sql(f"SELECT archived, enabled FROM ra_profile WHERE name = '{name}'")


def enroll(service, name):
    answer = service.request(
        "POST", f"/.well-known/est/{name}/simpleenroll",
        {**service.double.bearer(), "Content-Type": "application/pkcs10"}, csr.make("device", csr.dns("d.example")),
    )
    return answer.status


def test_a_profile_that_was_never_enabled_is_deleted(service, api, authority):
    made = make(api, authority, "unused", attribute("enrollers", "role:A"))
    api.ok("DELETE", below(authority, made), status=204)
    assert rows_of(service, "unused") == []
    assert service.value(
        f"SELECT COUNT(*) FROM ra_profile_enroller WHERE HEX(ra_profile_id) = '{uuid.UUID(made).hex}'"
    ) == "0"
    assert "is not found" in api.refused(404, "DELETE", below(authority, made))
    ((_, _, changes),) = audited(service, "profile.delete", "unused")
    assert changes["Enroller"] == {"before": ["role:A"]}
    make(api, authority, "unused")


def test_a_profile_with_certificates_is_archived_and_they_keep_it(service, api, authority):
    made = make(api, authority, "used", attribute("enrollers", "role:CSR.Request.Db"), enabled=True)
    assert enroll(service, "used") == 200
    api.ok("DELETE", f"/api/v1/raProfiles/{made}", status=204)
    assert [list(each) for each in rows_of(service, "used")] == [["1", "0"]]
    for method, rest in (("GET", ""), ("DELETE", ""), ("PATCH", "/enable"), ("GET", "/protocols/scep")):
        assert "is not found" in api.refused(404, method, below(authority, made, rest))
    assert made not in {p["uuid"] for p in api.ok("GET", "/api/v1/raProfiles")}
    api.ok("PATCH", "/api/v1/raProfiles/enable", [made], 204)  # skipped like one that is not there
    assert rows_of(service, "used")[0][1] == "0"
    ((_, _, changes),) = audited(service, "profile.archive", "used")
    assert changes["Archived"] == {"after": True} and changes["Enabled"] == {"before": True, "after": False}
    serials = service.value("SELECT COUNT(*) FROM certificate c JOIN ra_profile p ON p.id = c.ra_profile_id WHERE p.name = 'used'")
    assert serials == "1"
    # Its name stays taken: certificates and enrollers are told apart by it.
    path = f"/api/v1/authorities/{authority}/raProfiles"
    assert "already exists" in api.refused(400, "POST", path, {"name": "used", "attributes": []})
    process.wait_until(lambda: enroll(service, "used") == 403, 10, "the profile to be closed")


def test_when_a_certificate_may_be_under_way_the_row_stays(service, api, authority):
    made = make(api, authority, "warm", enabled=True)
    api.ok("DELETE", f"/api/v1/raProfiles/{made}", status=204)
    assert rows_of(service, "warm")[0][0] == "1"
    # Left alone for long enough, a profile that was disabled is deleted: the near miss of that.
    made = make(api, authority, "cold", enabled=True)
    api.ok("PATCH", below(authority, made, "/disable"), status=204)
    service.sql("UPDATE ra_profile SET changed_at = UTC_TIMESTAMP(6) - INTERVAL 3 HOUR WHERE name = 'cold'")
    api.ok("DELETE", f"/api/v1/raProfiles/{made}", status=204)
    assert rows_of(service, "cold") == []
    # An archived one can be deleted later by its name.
    service.sql("UPDATE ra_profile SET changed_at = UTC_TIMESTAMP(6) - INTERVAL 3 HOUR WHERE name = 'warm'")
    assert "was deleted" in service.run("profile", "delete", "warm").stdout
    assert rows_of(service, "warm") == []


def test_a_profile_that_another_one_admits_stays(service, api, authority):
    named = make(api, authority, "admitted")
    other = make(api, authority, "admitting", attribute("enrollers", "ra_profile:admitted"))
    api.ok("DELETE", f"/api/v1/raProfiles/{named}", status=204)
    assert rows_of(service, "admitted")[0][0] == "1"
    # It may be named no more, but whoever names it can be changed.
    api.ok("PUT", below(authority, other), {"attributes": [attribute("MaxSans", 2)]})
    third = make(api, authority)
    text = api.refused(
        422, "PUT", below(authority, third), {"attributes": [attribute("enrollers", "ra_profile:admitted")]}
    )
    assert text == "Enroller: there is no RA profile admitted"


def test_many_are_deleted_and_those_that_are_not_there_skipped(service, api, authority):
    made = [make(api, authority, f"many-{n}") for n in range(3)]
    api.ok("DELETE", "/api/v1/raProfiles", [made[0], str(uuid.uuid4()), made[1], made[1]], 204)
    assert rows_of(service, "many-0") == rows_of(service, "many-1") == []
    assert "Invalid UUID" in api.refused(422, "DELETE", "/api/v1/raProfiles", [made[2], ""])
    assert len(rows_of(service, "many-2")) == 1


def test_deleting_while_issuing_leaves_no_certificate_without_its_profile(service, api, authority):
    for round_ in range(4):
        name = f"storm-{round_}"
        made = make(api, authority, name, attribute("enrollers", "role:CSR.Request.Db"), enabled=True)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            issued = [pool.submit(enroll, service, name) for _ in range(12)]
            deleted = [
                pool.submit(api.send, "DELETE", f"/api/v1/raProfiles/{made}") for _ in range(6)
            ]
            statuses = sorted(each.result().status for each in deleted)
            assert statuses[0] == 204 and set(statuses) <= {204, 404}, statuses
            assert {each.result() for each in issued} <= {200, 403}
    orphans = service.value(
        "SELECT COUNT(*) FROM certificate c LEFT JOIN ra_profile p ON p.id = c.ra_profile_id WHERE p.id IS NULL"
    )
    assert orphans == "0"


# SCEP


def test_scep_is_activated_and_deactivated(service, api, authority):
    made = make(api, authority, "with-scep")
    first, second = make_scep(service, "scep-one"), make_scep(service, "scep-two")
    state = below(authority, made, "/protocols/scep")
    assert api.ok("GET", state) == {"scepAvailable": False}
    body = {"issueCertificateAttributes": [attribute("ValidityDays", "30"), attribute("SanTypes", "dns")]}
    answer = api.ok("PATCH", f"{state}/activate/{first}", body)
    assert answer["scepAvailable"] is True and (answer["uuid"], answer["name"]) == (first, "scep-one")
    assert answer["url"] == "https://pki.example.com/api/v1/protocols/scep/raProfile/with-scep/pkiclient.exe"
    assert values(answer["issueCertificateAttributes"]) == {"ValidityDays": [30], "SanTypes": ["dns"]}
    assert api.ok("GET", state) == answer
    assert api.ok("GET", below(authority, made))["enabledProtocols"] == ["SCEP"]
    # Another one takes its place; without attributes nothing is narrowed.
    answer = api.ok("PATCH", f"{state}/activate/{second}", {"issueCertificateAttributes": []})
    assert answer["uuid"] == second and answer["issueCertificateAttributes"] == []
    for _ in range(2):
        api.ok("PATCH", f"{state}/deactivate", status=204)
        assert api.ok("GET", state) == {"scepAvailable": False}
    rows = audited(service, "profile.scep_activate", "with-scep")
    assert [changes["scepProfile"]["after"] for _, _, changes in rows] == ["scep-one", "scep-two"]
    ((_, _, changes),) = audited(service, "profile.scep_deactivate", "with-scep")
    assert changes["scepProfile"] == {"before": "scep-two"}


def test_activating_what_is_not_there_or_wider_is_refused(service, api, authority):
    made = make(api, authority, "no-scep", attribute("ValidityDays", 20))
    scep, other = make_scep(service, "scep-three"), str(uuid.uuid4())
    state = below(authority, made, "/protocols/scep")
    empty = {"issueCertificateAttributes": []}
    text = api.refused(404, "PATCH", f"{state}/activate/{other}", empty)
    assert text == f"Object of type 'ScepProfile' identified by {other} is not found."
    missing = below(authority, other, f"/protocols/scep/activate/{scep}")
    assert f"'RaProfile' identified by {other}" in api.refused(404, "PATCH", missing, empty)
    wider = {"issueCertificateAttributes": [attribute("ValidityDays", 21)]}
    text = api.refused(422, "PATCH", f"{state}/activate/{scep}", wider)
    assert text == "ValidityDays: the RA profile allows 20, an attribute can only narrow that"
    assert api.ok("GET", state) == {"scepAvailable": False}


def test_a_deleted_profile_lets_go_of_scep(service, api, authority):
    made = make(api, authority, "gone-scep", enabled=True)
    scep = make_scep(service, "scep-four")
    service.sql(f"UPDATE scep_profile SET ra_profile_id = UNHEX('{uuid.UUID(made).hex}') WHERE name = 'scep-four'")
    api.ok("PATCH", below(authority, made, f"/protocols/scep/activate/{scep}"), {"issueCertificateAttributes": []})
    api.ok("DELETE", below(authority, made), status=204)
    left = service.sql("SELECT COUNT(*) FROM ra_profile_scep WHERE HEX(ra_profile_id) = " f"'{uuid.UUID(made).hex}'")
    assert str(left[0][0]) == "0"
    assert service.value("SELECT COUNT(*) FROM scep_profile WHERE name = 'scep-four' AND ra_profile_id IS NULL") == "1"
    ((_, _, changes),) = audited(service, "profile.archive", "gone-scep")
    assert changes["scepProfile"] == {"before": "scep-four"}
    assert changes["scepProfiles"] == {"before": ["scep-four"]}
    alone = make(api, authority, "gone-alone")
    api.ok("DELETE", below(authority, alone), status=204)
    ((_, _, changes),) = audited(service, "profile.delete", "gone-alone")
    assert not {"scepProfile", "scepProfiles"} & set(changes)


# custom attributes


def define(api, name, content_type="string"):
    body = {"name": name, "label": name, "contentType": content_type, "resources": ["raProfiles"]}
    return api.ok("POST", "/api/v1/attributes/custom", body, 201, name=None)["uuid"]


def custom(name, data, content_type="string"):
    return {"name": name, "contentType": content_type, "content": [{"data": data}]}


def test_custom_attributes_are_kept_shown_and_replaced(service, api, authority):
    define(api, "costCentre")
    define(api, "pin", "secret")
    secret = {"secret": "s3cret-of-a-profile"}
    made = make(
        api, authority, "with-custom",
        customAttributes=[custom("costCentre", "4711"), custom("pin", secret, "secret")],
    )
    path = below(authority, made)
    shown = {a["name"]: a for a in api.ok("GET", path)["customAttributes"]}
    assert shown["costCentre"]["content"] == [{"data": "4711"}] and shown["pin"]["content"] == [{}]
    # Replaced as a whole; and left out, cleared.
    changed = api.ok("PUT", path, {"attributes": [], "customAttributes": [custom("costCentre", "12")]})
    assert values(changed["customAttributes"]) == {"costCentre": ["12"]}
    assert api.ok("PUT", path, {"attributes": []})["customAttributes"] == []
    assert api.refused(
        422, "PUT", path, {"attributes": [], "customAttributes": [custom("noSuch", "1")], "enabled": True}
    )
    assert api.ok("GET", path)["enabled"] is False
    rows = audited(service, "profile.set", "with-custom")
    assert [sorted(changes) for _, _, changes in rows] == [["customAttributes"]] * 2
    everything = json.dumps(rows) + json.dumps(audited(service, "profile.create", "with-custom")) + service.log()
    assert "s3cret-of-a-profile" not in everything and "sealed" not in everything
    path = f"/api/v1/authorities/{authority}/raProfiles"
    body = {"name": "wrong-custom", "attributes": [], "customAttributes": [custom("costCentre", 1)]}
    assert "costCentre" in api.refused(422, "POST", path, body)
    assert rows_of(service, "wrong-custom") == []


# descriptors


def test_issue_attributes_describe_what_may_be_narrowed(api, authority):
    made = make(api, authority, None, attribute("ValidityDays", 90), attribute("KeyTypes", "rsa"))
    described = {a["name"]: a for a in api.ok("GET", below(authority, made, "/attributes/issue"))}
    assert list(described) == ISSUE_ATTRIBUTES
    days = described["ValidityDays"]
    assert days["type"] == "data" and days["contentType"] == "integer" and days["content"] == [{"data": 90}]
    assert days["constraints"][0]["data"] == {"from": 1, "to": 90}
    assert days["properties"]["label"] == "Validity days" and days["properties"]["list"] is False
    types = described["KeyTypes"]
    assert types["content"] == [{"data": "rsa"}] and types["properties"]["multiSelect"] is True
    assert len({uuid.UUID(a["uuid"]) for a in described.values()}) == len(described)
    assert described["MinRsaBits"]["constraints"][0]["data"] == {"from": 2048, "to": 8192}
    assert api.ok("GET", below(authority, made, "/attributes/revoke")) == []


def test_the_rules_of_a_profile_are_described_for_a_form(api, authority):
    described = api.ok("GET", f"/api/v1/authorities/{authority}/attributes/raProfile", name=None)
    names = [a["name"] for a in described]
    assert names == [a["name"] for a in default_profile(api)["attributes"]]
    assert {a["type"] for a in described} == {"data"}
    rule = {a["name"]: a for a in described}
    assert [c["data"] for c in rule["SubjectRule"]["content"]] == ["any", "required"]
    assert rule["SubjectRule"]["properties"]["list"] and not rule["SubjectRule"]["properties"]["multiSelect"]
    # What a form gives back unchanged is a profile of the default rules.
    chosen = [
        {"name": a["name"], "content": a["content"][:1] if a["name"] == "SubjectRule" else a["content"]}
        for a in described if a.get("content") is not None
    ]
    make(api, authority, None, *[c for c in chosen if c["name"] not in ("Protocols",)])


# the command line


def test_the_command_does_what_the_api_does(service, api, authority):
    make(api, authority, "by-command")
    make_scep(service, "scep-five")
    say = lambda *words: service.run("profile", *words).stdout
    assert "is enabled" in say("enable", "by-command")
    assert "is disabled" in say("disable", "by-command")
    assert "scep-five is active" in say("scep-activate", "by-command", "scep-five")
    profile = [p for p in api.ok("GET", "/api/v1/raProfiles") if p["name"] == "by-command"][0]
    assert profile["enabledProtocols"] == ["SCEP"] and profile["enabled"] is False
    assert "No SCEP profile" in say("scep-deactivate", "by-command")
    assert "was archived" in say("delete", "by-command")  # it was enabled a moment ago
    assert {actor for actor, _, _ in audited(service, "profile.set", "by-command")} != set()
    make(api, authority, "by-command-2")
    assert "was deleted" in say("delete", "by-command-2")
    for words, text in (
        (("enable", "nobody"), "there is no RA profile"),
        (("enable", "by-command"), "archived"),
        (("scep-activate", "default", "nobody"), "there is no SCEP profile"),
        (("scep-activate", "by-command", "scep-five"), "no such RA profile"),
    ):
        done = service.run("profile", *words, check=False)
        assert done.returncode == 1 and text in done.stderr, done


# who may


@pytest.mark.parametrize("role", ["Manage.All", "Manage.All.Read", "CSR.Request.Db"])
def test_other_roles_may_not(service, api, authority, role):
    other = Api(service, role)
    profile = default_profile(api)["uuid"]
    for method, path, body in (
        ("GET", "/api/v1/raProfiles", None),
        ("GET", "/api/v1/authorities", None),
        ("POST", f"/api/v1/authorities/{authority}/raProfiles", {"name": "x", "attributes": []}),
        ("PUT", below(authority, profile), {"attributes": []}),
        ("DELETE", below(authority, profile), None),
        ("PATCH", below(authority, profile, "/disable"), None),
        ("PATCH", below(authority, profile, "/protocols/scep/deactivate"), None),
    ):
        assert "Access Denied" in other.refused(403, method, path, body, name=None)
    assert default_profile(api)["enabled"] is True
