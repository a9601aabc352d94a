"""One look at item revisions: matches with the banks, then the rules, then what they rest on.

The matches come from this process's snapshot of the banks. Where a verdict is more than `pass`, the
entries that it rests on are locked and looked at once more in the deciding transaction; if a bank
changed in between, the snapshot catches up and the revision is judged anew.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec

from tidegate.content.media.model import leaves_unjudged
from tidegate.content.model import Content, ItemRow, Worded, is_tip
from tidegate.content.queries import standing_restrictions
from tidegate.decisions.model import Evaluation, Ruling, Stage
from tidegate.infra.db import Tx
from tidegate.infra.ids import uuid7
from tidegate.intake.threats.model import Level
from tidegate.pipeline.instance import Instance
from tidegate.policy.evaluate import evaluate_many
from tidegate.policy.facts import (
    AuthorFacts,
    Facts,
    ItemFacts,
    ReportFacts,
    TextFacts,
    to_attributes,
)
from tidegate.policy.gate import DIGEST_ROUTES, Admission, admission
from tidegate.policy.metrics import RULE_FAILURES
from tidegate.policy.model import Evaluated, Pack
from tidegate.signals.banks.snapshot import BankSnapshot
from tidegate.signals.banks.trial import as_found
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.fingerprints.normalise import normalised
from tidegate.signals.index import nearest_frames, resolve_allowed
from tidegate.signals.language import Language, language_of
from tidegate.signals.model import Fingerprint, Match
from tidegate.signals.readings import is_guess


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What judging a revision needs to know of it. `item.revision` is the one judged, `digest` that
    of its content; `before` are the evaluations that it has already, the oldest first. `new`: this
    transaction has made the item; `cluster`: if a case waits about that, it joins; `threat`: the level of what
    its own words threaten, if people are called about that."""

    item: ItemRow
    content: Content
    digest: bytes
    codes: list[tuple[str, Fingerprint]]
    problems: list[str]
    reports: ReportFacts = ReportFacts()
    before: Sequence[Evaluation] = ()
    new: bool = False
    cluster: UUID | None = None
    threat: Level | None = None


class Judged(msgspec.Struct, frozen=True):
    """The evaluation, and what a live rule concluded (None unless restrict or escalate).

    `leading_match` is the match that a person should look at first.
    """

    evaluation: Evaluation
    ruling: Ruling | None
    leading_match: Match | None


def judge(tx: Tx, instance: Instance, looked: Sequence[Looked], stage: Stage) -> list[Judged]:
    """Judge revisions by the active pack; each answer's evaluation is still to be recorded."""
    pack = instance.pack(tx)
    instance.banks.refresh(tx)
    judged = _once(tx, instance, pack, looked, stage)
    while True:
        resting = [m for one in judged for m in one.evaluation.matches if _matters(one)]
        if not resting or instance.banks.still_stands(tx, resting):
            return judged
        # The locks are ours now, so the next look is at what cannot change any more.
        instance.banks.refresh(tx)
        judged = _once(tx, instance, pack, looked, stage)


def _matters(judged: Judged) -> bool:
    return judged.evaluation.verdict != "pass"


def _once(
    tx: Tx, instance: Instance, pack: Pack, looked: Sequence[Looked], stage: Stage
) -> list[Judged]:
    shown = [_admitted(pack, one) for one in looked]
    texts = [_readable(pack, one) for one in looked]
    found = instance.banks.match(tx, shown, texts, [(one.item.platform,) for one in looked])
    return _by_rules(tx, pack, looked, found, stage, instance.banks.version)


def judge_as_if(
    tx: Tx,
    instance: Instance,
    looked: Sequence[Looked],
    less: Collection[str],
    more: BankSnapshot,
) -> tuple[list[Judged], list[Judged]]:
    """Judge revisions by the banks as they are; and as they would be without what these entries match
    now, but with what they would match in `more`. Nothing is locked, and nothing is to be recorded."""
    pack = instance.pack(tx)
    shown = [_admitted(pack, one) for one in looked]
    texts = [_readable(pack, one) for one in looked]
    platforms = [(one.item.platform,) for one in looked]
    instance.banks.refresh(tx)
    now = instance.banks.match(tx, shown, texts, platforms)
    added = more.match(tx, shown, texts, platforms)
    then = [
        nearest_frames(
            resolve_allowed([*(as_found(m) for m in mine if m.entry not in less), *others])
        )
        for mine, others in zip(now, added, strict=True)
    ]
    version = instance.banks.version
    return (
        _by_rules(tx, pack, looked, now, "retro", version),
        _by_rules(tx, pack, looked, then, "retro", version),
    )


