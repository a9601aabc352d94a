"""A kind of fingerprint that is new finds the posts of before it, from what is kept of them."""

import asyncio
import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
import sqlalchemy as sa
from PIL import Image
from tests.kinds import GRID, WORDS, MoreKinds
from tests.pipeline.posts import KNOWN, stages, work_off

from tidegate.content.actions import expunge
from tidegate.content.holds.actions import place_hold
from tidegate.content.holds.model import HoldIn
from tidegate.content.holds.queries import standing_holds
from tidegate.content.kept import kept_revision
from tidegate.content.media.pool import MediaPool
from tidegate.content.model import ItemIn, ItemRow, MediaIn
from tidegate.content.queries import get_item
from tidegate.content.tables import items, revisions
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import counters
from tidegate.pipeline.erase import erase_item
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.lookback import kinds
from tidegate.pipeline.lookback.codes import LookBack
from tidegate.pipeline.lookback.kinds import KindWalk, left
from tidegate.pipeline.submission import describe, examine_media
from tidegate.pipeline.submit import submit_group
from tidegate.signals import fingerprints
from tidegate.signals.banks.actions import add_entry, create_bank
from tidegate.signals.banks.model import BankIn
from tidegate.signals.fingerprints.kind import Kind
from tidegate.signals.fingerprints.pixels import can_be
from tidegate.signals.model import Fingerprint, decode_codes

Submit = Callable[..., tuple[ItemRow, dict[str, Any]]]

CURATOR = "user:curator@example.org"
BITS = {f"bit{n}": f"{KNOWN} {n}" for n in range(5)}


def walk_off(walk: KindWalk) -> int:
    """Step until the walk is over; how many revisions got other codes."""
    changed = 0
    while (step := walk.step()) is not None:
        changed += step.changed
    assert not walk.kinds
    return changed


def add(instance: Instance, code: Fingerprint) -> None:
    with instance.database.begin(CURATOR) as tx:
        add_entry(tx, "bank", [code])


def words_of(text: str) -> Fingerprint:
    return next(code for code in fingerprints.of_text(text) if code.kind == "words")


def near(code: Fingerprint) -> Fingerprint:
    """Three bits away."""
    value = (int.from_bytes(code.value) ^ (0b10101 << 200)).to_bytes(32)
    return Fingerprint(code.kind, value)


def codes_of(instance: Instance, id: str) -> list[tuple[str, Fingerprint]]:
    with instance.database.begin() as tx:
        return decode_codes(kept_revision(tx, get_item(tx, "forum", id)).fingerprints)


def rows(instance: Instance) -> list[Any]:
    """What the walk may touch, of all revisions."""
    with instance.database.begin() as tx:
        query = sa.select(revisions).order_by(revisions.c.number)
        return [row._asdict() for row in tx.execute(query)]


@pytest.fixture
def newer(instance: Instance, more_kinds: MoreKinds) -> MoreKinds:
    """The same instance after a restart of a program that knows one kind more."""

    walk_off(KindWalk(instance))  # which a kind that is newer than the schema needs, also here

    def make(kind: Kind) -> None:
        more_kinds(kind)
        url = instance.database.engine.url.render_as_string(hide_password=False)
        again = Instance(instance.settings, url, instance.clock)
        instance.banks = again.banks
        again.close()

    return make


@pytest.fixture
def looker(instance: Instance) -> LookBack:
    with instance.database.begin(CURATOR) as tx:
        create_bank(tx, BankIn(name="bank", stance="known"))
    return LookBack(instance)


def test_a_program_that_knows_no_new_kind_asks_nothing(instance: Instance, submit: Submit) -> None:
    walk_off(KindWalk(instance))
    submit("post", KNOWN)
    before = rows(instance)
    walk = KindWalk(instance)
    assert (walk.kinds, walk.step()) == (frozenset(), None)
    assert rows(instance) == before
    with instance.database.begin() as tx:
        assert left(tx) == 0


