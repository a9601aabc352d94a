"""What people know of web addresses, as data: which parameters name no page, which addresses lead to one.

`data/addresses.toml` says how its rows are written; an operator's own file takes its place, or adds to it
(`extends = true`). It is read once, when a process starts (`url.use`). The `digest` tells two lists apart:
codes that were made by another are made anew.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, TypeVar

import msgspec
from msgspec import Meta

from tidegate.infra.edited import decoded, read_edited, unusable
from tidegate.signals.fingerprints.patterns import Target, Template, read_target

FILE = "addresses.toml"
_SHIPPED = ("tidegate.signals.fingerprints", "data", FILE)

_Host = Annotated[str, Meta(pattern=r"^[a-z0-9_.-]{1,253}$")]
_HostOrAny = Annotated[str, Meta(pattern=r"^(\*|[a-z0-9_.-]{1,253})$")]
_Path = Annotated[str, Meta(pattern=r"^(/[!-~]*[!-.0-~])?$")]
_Text = Annotated[str, Meta(min_length=1, max_length=500)]
_Names = Annotated[list[_Text], Meta(min_length=1)]


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    source: _Text
    date: date


class _OfHosts(_Row, frozen=True, kw_only=True):
    """A row for hosts and what lies below them, or for a folder of theirs."""

    hosts: Annotated[list[_HostOrAny], Meta(min_length=1)]
    path: _Path = ""

    def covers(self, path: str) -> bool:
        """Whether it speaks of pages of that path."""
        mine = self.path
        return not mine or path == mine or path.startswith(mine + "/")


class Parameters(_OfHosts, frozen=True, kw_only=True):
    """Parameters of a query that name no page, or the only ones that do."""

    drop: list[_Text] = []
    keep: list[_Text] = []


class Fragments(_OfHosts, frozen=True, kw_only=True):
    """Whether fragments name a page."""

    names: Literal["page", "nothing"]


class Hosts(_Row, frozen=True, kw_only=True, rename={"one": "is"}):
    """Hosts that are one."""

    one: _Host
    also: Annotated[list[_Host], Meta(min_length=1)]


class Forms(_Row, frozen=True, kw_only=True, rename={"written": "from"}):
    """Ways to write one page's address."""

    written: _Names
    to: _Text | None = None
    lower: list[_Text] = []


class Holders(_Row, frozen=True, kw_only=True, rename={"written": "from"}):
    """Addresses that hold another one."""

    written: _Names


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    extends: bool = False
    parameters: list[Parameters] = []
    hosts: list[Hosts] = []
    forms: list[Forms] = []
    copies: list[Holders] = []
    redirects: list[Holders] = []
    fragments: list[Fragments] = []


class Holder(NamedTuple):
    """An address that holds another one; whether it is a copy of that. `on_host`: what the template
    finds in the host that is asked for."""

    template: Template
    copy: bool
    on_host: Mapping[str, str] = {}


class Form(NamedTuple):
    """One way to write a page's address, and what all are read as."""

    template: Template
    target: Target
    on_host: Mapping[str, str] = {}


class Sieve(NamedTuple):
    """A row about parameters, made ready."""

    row: Parameters
    names: frozenset[str]
    beginnings: tuple[str, ...]

    def covers(self, path: str) -> bool:
        return self.row.covers(path)

    def sift(self, parts: list[str]) -> list[str]:
        """The parameters that stay, in their order."""
        kept = [one for one in parts if self._names(one) != bool(self.row.drop)]
        return kept or (parts if self.row.keep else kept)

    def _names(self, part: str) -> bool:
        name = part.partition("=")[0].lower()
        return name in self.names or name.startswith(self.beginnings)


class Rules(NamedTuple):
    """What is known of one host. `rewrite`: whether its addresses may be read as others, for which
    no port may stand there."""

    one: str | None  # the host that it is
    holders: Sequence[Holder]
    forms: Sequence[Form]
    parameters: Sequence[Sieve]
    fragments: Sequence[Fragments]
    rewrite: bool


