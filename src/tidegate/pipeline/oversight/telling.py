"""What an authority tells a firm of itself: a card with its rows, as a signed message, or as a file where the firm has
no inbox; the bytes are the same.
"""

import hashlib

import msgspec

from tidegate.exchange.model import Organisation
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.ids import uuid7
from tidegate.infra.times import told
from tidegate.orders.jws import MOST_BYTES
from tidegate.orders.messages.actions import send
from tidegate.oversight.replies import actions as replies
from tidegate.oversight.replies.model import CardKept
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.oversight.cards import Asked, card_of, named, overseen_party, rows_asked
from tidegate.pipeline.own import Own, own_of

_MOST = MOST_BYTES * 3 // 4 - 4096  # base64 takes a third more, and there is an envelope around it


def overseer(tx: Tx, instance: Instance) -> Own:
    """Whom we speak for. Raises Refusal: 503; 403 where that is no authority."""
    own = own_of(tx, instance)
    if own.organisation.kind != "authority":
        raise Refusal(
            "not-competent",
            403,
            "This organisation oversees nobody",
            f"Nothing was written. {own.organisation.id} is no authority.",
        )
    return own


def written_card(tx: Tx, ours: Organisation, asked: Asked) -> bytes:
    """The card of a firm and all its rows, as JSON: what is sent, and what is in the file."""
    rows = rows_asked(tx, ours, asked)
    said = {"card": card_of(tx, rows, asked), "rows": named(tx, rows)}
    return msgspec.json.encode(told(said))


def card_file(tx: Tx, instance: Instance, asked: Asked) -> bytes:
    """The same, for a firm that is told by a file. Raises Refusal: 403, 404, 503."""
    own = overseer(tx, instance)
    overseen_party(tx, own.organisation, asked.organisation)
    return written_card(tx, own.organisation, asked)


def send_card(tx: Tx, instance: Instance, asked: Asked) -> CardKept:
    """Send a firm its card. Raises Refusal: 403, 404, 503; 409 "no-inbox"; 422 for a card that is too long."""
    own = overseer(tx, instance)
    party = overseen_party(tx, own.organisation, asked.organisation)
    if party.inbox is None or party.state != "confirmed":
        raise Refusal(
            "no-inbox",
            409,
            "The firm has no inbox that is trusted",
            f"Nothing was sent. Give {party.id} the file: GET {asked.path}/card.json.",
        )
    body = written_card(tx, own.organisation, asked)
    if len(body) > _MOST:
        raise Refusal(
            "card-too-long",
            422,
            "The card is too long for a message",
            f"Nothing was sent. With its rows it has {len(body):,} bytes, and a message takes {_MOST:,}: choose a"
            f" shorter period, or give them the file: GET {asked.path}/card.json.",
        )
    message = send(
        tx,
        own,
        type="scorecard.sent",
        order=None,
        order_id=None,
        to=party.id,
        body=msgspec.json.decode(body),
    )
    kept = CardKept(
        id=uuid7(tx.now),
        direction="out",
        organisation=party.id,
        authority=own.organisation.id,
        channel=asked.channel,
        since=asked.since,
        until=asked.until,
        body=body,
        sha256=hashlib.sha256(body).hexdigest(),
        message_id=message.id,
        at=tx.now,
        by=tx.actor,
    )
    replies.keep_card(tx, kept)
    return kept
