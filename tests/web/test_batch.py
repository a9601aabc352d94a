"""`POST /v1/items/batch` over a real socket: order, durability, bounds, and clients that misbehave."""

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import msgspec
import pytest
from tests.api import item
from tests.web.live import Stream, live

from tidegate.access.actions import create_key
from tidegate.infra.settings import Settings
from tidegate.pipeline.house import SCOPES
from tidegate.pipeline.instance import Instance, opened

LIMIT = 1 << 20


class Served:
    def __init__(self, instance: Instance, port: int) -> None:
        self.instance, self.port = instance, port
        with instance.database.begin() as tx:
            self.key = create_key(tx, SCOPES, "test", ["admin"], None)[1]

    def batch(self, **options: object) -> Stream:
        kind = "application/x-ndjson"
        return Stream(self.port, self.key, "/v1/items/batch", kind, **options)  # pyright: ignore

    def get(self, path: str) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.key}"}
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", headers=headers)

    def works(self) -> bool:
        """Whether an item is still taken."""
        headers = {"authorization": f"Bearer {self.key}"}
        url = f"http://127.0.0.1:{self.port}/v1/items"
        answer = httpx.post(url, json=item(f"works-{uuid4()}"), headers=headers)
        return answer.status_code == 200


@pytest.fixture(scope="module")
def served(
    server_urls: tuple[str, str], template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """One server for the module: each test uses ids of its own."""
    from tests.conftest import cloned

    root: Path = tmp_path_factory.mktemp("batch")
    settings = Settings(data_dir=root, idle_seconds=600, json_limit=LIMIT, media_workers=1)
    with (
        cloned(server_urls, template) as (_, url),
        opened(settings, url) as instance,
        live(instance) as port,
    ):
        yield Served(instance, port)


@pytest.fixture
def impatient(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who does not move is soon dropped; elsewhere nobody is, however slow the machine."""
    settings = msgspec.structs.replace(served.instance.settings, idle_seconds=1)
    monkeypatch.setattr(served.instance, "settings", settings)


def line(id: str, **fields: object) -> bytes:
    return json.dumps(item(id, **fields)).encode() + b"\n"


def write_until_closed(stream: Stream, piece: bytes) -> int:
    """How much a client could write that reads nothing."""
    written = 0
    while written < 64 << 20:
        try:
            stream.send(piece)
        except ConnectionError:
            return written
        written += len(piece)
    raise AssertionError("nothing held it up")


def test_lines_are_answered_in_order_each_with_its_status(served: Served) -> None:
    body = [
        line("order-1", text="one"),
        b"\n",
        b"   \r\n",
        line("order-2").replace(b"\n", b"\r\n"),
        b"{nonsense\n",
        line("order-3", surface=7),
        b"\xff\xfe\n",
        line("order-1", text="one"),  # again: the stored answer
        line("order-1", text="changed"),
        line("order-1", text="changed again"),
        line("order-1", text="one"),  # what it was at first, once more
        line("order-4").rstrip(),  # no newline at the end
    ]
    with served.batch() as stream:
        whole = b"".join(body)
        for start in range(0, len(whole), 37):  # lines come in pieces
            stream.send(whole[start : start + 37])
        stream.end()
        answers = list(stream.lines())
    assert stream.headers["content-type"] == "application/x-ndjson"
    assert [one["index"] for one in answers] == list(range(10))
    statuses = [one["status"] for one in answers]
    assert statuses == [200, 200, 400, 422, 400, 200, 200, 200, 200, 200]
    assert answers[3]["problem"]["errors"][0]["pointer"] == "/surface"
    assert [one["item"]["revision"] for one in answers[5:9]] == [1, 2, 3, 4]
    assert answers[5]["item"] == answers[0]["item"]
    stored = served.get("/v1/items/order-4").json()
    assert stored["id"] == "order-4"


def test_a_batch_says_what_single_posts_say(served: Served) -> None:
    with served.batch() as stream:
        stream.send(line("alike", text="hello") + line(""))
        stream.end()
        first, second = stream.lines()
    headers = {"authorization": f"Bearer {served.key}"}
    url = f"http://127.0.0.1:{served.port}/v1/items"
    assert (
        httpx.post(url, json=item("alike", text="hello"), headers=headers).json() == first["item"]
    )
    alone = httpx.post(url, json=item(""), headers=headers)
    assert alone.status_code == second["status"]
    assert alone.json()["errors"] == second["problem"]["errors"]


@pytest.mark.parametrize("kind", ["application/json", "text/plain", ""])
def test_another_type_is_refused_whole(served: Served, kind: str) -> None:
    with Stream(served.port, served.key, "/v1/items/batch", kind) as stream:
        stream.send(line("refused"))
        stream.end()
        assert stream.start() == 415
        assert json.loads(stream.body())["status"] == 415
    assert served.get("/v1/items/refused").status_code == 404


def test_an_empty_batch_has_an_empty_answer(served: Served) -> None:
    with served.batch() as stream:
        stream.end()
        assert list(stream.lines()) == []
        assert stream.status == 200


def test_answers_come_while_the_body_is_still_being_sent(served: Served) -> None:
    with served.batch() as stream:
        stream.send(line("early-1") + line("early-2"))
        answers = stream.lines()
        assert [next(answers)["item"]["id"], next(answers)["item"]["id"]] == ["early-1", "early-2"]
        assert served.get("/v1/items/early-1").status_code == 200  # durable before the end
        stream.send(line("early-3"))
        assert next(answers)["item"]["id"] == "early-3"
        stream.end()
        assert list(answers) == []


def test_who_asks_is_told_to_go_on(served: Served) -> None:
    with served.batch(Expect="100-continue") as stream:
        assert stream.start() == 100
        stream.send(line("expected"))
        stream.end()
        stream.status = 0
        assert [one["status"] for one in stream.lines()] == [200]


def test_ten_thousand_lines_before_any_answer_is_read(served: Served) -> None:
    with served.batch() as stream:
        whole = b"".join(line(f"many-{n}") if n % 10 == 0 else b"{}\n" for n in range(10_000))
        stream.send(whole)
        stream.end()
        answers = list(stream.lines())
    assert [one["index"] for one in answers] == list(range(10_000))
    assert {one["status"] for one in answers[::10]} == {200}
    assert sum(one["status"] == 422 for one in answers) == 9_000


@pytest.mark.usefixtures("impatient")
def test_a_client_that_only_writes_is_held_up_and_then_dropped(served: Served) -> None:
    bad = json.dumps({"x" * 4000: 1}).encode() + b"\n"  # its answer is longer than itself
    with served.batch(receive_buffer=4096) as stream:
        written = write_until_closed(stream, bad)
    assert written < 32 << 20
    assert served.works()


@pytest.mark.usefixtures("impatient")
def test_a_client_that_stops_writing_is_dropped(served: Served) -> None:
    statuses: list[int] = []
    with served.batch() as stream:
        stream.send(line("stalled") + b'{"id": "half')
        with pytest.raises((EOFError, ConnectionError)):
            statuses.extend(one["status"] for one in stream.lines())
    assert set(statuses) <= {200}  # on a slow machine its time is up before the whole line's answer
    assert served.works()


def test_an_endless_line_is_refused_and_ends_the_stream(served: Served) -> None:
    with served.batch() as stream:
        stream.send(line("before-endless"))
        piece = b"x" * (1 << 16)
        try:
            for _ in range(64):
                stream.send(piece)
        except ConnectionError:
            pass  # it was told already
        first, second = stream.lines()
    assert first["status"] == 200
    assert second["status"] == 413
    assert second["problem"]["limit"] == LIMIT


def test_what_was_acknowledged_to_a_client_that_vanishes_is_stored(served: Served) -> None:
    for round in range(3):
        stream = served.batch()
        stream.send(b"".join(line(f"gone-{round}-{n}", text=f"{n}") for n in range(400)))
        answers = stream.lines()
        seen = [next(answers)["item"]["id"] for _ in range(20)]
        stream.vanish()
        for id in seen:
            assert served.get(f"/v1/items/{id}").status_code == 200
        assert served.works()
