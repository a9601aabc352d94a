"""How soon what is new in the banks finds the posts that came before: `make bench-lookback`.

A real `tidegate serve` keeps a million posts with a picture and a text. Measured are the index of
their fingerprints, made from PostgreSQL; an entry that ten of them match, from its commit to that of
their retro evaluations; and the import of a list, to when all posts were looked back at, with what
it costs those who post meanwhile. QUICK=1 takes fewer, and only prints.
"""

import asyncio
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from uuid import uuid4

import msgspec
import numpy as np
import psycopg
import uvloop

from benchmarks import report
from benchmarks.instance import Instance, running
from benchmarks.load import one_by_one, percentile
from benchmarks.material import Posts
from tidegate.content.model import Content
from tidegate.content.tables import items, revisions
from tidegate.infra.clock import SystemClock
from tidegate.infra.db import Database
from tidegate.infra.identity import database_identity
from tidegate.pipeline.lookback.items import ItemCodes
from tidegate.signals.banks.actions import add_entry, create_bank
from tidegate.signals.banks.model import BankIn
from tidegate.signals.index import Folder
from tidegate.signals.model import Fingerprint

BENCH = "lookback"
QUICK = os.environ.get("QUICK", "") not in ("", "0")
ITEMS = 50_000 if QUICK else 1_000_000
LISTED = 5_000 if QUICK else 100_000
FOUND = 100  # one code of the list in so many is a kept post's
ADDED = 3 if QUICK else 10
COPIES = 10  # posts that an added entry matches
SECONDS = 3.0 if QUICK else 12.0
PATIENCE = 1800.0
_GROUP = 1000  # posts a transaction
_ACTOR = "key:benchmark"

Codes = list[bytes]


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def codes(seed: int, count: int) -> Codes:
    """Random codes of 256 bits."""
    joined = np.random.default_rng(seed).bytes(32 * count)
    return [joined[at : at + 32] for at in range(0, len(joined), 32)]


def keep_posts(database: Database, pictures: Codes) -> None:
    """Posts as they stand after their first look, one for each code, some in each transaction."""
    stamp, texts = uuid4().hex[:8], codes(2, len(pictures))
    for start in range(0, len(pictures), _GROUP):
        with database.begin(_ACTOR) as tx:
            made = [(uuid4(), place) for place in range(start, min(start + _GROUP, len(pictures)))]
            names = ("id", "platform", "external_id", "publicness", "author", "revision")
            tx.copy(
                items,
                (*names, "verdict", "received_at"),
                (
                    (item, "default", f"{stamp}-{place}", "public", "a" * 32, 1, "pass", tx.now)
                    for item, place in made
                ),
            )
            content = msgspec.json.encode(
                Content(
                    surface="post",
                    publicness="public",
                    author="a" * 32,
                    created_at=tx.now,
                    language="en",
                    text="…",
                )
            )
            names = ("item_id", "revision", "digest", "content", "fingerprints", "received_at")
            tx.copy(
                revisions,
                names,
                (
                    (item, 1, item.bytes * 2, content, _kept(pictures[p], texts[p]), tx.now)
                    for item, p in made
                ),
            )


def _kept(picture: bytes, text: bytes) -> bytes:
    """What a post with a picture and a text keeps."""
    return msgspec.msgpack.encode(
        [
            ("media/0", Fingerprint("sha256", text)),
            ("media/0", Fingerprint("md5", text[:16])),
            ("media/0", Fingerprint("pdq", picture, 100)),
            ("text", Fingerprint("text_sha256", picture)),
            ("text", Fingerprint("text_minhash", text)),
        ]
    )


def build(database: Database) -> dict[str, tuple[float, str]]:
    """The index of all that is kept, made from nothing in this process."""
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as folder, database.begin() as tx:
        kept = ItemCodes(Folder(Path(folder), database_identity(tx)))
        began, cpu = time.monotonic(), time.process_time()
        count = sum(1 for _ in kept.catch_up(tx, 0))
        kept.index.seal()
        seconds, cpu = time.monotonic() - began, time.process_time() - cpu
        if count < ITEMS:
            raise RuntimeError(f"the index has {count} of {ITEMS} posts")
    return {"build": (seconds, "s"), "build, CPU": (cpu / count * 1e6, "µs/item")}


def until(done: Callable[[], bool]) -> float:
    """Seconds until something is so."""
    began = time.monotonic()
    while not done():
        if time.monotonic() - began > PATIENCE:
            raise RuntimeError("that took too long")
        time.sleep(0.005)
    return time.monotonic() - began


