"""Secrets at rest: the keyring at start and reload, its commands, and sealing anew."""

import base64
import json
import os
import signal
import subprocess
import threading
import time
import uuid

import pytest
from harness import keyring, process
from harness.scep_profiles import Bench

CHALLENGE, INTUNE = "challenge_password", "intune_application_key"
PLAIN = "correct horse 42"


def keyring_of(service):
    return service.path("keyring")


def sealed(key, column, row, plain=PLAIN):
    return keyring.seal(key, "scep_profile", column, row, plain)


def insert(service, key, count=1):
    """Rows of scep_profile with both secrets sealed under this key; their ids in order."""
    rows = sorted(uuid.uuid4() for _ in range(count))
    values = [
        f"(X'{row.hex}', '{row}', NULL, TRUE, 1, NULL, X'{row.hex}', NULL, FALSE, FALSE,"
        f" X'{sealed(key, CHALLENGE, row).hex()}', FALSE, NULL, NULL,"
        f" X'{sealed(key, INTUNE, row).hex()}', '[]', '[]', UTC_TIMESTAMP())"
        for row in rows
    ]
    service.sql(f"INSERT INTO scep_profile VALUES {','.join(values)}")
    return rows


def blobs(service, column):
    """{row: blob} of a column."""
    rows = service.sql(f"SELECT HEX(id), HEX({column}) FROM scep_profile WHERE {column} IS NOT NULL")
    return {uuid.UUID(row): bytes.fromhex(blob) for row, blob in rows}


def opened(service, keys):
    """The plain texts of all values, which must open with these keys."""
    return [
        keyring.unseal(keys, "scep_profile", column, row, blob)
        for column in (CHALLENGE, INTUNE)
        for row, blob in blobs(service, column).items()
    ]


def count_under(service, key):
    head = (keyring.VERSION + bytes.fromhex(keyring.id_of(key))).hex()
    return sum(
        blob[:9].hex() == head for column in (CHALLENGE, INTUNE) for blob in blobs(service, column).values()
    )


def as_json(service, *words):
    return json.loads(service.run("key", *words, "--json").stdout)


@pytest.fixture
def made(new_service):
    """A service with database and CA, not started."""
    return new_service().make(keys=False)


# the file


def test_a_new_key_comes_in_front(made):
    path = keyring_of(made)
    os.unlink(path)
    text = made.run("key", "new-secret-key").stdout
    first = keyring.read(path)
    assert len(first) == 1 and keyring.id_of(first[0]) in text and path in text
    assert os.stat(path).st_mode & 0o7777 == 0o600
    added = as_json(made, "new-secret-key")
    second = keyring.read(path)
    assert second[1:] == first
    assert added == {"id": keyring.id_of(second[0]), "file": path, "keys": 2}
    assert [keyring.id_of(key) for key in second] == [one["id"] for one in as_json(made, "list-secret-keys")]


def test_no_key_goes_where_the_settings_name_no_file(made):
    made.configure({"Keys": {"KeyringFile": None}})
    for words in ("new-secret-key", "list-secret-keys", "rotate-secrets"):
        done = made.run("key", words, check=False)
        assert (done.returncode, done.stdout) == (78, "")
        assert "KeyringFile is not set" in done.stderr


def test_a_killed_run_leaves_a_whole_keyring(made):
    path = keyring_of(made)
    begin = time.monotonic()
    made.run("key", "new-secret-key")
    took = time.monotonic() - begin
    argv = [process.certwright(), "key", "new-secret-key", "--config", made.config]
    for attempt in range(12):
        before = keyring.read(path)
        running = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
        try:
            running.wait(took * (0.4 + attempt / 20))
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
        after = keyring.read(path)
        assert after in (before, after[:1] + before)
        assert running.returncode != 0 or len(after) == len(before) + 1
    made.run("key", "new-secret-key")


def test_of_many_at_once_none_loses_a_key(made):
    before = keyring.read(keyring_of(made))
    ids, refused = [], []

    def add():
        done = made.run("key", "new-secret-key", "--json", check=False)
        if done.returncode == 0:
            ids.append(json.loads(done.stdout)["id"])
        else:
            refused.append(done)

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = keyring.read(keyring_of(made))
    assert ids and sorted(ids) == sorted(keyring.id_of(key) for key in after[: len(ids)])
    assert after[len(ids) :] == before
    assert all(done.returncode == 1 and "another process" in done.stderr for done in refused), refused


