"""Links that say what they are: addresses with a scheme, in prose and in attributes of HTML, and places that
are told by a sign (rooms, telephones, accounts of Session).
"""

import re
from collections.abc import Iterator

from tidegate.signals.fingerprints.address import SCHEMES
from tidegate.signals.links.hosts import NAME, is_host
from tidegate.signals.links.spans import Span, Taken, reach, reaches

_ATTRIBUTE = re.compile(
    r"\b(?:href|src|cite|action|data|poster)\s{0,9}=\s{0,9}(?:\"([^\"<>]{1,4096})\"|'([^'<>]{1,4096})')",
    re.I,
)
_INNER = re.compile(r"[\t\n\r]+")
_SCHEMED = re.compile(r"\s*(?:[a-z][a-z0-9+.\t\n\r-]{0,40}:|[/\\\t\n\r]{2,})", re.I)


def in_attributes(text: str, taken: Taken) -> Iterator[Span]:
    """Addresses in attributes of HTML that a browser puts together from several lines."""
    if "<" not in text or "=" not in text:
        return
    for match in _ATTRIBUTE.finditer(text):
        group = 1 if match[1] is not None else 2
        value = match[group]
        if _SCHEMED.match(value) and (whole := _INNER.sub("", value).strip()) != value:
            yield Span(match.start(group), match.end(group), whole)


_WORD = re.compile(r"[A-Za-z*_][A-Za-z0-9+*_-]{0,15}\s?\Z")
SPOILT_HTTP = r"(?:h(?:tt|xx|\*\*|__|tx|xt|t)p|[mp]eow|fxp)(s?)"
"""`http` and what people write for it so that nobody clicks; the group is that of https."""

_HTTP = re.compile(rf"{SPOILT_HTTP}\s?\Z", re.I)


def with_schemes(text: str, taken: Taken) -> Iterator[Span]:
    """Addresses with a scheme. A web address needs no end of a word before it."""
    free, last = taken.free(), 0
    colon = text.find(":")
    while colon >= 0:
        end = free.until(colon)
        word = None if end else _WORD.search(text, max(last, colon - 17), colon)
        if word:
            start, scheme, defanged = _head(text, word, colon)
            end = _rest(text, start, scheme, colon + 1) if scheme else 0
            for stop in reaches(text, colon + 1, end):
                yield Span(start, stop, f"{scheme}:{text[colon + 1 : stop]}", defanged)
        last = max(end, colon + 1)
        colon = text.find(":", last)


def _head(text: str, word: re.Match[str], colon: int) -> tuple[int, str, bool]:
    """Where an address with this word before its colon begins, its scheme ("" for none that is looked
    for), and whether the scheme was made harmless."""
    if http := _HTTP.search(text, word.start(), colon):
        written = http[0].strip().lower()
        defanged = not written.startswith("http") or written != http[0].lower()
        return http.start(), f"http{http[1].lower()}", defanged
    name = word[0].lstrip("*_")
    start = word.end() - len(name)
    before = text[start - 1 : start]
    known = name.lower() in SCHEMES and not (before.isalnum() or before in ("-", "+"))
    return start, name.lower() if known else "", False


def _rest(text: str, start: int, scheme: str, after: int) -> int:
    """Where an address of this scheme ends. Telephone numbers are written with spaces."""
    number = _NUMBER.match(text, after) if scheme in ("tel", "sms") else None
    return number.end() if number else reach(text, start, after)


_NUMBER = re.compile(r"\+?\d[\d ()./\-]{2,22}\d(?!\w)")
_ROOM = re.compile(r"[@#!](?<![\w/@#!][@#!])[\w.=+/-]{1,64}:(?=\w[\w-]{0,62}\.)")
_PHONE = re.compile(r"\+(?<![\w+]\+)\d[\d ()./\-]{5,22}\d(?!\w)")
SESSION = re.compile(r"05(?<![0-9A-Za-z]05)[0-9a-fA-F]{64}(?![0-9A-Za-z])")


def with_signs(text: str, taken: Taken) -> Iterator[Span]:
    """Places without a scheme that are told by a sign: rooms, telephones, accounts of Session."""
    free = taken.free()
    for match in _ROOM.finditer(text) if ":" in text else ():
        host = NAME.match(text, match.end())
        if host and not free.until(match.start()) and is_host(host[0].rstrip("._-")):
            end = match.end() + len(host[0].rstrip("._-"))
            yield Span(match.start(), end, text[match.start() : end])
    free = taken.free()
    for match in _PHONE.finditer(text) if "+" in text else ():
        if not free.until(match.start()) and 6 < sum(map(str.isdecimal, match[0])) < 16:
            yield Span(match.start(), match.end(), f"tel:{match[0]}")
    free = taken.free()
    for match in SESSION.finditer(text) if "05" in text else ():
        if not free.until(match.start()):
            yield Span(match.start(), match.end(), match[0])
