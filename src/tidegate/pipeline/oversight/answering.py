"""What a firm says to the figures about it: that a row is wrong, and what is to be read beside them.

On the firm's own instance both go out as signed messages about the last card that came. At the authority a person
writes down what a firm without an inbox answered, which counts as claimed. A contested row is marked until two
persons of the authority have looked.
"""

from uuid import UUID

from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal, bad_field
from tidegate.infra.ids import uuid7
from tidegate.orders.bodies import ScorecardContested, ScorecardReplied
from tidegate.orders.drafts.model import check_said
from tidegate.orders.messages.actions import send
from tidegate.orders.messages.model import Incoming
from tidegate.orders.model import Direction
from tidegate.orders.overseen import Key, is_addressed
from tidegate.oversight.replies import actions as replies
from tidegate.oversight.replies.model import CardKept, Contest, ContestIn, Reply, ReplyIn, SettleIn
from tidegate.oversight.replies.queries import (
    authorities_with_cards,
    card_unknown,
    contest_of,
    last_card,
)
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.oversight.cards import overseen_party
from tidegate.pipeline.oversight.received import read_card
from tidegate.pipeline.oversight.telling import overseer
from tidegate.pipeline.own import Own, own_of


def contest(tx: Tx, instance: Instance, organisation: str, given: ContestIn) -> Contest:
    """Say that a row is wrong. Raises Refusal: 403, 404, 422, 503."""
    check_said("/text", given.text)
    own = own_of(tx, instance)
    if own.organisation.kind == "authority":
        overseen_party(tx, own.organisation, organisation)
        key = row_key(given.row)
        if key is None or not is_addressed(tx, key, organisation):
            raise _no_row(given.row)
        return _contested(tx, organisation, own.organisation.id, given, "in", None)
    card = _card_with(tx, own, organisation, given.row)
    body = ScorecardContested(given.row, given.text)
    sent = _send(tx, own, card, "scorecard.contested", body)
    return _contested(tx, organisation, card.authority, given, "out", sent)


def reply(tx: Tx, instance: Instance, organisation: str, given: ReplyIn) -> Reply:
    """Say what is to be read beside the figures. Raises Refusal: 403, 404, 422, 503."""
    check_said("/text", given.text)
    own = own_of(tx, instance)
    if own.organisation.kind == "authority":
        overseen_party(tx, own.organisation, organisation)
        card = last_card(tx, "out", organisation)
        ours = own.organisation.id
        return _replied(tx, organisation, ours, given.text, card, "in", None)
    card = _own_card(tx, own, organisation)
    sent = _send(tx, own, card, "scorecard.replied", ScorecardReplied(given.text))
    return _replied(tx, organisation, card.authority, given.text, card, "out", sent)


def settle(tx: Tx, instance: Instance, organisation: str, id: UUID, given: SettleIn) -> Contest:
    """Write what one person of ours found of a contested row; the second one settles it. Raises Refusal: 403, 404,
    409, 422, 503."""
    check_said("/reasons", given.reasons)
    overseer(tx, instance)
    return replies.look(tx, contest_of(tx, organisation, id), given)


def row_key(id: str) -> Key | None:
    """The order or referral of a row's id, and the URL's number there; None for what is no such id, or is spelled
    in another way: a contest is found again by the id as it stands among the rows."""
    owner, _, n = id.rpartition("/")
    try:
        key = (UUID(owner), int(n)) if n.isascii() and n.isdigit() and len(n) < 6 else None
    except ValueError:
        return None
    return key if key is not None and id == f"{key[0]}/{key[1]}" else None


def heard_contest(tx: Tx, incoming: Incoming, given: ContestIn) -> None:
    """A firm's signed word that a row of ours about it is wrong."""
    said = incoming.envelope
    _contested(tx, said.from_, said.to, given, "in", incoming.id)


def heard_reply(tx: Tx, incoming: Incoming, text: str, card: CardKept) -> None:
    """A firm's signed word to the last card that it had."""
    said = incoming.envelope
    _replied(tx, said.from_, said.to, text, card, "in", incoming.id)


def _own_card(tx: Tx, own: Own, organisation: str) -> CardKept:
    """The card about ourselves that came last. Raises Refusal: 403, 404."""
    ours = own.organisation.id
    if organisation != ours:
        raise Refusal(
            "not-competent",
            403,
            "A firm answers the scorecard about itself",
            f"Nothing was written. {ours} has nothing to say to the figures about another.",
        )
    card = last_card(tx, "in", ours)
    if card is None:
        raise card_unknown()
    return card


def _card_with(tx: Tx, own: Own, organisation: str, row: str) -> CardKept:
    """The last card of whichever authority that has the row. Raises Refusal: 403, 404, 422."""
    _own_card(tx, own, organisation)
    for authority in authorities_with_cards(tx, organisation):
        card = last_card(tx, "in", organisation, authority)
        if card is not None and row in {one.id for one in read_card(card.body)[1]}:
            return card
    raise _no_row(row)


def _no_row(row: str) -> Refusal:
    return bad_field("/row", "the id of a row of a card about this organisation", row[:100])


def _send(tx: Tx, own: Own, card: CardKept, type: str, body: object) -> UUID:
    to = card.authority
    return send(tx, own, type=type, order=None, order_id=None, to=to, body=body).id


def _contested(
    tx: Tx,
    organisation: str,
    authority: str,
    given: ContestIn,
    direction: Direction,
    message: UUID | None,
) -> Contest:
    """Keep a contest; without a message a person wrote it down."""
    found = Contest(
        id=uuid7(tx.now),
        direction=direction,
        organisation=organisation,
        authority=authority,
        row_id=given.row,
        text=given.text,
        claimed=message is None,
        message_id=message,
        at=tx.now,
        by=tx.actor,
    )
    replies.keep_contest(tx, found)
    return found


def _replied(
    tx: Tx,
    organisation: str,
    authority: str,
    text: str,
    card: CardKept | None,
    direction: Direction,
    message: UUID | None,
) -> Reply:
    """The same of a reply, to a card where there is one."""
    found = Reply(
        id=uuid7(tx.now),
        scorecard_id=None if card is None else card.id,
        direction=direction,
        organisation=organisation,
        authority=authority,
        text=text,
        claimed=message is None,
        message_id=message,
        at=tx.now,
        by=tx.actor,
    )
    replies.keep_reply(tx, found)
    return found
