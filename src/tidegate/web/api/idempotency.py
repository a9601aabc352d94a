"""Retrying is free: a write with an `Idempotency-Key` is done once, and answered alike ever after."""

import hashlib
from collections.abc import Callable
from typing import Protocol
from urllib.parse import quote
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tidegate.infra.answers import keep_answer, kept_answer
from tidegate.infra.db import Tx
from tidegate.infra.digests import keyed
from tidegate.infra.errors import Refusal
from tidegate.pipeline.instance import Instance


class Repeatable(Protocol):
    """A call that may come twice: its request, the item that it speaks of."""

    request: Request
    instance: Instance
    subject: UUID | None


def once(tx: Tx, call: Repeatable, body: object, write: Callable[[], Response]) -> Response:
    """The kept answer of the same key, route, query, caller and platforms; else `write`, whose answer
    is kept with it.

    `body` is the parsed one, or whatever stands for it: two are the same when these are equal.

    Raises Refusal: 409 when the key was used with another body, 422 for an unusable key.
    """
    request = call.request
    key = request.headers.get("idempotency-key")
    if key is None:
        return write()
    if not 1 <= len(key) <= 255 or not key.isprintable():
        raise Refusal(
            "invalid-idempotency-key",
            422,
            "The Idempotency-Key cannot be used",
            f"Expected 1 to 255 printable characters, got {len(key)}.",
        )
    route = _route(request, tx)
    plain = hashlib.sha256(msgspec.json.encode(body, order="deterministic")).digest()
    digest = keyed(call.instance.secrets.terms_key, "body", plain)
    kept = kept_answer(tx, route, key)
    if kept is not None:
        if kept.digest != digest:
            raise Refusal(
                "idempotency-key-reused",
                409,
                "The Idempotency-Key was used with another body",
                "Nothing was written. Use a new key for a new request.",
            )
        return Response(kept.body, status_code=kept.status, media_type="application/json")
    response = write()
    answer = bytes(response.body)
    keep_answer(tx, route, key, digest, response.status_code, answer, call.subject)
    return response


def _route(request: Request, tx: Tx) -> str:
    """What is asked for, as far as it does not stand in the body: the method, the path, and as a digest
    all parameters and whose ids these are. One person may have keys for several platforms."""
    # Escaped anew, so that an id with a slash and one with the letters %2F stay two.
    route = f"{request.method} {quote(request.scope['path'])}"
    # In the order of names; of one that comes twice, the order says something.
    asked = sorted(request.query_params.multi_items(), key=lambda one: one[0])
    if not asked and tx.platforms is None:
        return route
    bound = None if tx.platforms is None else sorted(tx.platforms)
    return f"{route}?{hashlib.sha256(msgspec.json.encode([asked, bound])).hexdigest()}"
