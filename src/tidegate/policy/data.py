"""The data of policy that people edit: shipped in `packs/`, and a file of the same name in the folder
`policies/` of the data directory takes its place.
"""

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from tidegate.infra.settings import SettingsError

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
        return msgspec.convert(tomllib.loads(text), _Offences).offences
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        advice = f"Mend it, or take it away: then that of the package ({_OFFENCES}) is used."
        raise SettingsError(f"{where} cannot be used: {error}. {advice}") from None


def _read(name: str, data_dir: Path | None) -> tuple[str, str]:
    """The text of a file, and which file that is."""
    own = None if data_dir is None else data_dir / "policies" / name
    if own is None or not own.exists():
        shipped = files("tidegate.policy").joinpath(f"packs/{name}")
        return shipped.read_text(encoding="utf-8"), str(shipped)
    try:
        return own.read_text(encoding="utf-8"), str(own)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{own} cannot be read: {error}") from None
