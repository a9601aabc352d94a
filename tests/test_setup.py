"""What set-up does about the kernels: the real script, beside a Python and a uv that fail as told."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "setup.sh"

# Builds with a borrowed compiler where there is a file `borrowed-works`, with its own by `compiler`.
_PYTHON = """#!/bin/sh
case "$*" in
*native.build) [ -e compiler ] || { [ -n "${PYTHONPATH:-}" ] && [ -e borrowed-works ]; } ||
  { echo "no C++ compiler was found" >&2; exit 3; } ;;
*) echo "pip $*" >>asked; [ -e wheel ] ;;
esac
"""
_UV = """#!/bin/sh
echo "uv $*" >>asked
[ -e wheel ]
"""

SetUp = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def set_up(tmp_path: Path) -> SetUp:
    """Runs the script where all is installed and only the kernels are to be seen to; the names of
    files say what there is."""
    for folder in ("scripts", "requirements", ".venv/bin"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(SCRIPT, tmp_path / "scripts")
    for name in ("pyproject.toml", "requirements/runtime.lock", "requirements/zig.lock"):
        (tmp_path / name).write_text(f"# {name}\n")
    for name, text in (("python", _PYTHON), ("uv", _UV)):
        (tmp_path / ".venv" / "bin" / name).write_text(text)
        (tmp_path / ".venv" / "bin" / name).chmod(0o755)
    stamp = "cat requirements/runtime.lock pyproject.toml | cksum | tr -d '\\n'"
    done = subprocess.run(["sh", "-c", stamp], cwd=tmp_path, capture_output=True, check=True)
    (tmp_path / ".venv" / ".stamp-runtime").write_bytes(done.stdout)

    def run(
        *words: str, there: tuple[str, ...] = (), native: str = ""
    ) -> subprocess.CompletedProcess[str]:
        for name in there:
            (tmp_path / name).touch()
        return subprocess.run(
            ["sh", "scripts/setup.sh", "runtime", *words],
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", "TIDEGATE_NATIVE": native},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def asked(folder: Path) -> list[str]:
    """Who was asked for the wheel since last time."""
    log = folder / "asked"
    lines = log.read_text().splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    return [line.split()[0] for line in lines]


def left(folder: Path) -> set[str]:
    return {path.name for path in (folder / ".venv").iterdir()} - {"bin", ".stamp-runtime"}


def test_with_a_compiler_nothing_is_said_or_fetched(set_up: SetUp, tmp_path: Path) -> None:
    done = set_up("again", there=("compiler",))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert asked(tmp_path) == []
    assert left(tmp_path) == set()


def test_without_one_the_wheel_builds_and_goes(set_up: SetUp, tmp_path: Path) -> None:
    done = set_up(there=("wheel", "borrowed-works"))
    assert done.returncode == 0
    assert "Borrowing a C++ compiler" in done.stderr
    assert "numpy" not in done.stderr
    assert asked(tmp_path) == ["uv"]
    assert left(tmp_path) == set()


@pytest.mark.parametrize("there", [(), ("wheel",)], ids=["no wheel", "a wheel of no use"])
def test_without_either_numpy_takes_over_and_it_is_said_once(
    set_up: SetUp, tmp_path: Path, there: tuple[str, ...]
) -> None:
    done = set_up(there=there)
    assert done.returncode == 0
    assert done.stderr.count("numpy takes their place") == 1
    assert "tidegate doctor" in done.stderr
    assert asked(tmp_path) == (["uv"] if there else ["uv", "pip"])
    assert left(tmp_path) == {"kernels.log"}
    assert "no C++ compiler was found" in (tmp_path / ".venv" / "kernels.log").read_text()

    done = set_up()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert asked(tmp_path) == []

    assert "numpy takes their place" in set_up("again").stderr, "make setup tries anew"
    assert asked(tmp_path)
    assert set_up(there=("compiler",)).stderr == "", "one that was installed since is taken"
    assert left(tmp_path) == set()


def test_kernels_that_are_required_fail_each_time(set_up: SetUp, tmp_path: Path) -> None:
    for _ in range(2):
        done = set_up(native="require")
        assert done.returncode == 1
        assert "required" in done.stderr
        assert asked(tmp_path) == ["uv", "pip"]
    assert left(tmp_path) == {"kernels.log"}


@pytest.mark.skipif(shutil.which("make") is None, reason="no make on this machine")
def test_the_demo_is_served_on_the_port_that_one_names() -> None:
    asked = ["make", "-n", "demo", "PORT=8431"]
    said = subprocess.run(
        asked, cwd=SCRIPT.parents[1], capture_output=True, text=True, check=True
    ).stdout
    assert "tidegate demo --port 8431" in said
