"""nginx with the sample of deploy/nginx, two certwrights behind it, curl in front."""

import hashlib
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import urllib.parse

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from harness import csr, fcgi, load, nginx, process, public, tls, webserver

MAX_BODY = 65536
NGINX_MAX_BODY = 2 << 20
VERDICT = "FAILED:unsuitable certificate purpose"
SETTINGS = {
    "Server": {
        "MaxBodyBytes": MAX_BODY,
        "Workers": 2,
        "AcceptVerifyResults": VERDICT,
    },
    "DbCSRValidation": {"AllowRenewals": "true", "ReenrollmentAllowedCertificateTypes": "Static"},
}
VERSIONS = {"--http1.1": "HTTP/1.1", "--http2": "HTTP/2"}
PORTS = ("https", "public", "http")


@pytest.fixture(scope="module", name="others")
def fixture_others(service):
    """The workers of the ports that never ask."""
    workers = public.PublicWorkers(service).start()
    yield workers
    workers.stop()
    workers.check_health()


@pytest.fixture(scope="module", name="web")
def fixture_web(service, others, double):
    server = nginx.Nginx(service.socket, double, service.ca_pem(), public_socket=others.socket).start()
    yield server
    server.stop()


def request_der():
    return csr.make("device-1", csr.dns("device-1.example.com"))


def issued(service, answer):
    """The certificate of a success; its row is there and says where the request came from."""
    assert answer.status == 200, answer
    assert answer.headers["content-type"] == "application/pkix-cert"
    assert len(answer.headers["x-request-id"]) == 32
    where = f"fingerprint = UNHEX('{load.fingerprint(answer.body)}')"
    assert service.sql(f"SELECT remote_address FROM certificate WHERE {where}") == [("127.0.0.1",)]
    return x509.load_der_x509_certificate(answer.body)


def rows(service):
    return int(service.value("SELECT COUNT(*) FROM certificate"))


def test_nginx_takes_the_sample_without_a_warning(web):
    done = subprocess.run(["nginx", "-t", *web.argv()[1:]], capture_output=True, text=True, check=True)
    assert "[warn]" not in done.stderr + web.errors(), done.stderr


# enrolling


def body_forms():
    der = request_der()
    pem = csr.pem(der)
    base64 = b"".join(pem.splitlines()[1:-1])
    return {
        "der": der,
        "pem": pem,
        "pem with CRLF": pem.replace(b"\n", b"\r\n"),
        "pem without newlines": pem.replace(b"\n", b""),
        "base64 on one line": base64,
        "base64 wrapped": b"\r\n".join(base64[i : i + 76] for i in range(0, len(base64), 76)),
    }


@pytest.mark.parametrize("form", list(body_forms()))
@pytest.mark.parametrize("version", VERSIONS)
def test_each_body_form_is_issued(service, web, form, version):
    answer = web.post_csr(body_forms()[form], service.double.token(), version)
    assert answer.version == VERSIONS[version]
    assert issued(service, answer).subject.rfc4514_string() == "CN=device-1"


@pytest.mark.parametrize(
    "header",
    ["Transfer-Encoding: chunked", "Expect: 100-continue", "Content-Type:", "Connection: close"],
)
def test_how_the_body_is_sent_does_not_matter(service, web, header):
    issued(service, web.post_csr(request_der(), service.double.token(), "--http1.1", "-H", header))


@pytest.mark.parametrize("path", ["/api/csr/", "//api/csr", "//api/csr/", "///api/csr"])
def test_slashes_too_many_do_not_matter(service, web, path):
    issued(service, web.post_csr(request_der(), service.double.token(), "--path-as-is", path=path))


@pytest.mark.parametrize("path", ["//.well-known/est/simpleenroll", "//ocsp", "/ocsp/MEUw//a%2Fb%2Bc%3D"])
def test_est_and_ocsp_are_found_behind_slashes_too(web, path):
    answer = web.get(path, "--path-as-is", "-H", "Content-Type: application/pkcs10", body=request_der())
    assert answer.status != 404 and answer.code() != 4041, answer


# sizes


