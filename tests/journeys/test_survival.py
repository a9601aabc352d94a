"""SIGKILL in the middle of a stream, a database that goes away, a receiver that goes away: what was
acknowledged is there, what was decided arrives, and nobody needs to lend a hand.

TIDEGATE_SURVIVAL_ROUNDS says how many rounds (3); from 20 on the database is away for 30 s in each. A
failure is replayed with TIDEGATE_SURVIVAL_SEED.
"""

import json
import os
import signal
from collections import Counter, defaultdict
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from random import Random, SystemRandom
from typing import Any

import httpx
import psycopg
import pytest
from tests.api import item
from tests.journeys.processes_of import descendants, freeze, parts, postmaster, send, thaw
from tests.journeys.receiving import Receiver
from tests.journeys.stream import KNOWN, Platform
from tests.serving import Served, free_port, serving
from tests.waiting import lasts, until

from tidegate.infra.postgres import EmbeddedPostgres
from tidegate.infra.postgres.locks import FileLock
from tidegate.infra.postgres.place import lock_directory

ROUNDS = int(os.environ.get("TIDEGATE_SURVIVAL_ROUNDS", "3"))
REFUSALS = 150 if ROUNDS >= 20 else 10
FAILURES = 20 if ROUNDS >= 20 else 8  # attempts to deliver
AWAY_SECONDS = 30.0 if ROUNDS >= 20 else 2.0
OWN_SERVER = "TIDEGATE_TEST_DATABASE_URL" not in os.environ


