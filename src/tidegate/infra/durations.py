"""A while as operators write it: a number and its unit, `90d`. Pure."""

import re
from datetime import timedelta

from tidegate.infra.errors import FieldError, Refusal

LONGEST_OVERLAP = timedelta(days=90)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_DURATION = re.compile(r"([0-9]{1,9})([smhdw])")


def read_duration(text: str) -> timedelta | None:
    """A number and its unit, out of s, m, h, d and w; None for anything else, and for more than time
    has."""
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        return None
    try:
        return timedelta(seconds=int(found[1]) * _UNITS[found[2]])
    except OverflowError:
        return None


def read_overlap(text: str) -> timedelta:
    """How long an old secret is good beside the new one; `0` is not at all. Raises Refusal (422)."""
    found = timedelta(0) if text.strip() == "0" else read_duration(text)
    if found is None or found > LONGEST_OVERLAP:
        expected = f"a while of at most {LONGEST_OVERLAP.days}d (24h, 7d, 0)"
        raise Refusal(
            "invalid-overlap",
            422,
            "The secrets cannot overlap for that long",
            f"overlap: expected {expected}, got {text[:60]!r}.",
            errors=[FieldError("/overlap", expected, text[:60])],
        )
    return found
