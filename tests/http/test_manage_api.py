"""/api/manage: SCEPman's search and revocation on the same records."""

import concurrent.futures
import datetime
import urllib.parse
import uuid

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from harness import csr, process
from harness.api import Client

# A subject is written with escapes, so that what has them is sought in the common name.
HOSTILE = "O'Brien\" \\ -- ; DROP TABLE certificate; /* %_! */ \u00e4\u20ac\U0001f600"
REASONS = "revocationReason is one of 0 to 6, 8, 9 and 10"
MEMBERS = {
    "serialNumber",
    "subject",
    "sans",
    "upn",
    "issuanceDate",
    "expirationDate",
    "revocationDate",
    "revocationReason",
    "revokedBy",
    "requester",
    "source",
    "certificateType",
}


class Issued:
    def __init__(self, service, common_name, sans=(), token=None):
        private_key = csr.new_key()  # what is revoked for keyCompromise is refused from then on
        response = service.post_csr(csr.make(common_name, sans, private_key), token)
        assert response.status == 200, response
        self.certificate = x509.load_der_x509_certificate(response.body)
        self.fingerprint = self.certificate.fingerprint(hashes.SHA256()).hex()
        self.serial = f"{self.certificate.serial_number:X}"

    @property
    def where(self):
        return f"fingerprint = UNHEX('{self.fingerprint}')"


class Manager(Client):
    """Whoever uses /api/manage, an application unless user is given."""

    def __init__(self, service, *roles, user=None):
        super().__init__(service, *(roles or ("Manage.All",)), user=user)

    def ask(self, **parameters):
        query = urllib.parse.urlencode(parameters, doseq=True)
        return self.service.get(f"/api/manage/search?{query}", self.headers)

    def search(self, **parameters):
        answer = self.ask(**parameters)
        assert answer.status == 200, answer
        assert set(answer.json()) == {"items", "continuationToken"}
        return answer.json()

    def subjects(self, **parameters):
        return sorted(each["subject"] for each in self.search(pageSize=1000, **parameters)["items"])

    def item(self, issued):
        (found,) = self.search(searchText=issued.serial)["items"]
        return found

    def revoke(self, serial, reason=None, query="", **members):
        body = members if reason is None else {"revocationReason": reason, **members}
        return self.send("PATCH", f"/api/manage/revoke/{serial}{query}", body)


def refused(answer, status, code, text):
    assert answer.status == status, answer
    body = answer.json()
    assert set(body) == {"errorMessage", "errorCode"}
    assert body["errorCode"] == code, body
    assert text in body["errorMessage"], body
    return body["errorMessage"]


@pytest.fixture(scope="module")
def manager(service):
    return Manager(service)


@pytest.fixture(scope="module")
def by_user(service):
    """A person, whose UPN the token tells."""
    return Manager(service, "Manage.All", user="grace@example.com")


@pytest.fixture
def fresh(service):
    return Issued(service, "fresh.example.com")


# search


def test_an_item_has_all_members_and_null_where_there_is_nothing(service, manager):
    made = Issued(service, "item.example.com", csr.dns("item.example.com", "b.example.com"))
    item = manager.item(made)
    assert set(item) == MEMBERS
    ends = made.certificate.not_valid_after
    assert item["serialNumber"] == made.serial
    assert item["subject"] == "CN=item.example.com"
    assert item["sans"] == "DNS:item.example.com, DNS:b.example.com"
    assert item["expirationDate"] == ends.strftime("%Y-%m-%dT%H:%M:%SZ")
    issued = datetime.datetime.strptime(item["issuanceDate"], "%Y-%m-%dT%H:%M:%SZ")
    assert abs(issued - datetime.datetime.utcnow()) < datetime.timedelta(minutes=5)
    assert (item["source"], item["certificateType"]) == ("API", "Static")
    assert item["requester"].startswith(service.double.tenant + "/")
    for name in ("upn", "revocationDate", "revocationReason", "revokedBy"):
        assert item[name] is None


