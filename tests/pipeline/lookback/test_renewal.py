"""Entries and posts of before are compared by what addresses are read as now."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from tests.pipeline.posts import stages, work_off

from tidegate.content.model import ItemRow
from tidegate.infra.db import counters
from tidegate.intake.model import ReportIn
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.lookback import renewal
from tidegate.pipeline.lookback.codes import LookBack
from tidegate.pipeline.lookback.kinds import KindWalk
from tidegate.pipeline.lookback.renewal import EntryWalk
from tidegate.pipeline.report import submit_report
from tidegate.signals import fingerprints
from tidegate.signals.banks.actions import add_entry, create_bank, delete_entry
from tidegate.signals.banks.imports import export_entries
from tidegate.signals.banks.model import BankIn
from tidegate.signals.banks.queries import bank_version, list_entries
from tidegate.signals.banks.tables import entries
from tidegate.signals.fingerprints import url
from tidegate.signals.fingerprints.aliases import FILE
from tidegate.signals.model import Fingerprint, decode_fingerprints
from tidegate.signals.stored import as_compared

Submit = Callable[..., tuple[ItemRow, dict[str, Any]]]
CURATOR = "user:curator@example.org"
ONE = """
[[hosts]]
is = "b.example"
also = ["a.example"]
source = "the owner's word"
date = 2026-01-31
"""


@pytest.fixture(autouse=True)
def shipped() -> Iterator[None]:
    yield
    url.use(None)


def learn(instance: Instance, text: str) -> None:
    """The operator's list changes, and the processes start anew."""
    folder = instance.settings.data_dir / "policies"
    folder.mkdir(exist_ok=True)
    (folder / FILE).write_text(text)
    url.use(instance.settings.data_dir)


def code(value: str, kind: str = "url") -> Fingerprint:
    return Fingerprint(kind, value.encode())


def add(instance: Instance, *codes: Fingerprint, text: str | None = None) -> UUID:
    with instance.database.begin(CURATOR) as tx:
        return UUID(add_entry(tx, "bank", codes, text=text, confirmed=True).id)


def walk_off(walk: EntryWalk) -> int:
    changed = 0
    while (step := walk.step()) is not None:
        changed += step.changed
    assert walk.over
    return changed


def values(instance: Instance) -> list[list[str]]:
    with instance.database.begin() as tx:
        found = list_entries(tx, "bank", None, 100)
    return sorted([one.value for one in entry.fingerprints] for entry in found)


@pytest.fixture
def bank(instance: Instance) -> None:
    with instance.database.begin(CURATOR) as tx:
        create_bank(tx, BankIn(name="bank", stance="known"))


@pytest.mark.parametrize(
    ("before", "text", "now"),
    [
        # What an older program kept, and the address that it was made from.
        ("https://mega.nz/", "https://mega.nz/#!AbC!key", "https://mega.nz/file/AbC"),
        ("https://mega.nz/", None, "https://mega.nz/"),
        (
            "https://matrix.to/",
            "https://matrix.to/#/@a:b.example",
            "https://matrix.to/#/@a:b.example",
        ),
        ("https://youtu.be/AbC", None, "https://www.youtube.com/watch?v=AbC"),
        ("https://example.com/a", "https://example.com/a#part", "https://example.com/a"),
        # Words beside a code are no address of it.
        ("https://example.com/a", "example", "https://example.com/a"),
        ("https://example.com/a", "a text in words", "https://example.com/a"),
        ("https://example.com/a", "https://other.example/", "https://example.com/a"),
        # One copy was known, which says nothing of the page.
        ("https://web.archive.org/web/1/https://a.example", None, None),
        ("https://archive.ph/1/https://a.example", "https://archive.ph/1/https://a.example/", None),
    ],
)
def test_how_an_entry_is_as_compared(before: str, text: str | None, now: str | None) -> None:
    made = as_compared([code(before)], text)
    if now is None:
        now = before
    assert made == [code(now)]


def test_other_codes_stay_as_they_are() -> None:
    codes = [Fingerprint("sha256", bytes(32)), code("www.a.example", "host")]
    assert as_compared(codes, "https://www.a.example/") == [codes[0], code("a.example", "host")]


