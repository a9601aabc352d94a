"""Compares what is pinned with advisories that the operator provides, in the OSV form.

`make advisories FILE="…"` takes files with one advisory, a list of them or one a line, folders and zip
archives of such files, as the databases of the field offer them for download. It asks no network.
Status 1: something pinned is affected. 2: an advisory cannot be read, or one about something pinned
cannot be compared, or there was none. (`make` itself ends with 2 in all of these cases.)
"""

import json
import re
import sys
import tomllib
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
LOCKS = ROOT / "requirements"
VENDORED = ROOT / "src/tidegate/web/static/vendor/vendored.toml"
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)
_SEMVER = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")

Advisory = dict[str, Any]
Order = Callable[[str], Any]
"""From a version to what is compared in its place. Raises ValueError for what is no version."""


class Pin(NamedTuple):
    """A package at its version, and the file that says so."""

    name: str
    version: str
    file: str
    ecosystem: str


class Finding(NamedTuple):
    """A pinned package that an advisory is about. `fixed`: the lowest later version without it."""

    pin: Pin
    advisory: str
    summary: str
    fixed: str | None


class Compared(NamedTuple):
    """`unclear`: what is pinned, and an advisory about it that gives nothing to compare; `nameless`: how
    many advisories name no package."""

    found: list[Finding]
    unclear: list[tuple[Pin, str]]
    nameless: int


def pep440(text: str) -> Version:
    """A version of PyPI; what a build calls itself locally (`+cpu`) says nothing about faults."""
    return Version("0.dev0") if text == "0" else Version(Version(text).public)


def semver(text: str) -> tuple[Any, ...]:
    """A version of npm, by the rules of Semantic Versioning; missing numbers are 0."""
    match = _SEMVER.fullmatch(text)
    if match is None:
        raise ValueError(f"{text} is no version")
    *numbers, before = match.groups()
    parts = before.split(".") if before else []
    steps = [(0, int(one), "") if one.isdigit() else (1, 0, one) for one in parts]
    return (*(int(one or 0) for one in numbers), text != "0" and before is None, steps)


ORDERS: dict[str, Order] = {"pypi": pep440, "npm": semver}


def pins(folder: Path = LOCKS, vendored: Path = VENDORED) -> list[Pin]:
    """Every pin of every lock, and the files of others that are served as they are."""
    locked = [
        Pin(canonicalize_name(name), version, lock.name, "pypi")
        for lock in sorted(folder.glob("*.lock"))
        for name, version in _PIN.findall(lock.read_text())
    ]
    files = tomllib.loads(vendored.read_text())["file"]
    return locked + [Pin(one["package"], one["version"], vendored.name, "npm") for one in files]


def affects(affected: dict[str, Any], version: str, order: Order = pep440) -> bool | None:
    """Whether a version is among the affected, by the rules of the OSV schema. None: that is told in a
    way that cannot be compared with a version, as by commits."""
    mine = order(version)
    versions = affected.get("versions") or []
    if any(text == version or _same(text, mine, order) for text in versions):
        return True
    ranges = [_within(one, mine, order) for one in affected.get("ranges") or []]
    if True in ranges:
        return True
    return False if versions or False in ranges else None


def _same(text: str, mine: object, order: Order) -> bool:
    try:
        return bool(order(text) == mine)
    except ValueError:
        return False


def _within(one: dict[str, Any], mine: Any, order: Order) -> bool | None:
    """The last event at or below the version says whether it is affected."""
    events = [pair for event in one["events"] for pair in event.items()]
    if one["type"] not in ("ECOSYSTEM", "SEMVER") or "introduced" not in dict(events):
        return None
    ranks = {"fixed": 0, "introduced": 1, "last_affected": 2}
    try:
        known = [(order(text), ranks[what]) for what, text in events if what in ranks]
    except ValueError:
        return None
    state = False
    for at, rank in sorted(known):
        if at < mine or (at == mine and rank != 2):
            state = rank == 1
    return state


def fixed_in(affected: dict[str, Any], version: str, order: Order = pep440) -> str | None:
    """The lowest version above this one that has the fault no more."""
    later = [
        event["fixed"]
        for one in affected.get("ranges") or []
        if _within(one, order(version), order) is not None
        for event in one["events"]
        if "fixed" in event and order(event["fixed"]) > order(version)
    ]
    return min(later, key=order, default=None)


def compare(pinned: Iterable[Pin], advisories: Iterable[Advisory]) -> Compared:
    """What of the pinned is affected; advisories that were withdrawn say nothing."""
    by_name: dict[tuple[str, str], list[Pin]] = {}
    for pin in pinned:
        by_name.setdefault((pin.ecosystem, canonicalize_name(pin.name)), []).append(pin)
    done = Compared([], [], 0)
    for one in advisories:
        if one.get("withdrawn"):
            continue
        about = one.get("affected") or []
        if not any(affected.get("package") for affected in about):
            done = done._replace(nameless=done.nameless + 1)
        for affected in about:
            for pin in by_name.get(_package(affected), ()):
                order = ORDERS[pin.ecosystem]
                answer = affects(affected, pin.version, order)
                if answer:
                    fixed = fixed_in(affected, pin.version, order)
                    done.found.append(Finding(pin, one["id"], one.get("summary") or "", fixed))
                elif answer is None:
                    done.unclear.append((pin, one["id"]))
    return done


