"""Issuing, renewing and revoking by the management API, and who tries to get more by it."""

import base64
import concurrent.futures
import json
import os
import uuid

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID
from harness import csr, forge, process
from harness.api import Client, refusal

RENEWALS = {"AllowRenewals": "true", "ReenrollmentAllowedCertificateTypes": "Static, IntuneUser"}
SETTINGS = {
    "DbCSRValidation": RENEWALS,
    "Admin": {"Roles": "May.Issue=certificates:issue+renew, CSR.SelfService=certificates:issue+renew"},
}
BOTH = ("CSR.Request.Db", "Admin.Full")
CLOSED = "no RA profile is open to this caller"


class Api(Client):
    """The operations below one RA profile, as a caller with these roles uses them."""

    PUBLISHED = "client-operations-v2"

    def __init__(self, service, profile="default", roles=BOTH, user=None):
        super().__init__(service, *roles, user=user)
        self.profile = profile
        self.authority, self.id = ids_of(service, profile)

    def path(self, rest=""):
        return f"/api/v2/operations/authorities/{self.authority}/raProfiles/{self.id}{rest}"

    def send(self, method, rest, body=None, path=None):
        return super().send(method, path or self.path(rest), body)

    def issue(self, der, *attributes, **members):
        body = {"request": base64.b64encode(der).decode(), "format": "pkcs10", "attributes": list(attributes)}
        return self.send("POST", "/certificates", {**body, **members})

    def renew(self, certificate, der, **members):
        body = {"request": base64.b64encode(der).decode(), **members}
        return self.send("POST", f"/certificates/{certificate}/renew", body)

    def revoke(self, certificate, reason=None, **members):
        body = {"attributes": [], **({"reason": reason} if reason else {}), **members}
        return self.send("POST", f"/certificates/{certificate}/revoke", body)


def ids_of(service, profile):
    ((authority, found),) = service.sql(
        f"SELECT HEX(authority_id), HEX(id) FROM ra_profile WHERE name = '{profile}'"
    )
    return str(uuid.UUID(authority)), str(uuid.UUID(found))


@pytest.fixture(scope="module")
def api(service):
    return Api(service)


@pytest.fixture(scope="module")
def other(service, api):
    """Another RA profile that is open to an application with another role alone."""
    service.run(
        "profile", "create", "--authority", "demo", "other", "Enroller+=role:Others", "ValidityDays=30"
    )
    return Api(service, "other", ("CSR.Request.Db", "Others", "Admin.Full"))


def attribute(name, *values):
    return {"name": name, "contentType": "string", "content": [{"data": value} for value in values]}


def der_of(name="device-1", key=None, **options):
    return csr.make(name, csr.dns(f"{name}.example.com"), private_key=key, **options)


def issued(answer):
    """(id, certificate) of a good answer."""
    assert answer.status == 200, answer
    found = answer.json()
    assert sorted(found) == ["certificateData", "uuid"]
    der = base64.b64decode(found["certificateData"], validate=True)
    return found["uuid"], x509.load_der_x509_certificate(der)


def key_of(certificate):
    return certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def row(service, certificate):
    ((values),) = service.sql(
        "SELECT p.name, c.type, c.source, c.status, HEX(c.renewed_from), HEX(c.lineage), c.requester_kind,"
        " c.requester_certificate IS NULL, c.renewals FROM certificate c JOIN ra_profile p"
        f" ON p.id = c.ra_profile_id WHERE HEX(c.id) = '{uuid.UUID(certificate).hex}'"
    )
    names = ("profile", "type", "source", "status", "renewed_from", "lineage", "kind", "by_token", "renewals")
    return dict(zip(names, values))


def count(service):
    return int(service.value("SELECT COUNT(*) FROM certificate"))


# issuing


