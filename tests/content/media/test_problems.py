"""Which problems leave a file unjudged, and which of these a pack lets pass."""

import pytest

from tidegate.content.media.model import Problem, at_part, leaves_unjudged

SOUND = at_part("media/0", Problem.UNSUPPORTED_TYPE.text("audio/ogg"))
DRAWING = at_part("media/1", Problem.UNSUPPORTED_TYPE.text("image/svg+xml"))
UNKNOWN = at_part("media/0", Problem.UNKNOWN_TYPE.text("declared as audio/ogg"))
DAMAGED = at_part("media/0", Problem.DAMAGED.text("audio/ogg"))


@pytest.mark.parametrize(
    ("passing", "left"),
    [
        ([], [SOUND, DRAWING, UNKNOWN, DAMAGED]),
        (["audio/ogg"], [DRAWING, UNKNOWN, DAMAGED]),
        (["audio/*"], [DRAWING, UNKNOWN, DAMAGED]),
        (["video/*", "image/svg+xml"], [SOUND, UNKNOWN, DAMAGED]),
        (["*"], [DAMAGED]),
    ],
)
def test_what_passes_is_what_the_pack_names(passing: list[str], left: list[str]) -> None:
    all_of_them = [SOUND, DRAWING, UNKNOWN, DAMAGED]
    assert [one for one in all_of_them if leaves_unjudged(one, passing)] == left


@pytest.mark.parametrize("problem", [one for one in Problem if one.harmless])
def test_a_note_leaves_nothing_unjudged(problem: Problem) -> None:
    assert not leaves_unjudged(at_part("media/0", problem.text("a detail")))
