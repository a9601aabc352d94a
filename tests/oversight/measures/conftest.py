"""An authority that oversees and penalises, a platform that it knows, and people who draft and sign."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.conftest import cloned
from tests.kept_database import KeptDatabase
from tests.orders.letters import Sender
from tests.orders.sides import BKA, Side, side

from tidegate.infra.clock import FakeClock
from tidegate.ledger.model import HEAD_FILE
from tidegate.ledger.sequencer import seal
from tidegate.pipeline.verify import verify

OVERSEER = msgspec.structs.replace(BKA, functions=["issue", "scrutinise", "oversee", "penalise"])
PLATFORM, ABROAD = "forum.example", "board.example"
DAY = 86400
WHY = "Eleven of twelve orders in March were executed after more than a day."
TABLES = ("measures", "measure_signatures", "measure_replies", "clocks", "clock_events")


@pytest.fixture(scope="session")
def kept_overseer(server_urls: tuple[str, str], started: str) -> Iterator[KeptDatabase]:
    found = KeptDatabase(lambda: cloned(server_urls, started))
    yield found
    found.drop()


STANDS = {"outcome": "stands", "reasons": "Their answer explains two of eleven."}
FACTORS = ("nature", "intent", "history", "strength", "cooperation", "size", "fault")
SHEET: dict[str, Any] = {
    "factors": {key: f"What persons found of {key}." for key in FACTORS},
    "infringements": ["3(3)"],
    "ceiling": {"key": "hour", "because": "Eleven times in a month, after two warnings."},
    "turnover": {"value": "2500000.00", "currency": "EUR", "year": 2024},
}


class Overseer:
    """What people do at an authority, and what of it is left."""

    def __init__(self, side: Side, clock: FakeClock) -> None:
        self.side, self.clock = side, clock
        note = "The slow half."
        self.scorecard = {"kind": "scorecard", "id": "forum.example 2025-12", "note": note}
        self.analyst = side.person("analyst")
        self.one = side.approver
        self.two = side.person("approver", "approver2")
        for id, state in ((PLATFORM, "DE"), (ABROAD, "IE")):
            sender = Sender(id, kind="platform", member_state=state)
            sender.register(side.instance.database)

    def wait(self, days: float) -> None:
        self.clock.advance(days * DAY)

    def post(self, path: str, key: str, json: Any = None, *, status: int = 200) -> dict[str, Any]:
        return self.side.post(f"/v1/measures{path}", key, json, status=status)

    def get(self, path: str, key: str | None = None) -> dict[str, Any]:
        return self.side.get(f"/v1/measures{path}", key or self.analyst)

    def given(self, step: str = "formal_notice", **changed: Any) -> dict[str, Any]:
        """A measure as an analyst drafts it."""
        evidence = [] if step == "dialogue" else [self.scorecard]
        said = {"organisation": PLATFORM, "step": step, "reasons": WHY, "evidence": evidence}
        return said | changed

    def draft(self, step: str = "formal_notice", **changed: Any) -> str:
        return self.post("", self.analyst, self.given(step, **changed), status=201)["id"]

    def sign(self, id: str) -> None:
        assert self.post(f"/{id}/sign", self.one, status=202) == {"state": "proposed"}
        assert self.post(f"/{id}/sign", self.two)["state"] == "signed"

    def notified(self, step: str = "formal_notice", **changed: Any) -> str:
        id = self.draft(step, **changed)
        self.sign(id)
        assert self.post(f"/{id}/notify", self.analyst)["state"] == "notified"
        return id

    def concluded(
        self, step: str = "formal_notice", outcome: str = "stands", **changed: Any
    ) -> str:
        id = self.notified(step, **changed)
        self.wait(40)
        said = {"outcome": outcome, "reasons": "Nothing was said against it."}
        assert self.post(f"/{id}/conclude", self.one, said)["state"] == "concluded"
        return id

    def penalty(self, **changed: Any) -> str:
        """The draft of a penalty, after a formal notice that stands."""
        notice = {"kind": "measure", "id": self.concluded()}
        return self.draft("penalty", evidence=[self.scorecard, notice], **changed)

    def written(self) -> tuple[int, list[int]]:
        return self.side.entries(), [self.side.count(table) for table in TABLES]

    def faults(self) -> list[str]:
        """What the ledger finds wrong with what is written."""
        instance = self.side.instance
        key = instance.secrets.ledger_key
        seal(instance.database, key, instance.settings.data_dir / HEAD_FILE)
        with instance.database.begin() as tx:
            return [one.detail for one in verify(tx, key.public_key()).faults]

    def refused(self, path: str, key: str, body: Any, type: str, status: int) -> dict[str, Any]:
        """A refusal, which leaves nothing written."""
        before = self.written()
        answer = self.side.call("POST", f"/v1/measures{path}", key, body)
        assert answer.status_code == status, answer.text
        assert answer.json()["type"] == f"/problems/{type}"
        assert self.written() == before
        return answer.json()


@pytest.fixture
def overseer(kept_overseer: KeptDatabase, clock: FakeClock, tmp_path: Path) -> Iterator[Overseer]:
    with side(kept_overseer, clock, tmp_path, OVERSEER) as one:
        yield Overseer(one, clock)
