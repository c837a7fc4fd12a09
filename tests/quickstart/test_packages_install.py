"""deploy/packages-install as root of a folder, with stand-ins for Debian's tools."""

import fcntl
import os
import signal
import subprocess

import pytest
from harness import process

WANTS = "etc/systemd/system/multi-user.target.wants"
OTHERS = "#!/bin/sh\n# somebody else's\nexit 0\n"
STAND_INS = {
    "id": "echo 0",
    "dpkg-query": '[ -e "$HERE/wanted" ] && [ "$4" = lighttpd ] || echo installed',
    "update-rc.d": 'echo "$@" >>"$HERE/update-rc.d.log"',
    "apt-get": """echo "$@" >>"$HERE/apt-get.log"
case $* in *install*) ;; *) exit 0 ;; esac
"$HERE/usr/sbin/policy-rc.d" lighttpd start
echo $? >"$HERE/policy.status"
ln -s /lib/lighttpd.service "$HERE/etc/systemd/system/multi-user.target.wants/lighttpd.service"
ln -s ../init.d/lighttpd "$HERE/etc/rc2.d/S01lighttpd"
[ ! -e "$HERE/hang" ] || { : >"$HERE/hangs"; while [ -e "$HERE/hang" ]; do sleep 0.05; done; }
exit "$(cat "$HERE/apt-get.status")"
""",
}


class System:
    """The folder, and the program in it that takes it for the system's root."""

    def __init__(self):
        self.folder = process.short_folder("cwroot")
        for name in ("bin", "deploy", "usr/sbin", "run", "etc/rc2.d"):
            os.makedirs(self.path(name))
        os.makedirs(self.path(WANTS))
        os.symlink("/lib/ssh.service", self.path(f"{WANTS}/ssh.service"))
        os.symlink("../init.d/ssh", self.path("etc/rc2.d/S01ssh"))
        for name, text in STAND_INS.items():
            self.write(f"bin/{name}", f"#!/bin/sh\n{text}\n", 0o755)
        self.write("wanted", "")
        self.write("apt-get.status", "0")
        for name in ("packages", "packages-install"):
            with open(os.path.join(process.ROOT, "deploy", name), encoding="utf-8") as file:
                text = file.read()
            if name == "packages-install":
                assert text.count("\nroot=\n") == 1
                text = text.replace("\nroot=\n", f"\nroot={self.folder}\n")
            self.write(f"deploy/{name}", text, 0o755)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text, mode=0o644):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(name), mode)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def begin(self):
        path = f"{self.path('bin')}:{os.environ['PATH']}"
        env = {**os.environ, "HERE": self.folder, "PATH": path}
        argv = [self.path("deploy/packages-install"), "build", "quickstart"]
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(argv, env=env, start_new_session=True, **options)

    def run(self, status=0):
        running = self.begin()
        out, errors = running.communicate(timeout=30)
        assert running.returncode == status, out + errors
        return out

    def begin_and_hang(self):
        self.write("hang", "")
        running = self.begin()
        process.wait_until(lambda: os.path.exists(self.path("hangs")), 20, "apt-get")
        return running

    def release(self, running):
        os.remove(self.path("hang"))
        running.communicate(timeout=30)
        return running.returncode

    def assert_guarded(self):
        """No service of a package may be started meanwhile, and none stays enabled."""
        assert self.read("policy.status") == "101\n"
        assert self.read("update-rc.d.log").splitlines()[-1] == "lighttpd disable"
        assert "ssh" not in self.read("update-rc.d.log")
        assert os.listdir(self.path(WANTS)) == ["ssh.service"]

    def assert_policy(self, before):
        assert sorted(os.listdir(self.path("usr/sbin"))) == (["policy-rc.d"] if before else [])
        if before:
            assert self.read("usr/sbin/policy-rc.d") == before
            assert os.stat(self.path("usr/sbin/policy-rc.d")).st_mode & 0o777 == 0o755


@pytest.fixture(name="before", params=[None, OTHERS], ids=["no-policy", "a-policy"])
def fixture_before(request):
    return request.param


@pytest.fixture(name="system")
def fixture_system(before):
    made = System()
    if before:
        made.write("usr/sbin/policy-rc.d", before, 0o755)
    return made


@pytest.mark.parametrize("status", [0, 100])
def test_services_are_held_back_and_the_policy_is_put_back(system, before, status):
    system.write("apt-get.status", str(status))
    out = system.run(status)
    assert "installing lighttpd\n" in out and "disabling lighttpd.service" in out
    assert system.read("apt-get.log").splitlines()[0].startswith("update")
    assert system.read("apt-get.log").splitlines()[1].endswith(" lighttpd")
    system.assert_guarded()
    system.assert_policy(before)


@pytest.mark.parametrize(
    "number,status", [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 143)]
)
def test_a_signal_in_the_middle_puts_the_policy_back(system, before, number, status):
    running = system.begin_and_hang()
    running.send_signal(number)
    assert system.release(running) == status
    system.assert_guarded()
    system.assert_policy(before)


def test_a_run_that_was_killed_is_put_right_though_all_is_installed(system, before):
    running = system.begin_and_hang()
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate(timeout=30)
    os.remove(system.path("hang"))
    assert "certwright" in system.read("usr/sbin/policy-rc.d")
    os.remove(system.path("wanted"))
    assert system.run() == ""
    system.assert_policy(before)


def test_all_installed_changes_nothing(system, before):
    os.remove(system.path("wanted"))
    assert system.run() == ""
    system.assert_policy(before)
    assert not os.path.exists(system.path("apt-get.log")) and os.listdir(system.path("run")) == []


def test_the_lock_is_root_s_alone_and_makes_the_second_wait(system, before):
    name = "run/certwright-packages.lock"
    system.run()
    assert os.stat(system.path(name)).st_mode & 0o777 == 0o600
    os.remove(system.path("etc/rc2.d/S01lighttpd"))
    with open(system.path(name), "r+", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        running = system.begin()
        assert running.stdout.readline() == "installing lighttpd\n"
        with pytest.raises(subprocess.TimeoutExpired):
            running.wait(timeout=0.5)
        system.assert_policy(before)
    running.communicate(timeout=30)
    assert running.returncode == 0
    system.assert_policy(before)
