"""certwright recover: serials whose certificates are not on record, and what becomes of them."""

import datetime
import os
import uuid

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from harness import forge, process
from harness.journals import Maker
from harness.service import Service

UNAVAILABLE = 69
PIECE = 200
COMPROMISE, SUPERSEDED, HOLD = 1, 4, 6
REASONS = {SUPERSEDED: x509.ReasonFlags.superseded, HOLD: x509.ReasonFlags.certificate_hold}
NUMBER = "SELECT crl_number FROM authority_generation WHERE label = 'demo-1'"


class Serials(Maker):
    """With lines of certificates that are lost, and bare serials."""

    def lost(self, count=1):
        return [{"id": str(uuid.uuid4()), "serial": f"50{os.urandom(15).hex().upper()}"} for _ in range(count)]

    def bare(self, line, reason, label="demo-1"):
        self.service.sql(
            "INSERT INTO revoked_certificate (generation_id, serial, not_after, revoked_at, reason)"
            f" SELECT id, UNHEX('{line['serial']}'), not_after, UTC_TIMESTAMP(), {reason}"
            f" FROM authority_generation WHERE label = '{label}'"
        )

    def rows(self, line):
        """Of the list: whether it is bare, and the reason."""
        return self.service.sql(
            "SELECT certificate_id IS NULL, reason FROM revoked_certificate"
            f" WHERE serial = UNHEX('{line['serial']}')"
        )

    def number(self):
        return int(self.service.value(NUMBER))

    def crl(self, line, reason):
        """A CRL file that lists it, newer than any other."""
        now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0, tzinfo=None)
        issuer = forge.ca_certificate(self.service)
        entry = x509.RevokedCertificateBuilder(int(line["serial"], 16), now)
        entry = entry.add_extension(x509.CRLReason(REASONS[reason]), False)
        builder = x509.CertificateRevocationListBuilder(
            issuer.subject, now, now + datetime.timedelta(days=1), revoked_certificates=[entry.build()]
        ).add_extension(x509.CRLNumber(self.number() + 10), False)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), False
        )
        signed = builder.sign(forge.ca_key(self.service), hashes.SHA256())
        path = self.service.path(f"{uuid.uuid4()}.crl")
        with open(path, "wb") as file:
            file.write(signed.public_bytes(serialization.Encoding.DER))
        return path

    def is_listed(self, line, label):
        """By the CRL that is published now."""
        self.service.run("maintain", "publish-crls")
        self.service.run("maintain", "crl-files")
        with open(os.path.join(self.service.path("var"), "crl", f"{label}.crl"), "rb") as file:
            crl = x509.load_der_x509_crl(file.read())
        return crl.get_revoked_certificate_by_serial_number(int(line["serial"], 16)) is not None


@pytest.fixture(name="maker", scope="module")
def fixture_maker(mariadb, double):
    service = Service(mariadb, double)
    yield Serials(service)
    service.destroy()


@pytest.fixture(name="twin", scope="module")
def fixture_twin(maker):
    """The label of a generation with the same name and key."""
    maker.service.run("ca", "renew", "demo", "--days", "99")
    return "demo-2"


@pytest.fixture(name="fault")
def fixture_fault(maker):
    """Makes something happen where a serial is put on the list."""
    def make(line, what):
        maker.service.sql(
            "CREATE TRIGGER fault BEFORE INSERT ON revoked_certificate FOR EACH ROW"
            f" SET NEW.reason = IF(NEW.serial = UNHEX('{line['serial']}'), {what}, NEW.reason)"
        )

    yield make
    maker.service.sql("DROP TRIGGER IF EXISTS fault")


@pytest.mark.parametrize("source", ["journal", "CRL"])
def test_a_bare_serial_on_hold_becomes_revoked_and_stays_so(maker, source):
    (line,), before = maker.certificates(1), maker.number()
    maker.bare(line, HOLD)

    def tell(reason, *words):
        if source == "CRL":
            return maker.recover(maker.write(), "--crl", maker.crl(line, reason), *words).stdout
        return maker.recover(maker.write(maker.change(line, "revoke", 2, reason)), *words).stdout

    if source == "CRL":
        assert "0 bare" in tell(HOLD)
    said = tell(SUPERSEDED, "--dry-run")
    assert maker.rows(line) == [("1", str(HOLD))] and (source == "journal" or "1 bare" in said)
    assert "1 bare serial numbers" in tell(SUPERSEDED)
    assert maker.rows(line) == [("1", str(SUPERSEDED))] and maker.number() > before
    assert "0 bare" in tell(SUPERSEDED)
    if source == "CRL":
        assert "0 bare" in tell(HOLD)
    assert maker.rows(line) == [("1", str(SUPERSEDED))]
    maker.recover(maker.write(line))
    assert maker.status(line) == "revoked" and maker.rows(line) == [("0", str(SUPERSEDED))]


