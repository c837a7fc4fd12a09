"""EST: enrolling and renewing by token and by client certificate, and everything that is refused."""

import base64
import datetime
import time
import urllib.parse

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from harness import csr, est, process

RENEWALS = {"AllowRenewals": "true", "ReenrollmentAllowedCertificateTypes": "Static, IntuneUser"}
SETTINGS = {"DbCSRValidation": {**RENEWALS, "RaProfile": "default"}}
NO_CERTIFICATE = {"SSL_CLIENT_VERIFY": "NONE", "SSL_CLIENT_CERT": ""}
PURPOSE = "FAILED:unsuitable certificate purpose"
NAMES = [
    x509.DNSName("device-1.example.com"),
    x509.RFC822Name("a@example.com"),
    x509.UniformResourceIdentifier("urn:device:1"),
    csr.upn("a@example.com"),
]


def refused(service, response, status, code, text=""):
    """Every error of EST: an honest status and one line of text; the code is in the log."""
    assert response.status == status, response
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert int(response.headers["content-length"]) == len(response.body)
    line = response.body.decode()
    assert line.endswith("\n") and line.count("\n") == 1 and "{" not in line
    assert text in line, line
    (logged,) = service.wait_log(req=response.headers["x-request-id"], event="request")
    assert logged["code"] == str(code), logged
    return logged


def rows(service):
    return int(service.value("SELECT COUNT(*) FROM certificate"))


class NoNewRow:
    """with no_new_row(service): nothing was issued inside."""

    def __init__(self, service):
        self.service = service

    def __enter__(self):
        self.before = rows(self.service)

    def __exit__(self, *failed):
        assert failed[0] is not None or rows(self.service) == self.before


no_new_row = NoNewRow


def set_profile(service, name, *rules):
    """Changes a profile and waits until no worker goes on with the old rules."""
    service.run("profile", "set", name, *rules)
    time.sleep(1.1)


@pytest.fixture(scope="module", autouse=True)
def profiles(service):
    """Beside `default`: `by-cert`, open to holders of its certificates, and `other`, to applications."""
    service.run("profile", "set", "default", "RenewableTypes=Static,IntuneUser")
    for name, enroller in (
        ("by-cert", "ra_profile:default"),
        ("other", "role:CSR.Request.Db"),
    ):
        service.run("profile", "create", name, "--authority", "demo")
        service.run("profile", "set", name, "Enabled=true", f"Enroller+={enroller}")
    time.sleep(1.1)


# enrolling by token


def body_forms():
    der = csr.make("device-1", csr.dns("device-1.example.com"))
    text, pem, new = base64.b64encode(der), csr.pem(der), csr.pem(der, "NEW CERTIFICATE REQUEST")
    return {
        "pem on one line, as curl --data sends it": pem.replace(b"\n", b""),
        "base64 on one line": text,
        "base64 wrapped": base64.encodebytes(der),
        "base64 with CRLF": base64.encodebytes(der).replace(b"\n", b"\r\n"),
        "pem": pem,
        "pem with CRLF": pem.replace(b"\n", b"\r\n"),
        "new pem": new,
        "new pem on one line": new.replace(b"\n", b""),
        "der": der,
    }


@pytest.mark.parametrize("form", list(body_forms()))
def test_every_body_form_enrolls_and_renews(service, form):
    body = body_forms()[form]
    holder = est.Holder.of(est.enroll(service, body), csr.key())
    assert holder.certificate.subject.rfc4514_string() == "CN=device-1"
    assert holder.value(service, "CONCAT_WS('/', type, source, requester_kind)") == (
        "Static/API/application"
    )
    est.Holder.of(est.renew(service, holder, body), csr.key())
    headers = {"Content-Transfer-Encoding": "base64"}
    est.Holder.of(est.enroll(service, body, headers=headers), csr.key())


def test_a_user_enrolls_and_renews(service):
    token = service.double.token(user="ada@contoso.example")
    holder = est.enrolled(service, "ada@contoso.example", token=token)
    assert holder.value(service, "type") == "IntuneUser" and holder.serial.startswith("60")
    renewed = est.Holder.of(est.renew(service, holder), holder.key)
    assert renewed.value(service, "type") == "IntuneUser" and renewed.serial.startswith("60")
    assert renewed.names() == holder.names()
    with no_new_row(service):
        response = est.enroll(service, csr.make("eve@contoso.example"), token)
        refused(service, response, 403, 4032, "common name")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
def test_with_a_token_content_type_and_origin_are_not_looked_at(service, content_type):
    headers = {"Content-Type": content_type, "Origin": "https://evil.example"}
    est.certificates(est.enroll(service, csr.make("d"), headers=headers))


def test_paths(service):
    bearer, body = service.double.bearer(), csr.make("d")
    for path in ("//.well-known/est/simpleenroll", "/.well-known/est/simpleenroll/"):
        est.certificates(service.request("POST", path, bearer, body))
    for path in ("/.well-known/est/simpleenrol", "/.well-known/est/a/b/simpleenroll"):
        refused(service, service.request("POST", path, bearer, body), 404, 4041, "no such path")
    for path in ("/.well-known/est/simpleenroll", "/.well-known/est/x/simplereenroll"):
        response = service.get(path, bearer)
        refused(service, response, 405, 4050, "POST")
        assert response.headers["allow"] == "POST"
    response = service.request("POST", "/.well-known/est/cacerts", bearer)
    refused(service, response, 405, 4050)
    assert response.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize("operation", ["fullcmc", "serverkeygen"])
@pytest.mark.parametrize("label", [None, "default"])
def test_what_is_not_built_is_named(service, operation, label):
    refused(service, est.post(service, operation, b"x", label=label), 501, 5010, operation)


