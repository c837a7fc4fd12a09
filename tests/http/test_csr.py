"""POST /api/csr: what clients send, what they get, and what is refused with which code."""

import base64
import datetime
import ipaddress
import json
import subprocess
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID

from harness import csr, process

MAX_BODY = 65536
SETTINGS = {"Server": {"MaxBodyBytes": MAX_BODY}}


def request_der(**options):
    return csr.make("device-1", csr.dns("device-1.example.com"), **options)


def issued(response):
    """The certificate of a success, with what every success must look like."""
    assert response.status == 200, response
    assert response.headers["content-type"] == "application/pkix-cert"
    assert int(response.headers["content-length"]) == len(response.body)
    assert response.headers["cache-control"] == "no-store"
    assert len(response.headers["x-request-id"]) == 32
    return x509.load_der_x509_certificate(response.body)


def refused(response, status, code, text=""):
    assert response.status == status, response
    assert response.headers["content-type"].startswith("application/json")
    answer = response.json()
    assert set(answer) == {"errorMessage", "errorCode"}
    assert answer["errorCode"] == code, answer
    assert text in answer["errorMessage"], answer
    return answer["errorMessage"]


def row_of(service, response):
    fingerprint = issued(response).fingerprint(hashes.SHA256()).hex()
    rows = service.sql(
        "SELECT type, source, subject, sans, requester_kind, dropped, status, HEX(serial)"
        f" FROM certificate WHERE fingerprint = UNHEX('{fingerprint}')"
    )
    assert len(rows) == 1
    return rows[0]


def body_forms():
    der = request_der()
    text = base64.b64encode(der)
    pem = csr.pem(der)
    return {
        "der": der,
        "base64 on one line": text,
        "base64 wrapped": base64.encodebytes(der),
        "base64 with CRLF": base64.encodebytes(der).replace(b"\n", b"\r\n"),
        "pem": pem,
        "pem with CRLF": pem.replace(b"\n", b"\r\n"),
        "pem without newlines": pem.replace(b"\n", b""),
        "new pem": csr.pem(der, "NEW CERTIFICATE REQUEST"),
        "new pem without newlines": csr.pem(der, "NEW CERTIFICATE REQUEST").replace(b"\n", b""),
        "pem in white space": b"\n  " + pem + b"\r\n\t\n",
    }


@pytest.mark.parametrize("form", list(body_forms()))
def test_every_body_form_is_issued_without_content_type(service, form):
    response = service.post_csr(body_forms()[form])
    certificate = issued(response)
    assert certificate.subject.rfc4514_string() == "CN=device-1"
    assert row_of(service, response)[:5] == (
        "Static", "API", "CN=device-1", "DNS:device-1.example.com", "application",
    )


@pytest.mark.parametrize("content_type", ["application/octet-stream", "text/html", "application/json"])
def test_the_content_type_is_not_looked_at(service, content_type):
    issued(service.post_csr(request_der(), headers={"Content-Type": content_type}))


def test_the_path_takes_one_slash_at_its_end_and_two_in_front(service):
    bearer = service.double.bearer()
    for path in ("/api/csr", "/api/csr/", "//api/csr"):
        issued(service.request("POST", path, bearer, request_der()))
    refused(service.request("POST", "/api/csr/x", bearer, request_der()), 404, 4041)


def own_certificate():
    key = csr.key()
    name = csr.name("x")
    now = datetime.datetime(2026, 1, 1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now.replace(year=2030))
    return builder.sign(key, hashes.SHA256()), key


