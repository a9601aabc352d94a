"""What the server takes from a worker: one that was taken over by a file could say anything.

It may say what the pixels of its file give, and no more. The digests of the bytes, their type and the
address they came from are known without it.
"""

from collections import Counter
from collections.abc import Callable

import msgspec

from tidegate.content.media.model import Examined, MediaLimits, Problem, code_of
from tidegate.content.media.sniffing import sniff
from tidegate.content.parts import SEEN

Accepts = Callable[[str, bytes, int | None], bool]
"""Whether pixels can give a code of that kind, value and quality."""

MAX_CODES = 64
"""Codes of one look at one picture: some kinds give several."""

_MAX_PROBLEMS, _MAX_PROBLEM = 16, 300
_MAX_SIDE = 1 << 24


def amiss(seen: Examined, data: bytes, limits: MediaLimits, accepts: Accepts) -> str | None:
    """What in an answer about the file `data` cannot be true, as a text for people; None where
    nothing is."""
    if seen.content_type != sniff(data):
        return "named a type that the bytes do not have"
    sides = (seen.width or 0, seen.height or 0)
    if not all(0 <= side <= _MAX_SIDE for side in sides) or not _counts(seen.frames, limits):
        return "named a size that no picture has"
    if seen.judged and not all((*sides, seen.frames)):
        return "judged a picture and gave no size of it"
    looks = Counter((code.view, code.frame) for code in seen.codes)
    if max(looks.values(), default=0) > MAX_CODES:
        return f"gave {len(seen.codes)} codes"
    reduced = sides[0] * sides[1] > limits.max_pixels
    for view, frame in looks:
        shown = frame < min(seen.frames, limits.max_frames) and (view in SEEN or not frame)
        if not shown or (view == "reduced") != reduced:
            return "gave a code of a picture that is not there"
    if not all(accepts(code.kind, code.value, code.quality) for code in seen.codes):
        return "gave a code that no pixels give"
    try:
        harmless = all(Problem(code_of(problem)).harmless for problem in seen.problems)
    except ValueError:
        return "told of a problem that there is none of"
    return None if harmless == seen.judged else "told of a problem and judged all the same"


def _counts(frames: int, limits: MediaLimits) -> bool:
    return 0 <= frames <= limits.max_frames + 1


def cut(seen: Examined) -> Examined:
    """The answer with its problems as texts that are safe to show, and not too many."""
    problems = [
        "".join(c for c in problem[:_MAX_PROBLEM] if c.isprintable())
        for problem in seen.problems[:_MAX_PROBLEMS]
    ]
    return msgspec.structs.replace(seen, problems=problems)
