"""`tidegate bank import` and `export`: whole lists into a bank and out of it.

A file is read as a stream and taken in batches, each a transaction of its own that also notes how
far it came: killed at any time, the same command goes on.
"""

import hashlib
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, BinaryIO, TextIO

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from tidegate.cli.context import DataDir, Json, database_of, say, settings_of
from tidegate.cli.listing import known
from tidegate.cli.showing import stop
from tidegate.infra.db import UNAVAILABLE, Database
from tidegate.infra.wording import sentence
from tidegate.signals.banks.imports import (
    Job,
    Reached,
    export_entries,
    finish_import,
    import_batch,
    reached,
)
from tidegate.signals.entry import Labels, ListEntry
from tidegate.signals.fingerprints.door import ACCEPTS_WIDER
from tidegate.signals.fingerprints.url import use as use_aliases
from tidegate.signals.lists import FORMATS, opened
from tidegate.signals.lists.encoding import told
from tidegate.signals.lists.format import HEAD_BYTES, Broken, Format, Read, Reading, read
from tidegate.signals.lists.plain import plain

ACTOR = "system:cli"

_BATCH = 10_000  # records a transaction
_BATCH_BYTES = 8 << 20
_SHOWN = 100  # bad lines that are told one by one
_SAY_SECONDS = 5.0
_EDGE = 1 << 20  # bytes at either end by which a file is known again

_WRITERS = [name for name, format in FORMATS.items() if format.write]

File = Annotated[Path, typer.Argument(help="The list", exists=True, dir_okay=False)]
Rejects = Annotated[
    Path | None, typer.Option(help="A file that gets every bad line's number and reason")
]


