"""A synthetic instance goes by the time in a file, in all its processes, and catches up when that jumps."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.api import item
from tests.journeys.receiving import Receiver
from tests.serving import Served, serving
from tests.waiting import until

SYNTHETIC = {"TIDEGATE_SYNTHETIC": "true"}
RESTRICT = {
    "outcome": "restrict",
    "label": "propaganda",
    "reason": "until the evening",
    "restriction": {"scope": "item", "until": "2026-03-01T12:00:00Z"},
}


class Time:
    """The file that tells the time."""

    def __init__(self, path: Path, at: str) -> None:
        self.path = path
        self.turn(at)

    def turn(self, at: str) -> None:
        draft = self.path.with_name("draft")
        draft.write_text(at)
        draft.rename(self.path)


@pytest.fixture
def time(tmp_path: Path) -> Time:
    return Time(tmp_path / "now", "2026-03-01T02:13:00Z")


@contextmanager
def signed_in(served: Served) -> Generator[httpx.Client]:
    """A browser with a session."""
    said = served.cli("users", "create", "--email", "ann@example.org", "--role", "admin")
    link = said[said.index("/sign-in/") :].split()[0]
    with httpx.Client(base_url=served.url, timeout=60) as browser:
        assert browser.post(link, headers={"Origin": served.url}).status_code == 303
        assert browser.get("/account").status_code == 200
        yield browser


def told(receiver: Receiver, type: str) -> list[dict[str, Any]]:
    return [one for one in receiver.got() if one["body"]["type"] == type and one["status"] == 204]


def refusing(receiver: Receiver, retry_after: int) -> None:
    mode = f'{{"status": 503, "retry-after": "{retry_after}"}}'
    (receiver.directory / "mode.json").write_text(mode)


def test_all_that_is_due_happens_after_a_jump(tmp_path: Path, time: Time) -> None:
    receiver = Receiver(tmp_path / "receiver")
    options = ["--time-from", str(time.path)]
    with serving(tmp_path / "instance", settings=SYNTHETIC, options=options) as served:
        words = ["webhooks", "create", "--url", receiver.url, "--allow-private", "--enforce"]
        receiver.start(served.cli(*words))
        refusing(receiver, 3000)
        head = {"Authorization": f"Bearer {served.key('admin')}"}
        with (
            httpx.Client(base_url=served.url, headers=head, timeout=60) as api,
            signed_in(served) as browser,
        ):
            api.post("/v1/items", json=item("post-1", text="x")).raise_for_status()
            decided = api.post("/v1/items/post-1/decisions", json=RESTRICT)
            assert decided.status_code == 201, decided.text
            assert decided.json()["created_at"].startswith("2026-03-01T02:1")
            until(
                lambda: "left alone until 2026-03-01 03:0" in served.cli("webhooks", "list"),
                "the first attempt",
                shown=served.tail,
            )

            # The target asked for fifty minutes; a jump is as good as waiting.
            (receiver.directory / "mode.json").write_text('{"status": 204}')
            assert told(receiver, "action.restrict") == []
            time.turn("2026-03-01T03:10:00Z")
            until(lambda: told(receiver, "action.restrict"), "the delivery", shown=served.tail)
            assert browser.get("/account").status_code == 200

            time.turn("2026-03-01T15:00:00Z")
            until(lambda: told(receiver, "action.lift"), "the end", shown=served.tail)
            assert browser.get("/account").status_code == 303

            # Earlier times are refused by whoever reads them, and a restart takes up where it was.
            time.turn("2026-03-01T14:00:00Z")
            again = api.post(
                "/v1/items/post-1/decisions", json=RESTRICT | {"restriction": {"scope": "item"}}
            )
            assert again.json()["created_at"].startswith("2026-03-01T15:0")
            until(lambda: "clock.refused" in served.log.read_text(), "the refusal")
            time.turn("2026-08-01T00:00:00Z")
            assert served.stop() == 0
            served.start()
            later = api.post(
                "/v1/items/post-1/decisions", json={"outcome": "lift", "reason": "over"}
            )
            assert later.json()["created_at"].startswith("2026-08-01T00:0"), later.text
        assert all(one["verified"] for one in receiver.got())
        assert served.command("ledger", "verify").returncode == 0
    receiver.kill()


def test_a_real_instance_goes_by_the_machines_time(tmp_path: Path, time: Time) -> None:
    served = Served(tmp_path / "instance", 0, {"PYTHONPATH": os.environ.get("PYTHONPATH", "")})
    done = served.command("serve", "--time-from", str(time.path))
    assert done.returncode == 2
    assert "--time-from: this instance is a real one" in done.stderr
    assert not served.data_dir.exists()