def test_a_person_s_certificate_has_a_upn(service, manager):
    token = service.double.token(user="ann@example.com")
    made = Issued(service, "ann@example.com", [csr.upn("ann@example.com")], token)
    item = manager.item(made)
    assert item["upn"] == item["requester"] == "ann@example.com"
    assert item["certificateType"] == "IntuneUser"
    assert made.serial in {each["serialNumber"] for each in manager.search(certType="User")["items"]}
    assert made.serial not in {each["serialNumber"] for each in manager.search(certType="Static")["items"]}
    assert manager.search(searchText="ANN@example")["items"] == [item]


def test_the_text_is_sought_in_names_and_serial_number(service, manager):
    made = Issued(service, "sought.example.com", csr.dns("elsewhere.example.org"))
    for text in ("sought.ex", "SOUGHT", "CN=sought", "elsewhere", made.serial, made.serial[4:20].lower()):
        assert manager.subjects(searchText=text) == ["CN=sought.example.com"], text


@pytest.mark.parametrize("text", [HOSTILE, "%", "_", "a' OR '1'='1", "\\"])
def test_what_sql_gives_a_meaning_has_none(service, manager, text):
    if text == HOSTILE:
        Issued(service, text)
        assert len(manager.search(searchText=text)["items"]) == 1
    plain = manager.subjects(searchText="fresh.example.com")
    assert not set(plain) & set(manager.subjects(searchText=text))


def test_validity_type_and_source_narrow(service, manager):
    made = {name: Issued(service, f"narrow {name}") for name in ("active", "ended", "gone", "held")}
    assert manager.revoke(made["gone"].serial, 4).status == 200
    assert manager.revoke(made["held"].serial, 6).status == 200
    service.sql(
        "UPDATE certificate SET not_before = UTC_TIMESTAMP() - INTERVAL 2 DAY,"
        f" not_after = UTC_TIMESTAMP() - INTERVAL 1 DAY WHERE {made['ended'].where}"
    )
    for validity, wanted in (
        ("Any", ["active", "ended", "gone", "held"]),
        ("Active", ["active"]),
        ("Expired", ["ended"]),
        ("Revoked", ["gone", "held"]),
    ):
        want = [f"CN=narrow {name}" for name in wanted]
        assert manager.subjects(searchText="narrow ", certValidity=validity) == want, validity
    for parameters, count in (
        ({"certType": "Any"}, 4),
        ({"certType": "Static"}, 4),
        ({"certType": "DC"}, 0),
        ({"certType": "Device"}, 0),
        ({"Sources": 7}, 4),
        ({"Sources": [1, 7, 7]}, 4),
        ({"Sources": [0, 1, 3, 4, 5, 6, 8, 9, 10]}, 0),
        ({"Sources": 7, "certType": "Static", "certValidity": "Active"}, 1),
    ):
        assert len(manager.subjects(searchText="narrow ", **parameters)) == count, parameters


def test_a_token_goes_on_whatever_is_issued_in_between(service, manager):
    for i in range(7):
        Issued(service, f"paged {i}")
    page, subjects, pages = manager.search(searchText="paged ", pageSize=3), [], 1
    while True:
        subjects += [each["subject"] for each in page["items"]]
        if page["continuationToken"] is None:
            break
        Issued(service, f"in between {pages}")
        token = page["continuationToken"]
        page = manager.search(searchText="paged ", pageSize=3, continuationToken=token)
        pages += 1
    assert subjects == [f"CN=paged {i}" for i in reversed(range(7))]


def test_a_page_has_fifty_unless_told_otherwise(service, manager):
    for i in range(51):
        Issued(service, f"fifty {i}")
    page = manager.search(searchText="fifty ")
    assert len(page["items"]) == 50 and page["continuationToken"]


