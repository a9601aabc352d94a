"""From a page's Struct to HTML: the templates, and what they may call."""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import Response

from tidegate.access.model import ADMIN
from tidegate.access.purposes import PURPOSES
from tidegate.content.holds.model import ORDER_PURPOSES
from tidegate.infra.errors import Refusal
from tidegate.pipeline.orders.verbs import SILENCES
from tidegate.web import formats
from tidegate.web.csrf import masked
from tidegate.web.pages.because import level_said
from tidegate.web.pages.faults import faults
from tidegate.web.pages.frame import Frame, frame_of
from tidegate.web.pages.keys import GROUPS, KEYS, key
from tidegate.web.pages.names import label_name, queue_name, said
from tidegate.web.pages.refusals import plain_words
from tidegate.web.pages.sentences import allows
from tidegate.web.pages.tiles import entry_file
from tidegate.web.pages.visit import Visit
from tidegate.web.static import static
from tidegate.web.words import apart, data_words, gettext, ngettext, noted, pgettext, spoken, zone

TEMPLATES = Path(__file__).parent.parent / "templates"

# What the navigation offers: its name, what it is called, where it is, and the scope that opens it. What
# only the scope admin opens is the whole instance's: it is for nobody who has limits.
NAVIGATION = [
    ("home", noted("Home"), "/", ()),
    ("cases", noted("Cases"), "/cases", ("cases:read",)),
    ("alerts", noted("Alerts"), "/alerts", ("alerts:read",)),
    ("orders", noted("Orders"), "/orders", ("orders:read",)),
    ("referrals", noted("Referrals"), "/referrals", ("orders:read",)),
    ("clocks", noted("Clocks"), "/clocks", ("orders:read",)),
    ("scrutinies", noted("Scrutiny"), "/scrutinies", ("orders:approve",)),
    ("oversight", noted("Oversight"), "/oversight", ("oversight:read",)),
    ("measures", noted("Measures"), "/measures", ("oversight:read",)),
    ("registry", noted("Registry"), "/registry", ("registry:write",)),
    ("incidents", noted("Incidents"), "/incidents", ("cases:read",)),
    ("find", noted("Find"), "/find", ("items:read", "cases:read", "banks:read")),
    ("items", noted("Items"), "/items", ("items:read",)),
    ("banks", noted("Banks"), "/banks", ("banks:read",)),
    ("policy", noted("Policy"), "/policy", ("policy:read",)),
    ("quality", noted("Quality"), "/quality", ("cases:read",)),
    ("actions", noted("Actions"), "/actions", ("actions:read",)),
    ("ledger", noted("Ledger"), "/ledger", ("ledger:read",)),
    ("flaggers", noted("Flaggers"), "/flaggers", ("flaggers:write",)),
    ("people", noted("People"), "/people", ("admin",)),
    ("keys", noted("API keys"), "/keys", ("admin",)),
    ("instance", noted("Instance"), "/settings", ("admin",)),
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
    "proposed": noted("Proposed. It waits for another person, and nothing leaves before."),
    "disputed": noted("You decided otherwise than another: a senior settles it."),
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
    "entry-deleted": noted("The entry is out of use for good."),
    "radius": noted("The bank matches within its new distance."),
    "change-held": noted("It happens in moments; until then you can undo it."),
    "change-undone": noted("Undone: nothing has changed."),
    "change-left": noted("It has left already and cannot be undone any more. Change it again."),
    "change-cancelled": noted("There is nothing left to undo: it never left."),
    "import-dropped": noted("Nothing of it was taken."),
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
    "signs": noted("The annexes of legal orders name you so from now on."),
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
    "alert-closed": noted("The alert is closed."),
    "acknowledged-before": noted("Somebody had acknowledged it already. Below it says who."),
    "order-heard": noted("You have it: it rings no more."),
    "order-written": noted("Written down. Its hour runs from when it came."),
    "order-again": noted(
        "It had come before: this is noted with it, and the first receipt counts."
    ),
    "order-message": noted("The message is taken in."),
    "order-execute": noted("Executed. Annex II is on its way."),
    "order-impede": noted("Annex III is on its way. The hour stands still."),
    "order-resume": noted("A fresh hour runs."),
    "order-ask": noted("Asked back by Annex III. The hour stands still."),
    "order-authenticate": noted("It counts as genuine. Its hour runs on, from when it came."),
    "order-reject": noted("It is turned down."),
    "order-annul": noted("It is void: what it alone held down comes back."),
    "order-scrutiny": noted("The authority of your establishment is asked to look into it."),
    "order-drafted": noted("The draft is kept."),
    "order-submit": noted("It waits for approval."),
    "order-approve": noted("Approved. It can be issued."),
    "order-issue": noted("Issued. It is on its way, and rings here until they sign for it."),
    "order-clarify": noted("Answered. A fresh hour runs from when they have it."),
    "order-revoke": noted("It ends here."),
    "order-extend": noted("Extended."),
    "order-preserve": noted("They are asked to keep it for longer."),
    "order-access": noted("They are asked. A person there opens it, or not."),
    "order-final": noted("It is final."),
    "order-carried": noted("Noted, as a claim."),
    "order-claimed": noted("Noted, as a claim."),
    "party-registered": noted("Registered. It is trusted once another person confirms its keys."),
    "party-confirmed": noted("Confirmed: what these keys sign counts."),
    "key-revoked": noted("The key is revoked: what it signs is doubtful."),
    "prior-sent": noted("The prior information is on its way."),
    "scrutiny-intended": noted("The issuer is being told of it."),
    "scrutiny-told": noted("It is being told to all."),
    "measure-drafted": noted("The draft is kept. Two persons sign it."),
    "measure-sheet": noted("The sheet is kept."),
    "measure-proposed": noted("Signed. It waits for another person."),
    "measure-signed": noted("Signed by two persons. The organisation can be notified."),
    "measure-notified": noted("The organisation may reply now."),
    "measure-reply": noted("The reply is written down, beside the reasons."),
    "measure-conclude": noted("It is concluded."),
    "measure-withdraw": noted("It is withdrawn."),
    "clock-heard": noted("You have it: it rings no more."),
    "referral-sent": noted("The referral is on its way."),
    "referral-again": noted("It is on its way. Some of it was referred or ordered before."),
    "referral-withdrawn": noted("The referral is withdrawn."),
    "referral-answered": noted("Answered. The answers go back with the last one."),
    "referral-noted": noted("Noted, as a claim."),
    "card-sent": noted("The scorecard is on its way to them."),
    "card-replied": noted("Kept. It stands beside the figures from now on."),
    "row-contested": noted(
        "Kept. The row is marked until two persons of the authority have looked."
    ),
    "row-looked": noted("Kept. A second person has to look, and find the same."),
    "row-settled": noted("Two persons have looked: the row is marked no more."),
    "order-proposed": noted("Proposed. A second person has to do the same."),
    "incident-proposed": noted("The incident is proposed."),
    "incident-opened": noted("The incident is open: it has its queue."),
    "incident-stepped": noted("Noted: the step was taken."),
    "incident-closed": noted("The incident is closed."),
    "task-added": noted("The task is noted."),
    "task-done": noted("Noted: it is done."),
    "linked": noted("The cases are linked."),
    "unlinked": noted("The cases are linked no more."),
    "cluster-split": noted("They are in a cluster of their own now."),
    "cluster-pinned": noted("They stay in this cluster, whatever arrives."),
    "cluster-merged": noted("The two clusters are one."),
    "cluster-undone": noted("The change is taken back."),
    "flagger-made": noted("The flagger is registered. Its keys are made by command, with its id."),
    "flagger-suspended": noted(
        "The flagger is suspended: its notices are not a trusted flagger's."
    ),
    "flagger-resumed": noted("The flagger has its status back."),
    "notifier-warned": noted("The notifier is warned."),
    "notifier-suspended": noted("The notifier is suspended. A threat to life is still heard."),
    "notifier-lifted": noted("The notifier is neither warned nor suspended any more."),
    "signed-out": noted("You are signed out."),
}


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


