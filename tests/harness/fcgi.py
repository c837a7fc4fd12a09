"""A raw FastCGI client: whole requests as a web server sends them, and broken ones by record."""

import hashlib
import json
import os
import socket
import socketserver
import struct
import threading
import urllib.parse

BEGIN_REQUEST, ABORT_REQUEST, END_REQUEST, PARAMS, STDIN, STDOUT, STDERR = 1, 2, 3, 4, 5, 6, 7
GET_VALUES, GET_VALUES_RESULT = 9, 10
RESPONDER, AUTHORIZER, FILTER = 1, 2, 3
MAX_CONTENT = 65535


def record(kind, content=b"", request_id=1, padding=0):
    """One record; content of more than 65,535 bytes is the caller's fault."""
    head = struct.pack(">BBHHBB", 1, kind, request_id, len(content), padding, 0)
    return head + content + bytes(padding)


def records(kind, content, request_id=1):
    """A stream's content as records, without the empty one that ends it."""
    pieces = (content[i : i + MAX_CONTENT] for i in range(0, len(content), MAX_CONTENT))
    return b"".join(record(kind, piece, request_id) for piece in pieces)


def begin(keep=False, role=RESPONDER, request_id=1):
    return record(BEGIN_REQUEST, struct.pack(">HB5x", role, int(keep)), request_id)


def _length(size):
    return struct.pack(">B", size) if size < 128 else struct.pack(">I", size | 0x80000000)


def pair(name, value):
    name, value = (v if isinstance(v, bytes) else str(v).encode() for v in (name, value))
    return _length(len(name)) + _length(len(value)) + name + value


def pairs(params):
    """params: a dict, or a list of pairs where a name may come twice."""
    items = params.items() if isinstance(params, dict) else params
    return b"".join(pair(name, value) for name, value in items)


def read_pairs(data):
    """A PARAMS stream's content as a list of pairs of texts."""
    found, at = [], 0
    while at < len(data):
        sizes = []
        for _ in "nv":
            wide = data[at] & 0x80
            sizes.append(struct.unpack(">I", data[at : at + 4])[0] & 0x7FFFFFFF if wide else data[at])
            at += 4 if wide else 1
        texts = []
        for size in sizes:
            texts.append(data[at : at + size].decode("latin-1"))
            at += size
        found.append(tuple(texts))
    return found


def params_stream(params, request_id=1):
    return records(PARAMS, pairs(params), request_id) + record(PARAMS, b"", request_id)


def stdin_stream(body, request_id=1):
    return records(STDIN, body, request_id) + record(STDIN, b"", request_id)


def environment(method, path, query="", headers=None, body=b"", https=True, client=None):
    """
    The variables as lighttpd 1.4.69 sets them. client: None, a PEM certificate that the web server
    has verified, or a dict of SSL_CLIENT_ variables.
    """
    target = path + (f"?{query}" if query else "")
    env = {
        "CONTENT_LENGTH": str(len(body)),
        "QUERY_STRING": query,
        "REQUEST_URI": target,
        "REDIRECT_STATUS": "200",
        "SCRIPT_NAME": "",
        "PATH_INFO": urllib.parse.unquote(path),
        "REQUEST_METHOD": method,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": "lighttpd/1.4.69",
        "GATEWAY_INTERFACE": "CGI/1.1",
        "REQUEST_SCHEME": "https" if https else "http",
        "SERVER_PORT": "8443" if https else "8080",
        "SERVER_ADDR": "127.0.0.1",
        "SERVER_NAME": "127.0.0.1",
        "REMOTE_ADDR": "192.0.2.10",
        "REMOTE_PORT": "40000",
        "HTTP_HOST": "127.0.0.1",
    }
    if https:
        env["HTTPS"] = "on"
        env["SSL_CLIENT_VERIFY"] = "NONE"
    if isinstance(client, dict):
        env.update(client)
    elif client:
        env["SSL_CLIENT_VERIFY"] = "SUCCESS"
        env["SSL_CLIENT_CERT"] = client if isinstance(client, str) else client.decode()
    for name, value in (headers or {}).items():
        upper = name.upper().replace("-", "_")
        env["CONTENT_TYPE" if upper == "CONTENT_TYPE" else f"HTTP_{upper}"] = value
    return env


