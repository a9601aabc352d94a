"""Schemes as data, what their codes mean from one to another, and who may be told of what is derived."""

import re
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.infra.errors import Refusal
from tidegate.infra.settings import SettingsError
from tidegate.intake.grading import (
    GRADED,
    Caveat,
    Grade,
    GradeIn,
    check_grade,
    most_restrictive,
    reliability,
    strictness,
    translate,
)
from tidegate.intake.schemes import read_schemes

SCHEMES = read_schemes()
GRADING = [name for name, one in SCHEMES.by_name.items() if one.grades]
GRADES = [
    Grade(scheme=name, source=source, information=information)
    for name in GRADING
    for source, information in product(
        SCHEMES.by_name[name].source, SCHEMES.by_name[name].information
    )
]
CAVEATS = [Caveat(name, code) for name, one in SCHEMES.by_name.items() for code in one.handling]


def test_the_schemes_have_the_codes_that_people_know() -> None:
    codes = {
        name: ["".join(one.of(axis)) for axis in ("source", "information", "handling")]
        for name, one in SCHEMES.by_name.items()
    }
    assert codes["admiralty"] == ["ABCDEF", "123456", ""]
    assert codes["5x5x5"] == ["ABCDE", "12345", "12345"]
    assert codes["3x5x2"] == ["123", "ABCDE", "PC"]
    assert codes["tlp"][:2] == ["", ""]
    assert list(SCHEMES.by_name["tlp"].handling)[-1] == "TLP:RED"


@pytest.mark.parametrize("to", GRADING)
def test_every_grade_is_told_in_every_scheme(to: str) -> None:
    for grade in GRADES:
        other = translate(SCHEMES, grade, to)
        assert other.source in SCHEMES.by_name[to].source
        assert other.information in SCHEMES.by_name[to].information
        if grade.scheme == to:
            assert other == grade
        # What is said once in a scheme of few codes is not said otherwise by saying it again.
        assert translate(SCHEMES, other, to) == other


def is_judged(grade: Grade) -> bool:
    scheme = SCHEMES.by_name[grade.scheme]
    read = scheme.source[grade.source].means[0], scheme.information[grade.information].means[0]
    return read[0] != "untested" and read[1] != "unknown"


def test_what_is_better_in_one_scheme_is_not_worse_in_another() -> None:
    """Of what somebody could judge; where there are few codes, what is sometimes so can be neither."""
    for one, other in product(GRADES, GRADES):
        if one.scheme != other.scheme or not (is_judged(one) and is_judged(other)):
            continue
        for place, to in product((0, 1), GRADING):
            before = reliability(SCHEMES, one)[place] - reliability(SCHEMES, other)[place]
            told = [translate(SCHEMES, each, to) for each in (one, other)]
            after = reliability(SCHEMES, told[0])[place] - reliability(SCHEMES, told[1])[place]
            assert before * after >= 0, (one, other, to)


def test_source_and_information_are_independent() -> None:
    for grade in GRADES:
        source, information = reliability(SCHEMES, grade)
        assert 0 <= source <= 1
        assert 0 <= information <= 1
        for other in GRADES:
            if (other.scheme, other.source) == (grade.scheme, grade.source):
                assert reliability(SCHEMES, other)[0] == source
            if (other.scheme, other.information) == (grade.scheme, grade.information):
                assert reliability(SCHEMES, other)[1] == information


def test_what_nobody_has_judged_says_nothing_either_way() -> None:
    for scheme, source, information in (("admiralty", "F", "6"), ("5x5x5", "E", "4")):
        grade = Grade(scheme=scheme, source=source, information=information)
        assert reliability(SCHEMES, grade) == (0.5, 0.5)
    gone = Grade(scheme="of-old", source="A", information="1")
    assert reliability(SCHEMES, gone) == (0.5, 0.5)


@given(st.lists(st.none() | st.sampled_from(CAVEATS)))
def test_the_narrowest_circle_is_inherited(caveats: list[Caveat | None]) -> None:
    found = most_restrictive(SCHEMES, caveats)
    some = [one for one in caveats if one is not None]
    if not some:
        assert found is None
        return
    assert found in some
    # The slow way: none of them is narrower.
    rungs = SCHEMES.ladder.handling
    value = {
        one: rungs[SCHEMES.by_name[one.scheme].handling[one.code].means[0]].value for one in some
    }
    assert value[found] == max(value.values())
    assert most_restrictive(SCHEMES, reversed(caveats)) == found
    halves = [most_restrictive(SCHEMES, caveats[:2]), most_restrictive(SCHEMES, caveats[2:])]
    assert most_restrictive(SCHEMES, halves) == found, "in whatever steps it is derived"


