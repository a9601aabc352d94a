"""Who shares a commit with whom: each key's works in their order, and nobody behind another's."""

import asyncio
import threading
from collections.abc import Sequence

from tidegate.infra.db import Database, Tx
from tidegate.infra.groupcommit import GROUP_SECONDS, MAX_GROUP, GroupCommit


class Commits:
    """A commit function that notes its groups, and waits in the first one until `go`."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self, tx: Tx, works: Sequence[str]) -> list[str]:
        self.groups.append(list(works))
        self.begun.set()
        assert self.go.wait(60)
        return [f"done {work}" for work in works]


def committed(database: Database, *sent: tuple[str, str, float]) -> list[list[str]]:
    """The groups in which works were committed that all came while a first one was."""
    commits = Commits()
    group: GroupCommit[str, str] = GroupCommit(database, commits)

    async def main() -> list[str]:
        first = asyncio.create_task(group.run("first", "first"))
        await asyncio.to_thread(commits.begun.wait, 60)
        works = [asyncio.create_task(group.run(work, key, cost)) for key, work, cost in sent]
        seen = asyncio.Event()
        asyncio.get_running_loop().call_soon(seen.set)
        await seen.wait()  # by now all of them wait
        commits.go.set()
        return await asyncio.gather(first, *works)

    group.start()
    try:
        answers = asyncio.run(main())
    finally:
        group.close()
    assert answers == ["done first", *(f"done {work}" for _, work, _ in sent)]
    assert commits.groups[0] == ["first"]
    return commits.groups[1:]


def test_a_key_that_sends_much_does_not_come_before_one_that_sends_little(
    database: Database,
) -> None:
    flood = [("flood", f"f{n}", 0.0005) for n in range(3 * MAX_GROUP)]
    groups = committed(database, *flood, ("other", "o1", 0.0005), ("other", "o2", 0.0005))
    assert {"o1", "o2"} <= set(groups[0])
    assert max(map(len, groups)) <= MAX_GROUP
    assert [work for one in groups for work in one if work[0] == "f"] == [w for _, w, _ in flood]


def test_what_takes_long_has_a_group_almost_to_itself(database: Database) -> None:
    flood = [("flood", f"f{n}", 0.9 * GROUP_SECONDS) for n in range(6)]
    groups = committed(database, *flood, ("other", "o1", 0.0005))
    assert "o1" in groups[0]
    assert all(sum(work[0] == "f" for work in one) <= 1 for one in groups)
    assert len(groups) == 6


def test_a_work_longer_than_any_group_is_done_all_the_same(database: Database) -> None:
    sent = [("a", f"a{n}", 9 * GROUP_SECONDS) for n in range(2)]
    assert committed(database, *sent) == [["a0"], ["a1"]]
