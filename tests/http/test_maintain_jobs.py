"""certwright maintain: what purge and expiry do by the settings, under the sample grants, and who is told."""

import base64
import json
import os
import re
import stat
import subprocess

import pytest
from harness import csr, process

SETTINGS = {
    "Maintain": {
        "IntervalSeconds": "3600",
        "PurgeCertificatesAfterDays": "30",
        "PurgeAuditAfterDays": "40",
        "WarnDays": "30",
    },
    "OCSP": {"UseAuthorizedResponder": "true"},
}
GRANTS = os.path.join(process.ROOT, "deploy", "sql", "grants.sql")
NEVER_DELETED = ("certificate", "revocation_event", "compromised_key", "audit")


def details(service):
    return service.get("/probe", service.double.bearer(roles=["Admin.Full"])).json()["details"]


def issue(service):
    """The id of a new certificate."""
    assert service.post_csr(csr.make("d")).status == 200
    return service.value("SELECT HEX(id) FROM certificate ORDER BY issued_at DESC, id DESC LIMIT 1")


def age(service, certificate, seconds):
    """Lets it have ended so long ago."""
    service.sql(
        "UPDATE certificate SET not_after = UTC_TIMESTAMP() - INTERVAL "
        f"{seconds} SECOND WHERE id = X'{certificate}'"
    )


def exported(folder):
    """The rows of all files in it."""
    rows = []
    for name in sorted(os.listdir(folder)):
        assert re.fullmatch(r"purge-\d{8}T\d{6}Z-\d+\.ndjson", name), name
        path = os.path.join(folder, name)
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        with open(path, encoding="utf-8") as file:
            rows += [json.loads(line) for line in file]
    return rows


def is_there(service, certificate):
    return service.value(f"SELECT COUNT(*) FROM certificate WHERE id = X'{certificate}'") == "1"


def test_what_is_old_enough_is_exported_and_deleted(service):
    old, young = issue(service), issue(service)
    der = service.value(f"SELECT HEX(der) FROM certificate WHERE id = X'{old}'")
    service.run("cert", "revoke", re.sub(r"(.{8})(.{4})(.{4})(.{4})(.{12})", r"\1-\2-\3-\4-\5", old))
    age(service, old, 30 * 86400 + 1)
    age(service, young, 29 * 86400)
    service.sql("UPDATE audit SET at = UTC_TIMESTAMP() - INTERVAL 41 DAY WHERE action = 'ca.init'")
    service.run("maintain", "purge")
    assert not is_there(service, old) and is_there(service, young)
    folder = service.path("var/export")
    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
    rows = exported(folder)
    assert [row["table"] for row in rows] == ["certificate", "revocation_event", "audit"]
    assert base64.b64decode(rows[0]["der"]).hex().upper() == der
    assert rows[1]["certificate_id"] == rows[0]["id"] and rows[1]["action"] == "revoke"
    assert rows[2]["action"] == "ca.init"
    assert service.value("SELECT COUNT(*) FROM audit WHERE action = 'ca.init'") == "0"
    assert service.value("SELECT COUNT(*) FROM revoked_certificate") == "0"
    # nothing is left, so a second run makes no file
    service.run("maintain", "purge")
    assert exported(folder) == rows


def test_settings_say_where_and_whether(service):
    old = issue(service)
    age(service, old, 100 * 86400)
    folder = service.path("elsewhere")
    try:
        service.configure({"Maintain": {"PurgeCertificatesAfterDays": "0", "ExportDir": folder}})
        service.run("maintain", "purge")
        assert is_there(service, old) and not os.path.exists(folder)
        service.configure({"Maintain": {"PurgeCertificatesAfterDays": "99"}})
        service.run("maintain", "purge")
        assert not is_there(service, old)
        assert [row["table"] for row in exported(folder)] == ["certificate"]
    finally:
        service.configure({"Maintain": {"PurgeCertificatesAfterDays": "30", "ExportDir": None}})


