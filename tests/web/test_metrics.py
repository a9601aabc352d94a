"""What an operator watches for attacks: refused keys, a broken ledger."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from tests.api import Api

from tidegate.access.actions import create_key, revoke_key
from tidegate.access.bounds import Bounds
from tidegate.infra.clock import FakeClock
from tidegate.ledger.model import HEAD_FILE
from tidegate.ledger.sequencer import LedgerBroken
from tidegate.ledger.slice import LEDGER
from tidegate.pipeline.house import SCOPES


def value(api: Api, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", api.get("/v1/metrics").text, re.M)
    return float(found[1]) if found else 0.0


def test_requests_without_a_key_that_opens_are_counted_by_why(api: Api) -> None:
    names = [f'tidegate_keys_refused_total{{reason="{one}"}}' for one in ("missing", "unknown")]
    before = [value(api, name) for name in names]
    assert api.client.get("/v1/items/x").status_code == 401
    assert api.get("/v1/items/x", key="tg_nobody_knows").status_code == 401
    assert [value(api, name) for name in names] == [one + 1 for one in before]


def test_a_key_that_was_good_is_counted_apart_and_told_nothing_else(api: Api) -> None:
    names = [f'tidegate_keys_refused_total{{reason="{one}"}}' for one in ("unknown", "ended")]
    clock, hour = api.instance.clock, timedelta(hours=1)
    assert isinstance(clock, FakeClock)
    revoked = api.key("items:read", name="revoked")
    with api.instance.database.begin() as tx:
        revoke_key(tx, "revoked")
        ends = Bounds(expires_at=tx.now + hour)
        _, expired = create_key(tx, SCOPES, "expired", ["items:read"], bounds=ends)
    assert api.get("/v1/items/x", key=expired).status_code == 404  # good, and remembered
    clock.advance(hour.total_seconds())
    before = [value(api, name) for name in names]
    guessed = f"tg_{revoked.split('_')[1]}_guessed"
    answers = [api.get("/v1/items/x", key=key) for key in (guessed, revoked, expired)]
    assert [one.status_code for one in answers] == [401] * 3
    assert len({one.json()["detail"] for one in answers}) == 1
    assert [value(api, name) for name in names] == [before[0] + 1, before[1] + 2]


def test_a_broken_ledger_is_told_until_it_is_mended(api: Api) -> None:
    (seal,) = (duty.work for duty in LEDGER.verbs().duties if duty.name == "seal")
    path: Path = api.instance.settings.data_dir / HEAD_FILE
    api.submit()
    seal(api.instance)
    assert value(api, "tidegate_ledger_unsealed") == value(api, "tidegate_ledger_broken") == 0
    true = path.read_text()
    path.write_text(json.dumps(json.loads(true) | {"hash": "00" * 32}))
    api.submit("post-2")
    with pytest.raises(LedgerBroken):
        seal(api.instance)
    assert value(api, "tidegate_ledger_broken") == 1
    path.write_text(true)
    seal(api.instance)
    assert value(api, "tidegate_ledger_unsealed") == value(api, "tidegate_ledger_broken") == 0
    assert value(api, "tidegate_entries_quarantined") == value(api, "tidegate_decoder_deaths") == 0
