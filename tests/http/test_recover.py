"""certwright recover: an older dump is restored, and what was issued and revoked since comes back."""

import base64
import hashlib
import json
import os
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from harness import csr, est, ocsp
from harness.api import Client
from harness.service import Service

REFUSED, CONFIG = 1, 78
SETTINGS = {
    "DbCSRValidation": {
        "AllowRenewals": "true",
        "ReenrollmentAllowedCertificateTypes": "Static, IntuneUser",
        "RaProfile": "default",
    },
    "Limits": {"SameCsrMinutes": "0"},
    # So that nobody but the tests has certificates.
    "OCSP": {"UseAuthorizedResponder": "false"},
    "Maintain": {"IntervalSeconds": "3600"},
}
TABLES = ("certificate", "revocation_event", "compromised_key", "revoked_certificate")


class Case:
    """A service with a journal, whose database can be put back to what it was."""

    def __init__(self, service):
        self.service, self.holders = service, {}
        self.journal = service.path("journal")
        service.configure({**SETTINGS, "Server": {"IssuedLog": self.journal}})
        service.make().start()

    def enroll(self, *names):
        for name in names:
            key = csr.new_key()
            answer = est.enroll(self.service, csr.make(name, csr.dns(f"{name}.example.com"), key))
            self.holders[name] = est.Holder.of(answer, key)

    def renew(self, name, to):
        old, key = self.holders[name], csr.new_key()
        body = csr.make(old.certificate.subject, private_key=key)
        self.holders[to] = est.Holder.of(est.renew(self.service, old, body), key)

    def change(self, name, *words):
        self.service.run("cert", "revoke", *words, self.serial(name))

    def publish(self):
        self.service.run("maintain", "publish-crls")
        self.service.run("maintain", "crl-files")
        return self.number()

    def dump(self):
        server = self.service.mariadb
        argv = ["mariadb-dump", "--no-defaults", f"--socket={server.socket}", "--user=root"]
        argv += ["--single-transaction", "--hex-blob", self.service.database]
        done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
        return done.stdout

    def restore(self, dump):
        self.service.stop()
        self.service.mariadb.drop(self.service.database)
        self.service.mariadb.create(self.service.database, self.service.password)
        self.service.sql(dump)

    def table(self, name):
        """Every octet of its rows but which CRL carried an event."""
        columns = self.service.sql(
            f"SELECT column_name FROM information_schema.columns WHERE table_name = '{name}'"
            " AND table_schema = DATABASE() AND column_name <> 'crl_number' ORDER BY 1"
        )
        values = ", ".join(f"IFNULL(HEX({column}), 'none')" for (column,) in columns)
        names = [column for (column,) in columns]
        return sorted(tuple(zip(names, row)) for row in self.service.sql(f"SELECT {values} FROM {name}"))

    def tables(self):
        return {name: self.table(name) for name in TABLES}

    def everything(self):
        """Of what recover may write, so that nothing written shows."""
        counts = ("SELECT COUNT(*) FROM audit", "SELECT MAX(crl_number) FROM authority_generation")
        return self.tables(), [self.service.value(each) for each in counts], self.size()

    def size(self):
        return os.path.getsize(self.journal) if os.path.exists(self.journal) else None

    def lines(self):
        with open(self.journal, encoding="utf-8") as file:
            return [line for line in file.read().split("\n") if line]

    def write(self, name, lines):
        path = self.service.path(name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write("".join(line + "\n" for line in lines))
        return path

    def crl_path(self):
        return os.path.join(self.service.path("var"), "crl", "demo-1.crl")

    def crl(self):
        with open(self.crl_path(), "rb") as file:
            return x509.load_der_x509_crl(file.read())

    def number(self):
        return self.crl().extensions.get_extension_for_class(x509.CRLNumber).value.crl_number

    def listed(self):
        """The names of whom the CRL lists."""
        serials = {f"{entry.serial_number:032X}" for entry in self.crl()}
        found = {name for name in self.holders if self.serial(name) in serials}
        assert len(found) == len(serials)
        return found

    def serial(self, name):
        return self.holders[name].serial

    def ocsp(self, name):
        issuer = x509.load_pem_x509_certificate(self.service.ca_pem().encode())
        number = self.holders[name].certificate.serial_number
        return ocsp.status(ocsp.post(self.service, ocsp.make(ocsp.cert_id(issuer, number))))

    def recover(self, *words, status=0):
        done = self.service.run("recover", *words, check=False)
        assert done.returncode == status, done
        return done.stderr if status else done.stdout


@pytest.fixture(name="case", scope="module")
def fixture_case(mariadb, double):
    """One for all tests, each of which begins with the restored dump."""
    service = Service(mariadb, double)
    yield Case(service)
    service.destroy()


@pytest.fixture(name="life", scope="module")
def fixture_life(case):
    return Life(case)


class Life:
    """Some life before a dump and after it; back() is the disaster, after which the dump was restored."""

    def __init__(self, case):
        self.case = case
        self.dump, self.tables, self.number = live(case)
        self.journal = case.lines()
        with open(case.crl_path(), "rb") as file:
            self.crl = file.read()
        self.holders = dict(case.holders)

    def back(self):
        case = self.case
        case.restore(self.dump)
        case.holders = dict(self.holders)
        case.write("journal", self.journal)
        case.service.configure(SETTINGS)
        case.service.configure({"Server": {"IssuedLog": case.journal}})
        with open(case.crl_path(), "wb") as file:
            file.write(self.crl)
        return case


@pytest.fixture(name="fresh")
def fixture_fresh(life):
    """The same running, without journal and CRL files."""
    case = life.back()
    os.unlink(case.journal)
    os.unlink(case.crl_path())
    case.service.start()
    return case


def live(case):
    case.enroll("good", "revoked", "held", "revoked-later", "held-later", "mother", "stolen")
    case.change("revoked", "--reason", "superseded")
    case.change("held", "--hold")
    case.publish()
    dump = case.dump()
    case.enroll("new", "new-revoked", "new-held", "new-released")
    case.renew("mother", "daughter")
    case.renew("stolen", "stolen-too")
    case.service.run("ra", "create", "--authority", "demo", "--key-bits", "2048")
    case.service.configure({"OCSP": {"UseAuthorizedResponder": "true"}})
    case.service.run("maintain", "ocsp-responders")
    case.change("revoked-later", "--reason", "cessationOfOperation", "--comment", "“gone” \\ \"now\"")
    case.change("held", "--release")
    case.change("held-later", "--hold")
    case.change("new-revoked", "--reason", "keyCompromise")
    case.change("stolen", "--lineage", "--reason", "keyCompromise")
    case.change("new-held", "--hold")
    case.change("new-released", "--hold")
    case.publish()
    case.change("new-released", "--release")
    number = case.publish()
    return dump, case.tables(), number


LISTED = {"revoked", "revoked-later", "held-later", "new-revoked", "new-held", "stolen", "stolen-too"}


def test_all_of_it_comes_back_from_the_journal(life):
    case, tables, number = life.back(), life.tables, life.number
    assert case.tables() != tables
    before = case.everything()
    low = case.service.value("SELECT crl_number FROM authority_generation")
    said = case.recover("--dry-run")
    assert "To take back, at most: 8 certificates" in said and case.everything() == before
    said = case.recover()
    assert "8 certificates and 9 revocations" in said, said
    assert f"CRL number raised from {low} to {number}" in said
    assert case.tables() == tables
    assert case.service.sql(
        "SELECT action, object_type, COUNT(*) FROM audit WHERE action LIKE 'recover.%'"
        " GROUP BY 1, 2 ORDER BY 1"
    ) == [
        ("recover.hold", "certificate", "3"),
        ("recover.import", "certificate", "8"),
        ("recover.release", "certificate", "2"),
        ("recover.revoke", "certificate", "4"),
        ("recover.set", "authority_generation", "2"),
    ]
    # nothing is missing any more, with the old CRL files and with the new ones
    after = case.everything()
    assert "Taken back: 0 certificates and 0 revocations" in case.recover()
    assert case.everything() == after
    case.service.run("maintain")
    assert case.number() > number and case.listed() == LISTED
    after = case.everything()
    case.recover()
    assert case.everything() == after
    case.service.start()
    assert {name for name in case.holders if case.ocsp(name)[0] != ocsp.GOOD} == LISTED
    assert case.ocsp("new-revoked") == (ocsp.REVOKED, "keyCompromise")
    # its key is not certified again, its lineage not renewed, and the others are
    assert est.renew(case.service, case.holders["daughter"]).status == 200
    for name in ("new-revoked", "stolen", "stolen-too"):
        assert est.renew(case.service, case.holders[name]).status != 200


def test_without_a_journal_what_the_crls_tell_stays(life):
    case, tables, number = life.back(), life.tables, life.number
    journal = case.write("kept", life.journal)
    os.unlink(case.journal)
    case.service.configure({"Server": {"IssuedLog": None}})
    said = case.recover()
    assert "2 revocations, 1 holds, 1 releases and 3 bare serial numbers from CRLs" in said, said
    after = case.everything()
    assert "0 revocations, 0 holds, 0 releases and 0 bare" in case.recover()
    assert case.everything() == after
    case.service.run("maintain")
    assert case.number() > number and case.listed() == LISTED
    case.service.start()
    known = {name: case.ocsp(name)[0] for name in case.holders}
    assert {name for name in known if known[name] == ocsp.REVOKED} == LISTED
    assert {name for name in known if known[name] == ocsp.UNKNOWN} == {"new", "new-released", "daughter"}
    rows = "SELECT action, actor, UNIX_TIMESTAMP(at), comment FROM revocation_event WHERE certificate_id ="
    for name, action in (("revoked-later", "revoke"), ("held-later", "hold"), ("held", "release")):
        where = f"(SELECT id FROM certificate WHERE serial = UNHEX('{case.serial(name)}'))"
        found = case.service.sql(f"{rows} {where} ORDER BY at, id")[-1]
        assert found[:2] == (action, "recover") and f"CRL {number}" in found[3], found
    # The dates are those of the CRL.
    dates = "SELECT HEX(serial), revoked_at, reason FROM revoked_certificate ORDER BY 1"
    found = case.service.sql(dates)
    # A journal that turns up later fills in the rest.
    said = case.recover("--journal", journal)
    assert "8 certificates" in said
    assert case.service.sql(dates) == found
    rows = "SELECT COUNT(*) FROM certificate WHERE type <> 'OcspResponder'"
    assert case.service.value(rows) == str(len(tables["certificate"]) - 1)
    assert case.service.value("SELECT COUNT(*) FROM revoked_certificate WHERE certificate_id IS NULL") == "0"
    case.service.run("maintain")
    assert case.listed() == LISTED


def test_a_newer_delta_crl_is_believed(fresh):
    case = fresh
    delta = {"DeltaHours": "1", "PublishOnRevocation": "true", "AddCdp": "true"}
    case.service.configure({"CRL": delta})
    case.enroll("still-held", "free", "gone", "late")
    for name in ("still-held", "free", "gone"):
        case.change(name, "--hold")
    number = case.publish()
    dump = case.dump()
    case.change("free", "--release")
    case.change("gone", "--reason", "superseded")
    case.change("late", "--hold")
    case.service.run("maintain")
    path = case.crl_path().replace(".crl", "-delta.crl")
    with open(path, "rb") as file:
        crl = x509.load_der_x509_crl(file.read())
    newer = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    assert newer > number and len(crl) >= 3 and case.number() == number
    case.restore(dump)
    case.service.configure({"CRL": dict.fromkeys(delta), "Server": {"IssuedLog": None}})
    case.recover()
    states = {name: holder.value(case.service, "status") for name, holder in case.holders.items()}
    assert states["still-held"] == states["late"] == "hold"
    assert (states["free"], states["gone"]) == ("good", "revoked")
    assert int(case.service.value("SELECT crl_number FROM authority_generation")) > newer
    os.unlink(path)


def test_the_order_of_lines_and_files_does_not_matter(life):
    case, backwards = life.back(), life.journal[::-1]
    files = [case.write("late", backwards[:11]), case.write("early", backwards[11:])]
    said = case.recover("--journal", files[0], "--journal", files[1])
    assert "8 certificates and 9 revocations" in said, said
    assert case.tables() == life.tables


def test_a_lost_line_of_an_event_or_a_certificate(life):
    case = life.back()
    where = "SELECT action FROM revocation_event e JOIN certificate c ON c.id = certificate_id"
    kept = [json.loads(line) for line in case.lines()]
    kept = [
        each for each in kept
        if not (each["kind"] == "issued" and each["serial"] in (case.serial("new-revoked"), case.serial("new-held")))
        and not (each.get("action") == "hold" and each["serial"] == case.serial("new-released"))
    ]  # fmt: skip
    os.unlink(case.crl_path())
    path = case.write("kept", map(json.dumps, kept))
    said = case.recover("--journal", path, status=REFUSED)
    assert said.count("not on record") == 1
    assert case.serial("new-revoked") in case.service.sql(
        "SELECT HEX(serial) FROM revoked_certificate WHERE certificate_id IS NULL")[0]
    assert case.service.sql(f"{where} WHERE c.serial = UNHEX('{case.serial('new-released')}')") == []
    assert case.holders["new-released"].value(case.service, "status") == "good"


def test_what_came_after_the_restore_is_not_undone(fresh):
    case = fresh
    case.enroll("a", "b")
    dump = case.dump()
    case.change("a", "--hold")
    case.change("a", "--release")
    case.change("b", "--hold")
    old = case.lines()
    case.restore(dump)
    os.unlink(case.journal)
    # As if all of it had been some minutes earlier.
    past = [json.loads(line) for line in old]
    for each in past:
        if each["kind"] == "event":
            each["at"] -= 600
    case.change("a", "--hold")
    case.change("b", "--reason", "superseded")
    path = case.write("old", map(json.dumps, past))
    case.recover("--journal", path)
    assert case.holders["a"].value(case.service, "status") == "hold"
    assert case.holders["b"].value(case.service, "status") == "revoked"


def signed_by_another(der):
    """The same certificate, signed by a stranger's key."""
    old = x509.load_der_x509_certificate(der)
    builder = x509.CertificateBuilder(old.issuer, old.subject, old.public_key(), old.serial_number,
                                      old.not_valid_before, old.not_valid_after)  # fmt: skip
    for each in old.extensions:
        builder = builder.add_extension(each.value, each.critical)
    return builder.sign(csr.key("p256"), old.signature_hash_algorithm)


def forge(line):
    """Lines that claim what is not so, with what is said of each."""
    def with_der(der):
        return {"der": base64.b64encode(der).decode(), "fingerprint": hashlib.sha256(der).hexdigest()}

    der = base64.b64decode(line["der"])
    stranger = signed_by_another(der).public_bytes(serialization.Encoding.DER)
    last = "0" if line["serial"][-1] != "0" else "1"
    return (
        (with_der(stranger), "not issued by demo-1"),
        (with_der(der[:-1] + bytes([der[-1] ^ 1])), "not issued by demo-1"),
        (with_der(der + b"\0"), "refused"),
        ({"fingerprint": "00" * 32}, "fingerprint"),
        ({"serial": line["serial"][:-1] + last}, "serial"),
        ({"subject": "CN=root"}, "subject"),
        ({"commonName": "root"}, "subject"),
        ({"sans": "DNS:other.example.com"}, "sans"),
        ({"notAfter": line["notAfter"] + 1}, "dates"),
        ({"keyType": "rsa"}, "key"),
        ({"spkiHash": "00" * 32}, "key"),
        ({"generationId": "00000000-0000-4000-8000-000000000000"}, "not on record"),
        ({"version": 2}, "version 2"),
        ({"kind": "other"}, "kind"),
        ({"raProfileId": 5}, "raProfileId"),
        ({"requesterUpn": "x" * 257}, "requesterUpn"),
        ({"tokenId": "ä"}, "tokenId"),
        ({"der": None}, "der"),
    )


def test_forged_and_torn_lines(fresh):
    case = fresh
    dump = case.dump()
    case.enroll("a")
    case.change("a", "--reason", "superseded")
    (issued, event) = map(json.loads, case.lines())
    case.restore(dump)
    forged = forge(issued)
    path = case.write("forged", (json.dumps({**issued, **change}) for change, _ in forged))
    before = case.tables()
    said = case.recover("--journal", path, status=REFUSED).splitlines()
    assert len(said) == len(forged) and case.tables() == before
    for number, ((_, expected), text) in enumerate(zip(forged, said), 1):
        assert f"{path}:{number}: refused: " in text and expected in text, text
    # What is torn is skipped, and what stands behind it is not.
    whole = json.dumps(issued)
    torn = [whole[:50], "", whole, json.dumps(event)[:-1]]
    assert "2 lines without an end were skipped" in case.recover("--journal", case.write("torn", torn))
    assert case.holders["a"].value(case.service, "status") == "good"
    # An event of another certificate, and of an action or version that is none.
    wrong = ({"serial": "50" * 16}, {"action": "bless"}, {"version": 7}, {"sequence": -1})
    path = case.write("wrong", (json.dumps({**event, **change}) for change in wrong))
    assert case.recover("--journal", path, status=REFUSED).count("refused") == len(wrong)
    assert case.holders["a"].value(case.service, "status") == "good"
    case.recover()
    assert case.holders["a"].value(case.service, "status") == "revoked"
    # Who may write a journal may revoke.
    os.chmod(path, 0o622)
    assert "mode 622" in case.recover("--journal", path, status=REFUSED)
    assert "No such file" in case.recover("--journal", "/nonexistent", status=REFUSED)


def test_crls_of_others_are_refused_and_pem_is_read(fresh):
    case = fresh
    case.enroll("a")
    dump = case.dump()
    case.change("a", "--reason", "superseded")
    number = case.publish()
    with open(case.crl_path() + ".pem", encoding="ascii") as file:
        pem = case.write("other.pem", file.read().splitlines())
    case.restore(dump)
    os.unlink(case.journal)
    with open(case.crl_path(), "r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)[0]
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last ^ 1]))
    said = case.recover(status=REFUSED)
    assert f"CRL {case.crl_path()}: refused: no CA generation on record has signed it" in said
    assert case.holders["a"].value(case.service, "status") == "good"
    said = case.recover("--crl", pem, "--crl", case.write("none", ["no CRL"]), status=REFUSED)
    assert said.count("refused") == 2
    assert case.holders["a"].value(case.service, "status") == "revoked"
    os.unlink(case.crl_path())
    assert case.publish() > number