def segment(value: object) -> str:
    """A segment of a path."""
    return quote(str(value), safe="")


def name(value: object) -> Markup:
    """Content, a name or an id in a sentence of ours: it keeps its own direction, and is not translated."""
    return Markup("<bdi data-content>{}</bdi>").format(value)


def path(value: object) -> Markup:
    """An address, a path or an id in a sentence of ours: it is read from the left in any language."""
    return Markup('<code dir="ltr" data-content>{}</code>').format(value)


def _put(text: str, values: dict[str, Any]) -> Markup:
    """A sentence with what is put into it: escaped, but for what is HTML already."""
    given = {one: apart(value) for one, value in values.items()} if spoken().rtl else values
    return Markup(text) % given  # noqa: S704  the sentence is ours


@lru_cache(maxsize=4096)  # a few thousand sentences, in as many languages as are spoken
def _whole(text: str) -> Markup:
    """A sentence into which nothing is put."""
    return _put(text, {})


def _gettext(text: str, /, **values: Any) -> Markup:
    said = gettext(text)
    return _put(said, values) if values else _whole(said)


def _ngettext(one: str, many: str, count: int, /, **values: Any) -> Markup:
    return _put(ngettext(one, many, count), {"num": count} | values)


def _pgettext(context: str, text: str, /, **values: Any) -> Markup:
    return _put(pgettext(context, text), values)


