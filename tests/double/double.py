#!/usr/bin/python3
"""Identity double: a stand-in for the Microsoft Entra endpoints that certwright asks.

It serves the discovery and key documents of one tenant over HTTPS on 127.0.0.1, in both
versions, shaped like the real ones: several keys, no alg, kid equal to x5t, issuer on v2 keys
only. It signs access tokens with the current key. It is a tool for demonstrations and tests and
is never installed.

    double.py init --dir DIR [--port N] [--tenant GUID] [--application GUID]
    double.py serve --dir DIR                 runs in the foreground until SIGTERM
    double.py token --dir DIR [--role R]... [--user UPN --oid GUID] [--version 1|2]
                    [--claim NAME=JSON]... [--expires SECONDS]
    double.py ok|slow|huge|wrong-type|down|rotate|count --dir DIR

Everything is kept in DIR: double.json (port, tenant, application), keys.json and KID.key (the
signing keys), ca.pem (to be trusted by whoever fetches), mode (read at every request), counts.json
(requests by document). So tokens, switches and counts need no running server.

ok answers as Entra does; slow sends one byte a second; huge sends 64 MiB of JSON; wrong-type
sends an HTML page with status 200; down closes every connection before TLS; rotate makes a new
signing key, publishes it and signs with it, the old ones stay published; count prints how many
rounds of fetching there were, that is, the largest count of any one document.
"""

import argparse
import base64
import datetime
import hashlib
import ipaddress
import json
import os
import secrets
import signal
import socket
import ssl
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

MODES = ("ok", "slow", "huge", "wrong-type", "down")
CONSUMER_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"
CLIENT_APPLICATION = "5f3c1f2a-7f5e-4a57-9c7b-0d6f4f1f9f10"
SERVICE_PRINCIPAL = "c3a7d9f4-54c4-4b62-8c62-2f4f8a1be0aa"
USER_SCOPE = "Cert.Enroll"
SLOW_BYTES = 60
HUGE_BYTES = 64 * 1024 * 1024


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def compact(value):
    return json.dumps(value, separators=(",", ":")).encode()


def write_whole(path, data, mode=0o600):
    """Replaces the file at once, so that a reader never sees half of it."""
    part = f"{path}.{os.getpid()}.{threading.get_ident()}"
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(data)
    os.replace(part, path)


def certificate(subject, issuer, key, signer, extensions, days=3650):
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=days))
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(signer, hashes.SHA256())


