"""lighttpd with the sample of deploy/lighttpd, certwright behind spawn-fcgi, curl in front."""

import http.client
import os
import signal
import socket
import ssl
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from harness import csr, fcgi, lighttpd, process
from harness.double import identity_double

START = {"how": "spawn-fcgi"}
MAX_BODY = 65536
SETTINGS = {"Server": {"MaxBodyBytes": MAX_BODY, "Workers": 2}}


@pytest.fixture(scope="module", name="web")
def fixture_web(service, double):
    server = lighttpd.Lighttpd(service.socket, double, service.ca_pem()).start()
    yield server
    server.stop()


@pytest.fixture(scope="module", name="client")
def fixture_client(service, web):
    """Files with a certificate of our CA and its key, as curl's options."""
    response = service.post_csr(request_der())
    assert response.status == 200, response
    return client_files(web, "client", x509.load_der_x509_certificate(response.body), csr.key())


def client_files(web, name, certificate, key):
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    return (
        "--cert", web.write(f"{name}.pem", pem),
        "--key", web.write(f"{name}.key", identity_double.private_pem(key).decode()),
    )  # fmt: skip


def request_der():
    return csr.make("device-1", csr.dns("device-1.example.com"))


def issued(service, answer):
    """The certificate of a success; its row is there and says where the request came from."""
    assert answer.status == 200, answer
    assert answer.headers["content-type"] == "application/pkix-cert"
    assert len(answer.headers["x-request-id"]) == 32
    certificate = x509.load_der_x509_certificate(answer.body)
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex()
    where = f"fingerprint = UNHEX('{fingerprint}')"
    assert service.sql(f"SELECT remote_address FROM certificate WHERE {where}") == [("127.0.0.1",)]
    return certificate


def rows(service):
    return int(service.value("SELECT COUNT(*) FROM certificate"))


# enrolling


def body_forms():
    der = request_der()
    pem = csr.pem(der)
    base64 = b"".join(pem.splitlines()[1:-1])
    return {
        "der": der,
        "pem": pem,
        "pem without newlines": pem.replace(b"\n", b""),
        "base64 on one line": base64,
        "base64 wrapped": b"\r\n".join(base64[i : i + 76] for i in range(0, len(base64), 76)),
    }


@pytest.mark.parametrize("form", list(body_forms()))
@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_each_body_form_is_issued(service, web, form, version):
    answer = web.post_csr(body_forms()[form], service.double.token(), version)
    assert answer.version == {"--http1.1": "HTTP/1.1", "--http2": "HTTP/2"}[version]
    assert issued(service, answer).subject.rfc4514_string() == "CN=device-1"


@pytest.mark.parametrize(
    "header",
    ["Transfer-Encoding: chunked", "Expect: 100-continue", "Content-Type:", "Connection: close"],
)
def test_how_the_body_is_sent_does_not_matter(service, web, header):
    issued(service, web.post_csr(request_der(), service.double.token(), "--http1.1", "-H", header))


def test_a_client_that_sends_slowly_holds_no_worker(service, web):
    """lighttpd hands on whole requests: more half-sent ones than workers leave the workers free."""
    slow = []
    for _ in range(6):
        connection = socket.create_connection(("127.0.0.1", web.http_port), 10)
        connection.sendall(b"POST /certsrv/x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf")
        slow.append(connection)
    begin = time.monotonic()
    issued(service, web.post_csr(request_der(), service.double.token()))
    assert time.monotonic() - begin < 5
    for connection in slow:
        connection.sendall(b" more")
        assert connection.recv(100).startswith(b"HTTP/1.1 501 ")
        connection.close()


# sizes


@pytest.mark.parametrize("more,most", [(0, 12_500), (2_600, 16_384)])
@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_a_long_token_gets_through(service, web, more, most, version):
    guids = [f"{i:08x}-7f5e-4a57-9c7b-0d6f4f1f9f10" for i in range(215)]
    token = service.double.token(claims={"groups": guids, "acrs": "c" * more})
    assert most * 0.9 < len(token) <= most
    issued(service, web.post_csr(request_der(), token, version))


