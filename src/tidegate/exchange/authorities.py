"""The Commission's list of competent authorities as a table: names without keys. Pure.

The first line names the columns, in any order and case: the state and the name, and as far as there are any the
functions (words, or the letters of Article 12(1)), an e-mail address, languages, an id. Other columns are
passed over. An authority on several lines, one a function, is one.
"""

import csv
import hashlib
import re
import unicodedata
from collections.abc import Iterator

import msgspec

from tidegate.exchange.model import FUNCTIONS, Function, Organisation
from tidegate.exchange.published import refuse, wrong_fields
from tidegate.exchange.states import read_state
from tidegate.infra.errors import FieldError

MOST_BYTES = 4 << 20
_COLUMNS = {
    "member_state": ("member state", "state", "country"),
    "name": ("authority", "name of the authority", "competent authority"),
    "functions": ("function", "article 12(1)", "competence"),
    "contact_email": ("email", "e-mail", "contact", "contact e-mail"),
    "languages": ("language",),
    "id": (),
}
_NAMES = {
    spelled.replace(" ", "_"): name for name, more in _COLUMNS.items() for spelled in (name, *more)
}
_LETTERS = dict(zip("abcd", FUNCTIONS, strict=True))
_NOT_PLAIN = re.compile(r"[^a-z0-9]+")
_LONGEST = 80


def read_authorities(data: bytes) -> list[Organisation]:
    """The authorities of a table, each once. Raises Refusal (422) that tells of all lines that are none."""
    rows = _rows(data)
    names = (
        [_NAMES.get(one.strip().lower().replace(" ", "_"), "") for one in rows[0]] if rows else []
    )
    if "name" not in names or "member_state" not in names:
        refuse([FieldError("/1", "columns member_state and name in the first line", "neither")])
    found: dict[str, Organisation] = {}
    errors: list[FieldError] = []
    for number, cells in enumerate(rows[1:], 2):
        said = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if name}
        if not any(said.values()):
            continue
        one = _authority(said)
        wrong = [*_wrong(one, said)]
        errors += [FieldError(f"/{number}/{name}", *rest) for name, *rest in wrong]
        if not wrong:
            found[one.id] = _joined(found.get(one.id), one)
    refuse(errors)
    return list(found.values())


def _rows(data: bytes) -> list[list[str]]:
    try:
        return list(csv.reader(_lines(data), delimiter=_separator(data)))
    except csv.Error as error:
        refuse([FieldError("", "a table of comma-separated values", str(error))])
        raise


def _lines(data: bytes) -> Iterator[str]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("windows-1252", "replace")
    if "\0" in text:
        refuse([FieldError("", "text without NUL characters", "a NUL character")])
    return iter(text.splitlines(keepends=True))


def _separator(data: bytes) -> str:
    """What the first line has most of."""
    head = data.partition(b"\n")[0]
    return max(",;\t", key=lambda one: head.count(one.encode()))


def _authority(said: dict[str, str]) -> Organisation:
    state = read_state(said.get("member_state", ""))
    name = " ".join(said.get("name", "").split())
    code = said.get("member_state", "") if state is None else state.code
    functions: list[Function] = [
        one for one in FUNCTIONS if one in _functions(said.get("functions", ""))
    ]
    return Organisation(
        id=said.get("id") or f"{code.lower()}.{_plain(name)}",
        name=name,
        kind="authority",
        member_state=code,
        functions=functions,
        languages=_parts(said.get("languages", "").lower()),
        contact_email=said.get("contact_email", ""),
        zone=state.zone if state else "UTC",
    )


def _wrong(one: Organisation, said: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    for name, expected, got in wrong_fields(one):
        if name != "contact_email" or one.contact_email:
            yield name, expected, got
    known = {*FUNCTIONS, *_LETTERS}
    if unknown := [part for part in _parts(said.get("functions", "").lower()) if part not in known]:
        yield "functions", f"words out of {', '.join(FUNCTIONS)}, or a to d", unknown[0][:30]


def _joined(before: Organisation | None, one: Organisation) -> Organisation:
    if before is None:
        return one
    both = [name for name in FUNCTIONS if name in (*before.functions, *one.functions)]
    return msgspec.structs.replace(
        one, functions=both, contact_email=one.contact_email or before.contact_email
    )


def _functions(text: str) -> set[Function | None]:
    return {_LETTERS.get(part) or _as_function(part) for part in _parts(text.lower())}


def _as_function(text: str) -> Function | None:
    return next((one for one in FUNCTIONS if one == text), None)


def _parts(text: str) -> list[str]:
    return [part for part in re.split(r"[\s,;/+()]+", text) if part]


def _plain(name: str) -> str:
    """A name as a part of an id; where it says less than the name, a digest tells two apart."""
    letters = unicodedata.normalize("NFKD", name)
    spelled = "".join(one for one in letters if not unicodedata.combining(one)).lower()
    plain = _NOT_PLAIN.sub("-", spelled).strip("-")
    if spelled.isascii() and len(plain) <= _LONGEST:
        return plain
    digest = hashlib.sha256(name.encode()).hexdigest()[:12]
    return f"{plain[: _LONGEST - 13].strip('-')}-{digest}".strip("-")
