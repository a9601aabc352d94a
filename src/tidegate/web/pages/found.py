"""What was found, as people and scripts read it: words first, with what was looked for marked, no pictures."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tidegate.content.others import OtherItem, open_items_by_id
from tidegate.decisions.disclosure import shown_decisions
from tidegate.decisions.found import decisions_by_id
from tidegate.decisions.looks import blind_among
from tidegate.infra.db import Tx
from tidegate.review.media import MediaCount, count_media
from tidegate.signals.banks.model import EntryView
from tidegate.signals.banks.queries import entries_by_id
from tidegate.signals.language import language_of
from tidegate.signals.words.marking import spans
from tidegate.web.pages.case_parts.passages import Run, Stretch, excerpt
from tidegate.web.pages.rows import direction, files_said
from tidegate.web.words import gettext as _

AROUND = 70  # characters that are shown on either side of what was looked for


class FoundItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item. `excerpt` is what it says, cut where something that was looked for stands; `quoted` says that
    these are its own words. `kind` and `distance` say how it is near to what was dropped."""

    id: UUID
    item: str
    platform: str
    excerpt: list[Stretch]
    quoted: bool
    language: str | None
    dir: str
    media: MediaCount
    verdict: str
    restricted: bool
    received_at: datetime
    kind: str | None = None
    distance: int | None = None

    @property
    def name(self) -> str:
        """The excerpt as one text."""
        return said(self.excerpt)


class FoundDecision(msgspec.Struct, frozen=True, kw_only=True):
    """A decision, and how the item begins that it is about, where that is there and open."""

    decision: dict[str, Any]
    item: FoundItem | None
    to: str | None


class FoundEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry, with what it says cut like an item's words."""

    entry: EntryView
    excerpt: list[Stretch]
    dir: str

    @property
    def name(self) -> str:
        """The excerpt as one text."""
        return said(self.excerpt)


def said(cut: Sequence[Stretch]) -> str:
    """Stretches as the text that they are."""
    return "".join(run.text for one in cut for run in one.runs)


def found_items(tx: Tx, ids: Collection[UUID], needles: Collection[str]) -> list[FoundItem]:
    """These items in this order, as far as they may be seen."""
    found = _told_items(tx, ids)
    return [_item(found[one], needles) for one in ids if one in found]


def _told_items(tx: Tx, ids: Collection[UUID]) -> dict[UUID, OtherItem]:
    """These items; who has a blind look at one before them is not told what stands on it."""
    found = open_items_by_id(tx, ids)
    for one in blind_among(tx, [id for id, item in found.items() if item.restricted]):
        found[one] = msgspec.structs.replace(found[one], restricted=False)
    return found


def found_decisions(tx: Tx, ids: Collection[UUID], cases: bool) -> list[FoundDecision]:
    """These decisions in this order. `cases`: whether the person may open those."""
    decisions = decisions_by_id(tx, ids)
    about = _told_items(tx, {one.item_id for one in decisions.values() if one.item_id})
    found: list[FoundDecision] = []
    told = [decisions[id] for id in ids if id in decisions]
    for one, said in zip(told, shown_decisions(tx, told), strict=True):
        item = about.get(one.item_id) if one.item_id else None
        to = f"/items/{one.item_id}" if one.item_id else None
        if cases and one.case_id is not None:
            to = f"/cases/{one.case_id}"
        decision = msgspec.to_builtins(said, builtin_types=(datetime,))
        found.append(FoundDecision(decision=decision, item=item and _item(item, ()), to=to))
    return found


def found_entries(tx: Tx, ids: Sequence[UUID], needles: Collection[str]) -> list[FoundEntry]:
    """These entries in this order."""
    entries = entries_by_id(tx, ids)
    return [_entry(entries[str(one)], needles) for one in ids if str(one) in entries]


def _item(item: OtherItem, needles: Collection[str]) -> FoundItem:
    content = item.content
    media = count_media(content)
    text = (content.text if content else None) or ""
    cut, quoted = _cut(text, needles), True
    if not cut and content is not None and content.url:
        cut = _plain(content.url[: 2 * AROUND])
    if not cut:
        cut, quoted = _plain(files_said(media) or _("A post without words")), False
    return FoundItem(
        id=item.id,
        item=item.external_id,
        platform=item.platform,
        excerpt=cut,
        quoted=quoted,
        language=(content and language_of(content).tag) or None,
        dir=direction(said(cut)),
        media=media,
        verdict=item.verdict,
        restricted=item.restricted,
        received_at=item.received_at,
    )


def _entry(entry: EntryView, needles: Collection[str]) -> FoundEntry:
    texts = [one for one in (entry.text, entry.note) if one]
    told = next((one for one in texts if needles and spans(one, needles)), None)
    cut = _cut(told or (texts[0] if texts else ""), needles) or _plain(_("Known by its code only."))
    return FoundEntry(entry=entry, excerpt=cut, dir=direction(said(cut)))


def _cut(text: str, needles: Collection[str]) -> list[Stretch]:
    """What stands around the first needle that is in the text; else how it begins."""
    marks = spans(text, needles) if needles else []
    if not marks:
        return _plain(excerpt_of_text(text))
    start, end = marks[0]
    cut = excerpt(text, (start, min(end, start + 4 * AROUND)), AROUND)
    more = [Stretch([Run("…")])]
    before = more if start > AROUND else []
    return [*before, *cut, *(more if end + AROUND < len(text) else [])]


def excerpt_of_text(text: str) -> str:
    """How a text begins, in one line."""
    return " ".join(text[: 8 * AROUND].split())[: 2 * AROUND]


def _plain(text: str) -> list[Stretch]:
    return [Stretch([Run(text)])] if text else []