def test_a_request_becomes_a_certificate_of_the_profile_in_the_path(service, api, other):
    for caller, days in ((api, 200), (other, 30)):  # 200: ValidityPeriodDays
        found, certificate = issued(caller.issue(der_of("issued")))
        lifetime = certificate.not_valid_after - certificate.not_valid_before
        assert abs(lifetime.days - days) <= 2
        record = row(service, found)
        assert record["profile"] == caller.profile and record["type"] == "Static"
        assert (record["kind"], record["source"], record["status"]) == ("application", "API", "good")
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.DNSName) == ["issued.example.com"]


@pytest.mark.parametrize("form", ["der", "pem", "wrapped", "bare"])
def test_the_request_is_taken_in_the_forms_of_the_csr_api(api, form):
    der = der_of("forms")
    text = base64.b64encode(der).decode()
    if form == "pem":
        text = x509.load_der_x509_csr(der).public_bytes(serialization.Encoding.PEM).decode()
    elif form == "wrapped":
        text = "\r\n".join(text[i : i + 64] for i in range(0, len(text), 64))
    answer = api.send("POST", "/certificates", {"request": text, "attributes": [], "extra": {"is": "tolerated"}})
    issued(answer)


def test_attributes_narrow_what_the_profile_allows(api):
    answer = api.issue(
        der_of("narrow"), attribute("ValidityDays", 7), attribute("KeyUsages", "digitalSignature"),
        attribute("AllowedEkus", "serverAuth", "clientAuth"),
    )
    _, certificate = issued(answer)
    lifetime = certificate.not_valid_after - certificate.not_valid_before
    assert 7 <= lifetime.days <= 9
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature and not usage.key_encipherment


@pytest.mark.parametrize(
    "attributes,text",
    [
        ([attribute("SanTypes", "uri")], "subject alternative names of type dns are not allowed"),
        ([attribute("KeyTypes", "rsa")], "keys of type p256 are not allowed"),
        ([attribute("AllowedEkus", "serverAuth")], "extended key usage 1.3.6.1.5.5.7.3.2 is not allowed"),
        ([attribute("MaxSans", "1")], None),
        ([attribute("KeyUsages", "keyEncipherment")], "no requested key usage"),
    ],
)
def test_what_was_narrowed_away_is_refused(service, api, attributes, text):
    before = count(service)
    answer = api.issue(der_of("narrowed"), *attributes)
    if text is None:
        issued(answer)
        return
    assert text in refusal(answer, 422)
    assert count(service) == before


WIDER = [
    (attribute("ValidityDays", 731), "ValidityDays: the RA profile allows 730"),
    (attribute("MinRsaBits", 2047), "MinRsaBits: expected"),
    (attribute("MaxRsaBits", 8192), "MaxRsaBits: the RA profile allows 4096"),
    (attribute("KeyUsages", "digitalSignature", "keyAgreement"), "KeyUsages: the RA profile allows digitalSignature"),
    (attribute("AllowedEkus", "clientAuth", "codeSigning"), "AllowedEkus: the RA profile allows clientAuth"),
    (attribute("AllowedEkus", "2.5.29.37.0"), "AllowedEkus: expected"),
    (attribute("SanTypes", "dns", "other"), "SanTypes: the RA profile allows dns"),
    (attribute("MaxSans", 1000), "MaxSans: the RA profile allows 100"),
    (attribute("enrollers", "role:May.Issue"), 'no issue attribute "enrollers"'),
    (attribute("DefaultEkus", "codeSigning"), 'no issue attribute "DefaultEkus"'),
    (attribute("Protocols", "scep"), 'no issue attribute "Protocols"'),
    (attribute("Enabled", True), 'no issue attribute "Enabled"'),
    (attribute("ValidityDays", 0), "ValidityDays: expected"),
]


@pytest.mark.parametrize("wider,text", WIDER)
def test_no_attribute_widens_the_profile(service, api, wider, text):
    before = count(service)
    assert text in refusal(api.issue(der_of("wide"), wider), 422)
    assert text in refusal(api.send("POST", "/attributes/issue/validate", [wider]), 422)
    assert count(service) == before


