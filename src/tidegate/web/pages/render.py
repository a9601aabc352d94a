"""From a page's Struct to HTML: the templates, what they may call, the headers of every page."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from tidegate.web.pages.frame import Frame, frame_of
from tidegate.web.pages.visit import Visit
from tidegate.web.words import gettext, ngettext, pgettext

_HERE = Path(__file__).parent.parent
STATIC = _HERE / "static"

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        " connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

# What the navigation offers, and the scope that opens it.
NAVIGATION = [
    ("Home", "/", None),
    ("Cases", "/cases", "cases:read"),
    ("Items", "/items", "items:read"),
    ("Banks", "/banks", "banks:read"),
    ("Search", "/search", "banks:read"),
    ("Policy", "/policy", "policy:read"),
    ("Actions", "/actions", "actions:read"),
    ("Ledger", "/ledger", "ledger:read"),
]

# What a redirect's `?done=` stands for. Codes, so that a link cannot put words into our mouth.
DONE = {
    "claimed": "The case is yours.",
    "released": "The case is back in its queue.",
    "decided": "Decided.",
    "none-left": "No case waits here.",
    "bank": "The bank is made.",
    "entry": "The entry is in the bank.",
    "confirmed": "The entry is confirmed: from now on it may restrict by itself.",
    "refuted": "The entry is refuted: it matches no more.",
    "disabled": "Disabled. It matches no more until it is enabled again.",
    "enabled": "Enabled again.",
    "replayed": "Sent again to every target that did not get it.",
    "lifted": "The restriction is lifted.",
    "opened": "It is open to you for half an hour; that is recorded.",
    "password": "The password is set. Your other sessions have ended.",
    "signed-out": "You are signed out.",
}


def _time(value: datetime | str) -> datetime:
    """A time, also as JSON has it."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def ago(then: datetime | str, now: datetime) -> str:
    """How long ago, or how long until, in the one unit that matters."""
    seconds = int((now - _time(then)).total_seconds())
    size = abs(seconds)
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if size >= length:
            return f"{size // length} {unit} ago" if seconds > 0 else f"in {size // length} {unit}"
    return "just now" if seconds >= 0 else "in under a minute"


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


def count(value: float) -> str:
    """A number with thin spaces between thousands."""
    return f"{value:,.0f}".replace(",", "\u202f")


def words(value: str) -> str:
    """A name of the program as words: attack_footage, counter_speech."""
    return value.replace("_", " ")


@lru_cache(maxsize=64)
def static(path: str) -> str:
    """The address of a static file, with a part of its digest so that it may be kept for ever."""
    digest = hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:12]
    return f"/static/{path}?v={digest}"


_templates = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    extensions=["jinja2.ext.i18n"],
)
# {% trans %} and _(…): what is put in is escaped, what is said is not taken for a pattern.
_templates.install_gettext_callables(gettext, ngettext, newstyle=True, pgettext=pgettext)  # type: ignore[attr-defined]
_FILTERS: dict[str, Callable[[Any], object]] = {
    "moment": moment,
    "iso": lambda value: _time(value).isoformat(),
    "distinct": distinct,
    "count": count,
    "words": words,
    "segment": lambda value: quote(str(value), safe=""),
}
_templates.filters.update(_FILTERS)
_templates.globals |= {"static": static}


def html(
    template: str | None,
    visit: Visit,
    page: object,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The page as HTML. Templates see `page`, the visit, and nothing that could change anything."""
    assert template is not None
    now = visit.instance.clock.now()
    who = visit.principal
    context: dict[str, Any] = {
        "page": page,
        "path": visit.request.url.path,
        "who": who,
        "csrf": who.csrf if who else "",
        "may": visit.may,
        "navigation": [(name, at) for name, at, scope in NAVIGATION if _open(visit, scope)],
        "done": DONE.get(getattr(visit.query, "done", None) or ""),
        "refusal": visit.refusal,
        "typed": visit.field,
        "ticked": visit.fields,
        "request_id": visit.request_id,
        "frame": frame_of(visit) if who is not None and who.session is not None else Frame(),
        "now": now,
        "ago": partial(ago, now=now),
    }
    body = _templates.get_template(template).render(context)
    return Response(body, status, {"Vary": "Cookie"} | dict(headers or {}), "text/html")


def _open(visit: Visit, scope: str | None) -> bool:
    return visit.principal is not None and (scope is None or visit.may(scope))


class StaticPages(StaticFiles):
    """The files under `/static`: versioned addresses are kept for ever, others are asked for."""

    def __init__(self) -> None:
        super().__init__(directory=STATIC)

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        versioned = scope.get("query_string", b"").startswith(b"v=")
        lifetime = "public, max-age=31536000, immutable" if versioned else "no-cache"
        for name, value in SECURITY_HEADERS.items():
            response.headers[name] = value
        response.headers["Cache-Control"] = lifetime
        return response
