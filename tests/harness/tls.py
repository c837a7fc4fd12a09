"""Client certificates that OpenSSL takes or refuses, and what a handshake with a web server says."""

import datetime
import subprocess

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

from . import csr
from .double import identity_double

CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH

# Kinds of client certificates, and what nginx with OpenSSL 3 says of each.
VERDICTS = {
    "good": "SUCCESS",
    "any usage": "SUCCESS",
    "server": "FAILED:unsuitable certificate purpose",
    "expired": "FAILED:certificate has expired",
    "expired server": "FAILED:certificate has expired",
    "not yet valid": "FAILED:certificate is not yet valid",
    "foreign": "FAILED:unable to verify the first certificate",
    "foreign server": "FAILED:unable to verify the first certificate",
    "foreign with its CA": "FAILED:self-signed certificate in certificate chain",
    "forged": "FAILED:certificate signature failure",
    "forged server": "FAILED:certificate signature failure",
    "self-signed": "FAILED:self-signed certificate",
    # OpenSSL tells the last fault alone, and here that is the purpose: these two look like a
    # serverAuth-only certificate of ours.
    "foreign server with its CA": "FAILED:unsuitable certificate purpose",
    "self-signed server": "FAILED:unsuitable certificate purpose",
}
# Those that need no key of the CA.
FORGEABLE = [kind for kind in VERDICTS if kind.startswith(("foreign", "forged", "self-signed"))]


def certificate(subject, issuer, signer, usages, days=(-1, 30)):
    """For csr.key(), or for the signer where subject and issuer are alike. usages None: a CA's."""
    now = datetime.datetime.now(datetime.timezone.utc)
    key = signer if subject == issuer else csr.key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(csr.name(subject))
        .issuer_name(issuer if isinstance(issuer, x509.Name) else csr.name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + datetime.timedelta(days=days[0]))
        .not_valid_after(now + datetime.timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(usages is None, None), True)
    )
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), False)
    return builder.sign(signer, hashes.SHA256())


def forgeries(ca):
    """Chains of each kind of FORGEABLE, for who trusts this CA's certificate (PEM)."""
    us, them = x509.load_pem_x509_certificate(ca.encode()).subject, csr.key("p384")
    their_ca = certificate("Other CA", "Other CA", them, None)
    return {
        "foreign": [certificate("a", "Other CA", them, [CLIENT])],
        "foreign server": [certificate("a", "Other CA", them, [SERVER])],
        "foreign with its CA": [certificate("a", "Other CA", them, [CLIENT]), their_ca],
        "foreign server with its CA": [certificate("a", "Other CA", them, [SERVER]), their_ca],
        "forged": [certificate("a", us, them, [CLIENT])],
        "forged server": [certificate("a", us, them, [SERVER])],
        "self-signed": [certificate("a", "a", csr.key(), [CLIENT])],
        "self-signed server": [certificate("a", "a", csr.key(), [SERVER])],
    }


def all_kinds():
    """A CA of our own as PEM, and chains of each kind of VERDICTS."""
    name, key = "Echo CA", csr.new_key()
    ca = pem([certificate(name, name, key, None)])
    return ca, {
        "good": [certificate("a", name, key, [CLIENT])],
        "any usage": [certificate("a", name, key, [])],
        "server": [certificate("a", name, key, [SERVER])],
        "expired": [certificate("a", name, key, [CLIENT], (-20, -10))],
        "expired server": [certificate("a", name, key, [SERVER], (-20, -10))],
        "not yet valid": [certificate("a", name, key, [CLIENT], (5, 10))],
        **forgeries(ca),
    }


def pem(chain):
    return "".join(c.public_bytes(serialization.Encoding.PEM).decode() for c in chain)


def curl_words(web, name, chain, key=None):
    """curl's options for this client certificate, in files of this web server's folder."""
    name = name.replace(" ", "-")
    return (
        "--cert", web.write(f"{name}.pem", pem(chain)),
        "--key", web.write(f"{name}.key", identity_double.private_pem(key or csr.key()).decode()),
    )  # fmt: skip


def handshake(port, version):
    """What `openssl s_client` says of one handshake (-tls1_2, -tls1_3), its messages included."""
    argv = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", version, "-msg"]
    done = subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=20
    )
    assert "Finished" in done.stdout, done.stderr
    return done.stdout
