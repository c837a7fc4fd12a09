"""lighttpd with the sample of deploy/lighttpd, certwright behind spawn-fcgi, curl in front."""

import collections
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
from cryptography.hazmat.primitives import hashes, serialization
from harness import csr, fcgi, lighttpd, process, tls, webserver
from harness.double import identity_double
from harness.load import Load
from harness.public import PublicWorkers
from harness.service import Service, name_of, timed

START = {"how": "spawn-fcgi"}
MAX_BODY = 65536
SETTINGS = {"Server": {"MaxBodyBytes": MAX_BODY, "Workers": 3}}
PORTS = ("https", "public", "http")
# Far above what any of these requests takes, far below what a lack of workers would make it wait.
SOON = 20


@pytest.fixture(scope="module", name="public")
def fixture_public(service):
    """The workers of the ports that never ask for a client certificate."""
    pool = PublicWorkers(service).start(**START)
    yield pool
    pool.stop()
    pool.check_health()


@pytest.fixture(scope="module", name="web")
def fixture_web(service, public, double):
    server = lighttpd.Lighttpd(service.socket, double, service.ca_pem(), public_socket=public.socket)
    yield server.start()
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


def refused_while_sent(web, body, token, *words):
    """lighttpd answers and closes at once, which curl may notice by its sending alone: again then."""
    for _ in range(9):
        try:
            return web.post_csr(body, token, *words, "-H", "Expect:")
        except webserver.CurlFailed as failed:
            assert "curl 55" in str(failed), failed
    return web.post_csr(body, token, *words, "-H", "Expect:")


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
    answer = refused_while_sent(web, bytes(2_000_000), token, "--http1.1", "-H", header)
    assert answer.status == 413, answer
    assert rows(service) == before


# credentials, and what only looks like them


def test_waits_nest():
    """lighttpd waits longer for the program than this allows itself by default, which is 30 s."""
    with open(os.path.join(lighttpd.SAMPLES, "certwright.conf"), encoding="utf-8") as file:
        found = re.findall(r'^\t?"?([a-z.-]+(?:-timeout|-idle))"? =>? (\d+)', file.read(), re.M)
    waits = {name: int(seconds) for name, seconds in found}
    assert waits.pop("connect-timeout") == 3
    assert len(waits) == 4 and set(waits.values()) == {40}


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
        for spelling in (name, f"X-{name}", f"REDIRECT-{name}"):
            headers += ["-H", f"{spelling}: {value}", "-H", f"{spelling.replace('-', '_')}: {value}"]
    return headers


@pytest.mark.parametrize("where", PORTS)
def test_a_client_certificate_in_a_header_is_nothing(service, web, client, where):
    before = rows(service)
    base = getattr(web, where)
    answer = web.post_csr(request_der(), "", *spoofing(client), base=base)
    wanted = (403, 4033) if where == "http" else (401, 4010)
    assert (answer.status, answer.code()) == wanted, answer
    assert rows(service) == before


# the handshake


def s_client(web, port, *words):
    """
    What `openssl s_client` says of one connection with two requests on it, and the names of the
    handshake messages that the server sent, from the beginning to the end.
    """
    ask = b"POST /ocsp HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n0"
    ask += b"GET /ca HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    argv = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", web.ca_bundle]
    done = subprocess.run(
        [*argv, "-msg", "-ign_eof", *words], input=ask, capture_output=True, check=False, timeout=20
    )
    text = done.stdout.decode("latin-1")
    assert text.count("HTTP/1.1 ") == 2, text + done.stderr.decode("latin-1")
    return text, re.findall(r"^<<< .*, Handshake .*, (\w+)$", text, re.M)


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_one_port_asks_for_a_client_certificate_and_the_other_never_does(web, client, version):
    for words in ((), client):
        text, messages = s_client(web, web.https_port, version, *words)
        assert messages.count("CertificateRequest") == 1 and messages.count("Finished") == 1
        assert "Acceptable client certificate CA names\nCN = Test CA demo\n" in text
        text, messages = s_client(web, web.public_port, version, *words)
        assert "CertificateRequest" not in messages and messages.count("Finished") == 1
        assert "HelloRequest" not in messages and "CN = Test CA demo" not in text


# what reaches the program


