"""`tidegate triage replay`: it says what the queue would have looked like by other weights, and changes nothing."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.api import Api
from typer.testing import CliRunner, Result

from tidegate.cli.triage import app
from tidegate.infra.clock import FakeClock
from tidegate.pipeline.ranking import rank_waiting
from tidegate.policy.data import default_source

EVER = "36500d"
ALONE = "[priority]\ncorroboration = 0\n"


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["replay", *words])


def report(api: Api, item: str, reporter: str) -> str:
    said = {"id": f"{item}-{reporter}", "channel": "user", "reason": "terrorism", "item_id": item}
    answer = api.post(
        "/v1/reports", said | {"reporter": reporter, "created_at": "2025-12-31T23:30:00Z"}
    )
    assert answer.status_code == 201, answer.text
    return answer.json()["case"]


@pytest.fixture
def queue(
    api: Api, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[dict[str, Any]]:
    """What waits, as it is listed: what several people reported before what one did, a minute earlier."""
    monkeypatch.setenv("TIDEGATE_DATABASE_URL", database_url)
    monkeypatch.setenv("TIDEGATE_DATA_DIR", str(tmp_path / "data"))
    clock = api.instance.clock
    assert isinstance(clock, FakeClock)
    for item, people in (("quiet", 1), ("told-by-many", 3)):
        assert api.submit(item, text=f"a post that is {item}").status_code == 200
        for person in range(people):
            report(api, item, f"person-{item}-{person}")
        clock.advance(60)
    with api.instance.database.begin() as tx:
        rank_waiting(tx, api.instance)
    return listed(api)


def listed(api: Api) -> list[dict[str, Any]]:
    return api.get("/v1/cases").json()["data"]


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    file = tmp_path / "weights.toml"
    file.write_text(ALONE)
    return file


def test_it_says_what_would_stand_elsewhere_and_changes_nothing(
    api: Api, queue: list[dict[str, Any]], weights: Path
) -> None:
    assert [one["item"] for one in queue] == ["told-by-many", "quiet"]
    done = run("--weights", str(weights), "--since", EVER, "--people", "1", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["cases"], told["moved"], told["tau"]) == (2, 2, -1.0)
    (riser,), (faller,) = told["risers"], told["fallers"]
    assert (riser["item"], riser["before"], riser["after"]) == ("quiet", 2, 1)
    assert (faller["item"], faller["before"], faller["after"]) == ("told-by-many", 1, 2)
    assert faller["points_after"] < faller["points_before"]
    assert told["looked_after"]["all"]["cases"] == 2
    assert told["looked_after"]["urgent"] == {"cases": 0, "median": None, "p95": None}
    assert listed(api) == queue


def test_people_read_the_same_in_lines(
    api: Api, queue: list[dict[str, Any]], weights: Path
) -> None:
    case = next(one["id"] for one in queue if one["item"] == "quiet")
    decision = {"outcome": "restrict", "label": "propaganda", "reason": "as people saw it"}
    assert api.post(f"/v1/cases/{case}/decide", decision).status_code == 200
    words = ["--weights", str(weights), "--since", EVER, "--people", "2", "--minutes", "5"]
    lines = run(*words).stdout.splitlines()
    assert lines[0] == "2 cases: 2 would stand elsewhere, Kendall's tau -1.000"
    assert lines[1].split()[:5] == ["rises", "2", "→", "1", "quiet"]
    assert lines[2].split()[:5] == ["falls", "1", "→", "2", "told-by-many"]
    assert lines[3] == "first look, estimated: 2 people, 5 min a case"
    assert [line.split()[0] for line in lines[4:]] == ["before", "after"]
    assert all("acted on (1): median 0.0 min" in line for line in lines[4:])


def test_a_whole_pack_will_do_and_the_present_one_moves_nothing(
    queue: list[dict[str, Any]], tmp_path: Path
) -> None:
    pack = tmp_path / "pack.toml"
    pack.write_text(default_source())
    told = json.loads(run("--weights", str(pack), "--since", EVER, "--json").stdout)
    assert (told["cases"], told["moved"], told["tau"]) == (len(queue), 0, 1.0)


def test_without_weights_it_says_what_those_in_force_do_against_the_oldest_first(
    api: Api, queue: list[dict[str, Any]]
) -> None:
    done = run("--since", EVER, "--people", "1", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["cases"], told["moved"], told["tau"]) == (2, 2, -1.0)
    ((riser,), (faller,)) = told["risers"], told["fallers"]
    assert (riser["item"], faller["item"]) == ("told-by-many", "quiet")
    assert (riser["points_before"], told["queues"]) == (0.0, [])
    assert run("--since", EVER).stdout.startswith("by the weights in force, against the oldest")
    assert listed(api) == queue


@pytest.mark.usefixtures("queue")
def test_where_nothing_came_in_that_time_it_says_so(weights: Path) -> None:
    done = run("--weights", str(weights), "--since", "1m")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0] == "0 cases: 0 would stand elsewhere, Kendall's tau –"
    assert "no cases" in done.stdout


@pytest.mark.usefixtures("queue")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[priority]\nage = 0\n", "age"),
        ("[priority]\nspeed = 3\n", "speed"),
        ("priority = \n", "weights.toml"),
    ],
    ids=["age that does not count", "no such part", "not TOML"],
)
def test_bad_weights_are_told_with_their_place(weights: Path, text: str, said: str) -> None:
    weights.write_text(text)
    done = run("--weights", str(weights), "--since", EVER)
    assert done.exit_code == 1
    assert said in done.stdout


def test_a_bad_span_of_time_is_told(weights: Path) -> None:
    done = run("--weights", str(weights), "--since", "last week")
    assert done.exit_code == 2
    assert "--since" in done.output
