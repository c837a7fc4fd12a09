"""certwright ra, and ca init --scep-direct: what is made, judged by openssl and certtool, and its rights."""

import json
import os
import re
import subprocess
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.x509.oid import ExtensionOID
from harness import csr, est, ocsp, process

AGENT = "1.3.6.1.4.1.311.20.2.1"
USAGE, REFUSED, CONFIG, UNAVAILABLE = 64, 1, 78, 69
CREATE = ("ra", "create", "--authority", "demo")
SETTINGS = {
    "DbCSRValidation": {
        "AllowRenewals": "true",
        "ReenrollmentAllowedCertificateTypes": "Static, IntuneUser",
        "RaProfile": "default",
    }
}
SOFTHSM = "/usr/lib/softhsm/libsofthsm2.so"


@pytest.fixture(name="ca")
def fixture_ca(new_service):
    """A certwright with a CA named demo, not started."""
    return new_service().make(keys=False)


def tool(*argv, text=None):
    done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, (argv, done.stdout, done.stderr)
    return done.stdout


def refused(service, *words, status=REFUSED):
    done = service.run(*words, check=False)
    assert done.returncode == status, (words, done)
    assert re.match(r"certwright (ra|ca|key)", done.stderr), done.stderr
    return done.stderr


def create(service, *more, bits="2048"):
    """The record of a new one."""
    return json.loads(service.run(*CREATE, "--key-bits", bits, "--json", *more).stdout)


def pem_of(service, made):
    return service.run("cert", "export", made["id"]).stdout


def save(service, name, text):
    path = service.path(name)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    return path


def listed(service):
    return json.loads(service.run("ra", "list", "--json").stdout)


def key_path(service, name="demo.ra-1"):
    return os.path.join(service.path("var"), "keys", f"{name}.key")


def private_key(service, name="demo.ra-1"):
    with open(key_path(service, name), "rb") as file:
        return serialization.load_pem_private_key(file.read(), None)


# what is made


@pytest.mark.parametrize("ca_key", ["rsa2048", "p256", "p384", "ed25519"])
def test_the_certificate_by_independent_parsers(new_service, ca_key):
    service = new_service().make(ca_key=ca_key, keys=False)
    said = service.run(*CREATE, "--subject", "CN=SCEP,O=Example").stdout
    (made,) = listed(service)
    assert made["serial"] in said and made["id"] in said and "file:" in said
    pem = pem_of(service, made)
    leaf, issuer = save(service, "ra.pem", pem), save(service, "ca.pem", service.ca_pem())
    tool("openssl", "verify", "-x509_strict", "-CAfile", issuer, leaf)
    verified = tool("certtool", "--verify", "--load-ca-certificate", issuer, text=pem)
    assert "Chain verification output: Verified" in verified
    gnutls = tool("certtool", "--certificate-info", text=pem)
    openssl = tool("openssl", "x509", "-in", leaf, "-noout", "-text")
    assert "Public-Key: (3072 bit)" in openssl
    assert re.search(r"Subject: O ?= ?Example, CN ?= ?SCEP", openssl)
    assert "Digital Signature, Key Encipherment\n" in openssl
    assert "CA:FALSE" in openssl and "Certificate Authority (CA): FALSE" in gnutls
    assert "Digital signature" in gnutls and "Key encipherment" in gnutls
    for text in (openssl, gnutls):
        assert "http://pki.example.com/ocsp" in text
        assert "https://pki.example.com/ca/demo-1" in text
    names = tool("openssl", "x509", "-in", leaf, "-noout", "-ext", "extendedKeyUsage")
    assert names.split("\n")[1].strip() in (AGENT, "Microsoft Certificate Request Agent")


def test_the_extensions_and_the_dates(ca):
    made = create(ca)
    certificate = x509.load_pem_x509_certificate(pem_of(ca, made).encode())
    critical = {extension.oid: extension.critical for extension in certificate.extensions}
    assert critical == {
        ExtensionOID.BASIC_CONSTRAINTS: True,
        ExtensionOID.KEY_USAGE: True,
        ExtensionOID.EXTENDED_KEY_USAGE: False,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER: False,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER: False,
        ExtensionOID.AUTHORITY_INFORMATION_ACCESS: False,
    }
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [each.dotted_string for each in usage] == [AGENT]
    assert certificate.subject.rfc4514_string() == "CN=demo SCEP RA"
    assert f"{certificate.serial_number:032X}".startswith("20")
    left = ocsp.seconds(certificate.not_valid_after) - time.time()
    assert 729 * 86400 < left <= 730 * 86400
    issuer = x509.load_pem_x509_certificate(ca.ca_pem().encode())
    long = create(ca, "--days", "36500")
    last = x509.load_pem_x509_certificate(pem_of(ca, long).encode())
    assert last.not_valid_after == issuer.not_valid_after


