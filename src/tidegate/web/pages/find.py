"""Find: words, phrases and operators over items, cases, entries and decisions; what somebody pastes goes
straight there; a file that is dropped shows what is near to it.

Looking is told to nobody, as reading a list or a post is not: no file is shown here, nor who reported. What is
opened from here is recorded as ever.
"""

import re
from collections.abc import Collection
from typing import Annotated, Literal
from urllib.parse import urlencode

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tidegate.infra.cursors import read_cursor, write_cursor
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.pipeline.asked import OPERATORS, Asked, bad_query, read
from tidegate.pipeline.find import COUNT, Finder, Keys, Place, Some
from tidegate.pipeline.find import PAGE as LOOKED
from tidegate.pipeline.find_entries import entries, has_none
from tidegate.review.rows import rows_of
from tidegate.web.pages.found import (
    FoundDecision,
    FoundEntry,
    FoundItem,
    found_decisions,
    found_entries,
    found_items,
)
from tidegate.web.pages.named import is_digest, is_url, straight
from tidegate.web.pages.near import Near, dropped, near_address, near_code
from tidegate.web.pages.page import PageRoute, Query, page_or_twin, see_other
from tidegate.web.pages.render import html
from tidegate.web.pages.rows import RowView, row_view
from tidegate.web.pages.search import upload_limit
from tidegate.web.pages.visit import Visit
from tidegate.web.places import in_turn
from tidegate.web.words import gettext as _
from tidegate.web.words import noted

PAGE = 50
COUNTED = 100  # and no further
TABS = {
    "items": "items:read",
    "cases": "cases:read",
    "entries": "banks:read",
    "decisions": "items:read",
}
TabName = Literal["", "items", "cases", "entries", "decisions"]


EXAMPLES = {
    'attack "on the bridge"': noted("a word, and words side by side"),
    "author:4711 platform:forum lang:ar": noted("whose posts, where, in which language"),
    "label:incitement outcome:restrict by:me": noted("what was decided, and by whom"),
    "entry:… sha256:…": noted("what a bank's entry matched, and where a file was"),
    "after:7d before:2026-01-31": noted("when"),
}


class FindQuery(Query, frozen=True):
    q: Annotated[str, Meta(max_length=4096)] = ""
    tab: TabName = ""
    cursor: Annotated[str, Meta(max_length=64)] | None = None


class Tab(msgspec.Struct, frozen=True):
    """One sort of what was found: how many there are, `more` than that, or as many."""

    name: str
    count: int
    more: bool


class Chip(msgspec.Struct, frozen=True):
    """A part of what was asked for as it was understood, and the address without it."""

    name: str
    value: str
    without: str


class Example(msgspec.Struct, frozen=True):
    """What can be typed, and what that means."""

    typed: str
    means: str


