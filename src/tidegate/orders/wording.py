"""The words of the annexes' forms, and of redress, by state: data that lawyers edit, not code. The package's lies in
`clocks/jurisdictions/eu-tco/`, beside the definitions of the law's clocks; `DIR/policies/eu-tco/` wins.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta

from tidegate.infra.edited import decoded, read_edited, unusable
from tidegate.orders.annexes import Redress

ANNEXES = "eu-tco/annexes.en.toml"
REDRESS = "eu-tco/redress.toml"
T = TypeVar("T", bound=msgspec.Struct)

Text = Annotated[str, Meta(max_length=4000)]
Name = Literal["annex-1", "annex-2", "annex-3"]
NAMES: tuple[Name, ...] = ("annex-1", "annex-2", "annex-3")


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A line of a form: fixed words, or what stands in the JSON at a place, as text, as ticks in boxes, or
    element by element."""

    text: Text = ""
    label: Text = ""
    field: str = ""
    each: str = ""
    boxes: dict[str, Text] = {}
    rows: list["Row"] = []
    mono: bool = False


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a form. `source`: V, read in the text of the law; M, from memory."""

    source: Literal["V", "M"]
    letter: str = ""
    heading: Text = ""
    rows: list[Row] = []


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An annex as it is printed."""

    title: Text
    heading: Text
    law: Text
    sections: list[Section]


class Wording(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All words of the forms. `templates` are texts that are no reasons by themselves."""

    language: str
    mark: Text
    synthetic: Text
    section: Text
    foot_digest: Text
    foot_key: Text
    foot_unsigned: Text
    nothing: Text
    further: Text
    more: Text
    templates: list[str] = []
    annex_1: Form = msgspec.field(name="annex-1")
    annex_2: Form = msgspec.field(name="annex-2")
    annex_3: Form = msgspec.field(name="annex-3")

    def form(self, name: Name) -> Form:
        return {"annex-1": self.annex_1, "annex-2": self.annex_2, "annex-3": self.annex_3}[name]


class _Of(Redress, frozen=True, forbid_unknown_fields=True, kw_only=True):
    state: str
    source: Literal["V", "M"]


class _All(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    redress: list[_Of]


def read_wording(data_dir: Path | None = None) -> Wording:
    """Raises SettingsError for a file that cannot be used."""
    return _read(ANNEXES, Wording, data_dir)


def read_redress(data_dir: Path | None = None) -> dict[str, Redress]:
    """What is known of redress, by the state of the issuing authority. Raises SettingsError."""
    return {
        one.state: Redress(one.body, one.deadline, one.law_url)
        for one in _read(REDRESS, _All, data_dir).redress
    }


def _read(name: str, type: type[T], data_dir: Path | None) -> T:
    text, where = read_edited("tidegate.clocks", "jurisdictions", name, data_dir)
    try:
        return decoded(text, type)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise unusable(where, name, error) from None
