"""/api/v1/certificates and /api/v1/groups: search, detail, chain, files, history, owner and groups."""

import base64
import concurrent.futures
import datetime
import json
import uuid

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs7
from harness import csr
from harness.api import UNKNOWN, Client, refusal

# Everything that SQL, LIKE, JSON or HTML gives a meaning.
HOSTILE = "O'Brien\" \\ -- ; DROP TABLE certificate; /* %_! */ <b>&amp;\u00e4\u20ac\U0001f600"


class Api(Client):
    """The operations as a caller with these roles uses them."""

    def send(self, method, path, body=None, **headers):
        # Its 501 is declared as the outcome of a deletion, which ours never is.
        is_published = path.startswith("/api/v1/certificates") and path != "/api/v1/certificates/delete"
        name = "certificate" if is_published else None
        return super().send(method, path, body, name, {**self.headers, **headers})

    def get(self, path):
        return self.send("GET", path)

    def json(self, path):
        answer = self.get(path)
        assert answer.status == 200, answer
        return answer.json()

    def search(self, *filters, **members):
        body = {"filters": [make_filter(*each) for each in filters], **members}
        return self.send("POST", "/api/v1/certificates", body)

    def found(self, *filters, **members):
        """The common names of the first page."""
        answer = self.search(*filters, **{"itemsPerPage": 1000, **members})
        assert answer.status == 200, answer
        return sorted(each["commonName"] for each in answer.json()["certificates"])

    def patch(self, certificate, **members):
        return self.send("PATCH", f"/api/v1/certificates/{certificate}", members)

    def group(self, name, **members):
        answer = self.send("POST", "/api/v1/groups", {"name": name, **members})
        assert answer.status == 201, answer
        return answer.json()["uuid"]


def make_filter(field, condition, value=None, source="property"):
    made = {"fieldSource": source, "fieldIdentifier": field, "condition": condition}
    return made if value is None else {**made, "value": value}


def refused(answer, status, text):
    """An error in CZERTAINLY's form of this status."""
    message = refusal(answer, status)
    assert text in message, answer
    return message


def hexed(certificate):
    return f"{certificate.serial_number:x}"


class Issued:
    def __init__(self, service, common_name, sans=(), **options):
        key = options.pop("private_key", None)
        subject = options.pop("subject", common_name)
        response = service.post_csr(csr.make(subject, sans, private_key=key), **options)
        assert response.status == 200, response
        self.der = response.body
        self.certificate = x509.load_der_x509_certificate(response.body)
        self.fingerprint = self.certificate.fingerprint(hashes.SHA256()).hex()
        self.id = str(uuid.UUID(service.value(
            f"SELECT HEX(id) FROM certificate WHERE fingerprint = UNHEX('{self.fingerprint}')"
        )))

    @property
    def serial(self):
        return hexed(self.certificate)


@pytest.fixture(scope="module")
def api(service):
    return Api(service)


@pytest.fixture(scope="module")
def issued(service):
    """Certificates by common name."""
    rsa = csr.key("rsa2048")
    made = {
        "alpha.example.com": Issued(
            service, "alpha.example.com", csr.dns("alpha.example.com") + [csr.upn("ann@example.com")]
        ),
        "beta.example.com": Issued(service, "beta.example.com", private_key=rsa),
        "gamma 100%_!": Issued(service, "gamma 100%_!", csr.dns("gamma.example.com")),
    }
    return made


@pytest.fixture
def alpha(issued):
    return issued["alpha.example.com"]


# one certificate


def test_the_detail_says_what_the_certificate_says(service, api, alpha):
    detail = api.json(f"/api/v1/certificates/{alpha.id}")
    certificate = alpha.certificate
    generation = str(uuid.UUID(service.value("SELECT HEX(id) FROM authority_generation")))
    profile, authority = (
        str(uuid.UUID(each))
        for each in service.sql("SELECT HEX(id), HEX(authority_id) FROM ra_profile")[0]
    )
    ca = x509.load_pem_x509_certificate(service.ca_pem().encode())
    assert detail["uuid"] == alpha.id
    assert detail["commonName"] == "alpha.example.com"
    assert detail["subjectDn"] == "CN=alpha.example.com"
    assert detail["serialNumber"] == hexed(certificate)
    assert (detail["issuerCommonName"], detail["issuerDn"]) == ("Test CA demo", "CN=Test CA demo")
    assert detail["issuerSerialNumber"] == hexed(ca)
    assert detail["issuerCertificateUuid"] == generation
    for name, at in (
        ("notBefore", certificate.not_valid_before),
        ("notAfter", certificate.not_valid_after),
    ):
        assert detail[name] == at.strftime("%Y-%m-%dT%H:%M:%S.000+00:00")
    assert (detail["publicKeyAlgorithm"], detail["keySize"]) == ("ECDSA", 256)
    assert detail["signatureAlgorithm"] == "SHA256withECDSA"
    assert (detail["state"], detail["validationStatus"]) == ("issued", "valid")
    assert detail["complianceStatus"] == "not_checked"
    assert detail["fingerprint"] == alpha.fingerprint
    assert detail["certificateType"] == "X.509"
    assert detail["privateKeyAvailability"] is False
    assert detail["trustedCa"] is False
    assert detail["groups"] == [] and "owner" not in detail and "ownerUuid" not in detail
    assert detail["raProfile"] == {
        "uuid": profile,
        "name": "default",
        "enabled": True,
        "authorityInstanceUuid": authority,
    }
    assert base64.b64decode(detail["certificateContent"]) == alpha.der
    assert detail["subjectType"] == "endEntity"
    assert detail["keyUsage"] == ["digitalSignature"]
    assert detail["extendedKeyUsage"] == ["1.3.6.1.5.5.7.3.2"]
    assert detail["subjectAlternativeNames"] == {
        "otherName": ["1.3.6.1.4.1.311.20.2.3=ann@example.com"],
        "rfc822Name": [],
        "dNSName": ["alpha.example.com"],
        "x400Address": [],
        "directoryName": [],
        "ediPartyName": [],
        "uniformResourceIdentifier": [],
        "iPAddress": [],
        "registeredID": [],
    }
    for name in ("metadata", "customAttributes", "relatedCertificates", "locations"):
        assert detail[name] == []


