"""OCSP: what openssl, GnuTLS, curl and python3-cryptography make of the answers, and what is refused."""

import base64
import contextlib
import datetime
import os
import subprocess
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from harness import csr, est, ocsp, process
from harness.bridge import Bridge
from harness.ocsp import GOOD, REVOKED, UNKNOWN
from harness.service import Service

KINDS = {"rsa": "rsa2048", "p256": "p256", "p384": "p384", "ed25519": "ed25519"}
SETTINGS = {"DbCSRValidation": {"RaProfile": "p256"}}
EPOCH = datetime.datetime(1970, 1, 1)
REASONS = {
    "unspecified": None,
    "keyCompromise": "keyCompromise",
    "affiliationChanged": "affiliationChanged",
    "superseded": "superseded",
    "cessationOfOperation": "cessationOfOperation",
    "privilegeWithdrawn": "privilegeWithdrawn",
}


class World:
    """A running certwright with a CA of each kind, a profile of the same name, and HTTP in front."""

    def __init__(self, mariadb, double, delegated):
        self.delegated = delegated
        settings = {**SETTINGS, "OCSP": {"UseAuthorizedResponder": str(delegated).lower()}}
        self.service = service = Service(mariadb, double, settings).make(None)
        self.cas, self.holders = {}, {}
        for name, kind in KINDS.items():
            self.add_ca(name, kind)
        service.run("maintain", "ocsp-responders")
        service.start()
        self.bridge = Bridge(service)

    def add_ca(self, name, kind="p256"):
        self.service.ca_init(name, kind)
        self.service.run("profile", "create", name, "--authority", name)
        self.service.run(
            "profile", "set", name, "Enabled=true", "Enroller+=role:CSR.Request.Db"
        )  # fmt: skip
        self.cas[name] = certificate(self.service.ca_pem(name))

    def enroll(self, name, subject="device-1"):
        # A key of its own: one that is compromised gets no certificate any more.
        private_key = csr.new_key("p256")
        body = csr.make(subject, private_key=private_key)
        return est.Holder.of(est.enroll(self.service, body, label=name), private_key)

    def holder(self, name):
        """One that stays good."""
        if name not in self.holders:
            self.holders[name] = self.enroll(name, "good")
        return self.holders[name]

    def file(self, name, pem):
        path = self.service.path(name)
        with open(path, "w", encoding="ascii") as file:
            file.write(pem)
        return path

    def ca_file(self, name):
        return self.file(f"{name}.pem", pem(self.cas[name]))

    def leaf_file(self, holder):
        return self.file(f"{holder.serial}.pem", holder.pem)

    def ask(self, holder, name="p256", digest="sha256", **options):
        """(status, reason) of a request without a nonce, by POST."""
        asked = ocsp.cert_id(self.cas[name], holder.certificate.serial_number, digest)
        return ocsp.status(ocsp.post(self.service, ocsp.make(asked), **options))

    def good(self, name="p256", **more):
        """A request for the certificate that stays good."""
        number = self.holder(name).certificate.serial_number
        return ocsp.make(ocsp.cert_id(self.cas[name], number), **more)

    def destroy(self):
        self.bridge.stop()
        self.service.destroy()


def certificate(text):
    return x509.load_pem_x509_certificate(text.encode())


def pem(of):
    return of.public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture(name="world", scope="module")
def fixture_world(mariadb, double):
    made = World(mariadb, double, True)
    yield made
    made.destroy()


@pytest.fixture(name="direct", scope="module")
def fixture_direct(mariadb, double):
    made = World(mariadb, double, False)
    yield made
    made.destroy()


@pytest.fixture(name="either", params=["delegated", "direct"])
def fixture_either(request, world, direct):
    return world if request.param == "delegated" else direct


def tool(*argv):
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, (argv, done.stdout, done.stderr)
    return done.stdout + done.stderr


def openssl(world, name, holders, *options):
    """What `openssl ocsp` says of these certificates; it verifies the answer by the CA alone."""
    ca = world.ca_file(name)
    asked = [word for each in holders for word in ("-cert", world.leaf_file(each))]
    url = f"{world.bridge.url}/ocsp"
    said = tool("openssl", "ocsp", "-issuer", ca, "-CAfile", ca, "-url", url, *options, *asked)
    assert "Response verify OK" in said, said
    assert "WARNING" not in said, said
    return said


# clients of others


