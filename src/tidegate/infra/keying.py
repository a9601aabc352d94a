"""The digests of a database that release 0.1 filled, where they were plain, are put under the key."""

import sqlalchemy as sa

from tidegate.infra.columns import Keyed
from tidegate.infra.db import Tx, metadata
from tidegate.infra.digests import keyed

PAGE = 5000


def key_old_digests(tx: Tx, key: bytes) -> int:
    """Put every digest of a database of release 0.1, where they were plain, under the key; returns
    how many. In one transaction: a row is never keyed twice."""
    columns = [column for table in metadata.sorted_tables for column in table.columns]
    return sum(
        _key_column(tx, key, column, column.type.purpose)
        for column in columns
        if isinstance(column.type, Keyed)
    )


def _key_column(tx: Tx, key: bytes, column: sa.Column[bytes], purpose: str) -> int:
    table = column.table
    assert isinstance(table, sa.Table)
    names = list(table.primary_key.columns)
    place = sa.tuple_(*names)
    page = sa.select(*names, column).where(column.isnot(None)).order_by(*names).limit(PAGE)
    change = (
        sa.update(table)
        .where(*(name == sa.bindparam(f"at_{name.name}") for name in names))
        .values({column: sa.bindparam("keyed")})
    )
    rows, done = tx.execute(page).all(), 0
    while rows:
        tx.execute(
            change,
            [
                {f"at_{name.name}": value for name, value in zip(names, row, strict=False)}
                | {"keyed": keyed(key, purpose, row[-1])}
                for row in rows
            ],
        )
        done += len(rows)
        after: list[sa.BindParameter[object]] = [
            sa.literal(value, name.type) for name, value in zip(names, rows[-1], strict=False)
        ]
        rows = tx.execute(page.where(place > sa.tuple_(*after))).all()
    return done
