"""
The Debian package's life on one machine under systemd, told in order: `make deb`, install, configure as
README says, enroll, upgrade, remove, purge. And the units: socket, pools, jobs, what they may not do.
"""

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from harness import csr, fcgi, process

SERVICES = ("certwright.service", "certwright-public.service", "certwright-maintain.service")
UNITS = (*SERVICES, "certwright.socket", "certwright-public.socket", "certwright-maintain.timer")
UNIT_FOLDER = os.path.join(process.ROOT, "deploy", "systemd")
CONFIG = "/etc/certwright/certwright.conf"
STATE = "/var/lib/certwright"
KEYRING = f"{STATE}/keyring"
SOCKET = "/run/certwright/fcgi.sock"
PUBLIC_SOCKET = "/run/certwright/public.sock"
DROP_IN = "/run/systemd/system/{}.d/test.conf"
PEOPLE = 1000  # the first user id of people


def text_of(*names):
    with open(os.path.join(process.ROOT, *names), encoding="utf-8") as file:
        return file.read()


def unit_lines(unit):
    """(section, key, value) of every setting of a unit of ours, in order."""
    found, section = [], None
    for line in text_of("deploy", "systemd", unit).splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            found.append((section, *line.split("=", 1)))
    return found


def unit_value(unit, name):
    (value,) = [v for _, key, v in unit_lines(unit) if key == name]
    return value


def readme_block(mark):
    """The indented lines of README around the line that has this text."""
    for block in re.split(r"\n\s*\n", text_of("README.md")):
        if mark in block:
            return "\n".join(line.strip() for line in block.splitlines())
    raise AssertionError(f"README.md has no block with {mark}")


def set_values(text, values):
    """Settings of the file as an administrator changes them: "#Key = default" becomes "Key = value"."""
    for section, keys in values.items():
        head, begin, rest = text.partition(f"[{section}]\n")
        body, mark, tail = rest.partition("\n[")
        for key, value in keys.items():
            body, count = re.subn(rf"^#?{key} =.*$", lambda _, k=key, v=value: f"{k} = {v}", body, flags=re.M)
            assert count == 1, (section, key)
        text = head + begin + body + mark + tail
    return text


def install(machine, package, *options):
    shutil.copy(package, machine.share)
    return machine.run("dpkg", "-i", *options, os.path.join(machine.share, os.path.basename(package)))


def refuse_other_package(machine):
    status = machine.run("dpkg-query", "-W", "-f", "${db:Status-Status}", "certwright", check=False).stdout
    assert status in ("", "not-installed"), f"this system has a certwright of its own ({status})"


def files_named(machine):
    """Paths below the system's folders that have our name, but for what man keeps of pages it showed."""
    argv = ["find", "/etc", "/usr", "/var", "/run", "/lib", "-xdev", "-iname", "*certwright*"]
    found = machine.run(*argv).stdout.splitlines()
    return {path for path in found if not path.startswith("/var/cache/man/")}


def keys(machine):
    """{path: (mode and owner, SHA-256)} of the CA keys."""
    folder = machine.path(f"{STATE}/keys")
    found = {}
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        found[name] = (machine.stat(f"{STATE}/keys/{name}"), digest)
    return found


def enroll(machine, double, name="device", path=SOCKET):
    response = fcgi.request(machine.path(path), "POST", "/api/csr", double.bearer(), csr.make(name))
    assert response.status == 200, (response, machine.journal("certwright.service")[-2000:])
    return x509.load_der_x509_certificate(response.body)


def on_record(machine, certificate):
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex()
    sql = f"SELECT COUNT(*) FROM certwright.certificate WHERE fingerprint = UNHEX('{fingerprint}')"
    return machine.mariadb.value(sql) == "1"


def connects_as(machine, user, path=SOCKET):
    """Whether this account of the machine can open the socket."""
    code = f"import socket; socket.socket(socket.AF_UNIX).connect({path!r})"
    done = machine.run("/usr/bin/python3", "-c", code, user=user, check=False)
    assert done.returncode == 0 or "PermissionError" in done.stderr, done
    return done.returncode == 0


