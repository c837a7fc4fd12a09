"""deploy/quickstart in a fresh tree: the first of the two commands that README names."""

import base64
import fcntl
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from harness import csr, process, quickstart, webserver

ENV = """URL PUBLIC_URL HTTP_URL TLS_CA AUDIENCE TENANT CONFIG SOCKET MASTER_PID DB_SOCKET DB_NAME DB_USER
DB_PID BIN""".split()
CA_KEYS = {
    "rsa2048": lambda key: isinstance(key, rsa.RSAPublicKey) and key.key_size == 2048,
    "rsa3072": lambda key: isinstance(key, rsa.RSAPublicKey) and key.key_size == 3072,
    "rsa4096": lambda key: isinstance(key, rsa.RSAPublicKey) and key.key_size == 4096,
    "p256": lambda key: isinstance(key.curve, ec.SECP256R1),
    "p384": lambda key: isinstance(key.curve, ec.SECP384R1),
    "ed25519": lambda key: isinstance(key, ed25519.Ed25519PublicKey),
}
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
IS_ROOT = os.geteuid() == 0


def certificate(demo, name):
    return x509.load_pem_x509_certificate(demo.read(name))


def verify(demo, leaf="leaf.pem"):
    argv = ["openssl", "verify", "-CAfile", demo.path("ca.pem"), demo.path(leaf)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def enroll(demo, token, body=None, env=None):
    """One request as the issue's scripts make it: curl with what `env` says."""
    env = env or demo.env()
    with open(demo.path("test.header"), "w", encoding="ascii") as file:
        file.write(f"Authorization: Bearer {token}\n")
    return webserver.curl(
        "-H", f"@{file.name}", env["CERTWRIGHT_URL"] + "/api/csr",
        ca_bundle=env["CERTWRIGHT_TLS_CA"], body=body or csr.make("device-1"),
    )  # fmt: skip


def issued(demo, answer):
    assert answer.status == 200, answer
    with open(demo.path("test.pem"), "wb") as file:
        leaf = x509.load_der_x509_certificate(answer.body)
        file.write(leaf.public_bytes(serialization.Encoding.PEM))
    verify(demo, "test.pem")
    return leaf


def payload(token, part=1):
    text = token.split(".")[part]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def row_of(env, leaf):
    """Its row, read by what `env` says and nothing else."""
    fingerprint = leaf.fingerprint(hashes.SHA256()).hex()
    argv = ["mariadb", "--no-defaults", f"--socket={env['CERTWRIGHT_DB_SOCKET']}", "--batch"]
    argv += [f"--user={env['CERTWRIGHT_DB_USER']}", "--skip-column-names", env["CERTWRIGHT_DB_NAME"]]
    argv += ["-e", "SELECT LOWER(HEX(serial)), requester_kind, status FROM certificate"]
    argv[-1] += f" WHERE fingerprint = UNHEX('{fingerprint}')"
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


# up


def test_up_leaves_a_certificate_that_verifies(demo):
    verify(demo)
    assert os.stat(demo.path("leaf.key")).st_mode & 0o777 == 0o600
    key = serialization.load_pem_private_key(demo.read("leaf.key"), None)
    leaf = certificate(demo, "leaf.pem")
    assert leaf.public_key().public_numbers() == key.public_key().public_numbers()
    assert CA_KEYS["p256"](certificate(demo, "ca.pem").public_key())
    serial = f"{leaf.serial_number:032x}"
    assert row_of(demo.env(), leaf) == [serial, "application", "good"]


def test_up_tells_what_it_does_and_shows_what_came_of_it(demo):
    steps = re.findall(r"^==> (\w+)", demo.output, re.M)
    assert len(steps) >= 10 and steps[0] == "packages" and "building" in steps
    assert "Issuer: CN = Certwright Demo CA" in demo.output and "leaf.pem: OK" in demo.output
    serial = f"{certificate(demo, 'leaf.pem').serial_number:032X}"
    assert re.search(rf"^ *serial: {serial}$", demo.output, re.M)
    assert "deploy/quickstart down" in demo.output
    assert ("this is root" in demo.output) == IS_ROOT


def test_what_to_try_next_shows_ocsp_and_the_crl(demo):
    lines = re.findall(r"^  ((?:openssl ocsp|curl .*/crl/).*)$", demo.output, re.M)
    assert len(lines) == 2, demo.output
    script = "set -euo pipefail\n" + demo.run("env").stdout + "\n".join(lines)
    done = subprocess.run(["bash", "-c", script], check=False, timeout=60, **demo.options())
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"leaf\.pem: \w+$", done.stdout, re.M) and "X509v3 CRL Number" in done.stdout
    assert "Response verify OK" in done.stderr