def test_headers_of_more_than_8_kb_are_taken_and_of_more_than_32_kb_refused(service, web):
    def with_header(size):
        header = web.write("long", "X-Filler: " + "a" * size + "\n")
        return web.post_csr(request_der(), service.double.token(), "--http1.1", "-H", f"@{header}")

    issued(service, with_header(9_000))
    issued(service, with_header(24_000))
    assert with_header(40_000).status == 431


@pytest.mark.parametrize("header", ["X-A: b", "Transfer-Encoding: chunked"])
def test_a_body_over_the_limit_is_413(service, web, header):
    before = rows(service)
    over = request_der().ljust(MAX_BODY + 1, b"\0")
    token = service.double.token()
    answer = web.post_csr(over, token, "--http1.1", "-H", header)
    assert (answer.status, answer.code()) == (413, 4006), answer
    # The near miss is read, and refused for what it holds.
    answer = web.post_csr(over[:MAX_BODY], token, "--http1.1", "-H", header)
    assert (answer.status, answer.code()) == (400, 4002), answer
    # What lighttpd itself will not buffer is its own 413.
    answer = web.post_csr(bytes(2_000_000), token, "--http1.1", "-H", header, "-H", "Expect:")
    assert answer.status == 413, answer
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


def test_over_plain_http_no_token_is_taken(service, web):
    before = rows(service)
    token = service.double.token()
    for path in ("/api/csr", "/api/csr/"):
        header = web.write("plain", f"Authorization: Bearer {token}\n")
        answer = web.get(path, "-H", f"@{header}", base=web.http, body=request_der())
        assert (answer.status, answer.code()) == (403, 4033), answer
    assert rows(service) == before


SPOOFED = [
    "X-Forwarded-Proto: https",
    "X_Forwarded_Proto: https",
    "X-Forwarded-Ssl: on",
    "Front-End-Https: on",
    "Forwarded: proto=https;for=192.0.2.1",
    "HTTPS: on",
    "Request-Scheme: https",
]


@pytest.mark.parametrize("header", SPOOFED)
def test_a_header_does_not_make_plain_http_tls(service, web, header):
    answer = web.post_csr(request_der(), service.double.token(), "-H", header, base=web.http)
    assert (answer.status, answer.code()) == (403, 4033), answer


def test_a_header_does_not_change_the_client_s_address(service, web):
    headers = ["-H", "X-Forwarded-For: 192.0.2.1", "-H", "Forwarded: for=192.0.2.1"]
    issued(service, web.post_csr(request_der(), service.double.token(), *headers))


def test_a_client_certificate_is_no_token(service, web, client):
    answer = web.post_csr(request_der(), "", *client)
    assert (answer.status, answer.code()) == (401, 4010), answer
    issued(service, web.post_csr(request_der(), service.double.token(), *client))


def spoofing(client):
    """Headers that claim this client certificate, in every spelling."""
    with open(client[1], encoding="ascii") as file:
        pem = file.read().replace("\n", " ")
    headers = []
    for name, value in (("SSL-CLIENT-CERT", pem), ("SSL-CLIENT-VERIFY", "SUCCESS")):
        for spelling in (name, name.replace("-", "_"), f"X-{name}"):
            headers += ["-H", f"{spelling}: {value}"]
    return headers


@pytest.mark.parametrize("where", ["https", "http"])
def test_a_client_certificate_in_a_header_is_nothing(service, web, client, where):
    base = getattr(web, where)
    answer = web.post_csr(request_der(), "", *spoofing(client), base=base)
    wanted = (401, 4010) if where == "https" else (403, 4033)
    assert (answer.status, answer.code()) == wanted, answer


# what reaches the program


@pytest.fixture(scope="module", name="echo")
def fixture_echo(service, double):
    """The same sample in front of a program that shows its parameters."""
    folder = process.short_folder("cwecho")
    application = fcgi.Echo(os.path.join(folder, "sock"))
    server = lighttpd.Lighttpd(os.path.join(folder, "sock"), double, service.ca_pem()).start()
    yield server
    server.stop()
    application.stop()


