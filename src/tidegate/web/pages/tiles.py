"""Files as tiles: what is said of one before anybody looks at it, and whether it can be looked at here."""

import mimetypes
from typing import Literal

import msgspec

from tidegate.signals.banks.model import EntryView
from tidegate.web.words import gettext as _

USUAL_SEVERITY = 3
Kind = Literal["picture", "video", "sound", "file"]
_KINDS: dict[str, Kind] = {"image": "picture", "video": "video", "audio": "sound"}


class MediaView(msgspec.Struct, frozen=True, kw_only=True):
    """One file: what was said of it, what decoding found, and where its preview is. It is number `place`
    of so many of its post, 0 where it is of none; `severity` is that of the case that it is looked at
    for."""

    part: str
    filename: str
    content_type: str
    size: int
    sha256: str | None
    url: str | None
    width: int | None
    height: int | None
    frames: int | None
    preview: str | None
    place: int = 0
    of: int = 0
    severity: int = USUAL_SEVERITY

    @property
    def kind(self) -> Kind:
        said = self.content_type or mimetypes.guess_type(self.filename)[0] or ""
        return _KINDS.get(said.split("/")[0].strip().lower(), "file")

    @property
    def at(self) -> str | None:
        """The address of the file: of its preview, whichever look at it that shows."""
        return self.preview and self.preview.partition("?")[0]

    @property
    def can_show(self) -> bool:
        """Whether a preview can be drawn, as far as that is known before it is tried."""
        if self.preview is None or self.kind in ("video", "sound"):
            return False
        if self.width is not None or self.part.startswith("entry/"):
            return True
        untried = self.frames is None
        return untried and self.kind == "picture"

    @property
    def called(self) -> str:
        """What it is called: by its kind, its place and its name."""
        words = {
            "picture": (_("picture"), _("picture %(place)d of %(of)d")),
            "video": (_("video"), _("video %(place)d of %(of)d")),
            "sound": (_("sound"), _("sound %(place)d of %(of)d")),
            "file": (_("file"), _("file %(place)d of %(of)d")),
        }
        alone, placed = words[self.kind]
        place = placed % {"place": self.place, "of": self.of} if self.of else alone
        return (
            _("%(place)s, %(name)s") % {"place": place, "name": self.filename}
            if (self.filename)
            else place
        )


def entry_file(entry: EntryView, severity: int = USUAL_SEVERITY) -> MediaView:
    """The file that a bank entry was made from."""
    return MediaView(
        part=f"entry/{entry.id}",
        filename=entry.note or _("the file of the entry"),
        content_type="",
        size=0,
        sha256=None,
        url=None,
        width=None,
        height=None,
        frames=None,
        preview=f"/media/entries/{entry.id}" if entry.has_file else None,
        severity=severity,
    )
