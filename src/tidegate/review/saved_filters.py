"""Filters that people keep under a name: for themselves, or for everybody on the platforms that they see."""

from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal, bad_field
from tidegate.infra.ids import uuid7
from tidegate.review.filters import Filter
from tidegate.review.tables import saved_filters

LONGEST_NAME = 80
MOST = 100  # for one person, or for all


class SavedFilter(msgspec.Struct, frozen=True):
    """A filter by its name; `query` as it stands in an address, `shared`: it is everybody's."""

    id: UUID
    name: str
    query: str
    shared: bool


def saved_of(tx: Tx) -> list[SavedFilter]:
    """The actor's filters, then those of everybody on a platform that they see, each by name."""
    query = (
        sa.select(
            saved_filters.c.id,
            saved_filters.c.name,
            saved_filters.c.query,
            saved_filters.c.person.is_(None).label("shared"),
        )
        .where(_seen(tx))
        .order_by(saved_filters.c.person.is_(None), saved_filters.c.name)
    )
    return [SavedFilter(*row) for row in tx.execute(query)]


def save_filter(tx: Tx, name: str, filter: Filter, *, shared: bool) -> UUID:
    """Keep a filter under a name, for oneself or for all who see a platform that the actor sees; one of
    this name is replaced. Raises Refusal (422)."""
    name = " ".join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise bad_field("/name", f"a name of up to {LONGEST_NAME} characters", f"{len(name)}")
    person = None if shared else tx.identity
    mine = saved_filters.c.person.is_not_distinct_from(person)
    kept = tx.execute(sa.select(sa.func.count()).select_from(saved_filters).where(mine))
    if kept.scalar_one() >= MOST:
        raise bad_field("/name", f"at most {MOST} saved filters", "one more")
    values = {"query": filter.address(), "made_by": tx.actor, "created_at": tx.now}
    bound = sorted(tx.platforms) if shared and tx.platforms is not None else None
    named = {"person": person, "platforms": bound, "name": name}
    query = insert(saved_filters).values(id=uuid7(tx.now), **named, **values)
    query = query.on_conflict_do_update(index_elements=list(named), set_=values)
    return tx.execute(query.returning(saved_filters.c.id)).scalar_one()


def forget_filter(tx: Tx, id: UUID, *, shares: bool) -> None:
    """Forget one of the actor's filters, or where the actor `shares` one that is shared on their platforms
    alone. Raises Refusal: 404, 403 for everybody's."""
    query = sa.select(saved_filters.c.person, saved_filters.c.platforms)
    query = query.where(saved_filters.c.id == id, _seen(tx))
    row = tx.execute(query.with_for_update()).one_or_none()
    if row is None:
        raise filter_unknown()
    if row.person is None and not (shares and _is_theirs(tx, row.platforms)):
        raise not_to_share()
    tx.execute(sa.delete(saved_filters).where(saved_filters.c.id == id))


def filter_unknown(_: object = None) -> Refusal:
    return Refusal("filter-unknown", 404, "There is no such filter", "Nothing was changed.")


def not_to_share() -> Refusal:
    """The 403 of who would change what is everybody's and may not."""
    return Refusal(
        "scope-missing",
        403,
        "This filter is for everybody",
        "Nothing was changed. Somebody who leads the desk can share filters, and take them back.",
        scope="cases:senior",
    )


def _is_theirs(tx: Tx, platforms: list[str] | None) -> bool:
    return tx.platforms is None or (platforms is not None and tx.platforms.issuperset(platforms))


def _seen(tx: Tx) -> sa.ColumnElement[bool]:
    c = saved_filters.c
    shared = c.person.is_(None)
    if tx.platforms is not None:
        mine = sa.cast(sorted(tx.platforms), ARRAY(sa.Text))
        shared = sa.and_(shared, sa.or_(c.platforms.is_(None), c.platforms.overlap(mine)))
    return sa.or_(shared, c.person == tx.identity)