@pytest.mark.parametrize("name", KINDS)
def test_openssl_ocsp(either, name):
    good, other = either.holder(name), either.enroll(name, "revoked")
    either.service.run("cert", "revoke", other.serial, "--reason", "superseded")
    for options in ((), ("-no_nonce",), ("-sha256",)):
        said = openssl(either, name, [good], *options)
        assert f"{good.serial}.pem: good" in said
    said = openssl(either, name, [good, other, good], "-sha1", "-no_nonce")
    assert said.count("pem: good") == 2 and f"{other.serial}.pem: revoked" in said
    assert "Reason: superseded" in said and "Revocation Time:" in said
    assert either.bridge.requests[-1][0] == "POST /ocsp HTTP/1.0"


@pytest.mark.parametrize("name", KINDS)
def test_who_signs(either, name):
    for digest in ("sha1", "sha256"):
        asked = ocsp.cert_id(
            either.cas[name], either.holder(name).certificate.serial_number, digest
        )
        answer = ocsp.post(either.service, ocsp.make(asked))
        found = ocsp.read(answer)
        signer = ocsp.verify(found, either.cas[name])
        assert (signer is not None) == either.delegated
        assert found.certificate_status == GOOD
        assert asked in answer.body, "the CertID goes back as it came"


@pytest.mark.parametrize("name", KINDS)
def test_ocsptool(either, name):
    """It takes the issuer for the signer, unless it is told to look for one that the issuer trusts."""
    holder, ca = either.holder(name), either.ca_file(name)
    trust = ("--load-trust", ca) if either.delegated else ()
    for more in ((), ("--nonce",)):
        said = tool(
            "ocsptool", f"--ask={either.bridge.url}/ocsp", "--load-issuer", ca,
            "--load-cert", either.leaf_file(holder), *trust, *more,
        )  # fmt: skip
        assert "Verifying OCSP Response: Success" in said, said
        assert "Certificate Status: good" in said, said


def test_get_by_curl(world):
    """Every way in which clients write the request into the URL."""
    holder, ca = world.holder("p256"), world.ca_file("p256")
    path = world.service.path("asked.der")
    leaf = world.leaf_file(holder)
    tool("openssl", "ocsp", "-issuer", ca, "-cert", leaf, "-no_nonce", "-reqout", path)
    with open(path, "rb") as file:
        text = base64.b64encode(file.read()).decode()
    out = world.service.path("answer.der")
    for tail in (
        text,
        text.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D"),
        text.replace("+", "%2b").replace("/", "%2f").rstrip("="),
        text.replace("+", "-").replace("/", "_"),
        text + "?a=b",
        "/" + text,
    ):
        url = f"{world.bridge.url}/ocsp/{tail}"
        tool("curl", "-sfS", "--http1.0", "-H", "Host:", "-o", out, url)
        assert "host" not in world.bridge.requests[-1][1]
        said = tool(
            "openssl", "ocsp", "-respin", out, "-issuer", ca, "-cert", leaf,
            "-CAfile", ca, "-no_nonce",
        )  # fmt: skip
        assert "Response verify OK" in said and f"{leaf}: good" in said


def slashed(world):
    """A request whose base64 has two slashes in a row."""
    number = int.from_bytes(b"\x12" + b"\xff" * 15, "big")
    for fill in range(3):
        asked = ocsp.cert_id(world.cas["p256"], number << 8 * fill)
        der = ocsp.make(asked)
        if b"//" in base64.b64encode(der):
            return der, asked
    raise AssertionError("no slashes")


def test_get_over_fastcgi(world):
    der, asked = slashed(world)
    text = base64.b64encode(der).decode()
    assert "//" in text
    for target in (f"/ocsp/{text}", ocsp.path(der), f"//ocsp/{text}", f"/ocsp/{text}?x"):
        for https in (False, True):
            answer = world.service.get(target, https=https)
            assert asked in answer.body, target
    # Where the web server merges slashes, only REQUEST_URI is the truth.
    answer = world.service.get(f"/ocsp/{text}", params={"PATH_INFO": "/ocsp/" + text.replace("//", "/")})
    assert asked in answer.body
    head = world.service.request("HEAD", f"/ocsp/{text}", https=False)
    assert head.status == 200 and head.body == b""
    world.service.configure({"Server": {"HttpBaseUrl": "http://pki.example.com/a/b"}})
    world.service.restart()
    answer = world.service.get(f"/a/b/ocsp/{text}", https=False, as_described=False)
    assert asked in answer.body
    world.service.configure({"Server": {"HttpBaseUrl": "http://pki.example.com"}})
    world.service.restart()


