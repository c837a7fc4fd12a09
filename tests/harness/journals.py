"""Lines of issuance journals, of certificates that nobody else has, and what recover makes of them."""

import base64
import hashlib
import json
import os
import subprocess
import uuid

from cryptography.hazmat.primitives import serialization

from . import csr, est, forge, process

SETTINGS = {"DbCSRValidation": {"RaProfile": "default"}, "Limits": {"SameCsrMinutes": "0"}}


class Maker:
    """Makes lines of journals, of certificates that nobody else has, like one that was really issued."""

    def __init__(self, service):
        self.service = service
        journal = service.path("model")
        service.configure({**SETTINGS, "Server": {"IssuedLog": journal}})
        service.make().start()
        key = csr.new_key()
        self.model = est.Holder.of(est.enroll(service, csr.make("model", private_key=key)), key)
        service.run("cert", "revoke", "--hold", self.model.serial)
        service.stop()
        service.configure({"Server": {"IssuedLog": None}})
        with open(journal, encoding="utf-8") as file:
            self.issued, self.event = (json.loads(line) for line in file if line.strip())

    def certificate(self, **others):
        number = int.from_bytes(b"\x50" + os.urandom(15), "big")
        made = forge.again(self.service, self.model.certificate, serial=number)
        der = made.public_bytes(serialization.Encoding.DER)
        line = {
            **self.issued,
            "id": str(uuid.uuid4()),
            "serial": f"{number:032X}",
            "fingerprint": hashlib.sha256(der).hexdigest(),
            "der": base64.b64encode(der).decode(),
        }
        return {**line, "lineage": line["id"], **others}

    def certificates(self, count):
        return [self.certificate() for _ in range(count)]

    def change(self, line, action, sequence, reason=None):
        return {
            **self.event,
            "id": str(uuid.uuid4()),
            "certificateId": line["id"],
            "serial": line["serial"],
            "action": action,
            "reason": {"hold": 6, "release": 8, "revoke": 4}[action] if reason is None else reason,
            "sequence": sequence,
        }

    def write(self, *lines):
        path = self.service.path(f"journal-{uuid.uuid4()}")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
            file.write("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
        return path

    # what came of it

    def recover(self, path, *words, status=0):
        done = self.service.run("recover", "--journal", path, *words, check=False)
        assert done.returncode == status, done
        return done

    def start(self, path):
        argv = [process.certwright(), "recover", "--journal", path, "--config", self.service.config]
        return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def there(self, lines):
        """Which of the certificates are on record, one True or False each."""
        found = {row[0] for row in self.service.sql("SELECT LOWER(HEX(fingerprint)) FROM certificate")}
        return [line["fingerprint"] in found for line in lines]

    def audits(self, path):
        return int(self.service.value(f"SELECT COUNT(*) FROM audit WHERE detail LIKE '%from {path}:%'"))

    def status(self, line):
        return self.service.value(f"SELECT status FROM certificate WHERE serial = UNHEX('{line['serial']}')")

    def everything(self):
        tables = ("certificate", "revocation_event", "compromised_key", "revoked_certificate", "audit")
        rows = self.service.sql("CHECKSUM TABLE " + ", ".join(tables))
        return rows + self.service.sql("SELECT crl_number FROM authority_generation")
