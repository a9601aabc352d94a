"""What is kept of a source is read with its key and for its report alone, and tells nothing else."""

from uuid import UUID, uuid4

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tidegate.infra.errors import Refusal
from tidegate.intake.source import SourceAsk, SourceIn, SourceView, check_ask, source_mark
from tidegate.intake.sources import decrypt_source, encrypt_source

KEY, OTHER = bytes(range(32)), bytes(32)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)
SOURCES = st.builds(SourceIn, name=TEXTS, contact=st.none() | TEXTS, relation=st.none() | TEXTS)


@given(SOURCES, st.uuids())
def test_it_comes_back_as_it_was(source: SourceIn, report: UUID) -> None:
    sealed = encrypt_source(KEY, report, source)
    assert decrypt_source(KEY, report, sealed) == source
    assert encrypt_source(KEY, report, source) != sealed


@given(SOURCES, st.data())
def test_what_was_changed_anywhere_is_not_read(source: SourceIn, data: st.DataObject) -> None:
    report = uuid4()
    sealed = bytearray(encrypt_source(KEY, report, source))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Refusal, match=r"sources\.key"):
        decrypt_source(KEY, report, bytes(sealed))


def test_neither_for_another_report_nor_under_another_key_nor_cut_short() -> None:
    report = uuid4()
    sealed = encrypt_source(KEY, report, SourceIn(name="Wiebke"))
    tried = [(KEY, uuid4(), sealed), (OTHER, report, sealed)]
    tried += [(KEY, report, sealed[:end]) for end in (0, 1, 7, 13, 20, len(sealed) - 1)]
    for key, of, bytes_ in tried:
        with pytest.raises(Refusal, match="not what was written"):
            decrypt_source(key, of, bytes_)


def test_its_length_tells_nothing() -> None:
    report = uuid4()
    lengths = {len(encrypt_source(KEY, report, SourceIn(name="x" * n))) for n in range(1, 200)}
    assert len(lengths) == 1


@given(SOURCES, SOURCES)
def test_its_mark_tells_it_from_others_and_needs_the_key(one: SourceIn, other: SourceIn) -> None:
    assume(one != other)
    assert source_mark(KEY, one) != source_mark(KEY, other)
    assert source_mark(KEY, one) != source_mark(OTHER, one)
    assert source_mark(KEY, one) == source_mark(KEY, one)
    assert source_mark(KEY, None) == b""


def test_where_it_is_printed_it_says_nothing() -> None:
    for one in (SourceIn(name="Wiebke"), SourceView(report="r", name="Wiebke")):
        assert "Wiebke" not in f"{one}{one!r}{[one]}"


def test_a_person_says_why_and_a_system_need_not() -> None:
    check_ask(SourceAsk("threat_to_life"), person=False)
    check_ask(SourceAsk("follow_up", "we call back, for the street"), person=True)
    for ask, person in ((SourceAsk("review"), True), (SourceAsk("review", " " * 20), False)):
        with pytest.raises(Refusal, match="justification"):
            check_ask(ask, person=person)
