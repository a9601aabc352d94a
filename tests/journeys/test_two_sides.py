"""The two-sided day, as `make demo-two HEADLESS=1` runs it: real processes, databases and sockets on a turned time."""

import os
import subprocess
import sys
from pathlib import Path
from random import SystemRandom

import pytest

REPOSITORY = Path(__file__).parents[2]
KILLS = "20"


def play(tmp_path: Path, *words: str, seconds: float) -> str:
    """What the day tells, in which all that it tells has happened."""
    done = subprocess.run(
        [sys.executable, "-m", "demo.two", "--headless", *words],
        cwd=REPOSITORY,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=seconds,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []
    return done.stdout


def test_the_morning_from_the_order_to_two_annexes(tmp_path: Path) -> None:
    told = play(tmp_path, "--morning", seconds=300)
    for words in (
        "is killed, its database with it",
        "as it was to the microsecond",
        "Annex II and Annex III",
        "receipts verify",
        "all ledgers verify",
    ):
        assert words in told


@pytest.mark.long
def test_the_whole_day_through_twenty_kills(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = os.environ.get("TIDEGATE_TWO_SEED") or str(SystemRandom().randrange(1 << 32))
    with capsys.disabled():
        print(f"\nTIDEGATE_TWO_SEED={seed}")
    told = play(tmp_path, "--kills", KILLS, "--seed", seed, seconds=1800)
    assert told.count("was killed after") == int(KILLS)
    for words in ("it is ordered already", "six months have passed", "all ledgers verify"):
        assert words in told
