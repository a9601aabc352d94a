"""A text with what hides its links undone, and where each character of that stood: characters that
cannot be seen, entities and inline tags of HTML, the brackets of defanged addresses, letters in other
shapes.

Of the text nothing is left out that could end a link: what is between `<` and `>` stays, unless it is
a tag that only dresses letters.
"""

import re
import unicodedata
from array import array
from bisect import bisect_right
from html import unescape
from typing import NamedTuple

BLANK = "\\s\u115f\u1160\u2800\u3164\uffa0"
"""The inside of a character class: what a reader sees as a space."""

_UNSEEN = (
    "\u0332-\u0338\u00ad\u034f\u061c\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f"
    "\ufeff\ufff0-\ufff8\U000e0000-\U000e0fff"
)
_SHAPED = "\u2024\u24b6-\u24e9\u3002\uff01-\uff5e\uff61\U0001d400-\U0001d7ff"
_DRESS = (
    "abbr|bdi|bdo|big|b|code|del|em|font|ins|i|kbd|mark|samp|small|span|strike|strong|sub|sup|s|tt|u"
    "|var|wbr"
)
# Each find begins with one of a few characters, so that a text without them is passed over quickly.
_HIDDEN = (
    rf"[\[({{<&\\{_UNSEEN}{_SHAPED}](?:"
    r"(?<=[\[({])(?=\s?[.:/@aAdDpP])(?:"
    r"(?P<slashes>\s?://\s?[\])}])"
    r"|(?P<dot>\s?(?:\.|(?i:dot|d0t|punkt|punto|point))\s?[\])}]\s?|(?<=\w\[)\.(?=\w))"
    r"|(?P<sign>\s?[:/]\s?[\])}])"
    r"|(?P<at>\s?(?:@|(?i:at))\s?[\])}]\s?))"
    rf"|(?P<unseen>(?<=<)(?:/?(?i:{_DRESS})(?:\s[^<>]{{0,400}})?/?>|!--[^<>]{{0,400}}-->)"
    rf"|(?<=\\)(?=[._*~/-])|(?<=[{_UNSEEN}])[{_UNSEEN}]*)"
    r"|(?P<entity>(?<=&)(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)"
    rf"|(?P<shaped>(?<=[{_SHAPED}])))"
)
_UNDONE = re.compile(_HIDDEN)
_UNDONE_WORDS = re.compile(
    rf"{_HIDDEN}|(?P<word>(?<=\w)\s{{1,3}}(?i:dot)\s{{1,3}}(?=\w)|(?<=\w)\.\](?=\w))"
)
_MARKED = re.compile(  # what nearly all texts are without
    rf"[<&\\{_UNSEEN}{_SHAPED}]"
    r"|[\[({]\s?(?:[.:/@]|(?i:at|dot|d0t|punkt|punto|point)\s?[\])}])"
)
_WORDS = re.compile(r"(?i:\sdot\s)|\.\]")
_UNSEEN_ONE = re.compile(f"[{_UNSEEN}]")
_DEFANGED = frozenset(["slashes", "dot", "sign", "at", "word"])


class _Cut(NamedTuple):
    """A piece of the result that is not as it stood: result[at:end] stands for text[start:stop].
    `defanged`: somebody wrote it so that nobody would click it."""

    at: int
    end: int
    start: int
    stop: int
    defanged: bool


class Undone(NamedTuple):
    """`text`, and the `cuts` by which its places lead back to the original."""

    text: str
    cuts: list[_Cut]
    ends: "array[int]"  # of the cuts, in `text`

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original behind text[start:end], which is not empty."""
        return self._place(start, 0), self._place(end - 1, 1)

    def is_defanged(self, start: int, end: int) -> bool:
        """Whether within this span somebody made an address harmless."""
        first = bisect_right(self.ends, start)
        return any(cut.defanged for cut in self.cuts[first:] if cut.at < end and cut.end > start)

    def _place(self, place: int, after: int) -> int:
        """Where the character at `place` begins (`after` 0) or ends (1) in the original."""
        index = bisect_right(self.ends, place)
        if index < len(self.cuts) and self.cuts[index].at <= place:
            return self.cuts[index].stop if after else self.cuts[index].start
        before = self.cuts[index - 1] if index else _Cut(0, 0, 0, 0, False)
        return before.stop + place - before.end + after


def undone(text: str) -> Undone:
    """The text as its links would be clicked."""
    pieces: list[str] = []
    cuts: list[_Cut] = []
    done = length = 0
    by_words = ("dot" in text or "DOT" in text or ".]" in text) and _WORDS.search(text)
    if not by_words and not _MARKED.search(text):
        return Undone(text, cuts, array("l"))
    for match in (_UNDONE_WORDS if by_words else _UNDONE).finditer(text):
        name, start = match.lastgroup or "", match.start()
        now = _read(name, match[0])
        if now == match[0]:
            continue
        if name in ("dot", "at") and start > done and text[start - 1].isspace():
            start -= 1
        pieces += (text[done:start], now)
        at = length + start - done
        length = at + len(now)
        cuts.append(_Cut(at, length, start, match.end(), name in _DEFANGED))
        done = match.end()
    if not cuts:
        return Undone(text, cuts, array("l"))
    pieces.append(text[done:])
    return Undone("".join(pieces), cuts, array("l", [cut.end for cut in cuts]))


def _read(name: str, written: str) -> str:
    """What one find stands for."""
    match name:
        case "unseen":
            return ""
        case "entity":
            return _UNSEEN_ONE.sub("", unescape(written))
        case "shaped":
            return "." if written in "\u3002\uff61" else unicodedata.normalize("NFKC", written)
        case "dot" | "word":
            return "."
        case "at":
            return "@"
        case _:
            return written[1:-1].strip()


def is_blank(text: str) -> bool:
    """Whether a reader sees nothing of it."""
    return not _SEEN.search(text)


_SEEN = re.compile(f"[^{BLANK}{_UNSEEN}]")
