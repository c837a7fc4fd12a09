"""
The management API through every web server: methods and bodies that HTML forms do not know, and an
administrator's certificate as the credential.
"""

import json
import os
import re
import uuid

import fronts
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from harness import csr, process, tls
from harness.webserver import curl, free_port

GROUPS = "/api/v1/groups"
SETTINGS = {"DbCSRValidation": {"RaProfile": "default"}, "Metrics": {"Addresses": "127.0.0.1"}}
SAMPLES = {"lighttpd": "lighttpd/certwright.conf", "apache proxy": "apache/certwright-proxy.conf",
           "nginx": "nginx/certwright.conf"}
JSON = ("-H", "Content-Type: application/json")


@pytest.fixture(scope="module", params=fronts.NAMES, name="front")
def fixture_front(request, mariadb, double):
    service, web = fronts.make(request.param, mariadb, double, SETTINGS)
    yield service, web
    fronts.close(service, web)


@pytest.fixture(scope="module", name="admin")
def fixture_admin(front):
    """curl's options of a certificate that [Admin] Certificates lists, once that counts."""
    service, web = front
    key = csr.new_key()
    token = service.double.token()
    body = csr.make("admin", csr.dns("admin.example.com"), key)
    answer = web.post_csr(body, token, path="/api/csr")
    assert answer.status == 200, answer
    leaf = x509.load_der_x509_certificate(answer.body)
    service.configure({"Admin": {"Certificates": leaf.fingerprint(hashes.SHA256()).hex()}})
    (service if service.process else web).reload()
    words = tls.curl_words(web, "admin", [leaf], key)
    process.wait_until(lambda: web.get(GROUPS, *words).status == 200, 20, "the setting")
    return words


def ask(front, method, path, body=None, token=None, words=()):
    """With a token that may do everything, unless words bring another credential."""
    service, web = front
    sent = JSON if body is not None else ()
    data = json.dumps(body).encode() if body is not None else None
    if token is None and not words:
        token = service.double.token(["Admin.Full"])
    return web.post_csr(data, token, "-X", method, *sent, *words, path=path)


def name():
    return f"group {uuid.uuid4()}"


def test_each_method_reaches_its_handler_with_its_body(front):
    made = ask(front, "POST", GROUPS, {"name": name(), "description": "50 % of \\ 'all'"})
    assert made.status == 201, made
    group = f"{GROUPS}/{made.json()['uuid']}"
    assert ask(front, "GET", group).json()["description"] == "50 % of \\ 'all'"
    changed = name()
    assert ask(front, "PUT", group, {"name": changed}).status == 200
    assert ask(front, "GET", group).json()["name"] == changed
    # A body goes with DELETE, and none with this PATCH.
    assert ask(front, "DELETE", GROUPS, [made.json()["uuid"]]).status in (200, 204)
    assert ask(front, "GET", group).status == 404
    gone = ask(front, "PATCH", f"/api/v1/scepProfiles/{uuid.uuid4()}/enable")
    assert gone.status == 404, gone
    assert gone.json()["message"].startswith("Object of type 'ScepProfile' identified by ")


def test_a_method_that_a_path_does_not_take_is_named(front):
    answer = ask(front, "DELETE", "/api/v1/scepProfiles", [])
    assert answer.status == 400, answer
    assert answer.headers["allow"] == "GET, HEAD, POST"


def test_errors_keep_their_body_and_type(front):
    """A web server that puts pages of its own in their place would break every client."""
    refused = ask(front, "GET", GROUPS, token=front[0].double.token(["Manage.All"]))
    assert refused.status == 403, refused
    assert refused.headers["content-type"].startswith("application/problem+json")
    assert refused.json()["code"] == "ACCESS_DENIED"
    invalid = ask(front, "GET", f"{GROUPS}/nonsense")
    assert (invalid.status, invalid.json()) == (422, ["Invalid UUID nonsense in the request"])
    unknown = ask(front, "GET", GROUPS, token="")
    assert (unknown.status, unknown.json()["path"]) == (401, GROUPS)
    assert unknown.headers["www-authenticate"].startswith("Bearer ")


def test_a_certificate_of_an_administrator_is_a_credential_for_our_own_pages_alone(front, admin):
    _, web = front
    words = (*admin, "-H", f"Origin: {front[0].settings['Server']['BaseUrl']}")
    made = ask(front, "POST", GROUPS, {"name": name()}, words=words)
    assert made.status == 201, made
    group = f"{GROUPS}/{made.json()['uuid']}"
    foreign = (*admin, "-H", "Origin: https://elsewhere.example")
    assert ask(front, "POST", GROUPS, {"name": name()}, words=foreign).status == 403
    assert ask(front, "DELETE", group, words=foreign).status == 403
    form = (*admin, "-H", "Content-Type: text/plain")
    answer = web.get(GROUPS, "-X", "POST", *form, body=json.dumps({"name": name()}).encode())
    assert answer.status == 415, answer
    assert ask(front, "GET", group, words=admin).status == 200
    assert ask(front, "DELETE", group, words=words).status == 204


def test_where_no_certificate_is_asked_for_none_counts(front, admin):
    _, web = front
    assert web.get(GROUPS, *admin, base=web.public).status == 401
    assert web.get(GROUPS, base=web.http).status == 403


def test_metrics_are_shown_on_the_port_that_asks_alone(front):
    _, web = front
    assert b"certwright_requests_total{" in web.get("/metrics").body
    for base in (web.public, web.http):
        for path in ("/metrics", "/metrics/", "//metrics", "/%6detrics", "/%2Fmetrics", "/metrics%2F"):
            answer = curl("--path-as-is", base + path, ca_bundle=web.ca_bundle)
            assert answer.status in (403, 404) and b"certwright" not in answer.body, (base, path, answer)
        # what only looks like it is certwright's to refuse
        assert web.get("/metrics2", base=base).code() == 4041


def scrape_block(name, port):
    """The lines at the end of the sample by which Prometheus gets the public pool's metrics."""
    with open(os.path.join(process.ROOT, "deploy", SAMPLES[name]), encoding="utf-8") as file:
        text = file.read()
    block = text[text.rindex("\n\n"):]
    lines = [line[1:] for line in block.splitlines() if re.match(r"#\S|#\t", line)]
    assert lines and "127.0.0.1:9180" in block
    return "\n".join(lines).replace("127.0.0.1:9180", f"127.0.0.1:{port}") + "\n"


def test_prometheus_on_this_host_gets_the_public_pool_s(mariadb, double):
    for name in SAMPLES:
        service, web = fronts.make(name, mariadb, double, SETTINGS)
        try:
            web.stop()
            port = free_port()
            block = scrape_block(name, port)
            path = web.path("certwright.conf") if name == "nginx" else web.conf
            with open(path, "a", encoding="utf-8") as file:
                file.write(f"Listen 127.0.0.1:{port}\n" if name == "apache proxy" else "")
                file.write(block.replace("/run/certwright/public.sock", service.socket))
            web.start()
            base = f"http://127.0.0.1:{port}"
            answer = process.wait_until(lambda: web.get("/metrics", base=base), 10, "the port")
            assert answer.status == 200 and b"certwright_requests_total{" in answer.body, (name, answer)
            refused = web.get("/probe", base=base)
            assert refused.status in (403, 404) and b"status" not in refused.body, (name, refused)
        finally:
            fronts.close(service, web)
