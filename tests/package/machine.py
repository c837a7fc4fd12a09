"""A throw-away machine: this system with changes of its own, under a systemd of its own."""

import os
import signal
import subprocess

from harness import process

INIT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "machine-init")
# The end of this process, however it comes, ends unshare, and that ends the machine with all in it.
START = """
echo $$ >"$1/cgroup.procs" || exit
exec setpriv --pdeathsig KILL unshare --mount --pid --fork --uts --ipc --cgroup --kill-child=KILL \
	"$2" "$3"
"""
# What the packages' scripts and the tests are to see, whatever the environment of this process is.
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
    "HOME": "/root",
}


class NoMachine(Exception):
    """This system does not let us make one; the text says why."""


class CommandFailed(AssertionError):
    """A command in the machine ended with another status than 0."""


def cgroup_root():
    """Where the system has its unified tree of control groups."""
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        for line in file:
            mount, _, kind = line.partition(" - ")
            if kind.split()[0] == "cgroup2":
                return mount.split()[4]
    raise NoMachine("there is no cgroup2 file system")


class Machine:
    """
    The files of this system below a layer in memory, in a mount, process and control group namespace,
    with systemd as its process 1. The network is this system's. Needs root, and the right to make
    namespaces and mounts.
    """

    count = 0

    def __init__(self):
        Machine.count += 1
        self.folder = process.short_folder("cwpk")
        os.chmod(self.folder, 0o755)
        self.share = os.path.join(self.folder, "share")
        os.mkdir(self.share, 0o755)
        self.cgroup = None
        self.process = None
        self.pid = None

    def start(self):
        if os.geteuid() != 0:
            raise NoMachine("not root")
        self.cgroup = os.path.join(cgroup_root(), f"certwright-test-{os.getpid()}-{self.count}")
        try:
            os.mkdir(self.cgroup)
        except OSError as error:
            raise NoMachine(f"{self.cgroup}: {error.strerror}") from error
        argv = ["sh", "-c", START, "sh", self.cgroup, INIT, self.folder]
        self.process = process.Process(argv, os.path.join(self.folder, "console.log"))
        process.at_end(self)
        process.wait_until(self._is_up, 60, "the machine's systemd")
        return self

    def _is_up(self):
        if not self.process.alive():
            raise NoMachine(f"namespaces or mounts are refused: {self.process.log()[-1000:]}")
        if self.pid is None:
            found = process.children(self.process.pid)
            self.pid = found[0] if found else None
            return False
        if not os.path.exists(self.path("/run/systemd/private")):
            return False
        state = self.run("systemctl", "is-system-running", check=False).stdout.strip()
        return state in ("running", "degraded")

    def stop(self, *_):
        """Process 1 is the last that the kernel ends: when it is gone, so is everything."""
        if self.process:
            if self.pid and self.process.alive():
                os.kill(self.pid, signal.SIGKILL)
            self.process.stop(10, signal.SIGKILL)
            self.process = None
            process.not_at_end(self)
        if self.cgroup:
            process.wait_until(self._is_cgroup_gone, 10, "the machine's control groups")
            self.cgroup = None

    def _is_cgroup_gone(self):
        try:
            for folder, _, _ in os.walk(self.cgroup, topdown=False):
                os.rmdir(folder)
        except OSError:
            return False
        return not os.path.exists(self.cgroup)

    # what is in it

    def path(self, path):
        """How this process reaches a path of the machine's."""
        return f"/proc/{self.pid}/root{path}"

    def read(self, path):
        with open(self.path(path), encoding="utf-8") as file:
            return file.read()

    def write(self, path, text, mode=0o644):
        with open(os.open(self.path(path), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)

    def accounts(self):
        """{name: its line of /etc/passwd as a list}."""
        lines = [line.split(":") for line in self.read("/etc/passwd").splitlines()]
        return {line[0]: line for line in lines}

    def stat(self, path):
        """(mode, owner, group) as ls would show them there."""
        return tuple(self.run("stat", "-c", "%a %U %G", path).stdout.split())

    def exists(self, path):
        return os.path.lexists(self.path(path))

    # commands

    def enter(self, *words, user=None):
        """The command line that runs one in the machine."""
        argv = ["nsenter", f"--target={self.pid}", "--mount", "--uts", "--ipc", "--pid", "--cgroup"]
        argv += ["--root", "--wd=/", "--"]
        if user:
            argv += ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--"]
        return argv + list(words)

    def run(self, *words, check=True, user=None, env=None, timeout=120, text=None):
        """Runs a command there, with text as its input; the CompletedProcess (texts)."""
        done = subprocess.run(
            self.enter(*words, user=user),
            env={**ENVIRONMENT, **(env or {})},
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
            **({"stdin": subprocess.DEVNULL} if text is None else {"input": text}),
        )
        if check and done.returncode != 0:
            raise CommandFailed(f"{' '.join(words)}: {done.returncode}: {done.stdout}{done.stderr}")
        return done

    def show(self, unit, name):
        """A property of a unit."""
        return self.run("systemctl", "show", "--value", f"--property={name}", unit).stdout.strip()

    def is_active(self, unit):
        return self.show(unit, "ActiveState") == "active"

    def journal(self, unit):
        return self.run("journalctl", "--no-pager", "-o", "cat", "-u", unit).stdout

    def processes(self):
        """{pid here: {field of /proc/PID/status: its text}} of all in it."""
        found = {}
        for pid in process.processes():
            try:
                if os.readlink(f"/proc/{pid}/ns/pid") == os.readlink(f"/proc/{self.pid}/ns/pid"):
                    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
                        parts = (line.partition(":") for line in file)
                        found[pid] = {name: value.strip() for name, _, value in parts}
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                pass
        return found

    def processes_of(self, uid):
        """The names of this account's processes in it."""
        return [f["Name"] for f in self.processes().values() if f["Uid"].split()[0] == str(uid)]

    def main_pid(self, unit):
        """The unit's main process as this process sees it. There must be one: kill(0) would be us."""
        inside = self.show(unit, "MainPID")
        found = [p for p, fields in self.processes().items() if fields["NSpid"].split()[-1] == inside]
        assert len(found) == 1, f"{unit} has no main process: {self.journal(unit)[-2000:]}"
        return found[0]