def test_bad_bodies(service):
    holder = est.enrolled(service)
    der = csr.make("d")
    forged = der[:-1] + bytes([der[-1] ^ 1])
    with no_new_row(service):
        for body, code, text in (
            (b"", 4001, "the body is empty"),
            (b" \r\n", 4001, "the body is empty"),
            (der[:-1], 4002, "truncated"),
            (b"please", 4001, "neither DER nor PEM"),
            (forged, 4003, ""),
            (csr.make("d", private_key=csr.key("rsa1024")), 4004, "1024"),
        ):
            refused(service, est.enroll(service, body), 400, code, text)
            refused(service, est.renew(service, holder, body), 400, code, text)
        response = est.renew(service, holder, bytes(65537))
        refused(service, response, 413, 4006)


def test_no_credential_is_challenged(service):
    body = csr.make("d")
    for client in (None, NO_CERTIFICATE, {"SSL_CLIENT_VERIFY": ""}):
        response = est.post(service, "simpleenroll", body, client=client)
        refused(service, response, 401, 4010, "A valid access token is needed.")
        challenge = response.headers["www-authenticate"]
        assert challenge.startswith("Bearer realm=") and "error=" not in challenge
    response = est.enroll(service, body, "x.y.z")
    refused(service, response, 401, 4010, "A valid access token is needed.")
    assert 'error="invalid_token"' in response.headers["www-authenticate"]
    response = est.enroll(service, body, service.double.token(roles=["Manage.All"]))
    refused(service, response, 403, 4030)
    assert 'error="insufficient_scope"' in response.headers["www-authenticate"]


def test_a_label_is_a_profile(service):
    holder = est.enrolled(service, label="other")
    profile = "(SELECT name FROM ra_profile p WHERE p.id = ra_profile_id)"
    assert holder.value(service, profile) == "other"
    assert est.enrolled(service).value(service, profile) == "default"
    user = service.double.token(user="ada@contoso.example")
    service.run("profile", "create", "shut", "--authority", "demo")
    set_profile(service, "shut", "Enabled=false", "Enroller+=role:CSR.Request.Db")
    body = csr.make("d")
    with no_new_row(service):
        # unknown, disabled, forbidden and impossible ones look alike
        texts = {
            est.enroll(service, body, token, label=label).body
            for label, token in (
                ("nobody", None), ("shut", None), ("by-cert", None), ("other", user),
                ("%ff", None), ("x" * 100, None),
            )
        }  # fmt: skip
        assert texts == {b"no RA profile is open to this caller\n"}
        for label in ("nobody", "shut", "by-cert", "%ff", "x" * 100):
            refused(service, est.enroll(service, body, label=label), 403, 4031)
    set_profile(service, "shut", "Enabled=true")
    est.enrolled(service, label="shut")
    set_profile(service, "shut", "Protocols=rest")
    with no_new_row(service):
        refused(service, est.enroll(service, body, label="shut"), 403, 4031)


def test_switched_off_is_404(new_service):
    service = new_service({"DbCSRValidation": {"Enabled": "false"}}).make().start()
    refused(service, est.enroll(service, csr.make("d")), 404, 4040)
    refused(service, est.post(service, "simplereenroll", csr.make("d")), 404, 4040)
    refused(service, service.get(est.path("cacerts")), 404, 4040)


def test_everything_of_est_needs_tls(service):
    body = csr.make("d")
    refused(service, est.enroll(service, body, https=False), 403, 4033, "TLS")
    for operation in ("cacerts", "csrattrs"):
        refused(service, service.get(est.path(operation), https=False), 403, 4033, "TLS")


# cacerts, csrattrs, GetCACert


def ca_of(service, name="demo"):
    return x509.load_pem_x509_certificate(service.ca_pem(name).encode())


@pytest.mark.parametrize("label", [None, "default", "other"])
def test_cacerts_is_the_issuer_alone(service, label):
    response = service.get(est.path("cacerts", label))
    assert est.certificates(response, "application/pkcs7-mime") == [ca_of(service)]
    head = service.request("HEAD", est.path("cacerts", label))
    assert head.status == 200 and head.body == b""
    assert head.headers["content-length"] == response.headers["content-length"]


def decode(response, content_type):
    assert response.status == 200, response
    assert response.headers["content-type"] == content_type
    assert response.headers["content-transfer-encoding"] == "base64"
    return base64.b64decode(response.body, validate=True)


P256 = bytes.fromhex("06082A8648CE3D030107")
P384 = bytes.fromhex("06052B81040022")
RSA = bytes.fromhex("06092A864886F70D010101")


def test_csrattrs_follow_the_profile(service):
    der = decode(service.get(est.path("csrattrs")), "application/csrattrs")
    assert P256 in der and P384 in der and RSA in der
    service.run("profile", "create", "narrow", "--authority", "demo")
    set_profile(service, "narrow", "Enabled=true", "KeyTypes=p384")
    der = decode(service.get(est.path("csrattrs", "narrow")), "application/csrattrs")
    assert P384 in der and P256 not in der and RSA not in der


def test_unknown_and_disabled_labels_look_alike_without_a_credential(service):
    service.run("profile", "create", "hidden", "--authority", "demo")
    set_profile(service, "hidden", "Enabled=false")
    for operation in ("cacerts", "csrattrs"):
        answers = {
            service.get(est.path(operation, label)).body
            for label in ("nobody", "hidden", "%ff", "-", "x" * 100)
        }
        assert len(answers) == 1
        for label in ("nobody", "hidden", "%ff"):
            refused(service, service.get(est.path(operation, label)), 404, 4041)
    set_profile(service, "hidden", "Enabled=true")
    assert service.get(est.path("cacerts", "hidden")).status == 200


