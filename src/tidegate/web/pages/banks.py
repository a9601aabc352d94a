"""Banks: the list, one bank with its entries, a new bank, new entries, and a person's word on them."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tidegate.decisions.model import EntryVerdict
from tidegate.infra.errors import Refusal
from tidegate.infra.parsing import convert
from tidegate.pipeline import entries
from tidegate.pipeline.enrol import enrol_file, enrol_json
from tidegate.pipeline.instance import Instance
from tidegate.signals.banks import actions
from tidegate.signals.banks.model import BankIn, BankPatch, BankView, EntryIn, EntryPatch, EntryView
from tidegate.signals.banks.queries import (
    entry_unknown,
    get_bank,
    list_banks,
    list_entries,
    may_change,
)
from tidegate.web.api.paging import decode_uuid, encode_cursor
from tidegate.web.pages.page import PageRoute, Query, see_other, with_query
from tidegate.web.pages.visit import Visit
from tidegate.web.places import in_turn

PAGE = 48


class BanksPage(msgspec.Struct, frozen=True):
    """The banks that the person may read, and of which platforms theirs are (None: of any)."""

    banks: list[BankView]
    platforms: list[str] | None


class BankQuery(Query, frozen=True):
    cursor: Annotated[str, Meta(max_length=64)] | None = None


class BankPage(msgspec.Struct, frozen=True):
    """A bank and a page of its entries, the newest first; whether the person may change it."""

    bank: BankView
    entries: list[EntryView]
    next: str | None
    changes: bool


def show_banks(visit: Visit) -> BanksPage:
    bound = visit.who.platforms
    with visit.begin() as tx:
        return BanksPage(list_banks(tx), None if bound is None else sorted(bound))


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
    with visit.begin() as tx:
        bank = get_bank(tx, visit.path["bank"])
        found = list_entries(tx, bank.name, decode_uuid(query.cursor), PAGE)
        changes = visit.may("banks:write") and may_change(tx, bank.platform)
    following = encode_cursor(found[-1].id) if len(found) == PAGE else None
    return BankPage(bank, found, following, changes)


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


def confirm(visit: Visit) -> str:
    return _judge(visit, "confirm")


def refute(visit: Visit) -> str:
    return _judge(visit, "refute")


def _judge(visit: Visit, verdict: EntryVerdict) -> str:
    entry = visit.uuid("entry", entry_unknown)
    with visit.begin() as tx:
        entries.judge_in_bank(tx, visit.path["bank"], entry, verdict)
    return with_query(f"/banks/{visit.path['bank']}", done=entries.STATES[verdict])


def switch_entry(visit: Visit) -> str:
    """Disable an entry, or enable it again."""
    entry: UUID = visit.uuid("entry", entry_unknown)
    enabled = visit.field("enabled") == "yes"
    with visit.begin() as tx:
        entries.change(tx, visit.path["bank"], entry, EntryPatch(enabled=enabled))
    return with_query(f"/banks/{visit.path['bank']}", done="enabled" if enabled else "disabled")


def switch_bank(visit: Visit) -> str:
    """Disable a whole bank, or enable it again."""
    enabled = visit.field("enabled") == "yes"
    with visit.begin() as tx:
        entries.change_bank(tx, visit.path["bank"], BankPatch(enabled=enabled))
    return with_query(f"/banks/{visit.path['bank']}", done="enabled" if enabled else "disabled")


def _labels(visit: Visit) -> list[str]:
    return visit.parts("labels")


def _upload_limit(instance: Instance) -> int:
    return instance.settings.upload_limit


_list = PageRoute(path="/banks", handler=show_banks, scope="banks:read", template="banks.html")
_bank = PageRoute(
    path="/banks/{bank}",
    handler=show_bank,
    scope="banks:read",
    query=BankQuery,
    template="bank.html",
)
_ENTRY = "/banks/{bank}/entries/{entry}"
pages = [
    _list,
    PageRoute(method="POST", path="/banks", handler=create_bank, scope="banks:write", again=_list),
    _bank,
    PageRoute(method="POST", path="/banks/{bank}/switch", handler=switch_bank, scope="banks:write"),
    PageRoute(
        method="POST",
        path="/banks/{bank}/entries",
        handler=add_entry,
        scope="banks:write",
        limit=_upload_limit,
        again=_bank,
    ),
    PageRoute(method="POST", path=f"{_ENTRY}/confirm", handler=confirm, scope="banks:write"),
    PageRoute(method="POST", path=f"{_ENTRY}/refute", handler=refute, scope="banks:write"),
    PageRoute(method="POST", path=f"{_ENTRY}/switch", handler=switch_entry, scope="banks:write"),
]
