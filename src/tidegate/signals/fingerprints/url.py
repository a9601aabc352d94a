"""The canonical form of a web address: what two links must share to lead to the same page.

http and https are one (https), as are the ports 80 and 443 and no port. The host is lower case, in
ASCII form (IDNA, UTS #46), numbers in any notation that a browser takes are one address. User
names, passwords and fragments are dropped. Backslashes are slashes and dot segments are resolved,
as in the WHATWG URL standard; percent-encoding is undone where RFC 3986 calls the character
unreserved, and upper case elsewhere; letters beyond ASCII are escaped, in one form (NFC), whether
they came raw or escaped, composed or not. Slashes at the end of a path are dropped: nearly every server
serves `/a` and `/a/` alike. Parameters that only track (utm_source, fbclid …) are dropped, the
others keep their order. "www." stays: it is a host of its own.
"""

import ipaddress
import re
import unicodedata
from urllib.parse import quote, unquote_to_bytes

import idna

from tidegate.signals.fingerprints.kind import Kind, one_by_one
from tidegate.signals.model import Fingerprint

TRACKING = frozenset(
    [
        "_ga",
        "_gl",
        "_hsenc",
        "_hsmi",
        "__hsfp",
        "__hssc",
        "__hstc",
        "dclid",
        "epik",
        "fbclid",
        "gbraid",
        "gclid",
        "gclsrc",
        "hsctatracking",
        "igsh",
        "igshid",
        "li_fat_id",
        "mc_cid",
        "mc_eid",
        "mkt_tok",
        "msclkid",
        "oly_anon_id",
        "oly_enc_id",
        "s_cid",
        "sc_cid",
        "srsltid",
        "ttclid",
        "twclid",
        "vero_id",
        "wbraid",
        "wickedid",
        "yclid",
        "ymclid",
    ]
)
TRACKING_PREFIXES = ("utm_", "pk_", "mtm_")

_UNSEEN = re.compile(r"[\t\n\r]")
_ADDRESS = re.compile(r"(?i:https?:)?[/\\]{2,}([^/\\?#]*)([^?#]*)(?:\?([^#]*))?(?:#.*)?\Z", re.S)
_PORT = re.compile(r":([0-9]*)\Z")
_HOST = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\Z")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HIGH_ESCAPES = re.compile(r"(?:%[89A-F][0-9A-F])+")
_ESCAPED_OR_NOT = re.compile(r"%..|[^%]+")
_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)\Z")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_MAX_HOST = 1024


def canonical(address: str) -> str | None:
    """The canonical form of a web address, or None when it is none.

    An address without a scheme is taken as a browser's address bar would take it.
    """
    address = _UNSEEN.sub("", address.strip(" \t\n\r\x0b\x0c\x00"))
    if not re.match(r"(?i:https?:)?[/\\]{2}", address):
        if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:(?![0-9]+(?:[/\\?#]|\Z))", address):
            return None  # another scheme
        address = "//" + address
    match = _ADDRESS.match(address)
    if not match:
        return None
    authority, path, query = match.groups()
    try:
        host, port = _host_and_port(authority)
        path = _path(path)
        query = _query(query or "")
    except (ValueError, UnicodeError):
        return None
    return f"https://{host}{port}{path}{query}"


def _host_and_port(authority: str) -> tuple[str, str]:
    authority = authority.rpartition("@")[2]
    port = ""
    if match := _PORT.search(authority):
        authority = authority[: match.start()]
        digits = match[1].lstrip("0")
        if len(digits) > 5 or int(digits or 0) > 65535:
            raise ValueError("no such port")
        if digits not in ("", "80", "443"):
            port = f":{digits}"
    return _host(authority), port


def _host(host: str) -> str:
    if host.startswith("[") and host.endswith("]"):
        return f"[{ipaddress.IPv6Address(host[1:-1]).compressed}]"
    if len(host) > _MAX_HOST:
        raise ValueError("no such host")
    host = _ESCAPE.sub(lambda m: chr(int(m[1], 16)), host)
    if not host.isascii():
        host = idna.encode(host, uts46=True, transitional=False).decode()
    host = host.lower().removesuffix(".")
    if len(host) > 253 or not _HOST.match(host):
        raise ValueError("no such host")
    if _NUMBER.match(host.rpartition(".")[2]):
        return _ipv4(host)
    return host


def _ipv4(host: str) -> str:
    """The dotted form of an IPv4 address in any notation that browsers take (WHATWG)."""
    numbers = [_number(part) for part in host.split(".")]
    *firsts, last = numbers
    if len(numbers) > 4 or any(n > 255 for n in firsts) or last >= 256 ** (5 - len(numbers)):
        raise ValueError("no such address")
    value = last + sum(n << (8 * (3 - place)) for place, n in enumerate(firsts))
    return str(ipaddress.IPv4Address(value))


def _number(part: str) -> int:
    if part.startswith("0x"):
        return int(part[2:] or "0", 16)
    return int(part, 8 if len(part) > 1 and part.startswith("0") else 10)


def _escaped(text: str, safe: str) -> str:
    """`text` with one spelling of each escape and of each letter."""
    text.encode()  # a lone surrogate is an error
    text = _LONE_PERCENT.sub("%25", text)
    text = _ESCAPE.sub(_shortest_escape, text)
    if "%" in text or not text.isascii():
        text = _HIGH_ESCAPES.sub(_unescaped, text)
        text = _ESCAPED_OR_NOT.sub(_composed, text)
    return quote(text, safe=safe + "%", errors="surrogateescape")


def _shortest_escape(match: re.Match[str]) -> str:
    byte = int(match[1], 16)
    return chr(byte) if byte in _UNRESERVED else match[0].upper()


def _composed(match: re.Match[str]) -> str:
    return match[0] if match[0].startswith("%") else unicodedata.normalize("NFC", match[0])


def _unescaped(match: re.Match[str]) -> str:
    """Letters beyond ASCII; bytes that are no UTF-8 stay themselves, as surrogates."""
    return unquote_to_bytes(match[0]).decode("utf-8", "surrogateescape")


def _path(path: str) -> str:
    kept: list[str] = []
    for segment in _escaped(path.replace("\\", "/"), "/!$&'()*+,;=:@").split("/"):
        if segment == "..":
            if len(kept) > 1:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    return "/".join(kept).rstrip("/") or "/"


def _query(query: str) -> str:
    parts = [part for part in _escaped(query, "!$'()*+,;:@/?=&").split("&") if part]
    kept = [part for part in parts if not _tracks(part.partition("=")[0].lower())]
    return "?" + "&".join(kept) if kept else ""


def _tracks(name: str) -> bool:
    return name in TRACKING or name.startswith(TRACKING_PREFIXES)


def _parse(value: str) -> bytes:
    found = canonical(value)
    if found is None:
        raise ValueError("an http or https URL")
    return found.encode()


KIND = Kind(
    name="url",
    route="url",
    source="url",
    make=one_by_one(lambda address: Fingerprint("url", address.encode())),
    parse=_parse,
    format=lambda value: value.decode(),
    exact=True,
)
