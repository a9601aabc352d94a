"""Lists in every format: what is read is what was written, and no bad line harms its neighbours."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kinds import HEX, size_of

from tidegate.signals.entry import ListEntry
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.lists import FORMATS, array, recognise
from tidegate.signals.lists.format import Broken, Read, read
from tidegate.signals.lists.pdq import is_header, parse_line
from tidegate.signals.lists.table import records
from tidegate.signals.model import DERIVED, Fingerprint, digest

PDQ = "d8f8f0cee0f4a84f0637022a078f67f0b36e2ed596621e1d33e6339c4e9c9b22"
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
MD5 = "098f6bcd4621d373cade4e832627b4f6"

texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12
)


def codes(kind: str) -> st.SearchStrategy[Fingerprint]:
    """Codes that the door lets in."""
    quality = st.none() | st.integers(50, 100) if KINDS[kind].min_quality else st.none()
    size = size_of(KINDS[kind])
    own = KINDS[kind].bits // 8 or size  # the rest is padding
    value = st.permutations([0x0F, 0xF0] * (own // 2)).map(
        lambda some: bytes(some).ljust(size, b"\0")
    )
    return st.builds(Fingerprint, st.just(kind), value, quality)


contents = st.lists(st.sampled_from(HEX), min_size=1, max_size=3, unique=True).flatmap(
    lambda kinds: st.tuples(*(codes(kind) for kind in sorted(kinds)))
)
entries = st.builds(
    ListEntry,
    fingerprints=contents,
    labels=st.none() | st.lists(texts, max_size=3),
    provenance=st.none()
    | texts
    | st.dictionaries(texts, texts | st.integers(0, 9), min_size=1, max_size=2),
    note=st.none() | texts,
    confidence=st.none() | st.integers(0, 100),
    state=st.sampled_from(["unconfirmed", "confirmed", "refuted"]),
    enabled=st.booleans(),
    disabled_until=st.none()
    | st.datetimes(datetime(1970, 1, 1), datetime(9998, 1, 1), timezones=st.just(UTC)),
    text=st.none() | texts,
)


def read_all(data: bytes, name: str | None = None) -> list[Read]:
    format = FORMATS[name] if name else recognise(data)
    assert format is not None
    return list(read(format.open(data), io.BytesIO(data)))


def entries_of(found: Sequence[Read]) -> list[ListEntry]:
    assert [one.problem or one.skipped for one in found if one.entry is None] == []
    return [one.entry for one in found if one.entry is not None]


def by_kind(entry: ListEntry) -> Any:
    place = list(KINDS).index
    return sorted(entry.fingerprints, key=lambda one: place(one.kind))


def written(name: str, given: Sequence[ListEntry]) -> bytes:
    format = FORMATS[name]
    assert format.write is not None
    return (format.heading + "".join(line for one in given for line in format.write(one))).encode()


@settings(max_examples=50, deadline=None)
@given(st.lists(entries, min_size=1, max_size=4))
def test_what_is_written_as_ndjson_is_read_as_the_same(given: list[ListEntry]) -> None:
    data = written("ndjson", given)
    found = entries_of(read_all(data))
    assert [list(one.fingerprints) for one in found] == [list(one.fingerprints) for one in given]
    plain = [[getattr(one, name) for name in ListEntry.__struct_fields__[1:]] for one in found]
    assert plain == [
        [getattr(one, name) for name in ListEntry.__struct_fields__[1:]] for one in given
    ]


@settings(max_examples=50, deadline=None)
@given(st.lists(entries, min_size=1, max_size=4))
def test_what_is_written_as_csv_is_read_as_the_same(given: list[ListEntry]) -> None:
    data = written("csv", given)
    found = entries_of(read_all(data, "csv"))
    assert [by_kind(one) for one in found] == [by_kind(one) for one in given]
    for name in ListEntry.__struct_fields__[1:]:
        assert [getattr(one, name) for one in found] == [getattr(one, name) for one in given], name


@settings(max_examples=50, deadline=None)
@given(st.lists(entries, max_size=3))
def test_no_cell_of_a_spreadsheet_is_a_formula(given: list[ListEntry]) -> None:
    rows = csv.reader(io.StringIO(written("csv", given).decode(), newline=""))
    assert [cell for row in rows for cell in row if cell[:1] in ("=", "+", "-", "@", "\t")] == []


@settings(deadline=None)
@given(
    st.lists(
        st.lists(st.text(st.sampled_from('ab", \n\r'), max_size=5), min_size=2, max_size=2),
        max_size=6,
    )
)
def test_the_records_of_a_table_are_those_of_the_csv_module(rows: list[list[str]]) -> None:
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    expected: list[tuple[int, list[str]]] = []
    for row in rows:
        expected.append((table.getvalue().count("\n") + 1, row))
        writer.writerow(row)
    data = table.getvalue().encode()
    found = list(records(",")(io.BytesIO(data), 0, 0))
    assert [one.number for one in found] == [number for number, _ in expected]
    parsed = [next(csv.reader([(one.data or b"").decode()], strict=True)) for one in found]
    assert parsed == [row for _, row in expected]
    assert b"".join(one.data or b"" for one in found) == data


def test_a_quote_that_is_never_closed_costs_its_own_line_only() -> None:
    lines = [
        "pdq,note",
        f'{PDQ},"open',
        f'{PDQ},"closed, ""so"""',
        f'{PDQ},in "the" middle',
        f'{PDQ},"over\ntwo lines"',
        f"{PDQ},last",
    ]
    found = read_all("\n".join(lines).encode())
    assert [(one.number, one.problem is None) for one in found] == [
        (2, False),
        (3, True),
        (4, True),
        (5, True),
        (7, True),
    ]
    assert [one.entry.note for one in found if one.entry] == [
        'closed, "so"',
        'in "the" middle',
        "over\ntwo lines",
        "last",
    ]


