"""Lists read in bulk say what the same lines say one by one, however they come in pieces."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tidegate.signals.lists import pdq_bulk
from tidegate.signals.lists.pdq import is_header, parse_line
from tidegate.signals.lists.pdq_bulk import looks_like_codes, read_codes

CODE = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"

digits = st.text("0123456789abcdefABCDEF", min_size=64, max_size=64)
tails = st.one_of(
    st.just(""),
    st.integers(-1, 120).map(lambda quality: f",{quality}"),
    st.sampled_from([",", ",,", ",50,a,b", ", 7 ,x", ",1000", ",1e1", ";5", " ", ",007", ",\xff,"]),
)
lines = st.one_of(
    st.tuples(digits, tails).map("".join),
    st.tuples(st.sampled_from(["", " ", "\t"]), digits, tails).map("".join),
    digits.map(lambda code: code[:63]),
    digits.map(lambda code: f"{code[:30]}g{code[31:]}"),
    st.sampled_from(["", "  ", "hash,quality", "\ufeff" + CODE, "x", CODE + "00"]),
)


class Pieces:
    """A source that gives as much as it likes."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        self._data, self._sizes = data, sizes

    def read1(self, size: int = -1, /) -> bytes:
        size = self._sizes.pop() if self._sizes else size
        piece, self._data = self._data[:size], self._data[size:]
        return piece


def one_by_one(data: bytes) -> tuple[list[tuple[int, bytes, int]], list[int]]:
    codes, bad = [], []
    for number, raw in enumerate(data.split(b"\n"), 1):
        text = raw.decode("utf-8", "replace").removeprefix("\ufeff").strip()
        if not text or (not codes and not bad and is_header(text)):
            continue
        try:
            code, quality = parse_line(text)
        except ValueError:
            bad.append(number)
        else:
            codes.append((number, code, -1 if quality is None else quality))
    return codes, bad


@settings(deadline=None)
@given(
    st.lists(st.tuples(lines, st.sampled_from(["\n", "\r\n"])), max_size=12),
    st.lists(st.integers(1, 200), max_size=6),
    st.booleans(),
)
@example([("hash,quality", "\n"), (CODE, "\n")], [], True)
@example([("", "\n"), ("hash,quality", "\n")], [], True)
def test_in_bulk_as_one_by_one(
    written: list[tuple[str, str]], sizes: list[int], ended: bool
) -> None:
    text = "".join(line + end for line, end in written)
    data = (text if ended else text.rstrip("\r\n")).encode()
    blocks = list(read_codes(Pieces(data, sizes)))
    codes = [
        (int(number), code.tobytes(), int(quality))
        for block in blocks
        for number, code, quality in zip(block.numbers, block.codes, block.quality, strict=True)
    ]
    expected, bad = one_by_one(data)
    assert codes == expected
    assert [line.number for block in blocks for line in block.bad] == bad
    assert sum(block.size for block in blocks) == len(data)


def test_a_line_without_an_end_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdq_bulk, "_BLOCK", 1000)
    data = b"x" * 10_500 + b"\n" + CODE.encode()
    blocks = list(read_codes(Pieces(data, [])))
    assert max(block.size for block in blocks) <= 2000
    assert {line.number for block in blocks for line in block.bad} == {1}
    assert [number for block in blocks for number in block.numbers] == [2]


def test_what_is_meant_as_a_list() -> None:
    for text in (
        CODE,
        CODE.upper() + ",99\n",
        "\n\n" + CODE,
        "\ufeff" + CODE,
        "hash,quality\n" + CODE,
        "not a code\n" + CODE,  # to be told so
        CODE[:-1] + "\n",
        CODE + "00\n",
    ):
        assert looks_like_codes(text.encode()), text
    for data in (b"", b"\n", b"Join us on Friday", b"cafe,babe\n", b"\x89PNG\r\n\x1a\n"):
        assert not looks_like_codes(data), data