def parameters(echo, *words, **options):
    answer = echo.get("/a//b%20c?d=e", *words, **options)
    pairs, size = answer.json()
    names = [name for name, _ in pairs if not name.startswith("HTTP_")]
    assert len(names) == len(set(names))
    return dict(pairs), size


def test_a_client_certificate_arrives_as_parameters(echo, client):
    params, size = parameters(echo, *client, body=b"12345")
    assert size == 5 and params["CONTENT_LENGTH"] == "5"
    assert params["HTTPS"] == "on" and params["SSL_CLIENT_VERIFY"] == "SUCCESS"
    with open(client[1], encoding="ascii") as file:
        assert params["SSL_CLIENT_CERT"].split() == file.read().split()
    assert params["REQUEST_URI"] == "/a//b%20c?d=e" and params["QUERY_STRING"] == "d=e"


def test_no_client_certificate_is_told_as_none(echo):
    params, _ = parameters(echo)
    assert params["HTTPS"] == "on" and params["SSL_CLIENT_VERIFY"] == "NONE"
    assert not params.get("SSL_CLIENT_CERT")
    params, _ = parameters(echo, base=echo.http)
    assert not [name for name in params if name == "HTTPS" or name.startswith("SSL_")]


def test_a_certificate_of_another_ca_is_not_success(echo):
    key = csr.new_key("p256")
    other = identity_double.certificate("device-1", "Other CA", key, csr.key(), [], 1)
    params, _ = parameters(echo, *client_files(echo, "other", other, key))
    assert params["SSL_CLIENT_VERIFY"].startswith("FAILED")
    assert not params.get("SSL_CLIENT_CERT")


@pytest.mark.parametrize("where", ["https", "http"])
def test_a_spoofed_header_stays_a_header(echo, client, where):
    spoofed = spoofing(client) + ["-H", "X-Forwarded-Proto: https", "-H", "HTTPS: on"]
    params, _ = parameters(echo, *spoofed, base=getattr(echo, where))
    assert params["HTTP_X_SSL_CLIENT_CERT"]
    assert "SSL_CLIENT_CERT" not in params
    if where == "https":
        assert params["SSL_CLIENT_VERIFY"] == "NONE"
    else:
        assert "HTTPS" not in params and "SSL_CLIENT_VERIFY" not in params


# other paths and methods


@pytest.mark.parametrize("where", ["https", "http"])
def test_probe_and_ca_answer_on_both_ports(service, web, where):
    base = getattr(web, where)
    probe = web.get("/probe", base=base)
    assert probe.status == 200 and probe.json() == {"status": "ok", "failed": []}
    wanted = x509.load_pem_x509_certificate(service.ca_pem().encode())
    for path in ("/ca", "/ca/demo-1"):
        answer = web.get(path, base=base)
        assert answer.status == 200 and answer.headers["content-type"] == "application/pkix-cert"
        assert x509.load_der_x509_certificate(answer.body) == wanted
    assert web.get("/ca/demo-2", base=base).status == 404


@pytest.mark.parametrize("path", ["/ca", "/ca/demo-1", "/probe"])
def test_head_is_get_without_the_body(web, path):
    full, head = web.get(path), web.get(path, "--http2", "--head")
    assert head.status == 200
    assert int(head.headers["content-length"]) == len(full.body)
    assert head.headers["content-type"] == full.headers["content-type"]
    # A stray body would be taken for the next answer of the same connection.
    connection = http.client.HTTPConnection("127.0.0.1", web.http_port, timeout=10)
    for method, size in (("HEAD", 0), ("GET", len(full.body)), ("HEAD", 0)):
        connection.request(method, path)
        answer = connection.getresponse()
        assert (answer.status, len(answer.read())) == (200, size)
    connection.close()


