"""Places without http that have a page on the web, and the pages that lead to them: both ways.

The pages are in the canonical form of `url`. As the services say: core.telegram.org/api/links,
spec.matrix.org (matrix.to navigation), docs.bsky.app, faq.whatsapp.com (click to chat); read in November 2026.
"""

import re
from urllib.parse import unquote

from tidegate.signals.fingerprints.url import canonical

_HINTS = (
    "t.me",
    "telegram.",
    "matrix.to/",
    "element.io/",
    "bsky.app/",
    "wa.me/",
    "whatsapp.com/send",
)
_PLACES = tuple(
    (re.compile(page + r"\Z"), place)
    for page, place in (
        (r"https://t\.me/([a-z0-9_]{3,})(?:/([0-9]+))?", "tg://resolve?domain={}&post={}"),
        (r"https://t\.me/([a-z0-9_]{3,})\?.*", "tg://resolve?domain={}"),
        (r"https://t\.me/\+([\w-]+)(?:\?.*)?", "tg://join?invite={}"),
        (r"https://matrix\.to/#/([^?]+)(?:\?.*)?", "{}"),
        (r"https://bsky\.app/profile/([^/?]+)", "at://{}"),
        (r"https://bsky\.app/profile/([^/?]+)/post/(\w+)", "at://{}/app.bsky.feed.post/{}"),
        (r"https://wa\.me/([0-9]+)(?:\?.*)?", "tel:+{}"),
        (r"https://api\.whatsapp\.com/send\?(?:.*&)?phone=([0-9]+)(?:&.*)?", "tel:+{}"),
    )
)
_PAGES = tuple(
    (re.compile(place + r"\Z"), page)
    for place, page in (
        (r"tg://resolve\?domain=(\w+)", "https://t.me/{}"),
        (r"tg://resolve\?domain=(\w+)&post=([0-9]+)", "https://t.me/{}/{}"),
        (r"tg://join\?invite=([\w-]+)", "https://t.me/+{}"),
        (r"at://([^/]+)", "https://bsky.app/profile/{}"),
        (r"at://([^/]+)/app\.bsky\.feed\.post/(\w+)", "https://bsky.app/profile/{}/post/{}"),
        (r"tel:\+([0-9]+)", "https://wa.me/{}"),
        (r"whatsapp://send\?phone=([0-9]+)", "https://wa.me/{}"),
    )
)


def place_of(page: str) -> str | None:
    """The address of the place that a web page leads to; None where it leads to none that is known."""
    lowered = page.lower()
    if not any(hint in lowered for hint in _HINTS) or (form := canonical(page)) is None:
        return None
    for pattern, place in _PLACES:
        if found := pattern.match(form):
            given = [unquote(one) for one in found.groups() if one]
            return place.format(*given, *[""] * 2).removesuffix("&post=")
    return None


def page_of(form: str) -> str | None:
    """The web page that leads to a place, given its canonical form."""
    for pattern, page in _PAGES:
        if found := pattern.match(form):
            return page.format(*found.groups())
    return None
