"""Challenge passwords and Intune keys: when they stay, when they go, and that nobody gets to see them."""

import json
import os

import pytest

from harness.scep_profiles import Bench, new_name, sql_id

CHALLENGE = "Chällenge-7f3a91-\U0001f511"
KEY = "intune-key-55c0ffee55"
NEEDED = (
    "enableChallengePassword is true, but there is no challengePassword, neither in the request nor stored"
)
BAD_INTUNE = "Invalid Intune configuration. Missing Intune tenant and/or intune app identification"
OVERHEAD = 37  # what sealing adds: version, key id, nonce, tag
SETTINGS = {"Log": {"Level": "debug"}}


def intune(**changes):
    members = {
        "enableIntune": True, "intuneTenant": "t", "intuneApplicationId": "i", "intuneApplicationKey": KEY,
    }
    members.update(changes)
    return {name: value for name, value in members.items() if value is not ...}


def blobs(bench, which):
    """The two columns as they are, in hex; None: none."""
    row = bench.row(which, "HEX(challenge_password), HEX(intune_application_key)")
    return tuple(None if text == "NULL" else text for text in row)


def edit(bench, which, **members):
    return bench.client.edit(which, {"caCertificateUuid": bench.ca, **members})


def refused(bench, text, method, path, body):
    response = bench.client.send(method, path, body)
    assert response.status == 422 and response.json() == [text], response


# the challenge password


def test_a_password_that_is_left_out_stays(bench):
    made = bench.make(challengePassword=CHALLENGE)
    before = blobs(bench, made)
    assert made["enableChallengePassword"] is True and before[0]
    for left_out in (
        {},
        {"challengePassword": None},
        {"challengePassword": ""},
        {"challengePassword": "", "enableChallengePassword": None},
        {"enableChallengePassword": True},
        {"challengePassword": "", "enableChallengePassword": True},
    ):
        assert edit(bench, made, **left_out)["enableChallengePassword"] is True
        assert blobs(bench, made) == before, left_out


def test_a_password_can_be_given_later_and_replaced(bench):
    made = bench.make()
    assert made["enableChallengePassword"] is False and blobs(bench, made) == (None, None)
    assert edit(bench, made, challengePassword="first")["enableChallengePassword"] is True
    first = blobs(bench, made)[0]
    assert len(first) == 2 * (len("first") + OVERHEAD)
    edit(bench, made, challengePassword="the second", enableChallengePassword=True)
    assert len(blobs(bench, made)[0]) == 2 * (len("the second") + OVERHEAD)


def test_a_password_goes_by_its_flag_alone(bench):
    made = bench.make(challengePassword=CHALLENGE)
    assert edit(bench, made, enableChallengePassword=False)["enableChallengePassword"] is False
    assert blobs(bench, made) == (None, None)
    refused(
        bench, NEEDED, "PUT", f"/{made['uuid']}",
        {"caCertificateUuid": bench.ca, "enableChallengePassword": True},
    )
    edit(bench, made, challengePassword="again")
    given = edit(bench, made, challengePassword="other", enableChallengePassword="false")
    assert given["enableChallengePassword"] is False


def test_the_flag_on_creating(bench):
    refused(bench, NEEDED, "POST", "", bench.wanted(enableChallengePassword=True))
    refused(bench, NEEDED, "POST", "", bench.wanted(enableChallengePassword=True, challengePassword=""))
    made = bench.make(enableChallengePassword=True, challengePassword="x")
    assert made["enableChallengePassword"] is True
    none = bench.make(enableChallengePassword=False, challengePassword="x")
    assert none["enableChallengePassword"] is False and blobs(bench, none) == (None, None)


def test_an_empty_password_is_none_and_one_of_blanks_is_one(bench):
    empty = bench.make(challengePassword="")
    assert empty["enableChallengePassword"] is False and blobs(bench, empty) == (None, None)
    blank = bench.make(challengePassword=" ")
    assert blank["enableChallengePassword"] is True


# Intune


def test_an_intune_key_that_is_left_out_stays(bench):
    made = bench.make(**intune())
    before = blobs(bench, made)
    assert before[1] and len(before[1]) == 2 * (len(KEY) + OVERHEAD)
    for key in (..., None, ""):
        changed = edit(bench, made, **intune(intuneApplicationKey=key, intuneTenant="other"))
        assert changed["intuneTenant"] == "other"
        assert blobs(bench, made) == before, key
    edit(bench, made, **intune(intuneApplicationKey="new"))
    assert blobs(bench, made)[1] != before[1]