def test_full_cacerts_after_a_rekey(new_service):
    service = new_service({"Server": {"EstCacerts": "full"}}).make().start()
    old = ca_of(service)
    full = lambda: set(est.certificates(service.get(est.path("cacerts")), "application/pkcs7-mime"))
    assert full() == {old}
    service.run("ca", "rekey", "demo", "--key", "p384", "--key-file", service.path("demo-2.key"))
    service.run("ca", "activate", "demo-2")
    time.sleep(1.1)
    new = ca_of(service, "demo-2")
    found = full()
    assert new in found and old not in found and len(found) == 3
    keys = {(est.public(c), c.issuer) for c in found - {new}}
    assert keys == {(est.public(old), new.issuer), (est.public(new), old.issuer)}
    # the two cross-certificates are signed each by the other's key
    for cross in found - {new}:
        signer = new if est.public(cross) == est.public(old) else old
        signer.public_key().verify(
            cross.signature, cross.tbs_certificate_bytes, ec.ECDSA(cross.signature_hash_algorithm)
        )


MSCEP = "/certsrv/mscep/mscep.dll"


@pytest.mark.parametrize(
    "target",
    [
        f"{MSCEP}/pkiclient.exe?operation=GetCACert",
        f"{MSCEP}?operation=GetCACert",
        f"/{MSCEP}/pkiclient.exe?operation=GetCACert",
        f"{MSCEP}/pkiclient.exe/?operation=GetCACert",
        f"{MSCEP}?message=ca&operation=GetCACert",
        f"{MSCEP}?operation=GetCACert&message=ca",
        f"{MSCEP}?operation=%47etCACert",
    ],
)
@pytest.mark.parametrize("https", [True, False])
def test_get_ca_cert(service, target, https):
    # SCEPman's shell client sends this Content-Type with its GET.
    response = service.get(target, {"Content-Type": "application/pkcs10"}, https=https)
    assert response.status == 200, response
    assert response.headers["content-type"] == "application/x-x509-ca-cert"
    assert response.body == ca_of(service).public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize(
    "query,status",
    [
        ("", 501),
        ("operation=", 501),
        ("operation=GetCACaps", 501),
        ("operation=getcacert", 501),
        ("Operation=GetCACert", 501),
        ("message=operation=GetCACert", 501),
        ("operation=PKIOperation&message=x", 501),
        ("operation=GetCACert%00", 400),
        ("operation=GetCACert&operation=PKIOperation", 400),
    ],
)
def test_every_other_scep_operation_is_not_built(service, query, status):
    response = service.get(f"{MSCEP}/pkiclient.exe?{query}")
    assert response.status == status, response
    assert status == 400 or (response.code() == 5010 and "SCEP" in response.json()["errorMessage"])
    response = service.request("POST", f"{MSCEP}?{query}", {}, b"x")
    assert response.status == 501 and response.code() == 5010, response


# enrolling by client certificate


def by_certificate(service, holder, body, label="by-cert", client=None, headers=None):
    return est.post(service, "simpleenroll", body, headers, label, client=client or holder.pem)


@pytest.fixture(scope="module")
def holder(service, profiles):
    return est.enrolled(service, "device-1", NAMES, token=service.double.token())


def test_enrolling_by_certificate_takes_names_that_stand_in_it(service, holder):
    key = csr.new_key("p256")
    made = est.Holder.of(
        by_certificate(service, holder, csr.make("device-1", NAMES[:2], key)), key
    )
    assert made.certificate.subject == holder.certificate.subject
    row = made.value(
        service,
        "CONCAT_WS('/', type, requester_kind, HEX(requester_certificate), HEX(lineage),"
        " IFNULL(HEX(renewed_from), '-'))",
    )
    old = holder.value(service, "CONCAT_WS('/', HEX(id), HEX(lineage))")
    assert row == f"Static/certificate/{old}/-"
    upper = [x509.DNSName("DEVICE-1.example.com")]
    est.certificates(by_certificate(service, holder, csr.make("device-1", upper)))


@pytest.mark.parametrize(
    "subject,sans",
    [
        ("device-2", []),
        (csr.name("device-1", ORGANIZATION_NAME="Contoso"), []),
        ("device-1", csr.dns("device-2.example.com")),
        ("device-1", [*NAMES, x509.DNSName("example.com")]),
        ("device-1", [x509.UniformResourceIdentifier("mailto:a@example.com")]),
        ("device-1", [csr.upn("A@example.com")]),
    ],
)
def test_a_name_that_does_not_stand_in_it_is_refused(service, holder, subject, sans):
    with no_new_row(service):
        response = by_certificate(service, holder, csr.make(subject, sans))
        refused(service, response, 403, 4031, "is not in the client certificate")


def test_a_certificate_enrolls_only_where_it_is_an_enroller(service, holder):
    body = csr.make("device-1")
    stranger = est.enrolled(service, "device-1", label="other")
    with no_new_row(service):
        # `other` is open to whoever asked for this certificate, not to the certificate
        for who, label in ((holder, "other"), (holder, None), (stranger, "by-cert")):
            response = by_certificate(service, who, body, label)
            refused(service, response, 403, 4031, "no RA profile is open to this caller")
    set_profile(service, "by-cert", f"Enroller+=certificate:{stranger.fingerprint}")
    est.certificates(by_certificate(service, stranger, body))
    set_profile(service, "by-cert", f"Enroller-=certificate:{stranger.fingerprint}")
    with no_new_row(service):
        refused(service, by_certificate(service, stranger, body), 403, 4031)


def test_a_token_decides_where_there_is_one(service, holder):
    body = csr.make("device-9")
    est.certificates(est.enroll(service, body, client=holder.pem))
    with no_new_row(service):
        response = est.enroll(service, body, "x.y.z", label="by-cert", client=holder.pem)
        refused(service, response, 401, 4010)
    basic = {"Authorization": "Basic dXNlcjpwYXNz"}
    est.certificates(by_certificate(service, holder, csr.make("device-1"), headers=basic))


def test_a_bad_certificate_is_not_passed_over_for_enrolling(service, holder):
    failed = {"SSL_CLIENT_VERIFY": "FAILED:certificate has expired", "SSL_CLIENT_CERT": holder.pem}
    with no_new_row(service):
        response = by_certificate(service, holder, csr.make("device-1"), client=failed)
        refused(service, response, 403, 4035, "certificate has expired")


# renewing