def test_a_page_that_would_be_too_large_is_shorter_and_goes_on(service, manager):
    """Whoever enrolls many long names must not make the search fail for those who look."""
    label = "x" * 60
    Issued(service, "long", csr.dns(*[f"n{i}.{label}.{label}.{label}" for i in range(90)]))
    columns = [
        name
        for (name,) in service.sql(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = DATABASE() AND table_name = 'certificate' ORDER BY ordinal_position"
        )
    ]
    numbered = "UNHEX(CONCAT('01930000', LPAD(HEX(seq), 24, '0')))"
    other = {"id": numbered, "lineage": numbered, "serial": numbered, "fingerprint": "UNHEX(SHA2(seq, 256))"}
    chosen = ", ".join(other.get(name, f"c.{name}") for name in columns)
    service.sql(
        f"INSERT INTO certificate ({', '.join(columns)}) SELECT {chosen} FROM certificate c, seq_1_to_499"
        " WHERE c.common_name = 'long'"
    )
    found, sizes, token = [], [], {}
    while not found or token:
        page = manager.search(pageSize=1000, searchText="CN=long", **token)
        sizes.append(len(page["items"]))
        found += [item["serialNumber"] for item in page["items"]]
        token = {"continuationToken": page["continuationToken"]} if page["continuationToken"] else {}
    assert len(found) == len(set(found)) == 500
    assert len(sizes) > 1 and max(sizes) < 500
    assert len(manager.search(pageSize=100, searchText="CN=long")["items"]) == 100


@pytest.mark.parametrize(
    "parameters, text",
    [
        ({"pageSize": 0}, "pageSize is a number from 1 to 1000"),
        ({"pageSize": 1001}, "pageSize"),
        ({"pageSize": "-1"}, "pageSize"),
        ({"pageSize": "+1"}, "pageSize"),
        ({"pageSize": "1x"}, "pageSize"),
        ({"pageSize": "99999999999999999999"}, "pageSize"),
        ({"pageSize": [1, 2]}, "pageSize stands twice"),
        ({"pageSize": "1" * 100}, "pageSize: a value of the query is longer than 31 octets"),
        ({"Sources": "7" * 300}, "Sources: a value of the query is longer than 255 octets"),
        ({"certValidity": "active"}, "certValidity is one of Any, Active, Expired or Revoked"),
        ({"certValidity": "x" * 100}, "certValidity"),
        ({"certType": "Server"}, "certType is one of Any, Static, DC, User or Device"),
        ({"Sources": "2"}, "Sources"),
        ({"Sources": "11"}, "Sources"),
        ({"Sources": "7,1"}, "Sources"),
        ({"Sources": ""}, "Sources"),
        ({"Sources": [7, "API"]}, "Sources"),
        ({"continuationToken": "x"}, "token"),
        ({"searchText": "x" * 1025}, "searchText: a value of the query is longer than 1024 octets"),
        ({"searchText": "\x00"}, "searchText: malformed escape"),
        ({"searchText": b"\xff"}, "UTF-8"),
    ],
)
def test_a_parameter_that_is_wrong_is_named(manager, parameters, text):
    refused(manager.ask(**parameters), 400, 4000, text)


def test_near_misses_of_those_parameters(manager):
    for parameters in (
        {},
        {"pageSize": 1},
        {"pageSize": 1000},
        {"pageSize": ""},
        {"certValidity": ""},
        {"continuationToken": ""},
        {"searchText": "x" * 1024},
        {"sources": "unknown names are none of ours"},
    ):
        assert manager.ask(**parameters).status == 200, parameters


def test_another_search_s_token_is_refused(service, manager):
    token = manager.search(pageSize=1)["continuationToken"]
    assert manager.search(pageSize=2, continuationToken=token)["items"]
    refused(manager.ask(searchText="x", continuationToken=token), 400, 4000, "token")


# revocation


def state(service, issued):
    return service.sql(f"SELECT status, revocation_reason FROM certificate WHERE {issued.where}")[0]


@pytest.mark.parametrize("reason", [0, 1, 2, 3, 4, 5, 9, 10])
def test_each_reason_revokes(service, manager, fresh, reason):
    answer = manager.revoke(fresh.serial, reason)
    assert answer.status == 200 and answer.body == b"", answer
    assert state(service, fresh) == ("revoked", str(reason))
    item = manager.item(fresh)
    assert item["revocationReason"] == reason
    assert item["revocationDate"].endswith("Z")


