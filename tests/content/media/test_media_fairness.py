"""One key's files, many, large or slow, wait for one another and keep nobody else's waiting."""

import asyncio
import base64
import io
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import hostile
import httpx
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.api import Api, item
from tests.waiting import until, until_async

from tidegate.content.media import pool as pool_module
from tidegate.content.media.extent import pixels_of
from tidegate.content.media.model import Budget, Examined, MediaLimits
from tidegate.content.media.pool import MediaPool
from tidegate.content.media.process import Patience
from tidegate.infra.errors import Refusal
from tidegate.pipeline.instance import Instance


def saved(image: Image.Image, format: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


SMALL = saved(Image.new("RGB", (30, 20), (60, 60, 60)))
LARGE = SLEEPER = saved(hostile.picture_of(hostile.sleep_for_ever))
PIXELS = hostile.TRAP[0] * hostile.TRAP[1]
PATIENT = MediaLimits(wall_seconds=3600, quick_seconds=3600, large_pixels=PIXELS)


@asynccontextmanager
async def opened(limits: MediaLimits, most: int = 100) -> AsyncGenerator[MediaPool]:
    pool = MediaPool(
        "hostile:of_pixels", hostile.anything, workers=2, limits=limits, max_waiting=most
    )
    await asyncio.to_thread(pool.start)
    try:
        yield pool
    finally:
        await asyncio.to_thread(pool.close)


async def sent(pool: MediaPool, data: bytes, count: int) -> list[asyncio.Task[Examined]]:
    """Files of the key `flood`, which wait or are in work when this returns."""
    entered = asyncio.Event()

    async def examine() -> Examined:
        entered.set()
        return await pool.examine(data, key="flood")

    tasks = [asyncio.create_task(examine()) for _ in range(count)]
    await entered.wait()
    return tasks


def test_large_files_of_one_key_leave_a_worker_to_the_others() -> None:
    async def main() -> None:
        async with opened(PATIENT) as pool:
            flood = await sent(pool, LARGE, 8)
            await until_async(lambda: pool.waiting == 7, "the first to be begun")
            [own] = await sent(pool, SMALL, 1)
            for key in ("other", "", "other"):
                assert (await pool.examine(SMALL, key=key)).judged
            assert (await own).judged
            assert pool.waiting == 7
            assert not any(task.done() for task in flood)

    asyncio.run(main())


def test_files_that_turn_out_slow_are_begun_anew_among_the_large_once_others_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quick = iter([0.0, 0.0])  # for the first two, and no time is long for those who come after

    def patience(
        seconds: float, limit: float | None = None, *others: Callable[[], bool]
    ) -> Patience:
        return Patience(seconds, None if limit is None else next(quick, limit), *others)

    monkeypatch.setattr(pool_module, "Patience", patience)

    async def main() -> None:
        async with opened(msgspec.structs.replace(PATIENT, large_pixels=1 << 40)) as pool:
            flood = await sent(pool, SLEEPER, 6)
            await until_async(lambda: pool.waiting == 4, "both workers to be busy")
            for _ in range(3):
                assert (await pool.examine(SMALL, key="other")).judged
            assert not any(task.done() for task in flood)
            assert pool.replaced <= 2

    asyncio.run(main())


def test_too_many_files_of_one_key_are_no_reason_to_refuse_anothers() -> None:
    async def main() -> None:
        async with opened(PATIENT, most=2) as pool:
            flood = await sent(pool, LARGE, 1)
            await until_async(lambda: pool.waiting == 0, "the first to be begun")
            flood += await sent(pool, LARGE, 2)
            await until_async(lambda: pool.waiting == 2, "two to wait")
            with pytest.raises(Refusal) as refusal:
                await pool.examine(SMALL, key="flood")
            assert (refusal.value.type, refusal.value.status) == ("media-busy", 503)
            assert (await pool.examine(SMALL, key="other")).judged

    asyncio.run(main())


def test_the_files_of_a_post_have_a_budget_of_pixels() -> None:
    async def main() -> list[Examined]:
        async with opened(MediaLimits()) as pool:
            budget = Budget(pixels=1300, seconds=60)
            return [await pool.examine(one, budget=budget) for one in (SMALL, SMALL, SMALL)]

    *judged, last = asyncio.run(main())
    assert all(one.judged for one in judged)
    assert last.problems == ["too many pixels (in all files together, limit 1300)"]
    assert not last.judged
    assert last.content_type == "image/png"


def test_the_files_of_a_post_have_a_budget_of_seconds() -> None:
    async def main() -> list[Examined]:
        async with opened(PATIENT) as pool:
            budget = Budget(pixels=1 << 40, seconds=0.4)
            files = (SLEEPER, SMALL, SMALL)
            return [await pool.examine(one, budget=budget) for one in files]

    seen = asyncio.run(main())
    assert not any(one.judged for one in seen)
    assert [one.problems[0].partition(" (")[0] for one in seen] == ["took too long"] * 3
    assert seen[1].problems == ["took too long (all files together, stopped after 0.4 s)"]


def posted(api: Api, key: str, id: str, *files: bytes) -> httpx.Response:
    media = [{"data": base64.b64encode(one).decode()} for one in files]
    return api.post("/v1/items", item(id, media=media), key=key)


def test_the_files_of_a_post_wait_in_the_queue_of_its_key_and_within_its_budget(
    api: Api, instance: Instance
) -> None:
    instance.media.close()
    instance.media = pool = MediaPool(
        "hostile:of_pixels", lambda *code: False, limits=PATIENT, max_waiting=15
    )
    instance.settings = msgspec.structs.replace(
        instance.settings, media_post_pixels=8 * PIXELS, media_post_seconds=3600
    )
    flooding, other = (api.key("items:write", name=name) for name in ("flooding", "other"))
    with ThreadPoolExecutor(2) as threads:
        flood = [
            threads.submit(posted, api, flooding, f"flood-{n}", *[LARGE] * 9) for n in range(2)
        ]
        until(lambda: pool.waiting == 15, "sixteen files, of which one is in work")
        assert posted(api, flooding, "one-more", SMALL).status_code == 503
        assert posted(api, other, "another", b"no picture").status_code == 200
        assert not any(one.done() for one in flood)
        pool.close()
        for one in flood:
            answer = one.result().json()
            assert answer["verdict"] == "review"
            problem = f"media/8: too many pixels (in all files together, limit {8 * PIXELS})"
            assert problem in answer["evaluation"]["problems"]


FORMATS: list[tuple[str, dict[str, object]]] = [
    ("PNG", {}),
    ("GIF", {}),
    ("BMP", {}),
    ("WEBP", {}),
    ("WEBP", {"lossless": True}),
    ("WEBP", {"exif": b"Exif\0\0MM\0*"}),
    ("JPEG", {"progressive": True}),
    ("JPEG", {"exif": b"Exif\0\0MM\0*" + bytes(3000)}),
    ("TIFF", {"compression": "tiff_deflate"}),
    ("AVIF", {}),
]


@pytest.mark.parametrize(("format", "options"), FORMATS)
def test_a_picture_says_how_large_it_is(format: str, options: dict[str, object]) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (37, 301, 3), np.uint8)
    data = saved(Image.fromarray(noise), format, **options)
    assert pixels_of(data) == 37 * 301
    for cut in range(40):
        assert pixels_of(data[:cut]) in (None, 37 * 301)


HEADS: list[Callable[[], bytes]] = [
    lambda: b"\xff\xd8" + b"\xff" * (1 << 22),
    lambda: b"\xff\xd8\xff" + b"\xe0\0\x02\xff" * (1 << 20),
    lambda: b"II*\0" + b"\x08\0\0\0" + b"\xff" * (1 << 20),
    lambda: b"II*\0" + b"\xff\xff\xff\xff",
    lambda: b"\0\0\0\x1cftypavif" + b"ispe" * (1 << 20),
    lambda: b"II+\0" + bytes(100),
]


@pytest.mark.parametrize("head", HEADS)
def test_a_header_without_end_is_not_followed(head: Callable[[], bytes]) -> None:
    found = pixels_of(head())
    assert found is None or found >= 0


@given(st.sampled_from(FORMATS), st.data())
@settings(max_examples=150, deadline=None)
def test_any_damage_to_a_header_gives_a_number_or_none(
    form: tuple[str, dict[str, object]], data: st.DataObject
) -> None:
    whole = bytearray(saved(Image.new("RGB", (20, 10)), form[0], **form[1]))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, min(len(whole), 80) - 1))] = data.draw(st.integers(0, 255))
    found = pixels_of(bytes(whole))
    assert found is None or found >= 0
