"""deploy/shared-hosting as a new user tries it: an account, a host's Apache, .htaccess and no more."""

import base64
import fcntl
import json
import os
import pty
import re
import select
import shutil
import subprocess
import termios
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs7
from harness import csr, process
from harness.double import RunningDouble, identity_double
from harness.hosting import Site
from harness.mariadb import MariaDB
from harness.webserver import CurlFailed, free_port

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="an account is made by useradd, which needs root")

MAX_BODY = 65536
FCGID_MAX_BODY = 131072


@pytest.fixture(scope="module", name="tcp")
def fixture_tcp():
    """A MariaDB that listens on loopback."""
    port = free_port()
    server = MariaDB(options=["--skip-networking=0", "--bind-address=127.0.0.1", f"--port={port}"])
    server.port = port
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module", name="idp")
def fixture_idp():
    """A double that only this module rotates."""
    running = RunningDouble.make()
    yield running
    running.stop()


@pytest.fixture(scope="module", name="make_site")
def fixture_make_site(tcp, idp):
    made = []

    def make(**choices):
        made.append(Site(tcp, idp, **choices))
        made[-1].host.start()
        return made[-1]

    yield make
    for site in made:
        site.destroy()


@pytest.fixture(name="new_site")
def fixture_new_site(tcp, idp):
    """Sites for one test: new_site(allow=..., ...), see harness.hosting.Host."""
    made = []

    def make(**choices):
        made.append(Site(tcp, idp, **choices))
        made[-1].host.start()
        return made[-1]

    yield make
    for site in made:
        site.destroy()


@pytest.fixture(scope="module", name="site")
def fixture_site(make_site):
    """Set up by options alone, with renewals; its CA is one that the host asks clients for."""
    site = make_site()
    site.said = site.install("--renewals", "yes")
    site.host.write("clients.pem", site.certwright("ca", "export", "example"))
    site.host.restart()
    return site


@pytest.fixture(scope="module", name="bare")
def fixture_bare(make_site):
    """Not set up, for what must leave nothing behind."""
    return make_site()


def request_der(**options):
    return csr.make("device-1", csr.dns("device-1.example.com"), **options)


def issued(site, answer):
    """The certificate of a success, whose row is there."""
    assert answer.status == 200, answer
    certificate = x509.load_der_x509_certificate(answer.body)
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex()
    where = f"fingerprint = UNHEX('{fingerprint}')"
    assert site.sql(f"SELECT remote_address FROM certificate WHERE {where}") == [("127.0.0.1",)]
    return certificate


def web_root(site):
    return sorted(os.listdir(site.host.web_root))


# it works


def test_setup_says_what_it_did_and_what_is_left_to_do(site):
    assert site.said.stderr == "", site.said.stderr
    assert f"certwright is at {site.host.https}." in site.said.stdout
    assert "back up its key" in site.said.stdout and site.password not in site.said.stdout
    assert web_root(site) == [".htaccess", "certwright.fcgi"]
    assert site.host.get("/probe").json() == {"status": "ok", "failed": []}


def forms():
    der = request_der()
    pem = csr.pem(der)
    return {"der": der, "one line": pem.replace(b"\n", b""), "crlf": pem.replace(b"\n", b"\r\n")}


@pytest.mark.parametrize("form", ["der", "one line", "crlf"])
@pytest.mark.parametrize("path", ["/api/csr", "//api/csr"])
def test_enrolling_with_a_token(site, form, path):
    certificate = issued(site, site.host.post_csr(forms()[form], site.double.token(), path=path))
    assert certificate.subject.rfc4514_string() == "CN=device-1"
    assert certificate.issuer.rfc4514_string() == "CN=Example CA,O=Example"


def test_without_a_token_or_without_tls_nothing_is_issued(site):
    before = site.rows()
    answer = site.host.get("/api/csr", body=request_der())
    assert (answer.status, answer.code()) == (401, 4010)
    answer = site.host.post_csr(request_der(), site.double.token(), base=site.host.http)
    assert (answer.status, answer.code()) == (403, 4033)
    assert site.rows() == before


@pytest.mark.parametrize(
    "name", ["Redirect-Http-Authorization", "Redirect_Http_Authorization", "Http-Authorization"]
)
def test_a_token_in_another_header_is_none(site, name):
    """What mod_rewrite hands on under another name is the Authorization header's alone."""
    header = site.host.write("other", f"{name}: Bearer {site.double.token()}\n")
    answer = site.host.get("/api/csr", "-H", f"@{header}", body=request_der())
    assert (answer.status, answer.code()) == (401, 4010)


