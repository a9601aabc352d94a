"""Two roles of the database: one owns the tables and migrates, the other serves and changes rows.

What the ledger has sealed the second can add to and read, and not change: records leave by the owner's
function `ledger_blank` alone. That holds as long as nothing that serves knows the owner's password.
"""

from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tidegate.infra.findings import Finding
from tidegate.infra.postgres.configuration import ROLE
from tidegate.infra.postgres.place import find_place
from tidegate.infra.settings import SettingsError

_MARK = "alembic_version"  # in every database of ours, and of its owner
_RIGHTS = {  # of what is not an ordinary table
    "ledger": "SELECT, INSERT",
    "ledger_heads": "SELECT, INSERT",
    # What waits is moved by the sequencer, which locks it first; no other column can be changed.
    "ledger_pending": "SELECT, INSERT, DELETE, UPDATE (id)",
    _MARK: "SELECT",
}
_OWNED = """
    SELECT c.relname, c.relkind FROM pg_class c JOIN pg_class m ON m.oid = %s::regclass
    WHERE c.relnamespace = m.relnamespace AND c.relowner = m.relowner AND c.relkind IN ('r', 'p', 'S')
"""
_SERVING = """
    SELECT DISTINCT pg_get_userbyid(a.grantee) FROM pg_class c, aclexplode(c.relacl) a
    WHERE c.oid = to_regclass('ledger') AND a.privilege_type = 'INSERT'
      AND a.grantee <> 0 AND NOT pg_has_role(a.grantee, c.relowner, 'MEMBER')
"""
_IS_OWNER = """
    SELECT pg_has_role(%(role)s, relowner, 'MEMBER') FROM pg_class WHERE oid = to_regclass('ledger')
"""
# Whether a role could change what is sealed, in its own name or in one that it may take on.
_MAY_CHANGE = """
    SELECT pg_has_role(%(role)s, relowner, 'MEMBER')
      OR has_table_privilege(%(role)s, oid, 'UPDATE') OR has_table_privilege(%(role)s, oid, 'DELETE')
      OR has_table_privilege(%(role)s, oid, 'TRUNCATE') OR has_table_privilege(%(role)s, oid, 'TRIGGER')
    FROM pg_class WHERE oid = to_regclass('ledger')
"""
_MAY_SERVE = """
    SELECT has_table_privilege(%(role)s, 'ledger', 'INSERT')
      AND has_function_privilege(%(role)s, 'ledger_blank(uuid, uuid)', 'EXECUTE')
"""


def embedded_owner(data_dir: Path, url: str) -> tuple[str, str | None]:
    """By which URL the database at `url` is migrated, and which role serves there: of the embedded server
    of `data_dir` two different ones, else the URL itself and None."""
    place = find_place(data_dir)
    if place is None or place.url != url or place.owner_url == url:
        return url, None
    return place.owner_url, ROLE


def serving(connection: psycopg.Connection[Any]) -> list[str]:
    """The roles beside the owner that serve already."""
    return [name for (name,) in connection.execute(_SERVING)]


def may_only_serve(connection: psycopg.Connection[Any], role: str) -> bool:
    """Whether a role can do all that serving takes, and cannot change what is sealed."""
    try:
        row = connection.execute(f"{_MAY_SERVE} AND NOT ({_MAY_CHANGE})", {"role": role}).fetchone()
    except psycopg.errors.UndefinedObject:
        raise _unknown(role) from None
    return row == (True,)


def grant(connection: psycopg.Connection[Any], role: str) -> None:
    """Let a role serve, and no more than that. Raises SettingsError for one that does not exist, or that
    owns the tables, or could act as their owner."""
    name = sql.Identifier(role)
    try:
        owns = connection.execute(_IS_OWNER, {"role": role}).fetchone()
    except psycopg.errors.UndefinedObject:
        raise _unknown(role) from None
    if owns == (True,):
        raise SettingsError(
            f"The role {role} owns the tables, or may act as the role that does, so it cannot be the one"
            " that only serves. Nothing was changed. Name another, which has no rights yet."
        )
    for table, kind in connection.execute(_OWNED, [_MARK]).fetchall():
        target = sql.Identifier(table)
        if kind in ("S", b"S"):
            command = sql.SQL("GRANT SELECT, USAGE ON SEQUENCE {} TO {}").format(target, name)
            connection.execute(command)
            continue
        rights = _RIGHTS.get(table, "SELECT, INSERT, UPDATE, DELETE")
        connection.execute(sql.SQL("REVOKE ALL ON {} FROM {}").format(target, name))
        command = sql.SQL("GRANT {} ON {} TO {}").format(sql.SQL(rights), target, name)  # pyright: ignore[reportArgumentType]
        connection.execute(command)
    schema = connection.execute("SELECT current_schema()").fetchone() or ("public",)
    command = sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(sql.Identifier(schema[0]), name)
    connection.execute(command)
    # Whoever restores a dump without its privileges leaves this one to everybody.
    connection.execute("REVOKE ALL ON FUNCTION ledger_blank FROM PUBLIC")
    connection.execute(sql.SQL("GRANT EXECUTE ON FUNCTION ledger_blank TO {}").format(name))


def _unknown(role: str) -> SettingsError:
    return SettingsError(
        f"There is no role {role} in the database. Nothing was changed. Make it first:"
        f" CREATE ROLE {role} LOGIN PASSWORD '…', and run this again."
    )


def diagnose_roles(connection: psycopg.Connection[Any]) -> Finding | None:
    """Whether the role that serves could change what the ledger has sealed; None where there is no
    ledger yet. One role for all works, so it is said and no failure."""
    role = connection.info.user
    row = connection.execute(_MAY_CHANGE, {"role": role}).fetchone()
    if row is None:
        return None
    if row[0]:
        return Finding(
            "postgres roles",
            True,
            f"{role} serves, and could change what the ledger has sealed: `tidegate ledger verify` would"
            " tell, but nothing prevents it",
            "Make a role that only serves (CREATE ROLE tidegate_app LOGIN PASSWORD '…'), run"
            " `tidegate migrate --app-role tidegate_app` with the role that owns the tables, and serve"
            " with the new one.",
        )
    return Finding("postgres roles", True, f"{role} serves, and cannot change what is sealed")
