"""`/openapi.json`, made from the endpoints' own declarations."""

from collections.abc import Sequence
from types import NoneType
from typing import Any

import msgspec

import tidegate.infra.errors
from tidegate.web.api.endpoint import Endpoint
from tidegate.web.api.paging import Page

_NOTHING = (None, NoneType)
_TEXTS = {
    400: "The body cannot be parsed",
    401: "No valid key",
    403: "The key lacks the scope, is bound to another platform, or may not be used from here",
    404: "There is no such thing here",
    409: "It conflicts with what is there",
    410: "It was erased",
    413: "The body is over the limit",
    415: "The body's type is not taken here",
    422: "A field or parameter is wrong",
    429: "The key asks too often; Retry-After says when to come again",
    503: "The database cannot be reached; nothing was written",
}


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 9457, with the fields at fault."""

    type: str
    title: str
    status: int
    detail: str = ""
    errors: list[tidegate.infra.errors.FieldError] = []
    request_id: str = ""


def document(endpoints: Sequence[Endpoint[Any, Any]], version: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of these endpoints and of the batch route beside them."""
    types: list[Any] = [Problem, Page]
    for endpoint in endpoints:
        types += [
            one
            for one in (endpoint.body, endpoint.answer, endpoint.accepted)
            if one not in _NOTHING
        ]
    schemas, components = msgspec.json.schema_components(
        types, ref_template="#/components/schemas/{name}"
    )
    by_type = {id(kind): schema for kind, schema in zip(types, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        operations = paths.setdefault(endpoint.path, {})
        operations[endpoint.method.lower()] = _operation(endpoint, by_type)
    paths["/v1/items/batch"] = {"post": _batch(by_type)}
    for path, summary in (("/healthz", "The process is alive"), ("/readyz", "It takes work")):
        paths[path] = {"get": _open(summary)}
    paths["/openapi.json"] = {"get": _open("This document")}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tidegate", "version": version},
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(endpoint: Endpoint[Any, Any], by_type: dict[int, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": endpoint.summary,
        "description": f"Needs the scope {' or '.join(f'`{one}`' for one in endpoint.scopes)}.",
        "operationId": f"{endpoint.method.lower()}_{_slug(endpoint.path)}",
        "tags": [endpoint.path.split("/")[2]],
        "parameters": _parameters(endpoint),
        "responses": _responses(endpoint, by_type),
    }
    if endpoint.body is not NoneType:
        content = {"application/json": {"schema": by_type[id(endpoint.body)]}}
        if endpoint.multipart:
            content["multipart/form-data"] = {"schema": {"type": "object"}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _slug(path: str) -> str:
    return path.removeprefix("/v1/").replace("/", "_").replace("{", "").replace("}", "")


def _parameters(endpoint: Endpoint[Any, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in endpoint.parameters()
    ]
    fields: list[tuple[str, Any]] = [("platform", str)]
    if endpoint.query is not NoneType:
        fields += [(f.encode_name, f.type) for f in msgspec.structs.fields(endpoint.query)]
    found += [
        {"name": name, "in": "query", "required": False, "schema": msgspec.json.schema(kind)}
        for name, kind in fields
    ]
    if endpoint.idempotent:
        schema = {"type": "string", "minLength": 1, "maxLength": 255}
        name = "Idempotency-Key"
        found.append({"name": name, "in": "header", "required": False, "schema": schema})
    return found


def _responses(endpoint: Endpoint[Any, Any], by_type: dict[int, Any]) -> dict[str, Any]:
    success: dict[str, Any] = {"description": "Done, and durable"}
    if endpoint.status != 204:
        schema = by_type[id(endpoint.answer)] if endpoint.answer is not None else {"type": "object"}
        success["content"] = {"application/json": {"schema": schema}}
    refused = {401, 403, 422, 429, 503, *endpoint.refusals}
    if endpoint.body is not NoneType:
        refused |= {400, 413, 415}
    if endpoint.idempotent:
        refused.add(409)
    found = {str(endpoint.status): success}
    if endpoint.accepted is not None:
        content = {"application/json": {"schema": by_type[id(endpoint.accepted)]}}
        found["202"] = {"description": "Kept; it waits for another person", "content": content}
    return found | _problems(refused, by_type)


def _problems(statuses: set[int], by_type: dict[int, Any]) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": by_type[id(Problem)]}}
    return {
        str(status): {"description": _TEXTS[status], "content": content}
        for status in sorted(statuses)
    }


def _batch(by_type: dict[int, Any]) -> dict[str, Any]:
    lines = {"application/x-ndjson": {"schema": {"type": "string"}}}
    return {
        "summary": "Submit many posts as NDJSON; each line is answered once it is durable",
        "description": "Needs the scope `items:write`. A line of the answer is "
        '`{"index", "status", "item" | "problem"}`.',
        "operationId": "post_items_batch",
        "tags": ["items"],
        "requestBody": {"required": True, "content": lines},
        "responses": {"200": {"description": "One line per item, in order", "content": lines}}
        | _problems({401, 403, 415, 422, 429}, by_type),
    }


def _open(summary: str) -> dict[str, Any]:
    return {"summary": summary, "security": [], "responses": {"200": {"description": summary}}}
