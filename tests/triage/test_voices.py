"""What voices are worth: never less for one more, and a crowd what five are."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tidegate.triage.voices import Record, Voice, heard

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
records = st.dictionaries(
    st.sampled_from("abcdefgh"), st.builds(Record, st.integers(0, 9), st.integers(0, 9))
)
voices = st.lists(
    st.builds(
        Voice,
        reporter=st.sampled_from([None, *"abcdefghijklmnop"]),
        at=st.integers(0, 5000).map(lambda seconds: NOW + timedelta(seconds=seconds)),
        vouched=st.booleans(),
        words=st.sampled_from([None, b"one", b"two", b"three"]),
    ),
    max_size=12,
)


def spread(number: int, minutes: float, words: bytes | None = None, name: str = "r") -> list[Voice]:
    return [
        Voice(reporter=f"{name}{n}", at=NOW + n * timedelta(minutes=minutes), words=words)
        for n in range(number)
    ]


@given(voices, records)
def test_one_more_never_makes_it_less(said: list[Voice], known: dict[str, Record]) -> None:
    said = sorted(said, key=lambda one: one.at)
    worth = [heard(said[:number], known).voices for number in range(len(said) + 1)]
    assert worth == sorted(worth)
    assert 0 <= worth[-1] <= 5


def test_a_thousand_newcomers_are_worth_no_more_than_five() -> None:
    assert heard(spread(5, 60), {}).voices == heard(spread(1000, 60), {}).voices == 2.5
    assert heard(spread(1000, 0.001), {}).voices == heard(spread(5, 0.001), {}).voices < 1


def test_the_same_words_are_one_voice() -> None:
    assert heard(spread(1000, 60, b"the same"), {}).voices == 0.5
    both = [*spread(1000, 60, b"the same"), *spread(1, 0, b"something else", "other")]
    assert heard(both, {}).voices == 0.75, "they began in the same moment"


def test_who_was_right_before_weighs_more_than_who_was_not() -> None:
    one = spread(1, 0)
    right, wrong = Record(6, 0), Record(0, 6)
    assert heard(one, {"r0": right}) == heard(one, {"r0": right, "x": wrong})
    assert heard(one, {"r0": right}).voices == 0.8
    assert heard(one, {"r0": wrong}).voices == 0.2
    assert heard(one, {"r0": right}).best == right
    assert heard(one, {}).best is None
    assert heard([], {}).voices == 0


def test_who_says_nothing_of_who_they_are_is_one_newcomer() -> None:
    nobody = [Voice(reporter=None, at=NOW + n * timedelta(hours=1)) for n in range(50)]
    assert heard(nobody, {}).voices == 0.5
    vouched = [Voice(reporter=None, at=NOW, vouched=True)]
    assert heard(nobody + vouched, {}).voices == 1.5
