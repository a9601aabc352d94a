"""Lists page by opaque cursor: `{"data": […], "next": CURSOR | null}`."""

import base64
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from tidegate.web.api.endpoint import bad_parameter

DEFAULT_LIMIT = 50


class Page(msgspec.Struct, frozen=True):
    """One page. `next` is null on the last one."""

    data: list[Any]
    next: str | None = None


class PageQuery(msgspec.Struct, frozen=True):
    """What every list takes."""

    cursor: str | None = None
    limit: Annotated[int, Meta(ge=1, le=500)] = DEFAULT_LIMIT


class AfterQuery(msgspec.Struct, frozen=True):
    """What a list that only grows takes: `after` is the `next` of the page before."""

    after: str | None = None
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


def encode_cursor(value: object) -> str:
    return base64.urlsafe_b64encode(str(value).encode()).decode().rstrip("=")


def decode_text(cursor: str | None) -> str | None:
    """Raises Refusal (422) for what is no cursor of ours."""
    if cursor is None:
        return None
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode()
    except ValueError:
        text = ""
    if not text.isprintable() or not text:
        raise bad_parameter("cursor", "the `next` of a page before", cursor)
    return text


def decode_uuid(cursor: str | None) -> UUID | None:
    """Raises Refusal (422) for what is no cursor of ours."""
    if cursor is None:
        return None
    try:
        return UUID(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode())
    except ValueError:
        raise bad_parameter("cursor", "the `next` of a page before", cursor) from None


def decode_number(after: str | None) -> int:
    """The number that a growing list continues after; 0 at its start."""
    if after is None or after == "":
        return 0
    if not after.isascii() or not after.isdigit() or len(after) > 18:
        raise bad_parameter("after", "the `next` of a page before", after)
    return int(after)
