"""OpenAPI 3.0 descriptions: which operation a request is, and whether an answer is as described."""

import json
import re

import jsonschema
import yaml

METHODS = ("get", "put", "post", "delete", "patch")
INT_RANGES = {"int32": 2**31, "int64": 2**63}
FORMATS = {
    "uuid": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "date-time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)",
    "date": r"\d{4}-\d\d-\d\d",
    "byte": r"[A-Za-z0-9+/]*={0,2}",
}


class Mismatch(AssertionError):
    """An answer that is not what the description says."""


def _check_type(validator, types, instance, schema):
    """OpenAPI 3.0: null is no type of its own, but "nullable" admits it."""
    if instance is None and schema.get("nullable"):
        return
    yield from jsonschema.Draft4Validator.VALIDATORS["type"](validator, types, instance, schema)


def _check_enum(validator, values, instance, schema):
    if instance is None and schema.get("nullable"):
        return
    yield from jsonschema.Draft4Validator.VALIDATORS["enum"](validator, values, instance, schema)


def _check_one_of(validator, choices, instance, schema):
    """OpenAPI 3.0: a discriminator names the one schema that is meant."""
    told = schema.get("discriminator")
    if not told or not isinstance(instance, dict):
        yield from jsonschema.Draft4Validator.VALIDATORS["oneOf"](
            validator, choices, instance, schema
        )
        return
    value = instance.get(told["propertyName"])
    reference = told.get("mapping", {}).get(value)
    if reference is None:
        yield jsonschema.ValidationError(f"{told['propertyName']} {value!r} is none of the mapping")
        return
    yield from validator.descend(instance, {"$ref": reference})


def _check_format(_, name, instance, __):
    if name in INT_RANGES and isinstance(instance, int):
        if not -INT_RANGES[name] <= instance < INT_RANGES[name]:
            yield jsonschema.ValidationError(f"{instance} is no {name}")
    elif name in FORMATS and isinstance(instance, str):
        if not re.fullmatch(FORMATS[name], instance):
            yield jsonschema.ValidationError(f"{instance!r} is no {name}")


Validator = jsonschema.validators.extend(
    jsonschema.Draft4Validator,
    {"type": _check_type, "enum": _check_enum, "oneOf": _check_one_of, "format": _check_format},
)


def complaints(document, schema, instance):
    """What is wrong with the value, one text a fault, with the place in the value."""
    resolver = jsonschema.RefResolver("", document)
    validator = Validator(schema, resolver=resolver)
    return [
        f"{'/'.join(map(str, error.absolute_path)) or '(all)'}: {error.message[:300]}"
        for error in validator.iter_errors(instance)
    ]


class Description:
    """One description; paths are without a prefix of the server's."""

    def __init__(self, document):
        self.document = document
        self.templates = [(path, _pattern(path, item)) for path, item in document["paths"].items()]

    @classmethod
    def read(cls, path):
        with open(path, encoding="utf-8") as file:
            return cls(yaml.load(file, getattr(yaml, "CSafeLoader", yaml.SafeLoader)))

    def resolve(self, value):
        """The value that a $ref (or a chain of them) stands for."""
        while isinstance(value, dict) and "$ref" in value:
            found = self.document
            for part in value["$ref"].removeprefix("#/").split("/"):
                found = found[part.replace("~1", "/").replace("~0", "~")]
            value = found
        return value

    def operations(self):
        """(METHOD, path template, operation) of all."""
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield method.upper(), path, item[method]

    def template(self, method, path):
        """The template of the operation; the most literal one wins, as in the program's router."""
        method = "get" if method == "HEAD" else method.lower()
        fitting = [
            template
            for template, pattern in self.templates
            if pattern.fullmatch(path) and method in self.document["paths"][template]
        ]
        return min(fitting, key=_rank) if fitting else None

    def operation(self, method, path):
        template = self.template(method, path)
        method = "get" if method == "HEAD" else method.lower()
        return self.document["paths"][template][method] if template else None

    def responses(self, operation):
        """{status: response} with references followed."""
        return {str(code): self.resolve(r) for code, r in operation["responses"].items()}

    def check(self, schema, body):
        found = complaints(self.document, schema, body)
        if found:
            raise Mismatch("; ".join(found[:5]) + f" in {json.dumps(body)[:500]}")


def _pattern(template, item):
    """{name} is one segment, or with x-rest-of-path the rest of the path."""
    rest = {
        "{" + parameter["name"] + "}"
        for operation in item.values()
        for parameter in operation.get("parameters", ())
        if parameter.get("x-rest-of-path")
    }
    parts = re.split(r"(\{[^}]+\})", template)
    return re.compile(
        "".join(
            (".+" if part in rest else "[^/]+") if part.startswith("{") else re.escape(part)
            for part in parts
        )
    )


def _rank(template):
    """Smaller is more literal, segment by segment; a longer one wins against the rest of a path."""
    parts = template.split("/")
    return [int(part.startswith("{")) for part in parts], -len(parts)


def schema_of(response, media_type=None):
    """The schema of a described response's body: of this type, or of its only one; None: no body."""
    content = response.get("content") or {}
    if not content:
        return None
    if media_type is None:
        media_type = next(iter(content))
    if media_type not in content:
        raise Mismatch(f"{media_type} is none of {', '.join(content)}")
    return content[media_type].get("schema", {})
