"""From the database to a case's page."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from tidegate.content.openings import may_open
from tidegate.content.queries import RevisionRow, revisions_of
from tidegate.decisions.disclosure import shown_standing
from tidegate.decisions.looks import last_second_look, open_for, read_by, shown_look
from tidegate.decisions.model import Subject
from tidegate.decisions.queries import standing_on
from tidegate.decisions.restrictions import Effective, by_strength, effective, standing_at
from tidegate.decisions.second import Look
from tidegate.decisions.told import StandingView
from tidegate.infra.db import Tx
from tidegate.intake.channels import THREAT
from tidegate.intake.grouped import GroupedReports, ReportGroup, grouped_reports
from tidegate.orders.queries import items_on
from tidegate.pipeline.before import before, fared
from tidegate.pipeline.clusters import cluster_of
from tidegate.pipeline.next import look_at_case
from tidegate.pipeline.rang import rang_in, rang_itself
from tidegate.pipeline.reads import read_shown_case
from tidegate.pipeline.second import waits_for_seniors
from tidegate.policy.model import Pack
from tidegate.review.drafts import draft_of
from tidegate.review.model import LOOK, ShownCase, is_held
from tidegate.review.notes import notes_of
from tidegate.review.queries import subject_of_case
from tidegate.review.rows import position, row_of
from tidegate.review.wellness import severity_of_case
from tidegate.review.work.queries import links_of, tasks_of
from tidegate.signals.banks.model import EntryView
from tidegate.signals.banks.queries import entries_by_id, may_change_bank
from tidegate.web.pages.case_parts import panel, shown
from tidegate.web.pages.case_parts.asked import talked
from tidegate.web.pages.case_parts.changes import Changes, changes
from tidegate.web.pages.case_parts.graded import graded
from tidegate.web.pages.case_parts.looking import can_be_seen
from tidegate.web.pages.case_parts.model import BeforeView, CasePage, NoteView
from tidegate.web.pages.case_parts.rang import RangView, rang_views
from tidegate.web.pages.case_parts.typed import choose_anew, restore, within
from tidegate.web.pages.content import ContentView, content_view, explained, ids_of, rule_texts
from tidegate.web.pages.rows import RowView
from tidegate.web.pages.scored import priority_view
from tidegate.web.pages.visit import Visit
from tidegate.web.words import spoken

REPORTS = 100  # groups of a page
# What the page says of the case as its row does; its reports are told one by one.
ROW = [name for name in RowView.__struct_fields__ if name not in ("because", "reports")]


class _About(NamedTuple):
    """What is read of the item that a case is about; of an entry, nothing."""

    id: UUID | None = None
    content: ContentView | None = None
    moved: Changes | None = None
    restrictions: Sequence[StandingView] = ()
    effective: Effective = effective(())
    reports: GroupedReports = GroupedReports()
    before: BeforeView = BeforeView()


def read_page(visit: Visit, tx: Tx, case_id: UUID) -> CasePage:
    """The case as this person sees it now, with what they have typed. Raises Refusal (404)."""
    subject = subject_of_case(tx, case_id)
    if visit.may("cases:decide"):
        look_at_case(tx, case_id, visit.instance.settings)
    look = _look(visit, tx, case_id, subject)
    case = read_shown_case(tx, case_id, subject)
    restore(visit, draft := draft_of(tx, case_id))
    pack = visit.pack(tx)
    about = _about(tx, visit, case, subject)
    if about.moved:
        choose_anew(visit)
    matches = explained(case.evaluation["matches"] if case.evaluation else [])
    opened = [str(case.match["entry"])] if case.match else []
    entries = entries_by_id(tx, ids_of([*(str(one["entry"]) for one in matches), *opened]))
    about_entry = case.entry is not None and case.entry.closed is True
    live = is_held(case.claimed_until, tx.now)
    mine = live and case.claimed_by == visit.who.actor
    held = live and not mine
    decision = shown.decision_of(case)
    second = shown.second_of(look, case, tx.identity, waits_for_seniors(tx, case, look))
    list_ = within(visit)
    content = about.content.content if about.content else None
    row = shown.row_shown(visit, row_of(tx, case_id), case if live else None, content)
    why = shown.why_of(row, case, pack)
    return CasePage(
        **{name: getattr(row, name) for name in ROW},
        because=why,
        priority=priority_view(case.priority),
        case=case,
        item_id=about.id,
        content=about.content,
        why=why,
        voices=case.reports,
        reports=_groups(about, visit.query.reports),
        reports_page=visit.query.reports,
        reports_pages=-(-len(about.reports.groups) // REPORTS),
        reports_total=about.reports.total,
        reports_unread=about.reports.unread,
        evaluation=case.evaluation,
        rules=rule_texts(pack),
        matches=matches,
        entries=entries,
        fared=fared(tx, list(dict.fromkeys(str(one["entry"]) for one in matches))),
        judges=_judges(tx, subject, entries.get(opened[0]) if opened else None),
        quarantined=next((one.detail for one in case.events if one.kind == "quarantined"), None),
        before=about.before,
        **_beside(visit, tx, case_id, about, subject),
        notes=[NoteView(one.by, one.text, one.created_at) for one in notes_of(tx, case_id)],
        history=shown.history_of(case),
        draft=draft,
        decision=decision,
        restrictions=list(about.restrictions),
        effective=about.effective,
        may=shown.may_of(visit, case, mine=mine, held=held, decision=decision, second=second),
        mine=mine,
        held=held,
        opens=about_entry or (about.id is not None and may_open(tx, about.id)),
        labels=list(pack.labels.values()),
        offences=visit.instance.offences,
        exemptions=dict(pack.exemptions),
        panel=_panel(visit, case, row.label, pack, about, matches, entries),
        second=second,
        filter=list_.address(),
        where=position(tx, case_id, list_, counting=visit.instance.totals),
        conflict=shown.conflict_of(visit, case, decision, draft, second, held=held),
        moved=about.moved,
        erased_at=case.about.erased_at if case.about else None,
    )


def _beside(visit: Visit, tx: Tx, case_id: UUID, about: _About, subject: Subject) -> dict[str, Any]:
    """What stands beside what was posted: who says the same, how far it is believed, what was said with those
    who reported, and what is to be done."""
    return {
        "orders": _orders(visit, tx, about, subject),
        "asked": talked(tx, subject),
        "rang": _rang(visit, tx, case_id, about, subject),
        "cluster": None if about.id is None else cluster_of(tx, about.id),
        "grading": graded(visit, tx, about.id),
        "tasks": tasks_of(tx, case_id),
        "links": links_of(tx, case_id),
    }


def _rang(visit: Visit, tx: Tx, case_id: UUID, about: _About, subject: Subject) -> list[RangView]:
    """What alerts about the case rang for; to a blind look nothing did."""
    if subject.kind != "item" or about.id is None:
        return []
    found = rang_in(tx, visit.instance, case_id)
    content = about.content and about.content.content
    if not any(one.item == about.id and one.field == "text" for one in found):
        found += rang_itself(tx, visit.instance, about.id, content)
    return rang_views(found)


def _groups(about: _About, page: int) -> list[ReportGroup]:
    """The groups of reports on a page of them, from 1 on."""
    return about.reports.groups[(page - 1) * REPORTS : page * REPORTS]


def _judges(tx: Tx, subject: Subject, entry: EntryView | None) -> bool:
    """Whether the person may judge the entry that opened the case; a blind look changes nothing of it."""
    if entry is None or subject.kind == LOOK:
        return False
    return may_change_bank(tx, entry.bank)


def _look(visit: Visit, tx: Tx, case_id: UUID, subject: Subject) -> Look | None:
    """What another person is asked here. Of a blind look nothing is said, unless two did not agree: whoever
    may answer it has it before them from now on."""
    if subject.kind != LOOK:
        if visit.query.looked is None:  # else a page that lies open asks anew how things stand
            read_by(tx, case_id)
        return last_second_look(tx, case_id)
    found = shown_look(tx, case_id)
    if found.state == "open" and visit.may("cases:decide"):
        open_for(tx, found)
    return found if found.state == "disputed" and len(found.answers) > 1 else None


def _about(tx: Tx, visit: Visit, case: ShownCase, subject: Subject) -> _About:
    if subject.kind == "entry" or case.revision is None:
        return _About()
    looked = shown.looked_at(visit)
    rows = {one.revision: one for one in revisions_of(tx, subject.id, {case.revision, looked})}
    row = rows.get(case.revision)
    newer = looked if looked != case.revision else 0
    # To a blind look nothing stands: it says what was decided.
    stands = [] if subject.kind == LOOK else standing_on(tx, subject.id)
    standing = by_strength(standing_at(stands, tx.now))
    earlier = before(tx, subject.id, case.revision)
    return _About(
        id=subject.id,
        content=None
        if row is None
        else content_view(subject.id, row, severity_of_case(tx, case.id)),
        moved=_changes(rows, newer, case.revision) if newer else None,
        restrictions=shown_standing(tx, subject.id, standing),
        effective=effective(standing),
        reports=grouped_reports(tx, subject.id),
        before=shown.before_of(earlier, case),
    )


def _changes(rows: dict[int, RevisionRow], looked: int, now: int) -> Changes:
    was, is_ = rows.get(looked), rows.get(now)
    return changes((looked, was and was.content), (now, is_ and is_.content))


def _panel(
    visit: Visit,
    case: ShownCase,
    label: str | None,
    pack: Pack,
    about: _About,
    matches: list[dict[str, Any]],
    entries: dict[str, EntryView],
) -> panel.Panel:
    undo_seconds = visit.instance.settings.undo_seconds
    bank = str(case.match["bank"]) if case.match else None
    templates = panel.templates_of(pack, bank, spoken().tag)
    if about.id is None:
        outcomes = ["pass", "escalate"]
        return panel.Panel(outcomes=outcomes, templates=templates, undo_seconds=undo_seconds)
    liftable = any(one.source == "decision" for one in about.restrictions)
    files = can_be_seen(about.content)
    known = [one.id for one in entries.values() if one.has_file and visit.may("banks:read")]
    return panel.Panel(
        outcomes=["restrict", "pass", "escalate", *(["lift"] if liftable else [])],
        labels=panel.labels_of(pack),
        label=panel.label_of_match(label, matches, pack),
        exemptions=panel.exemptions_of(pack),
        templates=templates,
        look=panel.to_look_at(matches, about.reports.total, files, known),
        undo_seconds=undo_seconds,
        at_once=any(one.reason == THREAT for one in about.reports.groups),
        clause=pack.ground.reference,
    )


def _orders(visit: Visit, tx: Tx, about: _About, subject: Subject) -> list[UUID]:
    """The orders that name the post: for who reads orders, and for nobody else, nor at a blind look."""
    told = visit.may("orders:read") and not visit.who.limited and subject.kind == "item"
    if about.id is None or not told:
        return []
    return list(dict.fromkeys(one.order_id for one in items_on(tx, about.id)))