def csrs_of_clients():
    """What clients send to renew: the key counts, and nothing else of it."""
    eku = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    usage = x509.KeyUsage(False, True, False, False, False, False, False, False, False)
    return {
        "CN=Contoso and an empty UPN": ("Contoso", [csr.upn("")], []),
        "no alternative names": ("device-1", [], []),
        "neither": (csr.name(), [], []),
        "other names": ("device-2", csr.dns("device-2.example.com"), []),
        "other extended key usage": ("device-1", NAMES, [(eku, True)]),
        "other key usage": ("device-1", NAMES, [(usage, True)]),
    }


@pytest.mark.parametrize("case", list(csrs_of_clients()))
def test_renewing_takes_only_the_key_from_the_request(service, holder, case):
    subject, sans, extensions = csrs_of_clients()[case]
    for kind in ("p256", "rsa2048"):
        key = csr.key(kind)
        body = csr.make(subject, sans, key, extensions)
        renewed = est.Holder.of(est.renew(service, holder, body), key)
        assert renewed.names() == holder.names()
        assert renewed.usages() == {"digital_signature"}
        assert renewed.serial != holder.serial


@pytest.mark.parametrize("old", ["rsa2048", "p256", "ed25519"])
@pytest.mark.parametrize("new", ["same", "rsa2048", "rsa3072", "p256", "p384", "ed25519"])
def test_renewing_twice_with_each_kind_of_key(service, old, new):
    ekus = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    first = est.enrolled(service, "device-1", NAMES, old, extensions=[ekus])
    assert ("key_encipherment" in first.usages()) == (old == "rsa2048")
    for _ in range(2):
        key = first.key if new == "same" else csr.new_key(new)
        body = csr.make("Contoso", [csr.upn("")], key)
        renewed = est.Holder.of(est.renew(service, first, body), key)
        assert renewed.names() == first.names()
        kept = {"digital_signature"}
        if old == "rsa2048" and new in ("same", "rsa2048", "rsa3072"):
            kept.add("key_encipherment")
        assert renewed.usages() == kept
    assert first.value(service, "status") == "good"
    assert first.value(service, "renewals") == "2"
    # and what was renewed renews on
    again = est.Holder.of(est.renew(service, renewed), renewed.key)
    assert again.names() == first.names()


def test_the_row_of_a_renewal_tells_where_it_is_from(service):
    oid_ = "33333333-3333-4333-8333-333333333333"
    first = est.enrolled(service, token=service.double.token(oid=oid_))
    second = est.Holder.of(est.renew(service, first), first.key)
    third = est.Holder.of(est.renew(service, second), first.key)
    columns = (
        "HEX(requester_tenant), HEX(requester_object), HEX(requester_application),"
        " requester_upn, HEX(lineage), HEX(ra_profile_id), type, source, subject, sans"
    )
    whole = lambda of: service.sql(f"SELECT {columns} FROM certificate WHERE {of.where}")
    assert whole(first) == whole(second) == whole(third)
    assert whole(first)[0][1] == oid_.replace("-", "").upper()
    for old, new in ((first, second), (second, third)):
        assert new.value(service, "HEX(renewed_from)") == old.value(service, "HEX(id)")
        assert new.value(service, "HEX(requester_certificate)") == old.value(service, "HEX(id)")
        assert new.value(service, "requester_kind") == "certificate"
    assert first.value(service, "HEX(lineage) = HEX(id)") == "1"
    assert first.value(service, "renewed_from IS NULL") == "1"


def test_the_log_names_the_certificate(service):
    holder = est.enrolled(service)
    response = est.renew(service, holder)
    (line,) = service.wait_log(req=response.headers["x-request-id"], event="request")
    assert line["certificate"] == holder.fingerprint
    assert service.log_lines(event="renewed", certificate=holder.fingerprint)


@pytest.mark.parametrize("units,days", [(10, 10), (10000, 200)])
def test_a_requested_validity_can_only_shorten(service, holder, units, days):
    body = csr.with_validity("Days", units, private_key=holder.key)
    renewed = est.Holder.of(est.renew(service, holder, body), holder.key).certificate
    now = datetime.datetime.utcnow()
    assert abs((renewed.not_valid_after - now).total_seconds() - days * 86400) < 120


def test_an_authorization_header_is_ignored_when_renewing(service, holder):
    for headers in ({"Authorization": "Bearer x.y.z"}, service.double.bearer(roles=[])):
        est.certificates(est.renew(service, holder, headers=headers))
    with no_new_row(service):
        response = est.post(
            service, "simplereenroll", csr.make("device-1"), service.double.bearer()
        )
        refused(service, response, 403, 4034, "a TLS client certificate is needed")


def test_a_label_may_name_the_recorded_profile_and_no_other(service, holder):
    est.certificates(est.renew(service, holder, label="default"))
    theirs = est.enrolled(service, label="other")
    est.certificates(est.renew(service, theirs))
    est.certificates(est.renew(service, theirs, label="other"))
    with no_new_row(service):
        for who, label in ((holder, "other"), (theirs, "default"), (holder, "nobody")):
            response = est.renew(service, who, label=label)
            refused(service, response, 403, 4031, "no RA profile is open to this caller")


def test_a_disabled_profile_does_not_renew(service):
    service.run("profile", "create", "closing", "--authority", "demo")
    set_profile(service, "closing", "Enabled=true", "Enroller+=role:CSR.Request.Db")
    holder = est.enrolled(service, label="closing")
    est.certificates(est.renew(service, holder))
    for rule, back in (
        ("Enabled=false", "Enabled=true"),
        ("Protocols=rest", "Protocols=rest,est"),
    ):
        set_profile(service, "closing", rule)
        with no_new_row(service):
            response = est.renew(service, holder)
            refused(service, response, 403, 4031, "no RA profile is open to this caller")
        set_profile(service, "closing", back)
        est.certificates(est.renew(service, holder))
    # who may enroll is another matter
    set_profile(service, "closing", "Enroller-=role:CSR.Request.Db")
    est.certificates(est.renew(service, holder))


