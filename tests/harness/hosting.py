"""A shared web host: an account without rights, and an Apache of which it may touch .htaccess only."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess

from . import process
from .double import identity_double
from .webserver import curl, free_port

SAMPLES = os.path.join(process.ROOT, "deploy", "shared-hosting")
MODULES = "/usr/lib/apache2/modules"


class Account:
    """A user made by useradd, with a home of its own; stop() ends its processes and removes it."""

    def __init__(self):
        self.name = free_name()
        top = process.short_folder("cwhost")
        os.chmod(top, 0o711)
        self.home = os.path.join(top, "home")
        argv = ["useradd", "--create-home", "--home-dir", self.home, "--shell", "/bin/bash"]
        process.at_end(self)
        self._admin([*argv, "--user-group", self.name])
        entry = pwd.getpwnam(self.name)
        self.uid, self.gid = entry.pw_uid, entry.pw_gid
        os.chmod(self.home, 0o711)

    @staticmethod
    def _admin(argv):
        env = dict(os.environ, PATH=process.SEARCH_PATH)
        done = subprocess.run(argv, capture_output=True, text=True, env=env, check=False)
        assert done.returncode == 0, f"{argv}: {done.stderr}"

    def stop(self, _seconds=0):
        process.not_at_end(self)
        try:
            uid = pwd.getpwnam(self.name).pw_uid
        except KeyError:
            return
        for pid in processes_of(uid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        process.wait_until(lambda: not processes_of(uid), 20, f"the end of {self.name}'s processes")
        self._admin(["userdel", self.name])
        shutil.rmtree(self.home, ignore_errors=True)

    # its files

    def path(self, *names):
        return os.path.join(self.home, *names)

    def read(self, *names):
        with open(self.path(*names), encoding="utf-8", errors="replace") as file:
            return file.read()

    def write(self, name, data, mode=0o600):
        path = self.path(name)
        if isinstance(data, str):
            data = data.encode()
        identity_double.write_whole(path, data, mode)
        os.chown(path, self.uid, self.gid)
        return path

    def make_folder(self, name, mode=0o755):
        path = self.path(name)
        os.mkdir(path, mode)
        os.chmod(path, mode)
        os.chown(path, self.uid, self.gid)
        return path

    def bring(self, source, name, mode=None):
        """What a user uploads: a file or a folder, which is the account's from now on."""
        path = self.path(name)
        if os.path.isdir(source):
            shutil.copytree(source, path)
        else:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            shutil.copy(source, path)
        os.chown(os.path.dirname(path), self.uid, self.gid)
        for top, folders, files in os.walk(path):
            for each in [top, *(os.path.join(top, f) for f in folders + files)]:
                os.chown(each, self.uid, self.gid)
        os.chown(path, self.uid, self.gid)
        if mode is not None:
            os.chmod(path, mode)
        return path

    def tree(self, *folders):
        """Each file and folder below with owner, mode and content, to see what a run has changed."""
        found = {}
        for folder in folders or (".",):
            for top, names, files in os.walk(self.path(folder)):
                for each in [os.path.join(top, name) for name in names + files]:
                    seen = os.lstat(each)
                    content = None
                    if os.path.isfile(each):
                        with open(each, "rb") as file:
                            content = (seen.st_mtime_ns, seen.st_ino, file.read())
                    found[each] = (seen.st_uid, oct(seen.st_mode), content)
        return found

    # its commands

    def environment(self, **more):
        """What a login gives; nothing of ours."""
        return {
            "HOME": self.home, "USER": self.name, "LOGNAME": self.name, "SHELL": "/bin/bash",
            "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", **more,
        }  # fmt: skip

    def argv(self, *words):
        return [shutil.which("runuser", path=process.SEARCH_PATH), "-u", self.name, "--", *words]

    def run(self, *words, env=None, timeout=120, **options):
        """Runs a command as the account, by default with a login's environment and no terminal."""
        options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run(
            self.argv(*words), capture_output=True, text=True, check=False, timeout=timeout,
            cwd=self.home, env=self.environment() if env is None else env,
            start_new_session=True, **options,
        )  # fmt: skip


def free_name():
    while True:
        name = "cwhost" + secrets.token_hex(4)
        try:
            pwd.getpwnam(name)
        except KeyError:
            return name


