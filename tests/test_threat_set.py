"""The labelled sentences for threats to life are what the script makes of the material, and keep their promises."""

import json
from collections import Counter

import pytest
from scripts.threat_set import LANGUAGES, PARTS, TARGET, alike, lines

ENOUGH_THREATS, ENOUGH_HARMLESS, ENOUGH_SENTENCES = 180, 120, 80  # by language and part


def rows(part: str) -> list[dict]:
    return [
        json.loads(line) for line in (TARGET / f"{part}.ndjson").read_text("utf-8").splitlines()
    ]


@pytest.mark.parametrize("part", PARTS)
def test_the_files_are_what_the_script_writes(part: str) -> None:
    assert (TARGET / f"{part}.ndjson").read_text("utf-8") == lines(part)


def test_the_parts_share_no_sentence_and_nothing_near_it() -> None:
    dev, held = ({row["text"] for row in rows(part)} for part in PARTS)
    assert not dev & held
    assert not list(alike())


@pytest.mark.parametrize("part", PARTS)
def test_each_language_has_enough_of_both_sides(part: str) -> None:
    all_rows = rows(part)
    assert len({row["id"] for row in all_rows}) == len(all_rows)
    for language in LANGUAGES:
        mine = [row for row in all_rows if row["language"] == language]
        threats = [row for row in mine if row["threat"] and row["level"] != "low"]
        assert len(threats) >= ENOUGH_THREATS
        assert len({row["base"] for row in threats}) >= ENOUGH_SENTENCES
        assert sum(row["threat"] is False for row in mine) >= ENOUGH_HARMLESS


@pytest.mark.parametrize("part", PARTS)
def test_a_level_stands_where_a_threat_does(part: str) -> None:
    for row in rows(part):
        assert (row["level"] is not None) == (row["threat"] is True), row["id"]
        assert (row["threat"] is None) == (row["kind"] == "self_harm"), row["id"]
        assert "*" not in row["text"] or row["variation"] == "disguised_starred", row["id"]


def test_no_variation_is_most_of_it() -> None:
    told = Counter(row["variation"] for part in PARTS for row in rows(part))
    assert told["none"] >= max(often for name, often in told.items() if name != "none")
