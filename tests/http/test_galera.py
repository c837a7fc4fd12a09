"""Three hosts over a Galera cluster, each certwright on a node of its own."""

import concurrent.futures
import contextlib
import os
import subprocess
import time

import pytest
from cryptography import x509
from harness import csr, ocsp, process
from harness.galera import Cluster
from harness.ocsp import GOOD, REVOKED
from harness.service import Service, timed

SETTINGS = {"Maintain": {"IntervalSeconds": "1"}, "OCSP": {"UseAuthorizedResponder": "true"}}
JOB = "publish-crls"


@pytest.fixture(scope="module")
def cluster():
    made = Cluster()
    try:
        yield made.start()
    finally:
        made.stop()


class Hosts:
    """Services with one database, keyring and CA, each with its own node, settings and StateDir."""

    def __init__(self, cluster, double):
        self.all = []
        first = Service(cluster.nodes[0], double, SETTINGS)
        self.all.append(first)
        first.make()
        for node in cluster.nodes[1:]:
            same = {name: first.settings["Database"][name] for name in ("Name", "User", "PasswordFile")}
            shared = {"Database": same, "Keys": {"KeyringFile": first.path("keyring")}}
            self.all.append(Service(node, double, {**SETTINGS, **shared}))
            self.all[-1].database = first.database
            # The same schema and CA, and this host's own identity keys.
            self.all[-1].maintain()
        for each in self.all:
            each.start()

    def destroy(self):
        for each in self.all:
            each.stop()
        for each in self.all:
            each.destroy()


@pytest.fixture(scope="module")
def hosts(cluster, double):
    made = Hosts(cluster, double)
    yield made.all
    made.destroy()


def enrolled(service, name="device"):
    answer = service.post_csr(csr.make(name))
    assert answer.status == 200, answer
    return x509.load_der_x509_certificate(answer.body)


def serial_of(certificate):
    return f"{certificate.serial_number:x}"


@pytest.fixture(scope="module")
def issuer(hosts):
    return x509.load_pem_x509_certificate(hosts[0].ca_pem().encode())


def test_what_one_host_issues_every_host_knows(hosts):
    certificate = enrolled(hosts[0], "seen-by-all")
    for host in hosts[1:]:
        shown = host.run("cert", "show", serial_of(certificate)).stdout
        assert "seen-by-all" in shown


# revocation


def asked(host, issuer, certificate):
    """What its OCSP says now; never an answer that was signed before."""
    answer = ocsp.post(host, ocsp.make(ocsp.cert_id(issuer, certificate.serial_number)))
    return ocsp.status(answer)


def test_each_change_is_seen_through_every_other_host_at_once(hosts, issuer):
    changes = [
        ((), (REVOKED, "unspecified")),
        (("--hold",), (REVOKED, "certificateHold")),
        (("--release",), (GOOD, None)),
        (("--reason", "superseded"), (REVOKED, "superseded")),
    ]
    for i, host in enumerate(hosts):
        revoked, held = enrolled(host), enrolled(host)
        others = [each for each in hosts if each is not host]
        for other in others:
            # Signed answers are kept for a while: a change must not wait for that.
            assert asked(other, issuer, revoked) == asked(other, issuer, held) == (GOOD, None)
        for what, expected in changes:
            certificate = revoked if what == () else held
            host.run("cert", "revoke", *what, serial_of(certificate))
            for other in others:
                found, reason = asked(other, issuer, certificate)
                assert found == expected[0] and reason in (expected[1], None), (i, what, found)


