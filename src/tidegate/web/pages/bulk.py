"""One decision for many cases: the preview that says what will happen and who is left out, and the page of
what became of it, which stays.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec

from tidegate.decisions.model import DecisionIn
from tidegate.infra.db import Tx
from tidegate.infra.errors import bad_field
from tidegate.infra.parsing import convert
from tidegate.pipeline.bulk import apply, preview, undo
from tidegate.policy.model import Pack
from tidegate.policy.templates import finished, offered
from tidegate.review.bulk import Bulk, Member, bulk_unknown, get_bulk, members_of
from tidegate.review.filters import Filter
from tidegate.review.rows import row_of
from tidegate.web.pages import sent
from tidegate.web.pages.case_parts.looking import unseen
from tidegate.web.pages.decide import waits
from tidegate.web.pages.page import PageRoute, with_query
from tidegate.web.pages.reasons import reason_of
from tidegate.web.pages.rows import RowView, row_view
from tidegate.web.pages.visit import Visit
from tidegate.web.words import gettext, noted, spoken

SAMPLES = 12
FIELDS = ("outcome", "label", "exemption")

# Why a case is left out, by code.
WHY = {
    "held": noted("Somebody else holds it."),
    "decided": noted("It is decided already."),
    "changed": noted("It has changed since it was selected."),
    "erased": noted("What was posted is erased."),
    "entry": noted("It asks about an entry of a bank, which only a look at that entry answers."),
    "not-same": noted("It is not the same content as the others."),
    "unseen": noted("Only a likeness speaks for it, and you have not looked at the pair."),
    "exemption": noted("It quotes known content, and nobody has said what for."),
    "second-eyes": noted("Another person must look at it, too."),
    "stopped": noted("It had not been decided when all was undone."),
    "already-left": noted("Its decision had left already."),
}


class LeftOut(msgspec.Struct, frozen=True):
    """Cases that are left out, and why: a code, and the sentence."""

    why: str
    text: str
    count: int
    cases: list[UUID]


class LabelView(msgspec.Struct, frozen=True):
    """A label to choose; `asks` whether the exemption must be answered."""

    name: str
    text: str
    asks: bool


class Sentence(msgspec.Struct, frozen=True):
    """A template as it would read."""

    name: str
    text: str


class BulkPage(msgspec.Struct, frozen=True, kw_only=True):
    """A selection of cases: what is to be decided, how many by state, who is left out, and samples, those
    with words first. While it can be undone, until `leaves_at`; None: it is being carried out."""

    id: UUID
    outcome: str
    label: str | None
    exemption: str | None
    reason: str | None
    state: str
    total: int
    waiting: int
    decided: int
    undone: int
    left_out: list[LeftOut]
    samples: list[RowView]
    labels: list[LabelView]
    exemptions: dict[str, str]
    templates: list[Sentence]
    undoable: bool
    undo_seconds: float
    leaves_at: datetime | None


def show(visit: Visit) -> BulkPage:
    with visit.begin() as tx:
        bulk = get_bulk(tx, _bulk_id(visit))
        members = members_of(tx, bulk.id)
        return _page_of(visit, tx, bulk, members)


def _page_of(visit: Visit, tx: Tx, bulk: Bulk, members: Sequence[Member]) -> BulkPage:
    pack = visit.pack(tx)
    counted = Counter(one.state for one in members)
    outcome = bulk.decision["outcome"]
    ended = bulk.ended_at and bulk.ended_at + timedelta(seconds=bulk.undo_seconds)
    lives = bulk.state == "running" or (bulk.state == "done" and ended and ended > tx.now)
    return BulkPage(
        id=bulk.id,
        outcome=outcome,
        label=bulk.decision.get("label"),
        exemption=bulk.decision.get("exemption"),
        reason=bulk.decision.get("reason"),
        state=bulk.state,
        total=len(members),
        waiting=counted["waiting"],
        decided=counted["decided"],
        undone=counted["undone"],
        left_out=_left_out(members),
        samples=_samples(visit, tx, members) if bulk.state == "previewed" else [],
        labels=[
            LabelView(one.name, one.text, one.exemption_required) for one in pack.labels.values()
        ],
        exemptions=dict(pack.exemptions),
        templates=_templates(pack, outcome, bulk.decision.get("label")),
        undoable=bool(lives) and bulk.undo_seconds > 0,
        undo_seconds=bulk.undo_seconds,
        leaves_at=ended if bulk.state == "done" else None,
    )


def _templates(pack: Pack, outcome: str, label: str | None) -> list[Sentence]:
    """What fits whatever label is chosen, or the one that is."""
    clause = pack.ground_for(label).reference
    called = pack.label_called(label) if label else "…"
    return [
        Sentence(one.name, finished(one, label=called, clause=clause, language=spoken().tag))
        for one in offered(pack.templates, outcome, label or "", matched=False)
        if label is not None or one.label is None
    ]


def _left_out(members: Sequence[Member]) -> list[LeftOut]:
    by: dict[str, list[UUID]] = {}
    for one in members:
        if one.why is not None:
            by.setdefault(one.why, []).append(one.case_id)
    return [
        LeftOut(why, gettext(WHY.get(why, noted("It could not be decided."))), len(ids), ids)
        for why, ids in by.items()
    ]


def _samples(visit: Visit, tx: Tx, members: Sequence[Member]) -> list[RowView]:
    """Some of those that will be decided, from all over the selection."""
    waiting = [one.case_id for one in members if one.state == "waiting"]
    step = max(1, len(waiting) // SAMPLES)
    rows = [row_view(row_of(tx, one), visit.names.called) for one in waiting[::step][:SAMPLES]]
    return sorted(rows, key=lambda row: not row.quoted)


def make(visit: Visit) -> str:
    """Preview what would be decided of a selection: of the cases that are ticked, or of all that a
    filter lets through."""
    filters = visit.fields("filter")
    ids = [] if filters else [convert(one, UUID) for one in visit.fields("case")]
    filter = _filter(filters[-1]) if filters else None
    undo_seconds = waits(visit).total_seconds()
    with visit.begin() as tx:
        pack = visit.instance.pack(tx)
        body = _body(visit)
        if reason := visit.field("reason"):
            body["reason"] = reason
        elif visit.field("template"):
            body["reason"] = reason_of(visit, pack, body, None)
        bulk_id = preview(
            tx,
            ids,
            filter,
            body,
            pack=pack,
            undo_seconds=undo_seconds,
            closed=lambda case: bool(unseen(visit, tx, case.id)),
        )
    return f"/bulk/{bulk_id}"


def _filter(address: str) -> Filter:
    """Raises Refusal (422) also for what is no part of a filter: a slip must not select the whole desk."""
    named = [name for name, _ in parse_qsl(address.removeprefix("?"))]
    if unknown := [name for name in named if name not in Filter.__struct_fields__]:
        raise bad_field("/filter", "a filter of the list of cases", unknown[0][:60])
    return Filter.of_address(address)


def start(visit: Visit) -> str:
    """Apply what was previewed."""
    undo_seconds = waits(visit).total_seconds()
    with visit.begin() as tx:
        pack = visit.instance.pack(tx)
        bulk = get_bulk(tx, _bulk_id(visit))
        body = {name: bulk.decision[name] for name in FIELDS if bulk.decision.get(name)}
        if visit.field("label") not in ("", body.get("label")):
            body.pop("exemption", None)  # that was the answer for another label
        body |= _body(visit)
        if body.get("outcome") == "restrict" and "label" not in body:
            raise bad_field("/label", "a label, which a restriction needs", "nothing")
        written = visit.field("reason") or visit.field("template")
        if written or not bulk.decision.get("reason"):
            body["reason"] = reason_of(visit, pack, body, None)
        else:  # as it was previewed
            body["reason"] = bulk.decision["reason"]
        decision = msgspec.to_builtins(convert(body, DecisionIn))
        apply(tx, bulk.id, decision, pack=pack, undo_seconds=undo_seconds)
        path = with_query(f"/bulk/{bulk.id}", done="applied")
        sent.claim(visit, tx, path)
    return path


def take_back(visit: Visit) -> str:
    with visit.begin() as tx:
        undo(tx, _bulk_id(visit))
    return with_query(f"/bulk/{_bulk_id(visit)}", done="undoing")


def _body(visit: Visit) -> dict[str, Any]:
    return {name: visit.field(name) for name in FIELDS if visit.field(name)}


def _bulk_id(visit: Visit) -> UUID:
    """Of the address, or of the form that applies it."""
    named = visit.path.get("bulk") or visit.field("preview")
    try:
        return UUID(named)
    except ValueError:
        raise bulk_unknown(named) from None


bulk_page = PageRoute(path="/bulk/{bulk}", handler=show, scope="cases:decide", template="bulk.html")
pages = [
    bulk_page,
    PageRoute(method="POST", path="/cases/bulk/preview", handler=make, scope="cases:decide"),
    PageRoute(
        method="POST",
        path="/cases/bulk/apply",
        handler=start,
        scope="cases:decide",
        again=bulk_page,
    ),
    PageRoute(
        method="POST",
        path="/bulk/{bulk}/undo",
        handler=take_back,
        scope="cases:decide",
        again=bulk_page,
    ),
]
