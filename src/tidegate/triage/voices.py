"""Who reports, as far as they are worth a voice of their own: how often each was right, and who says the same
as others at the same moment. Pure.

A reporter's record is a Beta distribution over how often they are right, from how their reports ended; of one
who is new it says nothing either way. Only the weightiest five count, so a crowd is worth what five are; a
further report never makes it less, so nobody can talk another's report down.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from tidegate.triage.score import MOST_VOICES

PRIOR = 2.0  # as if each had been right twice and wrong twice
BURST = 600  # seconds: newcomers within one such span are hardly independent of one another
FEWEST_WORDS = 4  # "spam" says the same from whoever says it
FADES = 0.5  # what each further newcomer of a span is worth, of the one before


class Record(msgspec.Struct, frozen=True):
    """How a reporter's reports ended: how many were borne out, and how many were not."""

    upheld: int = 0
    rejected: int = 0

    @property
    def judged(self) -> int:
        return self.upheld + self.rejected

    @property
    def expected(self) -> float:
        """How often they are right, as far as that is known: the mean of Beta(2 + upheld, 2 + rejected)."""
        return (PRIOR + self.upheld) / (2 * PRIOR + self.judged)


class Voice(msgspec.Struct, frozen=True, kw_only=True):
    """A report as a voice. `reporter` is a pseudonym, None where nobody answers for it; `vouched`: it comes by
    a channel that was given to an organisation. `words` stand for what was written: equal for equal words, None
    where nothing was."""

    reporter: str | None
    at: datetime
    vouched: bool = False
    words: bytes | None = None


class Heard(msgspec.Struct, frozen=True):
    """What voices come to: their weight together, from 0 to 5, and the best record among them, None where
    none of them has any."""

    voices: float = 0.0
    best: Record | None = None


def crowd(heard: Sequence[Heard]) -> Heard:
    """What the voices about several items that say the same come to: no more than five of the weightiest."""
    most = max((one.voices for one in heard), default=0.0)
    records = [one.best for one in heard if one.best is not None]
    best = max(records, key=lambda one: one.expected, default=None)
    return Heard(min(sum(one.voices for one in heard), 5.0 * min(most, 1.0), 5.0), best)


def words_of(comment: str | None) -> bytes | None:
    """What stands for a comment's words, whatever their case and punctuation; None where they are too few to be
    somebody's own."""
    if not comment:
        return None
    words = re.findall(r"\w+", unicodedata.normalize("NFKC", comment).casefold())
    if len(words) < FEWEST_WORDS:
        return None
    return hashlib.blake2b(" ".join(words).encode(), digest_size=16).digest()


def heard(voices: Sequence[Voice], records: Mapping[str, Record]) -> Heard:
    """What some reports on one item are worth together.

    Who has a record weighs as often as they are right. Who has none weighs half, the next newcomer of the same
    ten minutes half of that, and so on; all who do not say who they are count as one newcomer. Those of the
    same words are one voice, that of the weightiest.
    """
    known = [one for one in voices if _judged(one, records)]
    best = max((records[one.reporter or ""] for one in known), key=_rank, default=None)
    by_words: dict[bytes | int, float] = {}
    for number, (one, weight) in enumerate(_weighed(voices, records)):
        key = number if one.words is None else one.words
        by_words[key] = max(weight, by_words.get(key, 0.0))
    return Heard(sum(sorted(by_words.values(), reverse=True)[:MOST_VOICES]), best)


def _weighed(
    voices: Sequence[Voice], records: Mapping[str, Record]
) -> Iterable[tuple[Voice, float]]:
    """Each voice with its weight, newcomers by their place in their span of time."""
    newcomers: dict[int, int] = {}
    # What is said already by who weighs no less makes no newcomer, and nobody else's voice less.
    copied = {one.words for one in voices if _stands(one, records)} - {None}
    nameless = False
    for one in sorted(voices, key=lambda voice: voice.at):
        if _judged(one, records):
            yield one, records[one.reporter or ""].expected
        elif one.vouched:
            yield one, 1.0
        elif (one.reporter is None and nameless) or (one.words is not None and one.words in copied):
            continue
        else:
            nameless |= one.reporter is None
            copied.add(one.words)
            span = int(one.at.timestamp()) // BURST
            before = newcomers.get(span, 0)
            newcomers[span] = before + 1
            yield one, Record().expected * FADES**before


def _stands(voice: Voice, records: Mapping[str, Record]) -> bool:
    if _judged(voice, records):
        return records[voice.reporter or ""].expected >= Record().expected
    return voice.vouched


def _judged(voice: Voice, records: Mapping[str, Record]) -> bool:
    record = records.get(voice.reporter or "")
    return record is not None and record.judged > 0


def _rank(record: Record) -> tuple[float, int]:
    return record.expected, record.judged
