"""Starting processes so that none outlives the tests, however they end."""

import atexit
import contextlib
import ctypes
import glob
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)
SEARCH_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"

# What is waited for comes within its time on an idle machine. On a busy one it may take as long as
# this, which costs nothing but where it never comes.
PATIENCE = 60

_running = []
_folders = []
_ports = []


def certwright():
    """The program under test: $CERTWRIGHT_BIN, else build/certwright of this tree."""
    return os.path.abspath(
        os.environ.get("CERTWRIGHT_BIN") or os.path.join(ROOT, "build", "certwright")
    )


def short_folder(prefix="cw"):
    """A private folder with a short path (a Unix socket's has 107 bytes), removed at the end."""
    folder = tempfile.mkdtemp(prefix=prefix, dir="/tmp")
    _folders.append(folder)
    return folder


def faketime(offset):
    """The environment in which a program's clock is off; a sanitised one minds the order of loading."""
    library = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")[0]
    options = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
    return {
        "LD_PRELOAD": library,
        "FAKETIME": offset,
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "ASAN_OPTIONS": options,
    }


def free_ports(count):
    """
    TCP ports of loopback that nothing listens on, all different. They stay taken until we end, so that
    the system gives them to nobody else; a server may listen there all the same, as long as it sets
    SO_REUSEADDR, which all do.
    """
    found = []
    for _ in range(count):
        probe = socket.socket()
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", 0))
        _ports.append(probe)
        found.append(probe.getsockname()[1])
    return found


def free_port():
    return free_ports(1)[0]


def _in_child():
    # The process ends with us even when we are killed outright.
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Process:
    """A child in a session of its own; stop() ends it and whatever it has left behind."""

    def __init__(self, argv, log, **options):
        self.argv, self.log_path = argv, log
        env = dict(os.environ, PATH=SEARCH_PATH)
        env.update(options.pop("env", {}))
        options.setdefault("stdin", subprocess.DEVNULL)
        with open(log, "ab") as out:
            self.popen = subprocess.Popen(
                argv,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=env,
                start_new_session=True,
                preexec_fn=_in_child,
                **options,
            )
        self.pid = self.popen.pid
        _running.append(self)

    def alive(self):
        return self.popen.poll() is None

    def send(self, number):
        if self.alive():
            os.kill(self.pid, number)

    def wait(self, seconds):
        """The exit status, negative for a signal; TimeoutExpired when it goes on."""
        return self.popen.wait(max(seconds, PATIENCE))

    def stop(self, seconds=40, number=signal.SIGTERM):
        """Ends it, by SIGKILL where the signal does not within this time; its exit status."""
        self.send(number)
        try:
            self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
        self.end_group()
        not_at_end(self)
        return self.popen.returncode

    def kill(self):
        """SIGKILL to this process alone; its children may live on (see group())."""
        self.popen.kill()
        self.popen.wait()

    def group(self):
        """Process ids of its group that still run."""
        return [pid for pid, fields in processes().items() if int(fields[2]) == self.pid]

    def end_group(self):
        for pid in self.group():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()


def stat_fields(pid):
    """The fields of /proc/PID/stat from the state on, or None when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def at_end(thing):
    """Calls thing.stop(seconds) when the tests end, unless it is taken back by not_at_end."""
    _running.append(thing)


def not_at_end(thing):
    if thing in _running:
        _running.remove(thing)


def processes():
    """Process ids that run, with their fields of /proc/PID/stat from the state on."""
    found = {int(name): stat_fields(int(name)) for name in os.listdir("/proc") if name.isdigit()}
    return {pid: fields for pid, fields in found.items() if fields and fields[0] != "Z"}


def children(pid):
    """Process ids of the direct children that run."""
    return [child for child, fields in processes().items() if int(fields[1]) == pid]


def _is_stopped(pid):
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except FileNotFoundError:
        return True
    found = [stat_fields(f"{pid}/task/{thread}") for thread in threads]
    return all(fields is None or fields[0] in "TZX" for fields in found)


def pause(pid):
    """SIGSTOP, and what the signal alone does not say: that no thread of the process runs any more."""
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: _is_stopped(pid), 10, f"{pid} stands still")


@contextlib.contextmanager
def paused(pids):
    """These processes stand still while this lasts."""
    pids = list(pids)
    try:
        for pid in pids:
            pause(pid)
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def wait_until(condition, seconds, what):
    """Polls until condition() is true and returns its value; AssertionError names what was awaited."""
    seconds = max(seconds, PATIENCE)
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.02)


@atexit.register
def end_all():
    """Ends what still runs, the last started first, and removes the folders."""
    for process in reversed(list(_running)):
        process.stop(5)
    for folder in _folders:
        shutil.rmtree(folder, ignore_errors=True)


def _on_sigterm(number, _frame):
    end_all()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def end_all_on_sigterm():
    """For programs that run tests: a SIGTERM or SIGHUP ends what they have started, too."""
    signal.signal(signal.SIGTERM, _on_sigterm)
    signal.signal(signal.SIGHUP, _on_sigterm)
