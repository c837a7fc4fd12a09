"""The issued certificate, field by field, as openssl and certtool read it."""

import datetime
import re
import subprocess
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import AuthorityInformationAccessOID as Access
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from harness import csr, process

CA_KEYS = ["rsa2048", "rsa3072", "rsa4096", "p256", "p384", "ed25519"]
SUBJECT_KEYS = ["rsa2048", "p256", "p384", "ed25519"]
SIGNATURES = {
    "rsa2048": ("sha256WithRSAEncryption", "RSA-SHA256"),
    "rsa3072": ("sha256WithRSAEncryption", "RSA-SHA256"),
    "rsa4096": ("sha256WithRSAEncryption", "RSA-SHA256"),
    "p256": ("ecdsa-with-SHA256", "ECDSA-SHA256"),
    "p384": ("ecdsa-with-SHA384", "ECDSA-SHA384"),
    "ed25519": ("ED25519", "EdDSA-Ed25519"),
}


@pytest.fixture(scope="module", params=CA_KEYS)
def ca(request, mariadb, double):
    """A service whose CA has this key type."""
    from harness.service import Service

    service = Service(mariadb, double)
    try:
        service.make(request.param).start()
        service.ca_key = request.param
        yield service
    finally:
        service.destroy()


def tool(argv, data):
    done = subprocess.run(argv, input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def openssl_text(der):
    return tool(["openssl", "x509", "-inform", "DER", "-noout", "-text", "-nameopt", "RFC2253"], der)


def certtool_text(der):
    return tool(["certtool", "--inder", "--certificate-info"], der)


def enroll(service, kind, **options):
    body = csr.make("device-1", csr.dns("device-1.example.com"), csr.key(kind), **options)
    response = service.post_csr(body)
    assert response.status == 200, response
    return response.body


def verify(tmp_path, leaf, *trusted, untrusted=()):
    for name, parts in (("ca.pem", trusted), ("untrusted.pem", untrusted)):
        (tmp_path / name).write_text("".join(parts))
    pem = x509.load_der_x509_certificate(leaf)
    (tmp_path / "leaf.pem").write_bytes(csr.pem(leaf, "CERTIFICATE"))
    del pem
    argv = ["openssl", "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile"]
    argv += [str(tmp_path / "ca.pem")]
    if untrusted:
        argv += ["-untrusted", str(tmp_path / "untrusted.pem")]
    done = subprocess.run(
        [*argv, str(tmp_path / "leaf.pem")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("kind", SUBJECT_KEYS)
def test_every_field_by_independent_parsers(ca, kind, tmp_path):
    leaf = enroll(ca, kind)
    ca_pem = ca.ca_pem()
    verify(tmp_path, leaf, ca_pem)
    openssl, gnutls = openssl_text(leaf), certtool_text(leaf)
    names = SIGNATURES[ca.ca_key]
    assert f"Signature Algorithm: {names[0]}" in openssl
    assert f"Signature Algorithm: {names[1]}" in gnutls
    for text in (openssl, gnutls):
        assert re.search(r"Version: 3", text)
        assert re.search(r"Issuer: CN ?= ?Test CA demo", text)
        assert re.search(r"Subject: CN ?= ?device-1", text)
        assert "DNS:device-1.example.com" in text or "DNSname: device-1.example.com" in text
        assert "https://pki.example.com/ca/demo-1" in text
        assert "http://pki.example.com/ca/demo-1" in text
        assert "http://pki.example.com/ocsp" in text
        assert "crl" not in text
    assert "CA:FALSE" in openssl and "TLS WWW Client" in gnutls


@pytest.mark.parametrize("kind", SUBJECT_KEYS)
def test_the_extensions_and_their_criticality(ca, kind):
    certificate = x509.load_der_x509_certificate(enroll(ca, kind))
    issuer = x509.load_pem_x509_certificate(ca.ca_pem().encode())
    critical = {extension.oid: extension.critical for extension in certificate.extensions}
    assert critical == {
        ExtensionOID.BASIC_CONSTRAINTS: True,
        ExtensionOID.KEY_USAGE: True,
        ExtensionOID.EXTENDED_KEY_USAGE: False,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER: False,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER: False,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME: False,
        ExtensionOID.AUTHORITY_INFORMATION_ACCESS: False,
    }
    value = lambda kind: certificate.extensions.get_extension_for_class(kind).value
    usage = value(x509.KeyUsage)
    assert usage.digital_signature and usage.key_encipherment == (kind == "rsa2048")
    assert list(value(x509.ExtendedKeyUsage)) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    key_id = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    authority = value(x509.AuthorityKeyIdentifier)
    assert authority.key_identifier == key_id and authority.authority_cert_serial_number is None
    access = [(a.access_method, a.access_location.value) for a in value(x509.AuthorityInformationAccess)]
    assert access == [
        (Access.CA_ISSUERS, "https://pki.example.com/ca/demo-1"),
        (Access.CA_ISSUERS, "http://pki.example.com/ca/demo-1"),
        (Access.OCSP, "http://pki.example.com/ocsp"),
    ]


def test_serial_and_dates(ca):
    seen = set()
    for _ in range(5):
        certificate = x509.load_der_x509_certificate(enroll(ca, "p256"))
        serial = certificate.serial_number.to_bytes(16, "big")
        assert serial[0] == 0x50
        seen.add(serial)
        now = datetime.datetime.utcnow()
        start, end = certificate.not_valid_before, certificate.not_valid_after
        issuer = x509.load_pem_x509_certificate(ca.ca_pem().encode())
        assert start >= issuer.not_valid_before
        assert abs((now - start).total_seconds() - 86400) < 120 or start == issuer.not_valid_before
        assert abs((end - now).total_seconds() - 200 * 86400) < 120
    assert len(seen) == 5


def test_the_ca_certificate_itself(ca):
    pem = ca.ca_pem()
    certificate = x509.load_pem_x509_certificate(pem.encode())
    assert certificate.serial_number.to_bytes(16, "big")[0] == 0x10
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical and constraints.value.ca and constraints.value.path_length == 0
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical and usage.value.key_cert_sign and usage.value.crl_sign
    for path in ("/ca", "/ca/demo-1"):
        response = ca.get(path, https=False)
        assert response.status == 200 and response.headers["content-type"] == "application/pkix-cert"
        assert response.body == certificate.public_bytes(serialization_der())
    assert ca.get("/ca/demo-9").status == 404


def serialization_der():
    from cryptography.hazmat.primitives.serialization import Encoding

    return Encoding.DER


def test_an_empty_subject_makes_the_san_critical(ca):
    body = csr.make(csr.name(), csr.dns("only.example.com"))
    response = ca.post_csr(body)
    assert response.status == 200, response
    certificate = x509.load_der_x509_certificate(response.body)
    assert not list(certificate.subject)
    assert certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).critical


def test_the_row_is_the_certificate(ca):
    leaf = enroll(ca, "p256")
    certificate = x509.load_der_x509_certificate(leaf)
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex().upper()
    row = ca.sql(
        "SELECT HEX(serial), HEX(der), common_name, key_type, key_bits, status,"
        " DATE_FORMAT(not_after, '%Y-%m-%d %H:%i:%s'), LENGTH(csr_hash), remote_address"
        f" FROM certificate WHERE fingerprint = UNHEX('{fingerprint}')"
    )
    assert row == [(
        f"{certificate.serial_number:032X}", leaf.hex().upper(), "device-1", "p256", "256", "good",
        certificate.not_valid_after.strftime("%Y-%m-%d %H:%M:%S"), "32", "192.0.2.10",
    )]


def test_a_cdp_where_the_profile_wants_it(ca):
    ca.run("profile", "set", "default", "AddCdp=true")
    time.sleep(1.1)  # every worker has read it by then
    try:
        certificate = x509.load_der_x509_certificate(enroll(ca, "p256"))
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        assert points[0].full_name[0].value == "http://pki.example.com/crl/demo-1.crl"
    finally:
        ca.run("profile", "set", "default", "AddCdp=false")


def test_a_rekeyed_ca_issues_from_its_new_generation(mariadb, double, new_service, tmp_path):
    service = new_service()
    service.make("p256").start()
    old_leaf, old_ca = enroll(service, "p256"), service.ca_pem("demo-1")
    service.run("ca", "rekey", "demo", "--key", "p384", "--key-file", service.path("demo-2.key"))
    assert issuer_of(enroll(service, "p256")) == key_id(old_ca)  # pending: not in use yet
    service.run("ca", "activate", "demo-2")
    time.sleep(1.1)
    new_leaf, new_ca = enroll(service, "p256"), service.ca_pem("demo-2")
    assert issuer_of(new_leaf) == key_id(new_ca) != key_id(old_ca)
    assert "https://pki.example.com/ca/demo-2" in openssl_text(new_leaf)
    verify(tmp_path, old_leaf, old_ca)
    verify(tmp_path, new_leaf, new_ca)
    for path, pem in (("/ca/demo-1", old_ca), ("/ca/demo-2", new_ca)):
        assert csr.pem(service.get(path).body, "CERTIFICATE").decode() == pem
    assert service.get("/ca").body == service.get("/ca/demo-2").body
    bundle = service.run("ca", "export", "demo-2", "--cross").stdout
    cross = bundle[bundle.rindex("-----BEGIN") :]  # behind the CA's own certificate
    verify(tmp_path, new_leaf, old_ca, untrusted=[cross])


def issuer_of(leaf):
    certificate = x509.load_der_x509_certificate(leaf)
    return certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier


def key_id(pem):
    certificate = x509.load_pem_x509_certificate(pem.encode())
    return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest


def test_not_after_never_beyond_the_issuers(new_service):
    service = new_service()
    service.make(ca_key=None)
    service.ca_init("short", "p256", "--days", "20")
    service.start()
    certificate = x509.load_der_x509_certificate(enroll(service, "p256"))
    issuer = x509.load_pem_x509_certificate(service.ca_pem("short").encode())
    assert certificate.not_valid_after == issuer.not_valid_after
    service.run("profile", "set", "default", "MinRemainingDays=30")
    time.sleep(1.1)
    response = service.post_csr(csr.make("d"))
    assert response.status == 503 and response.code() == 5032, response
    assert int(response.headers["retry-after"]) > 0
    service.run("profile", "set", "default", "MinRemainingDays=10")
    enrolls = lambda: service.post_csr(csr.make("d")).status == 200
    process.wait_until(enrolls, 8, "the looser rule")
