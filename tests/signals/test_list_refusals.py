"""Lists that would be taken for what they are not are refused with what to put on top; their advice works."""

import pytest

from tidegate.signals.lists import opened

PDQ = [f"{'0f' * 30}{n:04x}" for n in range(2)]
HEX = [f"{'9c' * 24}{n:016x}" for n in range(5)]


def told(*lines: str) -> str:
    with pytest.raises(ValueError, match="header") as refused:
        opened("\n".join([*lines, ""]).encode())
    return str(refused.value)


@pytest.mark.parametrize(
    ("lines", "header"),
    [
        (['"https://x.example/1","a note"'], "`url,note`"),
        (["https://x.example/1;spam", "https://x.example/2;bad"], "`url;note`"),
        (["https://x.example/1,2026-01-01", "https://x.example/2,2026-01-02"], "`url,note`"),
        (["tg://resolve?domain=some", "tg://resolve?domain=other"], "`address`"),
        (["joe[at]bad[.]example", "ann(at)bad.example"], "`address`"),
        (["mailto:joe@bad.example"], "`address`"),
    ],
)
def test_the_line_to_add_is_told_and_takes_the_list_whole(lines: list[str], header: str) -> None:
    assert header in told(*lines)
    data = "\n".join([header.strip("`"), *lines]).encode()
    reading = opened(data)[1]
    for line in lines:
        assert reading.parse(line.encode()).fingerprints


def test_codes_beside_each_other_are_told_to_be_put_one_below_the_other() -> None:
    assert "each value on a line of its own" in told(",".join(HEX))


@pytest.mark.parametrize(
    "lines",
    [
        ["https://x.example/1,", "https://x.example/2,"],
        ["https://x.example/1;v=1", "https://x.example/2;v=2"],
        ["https://x.example/1;a", "https://x.example/2"],
    ],
)
def test_what_may_be_part_of_an_address_is(lines: list[str]) -> None:
    assert opened("\n".join(lines).encode())[0].name == "addresses"


@pytest.mark.parametrize("header", ["pdq_hash,note", "PDQ_HASH;NOTE", "pdq_hash\tfilename"])
def test_other_columns_than_a_quality_are_read_by_their_names(header: str) -> None:
    mark = next(one for one in ",;\t" if one in header)
    format, reading = opened("\n".join([header, f"{PDQ[0]}{mark}words"]).encode())
    entry = reading.parse(f"{PDQ[0]}{mark}words".encode())
    assert format.name == "csv"
    assert [one.kind for one in entry.fingerprints] == ["pdq"]
