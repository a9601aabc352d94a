"""What a revision shows to people: shared by the pages of cases and items."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec

from tidegate.content.model import Content
from tidegate.content.parts import URL, Part
from tidegate.content.queries import RevisionRow
from tidegate.policy.model import Pack
from tidegate.signals.language import Language, language_of
from tidegate.signals.parts import links_of
from tidegate.web.pages.case_parts.passages import (
    Passage,
    Span,
    Stretch,
    excerpt,
    passages,
    quoted,
)
from tidegate.web.pages.tiles import USUAL_SEVERITY, MediaView


class ContentView(msgspec.Struct, frozen=True):
    """One revision. `content` is None once it was erased or has gone by retention."""

    revision: int
    received_at: Any
    content: Content | None
    media: list[MediaView]
    language: Language = Language()

    def pieces(self, matches: Iterable[dict[str, Any]]) -> list[Stretch]:
        """The text, cut where matches say that a span of it matched."""
        return [one for passage in self.passages(matches) for one in passage.stretches]

    def passages(
        self,
        matches: Iterable[dict[str, Any]],
        comments: Iterable[str] = (),
        rang: Iterable[Span] = (),
    ) -> list[Passage]:
        """The text, folded at what matched, at what comments on it quote, and at what `rang`."""
        text = (self.content and self.content.text) or ""
        return passages(text, [*map(span_of, matches), *quoted(text, comments)], rang)

    def excerpt(self, match: dict[str, Any]) -> list[Stretch]:
        """The text around the span that matched; nothing where the match is with no span."""
        return excerpt((self.content and self.content.text) or "", span_of(match), _AROUND)

    def address_of(self, part: str) -> str | None:
        """The address that a part is, where it is no link of the text."""
        if self.content is None:
            return None
        whole = Part.parse(part).whole
        if whole.split("/")[0] == URL:
            return self.content.url
        found = (address for name, address in links_of(self.content.attributes) if name == whole)
        return next(found, None)

    def file_of(self, part: str) -> MediaView | None:
        """The file that a part is, or is a view of, with a preview of what was looked at."""
        looked = Part.parse(part)
        file = next((one for one in self.media if one.part == looked.whole), None)
        if file is None or file.preview is None or looked.look == Part(looked.whole).look:
            return file
        sight = f"frame={looked.frame}&dark={int(looked.view == 'dark')}"
        return msgspec.structs.replace(file, preview=f"{file.preview}?{sight}")


_AROUND = 240  # characters that are shown on either side of what matched


def span_of(match: dict[str, Any]) -> tuple[int, int]:
    """Where in the text a match is; (0, 0) where it is with no span."""
    return match.get("start", 0), match.get("end", 0)


def content_view(item_id: UUID, row: RevisionRow, severity: int = USUAL_SEVERITY) -> ContentView:
    """A revision as people see it; `severity` is that of the case that it is looked at for."""
    found = {str(one.get("part")): one for one in row.media}
    files = row.content.media if row.content else []
    return ContentView(
        row.revision,
        row.received_at,
        row.content,
        [
            MediaView(
                part=(part := Part.media(index).name),
                filename=file.filename,
                content_type=found.get(part, {}).get("content_type") or file.content_type,
                size=file.size,
                sha256=file.sha256,
                url=file.url,
                width=found.get(part, {}).get("width"),
                height=found.get(part, {}).get("height"),
                frames=found.get(part, {}).get("frames"),
                preview=f"/media/{item_id}/{row.revision}/{index}" if file.sha256 else None,
                place=index + 1,
                of=len(files),
                severity=severity,
            )
            for index, file in enumerate(files)
        ],
        Language() if row.content is None else language_of(row.content),
    )


def explained(matches: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Matches, each entry and part once by its best route: a file's digests say the same thrice."""
    best: dict[tuple[str, str], dict[str, Any]] = {}
    for match in matches:
        place = (str(match["part"]), str(match["entry"]))
        if place not in best or match["distance"] < best[place]["distance"]:
            best[place] = match
    return list(best.values())


def ids_of(entries: Iterable[str]) -> list[UUID]:
    """The ids of entries that matches name; what is none is left out."""
    found: list[UUID] = []
    for entry in dict.fromkeys(entries):
        try:
            found.append(UUID(entry))
        except ValueError:
            continue
    return found


def rule_texts(pack: Pack) -> dict[str, str]:
    """What each rule of the pack says to people, by "rule@version": evaluations keep no prose."""
    return {f"{rule.name}@{rule.version}": rule.text for rule in pack.rules}
