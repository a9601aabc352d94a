"""An annex as a PDF: the form that a lawyer knows, laid out from the JSON by the words of `wording`.

What the JSON says goes to Typst as data, never as markup, so nothing in it can be a command; Typst reads no file
and no network, and uses the fonts it brings, which have Latin, Greek and Cyrillic. What the form has no place for
follows after it, so that the PDF never says less than the JSON. The same JSON gives the same bytes.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, cast

import msgspec

from tidegate.orders.wording import Form, Name, Row, Wording

Rich = list[list[str | list[str]]]
Block = dict[str, Any]

_LONG_WORD = re.compile(r"\S{31,}")
_LENGTH = 30
_MOST_FURTHER = 2000
_JOINERS = "\u200c\u200d"  # of letters, in Persian and in emoji
_NONE = object()
_PAGE = Path(__file__).parent / "page"


def render_pdf(
    name: Name, document: bytes, *, signer_kid: str | None, synthetic: bool, wording: Wording
) -> bytes:
    """The PDF of an annex from its JSON, byte for byte as it is served. `signer_kid` is the key that its message
    is signed with; without one it is marked as not signed."""
    laid_out = layout(name, document, signer_kid=signer_kid, synthetic=synthetic, wording=wording)
    return _compile(msgspec.json.encode(laid_out).decode())


def print_form(
    form: Form, document: bytes, *, signed: str, synthetic: bool, wording: Wording
) -> bytes:
    """The PDF of another form in the same way; `signed` is what its foot says of that."""
    laid_out = lay_out(form, document, signed=signed, synthetic=synthetic, wording=wording)
    return _compile(msgspec.json.encode(laid_out).decode())


def layout(
    name: Name, document: bytes, *, signer_kid: str | None, synthetic: bool, wording: Wording
) -> Block:
    """What the page of `annex.typ` prints of an annex."""
    signed = f"{wording.foot_key}: {signer_kid}" if signer_kid else wording.foot_unsigned
    form = wording.form(name)
    return lay_out(form, document, signed=signed, synthetic=synthetic, wording=wording)


def lay_out(
    form: Form, document: bytes, *, signed: str, synthetic: bool, wording: Wording
) -> Block:
    """What it prints of any form."""
    sheet = _Sheet(msgspec.json.decode(document), wording)
    for section in form.sections:
        letter = f"{wording.section} {section.letter}" if section.letter else ""
        if title := ": ".join(part for part in (letter, section.heading) if part):
            sheet.blocks.append({"kind": "section", "title": title})
        sheet.rows(section.rows, sheet.document, "", 0)
    sheet.further()
    return {
        "title": form.title,
        "heading": form.heading,
        "law": form.law,
        "language": wording.language,
        "mark": wording.mark,
        "synthetic": wording.synthetic if synthetic else None,
        "foot": [f"{wording.foot_digest}: {hashlib.sha256(document).hexdigest()}", signed],
        "blocks": sheet.blocks,
    }


class _Sheet:
    """The blocks of a form as they come, and which values of the JSON they showed."""

    def __init__(self, document: Any, wording: Wording) -> None:
        self.document = document
        self.wording = wording
        self.blocks: list[Block] = []
        self.shown: set[str] = set()

    def rows(self, rows: list[Row], value: Any, pointer: str, depth: int) -> None:
        for row in rows:
            if row.text:
                self.blocks.append({"kind": "text", "text": rich(row.text)})
            elif row.each:
                self._each(row, value, pointer, depth)
            else:
                found, place = _find(value, row.field, pointer)
                if row.boxes:
                    self._boxes(row, found, place, depth)
                elif found is not _NONE or depth == 0:
                    self._field(row, found, place, depth)

    def _each(self, row: Row, value: Any, pointer: str, depth: int) -> None:
        found, place = _find(value, row.each, pointer)
        elements = cast("list[Any]", found) if isinstance(found, list) else []
        self.blocks.append({"kind": "label", "label": row.label})
        for n, one in enumerate(elements):
            self._value(f"{n + 1}.", [], depth, mono=False)
            self.rows(row.rows, one, f"{place}/{n}", depth + 1)
        if not elements:
            self._value("", [[self.wording.nothing]], depth, mono=False)

    def _boxes(self, row: Row, found: Any, place: str, depth: int) -> None:
        held: list[tuple[str, Any]] = [(place, found)]
        if isinstance(found, list):
            held = _numbered(place, cast("list[Any]", found))
        said = {at: _as_text(one) for at, one in held if _is_leaf(one)}
        self.shown.update(
            at for at, one in held if one in (None, False) or said.get(at) in row.boxes
        )
        present = found is not _NONE and found is not None
        ticks = [
            [present if name == "present" else name in said.values(), words]
            for name, words in row.boxes.items()
        ]
        self.blocks.append({"kind": "boxes", "label": row.label, "boxes": ticks, "depth": depth})

    def _field(self, row: Row, found: Any, place: str, depth: int) -> None:
        if found is _NONE or found is None:
            self.shown.add(place)
            text: Rich = [[self.wording.nothing]]
        elif isinstance(found, list):
            held = _numbered(place, cast("list[Any]", found))
            self.shown.update(at for at, one in held if _is_leaf(one))
            text = [line for _, one in held if _is_leaf(one) for line in rich(_as_text(one))]
        elif isinstance(found, dict):
            return
        else:
            self.shown.add(place)
            text = rich(_as_text(found))
        self._value(row.label, text, depth, mono=row.mono)

    def _value(self, label: str, text: Rich, depth: int, *, mono: bool) -> None:
        self.blocks.append(
            {"kind": "value", "label": label, "value": text, "depth": depth, "mono": mono}
        )

    def further(self) -> None:
        """What the form had no place for, by its JSON pointers."""
        rest = [one for one in _leaves(self.document) if one[0] not in self.shown]
        if not rest:
            return
        self.blocks.append({"kind": "section", "title": self.wording.further})
        for pointer, value in rest[:_MOST_FURTHER]:
            self._value(visible(pointer), rich(_as_text(value)), 0, mono=True)
        if count := len(rest[_MOST_FURTHER:]):
            self.blocks.append({"kind": "text", "text": rich(f"{count} {self.wording.more}")})


def rich(text: str) -> Rich:
    """A text as lines; in each, what is too long for a line is cut into pieces that can stand in two."""
    return [_cut(line) for line in visible(text).split("\n")]


def _cut(line: str) -> list[str | list[str]]:
    pieces: list[str | list[str]] = []
    end = 0
    for word in _LONG_WORD.finditer(line):
        pieces.append(line[end : word.start()])
        pieces += [[word[0][at : at + _LENGTH]] for at in range(0, len(word[0]), _LENGTH)]
        end = word.end()
    return [one for one in [*pieces, line[end:]] if one]


def visible(text: str) -> str:
    """A text in which signs that only steer how others look are named instead of obeyed."""
    text = text.replace("\r\n", "\n").replace("\t", " ")
    return (
        "".join(f"⟨U+{ord(one):04X}⟩" if _steers(one) else one for one in text)
        if not text.isprintable()
        else text
    )


def _steers(one: str) -> bool:
    if one == "\n" or one in _JOINERS:
        return False
    return unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _find(value: Any, field: str, pointer: str) -> tuple[Any, str]:
    """What stands at a dotted place, and the JSON pointer of it."""
    for name in field.split("."):
        pointer = f"{pointer}/{name}"
        value = cast("dict[str, Any]", value).get(name, _NONE) if isinstance(value, dict) else _NONE
    return value, pointer


def _numbered(place: str, elements: list[Any]) -> list[tuple[str, Any]]:
    return [(f"{place}/{n}", one) for n, one in enumerate(elements)]


def _is_leaf(value: Any) -> bool:
    return not isinstance(value, dict | list)


def _as_text(value: Any) -> str:
    if value is _NONE:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _leaves(document: Any) -> Iterator[tuple[str, Any]]:
    """All values that hold no others, with their JSON pointers, in order."""
    waiting: list[tuple[str, Any]] = [("", document)]
    while waiting:
        pointer, value = waiting.pop()
        if isinstance(value, dict):
            held = list(cast("dict[str, Any]", value).items())
        elif isinstance(value, list):
            held = [(str(n), one) for n, one in enumerate(cast("list[Any]", value))]
        else:
            yield pointer, value
            continue
        waiting += [
            (f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}", one)
            for name, one in reversed(held)
        ]


@cache
def _fonts() -> Any:
    import typst  # 80 MB of it: only who prints waits for that

    return typst.Fonts(include_system_fonts=False)


def _compile(document: str) -> bytes:
    import typst

    return typst.compile(
        _PAGE / "annex.typ",
        root=_PAGE,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"document": document},
        format="pdf",
        timestamp=0,
    )
