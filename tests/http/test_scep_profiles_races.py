"""Many clients at once, and workers that are killed: SCEP profiles stay whole, and names unique."""

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import process
from harness.mariadb import SqlError
from harness.scep_profiles import Bench, Session, new_name, sql_id

TAKEN = {"message": "SCEP Profile with same name already exists"}
CLIENTS = 8


@pytest.fixture(scope="module")
def bench(mariadb, double):
    made = Bench(mariadb, double, {"Server": {"Workers": "8"}})
    made.define_attribute("Tag")
    made.service.start()
    # What answers are held against is read once here, not by each of many threads at once.
    made.client.delete(made.make())
    yield made
    made.destroy()


def all_at_once(count, work):
    """Runs work(number) in as many threads, none before all are there; their results in order."""
    results, gate = [None] * count, threading.Barrier(count)

    def run(number):
        gate.wait()
        try:
            results[number] = work(number)
        except Exception as error:  # shown by whoever looks at the result
            results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def tagged(bench, tag, **more):
    """A request all of whose members say the same."""
    tag = str(tag)
    return {
        "caCertificateUuid": bench.ca,
        "description": tag,
        "renewalThreshold": tag,
        "enableIntune": True,
        "intuneTenant": tag,
        "intuneApplicationId": tag,
        "intuneApplicationKey": tag,
        "challengePassword": tag,
        "customAttributes": [{"name": "Tag", "content": [{"data": tag}]}],
        **more,
    }


def tag_of(profile):
    """The tag, when all members agree on it."""
    tags = {
        profile["description"],
        str(profile["renewThreshold"]),
        profile["intuneTenant"],
        profile["intuneApplicationId"],
        *(item["data"] for each in profile["customAttributes"] for item in each["content"]),
    }
    assert len(tags) == 1, tags
    assert profile["enableChallengePassword"] is True and profile["enableIntune"] is True
    return tags.pop()


def sent(bench, method, path, body=None):
    response = bench.client.send(method, path, body)
    assert response.complete, response
    return response


def test_of_two_hundred_creations_of_one_name_one_succeeds(bench):
    name = new_name("wanted")
    answers = all_at_once(
        200, lambda number: sent(bench, "POST", "", tagged(bench, number, name=name))
    )
    statuses = [getattr(answer, "status", answer) for answer in answers]
    assert sorted(statuses) == [201] + [400] * 199, statuses
    assert all(answer.json() == TAKEN for answer in answers if answer.status == 400)
    winner = statuses.index(201)
    assert tag_of(bench.client.detail(answers[winner].json())) == str(winner)
    assert bench.service.value(f"SELECT COUNT(*) FROM scep_profile WHERE name = '{name}'") == "1"
    assert [row[0] for row in bench.audit(name)] == ["scep_profile.create"]


def test_a_name_that_another_transaction_is_about_to_take_is_taken(bench):
    """The look at the name comes too early for it, so that the table's key must decide."""
    name = new_name("slow")
    with Session(bench.service) as session, ThreadPoolExecutor() as later:
        session.run(
            "INSERT INTO scep_profile (id, name, enabled, revision, ca_certificate_id,"
            " include_ca_certificate, include_ca_chain, enable_intune, issue_attributes,"
            f" custom_attributes, created_at) VALUES (UNHEX(MD5('{name}')), '{name}', TRUE, 1,"
            f" {sql_id(bench.ca)}, FALSE, FALSE, FALSE, '[]', '[]', UTC_TIMESTAMP())"
        )
        answer = later.submit(sent, bench, "POST", "", tagged(bench, 1, name=name))
        session.wait_for_waiter(answer)
        session.run("COMMIT")
        response = answer.result()
    assert response.status == 400 and response.json() == TAKEN, response
    assert not bench.audit(name), "what was rolled back left no row"
    assert bench.service.value(f"SELECT COUNT(*) FROM scep_profile WHERE name = '{name}'") == "1"


@pytest.mark.parametrize("statement", ["DELETE FROM ra_profile", "UPDATE ra_profile SET archived = TRUE"])
@pytest.mark.parametrize("how", ["POST", "PUT", "PATCH"])
def test_an_ra_profile_that_is_just_going_is_waited_for(bench, statement, how):
    ra_profile = bench.make_ra_profile()
    made = bench.client.create(tagged(bench, 0, name=new_name()))
    path = f"/{made['uuid']}"
    call = {
        "POST": ("POST", "", tagged(bench, 0, name=new_name(), raProfileUuid=ra_profile)),
        "PUT": ("PUT", path, tagged(bench, 0, raProfileUuid=ra_profile)),
        "PATCH": ("PATCH", f"{path}/raProfiles/{ra_profile}", None),
    }[how]
    with Session(bench.service) as session, ThreadPoolExecutor() as later:
        session.run(f"{statement} WHERE id = {sql_id(ra_profile)}")
        answer = later.submit(sent, bench, *call)
        session.wait_for_waiter(answer)
        session.run("COMMIT")
        response = answer.result()
    text = f"Object of type 'RaProfile' identified by {ra_profile} is not found."
    assert response.status == 404 and response.json() == {"message": text}, response
    assert bench.client.detail(made) == made


