"""What the functions that make calls put their arguments through."""

from typing import Any
from urllib.parse import quote
from uuid import uuid4

import msgspec

encoder = msgspec.json.Encoder()


def once() -> str:
    """A fresh Idempotency-Key."""
    return uuid4().hex


def given(**values: object) -> dict[str, Any]:
    """The values that were given: None is left out."""
    return {name: value for name, value in values.items() if value is not None}


def in_path(segment: str) -> str:
    """A segment of a path, whatever characters it has."""
    return quote(segment, safe="")


def query(**values: object) -> dict[str, str]:
    """What was given, as it stands in a query."""
    return {name: str(value) for name, value in given(**values).items()}