class Requests:
    """Requests one after the other, from before `with` ends its body's work until after it."""

    def __init__(self, machine, double):
        self.machine, self.double = machine, double
        self.statuses, self.ending, self.began = [], False, threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        body, headers = csr.make("meanwhile"), self.double.bearer()
        while not self.ending:
            try:
                done = fcgi.request(self.machine.path(SOCKET), "POST", "/api/csr", headers, body)
                self.statuses.append(done.status if done.complete else "cut")
            except OSError as error:
                self.statuses.append(repr(error))
            self.began.set()

    def __enter__(self):
        self.thread.start()
        assert self.began.wait(30)
        return self

    def __exit__(self, *_):
        answered = len(self.statuses)
        process.wait_until(lambda: len(self.statuses) > answered + 1, 30, "a request after the change")
        self.ending = True
        self.thread.join(60)


# -- the units and the package themselves


def test_the_build_group_is_what_the_package_needs_to_be_built():
    listed = text_of("deploy", "packages").splitlines()
    group = [line.split()[1] for line in listed if line.startswith("build\t")]
    fields = re.split(r"\n(?=\S)", text_of("deploy", "debian", "control").split("\n\n")[0])
    (field,) = [f for f in fields if f.startswith("Build-Depends:")]
    needed = [name.split()[0] for name in field.partition(":")[2].split(",") if name.strip()]
    argv = ["dpkg-query", "-W", "-f", "${Depends}", "build-essential"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    always = {word.split()[0] for word in re.split("[,|]", done.stdout)}
    assert set(needed) == set(group) - always | {"debhelper-compat"}


def test_services_are_hardened_alike():
    def hardening(unit):
        lines = unit_lines(unit)
        at = lines.index(("Service", "NoNewPrivileges", "yes"))
        return [line for line in lines[at:] if line[0] == "Service"]

    assert len(hardening(SERVICES[0])) > 25
    assert hardening(SERVICES[1]) == hardening(SERVICES[0])
    assert hardening(SERVICES[2]) == hardening(SERVICES[0])


def test_a_stop_leaves_more_time_than_a_request_may_take():
    default = re.search(r"^#RequestTimeoutSeconds = (\d+)$", text_of("deploy", "certwright.conf"), re.M)[1]
    for unit in SERVICES[:2]:
        assert int(unit_value(unit, "TimeoutStopSec")) > int(default) + 10


@pytest.mark.parametrize("unit", SERVICES)
def test_exposure_is_below_the_threshold(unit):
    argv = ["systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=25"]
    done = subprocess.run([*argv, os.path.join(UNIT_FOLDER, unit)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Overall exposure level" in done.stdout


def test_lintian_finds_no_error(packages):
    argv = ["lintian", "--fail-on", "error", packages.first]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_package_holds_program_units_samples_and_pages(packages):
    done = subprocess.run(["dpkg-deb", "-c", packages.first], capture_output=True, text=True, check=True)
    lines = [line.split(None, 5) for line in done.stdout.splitlines()]
    modes = {line[5].removeprefix(".").split(" -> ")[0]: line[0] for line in lines}
    assert {line[1] for line in lines} == {"root/root"}
    assert modes["/usr/sbin/certwright"] == "-rwxr-xr-x"
    assert modes[CONFIG] == "-rw-r--r--"
    units = {os.path.basename(path) for path in modes if "/lib/systemd/system/" in path} - {""}
    assert units == set(os.listdir(UNIT_FOLDER)) == set(UNITS)
    for page in os.listdir(os.path.join(process.ROOT, "man")):
        # The description of the routes is in the program, which serves it.
        if page == "openapi.yaml":
            continue
        assert f"/usr/share/man/man{page[-1]}/{page}.gz" in modes
    samples = "/usr/share/doc/certwright/examples"
    assert f"{samples}/grants.sql" in modes
    for path in ("/usr/bin/certwright-renew", f"{samples}/certwright-staple"):
        assert modes[path] == "-rwxr-xr-x"
    for folder in ("apache", "lighttpd", "nginx", "shared-hosting"):
        for where, _, names in os.walk(os.path.join(process.ROOT, "deploy", folder)):
            for name in names:
                path = os.path.join(where, name)
                packed = f"{samples}/{os.path.relpath(path, os.path.join(process.ROOT, 'deploy'))}"
                assert ("x" in modes[packed]) == os.access(path, os.X_OK), packed
    allowed = ("/etc/certwright/", "/lib/systemd/", "/usr/lib/systemd/", "/usr/share/doc/certwright/",
               "/usr/share/man/", "/usr/share/lintian/", "/usr/sbin/", "/usr/bin/")
    assert [p for p in modes if not p.endswith("/") and not p.startswith(allowed)] == []


# -- install


def test_installing_asks_nothing_and_starts_nothing(machine, packages):
    refuse_other_package(machine)
    machine.named_before = files_named(machine)
    machine.accounts_before = set(machine.accounts())
    assert "certwright" not in machine.accounts_before
    install(machine, packages.first)
    account = machine.accounts()["certwright"]
    assert 0 < int(account[2]) < PEOPLE and account[5:] == [STATE, "/usr/sbin/nologin"]
    assert machine.stat(STATE) == ("711", "certwright", "certwright")
    assert machine.stat("/etc/certwright") == ("755", "root", "root")
    assert machine.stat(CONFIG) == ("644", "root", "root")
    for unit in UNITS:
        assert machine.show(unit, "ActiveState") == "inactive", unit
        wanted = "static" if unit == "certwright-maintain.service" else "disabled"
        assert machine.run("systemctl", "is-enabled", unit, check=False).stdout.strip() == wanted
    assert machine.processes_of(account[2]) == []
    assert not machine.exists("/run/certwright")


def test_systemd_finds_no_fault_in_the_units(machine):
    folder = os.path.dirname(machine.show("certwright.service", "FragmentPath"))
    done = machine.run("systemd-analyze", "verify", *(os.path.join(folder, unit) for unit in UNITS))
    assert done.stdout + done.stderr == ""


def test_it_is_configured_as_readme_says(machine, mariadb, double):
    machine.mariadb = mariadb
    mariadb.sql(readme_block("CREATE DATABASE certwright"))
    # Root's, and to be read by the service: neither a key nor a secret.
    with open(double.ca_bundle, encoding="utf-8") as file:
        machine.write("/etc/certwright/identity-ca.pem", file.read())
    values = {
        "DbCSRValidation": {"Enabled": "true"},
        "AuthConfig": {
            "TenantId": double.tenant,
            "ApplicationId": double.application,
            "AuthorityHost": double.host,
            "CaBundle": "/etc/certwright/identity-ca.pem",
        },
        "Server": {"BaseUrl": "https://ca.example.org", "HttpBaseUrl": "http://ca.example.org"},
        "Keys": {"KeyringFile": KEYRING},
    }
    machine.write(CONFIG, set_values(machine.read(CONFIG), values))
    machine.run("sh", "-euc", readme_block("runuser -u certwright -- certwright check-config"))
    (key,) = keys(machine).values()
    assert key[0] == machine.stat(KEYRING) == ("600", "certwright", "certwright")
    assert "BEGIN CERTIFICATE" in machine.read("/etc/certwright/clients.pem")
    (command,) = re.findall(r"`(certwright ra create [^`]+)`", text_of("README.md"))
    made = machine.run("runuser", "-u", "certwright", "--", *command.split()).stdout
    machine.ra = re.search(r"SCEP profiles name it by (\S+)\.$", made, re.M)[1]


# -- run


def test_systemd_socket_activate_passes_the_listener_as_descriptor_0(machine, double):
    """By hand: no systemd, but the very command of the unit, as its account."""
    path = "/run/by-hand.sock"
    account = unit_value("certwright.service", "User")
    command = shlex.split(unit_value("certwright.service", "ExecStart"))
    drop = ["setpriv", f"--reuid={account}", f"--regid={account}", "--init-groups", "--"]
    argv = machine.enter("systemd-socket-activate", "--inetd", "-l", path, *drop, *command)
    log = os.path.join(machine.folder, "by-hand.log")
    activate = process.Process(argv, log)
    try:
        process.wait_until(lambda: machine.exists(path), 10, "the socket")
        enroll(machine, double, path=path)
        said = activate.log()
        assert re.search('event=start .*socket="descriptor 0"', said), said
    finally:
        activate.stop()
    machine.run("rm", "-f", path)


def test_the_socket_is_descriptor_0_and_the_web_servers_alone(machine, double):
    # For these tests what the filter of system calls forbids ends the process, lest it go unseen.
    for unit in SERVICES:
        machine.run("mkdir", "-p", os.path.dirname(DROP_IN.format(unit)))
        machine.write(DROP_IN.format(unit), "[Service]\nSystemCallErrorNumber=kill\n")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "certwright.socket")
    assert not machine.is_active("certwright.service")
    assert machine.stat(SOCKET) == ("600", "www-data", "www-data")
    assert not connects_as(machine, "daemon")
    assert not connects_as(machine, "certwright")
    # The first connection starts the service.
    assert connects_as(machine, "www-data")
    certificate = enroll(machine, double)
    assert on_record(machine, certificate)
    assert machine.is_active("certwright.service")
    assert 'socket="descriptor 0"' in machine.journal("certwright.service")
    master = machine.main_pid("certwright.service")
    listening = os.readlink(f"/proc/{master}/fd/0")
    with open(f"/proc/{machine.pid}/net/unix", encoding="ascii") as file:
        (line,) = [line.split() for line in file if line.endswith(f" {SOCKET}\n")]
    assert listening == f"socket:[{line[6]}]"
    assert os.readlink(f"/proc/{master}/fd/1") != listening


def test_the_service_has_no_rights_to_spare(machine):
    uid = machine.accounts()["certwright"][2]
    master = machine.main_pid("certwright.service")
    workers = process.children(master)
    assert len(workers) == 8
    seen = machine.processes()
    for pid in (master, *workers):
        fields = seen[pid]
        assert set(fields["Uid"].split()) == {uid}
        assert fields["NoNewPrivs"] == "1" and fields["Seccomp"] == "2" and fields["Umask"] == "0077"
        for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(fields[name], 16) == 0, (pid, name)
        with open(f"/proc/{pid}/limits", encoding="ascii") as file:
            assert re.search(r"^Max core file size +0 +0 ", file.read(), re.M)
    # Not even root, where the account's own permissions do not count.
    touched = {}
    for path in (STATE, "/etc", "/usr", "/var", "/home", "/dev"):
        argv = ["nsenter", f"--target={master}", "--mount", "--root", "touch", f"{path}/.touched"]
        touched[path] = subprocess.run(argv, capture_output=True, check=False).returncode == 0
    assert [path for path, done in touched.items() if done] == [STATE]
    machine.run("rm", f"{STATE}/.touched")


def test_it_is_managed_with_the_account_and_rights_of_readme(machine, double):
    """Sealing with the keyring, and every kind of change in the database."""
    headers = {**double.bearer(double.token(["Admin.Full"])), "Content-Type": "application/json"}

    def ask(method, path, status, body=None):
        data = b"" if body is None else json.dumps(body).encode()
        answer = fcgi.request(machine.path(SOCKET), method, path, headers, data)
        assert answer.status == status, (answer, machine.journal("certwright.service")[-2000:])
        return answer.json() if answer.body else None

    profiles = "/api/v1/scepProfiles"
    made = ask("POST", profiles, 201, {"name": "a", "caCertificateUuid": machine.ra, "challengePassword": "x"})
    assert made["enableChallengePassword"] is True
    ask("PATCH", f"{profiles}/{made['uuid']}/enable", 204)
    (profile,) = ask("GET", "/api/v1/raProfiles", 200)
    scep = f"/api/v1/authorities/{profile['authorityInstanceUuid']}/raProfiles/{profile['uuid']}/protocols/scep"
    ask("PATCH", f"{scep}/activate/{made['uuid']}", 200, {"issueCertificateAttributes": []})
    assert ask("DELETE", f"{profiles}/delete/force", 200, [made["uuid"]]) == []
    group = ask("POST", "/api/v1/groups", 201, {"name": "g"})
    serial = f"{enroll(machine, double, 'managed').serial_number:032x}"
    (item,) = ask("GET", f"/api/manage/search?searchText={serial}", 200)["items"]
    ask("PATCH", f"/api/manage/revoke/{item['serialNumber']}", 200, {"revocationReason": 4, "revoker": "me"})
    ask("DELETE", f"/api/v1/groups/{group['uuid']}", 204)


def test_the_public_pool_is_another(machine):
    machine.run("systemctl", "start", "certwright-public.service")
    assert machine.stat(PUBLIC_SOCKET) == ("600", "www-data", "www-data")
    for path in ("/ca/example-1", "/probe"):
        response = fcgi.request(machine.path(PUBLIC_SOCKET), "GET", path, https=False)
        assert response.status == 200, response
    master = machine.main_pid("certwright-public.service")
    assert master != machine.main_pid("certwright.service")
    assert len(process.children(master)) == 2
    assert 'workers=2 socket="descriptor 0"' in machine.journal("certwright-public.service")


def test_the_web_server_reads_crls_and_nothing_else(machine):
    """README's `certwright maintain` has made them; the units have the same umask."""
    machine.run("rm", "-r", f"{STATE}/crl")
    machine.run("systemctl", "start", "certwright-maintain.service")
    assert machine.stat(f"{STATE}/crl") == ("755", "certwright", "certwright")
    as_web = ("runuser", "-u", "www-data", "--")
    assert "BEGIN X509 CRL" in machine.run(*as_web, "cat", f"{STATE}/crl/example-1.crl.pem").stdout
    for name in ("", "identity-keys.json", "keys/example-1.key", "crl/.lock"):
        done = machine.run(*as_web, "cat" if name else "ls", f"{STATE}/{name}", check=False)
        assert done.returncode != 0 and "Permission denied" in done.stderr, name


def test_the_timer_runs_the_jobs(machine):
    machine.run("rm", f"{STATE}/identity-keys.json")
    machine.run("systemctl", "start", "certwright-maintain.service")
    assert machine.show("certwright-maintain.service", "Result") == "success"
    assert machine.stat(f"{STATE}/identity-keys.json")[1:] == ("certwright", "certwright")
    machine.run("systemctl", "enable", "--now", "certwright-maintain.timer")
    assert machine.show("certwright-maintain.timer", "Unit") == "certwright-maintain.service"
    assert machine.show("certwright-maintain.timer", "NextElapseUSecRealtime") != ""


def test_what_the_filter_forbids_was_never_called(machine):
    """A worker that had been ended for it would have been replaced."""
    for unit in SERVICES[:2]:
        assert "worker_died" not in machine.journal(unit)
        assert machine.show(unit, "NRestarts") == "0"
    for unit in SERVICES:
        machine.run("rm", "-r", os.path.dirname(DROP_IN.format(unit)))
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", *SERVICES[:2])


def test_reload_keeps_the_master(machine, double):
    master = machine.main_pid("certwright.service")
    machine.run("systemctl", "reload", "certwright.service")
    process.wait_until(lambda: "event=reloaded" in machine.journal("certwright.service"), 30, "the reload")
    assert machine.main_pid("certwright.service") == master
    enroll(machine, double)


def test_a_master_that_was_killed_is_started_again_and_no_request_is_lost(machine, double):
    master = machine.main_pid("certwright.service")
    os.kill(master, 9)
    enroll(machine, double)
    assert machine.main_pid("certwright.service") != master
    assert machine.show("certwright.service", "NRestarts") == "1"


def test_a_wrong_setting_is_not_tried_again_and_again(machine, double):
    good = machine.read(CONFIG)
    machine.write(CONFIG, good.replace("ValidityPeriodDays = 730", "ValidityPeriodDays = long"))
    machine.run("systemctl", "restart", "certwright.service", check=False)
    process.wait_until(
        lambda: machine.show("certwright.service", "ActiveState") == "failed", 30, "the failure"
    )
    assert machine.show("certwright.service", "ExecMainStatus") == "78"
    assert machine.show("certwright.service", "NRestarts") == "0"
    assert machine.show("certwright.service", "SubState") == "failed"
    # Each connection is one more try; after some the socket fails too, and web servers are refused.
    connects_as(machine, "www-data")
    process.wait_until(
        lambda: machine.show("certwright.socket", "ActiveState") == "failed", 30, "the socket's end"
    )
    machine.write(CONFIG, good)
    machine.run("systemctl", "reset-failed")
    machine.run("systemctl", "restart", "certwright.service")
    enroll(machine, double)


# -- upgrade


def test_an_upgrade_with_migrations_leaves_the_former_program_running(machine, double, packages):
    machine.write(CONFIG, machine.read(CONFIG).replace("#Level = info", "Level = debug"))
    machine.run("systemctl", "enable", "certwright.service")
    before = (machine.read(CONFIG), keys(machine), machine.main_pid("certwright.service"))
    machine.certificate = enroll(machine, double, "before the upgrade")
    with Requests(machine, double) as meanwhile:
        said = install(machine, packages.next, "--force-confold").stderr
    assert set(meanwhile.statuses) == {200}
    assert "the former program goes on running" in said
    assert "systemctl restart certwright.service certwright-public.service" in said
    assert (machine.read(CONFIG), keys(machine), machine.main_pid("certwright.service")) == before
    assert machine.read(f"{CONFIG}.dpkg-dist").endswith("# The next.\n")
    version = machine.run("certwright", "--version").stdout
    assert packages.next_version in version
    assert f"version={packages.next_version} " not in machine.journal("certwright.service")


def test_then_migrate_and_restart_change_over(machine, double, packages):
    machine.run("runuser", "-u", "certwright", "--", "certwright", "migrate")
    with Requests(machine, double) as meanwhile:
        machine.run("systemctl", "restart", "certwright.service", "certwright-public.service")
    assert set(meanwhile.statuses) == {200}
    started = f"event=start version={packages.next_version} "
    assert started in machine.journal("certwright.service")
    assert started in machine.journal("certwright-public.service")
    assert on_record(machine, machine.certificate)
    enroll(machine, double, "after the upgrade")


def test_an_upgrade_without_migrations_restarts_and_loses_no_request(machine, double, packages):
    before = {unit: machine.main_pid(unit) for unit in SERVICES[:2]}
    with Requests(machine, double) as meanwhile:
        said = install(machine, packages.next).stderr
    assert set(meanwhile.statuses) == {200} and len(meanwhile.statuses) > 2
    assert "former program" not in said
    for unit, pid in before.items():
        assert machine.main_pid(unit) != pid


def test_an_upgrade_does_not_start_what_is_stopped(machine, packages):
    running = [f"{name}.{kind}" for name in ("certwright", "certwright-public") for kind in ("socket", "service")]
    machine.run("systemctl", "stop", *running)
    assert not machine.exists(SOCKET) and not machine.exists(PUBLIC_SOCKET)
    install(machine, packages.next)
    assert [unit for unit in running if machine.is_active(unit)] == []
    assert machine.run("systemctl", "is-enabled", "certwright.service").stdout.strip() == "enabled"


# -- remove and purge


def test_removing_stops_everything_and_leaves_settings_and_state(machine):
    machine.run("systemctl", "start", "certwright.service", "certwright-public.service")
    before = (machine.read(CONFIG), keys(machine))
    machine.run("dpkg", "-r", "certwright")
    assert machine.processes_of(machine.accounts()["certwright"][2]) == []
    assert [unit for unit in UNITS if machine.show(unit, "ActiveState") not in ("inactive", "")] == []
    assert not machine.exists("/run/certwright") and not machine.exists("/usr/sbin/certwright")
    assert (machine.read(CONFIG), keys(machine)) == before


def test_purging_never_deletes_ca_keys_and_keyring(machine):
    before = keys(machine), machine.read(KEYRING)
    said = machine.run("dpkg", "-P", "certwright").stderr
    assert f"purging keeps {STATE} " in said and f"{STATE}/keys/example-1.key" in said and KEYRING in said
    assert (keys(machine), machine.read(KEYRING)) == before
    assert "certwright" in machine.accounts()
    assert sorted(os.listdir(machine.path(STATE))) == ["keyring", "keys"]
    # What may belong to the keys is there still, the settings are not.
    assert sorted(os.listdir(machine.path("/etc/certwright"))) == ["clients.pem", "identity-ca.pem"]
    left = files_named(machine) - machine.named_before
    assert left == {"/etc/certwright", STATE}


def test_purging_leaves_nothing_where_there_are_no_keys(machine, packages):
    install(machine, packages.first)
    machine.run("runuser", "-u", "certwright", "--", "rm", KEYRING, *(f"{STATE}/keys/{k}" for k in keys(machine)))
    said = machine.run("dpkg", "-P", "certwright").stderr
    assert "purging keeps" not in said
    assert files_named(machine) == machine.named_before
    assert set(machine.accounts()) == machine.accounts_before
    assert "certwright" not in machine.read("/etc/group")


@pytest.mark.parametrize("kind", ["private key", "keyring"])
def test_purging_spares_keys_among_the_settings(machine, packages, kind):
    install(machine, packages.first)
    path = "/etc/certwright/kept"
    if kind == "keyring":
        env = {
            "AppConfig__Server__BaseUrl": "https://ca.example.org",
            "AppConfig__Server__HttpBaseUrl": "http://ca.example.org",
            "AppConfig__Keys__KeyringFile": path,
        }
        machine.run("certwright", "key", "new-secret-key", env=env)
    else:
        # As one that `ca init --key-file` made there; its first line is all that counts.
        machine.write(path, "-----BEGIN PRIVATE " "KEY-----\n", 0o600)
    said = machine.run("dpkg", "-P", "certwright").stderr
    assert "purging keeps /etc/certwright " in said
    assert machine.exists(path) and not machine.exists(CONFIG)
    assert "certwright" in machine.accounts()
    machine.run("rm", path)


def test_the_account_of_an_installation_by_hand_is_taken_over(machine, packages):
    machine.run("rm", "-r", "/etc/certwright")
    machine.run("userdel", "certwright")
    assert not machine.exists(STATE)
    machine.run("sh", "-euc", readme_block("useradd --system").partition("install")[0])
    before = machine.accounts()["certwright"]
    install(machine, packages.first)
    assert machine.accounts()["certwright"] == before
    assert machine.stat(STATE) == ("711", "certwright", "certwright")
    machine.run("dpkg", "-P", "certwright")


def test_the_scripts_do_without_systemd(machine, packages):
    """As in a container or a chroot: there is a systemctl, and no systemd that it could talk to."""
    shutil.copy(packages.first, machine.share)
    package = os.path.join(machine.share, os.path.basename(packages.first))
    steps = ["mount -t tmpfs tmpfs /run", *[f"dpkg -i {package}"] * 2, *(f"dpkg {o} certwright" for o in ("-r", "-P"))]
    done = machine.run("unshare", "--mount", "sh", "-euc", "\n".join(steps))
    assert "systemctl" not in done.stderr and "systemd" not in done.stderr
    assert files_named(machine) == machine.named_before
    assert set(machine.accounts()) == machine.accounts_before