def private_pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def public_pem(cert):
    return cert.public_bytes(serialization.Encoding.PEM)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Double:
    """The folder of a double: what it is called, its keys, its switches."""

    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        with open(self.path("double.json"), encoding="utf-8") as file:
            settings = json.load(file)
        self.port = settings["port"]
        self.tenant = settings["tenant"]
        self.application = settings["application"]
        self.host = f"https://127.0.0.1:{self.port}"

    @classmethod
    def init(cls, folder, port=0, tenant=None, application=None):
        """Makes the folder, or completes it; what is there and not named anew stays."""
        folder = os.path.abspath(folder)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        path = os.path.join(folder, "double.json")
        old = {}
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                old = json.load(file)
        settings = {
            "port": port or old.get("port") or free_port(),
            "tenant": (tenant or old.get("tenant") or str(uuid.uuid4())).lower(),
            "application": (application or old.get("application") or str(uuid.uuid4())).lower(),
        }
        write_whole(path, compact(settings))
        double = cls(folder)
        if not os.path.exists(double.path("tls.pem")):
            double.make_tls()
        if not os.path.exists(double.path("keys.json")):
            double.make_keys()
        if not os.path.exists(double.path("mode")):
            double.set_mode("ok")
        return double

    def path(self, name):
        return os.path.join(self.folder, name)

    def make_tls(self):
        ca_key = ec.generate_private_key(ec.SECP256R1())
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        skid = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
        ca_name = "Identity Double TLS CA"
        ca_extensions = [(x509.BasicConstraints(True, 0), True), (usage, True), (skid, False)]
        ca = certificate(ca_name, ca_name, ca_key, ca_key, ca_extensions)
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
        akid = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
        extensions = [
            (x509.SubjectAlternativeName(names), False),
            (x509.BasicConstraints(False, None), True),
            (x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), False),
            (akid, False),
        ]
        leaf = certificate("127.0.0.1", ca_name, key, ca_key, extensions, 825)
        write_whole(self.path("ca.pem"), public_pem(ca), 0o644)
        write_whole(self.path("tls.pem"), private_pem(key) + public_pem(leaf))

    # signing keys

    def key_state(self):
        with open(self.path("keys.json"), encoding="utf-8") as file:
            return json.load(file)

    def new_key(self):
        """Makes a signing key; its id is the base64url SHA-1 of its certificate, as Entra's."""
        key = rsa.generate_private_key(65537, 2048)
        name = "accounts.accesscontrol.windows.net"
        cert = certificate(name, name, key, key, [])
        der = cert.public_bytes(serialization.Encoding.DER)
        kid = b64url(hashlib.sha1(der).digest())
        write_whole(self.path(f"{kid}.key"), private_pem(key))
        numbers = key.public_key().public_numbers()
        jwk = {"kty": "RSA", "use": "sig", "kid": kid, "x5t": kid}
        jwk["n"] = b64url(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big"))
        jwk["e"] = b64url(numbers.e.to_bytes(3, "big"))
        jwk["x5c"] = [base64.b64encode(der).decode()]
        return jwk

    def make_keys(self):
        keys = [{"jwk": self.new_key(), "tenant": owner} for owner in (None, None, CONSUMER_TENANT)]
        write_whole(self.path("keys.json"), compact({"current": 0, "keys": keys}))

    def rotate(self):
        """A new key is published first in the documents and signs from now on."""
        state = self.key_state()
        keys = [{"jwk": self.new_key(), "tenant": None}] + state["keys"]
        write_whole(self.path("keys.json"), compact({"current": 0, "keys": keys}))
        return keys[0]["jwk"]["kid"]

    def current_kid(self):
        state = self.key_state()
        return state["keys"][state["current"]]["jwk"]["kid"]

    def private_key(self, kid=None):
        with open(self.path(f"{kid or self.current_kid()}.key"), "rb") as file:
            return serialization.load_pem_private_key(file.read(), None)

    # documents

    def issuer(self, version):
        if version == 1:
            return f"https://sts.windows.net/{self.tenant}/"
        return f"{self.host}/{self.tenant}/v2.0"

    def discovery(self, version):
        base = f"{self.host}/{self.tenant}"
        infix = "/v2.0" if version == 2 else ""
        oauth = f"{base}/oauth2{infix}"
        document = {
            "token_endpoint": f"{oauth}/token",
            "token_endpoint_auth_methods_supported": [
                "client_secret_post",
                "private_key_jwt",
                "client_secret_basic",
            ],
            "jwks_uri": f"{base}/discovery{infix}/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": self.issuer(version),
            "request_uri_parameter_supported": False,
            "authorization_endpoint": f"{oauth}/authorize",
            "device_authorization_endpoint": f"{oauth}/devicecode",
            "http_logout_supported": True,
            "frontchannel_logout_supported": True,
            "end_session_endpoint": f"{oauth}/logout",
            "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nonce", "tid", "ver"],
            "tenant_region_scope": None,
            "cloud_instance_name": "microsoftonline.com",
            "cloud_graph_host_name": "graph.windows.net",
            "msgraph_host": "graph.microsoft.com",
            "rbac_url": "https://pas.windows.net",
        }
        if version == 1:
            document["microsoft_multi_refresh_token"] = True
            document["check_session_iframe"] = f"{oauth}/checksession"
        return document

    def keys(self, version):
        keys = []
        for entry in self.key_state()["keys"]:
            jwk = dict(entry["jwk"])
            if version == 2:
                jwk["cloud_instance_name"] = "microsoftonline.com"
                jwk["issuer"] = f"{self.host}/{entry['tenant'] or '{tenantid}'}/v2.0"
            keys.append(jwk)
        return {"keys": keys}

    def documents(self):
        return {
            f"/{self.tenant}/.well-known/openid-configuration": ("discovery-1", self.discovery, 1),
            f"/{self.tenant}/v2.0/.well-known/openid-configuration": (
                "discovery-2",
                self.discovery,
                2,
            ),
            f"/{self.tenant}/discovery/keys": ("keys-1", self.keys, 1),
            f"/{self.tenant}/discovery/v2.0/keys": ("keys-2", self.keys, 2),
        }

    # tokens

    def common_claims(self, version, expires):
        now = int(time.time())
        claims = {
            "aud": self.application if version == 2 else f"api://{self.application}",
            "iss": self.issuer(version),
            # Entra dates iat and nbf five minutes back.
            "iat": now - 300,
            "nbf": now - 300,
            "exp": now + expires,
            "aio": b64url(secrets.token_bytes(27)),
            "rh": "1." + b64url(secrets.token_bytes(30)),
            "tid": self.tenant,
            "uti": b64url(secrets.token_bytes(16)),
            "ver": f"{version}.0",
        }
        claims["azp" if version == 2 else "appid"] = CLIENT_APPLICATION
        if version == 1:
            claims["idp"] = self.issuer(1)
        return claims

    def application_claims(self, roles, oid=None, version=2, expires=3600):
        claims = self.common_claims(version, expires)
        claims["azpacr" if version == 2 else "appidacr"] = "1"
        claims["oid"] = claims["sub"] = oid or SERVICE_PRINCIPAL
        claims["idtyp"] = "app"
        claims["roles"] = list(roles)
        return claims

    def user_claims(self, roles, upn, oid, version=2, expires=3600):
        claims = self.common_claims(version, expires)
        claims["azpacr" if version == 2 else "appidacr"] = "0"
        pairwise = f"{self.tenant}/{oid}/{CLIENT_APPLICATION}".encode()
        claims.update(
            oid=oid,
            sub=b64url(hashlib.sha256(pairwise).digest()),
            scp=USER_SCOPE,
            upn=upn,
            name=upn.split("@")[0],
            roles=list(roles),
        )
        if version == 1:
            claims.update(acr="1", amr=["pwd"], unique_name=upn, ipaddr="192.0.2.7")
        else:
            claims["preferred_username"] = upn
        return claims

    def header(self, version=2):
        kid = self.current_kid()
        header = {"typ": "JWT", "alg": "RS256", "kid": kid}
        if version == 1:
            header["x5t"] = kid
        return header

    def sign(self, claims, header=None, key=None):
        """A compact JWS over claims (a dict, or bytes as they stand) by the header's alg."""
        header = header or self.header(2 if claims.get("ver") == "2.0" else 1)
        parts = [v if isinstance(v, bytes) else compact(v) for v in (header, claims)]
        signing_input = ".".join(b64url(part) for part in parts).encode()
        key = key or self.private_key()
        alg = header.get("alg", "RS256") if isinstance(header, dict) else "RS256"
        pad = padding.PKCS1v15()
        if alg == "PS256":
            pad = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        signature = key.sign(signing_input, pad, hashes.SHA256())
        return f"{signing_input.decode()}.{b64url(signature)}"

    def token(self, roles=None, user=None, oid=None, version=2, expires=3600, claims=None):
        """An access token; claims replaces single ones, None removes."""
        if user:
            roles = ["CSR.SelfService"] if roles is None else roles
            oid = oid or str(uuid.uuid5(uuid.NAMESPACE_URL, f"upn:{user.lower()}"))
            payload = self.user_claims(roles, user, oid, version, expires)
        else:
            roles = ["CSR.Request.Db"] if roles is None else roles
            payload = self.application_claims(roles, oid, version, expires)
        payload.update(claims or {})
        payload = {name: value for name, value in payload.items() if value is not None}
        return self.sign(payload, self.header(version))

    # switches

    def mode(self):
        with open(self.path("mode"), encoding="ascii") as file:
            return file.read().strip()

    def set_mode(self, mode):
        if mode not in MODES:
            raise ValueError(f"no such mode: {mode}")
        write_whole(self.path("mode"), mode.encode() + b"\n")

    def counts(self):
        try:
            with open(self.path("counts.json"), encoding="utf-8") as file:
                return json.load(file)
        except FileNotFoundError:
            return {}

    def count(self):
        return max(self.counts().values(), default=0)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "identity-double"
    sys_version = ""

    def do_GET(self):
        found = self.server.double.documents().get(self.path.split("?")[0].lower())
        if found is None:
            error = {"error": "invalid_request", "error_description": "AADSTS90002: no such tenant"}
            self.answer(400, "application/json; charset=utf-8", compact(error))
            return
        name, make, version = found
        self.server.count(name)
        body = compact(make(version))
        mode = self.server.double.mode()
        if mode == "slow":
            self.drip(body)
        elif mode == "huge":
            self.flood()
        elif mode == "wrong-type":
            page = b"<!DOCTYPE html><title>Sign in</title><p>Sign in to the network."
            self.answer(200, "text/html; charset=utf-8", page)
        else:
            self.answer(200, "application/json; charset=utf-8", body)

    def head(self, status, content_type, length):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(length))
        self.send_header("Cache-Control", "max-age=86400, private")
        self.end_headers()

    def answer(self, status, content_type, body):
        self.head(status, content_type, len(body))
        self.wfile.write(body)

    def drip(self, body):
        self.close_connection = True
        self.head(200, "application/json; charset=utf-8", len(body))
        for i in range(SLOW_BYTES):
            self.wfile.write(body[i : i + 1])
            time.sleep(1)

    def flood(self):
        self.close_connection = True
        self.head(200, "application/json; charset=utf-8", HUGE_BYTES)
        start, end, block = b'{"keys":[],"filler":"', b'"}', b"A" * 65536
        left = HUGE_BYTES - len(start) - len(end)
        self.wfile.write(start)
        while left > 0:
            left -= self.wfile.write(block[:left])
        self.wfile.write(end)

    def log_message(self, format, *args):
        # The base class gives the format and its arguments; one line a request goes to stderr.
        stamp = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
        print(f"{stamp} {format % args}", file=sys.stderr, flush=True)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, double):
        self.double = double
        self.lock = threading.Lock()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(double.path("tls.pem"))
        super().__init__(("127.0.0.1", double.port), Handler)

    def count(self, name):
        with self.lock:
            counts = self.double.counts()
            counts[name] = counts.get(name, 0) + 1
            write_whole(self.double.path("counts.json"), compact(counts))

    def finish_request(self, request, client_address):
        if self.double.mode() == "down":
            return
        # The handshake belongs in the connection's own thread, else one silent peer stops all.
        request.settimeout(15)
        with self.context.wrap_socket(request, server_side=True) as tls:
            super().finish_request(tls, client_address)

    def shutdown_request(self, request):
        self.close_request(request)

    def handle_error(self, request, client_address):
        print(f"connection ended: {sys.exc_info()[1]}", file=sys.stderr, flush=True)