def test_the_profiles_rules_hold_for_renewals(service):
    service.run("profile", "create", "strict", "--authority", "demo")
    set_profile(
        service, "strict", "Enabled=true", "KeyTypes=p256,rsa", "MinRsaBits=3072",
        "Enroller+=role:CSR.Request.Db",
    )  # fmt: skip
    holder = est.enrolled(service, label="strict")
    for kind, text in (("p384", "p384"), ("rsa2048", "2048"), ("ed25519", "ed25519")):
        with no_new_row(service):
            response = est.renew(service, holder, csr.make("d", private_key=csr.key(kind)))
            refused(service, response, 400, 4004, text)
    key = csr.key("rsa3072")
    est.Holder.of(est.renew(service, holder, csr.make("d", private_key=key)), key)
    set_profile(service, "strict", "RenewableTypes=IntuneUser")
    with no_new_row(service):
        refused(service, est.renew(service, holder), 403, 4036, "type Static")
    set_profile(service, "strict", "RenewableTypes=Static")
    est.certificates(est.renew(service, holder))


def test_renewals_can_be_switched_off_and_bound_to_types(new_service):
    service = new_service({"DbCSRValidation": RENEWALS}).make().start()
    holder = est.enrolled(service)
    est.certificates(est.renew(service, holder))
    service.configure({"DbCSRValidation": {"ReenrollmentAllowedCertificateTypes": "IntuneUser"}})
    service.restart()
    with no_new_row(service):
        refused(service, est.renew(service, holder), 403, 4036, "type Static")
    service.configure({"DbCSRValidation": {"ReenrollmentAllowedCertificateTypes": None}})
    service.restart()
    assert any("nothing can be renewed" in line["reason"] for line in service.log_lines(event="setting"))
    assert "nothing can be renewed" in service.run("check-config").stdout
    with no_new_row(service):
        refused(service, est.renew(service, holder), 403, 4036, "type Static")
    service.configure({"DbCSRValidation": {**RENEWALS, "AllowRenewals": "false"}})
    service.restart()
    with no_new_row(service):
        refused(service, est.renew(service, holder), 403, 4036, "renewals are switched off")
    # still a good credential: what is refused is renewing
    service.run("profile", "set", "default", f"Enroller+=certificate:{holder.fingerprint}")
    time.sleep(1.1)
    est.certificates(by_certificate(service, holder, csr.make("device-1"), label=None))


# certificates that are refused


def revoke(service, holder, *options):
    service.run("cert", "revoke", *options, holder.fingerprint)


def test_on_hold_released_revoked(service):
    holder = est.enrolled(service)
    revoke(service, holder, "--hold")
    with no_new_row(service):
        logged = refused(service, est.renew(service, holder), 403, 4035, "is on hold")
    assert logged["certificate"] == holder.fingerprint
    revoke(service, holder, "--release")
    est.certificates(est.renew(service, holder))
    revoke(service, holder)
    with no_new_row(service):
        refused(service, est.renew(service, holder), 403, 4035, "was revoked")
        refused(service, by_certificate(service, holder, csr.make("device-1")), 403, 4035)


def test_a_revocation_ends_one_certificate_keycompromise_the_lineage(service):
    first = est.enrolled(service, kind="p256")
    second, third = (
        est.Holder.of(est.renew(service, first, csr.make("d", private_key=key)), key)
        for key in (csr.new_key("p256"), csr.new_key("p256"))
    )
    unrelated = est.enrolled(service, "device-1")
    revoke(service, second, "--reason", "superseded")
    with no_new_row(service):
        refused(service, est.renew(service, second), 403, 4035, "was revoked")
    est.certificates(est.renew(service, first))
    key = csr.new_key("p256")
    fourth = est.Holder.of(est.renew(service, third, csr.make("d", private_key=key)), key)
    revoke(service, third, "--reason", "keyCompromise")
    with no_new_row(service):
        for holder in (first, fourth):
            response = est.renew(service, holder)
            logged = refused(service, response, 403, 4036, "lineage was revoked for keyCompromise")
            actor = f"certificate:{holder.fingerprint}"
            audit = service.sql(f"SELECT action, outcome FROM audit WHERE actor = '{actor}'")
            assert audit == [("enroll.refused", "refused")] and logged["tid"]
    est.certificates(est.renew(service, unrelated))


def test_a_compromised_key_is_never_certified_again(service):
    key, other = csr.new_key("p256"), csr.new_key("p256")
    bad = est.Holder.of(est.enroll(service, csr.make("d", private_key=key)), key)
    same_key = est.Holder.of(est.enroll(service, csr.make("e", private_key=key)), key)
    good = est.enrolled(service)
    revoke(service, bad, "--reason", "keyCompromise")
    with no_new_row(service):
        body = csr.make("d", private_key=key)
        refused(service, est.renew(service, good, body), 403, 4036, "keyCompromise")
        refused(service, est.renew(service, same_key), 403, 4035, "keyCompromise")
    # With a token within a second of the first such revocation.
    process.wait_until(lambda: est.enroll(service, body).status != 200, 3, "the refusal")
    with no_new_row(service):
        refused(service, est.enroll(service, body), 400, 4004, "keyCompromise")
    est.certificates(est.renew(service, good, csr.make("d", private_key=other)))


