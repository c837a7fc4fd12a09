"""The process model of `certwright serve`: stop, reload, respawn, watchdog, broken peers."""

import fcntl
import os
import signal
import socket
import struct
import termios
import threading
import time

import pytest

from harness import fcgi, process

SETTINGS = {
    "Server": {"Workers": "2", "RequestTimeoutSeconds": "4", "MaxRequests": "0"},
    "Database": {
        "ConnectTimeoutSeconds": "1",
        "ReadTimeoutSeconds": "1",
        "WriteTimeoutSeconds": "2",
    },
}


def changed(**server):
    settings = {section: dict(keys) for section, keys in SETTINGS.items()}
    settings["Server"].update(server)
    return settings


@pytest.fixture
def running(new_service):
    """A started service with a schema but no CA: these tests need no certificate."""

    def make(settings=None, **options):
        made = new_service(settings or SETTINGS)
        made.make(ca_key=None, keys=False)
        return made.start(**options)

    return make


def workers(service):
    return set(service.workers())


class Callers:
    """Concurrent clients; on leaving, every answer must have been whole and right."""

    def __init__(self, service, clients=8):
        self.service, self.stopped = service, threading.Event()
        self.count, self.wrong = 0, []
        self.threads = [threading.Thread(target=self.call, daemon=True) for _ in range(clients)]

    def call(self):
        while not self.stopped.is_set():
            try:
                not_found(self.service)
                self.count += 1
            except (OSError, AssertionError) as problem:
                self.wrong.append(repr(problem))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive()
        assert self.count and not self.wrong, self.wrong[:3]


def settled(service, count):
    """The workers, once there are as many as there should be."""
    return process.wait_until(
        lambda: (lambda found: found if len(found) == count else None)(workers(service)),
        5,
        f"{count} workers",
    )


def gone(pid):
    fields = process.stat_fields(pid)
    return fields is None or fields[0] == "Z"


def not_found(service):
    answer = service.get("/no/such/path")
    assert answer.complete and answer.status == 404, answer
    return answer


def slow_request(service):
    """A connection with half a body, which a worker has read: it is at work until finish() sends the rest."""
    connection = fcgi.Connection(service.socket)
    env = fcgi.environment("POST", "/api/csr", body=b"0123456789")
    connection.send(fcgi.begin() + fcgi.params_stream(env) + fcgi.record(fcgi.STDIN, b"01234"))
    process.wait_until(lambda: unread(connection.socket) == 0, 5, "a worker that reads")
    return connection


def unread(connected):
    """How much of what was sent through this Unix socket the other side has not read yet."""
    return struct.unpack("i", fcntl.ioctl(connected, termios.TIOCOUTQ, bytes(4)))[0]


def finish(connection):
    connection.send(fcgi.record(fcgi.STDIN, b"56789") + fcgi.record(fcgi.STDIN))
    answer = connection.response()
    connection.close()
    assert answer.complete and answer.status == 401, answer


def test_every_answer_has_an_id_and_errors_their_form(running):
    service = running()
    answer = not_found(service)
    assert answer.code() == 4041
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"
    request_id = answer.headers["x-request-id"]
    assert len(request_id) == 32 and int(request_id, 16) >= 0
    assert service.wait_log(req=request_id)[0]["status"] == "404"
    wrong = service.get("/api/csr")
    assert (wrong.status, wrong.code(), wrong.headers["allow"]) == (405, 4050, "POST")
    head = service.request("HEAD", "/no/such/path")
    assert (head.status, head.body) == (404, b"")


def test_malformed_requests_are_refused_and_logged(running):
    service = running()
    for params in (
        {"REQUEST_URI": "/ca/%00"},
        {"REQUEST_URI": "/ca/../api/csr"},
        {"CONTENT_LENGTH": "+5"},
        {"REQUEST_METHOD": None},
    ):
        answer = service.get("/ca", params=params)
        assert (answer.status, answer.code()) == (400, 4000), params
    assert len(service.log_lines(event="request", code="4000")) == 4