@pytest.mark.parametrize("more,most", [(0, 12_500), (2_600, 16_384)])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_long_token_gets_through(service, web, more, most, version):
    guids = [f"{i:08x}-7f5e-4a57-9c7b-0d6f4f1f9f10" for i in range(215)]
    token = service.double.token(claims={"groups": guids, "acrs": "c" * more})
    assert most * 0.9 < len(token) <= most
    issued(service, web.post_csr(request_der(), token, version))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_header_of_more_than_8_kb_is_taken_and_of_more_than_24_kb_refused(service, web, version):
    def with_header(size):
        header = web.write("long", "X-Filler: " + "a" * size + "\n")
        return web.post_csr(request_der(), service.double.token(), version, "-H", f"@{header}")

    before = rows(service)
    issued(service, with_header(9_000))
    issued(service, with_header(24_000))
    try:
        assert with_header(40_000).status == 400
    except webserver.CurlFailed:
        assert version == "--http2"
    assert rows(service) == before + 2


def test_the_most_that_nginx_takes_as_header_reaches_the_program(service, web):
    """Beyond 64 kB of parameters nginx fails with a 500: header and client certificate stay below."""
    client = tls.curl_words(web, "long", tls.forgeries(service.ca_pem())["foreign"])

    def with_headers(count):
        files = [web.write(f"long{i}", f"X-Filler-{i}: " + "a" * 24_200 + "\n") for i in range(count)]
        words = [word for file in files for word in ("-H", f"@{file}")]
        return web.post_csr(request_der(), "", *client, *words, "--http1.1")

    answer = with_headers(2)
    assert (answer.status, answer.code()) == (401, 4010), answer
    assert with_headers(3).status == 400


def test_waits_nest():
    """What nginx waits for the program is above what the program allows itself by default, 30 s."""
    with open(os.path.join(nginx.SAMPLES, "certwright-fastcgi.conf"), encoding="utf-8") as file:
        waits = dict(re.findall(r"^(\w+_timeout) (\d+)s;$", file.read(), re.M))
    assert waits.pop("fastcgi_connect_timeout") == "3"
    assert set(waits) >= {"fastcgi_read_timeout", "fastcgi_send_timeout"} and set(waits.values()) == {"40"}


