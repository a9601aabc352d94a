"""What finding costs among a million posts: `make bench-find`.

A real `tidegate serve`. A tenth of the posts are open cases of a known mix (`tidegate bench seed`), whose terms
the worker makes: how many a second is measured, with the processor time of each. The others, posts of 5 to 60
words out of 200,000 that come as often as words do (Zipf), are written straight into the database with the
terms that the same functions make, and a fifth of them is decided on. A person who signed in then asks for
`/find` over one kept-alive connection: for words that are frequent, rare, and nowhere, for several, for phrases,
for each operator alone and with words, on every tab, and on pages further down, in turns. Counted is the time
until the whole page is there. ITEMS=100000 takes fewer; QUICK=1 fewer still, and only prints.
"""

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from random import Random
from urllib.parse import urlencode
from uuid import UUID

import httpx
import msgspec
import numpy as np
import psycopg

from benchmarks import report
from benchmarks.console import sign_in
from benchmarks.instance import Instance, running
from benchmarks.load import percentile
from tidegate.content.model import Content
from tidegate.content.tables import items
from tidegate.decisions.tables import decisions
from tidegate.infra.clock import SystemClock
from tidegate.infra.db import Database
from tidegate.infra.ids import uuid7
from tidegate.infra.secrets import InstanceSecrets
from tidegate.pipeline.terms import said_by
from tidegate.signals.words.model import terms
from tidegate.signals.words.tables import item_terms

BENCH = "find"
QUICK = os.environ.get("QUICK", "") not in ("", "0")
ITEMS = 20_000 if QUICK else int(os.environ.get("ITEMS", "1000000"))
CASES = ITEMS // 10
ROUNDS = 3 if QUICK else 12
TARGET = 150.0  # ms, p95
VOCABULARY = 200_000
PEOPLE = 40
_GROUP = 5000
_ACTOR = "user:person{}@example.org"
_NEXT = re.compile(r'href="([^"]+)" data-page="next"')
_TABS = ("items", "cases", "entries", "decisions")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def word(rank: int) -> str:
    """A word of that rank, as no other."""
    letters = "aeioubcdfghklmnprstvz"
    found = ""
    rank += len(letters)
    while rank:
        rank, place = divmod(rank, len(letters))
        found += letters[place]
    return found