class Forger:
    """Who has a copy of a CA's key (or makes up another), and may write to the database or not."""

    def __init__(self, service, private_key=None):
        self.service, self.ca = service, ca_of(service)
        with open(service.path("demo.key"), "rb") as file:
            copied = serialization.load_pem_private_key(file.read(), None)
        self.key = private_key or copied

    def sign(self, holder, begin=-1, end=30, serial=None, add=()):
        """A certificate like the holder's, valid from `begin` to `end` days from now."""
        like, now = holder.certificate, datetime.datetime.utcnow()
        builder = (
            x509.CertificateBuilder(self.ca.subject, like.subject, like.public_key())
            .serial_number(serial or like.serial_number)
            .not_valid_before(now + datetime.timedelta(days=begin))
            .not_valid_after(now + datetime.timedelta(days=end))
        )
        added = {type(extension) for extension, _ in add}
        for extension in like.extensions:
            if type(extension.value) not in added:
                builder = builder.add_extension(extension.value, extension.critical)
        for extension, critical in add:
            builder = builder.add_extension(extension, critical)
        return est.Holder(builder.sign(self.key, hashes.SHA256()), holder.key)

    def record(self, like, made):
        """A row for it, like the other's in all else."""
        self.service.sql(
            f"CREATE TEMPORARY TABLE t SELECT * FROM certificate WHERE {like.where};"
            f" UPDATE t SET id = UNHEX(MD5(RAND())), serial = UNHEX('{made.serial}'),"
            f" fingerprint = UNHEX('{made.fingerprint}'), der = UNHEX('{made.der.hex()}');"
            " INSERT INTO certificate SELECT * FROM t;"
        )
        return made

    def recorded(self, like, **how):
        return self.record(like, self.sign(like, serial=x509.random_serial_number() >> 40, **how))


def test_a_certificate_on_record_renews_whoever_wrote_the_row(service, holder):
    # The near miss of the forgeries below.
    est.certificates(est.renew(service, Forger(service).recorded(holder)))


@pytest.mark.parametrize(
    "dates,text", [((-30, -1), "has expired"), ((1, 30), "is not valid yet")]
)
def test_outside_its_dates(service, holder, dates, text):
    made = Forger(service).recorded(holder, begin=dates[0], end=dates[1])
    with no_new_row(service):
        refused(service, est.renew(service, made), 403, 4035, text)
        refused(service, by_certificate(service, made, csr.make("device-1")), 403, 4035, text)


def test_expiry_is_to_the_second(service, holder):
    """Whoever was issued for a short time renews until then, and not a moment longer."""
    body = csr.with_validity("Minutes", 1, "device-1", holder.key)
    response = est.enroll(service, body)
    short = est.Holder.of(response, holder.key)
    est.certificates(est.renew(service, short))
    made = Forger(service).recorded(holder, end=3 / 86400)
    est.certificates(est.renew(service, made))
    process.wait_until(lambda: est.renew(service, made).status != 200, 10, "its end")
    refused(service, est.renew(service, made), 403, 4035, "has expired")


def test_another_certificate_than_the_one_on_record(service, holder):
    """Same names, key and serial, signed by a copy of the CA's key: valid for every TLS library."""
    with no_new_row(service):
        made = Forger(service).sign(holder)
        assert made.serial == holder.serial and made.der != holder.der
        refused(service, est.renew(service, made), 403, 4035, "was not issued here")


def test_a_foreign_ca(service, holder):
    foreign = Forger(service, csr.new_key("p256"))
    with no_new_row(service):
        refused(service, est.renew(service, foreign.sign(holder)), 403, 4035, "not issued here")
    # also where somebody has written it into the database
    made = foreign.recorded(holder)
    with no_new_row(service):
        refused(service, est.renew(service, made), 403, 4035)


def test_ca_and_responder_certificates(service, holder):
    ca = est.Holder(ca_of(service), holder.key)
    forger = Forger(service)
    sub = forger.recorded(holder, add=[(x509.BasicConstraints(True, None), True)])
    ocsp = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
    responder = forger.recorded(holder, add=[(ocsp, False)])
    with no_new_row(service):
        refused(service, est.renew(service, ca), 403, 4035, "was not issued here")
        refused(service, est.renew(service, sub), 403, 4035, "of a CA")
        refused(service, est.renew(service, responder), 403, 4036)
    set_type = f"UPDATE certificate SET type = 'OcspResponder' WHERE {holder.where}"
    made = forger.recorded(holder)
    service.sql(set_type.replace(holder.where, made.where))
    with no_new_row(service):
        refused(service, est.renew(service, made), 403, 4035, "OcspResponder")


def test_a_later_generation_renews_those_of_an_earlier_one(new_service):
    service = new_service({"DbCSRValidation": RENEWALS}).make().start()
    holder = est.enrolled(service)
    service.run("ca", "rekey", "demo", "--key", "p384", "--key-file", service.path("demo-2.key"))
    service.run("ca", "activate", "demo-2")
    time.sleep(1.1)
    renewed = est.Holder.of(est.renew(service, holder), holder.key)
    assert renewed.names() == holder.names()
    assert renewed.certificate.signature_hash_algorithm.name == "sha384"
    service.sql("UPDATE authority_generation SET state = 'expired' WHERE label = 'demo-1'")
    with no_new_row(service):
        refused(service, est.renew(service, holder), 403, 4035, "expired")
    est.certificates(est.renew(service, renewed))


# how the web server passes it on


def escaped(pem):
    return urllib.parse.quote(pem, safe="")


CLIENT_FORMS = {
    "Apache, lighttpd": lambda pem: pem,
    "without final newline": lambda pem: pem.rstrip("\n"),
    "CRLF": lambda pem: pem.replace("\n", "\r\n"),
    "nginx escaped": escaped,
    "nginx with tabs": lambda pem: pem.replace("\n", "\n\t"),
}


@pytest.mark.parametrize("form", list(CLIENT_FORMS))
def test_every_form_of_a_web_server(service, holder, form):
    client = {"SSL_CLIENT_VERIFY": "SUCCESS", "SSL_CLIENT_CERT": CLIENT_FORMS[form](holder.pem)}
    est.certificates(est.renew(service, holder, client=client))


def test_doubled_variables(service, holder):
    redirected = {"REDIRECT_SSL_CLIENT_VERIFY": "SUCCESS", "REDIRECT_SSL_CLIENT_CERT": holder.pem}
    plain = {"SSL_CLIENT_VERIFY": "SUCCESS", "SSL_CLIENT_CERT": holder.pem}
    est.certificates(est.renew(service, holder, client={**plain, **redirected}))
    with no_new_row(service):
        response = est.renew(service, holder, client=redirected)
        refused(service, response, 403, 4034)
        response = est.renew(service, holder, client={**NO_CERTIFICATE, **redirected})
        refused(service, response, 403, 4034)