def test_other_paths_and_methods(web):
    for path in ("/", "/nothing", "/api/csr/x", "/index.html", "/lighttpd.conf", "/tls.pem"):
        answer = web.get(path)
        assert (answer.status, answer.code()) == (404, 4041), (path, answer)
    answer = web.get("/api/csr")
    assert (answer.status, answer.code(), answer.headers["allow"]) == (405, 4050, "POST"), answer
    answer = web.get("/ca", "-X", "DELETE")
    assert (answer.status, answer.code()) == (405, 4050), answer
    for path in ("/ocsp/abcd", "/crl/demo-1.crl", "/.well-known/est/cacerts"):
        assert web.get(path).status == 501
    assert web.get("/api/csr/../../etc/passwd", "--path-as-is").status in (400, 404)


def test_tls_older_than_1_2_is_refused(web):
    web.get("/probe", "--tls-max", "1.2")
    with pytest.raises(lighttpd.CurlFailed):
        web.get("/probe", "--tlsv1.0", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0")


# restarts and failures


class Load:
    """Clients that enroll one certificate after another, each on a new connection."""

    def __init__(self, web, service, clients=4):
        self.web, self.body, self.headers = web, request_der(), service.double.bearer()
        self.context = ssl.create_default_context(cafile=web.ca_bundle)
        self.good, self.bad, self.ending = 0, [], False
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(clients)]

    def once(self):
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.web.https_port, timeout=40, context=self.context
        )
        try:
            connection.request("POST", "/api/csr", self.body, self.headers)
            answer = connection.getresponse()
            body = answer.read()
            return None if answer.status == 200 and body[:1] == b"\x30" else (answer.status, body)
        except (OSError, http.client.HTTPException) as error:
            return repr(error)
        finally:
            connection.close()

    def run(self):
        while not self.ending:
            fault = self.once()
            with self.lock:
                if fault:
                    self.bad.append(fault)
                else:
                    self.good += 1

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        self.more()
        return self

    def more(self, count=20):
        """Waits until this many more were enrolled."""
        wanted = self.good + count
        process.wait_until(lambda: self.bad or self.good >= wanted, 40, f"{count} certificates")

    def __exit__(self, *_):
        self.ending = True
        for thread in self.threads:
            thread.join(60)


@pytest.mark.parametrize("what", ["certwright SIGHUP", "lighttpd SIGHUP", "lighttpd SIGUSR1"])
def test_a_graceful_restart_loses_no_request(service, web, what):
    before = rows(service)
    workers = set(service.workers())
    name, number = what.split()
    target = service if name == "certwright" else web
    with Load(web, service) as load:
        for _ in range(3):
            target.process.send(getattr(signal, number))
            time.sleep(0.3)
            load.more()
    assert load.bad == []
    assert rows(service) == before + load.good
    assert service.process.alive() and web.process.alive()
    if name == "certwright":
        process.wait_until(lambda: not workers & set(service.workers()), 10, "new workers")


def test_without_the_program_it_is_503_and_then_well_again(service, web):
    service.stop()
    begin = time.monotonic()
    assert web.post_csr(request_der(), service.double.token()).status == 503
    assert web.get("/probe", base=web.http).status == 503
    assert time.monotonic() - begin < 10
    service.start(**START)
    process.wait_until(lambda: web.get("/probe").status == 200, 10, "the program is found again")
    issued(service, web.post_csr(request_der(), service.double.token()))


def test_a_dead_worker_is_not_seen_from_outside(service, web):
    with Load(web, service, clients=2) as load:
        os.kill(service.workers()[0], signal.SIGTERM)
        load.more()
    assert load.bad == []


def test_stopping_under_load_loses_no_certificate(service, web):
    """
    Whoever a worker has begun to serve gets the certificate; who still waits in the socket's queue
    is told 500 by lighttpd, who comes later 503; and no row is there that nobody got.
    """
    before = rows(service)
    with Load(web, service) as load:
        assert service.stop() == 0
        load.ending = True
    assert {fault[0] for fault in load.bad} <= {500, 503}, load.bad
    assert rows(service) == before + load.good
    service.start(**START)
    process.wait_until(lambda: web.get("/probe").status == 200, 10, "the program is found again")
