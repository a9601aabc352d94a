"""What a reader would see of a text that is HTML or Markdown: one more reading of it.

Posts of the fediverse are HTML, messages of chats Markdown; either may hide a word from a search or part
it in two. `seen` takes the markup out and knows where in the original each character comes from. What
parts a page (`<p>`, `<br>`, `<li>` …) is a space, what is within a line (`<b>`, `<a>` …) is nothing;
entities are the characters that they stand for, once; of links and emphasis the words stay. What nobody
sees (comments, scripts, what is `hidden`) is left out here, and stays in the text itself, which is always
searched too.

`seen_surely` is what may restrict, so it leaves out only what certainly nobody sees, reads nothing in another
order, and sets apart what is struck out; what it cannot be sure of stays, and is a sign that no entry has.
"""

import re
from array import array
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from tidegate.content.model import TextFormat
from tidegate.signals.fingerprints.quick import AnyOf
from tidegate.signals.fingerprints.references import LETTERS, reference_at
from tidegate.signals.fingerprints.tags import (
    FOREIGN,
    KNOWN,
    PICTURE,
    RAW,
    UNSEEN,
    WHOLE,
    WITHOUT_END,
    Tag,
    in_place_of,
    is_hidden,
    is_struck,
    is_surely_hidden,
    tag_at,
    turned,
)


class Seen(NamedTuple):
    """A reading of a text. `starts` and `ends` say where in the original each character comes from; where
    the order is another, they do not ascend."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original behind text[start:end], which is not empty."""
        return min(self.starts[start:end]), max(self.ends[start:end])


def itself(text: str) -> Seen:
    """The reading of a text as it stands."""
    return Seen(text, range(len(text)), range(1, len(text) + 1))


def seen(text: str, format: TextFormat | None = None) -> Seen:
    """What a reader sees of `text`; the text itself where there is no markup. `format`: what the text is
    written in; None, and whatever looks like HTML or Markdown is taken for it."""
    if format == "plain" or not (
        has_markup(text) if format is None else _MAY_BE[format].search(text)
    ):
        return itself(text)
    return _Scan(text, format).read()


def seen_surely(text: str, format: TextFormat) -> tuple[Seen, Seen]:
    """What a reader sees of `text` beyond doubt, and `seen`."""
    if format == "plain" or not _MAY_BE[format].search(text):
        return itself(text), itself(text)
    scan = _Scan(text, format, surely=True)
    found = scan.read()
    return found, _Scan(text, format).read() if scan.doubts else found


def has_markup(text: str) -> bool:
    """Whether anything in a text of no known format may be markup; cheap where nothing is."""
    return bool(_SIGNS.within(text)) and _MAY_BE[None].search(text) is not None


