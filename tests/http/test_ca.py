"""certwright ca, key and profile, run as an administrator would; judged by openssl and certtool."""

import datetime
import json
import os
import re
import stat
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from harness import csr, process
from harness.service import Service

KEY_TYPES = ["rsa2048", "rsa3072", "rsa4096", "p256", "p384", "ed25519"]
OPENSSL_KEYS = {
    "rsa2048": "Public-Key: (2048 bit)",
    "rsa3072": "Public-Key: (3072 bit)",
    "rsa4096": "Public-Key: (4096 bit)",
    "p256": "NIST CURVE: P-256",
    "p384": "NIST CURVE: P-384",
    "ed25519": "ED25519 Public-Key",
}
OPENSSL_SIGNATURES = {
    "rsa": "sha256WithRSAEncryption",
    "p25": "ecdsa-with-SHA256",
    "p38": "ecdsa-with-SHA384",
    "ed2": "ED25519",
}
USAGE, REFUSED, CONFIG = 64, 1, 78
DEMO = ("ca", "init", "--name", "demo", "--key", "p256")
OLD = ("ca", "import", "--name", "old")
CA_EXTENSIONS = (
    "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n"
)
SOFTHSM = "/usr/lib/softhsm/libsofthsm2.so"


@pytest.fixture(name="ca")
def fixture_ca(new_service):
    """A certwright with an empty schema and no CA."""
    return new_service().make(ca_key=None, keys=False)


def tool(*argv, text=None, status=0):
    done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == status, (argv, done.stdout, done.stderr)
    return done.stdout


def refused(service, *words, status=REFUSED):
    """The command must end with this status; its error text."""
    done = service.run(*words, check=False)
    assert done.returncode == status, (words, done)
    assert re.match(r"certwright (ca|key|profile)", done.stderr), done.stderr
    return done.stderr


def init(service, *more, name="demo", kind="p256"):
    return service.run("ca", "init", "--name", name, "--key", kind, *more).stdout


def shown(service, label):
    return json.loads(service.run("ca", "show", label, "--json").stdout)


def states(service, name="demo"):
    found = json.loads(service.run("ca", "list", "--json").stdout)
    (one,) = [ca for ca in found if ca["name"] == name]
    return {generation["label"]: generation["state"] for generation in one["generations"]}


def save(service, name, text):
    path = service.path(name)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    return path


def export(service, label, *more):
    """The PEM text, and the file that holds it."""
    text = service.run("ca", "export", label, *more).stdout
    return text, save(service, f"{label}{''.join(more)}.pem", text)


def make_leaf(service, name, key_path, ca_pem):
    """A leaf under this CA key, made outside; the file."""
    with open(key_path, "rb") as file:
        ca_key = serialization.load_pem_private_key(file.read(), None)
    issuer = x509.load_pem_x509_certificate(ca_pem.encode())
    ski = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    now = datetime.datetime.utcnow()
    leaf = (
        x509.CertificateBuilder()
        .subject_name(csr.name("leaf"))
        .issuer_name(issuer.subject)
        .public_key(csr.key("p256").public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ski), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(ca_key, None if "ed25519" in str(type(ca_key)) else hashes.SHA256())
    )
    return save(service, f"{name}.pem", leaf.public_bytes(serialization.Encoding.PEM).decode())


class Outer:
    """An outer CA made with openssl."""

    def __init__(self, service, name="outer"):
        self.service = service
        self.key, self.pem = service.path(f"{name}.key"), service.path(f"{name}.pem")
        tool(
            *"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes".split(),
            *f"-days 30 -subj /CN={name}".split(),
            "-keyout", self.key, "-out", self.pem,
            "-addext", "keyUsage=critical,keyCertSign,cRLSign",
        )

    def sign(self, request, extensions=CA_EXTENSIONS):
        ids = "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
        config = save(self.service, "outer.ext", ids + extensions)
        out = request + ".signed"
        tool(
            *"openssl x509 -req -CAcreateserial -days 20".split(),
            "-in", request, "-CA", self.pem, "-CAkey", self.key, "-extfile", config, "-out", out,
        )
        return out