# at start


def ends_at_start(service, *texts):
    service.start(ready=False)
    assert service.process.wait(30) == 78
    said = service.process.log()
    assert all(text in said for text in texts), said
    assert PLAIN not in said and PLAIN not in service.log()
    service.process = None


def test_serve_refuses_a_keyring_that_it_cannot_use(made):
    path = keyring_of(made)
    key = keyring.new_key()
    keyring.write(path, key, mode=0o640)
    ends_at_start(made, path, "mode 640 lets others use it, must be 600 or 400")
    with open(path, "w", encoding="ascii") as file:
        file.write("not a key\n")
    os.chmod(path, 0o600)
    ends_at_start(made, path, "line 1: expected a key id")
    os.unlink(path)
    ends_at_start(made, path, "No such file")
    keyring.write(path, key)
    os.rename(path, path + ".there")
    os.symlink(path + ".there", path)
    ends_at_start(made, path, "symbolic link")
    os.replace(path + ".there", path)
    made.start()


def test_serve_looks_at_the_keyring_while_the_database_is_down(made):
    made.configure({"Database": {"Socket": made.path("no-such-socket")}})
    made.start().stop()
    os.unlink(keyring_of(made))
    ends_at_start(made, keyring_of(made))


def test_serve_names_the_key_that_is_missing(made):
    old, new = keyring.new_key(), keyring.new_key()
    keyring.write(keyring_of(made), old)
    made.start().stop()
    insert(made, old, 3)
    made.start().stop()
    keyring.write(keyring_of(made), new)
    ends_at_start(made, f"lacks key {keyring.id_of(old)}", "3 values of scep_profile.challenge_password")
    made.configure({"Keys": {"KeyringFile": None}})
    ends_at_start(made, keyring.id_of(old), "KeyringFile is not set")
    made.configure({"Keys": {"KeyringFile": keyring_of(made)}})
    keyring.write(keyring_of(made), new, old)
    made.start()


def test_serve_runs_without_a_keyring_while_nothing_is_sealed(made):
    made.configure({"Keys": {"KeyringFile": None}})
    made.start()
    assert not made.log_lines(event="setting", setting="[Keys] KeyringFile")


@pytest.mark.parametrize("change", ["another row", "another column", "a bit"])
def test_serve_refuses_a_value_that_was_moved(made, change):
    (key,) = keyring.read(keyring_of(made))
    (row,) = insert(made, key)
    blob = {
        "another row": sealed(key, CHALLENGE, uuid.uuid4()),
        "another column": sealed(key, INTUNE, row),
        "a bit": sealed(key, CHALLENGE, row)[:-1] + b"\x00",
    }[change]
    made.sql(f"UPDATE scep_profile SET {CHALLENGE} = X'{blob.hex()}'")
    ends_at_start(made, f"scep_profile.{CHALLENGE} of {row}", "changed, or belongs elsewhere")
    made.sql(f"UPDATE scep_profile SET {CHALLENGE} = X'{sealed(key, CHALLENGE, row).hex()}'")
    made.start()


def test_reload_with_a_wrong_keyring_changes_nothing(made):
    (key,) = keyring.read(keyring_of(made))
    insert(made, key)
    made.start()
    process.wait_until(lambda: len(made.workers()) == 2, 10, "workers")
    before = set(made.workers())
    keyring.write(keyring_of(made), keyring.new_key())
    made.reload()
    made.wait_log(event="reload_failed")
    assert any(keyring.id_of(key) in line["reason"] for line in made.log_lines(event="check_failed"))
    assert set(made.workers()) == before
    keyring.write(keyring_of(made), keyring.new_key(), key)
    made.reload()
    made.wait_log(event="reloaded")


# sealing anew


def test_all_is_sealed_anew_under_the_first_key(made):
    (old,) = keyring.read(keyring_of(made))
    insert(made, old, 20)
    made.run("key", "new-secret-key")
    new = keyring.read(keyring_of(made))[0]
    uses = [(one["id"], one["use"], one["values"]) for one in as_json(made, "list-secret-keys")]
    assert uses == [(keyring.id_of(new), "seals", 0), (keyring.id_of(old), "opens", 40)]
    done = as_json(made, "rotate-secrets")
    assert done == {
        "key": keyring.id_of(new),
        "sealed": 40,
        "skipped": 0,
        "failed": 0,
        "unused": [keyring.id_of(old)],
    }
    assert opened(made, [new]) == [PLAIN] * 40
    text = made.run("key", "rotate-secrets").stdout
    assert "anew under the key " in text and f"Nothing is under the key {keyring.id_of(old)}" in text
    rows = made.sql("SELECT outcome, actor, detail FROM audit WHERE action = 'key.rotate_secrets' ORDER BY at, id")
    assert [row[0] for row in rows] == ["begun", "done"] * 2
    assert {row[1] for row in rows} == {f"uid:{os.geteuid()}"}
    assert "sealed anew: 40" in rows[1][2]
    keyring.write(keyring_of(made), new)
    made.start()


