"""Pages of the queue against a reference that sorts and filters everything in memory."""

from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from tests.review.test_cases import NewItem, opened

from tidegate.infra.acting import Acting
from tidegate.infra.db import Database, Tx
from tidegate.infra.errors import Refusal
from tidegate.review.filters import Filter
from tidegate.review.rows import Position, Row, count, page_of, position, queues
from tidegate.review.tables import case_readers, cases

ME = "user:a@x.org"
FILTERS = [
    {},
    {"queue": "reports"},
    {"queue": "reports,default", "band": "2,4"},
    {"lang": "ar"},
    {"lang": "AR,en"},
    {"channel": "notice"},
    {"label": "threat", "media": "image"},
    {"bank": "one,two"},
    {"media": "none"},
    {"media": "video,other"},
    {"held": "me"},
    {"held": "other"},
    {"held": "none"},
    {"since": "3h"},
    {"state": "claimed,reopened"},
    {"state": "decided"},
    {"state": "decided", "queue": "reports"},
]


@pytest.fixture(scope="module")
def seeds() -> Random:
    return Random(7)


def scatter(tx: Tx, new_item: NewItem, random: Random, number: int) -> list[dict[str, Any]]:
    """Cases of every sort; what stands in their rows."""
    groups = [uuid4() for _ in range(3)]
    made: list[dict[str, Any]] = []
    for _ in range(number):
        case = opened(tx, new_item(tx))
        at = tx.now - timedelta(hours=random.randrange(6))
        state = random.choice(["open", "open", "claimed", "reopened", "decided"])
        held = state == "claimed"
        row: dict[str, Any] = {
            "queue": random.choice(["default", "reports"]),
            "band": random.choice([0, 2, 4]),
            "waits_since": at,
            "place_at": at - timedelta(hours=random.randrange(6)),
            "state": state,
            "decided_at": at if state == "decided" else None,
            "language": random.choice([None, "ar", "ar-EG", "arz", "en"]),
            "label": random.choice([None, "threat"]),
            "bank": random.choice([None, "one", "two"]),
            "channels": random.choice([[], ["notice"], ["notice", "user"]]),
            "images": random.choice([0, 2]),
            "videos": random.choice([0, 0, 1]),
            "others": random.choice([0, 0, 1]),
            "same": random.choice([None, None, *groups]),
            "claimant": random.choice([ME, "user:b@x.org"]) if held else None,
            "claimed_by": "somebody" if held else None,
            "claimed_until": tx.now + timedelta(hours=random.choice([-1, 1])) if held else None,
            "ranked_at": tx.now,
        }
        tx.execute(sa.update(cases).where(cases.c.id == case.id).values(row))
        made.append(row | {"id": case.id})
    return made


def passes(tx: Tx, filter: Filter, row: dict[str, Any]) -> bool:
    """As the words of the filter say."""
    if (row["state"] == "decided") != filter.decided:
        return False
    states = filter.values("state")
    if states not in (["waiting"], ["decided"]) and row["state"] not in states:
        return False
    for name in ("queue", "label", "bank"):
        if filter.values(name) and row[name] not in filter.values(name):
            return False
    if filter.band and str(row["band"]) not in filter.values("band"):
        return False
    languages = [one.lower() for one in filter.values("lang")]
    if languages and (row["language"] or "").lower().split("-")[0] not in languages:
        return False
    if filter.channel and not set(row["channels"]) & set(filter.values("channel")):
        return False
    kinds = {"image": row["images"], "video": row["videos"], "other": row["others"]}
    kinds["none"] = not any(kinds.values())
    if filter.media and not any(kinds[one] for one in filter.values("media")):
        return False
    live = row["claimed_until"] is not None and row["claimed_until"] > tx.now
    holder = "none" if not live else "me" if row["claimant"] == ME else "other"
    if filter.held and holder not in filter.values("held"):
        return False
    earliest = filter.earliest(tx.now)
    return earliest is None or row["waits_since"] >= earliest