def test_a_purge_that_fails_deletes_nothing_and_is_told_of(service):
    old = issue(service)
    age(service, old, 100 * 86400)
    service.configure({"Maintain": {"ExportDir": service.config}})
    try:
        done = service.run("maintain", "purge", check=False)
        assert done.returncode != 0 and "Not a directory" in done.stderr
        assert is_there(service, old)
        listed = service.run("maintain", "--list").stdout
        assert re.search(r"purge .*\n +\S+Z failed: .*Not a directory.*; last done \S+Z\n", listed)
    finally:
        service.configure({"Maintain": {"ExportDir": None}})
    service.restart()
    told = [text for text in details(service)["warnings"] if "job purge" in text]
    assert len(told) == 1 and "Not a directory" in told[0]
    service.run("maintain", "purge")
    assert not is_there(service, old)
    listed = service.run("maintain", "--list").stdout
    assert re.search(r"\npurge .*\n +\S+Z done\n", listed)
    assert re.search(r"\ncrl-files .*\n +on each host\n", listed)


def test_the_list_says_who_runs_a_job_and_does_without_a_database(service):
    service.sql(
        "UPDATE job SET holder = 'elsewhere:7', started_at = UTC_TIMESTAMP(3),"
        " lease_until = UTC_TIMESTAMP(3) + INTERVAL 60 SECOND WHERE name = 'purge'"
    )
    listed = service.run("maintain", "--list").stdout
    assert re.search(r"\npurge .*\n +running since \S+Z as elsewhere:7; \S+Z done\n", listed)
    # Killed, and its lease is over.
    service.sql(
        "UPDATE job SET lease_until = UTC_TIMESTAMP(3),"
        " started_at = ended_at + INTERVAL 2 SECOND WHERE name = 'purge'"
    )
    listed = service.run("maintain", "--list").stdout
    assert re.search(r"\npurge .*\n +\S+Z done; that of \S+Z came to no end\n", listed)
    service.sql("UPDATE job SET lease_until = NULL WHERE name = 'purge'")
    socket = service.settings["Database"]["Socket"]
    service.configure({"Database": {"Socket": service.path("nowhere")}})
    try:
        done = service.run("maintain", "--list")
        assert "\npurge " in done.stdout and "running" not in done.stdout
        assert "how the jobs stand is not known" in done.stderr
    finally:
        service.configure({"Database": {"Socket": socket}})


def test_who_ends_soon_is_told_of_once_each(service):
    told, command = service.path("told"), service.path("warn")
    with open(command, "w", encoding="ascii") as file:
        file.write(
            f'#!/bin/sh\necho "$CERTWRIGHT_KIND $CERTWRIGHT_NAME $CERTWRIGHT_DAYS_LEFT'
            f' $CERTWRIGHT_NOT_AFTER" >>{told}\necho out; echo wrong >&2; exit 1\n'
        )
    os.chmod(command, 0o755)
    service.run("ra", "create", "--authority", "demo", "--key-bits", "2048")
    service.sql("UPDATE certificate SET not_after = UTC_TIMESTAMP() + INTERVAL 100 HOUR"
                " WHERE id IN (SELECT certificate_id FROM ra_certificate)")
    end = service.value("SELECT not_after FROM authority_generation")
    service.sql("UPDATE authority_generation SET not_after = UTC_TIMESTAMP() + INTERVAL 30 HOUR")
    service.configure({"Maintain": {"WarnCommand": command}})
    try:
        done = service.run("maintain", "expiry")
        assert "out" not in done.stdout and "wrong" not in done.stderr + service.log()
        with open(told, encoding="ascii") as file:
            lines = file.read().splitlines()
        ca, ra = (re.fullmatch(r"(.*) (\S+)", line) for line in lines)
        assert ca[1] == "ca demo-1 1"
        assert ra[1].startswith("ra CN=") and ra[1].endswith(" 4")
        failed = service.log_lines(event="warn_command", level="error")
        assert len(failed) == 2 and "ended with status 1" in failed[0]["reason"]
        assert len(service.log_lines(event="expiring", level="warning", name="demo-1")) == 1
        service.restart()
        found = {row["kind"]: row for row in details(service)["expiring"]}
        assert set(found) == {"ca", "ra"}
        assert found["ca"] == {"kind": "ca", "name": "demo-1", "not_after": ca[2]}
        assert service.get("/probe").status == 200
        # the near miss: who may write the command could run anything as us
        os.chmod(command, 0o775)
        service.run("maintain", "expiry")
        with open(told, encoding="ascii") as file:
            assert file.read().splitlines() == lines
        assert "others may write it" in service.log_lines(event="warn_command")[-1]["reason"]
    finally:
        service.sql(f"UPDATE authority_generation SET not_after = '{end}'")
        service.configure({"Maintain": {"WarnCommand": None}})