def test_attributes_are_described_and_checked(api):
    described = api.send("GET", "/attributes/issue")
    assert [a["name"] for a in described.json()][:2] == ["ValidityDays", "KeyTypes"]
    good = api.send("POST", "/attributes/issue/validate", [attribute("ValidityDays", 730)])
    assert (good.status, good.body) == (200, b"")
    assert api.send("GET", "/attributes/revoke").json() == []
    good = api.send("POST", "/attributes/revoke/validate", [])
    assert (good.status, good.body) == (200, b"")
    text = refusal(api.send("POST", "/attributes/revoke/validate", [attribute("a", "b")]), 422)
    assert "takes no attributes" in text
    assert refusal(api.send("POST", "/attributes/issue/validate", {}), 400) == "Unable to read HTTP message"


def test_custom_attributes_go_with_the_certificate(service, api):
    body = {"name": "asset", "label": "Asset", "contentType": "string", "resources": ["certificates"]}
    sent = {**api.headers, "Content-Type": "application/json"}
    made = service.request("POST", "/api/v1/attributes/custom", sent, json.dumps(body).encode())
    assert made.status == 201
    value = {"name": "asset", "contentType": "string", "content": [{"data": "A-1"}]}
    found, _ = issued(api.issue(der_of("asset"), customAttributes=[value]))
    shown = service.get(f"/api/v1/certificates/{found}", api.headers).json()["customAttributes"]
    assert [(a["name"], a["content"]) for a in shown] == [("asset", [{"data": "A-1"}])]
    before = count(service)
    for wrong in ({**value, "name": "noSuch"}, {**value, "content": [{"data": 1}]}):
        assert refusal(api.issue(der_of("asset"), customAttributes=[wrong]), 422)
    assert count(service) == before


@pytest.mark.parametrize(
    "body,status,text",
    [
        ({"attributes": []}, 422, "a PKCS#10 request in base64 is needed"),
        ({"request": "", "attributes": []}, 422, "a PKCS#10 request in base64 is needed"),
        ({"request": None, "keyUuid": str(uuid.uuid4())}, 422, "no keys are made here"),
        ({"request": "AAAA"}, 422, ""),
        ({"request": "not base64!"}, 422, ""),
        ({"request": "AAAA", "format": "crmf"}, 501, "CRMF"),
        ({"request": "AAAA", "format": "pkcs7"}, 400, "Unable to read HTTP message"),
        ({"request": {"a": 1}}, 400, "Unable to read HTTP message"),
        ({"request": "AAAA", "attributes": {}}, 400, "Unable to read HTTP message"),
    ],
)
def test_malformed_requests_are_refused(service, api, body, status, text):
    before = count(service)
    assert text in refusal(api.send("POST", "/certificates", body), status)
    assert count(service) == before


def test_a_request_that_another_key_signed_is_refused(service, api):
    der = bytearray(der_of("forged"))
    der[-5] ^= 1
    before = count(service)
    assert refusal(api.issue(bytes(der)), 422)
    assert count(service) == before
    audited = service.value(
        "SELECT COUNT(*) FROM audit WHERE outcome = 'refused' AND object_name LIKE '/api/v2/operations/%'"
    )
    assert int(audited) >= 1


def test_the_path_must_name_a_profile_of_its_authority(service, api, other):
    der = {"request": base64.b64encode(der_of("lost")).decode(), "attributes": []}
    unknown = str(uuid.uuid4())
    before = count(service)
    for authority, profile in ((unknown, api.id), (api.authority, unknown), (api.id, api.authority)):
        path = f"/api/v2/operations/authorities/{authority}/raProfiles/{profile}/certificates"
        text = refusal(api.send("POST", "", der, path), 404)
        assert text == f"Object of type 'RaProfile' identified by {profile} is not found."
    assert count(service) == before


def test_while_enrolling_is_switched_off_nothing_is_issued(new_service):
    made = new_service({"DbCSRValidation": {"Enabled": "false"}}).make().start()
    api = Api(made)
    assert "switched off" in refusal(api.issue(der_of("off")), 404)
    assert count(made) == 0


# who may have what