def test_managing_with_a_token(site):
    """Every method gets through, and a body with each; secrets are sealed with the keyring of setup."""
    said = site.certwright("ra", "create", "--authority", "example", "--key-bits", "2048")
    ra = re.search(r"SCEP profiles name it by (\S+)\.$", said, re.M)[1]
    token, profiles = site.double.token(["Admin.Full"]), "/api/v1/scepProfiles"

    def ask(method, path, status, body=None):
        words = () if body is None else ("-H", "Content-Type: application/json")
        data = None if body is None else json.dumps(body).encode()
        answer = site.host.post_csr(data, token, "-X", method, *words, path=path)
        assert answer.status == status, answer
        return answer.json() if answer.body else None

    body = {"name": "devices", "caCertificateUuid": ra, "challengePassword": "try me"}
    profile = f"{profiles}/{ask('POST', profiles, 201, body)['uuid']}"
    ask("PATCH", f"{profile}/enable", 204)
    assert ask("PUT", profile, 200, {**body, "description": "x"})["enableChallengePassword"] is True
    assert ask("GET", profile, 200)["enabled"] is True
    assert ask("DELETE", f"{profiles}/delete", 200, [profile.rpartition("/")[2]]) == []
    assert ask("GET", profiles, 200) == []


@pytest.mark.parametrize(
    "path", ["/x%3fy", "/x%20y", "/caf%c3%a9", "//x", "/certwright.fcgi/probe", "/?a=%0a"]
)
def test_odd_paths_are_certwrights_too(site, path):
    answer = site.host.get(path)
    assert (answer.status, answer.code()) == (404, 4041), answer


def test_the_processes_are_the_hosts_and_end_with_it(new_site):
    site = new_site()
    site.install()
    assert site.serving()
    for pid in site.serving():
        assert process.stat_fields(pid)[1] != "1", "no daemon of its own"
    site.host.stop()
    process.wait_until(lambda: not site.serving(), 20, "the end of certwright with Apache")


# nothing shows that should not


UNSHOWN = """/ /.htaccess /certwright.fcgi /certwright.conf /db.password /.certwright/certwright.conf
/../.certwright/certwright.conf /%2e%2e/.certwright/db.password /notes.txt /old/ /old/notes.txt"""


@pytest.mark.parametrize("path", UNSHOWN.split())
def test_no_file_is_shown(site, path):
    folder = os.path.join(site.host.web_root, "old")
    if not os.path.isdir(folder):
        site.account.make_folder(folder)
        site.account.write(os.path.join(folder, "notes.txt"), "secret notes\n", 0o644)
        site.account.write(os.path.join(site.host.web_root, "notes.txt"), "secret notes\n", 0o644)
    answer = site.host.get(path, "--path-as-is")
    assert answer.status in (400, 403, 404), answer
    for text in (site.password, "secret notes", "Index of", "exec", "RewriteRule", "[Database]"):
        assert text.encode() not in answer.body


def test_crl_files_are_shown_and_nothing_beside_them(site):
    """As where [CRL] Directory is that folder; what is not there is certwright's, CRLs too."""
    folder = os.path.join(site.host.web_root, "crl")
    site.account.make_folder(folder)
    for name in ("example-1.crl", "example-1.crl.pem", "example-1.crl.new", "notes.txt"):
        site.account.write(os.path.join(folder, name), f"octets of {name}", 0o644)
    for name in ("example-1.crl", "example-1.crl.pem"):
        assert site.host.get(f"/crl/{name}").body == f"octets of {name}".encode()
    for name in ("example-1.crl.new", "notes.txt", "", "example-7.crl", "../.htaccess"):
        answer = site.host.get(f"/crl/{name}", "--path-as-is")
        assert answer.status in (400, 403, 404) and b"octets" not in answer.body, (name, answer)
    assert site.host.get("/crl/example-7.crl").code() == 4041
    shutil.rmtree(folder)


def test_the_files_of_the_hosts_own_tls_are_shown(site):
    """The near miss: what a CA has to fetch from the host, to give it its TLS certificate."""
    for name in (".well-known", ".well-known/acme-challenge"):
        site.account.make_folder(os.path.join(site.host.web_root, name))
    site.account.write(os.path.join(site.host.web_root, name, "token"), "proof", 0o644)
    assert site.host.get("/.well-known/acme-challenge/token").body == b"proof"
    assert site.host.get("/.well-known/acme-challenge/").status == 403
    assert site.host.get("/.well-known/est/cacerts").status == 200


def test_nobody_else_can_read_settings_password_and_keys(site):
    folder = site.account.path(".certwright")
    files = [os.path.join(top, name) for top, _, names in os.walk(folder) for name in names]
    names = {os.path.basename(file) for file in files}
    assert {"certwright.conf", "db.password", "keyring", "example-1.key"} <= names
    assert os.stat(folder).st_mode & 0o777 == 0o700
    for name in ("certwright.conf", "db.password", "keyring", "var/keys/example-1.key"):
        assert os.stat(os.path.join(folder, name)).st_mode & 0o777 == 0o600, name
    nobody = [shutil.which("runuser", path=process.SEARCH_PATH), "-u", "nobody", "--"]
    for path in files:
        done = subprocess.run(nobody + ["cat", path], capture_output=True, check=False)
        assert done.returncode != 0 and b"Permission denied" in done.stderr, path
    # The near miss: the way through the home folder is open, for the host's Apache.
    shown = os.path.join(site.host.web_root, "certwright.fcgi")
    assert subprocess.run(nobody + ["cat", shown], capture_output=True, check=True).stdout


