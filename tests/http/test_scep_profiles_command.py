"""certwright scep-profile: the same rules and records as over HTTP."""

import concurrent.futures
import json
import os

import pytest

from harness.api import UNKNOWN
from harness.scep_profiles import new_name

SECRET = "swordfish-in-a-file"


def run(bench, *words, **options):
    return bench.service.run("scep-profile", *words, **options)


def make(bench, *options, name=None):
    done = run(bench, "create", "--json", "--ca-certificate", bench.ca, *options, name or new_name("cli"))
    return json.loads(done.stdout)


def refused(bench, status, text, *words):
    done = run(bench, *words, check=False)
    assert done.returncode == status, done
    assert text in done.stderr and not done.stdout, done


def file_with(bench, content):
    path = bench.service.path(new_name("secret"))
    with open(path, "wb") as file:
        file.write(content)
    return path


def blobs(bench, which):
    return bench.row(which, "HEX(challenge_password), HEX(intune_application_key)")


def test_what_is_made_on_the_command_line_is_what_http_shows(bench):
    bench.make_ra_profile("shell")
    made = make(
        bench, "--ra-profile", "shell", "--description", "for the shell", "--renewal-threshold", "12",
        "--include-ca-certificate", "yes", "--include-ca-chain=yes",
        "--challenge-file", file_with(bench, SECRET.encode() + b"\n"), "--intune", "yes",
        "--intune-tenant", "t", "--intune-application", "i",
        "--intune-key-file", file_with(bench, SECRET.encode() + b"\r\n"),
    )
    assert made == bench.client.detail(made)
    assert made["renewThreshold"] == 12 and made["raProfile"]["name"] == "shell"
    assert made["includeCaCertificate"] is True and made["includeCaCertificateChain"] is True
    assert made["enableChallengePassword"] is True and made["enableIntune"] is True
    # sealing adds 37 octets; the line's end is no part of the secret
    assert [len(text) // 2 for text in blobs(bench, made)] == [len(SECRET) + 37] * 2
    assert json.loads(run(bench, "show", "--json", made["name"]).stdout) == made
    assert made["name"] in [each["name"] for each in json.loads(run(bench, "list", "--json").stdout)]
    shown = run(bench, "show", made["name"]).stdout
    assert "for the shell" in shown and SECRET not in shown
    (line,) = [each for each in run(bench, "list").stdout.splitlines() if made["name"] in each]
    assert line.split()[1:5] == ["no", "shell", "yes", "yes"]
    (row,) = bench.audit(made["name"])
    assert row[:3] == ("scep_profile.create", f"uid:{os.geteuid()}", "")
    assert SECRET not in json.dumps(row[3])


def test_set_changes_what_is_given_and_nothing_else(bench):
    bench.define_attribute("Rack")
    bench.make_ra_profile("first")
    bench.make_ra_profile("second")
    made = bench.make(
        description="old", raProfileUuid=bench.id_where("ra_profile", "name = 'first'"),
        renewalThreshold=5, includeCaCertificate=True, challengePassword=SECRET, enableIntune=True,
        intuneTenant="t", intuneApplicationId="i", intuneApplicationKey=SECRET,
        customAttributes=[{"name": "Rack", "content": [{"data": "7"}]}],
        issueCertificateAttributes=[{"name": "ValidityDays", "content": [{"data": 3}]}],
    )
    before = blobs(bench, made)
    name = made["name"]
    done = run(bench, "set", "--description", "new", name)
    assert done.stdout == f"SCEP profile {name} was changed.\n"
    assert bench.client.detail(made) == {**made, "description": "new"}
    assert run(bench, "set", "--description", "new", name).stdout == f"SCEP profile {name} is as it was.\n"
    run(bench, "set", "--ra-profile", "second", "--renewal-threshold", "0", name)
    detail = bench.client.detail(made)
    assert detail["raProfile"]["name"] == "second" and detail["renewThreshold"] == 0
    assert detail["customAttributes"] == made["customAttributes"]
    assert detail["issueCertificateAttributes"] == made["issueCertificateAttributes"]
    assert blobs(bench, made) == before
    run(bench, "set", "--ra-profile", "", "--include-ca-certificate", "no", name)
    detail = bench.client.detail(made)
    assert "raProfile" not in detail and detail["includeCaCertificate"] is False
    run(bench, "set", "--no-challenge", "--intune", "no", name)
    assert blobs(bench, made) == ("NULL", "NULL")
    run(bench, "set", "--challenge-file", file_with(bench, b"again"), name)
    assert bench.client.detail(made)["enableChallengePassword"] is True


def test_enable_disable_and_delete(bench):
    made = make(bench)
    name = made["name"]
    assert run(bench, "enable", name).stdout == f"SCEP profile {name} is enabled.\n"
    assert bench.client.detail(made)["enabled"] is True
    run(bench, "disable", name)
    assert bench.client.detail(made)["enabled"] is False
    bench.activate(bench.make_ra_profile("holds"), made)
    refused(bench, 1, "Dependent SCEP Profiles (1): holds", "delete", name)
    assert run(bench, "delete", "--force", name).stdout == f"SCEP profile {name} was deleted.\n"
    assert bench.row(made) is None and not bench.is_active(made)
    for action in ("show", "set", "enable", "disable", "delete"):
        refused(bench, 1, f'there is no SCEP profile "{name}"', action, name)


def test_the_rules_are_those_of_the_api(bench):
    made = make(bench)
    create = ("create", "--ca-certificate", bench.ca)
    refused(bench, 1, "SCEP Profile with same name already exists", *create, made["name"])
    refused(bench, 1, "Name can contain only unreserved URI characters", *create, "a b")
    refused(bench, 1, "Name cannot be empty", *create, "")
    refused(bench, 1, "Invalid Intune configuration", *create, "--intune", "yes", new_name())
    refused(
        bench, 1, f"Object of type 'Certificate' identified by {UNKNOWN} is not found.",
        "create", "--ca-certificate", UNKNOWN, new_name(),
    )
    refused(bench, 1, 'there is no RA profile "nobody"', *create, "--ra-profile", "nobody", new_name())
    refused(bench, 64, "--ca-certificate is needed", "create", new_name())
    refused(bench, 64, "exclude each other", "set", "--no-challenge", "--challenge-file", "x", made["name"])
    refused(bench, 78, "expected yes or no", *create, "--intune", "maybe", new_name())
    refused(bench, 78, "renewal-threshold", *create, "--renewal-threshold", "-1", new_name())


@pytest.mark.parametrize("content", [b"", b"\n", b"two\nlines\n", b"nul\0", b"\xff\xfe", b"x" * 5000])
def test_a_secret_is_one_line_of_text(bench, content):
    path = file_with(bench, content)
    create = ("create", "--ca-certificate", bench.ca, "--challenge-file", path, new_name())
    refused(bench, 78, path, *create)


def test_a_secret_is_no_argument(bench):
    for option in ("--challenge", "--challenge-password", "--intune-key", "--intune-application-key"):
        done = run(bench, "create", "--ca-certificate", bench.ca, option, "x", new_name(), check=False)
        assert done.returncode == 64, done
    missing = bench.service.path("nothing-here")
    refused(
        bench, 78, missing, "create", "--ca-certificate", bench.ca, "--challenge-file", missing, new_name()
    )


def test_without_a_keyring_a_secret_is_refused(bench):
    keyring = bench.service.path("keyring")
    bench.service.configure({"Keys": {"KeyringFile": None}})
    try:
        refused(
            bench, 1, "[Keys] KeyringFile is not set", "create", "--ca-certificate", bench.ca,
            "--challenge-file", file_with(bench, b"x"), new_name(),
        )
        assert make(bench)["enableChallengePassword"] is False
    finally:
        bench.service.configure({"Keys": {"KeyringFile": keyring}})


def test_of_commands_at_once_none_undoes_another(bench):
    made = make(bench)
    options = {
        "description": ("--description", "x", "x"),
        "renewThreshold": ("--renewal-threshold", "9", 9),
        "includeCaCertificate": ("--include-ca-certificate", "yes", True),
        "includeCaCertificateChain": ("--include-ca-chain", "yes", True),
        "intuneTenant": ("--intune-tenant", "t", "t"),
        "intuneApplicationId": ("--intune-application", "i", "i"),
    }

    def one(member):
        option, value, _ = options[member]
        return run(bench, "set", option, value, made["name"], check=False)

    with concurrent.futures.ThreadPoolExecutor(len(options)) as pool:
        done = dict(zip(options, pool.map(one, options)))
    detail = bench.client.detail(made)
    assert any(each.returncode == 0 for each in done.values())
    for member, each in done.items():
        if each.returncode == 0:
            assert detail[member] == options[member][2], (member, done)
        else:
            assert each.returncode == 1 and "was changed in between" in each.stderr, each
            assert detail.get(member) == made.get(member)