# init, list, show, export


@pytest.mark.parametrize("kind", KEY_TYPES)
def test_each_key_type_makes_a_ca(ca, kind):
    subject = "CN=Demo CA,O=M\u00fcller \\, S\u00f6hne,C=DE"
    said = init(ca, "--subject", subject, "--days", "100", "--path-len", "1", kind=kind)
    assert "demo-1 is active" in said and "RA profile default was made" in said
    key_path = os.path.join(ca.path("var"), "keys", "demo-1.key")
    assert os.stat(key_path).st_mode & 0o777 == 0o600
    assert f"file:{key_path}" in said
    pem, path = export(ca, "demo")
    assert pem == ca.run("ca", "export", "demo-1").stdout
    names = ("-nameopt", "RFC2253,-esc_msb,utf8")
    text = tool("openssl", "x509", "-in", path, "-noout", "-text", *names)
    assert "Version: 3 (0x2)" in text
    assert re.search(r"Serial Number:\s+10(:[0-9a-f]{2}){15}\s", text)
    assert OPENSSL_KEYS[kind] in text
    signature = f"Signature Algorithm: {OPENSSL_SIGNATURES[kind[:3]]}"
    assert text.count(signature) == 2
    assert f"Subject: {subject}" in text and f"Issuer: {subject}" in text
    assert re.search(r"Basic Constraints: critical\s+CA:TRUE, pathlen:1\n", text)
    assert re.search(r"Key Usage: critical\s+Certificate Sign, CRL Sign\n", text)
    assert re.search(r"Subject Key Identifier:\s+(?:[0-9A-F]{2}:){19}[0-9A-F]{2}\n", text)
    assert text.count("X509v3 ") - text.count("X509v3 extensions") == 3
    tool("openssl", "verify", "-x509_strict", "-CAfile", path, path)
    other = tool("certtool", "--certificate-info", "--infile", path)
    assert "Certificate Authority (CA): TRUE" in other and "Path Length Constraint: 1" in other
    assert "Certificate signing." in other and "CRL signing." in other and "Digital" not in other
    assert "Serial Number (hex): 10" in other
    cert = x509.load_pem_x509_certificate(pem.encode())
    now = datetime.datetime.utcnow()
    minute = datetime.timedelta(minutes=2)
    assert abs(now - datetime.timedelta(minutes=1440) - cert.not_valid_before) < minute
    assert abs(now + datetime.timedelta(days=100) - cert.not_valid_after) < minute
    der = ca.path("demo.der")
    ca.run("ca", "export", "demo", "--der", "--out", der)
    with open(der, "rb") as file:
        assert file.read() == cert.public_bytes(serialization.Encoding.DER)
    record = shown(ca, "demo-1")
    assert record["state"] == "active" and record["pathLength"] == 1
    assert record["serial"] == f"{cert.serial_number:x}"
    assert record["fingerprint"] == cert.fingerprint(hashes.SHA256()).hex()
    assert record["key"]["uri"] == f"file:{key_path}"
    assert states(ca) == {"demo-1": "active"}
    assert "demo-1" in ca.run("ca", "list").stdout
    assert record["fingerprint"] in ca.run("ca", "show", "demo").stdout
    (key,) = json.loads(ca.run("key", "list", "--json").stdout)
    assert key["name"] == "demo-1" and "demo-1" in ca.run("key", "list").stdout


def test_wrong_options_change_nothing(ca):
    refused(ca, "ca", "init", "--key", "p256", status=USAGE)
    refused(ca, "ca", "init", "--name", "demo", status=USAGE)
    refused(ca, "ca", "frob", status=USAGE)
    for words in (
        ("--name", "Demo", "--key", "p256"),
        ("--name", "demo", "--key", "rsa1024"),
        ("--name", "demo", "--key", "p521"),
        ("--name", "demo", "--key", "p256", "--days", "0"),
        ("--name", "demo", "--key", "p256", "--days", "36501"),
        ("--name", "demo", "--key", "p256", "--subject", "Demo CA"),
        ("--name", "demo", "--key", "p256", "--key-uri", "https://x"),
        ("--name", "demo", "--key", "p256", "--key-file", "/x", "--key-uri", "pkcs11:object=a"),
        ("--name", "demo", "--key", "p256", "--passphrase-file", "/nonexistent"),
    ):
        refused(ca, "ca", "init", *words, status=CONFIG)
    assert json.loads(ca.run("ca", "list", "--json").stdout) == []
    assert not os.path.exists(os.path.join(ca.path("var"), "keys", "demo-1.key"))