def test_an_entry_of_an_older_program_matches_the_page_that_it_was_made_from(
    instance: Instance, submit: Submit, bank: None
) -> None:
    add(instance, code("https://mega.nz/"), text="https://mega.nz/#!AbC!key")
    add(instance, Fingerprint("sha256", bytes(32)))
    gone = add(instance, code("https://youtu.be/gone"))
    with instance.database.begin(CURATOR) as tx:
        delete_entry(tx, "bank", gone)
    looker = LookBack(instance)
    verdicts = {
        url: submit(url, "hello", url)[1]["verdict"]
        for url in (
            "https://mega.nz/",
            "https://mega.nz/#!AbC!key",
            "https://mega.nz/file/AbC",
            "https://mega.nz/#!Fine!key",
            "https://youtu.be/gone",
        )
    }
    assert list(verdicts.values()) == ["pass", "restrict", "restrict", "pass", "pass"]
    assert values(instance) == [["00" * 32], ["https://mega.nz/file/AbC"]]
    assert work_off(looker) == 0
    with instance.database.begin() as tx:
        assert next(one.fingerprints for one in export_entries(tx, "bank")) == [
            code("https://mega.nz/file/AbC")
        ]
        stored = tx.execute(sa.select(entries.c.fingerprints).order_by(entries.c.number)).scalars()
        assert decode_fingerprints(stored.all()[0]) == [code("https://mega.nz/")]


def test_a_change_of_the_operators_list_reaches_entries_posts_and_reports(
    instance: Instance, submit: Submit, bank: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "PAGE", 2)
    looker = LookBack(instance)
    walk_off(EntryWalk(instance.database))
    make_codes(instance)
    for n in range(3):
        add(instance, Fingerprint("sha256", bytes([n] * 32)))
    add(instance, code("https://a.example/x"))
    submit("post", "hello", "https://b.example/x")
    submit("other", "hello", "https://a.example/y")
    old = report(instance, "1", "https://a.example/y")
    work_off(looker)
    assert [one[1] for one in stages(instance, "post")] == ["pass"]

    learn(instance, ONE)
    assert walk_off(EntryWalk(instance.database)) == 1
    kinds = make_codes(instance)
    assert kinds == {"url", "domain", "host", "url_prefix", "host_lookalike"}
    work_off(looker)
    assert values(instance)[-1] == ["https://b.example/x"]
    assert [one[1] for one in stages(instance, "post")] == ["pass", "restrict"]
    assert report(instance, "2", "https://b.example/y") == old
    assert not make_codes(instance)
    with instance.database.begin() as tx:
        version = bank_version(tx)
        names = tx.execute(sa.select(counters.c.name)).scalars().all()
    assert not any(name.startswith("entry addresses walk") for name in names)
    again = EntryWalk(instance.database)
    assert again.over
    assert again.step() is None
    with instance.database.begin() as tx:
        assert bank_version(tx) == version


def make_codes(instance: Instance) -> frozenset[str]:
    """Walk through the posts; for which kinds."""
    walk = KindWalk(instance)
    kinds = walk.kinds
    while walk.step() is not None:
        pass
    return kinds


def report(instance: Instance, id: str, address: str) -> str:
    """A report on an address; the item that it is about."""
    given = ReportIn(
        id=id, channel="user", reason="terrorism", created_at=instance.clock.now(), url=address
    )
    with instance.database.begin("key:forum") as tx:
        item = submit_report(tx, instance, given, platform="forum")[1]
    assert item is not None
    return item.external_id


def test_of_two_processes_one_walks(instance: Instance, bank: None) -> None:
    add(instance, code("https://youtu.be/AbC"))
    one, other = EntryWalk(instance.database), EntryWalk(instance.database)
    assert walk_off(one) == 1
    assert not other.over
    assert other.step() is None
    assert other.over


def test_an_entry_whose_text_is_kept_gets_the_codes_of_kinds_that_are_new(
    instance: Instance, bank: None, submit: Submit
) -> None:
    text = " ".join(f"brothers number {place} of many, come to the bridge" for place in range(9))
    made = fingerprints.of_text(text)
    before = [one for one in made if one.kind != "text_winnowing"]
    assert len(before) < len(made)
    add(instance, *before, text=text)
    add(instance, *before, text=f"{text} And this is only what somebody notes about it.")
    add(instance, *(one for one in before if one.kind != "text_sha256"), text=text)
    _, answer = submit("news", f"{'The paper has it. ' * 60} {text} {'So it says. ' * 60}")
    assert answer["verdict"] == "review"
    assert [one["route"] for one in answer["evaluation"]["matches"]] == ["text_containment"]
    assert walk_off(EntryWalk(instance.database)) == 2  # the third may be of any text
    assert EntryWalk(instance.database).over
