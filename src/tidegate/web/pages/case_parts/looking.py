"""What has to be looked at before anybody restricts, or confirms an entry, where only a likeness speaks for it.
The page opens the choice when it has shown the pair; the server knows by what it has drawn for this person."""

from uuid import UUID

from tidegate.content.queries import revisions_of
from tidegate.decisions.queries import telling_evaluation
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal, bad_field
from tidegate.intake.grouped import grouped_reports
from tidegate.review import seen
from tidegate.signals.banks.queries import entries_by_id
from tidegate.web.pages.case_parts.panel import to_look_at
from tidegate.web.pages.content import ContentView, content_view, explained, ids_of
from tidegate.web.pages.visit import Visit


def file_of_entry(entry_id: object) -> str:
    """What the file of an entry is known again by; one of an item is by its digest."""
    return f"entry {entry_id}"


def can_be_seen(view: ContentView | None) -> list[str]:
    """The parts of which there is a picture to look at."""
    return [one.part for one in view.media if one.can_show] if view else []


def unseen(visit: Visit, tx: Tx, case_id: UUID) -> list[str]:
    """The parts that the person has to look at first and has not."""
    about = seen.item_in_case(tx, case_id)
    look = telling_evaluation(tx, *about) if about else None
    if about is None or look is None or not look["matches"]:
        return []
    item_id, revision = about
    matches = explained(look["matches"])
    row = next(iter(revisions_of(tx, item_id, {revision})), None)
    view = None if row is None else content_view(item_id, row)
    entries = entries_by_id(tx, ids_of(str(one["entry"]) for one in matches)).values()
    shown = [one.id for one in entries if one.has_file and visit.may("banks:read")]
    reports = grouped_reports(tx, item_id).total
    files = {one.part: f"file {one.sha256}" for one in view.media} if view else {}
    files |= {f"entry/{id}": file_of_entry(id) for id in shown}
    wanted = to_look_at(matches, reports, can_be_seen(view), shown)
    return seen.unseen(tx, visit.instance.secrets.terms_key, {part: files[part] for part in wanted})


def not_looked_at(field: str, parts: list[str]) -> Refusal:
    """The 422 of who would decide by a likeness that they have not seen."""
    expected = (
        "that you have looked at the pair first: show the picture and the entry that it is like,"
        " then decide again"
    )
    return bad_field(f"/{field}", expected, f"no look at {', '.join(parts)}")
