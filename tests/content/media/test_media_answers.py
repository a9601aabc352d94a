"""The server takes from a decoder what pixels give, and nothing else."""

import io
from collections.abc import Iterator

import forger
import msgspec
import pytest
from PIL import Image

from tidegate.content.media.answers import amiss
from tidegate.content.media.model import Examined, MediaLimits, ViewCode
from tidegate.content.media.pool import MediaPool
from tidegate.content.parts import SEEN, View
from tidegate.signals.fingerprints.pixels import can_be

HONEST = len(forger.LIES)


def picture(red: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (9, 11), (red, 0, 0)).save(out, "PNG")
    return out.getvalue()


@pytest.fixture(scope="module")
def pool() -> Iterator[MediaPool]:
    pool = MediaPool("forger:of_pixels", can_be, workers=1)
    pool.start()
    yield pool
    pool.close()


@pytest.mark.parametrize("lie", forger.LIES)
def test_what_pixels_cannot_give_is_the_problem_of_that_file_alone(
    pool: MediaPool, lie: str
) -> None:
    seen = pool.examine_blocking(picture(list(forger.LIES).index(lie)))
    assert (seen.codes, seen.judged) == ([], False)
    assert [one.partition(" (")[0] for one in seen.problems] == ["decoder crashed"]
    after = pool.examine_blocking(picture(HONEST))
    assert (after.codes, after.judged) == ([ViewCode("pdq", b"t" * 32, 100)], True)


TRUE = Examined(
    content_type="image/png", width=9, height=11, frames=1, codes=[ViewCode("pdq", b"t" * 32, 100)]
)


@pytest.mark.parametrize(
    "lie",
    [
        {"content_type": "text/html"},
        {"content_type": None},
        {"width": -1},
        {"height": 1 << 40},
        {"frames": -1},
        {"frames": 10**9},
        {"codes": [ViewCode("pdq", b"t" * 32, 100, frame=5000)]},
        {"codes": [ViewCode("pdq", b"t" * 32, 100, frame=1)]},
        {"codes": [ViewCode("pdq", b"t" * 32)]},
        {"codes": [ViewCode("pdq", b"t" * 32, 1)]},
        {"codes": [ViewCode("pdq", n.to_bytes(32), 100) for n in range(65)]},
        {"codes": [ViewCode("pdq", b"t" * 32, 100, frame=1000)], "frames": 1001},
        {"codes": [], "width": None, "height": None},
        {"codes": [], "frames": 0},
        {"problems": ["all is well"]},
        {"problems": ["file is cut short"]},
        {"judged": False},
        {"frames": 2, "codes": [ViewCode("pdq", b"t" * 32, 100, "stored", frame=1)]},
        {"frames": 2, "codes": [ViewCode("pdq", b"t" * 32, 100, "peer", frame=1)]},
        {"codes": [ViewCode("pdq", b"t" * 32, 100, "reduced")]},
        {"width": 9000, "height": 9000},
    ],
)
def test_a_picture_is_not_what_a_decoder_says_it_is(lie: dict[str, object]) -> None:
    limits, data = MediaLimits(), picture(HONEST)
    assert amiss(TRUE, data, limits, can_be) is None
    assert amiss(msgspec.structs.replace(TRUE, **lie), data, limits, can_be) is not None


def test_a_decoder_may_say_what_a_file_shows() -> None:
    views: list[View] = ["", "dark", "stored", "peer"]
    codes = [ViewCode("pdq", bytes([n]) * 32, 100, view) for n, view in enumerate(views)]
    codes += [ViewCode("pdq", b"f" * 32, 100, view, 7) for view in SEEN]
    limits, data = MediaLimits(), picture(HONEST)
    said = msgspec.structs.replace(TRUE, frames=8, codes=codes)
    assert amiss(said, data, limits, can_be) is None
    large = [ViewCode("pdq", b"t" * 32, 100, "reduced")]
    said = msgspec.structs.replace(TRUE, width=9000, height=9000, codes=large)
    assert amiss(said, data, limits, can_be) is None
