"""`tidegate threats`: the patterns that texts of reports are screened by for threats to life."""

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from tidegate.cli.context import DataDir, Json, say, settings_of, transaction
from tidegate.infra.postgres.place import find_place
from tidegate.intake.threats.actions import (
    ensure_threat_packs,
    live_threat_pack,
    shadow_threat_pack,
    store_threat_pack,
    withdraw_threat_pack,
)
from tidegate.intake.threats.data import sources
from tidegate.intake.threats.model import Threat, rings
from tidegate.intake.threats.queries import ScreenStore, list_threat_packs, threat_pack_source
from tidegate.intake.threats.reading import check_threat_pack, load_threat_pack
from tidegate.intake.threats.screen import Screen
from tidegate.intake.threats.trials import list_trials

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="The patterns that reports are screened by for threats to life.",
)

Name = Annotated[str, typer.Argument(help="The name of a threat pack, such as en")]
Version = Annotated[int, typer.Argument(help="Which of its stored versions", min=1)]
Reason = Annotated[str, typer.Option(help="Why, for the record")]
PackFiles = Annotated[list[Path], typer.Argument(help="Threat packs in TOML", exists=True)]
MOST_READ = 5_000_000
SHOWN_TRIALS = 20


@app.command()
def check(packs: PackFiles, as_json: Json = False) -> None:
    """Check packs; every problem with its file, line and column. Exit status 1 if there are any."""
    failed = False
    for pack in packs:
        problems = check_threat_pack(pack.read_text(), str(pack))
        for problem in problems:
            print(msgspec.json.encode(problem).decode() if as_json else problem)
        failed = failed or bool(problems)
        if not problems:
            say(f"{pack} can be used.")
    if failed:
        raise typer.Exit(1)


@app.command()
def load(
    packs: PackFiles,
    data_dir: DataDir = None,
    reason: Reason = "",
    shadow: Annotated[bool, typer.Option("--shadow", help="Try it beside what is live")] = False,
) -> None:
    """Store versions of packs for ever. What is live stays as it is."""
    found = [
        problem for pack in packs for problem in check_threat_pack(pack.read_text(), str(pack))
    ]
    if found:
        for problem in found:
            print(problem)
        raise typer.Exit(1)
    with transaction(data_dir, make=True) as tx:
        ensure_threat_packs(tx, settings_of(data_dir).data_dir)
        stored = [store_threat_pack(tx, pack.read_text(), str(pack)) for pack in packs]
        for one in stored if shadow else []:
            shadow_threat_pack(tx, one.name, one.version, reason)
    for one in stored:
        say(f"{one.ident} is {'in shadow' if shadow else 'stored'}.")


@app.command()
def shadow(name: Name, version: Version, data_dir: DataDir = None, reason: Reason = "") -> None:
    """Try a stored version beside what is live: recorded, and nothing acts on it."""
    with transaction(data_dir) as tx:
        shadow_threat_pack(tx, name, version, reason)
    say(f"{name}@{version} is in shadow.")


@app.command()
def live(
    name: Name,
    version: Version,
    data_dir: DataDir = None,
    reason: Reason = "",
    now: Annotated[
        bool, typer.Option("--now", help="Although patterns of it have never run in shadow")
    ] = False,
) -> None:
    """Screen by a stored version from now on. Patterns that are new must have run in shadow before."""
    with transaction(data_dir) as tx:
        live_threat_pack(tx, name, version, now=now, reason=reason)
    say(f"{name}@{version} is live.")


@app.command()
def withdraw(
    name: Name,
    data_dir: DataDir = None,
    reason: Reason = "",
    shadow: Annotated[bool, typer.Option("--shadow", help="Only what is in shadow")] = False,
) -> None:
    """Screen by no version of a pack any more, until one goes live again."""
    with transaction(data_dir) as tx:
        withdraw_threat_pack(tx, name, shadow=shadow, reason=reason)
    say(f"{name} is withdrawn{' from the shadow' if shadow else ''}.")


@app.command("list")
def list_(data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the stored versions, and which of them run."""
    with transaction(data_dir) as tx:
        ensure_threat_packs(tx, settings_of(data_dir).data_dir)
        found = list_threat_packs(tx)
    for one in found:
        if as_json:
            print(msgspec.json.encode(one).decode())
        else:
            print(f"{one.ident}  {one.state}  {one.digest[:16]}")


@app.command()
def show(
    name: Name,
    version: Annotated[int | None, typer.Argument(help="Else the one to start with")] = None,
    data_dir: DataDir = None,
) -> None:
    """Print a pack as it was written: a stored version, or the one that an instance starts with."""
    if version is not None:
        with transaction(data_dir) as tx:
            print(threat_pack_source(tx, name, version), end="")
        return
    for where, source in sources(settings_of(data_dir).data_dir).items():
        if Path(where).stem == name:
            print(source, end="")
            return
    raise typer.BadParameter(f"there is no pack {name} to start with", param_hint="NAME")


@app.command()
def trials(
    name: Annotated[str | None, typer.Argument(help="Of one in shadow, such as en@2")] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Say of which reports what runs in shadow would have said something else."""
    with transaction(data_dir) as tx:
        found = list_trials(tx, name)
    if as_json:
        for one in found:
            print(msgspec.json.encode(one).decode())
        return
    more = sum(rings(one.level) and not rings(one.live) for one in found)
    less = sum(rings(one.live) and not rings(one.level) for one in found)
    say(f"{len(found):,} differ: {more:,} more would ring, {less:,} would ring no more.")
    for one in found[:SHOWN_TRIALS]:
        levels = f"{one.live or 'no threat'} -> {one.level or 'no threat'}"
        print(f"{one.at:%Y-%m-%d %H:%M}  {one.report}  {levels}  {' '.join(one.patterns)}")


@app.command("try")
def try_(
    text: Annotated[str, typer.Argument(help="What somebody says; - reads standard input")],
    data_dir: DataDir = None,
    pack: Annotated[
        list[Path] | None, typer.Option("--pack", help="By these files alone", exists=True)
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what a text threatens, and what fired. Nothing of it is kept.

    By what is live in the instance; without one by the packs that an instance starts with.
    """
    said = sys.stdin.read(MOST_READ) if text == "-" else text
    found = _screen(data_dir, pack).screen(said)
    if as_json:
        print(msgspec.json.encode(found).decode())
        return
    print(_told(found))
    for one in found.because if found else []:
        shown = " ".join(one.text.split())
        print(f"{one.start}-{one.end}  {one.pattern}  {shown[:120]}")


def _screen(data_dir: Path | None, packs: list[Path] | None) -> Screen:
    if packs:
        return Screen([load_threat_pack(pack.read_text(), str(pack)) for pack in packs])
    settings = settings_of(data_dir)
    if settings.database_url or find_place(settings.data_dir):
        with transaction(data_dir) as tx:
            return ScreenStore().refresh(tx)
    return Screen([load_threat_pack(text, where) for where, text in sources(data_dir).items()])


def _told(found: Threat | None) -> str:
    if found is None:
        return "no threat"
    return f"{found.level}{', rings' if rings(found.level) else ''}"
