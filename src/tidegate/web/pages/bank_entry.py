"""One entry of a bank: what it is, where it was seen, what came of it; and changing it, once one has seen
what that would do. A change waits and can be undone, as a decision can."""

from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from tidegate.content.queries import item_names
from tidegate.decisions.matched import sightings
from tidegate.infra.errors import bad_field
from tidegate.pipeline.bank_changes import make
from tidegate.pipeline.before import Fared, fared
from tidegate.pipeline.effect import effect_of
from tidegate.signals.banks.held_changes import change_on
from tidegate.signals.banks.model import BankView, EntryView
from tidegate.signals.banks.queries import entry_unknown, get_bank, get_entry, may_change
from tidegate.signals.banks.trial import Change
from tidegate.web.pages import sent
from tidegate.web.pages.decide import waits
from tidegate.web.pages.effects import EffectView, HeldView, effect_view, held_view
from tidegate.web.pages.page import PageRoute, Query, with_query
from tidegate.web.pages.visit import Visit

NEWEST = 50
MOST_DAYS = 90

EntryWhat = Literal["confirm", "refute", "enable", "disable", "delete"]
DONE = {
    "confirm": "confirmed",
    "refute": "refuted",
    "enable": "enabled",
    "disable": "disabled",
    "delete": "entry-deleted",
}


class EntryQuery(Query, frozen=True):
    change: EntryWhat | None = None


class Day(msgspec.Struct, frozen=True):
    """How many items an entry was first seen in on a day."""

    day: date
    items: int


class SeenItem(msgspec.Struct, frozen=True):
    """An item that an entry was found to match, first at that time."""

    item: UUID
    platform: str
    id: str
    at: datetime


class EntryPage(msgspec.Struct, frozen=True, kw_only=True):
    """An entry. `days` has where it was first seen, day by day, the last days in which it was seen; `items`
    the newest of `seen` (`more`: at least). `fared`: how often people upheld or overturned what its matches
    asked about. To who may change it, `offers` says what can be done, `held` what has not left yet, and
    `effect` what one of these would do."""

    entry: EntryView
    bank: BankView
    days: list[Day]
    items: list[SeenItem]
    seen: int
    more: bool
    fared: Fared
    changes: bool
    offers: list[str]
    effect: EffectView | None
    held: HeldView | None

    @property
    def most(self) -> int:
        return max((one.items for one in self.days), default=1)


def show(visit: Visit) -> EntryPage:
    query: EntryQuery = visit.query
    name, entry_id = visit.path["bank"], visit.uuid("entry", entry_unknown)
    with visit.begin() as tx:
        entry, bank = get_entry(tx, name, entry_id), get_bank(tx, name)
        found = sightings(tx, entry_id, NEWEST)
        names = item_names(tx, [one.item for one in found.newest])
        changes = visit.may("banks:write") and may_change(tx, bank.platform)
        held = held_view(tx, change_on(tx, name, entry_id))
        offers = offered(entry) if changes else []
        effect = None
        if changes and held is None:
            what: Any = query.change if query.change in offers else offers[0]
            change = Change(what=what, bank=name, entry=entry_id)
            effect = effect_view(what, effect_of(tx, visit.instance, change))
        record = fared(tx, [entry.id])[entry.id]
    return EntryPage(
        entry=entry,
        bank=bank,
        days=[Day(day, count) for day, count in found.days.items()][-MOST_DAYS:],
        items=[
            SeenItem(one.item, *names[one.item], one.at)
            for one in found.newest
            if one.item in names
        ],
        seen=found.items,
        more=found.more,
        fared=record,
        changes=changes,
        offers=offers,
        effect=effect,
        held=held,
    )


def offered(entry: EntryView) -> list[str]:
    """What can be done with an entry, the likeliest first."""
    offers: list[str] = []
    if entry.state != "confirmed" or entry.quarantined_at is not None:
        offers.append("confirm")
    if not entry.enabled:
        offers.insert(0, "enable")
    else:
        offers.append("disable")
    if entry.state != "refuted":
        offers.append("refute")
    return [*offers, "delete"]


def confirm(visit: Visit) -> str:
    return _change(visit, "confirm")


def refute(visit: Visit) -> str:
    return _change(visit, "refute")


def delete(visit: Visit) -> str:
    return _change(visit, "delete")


def switch(visit: Visit) -> str:
    """Disable an entry, or enable it again."""
    return _change(visit, switched(visit))


def switched(visit: Visit) -> Literal["enable", "disable"]:
    """What the form asks for. Raises Refusal (422)."""
    asked = visit.field("enabled")
    if asked not in ("yes", "no"):
        raise bad_field("/enabled", "yes or no", asked or "nothing")
    return "enable" if asked == "yes" else "disable"


def _change(visit: Visit, what: EntryWhat) -> str:
    bank, entry = visit.path["bank"], visit.uuid("entry", entry_unknown)
    wait: timedelta = waits(visit)
    with visit.begin() as tx:
        held = make(tx, Change(what=what, bank=bank, entry=entry), undo=wait)
        gone = what == "delete" and held is None
        at = f"/banks/{bank}" if gone else f"/banks/{bank}/entries/{entry}"
        to = with_query(at, done=DONE[what] if held is None else "change-held")
        sent.claim(visit, tx, to)
    return to


_ENTRY = "/banks/{bank}/entries/{entry}"
entry_page = PageRoute(
    path=_ENTRY, handler=show, scope="banks:read", query=EntryQuery, template="entry.html"
)
pages = [
    entry_page,
    PageRoute(
        method="POST",
        path=f"{_ENTRY}/confirm",
        handler=confirm,
        scope="banks:write",
        again=entry_page,
    ),
    PageRoute(
        method="POST",
        path=f"{_ENTRY}/refute",
        handler=refute,
        scope="banks:write",
        again=entry_page,
    ),
    PageRoute(
        method="POST",
        path=f"{_ENTRY}/switch",
        handler=switch,
        scope="banks:write",
        again=entry_page,
    ),
    PageRoute(
        method="POST",
        path=f"{_ENTRY}/delete",
        handler=delete,
        scope="banks:write",
        fresh=True,
        again=entry_page,
    ),
]