def test_an_rsa_key_and_a_generation_are_named_as_well(service, api, issued):
    rsa = api.json(f"/api/v1/certificates/{issued['beta.example.com'].id}")
    assert (rsa["publicKeyAlgorithm"], rsa["keySize"]) == ("RSA", 2048)
    ca = api.json(f"/api/v1/certificates/{rsa['issuerCertificateUuid']}")
    assert ca["subjectDn"] == ca["issuerDn"] == "CN=Test CA demo"
    assert (ca["subjectType"], ca["trustedCa"]) == ("rootCa", True)
    assert ca["privateKeyAvailability"] is True
    assert ca["keyUsage"] == ["keyCertSign", "cRLSign"]
    assert "issuerCertificateUuid" not in ca and "raProfile" not in ca


def test_a_registration_authority_s_certificate_has_a_private_key(service, api):
    service.run("ra", "create", "--authority", "demo", "--key-file", service.path("ra.key"))
    row = service.value("SELECT HEX(certificate_id) FROM ra_certificate")
    detail = api.json(f"/api/v1/certificates/{uuid.UUID(row)}")
    assert (detail["privateKeyAvailability"], detail["trustedCa"]) == (True, False)


def test_names_are_written_in_reverse_and_without_escapes(service, api):
    parts = [
        x509.RelativeDistinguishedName([x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "DE")]),
        x509.RelativeDistinguishedName(
            [x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, 'Acme, "Inc" + Söhne')]
        ),
        x509.RelativeDistinguishedName(
            [
                x509.NameAttribute(x509.NameOID.COMMON_NAME, "two"),
                x509.NameAttribute(x509.NameOID.ORGANIZATIONAL_UNIT_NAME, "unit"),
            ]
        ),
    ]
    made = Issued(service, None, subject=x509.Name(parts))
    detail = api.json(f"/api/v1/certificates/{made.id}")
    assert detail["subjectDn"] == 'CN=two+OU=unit, O=Acme, "Inc" + Söhne, C=DE'
    assert detail["commonName"] == "two"
    nameless = Issued(service, None, csr.dns("nameless.example.com"), subject=x509.Name([]))
    detail = api.json(f"/api/v1/certificates/{nameless.id}")
    assert (detail["commonName"], detail["subjectDn"]) == ("<empty>", "")


def test_a_renewed_certificate_names_the_one_before(service, api, alpha):
    made = Issued(service, "renewed.example.com")
    service.sql(
        f"UPDATE certificate SET renewed_from = UNHEX('{alpha.id.replace('-', '')}')"
        f" WHERE id = UNHEX('{made.id.replace('-', '')}')"
    )
    detail = api.json(f"/api/v1/certificates/{made.id}")
    assert detail["sourceCertificateUuid"] == alpha.id
    assert [each["uuid"] for each in detail["relatedCertificates"]] == [alpha.id]
    assert api.json(f"/api/v1/certificates/{made.id}/history")[0]["event"] == "Renew Certificate"


@pytest.mark.parametrize("below", ["", "/chain", "/history", "/raw?encoding=pem", "/chain/raw?encoding=pem"])
def test_what_is_not_there_is_named_and_what_is_no_uuid_too(api, below):
    message = refused(api.get(f"/api/v1/certificates/{UNKNOWN}{below}"), 404, "")
    assert message == f"Object of type 'Certificate' identified by {UNKNOWN} is not found."
    assert api.get(f"/api/v1/certificates/no-uuid{below}").json() == ["Invalid UUID no-uuid in the request"]


# validation status


STATUSES = {
    "valid": ("good", -86400, 86400 * 31),
    "expiring": ("good", -86400, 86400 * 29),
    "expired": ("good", -86400, -60),
    "inactive": ("good", 3600, 86400 * 60),
    "revoked": ("revoked", -86400, 86400 * 60),
    "revoked and expired": ("revoked", -86400, -60),
    "on hold": ("hold", -86400, 86400 * 60),
    "on hold and expiring": ("hold", -86400, 86400 * 29),
    "revoked and inactive": ("revoked", 3600, 86400 * 60),
}


def validation_of(name):
    return "revoked" if "revoked" in name or "hold" in name else name


@pytest.fixture(scope="module")
def statuses(service):
    """A certificate in each state; their common names are the keys."""
    for name, (status, begins, ends) in STATUSES.items():
        made = Issued(service, f"state {name}")
        service.sql(
            f"UPDATE certificate SET status = '{status}',"
            f" not_before = UTC_TIMESTAMP() + INTERVAL {begins} SECOND,"
            f" not_after = UTC_TIMESTAMP() + INTERVAL {ends} SECOND,"
            + ("" if status == "good" else " revoked_at = UTC_TIMESTAMP(), revocation_reason = 6,")
            + f" owner = NULL WHERE id = UNHEX('{made.id.replace('-', '')}')"
        )


def states(names):
    return sorted(f"state {name}" for name in names)


def test_each_status_is_shown_and_found_by(api, statuses):
    ours = ("COMMON_NAME", "STARTS_WITH", "state ")
    listed = api.search(ours, itemsPerPage=100).json()["certificates"]
    assert len(listed) == len(STATUSES)
    for each in listed:
        name = each["commonName"].removeprefix("state ")
        assert each["validationStatus"] == validation_of(name), name
        assert each["state"] == ("revoked" if validation_of(name) == "revoked" else "issued")
    wanted = ["valid", "expiring", "expired", "inactive", "revoked"]
    for count in range(1, 2 ** len(wanted)):
        asked = [status for place, status in enumerate(wanted) if count >> place & 1]
        hits = [name for name in STATUSES if validation_of(name) in asked]
        misses = [name for name in STATUSES if validation_of(name) not in asked]
        field = "CERTIFICATE_VALIDATION_STATUS"
        assert api.found(ours, (field, "EQUALS", asked)) == states(hits), asked
        assert api.found(ours, (field, "NOT_EQUALS", asked)) == states(misses), asked


