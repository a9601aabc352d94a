"""One row that cannot be read, whoever wrote it, never stops the work on all that come after it."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from tests.kinds import WORDS, MoreKinds
from tests.pipeline.posts import KNOWN, stages, work_off

from tidegate.content.model import ItemRow
from tidegate.content.tables import revisions
from tidegate.infra.aside import count_aside
from tidegate.infra.times import EARLIEST, LATEST
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.lookback.codes import LookBack
from tidegate.pipeline.lookback.kinds import KindWalk
from tidegate.pipeline.lookback.phrases import PhraseWalk
from tidegate.signals import fingerprints
from tidegate.signals.banks.actions import add_entry, create_bank, enable_expired
from tidegate.signals.banks.model import BankIn
from tidegate.signals.banks.queries import list_banks
from tidegate.signals.banks.tables import entries
from tidegate.signals.model import Fingerprint, encode_codes, encode_fingerprints

Submit = Callable[..., tuple[ItemRow, dict[str, Any]]]

SHORT = [("media/0", Fingerprint("pdq", b"short", 100))]
BAD = {
    "no codes at all": b"\xc1 nonsense",
    "a code that is too short": encode_codes(SHORT),
    "a kind that nobody knows": encode_codes([("text", Fingerprint("no-such-kind", b"x" * 32))]),
    "a part of which there is none": encode_codes([("nowhere", Fingerprint("md5", b"x" * 16))]),
}


def aside(instance: Instance) -> int:
    with instance.database.begin() as tx:
        return count_aside(tx)


def spoil(instance: Instance, item: ItemRow, **values: bytes) -> None:
    with instance.database.begin() as tx:
        tx.execute(sa.update(revisions).where(revisions.c.item_id == item.id).values(values))


def bank(instance: Instance, *codes: Fingerprint) -> None:
    with instance.database.begin("user:curator@example.org") as tx:
        create_bank(tx, BankIn(name="known", stance="known", labels=["propaganda"]))
        add_entry(tx, "known", list(codes))


@pytest.mark.parametrize("bad", BAD)
def test_codes_that_cannot_be_read_do_not_stop_the_look_back(
    instance: Instance, submit: Submit, bad: str
) -> None:
    looker = LookBack(instance)
    spoilt, _ = submit("spoilt", KNOWN)
    submit("after", KNOWN)
    spoil(instance, spoilt, fingerprints=BAD[bad])
    bank(instance, *fingerprints.of_text(KNOWN))
    assert work_off(looker) == 1
    assert [stage for stage, *_ in stages(instance, "after")] == ["fast", "retro"]
    assert [stage for stage, *_ in stages(instance, "spoilt")] == ["fast"]
    assert bad == "a part of which there is none" or aside(instance) > 0


def test_a_revision_that_cannot_be_looked_at_again_leaves_the_others_to_be(
    instance: Instance, submit: Submit
) -> None:
    looker = LookBack(instance)
    spoilt, _ = submit("spoilt", KNOWN)
    submit("after", KNOWN)
    spoil(instance, spoilt, content=b"{")
    bank(instance, *fingerprints.of_text(KNOWN))
    assert work_off(looker) == 1
    assert [stage for stage, *_ in stages(instance, "after")] == ["fast", "retro"]
    assert aside(instance) == 1
    assert looker.step() is None


def test_a_text_that_cannot_be_read_does_not_stop_the_walk_for_phrases(
    instance: Instance, submit: Submit
) -> None:
    looker, walker = LookBack(instance), PhraseWalk(instance)
    spoilt, _ = submit("spoilt", KNOWN)
    submit("after", KNOWN)
    spoil(instance, spoilt, content=b"{")
    phrase = fingerprints.KINDS["phrase"]
    bank(instance, Fingerprint("phrase", phrase.parse("the old bridge")))
    work_off(looker)
    while walker.step() is not None:
        pass
    assert [stage for stage, *_ in stages(instance, "after")] == ["fast", "retro"]
    assert aside(instance) == 1


@pytest.mark.parametrize("column", ["content", "fingerprints"])
def test_a_revision_that_cannot_be_read_does_not_stop_the_walk_for_new_kinds(
    instance: Instance, submit: Submit, more_kinds: MoreKinds, column: str
) -> None:
    spoilt, _ = submit("spoilt", KNOWN)
    submit("after", KNOWN)
    spoil(instance, spoilt, **{column: b"\xc1"})
    KindWalk(instance)
    more_kinds(WORDS)
    walk = KindWalk(instance)
    assert walk.kinds == {WORDS.name} | walk.kinds
    changed = 0
    while (step := walk.step()) is not None:
        changed += step.changed
    assert (changed, walk.kinds) == (1, frozenset())
    assert aside(instance) == 1


def test_an_entry_that_cannot_be_read_does_not_stop_what_others_know(
    instance: Instance, submit: Submit
) -> None:
    bank(instance, *fingerprints.of_text("something else that is known for long, and by all"))
    with instance.database.begin("user:curator@example.org") as tx:
        add_entry(tx, "known", fingerprints.of_text(KNOWN))
        bad = encode_fingerprints([Fingerprint("pdq", b"short", 100)])
        tx.execute(sa.update(entries).where(entries.c.number == 1).values(fingerprints=bad))
    assert submit("post", KNOWN)[1]["verdict"] == "review"
    assert aside(instance) == 1
    assert LookBack(instance).step() is not None


def change(instance: Instance, statement: str) -> None:
    with instance.database.begin() as tx:
        assert tx.execute(sa.text(statement)).rowcount == 1


COUNTED = "UPDATE counters SET value = value + 1 WHERE name = 'banks'"
NOW = "version = (SELECT value FROM counters WHERE name = 'banks')"


@pytest.mark.parametrize(
    "radius", ["[]", '"x"', '{"text_minhash": 999999}', '{"text_minhash": "x"}']
)
def test_a_radius_that_is_none_stops_neither_posts_nor_the_look_back(
    instance: Instance, submit: Submit, radius: str
) -> None:
    looker = LookBack(instance)
    submit("before", KNOWN)
    bank(instance, *fingerprints.of_text(KNOWN))
    change(instance, COUNTED)
    change(instance, f"UPDATE banks SET {NOW}, radius = '{radius}'".replace(":", "\\:"))
    submit("after", KNOWN)
    assert [len(routes) > 1 for _, _, routes in stages(instance, "after")] == [True]
    assert work_off(looker) > 0
    assert [stage for stage, *_ in stages(instance, "before")] == ["fast", "retro"]
    assert aside(instance) > 0


@pytest.mark.parametrize("table", ["entries", "banks"])
def test_a_version_that_no_change_has_had_holds_no_post_up(
    instance: Instance, submit: Submit, table: str
) -> None:
    bank(instance, *fingerprints.of_text(KNOWN))
    submit("before", KNOWN)
    change(instance, f"UPDATE {table} SET version = version + 1000")
    for id in ("after", "again"):
        submit(id, KNOWN)
        assert stages(instance, id) == stages(instance, "before")
    assert aside(instance) == 1


@pytest.mark.parametrize("moment", ["infinity", "-infinity", "0100-01-01 BC", "20000-01-01"])
def test_a_time_that_python_does_not_know_stops_nothing(
    instance: Instance, submit: Submit, moment: str
) -> None:
    looker = LookBack(instance)
    submit("before", KNOWN)
    bank(instance, *fingerprints.of_text(KNOWN))
    for table in ("entries", "banks"):
        change(instance, COUNTED)
        until = f"disabled_until = '{moment}', created_at = '{moment}'"
        change(instance, f"UPDATE {table} SET {NOW}, enabled = false, {until}")
    submit("after", KNOWN)
    early = moment in ("-infinity", "0100-01-01 BC")
    assert [bool(routes) for _, _, routes in stages(instance, "after")] == [early]
    with instance.database.begin() as tx:
        assert enable_expired(tx) == (2 if early else 0)
        (shown,) = list_banks(tx)
        assert shown.created_at == (EARLIEST if early else LATEST)
    work_off(looker)
    assert len(stages(instance, "before")) == (2 if early else 1)