@pytest.mark.parametrize("name", ["intuneTenant", "intuneApplicationId", "intuneApplicationKey"])
@pytest.mark.parametrize("value", [..., None])
def test_intune_needs_its_three_members(bench, name, value):
    refused(bench, BAD_INTUNE, "POST", "", bench.wanted(**intune(**{name: value})))
    made = bench.make()
    body = {"caCertificateUuid": bench.ca, **intune(**{name: value})}
    refused(bench, BAD_INTUNE, "PUT", f"/{made['uuid']}", body)
    near = edit(bench, made, **intune(**{name: ""}))
    assert near["enableIntune"] is True


def test_empty_intune_members_pass(bench):
    empty = {"intuneTenant": "", "intuneApplicationId": "", "intuneApplicationKey": ""}
    for enabled in (True, False):
        made = bench.make(enableIntune=enabled, **empty)
        assert made["intuneTenant"] == "" and made["intuneApplicationId"] == ""
        assert blobs(bench, made) == (None, None)


def test_turning_intune_off_forgets_the_key_and_turning_it_on_wants_one(bench):
    made = bench.make(**intune())
    off = edit(bench, made, enableIntune=False)
    assert off["enableIntune"] is False
    assert "intuneTenant" not in off and "intuneApplicationId" not in off
    assert blobs(bench, made) == (None, None)
    body = {"caCertificateUuid": bench.ca, **intune(intuneApplicationKey=...)}
    refused(bench, BAD_INTUNE, "PUT", f"/{made['uuid']}", body)
    assert edit(bench, made, **intune())["enableIntune"] is True


def test_with_intune_off_no_key_is_kept_and_the_rest_is_what_was_sent(bench):
    made = bench.make(**intune(enableIntune=False))
    changed = edit(bench, bench.make(), **intune(enableIntune=...))
    for profile in (made, changed):
        assert profile["enableIntune"] is False
        assert profile["intuneTenant"] == "t" and profile["intuneApplicationId"] == "i"
        assert blobs(bench, profile) == (None, None)


# nobody sees them


def everything_said(bench, seen):
    """All that the service has written: answers, its log, the audit, and every column of the database."""
    with open(bench.service.path("stderr.log"), "rb") as file:
        stderr = file.read()
    return b"\n".join([*seen, bench.service.log().encode(), stderr, bench.every_column()])


def forms(secret):
    """As it is, as hex and as base64 would have it."""
    raw = secret.encode()
    escaped = json.dumps(secret)[1:-1].encode()
    return {raw, escaped, raw.hex().encode(), raw.hex().upper().encode()}


def test_secrets_are_in_no_answer_log_audit_row_or_column(bench):
    seen = []
    client = bench.client

    def send(method, path, body=None):
        response = client.send(method, path, body)
        seen.append(response.raw)
        return response

    secrets = {
        "challengePassword": CHALLENGE, "intuneApplicationKey": KEY,
    }
    body = bench.wanted(**intune(), challengePassword=CHALLENGE)
    made = send("POST", "", body).json()
    path = f"/{made['uuid']}"
    send("GET", path)
    send("GET", "")
    changed = {name: f"{text}-2" for name, text in secrets.items()}
    assert send("PUT", path, {**body, **changed}).status == 200
    # refused, each for another reason
    for wrong in (
        {"name": body["name"]}, {"caCertificateUuid": ""}, {"raProfileUuid": "x"}, {"description": []},
        {"challengePassword": CHALLENGE * 30}, {"intuneApplicationKey": KEY * 30},
        {"challengePassword": [CHALLENGE]}, {"intuneApplicationKey": {"x": KEY}},
        {"customAttributes": [{"name": "?", "content": []}]},
    ):
        assert send("POST", "", {**body, "name": new_name(), **wrong}).status >= 400
    broken = json.dumps(body, ensure_ascii=False).encode()[:-1]
    assert send("POST", "", broken).status == 400
    send("DELETE", path)
    said = everything_said(bench, seen)
    assert made["uuid"].encode() in said and b"changed" in said
    for secret in (CHALLENGE, KEY):
        for form in forms(secret):
            assert form not in said, form


