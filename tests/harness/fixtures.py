"""The fixtures that tests/http and tests/web share; their conftest.py imports all of them."""

import os

import pytest

from . import process
from .double import RunningDouble
from .mariadb import MariaDB
from .scep_profiles import Bench
from .service import Service


def pytest_configure(config):
    process.end_all_on_sigterm()
    program = process.certwright()
    if not os.access(program, os.X_OK):
        pytest.exit(f"no program at {program}; build it or set CERTWRIGHT_BIN", 2)


@pytest.fixture(scope="session")
def mariadb():
    """One private MariaDB for the whole session; each service has a database of its own in it."""
    server = MariaDB().start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def double():
    """One identity double for the session. Tests that switch it take own_double."""
    running = RunningDouble.make()
    yield running
    running.stop()


@pytest.fixture
def own_double():
    """A double for one test that switches it, stops it or rotates its key."""
    running = RunningDouble.make()
    yield running
    running.stop()


@pytest.fixture
def own_mariadb():
    """A MariaDB for one test that stops, pauses or kills it."""
    server = MariaDB().start()
    yield server
    server.resume()
    server.stop()


@pytest.fixture(scope="module")
def service(request, mariadb, double):
    """
    A running certwright for the module, with a P-256 CA and identity keys. The module may set
    SETTINGS ({section: {key: value}}), CA_KEY and START (options of Service.start).
    """
    made = Service(mariadb, double, getattr(request.module, "SETTINGS", None))
    try:
        made.make(getattr(request.module, "CA_KEY", "p256"))
        made.start(**getattr(request.module, "START", {}))
        yield made
    finally:
        made.destroy()


@pytest.fixture(scope="module")
def bench(request, mariadb, double):
    """A running certwright for the module with what SCEP profiles refer to; SETTINGS as above."""
    made = Bench(mariadb, double, getattr(request.module, "SETTINGS", None))
    made.service.start()
    yield made
    made.destroy()


@pytest.fixture
def new_service(mariadb, double):
    """Makes services for one test: new_service(settings, mariadb=..., double=...); not started."""
    made = []

    def make(settings=None, **others):
        made.append(Service(others.get("mariadb", mariadb), others.get("double", double), settings))
        return made[-1]

    yield make
    for each in made:
        each.destroy()
