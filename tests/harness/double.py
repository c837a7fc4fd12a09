"""The identity double, running, for tests."""

import importlib.util
import os
import socket
import sys

from . import process

PROGRAM = os.path.join(process.ROOT, "tests", "double", "double.py")


def _load():
    spec = importlib.util.spec_from_file_location("identity_double", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    spec.loader.exec_module(module)
    return module


identity_double = _load()


class RunningDouble(identity_double.Double):
    """A double with its server; token(), sign(), rotate(), set_mode() and count() are inherited."""

    server = None

    @classmethod
    def make(cls, folder=None):
        double = cls.init(folder or process.short_folder("cwid"), process.free_port())
        double.start()
        return double

    @property
    def ca_bundle(self):
        return self.path("ca.pem")

    def start(self):
        argv = ["/usr/bin/python3", PROGRAM, "serve", "--dir", self.folder]
        self.server = process.Process(argv, self.path("server.log"))
        process.wait_until(self._ready, 20, "the identity double")

    def _ready(self):
        if not self.server.alive():
            raise AssertionError(f"the double ended: {self.server.log()[-2000:]}")
        try:
            socket.create_connection(("127.0.0.1", self.port), 2).close()
            return True
        except OSError:
            return False

    def stop(self):
        if self.server:
            self.server.stop(10)

    def bearer(self, token=None, **options):
        """The header with this token, or with one of token()'s options."""
        return {"Authorization": f"Bearer {token or self.token(**options)}"}