def test_the_posts_of_before_are_found_by_an_entry_of_a_new_kind(
    instance: Instance, looker: LookBack, submit: Submit, newer: MoreKinds
) -> None:
    submit("known", KNOWN)
    submit("other", "a calm day at the sea with nobody around but the gulls and the wind")
    assert work_off(looker) == 0
    newer(WORDS)
    looker = LookBack(instance)  # as after a restart of a newer program
    submit("after", KNOWN.upper())
    assert "words" in {code.kind for _, code in codes_of(instance, "after")}
    walk = KindWalk(instance)
    assert walk.kinds == {"words"}
    with instance.database.begin() as tx:
        assert left(tx) == 3
    assert walk_off(walk) == 2
    assert codes_of(instance, "known")[-1] == ("text", words_of(KNOWN))
    add(instance, near(words_of(KNOWN)))
    assert work_off(looker) == 2
    for id in ("known", "after"):
        assert stages(instance, id) == [("fast", "pass", []), ("retro", "review", ["words"])]
    assert stages(instance, "other") == [("fast", "pass", [])]
    assert KindWalk(instance).step() is None  # known from now on


def test_an_entry_that_came_before_the_walk_ended_finds_them_too(
    instance: Instance,
    looker: LookBack,
    submit: Submit,
    newer: MoreKinds,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kinds, "PAGE", 2)
    for id, text in BITS.items():
        submit(id, text)
    work_off(looker)
    newer(WORDS)
    looker, walk = LookBack(instance), KindWalk(instance)
    assert walk.step() == (2, 2)
    add(instance, words_of(BITS["bit0"]))
    add(instance, words_of(BITS["bit4"]))
    work_off(looker)  # the entries are looked back for, two posts are in
    walk_off(walk)
    work_off(looker)
    for id in ("bit0", "bit4"):
        assert stages(instance, id)[-1] == ("retro", "review", ["words"])


def test_a_post_of_the_same_bank_version_is_asked_about_all_the_same(
    instance: Instance, looker: LookBack, submit: Submit, newer: MoreKinds
) -> None:
    """It was judged after the entry came, by a program that did not know the kind yet."""
    newer(WORDS)
    code = words_of(KNOWN)
    add(instance, code)
    looker = LookBack(instance)
    work_off(looker)
    submit("post", KNOWN)
    assert stages(instance, "post")[0] == ("fast", "review", ["words"])
    with instance.database.begin() as tx:  # what such a program would have written
        item = get_item(tx, "forum", "post")
        old = [one for one in decode_codes(kept_revision(tx, item).fingerprints) if one[1] != code]
        stored = msgspec.msgpack.encode(old)
        tx.execute(sa.update(revisions).values(fingerprints=stored))
        tx.execute(sa.text("UPDATE evaluations SET matches = '[]'"))
    assert walk_off(KindWalk(instance)) == 1
    assert work_off(looker) == 1
    assert stages(instance, "post")[-1] == ("retro", "review", ["words"])


def test_a_walk_goes_on_where_another_process_was_killed(
    instance: Instance,
    clock: FakeClock,
    submit: Submit,
    newer: MoreKinds,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kinds, "PAGE", 2)
    for id, text in BITS.items():
        submit(id, text)
    newer(WORDS)
    walk = KindWalk(instance)
    assert walk.step() == (2, 2)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(kinds, "renew_fingerprints", killed)
        with pytest.raises(KeyboardInterrupt):
            walk.step()
    another = KindWalk(instance)
    assert another.step() is None  # whoever was killed has the page until its lease is over
    assert another.kinds
    clock.advance(kinds.LEASE_SECONDS + 1)
    assert another.step() == (2, 4)
    assert walk_off(another) == 1
    assert all(codes_of(instance, id)[-1] == ("text", words_of(text)) for id, text in BITS.items())
    assert walk.step() is None
    assert not walk.kinds


