"""A private MariaDB: own folder, Unix socket only, nothing of the system's configuration."""

import os
import pwd
import re
import signal
import socket
import subprocess

from . import process

SERVER_OPTIONS = (
    "--skip-networking",
    "--skip-name-resolve",
    "--character-set-server=utf8mb4",
    "--innodb-flush-log-at-trx-commit=1",
    "--innodb-buffer-pool-size=32M",
    "--innodb-log-file-size=32M",
    "--innodb-log-buffer-size=2M",
    "--key-buffer-size=64K",
    "--aria-pagecache-buffer-size=128K",
    "--table-open-cache=200",
    "--performance-schema=OFF",
    "--max-connections=100",
)


class SqlError(Exception):
    """What the server or the client said; code is the server's number, None where it gave none."""

    def __init__(self, text):
        super().__init__(text)
        found = re.search(r"ERROR (\d+)", text)
        self.code = int(found[1]) if found else None


class MariaDB:
    """The server of one test session; its data folder is made once."""

    def __init__(self, folder=None, options=()):
        self.folder = folder or process.short_folder("cwdb")
        self.options = tuple(options)
        self.socket = os.path.join(self.folder, "sock")
        self.data = os.path.join(self.folder, "data")
        self.log = os.path.join(self.folder, "mariadbd.log")
        self.server = None
        self.user = pwd.getpwuid(os.getuid()).pw_name

    def install(self):
        if os.path.isdir(os.path.join(self.data, "mysql")):
            return
        argv = ["mariadb-install-db", "--no-defaults", f"--user={self.user}"]
        argv += [f"--datadir={self.data}", "--auth-root-authentication-method=normal"]
        argv += [f"--tmpdir={self.folder}"]
        argv += ["--skip-test-db", "--skip-name-resolve", "--force"]
        self._run(argv)

    def start(self):
        self.install()
        argv = ["mariadbd", "--no-defaults", f"--user={self.user}", f"--datadir={self.data}"]
        argv += [f"--socket={self.socket}", f"--pid-file={self.folder}/pid"]
        argv += [f"--tmpdir={self.folder}"]
        self.server = process.Process(argv + [*SERVER_OPTIONS, *self.options], self.log)
        process.wait_until(self._ready, 60, "MariaDB")
        return self

    def _ready(self):
        if not self.server.alive():
            raise AssertionError(f"mariadbd ended: {self.server.log()[-2000:]}")
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(5)
                probe.connect(self.socket)
                # A greeting of protocol 10; an error packet (0xff) while it still starts.
                return probe.recv(5)[4:5] == b"\x0a"
        except OSError:
            return False

    @property
    def pid(self):
        return self.server.pid

    def stop(self):
        if self.server:
            self.server.stop(60)

    def kill(self):
        """As a crash: SIGKILL."""
        self.server.stop(60, signal.SIGKILL)

    def restart(self):
        self.stop()
        self.start()

    def pause(self):
        """It accepts connections and answers nothing, until resume()."""
        process.pause(self.server.pid)

    def resume(self):
        self.server.send(signal.SIGCONT)

    def _run(self, argv, text=None):
        env = dict(os.environ, PATH=process.SEARCH_PATH, LC_ALL="C.UTF-8")
        done = subprocess.run(
            argv, input=text, capture_output=True, text=True, env=env, check=False, timeout=120
        )
        if done.returncode != 0:
            raise SqlError(done.stderr or done.stdout)
        return done.stdout

    def sql(self, text, database=None, user="root", password=None):
        """Runs statements; rows as tuples of texts, NULL as the text NULL, bytes better as HEX()."""
        argv = ["mariadb", "--no-defaults", f"--socket={self.socket}", f"--user={user}"]
        argv += ["--batch", "--skip-column-names", "--default-character-set=utf8mb4"]
        # The server is in the zone of the machine.
        argv.append("--init-command=SET time_zone = '+00:00'")
        if password:
            argv.append(f"--password={password}")
        if database:
            argv.append(database)
        lines = self._run(argv, text).splitlines()
        return [tuple(line.split("\t")) for line in lines]

    def value(self, text, database=None):
        """The first column of the first row, None when there is no row."""
        rows = self.sql(text, database)
        return rows[0][0] if rows else None

    def create(self, name, password):
        """A database with an account of the same name that may do everything in it."""
        self.sql(
            f"CREATE DATABASE {name} CHARACTER SET utf8mb4;"
            f"CREATE OR REPLACE USER {name}@localhost IDENTIFIED BY '{password}';"
            f"GRANT ALL ON {name}.* TO {name}@localhost;"
        )

    def drop(self, name):
        self.sql(f"DROP DATABASE IF EXISTS {name}; DROP USER IF EXISTS {name}@localhost;")
