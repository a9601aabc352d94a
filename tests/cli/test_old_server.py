"""A PostgreSQL that is too old is refused at the start, with the reason, and asked nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.infra.old_postgres import old_postgres


@pytest.mark.parametrize("words", [["serve", "--port", "0"], ["keys", "list"], ["doctor"]])
def test_it_is_refused_with_the_reason(words: list[str], tmp_path: Path) -> None:
    with old_postgres() as (url, asked):
        done = subprocess.run(
            [sys.executable, "-m", "tidegate", *words, "--data-dir", str(tmp_path / "instance")],
            env=os.environ | {"TIDEGATE_DATABASE_URL": url},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    said = done.stdout + done.stderr
    assert "PostgreSQL 15.13" in said
    assert "16 or later" in said
    assert done.returncode == (1 if words == ["doctor"] else 2)
    assert asked == []
    assert "Traceback" not in said
