"""`tidegate bank build` and `bank stats`: a bank in one file, for `tidegate match`.

No server and no database: neither reads nor changes the banks of an instance.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from tidegate.cli.listing import ListFormat, known
from tidegate.cli.showing import bar, plain, say, stop, stream

if TYPE_CHECKING:
    from tidegate.signals.standalone.bankstats import BankStats

app = typer.Typer(rich_markup_mode=None)


@app.command()
def build(
    paths: Annotated[list[Path], typer.Argument(help="Folders, files, lists of codes")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The bank file to make or replace")],
    name: Annotated[str | None, typer.Option(help="The bank's name; else the file's")] = None,
    min_quality: Annotated[
        int | None, typer.Option(min=0, max=100, help="Leave out codes in lists below it; else 50")
    ] = None,
    format: ListFormat = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, help="Processes that decode; else one a processor")
    ] = None,
) -> None:
    """Make a bank file of folders of files (each an entry, named by its file) and lists of codes (as
    `bank import` takes them; each an entry, named by its code). Hidden files in a folder are left out.
    Exit status 2, with nothing written, when anything could not be read; 1 when there is no entry."""
    from tidegate.signals import BuildError, DecoderDown, build_bank

    try:
        with bar("done") as progress:
            built = build_bank(
                paths,
                out,
                name=name,
                min_quality=min_quality,
                format=known(format),
                workers=workers,
                progress=progress,
            )
    except BuildError as error:
        for path, text in error.problems:
            say(f"{plain(path)}: {plain(text)}")
        say(f"tidegate: {plain(str(out))} was not written")
        raise typer.Exit(2) from error
    except OSError as error:
        stop(error, f"{out} cannot be written")
    except (DecoderDown, KeyboardInterrupt) as error:
        stop(error)
    for path, text in built.notes:
        say(f"{plain(path)}: {plain(text)}")
    about = built.about
    repeated = f"; {about.repeated:,} repeated lines" if about.repeated else ""
    say(f"{about.files:,} entries of files, {about.listed:,} of lists{repeated}")
    if not about.files + about.listed:
        say(f"{plain(str(out))} is empty: it matches nothing")
        raise typer.Exit(1)


@app.command()
def stats(
    file: Annotated[Path, typer.Argument(help="A bank file")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object")] = False,
) -> None:
    """What is in a bank file, how large it is, and what looks odd about it."""
    from tidegate.signals.standalone.bankfile import BankFile, BankFileError
    from tidegate.signals.standalone.bankstats import statistics

    try:
        found = statistics(BankFile.open(file))
        out = stream(sys.stdout, "standard output")
        print(msgspec.json.encode(found).decode() if as_json else _as_text(found), file=out)
        out.flush()
    except (BankFileError, OSError, KeyboardInterrupt) as error:
        stop(error)


def _as_text(found: "BankStats") -> str:
    lines = [
        f"{plain(found.bank)}: {found.entries:,} entries, {found.bytes:,} bytes",
        f"  {found.files:,} of files, {found.listed:,} of lists",
    ]
    for kind, one in found.kinds.items():
        lines.append(f"  {kind}: {one.codes:,} codes, {one.bytes_per_code:,.0f} bytes each")
        if one.near_constant:
            told = "near-constant: they match what they do not know"
            lines.append(f"    {one.near_constant:,} {told}")
        if one.near_others:
            lines.append(f"    {one.near_others:,} of {one.sampled:,} looked at are near another")
    lines += [f"  {kind}: {count:,} values" for kind, count in found.values.items()]
    if found.low_quality:
        lines.append(f"  {found.low_quality:,} codes of low quality were left out")
    return "\n".join(lines)
