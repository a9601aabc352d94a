"""The scorecard of an organisation: its times as curves, its shares, and the rows behind each figure. Pure.

There is no rank, no grade and no total: what was done soon and what was undone later stand side by side.
A figure needs ten orders or referrals; below, nothing of it is said. docs/figures.md explains them all.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType, field

from tidegate.oversight.rows import FEWEST, GONE, TIMES, Channel, Row, TimeName, of_card
from tidegate.oversight.shares import share_of
from tidegate.oversight.survival import kaplan_meier, quantile

FEW = f"fewer than {FEWEST}"

ShareName = Literal[
    "answered",
    "executed_by_due_at",
    "executed_by_due_latest",
    "impeded",
    "removed_or_restricted",
    "kept",
    "void_or_reinstated",
    "seen_again",
]
SHARES: Mapping[Channel, tuple[ShareName, ...]] = {
    "order": (
        "answered",
        "executed_by_due_at",
        "executed_by_due_latest",
        "impeded",
        "void_or_reinstated",
        "seen_again",
    ),
    "referral": ("answered", "removed_or_restricted", "kept", "void_or_reinstated", "seen_again"),
}
FigureName = TimeName | ShareName


class Estimate(msgspec.Struct, frozen=True):
    """A time in seconds with its 95 % interval; null is what the curve, or its band, does not come down to."""

    value: float | None
    low: float | None
    high: float | None


class Point(msgspec.Struct, frozen=True):
    """From `t_s` seconds on, the share `s` is still open, with its 95 % band."""

    t_s: float
    s: float
    low: float
    high: float


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """A Kaplan–Meier curve. All of it is null where there are fewer than ten, and `note` says so."""

    median_s: Estimate | None = None
    p90_s: Estimate | None = None
    curve: list[Point] | None = None
    n: int | None = None
    censored: int | None = None
    note: str | UnsetType = UNSET


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A share of `n` rows with its 95 % interval. Null where there are fewer than ten, and `note` says so."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    note: str | UnsetType = UNSET


class Scorecard(msgspec.Struct, frozen=True, kw_only=True):
    """A card as it goes out in JSON. `n` counts the rows that are in figures; `rows` is where they are."""

    organisation: str
    since: datetime = field(name="from")
    until: datetime = field(name="to")
    channel: Channel
    n: int | None
    suppressed: bool
    note: str | None
    acknowledged: Times | None
    effective: Times | None
    shares: dict[ShareName, Share] | None
    rows: str


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """A row as it stands in a figure. `hit`: it is in the share's numerator, or its time ended; `seconds`
    is the time that it took, or until it was censored, null in a share."""

    row: Row
    hit: bool
    seconds: float | None = None


def scorecard(
    rows: Sequence[Row],
    *,
    organisation: str,
    since: datetime,
    until: datetime,
    channel: Channel,
    as_of: datetime,
    rows_at: str,
) -> Scorecard:
    """The card of an organisation, from rows as they stood at `as_of`; those of others, of another time or
    channel are left out. `rows_at` is the address under which the rows are shown."""
    ours = [row for row in of_card(rows, organisation, since, until, channel) if not row.claimed]
    enough = _enough(ours)
    return Scorecard(
        organisation=organisation,
        since=since,
        until=until,
        channel=channel,
        n=len(ours) if enough else None,
        suppressed=not enough,
        note=None if enough else FEW,
        acknowledged=_times(behind(ours, "acknowledged", as_of)) if enough else None,
        effective=_times(behind(ours, "effective", as_of)) if enough else None,
        shares={name: _share(behind(ours, name, as_of)) for name in SHARES[channel]}
        if enough
        else None,
        rows=rows_at,
    )


def behind(rows: Sequence[Row], figure: FigureName, as_of: datetime) -> list[Counted]:
    """The rows of a card that a figure is made of, in their order, and which of them it counts."""
    rows = [row for row in rows if not row.claimed]
    if figure == "acknowledged":
        rows = _first_of_each(rows)
    if figure == "acknowledged" or figure == "effective":
        spans = [(row, TIMES[figure](row, as_of)) for row in rows]
        return [
            Counted(row=row, hit=at.ended, seconds=at.seconds)
            for row, at in spans
            if at is not None
        ]
    asked, hit = _SHARES[figure]
    return [Counted(row=row, hit=hit(row)) for row in rows if asked(row, as_of)]


def _first_of_each(rows: Sequence[Row]) -> list[Row]:
    """One row for each order or referral: it has one receipt, however many URLs it names."""
    firsts: dict[str, Row] = {}
    for row in rows:
        firsts.setdefault(row.origin, row)
    return list(firsts.values())


def _enough(rows: Sequence[Row]) -> bool:
    return len({row.origin for row in rows}) >= FEWEST


def _times(counted: Sequence[Counted]) -> Times:
    if not _enough([one.row for one in counted]):
        return Times(note=FEW)
    curve = kaplan_meier(
        [one.seconds or 0.0 for one in counted],
        [one.hit for one in counted],
        [one.row.origin for one in counted],
    )
    points = zip(*(at.tolist() for at in (curve.t, curve.s, curve.low, curve.high)), strict=True)
    median, p90 = quantile(curve, 0.5), quantile(curve, 0.1)
    return Times(
        median_s=Estimate(median.value, median.low, median.high),
        p90_s=Estimate(p90.value, p90.low, p90.high),
        curve=[Point(*point) for point in points],
        n=curve.n,
        censored=curve.censored,
    )


def _share(counted: Sequence[Counted]) -> Share:
    if not _enough([one.row for one in counted]):
        return Share(note=FEW)
    found = share_of([one.hit for one in counted], [one.row.origin for one in counted])
    return Share(value=found.value, low=found.low, high=found.high, n=found.n)


def _due(end: Callable[[Row], datetime | None]) -> Callable[[Row, datetime], bool]:
    """Whether a row's term is over: then it counts, whatever became of it. What the authority's side ended
    within the term, and had no effect by then, is left out: nobody knows what would have become of it."""

    def is_due(row: Row, as_of: datetime) -> bool:
        term = end(row)
        if term is None or term > as_of:
            return False
        moot = row.ended is not None and row.closed_at is not None and row.closed_at <= term
        return not moot or _by(row.effective_at, term)

    return is_due


def _by(at: datetime | None, term: datetime | None) -> bool:
    return at is not None and term is not None and at <= term


def _latest(row: Row) -> datetime | None:
    return row.due_latest or row.due_at


_over = _due(_latest)
# Of each share: which rows it is asked of, and which of those it counts.
_SHARES: Mapping[ShareName, tuple[Callable[[Row, datetime], bool], Callable[[Row], bool]]] = {
    "answered": (_over, lambda row: row.answered_at is not None),
    "executed_by_due_at": (
        _due(lambda row: row.due_at),
        lambda row: _by(row.effective_at, row.due_at),
    ),
    "executed_by_due_latest": (_over, lambda row: _by(row.effective_at, _latest(row))),
    "impeded": (_over, lambda row: row.impeded is not None),
    "removed_or_restricted": (_over, lambda row: row.outcome in GONE),
    "kept": (_over, lambda row: row.kept is not None),
    "void_or_reinstated": (
        lambda row, as_of: _by(row.effective_at, as_of),
        lambda row: row.ended is not None or row.reinstated_at is not None,
    ),
    "seen_again": (lambda row, as_of: row.seen_again is not None, lambda row: bool(row.seen_again)),
}
