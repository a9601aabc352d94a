"""Lines and rows as reports, and which format a file has."""

import codecs
import gzip
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.intake.importing import AT, GIVEN, file, mail, reports, told

from tidegate.intake.imports.model import own_id, parsed
from tidegate.intake.model import ReportIn


def line(**fields: Any) -> bytes:
    return json.dumps(fields).encode() + b"\n"


def test_a_line_is_a_report_and_what_is_missing_is_filled_in() -> None:
    whole = {
        "id": "r1",
        "channel": "tip",
        "reason": "fraud",
        "text": "x",
        "created_at": "2026-01-01T00:00:00Z",
    }
    first, second = reports(line(**whole) + b"\n" + line(text="y", source={"name": "Jane"}))
    assert first.report is not None
    assert second.report is not None
    assert (first.place, second.place) == ("line 1", "line 3")
    assert (first.report.id, first.report.reason) == ("r1", "fraud")
    filled = second.report
    assert (filled.channel, filled.reason, filled.created_at) == ("tip", "import", AT)
    assert filled.id == own_id(GIVEN.key, {"text": "y", "source": {"name": "Jane"}})
    assert (first.chosen, second.chosen) == (False, True)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (line(text="x", channel="notice"), "--channel"),
        (line(text="x", channel=["tip"]), "--channel"),
        (line(text="x", colour="red"), "/colour"),
        (line(text=7), "/text"),
        (line(text="a\0b"), "NUL"),
        (line(text="x", created_at="yesterday"), "/created_at"),
        (line(text="x", media=[{"data": "!"}]), "/media"),
        (b'{"text": "x"\n', "JSON"),
        (b'{"text": "\xff"}\n', "utf-8"),
        (b"[]\n", "object"),
        (b'{"text": "%b"}\n' % (b"x" * GIVEN.line_limit), "at most 100,000 bytes"),
    ],
)
def test_a_bad_line_is_told_and_costs_itself_alone(data: bytes, why: str) -> None:
    first, bad, last = reports(line(text="a") + data + line(text="b"), format="ndjson")
    assert first.report is not None
    assert last.report is not None
    assert why in told(bad)
    assert told(bad).startswith("line 2: ")


def test_a_table_is_read_with_its_quotes_and_places() -> None:
    data = (
        "ID;Text;Source_Name;source_contact;created_at;reason\r\n"
        'r1;"two\r\nlines";Jane;+49 30;2026-01-01T00:00:00+01:00;threat\r\n'
        ";;;;;\r\n"
        "r2;grüße;;;;\r\n"
    )
    first, second = reports(data.encode())
    assert first.report is not None
    assert second.report is not None
    assert (first.place, second.place) == ("lines 2–3", "line 5")
    assert (first.report.text, first.report.reason) == ("two\r\nlines", "threat")
    assert (second.report.text, second.report.reason) == ("grüße", "import")
    with file(data.encode()) as (opened, _):
        made = [opened.parse(piece).document for piece in opened.frames(0, 0)]
    assert made[0]["source"] == {"name": "Jane", "contact": "+49 30"}
    assert "source" not in made[1]


@pytest.mark.skipif("source" not in ReportIn.__struct_fields__, reason="reports have no source yet")
def test_a_source_goes_along_with_its_report() -> None:
    (one,) = reports(b"text,source_name\nx,Jane\n")
    assert msgspec.to_builtins(one.report)["source"] == {"name": "Jane"}


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("r1,,,", "line 2: Its cells in text, url, item_id are empty."),
        ("r1,x,yesterday,", "line 2, column created_at: "),
        (f"{'i' * 600},x,,", "line 2, column id: "),
        ("r1,x,2026-01-01T00:00:00Z,,more", "line 2: It has 5 cells under 4 names"),
        ("r1,a\0b,,", "line 2: It has a NUL character."),
    ],
)
def test_a_bad_row_is_told_with_its_column(row: str, why: str) -> None:
    bad, good = reports(f"id,text,created_at,source_name\n{row}\nr2,y,,\n".encode())
    assert told(bad).startswith(why)
    assert good.report is not None


