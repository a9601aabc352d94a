"""A submitted item as the platform describes it, and the pure rules about it."""

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Meta

from tidegate.infra.digests import keyed, mac
from tidegate.infra.errors import bad_field

MAX_SKEW = timedelta(minutes=10)
TIME_CLAIM = "time-claim"  # the code of a problem
MAX_TEXT = 200_000
MAX_MEDIA = 16

Publicness = Literal["public", "restricted", "private"]
TextFormat = Literal["plain", "html", "markdown"]
ItemId = Annotated[str, Meta(min_length=1, max_length=512, description="The platform's own id")]
Platform = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.-]+(?!\n)$")]
Moment = Annotated[datetime, Meta(tz=True, description="RFC 3339 with an offset")]
Version = int | datetime  # of a body, as the platform counts its edits


class MediaIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One file of an item: inline (`data`, base64) or to be fetched (`url`)."""

    filename: Annotated[str, Meta(max_length=255)] = ""
    content_type: Annotated[str, Meta(max_length=127)] = ""
    data: bytes | None = None
    url: Annotated[str, Meta(min_length=1, max_length=4096)] | None = None


class ItemIn(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """A post as `POST /v1/items` takes it."""

    id: ItemId
    surface: Annotated[str, Meta(min_length=1, max_length=64, description="post, comment, …")]
    publicness: Publicness
    author: Annotated[str, Meta(min_length=1, max_length=512, description="Kept as a pseudonym")]
    created_at: Moment
    platform: Platform | None = None
    language: Annotated[str, Meta(max_length=35, description="BCP 47")] | None = None
    text: Annotated[str, Meta(max_length=MAX_TEXT)] | None = None
    text_format: (
        Annotated[
            TextFormat,
            Meta(description="What `text` is written in; missing: whatever it looks like"),
        ]
        | None
    ) = None
    url: Annotated[str, Meta(min_length=1, max_length=4096)] | None = None
    media: Annotated[list[MediaIn], Meta(max_length=MAX_MEDIA)] = []
    context: dict[str, Any] | str | None = None
    attributes: Annotated[dict[str, Any], Meta(max_length=64)] = {}
    version: (
        Annotated[
            Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | Moment,
            Meta(description="A number that grows with each edit, or the time of the last edit"),
        ]
        | None
    ) = None


class StoredMedia(msgspec.Struct, frozen=True, omit_defaults=True):
    """One file of an item as a revision keeps it: by digest, never by bytes."""

    filename: str = ""
    content_type: str = ""
    sha256: str | None = None
    size: int = 0
    url: str | None = None


class Content(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a revision keeps of a submission: the author as a pseudonym, media by digest."""

    surface: str
    publicness: Publicness
    author: str
    created_at: datetime
    language: str | None = None
    text: str | None = None
    text_format: TextFormat | None = None
    url: str | None = None
    media: list[StoredMedia] = []
    context: dict[str, Any] | str | None = None
    attributes: dict[str, Any] = {}

    @property
    def worded(self) -> "Worded | None":
        """The text with what it is written in; None where there is none."""
        return Worded(self.text, self.text_format) if self.text else None


class Worded(NamedTuple):
    """A text, and what it is written in: None, nobody has said."""

    text: str
    format: TextFormat | None = None


Key = tuple[str, str]  # platform and the platform's own id


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """A revision to be, of an item that may be new. Both digests are keyed."""

    platform: str
    external_id: str
    content: Content
    digest: bytes
    url_key: bytes | None
    version: Version | None = None

    @property
    def key(self) -> Key:
        return self.platform, self.external_id


class ItemRow(msgspec.Struct, frozen=True, kw_only=True):
    """An item as the transaction that locked it sees it."""

    id: UUID
    platform: str
    external_id: str
    publicness: Publicness
    author: str | None
    revision: int
    verdict: str
    sequence: int
    restricted_by: UUID | None
    received_at: datetime
    erased_at: datetime | None


TIP = "tip"  # the surface of what a report brings

ERASED = "erased with the item"
"""What stands in the place of people's words that went with their item."""

_encoder = msgspec.json.Encoder(order="deterministic")
_TIP_ID = "tip:"


def check_name(name: str, pointer: str) -> None:
    """What stands in a path must reach the server: `.` and `..` are folded away on the way there, and
    what has such a name could not be read, held or erased. Raises Refusal (422)."""
    if name in (".", ".."):
        raise bad_field(pointer, "a name other than . and .., which no path can hold", repr(name))


