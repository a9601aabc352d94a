"""The canonical forms of places without http, a function for each scheme; `address` says which is asked.

Each takes what stands behind the scheme's colon and answers None where that names no place; or raises
ValueError (UnicodeError) for a host that is none.
"""

import base64
import re
from collections.abc import Callable
from urllib.parse import parse_qsl, quote, unquote

import idna

_ONION = re.compile(r"(?:[a-z0-9-]+\.)*([a-z0-9-]{1,63})\.onion\Z")
_WEB = re.compile(r"(?:https?:)?[/\\]*([^/\\?#]*)(.*)\Z", re.I | re.S)
_MAIL = re.compile(r"[^\s@<>()\[\],;:\"\\/?&#%]{1,64}@([^\s@<>()\[\],;:\"\\/?&#]{1,253})\Z")
_ACCOUNT = re.compile(r"@([\w.-]{1,64})@([^\s@:/?#\[\]]{1,253})\Z")
_PHONE = re.compile(r"\+?[0-9][0-9 ().\-/]{3,30}\Z")
_EXTENSION = re.compile(r"(?:^|;)ext=([0-9]{1,10})(?:;|\Z)", re.I)
_CONTEXT = re.compile(r"(?:^|;)phone-context=(\+?[\w.-]{1,253})(?:;|\Z)", re.I)
_HOST = re.compile(r"[^\s/?#@\[\]\"<>]+(?::[0-9]{1,5})?\Z")
_SIGIL = re.compile(r"[@#!]([^\s:/?]{1,255}):([^\s/?#]{1,253})(?:/(\$[^\s/?#]+))?\Z")
_SIGILS = {"@": "u", "#": "r", "!": "roomid"}
_MATRIX = {"user": "u", "room": "r", "u": "u", "r": "r", "roomid": "roomid"}
_CID0 = re.compile(r"Qm[1-9A-HJ-NP-Za-km-z]{44}\Z")
_CID1 = re.compile(r"b[a-z2-7]{50,}\Z", re.I)
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def onion(text: str, *, alone: bool) -> str | None:
    """The onion service of a web address: `alone`, where it names no more than that."""
    web = _WEB.match(text)
    if web is None:
        return None
    host, port, _ = web[1].rpartition("@")[2].lower().partition(":")
    host = host.rstrip(".")
    found = _ONION.match(host)
    if found is None:
        return None
    service = f"{found[1]}.onion"
    page = web[2].strip("/\\") or port or host != service
    return None if alone and page else service


def mail(text: str) -> str | None:
    """A mailbox; capitals are as good as small letters."""
    found = _MAIL.match(text)
    if found is None or "." not in found[1].strip("."):
        return None
    return f"mailto:{text.rpartition('@')[0].lower()}@{_server(found[1])}"


def _server(host: str) -> str:
    """A host in the one way to write it. Raises ValueError (UnicodeError) where it is none."""
    host = host.rstrip(".")
    if not host:
        raise ValueError("no host")
    if not host.isascii():
        host = idna.encode(host, uts46=True, transitional=False).decode()
    return host.lower()


def account(text: str) -> str | None:
    """A user of the fediverse: @name@host."""
    found = _ACCOUNT.match(text)
    return found and f"acct:{found[1].lower()}@{_server(found[2])}"


def mailto(rest: str) -> str | None:
    return mail(unquote(rest.partition("?")[0].lstrip("/")))


def phone(rest: str) -> str | None:
    """A number, with its extension: one with its country, or with the context that says whose it is
    (RFC 3966). Others are numbers of many places."""
    number, _, more = unquote(rest).lstrip("/").partition("?")[0].partition(";")
    number = number.replace("(0)", "")
    if not _PHONE.match(number):
        return None
    digits = "".join(one for one in number if one.isdecimal())
    if number.startswith("00"):
        number, digits = "+", digits[2:]
    if not 4 < len(digits) < 16:
        return None
    extension = _EXTENSION.search(more)
    ending = f";ext={extension[1]}" if extension else ""
    if number.startswith("+"):
        return f"tel:+{digits}{ending}"
    context = _CONTEXT.search(more)
    return context and f"tel:{digits}{ending};phone-context={_context(context[1])}"


def _context(text: str) -> str:
    return "+" + re.sub(r"\D", "", text) if text.startswith("+") else text.lower()


def numbered(link: str) -> Callable[[str], str | None]:
    """A scheme whose links end in a telephone number with its country: `link` is what comes before."""
    parameter = link.rpartition("?")[2].removesuffix("=")

    def form(rest: str) -> str | None:
        given = dict(parse_qsl(rest.partition("?")[2].replace("+", "%2B")))
        found = phone("+" + given.get(parameter, "").lstrip("+ "))
        return found and f"{link}{found.removeprefix('tel:+')}"

    return form


def threema(rest: str) -> str | None:
    """An account, whatever is to be done with it: `threema://compose?id=…`, `add?id=…`."""
    name, _, query = unquote(rest).lower().lstrip("/").partition("?")
    found = dict(parse_qsl(query)).get("id") or ("" if query else name.strip("/"))
    return f"threema:{found}" if found else None


def ethereum(rest: str) -> str | None:
    """An account, or what is asked of a contract (ERC-681): of that the parameters are part."""
    name, _, query = unquote(rest).lower().lstrip("/").partition("?")
    name = name.strip("/")
    asked = "&".join(sorted(query.split("&"))) if "/" in name and query else ""
    return f"ethereum:{name}{'?' if asked else ''}{asked}" if name else None


def simplex(rest: str) -> str | None:
    """An address of SimpleX, which stands behind its #, to the letter."""
    path, mark, name = rest.lstrip("/").partition("#")
    return f"simplex:/{path.strip('/').lower()}#{name}" if mark and name.strip("/?") else None


