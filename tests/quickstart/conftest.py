"""Fixtures of the tests of deploy/quickstart: one tree and one build for all of them."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import pytest

from harness import process, quickstart


def pytest_configure(config):
    process.end_all_on_sigterm()


@pytest.fixture(scope="session")
def tree():
    """The tree as a fresh clone has it."""
    folder = process.short_folder("cwqs")
    os.chmod(folder, 0o755)
    return quickstart.fresh_copy(os.path.join(folder, "tree"))


@pytest.fixture(scope="session")
def demo(tree):
    """The demo that `deploy/quickstart` makes with no option at all; .output is what it printed."""
    made = quickstart.Demo(tree, os.path.join(tree, "demo"))
    made.ports_before = quickstart.outside_ports()
    argv = [os.path.join(tree, "deploy", "quickstart")]
    done = process.subprocess.run(argv, check=False, timeout=240, **made.options())
    assert done.returncode == 0, done.stdout + done.stderr
    made.output = done.stdout
    yield made
    made.down()


@pytest.fixture
def new_demo(tree, demo):
    """Makes demos that use the first one's build: new_demo(); nothing runs yet."""
    made = []

    def make(**options):
        folder = os.path.join(process.short_folder("cwqd"), "demo")
        made.append(quickstart.Demo(tree, folder, **{"build": demo.path("build"), **options}))
        return made[-1]

    yield make
    for each in made:
        each.down(status=None)