def test_up_leaves_no_secret_readable_and_no_token(demo):
    keys = [demo.path("leaf.key"), demo.path("ca.key"), demo.path("ra-0.key"), demo.path("web/server.key")]
    for path in [demo.folder, demo.run_folder(), *keys]:
        assert os.stat(path).st_mode & 0o077 == 0, path
    for name in ("log/certwright.log", "log/serve.log", "log/enroll.log", "log/lighttpd.log"):
        if os.path.exists(demo.path(name)):
            assert b"eyJ" not in demo.read(name)
    assert not os.path.exists(demo.path("header")) and not os.path.exists(demo.path("token"))
    everything = "".join(quickstart.text_of(pid, "cmdline") for pid in demo.processes())
    assert "eyJ" not in everything


def test_up_leaves_the_tree_clean(tree, demo):
    assert demo.output
    listed = quickstart.with_git(tree, "ls-files", "--others", "--exclude-standard", "-z")
    assert set(listed.split("\0")) - {""} <= set(quickstart.tracked())


def test_up_again_uses_what_is_there(demo):
    names = ("leaf.pem", "leaf.key", "ca.pem", "ra-0.key", "tls-ca.pem", "certwright.conf", "state")
    before = {name: demo.read(name) for name in names}, demo.pids(), demo.env()
    done = demo.up()
    assert ({name: demo.read(name) for name in names}, demo.pids(), demo.env()) == before
    assert "is there and valid" in done.stdout


def test_up_makes_one_ra_certificate_and_another_where_it_is_revoked(new_demo):
    demo = new_demo()
    demo.up()
    command = [demo.env()["CERTWRIGHT_BIN"], "--config", demo.env()["CERTWRIGHT_CONFIG"]]

    def run(*words):
        argv = [command[0], *words, *command[1:]]
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout

    (first,) = json.loads(run("ra", "list", "--json"))
    assert first["usableForIntune"] and first["key"]["uri"] == f"file:{demo.path('ra-0.key')}"
    run("cert", "revoke", first["id"])
    with open(demo.path("ra-1.key"), "w", encoding="ascii") as file:
        file.write("left by an interrupted run")
    assert "RA certificate" in demo.up().stdout
    second, again = json.loads(run("ra", "list", "--json"))
    assert again["id"] == first["id"] and second["usableForIntune"]
    assert "RA certificate" not in demo.up().stdout


