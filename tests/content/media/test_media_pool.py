"""The door to decoding: what callers get, whatever they hand in."""

import asyncio
import io
from collections.abc import Iterator

import hostile
import pytest
from PIL import Image
from tests.waiting import until_async

from tidegate.content.media.diagnosis import diagnose, findings
from tidegate.content.media.examining import examine
from tidegate.content.media.formats import samples
from tidegate.content.media.model import Examined, MediaLimits, Problem, code_of
from tidegate.content.media.pool import MediaPool
from tidegate.content.media.sandbox import Protections
from tidegate.infra.errors import Refusal


def saved(image: Image.Image, format: str = "PNG") -> bytes:
    out = io.BytesIO()
    image.save(out, format)
    return out.getvalue()


GREEN = saved(Image.new("RGB", (30, 20), (60, 60, 60)))
SLEEPER = saved(hostile.picture_of(hostile.sleep_for_ever))


@pytest.fixture(scope="module")
def pool() -> Iterator[MediaPool]:
    limits = MediaLimits(max_bytes=100_000, max_pixels=1_000_000)
    pool = MediaPool("hostile:of_pixels", hostile.anything, workers=2, limits=limits)
    pool.start()
    yield pool
    pool.close()


def test_files_are_examined_side_by_side(pool: MediaPool) -> None:
    shades = [saved(Image.new("RGB", (9, 9), (n, n, n))) for n in range(50)]

    async def main() -> list[bytes]:
        seen = await asyncio.gather(*[pool.examine(shade) for shade in shades])
        return [one.codes[0].value for one in seen]

    assert asyncio.run(main()) == [bytes([n]) for n in range(50)]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "empty file"),
        (b"x" * 100_001, "too many bytes (100001, limit 100000)"),
        (b"\xff\xd8\xff" + b"x" * 200_000, "too many bytes (200003, limit 100000)"),
        (b"x" * 1000, "unknown media type (declared as image/png)"),
        (saved(Image.new("1", (2000, 1000))), "too many pixels (2000 x 1000, limit 1000000)"),
    ],
)
def test_bad_files_are_answered(pool: MediaPool, data: bytes, problem: str) -> None:
    seen = pool.examine_blocking(data, "image/png")
    assert seen.problems[-1] == problem
    assert not seen.judged
    assert pool.replaced == 0


def test_a_claim_by_file_name_counts_where_no_type_is_declared(pool: MediaPool) -> None:
    assert pool.examine_blocking(GREEN, None, "a.png").problems == []
    [note] = pool.examine_blocking(GREEN, "", "a.jpg").problems
    assert code_of(note) == Problem.FALSE_TYPE


def test_every_format_is_decoded_in_the_sandbox(pool: MediaPool) -> None:
    """Its libraries may not start threads, open files or map executable memory there."""
    for one in samples():
        here = examine(one, None, MediaLimits(), hostile.of_pixels)
        assert here.judged
        assert here.codes
        assert pool.examine_blocking(one) == here
        assert asyncio.run(pool.preview(one, 16)) is not None
    assert pool.replaced == 0


def test_previews_come_from_the_sandbox(pool: MediaPool) -> None:
    drawn = asyncio.run(pool.preview(GREEN, 16, blur=True))
    assert drawn is not None
    assert Image.open(io.BytesIO(drawn)).size == (16, 11)
    assert asyncio.run(pool.preview(b"no picture")) is None
    assert asyncio.run(pool.preview(b"")) is None


def test_a_decoder_that_cannot_start_says_why() -> None:
    with pytest.raises(RuntimeError, match="No module named 'no_such_module'"):
        MediaPool("no_such_module:of_pixels", hostile.anything, workers=1).start()


def test_too_many_waiting_files_are_refused_and_closing_answers_the_rest() -> None:
    pool = MediaPool("hostile:of_pixels", hostile.anything, workers=1, max_waiting=1)

    async def main() -> None:
        pool.start()
        entered = asyncio.Event()

        async def examine() -> Examined:
            entered.set()
            return await pool.examine(SLEEPER)

        first = asyncio.create_task(examine())
        await entered.wait()
        await until_async(lambda: not pool.waiting, "the worker to take the first file")
        second = asyncio.create_task(pool.examine(GREEN))
        await until_async(lambda: pool.waiting == 1, "the second file to wait")
        with pytest.raises(Refusal) as refusal:
            await pool.examine(GREEN)
        assert (refusal.value.type, refusal.value.status) == ("media-busy", 503)
        await asyncio.to_thread(pool.close)
        assert (await first).problems == ["decoder crashed (signal 9)"]
        assert (await second).problems == ["decoder not available (shutting down)"]

    asyncio.run(main())


def test_the_doctor_names_every_layer() -> None:
    found = {finding.name: finding for finding in diagnose()}
    assert found["media decoder"].ok
    assert len(found) == 8


def test_a_missing_layer_comes_with_its_remedy() -> None:
    nothing = Protections(
        uid=0,
        own_uid=False,
        limits=False,
        own_network=False,
        no_capabilities=False,
        no_new_privileges=False,
        undumpable=False,
        dies_with_parent=False,
        landlock=0,
        seccomp=False,
    )
    for finding in findings(nothing):
        assert not finding.ok
        assert finding.mend
