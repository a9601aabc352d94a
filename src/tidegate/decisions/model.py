"""What was concluded about an item: evaluations by rules, decisions by people and live rules.

Evaluations come from policy; decisions end cases and start or end restrictions. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from tidegate.decisions.restrictions import (
    Effective,
    Scope,
    Standing,
    by_strength,
    of_decisions,
    to_lift,
)
from tidegate.infra.errors import FieldError, Refusal, bad_field
from tidegate.infra.wording import written
from tidegate.policy.facts import Stage
from tidegate.policy.model import Exemption, Ground, Label, Pack, Verdict
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.model import Match

Outcome = Literal["restrict", "pass", "lift", "escalate"]
Effect = Literal["restrict", "lift"]
EntryVerdict = Literal["confirm", "refute"]
# held: it is promised, and its maker can take it back until it leaves; left: its effects began;
# undone: its maker took it back; cancelled: there is nothing left for it to do.
DecisionState = Literal["held", "left", "undone", "cancelled"]

# ISO 3166-1 alpha-2, the officially assigned codes.
_CODES = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS
BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE
EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM
HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC
LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA
NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW
SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO
TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""
TERRITORIES = frozenset(_CODES.split())


class GroundIn(Ground, frozen=True, forbid_unknown_fields=True):
    """A ground as a person sends it. Raises Refusal (422) for an order: that is written by what executes
    one, and by nothing else."""

    reference: Annotated[str, Meta(min_length=1, max_length=500)]

    def __post_init__(self) -> None:
        if self.kind == "order":
            raise ground_reserved()


def ground_reserved() -> Refusal:
    return Refusal(
        "ground-reserved",
        422,
        "That ground is an order's alone",
        "Nothing was written. What is done under a legal order follows from executing it. Name a law or "
        "the terms.",
        errors=[FieldError("/ground/kind", "law or terms", "order")],
    )


class Restriction(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a restriction covers: everywhere without `territory`, for ever without `until`."""

    scope: Scope
    territory: (
        Annotated[
            list[Annotated[str, Meta(pattern="^[A-Z]{2}$")]],
            Meta(min_length=1, max_length=len(TERRITORIES), description="ISO 3166-1 alpha-2"),
        ]
        | None
    ) = None
    until: Annotated[datetime, Meta(tz=True, description="RFC 3339 with an offset")] | None = None


