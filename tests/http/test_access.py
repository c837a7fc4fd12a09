"""Who may use the management API: every route without a credential, with the wrong and the right one."""

import functools
import json
import re
import uuid

import pytest

from harness import csr, est, operations, process

RESOURCES = {
    "scepProfiles": "Scep Profiles",
    "raProfiles": "Ra Profiles",
    "authorities": "Authorities",
    "certificates": "Certificates",
    "attributes": "Attributes",
    "groups": "Groups",
    "auditLogs": "Audit Logs",
}
MANAGED = operations.managed()
GRANTABLE = sorted({p for each in MANAGED for p in each.permissions if p != "any"})
# What SCEPman's roles may do here.
BUILT_IN = {
    "Admin.Full": set(GRANTABLE),
    "Manage.All": {"certificates:list", "certificates:detail", "certificates:revoke"},
    "Manage.All.Read": {"certificates:list", "certificates:detail"},
    "CSR.Request.Db": {"certificates:issue", "certificates:renew"},
}


def role_of(permission):
    """A role of [Admin] Roles that grants this and nothing else."""
    return "May." + permission.replace(":", ".")


SETTINGS = {
    "Admin": {
        "Roles": ", ".join(
            [f"{role_of(p)}={p}" for p in GRANTABLE]
            + ["Readers=*:list+detail", "Profiles=scepProfiles:*", "Everything=*:*"]
        )
    }
}
each_operation = pytest.mark.parametrize("operation", MANAGED, ids=str)


def send(service, operation, headers=None, **options):
    sent, body = operation.empty_body()
    return service.request(
        operation.method, operation.target(), {**sent, **(headers or {})}, body, **options
    )


@functools.lru_cache(maxsize=None)
def bearer(double, *roles):
    """Signing takes longer than the requests do."""
    return double.bearer(roles=roles)


def with_roles(service, operation, *roles, **options):
    return send(service, operation, bearer(service.double, *roles), **options)


def is_let_in(response):
    return response.status not in (401, 403)


def missing(permission):
    resource, action = permission.split(":")
    return f"Access Denied. Required '{action.capitalize()}' permission for '{RESOURCES[resource]}'"


def denied(response, path, permission):
    """A 403 that names this permission, in the form of the path."""
    assert response.status == 403, response
    if path.startswith(("/api/v1/", "/api/v2/")):
        assert response.headers["content-type"] == "application/problem+json"
        wanted = {"statusCode": 403, "code": "ACCESS_DENIED", "message": missing(permission)}
        assert response.json() == wanted
    else:
        assert response.json() == {"errorMessage": missing(permission), "errorCode": 4030}


def unauthorized(response, path):
    assert response.status == 401, response
    assert response.headers["www-authenticate"].startswith('Bearer realm="certwright"')
    if path.startswith(("/api/v1/", "/api/v2/")):
        answer = response.json()
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)", answer.pop("timestamp"))
        assert answer == {"status": 401, "error": "Unauthorized", "path": path}
    else:
        assert response.code() == 4010


def plain_path(operation):
    return operation.target().partition("?")[0]


def test_the_description_knows_every_permission_that_is_needed():
    assert len(MANAGED) > 80
    assert {p.partition(":")[0] for p in GRANTABLE} == set(RESOURCES)


# every route


@each_operation
def test_without_a_credential_it_is_401(service, operation):
    unauthorized(send(service, operation), plain_path(operation))
    # near misses: something that looks like a credential
    for header in ("Basic YTpi", "Bearer", "Bearer x.y.z", f"bearer  {service.double.token()[:-4]}AAAA"):
        response = send(service, operation, {"Authorization": header})
        assert response.status in (400, 401), (header, response)


@each_operation
def test_a_token_that_grants_nothing_is_403(service, operation):
    if operation.permissions == ["any"]:
        assert is_let_in(with_roles(service, operation, "Somebody.Else"))
        return
    response = with_roles(service, operation, "Somebody.Else", "admin.full", "Admin.Full ")
    denied(response, plain_path(operation), operation.permissions[0])
    assert 'error="insufficient_scope"' in response.headers["www-authenticate"]


@each_operation
def test_exactly_the_permissions_that_it_needs_let_in(service, operation):
    needed = [p for p in operation.permissions if p != "any"]
    assert is_let_in(with_roles(service, operation, "x", *map(role_of, needed)))
    for absent in needed:
        others = [role_of(p) for p in GRANTABLE if p != absent]
        denied(with_roles(service, operation, *others), plain_path(operation), absent)


@each_operation
@pytest.mark.parametrize("role", list(BUILT_IN))
def test_scepmans_roles_let_in_where_they_should(service, operation, role):
    granted = BUILT_IN[role] | {"any"}
    response = with_roles(service, operation, role)
    assert is_let_in(response) == (set(operation.permissions) <= granted), response


