"""Decisions in their time of grace outlive a kill: what was promised leaves, what was undone never does."""

import signal
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.api import item
from tests.journeys.processes_of import descendants, send
from tests.serving import Served, serving
from tests.waiting import until

pytestmark = pytest.mark.long

RESTRICT = {"outcome": "restrict", "label": "propaganda", "reason": "x", "undo_seconds": 20}


def reported(api: httpx.Client, id: str) -> str:
    api.post("/v1/items", json=item(id, text=f"a text of {id}")).raise_for_status()
    said = {"id": f"r-{id}", "item_id": id, "channel": "user", "reason": "terrorism"}
    answer = api.post("/v1/reports", json=said | {"created_at": "2026-01-01T10:00:00Z"})
    answer.raise_for_status()
    return answer.json()["case"]


def decided(api: httpx.Client, case: str) -> str:
    answer = api.post(f"/v1/cases/{case}/decide", json=RESTRICT)
    answer.raise_for_status()
    return answer.json()["decision"]


def actions(api: httpx.Client) -> list[dict[str, Any]]:
    answer = api.get("/v1/actions")
    answer.raise_for_status()
    return answer.json()["data"]


def kill(served: Served) -> None:
    assert served.process is not None
    everybody = descendants(served.process.pid)
    served.kill()
    send(signal.SIGKILL, everybody)


@pytest.mark.parametrize("rounds", [3])
def test_what_was_promised_leaves_and_what_was_undone_never_does(
    tmp_path: Path, rounds: int
) -> None:
    with serving(tmp_path / "instance") as served:
        headers = {"Authorization": f"Bearer {served.key('admin')}"}
        with httpx.Client(base_url=served.url, headers=headers, timeout=60) as api:
            promised: set[str] = set()
            undone: set[str] = set()
            for round in range(rounds):
                cases = [reported(api, f"post-{round}-{number}") for number in range(6)]
                made = [decided(api, case) for case in cases]
                for decision in made[::2]:
                    api.post(f"/v1/decisions/{decision}/undo").raise_for_status()
                undone |= set(made[::2])
                promised |= set(made[1::2])
                kill(served)
                served.start()
            until(
                lambda: {one["decision_id"] for one in actions(api)} >= promised,
                "all that was promised",
                shown=served.tail,
            )
            told = actions(api)
            # Their time had come before that of some that have left.
            assert {one["decision_id"] for one in told} == promised
            assert sorted(one["number"] for one in told) == list(range(1, len(promised) + 1))
        assert served.command("ledger", "verify").returncode == 0
