"""Which `known` matches an `allow` match on the same part outweighs; pure."""

from collections.abc import Sequence

import msgspec

from tidegate.content.parts import Part
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.model import Match


def resolve_allowed(matches: Sequence[Match]) -> list[Match]:
    """The same matches, in order, with `allowed` set on the `known` ones that an allow match on the
    same part outweighs: one at least as near, where an exact route is nearer than any other at the
    same distance. The stored form and the frames of a picture are one part with it.
    """
    nearest: dict[str, tuple[int, bool]] = {}
    for match in matches:
        if match.stance == "allow":
            part = Part.parse(match.part).whole
            nearest[part] = min(_nearness(match), nearest.get(part, (257, True)))
    return [
        msgspec.structs.replace(match, allowed=True)
        if match.stance == "known"
        and nearest.get(Part.parse(match.part).whole, (257, True)) <= _nearness(match)
        else match
        for match in matches
    ]


def _nearness(match: Match) -> tuple[int, bool]:
    # By its kind: a link in a text is no less like its entry for what stands around it.
    return match.distance, not KINDS[match.kind].exact
