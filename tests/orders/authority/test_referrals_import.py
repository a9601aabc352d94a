"""Referrals in bulk: lines of JSON, or rows of a table; what was referred before is told and not sent again."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.orders.drafting_by import delivered
from tests.orders.sides import FORUM, Side

from tidegate.cli import referrals
from tidegate.cli.backlog import Checkpoint
from tidegate.cli.importing import Import, Taken
from tidegate.infra.lines import Line

GIVEN = {"terms_cited": "Your section 4.", "reasons": "It praises an attack.", "language": "de"}
LINES = """{"to": "forum.example", "url": "https://forum.example/p/1"}
{"to": "forum.example", "urls": ["https://forum.example/p/2", "https://forum.example/p/3"]}
{"to": "nobody.example", "url": "https://forum.example/p/4"}
{"to": "forum.example"}
no JSON
"""
TABLE = """url,reasons
https://forum.example/p/1,
"https://forum.example/p/2","They say, ""come"",
and name a place."
"""


def run(bka: Side, file: Path, **more: str) -> list[Taken[Line]]:
    """Take a file as the command does; what became of each line."""
    seen: list[Taken[Line]] = []
    backlog = Import[Line](Checkpoint(file, "a test"), unit="line", told=seen.append)
    user, known = f"officer@{bka.id}", GIVEN | more
    with file.open("rb") as source:
        referrals._run(
            backlog,
            source,
            file.stat().st_size,
            lambda lines, parse: referrals._taken(bka.instance, user, known, lines, parse),
        )
    return seen


def test_lines_are_referred_and_what_is_none_is_told_by_its_place(
    bka: Side, forum: Side, tmp_path: Path
) -> None:
    file = tmp_path / "r.ndjson"
    file.write_text(LINES)
    seen = run(bka, file)
    assert [(one.entry.place, one.problem is None) for one in seen] == [
        ("line 1", True),
        ("line 2", True),
        ("line 3", False),
        ("line 4", False),
        ("line 5", False),
    ]
    assert bka.count("referrals") == 2
    assert bka.count("referral_items") == 3
    again = run(bka, file)
    assert [one.before for one in again[:2]] == ["referred", "referred"]
    assert bka.count("referrals") == 2


def test_rows_of_a_table_run_over_lines_and_what_is_ordered_is_told(
    bka: Side, forum: Side, tmp_path: Path
) -> None:
    delivered(bka)
    file = tmp_path / "r.csv"
    file.write_text(TABLE)
    first, second = run(bka, file, to=FORUM.id)
    assert (first.before, second.before) == ("ordered", None)
    (line,) = bka.get("/v1/referrals")["data"]
    shown = bka.get(f"/v1/referrals/{line['id']}")
    assert shown["reasons"] == 'They say, "come",\nand name a place.'


def test_an_import_that_was_stopped_goes_on(bka: Side, forum: Side, tmp_path: Path) -> None:
    file = tmp_path / "r.ndjson"
    file.write_text(LINES)

    async def stopped() -> None:
        with file.open("rb") as source:
            frames, parse = referrals._reading(source)
            lines = frames(0, 0)
            taken = referrals._taken(bka.instance, f"officer@{bka.id}", GIVEN, lines, parse)
            backlog = Import[Line](Checkpoint(file, "a test"), unit="line")

            async def broken(entries: Iterator[Line]) -> AsyncIterator[Taken[Line]]:
                yield await anext(taken)
                raise OSError("the disk is gone")

            with pytest.raises(OSError, match="disk"):
                await backlog.run(lines, broken, None)

    asyncio.run(stopped())
    assert bka.count("referrals") == 1
    seen = run(bka, file)
    assert seen[0].entry.number == 2
    assert bka.count("referrals") == 2


def test_who_may_not_refer_imports_nothing(bka: Side, forum: Side, tmp_path: Path) -> None:
    file = tmp_path / "r.ndjson"
    file.write_text(LINES)
    backlog = Import[Line](None, unit="line")
    with file.open("rb") as source:
        referrals._run(
            backlog,
            source,
            1,
            lambda lines, parse: referrals._taken(
                bka.instance, f"legal@{bka.id}", GIVEN, lines, parse
            ),
        )
    assert (backlog.reached.taken, backlog.reached.refused) == (0, 5)
    assert bka.count("referrals") == 0
