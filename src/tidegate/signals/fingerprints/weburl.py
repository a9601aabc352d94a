"""A web address taken apart as browsers take it (the WHATWG URL standard, by Ada), each part in one
spelling.

Where the standard keeps two spellings that lead to one page, one is chosen: percent-encoding is undone
where the character means the same without, and upper case elsewhere; letters beyond ASCII are escaped in
one form (NFC), whether they came composed or not; slashes at the end of a path are dropped, for nearly
every server serves `/a` and `/a/` alike. http and https are one, as are the ports 80 and 443 and none.
"""

import re
import unicodedata
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

from ada_url import normalize_url

MAX_ADDRESS = 8192  # characters; longer ones most servers refuse

_UNSEEN = re.compile(r"[\t\n\r]")
_AROUND = "".join(map(chr, range(33)))  # control characters and the space
_WEB = re.compile(r"(?i:https?):")
_OTHER = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:(?![0-9]+(?:[/\\?#]|\Z))")
_SITE = re.compile(r"(?i:ftps?|sftp|wss?|gemini|gopher|rtsp):([/\\\\]{2}.*)", re.S)
_PLAIN_HOST = re.compile(r"(?:[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*|\[[0-9a-f:]+\])\.?\Z")
_LONG_HOST = re.compile(r"(?i:https?):[/\\\\]*[^/\\\\?#]{1025}")  # as it is written
_MAX_HOST = 253  # the longest name there can be

_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HIGH_ESCAPES = re.compile(r"(?:%[89A-F][0-9A-F])+")
_HIGH = re.compile(r"%[89A-F]")
_ESCAPED_OR_NOT = re.compile(r"%..|[^%]+")

# What stands for itself in each part, escaped or not; all else keeps the escape that it has.
_UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_IN_PATH = frozenset(_UNRESERVED + "!$'()*,:@|[]")
_IN_QUERY = frozenset(_UNRESERVED + "!$()*,:@/?|[]^`{}\\")
_IN_FRAGMENT = frozenset(_UNRESERVED + "!$'()*,:@/#|[]^{}\\")
_KEPT = "!$&'()*+,;=:@/?|[]^{}\\#%~"  # of NFC's ASCII, what the standard leaves as it is everywhere


class Place(NamedTuple):
    """Where an address leads. `port` is "" or begins with a colon, `path` begins with a slash, `query`
    and `fragment` are without their mark."""

    host: str
    port: str
    path: str
    query: str
    fragment: str

    def written(self) -> str:
        """The address again."""
        query = "?" + self.query if self.query else ""
        fragment = "#" + self.fragment if self.fragment else ""
        return f"https://{self.host}{self.port}{self.path}{query}{fragment}"


class Read(NamedTuple):
    """A web address that was read: where it leads, and the user that it names."""

    place: Place
    user: str


def read(address: str) -> Read | None:
    """What a web address says; None when it is none.

    One without a scheme is taken as a browser's address bar would take it, if its host is one that could
    be registered and it names no user: `someone@example.com` is none.
    """
    if len(address) > MAX_ADDRESS:
        return None
    bare = not _WEB.match(address)
    if bare:
        address = _UNSEEN.sub("", address).strip(_AROUND)
        bare = not _WEB.match(address)
    if bare:
        if _OTHER.match(address):
            return None
        if not address.startswith(("//", "/\\", "\\/", "\\\\")):
            if address.startswith(("/", "\\")):
                return None
            address = "//" + address
        address = "https:" + address
    if len(address) > 1024 and _LONG_HOST.match(address):
        return None
    try:
        href = normalize_url(address)
    except ValueError:  # also a lone surrogate
        return None
    rest, _, fragment = href[href.index("//") + 2 :].partition("#")
    rest, _, query = rest.partition("?")
    authority, _, path = rest.partition("/")
    user, _, authority = authority.rpartition("@")
    host, port = _host_and_port(authority)
    if len(host) > _MAX_HOST or (bare and (user or not _PLAIN_HOST.match(host))):
        return None
    place = Place(
        host=host,
        port=port,
        path="/" + _one_spelling(path, _IN_PATH).rstrip("/"),
        query=_one_spelling(query, _IN_QUERY),
        fragment=_one_spelling(fragment, _IN_FRAGMENT),
    )
    return Read(place, user)


def of_another_scheme(address: str) -> str | None:
    """What stands behind the scheme of an address that is no web page and names a host as one does."""
    match = _SITE.match(_UNSEEN.sub("", address).strip(_AROUND))
    return match and match[1]


def _host_and_port(authority: str) -> tuple[str, str]:
    host, colon, port = authority.rpartition(":")
    if not colon or authority.endswith("]"):
        host, port = authority, ""
    if host.endswith(".") and not host.endswith("..") and len(host) > 1:
        host = host[:-1]  # the root of all names, which nobody writes
    return host, "" if port in ("", "80", "443") else ":" + port


def _one_spelling(text: str, plain: frozenset[str]) -> str:
    """`text`, ASCII of the standard's parser, with one spelling of each escape and of each letter."""
    if "%" not in text:
        return text
    text = _LONE_PERCENT.sub("%25", text)

    def shortest(match: re.Match[str]) -> str:
        character = chr(int(match[1], 16))
        return character if character in plain else match[0].upper()

    text = _ESCAPE.sub(shortest, text)
    if _HIGH.search(text):
        text = _HIGH_ESCAPES.sub(_unescaped, text)
        text = _ESCAPED_OR_NOT.sub(_composed, text)
        text = quote(text, safe=_KEPT, errors="surrogateescape")
    return text


def _composed(match: re.Match[str]) -> str:
    return match[0] if match[0].startswith("%") else unicodedata.normalize("NFC", match[0])


def _unescaped(match: re.Match[str]) -> str:
    """Letters beyond ASCII; bytes that are no UTF-8 stay themselves, as surrogates."""
    return unquote_to_bytes(match[0]).decode("utf-8", "surrogateescape")
