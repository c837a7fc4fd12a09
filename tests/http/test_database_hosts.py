"""The database over TCP: a list of hosts, and TLS with its name checked."""

import os
import subprocess

import pytest

from harness import csr, process
from harness.mariadb import MariaDB
from harness.process import free_port


def certificate(folder, name, san):
    """A self-signed certificate with its key, for a server of this name."""
    out, key = os.path.join(folder, f"{name}.pem"), os.path.join(folder, f"{name}.key")
    argv = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    argv += ["-nodes", "-days", "30", "-subj", f"/CN={name}", "-addext", f"subjectAltName={san}"]
    subprocess.run([*argv, "-keyout", key, "-out", out], check=True, capture_output=True)
    return out, key


@pytest.fixture(scope="module")
def tls():
    """A MariaDB on loopback with a certificate for localhost."""
    folder = process.short_folder("cwtls")
    cert, key = certificate(folder, "localhost", "DNS:localhost")
    other, _ = certificate(folder, "other", "DNS:localhost")
    port = free_port()
    options = ["--skip-networking=0", "--bind-address=127.0.0.1", f"--port={port}"]
    server = MariaDB(options=[*options, f"--ssl-cert={cert}", f"--ssl-key={key}"]).start()
    server.port, server.cert, server.other = port, cert, other
    yield server
    server.stop()


def over_tcp(service, hosts, ca):
    """The same database by host; accounts are told apart by where they come from."""
    name = service.database
    service.mariadb.sql(
        f"CREATE OR REPLACE USER {name}@'127.0.0.1' IDENTIFIED BY '{service.password}' REQUIRE SSL;"
        f"GRANT ALL ON {name}.* TO {name}@'127.0.0.1';"
    )
    service.configure({"Database": {"Socket": None, "Hosts": hosts, "TlsCa": ca}})


def test_tls_with_a_dead_host_first(new_service, tls):
    service = new_service(mariadb=tls).make()
    over_tcp(service, f"127.0.0.1:{free_port()}, localhost:{tls.port}", tls.cert)
    service.start()
    assert service.post_csr(csr.make("d")).status == 200


def test_a_certificate_of_another_ca_is_refused(new_service, tls):
    service = new_service(mariadb=tls).make()
    over_tcp(service, f"localhost:{tls.port}", tls.other)
    done = service.run("migrate", "--status", check=False)
    assert done.returncode == 69 and service.password not in done.stderr
    service.start()
    response = service.post_csr(csr.make("d"))
    assert response.status == 503 and response.code() == 5030


def test_another_name_than_the_certificates_is_refused(new_service, tls):
    service = new_service(mariadb=tls).make()
    over_tcp(service, f"127.0.0.1:{tls.port}", tls.cert)  # it is localhost's
    assert service.run("migrate", "--status", check=False).returncode == 69
    over_tcp(service, f"localhost:{tls.port}", tls.cert)
    assert service.run("migrate", "--status").returncode == 0


def test_without_tls_ca_there_is_no_tls(new_service, tls):
    service = new_service(mariadb=tls).make()
    over_tcp(service, f"127.0.0.1:{tls.port}", None)
    assert service.run("migrate", "--status", check=False).returncode == 69
