"""A client of the SCEP profile API, with a service that has what profiles refer to."""

import json
import os
import subprocess
import uuid

from . import api, contract, process
from .service import Service

LIST = "/api/v1/scepProfiles"


class Client(api.Client):
    """
    Requests of an administrator to one service. send() returns the answer; the others ask for the
    status that a success has, and return what the answer says. Each answer is held against
    CZERTAINLY's published description, unless as_published is false.
    """

    def send(self, method, path, body=None, as_published=True, **options):
        response = super().send(method, LIST + path, body, **options)
        if as_published and response.status in (200, 201, 204, 400, 403, 404, 422):
            answer = response.json() if response.body else None
            contract.check("core-scep", method, LIST + path, response.status, answer)
        return response

    def ask(self, status, method, path, body=None):
        response = self.send(method, path, body)
        assert response.status == status, response
        if status == 204:
            assert response.body == b""
            assert "content-type" not in response.headers, response
            return None
        assert response.headers["content-type"].startswith("application/json"), response
        return response.json()

    # the 13 operations

    def all(self):
        return self.ask(200, "GET", "")

    def detail(self, which):
        return self.ask(200, "GET", f"/{id_of(which)}")

    def create(self, body):
        return self.ask(201, "POST", "", body)

    def edit(self, which, body):
        return self.ask(200, "PUT", f"/{id_of(which)}", body)

    def delete(self, which):
        self.ask(204, "DELETE", f"/{id_of(which)}")

    def enable(self, which):
        self.ask(204, "PATCH", f"/{id_of(which)}/enable")

    def disable(self, which):
        self.ask(204, "PATCH", f"/{id_of(which)}/disable")

    def enable_all(self, *which):
        self.ask(204, "PATCH", "/enable", [id_of(each) for each in which])

    def disable_all(self, *which):
        self.ask(204, "PATCH", "/disable", [id_of(each) for each in which])

    def delete_all(self, *which):
        return self.ask(200, "DELETE", "/delete", [id_of(each) for each in which])

    def force_delete(self, *which):
        return self.ask(200, "DELETE", "/delete/force", [id_of(each) for each in which])

    def set_ra_profile(self, which, ra_profile):
        self.ask(204, "PATCH", f"/{id_of(which)}/raProfiles/{ra_profile}")

    def ca_certificates(self, intune):
        return self.ask(200, "GET", f"/caCertificates?intuneEnabled={str(intune).lower()}")


def id_of(which):
    return which["uuid"] if isinstance(which, dict) else which


def sql_id(which):
    return f"UNHEX('{id_of(which).replace('-', '')}')"


def sql_text(text):
    return f"CONVERT(UNHEX('{text.encode().hex()}') USING utf8mb4)"


def new_name(prefix="profile"):
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


