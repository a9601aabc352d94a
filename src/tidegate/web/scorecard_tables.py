"""Scorecards as tables for spreadsheets: every line says what it is of, and below ten there is none with a figure."""

from collections.abc import Iterable, Iterator, Sequence

from msgspec import UNSET
from starlette.responses import Response

from tidegate.oversight.scorecard import Counted, Estimate, Share, Times
from tidegate.pipeline.oversight.shown import CardLine, CardView, ReplyView
from tidegate.web.csv import Cell, table

_FIGURES = ("figure", "measure", "t_s", "value", "low", "high", "n", "censored", "note")
_ROWS = (
    "row",
    "url",
    "counted",
    "seconds",
    "sent_at",
    "received_at",
    "answered_at",
    "effective_at",
    "closed_at",
    "due_at",
    "due_latest",
    "outcome",
    "impeded",
    "kept",
    "ended",
    "reinstated_at",
    "seen_again",
    "claimed",
    "contested",
)
_Line = list[Cell]


def card_table(card: CardView) -> Response:
    """A card: each figure with its interval and n, the points of both curves, and what the organisation says."""
    head: _Line = [card.organisation, card.since, card.until, card.channel]
    lines = [[*head, *line] for line in _card(card)]
    header = ("organisation", "from", "to", "channel", *_FIGURES)
    return table(f"scorecard-{card.organisation}", header, lines)


def _card(card: CardView) -> Iterator[_Line]:
    yield ["card", None, None, None, None, None, card.n, None, card.note]
    if card.acknowledged is not None and card.effective is not None and card.shares is not None:
        yield from _times("acknowledged", card.acknowledged)
        yield from _times("effective", card.effective)
        for name, share in card.shares.items():
            yield _share(name, share)
    for said in card.replies:
        yield _reply(said)
    for one in card.contests:
        state = one.state if one.finding is None else f"{one.state} {one.finding}"
        yield ["contest", one.row, *(None,) * 6, f"{state}: {one.text}"]


def list_table(lines: Sequence[CardLine]) -> Response:
    """All organisations in their order, each with its figures."""
    header = ("organisation", "name", "difference", *_FIGURES)
    return table("scorecards", header, [one for line in lines for one in _listed(line)])


def _listed(line: CardLine) -> Iterator[_Line]:
    head: _Line = [line.organisation, line.name]
    yield [*head, None, "card", None, None, None, None, None, line.n, None, line.note]
    for name, kind in (("acknowledged", line.acknowledged), ("effective", line.effective)):
        if kind is not None:
            yield from ([*head, kind.flag, *one] for one in _times(name, kind.times))
    for name, share in (line.shares or {}).items():
        yield [*head, None, *_share(name, share)]
    if line.contested:
        yield [*head, None, "contested", *(None,) * 5, line.contested, None, None]
    for said in line.replies:
        yield [*head, None, *_reply(said)]


def rows_table(organisation: str, rows: Iterable[Counted], figure: str | None) -> Response:
    """The rows of a card, or of one figure of it; `counted` says of a figure which of them it counts."""
    lines = (
        [
            one.row.id,
            one.row.url,
            None if figure is None else one.hit,
            one.seconds,
            *(getattr(one.row, name) for name in _ROWS[4:]),
        ]
        for one in rows
    )
    return table(f"rows-{organisation}", _ROWS, lines)


def _times(name: str, times: Times) -> Iterator[_Line]:
    note = None if times.note is UNSET else times.note
    for measure, one in (("median_s", times.median_s), ("p90_s", times.p90_s)):
        said = one or Estimate(None, None, None)
        yield [name, measure, None, said.value, said.low, said.high, times.n, times.censored, note]
    for point in times.curve or ():
        yield [name, "curve", point.t_s, point.s, point.low, point.high, None, None, None]


def _reply(said: ReplyView) -> _Line:
    return ["reply", *(None,) * 7, said.text]


def _share(name: str, share: Share) -> _Line:
    note = None if share.note is UNSET else share.note
    return [name, "share", None, share.value, share.low, share.high, share.n, None, note]
