"""certwright recover writes a journal in pieces: each is in the database whole or not at all."""

import os
import socket
import subprocess
import threading

import pytest
from harness import process
from harness.journals import Maker
from harness.service import Service

REFUSED, UNAVAILABLE = 1, 69
PIECE = 200


class Blocker:
    """Somebody whose uncommitted row is in the way of one certificate, until end()."""

    def __init__(self, service, line):
        self.service = service
        argv = ["mariadb", "--no-defaults", f"--socket={service.mariadb.socket}", "--user=root"]
        self.client = subprocess.Popen(
            [*argv, "--unbuffered", service.database],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.client.stdin.write(
            "CREATE TEMPORARY TABLE t SELECT * FROM certificate LIMIT 1;"
            f" UPDATE t SET id = REPEAT('b', 16), fingerprint = UNHEX('{line['fingerprint']}'),"
            f" serial = UNHEX('{line['serial']}');"
            " START TRANSACTION; INSERT INTO certificate SELECT * FROM t; DO SLEEP(300);\n"
        )
        self.client.stdin.flush()
        self.wait_for("info LIKE 'DO SLEEP(300)%'")

    def wait_for(self, where):
        """The id of a connection."""
        rows = "SELECT id FROM information_schema.processlist WHERE "
        return process.wait_until(lambda: self.service.value(rows + where), 30, where)

    def blocked(self):
        """Until the program waits for the row; its connection."""
        user = self.service.database
        return self.wait_for(f"user = '{user}' AND info LIKE 'INSERT INTO certificate %' AND time_ms > 50")

    def end(self):
        self.client.kill()
        self.client.communicate(timeout=30)
        sleeper = self.service.value(
            "SELECT id FROM information_schema.processlist WHERE info LIKE 'DO SLEEP(300)%'")
        if sleeper:
            self.service.sql(f"KILL {sleeper}")


class DeafProxy:
    """
    Stands before the database; of the first connection it passes on the first COMMIT and keeps the
    answer to itself, and hangs up.
    """

    def __init__(self, service):
        self.target, self.path, self.is_spent = service.mariadb.socket, service.path("proxy.sock"), False
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(8)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.target)
            self.is_deaf = False
            threading.Thread(target=self.answer, args=(server, client), daemon=True).start()
            threading.Thread(target=self.ask, args=(client, server), daemon=True).start()

    def ask(self, client, server):
        prepared = False
        try:
            while asked := client.recv(1 << 20):
                # it is prepared by one packet and executed by the next
                if prepared and not self.is_spent:
                    self.is_spent = self.is_deaf = True
                prepared = asked[4:] == b"\x16COMMIT"
                server.sendall(asked)
        except OSError:
            pass
        server.close()

    def answer(self, server, client):
        try:
            while (answer := server.recv(1 << 20)) and not self.is_deaf:
                client.sendall(answer)
            client.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        client.close()

    def stop(self):
        self.listener.close()


@pytest.fixture(name="maker", scope="module")
def fixture_maker(mariadb, double):
    service = Service(mariadb, double)
    yield Maker(service)
    service.destroy()


@pytest.fixture(name="blocked")
def fixture_blocked(maker):
    """A run that has written one piece and waits in the next one."""
    lines = maker.certificates(PIECE + 20)
    path = maker.write(*lines)
    blocker = Blocker(maker.service, lines[PIECE + 7])
    running = maker.start(path)
    connection = blocker.blocked()
    yield lines, path, blocker, running, connection
    blocker.end()
    if running.poll() is None:
        running.kill()
    running.communicate(timeout=30)


def commits(maker):
    return int(maker.service.mariadb.sql("SHOW GLOBAL STATUS LIKE 'Com_commit'")[0][1])


def test_a_piece_is_one_transaction_and_a_second_run_none(maker):
    lines = maker.certificates(2 * PIECE)
    held = [maker.change(line, "hold", 1) for line in lines[:PIECE]]
    # what is said twice is none of the piece's lines that are written
    lines[50], held[50] = lines[49], held[49]
    path = maker.write(*lines, *held)
    before = commits(maker)
    said = maker.recover(path, "--dry-run").stdout
    assert f"at most: {2 * PIECE - 1} certificates and {PIECE - 1} revocations" in said
    assert commits(maker) == before and not any(maker.there(lines))
    said = maker.recover(path).stdout
    assert f"Taken back: {2 * PIECE - 1} certificates and {PIECE - 1} revocations" in said
    # two pieces of certificates, one of events, and the CRL number that is skipped
    assert commits(maker) == before + 4
    assert all(maker.there(lines)) and maker.audits(path) == 3 * PIECE - 2
    after = maker.everything()
    assert "Taken back: 0 certificates and 0 revocations" in maker.recover(path).stdout
    assert maker.everything() == after and commits(maker) == before + 4


