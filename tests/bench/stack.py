"""What the benchmarks run: a durable MariaDB, certwright behind lighttpd, cfssl beside them."""

import base64
import hashlib
import hmac
import json
import os
import socket
import sys
import urllib.error
import urllib.request

from cryptography.hazmat.primitives import serialization

from harness import csr, process
from harness.double import RunningDouble, identity_double
from harness.mariadb import MariaDB
from harness.service import Service

DURABLE = ("--innodb-buffer-pool-size=128M", "--innodb-log-file-size=96M", "--max-connections=200")
CFSSL_KEY = "00112233445566778899aabbccddeeff"
# cfssl brings its tables as goose migrations that Debian does not ship.
CFSSL_TABLE = (
    "CREATE TABLE certificates (serial_number VARBINARY(128) NOT NULL,"
    " authority_key_identifier VARBINARY(128) NOT NULL, ca_label VARBINARY(128),"
    " status VARBINARY(128) NOT NULL, reason INT, expiry DATETIME, revoked_at DATETIME,"
    " pem VARBINARY(4096) NOT NULL, PRIMARY KEY (serial_number, authority_key_identifier))"
)


def request():
    """The DER request that both programs get: P-256, a subject and one name."""
    subject = csr.name("device-0001.example.com", ORGANIZATION_NAME="Example")
    return csr.make(subject, csr.dns("device-0001.example.com"))


def write(path, text, mode=0o600):
    identity_double.write_whole(path, text if isinstance(text, bytes) else text.encode(), mode)
    return path


def post(url, body, headers):
    """(status, body) of one POST; status 0 while nobody listens."""
    asked = urllib.request.Request(url, body, headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(asked, timeout=40) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except urllib.error.URLError:
        return 0, b""


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 2).close()
        return True
    except OSError:
        return False


class Base:
    """What the programs share: the database server, the identity double and one request."""

    def __init__(self):
        if not os.access(process.certwright(), os.X_OK):
            sys.exit(f"no program at {process.certwright()}; build it or set CERTWRIGHT_BIN")
        self.mariadb = MariaDB(options=DURABLE).start()
        self.double = RunningDouble.make()
        self.request = request()


class Server:
    """A program on an HTTP port, and how one certificate is asked of it."""

    table = None

    def start_on(self, port, argv, log):
        self.process = process.Process(argv, log)
        try:
            process.wait_until(lambda: listens(port) or not self.process.alive(), 20, argv[0])
            assert self.process.alive(), "it ended"
        except AssertionError as error:
            sys.exit(f"{argv[0]}: {error}\n{self.process.log()}")

    def rows(self):
        return int(self.mariadb.value(f"SELECT COUNT(*) FROM {self.table}", self.database))

    def empty(self):
        """Each run begins with an empty table, so that its indexes are in memory."""
        self.mariadb.sql(f"SET foreign_key_checks = 0; TRUNCATE TABLE {self.table}", self.database)

    def check(self):
        """One certificate, looked at."""
        status, body = post(self.url, self.body, self.headers)
        if status != 200 or not self.is_good(body):
            sys.exit(f"{self.name}: answer {status} {body[:400]!r}\n{self.process.log()[-2000:]}")