def test_the_two_states_are_found_by(api, statuses):
    ours = ("COMMON_NAME", "STARTS_WITH", "state ")
    revoked = [name for name in STATUSES if validation_of(name) == "revoked"]
    others = [name for name in STATUSES if name not in revoked]
    assert api.found(ours, ("CERTIFICATE_STATE", "EQUALS", "revoked")) == states(revoked)
    assert api.found(ours, ("CERTIFICATE_STATE", "NOT_EQUALS", "revoked")) == states(others)
    assert api.found(ours, ("CERTIFICATE_STATE", "EQUALS", ["issued"])) == states(others)
    assert len(api.found(ours, ("CERTIFICATE_STATE", "EQUALS", ["issued", "revoked"]))) == len(STATUSES)


# search


@pytest.mark.parametrize(
    "field, condition, value",
    [
        ("COMMON_NAME", "EQUALS", "alpha.example.com"),
        ("COMMON_NAME", "STARTS_WITH", "alpha"),
        ("COMMON_NAME", "CONTAINS", "lpha.exam"),
        ("SUBJECT_ALTERNATIVE_NAMES", "EQUALS", "alpha.example.com"),
        ("SUBJECT_ALTERNATIVE_NAMES", "CONTAINS", "ann@"),
        ("SUBJECTDN", "EQUALS", "CN=alpha.example.com"),
        ("SERIAL_NUMBER", "EQUALS", "serial"),
        ("FINGERPRINT", "EQUALS", "fingerprint"),
        ("UUID", "EQUALS", "id"),
    ],
)
def test_exact_and_prefix_filters_find_one(api, alpha, field, condition, value):
    value = getattr(alpha, value, value)
    assert api.found((field, condition, value)) == ["alpha.example.com"]
    other = {"EQUALS": "NOT_EQUALS", "CONTAINS": "NOT_CONTAINS"}.get(condition)
    if other:
        hits = api.found((field, other, value))
        assert "alpha.example.com" not in hits and "beta.example.com" in hits


def test_filters_hold_together(api, issued):
    rsa = ("PUBLIC_KEY_ALGORITHM", "EQUALS", "RSA")
    example = ("COMMON_NAME", "ENDS_WITH", ".example.com")
    assert api.found(rsa, example) == ["beta.example.com"]
    assert "alpha.example.com" in api.found(example, ("PUBLIC_KEY_ALGORITHM", "EQUALS", ["ECDSA"]))
    assert api.found(rsa, ("KEY_SIZE", "EQUALS", 2048), example) == ["beta.example.com"]
    assert api.found(rsa, ("KEY_SIZE", "LESSER", "2048")) == []
    assert api.found(example, ("RA_PROFILE_NAME", "EQUALS", ["default"]), rsa) == ["beta.example.com"]
    assert api.found(example, ("RA_PROFILE_NAME", "EQUALS", ["Default"])) == []
    assert api.found(example, ("RA_PROFILE_NAME", "EQUALS", "d\u00e9fault")) == []  # not ASCII, as names are
    assert api.found(example, rsa, ("AUTHORITY_NAME", "EQUALS", "demo")) == ["beta.example.com"]
    assert api.found(example, rsa, ("ISSUERDN", "EQUALS", "CN=Test CA demo")) == ["beta.example.com"]
    assert api.found(example, rsa, ("TYPE", "EQUALS", "Static"), ("SOURCE", "EQUALS", "API")) != []


def test_dates_are_days_or_points_in_time(api, alpha):
    one = ("UUID", "EQUALS", alpha.id)
    ends = alpha.certificate.not_valid_after
    day, next_day = (str((ends + datetime.timedelta(days=i)).date()) for i in (0, 1))
    point = ends.strftime("%Y-%m-%dT%H:%M:%S.000+00:00")
    for value, condition in (
        (day, "EQUALS"),
        (point, "EQUALS"),
        (point, "GREATER_OR_EQUAL"),
        (next_day, "LESSER"),
        (day, "LESSER_OR_EQUAL"),
    ):
        assert api.found(one, ("NOT_AFTER", condition, value)) == ["alpha.example.com"], condition
    for value, condition in ((point, "GREATER"), (next_day, "GREATER_OR_EQUAL"), (day, "LESSER")):
        assert api.found(one, ("NOT_AFTER", condition, value)) == [], condition


def test_a_name_as_it_is_shown_is_found_by(service, api):
    subject = x509.Name(
        [
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Shown"),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, "shown.example.com"),
        ]
    )
    made = Issued(service, None, subject=subject)
    shown = api.json(f"/api/v1/certificates/{made.id}")["subjectDn"]
    assert shown == "CN=shown.example.com, O=Shown"
    assert api.found(("SUBJECTDN", "EQUALS", shown)) == ["shown.example.com"]


@pytest.mark.parametrize("text", ["%", "_", "!", "gamma 100%_!", "' OR '1'='1", "\\", '"; --'])
def test_what_sql_gives_a_meaning_has_none(api, issued, text):
    for condition in ("CONTAINS", "STARTS_WITH", "EQUALS"):
        hits = api.found(("COMMON_NAME", condition, text))
        assert set(hits) <= {"gamma 100%_!"}, condition
    if text in "gamma 100%_!":
        assert api.found(("COMMON_NAME", "CONTAINS", text)) == ["gamma 100%_!"]


