"""Another process on an instance, as the tests of the supervisor need it: it obeys its input.

Run with a data directory: `start`, `ensure`, `release`, `remove` and `storm` (start and release
many times) each answer one line of JSON: {"ok": result} or {"error": text}.
"""

import json
import sys
from pathlib import Path

import psycopg

from tidegate.infra.postgres import EmbeddedPostgres, PostgresError, embedded


def storm(data_dir: Path, rounds: int = 8) -> int:
    for _ in range(rounds):
        with embedded(data_dir) as url, psycopg.connect(url) as connection:
            connection.execute("SELECT 1")
    return rounds


def main() -> None:
    data_dir = Path(sys.argv[1])
    server = EmbeddedPostgres(data_dir)
    verbs = {
        "start": server.start,
        "ensure": server.ensure_running,
        "release": server.release,
        "remove": server.remove,
        "storm": lambda: storm(data_dir),
    }
    for line in sys.stdin:
        try:
            answer = {"ok": verbs[line.strip()]()}
        except PostgresError as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
