"""EST clients that others wrote, against lighttpd: strongSwan's pki and Bouncy Castle."""

import base64
import os
import subprocess

import fronts
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from harness import csr, forge, process

SETTINGS = {
    "DbCSRValidation": {
        "AllowRenewals": "true",
        "ReenrollmentAllowedCertificateTypes": "Static",
        "RaProfile": "default",
    }
}
CLASSPATH = ":".join(f"/usr/share/java/{jar}.jar" for jar in ("bcpkix", "bcprov", "bcutil"))


@pytest.fixture(scope="module", name="front")
def fixture_front(mariadb, double):
    service, web = fronts.make("lighttpd", mariadb, double, SETTINGS)
    service.run("profile", "create", "--authority", "demo", "other", "Enroller+=ra_profile:default")
    yield service, web
    fronts.close(service, web)


@pytest.fixture(name="service")
def fixture_service(front):
    return front[0]


@pytest.fixture(name="web")
def fixture_web(front):
    return front[1]


def run(*argv, **options):
    done = subprocess.run(argv, capture_output=True, check=False, timeout=120, **options)
    assert done.returncode == 0, f"{done.stdout} {done.stderr.decode(errors='replace')[-1500:]}"
    return done.stdout


def request_der(name="device-1", key=None):
    return csr.make(name, csr.dns(f"{name}.example.com"), key)


def enrolled(service, name="device-1", kind="p256"):
    """A certificate and its key."""
    key = csr.new_key(kind)
    answer = service.post_csr(request_der(name, key))
    assert answer.status == 200, answer
    return x509.load_der_x509_certificate(answer.body), key


def write_bytes(web, name, data):
    with open(os.open(web.path(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
    return web.path(name)


def rows(service):
    return int(service.value("SELECT COUNT(*) FROM certificate"))


# strongSwan


def pki(web, command, *words):
    """It adds the path to --url itself, without a label; with --cert it always re-enrolls."""
    url = f"https://127.0.0.1:{web.https_port}"
    return run("pki", command, "--url", url, "--cacert", web.ca_bundle, *words)


def test_pki_gets_the_ca_certificate(service, web):
    pki(web, "--estca", "--caout", web.path("estca.der"), "--force")
    with open(web.path("estca.der"), "rb") as file:
        assert x509.load_der_x509_certificate(file.read()) == forge.ca_certificate(service)


def pki_est(service, web, certificate, key, body):
    words = (
        "--in", write_bytes(web, "request.der", body),
        "--cert", write_bytes(web, "old.der", certificate.public_bytes(Encoding.DER)),
        "--key", write_bytes(web, "old.key.der", key.private_bytes(
            Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())),
        "--cacert", write_bytes(web, "ca.der", forge.ca_certificate(service).public_bytes(Encoding.DER)),
    )  # fmt: skip
    return x509.load_der_x509_certificate(pki(web, "--est", *words))


@pytest.mark.parametrize("kind", ["p256", "rsa2048"])
def test_pki_renews(service, web, kind):
    old, key = enrolled(service, kind=kind)
    new = csr.new_key("rsa2048")
    leaf = pki_est(service, web, old, key, request_der(key=new))
    assert leaf.subject == old.subject and leaf.serial_number != old.serial_number
    assert leaf.public_key().public_numbers() == new.public_key().public_numbers()


# Bouncy Castle


@pytest.fixture(scope="module", name="classes")
def fixture_classes():
    folder = process.short_folder("cwjava")
    source = os.path.join(os.path.dirname(__file__), "EstClient.java")
    run("javac", "-cp", CLASSPATH, "-d", folder, source)
    return folder


def java(classes, web, command, **more):
    words = [f"{name}={value}" for name, value in more.items()]
    where = ("localhost", str(web.https_port), web.ca_bundle)
    argv = ["java", "-cp", f"{classes}:{CLASSPATH}", "EstClient", command, *where, *words]
    return run(*argv).decode().split()


def java_certificates(classes, web, command, **more):
    lines = java(classes, web, command, **more)
    return [x509.load_der_x509_certificate(base64.b64decode(line)) for line in lines]


def p12_of(web, certificate, key):
    data = pkcs12.serialize_key_and_certificates(
        b"client", key, certificate, None, BestAvailableEncryption(b"test")
    )
    return write_bytes(web, "client.p12", data)


@pytest.mark.parametrize("label", [{}, {"label": "default"}])
def test_bouncy_castle_gets_ca_certificate_and_attributes(service, web, classes, label):
    assert java_certificates(classes, web, "cacerts", **label) == [forge.ca_certificate(service)]
    oids = java(classes, web, "csrattrs", **label)
    assert "1.2.840.10045.2.1" in oids and "1.2.840.113549.1.1.1" in oids


def test_bouncy_castle_enrolls_by_token(service, web, classes):
    token = web.write("token", service.double.token())
    sent = write_bytes(web, "java.csr", request_der("java-1"))
    (leaf,) = java_certificates(classes, web, "enroll", csr=sent, token=token)
    assert leaf.subject.rfc4514_string() == "CN=java-1"


@pytest.mark.parametrize("kind", ["p256", "rsa2048"])
def test_bouncy_castle_renews(service, web, classes, kind):
    old, key = enrolled(service, "java-2", kind)
    new = csr.new_key()
    sent = write_bytes(web, "java.csr", csr.make("whoever", private_key=new))
    (leaf,) = java_certificates(classes, web, "reenroll", csr=sent, p12=p12_of(web, old, key))
    assert leaf.subject == old.subject
    assert leaf.public_key().public_numbers() == new.public_key().public_numbers()


def test_bouncy_castle_enrolls_by_client_certificate(service, web, classes):
    old, key = enrolled(service, "java-3")
    sent = write_bytes(web, "java.csr", request_der("java-3", csr.new_key()))
    p12 = p12_of(web, old, key)
    (leaf,) = java_certificates(classes, web, "enroll", csr=sent, p12=p12, label="other")
    assert leaf.subject == old.subject and leaf.serial_number != old.serial_number
    before = rows(service)
    with pytest.raises(AssertionError, match="403"):
        java(classes, web, "enroll", csr=sent, p12=p12, label="default")
    assert rows(service) == before