values = st.recursive(
    st.none() | st.integers() | st.text(st.sampled_from('a"\\{}[],: ü\n'), max_size=6),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@settings(deadline=None)
@given(
    st.lists(st.dictionaries(st.text(max_size=4), values, max_size=3), max_size=5),
    st.sampled_from([None, 1]),
    st.booleans(),
    st.integers(40, 70),
)
def test_the_elements_of_an_array_are_those_of_json(
    given: list[dict[str, Any]], indent: int | None, wrapped: bool, chunk: int
) -> None:
    whole = {"count": 3, "results": given, "next": None} if wrapped else given
    data = json.dumps(whole, indent=indent, ensure_ascii=False).encode()
    patch = pytest.MonkeyPatch()
    patch.setattr(array, "_CHUNK", chunk)
    with patch.context():
        found = list(array.elements(io.BytesIO(data), 0, 0))
        assert [json.loads(one.data or b"") for one in found] == given
        assert [one.number for one in found] == list(range(1, len(given) + 1))
        for place, one in enumerate(found):
            file = io.BytesIO(data)
            file.seek(one.end)
            assert list(array.elements(file, one.end, one.number)) == found[place + 1 :]
    patch.undo()


@pytest.mark.parametrize(
    "data",
    [
        f'[{{"hash_digest": "{MD5}", "algorithm": "MD5"}}, {{"hash_digest": "{MD5}", "alg'.encode(),
        f'[{{"hash_digest": "{MD5}", "algorithm": "MD5"}}'.encode(),
        f'[{{"hash_digest": "{MD5}", "algorithm": "MD5"}}, oops]'.encode(),
    ],
)
def test_an_array_that_was_cut_short_is_told_and_what_came_before_stands(data: bytes) -> None:
    found = read(FORMATS["tat"].open(data), io.BytesIO(data))
    assert next(found).entry is not None
    with pytest.raises(Broken) as broken:
        next(found)
    assert broken.value.number == 2


SOUND = {
    "ndjson": [
        f'{{"kind": "pdq", "value": "{PDQ}"}}',
        f'{{"kind": "sha256", "value": "{SHA256}"}}',
        '{"url": "https://example.org/a?b=c"}',
    ],
    "csv": ["sha256,note", f"{SHA256},one", f'{SHA256},"two\nlines"', f"{SHA256},"],
    "pdq": ["hash,quality", f"{PDQ},100", PDQ.upper(), f"{PDQ},50,more,columns"],
    "threatexchange": [f"pdq {PDQ}", f"video_md5 {MD5}", "url https://example.org/"],
    "digests": [f"{MD5}  a.jpg", f"SHA256 (b c.mp4) = {SHA256}", f"md5:{MD5.upper()}"],
    "addresses": ["bad.example", "*.worse[.]example", "sub.third.example"],
    "tat": [
        f'[{{"hash_digest": "{PDQ}", "algorithm": "PDQ"}},',
        f'{{"hash_digest": "{MD5}", "algorithm": "MD5"}},',
        f'{{"hash_digest": "{SHA256}", "algorithm": "SHA256", "ideology": "x", "id": 7}}]',
    ],
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_is_recognised_and_read_on_from_any_record(name: str) -> None:
    data = "\n".join(SOUND[name]).encode()
    assert recognise(data) is FORMATS[name]
    assert recognise(b"\xef\xbb\xbf" + data) is FORMATS[name]
    found = read_all(data)
    assert len(entries_of(found)) == 3
    assert entries_of(read_all(b"\xef\xbb\xbf" + data)) == entries_of(found)
    assert entries_of(read_all(data.replace(b"\n", b"\r\n"), name))[-1] == entries_of(found)[-1]
    for place, one in enumerate(found):
        file = io.BytesIO(data)
        file.seek(one.end)
        rest = list(read(FORMATS[name].open(data), file, one.end, one.last))
        assert rest == found[place + 1 :]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (f"{PDQ}\n", "pdq"),
        (f"{PDQ},87\n", "pdq"),
        ("hash,quality,source\n", "pdq"),
        ("pdq;note\n", "csv"),
        ("pdq\n", "csv"),
        ("kind,value\n", "csv"),
        ("signal_type,signal_str,collab,category,tags\r\n", "threatexchange"),
        ("hash_digest,algorithm,ideology\n", "tat"),
        ('{"count": 1,\n "results": [', "tat"),
        (f'{{"hash_digest": "{MD5}", "algorithm": "MD5"}}\n', "tat"),
        ('{"text": "\\"hash_digest\\": something"}\n', "ndjson"),
        ("hello\n", None),
        ("", None),
        ("\x89PNG\r\n", None),
    ],
)
def test_a_file_is_known_by_its_first_line(data: str, name: str | None) -> None:
    found = recognise(data.encode())
    assert (found and found.name) == name