class Certwright(Server):
    """certwright behind lighttpd, over plain HTTP."""

    name, table = "certwright", "certificate"

    def __init__(self, base, ca="p256", server=None, more=None):
        self.base, self.mariadb = base, base.mariadb
        self.port = identity_double.free_port()
        origin = f"http://127.0.0.1:{self.port}"
        settings = {"AllowPlainHttp": "true", "HttpBaseUrl": origin, **(server or {})}
        settings = {"Server": settings, **(more or {})}
        self.service = Service(base.mariadb, base.double, settings).make(ca)
        self.service.start()
        self.database = self.service.database
        self.start_on(self.port, self.lighttpd(), self.service.path("lighttpd.log"))
        self.url, self.body = f"{origin}/api/csr", base.request
        self.headers = {**base.double.bearer(), "Content-Type": "application/pkcs10"}
        self.check()

    @staticmethod
    def is_good(body):
        return body[:1] == b"\x30"

    def lighttpd(self):
        """Its command line; the sample of deploy/ is what is measured."""
        folder, double = self.service.folder, self.base.double
        with open(double.path("tls.pem"), "rb") as leaf, open(double.ca_bundle, "rb") as ca:
            tls = write(f"{folder}/tls.pem", leaf.read() + ca.read())
        write(f"{folder}/clients.pem", self.service.ca_pem())
        conf = f"""
server.document-root = "{folder}"
server.bind = "127.0.0.1"
server.port = {self.port}
server.upload-dirs = ( "{folder}" )
server.max-keep-alive-requests = 100000
var.certwright_socket = "{self.service.socket}"
var.certwright_public_socket = "{self.service.socket}"
var.certwright_tls = "127.0.0.1:{identity_double.free_port()}"
var.certwright_public_tls = "127.0.0.1:{identity_double.free_port()}"
var.certwright_tls_cert = "{tls}"
var.certwright_tls_key = "{tls}"
var.certwright_client_cas = "{folder}/clients.pem"
include "{process.ROOT}/deploy/lighttpd/certwright.conf"
"""
        return ["lighttpd", "-D", "-f", write(f"{folder}/lighttpd.conf", conf)]

    def processes(self):
        """Name and pids of what serves a request."""
        pids = [self.service.pid, *process.children(self.service.pid)]
        return {"web": [self.process.pid], "app": pids, "db": [self.mariadb.pid]}

    def stop(self):
        self.process.stop(10)
        self.service.destroy()


class Cfssl(Server):
    """Debian's `cfssl serve`, with authsign and its table in the same MariaDB server."""

    name, table = "cfssl", "certificates"

    def __init__(self, base, ca="p256"):
        self.mariadb = base.mariadb
        self.folder = process.short_folder("cwcf")
        self.database = f"cfssl{os.getpid()}{ca}"
        self.port = identity_double.free_port()
        self.mariadb.create(self.database, "cfssl")
        self.mariadb.sql(CFSSL_TABLE, self.database)
        self.start_on(self.port, self.serve(ca), f"{self.folder}/log")
        self.url = f"http://127.0.0.1:{self.port}/api/v1/cfssl/authsign"
        self.headers = {"Content-Type": "application/json"}
        self.body = self.signed(base.request)
        self.check()

    @staticmethod
    def is_good(body):
        return json.loads(body)["success"] is True

    @staticmethod
    def signed(der):
        """The request in the two wrappings of authsign."""
        inner = json.dumps({"certificate_request": csr.pem(der).decode()}).encode()
        token = hmac.new(bytes.fromhex(CFSSL_KEY), inner, hashlib.sha256).digest()
        outer = {"token": token, "request": inner}
        return json.dumps({k: base64.b64encode(v).decode() for k, v in outer.items()}).encode()

    def serve(self, ca):
        """Its command line; writes the CA and the two files of settings."""
        key = csr.new_key(ca)
        usage = identity_double.x509.KeyUsage(*[False] * 5, True, True, False, False)
        basic = identity_double.x509.BasicConstraints(True, 0)
        cert = identity_double.certificate(
            "Benchmark CA", "Benchmark CA", key, key, [(basic, True), (usage, True)]
        )
        key_pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        profile = {"usages": ["digital signature", "client auth"], "expiry": "8760h"}
        signing = {
            "signing": {"default": {**profile, "auth_key": "k"}},
            "auth_keys": {"k": {"type": "standard", "key": CFSSL_KEY}},
        }
        source = f"{self.database}:cfssl@unix({self.mariadb.socket})/{self.database}?parseTime=true"
        path = self.folder
        return [
            "cfssl", "serve", "-address=127.0.0.1", f"-port={self.port}", "-loglevel=3",
            "-ca", write(f"{path}/ca.pem", identity_double.public_pem(cert)),
            "-ca-key", write(f"{path}/ca.key", key_pem),
            "-config", write(f"{path}/config.json", json.dumps(signing)),
            "-db-config",
            write(f"{path}/db.json", json.dumps({"driver": "mysql", "data_source": source})),
        ]  # fmt: skip

    def processes(self):
        return {"app": [self.process.pid], "db": [self.mariadb.pid]}

    def stop(self):
        self.process.stop(10)
        self.mariadb.drop(self.database)
