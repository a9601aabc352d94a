"""By what a host says that something is gone, that it wants a log-in, or that it does not like to be asked: data,
in `signs/`, each with where it is known from. A file of the same name in the folder `policies/` of the data directory
takes its place. Pure but for reading the files.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from tidegate.infra.edited import decoded, read_edited, unusable

PACKAGE, FOLDER = "tidegate.oversight.checks", "signs"
Meaning = Literal["removed", "account_gone", "geo_blocked", "login_wall", "unclear"]
"""`unclear`: our own address is not liked, nobody is let in without a click, or the page looks the same without what
it is about."""
_FIRST: tuple[Meaning, ...] = (
    "unclear",
    "geo_blocked",
    "login_wall",
    "account_gone",
    "removed",
)
_Host = Annotated[str, Meta(pattern=r"^[a-z0-9.:-]{1,253}(?!\n)$")]
_Words = Annotated[str, Meta(min_length=3, max_length=300)]


class Sign(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """One sign. All that it names must be so: `redirect`, a regular expression that is found in the host and path
    to which a redirect led; `header`, expressions found in headers; `text`, words in the beginning of the body;
    `status`, one of these. Without `hosts` it is one of any host."""

    says: Meaning
    source: _Words
    hosts: list[_Host] = []
    status: list[int] = []
    redirect: _Words | None = None
    header: dict[str, _Words] = {}
    text: _Words | None = None


class Control(Struct, frozen=True, forbid_unknown_fields=True):
    """The address by which is told whether these hosts are up, where that is not their front page."""

    hosts: Annotated[list[_Host], Meta(min_length=1)]
    url: Annotated[str, Meta(pattern="^https?://", max_length=2000)]


class _File(Struct, frozen=True, forbid_unknown_fields=True, rename={"signs": "sign"}):
    signs: list[Sign] = []
    control: list[Control] = []
    asked_to_stop: list[_Host] = []


class Signs:
    """All signs of an instance."""

    def __init__(
        self,
        signs: Sequence[Sign],
        controls: Sequence[Control] = (),
        asked_to_stop: Sequence[str] = (),
    ) -> None:
        self._signs = sorted(signs, key=lambda one: _FIRST.index(one.says))
        self._controls = list(controls)
        self._asked_to_stop = list(asked_to_stop)

    def read(
        self,
        asked: str,
        url: str,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        *,
        moved: bool,
    ) -> Meaning | None:
        """What the first sign says that is found: those by which nothing is gone come first. `asked` is the host,
        `url` where redirects ended, `moved` whether there was any."""
        place = urlsplit(url)
        where = f"{place.hostname or ''}{place.path}"
        text = body.decode(errors="replace").casefold()
        for one in self._signs:
            if one.hosts and not any(host_within(asked, host) for host in one.hosts):
                continue
            if one.status and status not in one.status:
                continue
            if one.redirect is not None and not (moved and re.search(one.redirect, where)):
                continue
            if not all(_in_header(headers, name, found) for name, found in one.header.items()):
                continue
            if one.text is None or one.text.casefold() in text:
                return one.says
        return None

    def control_of(self, url: str, host: str) -> str:
        """The address by which is told whether the host of an address is up: its front page by default."""
        for one in self._controls:
            if any(host_within(host, named) for named in one.hosts):
                return one.url
        place = urlsplit(url)
        return place._replace(path="/", query="", fragment="").geturl()

    def may_ask(self, host: str) -> bool:
        """Whether a host has not asked us to stay away."""
        return not any(host_within(host, one) for one in self._asked_to_stop)


def host_within(host: str, other: str) -> bool:
    """Whether a host is that one, or lies under it."""
    return host == other or host.endswith(f".{other}")


def read_signs(data_dir: Path | None = None) -> Signs:
    """The shipped signs, and in their place those of `data_dir`. Raises SettingsError."""
    folder = files(PACKAGE).joinpath(FOLDER)
    names = sorted(one.name for one in folder.iterdir() if one.name.endswith(".toml"))
    found = [_read(name, data_dir) for name in names]
    return Signs(
        [sign for one in found for sign in one.signs],
        [control for one in found for control in one.control],
        [host for one in found for host in one.asked_to_stop],
    )


def _read(name: str, data_dir: Path | None) -> _File:
    text, where = read_edited(PACKAGE, FOLDER, name, data_dir)
    try:
        found = decoded(text, _File)
        for one in found.signs:
            _check(one)
        for control in found.control:
            if not all(host_within(_host(control.url), named) for named in control.hosts):
                raise ValueError(f"the control {control.url} is not on {control.hosts[0]}")
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, ValueError) as error:
        raise unusable(where, name, error) from None
    return found


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()


def _check(sign: Sign) -> None:
    """Raises ValueError for a sign that would be found where it says nothing."""
    if sign.redirect is None and sign.text is None and not sign.header and not sign.status:
        raise ValueError(f"a sign ({sign.source}) names no redirect, header, text or status")
    if sign.says in ("removed", "account_gone") and not sign.hosts:
        raise ValueError(f"a sign of what is gone ({sign.source}) must name the hosts whose it is")
    for pattern in (sign.redirect, *sign.header.values()):
        if pattern is not None:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from None


def _in_header(headers: Mapping[str, str], name: str, pattern: str) -> bool:
    value = headers.get(name.lower())
    return value is not None and re.search(pattern, value, re.IGNORECASE) is not None