def test_pages_by_number(api, issued, statuses):
    ours = ("COMMON_NAME", "STARTS_WITH", "state ")
    pages = [api.search(ours, itemsPerPage=4, pageNumber=number).json() for number in (1, 2, 3, 4)]
    assert [len(page["certificates"]) for page in pages] == [4, 4, 1, 0]
    for number, page in enumerate(pages, 1):
        assert page["pageNumber"] == number
        assert (page["itemsPerPage"], page["totalPages"], page["totalItems"]) == (4, 3, 9)
        assert page["totalItemsCapped"] is False and "continuationToken" not in page
    assert len({each["uuid"] for page in pages for each in page["certificates"]}) == 9
    default = api.search().json()
    assert (default["itemsPerPage"], default["pageNumber"]) == (10, 1)
    assert len(api.send("POST", "/api/v1/certificates", {}).json()["certificates"]) == 10


def test_pages_by_token_survive_what_is_issued_in_between(service, api, statuses):
    ours = ("COMMON_NAME", "STARTS_WITH", "state ")
    token, names = "", []
    for _ in range(9):
        page = api.search(ours, itemsPerPage=2, continuationToken=token).json()
        assert page["totalItemsCapped"] is True
        assert page["totalItems"] == len(page["certificates"]) <= 2
        names += [each["commonName"] for each in page["certificates"]]
        token = page.get("continuationToken")
        if token is None:
            break
        Issued(service, "in between")
    assert token is None
    assert sorted(names) == states(STATUSES)


@pytest.mark.parametrize(
    "filters, text",
    [
        ([make_filter("NO_SUCH", "EQUALS", "x")], "NO_SUCH"),
        ([make_filter("commonName", "EQUALS", "x")], "commonName"),
        ([make_filter("COMMON_NAME", "EQUALS", "x", source="meta")], "COMMON_NAME of meta"),
        ([make_filter("COMMON_NAME", "EQUALS", "x", source="no")], "COMMON_NAME of no"),
        ([make_filter("COMMON_NAME", "GREATER", "x")], "COMMON_NAME cannot be asked for GREATER"),
        ([make_filter("COMMON_NAME", "SUCCESS", "x")], "SUCCESS"),
        ([make_filter("COMMON_NAME", "no", "x")], "cannot be asked for no"),
        ([make_filter("COMMON_NAME", "EQUALS")], "COMMON_NAME"),
        ([make_filter("COMMON_NAME", "EQUALS", [])], "COMMON_NAME"),
        ([make_filter("COMMON_NAME", "EQUALS", {"a": 1})], "COMMON_NAME"),
        ([make_filter("COMMON_NAME", "EQUALS", [["x"]])], "COMMON_NAME"),
        ([make_filter("COMMON_NAME", "EQUALS", "x" * 1025)], "1024"),
        ([make_filter("SERIAL_NUMBER", "EQUALS", "xyz")], "hexadecimal"),
        ([make_filter("UUID", "EQUALS", "xyz")], "xyz"),
        ([make_filter("NOT_AFTER", "GREATER", "yesterday")], "yesterday"),
        ([make_filter("KEY_SIZE", "EQUALS", "big")], "big"),
        ([make_filter("CERTIFICATE_STATE", "EQUALS", "requested")], "requested"),
        ([make_filter("CERTIFICATE_STATE", "CONTAINS", "revoked")], "CONTAINS"),
        ([make_filter("CERTIFICATE_VALIDATION_STATUS", "EQUALS", ["valid", "no"])], "no"),
        ([make_filter("PUBLIC_KEY_ALGORITHM", "EQUALS", "DSA")], "DSA"),
        ([{"fieldSource": "property", "fieldIdentifier": "OWNER"}], "condition"),
        ([{"fieldIdentifier": "OWNER", "condition": "EMPTY"}], "fieldSource"),
        ([make_filter("OWNER", "EMPTY")] * 17, "16"),
        ([make_filter("COMMON_NAME", "EQUALS", ["x"] * 33)], "32"),
    ],
)
def test_what_cannot_be_asked_for_is_named(api, filters, text):
    refused(api.send("POST", "/api/v1/certificates", {"filters": filters}), 422, text)


@pytest.mark.parametrize(
    "members, status, text",
    [
        ({"itemsPerPage": 0}, 422, "itemsPerPage is at least 1"),
        ({"itemsPerPage": 1001}, 422, "itemsPerPage is at most 1000"),
        ({"pageNumber": 0}, 422, "pageNumber is at least 1"),
        ({"pageNumber": 1001}, 422, "10000"),
        ({"pageNumber": 2**31}, 400, "Unable to read HTTP message"),
        ({"pageNumber": "one"}, 400, "Unable to read HTTP message"),
        ({"continuationToken": "none of ours"}, 400, "token"),
        ({"filters": {}}, 400, "Unable to read HTTP message"),
        ({"filters": ["x"]}, 400, "Unable to read HTTP message"),
    ],
)
def test_pages_have_bounds(api, members, status, text):
    refused(api.send("POST", "/api/v1/certificates", members), status, text)


def test_near_misses_of_those_bounds(api):
    for members in (
        {"itemsPerPage": 1000, "pageNumber": 10},
        {"itemsPerPage": "1", "pageNumber": "1"},
        {"filters": None, "itemsPerPage": None},
        {"filters": [], "sort": "unknown members are none of our business"},
    ):
        assert api.send("POST", "/api/v1/certificates", members).status == 200, members


def test_another_search_s_token_is_refused(api, statuses):
    ours = ("COMMON_NAME", "STARTS_WITH", "state ")
    token = api.search(ours, itemsPerPage=2, continuationToken="").json()["continuationToken"]
    other = ("COMMON_NAME", "STARTS_WITH", "stat")
    refused(api.search(other, itemsPerPage=2, continuationToken=token), 400, "token")