class Session:
    """A transaction that a test holds open beside the service's own, rolled back at its end."""

    def __init__(self, service):
        self.service = service
        argv = ["mariadb", "--no-defaults", f"--socket={service.mariadb.socket}", "--user=root"]
        argv += ["--batch", "--skip-column-names", "--unbuffered", service.database]
        env = dict(os.environ, PATH=process.SEARCH_PATH, LC_ALL="C.UTF-8")
        self.client = subprocess.Popen(
            argv, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def __enter__(self):
        self.run("START TRANSACTION")
        return self

    def __exit__(self, *_):
        self.client.stdin.close()
        self.client.wait(30)
        self.client.stdout.close()

    def run(self, statement):
        """Returns when it was carried out."""
        self.client.stdin.write(f"{statement};\nSELECT 'done';\n")
        self.client.stdin.flush()
        assert self.client.stdout.readline() == "done\n", statement

    def wait_for_waiter(self, answer):
        """Until another transaction waits for a lock; answer, a future, must not be there before."""
        # innodb_trx is a cache that whoever polls it keeps from being filled anew.
        waiting = (
            "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS"
            " WHERE VARIABLE_NAME = 'INNODB_ROW_LOCK_CURRENT_WAITS'"
        )

        def waits():
            assert not answer.done(), answer.result()
            return self.service.value(waiting) != "0"

        process.wait_until(waits, 20, "a transaction that waits")


class Bench:
    """A service with a keyring and an RA certificate, its client, and records to refer to."""

    def __init__(self, mariadb, double, settings=None):
        self.service = Service(mariadb, double, settings)
        self.service.configure({"Keys": {"KeyringFile": self.service.path("keyring")}})
        self.service.run("key", "new-secret-key")
        self.service.make(keys=True)
        self.ca = self.make_ra_certificate()
        self.client = Client(self.service)

    def make_ra_certificate(self, authority="demo"):
        """The id of a new one, which a SCEP profile can name."""
        done = self.service.run("ra", "create", "--authority", authority, "--key-bits", "2048", "--json")
        return json.loads(done.stdout)["id"]

    def make_ra_profile(self, name=None, *rules):
        """The id of a new RA profile."""
        name = name or new_name("ra")
        self.service.run("profile", "create", "--authority", "demo", name, *rules)
        return self.id_where("ra_profile", f"name = '{name}'")

    def id_where(self, table, where):
        found = self.service.value(f"SELECT HEX(id) FROM {table} WHERE {where}")
        return str(uuid.UUID(found)) if found else None

    def activate(self, ra_profile, profile):
        """As PATCH .../protocols/scep/activate records it."""
        self.service.sql(
            "INSERT INTO ra_profile_scep VALUES"
            f" ({sql_id(ra_profile)}, {sql_id(profile)}, '[]', UTC_TIMESTAMP())"
        )

    def is_active(self, profile):
        return self.service.value(
            f"SELECT COUNT(*) FROM ra_profile_scep WHERE scep_profile_id = {sql_id(profile)}"
        ) != "0"

    def define_attribute(self, name, content_type="string", required=False, content=None):
        """The id of a custom attribute of SCEP profiles."""
        made = str(uuid.uuid4())
        items = sql_text(json.dumps(content)) if content else "NULL"
        self.service.sql(
            "INSERT INTO custom_attribute (id, name, label, content_type, resources, is_required,"
            " is_read_only, is_visible, is_list, is_multi_select, enabled, content, revision, created_at)"
            f" VALUES ({sql_id(made)}, '{name}', 'The {name}', '{content_type}', 'scepProfiles',"
            f" {int(required)}, 0, 1, 0, 0, 1, {items}, 1, UTC_TIMESTAMP())"
        )
        return made

    def wanted(self, **changes):
        """A request's body with what is needed; ... leaves a member out."""
        body = {
            "name": new_name(),
            "caCertificateUuid": self.ca,
            "issueCertificateAttributes": [],
        }
        body.update(changes)
        return {name: value for name, value in body.items() if value is not ...}

    def make(self, **changes):
        return self.client.create(self.wanted(**changes))

    def row(self, which, columns="name"):
        rows = self.service.sql(
            f"SELECT {columns} FROM scep_profile WHERE id = {sql_id(which)}"
        )
        return rows[0] if rows else None

    def audit(self, name):
        """The audit rows of a profile, oldest first: (action, actor, address, changes)."""
        rows = self.service.sql(
            "SELECT action, actor, remote_address, HEX(changes) FROM audit"
            f" WHERE object_type = 'scep_profile' AND object_name = '{name}' ORDER BY at, id"
        )
        return [(*row[:3], json.loads(bytes.fromhex(row[3]))) for row in rows]

    def every_column(self):
        """What all columns of all tables hold, as bytes."""
        columns = self.service.sql(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = DATABASE()"
        )
        queries = [f"SELECT HEX(CAST(`{column}` AS BINARY)) FROM `{table}`" for table, column in columns]
        rows = self.service.sql(";".join(queries))
        return b"\n".join(bytes.fromhex(row[0]) for row in rows if row[0] != "NULL")

    def destroy(self):
        self.service.destroy()