# the limits of such a host


def test_the_hosts_limits_leave_room_for_ours(site):
    before = site.rows()
    token = site.double.token()
    over = request_der().ljust(MAX_BODY + 1, b"\0")
    answer = site.host.post_csr(over, token)
    assert (answer.status, answer.code()) == (413, 4006), answer
    answer = site.host.post_csr(over[:MAX_BODY], token)
    assert (answer.status, answer.code()) == (400, 4002), answer
    answer = site.host.post_csr(over.ljust(FCGID_MAX_BODY + 1, b"\0"), token)
    assert (answer.status, answer.code()) == (500, None), answer
    assert site.rows() == before


def test_a_token_of_7_kb_passes_and_one_of_12_kb_is_the_hosts_400(site):
    def token(count):
        groups = [f"{i:08x}-7f5e-4a57-9c7b-0d6f4f1f9f10" for i in range(count)]
        return site.double.token(claims={"groups": groups})

    assert 7_000 < len(token(125)) < 8_100 and len(token(215)) > 11_500
    issued(site, site.host.post_csr(request_der(), token(125)))
    answer = site.host.post_csr(request_der(), token(215))
    assert (answer.status, answer.code()) == (400, None)


def test_a_database_that_hangs_is_answered_before_the_host_loses_patience(site):
    site.mariadb.pause()
    try:
        begin = time.monotonic()
        answer = site.host.post_csr(request_der(), site.double.token())
        waited = time.monotonic() - begin
    finally:
        site.mariadb.resume()
    assert answer.status == 503 and answer.code() is not None, answer
    assert 3 < waited < 30
    process.wait_until(lambda: site.host.get("/probe").status == 200, 30, "the database")


# maintain


def cron_line(text):
    return re.search(r"^ *(\d+(?:,\d+){3}) \* \* \* \* (\S+/certwright maintain)$", text, re.M)


def as_cron(site, command):
    """What cron runs, as it runs it."""
    account = site.account
    env = {"PATH": "/usr/bin:/bin", "HOME": account.home, "SHELL": "/bin/sh", "LOGNAME": account.name}
    return site.account.run("/bin/sh", "-c", command, env=env)


def test_the_line_for_cron_fetches_new_signing_keys(site):
    """Within UnknownKidRefreshSeconds of the last fetch the service itself does not ask again."""
    found = cron_line(site.said.stdout)
    assert found, site.said.stdout
    minutes = [int(minute) for minute in found[1].split(",")]
    assert minutes == list(range(minutes[0], 60, 15)) and 0 < minutes[0] < 15
    assert as_cron(site, found[2]).returncode == 0
    site.double.rotate()
    token = site.double.token()
    assert site.host.post_csr(request_der(), token).status == 401
    done = as_cron(site, found[2])
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), done
    # Each process looks at the file once a second at most.
    answer = process.wait_until(lambda: accepted(site, token), 10, "the new signing key")
    issued(site, answer)


def accepted(site, token):
    answer = site.host.post_csr(request_der(), token)
    return answer if answer.status != 401 else None


def test_an_unknown_key_makes_the_service_fetch_by_itself(new_site):
    site = new_site()
    site.install("--set", "AuthConfig:UnknownKidRefreshSeconds=1")
    site.double.rotate()
    token = site.double.token()
    issued(site, process.wait_until(lambda: accepted(site, token), 20, "the new signing key"))


def test_maintain_tells_cron_what_fails(site):
    site.double.set_mode("down")
    try:
        done = as_cron(site, cron_line(site.said.stdout)[2])
    finally:
        site.double.set_mode("ok")
    assert done.returncode == 69 and "certwright maintain: " in done.stderr


def test_maintain_keeps_the_log_from_growing_for_ever(site):
    log = site.account.path(".certwright", "certwright.log")
    site.certwright("maintain")
    assert not os.path.exists(log + ".old")
    with open(log, "a", encoding="ascii") as file:
        file.truncate(11_000_000)
    site.certwright("maintain")
    assert os.stat(log + ".old").st_size == 11_000_000 and os.stat(log).st_size < 10_000
    assert site.host.get("/probe").status == 200


CRONTAB = """#!/bin/sh
table=$HOME/table
case $1 in
-l) [ -e "$table" ] || { echo "no crontab for $LOGNAME" >&2; exit 1; }; cat "$table" ;;
-) cat >"$table" ;;
*) exit 2 ;;
esac
"""
REFUSING = """#!/bin/sh
echo "You ($LOGNAME) are not allowed to use this program (crontab)" >&2
[ "$1" = -l ] || cat >"$HOME/table"
exit 1
"""