class Texts:
    """Texts of words that come as often as words do."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        weights = 1 / np.arange(1, VOCABULARY + 1)
        self._sums = np.cumsum(weights / weights.sum())
        self._words = [word(rank) for rank in range(VOCABULARY)]

    def next(self) -> str:
        length = int(self._random.integers(5, 60))
        ranks = np.searchsorted(self._sums, self._random.random(length))
        return " ".join(self._words[min(int(rank), VOCABULARY - 1)] for rank in ranks)


def fill(instance: Instance) -> float:
    """Write the posts that are no cases, and decisions; the seconds that their terms took each."""
    key = InstanceSecrets.open(instance.directory).terms_key
    texts, random, database = Texts(7), Random(7), Database(instance.owner_url, SystemClock())
    now, spent = datetime.now(UTC), 0.0
    with psycopg.connect(instance.owner_url, autocommit=True) as owner:
        owner.execute("DROP INDEX ix_item_terms_terms")
        last = owner.execute("SELECT max(number) FROM revisions").fetchone()
        assert last is not None
        first = int(last[0]) + 1
        for begin in range(0, ITEMS - CASES, _GROUP):
            spent += _write(database, key, texts, random, now, begin, first)
        owner.execute(
            "SELECT setval(pg_get_serial_sequence('revisions', 'number'), %s)", (first + ITEMS,)
        )
        say("making the index")
        owner.execute(
            "CREATE INDEX ix_item_terms_terms ON item_terms USING gin (terms)"
            " WITH (gin_pending_list_limit = 64)"
        )
        owner.execute("VACUUM (ANALYZE)")
    database.close()
    return spent / max(1, ITEMS - CASES)


def _write(
    database: Database,
    key: bytes,
    texts: Texts,
    random: Random,
    now: datetime,
    begin: int,
    first: int,
) -> float:
    posts: list[tuple[UUID, int, datetime, Content]] = []
    for place in range(begin, min(begin + _GROUP, ITEMS - CASES)):
        at = now - timedelta(days=30) + timedelta(seconds=2 * place)
        content = Content(
            surface="post",
            publicness="public",
            author=f"{random.randrange(50_000):032x}",
            created_at=at,
            language=random.choice(("en", "de", "fr", "ar")),
            text=texts.next(),
        )
        posts.append((uuid7(at), first + place, at, content))
    began = time.perf_counter()
    made = [terms(key, number, said_by(content, "default")) for _, number, _, content in posts]
    spent = time.perf_counter() - began
    encode = msgspec.json.Encoder().encode
    with database.begin() as tx:
        tx.copy(
            items,
            ("id", "platform", "external_id", "publicness", "author", "revision", "verdict", "received_at"),
            [
                (id, "default", f"find-{number}", "public", content.author, 1, "pass", at)
                for id, number, at, content in posts
            ],
        )  # fmt: skip
        driver = tx.connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        copy = "COPY revisions (item_id, revision, number, xid, digest, content, received_at) FROM STDIN"
        with driver.cursor() as cursor, cursor.copy(copy) as rows:
            for id, number, at, content in posts:
                rows.write_row((id, 1, number, "0", id.bytes, encode(content), at))
        tx.copy(
            item_terms,
            ("item_id", "number", "at", "terms"),
            [(id, number, at, said) for (id, number, at, _), said in zip(posts, made, strict=True)],
        )
        tx.copy(
            decisions,
            ("id", "item_id", "revision", "outcome", "label", "reason", "decided_by", "created_at"),
            [_decision(random, id, at) for id, _, at, _ in posts if random.random() < 0.2],
        )
    return spent


def _decision(random: Random, item: UUID, at: datetime) -> tuple[object, ...]:
    restricts = random.random() < 0.3
    label = random.choice(("propaganda", "incitement", "threat")) if restricts else None
    person = _ACTOR.format(random.randrange(PEOPLE))
    outcome = "restrict" if restricts else "pass"
    return (uuid7(at), item, 1, outcome, label, "as the rules say", person, at)


def questions(random: Random) -> dict[str, list[str]]:
    """What is asked, by its kind."""

    def some(low: int, high: int) -> str:
        return word(random.randrange(low, high))

    author = f"{7:032x}"
    day = (datetime.now(UTC) - timedelta(days=20)).date().isoformat()
    return {
        "a frequent word": [some(0, 20) for _ in range(8)],
        "a word": [some(100, 5000) for _ in range(8)],
        "a rare word": [some(20_000, VOCABULARY) for _ in range(8)],
        "no such word": ["qwertyuiop", "xxxxyyyy"],
        "two frequent words": [f"{some(0, 20)} {some(0, 20)}" for _ in range(8)],
        "three words": [f"{some(0, 50)} {some(0, 500)} {some(0, 5000)}" for _ in range(8)],
        "a phrase": [f'"{some(0, 20)} {some(0, 20)}"' for _ in range(8)],
        "a phrase of rarer words": [f'"{some(20, 300)} {some(20, 300)}"' for _ in range(8)],
        "author": [f"author:{author}"],
        "author and a word": [f"author:{author} {some(0, 20)}"],
        "language": ["lang:de", f"lang:ar {some(0, 200)}"],
        "decided": ["outcome:restrict", "label:threat", "by:person7@example.org"],
        "decided, and a word": [
            f"outcome:restrict {some(0, 100)}",
            f"label:threat by:person3@example.org {some(0, 100)}",
            f"by:person9@example.org {some(1000, 9000)}",
        ],
        "times": [f"before:{day}", f"after:{day} {some(0, 500)}", f"before:{day} {some(0, 500)}"],
    }  # fmt: skip


def ask(client: httpx.Client, address: str) -> tuple[float, httpx.Response]:
    """Milliseconds until the page is there."""
    began = time.perf_counter()
    answer = client.get(address)
    took = (time.perf_counter() - began) * 1000
    if answer.status_code != 200 or "tab-items" not in answer.text:
        raise RuntimeError(f"{address}: {answer.status_code}")
    return took, answer


def sizes(instance: Instance) -> dict[str, float]:
    """Bytes an item, of the rows and of their indexes."""
    with psycopg.connect(instance.owner_url) as connection:
        row = connection.execute(
            "SELECT pg_table_size('item_terms'), pg_relation_size('ix_item_terms_terms'),"
            " pg_indexes_size('item_terms'), count(*) FROM item_terms"
        ).fetchone()
    assert row is not None
    return {
        "rows": row[0] / row[3],
        "index of terms": row[1] / row[3],
        "other indexes": (row[2] - row[1]) / row[3],
    }


def until_made(instance: Instance, count: int) -> float:
    """Wait until the worker has made the terms of so many; the seconds since it began."""
    began = time.monotonic()
    with psycopg.connect(instance.database_url, autocommit=True) as connection:
        while True:
            row = connection.execute("SELECT count(*) FROM item_terms").fetchone()
            if row is not None and row[0] >= count:
                return time.monotonic() - began
            time.sleep(0.2)


def measure(instance: Instance) -> Iterator[report.Line]:
    """Every kind, in turns."""
    where = report.machine()

    def line(case: str, metric: str, value: float, unit: str, count: int) -> report.Line:
        rounded = round(value, 2)
        return report.Line(BENCH, case, metric, rounded, unit, count, report.cores(), where)

    say(f"opening {CASES:,} cases")
    instance.cli("bench", "seed", "--cases", str(CASES))
    before = instance.cpu_seconds()
    with psycopg.connect(instance.database_url) as connection:
        row = connection.execute("SELECT count(*) FROM item_terms").fetchone()
    assert row is not None
    left = CASES - int(row[0])
    took, after = until_made(instance, CASES), instance.cpu_seconds()
    if left > CASES // 10:
        say(f"terms of {left / took:,.0f} posts a second by the worker")
        yield line(f"terms n={left}", "posts/s", left / took, "1/s", left)
        for name, seconds in after.items():
            each = 1e6 * (seconds - before[name]) / left
            yield line(f"terms n={left}", f"CPU {name}", each, "us", left)
    say(f"writing {ITEMS - CASES:,} posts")
    yield line(f"terms n={ITEMS}", "made", 1e6 * fill(instance), "us", ITEMS)
    for name, value in sizes(instance).items():
        say(f"{name}: {value:.0f} bytes a post")
        yield line(f"n={ITEMS}", name, value, "bytes", ITEMS)
    yield from pages(instance, line)


def pages(instance: Instance, line: Callable[..., report.Line]) -> Iterator[report.Line]:
    """What the pages cost: until they are there, and in processor time."""
    client, kinds = sign_in(instance), questions(Random(3))
    taken: dict[str, list[float]] = {f"{kind}, {tab}": [] for kind in kinds for tab in _TABS}
    taken["further down"] = []
    for several in kinds.values():  # everything once, to warm up
        for q in several:
            ask(client, f"/find?{urlencode({'q': q})}")
    before = instance.cpu_seconds()
    for turn in range(ROUNDS):
        for kind, several in kinds.items():
            for tab in _TABS:
                q = several[turn % len(several)]
                address = f"/find?{urlencode({'q': q, 'tab': tab})}"
                spent, answer = ask(client, address)
                taken[f"{kind}, {tab}"].append(spent)
                found = _NEXT.search(answer.text)
                if found and turn % 4 == 0:
                    taken["further down"].append(ask(client, unescape(found[1]))[0])
    after = instance.cpu_seconds()
    taken["all"] = [one for several in taken.values() for one in several]
    for kind, found in taken.items():
        p50, p95 = percentile(found, 0.5), percentile(found, 0.95)
        say(f"/find, {kind}: p50 {p50:.1f} ms, p95 {p95:.1f} ms (to be at most {TARGET:.0f})")
        yield line(f"/find {kind} n={ITEMS}", "p50", p50, "ms", len(found))
        yield line(f"/find {kind} n={ITEMS}", "p95", p95, "ms", len(found))
    for name, seconds in after.items():
        each = 1000 * (seconds - before[name]) / len(taken["all"])
        say(f"/find, all: {each:.1f} ms of processor time in {name}")
        yield line(f"/find all n={ITEMS}", f"CPU {name}", each, "ms", len(taken["all"]))


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
