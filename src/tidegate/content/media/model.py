"""What a look at one media file says, and the limits it is done under.

The pool answers with `Examined`; the pipeline says of which part it speaks (`media/0`) and judges.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import msgspec

from tidegate.content.parts import View


class ViewCode(msgspec.Struct, frozen=True):
    """A fingerprint of one view of a picture.

    `view` says how it was looked at, `frame` counts those of an animation from 0.
    """

    kind: str
    value: bytes
    quality: int | None = None
    view: View = ""
    frame: Annotated[int, msgspec.Meta(ge=0, lt=10**9)] = 0


class Examined(msgspec.Struct, frozen=True, kw_only=True):
    """What one file is. `content_type` is sniffed from its bytes, None where nothing fits.

    `width` and `height` are those of the picture as people see it; `frames` how many it has as far
    as they were counted. `problems` are texts for people that start with a stable code (`Problem`).
    `judged`: all that was to be looked at was; if not, a person has to look.
    """

    content_type: str | None = None
    width: int | None = None
    height: int | None = None
    frames: int = 0
    codes: list[ViewCode] = []
    problems: list[str] = []
    judged: bool = True


class Sight(msgspec.Struct, frozen=True):
    """What of a file a person is shown: a frame of it, counted from 0, on a white page or a black one."""

    frame: Annotated[int, msgspec.Meta(ge=0, lt=10**9)] = 0
    dark: bool = False


class MediaLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one file may cost. Beyond it a file isn't decoded (further), and says so."""

    max_bytes: int = 64 << 20
    max_pixels: int = 64_000_000
    memory_bytes: int = 2 << 30
    """Address space of a worker, the program itself included (about 300 MB)."""
    wall_seconds: float = 10.0
    cpu_seconds: float | None = None
    """Processor time, kept by the kernel; None: as much as `wall_seconds`."""
    quick_seconds: float = 1.0
    """A file that did not look large and takes longer, while other keys' files wait, is begun anew
    among the large ones."""
    large_pixels: int = 24_000_000
    """Pictures of so many pixels are large: they never take the last free worker."""
    max_frames: int = 1000
    """So many frames of an animation are counted and looked at, the first included."""
    frames_seconds: float = 6.0
    """No further frame is begun after so long; what is left goes to a person."""


class Budget:
    """What the files of one post may cost together: pixels, by what they say, and seconds of a
    worker, by what they take."""

    def __init__(self, pixels: int, seconds: float) -> None:
        self.pixels = pixels
        self.seconds = seconds
        self._pixels_left = pixels
        self.seconds_left = seconds

    def covers(self, pixels: int) -> bool:
        """Take so many pixels out of it, if they are in it."""
        if pixels > self._pixels_left:
            return False
        self._pixels_left -= pixels
        return True


class Problem(StrEnum):
    """The codes that a problem's text starts with; they do not change."""

    EMPTY = "empty file"
    TOO_LARGE = "too many bytes"
    UNKNOWN_TYPE = "unknown media type"
    UNSUPPORTED_TYPE = "media type not supported"
    FALSE_TYPE = "false declared type"
    TOO_MANY_PIXELS = "too many pixels"
    TOO_MANY_FRAMES = "too many frames"
    TRUNCATED = "file is cut short"
    DAMAGED = "file is damaged"
    METADATA = "metadata too large"
    MEMORY = "not enough memory"
    TIME = "took too long"
    CRASHED = "decoder crashed"
    UNFINGERPRINTED = "could not be fingerprinted"
    PROFILE = "colour profile not usable"
    REDUCED = "decoded at a reduced size"
    UNAVAILABLE = "decoder not available"

    @property
    def harmless(self) -> bool:
        """Worth a note, but the picture was judged all the same."""
        return self in (Problem.FALSE_TYPE, Problem.PROFILE, Problem.REDUCED)

    def text(self, detail: str = "") -> str:
        return f"{self} ({detail})" if detail else str(self)


def code_of(problem: str) -> str:
    """The stable code at the start of a problem's text."""
    return problem.partition(" (")[0]


def at_part(part: str, problem: str) -> str:
    """A problem's text with the part that has it, as evaluations keep it."""
    return f"{part}: {problem}"


def leaves_unjudged(problem: str, passing: Sequence[str] = ()) -> bool:
    """Whether a problem with its part ("media/0: too many pixels (…)") kept the part from being
    judged; a false declared type, say, is worth a note and no more, and so is an address that is none,
    and what is about no part ("time-claim (…)").

    `passing` are the types that cannot be judged and need not be: "audio/ogg", "audio/*", or "*" for
    whatever has no picture in it, also what is of no known type.
    """
    code, _, detail = problem.partition(": ")[2].partition(" (")
    if code in _HARMLESS:
        return False
    if code == Problem.UNKNOWN_TYPE:
        return "*" not in passing
    if code != Problem.UNSUPPORTED_TYPE:
        return True
    return not {"*", detail[:-1], detail.partition("/")[0] + "/*"} & set(passing)


NOT_COMPARED = "cannot be compared"
"""The code of the problem of an address that nothing is known to look up by."""

_HARMLESS = frozenset(["", NOT_COMPARED, *(str(one) for one in Problem if one.harmless)])


def failed(problem: Problem, detail: str = "", content_type: str | None = None) -> Examined:
    """The answer for a file that could not be judged at all."""
    return Examined(content_type=content_type, problems=[problem.text(detail)], judged=False)