def test_a_key_file_is_never_overwritten(ca):
    path = save(ca, "mine.key", "precious")
    error = refused(ca, *DEMO, "--key-file", path, status=CONFIG)
    assert path in error and "--existing-key" in error
    with open(path, encoding="ascii") as file:
        assert file.read() == "precious"


def test_a_name_is_taken_once(ca):
    init(ca)
    assert "already" in refused(ca, *DEMO)
    refused(ca, "ca", "init", "--name", "demo-1", "--key", "p256")
    assert "RA profile" not in init(ca, name="other")
    assert "no cross-certificates" in refused(ca, "ca", "export", "demo", "--cross")
    refused(ca, "ca", "export", "demo", "--cross", "--der", status=USAGE)
    refused(ca, "ca", "export", "demo", "--cross", "--chain", status=USAGE)


def test_unknown_names_are_told(ca):
    for word in ("show", "export", "renew", "rekey", "activate", "retire"):
        assert "ca list" in refused(ca, "ca", word, "x-1")


def test_without_the_database_no_key_is_made(ca):
    ca.configure({"Database": {"Socket": ca.path("nothing.sock")}})
    refused(ca, *DEMO, status=69)
    assert not os.path.exists(os.path.join(ca.path("var"), "keys"))


def test_export_to_a_full_disk_is_an_error(ca):
    init(ca)
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run(
            [process.certwright(), "ca", "export", "demo", "--config", ca.config],
            stdout=full, stderr=subprocess.PIPE, check=False, timeout=60,
        )
    assert done.returncode != 0 and b"standard output" in done.stderr


def test_export_writes_into_what_is_no_regular_file(ca):
    init(ca)
    pem = ca.run("ca", "export", "demo").stdout
    assert ca.run("ca", "export", "demo", "--out", "/dev/stdout").stdout == pem
    fifo = ca.path("fifo")
    os.mkfifo(fifo)
    os.symlink("fifo", ca.path("link"))
    for path in (fifo, ca.path("link")):
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        try:
            ca.run("ca", "export", "demo", "--out", path)
            assert os.read(reader, 65536).decode() == pem
        finally:
            os.close(reader)
        assert stat.S_ISFIFO(os.stat(path).st_mode)
    refused(ca, "ca", "export", "demo", "--out", ca.folder, status=CONFIG)


def test_export_replaces_the_file_that_a_link_names(ca):
    init(ca)
    pem = ca.run("ca", "export", "demo").stdout
    path, link = save(ca, "old.pem", "old"), ca.path("link")
    os.symlink("old.pem", link)
    ca.run("ca", "export", "demo", "--out", link)
    assert os.path.islink(link)
    with open(path, encoding="ascii") as file:
        assert file.read() == pem


def test_a_request_and_the_report_share_standard_output(ca):
    out = ca.path("out")
    with open(out, "w", encoding="ascii") as file:
        subprocess.run(
            [process.certwright(), *DEMO, "--csr", "/dev/stdout", "--config", ca.config],
            stdout=file, check=True, timeout=60,
        )
    with open(out, encoding="ascii") as file:
        said = file.read()
    assert "BEGIN CERTIFICATE REQUEST" in said and "Its request is in" in said


def test_a_migration_whose_report_is_lost_is_an_error(ca):
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run(
            [process.certwright(), "migrate", "--status", "--config", ca.config],
            stdout=full, stderr=subprocess.PIPE, check=False, timeout=60,
        )
    assert done.returncode != 0 and b"report" in done.stderr


# keys


