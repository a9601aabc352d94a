"""What comes about scorecards: at a firm a card about itself, at the authority what the firm says to it. What is not
proven, not complete or nobody's to say is kept among the messages, and does nothing.
"""

import hashlib
from typing import cast

from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.orders.bodies import ScorecardContested, ScorecardReplied, ScorecardSent
from tidegate.orders.messages.model import Incoming
from tidegate.orders.overseen import is_addressed
from tidegate.oversight.replies import actions as replies
from tidegate.oversight.replies.model import CardKept, ContestIn
from tidegate.oversight.replies.queries import last_card
from tidegate.oversight.scorecard import Scorecard
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.orders.came_back import annex_in
from tidegate.pipeline.orders.handling import Handled, Handler
from tidegate.pipeline.orders.heard import read
from tidegate.pipeline.oversight.answering import heard_contest, heard_reply, row_key
from tidegate.pipeline.oversight.received import as_card

_INCOMPLETE = Handled(problems=("incomplete",))
_NOT_THEIRS = Handled(problems=("not-competent",))


def card_came(tx: Tx, instance: Instance, incoming: Incoming) -> Handled:
    """A card about us, by an authority: nothing of another organisation is taken."""
    if incoming.party is not None and incoming.party.kind != "authority":
        return _NOT_THEIRS
    body, faults = read(incoming)
    if faults:
        return _INCOMPLETE
    said = cast("ScorecardSent", body)
    try:
        card, rows = as_card(said.card, said.rows)
    except Refusal:
        return _INCOMPLETE
    ours = incoming.own.organisation.id
    if {card.organisation, *(one.organisation for one in rows)} != {ours}:
        return _INCOMPLETE
    if not incoming.doubtful:
        replies.keep_card(tx, _kept(tx, incoming, card))
    return Handled()


def _kept(tx: Tx, incoming: Incoming, card: Scorecard) -> CardKept:
    body = annex_in(incoming.jws)
    return CardKept(
        id=incoming.id,
        direction="in",
        organisation=card.organisation,
        authority=incoming.envelope.from_,
        channel=card.channel,
        since=card.since,
        until=card.until,
        body=body,
        sha256=hashlib.sha256(body).hexdigest(),
        message_id=incoming.id,
        at=tx.now,
        by=tx.actor,
    )


def contested(tx: Tx, instance: Instance, incoming: Incoming) -> Handled:
    """A firm says that a row about it is wrong: one of an order or a referral of ours to it."""
    body, faults = read(incoming)
    if faults:
        return _INCOMPLETE
    said, sender = cast("ScorecardContested", body), incoming.envelope.from_
    key = row_key(said.row)
    if key is None or not is_addressed(tx, key, sender):
        return _INCOMPLETE
    if not incoming.doubtful:
        heard_contest(tx, incoming, ContestIn(said.row, said.text))
    return Handled()


def replied(tx: Tx, instance: Instance, incoming: Incoming) -> Handled:
    """A firm says what is to be read beside the figures, of the last card that we sent it."""
    body, faults = read(incoming)
    card = last_card(tx, "out", incoming.envelope.from_)
    if faults or card is None:
        return _INCOMPLETE
    if not incoming.doubtful:
        heard_reply(tx, incoming, cast("ScorecardReplied", body).text, card)
    return Handled()


AT_PLATFORM: dict[str, Handler] = {"scorecard.sent": card_came}
AT_AUTHORITY: dict[str, Handler] = {"scorecard.contested": contested, "scorecard.replied": replied}
