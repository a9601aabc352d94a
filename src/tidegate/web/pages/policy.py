"""What everything is judged by: the pack in force in plain words, who put it there and why, its versions and
what changed between them, what rules in shadow say, and the way back to a version of before.
"""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tidegate.access.queries import others_of
from tidegate.content.queries import item_names
from tidegate.decisions.shadow import Hit, Shadow, shadow_of
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.pipeline.house import SCOPES
from tidegate.policy.actions import load
from tidegate.policy.changes import (
    ChangeState,
    back_by_one,
    changes_to,
    decline,
    history,
    named,
    proposal_unknown,
    proposals,
    roll_back,
)
from tidegate.policy.model import Pack
from tidegate.policy.queries import (
    PolicyView,
    StoredPack,
    list_packs,
    pack_source,
    policy_view,
)
from tidegate.policy.stricter import Difference, difference, restricts_more
from tidegate.policy.variables import FUNCTIONS, Variable, variables
from tidegate.web.pages.page import PageRoute, Query, with_query
from tidegate.web.pages.policy_views import ChangeView, change_view
from tidegate.web.pages.visit import Visit
from tidegate.web.words import to_json

WRITES = "policy:write"


class HitView(msgspec.Struct, frozen=True, kw_only=True):
    """A look in which a shadow rule fired."""

    item: str
    name: str
    outcome: str
    verdict: str
    decided: str | None


class ShadowView(msgspec.Struct, frozen=True, kw_only=True):
    """What a shadow rule has said, with the last times that it differed and agreed."""

    said: Shadow
    differences: list[HitView]
    agreements: list[HitView]


class PolicyPage(msgspec.Struct, frozen=True, kw_only=True):
    """What everything is judged by now, with its source as it was stored. `since` is the change that put it
    into force, None where that was before changes were kept; `back` is the version of before it."""

    policy: PolicyView
    source: str
    since: ChangeView | None
    proposed: list[ChangeView]
    history: list[ChangeView]
    shadows: list[ShadowView]
    back: str | None
    stored: list[StoredPack]
    may_write: bool
    fresh: bool


class VersionQuery(Query, frozen=True):
    """`against`: the version that it is compared with."""

    against: Annotated[str, Meta(max_length=80)] = ""


class VersionPage(msgspec.Struct, frozen=True, kw_only=True):
    """A stored version: when it was in force, and what differs from another one. `policy` is None where this
    program cannot load it. `proposed`: that it comes back waits for another person."""

    version: StoredPack
    policy: PolicyView | None
    source: str
    changes: list[ChangeView]
    against: str | None
    difference: Difference | None
    others: list[str]
    live: str
    restricts_more: list[str]
    proposed: ChangeView | None
    may_write: bool
    fresh: bool
    needs_second: bool


class VariablesPage(msgspec.Struct, frozen=True):
    """What rules see, and the functions that they ask it with."""

    variables: list[Variable]
    functions: list[str]


def show(visit: Visit) -> PolicyPage:
    with visit.begin() as tx:
        pack = visit.pack(tx)
        past = [change_view(visit, one) for one in history(tx)]
        since = next((one for one in past if one.pack == pack.ident), None)
        return PolicyPage(
            policy=policy_view(pack, visit.instance.offences),
            source=pack.source,
            since=since,
            proposed=[change_view(visit, one) for one in proposals(tx)],
            history=past,
            shadows=[
                _shadow(tx, shadow_of(tx, rule.name, rule.version))
                for rule in pack.rules
                if rule.mode == "shadow"
            ],
            back=since.previous if since else None,
            stored=list_packs(tx),
            may_write=may_change(visit),
            fresh=visit.shows_what_is_asked_for(),
        )


def _shadow(tx: Tx, said: Shadow) -> ShadowView:
    names = item_names(tx, {one.item_id for one in (*said.differences, *said.agreements)})

    def shown(hits: list[Hit]) -> list[HitView]:
        return [
            HitView(
                item=str(one.item_id),
                name=names[one.item_id][1],
                outcome=one.outcome,
                verdict=one.verdict,
                decided=one.decided,
            )
            for one in hits
            if one.item_id in names
        ]

    return ShadowView(
        said=said, differences=shown(said.differences), agreements=shown(said.agreements)
    )


