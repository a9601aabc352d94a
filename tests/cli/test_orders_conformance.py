"""`tidegate orders conformance` against our own inbox, which holds to all of it, and against spoilt ones."""

import json
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from starlette.testclient import TestClient
from tests.orders.letters import OURS, Sender, found_ours
from typer.testing import CliRunner, Result

from tidegate.cli.orders import app
from tidegate.exchange.keys import OwnKey
from tidegate.infra.clock import SystemClock
from tidegate.infra.settings import Settings
from tidegate.orders.jws import parse, sign
from tidegate.orders.messages.flood import EACH
from tidegate.orders.messages.model import PROBLEMS
from tidegate.orders.messages.tables import order_messages
from tidegate.pipeline.instance import Instance, opened
from tidegate.pipeline.orders.handling import Handled
from tidegate.pipeline.orders.sides import HANDLERS
from tidegate.web.app import create_app

Spoil = Callable[[Instance, bytes, httpx.Response], tuple[int, bytes, str]]


class Third:
    """A third party: our own application behind a port, whose answers a test may spoil."""

    def __init__(self, instance: Instance, client: TestClient) -> None:
        self.instance = instance
        self.spoil: Spoil | None = None
        third = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                kind = self.headers.get("content-type", "")
                headers = {"host": self.headers["host"], "content-type": kind}
                answer = client.request(self.command, self.path, content=body, headers=headers)
                status, told = answer.status_code, answer.content
                media = answer.headers.get("content-type", "")
                if third.spoil is not None and self.command == "POST":
                    status, told, media = third.spoil(instance, body, answer)
                self.send_response(status)
                self.send_header("Content-Type", media)
                if "retry-after" in answer.headers:
                    self.send_header("Retry-After", answer.headers["retry-after"])
                self.send_header("Content-Length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)

            do_GET = do_POST = do

            def log_message(self, format: str, *args: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


def run(*words: str) -> tuple[Result, dict[str, dict[str, Any]]]:
    """The command with its clauses by name."""
    result = CliRunner().invoke(app, ["conformance", *words, "--json"])
    lines = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    return result, {line["name"]: line for line in lines}


@contextmanager
def third_party(database_url: str, data_dir: Path, *, synthetic: bool) -> Generator[Third]:
    settings = Settings(data_dir=data_dir, media_workers=1, synthetic=synthetic)
    with opened(settings, database_url, SystemClock()) as instance:
        found_ours(instance, msgspec.structs.replace(OURS, synthetic=synthetic))
        with TestClient(create_app(instance), base_url="http://third") as client:
            third = Third(instance, client)
            yield third
            third.server.shutdown()
            third.server.server_close()


@pytest.fixture
def third(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Third]:
    monkeypatch.setitem(HANDLERS["platform"], "prior_information", lambda *_: Handled())
    with third_party(database_url, tmp_path / "third", synthetic=True) as third:
        yield third


def test_our_own_inbox_holds_to_it_for_a_stranger(third: Third) -> None:
    result, clauses = run(third.url, "--synthetic")
    assert result.exit_code == 0, result.output
    assert {name for name, one in clauses.items() if one["held"] is not True} == {"verified"}
    assert "no-obstacle" in clauses
    assert "0 did not" in result.stderr


@pytest.mark.parametrize("form", ["raw", "pem"])
def test_our_own_inbox_holds_to_it_for_a_known_key(third: Third, tmp_path: Path, form: str) -> None:
    sender = Sender(synthetic=True)
    sender.register(third.instance.database)
    encoding, shape = {
        "raw": (Encoding.Raw, PrivateFormat.Raw),
        "pem": (Encoding.PEM, PrivateFormat.PKCS8),
    }[form]
    file = tmp_path / "key"
    file.write_bytes(sender.private.private_bytes(encoding, shape, NoEncryption()))
    result, clauses = run(third.url, "--synthetic", "--key", str(file), "--from", sender.id)
    assert result.exit_code == 0, result.output
    assert all(one["held"] for one in clauses.values())
    assert "message-changed" in clauses


def _resign(instance: Instance, answer: httpx.Response, **fields: Any) -> bytes:
    said = json.loads(parse(answer.content).payload) | fields
    return sign(json.dumps(said).encode(), OwnKey.of(instance.secrets))


def _changed(**fields: Any) -> Spoil:
    """Receipts that say otherwise."""

    def spoil(instance: Instance, raw: bytes, answer: httpx.Response) -> tuple[int, bytes, str]:
        kind = answer.headers["content-type"]
        if answer.status_code != 202:
            return answer.status_code, answer.content, kind
        return 202, _resign(instance, answer, **fields), kind

    return spoil


def _answered(status: int | None = None, kind: str | None = None) -> Spoil:
    def spoil(instance: Instance, raw: bytes, answer: httpx.Response) -> tuple[int, bytes, str]:
        media = kind or answer.headers["content-type"]
        return status or answer.status_code, answer.content, media

    return spoil


def _always_new(instance: Instance, raw: bytes, answer: httpx.Response) -> tuple[int, bytes, str]:
    kind = answer.headers["content-type"]
    if answer.status_code != 202:
        return answer.status_code, answer.content, kind
    fresh = _resign(instance, answer, nonce=str(id(answer)) + str(len(raw)) + str(next(_COUNT)))
    return 202, fresh, kind


_COUNT = iter(range(1000))


def _forged(instance: Instance, raw: bytes, answer: httpx.Response) -> tuple[int, bytes, str]:
    kind = answer.headers["content-type"]
    if answer.status_code != 202:
        return answer.status_code, answer.content, kind
    said = json.loads(parse(answer.content).payload)
    return 202, Sender().sign(said), kind


@pytest.mark.parametrize(
    ("spoil", "failing"),
    [
        (_answered(200), {"accepted", "receipt"}),
        (_answered(kind="application/json"), {"media-type", "refused-not-json"}),
        (_forged, {"receipt"}),
        (_changed(message="another"), {"receipt"}),
        (_changed(sha256="0" * 64), {"receipt"}),
        (_changed(received_at="2026-01-01T00:00:00Z"), {"time"}),
        (_changed(problems=["tired"]), {"codes", "altered", "alg-none", "addressee"}),
        (_changed(verified=True), {"altered", "unknown-key", "alg-none", "alg-RS256"}),
        (_changed(problems=[*PROBLEMS], verified=True), {"altered"}),
        (_always_new, {"same-receipt", "first-stands"}),
    ],
)
def test_what_does_not_hold_is_said(third: Third, spoil: Spoil, failing: set[str]) -> None:
    third.spoil = spoil
    result, clauses = run(third.url, "--synthetic")
    assert result.exit_code == 1, result.output
    assert {name for name, one in clauses.items() if one["held"] is False} >= failing
    assert all(clauses[name]["got"] for name in failing)


def test_who_asks_to_wait_is_left_alone(third: Third) -> None:
    for _ in range(EACH // 10 - 1):
        assert run(third.url, "--synthetic")[0].exit_code == 0
    result, clauses = run(third.url, "--synthetic")
    assert result.exit_code == 0
    assert clauses["taken"]["held"] is None
    assert "Retry-After 3" in clauses["taken"]["got"]


def test_people_are_told_in_lines(third: Third) -> None:
    result = CliRunner().invoke(app, ["conformance", third.url, "--synthetic"])
    assert result.exit_code == 0
    assert result.stdout.startswith("held      accepted: a message is answered 202\n")
    assert "not tried verified: a good message is verified (our key is not known" in result.stdout


def test_only_a_synthetic_instance_is_tried(database_url: str, tmp_path: Path) -> None:
    with third_party(database_url, tmp_path / "third", synthetic=False) as real:
        assert run(real.url)[0].exit_code == 2
        assert run(real.url, "--synthetic", "--from", "x.example")[0].exit_code == 2
        result, clauses = run(real.url, "--synthetic")
        assert (result.exit_code, clauses) == (2, {})
        assert "is not synthetic" in result.stderr
        with real.instance.database.begin() as tx:
            assert tx.execute(sa.select(order_messages)).all() == []


def test_what_cannot_be_read_is_one_line(third: Third, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(b"no key")
    result, _ = run(third.url, "--synthetic", "--key", str(file), "--from", "x.example")
    assert result.exit_code == 2
    third.server.shutdown()
    third.server.server_close()
    for url in (third.url, "no url", "http://[", "ftp://forum.example"):
        result, clauses = run(url, "--synthetic")
        assert (result.exit_code, clauses) == (2, {})
        assert "publishes nothing that can be read" in result.stderr
