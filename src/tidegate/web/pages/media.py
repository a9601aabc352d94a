"""Previews of pictures: always drawn anew by the sandbox, never the bytes that somebody sent."""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

import msgspec
from starlette.responses import Response

from tidegate.content.media.model import Sight
from tidegate.content.parts import Part
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.pipeline.reads import read_entry_file, read_evidence
from tidegate.web.pages.page import PageRoute, Query
from tidegate.web.pages.visit import Visit
from tidegate.web.places import in_turn

LONGEST_SIDE = 960


class MediaQuery(Query, frozen=True):
    """`blur=0` shows the picture as it is; without it only colours and coarse shapes. `frame` counts
    those of an animation from 0; `dark=1` is how it looks on a black page."""

    blur: bool = True
    frame: Annotated[int, msgspec.Meta(ge=0, lt=10**9)] = 0
    dark: bool = False


def no_preview(_: object = None) -> Refusal:
    return Refusal(
        "no-preview", 404, "There is no preview", "The file is gone, or shows no picture."
    )


async def item_preview(visit: Visit) -> Response:
    item_id = visit.uuid("item", no_preview)
    revision, index = visit.path["revision"], visit.path["index"]
    if not (revision + index).isascii() or not (revision + index).isdigit() or len(revision) > 9:
        raise no_preview()

    def look(tx: Tx) -> bytes | None:
        return read_evidence(tx, item_id, int(revision), Part.media(int(index[:9])).name)

    return await _preview(visit, look)


async def entry_preview(visit: Visit) -> Response:
    entry_id: UUID = visit.uuid("entry", no_preview)
    return await _preview(visit, lambda tx: read_entry_file(tx, entry_id))


async def _preview(visit: Visit, look: Callable[[Tx], bytes | None]) -> Response:
    instance = visit.instance

    def read() -> bytes | None:
        with visit.begin() as tx:
            sha256 = look(tx)
        return None if sha256 is None else instance.evidence.get(sha256)

    data = await in_turn(visit.request, read)
    if data is None:
        raise no_preview()
    drawn = await instance.media.preview(
        data,
        max_side=LONGEST_SIDE,
        blur=visit.query.blur,
        sight=Sight(visit.query.frame, visit.query.dark),
        key=visit.who.queue,
    )
    if drawn is None:
        raise no_preview()
    return Response(drawn, media_type="image/jpeg")


pages = [
    PageRoute(
        path="/media/entries/{entry}", handler=entry_preview, scope="banks:read", query=MediaQuery
    ),
    PageRoute(
        path="/media/{item}/{revision}/{index}",
        handler=item_preview,
        scope="items:read",
        query=MediaQuery,
    ),
]
