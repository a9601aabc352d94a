"""What nobody should send, over a real socket: each gets its clear answer, and nobody else suffers."""

import base64
import io
import json
import os
import struct
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from tests.api import item
from tests.web.live import Stream, live_with_key

from tidegate.infra.settings import Settings

IDLE = 1.0
LIMIT = 4 << 20


class Client:
    def __init__(self, port: int, key: str) -> None:
        self.port, self.key = port, key
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"authorization": f"Bearer {key}"},
            timeout=60,
        )

    def submit(self, id: str, data: bytes, content_type: str, filename: str) -> dict[str, Any]:
        """Submit a file as a form; the answer to an accepted item."""
        files = {
            "item": (None, json.dumps(item(id)), "application/json"),
            "file": (filename, data, content_type),
        }
        answer = self.http.post("/v1/items", files=files)
        assert answer.status_code == 200, answer.text[:500]
        return answer.json()


@pytest.fixture(scope="module")
def client(
    server_urls: tuple[str, str], template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("bad"),
        idle_seconds=IDLE,
        json_limit=LIMIT,
        allowed_addresses=["127.0.0.2/32"],
        fetch_timeout_seconds=5,
    )
    with live_with_key(settings, server_urls, template) as (port, key):
        yield Client(port, key)


def resident() -> int:
    """The most memory that this process, and the server in it, ever held, in bytes."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) << 10


# Media


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, rows: bytes, *more: bytes) -> bytes:
    """A PNG of one bit a pixel, of deflated rows."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = [chunk(b"IHDR", header), *more, chunk(b"IDAT", rows), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def deflated_zeros(size: int) -> bytes:
    deflate = zlib.compressobj(1)
    block = bytes(1 << 20)
    parts = [deflate.compress(block) for _ in range(size >> 20)]
    return b"".join([*parts, deflate.compress(bytes(size & 0xFFFFF)), deflate.flush()])


def vast_png() -> bytes:
    return png(50_000, 50_000, deflated_zeros(50_000 * 6_251))


def bomb_in_text() -> bytes:
    bomb = b"Comment\0\0" + deflated_zeros(256 << 20)
    return png(64, 64, zlib.compress(bytes(64 * 9)), chunk(b"zTXt", bomb))


def gif_of_a_million() -> bytes:
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    head = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    return head + frame * 1_000_000 + b";"


def photo(format: str) -> bytes:
    out = io.BytesIO()
    Image.effect_mandelbrot((320, 320), (-2, -1.2, 1, 1), 60).convert("RGB").save(out, format)
    return out.getvalue()