def bad_bodies():
    der = request_der()
    certificate, key = own_certificate()
    cms = (
        pkcs7.PKCS7SignatureBuilder()
        .set_data(der)
        .add_signer(certificate, key, hashes.SHA256())
        .sign(serialization.Encoding.DER, [])
    )
    plain = certificate.public_bytes(serialization.Encoding.DER)
    forged = der[:-1] + bytes([der[-1] ^ 1])
    return {
        "empty": (b"", 400, 4001, "empty"),
        "white space": (b" \r\n", 400, 4001, "empty"),
        "truncated der": (der[:-1], 400, 4002, "truncated"),
        "trailing bytes": (der + b"\x00\x00", 400, 4002, "2 bytes after the end"),
        "two requests": (der + der, 400, 4001, "more than one request"),
        "two pem blocks": (csr.pem(der) * 2, 400, 4001, "more than one PEM block"),
        "a certificate": (plain, 400, 4001, "a certificate, not"),
        "a certificate in pem": (csr.pem(plain, "CERTIFICATE"), 400, 4001, "a certificate, not"),
        "cms": (cms, 400, 4001, "CMS"),
        "truncated pem": (csr.pem(der)[:-10], 400, 4002, "truncated"),
        "text": (b"please", 400, 4001, "neither DER nor PEM nor base64"),
        "base64url": (base64.urlsafe_b64encode(der).rstrip(b"="), 400, 4001, ""),
        "forged signature": (forged, 400, 4003, ""),
        "not a request": (bytes.fromhex("30053003020107"), 400, 4002, ""),
        "over the limit": (der + bytes(MAX_BODY + 1 - len(der)), 413, 4006, ""),
        "at the limit": (der + bytes(MAX_BODY - len(der)), 400, 4002, "after the end"),
    }


@pytest.mark.parametrize("case", list(bad_bodies()))
def test_a_bad_body_has_its_own_code_and_text(service, case):
    body, status, code, text = bad_bodies()[case]
    before = service.value("SELECT COUNT(*) FROM certificate")
    refused(service.post_csr(body), status, code, text)
    assert service.value("SELECT COUNT(*) FROM certificate") == before


def test_methods_and_paths(service):
    response = service.get("/api/csr")
    refused(response, 405, 4050)
    assert response.headers["allow"] == "POST"
    refused(service.get("/nothing/here"), 404, 4041)
    refused(service.get("/"), 404, 4041)


@pytest.mark.parametrize(
    "method,path,name",
    [
        ("GET", "/certsrv/mscep/mscep.dll?operation=GetCACaps", "SCEP"),
        ("POST", "/certsrv/mscep/mscep.dll?operation=PKIOperation", "SCEP"),
        ("POST", "/certsrv/mscep/mscep.dll", "SCEP"),
    ],
)
def test_what_is_not_built_says_so(service, method, path, name):
    refused(service.request(method, path), 501, 5010, name)


def test_switched_off_is_404(new_service):
    service = new_service({"DbCSRValidation": {"Enabled": "false"}}).make().start()
    refused(service.post_csr(request_der()), 404, 4040)


def test_a_plain_connection_is_refused_unless_allowed(service, new_service):
    refused(service.post_csr(request_der(), https=False), 403, 4033)
    near = service.post_csr(request_der(), https=False, params={"HTTPS": "off"})
    refused(near, 403, 4033)
    refused(service.post_csr(request_der(), https=False, params={"HTTP_HTTPS": "on"}), 403, 4033)
    allowed = new_service({"Server": {"AllowPlainHttp": "true"}}).make().start()
    issued(allowed.post_csr(request_der(), https=False))


# tokens


@pytest.mark.parametrize(
    "options",
    [
        {"version": 2},
        {"version": 1},
        {"version": 1, "claims": {"aud": "GUID"}},
        {"claims": {"idtyp": None}},
        {"user": "ada@contoso.example"},
        {"user": "ada@contoso.example", "version": 1},
    ],
)
def test_both_versions_audiences_and_kinds_of_token(service, options):
    double = service.double
    claims = dict(options.get("claims", {}))
    if claims.get("aud") == "GUID":
        claims["aud"] = double.application
    token = double.token(**{**options, "claims": claims})
    subject = options.get("user", "device-1")
    response = service.post_csr(csr.make(subject), token)
    kind = "IntuneUser" if "user" in options else "Static"
    assert row_of(service, response)[0] == kind
    assert issued(response).serial_number >> 120 == (0x60 if "user" in options else 0x50)


def test_v1_audience_by_uri(service):
    double = service.double
    token = double.token(version=1, claims={"aud": "api://" + double.application})
    issued(service.post_csr(request_der(), token))
    token = double.token(version=2, claims={"aud": "api://" + double.application})
    refused(service.post_csr(request_der(), token), 401, 4010)


