"""The parts of an item, and their names: the one place that builds a name and takes it apart.

A part is one thing to look at in an item, under a view. Its name stands in stored codes, in matches
and in answers, so it never changes: `text`, `url`, `media/0`, `media/0@stored`, `media/0#12`, `text/url/3`
(the fourth link in the text), `attributes/links/0`, `url/place` (what an address leads to and is not).
"""

import re
from typing import Literal, Self

import msgspec

TEXT = "text"
URL = "url"

View = Literal["", "dark", "stored", "peer", "reduced"]
"""How a picture is looked at: "" as people see it, on a white page; "dark" on a black one; "stored" its
pixels as they are stored; "peer" as the field's common hasher takes them; "reduced" decoded at a
fraction of its size (`docs/decoding.md`)."""

SEEN: tuple[View, ...] = ("", "dark")
"""What people see: on one page or on another."""


class Part(msgspec.Struct, frozen=True):
    """One thing to look at in an item.

    `whole`: what it is or is a view of: the item's `text`, its `url`, a file (`media/0`), or something
    inside of one of them (`text/url/3`). `view`: under which view, "" as people see it. `frame`: of
    an animation, counted from 0, which stands for the file.
    """

    whole: str
    view: str = ""
    frame: int = 0

    @classmethod
    def media(cls, index: int, view: str = "", frame: int = 0) -> Self:
        """A file of an item, or a view of it."""
        return cls(f"media/{index}", view, frame)

    @classmethod
    def text_link(cls, index: int) -> Self:
        """A link in the text."""
        return cls(f"{_TEXT_LINK}{index}")

    @classmethod
    def attribute_link(cls, index: int) -> Self:
        """A link that the platform names in the attributes."""
        return cls(f"attributes/links/{index}")

    @classmethod
    def parse(cls, name: str) -> Self:
        """The part of this name. Raises ValueError where it is none."""
        found = _NAME.fullmatch(name)
        if found is None:
            raise ValueError(f"no part of an item is named {name[:80]!r}")
        return cls(found["whole"], found["view"] or "", int(found["frame"] or 0))

    @property
    def name(self) -> str:
        view = f"@{self.view}" if self.view else ""
        frame = f"#{self.frame}" if self.frame else ""
        return f"{self.whole}{view}{frame}"

    @property
    def beside(self) -> Self:
        """What the address that this part is leads to, beside what it names."""
        return type(self)(f"{self.whole}/place")

    @property
    def in_text(self) -> int | None:
        """Which link of the text this is, or is beside; None for any other part."""
        if not self.whole.startswith(_TEXT_LINK):
            return None
        return int(self.whole.removeprefix(_TEXT_LINK).partition("/")[0])

    @property
    def is_own(self) -> bool:
        """Whether it is the item's own text, URL or file, and not something that is named in one: by
        such a part alone an item may be what an entry is."""
        return self.whole in (TEXT, URL) or self.whole.startswith("media/")

    @property
    def is_face(self) -> bool:
        """Whether it is the thing itself as people see it first, on whatever page: no other view, no
        later frame."""
        return self.is_own and self.view in SEEN and not self.frame

    @property
    def look(self) -> tuple[str, bool, int]:
        """What people have before them: the views of one picture on one page are one look."""
        return self.whole, self.view == "dark", self.frame


_TEXT_LINK = "text/url/"
_NAME = re.compile(
    r"(?P<whole>[a-z]+(?:/(?:[a-z]+|0|[1-9][0-9]{0,8}))*)"
    r"(?:@(?P<view>[a-z]+))?(?:#(?P<frame>[1-9][0-9]{0,8}))?"
)
