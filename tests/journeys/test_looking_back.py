"""A real server's worker looks back by itself: for phrases, and when a date has come."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.api import item
from tests.serving import Served
from tests.waiting import until


@pytest.fixture
def client(served: Served) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {served.key(name='looking back')}"}
    with httpx.Client(base_url=served.url, headers=headers, timeout=30) as client:
        yield client


def call(client: httpx.Client, method: str, path: str, body: Any = None) -> Any:
    response = client.request(method, path, json=body)
    assert response.status_code < 300, response.text
    return response.json()


def becomes(client: httpx.Client, id: str, verdict: str) -> None:
    item = f"/v1/items/{id}"
    until(lambda: call(client, "GET", item)["verdict"] == verdict, f"a look back at {id}")


def test_phrases_and_dates_are_looked_back_for(client: httpx.Client) -> None:
    for id, text in (("harbour", "the northern harbour at night"), ("gate", "by the western gate")):
        call(client, "POST", "/v1/items", item(id, text=text))
    call(client, "POST", "/v1/banks", {"name": "words", "stance": "known"})
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    entries = "/v1/banks/words/entries"
    call(client, "PATCH", "/v1/banks/words", {"enabled": False})
    dated = call(client, "POST", entries, {"kind": "phrase", "value": "western gate"})["id"]
    call(client, "PATCH", f"{entries}/{dated}", {"disabled_until": soon})
    call(client, "PATCH", "/v1/banks/words", {"enabled": True})
    call(client, "POST", entries, {"kind": "phrase", "value": "northern harbour"})
    becomes(client, "harbour", "review")
    becomes(client, "gate", "review")
    assert call(client, "GET", f"{entries}/{dated}")["enabled"] is True