def test_the_fields_that_are_listed_can_be_asked_for(service, api, issued):
    api.group("Listed group")
    groups = api.json("/api/v1/certificates/search")
    fields = {each["filterFieldSource"]: each["searchFieldData"] for each in groups}
    assert set(fields) == {"property", "custom"}
    properties = {each["fieldIdentifier"]: each for each in fields["property"]}
    assert properties["RA_PROFILE_NAME"]["value"] == ["default"]
    assert properties["AUTHORITY_NAME"]["value"] == ["demo"]
    assert "Listed group" in properties["GROUP_NAME"]["value"]
    assert properties["CERTIFICATE_STATE"]["value"] == ["issued", "revoked"]
    assert properties["CERTIFICATE_STATE"]["platformEnum"] == "CertificateState"
    assert set(properties["TYPE"]["value"]) >= {"Static", "IntuneUser"}
    samples = {
        "date": "2026-01-31",
        "number": "256",
        "SERIAL_NUMBER": "50",
        "FINGERPRINT": "50",
        "REQUESTER": f"{UNKNOWN}/{UNKNOWN}",
    }
    for identifier, field in properties.items():
        for condition in field["conditions"]:
            value = field.get("value") or samples.get(identifier) or samples.get(field["type"]) or UNKNOWN
            value = None if "EMPTY" in condition else value
            answer = api.search((identifier, condition, value))
            assert answer.status == 200, (identifier, condition, answer)


def test_custom_attributes_are_searched_and_shown(service, api, alpha):
    made = api.send(
        "POST",
        "/api/v1/attributes/custom",
        {
            "name": "department",
            "label": "Department",
            "contentType": "string",
            "resources": ["certificates"],
            "required": False,
            "readOnly": False,
            "visible": True,
            "list": False,
            "multiSelect": False,
        },
    )
    assert made.status == 201, made
    attribute = made.json()["uuid"]
    assert api.send("PATCH", f"/api/v1/attributes/custom/{attribute}/enable").status == 204
    where = f"/api/v1/attributes/custom/resources/certificates/objects/{alpha.id}/{attribute}"
    answer = api.send("PATCH", where, [{"data": HOSTILE}])
    assert answer.status == 200, answer
    fields = {each["filterFieldSource"]: each for each in api.json("/api/v1/certificates/search")}
    (field,) = fields["custom"]["searchFieldData"]
    assert (field["fieldIdentifier"], field["attributeContentType"]) == ("department", "string")
    for identifier in ("department", "department|STRING", attribute):
        assert api.found((identifier, "EQUALS", HOSTILE, "custom")) == ["alpha.example.com"]
        assert api.found((identifier, "EQUALS", HOSTILE + "x", "custom")) == []
    (shown,) = api.json(f"/api/v1/certificates/{alpha.id}")["customAttributes"]
    assert (shown["name"], shown["content"]) == ("department", [{"data": HOSTILE}])


# chain and files


def content(api, path):
    answer = api.json(path)
    return base64.b64decode(answer["content"]), answer


def test_a_certificate_is_downloaded_in_four_forms(api, alpha):
    path = f"/api/v1/certificates/{alpha.id}"
    der, answer = content(api, f"{path}/raw?encoding=der")
    assert der == alpha.der
    assert (answer["format"], answer["encoding"]) == ("raw", "der")
    pem, _ = content(api, f"{path}/raw?encoding=pem")
    assert x509.load_pem_x509_certificate(pem) == alpha.certificate
    der, answer = content(api, f"{path}/pkcs7?encoding=der")
    assert pkcs7.load_der_pkcs7_certificates(der) == [alpha.certificate]
    pem, _ = content(api, f"{path}/pkcs7?encoding=pem")
    assert pkcs7.load_pem_pkcs7_certificates(pem) == [alpha.certificate]


def test_a_chain_is_listed_and_downloaded(service, api, alpha):
    path = f"/api/v1/certificates/{alpha.id}/chain"
    ca = x509.load_pem_x509_certificate(service.ca_pem().encode())
    whole = api.json(f"{path}?withEndCertificate=true")
    assert whole["completeChain"] is True
    assert [each["commonName"] for each in whole["certificates"]] == ["alpha.example.com", "Test CA demo"]
    for query in ("", "?withEndCertificate=false"):
        (only,) = api.json(path + query)["certificates"]
        assert only["commonName"] == "Test CA demo"
    both, answer = content(api, f"{path}/pkcs7?encoding=der&withEndCertificate=true")
    assert set(pkcs7.load_der_pkcs7_certificates(both)) == {alpha.certificate, ca}
    assert answer["completeChain"] is True
    text, _ = content(api, f"{path}/raw?encoding=pem&withEndCertificate=true")
    assert text.count(b"BEGIN CERTIFICATE") == 2
    assert x509.load_pem_x509_certificate(text) == alpha.certificate
    one, _ = content(api, f"{path}/raw?encoding=der")
    assert x509.load_der_x509_certificate(one) == ca
    refused(
        api.get(f"{path}/raw?encoding=der&withEndCertificate=true"),
        422,
        "DER encoding of raw format is unsupported for certificate chain.",
    )


def test_the_chain_of_a_root_is_itself(api, alpha):
    ca = api.json(f"/api/v1/certificates/{alpha.id}")["issuerCertificateUuid"]
    chain = api.json(f"/api/v1/certificates/{ca}/chain?withEndCertificate=true")
    assert (len(chain["certificates"]), chain["completeChain"]) == (1, True)
    chain = api.json(f"/api/v1/certificates/{ca}/chain")
    assert (chain["certificates"], chain["completeChain"]) == ([], True)


def sign_by(issuer_key, issuer, subject, public_key):
    """A CA certificate for this key."""
    now = datetime.datetime.utcnow()
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public_key)
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now)
    builder = builder.not_valid_after(now + datetime.timedelta(days=30))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    usage = x509.KeyUsage(*[False] * 5, key_cert_sign=True, crl_sign=True, encipher_only=None, decipher_only=None)
    builder = builder.add_extension(usage, critical=True)
    ski = x509.SubjectKeyIdentifier.from_public_key(public_key)
    aki = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = builder.add_extension(ski, False).add_extension(aki, False)
    return builder.sign(issuer_key, hashes.SHA256())