# states


@contextlib.contextmanager
def only(service, index):
    """While this lasts, one of the two workers answers, the other is stopped."""
    workers = sorted(service.workers())
    assert len(workers) == 2
    with process.paused(workers[1 - index :][:1]):
        yield


def test_every_worker_knows_a_revocation_at_once(either):
    holder = either.enroll("p256", "at-once")
    for worker in (0, 1):
        with only(either.service, worker):
            assert either.ask(holder) == (GOOD, None)
    either.service.run("cert", "revoke", holder.serial, "--hold")
    for worker in (0, 1):
        with only(either.service, worker):
            assert either.ask(holder) == (REVOKED, "certificateHold")
    either.service.run("cert", "revoke", holder.serial, "--release")
    for worker in (0, 1):
        with only(either.service, worker):
            assert either.ask(holder) == (GOOD, None)
    either.service.run("cert", "revoke", holder.serial, "--reason", "keyCompromise")
    for worker in (1, 0):
        with only(either.service, worker):
            assert either.ask(holder) == (REVOKED, "keyCompromise")


@pytest.mark.parametrize("reason", REASONS)
def test_reasons_and_times(world, reason):
    holder = world.enroll("p256", "reasons")
    before = time.time()
    world.service.run("cert", "revoke", holder.serial, "--reason", reason)
    asked = ocsp.cert_id(world.cas["p256"], holder.certificate.serial_number)
    answer = ocsp.post(world.service, ocsp.make(asked))
    assert ocsp.status(answer) == (REVOKED, REASONS[reason])
    (single,) = ocsp.read(answer).responses
    assert before - 1 <= ocsp.seconds(single.revocation_time) <= time.time()
    # GeneralizedTime has whole seconds and Z alone.
    times = [answer.body[at + 2 :][: answer.body[at + 1]] for at in range(len(answer.body) - 17)
             if answer.body[at] == 0x18 and answer.body[at + 1] == 15]  # fmt: skip
    assert len(times) == 4 and all(text[:14].isdigit() and text[14:] == b"Z" for text in times)


def test_times_of_validity(world):
    held = world.enroll("p256", "held")
    world.service.run("cert", "revoke", held.serial, "--hold")
    numbers = [world.holder("p256").certificate.serial_number, held.certificate.serial_number, 4711]
    answer = ocsp.post(
        world.service, ocsp.make(*(ocsp.cert_id(world.cas["p256"], number) for number in numbers))
    )
    found = ocsp.read(answer)
    singles = list(ocsp.ocsp.load_der_ocsp_response(answer.body).responses)
    assert [each.certificate_status for each in singles] == [GOOD, REVOKED, UNKNOWN]
    lives = [(each.next_update - each.this_update).total_seconds() for each in singles]
    assert lives == [600, 300, 300]
    assert all(each.this_update <= found.produced_at for each in singles)
    assert abs(ocsp.seconds(found.produced_at) - time.time()) < 60


def test_the_database_tells_the_time(new_service):
    """A host whose clock is a day ahead answers by the database's all the same."""
    service = new_service({**SETTINGS, "Log": {"Level": "debug"}}).make(None, keys=False)
    service.ca_init("p256", "p256")
    ca = certificate(service.ca_pem("p256"))
    service.start(env=process.faketime("+1d"))
    found = ocsp.read(ocsp.post(service, ocsp.make(ocsp.cert_id(ca, ca.serial_number))))
    assert abs(ocsp.seconds(found.produced_at) - time.time()) < 600
    assert abs(ocsp.seconds(found.this_update) - time.time()) < 600
    line = service.log_lines(event="request", path="/ocsp")[-1]
    assert datetime.datetime.fromisoformat(line["ts"].rstrip("Z")) > datetime.datetime.utcnow()


# which CA


