"""The hot path: a group of submissions is judged and committed in one transaction.

For each one: the stored answer if it was here before; else fingerprints, matches, rules, and
whatever follows from the verdict (case, decision, action). What is answered is durable.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.content.actions import STRENGTH
from tidegate.content.model import Content, ItemRow
from tidegate.content.queries import item_erased
from tidegate.content.tables import evidence, revisions
from tidegate.decisions.actions import record_evaluations
from tidegate.decisions.model import Evaluation, match_json
from tidegate.enforcement.actions import announce_cases
from tidegate.enforcement.model import OpenedCase
from tidegate.infra.db import Tx
from tidegate.infra.groupcommit import DEFERRED, Deferred
from tidegate.infra.ids import uuid7
from tidegate.ledger.actions import append_many
from tidegate.ledger.model import NewEntry
from tidegate.pipeline.follow import follow
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.judge import Judged, Looked
from tidegate.pipeline.metrics import GROUP_SIZE, ITEMS
from tidegate.pipeline.quarantine import ask_about, judge_counting
from tidegate.pipeline.submission import Submission
from tidegate.signals import fingerprints
from tidegate.signals.model import Fingerprint

Verdict = Literal["pass", "review", "restrict", "escalate"]

_json = msgspec.json.Encoder()
_msgpack = msgspec.msgpack.Encoder()


class EvaluationView(msgspec.Struct, frozen=True):
    """The evaluation in an answer."""

    stage: str
    pack: str
    bank_version: int
    rules: list[Any]
    matches: list[dict[str, Any]]
    problems: list[str]


class Answer(msgspec.Struct, frozen=True):
    """What `POST /v1/items` answers."""

    id: str
    revision: int
    verdict: Verdict
    evaluation: EvaluationView
    pending: list[str]
    case: UUID | None
    decision: UUID | None
    action: UUID | None


class _Turn(msgspec.Struct):
    """One submission on its way through the transaction."""

    submission: Submission
    item: ItemRow
    is_new: bool
    codes: list[tuple[str, Fingerprint]]
    judged: Judged | None = None


Outcome = bytes | BaseException | Deferred


def committer(instance: Instance) -> Callable[[Tx, Sequence[Submission]], Sequence[Outcome]]:
    """The commit function for `GroupCommit`."""

    def commit(tx: Tx, group: Sequence[Submission]) -> Sequence[Outcome]:
        return submit_group(tx, instance, group)

    return commit


def stored_answers(tx: Tx, group: Sequence[Submission]) -> list[bytes | BaseException | None]:
    """For each submission the answer that this very one got before, or None; a Refusal (410) where
    the item is erased. A commit function for `GroupCommit`, though it changes nothing."""
    found = _lookup(tx, group)
    keys = [(one.platform, one.external_id) for one in group]
    return [
        _repeat(one, *found[key]) if key in found else None
        for one, key in zip(group, keys, strict=True)
    ]


def submit_group(tx: Tx, instance: Instance, group: Sequence[Submission]) -> list[Outcome]:
    """Judge and write a group. The answer of each: the JSON to send, a Refusal, or DEFERRED when
    another one of the same id is under way."""
    outcomes: list[Outcome | None] = [None] * len(group)
    known = _lookup(tx, group)
    fresh: dict[tuple[str, str], int] = {}
    for place, submission in enumerate(group):
        key = (submission.platform, submission.external_id)
        if key in known:
            outcomes[place] = _repeat(submission, *known[key])
        if outcomes[place] is None and key in fresh:
            outcomes[place] = DEFERRED
        if outcomes[place] is None:
            fresh[key] = place
    if not fresh:
        return [outcome for outcome in outcomes if outcome is not None]
    turns = _admit(tx, [group[place] for _, place in sorted(fresh.items())], known)
    asked = _judge(tx, instance, turns)
    answers = _write(tx, instance, turns, asked)
    GROUP_SIZE.observe(len(turns))
    for key, place in fresh.items():
        outcomes[place] = answers.get(key, DEFERRED)
    return [DEFERRED if outcome is None else outcome for outcome in outcomes]


Known = dict[tuple[str, str], tuple[ItemRow, dict[bytes, bytes | None]]]


def _lookup(tx: Tx, group: Sequence[Submission], *, lock: bool = False) -> Known:
    """The items that exist already, each with its revisions' digests and answers."""
    keys = sorted({(one.platform, one.external_id) for one in group})
    query = _LOCK_ITEMS if lock else _FIND_ITEMS
    given = {"platforms": [key[0] for key in keys], "ids": [key[1] for key in keys]}
    rows = [ItemRow(*row) for row in tx.execute(query, given)]
    known: Known = {(row.platform, row.external_id): (row, {}) for row in rows}
    if rows:
        by_id = {row.id: known[row.platform, row.external_id][1] for row in rows}
        stored = sa.select(revisions.c.item_id, revisions.c.digest, revisions.c.answer).where(
            revisions.c.item_id.in_(list(by_id))
        )
        for row in tx.execute(stored):
            by_id[row.item_id][row.digest] = row.answer
    return known


