"""Files that people look at: previews, always drawn anew by the sandbox, never the bytes that somebody
sent; one at a time, when it is asked for; and the bytes themselves, for a purpose that is recorded."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec
from starlette.responses import Response

from tidegate.access.purposes import PURPOSES
from tidegate.content.holds.model import OpeningIn
from tidegate.content.media.model import Sight
from tidegate.content.parts import Part
from tidegate.content.queries import revisions_of
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.parsing import convert
from tidegate.pipeline.reads import (
    download_entry_file,
    download_evidence,
    read_entry_file,
    read_evidence,
)
from tidegate.review import wellness
from tidegate.review.seen import note_look
from tidegate.signals.banks.queries import entries_by_id
from tidegate.web.pages.case import case_page
from tidegate.web.pages.case_parts.looking import file_of_entry
from tidegate.web.pages.content import content_view
from tidegate.web.pages.page import PageRoute, Query
from tidegate.web.pages.render import html
from tidegate.web.pages.tiles import MediaView, entry_file
from tidegate.web.pages.visit import Visit
from tidegate.web.places import in_turn

LONGEST_SIDE = 960
ITEM_FILE = "/media/{item}/{revision}/{index}"
ENTRY_FILE = "/media/entries/{entry}"


class MediaQuery(Query, frozen=True):
    """`blur=0` shows the picture as it is; without it only colours and coarse shapes. `frame` counts
    those of an animation from 0; `dark=1` is how it looks on a black page."""

    blur: bool = True
    frame: Annotated[int, msgspec.Meta(ge=0, lt=10**9)] = 0
    dark: bool = False


class FilePage(msgspec.Struct, frozen=True, kw_only=True):
    """One file by itself. `back` is the page that it is of; `purposes` are what it may be taken for."""

    file: MediaView
    back: str
    purposes: tuple[str, ...] = PURPOSES


class Place(msgspec.Struct, frozen=True):
    """Where a file is: a revision of an item, or a bank entry."""

    item: UUID | None = None
    revision: int = 0
    part: str = ""
    entry: UUID | None = None

    def severity(self, tx: Tx) -> int:
        if self.item is not None:
            return wellness.severity_of_item(tx, self.item)
        assert self.entry is not None
        return wellness.severity_of_entry(tx, self.entry)


def no_preview(_: object = None) -> Refusal:
    return Refusal(
        "no-preview", 404, "There is no preview", "The file is gone, or shows no picture."
    )


def place_of(path: Mapping[str, str]) -> Place:
    """The file that the parts of an address name. Raises Refusal (404)."""
    try:
        if "entry" in path:
            return Place(entry=UUID(path["entry"]))
        item, revision, index = UUID(path["item"]), path["revision"], path["index"]
    except (KeyError, ValueError):
        raise no_preview() from None
    if not (revision + index).isascii() or not (revision + index).isdigit() or len(revision) > 9:
        raise no_preview()
    return Place(item, int(revision), Part.media(int(index[:9])).name)


async def preview(visit: Visit) -> Response:
    place, instance = place_of(visit.path), visit.instance

    def look(tx: Tx) -> bytes | None:
        if place.item is not None:
            return read_evidence(tx, place.item, place.revision, place.part)
        assert place.entry is not None
        return read_entry_file(tx, place.entry)

    revealed = not visit.query.blur
    data = await in_turn(visit.request, _bytes, visit, look, place if revealed else None)
    drawn = await instance.media.preview(
        data,
        max_side=LONGEST_SIDE,
        blur=visit.query.blur,
        sight=Sight(visit.query.frame, visit.query.dark),
        key=visit.who.queue,
    )
    if drawn is None:
        raise no_preview()
    if revealed:
        await in_turn(visit.request, _count, visit, place)
    return Response(drawn, media_type="image/jpeg")


def _bytes(
    visit: Visit, look: Callable[[Tx], bytes | None], revealed: Place | None = None
) -> bytes:
    """What a look finds. That the person sees it is noted before it is drawn: they may decide by it as
    soon as it is on their screen."""
    with visit.begin() as tx:
        sha256 = look(tx)
        data = None if sha256 is None else visit.instance.evidence.get(sha256)
        if sha256 is None or data is None:  # what was to be recorded did not happen
            raise no_preview()
        if revealed is not None:
            entry = revealed.entry
            file = f"file {sha256.hex()}" if entry is None else file_of_entry(entry)
            note_look(tx, visit.instance.secrets.terms_key, file)
    return data


def _count(visit: Visit, place: Place) -> None:
    """What was revealed is in the person's own record."""
    with visit.begin() as tx:
        wellness.count_file(tx, place.severity(tx))


def show(visit: Visit) -> FilePage:
    """A file by itself, as a tile."""
    place = place_of(visit.path)
    with visit.begin() as tx:
        if place.item is not None:
            rows = (row for row in revisions_of(tx, place.item) if row.revision == place.revision)
            row = next(rows, None)
            files = content_view(place.item, row, place.severity(tx)).media if row else []
            file = next((one for one in files if one.part == place.part), None)
            back = f"/items/{place.item}"
        else:
            entry = entries_by_id(tx, [place.entry] if place.entry else []).get(str(place.entry))
            file = entry and entry_file(entry, place.severity(tx))
            back = f"/banks/{entry.bank}" if entry else ""
    if file is None or file.preview is None:
        raise no_preview()
    return FilePage(file=file, back=back)


def download(visit: Visit) -> Response:
    """The bytes as they were sent, for a purpose: never to be opened by a browser."""
    place = place_of(visit.path)
    given = {name: visit.field(name) for name in ("purpose", "justification")}
    why = convert(given, OpeningIn)

    def take(tx: Tx) -> bytes | None:
        if place.item is not None:
            return download_evidence(tx, place.item, place.revision, place.part, why)
        assert place.entry is not None
        return download_entry_file(tx, place.entry, why)

    data = _bytes(visit, take)
    headers = {
        "Content-Disposition": 'attachment; filename="evidence.bin"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return Response(data, media_type="application/octet-stream", headers=headers)


def revealing(page: PageRoute) -> PageRoute:
    """For whoever has no script: the page once more, with the one file shown that the form names. That
    is in no address, and over with the page."""

    def reveal(visit: Visit) -> Response:
        visit.query = _asked(visit, page.query)
        return html(page.template, visit, page.handler(visit))

    return PageRoute(method="POST", path=f"{page.path}/reveal", handler=reveal, scope=page.scope)


def _asked(visit: Visit, kind: type[Query]) -> Any:
    """What the page was asked for when the form was drawn; its beginning, where that is nothing."""
    known = {field.encode_name for field in msgspec.structs.fields(kind)}
    given = dict(parse_qsl(visit.field("asked")))
    try:
        return msgspec.convert({k: v for k, v in given.items() if k in known}, kind, strict=False)
    except msgspec.ValidationError:
        return kind()


def _routes(path: str, scope: str) -> list[PageRoute]:
    alone = PageRoute(path=f"{path}/file", handler=show, scope=scope, template="file.html")
    ask = PageRoute(
        path=f"{path}/download", handler=show, scope="cases:decide", template="download.html"
    )
    taken = PageRoute(
        method="POST",
        path=ask.path,
        handler=download,
        scope="cases:decide",
        again=ask,
        fresh=True,
    )
    drawn = PageRoute(path=path, handler=preview, scope=scope, query=MediaQuery)
    return [alone, revealing(alone), ask, taken, drawn]


pages = [
    *_routes(ENTRY_FILE, "banks:read"),
    *_routes(ITEM_FILE, "items:read"),
    revealing(case_page),
]