class FindPage(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed and understood, how much was found of each sort, and a page of that of the `tab`.
    `notes` say what was left out, `near` is what a file, an address or a code is near to."""

    q: str = ""
    tab: str = "items"
    tabs: list[Tab] = []
    chips: list[Chip] = []
    items: list[FoundItem] = []
    cases: list[RowView] = []
    entries: list[FoundEntry] = []
    decisions: list[FoundDecision] = []
    next: str | None = None
    notes: list[str] = []
    near: Near | None = None
    operators: tuple[str, ...] = tuple(OPERATORS)

    @property
    def found(self) -> bool:
        """Whether the tab has anything."""
        return bool(self.items or self.cases or self.entries or self.decisions)

    @property
    def examples(self) -> list[Example]:
        """What can be typed."""
        return [Example(typed, _(means)) for typed, means in EXAMPLES.items()]

    def at(self, **parts: str) -> str:
        """The address with these parts in place of its own."""
        return f"/find?{urlencode({'q': self.q, 'tab': self.tab} | parts)}"


class _Looked(msgspec.Struct, frozen=True, kw_only=True):
    """One question of a person: who may see what, and where to go on."""

    visit: Visit
    tx: Tx
    asked: Asked
    finder: Finder
    keys: Keys
    by: Collection[str]

    def some(self, tab: str, after: int | Place | None, limit: int, look: int) -> Some:
        if tab == "entries":
            below = after if isinstance(after, int) else None
            instance = self.visit.instance
            return entries(self.tx, instance, self.keys, self.asked, self.by, below, limit)
        return getattr(self.finder, tab)(after, limit, look)


def show(visit: Visit) -> FindPage | Response:
    query: FindQuery = visit.query
    typed, tabs = query.q.strip(), _tabs(visit)
    tab = query.tab if query.tab in tabs else tabs[0]
    blank = FindPage(q=typed, tab=tab)
    if not typed:
        return blank
    with visit.begin() as tx:
        if query.cursor is None and (to := straight(visit, tx, typed)) is not None:
            return see_other(to)
        if is_digest(typed):
            return msgspec.structs.replace(blank, near=near_code(visit, tx, bytes.fromhex(typed)))
        if is_url(typed):
            return msgspec.structs.replace(blank, near=near_address(visit, tx, typed))
        try:
            return _found(visit, tx, read(typed, tx.now), tabs, blank)
        except Refusal as refusal:
            if refusal.status != 422 or visit.request.url.path.endswith(".json"):
                raise
            visit.refusal = refusal
    return html("find.html", visit, blank, 422)


def _tabs(visit: Visit) -> list[str]:
    """The sorts that the person may see."""
    return [name for name, scope in TABS.items() if visit.may(scope)]


def _found(visit: Visit, tx: Tx, asked: Asked, tabs: list[str], page: FindPage) -> FindPage:
    secrets = visit.instance.secrets
    keys = Keys(secrets.terms_key, secrets.author_key)
    by = visit.actors(asked.by) if asked.by is not None else ()
    finder = Finder(tx, keys, asked, by)
    looked = _Looked(visit=visit, tx=tx, asked=asked, finder=finder, keys=keys, by=by)
    after = _read_place(page.tab, visit.query.cursor)
    here = looked.some(page.tab, after, PAGE + 1 if after else COUNTED + 1, LOOKED)
    others = [one for one in tabs if one != page.tab or after]
    counted = {one: looked.some(one, None, COUNTED + 1, COUNT) for one in others}
    counted.setdefault(page.tab, here)
    ids = [one.id for one in here.found[:PAGE]]
    following = here.found[PAGE - 1].place if len(here.found) > PAGE else here.after
    cases = rows_of(tx, ids) if page.tab == "cases" else []
    return msgspec.structs.replace(
        page,
        tabs=[_tab(name, counted[name]) for name in tabs],
        chips=_chips(asked, page.tab),
        items=found_items(tx, ids, asked.needles) if page.tab == "items" else [],
        cases=[row_view(row, visit.names.called) for row in cases],
        entries=found_entries(tx, ids, asked.needles) if page.tab == "entries" else [],
        decisions=found_decisions(tx, ids, visit.may("cases:read"))
        if page.tab == "decisions"
        else [],
        next=None if following is None else _written(following),
        notes=_notes(looked, page.tab),
    )


def _tab(name: str, some: Some) -> Tab:
    count = min(len(some.found), COUNTED)
    return Tab(name, count, len(some.found) > COUNTED or some.after is not None)


def _chips(asked: Asked, tab: str) -> list[Chip]:
    def written(name: str, value: str) -> str:
        quoted = f'"{value}"' if len(value.split()) != 1 or (not name and ":" in value) else value
        return f"{name}:{quoted}" if name else quoted

    parts = [written(name, value) for name, value in asked.said]
    found: list[Chip] = []
    for place, (name, value) in enumerate(asked.said):
        rest = " ".join([*parts[:place], *parts[place + 1 :]])
        found.append(Chip(name, value, f"/find?{urlencode({'q': rest, 'tab': tab})}"))
    return found


def _notes(looked: _Looked, tab: str) -> list[str]:
    notes: list[str] = []
    if tab == "entries" and (name := has_none(looked.asked)) is not None:
        notes.append(_("Entries have no %(operator)s.") % {"operator": f"{name}:"})
    if tab == "items" and looked.finder.cut:
        notes.append(
            _("Only the newest are looked through: narrow it with %(operators)s.")
            % {"operators": "before:, after:"}
        )
    return notes


def _written(place: int | Place) -> str:
    return str(place) if isinstance(place, int) else write_cursor(*place)


def _read_place(tab: str, cursor: str | None) -> int | Place | None:
    """Where to go on. Raises Refusal (422) for what no answer gave."""
    if cursor is None:
        return None
    if tab in ("cases", "decisions"):
        return read_cursor(cursor)
    if not re.fullmatch("[1-9][0-9]{0,17}", cursor):
        raise bad_query("the `next` of an earlier answer", cursor)
    return int(cursor)


async def near(visit: Visit) -> Response:
    """A POST although it changes nothing: a picture does not fit into an address."""
    tabs = _tabs(visit)
    found = await dropped(visit)
    page = FindPage(tab=tabs[0], near=found if found.searched else None)
    return await in_turn(visit.request, page_or_twin, "find.html", visit, page)


_scopes = tuple(dict.fromkeys(TABS.values()))
_page = PageRoute(
    path="/find",
    handler=show,
    scope=None,
    any_of=_scopes,
    query=FindQuery,
    template="find.html",
)
pages = [
    _page,
    PageRoute(
        method="POST",
        path="/find",
        handler=near,
        scope=None,
        any_of=_scopes,
        limit=upload_limit,
        again=_page,
    ),
]