@each_operation
def test_wildcards_in_roles(service, operation):
    needed = set(operation.permissions) - {"any"}
    assert is_let_in(with_roles(service, operation, "Everything"))
    readable = all(p.endswith((":list", ":detail")) for p in needed)
    assert is_let_in(with_roles(service, operation, "Readers")) == readable
    profiles = all(p.startswith("scepProfiles:") for p in needed)
    assert is_let_in(with_roles(service, operation, "Profiles")) == profiles


@each_operation
def test_nothing_is_let_in_by_plain_http(service, operation):
    for headers in (bearer(service.double, "Admin.Full"), {}):
        response = send(service, operation, headers, https=False)
        assert response.status == 403, response
        assert "www-authenticate" not in response.headers


# Headers by which CZERTAINLY's core takes a caller for somebody, behind its gateway.
GATEWAY = ("systemUsername", "userUuid", "X-APP-CERTIFICATE", "X-USERINFO", "X-SSL-CLIENT-CERT")


@each_operation
def test_identity_headers_count_for_nothing(service, admin, operation):
    for value in ("superadmin", operations.UNKNOWN, admin.pem.replace("\n", "%0A")):
        headers = {name: value for name in GATEWAY}
        unauthorized(send(service, operation, headers), plain_path(operation))


def test_a_token_in_the_url_is_refused(service):
    token = service.double.token(roles=["Admin.Full"])
    response = service.get(f"/api/v1/scepProfiles?access_token={token}")
    assert response.status in (400, 401), response


@pytest.mark.parametrize(
    "path",
    [
        "//api/v1/scepProfiles",
        "/api/v1/scepProfiles/",
        "/api/v1/%73cepProfiles",
        "/api//v1/scepProfiles",
        "/api/v1/./scepProfiles",
        "/api/v1/x/../scepProfiles",
        "/api/V1/scepProfiles",
        "/api/v1/scepProfiles;x=y",
        "/api/v1/scepProfiles%00",
        "/api/csr/../v1/scepProfiles",
    ],
)
def test_no_spelling_of_a_path_gets_around_the_check(service, path):
    response = service.get(path)
    assert response.status in (400, 401, 404), response


@pytest.mark.parametrize(
    "path", ["/%2Fapi/v1/scepProfiles", "/api%2fv1/scepProfiles", "/api/v1%2FscepProfiles", "/metrics%2F"]
)
def test_an_escaped_slash_gets_around_no_rule_of_the_web_server(service, path):
    """Apache with AllowEncodedSlashes NoDecode sees none of them below /api/v1 or as /metrics."""
    sent = bearer(service.double, "Admin.Full")
    answer = service.get(path, sent, as_described=False)
    assert answer.status == 404 and b"no such path" in answer.body, answer
    near = service.get(path.replace("%2F", "/").replace("%2f", "/"), sent)
    assert near.status == 200 or near.code() == 4040, near


def test_head_is_checked_like_get_and_no_header_changes_the_method(service):
    assert service.request("HEAD", "/api/v1/scepProfiles").status == 401
    headers = service.double.bearer(roles=["Readers"])
    assert service.request("HEAD", "/api/v1/scepProfiles", headers).status != 403
    headers["X-HTTP-Method-Override"] = "DELETE"
    assert service.get(f"/api/v1/scepProfiles/{operations.UNKNOWN}", headers).status in (404, 501)


# client certificates


@pytest.fixture(scope="module")
def holders(service):
    """An administrator's certificate, and one that nobody listed."""
    admin, other = (est.enrolled(service, name) for name in ("admin", "other"))
    service.configure({"Admin": {"Certificates": admin.fingerprint}})
    service.restart()
    process.wait_until(service.healthy, 20, "the service")
    return admin, other


@pytest.fixture
def admin(holders):
    return holders[0]


WRITING = pytest.mark.parametrize("operation", [o for o in MANAGED if o.is_writing], ids=str)


@each_operation
def test_an_administrators_certificate_lets_in_and_no_other(service, holders, operation):
    admin, other = holders
    assert is_let_in(send(service, operation, client=admin.pem))
    unauthorized(send(service, operation, client=other.pem), plain_path(operation))
    # a token is looked at first, and a bad one is not made good by a certificate
    bad = {"Authorization": "Bearer x.y.z"}
    assert send(service, operation, bad, client=admin.pem).status == 401
    failed = {"SSL_CLIENT_VERIFY": "FAILED:certificate has expired", "SSL_CLIENT_CERT": admin.pem}
    assert send(service, operation, client=failed).status in (401, 403)


FOREIGN = (
    "https://evil.example",
    "http://pki.example.com",
    "https://pki.example.com.evil.example",
    "https://pki.example.com:8443",
    "https://pki.example.com@evil.example",
    "null",
    "",
)
# What an HTML form, or a script without leave of ours, can send; "" where a body is needed.
FORM_TYPES = (
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/plain;application/json",
    ";",
)


