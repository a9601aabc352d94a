"""What the banks turn away: poor codes, each with its reason, and nothing is written."""

import io
import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.api import Api
from tests.kinds import MoreKinds

from tidegate.signals.fingerprints import KINDS, of_text
from tidegate.signals.fingerprints.door import refuse_poor
from tidegate.signals.fingerprints.kind import Kind, hex_parser
from tidegate.signals.fingerprints.pixels import of_pixels
from tidegate.signals.model import Fingerprint

rng = random.Random(7)


NEAR = [name for name, kind in KINDS.items() if kind.hamming]


def with_ones(ones: int, bits: int = 256) -> bytes:
    """A code in which so many bits are set, anywhere."""
    return sum(1 << 255 - place for place in rng.sample(range(bits), ones)).to_bytes(32)


@pytest.mark.parametrize("name", NEAR)
def test_near_constant_codes_are_poor(name: str) -> None:
    kind = KINDS[name]
    few = kind.fewest - 1
    for ones in (0, 1, few, kind.bits - few, kind.bits - 1, kind.bits):
        reason = refuse_poor(Fingerprint(name, with_ones(ones, kind.bits)))
        assert reason is not None
        assert f"{ones} of {kind.bits}" in reason


@pytest.mark.parametrize("name", NEAR)
def test_codes_that_are_not_pass(name: str) -> None:
    kind = KINDS[name]
    for ones in (kind.fewest, kind.bits // 2, kind.bits - kind.fewest):
        assert refuse_poor(Fingerprint(name, with_ones(ones, kind.bits))) is None


def test_a_shorter_code_is_weighed_by_its_own_length(more_kinds: MoreKinds) -> None:
    """The rest of its 32 bytes is padding, and says nothing."""
    more_kinds(
        Kind(
            name="short",
            route="short",
            source="text",
            make=_none,
            parse=hex_parser(8),
            format=bytes.hex,
            bits=64,
            fewest=16,
        )
    )
    assert refuse_poor(Fingerprint("short", with_ones(32, 64))) is None
    reason = refuse_poor(Fingerprint("short", with_ones(60, 64)))
    assert reason is not None
    assert "60 of 64" in reason
    assert "16 to 48" in reason


def _none(contents: Sequence[str]) -> list[None]:
    return [None for _ in contents]


@given(st.integers(64, 192), st.integers(50, 100))
def test_other_codes_pass(ones: int, quality: int) -> None:
    assert refuse_poor(Fingerprint("pdq", with_ones(ones), quality)) is None


@pytest.mark.parametrize(("quality", "poor"), [(0, True), (49, True), (50, False), (None, False)])
def test_a_low_quality_is_poor(quality: int | None, poor: bool) -> None:
    reason = refuse_poor(Fingerprint("pdq", with_ones(128), quality))
    assert (reason is not None) == poor
    if reason is not None:
        assert str(quality) in reason


def test_exact_kinds_are_what_they_are() -> None:
    assert refuse_poor(Fingerprint("sha256", bytes(32))) is None


def test_what_real_content_gives_passes() -> None:
    y, x = np.mgrid[:200, :300]
    for step in (7, 20, 63):
        board = (((x // step) + (y // step)) % 2 * 255).astype(np.uint8)
        for code in of_pixels(np.ascontiguousarray(np.dstack([board] * 3))):
            assert refuse_poor(code) is None
    text = "a b c " * 3 + "the quick brown fox jumps over the lazy dog and then some more words"
    assert {refuse_poor(code) for code in of_text(text)} == {None}


@pytest.mark.parametrize(
    ("value", "quality", "reason"),
    [
        ("00" * 32, None, "0 of 256 bits"),
        ("ff" * 32, 100, "256 of 256 bits"),
        ("00" * 31 + "ff", None, "8 of 256 bits"),
        ("0f" * 32, 49, "quality 49 is below 50"),
    ],
)
def test_a_poor_code_is_refused_and_nothing_is_written(
    api: Api, value: str, quality: int | None, reason: str
) -> None:
    api.bank()
    before = api.count("ledger_pending")
    body = {"kind": "pdq", "value": value, "quality": quality, "confirmed": True}
    answer = api.post("/v1/banks/known/entries", body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/value"
    assert reason in answer.json()["detail"]
    assert api.count("entries") == 0
    assert api.count("ledger_pending") == before


def test_a_good_code_keeps_its_quality(api: Api) -> None:
    api.bank()
    body = {"kind": "pdq", "value": "0f" * 32, "quality": 88}
    answer = api.post("/v1/banks/known/entries", body)
    assert answer.status_code == 201
    assert answer.json()["fingerprints"] == [{"kind": "pdq", "value": "0f" * 32, "quality": 88}]


def test_a_quality_belongs_to_a_code(api: Api) -> None:
    api.bank()
    answer = api.post("/v1/banks/known/entries", {"text": "some words", "quality": 80})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/quality"
    assert api.count("entries") == 0


def test_a_flat_picture_is_known_by_its_bytes_alone(api: Api) -> None:
    api.bank()
    out = io.BytesIO()
    Image.new("RGB", (300, 200), (250, 250, 250)).save(out, "PNG")
    file = ("blank.png", out.getvalue(), "image/png")
    answer = api.post("/v1/banks/known/entries", files={"file": file})
    assert answer.status_code == 201, answer.text
    assert {one["kind"] for one in answer.json()["fingerprints"]} == {
        name for name, kind in KINDS.items() if kind.source == "bytes"
    }
    assert any("too flat" in problem for problem in answer.json()["problems"])
