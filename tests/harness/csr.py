"""Keys and certificate requests for the tests, made by python3-cryptography."""

import base64

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

UPN_OID = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
SID_OID = x509.ObjectIdentifier("1.3.6.1.4.1.311.25.2")

_cached = {}


def new_key(kind="p256", exponent=65537):
    """A fresh key: p256, p384, p521, ed25519, or rsa with its bits, such as rsa2048."""
    if kind.startswith("rsa"):
        return rsa.generate_private_key(exponent, int(kind[3:]))
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    curves = {"p256": ec.SECP256R1, "p384": ec.SECP384R1, "p521": ec.SECP521R1}
    return ec.generate_private_key(curves[kind]())


def key(kind="p256"):
    """One key of this kind a session, where a fresh one is not the point."""
    if kind not in _cached:
        _cached[kind] = new_key(kind)
    return _cached[kind]


def name(common_name=None, **others):
    """name("a", ORGANIZATION_NAME="b"): others by NameOID's constants."""
    attributes = [x509.NameAttribute(getattr(NameOID, k), v) for k, v in others.items()]
    if common_name is not None:
        attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, common_name))
    return x509.Name(attributes)


def dns(*names):
    return [x509.DNSName(n) for n in names]


def der_tlv(tag, content):
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(digits)]) + digits + content


def upn(text):
    """A user principal name as an otherName."""
    return x509.OtherName(UPN_OID, der_tlv(0x0C, text.encode()))


def sid_extension(sid):
    """Microsoft's NTDS CA security extension with this SID."""
    value = der_tlv(0xA0, der_tlv(0x04, sid.encode()))
    other = der_tlv(0xA0, der_tlv(0x06, bytes.fromhex("2B060104018237190201")) + value)
    return x509.UnrecognizedExtension(SID_OID, der_tlv(0x30, other))


def make(subject=None, sans=(), private_key=None, extensions=(), digest=hashes.SHA256()):
    """
    A DER request. subject: an x509.Name or a common name; sans: GeneralNames; extensions: more, as
    objects or (object, critical).
    """
    private_key = private_key or key()
    if subject is None or isinstance(subject, str):
        subject = name(subject)
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    if sans:
        builder = builder.add_extension(x509.SubjectAlternativeName(sans), False)
    for extension in extensions:
        extension, critical = extension if isinstance(extension, tuple) else (extension, False)
        builder = builder.add_extension(extension, critical)
    if isinstance(private_key, ed25519.Ed25519PrivateKey):
        digest = None
    return builder.sign(private_key, digest).public_bytes(serialization.Encoding.DER)


def name_value_pair(name, value):
    texts = (der_tlv(0x1E, text.encode("utf-16-be")) for text in (name, value))
    return der_tlv(0x30, b"".join(texts))


def with_validity(period, units, common_name="d", private_key=None):
    """A request for so many Minutes, Hours, Days and so on, by enrollment name-value pairs; P-256."""
    private_key = private_key or key()
    plain = x509.load_der_x509_csr(make(common_name, private_key=private_key))
    info = plain.tbs_certrequest_bytes
    oid = der_tlv(0x06, bytes.fromhex("2B0601040182370D0201"))
    pairs = [("ValidityPeriod", period), ("ValidityPeriodUnits", str(units))]
    attributes = b"".join(
        der_tlv(0x30, oid + der_tlv(0x31, name_value_pair(*pair))) for pair in pairs
    )
    assert info.endswith(b"\xa0\x00")
    head = 2 if info[1] < 128 else 2 + (info[1] & 0x7F)
    info = der_tlv(0x30, info[head:-2] + der_tlv(0xA0, attributes))
    signature = private_key.sign(info, ec.ECDSA(hashes.SHA256()))
    algorithm = bytes.fromhex("300A06082A8648CE3D040302")
    return der_tlv(0x30, info + algorithm + der_tlv(0x03, b"\x00" + signature))


def pem(der, label="CERTIFICATE REQUEST"):
    """PEM with lines of 64 characters and a final newline."""
    text = base64.b64encode(der).decode()
    lines = [text[i : i + 64] for i in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()
