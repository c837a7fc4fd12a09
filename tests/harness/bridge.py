"""A small HTTP server in front of the application's socket, for clients that speak HTTP of any age."""

import socketserver
import threading

from . import fcgi, process


class Bridge:
    """
    Listens on a port of 127.0.0.1 and passes each request on as a web server would: the URI as it came,
    no HTTP_HOST where the client sends none. requests: what came, as (request line, headers in lower
    case). `service` may be changed while it runs; HTTP/1.0 and one request a connection.
    """

    def __init__(self, service):
        self.service, self.requests = service, []
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Handler)
        self.server.daemon_threads = True
        self.server.bridge = self
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        process.at_end(self)

    def stop(self, _seconds=0):
        self.server.shutdown()
        self.server.server_close()
        process.not_at_end(self)


class _Handler(socketserver.StreamRequestHandler):
    def handle(self):
        line = self.rfile.readline().decode("latin-1").strip()
        if not line:
            return
        method, target, protocol = (line.split() + ["HTTP/0.9"])[:3]
        headers = {}
        while True:
            name, _, value = self.rfile.readline().decode("latin-1").strip().partition(":")
            if not name:
                break
            headers[name.lower()] = value.strip()
        bridge = self.server.bridge
        bridge.requests.append((line, headers))
        body = self.rfile.read(int(headers.get("content-length", 0)))
        self.wfile.write(self.answer(bridge.service, (method, target, protocol), headers, body))

    def answer(self, service, asked, headers, body):
        method, target, protocol = asked
        where, _, query = target.partition("?")
        passed = {name: value for name, value in headers.items() if name != "content-length"}
        env = fcgi.environment(method, where, query, passed, body, https=False)
        env.update({"REQUEST_URI": target, "SERVER_PROTOCOL": protocol})
        if "host" not in headers:
            del env["HTTP_HOST"]
        answer = fcgi.exchange(service.socket, env, body)
        lines = [line for line in answer.header_lines if not line.lower().startswith("status:")]
        head = "\r\n".join([f"HTTP/1.0 {answer.headers['status']}", *lines, "Connection: close", "", ""])
        return head.encode("latin-1") + answer.body
