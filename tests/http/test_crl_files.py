"""GET /crl/NAME, which answers with this host's files, and the job that writes them."""

import datetime
import os
import socket
import time

import pytest
from cryptography import x509
from harness import csr, fcgi, process

TOKEN = "4f2c-request.token~7"
SETTINGS = {"CRL": {"RequestToken": TOKEN}}
DER, PEM = "application/pkix-crl", "application/x-pem-file"


def get(service, name, headers=None, **options):
    options.setdefault("https", False)
    return service.get(f"/crl/{name}", headers, **options)


def file_of(service, name):
    return service.path(f"var/crl/{name}")


@pytest.fixture(scope="module", name="published")
def fixture_published(service):
    """The service with its files."""
    process.wait_until(lambda: get(service, "demo-1.crl").status == 200, 30, "the first CRL")
    return service


def read(answer):
    """The CRL of an answer, whichever form it has."""
    assert answer.status == 200, answer
    kind = answer.headers["content-type"]
    assert kind in (DER, PEM)
    return (x509.load_der_x509_crl if kind == DER else x509.load_pem_x509_crl)(answer.body)


def test_whoever_comes_first_is_told_to_come_again_and_then_there_is_one(new_service):
    """The wait for the next regular look of the jobs would be an hour; the request starts them."""
    service = new_service({"Maintain": {"IntervalSeconds": "3600"}, "CRL": {"Source": "None"}}).make()
    service.start()
    none = get(service, "demo-1.crl")
    assert (none.status, none.code()) == (404, 4040), none
    process.wait_until(lambda: service.log_lines(event="job"), 20, "the jobs of the start")
    service.configure({"CRL": {"Source": "Storage"}})
    workers = set(service.workers())
    service.reload()
    process.wait_until(lambda: len(now := set(service.workers())) == 2 and not now & workers, 20, "the reload")
    first = get(service, "demo-1.crl")
    assert (first.status, first.code()) == (503, 5033), first
    assert first.headers["retry-after"] == "10" and first.headers["cache-control"] == "no-store"
    process.wait_until(lambda: get(service, "demo-1.crl").status == 200, 20, "the CRL")


def test_whoever_asks_for_what_cannot_be_made_starts_the_jobs_once(new_service):
    service = new_service(
        {"Maintain": {"IntervalSeconds": "3600"}, "CRL": {"PublishOnRevocation": "true"}}
    ).make()
    service.start()
    process.wait_until(lambda: service.log_lines(event="job", job="expiry"), 20, "the first look")
    # the near miss: what can be made is made for each new CA, again and again
    for name in ("second", "third"):
        service.ca_init(name, "p256")
        process.wait_until(lambda: get(service, f"{name}-1.crl").status == 200, 10, "a new CA's CRL")
    service.ca_init("lost", "p256")
    lose = "UPDATE managed_key SET uri = '{}' WHERE id = (SELECT key_id FROM authority_generation WHERE label = 'lost-1')"
    service.sql(lose.format("file:/nowhere/key"))

    def failed():
        return len(service.log_lines(event="job", job="publish-crls", result="failed"))

    start = time.monotonic()
    while time.monotonic() - start < 3:
        assert get(service, "lost-1.crl").status == 503
        time.sleep(0.05)
    assert failed() == 1
    # A revocation always counts.
    number = int(service.value("SELECT MAX(number) FROM crl"))
    answer = service.post_csr(csr.make("d"))
    serial = x509.load_der_x509_certificate(answer.body).serial_number
    revoked = service.request(
        "PATCH",
        f"/api/manage/revoke/{serial:X}",
        {**service.double.bearer(roles=["Manage.All"]), "Content-Type": "application/json"},
        b'{"revocationReason": 1}',
    )
    assert revoked.status == 200, revoked
    process.wait_until(lambda: int(service.value("SELECT MAX(number) FROM crl")) > number, 5, "the CRL")
    process.wait_until(lambda: failed() == 2, 5, "the end of its run")
    # Other processes of the cluster know of it.
    service.restart()
    process.wait_until(lambda: failed() == 3, 20, "the first look")
    for _ in range(20):
        assert get(service, "lost-1.crl").status == 503
        time.sleep(0.05)
    assert failed() == 3


