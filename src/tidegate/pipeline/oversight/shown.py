"""A scorecard as it is shown, in the API and on the pages, with what the organisation says to it.

On a platform's own instance the card about itself is the one that an authority sent: as it came, with its rows.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tidegate.exchange.model import Organisation
from tidegate.exchange.queries import organisation
from tidegate.infra.db import Tx
from tidegate.orders.messages.queries import stored_message
from tidegate.oversight.differences import Flag, differences
from tidegate.oversight.replies.model import CardKept, Contest, Finding, Reply
from tidegate.oversight.replies.queries import (
    authorities_with_cards,
    card_unknown,
    contests_of,
    last_card,
    replies_on,
    replies_to,
)
from tidegate.oversight.rows import Channel, Row, TimeName
from tidegate.oversight.scorecard import Scorecard, Share, ShareName, Times
from tidegate.pipeline.oversight.cards import (
    Asked,
    Progress,
    card_of,
    overseen_parties,
    overseen_party,
    rows_asked,
    rows_of,
    unheard,
)
from tidegate.pipeline.oversight.received import read_card


class ReplyView(msgspec.Struct, frozen=True, kw_only=True):
    """What an organisation said. `by` wrote it, of ours; `claimed`: they wrote down what the organisation says, and
    nobody signed it. None: it came signed."""

    id: UUID
    text: str
    at: datetime
    claimed: bool
    by: str | None


class LookView(msgspec.Struct, frozen=True):
    """What one person found who looked at a contested row."""

    reasons: str
    by: str
    at: datetime


class ContestView(ReplyView, frozen=True, kw_only=True):
    """A row that an organisation says is wrong, and who has looked at it."""

    row: str
    state: str
    finding: Finding | None
    looks: list[LookView]


class SentView(msgspec.Struct, frozen=True, kw_only=True):
    """The card that was sent last: when and by whom, and since when they have it."""

    channel: Channel
    since: datetime = msgspec.field(name="from")
    until: datetime = msgspec.field(name="to")
    at: datetime
    by: str
    sha256: str
    delivered_at: datetime | None


class CardView(Scorecard, frozen=True, kw_only=True):
    """A card with what the organisation says to it. `authority` sent it at `received_at`, where it came; `sent` is
    the one that went to them last."""

    replies: list[ReplyView]
    contests: list[ContestView]
    authority: str | None = None
    received_at: datetime | None = None
    sent: SentView | None = None


class TimesLine(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of time without its curve; `flag`: it differs from the others' by more than chance."""

    times: Times
    flag: Flag | None