@WRITING
def test_a_page_of_another_site_cannot_use_a_certificate(service, admin, operation):
    for origin in FOREIGN:
        response = send(service, operation, {"Origin": origin}, client=admin.pem)
        assert response.status == 403, (origin, response)
        assert "origin" in response.body.decode()


@WRITING
def test_our_own_origin_may_use_a_certificate(service, admin, operation):
    for origin in ("https://pki.example.com", "https://pki.example.com:443"):
        assert is_let_in(send(service, operation, {"Origin": origin}, client=admin.pem))
    # nobody but its owner adds a token, so another origin is no matter
    headers = {"Origin": "https://evil.example", **bearer(service.double, "Admin.Full")}
    response = send(service, operation, headers)
    assert is_let_in(response)
    assert not any(name.startswith("access-control-") for name in response.headers)


@WRITING
def test_a_form_of_another_site_cannot_use_a_certificate(service, admin, operation):
    """Also where a browser leaves Origin out."""
    body = operation.empty_body()[1]
    for content_type in FORM_TYPES + (("",) if body or operation.method == "POST" else ()):
        response = service.request(
            operation.method,
            operation.target(),
            {"Content-Type": content_type},
            body,
            client=admin.pem,
        )
        assert response.status == 415, (content_type, response)
        assert "application/json" in response.body.decode()


def test_reading_with_a_certificate_takes_any_origin(service, admin):
    headers = {"Origin": "https://evil.example"}
    response = service.get("/api/v1/enums", headers, client=admin.pem)
    assert is_let_in(response)
    assert not any(name.startswith("access-control-") for name in response.headers)


def test_a_certificate_that_was_revoked_lets_in_no_more(new_service):
    service = new_service().make().start()
    holder = est.enrolled(service, "admin")
    service.configure({"Admin": {"Certificates": holder.fingerprint}})
    service.restart()
    assert service.get("/api/v1/scepProfiles", client=holder.pem).status != 403
    service.run("cert", "revoke", holder.fingerprint, "--reason", "superseded")
    response = service.get("/api/v1/scepProfiles", client=holder.pem)
    assert response.status == 403 and "revoked" in response.body.decode(), response


# the setting


@pytest.mark.parametrize(
    "grant",
    [
        "Helpdesk",
        "Helpdesk=",
        "Helpdesk=certificates",
        "=certificates:list",
        "Helpdesk=certificate:list",
        "Helpdesk=:list",
        "Helpdesk=Certificates:list",
        "Helpdesk=certificates:",
        "Helpdesk=certificates:read",
        "Helpdesk=certificates:list+",
        "Helpdesk=certificates:list+*s",
        "Helpdesk=certificates:list:detail",
    ],
)
def test_a_malformed_grant_is_an_error_of_the_settings(new_service, grant):
    for value in (grant, f"A=*:*, {grant}"):
        service = new_service({"Admin": {"Roles": value}})
        done = service.run("check-config", check=False)
        assert done.returncode != 0
        assert "[Admin] Roles: expected" in done.stderr and f'not "{grant}"' in done.stderr, done
        assert "ROLE=RESOURCE:ACTION[+ACTION...]" in done.stderr


@pytest.mark.parametrize("grant", ["A=*:*", "A.b-c=certificates:list+detail, D=*:list", "a=b=groups:*", ""])
def test_a_well_formed_grant_is_none(new_service, grant):
    service = new_service({"Admin": {"Roles": grant}})
    assert service.run("check-config").returncode == 0


def issue_by(service, **token):
    """The answer to a request for a certificate of the default RA profile."""
    ids = service.sql("SELECT HEX(authority_id), HEX(id) FROM ra_profile")[0]
    path = "/api/v2/operations/authorities/{}/raProfiles/{}/certificates".format(*map(uuid.UUID, ids))
    headers = {**service.double.bearer(**token), "Content-Type": "application/json"}
    request = {"request": csr.pem(csr.make("device-1")).decode(), "attributes": []}
    return service.request("POST", path, headers, json.dumps(request).encode())


def test_a_role_for_applications_lets_no_user_issue(service):
    """CSR.Request.Db counts in tokens of applications, whatever the route."""
    assert issue_by(service, roles=["CSR.Request.Db"]).status == 200
    before = service.value("SELECT COUNT(*) FROM certificate")
    response = issue_by(service, roles=["CSR.Request.Db"], user="ann@example.com")
    assert response.status in (403, 404, 422), response
    # Who may manage everything is no enroller for that.
    assert issue_by(service, roles=["Admin.Full"]).status in (403, 404, 422)
    assert service.value("SELECT COUNT(*) FROM certificate") == before
