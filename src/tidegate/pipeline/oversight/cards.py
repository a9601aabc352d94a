"""The rows and the cards of organisations: what orders and referrals record, with their clocks, the looks at what
they name, and what is contested.

An authority looks at the providers that it ordered and asked; a platform, by the same figures, at the authorities
that ordered and asked it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import cast
from urllib.parse import quote, urlencode
from uuid import UUID

import msgspec

from tidegate.clocks.queries import last_dues
from tidegate.exchange.model import Kind, Organisation, Party
from tidegate.exchange.queries import get_party, parties
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.times import in_full
from tidegate.orders import overseen
from tidegate.orders.bodies import AllReinstated, read_body
from tidegate.orders.jws import parse
from tidegate.orders.messages.model import read_envelope
from tidegate.orders.model import Direction
from tidegate.orders.overseen import Key, Ordered, Referred
from tidegate.oversight.checks.queries import Checked, Known, checks_of, known_of
from tidegate.oversight.replies.queries import contested_rows
from tidegate.oversight.rows import GONE, Channel, Ended, Look, Row
from tidegate.oversight.scorecard import Counted, FigureName, Scorecard, behind, scorecard
from tidegate.pipeline.orders.referring import CLOCK
from tidegate.pipeline.orders.watching import HOUR

Progress = Callable[[int, int], None]
"""Told how many parts of a long work are done, of how many."""


def unheard(done: int, total: int) -> None:
    """Tells nobody."""


_PART, _MOST_PARTS = timedelta(days=92), 24
_ENDED: Mapping[str, Ended] = {"revoked": "revoked", "annul": "annulled", "infringed": "void"}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Whose card is asked for, of what was sent from `since` to before `until`, by which channel."""

    organisation: str
    since: datetime
    until: datetime
    channel: Channel

    @property
    def path(self) -> str:
        return f"/v1/scorecards/{quote(self.organisation, safe='')}"

    @property
    def period(self) -> str:
        """The period and the channel, as a query."""
        said = {"from": in_full(self.since), "to": in_full(self.until), "channel": self.channel}
        return urlencode(said)

    @property
    def card_at(self) -> str:
        """Where the card is shown."""
        return f"{self.path}?{self.period}"

    @property
    def rows_at(self) -> str:
        """Where its rows are shown."""
        return f"{self.path}/rows?{self.period}"


def overseen_parties(tx: Tx, ours: Organisation) -> list[Party]:
    """The organisations of the other side, by their names: no other order says anything of them."""
    other: Kind = "platform" if ours.kind == "authority" else "authority"
    return sorted(parties(tx, kind=other), key=lambda one: (one.name.casefold(), one.id))


def overseen_party(tx: Tx, ours: Organisation, id: str) -> Party:
    """One of them. Raises Refusal (404)."""
    found = get_party(tx, id)
    if found.kind == ours.kind:
        raise Refusal(
            "party-unknown",
            404,
            "No such organisation is overseen",
            f"{id} is of our own kind. GET /v1/scorecards lists those that have a scorecard.",
        )
    return found


def card_of(tx: Tx, rows: Sequence[Row], asked: Asked) -> Scorecard:
    """The card of an organisation as it stands now, of its rows."""
    return scorecard(
        rows,
        organisation=asked.organisation,
        since=asked.since,
        until=asked.until,
        channel=asked.channel,
        as_of=tx.now,
        rows_at=asked.rows_at,
    )


def rows_asked(tx: Tx, ours: Organisation, asked: Asked, progress: Progress = unheard) -> list[Row]:
    """The rows of a card, the first that was sent first, read part by part. Addresses and words are left out,
    which `named` reads."""
    parts, found = _parts(asked.since, asked.until), list[Row]()
    for place, (since, until) in enumerate(parts, 1):
        found += rows_of(tx, ours, asked.channel, since, until, organisation=asked.organisation)
        progress(place, len(parts))
    return found