class Aliases:
    """A list of aliases, to be asked by host. Raises ValueError for rows that cannot be used."""

    def __init__(self, files: Sequence[_File], digest: str) -> None:
        self.digest = digest
        self._known: dict[str, Rules] = {}
        self._one: dict[str, str] = {}
        self._holders: _ByHost[Holder] = {}
        self._forms: _ByHost[Form] = {}
        self._sieves: _ByHost[Sieve] = {}
        self._fragments: _ByHost[Fragments] = {}
        for file in files:
            self._take(file)
        for also, one in self._one.items():
            if one in self._one:
                raise ValueError(
                    f"hosts: {also} is {one}, which is {self._one[one]}: say that at once"
                )

    def of(self, host: str) -> Rules:
        """What is known of a host."""
        found = self._known.get(host)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known = {}
            found = self._known[host] = self._of(host)
        return found

    def samples(self) -> Iterator[str]:
        """An address of each form."""
        return (one.target.sample for some in self._forms.values() for one in some)

    def _take(self, file: _File) -> None:
        for row in file.hosts:
            for also in row.also:
                self._one.setdefault(also, row.one)
        for rows, copy in ((file.copies, True), (file.redirects, False)):
            for written in (one for row in rows for one in row.written):
                template = Template(written, holds=True)
                self._holders.setdefault(template.suffix, []).append(Holder(template, copy))
        for row in file.forms:
            for written in row.written:
                template = Template(written)
                target = read_target(row.to or written, row.lower, template)
                self._forms.setdefault(template.suffix, []).append(Form(template, target))
        for row in file.parameters:
            for host in row.hosts:
                self._sieves.setdefault(host, []).append(_sieve(row))
        for row in file.fragments:
            for host in row.hosts:
                self._fragments.setdefault(host, []).append(row)

    def _of(self, host: str) -> Rules:
        labels = host.split(".")
        above = [".".join(labels[at:]) for at in range(len(labels))]
        one = self._one.get(host)
        holders = [
            found._replace(on_host=values)
            for found in _all(self._holders, above)
            if (values := found.template.on_host(host)) is not None
        ]
        forms = [
            found._replace(on_host=values)
            for found in _all(self._forms, above)
            if (values := found.template.on_host(host)) is not None
        ]
        return Rules(
            one=one,
            holders=holders,
            forms=forms,
            rewrite=bool(one or holders or forms),
            parameters=_all(self._sieves, ["*", *above]),
            fragments=_all(self._fragments, [*above, "*"]),
        )


_Kind = TypeVar("_Kind")
_ByHost = dict[str, list[_Kind]]
_REMEMBERED = 4096  # hosts


def _all(found: _ByHost[_Kind], hosts: Sequence[str]) -> list[_Kind]:
    return [one for host in hosts for one in found.get(host, ())]


def _sieve(row: Parameters) -> Sieve:
    if bool(row.drop) == bool(row.keep):
        raise ValueError(f"parameters of {', '.join(row.hosts)}: expected either drop or keep")
    names = [name.lower() for name in row.drop or row.keep]
    beginnings = tuple(name[:-1] for name in names if name.endswith("*"))
    return Sieve(row, frozenset(names), beginnings)


def read_aliases(data_dir: Path | None) -> tuple[Aliases, str]:
    """The list of an instance, and which file that is; None: the package's. Raises SettingsError for one
    that cannot be used."""
    text, where = read_edited(*_SHIPPED, data_dir)
    try:
        texts = [text]
        if decoded(text, _File).extends:
            texts.append(read_edited(*_SHIPPED, None)[0])
        return _of_texts(*texts), where
    except (ValueError, msgspec.ValidationError) as error:
        raise unusable(where, FILE, error) from None


@lru_cache(maxsize=2)
def _of_texts(*texts: str) -> Aliases:
    files = [decoded(text, _File) for text in texts]
    return Aliases(files, hashlib.sha256(msgspec.json.encode(files)).hexdigest()[:16])
