"""How fast pictures become PDQ codes, beside pdqhash and the threatexchange library that builds on
it: `make bench-media`.

Every picture of the demo, at two sizes: its decoded pixels to a code, and its JPEG file to a code,
which is what a decoding worker does with a file. First all codes and qualities must be equal; then
the sides take turns, each with all pictures one after another, as it would at work. Times are of the
calling thread, on which both compute: what else the machine does then counts little. QUICK=1 takes
fewer turns and prints.
"""

import io
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import msgspec
import numpy as np
from PIL import Image

from benchmarks import report
from benchmarks.peers import enter

BENCH = "media"
QUICK = os.environ.get("QUICK", "") not in ("", "0")
TURNS = 3 if QUICK else 15
SIZES = {(512, 512): 4, (2000, 1500): 7}
"""Width and height, and how many times as fast as threatexchange's a JPEG file is to be."""
TIMES_PDQHASH = 30
IMAGES = Path(__file__).parents[1] / "demo" / "images"


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Picture(NamedTuple):
    pixels: Any  # uint8 (height, width, 3)
    jpeg: bytes


class Task(NamedTuple):
    """One thing that both sides do; they answer with 64 hex digits and a quality."""

    name: str
    ours: Callable[[Picture], tuple[str, int]]
    peer: str
    theirs: Callable[[Picture], tuple[str, int]]


def pictures(size: tuple[int, int]) -> list[Picture]:
    """The demo's pictures, scaled to fill `size`, and as JPEG of the usual quality."""
    made: list[Picture] = []
    for path in sorted(IMAGES.glob("*.*g")):
        image = Image.open(path).convert("RGB").resize(size, Image.Resampling.LANCZOS)
        out = io.BytesIO()
        image.save(out, "JPEG", quality=85)
        made.append(Picture(np.asarray(image), out.getvalue()))
    return made[:: 3 if QUICK else 1]


def tasks() -> list[Task]:
    import pdqhash  # pyright: ignore[reportMissingImports]
    from threatexchange.signal_type.pdq.pdq_hasher import (  # pyright: ignore[reportMissingImports]
        pdq_from_bytes,
    )

    from tidegate.content.media.examining import examine
    from tidegate.content.media.model import MediaLimits
    from tidegate.signals.fingerprints.pdq import MIN_QUALITY, pdq
    from tidegate.signals.fingerprints.pixels import of_pixels

    limits = MediaLimits()

    def of_array(picture: Picture) -> tuple[str, int]:
        code, quality = pdq(picture.pixels)
        return code.hex(), quality

    def of_array_theirs(picture: Picture) -> tuple[str, int]:
        vector, quality = pdqhash.compute(picture.pixels)
        return np.packbits(vector).tobytes().hex(), quality

    def of_file(picture: Picture) -> tuple[str, int]:
        found = examine(picture.jpeg, "image/jpeg", limits, of_pixels).codes
        return (found[0].value.hex(), found[0].quality or 0) if found else ("", 0)

    def of_file_theirs(picture: Picture) -> tuple[str, int]:
        code, quality = pdq_from_bytes(picture.jpeg)
        return (code, quality) if quality >= MIN_QUALITY else ("", 0)

    return [
        Task("pixels to code", of_array, "pdqhash", of_array_theirs),
        Task("JPEG file to code", of_file, "threatexchange", of_file_theirs),
    ]


def clock(run: Callable[[Picture], Any], picture: Picture) -> float:
    """Milliseconds that this thread computes."""
    began = time.thread_time_ns()
    run(picture)
    return (time.thread_time_ns() - began) / 1e6


def compare(task: Task, case: str, some: Sequence[Picture]) -> report.Line:
    """Raises RuntimeError unless both sides give the same codes and qualities."""
    for place, picture in enumerate(some):
        if task.ours(picture) != task.theirs(picture):
            raise RuntimeError(f"{case}, {task.name}: picture {place} has another code")
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(TURNS):
        theirs += [clock(task.theirs, picture) for picture in some]
        ours += [clock(task.ours, picture) for picture in some]
    own, peer = median(ours), median(theirs)
    say(f"{case}, {task.name}: {own:.2f} ms, {task.peer} {peer:.2f} ms, {peer / own:.1f} times")
    return report.Line(
        BENCH, case, task.name, round(own, 3), "ms", len(ours), 1, report.machine(),
        task.peer, round(peer, 3), round(peer / own, 1),
    )  # fmt: skip


def abreast(lines: Sequence[report.Line]) -> list[report.Line]:
    """The lines of a table that has the peers beside us."""
    rows: list[report.Line] = []
    for one in lines:
        change = msgspec.structs.replace
        rows += [
            one,
            change(one, metric=str(one.peer), value=one.peer_value or 0),
            change(one, metric=f"× {one.peer}", value=one.ratio or 0, unit=""),
        ]
    return rows


def main() -> None:
    enter("benchmarks.media", ["pdqhash==0.2.8", "threatexchange==1.2.17"])
    from tidegate.signals.native.library import describe

    say(f"kernels: {describe()}")
    lines: list[report.Line] = []
    bars: list[report.Bar] = []
    for size, times in SIZES.items():
        case = f"{size[0]}x{size[1]}"
        some = pictures(size)
        for task, aim in zip(tasks(), (TIMES_PDQHASH, times), strict=True):
            line = compare(task, case, some)
            lines.append(line)
            bars.append(report.Bar(f"{task.name}, {case}", line.ratio or 0, aim, "×"))
    for line in lines:
        print(msgspec.json.encode(line).decode())
    if QUICK:
        return
    say(f"wrote {report.write(BENCH, lines)}")
    say(f"filled in {report.tabulate(BENCH, abreast(lines), 'decoding.md')}")
    note = "Times as fast as pdqhash (pixels) and threatexchange (files). One thread each."
    say(f"drew {report.plot(BENCH, 'From pictures to PDQ codes', bars, note)}")


if __name__ == "__main__":
    main()
