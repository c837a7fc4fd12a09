"""EST through every web server: enrolling by token, renewing by mTLS, and everything refused."""

import base64
import re

import fronts
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID
from harness import csr, forge, tls
from harness.webserver import CurlFailed

SETTINGS = {
    "DbCSRValidation": {
        "AllowRenewals": "true",
        "ReenrollmentAllowedCertificateTypes": "Static",
        "RaProfile": "default",
    }
}
# Open to whoever has a certificate of the profile default.
OTHER = ("--authority", "demo", "other", "Enroller+=ra_profile:default")
EST = "/.well-known/est"
PKCS10 = ("-H", "Content-Type: application/pkcs10")
SERVER_AUTH = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])


@pytest.fixture(scope="module", params=fronts.NAMES, name="front")
def fixture_front(request, mariadb, double):
    service, web = fronts.make(request.param, mariadb, double, SETTINGS)
    service.run("profile", "create", *OTHER)
    yield request.param, service, web
    fronts.close(service, web)


@pytest.fixture(name="service")
def fixture_service(front):
    return front[1]


@pytest.fixture(name="web")
def fixture_web(front):
    return front[2]


def leaf_of(answer):
    """The one certificate of an EST answer, whose form every client can read."""
    assert answer.status == 200, answer
    assert answer.headers["content-type"].split(";")[0] == "application/pkcs7-mime"
    assert answer.headers["content-length"] == str(len(answer.body))
    assert "transfer-encoding" not in answer.headers
    assert re.fullmatch(rb"[A-Za-z0-9+/]+={0,2}", answer.body)
    (leaf,) = pkcs7.load_der_pkcs7_certificates(base64.b64decode(answer.body))
    return leaf


def enroll(service, web, body=None, words=(), path=f"{EST}/simpleenroll", token=None):
    body = body or csr.make("device-1", csr.dns("device-1.example.com"))
    token = token or service.double.token()
    return web.post_csr(body, token, *PKCS10, *words, path=path)


def renew(web, certificate, key, body=None, words=PKCS10, base=None, path=f"{EST}/simplereenroll"):
    body = body or csr.make("whoever", private_key=key)
    client = tls.curl_words(web, "client", [certificate], key)
    return web.get(path, *client, *words, base=base, body=body)


def rows(service):
    return int(service.value("SELECT COUNT(*) FROM certificate"))


def extension(certificate, kind):
    return certificate.extensions.get_extension_for_class(kind)


def new_certificate(service, web, kind="p256", sans=None, more=(), name=None):
    """A certificate and its key, enrolled through the web server."""
    key = csr.new_key(kind)
    name = name if name is not None else csr.name("device-1", ORGANIZATION_NAME="Contoso")
    sans = csr.dns("device-1.example.com") + [csr.upn("ada@contoso.example")] if sans is None else sans
    return leaf_of(enroll(service, web, csr.make(name, sans, key, more))), key


# enrolling


def test_cacerts_gives_the_one_ca_and_csrattrs_what_it_wants(service, web):
    for base in (web.https, web.public):
        answer = web.get(f"{EST}/cacerts", base=base)
        assert answer.headers["content-type"] == "application/pkcs7-mime"
        assert leaf_of(answer) == forge.ca_certificate(service)
        assert leaf_of(web.get(f"{EST}/default/cacerts", base=base)) == forge.ca_certificate(service)
    answer = web.get(f"{EST}/csrattrs")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/csrattrs")
    assert base64.b64decode(answer.body, validate=True)[:1] == b"\x30"


def body_forms():
    der = csr.make("device-1", csr.dns("device-1.example.com"))
    pem = csr.pem(der)
    text = b"".join(pem.splitlines()[1:-1])
    return {
        "der": der,
        "pem": pem,
        "pem squeezed to one line": pem.replace(b"\n", b""),
        "pem with CRLF": pem.replace(b"\n", b"\r\n"),
        "pem of the old kind": csr.pem(der, "NEW CERTIFICATE REQUEST"),
        "base64 on one line": text,
        "base64 wrapped": b"\r\n".join(text[i : i + 64] for i in range(0, len(text), 64)) + b"\r\n",
    }


@pytest.mark.parametrize("slashes", ["", "/"])
@pytest.mark.parametrize("form", list(body_forms()))
def test_each_body_form_is_enrolled_and_renews(service, web, form, slashes):
    body = body_forms()[form]
    leaf = leaf_of(enroll(service, web, body, path=f"{slashes}{EST}/simpleenroll"))
    assert leaf.subject.rfc4514_string() == "CN=device-1"
    again = renew(web, leaf, csr.key(), body, path=f"{slashes}{EST}/simplereenroll")
    assert leaf_of(again).subject == leaf.subject


