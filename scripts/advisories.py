"""Compares what the locks pin with advisories that the operator provides, in the OSV form.

`make advisories FILE="…"` takes files with one advisory, a list of them or one a line, folders and zip
archives of such files, as the databases of the field offer them for download. It asks no network.
Status 1: something pinned is affected; 2: an advisory cannot be read.
"""

import json
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

LOCKS = Path(__file__).parents[1] / "requirements"
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)

Advisory = dict[str, Any]


class Pin(NamedTuple):
    """A package at its version, as a lock pins it."""

    name: str
    version: str
    lock: str


class Finding(NamedTuple):
    """A pinned package that an advisory is about. `fixed`: the lowest later version without it."""

    pin: Pin
    advisory: str
    summary: str
    fixed: str | None


def pins(folder: Path = LOCKS) -> list[Pin]:
    """Every pin of every lock."""
    return [
        Pin(canonicalize_name(name), version, lock.name)
        for lock in sorted(folder.glob("*.lock"))
        for name, version in _PIN.findall(lock.read_text())
    ]


def affects(affected: dict[str, Any], version: str) -> bool:
    """Whether a version is among the affected, by the rules of the OSV schema."""
    if version in affected.get("versions", ()):
        return True
    try:
        mine = Version(version)
    except InvalidVersion:
        return False
    return any(
        _within(one.get("events", ()), mine)
        for one in affected.get("ranges", ())
        if one.get("type") == "ECOSYSTEM"
    )


def _within(events: Iterable[dict[str, str]], mine: Version) -> bool:
    """The last event at or below the version says whether it is affected."""
    known: list[tuple[Version, int, bool]] = []
    for event in events:
        for what, text in event.items():
            at = Version("0.dev0") if text == "0" else Version(text)
            if what == "introduced":
                known.append((at, 1, True))
            elif what == "fixed":
                known.append((at, 0, False))
            elif what == "last_affected":
                known.append((at, 2, False))
    state = False
    for at, order, then in sorted(known):
        if at < mine or (at == mine and order != 2):
            state = then
    return state


def fixed_in(affected: dict[str, Any], version: str) -> str | None:
    """The lowest version above this one that has the fault no more."""
    found = [
        Version(event["fixed"])
        for one in affected.get("ranges", ())
        if one.get("type") == "ECOSYSTEM"
        for event in one.get("events", ())
        if "fixed" in event
    ]
    later = [one for one in found if one > Version(version)]
    return str(min(later)) if later else None


def compare(pinned: Iterable[Pin], advisories: Iterable[Advisory]) -> list[Finding]:
    """What of the pinned is affected; advisories that were withdrawn say nothing."""
    by_name: dict[str, list[Pin]] = {}
    for pin in pinned:
        by_name.setdefault(pin.name, []).append(pin)
    found: list[Finding] = []
    for one in advisories:
        if one.get("withdrawn"):
            continue
        for affected in one.get("affected", ()):
            package = affected.get("package", {})
            if package.get("ecosystem") != "PyPI":
                continue
            for pin in by_name.get(canonicalize_name(package.get("name", "")), ()):
                if affects(affected, pin.version):
                    fixed = fixed_in(affected, pin.version)
                    found.append(Finding(pin, one["id"], one.get("summary", ""), fixed))
    return found


def read(path: Path) -> Iterator[Advisory]:
    """Every advisory of a file, a folder or a zip archive. Raises ValueError for what is none."""
    if path.is_dir():
        for file in sorted(path.rglob("*.json")):
            yield from parse(file.read_text(), str(file))
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".json"):
                    yield from parse(archive.read(name).decode(), f"{path}/{name}")
    else:
        yield from parse(path.read_text(), str(path))


def parse(text: str, where: str) -> list[Advisory]:
    """The advisories in a text: one, a list, or one a line."""
    try:
        found = json.loads(text)
    except ValueError:
        try:
            found = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError as error:
            raise ValueError(f"{where} is no JSON: {error}") from error
    given = found if isinstance(found, list) else found.get("vulns", [found])
    if not all(isinstance(one, dict) and "id" in one for one in given):
        raise ValueError(f"{where}: an advisory in the OSV form has an id.")
    return given


def main(paths: list[str]) -> int:
    if not paths:
        print('Say where the advisories are: make advisories FILE="osv.json …"', file=sys.stderr)
        return 2
    try:
        known = [one for path in paths for one in read(Path(path))]
        pinned = pins()
        found = compare(pinned, known)
    except (OSError, ValueError, InvalidVersion) as error:
        print(f"The advisories cannot be read: {error}", file=sys.stderr)
        return 2
    for pin, advisory, summary, fixed in found:
        mend = f"fixed in {fixed}" if fixed else "no fixed version is named"
        print(f"{pin.name} {pin.version} ({pin.lock}): {advisory} {summary} ({mend})")
    affected = len({one.pin.name for one in found})
    print(
        f"{affected} of {len({one.name for one in pinned})} pinned packages are affected, by"
        f" {len(known)} advisories."
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