def headers(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def make_bank(served: Served, key: str) -> None:
    bank = {"name": "known", "stance": "known"}
    entry = {"text": KNOWN, "confirmed": True}
    with httpx.Client(base_url=served.url, headers=headers(key), timeout=30) as client:
        assert client.post("/v1/banks", json=bank).status_code == 201
        assert client.post("/v1/banks/known/entries", json=entry).status_code == 201


def make_target(served: Served, receiver: Receiver) -> str:
    words = ["webhooks", "create", "--url", receiver.url, "--allow-private", "--enforce"]
    return served.cli(*words)


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    receiver = Receiver(tmp_path / "receiver")
    yield receiver
    receiver.kill()


@pytest.mark.long
def test_nothing_acknowledged_is_lost_to_sigkill(
    tmp_path: Path, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = int(os.environ.get("TIDEGATE_SURVIVAL_SEED") or SystemRandom().randrange(1 << 32))
    print(f"TIDEGATE_SURVIVAL_SEED={seed}")
    random, done = Random(seed), Counter[str]()
    with serving(tmp_path / "instance") as served:
        key = served.key("admin")
        make_bank(served, key)
        receiver.start(make_target(served, receiver))
        platform = Platform(served, key)
        platform.start()
        try:
            for round in range(ROUNDS):
                platform.wait_for_progress(random.randrange(30, 120))
                away = (gone, hanging)[round % 2](served, done) if OWN_SERVER else nullcontext()
                with away:
                    kill(served, random, round, done)
                served.wait_ready()
                platform.wait_for_progress(30)
        finally:
            platform.stop()
        assert platform.refused == []
        assert platform.decisions
        check_stored(served, platform)
        if ROUNDS < 20:
            end_leases(served)
        delivered = check_delivered(served, key, receiver)
        check_ledger(served)
    with capsys.disabled():
        print(f"\n{figures(platform, done, delivered)}")


def figures(platform: Platform, done: Counter[str], delivered: int) -> str:
    """What happened, and what came through it: all that was acknowledged, or we would not be here."""
    told = ", ".join(f"{count:,} {what}" for what, count in platform.told.most_common())
    return (
        f"{ROUNDS} rounds: killed {done['web']} times the web process, {done['worker']} the worker,"
        f" {done['serve']} the supervisor; the database {done['gone']} times gone and {done['hangs']}"
        f" times hung ({done['replaced']} times another was put in its place), for {AWAY_SECONDS:.0f} s each\n"
        f"acknowledged and stored, each once: {len(platform.items):,} posts, {len(platform.reports):,}"
        f" reports, {len(platform.decisions):,} decisions; {delivered:,} actions delivered; lost: 0\n"
        f"not acknowledged, and sent again: {told or 'none'}"
    )


def kill(served: Served, random: Random, round: int, done: Counter[str]) -> None:
    """End one or several processes at once; start again only what nothing else does: `serve`."""
    victims = ["web", "worker", "serve"]
    chosen = {victims[round % len(victims)], *random.sample(victims, random.randrange(3))}
    if round < len(victims):
        chosen = {victims[round]}
    print(f"round {round}: {sorted(chosen)}")
    done.update(chosen)
    pids = {role: parts(served, role) for role in ("web", "worker")}
    for victim in random.sample(sorted(chosen), len(chosen)):
        if victim == "serve":
            served.kill()
        else:
            send(signal.SIGKILL, pids[victim])
    if "serve" in chosen:
        served.start(wait=False)


@contextmanager
def gone(served: Served, done: Counter[str]) -> Generator[None]:
    """The database server is killed, and nobody can start it, for AWAY_SECONDS."""
    with FileLock(lock_directory(served.data_dir) / "lock").exclusive(60, "it is not away"):
        if pid := postmaster(served.data_dir):
            send(signal.SIGKILL, [pid])
        yield
        pass_time(served)
    done["gone"] += 1


@contextmanager
def hanging(served: Served, done: Counter[str]) -> Generator[None]:
    """The database server takes connections and answers none, for AWAY_SECONDS, or until a process
    that starts meanwhile has put another in its place."""
    pid = postmaster(served.data_dir)
    frozen = [pid, *descendants(pid)] if pid else []
    freeze(frozen)
    try:
        yield
        pass_time(served, hung=pid)
    finally:
        thaw(frozen)
    done["hangs"] += 1
    done["replaced"] += postmaster(served.data_dir) != pid


def pass_time(served: Served, hung: int | None = None) -> None:
    """AWAY_SECONDS, in which nobody says that all is well, unless what hung is there no more."""

    def look() -> None:
        with suppress(httpx.TransportError):
            if httpx.get(f"{served.url}/readyz", timeout=5).status_code != 503:
                assert hung is not None
                assert postmaster(served.data_dir) != hung

    lasts(AWAY_SECONDS, look)


def end_leases(served: Served) -> None:
    """What a killed worker held comes back after a minute; a short run doesn't wait for it."""
    url = served.cli("doctor", "--database-url")
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE deliveries SET leased_until = now() WHERE state = 'pending'")


def as_stored(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without what is read anew for whoever may read banks."""
    for match in answer["evaluation"]["matches"]:
        match.pop("provenance", None)
        match.pop("note", None)
    return answer


def check_stored(served: Served, platform: Platform) -> None:
    with psycopg.connect(served.cli("doctor", "--database-url")) as connection:
        rows = connection.execute(
            "SELECT i.external_id, r.answer FROM items i JOIN revisions r ON r.item_id = i.id"
        ).fetchall()
        assert max(Counter(id for id, _ in rows).values()) == 1  # judged once
        stored = {id: json.loads(answer) for id, answer in rows}
        told = {id: as_stored(answer) for id, answer in platform.items.items()}
        assert {id: stored.get(id) for id in platform.items} == told
        rows = connection.execute("SELECT external_id, answer FROM reports").fetchall()
        reports = {id: json.loads(answer) for id, answer in rows}
        assert {id: reports.get(id) for id in platform.reports} == platform.reports
        standing = connection.execute(
            "SELECT d.case_id, count(*) FROM decisions d WHERE d.case_id IS NOT NULL"
            " AND NOT EXISTS (SELECT 1 FROM decisions r WHERE r.reverses = d.id) GROUP BY 1"
        ).fetchall()
        assert all(count == 1 for _, count in standing)
        decided = dict(
            connection.execute("SELECT id::text, decision_id::text FROM cases").fetchall()
        )
        for name, case in platform.decisions.items():
            assert decided[name.split()[1]] == case["decision"]
        [(orphans,)] = connection.execute(
            # A second restriction of what is down already is one more, and issues no action.
            "SELECT count(*) FROM decisions d WHERE d.outcome = 'restrict' AND NOT ("
            " EXISTS (SELECT 1 FROM restrictions r WHERE r.decision_id = d.id) AND EXISTS"
            " (SELECT 1 FROM actions a WHERE a.item_id = d.item_id AND a.kind = 'restrict'))"
        ).fetchall()
        assert orphans == 0


def check_delivered(served: Served, key: str, receiver: Receiver) -> int:
    """Every action arrives; how many there are."""
    actions: dict[str, dict[str, object]] = {}
    after = ""
    with httpx.Client(base_url=served.url, headers=headers(key), timeout=30) as client:
        while page := client.get("/v1/actions", params={"after": after}).json():
            actions |= {one["id"]: one for one in page["data"]}
            after = page["next"]
            if not page["data"]:
                break
    assert actions
    numbers = sorted(int(str(one["number"])) for one in actions.values())
    assert numbers == list(range(1, len(actions) + 1))

    def arrived() -> set[str]:
        return {one["body"]["data"]["action"] for one in receiver.got()} - {None}

    # A killed worker's leases end after a minute.
    until(lambda: arrived() >= set(actions), "every action at the receiver")
    got = receiver.got()
    assert all(one["verified"] for one in got)
    ids: dict[str, set[str]] = defaultdict(set)
    for one in got:
        if one["body"]["data"]["action"]:
            ids[one["body"]["data"]["action"]].add(one["id"])
    assert set(ids) == set(actions)  # nothing is delivered that isn't stored
    assert all(len(names) == 1 for names in ids.values())
    return len(actions)


def check_ledger(served: Served) -> None:
    def sealed() -> bool:
        done = served.command("ledger", "verify", "--json")
        assert done.returncode == 0, done.stdout
        return json.loads(done.stdout)["unsealed"] == 0

    until(sealed, "every ledger entry sealed")


# Away for a while


class Away:
    """An instance on a database server that the test switches off and on."""

    def __init__(self, served: Served, server: EmbeddedPostgres, key: str) -> None:
        self.served, self.server, self.key = served, server, key

    def client(self, timeout: float = 30) -> httpx.Client:
        return httpx.Client(base_url=self.served.url, headers=headers(self.key), timeout=timeout)


@pytest.fixture
def away(instance_away: Away) -> Away:
    """The instance, its database switched on."""
    instance_away.server.start()
    return instance_away


@pytest.fixture(scope="module")
def instance_away(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Away]:
    root = tmp_path_factory.mktemp("away")
    server = EmbeddedPostgres(root / "server")
    server.start()
    environment = os.environ | {"TIDEGATE_DATABASE_URL": server.owner_url}
    served = Served(root / "instance", free_port(), environment)
    served.data_dir.mkdir()
    try:
        served.start()
        key = served.key("admin")
        make_bank(served, key)
        yield Away(served, server, key)
    finally:
        if served.process is not None and served.process.poll() is None:
            served.stop()
        server.remove()


def test_a_database_that_is_away_is_a_clear_503_and_comes_back_unaided(away: Away) -> None:
    with away.client() as client:
        assert client.post("/v1/items", json=item("before", text="x")).status_code == 200
        with ThreadPoolExecutor(12) as threads:  # fill the pool with connections that will be dead
            list(threads.map(lambda n: client.get("/v1/cases").status_code, range(40)))
        away.server.release()
        for n in range(REFUSALS):
            for answer in (
                client.post("/v1/items", json=item(f"away-{n}", text="x")),
                client.get("/v1/cases"),
            ):
                assert answer.status_code == 503, answer.text
                assert answer.headers["retry-after"]
                assert answer.json()["type"] == "/problems/database-unavailable"
            assert client.get("/readyz").status_code == 503
            assert client.get("/healthz").status_code == 200
        command = away.served.command("keys", "list")
        assert command.returncode == 2
        assert command.stderr.startswith("tidegate: The database cannot be reached")
        away.server.start()
        until(lambda: client.get("/readyz").status_code == 200, "readiness")
        # The connections that died with the server cost nobody anything.
        with ThreadPoolExecutor(12) as threads:
            answers = threads.map(
                lambda n: client.post("/v1/items", json=item(f"away-{n}", text="x")), range(40)
            )
            assert {answer.status_code for answer in answers} == {200}
        assert client.get("/v1/items/before").status_code == 200


@pytest.mark.long
def test_a_database_that_hangs_loses_nothing(away: Away) -> None:
    with away.client() as client, ThreadPoolExecutor(8) as threads:
        assert client.get("/v1/cases").status_code == 200
        pid = postmaster(away.server.data_dir)
        assert pid is not None
        frozen = [pid, *descendants(pid)]
        freeze(frozen)
        try:
            posts = [
                threads.submit(client.post, "/v1/items", json=item(f"hung-{n}", text="x"))
                for n in range(8)
            ]
            assert client.get("/readyz").status_code == 503
        finally:
            thaw(frozen)
        for n, post in enumerate(posts):
            assert post.result().status_code == 200
            assert client.get(f"/v1/items/hung-{n}").status_code == 200


def failed_attempts(server: EmbeddedPostgres) -> int:
    """So far, at messages that still wait."""
    with psycopg.connect(server.owner_url) as connection:
        query = "SELECT coalesce(sum(attempts), 0) FROM deliveries WHERE state = 'pending'"
        [(attempts,)] = connection.execute(query).fetchall()
        return attempts


@pytest.mark.long
def test_a_receiver_that_is_away_gets_all_that_waits(away: Away, receiver: Receiver) -> None:
    secret = make_target(away.served, receiver)
    with away.client() as client:
        for n in range(5):
            answer = client.post("/v1/items", json=item(f"known-{n}", text=KNOWN))
            assert answer.json()["verdict"] == "restrict"
        until(lambda: failed_attempts(away.server) >= FAILURES, "attempts that fail")
        receiver.start(secret)
        until(lambda: len(receiver.got()) >= 5, "five messages")
        lifted = client.post(
            "/v1/items/known-0/decisions", json={"outcome": "lift", "reason": "a mistake"}
        )
        assert lifted.status_code == 201
        until(lambda: receiver.got()[-1]["body"]["type"] == "action.lift", "the lift")
    got = [one["body"]["data"] for one in receiver.got()]
    assert {one["item"] for one in got} == {f"known-{n}" for n in range(5)}
    assert got[-1]["sequence"] == 2