@pytest.mark.parametrize("how", ["fd0", "listen"])
def test_sigterm_stops_at_once_and_leaves_nothing(running, how):
    service = running(changed(RequestTimeoutSeconds="60"), how=how)
    found = settled(service, 2)
    began = time.monotonic()
    assert service.stop() == 0
    assert time.monotonic() - began < 20  # below stop()'s own limit, where SIGKILL follows
    assert all(gone(pid) for pid in found)
    assert os.path.exists(service.socket) == (how == "fd0")
    assert service.log_lines(event="stop")


def test_sigterm_lets_requests_finish(running):
    service = running()
    connection = slow_request(service)
    service.process.send(signal.SIGTERM)
    time.sleep(0.5)
    finish(connection)
    assert service.process.wait(5) == 0


def test_a_killed_worker_is_replaced(running):
    service = running()
    for _ in range(3):
        victim = min(settled(service, 2))
        os.kill(victim, signal.SIGKILL)
        process.wait_until(
            lambda: len(workers(service) - {victim}) == 2, 2, "another worker"
        )
        not_found(service)


def test_workers_end_after_their_master(running):
    service = running()
    found = settled(service, 2)
    connection = slow_request(service)
    service.process.kill()
    finish(connection)
    process.wait_until(lambda: all(gone(pid) for pid in found), 5, "the workers' end")
    process.wait_until(lambda: not service.process.group(), 5, "the end of all")


def test_reload_replaces_workers_and_drops_nothing(running):
    service = running()
    before = settled(service, 2)
    connection = slow_request(service)
    service.configure({"Server": {"Workers": "3"}})
    service.reload()
    for _ in range(20):
        not_found(service)
    finish(connection)
    process.wait_until(
        lambda: len(workers(service)) == 3 and not workers(service) & before, 5, "new workers"
    )
    assert service.log_lines(event="reloaded")
    not_found(service)


def test_reloads_under_load_drop_nothing(running):
    service = running()
    with Callers(service):
        for count in (3, 1, 4, 2):
            before = settled(service, len(workers(service)))
            service.configure({"Server": {"Workers": count}})
            service.reload()
            process.wait_until(
                lambda: len(workers(service)) == count and not workers(service) & before,
                10,
                "new workers",
            )
    assert len(service.log_lines(event="reloaded")) == 4


def test_reload_with_a_bad_file_changes_nothing(running):
    service = running()
    before = settled(service, 2)
    service.configure({"Server": {"Workers": "none"}})
    service.reload()
    line = service.wait_log(event="settings_refused")[0]
    assert "Workers" in line["reason"]
    time.sleep(0.5)
    assert workers(service) == before
    not_found(service)


def test_log_file_is_opened_again(running):
    service = running()
    os.rename(service.log_path, service.log_path + ".1")
    service.reload()
    process.wait_until(lambda: os.path.exists(service.log_path), 5, "the new log")

    # A worker may answer once more before it has read its signal; that line is in the old file.
    def is_in_the_new_file():
        return service.log_lines(req=not_found(service).headers["x-request-id"])

    process.wait_until(is_in_the_new_file, 5, "a line in the new log")


def test_a_worker_that_makes_no_progress_is_replaced(running):
    """Drops of parameters, each in time, but the request takes longer than it may."""
    service = running(changed(Workers="1"))
    worker = settled(service, 1)
    with fcgi.Connection(service.socket) as connection:
        connection.send(fcgi.begin())
        began = time.monotonic()
        with pytest.raises(OSError):
            while time.monotonic() - began < 25:
                connection.send(fcgi.record(fcgi.PARAMS, fcgi.pair("A", "b")))
                time.sleep(0.3)
    assert 3.5 < time.monotonic() - began < 25  # RequestTimeoutSeconds is 4, by default 30
    assert service.wait_log(event="worker_hung")[0]["state"] == "receiving"
    assert settled(service, 1) != worker
    not_found(service)


def test_recycling_changes_processes_and_drops_nothing(running):
    service = running(changed(Workers="2", MaxRequests="20"))
    seen = set()
    with Callers(service) as callers:
        process.wait_until(lambda: seen.update(workers(service)) or len(seen) > 10, 30, "recycling")
    assert callers.count > 100
    assert not service.log_lines(event="worker_died")


