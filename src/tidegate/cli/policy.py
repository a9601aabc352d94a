"""`tidegate policy`: check, store, activate and replay policy packs."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from tidegate.cli.context import DataDir, Json, existing, say, settings_of, transaction
from tidegate.cli.showing import bar
from tidegate.content.kept import count_kept, next_kept
from tidegate.infra.postgres import database_url
from tidegate.pipeline.instance import opened
from tidegate.pipeline.lookback.relook import look_again
from tidegate.pipeline.replay import stored_items
from tidegate.policy.actions import Why, activate_pack, ensure_default, store_pack
from tidegate.policy.data import default_source
from tidegate.policy.model import VERDICTS, promote
from tidegate.policy.queries import list_packs, pack_source
from tidegate.policy.reading import check_source, load_pack
from tidegate.policy.replay import replay as replay_pack

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="The rules that items are judged by."
)

LOOK_BACK_PAGE = 200  # items a transaction

Reason = Annotated[str, typer.Option(help="Why it goes into force, for the record")]
PackFile = Annotated[Path, typer.Argument(help="A policy pack in TOML", exists=True)]


@app.command()
def check(pack: PackFile, as_json: Json = False) -> None:
    """Check a pack; every problem with its file, line and column. Exit status 1 if there are any."""
    problems = check_source(pack.read_text(), str(pack))
    for problem in problems:
        print(msgspec.json.encode(problem).decode() if as_json else problem)
    if problems:
        raise typer.Exit(1)
    say(f"{pack} can be used.")


@app.command()
def load(
    pack: PackFile,
    data_dir: DataDir = None,
    activate: Annotated[bool, typer.Option("--activate", help="Judge by it from now on")] = False,
    reason: Reason = "",
) -> None:
    """Store a pack's version for ever; with --activate every process judges by it within a second."""
    if problems := check_source(pack.read_text(), str(pack)):
        for problem in problems:
            print(problem)
        raise typer.Exit(1)
    with transaction(data_dir, make=True) as tx:
        stored = store_pack(tx, pack.read_text(), str(pack))
        if activate:
            activate_pack(tx, stored.name, stored.version, Why(reason=reason))
    say(f"{stored.ident} is {'active' if activate else 'stored'}.")


@app.command()
def activate(
    ident: Annotated[str, typer.Argument(help="NAME@VERSION")],
    data_dir: DataDir = None,
    reason: Reason = "",
) -> None:
    """Judge by a stored version from now on."""
    with transaction(data_dir) as tx:
        activate_pack(tx, *_named(ident), Why(reason=reason))
    say(f"{ident} is active.")


@app.command()
def show(
    ident: Annotated[str | None, typer.Argument(help="NAME@VERSION of a stored pack")] = None,
    data_dir: DataDir = None,
) -> None:
    """Print a stored pack as it was written; without a name the one that an instance starts with."""
    if ident is None:
        print(default_source(settings_of(data_dir).data_dir), end="")
        return
    with transaction(data_dir) as tx:
        print(pack_source(tx, *_named(ident)), end="")


@app.command("list")
def list_(data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the stored versions."""
    with transaction(data_dir) as tx:
        ensure_default(tx, settings_of(data_dir).data_dir)
        found = list_packs(tx)
    for one in found:
        if as_json:
            print(msgspec.json.encode(one).decode())
        else:
            print(f"{one.ident}  {'active' if one.active else 'stored'}  {one.digest[:16]}")


@app.command()
def replay(
    pack: PackFile,
    data_dir: DataDir = None,
    since: Annotated[str, typer.Option(help="How far back: 30d, 12h, 90m")] = "30d",
    examples: Annotated[int, typer.Option(help="How many differing items to show")] = 20,
    as_json: Json = False,
) -> None:
    """Say what a draft would have decided on stored items. Nothing of it is carried out."""
    found = re.fullmatch(r"(\d{1,5})([dhm])", since)
    if found is None:
        raise typer.BadParameter("expected a number with d, h or m, e.g. 30d", param_hint="--since")
    unit = {"d": "days", "h": "hours", "m": "minutes"}[found[2]]
    draft = load_pack(pack.read_text(), str(pack))
    with transaction(data_dir) as tx:
        start = tx.now - timedelta(**{unit: int(found[1])})
        stored = stored_items(tx, promote(draft), start)
        report = replay_pack(stored, draft, examples=examples)
    if as_json:
        print(msgspec.json.encode(report).decode())
        return
    print(
        f"{report.pack} on {report.items} items: {report.different} would differ,"
        f" {report.errors} failed"
    )
    print("before \\ after " + " ".join(f"{verdict:>9}" for verdict in VERDICTS))
    for before, row in report.matrix.items():
        print(f"{before:>14} " + " ".join(f"{row[after]:>9}" for after in VERDICTS))
    for one in report.examples:
        print(f"{one.item}: {one.before} → {one.after} ({', '.join(one.rules) or 'no rule'})")


@app.command("look-back")
def look_back(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Judge every item that is kept anew, by the active pack and by what the banks hold now.

    Where that says more than before, an evaluation is appended and carried out. Safe to repeat.
    """
    settings = existing(settings_of(data_dir))
    with (
        database_url(settings.database_url, settings.data_dir) as url,
        opened(settings, url) as instance,
    ):
        with instance.database.begin("system:cli") as tx:
            total = count_kept(tx)
        looked = appended = after = 0
        with bar("items") as show:
            while True:
                with instance.database.begin("system:cli") as tx:
                    numbers = next_kept(tx, after, LOOK_BACK_PAGE)
                    appended += look_again(tx, instance, numbers, at_rules=True)
                if not numbers:
                    break
                looked, after = looked + len(numbers), numbers[-1]
                show(looked, total)
    if as_json:
        print(msgspec.json.encode({"looked": looked, "appended": appended}).decode())
    else:
        say(f"Looked at {looked} items again; {appended} say more than before.")


def _named(ident: str) -> tuple[str, int]:
    name, _, version = ident.rpartition("@")
    if not name or not version.isdigit():
        raise typer.BadParameter("expected NAME@VERSION, e.g. tvec@3")
    return name, int(version)