def _repeat(
    submission: Submission, item: ItemRow, answers: dict[bytes, bytes | None]
) -> bytes | BaseException | None:
    """The stored answer; a Refusal when the item is erased; None for a new revision."""
    if item.erased_at is not None:
        return item_erased(submission.external_id)
    return answers.get(submission.digest)


def _admit(tx: Tx, fresh: list[Submission], seen: Known) -> list[_Turn]:
    """Make the rows of new items, lock those that were `seen`. Whoever lost a race to another
    process is left out: by its next turn the winner has committed."""
    standing = [one for one in fresh if (one.platform, one.external_id) in seen]
    known = _lookup(tx, standing, lock=True) if standing else {}
    turns: list[_Turn] = []
    drafts: list[_Turn] = []
    for one in fresh:
        codes = list(one.codes)
        found = known.get((one.platform, one.external_id))
        if found is None:
            draft = ItemRow(
                uuid7(tx.now),
                one.platform,
                one.external_id,
                one.content.publicness,
                one.content.author,
                1,
                "pass",
                0,
                None,
                tx.now,
                None,
            )
            drafts.append(_Turn(one, draft, True, codes))
        elif _repeat(one, *found) is None:
            item = msgspec.structs.replace(
                found[0],
                revision=found[0].revision + 1,
                publicness=one.content.publicness,
                author=one.content.author,
            )
            turns.append(_Turn(one, item, False, codes))
    if drafts:
        made = {
            row[0]
            for row in tx.execute(
                _INSERT_ITEMS,
                {
                    "ids": [turn.item.id for turn in drafts],
                    "platforms": [turn.item.platform for turn in drafts],
                    "externals": [turn.item.external_id for turn in drafts],
                    "publicness": [turn.item.publicness for turn in drafts],
                    "authors": [turn.item.author for turn in drafts],
                    "now": tx.now,
                },
            )
        }
        turns += [turn for turn in drafts if turn.item.id in made]
    return turns


def _judge(tx: Tx, instance: Instance, turns: list[_Turn]) -> list[OpenedCase]:
    """Fingerprint the texts of the group together, then evaluate each revision; the cases opened
    about entries, not about what was posted."""
    texts = [turn for turn in turns if turn.submission.content.text]
    codes = fingerprints.of_texts([turn.submission.content.text or "" for turn in texts])
    for turn, found in zip(texts, codes, strict=True):
        turn.codes += [("text", code) for code in found]
    looked = [
        Looked(turn.item, turn.submission.content, turn.codes, turn.submission.problems)
        for turn in turns
    ]
    found, quarantined = judge_counting(tx, instance, looked, "fast")
    for turn, judged in zip(turns, found, strict=True):
        turn.judged = judged
    return ask_about(tx, looked, found, quarantined)


