"""The rows of the queue as people, and scripts, read them: with the words that stand for codes and counts."""

import unicodedata
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import msgspec

from tidegate.review.media import MediaCount
from tidegate.review.rows import EXCERPT, Row, Same
from tidegate.web.formats import facts
from tidegate.web.pages.because import say
from tidegate.web.words import gettext as _
from tidegate.web.words import ngettext


class Sentence(msgspec.Struct, frozen=True):
    """Why a case stands where it stands: the code, the sentence, and what that is filled with."""

    code: str
    text: str
    value: object = None


class RowView(msgspec.Struct, frozen=True, kw_only=True):
    """A case as the queue shows it; the contract's names. `clock` is for legal deadlines, which no case
    has yet; `score` is None as long as it is not ranked; `quoted` says that the excerpt is what was posted, and
    not our words about it."""

    id: UUID
    item: str | None
    platform: str | None
    state: str
    queue: str
    band: int
    because: list[Sentence]
    score: float | None
    excerpt: str
    quoted: bool
    language: str | None
    dir: str
    media: MediaCount
    severity: int
    label: str | None
    reports: int
    clock: None = None
    held_by: str | None
    held_until: datetime | None
    readers: list[str]
    same: Same | None
    skips: int
    waits_since: datetime | None
    opened_at: datetime

    @property
    def files(self) -> str:
        """What else than words it has."""
        return files_said(self.media)


def row_view(row: Row, called: Callable[[str], str]) -> RowView:
    """A row with its words; `called` says what others know an actor by."""
    excerpt, quoted = _excerpt(row)
    return RowView(
        id=row.id,
        item=row.item,
        platform=row.platform,
        state=row.state,
        queue=row.queue,
        band=row.band,
        because=[
            Sentence(one.code, say(one.code, one.value), one.value)
            for one in row.because
            if one.code != "second_eyes" or row.state != "decided"  # that is over
        ],
        score=row.score,
        excerpt=excerpt,
        quoted=quoted,
        language=row.language,
        dir=direction(excerpt),
        media=row.media,
        severity=row.severity,
        label=row.label,
        reports=row.reports,
        held_by=row.held_by and called(row.held_by),
        held_until=row.held_until,
        readers=row.readers,
        same=row.same,
        skips=row.skips,
        waits_since=row.waits_since,
        opened_at=row.opened_at,
    )


def direction(text: str) -> str:
    """`rtl` or `ltr`, by the first letter that has one."""
    for letter in text:
        found = unicodedata.bidirectional(letter)
        if found in ("R", "AL"):
            return "rtl"
        if found == "L":
            return "ltr"
    return "ltr"


def _excerpt(row: Row) -> tuple[str, bool]:
    """What a person would call it, and whether that is its own words. Never its id."""
    if row.text:
        return row.text, True
    if row.subject != "item":
        name = {"bank": row.bank}
        return (_("An entry of %(bank)s") % name if row.bank else _("An entry of a bank")), False
    if row.closed:
        return _("Closed to your role"), False
    if row.gone:
        return _("The content is gone"), False
    if files := files_said(row.media):
        return files, False
    if row.address:
        return row.address[:EXCERPT], True
    return _("A post without words"), False


def files_said(media: MediaCount) -> str:
    """ "4 pictures, 1 video"."""
    told = [
        (media.image, ngettext("%(count)d picture", "%(count)d pictures", media.image)),
        (media.video, ngettext("%(count)d video", "%(count)d videos", media.video)),
        (media.other, ngettext("%(count)d file", "%(count)d files", media.other)),
    ]
    return facts(said % {"count": count} for count, said in told if count)