def in_order(tx: Tx, filter: Filter, made: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = [row for row in made if passes(tx, filter, row)]
    if filter.decided:
        return sorted(found, key=lambda row: (row["decided_at"], row["id"]), reverse=True)
    return sorted(found, key=lambda row: (row["band"], row["place_at"], row["id"]))


def leading(filter: Filter, found: list[dict[str, Any]]) -> dict[UUID, int]:
    """The first of each group, with the size of that."""
    led: dict[object, UUID] = {}
    sizes: dict[UUID, int] = {}
    for row in found:
        key = row["id"] if filter.decided else row["same"] or row["id"]
        first = led.setdefault(key, row["id"])
        sizes[first] = sizes.get(first, 0) + 1
    return sizes


def test_pages_are_what_passes_in_order_forth_and_back(
    database: Database, new_item: NewItem, seeds: Random
) -> None:
    with database.begin(ME) as tx:
        made = scatter(tx, new_item, seeds, 60)
        for given in FILTERS:
            filter = Filter.read(given)
            found = in_order(tx, filter, made)
            expected = leading(filter, found)
            seen: list[Row] = []
            cursor: str | None = None
            pages: list[tuple[int, list[UUID]]] = []
            while True:
                page = page_of(tx, filter, cursor, 7)
                assert page.total == len(found) == count(tx, filter)
                before = sum(expected[row.id] for row in seen)
                told = sum(expected[row.id] for row in page.rows)
                shown = (before + 1, before + told) if page.rows else (0, 0)
                assert (page.first, page.last) == shown, "a row stands for all of its content"
                seen += page.rows
                pages.append((page.first, [row.id for row in page.rows]))
                back = page.previous
                assert (back is None) == (len(pages) == 1)
                cursor = page.next
                if cursor is None:
                    break
            assert [row.id for row in seen] == list(expected), given
            for row in seen:
                assert (row.same.size if row.same else 1) == expected[row.id], given
            for first, ids in reversed(pages[:-1]):
                assert back is not None
                page = page_of(tx, filter, back, 7)
                assert (page.first, [row.id for row in page.rows]) == (first, ids)
                assert page.next is not None
                back = page.previous
            assert back is None


def test_a_case_has_its_place_and_its_neighbours(
    database: Database, new_item: NewItem, seeds: Random
) -> None:
    with database.begin(ME) as tx:
        made = scatter(tx, new_item, seeds, 30)
        for given in FILTERS:
            filter = Filter.read(given)
            found = [row["id"] for row in in_order(tx, filter, made)]
            for place, case_id in enumerate(found):
                before = found[place - 1] if place else None
                after = found[place + 1] if place + 1 < len(found) else None
                assert position(tx, case_id, filter) == Position(
                    place=place + 1, total=len(found), previous=before, next=after
                )
            for row in made:
                if row["id"] not in found:
                    stands = position(tx, row["id"], filter)
                    assert (stands.place, stands.total) == (None, len(found))
        unknown = position(tx, uuid4(), Filter())
        assert (unknown.place, unknown.previous, unknown.next) == (None, None, None)


def test_the_members_of_a_group_are_listed_one_by_one(
    database: Database, new_item: NewItem, seeds: Random
) -> None:
    with database.begin(ME) as tx:
        made = scatter(tx, new_item, seeds, 40)
        keys = {row["same"] for row in made if row["same"] and row["state"] != "decided"}
        for key in keys:
            filter = Filter(same=str(key))
            found = in_order(tx, Filter(), [row for row in made if row["same"] == key])
            rows = page_of(tx, filter).rows
            assert [row.id for row in rows] == [row["id"] for row in found]
            assert {row.same and row.same.size for row in rows} <= {len(found), None}


def test_only_what_may_be_seen_is_there_and_counted(database: Database, new_item: NewItem) -> None:
    with database.begin() as tx:
        case = opened(tx, new_item(tx))
        everybodys = opened(tx, new_item(tx))
        other = uuid4()
        change = {"platform": "other", "queue": "theirs", "same": other}
        tx.execute(sa.update(cases).where(cases.c.id == everybodys.id).values(change))
        tx.execute(sa.update(cases).where(cases.c.id == case.id).values(same=other))
    with database.begin(Acting(ME, platforms=frozenset({"forum"}))) as tx:
        page = page_of(tx, Filter())
        assert ([row.id for row in page.rows], page.total) == ([case.id], 1)
        assert page.rows[0].same is None, "nor is what may not be seen counted as a copy"
        assert queues(tx) == ["default"]
        assert position(tx, everybodys.id, Filter()) == Position(total=1)
        assert page_of(tx, Filter(q=str(everybodys.id))).rows == []


def test_a_case_is_found_by_its_item_and_by_its_own_id(
    database: Database, new_item: NewItem
) -> None:
    with database.begin() as tx:
        item = new_item(tx)
        case, other = opened(tx, item), opened(tx, new_item(tx))

        def found(q: str) -> set[UUID]:
            return {row.id for row in page_of(tx, Filter(q=q)).rows}

        assert found(item.external_id) == {case.id}
        assert found(item.external_id[:-2]) == {case.id}
        assert found("post-") == {case.id, other.id}
        assert found(item.external_id[1:]) == set()
        assert found(str(case.id)) == {case.id}
        assert found("post%") == found("_ost-") == set()


def test_who_reads_a_case_is_shown_for_a_minute(database: Database, new_item: NewItem) -> None:
    with database.begin() as tx:
        case = opened(tx, new_item(tx))
        for person, ago in ((ME, 10), ("user:gone@x.org", 90)):
            seen = {"since": tx.now, "seen_at": tx.now - timedelta(seconds=ago)}
            row = {"case_id": case.id, "person": person} | seen
            tx.execute(sa.insert(case_readers).values(row))
        (row,) = page_of(tx, Filter()).rows
        assert row.readers == ["a"]


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "é", "A" * 40 + "=", "_" * 40])
def test_a_cursor_that_no_answer_gave_is_refused(tx: Tx, cursor: str) -> None:
    with pytest.raises(Refusal) as refused:
        page_of(tx, Filter(), cursor)
    assert (refused.value.status, refused.value.errors[0].pointer) == (422, "cursor")
