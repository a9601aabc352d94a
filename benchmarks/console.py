"""What the pages cost when much waits: `make bench-console`.

A real `tidegate serve` with a hundred thousand open cases of a known mix (`tidegate bench seed`), the words
of their posts indexed and its database vacuumed. A person who signed in asks for `/cases` over one kept-alive
connection, page by page: for every filter, alone and in twos, from the first page and from cursors deep in
the list, the kinds of request taking turns. Counted is the time until the whole page is there, as a client
beside the server sees it; HTML, as sent, compressed where the server does that. p50 and p95 of each kind and
of all, and the processor time of one request, which other work on the machine changes least. Then a case with
a thousand reports, what is transferred, what a person waits in Chromium (`benchmarks/painted.py`), and fifty
people at once (`benchmarks/crowd.py`). QUICK=1 seeds fewer, and only prints.
"""

import os
import re
import sys
import time
from collections.abc import Iterator
from itertools import combinations

import httpx
import msgspec
import psycopg

from benchmarks import crowd, painted, report
from benchmarks.instance import Instance, running
from benchmarks.load import percentile
from tidegate.review.places import Place, write_place

BENCH = "console"
QUICK = os.environ.get("QUICK", "") not in ("", "0")
CASES = 5_000 if QUICK else 100_000
ROUNDS = 3 if QUICK else 20
TARGET = 60.0  # ms, p95
REPORTS = 100 if QUICK else 1_000
CASE_TARGET = 80.0
PAINT_TARGET = 250.0
PEOPLE = 10 if QUICK else 50
SECONDS = 10.0 if QUICK else 60.0
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


def link_of(instance: Instance, email: str) -> str:
    """A new person's link to sign in by."""
    said = instance.cli("users", "create", "--email", email, "--role", "reviewer")
    return said[said.index("/sign-in/") :].split()[0]


def sign_in(instance: Instance, email: str = "bench@example.org") -> httpx.Client:
    """A person's browser."""
    path = link_of(instance, email)
    client = httpx.Client(base_url=f"http://127.0.0.1:{instance.port}", timeout=60)
    if client.post(path).status_code != 303:
        raise RuntimeError("the link did not sign in")
    return client


def seed(instance: Instance) -> float:
    """Open the cases; how many a second."""
    began = time.monotonic()
    instance.cli("bench", "seed", "--cases", str(CASES))
    took = time.monotonic() - began
    say("waiting until the words of the posts are indexed")
    instance.cli("items", "terms")
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


def much_reported(instance: Instance) -> str:
    """The address of a case with many reports, a third of them with words of their own."""
    headers = {"Authorization": f"Bearer {instance.key}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{instance.port}", headers=headers) as api:
        found = {}
        for number in range(REPORTS):
            body = {"id": f"many-{number}", "channel": "user", "reason": "terrorism"}
            body |= {"item_id": "many", "created_at": "2026-01-01T10:00:00Z"}
            body |= {"reporter": f"reporter-{number}"}
            body |= {"comment": f"I saw this, number {number}"} if number % 3 == 0 else {}
            if not number:
                post = {"id": "many", "surface": "post", "publicness": "public", "author": "a"}
                post |= {"created_at": "2026-01-01T09:00:00Z", "text": "much reported"}
                api.post("/v1/items", json=post).raise_for_status()
            answer = api.post("/v1/reports", json=body)
            answer.raise_for_status()
            found = answer.json()
    return f"/cases/{found['case']}"


def transferred(client: httpx.Client, seen: set[str], address: str) -> tuple[int, int]:
    """Bytes of a page with the files that it loads and that were not `seen`, as sent; and of its scripts
    alone."""

    def size(path: str) -> tuple[int, str]:
        with client.stream("GET", path) as answer:
            raw = sum(map(len, answer.iter_raw()))
        return raw, client.get(path).text

    total, text = size(address)
    waiting = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', text))
    scripts = 0
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        one, text = size(path)
        total += one
        if path.endswith(".js"):
            scripts += one
            folder = path.rpartition("/")[0]
            waiting |= {f"{folder}/{name}" for name in re.findall(r'from "\./([\w.]+)"', text)}
    return total, scripts


def ask(client: httpx.Client, address: str, holds: str = "queue-head") -> float:
    """Milliseconds until the page is there."""
    began = time.perf_counter()
    answer = client.get(address)
    took = (time.perf_counter() - began) * 1000
    if answer.status_code != 200 or holds not in answer.text:
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


def beside(instance: Instance) -> Iterator[report.Line]:
    """A case that a thousand reported, what is transferred, and many people at once."""
    where = report.machine()

    def line(case: str, metric: str, value: float, unit: str, count: int) -> report.Line:
        say(f"{case}, {metric}: {value:,.1f} {unit}")
        rounded = round(value, 2)
        return report.Line(BENCH, case, metric, rounded, unit, count, report.cores(), where)

    client, seen = sign_in(instance, "beside@example.org"), set[str]()
    first, scripts = transferred(client, seen, "/cases")
    later, _ = transferred(client, seen, "/cases?queue=reports")
    yield line("/cases first load", "transferred", first / 1000, "kB", 1)
    yield line("/cases first load", "scripts", scripts / 1000, "kB", 1)
    yield line("/cases later page", "transferred", later / 1000, "kB", 1)
    address = much_reported(instance)
    ask(client, address, "report-group")
    before = instance.cpu_seconds()
    taken = [ask(client, address, "report-group") for _ in range(ROUNDS * 3)]
    after = instance.cpu_seconds()
    name = f"case with {REPORTS} reports n={CASES}"
    yield line(name, "p50", percentile(taken, 0.5), "ms", len(taken))
    yield line(name, f"p95 (at most {CASE_TARGET:.0f})", percentile(taken, 0.95), "ms", len(taken))
    for process, seconds in after.items():
        each = 1000 * (seconds - before[process]) / len(taken)
        yield line(name, f"CPU {process}", each, "ms", len(taken))
    if painted.chromium() is None:
        say(
            "no Chromium on this machine (Debian: apt install chromium): what a person waits is left out"
        )
    else:
        link = link_of(instance, "painted@example.org")
        taken = painted.waits(instance, "/cases", link, ROUNDS * 3)
        name = f"decide to the next case painted, Chromium, n={CASES}"
        yield line(name, "p50", percentile(taken, 0.5), "ms", len(taken))
        yield line(
            name, f"p95 (at most {PAINT_TARGET:.0f})", percentile(taken, 0.95), "ms", len(taken)
        )
    found = crowd.work(instance, PEOPLE, SECONDS)
    name = f"{PEOPLE} people, a decision each 5 s n={CASES}"
    for kind, times in found.taken.items():
        yield line(f"{name}: {kind}", "p50", percentile(times, 0.5), "ms", len(times))
        yield line(f"{name}: {kind}", "p95", percentile(times, 0.95), "ms", len(times))
    yield line(
        name, "answers of 500 and above", found.broken, "", sum(map(len, found.taken.values()))
    )
    yield line(name, "decisions", len(found.taken["decide"]), "", PEOPLE)


def main() -> None:
    say("starting an instance")
    with running() as instance:
        lines = [*measure(instance), *beside(instance)]
    for line in lines:
        print(msgspec.json.encode(line).decode())
    if not QUICK:
        say(f"wrote {report.write(BENCH, lines)}")


if __name__ == "__main__":
    main()
