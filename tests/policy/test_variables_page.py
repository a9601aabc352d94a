"""The page of variables says what the types say."""

from pathlib import Path

from tidegate.policy.facts import MATCH_FIELDS
from tidegate.policy.variables import render_variables
from tidegate.signals.model import Match


def test_the_page_is_written_from_the_types() -> None:
    page = Path(__file__).parents[2] / "docs" / "policy-variables.md"
    assert page.read_text(encoding="utf-8") == render_variables()


def test_every_field_of_a_match_is_described() -> None:
    assert set(MATCH_FIELDS) == set(Match.__struct_fields__)