def test_an_encrypted_key_needs_its_passphrase(ca):
    phrase = save(ca, "phrase", "correct horse\n")
    os.chmod(phrase, 0o600)
    init(ca, "--passphrase-file", phrase)
    key_path = os.path.join(ca.path("var"), "keys", "demo-1.key")
    with open(key_path, encoding="ascii") as file:
        assert "BEGIN ENCRYPTED PRIVATE KEY" in file.read()
    ca.run("ca", "renew", "demo")
    wrong = save(ca, "phrase", "wrong horse\n")
    error = refused(ca, "ca", "renew", "demo", status=CONFIG)
    assert "horse" not in error
    os.unlink(wrong)
    refused(ca, "ca", "renew", "demo", status=CONFIG)
    assert states(ca) == {"demo-1": "retired", "demo-2": "active"}


@pytest.mark.parametrize(
    "mode,good", [(0o600, True), (0o400, True), (0o640, False), (0o604, False)]
)
def test_a_key_that_others_can_read_is_refused(ca, mode, good):
    init(ca)
    os.chmod(os.path.join(ca.path("var"), "keys", "demo-1.key"), mode)
    if good:
        ca.run("ca", "renew", "demo")
    else:
        assert "mode" in refused(ca, "ca", "renew", "demo", status=CONFIG)


def test_a_passphrase_that_others_can_read_is_refused(ca):
    phrase = save(ca, "phrase", "correct horse\n")
    os.chmod(phrase, 0o644)
    assert "mode" in refused(ca, *DEMO, "--passphrase-file", phrase, status=CONFIG)


@pytest.fixture(name="token")
def fixture_token(ca, monkeypatch):
    """A SoftHSM2 token; the start of its URIs and the file with its PIN."""
    os.mkdir(ca.path("tokens"))
    settings = f"directories.tokendir = {ca.path('tokens')}\nlog.level = ERROR\n"
    config = save(ca, "softhsm2.conf", settings)
    monkeypatch.setenv("SOFTHSM2_CONF", config)
    label = ("--label", "certwright")
    tool("softhsm2-util", "--init-token", "--free", *label, "--pin", "4321", "--so-pin", "8765")
    pin = save(ca, "pin", "4321\n")
    os.chmod(pin, 0o600)
    uri = "pkcs11:token=certwright;object={};type=private?module-path=" + SOFTHSM
    return uri.format, pin


@pytest.mark.parametrize("kind", ["rsa2048", "p256", "p384"])
def test_a_key_in_a_token_signs(ca, token, kind):
    uri, pin = token
    init(ca, "--key-uri", uri("first"), "--passphrase-file", pin, kind=kind)
    _, first = export(ca, "demo")
    tool("openssl", "verify", "-x509_strict", "-CAfile", first, first)
    second_key = ("--key-uri", uri("second"), "--passphrase-file", pin)
    ca.run("ca", "rekey", "demo", *second_key, "--activate")
    _, second = export(ca, "demo-2")
    tool("openssl", "verify", "-CAfile", second, second)
    _, crossed = export(ca, "demo-2", "--cross")
    assert shown(ca, "demo-2")["key"]["uri"] == uri("second")
    assert shown(ca, "demo-2")["crossCertificates"] == 1
    tool("openssl", "verify", "-CAfile", first, crossed)
    refused(ca, "ca", "rekey", "demo", *second_key, status=CONFIG)
    with open(pin, "w", encoding="ascii") as file:
        file.write("9999\n")
    assert "9999" not in refused(ca, "ca", "renew", "demo", status=CONFIG)


def test_a_pin_in_the_uri_is_refused(ca, token):
    uri, _ = token
    with_pin = uri("a") + "&pin-value=4321"
    error = refused(ca, *DEMO, "--key-uri", with_pin, status=CONFIG)
    assert "4321" not in error and "passphrase-file" in error


# outer CAs and imports


