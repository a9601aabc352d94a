"""Orders that come by no signed message: by mail, fax or a portal, which a person writes down, or by the open
form. They are doubtful, and their hour runs all the same.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from tidegate.content.model import Moment
from tidegate.infra.db import Tx
from tidegate.infra.errors import bad_field
from tidegate.infra.wording import written
from tidegate.orders.annex_rules import read_annex1
from tidegate.orders.annexes import LONGEST_REASONS, LONGEST_URL, MOST_ITEMS
from tidegate.orders.messages.flood import admit
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.orders.inbox import place_of
from tidegate.pipeline.orders.platform import named_in, silence_of
from tidegate.pipeline.orders.receive import Arrived, Channel, Taken, receive
from tidegate.pipeline.own import own_of

_UNSIGNED = "signature-missing"
Words = Annotated[str, Meta(min_length=1, max_length=500)]


class ByHand(msgspec.Struct, frozen=True, kw_only=True):
    """From whom an order came that was no message, by which way (mail, fax), and when."""

    issuer: Annotated[str, Meta(min_length=1, max_length=200)]
    channel: Annotated[str, Meta(min_length=1, max_length=40)]
    received_at: Moment


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What a person writes down of an order: how it came, what it says (Annex I, as far as it can be read), and
    the file."""

    came: ByHand
    annex: dict[str, Any]
    file: bytes
    content_type: str


class Submitted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The open form, for an authority without an instance."""

    authority: Words
    reference: Words
    email: Words
    phone: Words = ""
    urls: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=LONGEST_URL)]],
        Meta(min_length=1, max_length=MOST_ITEMS),
    ]
    types: Annotated[list[Words], Meta(max_length=5)] = []
    reasons: Annotated[str, Meta(min_length=1, max_length=LONGEST_REASONS)]


def write_down(tx: Tx, instance: Instance, given: Written) -> Taken:
    """Keep an order that a person got another way, with the file as evidence, which is never parsed. Raises
    Refusal (422)."""
    came = given.came
    if not written(came.issuer):
        raise bad_field("/issuer", "the id of the authority, or its name", came.issuer[:60])
    received_at = _past(came.received_at, tx.now)
    arrived = _arrived(tx, instance, came.issuer, given.annex, "upload", received_at)
    arrived = msgspec.structs.replace(
        arrived, file=given.file, content_type=given.content_type, way=came.channel
    )
    return receive(tx, instance, own_of(tx, instance), arrived)


def _past(at: datetime, now: datetime) -> datetime:
    try:
        if (found := at.astimezone(UTC)) <= now:
            return found
    except OverflowError:  # at either end of all years
        pass
    raise bad_field("/received_at", "a time that has come", at.isoformat())


def take_form(tx: Tx, instance: Instance, given: Submitted, address: str | None) -> Taken:
    """Take what somebody at an address says to be an order of an authority. Raises Refusal: 422; 429
    "too-many"; 503."""
    for pointer, text in (("/authority", given.authority), ("/reference", given.reference)):
        if not written(text):
            raise bad_field(pointer, "words", "blanks")
    annex: dict[str, Any] = {
        "issuing": {"name": given.authority, "email": given.email, "phone": given.phone},
        "reference": given.reference,
        "items": [{"url": one} for one in given.urls],
        "types": given.types,
        "reasons": given.reasons,
    }
    own = own_of(tx, instance)
    place = place_of(instance, address)
    if place is not None:
        admit(tx, place, own.organisation)
    arrived = _arrived(tx, instance, given.authority.strip(), annex, "form", tx.now)
    return receive(tx, instance, own, msgspec.structs.replace(arrived, place=place))


def _arrived(
    tx: Tx,
    instance: Instance,
    issuer: str,
    annex: dict[str, Any],
    channel: Channel,
    received_at: datetime,
) -> Arrived:
    read, faults = read_annex1(annex)
    return Arrived(
        issuer=issuer,
        recipient=own_of(tx, instance).organisation.id,
        channel=channel,
        received_at=received_at,
        problems=[_UNSIGNED, *(["incomplete"] if faults else [])],
        reference=read.reference or None,
        issued_at=read.issued_at,
        annex=annex,
        named=named_in(read),
        silence=silence_of(read, "UTC", received_at),
    )