# the journal itself


def test_without_a_crl_file_used_numbers_cannot_be_told(fresh):
    assert fresh.publish() > 0
    fresh.recover()
    os.remove(fresh.crl_path())
    said = fresh.recover(status=REFUSED)
    assert "demo-1: there is no CRL file of it" in said and "--crl" in said
    fresh.service.run("maintain", "crl-files")
    fresh.recover()


def test_an_unusable_journal_is_a_fault_at_the_start(new_service):
    service = new_service()
    path = service.path("journal")
    service.configure({"Server": {"IssuedLog": path, "Listen": service.socket}})

    def refused(text):
        done = service.run("serve", check=False)
        assert done.returncode == CONFIG and f"journal {path}: " in done.stderr, done
        assert text in done.stderr
        os.rename(path, service.path(f"was{len(os.listdir(service.folder))}"))

    os.mkdir(path)
    refused("Is a directory")
    os.mkfifo(path)
    refused("")
    os.symlink("/dev/null", path)
    refused("symbolic link")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT), "w"):
        os.chmod(path, 0o660)
    refused("mode 660")


def test_no_answer_without_a_record(fresh):
    case, service = fresh, fresh.service
    count = "SELECT COUNT(*) FROM certificate"
    before = int(service.value(count))
    case.enroll("a")
    assert os.stat(case.journal).st_mode & 0o777 == 0o600
    os.rename(case.journal, case.journal + ".1")
    case.enroll("b")  # rotated
    assert [json.loads(line)["serial"] for line in case.lines()] == [case.serial("b")]
    os.unlink(case.journal)
    os.mkdir(case.journal)
    answer = est.enroll(service, csr.make("c"))
    assert answer.status == 503 and b"BEGIN" not in answer.body
    assert int(service.value(count)) == before + 3
    (line,) = service.log_lines(event="journal_failed")
    assert "Is a directory" in line["reason"] and len(line["serial"]) == 32
    done = service.run("cert", "revoke", case.serial("a"), check=False)
    assert done.returncode == 69 and "journal" in done.stderr
    assert case.holders["a"].value(service, "status") == "revoked"
    os.rmdir(case.journal)
    case.enroll("d")
    assert [json.loads(line)["serial"] for line in case.lines()] == [case.serial("d")]


