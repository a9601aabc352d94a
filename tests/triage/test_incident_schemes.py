"""Schemes of incidents: what is shipped can be used, an own file wins, and what is wrong is told with its line."""

from pathlib import Path

import pytest

from tidegate.infra.settings import Settings, SettingsError
from tidegate.pipeline.house import SCOPES
from tidegate.policy.facts import QueueCase
from tidegate.triage.incidents.model import PARTS, Facts, Route, Routes, queue_for
from tidegate.triage.incidents.schemes import read_scheme, read_schemes, schemes_of

GOOD = """
[scheme]
name = "own"
version = 1
title = "Own"
text = "Of our own."

[[levels]]
name = "low"
text = "Low"

[[steps]]
name = "first"
text = "The first"

[translations.de]
title = "Eigenes"
"steps.first" = "Der erste"
"""


def read(text: str) -> str:
    """What is said of a scheme; empty: nothing."""
    try:
        read_scheme(text, "own.toml", SCOPES.known)
    except SettingsError as error:
        return str(error)
    return ""


def test_what_is_shipped_speaks_all_languages() -> None:
    schemes = read_schemes(None, SCOPES.known)
    assert schemes.keys() == {"attack-response", "perpetrator-content"}
    for scheme in schemes.values():
        assert scheme.translations.keys() == {"de", "fr", "ar"}
        keys = {"title", "text"}
        keys |= {f"{part}.{one.name}" for part in PARTS for one in getattr(scheme, part)}
        for texts in scheme.translations.values():
            assert texts.keys() == keys
    assert len(schemes["attack-response"].levels) == 3
    assert schemes["perpetrator-content"].levels == []  # types are in no order


def test_a_scheme_is_said_in_a_language_as_far_as_it_has_it() -> None:
    scheme = read_scheme(GOOD, "own.toml", SCOPES.known)
    german = scheme.in_language("de")
    assert (german.title, german.text) == ("Eigenes", "Of our own.")
    assert ([one.text for one in german.steps], german.levels) == (["Der erste"], scheme.levels)
    assert scheme.in_language("fr") == scheme


def test_a_file_of_one_s_own_wins_and_others_stand_beside(tmp_path: Path) -> None:
    folder = tmp_path / "policies" / "incidents"
    folder.mkdir(parents=True)
    (folder / "own.toml").write_text(GOOD)
    named = GOOD.replace('"own"', '"attack-response"')
    (folder / "attack-response.toml").write_text(named)
    schemes = read_schemes(tmp_path, SCOPES.known)
    assert schemes.keys() == {"attack-response", "perpetrator-content", "own"}
    assert schemes["attack-response"].title == "Own"


def test_all_problems_of_all_files_are_told_and_nothing_is_loaded(tmp_path: Path) -> None:
    folder = tmp_path / "policies" / "incidents"
    folder.mkdir(parents=True)
    (folder / "a.toml").write_text(GOOD.replace("version = 1", "version = 0"))
    (folder / "b.toml").write_text(GOOD.replace('"own"', '"perpetrator-content"'))
    (folder / "c.toml").write_bytes(b"\xff")
    with pytest.raises(SettingsError, match="cannot be read"):
        read_schemes(tmp_path, SCOPES.known)
    (folder / "c.toml").unlink()
    with pytest.raises(SettingsError) as caught:
        read_schemes(tmp_path, SCOPES.known)
    said = str(caught.value)
    assert f"{folder}/a.toml:4: scheme.version: expected" in said
    assert f"{folder}/b.toml:1: there is another scheme 'perpetrator-content'" in said


@pytest.mark.parametrize(
    ("was", "becomes", "line", "what"),
    [
        ('name = "own"', 'name = "Own one"', 3, "scheme.name"),
        ('name = "own"', "name = 7", 3, "scheme.name"),
        ("version = 1", 'version = 1\nactivates = "all:write"', 5, "there is no scope 'all:write'"),
        ('text = "Low"', 'texts = "Low"', 10, "levels"),
        ('text = "The first"', 'text = ""', 14, "steps"),
        ('[[steps]]\nname = "first"', '[[steps]]\nname = "first', 13, "not TOML"),
        ('"steps.first" =', '"steps.last" =', 18, "nothing called 'steps.last' to translate"),
        ("[[steps]]", '[[levels]]\nname = "low"\ntext = "x"\n[[steps]]', 13, "has 'low' twice"),
        ("[translations.de]", "[wordings.de]", 16, "wordings"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(was: str, becomes: str, line: int, what: str) -> None:
    assert read(GOOD) == ""
    assert was in GOOD
    said = read(GOOD.replace(was, becomes, 1))
    assert said.startswith(f"own.toml:{line}: "), said
    assert what in said


def test_surges_propose_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="burst_scheme: there is no scheme 'nothing'"):
        schemes_of(Settings(data_dir=tmp_path, burst_scheme="nothing"), SCOPES.known)


def test_cases_go_where_all_that_is_named_holds() -> None:
    arabic = Route("incident-1", "a", Routes(languages=["ar"]))
    threats = Route("incident-2", None, Routes(languages=["de", "fr"], labels=["threat"]))
    story = Route("incident-3", None, Routes(story="s1"))
    nothing = Route("incident-4", None, Routes())
    routes = [arabic, threats, story, nothing]
    for queue, known in (
        ("incident-1", Facts(platform="a", language="ar-EG")),
        (None, Facts(platform="b", language="ar")),
        ("incident-2", Facts(platform="b", language="de", labels=["threat"])),
        (None, Facts(platform="b", language="de")),
        ("incident-3", Facts(platform="b", story="s1")),
        (None, Facts(platform="a")),
    ):
        assert queue_for(routes, known) == (queue, None)


def test_a_condition_that_cannot_be_evaluated_takes_nothing_and_is_told() -> None:
    fails = Routes(languages=["de"], when=["case.channels[7] == 'tip'"])
    videos = Routes(languages=["de"], when=["case.kind == 'video'", "case.severity > 3"])
    gone = Routes(when=["case.nothing == 1"])  # of another program
    routes = [Route("incident-1", None, fails), Route("incident-2", None, videos)]
    hard = QueueCase(kind="video", severity=4)
    assert queue_for(routes, Facts(platform="a", language="de", case=hard)) == (
        "incident-2",
        "incident-1",
    )
    assert queue_for(routes, Facts(platform="a", language="de")) == (None, "incident-1")
    assert queue_for(routes, Facts(platform="a", language="fr", case=hard)) == (None, None)
    assert queue_for([Route("incident-3", None, gone)], Facts(platform="a")) == (None, "incident-3")
