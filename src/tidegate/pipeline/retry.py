"""What is answered from store: the same body again, and an older one that comes late.

The answer is the one of that time, to the letter but for one thing: an action that no longer stands is
not named. What comes back anew is judged anew, and is not answered here.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from tidegate.content.admission import note_versions
from tidegate.content.known import Known, find_known, older_answers
from tidegate.content.model import Arrival, ItemRow, Key
from tidegate.content.queries import item_erased
from tidegate.content.versions import Arriving
from tidegate.decisions.queries import standing_decisions
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.groupcommit import DEFERRED, Deferred
from tidegate.pipeline.submission import Submission
from tidegate.pipeline.telling import tell_answers

Stored = bytes | Refusal

_NO_ACTION = b'"action":null}'  # how most answers end


def stored_answers(
    tx: Tx, group: Sequence[Submission]
) -> list[bytes | BaseException | Deferred | None]:
    """For each submission the answer that this very one got before, or None; a Refusal (410) where
    the item is erased. A commit function for `GroupCommit`: all that it writes is a higher version of
    a body that is the latest already."""
    known = find_known(tx, [one.key for one in group])
    kinds: list[Arriving | Refusal] = [_kind(tx, one, known) for one in group]
    renewals = {one.key: one for one, kind in zip(group, kinds, strict=True) if kind == "renewal"}
    noted = note_versions(tx, [arrival(one) for one in renewals.values()])
    replies: list[bytes | BaseException | Deferred | None] = list(
        _from_store(tx, group, known, kinds)
    )
    for place, (one, kind) in enumerate(zip(group, kinds, strict=True)):
        if kind == "renewal" and one.key in noted:
            replies[place] = DEFERRED  # by its next turn it is a retry
    return tell_answers(tx, group, replies)


def from_store(
    tx: Tx, group: Sequence[Submission], known: Mapping[Key, Known]
) -> list[Stored | None]:
    """The answer to each submission that is no news; a Refusal where its item is erased (410) or its
    version is of another kind than the item's (422); None for what must be taken."""
    kinds: list[Arriving | Refusal] = [_kind(tx, one, known) for one in group]
    return _from_store(tx, group, known, kinds)


def arrival(one: Submission) -> Arrival:
    """A submission as the admission takes it."""
    return Arrival(
        platform=one.platform,
        external_id=one.external_id,
        content=one.content,
        digest=one.digest,
        url_key=one.url_key,
        version=one.version,
    )


def _kind(tx: Tx, one: Submission, known: Mapping[Key, Known]) -> Arriving | Refusal:
    found = known.get(one.key)
    if found is None:
        return "revision"
    if found.item.erased_at is not None:
        return item_erased(one.external_id)
    try:
        return found.arriving(one.digest, one.version, tx.now)
    except Refusal as mixed:
        return mixed


def _from_store(
    tx: Tx,
    group: Sequence[Submission],
    known: Mapping[Key, Known],
    kinds: Sequence[Arriving | Refusal],
) -> list[Stored | None]:
    replies: list[Stored | None] = [None] * len(group)
    answers: dict[int, tuple[ItemRow, bytes]] = {}
    late: list[int] = []
    for place, (one, kind) in enumerate(zip(group, kinds, strict=True)):
        if isinstance(kind, Refusal):
            replies[place] = kind
        elif kind == "retry":
            found = known[one.key]
            assert found.latest.answer is not None
            answers[place] = found.item, found.latest.answer
        elif kind in ("late", "doubtful"):
            late.append(place)
    if late:
        answers |= _late(tx, group, known, kinds, late)
    if answers:
        for place, told in _as_it_stands(tx, answers).items():
            replies[place] = told
    return replies


def _late(
    tx: Tx,
    group: Sequence[Submission],
    known: Mapping[Key, Known],
    kinds: Sequence[Arriving | Refusal],
    late: Sequence[int],
) -> dict[int, tuple[ItemRow, bytes]]:
    """The answer to the body that comes late; to one that was never seen, the newest answer."""
    answers: dict[int, tuple[ItemRow, bytes]] = {}
    asked = [
        (known[one.key].item.id, one.digest, one.version)
        for one in (group[place] for place in late)
        if one.version is not None
    ]
    for place, older in zip(late, older_answers(tx, asked), strict=True):
        found = known[group[place].key]
        if older is not None and (older.seen or kinds[place] == "late"):
            answers[place] = found.item, older.answer
        elif kinds[place] == "late" and found.latest.answer is not None:
            answers[place] = found.item, found.latest.answer
    return answers


def _as_it_stands(tx: Tx, answers: Mapping[int, tuple[ItemRow, bytes]]) -> dict[int, bytes]:
    """The answers without the actions whose restrictions have ended since. An escalation restricts
    nothing, and nothing of it ends."""
    told = {place: answer for place, (_, answer) in answers.items()}
    acting: dict[int, dict[str, Any]] = {}
    for place, answer in told.items():
        if not answer.endswith(_NO_ACTION):
            said: dict[str, Any] = msgspec.json.decode(answer)
            if said["verdict"] == "restrict":
                acting[place] = said
    if not acting:
        return told
    restricted = {answers[place][0].id for place in acting if answers[place][0].restricted_by}
    standing = standing_decisions(tx, list(restricted)) if restricted else frozenset[UUID]()
    for place, said in acting.items():
        if UUID(said["decision"]) not in standing:
            told[place] = msgspec.json.encode(said | {"action": None})
    return told