def show_version(visit: Visit) -> VersionPage:
    ident = visit.path["version"]
    named(ident)
    with visit.begin() as tx:
        live = visit.instance.pack(tx)
        stored = {one.ident: one for one in list_packs(tx)}
        source = pack_source(tx, *named(ident))
        pack = _loaded(tx, ident)
        against = _against(visit, ident, live.ident, list(stored))
        other = _loaded(tx, against) if against else None
        waiting = [one for one in proposals(tx) if one.rolls_back_to == ident]
        more = restricts_more(live, pack) if pack is not None and pack.ident != live.ident else []
        asks = bool(more) and ident != back_by_one(tx, live.ident)
        return VersionPage(
            version=stored[ident],
            policy=policy_view(pack, visit.instance.offences) if pack else None,
            source=source,
            changes=[change_view(visit, one) for one in changes_to(tx, ident)],
            against=against,
            difference=difference(other, pack) if other and pack else None,
            others=[one for one in stored if one != ident],
            live=live.ident,
            restricts_more=more,
            proposed=change_view(visit, waiting[0]) if waiting else None,
            may_write=may_change(visit),
            fresh=visit.shows_what_is_asked_for(),
            needs_second=asks and two_may(tx),
        )


def _against(visit: Visit, ident: str, live: str, stored: list[str]) -> str | None:
    """What a version is compared with: as the address says, else with what is in force; that with the one
    stored before it."""
    asked = getattr(visit.query, "against", "")
    if asked in stored and asked != ident:
        return asked
    if ident != live:
        return live
    before = stored[: stored.index(ident)]
    return before[-1] if before else None


def _loaded(tx: Tx, ident: str) -> Pack | None:
    try:
        return load(pack_source(tx, *named(ident)), ident)
    except Refusal as refusal:
        if refusal.type != "pack-invalid":
            raise
        return None


def back(visit: Visit) -> str | Response:
    """Put a version of before into force again."""
    ident = visit.path["version"]
    with visit.begin() as tx:
        state = roll_back(tx, ident, visit.field("reason"), two_may=two_may(tx))
    return done(visit, state, f"/policy/{ident}")


def say_no(visit: Visit) -> str:
    with visit.begin() as tx:
        change = decline(tx, visit.uuid("change", proposal_unknown))
    leads = f"/policy/drafts/{change.draft}" if change.draft else "/policy"
    return with_query(leads, done="policy-declined")


def done(visit: Visit, state: ChangeState, here: str) -> str | Response:
    """Where a change leads: to what is in force, or back to where it waits for another person. Scripts are
    told so by 202."""
    if state == "live":
        return with_query("/policy", done="policy-live")
    path = with_query(here, done="policy-proposed")
    if not visit.by_script:
        return path
    told = {"state": "proposed", "location": path}
    return Response(to_json(told), 202, media_type="application/json")


def two_may(tx: Tx) -> bool:
    """Whether another person may put packs into force, too."""
    return others_of(tx, SCOPES.roles_with(WRITES))


def may_change(visit: Visit) -> bool:
    """Whether the reader may put packs into force: they are every platform's."""
    return visit.may(WRITES) and visit.who.platforms is None


def show_variables(visit: Visit) -> VariablesPage:
    return VariablesPage(variables(), list(FUNCTIONS))


version_page = PageRoute(
    path="/policy/{version}",
    handler=show_version,
    scope="policy:read",
    template="policy_version.html",
    query=VersionQuery,
)
pages = [
    PageRoute(path="/policy", handler=show, scope="policy:read", template="policy.html"),
    PageRoute(
        path="/policy/variables",
        handler=show_variables,
        scope="policy:read",
        template="policy_variables.html",
    ),
    version_page,
    PageRoute(
        method="POST",
        path="/policy/{version}/rollback",
        handler=back,
        scope=WRITES,
        again=version_page,
        fresh=True,
    ),
    PageRoute(method="POST", path="/policy/changes/{change}/decline", handler=say_no, scope=WRITES),
]