def test_an_outer_ca_is_in_the_files_and_not_on_record(new_service):
    service = new_service().make(ca_key=None)
    key, name = csr.new_key(), csr.name("Outer CA")
    root = sign_by(key, name, name, key.public_key())
    request = service.path("demo.csr")
    service.ca_init("demo", "p256", "--csr", request)
    with open(request, "rb") as file:
        asked = x509.load_pem_x509_csr(file.read())
    paths = []
    for certificate in (sign_by(key, name, asked.subject, asked.public_key()), root):
        paths.append(service.path(f"{len(paths)}.pem"))
        with open(paths[-1], "wb") as file:
            file.write(certificate.public_bytes(serialization.Encoding.PEM))
    service.run("ca", "import", "--name", "demo", "--cert", paths[0], "--chain", paths[1])
    api, made = Api(service.start()), Issued(service, "below.example.com")
    path = f"/api/v1/certificates/{made.id}/chain"
    listed = api.json(f"{path}?withEndCertificate=true")
    assert [each["commonName"] for each in listed["certificates"]] == ["below.example.com", "Test CA demo"]
    assert listed["completeChain"] is False
    ca = listed["certificates"][1]
    assert (ca["subjectType"], ca["issuerDn"]) == ("intermediateCa", "CN=Outer CA")
    assert "issuerCertificateUuid" not in ca and ca["issuerSerialNumber"] == hexed(root)
    text, answer = content(api, f"{path}/raw?encoding=pem&withEndCertificate=true")
    assert answer["completeChain"] is True
    assert text.count(b"BEGIN CERTIFICATE") == 3
    assert text.endswith(root.public_bytes(serialization.Encoding.PEM))
    der, _ = content(api, f"{path}/pkcs7?encoding=der")
    assert root in pkcs7.load_der_pkcs7_certificates(der)
    assert len(pkcs7.load_der_pkcs7_certificates(der)) == 2
    der, _ = content(api, f"/api/v1/certificates/{ca['uuid']}/chain/raw?encoding=der")
    assert x509.load_der_x509_certificate(der) == root


@pytest.mark.parametrize(
    "rest, text",
    [
        ("raw", "encoding is pem or der"),
        ("raw?encoding=PEM", "encoding is pem or der"),
        ("raw?encoding=pem&encoding=der", "encoding stands twice"),
        ("pem?encoding=pem", "the format is raw or pkcs7"),
        ("chain/raw?encoding=x", "encoding is pem or der"),
        ("chain/x?encoding=pem", "the format is raw or pkcs7"),
        ("chain?withEndCertificate=yes", "withEndCertificate is true or false"),
        ("chain/raw?encoding=pem&withEndCertificate=1", "withEndCertificate is true or false"),
    ],
)
def test_other_forms_are_refused(api, alpha, rest, text):
    answer = api.service.request("GET", f"/api/v1/certificates/{alpha.id}/{rest}", api.headers)
    refused(answer, 400, text)


# history


def test_the_history_tells_who_did_what(service, api):
    made = Issued(service, "history.example.com")
    service.run("cert", "revoke", made.serial, "--hold", "--comment", "lost?")
    service.run("cert", "revoke", made.serial, "--release")
    service.run("cert", "revoke", made.serial, "--reason", "superseded")
    events = api.json(f"/api/v1/certificates/{made.id}/history")
    assert [each["event"] for each in events] == [
        "Issue Certificate",
        "Update State",
        "Update State",
        "Revoke Certificate",
    ]
    assert events[1]["message"] == "Put on hold, certificateHold: lost?"
    assert events[3]["message"] == "Revoked, superseded"
    assert events[3]["createdBy"].startswith("uid:")
    assert all(each["certificateUuid"] == made.id for each in events)
    assert all(each["status"] == "SUCCESS" for each in events)


# groups


def test_a_group_is_made_read_changed_and_deleted(service, api):
    group = api.group("Printers", description="second floor", email="ops@example.com")
    want = {
        "uuid": group,
        "name": "Printers",
        "description": "second floor",
        "email": "ops@example.com",
        "customAttributes": [],
    }
    assert api.json(f"/api/v1/groups/{group}") == want
    listed = [each for each in api.json("/api/v1/groups") if each["uuid"] == group]
    assert listed == [{name: want[name] for name in ("uuid", "name", "description", "email")}]
    answer = api.send("PUT", f"/api/v1/groups/{group}", {"name": "Scanners", "description": "third"})
    assert answer.status == 200
    assert answer.json() == {
        "uuid": group,
        "name": "Scanners",
        "description": "third",
        "customAttributes": [],
    }
    assert api.send("PUT", f"/api/v1/groups/{group}", {"description": ""}).json()["name"] == "Scanners"
    assert api.send("DELETE", f"/api/v1/groups/{group}").status == 204
    refused(
        api.get(f"/api/v1/groups/{group}"),
        404,
        f"Object of type 'Group' identified by {group} is not found.",
    )
    rows = service.sql(
        "SELECT action, object_name, changes FROM audit WHERE object_type = 'group' ORDER BY id DESC LIMIT 4"
    )
    assert [row[0] for row in rows] == ["group.delete", "group.update", "group.update", "group.create"]
    assert json.loads(rows[2][2])["name"] == {"before": "Printers", "after": "Scanners"}


def test_what_sql_gives_a_meaning_is_kept_in_groups(api):
    group = api.group(HOSTILE + "2", description=HOSTILE + "\nx", email=HOSTILE)
    kept = api.json(f"/api/v1/groups/{group}")
    assert kept["name"] == HOSTILE + "2"
    assert (kept["description"], kept["email"]) == (HOSTILE + "\nx", HOSTILE)


