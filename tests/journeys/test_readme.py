"""The README's integration does what it says: a verdict, then a signed webhook."""

import re
import subprocess
import sys
from pathlib import Path

import httpx
from tests.serving import Served, free_port

README = Path(__file__).parents[2] / "README.md"
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
