"""The data of policy that people edit: shipped in `packs/`, and a file of the same name in the folder
`policies/` of the data directory takes its place.
"""

import tomllib
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from tidegate.infra.edited import decoded, read_edited, unusable

DEFAULT_PACK = "tvec.toml"
_OFFENCES = "offences.toml"
_Text = Annotated[str, Meta(min_length=1, max_length=500)]


class Offence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that is a crime in a state (ISO 3166-1 alpha-2): where its law says so, what it is called
    there, and where that can be read."""

    state: Annotated[str, Meta(pattern="^[A-Z]{2}$")]
    reference: Annotated[str, Meta(min_length=1, max_length=490)]
    name: _Text
    source: _Text

    @property
    def ground(self) -> str:
        """As the reference of a decision's ground names it, whose kind is `law`."""
        return f"{self.state}: {self.reference}"


class _Offences(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    offences: list[Offence] = []


def default_source(data_dir: Path | None = None) -> str:
    """The source of the pack that an instance starts with. Raises SettingsError."""
    return _read(DEFAULT_PACK, data_dir)[0]


def read_offences(data_dir: Path | None = None) -> list[Offence]:
    """What decisions may name as a law, by state. Raises SettingsError for a file that cannot be used."""
    text, where = _read(_OFFENCES, data_dir)
    try:
        return decoded(text, _Offences).offences
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise unusable(where, _OFFENCES, error) from None


def _read(name: str, data_dir: Path | None) -> tuple[str, str]:
    return read_edited("tidegate.policy", "packs", name, data_dir)
