"""lighttpd with the sample of deploy/lighttpd in front of a FastCGI socket."""

import os
import signal

from . import process
from .webserver import WebServer

SAMPLES = os.path.join(process.ROOT, "deploy", "lighttpd")


class Lighttpd(WebServer):
    """
    fcgi_socket: where the main workers are, public_socket: those of the port that never asks (the
    same where none is given). more is added to the settings in front of the sample. command: that
    of certwright, which lighttpd is to start itself.
    """

    name = "lighttpd"

    def __init__(self, fcgi_socket, double, client_cas, more="", public_socket=None, command=None):
        super().__init__(double, client_cas)
        if command:
            more += f'var.certwright_command = "{command}"\n'
            more += f'var.certwright_keeper = "{SAMPLES}/bin-path.sh"\n'
            more += f'include "{SAMPLES}/bin-path.conf"\n'
        sockets = (fcgi_socket, public_socket or fcgi_socket)
        self.conf = self.write("lighttpd.conf", self.settings(*sockets, more))

    def settings(self, fcgi_socket, public_socket, more):
        return f"""
server.document-root = "{self.folder}"
server.bind = "127.0.0.1"
server.port = {self.http_port}
server.upload-dirs = ( "{self.folder}" )
server.errorlog = "{self.path('error.log')}"
var.certwright_socket = "{fcgi_socket}"
var.certwright_public_socket = "{public_socket}"
var.certwright_tls = "127.0.0.1:{self.https_port}"
var.certwright_public_tls = "127.0.0.1:{self.public_port}"
var.certwright_tls_cert = "{self.path('tls.pem')}"
var.certwright_tls_key = "{self.path('tls.pem')}"
var.certwright_client_cas = "{self.path('clients.pem')}"
var.certwright_crl = "{self.crl_folder}"
{more}
include "{SAMPLES}/certwright.conf"
"""

    def argv(self):
        return ["lighttpd", "-D", "-f", self.conf]

    def reopen_logs(self):
        self.process.send(signal.SIGHUP)

    def reload(self):
        """It reads its settings again and finishes what it is at."""
        self.process.send(signal.SIGUSR1)

    def stop_gracefully(self, seconds=50):
        """It takes no more connections and ends when it has finished what it is at."""
        if self.process:
            self.process.stop(seconds, signal.SIGINT)
