"""What a platform sent of the thread around a post, as posts that one can read. Pure.

`context` is whatever a platform sends. Shapes that are known become posts above or below; all else is
shown as it is, with its own letters.
"""

import json
from collections.abc import Iterator
from typing import Any, cast

import msgspec

MOST_POSTS = 50
_DEEPEST = 6
_TEXT = ("text", "body", "content", "message", "comment")
_AUTHOR = ("author", "user", "username", "name", "from", "by", "account")
_TIME = ("created_at", "posted_at", "time", "date", "timestamp", "at")
_ABOVE = ("thread", "ancestors", "parents", "parent", "in_reply_to", "reply_to", "root", "above",
          "before", "previous", "quoted", "posts", "messages")  # fmt: skip
_BELOW = (
    "replies",
    "children",
    "comments",
    "answers",
    "descendants",
    "below",
    "after",
    "following",
)


class Post(msgspec.Struct, frozen=True):
    """A post of the thread; `depth`: a reply to the one before it is one deeper."""

    text: str
    author: str | None = None
    at: str | None = None
    depth: int = 0


class Thread(msgspec.Struct, frozen=True):
    """What stands above the post and below it; `rest` is what was sent beside that, by name."""

    above: list[Post] = []
    below: list[Post] = []
    rest: dict[str, str] = {}


def thread_of(context: dict[str, Any] | str | None) -> Thread:
    """A context as posts, and the rest of it."""
    if context is None or context == {} or context == "":
        return Thread()
    if isinstance(context, str):
        return _read_text(context)
    if (whole := _post(context, 0)) is not None:
        below = [post for name in _BELOW if name in context for post in _posts(context[name], 0)]
        above = [post for name in _ABOVE if name in context for post in _posts(context[name], 0)]
        return Thread([*above, whole][-MOST_POSTS:], below[:MOST_POSTS])
    above: list[Post] = []
    below: list[Post] = []
    rest: dict[str, str] = {}
    for name, value in context.items():
        found = list(_posts(value, 0)) if name in (*_ABOVE, *_BELOW) else []
        if not found:
            rest[name] = readable(value)
        elif name in _ABOVE:
            above += found
        else:
            below += found
    return Thread(above[-MOST_POSTS:], below[:MOST_POSTS], rest)


def readable(value: Any) -> str:
    """A value as people read it: texts as they are, all else as JSON with its own letters."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)


def _read_text(context: str) -> Thread:
    """A text is what stands above; one that is JSON is read."""
    if context.lstrip()[:1] in ("{", "["):
        try:
            read = json.loads(context)
        except (ValueError, RecursionError):
            return Thread([Post(context)])
        return thread_of(
            cast("dict[str, Any]", read) if isinstance(read, dict) else {"thread": read}
        )
    return Thread([Post(context)])


def _posts(value: Any, depth: int) -> Iterator[Post]:
    """The posts in a value: a text, a post, or a list of these, with their replies."""
    if depth > _DEEPEST:
        return
    if isinstance(value, str):
        if value.strip():
            yield Post(value, depth=depth)
    elif isinstance(value, list):
        for one in cast("list[Any]", value):
            yield from _posts(one, depth)
    elif isinstance(value, dict):
        known = cast("dict[str, Any]", value)
        if (post := _post(known, depth)) is not None:
            yield post
        for name in (*_ABOVE, *_BELOW):
            if name in known:
                yield from _posts(known[name], depth + 1)


def _post(value: dict[str, Any], depth: int) -> Post | None:
    text = _first(value, _TEXT)
    return None if text is None else Post(text, _first(value, _AUTHOR), _first(value, _TIME), depth)


def _first(value: dict[str, Any], names: tuple[str, ...]) -> str | None:
    for name in names:
        found = value.get(name)
        if isinstance(found, dict):  # an account, say: {"name": …}
            found = _first(cast("dict[str, Any]", found), ("name", "username", "id", "text"))
        if isinstance(found, str) and found.strip():
            return found
        if isinstance(found, int | float) and not isinstance(found, bool):
            return str(found)
    return None
