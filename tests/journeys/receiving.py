"""The platform's webhook receiver in a process of its own, which can go away and come back."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.serving import free_port

PROGRAM = Path(__file__).parents[1] / "enforcement/receiver.py"


class Receiver:
    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self.directory, self.port, self.secret = directory, free_port(), ""
        self.url = f"http://127.0.0.1:{self.port}/hook"
        self._process: subprocess.Popen[bytes] | None = None
        (directory / "mode.json").write_text('{"status": 204}')

    def start(self, secret: str) -> None:
        self.secret = secret
        command = [sys.executable, str(PROGRAM), str(self.port), str(self.directory), secret]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        assert self._process.stdout.readline()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()

    def got(self) -> list[dict[str, Any]]:
        """What came so far, in order; a line that is being written is left out."""
        try:
            lines = (self.directory / "got.ndjson").read_text().split("\n")[:-1]
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in lines]