@pytest.mark.parametrize(
    "name, kind",
    [("demo-1.crl", DER), ("demo-1.crl.pem", PEM), ("demo-1.pem", PEM), (TOKEN, DER), (f"pem/{TOKEN}", PEM)],
)
def test_each_name_gives_the_file(published, name, kind):
    answer = get(published, name)
    assert answer.headers["content-type"] == kind
    with open(file_of(published, "demo-1.crl" if kind == DER else "demo-1.crl.pem"), "rb") as file:
        assert answer.body == file.read()
    crl = read(answer)
    ca = x509.load_pem_x509_certificate(published.ca_pem().encode())
    assert crl.is_signature_valid(ca.public_key())
    head = published.request("HEAD", f"/crl/{name}", https=False)
    assert head.status == 200 and head.body == b"" and head.headers["content-length"] == str(len(answer.body))


def test_headers_tell_the_dates_and_the_tag_is_of_the_octets(published):
    answer = get(published, "demo-1.crl")
    crl = read(answer)
    stamp = "%a, %d %b %Y %H:%M:%S GMT"
    assert answer.headers["last-modified"] == crl.last_update.strftime(stamp)
    assert answer.headers["expires"] == crl.next_update.strftime(stamp)
    age = int(answer.headers["cache-control"].removeprefix("public, max-age="))
    left = (crl.next_update - datetime.datetime.utcnow()).total_seconds()
    assert abs(age - left) < 5
    tag = answer.headers["etag"]
    assert get(published, "demo-1.crl.pem").headers["etag"] != tag
    for sent in (tag, f'"x", W/{tag}', "*"):
        same = get(published, "demo-1.crl", {"If-None-Match": sent})
        assert same.status == 304 and same.body == b"" and same.headers["etag"] == tag, (sent, same)
    assert get(published, "demo-1.crl", {"If-None-Match": '"x"'}).status == 200
    assert get(published, "demo-1.crl", {"If-None-Match": tag.strip('"')}).status == 200


def test_by_a_slow_clock_it_is_kept_no_longer_than_it_is_valid(new_service):
    service = new_service().make()
    service.start(env=process.faketime("-1d"))
    process.wait_until(lambda: get(service, "demo-1.crl").status == 200, 30, "the first CRL")
    answer = get(service, "demo-1.crl")
    crl = read(answer)
    age = int(answer.headers["cache-control"].removeprefix("public, max-age="))
    assert age == (crl.next_update - crl.last_update).total_seconds()


def test_a_ca_that_has_ended_is_not_expected_to_have_one(published):
    """Or every request would start the jobs, which publish nothing for it."""
    path = file_of(published, "demo-1.crl")
    ended = "UPDATE authority_generation SET not_after = not_after {} INTERVAL 100 YEAR WHERE label = 'demo-1'"
    published.sql(ended.format("-"))
    os.rename(path, path + ".kept")
    try:
        answer = get(published, "demo-1.crl")
        assert (answer.status, answer.code()) == (404, 4041), answer
    finally:
        published.sql(ended.format("+"))
        os.replace(path + ".kept", path)


@pytest.mark.parametrize(
    "name",
    ["demo-2.crl", "demo.crl", "demo-1", "demo-1.crl.", "demo-1.CRL", "Demo-1.crl", "demo-1.crl.pem.pem", ".crl",
     "-1.crl", "demo-.crl", "demo-1.crl.new", ".demo-1.crl.new", ".lock", "demo-1.der", "demo_1.crl", "x/demo-1.crl",
     "..%2Fcrl%2Fdemo-1.crl", "%2E%2E/crl/demo-1.crl", "demo-1.crl%00.pem", "pem/demo-1", "pem",
     "demo-1-delta.crl", "demo-1-delta-delta.crl", "a" * 60 + "-1.crl",
     TOKEN[:-1], TOKEN + "7", TOKEN.upper(), f"pem/{TOKEN[:-1]}", f"{TOKEN}.crl", f"pem/{TOKEN}/x", "%F0%9F"],
)  # fmt: skip
def test_no_other_name_gives_anything(published, name):
    answer = get(published, name, as_described=False)
    assert answer.status in (400, 404), answer
    assert answer.code() in (4000, 4040, 4041)


def test_an_escaped_name_is_the_same_name(published):
    assert get(published, "%64emo-1.crl").status == 200