def rotating(service):
    argv = [process.certwright(), "key", "rotate-secrets", "--config", service.config]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


class Held:
    """A row that nobody else can change, until release()."""

    def __init__(self, service, row):
        mariadb = service.mariadb
        argv = ["mariadb", "--no-defaults", f"--socket={mariadb.socket}", "--user=root", "--batch"]
        argv += ["--skip-column-names", "--unbuffered", service.database]
        self.client = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.say(f"BEGIN; SELECT 'held' FROM scep_profile WHERE id = X'{row.hex}' FOR UPDATE;")
        assert self.client.stdout.readline().strip() == "held"

    def say(self, text):
        self.client.stdin.write(text + "\n")
        self.client.stdin.flush()

    def release(self, text=""):
        self.say(text + "COMMIT;")
        self.client.stdin.close()
        assert self.client.wait(20) == 0


def test_a_killed_run_goes_on_where_it_was(made):
    (old,) = keyring.read(keyring_of(made))
    rows = insert(made, old, 30)
    made.run("key", "new-secret-key")
    new = keyring.read(keyring_of(made))[0]
    held = Held(made, rows[12])
    running = rotating(made)
    process.wait_until(lambda: count_under(made, new) == 12, 20, "half of the values")
    running.send_signal(signal.SIGKILL)
    running.communicate()
    held.release()
    # The statement that waited may have been carried out after all, but no other.
    assert count_under(made, new) in (12, 13) and count_under(made, old) + count_under(made, new) == 60
    assert opened(made, [new, old]) == [PLAIN] * 60
    made.start().stop()
    left = count_under(made, old)
    assert as_json(made, "rotate-secrets")["sealed"] == left
    assert count_under(made, old) == 0
    assert opened(made, [new]) == [PLAIN] * 60
    rows = made.sql("SELECT outcome FROM audit WHERE action = 'key.rotate_secrets' ORDER BY at, id")
    assert [row[0] for row in rows] == ["begun", "begun", "done"]


def test_a_value_that_changes_meanwhile_wins(made):
    (old,) = keyring.read(keyring_of(made))
    rows = insert(made, old, 5)
    made.run("key", "new-secret-key")
    new = keyring.read(keyring_of(made))[0]
    held = Held(made, rows[2])
    running = rotating(made)
    process.wait_until(lambda: count_under(made, new) == 2, 20, "values before it")
    # By a worker that still has the old keyring: the run comes back to it.
    another = sealed(old, CHALLENGE, rows[2], "another").hex()
    held.release(f"UPDATE scep_profile SET {CHALLENGE} = X'{another}' WHERE id = X'{rows[2].hex}';")
    said, _ = running.communicate(timeout=60)
    assert running.returncode == 0 and "others changed meanwhile: 1" in said
    assert sorted(opened(made, [new])) == sorted(["another"] + [PLAIN] * 9)


def test_a_value_that_does_not_open_is_told(made):
    (old,) = keyring.read(keyring_of(made))
    rows = insert(made, old, 3)
    made.sql(f"UPDATE scep_profile SET {INTUNE} = {CHALLENGE} WHERE id = X'{rows[1].hex}'")
    made.run("key", "new-secret-key")
    new = keyring.read(keyring_of(made))[0]
    done = made.run("key", "rotate-secrets", check=False)
    assert done.returncode == 1
    assert f"1 values could not be sealed anew: scep_profile.{INTUNE} of {rows[1]}" in done.stderr
    assert (count_under(made, new), count_under(made, old)) == (5, 1)
    assert "Nothing is under" not in done.stdout


# with the API


@pytest.fixture
def bench(mariadb, double):
    made = Bench(mariadb, double)
    keyring.write(keyring_of(made.service), keyring.new_key())
    made.service.start()
    yield made
    made.destroy()


