"""What every slice must have named, found by looking at tables: of the metadata, of a migrated
database, or of a test's own."""

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from tidegate.infra.columns import Keyed, Sealed
from tidegate.infra.slices import Slice

# How columns are called that tell of which item or which person a row is.
NAMES_SOMEBODY = {
    "actor",
    "author",
    "email",
    "item",
    "item_id",
    "person",
    "placed_by",
    "reporter",
    "subject",
    "subject_id",
    "user",
    "user_id",
}
BY_SOMEBODY = ("_by", "_email", "_item_id", "_user_id", "_subject_id")
# Words in the names of columns that hold what somebody wrote, or who somebody is.
SOUNDS_LIKE_WORDS = {
    "address",
    "answer",
    "author",
    "body",
    "comment",
    "contact",
    "content",
    "description",
    "detail",
    "details",
    "draft",
    "email",
    "error",
    "fingerprints",
    "case_name",
    "justification",
    "location",
    "message",
    "note",
    "payload",
    "phone",
    "problems",
    "reason",
    "record",
    "reporter",
    "rules",
    "salt",
    "secret",
    "source",
    "summary",
    "text",
    "title",
    "url",
    "words",
}


def names_somebody(column: str) -> bool:
    return column in NAMES_SOMEBODY or column.endswith(BY_SOMEBODY)


def about_somebody(metadata: sa.MetaData) -> dict[str, list[str]]:
    """The tables that name an item or a person, each with the columns by which it does."""
    found = {
        name: [
            column.name
            for column in table.columns
            if names_somebody(column.name)
            or any(key.target_fullname == "items.id" for key in column.foreign_keys)
            or (name, column.name) == ("items", "id")
        ]
        for name, table in metadata.tables.items()
    }
    return {name: columns for name, columns in found.items() if columns}


def unlisted(tables: Mapping[str, object], slices: Iterable[Slice]) -> list[str]:
    """The tables that no slice says it forgets, or keeps for a reason."""
    listed = {table for one in slices for table in (*one.forgets, *one.keeps)}
    return sorted(tables.keys() - listed)


def unsealed(metadata: sa.MetaData) -> list[str]:
    """The columns that sound like somebody's words and are neither sealed nor plain for a reason."""
    return sorted(
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if SOUNDS_LIKE_WORDS.intersection([column.name, *column.name.split("_")])
        and not isinstance(column.type, (Sealed, Keyed))
        and not column.foreign_keys
        and not column.info.get("plain")
    )
