"""The hot path: a group of submissions is judged and committed in one transaction.

For each one: the stored answer if it was here before; else fingerprints, matches, rules, and
whatever follows from the verdict (case, decision, action). What is answered is durable.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import msgspec

from tidegate.content.admission import KeptFile, NewRevision, admit, keep
from tidegate.content.known import Known, find_known
from tidegate.content.model import ItemRow, Key, Version
from tidegate.decisions.model import MatchView, match_view
from tidegate.infra.db import Tx
from tidegate.infra.groupcommit import DEFERRED, Deferred
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.judge import Looked
from tidegate.pipeline.look import SUBMITTED, Outcome, look
from tidegate.pipeline.metrics import GROUP_SIZE, ITEMS
from tidegate.pipeline.retry import arrival, from_store
from tidegate.pipeline.submission import Submission
from tidegate.pipeline.telling import tell_answers
from tidegate.pipeline.threatened import levels_of, ring, tell
from tidegate.policy.model import Verdict
from tidegate.signals.model import Codes, encode_codes
from tidegate.signals.parts import codes_of_texts

_json = msgspec.json.Encoder()


class EvaluationView(msgspec.Struct, frozen=True, kw_only=True):
    """The evaluation in an answer."""

    stage: str
    pack: str
    bank_version: int
    rules: list[Any]
    matches: list[MatchView]
    problems: list[str]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
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
    version: Version | None
    codes: Codes


Reply = bytes | BaseException | Deferred


def committer(instance: Instance) -> Callable[[Tx, Sequence[Submission]], Sequence[Reply]]:
    """The commit function for `GroupCommit`."""

    def commit(tx: Tx, group: Sequence[Submission]) -> Sequence[Reply]:
        return submit_group(tx, instance, group)

    return commit


def submit_group(tx: Tx, instance: Instance, group: Sequence[Submission]) -> list[Reply]:
    """Judge and write a group. The answer of each: the JSON to send, a Refusal, or DEFERRED when
    another one of the same id is under way."""
    known = find_known(tx, [one.key for one in group])
    stored = from_store(tx, group, known)
    replies: list[Reply | None] = []
    fresh: dict[Key, int] = {}
    for place, (submission, answer) in enumerate(zip(group, stored, strict=True)):
        # What stands when its turn comes is what those before it leave: it waits for them.
        if submission.key in fresh:
            replies.append(DEFERRED)
            continue
        if answer is None:
            fresh[submission.key] = place
        replies.append(answer)
    if fresh:
        turns = _admit(tx, [group[place] for place in fresh.values()], known)
        answers = _keep(tx, instance, turns, _look(tx, instance, turns))
        GROUP_SIZE.observe(len(turns))
        for key, place in fresh.items():
            replies[place] = answers.get(key)
    return [DEFERRED if reply is None else reply for reply in tell_answers(tx, group, replies)]


def _admit(tx: Tx, fresh: list[Submission], seen: dict[Key, Known]) -> list[_Turn]:
    """In the order of their keys, in which everybody locks."""
    fresh.sort(key=lambda one: one.key)
    admitted = admit(tx, [arrival(one) for one in fresh], seen)
    return [
        _Turn(one, found.item, found.version, list(one.codes))
        for one in fresh
        if (found := admitted.get(one.key)) is not None
    ]


def _look(tx: Tx, instance: Instance, turns: list[_Turn]) -> list[Outcome]:
    """Fingerprint the texts of the group together, then look at each revision."""
    texts = codes_of_texts([turn.submission.content.worded for turn in turns])
    levels = levels_of(tx, instance, [turn.submission.content for turn in turns])
    for turn, codes in zip(turns, texts, strict=True):
        turn.codes += codes
    looked = [
        Looked(
            item=turn.item,
            content=one.content,
            digest=one.digest,
            codes=turn.codes,
            problems=one.problems,
            new=turn.item.revision == 1,
            threat=level,
        )
        for turn, level in zip(turns, levels, strict=True)
        for one in [turn.submission]
    ]
    rung = ring(tx, [(one.item, one.threat) for one in looked if one.threat is not None])
    outcomes = look(tx, instance, looked, SUBMITTED)
    if rung:
        tell(tx, rung, {turn.item.id: one for turn, one in zip(turns, outcomes, strict=True)})
    return outcomes


def _keep(
    tx: Tx, instance: Instance, turns: list[_Turn], outcomes: list[Outcome]
) -> dict[Key, bytes]:
    """Keep the revisions with their answers; the answers."""
    kept: list[NewRevision] = []
    answers: dict[Key, bytes] = {}
    for turn, outcome in zip(turns, outcomes, strict=True):
        one, verdict = turn.submission, outcome.evaluation.verdict
        body = answers[one.key] = _json.encode(_answer(one, turn.item, outcome))
        revision = NewRevision(
            item=turn.item,
            digest=one.digest,
            content=one.content,
            fingerprints=encode_codes(turn.codes),
            media=one.media,
            bank_version=outcome.evaluation.bank_version,
            answer=body,
            version=turn.version,
            files=kept_files(instance, one, verdict) if one.files else [],
        )
        kept.append(revision)
    keep(tx, kept)
    for verdict, count in Counter(one.evaluation.verdict for one in outcomes).items():
        ITEMS.labels(verdict).inc(count)
    return answers


def kept_files(instance: Instance, one: Submission, verdict: Verdict) -> list[KeptFile]:
    """Which files of a submission stay: passing private messages keep none, unless configured."""
    private = not one.keeps_files
    if private and verdict == "pass" and instance.settings.keep_private_pass_days == 0:
        return []
    if private:
        for file in one.files:
            instance.evidence.put(file.data)
    return [
        KeptFile(file.part, file.sha256, len(file.data), file.content_type) for file in one.files
    ]


def _answer(one: Submission, item: ItemRow, outcome: Outcome) -> Answer:
    evaluation = outcome.evaluation
    return Answer(
        id=one.external_id,
        revision=item.revision,
        verdict=evaluation.verdict,
        evaluation=EvaluationView(
            stage=evaluation.stage,
            pack=evaluation.pack,
            bank_version=evaluation.bank_version,
            rules=evaluation.rules,
            matches=[match_view(match) for match in evaluation.matches],
            problems=evaluation.problems,
        ),
        pending=[],
        case=outcome.case and outcome.case.id,
        decision=outcome.decision,
        action=outcome.action,
    )
