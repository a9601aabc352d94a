"""Drafts of policy packs: a text that is checked as it is saved, replayed on what was posted, and put into
force. One form has the text and all that is done with it, so that what is replayed or goes live is what
stands there.
"""

from datetime import datetime

import msgspec
from starlette.responses import Response

from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal, bad_field
from tidegate.pipeline.replay import COUNTED, begin, expected
from tidegate.policy.actions import lock_packs
from tidegate.policy.changes import go_live, named, proposals
from tidegate.policy.drafts import (
    Draft,
    check_name,
    delete_draft,
    digest_of,
    draft_unknown,
    find_draft,
    list_drafts,
    read_text,
    save_draft,
)
from tidegate.policy.fields import refused_as
from tidegate.policy.model import Pack, PackProblem
from tidegate.policy.queries import list_packs, pack_source
from tidegate.policy.replays import last_replay
from tidegate.policy.stricter import Difference, difference, restricts_more
from tidegate.web.pages.page import PageRoute, page_or_twin, with_query
from tidegate.web.pages.policy import WRITES, done, may_change, two_may
from tidegate.web.pages.policy_views import (
    ChangeView,
    Diagnostic,
    ReplayView,
    change_view,
    diagnostics,
    replay_view,
)
from tidegate.web.pages.visit import Visit
from tidegate.web.words import gettext, noted

# What stands in the way of going live, by code.
IN_THE_WAY = {
    "errors": noted("It has errors."),
    "same": noted("This text is in force already."),
    "no-replay": noted(
        "It needs a replay of exactly this text that ended within the last 24 hours."
    ),
    "running": noted("Its replay has not ended yet."),
    "waits": noted("You have proposed it. It waits for another person."),
    "bound": noted("It is every platform's, and you see the things of some alone."),
}


class DraftLine(msgspec.Struct, frozen=True, kw_only=True):
    """A draft in the list."""

    name: str
    changed_by: str
    changed_at: datetime
    live: bool


class DraftsPage(msgspec.Struct, frozen=True):
    """All drafts, and the versions that one can begin with."""

    drafts: list[DraftLine]
    versions: list[str]
    live: str


class InTheWay(msgspec.Struct, frozen=True):
    """A code, and what it means."""

    code: str
    text: str


class DraftPage(msgspec.Struct, frozen=True, kw_only=True):
    """A draft as it is being written, `revision` 0: nobody has saved one of this name. `restricts_more` are
    the rules by which more may be restricted than now; `needs_second`: another person must agree.
    `expected`: how many looks a replay over so many days would go through, `most` at least."""

    name: str
    revision: int
    changed_by: str | None
    changed_at: datetime | None
    source: str
    digest: str
    pack: str | None
    live: str
    diagnostics: list[Diagnostic]
    difference: Difference | None
    restricts_more: list[str]
    expected: dict[int, int]
    most: int
    replay: ReplayView | None
    in_the_way: list[InTheWay]
    proposed: ChangeView | None
    needs_second: bool
    fresh: bool


def show_all(visit: Visit) -> DraftsPage:
    with visit.begin() as tx:
        live = visit.instance.pack(tx)
        lines = [
            DraftLine(
                name=one.name,
                changed_by=visit.names.called(one.changed_by),
                changed_at=one.changed_at,
                live=one.digest == live.digest,
            )
            for one in list_drafts(tx)
        ]
        return DraftsPage(lines, [one.ident for one in list_packs(tx)][::-1], live.ident)


def make(visit: Visit) -> str:
    """Begin a draft with a stored version, else with what is in force."""
    name = check_name(visit.field("name"))
    with visit.begin() as tx:
        if find_draft(tx, name) is not None:
            raise bad_field("/name", "a name that no other draft has", name)
        start = visit.field("from")
        source = pack_source(tx, *named(start)) if start else visit.instance.pack(tx).source
        save_draft(tx, name, source, 0)
    return f"/policy/drafts/{name}"


def show(visit: Visit) -> DraftPage:
    name = check_name_of(visit)
    with visit.begin() as tx:
        return _page(visit, tx, name, None if visit.refusal is None else _typed(visit))


def _page(visit: Visit, tx: Tx, name: str, typed: str | None) -> DraftPage:
    """The draft with what was saved, or with what was typed and not saved."""
    live, draft = visit.instance.pack(tx), find_draft(tx, name)
    source = draft.source if draft else live.source
    if typed is not None:
        source = typed
    read, found = read_text(tx, source, name)
    pack, problems = (found, []) if isinstance(found, Pack) else (None, found)
    digest = digest_of(read)
    replay = last_replay(tx, name, digest)
    shown = replay and replay_view(visit, tx, replay, pack, digest)
    waiting = next((one for one in proposals(tx) if one.digest == digest), None)
    proposed = waiting and change_view(visit, waiting)
    stricter = restricts_more(live, pack) if pack else []
    more = bool(stricter) or bool(shown and shown.exact and shown.newly_restricted)
    return DraftPage(
        name=name,
        revision=draft.revision if draft else 0,
        changed_by=visit.names.called(draft.changed_by) if draft else None,
        changed_at=draft.changed_at if draft else None,
        source=source,
        digest=digest.hex(),
        pack=pack and pack.ident,
        live=live.ident,
        diagnostics=diagnostics(problems, source),
        difference=difference(live, pack) if pack and pack.source != live.source else None,
        restricts_more=stricter,
        expected=expected(tx),
        most=COUNTED,
        replay=shown,
        in_the_way=_in_the_way(visit, live, problems, digest, shown, proposed),
        proposed=proposed,
        needs_second=more and two_may(tx),
        fresh=visit.shows_what_is_asked_for(),
    )