@pytest.mark.parametrize("kind", KEY_TYPES)
def test_an_outer_ca_signs_our_request(ca, kind):
    outer = Outer(ca)
    request = ca.path("demo.csr")
    said = init(ca, "--csr", request, "--subject", "CN=Issuing,O=Example", kind=kind)
    assert "waits" in said and states(ca) == {"demo-1": "pending"}
    text = tool("openssl", "req", "-in", request, "-verify", "-noout", "-text")
    assert "CA:TRUE" in text and "Certificate Sign, CRL Sign" in text
    with open(request, encoding="ascii") as file:
        assert file.read() == ca.run("ca", "export", "demo-1", "--csr").stdout
    refused(ca, "ca", "export", "demo")
    refused(ca, "ca", "activate", "demo-1")
    answer = ("--cert", outer.sign(request), "--chain", outer.pem)
    said = ca.run("ca", "import", "--name", "demo", *answer).stdout
    assert "demo-1 is active" in said
    _, path = export(ca, "demo")
    tool("openssl", "verify", "-CAfile", outer.pem, path)
    chain, _ = export(ca, "demo", "--chain")
    assert chain.count("BEGIN CERTIFICATE") == 2
    assert shown(ca, "demo-1")["chainCertificates"] == 1


def test_wrong_answers_are_refused(ca):
    outer, stranger = Outer(ca), Outer(ca, "stranger")
    request = ca.path("demo.csr")
    init(ca, "--csr", request)
    other_key = ca.path("other.key")
    tool("openssl", "genpkey", "-algorithm", "ed25519", "-out", other_key)
    other = ca.path("other.csr")
    tool("openssl", "req", "-new", "-key", other_key, "-subj", "/CN=demo", "-out", other)

    def answer(*words):
        return refused(ca, "ca", "import", "--name", "demo", *words)

    assert "public key" in answer("--cert", outer.sign(other))
    spoiled = outer.sign(request, "basicConstraints=CA:FALSE\n")
    assert "BasicConstraints" in answer("--cert", spoiled)
    spoiled = outer.sign(request, "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,cRLSign\n")
    assert "keyCertSign" in answer("--cert", spoiled)
    good = outer.sign(request)
    assert "chain" in answer("--cert", good, "--chain", stranger.pem)
    answer("--cert", request)
    answer("--cert", other_key)
    assert states(ca) == {"demo-1": "pending"}
    ca.run("ca", "import", "--name", "demo", "--cert", good)
    assert states(ca) == {"demo-1": "active"}
    assert "waits" in answer("--cert", good)


def test_an_outer_cas_generation_is_renewed_and_rekeyed_by_requests(ca):
    outer = Outer(ca)
    request = ca.path("demo.csr")
    init(ca, "--csr", request)
    ca.run("ca", "import", "--name", "demo", "--cert", outer.sign(request))
    assert "--csr" in refused(ca, "ca", "renew", "demo")
    assert "--csr" in refused(ca, "ca", "rekey", "demo")
    ca.run("ca", "renew", "demo", "--csr", request)
    assert "already" in refused(ca, "ca", "renew", "demo", "--csr", request)
    ca.run("ca", "import", "--name", "demo", "--cert", outer.sign(request))
    assert states(ca) == {"demo-1": "active", "demo-2": "pending"}
    ca.run("ca", "activate", "demo-2")
    ca.run("ca", "rekey", "demo", "--key", "ed25519", "--csr", request)
    said = ca.run("ca", "import", "--name", "demo", "--cert", outer.sign(request)).stdout
    assert "Cross-certificates: 2" in said
    assert states(ca) == {"demo-1": "retired", "demo-2": "active", "demo-3": "pending"}


def test_an_existing_ca_is_taken_over(ca):
    old = Outer(ca, "old")
    os.chmod(old.key, 0o600)
    said = ca.run("ca", "import", "--name", "old", "--cert", old.pem, "--key-file", old.key).stdout
    assert "old-1 is active" in said and "profile create" in said
    with open(old.pem, encoding="ascii") as file:
        assert file.read().strip() == export(ca, "old")[0].strip()
    assert "already" in refused(ca, *OLD, "--cert", old.pem, "--key-file", old.key)
    # Its leaves name the key by openssl's identifier, so what follows must keep it.
    leaf = make_leaf(ca, "leaf", old.key, export(ca, "old")[0])
    ca.run("ca", "renew", "old")
    tool("openssl", "verify", "-CAfile", export(ca, "old")[1], leaf)
    ca.run("ca", "rekey", "old", "--activate")
    _, root = export(ca, "old")
    _, bridge = export(ca, "old-2", "--cross")
    tool("openssl", "verify", "-CAfile", root, "-untrusted", bridge, leaf)