def test_two_at_once_are_refused(demo):
    with open(demo.path("lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for command in ("up", "down"):
            assert "another quickstart" in demo.run(command, status=1).stderr
    demo.run("status")


def test_only_loopback_and_unix_sockets_listen(demo):
    assert quickstart.outside_ports() == demo.ports_before
    sockets = set().union(*map(quickstart.sockets_of, demo.processes()))
    ours = [where for inode, where in quickstart.listening().items() if inode in sockets]
    assert len(ours) == 4
    assert all(map(quickstart.is_loopback, ours))
    env = demo.env()
    for name in ("CERTWRIGHT_SOCKET", "CERTWRIGHT_DB_SOCKET"):
        assert len(env[name]) <= 60


@pytest.mark.parametrize(
    "words",
    [
        ("up", "--ca-key", "p521"), ("up", "--https-port", "0"), ("up", "--https-port", "65536"),
        ("up", "--http-port", "x"), ("up", "--http-port", "81", "--https-port", "81"),
        ("up", "--frob", "1"), ("up", "more"), ("down", "--ca-key", "p256"), ("frob",),
        ("double",), ("double", "frob"), ("double", "ok", "slow"), ("status", "--role", "x"),
        ("token", "--role"), ("env", "x"),
    ],
)  # fmt: skip
def test_wrong_usage_ends_with_64(demo, words):
    done = demo.run(*words, status=64)
    assert "quickstart: " in done.stderr and done.stdout == ""


def test_what_runs_is_not_changed_by_other_options(demo):
    assert "another --dir" in demo.up("--ca-key", "p384", status=1).stderr
    assert "run down first" in demo.up("--http-port", "18099", status=1).stderr
    demo.run("status")


# env, token, double


def test_env_says_where_everything_is(demo):
    env = demo.env()
    printed = demo.run("env").stdout.splitlines()
    assert [line.split("=")[0] for line in printed] == [f"CERTWRIGHT_{name}" for name in ENV]
    for name in ("URL", "PUBLIC_URL"):
        assert re.fullmatch(r"https://127\.0\.0\.1:\d+", env[f"CERTWRIGHT_{name}"])
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", env["CERTWRIGHT_HTTP_URL"])
    assert env["CERTWRIGHT_TLS_CA"] == demo.path("tls-ca.pem")
    assert env["CERTWRIGHT_AUDIENCE"].startswith("api://")
    assert GUID.fullmatch(env["CERTWRIGHT_AUDIENCE"][6:]) and GUID.fullmatch(env["CERTWRIGHT_TENANT"])
    for name, program in (("MASTER_PID", "certwright serve"), ("DB_PID", "mariadbd")):
        assert program in quickstart.text_of(env[f"CERTWRIGHT_{name}"], "cmdline")
    for name in ("SOCKET", "DB_SOCKET"):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(env[f"CERTWRIGHT_{name}"])
    argv = [env["CERTWRIGHT_BIN"], "check-config", "--config", env["CERTWRIGHT_CONFIG"]]
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    for name in ("URL", "PUBLIC_URL", "HTTP_URL"):
        probe = webserver.curl(env[f"CERTWRIGHT_{name}"] + "/probe", ca_bundle=env["CERTWRIGHT_TLS_CA"])
        assert probe.json() == {"status": "ok", "failed": []}


@pytest.mark.parametrize("form", [bytes, csr.pem])
def test_curl_enrolls_with_what_env_and_token_print(demo, form):
    leaf = issued(demo, enroll(demo, demo.token(), form(csr.make("device-2"))))
    assert leaf.subject.rfc4514_string() == "CN=device-2"
    env = demo.env()
    aia = leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    urls = [a.access_location.value for a in aia if a.access_method == x509.OID_CA_ISSUERS]
    assert urls == [env["CERTWRIGHT_URL"] + "/ca/demo-1", env["CERTWRIGHT_HTTP_URL"] + "/ca/demo-1"]
    for url in urls:
        issuer = x509.load_der_x509_certificate(webserver.curl(url, ca_bundle=env["CERTWRIGHT_TLS_CA"]).body)
        assert issuer == certificate(demo, "ca.pem")


USER = ("--user", "ada@example.com", "--oid", "11111111-2222-4333-8444-555555555555")


def test_a_token_says_what_was_asked(demo):
    env, now = demo.env(), time.time()
    plain = payload(demo.token())
    guid = env["CERTWRIGHT_AUDIENCE"][6:]
    assert (plain["ver"], plain["aud"], plain["tid"]) == ("2.0", guid, env["CERTWRIGHT_TENANT"])
    assert plain["roles"] == ["CSR.Request.Db"] and plain["idtyp"] == "app"
    assert abs(plain["exp"] - now - 3600) < 30
    first = payload(demo.token("--version", "1", "--role", "A", "--role", "B", "--expires", "60"))
    assert (first["ver"], first["aud"], first["roles"]) == ("1.0", env["CERTWRIGHT_AUDIENCE"], ["A", "B"])
    assert abs(first["exp"] - now - 60) < 30
    user = payload(demo.token(*USER))
    assert (user["upn"], user["oid"], user["roles"]) == (USER[1], USER[3], ["CSR.Request.Db"])
    assert user["scp"] and "idtyp" not in user
    changed = payload(demo.token("--claim", 'aud="x"', "--claim", "iat=null", "--claim", 'n={"a":[1]}'))
    assert changed["aud"] == "x" and "iat" not in changed and changed["n"] == {"a": [1]}
    assert demo.run("token", "--claim", "aud", status=None).returncode not in (0, 1)
    assert demo.run("token", "--claim", "aud=x", status=None).returncode not in (0, 1)


SELF_SERVICE = ("--role", "CSR.SelfService", *USER)


@pytest.mark.parametrize(
    "words,status,code",
    [
        (("--version", "1"), 200, None),
        (("--version", "1", "--claim", "aud=GUID"), 200, None),
        (("--claim", "aud=API"), 401, 4010),
        (("--claim", 'aud="00000003-0000-0000-c000-000000000000"'), 401, 4010),
        (("--claim", "idtyp=null"), 200, None),
        (("--claim", "tid=null"), 401, 4010),
        (("--claim", "exp=null"), 401, 4010),
        (("--expires", "30"), 200, None),
        (("--expires", "-400"), 401, 4010),
        (("--role", "Other", "--role", "CSR.Request.Db"), 200, None),
        (("--role", "Other"), 403, 4030),
        (("--claim", "roles=null"), 403, 4030),
        (SELF_SERVICE, 200, None),
        ((*SELF_SERVICE, "--version", "1"), 200, None),
        (("--role", "CSR.Request.Db", *USER), 403, 4030),
    ],
)  # fmt: skip
def test_a_token_enrolls_or_is_refused(demo, words, status, code):
    env = demo.env()
    names = {"aud=GUID": json.dumps(env["CERTWRIGHT_AUDIENCE"][6:]), "aud=API": json.dumps(env["CERTWRIGHT_AUDIENCE"])}
    words = [f"aud={names[word]}" if word in names else word for word in words]
    answer = enroll(demo, demo.token(*words), csr.make(USER[1] if "--user" in words else "device-3"), env)
    assert (answer.status, answer.code() if code else None) == (status, code), answer
    if status == 200:
        kind = "user" if "--user" in words else "application"
        assert row_of(env, issued(demo, answer))[1] == kind


@pytest.fixture(name="switched")
def fixture_switched(demo):
    yield demo
    demo.run("double", "ok")


def fetch(demo, *words, document="v2.0/.well-known/openid-configuration"):
    settings = json.loads(demo.read("double/double.json"))
    url = f"https://127.0.0.1:{settings['port']}/{settings['tenant']}/{document}"
    return webserver.curl(*words, url, ca_bundle=demo.path("double/ca.pem"), timeout=3)


def test_the_double_behaves_and_misbehaves(switched):
    assert fetch(switched).json()["issuer"].endswith("/v2.0")
    for mode, words, status in (("slow", (), 28), ("huge", ("--max-filesize", "9999999"), 63), ("down", (), None)):
        switched.run("double", mode)
        with pytest.raises(webserver.CurlFailed) as failure:
            fetch(switched, *words)
        assert status is None or f"curl {status}:" in str(failure.value)
    switched.run("double", "wrong-type")
    assert fetch(switched).headers["content-type"].startswith("text/html")
    # Cached keys go on working meanwhile, and up puts it right.
    issued(switched, enroll(switched, switched.token()))
    switched.up()
    assert fetch(switched).json()["issuer"].endswith("/v2.0")


def test_the_double_counts_rounds_of_fetching(demo):
    def count():
        text = demo.run("double", "count").stdout
        assert re.fullmatch(r"\d+\n", text)
        return int(text)

    before = count()
    assert before >= 1
    for document in ("v2.0/.well-known/openid-configuration", "discovery/v2.0/keys"):
        for _ in range(3):
            fetch(demo, document=document)
    assert 0 < count() - before <= 3


def test_a_rotated_key_works_and_settings_of_the_user_s_stay(demo):
    env = demo.env()
    master = int(env["CERTWRIGHT_MASTER_PID"])
    settings = demo.read("certwright.conf")
    settings = settings.replace(b"[AuthConfig]\n", b"[AuthConfig]\nUnknownKidRefreshSeconds = 1\n")
    with open(env["CERTWRIGHT_CONFIG"], "wb") as file:
        file.write(settings)
    os.kill(master, signal.SIGHUP)
    old = demo.token()
    assert demo.run("double", "rotate").stdout == ""
    new = demo.token()
    kids = {key["kid"] for key in fetch(demo, document="discovery/v2.0/keys").json()["keys"]}
    assert {payload(old, 0)["kid"], payload(new, 0)["kid"]} <= kids
    assert payload(old, 0)["kid"] != payload(new, 0)["kid"]
    process.wait_until(lambda: enroll(demo, new, env=env).status == 200, 10, "the new key")
    issued(demo, enroll(demo, old, env=env))
    demo.up()
    assert demo.read("certwright.conf") == settings
    assert demo.env() == env


# status, ports, down


def test_status_and_up_when_a_part_is_gone(new_demo):
    demo = new_demo()
    demo.run("env", status=3)
    assert demo.run("status", status=3).stdout.count("down") == 4
    assert demo.run("down").returncode == 0
    demo.up("--ca-key", "ed25519")
    pids = demo.pids()
    assert demo.run("status").stdout.count("up, process") == 4
    demo.remember()
    os.kill(pids["serve"], signal.SIGKILL)
    process.wait_until(lambda: "serve: down" in demo.run("status", status=None).stdout, 5, "down")
    assert demo.run("status", status=4).stdout.count("up, process") == 3
    assert demo.env()["CERTWRIGHT_MASTER_PID"] == ""
    demo.up()
    again = demo.pids()
    assert again.pop("serve") != pids.pop("serve") and again == pids
    assert CA_KEYS["ed25519"](certificate(demo, "ca.pem").public_key())
    issued(demo, enroll(demo, demo.token()))
    before, folder = {n: demo.read(n) for n in ("leaf.pem", "ca.pem")}, demo.run_folder()
    # What was put away must be ended as well when the leader is gone.
    os.kill(demo.pids()["web"], signal.SIGKILL)
    demo.down()
    demo.assert_nothing_left()
    assert not os.path.exists(folder)
    demo.down()
    demo.run("status", status=3)
    demo.up()
    assert {n: demo.read(n) for n in before} == before
    issued(demo, enroll(demo, demo.token()))


@pytest.mark.parametrize("kind", [kind for kind in CA_KEYS if kind not in ("p256", "ed25519")])
def test_each_type_of_ca_key(new_demo, kind):
    demo = new_demo()
    before = quickstart.outside_ports()
    demo.up(f"--ca-key={kind}")
    verify(demo)
    assert CA_KEYS[kind](certificate(demo, "ca.pem").public_key())
    assert quickstart.outside_ports() == before
    demo.down()
    demo.assert_nothing_left()
    assert quickstart.outside_ports() == before


def listen(port=0):
    """A port of loopback that is taken, by us where nobody else has it."""
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind(("127.0.0.1", port))
        taken.listen()
    except OSError:
        return taken, port
    return taken, taken.getsockname()[1]


def test_a_taken_port_leads_to_another_unless_it_was_asked_for(new_demo):
    demo = new_demo()
    held, port = listen()
    done = demo.up("--https-port", str(port), status=1)
    assert f"port {port} is taken" in done.stderr
    demo.assert_nothing_left()
    usual = [listen(8443), listen(8080)]
    free = webserver.free_port()
    done = demo.up("--http-port", str(free))
    env = demo.env()
    assert env["CERTWRIGHT_HTTP_URL"] == f"http://127.0.0.1:{free}"
    assert "port 8443 is taken" in done.stdout and "8443" not in env["CERTWRIGHT_URL"]
    assert webserver.curl(env["CERTWRIGHT_HTTP_URL"] + "/probe").status == 200
    for taken, _ in [(held, port), *usual]:
        taken.close()


def test_an_unprivileged_user_can_run_it(new_demo, demo):
    """As root this becomes nobody; else all tests show it, and this is one more."""
    user = "nobody" if IS_ROOT else None
    other = new_demo(user=user, build=None)
    os.mkdir(other.folder)
    subprocess.run(["cp", "-a", demo.path("build"), other.path("build")], check=True)
    if user:
        who = pwd.getpwnam(user)
        above = os.path.dirname(other.folder)
        subprocess.run(["chown", "-R", f"{who.pw_uid}:{who.pw_gid}", above], check=True)
    done = other.up()
    assert "this is root" not in done.stdout
    verify(other)
    uid = pwd.getpwnam(user).pw_uid if user else os.geteuid()
    assert {os.stat(f"/proc/{pid}").st_uid for pid in other.processes()} == {uid}
    assert os.stat(other.run_folder()).st_uid == uid
    issued(other, enroll(other, other.token(*SELF_SERVICE), csr.make(USER[1])))
    other.down()
    other.assert_nothing_left()


# failures


def test_a_build_that_breaks_ends_it_with_the_log(new_demo, demo, tree):
    other = new_demo(build=None)
    os.mkdir(other.folder)
    subprocess.run(["cp", "-a", demo.path("build"), other.path("build")], check=True)
    source = os.path.join(tree, "src", "main.c")
    shutil.copy2(source, source + ".kept")
    try:
        with open(source, "a", encoding="utf-8") as file:
            file.write("#error broken on purpose\n")
        done = other.up(status=2)
    finally:
        os.replace(source + ".kept", source)
    assert "#error broken on purpose" in done.stderr and "build.log" in done.stderr
    assert "nothing that it started still runs" in done.stderr
    other.assert_nothing_left()


def test_a_database_that_cannot_start_ends_it_with_the_log(new_demo):
    demo = new_demo()
    os.makedirs(demo.path("db/data"))
    with open(demo.path("db/made"), "w", encoding="ascii"):
        pass
    done = demo.up(status=1)
    assert "db ended before it was ready" in done.stderr
    assert "log/db.log" in done.stderr and "[ERROR]" in done.stderr
    demo.assert_nothing_left()


def test_a_late_fault_ends_what_was_started(new_demo):
    demo = new_demo()
    demo.up()
    demo.down()
    folder, good = demo.run_folder(), demo.read("certwright.conf")
    with open(demo.path("certwright.conf"), "ab") as file:
        file.write(b"Frob = 1\n")
    done = demo.up(status=78)
    assert "certwright.conf" in done.stderr and "Frob" in done.stderr
    assert "==> identity double" in done.stdout
    demo.assert_nothing_left()
    # Other ports need other settings; what the user wrote is put aside.
    done = demo.up("--http-port", str(webserver.free_port()))
    assert "certwright.conf.old" in done.stdout
    assert demo.read("certwright.conf.old") == good + b"Frob = 1\n"
    assert demo.run_folder() == folder
    # What a run leaves that is killed when it knows the new settings and has not put them in force.
    demo.down()
    current = demo.read("certwright.conf")
    for name in ("certwright.conf", "var/quickstart.conf.used"):
        with open(demo.path(name), "wb") as file:
            file.write(good)
    assert "yours are in" not in demo.up().stdout
    assert demo.read("certwright.conf") == current != good


@pytest.mark.parametrize("last", ["==> packages", "==> identity double"])
def test_a_reader_that_goes_away_ends_what_was_started(new_demo, last):
    demo = new_demo()
    running = demo.begin("up")
    for line in running.stdout:
        if line.startswith(last):
            break
    running.stdout.close()
    errors = running.stderr.read()
    assert running.wait(timeout=90) in (1, 128 + signal.SIGPIPE), errors
    assert "nothing that it started still runs" in errors
    demo.assert_nothing_left()


def test_down_ends_all_though_its_reader_goes_away(new_demo):
    demo = new_demo()
    demo.up()
    demo.remember()
    running = demo.begin("down")
    running.stdout.readline()
    running.stdout.close()
    assert running.stderr.read() == ""
    assert running.wait(timeout=90) == 0
    demo.assert_nothing_left()


@pytest.mark.parametrize("number,service", [(signal.SIGTERM, "db"), (signal.SIGINT, "serve")])
def test_a_signal_ends_what_was_started(new_demo, number, service):
    demo = new_demo()
    running = demo.begin("up")
    process.wait_until(
        lambda: service in demo.pids() or running.poll() is not None, 60, f"{service} is started"
    )
    demo.remember()
    # As a terminal's Ctrl-C, which all of the foreground's processes get.
    os.killpg(running.pid, number)
    _, errors = running.communicate(timeout=90)
    assert running.returncode == 128 + number, errors
    assert "nothing that it started still runs" in errors
    demo.assert_nothing_left()


# packages


@pytest.fixture(name="bare_path")
def fixture_bare_path():
    """A PATH without sudo, where dpkg-query knows of no package but what a file says."""
    folder = process.short_folder("cwpath")
    for where in ("/usr/sbin", "/sbin", "/usr/bin", "/bin"):
        for name in os.listdir(where):
            if name not in ("sudo", "dpkg-query") and not os.path.lexists(os.path.join(folder, name)):
                os.symlink(os.path.join(where, name), os.path.join(folder, name))
    with open(os.path.join(folder, "dpkg-query"), "w", encoding="ascii") as file:
        file.write('#!/bin/sh\n[ "$4" = lighttpd ] || echo installed\n')
    os.chmod(file.name, 0o755)
    os.chmod(folder, 0o755)
    return folder


def as_user(demo):
    if IS_ROOT:
        demo.user = "nobody"
        shutil.chown(os.path.dirname(demo.folder), "nobody")
        shutil.chown(demo.folder, "nobody")


def test_missing_packages_are_named_without_root_and_sudo(new_demo, bare_path):
    demo = new_demo()
    as_user(demo)
    done = demo.up(status=1, env={"PATH": bare_path})
    assert re.search(r"^  lighttpd$", done.stderr, re.M)
    assert "mariadb" not in done.stderr
    demo.assert_nothing_left()


def test_missing_packages_are_installed_through_sudo(new_demo, bare_path):
    demo = new_demo()
    as_user(demo)
    with open(os.path.join(bare_path, "sudo"), "w", encoding="ascii") as file:
        file.write('#!/bin/sh\necho "sudo got: $*"\nexit 9\n')
    os.chmod(file.name, 0o755)
    done = demo.up(status=9, env={"PATH": bare_path})
    assert re.search(r"sudo got: -- \S+/deploy/packages-install build quickstart", done.stdout)
    demo.assert_nothing_left()


# the end of the first demo; nothing may come behind


def test_down_leaves_nothing(demo):
    folder = demo.run_folder()
    assert len(demo.processes()) >= 5
    done = demo.down()
    for name in quickstart.SERVICES:
        assert f"ending {name}, " in done.stdout
    demo.assert_nothing_left()
    assert not os.path.exists(folder)
    assert quickstart.outside_ports() == demo.ports_before
    assert os.path.exists(demo.path("leaf.pem"))
    assert demo.down().stdout == ""
