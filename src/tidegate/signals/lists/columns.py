"""What the columns of a table are, in our words or in those of others (`words`), wherever they stand."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tidegate.signals.fingerprints import KINDS
from tidegate.signals.lists.format import top
from tidegate.signals.lists.guessing import SCATTERED, TOO_FEW, kind_of_values
from tidegate.signals.lists.table import Heading, headings
from tidegate.signals.lists.words import kind_of, names_a_kind, names_a_value, word

OWN = (
    "quality",
    "labels",
    "provenance",
    "note",
    "confidence",
    "state",
    "enabled",
    "disabled_until",
    "text",
)
NAMES = (*KINDS, *OWN)
NAMING = ("kind", "value", "text", *KINDS)  # one of these says what an entry is
_PLACES = ("url", "address")  # what kinds of addresses are made from
_OWN_WORDS = {word(name): name for name in OWN} | {"notes": "note"}


class Columns(NamedTuple):
    """How a table is read: its heading, and what each of its columns is in our words (else None)."""

    heading: Heading
    ours: Mapping[str, str | None]


def columns_of(head: bytes) -> Columns | None:
    """The columns of a file that begins so, as the likeliest heading has them; None: nothing there
    says what an entry is."""
    found = (Columns(one, _ours(one.names)) for one in headings(head))
    sound = [one for one in found if any(name in NAMING for name in one.ours.values())]
    # The first line's names before a comment's, and the mark by which most are known.
    return max(sound, key=lambda one: (one.heading.above, _known(one)), default=None)


def _known(columns: Columns) -> int:
    return sum(name is not None for name in columns.ours.values())


def _ours(names: Sequence[str]) -> dict[str, str | None]:
    """Our word for each column. Where a digest's column is, what others call a link may be where it
    was found, and a type may be the file's: then our own words alone count."""
    ours = {name: _OWN_WORDS.get(word(name)) or kind_of(name) for name in names if name}
    kinds = {name: KINDS[kind] for name, kind in ours.items() if kind is not None and kind in KINDS}
    digests = any(kind.source not in _PLACES for kind in kinds.values())
    for name, kind in kinds.items():
        if digests and kind.source in _PLACES and name not in KINDS:
            ours[name] = None
    unknown = [name for name, known in ours.items() if known is None]
    types = [name for name in unknown if (name == "kind" if digests else names_a_kind(name))]
    values = [name for name in unknown if (name == "value" if digests else names_a_value(name))]
    value = "value" if "value" in values else values[0] if len(values) == 1 else None
    if value is not None and (types or not digests):
        ours[value] = "value"
        if types:
            ours["kind" if "kind" in types else types[0]] = "kind"
    return ours


def names_in_a_comment(head: bytes) -> bool:
    """Whether a comment above the first row says what the columns are, as `#domain,#severity`."""
    columns = columns_of(head) if top(head).comments else None
    return columns is not None and columns.heading.above == top(head).above


def of_one_kind(head: bytes, columns: Columns) -> Columns:
    """The same, where a column of values does not say of what kind they are: if all of one kind fit."""
    names = {ours: name for name, ours in columns.ours.items()}
    name = names["value"]
    found = kind_of_values(head, columns.heading, name, names.get("quality"))
    if found not in KINDS:
        why = {
            SCATTERED: "; its bits are not those of PDQ codes",
            TOO_FEW: "; so few rows cannot tell PDQ codes from SHA-256 digests",
        }.get(found or "", "")
        raise ValueError(
            f"does not say what its column {name} holds{why}. Name it so in the header line: pdq,"
            " sha256, md5, url, domain or address"
        )
    return columns._replace(ours={**columns.ours, name: found})
