"""Retrying is free: a write with an `Idempotency-Key` is done once, and answered alike ever after."""

import hashlib
from collections.abc import Callable
from typing import Protocol
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tidegate.infra.answers import keep_answer, kept_answer
from tidegate.infra.db import Tx
from tidegate.infra.digests import keyed
from tidegate.infra.errors import Refusal
from tidegate.pipeline.instance import Instance
from tidegate.web.gate import SLASH


class Repeatable(Protocol):
    """A call that may come twice: its request, the item that it speaks of."""

    request: Request
    instance: Instance
    subject: UUID | None


def once(tx: Tx, call: Repeatable, body: object, write: Callable[[], Response]) -> Response:
    """The kept answer of the same key, route and caller; else `write`, whose answer is kept with it.

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
    route = f"{request.method} {request.url.path.replace(SLASH, '%2F')}"
    # Whose ids these are is part of what is asked for.
    if (platform := request.query_params.get("platform")) is not None:
        route += f"?platform={platform}"
    plain = hashlib.sha256(msgspec.json.encode(body, order="deterministic")).digest()
    digest = keyed(call.instance.secrets.terms_key, "body", plain)
    kept = kept_answer(tx, tx.actor, route, key)
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
    keep_answer(tx, tx.actor, route, key, digest, response.status_code, answer, call.subject)
    return response
