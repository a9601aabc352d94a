"""Where in a text, as it was written, needles stand: for those who read what was found."""

from collections.abc import Iterable

from tidegate.signals.fingerprints.skeleton import (
    bare_with_offsets,
    bounded,
    dense,
    places,
    plain,
)

MOST = 20_000  # characters that are looked at
_MOST_SPANS = 20


def spans(text: str, needles: Iterable[str]) -> list[tuple[int, int]]:
    """The spans of the original text[start:end] that needles, as skeletons, are found at; in a text with
    markup only those that no markup is in the middle of."""
    normal = bare_with_offsets(text[:MOST])
    marked = plain(normal.text)
    skeleton, where = dense(marked), places(marked)
    found: list[tuple[int, int]] = []
    for needle in needles:
        wanted = bounded(needle)
        before = len(wanted) - len(wanted.lstrip(" "))
        at = skeleton.find(wanted)
        while at >= 0 and len(found) < _MOST_SPANS:
            first, last = at + before, at + before + len(needle) - 1
            start = normal.offsets[where[first]]
            found.append((start, max(normal.offsets[where[last] + 1], start + 1)))
            at = skeleton.find(wanted, at + 1)
    return sorted(found)
