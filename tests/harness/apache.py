"""Apache with the samples of deploy/apache: mod_fcgid, or mod_proxy_fcgi in front of a service."""

import os
import re
import shutil
import signal
import tempfile

from . import process
from .service import Service
from .webserver import WebServer

SAMPLES = os.path.join(process.ROOT, "deploy", "apache")
MODULES = "/usr/lib/apache2/modules"
MODES = ("fcgid", "proxy")

# What Debian's package loads by itself, and what each sample asks for.
USUAL = """mpm_event access_compat alias auth_basic authn_core authn_file authz_core authz_host
authz_user autoindex deflate dir env filter mime negotiation reqtimeout setenvif status""".split()
WANTED = {
    "fcgid": "headers rewrite socache_shmcb ssl fcgid".split(),
    "proxy": "headers rewrite socache_shmcb ssl proxy proxy_fcgi buffer".split(),
}

# What Debian's configuration has of its own, as far as it could get in a sample's way.
DEBIAN = """
TypesConfig /etc/mime.types
DirectoryIndex index.html index.cgi index.php
<Directory />
	Options FollowSymLinks
	AllowOverride None
	Require all denied
</Directory>
Alias /icons/ "/usr/share/apache2/icons/"
<Directory "/usr/share/apache2/icons">
	Options FollowSymlinks
	Require all granted
</Directory>
<Location /server-status>
	SetHandler server-status
	Require local
</Location>
ScriptAlias /cgi-bin/ /usr/lib/cgi-bin/
AddOutputFilterByType DEFLATE text/html text/plain application/javascript
RequestReadTimeout header=20-40,minrate=500
RequestReadTimeout body=10,minrate=500
"""

# Started by root, Apache serves as another account.
USER = "www-data" if os.geteuid() == 0 else None


def let_pass(path):
    """The tests' own folders above this path, which are private, let Apache's account through."""
    top, folder = tempfile.gettempdir(), os.path.dirname(path)
    while USER and folder.startswith(top + "/"):
        os.chmod(folder, os.stat(folder).st_mode | 0o011)
        folder = os.path.dirname(folder)


def hand_over(path):
    """The file, or the folder and all below it, belongs to Apache's account from now on."""
    if not USER:
        return
    let_pass(path)
    below = (os.path.join(top, name) for top, names, files in os.walk(path) for name in names + files)
    for each in (path, *below):
        shutil.chown(each, USER, USER)


class FcgidService(Service):
    """
    A certwright that mod_fcgid starts: its files are Apache's account's, which runs subcommands too.
    start() and stop() do nothing, since Apache's own do it; it has no socket to send requests to.
    """

    def __init__(self, mariadb, double, settings=None):
        super().__init__(mariadb, double, settings)
        hand_over(self.folder)
        let_pass(mariadb.socket)
        let_pass(double.ca_bundle)

    def write_config(self, settings):
        super().write_config(settings)
        hand_over(self.config)

    def run(self, *words, **options):
        if USER:
            options = {"user": USER, "group": USER, "extra_groups": [], **options}
        return super().run(*words, **options)

    def start(self, **_):
        return self


def new_service(mode, mariadb, double, settings=None):
    """A service for this mode, neither made nor started."""
    return (FcgidService if mode == "fcgid" else Service)(mariadb, double, settings)


class Apache(WebServer):
    """
    mode "fcgid": backend is a FcgidService's settings file; program is what Apache starts instead of
    certwright. mode "proxy": backend is the socket of the main workers, public_socket that of the
    ports that never ask (the same where none is given); a socket made anew later needs admit().

    more is put in front of the sample, modules are loaded besides those that it needs. In mode
    fcgid processes, public_processes and requests are the sample's variables of these names.
    """

    def __init__(self, mode, backend, double, client_cas, more="", **others):
        super().__init__(double, client_cas)
        self.mode, self.name = mode, f"apache with {mode}"
        let_pass(self.path(""))
        self.sockets, self.program = (), None
        modules = [*USUAL, *WANTED[mode], *others.pop("modules", ())]
        if mode == "fcgid":
            backends = self._fcgid(backend, others)
        else:
            self.sockets = (backend, others.pop("public_socket", None) or backend)
            backends = dict(zip(("SOCKET", "PUBLIC_SOCKET"), self.sockets))
        assert not others, others
        self.conf = self.write("apache.conf", self.settings(modules, backends, more))

    def _fcgid(self, config, others):
        # A copy: the build's folder may be out of reach, and /proc shows who runs it.
        self.program = self.path("certwright")
        shutil.copy(others.pop("program", None) or process.certwright(), self.program)
        optional = ("processes", "public_processes", "requests")
        given = {name.upper(): others.pop(name) for name in optional if name in others}
        return {"PROGRAM": self.program, "SETTINGS": config, **given}

    def settings(self, modules, backends, more):
        defines = {
            "CONF": SAMPLES,
            "NAME": "localhost",
            "TLS": f"127.0.0.1:{self.https_port}",
            "PUBLIC_TLS": f"127.0.0.1:{self.public_port}",
            "HTTP": f"127.0.0.1:{self.http_port}",
            "TLS_CERT": self.path("tls.pem"),
            "TLS_KEY": self.path("tls.pem"),
            "CLIENT_CAS": self.path("clients.pem"),
            "CRL": self.crl_folder,
            **backends,
        }
        lines = [
            f"ServerRoot {self.folder}",
            f"DefaultRuntimeDir {self.folder}",
            f"PidFile {self.path('pid')}",
            f"ErrorLog {self.path(self.log_file)}",
            "ServerName localhost",
            *(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in modules),
            *(f"Listen 127.0.0.1:{p}" for p in (self.https_port, self.public_port, self.http_port)),
            *([f"User {USER}", f"Group {USER}"] if USER else []),
            DEBIAN,
            "SSLSessionCache shmcb:ssl_scache(512000)",
        ]
        if self.mode == "fcgid":
            lines += ["FcgidIPCDir fcgid", "FcgidProcessTableFile fcgid_shm"]
        lines += [f'Define CERTWRIGHT_{name} "{value}"' for name, value in defines.items()]
        lines += [more, f"Include ${{CERTWRIGHT_CONF}}/certwright-{self.mode}.conf"]
        return "\n".join(lines) + "\n"

    def argv(self):
        return ["apache2", "-D", "FOREGROUND", "-f", self.conf]

    def start(self):
        self.admit()
        return super().start()

    def admit(self):
        """The sockets are Apache's account's."""
        for path in self.sockets:
            hand_over(path)

    def processes(self):
        """Process ids of what mod_fcgid started, with how; not those of a check or job of its own."""
        running = process.processes()
        found = {pid: words for pid in running if (words := words_of(pid))[:1] == [self.program]}
        return {pid: words for pid, words in found.items() if int(running[pid][1]) not in found}

    def reload(self):
        """It reads its settings again and finishes what it is at."""
        self.process.send(signal.SIGUSR1)

    def stop_gracefully(self, seconds=60):
        """It ends when all it is at is finished; the exit status."""
        return self._ended(self.process.stop(seconds, signal.SIGWINCH))

    def stop(self):
        """Cuts off what it is at; the exit status."""
        return self._ended(self.process.stop(20)) if self.process else None

    def _ended(self, status):
        found = re.search("(ERROR: [A-Za-z]*Sanitizer|runtime error).*", self.errors(), re.S)
        assert not found, found[0][:8000]
        return status


def words_of(pid):
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
            return file.read().split("\0")[:-1]
    except (FileNotFoundError, ProcessLookupError):
        return []
