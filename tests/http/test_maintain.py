"""certwright maintain: who runs a job, how often, and what a killed, a frozen and a late one do."""

import calendar
import contextlib
import os
import signal
import subprocess
import time

import pytest
from cryptography import x509

from harness import csr, process

SETTINGS = {"Maintain": {"IntervalSeconds": "3600"}, "OCSP": {"UseAuthorizedResponder": "true"}}
JOB = "publish-crls"
BACKDATED_S = 60  # thisUpdate, for clocks that are a little behind
CLOCKS = pytest.mark.parametrize("offset", ["+1d", "-1d"])


def numbers(service):
    """Those of the CRLs that are kept, in the order in which they were made."""
    return [int(row[0]) for row in service.sql("SELECT number FROM crl ORDER BY created_at, number")]


def newest(service):
    return max(numbers(service))


@pytest.fixture
def quiet(service):
    """The module's service, with its CRL just published, and nothing running or due."""
    process.wait_until(lambda: service.log_lines(event="job", job="expiry"), 20, "the first look")
    end_leases(service)
    service.run("maintain", JOB)
    return service


def crl_file(service, label="demo-1"):
    """The CRL that this host's web server gives, None where there is none yet."""
    try:
        with open(os.path.join(service.path("var"), "crl", f"{label}.crl"), "rb") as file:
            return x509.load_der_x509_crl(file.read())
    except FileNotFoundError:
        return None


def number_of(crl):
    if crl is None:
        return 0
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def make_due(service):
    """The published CRLs have grown old."""
    service.sql(
        "UPDATE crl SET this_update = this_update - INTERVAL 10 DAY,"
        " next_update = next_update - INTERVAL 10 DAY"
    )


def begin(service, *words, **options):
    """A `certwright maintain` that is not waited for."""
    argv = [process.certwright(), "maintain", *words, "--config", service.config]
    return process.Process(argv, service.path(f"maintain-{time.monotonic_ns()}.log"), **options)


def job(service, name=JOB):
    """(token, result, is running)."""
    ((token, result, is_running),) = service.sql(
        "SELECT token, result, COALESCE(lease_until > UTC_TIMESTAMP(3), 0) FROM job"
        f" WHERE name = '{name}'"
    )
    return int(token), result, is_running == "1"


def end_leases(service):
    service.sql("UPDATE job SET lease_until = UTC_TIMESTAMP(3) WHERE lease_until IS NOT NULL")


def off(offset):
    return {**os.environ, **process.faketime(offset)}


# two at once


def test_jobs_that_are_due_run_once_however_many_look(new_service):
    settings = {**SETTINGS, "OCSP": {"UseAuthorizedResponder": "true"}}
    service = new_service(settings).make(keys=False)
    runs = [begin(service) for _ in range(6)]
    assert [run.wait(60) for run in runs] == [0] * len(runs), [run.log() for run in runs]
    assert numbers(service) == [1]
    assert service.value("SELECT COUNT(*) FROM ocsp_responder") == "1"
    # The host's own one, too.
    assert len(service.log_lines(event="job", job="crl-files", result="done")) >= 1
    assert number_of(crl_file(service)) in (0, 1)
    service.maintain()
    assert number_of(crl_file(service)) == 1 and numbers(service) == [1]


def test_forced_at_once_by_many_each_publishes_by_itself_or_not_at_all(quiet):
    before, token = newest(quiet), job(quiet)[0]
    runs = [begin(quiet, JOB) for _ in range(6)]
    statuses = [run.wait(60) for run in runs]
    done = statuses.count(0)
    assert done >= 1
    said = [run.log() for run in runs if run.popen.returncode != 0]
    assert all("another process is running this job now" in text for text in said), said
    assert newest(quiet) == before + done and numbers(quiet) == sorted(set(numbers(quiet)))
    assert job(quiet) == (token + done, "done", False)


def test_a_job_that_is_named_runs_though_it_is_not_due(quiet):
    before = newest(quiet)
    quiet.maintain()
    assert newest(quiet) == before
    quiet.run("maintain", JOB)
    assert newest(quiet) == before + 1
    quiet.run("maintain", "crl-files")
    assert number_of(crl_file(quiet)) == newest(quiet)


def test_one_that_fails_does_not_keep_the_others(new_service, own_double):
    service = new_service(SETTINGS, double=own_double).make(keys=False)
    own_double.set_mode("down")
    done = service.run("maintain", check=False)
    assert done.returncode == 69 and "identity-keys" in done.stderr
    assert numbers(service) == [1] and number_of(crl_file(service)) == 1


# killed, frozen, late