def test_whoever_was_slower_than_its_lease_writes_nothing(
    instance: Instance,
    clock: FakeClock,
    submit: Submit,
    newer: MoreKinds,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    submit("post", KNOWN)
    newer(WORDS)
    slow, quick = KindWalk(instance), KindWalk(instance)
    made = slow._made

    def overtaken(page: Any, end: int) -> Any:
        clock.advance(kinds.LEASE_SECONDS + 1)
        assert walk_off(quick) == 1
        return made(page, end)

    monkeypatch.setattr(slow, "_made", overtaken)
    after: list[Any] = []
    assert slow.step() is None
    after = rows(instance)
    assert slow.step() is None
    assert not slow.kinds
    assert rows(instance) == after


def test_what_is_gone_is_left_alone_and_what_is_held_stays_held(
    instance: Instance, submit: Submit, newer: MoreKinds
) -> None:
    for id in ("erased", "expunged", "held", "closed", "edited", "plain"):
        submit(id, f"{KNOWN} {id}")
    submit("edited", "now it says something else and nothing of what it said before is there")
    with instance.database.begin(CURATOR) as tx:
        erase_item(tx, "forum", "erased")
        expunge(tx, [get_item(tx, "forum", "expunged").id])
        held = get_item(tx, "forum", "held")
        hold = place_hold(tx, held, HoldIn("asked for by a court"))
        closed = sa.update(items).where(items.c.external_id == "closed")
        tx.execute(closed.values(kept_by_hold_at=tx.now))  # only a hold keeps it
    before = rows(instance)
    newer(WORDS)
    assert walk_off(KindWalk(instance)) == 3
    erased, expunged, held_one, kept_by_hold, first, plain, second = (
        {name for name in old if old[name] != new[name]}
        for old, new in zip(before, rows(instance), strict=True)
    )
    assert erased == expunged == kept_by_hold == first == set()
    assert held_one == plain == second == {"fingerprints", "xid"}
    with instance.database.begin() as tx:
        assert standing_holds(tx, held.id) == [hold]


def test_two_kinds_at_once_and_one_more_on_the_way(
    instance: Instance, submit: Submit, newer: MoreKinds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that knows still more begins anew, and leaves no trace of the other walk."""
    monkeypatch.setattr(kinds, "PAGE", 2)
    for id, text in BITS.items():
        submit(id, text)
    newer(WORDS)
    assert KindWalk(instance).step() == (2, 2)
    newer(GRID)
    walk = KindWalk(instance)
    assert walk.kinds == {"words", "grid"}
    assert walk_off(walk) == 3
    with instance.database.begin() as tx:
        rows = tx.execute(sa.select(counters.c.name, counters.c.value))
        counted: dict[str, int] = dict(tuple(row) for row in rows)
    assert [name for name in counted if name.startswith("kinds")] == []
    assert counted["kind grid"] == 1


def test_a_kind_whose_codes_have_changed_is_made_anew(
    instance: Instance, submit: Submit, newer: MoreKinds
) -> None:
    newer(WORDS)
    submit("post", KNOWN)
    walk_off(KindWalk(instance))
    before = codes_of(instance, "post")

    def upside_down(texts: Any) -> list[Fingerprint]:
        made = [one for one in WORDS.make(texts) if isinstance(one, Fingerprint)]
        return [Fingerprint("words", one.value[7::-1] + bytes(24)) for one in made]

    newer(replace(WORDS, version=2, make=upside_down))
    assert walk_off(KindWalk(instance)) == 1
    after = codes_of(instance, "post")
    assert after[:-1] == before[:-1]
    assert after[-1][1].value[:8] == before[-1][1].value[7::-1]


@pytest.fixture
def pictured(instance: Instance) -> Any:
    """Submit pictures as a platform does."""

    def make(id: str, *pictures: bytes) -> None:
        media = [MediaIn("p.png", "image/png", data=one) for one in pictures]
        now = instance.clock.now()
        item = ItemIn(
            id=id, surface="post", publicness="public", author="anna", created_at=now, media=media
        )
        submission = describe(
            instance, item, platform="forum", actor="key:f", request_id="r", now=now
        )
        submission = asyncio.run(examine_media(instance, item.media, submission))
        with instance.database.begin("key:f") as tx:
            submit_group(tx, instance, [submission])

    return make


def picture(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (64, 64, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def test_pictures_of_before_are_decoded_once_more_and_those_that_are_gone_keep_their_codes(
    instance: Instance, looker: LookBack, pictured: Any, newer: MoreKinds
) -> None:
    one, lost = picture(1), picture(2)
    pictured("post", one, lost)
    work_off(looker)
    before = codes_of(instance, "post")
    digest = next(code.value for part, code in before if (part, code.kind) == ("media/1", "sha256"))
    assert instance.evidence.discard(digest, float("inf"))
    newer(GRID)
    instance.media.close()
    instance.media = MediaPool("tests.kinds:of_pixels_and_grid", can_be, 1)
    looker = LookBack(instance)
    assert walk_off(KindWalk(instance)) == 1
    grid = GRID.make([np.asarray(Image.open(io.BytesIO(one)))])[0]
    assert isinstance(grid, Fingerprint)
    assert codes_of(instance, "post") == [*before, ("media/0", grid)]
    add(instance, grid)
    assert work_off(looker) == 1
    assert stages(instance, "post")[-1] == ("retro", "review", ["grid"])