def test_an_existing_ca_needs_its_own_key(ca):
    old, stranger = Outer(ca, "old"), Outer(ca, "stranger")
    assert "not of the key" in refused(ca, *OLD, "--cert", old.pem, "--key-file", stranger.key)
    os.chmod(old.key, 0o644)
    assert "mode" in refused(ca, *OLD, "--cert", old.pem, "--key-file", old.key, status=CONFIG)
    assert os.path.exists(old.key) and json.loads(ca.run("ca", "list", "--json").stdout) == []


# renew, rekey, activate, retire


def test_renewing_keeps_the_leaves_good(ca):
    init(ca, "--days", "100")
    key_path = os.path.join(ca.path("var"), "keys", "demo-1.key")
    leaf = make_leaf(ca, "leaf", key_path, export(ca, "demo")[0])
    said = ca.run("ca", "renew", "demo", "--days", "200").stdout
    assert "demo-2 is active" in said and "demo-1 is retired" in said
    _, new = export(ca, "demo")
    tool("openssl", "verify", "-CAfile", new, leaf)
    assert shown(ca, "demo-2")["key"]["name"] == "demo-1"
    assert states(ca) == {"demo-1": "retired", "demo-2": "active"}


@pytest.mark.parametrize(
    "old_kind,new_kind",
    [("p256", "rsa2048"), ("rsa2048", "p384"), ("ed25519", "ed25519"), ("p384", "p256")],
)
def test_rekeying_reaches_old_and_new_leaves_from_both_roots(ca, old_kind, new_kind):
    init(ca, "--days", "100", kind=old_kind)
    keys = os.path.join(ca.path("var"), "keys")
    old_pem, old = export(ca, "demo-1")
    old_leaf = make_leaf(ca, "old-leaf", f"{keys}/demo-1.key", old_pem)
    ca.run("ca", "rekey", "demo", "--key", new_kind, "--days", "300")
    assert states(ca) == {"demo-1": "active", "demo-2": "pending"}
    new_pem, new = export(ca, "demo-2")
    said = ca.run("ca", "activate", "demo-2").stdout
    assert "demo-2 is active" in said and "demo-1 is retired" in said
    assert export(ca, "demo")[0] == new_pem
    new_leaf = make_leaf(ca, "new-leaf", f"{keys}/demo-2.key", new_pem)
    tool("openssl", "verify", "-x509_strict", "-CAfile", old, old_leaf)
    tool("openssl", "verify", "-x509_strict", "-CAfile", new, new_leaf)
    tool("openssl", "verify", "-CAfile", new, old_leaf, status=2)
    tool("openssl", "verify", "-CAfile", old, new_leaf, status=2)
    bridges = {label: export(ca, label, "--cross") for label in ("demo-1", "demo-2")}
    for root, label, leaf in ((new, "demo-1", old_leaf), (old, "demo-2", new_leaf)):
        bridge = ("-untrusted", bridges[label][1])
        tool("openssl", "verify", "-x509_strict", "-CAfile", root, *bridge, leaf)
    for text, _ in bridges.values():
        assert text.count("BEGIN CERTIFICATE") == 1
        cross = x509.load_pem_x509_certificate(text.encode())
        roots = [x509.load_pem_x509_certificate(pem.encode()) for pem in (old_pem, new_pem)]
        assert cross.not_valid_before == max(root.not_valid_before for root in roots)
        assert cross.not_valid_after == min(root.not_valid_after for root in roots)
        assert cross.subject == cross.issuer == roots[0].subject


