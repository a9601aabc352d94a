"""`tidegate clocks due`: no server, no database, and what it says is what the issue of a lawyer needs."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tidegate.cli.clocks import app
from tidegate.infra.errors import Refusal

AT = "2026-03-02T02:13:07.123456+01:00"


def due(*arguments: str, data_dir: Path | None = None) -> dict[str, Any]:
    more = [] if data_dir is None else ["--data-dir", str(data_dir)]
    found = CliRunner().invoke(app, ["due", *arguments, *more, "--json"], catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return json.loads(found.stdout)


def test_the_hour_in_both_readings() -> None:
    found = due("tco.remove", "--from", AT)
    assert {name: found[name] for name in ("name", "due_at", "due_latest", "warnings")} == {
        "name": "tco.remove",
        "due_at": "2026-03-02T02:13:07.123456Z",
        "due_latest": "2026-03-02T03:00:00.000000Z",
        "warnings": [
            "2026-03-02T01:43:07.123456Z",
            "2026-03-02T01:58:07.123456Z",
            "2026-03-02T02:08:07.123456Z",
        ],
    }
    assert found["note"] is None, "an hour is an hour on any day"


def test_zone_calendar_and_limit() -> None:
    berlin = "--zone", "Europe/Berlin", "--calendar", "de"
    found = due("tco.complaint", "--from", "2026-03-20T10:00:00+01:00", *berlin)
    assert found["due_at"] == "2026-04-03T08:00:00.000000Z"
    assert found["due_latest"] == "2026-04-07T22:00:00.000000Z"
    own = due("tco.complaint", "--from", "2026-03-20T10:00:00+01:00", "--limit", "{days=1}")
    assert own["due_at"] == "2026-03-21T09:00:00.000000Z"
    assert own["due_latest"] == "2026-03-24T00:00:00.000000Z"
    assert own["note"] == "No calendar: weekends alone are free."
    late = due("tco.complaint", "--from", "2031-03-20T10:00:00+01:00", *berlin)
    assert "from 2026 to 2030" in late["note"]


def test_an_end_that_was_given_and_the_sixtieth_second() -> None:
    found = due("tco.non_disclosure", "--from", AT, "--until", "2026-03-20T23:59:60Z")
    assert found["due_at"] == found["due_latest"] == "2026-03-21T00:00:00.000000Z"


def test_a_file_of_the_data_directory_counts_without_an_instance(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "referral.toml").write_text(
        'id = "referral"\nversion = "2"\nlaw = "agreed"\n[[clock]]\nname = "referral.answer"\n'
        'article = "agreed"\nbearer = "provider"\nstart = ["referral.received"]\n'
        "limit = { hours = 2 }\n"
    )
    found = due("referral.answer", "--from", AT, data_dir=tmp_path)
    assert (found["due_at"], found["pack"]) == ("2026-03-02T03:13:07.123456Z", "referral@2")
    assert [one.name for one in tmp_path.iterdir()] == ["policies"], "nothing was made"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tco.remove", "--from", "yesterday"], "RFC 3339"),
        (["tco.remove", "--from", "2026-03-02T02:13:07"], "RFC 3339"),
        (["tco.remove", "--from", AT, "--until", "x"], "--until"),
        (["tco.remove", "--from", AT, "--limit", "{hours=1,days=1}"], "one of hours"),
        (["tco.remove", "--from", AT, "--limit", "{hours="], "{hours=1}"),
        (["tco.remove", "--from", AT, "--limit", "{years=1}"], "years"),
    ],
)
def test_what_it_does_not_take_is_named(arguments: list[str], said: str) -> None:
    found = CliRunner().invoke(app, ["due", *arguments])
    assert found.exit_code == 2
    assert said in found.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tco.nothing", "--from", AT], "tco.remove"),
        (["tco.remove", "--from", AT, "--zone", "Berlin"], "Europe/Berlin"),
        (["tco.remove", "--from", AT, "--calendar", "xx"], "de, fr, ie, uk"),
        (["tco.remove", "--from", "9999-12-31T23:30:00Z"], "beyond the calendar"),
    ],
)
def test_what_there_is_none_of_is_refused(arguments: list[str], said: str) -> None:
    with pytest.raises(Refusal) as refused:
        CliRunner().invoke(app, ["due", *arguments], catch_exceptions=False)
    assert said in refused.value.detail


def test_the_example_of_the_docs_is_what_it_says() -> None:
    page = (Path(__file__).parents[2] / "docs" / "clocks.md").read_text()
    _, _, rest = page.partition("$ tidegate clocks ")
    line, _, said = rest.partition("```")[0].partition("\n")
    found = CliRunner().invoke(app, line.split(), catch_exceptions=False)
    assert found.stdout == said
