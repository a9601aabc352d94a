"""`tidegate bank build`, `bank stats` and `match`: their lines and exit statuses, with no database."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tidegate.cli.main import app_for
from tidegate.cli.showing import plain

IMAGES = Path(__file__).parents[2] / "demo" / "images"
TEXT = "Join us on Friday and bring what you need to finish them, as we did last year"
CODE = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"
NEAR = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b2d"  # 4 bits
FAR = "0123456789abcdef" * 4

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs a command where there is no instance and no database to be had."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIDEGATE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")

    def run(*words: str | Path, input: str | None = None) -> Result:
        given = [str(word) for word in words]
        return CliRunner().invoke(app_for(given), given, input=input)

    return run


def lines(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def listed(run: Run, tmp_path: Path) -> Path:
    """A bank file of two codes."""
    (tmp_path / "list.csv").write_text(f"{CODE.upper()},100\n{FAR}\n")
    built = run("bank", "build", "list.csv", "-o", "listed.bank")
    assert built.exit_code == 0, built.output
    assert built.stdout == ""
    return tmp_path / "listed.bank"


def test_codes_get_one_answer_a_line_in_order(run: Run, listed: Path, tmp_path: Path) -> None:
    (tmp_path / "codes.txt").write_text(f"{NEAR}\n\n{'0' * 64}\n{FAR.upper()}\n{NEAR}\n")
    found = run("match", "--codes", "codes.txt", "--bank", listed, "--json")
    near = {"code": NEAR, "matches": [{"entry": CODE, "distance": 4}]}
    assert lines(found) == [
        near,
        {"code": "0" * 64, "matches": []},
        {"code": FAR, "matches": [{"entry": FAR, "distance": 0}]},
        near,
    ]
    assert found.exit_code == 1


@pytest.mark.parametrize(("radius", "status"), [("3", 0), ("4", 1), ("64", 1), ("0", 0)])
def test_the_radius_bounds_the_matches(
    run: Run, listed: Path, tmp_path: Path, radius: str, status: int
) -> None:
    found = run("match", "--codes", "-", "--bank", listed, "--radius", radius, "--json", input=NEAR)
    assert found.exit_code == status
    (answer,) = lines(found)
    assert bool(answer["matches"]) == bool(status)


@pytest.mark.parametrize("radius", ["-1", "65", "x"])
def test_a_radius_is_0_to_64(run: Run, listed: Path, radius: str) -> None:
    found = run("match", "--codes", "-", "--bank", listed, "--radius", radius, input=NEAR)
    assert found.exit_code == 2
    assert found.stdout == ""


def test_a_bad_code_is_a_problem_in_its_place(run: Run, listed: Path) -> None:
    given = f"{CODE}\nnot a code\n{FAR}\n{'z' * 64}"
    found = run("match", "--codes", "-", "--bank", listed, "--json", input=given)
    assert [line["code"] for line in lines(found)] == [CODE, "not a code", FAR, "z" * 64]
    assert ["problem" in line for line in lines(found)] == [False, True, False, True]
    assert ["matches" in line for line in lines(found)] == [True, False, True, False]
    assert str(lines(found)[1]["problem"]).startswith("line 2: ")
    assert found.exit_code == 2


def test_of_several_banks_each_match_names_its_own(run: Run, listed: Path, tmp_path: Path) -> None:
    shutil.copy(listed, tmp_path / "other.bank")
    banks = ("--bank", listed, "--bank", "other.bank")
    found = run("match", "--codes", "-", *banks, "--json", input=CODE)
    (answer,) = lines(found)
    assert answer["matches"] == [
        {"bank": "listed", "entry": CODE, "distance": 0},
        {"bank": "other", "entry": CODE, "distance": 0},
    ]


def test_files_get_one_line_each(run: Run, tmp_path: Path) -> None:
    for folder in ("known", "posted"):
        (tmp_path / folder).mkdir()
    shutil.copy(IMAGES / "horse.png", "known")
    (tmp_path / "known" / "call.txt").write_text(TEXT)
    assert run("bank", "build", "known", "-o", "known.bank").exit_code == 0
    shutil.copy(IMAGES / "horse.png", "posted/a.png")
    (tmp_path / "posted" / "b.txt").write_text("Nothing of the kind")

    found = run("match", "posted", "--bank", "known.bank", "--json")
    assert [line["path"] for line in lines(found)] == ["posted/a.png", "posted/b.txt"]
    matches = [set(match) for match in lines(found)[0]["matches"]]  # type: ignore[attr-defined]
    assert matches == [{"bank", "entry", "kind", "route", "distance", "exact"}] * 3
    assert lines(found)[1] == {"path": "posted/b.txt", "matches": []}
    assert found.exit_code == 1
    nothing = run("match", "posted/b.txt", "--bank", "known.bank", "--json")
    assert nothing.exit_code == 0
    assert lines(nothing) == [{"path": "posted/b.txt", "matches": []}]
    problem = run("match", "posted/c", "posted/a.png", "--bank", "known.bank", "--json")
    assert problem.exit_code == 2
    assert lines(problem)[0] == {"path": "posted/c", "problem": "No such file or directory"}
    assert lines(problem)[1]["matches"]

    people = run("match", "posted", "posted/c", "--bank", "known.bank")
    assert people.stdout.splitlines() == [
        "posted/a.png: horse.png in known (md5, pdq, sha256)",
        "posted/c: problem: No such file or directory",
    ]
    assert "3 files: 1 match, 1 with a problem" in people.stderr


def test_a_bad_list_is_told_by_line_and_nothing_is_written(run: Run, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(f"{CODE}\n{CODE[:-2]}xy\n")
    built = run("bank", "build", "list.txt", "-o", "it.bank")
    assert built.exit_code == 2
    assert "list.txt: line 2: " in built.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["list.txt"]


@pytest.mark.parametrize("command", ["match", "codes", "stats"])
@pytest.mark.parametrize("state", ["missing", "foreign", "cut"])
def test_a_bank_that_is_none_is_one_clear_line(
    run: Run, listed: Path, tmp_path: Path, command: str, state: str
) -> None:
    bank = tmp_path / "bad.bank"
    if state == "foreign":
        shutil.copy(IMAGES / "horse.png", bank)
    elif state == "cut":
        bank.write_bytes(listed.read_bytes()[:-9])
    words = {
        "match": ("match", "list.csv", "--bank", bank),
        "codes": ("match", "--codes", "list.csv", "--bank", bank),
        "stats": ("bank", "stats", bank),
    }
    found = run(*words[command])
    assert found.exit_code == 2
    assert found.stdout == ""
    assert len(found.stderr.splitlines()) == 1
    assert "bad.bank" in found.stderr


def test_where_the_bank_cannot_be_written_it_says_so(run: Run, listed: Path) -> None:
    built = run("bank", "build", "list.csv", "-o", "no/such/folder.bank")
    assert built.exit_code == 2
    assert built.stderr.splitlines() == [
        "tidegate: no/such/folder.bank cannot be written: No such file or directory"
    ]


def test_a_match_needs_a_bank_and_something_to_compare(run: Run, listed: Path) -> None:
    for words in (
        ("match", "list.csv"),
        ("match", "--bank", listed),
        ("match", "list.csv", "--codes", "list.csv", "--bank", listed),
    ):
        assert run(*words).exit_code == 2


def test_statistics_for_people_and_programs(run: Run, listed: Path) -> None:
    told = run("bank", "stats", listed)
    assert told.exit_code == 0
    assert "listed: 2 entries" in told.stdout
    (found,) = lines(run("bank", "stats", listed, "--json"))
    assert (found["bank"], found["entries"], found["bytes"]) == ("listed", 2, listed.stat().st_size)


def test_a_list_without_entries_is_no_success(run: Run, listed: Path, tmp_path: Path) -> None:
    (tmp_path / "only.csv").write_text("hash,quality\n")
    (tmp_path / "empty.txt").write_text("")
    for list in ("only.csv", "empty.txt"):
        looked_up = run("match", "--codes", list, "--bank", listed, "--json")
        assert (looked_up.exit_code, looked_up.stdout) == (2, "")
        assert "no code" in looked_up.stderr
    built = run("bank", "build", "only.csv", "-o", "it.bank")
    assert built.exit_code == 2
    assert "only.csv: has no entry" in built.stderr
    assert not (tmp_path / "it.bank").exists()
    built = run("bank", "build", "empty.txt", "-o", "it.bank")
    assert built.exit_code == 1
    assert "it.bank is empty" in built.stderr


def test_names_cannot_act_on_the_terminal() -> None:
    assert plain("a\x1b[2Jb\u202ec\nd é") == r"a\x1b[2Jb\u202ec\nd é"


def test_a_list_may_come_through_a_pipe(listed: Path) -> None:
    program = f"{sys.executable} -m tidegate match --codes <(echo {CODE}) --bank {listed} --json"
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["matches"] == [{"entry": CODE, "distance": 0}]


def test_what_only_its_name_calls_a_picture_is_a_problem(run: Run, tmp_path: Path) -> None:
    (tmp_path / "known.txt").write_text("some words that a bank may know")
    assert (
        run("bank", "build", str(tmp_path / "known.txt"), "-o", str(tmp_path / "b")).exit_code == 0
    )
    (tmp_path / "holiday.jpg").write_text("not a picture at all")
    done = run("match", str(tmp_path / "holiday.jpg"), "--bank", str(tmp_path / "b"), "--json")
    assert done.exit_code == 2
    assert "its bytes do not" in json.loads(done.stdout)["problem"]


def shell(line: str, bank: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """A line of bash in which `$tidegate` is the program and `$bank` a bank."""
    known = {"tidegate": f"{sys.executable} -m tidegate", "bank": str(bank), **more}
    plain_environment = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"],
        env=plain_environment | known,
        cwd=bank.parent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("$tidegate match --codes - --bank $bank <&-", "standard input"),
        ("$tidegate match --codes list.csv --bank $bank >&-", "standard output"),
        ("$tidegate match list.csv --bank $bank >&-", "standard output"),
        ("$tidegate bank stats $bank >&-", "standard output"),
        ("$tidegate match --codes list.csv --bank $bank >/dev/full", "No space left"),
        ("$tidegate match list.csv --bank $bank --json >/dev/full", "No space left"),
        ("$tidegate bank stats $bank >/dev/full", "No space left"),
        ("mkfifo pipe; $tidegate match list.csv --bank pipe", "a pipe"),
    ],
)
def test_streams_that_cannot_be_used_are_one_line_and_no_match(
    listed: Path, line: str, told: str
) -> None:
    done = shell(line, listed)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert told in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_closed_standard_error_does_not_spoil_the_answers(listed: Path) -> None:
    for words in (f"--codes - <<<{CODE}", "list.csv"):
        done = shell(f"$tidegate match {words} --bank $bank --json 2>&-", listed)
        assert [set(json.loads(one)) for one in done.stdout.splitlines()]
        assert done.returncode == (1 if "codes" in words else 0)


@pytest.mark.parametrize("more", ["", "--json"])
def test_whoever_reads_may_stop_reading(listed: Path, tmp_path: Path, more: str) -> None:
    (tmp_path / "many.txt").write_text(f"{CODE}\n" * 50_000)
    codes = shell(f"$tidegate match --codes many.txt --bank $bank {more} | head -1", listed)
    files = shell(f"$tidegate match {IMAGES} --bank $bank --json | true", listed)
    stats = shell(f"$tidegate bank stats $bank {more} | true", listed)
    assert len(codes.stdout.splitlines()) == 1
    assert (codes.returncode, codes.stderr) == (2, "")
    assert files.returncode == 2
    assert stats.returncode in (0, 2), "it may be done before"
    assert "Traceback" not in files.stderr + stats.stderr
    assert "BrokenPipe" not in files.stderr + stats.stderr


def test_ctrl_c_ends_it_with_130_and_no_traceback(listed: Path) -> None:
    command = [sys.executable, "-m", "tidegate", "match", "--codes", "-", "--bank", str(listed)]
    with subprocess.Popen(
        [*command, "--json"],
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # Where the tests run in the background, the signal would be ignored from birth.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(f"{CODE}\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["code"] == CODE
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
        assert process.stderr.read() == "Interrupted.\n"


def test_a_list_may_have_windows_ends_blank_lines_and_capitals(run: Run, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_bytes(f"hash,quality\r\n{CODE.upper()},99\r\n\r\n{FAR}".encode())
    assert run("bank", "build", "list.csv", "-o", "it.bank").exit_code == 0
    found = run("match", "--codes", "list.csv", "--bank", "it.bank", "--json")
    assert found.exit_code == 1
    assert lines(found) == [
        {"code": one, "matches": [{"entry": one, "distance": 0}]} for one in (CODE, FAR)
    ]


def test_a_fault_of_ours_is_no_match(monkeypatch: pytest.MonkeyPatch, listed: Path) -> None:
    from tidegate.cli import main
    from tidegate.signals import Matcher

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Matcher, "near", fail)
    words = ["tidegate", "match", "--codes", str(listed.parent / "list.csv"), "--bank", str(listed)]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == 2
