"""Tips that say the same wait in one case, whoever assigns them, and people's corrections hold."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
import sqlalchemy as sa
from tests.waiting import until

from tidegate.content.model import ItemRow
from tidegate.content.queries import lock_item
from tidegate.decisions.model import Subject
from tidegate.infra.clock import FakeClock
from tidegate.infra.errors import Refusal
from tidegate.infra.settings import Settings
from tidegate.intake.model import ReportIn
from tidegate.pipeline import clusters
from tidegate.pipeline.clusters import read_cluster
from tidegate.pipeline.decide import decide_case
from tidegate.pipeline.erase import erase_item
from tidegate.pipeline.instance import Instance, opened
from tidegate.pipeline.reads import read_case
from tidegate.pipeline.report import submit_report
from tidegate.review.actions import claim, open_case, reopen
from tidegate.review.model import CaseDecisionIn
from tidegate.review.queries import lock_case
from tidegate.review.work.actions import add_task
from tidegate.review.work.model import TaskIn
from tidegate.triage.kept.tables import cluster_items

BRIDGE = "They will meet at the old bridge on Friday at nine and want to set the depot on fire"
COPY = "RT @anna: they will meet at the old bridge on Friday at nine and want to set the depot on fire!!"
MORE = BRIDGE + " and they have two cars, the number is 4711"
OTHER = "A stranger takes photographs of the school gate in Mill Street every morning"

Tell = Callable[..., dict[str, Any]]


@pytest.fixture
def tell(instance: Instance, clock: FakeClock) -> Tell:
    numbers = iter(range(1, 1000))

    def send(text: str | None = None, *, by: Instance = instance, **given: Any) -> dict[str, Any]:
        clock.advance(1)
        given.setdefault("id", f"r{next(numbers)}")
        report = ReportIn(
            channel="tip", reason="attack", created_at=clock.now(), text=text, **given
        )
        with by.database.begin("key:forum") as tx:
            body, _ = submit_report(tx, by, report, platform="forum")
        return msgspec.json.decode(body)

    return send


def test_a_tip_joins_the_case_that_waits_about_its_cluster(instance: Instance, tell: Tell) -> None:
    first, copy, other = tell(BRIDGE), tell(COPY), tell(OTHER)
    assert copy["case"] == first["case"] != other["case"]
    assert copy["cluster"] == first["cluster"] != other["cluster"]
    assert (first["reports"], copy["reports"]) == (1, 2)
    assert copy["item"] != first["item"]
    with instance.database.begin() as tx:
        case = read_case(tx, UUID(first["case"]))
        assert (case.reports, [one.item for one in case.members]) == (2, [copy["item"]])
        assert [one.id for one in case.reported] == ["r1", "r2"]


def test_a_cluster_lists_its_members_with_what_each_adds(instance: Instance, tell: Tell) -> None:
    first, more = tell(BRIDGE), tell(MORE)
    assert more["cluster"] == first["cluster"]
    with instance.database.begin() as tx:
        found = read_cluster(tx, UUID(first["cluster"]))
    assert (found.items, found.reports) == (2, 2)
    assert [one.reports for one in found.members] == [["r1"], ["r2"]]
    added = found.members[1].adds
    assert found.members[0].adds is None
    assert added is not None
    assert [one.text for one in added.numbers] == ["4711"]
    assert "two cars" in " ".join(one.text for one in added.text)


def test_two_processes_open_one_cluster_for_one_text(
    instance: Instance, tell: Tell, clock: FakeClock, database_url: str
) -> None:
    first = tell(BRIDGE)
    settings = Settings(data_dir=instance.settings.data_dir)
    with opened(settings, database_url, clock) as other:
        second = tell(COPY, by=other)
        third = tell(OTHER, by=other)
    assert second["cluster"] == first["cluster"]
    assert tell(OTHER)["cluster"] == third["cluster"]  # of which this process has heard nothing yet


def test_what_was_rolled_back_is_forgotten(
    instance: Instance, tell: Tell, clock: FakeClock
) -> None:
    report = ReportIn(id="lost", channel="tip", reason="x", created_at=clock.now(), text=BRIDGE)
    with suppress(ZeroDivisionError), instance.database.begin("key:forum") as tx:
        submit_report(tx, instance, report, platform="forum")
        raise ZeroDivisionError
    first, copy = tell(BRIDGE), tell(COPY)
    assert copy["cluster"] == first["cluster"]
    with instance.database.begin() as tx:
        assert read_cluster(tx, UUID(first["cluster"])).items == 2


def test_what_says_nothing_shares_nothing(tell: Tell) -> None:
    assert tell("!!!")["cluster"] != tell("!!!")["cluster"]
    assert tell("😀")["cluster"] == tell("😀")["cluster"]


def test_a_split_holds_against_later_arrivals_and_is_undone(instance: Instance, tell: Tell) -> None:
    first, copy, third = tell(BRIDGE), tell(COPY), tell(MORE)
    cluster = UUID(first["cluster"])
    with instance.database.begin("user:s@x.org") as tx:
        own = clusters.split(tx, cluster, [third["id"]])
    assert own.id != cluster
    assert [one.reports for one in own.members] == [["r3"]]
    # It waits in a case of its own, and what is like it goes there.
    with instance.database.begin() as tx:
        old = read_case(tx, UUID(first["case"]))
        new = read_case(tx, UUID(str(own.members[0].case)))
    assert new.id != old.id
    assert new.item == third["item"]
    assert [one.item for one in old.members] == [copy["item"]]
    later = tell(MORE + "!")
    assert later["cluster"] == str(own.id)
    assert later["case"] == str(new.id)
    assert tell(COPY + "!")["cluster"] == str(cluster)
    with instance.database.begin("user:s@x.org") as tx:
        (change,) = read_cluster(tx, cluster).changes
        back = clusters.undo(tx, change.id)
    assert "r3" in [name for one in back.members for name in one.reports]
    with pytest.raises(Refusal, match="nothing left"), instance.database.begin() as tx:
        clusters.undo(tx, change.id)


def test_a_merge_holds_and_is_undone(instance: Instance, tell: Tell) -> None:
    one, two = tell(BRIDGE), tell(OTHER)
    a, b = UUID(one["cluster"]), UUID(two["cluster"])
    with instance.database.begin("user:s@x.org") as tx:
        merged = clusters.merge(tx, a, [b])
    assert merged.items == 2
    assert tell(OTHER + "!")["cluster"] == str(a)
    with pytest.raises(Refusal) as gone, instance.database.begin() as tx:
        read_cluster(tx, b)
    assert gone.value.type == "cluster-unknown"
    with instance.database.begin("user:s@x.org") as tx:
        clusters.undo(tx, merged.changes[0].id)
        assert read_cluster(tx, b).items == 1


def test_an_undone_split_brings_the_common_case_back(instance: Instance, tell: Tell) -> None:
    first, copy, third, fourth = tell(BRIDGE), tell(COPY), tell(MORE), tell(MORE + ", red ones")
    cluster = UUID(first["cluster"])
    with instance.database.begin("user:s@x.org") as tx:
        own = clusters.split(tx, cluster, [third["id"], fourth["id"]])
    apart = own.members[0].case
    assert own.members[1].case == apart != UUID(first["case"])
    # Both clusters tell of it.
    (change,) = own.changes
    assert (change.kind, change.cluster, change.made) == ("split", cluster, own.id)
    assert change.apart == [apart]
    later = tell(MORE + "!")  # waits with those that were taken out, and stays where it is
    assert later["case"] == str(apart)
    with instance.database.begin("user:s@x.org") as tx:
        assert [one.id for one in read_cluster(tx, cluster).changes] == [change.id]
        back = clusters.undo(tx, change.id)
    assert [one.apart for one in back.changes] == [[], []]
    assert {one.case for one in back.members} == {UUID(first["case"])}
    with instance.database.begin() as tx:
        case = read_case(tx, UUID(first["case"]))
        gone = read_case(tx, UUID(str(apart)))
        left = read_cluster(tx, own.id)
    assert {one.item for one in case.members} == {copy["item"], third["item"], fourth["item"]}
    assert [one.id for one in case.reported] == ["r1", "r2", "r3", "r4"]
    assert (gone.state, gone.members) == ("decided", [])
    (alone,) = left.members
    assert alone.reports == ["r5"]
    assert alone.case not in (apart, UUID(first["case"]))
    assert tell(COPY + "!!")["case"] == first["case"]
    assert tell(MORE + "!!")["cluster"] in (first["cluster"], str(own.id))


def test_an_undone_split_of_the_first_brings_the_others_back(
    instance: Instance, tell: Tell
) -> None:
    first, copy, third, fourth = tell(BRIDGE), tell(COPY), tell(COPY + "!"), tell(BRIDGE + "!!")
    cluster = UUID(first["cluster"])
    with instance.database.begin("user:s@x.org") as tx:
        own = clusters.split(tx, cluster, [first["id"], copy["id"]])
        rest = read_cluster(tx, cluster)
    assert {one.case for one in own.members} == {UUID(first["case"])}
    assert {one.case for one in rest.members} == set(own.changes[0].apart)
    # What joins the others waits with them, not with what was taken out, and the other way round.
    for text in (MORE, BRIDGE + "?"):
        told = tell(text)
        with instance.database.begin() as tx:
            page = read_cluster(tx, UUID(told["cluster"])).members
        assert {one.case for one in page} == {UUID(told["case"])}
    with instance.database.begin("user:s@x.org") as tx:
        back = clusters.undo(tx, own.changes[0].id)
    assert {one.case for one in back.members} == {UUID(first["case"])}
    assert tell(COPY + "!!!")["cluster"] in (first["cluster"], str(own.id))
    with instance.database.begin() as tx:
        waiting = {one.item for one in read_case(tx, UUID(first["case"])).members}
    assert {copy["item"], third["item"], fourth["item"]} <= waiting


@pytest.mark.parametrize("worked_on", ["claimed", "a task"])
def test_what_somebody_works_on_since_a_split_is_not_taken_from_them(
    instance: Instance, tell: Tell, worked_on: str
) -> None:
    first, third = tell(BRIDGE), tell(MORE)
    with instance.database.begin("user:s@x.org") as tx:
        own = clusters.split(tx, UUID(first["cluster"]), [third["id"]])
        (apart,) = own.changes[0].apart
    with instance.database.begin("user:other@x.org") as tx:
        if worked_on == "claimed":
            claim(tx, apart, timedelta(minutes=10))
        else:
            add_task(tx, lock_case(tx, apart), TaskIn(text="call the hotline"))
    with instance.database.begin("user:s@x.org") as tx:
        back = clusters.undo(tx, own.changes[0].id)
        assert back.changes[-1].apart == [apart]
        assert read_case(tx, apart).state == ("claimed" if worked_on == "claimed" else "open")
        assert {one.case for one in back.members} == {UUID(first["case"]), apart}


@pytest.mark.parametrize("which", ["old", "new", "new-reopened"])
def test_what_was_decided_since_a_split_stays_apart_and_is_named(
    instance: Instance, tell: Tell, clock: FakeClock, which: str
) -> None:
    first, third = tell(BRIDGE), tell(MORE)
    cluster = UUID(first["cluster"])
    with instance.database.begin("user:s@x.org") as tx:
        own = clusters.split(tx, cluster, [third["id"]])
    (apart,) = own.changes[0].apart
    clock.advance(60)
    decided = UUID(first["case"]) if which == "old" else apart
    with instance.database.begin("user:s@x.org") as tx:
        decide_case(tx, decided, CaseDecisionIn(outcome="pass", reason="x"), pack=instance.pack(tx))
        if which == "new-reopened":
            reopen(tx, decided, "again")
    with instance.database.begin("user:s@x.org") as tx:
        back = clusters.undo(tx, own.changes[0].id)
    assert len(back.members) == 2
    assert back.changes[1].apart == [apart]
    with instance.database.begin() as tx:
        cases = [read_case(tx, UUID(str(one))) for one in (first["case"], apart)]
    assert [one.members for one in cases] == [[], []]
    assert [one.state == "decided" for one in cases] == [which == "old", which == "new"]


def test_a_pin_holds(instance: Instance, tell: Tell) -> None:
    one, two, copy = tell(BRIDGE), tell(OTHER), tell(COPY)
    cluster = UUID(one["cluster"])
    with instance.database.begin("user:s@x.org") as tx:
        pinned = clusters.pin(tx, cluster, [copy["id"]])
    assert [each.pinned for each in pinned.members] == [False, True]
    # What is in another cluster is moved by merging alone; whoever pins it is told so.
    with pytest.raises(Refusal) as refused, instance.database.begin("user:s@x.org") as tx:
        clusters.pin(tx, cluster, [one["id"], two["id"]])
    assert (refused.value.type, refused.value.status) == ("other-cluster", 409)
    assert [each.pointer for each in refused.value.errors] == ["/members/1"]
    assert "split" in refused.value.detail


@pytest.mark.parametrize(
    "do",
    [
        lambda tx, a, b: clusters.merge(tx, a, [a]),
        lambda tx, a, b: clusters.merge(tx, a, [UUID(int=7)]),
        lambda tx, a, b: clusters.split(tx, a, ["r1"]),
        lambda tx, a, b: clusters.split(tx, a, ["r2"]),
        lambda tx, a, b: clusters.split(tx, a, ["nobody"]),
        lambda tx, a, b: clusters.pin(tx, UUID(int=7), ["r1"]),
        lambda tx, a, b: clusters.pin(tx, a, ["r1", "r2"]),
        lambda tx, a, b: clusters.pin(tx, a, ["nobody"]),
        lambda tx, a, b: clusters.undo(tx, UUID(int=7)),
    ],
)
def test_a_refused_change_changes_nothing(instance: Instance, tell: Tell, do: Any) -> None:
    one, two = tell(BRIDGE), tell(OTHER)
    before = _rows(instance)
    with pytest.raises(Refusal), instance.database.begin("user:s@x.org") as tx:
        do(tx, UUID(one["cluster"]), UUID(two["cluster"]))
    assert _rows(instance) == before


def test_an_erased_tip_leaves_the_cluster_to_the_others(instance: Instance, tell: Tell) -> None:
    first, copy = tell(BRIDGE), tell(COPY)
    with instance.database.begin("key:forum") as tx:
        erase_item(tx, "forum", first["item"])
        found = read_cluster(tx, UUID(first["cluster"]))
    assert [one.reports for one in found.members] == [["r2"]]
    assert tell(COPY)["cluster"] == copy["cluster"]


def test_a_known_content_does_not_wait_with_rumours(instance: Instance, tell: Tell) -> None:
    """What a bank knows has a case of its own."""
    from tidegate.signals import fingerprints
    from tidegate.signals.banks.actions import add_entry, create_bank
    from tidegate.signals.banks.model import BankIn

    first = tell(BRIDGE)
    with instance.database.begin("user:curator@example.org") as tx:
        create_bank(tx, BankIn(name="known-texts", stance="known"))
        add_entry(tx, "known-texts", fingerprints.of_text(MORE))
    known = tell(MORE)
    assert known["cluster"] == first["cluster"]
    assert known["case"] != first["case"]


def _rows(instance: Instance) -> list[Any]:
    with instance.database.begin() as tx:
        columns = cluster_items.c.item_id, cluster_items.c.cluster, cluster_items.c.pinned
        return list(tx.execute(sa.select(*columns).order_by(cluster_items.c.number)).all())


def test_posts_are_assigned_in_the_order_in_which_everybody_locks_several(
    instance: Instance, submit: Callable[..., tuple[ItemRow, Any]]
) -> None:
    """Of two posts the worker waits for the first while somebody holds that, and keeps nobody from the other:
    who holds the first may want that too."""
    for name in ("b", "a"):  # their cases are in another order than they
        item, _ = submit(name, OTHER)
        with instance.database.begin() as tx:
            about = Subject("item", item.id)
            open_case(tx, subject=about, item=item, revision=1, queue="default", origin="order")
    waiting = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with ThreadPoolExecutor(1) as pool:
        with instance.database.begin() as tx:
            lock_item(tx, "forum", "a")
            assigned = pool.submit(clusters.assign_posts, instance, instance)

            def waits() -> bool:
                with instance.database.begin() as beside:
                    return bool(beside.execute(waiting).scalar_one())

            until(waits, "the worker at the first post")
            tx.execute(sa.text("SET LOCAL lock_timeout = '5s'"))
            lock_item(tx, "forum", "b")
        assert assigned.result() == 2
