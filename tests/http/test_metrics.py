"""GET /metrics: who may see it, the format, and that the numbers are what has happened."""

import json
import os
import re
import signal
import socket
import subprocess
import time

import pytest
from cryptography import x509
from harness import api, csr, est, ocsp, process, unpacked
from harness.service import Service

TOKEN = "0123456789abcdef0123456789abcdef"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
RENEWALS = {"AllowRenewals": "true", "ReenrollmentAllowedCertificateTypes": "Static"}
SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (-?[0-9.]+)\Z')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')
MANUAL = os.path.join(process.ROOT, "man", "certwright-api.7")


def write_token(service, text=TOKEN + "\n", mode=0o600):
    path = service.path("metrics.token")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


@pytest.fixture(scope="module", name="service")
def fixture_service(mariadb, double):
    """A running certwright whose metrics a token opens, and two networks."""
    made = Service(mariadb, double, {
        "DbCSRValidation": RENEWALS, "CRL": {"PublishOnRevocation": "true"},
        "OCSP": {"UseAuthorizedResponder": "true"},
    })  # fmt: skip
    try:
        addresses = "198.51.100.0/24, 2001:db8::/32"
        made.configure({"Metrics": {"TokenFile": write_token(made), "Addresses": addresses}})
        made.make().start()
        yield made
    finally:
        made.destroy()


class Metrics:
    """The text of an answer, taken apart: {(name, ((label, value), ...)): number}."""

    def __init__(self, text):
        self.text, self.values = text, {}
        for line in text.splitlines():
            if line.startswith("#"):
                continue
            name, labels, value = SAMPLE.match(line).groups()
            key = name, tuple(sorted(LABEL.findall(labels or "")))
            assert key not in self.values, key
            self.values[key] = float(value)

    def get(self, name, **labels):
        return self.values.get((f"certwright_{name}", tuple(sorted(labels.items()))))

    def sum(self, name, **labels):
        """Over all series with these labels."""
        wanted = set(labels.items())
        return sum(value for (found, has), value in self.values.items()
                   if found == f"certwright_{name}" and wanted <= set(has))

    def since(self, before, name):
        """What has grown in this family: {values of its labels: by how much}."""
        grown = {}
        for (found, labels), value in self.values.items():
            more = value - before.values.get((found, labels), 0)
            if found == f"certwright_{name}" and more:
                grown[tuple(text for _, text in labels)] = more
        return grown


def scrape(service, headers=None, **options):
    response = service.get("/metrics", BEARER if headers is None else headers, **options)
    assert response.status == 200, response
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    return Metrics(response.body.decode())


def revoke(service, holder):
    path, body = f"/api/manage/revoke/{holder.serial}", {"revocationReason": 4}
    assert api.Client(service, "Manage.All").send("PATCH", path, body).status in (200, 204)


def check_by_promtool(text):
    argv = [unpacked.program("promtool"), "check", "metrics"]
    done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0 and not done.stdout + done.stderr, done


def test_promtool_has_nothing_to_say(service):
    est.enrolled(service)
    text = scrape(service).text
    check_by_promtool(text)
    # it does look: a counter without _total, and a sample cut short
    broken = subprocess.run(
        [unpacked.program("promtool"), "check", "metrics"], input="# TYPE a counter\na 1\nb{\n",
        capture_output=True, text=True, check=False, timeout=60)
    assert broken.returncode != 0


def test_exactly_what_happened_is_counted(service):
    before = scrape(service)
    issued = service.post_csr(csr.make("a"))
    assert issued.status == 200
    holder, _ = est.enrolled(service), est.enrolled(service)
    est.certificates(est.renew(service, holder))
    assert service.post_csr(csr.make("b"), token="x.y.z").status == 401
    assert service.post_csr(b"no request").status == 400
    revoke(service, holder)
    assert service.request("PUT", "/ca/demo-1", as_described=False).status == 405
    after = scrape(service)

    assert after.since(before, "certificates_issued_total") == {("rest", "Static"): 1, ("est", "Static"): 2}
    assert after.since(before, "certificates_renewed_total") == {("est", "Static"): 1}
    assert after.since(before, "certificates_revoked_total") == {("revoke",): 1}
    assert after.since(before, "refused_total") == {
        ("token",): 1, ("body_form",): 1, ("method",): 1}
    assert after.since(before, "requests_total") == {
        ("enroll", "2xx"): 3, ("enroll", "4xx"): 2, ("renew", "2xx"): 1,
        ("management", "2xx"): 1, ("other", "4xx"): 1, ("other", "2xx"): 1}  # the scrape before
    grown = after.since(before, "request_duration_seconds_count")
    assert grown == {("enroll",): 5, ("renew",): 1, ("management",): 1, ("other",): 2}


