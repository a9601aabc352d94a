"""A report as somebody sends it: what we are told about an item, through which channel. Pure."""

import hashlib
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from tidegate.content.model import (
    MAX_MEDIA,
    MAX_TEXT,
    Arrival,
    ItemId,
    ItemRow,
    MediaIn,
    Moment,
    StoredMedia,
    believed,
    check_media,
    check_name,
    claimed,
    pseudonym,
    reported_url,
    stored_media,
)
from tidegate.infra.digests import keyed
from tidegate.infra.errors import bad_field
from tidegate.intake.channels import BOUND, Channel
from tidegate.intake.grading import Grade
from tidegate.intake.source import SourceIn, check_source, source_mark
from tidegate.signals.fingerprints.normalise import is_blank
from tidegate.signals.model import Codes
from tidegate.signals.parts import canonical_url, codes_of


class ReportIn(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """A report as `POST /v1/reports` takes it: about `item_id` or, where that is not known, a `url`; or
    about what it brings itself, `text` and `media`, which it may bring with either."""

    id: ItemId
    channel: Channel
    reason: Annotated[str, Meta(min_length=1, max_length=200)]
    created_at: Moment
    item_id: ItemId | None = None
    url: Annotated[str, Meta(min_length=1, max_length=4096)] | None = None
    comment: Annotated[str, Meta(max_length=10_000)] | None = None
    reporter: (
        Annotated[str, Meta(min_length=1, max_length=512, description="Kept as a pseudonym")] | None
    ) = None
    text: (
        Annotated[str, Meta(min_length=1, max_length=MAX_TEXT, description="What is told")] | None
    ) = None
    language: Annotated[str, Meta(max_length=35, description="Of the text, BCP 47")] | None = None
    media: Annotated[list[MediaIn], Meta(max_length=MAX_MEDIA)] = []
    location: (
        Annotated[str, Meta(min_length=1, max_length=1000, description="In any words")] | None
    ) = None

    @property
    def brings(self) -> bool:
        """Whether it has content of its own; a text of which nothing can be seen is none."""
        return bool(self.media) or (self.text is not None and not is_blank(self.text))

    source: SourceIn | None = None


class ReportView(msgspec.Struct, frozen=True, kw_only=True):
    """A report as a case shows it; `id` is the reporting side's own, `reporter` a pseudonym. One that does
    not count is a reporter's second on the item; `problems` is what was to be said of it, `brought` the id of
    the item that came with it, `grade` the present assessment of it."""

    id: str
    channel: str
    reason: str
    comment: str | None
    reporter: str | None
    created_at: datetime
    received_at: datetime
    counts: bool
    problems: list[str]
    location: str | None = None
    brought: str | None = None
    grade: Grade | None = None


class Before(bytes):
    """The answer to a report that was here before: nothing was written now."""


class StoredReport(msgspec.Struct, frozen=True):
    """What a retry is compared with, and answered by."""

    id: UUID
    digest: bytes
    item_id: UUID
    answer: bytes | None


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A report after it was checked, as it is kept: `said` is what was sent, `reporter` the pseudonym,
    `created_at` the time to go by. `address`, with its `codes`: what it is about, where that is no
    item's id but a URL. `media`: the files that it brings, by digest."""

    platform: str
    said: ReportIn
    digest: bytes
    reporter: str | None
    created_at: datetime
    address: Arrival | None = None
    codes: Codes = []
    problems: list[str] = []
    media: list[StoredMedia] = []

    @property
    def key(self) -> tuple[str, str]:
        return self.platform, self.said.id


class Filed(msgspec.Struct, frozen=True, kw_only=True):
    """A report as it is written: about an `item`, with the id of the item that it `brought` beside that.
    `counts`: its reporter is a new voice; `reference_key` is what its reference is found by, `request_id`
    of the request that it came with."""

    id: UUID
    taken: Taken
    item: ItemRow
    brought: UUID | None
    reference: str
    reference_key: bytes
    counts: bool
    request_id: str


def is_anonymous(report: ReportIn) -> bool:
    """Whether nobody answers for it: anybody can send as many as they like."""
    return report.reporter is None and report.channel not in BOUND


_encoder = msgspec.json.Encoder(order="deterministic")


def take(
    report: ReportIn,
    *,
    platform: str,
    terms_key: bytes,
    author_key: bytes,
    sources_key: bytes,
    now: datetime,
) -> Taken:
    """Check what the types cannot say, and say how the report is kept. Two reports are the same when
    their digests, over the canonical form and the source, are. Raises Refusal (422) with the field's pointer.
    """
    check_name(report.id, "/id")
    check_name(platform, "/platform")
    check_source(report.source)
    codes = codes_of(url=report.url)
    canonical = canonical_url(codes)
    created_at, problems = believed(report.created_at, now, "created_at")
    if report.item_id is not None and report.url is not None:
        raise bad_field("", "either item_id or url", "both")
    if report.item_id is None and report.url is None and not report.brings:
        raise bad_field("", "at least one of item_id, url, text and media", "none of them")
    check_media(report.media)
    if report.url is not None and canonical is None:
        expected = "an http(s) URL, or a place such as tg://…, magnet:…, mailto:… or tel:…"
        raise bad_field("/url", expected, report.url[:60])
    address = None
    if report.url is not None and canonical is not None:
        address = reported_url(terms_key, platform, report.url, canonical, now)
    media = stored_media(report.media)
    same = msgspec.structs.replace(
        report, created_at=claimed(report.created_at), media=[], source=None
    )
    canonical_form = _encoder.encode(same) + (_encoder.encode(media) if media else b"")
    canonical_form += source_mark(sources_key, report.source)
    return Taken(
        platform=platform,
        said=report,
        digest=keyed(terms_key, "report", hashlib.sha256(canonical_form).digest()),
        reporter=report.reporter and pseudonym(author_key, platform, report.reporter),
        created_at=created_at,
        address=address,
        codes=codes,
        problems=problems,
        media=media,
    )
