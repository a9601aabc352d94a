"""Searching the banks by a picture, a text or a URL: what would it match?"""

import msgspec
from starlette.responses import Response

from tidegate.content.model import Worded
from tidegate.pipeline.instance import Instance
from tidegate.signals import fingerprints
from tidegate.signals.banks.model import EntryView
from tidegate.signals.banks.queries import entries_by_id
from tidegate.signals.model import Match
from tidegate.signals.parts import ExaminedFile, codes_of
from tidegate.web.formats import listed
from tidegate.web.pages.content import ids_of
from tidegate.web.pages.page import PageRoute, Query
from tidegate.web.pages.render import html
from tidegate.web.pages.visit import Visit
from tidegate.web.places import in_turn
from tidegate.web.words import gettext


class Found(msgspec.Struct, frozen=True):
    """A match with the entry that it is with."""

    match: Match
    entry: EntryView | None


class SearchPage(msgspec.Struct, frozen=True):
    """What was searched for ("" before the first search) and what was found, nearest first."""

    searched: str = ""
    found: list[Found] = []
    problems: list[str] = []


def show(visit: Visit) -> SearchPage:
    return SearchPage()


async def search(visit: Visit) -> Response:
    """A POST although it changes nothing: a picture does not fit into an address."""
    files: list[ExaminedFile] = []
    problems: list[str] = []
    searched: list[str] = []
    if file := visit.file("file"):
        examined = await visit.instance.media.examine(
            file.data, file.content_type, file.filename, key=visit.who.queue
        )
        files.append(ExaminedFile(fingerprints.of_bytes(file.data), examined.codes))
        problems += examined.problems
        searched.append(file.filename or gettext("the picture"))
    if text := visit.field("text"):
        searched.append(gettext("the text"))
    page = await in_turn(visit.request, _match, visit, files, text, listed(searched), problems)
    return html("search.html", visit, page)


def _match(
    visit: Visit,
    files: list[ExaminedFile],
    text: str,
    searched: str,
    problems: list[str],
) -> SearchPage:
    banks = visit.instance.banks
    codes = codes_of(text=text, url=text, files=files)
    with visit.begin() as tx:
        banks.refresh(tx)
        matches = sorted(
            banks.match(tx, [codes], [Worded(text)], [tx.platforms])[0],
            key=lambda one: one.distance,
        )
        nearest = {match.entry: match for match in reversed(matches)}  # an entry once, at its best
        entries = entries_by_id(tx, ids_of(nearest))
    found = [Found(match, entries.get(match.entry)) for match in nearest.values()]
    found.sort(key=lambda one: one.match.distance)
    return SearchPage(searched, found[:100], problems)


def _upload_limit(instance: Instance) -> int:
    return instance.settings.upload_limit


pages = [
    PageRoute(
        path="/search", handler=show, scope="banks:read", query=Query, template="search.html"
    ),
    PageRoute(
        method="POST", path="/search", handler=search, scope="banks:read", limit=_upload_limit
    ),
]