def _by_rules(
    tx: Tx,
    pack: Pack,
    looked: Sequence[Looked],
    found: Sequence[list[Match]],
    stage: Stage,
    version: int,
) -> list[Judged]:
    """What the rules say of revisions with these matches."""
    restrictions: dict[str, int] = {}
    if "author" in pack.uses:
        restrictions = standing_restrictions(tx, sorted({one.content.author for one in looked}))
    answers: list[Judged] = []
    facts = [
        facts_of(pack, one, matches, stage, restrictions.get(one.content.author, 0))
        for one, matches in zip(looked, found, strict=True)
    ]
    for one, matches, said in zip(looked, found, evaluate_many(pack, facts), strict=True):
        if said.errors:
            RULE_FAILURES.inc(said.errors)
        evaluation = Evaluation(
            id=uuid7(tx.now),
            item_id=one.item.id,
            revision=one.item.revision,
            stage=stage,
            pack=pack.ident,
            bank_version=version,
            verdict=said.verdict,
            rules=said.rules,
            matches=matches,
            problems=one.problems,
            created_at=tx.now,
        )
        answers.append(Judged(evaluation, _ruling(pack, said), _leading(matches)))
    return answers


def _admitted(pack: Pack, one: Looked) -> list[tuple[str, Fingerprint]]:
    """What the publicness gate keeps out is not matched either."""
    match _admission(pack, one):
        case "all":
            return one.codes
        case "digest":
            return [
                (part, code)
                for part, code in one.codes
                if KINDS[code.kind].route in DIGEST_ROUTES and not is_guess(part)
            ]
        case "nothing":
            return []


def _readable(pack: Pack, one: Looked) -> Worded | None:
    """The text, where the publicness gate lets it be searched for phrases."""
    return one.content.worded if _admission(pack, one) == "all" else None


def _admission(pack: Pack, one: Looked) -> Admission:
    content = one.content
    tip = is_tip(content.surface, content.author)
    return admission(pack, content.publicness, one.reports.count, tip=tip)


_LANGUAGE = frozenset({"item.language", "item.language_confidence"})


def facts_of(
    pack: Pack, one: Looked, matches: list[Match], stage: Stage, restrictions: int = 0
) -> Facts:
    """The facts that the rules of a pack see of a revision. `restrictions` are those that stand on
    the author's items."""
    content = one.content
    text = content.text or ""
    language = Language(content.language or "", float(content.language is not None))
    if _LANGUAGE & pack.reads:
        language = language_of(content)
    return Facts(
        ItemFacts(
            id=one.item.external_id,
            platform=one.item.platform,
            surface=content.surface,
            publicness=content.publicness,
            author=content.author,
            created_at=content.created_at,
            language=language.tag,
            language_confidence=language.confidence,
            url=content.url or "",
            has_text=bool(text),
            has_url=content.url is not None,
            has_media=bool(content.media),
            media_count=len(content.media),
            revision=one.item.revision,
            stage=stage,
            problems=sum(leaves_unjudged(said, pack.pass_unjudged) for said in one.problems),
            attributes=to_attributes(content.attributes) if content.attributes else {},
        ),
        TextFacts(text, normalised(text) if "text" in pack.uses else "", len(text)),
        matches,
        one.reports,
        AuthorFacts(content.author, restrictions),
    )


def _ruling(pack: Pack, said: Evaluated) -> Ruling | None:
    """The strongest live rule's conclusion, where it is more than a question to a person."""
    if said.verdict not in ("restrict", "escalate"):
        return None
    result = next(one for one in said.rules if one.mode == "live" and one.outcome == said.verdict)
    rule = next(one for one in pack.rules if one.name == result.rule)
    labels = [label for match in said.rests_on for label in match.labels if label in pack.labels]
    label = rule.label or next(iter(labels), None)
    if label is None and said.verdict == "restrict":
        label = pack.default_label
    ground = pack.ground_for(label)
    return Ruling(
        outcome=said.verdict,
        rule=f"{pack.ident}/{rule.name}",
        label=label,
        ground=ground,
        reason=rule.text,
    )


def _leading(matches: list[Match]) -> Match | None:
    """The nearest match with a bank of known content, unconfirmed before confirmed, and before those
    with an entry in quarantine: about that another case asks."""
    known = [match for match in matches if match.stance == "known" and not match.allowed]
    return min(
        known,
        key=lambda m: (m.quarantined, m.confirmed, not m.exact, m.distance),
        default=None,
    )