GRAPH = "00000003-0000-0000-c000-000000000000"
OTHER_GUID = "99999999-9999-4999-8999-999999999999"


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": GRAPH},
        {"aud": ["x"]},
        {"iss": "https://login.microsoftonline.com/" + OTHER_GUID + "/v2.0"},
        {"tid": OTHER_GUID},
        {"ver": "3.0"},
        {"exp": 1},
        {"exp": "4102444800"},
        {"exp": None},
        {"nbf": 4102444800},
        {"roles": "CSR.Request.Db"},
        {"scp": "Cert.Enroll"},
        {"cnf": {"kid": "x"}},
        {"nonce": "x"},
        {"idtyp": "user"},
        {"TID": "x"},
    ],
    ids=lambda claims: "-".join(f"{k}" for k in claims),
)
def test_bad_tokens_are_alike(service, claims):
    response = service.post_csr(request_der(), service.double.token(claims=claims))
    text = refused(response, 401, 4010)
    again = service.post_csr(request_der(), "x.y.z")
    assert refused(again, 401, 4010) == text
    assert again.headers["www-authenticate"] == response.headers["www-authenticate"]
    assert 'error="invalid_token"' in response.headers["www-authenticate"]
    assert response.json() == again.json()


def b64url(value):
    return base64.urlsafe_b64encode(value).rstrip(b"=")


def test_alg_none_and_ps256_are_refused(service):
    double = service.double
    claims = double.application_claims(["CSR.Request.Db"])
    for name, sign in {
        "none": lambda key, data: b"",
        "HS256": lambda key, data: b"x" * 32,
        "PS256": lambda key, data: key.sign(
            data, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256()
        ),
    }.items():
        header = dict(double.header(), alg=name)
        text = b64url(json.dumps(header).encode()) + b"." + b64url(json.dumps(claims).encode())
        signature = sign(double.private_key(), text)
        token = (text + b"." + b64url(signature)).decode()
        refused(service.post_csr(request_der(), token), 401, 4010)
    issued(service.post_csr(request_der(), double.sign(claims)))


def test_no_token_is_challenged_without_an_error(service):
    response = service.post_csr(request_der(), "")
    refused(response, 401, 4010)
    challenge = response.headers["www-authenticate"]
    assert challenge.startswith("Bearer realm=") and "error" not in challenge
    assert f"{service.double.tenant}/oauth2/v2.0/authorize" in challenge
    basic = service.post_csr(request_der(), "", {"Authorization": "Basic dXNlcjpwYXNz"})
    assert basic.headers["www-authenticate"] == challenge


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer a b", "Bearer \u00e4"])
def test_a_malformed_authorization_header_is_400(service, header):
    response = service.post_csr(request_der(), "", {"Authorization": header})
    refused(response, 400, 4000)
    assert 'error="invalid_request"' in response.headers["www-authenticate"]


def test_tokens_in_the_url_are_refused(service):
    token = service.double.token()
    response = service.request("POST", f"/api/csr?access_token={token}", {}, request_der())
    refused(response, 400, 4000)
    assert token not in service.log()


def test_the_scheme_is_not_told_by_letter_case(service):
    token = service.double.token()
    issued(service.post_csr(request_der(), "", {"Authorization": f"bearer {token}"}))


def test_a_token_of_12_kb_is_taken(service):
    groups = [f"{i:08x}-1111-4111-8111-111111111111" for i in range(200)]
    token = service.double.token(claims={"groups": groups})
    assert len(token) > 10500
    issued(service.post_csr(request_der(), token))


def test_roles(service):
    refused(
        service.post_csr(request_der(), service.double.token(roles=["Manage.All"])), 403, 4030
    )
    response = service.post_csr(
        request_der(), service.double.token(user="ada@contoso.example", roles=["CSR.Request.Db"])
    )
    refused(response, 403, 4030)
    assert 'error="insufficient_scope"' in response.headers["www-authenticate"]
    refused(service.post_csr(request_der(), service.double.token(roles=["CSR.SelfService"])), 403, 4030)


# policy


