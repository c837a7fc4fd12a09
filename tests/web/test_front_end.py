"""
CZERTAINLY's administrator front end beside /api, as README has the web servers show it: static files on
the port that asks for client certificates, which stand in for its own, and everything else certwright's.
"""

import json
import os
import re

import fronts
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from harness import csr, process, tls

MARKS = {"lighttpd": "$HTTP", "apache proxy": "Alias /administrator", "nginx": "location /administrator"}
SETTINGS = {"DbCSRValidation": {"RaProfile": "default"}}


def readme_block(mark, folder):
    """The lines that README has for this web server, with this folder in place of /srv."""
    with open(os.path.join(process.ROOT, "README.md"), encoding="utf-8") as file:
        (block,) = [b for b in re.split(r"\n\s*\n", file.read()) if mark in b]
    assert block.count("/srv") == 1
    return block.replace("/srv", folder)


def add(name, web):
    """Puts the block where README says."""
    block = readme_block(MARKS[name], web.folder)
    if name == "nginx":
        path, include = web.path("certwright.conf"), "include snippets/certwright-fastcgi.conf;\n"
        with open(path, encoding="utf-8") as file:
            head, mark, rest = file.read().partition(include)
        assert mark
        web.write("certwright.conf", f"{head}{mark}{block}\n{rest}")
        return
    more = 'index-file.names = ( "index.html" )\n' if name == "lighttpd" else ""
    with open(web.conf, "a", encoding="utf-8") as file:
        file.write(f"{more}{block}\n")


@pytest.fixture(scope="module", params=list(MARKS), name="front")
def fixture_front(request, mariadb, double):
    service, web = fronts.make(request.param, mariadb, double, SETTINGS)
    try:
        web.stop()
        os.mkdir(web.path("administrator"), 0o755)
        web.write("administrator/index.html", "the page\n")
        web.write("administrator/config.js", "the settings\n")
        for name in ("index.html", "config.js"):
            os.chmod(web.path(f"administrator/{name}"), 0o644)
        add(request.param, web)
        service.configure({"Server": {"BaseUrl": web.https}})
        service.reload()
        web.start()
        yield service, web
    finally:
        fronts.close(service, web)


@pytest.fixture(scope="module", name="browser")
def fixture_browser(front):
    """curl's options of a browser with an administrator's certificate."""
    service, web = front
    key = csr.new_key()
    answer = web.post_csr(csr.make("admin", csr.dns("admin.example.com"), key), service.double.token())
    assert answer.status == 200, answer
    leaf = x509.load_der_x509_certificate(answer.body)
    service.configure({"Admin": {"Certificates": leaf.fingerprint(hashes.SHA256()).hex()}})
    service.reload()
    words = tls.curl_words(web, "admin", [leaf], key)
    process.wait_until(lambda: web.get("/api/v1/auth/profile", *words).status == 200, 20, "the setting")
    return words


def test_its_files_are_shown(front, browser):
    _, web = front
    for path, text in (("", b"the page\n"), ("index.html", b"the page\n"), ("config.js", b"the settings\n")):
        answer = web.get(f"/administrator/{path}", *browser)
        assert (answer.status, answer.body) == (200, text), answer


def test_everything_else_is_certwright_s(front, browser):
    _, web = front
    assert web.get("/probe").json()["status"] == "ok"
    for path in ("/", "/administrators", "/x/administrator/index.html"):
        answer = web.get(path, *browser)
        assert (answer.status, answer.json()["errorCode"]) == (404, 4041), (path, answer)
    # Nothing that is beside the folder gets out.
    for path in ("/administrator/../tls.pem", "/administrator/..%2ftls.pem", "/administrator/%2e%2e/tls.pem"):
        answer = web.get(path, "--path-as-is", *browser)
        assert answer.status >= 400 and b"KEY" not in answer.body, (path, answer)


def test_ports_that_ask_for_no_certificate_do_not_show_it(front):
    """But for Apache, whose lines count for every port: there the pages get no answer from /api."""
    _, web = front
    for base, refused in ((web.public, 401), (web.http, 403)):
        shown = web.get("/administrator/config.js", base=base).status
        assert shown == (200 if web.name.startswith("apache") else 404)
        assert web.get("/api/v1/auth/profile", base=base).status == refused


def test_its_pages_may_read_and_write(front, browser):
    _, web = front
    origin = (*browser, "-H", f"Origin: {web.https}", "-H", "Content-Type: application/json")
    body = json.dumps({"name": "made by a page"}).encode()
    made = web.get("/api/v1/groups", *origin, body=body)
    assert made.status == 201, made
    assert web.get(f"/api/v1/groups/{made.json()['uuid']}", *browser).json()["name"] == "made by a page"
    elsewhere = (*browser, "-H", "Origin: https://elsewhere.example", "-H", "Content-Type: application/json")
    assert web.get("/api/v1/groups", *elsewhere, body=body).status == 403