def test_who_revoked_it_and_for_whom_is_on_record(service, by_user):
    plain, named = Issued(service, "plain.example.com"), Issued(service, "named.example.com")
    assert by_user.revoke(plain.serial, 4).status == 200
    assert by_user.revoke(named.serial.lower(), 4, revoker=HOSTILE).status == 200
    ask = (
        "SELECT e.actor, e.comment, e.remote_address FROM revocation_event e"
        " JOIN certificate c ON c.id = e.certificate_id WHERE c."
    )
    ((actor, comment, address),) = service.sql(ask + plain.where)
    assert actor.startswith(service.double.tenant + "/") and address == "192.0.2.10"
    assert comment == "API user grace@example.com"
    ((_, comment, _),) = service.sql(ask + named.where)
    assert comment == f"{HOSTILE} through API user grace@example.com".replace("\\", "\\\\")
    assert by_user.item(plain)["revokedBy"] == "grace@example.com"
    assert by_user.item(named)["revokedBy"] == f"{HOSTILE} through API user grace@example.com"
    ((action, outcome, detail),) = service.sql(
        f"SELECT action, outcome, detail FROM audit WHERE object_name = '{plain.serial}'"
    )
    assert (action, outcome) == ("certificate.revoke", "done")
    assert detail == "superseded, 1 of 1 certificates: API user grace@example.com"


def test_an_application_without_a_upn_is_named_by_its_ids(service, manager, fresh):
    assert manager.revoke(fresh.serial, 5).status == 200
    comment = service.value(
        "SELECT e.comment FROM revocation_event e JOIN certificate c ON c.id = e.certificate_id"
        f" WHERE c.{fresh.where}"
    )
    assert comment.startswith(f"API user {service.double.tenant}/")


def test_revoking_twice_is_final_whatever_the_reason(service, manager, fresh):
    assert manager.revoke(fresh.serial, 4).status == 200
    for reason in (4, 1, 6, 8):
        answer = manager.revoke(fresh.serial, reason)
        assert refused(answer, 409, 5013, "") == "The certificate is already revoked."
    assert state(service, fresh) == ("revoked", "4")
    assert service.value(f"SELECT COUNT(*) FROM audit WHERE object_name = '{fresh.serial}'") == "1"


def test_a_hold_is_taken_and_released_once(service, manager, fresh):
    assert refused(manager.revoke(fresh.serial, 8), 409, 4091, "") == "The certificate is not on hold."
    assert manager.revoke(fresh.serial, 6).status == 200
    assert state(service, fresh) == ("hold", "6")
    assert refused(manager.revoke(fresh.serial, 6), 409, 4091, "") == "The certificate is already on hold."
    assert manager.item(fresh)["revocationReason"] == 6
    assert manager.revoke(fresh.serial, 8).status == 200
    assert state(service, fresh) == ("good", "NULL")
    assert manager.item(fresh)["revokedBy"] is None
    assert manager.revoke(fresh.serial, 6).status == 200
    assert manager.revoke(fresh.serial, 1).status == 200
    assert state(service, fresh) == ("revoked", "1")


@pytest.mark.parametrize("reason", [-1, 7, 11, 2**31 - 1, None, "", "x", 1.5, True, [1], 2**31])
def test_a_reason_outside_the_list_changes_nothing(service, manager, fresh, reason):
    answer = manager.revoke(fresh.serial, revocationReason=reason)
    assert answer.status == 400, answer
    if reason in (-1, 7, 11, None, ""):
        refused(answer, 400, 4000, REASONS)
    assert state(service, fresh)[0] == "good"


def test_a_reason_as_a_text_of_digits_is_taken(manager, fresh):
    assert manager.revoke(fresh.serial, "4").status == 200


@pytest.mark.parametrize(
    "serial", ["xyz", "50 50", "0x50", "5" * 41, "50:51", "%2e", "-5", "%00", "'", "50%27%20OR%201%3D1"]
)
def test_a_malformed_serial_number_is_told_from_an_unknown_one(manager, serial):
    answer = manager.revoke(serial.replace(" ", "%20"), 4)
    assert answer.status == 400, answer


@pytest.mark.parametrize("serial", ["5", "50", "5" * 40, "00", "F" * 39])
def test_an_unknown_serial_number_is_not_found(manager, serial):
    assert refused(manager.revoke(serial, 4), 404, 7012, "") == "Certificate not found."


