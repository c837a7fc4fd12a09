"""What CZERTAINLY's front end asks at its start: whoever is known gets an answer, whatever his roles."""

import uuid

import pytest

from harness import csr, est, process

PATHS = [
    "/api/v1/auth/profile",
    "/api/v1/settings/platform",
    "/api/v1/enums",
    "/api/v1/notifications?unread=true",
    "/api/v1/health",
    "/api/v1/info",
]


def get(service, path, **token):
    return service.get(path, service.double.bearer(**token))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("roles", [[], ["Nothing"], ["Admin.Full"]], ids=str)
def test_whoever_is_known_is_answered(service, path, roles):
    response = get(service, path, roles=roles)
    assert response.status == 200, response
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", PATHS)
def test_nobody_else_is(service, path):
    assert service.get(path).status == 401
    assert service.get(path, {"Authorization": "Bearer x"}).status == 401
    headers = {**service.double.bearer(roles=["Admin.Full"]), "Content-Type": "application/json"}
    assert service.request("POST", path, headers, b"{}").status == 400


def test_the_profile_of_an_application(service):
    profile = get(service, PATHS[0], roles=["Admin.Full", "Other"]).json()
    row = service.post_csr(csr.make("profile"))
    assert row.status == 200
    known = service.sql(
        "SELECT LOWER(HEX(requester_object)), LOWER(HEX(requester_application))"
        " FROM certificate WHERE common_name = 'profile'"
    )[0]
    assert (uuid.UUID(profile["uuid"]).hex, uuid.UUID(profile["username"]).hex) == tuple(known)
    assert [role["name"] for role in profile["roles"]] == ["Admin.Full", "Other"]
    assert all(role["systemRole"] is False and uuid.UUID(role["uuid"]) for role in profile["roles"])
    assert profile["groups"] == [] and profile["enabled"] is True and profile["systemUser"] is False
    # The made-up ids are the same each time.
    assert get(service, PATHS[0], roles=["Other"]).json()["roles"] == profile["roles"][1:]


def test_the_profiles_of_a_user_and_of_an_administrator_s_certificate(service):
    profile = get(service, PATHS[0], user="someone@example.com", roles=["Nothing"]).json()
    assert profile["username"] == "someone@example.com" and uuid.UUID(profile["uuid"])
    admin = est.enrolled(service, "administrator")
    service.configure({"Admin": {"Certificates": admin.fingerprint}})
    service.reload()
    process.wait_until(
        lambda: service.get(PATHS[0], client=admin.pem).status == 200, 10, "the administrator is known"
    )
    profile = service.get(PATHS[0], client=admin.pem).json()
    assert profile["username"] == f"certificate:{admin.fingerprint}"
    assert [role["name"] for role in profile["roles"]] == ["Admin.Full"]
    assert service.get(PATHS[0], client=admin.pem).json()["uuid"] == profile["uuid"]


def test_what_is_there_is_empty(service):
    assert get(service, "/api/v1/settings/platform").json() == {"utils": {}}
    for query in ("", "?unread=true", "?unread=false"):
        assert get(service, f"/api/v1/notifications{query}").json() == {
            "items": [],
            "itemsPerPage": 10,
            "pageNumber": 1,
            "totalPages": 0,
            "totalItems": 0,
        }


def test_the_enumerations_have_labels(service):
    enums = get(service, "/api/v1/enums").json()
    assert len(enums["AttributeContentType"]) == 13
    for items in enums.values():
        for code, item in items.items():
            assert item["code"] == code and item["label"]
    assert enums["CertificateState"]["issued"] == {"code": "issued", "label": "Issued"}


def test_health_and_info(service):
    assert get(service, "/api/v1/health").json() == {"status": "UP"}
    info = get(service, "/api/v1/info").json()["app"]
    version = service.run("--version").stdout
    assert info["name"] == "certwright" and info["version"] in version


def test_health_without_a_database(own_mariadb, new_service):
    service = new_service(mariadb=own_mariadb)
    service.make()
    service.start()
    assert get(service, "/api/v1/health").status == 200
    own_mariadb.stop()
    response = get(service, "/api/v1/health")
    assert response.status == 503 and "message" in response.json()
    # What needs none is answered all the same.
    assert get(service, "/api/v1/auth/profile").status == 200
    own_mariadb.start()
