"""`tidegate cluster`: its lines and exit statuses, with no instance and no database."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tidegate.cli.main import app_for

LONG = "There is a man with a rifle on the roof of the old town hall in Springfield, come quickly"
Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIDEGATE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")

    def run(*words: str, input: str | bytes | None = None) -> Result:
        return CliRunner().invoke(app_for(["cluster"]), ["cluster", *words], input=input)

    return run


def line(**keys: object) -> str:
    return json.dumps(keys, ensure_ascii=False) + "\n"


def told(result: Result) -> list[tuple[str | int, str]]:
    found = [json.loads(one) for one in result.stdout.splitlines()]
    assert all(one.keys() == {"id", "cluster", "story"} for one in found)
    return [(one["id"], one["cluster"]) for one in found]


def test_one_answer_a_line_in_order(run: Run, tmp_path: Path) -> None:
    (tmp_path / "tips.ndjson").write_text(
        line(id="a", text=LONG, created="2026-01-31T12:00:00Z", other=[1])
        + "\n"
        + line(id="b", text="Something else entirely, about cats that live with dogs", created=None)
        + line(id=7, text=f"RT @x: {LONG.upper()}!!", created=1_769_860_800)
    )
    found = run("tips.ndjson", "--json")
    assert found.exit_code == 0, found.output
    assert told(found) == [("a", "a"), ("b", "b"), (7, "a")]
    assert "3 texts: 2 clusters" in found.stderr
    piped = run("-", "--json", input=(tmp_path / "tips.ndjson").read_bytes())
    assert piped.stdout == found.stdout


def test_bad_lines_are_told_with_their_place_and_the_rest_is_clustered(run: Run) -> None:
    given = (
        line(id="a", text=LONG).encode()
        + b'{"id":"b","text":"bad \xff"}\n'
        + b"no json\n"
        + line(id="c").encode()
        + line(id="d", text=None).encode()
        + line(id="e", text="when?", created="yesterday").encode()
        + b'{"id":"f","text":"half an emoji \\ud83d"}\n'
        + b"[" * 100_000
        + b"\n"
        + line(id="g", text=LONG).encode().rstrip()
    )
    found = run("-", "--json", input=given)
    assert found.exit_code == 2
    assert told(found) == [("a", "a"), ("e", "e"), ("f", "f"), ("g", "a")]
    problems = [
        one.partition(":")[0] for one in found.stderr.splitlines() if one.startswith("line")
    ]
    assert problems == ["line 2", "line 3", "line 4", "line 5", "line 6", "line 8"]
    assert "5 bad" not in found.stdout
    assert "no UTF-8 at byte" in found.stderr


def test_texts_of_all_sorts(run: Run) -> None:
    texts = [
        "",
        "😀",
        "!!!",
        "😀😀",
        "word " * 200_000,
        "नमस्ते",
        "مرحبا",
        "日本語",
        "привет",
        "สวัสดี",
        "😀",
    ]
    found = run("-", "--json", input="".join(line(id=str(n), text=t) for n, t in enumerate(texts)))
    assert found.exit_code == 0
    clusters = [name for _, name in told(found)]
    assert clusters[2] == clusters[0]
    assert clusters[10] == clusters[1]
    assert len(set(clusters)) == 9


def test_ids_that_come_twice_are_answered_each_time(run: Run) -> None:
    found = run(
        "-",
        "--json",
        input=line(id="a", text=LONG) + line(id="a", text="other words") + line(id="a", text=LONG),
    )
    assert told(found) == [("a", "a"), ("a", "a#2"), ("a", "a")]


def test_a_summary_for_people(run: Run) -> None:
    given = "".join(line(id=f"t{n}", text=f"{LONG} {n}\x1b[31m") for n in range(5))
    found = run("-", input=given)
    assert found.exit_code == 0
    assert "5  t0  There is a man with a rifle" in found.stdout
    assert "\x1b" not in found.stdout


def test_nothing_and_no_file(run: Run) -> None:
    nothing = run("-", "--json", input="")
    assert (nothing.exit_code, nothing.stdout) == (0, "")
    assert "0 texts" in nothing.stderr
    missing = run("nowhere.ndjson", "--json")
    assert missing.exit_code == 2
    assert "nowhere.ndjson" in missing.stderr


def test_the_lines_of_the_readme_run(capsys: pytest.CaptureFixture[str]) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    code = re.search(r"<!-- clusters -->\n```python\n(.*?)```", readme, re.S)
    assert code is not None
    exec(code[1], {})
    assert capsys.readouterr().out == "a a a\nb a a\n"