class Looking:
    """What the database says of the look back."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)

    def _one(self, query: str) -> int:
        row = self._connection.execute(query.encode()).fetchone()
        return int(row[0]) if row and row[0] is not None else 0

    def retro(self) -> int:
        """Evaluations that it appended."""
        return self._one("SELECT count(*) FROM evaluations WHERE stage = 'retro'")

    def is_done(self) -> bool:
        """Whether all versions of the banks were looked back for."""
        return bool(
            self._one(
                "SELECT (SELECT value FROM counters WHERE name = 'look-back version')"
                " >= (SELECT value FROM counters WHERE name = 'banks')"
            )
        )


def add(database: Database, looking: Looking, known: Codes) -> list[float]:
    """Entries, one after the other: seconds from each one's commit to its evaluations'."""
    seconds: list[float] = []
    for code in known:
        wanted = looking.retro() + COPIES
        with database.begin(_ACTOR) as tx:
            add_entry(tx, "benchmark", [Fingerprint("pdq", code, 100)], confirmed=True)
        seconds.append(until(lambda wanted=wanted: looking.retro() >= wanted))
    return seconds


def stream(instance: Instance, posts: Posts, going_on: Callable[[], bool]) -> list[float]:
    """Latencies in ms of texts posted one by one by four, in rounds of a second."""
    latencies: list[float] = []
    while going_on():
        run = asyncio.run(one_by_one(instance.port, posts.one, seconds=1.0, connections=4))
        latencies += run.latencies
    return latencies


def import_list(
    instance: Instance, looking: Looking, posts: Posts, listed: Codes
) -> dict[str, tuple[float, str]]:
    """A list is imported and looked back for, while others post."""
    path = instance.directory / "list.csv"
    path.write_text("pdq_hash,quality\n" + "".join(f"{code.hex()},100\n" for code in listed))
    wanted = looking.retro() + len(listed) // FOUND
    took: dict[str, tuple[float, str]] = {}

    def take() -> None:
        began = time.monotonic()
        instance.cli("bank", "import", "benchmark", str(path), "--confirmed")
        took["import"] = (time.monotonic() - began, "s")
        until(looking.is_done)
        took["import and look back"] = (time.monotonic() - began, "s")

    quiet_until = time.monotonic() + SECONDS
    alone = stream(instance, posts, lambda: time.monotonic() < quiet_until)
    taking = threading.Thread(target=take)
    taking.start()
    beside = stream(instance, posts, taking.is_alive)
    taking.join()
    if "import and look back" not in took or looking.retro() < wanted:
        raise RuntimeError(f"{looking.retro()} of {wanted} posts were found")
    for name, some in (("", alone), (" meanwhile", beside)):
        took[f"p50{name}"] = (percentile(some, 0.5), "ms")
        took[f"p99{name}"] = (percentile(some, 0.99), "ms")
    return took


def measure(instance: Instance) -> Iterator[report.Line]:
    """Every case in turn."""
    where = report.machine()

    def lines(case: str, count: int, found: dict[str, tuple[float, str]]) -> Iterator[report.Line]:
        said = ", ".join(f"{name} {value:,.3f} {unit}" for name, (value, unit) in found.items())
        say(f"{case}: {said}")
        for name, (value, unit) in found.items():
            yield report.Line(
                BENCH, case, name, round(value, 3), unit, count, report.cores(), where
            )

    database = Database(instance.database_url, SystemClock())
    looking = Looking(instance.database_url)
    known, listed = codes(3, ADDED + 1), codes(4, LISTED)
    pictures = codes(1, ITEMS)
    pictures[: len(known) * COPIES] = [code for code in known for _ in range(COPIES)]
    hits = listed[::FOUND]
    pictures[-len(hits) :] = hits
    say(f"keeping {ITEMS:,} posts")
    keep_posts(database, pictures)
    yield from lines(f"build n={ITEMS}", ITEMS, build(database))
    with database.begin(_ACTOR) as tx:
        create_bank(tx, BankIn(name="benchmark", stance="known"))
    add(database, looking, known[:1])  # by then the server's worker has all posts in, too
    seconds = add(database, looking, known[1:])
    found = {"median": (median(seconds), "s"), "slowest": (max(seconds), "s")}
    yield from lines(f"entry n={ITEMS}", len(seconds), found)
    posts = Posts(instance.key, ["A text that is in no bank."])
    took = import_list(instance, looking, posts, listed)
    yield from lines(f"list={LISTED} n={ITEMS}", LISTED, took)
    database.close()


def main() -> None:
    uvloop.install()
    say("starting an instance")
    with running() as instance:
        lines = list(measure(instance))
    for line in lines:
        print(msgspec.json.encode(line).decode())
    if not QUICK:
        say(f"wrote {report.write(BENCH, lines)}")


if __name__ == "__main__":
    main()