def test_a_run_killed_between_pieces_is_run_again(maker, blocked):
    lines, path, blocker, running, connection = blocked
    assert maker.there(lines) == [True] * PIECE + [False] * 20
    running.kill()
    assert running.wait(30) < 0
    blocker.end()
    rows = f"SELECT COUNT(*) FROM information_schema.processlist WHERE id = {connection}"
    process.wait_until(lambda: maker.service.value(rows) == "0", 30, "the end of its connection")
    assert maker.there(lines) == [True] * PIECE + [False] * 20 and maker.audits(path) == PIECE
    assert "Taken back: 20 certificates" in maker.recover(path).stdout
    assert all(maker.there(lines)) and maker.audits(path) == PIECE + 20
    after = maker.everything()
    assert "Taken back: 0 certificates" in maker.recover(path).stdout
    assert maker.everything() == after


def test_a_connection_lost_within_a_piece_is_made_good(maker, blocked):
    lines, path, blocker, running, connection = blocked
    maker.service.sql(f"KILL {connection}")
    # the lines before the one that is blocked, each by itself now
    process.wait_until(lambda: sum(maker.there(lines)) == PIECE + 7, 30, "the lines before it")
    blocker.end()
    out, error = running.communicate(timeout=60)
    assert running.returncode == 0, error
    assert f"Taken back: {PIECE + 20} certificates" in out
    assert all(maker.there(lines)) and maker.audits(path) == PIECE + 20


@pytest.mark.parametrize("kind", ["certificates", "events"])
def test_a_commit_whose_answer_is_lost_counts(maker, kind):
    lines = maker.certificates(9)
    path = maker.write(*lines)
    if kind == "events":
        maker.recover(path)
        path = maker.write(*(maker.change(line, "revoke", 1) for line in lines))
    proxy, before = DeafProxy(maker.service), commits(maker)
    maker.service.configure({"Database": {"Socket": proxy.path}})
    try:
        said = maker.recover(path).stdout
    finally:
        proxy.stop()
        maker.service.configure({"Database": {"Socket": maker.service.mariadb.socket}})
        os.unlink(proxy.path)
    counts = (9, 0) if kind == "certificates" else (0, 9)
    assert proxy.is_spent and "Taken back: {} certificates and {} revocations".format(*counts) in said
    # nothing was written once more, and the CRL that lists the events is asked for
    assert commits(maker) == before + (1 if kind == "certificates" else 2)
    assert maker.audits(path) == 9 and all(maker.there(lines))


def test_a_line_whose_place_is_taken_is_refused_alone(maker):
    lines = maker.certificates(9)
    # another certificate of the same id: on record, and in the same piece
    lines[3]["id"] = maker.issued["id"]
    lines[6]["id"] = lines[5]["id"]
    path = maker.write(*lines)
    said = maker.recover(path, status=REFUSED).stderr.splitlines()
    assert [f"{path}:{number}: refused: " in text for number, text in zip((4, 7), said)] == [True, True]
    assert len(said) == 2 and all("Duplicate" in text for text in said)
    assert maker.there(lines) == [place not in (3, 6) for place in range(9)]
    assert maker.audits(path) == 7
    # and with what is refused before anything is written, in the order of the lines
    forged = {**maker.certificate(), "subject": "CN=root"}
    path = maker.write(forged, lines[6], "torn", maker.certificate(), forged)
    done = maker.recover(path, status=REFUSED)
    said = done.stderr.splitlines()
    assert [text.split(": refused: ")[0].rsplit(":", 1)[1] for text in said] == ["1", "2", "5"]
    assert f"{path}:3: a line without its end" in done.stdout and "1 certificates" in done.stdout


