"""GET /probe: little for anyone, details for a role, and results that are reused."""

import os

from harness import csr, process


def test_ok_for_anyone_on_a_plain_connection(service):
    process.wait_until(lambda: service.get("/probe").status == 200, 15, "a good probe")
    response = service.get("/probe", https=False)
    assert response.status == 200
    assert response.json() == {"status": "ok", "failed": []}
    assert service.request("HEAD", "/probe").body == b""


def test_details_need_a_role(service):
    double = service.double
    for roles in (["Admin.Full"], ["Manage.All"], ["Manage.All.Read"]):
        answer = service.get("/probe", double.bearer(roles=roles)).json()
        assert answer["details"]["database"] == "ok"
    assert "details" not in service.get("/probe", double.bearer(roles=["CSR.Request.Db"])).json()
    assert service.get("/probe", {"Authorization": "Bearer x.y.z"}).status == 401
    plain = service.get("/probe", double.bearer(roles=["Admin.Full"]), https=False)
    assert plain.status == 403 and plain.code() == 4033


def test_what_failed_is_named(new_service):
    service = new_service().make(ca_key=None).start()
    response = service.get("/probe")
    assert response.status == 503 and int(response.headers["retry-after"]) > 0
    assert response.json() == {"status": "fail", "failed": ["ca_key"]}
    answer = service.get("/probe", service.double.bearer(roles=["Admin.Full"])).json()
    assert "RA profile" in answer["details"]["ca_key"]
    enroll = service.post_csr(csr.make("d"))
    assert enroll.status == 503 and enroll.code() == 5032


def test_a_ca_key_that_others_can_read_stops_the_start(new_service):
    service = new_service().make()
    os.chmod(service.path("demo.key"), 0o644)
    service.start(ready=False)
    assert service.process.wait(20) == 78
    assert "demo.key" in service.log() + service.process.log()


def test_a_ca_key_that_is_not_the_rows_stops_the_start(new_service):
    service = new_service().make()
    service.ca_init("other", "p256")
    os.replace(service.path("other.key"), service.path("demo.key"))
    service.start(ready=False)
    assert service.process.wait(20) == 78


def test_several_profiles_and_none_named_stop_the_start(new_service):
    service = new_service().make()
    service.run("profile", "create", "second", "--authority", "demo")
    service.run("profile", "set", "second", "Enabled=true", "Enroller+=role:CSR.Request.Db")
    service.start(ready=False)
    assert service.process.wait(20) == 78
    assert "RaProfile" in service.log() + service.process.log()
    service.configure({"DbCSRValidation": {"RaProfile": "second"}})
    service.start()
    assert service.post_csr(csr.make("d")).status == 200


def test_a_wrong_schema_stops_the_start(new_service):
    service = new_service()
    service.mariadb.create(service.database, service.password)
    service.start(ready=False)
    assert service.process.wait(20) == 78
    assert "certwright migrate" in service.log() + service.process.log()
