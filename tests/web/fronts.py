"""Each web server with its sample in front of a certwright of its own."""

from harness import apache, lighttpd, nginx
from harness.service import Service

NAMES = ["lighttpd", "apache fcgid", "apache proxy", "nginx"]


def make(name, mariadb, double, settings):
    """A running pair of service and web server; close() ends both."""
    kind = apache.FcgidService if name == "apache fcgid" else Service
    service = kind(mariadb, double, settings)
    web = None
    try:
        service.make()
        if name == "nginx":
            purpose = "FAILED:unsuitable certificate purpose"
            service.configure({"Server": {"AcceptVerifyResults": purpose}})
        service.start()
        web = web_server(name, service, double).start()
    except BaseException:
        close(service, web)
        raise
    return service, web


def web_server(name, service, double):
    if name == "lighttpd":
        return lighttpd.Lighttpd(service.socket, double, service.ca_pem())
    if name == "nginx":
        return nginx.Nginx(service.socket, double, service.ca_pem())
    mode = name.split()[1]
    backend = service.config if mode == "fcgid" else service.socket
    return apache.Apache(mode, backend, double, service.ca_pem())


def close(service, web):
    if web:
        web.stop()
    service.destroy()
