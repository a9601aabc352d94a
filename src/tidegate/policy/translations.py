"""What a pack says to people, in another language than the one that it is written in. Pure."""

from collections.abc import Mapping

import msgspec


class LabelWords(msgspec.Struct, frozen=True, kw_only=True):
    """A label: its name as people say it, what it means, and the text of its ground."""

    name: str | None = None
    text: str | None = None
    ground: str | None = None


class Translation(msgspec.Struct, frozen=True, kw_only=True):
    """The texts of a pack in one language; what is not there is said as the pack is written. `ground` is the
    text of its own ground. (Templates have theirs beside them.)"""

    text: str | None = None
    ground: str | None = None
    labels: Mapping[str, LabelWords] = {}
    exemptions: Mapping[str, str] = {}
    rules: Mapping[str, str] = {}
