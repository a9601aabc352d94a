"""From a page's Struct to HTML: the templates, and what they may call."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import Response

from tidegate.access.model import ADMIN
from tidegate.access.purposes import PURPOSES
from tidegate.infra.errors import Refusal
from tidegate.web.csrf import masked
from tidegate.web.pages.faults import faults
from tidegate.web.pages.frame import Frame, frame_of
from tidegate.web.pages.keys import GROUPS, KEYS, key
from tidegate.web.pages.names import said
from tidegate.web.pages.refusals import plain_words
from tidegate.web.pages.tiles import entry_file
from tidegate.web.pages.visit import Visit
from tidegate.web.static import static
from tidegate.web.words import gettext, ngettext, noted, pgettext, spoken

TEMPLATES = Path(__file__).parent.parent / "templates"

# What the navigation offers: its name, what it is called, where it is, and the scope that opens it. What
# only the scope admin opens is the whole instance's: it is for nobody who has limits.
NAVIGATION = [
    ("home", noted("Home"), "/", None),
    ("cases", noted("Cases"), "/cases", "cases:read"),
    ("items", noted("Items"), "/items", "items:read"),
    ("banks", noted("Banks"), "/banks", "banks:read"),
    ("search", noted("Search"), "/search", "banks:read"),
    ("policy", noted("Policy"), "/policy", "policy:read"),
    ("actions", noted("Actions"), "/actions", "actions:read"),
    ("ledger", noted("Ledger"), "/ledger", "ledger:read"),
    ("people", noted("People"), "/people", "admin"),
    ("keys", noted("Keys"), "/keys", "admin"),
    ("instance", noted("Instance"), "/settings", "admin"),
]

# What a redirect's `?done=` stands for. Codes, so that a link cannot put words into our mouth.
DONE = {
    "claimed": noted("The case is yours."),
    "released": noted("The case is back in its queue."),
    "taken-over": noted("The case is yours now."),
    "settings": noted("Your settings are kept."),
    "record-erased": noted("Your record is erased."),
    "day-closed": noted(
        "Your day is closed: you are signed out, and nothing is held in your name."
    ),
    "decided": noted("Decided."),
    "applied": noted("It is being carried out, case by case."),
    "undoing": noted("Nothing more of it begins, and what has not left is being undone."),
    "undone": noted("Undone. The case is yours again, with what you had typed."),
    "already-left": noted(
        "It has left already and cannot be undone any more. A restriction can be lifted, a case reopened."
    ),
    "already-undone": noted("It is undone already."),
    "already-cancelled": noted("There is nothing left to undo: it never left."),
    "none-left": noted("No case waits here."),
    "filter-saved": noted("The filter is saved."),
    "filter-forgotten": noted("The filter is forgotten."),
    "bank": noted("The bank is made."),
    "entry": noted("The entry is in the bank."),
    "confirmed": noted("The entry is confirmed: from now on it may restrict by itself."),
    "refuted": noted("The entry is refuted: it matches no more."),
    "disabled": noted("Disabled. It matches no more until it is enabled again."),
    "enabled": noted("Enabled again."),
    "replayed": noted("Sent again to every target that did not get it."),
    "draft-saved": noted("The draft is saved."),
    "draft-numbered": noted(
        "The draft is saved. Versions that are taken by what is stored have the next free number now."
    ),
    "draft-deleted": noted("The draft is deleted."),
    "replay-began": noted("The replay has begun. What it says comes as it goes on."),
    "policy-live": noted("In force: everything is judged by it from now on."),
    "policy-proposed": noted("Proposed. It goes into force when another person agrees."),
    "policy-declined": noted("It is not proposed any more."),
    "lifted": noted("The restriction is lifted."),
    "opened": noted("It is open to you for half an hour; that is recorded."),
    "role": noted("The role is changed. They sign in again, and what they held waits for others."),
    "limits": noted(
        "The limits are changed. They sign in again, and what they held waits for others."
    ),
    "shut-out": noted("They are shut out, and what they held waits for others."),
    "let-in": noted("They may sign in again."),
    "renamed": noted("Others see the new name from now on."),
    "revoked": noted("The key is revoked."),
    "password": noted("The password is set. Your other sessions have ended."),
    "passkey-added": noted("The passkey is added."),
    "passkey-first": noted(
        "The passkey is added. Make recovery codes now, for the day when you do not have it at hand."
    ),
    "passkey-renamed": noted("The passkey has its new name."),
    "passkey-removed": noted("The passkey is removed: it opens nothing here any more."),
    "session-ended": noted("That session has ended."),
    "sessions-ended": noted("Your other sessions have ended."),
    "stayed": noted("You stay signed in."),
    "acknowledged": noted("Acknowledged: the alert rings no more."),
    "acknowledged-before": noted("Somebody had acknowledged it already. Below it says who."),
    "signed-out": noted("You are signed out."),
}


def _time(value: datetime | str) -> datetime:
    """A time, also as JSON has it."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


