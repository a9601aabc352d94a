"""Sets of entry numbers as spans, so that a million moved entries cost as much as one. Pure."""

from collections.abc import Iterable

Span = tuple[int, int]  # first and last, both included; none if the last is before the first


def cut_out(spans: Iterable[Span], holes: Iterable[Span]) -> list[Span]:
    """The numbers in `spans` that are in none of `holes`, as disjoint spans in order."""
    left: list[Span] = []
    barriers = sorted(hole for hole in holes if hole[0] <= hole[1])
    for first, last in sorted(spans):
        if left:
            first = max(first, left[-1][1] + 1)
        for start, end in barriers:
            if end < first:
                continue
            if start > last:
                break
            if start > first:
                left.append((first, start - 1))
            first = max(first, end + 1)
        if first <= last:
            left.append((first, last))
    return left
