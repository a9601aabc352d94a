"""What a reader would see of a text that is HTML or Markdown: one more reading of it.

Posts of the fediverse are HTML, messages of chats Markdown; either may hide a word from a search or part
it in two. `seen` takes the markup out and knows where in the original each character comes from. What
parts a page (`<p>`, `<br>`, `<li>` …) is a space, what is within a line (`<b>`, `<a>` …) is nothing;
entities are the characters that they stand for, once; of links and emphasis the words stay. What nobody
sees (comments, scripts, what is `hidden`) is left out here, and stays in the text itself, which is always
searched too.
"""

import html
import re
from array import array
from collections.abc import Sequence
from typing import NamedTuple

from tidegate.content.model import TextFormat
from tidegate.signals.fingerprints.quick import AnyOf


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


def has_markup(text: str) -> bool:
    """Whether anything in a text of no known format may be markup; cheap where nothing is."""
    return bool(_SIGNS.within(text)) and _MAY_BE[None].search(text) is not None


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


_BLOCKS = _names(
    "address article aside blockquote br caption center dd details dialog div dl dt fieldset figcaption"
    " figure footer form frame h1 h2 h3 h4 h5 h6 header hgroup hr legend li main menu nav ol option"
    " p pre section select summary table tbody td tfoot th thead tr ul"
)
_INLINE = _names(
    "a abbr acronym b bdi bdo big body button cite code data del dfn em font html i ins kbd label"
    " mark q rp rt ruby s samp small span strike strong sub sup time tt u var wbr"
)
_UNSEEN = _names("head noembed noframes script style template title")
_PICTURES = _names("audio canvas embed iframe img input object picture svg video")
_KNOWN = _BLOCKS | _INLINE | _UNSEEN | _PICTURES
_PICTURE = "\ufffc"  # stands where something is seen that is no text

