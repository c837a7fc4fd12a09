"""The operations of man/openapi.yaml as requests that tests can send."""

import json
import re

from . import described
from .api import UNKNOWN

VALUES = {"resource": "scepProfiles", "format": "raw", "serial": "00", "generation": "none-1"}


class Operation:
    """One operation; str() names it in test reports."""

    def __init__(self, method, template, operation):
        self.method, self.template, self.operation = method, template, operation
        self.permissions = list(operation["x-permission"])
        if "x-permission-of-resource" in operation:
            self.permissions.append(f"{VALUES['resource']}:{operation['x-permission-of-resource']}")
        self.body = operation.get("requestBody")

    def __str__(self):
        return f"{self.method} {self.template}"

    @property
    def is_built(self):
        return any(str(code).startswith(("2", "3")) for code in self.operation["responses"])

    @property
    def is_writing(self):
        return self.method not in ("GET", "HEAD")

    @property
    def json_schema(self):
        """The schema of its JSON body, None where it takes none."""
        content = (self.body or {}).get("content", {}).get("application/json")
        return described.description().resolve(content["schema"]) if content else None

    def target(self, **values):
        """The path with these values, or with some that nothing has; required query included."""
        path = re.sub(
            r"\{([^}]+)\}",
            lambda name: str(values.get(name[1], VALUES.get(name[1], UNKNOWN))),
            self.template,
        )
        needed = [
            f"{parameter['name']}={example(parameter['schema'])}"
            for parameter in self.operation.get("parameters", ())
            if parameter["in"] == "query" and parameter.get("required")
        ]
        return path + ("?" + "&".join(needed) if needed else "")

    def empty_body(self):
        """A body that is JSON of the right kind and says nothing, with its headers."""
        if self.json_schema is None:
            return {}, b""
        kind = [] if self.json_schema.get("type") == "array" else {}
        return {"Content-Type": "application/json"}, json.dumps(kind).encode()


def example(schema):
    if "enum" in schema:
        return schema["enum"][0]
    return {"boolean": "false", "integer": "1"}.get(schema.get("type"), "x")


def every():
    return [Operation(*each) for each in described.description().operations()]


def managed():
    """Those that need a permission, or any caller who is known."""
    return [operation for operation in every() if operation.permissions]