@pytest.mark.parametrize("path", ["/delete", "/delete/force"])
def test_an_activation_that_is_under_way_is_waited_for(bench, path):
    ra_profile = bench.make_ra_profile()
    made = bench.client.create(tagged(bench, 0, name=new_name()))
    with Session(bench.service) as session, ThreadPoolExecutor() as later:
        session.run(
            "INSERT INTO ra_profile_scep VALUES"
            f" ({sql_id(ra_profile)}, {sql_id(made)}, '[]', UTC_TIMESTAMP())"
        )
        answer = later.submit(sent, bench, "DELETE", path, [made["uuid"]])
        session.wait_for_waiter(answer)
        session.run("COMMIT")
        messages = answer.result().json()
    if path == "/delete":
        assert messages[0]["message"].startswith("Dependent SCEP Profiles (1): ")
    else:
        assert messages == []
    assert bench.is_active(made) == (bench.row(made) is not None) == (path == "/delete")


def test_parallel_creations_of_other_names_all_succeed(bench):
    prefix = new_name("each")
    answers = all_at_once(
        60, lambda number: sent(bench, "POST", "", tagged(bench, number, name=f"{prefix}-{number}"))
    )
    assert [getattr(answer, "status", answer) for answer in answers] == [201] * 60


def chain(bench, name):
    """
    The tags that the audit gives the profile, one after the other: each edit starts where another one
    ended. Rows of one millisecond are in no order, so they are linked by what they say.
    """
    rows = bench.audit(name)
    (first,) = [row[3]["description"]["after"] for row in rows if row[0] == "scep_profile.create"]
    edits = [row[3] for row in rows if row[0] == "scep_profile.update"]
    assert all(each["intuneTenant"] == each["description"] for each in edits)
    followers = {each["description"]["before"]: each["description"]["after"] for each in edits}
    assert len(followers) == len(edits), "two edits began with the same: one was lost"
    tags = [first]
    while tags[-1] in followers:
        tags.append(followers.pop(tags[-1]))
    assert not followers, "an edit began with what never was"
    return tags


def test_parallel_edits_are_whole_and_none_is_lost(bench):
    made = bench.client.create(tagged(bench, 1000, name=new_name()))

    def edit(client):
        seen = []
        for turn in range(15):
            answer = sent(bench, "PUT", f"/{made['uuid']}", tagged(bench, client * 100 + turn))
            assert answer.status == 200, answer
            assert tag_of(answer.json()) == str(client * 100 + turn), "the answer is of this edit"
            seen.append(tag_of(bench.client.detail(made)))
        return seen

    results = all_at_once(CLIENTS, edit)
    assert all(isinstance(each, list) for each in results), results
    tags = chain(bench, made["name"])
    assert sorted(tags) == sorted(["1000"] + [str(c * 100 + t) for c in range(CLIENTS) for t in range(15)])
    assert tag_of(bench.client.detail(made)) == tags[-1]
    assert bench.row(made, "revision") == (str(len(tags)),)


def test_parallel_edits_flags_and_deletes(bench):
    for _ in range(5):
        made = bench.client.create(tagged(bench, 0, name=new_name()))
        path = f"/{made['uuid']}"
        calls = [("PUT", path, tagged(bench, n)) for n in range(1, 5)]
        calls += [("PATCH", f"{path}/enable", None), ("PATCH", f"{path}/disable", None)]
        calls += [("DELETE", path, None), ("DELETE", "/delete/force", [made["uuid"]])]
        answers = all_at_once(len(calls), lambda number: sent(bench, *calls[number]))
        statuses = [getattr(answer, "status", answer) for answer in answers]
        assert all(status in (200, 204, 404) for status in statuses), statuses
        by_force = answers[-1].json()
        assert (statuses[6] == 204) + (by_force == []) == 1, "one of the two deleted it"
        assert bench.row(made) is None
        rows = bench.audit(made["name"])
        assert [row[0] for row in rows].count("scep_profile.delete") == 1
        done = sum(status in (200, 204) for status in statuses[:6])
        assert len(rows) - 2 <= done, "each change that left a row was answered as done"


