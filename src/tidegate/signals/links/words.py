"""Links that begin with their host, without a scheme, and mailboxes."""

import re
from collections.abc import Iterator

from tidegate.signals.fingerprints.skeleton import UNSPACED
from tidegate.signals.links.hosts import NAME, is_host, is_prose, unspaced
from tidegate.signals.links.spans import Span, Taken, reach, reaches

_INSIDE = re.compile(r"\.(?=\w)")
_PORT = re.compile(r":[0-9]{1,5}(?![0-9])")
_MOST_OF_LABEL = 64


def beginning_with_hosts(text: str, taken: Taken) -> Iterator[Span]:
    """Addresses that begin with their host, and mailboxes."""
    free, reached = taken.free(), 0
    dot = _INSIDE.search(text)
    while dot is not None:
        place = dot.start()
        if passed := free.until(place):
            reached = passed
        else:
            start = place
            while start > max(reached, place - _MOST_OF_LABEL) and _of_name(text[start - 1]):
                start -= 1
            reached = place + 1
            if name := NAME.match(text, start):
                reached = name.end()
                for span in _named(text, start, name.end()):
                    reached = max(reached, span.end)
                    yield span
        dot = _INSIDE.search(text, reached)


def _of_name(one: str) -> bool:
    return one.isalnum() or one in "-_"


def _named(text: str, start: int, end: int) -> Iterator[Span]:
    """The addresses that a word with dots in it is, or is the beginning of."""
    if text[end : end + 1] == "@":
        return  # the name of a mailbox, whose host follows
    for first, last in _words(text, start, end):
        if not is_host(text[first:last]):
            continue
        after = last
        if port := _PORT.match(text, last):
            after = port.end()
        if text[after : after + 1] in ("/", "?", "#", "\\"):
            after = reach(text, first, after)
        mail = _mailbox(text, first, last) if text[first - 1 : first] == "@" else None
        if mail is not None:
            yield mail
        if after == last and (mail is not None or is_prose(text[first:last])):
            continue
        for stop in reaches(text, first, after):
            if stop >= last:
                yield Span(first, stop, text[first:stop])


def _words(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The spans of a word that may be a host: all of it, and what stands between words of a script
    without spaces."""
    spans = [(start, end)]
    if unspaced(text[start:end]):
        spans += [
            (start + match.start(), start + match.end())
            for match in _SPACED.finditer(text[start:end])
        ]
    for first, last in spans:
        while first < last and text[first] in "_-.":
            first += 1
        while last > first and text[last - 1] in "_-.":
            last -= 1
        if "." in text[first:last]:
            yield first, last


_SPACED = re.compile(f"(?:(?!{UNSPACED})[\\w.-])+")
_LOCAL = re.compile(r"@?[\w.!#$%&'*+/=?^`{|}~-]{1,64}@\Z")


def _mailbox(text: str, start: int, end: int) -> Span | None:
    """The mailbox, or the account of the fediverse, whose host is text[start:end]."""
    local = _LOCAL.search(text, max(0, start - 66), start)
    if local is None:
        return None
    name = local[0].lstrip("._*'~|/")
    account = name.startswith("@")
    if len(name) < (3 if account else 2):
        return None
    address = f"{name}{text[start:end]}"
    return Span(start - len(name), end, address if account else f"mailto:{address}")
