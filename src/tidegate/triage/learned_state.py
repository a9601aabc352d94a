"""What was learnt as bytes: what is needed to speak, and apart from it what is needed to go on learning. Pure.

No words are in it: features are numbers under a key that is not in the database.
"""

import zlib
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from tidegate.triage.learned import KEPT, REPLAY, Example, Learner, Said
from tidegate.triage.words import SIZE, Features

FORMAT = 1


class _Speaks(msgspec.Struct, frozen=True, kw_only=True):
    format: int
    decisions: int
    urgent: int
    slope: float
    offset: float
    places: bytes  # of the weights that are not 0, and how often each feature was found
    weights: bytes
    found: bytes
    always: float


class _Replayed(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    places: bytes
    values: bytes
    leaned: bytes
    words: int
    urgent: bool
    lean: float


class _Learns(msgspec.Struct, frozen=True, kw_only=True):
    format: int
    said: list[Said]
    replay: list[_Replayed]
    oldest: int


class Unreadable(Exception):
    """A state that this program did not write: it begins anew."""


def speaking(learner: Learner) -> bytes:
    """What is needed to say something of a text."""
    known = np.flatnonzero((learner.weights[:-1] != 0) | (learner.found != 0)).astype(np.uint32)
    state = _Speaks(
        format=FORMAT,
        decisions=learner.decisions,
        urgent=learner.urgent,
        slope=learner.slope,
        offset=learner.offset,
        places=_packed(known),
        weights=_packed(learner.weights[:-1][known].astype(np.float16)),
        found=_packed(learner.found[known].astype(np.uint32)),
        always=float(learner.weights[-1]),
    )
    return msgspec.msgpack.encode(state)


def learning(learner: Learner) -> bytes:
    """What is needed besides to learn more: the replay, and what was said before."""
    replay = [
        _Replayed(
            places=one.features.places.tobytes(),
            values=one.features.values.astype(np.float16).tobytes(),
            leaned=one.values.astype(np.float16).tobytes(),
            words=one.features.words,
            urgent=one.urgent,
            lean=one.lean,
        )
        for one in learner.replay
    ]
    state = _Learns(format=FORMAT, said=list(learner.said), replay=replay, oldest=learner.oldest)
    return zlib.compress(msgspec.msgpack.encode(state), 1)


def restored(speaks: bytes, learns: bytes | None = None) -> Learner:
    """The learner that was written; without what it needs to learn it only speaks. Raises Unreadable."""
    learner = Learner()
    try:
        state = msgspec.msgpack.decode(speaks, type=_Speaks)
        _check(state.format)
        known = _unpacked(state.places, np.uint32)
        learner.weights[known] = _unpacked(state.weights, np.float16)
        learner.weights[SIZE] = state.always
        learner.found[known] = _unpacked(state.found, np.uint32)
        learner.decisions, learner.urgent = state.decisions, state.urgent
        learner.slope, learner.offset = state.slope, state.offset
        if learns is not None:
            more = msgspec.msgpack.decode(zlib.decompress(learns), type=_Learns)
            _check(more.format)
            learner.said.extend(more.said[-KEPT:])
            learner.replay = [_example(one) for one in more.replay[:REPLAY]]
            learner.oldest = more.oldest
    except (msgspec.MsgspecError, zlib.error, ValueError, IndexError) as error:
        raise Unreadable(str(error)) from error
    return learner


def _example(one: _Replayed) -> Example:
    places = np.frombuffer(one.places, np.uint32)
    values = np.frombuffer(one.values, np.float16).astype(np.float32)
    example = Example(Features(places, values, one.words), urgent=one.urgent)
    example.values = np.frombuffer(one.leaned, np.float16).astype(np.float32)
    example.lean = one.lean
    return example


def _check(format: int) -> None:
    if format != FORMAT:
        raise Unreadable(f"format {format}, this program reads {FORMAT}")


def _packed(array: NDArray[Any]) -> bytes:
    return zlib.compress(array.tobytes(), 1)


def _unpacked(data: bytes, kind: Any) -> NDArray[Any]:
    return np.frombuffer(zlib.decompress(data), kind)
