"""Load through a web server: threads that enroll until told to stop, and what became of each request."""

import http.client
import ssl
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from . import csr, process


class Load:
    """
    Clients that enroll one certificate after another, each on a new TLS connection to https_port of
    this web server. Each client has a request of its own and asks with the same headers (the
    service's default token where none are given).

    received: the certificates of the 200 answers. refused: (status, body) of the other answers.
    cut: (client's body, what was wrong) where no whole answer came; a refused connection is none, for
    nothing was asked then: the client tries again.

    path, headers, context (an ssl.SSLContext, say with a client certificate) and certificate (makes
    the DER of an answer's body) suit it to another way to enroll. timeout: seconds for an answer.
    """

    def __init__(self, web, service, clients=4, **how):
        self.web = web
        self.path = how.pop("path", "/api/csr")
        self.headers = how.pop("headers", None)
        if self.headers is None:
            self.headers = service.double.bearer()
        self.context = how.pop("context", None) or ssl.create_default_context(cafile=web.ca_bundle)
        self.certificate = how.pop("certificate", bytes)
        self.timeout = how.pop("timeout", 45)
        assert not how, how
        self.received, self.refused, self.cut = [], [], []
        self.ending = False
        self.lock = threading.Lock()
        bodies = [csr.make(f"load-{i}") for i in range(clients)]
        self.threads = [threading.Thread(target=self._run, args=(b,), daemon=True) for b in bodies]

    def once(self, body):
        """(status, body) of one request; OSError or HTTPException where it was cut."""
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.web.https_port, timeout=self.timeout, context=self.context
        )
        try:
            connection.request("POST", self.path, body, self.headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def _run(self, body):
        while not self.ending:
            try:
                status, answer = self.once(body)
            except ConnectionRefusedError:
                time.sleep(0.02)
                continue
            except (OSError, http.client.HTTPException) as error:
                with self.lock:
                    self.cut.append((body, repr(error)))
                continue
            with self.lock:
                if status == 200:
                    self.received.append(self.certificate(answer))
                else:
                    self.refused.append((status, answer))

    def faults(self):
        return self.refused + [what for _, what in self.cut]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        self.more()
        return self

    def more(self, count=20):
        """Waits until this many more were enrolled, or one was not."""
        wanted = len(self.received) + count
        faults = len(self.faults())
        process.wait_until(
            lambda: len(self.faults()) > faults or len(self.received) >= wanted, 40, f"{count} certificates"
        )

    def __exit__(self, *_):
        self.ending = True
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive()

    # what must hold in the end

    def not_on_record(self, service):
        """Certificates that a client has and the database has not."""
        known = {row[0] for row in service.sql("SELECT LOWER(HEX(fingerprint)) FROM certificate")}
        return [der for der in self.received if fingerprint(der) not in known]

    def ask_again(self):
        """Sends what was cut once more; the answers that are not 200."""
        answers = [self.once(body) for body in {body for body, _ in self.cut}]
        return [answer for answer in answers if answer[0] != 200]


def fingerprint(der):
    return x509.load_der_x509_certificate(der).fingerprint(hashes.SHA256()).hex()
