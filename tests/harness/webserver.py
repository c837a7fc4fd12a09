"""What the web servers of the tests have in common, and curl to ask them."""

import json
import os
import socket
import subprocess

from . import process
from .double import identity_double

free_port = process.free_port


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


class WebServer:
    """
    A real web server with a sample of deploy/ in front of certwright. It listens on three ports of
    loopback: https_port asks for a client certificate and takes none too, public_port speaks TLS
    and never asks, http_port is plain. double lends its TLS certificate; client_cas is a PEM text.

    A subclass sets name, writes its settings in __init__ after this one's, and implements argv()
    (the program in the foreground), reload() (graceful: new settings, requests under way finish)
    and stop_gracefully() where it differs from SIGTERM.
    """

    name = ""
    log_file = "error.log"

    def __init__(self, double, client_cas):
        self.folder = process.short_folder("cwweb")
        self.ca_bundle = double.ca_bundle
        self.https_port, self.public_port, self.http_port = (free_port() for _ in range(3))
        with open(double.path("tls.pem"), encoding="ascii") as leaf:
            chain = leaf.read()
        with open(double.ca_bundle, encoding="ascii") as ca:
            chain += ca.read()
        self.write("tls.pem", chain)
        self.write("clients.pem", client_cas)
        # where the web server looks for CRL files: [CRL] Directory of the service, where it has one
        self.crl_folder = self.path("crl")
        self.process = None

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        identity_double.write_whole(self.path(name), text.encode())
        return self.path(name)

    @property
    def https(self):
        return f"https://127.0.0.1:{self.https_port}"

    @property
    def public(self):
        return f"https://127.0.0.1:{self.public_port}"

    @property
    def http(self):
        return f"http://127.0.0.1:{self.http_port}"

    def argv(self):
        raise NotImplementedError

    def reload(self):
        raise NotImplementedError

    def start(self):
        self.process = process.Process(self.argv(), self.path("stderr.log"))
        process.wait_until(self._ready, 20, self.name)
        return self

    def _ready(self):
        if not self.process.alive():
            raise AssertionError(f"{self.name} ended: {self.process.log()}{self.errors()}")
        try:
            for port in (self.https_port, self.public_port, self.http_port):
                socket.create_connection(("127.0.0.1", port), 2).close()
            return True
        except OSError:
            return False

    def errors(self):
        try:
            with open(self.path(self.log_file), encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def stop(self):
        if self.process:
            self.process.stop(10)

    # requests

    def get(self, path, *words, base=None, **options):
        return curl(*words, (base or self.https) + path, ca_bundle=self.ca_bundle, **options)

    def post_csr(self, body, token, *words, base=None, path="/api/csr"):
        """token "" sends none. It goes to curl in a file, for its length and for its secrecy."""
        header = self.write("header", f"Authorization: Bearer {token}\n") if token else None
        sent = ["-H", f"@{header}"] if header else []
        return self.get(path, *sent, *words, base=base, body=body)
