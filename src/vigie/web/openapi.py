"""``/api/openapi.json``: the service described for programs, made from the table of its operations."""

from __future__ import annotations

import functools
import re
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from vigie import __version__
from vigie.web import shapes
from vigie.web.api import reply

_REF = "#/components/schemas/{name}"
_PROBLEMS = {
    400: "The request is wrong, in words",
    401: "Sign in, or send a token",
    403: "This role may not, or the request is of another site",
    404: "Nothing is known under this name",
    408: "The body came too slowly",
    409: "Not possible here",
    413: "The body is too long",
    415: "The body has the wrong type",
    429: "Too many wrong attempts: see Retry-After",
    503: "The journal cannot be read or written now",
}


async def endpoint(request: Request) -> Response:
    """``GET /api/openapi.json``."""
    return reply(document())


@functools.cache
def document() -> dict[str, Any]:
    """The description, OpenAPI 3.1."""
    from vigie.web.operations import OPERATIONS

    types = [
        shape
        for operation in OPERATIONS
        for shape in (operation.reply, operation.body)
        if shape is not None and not isinstance(shape, str)
    ]
    types += [shapes.Problem, *(kind for operation in OPERATIONS for _, kind, _ in operation.query)]
    made, components = msgspec.json.schema_components(types, ref_template=_REF)
    schemas = dict(zip([repr(kind) for kind in types], made, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Vigie", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "vigie"},
            },
        },
    }


def _operation(operation: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    statuses = {400, 401, 403, 503, *operation.errors}
    problem = {"application/json": {"schema": schemas[repr(shapes.Problem)]}}
    made: dict[str, Any] = {
        "summary": operation.summary,
        "responses": {
            "200": {"description": "Done", "content": _content(operation.reply, schemas, operation.media)},
            **{str(status): {"description": _PROBLEMS[status], "content": problem} for status in sorted(statuses)},
        },
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"{(\w+)}", operation.path)
    ]
    for name, kind, words in operation.query:
        schema = {"type": "integer", "minimum": 0} if kind is int else schemas[repr(kind)]
        parameters.append({"name": name, "in": "query", "description": words, "schema": schema})
    if parameters:
        made["parameters"] = parameters
    if operation.body is not None:
        made["requestBody"] = {"required": True, "content": _content(operation.body, schemas)}
    if operation.permission is not None:
        made["security"] = [{"token": []}, {"session": []}]
        made["x-permission"] = operation.permission
    return made


def _content(shape: Any, schemas: dict[str, Any], media: str = "application/json") -> dict[str, Any]:
    if isinstance(shape, str):
        return {shape: {"schema": {"type": "string"}}}
    return {media: {"schema": schemas[repr(shape)]}}