def processes_of(uid):
    """Process ids of this account, zombies left out."""
    found = []
    for pid in process.processes():
        try:
            if os.stat(f"/proc/{pid}").st_uid == uid or uid in real_ids(pid):
                found.append(pid)
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def real_ids(pid):
    """A process that is not dumpable belongs to root in /proc; its status tells the truth."""
    with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith("Uid:"):
                return {int(word) for word in line.split()[1:]}
    return set()


class Host:
    """
    The provider's Apache for one account. https_port never asks for a client certificate,
    mtls_port does and takes none too, http_port is plain. All of it runs as the account, as where
    a host parts its customers by user; what the account may set in .htaccess is the provider's
    choice (allow and options, the values of AllowOverride and Options; fcgid: whether there is
    mod_fcgid). proxied: TLS ends at a proxy in front, which hands requests on to http_port.
    """

    def __init__(self, account, double, web_root="public_html", **choices):
        self.account, self.double = account, double
        self.allow = choices.get("allow", "All")
        self.options = choices.get("options", "Indexes FollowSymLinks")
        self.fcgid = choices.get("fcgid", True)
        self.proxied = choices.get("proxied", False)
        self.folder = account.make_folder(f"host-{secrets.token_hex(3)}", 0o700)
        self.web_root = account.path(web_root)
        if not os.path.isdir(self.web_root):
            account.make_folder(web_root)
        self.https_port, self.mtls_port, self.http_port = (free_port() for _ in range(3))
        with open(double.path("tls.pem"), encoding="ascii") as leaf:
            chain = leaf.read()
        with open(double.ca_bundle, encoding="ascii") as ca:
            self.ca = ca.read()
        self.write("tls.pem", chain + self.ca)
        self.write("clients.pem", self.ca)
        self.write("mime.types", "text/plain txt\n")
        self.process = None

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        return self.account.write(self.path(name), text)

    @property
    def https(self):
        return f"https://127.0.0.1:{self.https_port}"

    @property
    def mtls(self):
        return f"https://127.0.0.1:{self.mtls_port}"

    @property
    def http(self):
        return f"http://127.0.0.1:{self.http_port}"

    def settings(self):
        modules = "mpm_event authn_core authz_core mime dir alias autoindex env setenvif rewrite"
        modules += " socache_shmcb ssl headers proxy proxy_http" + " fcgid" * self.fcgid
        load = "\n".join(
            f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in modules.split()
        )
        fcgid = f"""
FcgidIPCDir "{self.folder}"
FcgidProcessTableFile "{self.path('fcgid')}"
"""
        proxy = f"""
	ProxyPass / http://127.0.0.1:{self.http_port}/
	RequestHeader set X-Forwarded-Proto https
"""
        return f"""
ServerRoot "{self.folder}"
PidFile "{self.path('pid')}"
DefaultRuntimeDir "{self.folder}"
ServerName 127.0.0.1
{load}
TypesConfig "{self.path('mime.types')}"
ErrorLog "{self.path('error.log')}"
LogLevel warn
StartServers 1
MinSpareThreads 5
ThreadsPerChild 25
MaxRequestWorkers 50
{fcgid if self.fcgid else ""}
DocumentRoot "{self.web_root}"
<Directory />
	AllowOverride None
	Require all denied
</Directory>
<Directory "{self.web_root}">
	Require all granted
	Options {self.options}
	AllowOverride {self.allow}
</Directory>
Redirect /moved https://elsewhere.invalid/
SSLSessionCache "shmcb:{self.path('ssl')}(65536)"
SSLCertificateFile "{self.path('tls.pem')}"
SSLCertificateKeyFile "{self.path('tls.pem')}"
Listen 127.0.0.1:{self.http_port}
Listen 127.0.0.1:{self.https_port}
Listen 127.0.0.1:{self.mtls_port}
<VirtualHost 127.0.0.1:{self.https_port}>
	SSLEngine on
	{proxy if self.proxied else ""}
</VirtualHost>
<VirtualHost 127.0.0.1:{self.mtls_port}>
	SSLEngine on
	SSLVerifyClient optional
	SSLVerifyDepth 3
	SSLCACertificateFile "{self.path('clients.pem')}"
</VirtualHost>
"""

    def start(self):
        self.write("apache.conf", self.settings())
        argv = ["apache2", "-f", self.path("apache.conf"), "-D", "FOREGROUND"]
        self.process = process.Process(
            argv, self.path("stderr.log"), user=self.account.uid, group=self.account.gid,
            extra_groups=[], cwd=self.folder, env={"HOME": self.account.home},
        )  # fmt: skip
        process.wait_until(self._ready, 20, "Apache")
        return self

    def _ready(self):
        if not self.process.alive():
            raise AssertionError(f"Apache ended: {self.process.log()}{self.errors()}")
        try:
            for port in (self.http_port, self.https_port, self.mtls_port):
                socket.create_connection(("127.0.0.1", port), 2).close()
            return True
        except OSError:
            return False

    def stop(self):
        if self.process:
            self.process.stop(10)
            self.process = None

    def restart(self):
        self.stop()
        return self.start()

    def errors(self):
        try:
            with open(self.path("error.log"), encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    # requests

    def get(self, path, *words, base=None, **options):
        return curl(*words, (base or self.https) + path, ca_bundle=self.double.ca_bundle, **options)

    def post_csr(self, body, token, *words, base=None, path="/api/csr"):
        """The token goes to curl in a file, for its length and for its secrecy."""
        header = self.write("header", f"Authorization: Bearer {token}\n")
        return self.get(path, "-H", f"@{header}", *words, base=base, body=body)


class Site:
    """
    What a customer has: an account with the program, the folder shared-hosting and its own copies
    of files, a host, a database with a password. mariadb listens on TCP and has its port.
    """

    count = 0

    def __init__(self, mariadb, double, **choices):
        Site.count += 1
        self.mariadb, self.double = mariadb, double
        self.database = f"site{os.getpid()}x{Site.count}"
        self.password = secrets.token_hex(16)
        self.account = Account()
        self.host = Host(self.account, double, **choices)
        mariadb.sql(
            f"CREATE DATABASE {self.database} CHARACTER SET utf8mb4;"
            f"CREATE USER {self.database}@'127.0.0.1' IDENTIFIED BY '{self.password}';"
            f"GRANT ALL ON {self.database}.* TO {self.database}@'127.0.0.1';"
        )
        account = self.account
        account.bring(process.certwright(), "bin/certwright", 0o755)
        account.bring(SAMPLES, "shared-hosting")
        with open(double.ca_bundle, encoding="ascii") as ca:
            account.write("ca.pem", ca.read())
        account.write("db.password", self.password + "\n")

    def destroy(self):
        self.host.stop()
        self.account.stop()
        if self.mariadb.server.alive():
            self.mariadb.sql(f"DROP DATABASE {self.database}; DROP USER {self.database}@'127.0.0.1'")

    # setup

    @property
    def setup_program(self):
        return self.account.path("shared-hosting", "setup")

    def environment(self, **more):
        """The double's CA stands for the public ones that curl trusts."""
        return self.account.environment(CURL_CA_BUNDLE=self.account.path("ca.pem"), **more)

    def answers(self, **changes):
        """Options that lead to a good end; changes by name, None leaves one out."""
        options = {
            "web_root": self.host.web_root,
            "base_url": self.host.https,
            "http_base_url": self.host.http,
            "tenant": self.double.tenant,
            "application": self.double.application,
            "db_host": "127.0.0.1",
            "db_port": str(self.mariadb.port),
            "db_name": self.database,
            "db_password_file": self.account.path("db.password"),
            "ca_name": "example",
            "ca_subject": "CN=Example CA,O=Example",
        }
        options.update(changes)
        words = self.identity_options()
        for name, value in options.items():
            if value is not None:
                words += ["--" + name.replace("_", "-"), value]
        return words

    def identity_options(self):
        """The double in place of Entra, which no user names."""
        return [
            "--set", f"AuthConfig:AuthorityHost={self.double.host}",
            "--set", f"AuthConfig:CaBundle={self.account.path('ca.pem')}",
        ]  # fmt: skip

    def setup(self, *options, env=None):
        """Runs setup as the account, without a terminal."""
        return self.account.run(self.setup_program, *options, env=env or self.environment())

    def install(self, *options, **changes):
        done = self.setup(*self.answers(**changes), *options)
        assert done.returncode == 0, done.stderr + done.stdout
        return done

    def certwright(self, *words):
        """The command that setup has put beside the settings."""
        done = self.account.run(self.account.path(".certwright", "certwright"), *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    # what is there

    def sql(self, text):
        return self.mariadb.sql(text, self.database)

    def rows(self):
        return int(self.mariadb.value("SELECT COUNT(*) FROM certificate", self.database))

    def tables(self):
        return self.sql("SHOW TABLES")

    def serving(self):
        """Process ids of certwright that the host has started."""
        return [pid for pid in processes_of(self.account.uid) if "--single" in command_of(pid)]


def command_of(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().decode(errors="replace").split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []
