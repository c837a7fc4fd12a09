"""CRLs of every kind of CA, as OpenSSL and GnuTLS verify certificates by them; delta CRLs likewise."""

import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtensionOID
from harness import csr

KINDS = ["rsa2048", "p256", "p384", "ed25519"]
ADDRESS = "http://pki.example.com/crl/demo-1.crl"
DELTA_ADDRESS = "http://pki.example.com/crl/demo-1-delta.crl"
NEWEST = (
    "SELECT HEX(c.id) FROM crl c JOIN authority_generation g ON g.id = c.generation_id"
    " WHERE c.base_number IS {null} AND g.label LIKE '{label}'"
    " ORDER BY g.label DESC, c.number DESC LIMIT 1"
)
# GnuTLS needs minutes for a long list; these are of a few entries.
GOOD, REVOKED = "OK", "certificate revoked"


def crl_of(service, delta=False, label="%"):
    """The newest CRL, or delta CRL, of the newest generation, as the database has it."""
    identity = service.value(NEWEST.format(null="NOT NULL" if delta else "NULL", label=label))
    parts = service.sql(f"SELECT HEX(data) FROM crl_part WHERE crl_id = 0x{identity} ORDER BY part")
    return x509.load_der_x509_crl(bytes.fromhex("".join(row[0] for row in parts)))


def publish(service):
    service.run("maintain", "publish-crls")
    return crl_of(service)


def enroll(service, name):
    answer = service.post_csr(csr.make(name, csr.dns(f"{name}.example.com")))
    assert answer.status == 200, answer
    return x509.load_der_x509_certificate(answer.body)


def change(service, certificate, *words):
    service.run("cert", "revoke", *words, f"{certificate.serial_number:032X}")


def points(certificate):
    """The addresses of a certificate's CRL."""
    try:
        value = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return []
    return [name.value for point in value for name in point.full_name]


def address_of(crl, oid):
    """The address in issuingDistributionPoint or freshestCRL; None without it."""
    try:
        value = crl.extensions.get_extension_for_oid(oid).value
    except x509.ExtensionNotFound:
        return None
    point = value if oid == ExtensionOID.ISSUING_DISTRIBUTION_POINT else value[0]
    return point.full_name[0].value


class Verifier:
    """Asks openssl and certtool."""

    def __init__(self, folder, service):
        self.folder = folder
        self.ca = self.write("ca.pem", service.ca_pem().encode())

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content)
        return path

    def pem(self, name, thing):
        return self.write(name, thing.public_bytes(serialization.Encoding.PEM))

    def openssl(self, certificate, *crls, deltas=False):
        """"OK", or what openssl says is wrong."""
        argv = ["openssl", "verify", "-CAfile", self.ca, "-crl_check"]
        argv += ["-use_deltas"] if deltas else []
        for number, crl in enumerate(crls):
            argv += ["-CRLfile", self.pem(f"{number}.crl.pem", crl)]
        argv.append(self.pem("leaf.pem", certificate))
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)
        if done.returncode == 0:
            return GOOD
        return done.stderr.splitlines()[1].split(": ", 1)[1]

    def certtool(self, crl):
        argv = ["certtool", "--verify-crl", "--load-ca-certificate", self.ca]
        argv += ["--infile", self.pem("one.crl.pem", crl)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)
        return done.returncode == 0 and "Verified" in done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_others_verify_by_our_crls(new_service, tmp_path, kind):
    service = new_service({"Server": {"Workers": 1}}).make(kind).start()
    verifier = Verifier(tmp_path, service)
    plain = [enroll(service, name) for name in ("good", "revoked", "held")]
    change(service, plain[1], "--reason", "superseded")
    change(service, plain[2], "--hold")
    crl = publish(service)
    assert [points(leaf) for leaf in plain] == [[], [], []]
    assert address_of(crl, ExtensionOID.ISSUING_DISTRIBUTION_POINT) is None
    assert verifier.certtool(crl)
    assert [verifier.openssl(leaf, crl) for leaf in plain] == [GOOD, REVOKED, REVOKED]
    reasons = {
        entry.serial_number: entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
        for entry in crl
    }
    assert reasons == {
        plain[1].serial_number: x509.ReasonFlags.superseded,
        plain[2].serial_number: x509.ReasonFlags.certificate_hold,
    }

    service.configure({"CRL": {"AddCdp": "true"}})
    service.restart()
    named = [enroll(service, name) for name in ("named", "named-revoked")]
    change(service, named[1])
    crl = publish(service)
    assert [points(leaf) for leaf in named] == [[ADDRESS], [ADDRESS]]
    assert address_of(crl, ExtensionOID.ISSUING_DISTRIBUTION_POINT) == ADDRESS
    assert verifier.certtool(crl)
    assert [verifier.openssl(leaf, crl) for leaf in named] == [GOOD, REVOKED]
    # Why AddIdp can be turned off: a certificate that names no address is not this list's.
    assert verifier.openssl(plain[0], crl) == "different CRL scope"
    service.configure({"CRL": {"AddIdp": "false"}})
    crl = publish(service)
    assert address_of(crl, ExtensionOID.ISSUING_DISTRIBUTION_POINT) is None
    assert [verifier.openssl(leaf, crl) for leaf in plain[:2] + named] == [GOOD, REVOKED, GOOD, REVOKED]