@pytest.mark.parametrize("header", ["Transfer-Encoding: chunked", "Expect: 100-continue", "Content-Type:"])
def test_how_the_body_is_sent_does_not_matter(service, web, header):
    leaf = leaf_of(enroll(service, web, words=("--http1.1", "-H", header)))
    words = (*PKCS10, "--http1.1", "-H", header) if "Type" not in header else ("-H", header)
    leaf_of(renew(web, leaf, csr.key(), words=words))


def test_a_token_of_12_kb_enrolls(service, web):
    guids = [f"{i:08x}-7f5e-4a57-9c7b-0d6f4f1f9f10" for i in range(215)]
    token = service.double.token(claims={"groups": guids})
    assert len(token) > 11_500
    leaf_of(enroll(service, web, token=token))


def test_a_label_is_a_profiles_name(service, web):
    leaf_of(enroll(service, web, path=f"{EST}/default/simpleenroll"))
    for path in ("nobody", "x" * 300):
        assert enroll(service, web, path=f"{EST}/{path}/simpleenroll").status == 403


def test_without_a_credential_nobody_enrolls(service, web):
    before = rows(service)
    answer = web.get(f"{EST}/simpleenroll", *PKCS10, body=csr.make("a"))
    assert answer.status == 401 and answer.headers["www-authenticate"].startswith("Bearer ")
    assert answer.headers["content-type"].startswith("text/plain")
    for base in (web.https, web.public):
        answer = web.get(f"{EST}/simplereenroll", *PKCS10, base=base, body=csr.make("a"))
        assert answer.status == 403, answer
    assert rows(service) == before


# renewing

CHANGES = {
    "same key": ("p256", None),
    "new key": ("p256", "p256"),
    "RSA to P-256": ("rsa2048", "p256"),
    "P-256 to RSA": ("p256", "rsa2048"),
}


def requests(key):
    """What clients send when they renew, and what an attacker would."""
    other_use = [x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])]
    return [
        csr.make("Contoso", [csr.upn("")], key),
        csr.make("device-1", (), key),
        csr.make("admin", csr.dns("admin.example.com"), key, other_use),
    ]


@pytest.mark.parametrize("change", list(CHANGES))
def test_renewing_keeps_subject_san_and_eku_whatever_the_request_says(service, web, change):
    old_kind, new_kind = CHANGES[change]
    old, key = new_certificate(service, web, old_kind)
    serials = {old.serial_number}
    for number, body_key in enumerate([csr.new_key(new_kind) if new_kind else key] * 2):
        for body in requests(body_key):
            leaf = leaf_of(renew(web, old, key, body))
            assert leaf.subject.public_bytes() == old.subject.public_bytes()
            for kind in (x509.SubjectAlternativeName, x509.ExtendedKeyUsage):
                assert extension(leaf, kind).value.public_bytes() == extension(old, kind).value.public_bytes()
            assert leaf.public_key().public_numbers() == body_key.public_key().public_numbers()
            usage = extension(leaf, x509.KeyUsage).value
            assert usage.digital_signature
            assert usage.key_encipherment == (old_kind == "rsa2048" and new_kind is None)
            serials.add(leaf.serial_number)
    assert len(serials) == 1 + (number + 1) * 3
    where = f"fingerprint = UNHEX('{old.fingerprint(hashes.SHA256()).hex()}')"
    assert service.value(f"SELECT renewals FROM certificate WHERE {where}") == "6"
    assert (
        service.value(
            "SELECT COUNT(*) FROM certificate n JOIN certificate o ON n.renewed_from = o.id"
            f" AND n.lineage = o.lineage WHERE o.{where}"
        )
        == "6"
    )


def test_a_certificate_without_alternative_names_renews(service, web):
    old, key = new_certificate(service, web, sans=())
    for body in requests(key):
        leaf = leaf_of(renew(web, old, key, body))
        assert leaf.subject == old.subject
        with pytest.raises(x509.ExtensionNotFound):
            extension(leaf, x509.SubjectAlternativeName)


def test_what_was_renewed_renews(service, web):
    leaf, key = new_certificate(service, web)
    for kind in ("p256", "rsa2048", "p256"):
        new = csr.new_key(kind)
        leaf, key = leaf_of(renew(web, leaf, key, csr.make("x", private_key=new))), new
    assert isinstance(leaf.public_key(), ec.EllipticCurvePublicKey)


