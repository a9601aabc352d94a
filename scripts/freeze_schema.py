"""Writes the first migration's SQL from the tables of every slice.

Until the first release the schema has one revision; after it, a change is a new revision and this
script is only what `tests/infra/test_migrations.py` compares with.
"""

import importlib
import pkgutil
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

import tidegate
import tidegate.infra.answers
import tidegate.infra.identity
from tidegate.infra.db import metadata

ROOT = Path(tidegate.__file__).parent


def load_tables() -> sa.MetaData:
    """Import every slice's tables.py, so that the metadata is whole."""
    for module in pkgutil.walk_packages([str(ROOT)], "tidegate."):
        if module.name.endswith(".tables"):
            importlib.import_module(module.name)
    return metadata


def schema_sql() -> str:
    """CREATE statements in dependency order, then each slice's own `tables.sql` beside its tables."""
    dialect = postgresql.dialect()
    statements: list[str] = []
    for table in load_tables().sorted_tables:
        statements.append(str(sa.schema.CreateTable(table).compile(dialect=dialect)).strip())
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            statements.append(str(sa.schema.CreateIndex(index).compile(dialect=dialect)).strip())
    extra = [path.read_text().strip().rstrip(";") for path in sorted(ROOT.glob("*/tables.sql"))]
    return ";\n\n".join([*statements, *extra]) + ";\n"


if __name__ == "__main__":
    target = ROOT / "infra/migrations/versions/0001_pre_spine.sql"
    target.write_text(schema_sql())
    print(f"{target.relative_to(ROOT.parent.parent)}: {len(metadata.tables)} tables")
