"""Banks: the list, one bank with its entries, a new bank and new entries."""

from typing import Annotated
from urllib.parse import quote

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tidegate.infra.errors import Refusal
from tidegate.infra.parsing import convert
from tidegate.pipeline.enrol import enrol_file, enrol_json
from tidegate.pipeline.instance import Instance
from tidegate.signals.banks import actions
from tidegate.signals.banks.held_changes import change_on
from tidegate.signals.banks.listing import (
    MOST_COUNTED,
    STATES,
    Place,
    page_of_entries,
    quarantined_by_bank,
)
from tidegate.signals.banks.model import BankIn, BankView, EntryIn, EntryView
from tidegate.signals.banks.queries import get_bank, list_banks, may_change
from tidegate.signals.banks.staged import BankImport, imports_of
from tidegate.signals.fingerprints import KINDS
from tidegate.web.api.paging import decode_uuid, encode_cursor
from tidegate.web.pages.bank_filters import filter_of
from tidegate.web.pages.effects import HeldView, held_view
from tidegate.web.pages.names import said
from tidegate.web.pages.page import PageRoute, Query, see_other, with_query
from tidegate.web.pages.queue import Chip
from tidegate.web.pages.visit import Visit
from tidegate.web.places import in_turn
from tidegate.web.words import gettext as _

PAGE = 48


class BanksPage(msgspec.Struct, frozen=True):
    """The banks that the person may read, and of which platforms theirs are (None: of any). `quarantined`:
    how many of a bank's entries are in quarantine, where any is."""

    banks: list[BankView]
    platforms: list[str] | None
    quarantined: dict[str, int]


Part = Annotated[str, Meta(max_length=512)]


class BankQuery(Query, frozen=True, kw_only=True):
    """What a bank's entries are narrowed to. `by`: the name of a person, or what else made them; `since`: a
    time or a while before now; `q`: an id or its beginning, a code, an address or a text."""

    cursor: Annotated[str, Meta(max_length=64)] | None = None
    state: Part = ""
    kind: Part = ""
    label: Part = ""
    by: Part = ""
    since: Part = ""
    q: Part = ""


class BankPage(msgspec.Struct, frozen=True, kw_only=True):
    """A bank and a page of its entries, the newest first; whether the person may change it. `total` counts
    those that pass `filters`, up to a bound (`more`: there are more). `next` leads to older ones, `previous`
    to newer ones. `held` is a change of the whole bank that has not left yet."""

    bank: BankView
    entries: list[EntryView]
    next: str | None
    previous: str | None
    total: int
    more: bool
    filters: dict[str, str]
    changes: bool
    held: HeldView | None
    imports: list[BankImport]

    @property
    def at(self) -> str:
        return f"/banks/{quote(self.bank.name, safe='')}"

    @property
    def chips(self) -> list[Chip]:
        """What the list is narrowed to."""
        return [
            Chip(name, _chip(name, value), self.to(**{name: ""}))
            for name, value in self.filters.items()
        ]

    @property
    def choices(self) -> dict[str, list[str]]:
        """The parts of a filter that are one of a few words."""
        return {"state": list(STATES), "kind": list(KINDS)}

    @property
    def radii(self) -> dict[str, tuple[int, int]]:
        """Of each kind that has a radius: what it is here, and what it may be at most."""
        return {
            name: (self.bank.radius.get(name, kind.default_radius), kind.max_radius)
            for name, kind in KINDS.items()
            if kind.hamming
        }

    def called(self, part: str) -> str:
        return part_name(part)

    def to(self, **parts: str) -> str:
        """The address of the list with these parts in place of its own."""
        kept = {name: value for name, value in (self.filters | parts).items() if value}
        return with_query(self.at, **kept)


def part_name(name: str) -> str:
    """What a part of a filter is called."""
    return {
        "state": _("state"),
        "kind": _("kind"),
        "label": _("label"),
        "by": _("made by"),
        "since": _("since"),
        "q": _("is"),
    }[name]


def _chip(name: str, value: str) -> str:
    shown = said(value) if name == "state" else value
    return _("%(part)s: %(value)s") % {"part": part_name(name), "value": shown}


