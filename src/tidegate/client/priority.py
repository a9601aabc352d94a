"""By what a case stands within its band."""

from collections.abc import Mapping
from typing import Any

import msgspec


class PriorityPart(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a score: `points` are `weight` × `value` in quarters. `because` is a code with a value."""

    name: str
    value: float
    weight: float
    points: float
    because: Mapping[str, Any]


class Priority(msgspec.Struct, frozen=True, kw_only=True):
    """What a case comes by within its band: the points of the parts add up to the score. `version`: the policy
    pack whose weights these are."""

    score: float
    version: str
    parts: list[PriorityPart] = []