def test_who_is_no_enroller_gets_nothing(service, api, other):
    """Permissions open the door; the RA profile's enrollers decide, as for POST /api/csr."""
    before = count(service)
    # An administrator who is no enroller; a holder of a mapped permission; an application of the
    # right role that the other profile does not admit; one that may not ask at all.
    for profile, roles, text in (
        ("default", ("Admin.Full",), "enrolling needs"),
        ("default", ("May.Issue",), "enrolling needs"),
        ("other", ("CSR.Request.Db",), CLOSED),
        ("other", BOTH, CLOSED),
        ("default", ("Manage.All",), "Access Denied. Required 'Issue' permission"),
    ):
        caller = Api(service, profile, roles)
        assert text in refusal(caller.issue(der_of("nobody")), 403), roles
    assert count(service) == before
    issued(Api(service, "default", ("CSR.Request.Db",)).issue(der_of("somebody")))


def test_without_a_credential_nothing_is_done(service, api):
    for rest in ("/certificates", f"/certificates/{uuid.uuid4()}/revoke"):
        answer = service.request("POST", api.path(rest), {"Content-Type": "application/json"}, b"{}")
        assert answer.status == 401


def test_self_service_stays_self_service(service, api):
    """[Admin] Roles gives users the permission here: they get what POST /api/csr would give them."""
    ada = "ada@contoso.example"
    user = Api(service, "default", ("CSR.SelfService",), user=ada)
    answer = user.issue(csr.make("device-9", csr.dns("device-9.example.com")))
    assert "self-service" in refusal(answer, 422)
    found, certificate = issued(user.issue(csr.make(ada)))
    assert row(service, found)["type"] == "IntuneUser"
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    # Nobody renews it for its holder, and a user renews for nobody, not even with the same key.
    assert "by their holders alone" in refusal(api.renew(found, csr.make(ada)), 422)
    static, _ = issued(api.issue(der_of("static")))
    assert "only an application" in refusal(user.renew(static, der_of("static")), 403)


def test_a_disabled_profile_issues_and_renews_nothing(service, api):
    service.run("profile", "create", "--authority", "demo", "closing", "Enroller+=role:CSR.Request.Db")
    closing = Api(service, "closing")
    found, _ = issued(closing.issue(der_of("closing")))
    service.run("profile", "set", "closing", "Protocols=est")
    poll(lambda: closing.issue(der_of("closing")).status == 403)
    assert CLOSED in refusal(closing.issue(der_of("closing")), 403)
    assert CLOSED in refusal(closing.renew(found, der_of("closing")), 403)
    service.run("profile", "set", "closing", "Protocols=est,rest", "Enabled=false")
    poll(lambda: CLOSED in closing.issue(der_of("closing")).body.decode())
    service.run("profile", "delete", "closing")
    assert closing.issue(der_of("closing")).status == 404
    assert closing.renew(found, der_of("closing")).status == 404
    assert closing.revoke(found).status == 404  # by /api/manage or `cert revoke` it can be


def poll(holds):
    process.wait_until(holds, 10, "a change of the profile")


# renewing


def test_a_certificate_is_renewed_for_its_holder(service, api):
    key = csr.new_key()
    first, old = issued(api.issue(der_of("renewed", key)))
    # Of the request only the key counts.
    answer = api.renew(first, csr.make("another name", csr.dns("evil.example.com"), private_key=key))
    second, new = issued(answer)
    assert second != first and new.serial_number != old.serial_number
    assert new.subject == old.subject and key_of(new) == key_of(old)
    for kind in (x509.SubjectAlternativeName, x509.ExtendedKeyUsage, x509.KeyUsage):
        ours, theirs = (c.extensions.get_extension_for_class(kind).value for c in (new, old))
        assert ours == theirs
    before, after = row(service, first), row(service, second)
    assert uuid.UUID(after["renewed_from"]) == uuid.UUID(first) and after["lineage"] == before["lineage"]
    assert after["profile"] == "default" and after["kind"] == "application" and after["by_token"] == "1"
    assert before["status"] == "good" and before["renewals"] == "1"
    # The same once more is another renewal, not the same answer.
    third, _ = issued(api.renew(second, der_of("renewed", key)))
    assert row(service, third)["lineage"] == before["lineage"]


