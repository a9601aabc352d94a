"""`tidegate cluster`: which texts of a file are near-duplicates, and which are about one thing. No server,
no database.

Standard output has the answer; standard error the progress, each bad line, and a word at the end.
"""

import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, cast

import msgspec
import typer

from tidegate.cli.showing import bar, plain, say, stop, stream

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from tidegate.triage.batch import Clustered, Part
    from tidegate.triage.ndjson import Among

_SHOWN = 10  # of the largest clusters and stories
_SAMPLE = 100  # characters
_EVERY = 100_000  # texts: so often a log hears of it
_AT_ONCE = 4096  # lines


def cluster(
    file: Annotated[
        Path,
        typer.Argument(
            help="An object a line: id, text and, if known, created; - is standard input"
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object a line")] = False,
) -> None:
    """Find near-duplicates (clusters) and what is about one thing (stories) among the texts of a file. Exit
    status: 0, or 2 where there was a problem (what could be read was clustered, and is printed)."""
    from tidegate.triage.batch import Batch
    from tidegate.triage.ndjson import read_texts

    try:
        with ExitStack() as stack:
            out = stream(sys.stdout, "standard output")
            if str(file) == "-":
                source = stream(sys.stdin, "standard input").buffer
            else:
                source = stack.enter_context(file.open("rb"))
            look = _Look(stack.enter_context(bar("texts")), keep=not as_json)
            told = Batch().take(read_texts(cast("BinaryIO", source)), look)
            if as_json:
                for start in range(0, len(told), _AT_ONCE):
                    some = told[start : start + _AT_ONCE]
                    print("\n".join(_as_json(some, start, look.numbered)), file=out)
            else:
                print("\n".join(_as_text(told, look.samples)), file=out)
            out.flush()
    except (OSError, MemoryError, KeyboardInterrupt) as error:
        stop(error)
    clusters, stories = len({one.cluster for one in told}), len({one.story for one in told})
    problems = f"; {look.bad:,} bad lines" if look.bad else ""
    say(f"{len(told):,} texts: {clusters:,} clusters, {stories:,} stories{problems}")
    raise typer.Exit(2 if look.bad else 0)


class _Look:
    """Tells of each part that was clustered: its bad lines, how far it is; and keeps samples."""

    def __init__(self, progress: "Callable[[int, int], None]", keep: bool) -> None:
        self.bad = 0
        self.samples: dict[str, str] = {}
        self.numbered: set[int] = set()  # places of the texts whose ids are numbers
        self._progress, self._keep, self._done = progress, keep, 0

    def __call__(self, part: "Part[Among]", numbers: "NDArray[np.uint32]") -> None:
        for one in part.more.bad:
            self.bad += 1
            say(f"line {one.number}: {plain(one.reason)}")
        before, self._done = self._done, self._done + len(part.texts)
        self.numbered.update(before + place for place in part.more.numbered)
        self._progress(self._done, self._done)
        if not (sys.stderr and sys.stderr.isatty()) and before // _EVERY != self._done // _EVERY:
            say(f"{self._done:,} texts")
        if self._keep:
            for one in part.texts:
                self.samples.setdefault(one.id, one.text[:_SAMPLE])


def _as_json(some: "list[Clustered]", start: int, numbered: set[int]) -> list[str]:
    """The lines of texts from place `start` on; an id that was a number is one again."""
    encode = msgspec.json.Encoder().encode
    return [
        encode(
            {
                "id": int(one.id) if place in numbered else one.id,
                "cluster": one.cluster,
                "story": one.story,
            }
        ).decode()
        for place, one in enumerate(some, start)
    ]


def _as_text(told: "list[Clustered]", samples: dict[str, str]) -> list[str]:
    """The largest clusters and stories, each with how many texts it has and its first one."""
    lines: list[str] = []
    for title, names in (
        ("Largest clusters: copies of one text, also edited", [one.cluster for one in told]),
        ("Largest stories: about one thing", [one.story for one in told]),
    ):
        lines += ["", title] if lines else [title]
        for name, count in Counter(names).most_common(_SHOWN):
            sample = samples.get(name, samples.get(name.rpartition("#")[0], ""))
            lines.append(f"{count:>9,}  {plain(name)}  {plain(' '.join(sample.split()))}")
    return lines
