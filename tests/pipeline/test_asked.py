"""What somebody types into /find, against a parser that goes letter by letter."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.infra.errors import Refusal
from tidegate.pipeline.asked import OPERATORS, Asked, read
from tidegate.signals.fingerprints.skeleton import skeleton

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PIECES = st.sampled_from(
    ["a", "bomb", " ", "  ", '"', "author:", "lang:", "x:", "de", ":", "http://h/p", "12:30", "é", "-"]
)  # fmt: skip


def slowly(typed: str) -> list[tuple[str, str]] | None:
    """(operator, value) of each part, letter by letter; None for what is refused as it stands."""
    parts: list[tuple[str, str]] = []
    rest = typed
    while rest := rest.lstrip():
        name = ""
        head = rest.split('"')[0].split()[0] if rest.split('"')[0].split() else ""
        before, colon, after = head.partition(":")
        is_name = before[:1].isalpha() and all(one.isalnum() or one == "_" for one in before)
        if colon and is_name and not rest.startswith('"') and not after.startswith("//"):
            name, rest = before.lower(), rest[len(before) + 1 :]
        if rest.startswith('"'):
            value, closed, rest = rest[1:].partition('"')
            if not closed:
                return None
        else:
            value = ""
            while rest and not rest[0].isspace() and rest[0] != '"':
                value, rest = value + rest[0], rest[1:]
        parts.append((name, value.strip()))
    return parts


@given(st.lists(PIECES, max_size=8).map("".join))
def test_parts_are_those_of_a_slow_reader(typed: str) -> None:
    expected = slowly(typed)
    asked = read_or_none(typed)
    if asked is None:
        assert is_wrong(expected)
        return
    assert expected == list(asked.said)
    words = [skeleton(value) for name, value in asked.said if not name]
    assert list(asked.needles) == list(dict.fromkeys(words))


def read_or_none(typed: str) -> Asked | None:
    try:
        return read(typed, NOW)
    except Refusal:
        return None


def is_wrong(parts: list[tuple[str, str]] | None) -> bool:
    """Whether there is a cause to refuse what the slow reader made out."""
    names = [name for name, _ in parts or [] if name]
    return (
        parts is None
        or not set(names) <= OPERATORS.keys()
        or len(names) > len(set(names))
        or any(not value or (not name and not skeleton(value)) for name, value in parts)
        or any(
            name == "lang" and not (value.isalpha() and value.isascii() and len(value) <= 8)
            for name, value in parts
        )
    )


def test_every_operator_is_read() -> None:
    id = UUID("0190a5c4-0000-7000-8000-000000000001")
    asked = read(
        f'author:"anna b" platform:forum lang:pt-BR label:"armed attack" outcome:Restrict by:me entry:{id}'
        f" sha256:{'aB' * 32} before:2026-02-01 after:7d",
        NOW,
    )
    assert (asked.author, asked.platform, asked.lang) == ("anna b", "forum", "pt-BR")
    assert (asked.label, asked.outcome, asked.by, asked.entry) == (
        "armed_attack",
        "restrict",
        "me",
        id,
    )
    assert asked.sha256 == b"\xab" * 32
    assert asked.before == datetime(2026, 2, 1, tzinfo=UTC)
    assert asked.after == NOW - timedelta(days=7)
    assert read("after:2026-01-31T08:00:00+01:00", NOW).after == datetime(
        2026, 1, 31, 7, tzinfo=UTC
    )
    assert read("„am Platz“ morgen", NOW).needles == ("am platz", "morgen")
    assert read("", NOW).is_empty


@pytest.mark.parametrize(
    ("typed", "got"),
    [
        ("autor:anna", "autor:"),
        ("author:", "author:"),
        ('author:""', "author:"),
        ('"no end', '"no end'),
        ("!!!", "!!!"),
        ("sha256:abc", "sha256:abc"),
        ("entry:7", "entry:7"),
        ("outcome:eat", "outcome:eat"),
        ("before:yesterday", "before:yesterday"),
        ("before:9999999999w", "before:9999999999w"),
        ("after:2026-02-30", "after:2026-02-30"),
        ("after:2026-01-31T08:00:00", "after:2026-01-31T08:00:00"),
        ("lang:!", "lang:!"),
        ("platform:a/b", "platform:a/b"),
        ("by:a by:b", "by: twice"),
        (" ".join(f"w{n}" for n in range(33)), "33"),
        ("x" * 513, "513"),
    ],
)
def test_what_cannot_be_looked_for_is_said(typed: str, got: str) -> None:
    with pytest.raises(Refusal) as refused:
        read(typed, NOW)
    assert refused.value.status == 422
    assert [(one.pointer, one.got) for one in refused.value.errors] == [("q", got)]