def test_a_caveat_that_nobody_knows_any_more_is_the_narrowest() -> None:
    gone = Caveat("of-old", "X")
    assert most_restrictive(SCHEMES, [*CAVEATS, gone]) == gone
    assert strictness(SCHEMES, gone) > 1


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"scheme": "7x7"}, "/scheme"),
        ({"scheme": "tlp"}, "/scheme"),
        ({"source": "Z"}, "/source"),
        ({"source": "1"}, "/source"),
        ({"information": "A"}, "/information"),
        ({"handling": "P"}, "/handling"),
        ({"handling": "TLP:PINK"}, "/handling"),
        ({"note": " \u200b "}, "/note"),
    ],
)
def test_what_is_no_grade_is_told_by_its_field(fields: dict[str, str], pointer: str) -> None:
    sent = {"scheme": "5x5x5", "source": "B", "information": "2"} | fields
    with pytest.raises(Refusal) as refused:
        check_grade(SCHEMES, GradeIn(**sent))
    assert refused.value.errors[0].pointer == pointer


def test_a_caveat_is_the_schemes_own_or_for_all() -> None:
    def found(scheme: str, source: str, information: str, handling: str) -> Caveat | None:
        sent = GradeIn(scheme=scheme, source=source, information=information, handling=handling)
        return check_grade(SCHEMES, sent).handling

    assert found("5x5x5", "B", "2", "5") == Caveat("5x5x5", "5")
    assert found("3x5x2", "1", "A", "C") == Caveat("3x5x2", "C")
    assert found("admiralty", "B", "2", "TLP:RED") == Caveat("tlp", "TLP:RED")


OWN = """title = "Two by two"
[source]
G = { words = "Good", means = ["always", "mostly", "sometimes"] }
B = { words = "Bad", means = ["seldom", "unreliable", "untested"] }
[information]
Y = { words = "Yes", means = ["confirmed", "direct", "corroborated", "possible"] }
N = { words = "No", means = ["doubtful", "false", "unknown"] }
"""


def written(directory: Path, text: str, name: str = "2x2") -> Path:
    folder = directory / "policies" / "schemes"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.toml").write_text(text)
    return folder / f"{name}.toml"


def test_an_operators_file_is_a_scheme_more_or_takes_the_place_of_one(tmp_path: Path) -> None:
    written(tmp_path, OWN)
    written(tmp_path, OWN.replace("Two by two", "Ours"), "admiralty")
    own = read_schemes(tmp_path)
    assert own.by_name.keys() == {*SCHEMES.by_name, "2x2"}
    assert own.by_name["admiralty"].title == "Ours"
    grade = Grade(scheme="3x5x2", source="3", information="E")
    assert translate(own, grade, "2x2") == Grade(scheme="2x2", source="B", information="N")
    ladder = Path(str(SHIPPED / "ladder.toml")).read_text()
    written(tmp_path, ladder.replace("value = 0.95", "value = 0.99"), "ladder")
    best = Grade(scheme="5x5x5", source="A", information="1")
    assert reliability(read_schemes(tmp_path), best) == (0.99, 0.99)


SHIPPED = Path(__file__).parents[2] / "src" / "tidegate" / "intake" / "schemes"


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ('means = ["always"', 'means = ["for-ever"', 3, "'for-ever' is none of always"),
        ('"seldom", "unreliable"', '"always", "unreliable"', 4, "'always' is what G means, too"),
        (', "untested"]', "]", 2, "no code means untested"),
        ("Y = {", '"§" = {', 6, "letters, digits"),
        ('words = "No"', "words = 7", 7, "expected text"),
        ('words = "No"', 'word = "No"', 7, "word"),
        ('means = ["doubtful", "false", "unknown"]', "means = []", 7, "at least 1"),
        ('title = "Two by two"', "", 1, "title"),
        ("[information]", "[intelligence]", 5, "intelligence"),
        ("[information]", "[information", 5, "not TOML"),
        ("Y =", "Y", 6, "not TOML"),
    ],
)
def test_problems_are_told_by_file_and_line(
    tmp_path: Path, old: str, new: str, line: int, said: str
) -> None:
    assert old in OWN
    path = written(tmp_path, OWN.replace(old, new, 1))
    with pytest.raises(SettingsError, match=re.escape(f"{path}, line {line}: ")) as refused:
        read_schemes(tmp_path)
    assert said in str(refused.value)


def test_all_problems_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    one = written(tmp_path, OWN.replace('"always"', '"ever"').replace('"false"', '"wrong"'))
    other = written(tmp_path, "title = 7", "other")
    with pytest.raises(SettingsError) as refused:
        read_schemes(tmp_path)
    told = str(refused.value)
    assert told.count(str(one)) == 4, "each code, and each rung that nobody names now"
    assert f"{other}, line 1" in told


def test_every_code_of_the_package_is_in_words() -> None:
    for one in SCHEMES.by_name.values():
        for axis in (*GRADED, "handling"):
            assert all(code.words[0].isupper() for code in one.of(axis).values())
