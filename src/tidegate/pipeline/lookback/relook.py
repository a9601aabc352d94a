"""Another look at revisions that were judged before: what banks and rules say of them by now.

Where that is more than was known, a `retro` evaluation is appended, and what it asks for follows, as
after the first look. Nothing is written where nothing is new, so looking twice does no harm.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from tidegate.content.actions import raise_verdict
from tidegate.content.model import ItemRow
from tidegate.content.queries import decode_content
from tidegate.decisions.actions import record_evaluations
from tidegate.decisions.model import Evaluation
from tidegate.decisions.queries import evaluations_of, is_decided
from tidegate.enforcement.actions import announce_cases
from tidegate.infra.db import Tx
from tidegate.intake.queries import report_facts
from tidegate.ledger.actions import append_many
from tidegate.ledger.model import NewEntry
from tidegate.pipeline.follow import follow
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.judge import Judged, Looked
from tidegate.pipeline.quarantine import ask_about, judge_counting
from tidegate.signals.model import Fingerprint, Match

_decoder = msgspec.msgpack.Decoder(list[tuple[str, Fingerprint]])


def look_again(
    tx: Tx, instance: Instance, numbers: Sequence[int], *, at_rules: bool = False
) -> int:
    """Look again at the revisions of these numbers; those that are erased, or no longer their
    item's latest, are left out. `at_rules`: a verdict that changed counts as new, not just a match.

    Returns how many evaluations were appended.
    """
    looked = [_looked(tx, row) for row in tx.execute(_LOCK, {"numbers": list(numbers)}).all()]
    if not looked:
        return 0
    evaluations: list[Evaluation] = []
    entries: list[NewEntry] = []
    said = [evaluations_of(tx, one.item.id) for one in looked]
    found, quarantined = judge_counting(tx, instance, looked, "retro", said)
    opened = ask_about(tx, looked, found, quarantined)
    for one, judged, before in zip(looked, found, said, strict=True):
        decided = is_decided(tx, one.item.id, one.item.revision)
        if not _is_news(judged, before, decided=decided, at_rules=at_rules):
            continue
        evaluation = judged.evaluation
        evaluations.append(evaluation)
        entries.append(_entry(evaluation))
        raise_verdict(tx, one.item, evaluation.verdict)
        # What was decided before is not undone by a rule; new evidence asks a person.
        if not decided or evaluation.verdict == "review":
            follow(tx, one.item, judged, opened)
    record_evaluations(tx, evaluations)
    append_many(tx, entries)
    announce_cases(tx, opened)
    return len(evaluations)


def kept_revisions(tx: Tx, after: int, limit: int) -> list[int]:
    """The next numbers, ascending, of the latest revisions whose content is kept."""
    return list(tx.execute(_KEPT, {"after": after, "limit": limit}).scalars())


def count_kept(tx: Tx) -> int:
    """How many there are."""
    return int(tx.execute(_COUNT).scalar_one())


def _looked(tx: Tx, row: sa.Row[Any]) -> Looked:
    item = ItemRow(*(getattr(row, name) for name in ItemRow.__struct_fields__))
    content = decode_content(row.content)
    assert content is not None
    codes = _decoder.decode(row.fingerprints)
    problems = [
        problem
        for one in evaluations_of(tx, item.id)
        if one.revision == item.revision and one.stage == "fast"
        for problem in one.problems
    ]
    return Looked(item, content, codes, problems, report_facts(tx, item.id))


def _is_news(
    judged: Judged, before: Sequence[Evaluation], *, decided: bool, at_rules: bool
) -> bool:
    """Whether there is a match that no evaluation of the revision had, or not out of quarantine.
    That an entry which a person has seen in deciding was confirmed since is no news to them."""
    said = [one for one in before if one.revision == judged.evaluation.revision]
    known = {_key(match, decided) for one in said for match in one.matches}
    # Who acted by an entry learns nothing from its being in quarantine.
    known |= {(*key[:-1], True) for key in known}
    if any(_key(match, decided) not in known for match in judged.evaluation.matches):
        return True
    return at_rules and bool(said) and said[-1].verdict != judged.evaluation.verdict


def _key(match: Match, decided: bool) -> tuple[object, ...]:
    confirmed, quarantined = match.confirmed and not decided, match.quarantined and not decided
    return match.part, match.entry, match.kind, confirmed, quarantined


def _entry(evaluation: Evaluation) -> NewEntry:
    return NewEntry(
        "item.judged",
        {
            "item": evaluation.item_id,
            "revision": evaluation.revision,
            "stage": evaluation.stage,
            "evaluation": evaluation.id,
            "pack": evaluation.pack,
            "bank_version": evaluation.bank_version,
            "verdict": evaluation.verdict,
        },
        evaluation.item_id,
    )


_COLUMNS = ", ".join(f"i.{name}" for name in ItemRow.__struct_fields__)
_LATEST = (
    "FROM revisions r JOIN items i ON i.id = r.item_id AND i.revision = r.revision"
    " WHERE i.erased_at IS NULL AND r.content IS NOT NULL AND r.fingerprints IS NOT NULL"
)
_LOCK = sa.text(
    f"SELECT {_COLUMNS}, r.content, r.fingerprints {_LATEST}"
    " AND r.number = ANY(CAST(:numbers AS bigint[]))"
    " ORDER BY i.platform, i.external_id FOR UPDATE OF i"
)
_KEPT = sa.text(f"SELECT r.number {_LATEST} AND r.number > :after ORDER BY r.number LIMIT :limit")
_COUNT = sa.text(f"SELECT count(*) {_LATEST}")