BROKEN = {
    "nothing": b"",
    "begin alone": fcgi.begin(),
    "one parameter": fcgi.begin() + fcgi.record(fcgi.PARAMS, fcgi.pair("REQUEST_METHOD", "GET")),
    "half a parameter": fcgi.begin() + fcgi.record(fcgi.PARAMS, b"\x0e\x03REQ"),
    "abort": fcgi.begin()
    + fcgi.record(fcgi.PARAMS, fcgi.pair("REQUEST_METHOD", "GET"))
    + fcgi.record(fcgi.ABORT_REQUEST),
    "not FastCGI": b"GET / HTTP/1.0\r\n\r\n",
    "management": fcgi.record(fcgi.GET_VALUES, fcgi.pair("FCGI_MAX_CONNS", "") * 3, 0),
    "another role": fcgi.begin(role=fcgi.AUTHORIZER) + fcgi.params_stream({"A": "b"}),
}


@pytest.mark.parametrize("closes", [True, False])
def test_broken_peers_get_no_answer_and_hold_nobody_for_long(running, closes):
    service = running(changed(Workers="1", RequestTimeoutSeconds="60"))
    worker = settled(service, 1)
    for what, data in BROKEN.items():
        with fcgi.Connection(service.socket) as connection:
            connection.send(data)
            if closes:
                connection.end_writing()
            began = time.monotonic()
            not_found(service)
            assert time.monotonic() - began < 20, what
            assert connection.response().status is None, what
    assert workers(service) == worker


def test_impossible_lengths_cost_one_worker_at_most(running):
    service = running()
    service.allowed_deaths = {"134"}  # libfcgi's assertion
    with fcgi.Connection(service.socket) as connection:
        connection.send(fcgi.begin() + fcgi.record(fcgi.PARAMS, b"\xff\xff\xff\xfe" * 2 + b"A" * 50))
        connection.end_writing()
        assert connection.read_all() == b""
    settled(service, 2)
    not_found(service)


def test_kept_connections_are_closed(running):
    service = running(changed(Workers="1"))
    with fcgi.Connection(service.socket) as connection:
        env = fcgi.environment("GET", "/no/such/path")
        connection.send(fcgi.begin(keep=True) + fcgi.params_stream(env) + fcgi.stdin_stream(b""))
        assert fcgi.Response(connection.read_all()).complete
    not_found(service)


def test_serve_starts_without_the_database(new_service):
    service = new_service(SETTINGS)
    service.configure({"Database": {"Socket": service.path("no-such-socket")}})
    service.start()
    not_found(service)
    assert service.get("/probe").status == 503
    assert service.log_lines(event="database_down")


def test_serve_refuses_a_wrong_schema(new_service, mariadb):
    service = new_service(SETTINGS)
    mariadb.create(service.database, service.password)
    service.start(ready=False)
    assert service.process.wait(20) == 78
    assert "migrate" in service.process.log()


def test_serve_needs_a_socket_of_its_own(new_service):
    service = new_service(SETTINGS)
    done = service.run("serve", check=False, stdin=open(os.devnull, "rb"))
    assert done.returncode == 78 and "Listen" in done.stderr
    done = service.run("serve", "--single", check=False, stdin=open(os.devnull, "rb"))
    assert done.returncode == 78 and "descriptor 0" in done.stderr
    with socket.create_server(("127.0.0.1", 0)) as listener:
        done = service.run("serve", check=False, stdin=listener)
    assert done.returncode == 78 and "Unix socket" in done.stderr


def test_two_masters_never_share_a_socket(running):
    service = running(how="listen")
    done = service.run("serve", check=False, stdin=open(os.devnull, "rb"))
    assert done.returncode == 78 and "in use" in done.stderr
    not_found(service)


def test_single_process_serves_and_stops(running):
    service = running(options=("--single",))
    assert workers(service) == set()
    not_found(service)
    connection = slow_request(service)
    service.process.send(signal.SIGTERM)
    finish(connection)
    assert service.process.wait(5) == 0


def test_maintain_lists_its_jobs_and_refuses_others(new_service):
    service = new_service(SETTINGS)
    assert "identity-keys" in service.run("maintain", "--list").stdout
    assert service.run("maintain", "no-such-job", check=False).returncode == 64