_NAMES = "|".join(sorted(KNOWN, key=len, reverse=True))
# A first look: whether it is worth while to read a text again. Each begins with what is rare.
_AS_HTML = r"<[!/?a-zA-Z]|&[#a-zA-Z]"
_AS_MARKDOWN = r"[*`~\\\[]|_(?<!\w_)(?=\w)|_(?!\w)|\|\|"
_SIGNS = AnyOf("<&*`~\\[_|")
_MAY_BE = {
    "html": re.compile(_AS_HTML),
    "markdown": re.compile(rf"{_AS_HTML}|{_AS_MARKDOWN}|^[ ]{{0,3}}[#>]", re.M),
    None: re.compile(
        rf"<(?:(?<=<)/?(?i:{_NAMES})[\s/>]|!--)|&(?:#[0-9xX]|[a-zA-Z]{{2,}}[0-9]?;|(?:{LETTERS}))"
        r"|\*(?:(?<=\w.)|(?=\w)|\*)|`.|~~|\\[!-/:-@\[-`{-~]|\](?<=[^\[\s]\])[(\[]"
        r"|_(?<!\w_)(?=\w)|\|\|(?=\w)"
    ),
}
# The bounds keep the time for a hostile text in proportion to its length.
_DECLARATION = re.compile(r"<[!?][a-zA-Z\[][^<>]{0,2000}>")
_AUTOLINK = re.compile(r"<((?:[a-zA-Z][a-zA-Z0-9+.-]{1,31}:|[\w.+-]{1,64}@)[^\s<>]{0,2000})>")
_ONLY_WORDS = re.compile(r"[^<]*+</([a-zA-Z0-9]{1,20})[ \t\n\f\r]*>")
_SHEET = re.compile(r"<(?:link|style)[\s/>]", re.I)
_SHEET_SHOWS = re.compile(r"<link|display|content|\ball\b|@|\\", re.I)
_COMMENT_END = re.compile(r"--!?>")
_CODE = re.compile(r"(`+)(?!`)(.{1,4000}?)(?<!`)\1(?!`)", re.S)
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])|\\(?=\n)")
_RUN = re.compile(r"\*+|_+|~+|\|+")
_LINK = re.compile(
    r"\](?:\(\s{0,9}(?:<[^<>\n]{0,2000}>|(?>(?:[^\s()<>]|\([^\s()<>]{0,500}\)){0,2000}))"
    r"(?:\s{1,9}(?:\"[^\"]{0,500}\"|'[^']{0,500}'|\([^()]{0,500}\)))?\s{0,9}\)|\[[^\[\]\n]{0,200}\])"
)
_DEFINITION = re.compile(
    r"^[ ]{0,3}\[(?!\^)([^\[\]\\\n]{1,200})\]:[ \t]{0,99}(<[^<>\n]{0,2000}>|[^\s<>()\\]{1,2000})"
    r"(?:[ \t]{1,99}(?:\"[^\"\n]{0,500}\"|'[^'\n]{0,500}'|\([^()\n]{0,500}\)))?[ \t]{0,99}$",
    re.M,
)
_PLACE = re.compile(
    r"<?(?:[a-zA-Z][a-zA-Z0-9+.-]{1,31}:|[/#.])"
)  # what a definition surely leads to
# Where Markdown may be shown as it is written.
_VERBATIM = re.compile(r" {4}|\t|```|~~~|<(?![a-zA-Z][a-zA-Z0-9+.-]{1,31}:)[!?/a-zA-Z]")
_HEADING = re.compile(r"[ ]{0,3}(?:#{1,6}[ \t]+|(?:>[ \t]?){1,20})")
_SPECIAL = {
    "html": re.compile(r"[<&]"),
    "markdown": re.compile(r"^(?=[ ]{0,3}[#>\[])|[<&`\\*_~|\[\]]|!(?=\[)|\n[ \t]*\n", re.M),
}
_SPECIAL[""] = _SPECIAL["markdown"]


class _Piece:
    """text[start:end] as it is, or what stands there in its place."""

    __slots__ = ("end", "start", "text")

    def __init__(self, start: int, end: int, text: str | None = None) -> None:
        self.start, self.end, self.text = start, end, text


