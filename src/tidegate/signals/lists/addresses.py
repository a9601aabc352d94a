"""Lists of web addresses or of domains, one a line, as people keep them: bare, spoilt so that nobody
clicks, as `*.name`, as files of hosts (`0.0.0.0 name`) and as filters (`||name^`).

Either all lines are web addresses with their scheme, or all are names: a list of both does not say
what a name without a scheme means there, the site or its first page.
"""

import re
from functools import lru_cache, partial

from publicsuffixlist import PublicSuffixList

from tidegate.signals.entry import ListEntry
from tidegate.signals.lists.format import (
    Format,
    Reading,
    Skip,
    first_line,
    first_lines,
    lines,
    said,
    top,
)
from tidegate.signals.lists.ndjson import code
from tidegate.signals.lists.spelling import refanged, unquoted

_LOOKED_AT = 200  # lines
_MOST = 0.9  # of them must be of one kind; the others are bad lines
_WEB = re.compile(r"https?://\S+\Z", re.I)
_ROW = re.compile(r"""\s*(["']).*?\1\s*[,;|\t][,;|\s]*[^,;|\s]""")
_PAGE = re.compile(r"[^\s/@?#\"'<>,;|\\]+/\S*\Z")
_HOSTS_FILE = re.compile(
    r"(?:0\.0\.0\.0|127\.0\.0\.1|::1?|fe80::1%lo0|255\.255\.255\.255)\s+(\S+)\Z"
)
_FILTER = re.compile(r"\|\|([^/^$|\s]+)\^(?:\$[\w,=~-]*)?\Z")
_LABEL = r"[^\s/@:?#\"'<>,;|\\*.()\[\]{}]+"
_NAME = re.compile(rf"(?:\*?\.)?{_LABEL}(?:\.{_LABEL})+\.?\Z")
_NUMBERS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}\Z")
# What a file of hosts says of the machine itself.
_OWN = re.compile(r"localhost(?:\.localdomain)?|local|broadcasthost|(?:ip6-|0\.0\.0\.0).*", re.I)
# Names that stand in no list of suffixes (RFC 2606, 6761, 7686).
_RESERVED = frozenset({"example", "test", "invalid", "localhost", "onion"})

UNSAID = (
    "has web addresses and bare names: does a name mean the site or its first page? Put a header line"
    " on top: `url`, or `domain` if all are sites"
)


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


def sort_of(line: str) -> str | None:
    """What a line without a comment is: "url", "page" (without a scheme), "domain", or nothing here,
    as a row of cells in quotes is.

    A name must end as names do: a list of files is none of domains.
    """
    if _ROW.match(line):
        return None
    value = _value(line)
    if _WEB.match(value):
        return "url"
    if _NUMBERS.match(value):
        return "domain"
    if _NAME.match(value):
        name = value.lower().rstrip(".")
        last = name.rpartition(".")[2]
        known = last in _RESERVED or not last.isascii() or _suffixes().publicsuffix(name)
        return "domain" if known else None
    if _PAGE.match(value) and sort_of(value.partition("/")[0]) == "domain":
        return "page"
    return "domain" if _HOSTS_FILE.match(line) and _OWN.match(value) else None


def _value(line: str) -> str:
    """The address in a line: without quotes and spoiling, and without what files of hosts and
    filters put around it."""
    value = unquoted(line)
    if found := _HOSTS_FILE.match(value) or _FILTER.match(value):
        value = found[1]
    return refanged(value)


def _parse(data: bytes, kind: str) -> ListEntry:
    line = said(data)
    value = _value(line)
    if _HOSTS_FILE.match(line) and _OWN.match(value):
        raise Skip("the machine's own name in a file of hosts")
    if (sort_of(line) == "url") != (kind == "url"):
        raise ValueError(
            "expected a web address with http:// or https://"
            if kind == "url"
            else "expected a domain such as example.com"
        )
    return ListEntry(fingerprints=[code(kind, value)])


def _cells(values: list[str]) -> tuple[str, int] | None:
    """What separates the cells where each of several addresses has others behind it (`url;note`), and
    how many cells a line has at most; None: they are addresses alone."""
    for mark in ";,|":
        counts = [value.count(mark) for value in values]
        if len(counts) > 1 and all(counts):
            return mark, max(counts) + 1
    return None


def _recognise(head: bytes) -> bool:
    if sort_of(first_line(head)) is None:
        return False
    found = first_lines(head, _LOOKED_AT)
    return sum(sort_of(line) is not None for line in found) >= _MOST * len(found)


def _open(head: bytes) -> Reading:
    sorts = {sort_of(line) for line in first_lines(head, _LOOKED_AT)} - {None}
    if len(sorts) != 1:
        raise ValueError(UNSAID if sorts else "begins with no web address and no domain")
    if sorts == {"page"}:
        raise ValueError("has addresses without http://; put the header line `url` on top")
    [kind] = sorts
    return Reading(lines, partial(_parse, kind=kind or ""), above=top(head).above)


def _guess(head: bytes) -> Reading:
    """Refuses a table: with what stands in its other cells no address would be one that people use."""
    values = [_value(line) for line in first_lines(head, _LOOKED_AT) if sort_of(line) == "url"]
    if found := _cells(values):
        mark, width = found
        others = [cell for value in values for cell in value.split(mark)[1:] if cell]
        if others and all(sort_of(cell) == "url" for cell in others):
            raise ValueError(
                "has several addresses on a line; put them one a line under the header line `url`"
            )
        names = ["url", "note", *(f"note{place}" for place in range(3, width + 1))]
        raise ValueError(
            f"has a {mark!r} in every address, as a table of several columns has. Put a header line on"
            f" top: `{mark.join(names)}`; or say --format addresses if it belongs to the addresses"
        )
    return _open(head)


FORMAT = Format(name="addresses", recognise=_recognise, open=_open, guess=_guess)
