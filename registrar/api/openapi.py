"""The OpenAPI 3.1 document, written from the table of operations and the models that requests are held against."""

from collections.abc import Iterable
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from registrar.api.models import ProblemAnswer
from registrar.api.operations import OPERATIONS, Operation
from registrar.api.problems import KINDS, Kind
from revocation import __version__

_TEMPLATE: Final = "#/components/schemas/{model}"
_PROBLEM: Final = "application/problem+json"
_ETAG: Final = {"type": "string"}
_IDEMPOTENCY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The id of the message to the signer: the same request again under it is done once.",
    "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
}
_PATH_PARAMETERS: Final = {
    "issuer": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
    "serial": {"type": "string", "pattern": "^[0-9A-Fa-f]{1,64}$"},
}


def document(root: str) -> dict[str, Any]:
    """The document; `root` is the URL of the registrar."""
    paths: dict[str, dict[str, Any]] = {}
    for one in OPERATIONS:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Revocast",
            "version": __version__,
            "description": "Certificates and their revocation, for one's own systems. What is asked is decided by the "
            "signer; what is listed is what this registrar issued or was told.",
        },
        "servers": [{"url": f"{root}/api/v1"}],
        "security": [{"token": []}, {"certificate": []}],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "`revocast token create`"},
                "certificate": {"type": "mutualTLS", "description": "A certificate in [[registrar.api.clients]]"},
            },
        },
    }


def _operation(one: Operation) -> dict[str, Any]:
    said: dict[str, Any] = {
        "operationId": one.name,
        "summary": one.summary,
        "description": f"Scope: {one.scope}.",
        "parameters": list(_parameters(one)),
        "responses": {str(status): _answer(model, one) for status, model in one.answers.items()} | _problems(one),
    }
    if one.has_etag and one.method == "GET":
        said["responses"]["304"] = {"description": "It is as If-None-Match says."}
    if one.taken is not None:
        content = {"application/json": {"schema": {"$ref": _TEMPLATE.format(model=one.taken.__name__)}}}
        said["requestBody"] = {"required": True, "content": content}
    return said


def _parameters(one: Operation) -> Iterable[dict[str, Any]]:
    for name, schema in _PATH_PARAMETERS.items():
        if f"{{{name}}}" in one.path:
            yield {"name": name, "in": "path", "required": True, "schema": schema}
    if one.query is not None:
        for name, schema in one.query.model_json_schema()["properties"].items():
            yield {"name": name, "in": "query", "required": False, "schema": _without_null(schema)}
    if one.method == "POST":
        yield _IDEMPOTENCY
    if one.has_etag:
        name = "If-None-Match" if one.method == "GET" else "If-Match"
        yield {"name": name, "in": "header", "required": False, "schema": _ETAG}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """What stands behind the `?` is there or not, and never null."""
    rest = {name: value for name, value in schema.items() if name not in ("anyOf", "title") and value is not None}
    (only,) = [one for one in schema.get("anyOf", [{}]) if one.get("type") != "null"]
    return {**only, **rest}


def _answer(model: type[BaseModel], one: Operation) -> dict[str, Any]:
    headers = ["ETag"] if one.has_etag and one.method == "GET" else []
    headers += ["Idempotency-Key"] if one.method == "POST" else []
    said: dict[str, Any] = {
        "description": (model.__doc__ or "").partition("\n")[0],
        "content": {"application/json": {"schema": {"$ref": _TEMPLATE.format(model=model.__name__)}}},
    }
    if headers:
        said["headers"] = {name: {"schema": {"type": "string"}} for name in headers}
    return said


def _problems(one: Operation) -> dict[str, Any]:
    """By status; two of one status are told apart by `type`."""
    found: dict[str, Any] = {}
    for kind in (*one.problems, *((Kind.REFUSED,) if one.method == "POST" else ())):
        status, title = KINDS[kind]
        said = found.get(str(status), {}).get("description")
        schema = {"$ref": _TEMPLATE.format(model=ProblemAnswer.__name__)}
        found[str(status)] = {
            "description": f"{said}; or: {title}" if said else title,
            "content": {_PROBLEM: {"schema": schema}},
        }
    return found


def _schemas() -> dict[str, Any]:
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [(ProblemAnswer, "serialization")]
    for one in OPERATIONS:
        models += [(model, "serialization") for model in one.answers.values()]
        models += [(one.taken, "validation")] if one.taken else []
    _, found = models_json_schema(list(dict.fromkeys(models)), ref_template=_TEMPLATE)
    definitions: dict[str, Any] = found["$defs"]
    return definitions