def _parts(since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
    """A period in equal parts, none longer than a quarter unless there would be too many."""
    count = max(1, min(_MOST_PARTS, -((since - until) // _PART)))
    ends = [since + (until - since) * place / count for place in range(count)]
    return list(pairwise([*ends, until]))


def rows_of(
    tx: Tx,
    ours: Organisation,
    channel: Channel,
    since: datetime,
    until: datetime,
    organisation: str | None = None,
) -> list[Row]:
    """The rows of one organisation, or of all, of what was sent from `since` to before `until`."""
    direction: Direction = "out" if ours.kind == "authority" else "in"
    contested = contested_rows(tx, organisation) if ours.kind == "authority" else set[str]()
    if channel == "order":
        found = _ordered(tx, overseen.ordered(tx, direction, since, until, organisation))
    else:
        found = _referred(tx, overseen.referred(tx, direction, since, until, organisation))
    return [
        msgspec.structs.replace(one, contested=True) if one.id in contested else one
        for one in found
    ]


def rows_behind(rows: Sequence[Row], figure: FigureName | None, as_of: datetime) -> list[Counted]:
    """The rows that a figure is made of; without one, all of them."""
    if figure is None:
        return [Counted(row=one, hit=False) for one in rows]
    return behind(rows, figure, as_of)


def named(tx: Tx, rows: Sequence[Row]) -> list[Row]:
    """The rows with their addresses, the looks at them, and the words why something stays or was put off: of these
    alone."""
    if not rows:
        return []
    looks = checks_of(tx, sorted({_key(one)[0] for one in rows}))
    if rows[0].channel == "order":
        urls = overseen.urls_of_ordered(tx, map(_key, rows))
        why = overseen.grounds_of_ordered(
            tx, (_key(one) for one in rows if one.impeded is not None)
        )
        return [_named(one, urls, looks, impeded=why.get(_key(one))) for one in rows]
    urls = overseen.urls_of_referred(tx, map(_key, rows))
    why = overseen.reasons_of_referred(tx, (_key(one) for one in rows if one.kept is not None))
    return [_named(one, urls, looks, kept=why.get(_key(one))) for one in rows]


def _named(
    row: Row, urls: Mapping[Key, str], looks: Mapping[Key, Sequence[Checked]], **words: str | None
) -> Row:
    key = _key(row)
    seen = [Look(one.due_at, one.outcome) for one in looks.get(key, ()) if one.outcome is not None]
    return msgspec.structs.replace(row, url=urls[key], checks=tuple(seen), **words)


def _key(row: Row) -> Key:
    owner, _, n = row.id.rpartition("/")
    return UUID(owner), int(n)


def _ordered(tx: Tx, found: Sequence[Ordered]) -> list[Row]:
    ids = list(dict.fromkeys(one.id for one in found))
    dues = last_dues(tx, HOUR, "order_item", ids)
    notes, looks = overseen.noted_by_people(tx, ids), known_of(tx, ids)
    back = _reinstated(tx, ids, [(one.id, one.n) for one in found if one.executed_at is not None])
    return [_of_order(one, dues, notes, looks, back) for one in found]


def _of_order(
    one: Ordered,
    dues: Mapping[str, tuple[datetime, datetime]],
    notes: Collection[UUID],
    looks: Mapping[Key, Known],
    back: Mapping[Key, datetime],
) -> Row:
    id, key = f"{one.id}/{one.n}", (one.id, one.n)
    due_at, due_latest = dues.get(id, (None, None))
    gone_at = _gone_at(one)
    return Row(
        id=id,
        organisation=one.other,
        channel="order",
        url="",
        sent_at=one.sent_at,
        received_at=one.received_at,
        answered_at=one.answered_at,
        effective_at=gone_at,
        closed_at=one.ended_at,
        due_at=due_at,
        due_latest=due_latest,
        outcome=one.measure if gone_at is not None else None,
        impeded="" if one.impeded else None,
        ended=None if one.ended_by is None else _ENDED.get(one.ended_by),
        reinstated_at=back.get(key),
        seen_again=_seen_again(looks.get(key), gone_at),
        claimed=one.received_at is None and one.id in notes,
    )


def _gone_at(one: Ordered) -> datetime | None:
    """When it was gone, as the provider signed: not before it had the order, and not after it said so."""
    if one.executed_at is None:
        return None
    stated = one.at or one.executed_at
    return min(max(stated, one.received_at or stated), one.executed_at)


def _referred(tx: Tx, found: Sequence[Referred]) -> list[Row]:
    ids = list(dict.fromkeys(one.id for one in found))
    dues = last_dues(tx, CLOCK, "referral", ids)
    notes, looks = overseen.noted_by_people(tx, ids), known_of(tx, ids)
    withdrawn = overseen.told_at(tx, "referral.withdrawn", ids)
    return [_of_referral(one, dues, notes, looks, withdrawn) for one in found]


def _of_referral(
    one: Referred,
    dues: Mapping[str, tuple[datetime, datetime]],
    notes: Collection[UUID],
    looks: Mapping[Key, Known],
    withdrawn: Mapping[UUID, datetime],
) -> Row:
    due_at, due_latest = dues.get(str(one.id), (None, None))
    gone_at = one.answered_at if one.outcome in GONE else None
    ended = one.state == "withdrawn" and one.outcome is None
    closed_at = withdrawn.get(one.id) if ended else one.answered_at
    return Row(
        id=f"{one.id}/{one.n}",
        organisation=one.other,
        channel="referral",
        url="",
        sent_at=one.sent_at,
        received_at=one.received_at,
        answered_at=one.answered_at,
        effective_at=gone_at,
        closed_at=None if gone_at is not None else closed_at,
        due_at=due_at,
        due_latest=due_latest,
        outcome=one.outcome,
        kept="" if one.outcome == "kept" else None,
        ended="withdrawn" if ended else None,
        seen_again=_seen_again(looks.get((one.id, one.n)), gone_at),
        claimed=one.received_at is None and one.id in notes,
    )


def _seen_again(known: Known | None, gone_at: datetime | None) -> bool | None:
    """Whether a look after the stated removal found it; None: none came to a result."""
    if known is None or gone_at is None or known.told_at < gone_at:
        return None
    return known.seen_at is not None and known.seen_at >= gone_at


def _reinstated(tx: Tx, ids: Sequence[UUID], gone: Sequence[Key]) -> dict[Key, datetime]:
    """When what was taken down for an order was back, as its provider signed."""
    back: dict[tuple[UUID, str], datetime] = {}
    for order, raw in overseen.letters_of(tx, "reinstated", ids):
        body, faults = read_body("reinstated", read_envelope(parse(raw)).body)
        if not faults:
            back |= {(order, one.url): one.at for one in cast("AllReinstated", body).items}
    owners = {order for order, _ in back}
    urls = overseen.urls_of_ordered(tx, [key for key in gone if key[0] in owners]) if back else {}
    return {key: back[key[0], url] for key, url in urls.items() if (key[0], url) in back}
