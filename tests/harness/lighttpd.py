"""lighttpd with the sample of deploy/lighttpd in front of a FastCGI socket, and curl to ask it."""

import json
import os
import signal
import socket
import subprocess

from . import process
from .double import identity_double

SAMPLE = os.path.join(process.ROOT, "deploy", "lighttpd", "certwright.conf")
free_port = identity_double.free_port


class Answer:
    """What curl got: the last status and its headers (an interim 100 is passed over), the body."""

    def __init__(self, head, body):
        last = [part for part in head.replace("\r\n", "\n").split("\n\n") if part.strip()][-1]
        first, *lines = last.strip().split("\n")
        self.version, self.status = first.split()[0], int(first.split()[1])
        self.headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            self.headers[name.strip().lower()] = value.strip()
        self.body = body

    def json(self):
        return json.loads(self.body)

    def code(self):
        """errorCode of an error's body, None where there is none."""
        try:
            return self.json().get("errorCode")
        except (ValueError, AttributeError):
            return None

    def __repr__(self):
        return f"<Answer {self.status} {self.headers} {self.body[:300]!r}>"


class CurlFailed(AssertionError):
    """curl ended with another status than 0."""


def curl(*words, ca_bundle=None, body=None, timeout=60):
    """One request by curl; a body goes in through standard input, as it stands."""
    folder = process.short_folder("cwcurl")
    head, out = os.path.join(folder, "head"), os.path.join(folder, "body")
    argv = ["curl", "-q", "-sS", "--noproxy", "*", "--max-time", str(timeout), "-D", head, "-o", out]
    if ca_bundle:
        argv += ["--cacert", ca_bundle]
    if body is not None:
        argv += ["--data-binary", "@-"]
    done = subprocess.run(
        [*argv, *words], input=body, stdin=None if body is not None else subprocess.DEVNULL,
        capture_output=True, check=False, timeout=timeout + 10,
    )  # fmt: skip
    if done.returncode != 0:
        raise CurlFailed(f"curl {done.returncode}: {done.stderr.decode(errors='replace')}")
    with open(head, encoding="latin-1") as file:
        text = file.read()
    if not os.path.exists(out):
        return Answer(text, b"")
    with open(out, "rb") as file:
        return Answer(text, file.read())


class Lighttpd:
    """
    double lends its TLS certificate; client_cas is a PEM text. more is added to the settings in
    front of the sample.
    """

    def __init__(self, fcgi_socket, double, client_cas, more=""):
        self.folder = process.short_folder("cwlt")
        self.ca_bundle = double.ca_bundle
        self.https_port, self.http_port = free_port(), free_port()
        with open(double.path("tls.pem"), encoding="ascii") as leaf:
            chain = leaf.read()
        with open(double.ca_bundle, encoding="ascii") as ca:
            chain += ca.read()
        self.write("tls.pem", chain)
        self.write("clients.pem", client_cas)
        self.conf = self.write("lighttpd.conf", self.settings(fcgi_socket, more))
        self.process = None

    def settings(self, fcgi_socket, more):
        return f"""
server.document-root = "{self.folder}"
server.bind = "127.0.0.1"
server.port = {self.http_port}
server.upload-dirs = ( "{self.folder}" )
server.errorlog = "{self.path('error.log')}"
var.certwright_socket = "{fcgi_socket}"
var.certwright_tls = "127.0.0.1:{self.https_port}"
var.certwright_tls_cert = "{self.path('tls.pem')}"
var.certwright_tls_key = "{self.path('tls.pem')}"
var.certwright_client_cas = "{self.path('clients.pem')}"
{more}
include "{SAMPLE}"
"""

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        identity_double.write_whole(self.path(name), text.encode())
        return self.path(name)

    @property
    def https(self):
        return f"https://127.0.0.1:{self.https_port}"

    @property
    def http(self):
        return f"http://127.0.0.1:{self.http_port}"

    def start(self):
        argv = ["lighttpd", "-D", "-f", self.conf]
        self.process = process.Process(argv, self.path("stderr.log"))
        process.wait_until(self._ready, 20, "lighttpd")
        return self

    def _ready(self):
        if not self.process.alive():
            raise AssertionError(f"lighttpd ended: {self.process.log()}{self.errors()}")
        try:
            for port in (self.https_port, self.http_port):
                socket.create_connection(("127.0.0.1", port), 2).close()
            return True
        except OSError:
            return False

    def errors(self):
        try:
            with open(self.path("error.log"), encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def reopen_logs(self):
        self.process.send(signal.SIGHUP)

    def restart_gracefully(self):
        """It reads its settings again and finishes what it is at."""
        self.process.send(signal.SIGUSR1)

    def stop(self):
        if self.process:
            self.process.stop(10)

    # requests

    def get(self, path, *words, base=None, **options):
        return curl(*words, (base or self.https) + path, ca_bundle=self.ca_bundle, **options)

    def post_csr(self, body, token, *words, base=None):
        """token "" sends none. It goes to curl in a file, for its length and for its secrecy."""
        header = self.write("header", f"Authorization: Bearer {token}\n") if token else None
        sent = ["-H", f"@{header}"] if header else []
        return self.get("/api/csr", *sent, *words, base=base, body=body)
