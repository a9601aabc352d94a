"""A sealed file is read as it was written, or refused in so many words: never otherwise, whatever it
holds."""

import struct
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.signals.index.segment import (
    BLOCK,
    BadSegment,
    Segment,
    Shape,
    new_segment,
    open_segment,
)

ARRAYS = st.dictionaries(
    st.text("abc/", min_size=1, max_size=8),
    st.tuples(st.sampled_from(["u1", "u2", "u4", "u8", "i8"]), st.integers(0, 3000)),
    max_size=5,
)


def written(path: Path, arrays: dict[str, tuple[str, int]]) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    contents = {
        name: rng.integers(0, 200, count).astype("<" + kind)
        for name, (kind, count) in arrays.items()
    }
    shapes = {name: Shape(kind, (count,)) for name, (kind, count) in arrays.items()}
    with new_segment(path, shapes, {"identity": "here"}) as places:
        for name, content in contents.items():
            places[name][...] = content
    return contents


def same(segment: Segment, contents: dict[str, np.ndarray]) -> bool:
    return segment.arrays.keys() == contents.keys() and all(
        np.array_equal(segment.arrays[name], content) for name, content in contents.items()
    )


@given(ARRAYS)
@settings(deadline=None, max_examples=50)
def test_what_was_written_is_read(arrays: dict[str, tuple[str, int]]) -> None:
    with TemporaryDirectory() as place:
        path = Path(place) / "one.segment"
        contents = written(path, arrays)
        segment = open_segment(path)
        assert same(segment, contents)
        assert segment.attributes == {"identity": "here"}
        assert segment.verify(contents)
        assert [one.name for one in Path(place).iterdir()] == ["one.segment"]


CHANGES = st.one_of(
    st.tuples(st.just("flip"), st.integers(0), st.integers(0, 7)),
    st.tuples(st.just("cut"), st.integers(0), st.just(0)),
    st.tuples(st.just("grow"), st.integers(1, 5000), st.integers(0, 255)),
    st.tuples(st.just("zero"), st.integers(0), st.integers(1, 300)),
)


@given(ARRAYS, st.lists(CHANGES, min_size=1, max_size=3), st.booleans())
@settings(deadline=None, max_examples=300)
def test_a_changed_file_is_refused_or_found_out_or_says_the_same(
    arrays: dict[str, tuple[str, int]], changes: list[tuple[str, int, int]], at_end: bool
) -> None:
    with TemporaryDirectory() as place:
        path = Path(place) / "one.segment"
        contents = written(path, arrays)
        data = bytearray(path.read_bytes())
        for what, where, more in changes:
            # The header and the footer are small beside the sections, and matter most.
            at = -1 - where % min(len(data), 600) if at_end else where % len(data)
            match what:
                case "flip":
                    data[at] ^= 1 << more
                case "cut":
                    data = data[:at]
                case "grow":
                    data += bytes([more]) * where
                case _:
                    data[at : at + more if at + more else None] = bytes(
                        len(data[at : at + more if at + more else None])
                    )
            if not data:
                break
        path.write_bytes(data)
        try:
            segment = open_segment(path)
        except BadSegment:
            return
        assert not segment.verify(contents) or same(segment, contents)


@pytest.mark.parametrize(
    "section",
    [
        {"name": "a", "kind": "u8", "shape": [1 << 62, 4], "offset": 4096},
        {"name": "a", "kind": "u8", "shape": [-1], "offset": 4096},
        {"name": "a", "kind": "u8", "shape": [], "offset": 4096},
        {"name": "a", "kind": "O8", "shape": [1], "offset": 4096},
        {"name": "a", "kind": "u8", "shape": [1], "offset": 0},
        {"name": "a", "kind": "u8", "shape": [600], "offset": 4096},
    ],
)
def test_a_section_that_would_lead_outside_is_refused(tmp_path: Path, section: dict) -> None:
    """By a file with all checksums right: one that was made to harm."""
    import msgspec

    path = tmp_path / "hostile"
    body = msgspec.json.encode({"version": 2, "sections": [section], "attributes": {}})
    whole = 8192
    sums = struct.pack("<I", 0)
    length = whole + len(sums) + len(body) + 12
    header = struct.pack("<16sQQ", b"tidegate segment", length, whole)
    header += struct.pack("<I", zlib.crc32(header))
    tail = struct.pack("<QI", len(body), zlib.crc32(sums + body))
    path.write_bytes(header.ljust(whole, b"\0") + sums + body + tail)
    with pytest.raises(BadSegment, match="outside of itself"):
        open_segment(path)


def test_a_file_that_could_not_be_finished_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), new_segment(tmp_path / "x", {"a": Shape("u8", (9,))}, {}):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_blocks_are_those_of_the_section(tmp_path: Path) -> None:
    written(tmp_path / "x", {"a": ("u1", BLOCK), "b": ("u8", 3 * BLOCK // 8)})
    segment = open_segment(tmp_path / "x")
    assert segment.blocks("a") == range(0, 2)
    assert segment.blocks("b") == range(1, 5)