class Response:
    """An answer taken apart; complete says whether the application ended it properly."""

    def __init__(self, raw):
        self.raw, self.stderr, self.complete = raw, b"", False
        self.app_status = self.protocol_status = None
        out = self._streams(raw)
        head, _, self.body = out.partition(b"\r\n\r\n")
        self.header_lines = head.decode("latin-1").split("\r\n") if head else []
        self.headers = {}
        for line in self.header_lines:
            name, _, value = line.partition(":")
            self.headers[name.strip().lower()] = value.strip()
        self.status = int(self.headers.get("status", "200").split()[0]) if out else None

    def _streams(self, raw):
        out, at = b"", 0
        while at + 8 <= len(raw):
            version, kind, _, size, padding, _ = struct.unpack(">BBHHBB", raw[at : at + 8])
            assert version == 1, f"not a FastCGI record at {at}"
            content = raw[at + 8 : at + 8 + size]
            if kind == STDOUT:
                out += content
            elif kind == STDERR:
                self.stderr += content
            elif kind == END_REQUEST:
                self.app_status, self.protocol_status = struct.unpack(">IB3x", content)
                self.complete = True
            at += 8 + size + padding
        return out

    def json(self):
        return json.loads(self.body)

    def code(self):
        """errorCode of an error's body, None where there is none."""
        try:
            return self.json().get("errorCode")
        except (ValueError, AttributeError):
            return None

    def __repr__(self):
        return f"<Response {self.status} {self.headers} {self.body[:300]!r}>"


class Connection:
    """One connection to the application's socket, for broken and slow requests."""

    def __init__(self, path, timeout=40):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        self.socket.sendall(data)

    def end_writing(self):
        self.socket.shutdown(socket.SHUT_WR)

    def read_all(self):
        """Everything until the application closes; what there was when it resets instead."""
        out = b""
        while True:
            try:
                piece = self.socket.recv(65536)
            except ConnectionResetError:
                return out
            if not piece:
                return out
            out += piece

    def response(self):
        """
        The answer up to its END_REQUEST record or the end of the connection: like a web server,
        this client closes once the answer is complete.
        """
        out = b""
        while not _ended(out):
            try:
                piece = self.socket.recv(65536)
            except ConnectionResetError:
                break
            if not piece:
                break
            out += piece
        return Response(out)

    def close(self):
        self.socket.close()


def _ended(raw):
    at = 0
    while at + 8 <= len(raw):
        _, kind, _, size, padding, _ = struct.unpack(">BBHHBB", raw[at : at + 8])
        at += 8 + size + padding
        if kind == END_REQUEST and at <= len(raw):
            return True
    return False


def exchange(path, params, body=b"", timeout=40):
    """One whole request with exactly these variables."""
    with Connection(path, timeout) as connection:
        connection.send(begin() + params_stream(params) + stdin_stream(body))
        return connection.response()


def request(path, method, target, headers=None, body=b"", timeout=40, **options):
    """
    One whole request as lighttpd would send it. target may carry a query; options: https, client,
    and params, a dict of variables to set (None removes one).
    """
    where, _, query = target.partition("?")
    params = options.pop("params", {})
    env = environment(method, where, query, headers, body, **options)
    env.update(params)
    return exchange(path, {k: v for k, v in env.items() if v is not None}, body, timeout)


class Echo:
    """
    A FastCGI application that answers with what it was given, as JSON: [params, bytes of body];
    the body's SHA-256 is in X-Body, FCGI_KEEP_CONN in X-Keep-Connection. A query such as status=418
    says with which status.
    """

    def __init__(self, path):
        if os.path.exists(path):
            os.unlink(path)
        self.server = socketserver.ThreadingUnixStreamServer(path, EchoHandler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class EchoHandler(socketserver.StreamRequestHandler):
    def handle(self):
        streams = {PARAMS: b"", STDIN: b""}
        while True:
            head = self.rfile.read(8)
            if len(head) < 8:
                return
            _, kind, _, size, padding, _ = struct.unpack(">BBHHBB", head)
            content = self.rfile.read(size)
            self.rfile.read(padding)
            streams[kind] = streams.get(kind, b"") + content
            if kind == STDIN and size == 0:
                break
        params = read_pairs(streams[PARAMS])
        query = urllib.parse.parse_qs(dict(params).get("QUERY_STRING", ""))
        head = f"Status: {query.get('status', ['200'])[0]}\r\nContent-Type: application/json\r\n"
        head += f"X-Keep-Connection: {streams[BEGIN_REQUEST][2] & 1}\r\n"
        head += f"X-Body: {hashlib.sha256(streams[STDIN]).hexdigest()}\r\n\r\n"
        answer = head.encode() + json.dumps([params, len(streams[STDIN])]).encode()
        ended = record(STDOUT) + record(END_REQUEST, bytes(8))
        self.wfile.write(records(STDOUT, answer) + ended)
