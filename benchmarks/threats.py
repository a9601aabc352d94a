"""Threats to life: how many ring, what rings that is none, and how fast: `make bench-threats`.

The set is a file of lines {"text","language","threat","level","kind"}: FILE, else the held-back part where it is
at hand, else the development part. Of it only totals are told, by language and kind, never a text: the held-back
part stays unseen by whoever writes patterns. What `threat` is null counts as neither; what is of level `low` is
not asked to ring. False alarms besides: the disaster messages, the tweets of CrisisLex and whole articles of Wikinews.
"""

import csv
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from os import environ
from pathlib import Path
from typing import NamedTuple

from benchmarks import report
from tidegate.intake.threats.data import sources
from tidegate.intake.threats.model import Level, rings
from tidegate.intake.threats.reading import load_threat_pack
from tidegate.intake.threats.screen import Screen

QUICK = bool(environ.get("QUICK"))
ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"
SETS = ROOT / "tests" / "data" / "threats"
CORPORA = (
    ("disaster messages", "tips/disaster_messages_dev.csv", "message"),
    ("CrisisLex tweets", "tips/crisislex_t26_dev.csv", "text"),
    ("Wikinews articles", "text/wikinews_2019.csv", "text"),
)
LANGUAGES = {"en": "English", "fr": "French", "de": "German", "ar": "Arabic"}
NAMES = {"recall": "of threats rung, %", "false": "of what looks like one rung, %"}


class Case(NamedTuple):
    """A text of the set: whether it is to ring (None: it does not count)."""

    text: str
    language: str
    kind: str
    wanted: bool | None


def main(words: list[str]) -> None:
    """Measure, print, and unless QUICK is set write results and tables."""
    path = next((one for one in map(Path, words) if one.exists()), _default())
    packs = [load_threat_pack(text, where) for where, text in sources().items()]
    started = time.process_time()
    screen = Screen(packs)
    print(f"made in {time.process_time() - started:.1f} s of processor time")
    lines = [*_recall(screen, path)] if path else []
    false = [*_false_alarms(screen)]
    speed = [*_speed(screen)]
    for line in [*lines, *false, *speed]:
        print(f"{line.case:34} {line.metric:44} {line.value:10,.2f} {line.unit}")
    if QUICK or len(false) < 2 * len(CORPORA):
        return
    report.write("threats", [*lines, *false, *speed])
    for name, some in (("recall", lines), ("false", false), ("speed", speed)):
        if some:
            shown = [one for one in some if not one.case.startswith("kind ")]
            report.tabulate(f"threats-{name}", shown, "threats.md")


def _default() -> Path | None:
    return next(
        (one for name in ("held", "dev") if (one := SETS / f"{name}.ndjson").exists()), None
    )


def _cases(path: Path) -> Iterator[Case]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            one = json.loads(line)
            wanted = one["threat"]
            if wanted and one.get("level") == "low":
                wanted = None
            yield Case(one["text"], one["language"], one.get("kind", ""), wanted)


def _recall(screen: Screen, path: Path) -> Iterator[report.Line]:
    asked: Counter[tuple[str, bool]] = Counter()
    rung: Counter[tuple[str, bool]] = Counter()
    for case in _cases(path):
        if case.wanted is None:
            continue
        found = screen.screen(case.text, case.language)
        language = LANGUAGES.get(case.language, case.language)
        for key in (language, "all", f"kind {case.kind}"):
            asked[key, case.wanted] += 1
            rung[key, case.wanted] += rings(found and found.level)
    part = "held back" if path.stem.startswith("held") else path.stem
    for (key, wanted), n in sorted(asked.items(), key=lambda one: (one[0][0] == "all", one[0])):
        name = NAMES["recall" if wanted else "false"]
        case = key if key.startswith("kind ") else f"{key}, {part}"
        yield _line(case, name.removesuffix(", %"), 100 * rung[key, wanted] / n, "%", n)


def _texts(file: str, column: str) -> list[str]:
    csv.field_size_limit(10_000_000)
    if not (path := DATA / file).exists():
        return []
    with path.open(encoding="utf-8", newline="") as opened:
        texts = [row[column] for row in csv.DictReader(opened)]
    return texts[::20] if QUICK else texts


def _false_alarms(screen: Screen) -> Iterator[report.Line]:
    for name, file, column in CORPORA:
        if texts := _texts(file, column):
            levels: list[Level] = [found.level for text in texts if (found := screen.screen(text))]
            rung = sum(rings(level) for level in levels)
            yield _line(name, "texts", len(texts), "", len(texts))
            yield _line(name, "rung", rung, "", len(texts))
            yield _line(name, "rung of 500", 500 * rung / len(texts), "", len(texts))


def _speed(screen: Screen) -> Iterator[report.Line]:
    """Texts a second of processor time, on one core: with words seen for the first time, and known ones."""
    for name, file, column in CORPORA:
        texts = _texts(file, column)[: 200 if QUICK else 5_000]
        if not texts:
            continue
        # Another screen, which knows none of their words yet.
        fresh = Screen([load_threat_pack(text, where) for where, text in sources().items()])
        yield _line(name, "the first time", _rate(fresh, texts), "texts/s", len(texts))
        yield _line(
            name, "again", max(_rate(fresh, texts) for _ in range(3)), "texts/s", len(texts)
        )
    million = "Nothing of note happened on the way to the market. " * 20_000
    for name, text in (
        ("a million characters", million[:1_000_000]),
        ("of a threat, repeated", "I will kill you with my gun. " * 35_000),
    ):
        started = time.process_time()
        screen.screen(text[:1_000_000])
        yield _line(name, "one text", time.process_time() - started, "s", 1)


def _rate(screen: Screen, texts: list[str]) -> float:
    started = time.process_time()
    for text in texts:
        screen.screen(text)
    return len(texts) / (time.process_time() - started)


def _line(case: str, metric: str, value: float, unit: str, n: int) -> report.Line:
    return report.Line(
        bench="threats",
        case=case,
        metric=metric,
        value=round(value, 3),
        unit=unit,
        n=n,
        threads=1,
        machine=report.machine(),
    )


if __name__ == "__main__":
    main(sys.argv[1:])
