"""What the reporter is told of what was decided. It is read from the decisions themselves, so that it is undone,
reversed and erased with them; nobody copies it.

A notice gets each decision about its item that has left, with its reason and how to contest it (Art. 16(5) and
(6) of the Digital Services Act). What a person wrote by hand may name the account or other reporters, so the
reason is only told where it is a sentence of the policy pack, in the reporter's language if it has that. A tip
gets what the organisation chooses to say (the setting `tip_outcome`).
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from tidegate.decisions.held import held_on
from tidegate.decisions.model import Decision
from tidegate.decisions.queries import concluded_on
from tidegate.infra.db import Tx
from tidegate.infra.settings import Settings
from tidegate.intake.filed import FiledReport
from tidegate.policy.model import Pack
from tidegate.policy.templates import Template, finished

# What is said of each decision, before its reason.
SAID = {
    "restrict": "What you reported was looked at, and it was restricted.",
    "pass": "What you reported was looked at, and it was not restricted.",
    "escalate": "What you reported was looked at, and it was passed on as urgent.",
    "lift": "The decision about what you reported was looked at again, and the restriction was lifted.",
}
LOOKED_AT = "Your tip was looked at."
AUTOMATED = "It was decided by automated means."
REDRESS = (
    "If you do not agree, you can complain to us free of charge within six months, turn to a certified body for"
    " out-of-court dispute settlement, or go to court."
)
SENTENCES = (*SAID.values(), LOOKED_AT, AUTOMATED, REDRESS)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the reporter is told of one decision. `said` is one of `SENTENCES`, `outcome` None where no more
    than that is told; `reason` a sentence of the pack, `label` what it calls
    the label and `label_text` what it says of that, `ground` the text of what it rests on, `redress` how it
    can be contested (None: one of `SENTENCES` says so, where anything can)."""

    id: UUID
    at: datetime
    said: str
    outcome: str | None = None
    reason: str | None = None
    label: str | None = None
    label_text: str | None = None
    ground: str | None = None
    automated: bool = False
    contestable: bool = False
    redress: str | None = None


def outcomes_of(
    tx: Tx, pack: Pack, settings: Settings, report: FiledReport, *, decided: bool, language: str
) -> list[Outcome]:
    """What to tell of a report, the first first; nothing before a decision has left. `decided`: its case is,
    by what was concluded before it came if nothing was since."""
    tip = report.channel == "tip"
    if tip and settings.tip_outcome == "nothing":
        return []
    all_ = concluded_on(tx, report.item_id)
    found = [one for one in all_ if one.created_at >= report.received_at]
    if not found and decided and held_on(tx, report.item_id) is None:
        found = all_[-1:]
    if tip and settings.tip_outcome == "looked-at":
        return [Outcome(id=one.id, at=_at(one), said=LOOKED_AT) for one in found[:1]]
    return [_outcome(one, pack, settings, language, contestable=not tip) for one in found]


def _outcome(
    decision: Decision, pack: Pack, settings: Settings, language: str, *, contestable: bool
) -> Outcome:
    spoken = pack.in_language(language)
    known = spoken.labels.get(decision.label) if decision.label else None
    ground = decision.ground
    if ground is not None and ground == pack.ground_for(decision.label):
        ground = spoken.ground_for(decision.label)
    return Outcome(
        id=decision.id,
        at=_at(decision),
        said=SAID[decision.outcome],
        outcome=decision.outcome,
        reason=_sentence(decision, pack, language),
        label=decision.label and spoken.label_called(decision.label),
        label_text=known.text if known is not None else None,
        ground=ground and ground.reference,
        automated=decision.decided_by.startswith("rule:"),
        contestable=contestable,
        redress=settings.redress or None if contestable else None,
    )


def _at(decision: Decision) -> datetime:
    """When it began to count."""
    return decision.leaves_at or decision.created_at


def _sentence(decision: Decision, pack: Pack, language: str) -> str | None:
    """The reason, if it is a sentence of the pack in any language: the same one in this language. Those that
    name a bank are about how it was found, and are not told."""
    for one in pack.templates:
        if one.outcome != decision.outcome or "entry" in one.fields:
            continue
        for written in _languages(one.texts, language):
            inside = pack.in_language(written)
            label = decision.label and inside.label_called(decision.label)
            grounds = {inside.ground_for(decision.label).reference}
            grounds |= {decision.ground.reference} if decision.ground else set()
            for clause in grounds:
                said = finished(one, label=label, clause=clause, language=written)
                if said == decision.reason:
                    return _said_in(one, decision, pack, language)
    return None


def _said_in(template: Template, decision: Decision, pack: Pack, language: str) -> str:
    spoken = pack.in_language(language)
    label = decision.label and spoken.label_called(decision.label)
    clause = spoken.ground_for(decision.label).reference
    return finished(template, label=label, clause=clause, language=language)


def _languages(texts: Iterable[str], language: str) -> list[str]:
    return list(dict.fromkeys([language, "en", *texts]))