# In the one unit that matters: its length in seconds, then what was, then what will be.
_UNITS = (
    (86400, noted("%s d ago"), noted("in %s d")),
    (3600, noted("%s h ago"), noted("in %s h")),
    (60, noted("%s min ago"), noted("in %s min")),
)


def ago(then: datetime | str, now: datetime) -> str:
    """How long ago, or how long until."""
    seconds = int((now - _time(then)).total_seconds())
    size = abs(seconds)
    for length, was, will_be in _UNITS:
        if size >= length:
            return gettext(was if seconds > 0 else will_be) % (size // length)
    return gettext("just now") if seconds >= 0 else gettext("in under a minute")


def moment(when: datetime | str) -> str:
    """A time as people read it, in UTC."""
    return _time(when).astimezone(UTC).strftime("%-d %b %Y, %H:%M:%S UTC")


def distinct(values: Iterable[Any]) -> list[Any]:
    """The values without repetitions, in their order."""
    seen: list[Any] = []
    for value in values:
        if value not in seen:
            seen.append(value)
    return seen


def plain(value: object) -> str:
    """JSON as people read it: with the letters themselves."""
    return json.dumps(value, ensure_ascii=False, default=str)


def count(value: float) -> str:
    """A number with thin spaces between thousands."""
    return f"{value:,.0f}".replace(",", "\u202f")


_templates = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    extensions=["jinja2.ext.i18n"],
    auto_reload=False,  # nor do they change while it runs
)
# {% trans %} and _(…): what is put in is escaped, what is said is not taken for a pattern.
_templates.install_gettext_callables(gettext, ngettext, newstyle=True, pgettext=pgettext)  # type: ignore[attr-defined]
_FILTERS: dict[str, Callable[[Any], object]] = {
    "moment": moment,
    "iso": lambda value: _time(value).isoformat(),
    "distinct": distinct,
    "count": count,
    "plain": plain,
    "words": said,
    "segment": lambda value: quote(str(value), safe=""),
}
_templates.filters.update(_FILTERS)
_globals: dict[str, Any] = {
    "static": static,
    "entry_file": entry_file,
    "key": key,
    "sheet": GROUPS,
    "has_key": KEYS.__contains__,
    "plain_words": plain_words,
}
_templates.globals.update(_globals)


def html(
    template: str | None,
    visit: Visit,
    page: object,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    frame: Frame | None = None,
) -> Response:
    """The page as HTML. Templates see `page`, the visit, and nothing that could change anything. A
    `frame` that is given is not read anew: where that may fail."""
    assert template is not None
    now = visit.instance.clock.now()
    who = visit.principal
    done = DONE.get(getattr(visit.query, "done", None) or "")
    context: dict[str, Any] = {
        "page": page,
        "path": visit.request.url.path,
        "asked_for": visit.request.url.query,
        "language": spoken(),
        "who": who,
        "csrf": masked(who.csrf) if who and who.csrf else "",
        "may": visit.may,
        "known_as": visit.names.called,
        "purposes": PURPOSES,
        "navigation": offered(visit),
        "done": gettext(done) if done else None,
        "refusal": visit.refusal,
        "faults": faults(page if isinstance(page, Refusal) else visit.refusal),
        "typed": visit.field,
        "ticked": visit.fields,
        "request_id": visit.request_id,
        "frame": frame if frame is not None else _frame(visit),
        "now": now,
        "ago": partial(ago, now=now),
    }
    body = _templates.get_template(template).render(context)
    return Response(body, status, {"Vary": "Cookie"} | dict(headers or {}), "text/html")


def _frame(visit: Visit) -> Frame:
    who = visit.principal
    return frame_of(visit) if who is not None and who.session is not None else Frame()


def offered(visit: Visit) -> list[tuple[str, str, str]]:
    """The pages that the navigation offers: name, what it is called, path."""
    if visit.principal is None:
        return []
    return [
        (name, gettext(called), at)
        for name, called, at, scope in NAVIGATION
        if scope is None or (visit.may(scope) and not (scope == ADMIN and visit.who.limited))
    ]
