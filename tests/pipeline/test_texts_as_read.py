"""What a reader sees of a post is looked up; it acts only where that is told to us and is the entry."""

from collections.abc import Callable
from typing import Any

import pytest

from tidegate.content.model import ItemRow, TextFormat
from tidegate.infra.clock import FakeClock
from tidegate.pipeline.instance import Instance
from tidegate.signals import fingerprints
from tidegate.signals.banks.actions import add_entry, create_bank
from tidegate.signals.banks.model import BankIn
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.model import Fingerprint

KNOWN = "join the armed fight on friday at the old bridge and bring the others with you"
PHRASE = "storm the depot"
Submit = Callable[..., tuple[ItemRow, dict[str, Any]]]


@pytest.fixture
def bank(instance: Instance) -> None:
    with instance.database.begin("user:curator@example.org") as tx:
        create_bank(tx, BankIn(name="known", stance="known", labels=["propaganda"]))
        codes = fingerprints.of_known_text(KNOWN)
        add_entry(tx, "known", codes, text=KNOWN, confirmed=True)
        phrase = Fingerprint("phrase", KINDS["phrase"].parse(PHRASE))
        add_entry(tx, "known", [phrase], confirmed=True)


def matches(answer: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [one for one in answer["evaluation"]["matches"] if one["kind"] == kind]


@pytest.mark.parametrize(
    ("text", "format", "verdict", "part"),
    [
        (KNOWN, None, "restrict", "text"),
        (f"<p>{KNOWN.replace(' ', '&nbsp;')}</p>", "html", "restrict", "text@seen"),
        (f"<p>{KNOWN.replace(' ', '&nbsp;')}</p>", None, "review", "text@read"),
        (f"**{KNOWN[:20]}**{KNOWN[20:]}", "markdown", "restrict", "text@seen"),
        (f"**{KNOWN[:20]}**{KNOWN[20:]}", None, "review", "text@read"),
        ("\u202e" + KNOWN[::-1], None, "review", "text@read"),
        ("\u202e" + KNOWN[::-1], "plain", "review", "text@read"),
        (KNOWN.replace(" ", "\u3164"), None, "review", "text@read"),
        ("".join(one + "\u0336" for one in KNOWN), None, "review", "text@read"),
        (KNOWN.translate(str.maketrans("aeio", "4310")), None, "review", ""),
        (".".join(KNOWN), None, "review", ""),
        (KNOWN.title().replace(" ", ""), None, "review", ""),
        ("something else that nobody knows, in <b>many</b> words", None, "pass", ""),
    ],
)
def test_a_known_text_as_it_is_seen(
    submit: Submit, bank: None, text: str, format: TextFormat | None, verdict: str, part: str
) -> None:
    _, answer = submit("post", text, text_format=format)
    assert answer["verdict"] == verdict
    assert [one["part"] for one in matches(answer, "text_sha256")] == ([part] if part else [])
    if verdict == "review":
        found = answer["evaluation"]["matches"]
        assert found
        assert len({(one["entry"], one["kind"]) for one in found}) == len(found)


NOT = "We condemn this: "
FOOTNOTE = "We condemn this."


@pytest.mark.parametrize(
    ("text", "format"),
    [
        (f"<p style='font-size:0.9em'>{NOT}</p>{KNOWN}", "html"),
        (f"<p style='display:none;display:block'>{NOT}</p>{KNOWN}", "html"),
        (f"<p style='display:none'>{NOT}</p>{KNOWN}", "html"),
        (f"<p hidden style='display:block'>{NOT}</p>{KNOWN}", "html"),
        (f"<p style='background:url(display:none)'>{NOT}</p>{KNOWN}", "html"),
        (f"<head>{NOT}</head>{KNOWN}", "html"),
        (f"<del>{KNOWN}</del>", "html"),
        (f"~~{KNOWN}~~", "markdown"),
        (f"{KNOWN}\n\n[^1]: {FOOTNOTE}", "markdown"),
        (f"{KNOWN}\n\n[never]: this is evil", "markdown"),
        (f"[{KNOWN}][{FOOTNOTE}]", "markdown"),
        (f"<div hidden>{NOT}</div>{KNOWN}", "markdown"),
    ],
)
def test_a_known_text_beside_what_a_reader_may_see_does_not_act(
    submit: Submit, bank: None, text: str, format: TextFormat
) -> None:
    _, answer = submit("post", text, text_format=format)
    assert answer["verdict"] == "review"


def test_what_surely_nobody_sees_saves_no_known_text(submit: Submit, bank: None) -> None:
    _, answer = submit("post", f"<p hidden>{NOT}</p><!-- x -->{KNOWN}", text_format="html")
    assert answer["verdict"] == "restrict"


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("<p>now storm&nbsp;the <b>depot</b></p>", "storm&nbsp;the <b>depot"),
        ("x \u202etoped eht mrots\u202c y", "toped eht mrots"),
        ("storm\u3164the\u3164depot", "storm\u3164the\u3164depot"),
        ("now storm&#160the&nbspdepot", "storm&#160the&nbspdepot"),
        ("we storm the depot", "storm the depot"),
        ("#StormTheDepot", "StormTheDepot"),
    ],
)
def test_a_match_says_where_in_the_post_the_phrase_is(
    submit: Submit, bank: None, text: str, span: str
) -> None:
    _, answer = submit("post", text)
    assert answer["verdict"] == "review"
    (match,) = matches(answer, "phrase")
    assert text[match["start"] : match["end"]] == span


def test_a_private_message_is_not_guessed_at(
    submit: Submit, bank: None, instance: Instance, clock: FakeClock
) -> None:
    _, answer = submit("note", f"<p>{KNOWN}</p>", publicness="private")
    assert answer["verdict"] == "pass"
    assert answer["evaluation"]["matches"] == []