def test_two_issuers_with_one_serial_number_are_told_apart(service, manager):
    first, second = Issued(service, "twin one"), Issued(service, "twin two")
    service.ca_init("other", "p256")
    other = service.value("SELECT HEX(id) FROM authority_generation WHERE label = 'other-1'")
    service.sql(
        f"UPDATE certificate SET serial = UNHEX('{first.serial}'), generation_id = UNHEX('{other}')"
        f" WHERE {second.where}"
    )
    text = (
        "Several CAs have issued a certificate with this serial number; name the CA by ?generation=LABEL."
    )
    assert refused(manager.revoke(first.serial, 4), 409, 4091, "") == text
    assert state(service, first)[0] == state(service, second)[0] == "good"
    assert manager.revoke(first.serial, 4, "?generation=other-1").status == 200
    assert (state(service, first)[0], state(service, second)[0]) == ("good", "revoked")
    assert manager.revoke(first.serial, 4, "?generation=demo-1").status == 200
    for label in ("demo-2", "%27", "x" * 63):
        refused(manager.revoke(first.serial, 4, f"?generation={label}"), 404, 7012, "Certificate not found.")
    refused(manager.revoke(first.serial, 4, "?generation=a&generation=b"), 400, 4000, "twice")


@pytest.mark.parametrize(
    "revoker, status",
    [
        ("x" * 256, 200),
        ("\u20ac" * 256, 200),
        ("", 200),
        (None, 200),
        ("x" * 257, 400),
        ("a\nb", 400),
        ({}, 400),
    ],
    ids=["longest", "longest in characters", "empty", "null", "too long", "two lines", "no text"],
)
def test_the_revoker_is_a_short_text(service, manager, fresh, revoker, status):
    assert manager.revoke(fresh.serial, 4, revoker=revoker).status == status
    assert state(service, fresh)[0] == ("revoked" if status == 200 else "good")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"revocationReason":4,"revocationReason":1}', b"null"])
def test_a_body_that_is_none_is_refused(service, manager, fresh, body):
    headers = {**manager.headers, "Content-Type": "application/json"}
    path = f"/api/manage/revoke/{fresh.serial}"
    refused(service.request("PATCH", path, headers, body), 400, 4007, "JSON")
    assert state(service, fresh)[0] == "good"


def test_one_of_many_at_once_revokes(service, manager, fresh):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: manager.revoke(fresh.serial, 4), range(8)))
    assert sorted(answer.status for answer in answers) == [200] + [409] * 7
    assert service.value(
        "SELECT COUNT(*) FROM revocation_event e JOIN certificate c ON c.id = e.certificate_id"
        f" WHERE c.{fresh.where}"
    ) == "1"


# who may


def test_readers_search_and_do_not_revoke(service, fresh):
    reader = Manager(service, "Manage.All.Read")
    assert reader.ask().status == 200
    refused(reader.revoke(fresh.serial, 4), 403, 4030, "Revoke")
    for manager in (Manager(service, "CSR.Request.Db"), Manager(service, "Manage.Intune")):
        refused(manager.ask(), 403, 4030, "Certificates")
        refused(manager.revoke(fresh.serial, 4), 403, 4030, "Certificates")
    refused(service.get("/api/manage/search"), 401, 4010, "")
    assert state(service, fresh)[0] == "good"
    assert Manager(service, "Admin.Full").revoke(fresh.serial, 4).status == 200


def test_a_database_that_is_away_is_a_503_that_says_so(new_service, own_mariadb, double):
    service = new_service({"Server": {"Workers": "1"}}, mariadb=own_mariadb).make().start()
    made = Issued(service, "away.example.com")
    manager = Manager(service)
    own_mariadb.stop()
    refused(manager.ask(), 503, 5030, "database")
    refused(manager.revoke(made.serial, 4), 503, 5030, "database")
    own_mariadb.start()
    process.wait_until(lambda: manager.ask().status == 200, 20, "the database")
    assert manager.revoke(made.serial, 4).status == 200
    assert str(uuid.UUID(service.value("SELECT HEX(certificate_id) FROM revocation_event")))
