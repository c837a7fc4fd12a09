"""The database away, back, slow and killed: no certificate without its row, and no row twice."""

import os
import signal
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from harness import csr, process
from harness.service import timed


def body():
    return csr.make("device-1", csr.dns("device-1.example.com"))


def unavailable(response, code=5030):
    assert response.status == 503 and response.code() == code, response
    assert int(response.headers["retry-after"]) > 0


class Load:
    """Clients that enroll until told to stop; keeps every certificate that reached them."""

    def __init__(self, service, clients=8):
        self.service, self.stopped = service, threading.Event()
        self.certificates, self.statuses, self.errors = [], {}, 0
        self.lock = threading.Lock()
        self.token = service.double.token()
        self.body = body()
        self.threads = [threading.Thread(target=self.client, daemon=True) for _ in range(clients)]
        for thread in self.threads:
            thread.start()

    def client(self):
        while not self.stopped.is_set():
            try:
                response = self.service.post_csr(self.body, self.token)
            except OSError:
                response = None
            with self.lock:
                if response is None or not response.complete:
                    self.errors += 1
                    continue
                self.statuses[response.status] = self.statuses.get(response.status, 0) + 1
                if response.status == 200:
                    self.certificates.append(response.body)

    def count(self):
        with self.lock:
            return len(self.certificates)

    def wait_for(self, more):
        goal = self.count() + more
        process.wait_until(lambda: self.count() >= goal, 60, f"{more} more certificates")

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive()


def check_rows(service, load):
    """
    Every certificate that was delivered has its row, serials are distinct, and rows without a
    delivery are no more than the answers that failed.
    """
    certificates = load.certificates
    rows = service.sql("SELECT LOWER(HEX(fingerprint)), HEX(serial) FROM certificate")
    fingerprints = [row[0] for row in rows]
    assert len({row[1] for row in rows}) == len(rows)
    loaded = [x509.load_der_x509_certificate(der) for der in certificates]
    assert {c.fingerprint(hashes.SHA256()).hex() for c in loaded} <= set(fingerprints)
    assert len({c.serial_number for c in loaded}) == len(loaded)
    assert 0 <= len(rows) - len(loaded) <= load.errors + load.statuses.get(503, 0)


def test_stopped_and_back(new_service, own_mariadb):
    service = new_service(mariadb=own_mariadb).make().start()
    assert service.post_csr(body()).status == 200
    own_mariadb.stop()
    for _ in range(4):
        unavailable(service.post_csr(body()))
    own_mariadb.start()
    process.wait_until(lambda: service.post_csr(body()).status == 200, 5, "enrolling again")
    service.get("/probe")


def test_serve_starts_without_a_database(new_service, own_mariadb):
    service = new_service(mariadb=own_mariadb).make()
    own_mariadb.stop()
    service.start()
    unavailable(service.post_csr(body()))
    probe = service.get("/probe")
    assert probe.status == 503 and "database" in probe.json()["failed"]
    own_mariadb.start()
    process.wait_until(lambda: service.post_csr(body()).status == 200, 10, "enrolling")


def test_a_silent_database_costs_the_read_timeout(new_service, own_mariadb):
    settings = {"Database": {"ReadTimeoutSeconds": "1", "ConnectTimeoutSeconds": "1"}}
    service = new_service(settings, mariadb=own_mariadb).make().start()
    assert service.post_csr(body()).status == 200
    own_mariadb.pause()
    try:
        response, seconds = timed(service.post_csr, body())
    finally:
        own_mariadb.resume()
    unavailable(response)
    assert seconds < 10  # which is the default
    process.wait_until(lambda: service.post_csr(body()).status == 200, 10, "enrolling again")


def test_idle_connections_that_died_do_not_fail_a_request(new_service, own_mariadb):
    service = new_service({"Server": {"Workers": "1"}}, mariadb=own_mariadb).make().start()
    assert service.post_csr(body()).status == 200
    own_mariadb.restart()
    assert service.post_csr(body()).status == 200


def test_sigkill_of_the_database_under_load(new_service, own_mariadb):
    service = new_service({"Server": {"Workers": "4"}}, mariadb=own_mariadb).make().start()
    load = Load(service)
    try:
        for _ in range(3):
            load.wait_for(50)
            own_mariadb.kill()
            time.sleep(0.1)  # some requests meet it dead
            own_mariadb.start()
        load.wait_for(50)
    finally:
        load.stop()
    assert set(load.statuses) <= {200, 503}, load.statuses
    check_rows(service, load)


def test_sigkill_of_a_worker_under_load(new_service):
    service = new_service({"Server": {"Workers": "4"}}).make().start()
    load = Load(service)
    try:
        for _ in range(3):
            load.wait_for(20)
            before = set(service.workers())
            victim = min(before)
            os.kill(victim, signal.SIGKILL)
            replaced = lambda: len(set(service.workers()) - {victim}) >= 4
            process.wait_until(replaced, 10, "a new worker")
        load.wait_for(20)
    finally:
        load.stop()
    check_rows(service, load)


def test_sigkill_of_the_master(new_service):
    service = new_service({"Server": {"Workers": "4"}}).make().start()
    load = Load(service)
    try:
        load.wait_for(20)
        group = service.process
        group.kill()
        process.wait_until(lambda: not group.group(), 5, "the end of all workers")
    finally:
        load.stop()
    check_rows(service, load)


def test_clocks_apart_stop_issuing(new_service, own_mariadb):
    service = new_service(mariadb=own_mariadb).make()
    service.start(env=process.faketime("+120s"))
    token = service.double.token(claims={"exp": int(time.time()) + 3600})
    unavailable(service.post_csr(body(), token))
    assert "clock" in service.get("/probe").json()["failed"]


def test_clocks_a_little_apart_do_not(new_service, own_mariadb):
    service = new_service(mariadb=own_mariadb).make()
    service.start(env=process.faketime("+20s"))
    assert service.post_csr(body()).status == 200


def test_every_serial_is_distinct_under_load(new_service):
    service = new_service({"Server": {"Workers": "4"}}).make().start()
    load = Load(service, 16)
    load.wait_for(300)
    load.stop()
    assert set(load.statuses) == {200} and load.errors == 0
    check_rows(service, load)
