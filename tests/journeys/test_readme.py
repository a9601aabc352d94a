"""The README's examples do what they say: a verdict, then a signed webhook; the matcher alone."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
from tests.serving import Served, free_port

README = Path(__file__).parents[2] / "README.md"
IMAGES = README.parent / "demo" / "images"
TEXT = "Join us on Friday and bring what you need to finish them, as we did last year"


def test_the_integration_of_the_readme_runs(served: Served) -> None:
    code = re.search(r"<!-- integration -->\n```python\n(.*?)```", README.read_text(), re.S)
    assert code is not None
    assert len([line for line in code[1].splitlines() if line.strip()]) <= 20
    port = free_port()
    target = ["--allow-private", "--enforce", "--url", f"http://127.0.0.1:{port}/tidegate"]
    environment = served.environment | {
        "TIDEGATE_URL": served.url,
        "KEY": served.key(name="readme"),
        "SECRET": served.cli("webhooks", "create", *target),
    }
    with httpx.Client(
        base_url=served.url, headers={"Authorization": f"Bearer {environment['KEY']}"}
    ) as tidegate:
        tidegate.post("/v1/banks", json={"name": "readme", "stance": "known"})
        entry = {"text": TEXT, "confirmed": True}
        assert tidegate.post("/v1/banks/readme/entries", json=entry).status_code == 201
    program = code[1].replace("9000", str(port))
    with subprocess.Popen(
        [sys.executable, "-c", program, TEXT],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as receiver:
        assert receiver.stdout is not None
        try:
            assert receiver.stdout.readline() == "verdict: restrict\n"
            assert receiver.stdout.readline() == "action.restrict post-1\n"
        finally:
            receiver.kill()


def test_the_matcher_of_the_readme_runs(tmp_path: Path) -> None:
    readme = README.read_text()
    commands = re.search(r"<!-- matcher commands -->\n```sh\n(.*?)```", readme, re.S)
    code = re.search(r"<!-- matcher -->\n```python\n(.*?)```", readme, re.S)
    assert commands is not None
    assert code is not None
    known = re.search(r'match_codes\(\["(\w+)"', code[1])
    assert known is not None
    for folder in ("known", "uploads"):
        (tmp_path / folder).mkdir()
    shutil.copy(IMAGES / "horse.png", tmp_path / "known")
    shutil.copy(IMAGES / "horse.png", tmp_path / "uploads" / "seen.png")
    (tmp_path / "uploads" / "new.txt").write_text(TEXT)
    (tmp_path / "list.csv").write_text(f"{known[1]},100\n")

    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)

    script = commands[1].replace(".venv/bin/tidegate", f"{sys.executable} -m tidegate")
    done = run("bash", "-ec", script)
    assert done.returncode == 1, done.stderr
    found = {line["path"]: line["matches"] for line in map(json.loads, done.stdout.splitlines())}
    assert found["uploads/new.txt"] == []
    assert {match["entry"] for match in found["uploads/seen.png"]} == {"horse.png"}

    (tmp_path / "known.bank").unlink()
    done = run(sys.executable, "-c", code[1])
    assert done.returncode == 0, done.stderr
    assert "uploads/seen.png horse.png sha256 0" in done.stdout.splitlines()
    assert known[1] in done.stdout.splitlines()[-1]
