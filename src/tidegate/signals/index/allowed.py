"""Which `known` matches an `allow` match on the same part outweighs; pure."""

from collections.abc import Sequence

import msgspec

from tidegate.content.parts import Part
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.model import Match

WHOLE = 0.9
"""So much of an allowed text must be in another for it to speak for what is known within."""

_Nearness = tuple[int, bool]
_EQUAL: _Nearness = (0, False)
_NOTHING: _Nearness = (257, True)


def resolve_allowed(matches: Sequence[Match]) -> list[Match]:
    """The same matches, in order, with `allowed` set on the `known` ones that an allow match on the
    same part outweighs: one at least as near, where an exact route is nearer than any other at the
    same distance.

    An allow match by a picture's code speaks for what people have before them: for that frame, on a
    white page or on a black one, however it is hashed. Of what else the same file shows it says so much
    that nothing is restricted for it unasked. Whatever else is allowed, its bytes say, is allowed whole.

    A passage of an allowed text speaks for nothing but a known passage that lies within it, and only
    if nearly all of the allowed text is there: who quotes a manifesto as an allowed article does has not
    quoted the article. For a known passage nothing speaks but that, and the same text allowed as a whole.
    """
    allows = [match for match in matches if match.stance == "allow"]
    if not allows:
        return list(matches)
    said = _Said(allows)
    return [said.of(match) if match.stance == "known" else match for match in matches]


class _Said:
    """What the allow matches of an item speak for."""

    def __init__(self, allows: Sequence[Match]) -> None:
        self._whole: dict[object, _Nearness] = {}
        self._look: dict[object, _Nearness] = {}
        self._beside: dict[object, _Nearness] = {}  # other looks at the same file
        self._quoted: dict[str, list[Match]] = {}
        for match in allows:
            part, near = Part.parse(match.part), _nearness(match)
            if _is_passage(match):
                self._quoted.setdefault(part.whole, []).append(match)
            elif KINDS[match.kind].source == "pixels":
                _take(self._look, part.look, near)
                _take(self._beside, part.whole, near)
            else:
                _take(self._whole, part.whole, near)

    def of(self, match: Match) -> Match:
        """A known match, weighed."""
        part = Part.parse(match.part)
        if self._allows(match, part):
            return msgspec.structs.replace(match, allowed=True)
        if match.exact and self._beside.get(part.whole, _NOTHING) <= _nearness(match):
            return msgspec.structs.replace(match, exact=False)
        return match

    def _allows(self, match: Match, part: Part) -> bool:
        by_whole = self._whole.get(part.whole, _NOTHING)
        if not _is_passage(match):
            return min(by_whole, self._look.get(part.look, _NOTHING)) <= _nearness(match)
        within = (one for one in self._quoted.get(part.whole, ()) if one.share >= WHOLE)
        return by_whole == _EQUAL or any(
            one.start <= match.start and match.end <= one.end for one in within
        )


def nearest_frames(matches: Sequence[Match]) -> list[Match]:
    """The matches, in order, without those of later frames that say the same of an entry as a nearer
    one: who is found in a hundred frames is told of once."""
    best: dict[tuple[object, ...], tuple[int, int]] = {}
    keys: list[tuple[object, ...] | None] = []
    for place, match in enumerate(matches):
        part = Part.parse(match.part) if "#" in match.part else None
        key = part and (part.whole, part.view, match.entry, match.kind, match.allowed, match.exact)
        keys.append(key)
        if key:
            best[key] = min((match.distance, place), best.get(key, (257, 0)))
    return [
        match
        for place, (key, match) in enumerate(zip(keys, matches, strict=True))
        if key is None or best[key][1] == place
    ]


def _take(nearest: dict[object, _Nearness], key: object, near: _Nearness) -> None:
    nearest[key] = min(near, nearest.get(key, _NOTHING))


def _nearness(match: Match) -> _Nearness:
    # By its kind: a link in a text is no less like its entry for what stands around it.
    return match.distance, not KINDS[match.kind].exact


def _is_passage(match: Match) -> bool:
    return KINDS[match.kind].common > 0