def test_a_group_s_name_is_taken_once(api):
    first, second = api.group("Taken"), api.group("taken")
    text = "Object of type 'Group' identified by Taken already exists."
    refused(api.send("POST", "/api/v1/groups", {"name": "Taken"}), 400, text)
    refused(api.send("PUT", f"/api/v1/groups/{second}", {"name": "Taken"}), 400, text)
    assert api.send("PUT", f"/api/v1/groups/{first}", {"name": "Taken"}).status == 200


@pytest.mark.parametrize(
    "body, status, text",
    [
        ({}, 422, "Name must not be empty"),
        ({"name": " \t"}, 422, "Name must not be empty"),
        ({"name": None}, 422, "Name must not be empty"),
        ({"name": "x" * 256}, 422, "name is longer than 255 characters"),
        ({"name": "x", "description": "x" * 1025}, 422, "description is longer than 1024 characters"),
        ({"name": "x", "email": "x" * 321}, 422, "email is longer than 320 characters"),
        ({"name": "a\nb"}, 422, "can contain only characters that can be shown"),
        ({"name": ["x"]}, 400, "Unable to read HTTP message"),
    ],
)
def test_a_group_s_texts_have_bounds(api, body, status, text):
    refused(api.send("POST", "/api/v1/groups", body), status, text)


def test_the_longest_texts_are_taken(api):
    group = api.group("\u20ac" * 255, description="\u20ac" * 1024, email="\u20ac" * 320)
    assert api.json(f"/api/v1/groups/{group}")["name"] == "\u20ac" * 255


def test_several_groups_are_deleted_and_unknown_ones_passed_over(api):
    groups = [api.group(f"bulk {i}") for i in range(3)]
    assert api.send("DELETE", "/api/v1/groups", [*groups[:2], UNKNOWN]).status == 204
    names = {each["name"] for each in api.json("/api/v1/groups")}
    assert "bulk 2" in names and not {"bulk 0", "bulk 1"} & names
    refused(api.send("DELETE", "/api/v1/groups", ["x"]), 422, "Invalid UUID x in the request")
    refused(api.send("PUT", f"/api/v1/groups/{UNKNOWN}", {"name": "x"}), 404, "'Group'")
    refused(api.send("DELETE", f"/api/v1/groups/{UNKNOWN}"), 404, "'Group'")


# owner and groups of certificates


def test_owner_and_groups_are_set_found_and_taken_away(service, api):
    made = Issued(service, "owned.example.com")
    group = api.group(HOSTILE)
    assert api.patch(made.id, ownerUuid=HOSTILE, groupUuids=[group, group]).status == 204
    detail = api.json(f"/api/v1/certificates/{made.id}")
    assert detail["owner"] == HOSTILE and "ownerUuid" not in detail
    assert detail["groups"] == [{"uuid": group, "name": HOSTILE}]
    assert api.found(("OWNER", "EQUALS", HOSTILE)) == ["owned.example.com"]
    assert api.found(("OWNER", "CONTAINS", "%_!")) == ["owned.example.com"]
    assert api.found(("GROUP_NAME", "EQUALS", [HOSTILE])) == ["owned.example.com"]
    assert api.found(("OWNER", "EQUALS", "%")) == []
    # What is not named stays.
    assert api.patch(made.id, owner="Ann").status == 204
    detail = api.json(f"/api/v1/certificates/{made.id}")
    assert (detail["owner"], len(detail["groups"])) == ("Ann", 1)
    assert api.patch(made.id, groupUuids=[]).status == 204
    detail = api.json(f"/api/v1/certificates/{made.id}")
    assert (detail["owner"], detail["groups"]) == ("Ann", [])
    assert api.patch(made.id, ownerUuid="").status == 204
    assert "owner" not in api.json(f"/api/v1/certificates/{made.id}")
    assert api.patch(made.id, ownerUuid=UNKNOWN).status == 204
    detail = api.json(f"/api/v1/certificates/{made.id}")
    assert (detail["owner"], detail["ownerUuid"]) == (UNKNOWN, UNKNOWN)


def test_a_change_is_audited_once_and_no_change_is_not(service, api):
    made = Issued(service, "audited.example.com")
    group = api.group("Audited")
    serial = made.serial.upper()
    ask = (
        "SELECT changes, actor, remote_address FROM audit"
        f" WHERE action = 'certificate.update' AND object_name = '{serial}'"
    )
    assert api.patch(made.id, owner="Ann", groupUuids=[group]).status == 204
    assert api.patch(made.id, owner="Ann", groupUuids=[group]).status == 204
    assert api.patch(made.id).status == 204
    ((changes, actor, address),) = service.sql(ask)
    assert json.loads(changes) == {
        "owner": {"after": "Ann"},
        "groups": {"before": [], "after": ["Audited"]},
    }
    assert service.double.tenant in actor and address == "192.0.2.10"


def test_several_certificates_are_changed_or_none(service, api):
    made = [Issued(service, f"many-{i}.example.com") for i in range(3)]
    ids = [each.id for each in made]
    group = api.group("Many")
    body = {"certificateUuids": ids, "ownerUuid": "Many", "groupUuids": [group]}
    assert api.send("PATCH", "/api/v1/certificates", body).status == 204
    assert len(api.found(("OWNER", "EQUALS", "Many"), ("GROUP_NAME", "EQUALS", "Many"))) == 3
    body = {"certificateUuids": [*ids, UNKNOWN], "ownerUuid": "Other"}
    refused(
        api.send("PATCH", "/api/v1/certificates", body),
        404,
        f"Object of type 'Certificate' identified by {UNKNOWN} is not found.",
    )
    assert len(api.found(("OWNER", "EQUALS", "Many"))) == 3
    for body, status, text in (
        ({"ownerUuid": "x"}, 422, "certificateUuids has 1 to 1024 UUIDs"),
        ({"ownerUuid": "x", "certificateUuids": ["x"]}, 422, "Invalid UUID x in the request"),
        ({"ownerUuid": "x", "filters": [make_filter("OWNER", "EMPTY")]}, 501, "by filters"),
        ({"certificateUuids": ids, "raProfileUuid": UNKNOWN}, 501, "RA profile"),
    ):
        refused(api.send("PATCH", "/api/v1/certificates", body), status, text)


