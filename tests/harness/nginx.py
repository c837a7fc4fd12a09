"""nginx with the sample of deploy/nginx in front of a FastCGI socket, or of two."""

import os
import re
import signal
import socket

from . import process
from .webserver import WebServer

SAMPLES = os.path.join(process.ROOT, "deploy", "nginx")


class Nginx(WebServer):
    """
    fcgi_socket: where the main workers are, public_socket: those of the ports that never ask (the
    same where none is given). more is put in front of the sample, in nginx's http block.
    """

    name = "nginx"

    def __init__(self, fcgi_socket, double, client_cas, more="", public_socket=None):
        super().__init__(double, client_cas)
        snippets = self.path("snippets")
        os.mkdir(snippets)
        with open(os.path.join(SAMPLES, "certwright-fastcgi.conf"), encoding="utf-8") as file:
            snippet, count = re.subn("root /var/lib/certwright/crl;", f"root {self.crl_folder};", file.read())
        assert count == 1
        self.write("snippets/certwright-fastcgi.conf", snippet)
        self.write("certwright.conf", self.sample(fcgi_socket, public_socket or fcgi_socket))
        self.conf = self.write("nginx.conf", self.settings(more))

    def sample(self, fcgi_socket, public_socket):
        """The sample with our ports, files and sockets; each of its own must be there."""
        with open(os.path.join(SAMPLES, "certwright.conf"), encoding="utf-8") as file:
            text = file.read()
        ours = {
            "/etc/certwright/tls.pem": self.path("tls.pem"),
            "/etc/certwright/tls.key": self.path("tls.pem"),
            "/etc/certwright/clients.pem": self.path("clients.pem"),
            "unix:/run/certwright/fcgi.sock": f"unix:{fcgi_socket}",
            "unix:/run/certwright/public.sock": f"unix:{public_socket}",
        }
        for usual, port in ((443, self.https_port), (8443, self.public_port), (80, self.http_port)):
            ours[rf"listen {usual}\b"] = f"listen 127.0.0.1:{port}"
            ours[rf"listen \[::\]:{usual}\b"] = f"listen [::1]:{port}"
        for theirs, replaced in ours.items():
            text, count = re.subn(theirs, replaced, text)
            assert count, f"no {theirs} in the sample"
        return text if has_ipv6() else re.sub(r"listen \[::1\]:[^;]*;", "", text)

    def settings(self, more):
        temporary = "".join(
            f"\t{kind}_temp_path {self.path('temporary-' + kind)};\n"
            for kind in ("client_body", "fastcgi", "proxy", "scgi", "uwsgi")
        )
        # The socket is its owner's alone, and whoever runs the tests owns it.
        user = "user root;" if os.geteuid() == 0 else ""
        return f"""
daemon off;
{user}
worker_processes 2;
pid {self.path('pid')};
error_log {self.path('error.log')} info;
events {{
}}
http {{
	access_log {self.path('access.log')};
{temporary}
{more}
	include {self.path('certwright.conf')};
}}
"""

    def argv(self):
        return ["nginx", "-p", self.folder, "-c", self.conf, "-e", self.path("error.log")]

    def workers(self):
        return process.children(self.process.pid)

    def reload(self):
        """It reads its settings again and finishes what it is at."""
        self.process.send(signal.SIGHUP)

    def stop_gracefully(self, seconds=60):
        """It ends when all it is at is finished; the exit status."""
        return self.process.stop(seconds, signal.SIGQUIT)


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False