def test_a_kill_after_some_were_added_still_asks_for_a_crl(maker, fault):
    lines, before = maker.lost(PIECE + 1), maker.number()
    path = maker.write(*(maker.change(line, "revoke", 1) for line in lines))
    fault(lines[-1], "SLEEP(300)")
    running = maker.start(path)
    try:
        # by its database: within a trigger the user is the trigger's
        rows = (
            "SELECT id FROM information_schema.processlist"
            f" WHERE db = '{maker.service.database}' AND info LIKE 'INSERT INTO revoked_certificate%'"
            " AND state = 'User sleep'"
        )
        connection = process.wait_until(lambda: maker.service.value(rows), 30, "the last one")
    finally:
        running.kill()
        running.communicate(timeout=30)
    maker.service.sql(f"KILL {connection}")
    process.wait_until(lambda: not maker.service.value(rows), 30, "the end of its connection")
    maker.service.sql("DROP TRIGGER fault")
    # a number for all of them, and none for the one that was not written
    assert len(maker.rows(lines[0])) == 1 and maker.rows(lines[-1]) == []
    assert maker.number() == before + 1
    assert maker.is_listed(lines[0], "demo-1")
    asked = maker.number()
    assert "1 bare serial numbers" in maker.recover(path).stdout and maker.number() == asked + 1
    maker.recover(path)
    assert maker.number() == asked + 1


def test_a_run_that_fails_asks_for_a_crl_of_what_it_took_back(maker, fault):
    (known,), (lost,) = maker.certificates(1), maker.lost()
    maker.recover(maker.write(known))
    before = maker.number()
    path = maker.write(maker.change(known, "revoke", 1), maker.change(lost, "revoke", 1))
    fault(lost, "NULL")
    assert f"{path}:2: " in maker.recover(path, status=UNAVAILABLE).stderr
    assert maker.status(known) == "revoked" and maker.rows(lost) == []
    assert maker.number() == before + 1
    # and where nothing came back, none
    maker.recover(path, status=UNAVAILABLE)
    assert maker.number() == before + 1


def test_a_lineage_that_was_revoked_as_a_whole_is_walked_once_a_piece(maker):
    first, *others = maker.certificates(40)
    family = [first, *({**line, "lineage": first["id"]} for line in others)]
    maker.recover(maker.write(*family))
    events = [{**maker.change(line, "revoke", 1, COMPROMISE), "wholeLineage": True} for line in family]

    def statements():
        return int(maker.service.mariadb.sql("SHOW GLOBAL STATUS LIKE 'Com_stmt_execute'")[0][1])

    before = statements()
    assert "40 revocations" in maker.recover(maker.write(*events)).stdout
    # each walk is a statement a certificate
    assert statements() - before < 15 * len(family)
    assert {maker.status(line) for line in family} == {"revoked"}
    ids = ", ".join(f"UNHEX('{line['id'].replace('-', '')}')" for line in family)
    assert maker.service.value(
        f"SELECT COUNT(*) FROM certificate WHERE id IN ({ids}) AND lineage_compromised"
    ) == str(len(family))


@pytest.mark.parametrize("shift", [0, 1])
def test_a_long_path_is_cut_between_characters(maker, shift):
    (line, lost) = maker.certificates(2)
    folder = maker.service.path("x" * shift)
    for _ in range(3):
        folder = os.path.join(folder, "ä" * 100)
    os.makedirs(folder)
    path = os.path.join(folder, "journal")
    os.rename(maker.write(line, maker.change(line, "revoke", 1), maker.change(lost, "revoke", 1)), path)
    said = maker.recover(path).stdout
    assert "1 certificates and 1 revocations" in said and "1 bare" in said
    for number, each in ((1, line), (2, line), (3, lost)):
        rows = f"SELECT detail FROM audit WHERE object_name = '{each['serial']}' AND detail LIKE '%ä:{number}'"
        assert len(maker.service.sql(rows)) == 1


# From here on there is a twin.


def test_a_twin_s_bare_hold_can_be_released(maker, twin):
    (line,) = maker.certificates(1)
    maker.bare(line, HOLD, twin)
    maker.recover(maker.write(line))
    assert maker.status(line) == "hold" and maker.rows(line) == [("0", str(HOLD))]
    assert maker.is_listed(line, twin) and maker.is_listed(line, "demo-1")
    maker.service.run("cert", "revoke", "--release", line["serial"])
    for _ in range(2):
        assert maker.rows(line) == [] and maker.status(line) == "good"
        assert not maker.is_listed(line, twin) and not maker.is_listed(line, "demo-1")
        maker.recover(maker.write(line))


def test_a_twin_s_bare_hold_goes_with_the_events_of_a_journal(maker, twin):
    (line,) = maker.certificates(1)
    maker.bare(line, HOLD, twin)
    maker.recover(maker.write(line, maker.change(line, "hold", 1), maker.change(line, "release", 2)))
    assert maker.rows(line) == [] and maker.status(line) == "good"


def test_a_twin_s_bare_revocation_is_not_lost_by_a_hold(maker, twin):
    (line,) = maker.certificates(1)
    maker.bare(line, SUPERSEDED, twin)
    maker.recover(maker.write(line, maker.change(line, "hold", 1)))
    assert maker.status(line) == "revoked" and maker.rows(line) == [("0", str(SUPERSEDED))]


def test_a_twin_s_bare_serial_on_hold_becomes_revoked(maker, twin):
    (line,) = maker.certificates(1)
    maker.bare(line, HOLD, twin)
    assert "1 bare" in maker.recover(maker.write(maker.change(line, "revoke", 2))).stdout
    assert maker.rows(line) == [("1", str(SUPERSEDED))]
