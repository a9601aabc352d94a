"""Who does enough, on pages: all organisations of the other side by name, the card of one with its curves, and the
rows under each figure. A firm reads the card about itself, and answers it. Nobody is ranked.
"""

from datetime import timedelta
from typing import Annotated, Any, TypeVar
from urllib.parse import quote
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tidegate.exchange.queries import get_organisation, organisation, party
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.parsing import convert
from tidegate.infra.times import in_full
from tidegate.oversight.replies.model import ContestIn, ReplyIn, SettleIn
from tidegate.oversight.replies.queries import contest_unknown
from tidegate.oversight.rows import FEWEST, Channel
from tidegate.oversight.scorecard import Counted, FigureName, Point
from tidegate.pipeline.oversight import answering
from tidegate.pipeline.oversight.cards import Asked
from tidegate.pipeline.oversight.shown import CardLine, CardView, card_lines, senders
from tidegate.pipeline.oversight.telling import send_card
from tidegate.web.api.scorecards import (
    READ,
    WRITE,
    CardQuery,
    RowsQuery,
    asked_of,
    card_asked,
    counted_rows,
    is_own,
    named_rows,
    page_of,
)
from tidegate.web.pages.curves import Curve, curve_of, shown_points
from tidegate.web.pages.page import PageRoute, Query, with_more, with_query
from tidegate.web.pages.refusals import of_form
from tidegate.web.pages.visit import Visit
from tidegate.web.scorecard_tables import card_table, list_table, rows_table

T = TypeVar("T")
_POINTS = 60  # of a curve, in its table
_PAGE = 100
_Text = Annotated[str, Meta(max_length=100)]


class OversightQuery(Query, frozen=True, kw_only=True):
    """The period and the channel, as the API takes them, and what else its routes take."""

    since: _Text | None = msgspec.field(default=None, name="from")
    until: _Text | None = msgspec.field(default=None, name="to")
    channel: Channel = "order"
    authority: _Text | None = None


class RowsPageQuery(OversightQuery, frozen=True, kw_only=True):
    figure: FigureName | None = None
    cursor: Annotated[str, Meta(max_length=200)] | None = None


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """The period that a page is about: from `first` to before `last`, `since` and `until` as days for its form, and
    all of it as a query."""

    first: str
    last: str
    since: str
    until: str
    channel: Channel
    query: str


class OversightPage(msgspec.Struct, frozen=True, kw_only=True):
    """The organisations of the other side by name. `own` is a platform's own id, of which a card came."""

    period: Period
    lines: list[CardLine]
    fewest: int
    own: str | None


class Drawn(msgspec.Struct, frozen=True):
    """A curve as it is drawn, and points of it for the table."""

    curve: Curve
    points: list[Point]


class CardPage(msgspec.Struct, frozen=True, kw_only=True):
    """A card. `own`: it is about ourselves, as an authority sent it; `oversees`: we are one, and settle what is
    contested, except `looked`, where the visitor has looked and another person has to. `authorities` are those of
    which cards about ourselves came."""

    period: Period
    name: str
    card: CardView
    acknowledged: Drawn | None
    effective: Drawn | None
    fewest: int
    own: bool
    oversees: bool
    looked: list[UUID]
    authorities: list[str]


class RowsPage(msgspec.Struct, frozen=True, kw_only=True):
    """The rows under a figure, or all; `rows` says of each whether the figure counts it. `card` is where the card
    is."""

    organisation: str
    name: str
    card: str
    figure: FigureName | None
    rows: list[Counted]
    next: str | None


def show_all(visit: Visit) -> OversightPage:
    with visit.begin() as tx:
        ours = organisation(tx)
        asked, lines = _lines(tx, visit)
        told = ours is not None and ours.kind == "platform" and senders(tx, ours)
        own = ours.id if ours is not None and told else None
    return OversightPage(period=_period(asked), lines=lines, fewest=FEWEST, own=own)


def table_all(visit: Visit) -> Response:
    with visit.begin() as tx:
        return list_table(_lines(tx, visit)[1])


def _lines(tx: Tx, visit: Visit) -> tuple[Asked, list[CardLine]]:
    asked = asked_of("", _query(visit), tx.now)
    return asked, card_lines(tx, asked.channel, asked.since, asked.until)


def show(visit: Visit) -> CardPage:
    with visit.begin() as tx:
        ours, id = get_organisation(tx), visit.path["organisation"]
        own, card = is_own(ours, id), card_asked(tx, id, _query(visit))
        other = None if own else party(tx, id)
        return CardPage(
            period=_period(_of_card(card)),
            name=ours.name if other is None else other.name,
            card=card,
            acknowledged=_drawn(card, "acknowledged"),
            effective=_drawn(card, "effective"),
            fewest=FEWEST,
            own=own,
            oversees=ours.kind == "authority",
            looked=[
                one.id
                for one in card.contests
                if one.state == "proposed" and one.looks[0].by == visit.who.actor
            ],
            authorities=senders(tx, ours) if own else [],
        )


def _of_card(card: CardView) -> Asked:
    return Asked(
        organisation=card.organisation,
        since=card.since,
        until=card.until,
        channel=card.channel,
    )


def table_of(visit: Visit) -> Response:
    with visit.begin() as tx:
        return card_table(card_asked(tx, visit.path["organisation"], _query(visit)))


def _drawn(card: CardView, name: str) -> Drawn | None:
    times = card.acknowledged if name == "acknowledged" else card.effective
    curve = curve_of(times)
    if curve is None or times is None or times.curve is None:
        return None
    return Drawn(curve, shown_points(times.curve, _POINTS))


