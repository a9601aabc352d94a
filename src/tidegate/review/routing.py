"""Which queue a waiting case belongs in: that of an open incident, else that of the policy pack's first rule that
takes it, else the one where it is by default. Pure.

It is made anew with the rest of a case's rank. Who has a case in hand keeps it: it moves once it waits again.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from tidegate.policy.facts import QueueCase
from tidegate.policy.queues import QueueRule, Routed, route
from tidegate.review.model import LOOK, SENIOR_QUEUE, CaseRow
from tidegate.triage.incidents.model import Facts, Route, queue_for
from tidegate.triage.why import Why


class Routing(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of the pack, and the queues of the incidents that are open, the oldest first."""

    rules: Sequence[QueueRule] = ()
    incidents: Sequence[Route] = ()

    @property
    def mark(self) -> str:
        """What cases are marked with that were routed so, beside their pack; empty while no incident is open."""
        return " ".join(sorted(one.queue for one in self.incidents))

    @property
    def asks_for_stories(self) -> bool:
        return any(one.takes.story is not None for one in self.incidents)


def queue_columns(
    routing: Routing,
    case: CaseRow,
    values: Mapping[str, Any],
    labels: Sequence[str],
    story: UUID | None,
) -> dict[str, Any]:
    """What of its queue stands in a case's row, by column; `values` are the others. What led it there, and a rule
    that failed, is added to why it is here."""
    if (
        case.subject_kind not in ("item", LOOK)
        or case.queue == SENIOR_QUEUE
        or case.state == "claimed"
    ):
        return {"queue": case.queue, "routed_from": case.routed_from}
    shown = case_as_shown(case.platform, case.origin, values)
    known = Facts(
        platform=case.platform or "",
        language=values["language"],
        labels=labels,
        story=None if story is None else str(story),
        case=shown,
    )
    first = case.routed_from or case.queue
    incident, failed = queue_for(routing.incidents, known)
    said = Routed(queue=incident) if incident else route(routing.rules, shown)
    because = list(values["because"])
    if incident is not None:
        because.append(_why("queue_incident", incident))
    elif said.rule is not None:
        because.append(_why("queue_rule", said.rule))
    because += [_why("queue_failed", one) for one in (failed, said.failed) if one is not None]
    queue = said.queue or first
    return {
        "queue": queue,
        "routed_from": None if queue == first else first,
        "because": because,
    }


def case_as_shown(platform: str | None, origin: str, row: Mapping[str, Any]) -> QueueCase:
    """A case as rules for queues see it, by what its row says."""
    told = {one[0]: one[2] for one in row["scoring"]["measured"]} if row["scoring"] else {}
    threat, deadline = _value(told, "threat", "threat_level"), _value(told, "deadline", "deadline")
    return QueueCase(
        platform=platform or "",
        origin=origin,  # pyright: ignore[reportArgumentType]  as it stands in the row
        kind="video"
        if row["videos"]
        else "image"
        if row["images"]
        else "other"
        if row["others"]
        else "text",
        channels=list(row["channels"]),
        language=row["language"] or "",
        label=row["label"] or "",
        bank=row["bank"] or "",
        band=row["base_band"],
        severity=row["severity"],
        threat=threat or "none",
        has_deadline=deadline is not None,
        hours_left=float(deadline or 0.0),
    )


def _value(told: Mapping[str, Any], part: str, code: str) -> Any:
    """What a part of the score rests on, if it is of this code."""
    why = told.get(part)
    return why["value"] if why is not None and why["code"] == code else None


def _why(code: str, value: str) -> dict[str, Any]:
    return msgspec.to_builtins(Why(code, value))