def test_its_key_decrypts_what_the_certificate_encrypts(ca):
    made = create(ca)
    certificate = x509.load_pem_x509_certificate(pem_of(ca, made).encode())
    sealed = certificate.public_key().encrypt(b"secret", padding.PKCS1v15())
    key = private_key(ca)
    assert key.decrypt(sealed, padding.PKCS1v15()) == b"secret"
    assert os.stat(key_path(ca)).st_mode & 0o777 == 0o600


def test_what_is_on_record(ca):
    made = create(ca, "--subject", "CN=first")
    assert made["type"] == "ScepRa" and made["source"] == "Command"
    assert made["requesterKind"] == "command" and "raProfile" not in made
    assert made["authority"] == "demo" and made["generation"] == "demo-1"
    assert made["status"] == "good" and made["usableForScep"] and made["usableForIntune"]
    assert made["key"]["usages"] == "scep" and made["key"]["state"] == "active"
    assert made["key"]["name"] == "demo.ra-1" and made["key"]["uri"] == f"file:{key_path(ca)}"
    assert made["keyType"] == "rsa" and made["keyBits"] == 2048
    second = create(ca)
    assert second["key"]["name"] == "demo.ra-2"
    assert [each["id"] for each in listed(ca)] == [second["id"], made["id"]]
    text = ca.run("ra", "list").stdout.splitlines()
    assert text[0].split() == ["ID", "CA", "STATUS", "KEY", "ENDS", "SUBJECT"]
    assert text[2].split()[:6] == [made["id"], "demo", "good", "rsa", "2048,", "active"]
    for name in (made["id"], made["serial"], made["fingerprint"]):
        assert json.loads(ca.run("ra", "show", name, "--json").stdout)["id"] == made["id"]
    assert "key:\n" in ca.run("ra", "show", made["id"]).stdout
    found = json.loads(ca.run("cert", "list", "--type", "ScepRa", "--json").stdout)
    assert {each["id"] for each in found} == {made["id"], second["id"]}
    keys = json.loads(ca.run("key", "list", "--json").stdout)
    assert {key["name"]: key["usages"] for key in keys} == {
        "demo-1": "ca",
        "demo.ra-1": "scep",
        "demo.ra-2": "scep",
    }


def test_the_active_generation_signs(ca):
    create(ca)
    ca.run("ca", "rekey", "demo", "--activate")
    made = create(ca)
    assert made["generation"] == "demo-2"
    leaf = save(ca, "ra.pem", pem_of(ca, made))
    tool("openssl", "verify", "-CAfile", save(ca, "ca.pem", ca.ca_pem()), leaf)


# what is refused


@pytest.mark.parametrize(
    "words,status,text",
    [
        (("--key-bits", "1024"), CONFIG, "key-bits"),
        (("--key-bits", "2049"), CONFIG, "key-bits"),
        (("--key-bits", "8192"), CONFIG, "key-bits"),
        (("--key-bits", "rsa"), CONFIG, "key-bits"),
        (("--key-type", "p256"), USAGE, "key-type"),
        (("--days", "0"), CONFIG, "days"),
        (("--days", "36501"), CONFIG, "days"),
        (("--subject", ""), CONFIG, "TYPE=value"),
        (("--subject", "CN=Test CA demo"), CONFIG, "CA itself"),
        (("--subject", "no name"), CONFIG, "name"),
        (("--key-file", "a", "--key-uri", "pkcs11:object=a"), CONFIG, "exclude"),
        (("--key-uri", "file:/tmp/a"), CONFIG, "pkcs11"),
        (("more",), USAGE, "argument"),
    ],
)
def test_wrong_wishes_leave_nothing(ca, words, status, text):
    assert text in refused(ca, *CREATE, *words, status=status)
    assert listed(ca) == [] and not os.path.exists(key_path(ca))
    assert len(json.loads(ca.run("key", "list", "--json").stdout)) == 1


