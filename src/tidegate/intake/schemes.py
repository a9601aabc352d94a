"""Reading the schemes that grades are given in: shipped in `schemes/`, and files of the same names in
`policies/schemes/` of the data directory take their place; further ones there are further schemes.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from tidegate.infra.settings import SettingsError
from tidegate.infra.wording import plainly
from tidegate.intake.grading import AXES, GRADED, Axis, Ladder, Scheme, Schemes
from tidegate.policy.toml import NotToml, parse

LADDER = "ladder"
_NAME = re.compile(r"[A-Za-z0-9_.+-]{1,32}\Z")
_CODE = re.compile(r"[A-Za-z0-9_.:+-]{1,32}\Z")
_HEADER = re.compile(r"\s*\[\s*([A-Za-z0-9_-]+)")

T = TypeVar("T")


class Problem(msgspec.Struct, frozen=True):
    """What is wrong with a file, and in which line, counting from 1."""

    file: str
    line: int
    text: str


class NotSchemes(Exception):
    """Files that cannot be used, with everything that is wrong with them."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{one.file}, line {one.line}: {one.text}" for one in problems))


def read_schemes(data_dir: Path | None = None) -> Schemes:
    """The schemes of an instance. Raises SettingsError that names every problem with file and line."""
    try:
        return parse_schemes(_texts(data_dir))
    except NotSchemes as error:
        advice = "Mend it, or take the file away: then that of the package is used."
        raise SettingsError(f"{error}. {advice}") from None


def parse_schemes(texts: Mapping[str, tuple[str, str]]) -> Schemes:
    """Schemes out of texts by name, each with what its file is called; one is the ladder. Raises
    NotSchemes with all that is wrong."""
    return _parsed(tuple(sorted(texts.items())))


@lru_cache(maxsize=2)
def _parsed(files: tuple[tuple[str, tuple[str, str]], ...]) -> Schemes:
    texts = dict(files)
    problems: list[Problem] = []
    ladder = _decoded(*texts[LADDER], Ladder, problems)
    found: dict[str, Scheme] = {}
    for name, (text, file) in files:
        if name == LADDER:
            continue
        if not _NAME.match(name):
            problems.append(Problem(file, 1, "a scheme's name has letters, digits and _.+- alone"))
        scheme = _decoded(text, file, Scheme, problems)
        if scheme is not None and ladder is not None:
            found[name] = scheme
            problems += _checked(scheme, ladder, text, file)
    if problems or ladder is None:
        raise NotSchemes(problems)
    return Schemes(ladder, found)


def _texts(data_dir: Path | None) -> dict[str, tuple[str, str]]:
    shipped = resources.files("tidegate.intake").joinpath("schemes")
    found = {
        one.name.removesuffix(".toml"): (one.read_text(encoding="utf-8"), str(one))
        for one in shipped.iterdir()
        if one.name.endswith(".toml")
    }
    own = None if data_dir is None else data_dir / "policies" / "schemes"
    for path in sorted(own.glob("*.toml")) if own is not None else []:
        try:
            found[path.stem] = path.read_text(encoding="utf-8"), str(path)
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path} cannot be read: {error}") from None
    return found


def _decoded(text: str, file: str, type: type[T], problems: list[Problem]) -> T | None:
    try:
        return msgspec.convert(parse(text), type)
    except NotToml as error:
        problems.append(Problem(file, error.place.line if error.place else 1, error.why))
    except msgspec.ValidationError as error:
        said = plainly(str(error), type)
        where = said.path.removeprefix("$").removeprefix(".")
        got = "" if said.got is None else f", got {said.got}"
        what = (
            f"{where}: expected {said.expected}{got}" if where else f"expected {said.expected}{got}"
        )
        unknown = where or said.expected.removeprefix("no field ")
        problems.append(Problem(file, _line_of(text, unknown, type), what))
    return None


def _line_of(text: str, path: str, type: Any) -> int:
    """Where something is wrong, of which msgspec names the table and not the key: the first line of the
    table that cannot be read by itself."""
    table = path.partition(".")[0].partition("[")[0]
    if table not in AXES:
        return max(_line(text, None, table), _line(text, table, None))
    whole: dict[str, Any] = parse(text)
    rows: dict[str, Any] = whole[table] if isinstance(whole.get(table), dict) else {}
    for code in rows:
        try:
            msgspec.convert(whole | {table: {code: rows[code]}}, type)
        except msgspec.ValidationError as error:
            if f"$.{table}" in str(error):
                return _line(text, table, code)
    return _line(text, table, None)


def _checked(scheme: Scheme, ladder: Ladder, text: str, file: str) -> Iterator[Problem]:
    """What the types cannot say."""
    if bool(scheme.source) != bool(scheme.information):
        yield Problem(file, 1, "source and information come together, or neither does")
    if not scheme.grades and not scheme.handling:
        yield Problem(file, 1, "it has no codes")
    for axis in AXES:
        rungs = ladder.of(axis)
        taken: dict[str, str] = {}
        for code, one in scheme.of(axis).items():
            line = _line(text, axis, code)
            if not _CODE.match(code):
                yield Problem(file, line, f"{axis}: a code has letters, digits and _.:+- alone")
            for rung in one.means:
                if rung not in rungs:
                    known = ", ".join(rungs)
                    yield Problem(file, line, f"{axis} {code}: {rung!r} is none of {known}")
                elif axis in GRADED and rung in taken:
                    twice = f"{axis} {code}: {rung!r} is what {taken[rung]} means, too"
                    yield Problem(file, line, twice)
                taken.setdefault(rung, code)
        missing = [rung for rung in rungs if rung not in taken]
        if axis in GRADED and scheme.grades and missing:
            line = _line(text, axis, None)
            yield Problem(file, line, f"{axis}: no code means {', '.join(missing)}")


def _line(text: str, table: str | Axis | None, key: str | None) -> int:
    """The line of a key in a table, or of the table's head; 1 where it is not found."""
    at, head = None, 1
    wanted = None if key is None else re.compile(rf"""\s*["']?{re.escape(key)}["']?\s*=""")
    inner = (
        None if key is None else re.compile(rf"""\s*\[\s*{table}\s*\.\s*["']?{re.escape(key)}\b""")
    )
    for number, line in enumerate(text.splitlines(), 1):
        if inner is not None and inner.match(line):
            return number
        if header := _HEADER.match(line):
            at = header[1]
            head = number if at == table and head == 1 else head
        elif at == table and wanted is not None and wanted.match(line):
            return number
    return head