def show_banks(visit: Visit) -> BanksPage:
    bound = visit.who.platforms
    with visit.begin() as tx:
        return BanksPage(
            list_banks(tx), None if bound is None else sorted(bound), quarantined_by_bank(tx)
        )


def create_bank(visit: Visit) -> str:
    body: dict[str, object] = {"name": visit.field("name"), "stance": visit.field("stance")}
    body |= {"labels": _labels(visit), "note": visit.field("note") or None}
    body |= {"platform": visit.field("platform") or None}
    bank = convert(body, BankIn)
    with visit.begin() as tx:
        actions.create_bank(tx, bank)
    return with_query(f"/banks/{bank.name}", done="bank")


def show_bank(visit: Visit) -> BankPage:
    query: BankQuery = visit.query
    names = ("state", "kind", "label", "by", "since", "q")
    filters = {name: value for name in names if (value := getattr(query, name).strip())}
    with visit.begin() as tx:
        bank = get_bank(tx, visit.path["bank"])
        filter = filter_of(visit, tx, bank, filters)
        found = page_of_entries(tx, bank.name, filter, _place(query.cursor), PAGE)
        total = found.total if filters else bank.entries
        changes = visit.may("banks:write") and may_change(tx, bank.platform)
        held = held_view(tx, change_on(tx, bank.name, None))
        imports = imports_of(tx, bank.name) if changes else []
    entries = found.entries
    return BankPage(
        bank=bank,
        entries=entries,
        next=encode_cursor(entries[-1].id) if found.older else None,
        previous=_BEFORE + encode_cursor(entries[0].id) if found.newer else None,
        total=min(total, MOST_COUNTED) if filters else total,
        more=bool(filters) and total > MOST_COUNTED,
        filters=filters,
        changes=changes,
        held=held,
        imports=imports,
    )


_BEFORE = "~"  # before the cursor of a page that comes before an entry


def _place(cursor: str | None) -> Place | None:
    if cursor is None:
        return None
    entry = decode_uuid(cursor.removeprefix(_BEFORE))
    assert entry is not None
    return Place("before" if cursor.startswith(_BEFORE) else "after", entry)


async def add_entry(visit: Visit) -> Response:
    """A file, or else a text or a URL; decoded in the sandbox before the transaction opens."""
    options: dict[str, object] = {
        "labels": _labels(visit) or None,
        "note": visit.field("note") or None,
        "confirmed": visit.field("confirmed") == "yes",
        "accept_wider": visit.field("accept_wider") == "yes",
    }
    if file := visit.file("file"):
        entry = convert(options, EntryIn)
        enrolment = await enrol_file(
            visit.instance,
            file.data,
            file.content_type,
            file.filename,
            entry,
            queue=visit.who.queue,
        )
    else:
        named = {name: visit.field(name) for name in ("text", "url") if visit.field(name)}
        if len(named) != 1:
            raise _nothing_to_add()
        enrolment = await enrol_json(visit.instance, convert(options | named, EntryIn))

    def write() -> None:
        with visit.begin() as tx:
            actions.add_entry(tx, visit.path["bank"], **enrolment.arguments())

    await in_turn(visit.request, write)
    return see_other(f"/banks/{visit.path['bank']}", done="entry")


def _nothing_to_add() -> Refusal:
    detail = "Choose a file, or fill in a text or a URL: exactly one of the three."
    return Refusal("invalid-body", 422, "There is nothing to add", detail)


def _labels(visit: Visit) -> list[str]:
    return visit.parts("labels")


def _upload_limit(instance: Instance) -> int:
    return instance.settings.upload_limit


_list = PageRoute(path="/banks", handler=show_banks, scope="banks:read", template="banks.html")
bank_page = _bank = PageRoute(
    path="/banks/{bank}",
    handler=show_bank,
    scope="banks:read",
    query=BankQuery,
    template="bank.html",
)
pages = [
    _list,
    PageRoute(method="POST", path="/banks", handler=create_bank, scope="banks:write", again=_list),
    _bank,
    PageRoute(
        method="POST",
        path="/banks/{bank}/entries",
        handler=add_entry,
        scope="banks:write",
        limit=_upload_limit,
        again=_bank,
    ),
]