def test_the_same_request_answered_again_is_on_record(fresh):
    case, service = fresh, fresh.service
    service.configure({"Limits": {"SameCsrMinutes": "5"}})
    service.restart()
    body = csr.make("a")
    answers = []
    for _ in range(2):
        answers.append(est.enroll(service, body))
        assert answers[-1].status == 200
    assert answers[0].body == answers[1].body
    first, second = map(json.loads, case.lines())
    assert first == second and first["subject"] == "CN=a"


def test_a_revocation_whose_line_was_kept_off_comes_back_too(fresh):
    case, service = fresh, fresh.service
    manager, rows = Client(service, "Manage.All"), "SELECT COUNT(*) FROM journal_outbox"
    case.enroll("a", "b", "c")
    dump = case.dump()
    case.change("c", "--hold")
    assert service.value(rows) == "0"
    aside = case.journal + ".1"
    os.rename(case.journal, aside)
    os.mkdir(case.journal)
    revoke = ("PATCH", f"/api/manage/revoke/{case.serial('a')}", {"revocationReason": 4})
    assert [manager.send(*revoke).status for _ in range(2)] == [503, 409]
    assert service.run("cert", "revoke", case.serial("b"), check=False).returncode == 69
    # nothing is forgotten, and it is told of
    assert "Is a directory" in service.run("maintain", "journal", check=False).stderr
    service.sql("UPDATE journal_outbox SET added_at = added_at - INTERVAL 10 MINUTE")
    probe = service.get("/probe", service.double.bearer(roles=["Admin.Full"])).json()
    late, failed = sorted(probe["details"]["warnings"])
    assert late.startswith("the issuance journal lacks 2 revocations, holds and releases, the first since 2")
    assert failed.startswith("the job journal failed at") and "2 events have waited for their line since" in failed
    os.rmdir(case.journal)
    service.run("maintain")
    (line,) = service.log_lines(event="journal_late")
    assert line["lines"] == "2" and service.value(rows) == "0"
    assert sorted(json.loads(each)["serial"] for each in case.lines()) == sorted(map(case.serial, "ab"))
    service.run("maintain", "journal")
    assert len(case.lines()) == 2
    case.restore(dump)
    # twice in one file and once more in another, as where a host died between the line and its row's end
    twice = case.write("twice", case.lines() * 2)
    said = case.recover("--journal", aside, "--journal", twice, "--journal", case.journal)
    assert "3 revocations, holds and releases" in said, said
    states = [case.holders[name].value(service, "status") for name in "abc"]
    assert states == ["revoked", "revoked", "hold"]
    assert service.value("SELECT COUNT(*) FROM revocation_event") == "5"
    # what recover makes itself, from a CRL, has its lines likewise
    case.publish()
    case.restore(dump)
    case.write("journal", [])
    case.recover()
    made = [json.loads(each) for each in case.lines()]
    assert {each["serial"] for each in made if each["actor"] == "recover"} == set(map(case.serial, "abc"))
    assert len(made) == 3 and service.value(rows) == "0"


def test_journals_that_say_everything_twice(life):
    case = life.back()
    files = [case.write("one", life.journal * 2), case.write("other", life.journal[::-1])]
    said = case.recover("--journal", files[0], "--journal", files[1])
    assert "8 certificates and 9 revocations" in said, said
    assert case.tables() == life.tables


def test_a_bare_serial_under_a_renewed_ca_s_other_certificate_finds_its_own(fresh):
    """Both generations' CRLs list it, and the first that is read is the other one's."""
    case = fresh
    case.service.run("ca", "renew", "demo", "--days", "99")
    case.service.restart()
    dump = case.dump()
    case.enroll("late")
    case.change("late", "--reason", "superseded")
    case.publish()
    generations = [case.holders[name].value(case.service, "HEX(generation_id)") for name in ("good", "late")]
    assert generations[0] != generations[1]
    path = case.write("kept", [line for line in case.lines() if json.loads(line)["kind"] == "issued"])
    case.restore(dump)
    case.service.configure({"Server": {"IssuedLog": None}})
    assert "bare serial numbers" in case.recover()
    case.recover("--journal", path)
    assert case.holders["late"].value(case.service, "status") == "revoked"
    os.unlink(case.crl_path().replace("-1.crl", "-2.crl"))
