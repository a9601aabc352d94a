"""The packs that an instance starts with: shipped in `packs/`, and files of `policies/threats/` of the data
directory, which take the place of those of the same name and may be more.
"""

from importlib.resources import files
from pathlib import Path

from tidegate.infra.settings import SettingsError

PACKAGE = "tidegate.intake.threats"


def shipped() -> list[str]:
    """The names of the files that are shipped."""
    folder = files(PACKAGE).joinpath("packs")
    return sorted(one.name for one in folder.iterdir() if one.name.endswith(".toml"))


def sources(data_dir: Path | None = None) -> dict[str, str]:
    """The source of each pack to start with, by where it was read. Raises SettingsError."""
    found: dict[str, str] = {}
    own = {} if data_dir is None else _own(data_dir)
    for name in sorted({*shipped(), *own}):
        if path := own.get(name):
            try:
                found[str(path)] = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise SettingsError(f"{path} cannot be read: {error}") from None
        else:
            place = files(PACKAGE).joinpath(f"packs/{name}")
            found[str(place)] = place.read_text(encoding="utf-8")
    return found


def _own(data_dir: Path) -> dict[str, Path]:
    folder = data_dir / "policies" / "threats"
    return {one.name: one for one in sorted(folder.glob("*.toml"))}
