"""man/openapi.yaml: well made, served, and true of real answers of every operation."""

import base64
import json
import os
import re
import types

import jsonschema
import pytest
from cryptography import x509

from harness import csr, described, est, ocsp, openapi, operations, process
from harness.scep_profiles import Bench, new_name

URL = "/api/openapi.yaml"
SETTINGS = {
    "DbCSRValidation": {
        "AllowRenewals": "true",
        "ReenrollmentAllowedCertificateTypes": "Static",
        "RaProfile": "default",
    },
    "CRL": {"RequestToken": "walk-crl"},
    "Metrics": {"Addresses": "192.0.2.0/24 127.0.0.1"},
}


def document():
    return described.description().document


def file():
    with open(described.PATH, "rb") as opened:
        return opened.read()


# the file itself


def references(value):
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from references(each)


def test_every_reference_leads_somewhere_and_every_component_is_used():
    found = set(references(document()))
    for reference in found:
        assert described.description().resolve({"$ref": reference}) is not None
    for kind in ("schemas", "responses"):
        for name in document()["components"][kind]:
            assert f"#/components/{kind}/{name}" in found, name


def test_every_operation_says_what_it_is():
    seen, tags = set(), {tag["name"] for tag in document()["tags"]}
    for operation in operations.every():
        told = operation.operation
        assert told["operationId"] not in seen, operation
        seen.add(told["operationId"])
        assert set(told["tags"]) <= tags and told["summary"].endswith("."), operation
        declared = {p["name"] for p in told.get("parameters", ()) if p["in"] == "path"}
        assert declared == set(re.findall(r"\{([^}]+)\}", operation.template)), operation
        # Who needs no permission brings another credential, or none: both are said.
        assert ("security" in told) == (not told["x-permission"]), operation
        assert any(int(code) >= 400 for code in told["responses"]), operation


def test_every_schema_is_one():
    schemas = list(document()["components"]["schemas"].values())
    for operation in operations.every():
        responses = described.description().responses(operation.operation).values()
        for content in [r.get("content", {}) for r in responses] + [(operation.body or {}).get("content", {})]:
            schemas += [each["schema"] for each in content.values()]
    for schema in schemas:
        openapi.Validator.check_schema(schema)
    with pytest.raises(jsonschema.SchemaError):
        openapi.Validator.check_schema({"type": "text"})


# as it is served


def test_it_is_served_as_it_is_to_anybody(service):
    response = service.get(URL)
    assert response.status == 200, response
    assert response.body == file()
    assert response.headers["content-type"] == "application/yaml"
    assert response.headers["cache-control"] == "no-cache"
    assert re.fullmatch('"[0-9a-f]{32}"', response.headers["etag"])
    assert service.request("HEAD", URL).body == b""
    assert service.get(URL, https=False).status == 403


def test_who_has_it_gets_304(service):
    tag = service.get(URL).headers["etag"]
    for asked in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        response = service.get(URL, {"If-None-Match": asked})
        assert response.status == 304 and response.body == b"", (asked, response)
        assert response.headers["etag"] == tag
    for asked in ('"other"', tag.replace('"', ""), tag[:-2] + '0"', "", "**"):
        response = service.get(URL, {"If-None-Match": asked})
        assert response.status == 200, asked


# that the check can fail