def room(text: str) -> str | None:
    """A room or user of Matrix, by its sign."""
    found = _SIGIL.match(text)
    if found is None:
        return None
    event = f"/e/{found[3].removeprefix('$')}" if found[3] else ""
    name = found[1].lower() if text[0] == "@" else found[1]
    return f"matrix:{_SIGILS[text[0]]}/{name}:{_server(found[2])}{event}"


def matrix(rest: str) -> str | None:
    parts = unquote(rest.partition("?")[0]).strip("/").split("/")
    if len(parts) not in (2, 4) or (kind := _MATRIX.get(parts[0].lower())) is None:
        return None
    name, colon, server = parts[1].partition(":")
    if not colon or not server:
        return None
    event = f"/e/{parts[3]}" if len(parts) == 4 else ""
    return f"matrix:{kind}/{name.lower() if kind == 'u' else name}:{_server(server)}{event}"


_NAMES = ("domain", "invite", "phone", "post", "slug", "thread", "comment", "name")


def telegram(rest: str, *, alone: bool = True) -> str | None:
    """What Telegram opens; unless `alone`, without how it is opened (`start`, `text` …), and only where
    that leaves something that is known to have a name."""
    action, _, query = rest.lstrip("/").partition("?")
    given = {name.lower(): value for name, value in parse_qsl(query)}
    if "domain" in given:
        given["domain"] = given["domain"].lower().removeprefix("@")
    names = [one for one in _NAMES if one in given]
    if alone:
        names += sorted(given.keys() - names)
    kept = "&".join(f"{name}={quote(given[name], safe='')}" for name in names)
    action = action.strip("/").lower()
    return f"tg://{action}?{kept}" if action and kept else None


def magnet(rest: str) -> list[str]:
    """Each of the digests by which a magnet link names what it leads to."""
    found: dict[str, None] = {}
    for name, value in parse_qsl(rest.lstrip("/").removeprefix("?")):
        topic = value.lower()
        if not re.fullmatch(r"xt(\.[0-9]+)?", name.lower()) or not topic.startswith("urn:"):
            continue
        head, _, digest = topic.rpartition(":")
        if head == "urn:btih" and len(digest) == 32:
            try:
                topic = f"{head}:{base64.b32decode(digest, casefold=True).hex()}"
            except ValueError:
                continue
        if digest:
            found[f"magnet:?xt={topic}"] = None
    return list(found)


def atproto(rest: str) -> str | None:
    authority, slash, path = rest.removeprefix("//").partition("/")
    path = path.partition("?")[0].partition("#")[0].strip("/")
    authority = authority.lower().removeprefix("@")
    if not authority or not ("." in authority or authority.startswith("did:")):
        return None
    return f"at://{authority}{slash if path else ''}{path}"


def _cid(name: str) -> str | None:
    """A content identifier in its newer form; None where it is none."""
    if _CID1.match(name):
        return name.lower()
    if not _CID0.match(name):
        return None
    number = 0
    for one in name:
        number = number * 58 + _BASE58.index(one)
    binary = b"\x01\x70" + number.to_bytes(34)
    return "b" + base64.b32encode(binary).decode().lower().rstrip("=")


def ipfs(rest: str) -> str | None:
    """Content, and the way within it; a page that it names behind the # or ? itself is another."""
    before, mark, within = rest.lstrip("/").removeprefix("ipfs/").partition("#")
    before, _, asked = before.partition("?")
    name, _, path = before.partition("/")
    content, path = _cid(name), path.strip("/")
    ending = f"?{asked}" if asked else ""
    if mark and within.startswith(("/", "!", "@", "?")):
        ending += f"#{within}"
    slash = "/" if path or ending else ""
    return content and f"ipfs://{content}{slash}{path}{ending}"


def gateway(address: str) -> str | None:
    """What a web gateway shows of IPFS: /ipfs/NAME on any host, or the host NAME.ipfs.HOST."""
    if (web := _WEB.match(address)) is None:
        return None
    name, dot, _ = web[1].partition(".ipfs.")
    if dot:
        return ipfs(name + web[2])
    return ipfs(web[2][5:]) if web[2].startswith("/ipfs/") else None


def spelled(scheme: str) -> Callable[[str], str | None]:
    """A scheme whose names are what they are to the letter, up to what follows a question mark."""

    def form(rest: str) -> str | None:
        name = unquote(rest).lstrip("/").partition("?")[0].strip("/")
        return f"{scheme}:{name}" if name else None

    return form


def unspelled(scheme: str) -> Callable[[str], str | None]:
    """A scheme whose names are the same in capitals."""
    as_spelled = spelled(scheme)
    return lambda rest: as_spelled(rest.lower())


def left_out(scheme: str, rest: str) -> str | None:
    """What was written of a place that its form does not say and that may name something else: which
    files of a torrent, who enters a host."""
    if scheme == "magnet":
        given = parse_qsl(rest.lstrip("/?"))
        return next((f"so={files}" for name, files in given if name.lower() == "so"), None)
    user, at, _ = rest.removeprefix("//").partition("/")[0].rpartition("@")
    return f"{user}@" if at else None


def hosted(scheme: str, rest: str) -> str | None:
    """Any other scheme that names a place on a host: the host's letters may be of either case."""
    if not rest.startswith("//"):
        return None
    authority, slash, path = rest[2:].partition("/")
    authority = authority.rpartition("@")[2]
    if not _HOST.match(authority):
        return None
    path = path.rstrip("/")
    return f"{scheme}://{_server(authority)}{slash if path else ''}{path}"
