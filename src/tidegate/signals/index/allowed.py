"""Which `known` matches an `allow` match on the same part outweighs; pure."""

from collections.abc import Sequence

import msgspec

from tidegate.content.parts import Part
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.model import Match

WHOLE = 0.9
"""So much of an allowed text must be in another for it to speak for what is known within."""


def resolve_allowed(matches: Sequence[Match]) -> list[Match]:
    """The same matches, in order, with `allowed` set on the `known` ones that an allow match on the
    same part outweighs: one at least as near, where an exact route is nearer than any other at the
    same distance. The stored form and the frames of a picture are one part with it.

    A passage of an allowed text speaks for nothing but a known passage that lies within it, and only
    if nearly all of the allowed text is there: who quotes a manifesto as an allowed article does has not
    quoted the article. For a known passage nothing speaks but that, and the same text allowed as a whole.
    """
    nearest: dict[str, tuple[int, bool]] = {}
    quoted: dict[str, list[Match]] = {}
    for match in matches:
        if match.stance == "allow":
            part = Part.parse(match.part).whole
            if _is_passage(match):
                quoted.setdefault(part, []).append(match)
            else:
                nearest[part] = min(_nearness(match), nearest.get(part, _NOTHING))
    if not nearest and not quoted:
        return list(matches)

    def is_allowed(match: Match) -> bool:
        part = Part.parse(match.part).whole
        by_whole = nearest.get(part, _NOTHING)
        if not _is_passage(match):
            return by_whole <= _nearness(match)
        within = (one for one in quoted.get(part, ()) if one.share >= WHOLE)
        return by_whole == _EQUAL or any(
            one.start <= match.start and match.end <= one.end for one in within
        )

    return [
        msgspec.structs.replace(match, allowed=True)
        if match.stance == "known" and is_allowed(match)
        else match
        for match in matches
    ]


_EQUAL, _NOTHING = (0, False), (257, True)


def _nearness(match: Match) -> tuple[int, bool]:
    # By its kind: a link in a text is no less like its entry for what stands around it.
    return match.distance, not KINDS[match.kind].exact


def _is_passage(match: Match) -> bool:
    return KINDS[match.kind].common > 0