@pytest.mark.parametrize(
    ("head", "why"),
    [
        ("id,comment\n", "none of the columns text, url, item_id"),
        ("id,text,colour\n", "colour"),
        ("id,text,text\n", "twice"),
    ],
)
def test_a_table_whose_columns_say_something_else_is_refused_whole(head: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        reports(head.encode() + b"1,2,3\n", "x.csv", "csv")


def test_rows_that_are_not_utf_8_are_read_as_spreadsheets_write_them_and_say_so() -> None:
    guessed, sure = reports("text,comment\ngrüße,mine\n".encode("cp1252") + "größe,\n".encode())
    assert guessed.report is not None
    assert sure.report is not None
    assert guessed.report.text == "grüße"
    assert guessed.report.comment is not None
    assert guessed.report.comment.startswith("mine\n\nNote of the import: This row is not UTF-8")
    assert (sure.report.text, sure.report.comment) == ("größe", None)


TABLE = "id,text\nr1,grüße\n"


@pytest.mark.parametrize(
    "data",
    [
        TABLE.encode(),
        codecs.BOM_UTF8 + TABLE.encode(),
        TABLE.encode("utf-16"),
        gzip.compress(TABLE.encode(), mtime=0),
        TABLE.replace(",", "\t").encode(),
        b"sep=;\n" + TABLE.replace(",", ";").encode(),
    ],
)
def test_a_table_is_known_however_it_was_saved(data: bytes) -> None:
    (one,) = reports(data)
    assert one.report is not None
    assert (one.report.id, one.report.text) == ("r1", "grüße")


@pytest.mark.parametrize(
    ("data", "name", "format"),
    [
        (line(text="x"), "x", "ndjson"),
        (codecs.BOM_UTF8 + line(text="x"), "x.txt", "ndjson"),
        (line(text="x", **{"a:b": 1}), "x.eml", "ndjson"),
        (b"", "x.jsonl", "ndjson"),
        (mail(), "x.txt", "eml"),
        (codecs.BOM_UTF8 + mail(), "x", "eml"),
        (gzip.compress(mail(), mtime=0), "x.eml.gz", "eml"),
        (b"From a Sat Jan 31 12:00:00 2026\n" + mail(), "x.eml", "mbox"),
        (b"\n" + mail(), "x", "eml"),
        (b"text\nSubject: x\n", "x", "csv"),
        (b"url;reason\nhttps://a.example;x\n", "x", "csv"),
        (b"nothing known", "x.mbox", "mbox"),
    ],
)
def test_a_format_is_known_by_what_it_holds(data: bytes, name: str, format: str) -> None:
    with file(data, name) as (found, _):
        assert found.format == format
        list(parsed(found, GIVEN))


def test_what_no_format_has_is_refused() -> None:
    with pytest.raises(ValueError, match="--format"):
        reports(b"nothing known", "notes.txt")


@given(st.binary(max_size=120), st.sampled_from(["ndjson", "csv", "eml", "mbox"]))
def test_whatever_a_file_is_each_piece_is_a_report_or_a_problem(data: bytes, format: str) -> None:
    try:
        found = reports(b"text,id\n" + data if format == "csv" else data, "x", format)
    except ValueError:
        return  # packed, and damaged
    assert all((one.report is None) != (one.problem is None) for one in found)
    numbers = [one.number for one in found]
    assert numbers == sorted(set(numbers))


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\x1a"), max_size=8),
        max_size=4,
    ),
    st.sampled_from([",", ";"]),
)
def test_what_a_spreadsheet_writes_is_read_back_from_wherever_it_goes_on(
    texts: list[str], mark: str
) -> None:
    rows = [f'r{n}{mark}"{text.replace(chr(34), chr(34) * 2)}"\n' for n, text in enumerate(texts)]
    data = f"id{mark}text\n{''.join(rows)}".encode()
    found = reports(data, "x.csv", "csv")
    said = [(one.report.id, one.report.text) for one in found if one.report is not None]
    assert said == [(f"r{n}", text) for n, text in enumerate(texts) if text.strip()]
    for place, one in enumerate(found):
        with file(data, "x.csv", "csv") as (opened, source):
            source.seek(one.end)
            rest = parsed(opened, GIVEN, one.end, one.number)
            expected = [(next.place, next.end, next.report) for next in found[place + 1 :]]
            assert [(next.place, next.end, next.report) for next in rest] == expected