def test_another_key_is_a_rekey(service, api):
    found, _ = issued(api.issue(der_of("keyed", csr.new_key())))
    before = count(service)
    text = refusal(api.renew(found, der_of("keyed", csr.new_key())), 422)
    assert "not that of the certificate to renew" in text and "rekey" in text
    assert count(service) == before
    answer = api.send(
        "POST", f"/certificates/{found}/rekey", {"keyUuid": found, "tokenProfileUuid": found}
    )
    assert "rekeying is not built" in refusal(answer, 501)
    assert "is needed" in refusal(api.send("POST", f"/certificates/{found}/renew", {}), 422)


def test_who_is_no_enroller_renews_nothing(service, api, other):
    key = csr.new_key()
    mine, _ = issued(other.issue(der_of("theirs", key)))
    before = count(service)
    for roles, text in (
        (("CSR.Request.Db",), CLOSED),
        (("Admin.Full",), "enrolling needs"),
        (("Others", "May.Issue"), "enrolling needs"),
        (("Manage.All",), "Access Denied. Required 'Renew' permission"),
    ):
        caller = Api(service, "other", roles)
        assert text in refusal(caller.renew(mine, der_of("theirs", key)), 403), roles
    # Nor by way of a profile that admits the caller: the certificate is none of that.
    text = refusal(api.renew(mine, der_of("theirs", key)), 404)
    assert text == f"Object of type 'Certificate' identified by {mine} is not found."
    assert count(service) == before
    issued(other.renew(mine, der_of("theirs", key)))


def test_only_a_good_certificate_is_renewed(service, api):
    key = csr.new_key()
    der = der_of("state", key)
    revoked, _ = issued(api.issue(der))
    held, _ = issued(api.issue(der))
    expired, _ = issued(api.issue(der))
    assert api.revoke(revoked, "superseded").status == 204
    assert api.revoke(held, "certificateHold").status == 204
    before = count(service)
    assert refusal(api.renew(revoked, der), 422) == "the certificate to renew was revoked"
    assert refusal(api.renew(held, der), 422) == "the certificate to renew is on hold"
    unknown = str(uuid.uuid4())
    assert f"'Certificate' identified by {unknown}" in refusal(api.renew(unknown, der), 404)
    assert "Invalid UUID 77" in refusal(api.renew("77", der), 422)
    assert count(service) == before
    issued(api.renew(expired, der))  # the near miss: the same key, a certificate that is good


def recorded(service, certificate):
    """The id of the row of a certificate that its CA's key signed once more."""
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex()
    found = service.value(f"SELECT HEX(id) FROM certificate WHERE fingerprint = UNHEX('{fingerprint}')")
    return str(uuid.UUID(found))


def fresh_serial():
    return int.from_bytes(b"\x50" + os.urandom(15), "big")


@pytest.mark.parametrize(
    "days,text", [((-20, -10), "has expired"), ((1, 30), "is not valid yet"), ((-1, 30), None)]
)
def test_outside_its_dates_no_certificate_is_renewed(service, api, days, text):
    key = csr.new_key()
    _, like = issued(api.issue(der_of("dates", key)))
    made = forge.again(service, like, days, fresh_serial())
    forge.record(service, made, like)
    answer = api.renew(recorded(service, made), der_of("dates", key))
    if text is None:
        issued(answer)
    else:
        assert refusal(answer, 422) == f"the certificate to renew {text}"


def test_a_row_that_somebody_added_renews_nothing(service, api):
    """Who can write rows and not sign certificates gets none signed by a renewal."""
    key = csr.new_key()
    _, like = issued(api.issue(der_of("rows", key)))
    made = forge.again(service, like, (-1, 30), fresh_serial())
    forge.record(service, made, like)
    found = recorded(service, made)
    der = bytearray(made.public_bytes(serialization.Encoding.DER))
    der[-3] ^= 1
    service.sql(f"UPDATE certificate SET der = UNHEX('{der.hex()}') WHERE HEX(id) = '{uuid.UUID(found).hex}'")
    before = count(service)
    assert refusal(api.renew(found, der_of("rows", key)), 422)
    assert count(service) == before


