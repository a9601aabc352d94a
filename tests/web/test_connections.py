"""What strangers may hold of the server, tried on real sockets: heads that are too large or too
slow, bodies that drip, answers that nobody reads, and connections without end."""

import asyncio
import contextlib
import json
import socket
from collections.abc import Callable, Iterator

import httpx
import pytest
from tests.api import item
from tests.waiting import until
from tests.web.live import Stream, live_with_key

from tidegate.infra.settings import Settings
from tidegate.web.crowd import RESERVED_FILES, Crowd, Limits

LIMIT = 64 << 10
MOST = 12


class Server:
    def __init__(self, port: int, key: str) -> None:
        self.port, self.key = port, key

    def connect(self, sent: bytes = b"", receive_buffer: int = 0) -> socket.socket:
        client = socket.socket()
        if receive_buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        client.settimeout(60)
        client.connect(("127.0.0.1", self.port))
        client.sendall(sent)
        return client

    def works(self) -> bool:
        return httpx.get(f"http://127.0.0.1:{self.port}/healthz").status_code == 200

    def batch(self, **options: int) -> Stream:
        kind = "application/x-ndjson"
        return Stream(self.port, self.key, "/v1/items/batch", kind, **options)  # pyright: ignore


@pytest.fixture(scope="module")
def server(
    server_urls: tuple[str, str], template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("connections"),
        head_seconds=0.4,
        idle_seconds=0.8,
        body_bytes_per_second=1 << 20,
        connections_per_address=MOST,
        media_workers=1,
    )
    with live_with_key(settings, server_urls, template) as (port, key):
        yield Server(port, key)


def everything(client: socket.socket) -> bytes:
    """All that comes until the server closes."""
    with client, client.makefile("rb") as answer:
        return answer.read()