class _Scan:
    """One pass over a text, from one sign that may be markup to the next."""

    def __init__(self, text: str, format: TextFormat | None, *, surely: bool = False) -> None:
        self._text, self._surely = text, surely
        self._format: TextFormat | None = format
        self.doubts = False  # whether something is read otherwise where it need not be sure
        self._special = _SPECIAL[format or ""]
        self._pieces: list[_Piece] = []
        self._open: dict[
            str, list[tuple[_Piece, int]]
        ] = {}  # runs of * _ ~ | that may begin something
        self._brackets: list[
            tuple[int, bool]
        ] = []  # the piece of each "[", and whether of a picture
        self._last: dict[str, int] = {}  # where the last </name> begins
        self._last_comment = max(text.rfind("-->"), text.rfind("--!>"))  # where the last one ends
        # Elements that turn the order, each with those of its name within.
        self._turned: list[list[str]] = []
        self._defined_to = -1  # where the last definition of a link ends

    def read(self) -> Seen:
        place, text = 0, self._text
        while (found := self._special.search(text, place)) is not None:
            at = found.start()
            self._keep(place, at)
            place = at if found[0] else self._line(at)
            place = self._step(at, found[0]) if place == at else place
            if place == at:  # nothing but the character that it is
                place = at + max(1, len(found[0]))
                self._keep(at, place)
        self._keep(place, len(text))
        return self._made()

    def _keep(self, start: int, end: int) -> None:
        if start < end:
            last = self._pieces[-1] if self._pieces else None
            if last is not None and last.text is None and last.end == start:
                last.end = end
            else:
                self._pieces.append(_Piece(start, min(end, len(self._text))))

    def _put(self, start: int, end: int, text: str) -> int:
        self._pieces.append(_Piece(start, end, text))
        return end

    def _step(self, at: int, found: str) -> int:
        """Read what begins at `at`; where it ends, `at` itself where it is no markup."""
        one = self._text[at : at + 1]
        if one == "<":
            return self._angle(at)
        if one == "&":
            reference = reference_at(self._text, at, self._format)
            return self._put(at, *reference) if reference else at
        if one == "`" and (code := _CODE.match(self._text, at)):
            self._put(at, code.start(2), "")
            self._keep(*code.span(2))
            return self._put(code.end(2), code.end(), "")
        if one == "\\" and (escape := _ESCAPE.match(self._text, at)):
            return self._put(at, escape.end(), escape[1] or "")
        if one and one in "*_~|":
            return self._run(at)
        if one == "[" or found == "!":
            self._brackets.append((len(self._pieces), one == "!"))
            return self._put(at, at + 1 + (one == "!"), self._text[at : at + 1 + (one == "!")])
        if one == "]":
            return self._link(at)
        if found.startswith("\n"):  # no emphasis goes on beyond a paragraph
            self._open.clear()
            self._brackets.clear()
        return at

    def _doubt(self, place: int) -> int:
        self.doubts = True
        return place

    def _angle(self, at: int) -> int:
        # Some show the HTML that is in Markdown as it is written.
        quoted = self._surely and self._format == "markdown"
        if self._text.startswith("<!--", at):
            end = -1 if quoted else self._comment(at)
            return self._put(at, end, "") if end >= 0 else self._doubt(at)
        if declaration := _DECLARATION.match(self._text, at):
            return self._doubt(at) if quoted else self._put(at, declaration.end(), "")
        if self._format != "html" and (link := _AUTOLINK.match(self._text, at)):
            self._put(at, at + 1, "")
            self._keep(*link.span(1))
            return self._put(link.end(1), link.end(), "")
        tag = tag_at(self._text, at)
        if tag is None or (self._format is None and tag.name not in KNOWN):
            return at
        if quoted and (tag.attributes or tag.name not in KNOWN):
            return self._doubt(at)
        if self._surely:
            return self._surely_tag(at, tag)
        end = tag.end
        if not tag.closing and (tag.name in UNSEEN or is_hidden(tag)):
            end = end if tag.name in WITHOUT_END else self._closed(tag.name, end)
        return self._put(at, end, in_place_of(tag) + self._turn(tag))

    def _comment(self, at: int) -> int:
        """Where a comment ends; -1 where it has no end."""
        for short in ("<!-->", "<!--->"):
            if self._text.startswith(short, at):
                return at + len(short)
        end = _COMMENT_END.search(self._text, at + 4) if self._last_comment > at else None
        return -1 if end is None else end.end()

    def _surely_tag(self, at: int, tag: Tag) -> int:
        if tag.name in UNSEEN or (not tag.closing and is_hidden(tag)):
            end = self._surely_closed(tag)
            return self._put(at, end or self._doubt(tag.end), in_place_of(tag) if end else PICTURE)
        if is_struck(tag) or tag.name in FOREIGN or (not tag.closing and turned(tag)):
            return self._put(at, self._doubt(tag.end), PICTURE)
        return self._put(at, tag.end, in_place_of(tag))

    def _surely_closed(self, tag: Tag) -> int | None:
        """Where an element ends that surely nobody sees; None where that is not sure."""
        if tag.closing or self._format != "html" or self._sheet_shows or "style" in tag.attributes:
            return None
        if tag.name in RAW:
            end = self._closed(tag.name, tag.end)
            return end if end > tag.end and "<!--" not in self._text[tag.end : end] else None
        unseen = not tag.attributes if tag.name == "template" else is_surely_hidden(tag)
        end = _ONLY_WORDS.match(self._text, tag.end) if unseen and tag.name in WHOLE else None
        return end.end() if end and end[1].lower() == tag.name else None

    @cached_property
    def _sheet_shows(self) -> bool:
        """Whether a style sheet in the text may show what is not shown otherwise."""
        return bool(_SHEET.search(self._text) and _SHEET_SHOWS.search(self._text))

    def _turn(self, tag: Tag) -> str:
        """The control of direction that stands where an element that turns the order begins or ends."""
        own = self._turned[-1] if self._turned else None
        if tag.closing and own and own[-1] == tag.name:
            own.pop()
            if own:
                return ""
            self._turned.pop()
            return "\u202c"
        control = "" if tag.closing or tag.name in WITHOUT_END else turned(tag)
        if control:
            self._turned.append([tag.name])
        elif own and own[-1] == tag.name and not tag.closing:
            own.append(tag.name)
        return control

    def _closed(self, name: str, after: int) -> int:
        """Where an element ends that nobody sees; right `after` its tag where it has no end."""
        closing = re.compile(f"</{re.escape(name)}(?=[ \\t\\n\\f\\r/>])", re.I)
        if name not in self._last:
            ends = closing.finditer(self._text, 0, self._text.rfind(">") + 1)
            self._last[name] = max((one.start() for one in ends), default=-1)
        if self._last[name] < after:
            return after
        found = closing.search(self._text, after)
        return after if found is None else self._text.find(">", found.end()) + 1

    def _run(self, at: int) -> int:
        """A run of signs that begins or ends emphasis: as many as meet are taken away on both sides."""
        text, run = self._text, _RUN.match(self._text, at)
        if run is None or (run[0][0] in "~|" and len(run[0]) != 2):
            return at if run is None else self._put(at, run.end(), run[0])
        end, sign = run.end(), run[0][0]
        if sign == "~" and self._surely:
            return self._put(at, self._doubt(end), run[0])
        before, after = text[at - 1 : at], text[end : end + 1]
        opens, closes = bool(after) and not after.isspace(), bool(before) and not before.isspace()
        if sign == "_":
            opens, closes = opens and not before.isalnum(), closes and not after.isalnum()
        piece, left = _Piece(at, end, run[0]), end - at
        waiting = self._open.setdefault(sign, [])
        while closes and left and waiting:
            other, theirs = waiting.pop()
            met = min(left, theirs)
            left, theirs = left - met, theirs - met
            other.text = sign * theirs
            if theirs:
                waiting.append((other, theirs))
        piece.text = sign * left
        if opens and left:
            waiting.append((piece, left))
        self._pieces.append(piece)
        return end

    def _link(self, at: int) -> int:
        """The end of a link's words, and where it leads."""
        if not self._brackets:
            return at
        place, picture = self._brackets.pop()
        link = _LINK.match(self._text, at)
        if link is None:
            return at
        if self._surely and not self._surely_leads(link[0]):
            return self._doubt(at)
        if picture:
            start = self._pieces[place].start
            del self._pieces[place:]
            return self._put(start, link.end(), PICTURE)
        self._pieces[place].text = ""
        self._brackets = [one for one in self._brackets if one[1]]  # no link lies within another
        return self._put(at, link.end(), "")

    def _surely_leads(self, link: str) -> bool:
        """Whether what stands behind a link's words is surely no words."""
        return not self._verbatim and (link[1] == "(" or _label(link[2:-1]) in self._defined)

    @cached_property
    def _verbatim(self) -> bool:
        return _VERBATIM.search(self._text) is not None

    @cached_property
    def _defined(self) -> frozenset[str]:
        return frozenset(
            _label(one[1]) for one in _DEFINITION.finditer(self._text) if _PLACE.match(one[2])
        ) | {""}

    def _line(self, at: int) -> int:
        if definition := _DEFINITION.match(self._text, at):
            if not self._surely or self._surely_defines(at, definition[2]):
                self._defined_to = definition.end()
                return self._put(at, definition.end(), "")
            self.doubts = True
        heading = _HEADING.match(self._text, at)
        return self._put(at, heading.end(), "") if heading else at

    def _surely_defines(self, at: int, place: str) -> bool:
        """Whether a line that looks like the definition of a link is one: none stands within a paragraph."""
        before = self._text[self._text.rfind("\n", 0, max(0, at - 1)) + 1 : at]
        begins = not before.strip() or self._defined_to == at - 1
        return begins and not self._verbatim and _PLACE.match(place) is not None

    def _made(self) -> Seen:
        text = "".join(
            self._text[one.start : one.end] if one.text is None else one.text
            for one in self._pieces
        )
        if text == self._text:
            return itself(text)
        starts, ends = array("l"), array("l")
        for one in self._pieces:
            if one.text is None:
                starts.extend(range(one.start, one.end))
                ends.extend(range(one.start + 1, one.end + 1))
            elif one.text:
                starts.extend([one.start] * len(one.text))
                ends.extend([one.end] * len(one.text))
        return Seen(text, starts, ends)


def _label(text: str) -> str:
    return " ".join(text.split()).casefold()