def import_(
    bank: str,
    file: File,
    format: Annotated[
        str | None, typer.Option(help=f"{', '.join(FORMATS)}; else known by its first lines")
    ] = None,
    confirmed: Annotated[
        bool, typer.Option("--confirmed", help="You vouch for the list: it may restrict at once")
    ] = False,
    label: Annotated[list[str] | None, typer.Option(help="For each entry; may be repeated")] = None,
    accept_wider: Annotated[
        bool,
        typer.Option(
            "--accept-wider", help="Take addresses of which only a part is compared, too (#…)"
        ),
    ] = False,
    rejects: Rejects = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Import a list. Killed at any time, run it again to go on. Bad lines are told by their number
    on standard error. Exit status 0; 1 when lines were bad, or there was no entry; 2 when it had to
    stop, or what the list holds is not said."""
    labels = _labels(label)
    if not file.is_file():
        raise typer.BadParameter("a file that can be read again from the middle", param_hint="FILE")
    if rejects is not None and rejects.exists() and rejects.samefile(file):
        raise typer.BadParameter("another file than the list", param_hint="--rejects")
    format = known(format)
    with ExitStack() as stack:
        source = stack.enter_context(file.open("rb"))
        identity = _identity(source)
        text, form, reading = _opened(stack, file, source, format)
        how = f"{form.name}, wider" if accept_wider else form.name
        job = Job(bank, identity, how, labels, confirmed)
        ACCEPTS_WIDER.set(accept_wider)
        settings = settings_of(data_dir)
        use_aliases(settings.data_dir)
        database = stack.enter_context(database_of(settings, make=True))
        with database.begin(ACTOR) as tx:
            start = reached(tx, job)
        taking = Taking(database, job, file, start, _size(text))
        if rejects is not None:
            mode = "a" if start.position else "w"
            taking.rejects = stack.enter_context(rejects.open(mode, encoding="utf-8"))
        if start.position:
            say(f"Going on after line {start.line:,}.")
        # A polite kill ends like Ctrl-C.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            taking.run(text, reading)
        except KeyboardInterrupt:
            say(f"Interrupted after line {taking.reached.line:,}. Run it again to go on.")
            raise typer.Exit(130) from None
        except Broken as broken:
            say(f"{file}:{broken.number}: {broken}. What came before is imported.")
            raise typer.Exit(2) from broken
        except UNAVAILABLE:
            say(f"Stopped after line {taking.reached.line:,}. Run it again to go on.")
            raise
        finally:
            taking.tell(as_json=as_json)
    raise typer.Exit(taking.status(form))


def export(
    bank: str,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Where to; else standard output")
    ] = None,
    format: Annotated[str, typer.Option(help=", ".join(_WRITERS))] = "ndjson",
    data_dir: DataDir = None,
) -> None:
    """Export a bank as it is at this moment. NDJSON has everything and can be imported again; CSV
    is for spreadsheets, a PDQ list has the codes of pictures only, and `threatexchange` is what its
    local_file exchange reads."""
    write = FORMATS[format].write if format in _WRITERS else None
    if write is None:
        raise typer.BadParameter(f"one of {', '.join(_WRITERS)}", param_hint="--format")
    draft = None if out is None else out.with_name(f"{out.name}.{os.getpid()}")
    count = 0
    with ExitStack() as stack:
        database = stack.enter_context(database_of(settings_of(data_dir)))
        found = export_entries(stack.enter_context(database.begin(ACTOR)), bank)
        target: TextIO = sys.stdout
        if draft is not None:
            stack.callback(draft.unlink, missing_ok=True)
            target = stack.enter_context(draft.open("w", encoding="utf-8", newline=""))
        target.write(FORMATS[format].heading)
        for entry in found:
            target.writelines(write(entry))
            count += 1
        target.flush()
        if draft is not None and out is not None:
            draft.replace(out)  # a reader sees the whole list or the one before
    say(f"{count:,} entries.")


class Taking:
    """One import: how far it is, and what it says meanwhile."""

    def __init__(self, database: Database, job: Job, file: Path, start: Reached, size: int) -> None:
        self.reached = start
        self.rejects: TextIO | None = None
        self._database = database
        self._job = job
        self._file = file
        self._start = start
        self._size = max(size, 1)
        self._shown = 0
        self._skipped: Counter[str] = Counter()
        self._guessed = 0
        self._began = self._said = time.monotonic()

    def run(self, source: BinaryIO, reading: Reading) -> None:
        """Take what is left of the file."""
        source.seek(self.reached.position)
        records = read(reading, source, self.reached.position, self.reached.line)
        columns = (
            SpinnerColumn(),
            BarColumn(),
            TextColumn("{task.fields[said]}"),
            TimeRemainingColumn(),
        )
        console = Console(stderr=True)
        # Where nobody watches, a line now and then serves better than a bar.
        silent = not console.is_terminal
        with Progress(*columns, console=console, transient=True, disable=silent) as progress:
            bar = progress.add_task("", total=self._size, said="")
            for batch in _batches(records, self.reached.position):
                self._take(batch, progress.console)
                progress.update(bar, completed=self.reached.position, said=self._counts())
                self._say_now_and_then(progress)
        with self._database.begin(ACTOR) as tx:
            finish_import(tx, self._job)

    def _take(self, batch: list[Read], console: Console) -> None:
        fresh: list[ListEntry] = []
        bad = skipped = 0
        for record in batch:
            if record.entry is not None:
                fresh.append(record.entry)
                self._guessed += record.guessed
            elif record.skipped is not None:
                skipped += 1
                self._skipped[record.skipped] += 1
            else:
                bad += 1
                self._bad(console, record)
        if self.rejects is not None:
            self.rejects.flush()
        before = self.reached
        after = msgspec.structs.replace(
            before,
            position=batch[-1].end,
            line=batch[-1].last,
            lines=before.lines + len(batch),
            bad=before.bad + bad,
            skipped=before.skipped + skipped,
        )
        with self._database.begin(ACTOR) as tx:
            after = import_batch(tx, self._job, fresh, before, after)
        self.reached = after

    def _bad(self, console: Console, record: Read) -> None:
        text = f"{self._file}:{record.number}: {record.problem}"
        if self.rejects is not None:
            print(text, file=self.rejects)
        self._shown += 1
        if self._shown <= _SHOWN:
            console.print(text, markup=False, highlight=False, soft_wrap=True)
        elif self._shown == _SHOWN + 1:
            console.print("… more lines were bad; they are counted, and written by --rejects.")

    def _counts(self) -> str:
        at = self.reached
        more = f", {at.skipped:,} skipped" if at.skipped else ""
        return (
            f"{at.added:,} added, {at.duplicates:,} duplicates, {at.bad:,} bad{more}"
            f" of {at.lines:,} lines"
        )

    def _say_now_and_then(self, progress: Progress) -> None:
        if progress.disable and time.monotonic() - self._said >= _SAY_SECONDS:
            self._said = time.monotonic()
            say(f"{self._counts()}, {100 * self.reached.position // self._size} % of the file")

    def tell(self, *, as_json: bool) -> None:
        """The result, on standard output."""
        at = self.reached
        for why, count in self._skipped.most_common():
            say(f"{count:,} skipped: {why}")
        if self._guessed:
            say(f"{self._file}: {told(self._guessed)}")
        if as_json:
            counts = {name: getattr(at, name) for name in _COUNTS}
            print(msgspec.json.encode({"bank": self._job.bank} | counts).decode())
            return
        now = at.lines - self._start.lines
        seconds = max(time.monotonic() - self._began, 1e-9)
        print(f"{self._counts()} ({now / seconds:,.0f} lines/s)")

    def status(self, form: Format) -> int:
        """The exit status, when all of the file was read; says so where it had nothing for the bank."""
        at = self.reached
        if at.added + at.duplicates:
            return 1 if at.bad else 0
        say(
            f"{self._file} holds no entry that a bank can take, so nothing was imported. {form.holds}"
        )
        return 1


_COUNTS = ("added", "duplicates", "bad", "skipped", "lines")


def _batches(records: Iterator[Read], start: int) -> Iterator[list[Read]]:
    """Records by transaction. What came before a broken end is a batch like any other."""
    batch: list[Read] = []
    try:
        for record in records:
            batch.append(record)
            if len(batch) >= _BATCH or record.end - start >= _BATCH_BYTES:
                yield batch
                batch, start = [], record.end
    except Broken:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _labels(given: list[str] | None) -> list[str]:
    try:
        return msgspec.convert(given or [], Labels)
    except msgspec.ValidationError as error:
        raise typer.BadParameter(sentence(error, Labels), param_hint="--label") from error


def _opened(
    stack: ExitStack, file: Path, source: BinaryIO, format: str | None
) -> tuple[BinaryIO, Format, Reading]:
    """The list as plain text, its format (named or recognised), and how it is read. Ends the command
    where the list is refused."""
    head = source.read(HEAD_BYTES)
    source.seek(0)
    try:
        text, head = plain(source, head, stack)
        return text, *opened(head, format)
    except ValueError as error:
        stop(error, str(file))
    except OSError as error:
        stop(error, "the temporary file of the unpacked list")


def _size(text: BinaryIO) -> int:
    size = text.seek(0, os.SEEK_END)
    text.seek(0)
    return size


def _identity(source: BinaryIO) -> bytes:
    """A digest that tells files apart without reading long ones: the size, and both ends."""
    size = source.seek(0, os.SEEK_END)
    source.seek(0)
    hashed = hashlib.sha256(b"%d:" % size + source.read(_EDGE))
    source.seek(max(size - _EDGE, 0))
    hashed.update(source.read(_EDGE))
    source.seek(0)
    return hashed.digest()