def test_a_compromised_key_is_never_renewed(service, api):
    key = csr.new_key()
    first, _ = issued(api.issue(der_of("stolen", key)))
    second, _ = issued(api.renew(first, der_of("stolen", key)))
    assert api.revoke(first, "keyCompromise").status == 204
    before = count(service)
    text = refusal(api.renew(second, der_of("stolen", key)), 422)
    assert "keyCompromise" in text
    assert count(service) == before
    # For a token's own request within a second (enroll/issuing/issue).
    poll(lambda: api.issue(der_of("stolen", key)).status == 422)
    assert "keyCompromise" in refusal(api.issue(der_of("stolen", key)), 422)


def test_renewals_that_are_switched_off_are_off_here_too(new_service):
    made = new_service().make().start()
    api, key = Api(made), csr.new_key()
    found, _ = issued(api.issue(der_of("off", key)))
    assert refusal(api.renew(found, der_of("off", key)), 422) == "renewals are switched off"


def test_an_answer_is_given_again_only_to_the_same_question(new_service):
    """[Limits] SameCsrMinutes: not for a renewal, nor for a narrower request."""
    made = new_service({"DbCSRValidation": RENEWALS, "Limits": {"SameCsrMinutes": "60"}}).make().start()
    api = Api(made)
    der = der_of("again", csr.new_key())
    first, _ = issued(api.issue(der))
    assert issued(api.issue(der))[0] == first
    second, narrow = issued(api.issue(der, attribute("ValidityDays", 5)))
    assert second != first and (narrow.not_valid_after - narrow.not_valid_before).days <= 7
    third, _ = issued(api.renew(first, der))
    assert third not in (first, second)


def test_a_request_that_is_repeated_leaves_the_attributes_that_are_there(new_service):
    """Who may issue may not change what others wrote to a certificate; each writing is on record."""
    made = new_service({"Limits": {"SameCsrMinutes": "60"}}).make().start()
    api, der = Api(made), der_of("again", csr.new_key())

    def send(method, path, body=None):
        sent = {**api.headers, **({"Content-Type": "application/json"} if body else {})}
        return made.request(method, path, sent, json.dumps(body).encode() if body else b"")

    values = {}
    for name in ("Team", "Note"):
        body = {"name": name, "label": name, "contentType": "string", "resources": ["certificates"]}
        values[name] = send("POST", "/api/v1/attributes/custom", body).json()["uuid"]

    def team(value):
        return [{"name": "Team", "content": [{"data": value}]}]

    def kept():
        detail = send("GET", f"/api/v1/certificates/{first}").json()
        return {each["name"]: each["content"][0]["data"] for each in detail["customAttributes"]}

    def audited():
        rows = made.sql("SELECT HEX(changes) FROM audit WHERE action = 'custom_attribute.set' ORDER BY id")
        return [json.loads(bytes.fromhex(changes)) for (changes,) in rows]

    first, _ = issued(api.issue(der, customAttributes=team("blue")))
    assert audited() == [{"Team": {"after": [{"data": "blue"}]}}]
    assert issued(api.issue(der, customAttributes=team("blue")))[0] == first
    path = f"/api/v1/attributes/custom/resources/certificates/objects/{first}/{values['Note']}"
    assert send("PATCH", path, [{"data": "checked"}]).status == 200
    assert issued(api.issue(der, customAttributes=team("red")))[0] == first
    assert kept() == {"Team": "blue", "Note": "checked"}
    assert len(audited()) == 2
    # another request is another certificate, with attributes of its own
    first, _ = issued(api.issue(der_of("another"), customAttributes=team("red")))
    assert kept() == {"Team": "red"}