class CardLine(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation in the list: its figures without the curves, all null below ten; what it says to them; and how
    many of its rows are contested."""

    organisation: str
    name: str
    n: int | None
    suppressed: bool
    note: str | None
    acknowledged: TimesLine | None
    effective: TimesLine | None
    shares: dict[ShareName, Share] | None
    replies: list[ReplyView]
    contested: int
    card: str


def shown_card(tx: Tx, ours: Organisation, asked: Asked, progress: Progress = unheard) -> CardView:
    """A card as it stands now; `progress` is told how much was read. Raises Refusal (404)."""
    overseen_party(tx, ours, asked.organisation)
    sent = last_card(tx, "out", asked.organisation, channel=asked.channel)
    said = replies_to(tx, asked.organisation, asked.channel, asked.since, asked.until)
    return _view(
        card_of(tx, rows_asked(tx, ours, asked, progress), asked),
        said if ours.kind == "authority" else [],
        contests_of(tx, asked.organisation) if ours.kind == "authority" else [],
        sent=None if sent is None else sent_view(tx, sent),
    )


def received_card(tx: Tx, ours: Organisation, authority: str | None = None) -> CardView:
    """The card about ourselves that came last, of one authority or of any. Raises Refusal (404)."""
    kept = kept_card(tx, ours, authority)
    said = [one for one in contests_of(tx, ours.id) if one.authority == kept.authority]
    return _view(
        read_card(kept.body)[0],
        replies_on(tx, kept.id),
        said,
        authority=kept.authority,
        received_at=kept.at,
    )


def kept_card(tx: Tx, ours: Organisation, authority: str | None = None) -> CardKept:
    """The same as it is kept."""
    found = last_card(tx, "in", ours.id, authority)
    if found is None:
        raise card_unknown()
    return found


def senders(tx: Tx, ours: Organisation) -> list[str]:
    """The authorities that sent a card about ourselves."""
    return authorities_with_cards(tx, ours.id)


def shown_rows(tx: Tx, ours: Organisation, asked: Asked) -> list[Row]:
    """The rows of a card, without addresses. Raises Refusal (404)."""
    overseen_party(tx, ours, asked.organisation)
    return rows_asked(tx, ours, asked)


def card_lines(tx: Tx, channel: Channel, since: datetime, until: datetime) -> list[CardLine]:
    """All organisations of the other side, by name, with what differs by more than chance among them; none before
    it was said whom this instance speaks for."""
    ours = organisation(tx)
    if ours is None:
        return []
    rows = rows_of(tx, ours, channel, since, until)
    flags: dict[tuple[str, TimeName], Flag | None] = {
        (one.organisation, one.figure): one.flag
        for one in differences(rows, since=since, until=until, channel=channel, as_of=tx.now)
    }
    said = replies_to(tx, None, channel, since, until) if ours.kind == "authority" else []
    mine: dict[str, list[Row]] = {}
    for row in rows:
        mine.setdefault(row.organisation, []).append(row)
    lines: list[CardLine] = []
    for party in overseen_parties(tx, ours):
        asked = Asked(organisation=party.id, since=since, until=until, channel=channel)
        its = mine.get(party.id, [])
        replies = [shown_reply(one) for one in said if one.organisation == party.id]
        more = {"replies": replies, "contested": sum(one.contested for one in its)}
        lines.append(_line(card_of(tx, its, asked), party.name, flags, asked, **more))
    return lines


def _line(
    found: Scorecard,
    name: str,
    flags: Mapping[tuple[str, TimeName], Flag | None],
    asked: Asked,
    **more: Any,
) -> CardLine:
    id = found.organisation
    return CardLine(
        organisation=id,
        name=name,
        n=found.n,
        suppressed=found.suppressed,
        note=found.note,
        acknowledged=_times(found.acknowledged, flags.get((id, "acknowledged"))),
        effective=_times(found.effective, flags.get((id, "effective"))),
        shares=found.shares,
        card=asked.card_at,
        **more,
    )


def _times(found: Times | None, flag: Flag | None) -> TimesLine | None:
    if found is None:
        return None
    return TimesLine(times=msgspec.structs.replace(found, curve=None), flag=flag)


def _view(
    found: Scorecard, replies: Sequence[Reply], contests: Sequence[Contest], **more: Any
) -> CardView:
    return CardView(
        **msgspec.structs.asdict(found),
        replies=[shown_reply(one) for one in replies],
        contests=[shown_contest(one) for one in contests],
        **more,
    )


def shown_reply(one: Reply) -> ReplyView:
    noted = one.by if one.claimed or one.direction == "out" else None
    return ReplyView(id=one.id, text=one.text, at=one.at, claimed=one.claimed, by=noted)


def shown_contest(one: Contest) -> ContestView:
    noted = one.by if one.claimed or one.direction == "out" else None
    given = (
        (one.first_reasons, one.first_by, one.first_at),
        (one.second_reasons, one.second_by, one.second_at),
    )
    return ContestView(
        id=one.id,
        text=one.text,
        at=one.at,
        claimed=one.claimed,
        by=noted,
        row=one.row_id,
        state=one.state,
        finding=one.finding,
        looks=[
            LookView(reasons, by, at)
            for reasons, by, at in given
            if reasons is not None and by is not None and at is not None
        ],
    )


def sent_view(tx: Tx, kept: CardKept) -> SentView:
    """A card that went out, and whether they have it."""
    message = stored_message(tx, kept.message_id)
    return SentView(
        channel=kept.channel,
        since=kept.since,
        until=kept.until,
        at=kept.at,
        by=kept.by,
        sha256=kept.sha256,
        delivered_at=message.delivered_at,
    )