def _in_the_way(
    visit: Visit,
    live: Pack,
    problems: list[PackProblem],
    digest: bytes,
    replay: ReplayView | None,
    proposed: ChangeView | None,
) -> list[InTheWay]:
    replayed = replay is not None and replay.exact and replay.fresh
    running = replay is not None and replay.exact and replay.state == "running"
    codes = {
        "bound": not may_change(visit),
        "errors": bool(problems),
        "same": digest == live.digest,
        "running": running,
        "no-replay": not replayed and not running and digest != live.digest,
        "waits": proposed is not None and proposed.mine,
    }
    return [InTheWay(code, gettext(IN_THE_WAY[code])) for code, holds in codes.items() if holds]


def save(visit: Visit) -> str:
    """Keep the text, right or wrong; versions that are taken get the next free number."""
    name = check_name_of(visit)
    with visit.begin() as tx:
        source, _ = read_text(tx, _typed(visit), name)
        draft = save_draft(tx, name, source, _revision(visit))
        given = draft.source != _typed(visit)
    return with_query(f"/policy/drafts/{name}", done="draft-numbered" if given else "draft-saved")


def check(visit: Visit) -> Response:
    """The page with what is wrong with the text as it is typed. Nothing is kept."""
    name = check_name_of(visit)
    with visit.begin() as tx:
        page = _page(visit, tx, name, _typed(visit))
    return page_or_twin("policy_draft.html", visit, page)


def replay(visit: Visit) -> str:
    """Keep the text and let the worker replay it."""
    name = check_name_of(visit)
    given = visit.field("days", "30")
    if not given.isdecimal():
        raise bad_field("/days", "7, 30 or 90", given)
    with visit.begin() as tx:
        _, pack = _keep(tx, visit, name)
        begin(tx, name, pack, int(given))
    return f"{with_query(f'/policy/drafts/{name}', done='replay-began')}#replay-said"


def live(visit: Visit) -> str | Response:
    """Put the text into force, or propose it."""
    name = check_name_of(visit)
    with visit.begin() as tx:
        lock_packs(tx)  # before the draft: the order in which all take them
        draft, _ = _keep(tx, visit, name)
        state = go_live(tx, draft, visit.field("reason"), two_may=two_may(tx))
    return done(visit, state, f"/policy/drafts/{name}")


def drop(visit: Visit) -> str:
    name = check_name_of(visit)
    with visit.begin() as tx:
        delete_draft(tx, name)
    return with_query("/policy/drafts", done="draft-deleted")


def _keep(tx: Tx, visit: Visit, name: str) -> tuple[Draft, Pack]:
    """Keep what was typed. Raises Refusal (422) for what is no pack."""
    source, found = read_text(tx, _typed(visit), name)
    if not isinstance(found, Pack):
        raise Refusal(
            refused_as(found),
            422,
            "The draft has errors",
            "Below, each stands with its line and its column.",
            problems=found,
        )
    return save_draft(tx, name, source, _revision(visit)), found


def _typed(visit: Visit) -> str:
    """The text to the letter; browsers end lines of a field as mail does."""
    values = [value for name, value in visit.form.fields if name == "source"]
    if not values:
        raise bad_field("/source", "the text of a pack", "nothing")
    return values[-1].replace("\r\n", "\n")


def _revision(visit: Visit) -> int:
    given = visit.field("revision")
    if not given.isdecimal() or len(given) > 9:
        raise bad_field(
            "/revision", "the revision of the draft that the text was written upon", given
        )
    return int(given)


def check_name_of(visit: Visit) -> str:
    """The name in the address. Raises Refusal (404)."""
    try:
        return check_name(visit.path["name"])
    except Refusal:
        raise draft_unknown(visit.path["name"]) from None


draft_page = PageRoute(
    path="/policy/drafts/{name}", handler=show, scope=WRITES, template="policy_draft.html"
)
list_page = PageRoute(
    path="/policy/drafts", handler=show_all, scope=WRITES, template="policy_drafts.html"
)
pages = [
    list_page,
    PageRoute(method="POST", path="/policy/drafts", handler=make, scope=WRITES, again=list_page),
    draft_page,
    PageRoute(
        method="POST", path="/policy/drafts/{name}", handler=save, scope=WRITES, again=draft_page
    ),
    PageRoute(method="POST", path="/policy/drafts/{name}/check", handler=check, scope=WRITES),
    PageRoute(
        method="POST",
        path="/policy/drafts/{name}/replay",
        handler=replay,
        scope=WRITES,
        again=draft_page,
    ),
    PageRoute(
        method="POST",
        path="/policy/drafts/{name}/live",
        handler=live,
        scope=WRITES,
        again=draft_page,
        fresh=True,
    ),
    PageRoute(
        method="POST",
        path="/policy/drafts/{name}/delete",
        handler=drop,
        scope=WRITES,
        again=draft_page,
        fresh=True,
    ),
]
