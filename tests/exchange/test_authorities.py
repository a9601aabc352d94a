"""The Commission's list of authorities, as a table that somebody saved."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.exchange.authorities import read_authorities
from tidegate.exchange.published import wrong_fields
from tidegate.infra.errors import Refusal

TABLE = """\
Country;Name of the authority;Function;E-mail;Remarks
Germany;Bundeskriminalamt;a;tco@bka.example;"one
of several"
Germany;Bundeskriminalamt;(b);;
IE;An Garda Síochána;a, c;gni@garda.example;
Greece;Εθνική Αρχή;oversee;;
;;;;
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_a_table_is_read_however_it_was_saved(encoding: str, separator: str) -> None:
    rows = list(csv.reader(io.StringIO(TABLE), delimiter=";"))
    written = io.StringIO()
    csv.writer(written, delimiter=separator).writerows(rows)
    bka, garda, greek = read_authorities(written.getvalue().encode(encoding))
    assert (bka.id, bka.member_state, bka.functions, bka.contact_email) == (
        "de.bundeskriminalamt",
        "DE",
        ["issue", "scrutinise"],
        "tco@bka.example",
    )
    assert (garda.name, garda.functions, garda.zone) == (
        "An Garda Síochána",
        ["issue", "oversee"],
        "Europe/Dublin",
    )
    assert garda.id == "ie.an-garda-siochana"
    assert (greek.member_state, greek.name, greek.functions) == ("GR", "Εθνική Αρχή", ["oversee"])


@pytest.mark.parametrize(
    ("table", "pointer"),
    [
        ("", "/1"),
        ("name;email\nBKA;x\n", "/1"),
        ("name;member_state\nBKA;US\n", "/2/member_state"),
        ("name;member_state\n;DE\n", "/2/name"),
        ("name;member_state;functions\nBKA;DE;rule\n", "/2/functions"),
        ("name;member_state;email\nBKA;DE;nobody\n", "/2/contact_email"),
        ("name;member_state;id\nBKA;DE;Not An Id\n", "/2/id"),
        ("name;member_state\n\nBKA;DE\nBKA;XX\n", "/4/member_state"),
        ("name;member_state\nB\0;DE\n", ""),
    ],
)
def test_a_line_that_is_none_is_named_and_nothing_is_taken(table: str, pointer: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_authorities(table.encode())
    assert [one.pointer for one in caught.value.errors] == [pointer]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=300), max_size=5))
def test_every_name_has_an_id_of_its_own(names: list[str]) -> None:
    written = io.StringIO()
    csv.writer(written).writerows([["name", "member_state"], *([one, "DE"] for one in names)])
    try:
        found = read_authorities(written.getvalue().encode())
    except Refusal:
        return
    wrong = [one for each in found for one, _, _ in wrong_fields(each)]
    assert set(wrong) <= {"contact_email"}
    assert len({one.id for one in found}) == len(found)