def test_a_rekeyed_authority_answers_for_both_generations(world):
    service = world.service
    world.add_ca("twice")
    first, old = world.cas["twice"], world.enroll("twice", "old")
    gone = world.enroll("twice", "gone")
    service.run("ca", "rekey", "twice", "--activate")
    second = certificate(service.ca_pem("twice"))
    time.sleep(1.1)
    new = world.enroll("twice", "new")
    service.run("cert", "revoke", gone.serial, "--reason", "superseded")

    def asked(ca, number):
        """The status, signed by this CA or for it."""
        answer = ocsp.post(service, ocsp.make(ocsp.cert_id(ca, number)))
        ocsp.verify(ocsp.read(answer), ca)
        return ocsp.status(answer)[0]

    assert asked(first, old.certificate.serial_number) == GOOD
    assert asked(first, gone.certificate.serial_number) == REVOKED
    assert asked(second, new.certificate.serial_number) == GOOD
    # The near misses: each is known to its own generation alone.
    assert asked(first, new.certificate.serial_number) == UNKNOWN
    assert asked(second, old.certificate.serial_number) == UNKNOWN
    crossed = service.sql("SELECT HEX(serial), HEX(certificate) FROM authority_cross_certificate")
    assert crossed
    for serial, der in crossed:
        cross = x509.load_der_x509_certificate(bytes.fromhex(der))
        issuer = first if cross.issuer == first.subject and signed_by(cross, first) else second
        assert cross.serial_number == int(serial, 16)
        assert asked(issuer, cross.serial_number) == GOOD
    service.run("maintain", "ocsp-responders")
    # Both have one name, so that the keys alone tell them apart.
    process.wait_until(
        lambda: ocsp.read(
            ocsp.post(service, ocsp.make(ocsp.cert_id(second, second.serial_number)))
        ).certificates,
        10, "a responder",
    )  # fmt: skip
    assert asked(second, second.serial_number) == GOOD


def signed_by(of, issuer):
    try:
        of.verify_directly_issued_by(issuer)
        return True
    except AttributeError:  # python3-cryptography 38
        return of.extensions.get_extension_for_class(
            x509.AuthorityKeyIdentifier
        ).value.key_identifier == issuer.extensions.get_extension_for_class(
            x509.SubjectKeyIdentifier
        ).value.digest
    except Exception:
        return False


def test_a_renewed_ca_certificate_keeps_its_certificates(world):
    """Same name, same key: no CertID tells the generations apart."""
    service = world.service
    world.add_ca("renewed")
    first, old, gone = world.cas["renewed"], world.enroll("renewed"), world.enroll("renewed")
    service.run("ca", "renew", "renewed")
    second = certificate(service.ca_pem("renewed"))
    assert first.serial_number != second.serial_number
    time.sleep(1.1)
    new = world.enroll("renewed")
    service.run("cert", "revoke", gone.serial)
    for holder, expected in ((old, GOOD), (new, GOOD), (gone, REVOKED)):
        assert world.ask(holder, "renewed")[0] == expected
    for number in (first.serial_number, second.serial_number):
        answer = ocsp.post(service, ocsp.make(ocsp.cert_id(second, number)))
        assert ocsp.status(answer) == (GOOD, None)
    service.sql("UPDATE authority_generation SET state = 'expired' WHERE label = 'renewed-1'")
    time.sleep(1.1)
    for holder, expected in ((old, GOOD), (new, GOOD), (gone, REVOKED)):
        assert world.ask(holder, "renewed")[0] == expected
    service.sql("UPDATE authority_generation SET state = 'expired' WHERE label = 'renewed-2'")
    time.sleep(1.1)
    answer = ocsp.post(service, ocsp.make(ocsp.cert_id(second, new.certificate.serial_number)))
    assert ocsp.error(answer) == ocsp.UNAUTHORIZED


def test_a_new_ca_is_known_at_once(world):
    service = world.service
    service.ca_init("new", "ed25519")
    ca = certificate(service.ca_pem("new"))
    state = "UPDATE authority_generation SET state = '{}' WHERE label = 'new-1'"
    asked = ocsp.make(ocsp.cert_id(ca, ca.serial_number))
    service.sql(state.format("expired"))
    time.sleep(1.1)
    with only(service, 0):
        # What the worker knows is fresh now, and has no such CA.
        assert ocsp.status(ocsp.post(service, world.good())) == (GOOD, None)
        service.sql(state.format("active"))
        assert ocsp.status(ocsp.post(service, asked)) == (GOOD, None)
        service.sql(state.format("expired"))
        time.sleep(1.1)
        assert ocsp.error(ocsp.post(service, asked)) == ocsp.UNAUTHORIZED


def test_strangers_do_not_make_it_ask_the_database(world):
    service = world.service
    stranger = ocsp.make(ocsp.cert_id(world.holder("p256").certificate, 1))

    def statements(der):
        asked = "SHOW GLOBAL STATUS LIKE 'Com_stmt_execute'"
        before, begun = int(service.sql(asked)[0][1]), time.monotonic()
        for _ in range(60):
            ocsp.post(service, der)
        seconds = int(time.monotonic() - begun) + 1
        # Twice a second and worker: by age, and for an unknown issuer.
        return int(service.sql(asked)[0][1]) - before - 4 * seconds

    assert statements(world.good()) >= 60 - 8
    assert statements(stranger) < 30