@pytest.mark.parametrize(
    "client,code",
    [
        ({}, 4034),
        (NO_CERTIFICATE, 4034),
        ({"SSL_CLIENT_VERIFY": "NONE", "SSL_CLIENT_CERT": "PEM"}, 4034),
        ({"SSL_CLIENT_VERIFY": "SUCCESS"}, 4035),
        ({"SSL_CLIENT_VERIFY": "SUCCESS", "SSL_CLIENT_CERT": ""}, 4035),
        ({"SSL_CLIENT_VERIFY": "SUCCESS", "SSL_CLIENT_CERT": "PEMPEM"}, 4035),
        ({"SSL_CLIENT_VERIFY": "SUCCESS", "SSL_CLIENT_CERT": "x"}, 4035),
        ({"SSL_CLIENT_VERIFY": "success", "SSL_CLIENT_CERT": "PEM"}, 4035),
        ({"SSL_CLIENT_VERIFY": "GENEROUS", "SSL_CLIENT_CERT": "PEM"}, 4035),
        ({"SSL_CLIENT_VERIFY": "FAILED:unable to verify", "SSL_CLIENT_CERT": "PEM"}, 4035),
        ({"SSL_CLIENT_VERIFY": PURPOSE, "SSL_CLIENT_CERT": "PEM"}, 4035),
    ],
)
def test_what_is_no_certificate(service, holder, client, code):
    client = {name: value.replace("PEM", holder.pem) for name, value in client.items()}
    with no_new_row(service):
        response = est.renew(service, holder, client=client)
        refused(service, response, 403, code, "client certificate")


HEADERS = [
    ("SSL-CLIENT-VERIFY", "SSL-CLIENT-CERT"),
    ("SSL_CLIENT_VERIFY", "SSL_CLIENT_CERT"),
    ("Ssl-Client_Verify", "Ssl_Client-Cert"),
    ("X-SSL-Client-Verify", "X-SSL-Client-Cert"),
    ("X-Client-Verify", "X-Client-Cert"),
    ("X-Forwarded-Client-Verify", "X-Forwarded-Client-Cert"),
    ("REDIRECT_SSL_CLIENT_VERIFY", "REDIRECT_SSL_CLIENT_CERT"),
]


@pytest.mark.parametrize("names", HEADERS, ids=lambda names: names[1])
@pytest.mark.parametrize("form", [lambda pem: pem.replace("\n", " "), escaped])
def test_headers_open_nothing(service, holder, names, form):
    headers = {names[0]: "SUCCESS", names[1]: form(holder.pem)}
    with no_new_row(service):
        for client in (None, NO_CERTIFICATE, {}):
            response = est.renew(service, holder, headers=headers, client=client)
            refused(service, response, 403, 4034)
            response = est.post(
                service, "simpleenroll", csr.make("device-1"), headers, "by-cert", client=client
            )
            refused(service, response, 401, 4010)


def test_the_environment_of_the_process_opens_nothing(new_service):
    service = new_service({"DbCSRValidation": RENEWALS}).make().start()
    holder = est.enrolled(service)
    env = {"SSL_CLIENT_VERIFY": "SUCCESS", "SSL_CLIENT_CERT": holder.pem, "HTTPS": "on"}
    service.restart(env=env)
    with no_new_row(service):
        refused(service, est.renew(service, holder, client={}), 403, 4034)
        refused(service, est.renew(service, holder, client={}, https=False), 403, 4033)
    est.certificates(est.renew(service, holder))


def test_plain_http_opens_nothing(service, new_service, holder):
    with no_new_row(service):
        refused(service, est.renew(service, holder, https=False), 403, 4033)
        response = est.renew(service, holder, params={"HTTPS": "off"})
        refused(service, response, 403, 4033)
    lax = new_service({"Server": {"AllowPlainHttp": "true"}, "DbCSRValidation": RENEWALS})
    lax.make().start()
    theirs = est.enrolled(lax)
    with no_new_row(lax):
        refused(lax, est.renew(lax, theirs, https=False), 403, 4034)
        response = est.post(lax, "simpleenroll", csr.make("d"), client=theirs.pem, https=False)
        refused(lax, response, 401, 4010)
    est.certificates(est.enroll(lax, csr.make("d"), https=False))


def test_a_trusted_proxy_never_vouches_for_a_certificate(new_service):
    settings = {"Server": {"TrustedProxies": "192.0.2.10"}, "DbCSRValidation": RENEWALS}
    service = new_service(settings).make().start()
    holder = est.enrolled(service)
    secure = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.1"}
    with no_new_row(service):
        response = est.renew(service, holder, headers=secure, https=False)
        refused(service, response, 403, 4034)
        # the proxy's own certificate is not its clients'
        response = est.renew(service, holder, headers=secure)
        refused(service, response, 403, 4034)
        response = est.post(
            service, "simpleenroll", csr.make("d"), secure, client=holder.pem, https=False
        )
        refused(service, response, 401, 4010)
    est.certificates(est.enroll(service, csr.make("d"), headers=secure, https=False))
    est.certificates(est.renew(service, holder))