def test_a_probe_warns_of_crls_and_responders(service):
    service.restart()
    assert details(service)["warnings"] == []
    # the jobs that would mend it seem to run elsewhere
    service.sql("UPDATE job SET lease_until = UTC_TIMESTAMP(3) + INTERVAL 60 SECOND")
    try:
        service.sql("UPDATE crl SET next_update = UTC_TIMESTAMP() - INTERVAL 1 SECOND")
        service.sql("DELETE FROM ocsp_responder")
        service.restart()
        responder, crl = sorted(details(service)["warnings"])
        assert responder.startswith("no OCSP responder is usable for demo-1:")
        assert crl.startswith("the CRL of demo-1 has ended at ")
        service.sql("DELETE FROM crl")
        service.restart()
        assert "no CRL of demo-1 has been published" in details(service)["warnings"]
        assert service.get("/probe").json() == {"status": "ok", "failed": []}
    finally:
        service.sql("UPDATE job SET lease_until = NULL")


@pytest.fixture(name="accounts")
def fixture_accounts(service):
    """The accounts of the sample grants, for this service's database."""
    with open(GRANTS, encoding="utf-8") as file:
        text = file.read()
    text = re.sub(r"^--.*$", "", text, flags=re.M).replace("'%'", "'localhost'")
    text = re.sub(r"\bcertwright\.", service.database + ".", text)
    text = re.sub(r"\bcertwright_(\w+)@", service.database + r"\1@", text)
    text = re.sub(r"CREATE DATABASE[^;]*;", "", text)
    text = re.sub(r"CHANGE-ME-\d", service.password, text)
    service.mariadb.sql(text)
    names = {role: service.database + role for role in ("migrate", "serve", "maintain")}
    yield names
    for name in names.values():
        service.mariadb.sql(f"DROP USER {name}@localhost")


def test_the_sample_grants_let_maintain_alone_delete(service, accounts):
    for table in NEVER_DELETED:
        with pytest.raises(Exception, match="denied"):
            service.mariadb.sql(
                f"DELETE FROM {table} WHERE FALSE", service.database, accounts["serve"], service.password
            )
    old, gone = issue(service), issue(service)
    age(service, old, 100 * 86400)
    service.run("cert", "revoke", re.sub(r"(.{8})(.{4})(.{4})(.{4})(.{12})", r"\1-\2-\3-\4-\5", gone))
    # As a worker of an older version leaves it.
    service.sql(
        "DELETE FROM revoked_certificate; DELETE FROM ocsp_responder;"
        " UPDATE revocation_event SET generation_id = NULL, crl_number = NULL"
    )
    user = service.settings["Database"]["User"]
    service.configure(
        {
            "Database": {
                "User": accounts["serve"],
                "MaintainUser": accounts["maintain"],
                "MaintainPasswordFile": service.path("db.password"),
            }
        }
    )
    try:
        for job in ("purge", "expiry", "ocsp-responders", "publish-crls", "crl-files"):
            service.run("maintain", job)
        service.run("recover")
        assert not is_there(service, old)
        assert service.value("SELECT COUNT(*) FROM ocsp_responder") == "1"
        listed = f"SELECT COUNT(*) FROM revoked_certificate WHERE certificate_id = X'{gone}'"
        assert service.value(listed) == "1"
    finally:
        service.configure(
            {"Database": {"User": user, "MaintainUser": None, "MaintainPasswordFile": None}}
        )
