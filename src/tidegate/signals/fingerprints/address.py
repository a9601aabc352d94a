"""Places without http: channels, rooms, onion services, files by what is in them, mailboxes, telephones.

An entry and an item's address match where their canonical forms are equal. The form is each scheme's own:
what two addresses must share to lead to the same place, without what merely says how to get there
(trackers, servers to ask, a subject line).

`own` is the place that an address names; `beside` are those that it leads to as well, of which it names
a page or which it shows on the web (an onion service's page; a room, through matrix.to): by these a
person is asked, as by the pages of a place on the web (`address_web`).
"""

import re
from collections.abc import Callable

from tidegate.signals.fingerprints import address_forms as forms
from tidegate.signals.fingerprints.address_web import place_of
from tidegate.signals.fingerprints.kind import Kind, one_by_one
from tidegate.signals.model import Fingerprint

MAX_CHARACTERS = 4096

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{1,31}):(.*)\Z", re.S)
_UNSEEN = re.compile(r"[\t\n\r\u200b-\u200f\u2060\ufeff]+")
_SESSION = re.compile(r"05[0-9a-f]{64}\Z", re.I)
_NO_PLACE = frozenset(
    [
        "about",
        "blob",
        "data",
        "file",
        "http",
        "https",
        "javascript",
        "urn",
        "vbscript",
        "view-source",
    ]
)

_FORMS: dict[str, Callable[[str], str | None]] = {
    "acct": lambda rest: forms.account("@" + rest.lstrip("/@")),
    "at": forms.atproto,
    "bitcoin": forms.spelled("bitcoin"),
    "ethereum": forms.ethereum,
    "ipfs": forms.ipfs,
    "mailto": forms.mailto,
    "matrix": forms.matrix,
    "monero": forms.spelled("monero"),
    "nostr": forms.unspelled("nostr"),
    "session": forms.unspelled("session"),
    "skype": forms.unspelled("skype"),
    "sms": forms.phone,
    "tel": forms.phone,
    "tg": forms.telegram,
    "simplex": forms.simplex,
    "threema": forms.threema,
    "tox": forms.unspelled("tox"),
    "viber": forms.numbered("viber://chat?number="),
    "whatsapp": forms.numbered("whatsapp://send?phone="),
    "xmpp": forms.unspelled("xmpp"),
}
_HOSTED = ("ftp", "gemini", "gopher", "ipns", "irc", "ircs", "rtmp", "sftp", "sgnl")
SCHEMES = frozenset([*_FORMS, "magnet", *_HOSTED])
"""Those that are looked for inside texts."""


def own(address: str) -> list[str]:
    """The canonical forms of the place that an address names; none where it names none. A magnet link
    may name one file by several digests."""
    text = address.strip()
    if len(text) > MAX_CHARACTERS:
        return []
    try:
        text.encode()  # half a character is no place
        return [one for one in _read(text) if one and len(one) <= MAX_CHARACTERS]
    except ValueError:  # no host, or no number
        return []


def _read(text: str) -> list[str | None]:
    if found := _bare(text):
        return [found]
    match = _SCHEME.match(text)
    if match is None or (scheme := match[1].lower()) in _NO_PLACE:
        return []
    rest = _UNSEEN.sub("", match[2])
    if scheme == "magnet":
        return [*forms.magnet(rest)]
    return [_FORMS[scheme](rest) if scheme in _FORMS else forms.hosted(scheme, rest)]


def _bare(text: str) -> str | None:
    """A place that is written without its scheme."""
    if text[:1] in ("@", "#", "!"):
        return forms.account(text) or forms.room(text)
    if "@" in text and (found := forms.mail(text)):
        return found
    if text[:1] == "+" or text[:2] == "00":
        return forms.phone(text)
    if _SESSION.match(text):
        return f"session:{text.lower()}"
    return forms.onion(text, alone=True) if ".onion" in text.lower() else None


def beside(address: str) -> list[str]:
    """The canonical forms of places that an address leads to and is not."""
    lowered = address.lower()
    if ".onion" in lowered and not forms.onion(address.strip(), alone=True):
        found = forms.onion(address.strip(), alone=False)
    elif lowered.lstrip().startswith("tg:"):
        found = forms.telegram(address.strip()[3:], alone=False)
        found = None if found in own(address) else found
    elif "ipfs" in lowered and lowered.lstrip().startswith("http"):
        found = forms.gateway(address.strip())
    else:
        found = None
    places = [found] if found else []
    return places + own(place) if (place := place_of(address)) else places


def has_pages(form: bytes) -> bool:
    """Whether a place, by its canonical form, is a host or lies on one: other kinds know it too."""
    scheme, colon, _ = form.decode().partition(":")
    return not colon or (scheme not in _FORMS and scheme != "magnet")


def lost(address: str) -> str | None:
    """What an entry for this place would match, where that is more than was written: in words."""
    match = _SCHEME.match(address.strip())
    found = own(address) if match and match[1].lower() not in _FORMS else []
    left = forms.left_out(match[1].lower(), match[2]) if match and found else None
    return f"{found[0]}, without {left}" if left else None


def _parse(value: str) -> bytes:
    found = own(value)
    if not found:
        raise ValueError(
            "a place without http, such as tg://resolve?domain=name, magnet:?xt=urn:btih:…,"
            " matrix:r/room:server, at://…, ipfs://…, session:05…, an onion host, an e-mail address"
            " or a telephone number with its country (+49 …); a web page is of kind url"
        )
    return found[0].encode()


KIND = Kind(
    name="address",
    route="address",
    source="address",
    make=one_by_one(lambda form: Fingerprint("address", form.encode())),
    parse=_parse,
    format=lambda value: value.decode(),
    lost=lost,
    exact=True,
)