def test_answers_of_ocsp_are_counted_by_what_they_say(service):
    ca = x509.load_pem_x509_certificate(service.ca_pem().encode())
    serial = est.enrolled(service).certificate.serial_number
    asked = ocsp.cert_id(ca, serial)
    before = scrape(service)
    for _ in range(6):
        assert ocsp.status(ocsp.post(service, ocsp.make(asked)))[0] == ocsp.GOOD
    grown = scrape(service).since(before, "ocsp_answers_total")
    assert set(grown) == {("good", "signed"), ("good", "reused")}
    # each of the two workers signs it once
    assert sum(grown.values()) == 6 and grown["good", "signed"] <= 2

    before = scrape(service)
    foreign = bytearray(ocsp.make(asked))
    foreign[-30] ^= 1  # within the hash of the issuer's key
    unknown = ocsp.make(ocsp.cert_id(ca, serial ^ 1), asked)
    for der in (ocsp.make(asked, nonce=b"0" * 16), unknown, bytes(foreign), b"\x30"):
        assert ocsp.post(service, der).status == 200
    assert scrape(service).since(before, "ocsp_answers_total") == {
        ("good", "signed"): 1, ("unknown", "signed"): 1,
        ("unauthorized", "unsigned"): 1, ("malformed_request", "unsigned"): 1}
    assert scrape(service).since(before, "requests_total")["ocsp", "2xx"] == 4


def test_a_histogram_adds_up(service):
    est.enrolled(service)
    metrics = scrape(service)
    for route in ("enroll", "other", "crl"):
        count = metrics.get("request_duration_seconds_count", route=route)
        bounds = [(float(dict(labels)["le"].replace("+Inf", "inf")), value)
                  for (name, labels), value in metrics.values.items()
                  if name == "certwright_request_duration_seconds_bucket" and ("route", route) in labels]
        assert bounds == sorted(bounds) and [v for _, v in bounds] == sorted(v for _, v in bounds)
        assert bounds[-1] == (float("inf"), count)
        assert count == metrics.sum("requests_total", route=route)
        total = metrics.get("request_duration_seconds_sum", route=route)
        assert (total > 0) == (count > 0)
    # enrolling takes more than 0.1 ms and less than 30 s
    one = metrics.get("request_duration_seconds_count", route="enroll")
    assert metrics.get("request_duration_seconds_bucket", route="enroll", le="0.0001") < one
    assert metrics.get("request_duration_seconds_bucket", route="enroll", le="30") == one


def test_a_request_that_no_route_sees_is_counted_too(service):
    before = scrape(service)
    assert service.get("/%zz", as_described=False).status == 400
    after = scrape(service)
    assert after.since(before, "refused_total") == {("bad_request",): 1}
    assert after.since(before, "requests_total") == {("other", "4xx"): 1, ("other", "2xx"): 1}


def test_what_killed_workers_counted_stays(service):
    for _ in range(6):
        est.enrolled(service)
    before, old = scrape(service), set(service.workers())
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    process.wait_until(lambda: len(set(service.workers()) - old) == len(old), 20, "new workers")
    est.enrolled(service)
    after = scrape(service)
    assert after.since(before, "certificates_issued_total") == {("est", "Static"): 1}
    assert after.since(before, "worker_events_total") == {("started",): 2, ("died",): 2}
    assert after.since(before, "requests_total") == {("enroll", "2xx"): 1, ("other", "2xx"): 1}


def test_a_reload_loses_nothing(service):
    before, old = scrape(service), set(service.workers())
    service.reload()
    process.wait_until(
        lambda: len(service.workers()) == 2 and not set(service.workers()) & old, 20, "new workers")
    after = scrape(service)
    assert after.since(before, "worker_events_total") == {("started",): 2, ("ended",): 2}
    assert after.get("certificates_issued_total", protocol="est", type="Static") >= 1
    assert after.get("start_timestamp_seconds") == before.get("start_timestamp_seconds")


