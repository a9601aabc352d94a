"""Version numbers of packs and rules: which ones are taken by what is stored, and the next free ones. Pure.

A stored version never changes, and "rule 3 in version 2" must say what an evaluation was made by: so a pack
that differs from its stored version needs another number, and so does a rule whose outcome or conditions
differ. Its mode may change, and the texts for people.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, cast

import msgspec

from tidegate.policy.model import Pack, PackProblem
from tidegate.policy.source import Place, Source

_NUMBER = re.compile(r"""^[ \t]*(["']?)version\1[ \t]*=[ \t]*(?P<number>\d+)""", re.M)


class Taken(msgspec.Struct, frozen=True):
    """A number that is taken: the pack's own (`rule` None) or a rule's, by which stored version, and the
    next that is free. `index` is the rule's place in the file."""

    rule: str | None
    index: int
    number: int
    by: str
    free: int


class Renumbered(msgspec.Struct, frozen=True):
    """A source with free numbers in place of those that were taken."""

    source: str
    given: list[Taken]


def taken(pack: Pack, stored: Mapping[int, str]) -> list[Taken]:
    """The numbers in a pack that are taken by the stored versions of its name, the pack's own first."""
    found: list[Taken] = []
    if stored.get(pack.version, pack.source) != pack.source:
        by = f"{pack.name}@{pack.version}"
        found.append(Taken(None, 0, pack.version, by, max(stored) + 1))
    others = {number: source for number, source in stored.items() if source != pack.source}
    said = {number: list(_rules(source)) for number, source in sorted(others.items())}
    for index, rule in enumerate(pack.rules):
        same = [(n, one) for n, rules in said.items() for one in rules if one["name"] == rule.name]
        for number, one in same:
            says = (one["outcome"], one["when"])
            if one["version"] == rule.version and says != (rule.outcome, rule.sources):
                free = max([rule.version, *(other["version"] for _, other in same)]) + 1
                by = f"{pack.name}@{number}"
                found.append(Taken(rule.name, index, rule.version, by, free))
                break
    return found


def problems(pack: Pack, stored: Mapping[int, str], file: str) -> list[PackProblem]:
    """What is wrong with the numbers, each with its place."""
    return [_problem(Source(pack.source), one, file) for one in taken(pack, stored)]


def _problem(source: Source, one: Taken, file: str) -> PackProblem:
    section = source.section("rules", one.index) if one.rule else source.section("pack")
    place = source.key(section, "version") or Place(1, 1)
    what = "this rule says something else" if one.rule else "this pack is stored with another text"
    where = f" in {one.by}" if one.rule else ""
    return PackProblem(
        message=f"version {one.number} of {what}{where}",
        file=file,
        rule=one.rule,
        line=place.line,
        column=place.column,
        hint=f"give it `version = {one.free}`",
    )


def renumbered(pack: Pack, stored: Mapping[int, str]) -> Renumbered:
    """The pack's source with the next free number wherever one is taken, and nothing else changed. As it is
    where its numbers are written in a way that cannot be found in it."""
    source, given = pack.source, taken(pack, stored)
    places = Source(source)
    spans: list[tuple[int, int, str]] = []
    for one in given:
        section = places.section("rules", one.index) if one.rule else places.section("pack")
        found = section and _NUMBER.search(source, section.start, section.end)
        if not found:
            return Renumbered(source, [])
        spans.append((*found.span("number"), str(one.free)))
    new = source
    for start, end, number in sorted(spans, reverse=True):
        new = new[:start] + number + new[end:]
    return Renumbered(new, given) if _differs_by(source, new, given) else Renumbered(source, [])


def numbered(source: str, number: int) -> str | None:
    """The source of a pack with another version; None where its number cannot be found in it."""
    section = Source(source).section("pack")
    found = section and _NUMBER.search(source, section.start, section.end)
    if not found:
        return None
    start, end = found.span("number")
    new = source[:start] + str(number) + source[end:]
    return new if _differs_by(source, new, [Taken(None, 0, 0, "", number)]) else None


def _rules(source: str) -> Iterator[dict[str, Any]]:
    """The rules of a stored pack as they are written: it may be one that this program cannot load."""
    for one in cast("list[dict[str, Any]]", tomllib.loads(source).get("rules", [])):
        yield {"version": None, "outcome": None, "when": None} | one


def _differs_by(old: str, new: str, given: list[Taken]) -> bool:
    """Whether the new text says what the old one says, but for these numbers."""
    expected = tomllib.loads(old)
    for one in given:
        table = expected["rules"][one.index] if one.rule else expected["pack"]
        table["version"] = one.free
    try:
        return tomllib.loads(new) == expected
    except tomllib.TOMLDecodeError:
        return False
