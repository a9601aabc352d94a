"""Facts and packs to test with."""

from datetime import UTC, datetime
from typing import Any

from tidegate.policy.facts import Facts, ItemFacts, ReportFacts, TextFacts
from tidegate.policy.model import Pack
from tidegate.policy.reading import load_pack
from tidegate.signals.model import Match

POSTED = datetime(2026, 3, 1, 12, tzinfo=UTC)


def an_item(**changes: Any) -> ItemFacts:
    values: dict[str, Any] = {
        "id": "post-1",
        "platform": "default",
        "surface": "post",
        "publicness": "public",
        "author": "a" * 32,
        "created_at": POSTED,
    }
    return ItemFacts(**values | changes)


def a_match(**changes: Any) -> Match:
    """A match that may restrict."""
    values: dict[str, Any] = {
        "part": "media/0",
        "bank": "attacks",
        "stance": "known",
        "entry": "e1",
        "labels": [],
        "kind": "sha256",
        "route": "digest",
        "distance": 0,
        "confirmed": True,
        "exact": True,
        "allowed": False,
    }
    return Match(**values | changes)


def some_facts(
    *matches: Match, reports: ReportFacts = ReportFacts(), text: str = "", **item: Any
) -> Facts:
    return Facts(an_item(**item), TextFacts(text, text.lower(), len(text)), list(matches), reports)


def a_rule(name: str, *when: str, outcome: str = "review", mode: str = "live") -> str:
    conditions = ", ".join(f"'''{condition}'''" for condition in when)
    return (
        f"[[rules]]\nname = '{name}'\nversion = 1\nmode = '{mode}'\noutcome = '{outcome}'\n"
        f"text = 'A rule.'\nwhen = [{conditions}]\n"
    )


HEAD = """\
[pack]
name = 'trial'
version = 1
ground = { kind = 'terms', reference = 'Terms, section 4' }
[labels.propaganda]
text = 'Propaganda.'
ground = { kind = 'law', reference = 'Some Act, section 1' }
"""


def a_source(*rules: str, version: int = 1, private: str = "") -> str:
    head = HEAD.replace("version = 1", f"version = {version}")
    return "\n".join([head, private, *rules])


def a_pack(*rules: str, private: str = "") -> Pack:
    return load_pack(a_source(*rules, private=private))