def test_a_type_that_the_profile_does_not_renew_is_refused(service, api):
    service.run(
        "profile", "create", "--authority", "demo", "once", "Enroller+=role:CSR.Request.Db", "RenewableTypes="
    )
    once, key = Api(service, "once"), csr.new_key()
    found, _ = issued(once.issue(der_of("once", key)))
    assert refusal(once.renew(found, der_of("once", key)), 422) == "certificates of type Static are not renewed"


def test_renewing_and_revoking_at_once_never_renews_what_is_revoked(service, api):
    key = csr.new_key()
    der = der_of("race", key)
    for _ in range(5):
        found, _ = issued(api.issue(der))
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            renewals = [pool.submit(api.renew, found, der) for _ in range(6)]
            revoked = pool.submit(api.revoke, found, "superseded")
            assert revoked.result().status == 204
            assert {each.result().status for each in renewals} <= {200, 422}
        late = service.value(
            "SELECT COUNT(*) FROM certificate n JOIN certificate o ON o.id = n.renewed_from"
            f" WHERE HEX(o.id) = '{uuid.UUID(found).hex}'"
        )
        renewed = sum(each.result().status == 200 for each in renewals)
        assert int(late) == renewed == int(row(service, found)["renewals"])


# revoking

REASONS = [
    "unspecified", "keyCompromise", "cACompromise", "affiliationChanged", "superseded", "cessationOfOperation",
    "privilegeWithdrawn", "aACompromise",
]


@pytest.mark.parametrize("reason", REASONS + [None])
def test_a_certificate_is_revoked_for_each_reason(service, api, reason):
    found, certificate = issued(api.issue(der_of("revoked", csr.new_key())))
    answer = api.revoke(found, reason)
    assert (answer.status, answer.body) == (204, b"")
    shown = json.loads(service.run("cert", "show", found, "--json").stdout)
    assert shown["status"] == "revoked" and shown["revocationReason"] == (reason or "unspecified")
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex()
    assert shown["fingerprint"] == fingerprint
    (event,) = shown["events"]
    assert "/" in event["actor"]
    assert refusal(api.revoke(found, "superseded"), 422) == "it was revoked before, which is final"
    assert "on hold" in refusal(api.revoke(found, "certificateHold"), 422)


def test_a_hold_can_become_a_revocation(service, api):
    found, _ = issued(api.issue(der_of("held")))
    assert api.revoke(found, "certificateHold").status == 204
    assert row(service, found)["status"] == "hold"
    assert "only a good certificate" in refusal(api.revoke(found, "certificateHold"), 422)
    assert api.revoke(found, "superseded").status == 204
    assert row(service, found)["status"] == "revoked"


def test_what_is_no_revocation_is_refused(service, api, other):
    found, _ = issued(api.issue(der_of("kept")))
    for reason in ("removeFromCRL", "stolen", "KeyCompromise", "1"):
        assert refusal(api.revoke(found, reason), 400) == "Unable to read HTTP message"
    assert "takes no attributes" in refusal(api.revoke(found, attributes=[attribute("a", "b")]), 422)
    assert "not kept here" in refusal(api.revoke(found, destroyKey=True), 422)
    missing = str(uuid.uuid4())
    for caller, certificate in ((api, missing), (other, found)):
        text = refusal(caller.revoke(certificate), 404)
        assert text == f"Object of type 'Certificate' identified by {certificate} is not found."
    assert row(service, found)["status"] == "good"
    reader = Api(service, "default", ("CSR.Request.Db",))
    assert "Required 'Revoke' permission" in refusal(reader.revoke(found), 403)
    assert row(service, found)["status"] == "good"
    assert Api(service, "default", ("Manage.All",)).revoke(found, destroyKey=False).status == 204


def test_parallel_revocations_revoke_once(service, api):
    found, _ = issued(api.issue(der_of("parallel")))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = sorted(a.status for a in pool.map(lambda _: api.revoke(found), range(8)))
    assert statuses == [204] + [422] * 7
    events = service.value(
        f"SELECT COUNT(*) FROM revocation_event WHERE HEX(certificate_id) = '{uuid.UUID(found).hex}'"
    )
    assert events == "1"