@contextlib.contextmanager
def locked(service):
    """Whoever wants to give itself a CRL number waits, until it is left."""
    argv = ["mariadb", "--no-defaults", f"--socket={service.mariadb.socket}", "--user=root"]
    argv += ["--unbuffered", "--batch", "--skip-column-names", service.database]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        try:
            client.stdin.write("BEGIN; SELECT label FROM authority_generation FOR UPDATE;\n")
            client.stdin.flush()
            assert client.stdout.readline().strip() == "demo-1"
            yield
        finally:
            client.stdin.close()
            client.wait(20)


def connections(service):
    """Of the account of the service, those in a statement now."""
    rows = service.sql(
        "SELECT ID FROM information_schema.PROCESSLIST WHERE COMMAND = 'Execute'"
        f" AND USER = '{service.database}' AND INFO LIKE '%authority_generation%'"
    )
    return [row[0] for row in rows]


def stuck(service, **options):
    """A maintain that has claimed the job and is half-way, and the connection that it waits on."""
    run = begin(service, JOB, **options)
    (connection,) = process.wait_until(lambda: connections(service), 20, "the job half-way")
    assert job(service)[2]
    return run, connection


@pytest.mark.parametrize("offset", ["+0", "+1d", "-1d"])
def test_one_killed_half_way_is_taken_over_after_its_lease(quiet, offset):
    before = newest(quiet)
    with locked(quiet):
        run, _ = stuck(quiet, env=off(offset))
        run.stop(5, signal.SIGKILL)
    token = job(quiet)[0]
    refused = quiet.run("maintain", JOB, check=False, env=off(offset))
    assert refused.returncode != 0 and "another process" in refused.stderr
    make_due(quiet)
    quiet.maintain(env=off(offset))
    assert newest(quiet) == before and job(quiet)[0] == token
    end_leases(quiet)
    quiet.maintain(env=off(offset))
    assert newest(quiet) > before
    assert job(quiet) == (token + 1, "done", False)


def test_a_late_holder_is_refused_and_writes_nothing(quiet):
    before = newest(quiet)
    with locked(quiet):
        run, connection = stuck(quiet)
        process.pause(run.pid)
        # As the server does with a transaction that has been idle for long.
        quiet.mariadb.sql(f"KILL {connection}")
        end_leases(quiet)
        process.wait_until(lambda: not connections(quiet), 10, "the end of its connection")
    quiet.run("maintain", JOB)
    published, state = numbers(quiet), job(quiet)
    run.send(signal.SIGCONT)
    assert run.wait(60) != 0
    assert JOB in run.log()
    assert numbers(quiet) == published and max(published) > before
    assert job(quiet) == state and state[1:] == ("done", False)


def test_a_lost_connection_alone_is_no_lost_lease(quiet):
    """The near miss: nobody has taken over, so it may say how it ended, and the next run is free."""
    before = newest(quiet)
    with locked(quiet):
        run, connection = stuck(quiet)
        quiet.mariadb.sql(f"KILL {connection}")
        assert run.wait(60) != 0
    assert job(quiet)[1:] == ("failed", False)
    quiet.run("maintain", JOB)
    assert job(quiet)[1:] == ("done", False) and newest(quiet) > before


# a clock that is a day off


def seconds_apart(when, service):
    now = int(service.value("SELECT UNIX_TIMESTAMP()"))
    return abs(calendar.timegm(when.timetuple()) - now)


@CLOCKS
def test_crls_bear_the_databases_time_and_are_published_once(quiet, offset):
    quiet.run("maintain", JOB, env=off(offset))
    quiet.run("maintain", "crl-files", env=off(offset))
    before = newest(quiet)
    crl = crl_file(quiet)
    assert number_of(crl) == before and seconds_apart(crl.last_update, quiet) < 60 + BACKDATED_S
    # Neither clock finds it due, until it is.
    for env in (off(offset), None):
        quiet.maintain(env=env)
        assert newest(quiet) == before
    for more, env in enumerate((off(offset), None), 1):
        make_due(quiet)
        quiet.maintain(env=env)
        assert newest(quiet) == number_of(crl_file(quiet)) == before + more


@CLOCKS
def test_host_jobs_go_on_after_a_clock_was_wrong(new_service, own_double, offset):
    settings = {**SETTINGS, "AuthConfig": {"UnknownKidRefreshSeconds": "1"}}
    service = new_service(settings, double=own_double).make(keys=False)
    service.maintain(env=off(offset))
    count = own_double.count()
    assert count >= 1
    # Stamps of another day on whatever the host keeps.
    day = 86400 if offset.startswith("+") else -86400
    for folder, _, names in os.walk(service.path("var")):
        for name in names:
            stamp = time.time() + day
            os.utime(os.path.join(folder, name), (stamp, stamp))
    make_due(service)
    service.maintain()
    assert number_of(crl_file(service)) == newest(service) > 1
    service.start()
    process.wait_until(lambda: own_double.count() > count, 10, "keys fetched anew")
    process.wait_until(service.healthy, 10, "a good probe")


