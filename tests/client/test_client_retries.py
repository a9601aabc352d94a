"""What the client tries again, how long it waits, and that nothing is done twice."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from misbehaving import CUT, Answer, Asked, Server, misbehaving

from tidegate.client import AsyncClient, Client, ClientError, Problem, UnexpectedAnswer, Unreachable

BANK = b'{"name":"b","stance":"known","radius":{},"labels":[]}'


@pytest.fixture
def server() -> Iterator[Server]:
    with misbehaving() as server:
        yield server


class Harness:
    """One client of either kind, used alike; the waits are noted instead of waited."""

    def __init__(self, kind: str, url: str) -> None:
        self.waits: list[float] = []
        self._kind = kind
        self._url = url

    def call(self, verb: str, *args: Any) -> Any:
        if self._kind == "sync":
            with Client(self._url, "key", retries=3, sleep=self.waits.append) as client:
                return getattr(client, verb)(*args)

        async def sleep(seconds: float) -> None:
            self.waits.append(seconds)

        async def run() -> Any:
            async with AsyncClient(self._url, "key", retries=3, sleep=sleep) as client:
                return await getattr(client, verb)(*args)

        return asyncio.run(run())

    def batch(self, lines: list[bytes], window: int = 2000) -> list[tuple[int, int]]:
        if self._kind == "sync":
            with Client(self._url, "key", retries=3, sleep=self.waits.append) as client:
                return [(a.index, a.status) for a in client.submit_many(lines, window=window)]

        async def sleep(seconds: float) -> None:
            self.waits.append(seconds)

        async def run() -> list[tuple[int, int]]:
            async with AsyncClient(self._url, "key", retries=3, sleep=sleep) as client:
                answers = client.submit_many(lines, window=window)
                return [(a.index, a.status) async for a in answers]

        return asyncio.run(run())


@pytest.fixture(params=["sync", "async"])
def client(request: pytest.FixtureRequest, server: Server) -> Harness:
    return Harness(request.param, server.url)


def test_a_lost_answer_is_asked_for_again_with_the_same_key(
    client: Harness, server: Server
) -> None:
    server.answers = [CUT, CUT, Answer(201, BANK)]
    assert client.call("create_bank", "b", "known").name == "b"
    keys = {asked.headers["idempotency-key"] for asked in server.asked}
    assert len(server.asked) == 3
    assert len(keys) == 1
    assert len(client.waits) == 2


def test_each_call_has_a_key_of_its_own(client: Harness, server: Server) -> None:
    server.answers = [Answer(201, BANK)]
    client.call("create_bank", "b", "known")
    client.call("create_bank", "b", "known")
    assert len({asked.headers["idempotency-key"] for asked in server.asked}) == 2


@pytest.mark.parametrize("status", [429, 503])
def test_not_now_is_waited_out_as_asked(client: Harness, server: Server, status: int) -> None:
    server.answers = [Answer(status, headers={"Retry-After": "7"}), Answer(200, BANK)]
    client.call("bank", "b")
    assert len(client.waits) == 1
    assert 7 <= client.waits[0] < 8


def test_retry_after_may_be_a_date(client: Harness, server: Server) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    server.answers = [Answer(503, headers={"Retry-After": soon}), Answer(200, BANK)]
    client.call("bank", "b")
    assert 20 < client.waits[0] < 32


def test_patience_ends(client: Harness, server: Server) -> None:
    server.answers = [CUT]
    with pytest.raises(Unreachable):
        client.call("bank", "b")
    assert len(server.asked) == 4
    assert client.waits == sorted(client.waits)  # doubling, at most halved by jitter


def test_a_lasting_not_now_is_the_servers_word(client: Harness, server: Server) -> None:
    server.answers = [Answer(503, b'{"type":"/problems/database-unavailable","title":"Away"}')]
    with pytest.raises(Problem) as caught:
        client.call("bank", "b")
    assert (caught.value.status, caught.value.type) == (503, "/problems/database-unavailable")
    assert len(server.asked) == 4


@pytest.mark.parametrize("status", [400, 401, 404, 409, 422, 500])
def test_a_refusal_is_not_asked_again(client: Harness, server: Server, status: int) -> None:
    server.answers = [Answer(status, b'{"type":"/problems/x","title":"No"}')]
    with pytest.raises(Problem):
        client.call("create_bank", "b", "known")
    assert len(server.asked) == 1


def test_an_erasure_whose_answer_was_lost_is_done(client: Harness, server: Server) -> None:
    server.answers = [CUT, Answer(410, b'{"type":"/problems/item-erased","title":"Erased"}')]
    assert client.call("erase", "1") is None


def test_erasing_what_was_erased_before_is_told(client: Harness, server: Server) -> None:
    server.answers = [Answer(410, b'{"type":"/problems/item-erased","title":"Erased"}')]
    with pytest.raises(Problem, match="Erased"):
        client.call("erase", "1")


def test_what_is_no_answer_of_ours_is_told(client: Harness, server: Server) -> None:
    server.answers = [Answer(200, b"<html>hello</html>")]
    with pytest.raises(UnexpectedAnswer):
        client.call("bank", "b")
    server.answers = [Answer(404, b"<html>nothing here</html>")]
    with pytest.raises(Problem) as caught:
        client.call("bank", "b")
    assert (caught.value.status, caught.value.type) == (404, "about:blank")


def test_a_url_must_be_one() -> None:
    with pytest.raises(ClientError, match="http"):
        Client("tidegate.example.org", "key")


def _answers(first: int, statuses: list[int]) -> bytes:
    lines: list[bytes] = []
    for index, status in enumerate(statuses, first):
        item = (
            '"item":{"id":"x","revision":1,"verdict":"pass","evaluation":{"stage":"fast","pack":'
            '"p@1","bank_version":0,"rules":[],"matches":[],"problems":[]}}'
        )
        problem = '"problem":{"type":"/problems/x","title":"No"}'
        body = item if status == 200 else problem
        lines.append(f'{{"index":{index},"status":{status},{body}}}\n'.encode())
    return b"".join(lines)


def _lines(asked: Asked) -> list[int]:
    return [json.loads(line)["id"] for line in asked.body.splitlines()]


BACKLOG = [b'{"id":%d}' % number for number in range(5)]


def test_a_batch_that_breaks_goes_on_where_it_broke(client: Harness, server: Server) -> None:
    server.answers = [
        Answer(body=_answers(0, [200, 422, 200]), cut=True),
        Answer(body=_answers(0, [200, 200])),
    ]
    assert client.batch(BACKLOG) == [(0, 200), (1, 422), (2, 200), (3, 200), (4, 200)]
    assert [_lines(asked) for asked in server.asked] == [[0, 1, 2, 3, 4], [3, 4]]


def test_a_line_that_is_not_wanted_now_is_sent_again(client: Harness, server: Server) -> None:
    server.answers = [
        Answer(body=_answers(0, [200, 503, 200, 200, 200])),
        Answer(body=_answers(0, [200, 200, 200, 200])),
    ]
    assert [status for _, status in client.batch(BACKLOG)] == [200] * 5
    assert _lines(server.asked[1]) == [1, 2, 3, 4]
    assert len(client.waits) == 1


def test_a_line_that_is_never_wanted_fails_alone(client: Harness, server: Server) -> None:
    def answer(asked: Asked) -> Answer:
        return Answer(body=_answers(0, [503 if n == 1 else 200 for n in _lines(asked)]))

    server.answers = [answer]
    assert [status for _, status in client.batch(BACKLOG)] == [200, 503, 200, 200, 200]


def test_a_batch_that_makes_progress_is_not_given_up(client: Harness, server: Server) -> None:
    server.answers = [lambda asked: Answer(body=_answers(0, [200]), cut=len(_lines(asked)) > 1)]
    assert len(client.batch(BACKLOG + BACKLOG)) == 10


def test_a_batch_without_answers_is_given_up(client: Harness, server: Server) -> None:
    server.answers = [Answer(body=b"")]
    with pytest.raises(Unreachable):
        client.batch(BACKLOG)


def test_a_batch_that_is_refused_raises(client: Harness, server: Server) -> None:
    server.answers = [Answer(403, b'{"type":"/problems/scope-missing","title":"No"}')]
    with pytest.raises(Problem, match="No"):
        client.batch(BACKLOG)


def test_a_stream_is_taken_in_windows(server: Server) -> None:
    server.answers = [lambda asked: Answer(body=_answers(0, [200] * len(_lines(asked))))]
    pulled = 0

    def endless() -> Iterator[bytes]:
        nonlocal pulled
        while True:
            yield b'{"id":%d}' % pulled
            pulled += 1

    with Client(server.url, "key") as client:
        answers = client.submit_many(endless(), window=10)
        for expected in range(35):
            assert next(answers).index == expected
            assert pulled < expected + 11  # no more is read than one window
        answers.close()
    assert [len(_lines(asked)) for asked in server.asked] == [10, 10, 10, 10]


def test_lines_that_hold_line_breaks_stay_one_line(client: Harness, server: Server) -> None:
    server.answers = [lambda asked: Answer(body=_answers(0, [200] * asked.body.count(b"\n")))]
    assert client.batch([b'{"id":1,\n"x":2}', b"", b'{"id":2}\n']) == [
        (0, 200),
        (1, 200),
        (2, 200),
    ]


def test_actions_are_followed_without_a_gap(server: Server) -> None:
    def page(asked: Asked) -> Answer:
        number = int(asked.path.rpartition("after=")[2]) if "after=" in asked.path else 0
        if len(server.asked) in (2, 3):  # twice there is no news
            return Answer(body=json.dumps({"data": [], "next": str(number)}).encode())
        action = {
            "id": "a",
            "number": number + 1,
            "kind": "restrict",
            "type": "action.restrict",
            "item": "1",
            "platform": "default",
            "revision": 1,
            "sequence": 1,
            "decision_id": "d",
            "message_id": "m",
            "created_at": "2026-01-01T00:00:00Z",
        }
        return Answer(body=json.dumps({"data": [action], "next": str(number + 1)}).encode())

    server.answers = [page]
    waits: list[float] = []
    with Client(server.url, "key", sleep=waits.append) as client:
        actions = client.actions(follow=True, poll=0.5)
        assert [next(actions).number for _ in range(4)] == [1, 2, 3, 4]
    assert waits == [0.5, 0.5]
