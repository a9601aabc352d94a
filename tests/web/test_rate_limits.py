"""How often a key may ask: told with every answer, refused beyond, and held up in a batch."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta

import msgspec
from starlette.testclient import TestClient
from tests.api import Api, item
from tests.web.live import Stream, live

from tidegate.access.actions import create_key, rotate_key
from tidegate.access.bounds import Bounds
from tidegate.infra.clock import FakeClock
from tidegate.infra.rates import Rate, read_rate
from tidegate.pipeline.house import SCOPES
from tidegate.pipeline.instance import Instance
from tidegate.web.app import create_app


@contextmanager
def limited(instance: Instance, rate: str | None) -> Generator[Api]:
    instance.settings = msgspec.structs.replace(instance.settings, rate_limit=rate)
    with TestClient(create_app(instance), base_url="http://tidegate") as client:
        yield Api(instance, client)


def make(instance: Instance, name: str, rate: Rate | None = None) -> str:
    with instance.database.begin() as tx:
        return create_key(tx, SCOPES, name, ["admin"], bounds=Bounds(rate=rate))[1]


def test_without_a_limit_nothing_is_counted_or_told(instance: Instance) -> None:
    with limited(instance, None) as api:
        answers = [api.get("/v1/cases") for _ in range(20)]
    assert {answer.status_code for answer in answers} == {200}
    assert not any("ratelimit" in name.lower() for name in answers[-1].headers)


def test_a_key_is_told_what_is_left_and_refused_beyond(
    instance: Instance, clock: FakeClock
) -> None:
    with limited(instance, "3/6s") as api:
        for left in (2, 1, 0):
            answer = api.get("/v1/cases")
            assert answer.status_code == 200
            assert answer.headers["ratelimit-policy"] == '"key";q=3;w=6'
            assert answer.headers["ratelimit"] == f'"key";r={left};t={6 - 2 * left}'
        refused = api.post("/v1/items", item(text="a text"))
        assert (refused.status_code, refused.json()["type"]) == (429, "/problems/rate-limited")
        assert refused.headers["retry-after"] == "2"
        assert refused.headers["ratelimit"] == '"key";r=0;t=2'
        assert refused.headers.get_list("ratelimit-policy") == ['"key";q=3;w=6']
        assert api.count("items") == 0
        clock.advance(1.9)
        assert api.get("/v1/nothing").status_code == 429
        clock.advance(0.1)
        assert api.get("/v1/nothing").status_code == 404
        assert api.get("/v1/nothing").status_code == 429


def test_the_limit_is_one_keys_whatever_its_secret_and_nobody_elses(instance: Instance) -> None:
    first = make(instance, "first")
    with instance.database.begin() as tx:
        _, rotated = rotate_key(tx, "first", timedelta(hours=1))
    fast = make(instance, "fast", read_rate("5/s"))
    with limited(instance, "2/m") as api:
        found = [api.get("/v1/cases", key=key).status_code for key in (first, rotated, first)]
        assert found == [200, 200, 429]
        assert api.get("/v1/cases").status_code == 200, "another key has its own"
        statuses = [api.get("/v1/cases", key=fast).status_code for _ in range(6)]
        assert statuses == [200] * 5 + [429], "its own limit goes before the setting's"
        for path in ("/healthz", "/readyz", "/openapi.json"):
            for _ in range(4):
                answer = api.get(path, key=first)
                assert (answer.status_code, "ratelimit" in answer.headers) == (200, False), path
        wrong = api.get("/v1/cases", key=f"{first}0")
        assert (wrong.status_code, "ratelimit" in wrong.headers) == (401, False)


def test_a_key_with_a_limit_has_it_also_where_the_setting_has_none(instance: Instance) -> None:
    slow = make(instance, "slow", read_rate("1/m"))
    with limited(instance, None) as api:
        assert [api.get("/v1/cases", key=slow).status_code for _ in range(2)] == [200, 429]
        assert api.get("/v1/cases").status_code == 200


def test_the_lines_of_a_batch_count_and_wait_for_their_turn(
    instance: Instance, clock: FakeClock
) -> None:
    """Twenty at once: the request, and nineteen of its lines. The rest is taken as the time comes."""
    key = make(instance, "stream", read_rate("20/s"))
    with (
        live(instance) as port,
        Stream(port, key, "/v1/items/batch", "application/x-ndjson") as stream,
    ):
        lines = [json.dumps(item(f"post-{n}", text="a text")) for n in range(25)]
        stream.send("\n".join([*lines[:10], "", *lines[10:], ""]).encode())
        stream.end()
        answers = stream.lines()
        assert [next(answers)["status"] for _ in range(19)] == [200] * 19
        assert stream.headers["ratelimit"] == '"key";r=19;t=1'
        with instance.database.begin() as tx:
            taken = tx.connection.exec_driver_sql("SELECT count(*) FROM items").scalar_one()
        assert taken == 19
        clock.advance(0.25)
        assert [next(answers)["status"] for _ in range(5)] == [200] * 5
        clock.advance(0.05)
        assert [one["index"] for one in answers] == [24]