@pytest.mark.parametrize("table", [None, "MAILTO=me@example.org\n5 4 * * * /bin/true 100%\n"])
def test_crontab_gets_the_line_once_and_keeps_the_others(new_site, table):
    site = new_site()
    site.account.make_folder("tools")
    site.account.write("tools/crontab", CRONTAB, 0o755)
    if table:
        site.account.write("table", table)
    env = site.environment(PATH=site.account.path("tools") + ":/usr/bin:/bin")
    done = site.setup(*site.answers(), env=env)
    assert done.returncode == 0 and "is in the crontab now" in done.stdout, done
    first = site.account.read("table")
    assert first.startswith(table or "") and cron_line(first)
    assert first.count("\n") == (table or "").count("\n") + 1
    assert as_cron(site, cron_line(first)[2]).returncode == 0
    done = site.setup(env=env)
    assert done.returncode == 0 and "is in the crontab already" in done.stdout, done
    assert site.account.read("table") == first


def test_a_crontab_that_is_refused_is_not_written_over(new_site):
    site = new_site()
    site.account.make_folder("tools")
    site.account.write("tools/crontab", REFUSING, 0o755)
    site.account.write("table", "5 4 * * * /bin/true\n")
    env = site.environment(PATH=site.account.path("tools") + ":/usr/bin:/bin")
    done = site.setup(*site.answers(), env=env)
    assert done.returncode == 0 and "are not allowed" in done.stdout and cron_line(done.stdout), done
    assert site.account.read("table") == "5 4 * * * /bin/true\n"


# running setup again


def lasting(site):
    """All files but what maintain and requests write."""
    passing = re.compile(r"/(identity-keys\.(json|lock)|counters|certwright\.log)")
    tree = site.account.tree(".certwright", "public_html")
    return {name: seen for name, seen in tree.items() if not passing.search(name)}


def test_setup_run_twice_changes_nothing(new_site):
    site = new_site()
    site.install()
    before, rows = lasting(site), site.sql("CHECKSUM TABLE authority, managed_key, ra_profile, audit")
    done = site.setup()
    assert done.returncode == 0 and "it is left as it is" in done.stdout, done
    assert lasting(site) == before
    # The same answers once more are no change either.
    done = site.install()
    assert "it is left as it is" in done.stdout
    assert lasting(site) == before
    assert site.sql("CHECKSUM TABLE authority, managed_key, ra_profile, audit") == rows


def test_one_answer_changes_one_line_and_the_service_follows(new_site):
    site = new_site()
    site.install()
    name = os.path.join(".certwright", "certwright.conf")
    site.account.write(name, site.account.read(name) + "# my own remark\n[Limits]\nSameCsrMinutes = 5\n")
    before = site.account.read(name).splitlines()
    site.mariadb.sql(f"ALTER USER {site.database}@'127.0.0.1' IDENTIFIED BY 'another'")
    site.mariadb.sql(f"KILL USER {site.database}@'127.0.0.1'")
    process.wait_until(lambda: site.host.get("/probe").status == 503, 20, "the old password's end")
    done = site.setup()
    assert done.returncode == 1 and "Access denied" in done.stderr, done
    site.account.write("new.password", "another\n")
    done = site.setup(
        "--db-password-file", site.account.path("new.password"), "--set", "Limits:SameCsrMinutes=0",
        "--set", "ValidityPeriodDays=30", "--renewals", "yes",
    )  # fmt: skip
    assert done.returncode == 0, done
    after = site.account.read(name).splitlines()
    assert set(before) - set(after) == {
        "ValidityPeriodDays = 730", "SameCsrMinutes = 5", "AllowRenewals = false",
    }  # fmt: skip
    assert set(after) - set(before) == {
        "ValidityPeriodDays = 30", "SameCsrMinutes = 0", "AllowRenewals = true",
        "ReenrollmentAllowedCertificateTypes = Static",
    }  # fmt: skip
    certificate = issued(site, site.host.post_csr(request_der(), site.double.token()))
    assert (certificate.not_valid_after - certificate.not_valid_before).days <= 32


def test_settings_without_a_keyring_are_told_of_it(new_site):
    """As a setup has left them that knew of none."""
    site = new_site()
    site.install()
    name, keyring = os.path.join(".certwright", "certwright.conf"), site.account.path(".certwright", "keyring")
    os.unlink(keyring)
    kept = site.account.read(name)
    lines = [line for line in kept.splitlines() if not line.startswith(("[Keys]", "KeyringFile"))]
    site.account.write(name, "\n".join(lines) + "\n")
    done = site.setup()
    assert done.returncode == 0 and not os.path.exists(keyring), done
    (answer,) = re.findall(r"setup --set (Keys:KeyringFile=\S+)$", done.stderr, re.M)
    done = site.setup("--set", answer)
    assert done.returncode == 0 and "back it up" in done.stdout and "keyring" not in done.stderr, done
    assert os.path.exists(keyring)
    before = site.account.read(".certwright", "keyring")
    assert "keyring" not in site.setup().stdout + site.setup().stderr
    assert site.account.read(".certwright", "keyring") == before


def test_a_new_program_is_taken_up(new_site):
    """One in the place of the old, as old as that is: the processes that serve are new ones then."""
    site = new_site()
    site.install()
    old = set(site.serving())
    program = site.account.path("bin", "certwright")
    shutil.copy2(program, program + ".new")
    os.replace(program + ".new", program)
    done = site.setup()
    assert done.returncode == 0 and "it is left as it is" not in done.stdout, done
    assert old and set(site.serving()) - old
    assert "it is left as it is" in site.setup().stdout


