"""OCSP and CRLs through every web server, as their clients ask: plain HTTP, HTTP/1.0, odd paths; stapling."""

import base64
import os
import re
import socket
import subprocess

import fronts
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID
from harness import apache, csr, ocsp, process, tls
from harness.double import identity_double
from harness.service import Service
from harness.webserver import free_port

SETTINGS = {"CRL": {"PublishOnRevocation": "true"}, "OCSP": {"ReuseSeconds": "0"}}
STAPLE = os.path.join(process.ROOT, "deploy", "examples", "certwright-staple")


def own_folder(name, service, web):
    """The folder of the CRL files, which certwright writes and the web server reads."""
    os.mkdir(web.crl_folder, 0o755)
    if name == "apache fcgid":
        apache.hand_over(web.crl_folder)
    service.configure({"CRL": {"Directory": web.crl_folder}, "Server": {"HttpBaseUrl": web.http}})


@pytest.fixture(scope="module", params=fronts.NAMES, name="front")
def fixture_front(request, mariadb, double):
    kind = apache.FcgidService if request.param == "apache fcgid" else Service
    service, web = kind(mariadb, double, SETTINGS), None
    try:
        service.make()
        web = fronts.web_server(request.param, service, double)
        own_folder(request.param, service, web)
        service.start()
        web.start()
        web.write("ca.pem", service.ca_pem())
        yield service, web
    finally:
        fronts.close(service, web)


@pytest.fixture(scope="module", name="leaf")
def fixture_leaf(front):
    return enroll(*front, "leaf")


def enroll(service, web, name):
    answer = web.post_csr(csr.make(name), service.double.token())
    assert answer.status == 200, answer
    leaf = x509.load_der_x509_certificate(answer.body)
    web.write(f"{name}.pem", tls.pem([leaf]))
    return leaf


def ca_of(service):
    return x509.load_pem_x509_certificate(service.ca_pem().encode())


def revoke(service, leaf):
    service.run("cert", "revoke", f"{leaf.serial_number:x}")


def tool(*argv):
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, (argv, done.stdout, done.stderr)
    return done.stdout + done.stderr


def ask_openssl(web, name, *words):
    """The status that openssl ocsp tells, which has verified the answer."""
    said = tool(
        "openssl", "ocsp", *words, "-issuer", web.path("ca.pem"), "-cert", web.path(f"{name}.pem"),
        "-CAfile", web.path("ca.pem"), "-url", f"{web.http}/ocsp",
    )  # fmt: skip
    assert "Response verify OK" in said, said
    return re.search(r"\.pem: (\w+)", said)[1]


def raw(port, text):
    """The answer to these very octets."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(text)
        out = b""
        while piece := connection.recv(65536):
            out += piece
    head, _, body = out.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode("latin-1").lower(), body


# OCSP


def test_openssl_asks_by_post(front, leaf):
    _, web = front
    assert leaf.serial_number
    assert ask_openssl(web, "leaf") == "good"
    assert ask_openssl(web, "leaf", "-no_nonce", "-sha256") == "good"


def request_with(service, leaf, wanted):
    """A request whose base64 has this in it, by the choice of a nonce."""
    ca = ca_of(service)
    for number in range(200_000):
        nonce = number.to_bytes(16, "big") if number % 2 else b"\xff" * 12 + number.to_bytes(4, "big")
        der = ocsp.make(ocsp.cert_id(ca, leaf.serial_number), nonce=nonce)
        if wanted in base64.b64encode(der).decode():
            return der, nonce
    raise AssertionError(wanted)


@pytest.mark.parametrize("form", ["escaped", "raw"])
def test_get_keeps_its_base64(front, leaf, form):
    """A slash doubled by base64 is not merged, whether it came as %2F or as it is."""
    service, web = front
    der, nonce = request_with(service, leaf, "//")
    path = ocsp.path(der) if form == "escaped" else "/ocsp/" + base64.b64encode(der).decode()
    for base in (web.http, web.public):
        answer = web.get(path, "--path-as-is", base=base)
        assert ocsp.status(answer) == (ocsp.GOOD, None), answer
        assert ocsp.nonce_of(answer) == nonce
        ocsp.verify(ocsp.read(answer), ca_of(service))


def test_get_takes_a_plus_for_itself(front, leaf):
    service, web = front
    der, _ = request_with(service, leaf, "+")
    answer = web.get("/ocsp/" + base64.b64encode(der).decode(), "--path-as-is", base=web.http)
    assert ocsp.status(answer) == (ocsp.GOOD, None), answer


def test_a_client_of_http_1_0_needs_no_host(front, leaf):
    service, web = front
    der = ocsp.make(ocsp.cert_id(ca_of(service), leaf.serial_number))
    head = f"POST /ocsp HTTP/1.0\r\nContent-Type: {ocsp.REQUEST_TYPE}\r\nContent-Length: {len(der)}\r\n\r\n"
    for text in (head.encode() + der, f"GET {ocsp.path(der)} HTTP/1.0\r\n\r\n".encode()):
        status, head, body = raw(web.http_port, text)
        assert status == 200 and "transfer-encoding" not in head, head
        assert x509.ocsp.load_der_ocsp_response(body).certificate_status == ocsp.GOOD


# CRL


def published(web, path, *words, base=None):
    """The answer once there is one: the first publication is the job's."""
    process.wait_until(lambda: web.get(path, *words, base=base).status == 200, 30, path)
    return web.get(path, *words, base=base)


