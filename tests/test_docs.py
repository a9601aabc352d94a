"""The documentation is true: its API examples run, its generated pages are up to date."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.api import Api
from tidegate.cli.docs import pages

DOCS = Path(__file__).parent.parent / "docs"
_EXAMPLE = re.compile(r"```http\n(\w+) (\S+)\n(.*?)```\n```json (\d+)\n(.*?)```", re.S)


def _fill(text: str, values: dict[str, str]) -> str:
    return re.sub(r"\$(\w+)", lambda found: values.get(found[1], found[0]), text)


def _compare(expected: Any, got: Any, values: dict[str, str], path: str) -> None:
    """`"…"` is any value, `"$name"` one to remember, `"...": "…"` any further fields."""
    if expected == "…":
        return
    if isinstance(expected, str) and (named := re.fullmatch(r"\$(\w+)", expected)):
        assert values.setdefault(named[1], got) == got, path
    elif isinstance(expected, dict):
        more = expected.pop("...", None)
        assert isinstance(got, dict), path
        if more is None:
            assert set(expected) == set(got), path
        for key, value in expected.items():
            _compare(value, got[key], values, f"{path}/{key}")
    elif isinstance(expected, list):
        assert isinstance(got, list), path
        assert len(expected) == len(got), path
        for index, value in enumerate(expected):
            _compare(value, got[index], values, f"{path}/{index}")
    else:
        assert expected == got, path


def test_the_examples_of_the_api_page_run(api: Api) -> None:
    examples = _EXAMPLE.findall((DOCS / "api.md").read_text())
    assert len(examples) >= 15
    values: dict[str, str] = {}
    for method, path, body, status, answer in examples:
        given = json.loads(_fill(body, values)) if body.strip() else None
        response = api.call(method, _fill(path, values), json=given)
        assert response.status_code == int(status), f"{method} {path}: {response.text}"
        if answer.strip():
            _compare(json.loads(answer), response.json(), values, f"{method} {path} ")


@pytest.mark.parametrize("name", sorted(pages()))
def test_generated_pages_are_up_to_date(name: str) -> None:
    assert (DOCS / name).read_text() == pages()[name], "run: make docs"


def test_the_threat_model_names_tests_that_are_there() -> None:
    named = re.findall(r"`(tests/\S+\.py)`", (DOCS.parent / "SECURITY.md").read_text())
    assert len(set(named)) >= 20
    assert [name for name in named if not (DOCS.parent / name).is_file()] == []