@pytest.mark.parametrize(
    ("name", "line", "why"),
    [
        ("pdq", PDQ[:-1], "64 hex digits"),
        ("pdq", f"{PDQ}x", "64 hex digits"),
        ("pdq", f"{PDQ},101", "quality of 0 to 100"),
        ("pdq", f"{PDQ},49", "quality 49 is below 50"),
        ("pdq", "0" * 64, "near-constant"),
        ("ndjson", "nonsense", "JSON is malformed"),
        ("ndjson", "7", "expected an object"),
        ("ndjson", "{}", "one of fingerprints, text, url"),
        ("ndjson", f'{{"kind": "pdq", "value": "{PDQ}", "text": "both"}}', "one of fingerprints"),
        ("ndjson", f'{{"kind": "pdq", "value": "{PDQ}", "colour": 1}}', "/colour"),
        ("ndjson", '{"kind": "colours", "value": "00"}', "a kind of sha256"),
        ("ndjson", f'{{"kind": "md5", "value": "{PDQ}"}}', "md5: expected 32 hex digits"),
        ("ndjson", f'{{"kind": "pdq", "value": "{PDQ}", "quality": 49}}', "below 50"),
        ("ndjson", '{"fingerprints": []}', "/fingerprints"),
        ("ndjson", '{"text": "\u200b "}', "text with letters or digits"),
        ("ndjson", '{"url": "javascript:alert(1)"}', "http(s) URL"),
        ("ndjson", f'{{"kind": "pdq", "value": "{PDQ}", "note": "a\\u0000b"}}', "NUL"),
        ("ndjson", f'{{"kind": "pdq", "value": "{PDQ}", "state": "sure"}}', "/state"),
        (
            "ndjson",
            f'{{"kind": "pdq", "value": "{PDQ}", "disabled_until": "0001-01-01T00:00:00+14:00"}}',
            "a year from 1970",
        ),
        ("threatexchange", f"pdq {PDQ} and more", "a collaboration in quotes"),
        ("threatexchange", "dhash 00", "a signal type of pdq"),
        ("threatexchange", "pdq", "64 hex digits"),
        ("tat", f'[{{"hash_digest": "{PDQ}"}}]', "/algorithm"),
        ("tat", f'[{{"hash_digest": "{PDQ}", "algorithm": "MD5"}}]', "32 hex digits"),
    ],
)
def test_a_bad_line_says_what_was_expected(name: str, line: str, why: str) -> None:
    [found] = read_all(line.encode(), name)
    assert found.entry is None
    assert why in (found.problem or "")
    assert found.number == 1


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (f"{PDQ},90,a note, a comma,,true", "has 6 cells under 5 names"),
        (",90,note,,", "no fingerprint"),
        (f"{PDQ},many,note,,", "quality: expected 0 to 100"),
        (f"{PDQ},10,note,,", "below 50"),
        (f"{PDQ},90,{'n' * 4001},,", "/note"),
        (f"{PDQ},90,note,maybe,", "enabled: expected true or false"),
        (f'{PDQ},90,note,,"[1]"', "labels: expected"),
        (f"{PDQ},90,note,,{'l' * 65}", "/labels/0"),
        (f"{PDQ},90,no\0te,,", "NUL"),
    ],
)
def test_a_bad_row_says_what_was_expected(row: str, why: str) -> None:
    [bad, good] = read_all(f"pdq,quality,note,enabled,labels\n{row}\n{PDQ},90,,,\n".encode())
    assert why in (bad.problem or "")
    assert (bad.number, good.number) == (2, 3)
    assert good.entry is not None


