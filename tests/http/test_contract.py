"""The checker of answers against CZERTAINLY's published descriptions: it refuses what is wrong."""

import pytest

from harness import contract, openapi

if not contract.is_there():
    pytest.skip("no ../shared/contracts", allow_module_level=True)

SCEP, RA, CERT, OPERATIONS = contract.NAMES
PROFILE = "/api/v1/scepProfiles/01930000-0000-7000-8000-000000000001"
ACTIVATE = "/v1/authorities/{a}/raProfiles/{r}/protocols/scep/activate/{s}"
DESCRIPTORS = "/v1/authorities/{a}/raProfiles/{r}/attributes/issue"
DENIED = {"statusCode": 403, "code": "ACCESS_DENIED", "message": "Access Denied."}


def detail(**changes):
    profile = {
        "uuid": "01930000-0000-7000-8000-000000000001",
        "name": "printers",
        "enabled": False,
        "includeCaCertificate": True,
        "includeCaCertificateChain": False,
    }
    profile.update(changes)
    return {name: value for name, value in profile.items() if value is not ...}


def attribute(content, kind="string"):
    return {"name": "n", "label": "N", "type": "custom", "contentType": kind, "content": content}


def refused(*answer):
    with pytest.raises(contract.Mismatch):
        contract.check(*answer)


def test_a_right_answer_is_accepted_and_every_wrong_one_refused():
    contract.check(SCEP, "GET", PROFILE, 200, detail())
    contract.check("scep", "GET", PROFILE, 200, detail(renewThreshold=45, somethingNew=1))
    for wrong in (
        detail(uuid=...),
        detail(name=1),
        detail(enabled="false"),
        detail(description=None),
        detail(renewThreshold="45"),
        detail(renewThreshold=45.5),
        detail(renewThreshold=2**31),
        detail(raProfile={"uuid": "x", "name": "y"}),
        [detail()],
        None,
        "",
        b"{",
    ):
        refused(SCEP, "GET", PROFILE, 200, wrong)


def test_statuses_and_paths_that_were_not_published_are_refused():
    contract.check(SCEP, "POST", "/v1/scepProfiles", 201, detail())
    refused(SCEP, "POST", "/v1/scepProfiles", 200, detail())
    refused(SCEP, "GET", "/v1/scepProfile", 200, [])
    refused(SCEP, "DELETE", "/v1/scepProfiles", 204, None)


def test_a_status_without_a_body_has_none():
    contract.check(SCEP, "DELETE", PROFILE, 204, b"")
    refused(SCEP, "DELETE", PROFILE, 204, {})


def test_the_most_literal_path_is_meant():
    contract.check(SCEP, "GET", "/v1/scepProfiles/caCertificates", 200, [])
    refused(SCEP, "GET", "/v1/scepProfiles/caCertificates", 200, detail())


def test_errors_have_the_form_of_the_published_one():
    for status in (400, 404, 413, 415, 501, 503):
        contract.check(SCEP, "PUT", PROFILE, status, {"message": "no"})
        refused(SCEP, "PUT", PROFILE, status, {"errorMessage": "no", "errorCode": 1})
        refused(SCEP, "PUT", PROFILE, status, ["no"])


def test_what_is_not_built_is_told_as_every_other_error():
    contract.check(CERT, "POST", "/v1/certificates/delete", 501, {"message": "no"})
    refused(CERT, "POST", "/v1/certificates/delete", 501, {"status": "FAILED", "failedItem": 0})


def published_refuses(name, path, method, body, status="200"):
    description = contract.load(name, overridden=False)
    operation = description.operation(method, path)
    schema = openapi.schema_of(description.responses(operation)[status])
    return openapi.complaints(description.document, schema, body)


@pytest.mark.parametrize(
    "data",
    ["text", 4, 4.5, True, {"secret": "x"}, {"language": "java", "code": "eA=="}],
)
def test_content_of_attributes_is_any_one_of_the_published_kinds(data):
    right = detail(customAttributes=[attribute([{"data": data}])])
    assert published_refuses(SCEP, PROFILE.removeprefix("/api"), "GET", right)
    contract.check(SCEP, "GET", PROFILE, 200, right)
    for wrong in (["text"], [{"reference": "r"}], [{"data": None}], [{"data": data, "reference": 1}]):
        refused(SCEP, "GET", PROFILE, 200, detail(customAttributes=[attribute(wrong)]))


def test_a_blanked_secret_is_an_empty_object():
    contract.check(SCEP, "GET", PROFILE, 200, detail(customAttributes=[attribute([{}], "secret")]))


