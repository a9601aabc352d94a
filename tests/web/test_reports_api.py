"""Many reports on one item, as the API and the pages show them."""

import re
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
from tests.api import Api
from tests.web.visitor import Visitor

from tidegate.infra.clock import FakeClock

SENT = 105


def report(api: Api, number: int, **fields: Any) -> dict[str, Any]:
    body = {
        "id": f"report-{number}",
        "item_id": "post-1",
        "channel": "user",
        "reason": "terrorism",
        "comment": f"comment {number:03}",
        "reporter": "one person",
        "created_at": "2025-12-31T23:00:00Z",
    }
    answer = api.post("/v1/reports", body | fields)
    assert answer.status_code == 201, answer.text
    return answer.json()


AGAIN = """
    INSERT INTO reports (id, platform, external_id, item_id, case_id, channel, reason, comment, reporter,
        counts, digest, created_at, received_at)
    SELECT gen_random_uuid(), platform, 'report-' || n, item_id, case_id, channel, reason,
        'comment ' || lpad(n::text, 3, '0'), reporter, false, digest, created_at,
        received_at + n * interval '1 second'
    FROM reports, generate_series(1, :last) AS n
"""


@pytest.fixture
def case(api: Api) -> str:
    """A case that one person and another have reported, the one many times."""
    api.submit(text="a text")
    report(api, 0)
    with api.instance.database.begin() as tx:
        tx.execute(sa.text(AGAIN), {"last": SENT - 2})
    clock = api.instance.clock
    assert isinstance(clock, FakeClock)
    clock.advance(SENT)
    return report(api, SENT - 1, reporter="another")["case"]


def test_a_case_with_many_reports_is_read_by_the_page(api: Api, case: str) -> None:
    expected = [f"report-{number}" for number in range(SENT)]
    detail = api.get(f"/v1/cases/{case}").json()
    assert detail["reports"] == 2
    assert [one["id"] for one in detail["reported"]] == expected[:50]
    record = api.get("/v1/items/post-1").json()
    assert record["reports"] == detail["reported"]
    assert record["reports_next"] == detail["reported_next"]

    found, cursor = [*detail["reported"]], detail["reported_next"]
    while cursor is not None:
        page = api.get(f"/v1/cases/{case}/reports?cursor={cursor}&limit=30").json()
        found += page["data"]
        cursor = page["next"]
    assert [one["id"] for one in found] == expected
    counted = [one["id"] for one in found if one["counts"]]
    assert counted == [expected[0], expected[-1]]
    whole = api.get(f"/v1/cases/{case}/reports?limit={SENT}").json()
    assert (whole["data"], whole["next"]) == (found, None)

    for path in (f"/v1/cases/{case}/reports?cursor=nonsense", "/v1/cases/nothing/reports"):
        assert api.get(path).status_code in (404, 422)
    assert api.get(f"/v1/cases/{case}/reports", key=api.key("items:read")).status_code == 403

    person = Visitor(api.instance, api.client, "reviewer")
    first = person.get(f"/cases/{case}").text
    shown = re.findall(r"comment (\d+)", first)
    assert shown == [f"{SENT - 1 - place:03}" for place in range(len(shown))]  # the newest first
    assert "Reported by 2 voices" in first
    assert re.findall(r"comment \d+", person.get(f"/cases/{case}?reports=nonsense").text) == []
    more = r'href="(\?[^"#]*)#reports">More reports'
    seen, link = len(shown), re.search(more, first)
    while link:
        text = person.get(f"/cases/{case}{unescape(link[1])}").text
        seen += len(re.findall(r"comment \d+", text))
        link = re.search(more, text)
    assert seen == SENT
    own = api.instance.database
    with own.begin() as tx:
        item = tx.connection.exec_driver_sql("SELECT id FROM items").scalar_one()
    assert f'href="/cases/{case}#reports"' in person.get(f"/items/{item}").text


def test_a_report_from_the_future_is_taken_and_noted(api: Api) -> None:
    api.submit(text="a text")
    claim = {"created_at": "2099-01-01T00:00:00Z"}
    first = report(api, 1, **claim)
    note = "time-claim (created_at says 2099-01-01 00:00:00 UTC)"
    assert first["problems"] == [note]
    assert report(api, 1, **claim) == first  # sent again
    (shown,) = api.get(f"/v1/cases/{first['case']}").json()["reported"]
    assert (shown["problems"], shown["created_at"]) == ([note], shown["received_at"])
