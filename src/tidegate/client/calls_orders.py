"""More functions as those of `calls.py`, one a route: the orders that came to a platform, and what people do about
them. Answers are objects as the API has them; all that binds takes a person's key. Where `n` is given a verb is
about that item of the order alone."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tidegate.client.call import Call, File
from tidegate.client.given import encoder, given, in_path, once, query
from tidegate.client.model import Page

Answer = dict[str, Any]


def orders_page(
    direction: str | None = None,
    state: str | None = None,
    *,
    due_before: datetime | str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Call[Page[Answer]]:
    """A page of orders: those whose hour runs, the first that ends first, then the others."""
    before = due_before.isoformat() if isinstance(due_before, datetime) else due_before
    which = query(direction=direction, state=state, due_before=before, cursor=cursor, limit=limit)
    return Call(method="GET", path="/v1/orders", answer=Page[Answer], params=which)


def order(id: str) -> Call[Answer]:
    """An order with all that is known of it."""
    return Call(method="GET", path=_order(id), answer=Answer)


def order_document(id: str, document: str) -> Call[bytes]:
    """An annex as it came or went: `annex-2.json`, `annex-2.pdf`."""
    path = f"{_order(id)}/documents/{in_path(document)}"
    return Call(method="GET", path=path, answer=bytes)


def order_message(id: str, message: str) -> Call[bytes]:
    """A signed message about an order, to the byte: it can be carried by hand."""
    path = f"{_order(id)}/messages/{in_path(message)}/message.jws"
    return Call(method="GET", path=path, answer=bytes)


def replay_order_message(id: str, message: str) -> Call[Answer]:
    """Send a message of ours once more, the same to the byte."""
    return _post(f"{_order(id)}/messages/{in_path(message)}/replay")


def upload_order(
    file: File,
    *,
    channel: str | None = None,
    received_at: datetime | str | None = None,
    annex: Mapping[str, Any] | None = None,
    issuer: str | None = None,
) -> Call[Answer]:
    """Write down an order that came another way than as a message: with its `channel`, when it came, the Annex I
    that a person typed, and its issuer. Of a file that is a signed message nothing else is given."""
    at = received_at.isoformat() if isinstance(received_at, datetime) else received_at
    said = query(channel=channel, received_at=at, issuer=issuer)
    if annex is not None:
        said["annex"] = encoder.encode(annex).decode()
    return Call(
        method="POST",
        path="/v1/orders/upload",
        answer=Answer,
        form=list(said.items()),
        files=[("file", file)],
    )


def execute_order(
    id: str, n: int | None = None, item: str | None = None, measure: str | None = None
) -> Call[Answer]:
    """Execute an order; `item` chooses the post where it may be several."""
    return _verb(id, n, "execute", item=item, measure=measure)


def impede_order(id: str, ground: str, explanation: str, n: int | None = None) -> Call[Answer]:
    """Say that an order cannot be executed now: its hour stops."""
    return _verb(id, n, "impede", ground=ground, explanation=explanation)


def resume_order(id: str, n: int | None = None) -> Call[Answer]:
    """Say that what was in the way is gone: a fresh hour runs."""
    return _verb(id, n, "resume")


def ask_issuer(id: str, ground: str, needed: str, n: int | None = None) -> Call[Answer]:
    """Ask the issuer for what is wrong or missing: the hour stops."""
    return _verb(id, n, "ask", ground=ground, needed=needed)


def authenticate_order(id: str, how: str, n: int | None = None) -> Call[Answer]:
    """Write down how it was found that a doubtful order is its issuer's."""
    return _verb(id, n, "authenticate", how=how)


def reject_order(id: str, reason: str, n: int | None = None) -> Call[Answer]:
    """Turn a doubtful order down; it takes two persons: the first is answered `{"state": "proposed"}`."""
    return _verb(id, n, "reject", reason=reason)


def annul_order(id: str, court: str, reference: str, n: int | None = None) -> Call[Answer]:
    """Write down that a court annulled an order; it takes two persons, as `reject_order` does."""
    return _verb(id, n, "annul", court=court, reference=reference)


def author_asked(id: str, n: int | None = None) -> Call[Answer]:
    """Write down that an author asks for the reasons or a copy."""
    return _verb(id, n, "author-asked")


def author_answered(id: str, gave: str, n: int | None = None) -> Call[Answer]:
    """Write down that an author was given the `reasons`, or a `copy`."""
    return _verb(id, n, "author-answered", gave=gave)


def acknowledge_order(id: str) -> Call[Answer]:
    """Have an order: it rings no more."""
    return _verb(id, None, "acknowledge")


def ask_scrutiny(id: str, reasons: str) -> Call[Answer]:
    """Ask the authority of our establishment to look into an order."""
    return _verb(id, None, "scrutiny", reasons=reasons)


def _order(id: str) -> str:
    return f"/v1/orders/{in_path(id)}"


def _verb(id: str, n: int | None, name: str, **said: object) -> Call[Answer]:
    item = "" if n is None else f"/items/{n}"
    return _post(f"{_order(id)}{item}/{name}", given(**said))


def _post(path: str, body: Mapping[str, Any] | None = None) -> Call[Answer]:
    return Call(
        method="POST", path=path, answer=Answer, json=encoder.encode(body or {}), key=once()
    )
