"""What commands that need no instance load: neither a database nor a web server."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tidegate.cli.main import APART, app_for
from tidegate.signals import build_bank

HORSE = Path(__file__).parents[2] / "demo" / "images" / "horse.png"
UNWANTED = (
    "sqlalchemy",
    "psycopg",
    "starlette",
    "uvicorn",
    "httpx",
    "structlog",
    "rich",
)

COMMAND = "from tidegate.cli.main import main; main()"
LIBRARY = """
import tidegate.signals
with tidegate.signals.Matcher(sys.argv[1]) as matcher:
    answer = matcher.match_file(sys.argv[2])
raise SystemExit(len(answer.matches))
"""


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    bank = tmp_path_factory.mktemp("banks") / "known.bank"
    build_bank([HORSE], bank)
    return bank


def loaded(program: str, *words: str | Path) -> tuple[int, list[str]]:
    """The exit status of a program in a fresh interpreter, and which of UNWANTED it loaded."""
    code = (
        "import atexit, json, sys\n"
        f"say = lambda: print(json.dumps([m for m in {UNWANTED} if m in sys.modules]))\n"
        f"atexit.register(say)\n{program}"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, check=False
    )
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


def test_what_matches_loads_no_database_and_no_server(bank: Path, tmp_path: Path) -> None:
    assert loaded(COMMAND, "match", "--help") == (0, [])
    assert loaded(COMMAND, "match", HORSE, "--bank", bank) == (1, [])
    assert loaded(COMMAND, "match", "--codes", "/dev/null", "--bank", bank) == (2, [])
    assert loaded(COMMAND, "match", HORSE, "--bank", tmp_path / "none.bank") == (2, [])


def test_neither_do_banks_in_files(bank: Path, tmp_path: Path) -> None:
    assert loaded(COMMAND, "bank", "stats", bank) == (0, [])
    assert loaded(COMMAND, "bank", "build", HORSE, "-o", tmp_path / "it.bank") == (0, [])
    assert loaded(COMMAND, "bank", "build") == (2, [])


def test_nor_does_the_library(bank: Path) -> None:
    assert loaded("import tidegate.signals") == (0, [])
    assert loaded(LIBRARY, bank, HORSE) == (3, [])


def test_the_scopes_of_all_slices_load_none_of_their_code() -> None:
    program = (
        "import sys, tidegate.pipeline.house\n"
        "raise SystemExit(len({'numpy', 'cel_expr_python', 'prometheus_client', 'standardwebhooks'}"
        " & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize("words", APART, ids=" ".join)
def test_a_command_apart_is_the_one_in_its_group(words: tuple[str, ...]) -> None:
    group, name = words

    def named(given: tuple[str, ...]) -> object:
        (registered,) = app_for(given).registered_groups
        assert registered.name == group
        assert registered.typer_instance is not None
        found = registered.typer_instance.registered_commands
        return {one.name or getattr(one.callback, "__name__", ""): one for one in found}[name]

    assert vars(named(words)) == vars(named((group, "--help")))
