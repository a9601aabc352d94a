"""Searching the banks by a picture, a text or a URL: what would it match? `/find` shows items as well."""

import msgspec
from starlette.responses import Response

from tidegate.pipeline.instance import Instance
from tidegate.pipeline.near import NearEntry
from tidegate.web.pages.near import dropped
from tidegate.web.pages.page import PageRoute, Query, page_or_twin
from tidegate.web.pages.visit import Visit
from tidegate.web.places import in_turn


class SearchPage(msgspec.Struct, frozen=True):
    """What was searched for ("" before the first search) and what was found, nearest first."""

    searched: str = ""
    found: list[NearEntry] = []
    problems: list[str] = []


def show(visit: Visit) -> SearchPage:
    return SearchPage()


async def search(visit: Visit) -> Response:
    """A POST although it changes nothing: a picture does not fit into an address."""
    near = await dropped(visit)
    page = SearchPage(near.searched, near.entries, near.problems)
    return await in_turn(visit.request, page_or_twin, "search.html", visit, page)


def upload_limit(instance: Instance) -> int:
    return instance.settings.upload_limit


pages = [
    PageRoute(
        path="/search", handler=show, scope="banks:read", query=Query, template="search.html"
    ),
    PageRoute(
        method="POST", path="/search", handler=search, scope="banks:read", limit=upload_limit
    ),
]
