"""The words of an HTML message, with where its links lead, and the pictures that are written into it.

A tag is read as HTML's tokenizer reads it (`signals/fingerprints/tags`), in time that is proportional to the
text. What nobody reads goes (scripts, styles, comments, the title); what is hidden stays: whoever reports may
quote it, and what is left out here nobody would ever see.
"""

import base64
import binascii
import html
import re
from typing import NamedTuple

from tidegate.signals.fingerprints.tags import PICTURE, Tag, in_place_of, tag_at

LONGEST = 400_000
"""Characters of markup that are read; pages of mail have a tenth of it."""


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


_DROPPED = _names("head noembed noframes script style template title")
_LINES = _names(
    "address article aside blockquote br center dd div dl dt fieldset footer form h1 h2 h3 h4 h5 h6 header hr"
    " li main nav ol p pre section table tr ul"
)
_COMMENT = re.compile(r"--!?>")
_DECLARATION = re.compile(r"<[!?/][^<>]{0,2000}>")
_SPACE = re.compile(r"[ \t\n\f\r]+")
_AROUND = re.compile(r" *\n *")
_EMPTY = re.compile(r"\n{3,}")
_WRITTEN_IN = re.compile(
    r"(?<=[\"'])data:(image/[a-z0-9.+-]{1,40});base64,([A-Za-z0-9+/=\s%]*+)", re.I
)


class Words(NamedTuple):
    """What a reader would read, and pictures in it as content type and bytes."""

    text: str
    pictures: list[tuple[str, bytes]]


def words(markup: str) -> Words:
    """What a reader would read of a message in HTML."""
    pictures: list[tuple[str, bytes]] = []

    def taken(found: re.Match[str]) -> str:
        try:
            data = base64.b64decode(re.sub(r"\s|%0[aAdD]", "", found[2]), validate=True)
        except (binascii.Error, ValueError):
            return found[0]
        if data:
            pictures.append((found[1].lower(), data))
        return ""

    if ";base64," in markup:
        markup = _WRITTEN_IN.sub(taken, markup)
    return Words(_Scan(markup[:LONGEST]).read(), pictures)


class _Scan:
    """One pass over a text, from one tag to the next."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._out: list[str] = []
        self._links: list[
            tuple[str, int]
        ] = []  # where each open link leads, and where its words begin
        self._ends: dict[str, int] = {}  # where the next </name> begins; -1, there is none

    def read(self) -> str:
        place, text = 0, self._text
        while (at := text.find("<", place)) >= 0:
            self._words(text[place:at])
            place = self._step(at)
        self._words(text[place:])
        lines = _AROUND.sub("\n", "".join(self._out))
        return _EMPTY.sub("\n\n", lines).strip()

    def _words(self, text: str) -> None:
        if text:
            self._out.append(html.unescape(_SPACE.sub(" ", text)))

    def _step(self, at: int) -> int:
        text = self._text
        if text.startswith("<!--", at):
            found = _COMMENT.search(text, at + 2)
            return found.end() if found else len(text)
        if (tag := tag_at(text, at)) is not None:
            return self._tag(tag)
        if (found := _DECLARATION.match(text, at)) is not None:
            return found.end()
        self._out.append("<")
        return at + 1

    def _tag(self, tag: Tag) -> int:
        if tag.name in _DROPPED and not tag.closing:
            return self._behind(tag)
        if tag.name == "a":
            self._link(tag)
        elif tag.name in _LINES:
            self._out.append("\n")
        elif tag.name == "img":
            self._out.append(f" {_SPACE.sub(' ', tag.attributes.get('alt', ''))} ")
        elif tag.name in ("td", "th"):
            self._out.append(" ")
        else:
            self._out.append(in_place_of(tag).replace(PICTURE, " "))
        return tag.end

    def _link(self, tag: Tag) -> None:
        if not tag.closing:
            self._links.append((tag.attributes.get("href", "").strip(), len(self._out)))
        elif self._links:
            where, begun = self._links.pop()
            said = "".join(self._out[begun:])
            # What leads elsewhere within the message, or says where it leads, needs no place beside it.
            if where and not where.startswith("#") and _bare(where) not in said:
                self._out.append(f" <{where}>")

    def _behind(self, tag: Tag) -> int:
        """Where an element ends whose words nobody reads; where it never does, the tag alone goes."""
        end = self._ends.get(tag.name, 0)
        if 0 <= end < tag.end:
            found = re.compile(rf"</{tag.name}(?=[\s/>])", re.I).search(self._text, tag.end)
            end = self._ends[tag.name] = -1 if found is None else found.start()
        return tag.end if end < 0 else end


def _bare(address: str) -> str:
    return re.sub(r"\A(?:https?://|mailto:|tel:)", "", address).rstrip("/")
