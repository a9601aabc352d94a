"""A case's parts as its page shows them, from what was read."""

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from tidegate.content.model import Content
from tidegate.decisions.second import Answer, Look
from tidegate.infra.parsing import read_whole
from tidegate.pipeline.before import Before, Earlier
from tidegate.policy.model import Pack
from tidegate.review.drafts import Draft
from tidegate.review.media import count_media
from tidegate.review.model import CaseEvent, ShownCase
from tidegate.review.rows import EXCERPT, Row, excerpt_of
from tidegate.web.pages.case_parts import said
from tidegate.web.pages.case_parts.model import (
    BeforeView,
    ChoiceView,
    Conflict,
    EarlierItem,
    SecondView,
    Step,
)
from tidegate.web.pages.rows import RowView, Sentence, row_view
from tidegate.web.pages.visit import Visit


def row_shown(visit: Visit, row: Row, held: ShownCase | None, content: Content | None) -> RowView:
    """The case as its row shows it; its files as they are, also before it was ranked, and who holds it
    as the case says (None: nobody), as does all else on the page: the row was read a moment later."""
    found = replace(
        row,
        held_by=held and (row.held_by or held.claimed_by),
        held_until=held and held.claimed_until,
        media=row.media if content is None else count_media(content),
    )
    return row_view(found, visit.names.called)


def why_of(row: RowView, case: ShownCase, pack: Pack) -> list[Sentence]:
    """Why the case ranks as it does; before it was ranked, what the rules say that fired."""
    if row.because:
        return row.because
    texts = {rule.name: rule.text for rule in pack.rules}
    fired: list[dict[str, Any]] = case.evaluation["rules"] if case.evaluation else []
    names = dict.fromkeys(str(one["rule"]).rpartition("/")[2] for one in fired)
    return [Sentence("rule", texts.get(name) or said.named(name), name) for name in names]


def decision_of(case: ShownCase) -> dict[str, Any] | None:
    """The decision that decided the case; where the last one was undone, that."""
    last = case.decisions[-1] if case.decisions else None
    if last is not None and last["state"] == "undone" and last["case"] == str(case.id):
        return last
    return next((one for one in case.decisions if one["id"] == str(case.decision)), None)


def history_of(case: ShownCase) -> list[Step]:
    """What happened to the case, the newest first."""
    decisions = {one["id"]: one for one in case.decisions}
    return [
        Step(
            at=event.at,
            kind=event.kind,
            text=said.event_words(event),
            by=event.actor,
            reason=event.detail.get("reason"),
            decision=decisions.get(event.detail.get("decision", "")),
            detail=event.detail if event.kind == "quarantined" else {},
        )
        for event in said.shortened(case.events)
    ]


def before_of(earlier: Before, case: ShownCase) -> BeforeView:
    """What went before; decisions that the history tells are left out here."""
    told = {event.detail.get("decision") for event in case.events}
    return BeforeView(
        author=list(map(_line, earlier.author)),
        copies=list(map(_line, earlier.copies)),
        copies_total=earlier.copies_total,
        copies_most=earlier.copies_most,
        copies_decided=earlier.copies_decided,
        decisions=[one for one in case.decisions if one["id"] not in told],
    )


def _line(one: Earlier) -> EarlierItem:
    item, decision = one.item, one.decision
    words = excerpt_of(item.content, EXCERPT + 1)
    return EarlierItem(
        id=item.id,
        item=item.external_id,
        platform=item.platform,
        excerpt=words[:EXCERPT] + "…" if len(words) > EXCERPT else words,
        media=count_media(item.content),
        received_at=item.received_at,
        verdict=item.verdict,
        restricted=item.restricted,
        decision=decision
        and {
            "outcome": decision.outcome,
            "label": decision.label,
            "decided_by": decision.decided_by,
            "created_at": decision.created_at,
        },
    )


def looked_at(visit: Visit) -> int:
    """The revision that was on the screen when the person chose what they chose; 0: none."""
    return read_whole(visit.field("revision")) or visit.query.looked or 0


def conflict_of(
    visit: Visit,
    case: ShownCase,
    decision: dict[str, Any] | None,
    draft: Draft | None,
    second: SecondView | None,
    *,
    held: bool,
) -> Conflict | None:
    """Who was first, for somebody who meant to decide: they sent the form, have a draft, or have the
    page before them."""
    meant = visit.refusal is not None or visit.query.looked is not None or draft is not None
    if not meant:
        return None
    if case.state == "decided":
        by = decision["decided_by"] if decision else _closer(case.events)
        if by is None or (by == visit.who.actor and visit.refusal is None):
            return None
        if second is not None and second.mine:  # who agreed was no loser
            return None
        outcome = decision["outcome"] if decision else None
        return Conflict(what="decided", by=by, at=case.decided_at, outcome=outcome)
    if held and case.claimed_by is not None:
        since = next((one.at for one in case.events if one.kind == "claimed"), None)
        return Conflict(what="taken", by=case.claimed_by, at=since, until=case.claimed_until)
    return None


def _closer(events: Iterable[CaseEvent]) -> str | None:
    return next((one.actor for one in events if one.kind in ("decided", "withdrawn")), None)


def second_of(
    look: Look | None, case: ShownCase, identity: str, for_seniors: bool
) -> SecondView | None:
    """What the reader is told of second eyes on a case."""
    if look is None or (look.state == "agreed" and look.decision_id != case.decision):
        return None
    place = look.people.index(identity) if identity in look.people else None
    opened, ended = identity in look.opened_by, look.ended_at is not None
    own = [] if place is None else look.answers[place : place + 1]
    return SecondView(
        id=look.id,
        state=look.state,
        since=look.answers[-1].at if look.answers else look.created_at,
        mine=identity in look.not_for,
        proposed=place == 0,
        opened=opened,
        for_seniors=for_seniors,
        choices=[_choice(one) for one in (look.answers if opened or ended else own)],
    )


def _choice(one: Answer) -> ChoiceView:
    names = ("outcome", "label", "exemption", "ground", "scope", "territory", "until")
    return ChoiceView(
        **{name: getattr(one.choice, name) for name in names},
        by=one.by,
        at=one.at,
        reason=one.reason,
        revision=one.revision,
        opened=one.opened,
    )


def may_of(
    visit: Visit,
    case: ShownCase,
    *,
    mine: bool,
    held: bool,
    decision: dict[str, Any] | None,
    second: SecondView | None = None,
) -> list[str]:
    """What the person may do with the case as it is."""
    if not visit.may("cases:decide") or (case.about and case.about.erased_at is not None):
        return []
    found = ["note"]
    if case.state == "decided":
        held_back = decision is not None and decision["state"] == "held"
        own = decision is not None and decision["decided_by"] == visit.who.actor
        if (
            second is not None and second.state == "agreed"
        ):  # who agreed made it leave, and undoes it
            own = second.mine and not second.proposed
        return [*found, *(["undo"] if own else [])] if held_back else [*found, "reopen"]
    if second is not None and second.mine:
        return [*found, "undo"] if second.proposed and second.state == "proposed" else found
    if second is not None and second.for_seniors:
        return found
    if held:
        return [*found, *(["take-over"] if visit.may("cases:senior") else []),
                *(["release"] if visit.may("admin") else [])]  # fmt: skip
    asked = [] if second is None else ["agree" if second.opened else "open"]
    if second is not None and second.state == "disputed" and second.opened:
        asked = []
    return ["decide", "release" if mine else "claim", "skip", *found, *asked]
