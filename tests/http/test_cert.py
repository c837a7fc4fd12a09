"""certwright cert: listing, showing, exporting and revoking, and what revocation stops."""

import base64
import json
import re
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs7
from harness import csr, process
from harness.service import CommandFailed

SETTINGS = {
    "DbCSRValidation": {"AllowRenewals": "true", "ReenrollmentAllowedCertificateTypes": "Static"}
}
RENEW = "/.well-known/est/simplereenroll"


def enroll(service, name="device-1", key=None):
    host = re.sub("[^a-z0-9]", "-", name)
    der = csr.make(name, csr.dns(f"{host}.example.com"), private_key=key)
    answer = service.post_csr(der)
    assert answer.status == 200, answer
    return x509.load_der_x509_certificate(answer.body)


def pem_of(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def renew(service, certificate, key=None):
    """The answer to a renewal by this client certificate, with the same key unless another is given."""
    body = csr.make("whoever", private_key=key)
    return service.request(
        "POST", RENEW, {"Content-Type": "application/pkcs10"}, body, client=pem_of(certificate)
    )


def renewed(service, certificate, key=None):
    answer = renew(service, certificate, key)
    assert answer.status == 200, answer
    (leaf,) = pkcs7.load_der_pkcs7_certificates(base64.b64decode(answer.body, validate=True))
    return leaf


def serial_of(certificate):
    return f"{certificate.serial_number:032X}"


def fingerprint_of(certificate):
    return certificate.fingerprint(hashes.SHA256()).hex()


def show(service, name):
    return json.loads(service.run("cert", "show", name, "--json").stdout)


def revoke(service, certificate, *words):
    return service.run("cert", "revoke", *words, serial_of(certificate)).stdout


def refused(service, *words):
    done = service.run("cert", *words, check=False)
    assert done.returncode not in (0, 70), done
    assert done.stdout == ""
    return done.stderr


# listing and showing


def test_a_certificate_is_found_by_serial_fingerprint_and_id(service):
    certificate = enroll(service, "found")
    serial, fingerprint = serial_of(certificate), fingerprint_of(certificate)
    shown = show(service, serial)
    assert (shown["serial"], shown["fingerprint"]) == (serial, fingerprint)
    assert (shown["status"], shown["subject"], shown["sans"]) == ("good", "CN=found", ["DNS:found.example.com"])
    assert (shown["type"], shown["source"], shown["raProfile"]) == ("Static", "API", "default")
    assert (shown["requesterKind"], shown["renewals"], shown["events"]) == ("application", 0, [])
    colons = ":".join(re.findall("..", fingerprint.upper()))
    for name in (serial.lower(), fingerprint, colons, shown["id"]):
        assert show(service, name) == shown
    text = service.run("cert", "show", serial).stdout
    assert "CN=found" in text and serial in text


@pytest.mark.parametrize(
    "name,status,text",
    [
        ("00" * 16, 1, "there is no certificate"),
        ("ab" * 32, 1, "there is no certificate"),
        ("xyz", 78, "no serial number"),
        ("ab" * 40, 78, "no serial number"),
        ("", 78, "no serial number"),
    ],
)
def test_what_names_no_certificate_is_said(service, name, status, text):
    done = service.run("cert", "show", name, check=False)
    assert (done.returncode, done.stdout) == (status, "")
    assert text in done.stderr


def test_the_list_is_filtered(service):
    first, second = enroll(service, "list-a%b"), enroll(service, "list-axb")
    revoke(service, second, "--reason", "superseded")

    def listed(*words):
        found = json.loads(service.run("cert", "list", "--json", *words).stdout)
        return [one["serial"] for one in found]

    both = [serial_of(second), serial_of(first)]
    assert listed("--text", "LIST-A") == both
    assert listed("--text", "list-a%b") == both[1:]
    assert listed("--text", "list-a_b") == []
    assert listed("--text", "list-a", "--status", "revoked") == both[:1]
    assert listed("--text", "list-a", "--status", "good") == both[1:]
    assert listed("--text", "list-a", "--status", "expired") == []
    assert listed("--text", "list-a", "--limit", "1") == both[:1]
    assert listed("--text", "list-a", "--profile", "default", "--type", "Static") == both
    assert listed("--text", "list-a", "--profile", "other") == []
    assert listed("--text", "list-a", "--authority", "demo") == both
    assert listed("--text", "list-a", "--authority", "demo2") == []
    assert listed("--text", "list-a", "--expiring", "1") == []
    assert listed("--text", "list-a", "--expiring", "36500") == both[1:]  # valid now, too
    table = service.run("cert", "list", "--text", "list-axb").stdout
    assert re.search(rf"^{both[0]} +revoked +.*Static +default +CN=list-axb", table, re.M), table
    for words, text in (
        (("--status", "bad"), "--status takes"),
        (("--limit", "0"), "--limit"),
        (("--expiring", "x"), "--expiring"),
        (("--after", "x"), "token"),
    ):
        assert text in refused(service, "list", *words)


def test_the_list_knows_owners_and_groups(service):
    first, second = enroll(service, "owned-1"), enroll(service, "owned-2")
    service.sql(
        "INSERT INTO certificate_owner SELECT id, 'O''Brien %' FROM certificate"
        f" WHERE serial = 0x{serial_of(first)};"
        "INSERT INTO certificate_group (id, name, created_at) VALUES (REPEAT('g', 16), 'red', NOW());"
        "INSERT INTO certificate_group_member SELECT REPEAT('g', 16), id FROM certificate"
        f" WHERE serial = 0x{serial_of(second)}"
    )

    def listed(*words):
        return [one["serial"] for one in json.loads(service.run("cert", "list", "--json", *words).stdout)]

    assert listed("--owner", "o'brien %") == [serial_of(first)]
    assert listed("--owner", "o'brien") == []
    assert listed("--group", "red") == [serial_of(second)]
    assert listed("--group", "red", "--owner", "o'brien %") == []


def test_a_long_list_is_cut_and_goes_on(new_service):
    service = new_service().make()
    service.start()
    first = enroll(service, "needle")
    columns = service.value(
        "SELECT GROUP_CONCAT(column_name ORDER BY ordinal_position) FROM information_schema.columns"
        f" WHERE table_schema = '{service.database}' AND table_name = 'certificate'"
    ).split(",")
    other = {
        "id": "UNHEX(CONCAT('7F', LPAD(HEX(seq), 30, '0')))",
        "serial": "UNHEX(LPAD(HEX(seq), 32, '0'))",
        "fingerprint": "UNHEX(LPAD(HEX(seq), 64, '0'))",
        "subject": "'CN=hay'",
        "common_name": "'hay'",
        "sans": "''",
        "der": "''",
    }
    values = ", ".join(other.get(column, column) for column in columns)
    service.sql(f"INSERT INTO certificate SELECT {values} FROM certificate JOIN seq_1_to_100500")
    cut = service.run("cert", "list", "--text", "needle", "--json")
    assert json.loads(cut.stdout) == []
    token = re.search(r"stopped after looking at 100000 certificates; .*--after (\S+)$", cut.stderr.strip())[1]
    rest = service.run("cert", "list", "--text", "needle", "--json", "--after", token)
    assert [one["serial"] for one in json.loads(rest.stdout)] == [serial_of(first)]
    assert rest.stderr == ""
    assert "another search" in refused(service, "list", "--text", "hay", "--after", token)


def test_export_gives_the_very_certificate(service):
    certificate = enroll(service, "export")
    serial = serial_of(certificate)
    assert service.run("cert", "export", serial).stdout == pem_of(certificate)
    chain = service.run("cert", "export", "--chain", serial).stdout
    assert chain == pem_of(certificate) + service.ca_pem()
    path = service.path("export.der")
    service.run("cert", "export", "--der", "--out", path, serial)
    with open(path, "rb") as file:
        assert file.read() == certificate.public_bytes(serialization.Encoding.DER)
    assert "PEM" in refused(service, "export", "--der", "--chain", serial)


# revoking


REASONS = (
    "unspecified keyCompromise cACompromise affiliationChanged superseded cessationOfOperation "
    "privilegeWithdrawn aACompromise"
).split()


@pytest.mark.parametrize("reason", REASONS)
def test_a_revocation_is_recorded_with_reason_actor_and_comment(service, reason):
    certificate = enroll(service, "revoke", csr.new_key())
    said = revoke(service, certificate, "--reason", reason, "--comment", "lost 'it' at sea")
    assert said == f"Certificate {serial_of(certificate)} was revoked.\n"
    shown = show(service, serial_of(certificate))
    assert (shown["status"], shown["revocationReason"]) == ("revoked", reason)
    (event,) = shown["events"]
    assert (event["action"], event["reason"], event["comment"]) == ("revoke", reason, "lost 'it' at sea")
    assert event["actor"].startswith("uid:") and event["at"] == shown["revokedAt"]
    (row,) = service.sql(
        "SELECT action, outcome, detail FROM audit WHERE object_type = 'certificate'"
        f" AND object_name = '{serial_of(certificate)}'"
    )
    assert row[:2] == ("certificate.revoke", "done")
    assert row[2] == f"{reason}, 1 of 1 certificates: lost 'it' at sea"


def test_a_hold_is_released_and_a_revocation_is_final(service):
    certificate = enroll(service, "hold")

    def state():
        return show(service, serial_of(certificate))["status"]

    assert "only a certificate on hold" in refused(
        service, "revoke", "--release", serial_of(certificate)
    )
    revoke(service, certificate, "--hold")
    assert state() == "hold"
    assert "only a good certificate" in refused(service, "revoke", "--hold", serial_of(certificate))
    revoke(service, certificate, "--release")
    assert state() == "good"
    revoke(service, certificate, "--hold")
    revoke(service, certificate)
    assert state() == "revoked"
    for words in (["--hold"], ["--release"], ["--reason", "keyCompromise"]):
        refused(service, "revoke", *words, serial_of(certificate))
    shown = show(service, serial_of(certificate))
    assert [event["action"] for event in shown["events"]] == ["hold", "release", "hold", "revoke"]
    assert shown["revocationReason"] == "unspecified"


@pytest.mark.parametrize(
    "words,text",
    [
        (["--reason", "certificateHold"], "is no reason"),
        (["--reason", "removeFromCRL"], "is no reason"),
        (["--reason", "KeyCompromise"], "there is no reason"),
        (["--hold", "--release"], "exclude each other"),
        (["--hold", "--reason", "superseded"], "exclude each other"),
        (["--comment", "x" * 1025], "comment"),
    ],
)
def test_a_bad_revocation_changes_nothing(service, words, text):
    certificate = enroll(service, "bad")
    assert text in refused(service, "revoke", *words, serial_of(certificate))
    assert show(service, serial_of(certificate))["events"] == []


def test_a_whole_lineage_is_revoked(service):
    first = enroll(service, "lineage")
    second = renewed(service, first)
    third = renewed(service, second, csr.new_key())
    other = enroll(service, "lineage-other")
    revoke(service, second, "--hold")
    said = revoke(service, third, "--lineage", "--reason", "cessationOfOperation")
    assert said == "3 of the 3 certificates of its lineage were revoked.\n"
    for certificate in (first, second, third):
        assert show(service, serial_of(certificate))["status"] == "revoked"
        assert renew(service, certificate).status == 403
    assert show(service, serial_of(other))["status"] == "good"
    assert renew(service, other).status == 200
    assert "none of the lineage" in refused(service, "revoke", "--lineage", serial_of(first))


# what it stops


def test_on_hold_nothing_renews_until_it_is_released(service):
    certificate = enroll(service, "on-hold")
    revoke(service, certificate, "--hold")
    answer = renew(service, certificate)
    assert (answer.status, answer.body) == (403, b"the client certificate is on hold\n"), answer
    revoke(service, certificate, "--release")
    assert renew(service, certificate).status == 200


def test_without_key_compromise_the_rest_of_a_lineage_renews_on(service):
    first = enroll(service, "superseded")
    second = renewed(service, first, csr.new_key())
    said = revoke(service, first, "--reason", "superseded").splitlines()
    assert said[1:] == ["Its lineage has 2 certificates; --lineage is for all of them."]
    assert renew(service, first).status == 403
    assert renew(service, second).status == 200
    assert not show(service, serial_of(second)).get("lineageCompromised")


def test_after_key_compromise_no_member_of_the_lineage_renews(service):
    first = enroll(service, "compromised", csr.new_key())
    second = renewed(service, first, csr.new_key())
    revoke(service, first, "--reason", "keyCompromise")
    shown = show(service, serial_of(second))
    assert (shown["status"], shown["lineageCompromised"]) == ("good", True)
    answer = renew(service, second)
    assert answer.status == 403 and b"keyCompromise" in answer.body, answer


def test_a_compromised_key_is_never_certified_or_believed_again(service):
    key, fresh = csr.new_key(), csr.new_key()
    lost = enroll(service, "lost", key)
    twin = enroll(service, "twin", key)  # another lineage, the same key
    other = enroll(service, "other", fresh)
    revoke(service, lost, "--reason", "keyCompromise")
    # By token within a second of the first such revocation, by certificate at once.
    answer = process.wait_until(
        lambda: (got := service.post_csr(csr.make("again", private_key=key))).status != 200 and got,
        3,
        "the refusal",
    )
    assert answer.status == 400 and "keyCompromise" in answer.json()["errorMessage"], answer
    answer = renew(service, other, key)
    assert answer.status == 403 and b"keyCompromise" in answer.body, answer
    answer = renew(service, twin, fresh)
    assert answer.status == 403 and b"keyCompromise" in answer.body, answer
    assert renew(service, other, fresh).status == 200


def test_a_revocation_and_renewals_at_once_leave_no_good_certificate(service):
    """Whichever comes first: after a lineage is revoked no member of it is good."""
    for _ in range(4):
        first = enroll(service, "race", csr.new_key())
        go = threading.Event()

        def renewing(certificate=first, go=go):
            go.wait()
            for _ in range(4):
                renew(service, certificate)

        threads = [threading.Thread(target=renewing) for _ in range(4)]
        for thread in threads:
            thread.start()
        go.set()
        revoke(service, first, "--lineage", "--reason", "keyCompromise")
        for thread in threads:
            thread.join()
        lineage = show(service, serial_of(first))["lineage"].replace("-", "")
        states = service.sql(
            f"SELECT DISTINCT status FROM certificate WHERE lineage = UNHEX('{lineage}')"
        )
        assert states == [("revoked",)]


def test_two_revocations_at_once_are_one(service):
    certificate = enroll(service, "twice", csr.new_key())
    results = []

    def run():
        try:
            results.append(revoke(service, certificate))
        except CommandFailed as failure:
            results.append(str(failure))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(result.startswith("Certificate ") for result in results) == [False] * 3 + [True]
    assert len(show(service, serial_of(certificate))["events"]) == 1
