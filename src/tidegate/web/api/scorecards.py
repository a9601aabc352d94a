"""`/v1/scorecards`: how soon and how far organisations do what they are ordered and asked, and what they say to it."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tidegate.exchange.model import Organisation
from tidegate.exchange.queries import get_organisation
from tidegate.infra.db import Tx
from tidegate.infra.times import told
from tidegate.oversight.replies.model import ContestIn, ReplyIn, SettleIn
from tidegate.oversight.replies.queries import contest_unknown
from tidegate.oversight.rows import Channel, Row
from tidegate.oversight.scorecard import SHARES, TIMES, Counted, FigureName, Scorecard
from tidegate.pipeline.oversight import answering
from tidegate.pipeline.oversight.cards import Asked, Progress, named, rows_behind, unheard
from tidegate.pipeline.oversight.received import read_card
from tidegate.pipeline.oversight.shown import (
    CardLine,
    CardView,
    ContestView,
    ReplyView,
    SentView,
    card_lines,
    kept_card,
    received_card,
    sent_view,
    shown_card,
    shown_contest,
    shown_reply,
    shown_rows,
)
from tidegate.pipeline.oversight.telling import card_file, send_card
from tidegate.web.api.endpoint import Call, Endpoint, bad_parameter
from tidegate.web.api.paging import DEFAULT_LIMIT, Page, decode_text, encode_cursor
from tidegate.web.gate import segment
from tidegate.web.periods import period
from tidegate.web.scorecard_tables import card_table, list_table, rows_table

READ, WRITE = "oversight:read", "oversight:write"
_ALL = "/v1/scorecards"
_ONE = f"{_ALL}/{{organisation}}"
_Text = Annotated[str, Meta(max_length=100)]


class PeriodQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Of what was sent from when to before when, by which channel: days, or times with their zone."""

    since: _Text | None = msgspec.field(default=None, name="from")
    until: _Text | None = msgspec.field(default=None, name="to")
    channel: Channel = "order"


class CardQuery(PeriodQuery, frozen=True, kw_only=True):
    """The same; `authority`: of the card about ourselves, whose."""

    authority: _Text | None = None


class RowsQuery(CardQuery, frozen=True, kw_only=True):
    """The rows under a figure, or all of them."""

    figure: FigureName | None = None
    cursor: Annotated[str, Meta(max_length=200)] | None = None
    limit: Annotated[int, Meta(ge=1, le=500)] = DEFAULT_LIMIT


class SendIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Of which period, and by which channel, the card is that goes out."""

    since: _Text = msgspec.field(name="from")
    until: _Text = msgspec.field(name="to")
    channel: Channel


class RowView(Row, frozen=True, kw_only=True):
    """A row; `counted` and `seconds` are what a figure makes of it, null where none was asked for."""

    counted: bool | None
    seconds: float | None


class Looked(msgspec.Struct, frozen=True):
    """What one person found waits for another."""

    state: str


def asked_of(organisation: str, said: PeriodQuery | SendIn, now: datetime) -> Asked:
    """Whose card is asked for, and of which period. Raises Refusal (422)."""
    since, until = period(said.since, said.until, now)
    return Asked(organisation=organisation, since=since, until=until, channel=said.channel)


def is_own(ours: Organisation, organisation: str) -> bool:
    """Whether the card is about ourselves: then it is the one that an authority sent."""
    return ours.kind == "platform" and organisation == ours.id


def card_asked(
    tx: Tx,
    organisation: str,
    said: CardQuery,
    progress: Progress = unheard,
) -> CardView:
    """The card that is asked for; `progress` is told how much was read. Raises Refusal: 404, 422."""
    ours = get_organisation(tx)
    if is_own(ours, organisation):
        return received_card(tx, ours, said.authority)
    return shown_card(tx, ours, asked_of(organisation, said, tx.now), progress)


def counted_rows(tx: Tx, organisation: str, said: RowsQuery) -> list[Counted]:
    """The rows that are asked for; those of our own without their addresses, which `named_rows` reads. Raises
    Refusal: 404, 422."""
    ours = get_organisation(tx)
    if is_own(ours, organisation):
        kept = kept_card(tx, ours, said.authority)
        _check_figure(said.figure, kept.channel)
        return rows_behind(read_card(kept.body)[1], said.figure, kept.at)
    _check_figure(said.figure, said.channel)
    rows = shown_rows(tx, ours, asked_of(organisation, said, tx.now))
    return rows_behind(rows, said.figure, tx.now)


def _check_figure(figure: FigureName | None, channel: Channel) -> None:
    known = (*TIMES, *SHARES[channel])
    if figure is not None and figure not in known:
        raise bad_parameter("figure", f"one of {', '.join(known)}", figure)


def named_rows(tx: Tx, found: list[Counted]) -> list[Counted]:
    """The rows with their addresses; those of a card that came have them."""
    bare = [one.row for one in found if not one.row.url]
    urls = {one.id: one for one in named(tx, bare)}
    return [msgspec.structs.replace(one, row=urls.get(one.row.id, one.row)) for one in found]


def page_of(
    found: list[Counted], cursor: str | None, limit: int
) -> tuple[list[Counted], str | None]:
    """A page of rows, and the place after it. Raises Refusal (422)."""
    start, after = 0, decode_text(cursor)
    if after is not None:
        places = {one.row.id: place for place, one in enumerate(found)}
        if after not in places:
            raise bad_parameter("cursor", "the `next` of a page before", cursor or "")
        start = places[after] + 1
    page = found[start : start + limit]
    more = start + limit < len(found)
    return page, encode_cursor(page[-1].row.id) if more and page else None


def _organisation(call: Call[Any, Any]) -> str:
    return segment(call.path["organisation"])


def _listed(tx: Tx, call: Call[object, PeriodQuery]) -> list[CardLine]:
    said = call.query
    since, until = period(said.since, said.until, tx.now)
    return card_lines(tx, said.channel, since, until)


def list_all(tx: Tx, call: Call[object, PeriodQuery]) -> Page:
    return Page(told(_listed(tx, call)))


def list_csv(tx: Tx, call: Call[object, PeriodQuery]) -> Response:
    return list_table(_listed(tx, call))


def show(tx: Tx, call: Call[object, CardQuery]) -> Any:
    return told(card_asked(tx, _organisation(call), call.query))


def show_csv(tx: Tx, call: Call[object, CardQuery]) -> Response:
    return card_table(card_asked(tx, _organisation(call), call.query))


def show_file(tx: Tx, call: Call[object, CardQuery]) -> Response:
    """The card and its rows, to the byte as they are sent, or came."""
    ours, id = get_organisation(tx), _organisation(call)
    if is_own(ours, id):
        body = kept_card(tx, ours, call.query.authority).body
    else:
        body = card_file(tx, call.instance, asked_of(id, call.query, tx.now))
    headers = {"Content-Disposition": 'attachment; filename="scorecard.json"'}
    return Response(body, media_type="application/json", headers=headers)


def show_rows(tx: Tx, call: Call[object, RowsQuery]) -> Page:
    asked = call.query
    found = counted_rows(tx, _organisation(call), asked)
    page, following = page_of(found, asked.cursor, asked.limit)
    return Page([told(_row(one, asked.figure)) for one in named_rows(tx, page)], following)


def rows_csv(tx: Tx, call: Call[object, RowsQuery]) -> Response:
    asked, id = call.query, _organisation(call)
    return rows_table(id, named_rows(tx, counted_rows(tx, id, asked)), asked.figure)


def _row(one: Counted, figure: FigureName | None) -> RowView:
    counted = None if figure is None else one.hit
    return RowView(**msgspec.structs.asdict(one.row), counted=counted, seconds=one.seconds)


def send(tx: Tx, call: Call[SendIn]) -> Any:
    asked = asked_of(_organisation(call), call.body, tx.now)
    return told(sent_view(tx, send_card(tx, call.instance, asked)))


def contest(tx: Tx, call: Call[ContestIn]) -> Any:
    found = answering.contest(tx, call.instance, _organisation(call), call.body)
    return told(shown_contest(found))


def reply(tx: Tx, call: Call[ReplyIn]) -> Any:
    found = answering.reply(tx, call.instance, _organisation(call), call.body)
    return told(shown_reply(found))


def settle(tx: Tx, call: Call[SettleIn]) -> Any:
    try:
        id = UUID(call.path["id"])
    except ValueError:
        raise contest_unknown() from None
    found = answering.settle(tx, call.instance, _organisation(call), id, call.body)
    if found.state == "proposed":
        return Response(b'{"state":"proposed"}', 202, media_type="application/json")
    return told(shown_contest(found))


def _read(
    path: str, summary: str, handler: Callable[..., Any], query: Any, answer: Any = None
) -> Endpoint[Any, Any]:
    return Endpoint(
        method="GET",
        path=path,
        scope=READ,
        summary=summary,
        handler=handler,
        query=query,
        answer=answer,
        whole=True,
        refusals=(404,) if "{" in path else (),
    )


def _say(
    name: str,
    summary: str,
    handler: Callable[..., Any],
    body: Any,
    answer: Any,
    *,
    accepted: Any = None,
    status: int = 201,
    refusals: tuple[int, ...] = (404, 503),
) -> Endpoint[Any, Any]:
    return Endpoint(
        method="POST",
        path=f"{_ONE}/{name}",
        scope=WRITE,
        summary=summary,
        handler=handler,
        body=body,
        answer=answer,
        idempotent=True,
        whole=True,
        person=True,
        accepted=accepted,
        status=status,
        refusals=refusals,
    )


endpoints: list[Endpoint[Any, Any]] = [
    _read(
        _ALL,
        "List the organisations of the other side by name, with their figures and what differs by more than chance",
        list_all,
        PeriodQuery,
        Page,
    ),
    _read(f"{_ALL}.csv", "The same as a table", list_csv, PeriodQuery),
    # The table's path comes first: it is no id.
    _read(f"{_ONE}.csv", "Read a scorecard as a table", show_csv, CardQuery),
    _read(
        _ONE,
        "Read the scorecard of an organisation; of ourselves the one that an authority sent",
        show,
        CardQuery,
        CardView,
    ),
    _read(
        f"{_ONE}/card.json",
        "Read a scorecard with its rows, to the byte as it is sent",
        show_file,
        CardQuery,
        Scorecard,
    ),
    _read(
        f"{_ONE}/rows", "List the rows of a scorecard, or of one figure", show_rows, RowsQuery, Page
    ),
    _read(f"{_ONE}/rows.csv", "The same rows as a table", rows_csv, RowsQuery),
    _say(
        "send",
        "Send an organisation the scorecard about it, signed",
        send,
        SendIn,
        SentView,
        refusals=(404, 409, 503),
    ),
    _say("contest", "Say that a row of a scorecard is wrong", contest, ContestIn, ContestView),
    _say("reply", "Say what is to be read beside the figures", reply, ReplyIn, ReplyView),
    _say(
        "contests/{id}/settle",
        "Say what was found of a contested row; a second person settles it",
        settle,
        SettleIn,
        ContestView,
        accepted=Looked,
        status=200,
        refusals=(404, 409, 503),
    ),
]