@pytest.mark.parametrize("cdp", ["false", "true"])
def test_a_revocation_may_be_in_the_delta_alone(new_service, tmp_path, cdp):
    settings = {"AddCdp": cdp, "DeltaHours": 1, "PublishOnRevocation": "true"}
    service = new_service({"Server": {"Workers": 1}, "CRL": settings}).make("p256").start()
    verifier = Verifier(tmp_path, service)
    good, revoked, held, released = (
        enroll(service, name) for name in ("good", "revoked", "held", "released")
    )
    change(service, released, "--hold")
    base = publish(service)
    assert address_of(base, ExtensionOID.FRESHEST_CRL) == DELTA_ADDRESS
    assert address_of(base, ExtensionOID.ISSUING_DISTRIBUTION_POINT) == (
        ADDRESS if cdp == "true" else None
    )
    change(service, revoked)
    change(service, held, "--hold")
    change(service, released, "--release")
    # By the regular look of the job, which finds events that no CRL has carried.
    service.run("maintain")
    delta = crl_of(service, delta=True)
    assert crl_of(service).signature == base.signature
    indicator = delta.extensions.get_extension_for_class(x509.DeltaCRLIndicator)
    number = base.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    assert indicator.critical and indicator.value.crl_number <= number
    assert delta.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number > number
    assert verifier.certtool(delta)
    for leaf, without, by_delta in (
        (good, GOOD, GOOD),
        (revoked, GOOD, REVOKED),
        (held, GOOD, REVOKED),
        (released, REVOKED, GOOD),
    ):
        assert verifier.openssl(leaf, base, delta) == without
        assert verifier.openssl(leaf, base, delta, deltas=True) == by_delta


def test_a_renewed_ca_has_one_list_of_revocations_whichever_generation_signs_it(new_service, tmp_path):
    """Same name, same key: who has either CRL takes it for the whole of the CA's."""
    settings = {
        "Server": {"Workers": 1},
        "Maintain": {"IntervalSeconds": 3600},
        "CRL": {"DeltaHours": 1, "PublishOnRevocation": "true"},
    }
    service = new_service(settings).make("p256").start()
    old, held, released = (enroll(service, name) for name in ("old", "held", "released"))
    change(service, released, "--hold")
    service.run("ca", "renew", "demo")
    service.restart()
    new = enroll(service, "new")
    verifier = Verifier(tmp_path, service)
    base = publish(service)  # the latest of all: that of demo-2
    assert verifier.openssl(released, base) == REVOKED
    for leaf in (old, new, held):
        assert verifier.openssl(leaf, base) == GOOD
    change(service, old)
    change(service, held, "--hold")
    change(service, released, "--release")
    change(service, new)
    service.run("maintain")
    for label in ("demo-1", "demo-2"):
        full, delta = crl_of(service, False, label), crl_of(service, True, label)
        for leaf, expected in ((old, REVOKED), (held, REVOKED), (released, GOOD), (new, REVOKED)):
            assert verifier.openssl(leaf, full, delta, deltas=True) == expected, label
        assert verifier.certtool(delta)
    service.run("maintain", "publish-crls")
    for label in ("demo-1", "demo-2"):
        crl = crl_of(service, False, label)
        assert {entry.serial_number for entry in crl} == {
            leaf.serial_number for leaf in (old, held, new)
        }
        assert verifier.openssl(released, crl) == GOOD


def test_no_crl_where_none_is_wanted(new_service):
    service = new_service({"Server": {"Workers": 1}, "CRL": {"Source": "None", "AddCdp": "true"}})
    service.make("p256").start()
    leaf = enroll(service, "none")
    change(service, leaf)
    service.run("maintain", "publish-crls")
    assert points(leaf) == []
    assert service.value("SELECT COUNT(*) FROM crl") == "0"