@pytest.mark.parametrize("header", ["X-A: b", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("kind", ["none", "self-signed"])
def test_a_body_over_the_limit_is_413(service, web, header, kind):
    """With a client certificate that OpenSSL refused, too: such requests take another way."""
    before = rows(service)
    client = [] if kind == "none" else tls.curl_words(web, kind, tls.forgeries(service.ca_pem())[kind])
    over = request_der().ljust(MAX_BODY + 1, b"\0")

    def post(body):
        return web.post_csr(body, service.double.token(), *client, "--http1.1", "-H", header, "-H", "Expect:")

    answer = post(over)
    assert (answer.status, answer.code()) == (413, 4006), answer
    # The near miss is read, and refused for what it holds.
    answer = post(over[:MAX_BODY])
    assert (answer.status, answer.code()) == (400, 4002), answer
    # What nginx itself will not take is its own 413.
    answer = post(bytes(NGINX_MAX_BODY + 1))
    assert (answer.status, answer.code()) == (413, None), answer
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


SPOOFED = [
    "X-A: b",
    "X-Forwarded-Proto: https",
    "X_Forwarded_Proto: https",
    "X-Forwarded-Ssl: on",
    "Front-End-Https: on",
    "Forwarded: proto=https;for=192.0.2.1",
    "HTTPS: on",
    "Request-Scheme: https",
]


@pytest.mark.parametrize("header", SPOOFED)
@pytest.mark.parametrize("path", ["/api/csr", "/api/csr/"])
def test_over_plain_http_no_token_is_taken_whatever_headers_say(service, web, header, path):
    before = rows(service)
    token = service.double.token()
    answer = web.post_csr(request_der(), token, "-H", header, base=web.http, path=path)
    assert (answer.status, answer.code()) == (403, 4033), answer
    assert rows(service) == before


def test_a_header_does_not_change_the_client_s_address(service, web):
    headers = ["-H", "X-Forwarded-For: 192.0.2.1", "-H", "Forwarded: for=192.0.2.1"]
    issued(service, web.post_csr(request_der(), service.double.token(), *headers))


def spoofing(pem):
    """Headers that claim this client certificate, in every spelling and in nginx's own form."""
    headers = []
    for value in (pem.replace("\n", " "), urllib.parse.quote(pem, safe="")):
        for name, text in (("SSL-CLIENT-CERT", value), ("SSL-CLIENT-VERIFY", "SUCCESS")):
            for spelling in (name, name.replace("-", "_"), f"X-{name}", f"X-{name}".replace("-", "_")):
                headers += ["-H", f"{spelling}: {text}"]
    return headers


@pytest.mark.parametrize("where", PORTS)
def test_a_client_certificate_in_a_header_is_nothing(service, web, where):
    wanted = (403, 4033) if where == "http" else (401, 4010)
    mine = service.post_csr(request_der()).body
    pem = x509.load_der_x509_certificate(mine).public_bytes(serialization.Encoding.PEM).decode()
    answer = web.post_csr(request_der(), "", *spoofing(pem), base=getattr(web, where))
    assert (answer.status, answer.code()) == wanted, answer


# the handshake


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_one_port_asks_for_a_certificate_and_the_other_never_does(web, version):
    asking, silent = (tls.handshake(port, version) for port in (web.https_port, web.public_port))
    assert "CertificateRequest" in asking and "CN = Test CA demo" in asking
    assert "CertificateRequest" not in silent and "CN = Test CA demo" not in silent


@pytest.mark.parametrize("where", ["https", "public"])
def test_tls_older_than_1_2_is_refused(web, where):
    base = getattr(web, where)
    web.get("/probe", "--tls-max", "1.2", base=base)
    with pytest.raises(webserver.CurlFailed):
        web.get("/probe", "--tlsv1.0", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0", base=base)


# what reaches the program


@pytest.fixture(scope="module", name="ours")
def fixture_ours():
    """A CA of which the tests have the key: (its PEM, chains by kind)."""
    return tls.all_kinds()


@pytest.fixture(scope="module", name="echo_socket")
def fixture_echo_socket():
    """Where a program shows its parameters."""
    path = os.path.join(process.short_folder("cwecho"), "sock")
    application = fcgi.Echo(path)
    yield path
    application.stop()


@pytest.fixture(scope="module", name="echo")
def fixture_echo(double, echo_socket, ours):
    """The same sample in front of the program that shows its parameters."""
    server = nginx.Nginx(echo_socket, double, ours[0]).start()
    yield server
    server.stop()


def shown(answer):
    pairs, size = answer.json()
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names))
    return dict(pairs), size


HOW_SENT = [("--http1.1",), ("--http2",), ("--http1.1", "-H", "Transfer-Encoding: chunked"),
            ("--http1.1", "-H", "Expect: 100-continue")]  # fmt: skip


@pytest.mark.parametrize("how", HOW_SENT, ids=lambda how: how[-1])
@pytest.mark.parametrize("kind", tls.VERDICTS)
def test_what_the_program_is_given_for_a_client_certificate(echo, ours, kind, how):
    """Whatever OpenSSL thinks of it: method, path, body and certificate arrive, the status returns."""
    chain, body = ours[1][kind], os.urandom(50_000)
    answer = echo.get(
        "//a/b%20c%2Fd?status=403&e=f", "--path-as-is", *how, *tls.curl_words(echo, kind, chain), body=body
    )
    assert answer.status == 403 and answer.headers["x-body"] == hashlib.sha256(body).hexdigest()
    params, size = shown(answer)
    assert size == len(body) and params["CONTENT_LENGTH"] == str(len(body))
    assert params["REQUEST_METHOD"] == "POST" and params["HTTPS"] == "on"
    assert params["REQUEST_URI"] == "//a/b%20c%2Fd?status=403&e=f"
    assert params["QUERY_STRING"] == "status=403&e=f"
    assert params["SSL_CLIENT_VERIFY"] == tls.VERDICTS[kind]
    # The leaf alone, PEM with its final newline, and nothing that a header could not hold.
    assert re.fullmatch(r"[A-Za-z0-9%_.~-]+", params["SSL_CLIENT_CERT"])
    assert urllib.parse.unquote(params["SSL_CLIENT_CERT"]) == tls.pem(chain[:1])


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "PATCH"])
def test_a_refused_certificate_does_not_change_the_method(echo, ours, method):
    words = ["--head"] if method == "HEAD" else ["-X", method]
    answer = echo.get("/a?status=404", *words, *tls.curl_words(echo, "server", ours[1]["server"]))
    assert answer.status == 404 and answer.headers["x-body"] == hashlib.sha256(b"").hexdigest()
    if method != "HEAD":
        assert shown(answer)[0]["REQUEST_METHOD"] == method