@pytest.mark.parametrize(
    "members, status, text",
    [
        ({"groupUuids": [UNKNOWN]}, 404, f"Object of type 'Group' identified by {UNKNOWN} is not found."),
        ({"groupUuids": ["x"]}, 422, "Invalid UUID x in the request"),
        ({"groupUuids": [None]}, 400, "Unable to read HTTP message"),
        ({"groupUuids": [str(uuid.UUID(int=i)) for i in range(65)]}, 422, "at most 64 groups"),
        ({"ownerUuid": "x" * 257}, 422, "ownerUuid is longer than 256 characters"),
        ({"owner": "a\u0007b"}, 422, "Owner can contain only characters that can be shown"),
        ({"raProfileUuid": UNKNOWN}, 501, "RA profile"),
        ({"raProfileUuid": ""}, 501, "RA profile"),
        ({"trustedCa": True}, 501, "trusted"),
        ({"groupUuids": "x"}, 400, "Unable to read HTTP message"),
    ],
)
def test_other_changes_are_refused_and_change_nothing(api, alpha, members, status, text):
    before = api.json(f"/api/v1/certificates/{alpha.id}")
    refused(api.patch(alpha.id, **{"ownerUuid": "never", **members}), status, text)
    assert api.json(f"/api/v1/certificates/{alpha.id}") == before


def test_near_misses_of_those_changes(api, alpha):
    assert api.patch(alpha.id, trustedCa=False, raProfileUuid=None, note="unknown").status == 204
    assert api.patch(alpha.id, owner="\u20ac" * 256).status == 204
    assert api.patch(alpha.id, owner="").status == 204
    refused(api.patch(UNKNOWN, owner="x"), 404, "'Certificate'")


def test_parallel_changes_and_deletions_leave_whole_states(service, api):
    made = [Issued(service, f"parallel-{i}.example.com") for i in range(4)]
    groups = [api.group(f"parallel {i}") for i in range(6)]

    def change(i):
        if i % 8 == 7:
            return api.send("DELETE", f"/api/v1/groups/{groups[i // 8]}").status
        ids = [each.id for each in made]
        chosen = [groups[(i + k) % 6] for k in range(2)]
        body = {"certificateUuids": ids if i % 2 else ids[::-1], "ownerUuid": f"o{i}", "groupUuids": chosen}
        return api.send("PATCH", "/api/v1/certificates", body).status

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(change, range(48)))
    assert set(statuses) <= {204, 404, 503}, statuses
    assert statuses.count(503) < 8, statuses
    left = {each["uuid"] for each in api.json("/api/v1/groups")}
    assert not left & set(groups)
    ends = {
        (detail["owner"], tuple(each["uuid"] for each in detail["groups"]))
        for detail in (api.json(f"/api/v1/certificates/{each.id}") for each in made)
    }
    assert len(ends) == 1


# what is not done, and who may


def test_foreign_certificates_and_deletion_are_not_there(api, alpha):
    refused(api.send("POST", "/api/v1/certificates/upload", {"certificate": ""}), 501, "uploaded")
    refused(api.send("POST", "/api/v1/certificates/delete", {"uuids": [alpha.id]}), 501, "not deleted")
    refused(api.send("DELETE", f"/api/v1/certificates/{alpha.id}"), 501, "not deleted")
    assert api.get(f"/api/v1/certificates/{alpha.id}").status == 200


def test_readers_read_and_do_not_write(service, alpha):
    for role in ("Manage.All", "Manage.All.Read"):
        reader = Api(service, role)
        assert reader.search().status == 200
        assert reader.get(f"/api/v1/certificates/{alpha.id}").status == 200
        answer = reader.patch(alpha.id, owner="x")
        assert answer.status == 403
        assert answer.json()["message"] == "Access Denied. Required 'Update' permission for 'Certificates'"
        assert reader.get("/api/v1/groups").status == 403
    assert Api(service, "CSR.Request.Db").search().status == 403


def test_long_names_make_a_search_short_and_not_slow(new_service):
    """Whoever enrolls many long names must not make the search run into the statement's time limit."""
    made = new_service().make().start()
    label = "x" * 60
    names = csr.dns(*[f"n{i}.{label}.{label}.{label}" for i in range(90)])
    assert made.post_csr(csr.make("long", names)).status == 200
    columns = [
        name
        for (name,) in made.sql(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = DATABASE() AND table_name = 'certificate' ORDER BY ordinal_position"
        )
    ]
    numbered = "UNHEX(CONCAT('01930000', LPAD(HEX(seq), 24, '0')))"
    other = {"id": numbered, "lineage": numbered, "serial": numbered, "fingerprint": "UNHEX(SHA2(seq, 256))"}
    chosen = ", ".join(other.get(name, f"c.{name}") for name in columns)
    made.sql(
        f"INSERT INTO certificate ({', '.join(columns)}) SELECT {chosen} FROM certificate c, seq_1_to_2999"
    )
    headers = {**made.double.bearer(roles=["Manage.All.Read"]), "Content-Type": "application/json"}

    def search(value, **members):
        filters = [
            {
                "fieldSource": "property",
                "fieldIdentifier": "SUBJECT_ALTERNATIVE_NAMES",
                "condition": "ENDS_WITH",
                "value": [f"{value}{i}.example.org", f"{value}{i}.example.net"],
            }
            for i in range(16)
        ]
        body = json.dumps({"filters": filters, **members}).encode()
        answer = made.request("POST", "/api/v1/certificates", headers, body)
        assert answer.status == 200, answer
        return answer.json()

    assert search("nowhere")["certificates"] == []
    answer = search("nowhere", continuationToken="")
    while "continuationToken" in answer:
        answer = search("nowhere", continuationToken=answer["continuationToken"])
    assert answer["certificates"] == []