def test_a_serverauth_only_certificate_renews_through_nginx_alone(front):
    name, service, web = front
    old, key = new_certificate(service, web, more=[SERVER_AUTH])
    before = rows(service)
    try:
        answer = renew(web, old, key, csr.make("x", private_key=csr.new_key()))
    except CurlFailed as failure:
        assert name.startswith("apache") and refused_in_handshake(failure)
        assert rows(service) == before
        return
    if name == "nginx":
        assert extension(leaf_of(answer), x509.ExtendedKeyUsage).value == SERVER_AUTH
        # It renews and does nothing else.
        assert renew(web, old, key, path=f"{EST}/simpleenroll").status in (401, 403)
        assert rows(service) == before + 1
    else:
        assert (answer.status, rows(service)) == (403, before), answer


# refusing


def refused_in_handshake(failure):
    """curl saw an alert in the handshake, or (TLS 1.3) when it read the answer."""
    return re.search(r"curl (35|52|55|56)\b", str(failure))


def status_of(service, certificate, status):
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex()
    with_serial = f"{certificate.serial_number:X}"
    words = {"revoked": (), "hold": ("--hold",), "keyCompromise": ("--reason", "keyCompromise")}
    service.run("cert", "revoke", *words[status], with_serial)
    assert service.value(
        f"SELECT status FROM certificate WHERE fingerprint = UNHEX('{fingerprint}')"
    ) == ("hold" if status == "hold" else "revoked")


def revoked(service, web):
    old, key = new_certificate(service, web)
    status_of(service, old, "revoked")
    return old, key, b"was revoked"


def on_hold(service, web):
    old, key = new_certificate(service, web)
    status_of(service, old, "hold")
    return old, key, b"is on hold"


def expired(service, web):
    old, key = new_certificate(service, web)
    return forge.expired(service, old), key, b"has expired"


def foreign(service, web):
    del service, web
    other = csr.new_key()
    return tls.certificate("device-1", "Other CA", other, [tls.CLIENT]), csr.key(), b"was not issued here"


def not_on_record(service, web):
    """The same names and serial number, signed by the CA's own key: still not what was issued."""
    old, key = new_certificate(service, web)
    return forge.again(service, old), key, b"was not issued here"


def compromised_lineage(service, web):
    first, key = new_certificate(service, web)
    second_key = csr.new_key()
    second = leaf_of(renew(web, first, key, csr.make("x", private_key=second_key)))
    status_of(service, first, "keyCompromise")
    return second, second_key, b"keyCompromise"


def of_another_type(service, web):
    old, key = new_certificate(service, web)
    fingerprint = old.fingerprint(hashes.SHA256()).hex()
    service.sql(
        f"UPDATE certificate SET type = 'IntuneUser' WHERE fingerprint = UNHEX('{fingerprint}')"
    )
    return old, key, b"type IntuneUser are not renewed"


def the_ca_itself(service, web):
    del web
    return forge.ca_certificate(service), forge.ca_key(service), b"was not issued here"


REFUSALS = [
    revoked, on_hold, expired, foreign, not_on_record, compromised_lineage, of_another_type, the_ca_itself
]  # fmt: skip


# What OpenSSL in the web servers refuses as well: Apache ends the handshake itself, lighttpd hands
# over no certificate that it could not verify, nginx its own verdict.
BY_THE_SERVER = (expired, foreign, the_ca_itself)


@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: case.__name__)
def test_what_may_not_renew_does_not(front, case):
    name, service, web = front
    certificate, key, reason = case(service, web)
    before = rows(service)
    try:
        answer = renew(web, certificate, key, csr.make("x", private_key=csr.new_key()))
    except CurlFailed as failure:
        assert name.startswith("apache") and case in BY_THE_SERVER, failure
        assert refused_in_handshake(failure)
    else:
        assert not (name.startswith("apache") and case in BY_THE_SERVER)
        assert answer.status == 403, answer
        assert answer.headers["content-type"].startswith("text/plain")
        if case not in BY_THE_SERVER:
            assert reason in answer.body, answer
    assert rows(service) == before
    if name == "apache fcgid":
        return
    # Straight to the socket, as if the web server had let it pass.
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    answer = service.request(
        "POST", f"{EST}/simplereenroll", {"Content-Type": "application/pkcs10"}, csr.make("x"), client=pem
    )
    assert answer.status == 403 and reason in answer.body, answer
    assert rows(service) == before