@pytest.fixture(scope="module", name="echo_socket")
def fixture_echo_socket():
    """Where a program shows its parameters."""
    path = os.path.join(process.short_folder("cwecho"), "sock")
    application = fcgi.Echo(path)
    yield path
    application.stop()


@pytest.fixture(scope="module", name="echo")
def fixture_echo(service, double, echo_socket):
    """The same sample in front of the program that shows its parameters."""
    server = lighttpd.Lighttpd(echo_socket, double, service.ca_pem()).start()
    yield server
    server.stop()


def signed_for(certificate, key, signer):
    """The CA certificate for another key."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(certificate.subject)
        .issuer_name(certificate.issuer)
        .public_key(key.public_key())
        .serial_number(certificate.serial_number)
        .not_valid_before(certificate.not_valid_before)
        .not_valid_after(certificate.not_valid_after)
        .add_extension(x509.BasicConstraints(True, None), True)
    )
    return builder.sign(signer, hashes.SHA256())


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


def test_where_none_is_asked_for_nothing_is_told(echo, client):
    params, _ = parameters(echo, *client, base=echo.public)
    assert params["HTTPS"] == "on" and not [name for name in params if "SSL_CLIENT" in name]
    params, _ = parameters(echo, *client, base=echo.http)
    assert not [name for name in params if name == "HTTPS" or "SSL_" in name]


def foreign_client(echo):
    """A certificate of another CA, as curl's options."""
    key = csr.new_key("p256")
    other = identity_double.certificate("device-1", "Other CA", key, csr.key(), [], 1)
    return client_files(echo, "other", other, key)


def test_a_certificate_of_another_ca_is_not_success(echo):
    params, _ = parameters(echo, *foreign_client(echo))
    assert params["SSL_CLIENT_VERIFY"].startswith("FAILED")
    assert not params.get("SSL_CLIENT_CERT")


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_a_resumed_session_proves_no_more_than_its_first_handshake(echo, client, version):
    """Both TLS ports take each other's sessions."""
    for first, words, verdict in (
        (echo.https_port, client, "SUCCESS"),
        (echo.https_port, foreign_client(echo), "FAILED:"),
        (echo.public_port, client, "NONE"),
    ):
        session = echo.path("session")
        text, _ = s_client(echo, first, version, *words, "-sess_out", session)
        assert "\nNew, TLS" in text
        text, _ = s_client(echo, echo.https_port, version, *words, "-sess_in", session)
        assert "\nReused, TLS" in text
        assert text.count(f'["SSL_CLIENT_VERIFY", "{verdict}') == 2
        assert text.count('["SSL_CLIENT_CERT", ') == 2 * (verdict == "SUCCESS")
        text, _ = s_client(echo, echo.public_port, version, *words, "-sess_in", session)
        assert "\nReused, TLS" in text and '["SSL_CLIENT' not in text


def test_under_an_outer_ca_its_certificate_is_needed_too(double, echo_socket):
    """Which is why the sample tells to export the client CAs with their chain."""
    root, issuing = csr.new_key(), csr.new_key()
    outer = tls.certificate("Outer CA", "Outer CA", root, None)
    ca = tls.certificate("Echo CA", "Outer CA", root, None)
    ca = signed_for(ca, issuing, root)
    leaf = tls.certificate("a", "Echo CA", issuing, [tls.CLIENT])
    for cas, verdict in (([ca, outer], "SUCCESS"), ([ca], "FAILED:")):
        server = lighttpd.Lighttpd(echo_socket, double, tls.pem(cas)).start()
        try:
            params, _ = parameters(server, *tls.curl_words(server, "leaf", [leaf]))
        finally:
            server.stop()
        assert params["SSL_CLIENT_VERIFY"].startswith(verdict), params["SSL_CLIENT_VERIFY"]


@pytest.mark.parametrize("where", PORTS)
def test_a_spoofed_header_becomes_no_parameter(echo, client, where):
    spoofed = spoofing(client) + ["-H", "X-Forwarded-Proto: https", "-H", "HTTPS: on", "-H", "X-A: b"]
    params, _ = parameters(echo, *spoofed, base=getattr(echo, where))
    assert params["HTTP_X_A"] == "b" and params["HTTP_HTTPS"] == "on"
    suspects = {name for name in params if "SSL_CLIENT" in name}
    # What no program looks at stays; all others are gone, and none is a variable of its own.
    suspects -= {"HTTP_REDIRECT_SSL_CLIENT_CERT", "HTTP_REDIRECT_SSL_CLIENT_VERIFY"}
    assert suspects == ({"SSL_CLIENT_VERIFY"} if where == "https" else set())
    assert params.get("SSL_CLIENT_VERIFY") == ("NONE" if where == "https" else None)
    assert params.get("HTTPS") == (None if where == "http" else "on")