def test_unknown_issuers_and_serials(world):
    # A leaf's name and key, which no CA has.
    stranger = ocsp.cert_id(world.holder("p256").certificate, 1)
    assert ocsp.error(ocsp.post(world.service, ocsp.make(stranger))) == ocsp.UNAUTHORIZED
    number = world.holder("p256").certificate.serial_number
    ours, others = (ocsp.cert_id(world.cas[name], number) for name in ("p256", "p384"))
    answer = ocsp.post(world.service, ocsp.make(stranger, ours, others))
    singles = [each.certificate_status for each in ocsp.read(answer).responses]
    # The first of ours decides who signs, and nothing is said of the other CA's.
    assert singles == [UNKNOWN, GOOD, UNKNOWN]
    ocsp.verify(ocsp.read(answer), world.cas["p256"])
    answer = ocsp.post(world.service, ocsp.make(others, ours))
    ocsp.verify(ocsp.read(answer), world.cas["p384"])
    assert [each.certificate_status for each in ocsp.read(answer).responses] == [UNKNOWN, UNKNOWN]
    # A hash of another kind names nobody, one of another key or name neither.
    for wrong in (ocsp.cert_id(world.cas["p256"], number, "sha384"), swapped(ours, others)):
        assert ocsp.error(ocsp.post(world.service, ocsp.make(wrong))) == ocsp.UNAUTHORIZED
    for serial in (b"\x00", b"\x7f", b"\xff", b"\x80" * 20, b"\x01" * 21, b"\x01" * 300):
        answer = ocsp.post(world.service, ocsp.make(ocsp.cert_id(world.cas["p256"], serial)))
        assert ocsp.read(answer).certificate_status == UNKNOWN


def swapped(one, other):
    """The name hash of one with the key hash of the other."""
    size = 20
    at = one.index(b"\x04\x14")
    return one[: at + 2 + size] + other[at + 2 + size : at + 4 + 2 * size] + one[at + 4 + 2 * size :]


def test_a_serial_that_only_a_crl_knew(world):
    serial = "5A" * 16
    generation = world.service.value("SELECT HEX(id) FROM authority_generation WHERE label = 'p256-1'")
    world.service.sql(
        "INSERT INTO revoked_certificate (generation_id, serial, certificate_id, not_after, revoked_at,"
        f" reason) VALUES (UNHEX('{generation}'), UNHEX('{serial}'), NULL, '2040-01-01',"
        " '2026-01-02 03:04:05', 1)"
    )
    for name, expected in (("p256", REVOKED), ("p384", UNKNOWN)):
        answer = ocsp.post(world.service, ocsp.make(ocsp.cert_id(world.cas[name], int(serial, 16))))
        assert ocsp.read(answer).certificate_status == expected
        if expected == REVOKED:
            assert ocsp.status(answer) == (REVOKED, "keyCompromise")
            found = ocsp.read(answer).revocation_time
            assert found == datetime.datetime(2026, 1, 2, 3, 4, 5)


def test_no_revocation_is_dated_later_than_the_answer(world):
    """Of a host whose clock was ahead; Java's clients believe a revocation from its date on."""
    holder = world.enroll("p256", "from-tomorrow")
    world.service.run("cert", "revoke", holder.serial, "--reason", "keyCompromise")
    world.service.sql(
        "UPDATE certificate SET revoked_at = UTC_TIMESTAMP() + INTERVAL 1 DAY"
        f" WHERE serial = UNHEX('{holder.serial}')"
    )
    asked = ocsp.cert_id(world.cas["p256"], holder.certificate.serial_number)
    found = ocsp.read(ocsp.post(world.service, ocsp.make(asked)))
    assert found.certificate_status == REVOKED
    assert found.revocation_time <= found.this_update


def test_many_certificates_are_looked_up_in_one_transaction(world):
    """In a Galera cluster a read outside of one waits for all other nodes."""
    number = world.holder("p256").certificate.serial_number
    ids = [ocsp.cert_id(world.cas["p256"], each) for each in (number, 4711, 4712)]

    def begun(*asked):
        begins = "SHOW GLOBAL STATUS LIKE 'Com_begin'"
        before = int(world.service.sql(begins)[0][1])
        for _ in range(20):
            assert ocsp.post(world.service, ocsp.make(*asked)).status == 200
        return int(world.service.sql(begins)[0][1]) - before

    # Jobs may begin some of their own meanwhile; one certificate needs none.
    assert 20 <= begun(*ids) < 40 and begun(ids[0]) < 20