def show_rows(visit: Visit) -> RowsPage:
    query: RowsPageQuery = visit.query
    with visit.begin() as tx:
        id = visit.path["organisation"]
        ours, known = get_organisation(tx), party(tx, id)
        found = counted_rows(tx, id, _rows_query(query))
        page, following = page_of(found, query.cursor, _PAGE)
        rows = named_rows(tx, page)
    given = {"from": query.since, "to": query.until, "channel": query.channel}
    given |= {"authority": query.authority}
    said = {name: one for name, one in given.items() if one}
    path = f"/oversight/{quote(id, safe='')}"
    return RowsPage(
        organisation=id,
        name=ours.name if known is None else known.name,
        card=with_query(path, **said),
        figure=query.figure,
        rows=rows,
        next=following and with_more(_here(visit), cursor=following),
    )


def _here(visit: Visit) -> str:
    url = visit.request.url
    return f"{url.path}?{url.query}"


def table_rows(visit: Visit) -> Response:
    query: RowsPageQuery = visit.query
    with visit.begin() as tx:
        id = visit.path["organisation"]
        found = named_rows(tx, counted_rows(tx, id, _rows_query(query)))
    return rows_table(id, found, query.figure)


def send(visit: Visit) -> str:
    with visit.begin() as tx:
        asked = asked_of(visit.path["organisation"], _typed(visit), tx.now)
        send_card(tx, visit.instance, asked)
    return _back(visit, "card-sent")


def contest(visit: Visit) -> str:
    names = {"row": "row", "text": "contest"}
    given = _said(visit, names, ContestIn)
    try:
        with visit.begin() as tx:
            answering.contest(tx, visit.instance, visit.path["organisation"], given)
    except Refusal as refusal:
        raise _at_fields(refusal, names) from None
    return _back(visit, "row-contested")


def reply(visit: Visit) -> str:
    names = {"text": "reply"}
    given = _said(visit, names, ReplyIn)
    try:
        with visit.begin() as tx:
            answering.reply(tx, visit.instance, visit.path["organisation"], given)
    except Refusal as refusal:
        raise _at_fields(refusal, names) from None
    return _back(visit, "card-replied")


def settle(visit: Visit) -> str:
    id: UUID = visit.uuid("contest", contest_unknown)
    names = {name: f"{name}:{visit.path['contest']}" for name in ("finding", "reasons")}
    given = _said(visit, names, SettleIn)
    try:
        with visit.begin() as tx:
            organisation = visit.path["organisation"]
            found = answering.settle(tx, visit.instance, organisation, id, given)
    except Refusal as refusal:
        raise _at_fields(refusal, names) from None
    return _back(visit, "row-settled" if found.state == "settled" else "row-looked")


def _query(visit: Visit) -> CardQuery:
    """What the address says; of a refused form what its hidden fields say."""
    if visit.refusal is not None:
        return _typed(visit)
    query: OversightQuery = visit.query
    return CardQuery(
        since=query.since, until=query.until, channel=query.channel, authority=query.authority
    )


def _rows_query(query: RowsPageQuery) -> RowsQuery:
    return RowsQuery(
        since=query.since,
        until=query.until,
        channel=query.channel,
        authority=query.authority,
        figure=query.figure,
    )


def _typed(visit: Visit) -> CardQuery:
    """The period that a form carries."""
    names = ("from", "to", "channel", "authority")
    return convert({name: one for name in names if (one := visit.field(name))}, CardQuery)


def _period(asked: Asked) -> Period:
    day = asked.until - timedelta(microseconds=1) + timedelta(days=1)
    return Period(
        first=in_full(asked.since),
        last=in_full(asked.until),
        since=f"{asked.since:%Y-%m-%d}",
        until=f"{day:%Y-%m-%d}",
        channel=asked.channel,
        query=asked.period,
    )


def _said(visit: Visit, names: dict[str, str], type: type[T]) -> T:
    """What a form says; `names` are those of its fields, since a page has several forms."""
    said: dict[str, Any] = {name: visit.field(field) for name, field in names.items()}
    try:
        return convert({name: one for name, one in said.items() if one}, type)
    except Refusal as refusal:
        raise _at_fields(refusal, names) from None


def _at_fields(refusal: Refusal, names: dict[str, str]) -> Refusal:
    return of_form(refusal, {f"/{name}": field for name, field in names.items()})


def _back(visit: Visit, done: str) -> str:
    """The page that the form was on."""
    names = ("from", "to", "channel", "authority")
    said = {name: one for name in names if (one := visit.field(name))}
    path = visit.request.url.path.split("/")
    return with_more("/".join(path[:3]), done=done, **said)


def _page(
    path: str, handler: Any, template: str | None, query: type[Query] = OversightQuery
) -> PageRoute:
    return PageRoute(
        path=path, handler=handler, scope=READ, query=query, template=template, whole=True
    )


_one = _page("/oversight/{organisation}", show, "scorecard.html")

pages = [
    _page("/oversight.csv", table_all, None),
    _page("/oversight", show_all, "oversight.html"),
    # The table's path comes first: it is no id.
    _page("/oversight/{organisation}.csv", table_of, None),
    _one,
    _page("/oversight/{organisation}/rows.csv", table_rows, None, RowsPageQuery),
    _page("/oversight/{organisation}/rows", show_rows, "scorecard_rows.html", RowsPageQuery),
    *(
        PageRoute(
            method="POST",
            path=f"/oversight/{{organisation}}/{name}",
            handler=handler,
            scope=WRITE,
            again=_one,
            whole=True,
        )
        for name, handler in (
            ("send", send),
            ("contest", contest),
            ("reply", reply),
            ("contests/{contest}/settle", settle),
        )
    ),
]
