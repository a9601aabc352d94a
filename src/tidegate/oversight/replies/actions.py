"""The verbs on cards and what is said to them: keep a card, a contest, a reply; look at what is contested."""

import msgspec
import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.ledger.actions import append
from tidegate.oversight.replies.model import CardKept, Contest, Reply, SettleIn, looked
from tidegate.oversight.replies.tables import scorecard_contests, scorecard_replies, scorecards


def keep_card(tx: Tx, card: CardKept) -> None:
    """Write a card that goes out, or came."""
    tx.execute(sa.insert(scorecards).values(msgspec.structs.asdict(card)))
    names = ("direction", "organisation", "authority", "channel", "since", "until", "sha256")
    record = {"scorecard": card.id} | {name: getattr(card, name) for name in names}
    kind = "scorecard.sent" if card.direction == "out" else "scorecard.received"
    append(tx, kind, record | {"message": card.message_id}, card.id)


def keep_contest(tx: Tx, contest: Contest) -> None:
    """Write that a row is contested."""
    tx.execute(sa.insert(scorecard_contests).values(msgspec.structs.asdict(contest)))
    names = ("direction", "organisation", "authority", "row_id", "text", "claimed")
    record = {"contest": contest.id} | {name: getattr(contest, name) for name in names}
    append(tx, "scorecard.contested", record | {"message": contest.message_id}, contest.id)


def keep_reply(tx: Tx, reply: Reply) -> None:
    """Write what was replied to the figures."""
    tx.execute(sa.insert(scorecard_replies).values(msgspec.structs.asdict(reply)))
    names = ("direction", "organisation", "authority", "text", "claimed")
    record = {"reply": reply.id, "scorecard": reply.scorecard_id}
    record |= {name: getattr(reply, name) for name in names}
    append(tx, "scorecard.replied", record | {"message": reply.message_id}, reply.id)


def look(tx: Tx, contest: Contest, given: SettleIn) -> Contest:
    """Write what a person found who looked at a contested row, which the caller holds; with the second one who finds
    the same it is settled. Raises Refusal: 409 "contest-settled", "same-person"."""
    state = looked(contest, tx.identity, given.finding)
    place = "second" if state == "settled" else "first"
    said = {"reasons": given.reasons, "by": tx.actor, "at": tx.now}
    changes = {f"{place}_{name}": value for name, value in said.items()}
    changes |= {"state": state, "finding": given.finding}
    if place == "first":
        changes["first_person"] = tx.identity
    this = scorecard_contests.c.id == contest.id
    tx.execute(sa.update(scorecard_contests).where(this).values(changes))
    record = {"contest": contest.id, "row_id": contest.row_id, "state": state}
    record |= {"finding": given.finding, "reasons": given.reasons}
    append(
        tx, "scorecard.settled" if state == "settled" else "scorecard.looked", record, contest.id
    )
    return msgspec.structs.replace(contest, **changes)
