"""deploy/examples/certwright-renew against a small EST server of this file, which can be made to
answer anything, and against certwright behind lighttpd."""

import base64
import datetime
import http.server
import os
import re
import shutil
import signal
import ssl
import stat
import subprocess
import threading
import time
import urllib.parse

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID
from harness import csr, lighttpd, process
from harness.double import identity_double

START = {"how": "spawn-fcgi"}
SETTINGS = {"DbCSRValidation": {"AllowRenewals": "true", "ReenrollmentAllowedCertificateTypes": "Static"}}

SCRIPT = os.path.join(process.ROOT, "deploy", "examples", "certwright-renew")
PAGE = os.path.join(process.ROOT, "man", "certwright-renew.1")
TOKEN = "eyJ0eXAiOiJKV1Qi.eyJhdWQiOiJhcGk6Ly8.c2lnbmF0dXJl-_"
SECRET = 'a"b\\c d&e=f+%~'
REFUSED, DUE, USAGE, BAD_ANSWER, HOOK, LOCAL, LATER = 1, 10, 64, 65, 70, 73, 75
DAY = datetime.timedelta(days=1)
SHELLS = [[shutil.which(shell), *words] for shell, *words in
          (("dash",), ("bash", "--posix"), ("busybox", "sh"), ("mksh",)) if shutil.which(shell)]  # fmt: skip
SHELL_NAMES = [os.path.basename(shell[0]) for shell in SHELLS]


def now():
    return datetime.datetime.now(datetime.timezone.utc)


# a small EST server


class Authority:
    """A CA for the small server. first and last say from when to when what it issues is valid."""

    def __init__(self, name="Small CA"):
        self.key = csr.new_key("p256")
        basic = (x509.BasicConstraints(True, None), True)
        self.certificate = identity_double.certificate(name, name, self.key, self.key, [basic])
        self.first, self.last = -DAY, 90 * DAY

    def issue(self, request, public_key=None, old=None):
        """As certwright does: a renewal (old) has the old certificate's names, and only a new key."""
        names = old or request
        builder = (
            x509.CertificateBuilder()
            .subject_name(names.subject)
            .issuer_name(self.certificate.subject)
            .public_key(public_key or request.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now() + self.first)
            .not_valid_after(now() + self.last)
        )
        for extension in names.extensions:
            builder = builder.add_extension(extension.value, extension.critical)
        return builder.sign(self.key, hashes.SHA256())


def certs_only(*certificates):
    der = pkcs7.serialize_certificates(list(certificates), serialization.Encoding.DER)
    return base64.b64encode(der)


def without_certificates():
    """A well-formed SignedData with nothing in it."""
    tlv, oid = csr.der_tlv, bytes.fromhex("06092A864886F70D0107")
    data = tlv(0x02, b"\1") + tlv(0x31, b"") + tlv(0x30, oid + b"\1") + tlv(0x31, b"")
    return base64.b64encode(tlv(0x30, oid + b"\2" + tlv(0xA0, tlv(0x30, data))))


class Asked:
    """One request to the small server."""

    def __init__(self, handler, body):
        self.path, self.headers, self.body = handler.path, handler.headers, body
        peer = handler.connection.getpeercert(True)
        self.peer = x509.load_der_x509_certificate(peer) if peer else None

    @property
    def request(self):
        return x509.load_der_x509_csr(base64.b64decode(self.body))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("Content-Length", 0))
        asked = Asked(self, self.rfile.read(length))
        status, content_type, body, *more = self.server.est.reply(asked)
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in more:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer

    def log_message(self, format, *args):
        pass


class SmallServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def finish_request(self, request, client_address):
        request.settimeout(60)
        with self.est.context.wrap_socket(request, server_side=True) as tls:
            super().finish_request(tls, client_address)

    def handle_error(self, request, client_address):
        pass


class Est:
    """
    next holds answers that come before the ordinary ones: tuples of status, type, body and headers,
    or functions of what was asked that make one. asked lists what came in.
    """

    def __init__(self, double):
        self.authority = Authority()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(double.path("tls.pem"))
        self.context.verify_mode = ssl.CERT_OPTIONAL
        pem = identity_double.public_pem(self.authority.certificate).decode()
        self.context.load_verify_locations(cadata=pem)
        self.ca_bundle = double.ca_bundle
        self.next, self.asked = [], []
        self.lock = threading.Lock()
        self.server = SmallServer(("127.0.0.1", 0), Handler)
        self.server.est = self
        self.url = f"https://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def reply(self, asked):
        with self.lock:
            self.asked.append(asked)
            override = self.next.pop(0) if self.next else None
        if callable(override):
            return override(asked)
        return override or self.ordinary(asked)

    def ordinary(self, asked):
        operation = asked.path.rpartition("/")[2]
        if operation == "token":
            return self.token(dict(urllib.parse.parse_qsl(asked.body.decode())))
        if operation == "cacerts":
            return self.certificates(self.authority.certificate)
        if operation == "simpleenroll" and asked.headers["Authorization"] == f"Bearer {TOKEN}":
            return self.certificates(self.authority.issue(asked.request))
        if operation == "simplereenroll" and asked.peer:
            return self.certificates(self.authority.issue(asked.request, old=asked.peer))
        return (401, "text/plain", b"no valid credentials")

    @staticmethod
    def token(form):
        if form.get("client_secret") != SECRET:
            text = b'{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret.\\r\\nTrace ID: 1"}'
            return (401, "application/json", text)
        return (200, "application/json", b'{"token_type": "Bearer", "access_token" : "%s"}' % TOKEN.encode())

    @staticmethod
    def certificates(*certificates):
        return (200, "application/pkcs7-mime; smime-type=certs-only", certs_only(*certificates))

    def operations(self):
        return [asked.path.rpartition("/")[2] for asked in self.asked]


@pytest.fixture(scope="module", name="small")
def fixture_small(double):
    server = Est(double)
    yield server
    server.stop()


@pytest.fixture(name="est")
def fixture_est(small):
    """The small server, without what the test before has left."""
    small.next, small.asked = [], []
    small.authority.first, small.authority.last = -DAY, 90 * DAY
    small.context.maximum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED
    return small


# the client