def attribute_values(bench, attribute):
    """{profile: blob} of a custom attribute's secrets."""
    rows = bench.service.sql("SELECT HEX(id), HEX(custom_attributes) FROM scep_profile")
    found = {}
    for row, text in rows:
        for entry in json.loads(bytes.fromhex(text)):
            if entry["uuid"] == attribute:
                found[uuid.UUID(row)] = base64.b64decode(entry["content"][0]["sealed"], validate=True)
    return found


def token_of(bench, keys, attribute):
    ((row, blob),) = attribute_values(bench, attribute).items()
    return keyring.unseal(keys, "scep_profile", f"custom_attributes/{attribute}", row, blob)


def with_token(bench, secret):
    value = {"name": "Token", "contentType": "secret", "content": [{"data": {"secret": secret}}]}
    return bench.make(challengePassword=PLAIN, customAttributes=[value])


def test_what_the_api_seals_is_sealed_anew(bench):
    service = bench.service
    attribute = bench.define_attribute("Token", "secret")
    (old,) = keyring.read(keyring_of(service))
    first = with_token(bench, "token-1")
    assert opened(service, [old]) == [PLAIN]
    assert "token-1" in token_of(bench, [old], attribute)
    service.run("key", "new-secret-key")
    new = keyring.read(keyring_of(service))[0]
    service.reload()
    service.wait_log(event="reloaded")
    process.wait_until(lambda: len(service.workers()) == 2, 10, "new workers")
    bench.make(challengePassword=PLAIN)
    uses = {one["id"]: one["values"] for one in as_json(service, "list-secret-keys")}
    assert uses == {keyring.id_of(new): 1, keyring.id_of(old): 2}
    assert as_json(service, "rotate-secrets")["sealed"] == 2
    assert as_json(service, "rotate-secrets")["sealed"] == 0
    assert opened(service, [new]) == [PLAIN, PLAIN]
    assert "token-1" in token_of(bench, [new], attribute)
    keyring.write(keyring_of(service), new)
    service.restart()
    edited = bench.client.edit(first, {"caCertificateUuid": bench.ca, "description": "same password"})
    assert edited["enableChallengePassword"] is True
    assert opened(service, [new]) == [PLAIN, PLAIN]


def test_a_key_of_custom_attributes_is_missed_at_start(bench):
    service = bench.service
    attribute = bench.define_attribute("Token", "secret")
    (old,) = keyring.read(keyring_of(service))
    made = with_token(bench, "token-1")
    service.sql("UPDATE scep_profile SET challenge_password = NULL")
    service.stop()
    keyring.write(keyring_of(service), keyring.new_key())
    ends_at_start(service, f"scep_profile.custom_attributes of {made['uuid']}", keyring.id_of(old))
    service.configure({"Keys": {"KeyringFile": None}})
    ends_at_start(service, "KeyringFile is not set", keyring.id_of(old))
    service.configure({"Keys": {"KeyringFile": keyring_of(service)}})
    done = service.run("key", "rotate-secrets", check=False)
    assert done.returncode == 1 and keyring.id_of(old) in done.stderr
    keyring.write(keyring_of(service), keyring.new_key(), old)
    service.run("key", "rotate-secrets")
    assert "token-1" in token_of(bench, keyring.read(keyring_of(service))[:1], attribute)


def test_edits_go_on_while_all_is_sealed_anew(bench):
    service = bench.service
    (old,) = keyring.read(keyring_of(service))
    profiles = [bench.make(challengePassword=PLAIN) for _ in range(6)]
    service.run("key", "new-secret-key")
    new = keyring.read(keyring_of(service))[0]
    service.restart()
    over, statuses = threading.Event(), []

    def edit():
        while not over.is_set():
            for number, profile in enumerate(profiles):
                body = {"caCertificateUuid": bench.ca, "description": f"{len(statuses)}-{number}"}
                statuses.append(bench.client.send("PUT", f"/{profile['uuid']}", body).status)

    editing = threading.Thread(target=edit)
    editing.start()
    try:
        process.wait_until(lambda: len(statuses) > 6, 20, "edits")
        for _ in range(3):
            service.run("key", "rotate-secrets")
            insert(service, old, 10)
        service.run("key", "rotate-secrets")
    finally:
        over.set()
        editing.join()
    assert set(statuses) == {200}
    assert count_under(service, old) == 0
    assert opened(service, [new]) == [PLAIN] * (len(profiles) + 60)
