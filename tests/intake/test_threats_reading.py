"""Reading threat packs: every problem with its place."""

from pathlib import Path

import pytest
from threat_packs import HEAD, INTENT, WHOLE

from tidegate.infra.settings import SettingsError
from tidegate.intake.threats.data import shipped, sources
from tidegate.intake.threats.reading import check_threat_pack, load_threat_pack
from tidegate.policy.model import PackProblem


def problems(text: str) -> list[str]:
    return [str(one) for one in check_threat_pack(text, "p.toml")]


def test_a_pack_without_problems_is_read() -> None:
    pack = load_threat_pack(WHOLE)
    assert (pack.ident, pack.language, pack.window, pack.items) == ("trial@1", "en", 1, False)
    assert [one.name for one in pack.patterns][:2] == ["will-kill", "armed"]
    assert pack.source == WHOLE
    assert len(pack.digest) == 32


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            ('{kill}"]', '{kil}"]'),
            "there is no group `kil` (in `{will} .. {kil}`); did you mean `kill`?",
        ),
        (('"intent"', '"intend"'), "unknown element `intend`; did you mean `intent`?"),
        (("phrases", "phrase"), "a pattern has no key `phrase`; did you mean `phrases`?"),
        (('"trial"', '"tri al"'), "a name has 1 to 64 of: letters, digits, `_`, `-`"),
        (
            ('language = "en"', 'language = "English"'),
            "`language` is a code of two or three letters",
        ),
        (("window = 1", "window = 9"), "`window` is 0 to 5 sentences"),
        (('"kill*"', '"kill*", 3'), "`kill` is a list of texts, and has 3"),
        (('"kill*"', '"{will}", "{kill}"'), "the group `kill` is within itself, by way of `kill`"),
        (
            ('element = "intent"', 'element = "intent"\nreach = "near"'),
            "of an element `context` alone",
        ),
        (('element = "intent"', 'element = "sign"'), "an element `sign` needs `points`"),
        (
            ('"will-kill"', '"will-kill"\neach = true\nbeside = { x = 1 }'),
            "`each` goes with no `beside`",
        ),
        (('"{will} .. {kill}"', '"{will} .. {kill}", "(a|b"'), "`(` is not closed (in `(a|b`)"),
        (("phrases = [", "together = ["), "`together` has at least two parts"),
        (('"will-kill"', '"will-kill"\nbeside = { nope = 1 }'), "there is no pattern `nope`"),
        (("version = 1", "version = 0"), "`version` must be at least 1"),
        (("[words]", "[word]"), "the file has no key `word`"),
    ],
)
def test_problems_are_told_with_a_hint(change: tuple[str, str], told: str) -> None:
    text = HEAD + INTENT
    assert change[0] in text
    assert any(told in one for one in problems(text.replace(*change))), problems(
        text.replace(*change)
    )


def test_a_problem_in_a_phrase_has_its_line_and_column() -> None:
    text = (HEAD + INTENT).replace("{will} .. {kill}", "{will} .. {kil} now")
    lines = text.split("\n")
    line = next(n for n, one in enumerate(lines, 1) if "{kil}" in one)
    [problem] = check_threat_pack(text, "p.toml")
    assert isinstance(problem, PackProblem)
    assert (problem.line, problem.rule) == (line, "will-kill")
    assert problem.column == lines[line - 1].index("{kil}") + 1


def test_groups_may_name_groups_that_stand_below() -> None:
    text = (HEAD + INTENT).replace('will = ["will"', 'will = ["{soon}"') + "\n[words.more]\n"
    assert any("`more` must be a list" in one for one in problems(text))
    text = (
        (HEAD + INTENT)
        .replace("kill = [", 'soon = ["soon"]\nkill = [')
        .replace('"will",', '"{soon}",')
    )
    assert problems(text) == []


@pytest.mark.parametrize(
    "text", ["", "[pack", "a.b.c.d.e.f.g.h.i = 1", "[pack]\nname = 3", "\ud800", "x" * 600_000]
)
def test_whatever_it_is_it_is_told_and_not_used(text: str) -> None:
    assert problems(text)


def test_a_word_that_a_group_gains_makes_another_pattern() -> None:
    one, other = (
        load_threat_pack(text).patterns[0] for text in (WHOLE, WHOLE.replace('"shoot"', '"maim"'))
    )
    assert one.digest != other.digest
    renamed = WHOLE.replace("{kill}", "{harm}").replace("kill = [", "harm = [")
    assert load_threat_pack(renamed).patterns[0].digest == one.digest


def test_the_mode_of_a_pack_bounds_its_patterns() -> None:
    modes = {
        one.mode
        for one in load_threat_pack(
            WHOLE.replace("version = 1", 'version = 1\nmode = "shadow"')
        ).patterns
    }
    assert modes == {"shadow"}


def test_the_data_directory_wins_and_may_add(tmp_path: Path) -> None:
    assert shipped() == ["ar.toml", "de.toml", "en.toml", "fr.toml"]
    assert [Path(where).name for where in sources(tmp_path)] == shipped()
    folder = tmp_path / "policies" / "threats"
    folder.mkdir(parents=True)
    (folder / "en.toml").write_text(WHOLE)
    (folder / "nl.toml").write_text(WHOLE.replace('"trial"', '"nl"'))
    found = sources(tmp_path)
    assert found[str(folder / "en.toml")] == WHOLE
    assert [Path(where).name for where in found] == [
        "ar.toml",
        "de.toml",
        "en.toml",
        "fr.toml",
        "nl.toml",
    ]
    (folder / "de.toml").write_bytes(b"\xff")
    with pytest.raises(SettingsError, match=r"de\.toml cannot be read"):
        sources(tmp_path)


def test_the_example_of_the_page_is_a_pack() -> None:
    page = (Path(__file__).parents[2] / "docs" / "threats.md").read_text()
    example, *_ = [part.split("```")[0] for part in page.split("```toml\n")[1:]]
    assert problems(example) == []