def test_weak_keys_and_algorithms(service):
    weak = csr.make("d", private_key=csr.key("rsa1024"))
    refused(service.post_csr(weak), 400, 4004, "1024")
    exponent = csr.make("d", private_key=csr.new_key("rsa2048", 3))
    refused(service.post_csr(exponent), 400, 4004, "exponent")
    p521 = csr.make("d", private_key=csr.key("p521"))
    refused(service.post_csr(p521), 400, 4004)
    issued(service.post_csr(csr.make("d", private_key=csr.key("rsa2048"))))


def test_sha1_is_refused(service, tmp_path):
    done = subprocess.run(
        ["openssl", "req", "-new", "-sha1", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=d",
         "-keyout", str(tmp_path / "key"), "-outform", "DER"],
        capture_output=True, check=True,
    )
    refused(service.post_csr(done.stdout), 400, 4004)


def test_bad_names(service):
    raw = csr.make("device-1", csr.dns("a.example.com"), csr.key("ed25519"))
    assert raw.count(b"a.example.com") == 1
    for old, new, code in [
        (b"a.example.com", b"a.ex\xe4mple.com", 4005),
        (b"a.example.com", b"a.ex\x00mple.com", 4005),
        (b"device-1", b"device\x00\x31", 4005),
    ]:
        assert len(old) == len(new)
        refused(service.post_csr(raw.replace(old, new)), 400, code)
    sid = x509.UniformResourceIdentifier("tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-500")
    refused(service.post_csr(csr.make("d", [sid])), 400, 4005)
    near = x509.UniformResourceIdentifier("tag:microsoft.com,2022-09-14:other")
    issued(service.post_csr(csr.make("d", [near])))


def test_the_sid_extension_is_dropped_noted_and_issued(service):
    body = csr.make("d", extensions=[csr.sid_extension("S-1-5-21-1-2-3-500")])
    response = service.post_csr(body)
    certificate = issued(response)
    assert csr.SID_OID not in [extension.oid for extension in certificate.extensions]
    assert row_of(service, response)[5] == csr.SID_OID.dotted_string
    assert service.log_lines(event="issued", dropped=csr.SID_OID.dotted_string)


def test_every_san_type_of_the_profile(service):
    sans = [
        x509.DNSName("*.example.com"),
        x509.IPAddress(ipaddress.ip_address("192.0.2.1")),
        x509.IPAddress(ipaddress.ip_address("2001:db8::1")),
        x509.UniformResourceIdentifier("urn:device:1"),
        x509.RFC822Name("a@example.com"),
        csr.upn("a@example.com"),
    ]
    certificate = issued(service.post_csr(csr.make("Ger\u00e4t \u2603", sans)))
    value = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(value) == sans
    assert certificate.subject.rfc4514_string() == "CN=Ger\u00e4t \u2603"


def test_a_san_type_or_eku_outside_the_profile_is_refused(service):
    directory = x509.DirectoryName(csr.name("x"))
    refused(service.post_csr(csr.make("d", [directory])), 403, 4031, "other")
    eku = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
    refused(service.post_csr(csr.make("d", extensions=[eku])), 403, 4031, "1.3.6.1.5.5.7.3.9")
    near = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    value = issued(service.post_csr(csr.make("d", extensions=[near]))).extensions
    assert value.get_extension_for_class(x509.ExtendedKeyUsage).value == near


def test_ca_requests_do_not_make_cas(service):
    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    body = csr.make("d", extensions=[(x509.BasicConstraints(True, None), True), (usage, True)])
    certificate = issued(service.post_csr(body))
    extensions = certificate.extensions
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    made = extensions.get_extension_for_class(x509.KeyUsage).value
    assert made.digital_signature and not made.key_cert_sign and not made.crl_sign


def test_too_many_names(service):
    few = [x509.DNSName(f"h{i}.example") for i in range(100)]
    issued(service.post_csr(csr.make("d", few)))
    refused(service.post_csr(csr.make("d", few + csr.dns("x.example"))), 400, 4005, "100")


def test_a_certificate_that_would_be_too_large_is_refused_without_a_row(service):
    uris = [x509.UniformResourceIdentifier(f"urn:{i:03d}:" + "x" * 645) for i in range(99)]
    body = csr.make("d", uris)
    assert 65000 < len(body) <= MAX_BODY
    before = service.value("SELECT COUNT(*) FROM certificate")
    refused(service.post_csr(body), 400, 4005)
    assert service.value("SELECT COUNT(*) FROM certificate") == before
    issued(service.post_csr(csr.make("d", uris[:98])))


