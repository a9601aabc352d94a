"""What a page says that is not marked as ours: in `en-XA` every sentence of ours stands in ⟦ ⟧, and what is
nobody's to translate carries `data-content`."""

import re
from html.parser import HTMLParser

OPEN, CLOSE = "⟦", "⟧"
# Attributes that people read or hear, also by way of a script or a style sheet.
SAYING = ("title", "aria-label", "placeholder", "alt", "data-said", "data-title", "data-heard",
          "data-left", "data-known", "data-leaving", "data-show", "data-hide", "data-show-word",
          "data-hide-word", "data-taken", "data-decided", "data-decided-by", "data-look-said",
          "data-progress")  # fmt: skip
UNREAD = ("script", "style", "kbd", "textarea")  # the last has what somebody typed
VOID = (
    "area",
    "base",
    "br",
    "col",
    "embed",
    "hr",
    "img",
    "input",
    "link",
    "meta",
    "source",
    "track",
    "wbr",
)
# No words: our own name, and units that are the same everywhere.
NAMES = {"Tidegate", "UTC"}
_WORD = re.compile(r"[^\W\d_]{2,}")
_OURS = re.compile(r"⟦[^⟦⟧]*⟧")


def unmarked(html: str) -> list[str]:
    """The texts of a page that escaped translation."""
    walker = _Walker()
    walker.feed(html)
    walker.close()
    assert walker.depth == 0, "a bracket is open: a sentence was cut"
    return walker.found


def words_of(text: str) -> list[str]:
    """The words of a text that stand outside of all brackets."""
    before = None
    while before != text:
        before, text = text, _OURS.sub(" ", text)
    return [word for word in _WORD.findall(text) if word not in NAMES]


class _Walker(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.depth = 0
        self.open: list[tuple[str, bool]] = []  # elements, and whether they are somebody's content

    @property
    def is_content(self) -> bool:
        return any(content for _, content in self.open)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        content = "data-content" in given or given.get("translate") == "no" or tag in UNREAD
        saying = (*SAYING, "data-name") if tag == "td" else SAYING
        if not content and not self.is_content:
            said = [
                f"{tag} {one}: {given[one]}" for one in saying if words_of(given.get(one) or "")
            ]
            self.found += said
        if tag not in VOID:
            self.open.append((tag, content))

    def handle_endtag(self, tag: str) -> None:
        while self.open:
            if self.open.pop()[0] == tag:
                break

    def handle_data(self, data: str) -> None:
        if self.is_content:
            return
        outside = ""
        for letter in data:
            self.depth += (letter == OPEN) - (letter == CLOSE)
            assert self.depth >= 0, data
            if self.depth == 0:
                outside += letter
        if words_of(outside):
            at = ">".join(tag for tag, _ in self.open[-3:])
            self.found.append(f"{at}: {outside.strip()}")
