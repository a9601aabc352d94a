"""Schemes of incidents: files that people edit. Those of the package, and in their place or beside them those
in `policies/incidents/` of the data directory. Nothing is loaded that has a problem; each is told with its line.
"""

import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, cast

import msgspec
from msgspec import Meta

from tidegate.infra.settings import Settings, SettingsError
from tidegate.infra.wording import plainly
from tidegate.policy import toml
from tidegate.policy.source import Source
from tidegate.triage.incidents.model import PARTS, Item, Name, Scheme, Schemes

FOLDER = "incidents"  # below `policies/`
_MOST = 200_000  # characters of a file
_Text = Annotated[str, Meta(min_length=1, max_length=2000)]
_PATH = re.compile(r"\$\.(\w+)(?:\[(\d+)\])?(?:\.(\w+))?")

_UNKNOWN = re.compile(r"unknown field `([^`]+)`")


class _Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Name
    version: Annotated[int, Meta(ge=1, lt=2**31)]
    title: Annotated[str, Meta(min_length=1, max_length=200)]
    text: _Text
    activates: str = "incidents:write"


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    scheme: _Head
    criteria: Annotated[list[Item], Meta(max_length=100)] = []
    checks: Annotated[list[Item], Meta(max_length=100)] = []
    levels: Annotated[list[Item], Meta(max_length=20)] = []
    steps: Annotated[list[Item], Meta(min_length=1, max_length=100)] = []
    translations: dict[str, dict[str, _Text]] = {}


def read_schemes(data_dir: Path | None, scopes: Collection[str]) -> Schemes:
    """All schemes by name; `scopes` are those that there are. Raises SettingsError with every problem."""
    schemes: dict[str, Scheme] = {}
    problems: list[str] = []
    for where, text in _sources(data_dir):
        try:
            one = _read_once(text, where, frozenset(scopes))
        except SettingsError as error:
            problems.append(str(error))
            continue
        if one.name in schemes:
            problems.append(f"{where}:1: there is another scheme {one.name!r}")
        schemes[one.name] = one
    if problems:
        raise SettingsError("\n".join(problems))
    return schemes


@lru_cache(maxsize=32)
def _read_once(text: str, where: str, scopes: frozenset[str]) -> Scheme:
    return read_scheme(text, where, scopes)


def schemes_of(settings: Settings, scopes: Collection[str]) -> Schemes:
    """All schemes of an instance. Raises SettingsError, also where surges would propose one that is not
    there."""
    schemes = read_schemes(settings.data_dir, scopes)
    if settings.burst_scheme not in schemes:
        known = ", ".join(sorted(schemes))
        raise SettingsError(
            f"burst_scheme: there is no scheme {settings.burst_scheme!r}; there are {known}."
        )
    return schemes


def read_scheme(text: str, where: str, scopes: Collection[str]) -> Scheme:
    """One scheme. Raises SettingsError that says what is wrong, as `file:line: what`."""
    if len(text) > _MOST:
        raise SettingsError(f"{where}:1: a scheme has at most {_MOST} characters")
    source = Source(text)
    try:
        read = msgspec.convert(toml.parse(text), _File)
    except toml.NotToml as error:
        line = error.place.line if error.place else 1
        raise SettingsError(f"{where}:{line}: {error.why}") from None
    except msgspec.ValidationError as error:
        said = plainly(str(error), _File)
        line = _line(source, str(error))
        raise SettingsError(
            f"{where}:{line}: {said.path.removeprefix('$.') or 'the file'}: expected {said.expected}"
        ) from None
    if wrong := list(_wrong(read, source, scopes)):
        raise SettingsError("\n".join(f"{where}:{line}: {what}" for line, what in wrong))
    head: dict[str, Any] = msgspec.structs.asdict(read.scheme)
    parts: dict[str, Any] = {part: getattr(read, part) for part in PARTS}
    return Scheme(**head, **parts, translations=read.translations)


def _wrong(read: _File, source: Source, scopes: Collection[str]) -> Iterator[tuple[int, str]]:
    """What the types cannot say: the line, and what is wrong."""
    if read.scheme.activates not in scopes:
        place = source.key(source.section("scheme"), "activates")
        yield place.line if place else 1, f"there is no scope {read.scheme.activates!r}"
    known = {"title", "text"}
    for part in PARTS:
        for at, item in enumerate(cast(list[Item], getattr(read, part))):
            name = f"{part}.{item.name}"
            if name in known:
                place = source.key(source.section(part, at), "name")
                yield place.line if place else 1, f"{part} has {item.name!r} twice"
            known.add(name)
    for tag, texts in read.translations.items():
        section = source.section(f"translations.{tag}")
        for key in texts.keys() - known:
            found = section and re.compile(rf'^\s*"?{re.escape(key)}"?\s*=', re.M).search(
                source.text, section.start, section.end
            )
            place = source.place(found.start()) if found else source.key(section, None)
            yield place.line if place else 1, f"the scheme has nothing called {key!r} to translate"


def _line(source: Source, error: str) -> int:
    """Where the value stands that an error of msgspec's is about, as far as it says."""
    found, unknown = _PATH.search(error), _UNKNOWN.search(error)
    if found is None:
        place = source.key(source.outermost(unknown[1]), None) if unknown else None
        return place.line if place else 1
    table, number, key = found.groups()
    key = unknown[1] if unknown else key
    section = source.section(table, int(number or 0)) or source.outermost(table)
    place = source.key(section, key)
    return place.line if place else 1


def _sources(data_dir: Path | None) -> Iterator[tuple[str, str]]:
    """Name and text of each file, the package's first. Raises SettingsError for one that cannot be read."""
    shipped = files("tidegate.triage").joinpath("schemes")
    own = {} if data_dir is None else _own(data_dir / "policies" / FOLDER)
    for one in sorted(shipped.iterdir(), key=lambda one: one.name):
        if one.name.endswith(".toml") and one.name not in own:
            yield str(one), one.read_text(encoding="utf-8")
    for path in own.values():
        try:
            yield str(path), path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path} cannot be read: {error}") from None


def _own(folder: Path) -> dict[str, Path]:
    return {path.name: path for path in sorted(folder.glob("*.toml"))}
