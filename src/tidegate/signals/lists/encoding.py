"""Lines that are no UTF-8: what spreadsheets save is mostly Windows-1252, and nothing says so.

As that they are read. But what was guessed must not become a value that is matched: a record is taken
where its value is the same whatever the letters are (`in_doubt`).
"""

import re

GUESS = "cp1252"
NOT_UTF8 = "is not UTF-8; save the list as UTF-8"

# All but what most encodings of spreadsheets have in the same places: quotes, and a space.
_DOUBTFUL = re.compile("[^\\0-\\x7f\\xa0«»‘’“”„]")


def shown(raw: bytes) -> str:
    """A line at the top of a list as text, for the look at its format and the names of its columns."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode(GUESS, "replace")


def in_doubt(text: str) -> str:
    """The same text with another letter wherever the guess decides which one it is."""
    return _DOUBTFUL.sub("ж", text)


def told(count: int) -> str:
    """What is said of a list with so many records that were read by the guess."""
    return f"{count:,} lines are not UTF-8 and were read as Windows-1252; no letter of a value was guessed"
