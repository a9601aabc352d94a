"""What a message says, what is wrong with it, and the receipt that answers it. Pure.

A message is *verified* when a confirmed key of its sender signed it: then it is theirs, whatever else is
wrong with it. What is wrong is told by codes; all but a few make of an order a doubtful one, which never
acts by itself.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, Protocol, get_args
from uuid import UUID

import msgspec
from msgspec import Meta

from tidegate.exchange.model import PROTOCOL, Organisation, Party, PartyKey
from tidegate.infra.errors import bad_field
from tidegate.orders.jws import Jws, Signer, read_json, verified

Problem = Literal[
    "signature-missing",
    "signature-bad",
    "key-unknown",
    "key-revoked",
    "issuer-unknown",
    "issuer-unconfirmed",
    "not-addressed-to-us",
    "clock-skew",
    "late",
    "incomplete",
    "not-competent",
    "synthetic-differs",
    "host-unknown",
]
PROBLEMS: tuple[Problem, ...] = get_args(Problem)
HARMLESS: frozenset[Problem] = frozenset(("late", "host-unknown"))
"""What alone makes no order doubtful."""
MessageState = Literal["received", "pending", "delivered", "dead", "carried"]
"""Of one that came in: `received`. Of one that goes out: `dead` was given up after three days, `carried`
was brought by hand."""

SKEW = timedelta(minutes=10)
LATE = timedelta(hours=1)
MOST_ITEMS = 1000
_LONGEST = 100
_Name = Annotated[str, Meta(min_length=1, max_length=_LONGEST)]
_WITH_ITEMS = ("order.issued", "order.copy")


class Ours(Protocol):
    """Whom we speak for, and our key."""

    @property
    def organisation(self) -> Organisation: ...
    @property
    def key(self) -> Signer: ...


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What is signed. `order` is the issuer's id of the order or referral that it is about."""

    protocol: str
    type: _Name
    id: _Name
    order: _Name | None
    from_: _Name = msgspec.field(name="from")
    to: _Name
    sent_at: Annotated[datetime, Meta(tz=True)]
    synthetic: bool
    body: dict[str, Any]


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is new here, and who it came to. `place` says where a stranger's came from, for counting;
    `party` is the registered sender, where there is one."""

    id: UUID  # ours
    envelope: Envelope
    jws: Jws
    raw: bytes
    verified: bool
    problems: list[Problem]
    received_at: datetime
    place: bytes | None
    party: Party | None
    own: Ours

    @property
    def sha256(self) -> str:
        return self.jws.sha256

    @property
    def doubtful(self) -> bool:
        """Whether an order must not be acted on by this message alone."""
        return bool(set(self.problems) - HARMLESS)


class Known(msgspec.Struct, frozen=True):
    """A message that was taken before: its receipt, as it was sent then."""

    receipt: bytes


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What a receipt says; `order` is the receiver's own id."""

    protocol: str
    type: Literal["receipt"]
    from_: str = msgspec.field(name="from")
    to: str
    message: str
    sha256: str
    received_at: Annotated[datetime, Meta(tz=True)]
    verified: bool
    problems: list[str]
    order: str | None


class StoredMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it is kept. `received_at` is the receiver's time, theirs or ours; `order_ref` is the
    issuer's id of the order, `order_id` ours."""

    id: UUID
    direction: Literal["in", "out"]
    type: str
    message: str
    order_ref: str | None
    order_id: UUID | None
    sender: str
    recipient: str
    sent_at: datetime
    received_at: datetime | None
    sha256: str
    verified: bool
    problems: list[str]
    state: MessageState
    attempts: int
    next_at: datetime | None
    last_error: str | None
    delivered_at: datetime | None
    created_at: datetime

    @property
    def at(self) -> datetime:
        """When it came here, or left."""
        came = self.received_at if self.direction == "in" else None
        return came or self.created_at


def read_envelope(jws: Jws) -> Envelope:
    """What a message says. Raises Refusal (413, 422)."""
    envelope = read_json(jws.payload, Envelope, "/payload")
    if envelope.protocol != PROTOCOL:
        raise bad_field("/payload/protocol", PROTOCOL, envelope.protocol[:_LONGEST])
    try:
        envelope.sent_at.astimezone(UTC)
    except OverflowError:
        at = envelope.sent_at.isoformat()
        raise bad_field("/payload/sent_at", "a time that exists in UTC", at) from None
    items = envelope.body.get("items")
    if envelope.type in _WITH_ITEMS and isinstance(items, list) and len(items) > MOST_ITEMS:  # pyright: ignore[reportUnknownArgumentType]
        at_most, count = f"at most {MOST_ITEMS} of them", len(items)  # pyright: ignore[reportUnknownArgumentType]
        raise bad_field("/payload/body/items", at_most, f"{count}")
    return envelope


def judge(
    jws: Jws, envelope: Envelope, party: Party | None, ours: Organisation, now: datetime
) -> tuple[bool, list[Problem]]:
    """Whether it is its sender's, and what is wrong with it."""
    unproven = _unproven(jws, envelope, party, now)
    found = list(unproven)
    if envelope.to != ours.id:
        found.append("not-addressed-to-us")
    if envelope.synthetic != ours.synthetic:
        found.append("synthetic-differs")
    if envelope.sent_at - now > SKEW:
        found.append("clock-skew")
    if now - envelope.sent_at > LATE:
        found.append("late")
    return not unproven, found


def _unproven(jws: Jws, envelope: Envelope, party: Party | None, now: datetime) -> list[Problem]:
    """Why nobody can say that it is its sender's."""
    found: list[Problem] = []
    if party is None:
        found.append("issuer-unknown")
    key = None if party is None or jws.kid is None else party.key(jws.kid)
    trusted = party is not None and party.state == "confirmed"
    if not jws.signed:
        found.append("signature-missing")
    elif key is None or envelope.sent_at < key.valid_from:
        found.append("key-unknown")
    else:
        if not verified(jws, key.x):
            found.append("signature-bad")
        if is_revoked(key, envelope.sent_at, now):
            found.append("key-revoked")
        trusted = trusted and key.confirmed_at is not None
    if party is not None and not trusted:
        found.append("issuer-unconfirmed")
    return found


def is_revoked(key: PartyKey, sent_at: datetime, now: datetime) -> bool:
    """Whether it no longer speaks for its owner: by now, or already when it was used."""
    return key.revoked_at is not None and (key.revoked_at <= sent_at or key.revoked_at <= now)


def read_receipt(
    jws: Jws, message: StoredMessage, party: Party | None, now: datetime
) -> Receipt | str:
    """The receipt that a message of ours was answered with; or why that is none."""
    key = None if party is None or jws.kid is None else party.key(jws.kid)
    if party is None or party.state != "confirmed":
        return f"{message.recipient} is not confirmed in the registry"
    if key is None or key.confirmed_at is None or is_revoked(key, now, now):
        return "no confirmed key of the receiver signed the receipt"
    if not verified(jws, key.x):
        return "the signature of the receipt is wrong"
    receipt = read_json(jws.payload, Receipt, "/payload")
    if receipt.from_ != message.recipient or receipt.to != message.sender:
        return "the receipt is not for us, or of another than the receiver"
    if receipt.message != message.message or receipt.sha256 != message.sha256:
        return "the receipt is for another message"
    if not message.created_at - SKEW <= receipt.received_at <= now + SKEW:
        return "the receipt is of a time at which it cannot have come"
    return receipt
