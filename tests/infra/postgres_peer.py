"""Another process on an instance, as the tests of the supervisor need it: it obeys its input.

Each line is a verb and a data directory: `start`, `ensure`, `release`, `remove`, or `storm` (start
and release many times). Each is answered by one line of JSON: {"ok": result} or {"error": text}.
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
    holds: dict[str, EmbeddedPostgres] = {}
    for line in sys.stdin:
        verb, _, directory = line.rstrip("\n").partition(" ")
        hold = holds.setdefault(directory, EmbeddedPostgres(Path(directory)))
        verbs = {
            "start": hold.start,
            "owner": lambda hold=hold: hold.owner_url,
            "ensure": hold.ensure_running,
            "release": hold.release,
            "remove": hold.remove,
            "storm": lambda path=Path(directory): storm(path),
        }
        try:
            answer = {"ok": verbs[verb]()}
        except PostgresError as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