def test_the_audit_says_that_a_secret_was_changed_and_nothing_of_it(bench):
    made = bench.make(**intune(), challengePassword=CHALLENGE)
    edit(bench, made, **intune(intuneApplicationKey=...), challengePassword="other")
    edit(bench, made, **intune(intuneApplicationKey="other"), description="x")
    edit(bench, made, enableChallengePassword=False, description="x")
    changes = [row[3] for row in bench.audit(made["name"])]
    changed = {"after": "changed"}
    assert changes[0]["challengePassword"] == changes[0]["intuneApplicationKey"] == changed
    assert changes[1] == {"challengePassword": changed}
    assert changes[2] == {"intuneApplicationKey": changed, "description": {"after": "x"}}
    assert changes[3]["challengePassword"] == changes[3]["intuneApplicationKey"] == changed
    assert changes[3]["enableChallengePassword"] == {"before": True, "after": False}


def test_the_audit_says_who_changed_what_from_where(bench):
    made = bench.make(description="before", renewalThreshold=3)
    edit(bench, made, description="after", name="x", renewalThreshold=4)
    edit(bench, made, description="after", renewalThreshold="4")
    bench.client.enable(made)
    bench.client.delete(made)
    rows = bench.audit(made["name"])
    assert [row[0] for row in rows] == [
        "scep_profile.create", "scep_profile.update", "scep_profile.enable", "scep_profile.delete",
    ], "what changes nothing leaves no row"
    assert {row[2] for row in rows} == {"192.0.2.10"}
    assert {row[1].count("/") for row in rows} == {1} and bench.service.double.tenant in rows[0][1]
    assert rows[0][3]["description"] == {"after": "before"} and rows[0][3]["name"] == {"after": made["name"]}
    assert rows[1][3] == {
        "description": {"before": "before", "after": "after"},
        "renewalThreshold": {"before": 3, "after": 4},
    }
    assert rows[2][3] == {"enabled": {"before": False, "after": True}}
    assert rows[3][3]["enabled"] == {"before": True} and rows[3][3]["uuid"] == {"before": made["uuid"]}


def test_secret_content_of_a_custom_attribute_is_sealed_and_blanked(bench):
    bench.define_attribute("Token", "secret")
    values = [{"name": "Token", "contentType": "secret", "content": [{"data": {"secret": KEY}}]}]
    made = bench.make(customAttributes=values)
    (listed,) = made["customAttributes"]
    assert all("data" not in item for item in listed.get("content", []))
    edit(bench, made, customAttributes=values)
    assert edit(bench, made)["customAttributes"] == []
    rows = bench.audit(made["name"])
    assert [row[3].get("customAttributeSecrets") for row in rows] == [{"after": "changed"}] * 2 + [None]
    said = everything_said(bench, [json.dumps(made).encode()])
    for form in forms(KEY):
        assert form not in said


def test_a_blob_that_was_moved_does_not_open(bench):
    """The service does not open them yet; rotating must, and refuses what is not at its place."""
    first = bench.make(challengePassword="one")
    second = bench.make(challengePassword="two")
    bench.service.sql(
        f"UPDATE scep_profile SET challenge_password = (SELECT x FROM (SELECT challenge_password x FROM"
        f" scep_profile WHERE id = {sql_id(first)}) t) WHERE id = {sql_id(second)}"
    )
    bench.service.run("key", "new-secret-key")
    done = bench.service.run("key", "rotate-secrets", check=False)
    assert done.returncode != 0, done.stdout
    bench.client.delete(second)
    bench.service.run("key", "rotate-secrets")


def test_without_a_keyring_secrets_are_refused_and_the_rest_works(mariadb, double):
    bench = Bench(mariadb, double)
    try:
        bench.service.configure({"Keys": {"KeyringFile": None}})
        bench.service.start()
        text = "secrets cannot be stored: [Keys] KeyringFile is not set"
        for members in ({"challengePassword": "x"}, intune()):
            response = bench.client.send("POST", "", bench.wanted(**members))
            assert response.status == 422 and text in response.json()[0], response
        made = bench.make(enableIntune=False, intuneApplicationKey="x", challengePassword="")
        assert edit(bench, made, description="works")["description"] == "works"
        response = bench.client.send(
            "PUT", f"/{made['uuid']}", {"caCertificateUuid": bench.ca, "challengePassword": "x"}
        )
        assert response.status == 422 and text in response.json()[0], response
        assert bench.client.detail(made)["enableChallengePassword"] is False
    finally:
        bench.destroy()


def test_the_keyring_is_ours_alone(bench):
    assert os.stat(bench.service.path("keyring")).st_mode & 0o777 == 0o600