def test_a_damaged_ca_row_is_our_fault_not_the_clients(new_service):
    service = new_service().make().start()
    service.run("ca", "renew", "demo")
    service.sql("UPDATE authority_generation SET certificate = 'x' WHERE state = 'active'")
    refuses = lambda: service.post_csr(request_der()).status != 200
    process.wait_until(refuses, 8, "a worker that read the new generation")
    response = service.post_csr(request_der())
    refused(response, 503, 5032)
    assert int(response.headers["retry-after"]) > 0


def test_a_profile_change_counts_within_a_second(service):
    issued(service.post_csr(request_der()))
    service.run("profile", "set", "default", "Enabled=false")
    try:
        time.sleep(1.1)  # what is tested is that no worker goes on longer than its cache lasts
        for _ in range(8):
            refused(service.post_csr(request_der()), 503, 5032)
    finally:
        service.run("profile", "set", "default", "Enabled=true")
    enrolls = lambda: service.post_csr(request_der()).status == 200
    process.wait_until(enrolls, 3, "the profile in use again")


# self-service


def user_token(service, **claims):
    return service.double.token(user="ada@contoso.example", claims=claims)


def test_self_service_issues_for_the_callers_own_upn(service):
    upn = "ada@contoso.example"
    sans = [csr.upn("ADA@contoso.example"), x509.RFC822Name(upn)]
    certificate = issued(service.post_csr(csr.make(upn, sans), user_token(service)))
    eku = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(eku) == [ExtendedKeyUsageOID.CLIENT_AUTH]


@pytest.mark.parametrize(
    "subject,sans,claims,text",
    [
        ("eve@contoso.example", [], {}, "common name"),
        ("ada@contoso.example", [csr.upn("eve@contoso.example")], {}, "UPN"),
        ("ada@contoso.example", [x509.RFC822Name("eve@contoso.example")], {}, "e-mail"),
        ("ada@contoso.example", csr.dns("www.contoso.example"), {}, "dns"),
        ("3f2504e0-4f89-11d3-9a0c-0305e82c3301", [], {}, "device ownership cannot be checked yet"),
        (
            "ada@contoso.example",
            [x509.UniformResourceIdentifier("IntuneDeviceId://3f2504e0-4f89-11d3-9a0c-0305e82c3301")],
            {},
            "device ownership cannot be checked yet",
        ),
        ("ada@contoso.example", [], {"idp": "https://sts.windows.net/other/"}, "guests"),
        ("ada@contoso.example", [], {"acct": 1}, "guests"),
        ("ada@contoso.example", [], {"upn": None}, "upn claim"),
        ("ada@contoso.example", [], {"upn": None, "preferred_username": "ada@contoso.example"}, "upn claim"),
    ],
)
def test_self_service_refuses(service, subject, sans, claims, text):
    response = service.post_csr(csr.make(subject, sans), user_token(service, **claims))
    refused(response, 403, 4032, text)


def test_refusals_are_audited_a_few_a_minute(service):
    oid = "77777777-7777-4777-8777-777777777777"
    for _ in range(20):
        token = service.double.token(user="ada@contoso.example", oid=oid)
        refused(service.post_csr(csr.make("eve"), token), 403, 4032)
    actor = f"{service.double.tenant}/{oid}"
    rows = service.sql(f"SELECT action, outcome, detail FROM audit WHERE actor = '{actor}'")
    assert 1 <= len(rows) <= 20 // 2 + 2  # five a minute and worker, two workers
    assert rows[0][:2] == ("enroll.refused", "refused") and "self-service" in rows[0][2]


def slot_of(text):
    value = 0xCBF29CE484222325
    for octet in text.encode():
        value = (value ^ octet) * 0x100000001B3 % 2**64
    return value % 64


