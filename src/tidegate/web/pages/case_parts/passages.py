"""A text as somebody reads it who has to decide: what matched and what reporters quoted is marked, hosts of
addresses stand out, and what lies between the passages that matter is folded.

Pure. All passages in their order, with what is in the folds, are the text again, to the letter.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

WIDTH = 68  # characters of a line
LINES = 20  # of a text that is not folded
AROUND = 2  # lines around what is marked that stay
TOP = 6  # lines at the beginning that stay where something is marked further down
GAP = 3  # fewer lines than this are not folded
MOST_MARKS = 60
_HOST = re.compile(
    r"(?:https?://|www\.)(?:[^\s/?#@<>\"']*@)?([^\s/?#:<>\"'\])},;]+)", re.IGNORECASE
)
_QUOTES = re.compile(
    r"[\"“„”«‹»›‘‚']([^\"“„”«‹»›‘‚]{4,500}?)[\"“”«‹»›‘’'](?!\w)|^>\s*(.{4,500})$", re.M
)

Span = tuple[int, int]


class Mark(NamedTuple):
    """text[start:end] is marked; `rang`: as what a threat was told by."""

    start: int
    end: int
    rang: bool = False


class Run(msgspec.Struct, frozen=True):
    """Characters that are shown alike; `host`: they are the host of an address."""

    text: str
    host: bool = False


class Stretch(msgspec.Struct, frozen=True):
    """Runs that are all of a mark, or all outside of one; `rang`: of one by which a threat was told."""

    runs: list[Run]
    marked: bool = False
    rang: bool = False


class Passage(msgspec.Struct, frozen=True):
    """Lines that are shown, or that are `folded`: then `lines` says how many they are."""

    stretches: list[Stretch]
    folded: bool = False
    lines: int = 0


def passages(text: str, marks: Iterable[Span] = (), rang: Iterable[Span] = ()) -> list[Passage]:
    """The text in passages, of which every second is folded; one that is short is a single passage. What
    `rang` is marked as that, whatever else it is."""
    spans = _told_apart(merged(marks, len(text)), merged(rang, len(text)))
    lines = list(_lines(text))
    if len(lines) <= LINES:
        return [Passage(_stretches(text, 0, len(text), spans))] if text else []
    found: list[Passage] = []
    for first, last, folded in _kept(lines, spans):
        start, end = lines[first][0], lines[last - 1][1]
        count = last - first if folded else 0
        found.append(Passage(_stretches(text, start, end, spans), folded, count))
    return found


def excerpt(text: str, mark: Span, around: int) -> list[Stretch]:
    """What is marked, with so many characters on either side."""
    start, end = mark
    if not start < end <= len(text):
        return []
    return _stretches(
        text, max(0, start - around), min(len(text), end + around), [Mark(start, end)]
    )


def quoted(text: str, comments: Iterable[str]) -> list[Span]:
    """Where the text says what a reporter quotes of it: what stands in quotation marks in a comment, in a
    line after >, or is the whole comment."""
    lowered = text.lower()
    if len(lowered) != len(text):  # a letter that is two in lower case: places would not agree
        lowered = text
    found: list[Span] = []
    for wanted in dict.fromkeys(_wanted(comments)):
        needle = wanted if lowered is text else wanted.lower()
        at = lowered.find(needle)
        while at >= 0 and len(found) < MOST_MARKS:
            found.append((at, at + len(needle)))
            at = lowered.find(needle, at + len(needle))
    return found


def _wanted(comments: Iterable[str]) -> Iterator[str]:
    for comment in comments:
        whole = comment.strip()
        if 12 <= len(whole) <= 500:
            yield whole
        for match in _QUOTES.finditer(comment):
            wanted = (match[1] or match[2]).strip(" .,;:…")
            if len(wanted) >= 4:
                yield wanted


def merged(spans: Iterable[Span], length: int) -> list[Span]:
    """Spans in their order, within the text; those that overlap are one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        start, end = max(0, start), min(end, length)
        if start >= end:
            continue
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found


def _told_apart(marks: Sequence[Span], rang: Sequence[Span]) -> list[Mark]:
    """Both in their order; of a mark what lies outside of what rang."""
    found = [Mark(start, end, rang=True) for start, end in rang]
    for start, end in marks:
        for first, last in rang:
            if first < end and start < last:
                if start < first:
                    found.append(Mark(start, first))
                start = last
        if start < end:
            found.append(Mark(start, end))
    return sorted(found)


def _lines(text: str) -> Iterator[Span]:
    """The lines as they are about to stand on the screen, broken at spaces. Together they are the text."""
    start = 0
    for whole in text.splitlines(keepends=True):
        end = start + len(whole)
        while end - start > WIDTH + 1:
            space = text.rfind(" ", start, start + WIDTH)
            cut = start + WIDTH if space <= start else space + 1
            yield start, cut
            start = cut
        yield start, end
        start = end


def _kept(lines: Sequence[Span], spans: Sequence[Mark]) -> Iterator[tuple[int, int, bool]]:
    """(first, last + 1, folded) of the passages, by lines."""
    keep = [False] * len(lines)
    starts = [line[0] for line in lines]
    for index in range(TOP if spans else LINES):
        keep[index] = True
    for start, end, _ in spans[:MOST_MARKS]:
        first, last = bisect_right(starts, start) - 1, bisect_right(starts, end - 1) - 1
        for index in range(max(0, first - AROUND), min(len(lines), last + AROUND + 1)):
            keep[index] = True
    runs: list[tuple[int, int, bool]] = []
    for index, kept in enumerate(keep):
        if runs and runs[-1][2] != kept:
            runs[-1] = runs[-1][0], index + 1, runs[-1][2]
        else:
            runs.append((index, index + 1, not kept))
    joined: list[tuple[int, int, bool]] = []
    for first, last, folded in runs:
        folded = folded and last - first >= GAP
        if joined and joined[-1][2] == folded:
            joined[-1] = joined[-1][0], last, folded
        else:
            joined.append((first, last, folded))
    yield from joined


def _stretches(text: str, first: int, last: int, spans: Iterable[Mark]) -> list[Stretch]:
    """text[first:last], cut where marks begin and end."""
    found: list[Stretch] = []
    done = first
    for start, end, rang in spans:
        start, end = max(start, done), min(end, last)
        if start >= end:
            continue
        if start > done:
            found.append(Stretch(_runs(text, done, start)))
        found.append(Stretch(_runs(text, start, end), marked=True, rang=rang))
        done = end
    if done < last:
        found.append(Stretch(_runs(text, done, last)))
    return found


def _runs(text: str, first: int, last: int) -> list[Run]:
    """text[first:last], cut where hosts begin and end."""
    found: list[Run] = []
    done = first
    for match in _HOST.finditer(text, first, last):
        start, end = match.span(1)
        if start > done:
            found.append(Run(text[done:start]))
        found.append(Run(text[start:end], host=True))
        done = end
    return [*found, Run(text[done:last])] if done < last else found