@contextlib.contextmanager
def behind(node):
    """A node that applies nothing of what the others commit, until it is left."""
    argv = ["mariadb", "--no-defaults", f"--socket={node.socket}", "--user=root"]
    argv += ["--unbuffered", "--batch", "--skip-column-names"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        try:
            client.stdin.write("FLUSH TABLES WITH READ LOCK; SELECT 'locked';\n")
            client.stdin.flush()
            assert client.stdout.readline().strip() == "locked"
            yield
        finally:
            client.stdin.close()
            client.wait(60)


def asked_with_another(host, issuer, certificate):
    """The same of a request for two, the certificate's own answer being the second."""
    ids = [ocsp.cert_id(issuer, number) for number in (4711, certificate.serial_number)]
    answer = ocsp.post(host, ocsp.make(*ids))
    found = list(ocsp.ocsp.load_der_ocsp_response(answer.body).responses)[1]
    return found.certificate_status, None


@pytest.mark.parametrize("ask", [asked, asked_with_another])
def test_a_host_whose_node_is_behind_waits_and_is_right(hosts, cluster, issuer, ask):
    certificate = enrolled(hosts[0])
    assert ask(hosts[1], issuer, certificate) == (GOOD, None)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with behind(cluster.nodes[1]):
            hosts[0].run("cert", "revoke", serial_of(certificate))
            answer = pool.submit(ask, hosts[1], issuer, certificate)
            with pytest.raises(concurrent.futures.TimeoutError):
                answer.result(0.5)
        assert answer.result(60)[0] == REVOKED


# jobs


def test_all_hosts_sign_with_one_responder(hosts, issuer):
    certificate = enrolled(hosts[0])
    request = ocsp.make(ocsp.cert_id(issuer, certificate.serial_number))
    signers = {ocsp.verify(ocsp.read(ocsp.post(host, request)), issuer) for host in hosts}
    assert len(signers) == 1 and None not in signers
    assert hosts[0].value("SELECT COUNT(*) FROM ocsp_responder") == "1"


def crl_number(host):
    """Of the CRL that this host's web server gives, 0 where there is none."""
    path = os.path.join(host.path("var"), "crl", "demo-1.crl")
    if not os.path.exists(path):
        return 0
    with open(path, "rb") as file:
        crl = x509.load_der_x509_crl(file.read())
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def newest(host):
    return int(host.value("SET wsrep_sync_wait = 1; SELECT MAX(number) FROM crl"))


def begin(host, *words):
    argv = [process.certwright(), "maintain", *words, "--config", host.config]
    return process.Process(argv, host.path(f"maintain-{time.monotonic_ns()}.log"))


def test_every_host_has_its_files(hosts):
    for host in hosts:
        process.wait_until(lambda: crl_number(host) == newest(host), 20, "the newest CRL's file")


def test_forced_on_all_hosts_at_once_a_cluster_job_never_runs_twice(hosts):
    done = 0
    before = newest(hosts[0])
    for _ in range(4):
        runs = [begin(host, JOB) for host in hosts for _ in range(2)]
        statuses = [run.wait(60) for run in runs]
        said = [run.log() for run in runs if run.popen.returncode != 0]
        assert all("another process" in text for text in said), said
        assert 0 in statuses
        done += statuses.count(0)
    # One number each, although they gave them themselves on three nodes.
    assert newest(hosts[1]) == before + done
    test_every_host_has_its_files(hosts)


def test_what_is_due_is_published_once_for_all_hosts(hosts):
    before = newest(hosts[0])
    hosts[0].sql(
        "UPDATE crl SET this_update = this_update - INTERVAL 10 DAY,"
        " next_update = next_update - INTERVAL 10 DAY"
    )
    process.wait_until(lambda: newest(hosts[0]) > before, 20, "a new CRL")
    test_every_host_has_its_files(hosts)
    assert newest(hosts[0]) == before + 1


# The last one: the node does not come back.


def test_when_a_node_is_killed_the_other_hosts_go_on(hosts, cluster, issuer):
    certificate = enrolled(hosts[0])
    cluster.nodes[0].kill()
    # Commits stop until the others have given it up; nobody is refused for that.
    answer, seconds = timed(hosts[1].post_csr, csr.make("meanwhile"))
    assert answer.status == 200, answer
    assert seconds < 60
    assert hosts[0].post_csr(csr.make("cut-off")).status == 503
    hosts[1].run("cert", "revoke", serial_of(certificate))
    assert asked(hosts[2], issuer, certificate)[0] == REVOKED
    before = newest(hosts[2])
    hosts[2].run("maintain", JOB)
    assert newest(hosts[1]) == before + 1
    for host in hosts[1:]:
        process.wait_until(lambda: crl_number(host) == newest(host), 20, "the newest CRL's file")