def test_principals_that_take_turns_are_audited_no_more_than_one_after_the_other(service):
    """Two that a table of 64 places would put into the same one, each pushing the other out."""
    tenant, found = service.double.tenant, {}
    for i in range(200):
        oid = f"77777777-7777-4777-8777-{i:012d}"
        found.setdefault(slot_of(tenant + oid), []).append(oid)
    pair = next(each for each in found.values() if len(each) > 1)[:2]
    tokens = [service.double.token(user="ada@contoso.example", oid=oid) for oid in pair]
    for token in tokens * 40:
        refused(service.post_csr(csr.make("eve"), token), 403, 4032)
    for oid in pair:
        rows = service.value(f"SELECT COUNT(*) FROM audit WHERE actor = '{tenant}/{oid}'")
        assert 1 <= int(rows) <= 20  # five a minute and worker, two workers, maybe two minutes


def test_self_service_gets_client_authentication_alone(service):
    eku = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH])
    body = csr.make("ada@contoso.example", extensions=[eku])
    refused(service.post_csr(body, user_token(service)), 403, 4032)
    near = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    issued(service.post_csr(csr.make("ada@contoso.example", extensions=[near]), user_token(service)))


def test_self_service_may_allow_other_names(new_service):
    service = new_service({"SelfService": {"AllowOtherNames": "true"}}).make().start()
    body = csr.make("ada@contoso.example", csr.dns("www.contoso.example"))
    issued(service.post_csr(body, user_token(service)))


# validity, limits, repeats


@pytest.mark.parametrize("units,days", [(10, 10), (10000, 200)])
def test_a_requested_validity_can_only_shorten(service, units, days):
    body = csr.with_validity("Days", units)
    certificate = issued(service.post_csr(body))
    lifetime = certificate.not_valid_after - certificate.not_valid_before
    assert lifetime.days == days + 1  # back-dated by a day


def test_the_hourly_limit_is_a_principals_own(new_service):
    service = new_service({"Limits": {"PerPrincipalPerHour": "3"}}).make().start()
    for _ in range(3):
        issued(service.post_csr(request_der(), service.double.token(oid=OTHER_GUID)))
    response = service.post_csr(request_der(), service.double.token(oid=OTHER_GUID))
    refused(response, 429, 4290)
    assert int(response.headers["retry-after"]) > 0
    issued(service.post_csr(request_der()))


def test_the_limit_of_unexpired_certificates(new_service):
    service = new_service({"Limits": {"UnexpiredPerPrincipal": "2"}}).make().start()
    for _ in range(2):
        issued(service.post_csr(request_der()))
    refused(service.post_csr(request_der()), 429, 4290)


def test_the_same_csr_gets_the_earlier_certificate_within_the_window(new_service):
    service = new_service({"Limits": {"SameCsrMinutes": "10"}}).make().start()
    body = request_der()
    first = service.post_csr(body)
    issued(first)
    assert service.post_csr(csr.pem(body)).body == first.body
    assert issued(service.post_csr(csr.make("device-2"))).serial_number != issued(first).serial_number
    other = service.post_csr(body, service.double.token(oid=OTHER_GUID))
    assert issued(other) and other.body != first.body
    assert service.value("SELECT COUNT(*) FROM certificate") == "3"
    service.run("ca", "renew", "demo")
    renewed = lambda: service.post_csr(body).body != first.body
    process.wait_until(renewed, 8, "a certificate of the new generation")
    assert service.post_csr(body[:-1]).status == 400


def test_without_the_window_each_request_is_a_new_certificate(service):
    body = request_der()
    assert service.post_csr(body).body != service.post_csr(body).body


# logs


def test_the_log_tells_the_reason_and_no_secret(service):
    token = service.double.token(claims={"aud": GRAPH})
    response = service.post_csr(request_der(), token)
    lines = service.log_lines(req=response.headers["x-request-id"])
    assert [line["event"] for line in lines] == ["request"]
    assert lines[0]["status"] == "401" and lines[0]["code"] == "4010"
    assert "aud" in lines[0]["reason"]
    for part in token.split("."):
        assert part not in service.log()


def test_the_request_id_is_ours(service):
    mine = "0" * 32
    response = service.post_csr(request_der(), headers={"X-Request-Id": mine})
    assert response.headers["x-request-id"] != mine


def test_log_lines_cannot_be_forged(service):
    service.get("/x%0Ats=2026-01-01T00:00:00.000Z%20event=issued%20serial=1")
    assert not service.log_lines(event="issued", serial="1")
