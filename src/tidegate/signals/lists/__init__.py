"""Lists of known content as organisations pass them on: one file a format, and one line below."""

from collections.abc import Mapping
from types import MappingProxyType

from tidegate.signals.lists import csv, ndjson, pdq, tat, threatexchange
from tidegate.signals.lists.format import Format

# In the order in which a file is tried: the more particular first.
FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        format.name: format
        for format in (tat.FORMAT, threatexchange.FORMAT, pdq.FORMAT, ndjson.FORMAT, csv.FORMAT)
    }
)


def recognise(head: bytes) -> Format | None:
    """The format of a file that begins with `head`, None when it looks like none."""
    return next((format for format in FORMATS.values() if format.recognise(head)), None)
