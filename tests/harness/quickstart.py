"""deploy/quickstart, run as a user would in a tree of its own, and what it leaves on the system."""

import os
import pwd
import re
import shutil
import subprocess

from . import process

SERVICES = ("db", "double", "serve", "web")
NOT_OURS = re.compile(r"(\./)?(build[^/]*|demo|autom4te\.cache|\.git)(/|$)")


def tracked():
    """The paths of the tree as a fresh clone has them: in a clone git tells, else all but builds."""
    if os.path.exists(os.path.join(process.ROOT, ".git")):
        argv = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        done = subprocess.run(argv, cwd=process.ROOT, capture_output=True, check=True)
        names = done.stdout.decode().split("\0")
    else:
        names = []
        for top, folders, files in os.walk(process.ROOT):
            relative = os.path.relpath(top, process.ROOT)
            folders[:] = [f for f in folders if f != "__pycache__"]
            names += [os.path.normpath(os.path.join(relative, file)) for file in files]
        names = [name for name in names if not NOT_OURS.match(name)]
    return [name for name in names if name and os.path.lexists(os.path.join(process.ROOT, name))]


def fresh_copy(folder):
    """Copies the tree into this folder, readable by every user and without what git ignores."""
    for name in tracked():
        target = os.path.join(folder, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy2(os.path.join(process.ROOT, name), target, follow_symlinks=False)
    subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
    with_git(folder, "clean", "-fdXq")
    return folder


def with_git(folder, *words):
    """Runs git in a repository that is made for it and gone again; its output."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True, env=env)
    argv = ["git", *words]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=True, env=env)
    shutil.rmtree(os.path.join(folder, ".git"))
    return done.stdout


def listening():
    """
    Sockets that take TCP connections or UDP packets: {inode: (protocol, address, port)}, addresses
    as the kernel writes them.
    """
    found = {}
    for protocol, state in (("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")):
        try:
            with open(f"/proc/net/{protocol}", encoding="ascii") as file:
                lines = file.read().splitlines()[1:]
        except FileNotFoundError:
            continue
        for fields in map(str.split, lines):
            if fields[3] == state:
                address, port = fields[1].split(":")
                found[fields[9]] = (protocol, address, int(port, 16))
    return found


def is_loopback(where):
    """127/8 and ::1, in the kernel's byte order."""
    return where[1].endswith("7F") if len(where[1]) == 8 else where[1] == "0" * 24 + "01000000"


def outside_ports():
    """TCP ports that can be reached from outside, as a set."""
    return {w for w in listening().values() if w[0].startswith("tcp") and not is_loopback(w)}


def sockets_of(pid):
    """Inodes of a process's open sockets."""
    found = set()
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            target = os.readlink(f"/proc/{pid}/fd/{name}")
            if target.startswith("socket:["):
                found.add(target[8:-1])
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        # certwright, which lets nobody but root look.
        pass
    return found


def text_of(pid, name):
    """What process pid shows of cmdline or cwd."""
    try:
        if name == "cwd":
            return os.readlink(f"/proc/{pid}/cwd") + "/"
        with open(f"/proc/{pid}/{name}", encoding="utf-8", errors="replace") as file:
            return file.read().replace("\0", " ")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return ""


class Demo:
    """
    One demo folder of the tree. user: who runs it, where that is not us (needs root). build: a
    build folder to use instead of building.
    """

    def __init__(self, tree, folder, user=None, build=None):
        self.tree, self.folder, self.user = tree, folder, user
        self.env_of_user = {
            name: value
            for name, value in os.environ.items()
            if not name.upper().startswith(("CERTWRIGHT", "APPCONFIG", "MAKE", "XDG_", "MFLAGS"))
        }
        self.ended = set()
        if build:
            os.makedirs(folder, 0o700, exist_ok=True)
            os.symlink(build, self.path("build"))
        process.at_end(self)

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    # commands

    def argv(self, *words):
        """The command line; the folder goes behind the command's name, if one is given."""
        argv = [os.path.join(self.tree, "deploy", "quickstart"), *words[:1]]
        argv += ["--dir", self.folder, *words[1:]]
        if self.user:
            who = pwd.getpwnam(self.user)
            ids = [f"--reuid={who.pw_uid}", f"--regid={who.pw_gid}", "--clear-groups"]
            argv = ["setpriv", *ids, *argv]
        return argv

    def options(self, env=None):
        home = {"HOME": os.path.dirname(self.folder)} if self.user else {}
        return {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "text": True,
            "cwd": self.tree,
            "env": {**self.env_of_user, **home, **(env or {})},
        }

    def run(self, *words, status=0, env=None, timeout=240):
        """The CompletedProcess; status: what it must end with, None for anything."""
        done = subprocess.run(self.argv(*words), check=False, timeout=timeout, **self.options(env))
        assert status in (None, done.returncode), (words, done.returncode, done.stdout, done.stderr)
        return done

    def begin(self, *words):
        """Starts a command that is not waited for."""
        return subprocess.Popen(self.argv(*words), start_new_session=True, **self.options())

    def up(self, *words, **options):
        return self.run("up", *words, **options)

    def down(self, **options):
        self.remember()
        done = self.run("down", **options)
        process.not_at_end(self)
        return done

    def stop(self, _seconds):
        self.down(status=None)

    def env(self):
        """What `env` prints, as a shell understands it."""
        text = self.run("env").stdout
        assert all(re.fullmatch(r"CERTWRIGHT_[A-Z_]+=.*", line) for line in text.splitlines()), text
        argv = ["env", "-i", "sh", "-c", 'set -a; eval "$1"; exec env', "sh", text]
        done = subprocess.run(argv, capture_output=True, text=True, check=True)
        values = dict(line.split("=", 1) for line in done.stdout.splitlines())
        return {name: value for name, value in values.items() if name.startswith("CERTWRIGHT_")}

    def token(self, *words):
        return self.run("token", *words).stdout.strip()

    # what runs

    def pids(self):
        """{service: pid} of what its files say, running or not."""
        found = {}
        for name in SERVICES:
            if os.path.exists(self.path(f"pid/{name}")):
                found[name] = int(self.read(f"pid/{name}").split()[0])
        return found

    def run_folder(self):
        """Where its sockets are."""
        for line in self.read("state").decode().splitlines():
            if line.startswith("RUN="):
                return line[4:]
        return None

    def remember(self):
        """Notes its sessions, so that left_over() knows them when their leaders are gone."""
        self.ended |= set(self.pids().values())

    def processes(self):
        """Everything in the sessions of its services."""
        sessions = self.ended | set(self.pids().values())
        return [pid for pid, fields in process.processes().items() if int(fields[3]) in sessions]

    def left_over(self):
        """What still runs of it: by session, by folder in the command line or to work in."""
        words = [self.folder + "/"]
        if os.path.exists(self.path("state")) and self.run_folder():
            words.append(self.run_folder() + "/")
        found = set(self.processes())
        for pid in process.processes():
            shown = text_of(pid, "cmdline") + " " + text_of(pid, "cwd")
            if pid != os.getpid() and any(word in shown for word in words):
                found.add(pid)
        return {pid: text_of(pid, "cmdline") for pid in found}

    def assert_nothing_left(self):
        process.wait_until(lambda: not self.left_over(), 3, f"no process of {self.folder}")
        if os.path.exists(self.path("state")):
            assert not self.run_folder() or not os.path.exists(self.run_folder())
        assert self.run("status", status=3).stdout.count(": down") == len(SERVICES)
