"""What an answer tells of the entries that its matches name, where the caller may read banks."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from tidegate.infra.db import Tx
from tidegate.pipeline.record import ItemRecord
from tidegate.review.model import CaseDetail, CaseView
from tidegate.signals.banks.queries import sources_of_entries

READS_BANKS = "banks:read"

_json = msgspec.json.Encoder()


class _Judged(msgspec.Struct, frozen=True):
    matches: list[msgspec.Raw]


class _Answered(msgspec.Struct, frozen=True):
    evaluation: _Judged


_matches = msgspec.json.Decoder(_Answered)


def tell_answers(tx: Tx, bodies: Mapping[int, bytes]) -> dict[int, bytes]:
    """The answers to submissions, by their places, that have matches: with what is known of these.
    They are stored without, since who asks again may be somebody else."""
    told = {
        place: msgspec.json.decode(body)
        for place, body in bodies.items()
        if _matches.decode(body).evaluation.matches
    }
    _tell(tx, [one["evaluation"] for one in told.values()])
    return {place: _json.encode(one) for place, one in told.items()}


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