def is_certwrights(answer):
    return "x-request-id" in answer.headers


def made_by_certwright(web, path):
    """Its answer, None where the web server has answered: from a file, or its memory of one."""
    answer = web.get(path, base=web.http)
    return answer if is_certwrights(answer) else None


def read_crl(answer, is_pem):
    kind = "application/x-pem-file" if is_pem else "application/pkix-crl"
    assert answer.headers["content-type"] == kind, answer
    return (x509.load_pem_x509_crl if is_pem else x509.load_der_x509_crl)(answer.body)


def test_crl_files_are_the_web_servers_and_else_certwrights(front, leaf):
    service, web = front
    assert leaf.serial_number
    ca = ca_of(service)
    # Behind Apache a slow client would hold a worker for as long as it takes a CRL's octets.
    spelled = not web.name.startswith("apache")
    for name, is_pem, by_certwright in (
        ("demo-1.crl", False, False), ("demo-1.crl.pem", True, False), ("demo-1.pem", True, spelled),
        ("demo-1.crl/", False, spelled), ("demo-1.crl.pem/", True, spelled), ("demo-1.pem/", True, spelled),
    ):  # fmt: skip
        for base in (web.http, web.public, web.https):
            answer = published(web, f"/crl/{name}", base=base)
            assert is_certwrights(answer) == by_certwright, answer
            assert read_crl(answer, is_pem).is_signature_valid(ca.public_key())
            assert "max-age=" in answer.headers["cache-control"]
            assert answer.headers["last-modified"]
        head = web.get(f"/crl/{name}", "-I", base=web.http)
        assert head.headers["content-length"] == str(len(answer.body))
        tag = ("-H", f"If-None-Match: {answer.headers['etag']}")
        assert web.get(f"/crl/{name}", *tag, base=web.http).status == 304
    status, head, body = raw(web.http_port, b"GET /crl/demo-1.crl HTTP/1.0\r\n\r\n")
    assert status == 200 and body == web.get("/crl/demo-1.crl", base=web.http).body, head


def test_a_crl_whose_file_is_gone_comes_from_certwright(front):
    """It asks for a new file at once, and says when to come again meanwhile."""
    _, web = front
    path = f"{web.crl_folder}/demo-1.crl"
    before = published(web, "/crl/demo-1.crl", base=web.http).body
    for name in ("demo-1.crl", "demo-1.crl.pem"):
        os.unlink(f"{web.crl_folder}/{name}")
    answer = process.wait_until(lambda: made_by_certwright(web, "/crl/demo-1.crl"), 10, "its answer")
    if answer.status == 503:
        assert (answer.code(), answer.headers["retry-after"]) == (5033, "10"), answer
    process.wait_until(lambda: os.path.exists(path), 30, "a new file")
    # lighttpd remembers for a moment that there was none
    process.wait_until(lambda: not is_certwrights(web.get("/crl/demo-1.crl", base=web.http)), 10, "the file")
    assert web.get("/crl/demo-1.crl", base=web.http).body == before


def test_nothing_beside_the_crls_gets_out(front):
    _, web = front
    published(web, "/crl/demo-1.crl", base=web.http)
    with open(f"{web.crl_folder}/secret.txt", "w", encoding="ascii") as file:
        file.write("secret")
    os.chmod(f"{web.crl_folder}/secret.txt", 0o644)
    for path in ("/crl/", "/crl", "/crl/.lock", "/crl/secret.txt", "/crl/../tls.pem", "/crl/..%2ftls.pem",
                 "/crl/%2e%2e/tls.pem", "/crl/other-1.crl", "/crl/demo-1.crl/x", "/crl/demo-1.crl%00",
                 "/crl/.demo-1.crl.new", "/crl/DEMO-1.crl", "/crl/demo-1-delta.crl"):  # fmt: skip
        answer = web.get(path, "--path-as-is", base=web.http)
        assert answer.status in (400, 404), (path, answer)
        assert b"secret" not in answer.body and b"KEY" not in answer.body


def test_a_revocation_shows(front):
    service, web = front
    victim = enroll(service, web, "victim")
    assert ask_openssl(web, "victim") == "good"
    number = crl_number(web)
    revoke(service, victim)
    assert ask_openssl(web, "victim") == "revoked"
    service.run("maintain", "publish-crls", "crl-files", check=False)
    process.wait_until(lambda: crl_number(web) > number, 20, "the next CRL")
    crl = read_crl(web.get("/crl/demo-1.crl", base=web.http), False)
    assert crl.get_revoked_certificate_by_serial_number(victim.serial_number)
    web.write("crl.pem", crl.public_bytes(serialization.Encoding.PEM).decode())
    verify = ("openssl", "verify", "-crl_check", "-CAfile", web.path("ca.pem"), "-CRLfile", web.path("crl.pem"))
    done = subprocess.run([*verify, web.path("victim.pem")], capture_output=True, text=True, check=False)
    assert "certificate revoked" in done.stdout + done.stderr


