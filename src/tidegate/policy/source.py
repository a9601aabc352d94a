"""Where things stand in a pack's TOML: the parser gives values without places.

A place that cannot be found is left out or stands for its rule; it never hinders loading.
"""

import re
from typing import Any

import msgspec

# Possessive, so that no line makes it slow.
_HEADER = re.compile(r"^[ \t]*+\[\[?+(?P<name>[^\]\n]++)\]", re.M)


class Place(msgspec.Struct, frozen=True):
    """A line and a column of the file, counting from 1."""

    line: int
    column: int


def place_of(text: str, offset: int) -> Place:
    """The line and column of an offset."""
    before = text.rfind("\n", 0, offset)
    return Place(text.count("\n", 0, offset) + 1, offset - before)


class Section(msgspec.Struct, frozen=True):
    """A table of the file: the text from its header to the next header."""

    start: int
    end: int


class Source:
    """A pack's text with a way to find tables, keys and strings in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._sections: dict[tuple[str, int], Section] = {}
        headers = list(_HEADER.finditer(text))
        # What stands before the first header.
        self._sections["", 0] = Section(0, headers[0].start() if headers else len(text))
        counts: dict[str, int] = {}
        for index, header in enumerate(headers):
            name = re.sub(r"""["'\s]""", "", header["name"])
            number = counts.get(name, 0)
            counts[name] = number + 1
            end = headers[index + 1].start() if index + 1 < len(headers) else len(text)
            self._sections[name, number] = Section(header.start(), end)

    def section(self, name: str, number: int = 0) -> Section | None:
        """The table of this dotted name, or the `number`-th of an array of tables.

        The empty name stands for what comes before the first table.
        """
        return self._sections.get((name, number))

    def outermost(self, key: str) -> Section | None:
        """Where a key of the file itself begins: its table, one below it, or the file's start."""
        for (name, _), section in self._sections.items():
            if name.split(".")[0] == key:
                return section
        return self._sections["", 0]

    def place(self, offset: int) -> Place:
        return place_of(self.text, offset)

    def key(self, section: Section | None, key: str | None) -> Place | None:
        """Where a key stands in a table; the table's header if it has no such key."""
        if section is None:
            return None
        if key is not None:
            pattern = re.compile(rf"""^[ \t]*(["']?){re.escape(key)}\1[ \t]*[=.]""", re.M)
            if found := pattern.search(self.text, section.start, section.end):
                start = found.start() + len(found[0]) - len(found[0].lstrip())
                return self.place(start)
        return self.place(section.start)

    def strings(self, section: Section | None, key: str, values: list[Any]) -> list[int | None]:
        """Where the strings of an array begin (offsets of their first characters).

        None for one that cannot be found, as when it is written with escapes.
        """
        if section is None:
            return [None] * len(values)
        opening = re.compile(rf"^[ \t]*{re.escape(key)}[ \t]*=", re.M)
        found = opening.search(self.text, section.start, section.end)
        cursor = found.end() if found else section.start
        places: list[int | None] = []
        for value in values:
            at = self._quoted(str(value), cursor, section.end)
            places.append(at)
            if at is not None:
                cursor = at + len(str(value))
        return places

    def _quoted(self, value: str, start: int, end: int) -> int | None:
        while value and (at := self.text.find(value, start, end)) >= 0:
            after = at + len(value)
            if self.text[at - 1] in "'\"\n" and self.text[after : after + 1] in ("'", '"'):
                return at
            start = at + 1
        return None
