"""What people write in lists that is not meant so: quotes and commas around a value, stars before a
domain, and addresses that were spoilt so that nobody clicks on them."""

import re

from tidegate.signals.fingerprints.domain import registrable
from tidegate.signals.fingerprints.host import read_host
from tidegate.signals.links.schemes import SPOILT_HTTP

_QUOTES = {'"': '"', "'": "'", "`": "`", "<": ">", "“": "”", "„": "“", "«": "»"}

_SCHEME = re.compile(rf"{SPOILT_HTTP}[\[({{]?:[\])}}]?[\[({{]?//[\])}}]?", re.I)
_DOT = re.compile(r"\s*(?:[\[({]\s*(?:\.|dot)\s*[\])}]|\[\.|\.\]|\\\.|\s+dot\s+)\s*", re.I)
_COLON = re.compile(r"[\[({]:[\])}]")
_SLASH = re.compile(r"[\[({]/[\])}]")
_AT = re.compile(r"\s*[\[({]\s*(?:@|at)\s*[\])}]\s*", re.I)
_AUTHORITY = re.compile(r"(?:(?![\[({]/)[^/?#])*")

_SITE = re.compile(r"https?://([^/?#]*)/?\Z", re.I)
_HOST = re.compile(r"[a-z0-9._\-\[\]:]+\Z")  # browsers take more, but nobody is registered so
_WILD = re.compile(r"(?:\*\.|\.)(?=[^.*])")


def unquoted(text: str) -> str:
    """A value without the quotes around it and the comma behind it, as out of a program's array."""
    text = text.strip()
    if text[-1:] in (",", ";") and text[-2:-1] in _QUOTES.values():
        text = text[:-1].rstrip()
    return unwrapped(text.rstrip(","))


def unwrapped(text: str) -> str:
    """A value without the quotes around it."""
    text = text.strip()
    if len(text) > 1 and _QUOTES.get(text[0]) == text[-1]:
        text = text[1:-1].strip()
    return text


def refanged(text: str) -> str:
    """An address as it was before somebody spoilt it (`hxxps://bad[.]example`); others stay as they
    are. Brackets in a path are left alone, where nothing before them is spoilt."""
    text = text.strip()
    found = _SCHEME.match(text)
    scheme, rest = (f"http{found[1]}://".lower(), text[found.end() :]) if found else ("", text)
    authority = _AUTHORITY.match(rest)
    end = authority.end() if authority else 0
    host, path = _mended(rest[:end]), rest[end:]
    if host != rest[:end] or (found is not None and found[0].lower() != scheme):
        path = _mended(path)
    elif found is not None:
        scheme = found[0]  # as it was
    return scheme + host + path


def placed(text: str) -> str:
    """A place without http as it was before somebody spoilt it: `joe[at]bad[.]example`."""
    return _AT.sub("@", _mended(text))


def _mended(text: str) -> str:
    return _SLASH.sub("/", _COLON.sub(":", _DOT.sub(".", text)))


def site_of(text: str) -> tuple[str, str]:
    """The kind and the value that stand for a domain in a list: `*.name`, `.name` and `https://name/`
    are that name. What is below a registrable domain stands for itself alone, as a host: the domain
    would be more than the list says. Raises ValueError."""
    name = refanged(text)
    if found := _SITE.match(name):
        name = found[1]
    name = _WILD.sub("", name, count=1) if _WILD.match(name) else name
    host = read_host(name)
    if host is None or not _HOST.match(host):
        starred = "; its letters are starred out" if "*" in name else ""
        raise ValueError(f"domain: expected a domain such as example.com{starred}")
    return ("domain" if registrable(host) == host else "host"), host