def refusal(answer: bytes) -> tuple[int, str]:
    """Status and type of an answer that is a problem, and the last on its connection."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"\r\nconnection: close" in head.lower()
    assert b"content-type: application/problem+json" in head.lower()
    for told in (b"cache-control: no-store", b"x-content-type-options: nosniff"):
        assert told in head.lower()
    problem = json.loads(body)
    assert int(head.split()[1]) == problem["status"]
    return problem["status"], problem["type"].rpartition("/")[2]


def head(*lines: str) -> bytes:
    return "\r\n".join(["GET /healthz HTTP/1.1", "Host: tidegate", *lines, "", ""]).encode()


CHUNKED = (
    b"POST /v1/items HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %b\r\n"
    b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
)
TOO_LARGE: dict[str, Callable[[bytes], bytes]] = {
    "a header without end": lambda key: head()[:-2] + b"X: " + b"a" * LIMIT,
    "one header": lambda key: head("X: " + "a" * LIMIT),
    "the name of a header": lambda key: head("a" * LIMIT + ": x"),
    "many headers": lambda key: head(*(f"X-{n}: {n}" for n in range(8_000))),
    "a request line": lambda key: b"GET /" + b"a" * LIMIT + b" HTTP/1.1\r\n\r\n",
    "nothing but line ends": lambda key: b"\r\n" * LIMIT,
    "what follows a body": lambda key: (
        CHUNKED % key + b"1\r\n{\r\n0\r\n" + b"X-Trailer: yes\r\n" * 40_000
    ),
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_a_head_over_the_limit_is_refused_and_the_connection_closed(
    server: Server, name: str
) -> None:
    client = server.connect(TOO_LARGE[name](server.key.encode()))
    assert refusal(everything(client)) == (431, "head-too-large")
    assert server.works()


def test_a_head_up_to_the_limit_is_read_and_the_next_one_counts_anew(server: Server) -> None:
    large = head("X: " + "a" * (LIMIT - len(head("X: "))))
    assert len(large) == LIMIT
    with server.connect() as client, client.makefile("rb") as answer:
        for _ in range(3):
            client.sendall(large)
            assert answer.readline().split()[1] == b"200"
            while answer.readline().strip():
                pass
            assert answer.read(len(b'{"status":"alive"}')) == b'{"status":"alive"}'
        client.sendall(head("X: " + "a" * LIMIT))
        assert refusal(answer.read()) == (431, "head-too-large")


def test_who_sends_an_endless_header_is_soon_not_listened_to(server: Server) -> None:
    client, sent = server.connect(head()[:-2] + b"X: "), 0
    with client, contextlib.suppress(ConnectionError):
        while sent < 64 << 20:
            client.sendall(b"a" * (1 << 20))
            sent += 1 << 20
    assert sent <= 8 << 20
    assert server.works()


def test_the_answer_that_is_under_way_comes_before_the_end(server: Server) -> None:
    client = server.connect(head() + head("X: " + "a" * (3 * LIMIT)))
    answer = everything(client)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.count(b"HTTP/1.1") in (1, 2)  # two where the first was quick
    assert server.works()


@pytest.mark.parametrize(
    "sent", [b"GET", b"GET / HTTP/1.1\r\nHost: tidegate\r\nX: half", head()[:-2]]
)
def test_a_head_that_does_not_come_in_time_is_given_up(server: Server, sent: bytes) -> None:
    assert refusal(everything(server.connect(sent))) == (408, "head-slow")


def test_dripping_does_not_gain_time(server: Server) -> None:
    client = server.connect(head()[:-2] + b"X: ")
    client.setblocking(False)
    received: list[bytes] = []

    def ended() -> bool:
        try:
            client.send(b"a")
            received.append(client.recv(1 << 16))
        except BlockingIOError:
            return False
        return True

    until(ended, "the end of a head that never ends")
    assert refusal(b"".join(received)) == (408, "head-slow")
    client.close()


def test_who_says_nothing_is_closed_and_who_rests_between_requests_is_not(server: Server) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}") as resting:
        assert resting.get("/healthz").status_code == 200
        assert everything(server.connect()) == b""  # it came later, and its time is up
        [pooled] = resting._transport._pool.connections  # pyright: ignore
        assert resting.get("/healthz").status_code == 200
        assert resting._transport._pool.connections == [pooled]  # pyright: ignore


def test_what_is_left_of_an_answered_body_is_not_waited_for(server: Server) -> None:
    lines = [b"POST /v1/items HTTP/1.1", b"Host: x", b"Content-Length: 100000000", b"", b"{"]
    answer = everything(server.connect(b"\r\n".join(lines)))
    assert answer.startswith(b"HTTP/1.1 401 ")


def test_a_body_that_drips_is_refused_however_it_moves(server: Server) -> None:
    with Stream(server.port, server.key, "/v1/items", "application/json") as stream:
        stream.socket.setblocking(False)

        def ended() -> bool:
            stream.send(b" ")
            try:
                return bool(stream.socket.recv(1, socket.MSG_PEEK))
            except BlockingIOError:
                return False

        until(ended, "the end of a body that never ends")
        stream.socket.setblocking(True)
        assert stream.start() == 408
        assert json.loads(stream.body())["type"] == "/problems/body-stalled"


def cut_off(stream: Stream, piece: bytes) -> Callable[[], bool]:
    """Sends a piece at each call, as far as there is room; True once the server has gone."""
    stream.socket.setblocking(False)
    waiting = [b""]

    def tried() -> bool:
        waiting[0] = waiting[0] or b"%x\r\n%b\r\n" % (len(piece), piece)
        try:
            waiting[0] = waiting[0][stream.socket.send(waiting[0]) :]
        except BlockingIOError:
            pass
        except ConnectionError:
            return True
        return False

    return tried


def test_a_line_of_a_batch_that_drips_is_cut_off_and_what_was_done_stays(server: Server) -> None:
    with server.batch() as stream:
        stream.send(json.dumps(item("before-drip")).encode() + b"\n")
        assert next(stream.lines())["status"] == 200
        until(cut_off(stream, b"x"), "the end of a line that never ends")
    headers = {"authorization": f"Bearer {server.key}"}
    stored = httpx.get(f"http://127.0.0.1:{server.port}/v1/items/before-drip", headers=headers)
    assert stored.status_code == 200


def test_who_takes_no_answer_of_a_batch_is_cut_off_though_lines_still_come(server: Server) -> None:
    long_answer = json.dumps({"x" * 40_000: 1}).encode() + b"\n"
    with server.batch(receive_buffer=4096) as stream:
        until(cut_off(stream, long_answer), "the end of a batch whose answers nobody takes")
    assert server.works()


def test_an_answer_that_nobody_takes_ends_its_connection(server: Server) -> None:
    ask = b"GET /openapi.json HTTP/1.1\r\nHost: tidegate\r\n\r\n"
    client = server.connect(receive_buffer=4096)
    client.setblocking(False)

    def gone() -> bool:
        try:
            client.send(ask * 8)
        except BlockingIOError:
            return False
        except ConnectionError:
            return True
        return False

    until(gone, "the end of a connection whose answers nobody takes")
    client.close()


def test_one_address_has_so_many_connections_and_gets_a_place_back(server: Server) -> None:
    def admitted(client: socket.socket) -> bool:
        client.sendall(head())
        return client.recv(1 << 16).startswith(b"HTTP/1.1 200")

    until(lambda: server.works(), "the places of other tests")
    held: list[socket.socket] = []

    def full() -> bool:
        for client in held:
            client.close()
        held[:] = [server.connect() for _ in range(MOST)]
        return all(admitted(client) for client in held)

    until(full, "the places of earlier connections")
    assert refusal(everything(server.connect())) == (503, "too-many-connections")
    held.pop().close()
    until(lambda: server.works(), "a place that was given back")
    for client in held:
        client.close()


class Somebody:
    def look(self, now: float) -> None: ...


def joined(crowd: Crowd, *addresses: str | None) -> list[bool]:
    """Which of several connections, one after another, may stay."""

    async def main() -> list[bool]:
        return [crowd.join(Somebody(), address) is None for address in addresses]

    return asyncio.run(main())


def test_addresses_are_counted_apart_and_a_proxy_not_at_all() -> None:
    crowd = Crowd(Limits(per_address=2), unlimited=lambda address: address == "10.0.0.1")
    assert joined(crowd, "192.0.2.1", "192.0.2.2", "192.0.2.1") == [True] * 3
    assert joined(crowd, "192.0.2.1", "192.0.2.2") == [False, True]
    assert joined(crowd, *["10.0.0.1"] * 5, *[None] * 5) == [True] * 10


def test_a_whole_network_of_ipv6_is_one_address() -> None:
    crowd = Crowd(Limits(per_address=2))
    one_network = ("2001:db8::1", "2001:db8::2:1", "2001:db8:0:0:9::1")
    assert joined(crowd, *one_network) == [True, True, False]
    assert joined(crowd, "2001:db8:0:1::1", "fe80::1%eth0") == [True, True]
    assert joined(crowd, "192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1") == [True, True, False]


def test_where_few_files_may_be_open_one_address_has_not_all_of_them() -> None:
    crowd = Crowd(Limits(open_files=RESERVED_FILES + 20))
    assert joined(crowd, *["192.0.2.1"] * 11).count(True) == 10
    others = [f"192.0.2.{n}" for n in range(2, 20)]
    assert joined(crowd, *others).count(True) == 9
