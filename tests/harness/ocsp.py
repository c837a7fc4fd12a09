"""OCSP requests, good and bad ones, and what their answers say."""

import base64
import datetime
import hashlib

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding
from cryptography.x509 import ocsp

from .csr import der_tlv

REQUEST_TYPE, RESPONSE_TYPE = "application/ocsp-request", "application/ocsp-response"
OIDS = {"sha1": "2b0e03021a", "sha256": "608648016503040201", "sha384": "608648016503040202"}
NONCE, EXTENDED_REVOKE = "2b0601050507300102", "2b0601050507300109"
MALFORMED, INTERNAL, TRY_LATER, UNAUTHORIZED = 1, 2, 3, 6
GOOD = ocsp.OCSPCertStatus.GOOD
REVOKED = ocsp.OCSPCertStatus.REVOKED
UNKNOWN = ocsp.OCSPCertStatus.UNKNOWN


def sequence(*parts):
    return der_tlv(0x30, b"".join(parts))


def oid(digits):
    return der_tlv(0x06, bytes.fromhex(digits))


def integer(value):
    return der_tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def key_bits(certificate):
    """The octets of its subjectPublicKey, which CertIDs and responder names hash."""
    spki = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    # A BIT STRING at the end, whose octets have the usual key identifier as their hash.
    identifier = x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest
    found = (spki[at:] for at in range(len(spki)) if hashlib.sha1(spki[at:]).digest() == identifier)
    return next(found)


def cert_id(issuer, serial, digest="sha1", parameters=True):
    """A CertID of the issuer's certificate; serial: a number, or the content octets."""
    name = hashlib.new(digest, issuer.subject.public_bytes()).digest()
    key = hashlib.new(digest, key_bits(issuer)).digest()
    number = der_tlv(0x02, serial) if isinstance(serial, bytes) else integer(serial)
    algorithm = sequence(oid(OIDS[digest]), b"\x05\x00" if parameters else b"")
    return sequence(algorithm, der_tlv(0x04, name), der_tlv(0x04, key), number)


def extension(digits, value, critical=False):
    flag = b"\x01\x01\xff" if critical else b""
    return sequence(oid(digits), flag, der_tlv(0x04, value))


def nonce_extension(octets):
    return extension(NONCE, der_tlv(0x04, octets))


def make(*ids, nonce=None, extensions=()):
    """A request for these CertIDs, DER."""
    extensions = [*extensions] + ([nonce_extension(nonce)] if nonce is not None else [])
    more = der_tlv(0xA2, sequence(*extensions)) if extensions else b""
    return sequence(sequence(sequence(*(sequence(each) for each in ids)), more))


def post(service, der, headers=None, **options):
    sent = {"Content-Type": REQUEST_TYPE, **(headers or {})}
    options.setdefault("https", False)
    return service.request(
        "POST", "/ocsp", {k: v for k, v in sent.items() if v is not None}, der, **options
    )


def path(der):
    """As RFC 6960, A.1 wants it: base64, percent-encoded."""
    text = base64.b64encode(der).decode()
    return "/ocsp/" + text.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")


def get(service, der, headers=None, **options):
    options.setdefault("https", False)
    return service.get(path(der), headers, **options)


def error(answer):
    """The status of an answer without response bytes; what else such an answer must be."""
    assert answer.status == 200, answer
    assert answer.headers["content-type"] == RESPONSE_TYPE
    assert answer.headers["cache-control"] == "no-store"
    assert len(answer.body) == 5 and answer.body[:4] == bytes.fromhex("30030a01"), answer.body.hex()
    return answer.body[4]


def nonce_of(answer):
    """The nonce's octets, None without one."""
    try:
        return read(answer).extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        return None


def read(answer):
    """A successful answer, taken apart by python3-cryptography."""
    assert answer.status == 200, answer
    assert answer.headers["content-type"] == RESPONSE_TYPE
    found = ocsp.load_der_ocsp_response(answer.body)
    assert found.response_status == ocsp.OCSPResponseStatus.SUCCESSFUL, found.response_status
    return found


def status(answer):
    """(status, reason or None) of the only certificate."""
    (single,) = read(answer).responses
    reason = single.revocation_reason
    return single.certificate_status, reason.value if reason else None


def verify(found, issuer):
    """Its signature is the issuer's, or that of a certificate of his for that; returns the latter."""
    signer = issuer
    if found.certificates:
        (signer,) = found.certificates
        _verify(issuer.public_key(), signer.signature, signer.tbs_certificate_bytes, signer)
        usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert x509.ExtendedKeyUsageOID.OCSP_SIGNING in usage
        signer.extensions.get_extension_for_class(x509.OCSPNoCheck)
    assert found.responder_key_hash == hashlib.sha1(key_bits(signer)).digest()
    _verify(signer.public_key(), found.signature, found.tbs_response_bytes, found)
    return signer if signer is not issuer else None


def _verify(key, signature, data, of):
    if isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(signature, data)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, data, ec.ECDSA(of.signature_hash_algorithm))
    else:
        key.verify(signature, data, padding.PKCS1v15(), of.signature_hash_algorithm)


def seconds(when):
    return when.replace(tzinfo=datetime.timezone.utc).timestamp()