class Client:
    """A folder with a certificate to keep, and the program's settings for it."""

    def __init__(self, url, ca_bundle, shell=None):
        self.folder = process.short_folder("cwr")
        self.shell = shell or SHELLS[0]
        self.cert, self.key = self.path("device.pem"), self.path("device.key")
        self.store = self.cert + ".versions"
        self.settings = {
            "url": url, "ca-bundle": ca_bundle, "cert": self.cert, "key": self.key,
            "subject": "CN=device-1", "san": "DNS:device-1.example.com",
            "token-file": self.write("token", TOKEN + "\n"),
        }  # fmt: skip
        self.env = {"PATH": "/usr/bin:/bin"}

    def copy(self):
        """Another client whose folder has the same in it."""
        other = Client(self.settings["url"], self.settings["ca-bundle"], self.shell)
        shutil.rmtree(other.folder)
        shutil.copytree(self.folder, other.folder, symlinks=True)
        for name, value in self.settings.items():
            other.settings[name] = value.replace(self.folder, other.folder)
        return other

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text, mode=0o600):
        with open(os.open(self.path(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
            file.write(text)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def set(self, **settings):
        for name, value in settings.items():
            name = name.replace("_", "-")
            if value is None:
                self.settings.pop(name, None)
            else:
                self.settings[name] = str(value)
        return self

    def argv(self, *words):
        lines = "".join(f"{name} = {value}\n" for name, value in self.settings.items())
        return [*self.shell, SCRIPT, "--config", self.write("conf", lines), *words]

    def run(self, *words, status=0, env=None, **options):
        done = subprocess.run(
            self.argv(*words), capture_output=True, text=True, check=False, timeout=120,
            env=env or self.env, start_new_session=True, **options
        )  # fmt: skip
        assert done.returncode == status, f"{done.returncode}: {done.stdout}{done.stderr}"
        for word in (TOKEN, SECRET):
            assert word not in done.stdout + done.stderr
        return done

    def start(self, *words, env=None):
        return subprocess.Popen(
            self.argv(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            stdin=subprocess.DEVNULL, env=env or self.env, start_new_session=True,
        )  # fmt: skip

    def certificate(self):
        with open(self.cert, "rb") as file:
            return x509.load_pem_x509_certificate(file.read())

    def private_key(self):
        with open(self.key, "rb") as file:
            return serialization.load_pem_private_key(file.read(), None)

    def is_there(self):
        """Whether there is a certificate with its key; half of that, or two halves, is a failure."""
        there = os.path.exists(self.cert)
        assert os.path.exists(self.key) == there
        if there:
            assert spki(self.certificate().public_key()) == spki(self.private_key().public_key())
        return there

    def versions(self):
        return sorted(int(name) for name in os.listdir(self.store) if name.isdigit())

    def files(self):
        """Every file below the folder, by its name there."""
        paths = [os.path.join(where, name) for where, _, names in os.walk(self.folder) for name in names]
        return {os.path.relpath(path, self.folder): path for path in paths if os.path.exists(path)}

    def contents(self):
        found = {}
        for name, path in self.files().items():
            with open(path, "rb") as file:
                found[name] = file.read()
        return found

    def snapshot(self):
        """What a failed run must leave as it is: the user's files and the version in use."""
        contents = self.contents()
        return {name: (os.path.realpath(self.path(name)), contents[name])
                for name in ("device.pem", "device.key")}  # fmt: skip

    def is_clean(self):
        """Nothing is left over, and no key can be read by others."""
        names = os.listdir(self.store)
        assert not [n for n in names if not n.isdigit() and n != "current"], names
        assert len(self.versions()) <= 2
        assert not [n for n in os.listdir(self.folder) if n.startswith(".")]
        self.keys_are_closed()

    def keys_are_closed(self):
        for name, content in self.contents().items():
            if b"PRIVATE KEY" in content:
                assert not os.stat(self.path(name)).st_mode & stat.S_IRWXO, name

    def make_due(self):
        """The program no longer knows when it got the certificate, only what stands in it."""
        os.unlink(os.path.join(self.store, "current", "obtained"))
        return self


def certificates_of(pem):
    blocks = re.findall(b"-----BEGIN CERT.*?-----END CERT[^\n]*\n", pem, re.S)
    return [x509.load_pem_x509_certificate(block) for block in blocks]


def spki(key):
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def sans(certificate):
    return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value


@pytest.fixture(name="client", params=SHELLS, ids=SHELL_NAMES)
def fixture_client(request, est):
    """A client of the small server, once with each shell."""
    return Client(est.url, est.ca_bundle, request.param)


@pytest.fixture(name="one")
def fixture_one(est):
    """A client of the small server with one shell, where the shell is not the point."""
    return Client(est.url, est.ca_bundle)


@pytest.fixture(name="due")
def fixture_due(est, one):
    """A client whose certificate is due, 10 days before its end."""
    return enrolled_and_due(est, one)


def enrolled_and_due(est, client):
    est.authority.first, est.authority.last = -80 * DAY, 10 * DAY
    client.run()
    client.make_due()
    est.authority.first, est.authority.last = -DAY, 90 * DAY
    est.asked.clear()
    return client


# enrolling


def test_it_enrolls_and_then_has_nothing_to_do(est, client):
    client.set(chain=client.path("ca.pem"), fullchain=client.path("full.pem"))
    assert not client.is_there()
    done = client.run()
    assert "enrolled" in done.stdout and done.stderr == ""
    assert client.is_there()
    assert client.certificate().subject.rfc4514_string() == "CN=device-1"
    assert sans(client.certificate()).get_values_for_type(x509.DNSName) == ["device-1.example.com"]
    assert isinstance(client.private_key().curve, ec.SECP256R1)
    client.is_clean()
    modes = {name: stat.S_IMODE(os.stat(client.path(name)).st_mode) for name in
             ("device.pem", "device.key", "ca.pem", "full.pem")}  # fmt: skip
    assert modes == {"device.pem": 0o644, "device.key": 0o600, "ca.pem": 0o644, "full.pem": 0o644}
    with open(client.path("full.pem"), "rb") as file:
        full = certificates_of(file.read())
    assert full == [client.certificate(), est.authority.certificate]
    assert est.operations() == ["simpleenroll", "cacerts"]
    assert client.run().stdout == ""
    assert len(est.asked) == 2


def test_the_certificate_can_be_read_by_others_and_the_folder_moved(one):
    one.run()
    for folder in (one.store, os.path.join(one.store, "1")):
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o755
    moved = one.folder + "-moved"
    os.rename(one.folder, moved)
    with open(os.path.join(moved, "device.pem"), "rb") as file:
        x509.load_pem_x509_certificate(file.read())
    os.rename(moved, one.folder)


def test_the_wire_form(est, one):
    one.set(label="web").run()
    asked = est.asked[0]
    assert asked.path == "/.well-known/est/web/simpleenroll"
    assert asked.headers["Content-Type"] == "application/pkcs10"
    assert asked.headers["Authorization"] == f"Bearer {TOKEN}"
    assert b"-----" not in asked.body and asked.peer is None
    assert asked.request.is_signature_valid
    one.set(label=None, url=est.url + "//").run("--force")
    assert est.asked[1].path == "/.well-known/est/simplereenroll"


KEYS = {
    "rsa:2048": lambda key: isinstance(key, rsa.RSAPrivateKey) and key.key_size == 2048,
    "rsa:3072": lambda key: isinstance(key, rsa.RSAPrivateKey) and key.key_size == 3072,
    "ec:P-256": lambda key: isinstance(key.curve, ec.SECP256R1),
    "ec:P-384": lambda key: isinstance(key.curve, ec.SECP384R1),
    "ed25519": lambda key: isinstance(key, ed25519.Ed25519PrivateKey),
}


@pytest.mark.parametrize("kind", KEYS)
def test_each_kind_of_key_enrolls_and_renews(est, one, kind):
    one.set(key_type=kind).run()
    assert one.is_there() and KEYS[kind](one.private_key())
    first = spki(one.private_key().public_key())
    one.run("--force")
    assert one.is_there() and KEYS[kind](one.private_key())
    assert spki(one.private_key().public_key()) != first
    assert est.operations() == ["simpleenroll", "simplereenroll"]


def test_the_key_can_change_its_kind_when_renewing(one):
    one.run()
    one.set(key_type="rsa:2048").run("--force")
    assert one.is_there() and KEYS["rsa:2048"](one.private_key())
    one.set(key_type="ed25519").run("--force")
    assert one.is_there() and KEYS["ed25519"](one.private_key())


@pytest.mark.parametrize(
    "subject,wanted",
    [
        ("CN=device-1,O=Org", ["O=Org", "CN=device-1"]),
        ("CN = a , O = b", None),
        ("/O=Org/CN=device-1", ["O=Org", "CN=device-1"]),
        ("CN=a/b,OU=c\\,d,O=Größe", ["O=Größe", "OU=c\\,d", "CN=a/b"]),
        ("CN=a\\+b", ["CN=a\\+b"]),
        ("", []),
        ("/CN=Name,O=Org", None),
        ("device-1", None),
        ("CN=", None),
    ],
)
def test_the_subject(est, one, subject, wanted):
    one.set(subject=subject)
    if wanted is None:
        assert "subject" in one.run(status=USAGE).stderr
        return
    one.run()
    assert [r.rfc4514_string() for r in est.asked[0].request.subject.rdns] == wanted


def test_names_and_extended_key_usages(est, one):
    one.set(san=None, eku="serverAuth,1.3.6.1.5.5.7.3.2")
    names = ["DNS:*.example.com", "IP:192.0.2.7", "IP:2001:db8::1", "email:a@example.com",
             "URI:https://example.com/a?b=c&d", "UPN:user@example.com"]  # fmt: skip
    one.run(*[word for name in names for word in ("--san", name)])
    found = list(sans(est.asked[0].request))
    assert [str(name.value) for name in found[:5]] == [name.partition(":")[2] for name in names[:5]]
    assert found[5] == csr.upn("user@example.com")
    usages = est.asked[0].request.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usages) == [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]


@pytest.mark.parametrize("san", ["DNS:$HOME", "DNS:a\\", "DNS:a#b", "DNS:a b", 'DNS:"a"', "DNS:", "a", "RID:1.2"])
def test_names_that_openssl_would_take_for_something_else_are_refused(est, one, san):
    assert "san" in one.set(san=san).run(status=USAGE).stderr
    assert not est.asked


def test_a_key_without_a_certificate_is_enrolled(est, one):
    pem = identity_double.private_pem(csr.key("rsa2048")).decode()
    one.write("device.key", pem)
    one.run()
    assert one.is_there()
    assert spki(one.certificate().public_key()) == spki(csr.key("rsa2048").public_key())


def test_without_a_token_source_nothing_is_enrolled(est, one):
    assert "token" in one.set(token_file=None).run(status=USAGE).stderr
    assert not est.asked


# renewing


def test_it_renews_when_it_is_due(est, client):
    enrolled_and_due(est, client)
    before = client.certificate()
    assert "renew" in client.run("--check", status=DUE).stdout
    assert not est.asked
    done = client.run("--quiet")
    assert (done.stdout, done.stderr) == ("", "")
    assert client.is_there()
    after = client.certificate()
    assert after.not_valid_after > before.not_valid_after and after.subject == before.subject
    assert sans(after) == sans(before)
    assert est.operations() == ["simplereenroll"]
    asked = est.asked[0]
    assert asked.peer == before and asked.headers["Authorization"] is None
    assert asked.request.subject == before.subject and sans(asked.request) == sans(before)
    assert client.run("--check").stdout and client.run().stdout == ""
    client.is_clean()


def test_renewing_needs_no_token_and_no_names(est, due):
    due.set(token_file=None, subject=None, san=None).run()
    assert est.operations() == ["simplereenroll"]


def test_the_key_can_be_kept(due):
    before = spki(due.private_key().public_key())
    due.set(reuse_key="yes", key_type="rsa:2048").run()
    assert due.is_there() and spki(due.private_key().public_key()) == before


def test_the_one_before_is_kept_and_older_ones_are_not(one):
    one.run()
    first = one.certificate()
    for _ in range(3):
        one.run("--force")
    assert one.versions() == [3, 4] and os.readlink(os.path.join(one.store, "current")) == "4"
    assert one.certificate() != first
    one.is_clean()


@pytest.mark.parametrize(
    "first,last,days,is_due",
    [
        (-60, 30.1, None, False),  # the default: 30 days ...
        (-60.5, 29.9, None, True),
        (-6, 3.1, None, False),  # ... or a third of the life
        (-6.1, 2.9, None, True),
        (-80, 10.1, 10, False),
        (-80, 9.9, 10, True),
        (-1, 2.5, 10, False),  # no setting makes a fresh one due
        (-1.5, 1.5, 10, True),
    ],
)
def test_when_it_is_due(est, one, first, last, days, is_due):
    est.authority.first, est.authority.last = first * DAY, last * DAY
    one.set(days=days).run()
    one.make_due()
    one.run("--check", status=DUE if is_due else 0)


def test_a_life_is_counted_from_when_it_was_got(est, one):
    """A certificate of two hours that is dated back by a day has not lived a third yet."""
    est.authority.last = DAY / 12
    one.run()
    one.run("--check")
    one.make_due().run("--check", status=DUE)


def test_time_passes(est, one):
    one.run()
    later = dict(one.env, PATH="/usr/bin:/bin")
    for days, status in ((55, 0), (65, DUE), (91, DUE)):
        argv = ["faketime", f"+{days} days", *one.argv("--check")]
        done = subprocess.run(argv, env=later, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == status, done
    assert "cannot renew itself" in done.stdout


def test_an_expired_one_is_enrolled_anew(est, due):
    est.authority.first, est.authority.last = -80 * DAY, -DAY
    expired = est.authority.issue(csr_of("device-1"), old=due.certificate())
    with open(os.path.join(due.store, "current", "cert.pem"), "wb") as file:
        key = due.private_key().public_key()
        expired = est.authority.issue(csr_of("device-1"), public_key=key)
        file.write(identity_double.public_pem(expired))
    est.authority.first, est.authority.last = -DAY, 90 * DAY
    token_file = due.settings["token-file"]
    before = due.snapshot()
    done = due.set(token_file=None).run(status=USAGE)
    assert "cannot renew itself" in done.stderr and "token" in done.stderr
    assert due.snapshot() == before and not est.asked
    due.set(token_file=token_file).run()
    assert due.is_there() and est.operations() == ["simpleenroll"]


def csr_of(name):
    return x509.load_der_x509_csr(csr.make(name))


def test_enrolling_instead_of_renewing(est, due):
    due.set(subject="CN=device-2").run("--enroll")
    assert est.operations() == ["simpleenroll"]
    assert due.certificate().subject.rfc4514_string() == "CN=device-2"


# files that others have made


def put_plain_files(est, client, mode=0o600, last=10 * DAY):
    """What SCEPman's own script leaves: two plain files."""
    est.authority.first, est.authority.last = -80 * DAY, last
    key = csr.new_key("rsa2048")
    client.write("device.key", identity_double.private_pem(key).decode(), mode)
    certificate = est.authority.issue(csr_of("device-1"), public_key=key.public_key())
    client.write("device.pem", identity_double.public_pem(certificate).decode(), 0o644)
    est.authority.first, est.authority.last = -DAY, 90 * DAY
    return certificate


def test_plain_files_are_renewed_and_their_key_s_mode_is_kept(est, one):
    old = put_plain_files(est, one, mode=0o640)
    one.set(token_file=None, chain=one.path("ca.pem")).run()
    assert one.is_there() and est.asked[0].peer == old
    assert one.certificate() != old
    assert stat.S_IMODE(os.stat(one.key).st_mode) == 0o640
    one.is_clean()
    with open(os.path.join(one.store, "1", "cert.pem"), "rb") as file:
        assert x509.load_pem_x509_certificate(file.read()) == old


def test_a_key_that_others_could_read_is_followed_by_one_they_cannot(est, one):
    put_plain_files(est, one, mode=0o644)
    one.run()
    assert stat.S_IMODE(os.stat(one.key).st_mode) == 0o640


def test_plain_files_are_left_alone_until_they_are_due(est, one):
    put_plain_files(est, one, last=60 * DAY)
    one.run()
    assert not est.asked and not os.path.exists(one.store) and not os.path.islink(one.cert)


def test_files_that_replace_ours_are_taken_as_they_are(est, one):
    one.run()
    for path in (one.cert, one.key):
        os.unlink(path)
    old = put_plain_files(est, one)
    one.run()
    assert est.asked[-1].peer == old and one.is_there()
    one.is_clean()


@pytest.mark.parametrize("broken", ["other key", "no key", "encrypted key", "empty", "DER"])
def test_files_that_do_not_belong_together_are_not_touched(est, one, broken):
    put_plain_files(est, one)
    if broken == "other key":
        one.write("device.key", identity_double.private_pem(csr.key("rsa2048")).decode())
    elif broken == "no key":
        os.unlink(one.key)
    elif broken == "encrypted key":
        form = serialization.BestAvailableEncryption(b"x")
        pem = one.private_key().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, form
        )
        one.write("device.key", pem.decode())
    else:
        one.write("device.pem", "" if broken == "empty" else "0\x82")
    one.argv()
    before = one.contents()
    one.run(status=LOCAL)
    assert not est.asked and one.contents() == before


def test_links_that_were_removed_come_back(est, one):
    one.run()
    os.unlink(one.key)
    one.run("--check", status=DUE)
    one.run()
    assert one.is_there() and len(est.asked) == 1


def test_a_chain_that_is_wanted_later_is_added(est, one):
    one.run()
    one.set(chain=one.path("ca.pem")).run()
    with open(one.path("ca.pem"), "rb") as file:
        assert x509.load_pem_x509_certificate(file.read()) == est.authority.certificate
    assert est.operations() == ["simpleenroll", "cacerts"]
    one.is_clean()
    one.run()
    assert len(est.asked) == 2


def test_a_damaged_version_is_enrolled_anew(est, one):
    one.run()
    with open(os.path.join(one.store, "1", "cert.pem"), "w", encoding="ascii"):
        pass
    one.run()
    assert one.is_there() and est.operations() == ["simpleenroll"] * 2


# answers that are no certificate


def other_key(est, asked):
    return est.certificates(est.authority.issue(asked.request, public_key=csr.key("p384").public_key()))


def two(est, asked):
    return est.certificates(est.authority.issue(asked.request), est.authority.certificate)


def foreign(_, asked):
    return Est.certificates(Authority().issue(asked.request))


def dated(first, last):
    def make(est, asked):
        est.authority.first, est.authority.last = first, last
        return est.certificates(est.authority.issue(asked.request))

    return make


def html(*_):
    return (200, "text/html", b"<!DOCTYPE html><title>Sign in</title><p>Sign in to the network.")


def fixed(status, body=b"", *headers, kind="text/plain"):
    return lambda *_: (status, kind, body, *headers)


ANSWERS = {
    "400": (fixed(400, b"the request's signature is wrong"), REFUSED, "signature is wrong"),
    "401": (fixed(401, b"no valid credentials"), REFUSED, "401: no valid credentials"),
    "403": (fixed(403, b"renewal is not allowed"), REFUSED, "403: renewal is not allowed"),
    "404": (fixed(404), REFUSED, "404"),
    "413": (fixed(413, b"too large"), REFUSED, "413"),
    "501": (fixed(501, b"EST is not built yet"), REFUSED, "not built"),
    "redirect": (fixed(302, b"", ("Location", "https://127.0.0.1:1/")), REFUSED, "redirects"),
    "429": (fixed(429, b"slow down"), LATER, "429: slow down"),
    "429 for long": (fixed(429, b"slow down", ("Retry-After", "7200")), LATER, "7200 s"),
    "500": (fixed(500, b"internal"), LATER, "500: internal"),
    "503": (fixed(503, b"the database is away"), LATER, "503: the database is away"),
    "502 in HTML": (fixed(502, b"<html><b>x", kind="text/html"), LATER, "HTML"),
    "202": (fixed(202, b"", ("Retry-After", "7200")), LATER, "not decided"),
    "garbage": (fixed(200, os.urandom(400), kind="application/pkcs7-mime"), BAD_ANSWER, "certificates"),
    "base64 of nothing": (fixed(200, b"AAAA", kind="application/pkcs7-mime"), BAD_ANSWER, "certificates"),
    "HTML": (html, BAD_ANSWER, "certificates"),
    "empty": (fixed(200, kind="application/pkcs7-mime"), BAD_ANSWER, "certificates"),
    "no certificate": (fixed(200, without_certificates(), kind="application/pkcs7-mime"), BAD_ANSWER, "0 certificates"),
    "too large": (fixed(200, b"A" * 2_000_000), BAD_ANSWER, ""),
    "two certificates": (two, BAD_ANSWER, "2 certificates"),
    "for another key": (other_key, BAD_ANSWER, "another key"),
    "by another CA": (foreign, BAD_ANSWER, "not by the CA"),
    "expired": (dated(-9 * DAY, -DAY), BAD_ANSWER, "ended"),
    "not valid yet": (dated(DAY, 9 * DAY), BAD_ANSWER, "not valid yet"),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_a_bad_answer_to_a_renewal_leaves_everything_as_it_is(est, due, name):
    make, status, text = ANSWERS[name]
    due.set(chain=due.path("ca.pem"))
    before = due.snapshot()
    est.next = [lambda asked: make(est, asked)]
    done = due.run(status=status)
    assert text in done.stderr and len(done.stderr.strip().split("\n")) == 1, done.stderr
    assert done.stderr.isprintable() or done.stderr.strip().isprintable()
    assert due.snapshot() == before
    due.keys_are_closed()
    est.authority.first, est.authority.last = -DAY, 90 * DAY
    due.run("--force")
    assert due.is_there() and due.snapshot() != before
    due.is_clean()


@pytest.mark.parametrize("name", ["401", "503", "HTML", "for another key", "by another CA"])
def test_a_bad_answer_to_an_enrollment_leaves_nothing(est, one, name):
    make, status, _ = ANSWERS[name]
    one.set(chain=one.path("ca.pem"))
    est.next = [lambda asked: make(est, asked)]
    one.run(status=status)
    assert not one.is_there() and not os.path.exists(one.path("ca.pem"))
    one.run()
    assert one.is_there()
    # The key of the first try was used again: it was for the same.
    assert spki(est.asked[0].request.public_key()) == spki(one.certificate().public_key())


def test_a_bad_cacerts_keeps_the_certificate_out(est, due):
    due.set(chain=due.path("ca.pem"))
    before = due.snapshot()
    ordinary = lambda asked: est.ordinary(asked)
    for bad, status in ((html(), BAD_ANSWER), (fixed(503)(), LATER)):
        est.next = [ordinary, bad]
        due.run(status=status)
        assert due.snapshot() == before


def test_text_of_the_server_does_no_harm_to_a_terminal(est, due):
    est.next = [(403, "text/plain", b"\x1b[2Jrefused\x07 " + b"x" * 5000 + b"\nsecond line")]
    done = due.run(status=REFUSED)
    assert "\x1b" not in done.stderr and len(done.stderr) < 600 and "second" not in done.stderr


def test_a_server_that_is_away_is_tried_later(one):
    one.set(url=f"https://127.0.0.1:{process.free_port()}").run(status=LATER)


def test_a_certificate_that_the_server_refuses_in_the_handshake(est, one):
    genuine, est.authority = est.authority, Authority("Other CA")
    put_plain_files(est, one)
    est.authority = genuine
    # With TLS 1.3 the alert may be lost with the connection, which looks like a server that is away.
    est.context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert "refused the certificate" in one.run(status=REFUSED).stderr
    assert not est.asked and one.is_there()


def test_a_server_that_is_not_trusted_gets_no_token(est, one):
    pem = identity_double.public_pem(Authority().certificate).decode()
    done = one.set(ca_bundle=one.write("other.pem", pem)).run(status=LOCAL)
    assert "not trusted" in done.stderr and not est.asked


# waiting


def test_retry_after_is_waited_for_within_the_limit(est, one):
    est.next = [fixed(429, b"", ("Retry-After", "1"))(), fixed(503, b"", ("Retry-After", "1"))()]
    begin = time.monotonic()
    one.run()
    assert one.is_there() and len(est.asked) == 3
    assert time.monotonic() - begin >= 2
    # The very same request was repeated.
    assert len({asked.body for asked in est.asked}) == 1


def test_retry_after_can_be_a_date(est, one):
    when = (now() + datetime.timedelta(seconds=9)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    est.next = [fixed(503, b"", ("Retry-After", when))()]
    begin = time.monotonic()
    one.run()
    # Some of the nine seconds pass before the answer is read.
    assert len(est.asked) == 2 and time.monotonic() - begin >= 1


def test_a_longer_wait_is_kept_by_the_next_runs(est, due):
    est.next = [fixed(429, b"", ("Retry-After", "3600"))()]
    assert "3600" in due.run(status=LATER).stderr
    done = due.run(status=LATER)
    assert (len(est.asked), done.stderr) == (1, "")
    # When it is over, the wait counts no more; nor does one that no server can have asked for.
    for until in (time.time() - 1, time.time() + 90_000):
        due.make_due() if os.path.exists(os.path.join(due.store, "current", "obtained")) else None
        with open(os.path.join(due.store, "retry-after"), "w", encoding="ascii") as file:
            file.write(f"{int(until)}\n")
        asked = len(est.asked)
        due.run("--days", "89")
        due.run("--force")
        assert len(est.asked) > asked


@pytest.mark.parametrize("value", ["soon", "-5", "1e9", "99999999999999999999", "Mon, 99 Foo 2026 1:1:1 GMT", ""])
def test_a_senseless_retry_after_does_no_harm(est, due, value):
    est.next = [fixed(503, b"", ("Retry-After", value))()]
    due.run(status=LATER)
    due.run("--force")


def test_splay_waits_before_it_asks_and_holds_no_lock_meanwhile(est, one):
    running = one.set(splay=600000).start("--verbose")
    assert "enroll" not in "".join(est.operations())
    line = running.stderr.readline()
    assert re.search(r"waiting \d+ s", line), line
    one.set(splay=0).run()
    running.send_signal(signal.SIGTERM)
    assert running.wait(60) == 143
    assert one.is_there()
    # --force acts at once, and so does what asks no server.
    one.set(splay=600000).run("--force")


# what happens afterwards


def test_after_runs_once_for_each_change(est, one):
    log = one.path("log")
    one.set(after=f"umask >>{log}; openssl x509 -in {one.cert} -noout -serial >>{log}")
    one.run()
    one.run()
    with open(log, encoding="ascii") as file:
        assert len(file.read().split()) == 2
    one.run("--force")
    with open(log, encoding="ascii") as file:
        lines = file.read().split()
    assert len(lines) == 4 and lines[0] != "0077"
    assert lines[3] == f"serial={one.certificate().serial_number:0{len(lines[3]) - 7}X}"


def test_after_is_tried_again_until_it_is_well(est, one):
    flag = one.path("flag")
    one.set(after=f"test -e {flag}")
    assert "in place" in one.run(status=HOOK).stderr
    assert one.is_there()
    one.run("--check", status=DUE)
    one.run(status=HOOK)
    one.write("flag", "")
    one.run()
    one.is_clean()
    one.run("--check")
    assert len(est.asked) == 1


# tokens


def test_a_token_by_a_command(est, one):
    one.set(token_file=None, token_command=f"printf '%s\\r\\n' {TOKEN}").run()
    assert one.is_there()


@pytest.mark.parametrize(
    "command,status",
    [("exit 3", LOCAL), ("echo 'Please log in: https://login'", LOCAL), ("true", LOCAL),
     (f'printf \'"{TOKEN}"\'', LOCAL), ("printf 'a\\nheader = b'", LOCAL), ("echo wrong", REFUSED)],
)  # fmt: skip
def test_a_command_that_gives_no_token(est, one, command, status):
    done = one.set(token_file=None, token_command=command).run(status=status)
    assert "token" in done.stderr or status == REFUSED
    assert len(est.asked) == (1 if status == REFUSED else 0)


def test_a_token_file_that_everyone_can_read_is_refused(est, one):
    os.chmod(one.settings["token-file"], 0o644)
    assert "chmod" in one.run(status=LOCAL).stderr
    os.chmod(one.settings["token-file"], 0o640)
    one.run()


def with_credentials(est, client, secret=SECRET):
    client.set(
        token_file=None, tenant="00112233-4455-6677-8899-aabbccddeeff", client_id="aabb ccdd",
        client_secret_file=client.write("secret", secret), scope="api://ccdd",
        authority_host=est.url, authority_ca_bundle=est.ca_bundle,
    )  # fmt: skip
    return client


def test_client_credentials(est, client):
    with_credentials(est, client).run()
    assert client.is_there()
    form = dict(urllib.parse.parse_qsl(est.asked[0].body.decode()))
    assert est.asked[0].path == "/00112233-4455-6677-8899-aabbccddeeff/oauth2/v2.0/token"
    assert form == {"client_id": "aabb ccdd", "scope": "api://ccdd/.default", "client_secret": SECRET,
                    "grant_type": "client_credentials"}  # fmt: skip


@pytest.mark.parametrize(
    "answer,status,text",
    [
        (None, REFUSED, "401: AADSTS7000215: Invalid client secret."),
        (fixed(429, b'{"error":"too_many"}')(), LATER, "429: too_many"),
        (fixed(503)(), LATER, "503"),
        (fixed(200, b"{}")(), LOCAL, "no token"),
        (html(), LOCAL, "no token"),
    ],
)
def test_credentials_that_are_refused(est, one, answer, status, text):
    with_credentials(est, one, "wrong\n")
    est.next = [answer]
    assert text in one.run(status=status).stderr
    assert len(est.asked) == 1


# secrets


CHANGING = "chmod cp curl ln mkdir mv rm rmdir sh sync"
CALLED = CHANGING + " awk cat cmp cut date find fold grep openssl printf readlink sed sleep tail tr"


def wrap(client, body, programs=CALLED):
    """A PATH whose programs do this first; $program is the real one."""
    os.mkdir(client.path("bin"))
    for name in CALLED.split():
        if name not in programs.split():
            os.symlink(shutil.which(name, path="/usr/bin:/bin"), client.path(f"bin/{name}"))
            continue
        text = f"#!/bin/dash\nprogram={shutil.which(name, path='/usr/bin:/bin')}\n{body}\n"
        client.write(f"bin/{name}", text + 'exec "$program" "$@"\n', 0o755)
    return dict(client.env, PATH=client.path("bin"))


def test_no_secret_is_in_arguments_environments_or_files(est, client):
    with_credentials(est, client)
    env = wrap(client, f"/usr/bin/tr '\\0' '\\n' </proc/$$/environ >>{client.path('log')}\n"
                       f"printf '%s\\n' \"$program\" \"$@\" >>{client.path('log')}")  # fmt: skip
    client.set(after="true").run("--verbose", env=env)
    client.run("--force", "--verbose", env=env)
    client.set(token_file=client.write("token", TOKEN), client_id=None, client_secret_file=None,
               tenant=None, scope=None, enroll="yes").run("--force", env=env)  # fmt: skip
    assert est.operations() == ["token", "simpleenroll", "simplereenroll", "simpleenroll"]
    quoted = urllib.parse.quote(SECRET, safe="")
    for name, content in client.contents().items():
        if name not in ("token", "secret"):
            for word in (TOKEN, SECRET, quoted, "d&e=f"):
                assert word.encode() not in content, name
    with open(client.path("log"), encoding="utf-8") as file:
        log = file.read()
    # The wrappers saw the calls, so what they have not seen was not there.
    assert "/usr/bin/curl\n-q\n" in log and "PATH=" in log and "simplereenroll" in log
    client.is_clean()


# being killed


def calls_of(client, programs):
    """How many times a whole run calls one of these programs."""
    calls = client.write("calls", "")
    client.run(env=wrap(client, f"echo x >>{calls}", programs))
    with open(calls, encoding="ascii") as file:
        return len(file.readlines())


def run_to(client, call, programs, action):
    """A run in which this call of one of the programs does something else; its status."""
    counter = client.write("counter", "")
    condition = f"test $(/usr/bin/wc -l <{counter}) -eq {call}"
    env = wrap(client, f"echo x >>{counter}\nif {condition}; then {action}; fi", programs)
    running = client.start(env=env)
    running.communicate(timeout=60)
    shutil.rmtree(client.path("bin"))
    return running.returncode


def kill_at(client, call):
    """Kills the run and all of its children before this call of a program that changes something."""
    assert run_to(client, call, CHANGING, "kill -9 0") == -signal.SIGKILL


def chain_belongs(client):
    """A full chain that is there is that of the certificate."""
    if os.path.exists(client.path("full.pem")):
        with open(client.path("full.pem"), "rb") as file:
            assert certificates_of(file.read())[0] == client.certificate()


def new_client(est):
    client = Client(est.url, est.ca_bundle)
    log = client.path("after")
    return client.set(chain=client.path("ca.pem"), fullchain=client.path("full.pem"),
                      after=f"openssl x509 -in {client.cert} -noout -serial >>{log}")  # fmt: skip


def told_last(client):
    """The serial number that the command of after saw last."""
    with open(client.path("after"), encoding="ascii") as file:
        return int(file.readlines()[-1].partition("=")[2], 16)


def prepare_enrolling(est):
    return new_client(est)


def prepare_renewing(est):
    return enrolled_and_due(est, new_client(est))


def prepare_adopting(est):
    client = new_client(est)
    put_plain_files(est, client)
    return client


def prepare_own_key(est):
    client = new_client(est)
    client.write("device.key", identity_double.private_pem(csr.key("rsa2048")).decode())
    return client


def next_run_ends_it(client, old):
    """What a run left that did not come to its end: a pair, and the next run goes on from there."""
    if old:
        assert client.is_there()
    chain_belongs(client)
    client.keys_are_closed()
    done = client.run()
    assert client.is_there() and client.certificate() != old
    chain_belongs(client)
    assert told_last(client) == client.certificate().serial_number
    if not done.stdout:  # All had been done but the cleaning, which is the next one's that acts.
        client.run("--force")
    client.is_clean()
    return done


# Every third point is tried, each scenario from another one on; CERTWRIGHT_EVERY_POINT tries all.
STRIDE = 1 if os.environ.get("CERTWRIGHT_EVERY_POINT") else 3


@pytest.mark.parametrize("first,prepare", [(1, prepare_enrolling), (2, prepare_renewing)])
def test_killed_at_any_point_the_files_belong_together_and_the_next_run_ends_it(est, first, prepare):
    """
    Before a program that changes something, all of a run is killed. Then certificate and key
    are those of before or new ones, and the next run brings the new ones. A certificate that was
    checked is not asked for again.
    """
    model = prepare(est)
    old = model.certificate() if model.is_there() else None
    last = calls_of(model.copy(), CHANGING)
    assert last > 20
    finished = 0
    for call in range(first, last + 1, STRIDE):
        client = model.copy()
        kill_at(client, call)
        client.is_there()
        asked = len(est.asked)
        done = next_run_ends_it(client, old)
        finished += "interrupted" in done.stdout and len(est.asked) == asked
    assert finished >= 1


def test_killed_while_it_takes_files_over(est):
    """The same for what is before that in a run that finds two plain files."""
    model = prepare_adopting(est)
    old = model.certificate()
    asked, call = len(est.asked), 0
    while len(est.asked) == asked:
        call += STRIDE
        client = model.copy()
        kill_at(client, call)
        if len(est.asked) == asked:
            next_run_ends_it(client, old)
            asked = len(est.asked)
    assert call > 12


def test_killed_while_it_puts_a_given_key_in_place(est):
    """The same for the end of a run that finds a key alone: that stays, whatever happens."""
    model = prepare_own_key(est)
    call = calls_of(model.copy(), CHANGING)
    for call in range(call, call - 20, -STRIDE):
        client = model.copy()
        kill_at(client, call)
        assert spki(client.private_key().public_key()) == spki(csr.key("rsa2048").public_key())
        if os.path.exists(client.cert):
            client.is_there()
        next_run_ends_it(client, None)


def test_whatever_fails_the_files_belong_together_and_the_next_run_ends_it(est):
    """Each program that writes fails once, as with a full disk."""
    writing = "cat chmod cp ln mkdir mv"
    model = prepare_renewing(est)
    old = model.certificate()
    for call in range(1, calls_of(model.copy(), writing) + 1):
        client = model.copy()
        assert run_to(client, call, writing, "exit 1") == LOCAL
        next_run_ends_it(client, old)


def test_an_interrupted_run_s_key_is_used_again_for_the_same_only(est, due):
    est.next = [fixed(503)()] * 2
    due.run(status=LATER)
    due.run(status=LATER)
    assert len({asked.body for asked in est.asked}) == 1
    due.set(key_type="ec:P-384").run()
    assert KEYS["ec:P-384"](due.private_key()) and due.is_there()
    due.is_clean()


def test_sigterm_ends_it_at_once_and_leaves_no_lock(est, due):
    held = threading.Event()

    def slow(asked):
        held.set()
        return fixed(429, b"", ("Retry-After", "100"))()

    est.next = [slow]
    running = due.start("--verbose")
    assert held.wait(60)
    while "waiting" not in running.stderr.readline():
        pass
    running.send_signal(signal.SIGTERM)
    assert running.wait(60) == 143
    assert not [n for n in os.listdir(due.store) if n.startswith("lock")]
    due.run()


# several at once


def test_of_two_runs_at_once_one_does_the_work(est, client):
    enrolled_and_due(est, client)
    reached, go = threading.Event(), threading.Event()

    def held(asked):
        reached.set()
        go.wait(60)
        return est.ordinary(asked)

    est.next = [held]
    first = client.start()
    assert reached.wait(60)
    done = client.run(status=LATER)
    assert f"process {first.pid}" in done.stderr
    go.set()
    assert first.wait(60) == 0
    assert client.is_there() and len(est.asked) == 1
    client.is_clean()
    client.run()
    assert len(est.asked) == 1


def test_many_at_once_end_with_one_certificate(est, one):
    argv = one.argv()
    running = [subprocess.Popen(argv, env=one.env, start_new_session=True) for _ in range(8)]
    statuses = [process_.wait(60) for process_ in running]
    assert set(statuses) <= {0, LATER} and 0 in statuses
    assert one.is_there()
    one.is_clean()
    assert len(est.asked) == 1, statuses


def test_the_lock_of_a_dead_run_is_no_lock(est, due):
    """Its number may be another process's by now, or that of one of before the last boot."""
    for claim in (f"lock.{os.getpid()}.1-x", "lock.999999999.5-y", "lock.1.none", "lock.x.y"):
        with open(os.path.join(due.store, claim), "w", encoding="ascii"):
            pass
    due.run()
    due.is_clean()


# certwright itself, behind lighttpd


@pytest.fixture(scope="module", name="web")
def fixture_web(service, double):
    server = lighttpd.Lighttpd(service.socket, double, service.ca_pem()).start()
    yield server
    server.stop()


@pytest.fixture(name="real", params=SHELLS, ids=SHELL_NAMES)
def fixture_real(request, web, double):
    client = Client(web.https, web.ca_bundle, request.param)
    client.write("token", double.token())
    return client.set(chain=client.path("ca.pem"))


def row(service, certificate):
    where = f"fingerprint = UNHEX('{certificate.fingerprint(hashes.SHA256()).hex()}')"
    return service.sql(f"SELECT HEX(id), COALESCE(HEX(renewed_from), '') FROM certificate WHERE {where}")[0]


def test_certwright_enrolls_and_renews(service, real):
    real.run()
    first = real.certificate()
    assert real.is_there() and first.subject.rfc4514_string() == "CN=device-1"
    with open(real.path("ca.pem"), encoding="ascii") as file:
        assert file.read().split() == service.ca_pem().split()
    previous = row(service, first)
    keys = {spki(first.public_key())}
    real.set(token_file=None, subject="CN=other", san=None)
    for kind in ("ec:P-256", "rsa:2048", "ed25519", "ec:P-384"):
        real.set(key_type=kind).run("--force")
        renewed = real.certificate()
        assert real.is_there() and KEYS[kind](real.private_key())
        assert renewed.subject == first.subject and sans(renewed) == sans(first)
        assert row(service, renewed)[1] == previous[0]
        previous = row(service, renewed)
        keys.add(spki(renewed.public_key()))
    assert len(keys) == 5
    real.set(reuse_key="yes").run("--force")
    assert real.is_there() and spki(real.certificate().public_key()) in keys
    real.is_clean()


def test_certwright_takes_every_form_of_name(real):
    real.set(subject="CN=Dienst,OU=a/b,O=Größe", san="DNS:*.example.com", eku="serverAuth,clientAuth")
    real.run()
    certificate = real.certificate()
    assert certificate.subject.rfc4514_string() == "CN=Dienst,OU=a/b,O=Größe"
    usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(usages) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
    real.set(subject="").run("--enroll", "--force")
    assert not list(real.certificate().subject)


def test_certwright_and_a_token_of_12_kb(real, double):
    guids = [f"{i:08x}-7f5e-4a57-9c7b-0d6f4f1f9f10" for i in range(215)]
    token = double.token(claims={"groups": guids})
    assert len(token) > 11_000
    real.write("token", token)
    real.run()
    assert real.is_there()


def test_certwright_s_refusals_are_told(real, double):
    real.write("token", double.token(roles=["Other"]))
    assert "answered 403: " in real.run(status=REFUSED).stderr
    real.write("token", double.token()[:-8] + "AAAAAAAA")
    assert "answered 401: " in real.run(status=REFUSED).stderr
    real.write("token", double.token())
    assert "answered 40" in real.set(label="nothing").run(status=REFUSED).stderr
    assert not real.is_there()
    real.set(label="default").run()
    before = real.snapshot()
    assert "answered 40" in real.set(label="nothing").run("--force", status=REFUSED).stderr
    assert real.snapshot() == before
    real.set(label="default").run("--force")


def test_certwright_away_is_tried_later(service, web, real):
    real.run()
    before = real.snapshot()
    service.stop()
    assert "answered 503" in real.run("--force", status=LATER).stderr
    assert real.snapshot() == before
    service.start(how="spawn-fcgi")
    process.wait_until(lambda: web.get("/probe").status == 200, 20, "certwright behind lighttpd")
    real.run("--force")
    assert real.is_there() and real.snapshot() != before


# cron's environment, settings, the page


def test_under_an_empty_environment(est, client):
    enrolled_and_due(est, client)
    done = subprocess.run(
        ["/usr/bin/env", "-i", *client.argv()],
        cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done
    assert client.is_there() and est.operations() == ["simplereenroll"]


def test_a_hostile_environment_changes_nothing(est, one):
    """Names of our variables, a curlrc and a umask of the caller's have no effect."""
    with open(one.path(".curlrc"), "w", encoding="ascii") as file:
        file.write("insecure\noutput = /dev/null\n")
    env = dict(one.env, HOME=one.folder, CURL_HOME=one.folder, IFS="/", CDPATH="/tmp", force="yes",
               key_type="rsa:2048", claim="/etc/passwd", work_folder="/", napping="1",
               token_header="x", LC_ALL="C.UTF-8", POSIXLY_CORRECT="1")  # fmt: skip
    one.run(env=env, umask=0)
    os.unlink(one.path(".curlrc"))
    assert KEYS["ec:P-256"](one.private_key())
    one.is_clean()


def test_paths_with_blanks_and_colons(est, one):
    folder = one.path("a b:c'd$e")
    os.mkdir(folder)
    one.cert, one.key = os.path.join(folder, "c.pem"), os.path.join(folder, "k.pem")
    one.set(cert=one.cert, key=one.key, chain=os.path.join(folder, "ca")).run()
    one.run("--force")
    assert one.is_there() and est.operations().count("simplereenroll") == 1


def test_key_and_certificate_can_be_in_two_folders(one):
    os.mkdir(one.path("private"), 0o700)
    one.key = one.path("private/device.key")
    one.set(key=one.key).run()
    one.run("--force")
    assert one.is_there() and os.path.islink(one.key)


@pytest.mark.parametrize(
    "line,text",
    [
        ("colour = red", "conf:1: colour: there is no such setting"),
        ("config = x", "conf:1: config: there is no such setting"),
        ("url", "conf:1: not a line"),
        ("label = a\nlabel = b", "conf:2: label is set twice"),
        ("# a comment\n\n ; another\nquiet = maybe", "conf:4: quiet is yes or no"),
        ("days = 08", "days is a number"),
        ("days = 0", "days is a number"),
        ("days = 9999999", "days is a number"),
        ("splay = -1", "splay is a number"),
        ("key-type = rsa:1024", "2048"),
        ("key-type = dsa", "key-type is"),
        ("label = a/b", "label is"),
        ("url = http://a", "https://"),
        ("url = https://a/?b", "url has a character"),
        ("url = https://user@a", "url has a character"),
        ("token-command = x\ntoken-file = y", "one alone"),
        ("client-id = x", "belong together"),
        ("eku = a b", "eku is"),
        ("cert = /a\nkey = /a\nurl = https://a", "two things"),
    ],
)
def test_a_wrong_setting_is_named(one, line, text):
    conf = one.write("conf", line + "\n")
    needed = {"cert": one.cert, "key": one.key, "url": "https://127.0.0.1"}
    words = [f"--{name}={value}" for name, value in needed.items() if f"{name} =" not in line]
    done = subprocess.run(
        [*one.shell, SCRIPT, "--config", conf, *words], capture_output=True, text=True, check=False,
        env=one.env, timeout=20,
    )  # fmt: skip
    assert done.returncode == USAGE and text in done.stderr, done


def test_settings_are_never_executed(est, one):
    flag = one.path("flag")
    one.set(subject=f"CN=$(touch {flag})`touch {flag}`".replace("/", "\\/"))
    one.argv()
    one.run("--check", status=DUE)
    assert not os.path.exists(flag)


def test_a_settings_file_that_everyone_can_write_is_refused(one):
    words = one.argv()
    os.chmod(one.path("conf"), 0o666)
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=one.env, timeout=20)
    assert done.returncode == USAGE and "chmod" in done.stderr


def test_options_win_over_the_file(est, one):
    one.set(label="x", key_type="rsa:2048", san="DNS:x").run("--label=web", "--key-type", "ed25519",
                                                            "--san=DNS:y", "--san=DNS:z")  # fmt: skip
    assert est.asked[0].path == "/.well-known/est/web/simpleenroll"
    assert KEYS["ed25519"](one.private_key())
    assert sans(one.certificate()).get_values_for_type(x509.DNSName) == ["y", "z"]


@pytest.mark.parametrize("words", [["--nothing"], ["--nothing", "x"], ["x"], ["--cert"], ["--quiet=1"],
                                   ["--label", "a", "--label", "b"]])  # fmt: skip
def test_wrong_options(one, words):
    assert one.run(*words, status=USAGE).stderr


def test_the_page_and_the_help_name_every_setting_and_status():
    with open(SCRIPT, encoding="utf-8") as file:
        text = file.read()
    page = subprocess.run(["mandoc", "-T", "ascii", PAGE], capture_output=True, check=True).stdout
    page = re.sub(".\b", "", page.decode())
    usage = subprocess.run(["sh", SCRIPT, "--help"], capture_output=True, text=True, check=True).stdout
    table = text[text.index("\nassign()") : text.index("\n# setting NAME")]
    names = set(re.findall(r"^\t([a-z-]+)\) [a-z_]+=", table, re.M))
    assert len(names) > 25
    for name in names | {"config", "check", "force"}:
        assert re.search(rf"--{name}(?![a-z-])", usage), name
        assert re.search(rf"(?<![a-z-])-?-?{name}(?![a-z-])", page), name
    statuses = re.search(r"^REFUSED=.*$", text, re.M)[0]
    for status in re.findall(r"\d+", statuses):
        assert re.search(rf"^     {status} ", page, re.M), status