def test_bytes_that_are_no_utf8_and_lines_without_end_are_told() -> None:
    data = b"pdq\n\xff\xfe\n" + b"a" * (5 << 20) + f"\n{PDQ}\n".encode()
    for list in (data, data.replace(b"pdq\n", b"pdq_hash,quality\n")):
        [first, second, third] = read_all(list)
        assert "64 hex digits" in (first.problem or "")
        assert "longer than" in (second.problem or "")
        assert (third.number, third.end) == (4, len(list))
        assert third.entry is not None


def test_columns_without_a_meaning_are_kept_as_provenance() -> None:
    data = f"sha256,md5,Case,provenance,labels\n{SHA256},{MD5},no. 7,police,a; b\n"
    [entry] = entries_of(read_all(data.encode()))
    assert {one.kind for one in entry.fingerprints} == {"sha256", "md5"}
    assert entry.provenance == {"source": "police", "case": "no. 7"}
    assert entry.labels == ["a", "b"]


def test_several_codes_of_a_kind_are_lines_of_a_cell() -> None:
    data = 'url,note\nhttps://example.org/a b.html,\n"https://a.example/\nhttps://b.example/",\n'
    [one, two] = entries_of(read_all(data.encode()))
    assert [code.value for code in one.fingerprints] == [b"https://example.org/a%20b.html"]
    assert [code.value for code in two.fingerprints] == [
        b"https://a.example/",
        b"https://b.example/",
    ]


def test_a_table_without_a_column_for_content_is_none() -> None:
    with pytest.raises(ValueError, match="none of the columns"):
        FORMATS["csv"].open(b"name,size\n")
    with pytest.raises(ValueError, match="twice"):
        FORMATS["csv"].open(b"pdq,PDQ\n")


def test_lines_that_python_threatexchange_prints() -> None:
    data = "\n".join(
        [
            f"pdq {PDQ}",
            f"pdq {PDQ} 'Sample Signals' POSITIVE_CLASS known,seen",
            f"video_md5 {MD5} INVESTIGATION_SEED",
            "raw_text a sentence about the POSITIVE_CLASS of things",
            f"pdq {PDQ} 'Sample Signals' NEGATIVE_CLASS",
            "trend_query {}",
            "vpdq [0, 1]",
        ]
    )
    found = read_all(data.encode(), "threatexchange")
    plain, positive, seed, text = entries_of(found[:4])
    assert (plain.state, plain.provenance) == (None, None)
    assert positive.state is None
    assert positive.provenance == {
        "collab": "Sample Signals",
        "category": "POSITIVE_CLASS",
        "tags": "known,seen",
    }
    assert positive.labels is None
    assert (seed.state, seed.fingerprints[0].kind) == ("unconfirmed", "md5")
    assert text.text == "a sentence about the POSITIVE_CLASS of things"
    assert {code.kind for code in text.fingerprints} >= {"text_sha256"}
    assert [one.skipped is not None for one in found[4:]] == [True, True, True]