def test_activating_while_it_is_deleted_leaves_both_or_none(bench):
    ra_profile = bench.make_ra_profile()
    for force in (False, True) * 5:
        made = bench.client.create(tagged(bench, 0, name=new_name()))

        def work(number, made=made, force=force):
            if number == 1:
                path = "/delete/force" if force else "/delete"
                return sent(bench, "DELETE", path, [made["uuid"]]).json()
            try:
                return bench.activate(ra_profile, made)
            except SqlError as error:
                assert error.code == 1452, error
                return error

        _, messages = all_at_once(2, work)
        assert isinstance(messages, list), messages
        is_there = bench.row(made) is not None
        assert bench.is_active(made) == is_there
        assert bool(messages) == is_there
        if is_there:
            assert messages[0]["message"].startswith("Dependent SCEP Profiles (1): ")
            assert bench.client.force_delete(made) == []


def test_an_ra_profile_that_goes_meanwhile_is_a_404_or_stays(bench):
    for _ in range(5):
        ra_profile = bench.make_ra_profile()
        body = tagged(bench, 0, name=new_name(), raProfileUuid=ra_profile)

        def work(number, ra_profile=ra_profile, body=body):
            if number == 1:
                return sent(bench, "POST", "", body)
            try:
                return bench.service.sql(f"DELETE FROM ra_profile WHERE id = {sql_id(ra_profile)}")
            except SqlError as error:
                assert error.code == 1451, error
                return error

        gone, answer = all_at_once(2, work)
        text = f"Object of type 'RaProfile' identified by {ra_profile} is not found."
        if isinstance(gone, SqlError):
            assert answer.status == 201, answer
            assert answer.json()["raProfile"]["uuid"] == ra_profile
        else:
            assert answer.status == 404 and answer.json() == {"message": text}, answer
            assert bench.id_where("scep_profile", f"name = '{body['name']}'") is None


class Churn:
    """Clients that make, edit, enable and delete profiles of their own until told to stop."""

    def __init__(self, bench):
        self.bench, self.stopped = bench, threading.Event()
        self.kept, self.faults, self.done = set(), [], 0
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.client, args=(n,)) for n in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def ask(self, method, path, body=None):
        """The answer; None where the worker died over it. A fault is whatever else is no success."""
        try:
            answer = self.bench.client.send(method, path, body)
        except OSError:
            return None
        if not answer.complete or answer.status == 0:
            return None
        if answer.status not in (200, 201, 204):
            with self.lock:
                self.faults.append(answer)
        return answer

    def client(self, number):
        turn = 0
        while not self.stopped.is_set():
            turn += 1
            body = tagged(self.bench, number * 100000 + turn, name=new_name("churn"))
            answer = self.ask("POST", "", body)
            if answer is None or answer.status != 201:
                continue
            path = f"/{answer.json()['uuid']}"
            edited = self.ask("PUT", path, tagged(self.bench, number * 100000 + turn + 50000))
            flagged = self.ask("PATCH", f"{path}/enable")
            with self.lock:
                self.done += 1
                if edited and flagged:
                    self.kept.add(body["name"])
            if turn % 3 == 0:
                with self.lock:
                    self.kept.discard(body["name"])
                self.ask("DELETE", "/delete/force", [path[1:]])

    def wait_for(self, more):
        goal = self.done + more
        process.wait_until(lambda: self.done >= goal, 60, f"{more} more profiles")

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join()


def test_killed_workers_leave_whole_profiles_or_none(bench):
    churn = Churn(bench)
    try:
        for _ in range(8):
            churn.wait_for(6)
            for pid in bench.service.workers()[:4]:
                os.kill(pid, signal.SIGKILL)
        churn.wait_for(10)
    finally:
        churn.stop()
    assert not churn.faults, churn.faults[:3]
    there = {}
    for listed in bench.client.all():
        if listed["name"].startswith("churn-"):
            there[listed["name"]] = listed
            tag_of(bench.client.detail(listed))
    assert churn.kept <= set(there), "what was answered is there"
    assert churn.kept and all(there[name]["enabled"] for name in churn.kept)
    created, deleted = (
        {row[0] for row in bench.service.sql(
            f"SELECT object_name FROM audit WHERE action = 'scep_profile.{action}'"
            " AND object_name LIKE 'churn-%'"
        )}
        for action in ("create", "delete")
    )
    assert created - deleted == set(there), "each row of the audit is true, and each change has one"
    for name in sorted(there)[:40]:
        assert chain(bench, name)