def _write(
    tx: Tx, instance: Instance, turns: list[_Turn], opened: list[OpenedCase]
) -> dict[tuple[str, str], bytes]:
    """Write everything that follows from the verdicts; returns the answers. `opened` are the cases
    that wait already and are still to be announced."""
    evaluations: list[Evaluation] = []
    rows: list[tuple[object, ...]] = []
    kept: list[tuple[object, ...]] = []
    entries: list[NewEntry] = []
    answers: dict[tuple[str, str], bytes] = {}
    updates: list[dict[str, object]] = []
    now = tx.now.isoformat()
    for turn in turns:
        one, item, judged = turn.submission, turn.item, turn.judged
        assert judged is not None
        evaluation = judged.evaluation
        evaluations.append(evaluation)
        ITEMS.labels(evaluation.verdict).inc()
        case, decision, action = follow(tx, item, judged, opened)
        answer = Answer(
            one.external_id,
            item.revision,
            evaluation.verdict,
            EvaluationView(
                evaluation.stage,
                evaluation.pack,
                evaluation.bank_version,
                evaluation.rules,
                [match_json(match) for match in evaluation.matches],
                evaluation.problems,
            ),
            [],
            case,
            decision,
            action,
        )
        body = _json.encode(answer)
        answers[one.platform, one.external_id] = body
        if not turn.is_new or evaluation.verdict != "pass" or one.content.url:
            updates.append(_update(turn, evaluation.verdict))
        keep = _keeps_bytes(instance, one.content, evaluation.verdict)
        rows.append(
            (
                item.id,
                item.revision,
                one.digest,
                _json.encode(one.content),
                _json.encode(one.media).decode() if one.media else None,
                _msgpack.encode(turn.codes),
                evaluation.bank_version,
                body,
                now,
            )
        )
        if keep:
            for part in one.parts:
                if one.content.publicness == "private":
                    instance.evidence.put(part.data)
                size = len(part.data)
                kept.append(
                    (item.id, item.revision, part.name, part.sha256, size, part.content_type)
                )
        entries.append(
            NewEntry(
                "item.judged",
                {
                    "item": item.id,
                    "revision": item.revision,
                    "content": one.digest.hex(),
                    "evaluation": evaluation.id,
                    "pack": evaluation.pack,
                    "bank_version": evaluation.bank_version,
                    "verdict": evaluation.verdict,
                },
                item.id,
            )
        )
    if updates:
        tx.execute(_UPDATE_ITEM, updates)
    tx.copy(revisions, _REVISION_COLUMNS, rows)
    record_evaluations(tx, evaluations)
    if kept:
        tx.copy(evidence, _EVIDENCE_COLUMNS, kept)
    append_many(tx, entries)
    announce_cases(tx, opened)
    return answers


def _update(turn: _Turn, verdict: str) -> dict[str, object]:
    """The item's row after this revision; a strong verdict is remembered for retention."""
    url = [code.value for part, code in turn.codes if part == "url" and code.kind == "url"]
    strongest = max(verdict, turn.item.verdict, key=STRENGTH.__getitem__)
    return {
        "item": turn.item.id,
        "to_revision": turn.item.revision,
        "to_publicness": turn.item.publicness,
        "to_author": turn.item.author,
        "to_verdict": strongest,
        "to_url": hashlib.sha256(url[0]).digest() if url else None,
    }


def _keeps_bytes(instance: Instance, content: Content, verdict: str) -> bool:
    """Whether a revision's media stay: passing private messages keep none, unless configured."""
    private = content.publicness == "private" and verdict == "pass"
    return not private or instance.settings.keep_private_pass_days > 0


_REVISION_COLUMNS = (
    "item_id",
    "revision",
    "digest",
    "content",
    "media",
    "fingerprints",
    "bank_version",
    "answer",
    "received_at",
)
_EVIDENCE_COLUMNS = ("item_id", "revision", "part", "sha256", "size", "content_type")

_ITEM_COLUMNS = ", ".join(f"i.{name}" for name in ItemRow.__struct_fields__)
_FIND = (
    f"SELECT {_ITEM_COLUMNS} FROM unnest(CAST(:platforms AS text[]), CAST(:ids AS text[]))"  # noqa: S608
    " AS k (platform, id) JOIN items i ON i.platform = k.platform AND i.external_id = k.id"
)
_FIND_ITEMS = sa.text(_FIND)
_LOCK_ITEMS = sa.text(f"{_FIND} ORDER BY i.platform, i.external_id FOR UPDATE OF i")

_INSERT_ITEMS = sa.text(
    "INSERT INTO items (id, platform, external_id, publicness, author, revision, verdict,"
    " received_at) SELECT u.*, 1, 'pass', :now FROM unnest(CAST(:ids AS uuid[]),"
    " CAST(:platforms AS text[]), CAST(:externals AS text[]), CAST(:publicness AS text[]),"
    " CAST(:authors AS text[])) AS u ON CONFLICT DO NOTHING RETURNING id"
)
_UPDATE_ITEM = sa.text(
    "UPDATE items SET revision = :to_revision, publicness = :to_publicness, author = :to_author,"
    " verdict = :to_verdict, url_key = :to_url, expunged_at = NULL WHERE id = :item"
)