def crl_number(web):
    crl = read_crl(published(web, "/crl/demo-1.crl", base=web.http), False)
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


# stapling


class Site:
    """A web server with a port whose certificate is certwright's, and whose OCSP is at its plain port."""

    def __init__(self, kind, mariadb, double, text):
        self.service = Service(mariadb, double, SETTINGS)
        self.web = None
        try:
            self.service.make()
            self.web = fronts.web_server(kind, self.service, double)
            self.service.configure({"Server": {"HttpBaseUrl": self.web.http}})
            self.service.start()
            self.port = free_port()
            self.leaf = self._certificate()
            with open(self.web.conf, "a", encoding="utf-8") as file:
                file.write(text.format(port=self.port, folder=self.web.folder))
        except BaseException:
            self.close()
            raise

    def _certificate(self):
        key, ekus = csr.new_key(), x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        answer = self.service.post_csr(csr.make("localhost", csr.dns("localhost"), key, [ekus]))
        assert answer.status == 200, answer
        leaf = x509.load_der_x509_certificate(answer.body)
        self.web.write("ca.pem", self.service.ca_pem())
        self.web.write("own.pem", tls.pem([leaf]) + self.service.ca_pem())
        self.web.write("own.key", identity_double.private_pem(key).decode())
        return leaf

    def close(self):
        fronts.close(self.service, self.web)

    def revoke(self):
        revoke(self.service, self.leaf)

    def staple(self):
        """Runs the script that lighttpd's file comes from."""
        return subprocess.run(
            [STAPLE, *map(self.web.path, ("own.pem", "ca.pem", "own.ocsp"))],
            capture_output=True, text=True, check=False, timeout=30,
        )  # fmt: skip

    def stapled(self):
        """What a handshake staples and s_client has verified: good, revoked, or None."""
        argv = ["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", "-servername", "localhost"]
        argv += ["-status", "-CAfile", self.web.path("ca.pem")]
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=20
        )
        found = re.search(r"Cert Status: (\w+)", done.stdout)
        assert not found or "OCSP Response Status: successful" in done.stdout
        return found[1] if found else None


@pytest.fixture(name="new_site")
def fixture_new_site(mariadb, double):
    made = []

    def new_site(kind, text):
        made.append(Site(kind, mariadb, double, text))
        return made[-1]

    yield new_site
    for site in made:
        site.close()


APACHE = """
Listen 127.0.0.1:{port}
SSLStaplingCache shmcb:ssl_stapling(128000)
<VirtualHost 127.0.0.1:{port}>
	ServerName localhost
	SSLEngine on
	SSLCertificateFile {folder}/own.pem
	SSLCertificateKeyFile {folder}/own.key
	SSLUseStapling on
	# a day as a rule; here each handshake is to see what is so now
	SSLStaplingStandardCacheTimeout 1
</VirtualHost>
"""

LIGHTTPD = """
$SERVER["socket"] == "127.0.0.1:{port}" {{
	ssl.engine = "enable"
	ssl.pemfile = "{folder}/own.pem"
	ssl.privkey = "{folder}/own.key"
	ssl.stapling-file = "{folder}/own.ocsp"
}}
"""


def test_apache_staples_what_it_has_asked(new_site):
    site = new_site("apache proxy", APACHE)
    site.web.start()
    process.wait_until(lambda: site.stapled() == "good", 20, "a stapled answer")
    site.revoke()
    process.wait_until(lambda: site.stapled() == "revoked", 20, "the revocation")


def test_lighttpd_staples_the_file_that_the_script_writes(new_site):
    site = new_site("lighttpd", LIGHTTPD)
    # nobody answers yet: there is no file, and nothing of one
    refused = site.staple()
    assert refused.returncode == 1 and "certwright-staple: http://" in refused.stderr, refused
    assert not [name for name in os.listdir(site.web.folder) if name.startswith("own.ocsp")]
    site.web.start()
    for wanted in ("good", "revoked"):
        if wanted == "revoked":
            site.revoke()
        done = site.staple()
        assert done.returncode == 0, done
        assert os.stat(site.web.path("own.ocsp")).st_mode & 0o777 == 0o644
        # it looks for a new file once a minute; a restart reads it at once
        site.web.stop()
        site.web.start()
        assert site.stapled() == wanted


def test_the_script_keeps_its_file_unless_the_answer_verifies(new_site):
    """A CA of the same name with another key has not signed it."""
    site = new_site("lighttpd", "")
    site.web.start()
    assert site.staple().returncode == 0
    with open(site.web.path("own.ocsp"), "rb") as file:
        before = file.read()
    other, name = csr.new_key(), ca_of(site.service).subject
    forged = tls.certificate(name.rfc4514_string(), name, other, None)
    site.web.write("ca.pem", tls.pem([forged]))
    refused = site.staple()
    assert refused.returncode == 1, refused
    with open(site.web.path("own.ocsp"), "rb") as file:
        assert file.read() == before
