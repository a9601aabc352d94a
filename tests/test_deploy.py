"""The systemd unit: systemd itself reads it without a word, and finds it closed off."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[1] / "deploy" / "tidegate.service"
PROGRAM = "/opt/tidegate/bin/tidegate"
EXPOSURE = 3.0  # of 10, as systemd counts it; a unit without a word of hardening has 9.6


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit, with a program that is there."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here")
    text = UNIT.read_text()
    assert PROGRAM in text
    here = tmp_path / UNIT.name
    here.write_text(text.replace(PROGRAM, str(Path(sys.executable).with_name("tidegate"))))
    return here


def analyze(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *words], capture_output=True, text=True, check=False, timeout=60
    )


def test_the_unit_is_read_without_a_complaint(unit: Path) -> None:
    done = analyze("verify", unit)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_unit_is_closed_off(unit: Path) -> None:
    done = analyze("security", "--offline=true", "--no-pager", unit)
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd-analyze cannot look at a file")
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert found is not None, done.stdout + done.stderr
    assert float(found[1]) <= EXPOSURE


def test_what_the_unit_says_fits_the_program() -> None:
    """systemd gives up later than the supervisor, and starts whatever ends."""
    from tidegate.cli.supervise import WEB_STOP, WORKER_STOP

    settings = dict(line.split("=", 1) for line in UNIT.read_text().splitlines() if "=" in line)
    assert settings["Restart"] == "always"
    assert settings["Type"] == "notify"
    assert settings["KillMode"] == "mixed"
    assert int(settings["TimeoutStopSec"]) > WEB_STOP + WORKER_STOP + 15  # PostgreSQL's own