def test_states_of_workers_and_the_build(service):
    process.wait_until(lambda: len(service.workers()) == 2, 20, "both workers")
    metrics = scrape(service)
    assert metrics.sum("workers") == 2 and metrics.get("workers", state="working") == 1
    # one that waits for the rest of a request
    with socket.socket(socket.AF_UNIX) as half:
        half.connect(service.socket)
        half.sendall(b"\1")
        process.wait_until(lambda: scrape(service).get("workers", state="receiving") == 1, 10, "it")
    version = service.run("--version", check=False).stdout.split()[-1]
    assert metrics.sum("build_info") == 1
    assert f'certwright_build_info{{version="{version}"}} 1' in metrics.text
    assert abs(metrics.get("start_timestamp_seconds") - time.time()) < 600
    assert 0 <= metrics.get("identity_keys_age_seconds") < 600


def test_what_the_database_knows(service):
    jobs = ("publish-crls", "ocsp-responders")
    for job in jobs:
        service.run("maintain", job)
    # the service may be at them itself
    ended = "SELECT COUNT(*) FROM job WHERE succeeded_at = ended_at AND ended_at > started_at AND name IN"
    process.wait_until(lambda: service.value(f"{ended} {jobs}") == "2", 20, "the jobs")
    made = json.loads(
        service.run("ra", "create", "--authority", "demo", "--key-bits", "2048", "--json").stdout)
    metrics = scrape(service)
    check_by_promtool(metrics.text)
    assert metrics.get("database_up") == 1 and abs(metrics.get("database_clock_skew_seconds")) <= 2

    def seconds(text):
        return float(service.value(f"SELECT UNIX_TIMESTAMP(({text}))"))

    end = seconds("SELECT not_after FROM authority_generation WHERE label = 'demo-1'")
    assert metrics.get("ca_not_after_timestamp_seconds", generation="demo-1", state="active") == end
    end = seconds("SELECT MAX(not_after) FROM ocsp_responder")
    assert metrics.get("ocsp_responder_not_after_timestamp_seconds", generation="demo-1") == end
    assert metrics.get("ocsp_responder_usable", generation="demo-1") == 1
    of = {"generation": "demo-1", "kind": "full"}
    assert metrics.get("crl_number", **of) == float(service.value("SELECT MAX(number) FROM crl"))
    latest = "FROM crl ORDER BY number DESC LIMIT 1"
    assert metrics.get("crl_next_update_timestamp_seconds", **of) == seconds(f"SELECT next_update {latest}")
    assert metrics.get("crl_entries", **of) == float(service.value(f"SELECT entries {latest}"))
    assert 0 <= metrics.get("crl_age_seconds", **of) < 600
    for job in jobs:
        assert metrics.get("job_failed", job=job) == 0
        assert metrics.get("job_last_success_timestamp_seconds", job=job) == seconds(
            f"SELECT succeeded_at FROM job WHERE name = '{job}'") // 1
    end = seconds(f"SELECT not_after FROM certificate WHERE serial = UNHEX('{made['serial']}')")
    assert metrics.get("ra_not_after_timestamp_seconds", serial=made["serial"], in_use="false") == end


def test_a_job_that_failed_shows(service):
    service.sql("INSERT INTO job (name, holder, token, checks, ended_at, result, detail) VALUES"
                " ('test-failed', 'x', 1, 1, UTC_TIMESTAMP(), 'failed', 'no')")
    metrics = scrape(service)
    assert metrics.get("job_failed", job="test-failed") == 1
    assert metrics.get("job_last_success_timestamp_seconds", job="test-failed") is None


def test_values_of_labels_are_escaped(service):
    name = 'a"b\\c\ne} 1'
    service.sql("INSERT INTO job (name, holder, token, checks, result) VALUES"
                f" (UNHEX('{name.encode().hex()}'), 'x', 1, 1, NULL)")
    metrics = scrape(service)
    check_by_promtool(metrics.text)
    assert 'certwright_job_running{job="a\\"b\\\\c\\ne} 1"} 0\n' in metrics.text


def test_the_manual_names_every_metric_and_no_other(service):
    with open(MANUAL, encoding="utf-8") as file:
        described = set(re.findall(r"certwright_[a-z_]+", file.read()))
    text = scrape(service).text
    assert described == set(re.findall(r"^# TYPE (\S+)", text, re.M))
    assert len(re.findall(r"^# HELP", text, re.M)) == len(described)