# by itself


def wait_published(service, before):
    def is_out():
        service.get("/probe")  # under mod_fcgid the processes look when they are asked
        return newest(service) > before and number_of(crl_file(service)) == newest(service)

    process.wait_until(is_out, 20, "a new CRL and its file")


def looks(service):
    """How often it has looked whether CRLs are due."""
    return len(service.log_lines(event="job", job=JOB))


@pytest.mark.parametrize(
    "options, offset", [((), "+1d"), ((), "-1d"), (("--single",), "+0")], ids=str
)  # fmt: skip
def test_a_serving_process_runs_what_is_due_and_nothing_else(new_service, options, offset):
    settings = {"Maintain": {"IntervalSeconds": "1"}, "Log": {"Level": "debug"}}
    service = new_service(settings).make()
    service.start(options=options, env=process.faketime(offset))
    for _ in range(2):
        before = newest(service)
        make_due(service)
        wait_published(service, before)
    published, seen = numbers(service), looks(service)
    process.wait_until(lambda: service.answers() and looks(service) >= seen + 2, 20, "two looks")
    assert numbers(service) == published
    assert job(service)[1] == "done"


# a revocation, while other jobs run

PROMPT = {
    "Maintain": {"IntervalSeconds": "3600"},
    "AuthConfig": {"UnknownKidRefreshSeconds": "1"},
    "CRL": {"PublishOnRevocation": "true"},
    "Log": {"Level": "debug"},
}


def serials(service):
    crl = crl_file(service)
    return {revoked.serial_number for revoked in crl or ()}


class Revoker:
    """Issues certificates and revokes them, by tokens of the time when it was made."""

    def __init__(self, service):
        self.service = service
        self.headers = service.double.bearer(roles=["Manage.All"])
        self.left = [self.issue() for _ in range(2)]

    def issue(self):
        answer = self.service.post_csr(csr.make("d"))
        assert answer.status == 200, answer
        return x509.load_der_x509_certificate(answer.body).serial_number

    def revoke(self):
        """The serial number of the one that is revoked now."""
        serial = self.left.pop()
        headers = {**self.headers, "Content-Type": "application/json"}
        answer = self.service.request(
            "PATCH", f"/api/manage/revoke/{serial:X}", headers, b'{"revocationReason": 1}'
        )
        assert answer.status == 200, answer
        return serial


def serve_quietly(service, options=()):
    """With the first look over, and its CRL there."""
    service.start(options=options)
    process.wait_until(
        lambda: service.answers() and service.log_lines(event="job", job="expiry", level="info"),
        20,
        "the end of the first look",
    )
    return service


@pytest.mark.parametrize("options", [(), ("--single",)], ids=str)
def test_a_hanging_tenant_does_not_delay_the_crl_of_a_revocation(new_service, own_double, options):
    service = serve_quietly(new_service(PROMPT, double=own_double).make(), options)
    revoker = Revoker(service)
    own_double.rotate()
    own_double.set_mode("slow")
    count = own_double.count()

    def is_asked():
        # a key that nobody knows makes the jobs ask for it, once their window is over
        assert service.get("/api/manage/search", own_double.bearer(roles=["Manage.All"])).status == 401
        return own_double.count() > count

    process.wait_until(is_asked, 10, "a fetch that hangs")
    fetched = len(service.log_lines(event="job", job="identity-keys"))
    for _ in range(2):
        serial = revoker.revoke()
        process.wait_until(lambda s=serial: s in serials(service), 4, "the CRL")
    assert len(service.log_lines(event="job", job="identity-keys")) == fetched
    service.stop(10)


def test_a_revocation_waits_for_whoever_publishes_and_is_not_lost(new_service):
    service = serve_quietly(new_service(PROMPT).make())
    revoker = Revoker(service)
    service.sql(
        "UPDATE job SET holder = 'elsewhere:7', token = token + 1,"
        f" lease_until = UTC_TIMESTAMP(3) + INTERVAL 60 SECOND WHERE name = '{JOB}'"
    )
    serial, start = revoker.revoke(), time.monotonic()

    def waited():
        return len(service.log_lines(event="job", job=JOB, result="done or running elsewhere"))

    process.wait_until(lambda: waited() >= 2, 10, "a second try")
    # At 0, 1, 3, 7 and 11 seconds.
    assert waited() <= 2 + (time.monotonic() - start) // 2
    # Whoever revokes by the command is told.
    other = revoker.left.pop()
    said = service.run("cert", "revoke", f"{other:X}").stderr
    assert "another process publishes CRLs just now" in said, said
    assert not serials(service)
    end_leases(service)
    process.wait_until(lambda: {serial, other} <= serials(service), 6, "the CRL")
    seen = looks(service)
    service.answers()
    assert looks(service) == seen