def answer(status, body, content_type="application/json", **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    names = {"content-type": content_type, **{k.replace("_", "-"): v for k, v in headers.items()}}
    return types.SimpleNamespace(status=status, body=raw, headers=names, complete=True)


SIMPLE = {"uuid": operations.UNKNOWN}
BULK = [{**SIMPLE, "name": "", "message": "no"}]
MISSING = {"message": "no"}


def test_the_check_of_answers_takes_the_right_ones():
    right = (
        ("DELETE", "/api/v1/scepProfiles/delete", answer(200, BULK)),
        ("DELETE", "/api/v1/scepProfiles/delete/?x=y", answer(200, [])),
        ("DELETE", f"/api/v1/scepProfiles/{operations.UNKNOWN}", answer(204, b"")),
        ("GET", f"/api/v1/scepProfiles/{operations.UNKNOWN}", answer(404, MISSING)),
        ("POST", "/api/v1/scepProfiles", answer(422, ["Name cannot be empty"])),
        ("POST", f"/api/v1/authorities/{operations.UNKNOWN}/raProfiles", answer(201, SIMPLE)),
        ("POST", "/api/csr", answer(403, {"errorMessage": "no", "errorCode": 4031})),
        ("GET", "/api/v1/nothing", answer(404, MISSING)),
        ("GET", "/api/nothing", answer(404, {"errorMessage": "no", "errorCode": 4041})),
        ("POST", "/.well-known/est/x/simpleenroll", answer(403, b"no\n", "text/plain")),
        ("GET", "/certsrv/a/b/c", answer(501, {"errorMessage": "no", "errorCode": 5010})),
    )
    for method, path, response in right:
        described.check(method, path, response)


def test_the_check_of_answers_refuses_the_wrong_ones():
    one = f"/api/v1/scepProfiles/{operations.UNKNOWN}"
    wrong = (
        ("DELETE", "/api/v1/scepProfiles/delete", answer(200, {"message": "no"})),
        ("DELETE", "/api/v1/scepProfiles/delete", answer(200, [{**BULK[0], "more": 1}])),
        ("DELETE", "/api/v1/scepProfiles/delete", answer(200, [{"message": "no"}])),
        ("DELETE", "/api/v1/scepProfiles/delete", answer(200, [], "text/html")),
        ("DELETE", "/api/v1/scepProfiles/delete", answer(200, b"[")),
        ("DELETE", one, answer(200, b"")),
        ("DELETE", one, answer(204, {})),
        ("GET", one, answer(404, {"errorMessage": "no", "errorCode": 4041})),
        ("GET", one, answer(404, {**MISSING, "more": 1})),
        ("GET", one, answer(409, MISSING)),
        ("GET", one, answer(200, SIMPLE)),
        ("POST", "/api/v1/scepProfiles", answer(201, SIMPLE)),
        ("POST", "/api/v1/scepProfiles", answer(422, MISSING)),
        ("POST", f"/api/v1/authorities/{operations.UNKNOWN}/raProfiles", answer(201, {"uuid": "x"})),
        ("GET", one, answer(403, MISSING)),
        ("POST", "/api/csr", answer(403, MISSING)),
        ("GET", "/api/v1/nothing", answer(200, [])),
        ("GET", "/api/v1/nothing", answer(404, {"errorMessage": "no", "errorCode": 4041})),
        ("GET", "/api/nothing", answer(404, MISSING)),
        ("POST", "/.well-known/est/x/simpleenroll", answer(403, MISSING)),
        ("GET", "/probe", answer(200, {"status": "fine", "failed": []})),
        ("GET", "/api/manage/search", answer(200, {"items": [{}], "continuationToken": None})),
    )
    for method, path, response in wrong:
        with pytest.raises(described.Mismatch):
            described.check(method, path, response)


def test_every_request_of_a_test_is_checked(service, monkeypatch):
    monkeypatch.setattr(described, "check", lambda *_: (_ for _ in ()).throw(described.Mismatch("seen")))
    with pytest.raises(described.Mismatch):
        service.get("/probe")
    assert service.get("/probe", as_described=False).status in (200, 503)


# real answers


class Walk:
    """Sends requests, and remembers which operations had which statuses."""

    def __init__(self, bench):
        self.bench, self.service = bench, bench.service
        self.seen = set()
        self.headers = self.service.double.bearer(roles=["Admin.Full", "CSR.Request.Db"])

    def send(self, method, path, body=None, headers=None, **options):
        sent = dict(self.headers if headers is None else headers)
        raw = body if isinstance(body, bytes) else b""
        if body is not None and raw is not body:
            sent["Content-Type"] = "application/json"
            raw = json.dumps(body).encode()
        response = self.service.request(method, path, sent, raw, **options)
        template = described.description().template(method, described.normal(path))
        self.seen.add((f"{method} {template}", response.status))
        return response

    def ok(self, method, path, body=None, **options):
        """The JSON of a success."""
        response = self.send(method, path, body, **options)
        assert response.status in (200, 201, 204), response
        is_json = response.headers.get("content-type", "").startswith("application/json")
        return response.json() if is_json else response.body

    def done(self):
        return {name for name, status in self.seen if status < 400}

    def failed(self):
        return {name for name, status in self.seen if status >= 400}


@pytest.fixture(scope="module")
def walk(mariadb, double):
    bench = Bench(mariadb, double, SETTINGS)
    try:
        bench.service.start()
        process.wait_until(bench.service.healthy, 20, "the service")
        yield Walk(bench)
    finally:
        bench.destroy()


def walk_enrollment(walk):
    bearer = {"headers": walk.service.double.bearer()}
    walk.ok("POST", "/api/csr", csr.make("device-1"), **bearer)
    generation = walk.service.value("SELECT label FROM authority_generation")
    for path in (URL, "/probe", "/ca", f"/ca/{generation}"):
        walk.ok("GET", path, headers={})
    for rest in ("", "/pkiclient.exe"):
        walk.ok("GET", f"/certsrv/mscep/mscep.dll{rest}?operation=GetCACert", headers={})
    key = csr.new_key()
    for label in ("", "/default"):
        base = f"/.well-known/est{label}"
        walk.ok("GET", f"{base}/cacerts", headers={})
        walk.ok("GET", f"{base}/csrattrs", headers={})
        asked = csr.make("device-2", private_key=key)
        response = walk.send("POST", f"{base}/simpleenroll", asked, **bearer)
        holder = est.Holder.of(response, key)
        sent = {"Content-Type": "application/pkcs10"}
        renewed = walk.send("POST", f"{base}/simplereenroll", asked, sent, client=holder.pem)
        assert renewed.status == 200, renewed


def walk_ocsp(walk):
    ca = x509.load_pem_x509_certificate(walk.service.ca_pem().encode())
    asked = ocsp.make(ocsp.cert_id(ca, ca.serial_number))
    walk.ok("POST", "/ocsp", asked, headers={"Content-Type": ocsp.REQUEST_TYPE})
    walk.ok("GET", ocsp.path(asked), headers={})


def walk_crls_and_metrics(walk):
    walk.service.run("maintain", "publish-crls", "crl-files")
    walk.ok("GET", "/crl/demo-1.crl", headers={})
    walk.ok("GET", "/crl/pem/walk-crl", headers={})
    walk.ok("GET", "/metrics", headers={})


def walk_scep_profiles(walk, ra_profile):
    base = "/api/v1/scepProfiles"
    wanted = walk.bench.wanted(raProfileUuid=ra_profile, description="d", renewalThreshold=30)
    one = walk.ok("POST", base, wanted)["uuid"]
    others = [walk.ok("POST", base, walk.bench.wanted())["uuid"] for _ in range(3)]
    walk.ok("GET", base)
    walk.ok("GET", f"{base}/{one}")
    walk.ok("PUT", f"{base}/{one}", {**wanted, "challengePassword": "secret"})
    walk.ok("GET", f"{base}/caCertificates?intuneEnabled=true")
    walk.ok("PATCH", f"{base}/{one}/raProfiles/{ra_profile}")
    for action in ("enable", "disable"):
        walk.ok("PATCH", f"{base}/{one}/{action}")
        walk.ok("PATCH", f"{base}/{action}", [one])
    walk.ok("DELETE", f"{base}/{others[0]}")
    assert walk.ok("DELETE", f"{base}/delete", [others[1], operations.UNKNOWN])
    walk.ok("DELETE", f"{base}/delete/force", [others[2]])
    return one


def walk_ra_profiles(walk, authority, scep_profile):
    base = f"/api/v1/authorities/{authority}/raProfiles"
    walk.ok("GET", "/api/v1/authorities")
    walk.ok("GET", f"/api/v1/authorities/{authority}")
    walk.ok("GET", f"/api/v1/authorities/{authority}/attributes/raProfile")
    made = [
        walk.ok("POST", base, {"name": new_name("ra"), "description": "d", "attributes": []})["uuid"]
        for _ in range(4)
    ]
    one = f"{base}/{made[0]}"
    walk.ok("GET", one)
    walk.ok("GET", f"/api/v1/raProfiles/{made[0]}")
    walk.ok("GET", "/api/v1/raProfiles?enabled=true")
    walk.ok("PUT", one, {"description": "other", "attributes": []})
    for action in ("enable", "disable"):
        walk.ok("PATCH", f"{one}/{action}")
        walk.ok("PATCH", f"/api/v1/raProfiles/{action}", [made[0]])
    for rest in ("attributes/issue", "attributes/revoke", "caCertificates", "protocols/scep"):
        walk.ok("GET", f"{one}/{rest}")
    walk.ok("PATCH", f"{one}/protocols/scep/activate/{scep_profile}", {"issueCertificateAttributes": []})
    assert walk.ok("GET", f"{one}/protocols/scep")["scepAvailable"] is True
    walk.ok("PATCH", f"{one}/protocols/scep/deactivate")
    walk.ok("DELETE", f"{base}/{made[1]}")
    walk.ok("DELETE", f"/api/v1/raProfiles/{made[2]}")
    walk.ok("DELETE", "/api/v1/raProfiles", [made[3]])


def request_of(name):
    return {"request": base64.b64encode(csr.make(name)).decode(), "attributes": []}


def walk_certificates(walk, authority):
    profile = walk.bench.id_where("ra_profile", "name = 'default'")
    base = f"/api/v2/operations/authorities/{authority}/raProfiles/{profile}"
    one = walk.ok("POST", f"{base}/certificates", request_of("one"))["uuid"]
    two = walk.ok("POST", f"{base}/certificates", request_of("two"))["uuid"]
    walk.ok("POST", f"{base}/certificates/{one}/renew", {"request": request_of("one")["request"]})
    for rest in ("attributes/issue", "attributes/revoke"):
        walk.ok("GET", f"{base}/{rest}")
        walk.ok("POST", f"{base}/{rest}/validate", [])
    group = walk.ok("POST", "/api/v1/groups", {"name": new_name("group"), "description": "d"})["uuid"]
    walk.ok("PATCH", f"/api/v1/certificates/{one}", {"groupUuids": [group]})
    walk.ok("PATCH", "/api/v1/certificates", {"certificateUuids": [one], "groupUuids": [group]})
    walk.ok("POST", "/api/v1/certificates", {"filters": [], "itemsPerPage": 2})
    walk.ok("GET", "/api/v1/certificates/search")
    reason = {"reason": "superseded", "attributes": []}
    walk.ok("POST", f"{base}/certificates/{one}/revoke", reason)
    for rest in ("", "/history", "/chain?withEndCertificate=true", "/raw?encoding=pem"):
        walk.ok("GET", f"/api/v1/certificates/{one}{rest}")
    walk.ok("GET", f"/api/v1/certificates/{one}/chain/pkcs7?encoding=der&withEndCertificate=true")
    found = walk.ok("GET", "/api/manage/search?pageSize=2")
    assert found["continuationToken"], found
    serial = walk.service.value(
        f"SELECT HEX(serial) FROM certificate WHERE id = UNHEX('{two.replace('-', '')}')"
    )
    walk.ok("PATCH", f"/api/manage/revoke/{serial}", {"revocationReason": 6})
    walk.ok("GET", "/api/manage/search?certValidity=Revoked")
    return one, group


def walk_groups(walk, group):
    walk.ok("GET", "/api/v1/groups")
    walk.ok("GET", f"/api/v1/groups/{group}")
    walk.ok("PUT", f"/api/v1/groups/{group}", {"name": new_name("group"), "email": "a@example.com"})
    other = walk.ok("POST", "/api/v1/groups", {"name": new_name("group")})["uuid"]
    walk.ok("DELETE", f"/api/v1/groups/{other}")
    walk.ok("DELETE", "/api/v1/groups", [group])


def walk_attributes(walk, certificate):
    base = "/api/v1/attributes/custom"
    made = []
    for kind in ("string", "secret", "integer"):
        asked = {
            "name": new_name("attribute"), "label": "L", "contentType": kind, "description": "d",
            "resources": ["certificates"],
        }  # fmt: skip
        made.append(walk.ok("POST", base, asked)["uuid"])
    one = f"{base}/{made[0]}"
    for path in (base, f"{base}/resources", f"{base}/resources/certificates", one):
        walk.ok("GET", path)
    walk.ok("PUT", one, {"label": "M", "resources": ["certificates"]})
    walk.ok("PATCH", f"{one}/resources", ["certificates", "scepProfiles"])
    for action in ("disable", "enable"):
        walk.ok("PATCH", f"{one}/{action}")
        walk.ok("PATCH", f"{base}/{action}", made)
    for attribute, data in ((made[0], "x"), (made[1], {"secret": "y"}), (made[2], 7)):
        place = f"{base}/resources/certificates/objects/{certificate}/{attribute}"
        walk.ok("PATCH", place, [{"data": data}])
    shown = walk.ok("GET", f"/api/v1/certificates/{certificate}")["customAttributes"]
    assert len(shown) == 3
    walk.ok("DELETE", place)
    walk.ok("DELETE", one)
    walk.ok("DELETE", base, made[1:])


def walk_the_rest(walk):
    walk.ok("GET", "/api/v1/auditLogs")
    for path in ("auth/profile", "settings/platform", "enums", "notifications?unread=true", "health", "info"):
        walk.ok("GET", f"/api/v1/{path}")


def test_every_operation_answers_a_success_as_described(walk):
    authority = walk.bench.id_where("authority", "name = 'demo'")
    ra_profile = walk.bench.make_ra_profile()
    walk_enrollment(walk)
    walk_ocsp(walk)
    walk_crls_and_metrics(walk)
    scep_profile = walk_scep_profiles(walk, ra_profile)
    walk_ra_profiles(walk, authority, scep_profile)
    certificate, group = walk_certificates(walk, authority)
    walk_attributes(walk, certificate)
    walk_groups(walk, group)
    walk_the_rest(walk)
    built = {str(operation) for operation in operations.every() if operation.is_built}
    assert walk.done() == built, walk.done() ^ built


def test_every_operation_answers_its_errors_as_described(walk):
    for operation in operations.every():
        sent, body = operation.empty_body()
        target = operation.target()
        walk.send(operation.method, target, body, headers={}, https=False)
        walk.send(operation.method, target, body, headers={})
        walk.send(operation.method, target, bytes(100000), headers=sent)
        walk.send(operation.method, target, body, headers={**walk.headers, **sent})
        bad = operation.target(uuid="x", raProfileUuid="x", resource="x", format="x", serial="x")
        walk.send(operation.method, bad, body, headers={**walk.headers, **sent})
    everything = {str(operation) for operation in operations.every()}
    assert walk.failed() == everything, walk.failed() ^ everything
    unbuilt = {str(operation) for operation in operations.every() if not operation.is_built}
    assert {name for name, status in walk.seen if status == 501} >= unbuilt


def test_paths_and_methods_that_are_not_described_are_refused(walk):
    for path in ("/api/v1/nothing", "/api/v2/nothing", "/api/nothing", "/nothing", "/.well-known/est/a/b/c"):
        assert walk.send("GET", path).status == 404, path
    for method, path, status in (
        ("DELETE", "/api/v1/scepProfiles", 400),
        ("POST", "/api/manage/search", 405),
        ("PUT", "/ca", 405),
    ):
        response = walk.send(method, path)
        assert response.status == status and response.headers["allow"], response


def test_the_descriptions_file_is_installed_as_documentation():
    with open(os.path.join(process.ROOT, "Makefile.am"), encoding="utf-8") as opened:
        (installed,) = re.findall(r"^dist_doc_DATA = (.*)$", opened.read(), re.M)
    assert "man/openapi.yaml" in installed.split()