def test_a_change_that_does_not_work_is_not_kept(site):
    before = lasting(site)
    for words, text in (
        (["--db-name", "other"], "Access denied"),
        (["--set", "Server:Frob=1"], "unknown key Frob in [Server]"),
        (["--base-url", site.host.https + "/sub"], "does not show the files"),
    ):
        done = site.setup(*words)
        assert done.returncode == 1 and text in done.stderr, done
        assert lasting(site) == before
    assert site.host.get("/probe").status == 200


def test_what_an_interrupted_run_left_is_no_obstacle(new_site):
    site = new_site()
    site.account.make_folder(".certwright")
    site.account.make_folder(".certwright/setup-abcdefgh")
    site.account.write(".certwright/setup-abcdefgh/db.password", "x")
    site.account.make_folder("public_html/certwright-try-abcdefgh")
    # As when it ended between the settings and the CA.
    done = site.setup(*site.answers(ca_subject="CN=a,,"))
    assert done.returncode == 1 and 'name "CN=a,,"' in done.stderr, done
    assert web_root(site) == []
    done = site.setup("--ca-name", "example", "--ca-subject", "CN=a")
    assert done.returncode == 0, done
    assert site.account.read(".certwright", "certwright.conf").count("TenantId") == 1
    assert not [name for name in site.account.tree() if "abcdefgh" in name]


def test_a_ca_made_by_hand_is_taken(new_site):
    site = new_site()
    done = site.setup(*site.answers(ca_name=None, ca_subject=None), "--no-ca")
    assert done.returncode == 0 and "ca import" in done.stdout, done
    assert web_root(site) == []
    site.certwright("ca", "init", "--name", "mine", "--key", "p384", "--subject", "CN=Mine")
    assert site.setup().returncode == 0
    answer = site.host.post_csr(request_der(), site.double.token())
    assert issued(site, answer).issuer.rfc4514_string() == "CN=Mine"


# faults are named and leave nothing


OTHER = "11111111-2222-3333-4444-555555555555"
FAULTS = {
    "wrong password": (
        lambda s: {"db_password_file": s.account.write("bad", "wrong\n")},
        "Access denied",
    ),
    "no password": (lambda s: {"db_password_file": "/dev/null"}, "no password in its first line"),
    "no password file": (lambda s: {"db_password_file": "/nowhere"}, "/nowhere: it cannot be read"),
    "unreachable host": (lambda s: {"db_port": str(free_port())}, "Can't connect to server"),
    "unknown host": (lambda s: {"db_host": "db.invalid"}, "Unknown server host 'db.invalid'"),
    "bad port": (lambda s: {"db_port": "66000"}, "--db-port 66000: expected a number"),
    "other database": (lambda s: {"db_name": "mysql"}, "Access denied"),
    "bad tenant": (
        lambda s: {"tenant": "contoso.com"},
        "--tenant contoso.com: expected the tenant id, a GUID",
    ),
    "bad application": (
        lambda s: {"application": "api://" + OTHER},
        "expected the application (client) id",
    ),
    "unknown tenant": (lambda s: {"tenant": OTHER}, "signing keys of the tenant cannot be had"),
    "missing answer": (lambda s: {"tenant": None}, "--tenant is missing"),
    "missing password": (lambda s: {"db_password_file": None}, "--db-password-file is missing"),
    "missing CA": (lambda s: {"ca_name": None}, "--ca-name is missing"),
    "plain URL": (lambda s: {"base_url": "http://127.0.0.1"}, "expected https://HOST"),
    "URL with a query": (lambda s: {"base_url": s.host.https + "/?a"}, "expected https://HOST"),
    "dead URL": (lambda s: {"base_url": f"https://127.0.0.1:{free_port()}"}, "gives no answer"),
    "other host's URL": (lambda s: {"base_url": s.double.host}, "does not show the files"),
    "moved URL": (
        lambda s: {"base_url": s.host.https + "/moved"},
        "leads on to https://elsewhere.invalid/",
    ),
    "other URL": (lambda s: {"base_url": s.host.https + "/other"}, "does not show the files"),
    "no web root": (lambda s: {"web_root": s.account.home + "/nowhere"}, "there is no such folder"),
    "home as web root": (lambda s: {"web_root": s.account.home}, "this is your home folder"),
    "others' web root": (lambda s: {"web_root": "/usr/share"}, "it is not yours"),
    "folder in the web": (lambda s: {"folder": s.host.web_root + "/private"}, "web servers show"),
    "folder with things": (
        lambda s: {"folder": s.account.home + "/bin"},
        "there are other things in it",
    ),
    "not certwright": (lambda s: {"program": "/bin/ls"}, "it does not run here"),
    "no program": (lambda s: {"program": s.account.home + "/certwright"}, "there is no such file"),
    "bad key type": (lambda s: {"ca_key": "rsa1024"}, "--ca-key rsa1024: expected"),
    "bad CA name": (lambda s: {"ca_name": "Example CA"}, "--ca-name Example CA: expected"),
}


