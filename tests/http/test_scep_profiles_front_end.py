"""
What CZERTAINLY's own front end (2.13.1) sends for SCEP profiles, and what it needs to get: its
flows, request by request, with payloads of the shapes that were seen from it.
"""

import pytest

from harness.scep_profiles import new_name

API = "/api"


@pytest.fixture(scope="module")
def ra_profile(bench):
    return bench.make_ra_profile("devices")


def browse(bench, path, status=200):
    """A GET as the page sends it: any type will do, and no Content-Type of its own."""
    headers = {**bench.client.headers, "Accept": "*/*", "X-Requested-With": "XMLHttpRequest"}
    response = bench.service.get(API + path, headers)
    assert response.status == status, response
    return response.json()


def form(bench, **members):
    """The add form with nothing typed but what is needed; the extra members are its own state."""
    filled = {
        "name": new_name("front"),
        "description": "",
        "certificate": {"value": bench.ca, "label": "SCEP RA"},
        "caCertificateUuid": bench.ca,
        "issueCertificateAttributes": [],
        "customAttributes": [],
        "renewalThreshold": 0,
        "includeCaCertificate": False,
        "includeCaCertificateChain": False,
        "enableIntune": False,
        "intuneTenant": "",
        "intuneApplicationId": "",
        "intuneApplicationKey": "",
        "__attributes__scep__.Zone": "left over from a form field",
    }
    filled.update(members)
    return {name: value for name, value in filled.items() if value is not ...}


def open_form(bench, ra_profile=None):
    """What the form loads before it shows; returns what it offers."""
    browse(bench, "/v1/attributes/custom/resources/scepProfiles")
    ra_profiles = browse(bench, "/v1/raProfiles")
    certificates = browse(bench, "/v1/scepProfiles/caCertificates?intuneEnabled=false")
    if ra_profile:
        (chosen,) = [each for each in ra_profiles if each["uuid"] == ra_profile]
        authority = chosen["authorityInstanceUuid"]
        browse(bench, f"/v1/authorities/{authority}/raProfiles/{ra_profile}/attributes/issue")
    return [each["uuid"] for each in ra_profiles], [each["uuid"] for each in certificates]


def open_detail(bench, profile):
    browse(bench, "/v1/attributes/custom/resources/scepProfiles")
    return browse(bench, f"/v1/scepProfiles/{profile['uuid']}")


def test_the_page_starts(bench):
    profile = browse(bench, "/v1/auth/profile")
    assert {"uuid", "username", "groups", "enabled", "systemUser", "roles"} <= set(profile)
    assert "utils" in browse(bench, "/v1/settings/platform")
    assert isinstance(browse(bench, "/v1/enums"), dict)
    page = browse(bench, "/v1/notifications?unread=true")
    assert {"items", "itemsPerPage", "pageNumber", "totalPages", "totalItems"} <= set(page)


def test_adding_with_the_least_shows_in_list_and_detail(bench):
    _, certificates = open_form(bench)
    assert bench.ca in certificates
    made = bench.client.create(form(bench))
    detail = open_detail(bench, made)
    assert detail["description"] == "" and detail["renewThreshold"] == 0
    assert detail["intuneTenant"] == detail["intuneApplicationId"] == ""
    assert detail["enableChallengePassword"] is False and "raProfile" not in detail
    assert made["uuid"] in [each["uuid"] for each in browse(bench, "/v1/scepProfiles")]


def test_adding_with_everything_typed(bench, ra_profile):
    ra_profiles, _ = open_form(bench, ra_profile)
    assert ra_profile in ra_profiles
    made = bench.client.create(form(
        bench,
        description="for the printers",
        raProfile={"value": ra_profile, "label": "devices"},
        raProfileUuid=ra_profile,
        renewalThreshold="45",
        includeCaCertificate=True,
        includeCaCertificateChain=True,
        challengePassword="typed",
        enableIntune=True,
        intuneTenant="contoso",
        intuneApplicationId="app",
        intuneApplicationKey="key",
    ))
    detail = open_detail(bench, made)
    assert detail["renewThreshold"] == 45 and detail["raProfile"]["uuid"] == ra_profile
    assert detail["enableChallengePassword"] is True and detail["intuneTenant"] == "contoso"
    assert detail["scepUrl"].endswith(f"/scep/{made['name']}/pkiclient.exe")


def test_editing_sends_the_name_too_and_no_blank_password(bench, ra_profile):
    made = bench.client.create(form(
        bench, challengePassword="typed", enableIntune=True, intuneTenant="contoso",
        intuneApplicationId="app", intuneApplicationKey="key", raProfileUuid=ra_profile,
        raProfile={"value": ra_profile, "label": "devices"},
    ))
    before = bench.row(made, "HEX(challenge_password), HEX(intune_application_key)")
    ra_profiles, certificates = open_form(bench, ra_profile)
    detail = open_detail(bench, made)
    assert detail["raProfile"]["uuid"] in ra_profiles, "else the form would drop it"
    assert detail["caCertificate"]["uuid"] in certificates, "else the form would clear it"
    changed = bench.client.edit(made, form(
        bench, name=made["name"], description="edited", renewalThreshold="30", raProfileUuid=ra_profile,
        raProfile={"value": ra_profile, "label": "devices"}, enableIntune=True,
        intuneTenant="contoso", intuneApplicationId="app", intuneApplicationKey="",
    ))
    assert changed["description"] == "edited" and changed["renewThreshold"] == 30
    assert changed["name"] == made["name"] and changed["enableChallengePassword"] is True
    assert bench.row(made, "HEX(challenge_password), HEX(intune_application_key)") == before
    assert open_detail(bench, made) == changed


def test_editing_without_an_ra_profile_removes_it(bench, ra_profile):
    made = bench.client.create(form(bench, raProfileUuid=ra_profile))
    changed = bench.client.edit(made, form(bench, name=made["name"]))
    assert "raProfile" not in changed and "scepUrl" not in changed


def test_enabling_from_the_detail_and_from_the_list(bench):
    first, second = (bench.client.create(form(bench)) for _ in range(2))
    bench.client.enable(first)
    bench.client.disable(first)
    bench.client.enable_all(first, second)
    assert [open_detail(bench, each)["enabled"] for each in (first, second)] == [True, True]
    bench.client.disable_all(first, second)
    assert [open_detail(bench, each)["enabled"] for each in (first, second)] == [False, False]


def test_a_delete_that_fails_is_offered_by_force(bench):
    first, second = (bench.client.create(form(bench)) for _ in range(2))
    for made in (first, second):
        bench.activate(bench.make_ra_profile(), made)
    # from the detail: any error opens the dialog, and the array is shown
    response = bench.client.send("DELETE", f"/{first['uuid']}")
    assert response.status == 422 and len(response.json()) == 1
    assert bench.client.force_delete(first) == []
    # from the list: a reply that is not empty opens it, with a line for each
    (message,) = bench.client.delete_all(second)
    assert set(message) == {"uuid", "name", "message"} and message["name"] == second["name"]
    assert bench.client.force_delete(second) == []
    listed = [each["uuid"] for each in browse(bench, "/v1/scepProfiles")]
    assert first["uuid"] not in listed and second["uuid"] not in listed


def test_an_error_shows_its_message_or_the_array(bench):
    made = bench.client.create(form(bench))
    response = bench.client.send("POST", "", form(bench, name=made["name"]))
    assert response.status == 400 and set(response.json()) == {"message"}
    response = bench.client.send("POST", "", form(bench, name="with a blank"))
    assert response.status == 422 and isinstance(response.json(), list)
