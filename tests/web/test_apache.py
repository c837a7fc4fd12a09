"""Apache with the samples of deploy/apache, by mod_fcgid and by mod_proxy_fcgi; curl in front."""

import hashlib
import http.client
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from harness import apache, csr, fcgi, process, tls
from harness.load import Load
from harness.public import PublicWorkers
from harness.webserver import CurlFailed

MAX_BODY = 65536
SETTINGS = {"Server": {"MaxBodyBytes": MAX_BODY, "Workers": 2}}
PORTS = ["https", "public", "http"]


class Front:
    """A certwright, where it does not start it itself also its public workers, and Apache."""

    def __init__(self, mode, mariadb, double, **others):
        self.mode, self.public, self.web = mode, None, None
        self.service = apache.new_service(mode, mariadb, double, SETTINGS)
        try:
            self.service.make().start()
            backend = self.service.config
            if mode == "proxy":
                self.public = PublicWorkers(self.service, workers=1).start()
                backend = self.service.socket
                others["public_socket"] = self.public.socket
            self.web = apache.Apache(mode, backend, double, self.service.ca_pem(), **others).start()
        except BaseException:
            self.close()
            raise

    def close(self):
        for each in (self.web, self.public):
            if each:
                each.stop()
        self.service.destroy()

    def again(self):
        """Apache once more, after its end."""
        self.web.start()
        process.wait_until(lambda: self.web.get("/probe").status == 200, 20, "an answer")


@pytest.fixture(scope="module", params=apache.MODES, name="front")
def fixture_front(request, mariadb, double):
    made = Front(request.param, mariadb, double)
    yield made
    made.close()


@pytest.fixture(scope="module", name="proxied")
def fixture_proxied(mariadb, double):
    made = Front("proxy", mariadb, double)
    yield made
    made.close()


@pytest.fixture(name="service")
def fixture_service(front):
    return front.service


@pytest.fixture(name="web")
def fixture_web(front):
    return front.web


@pytest.fixture(name="new_front")
def fixture_new_front(mariadb, double):
    """Makes one for one test."""
    made = []

    def make(mode, **others):
        made.append(Front(mode, mariadb, double, **others))
        return made[-1]

    yield make
    for each in made:
        each.close()


def request_der():
    return csr.make("device-1", csr.dns("device-1.example.com"))


def issued(service, answer):
    """The certificate of a success; its row is there and says where the request came from."""
    assert answer.status == 200, answer
    assert answer.headers["content-type"] == "application/pkix-cert"
    assert answer.headers["cache-control"] == "no-store"
    certificate = x509.load_der_x509_certificate(answer.body)
    where = f"fingerprint = UNHEX('{certificate.fingerprint(hashes.SHA256()).hex()}')"
    assert service.sql(f"SELECT remote_address FROM certificate WHERE {where}") == [("127.0.0.1",)]
    return certificate


def rows(service):
    return int(service.value("SELECT COUNT(*) FROM certificate"))


def from_certwright(answer):
    return len(answer.headers.get("x-request-id", "")) == 32


# enrolling


def body_forms():
    der = request_der()
    pem = csr.pem(der)
    base64 = b"".join(pem.splitlines()[1:-1])
    return {
        "der": der,
        "pem": pem,
        "pem with crlf": pem.replace(b"\n", b"\r\n"),
        "pem without newlines": pem.replace(b"\n", b""),
        "base64 on one line": base64,
        "base64 wrapped": b"\r\n".join(base64[i : i + 76] for i in range(0, len(base64), 76)),
    }


@pytest.mark.parametrize("form", list(body_forms()))
def test_each_body_form_is_issued(service, web, form):
    answer = web.post_csr(body_forms()[form], service.double.token())
    assert issued(service, answer).subject.rfc4514_string() == "CN=device-1"


@pytest.mark.parametrize(
    "header",
    ["Transfer-Encoding: chunked", "Expect: 100-continue", "Content-Type:", "Connection: close"],
)
def test_how_the_body_is_sent_does_not_matter(service, web, header):
    issued(service, web.post_csr(request_der(), service.double.token(), "-H", header))