_templates = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    extensions=["jinja2.ext.i18n"],
    auto_reload=False,  # nor do they change while it runs
)
# {% trans %} and _(…) as Jinja's own, which know nothing of directions of writing.
_templates.newstyle_gettext = True  # type: ignore[attr-defined]
_FILTERS: dict[str, Callable[..., object]] = {
    "moment": formats.moment,
    "in_utc": formats.in_utc,
    "clock": formats.clock,
    "day": formats.day,
    "iso": formats.iso,
    "distinct": distinct,
    "count": formats.count,
    "data_words": data_words,
    "decimal": formats.decimal,
    "points": formats.points,
    "size": formats.size,
    "listed": formats.listed,
    "facts": formats.facts,
    "upper_first": formats.upper_first,
    "allows": allows,
    "name": name,
    "path": path,
    "plain": plain,
    "words": said,
    "queue_name": queue_name,
    "segment": segment,
}
_templates.filters.update(_FILTERS)
_globals: dict[str, Any] = {
    "_": _gettext,
    "gettext": _gettext,
    "ngettext": _ngettext,
    "pgettext": _pgettext,
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
    pack = visit.instance.packs.known
    done = DONE.get(getattr(visit.query, "done", None) or "")
    context: dict[str, Any] = {
        "page": page,
        "path": visit.request.url.path,
        "asked_for": visit.request.url.query,
        "language": spoken(),
        "who": who,
        "csrf": masked(who.csrf) if who and who.csrf else "",
        "may": visit.may,
        "silences": any(map(visit.may, SILENCES)),
        "known_as": visit.names.called,
        "purposes": PURPOSES,
        "order_purposes": ORDER_PURPOSES,
        "navigation": offered(visit),
        "done": gettext(done) if done else None,
        "refusal": visit.refusal,
        "faults": faults(page if isinstance(page, Refusal) else visit.refusal),
        "typed": visit.field,
        "level_said": level_said,
        "ticked": visit.fields,
        "request_id": visit.request_id,
        "frame": frame if frame is not None else _frame(visit),
        "now": now,
        "ago": partial(formats.ago, now=now),
        "label": partial(label_name, pack and pack.in_language(spoken().tag)),
        "zone": zone().key,
        "synthetic": visit.instance.synthetic,
    }
    body = _templates.get_template(template).render(context)
    said = {"Vary": "Cookie, Accept-Language", "Content-Language": spoken().tag}
    return Response(body, status, said | dict(headers or {}), "text/html")


def _frame(visit: Visit) -> Frame:
    who = visit.principal
    return frame_of(visit) if who is not None and who.session is not None else Frame()


def offered(visit: Visit) -> list[tuple[str, str, str]]:
    """The pages that the navigation offers: name, what it is called, path."""
    if visit.principal is None:
        return []
    return [
        (name, gettext(called), at)
        for name, called, at, scopes in NAVIGATION
        if not scopes
        or (any(map(visit.may, scopes)) and not (ADMIN in scopes and visit.who.limited))
    ]