def test_every_job_has_a_label_of_its_own(service):
    lines = service.run("maintain", "--list").stdout.splitlines()
    listed = [line.split()[0] for line in lines if not line.startswith(" ")]
    known = {dict(labels).get("job") for name, labels in scrape(service).values
             if name == "certwright_job_runs_total"}
    assert listed and set(listed) <= known


def test_jobs_that_the_service_runs_are_counted(service):
    before = scrape(service)
    revoke(service, est.enrolled(service))  # which publishes at once
    publish = ("publish-crls", "done")
    process.wait_until(
        lambda: scrape(service).since(before, "job_runs_total").get(publish), 20, "a CRL")
    after = scrape(service)
    assert after.since(before, "job_run_seconds_total")[("publish-crls",)] < 20
    assert after.since(before, "crls_published_total") == {("full",): 1}


# Who may see it.

ELSEWHERE = {"REMOTE_ADDR": "203.0.113.5"}
REFUSED = [
    {},
    {"Authorization": ""},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer "},
    {"Authorization": TOKEN},
    {"Authorization": f"Basic {TOKEN}"},
    {"Authorization": f"Bearer {TOKEN[:-1]}"},
    {"Authorization": f"Bearer {TOKEN}0"},
    {"Authorization": f"Bearer {TOKEN[:-1]}0"},
    {"Authorization": f"Bearer x{TOKEN[1:]}"},
    {"Authorization": f"Bearer {TOKEN.upper()}"},
    {"Authorization": f"Bearer {TOKEN} {TOKEN}"},
    {"Authorization": f"Bearer {'0' * 4000}"},
    {"X-Authorization": f"Bearer {TOKEN}"},
]


def without_id(response):
    return response.status, response.body, {
        name: value for name, value in response.headers.items() if name != "x-request-id"}


def test_a_wrong_token_is_refused_alike_whatever_is_wrong(service):
    answers = [service.get("/metrics", headers) for headers in REFUSED]
    answers.append(service.get(f"/metrics?access_token={TOKEN}"))
    answers.append(service.get("/metrics", service.double.bearer(roles=["Admin.Full"])))
    first = without_id(answers[0])
    assert first[0] == 401 and answers[0].code() == 4010
    assert first[2]["www-authenticate"] == 'Bearer realm="certwright metrics"'
    for answer in answers:
        assert without_id(answer) == first
        assert b"certwright_" not in answer.body


@pytest.mark.parametrize("header", [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"BEARER   {TOKEN}"])
def test_the_token_opens_over_tls_alone(service, header):
    scrape(service, {"Authorization": header}, params=ELSEWHERE)
    response = service.get("/metrics", {"Authorization": header}, https=False, params=ELSEWHERE)
    assert response.status == 403 and response.code() == 4033
    # nor does it tell there whether the token is right
    wrong = service.get("/metrics", https=False, params=ELSEWHERE)
    assert without_id(wrong) == without_id(response)


@pytest.mark.parametrize("address", ["198.51.100.1", "198.51.100.255", "::ffff:198.51.100.7", "2001:db8::5"])
def test_a_listed_address_opens_by_plain_http_too(service, address):
    scrape(service, {}, https=False, params={"REMOTE_ADDR": address})
    scrape(service, {"Authorization": "Bearer wrong"}, params={"REMOTE_ADDR": address})


@pytest.mark.parametrize("address", [
    "198.51.101.1", "198.51.99.255", "::ffff:198.51.101.7", "2001:db9::5", "::198.51.100.7", "", "x"])
def test_another_address_does_not(service, address):
    assert service.get("/metrics", params={"REMOTE_ADDR": address}).status == 401
    forwarded = {"X-Forwarded-For": "198.51.100.1"}
    assert service.get("/metrics", forwarded, params={"REMOTE_ADDR": address}).status == 401


def test_a_trusted_proxy_tells_the_address(new_service):
    service = new_service({
        "Metrics": {"Addresses": "198.51.100.7"}, "Server": {"TrustedProxies": "192.0.2.10"}})
    service.make(ca_key=None, keys=False).start()
    for forwarded, status in (
        ("198.51.100.7", 200), ("203.0.113.9, 198.51.100.7", 200),
        ("198.51.100.7, 203.0.113.9", 404), ("198.51.100.8", 404), ("", 404),
    ):
        response = service.get("/metrics", {"X-Forwarded-For": forwarded})
        assert response.status == status, forwarded
    # without a token file nothing but the address counts
    response = service.get("/metrics", BEARER)
    assert response.status == 404 and response.code() == 4040


