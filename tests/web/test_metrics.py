"""What an operator watches for attacks: refused keys, a broken ledger."""

import json
import re
from pathlib import Path

import pytest
from tests.api import Api

from tidegate.ledger.model import HEAD_FILE
from tidegate.ledger.sequencer import LedgerBroken
from tidegate.ledger.slice import LEDGER


def value(api: Api, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", api.get("/v1/metrics").text, re.M)
    return float(found[1]) if found else 0.0


def test_requests_without_a_key_that_opens_are_counted_by_why(api: Api) -> None:
    names = [f'tidegate_keys_refused_total{{reason="{one}"}}' for one in ("missing", "unknown")]
    before = [value(api, name) for name in names]
    assert api.client.get("/v1/items/x").status_code == 401
    assert api.get("/v1/items/x", key="tg_nobody_knows").status_code == 401
    assert [value(api, name) for name in names] == [one + 1 for one in before]


def test_a_broken_ledger_is_told_until_it_is_mended(api: Api) -> None:
    (seal,) = (duty.work for duty in LEDGER.verbs().duties if duty.name == "seal")
    path: Path = api.instance.settings.data_dir / HEAD_FILE
    api.submit()
    assert seal(api.instance) > 0
    assert value(api, "tidegate_ledger_broken") == 0
    true = path.read_text()
    path.write_text(json.dumps(json.loads(true) | {"hash": "00" * 32}))
    api.submit("post-2")
    with pytest.raises(LedgerBroken):
        seal(api.instance)
    assert value(api, "tidegate_ledger_broken") == 1
    path.write_text(true)
    assert seal(api.instance) > 0
    assert value(api, "tidegate_ledger_broken") == 0
    assert value(api, "tidegate_entries_quarantined") == value(api, "tidegate_decoder_deaths") == 0
