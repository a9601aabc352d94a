"""Lists of known content as people have them: one file a format, and one line below."""

from collections.abc import Mapping
from types import MappingProxyType

from tidegate.signals.lists import (
    addresses,
    csv,
    digests,
    ndjson,
    pdq,
    tat,
    threatexchange,
)
from tidegate.signals.lists.columns import names_in_a_comment
from tidegate.signals.lists.format import Format, Reading, top
from tidegate.signals.lists.guessing import proposed

# In the order in which a file is tried: the more particular first.
FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        format.name: format
        for format in (
            tat.FORMAT,
            threatexchange.FORMAT,
            pdq.FORMAT,
            ndjson.FORMAT,
            csv.FORMAT,
            digests.FORMAT,
            addresses.FORMAT,
        )
    }
)


def recognise(head: bytes) -> Format | None:
    """The format of a file that begins with `head`, None when it looks like none."""
    if names_in_a_comment(head):
        return csv.FORMAT
    return next((format for format in FORMATS.values() if format.recognise(head)), None)


def opened(head: bytes, name: str | None = None) -> tuple[Format, Reading]:
    """The format that was named or is recognised, and how a file is read that begins with `head`.

    Raises ValueError with what the file is, and the header line that would say what it holds.
    """
    if name is not None:
        format = FORMATS[name]
        return format, format.open(head)
    found = recognise(head)
    if found is None:
        if not head:
            raise ValueError("is empty")
        if not top(head).line:
            raise ValueError("holds no entry: nothing but comments and blank lines")
        raise ValueError(
            f"looks like none of {', '.join(FORMATS)}. Put a header line on top{proposed(head)}; or see"
            " --format"
        )
    return found, (found.guess or found.open)(head)
