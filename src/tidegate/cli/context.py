"""What every command needs: the settings of its instance, and a transaction on its database."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tidegate.cli.showing import say as say
from tidegate.infra.settings import Settings, SettingsError, load_settings

if TYPE_CHECKING:
    from tidegate.infra.db import Database, Tx

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir", help="Where the instance lives (else TIDEGATE_DATA_DIR, else var/tidegate)"
    ),
]
_ADDRESS_FILE = "address"

AppRole = Annotated[
    str | None,
    typer.Option(
        "--app-role",
        help="The role that serves, on a server of your own: it may then do that, and no more",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON with everything there is to say")]


def settings_of(
    data_dir: Path | None,
    *,
    host: str | None = None,
    port: int | None = None,
    database_url: str | None = None,
) -> Settings:
    """The settings, with the command line's words on top."""
    return load_settings(data_dir, host=host, port=port, database_url=database_url)


def existing(settings: Settings) -> Settings:
    """The same settings, if there is an instance where they say: a mistyped --data-dir makes no new one.
    Raises SettingsError."""
    from tidegate.infra.postgres.place import find_place

    if not settings.database_url and find_place(settings.data_dir) is None:
        raise SettingsError(
            f"There is no instance in {settings.data_dir}, and nothing was made there. Name its --data-dir"
            " (or TIDEGATE_DATA_DIR); `tidegate serve` makes a new one."
        )
    return settings


@contextmanager
def database_of(settings: Settings, *, make: bool = False) -> Generator["Database"]:
    """The instance's database, whether its server runs or not; migrated. Only with `make` a new one is
    made where there is none. Raises SettingsError."""
    # Imported here: the supervisor of `serve` needs none of it, and is to stay small.
    from tidegate.infra.clock import clock_beside
    from tidegate.infra.db import Database
    from tidegate.infra.migrations import migrate_own
    from tidegate.infra.postgres import database_url

    if not make:
        existing(settings)
    with database_url(settings.database_url, settings.data_dir) as url:
        migrate_own(settings, url)
        database = Database(url, clock_beside(settings.data_dir), pool_size=4)
        try:
            yield database
        finally:
            database.close()


@contextmanager
def transaction(data_dir: Path | None, *, make: bool = False) -> Generator["Tx"]:
    """One transaction on the instance of `data_dir`, in the operator's name; `make` as above."""
    with (
        database_of(settings_of(data_dir), make=make) as database,
        database.begin("system:cli") as tx,
    ):
        yield tx


def note_address(settings: Settings) -> None:
    """Note where people reach the web process of these settings, which may be set for it alone: the links
    that other commands print point there."""
    address = settings.public_url or f"http://{settings.host}:{settings.port}"
    (settings.data_dir / _ADDRESS_FILE).write_text(f"{address}\n")


def was_served(settings: Settings) -> bool:
    """Whether there was a web process before."""
    return (settings.data_dir / _ADDRESS_FILE).exists()


def address_of(settings: Settings) -> str:
    """The address that people reach the pages under, without a slash at the end: `public_url`, else what
    the web process noted last."""
    address = settings.public_url
    if not address:
        try:
            address = (settings.data_dir / _ADDRESS_FILE).read_text().strip()
        except FileNotFoundError:
            address = f"http://{settings.host}:{settings.port}"
    return address.rstrip("/")