def serve(double):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with Server(double) as server:
        print(f"identity double on {double.host} for tenant {double.tenant}", file=sys.stderr)
        sys.stderr.flush()
        server.serve_forever()


def claim(text):
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError("expected NAME=JSON")
    try:
        return name, json.loads(value)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{name}: not JSON: {error}") from None


def guid(text):
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"not a GUID: {text}") from None


def arguments():
    parser = argparse.ArgumentParser(prog="double", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("init", "serve", "token", "rotate", "count") + MODES:
        command = commands.add_parser(name)
        command.add_argument("--dir", required=True)
        if name == "init":
            command.add_argument("--port", type=int, default=0)
            command.add_argument("--tenant", type=guid)
            command.add_argument("--application", type=guid)
        elif name == "token":
            command.add_argument("--role", action="append", metavar="R")
            command.add_argument("--user", metavar="UPN")
            command.add_argument("--oid", type=guid, metavar="GUID")
            command.add_argument("--version", type=int, choices=(1, 2), default=2)
            command.add_argument("--claim", action="append", type=claim, default=[], metavar="N=JSON")
            command.add_argument("--expires", type=int, default=3600, metavar="SECONDS")
    return parser.parse_args()


def main():
    args = arguments()
    if args.command == "init":
        double = Double.init(args.dir, args.port, args.tenant, args.application)
        print(json.dumps({"host": double.host, "tenant": double.tenant}))
        return 0
    try:
        double = Double(args.dir)
    except FileNotFoundError:
        print(f"double: nothing in {args.dir}; make it with init", file=sys.stderr)
        return 1
    if args.command == "serve":
        serve(double)
    elif args.command == "token":
        claims = dict(args.claim)
        print(double.token(args.role or ["CSR.Request.Db"], args.user, args.oid, args.version, args.expires, claims))
    elif args.command == "rotate":
        print(double.rotate())
    elif args.command == "count":
        print(double.count())
    else:
        double.set_mode(args.command)
    return 0


if __name__ == "__main__":
    sys.exit(main())