def test_the_table_that_python_threatexchange_prints() -> None:
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerow(["signal_type", "signal_str", "collab", "category", "tags"])
    writer.writerow(["pdq", PDQ, "Sample, signals", "POSITIVE_CLASS", "a b"])
    writer.writerow(["raw_text", 'bball "now"?\nor later', "x", "DISPUTED", ""])
    pdq, text = entries_of(read_all(table.getvalue().encode()))
    assert pdq.provenance == {
        "collab": "Sample, signals",
        "category": "POSITIVE_CLASS",
        "tags": "a b",
    }
    assert (text.text, text.state) == ('bball "now"?\nor later', "unconfirmed")


def test_what_is_written_for_python_threatexchange_says_its_types() -> None:
    given = [{"kind": "pdq", "value": PDQ, "quality": 90}, {"kind": "md5", "value": MD5}]
    given += [{"url": "https://example.org/a"}, {"text": "some words"}, {"text": "two\nlines"}]
    given += [{"kind": "phrase", "value": "it has no such type"}]
    found = entries_of(read_all("\n".join(map(json.dumps, given)).encode()))
    lines = written("threatexchange", found)
    said = [f"pdq {PDQ}", f"video_md5 {MD5}", "url https://example.org/a", "raw_text some words"]
    assert lines.decode().splitlines() == said
    again = entries_of(read_all(lines))
    assert [digest(one.fingerprints) for one in again] == [
        digest(one.fingerprints) for one in found[:4]
    ]


def test_what_a_hash_list_takes_back_or_measures_otherwise_is_skipped() -> None:
    given = [
        {"hash_digest": PDQ, "algorithm": "PDQ", "deleted": False, "updated_on": 1.5, "id": 3},
        {"hash_digest": MD5, "algorithm": "MD5", "deleted": True},
        {"hash_digest": "00" * 64, "algorithm": "SHA512"},
        {"hash_digest": SHA256, "algorithm": "SHA-256", "file_type": "mp4"},
    ]
    one, taken, other, two = read_all(json.dumps(given).encode())
    assert one.entry is not None
    assert one.entry.provenance == {"source": "Tech Against Terrorism", "id": 3}
    assert taken.skipped == "taken back by its source"
    assert other.skipped == "algorithm SHA512"
    assert two.entry is not None
    lines = "".join(json.dumps(entry) + "\n" for entry in given).encode()
    assert [found.entry for found in read_all(lines)] == [one.entry, None, None, two.entry]
    table = f"hash_digest,algorithm,deleted\n{PDQ},PDQ,\n{MD5},MD5,True\n".encode()
    assert [found.entry is not None for found in read_all(table)] == [True, False]


def test_a_pdq_line_is_a_code_and_perhaps_a_quality() -> None:
    code = bytes.fromhex(PDQ)
    assert parse_line(PDQ) == (code, None)
    assert parse_line(f"{PDQ.upper()},50\n") == (code, 50)
    assert parse_line(f"{PDQ},,1") == (code, None)
    assert parse_line(f" {PDQ} , 7 , a,b") == (code, 7)
    assert is_header("hash,quality,name")
    assert not is_header(f"{PDQ},50")
    entry = ListEntry(fingerprints=[Fingerprint("pdq", code, 50)])
    assert written("pdq", [entry]) == f"{PDQ},50\n".encode()


@settings(deadline=None)
@given(contents, st.randoms())
def test_equal_contents_have_equal_digests(given: tuple[Fingerprint, ...], random: Any) -> None:
    shuffled = [Fingerprint(one.kind, one.value, 77) for one in given]
    random.shuffle(shuffled)
    assert digest(shuffled) == digest(given)
    counted = [one for one in given if one.kind not in DERIVED] or given
    assert digest([*given, counted[0]]) != digest(given)
    assert digest(counted) == digest(given)
    other = Fingerprint("md5", datetime.now(UTC).isoformat().encode()[:16])
    assert digest([*given, other]) != digest(given)