# delegated responders


def test_without_a_responder_the_ca_signs_and_a_warning_says_so(world):
    service = world.service
    world.add_ca("bare")
    ca, holder = world.cas["bare"], world.enroll("bare")
    time.sleep(1.1)

    def ask():
        found = ocsp.read(
            ocsp.post(service, ocsp.make(ocsp.cert_id(ca, holder.certificate.serial_number), nonce=b"n"))
        )
        assert found.certificate_status == GOOD
        return ocsp.verify(found, ca)

    for _ in range(20):
        assert ask() is None
    lines = service.log_lines(event="ocsp_responder_missing")
    assert 1 <= len(lines) <= 2 * len(service.workers()), "once a minute and worker"
    service.run("maintain", "ocsp-responders")
    process.wait_until(ask, 10, "the new responder")
    first = ask()
    assert first is not None
    # Its key is compromised: from now on it signs nothing.
    serial = f"{first.serial_number:032X}"
    service.run("cert", "revoke", serial)
    process.wait_until(lambda: ask() is None, 10, "the CA")


# reuse


def bodies(service, der, times=6):
    return [ocsp.get(service, der).body for _ in range(times)]


def test_answers_are_reused_while_nothing_changes(world):
    service, holder = world.service, world.enroll("p256", "again")
    asked = ocsp.cert_id(world.cas["p256"], holder.certificate.serial_number)
    der = ocsp.make(asked)
    with only(service, 0):
        answers = bodies(service, der)
        assert len(set(answers)) == 1
        # What P-256 signs twice is never the same.
        assert ocsp.post(service, der).body == answers[0]
        assert len(set(bodies(service, ocsp.make(asked, nonce=b"1234")))) == 6
        assert len(set(bodies(service, ocsp.make(asked, asked)))) == 6
        seen = {answers[0]}
        changes = ((("--hold",), REVOKED), (("--release",), GOOD), (("--hold",), REVOKED))
        for words, status in (*changes, (("--reason", "superseded"), REVOKED)):
            service.run("cert", "revoke", holder.serial, *words)
            answers = bodies(service, der)
            assert len(set(answers)) == 1
            assert ocsp.ocsp.load_der_ocsp_response(answers[0]).certificate_status == status
            # Released, it is again what it was before, so the same answer serves.
            assert answers[0] not in seen or status == GOOD
            seen.add(answers[0])
        # Another responder signs anew.
        service.sql(
            "UPDATE ocsp_responder r JOIN authority_generation g ON g.id = r.generation_id"
            " SET r.not_after = UTC_TIMESTAMP() WHERE g.label = 'p256-1'"
        )
        time.sleep(1.1)
        found = ocsp.get(service, der)
        assert found.body not in seen and ocsp.verify(ocsp.read(found), world.cas["p256"]) is None
    service.run("maintain", "ocsp-responders")


# HTTP


def test_what_caches_are_told(world):
    answer = ocsp.get(world.service, world.good())
    headers = answer.headers
    found = ocsp.read(answer)
    form = "%a, %d %b %Y %H:%M:%S GMT"
    assert datetime.datetime.strptime(headers["last-modified"], form) == found.this_update
    assert datetime.datetime.strptime(headers["expires"], form) == found.next_update
    age, *more = headers["cache-control"].split(", ")
    assert more == ["public", "no-transform", "must-revalidate"]
    left = ocsp.seconds(found.next_update) - time.time()
    assert left - 3 <= int(age.removeprefix("max-age=")) < left + 1
    tag = headers["etag"]
    with only(world.service, 0):
        tag = ocsp.get(world.service, world.good()).headers["etag"]
        for value, status in ((tag, 304), (f'"x", {tag}', 304), ("*", 304), ('"x"', 200), ("", 200)):
            again = ocsp.get(world.service, world.good(), {"If-None-Match": value})
            assert again.status == status, value
            assert again.headers["etag"] == tag
            assert (again.body == b"") == (status == 304)
    for uncacheable in (
        ocsp.post(world.service, world.good()),
        ocsp.get(world.service, world.good(nonce=b"x")),
    ):
        assert uncacheable.headers["cache-control"] == "no-store"
        assert not {"etag", "expires", "last-modified"} & set(uncacheable.headers)


