"""Finding the links of a text: web addresses with a scheme and without, in prose, Markdown and HTML, made
harmless or not, and the places that `fingerprints.address` knows.

A link reaches as far as a reader would take it: not over the punctuation after it, nor over a bracket
that was opened before it. What a text may yield is bounded; the same address counts once, where it
stands first.
"""

import re
from typing import NamedTuple

from tidegate.signals.links.schemes import SESSION, in_attributes, with_schemes, with_signs
from tidegate.signals.links.spans import Span, Taken
from tidegate.signals.links.undone import is_blank, undone
from tidegate.signals.links.words import beginning_with_hosts

MOST = 64
"""Different addresses of one text that are looked up."""

TOO_MANY = f"too many links (the first {MOST} are looked up)"
"""The problem of a text that has more."""

_SIGN_SECONDS, _LINK_SECONDS = 1.5e-6, 6e-5
_MOST_SPANS = 2000  # that are looked at, those that repeat one among them


class Link(NamedTuple):
    """text[start:end] leads to `address`, which `of_url` or `of_address` takes. `defanged`: it was
    written so that nobody would click it."""

    start: int
    end: int
    address: str
    defanged: bool = False


def find(text: str) -> list[Link]:
    """The links of a text, in the order in which they stand; at most `MOST`."""
    return _find(text)[0] if _may_have_links(text) else []


def beyond(text: str) -> bool:
    """Whether a text has more links than are looked up."""
    return len(text) > 4 * MOST and _most(text) > MOST and _find(text)[1]


def effort(text: str) -> float:
    """How long looking for links and looking them up takes, in seconds, roughly."""
    if len(text) <= 4 * MOST:
        return 0.0
    signs = _most(text)
    return signs * _SIGN_SECONDS + min(signs, MOST) * _LINK_SECONDS


def is_whole(text: str, link: Link) -> bool:
    """Whether a text is this link and nothing else, as it would be clicked."""
    return not link.defanged and is_blank(text[: link.start]) and is_blank(text[link.end :])


# A dot within a word, and not merely of an abbreviation or a number; or one that may be read as such.
_DOT = re.compile(r"\.(?:[^\W0-9](?=[^\s.,;:!?)\"'])|[0-9]+\.[0-9]|[^\s\w.,;:!?)\"']|(?<=\(\.)\))")
_COLON = re.compile(r":(?:[^\s0-9]|(?<=tel:)[0-9])")
_PLUS = re.compile(r"\+[0-9]")
_BRACKETED = re.compile(r"[\[({]\s?(?i:d[o0]t|punkt|punto|point)\s?[\])}]")
_WIDE = "。．｡：＋\u2024"
_RARE = ("+", "&", "(", "[", "{", "05", " dot ", " DOT ")


def _may_have_links(text: str) -> bool:
    """Whether it is worth a look: most texts are told by their dots and colons."""
    return bool(
        ("." in text and _DOT.search(text))
        or (":" in text and _COLON.search(text))
        or ("+" in text and _PLUS.search(text))
        or ("&" in text and ";" in text)
        or " dot " in text
        or " DOT " in text
        or (("[" in text or "(" in text or "{" in text) and _BRACKETED.search(text))
        or ("05" in text and SESSION.search(text))
        or (not text.isascii() and any(sign in text for sign in _WIDE))
    )


def _most(text: str) -> int:
    """More links than so many there cannot be: each has one of these signs, and its dot or colon is
    followed by something."""
    signs = text.count(".") + text.count(":")
    if signs > 1:
        signs -= text.count(". ") + text.count(": ")
    for sign in _RARE if text.isascii() else (*_RARE, *_WIDE):
        if sign in text:  # which is asked sooner than how often
            signs += text.count(sign)
    return signs


def _find(text: str) -> tuple[list[Link], bool]:
    """The first `MOST` links, and whether there may be more."""
    clicked = undone(text)
    found: dict[str, Span] = {}
    taken = Taken()
    seen = 0
    for search in (in_attributes, with_schemes, with_signs, beginning_with_hosts):
        for span in search(clicked.text, taken):
            taken.add(span.start, span.end)
            known = found.get(span.address)
            if known is None or span.start < known.start:
                found[span.address] = span
            if (seen := seen + 1) > _MOST_SPANS:
                break
    spans = sorted(found.values(), key=lambda one: (one.start, one.end))
    links: list[Link] = []
    for span in spans[:MOST]:
        start, end = clicked.span(span.start, span.end)
        defanged = span.defanged or clicked.is_defanged(span.start, span.end)
        links.append(Link(start, end, span.address, defanged))
    return links, len(spans) > MOST or seen > _MOST_SPANS
