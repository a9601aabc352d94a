"""A reason as it is kept: a code and a value. Sentences are made where they are shown, in the reader's language."""

from typing import Any

import msgspec


class Why(msgspec.Struct, frozen=True):
    """A reason for a case's place: a code, and what the sentence about it is filled with. No words of
    anybody's stand in it."""

    code: str
    value: Any = None