def test_a_key_that_was_revoked_as_compromised_is_not_certified(service, web):
    lost, lost_key = new_certificate(service, web)
    other, key = new_certificate(service, web)
    status_of(service, lost, "keyCompromise")
    before = rows(service)
    answer = renew(web, other, key, csr.make("x", private_key=lost_key))
    assert answer.status == 403 and b"keyCompromise" in answer.body, answer
    assert rows(service) == before
    leaf_of(renew(web, other, key))


def test_only_the_recorded_profile_renews(service, web):
    old, key = new_certificate(service, web)
    before = rows(service)
    assert renew(web, old, key, path=f"{EST}/other/simplereenroll").status == 403
    assert renew(web, old, key, path=f"{EST}/nobody/simplereenroll").status == 403
    assert rows(service) == before
    leaf_of(renew(web, old, key, path=f"{EST}/default/simplereenroll"))
    leaf_of(renew(web, old, key))


def test_another_profiles_certificates_enroll_where_they_are_listed(service, web):
    old, key = new_certificate(service, web, sans=csr.dns("device-1.example.com"), name="device-1")

    def asked(name, label="other"):
        body = csr.make("device-1", csr.dns(name), csr.new_key())
        return renew(web, old, key, body, path=f"{EST}/{label}/simpleenroll")

    assert leaf_of(asked("device-1.example.com")).subject == old.subject
    before = rows(service)
    assert asked("device-2.example.com").status == 403
    assert asked("device-1.example.com", "default").status == 403
    assert rows(service) == before


# what only looks like a certificate

LOOK_ALIKES = [
    "SSL-Client-Cert", "SSL_CLIENT_CERT", "X-SSL-Client-Cert", "X_SSL_CLIENT_CERT", "Ssl-Client-Escaped-Cert",
    "X-Client-Cert", "X-ARR-ClientCert", "Client-Cert", "X-Forwarded-Client-Cert", "HTTP_SSL_CLIENT_CERT",
    "REDIRECT_SSL_CLIENT_CERT", "Proxy-SSL-Client-Cert",
]  # fmt: skip


def test_headers_are_no_certificate(service, web):
    old, _ = new_certificate(service, web)
    pem = old.public_bytes(serialization.Encoding.PEM).decode()
    one_line = pem.replace("\n", " ").strip()
    escaped = pem.replace("\n", "%0A").replace(" ", "%20")
    before = rows(service)
    for header in LOOK_ALIKES:
        for value in (one_line, escaped):
            verify = header.replace("CERT", "VERIFY").replace("Cert", "Verify")
            words = [*PKCS10, "-H", f"{header}: {value}", "-H", f"{verify}: SUCCESS", "-H", "HTTPS: on",
                     "-H", "X-Forwarded-Proto: https", "-H", "SSL-Client-Verify: SUCCESS",
                     "-H", "SSL_CLIENT_VERIFY: SUCCESS"]  # fmt: skip
            for base in (web.https, web.public, web.http):
                answer = web.get(f"{EST}/simplereenroll", *words, base=base, body=csr.make("x"))
                assert answer.status in (400, 403), (header, answer)
    assert rows(service) == before


def test_where_no_certificate_is_asked_for_none_counts(service, web):
    old, key = new_certificate(service, web)
    before = rows(service)
    assert renew(web, old, key, base=web.public).status == 403
    assert renew(web, old, key, base=web.http).status == 403
    assert rows(service) == before
    leaf_of(renew(web, old, key))


def test_what_a_browsers_form_can_send_does_not_renew(service, web):
    old, key = new_certificate(service, web)
    before = rows(service)
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        assert renew(web, old, key, words=("-H", f"Content-Type: {kind}")).status == 415
    answer = renew(web, old, key, words=(*PKCS10, "-H", "Origin: https://evil.example"))
    assert answer.status == 403
    assert rows(service) == before
    leaf_of(renew(web, old, key, words=(*PKCS10, "-H", "Origin: https://pki.example.com")))


def test_ca_certificate_is_where_scepmans_shell_client_looks(service, web):
    path = "/certsrv/mscep/mscep.dll/pkiclient.exe?operation="
    for base in (web.http, web.public, web.https):
        answer = web.get(path + "GetCACert", *PKCS10, base=base)
        assert answer.headers["content-type"] == "application/x-x509-ca-cert"
        assert x509.load_der_x509_certificate(answer.body) == forge.ca_certificate(service)
        assert web.get(path + "GetCACaps", base=base).status == 501
