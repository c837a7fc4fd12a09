"""Certificates that certwright did not issue, signed with its CA's own key, and rows for them."""

import datetime
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

def ca_key(service, name="demo"):
    with open(service.path(f"{name}.key"), "rb") as file:
        return serialization.load_pem_private_key(file.read(), None)


def ca_certificate(service, name="demo"):
    return x509.load_pem_x509_certificate(service.ca_pem(name).encode())


def again(service, certificate, days=None, serial=None):
    """
    The certificate signed once more by its CA's key: the same names, key and extensions, and unless
    given the same dates (days from now, a pair) and serial number. ECDSA makes it another DER.
    """
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0, tzinfo=None)
    begin, end = certificate.not_valid_before, certificate.not_valid_after
    if days:
        begin, end = (now + datetime.timedelta(days=day) for day in days)
    builder = (
        x509.CertificateBuilder()
        .subject_name(certificate.subject)
        .issuer_name(certificate.issuer)
        .public_key(certificate.public_key())
        .serial_number(serial or certificate.serial_number)
        .not_valid_before(begin)
        .not_valid_after(end)
    )
    for extension in certificate.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    return builder.sign(ca_key(service), hashes.SHA256())


def expired(service, certificate):
    """The certificate as if it had been issued long ago, and its row."""
    old = again(service, certificate, (-20, -10), int.from_bytes(b"\x50" + os.urandom(15), "big"))
    record(service, old, certificate)
    return old


def record(service, certificate, like):
    """A row for the certificate, in all else that of the other one."""
    der = certificate.public_bytes(serialization.Encoding.DER)
    service.sql(
        "CREATE TEMPORARY TABLE t SELECT * FROM certificate"
        f" WHERE fingerprint = UNHEX('{like.fingerprint(hashes.SHA256()).hex()}');"
        f" UPDATE t SET id = UNHEX('{os.urandom(16).hex()}'), lineage = id, der = UNHEX('{der.hex()}'),"
        f" serial = UNHEX('{certificate.serial_number:032x}'),"
        f" fingerprint = UNHEX('{certificate.fingerprint(hashes.SHA256()).hex()}'),"
        f" not_before = '{certificate.not_valid_before}', not_after = '{certificate.not_valid_after}';"
        " INSERT INTO certificate SELECT * FROM t;"
    )
