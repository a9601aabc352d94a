"""What an answer tells of the entries that its matches name, where the caller may read banks."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from tidegate.infra.db import Tx
from tidegate.pipeline.record import ItemRecord
from tidegate.pipeline.submission import Submission
from tidegate.review.model import CaseDetail, CaseView
from tidegate.signals.banks.queries import sources_of_entries

READS_BANKS = "banks:read"

_json = msgspec.json.Encoder()
R = TypeVar("R")


class _Judged(msgspec.Struct, frozen=True):
    matches: list[msgspec.Raw]


class _Answered(msgspec.Struct, frozen=True):
    evaluation: _Judged


_matches = msgspec.json.Decoder(_Answered)


def tell_answers(tx: Tx, group: Sequence[Submission], replies: Sequence[R]) -> list[R | bytes]:
    """The replies to submissions: in answers with matches, to callers who may read banks, with what is
    known of these. They are stored without, since who asks again may be somebody else."""
    told = {
        place: msgspec.json.decode(reply)
        for place, (one, reply) in enumerate(zip(group, replies, strict=True))
        if one.reads_banks
        and isinstance(reply, bytes)
        and _matches.decode(reply).evaluation.matches
    }
    if not told:
        return list(replies)
    _tell(tx, [one["evaluation"] for one in told.values()])
    return [
        _json.encode(told[place]) if place in told else reply for place, reply in enumerate(replies)
    ]


def tell_record(tx: Tx, record: ItemRecord) -> ItemRecord:
    _tell(tx, record.evaluations)
    return record


def tell_cases(tx: Tx, cases: Sequence[CaseView]) -> None:
    _tell(tx, (), [case.match for case in cases if case.match is not None])


def tell_case(tx: Tx, case: CaseDetail) -> CaseDetail:
    _tell(tx, case.evaluations, [] if case.match is None else [case.match])
    return case


def _tell(
    tx: Tx, evaluations: Iterable[dict[str, Any]], matches: Iterable[dict[str, Any]] = ()
) -> None:
    """Add to matches, as they are shown, the `provenance` and `note` of their entries: null where an
    entry has none, or is no longer in its bank. One statement, and none without matches."""
    shown = [match for one in evaluations for match in one["matches"]] + list(matches)
    if not shown:
        return
    found = sources_of_entries(tx, sorted({UUID(match["entry"]) for match in shown}))
    for match in shown:
        match["provenance"], match["note"] = found.get(UUID(match["entry"]), (None, None))