def test_methods(service):
    response = service.request("HEAD", "/metrics", BEARER)
    assert response.status == 200 and response.body == b""
    assert service.request("POST", "/metrics", BEARER).status == 405
    assert service.request("HEAD", "/metrics").status == 401


def test_a_token_file_that_is_not_private_lets_nobody_in(service):
    try:
        for text, mode in ((TOKEN + "\n", 0o640), (TOKEN + "\n", 0o604), ("", 0o600), (f"\n{TOKEN}\n", 0o600),
                           ("x" * 600, 0o600), (f"{TOKEN}\0\n", 0o600)):
            write_token(service, text, mode)
            for headers in (BEARER, {"Authorization": "Bearer "}, {}):
                assert service.get("/metrics", headers).status == 401, (text, mode)
        # near misses: no newline at the end, more lines behind the first
        for text in (TOKEN, f"{TOKEN}\r\nmore\n"):
            write_token(service, text)
            scrape(service)
    finally:
        write_token(service)


def test_without_the_settings_there_are_no_metrics(new_service):
    """Nor without a database any but those of the process; it has none here from the start."""
    service = new_service().start()
    for headers in ({}, BEARER):
        response = service.get("/metrics", headers)
        assert response.status == 404 and response.code() == 4040
    service.configure({"Metrics": {"TokenFile": write_token(service, mode=0o644)}})
    service.restart()
    assert service.get("/metrics", BEARER).status == 401
    service.wait_log(event="setting", level="warning")
    assert any("TokenFile" in line["reason"] for line in service.log_lines(event="setting"))
    write_token(service)
    metrics = scrape(service)
    check_by_promtool(metrics.text)
    assert metrics.get("database_up") == 0
    assert metrics.get("database_clock_skew_seconds") is None
    assert metrics.get("database_events_total", event="unreachable") >= 1
    assert metrics.get("refused_total", reason="token") == 1
    assert metrics.sum("workers") == 2


# Processes without a master.


class Singles:
    """As many `serve --single` on one socket as mod_fcgid might have."""

    def __init__(self, service, count):
        self.service = service
        with socket.socket(socket.AF_UNIX) as listener:
            if os.path.exists(service.socket):
                os.unlink(service.socket)
            listener.bind(service.socket)
            listener.listen(64)
            argv = [process.certwright(), "serve", "--single", "--config", service.config]
            self.processes = [process.Process(argv, service.path("stderr.log"), stdin=listener)
                              for _ in range(count)]
        service.process = self.processes[0]
        process.wait_until(service.answers, 30, "the processes")

    def stop(self, number=signal.SIGTERM):
        for each in self.processes:
            each.stop(number=number)
        self.service.process = None


def test_processes_without_a_master_count_together(new_service):
    service = new_service()
    service.configure({"Metrics": {"TokenFile": write_token(service)}})
    service.make()
    singles = Singles(service, 3)
    try:
        for _ in range(8):
            est.enrolled(service)
        metrics = scrape(service)
        check_by_promtool(metrics.text)
        assert metrics.get("certificates_issued_total", protocol="est", type="Static") == 8
        assert metrics.sum("workers") == 1  # of itself alone
        answered = metrics.sum("requests_total")
        singles.stop(signal.SIGKILL)
        singles = Singles(service, 2)
        est.enrolled(service)
        metrics = scrape(service)
        assert metrics.get("certificates_issued_total", protocol="est", type="Static") == 9
        assert metrics.sum("requests_total") > answered
        path = service.path("var/counters")
        assert os.stat(path).st_mode & 0o7777 == 0o600

        # a file that makes no sense is made anew; one that is no file is left alone, and not used
        singles.stop()
        with open(path, "r+b") as file:
            file.write(b"no counters at all")
        singles = Singles(service, 1)
        metrics = scrape(service)
        assert metrics.get("certificates_issued_total", protocol="est", type="Static") == 0
        assert service.log_lines(event="counters_replaced")
        singles.stop()
        os.unlink(path)
        os.symlink(service.path("elsewhere"), path)
        singles = Singles(service, 1)
        assert service.log_lines(event="counters_off")
        est.enrolled(service)
        metrics = scrape(service)
        check_by_promtool(metrics.text)
        assert metrics.sum("certificates_issued_total") == 0 and metrics.get("database_up") == 1
        assert not os.path.exists(service.path("elsewhere"))
    finally:
        singles.stop()
