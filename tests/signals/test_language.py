"""The language of a post where the platform names none: guessed when something asks for it, told as a guess."""

import subprocess
import sys
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from tests.policy.policy_examples import a_pack, a_rule

from tidegate.content.model import Content, ItemRow
from tidegate.pipeline.judge import Looked, facts_of
from tidegate.signals import language
from tidegate.signals.language import Language, guessed, language_of

AT = datetime(2026, 3, 1, tzinfo=UTC)
GERMAN = "Wir treffen uns morgen am Bahnhof und gehen dann zusammen in den Wald."


def content(**changes: Any) -> Content:
    values: dict[str, Any] = {
        "surface": "post",
        "publicness": "public",
        "author": "a",
        "created_at": AT,
    }
    return Content(**values | changes)


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("The museum shows what was painted on the walls of the old bridge.", "en"),
        (GERMAN, "de"),
        ("Встретимся завтра у реки и пойдём вместе домой.", "ru"),
        ("سنلتقي غدا عند النهر ثم نذهب معا إلى البيت", "ar"),
    ],
)
def test_a_guess_is_told_as_one(text: str, tag: str) -> None:
    found = guessed(text)
    assert (found.tag, found.ours) == (tag, True)
    assert 0.5 < found.confidence <= 1


def test_what_the_platform_says_stands_and_too_little_says_nothing() -> None:
    assert language_of(content(text=GERMAN, language="nl")) == Language("nl", 1.0)
    assert language_of(content(text="ok :-) 12345")) == language_of(content()) == Language()
    assert language_of(content(text=f"<p>{'<b></b>' * 9}{GERMAN}</p>")).tag == "de"


def facts(*conditions: str) -> Any:
    pack = a_pack(a_rule("one", *conditions))
    item = ItemRow(
        id=UUID(int=1), platform="p", external_id="x", publicness="public", author="a", revision=1,
        verdict="pass", sequence=0, restricted_by=None, received_at=AT, erased_at=None,
    )  # fmt: skip
    looked = Looked(item=item, content=content(text=GERMAN), digest=b"", codes=[], problems=[])
    return facts_of(pack, looked, [], "fast")


def test_a_rule_that_reads_the_language_gets_the_guess(monkeypatch: pytest.MonkeyPatch) -> None:
    for condition in ("item.language == 'de'", "item.language_confidence > 0.5"):
        asked = facts(condition).item
        assert (asked.language, asked.language_confidence > 0.9) == ("de", True)

    def none() -> None:
        raise AssertionError("nothing reads it")

    monkeypatch.setattr(language, "_identifier", none)
    unasked = facts("item.has_text").item
    assert (unasked.language, unasked.language_confidence) == ("", 0.0)


def test_it_is_not_loaded_before_it_is_asked_for() -> None:
    code = "import sys, tidegate.web.app, tidegate.pipeline.submit; sys.exit('py3langid' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
