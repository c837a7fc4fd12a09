"""The keyring and its blobs as certwright.conf(5) describes them, made and opened without certwright."""

import base64
import hashlib
import os
import uuid

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION = b"\x01"


def new_key():
    return os.urandom(32)


def id_of(key):
    return hashlib.sha256(key).hexdigest()[:16]


def write(path, *keys, mode=0o600):
    """A keyring file of these keys, in place of what was there."""
    lines = [f"{id_of(key)} {base64.b64encode(key).decode()}\n" for key in keys]
    with open(os.open(path + ".tmp", os.O_WRONLY | os.O_CREAT, mode), "w", encoding="ascii") as file:
        file.write("# keys of a test\n" + "".join(lines))
    os.chmod(path + ".tmp", mode)
    os.replace(path + ".tmp", path)


def read(path):
    """The keys of a file, the one that seals first."""
    with open(path, encoding="ascii") as file:
        lines = [line.split() for line in file if line.strip() and not line.startswith("#")]
    keys = [base64.b64decode(key, validate=True) for _, key in lines]
    assert [name for name, _ in lines] == [id_of(key) for key in keys]
    return keys


def _bound(head, table, column, row):
    names = [bytes([len(name)]) + name.encode() for name in (table, column)]
    return head + b"".join(names) + uuid.UUID(str(row)).bytes


def seal(key, table, column, row, plain):
    head = VERSION + bytes.fromhex(id_of(key))
    nonce = os.urandom(12)
    bound = _bound(head, table, column, row)
    return head + nonce + AESGCM(key).encrypt(nonce, plain.encode(), bound)


def unseal(keys, table, column, row, blob):
    """The text in a blob; KeyError when its key is not among these."""
    head, nonce, text = blob[:9], blob[9:21], blob[21:]
    assert head[:1] == VERSION
    key = {id_of(key): key for key in keys}[head[1:].hex()]
    return AESGCM(key).decrypt(nonce, text, _bound(head, table, column, row)).decode()