def test_without_a_token_no_token_is_right(new_service):
    service = new_service().make()
    service.start()
    process.wait_until(lambda: get(service, "demo-1.crl").status == 200, 30, "the first CRL")
    for name in ("pem/", "pem/x", "", "x"):
        assert get(service, name, as_described=False).status == 404


def test_links_and_other_things_in_place_of_a_file_are_not_sent(published):
    path = file_of(published, "demo-1.crl")
    os.rename(path, path + ".kept")
    try:
        for make in (lambda: os.symlink(path + ".kept", path), lambda: os.mkfifo(path), lambda: os.mkdir(path)):
            make()
            answer = get(published, "demo-1.crl")
            assert (answer.status, answer.code()) in ((503, 5033), (200, None)), answer
            if answer.status == 200:
                assert os.path.isfile(path) and not os.path.islink(path)
            if os.path.isdir(path):
                os.rmdir(path)
            elif os.path.lexists(path):
                os.unlink(path)
    finally:
        os.replace(path + ".kept", path)


def test_a_damaged_file_is_replaced_by_the_job(published):
    path = file_of(published, "demo-1.crl")
    with open(path, "rb") as file:
        before = file.read()
    with open(path, "wb") as file:
        file.write(b"damaged")
    published.run("maintain", "crl-files")
    with open(path, "rb") as file:
        assert file.read() == before
    assert os.stat(path).st_mode & 0o777 == 0o644
    assert os.stat(os.path.dirname(path)).st_mode & 0o777 == 0o755


def test_a_next_crl_has_another_tag_and_a_greater_number(published):
    first = get(published, "demo-1.crl")
    leaf = x509.load_der_x509_certificate(published.post_csr(csr.make("a")).body)
    published.run("cert", "revoke", f"{leaf.serial_number:x}")
    published.run("maintain", "publish-crls")
    published.run("maintain", "crl-files")
    second = get(published, "demo-1.crl")
    assert second.headers["etag"] != first.headers["etag"]
    assert number(second) > number(first)
    assert read(second).get_revoked_certificate_by_serial_number(leaf.serial_number)


def number(answer):
    return read(answer).extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def test_without_the_database_files_are_answered_and_what_is_missing_is_503(new_service, own_mariadb):
    service = new_service(mariadb=own_mariadb).make()
    service.start()
    process.wait_until(lambda: get(service, "demo-1.crl").status == 200, 30, "the first CRL")
    own_mariadb.stop()
    assert get(service, "demo-1.crl").status == 200
    missing = get(service, "demo-9.crl")
    assert (missing.status, missing.code()) == (503, 5030), missing
    assert time.time() > os.stat(file_of(service, "demo-1.crl")).st_mtime - 5


def test_slow_readers_of_big_files_leave_half_of_the_workers(new_service):
    service = new_service({"Server": {"Workers": "4"}, **SETTINGS}).make()
    service.sql(
        "INSERT INTO revoked_certificate SELECT id, UNHEX(CONCAT('50', MD5(seq))), NULL, '2099-01-01',"
        " '2026-01-01', 1 FROM seq_1_to_40000 JOIN authority_generation"
    )
    service.ca_init("small", "p256")
    service.run("maintain", "publish-crls")
    service.run("maintain", "crl-files")
    service.start()
    slow = [fcgi.Connection(service.socket) for _ in range(2)]
    try:
        for connection in slow:
            env = fcgi.environment("GET", f"/crl/{TOKEN}", https=False)
            connection.send(fcgi.begin() + fcgi.params_stream(env) + fcgi.record(fcgi.STDIN))
            assert connection.socket.recv(1, socket.MSG_PEEK), "it is being sent"
        for name in (TOKEN, "demo-1.crl"):
            refused = get(service, name)
            assert refused.code() == 5033 and refused.headers["retry-after"], refused
        # the near misses: what is not sent, what is small, and everything else
        head = service.request("HEAD", f"/crl/{TOKEN}", https=False)
        assert head.status == 200 and int(head.headers["content-length"]) > 1 << 20
        assert get(service, TOKEN, {"If-None-Match": head.headers["etag"]}).status == 304
        assert get(service, "small-1.crl").status == 200
        assert all(service.get("/probe").status == 200 for _ in range(8))
        # one of them is done
        assert len(slow[0].response().body) > 1 << 20
        process.wait_until(lambda: get(service, TOKEN).status == 200, 10, "the next one")
    finally:
        for connection in slow:
            connection.close()