def descriptor(**changes):
    return {
        "uuid": "u",
        "name": "n",
        "type": "data",
        "contentType": "string",
        "properties": {
            "label": "N", "visible": True, "required": False, "readOnly": False, "list": True,
            "multiSelect": False,
        },
        **changes,
    }  # fmt: skip


def test_a_descriptor_is_of_the_kind_that_its_type_names():
    contract.check(RA, "GET", DESCRIPTORS, 200, [descriptor()])
    for wrong in (descriptor(type="other"), descriptor(type="custom", properties={"label": "N"})):
        refused(RA, "GET", DESCRIPTORS, 200, [wrong])


def test_a_descriptor_may_have_content_and_constraints():
    right = [descriptor(content=[{"data": "x"}])]
    assert published_refuses(RA, DESCRIPTORS, "GET", right)
    contract.check(RA, "GET", DESCRIPTORS, 200, right)
    refused(RA, "GET", DESCRIPTORS, 200, [descriptor(content={"data": "x"})])
    rule = {"type": "regExp", "data": "^a$"}
    assert published_refuses(RA, DESCRIPTORS, "GET", [descriptor(constraints=[rule])])
    contract.check(RA, "GET", DESCRIPTORS, 200, [descriptor(constraints=[rule])])
    refused(RA, "GET", DESCRIPTORS, 200, [descriptor(constraints=[{"type": "regExp", "data": 1}])])


def test_validation_failures_are_422_with_texts_everywhere():
    contract.check(SCEP, "POST", "/v1/scepProfiles", 422, ["Name cannot be empty"])
    for wrong in ([], {"message": "Name cannot be empty"}, [1]):
        refused(SCEP, "POST", "/v1/scepProfiles", 422, wrong)


def test_204_with_a_declared_body_is_200():
    contract.check(RA, "PATCH", ACTIVATE, 200, {"scepAvailable": False})
    refused(RA, "PATCH", ACTIVATE, 204, None)
    refused(RA, "PATCH", ACTIVATE, 200, {"scepAvailable": "no"})
    refused(RA, "PATCH", ACTIVATE, 200, {"uuid": "u", "name": "n"})


def test_403_is_a_problem_document():
    contract.check(SCEP, "GET", PROFILE, 403, DENIED, "application/problem+json")
    with pytest.raises(contract.Mismatch):
        contract.check(SCEP, "GET", PROFILE, 403, DENIED, "application/json")
    refused(SCEP, "GET", PROFILE, 403, {"message": "Access Denied."})


def test_certificates_always_say_whether_they_are_a_trusted_ca():
    """Core leaves trustedCa out of end entities; we never do, so that needs no override."""
    certificate = {
        "uuid": "u", "commonName": "c", "subjectDn": "CN=c", "publicKeyAlgorithm": "RSA",
        "signatureAlgorithm": "SHA256withRSA", "keySize": 2048, "state": "issued",
        "validationStatus": "valid", "privateKeyAvailability": True, "trustedCa": False,
        "notAfter": "2024-11-08T14:57:04.000+00:00",
    }  # fmt: skip
    path = "/v1/scepProfiles/caCertificates"
    contract.check(SCEP, "GET", path, 200, [certificate])
    for name in ("trustedCa", "state"):
        refused(SCEP, "GET", path, 200, [{k: v for k, v in certificate.items() if k != name}])
    for name, value in (("state", "fine"), ("notAfter", "2024-11-08 14:57:04")):
        refused(SCEP, "GET", path, 200, [{**certificate, name: value}])


def test_values_to_choose_from_and_alternative_names_are_lists():
    field = {
        "fieldIdentifier": "state", "fieldLabel": "State", "type": "list", "conditions": ["EQUALS"],
        "value": ["issued"],
    }  # fmt: skip
    groups = [{"filterFieldSource": "property", "searchFieldData": [field]}]
    assert published_refuses(CERT, "/v1/certificates/search", "GET", groups)
    contract.check(CERT, "GET", "/v1/certificates/search", 200, groups)
    groups[0]["searchFieldData"] = [{**field, "conditions": ["LIKE"]}]
    refused(CERT, "GET", "/v1/certificates/search", 200, groups)


def test_the_other_descriptions_are_read_too():
    contract.check(CERT, "POST", "/v1/certificates/upload", 201, {"uuid": "u"})
    issue = "/api/v2/operations/authorities/a/raProfiles/r/certificates"
    contract.check(OPERATIONS, "POST", issue, 200, {"uuid": "u", "certificateData": "MII="})
    refused(OPERATIONS, "POST", issue, 200, {"certificateData": "MII="})
