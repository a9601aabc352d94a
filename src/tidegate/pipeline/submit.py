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

from tidegate.content.model import Content, ItemRow
from tidegate.content.queries import item_erased
from tidegate.content.tables import evidence, revisions
from tidegate.decisions.model import match_json
from tidegate.infra.db import Tx
from tidegate.infra.groupcommit import DEFERRED, Deferred
from tidegate.infra.ids import uuid7
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.judge import Looked
from tidegate.pipeline.look import SUBMITTED, Outcome, look
from tidegate.pipeline.metrics import GROUP_SIZE, ITEMS
from tidegate.pipeline.submission import Submission
from tidegate.signals import fingerprints
from tidegate.signals.model import Fingerprint, encode_codes

Verdict = Literal["pass", "review", "restrict", "escalate"]

_json = msgspec.json.Encoder()


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
    url_key: bytes | None
    codes: list[tuple[str, Fingerprint]]


Reply = bytes | BaseException | Deferred


def committer(instance: Instance) -> Callable[[Tx, Sequence[Submission]], Sequence[Reply]]:
    """The commit function for `GroupCommit`."""

    def commit(tx: Tx, group: Sequence[Submission]) -> Sequence[Reply]:
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


def submit_group(tx: Tx, instance: Instance, group: Sequence[Submission]) -> list[Reply]:
    """Judge and write a group. The answer of each: the JSON to send, a Refusal, or DEFERRED when
    another one of the same id is under way."""
    replies: list[Reply | None] = [None] * len(group)
    known = _lookup(tx, group)
    fresh: dict[tuple[str, str], int] = {}
    for place, submission in enumerate(group):
        key = (submission.platform, submission.external_id)
        if key in known:
            replies[place] = _repeat(submission, *known[key])
        if replies[place] is None and key in fresh:
            replies[place] = DEFERRED
        if replies[place] is None:
            fresh[key] = place
    if not fresh:
        return [reply for reply in replies if reply is not None]
    turns = _admit(tx, [group[place] for _, place in sorted(fresh.items())], known)
    answers = _write(tx, instance, turns, _look(tx, instance, turns))
    GROUP_SIZE.observe(len(turns))
    for key, place in fresh.items():
        replies[place] = answers.get(key, DEFERRED)
    return [DEFERRED if reply is None else reply for reply in replies]


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
    changes: list[dict[str, object]] = []
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
            drafts.append(_Turn(one, draft, _url_key(codes), codes))
        elif _repeat(one, *found) is None:
            item = msgspec.structs.replace(
                found[0],
                revision=found[0].revision + 1,
                publicness=one.content.publicness,
                author=one.content.author,
            )
            changes.append(_change(item, _url_key(codes)))
            turns.append(_Turn(one, item, _url_key(codes), codes))
    if changes:
        tx.execute(_UPDATE_ITEM, changes)
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
                    "urls": [turn.url_key for turn in drafts],
                    "now": tx.now,
                },
            )
        }
        turns += [turn for turn in drafts if turn.item.id in made]
    return turns


def _change(item: ItemRow, url_key: bytes | None) -> dict[str, object]:
    return {
        "item": item.id,
        "to_revision": item.revision,
        "to_publicness": item.publicness,
        "to_author": item.author,
        "to_url": url_key,
    }


def _url_key(codes: list[tuple[str, Fingerprint]]) -> bytes | None:
    url = [code.value for part, code in codes if part == "url" and code.kind == "url"]
    return hashlib.sha256(url[0]).digest() if url else None


def _look(tx: Tx, instance: Instance, turns: list[_Turn]) -> list[Outcome]:
    """Fingerprint the texts of the group together, then look at each revision."""
    texts = [turn for turn in turns if turn.submission.content.text]
    codes = fingerprints.of_texts([turn.submission.content.text or "" for turn in texts])
    for turn, found in zip(texts, codes, strict=True):
        turn.codes += [("text", code) for code in found]
    looked = [
        Looked(turn.item, one.content, one.digest, turn.codes, one.problems)
        for turn in turns
        for one in [turn.submission]
    ]
    return look(tx, instance, looked, SUBMITTED)


def _write(
    tx: Tx, instance: Instance, turns: list[_Turn], outcomes: list[Outcome]
) -> dict[tuple[str, str], bytes]:
    """Keep the revisions with their answers, and what they keep of their media; the answers."""
    rows: list[tuple[object, ...]] = []
    kept: list[tuple[object, ...]] = []
    answers: dict[tuple[str, str], bytes] = {}
    now = tx.now.isoformat()
    for turn, outcome in zip(turns, outcomes, strict=True):
        one, item, evaluation = turn.submission, turn.item, outcome.evaluation
        ITEMS.labels(evaluation.verdict).inc()
        body = _json.encode(_answer(one, item, outcome))
        answers[one.platform, one.external_id] = body
        rows.append(
            (
                item.id,
                item.revision,
                one.digest,
                _json.encode(one.content),
                _json.encode(one.media).decode() if one.media else None,
                encode_codes(turn.codes),
                evaluation.bank_version,
                body,
                now,
            )
        )
        if _keeps_bytes(instance, one.content, evaluation.verdict):
            for part in one.parts:
                if one.content.publicness == "private":
                    instance.evidence.put(part.data)
                size = len(part.data)
                kept.append(
                    (item.id, item.revision, part.name, part.sha256, size, part.content_type)
                )
    tx.copy(revisions, _REVISION_COLUMNS, rows)
    if kept:
        tx.copy(evidence, _EVIDENCE_COLUMNS, kept)
    return answers


def _answer(one: Submission, item: ItemRow, outcome: Outcome) -> Answer:
    evaluation = outcome.evaluation
    return Answer(
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
        outcome.case and outcome.case.id,
        outcome.decision,
        outcome.action,
    )


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
    "INSERT INTO items (id, platform, external_id, publicness, author, url_key, revision, verdict,"
    " received_at) SELECT u.*, 1, 'pass', :now FROM unnest(CAST(:ids AS uuid[]),"
    " CAST(:platforms AS text[]), CAST(:externals AS text[]), CAST(:publicness AS text[]),"
    " CAST(:authors AS text[]), CAST(:urls AS bytea[])) AS u ON CONFLICT DO NOTHING RETURNING id"
)
_UPDATE_ITEM = sa.text(
    "UPDATE items SET revision = :to_revision, publicness = :to_publicness, author = :to_author,"
    " url_key = :to_url, expunged_at = NULL WHERE id = :item"
)