@pytest.mark.parametrize("path_len,status", [("0", 1), ("1", 0)])
def test_gnutls_follows_cross_certificates_given_room(ca, path_len, status):
    """It counts self-issued certificates, unlike RFC 5280, 6.1.4; --path-len's help says so."""
    init(ca, "--path-len", path_len)
    keys = os.path.join(ca.path("var"), "keys")
    leaf = make_leaf(ca, "leaf", f"{keys}/demo-1.key", export(ca, "demo")[0])
    ca.run("ca", "rekey", "demo", "--activate")
    with open(leaf, encoding="ascii") as file:
        chain = file.read() + export(ca, "demo-1", "--cross")[0]
    _, root = export(ca, "demo")
    tool("certtool", "--verify", "--load-ca-certificate", root, text=chain, status=status)


def test_rekeying_takes_the_old_type_and_a_place_of_its_own(ca):
    init(ca, kind="rsa3072")
    path = ca.path("second.key")
    ca.run("ca", "rekey", "demo", "--key-file", path, "--activate")
    second = shown(ca, "demo-2")
    assert second["key"]["algorithm"] == "rsa" and second["key"]["bits"] == 3072
    assert second["key"]["uri"] == f"file:{path}" and second["state"] == "active"
    refused(ca, "ca", "rekey", "demo", "--activate", "--csr", path, status=USAGE)


def test_the_active_one_is_retired_by_force_only(ca):
    init(ca)
    assert "--force" in refused(ca, "ca", "retire", "demo-1")
    assert states(ca) == {"demo-1": "active"}
    assert "issuing stops" in ca.run("ca", "retire", "demo-1", "--force").stdout
    assert states(ca) == {"demo-1": "retired"}
    refused(ca, "ca", "activate", "demo-1")
    ca.run("ca", "renew", "demo")
    assert states(ca) == {"demo-1": "retired", "demo-2": "active"}


def test_every_change_is_audited(ca):
    init(ca)
    ca.run("ca", "renew", "demo")
    ca.run("ca", "rekey", "demo")
    ca.run("ca", "activate", "demo-3")
    ca.run("ca", "retire", "demo-3", "--force")
    rows = ca.sql(
        "SELECT action, actor, outcome FROM audit WHERE object_type = 'authority' ORDER BY id"
    )
    wanted = "init renew rekey activate retire".split()
    assert [row[0] for row in rows] == [f"ca.{action}" for action in wanted]
    assert {tuple(row[1:]) for row in rows} == {(f"uid:{os.geteuid()}", "done")}


# RA profiles


def profile(service, name="default"):
    return json.loads(service.run("profile", "show", name, "--json").stdout)


def test_the_default_profile_has_the_documented_rules(ca):
    init(ca)
    rules = profile(ca)
    assert rules["Authority"] == "demo" and rules["Enabled"] is True
    assert rules["KeyTypes"] == ["rsa", "p256", "p384", "ed25519"]
    assert (rules["MinRsaBits"], rules["MaxRsaBits"], rules["MaxSans"]) == (2048, 4096, 100)
    assert (rules["ValidityDays"], rules["MinRemainingDays"]) == (730, 1)
    assert rules["KeyUsages"] == ["digitalSignature", "keyEncipherment"]
    ekus = ["clientAuth", "serverAuth", "emailProtection", "smartcardLogon", "ipsecIKE"]
    assert rules["AllowedEkus"] == ekus
    assert rules["DefaultEkus"] == [] and rules["SanTypes"] == ["dns", "email", "uri", "ip", "upn"]
    assert rules["SubjectRule"] == "any" and rules["Protocols"] == ["rest", "est"]
    assert rules["RenewableTypes"] == ["Static"] and rules["AddCdp"] is False
    assert sorted(rules["Enroller"]) == ["role:CSR.Request.Db", "role:CSR.SelfService"]