@pytest.mark.parametrize("fault", list(FAULTS))
def test_a_fault_is_named_and_nothing_is_left(bare, fault):
    changes, text = FAULTS[fault]
    changed = changes(bare)
    before = bare.account.tree()
    done = bare.setup(*bare.answers(**changed))
    assert done.returncode == 1 and text in done.stderr, done
    assert done.stderr.startswith("setup: ") and done.stderr.count("\n") == 1
    assert bare.password not in done.stdout + done.stderr
    after = bare.account.tree()
    assert {n for n in after if "/host-" not in n} == {n for n in before if "/host-" not in n}
    assert bare.tables() == []


def test_what_works_with_less_is_noted(new_site):
    site = new_site()
    dead = f"http://127.0.0.1:{free_port()}"
    done = site.setup(
        *site.answers(http_base_url=dead), "--set", "Server:RequestTimeoutSeconds=40",
        "--set", "Server:MaxBodyBytes=131072",
    )  # fmt: skip
    assert done.returncode == 0, done
    notes = done.stderr.splitlines()
    assert [note[:13] for note in notes] == ["setup: note: "] * 3, notes
    for note, text in zip(notes, ("FcgidIOTimeout", "FcgidMaxRequestLen", dead + "/probe gives no answer")):
        assert text in note
    # The near miss.
    done = site.setup(
        "--http-base-url", site.host.http, "--set", "Server:RequestTimeoutSeconds=39",
        "--set", "Server:MaxBodyBytes=131071",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "words,text",
    [
        (["--db-password", "x"], "for all to see"),
        (["--frob", "x"], "no such option: --frob"),
        (["--tenant"], "--tenant needs a value"),
        (["--set", "Server"], "expected SECTION:KEY=VALUE"),
        (["--tenant", "a\nb"], "control character"),
    ],
)
def test_wrong_use_is_told(bare, words, text):
    done = bare.setup(*words)
    assert done.returncode == 64 and text in done.stderr, done


def test_the_password_is_in_no_command_line(new_site):
    """Every process of the account is looked at as fast as can be while setup runs."""
    site = new_site()
    argv = site.account.argv(site.setup_program, *site.answers())
    seen = set()
    with subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=site.environment()
    ) as running:
        while running.poll() is None:
            for name in os.listdir("/proc"):
                if name.isdigit():
                    for what in ("cmdline", "environ"):
                        try:
                            with open(f"/proc/{name}/{what}", "rb") as file:
                                seen.add(file.read())
                        except (FileNotFoundError, ProcessLookupError, PermissionError):
                            pass
    assert running.returncode == 0
    text = b"\n".join(seen)
    assert b"check-config" in text and b"migrate" in text
    assert site.password.encode() not in text


def test_anothers_htaccess_is_left_alone(new_site):
    site = new_site()
    path = site.account.write(os.path.join(site.host.web_root, ".htaccess"), "Options -Indexes\n", 0o644)
    done = site.setup(*site.answers())
    assert done.returncode == 1 and "a .htaccess of something else" in done.stderr
    with open(path, encoding="ascii") as file:
        assert file.read() == "Options -Indexes\n"


def test_a_library_that_the_host_lacks_is_named_and_can_be_brought(new_site):
    site = new_site()
    with open(process.certwright(), "rb") as file:
        program = file.read()
    assert program.count(b"libjson-c.so.5\0") == 1
    site.account.write("bin/certwright", program.replace(b"libjson-c.so.5\0", b"libjson-x.so.5\0"), 0o755)
    done = site.setup(*site.answers())
    assert done.returncode == 1 and "lacks libraries that it needs: libjson-x.so.5. " in done.stderr, done
    ldd = subprocess.run(["ldd", process.certwright()], capture_output=True, text=True, check=True).stdout
    library = re.search(r"libjson-c\.so\.5 => (\S+)", ldd)[1]
    site.account.make_folder(".certwright")
    site.account.make_folder(".certwright/lib")
    site.account.bring(library, ".certwright/lib/libjson-x.so.5", 0o644)
    done = site.install()
    issued(site, site.host.post_csr(request_der(), site.double.token()))
    assert as_cron(site, cron_line(done.stdout)[2]).returncode == 0


# hosts that permit less, and those that permit too little


def test_a_host_that_permits_only_rewriting(new_site):
    """No CGIPassAuth, SSLOptions, Options: the token comes by mod_rewrite's variable."""
    site = new_site(allow="FileInfo", options="ExecCGI FollowSymLinks")
    done = site.install()
    assert "renewal by client certificate cannot work" in done.stderr
    text = site.account.read("public_html", ".htaccess")
    for line in ("Options +ExecCGI", "Options -Indexes", "SSLOptions ", "CGIPassAuth On"):
        assert f"\n# The host does not permit: {line}" in text and f"\n{line}" not in text
    issued(site, site.host.post_csr(request_der(), site.double.token()))
    assert site.setup().returncode == 0