def truncated_jpeg() -> bytes:
    whole = photo("JPEG")
    return whole[: len(whole) // 2]


HOSTILE = {
    "vast.png": (vast_png, "image/png"),
    "truncated.jpg": (truncated_jpeg, "image/jpeg"),
    "bomb.png": (bomb_in_text, "image/png"),
    "million.gif": (gif_of_a_million, "image/gif"),
    "noise.png": (lambda: os.urandom(50_000), "image/png"),
    "empty.png": (bytes, "image/png"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_media_that_cannot_be_judged_are_reviewed_with_the_reason(
    client: Client, name: str
) -> None:
    make, declared = HOSTILE[name]
    data = make()
    before = resident()
    found = client.submit(name, data, declared, name)
    assert found["verdict"] == "review"
    assert found["case"] is not None
    problems = found["evaluation"]["problems"]
    assert problems
    assert all(one.startswith("media/0: ") and len(one) < 300 for one in problems)
    assert resident() - before < 200 << 20
    stored = client.http.get(f"/v1/items/{name}").json()
    assert stored["revisions"][0]["content"]["media"][0]["sha256"] == sha256(data).hexdigest()


def test_media_that_cannot_be_decoded_are_still_matched_by_digest(client: Client) -> None:
    data = os.urandom(5_000)
    assert client.http.post("/v1/banks", json={"name": "b", "stance": "known"}).status_code == 201
    entry = {"kind": "sha256", "value": sha256(data).hexdigest(), "confirmed": True}
    assert client.http.post("/v1/banks/b/entries", json=entry).status_code == 201
    found = client.submit("known-noise", data, "image/png", "a.png")
    assert found["verdict"] == "restrict"
    assert found["evaluation"]["matches"][0]["kind"] == "sha256"
    assert found["evaluation"]["problems"]


def test_a_false_declared_type_is_noted_and_passes(client: Client) -> None:
    found = client.submit("false-type", photo("PNG"), "image/jpeg", "a.jpg")
    assert found["verdict"] == "pass"
    [problem] = found["evaluation"]["problems"]
    assert "image/png" in problem


def test_other_requests_go_on_while_hostile_media_are_looked_at(client: Client) -> None:
    hostile = [(name, make(), kind) for name, (make, kind) in HOSTILE.items() for _ in range(2)]
    before, done = resident(), threading.Event()

    def post_hostile(number: int) -> dict[str, Any]:
        name, data, kind = hostile[number]
        return client.submit(f"{number}-{name}", data, kind, name)

    def post_texts() -> int:
        """How many were answered before the last of the hostile ones was."""
        for count in range(10_000):
            posted = item(f"meanwhile-{count}", text=f"hello {count}")
            assert client.http.post("/v1/items", json=posted).status_code == 200
            if done.is_set():
                return count
        return 10_000

    with ThreadPoolExecutor(len(hostile) + 1) as threads:
        texts = threads.submit(post_texts)
        found = threads.map(
            post_hostile,
            range(len(hostile)),
        )
        assert {one["verdict"] for one in found} == {"review"}
        done.set()
        assert texts.result() >= 3
    assert resident() - before < 500 << 20  # 30 MB files were built and sent from here, too


# Media URLs


@pytest.fixture
def redirecting() -> Iterator[tuple[str, list[str]]]:
    """A server on an allowed address that redirects to one that isn't; what was asked of either."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(302 if self.path.startswith("/to-") else 200)
            if self.path == "/to-private":
                self.send_header("Location", f"http://127.0.0.1:{port}/secret")
            if self.path == "/to-metadata":
                self.send_header("Location", "http://169.254.169.254/latest")
            if self.path == "/to-file":
                self.send_header("Location", "file:///etc/passwd")
            self.send_header("Content-Length", "6")
            self.end_headers()
            self.wfile.write(b"secret")

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("0.0.0.0", 0), Handler)
    port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.2:{port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("path", ["/to-private", "/to-metadata", "/to-file"])
def test_a_redirect_to_a_private_address_is_refused(
    client: Client, redirecting: tuple[str, list[str]], path: str
) -> None:
    url, asked = redirecting
    posted = item(f"url{path}", media=[{"url": f"{url}{path}"}])
    answer = client.http.post("/v1/items", json=posted)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/media/0/url"
    assert asked == [path]
    assert client.http.get(f"/v1/items/url%2F{path[1:]}").status_code == 404
    fine = item("fetched", media=[{"url": f"{url}/fine"}])
    assert client.http.post("/v1/items", json=fine).json()["verdict"] == "review"  # 6 bytes of text


# Bodies


def test_a_body_over_the_limit_is_refused_before_it_is_read_whole(client: Client) -> None:
    with Stream(client.port, client.key, "/v1/items", "application/json") as stream:
        written, piece = 0, b"x" * (1 << 16)
        try:
            while written < 256 << 20:
                stream.send(piece)
                written += len(piece)
        except ConnectionError:
            pass
        assert written < LIMIT + (32 << 20)  # what the kernel holds in between
        assert stream.start() == 413
        assert json.loads(stream.body())["limit"] == LIMIT


def test_who_sends_too_much_in_one_go_reads_the_refusal(client: Client) -> None:
    headers = {"content-type": "application/json"}
    for _ in range(5):
        answer = client.http.post("/v1/items", content=bytes(LIMIT * 4), headers=headers)
        assert answer.status_code == 413
    with Stream(client.port, client.key, "/v1/items", "multipart/form-data; boundary=x") as stream:
        try:
            for _ in range(1024):
                stream.send(
                    b"--x\r\nContent-Disposition: form-data; name=item\r\n\r\n" + bytes(1 << 17)
                )
        except ConnectionError:
            pass
        assert stream.start() in (400, 413)


def test_a_body_that_stops_coming_is_refused(client: Client) -> None:
    with Stream(client.port, client.key, "/v1/items", "application/json") as stream:
        stream.send(b'{"id": ')
        assert stream.start() == 408
        assert stream.headers["connection"] == "close"


def test_a_client_that_vanishes_in_its_body_leaves_nothing(client: Client) -> None:
    stream = Stream(client.port, client.key, "/v1/items", "application/json")
    stream.send(json.dumps(item("vanished")).encode())
    stream.vanish()
    assert client.http.get("/v1/items/vanished").status_code == 404


def deep(levels: int, inner: str) -> str:
    return '{"a":' * levels + inner + "}" * levels


VALID = json.dumps(item("bad-body"))[:-1]
BODIES = {
    "deepest-nul": VALID + ', "context": ' + deep(985, '"\\u0000"') + "}",
    "deep": VALID + f', "context": {deep(900, "1")}' + "}",
    "deep-nul": VALID + ', "context": ' + deep(900, '"\\u0000"') + "}",
    "deeper": VALID + f', "context": {deep(100_000, "1")}' + "}",
    "big-number": VALID + ', "attributes": {"a": 1' + "0" * 400 + "}}",
    "huge-number": VALID + ', "attributes": {"a": 1' + "0" * 100_000 + "}}",
    "exponent": VALID + ', "attributes": {"a": 1e999}}',
    "surrogate-key": VALID + ', "context": {"\\ud800": 1}}',
    "nul-key": VALID + ', "context": {"\\u0000": 1}}',
    "twice": VALID + ', "id": "bad-body-2"}',
    "trailing": VALID + "} {}",
    "bom": "\ufeff" + VALID + "}",
    "year-zero": VALID.replace("2025-12-31", "0000-12-31") + "}",
    "leap": VALID.replace("23:00:00", "23:59:60") + "}",
    "language": VALID + ', "language": "\\n"}',
    "url": VALID + ', "url": "http://[::1"}',
    "urls": VALID + ', "url": "javascript:alert(1)", "media": [{"url": "//x"}]}',
}


@pytest.mark.parametrize("name", BODIES)
def test_odd_bodies_get_an_answer_and_never_a_5xx(client: Client, name: str) -> None:
    headers = {"content-type": "application/json"}
    for path in ("/v1/items", "/v1/reports", "/v1/banks", "/v1/policy/check"):
        answer = client.http.post(path, content=BODIES[name].encode(), headers=headers)
        assert answer.status_code < 500, (path, answer.text)
        assert "status" in answer.json() or answer.status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/v1/items/%ff", "/v1/items/%ed%a0%80", "/v1/cases/%00", "/v1/banks/..%2f..%2f", "/v1//items"],
)
def test_odd_paths_get_an_answer_and_never_a_5xx(client: Client, path: str) -> None:
    with Stream(client.port, client.key, path, "application/json") as stream:
        stream.end()
        assert 400 <= stream.start() < 500


def test_data_that_is_no_base64_or_too_many_media_is_refused(client: Client) -> None:
    data = base64.b64encode(b"x").decode()
    media = [{"data": data}] * 17
    answer = client.http.post("/v1/items", json=item("many-media", media=media))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/media"
    assert client.http.get("/v1/items/many-media").status_code == 404