@pytest.mark.parametrize(
    "kind,status",
    [
        (None, 200),
        ("", 200),
        ("Application/OCSP-Request", 200),
        ("application/ocsp-request; charset=binary", 200),
        ("application/ocsp-response", 415),
        ("application/ocsp-request2", 415),
        ("text/plain", 415),
    ],
)
def test_content_types(world, kind, status):
    answer = ocsp.post(world.service, world.good(), {"Content-Type": kind})
    assert answer.status == status
    if status == 200:
        assert ocsp.status(answer) == (GOOD, None)


@pytest.mark.parametrize("method,target,allow", [
    ("GET", "/ocsp", "POST"), ("GET", "/ocsp/", "POST"), ("PUT", "/ocsp", "POST"),
    ("POST", "/ocsp/MEUw", "GET, HEAD"),
])  # fmt: skip
def test_other_methods(world, method, target, allow):
    answer = world.service.request(method, target, {"Content-Type": ocsp.REQUEST_TYPE}, https=False)
    assert (answer.status, answer.headers["allow"]) == (405, allow)


# attacks


@pytest.mark.parametrize("octets,fine", [(0, False), (1, True), (16, True), (128, True), (129, False)])
def test_nonces(either, octets, fine):
    nonce = os.urandom(octets)
    answer = ocsp.post(either.service, either.good(nonce=nonce))
    if fine:
        assert ocsp.extension(ocsp.NONCE, b"\x04" + bytes([octets]) + nonce)[-octets:] == nonce
        assert nonce in answer.body and ocsp.read(answer).certificate_status == GOOD
    else:
        assert ocsp.error(answer) == ocsp.MALFORMED


def hostile(world):
    good = world.good()
    number = world.holder("p256").certificate.serial_number
    asked = ocsp.cert_id(world.cas["p256"], number)
    twice = [ocsp.nonce_extension(b"1"), ocsp.nonce_extension(b"2")]
    return {
        "nothing": b"",
        "text": b"x",
        "zeros": bytes(1000),
        "more": good + b"\x00",
        "indefinite": b"\x30\x80" + good[2:] + b"\x00\x00",
        "deep": b"\x30\x80" * 20000,
        "huge nonce": world.good(nonce=os.urandom(50000)),
        "two nonces": ocsp.make(asked, extensions=twice),
        "critical": ocsp.make(asked, extensions=[ocsp.extension("2a03", b"\x05\x00", True)]),
        "none asked": ocsp.make(),
        "65 asked": ocsp.make(*[asked] * 65),
        "600 asked": ocsp.make(*[asked] * 600),
    }


def test_only_what_was_refused_is_in_the_log(world):
    """Anonymous clients are many, and the web server's log has them; the level is info here."""

    def logged():
        return len(world.service.log_lines(event="request", path="/ocsp"))

    before = logged()
    ocsp.post(world.service, world.good())
    assert logged() == before
    assert ocsp.error(ocsp.post(world.service, b"x")) == ocsp.MALFORMED
    assert logged() == before + 1


def test_hostile_bodies(world):
    for name, body in hostile(world).items():
        assert ocsp.error(ocsp.post(world.service, body)) == ocsp.MALFORMED, name
    asked = ocsp.cert_id(world.cas["p256"], 1)
    answer = ocsp.post(world.service, ocsp.make(*[asked] * 5000))
    assert answer.status == 413, answer
    answer = ocsp.post(world.service, ocsp.make(*[asked] * 64))
    assert len(list(ocsp.read(answer).responses)) == 64
    # Not critical, not known: as if it were not there.
    answer = ocsp.post(world.service, ocsp.make(asked, extensions=[ocsp.extension("2a03", b"\x05\x00")]))
    assert ocsp.status(answer) == (UNKNOWN, None)


def test_wrong_uris(world):
    text = base64.b64encode(world.good()).decode()
    for tail in ("x", "*", "M", text[:-1] + "*", text + "====", "%20" + text, text.replace("M", "%254D", 1),
                 text[:40], "A" * 1500, "%ff%fe", text + text, "M" * 1900):  # fmt: skip
        answer = world.service.get(f"/ocsp/{tail}", https=False)
        assert ocsp.error(answer) == ocsp.MALFORMED, tail
    for tail in ("%00", "%zz", "%", "..", "A" * 3000, text + "%00"):
        answer = world.service.get(f"/ocsp/{tail}", https=False)
        assert answer.status == 400, tail
    # long, but right
    number = world.holder("p256").certificate.serial_number
    asked = [ocsp.cert_id(world.cas["p256"], number + i) for i in range(14)]
    der = ocsp.make(*asked)
    assert len(base64.b64encode(der)) > 1400
    answer = world.service.get("/ocsp/" + base64.b64encode(der).decode(), https=False)
    assert len(list(ocsp.read(answer).responses)) == 14