@pytest.mark.parametrize("mode", apache.MODES)
def test_http_2_may_be_switched_on(new_front, mode):
    front = new_front(mode, modules=["http2"], more="Protocols h2 http/1.1")
    token = long_token(front.service, 16_000)
    for header in ("X-A: b", "Content-Type:"):
        answer = front.web.post_csr(request_der(), token, "--http2", "-H", header)
        assert answer.version == "HTTP/2"
        issued(front.service, answer)


# sizes


def long_token(service, size):
    """A token of this size or a bit less, as one with many groups is."""
    guids = [f"{i:08x}-7f5e-4a57-9c7b-0d6f4f1f9f10" for i in range(200)]
    short = len(service.double.token(claims={"groups": guids, "acrs": ""}))
    token = service.double.token(claims={"groups": guids, "acrs": "c" * ((size - short) * 3 // 4)})
    assert size - 5 < len(token) <= size
    return token


@pytest.mark.parametrize("size", [12_500, 16_345])
def test_a_long_token_gets_through(service, web, size):
    issued(service, web.post_csr(request_der(), long_token(service, size)))


@pytest.mark.parametrize("size", [16_360, 24_000, 40_000])
def test_a_longer_header_is_refused_and_not_left_out(service, web, size):
    for header in (f"Authorization: Bearer {'a' * size}", f"X-Filler: {'a' * size}"):
        path = web.write("long", header + "\n")
        answer = web.post_csr(request_der(), "", "-H", f"@{path}")
        assert answer.status == 400 and not from_certwright(answer), answer
    path = web.write("long", f"X-Filler: {'a' * 16_000}\n")
    issued(service, web.post_csr(request_der(), service.double.token(), "-H", f"@{path}"))


def test_a_long_request_line_gets_through(web):
    assert web.get("/ca?message=" + "a" * 16_000).status == 200
    assert web.get("/ca?message=" + "a" * 16_400).status == 414


@pytest.mark.parametrize("header", ["X-A: b", "Transfer-Encoding: chunked"])
def test_a_body_over_the_limit_is_413(front, service, web, header):
    before = rows(service)
    token = service.double.token()
    over = request_der().ljust(MAX_BODY + 1, b"\0")
    for body in (over, bytes(1_048_577)):
        answer = web.post_csr(body, token, "-H", header)
        assert (answer.status, answer.code()) == (413, 4006), answer
    # The near miss is read, and refused for what it holds.
    answer = web.post_csr(over[:MAX_BODY], token, "-H", header)
    assert (answer.status, answer.code()) == (400, 4002), answer
    # What mod_fcgid itself will not buffer has no answer of certwright's.
    answer = web.post_csr(bytes(2_000_000), token, "-H", header, "-H", "Expect:")
    assert answer.status == (413 if front.mode == "proxy" else 500), answer
    assert rows(service) == before


# credentials, and what only looks like them


def test_without_a_token_it_is_401_with_a_challenge(service, web):
    answer = web.post_csr(request_der(), "")
    assert (answer.status, answer.code()) == (401, 4010), answer
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith("Bearer ") and service.double.tenant in challenge
    assert "error=" not in challenge
    answer = web.post_csr(request_der(), service.double.token()[:-8] + "AAAAAAAA")
    assert (answer.status, answer.code()) == (401, 4010), answer
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


CLAIMS = [
    "X-Forwarded-Proto: https",
    "X_Forwarded_Proto: https",
    "X-Forwarded-Ssl: on",
    "Front-End-Https: on",
    "Forwarded: proto=https;for=192.0.2.1",
    "HTTPS: on",
    "Request-Scheme: https",
]


def test_over_plain_http_no_token_is_taken(service, web):
    before = rows(service)
    token = service.double.token()
    for path in ("/api/csr", "/api/csr/", "//api/csr"):
        answer = web.post_csr(request_der(), token, "--path-as-is", base=web.http, path=path)
        assert (answer.status, answer.code()) == (403, 4033), answer
    for header in CLAIMS:
        answer = web.post_csr(request_der(), token, "-H", header, base=web.http)
        assert (answer.status, answer.code()) == (403, 4033), (header, answer)
    assert rows(service) == before


def test_a_header_does_not_change_the_client_s_address(service, web):
    headers = ["-H", "X-Forwarded-For: 192.0.2.1", "-H", "Forwarded: for=192.0.2.1"]
    issued(service, web.post_csr(request_der(), service.double.token(), *headers))


@pytest.fixture(name="client")
def fixture_client(service, web):
    """curl's options for a certificate of our CA."""
    certificate = issued(service, web.post_csr(request_der(), service.double.token()))
    return tls.curl_words(web, "client", [certificate])


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_client_certificate_is_no_token(service, web, client, version):
    sent = (*client, f"--tlsv{version}", "--tls-max", version)
    answer = web.post_csr(request_der(), "", *sent)
    assert (answer.status, answer.code()) == (401, 4010), answer
    issued(service, web.post_csr(request_der(), service.double.token(), *sent))


def test_a_certificate_of_another_ca_is_refused_in_the_handshake(service, web):
    before = rows(service)
    for kind, chain in tls.forgeries(service.ca_pem()).items():
        words = tls.curl_words(web, "forged", chain)
        with pytest.raises(CurlFailed):
            web.post_csr(request_der(), service.double.token(), *words)
        # Nobody looks at it on the port that does not ask, and it makes nothing worse there.
        assert web.get("/ca", *words, base=web.public).status == 200, kind
    assert rows(service) == before


def spoofing(pem):
    """Headers that claim this client certificate, in every spelling."""
    headers = []
    for name, value in (("SSL-CLIENT-CERT", pem), ("SSL-CLIENT-VERIFY", "SUCCESS")):
        for spelling in (name, f"X-{name}", f"REDIRECT-{name}", f"HTTP-{name}"):
            for each in (spelling, spelling.replace("-", "_"), spelling.title()):
                headers += ["-H", f"{each}: {value.strip()}"]
    return headers


@pytest.mark.parametrize("where", PORTS)
def test_a_client_certificate_in_a_header_is_nothing(service, web, client, where):
    before = rows(service)
    with open(client[1], encoding="ascii") as file:
        pem = file.read()
    for value in (pem.replace("\n", " "), pem.replace("\n", "")):
        answer = web.post_csr(request_der(), "", *spoofing(value), base=getattr(web, where))
        wanted = (403, 4033) if where == "http" else (401, 4010)
        assert (answer.status, answer.code()) == wanted, answer
    assert rows(service) == before


# which port asks for a certificate


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_only_the_asking_port_asks_for_a_certificate(web, version):
    assert "CertificateRequest" in tls.handshake(web.https_port, version)
    assert "CertificateRequest" not in tls.handshake(web.public_port, version)


def test_tls_older_than_1_2_is_refused(web):
    for base in (web.https, web.public):
        web.get("/probe", "--tls-max", "1.2", base=base)
        with pytest.raises(CurlFailed):
            old = ("--tlsv1.0", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0")
            web.get("/probe", *old, base=base)


# what reaches the program


@pytest.mark.parametrize("where", PORTS)
def test_probe_and_ca_answer_on_each_port(service, web, where):
    base = getattr(web, where)
    probe = web.get("/probe", base=base)
    assert probe.status == 200 and probe.json() == {"status": "ok", "failed": []}
    wanted = x509.load_pem_x509_certificate(service.ca_pem().encode())
    for path in ("/ca", "/ca/demo-1"):
        answer = web.get(path, base=base)
        assert answer.status == 200 and answer.headers["content-type"] == "application/pkix-cert"
        assert x509.load_der_x509_certificate(answer.body) == wanted
    assert web.get("/ca/demo-2", base=base).status == 404


def test_slashes_before_and_behind_the_path(service, web):
    for path in ("//api/csr", "/api/csr/", "///api/csr/"):
        answer = web.post_csr(request_der(), service.double.token(), "--path-as-is", path=path)
        issued(service, answer)
    # OCSP and EST by their own path, whatever certwright says to it.
    for path in ("//.well-known/est/cacerts", "/.well-known/est/cacerts", "//ocsp", "/ocsp/MEQ="):
        answer = web.get(path, "--path-as-is")
        assert from_certwright(answer) and answer.code() != 4041, (path, answer)


def test_every_other_path_reaches_certwright_too(web):
    """What Debian's Apache has aliases and handlers for, and what is a file's name nowhere."""
    paths = ["/", "/nothing", "/icons/", "/icons/apache_pb.png", "/server-status", "/cgi-bin/x"]
    paths += ["/.well-known/acme-challenge/x", "/index.html", "/.htaccess", "/apache.conf", "/*"]
    for path in [*paths, "/a;b", "/%0a", "/%ff", "/a%2Fb", "/a%3Fb"]:
        for base in (web.https, web.http):
            answer = web.get(path, base=base)
            assert (answer.status, answer.code()) == (404, 4041), (path, answer)
    answer = web.get("/ocsp/" + "Ab%2F%2B//" * 100, "--path-as-is", base=web.http)
    assert from_certwright(answer) and answer.code() != 4041, answer
    answer = web.get("/api/csr")
    assert (answer.status, answer.code(), answer.headers["allow"]) == (405, 4050, "POST"), answer
    assert web.get("/ca", "-X", "TRACE").status == 405
    for path in ("/api/csr/../../etc/passwd", "/api/csr/%2e%2e/%2e%2e/x", "/a%00b", "/%zz"):
        assert web.get(path, "--path-as-is").status in (400, 404), path


@pytest.mark.parametrize("path", ["/ca", "/probe"])
def test_head_is_get_without_the_body(web, path):
    # A stray body would be taken for the next answer of the same connection.
    full = len(web.get(path).body)
    connection = http.client.HTTPConnection("127.0.0.1", web.http_port, timeout=10)
    for method, size in (("HEAD", 0), ("GET", full), ("HEAD", 0)):
        connection.request(method, path)
        answer = connection.getresponse()
        assert (answer.status, len(answer.read())) == (200, size)
    connection.close()


def test_a_client_without_a_host_header_is_answered(web):
    with socket.create_connection(("127.0.0.1", web.http_port), 10) as old:
        old.sendall(b"GET /ca HTTP/1.0\r\n\r\n")
        assert old.recv(100).startswith(b"HTTP/1.1 200 ")


ECHO = """#!/usr/bin/python3
import socket
import socketserver
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, {folder!r})
import fcgi

server = socketserver.ThreadingUnixStreamServer("-", fcgi.EchoHandler, bind_and_activate=False)
server.socket = socket.socket(fileno=0)
server.serve_forever()
"""


@pytest.fixture(scope="module", params=apache.MODES, name="echo")
def fixture_echo(request, double):
    """The same samples in front of a program that shows its parameters, with a client CA of ours."""
    ca, kinds = tls.all_kinds()
    folder = process.short_folder("cwecho")
    program = os.path.join(folder, "echo")
    application = fcgi.Echo(os.path.join(folder, "sock"))
    shutil.copy(fcgi.__file__, folder)
    with open(os.open(program, os.O_WRONLY | os.O_CREAT, 0o755), "w", encoding="ascii") as file:
        file.write(ECHO.format(folder=folder))
    apache.hand_over(folder)
    backend, others = os.path.join(folder, "sock"), {}
    if request.param == "fcgid":
        backend, others = "-", {"program": program}
    deflate = "AddOutputFilterByType DEFLATE application/json"
    server = apache.Apache(request.param, backend, double, ca, deflate, **others).start()
    server.kinds = kinds
    yield server
    server.stop()
    application.stop()


def parameters(echo, *words, body=b"12345", path="/a//b%20c%2Fd?e=f", **options):
    """What arrives of a request, whose body arrives as it was sent."""
    answer = echo.get(path, "--path-as-is", *words, body=body, **options)
    assert answer.status == 200, answer
    pairs, size = answer.json()
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names))
    params = dict(pairs)
    assert size == len(body) and params["CONTENT_LENGTH"] == str(size)
    assert answer.headers["x-body"] == hashlib.sha256(body).hexdigest()
    return params


def test_path_and_body_arrive_as_they_were_sent(echo):
    for body in (b"1", os.urandom(70_000), os.urandom(1_000_000)):
        for header in ("X-A: b", "Transfer-Encoding: chunked"):
            params = parameters(echo, "-H", header, body=body)
            assert params["REQUEST_URI"] == "/a//b%20c%2Fd?e=f" and params["QUERY_STRING"] == "e=f"
            assert params["REQUEST_METHOD"] == "POST" and params["REMOTE_ADDR"] == "127.0.0.1"


def test_what_apache_takes_of_a_header_or_a_path_arrives_whole(echo):
    longest = {"Authorization": 16_354, "X": 16_366, "X-" + "N" * 200: 16_368 - 202 - 1}
    for name, size in longest.items():
        path = echo.write("long", f"{name}: {'a' * (size - 3)}\n")
        params = parameters(echo, "-H", f"@{path}")
        assert len(params["HTTP_" + name.upper().replace("-", "_")]) == size - 3
    target = "/" + "p" * 4000 + "?" + "q" * 12_350
    assert parameters(echo, path=target)["REQUEST_URI"] == target


def test_an_answer_leaves_as_it_came(echo):
    for status in (200, 418, 503):
        answer = echo.get(f"/?status={status}", "-H", "Accept-Encoding: gzip")
        assert answer.status == status and "content-encoding" not in answer.headers
        assert dict(answer.json()[0])["QUERY_STRING"] == f"status={status}"
        # One request a connection: who keeps it would hold a worker.
        assert answer.headers["x-keep-connection"] == "0"


def test_a_client_certificate_arrives_as_parameters(echo):
    chain = echo.kinds["good"]
    for version in ("1.2", "1.3"):
        words = (*tls.curl_words(echo, "good", chain), "--tlsv1.2", "--tls-max", version)
        params = parameters(echo, *words)
        assert params["HTTPS"] == "on" and params["SSL_CLIENT_VERIFY"] == "SUCCESS"
        assert params["SSL_CLIENT_CERT"].split() == tls.pem(chain).split()
        assert params["SSL_PROTOCOL"] == f"TLSv{version}"
        params = parameters(echo, *words, base=echo.public)
        assert params["HTTPS"] == "on" and "SSL_CLIENT_CERT" not in params


def test_no_client_certificate_is_told_as_none(echo):
    params = parameters(echo)
    assert params["HTTPS"] == "on" and params["SSL_CLIENT_VERIFY"] == "NONE"
    assert params["SSL_CLIENT_CERT"] == ""
    params = parameters(echo, base=echo.http)
    assert not [name for name in params if name == "HTTPS" or name.startswith("SSL_")]


@pytest.mark.parametrize("kind", [kind for kind, verdict in tls.VERDICTS.items() if verdict != "SUCCESS"])
def test_apache_itself_refuses_any_other_certificate(echo, kind):
    with pytest.raises(CurlFailed):
        echo.get("/", *tls.curl_words(echo, "bad", echo.kinds[kind]))


@pytest.mark.parametrize("where", PORTS)
def test_a_spoofed_header_arrives_under_no_name(echo, where):
    spoofed = spoofing("x") + ["-H", "HTTPS: on", "-H", "Proxy: x", "-H", "X-A: b"]
    params = parameters(echo, *spoofed, base=getattr(echo, where))
    assert params["HTTP_X_A"] == "b"
    assert params.get("SSL_CLIENT_CERT", "") == "" and params.get("SSL_CLIENT_VERIFY") in (None, "NONE")
    assert ("HTTPS" in params) == (where != "http")
    claims = {"HTTP_SSL_CLIENT_CERT", "HTTP_SSL_CLIENT_VERIFY", "HTTP_X_SSL_CLIENT_CERT", "HTTP_PROXY"}
    assert not claims & set(params)
    assert not [name for name in params if name.startswith("REDIRECT_")]


@pytest.mark.parametrize("mode", apache.MODES)
def test_the_sample_s_head_is_what_it_needs(mode, double):
    """Apache takes its example as it stands, but for our files, and no variable is left undefined."""
    with open(os.path.join(apache.SAMPLES, f"certwright-{mode}.conf"), encoding="utf-8") as file:
        head = re.findall(r"^#   (?! )((?:# |Define |Listen |Include ).*)", file.read(), re.M)
    server = apache.Apache(mode, "/nowhere", double, tls.all_kinds()[0])
    ours = {
        "/etc/certwright/apache": apache.SAMPLES,
        "/etc/certwright/tls.pem": server.path("tls.pem"),
        "/etc/certwright/tls.key": server.path("tls.pem"),
        "/etc/certwright/clients.pem": server.path("clients.pem"),
        "/usr/sbin/certwright": process.certwright(),
    }
    text = "\n".join(head)
    for theirs, replaced in ours.items():
        text = text.replace(theirs, replaced)
    with open(server.conf, encoding="utf-8") as file:
        usual = re.sub(r"(?m)^(Define CERTWRIGHT|Include|Listen).*", "", file.read())
    server.write("apache.conf", usual + text)
    env = dict(os.environ, PATH=process.SEARCH_PATH)
    argv = [*server.argv(), "-t", "-D", "DUMP_VHOSTS"]
    done = subprocess.run(argv, capture_output=True, text=True, env=env, check=False, timeout=20)
    assert done.returncode == 0 and "is not defined" not in done.stderr, done.stderr
    for port in ("80", "443", "8443"):
        assert re.search(rf"\*:{port} +ca\.example\.org", done.stdout), done.stdout


# slow clients, and sides that do not starve each other


class Slow:
    """Clients that send half a request to this port, and then a byte now and then."""

    def __init__(self, web, port, half, clients=8):
        self.connections, self.ending = [], threading.Event()
        for _ in range(clients):
            connection = socket.create_connection(("127.0.0.1", port), 10)
            if port != web.http_port:
                context = ssl.create_default_context(cafile=web.ca_bundle)
                connection = context.wrap_socket(connection, server_hostname="127.0.0.1")
            connection.sendall(half)
            self.connections.append(connection)
        self.thread = threading.Thread(target=self._drip, daemon=True)

    def _drip(self):
        while not self.ending.wait(0.5):
            for connection in self.connections:
                connection.sendall(b"0")

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join(10)
        for connection in self.connections:
            connection.close()


HALVES = {
    "head": b"POST /ocsp HTTP/1.1\r\nHost: a\r\nX-A: ",
    "small": b"POST /ocsp HTTP/1.1\r\nHost: a\r\nContent-Length: 200\r\n\r\nhalf",
    "large": b"POST /ocsp HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n" + bytes(40_000),
    "chunked": b"POST /ocsp HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhalf",
}


@pytest.mark.parametrize("half", list(HALVES))
@pytest.mark.parametrize("port", ["public_port", "http_port", "https_port"])
def test_slow_clients_hold_no_worker(service, web, port, half):
    with Slow(web, getattr(web, port), HALVES[half]):
        begin = time.monotonic()
        for _ in range(3):
            issued(service, web.post_csr(request_der(), service.double.token()))
            assert web.get("/probe", base=web.public).status == 200
            assert web.get("/probe", base=web.http).status == 200
        # Held workers would make it wait for RequestTimeoutSeconds, 30.
        assert time.monotonic() - begin < 20


def test_a_slow_request_is_answered_when_it_is_whole(web):
    with socket.create_connection(("127.0.0.1", web.http_port), 10) as slow:
        slow.sendall(b"POST /api/csr HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf")
        assert web.get("/probe").status == 200
        slow.sendall(b" more")
        assert slow.recv(100).startswith(b"HTTP/1.1 403 ")


def test_a_body_without_end_is_cut_off(proxied):
    """It would fill a file: Apache hands on whole requests, and LimitRequestBody is not for proxies."""
    begin, sent = time.monotonic(), 0
    with socket.create_connection(("127.0.0.1", proxied.web.http_port), 10) as endless:
        endless.sendall(b"POST /ocsp HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        with pytest.raises(OSError):
            while time.monotonic() - begin < 60:
                endless.sendall(b"400\r\n" + bytes(1024) + b"\r\n")
                sent += 1024
                time.sleep(0.01)
    assert time.monotonic() - begin < 60 and sent > 100_000


def pools(front):
    """Process ids that serve each port."""
    if front.mode == "proxy":
        public = [front.public.pid, *front.public.workers()]
        return {"https": [front.service.pid, *front.service.workers()], "public": public, "http": public}
    found, before = {}, set()
    for port in PORTS:
        assert front.web.get("/ca", base=getattr(front.web, port)).status == 200
        found[port] = set(front.web.processes()) - before
        before |= found[port]
        assert len(found[port]) == 1
    return found


@pytest.mark.parametrize("mode", apache.MODES)
def test_the_asking_port_and_the_others_have_workers_of_their_own(new_front, mode):
    limits = {"processes": 1, "public_processes": 1} if mode == "fcgid" else {}
    front = new_front(mode, **limits)
    service, web, pids = front.service, front.web, pools(front)
    with process.paused({*pids["public"], *pids["http"]}):
        issued(service, web.post_csr(request_der(), service.double.token()))
        for base in (web.public, web.http):
            with pytest.raises(CurlFailed):
                web.get("/ca", base=base, timeout=1)
    with process.paused(pids["https"]):
        assert web.get("/ca", base=web.public).status == 200
        assert web.get("/ca", base=web.http).status == 200


# reloads, ends and failures under load


def settle(front, load, before):
    """Who has a certificate is on record, who has none may ask again, and no row is from nowhere."""
    assert load.received and load.not_on_record(front.service) == []
    unseen = rows(front.service) - before - len(load.received)
    assert 0 <= unseen <= len(load.faults())
    assert {status for status, _ in load.refused} <= {500, 503}, load.refused
    assert load.ask_again() == []


@pytest.mark.parametrize("how", ["stop", "stop_gracefully"])
def test_stopping_under_load_loses_no_certificate(front, service, web, how):
    before = rows(service)
    started = web.processes()
    with Load(web, service) as load:
        assert getattr(web, how)() == 0
        load.ending = True
    assert bool(started) == (front.mode == "fcgid") and not web.processes()
    front.again()
    settle(front, load, before)


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 2).close()
        return True
    except ConnectionRefusedError:
        return False


def test_a_graceful_reload_loses_no_request(proxied):
    before = rows(proxied.service)
    with Load(proxied.web, proxied.service) as load:
        for _ in range(3):
            proxied.web.reload()
            time.sleep(0.3)
            load.more()
    assert load.faults() == [] and rows(proxied.service) == before + len(load.received)
    assert proxied.web.process.alive() and load.not_on_record(proxied.service) == []


def test_reloading_certwright_behind_apache_loses_no_request(proxied):
    before = rows(proxied.service)
    workers = set(proxied.service.workers())
    with Load(proxied.web, proxied.service) as load:
        for _ in range(3):
            proxied.service.reload()
            time.sleep(0.3)
            load.more()
    assert load.faults() == [] and rows(proxied.service) == before + len(load.received)
    process.wait_until(lambda: not workers & set(proxied.service.workers()), 10, "new workers")


def test_stopping_gracefully_answers_what_is_under_way(proxied):
    web = proxied.web
    with socket.create_connection(("127.0.0.1", web.http_port), 10) as slow:
        slow.sendall(b"POST /api/csr HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf")
        assert web.get("/probe").status == 200
        web.process.send(signal.SIGWINCH)
        process.wait_until(lambda: not listens(web.http_port), 10, "the end of listening")
        slow.sendall(b" more")
        assert slow.recv(100).startswith(b"HTTP/1.1 403 ")
    assert web.process.wait(20) == 0
    proxied.again()


def test_without_the_program_it_is_503_and_then_well_at_once(proxied):
    service, web = proxied.service, proxied.web
    token = service.double.token()
    service.stop()
    for _ in range(3):
        assert web.post_csr(request_der(), token).status == 503
    assert web.get("/ca", base=web.public).status == 200
    service.start()
    web.admit()
    issued(service, web.post_csr(request_der(), token))


@pytest.fixture(name="fcgid")
def fixture_fcgid(new_front):
    return new_front("fcgid")


def test_a_graceful_reload_with_mod_fcgid_loses_no_certificate(fcgid):
    """
    It ends its processes at once: a request that one of them has just been given is answered by 500,
    one that it wants to start a process for gets no answer, and keeps the old child of Apache.
    """
    before = rows(fcgid.service)
    with Load(fcgid.web, fcgid.service, timeout=10) as load:
        first = set(fcgid.web.processes())
        fcgid.web.reload()
        process.wait_until(lambda: not first & set(fcgid.web.processes()), 20, "other processes")
        load.more()
    settle(fcgid, load, before)
    assert fcgid.web.process.alive()


def test_requests_at_once_start_processes(fcgid):
    assert not fcgid.web.processes()
    assert fcgid.web.get("/ca").status == 200
    (words,) = fcgid.web.processes().values()
    assert words[1:] == ["serve", "--single", "--config", fcgid.service.config]
    with Load(fcgid.web, fcgid.service, clients=8) as load:
        process.wait_until(lambda: len(fcgid.web.processes()) > 3, 20, "more processes")
        load.more()
    assert load.faults() == [] and len(fcgid.web.processes()) <= 16


def test_there_are_no_more_processes_than_wanted(new_front):
    front = new_front("fcgid", processes=2, public_processes=1)
    most = 0
    with Load(front.web, front.service, clients=10) as load:
        while len(load.received) < 400 and not load.faults():
            load.more(5)
            assert front.web.get("/ca", base=front.web.public).status == 200
            assert front.web.get("/ca", base=front.web.http).status == 200
            most = max(most, len(front.web.processes()))
    assert load.faults() == [] and most == 4


def test_a_killed_process_is_replaced(fcgid):
    """By mod_fcgid, when it has a request for it. One that the process was at is cut."""
    service, web = fcgid.service, fcgid.web
    issued(service, web.post_csr(request_der(), service.double.token()))
    (first,) = web.processes()
    os.kill(first, signal.SIGKILL)
    process.wait_until(lambda: first not in web.processes(), 10, "its end")
    issued(service, web.post_csr(request_der(), service.double.token()))
    assert web.processes() and first not in web.processes()
    before = rows(service)
    with Load(web, service) as load:
        for _ in range(3):
            os.kill(next(iter(web.processes())), signal.SIGKILL)
            load.more()
    settle(fcgid, load, before)


def test_recycled_processes_lose_nothing(new_front):
    front = new_front("fcgid", requests=20)
    before, seen = rows(front.service), set()
    with Load(front.web, front.service) as load:
        while len(load.received) < 200 and not load.faults():
            load.more(5)
            seen |= set(front.web.processes())
    assert load.faults() == [] and load.not_on_record(front.service) == []
    assert rows(front.service) == before + len(load.received)
    assert len(seen) > 200 // 20 // 2