def _package(affected: dict[str, Any]) -> tuple[str, str]:
    """Ecosystem and name, as `compare` looks them up; a part behind a colon names a release of it."""
    package = affected.get("package") or {"ecosystem": "", "name": ""}
    ecosystem = package["ecosystem"].partition(":")[0].strip().lower()
    return ecosystem, canonicalize_name(package["name"])


def read(path: Path) -> Iterator[Advisory]:
    """Every advisory of a file, a folder or a zip archive. Raises ValueError for what is none, OSError
    for what cannot be opened."""
    if path.is_dir():
        for file in sorted(path.rglob("*.json")):
            yield from parse(file.read_bytes(), str(file))
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".json"):
                    yield from parse(_unpacked(archive, name, f"{path}/{name}"), f"{path}/{name}")
    else:
        yield from parse(path.read_bytes(), str(path))


def _unpacked(archive: zipfile.ZipFile, name: str, where: str) -> bytes:
    try:
        return archive.read(name)
    except (zipfile.BadZipFile, zlib.error, RuntimeError) as error:
        raise ValueError(f"{where} cannot be unpacked: {error}") from error


def parse(data: bytes, where: str) -> list[Advisory]:
    """The advisories in a text: one, a list, or one a line. Raises ValueError for anything else."""
    found = _documents(data, where)
    for one in found:
        if fault := _fault(one):
            raise ValueError(
                f"{where} holds something else than advisories in the OSV form: {fault}."
            )
    return found


def _documents(data: bytes, where: str) -> list[Any]:
    try:
        text = data.decode("utf-8-sig")
        try:
            found = json.loads(text)
        except ValueError:
            return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{where} is no JSON: {error}") from error
    if isinstance(found, dict) and "vulns" in found:  # as the OSV service answers
        found = cast("dict[str, Any]", found)["vulns"]
    return cast("list[Any]", found) if isinstance(found, list) else [found]


def _fault(one: Any) -> str:
    """What of an advisory is not as the schema says, of that which is read here; "" where all is."""
    if not _texts(one, "id"):
        return "each is an object with an id"
    fault = _of(one, "affected", dict)
    for affected in [] if fault else one.get("affected") or []:
        if (package := affected.get("package")) and not _texts(package, "ecosystem", "name"):
            fault = "a package has an ecosystem and a name"
        fault = fault or _of(affected, "versions", str) or _of(affected, "ranges", dict)
        for span in [] if fault else affected.get("ranges") or []:
            events = span.get("events")
            if not _texts(span, "type") or not isinstance(events, list):
                fault = "a range has a type and events"
            elif not all(isinstance(one, dict) and _texts(one, *one) for one in events):
                fault = "an event names a version"
    return fault and f"{fault} ({one['id']})"


def _texts(one: Any, *names: str) -> bool:
    """Whether it is an object that has texts under these names."""
    return isinstance(one, dict) and all(
        isinstance(cast("dict[str, Any]", one).get(name), str) for name in names
    )


def _of(one: dict[str, Any], name: str, kind: type) -> str:
    """The fault of what should be a list of this kind, where it is there at all."""
    if name not in one:
        return ""
    right = isinstance(one[name], list) and all(isinstance(each, kind) for each in one[name])
    return "" if right else f"`{name}` is a list of {'texts' if kind is str else 'objects'}"


def main(paths: list[str]) -> int:
    if not paths:
        print('Say where the advisories are: make advisories FILE="osv.json …"', file=sys.stderr)
        return 2
    known: list[Advisory] = []
    try:
        for path in paths:
            known += _some(path)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        print(f"The advisories cannot be read: {error}", file=sys.stderr)
        return 2
    pinned = pins()
    found, unclear, nameless = compare(pinned, known)
    for pin, advisory, summary, fixed in found:
        mend = f"fixed in {fixed}" if fixed else "no fixed version is named"
        print(f"{pin.name} {pin.version} ({pin.file}): {advisory} {summary} ({mend})")
    for pin, advisory in unclear:
        print(
            f"{pin.name} {pin.version} ({pin.file}): {advisory} names no versions to compare with"
            " (commits alone, say): look at it yourself",
        )
    if nameless:
        print(f"Advisories that name no package, and were compared with nothing: {nameless}.")
    affected = len({one.pin.name for one in found})
    print(
        f"{affected} of {len({one.name for one in pinned})} pinned packages are affected, by"
        f" {len(known)} advisories."
    )
    return 1 if found else 2 if unclear or nameless == len(known) else 0


def _some(path: str) -> Iterator[Advisory]:
    """What `read` finds: a check against nothing is none. Raises ValueError where that is nothing."""
    empty = True
    for one in read(Path(path)):
        empty = False
        yield one
    if empty:
        raise ValueError(f"{path} holds no advisory.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
