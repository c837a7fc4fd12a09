"""
Programs of Debian packages that are downloaded and unpacked for the tests, and never installed: the
group `unpacked` of deploy/packages. They are kept in $XDG_CACHE_HOME/certwright-tests.
"""

import contextlib
import fcntl
import os
import shutil
import subprocess
import tempfile

from . import process

LIST = os.path.join(process.ROOT, "deploy", "packages")


def cache():
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(home, "certwright-tests")


def _system():
    """ID-VERSION_ID of this system, as the list has it."""
    with open("/etc/os-release", encoding="utf-8") as file:
        fields = dict(line.strip().split("=", 1) for line in file if "=" in line)
    return "-".join(fields.get(name, "").strip('"') for name in ("ID", "VERSION_ID"))


def package_of(program):
    """The package that the list names for this program."""
    with open(LIST, encoding="utf-8") as file:
        rows = [line.split("#")[0].split() for line in file]
    for row in rows:
        if row[:1] == ["unpacked"] and program in row[2].split(","):
            others = dict(word.split("=") for word in row[3:])
            return others.get(_system(), row[1])
    raise AssertionError(f"{program} is in no package of the group unpacked in {LIST}")


@contextlib.contextmanager
def _locked(folder):
    os.makedirs(folder, mode=0o700, exist_ok=True)
    with open(os.path.join(folder, "lock"), "wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _run(argv, folder):
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    what = " ".join(argv)
    assert done.returncode == 0, f"{what}: {done.stderr}{done.stdout} (`apt-get update` may help)"


def _unpack(package, target):
    with tempfile.TemporaryDirectory(dir=os.path.dirname(target)) as folder:
        os.chmod(folder, 0o755)  # apt downloads as an account of its own
        _run(["apt-get", "-q", "download", package], folder)
        found = [name for name in os.listdir(folder) if name.endswith(".deb")]
        assert len(found) == 1, found
        _run(["dpkg-deb", "-x", found[0], "tree"], folder)
        shutil.rmtree(target, ignore_errors=True)
        os.rename(os.path.join(folder, "tree"), target)


def program(name):
    """The path of this program; what it takes to have it is done at the first call."""
    package = package_of(name)
    target = os.path.join(cache(), package)
    path = os.path.join(target, "usr", "bin", name)
    with _locked(cache()):
        if not os.access(path, os.X_OK):
            _unpack(package, target)
    assert os.access(path, os.X_OK), f"{package} has no /usr/bin/{name}"
    return path
