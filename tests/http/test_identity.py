"""The identity keys: fetched by one job, within bounds, and kept while the host misbehaves."""

import json
import os
import re
import time

import pytest

from harness import csr, process

FAST = {"AuthConfig": {"UnknownKidRefreshSeconds": "3"}}
# One document a refresh, since a slow one costs its whole time limit.
ONE = {"AuthConfig": {"UnknownKidRefreshSeconds": "3", "TokenVersions": "2"}}


def body():
    return csr.make("device-1")


def foreign_token(double, kid="unknown", key=None):
    """Well formed, of a key that nobody has."""
    header = dict(double.header(), kid=kid)
    return double.sign(double.application_claims(["CSR.Request.Db"]), header, key)


def status(service, token=None):
    return service.post_csr(body(), token).status


def test_no_keys_yet_is_503_and_the_first_fetch_ends_it(new_service, own_double):
    own_double.set_mode("down")
    service = new_service(FAST, double=own_double).make(keys=False).start()
    response = service.post_csr(body())
    assert response.status == 503 and response.code() == 5031, response
    assert int(response.headers["retry-after"]) > 0
    assert service.get("/probe").json()["failed"] == ["identity_keys"]
    own_double.set_mode("ok")
    process.wait_until(lambda: status(service) == 200, 20, "the keys")


def test_serve_fetches_the_keys_at_its_start(new_service, own_double):
    service = new_service(FAST, double=own_double).make(keys=False).start()
    process.wait_until(lambda: status(service) == 200, 15, "the keys")


def test_a_flood_of_unknown_kids_is_few_fetches(new_service, own_double):
    service = new_service(FAST, double=own_double).make().start()
    process.wait_until(lambda: status(service) == 200, 15, "the keys")
    key, request = own_double.private_key(), body()
    before = own_double.count()
    start = time.monotonic()
    for i in range(1000):
        token = foreign_token(own_double, f"kid{i}", key)
        assert service.post_csr(request, token).status == 401
        time.sleep(max(0.0, start + i * 0.009 - time.monotonic()))
    # One in three seconds, counted in whole ones; a busy machine takes longer than nine for all.
    assert 1 <= own_double.count() - before <= (time.monotonic() - start) / 3 + 2


def test_a_rotated_key_works_within_one_window(new_service, own_double):
    service = new_service(FAST, double=own_double).make().start()
    process.wait_until(lambda: status(service) == 200, 15, "the keys")
    old = own_double.token()
    own_double.rotate()
    token = own_double.token()
    start = time.monotonic()
    process.wait_until(lambda: status(service, token) == 200, 10, "the new key")
    assert time.monotonic() - start < 30  # the window is 3 s
    assert status(service, old) == 200


@pytest.mark.parametrize("mode", ["slow", "huge", "wrong-type", "down"])
def test_cached_keys_go_on_while_the_host_misbehaves(new_service, own_double, mode):
    service = new_service(ONE, double=own_double).make()
    service.maintain()
    keys = read(service)
    own_double.set_mode(mode)
    service.start()
    assert status(service) == 200
    assert status(service, foreign_token(own_double)) == 401
    assert refresh(service).returncode != 0
    assert kids(read(service)) == kids(keys)
    assert own_double.host.split("//")[1] in service.log()
    assert status(service) == 200


def refresh(service):
    """A refresh after the window, as cron would do it."""
    time.sleep(3.1)
    return service.run("maintain", check=False)


def kids(document):
    """Every kid in the file, wherever it stands."""
    return sorted(re.findall(r'"kid": ?"([^"]+)"', json.dumps(document)))


def read(service):
    with open(os.path.join(service.path("var"), "identity-keys.json"), encoding="utf-8") as file:
        return json.load(file)


def test_a_key_file_that_others_may_write_is_refused(new_service):
    service = new_service().make()
    path = os.path.join(service.path("var"), "identity-keys.json")
    os.chmod(path, 0o666)
    service.start()
    # The master's own refresh may repair it; until then nobody gets in.
    first = service.post_csr(body())
    assert first.status in (200, 503)
    if first.status == 503:
        assert first.code() == 5031


def test_the_key_job_runs_by_itself_too(new_service, own_double):
    service = new_service(FAST, double=own_double).make(keys=False)
    before = own_double.count()
    assert service.maintain().returncode == 0
    assert own_double.count() == before + 1
    assert service.run("maintain", "--list").stdout.split()[0] == "identity-keys"


def test_no_redirect_and_no_plain_http(new_service, own_double):
    plain = own_double.host.replace("https://", "http://")
    service = new_service(double=own_double)
    service.configure({"AuthConfig": {"AuthorityHost": plain}})
    done = service.run("check-config", check=False)
    assert done.returncode == 78 and "AuthorityHost" in done.stderr
