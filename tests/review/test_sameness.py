"""Groups of the same content against a reference that joins everything with everything."""

import contextlib
import hashlib
from collections.abc import Callable
from itertools import combinations
from uuid import UUID

import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.review.test_cases import NewItem, decided, opened
from tests.review.test_priority import NOW, match

from tidegate.content.model import Content, ItemRow, StoredMedia
from tidegate.content.queries import lock_item_by_id
from tidegate.infra.db import Database, Tx
from tidegate.review.queries import WAITING
from tidegate.review.sameness import group, keep_keys, keys_of
from tidegate.review.tables import case_keys, cases

KEY = b"k" * 32
LONG = "they meet at the square tomorrow at nine"


class _Undone(Exception):
    pass


def content(text: str | None = None, *files: str) -> Content:
    media = [
        StoredMedia(name, "image/png", hashlib.sha256(name.encode()).hexdigest()) for name in files
    ]
    return Content(
        surface="post", publicness="public", author="a", created_at=NOW, text=text, media=media
    )


def keys(*names: str) -> set[bytes]:
    return {hashlib.sha256(name.encode()).digest() for name in names}


def take_in(tx: Tx, kept: dict[UUID, set[bytes]]) -> None:
    """As ranking does."""
    keep_keys(tx, kept)
    groups, again = group(tx, kept)
    assert not again
    for case_id, same in groups.items():
        tx.execute(sa.update(cases).where(cases.c.id == case_id).values(same=same))


def groups_of(tx: Tx) -> dict[UUID, UUID | None]:
    return {
        row.id: row.same for row in tx.execute(sa.select(cases.c.id, cases.c.same).where(WAITING))
    }


steps = st.lists(
    st.one_of(
        # Cases that come in one look, each with what it shares.
        st.lists(st.sets(st.sampled_from("abcdef"), max_size=2), min_size=1, max_size=3),
        st.integers(0, 9),  # which waiting case is decided
    ),
    max_size=12,
)


def test_groups_are_what_is_connected(database: Database, new_item: NewItem) -> None:
    @settings(max_examples=40)
    @given(steps)
    def walk(taken: list[list[set[str]] | int]) -> None:
        with contextlib.suppress(_Undone), database.begin() as tx:
            compare(tx, new_item, taken)
            raise _Undone

    walk()


def compare(tx: Tx, new_item: Callable[[Tx], ItemRow], taken: list[list[set[str]] | int]) -> None:
    shared: dict[UUID, set[str]] = {}
    of: dict[UUID, set[UUID]] = {}  # the group of each waiting case
    for step in taken:
        if isinstance(step, int):
            if not of:
                continue
            gone = sorted(of)[step % len(of)]
            item = tx.execute(sa.select(cases.c.item_id).where(cases.c.id == gone)).scalar_one()
            assert decided(tx, opened(tx, lock_item_by_id(tx, item))).id == gone
            of.pop(gone).discard(gone)
            continue
        come: dict[UUID, set[bytes]] = {}
        for names in step:
            case = opened(tx, new_item(tx))
            shared[case.id] = names
            come[case.id] = keys(*names)
            of[case.id] = {case.id}
        take_in(tx, come)
        for one in come:
            for other in list(of):
                if shared[one] & shared[other] and of[one] is not of[other]:
                    of[one] |= of[other]
                    for member in of[one]:
                        of[member] = of[one]
        found = groups_of(tx)
        for one, other in combinations(sorted(of), 2):
            together = found[one] is not None and found[one] == found[other]
            assert together == (of[one] is of[other])
        for one, members in of.items():
            if len(members) > 1:
                assert found[one] is not None
        for one in come:
            assert (found[one] is None) == (of[one] == {one})


def test_a_decided_case_keeps_no_keys(tx: Tx, new_item: NewItem) -> None:
    case = opened(tx, new_item(tx))
    take_in(tx, {case.id: keys("a", "b")})
    decided(tx, case)
    assert tx.execute(sa.select(sa.func.count()).select_from(case_keys)).scalar_one() == 0
    other = opened(tx, new_item(tx))
    take_in(tx, {other.id: keys("a")})
    assert groups_of(tx) == {other.id: None}


def test_what_somebody_holds_is_not_waited_for(database: Database, new_item: NewItem) -> None:
    with database.begin() as tx:
        first, second = opened(tx, new_item(tx)), opened(tx, new_item(tx))
        take_in(tx, {first.id: keys("a")})
    with database.begin() as holding, database.begin() as tx:
        holding.execute(sa.select(cases.c.id).where(cases.c.id == first.id).with_for_update())
        kept = {second.id: keys("a")}
        keep_keys(tx, kept)
        groups, again = group(tx, kept)
        assert groups[second.id] is not None
        assert again == {second.id}, "it is asked again when nobody holds the other"
    with database.begin() as tx:
        take_in(tx, {second.id: keys("a")})
        found = groups_of(tx)
        assert found[first.id] == found[second.id] is not None


def test_a_file_a_text_and_an_entry_are_what_content_shares() -> None:
    text = keys_of(KEY, content(LONG), [])
    assert text == keys_of(KEY, content(LONG.upper() + "  "), [])
    assert text != keys_of(b"x" * 32, content(LONG), []), "without the key nobody can tell"
    assert keys_of(KEY, content(None, "a.png"), []) < keys_of(KEY, content(LONG, "a.png", "b"), [])
    near = match(entry="one")
    assert keys_of(KEY, content(LONG), [near]) > text
    for other in (match(route="domain"), match(stance="allow"), match(allowed=True),
                  match(quarantined=True)):  # fmt: skip
        assert keys_of(KEY, content(LONG), [other]) == text
    assert keys_of(KEY, None, [near]) == set()


def test_few_words_under_a_picture_are_no_content_of_their_own() -> None:
    assert keys_of(KEY, content("wow", "a.png"), []) == keys_of(KEY, content(None, "a.png"), [])
    assert len(keys_of(KEY, content("wow"), [])) == 1
    assert len(keys_of(KEY, content(LONG, "a.png"), [])) == 2
    assert keys_of(KEY, content("   "), []) == set()