def test_accept_verify_results_let_server_certificates_renew(new_service):
    settings = {
        "Server": {"AcceptVerifyResults": PURPOSE},
        "DbCSRValidation": RENEWALS,
    }
    service = new_service(settings).make().start()
    eku = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    holder = est.enrolled(service, extensions=[eku])
    service.run("profile", "set", "default", f"Enroller+=certificate:{holder.fingerprint}")
    service.configure({"Admin": {"Certificates": holder.fingerprint}})
    service.restart()
    purpose = {"SSL_CLIENT_VERIFY": PURPOSE, "SSL_CLIENT_CERT": escaped(holder.pem)}
    renewed = est.Holder.of(est.renew(service, holder, client=purpose), holder.key)
    assert renewed.names() == holder.names()
    with no_new_row(service):
        for verdict in ("FAILED:certificate has expired", PURPOSE + " ", "FAILED"):
            other = {**purpose, "SSL_CLIENT_VERIFY": verdict}
            refused(service, est.renew(service, holder, client=other), 403, 4035)
        # for renewal alone
        response = by_certificate(service, holder, csr.make("device-1"), None, purpose)
        refused(service, response, 403, 4035, "unsuitable certificate purpose")
        # what the web server did not verify is verified here
        forged = Forger(service, csr.new_key("p256")).sign(holder)
        purpose["SSL_CLIENT_CERT"] = escaped(forged.pem)
        refused(service, est.renew(service, forged, client=purpose), 403, 4035, "not issued here")
    purpose["SSL_CLIENT_CERT"] = escaped(holder.pem)
    assert "details" not in service.get("/probe", client=purpose).json()
    assert "details" in service.get("/probe", client=holder.pem).json()
    est.certificates(by_certificate(service, holder, csr.make("device-1"), None, holder.pem))


# what a browser may have been made to send


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain; x=application/pkcs10",
        "application/json",
        "application/pkcs7-mime",
    ],
)
def test_a_certificate_needs_the_protocols_content_type(service, holder, content_type):
    headers = {"Content-Type": content_type}
    with no_new_row(service):
        refused(service, est.renew(service, holder, headers=headers), 415, 4150)
        response = by_certificate(service, holder, csr.make("device-1"), headers=headers)
        refused(service, response, 415, 4150)


@pytest.mark.parametrize(
    "content_type",
    ["application/pkcs10", "Application/PKCS10; charset=utf-8", "application/octet-stream", None],
)
def test_the_content_types_of_clients(service, holder, content_type):
    headers = {"Content-Type": content_type}
    est.certificates(est.renew(service, holder, headers=headers))
    est.certificates(by_certificate(service, holder, csr.make("device-1"), headers=headers))


def test_another_sites_page_cannot_use_a_certificate(service, holder):
    with no_new_row(service):
        for origin in ("https://evil.example", "null", "http://pki.example.com", ""):
            headers = {"Origin": origin}
            response = est.renew(service, holder, headers=headers)
            refused(service, response, 403, 4037)
            response = by_certificate(service, holder, csr.make("device-1"), headers=headers)
            refused(service, response, 403, 4037)
    est.certificates(est.renew(service, holder, headers={"Origin": "https://pki.example.com"}))


# administrators, limits, audit


def test_an_administrators_certificate_shows_details_and_enrolls_nothing(new_service):
    service = new_service({"DbCSRValidation": {"RaProfile": "default"}}).make().start()
    holder, other = est.enrolled(service, "admin"), est.enrolled(service, "other")
    pairs = [holder.fingerprint[i : i + 2].upper() for i in range(0, 64, 2)]
    service.configure({"Admin": {"Certificates": ":".join(pairs)}})
    service.restart()
    probe = lambda **options: service.get("/probe", **options)
    assert probe(client=holder.pem).json()["details"]["database"] == "ok"
    assert "details" not in probe(client=other.pem).json()
    assert "details" not in probe().json()
    failed = {"SSL_CLIENT_VERIFY": PURPOSE, "SSL_CLIENT_CERT": holder.pem}
    plain = {"SSL_CLIENT_VERIFY": "SUCCESS", "SSL_CLIENT_CERT": holder.pem}
    for response in (probe(client=failed), probe(client=plain, https=False)):
        assert response.status == 200 and "details" not in response.json()
    with no_new_row(service):
        response = est.post(service, "simpleenroll", csr.make("admin"), client=holder.pem)
        refused(service, response, 403, 4031)
        refused(service, est.renew(service, holder), 403, 4036)
        assert service.request("POST", "/api/csr", {}, csr.make("admin"), client=holder.pem).status == 401
    revoke(service, holder)
    response = probe(client=holder.pem)
    assert response.status == 403 and response.code() == 4035, response


def test_without_the_database_an_administrator_sees_what_anybody_does(new_service, own_mariadb):
    service = new_service(mariadb=own_mariadb).make().start()
    holder = est.enrolled(service)
    service.configure({"Admin": {"Certificates": holder.fingerprint}})
    service.restart()
    assert "details" in service.get("/probe", client=holder.pem).json()
    own_mariadb.stop()
    gone = lambda: service.get("/probe").status == 503
    process.wait_until(gone, 25, "a probe that notices")
    response = service.get("/probe", client=holder.pem)
    assert response.status == 503 and set(response.json()) == {"status", "failed"}
    refused(service, est.renew(service, holder), 503, 5030, "The database is not available")


def test_the_hourly_limit_is_a_lineages_own(new_service):
    settings = {"DbCSRValidation": RENEWALS, "Limits": {"PerPrincipalPerHour": "2"}}
    service = new_service(settings).make().start()
    first, second = (est.enrolled(service, name) for name in ("a", "b"))
    refused(service, est.enroll(service, csr.make("c")), 429, 4290)
    est.certificates(est.renew(service, first))
    with no_new_row(service):
        response = est.renew(service, first)
        refused(service, response, 429, 4290, "lineage")
        assert int(response.headers["retry-after"]) > 0
    est.certificates(est.renew(service, second))


def test_refusals_of_a_certificate_are_audited_a_few_a_minute(service):
    holder = est.enrolled(service)
    for _ in range(20):
        refused(service, est.renew(service, holder, label="other"), 403, 4031)
    actor = f"certificate:{holder.fingerprint}"
    found = service.sql(f"SELECT action, outcome, object_name FROM audit WHERE actor = '{actor}'")
    assert 1 <= len(found) <= 12  # five a minute and worker, two workers, maybe two minutes
    assert found[0] == ("enroll.refused", "refused", "/.well-known/est/other/simplereenroll")
