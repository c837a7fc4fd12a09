"""EST (RFC 7030) over FastCGI: answers taken apart, and who renews what."""

import base64

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from . import csr

ENROLL_TYPE = "application/pkcs7-mime; smime-type=certs-only"


def certificates(response, content_type=ENROLL_TYPE):
    """The certificates of a success, with what every success of EST must look like."""
    assert response.status == 200, response
    assert response.headers["content-type"] == content_type
    assert response.headers["content-transfer-encoding"] == "base64"
    assert int(response.headers["content-length"]) == len(response.body)
    assert response.headers["cache-control"] == "no-store"
    assert not any(name.startswith("access-control-") for name in response.headers)
    # one line of base64, without armour and final newline
    der = base64.b64decode(response.body, validate=True)
    assert base64.b64encode(der) == response.body
    return pkcs7.load_der_pkcs7_certificates(der)


class Holder:
    """A certificate and its key, as a client has them after enrolling or renewing."""

    def __init__(self, certificate, private_key):
        self.certificate, self.key = certificate, private_key

    @classmethod
    def of(cls, response, private_key):
        """The leaf of an answer, which must stand alone in it and be for this key."""
        (leaf,) = certificates(response)
        assert public(leaf) == public(private_key), "a certificate for another key"
        return cls(leaf, private_key)

    @property
    def der(self):
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self):
        return csr.pem(self.der, "CERTIFICATE").decode()

    @property
    def fingerprint(self):
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    @property
    def serial(self):
        return f"{self.certificate.serial_number:032X}"

    @property
    def where(self):
        return f"fingerprint = UNHEX('{self.fingerprint}')"

    def value(self, service, column):
        return service.value(f"SELECT {column} FROM certificate WHERE {self.where}")

    def extension(self, kind):
        """(critical, DER) of an extension, None where it is not there."""
        try:
            found = self.certificate.extensions.get_extension_for_class(kind)
        except x509.ExtensionNotFound:
            return None
        return found.critical, found.value.public_bytes()

    def names(self):
        """Subject, alternative names and extended key usages, to the octet."""
        return (
            self.certificate.subject.public_bytes(),
            self.extension(x509.SubjectAlternativeName),
            self.extension(x509.ExtendedKeyUsage),
        )

    def usages(self):
        """The key usages that are set, by name."""
        value = self.certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        names = ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment"]
        names += ["key_agreement", "key_cert_sign", "crl_sign"]
        return {name for name in names if getattr(value, name)}


def public(of):
    return of.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def path(operation, label=None):
    return "/.well-known/est/" + (f"{label}/" if label else "") + operation


def post(service, operation, body, headers=None, label=None, **options):
    """POST with the Content-Type of EST, unless headers say otherwise (None: without)."""
    sent = {"Content-Type": "application/pkcs10", **(headers or {})}
    sent = {name: value for name, value in sent.items() if value is not None}
    return service.request("POST", path(operation, label), sent, body, **options)


def enroll(service, body, token=None, headers=None, label=None, **options):
    """By bearer token: None mints one of an application."""
    sent = {**service.double.bearer(token), **(headers or {})}
    return post(service, "simpleenroll", body, sent, label, **options)


def enrolled(service, subject="device-1", sans=(), kind="p256", token=None, label=None, **options):
    """A Holder by way of a token."""
    private_key = csr.key(kind)
    body = csr.make(subject, sans, private_key, **options)
    return Holder.of(enroll(service, body, token, label=label), private_key)


def renew(service, holder, body=None, headers=None, label=None, **options):
    """By the holder's certificate; without a body with its own key and names."""
    if body is None:
        body = csr.make(holder.certificate.subject, private_key=holder.key)
    client = options.pop("client", holder.pem)
    return post(service, "simplereenroll", body, headers, label, client=client, **options)
