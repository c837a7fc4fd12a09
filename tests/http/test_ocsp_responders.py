"""Delegated OCSP responders: what the job makes and says, what openssl and the commands make of it."""

import json
import os
import subprocess
import time

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from harness import ocsp, process
from harness.service import Service

JOB = "ocsp-responders"
ON = {"OCSP": {"UseAuthorizedResponder": "true"}}


def run_job(service, **options):
    return service.run("maintain", JOB, **options)


def responders(service):
    """The certificates on record, newest first."""
    listed = service.run("cert", "list", "--type", "OcspResponder", "--json").stdout
    return json.loads(listed)


def certificate(service, serial):
    shown = service.run("cert", "export", serial).stdout
    return x509.load_pem_x509_certificate(shown.encode()), shown


def count(service):
    return int(service.value("SELECT COUNT(*) FROM ocsp_responder"))


@pytest.fixture(scope="module", name="service")
def fixture_service(mariadb, double):
    made = Service(mariadb, double, ON)
    try:
        yield made.make("p256", keys=False)
    finally:
        made.destroy()


def test_one_is_made_once_and_openssl_takes_it_for_a_responder(service):
    run_job(service)
    run_job(service)
    [made] = responders(service)
    assert made["source"] == "Job" and made["requesterKind"] == "job" and "raProfile" not in made
    assert made["subject"] == "CN=demo OCSP" and made["keyType"] == "p256"
    assert made["serial"].startswith("21") and count(service) == 1
    found, pem = certificate(service, made["serial"])
    assert list(found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        ExtendedKeyUsageOID.OCSP_SIGNING
    ]
    assert found.extensions.get_extension_for_class(x509.OCSPNoCheck)
    end = ocsp.seconds(found.not_valid_after)
    assert abs(end - time.time() - 86400) < 120
    for name, text in (("ca.pem", service.ca_pem()), ("responder.pem", pem)):
        with open(service.path(name), "w", encoding="ascii") as file:
            file.write(text)
    argv = ["openssl", "verify", "-x509_strict", "-purpose", "ocsphelper",
            "-CAfile", service.path("ca.pem"), service.path("responder.pem")]  # fmt: skip
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done


def test_its_key_is_sealed_and_sealed_anew(service):
    run_job(service)
    [(row, blob)] = service.sql("SELECT HEX(id), HEX(private_key) FROM ocsp_responder")
    assert blob.startswith("01") and len(blob) // 2 > 100
    path = service.path("keyring")
    with open(path, encoding="ascii") as file:
        old = file.read()
    service.run("key", "new-secret-key")
    assert json.loads(service.run("key", "rotate-secrets", "--json").stdout)["sealed"] == 1
    [(same, again)] = service.sql("SELECT HEX(id), HEX(private_key) FROM ocsp_responder")
    assert same == row and again != blob
    # Without the new key the service says what it lost, and after an hour makes itself another responder.
    service.sql("UPDATE ocsp_responder SET created_at = created_at - INTERVAL 1 HOUR")
    with open(path, encoding="ascii") as file:
        both = file.read()
    try:
        with open(path, "w", encoding="ascii") as file:
            file.write(old)
        service.start()
        [line] = service.log_lines(event="secret_lost", level="warning")
        assert "ocsp_responder.private_key" in line["reason"]
        process.wait_until(lambda: count(service) == 2, 20, "another responder")
    finally:
        service.stop()
        with open(path, "w", encoding="ascii") as file:
            file.write(both)


def test_one_that_is_revoked_is_replaced(service):
    service.sql("DELETE FROM ocsp_responder")
    run_job(service)
    first, *older = responders(service)
    service.run("cert", "revoke", first["serial"], "--reason", "superseded")
    run_job(service)
    second, same, *rest = responders(service)
    assert rest == older and same["serial"] == first["serial"] and same["status"] == "revoked"
    assert second["serial"] != first["serial"] and second["status"] == "good"


def test_a_ca_whose_key_is_missing_is_named_and_the_others_are_served(service):
    service.ca_init("other", "ed25519")
    service.sql("DELETE FROM ocsp_responder")
    path = service.path("demo.key")
    os.rename(path, path + ".away")
    try:
        done = run_job(service, check=False)
    finally:
        os.rename(path + ".away", path)
    assert done.returncode != 0 and "demo-1" in done.stderr and "other-1" not in done.stderr
    made = service.value("SELECT c.subject FROM ocsp_responder JOIN certificate c USING (id)")
    assert made == "CN=other OCSP"
    assert [line["generation"] for line in service.log_lines(event="ocsp_responder_failed")] == ["demo-1"]
    run_job(service)
    assert count(service) == 2


def test_serving_makes_them_by_itself_and_without_a_keyring_says_why_not(service):
    service.sql("DELETE FROM ocsp_responder")
    service.configure({"Keys": {"KeyringFile": None}})
    run_job(service)
    [line] = service.log_lines(event="no_ocsp_responders", level="warning")
    assert "KeyringFile is not set" in line["reason"] and count(service) == 0
    service.configure({"Keys": {"KeyringFile": service.path("keyring")}})
    service.configure({"OCSP": {"UseAuthorizedResponder": "false"}})
    run_job(service)
    assert count(service) == 0
    service.configure(ON)
    service.start()
    process.wait_until(lambda: count(service) == 2, 20, "responders")
    service.stop()