def test_rules_are_set_together(ca):
    init(ca)
    guid = "11111111-2222-4333-8444-AAAAAAAAAAAA"
    ca.run(
        "profile", "set", "default", "ValidityDays=30", "AllowedEkus=clientAuth, 1.3.6.1.5.5.7.3.1",
        "Enabled=false", "Enroller-=role:CSR.SelfService", f"Enroller+=application:{guid}",
        f"Enroller+=principal:{guid}/{guid}", "Enroller+=ra_profile:default", "SanTypes=",
    )
    rules = profile(ca)
    assert rules["ValidityDays"] == 30 and rules["Enabled"] is False and rules["SanTypes"] == []
    assert rules["AllowedEkus"] == ["clientAuth", "serverAuth"] and rules["Revision"] == 2
    low = guid.lower()
    assert sorted(rules["Enroller"]) == [
        f"application:{low}", f"principal:{low}/{low}", "ra_profile:default", "role:CSR.Request.Db",
    ]
    ((changes,),) = ca.sql("SELECT changes FROM audit WHERE action = 'profile.set'")
    changes = json.loads(changes)
    assert changes["ValidityDays"] == {"before": 730, "after": 30}
    assert changes["SanTypes"] == {"before": ["dns", "email", "uri", "ip", "upn"], "after": []}
    assert "MaxSans" not in changes
    stored = ca.value("SELECT allowed_ekus FROM ra_profile")
    assert stored == "1.3.6.1.5.5.7.3.2,1.3.6.1.5.5.7.3.1"
    assert "as it was" in ca.run("profile", "set", "default", "ValidityDays=30").stdout
    assert profile(ca)["Revision"] == 2


@pytest.mark.parametrize(
    "bad,key",
    [
        ("Validity=30", "Validity"),
        ("validitydays=30", "validitydays"),
        ("ValidityDays=0", "ValidityDays"),
        ("ValidityDays=x", "ValidityDays"),
        ("ValidityDays", "Key=value"),
        ("=30", "Key=value"),
        ("KeyTypes=rsa,dsa", "KeyTypes"),
        ("MinRsaBits=1024", "MinRsaBits"),
        ("MaxRsaBits=2048 ", "MaxRsaBits"),
        ("KeyUsages=keyCertSign", "KeyUsages"),
        ("AllowedEkus=OCSPSigning", "AllowedEkus"),
        ("AllowedEkus=1.3.6.1.5.5.7.3.9", "AllowedEkus"),
        ("AllowedEkus=2.5.29.37.0", "AllowedEkus"),
        ("DefaultEkus=codeSigning", "DefaultEkus"),
        ("SanTypes=sid", "SanTypes"),
        ("MaxSans=1001", "MaxSans"),
        ("SubjectRule=none", "SubjectRule"),
        ("Protocols=cmp", "Protocols"),
        ("AddCdp=maybe", "AddCdp"),
        ("Enroller=role:x", "Enroller"),
        ("Enroller+=role:", "Enroller"),
        ("Enroller+=application:x", "Enroller"),
        ("Enroller+=ra_profile:none", "Enroller"),
        ("Enroller+=role:CSR.SelfService", "Enroller"),
        ("Enroller-=role:Nobody", "Enroller"),
    ],
)
def test_a_wrong_rule_is_named_and_nothing_is_written(profiles, bad, key):
    before = profile(profiles)
    words = ("profile", "set", "default", "Description=changed", bad)
    assert key in refused(profiles, *words, status=CONFIG)
    assert profile(profiles) == before


@pytest.fixture(name="profiles", scope="module")
def fixture_profiles(mariadb, double):
    """One service for all tests that change nothing."""
    made = Service(mariadb, double).make(keys=False)
    yield made
    made.destroy()


def test_profiles_are_made_and_listed(ca):
    init(ca)
    said = ca.run("profile", "create", "laptops", "--authority", "demo", "ValidityDays=90").stdout
    assert "open to nobody" in said
    made = profile(ca, "laptops")
    assert made["ValidityDays"] == 90 and made["Enroller"] == []
    names = [one["Name"] for one in json.loads(ca.run("profile", "list", "--json").stdout)]
    assert names == ["default", "laptops"]
    assert "laptops" in ca.run("profile", "list").stdout
    assert "already" in refused(ca, "profile", "create", "laptops", "--authority", "demo")
    refused(ca, "profile", "create", "other", "--authority", "none")
    refused(ca, "profile", "create", "a b", "--authority", "demo", status=CONFIG)
    refused(ca, "profile", "create", "other", status=USAGE)
    assert "profile list" in refused(ca, "profile", "show", "none")
    assert "profile list" in refused(ca, "profile", "set", "none", "Enabled=false")