class DecisionIn(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """A decision as a person sends it. A restriction needs a label; `lifts` chooses the restrictions
    that a lift ends."""

    outcome: Outcome
    reason: Annotated[str, Meta(min_length=1, max_length=4000)]
    label: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    ground: GroundIn | None = None
    exemption: Exemption | None = None
    restriction: Restriction | None = None
    lifts: Annotated[list[UUID], Meta(min_length=1, max_length=1000)] | None = None


SubjectKind = Literal["item", "entry", "cluster", "look"]


class Subject(msgspec.Struct, frozen=True):
    """What a decision is about, and the case that asks for it. `id` is our own, also an item's."""

    kind: SubjectKind
    id: UUID


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A decision as stored. `lifts` are the restrictions that it ends, the strongest first, and
    `reverses` is the decision that this first one followed from. One that is not about an item has
    neither an item nor a revision: its case says what it is about. `entry` is the bank entry that it
    confirms or refutes. Of one that was held, `leaves_at` says until when `maker` could undo it. `order` is
    the legal order that it was made under."""

    id: UUID
    item_id: UUID | None
    revision: int | None
    case_id: UUID | None
    evaluation_id: UUID | None
    outcome: Outcome
    label: str | None
    ground: Ground | None
    exemption: Exemption | None
    restriction: Restriction | None
    reason: str
    decided_by: str
    reverses: UUID | None
    lifts: list[UUID]
    created_at: datetime
    state: DecisionState = "left"
    leaves_at: datetime | None = None
    entry: UUID | None = None
    entry_verdict: EntryVerdict | None = None
    maker: str | None = None
    order: UUID | None = None


class Ruling(msgspec.Struct, frozen=True):
    """What a live rule concluded by itself: `rule` is "pack/rule", `reason` its text for people."""

    rule: str
    outcome: Literal["restrict", "escalate"]
    reason: str
    label: str | None = None
    ground: Ground | None = None


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """One look at an item revision: what the rules of a pack said about these matches.

    `rules` and `problems` are the JSON of the contract; `matches` keep what the rules saw of them.
    """

    id: UUID
    item_id: UUID
    revision: int
    stage: Stage
    pack: str
    bank_version: int
    verdict: Verdict
    rules: list[Any]
    matches: list[Match]
    problems: list[Any]
    created_at: datetime


class MatchView(msgspec.Struct, frozen=True, kw_only=True):
    """A match as the API shows it, and as the rules saw it: `exact` and `allowed`. `quarantined` is
    there where it is; `provenance` and `note` are the entry's, for those who may read banks."""

    part: str
    bank: str
    stance: str
    entry: str
    labels: list[str]
    kind: str
    route: str
    distance: int
    confirmed: bool
    exact: bool
    allowed: bool
    quarantined: bool | msgspec.UnsetType = msgspec.UNSET
    start: int | msgspec.UnsetType = msgspec.UNSET
    end: int | msgspec.UnsetType = msgspec.UNSET
    entry_start: int | msgspec.UnsetType = msgspec.UNSET
    entry_end: int | msgspec.UnsetType = msgspec.UNSET
    share: float | msgspec.UnsetType = msgspec.UNSET
    provenance: Any | msgspec.UnsetType = msgspec.UNSET
    note: str | None | msgspec.UnsetType = msgspec.UNSET


def effect(before: Effective, after: Effective) -> Effect | None:
    """The action that a change of what is effective asks for, or None. Another time at which it will
    change by itself is a change too: the platform's systems are told it."""
    if before == after:
        return None
    return "restrict" if after.restricted else "lift"


def ended_by(
    decision: DecisionIn, standing: Sequence[Standing], *, told: bool = True
) -> list[Standing]:
    """The restrictions that a decision ends. Raises Refusal as `to_lift` does."""
    if decision.outcome == "lift":
        return to_lift(standing, decision.lifts, told=told)
    return of_decisions(standing) if decision.outcome == "pass" else []


def still_ended(
    decision: Decision, standing: Sequence[Standing], made: Mapping[UUID, datetime]
) -> list[Standing]:
    """What a decision that was held ends when it leaves, the strongest first: of what stood when it was
    made, what stands still. What came meanwhile counts as if it came after. A pass also ends what was
    decided before it and left later; `made` says when the decisions of what stands were."""
    found = [
        one
        for one in of_decisions(standing)
        if one.id in decision.lifts
        or (decision.outcome == "pass" and made[one.decision] < decision.created_at <= one.since)
    ]
    return by_strength(found)


def quotes_known(matches: Iterable[Match]) -> bool:
    """Whether known content stands inside something longer, or a passage of it does: news quotes
    manifestos, so what for is the first question."""
    return any(
        one.stance == "known" and not one.allowed and KINDS[one.kind].common for one in matches
    )


def check(
    decision: DecisionIn,
    labels: Mapping[str, Label],
    *,
    now: datetime,
    quotes: bool = False,
) -> None:
    """What the types cannot say of a decision on anything. `quotes`: known content is quoted in it
    (`quotes_known`), and whether an exemption applies is asked under whatever label. Raises Refusal: 422
    with the field's pointer.
    """
    if not written(decision.reason):
        raise bad_field("/reason", "a reason in words", "blanks")
    if decision.label is not None and decision.label not in labels:
        raise bad_field("/label", f"one of {', '.join(sorted(labels))}", repr(decision.label))
    if decision.outcome == "restrict":
        label = label_of(decision.label, known=labels)
        if (quotes or labels[label].exemption_required) and decision.exemption is None:
            why = "what quotes known content" if quotes else label
            raise bad_field(
                "/exemption", f"an answer: a restriction for {why} needs one", "nothing"
            )
        if decision.exemption not in (None, "none"):
            raise bad_field(
                "/exemption", "none, or an outcome that leaves it up", decision.exemption
            )
    if decision.restriction is not None:
        if decision.outcome != "restrict":
            raise bad_field("/restriction", "nothing unless outcome is restrict", "a restriction")
        _check_restriction(decision.restriction, now)
    if decision.lifts is not None and decision.outcome != "lift":
        raise bad_field("/lifts", "nothing unless outcome is lift", "restrictions to lift")


def label_of(label: str | None, *, known: Iterable[str] = ()) -> str:
    """The label of a restriction; without one nobody would have been asked for an exemption. Raises
    Refusal (422); `known` are the labels that it names."""
    if label is None:
        what = f": one of {', '.join(sorted(known))}" if known else ""
        raise bad_field("/label", f"a label, which a restriction needs{what}", "nothing")
    return label


def _check_restriction(restriction: Restriction, now: datetime) -> None:
    seen: set[str] = set()
    for index, territory in enumerate(restriction.territory or []):
        if territory not in TERRITORIES or territory in seen:
            expected = "an ISO 3166-1 alpha-2 code, each once"
            raise bad_field(f"/restriction/territory/{index}", expected, repr(territory))
        seen.add(territory)
    if restriction.until is not None:
        try:
            past = restriction.until.astimezone(UTC) <= now
        except OverflowError:
            past = True
        if past:
            got = restriction.until.isoformat()
            raise bad_field("/restriction/until", "a time in the future", got)


def ground_of(decision: DecisionIn, pack: Pack) -> Ground | None:
    """The ground that was named, else the label's own, else for a restriction the pack's."""
    if decision.ground is not None:
        return Ground(decision.ground.kind, decision.ground.reference)
    if decision.label is None and decision.outcome != "restrict":
        return None
    return pack.ground_for(decision.label)


def restriction_of(decision: DecisionIn) -> Restriction | None:
    """What a restricting decision covers: the item, unless it says otherwise."""
    if decision.outcome != "restrict":
        return None
    given = decision.restriction or Restriction("item")
    if given.until is None:
        return given
    return msgspec.structs.replace(given, until=given.until.astimezone(UTC))


def decision_json(decision: Decision) -> dict[str, object]:
    """A decision as the webhooks and the ledger tell it: it has left."""
    return {
        "id": decision.id,
        "outcome": decision.outcome,
        "label": decision.label,
        "ground": decision.ground,
        "exemption": decision.exemption,
        "restriction": decision.restriction,
        "reason": decision.reason,
        "decided_by": decision.decided_by,
        "revision": decision.revision,
        "case": decision.case_id,
        "evaluation": decision.evaluation_id,
        "reverses": decision.reverses,
        "lifts": decision.lifts,
        "created_at": decision.created_at,
        "order": decision.order,
    }


def shown_decision(decision: Decision) -> dict[str, object]:
    """A decision as the API and the pages show it: whether it has left, too."""
    return decision_json(decision) | {"state": decision.state, "leaves_at": decision.leaves_at}


def evaluation_json(evaluation: Evaluation) -> dict[str, Any]:
    """An evaluation as the API shows it."""
    return {
        "id": evaluation.id,
        "revision": evaluation.revision,
        "stage": evaluation.stage,
        "pack": evaluation.pack,
        "bank_version": evaluation.bank_version,
        "verdict": evaluation.verdict,
        "rules": evaluation.rules,
        "matches": msgspec.to_builtins([match_view(one) for one in evaluation.matches]),
        "problems": evaluation.problems,
        "created_at": evaluation.created_at,
    }


def without_readings(rules: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rules as stored, their conditions without what was read or quoted in an error."""
    return [
        rule
        | {
            "because": [
                {name: one[name] for name in ("condition", "value")} for one in rule["because"]
            ]
        }
        for rule in rules
    ]


def match_view(match: Match) -> MatchView:
    """A match as it is shown; of its entry nothing is said."""
    return MatchView(**shown_match(msgspec.structs.asdict(match)))


def shown_match(match: Mapping[str, Any]) -> dict[str, Any]:
    """What is shown of a match, whose fields are given: spans where a span matched."""
    absent = [] if match.get("quarantined") else ["quarantined"]
    absent += [] if match.get("end") else ["start", "end"]
    absent += [] if match.get("entry_end") else ["entry_start", "entry_end", "share"]
    return {name: value for name, value in match.items() if name not in absent}
