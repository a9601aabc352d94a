"""What the pages cost when much waits: `make bench-console`.

A real `tidegate serve` with a hundred thousand open cases of a known mix (`tidegate bench seed`), its
database vacuumed. A person who signed in asks for `/cases` over one kept-alive connection, page by page: for
every filter, alone and in twos, from the first page and from cursors deep in the list, the kinds of request
taking turns. Counted is the time until the whole page is there, as a client beside the server sees it; HTML,
as sent, compressed where the server does that. p50 and p95 of each kind and of all, and the processor time of
one request, which other work on the machine changes least. QUICK=1 seeds fewer, and only prints.
"""

import os
import sys
import time
from collections.abc import Iterator
from itertools import combinations

import httpx
import msgspec
import psycopg

from benchmarks import report
from benchmarks.instance import Instance, running
from benchmarks.load import percentile
from tidegate.review.places import Place, write_place

BENCH = "console"
QUICK = os.environ.get("QUICK", "") not in ("", "0")
CASES = 5_000 if QUICK else 100_000
ROUNDS = 3 if QUICK else 20
TARGET = 60.0  # ms, p95
FILTERS = {
    "queue": "reports",
    "band": "2,3",
    "lang": "ar",
    "channel": "notice",
    "label": "incitement",
    "bank": "attack-2026",
    "media": "image",
    "held": "none",
    "since": "24h",
    "q": "seed-0",
}


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def sign_in(instance: Instance) -> httpx.Client:
    """A person's browser."""
    said = instance.cli("users", "create", "--email", "bench@example.org", "--role", "reviewer")
    path = said[said.index("/sign-in/") :].split()[0]
    client = httpx.Client(base_url=f"http://127.0.0.1:{instance.port}", timeout=60)
    if client.post(path).status_code != 303:
        raise RuntimeError("the link did not sign in")
    return client


def seed(instance: Instance) -> float:
    """Open the cases; how many a second."""
    began = time.monotonic()
    instance.cli("bench", "seed", "--cases", str(CASES))
    took = time.monotonic() - began
    with psycopg.connect(instance.owner_url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
    return CASES / took


def deep(instance: Instance) -> list[str]:
    """Addresses of pages at a tenth, a half and nine tenths of the list."""
    query = (
        "SELECT band, waits_since, id FROM cases WHERE state <> 'decided'"
        " ORDER BY band, waits_since, id OFFSET %s LIMIT 1"
    )
    found: list[str] = []
    with psycopg.connect(instance.database_url) as connection:
        for share in (0.1, 0.5, 0.9):
            row = connection.execute(query, (int(CASES * share),)).fetchone()
            assert row is not None
            for backwards in (False, True):
                place = Place(backwards, row[0], row[1], row[2], int(CASES * share))
                found.append(f"/cases?cursor={write_place(place)}")
    return found


def addresses(instance: Instance) -> dict[str, list[str]]:
    """What is asked for, by its kind."""
    alone = {f"{name}={value}": [f"/cases?{name}={value}"] for name, value in FILTERS.items()}
    twos = [
        f"/cases?{one}={FILTERS[one]}&{other}={FILTERS[other]}"
        for one, other in combinations(FILTERS, 2)
    ]
    return {"no filter": ["/cases"], "deep": deep(instance)} | alone | {"two filters": twos}


def ask(client: httpx.Client, address: str) -> float:
    """Milliseconds until the page is there."""
    began = time.perf_counter()
    answer = client.get(address)
    took = (time.perf_counter() - began) * 1000
    if answer.status_code != 200 or "queue-head" not in answer.text:
        raise RuntimeError(f"{address}: {answer.status_code}")
    return took


def measure(instance: Instance) -> Iterator[report.Line]:
    """Every kind, in turns."""
    where = report.machine()

    def line(case: str, metric: str, value: float, unit: str, count: int) -> report.Line:
        rounded = round(value, 2)
        return report.Line(BENCH, case, metric, rounded, unit, count, report.cores(), where)

    say(f"opening {CASES:,} cases")
    yield line(f"seed n={CASES}", "cases/s", seed(instance), "1/s", CASES)
    client, kinds = sign_in(instance), addresses(instance)
    taken: dict[str, list[float]] = {kind: [] for kind in kinds}
    for several in kinds.values():  # everything once, to warm up
        for address in several:
            ask(client, address)
    before = instance.cpu_seconds()
    for turn in range(ROUNDS):
        for kind, several in kinds.items():
            taken[kind].append(ask(client, several[turn % len(several)]))
    after = instance.cpu_seconds()
    taken["all"] = [one for several in taken.values() for one in several]
    for kind, found in taken.items():
        p50, p95 = percentile(found, 0.5), percentile(found, 0.95)
        say(f"/cases, {kind}: p50 {p50:.1f} ms, p95 {p95:.1f} ms (to be at most {TARGET:.0f})")
        case = f"/cases {kind} n={CASES}"
        yield line(case, "p50", p50, "ms", len(found))
        yield line(case, "p95", p95, "ms", len(found))
    for name, seconds in after.items():
        each = 1000 * (seconds - before[name]) / len(taken["all"])
        say(f"/cases, all: {each:.1f} ms of processor time in {name}")
        yield line(f"/cases all n={CASES}", f"CPU {name}", each, "ms", len(taken["all"]))


def main() -> None:
    say("starting an instance")
    with running() as instance:
        lines = list(measure(instance))
    for line in lines:
        print(msgspec.json.encode(line).decode())
    if not QUICK:
        say(f"wrote {report.write(BENCH, lines)}")


if __name__ == "__main__":
    main()