def check_item(item: ItemIn) -> None:
    """What the types cannot say. Raises Refusal (422) with the field's pointer."""
    check_name(item.id, "/id")
    if is_tip_id(item.id):
        raise bad_field("/id", "an id that is no tip's", item.id)
    check_media(item.media)


def check_media(given: Sequence[MediaIn]) -> None:
    """Each file has its bytes or a URL. Raises Refusal (422) with the field's pointer."""
    for index, media in enumerate(given):
        if (media.data is None) == (media.url is None):
            got = "both" if media.data is not None else "neither"
            raise bad_field(f"/media/{index}", "either data or url", got)


def stored_media(given: Sequence[MediaIn]) -> list[StoredMedia]:
    """Files as a revision keeps them; of one that is to be fetched there is the URL alone."""
    return [
        StoredMedia(one.filename, one.content_type, url=one.url)
        if one.data is None
        else StoredMedia(
            one.filename, one.content_type, hashlib.sha256(one.data).hexdigest(), len(one.data)
        )
        for one in given
    ]


def believed(moment: datetime, now: datetime, field: str) -> tuple[datetime, list[str]]:
    """The time to go by in place of one that a sender claims, with a problem where that is another: up
    to ten minutes ahead is skew; further ahead, or outside of the calendar, it cannot be true, and counts
    as now.
    """
    try:
        told = moment.astimezone(UTC)
    except OverflowError:  # before the first year, or after the last
        return now, [f"{TIME_CLAIM} ({field} says {moment.isoformat()})"]
    if is_ahead(told, now):
        return now, [f"{TIME_CLAIM} ({field} says {told:%Y-%m-%d %H:%M:%S} UTC)"]
    return told, []


def in_utc(moment: datetime, pointer: str) -> datetime:
    """The same moment in UTC. Raises Refusal (422) where there is none."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise bad_field(pointer, "a time that exists in UTC", moment.isoformat()) from None


def claimed(moment: datetime) -> datetime:
    """A claimed time as it is compared with others: in UTC; as it stands where there is none such."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return moment.replace(tzinfo=UTC)


def is_ahead(moment: datetime, now: datetime) -> bool:
    """Whether a time that somebody claims lies too far ahead to be true."""
    return moment - now > MAX_SKEW


def to_content(item: ItemIn, author: str, media: list[StoredMedia]) -> Content:
    """The stored form of a submission."""
    return Content(
        surface=item.surface,
        publicness=item.publicness,
        author=author,
        created_at=claimed(item.created_at),
        language=item.language,
        text=item.text,
        text_format=item.text_format,
        url=item.url,
        media=media,
        context=item.context,
        attributes=item.attributes,
    )


def content_digest(key: bytes, content: Content) -> bytes:
    """Over the canonical form: two submissions are the same when this is. `key`: the instance's."""
    return keyed(key, "submission", hashlib.sha256(_encoder.encode(content)).digest())


def reported_url(key: bytes, platform: str, url: str, canonical: bytes, now: datetime) -> Arrival:
    """The item of a URL that was reported and that nobody submitted: public, of no known author. Its
    id is `url:` with the digest of the canonical URL. `key`: the instance's."""
    content = Content(
        surface="reported_url", publicness="public", author="", created_at=now, url=url
    )
    found = url_digest(key, canonical)
    digest = content_digest(key, content)
    return Arrival(
        platform=platform,
        external_id=f"url:{found.hex()}",
        content=content,
        digest=digest,
        url_key=found,
    )


def tip_id(key: bytes, platform: str, report: str) -> str:
    """The id of the item that a report brings, by the report's own id: nobody without the instance's `key`
    can tell it before, and so no post has it."""
    named = hashlib.sha256(f"{len(platform)}:{platform}{report}".encode()).digest()
    return _TIP_ID + keyed(key, "tip", named)[:16].hex()


def is_tip_id(external_id: str) -> bool:
    """Whether it has the form of such an id, which is no platform's to give."""
    return re.fullmatch(f"{_TIP_ID}[0-9a-f]{{32}}", external_id) is not None


def is_tip(surface: str, author: str) -> bool:
    """Whether somebody sent it with a report: it has no author then. Every post has one, whatever its
    surface is called."""
    return surface == TIP and not author


def url_digest(key: bytes, canonical: bytes) -> bytes:
    """By what an item is found under its canonical URL."""
    return keyed(key, "url", hashlib.sha256(canonical).digest())


def pseudonym(key: bytes, platform: str, who: str) -> str:
    """The keyed pseudonym of an author or reporter (HMAC-SHA-256, 128 bits, hex)."""
    message = f"{len(platform)}:{platform}{who}".encode()
    return mac(key, message)[:16].hex()