def test_names_have_to_be_right(ca):
    refused(ca, "ra", "create", status=USAGE)
    assert '"none"' in refused(ca, "ra", "create", "--authority", "none")
    made = create(ca)
    other = "00000000-0000-4000-8000-000000000000"
    for action in ("show", "retire"):
        assert "no certificate" in refused(ca, "ra", action, other)
        refused(ca, "ra", action, "not a name", status=CONFIG)
        refused(ca, "ra", action, status=USAGE)
    ca.sql("UPDATE certificate SET fingerprint = REPEAT('x', 32)")
    ca.sql("DELETE FROM ra_certificate")
    for action in ("show", "retire"):
        assert "no RA certificate" in refused(ca, "ra", action, made["id"])


def test_no_other_kind_of_key_and_no_cas(ca):
    path = ca.path("ec.key")
    tool("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path)
    os.chmod(path, 0o600)
    existing = ("--existing-key", "--key-file")
    assert "RSA" in refused(ca, *CREATE, *existing, path, status=CONFIG)
    ca.ca_init("rsa", "rsa2048")
    assert "rsa-1" in refused(ca, *CREATE, *existing, ca.path("rsa.key"))
    path = ca.path("rsa2048.key")
    tool("openssl", "genrsa", "-out", path, "2048")
    os.chmod(path, 0o600)
    assert "not of type rsa3072" in refused(
        ca, *CREATE, *existing, path, "--key-bits", "3072", status=CONFIG
    )
    made = json.loads(ca.run(*CREATE, *existing, path, "--json").stdout)
    assert made["keyBits"] == 2048 and made["key"]["uri"] == f"file:{path}"
    assert "on record already" in refused(ca, *CREATE, *existing, path)


def test_a_passphrase_encrypts_the_key(ca):
    phrase = save(ca, "phrase", "correct horse\n")
    os.chmod(phrase, 0o600)
    made = create(ca, "--passphrase-file", phrase, "--key-file", ca.path("ra.key"))
    assert made["key"]["passphraseFile"] == phrase
    with open(ca.path("ra.key"), encoding="ascii") as file:
        assert "BEGIN ENCRYPTED PRIVATE KEY" in file.read()


# GnuTLS opens the key of the URI and decrypts what comes on standard input.
DECRYPT = """
import ctypes, sys
gnutls = ctypes.CDLL("libgnutls.so.30")
class Datum(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("size", ctypes.c_uint)]
sealed = sys.stdin.buffer.read()
key, out = ctypes.c_void_p(), Datum()
given = Datum(ctypes.cast(ctypes.c_char_p(sealed), ctypes.c_void_p), len(sealed))
assert gnutls.gnutls_pkcs11_init(0, None) == 0
assert gnutls.gnutls_pkcs11_add_provider(sys.argv[1].encode(), None) == 0
assert gnutls.gnutls_privkey_init(ctypes.byref(key)) == 0
assert gnutls.gnutls_privkey_import_url(key, sys.argv[2].encode(), 2) == 0
if gnutls.gnutls_privkey_decrypt_data(key, 0, ctypes.byref(given), ctypes.byref(out)) != 0:
    sys.exit("refused")
sys.stdout.buffer.write(ctypes.string_at(out.data, out.size))
"""


def token_decrypts(uri, sealed):
    """What the token makes of it; None where its key may not decrypt."""
    argv = ["/usr/bin/python3", "-c", DECRYPT, SOFTHSM, uri + "&pin-value=4321"]
    done = subprocess.run(argv, input=sealed, capture_output=True, check=False, timeout=60)
    if done.returncode == 0:
        return done.stdout
    assert done.stderr == b"refused\n", done.stderr
    return None


def test_a_key_in_a_token_decrypts(ca, monkeypatch):
    os.mkdir(ca.path("tokens"))
    settings = f"directories.tokendir = {ca.path('tokens')}\nlog.level = ERROR\n"
    monkeypatch.setenv("SOFTHSM2_CONF", save(ca, "softhsm2.conf", settings))
    tool("softhsm2-util", "--init-token", "--free", *"--label ra --pin 4321 --so-pin 8765".split())
    pin = save(ca, "pin", "4321\n")
    os.chmod(pin, 0o600)
    uri = "pkcs11:token=ra;object=scep;type=private?module-path=" + SOFTHSM
    made = create(ca, "--key-uri", uri, "--passphrase-file", pin)
    assert made["key"]["uri"] == uri
    certificate = x509.load_pem_x509_certificate(pem_of(ca, made).encode())
    sealed = certificate.public_key().encrypt(b"secret", padding.PKCS1v15())
    assert token_decrypts(uri, sealed) == b"secret"
    # The near miss: a CA's key in a token only signs.
    uri = uri.replace("object=scep", "object=other")
    plain = ("--key-uri", uri, "--passphrase-file", pin)
    ca.run("ca", "init", "--name", "other", "--key", "rsa2048", *plain)
    issuer = x509.load_pem_x509_certificate(ca.ca_pem("other").encode())
    sealed = issuer.public_key().encrypt(b"secret", padding.PKCS1v15())
    assert token_decrypts(uri, sealed) is None


# retiring and revoking


def test_retiring_and_revoking(ca):
    first, second, third = create(ca), create(ca), create(ca)
    said = ca.run("ra", "retire", first["serial"]).stdout
    assert "retired" in said and "cert revoke" in said
    assert "already" in refused(ca, "ra", "retire", first["id"])
    ca.run("cert", "revoke", second["id"], "--hold")
    found = {each["id"]: each for each in listed(ca)}
    assert not found[first["id"]]["usableForScep"] and found[first["id"]]["status"] == "good"
    assert found[first["id"]]["key"]["state"] == "retired"
    assert not found[second["id"]]["usableForScep"] and found[second["id"]]["status"] == "hold"
    assert found[third["id"]]["usableForScep"] and found[third["id"]]["usableForIntune"]
    ca.run("cert", "revoke", second["id"], "--release")
    assert json.loads(ca.run("ra", "show", second["id"], "--json").stdout)["usableForScep"]
    ca.run("cert", "revoke", third["id"], "--reason", "keyCompromise")
    assert not json.loads(ca.run("ra", "show", third["id"], "--json").stdout)["usableForScep"]
    again = ("--existing-key", "--key-file", key_path(ca, "demo.ra-3"))
    assert "on record" in refused(ca, *CREATE, *again)


def test_every_change_is_audited(ca):
    made = create(ca)
    ca.run("ra", "retire", made["id"])
    rows = ca.sql(
        "SELECT actor, action, object_type, object_name, changes FROM audit"
        " WHERE action LIKE 'ra.%' ORDER BY id"
    )
    assert [row[:4] for row in rows] == [
        (f"uid:{os.geteuid()}", action, "certificate", made["serial"])
        for action in ("ra.create", "ra.retire")
    ]
    assert json.loads(rows[0][4])["key"] == {"after": "demo.ra-1"}
    assert json.loads(rows[1][4]) == {"keyState": {"before": "active", "after": "retired"}}


# the database dies between the key file and the rows


def test_when_the_database_dies_the_key_is_named(new_service, own_mariadb):
    service = new_service(mariadb=own_mariadb).make(keys=False)
    lock = "LOCK TABLES certificate WRITE; SELECT SLEEP(60)"
    locker = subprocess.Popen(
        ["mariadb", "--no-defaults", f"--socket={own_mariadb.socket}", "--user=root",
         service.database, "-e", lock],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    waiting = "SELECT COUNT(*) FROM information_schema.processlist WHERE {}"
    sleeping = waiting.format("info LIKE '%SLEEP(60)%' AND state = 'User sleep'")
    process.wait_until(lambda: own_mariadb.value(sleeping) == "1", 20, "the lock")
    argv = [process.certwright(), *CREATE, "--key-bits", "2048", "--config", service.config]
    creating = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    stopped = waiting.format("info LIKE 'INSERT INTO certificate %'")
    process.wait_until(lambda: own_mariadb.value(stopped) == "1", 30, "the INSERT")
    own_mariadb.kill()
    out, error = creating.communicate(timeout=60)
    locker.communicate(timeout=60)
    assert creating.returncode == UNAVAILABLE and out == ""
    assert key_path(service) in error and "keep the new key" in error
    own_mariadb.start()
    rows = "SELECT COUNT(*) FROM certificate UNION ALL SELECT COUNT(*) FROM ra_certificate"
    rows += " UNION ALL SELECT COUNT(*) FROM managed_key WHERE usages = 'scep'"
    assert service.sql(rows) == [("0",), ("0",), ("0",)]
    assert "--existing-key" in refused(service, *CREATE, status=CONFIG)
    service.run(*CREATE, "--existing-key")
    assert service.sql(rows) == [("1",), ("1",), ("1",)]


# what its holder may do: nothing


@pytest.fixture(name="running", scope="module")
def fixture_running(service):
    """A running certwright, with an RA certificate, an ordinary one, and profiles open to both."""
    made = create(service)
    certificate = x509.load_pem_x509_certificate(pem_of(service, made).encode())
    ra = est.Holder(certificate, private_key(service))
    service.run("profile", "create", "by-cert", "--authority", "demo")
    service.run("profile", "set", "default", "RenewableTypes=Static,IntuneUser")
    holder = est.enrolled(service, "device-1")
    service.run(
        "profile", "set", "by-cert", "Enabled=true", "Enroller+=ra_profile:default",
        f"Enroller+=certificate:{ra.fingerprint}", f"Enroller+=certificate:{holder.fingerprint}",
    )  # fmt: skip
    time.sleep(1.1)
    return service, ra, holder


def count(service):
    return service.value("SELECT COUNT(*) FROM certificate")


@pytest.mark.parametrize("label", [None, "default", "by-cert"])
def test_an_ra_certificate_renews_nothing(running, label):
    service, ra, holder = running
    before = count(service)
    answer = est.renew(service, ra, label=label)
    assert answer.status == 403, answer
    assert "ScepRa" in answer.body.decode()
    assert count(service) == before
    if label != "by-cert":
        assert est.renew(service, holder, label=label).status == 200


def test_an_ra_certificate_enrolls_nothing(running):
    service, ra, holder = running
    for who, status in ((ra, 403), (holder, 200)):
        before = count(service)
        body = csr.make(who.certificate.subject)
        answer = est.post(service, "simpleenroll", body, label="by-cert", client=who.pem)
        assert answer.status == status, answer
        assert (count(service) == before) == (status != 200)
    answer = service.request(
        "POST", "/api/csr", {"Content-Type": "application/pkcs10"}, csr.make("device-1"), client=ra.pem
    )
    assert answer.status == 401, answer


def test_its_type_is_none_that_settings_or_profiles_let_renew(running, new_service):
    service, _, _ = running
    done = service.run("profile", "set", "by-cert", "RenewableTypes=Static,ScepRa", check=False)
    assert done.returncode == CONFIG and "RenewableTypes" in done.stderr, done
    types = {"ReenrollmentAllowedCertificateTypes": "Static, ScepRa"}
    done = new_service({"DbCSRValidation": types}).run("check-config", check=False)
    assert done.returncode == CONFIG and "ScepRa" in done.stderr, done


def test_it_is_answered_like_any_other_certificate(running):
    service, ra, _ = running
    row = "CONCAT_WS('/', type, source, status, requester_kind, HEX(ra_profile_id))"
    assert ra.value(service, row) == "ScepRa/Command/good/command/" + "00" * 16


# the CA's own key


@pytest.mark.parametrize("kind,usage", [("rsa2048", "Digital Signature, Key Encipherment, "),
                                        ("p256", "Digital Signature, ")])  # fmt: skip
def test_scep_direct(new_service, kind, usage):
    service = new_service().make(ca_key=None, keys=False)
    service.run("ca", "init", "--name", "demo", "--key", kind, "--scep-direct")
    text = tool("openssl", "x509", "-noout", "-text", text=service.ca_pem())
    assert usage + "Certificate Sign, CRL Sign" in text
    for words in (("renew", "demo"), ("rekey", "demo", "--activate")):
        service.run("ca", *words)
        text = tool("openssl", "x509", "-noout", "-text", text=service.ca_pem())
        assert usage + "Certificate Sign, CRL Sign" in text
    shown = json.loads(service.run("ca", "show", "demo", "--json").stdout)
    assert {each["key"]["usages"] for each in shown["generations"]} == {"ca,scep"}
    assert "Ed25519" in refused(service, "ca", "rekey", "demo", "--key", "ed25519", status=CONFIG)


def test_scep_direct_is_not_for_ed25519_nor_said_by_default(new_service):
    service = new_service().make(ca_key=None, keys=False)
    words = ("ca", "init", "--name", "demo", "--key", "ed25519")
    assert "decrypts nothing" in refused(service, *words, "--scep-direct", status=CONFIG)
    assert json.loads(service.run("ca", "list", "--json").stdout) == []
    assert not os.path.exists(key_path(service, "demo-1"))
    service.run(*words)
    text = tool("openssl", "x509", "-noout", "-text", text=service.ca_pem())
    assert "Certificate Sign, CRL Sign" in text and "Digital Signature" not in text
