"""Fixtures of the tests of the Debian package: two versions of it, and a machine to install them in."""

import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import pytest

from harness import process, quickstart
from harness.double import RunningDouble
from harness.mariadb import SERVER_OPTIONS, MariaDB
from machine import Machine, NoMachine

NEXT_MIGRATION = """-- compatible-from: {version}
CREATE TABLE IF NOT EXISTS of_the_next_version (id INT NOT NULL, PRIMARY KEY (id)) ENGINE=InnoDB
"""


def pytest_configure(config):
    process.end_all_on_sigterm()


def built(*argv, cwd):
    done = subprocess.run(
        argv,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
        timeout=900,
        env={n: v for n, v in os.environ.items() if not n.startswith(("MAKE", "MFLAGS", "DEB_"))},
    )
    assert done.returncode == 0, f"{' '.join(argv)}: {done.returncode}: {done.stdout[-4000:]}"
    return done.stdout


class Packages:
    """
    This tree's package and that of a next version: with a higher number, other settings to install and
    one more migration.
    """

    def __init__(self):
        folder = process.short_folder("cwpb")
        self.tree = quickstart.fresh_copy(os.path.join(folder, "tree"))
        self.build = os.path.join(folder, "build")
        os.mkdir(self.build)
        built("autoreconf", "-fi", cwd=self.tree)
        built(os.path.join(self.tree, "configure"), "-q", cwd=self.build)
        self.version = self.number()
        self.first = self.make()
        self.next_version = self.advance()
        self.next = self.make()

    def path(self, name):
        return os.path.join(self.tree, name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def number(self):
        return re.search(r"AC_INIT\(\[certwright\], \[([0-9.]+)\]\)", self.read("configure.ac"))[1]

    def make(self):
        """`make deb`; the package is the only one in the build folder whose version is the tree's."""
        built("make", "-s", "deb", cwd=self.build)
        argv = ["dpkg-architecture", "-qDEB_HOST_ARCH"]
        arch = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()
        package = os.path.join(self.build, f"certwright_{self.number()}_{arch}.deb")
        assert os.path.exists(package), os.listdir(self.build)
        assert not os.path.exists(os.path.join(self.build, "deb-build"))
        return package

    def advance(self):
        version = f"{self.version}.1"
        text = self.read("configure.ac")
        self.write("configure.ac", text.replace(f"[{self.version}]", f"[{version}]", 1))
        self.write("deploy/sql/9999-next.sql", NEXT_MIGRATION.format(version=self.version))
        self.write("deploy/certwright.conf", self.read("deploy/certwright.conf") + "# The next.\n")
        built("tests/listing", "--update", cwd=self.tree)
        return version


class InnerMariaDB(MariaDB):
    """
    A MariaDB in the machine, at /run/mysqld/mysqld.sock there as Debian's; so it knows the machine's
    accounts, which IDENTIFIED VIA unix_socket needs.
    """

    def __init__(self, machine):
        super().__init__(machine.share)
        self.machine = machine
        self.socket = os.path.join(self.folder, "mysqld.sock")

    def start(self):
        self.install()
        argv = ["mariadbd", "--no-defaults", f"--user={self.user}", f"--datadir={self.data}"]
        argv += [f"--socket={self.socket}", f"--pid-file={self.folder}/pid"]
        argv = self.machine.enter(*argv, f"--tmpdir={self.folder}", *SERVER_OPTIONS)
        self.server = process.Process(argv, self.log)
        process.wait_until(self._ready, 60, "MariaDB")
        return self


@pytest.fixture(scope="session")
def packages():
    return Packages()


@pytest.fixture(scope="session")
def double():
    running = RunningDouble.make()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def machine():
    """One for the whole module, whose tests tell the life of the package in their order."""
    made = Machine()
    try:
        try:
            made.start()
        except NoMachine as error:
            pytest.skip(f"a throw-away machine cannot be made here: {error}")
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def mariadb(machine):
    server = InnerMariaDB(machine).start()
    yield server
    server.stop()
