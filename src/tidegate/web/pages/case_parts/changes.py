"""What changed between two revisions of a post, word by word. Pure."""

import difflib
import re
from collections.abc import Sequence

import msgspec

from tidegate.content.model import Content

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
MOST_WORDS = 4000  # of each side that are compared word by word; longer texts are compared by lines


class Change(msgspec.Struct, frozen=True):
    """A piece of text that stayed, was "added", or was "removed"."""

    text: str
    kind: str = ""


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """From one revision to another. `text` is empty where the text did not change; `fields` are other
    things that did, as they were and as they are."""

    before: int
    after: int
    text: list[Change] = []
    fields: list[tuple[str, str, str]] = []


def changes(before: tuple[int, Content | None], after: tuple[int, Content | None]) -> Changes:
    """What changed; of content that is gone nothing can be said."""
    (first, old), (last, new) = before, after
    if old is None or new is None:
        return Changes(before=first, after=last)
    return Changes(
        before=first,
        after=last,
        text=changed(old.text or "", new.text or ""),
        fields=[
            (name, was, now)
            for name, was, now in (
                ("url", old.url or "", new.url or ""),
                ("files", _files(old), _files(new)),
                ("publicness", old.publicness, new.publicness),
            )
            if was != now
        ],
    )


def changed(old: str, new: str) -> list[Change]:
    """The new text with what it lost and won; nothing where they are the same."""
    if old == new:
        return []
    cut = _WORDS.findall if max(len(old), len(new)) < 6 * MOST_WORDS else _by_line
    was, now = cut(old), cut(new)
    found: list[Change] = []
    for tag, i, j, k, m in difflib.SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
        if tag == "equal":
            found.append(Change(_shortened("".join(was[i:j]))))
            continue
        if j > i:
            found.append(Change("".join(was[i:j]), "removed"))
        if m > k:
            found.append(Change("".join(now[k:m]), "added"))
    return found


def _by_line(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _shortened(text: str, keep: int = 300) -> str:
    """What stayed, of much only the ends: it is the changes that are to be seen."""
    return text if len(text) <= 2 * keep else f"{text[:keep]} … {text[-keep:]}"


def _files(content: Content) -> str:
    names: Sequence[str] = [
        f"{one.filename or one.content_type or '?'} {(one.sha256 or '')[:8]}".strip()
        for one in content.media
    ]
    return ", ".join(names)