def well_formed(answer):
    """A status alone, or whatever a parser of others reads to the end."""
    assert answer.complete and answer.status == 200, answer
    assert answer.headers["content-type"] == ocsp.RESPONSE_TYPE
    if len(answer.body) == 5:
        assert ocsp.error(answer) in (ocsp.MALFORMED, ocsp.UNAUTHORIZED)
        return False
    found = ocsp.read(answer)
    assert all(each.certificate_status in (GOOD, UNKNOWN) for each in found.responses)
    return True


def test_every_mutant_is_answered_well_formed(world):
    good = world.good(nonce=b"12345678")
    signed = 0
    for at in range(8 * len(good)):
        mutant = bytearray(good)
        mutant[at // 8] ^= 1 << at % 8
        signed += well_formed(ocsp.post(world.service, bytes(mutant), as_described=False))
    # Bits of the serial number and the nonce make another request, those of the rest none.
    assert 0 < signed < 8 * len(good)
    for length in range(len(good)):
        assert not well_formed(ocsp.post(world.service, good[:length], as_described=False))
    assert well_formed(ocsp.post(world.service, good))


# the database away


def test_without_the_database(world):
    service = world.service
    der = world.good()
    assert ocsp.status(ocsp.get(service, der)) == (GOOD, None)
    mariadb, user = service.mariadb, service.database
    mariadb.sql(f"ALTER USER {user}@localhost ACCOUNT LOCK")
    try:
        kill_connections(mariadb, user)
        # Also what was signed a moment ago is not given again: it may have been revoked since.
        for answer in (ocsp.post(service, der), ocsp.get(service, der), ocsp.post(service, world.good())):
            assert ocsp.error(answer) == ocsp.TRY_LATER
        assert ocsp.error(ocsp.post(service, b"x")) == ocsp.MALFORMED
        assert service.log_lines(event="request", level="error", code=ocsp.TRY_LATER)
    finally:
        mariadb.sql(f"ALTER USER {user}@localhost ACCOUNT UNLOCK")
    process.wait_until(lambda: len(ocsp.post(service, der).body) > 5, 10, "the database")
    assert ocsp.status(ocsp.get(service, der)) == (GOOD, None)


def kill_connections(mariadb, user):
    rows = mariadb.sql(f"SELECT id FROM information_schema.processlist WHERE user = '{user}'")
    for (number,) in rows:
        mariadb.sql(f"KILL {number}")


# settings; last, since they change the service


def test_other_settings(world):
    service = world.service
    service.configure({"OCSP": {
        "UnknownSerial": "revoked", "ReuseSeconds": "0", "CacheTimeOutSecondsIfDeviceExists": "77",
        "CacheTimeOutSecondsIfDeviceIsDisabled": "55", "UseAuthorizedResponder": "false",
    }})  # fmt: skip
    service.restart()
    answer = ocsp.post(service, ocsp.make(ocsp.cert_id(world.cas["p256"], 4712)))
    found = ocsp.read(answer)
    assert ocsp.status(answer) == (REVOKED, "certificateHold")
    assert found.revocation_time == EPOCH
    assert bytes.fromhex(ocsp.EXTENDED_REVOKE) in answer.body
    assert (found.next_update - found.this_update).total_seconds() == 55
    with only(service, 0):
        answers = [ocsp.get(service, world.good()) for _ in range(3)]
    assert len({answer.body for answer in answers}) == 3
    found = ocsp.read(answers[0])
    assert (found.next_update - found.this_update).total_seconds() == 77
    # The near misses: what is known or good has no such extension, other CAs stay unknown.
    assert bytes.fromhex(ocsp.EXTENDED_REVOKE) not in answers[0].body
    assert ocsp.verify(found, world.cas["p256"]) is None
    number = world.holder("p256").certificate.serial_number
    asked = [ocsp.cert_id(world.cas[name], number) for name in ("p256", "p384")]
    answer = ocsp.post(service, ocsp.make(*asked))
    assert [each.certificate_status for each in ocsp.read(answer).responses] == [GOOD, UNKNOWN]
