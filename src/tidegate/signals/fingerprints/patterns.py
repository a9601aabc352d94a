"""The patterns of addresses in the list of aliases: `youtu.be/{id}`, and what they are read as.

A pattern looks like an address without its scheme. {name} is one segment of a path, one value of a query,
a part of a fragment or one label of a host, or a piece of one of these beside plain letters (of two, the
first is the shorter); {*} is the rest of the path; {address} is another address, which begins with its scheme.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import unquote

from tidegate.signals.fingerprints.weburl import Place

_HOLE = re.compile(r"\{([a-z]+|\*)\}")
_REST, _ADDRESS = "*", "address"
_REST_GROUP = "rest_"  # a group cannot be called *
_SCHEME = re.compile(r"https?(:|%3a)", re.I)
_LABEL, _SEGMENT, _PART = "[^./]+?", "[^/]+?", "[^/!?&]+?"  # as little as will do


class _Pieces(NamedTuple):
    """A pattern taken apart; `fragment` None: it says nothing of it."""

    host: str
    path: str
    query: Sequence[tuple[str, str]]
    fragment: str | None


class Found(NamedTuple):
    """What a pattern found in an address: by the names of its holes, and the rest of the query."""

    values: Mapping[str, str]
    query: Sequence[str]


class Template:
    """A pattern that addresses are compared with; with `holds` it has an {address}, else none. `suffix` is
    the end of the hosts that can fit. Raises ValueError for one that is none."""

    def __init__(self, written: str, *, holds: bool = False) -> None:
        self.written = written
        self.names = _HOLE.findall(written)
        if len(set(self.names)) < len(self.names) or holds != (_ADDRESS in self.names):
            expected = "each name once, and {address}" if holds else "each name once, no {address}"
            raise ValueError(f"{written}: expected {expected}")
        self.pieces = pieces = _taken_apart(written)
        self.of_query = {_key(value) for _, value in pieces.query}
        self.suffix = _HOLE.split(pieces.host)[-1].lstrip(".")
        self._host = re.compile(_regex(pieces.host, _LABEL))
        self._path = re.compile(_regex(pieces.path, _SEGMENT))
        wanted = pieces.fragment
        self._fragment = None if wanted is None else re.compile(_regex(wanted, _PART))

    def on_host(self, host: str) -> dict[str, str] | None:
        """What it finds in a host; None where that does not fit."""
        found = self._host.fullmatch(host)
        return None if found is None else found.groupdict()

    def match(self, place: Place, on_host: Mapping[str, str]) -> Found | None:
        """What it finds in an address of a host that fits; None where that does not."""
        if not (path := self._path.fullmatch(place.path)):
            return None
        values = {**on_host, **path.groupdict()}
        if self._fragment is not None:
            if not (fragment := self._fragment.fullmatch(place.fragment)):
                return None
            values |= fragment.groupdict()
        query = place.query.split("&") if place.query else []
        for name, hole in self.pieces.query:
            if not name:
                values[_key(hole)], query = place.query, []
                continue
            at = next((at for at, one in enumerate(query) if one.partition("=")[0] == name), None)
            if at is None:
                return None
            values[_key(hole)] = query.pop(at).partition("=")[2]
        values[_REST] = values.pop(_REST_GROUP, None)
        return Found({name: value or "" for name, value in values.items()}, query)

    def held(self, place: Place, on_host: Mapping[str, str]) -> str | None:
        """The address that another one holds."""
        if (found := self.match(place, on_host)) is None:
            return None
        address = found.values[_ADDRESS]
        if not (scheme := _SCHEME.match(address)):
            return None
        if _ADDRESS in self.of_query or scheme[1] != ":":
            address = unquote(address)
        if _ADDRESS not in self.of_query:  # then it goes on to the end
            address += "?" + place.query if place.query else ""
            address += "#" + place.fragment if place.fragment else ""
        return address


class Target(NamedTuple):
    """How an address is read that fits `template`; `lower`: whose letters are small or capital alike."""

    template: Template
    pieces: _Pieces
    lower: frozenset[str]

    @property
    def sample(self) -> str:
        """An address that it could make."""
        return self._filled(dict.fromkeys(self.template.names, "a1") | {_REST: ""}, [], "")

    def of(self, place: Place, found: Found) -> str | None:
        """The address that `place`, in which `found` was found, is read as; None: as it is."""
        values = dict(found.values)
        for name in self.lower:
            values[name] = values[name].lower()
        if values == found.values and self.pieces == self.template.pieces:
            return None
        carried = "" if self.template.pieces.fragment is not None else place.fragment
        return self._filled(values, found.query, carried)

    def _filled(self, values: Mapping[str, str], rest: Sequence[str], fragment: str) -> str:
        pieces = self.pieces
        marks = {name: "/?#" if name in self.template.of_query else "?#" for name in values}
        in_path = {name: _within(value, marks[name]) for name, value in values.items()}
        in_query = {name: _within(value, "&#+") for name, value in values.items()}
        query = [f"{name}={_fill(value, in_query)}" for name, value in pieces.query]
        return Place(
            host=_fill(pieces.host, in_path),
            port="",
            path=_fill(pieces.path, in_path),
            query="&".join([*query, *rest]),
            fragment=_fill(pieces.fragment or "", values) or fragment,
        ).written()


def read_target(written: str, lower: Sequence[str], template: Template) -> Target:
    """What addresses that fit `template` are read as. Raises ValueError for a name that it has not."""
    unknown = {*_HOLE.findall(written), *lower} - {*template.names, _REST}
    if unknown:
        raise ValueError(f"{template.written}: expected in it {', '.join(sorted(unknown))}")
    return Target(template, _taken_apart(written), frozenset(lower))


def _taken_apart(written: str) -> _Pieces:
    head, mark, fragment = written.partition("#")
    head, _, query = head.partition("?")
    host, slash, path = head.partition("/")
    if host.endswith("{*}"):
        host, path = host.removesuffix("{*}"), "{*}"
    else:
        path = slash + path or "/"
    if not host or "{*}" in host + path.removesuffix("{*}"):
        raise ValueError(f"{written}: expected a host, and {{*}} at the end of the path alone")
    pairs: list[tuple[str, str]] = []
    for one in query.split("&") if query else ():
        name, equals, hole = one.partition("=")
        name, hole = (name, hole) if equals else ("", name)
        if not _HOLE.fullmatch(hole):
            raise ValueError(f"{written}: expected name={{name}} in its query")
        pairs.append((name, hole))
    return _Pieces(host, path, pairs, fragment if mark else None)


def _key(hole: str) -> str:
    """The key of a hole's value: its name."""
    return hole[1:-1]


def _regex(piece: str, hole: str) -> str:
    """A regular expression for a piece of a pattern, with a group for each hole."""
    made = ""
    for at, text in enumerate(_HOLE.split(piece)):
        if at % 2 == 0:
            made += re.escape(text)
        elif text == _REST:
            made += f"(?P<{_REST_GROUP}>/.*)?"
        else:
            made += f"(?P<{text}>{'.+' if text == _ADDRESS else hole})"
    return made


def _within(value: str, marks: str) -> str:
    """A value for where these marks would mean something else."""
    for mark in marks:
        value = value.replace(mark, f"%{ord(mark):02X}")
    return value


def _fill(piece: str, values: Mapping[str, str]) -> str:
    return _HOLE.sub(lambda hole: values.get(hole[1], ""), piece)
