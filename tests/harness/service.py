"""certwright itself, with a database, settings and a socket of its own."""

import copy
import os
import re
import secrets
import signal
import socket
import subprocess
import time

from . import described, fcgi, keyring, process


class CommandFailed(AssertionError):
    """A subcommand ended with another status than 0."""


class Service:
    """
    One certwright: make() creates database, settings and CA; start() runs it on file descriptor 0
    as spawn-fcgi would, by spawn-fcgi itself with how="spawn-fcgi", or on its own socket with
    how="listen".
    """

    count = 0

    def __init__(self, mariadb, double, settings=None):
        Service.count += 1
        self.mariadb, self.double = mariadb, double
        self.folder = process.short_folder("cws")
        self.database = f"certwright{os.getpid()}x{Service.count}"
        self.password = secrets.token_hex(16)
        self.socket = self.path("fcgi.sock")
        self.config = self.path("certwright.conf")
        self.log_path = self.path("certwright.log")
        self.process = None
        self.allowed_deaths = set()  # exit statuses of workers, as texts, beside SIGKILL's
        self.settings = {
            "": {},
            "DbCSRValidation": {"Enabled": "true"},
            "AuthConfig": {
                "TenantId": double.tenant,
                "ApplicationId": double.application,
                "AuthorityHost": double.host,
                "CaBundle": double.ca_bundle,
            },
            "Server": {
                "BaseUrl": "https://pki.example.com",
                "HttpBaseUrl": "http://pki.example.com",
                "StateDir": self.path("var"),
                "Workers": "2",
            },
            "Database": {
                "Socket": mariadb.socket,
                "Name": self.database,
                "User": self.database,
                "PasswordFile": self.path("db.password"),
            },
            "Keys": {"KeyringFile": self.path("keyring")},
            # A job would make certificates, audit rows and sealed keys at a moment of its own, between
            # those that a test counts; tests of OCSP turn it on.
            "OCSP": {"UseAuthorizedResponder": "false"},
            "Log": {"Target": f"file:{self.log_path}", "Level": "info"},
        }
        os.mkdir(self.path("var"), 0o700)
        with open(os.open(self.path("db.password"), os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(self.password + "\n")
        keyring.write(self.path("keyring"), keyring.new_key())
        self.configure(settings or {})

    def path(self, name):
        return os.path.join(self.folder, name)

    # settings and subcommands

    def configure(self, changes):
        """Changes settings, {section: {key: value}}; None removes a key. Writes the file."""
        for section, keys in changes.items():
            kept = self.settings.setdefault(section, {})
            for name, value in keys.items():
                if value is None:
                    kept.pop(name, None)
                else:
                    kept[name] = str(value)
        self.write_config(self.settings)

    def write_config(self, settings):
        lines = []
        for section, keys in settings.items():
            lines += [f"[{section}]"] if section else []
            lines += [f"{name} = {value}" for name, value in keys.items()]
        with open(os.open(self.config + ".new", os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write("\n".join(lines) + "\n")
        os.replace(self.config + ".new", self.config)

    def saved_settings(self):
        return copy.deepcopy(self.settings)

    def run(self, *words, check=True, timeout=60, **options):
        """Runs `certwright WORDS --config FILE` and returns the CompletedProcess (texts)."""
        argv = [process.certwright(), *words, "--config", self.config]
        done = subprocess.run(
            argv, capture_output=True, text=True, check=False, timeout=timeout, **options
        )
        if check and done.returncode != 0:
            raise CommandFailed(f"{' '.join(words)}: {done.returncode}: {done.stderr}{done.stdout}")
        return done

    def make(self, ca_key="p256", keys=True):
        """The database, its schema, a CA named demo, and (keys) the identity keys."""
        self.mariadb.create(self.database, self.password)
        self.run("migrate")
        if ca_key:
            self.ca_init("demo", ca_key)
        if keys:
            self.maintain()
        return self

    def ca_init(self, name, kind, *more):
        key_file = self.path(f"{name}.key")
        subject = f"CN=Test CA {name}"
        self.run(
            "ca", "init", "--name", name, "--key", kind, "--key-file", key_file, "--subject", subject, *more
        )

    def ca_pem(self, name="demo"):
        return self.run("ca", "export", name).stdout

    def maintain(self, **options):
        return self.run("maintain", **options)

    def sql(self, text):
        return self.mariadb.sql(text, self.database)

    def value(self, text):
        return self.mariadb.value(text, self.database)

    # running

    def start(self, how="fd0", options=(), ready=True, env=None):
        """how: fd0, spawn-fcgi or listen. ready: wait until it answers /probe at all (not: with 200)."""
        argv = [process.certwright(), "serve", "--config", self.config, *options]
        # As without a sanitizer, an allocation that cannot be is NULL.
        asan = "allocator_may_return_null=1:" + os.environ.get("ASAN_OPTIONS", "")
        env = {"ASAN_OPTIONS": asan, **(env or {})}
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        if how == "listen":
            self.configure({"Server": {"Listen": self.socket}})
            self.process = process.Process(argv, self.path("stderr.log"), env=env)
        elif how == "spawn-fcgi":
            # -n: it becomes the program, so that the process is ours to signal.
            argv = ["spawn-fcgi", "-n", "-M", "0600", "-s", self.socket, "--", *argv]
            self.process = process.Process(argv, self.path("stderr.log"), env=env)
        else:
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(self.socket)
                os.chmod(self.socket, 0o600)
                listener.listen(1024)
                self.process = process.Process(
                    argv, self.path("stderr.log"), stdin=listener, env=env
                )
        if ready:
            process.wait_until(self.answers, 30, "certwright")
        return self

    def answers(self):
        if not self.process.alive():
            status = self.process.popen.returncode
            raise AssertionError(f"certwright ended with {status}: {self.process.log()}{self.log()}")
        try:
            return fcgi.request(self.socket, "GET", "/probe", timeout=10).complete
        except OSError:
            return False

    def healthy(self):
        """For wait_until: /probe answers 200."""
        return self.answers() and self.get("/probe").status == 200

    @property
    def pid(self):
        return self.process.pid

    def workers(self):
        """Process ids of the master's children that serve (not those of a passing job)."""
        return [pid for pid in process.children(self.pid) if name_of(pid) == "cw-worker"]

    def reload(self):
        self.process.send(signal.SIGHUP)

    def stop(self, seconds=40):
        """Graceful; the exit status."""
        if not self.process:
            return None
        status = self.process.stop(seconds)
        self.process = None
        return status

    def restart(self, **options):
        self.stop()
        return self.start(**options)

    def destroy(self):
        self.stop(10)
        if self.mariadb.server.alive():
            self.mariadb.drop(self.database)
        self.check_health()

    def check_health(self):
        """No sanitiser has spoken, and no worker died but by SIGKILL or as the test allows."""
        try:
            with open(self.path("stderr.log"), encoding="utf-8", errors="replace") as file:
                errors = file.read()
        except FileNotFoundError:
            errors = ""
        assert not re.search("ERROR: [A-Za-z]*Sanitizer|runtime error", errors), errors[-8000:]
        died = {line.get("exit") for line in self.log_lines(event="worker_died")}
        assert died <= {"137"} | self.allowed_deaths, f"{died}: {errors[-4000:]}{self.log()[-4000:]}"

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def log_lines(self, **fields):
        """Lines of the log as dicts, those whose fields have these values."""
        lines = [parse_log_line(line) for line in self.log().splitlines()]
        return [line for line in lines if all(line.get(k) == str(v) for k, v in fields.items())]

    def wait_log(self, seconds=10, **fields):
        return process.wait_until(lambda: self.log_lines(**fields), seconds, f"log line {fields}")

    # requests

    def request(self, method, target, headers=None, body=b"", as_described=True, **options):
        """The answer, which must be as man/openapi.yaml says, unless as_described is false."""
        response = fcgi.request(self.socket, method, target, headers, body, **options)
        if as_described:
            described.check(method, target, response)
        return response

    def get(self, target, headers=None, **options):
        return self.request("GET", target, headers, **options)

    def post_csr(self, body, token=None, headers=None, **options):
        """POST /api/csr with this token; None mints the default one, "" sends none."""
        sent = {} if token == "" else self.double.bearer(token)
        sent.update(headers or {})
        return self.request("POST", "/api/csr", sent, body, **options)


def name_of(pid):
    """What ps shows of the process, None when it is gone."""
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
            return file.read().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None


LOG_FIELD = re.compile(r'([a-z_]+)=("(?:[^"\\]|\\.)*"|[^ ]*)')


def _unquote(value):
    if not value.startswith('"'):
        return value
    def one(found):
        escape = found[1]
        return chr(int(escape[1:], 16)) if escape[0] == "x" else escape

    return re.sub(r"\\(x[0-9A-Fa-f]{2}|.)", one, value[1:-1])


def parse_log_line(line):
    return {name: _unquote(value) for name, value in LOG_FIELD.findall(line)}


def timed(function, *args, **options):
    """The function's result and the seconds it took."""
    begin = time.monotonic()
    result = function(*args, **options)
    return result, time.monotonic() - begin
