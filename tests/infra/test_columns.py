"""Sealed columns hold what they are given, and SQL does not look into them; keyed digests."""

import hashlib
import hmac
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB

from tidegate.infra import columns
from tidegate.infra.columns import Sealed
from tidegate.infra.db import Database, Tx
from tidegate.infra.digests import keyed

table = sa.Table(
    "sealed_in_a_test",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("text", Sealed()),
    sa.Column("data", Sealed(sa.LargeBinary())),
    sa.Column("json", Sealed(JSONB(none_as_null=True))),
)
VALUES: dict[str, Any] = {"text": "words", "data": b"\x00\xff", "json": {"a": [1, None, "é"]}}


@pytest.fixture
def owners(owner: Database) -> Iterator[Tx]:
    """A transaction of the role that may make tables."""
    with owner.begin() as tx:
        yield tx


def test_it_is_stored_as_the_type_inside_it_would() -> None:
    made = str(sa.schema.CreateTable(table).compile(dialect=postgresql.dialect()))
    assert {"text TEXT", "data BYTEA", "json JSONB"} <= {
        one.strip(" ,\t") for one in made.split("\n")
    }


def test_what_goes_in_comes_out(owners: Tx) -> None:
    tx = owners
    table.create(tx.connection)
    tx.execute(sa.insert(table).values(id=1, **VALUES))
    tx.execute(sa.insert(table).values(id=2))
    tx.copy(table, ("id", "text", "data", "json"), [(3, "words", b"\x00\xff", '{"a":[1]}')])
    rows = [row._asdict() for row in tx.execute(sa.select(table).order_by(table.c.id))]
    assert rows == [
        {"id": 1, **VALUES},
        {"id": 2, "text": None, "data": None, "json": None},
        {"id": 3, **VALUES, "json": {"a": [1]}},
    ]
    assert tx.execute(sa.select(table.c.id).where(table.c.json.is_(None))).scalars().all() == [2]


def test_nothing_gets_past_the_seal(owners: Tx, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever `seal` makes of a value lies in the table, by INSERT, by UPDATE and by COPY; a
    stand-in that turns a text around shows it."""
    from tidegate.infra import db

    tx = owners

    def turned(value: Any) -> Any:
        return value and value[::-1]

    for module, name in ((columns, "seal"), (columns, "unseal"), (db, "seal")):
        monkeypatch.setattr(module, name, turned)
    fresh = sa.Table(
        "turned_in_a_test",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("text", Sealed()),
    )
    fresh.create(tx.connection)
    tx.execute(sa.insert(fresh).values(id=1, text="inserted"))
    tx.copy(fresh, ("id", "text"), [(2, "copied"), (3, "")])
    tx.execute(sa.update(fresh).where(fresh.c.id == 3).values(text="updated"))
    stored = tx.execute(sa.text("SELECT text FROM turned_in_a_test ORDER BY id")).scalars().all()
    assert stored == ["detresni", "deipoc", "detadpu"]
    read = tx.execute(sa.select(fresh.c.text).order_by(fresh.c.id)).scalars().all()
    assert read == ["inserted", "copied", "updated"]


@pytest.mark.parametrize(
    "look",
    [
        lambda: table.c.text == "words",
        lambda: table.c.text.in_(["words"]),
        lambda: table.c.text.like("w%"),
        lambda: table.c.text.desc(),
        lambda: table.c.data > b"",
        lambda: table.c.json["a"],
    ],
)
def test_sql_does_not_look_inside(look: Callable[[], object]) -> None:
    with pytest.raises(TypeError, match="sealed"):
        look()


def test_a_digest_says_nothing_without_the_key() -> None:
    key, plain = bytes(range(32)), hashlib.sha256(b"guess").digest()
    made = keyed(key, "url", plain)
    assert made == hmac.new(key, b"url\n" + plain, "sha256").digest()
    assert len({made, plain, keyed(key, "report", plain), keyed(bytes(32), "url", plain)}) == 4