def test_a_line_that_the_database_will_not_take_is_named(maker):
    lines = maker.certificates(12)
    events = [maker.change(line, "revoke", 1) for line in lines]
    path = maker.write(*lines, *events)
    maker.service.sql(
        "CREATE TRIGGER fault BEFORE INSERT ON certificate FOR EACH ROW"
        f" SET NEW.type = IF(NEW.serial = UNHEX('{lines[7]['serial']}'), NULL, NEW.type)"
    )
    said = maker.recover(path, status=UNAVAILABLE).stderr
    assert f"{path}:8: " in said and said.count("\n") == 1
    assert maker.there(lines) == [place < 7 for place in range(12)]
    maker.service.sql(
        "DROP TRIGGER fault; CREATE TRIGGER fault BEFORE INSERT ON revocation_event FOR EACH ROW"
        f" SET NEW.actor = IF(NEW.id = UNHEX('{events[4]['id'].replace('-', '')}'), NULL, NEW.actor)"
    )
    said = maker.recover(path, status=UNAVAILABLE).stderr
    assert f"{path}:17: " in said
    assert [maker.status(line) for line in lines] == ["revoked"] * 4 + ["good"] * 8
    maker.service.sql("DROP TRIGGER fault")
    assert "0 certificates and 8 revocations" in maker.recover(path).stdout
    assert {maker.status(line) for line in lines} == {"revoked"} and maker.audits(path) == 24


def test_one_piece_holds_a_certificate_and_all_that_became_of_it(maker):
    first, other, twice = maker.certificates(3)
    daughter = maker.certificate(lineage=first["id"], renewedFrom=first["id"])
    gone = maker.change(first, "revoke", 1, 1)
    held, free = maker.change(other, "hold", 1), maker.change(other, "release", 2)
    again = maker.change(other, "hold", 3)
    # in any order, and said twice
    lines = [gone, free, again, daughter, twice, first, twice, held, held, other, gone, again]
    path = maker.write(*lines)
    assert "Taken back: 4 certificates and 4 revocations" in maker.recover(path).stdout
    assert [maker.status(line) for line in (first, other, twice)] == ["revoked", "hold", "good"]
    rows = f"FROM certificate WHERE serial = UNHEX('{first['serial']}')"
    assert maker.service.value(f"SELECT renewals {rows}") == "1"
    assert maker.audits(path) == 8
    assert maker.service.sql(
        "SELECT l.serial = c.serial, l.reason FROM certificate c JOIN revoked_certificate l"
        f" ON l.certificate_id = c.id WHERE c.serial = UNHEX('{first['serial']}')"
    ) == [("1", "1")]
    # its key was compromised, so none of its lineage renews, one that comes later included
    late = maker.certificate(lineage=first["id"])
    assert "Taken back: 1 certificates" in maker.recover(maker.write(twice, late)).stdout
    marked = "SELECT lineage_compromised FROM certificate WHERE serial = UNHEX('{}')"
    for line, mark in ((first, "1"), (daughter, "1"), (late, "1"), (twice, "0")):
        assert maker.service.value(marked.format(line["serial"])) == mark
    after = maker.everything()
    assert "Taken back: 0 certificates and 0 revocations" in maker.recover(path).stdout
    assert maker.everything() == after


def test_events_of_certificates_that_are_lost_share_a_piece(maker):
    (known, lost) = maker.certificates(2)
    lines = [maker.change(lost, "hold", 1), maker.change(lost, "revoke", 2), maker.change(lost, "revoke", 2)]
    path = maker.write(known, *lines, maker.change(known, "revoke", 1))
    done = maker.recover(path, status=REFUSED)
    assert f"{path}:2: refused: its certificate is not on record" in done.stderr
    assert "1 bare serial numbers" in done.stdout and maker.status(known) == "revoked"
    assert maker.service.sql(
        f"SELECT certificate_id, reason FROM revoked_certificate WHERE serial = UNHEX('{lost['serial']}')"
    ) == [("NULL", "4")]
    assert maker.audits(path) == 3


def test_a_long_run_tells_how_far_it_has_come(maker):
    path = maker.write(*["torn"] * 20000, maker.certificate())
    said = maker.recover(path).stderr.splitlines()
    counts = [f"{path}: {count} lines read, 0 " for count in (10000, 20000)]
    assert len(said) == 4 and all(count in text for count, text in zip(counts * 2, said))
    assert "to take back" in maker.recover(path, "--dry-run").stderr