@pytest.mark.parametrize("kind", ["good", "self-signed", "server"])
@pytest.mark.parametrize("version", VERSIONS)
def test_nginx_s_limit_on_bodies_holds_for_refused_certificates_too(echo, ours, kind, version):
    client = tls.curl_words(echo, kind, ours[1][kind])
    answer = echo.get("/a", version, *client, body=bytes(NGINX_MAX_BODY))
    assert answer.status == 200 and shown(answer)[1] == NGINX_MAX_BODY
    answer = echo.get("/a", version, *client, body=bytes(NGINX_MAX_BODY + 1))
    assert answer.status == 413 and "x-body" not in answer.headers


@pytest.mark.parametrize("kind", ["good", "server", "expired"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_resumed_session_keeps_its_verdict(echo, ours, kind, version):
    context = ssl.create_default_context(cafile=echo.ca_bundle)
    context.minimum_version = context.maximum_version = version
    cert, key = tls.curl_words(echo, kind, ours[1][kind])[1::2]
    context.load_cert_chain(cert, key)
    session, verdicts, reused = None, [], []
    for _ in range(2):
        plain = socket.create_connection(("127.0.0.1", echo.https_port), 20)
        with context.wrap_socket(plain, server_hostname="127.0.0.1", session=session) as connection:
            connection.sendall(b"GET /a HTTP/1.0\r\n\r\n")
            answer = b"".join(iter(lambda c=connection: c.recv(65536), b""))
            session = connection.session
            reused.append(connection.session_reused)
        params = dict(json.loads(answer.partition(b"\r\n\r\n")[2])[0])
        verdicts.append((params["SSL_CLIENT_VERIFY"], urllib.parse.unquote(params["SSL_CLIENT_CERT"])))
    assert verdicts == [(tls.VERDICTS[kind], tls.pem(ours[1][kind]))] * 2
    assert reused == [False, True]


def test_no_client_certificate_is_told_as_none(echo, ours):
    client = tls.curl_words(echo, "good", ours[1]["good"])
    for base, words in ((echo.https, ()), (echo.public, ()), (echo.public, client)):
        params, _ = shown(echo.get("/a", *words, base=base))
        assert params["HTTPS"] == "on" and params["SSL_CLIENT_VERIFY"] == "NONE"
        assert "SSL_CLIENT_CERT" not in params
    params, _ = shown(echo.get("/a", base=echo.http))
    assert not [name for name in params if name == "HTTPS" or name.startswith("SSL_")]


@pytest.mark.parametrize("where", PORTS)
def test_no_header_becomes_a_parameter_of_nginx_s_own(echo, ours, where):
    spoofed = spoofing(tls.pem(ours[1]["good"])) + ["-H", "X_Forwarded_Proto: https", "-H", "HTTPS: on"]
    spoofed += ["-H", "Proxy: http://192.0.2.1", "-H", "Remote-Addr: 192.0.2.1", "-H", "X-A: b"]
    params, _ = shown(echo.get("/a", *spoofed, base=getattr(echo, where)))
    assert params["HTTP_X_A"] == "b" and params["REMOTE_ADDR"] == "127.0.0.1"
    # A proxy in front that is trusted knows of X-Forwarded-Proto; nginx drops the other spelling.
    suspects = [name for name in params if re.search("SSL_CLIENT|PROXY|FORWARDED", name)]
    assert suspects == ([] if where == "http" else ["SSL_CLIENT_VERIFY"])
    assert params.get("HTTPS") == (None if where == "http" else "on")
    assert where == "http" or params["SSL_CLIENT_VERIFY"] == "NONE"


CONTRARY = """
	underscores_in_headers on; merge_slashes on; large_client_header_buffers 4 4k; client_max_body_size 1k;
	fastcgi_request_buffering off; fastcgi_keep_conn on; fastcgi_param SSL_CLIENT_VERIFY SUCCESS;
	fastcgi_intercept_errors on; error_page 404 501 /error.html; gzip on; gzip_types *; gzip_min_length 1;
"""


@pytest.mark.parametrize("where", PORTS)
def test_other_settings_of_nginx_s_http_block_do_not_get_through(double, echo_socket, ours, where):
    web = nginx.Nginx(echo_socket, double, ours[0], CONTRARY).start()
    try:
        answer = web.get(
            "/a//b?status=404", "--path-as-is", "--compressed", "-H", "X_A: b", "-H", "X-B: " + "c" * 9_000,
            "-H", "Transfer-Encoding: chunked", base=getattr(web, where), body=bytes(5_000),
        )  # fmt: skip
    finally:
        web.stop()
    assert answer.status == 404 and "content-encoding" not in answer.headers
    assert answer.headers["x-keep-connection"] == "0"
    params, size = shown(answer)
    assert size == 5_000 and params["CONTENT_LENGTH"] == "5000"
    assert params["REQUEST_METHOD"] == "POST" and params["REQUEST_URI"] == "/a//b?status=404"
    assert "HTTP_X_A" not in params
    assert params.get("SSL_CLIENT_VERIFY") == (None if where == "http" else "NONE")


@pytest.mark.parametrize("kind", tls.FORGEABLE)
def test_a_client_certificate_is_no_token_and_hinders_none(service, web, kind):
    """Through the real program: it may well hold an old certificate while it enrolls by token."""
    client = tls.curl_words(web, kind, tls.forgeries(service.ca_pem())[kind])
    answer = web.post_csr(request_der(), "", *client)
    assert (answer.status, answer.code()) == (401, 4010), answer
    issued(service, web.post_csr(request_der(), service.double.token(), *client))


def renew(web, chain):
    client = tls.curl_words(web, "renew", chain)
    words = ("-H", "Content-Type: application/pkcs10")
    return web.get("/.well-known/est/simplereenroll", *client, *words, body=request_der())


def test_an_accepted_verdict_is_no_proof_of_who_issued(service, web):
    """Two of these forgeries have the very verdict of a serverAuth-only certificate of ours."""
    server = [x509.ExtendedKeyUsage([tls.SERVER])]
    ours = issued(service, web.post_csr(csr.make("device-1", extensions=server), service.double.token()))
    before = rows(service)
    for kind, chain in tls.forgeries(service.ca_pem()).items():
        answer = renew(web, chain)
        accepted = tls.VERDICTS[kind] == VERDICT
        why = b"not issued here" if accepted else b"the web server did not accept"
        assert answer.status == 403 and why in answer.body, (kind, answer)
    assert rows(service) == before
    assert renew(web, [ours]).status == 200
    assert rows(service) == before + 1


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
        head = web.get(path, "--head", base=base)
        assert head.status == 200 and head.headers["content-length"] == str(len(answer.body))
    assert web.get("/ca/demo-2", base=base).status == 404
    assert web.get("/ocsp/abcd", base=base).headers["content-type"] == "application/ocsp-response"
    assert web.get("/crl/demo-2.crl", base=base).code() == 4041


def test_a_client_of_http_1_0_without_a_host_header_is_served(web):
    with socket.create_connection(("127.0.0.1", web.http_port), 10) as connection:
        connection.sendall(b"GET /ca HTTP/1.0\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200 ") and b"application/pkix-cert" in answer


def test_other_paths_and_methods(web):
    for path in ("/", "/nothing", "/api/csr/x", "/index.html", "/nginx.conf", "/tls.pem"):
        answer = web.get(path)
        assert (answer.status, answer.code()) == (404, 4041), (path, answer)
    answer = web.get("/api/csr")
    assert (answer.status, answer.code(), answer.headers["allow"]) == (405, 4050, "POST"), answer
    answer = web.get("/ca", "-X", "DELETE")
    assert (answer.status, answer.code()) == (405, 4050), answer
    for path in ("/api/csr/../../etc/passwd", "/api/csr/../ca", "/%2e%2e/etc/passwd"):
        assert web.get(path, "--path-as-is").status == 400


# neither side starves the other


def slow_requests(web, count):
    """Half-sent OCSP requests to the two ports that never ask, and how to finish one."""
    context = ssl.create_default_context(cafile=web.ca_bundle)
    found = []
    for i in range(count):
        port = (web.public_port, web.http_port)[i % 2]
        connection = socket.create_connection(("127.0.0.1", port), 30)
        if port == web.public_port:
            connection = context.wrap_socket(connection, server_hostname="127.0.0.1")
        connection.sendall(b"POST /ocsp HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf")
        found.append(connection)
    return found


def test_slow_ocsp_clients_hold_no_worker(service, web):
    """nginx hands on whole requests: more half-sent ones than workers leave all workers free."""
    slow = slow_requests(web, 8)
    issued(service, web.post_csr(request_der(), service.double.token()))
    for where in PORTS:
        assert web.get("/probe", base=getattr(web, where)).status == 200
    for connection in slow:
        connection.sendall(b" more")
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
        connection.close()


def test_busy_workers_of_one_side_do_not_stop_the_other(service, others, web):
    """Here the workers themselves are held up, as by slow answers, with eight clients waiting."""
    for target, base, free in ((others, web.http, web.https), (service, web.https, web.http)):
        statuses = []
        ask = [
            threading.Thread(target=lambda b=base: statuses.append(web.get("/ocsp/abcd", base=b).status))
            for _ in range(8)
        ]
        with process.paused(target.workers()):
            for thread in ask:
                thread.start()
            if free == web.https:
                issued(service, web.post_csr(request_der(), service.double.token()))
            assert web.get("/ca", "--max-time", "30", base=free).status == 200
            assert statuses == []
        for thread in ask:
            thread.join(30)
        assert statuses == [200] * 8


# reloading, stopping, and failures


@pytest.mark.parametrize("what", ["certwright SIGHUP", "nginx SIGHUP"])
def test_reloading_under_load_loses_no_request(service, web, what):
    before = rows(service)
    target = service if what.startswith("certwright") else web
    workers = set(target.workers())
    with load.Load(web, service) as clients:
        for _ in range(3):
            target.reload()
            clients.more()
    assert clients.faults() == []
    assert rows(service) == before + len(clients.received)
    assert clients.not_on_record(service) == []
    assert service.process.alive() and web.process.alive()
    process.wait_until(lambda: not workers & set(target.workers()), 40, "new workers")


def test_stopping_nginx_gracefully_under_load_finishes_what_it_began(service, web):
    before = rows(service)
    with load.Load(web, service) as clients:
        assert web.stop_gracefully() == 0
    assert clients.refused == []
    # Cut are connections alone that nginx had not taken yet: nothing was issued for them.
    assert rows(service) == before + len(clients.received)
    assert clients.not_on_record(service) == []
    web.start()
    assert clients.ask_again() == []


def test_stopping_nginx_at_once_under_load_loses_no_certificate(service, web):
    """What was cut may be on record without having arrived; it can be asked again."""
    before = rows(service)
    with load.Load(web, service, clients=8) as clients:
        assert web.process.stop(10) == 0
    assert {status for status, _ in clients.refused} <= {502}
    assert clients.not_on_record(service) == []
    assert len(clients.received) <= rows(service) - before <= len(clients.received) + len(clients.cut)
    web.start()
    assert clients.ask_again() == []


def test_without_the_program_it_is_502_and_then_well_again(service, others, web):
    service.stop()
    assert web.post_csr(request_der(), service.double.token()).status == 502
    assert web.get("/probe", base=web.public).status == 200
    service.start()
    others.stop()
    assert web.get("/probe", base=web.public).status == 502
    assert web.get("/probe", base=web.http).status == 502
    issued(service, web.post_csr(request_der(), service.double.token()))
    others.start()
    assert web.get("/probe", base=web.http).status == 200


def test_stopping_certwright_under_load_loses_no_certificate(service, web):
    """Who is being served gets the certificate; who waits or comes later is told 502."""
    before = rows(service)
    with load.Load(web, service) as clients:
        assert service.stop() == 0
        clients.ending = True
    assert {status for status, _ in clients.refused} <= {502} and clients.cut == []
    assert rows(service) == before + len(clients.received)
    assert clients.not_on_record(service) == []
    service.start()
    issued(service, web.post_csr(request_der(), service.double.token()))
