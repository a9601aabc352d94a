"""Changing a whole bank, once one has seen what that would do; and undoing what has not left yet, of a bank
or of an entry."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from tidegate.infra.errors import Refusal, bad_field
from tidegate.pipeline.bank_changes import make
from tidegate.pipeline.effect import effect_of
from tidegate.signals.banks.held_changes import HeldChange, change_on, change_unknown, undo
from tidegate.signals.banks.model import BankView, check_radius
from tidegate.signals.banks.queries import get_bank, may_change
from tidegate.signals.banks.trial import Change
from tidegate.web.pages import sent
from tidegate.web.pages.bank_entry import DONE, switched
from tidegate.web.pages.decide import waits
from tidegate.web.pages.effects import EffectView, HeldView, effect_view, held_view
from tidegate.web.pages.page import PageRoute, Query, with_query
from tidegate.web.pages.visit import Visit

BankWhat = Literal["enable", "disable", "radius"]


class ChangeQuery(Query, frozen=True):
    what: BankWhat = "disable"
    kind: Annotated[str, Meta(max_length=64)] = ""
    bits: Annotated[int, Meta(ge=0, le=256)] | None = None


class BankChangePage(msgspec.Struct, frozen=True, kw_only=True):
    """What a change of a whole bank would do; of a radius, of which kind and to how many bits."""

    bank: BankView
    what: str
    kind: str
    bits: int | None
    changes: bool
    effect: EffectView | None
    held: HeldView | None


def show(visit: Visit) -> BankChangePage:
    query: ChangeQuery = visit.query
    asked: Any = visit.field("what", query.what)
    kind = visit.field("kind", query.kind)
    given = visit.field("bits")
    bits = int(given) if given.isascii() and given.isdigit() else query.bits
    with visit.begin() as tx:
        bank = get_bank(tx, visit.path["bank"])
        changes = may_change(tx, bank.platform)
        held = held_view(tx, change_on(tx, bank.name, None))
        effect = None
        if changes and held is None and visit.refusal is None:
            change = _of_bank(bank, asked, kind, bits)
            effect = effect_view(asked, effect_of(tx, visit.instance, change))
    return BankChangePage(
        bank=bank, what=asked, kind=kind, bits=bits, changes=changes, effect=effect, held=held
    )


def _of_bank(bank: BankView, what: BankWhat, kind: str, bits: int | None) -> Change:
    if what != "radius":
        return Change(what=what, bank=bank.name)
    if bits is None:
        raise bad_field("/bits", "how many bits", "nothing")
    radius = {**bank.radius, kind: bits}
    check_radius(radius)
    return Change(what=what, bank=bank.name, radius=radius)


def switch(visit: Visit) -> str:
    """Disable a whole bank, whose name is typed for that, or enable it again."""
    what = switched(visit)
    name = visit.path["bank"]
    if what == "disable" and visit.field("name") != name:
        expected = "the name of the bank, since all of it stops matching"
        raise bad_field("/name", expected, visit.field("name") or "nothing")
    return _change(visit, what)


def widen(visit: Visit) -> str:
    """Let the entries of a bank match what is further from them, or only what is nearer."""
    return _change(visit, "radius")


def _change(visit: Visit, what: BankWhat) -> str:
    wait = waits(visit)
    name = visit.path["bank"]
    given = visit.field("bits")
    bits = int(given[:6]) if given.isascii() and given.isdigit() else None
    with visit.begin() as tx:
        change = _of_bank(get_bank(tx, name), what, visit.field("kind"), bits)
        held = make(tx, change, undo=wait)
        done = {"radius": "radius"} | DONE
        to = with_query(f"/banks/{name}", done=done[what] if held is None else "change-held")
        sent.claim(visit, tx, to)
    return to


def take_back(visit: Visit) -> str:
    """Undo a change that has not left yet."""
    change_id: UUID = visit.uuid("change", change_unknown)
    name = visit.path["bank"]
    try:
        with visit.begin() as tx:
            found = undo(tx, change_id, name)
            to = with_query(_at(found), done="change-undone")
            sent.claim(visit, tx, to)
    except Refusal as refusal:
        if refusal.status != 409 or visit.by_script:
            raise
        return with_query(f"/banks/{name}", done=refusal.type.replace("already", "change"))
    return to


def _at(change: HeldChange) -> str:
    of_bank = f"/banks/{change.bank}"
    return of_bank if change.entry is None else f"{of_bank}/entries/{change.entry}"


_page = PageRoute(
    path="/banks/{bank}/change",
    handler=show,
    scope="banks:write",
    query=ChangeQuery,
    template="bank_change.html",
)
pages = [
    _page,
    PageRoute(
        method="POST",
        path="/banks/{bank}/switch",
        handler=switch,
        scope="banks:write",
        again=_page,
    ),
    PageRoute(
        method="POST", path="/banks/{bank}/radius", handler=widen, scope="banks:write", again=_page
    ),
    PageRoute(
        method="POST",
        path="/banks/{bank}/changes/{change}/undo",
        handler=take_back,
        scope="banks:write",
    ),
]