_NAMES = "|".join(sorted(_KNOWN, key=len, reverse=True))
# A first look: whether it is worth while to read a text again. Each begins with what is rare.
_AS_HTML = r"<[!/?a-zA-Z]|&[#a-zA-Z]"
_AS_MARKDOWN = r"[*`~\\\[]|_(?<!\w_)(?=\w)|_(?!\w)|\|\|"
_SIGNS = AnyOf("<&*`~\\[_|")
_MAY_BE = {
    "html": re.compile(_AS_HTML),
    "markdown": re.compile(rf"{_AS_HTML}|{_AS_MARKDOWN}|^[ ]{{0,3}}[#>]", re.M),
    None: re.compile(
        rf"<(?:(?<=<)/?(?i:{_NAMES})[\s/>]|!--)|&(?:#[0-9xX]|[a-zA-Z]{{2,}}[0-9]?;)"
        r"|\*(?:(?<=\w.)|(?=\w)|\*)|`.|~~|\\[!-/:-@\[-`{-~]|\](?<=[^\[\s]\])[(\[]"
        r"|_(?<!\w_)(?=\w)|\|\|(?=\w)"
    ),
}
# The bounds keep the time for a hostile text in proportion to its length.
_DECLARATION = re.compile(r"<[!?][a-zA-Z\[][^<>]{0,2000}>")
_TAG = re.compile(
    r"<(/?)([a-zA-Z](?>[^\s/>]{0,60}))((?>(?:[\s/](?:[^>\"']|\"[^\"]{0,4000}\"|'[^']{0,4000}'){0,200})?))>"
)
_AUTOLINK = re.compile(r"<((?:[a-zA-Z][a-zA-Z0-9+.-]{1,31}:|[\w.+-]{1,64}@)[^\s<>]{0,2000})>")
_HIDDEN = re.compile(
    r"(?:^|[\s\"'/])hidden(?=[\s=/]|$)"
    r"|style\s*=\s*[\"']?[^\"'>]*?(?:display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0)",
    re.I,
)
_DIRECTION = re.compile(r"dir\s*=\s*[\"']?(rtl|ltr)", re.I)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7};?|#[xX][0-9a-fA-F]{1,6};?|[a-zA-Z][a-zA-Z0-9]{1,31};?)")
_CODE = re.compile(r"(`+)(?!`)(.{1,4000}?)(?<!`)\1(?!`)", re.S)
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])|\\(?=\n)")
_RUN = re.compile(r"\*+|_+|~+|\|+")
_LINK = re.compile(
    r"\](?:\(\s{0,9}(?:<[^<>\n]{0,2000}>|(?>(?:[^\s()<>]|\([^\s()<>]{0,500}\)){0,2000}))"
    r"(?:\s{1,9}(?:\"[^\"]{0,500}\"|'[^']{0,500}'|\([^()]{0,500}\)))?\s{0,9}\)|\[[^\[\]\n]{0,200}\])"
)
_DEFINITION = re.compile(r"[ ]{0,3}\[[^\[\]\n]{1,200}\]:[ \t]*\S{1,2000}[^\n]{0,500}$", re.M)
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

    def __init__(self, text: str, format: TextFormat | None) -> None:
        self._text, self._format = text, format
        self._special = _SPECIAL[format or ""]
        self._pieces: list[_Piece] = []
        self._open: dict[
            str, list[tuple[_Piece, int]]
        ] = {}  # runs of * _ ~ | that may begin something
        self._brackets: list[
            tuple[int, bool]
        ] = []  # the piece of each "[", and whether of a picture
        self._last: dict[str, int] = {}  # where the last </name> begins
        self._last_comment = text.rfind("-->")  # where the last one ends

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
            return self._entity(at)
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

    def _angle(self, at: int) -> int:
        if self._text.startswith("<!--", at):
            end = self._text.find("-->", at + 2) if self._last_comment > at else -1
            return self._put(at, end + 3, "") if end >= 0 else at
        if declaration := _DECLARATION.match(self._text, at):
            return self._put(at, declaration.end(), "")
        if self._format != "html" and (link := _AUTOLINK.match(self._text, at)):
            self._put(at, at + 1, "")
            self._keep(*link.span(1))
            return self._put(link.end(1), link.end(), "")
        tag = _TAG.match(self._text, at)
        name = tag[2].lower() if tag else ""
        if tag is None or (self._format is None and name not in _KNOWN):
            return at
        end = tag.end()
        if not tag[1] and (name in _UNSEEN or (tag[3] and _HIDDEN.search(tag[3]))):
            end = self._closed(name, end)
        return self._put(at, end, _in_place_of(name, tag[3], closing=bool(tag[1])))

    def _closed(self, name: str, after: int) -> int:
        """Where an element ends that nobody sees; right `after` its tag where it has no end."""
        if name not in self._last:
            closings = re.finditer(f"</{re.escape(name)}[\\s/>]", self._text, re.I)
            self._last[name] = max((one.start() for one in closings), default=-1)
        if self._last[name] < after:
            return after
        closing = re.compile(f"</{re.escape(name)}[^<>]{{0,2000}}>", re.I).search(self._text, after)
        return after if closing is None else closing.end()

    def _entity(self, at: int) -> int:
        found = _ENTITY.match(self._text, at)
        if found is None or (self._format is None and not found[0].endswith(";")):
            return at
        text = html.unescape(found[0])
        return at if text == found[0] else self._put(at, found.end(), text)

    def _run(self, at: int) -> int:
        """A run of signs that begins or ends emphasis: as many as meet are taken away on both sides."""
        text, run = self._text, _RUN.match(self._text, at)
        if run is None or (run[0][0] in "~|" and len(run[0]) != 2):
            return at if run is None else self._put(at, run.end(), run[0])
        end, sign = run.end(), run[0][0]
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
        if picture:
            start = self._pieces[place].start
            del self._pieces[place:]
            return self._put(start, link.end(), _PICTURE)
        self._pieces[place].text = ""
        self._brackets = [one for one in self._brackets if one[1]]  # no link lies within another
        return self._put(at, link.end(), "")

    def _line(self, at: int) -> int:
        if definition := _DEFINITION.match(self._text, at):
            return self._put(at, definition.end(), "")
        heading = _HEADING.match(self._text, at)
        return self._put(at, heading.end(), "") if heading else at

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


def _in_place_of(name: str, attributes: str, *, closing: bool) -> str:
    """What a reader sees where a tag stands."""
    if name in _BLOCKS:
        return " "
    if name in _PICTURES:
        return "" if closing else _PICTURE
    if name != "bdo":
        return ""
    if closing:
        return "\u202c"
    direction = _DIRECTION.search(attributes)
    return {"rtl": "\u202e", "ltr": "\u202d"}[direction[1].lower()] if direction else "\u202a"
