"""A measure as a table for spreadsheets: a line for each thing that is known of it, with who said it and when."""

from collections.abc import Iterator
from datetime import datetime

from starlette.responses import Response

from tidegate.oversight.measures.sheet import SheetView
from tidegate.pipeline.oversight.shown_measures import MeasureView
from tidegate.web.csv import Cell, table

_HEADER = ("part", "name", "article", "text", "at", "by")
_HEAD = ("id", "organisation", "pack", "step", "title", "law", "article", "state", "outcome")
_Line = list[Cell]


def measure_table(measure: MeasureView) -> Response:
    """All of one; no line has the amount of a penalty."""
    return table(f"measure-{measure.id}", _HEADER, _lines(measure))


def _line(
    part: str,
    name: str,
    text: str | None,
    *,
    article: str | None = None,
    at: datetime | None = None,
    by: str | None = None,
) -> _Line:
    return [part, name, article, text, at, by]


def _lines(one: MeasureView) -> Iterator[_Line]:
    for name in _HEAD:
        value = getattr(one, name)
        yield _line("measure", name, None if value is None else str(value))
    yield _line("reasons", "", one.reasons, at=one.created_at, by=one.created_by)
    for code in one.requires:
        yield _line("requires", code.code, code.text, article=code.article)
    for found in one.evidence:
        yield _line("evidence", f"{found.kind} {found.id}", found.note)
    for signed in one.signatures:
        yield _line("signature", "", None, at=signed.at, by=signed.by)
    yield from _reply(one)
    if one.final_orders is not None:
        said = one.final_orders
        yield _line("final_orders", "", said.text, article=said.article)
        for order in said.orders:
            yield _line("final_order", str(order.id), order.reference, at=order.final_at)
    if one.sheet is not None:
        yield from _sheet(one.sheet)
    for rung in one.ladder:
        for past in rung.measures:
            ended = past.state if past.outcome is None else f"{past.state}, {past.outcome}"
            yield _line("ladder", f"{rung.step} {past.id}", ended, article=rung.article)
    if one.conclusion is not None:
        yield _line("conclusion", "", one.conclusion, at=one.concluded_at, by=one.concluded_by)
    if one.withdrawal is not None:
        yield _line("withdrawal", "", one.withdrawal, at=one.withdrawn_at, by=one.withdrawn_by)


def _reply(one: MeasureView) -> Iterator[_Line]:
    if one.notified_at is not None:
        yield _line("notified", "", None, at=one.notified_at, by=one.notified_by)
    if one.reply_until is not None:
        yield _line(
            "right_of_reply", "open" if one.reply_open else "over", None, at=one.reply_until
        )
    for reply in one.replies:
        name = "late" if reply.late else ""
        yield _line("reply", name, reply.text, at=reply.at, by=reply.noted_by)


def _sheet(sheet: SheetView) -> Iterator[_Line]:
    yield _line("sheet", "", sheet.note)
    for factor in sheet.factors:
        yield _line("factor", factor.key, factor.words, article=factor.article)
    for each in sheet.infringements:
        if each.found:
            yield _line("infringement", "found", each.text, article=each.article)
    if (ceiling := sheet.ceiling) is not None:
        yield _line("ceiling", ceiling.key, ceiling.text, article=ceiling.article)
        yield _line("ceiling", "because", ceiling.because, article=ceiling.article)
        if ceiling.value is not None:
            at_most = f"{ceiling.value} {ceiling.currency}"
            yield _line("ceiling", "at_most", at_most, article=ceiling.article)