@pytest.mark.parametrize(
    "choices,text",
    [
        ({"allow": "None"}, "the host does not read .htaccess files"),
        ({"allow": "AuthConfig Options"}, "does not permit RewriteRule and AddHandler"),
        ({"options": "None", "allow": "FileInfo"}, "the host refuses RewriteRule"),
        ({"options": "FollowSymLinks", "allow": "FileInfo"}, "it must permit ExecCGI"),
        ({"fcgid": False}, "it has no mod_fcgid"),
    ],
)
def test_a_host_that_permits_too_little_is_told_and_left_as_it_was(new_site, choices, text):
    site = new_site(**choices)
    site.account.write(os.path.join(site.host.web_root, "index.html"), "mine", 0o644)
    done = site.setup(*site.answers())
    assert done.returncode == 1 and text in done.stderr, done
    assert web_root(site) == ["index.html"]
    assert site.host.get("/index.html").body == b"mine"


def test_tls_that_ends_at_a_proxy(new_site):
    site = new_site(proxied=True)
    done = site.setup(*site.answers())
    assert done.returncode == 1, done
    assert "--set Server:TrustedProxies=127.0.0.1" in done.stderr and web_root(site) == []
    done = site.setup("--set", "Server:TrustedProxies=127.0.0.1")
    assert done.returncode == 0, done
    assert site.host.post_csr(request_der(), site.double.token()).status == 200


def test_a_folder_within_a_site(new_site):
    """Below the account's other pages; the private folder must not lie among them."""
    site = new_site(web_root="site")
    root = site.account.make_folder("site/pki")
    site.account.write("site/index.html", "mine", 0o644)
    site.account.write("site/.htaccess", "RewriteEngine on\nRewriteRule . index.html [L]\n", 0o644)
    urls = {"base_url": site.host.https + "/pki", "http_base_url": site.host.http + "/pki"}
    done = site.setup(*site.answers(web_root=root, folder=site.account.path("site/private"), **urls))
    # The site's own rules hide the folder from this check, and the near miss is where they do not.
    assert done.returncode == 0, done
    shutil.rmtree(site.account.path("site/private"))
    os.unlink(site.account.path("site/.htaccess"))
    for name in os.listdir(root):
        os.unlink(os.path.join(root, name))
    done = site.setup(*site.answers(web_root=root, folder=site.account.path("site/private"), **urls))
    assert done.returncode == 1 and "to everybody" in done.stderr, done
    assert not os.path.exists(site.account.path("site/private")) and os.listdir(root) == []


# asked for, at a terminal


