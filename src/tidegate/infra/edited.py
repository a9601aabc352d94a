"""Data that people edit: shipped in the package, and a file of the same name in the folder `policies/` of
the data directory takes its place.
"""

import tomllib
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

import msgspec

from tidegate.infra.settings import SettingsError
from tidegate.infra.wording import sentence

T = TypeVar("T", bound=msgspec.Struct)


def read_edited(package: str, folder: str, name: str, data_dir: Path | None) -> tuple[str, str]:
    """The text of a file, and which file that is; without `data_dir` the package's. Raises
    SettingsError for one that cannot be read."""
    own = None if data_dir is None else data_dir / "policies" / name
    if own is None or not own.exists():
        shipped = files(package).joinpath(f"{folder}/{name}")
        return shipped.read_text(encoding="utf-8"), str(shipped)
    try:
        return own.read_text(encoding="utf-8"), str(own)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{own} cannot be read: {error}") from None


@lru_cache(maxsize=64)
def decoded(text: str, type: type[T]) -> T:
    """What TOML says, as a frozen Struct: nobody changes it, and a process reads the same text once. Raises
    tomllib.TOMLDecodeError, msgspec.ValidationError."""
    return msgspec.convert(tomllib.loads(text), type)


def unusable(where: str, name: str, why: object) -> SettingsError:
    """What is raised for a file whose text cannot be used."""
    if isinstance(why, msgspec.ValidationError):
        why = sentence(why)
    advice = f"Mend it, or take it away: then that of the package ({name}) is used."
    return SettingsError(f"{where} cannot be used: {str(why).rstrip('.')}. {advice}")