@pytest.mark.parametrize("name", ["For", "Proto"])
def test_a_proxy_s_header_cannot_be_outvoted_by_another_spelling(echo, name):
    """The proxy replaces what it knows, which is the first one; lighttpd would give all one name."""
    spellings = [f"X{a}Forwarded{b}{name}" for a in "-_" for b in "-_"]
    spoofed = [word for i, header in enumerate(spellings) for word in ("-H", f"{header}: {i}")]
    for order in (spoofed, spoofed[2:] + spoofed[:2]):
        answer = echo.get("/a", "--http1.1", *order, base=echo.http)
        found = [value for known, value in answer.json()[0] if "FORWARDED" in known]
        assert found == ["0"], answer


# other paths and methods


@pytest.mark.parametrize("where", PORTS)
def test_probe_and_ca_answer_on_every_port(service, web, where):
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
    assert web.get("/ocsp/abcd").headers["content-type"] == "application/ocsp-response"
    assert web.get("/crl/demo-2.crl").code() == 4041
    assert web.get("/api/csr/../../etc/passwd", "--path-as-is").status in (400, 404)


@pytest.mark.parametrize("where", ["https", "public"])
def test_tls_older_than_1_2_is_refused(web, where):
    base = getattr(web, where)
    web.get("/probe", "--tls-max", "1.2", base=base)
    with pytest.raises(webserver.CurlFailed):
        web.get("/probe", "--tlsv1.0", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0", base=base)


# neither side starves the other


class SlowClients:
    """
    Eight OCSP clients on the public TLS port and as many on plain HTTP that do not get their request
    finished: within its header or its body they fall silent, or send one byte now and then.
    """

    REQUEST = b"POST /ocsp HTTP/1.1\r\nHost: a\r\nContent-Length: 400\r\n\r\n" + bytes(400)

    def __init__(self, web):
        context = ssl.create_default_context(cafile=web.ca_bundle)
        self.left, self.ending, self.lock = {}, threading.Event(), threading.Lock()
        for i in range(8):
            for port in (web.public_port, web.http_port):
                connection = socket.create_connection(("127.0.0.1", port), 30)
                if port == web.public_port:
                    connection = context.wrap_socket(connection, server_hostname="127.0.0.1")
                self.left[connection] = self.REQUEST
                self.send(connection, (30, 100)[i % 2])
        self.steady = list(self.left)[8:]
        self.thread = threading.Thread(target=self.drip, daemon=True)
        self.thread.start()

    def send(self, connection, count):
        connection.sendall(self.left[connection][:count])
        self.left[connection] = self.left[connection][count:]

    def drip(self):
        while not self.ending.wait(0.1):
            for connection in self.steady:
                self.send(connection, 1)

    def finish(self):
        """Sends the rest; the first lines of the answers."""
        self.ending.set()
        self.thread.join(30)
        answers = []
        for connection, rest in self.left.items():
            assert len(rest) > 1
            self.send(connection, len(rest))
            answers.append(connection.recv(100).partition(b"\r\n")[0])
            connection.close()
        return answers


def test_slow_clients_hold_no_worker(service, web):
    """lighttpd hands on whole requests, so that more half-sent ones than workers leave these free."""
    slow = SlowClients(web)
    for _ in range(5):
        answer, seconds = timed(web.post_csr, request_der(), service.double.token())
        issued(service, answer)
        assert seconds < SOON
        for where in PORTS:
            answer, seconds = timed(web.get, "/ca", base=getattr(web, where))
            assert answer.status == 200 and seconds < SOON
    assert slow.finish() == [b"HTTP/1.1 200 OK"] * 16


def ask_and_wait(web, base):
    """Eight clients that ask and get no answer yet; a list to be of their statuses, and how to join."""
    statuses = []
    threads = [
        threading.Thread(target=lambda: statuses.append(web.get("/ocsp/abcd", base=base).status))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()

    def join():
        for thread in threads:
            thread.join(30)
        return statuses

    return statuses, join


@pytest.mark.parametrize("where", ["public", "http"])
def test_busy_public_workers_do_not_stop_enrollment(service, public, web, where):
    with process.paused(public.workers()):
        statuses, join = ask_and_wait(web, getattr(web, where))
        for _ in range(5):
            answer, seconds = timed(web.post_csr, request_der(), service.double.token())
            issued(service, answer)
            assert seconds < SOON
        assert statuses == []
    assert join() == [200] * 8


def test_busy_main_workers_do_not_stop_the_public_ports(service, web):
    with process.paused(service.workers()):
        statuses, join = ask_and_wait(web, web.https)
        for _ in range(5):
            for base in (web.public, web.http):
                answer, seconds = timed(web.get, "/ca", base=base)
                assert answer.status == 200 and seconds < SOON
        assert statuses == []
    assert join() == [200] * 8


def test_the_pools_are_processes_of_their_own(service, public, web):
    assert len(service.workers()) == 3 and len(public.workers()) == 2
    ids = {where: web.get("/ca", base=getattr(web, where)).headers["x-request-id"] for where in PORTS}
    for where in PORTS:
        mine, other = (service, public) if where == "https" else (public, service)
        assert mine.wait_log(req=ids[where]) and not other.log_lines(req=ids[where])


# restarts and failures


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
    assert load.faults() == [] and load.not_on_record(service) == []
    assert rows(service) == before + len(load.received)
    assert service.process.alive() and web.process.alive()
    if name == "certwright":
        process.wait_until(lambda: not workers & set(service.workers()), 10, "new workers")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopping_lighttpd_under_load_loses_no_certificate(service, web, number):
    """What was cut may be on record without having arrived, and can be asked again."""
    before = rows(service)
    with Load(web, service, clients=8) as load:
        web.process.send(number)
        web.process.wait(20)
        web.start()
        load.more()
    assert load.refused == [] and load.not_on_record(service) == []
    assert len(load.received) <= rows(service) - before <= len(load.received) + len(load.cut)
    assert load.ask_again() == []


def waiting_at(path):
    """How many connections to this Unix socket there are, accepted or not."""
    with open("/proc/net/unix", encoding="utf-8") as file:
        return sum(line.split()[7:] == [path] for line in file) - 1


class OneRequest(threading.Thread):
    """One request of a load's client; answer is what came of it."""

    def __init__(self, load, body):
        super().__init__(daemon=True)
        self.load, self.body, self.answer = load, body, None
        self.start()

    def run(self):
        try:
            self.answer = self.load.once(self.body)
        except (OSError, http.client.HTTPException) as error:
            self.answer = (None, repr(error))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_what_is_cut_off_is_on_record_and_can_be_asked_again(service, web, number):
    """SIGTERM cuts off; the graceful signals wait for what certwright is at."""
    before, load, body = rows(service), Load(web, service), request_der()
    with process.paused(service.workers()):
        under_way = OneRequest(load, body)
        process.wait_until(lambda: waiting_at(service.socket) == 1, 20, "the request at certwright")
        seen = len(web.errors())
        web.process.send(number)
        if number == signal.SIGTERM:
            web.process.wait(20)
            under_way.join(20)
            assert under_way.answer[0] is None, under_way.answer
        else:
            process.wait_until(lambda: "graceful" in web.errors()[seen:], 20, "the signal was read")
            assert web.process.alive() and under_way.answer is None
        assert rows(service) == before
    process.wait_until(lambda: rows(service) == before + 1, 20, "the request's row")
    under_way.join(20)
    if number != signal.SIGTERM:
        load.received.append(under_way.answer[1])
        assert under_way.answer[0] == 200 and load.not_on_record(service) == []
    if number == signal.SIGINT:
        web.process.wait(20)
    if not web.process.alive():
        web.start()
    assert load.once(body)[0] == 200
    assert rows(service) == before + 2


def test_without_the_program_it_is_503_and_then_well_again(service, public, web):
    service.stop()
    assert web.post_csr(request_der(), service.double.token()).status == 503
    assert web.get("/probe", base=web.public).status == 200
    service.start(**START)
    public.stop()
    for where in ("public", "http"):
        assert web.get("/probe", base=getattr(web, where)).status == 503
    process.wait_until(lambda: web.get("/probe").status == 200, 10, "the program is found again")
    issued(service, web.post_csr(request_der(), service.double.token()))
    public.start(**START)
    process.wait_until(lambda: web.get("/probe", base=web.http).status == 200, 10, "and the other")


def test_a_dead_worker_is_not_seen_from_outside(service, web):
    with Load(web, service, clients=2) as load:
        os.kill(service.workers()[0], signal.SIGTERM)
        load.more()
    assert load.faults() == []


def test_stopping_under_load_loses_no_certificate(service, web):
    """
    Whoever a worker has begun to serve gets the certificate; who still waits in the socket's queue
    is told 500 by lighttpd, who comes later 503; and no row is there that nobody got.
    """
    before = rows(service)
    with Load(web, service) as load:
        assert service.stop() == 0
        load.ending = True
    assert {status for status, _ in load.refused} <= {500, 503} and load.cut == [], load.faults()
    assert rows(service) == before + len(load.received) and load.not_on_record(service) == []
    service.start(**START)
    process.wait_until(lambda: web.get("/probe").status == 200, 10, "the program is found again")


# the sample's own example

# In a network of its own, where all addresses of the machine are the two of loopback.
ALL_ADDRESSES = """
import fcntl, socket, struct, subprocess, sys, time
up = struct.pack("16sh14x", b"lo", 1)
with socket.socket() as control:
    fcntl.ioctl(control, 0x8914, up)  # SIOCSIFFLAGS, IFF_UP
with subprocess.Popen(["lighttpd", "-D", "-f", sys.argv[1]]) as server:
    for port in sys.argv[2:]:
        for address in ("127.0.0.1", "::1"):
            for _ in range(200):
                try:
                    socket.create_connection((address, int(port)), 2).close()
                    print(address, port)
                    break
                except OSError:
                    time.sleep(0.02)
    server.terminate()
"""


def test_the_example_s_addresses_are_for_ipv4_and_ipv6(web):
    with open(web.conf, encoding="utf-8") as file:
        text = re.sub(r'(certwright_(?:public_)?tls = ")127\.0\.0\.1:', r"\1[::]:", file.read())
    argv = ["unshare", "--user", "--map-root-user", "--net", "/usr/bin/python3"]
    env = {**os.environ, "PATH": process.SEARCH_PATH}
    done = subprocess.run([*argv, "-c", ""], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no network of its own: {done.stderr.decode().strip()}")
    ports = [str(web.https_port), str(web.public_port)]
    done = subprocess.run(
        [*argv, "-c", ALL_ADDRESSES, web.write("all.conf", text), *ports],
        capture_output=True, text=True, check=False, timeout=60, env=env,
    )  # fmt: skip
    wanted = [f"{address} {port}" for port in ports for address in ("127.0.0.1", "::1")]
    assert done.stdout.splitlines() == wanted, done.stderr + web.errors()


# started by lighttpd itself, and the files where somebody else puts them


Pool = collections.namedtuple("Pool", "keeper master workers")


def pool(web, size):
    """The certwright with so many workers that this lighttpd has started, when it is complete."""

    def find():
        for keeper in process.children(web.process.pid):
            for master in process.children(keeper):
                workers = [pid for pid in process.children(master) if name_of(pid) == "cw-worker"]
                if len(workers) == size:
                    return Pool(keeper, master, workers)
        return None

    return process.wait_until(find, 20, f"a certwright with {size} workers")


MAIN, PUBLIC = 3, 2


@pytest.fixture(scope="module", name="sockets")
def fixture_sockets():
    """The folder where lighttpd makes its sockets."""
    return process.short_folder("cwrun")


@pytest.fixture(scope="module", name="files")
def fixture_files(mariadb, double):
    """A certwright that is not started: its settings, its CA and its database."""
    made = Service(mariadb, double, SETTINGS)
    try:
        yield made.make()
    finally:
        made.destroy()


@pytest.fixture(scope="module", name="starter")
def fixture_starter(files, double, sockets):
    """lighttpd with bin-path.conf."""
    command = f"{process.certwright()} serve --config {files.config}"
    server = lighttpd.Lighttpd(
        f"{sockets}/main", double, files.ca_pem(), public_socket=f"{sockets}/public", command=command
    )
    yield server.start()
    server.stop()


def test_lighttpd_starts_both_pools_itself(files, starter, sockets):
    issued(files, starter.post_csr(request_der(), files.double.token()))
    main, public = pool(starter, MAIN), pool(starter, PUBLIC)
    assert main.master != public.master
    with process.paused(main.workers):
        for base in (starter.public, starter.http):
            assert starter.get("/ca", base=base, timeout=SOON).status == 200
    with process.paused(public.workers):
        issued(files, starter.post_csr(request_der(), files.double.token()))
    assert sorted(os.listdir(sockets)) == ["main-0", "public-0"]


@pytest.mark.parametrize("size,where", [(MAIN, "https"), (PUBLIC, "public"), (PUBLIC, "http")])
@pytest.mark.parametrize("what", ["master", "worker"])
def test_a_killed_certwright_is_replaced(files, starter, what, size, where):
    """More than once; and a killed master is not even noticed, since its socket stays."""
    for _ in range(2):
        before = pool(starter, size)
        with Load(starter, files, clients=2) as load:
            os.kill(before.master if what == "master" else before.workers[0], signal.SIGKILL)
            if what == "master":
                process.wait_until(lambda b=before: pool(starter, size).master != b.master, 20, "another")
            assert starter.get("/ca", base=getattr(starter, where), timeout=20).status == 200
            load.more()
        after = pool(starter, size)
        assert after.keeper == before.keeper and (after.master == before.master) == (what == "worker")
        assert load.not_on_record(files) == [] and load.cut == []
        # A killed worker takes its request along.
        assert {status for status, _ in load.refused} <= ({500} if what == "worker" else set())


def test_a_reload_starts_both_pools_anew(files, starter):
    before = {pool(starter, size).master for size in (MAIN, PUBLIC)}
    with Load(starter, files) as load:
        starter.reload()
        process.wait_until(lambda: not before & set(process.processes()), 20, "the end of the old ones")
        load.more()
    assert load.faults() == [] and load.not_on_record(files) == []
    assert not before & {pool(starter, size).master for size in (MAIN, PUBLIC)}
    assert starter.get("/ca", base=starter.public).status == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopping_lighttpd_ends_what_it_has_started(files, starter, sockets, number):
    for size in (MAIN, PUBLIC):
        pool(starter, size)
    with Load(starter, files, clients=8) as load:
        starter.process.send(number)
        starter.process.wait(20)
        process.wait_until(lambda: starter.process.group() == [], 20, "no process is left")
        assert os.listdir(sockets) == []
        starter.start()
        load.more()
    assert load.refused == [] and load.not_on_record(files) == [] and load.ask_again() == []


def test_what_certwright_ends_for_by_itself_ends_the_keeper_too(files):
    """With the same status, so that lighttpd's log tells it; and no loop starts it again and again."""
    bad = files.path("bad.conf")
    with open(bad, "w", encoding="ascii") as file:
        file.write("Frob = 1\n")
    keeper = ["/bin/sh", os.path.join(lighttpd.SAMPLES, "bin-path.sh")]
    words = [process.certwright(), "serve", "--config", bad]
    done = subprocess.run([*keeper, *words], capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 78 and done.stderr.count("Frob") == 1, done.stderr


@pytest.mark.parametrize("more", [(), ("bin-path.conf",)], ids=["socket", "bin-path"])
def test_the_samples_fit_behind_debian_s_own_settings(web, more):
    """Copied and included as they say, at the end of the package's lighttpd.conf."""
    folder = process.short_folder("cwconf")
    lines = ['include "/etc/lighttpd/lighttpd.conf"']
    with open(web.conf, encoding="utf-8") as file:
        lines += [line for line in file.read().splitlines() if line.startswith("var.certwright_")]
    lines += ['var.certwright_command = "/bin/true"', 'var.certwright_keeper = "/bin/true"']
    for name in (*more, "certwright.conf"):
        shutil.copy(os.path.join(lighttpd.SAMPLES, name), os.path.join(folder, f"lighttpd-{name}"))
        lines.append(f'include "{folder}/lighttpd-{name}"')
    conf = web.write("debian.conf", "\n".join(lines) + "\n")
    done = subprocess.run(
        ["lighttpd", "-tt", "-f", conf], capture_output=True, text=True, check=False,
        env={**os.environ, "PATH": process.SEARCH_PATH},
    )  # fmt: skip
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
