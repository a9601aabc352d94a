"""How many pictures, videos and other files a post has: what a row can say of them without a look. Pure."""

import mimetypes

import msgspec

from tidegate.content.model import Content, StoredMedia


class MediaCount(msgspec.Struct, frozen=True):
    """How many files of each sort."""

    image: int = 0
    video: int = 0
    other: int = 0


def count_media(content: Content | None) -> MediaCount:
    """The files of a post by what they are said to be: by their type, else by their name."""
    sorts = [sort_of(file) for file in content.media] if content else []
    return MediaCount(*(sorts.count(sort) for sort in ("image", "video", "other")))


def sort_of(file: StoredMedia) -> str:
    """`image`, `video` or `other`."""
    said = file.content_type or mimetypes.guess_type(file.filename)[0] or ""
    sort = said.split("/")[0].strip().lower()
    return sort if sort in ("image", "video") else "other"
