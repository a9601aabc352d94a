"""What a case is called and what happened to it, in words that people would say."""

from collections.abc import Sequence
from typing import Any

from tidegate.review.model import CaseEvent
from tidegate.web.formats import upper_first
from tidegate.web.pages.names import said
from tidegate.web.words import gettext as _


def band_words(band: int) -> str:
    """What the band of a case means."""
    return (
        _("Life in danger"),
        _("Legal deadline"),
        _("Urgent"),
        _("Soon"),
        _("Regular"),
    )[min(max(band, 0), 4)]


def event_words(event: CaseEvent) -> str:
    """A step of a case's history without who took it; what somebody wrote with it is shown beside."""
    detail = event.detail
    if event.kind == "reported":
        # How many there are stands with the reports: several that came at once are one step.
        return _("Reported") if detail.get("count", 1) == 1 else _("Reported, and again since")
    if event.kind == "opened":
        return _origin(detail.get("origin"))
    if event.kind == "decided":
        verdict = {"confirm": _("Decided; the entry is confirmed"),
                   "refute": _("Decided; the entry is refuted")}  # fmt: skip
        return verdict.get(detail.get("entry", ""), _("Decided"))
    known = {
        "joined": _("Something new about it was found"),
        "claimed": _("Taken"),
        "released": _("Given back"),
        "expired": _("Nobody went on with it: it waits again"),
        "reopened": _("Opened again"),
        "withdrawn": _("Needs nobody any more"),
        "escalated": _("Escalated"),
        "quarantined": _("The entry went into quarantine"),
        "skipped": _("Skipped"),
        "taken-over": _("Taken over"),
        "undone": _("The decision was taken back"),
        "proposed": _("A decision was proposed: it waits for another person"),
        "disputed": _("Another decided otherwise: a senior settles it"),
        "reporter-asked": _("The reporter was asked"),
        "reporter-answered": _("The reporter answered"),
        "reporter-added": _("The reporter added something"),
        "second-opened": _("What was concluded was opened"),
    }
    return known.get(event.kind, upper_first(said(event.kind)))


def _origin(origin: str | None) -> str:
    known = {
        "evaluation": _("Opened: a rule asks for a person"),
        "report": _("Opened: it was reported"),
        "escalation": _("Opened: a rule escalated it"),
        "quarantine": _("Opened: the entry went into quarantine"),
        "order": _("Opened: it is like what a legal order names"),
    }
    return known.get(origin or "", _("Opened"))


def shortened(events: Sequence[CaseEvent]) -> list[CaseEvent]:
    """Steps without those that only say again what the one above them says: a claim that was renewed."""
    found: list[CaseEvent] = []
    for event in events:
        last = found[-1] if found else None
        again = last is not None and last.kind == event.kind == "claimed"
        if not (again and last is not None and last.actor == event.actor):
            found.append(event)
    return found


def named(value: Any) -> str:
    """A name of the program as words."""
    return str(value).replace("_", " ")