def own_terminal():
    """In the child: standard input is its controlling terminal, so that Ctrl-C is a signal."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """setup at a pseudo-terminal: expect() a text, say() an answer."""

    def __init__(self, site, *options):
        self.master, slave = pty.openpty()
        self.text = ""
        self.at = 0
        argv = site.account.argv(site.setup_program, *options)
        self.process = subprocess.Popen(
            argv, stdin=slave, stdout=slave, stderr=slave, env=site.environment(), cwd=site.account.home,
            preexec_fn=own_terminal,
        )  # fmt: skip
        os.close(slave)

    def expect(self, text, seconds=60):
        end = time.monotonic() + seconds
        while text not in self.text[self.at :]:
            assert time.monotonic() < end and self._read(), f"{text}: {self.text}"
        self.at = self.text.index(text, self.at) + len(text)

    def _read(self):
        if not select.select([self.master], [], [], 1)[0]:
            return True
        try:
            data = os.read(self.master, 4096)
        except OSError:
            return False
        self.text += data.decode(errors="replace").replace("\r\n", "\n")
        return bool(data)

    def say(self, text):
        os.write(self.master, text.encode() + b"\n")

    def talk(self, *turns):
        for question, answer in turns:
            self.expect(question)
            self.say(answer)

    def end(self):
        while self._read() and self.process.poll() is None:
            pass
        while self._read():
            if self.process.poll() is not None and not select.select([self.master], [], [], 0)[0]:
                break
        os.close(self.master)
        return self.process.wait(60)


def test_asked_for_at_a_terminal(new_site):
    """Wrong answers are told and asked for again; what is offered in brackets is taken by Return."""
    site = new_site()
    terminal = Terminal(site, *site.identity_options())
    terminal.talk(
        ("Folder that the web server shows", "/nowhere"),
        ("there is no such folder", ""),
        ("URL of that folder", site.host.http),
        ("expected https://", site.host.https + "/x"),
        ("does not show the files", site.host.https + "//"),
        (f"[{site.host.web_root}]", ""),
        ("Its URL without TLS", site.host.http),
        ("Id of the Entra tenant", "contoso"),
        ("a GUID such as", site.double.tenant),
        ("Id of the application", site.double.application),
        ("(yes/no) [no]", "yes"),
        ("Database host [localhost]", "127.0.0.1"),
        ("Database port [3306]", str(site.mariadb.port)),
        ("Name of the database", site.database),
        (f"Database account [{site.database}]", ""),
        ("password (not shown)", "wr0ng"),
        ("Access denied", ""),
        (f"[{site.mariadb.port}]", ""),
        (f"[{site.database}]", ""),
        (f"[{site.database}]", ""),
        ("password (not shown) [as before]", site.password),
        ("Short name of the new CA", "Bad Name"),
        ("expected at most 32", "example"),
        ("[CN=example]", "CN=A, B=C"),
        ("[p256]", ""),
        ('name "CN=A, B=C"', ""),
        ("[CN=A, B=C]", "CN=Example CA,O=Example"),
        ("[p256]", "p384"),
    )
    terminal.expect(f"certwright is at {site.host.https}.")
    assert terminal.end() == 0, terminal.text
    assert site.password not in terminal.text and "wr0ng" not in terminal.text
    certificate = issued(site, site.host.post_csr(request_der(), site.double.token()))
    assert certificate.issuer.rfc4514_string() == "CN=Example CA,O=Example"
    assert "AllowRenewals = true" in site.account.read(".certwright", "certwright.conf")
    # The second time there is no question left.
    terminal = Terminal(site)
    terminal.expect("it is left as it is")
    assert terminal.end() == 0, terminal.text


def test_ctrl_c_at_a_question_leaves_nothing(bare):
    before = bare.account.tree()
    terminal = Terminal(bare, *bare.answers(db_password_file=None, db_user=bare.database, renewals="no"))
    terminal.expect("password (not shown)")
    os.write(terminal.master, b"half\x03")
    assert terminal.end() != 0
    assert "half" not in terminal.text
    after = bare.account.tree()
    assert {n for n in after if "/host-" not in n} == {n for n in before if "/host-" not in n}


# renewal


def client_files(site, name, certificate, key):
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    return (
        "--cert", site.host.write(f"{name}.pem", pem),
        "--key", site.host.write(f"{name}.key", identity_double.private_pem(key).decode()),
    )  # fmt: skip


def reenroll(site, der, *words, base=None):
    return site.host.get(
        "/.well-known/est/simplereenroll", "-H", "Content-Type: application/pkcs10", *words,
        base=base or site.host.mtls, body=base64.b64encode(der),
    )  # fmt: skip


def renewed(answer):
    """The one certificate of an EST answer: a line of base64, certs-only."""
    assert answer.status == 200, answer
    assert answer.headers["content-type"].split(";")[0] == "application/pkcs7-mime"
    assert re.fullmatch(rb"[A-Za-z0-9+/]+=*", answer.body)
    (certificate,) = pkcs7.load_der_pkcs7_certificates(base64.b64decode(answer.body))
    return certificate


def test_renewing_with_the_old_certificate(site):
    """Twice with the same one: subject and names are the old ones, the key is the request's."""
    old_key, new_key = csr.new_key("p256"), csr.new_key("rsa2048")
    old = issued(site, site.host.post_csr(request_der(private_key=old_key), site.double.token()))
    client = client_files(site, "client", old, old_key)
    for key in (old_key, new_key):
        new = renewed(reenroll(site, csr.make("Contoso", private_key=key), *client))
        assert new.public_key().public_numbers() == key.public_key().public_numbers()
        assert new.subject == old.subject and new.serial_number != old.serial_number
        oid = x509.SubjectAlternativeName
        assert new.extensions.get_extension_for_class(oid) == old.extensions.get_extension_for_class(oid)


def test_no_renewal_without_the_certificate_in_the_handshake(site):
    key = csr.new_key("p256")
    old = issued(site, site.host.post_csr(request_der(private_key=key), site.double.token()))
    client = client_files(site, "client", old, key)
    before = site.rows()
    pem = old.public_bytes(serialization.Encoding.PEM).decode().replace("\n", " ")
    for base, words in (
        (site.host.mtls, ()),
        (site.host.https, client),  # this port does not ask
        (site.host.http, ()),
        (site.host.mtls, ("-H", f"SSL_CLIENT_CERT: {pem}", "-H", "SSL_CLIENT_VERIFY: SUCCESS")),
        (site.host.mtls, ("-H", f"SSL-Client-Cert: {pem}", "-H", "SSL-Client-Verify: SUCCESS")),
        (
            site.host.mtls,
            ("-H", f"Redirect-SSL-Client-Cert: {pem}", "-H", "Redirect-SSL-Client-Verify: SUCCESS"),
        ),
    ):
        answer = reenroll(site, csr.make("a", private_key=key), *words, base=base)
        assert answer.status in (401, 403), (base, words, answer)
    assert site.rows() == before
    # Another CA's certificate does not get through the handshake.
    stranger = client_files(site, "stranger", self_signed(key), key)
    with pytest.raises(CurlFailed):
        reenroll(site, csr.make("a", private_key=key), *stranger)
    assert site.rows() == before
    assert renewed(reenroll(site, csr.make("a", private_key=key), *client)).subject == old.subject


def self_signed(key):
    return identity_double.certificate("device-1", "device-1", key, key, [])
