"""Each slice names what is its own, once: no scope, duty, message type or table is forgotten."""

import json
from collections import Counter
from typing import Any

import pytest
import sqlalchemy as sa
from psycopg import Binary
from psycopg.types.json import Jsonb

from tests.api import Api
from tests.naming import about_somebody, names_somebody, unlisted, unsealed
from tidegate.access.model import ROLES, Scopes
from tidegate.enforcement.webhooks import create_webhook
from tidegate.infra import columns, db
from tidegate.infra.columns import Sealed, plain
from tidegate.infra.db import Tx, metadata
from tidegate.infra.scopes import Scope
from tidegate.infra.slices import Slice
from tidegate.ledger import verify
from tidegate.pipeline.duties import duties_of, gauges, urgent_of
from tidegate.pipeline.house import MESSAGE_TYPES, SCOPES, SLICES
from tidegate.pipeline.instance import Instance
from tidegate.web import pages

# What only these may: every role but `admin`, which may everything.
REVIEWS = {
    "items:read",
    "cases:decide",
    "cases:read",
    "banks:read",
    "policy:read",
    "actions:read",
    "alerts:read",
    "alerts:write",
    "clusters:write",
}
AUDITS = {
    "items:read",
    "banks:read",
    "cases:read",
    "actions:read",
    "webhooks:read",
    "policy:read",
    "ledger:read",
    "metrics:read",
    "alerts:read",
    "orders:read",
    "oversight:read",
}
RIGHTS = {
    "reviewer": REVIEWS,
    "senior": REVIEWS | {"cases:senior", "incidents:write"},
    "policy": {
        "policy:write",
        "policy:read",
        "items:read",
        "cases:read",
        "banks:read",
        "alerts:read",
    },
    "intake": {"reports:write", "cases:read", "alerts:read"},
    "curator": {"banks:write", "banks:read", "items:read", "policy:read"},
    "compliance": AUDITS,
    "auditor": AUDITS,
    "legal": {
        "orders:read",
        "orders:execute",
        "items:read",
        "cases:decide",
        "cases:read",
        "registry:write",
    },
    "officer": {"orders:read", "orders:draft", "registry:write"},
    "approver": {
        "orders:read",
        "orders:approve",
        "oversight:read",
        "oversight:sign",
        "registry:write",
    },
    "analyst": {"oversight:read", "oversight:write", "registry:write"},
}


def test_every_table_about_an_item_or_a_person_is_known_to_erasure() -> None:
    tables = about_somebody(metadata)
    assert unlisted(tables, SLICES) == [], "name it in `forgets` or `keeps` of its slice.py"
    listed = [table for one in SLICES for table in (*one.forgets, *one.keeps)]
    assert set(listed) <= metadata.tables.keys()
    assert {table for one in SLICES for table in one.remade} <= metadata.tables.keys()
    assert [table for table, times in Counter(listed).items() if times > 1] == []


def test_the_migrated_database_has_no_other(tx: Tx) -> None:
    rows = tx.execute(
        sa.text(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
        )
    )
    tables = {row.table_name: 1 for row in rows.all() if names_somebody(row.column_name)}
    assert tables.keys() >= {"revisions", "reports", "users"}
    assert unlisted(tables, SLICES) == []


def test_a_table_that_nobody_lists_is_found() -> None:
    fresh = sa.MetaData()
    sa.Table("items", fresh, sa.Column("id", sa.Uuid, primary_key=True))
    sa.Table("votes", fresh, sa.Column("item_id", sa.Uuid))
    sa.Table("drafts", fresh, sa.Column("about", sa.ForeignKey("items.id")))
    sa.Table("notes", fresh, sa.Column("written_by", sa.Text))
    sa.Table("counts", fresh, sa.Column("value", sa.Integer))
    knows = Slice(name="content", forgets=("items",), keeps={"notes": "for the test"})
    assert unlisted(about_somebody(fresh), [knows]) == ["drafts", "votes"]


def test_what_people_wrote_is_sealed_or_plain_for_a_reason() -> None:
    assert unsealed(metadata) == [], "make it Sealed, or say why not: info=plain(…)"


def test_a_column_with_words_that_is_not_sealed_is_found() -> None:
    fresh = sa.MetaData()
    sa.Table(
        "votes",
        fresh,
        sa.Column("comment", sa.Text),
        sa.Column("closing_note", sa.Text),
        sa.Column("reason", Sealed()),
        sa.Column("url", sa.Text, info=plain("for the test")),
        sa.Column("value", sa.Integer),
    )
    assert unsealed(fresh) == ["votes.closing_note", "votes.comment"]


def test_everything_is_declared_once(instance: Instance) -> None:
    with instance.database.begin() as tx:
        named = [gauge.name for gauge in gauges(tx)]
    for names in (
        [one.name for one in SLICES],
        [scope.name for one in SLICES for scope in one.scopes],
        list(MESSAGE_TYPES),
        [duty.name for duty in (*urgent_of(instance), *duties_of(instance))],
        named,
    ):
        assert names
        assert len(names) == len(set(names)), names


def test_a_slice_that_forgets_has_a_verb_for_it() -> None:
    # The ledger's is called by the verb of content that begins every erasure.
    silent = {one.name for one in SLICES if one.forgets and one.verbs().erase is None}
    assert silent == {"ledger"}


def test_every_role_has_its_rights_and_no_other() -> None:
    assert {role: set(SCOPES.of_role(role)) for role in ROLES if role != "admin"} == RIGHTS
    assert SCOPES.of_role("admin") == SCOPES.known.keys()
    assert SCOPES.effective(["items:write"]) == {"items:write", "items:read"}
    assert SCOPES.effective(["holds:write"]) == {"holds:write", "items:read"}


def test_every_scope_that_is_implied_or_asked_for_exists() -> None:
    implied = {scope.implies for scope in SCOPES.known.values()} - {None}
    asked = {scope for page in pages.routes for scope in page.scopes}
    assert implied | asked <= SCOPES.known.keys()


def test_a_scope_for_a_role_that_does_not_exist_is_a_fault_at_once() -> None:
    with pytest.raises(ValueError, match="emperor"):
        Scopes([Scope("items:eat", "eat items", roles=("emperor",))])


SECRET = "zwergkaninchen"


def everything(tx: Tx) -> dict[str, str]:
    """All that the database holds, as text, by table."""
    tables: dict[str, str] = {}
    for name in metadata.tables:
        rows = tx.execute(sa.text(f'SELECT t::text FROM "{name}" t')).scalars()
        tables[name] = "\n".join(rows)
    return tables


def holding(tables: dict[str, str], word: str) -> set[str]:
    """Which tables hold the word, also as bytes."""
    written = (word, word.encode().hex())
    return {name for name, text in tables.items() if any(form in text for form in written)}


def journey(api: Api) -> None:
    """A post with the word in it is submitted, reported, and decided."""
    with api.instance.database.begin() as tx:
        create_webhook(tx, "https://platform.example/hook", known=MESSAGE_TYPES)
    api.submit("post-1", text=f"what the {SECRET} said", url=f"https://{SECRET}.example/")
    report: dict[str, Any] = {
        "id": "report-1",
        "item_id": "post-1",
        "channel": "user",
        "reason": "threat",
        "comment": f"the {SECRET} again",
        "reporter": SECRET,
        "created_at": "2025-12-31T23:00:00Z",
    }
    case = api.post("/v1/reports", report).json()["case"]
    decision: dict[str, Any] = {
        "outcome": "restrict",
        "label": "threat",
        "ground": {"kind": "terms", "reference": "3.1"},
        "restriction": {"scope": "item"},
        "reason": f"because of the {SECRET}",
    }
    assert api.post(f"/v1/cases/{case}/claim").status_code == 200
    decided = api.post(f"/v1/cases/{case}/decide", decision, headers={"Idempotency-Key": "once"})
    assert decided.status_code == 200, decided.text


def test_what_was_erased_is_nowhere_in_the_database(api: Api) -> None:
    journey(api)
    with api.instance.database.begin() as tx:
        before = holding(everything(tx), SECRET)
    assert before >= {"revisions", "reports", "decisions", "messages", "ledger_pending", "answers"}
    assert api.call("DELETE", "/v1/items/post-1").status_code == 204
    with api.instance.database.begin() as tx:
        assert holding(everything(tx), SECRET) == set()


def turn(value: Any) -> Any:
    """A stand-in for encryption: bytes and texts backwards, what stands in JSON as a text."""
    if isinstance(value, Jsonb):
        return Jsonb("§" + json.dumps(value.obj)[::-1])
    if isinstance(value, str):
        return json.dumps("§" + value[::-1])  # a COPY does not say whether it is a text or JSON
    return (
        value if value is None else bytes(value.obj if isinstance(value, Binary) else value)[::-1]
    )


def turn_back(stored: Any) -> Any:
    if isinstance(stored, str) and stored.startswith('"'):
        return json.loads(stored)[:0:-1]
    if isinstance(stored, str):
        return json.loads(stored[:0:-1])
    return stored and stored[::-1]


@pytest.fixture
def turned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "seal", turn)
    monkeypatch.setattr(columns, "unseal", turn_back)
    monkeypatch.setattr(db, "seal", turn)
    monkeypatch.setattr(verify, "unseal", turn_back)


@pytest.mark.usefixtures(
    "database_urls"
)  # of its own: what a first start writes goes through it too
def test_nothing_goes_past_the_seal_in_or_out(turned: None, api: Api) -> None:
    """Whatever sealing makes of values, by INSERT, UPDATE or COPY: everything goes on, and what people
    wrote lies nowhere in the clear."""
    journey(api)
    api.bank()
    api.entry(f"known words of the {SECRET}")
    answer = api.submit("post-2", text=f"known words of the {SECRET}")
    assert answer.json()["evaluation"]["matches"], answer.text
    again = api.submit("post-2", text=f"known words of the {SECRET}")
    assert again.content == answer.content
    api.entry(f"what the {SECRET} said")
    with api.instance.database.begin() as tx:  # as if a kind had come since
        tx.execute(sa.text("DELETE FROM counters WHERE name = 'kind text_minhash'"))
    duties = {duty.name: duty for duty in duties_of(api.instance)}
    while sum(duties[name].work(api.instance) for name in ("kinds", "look-back", "seal")):
        pass
    assert "retro" in [one["stage"] for one in api.get("/v1/items/post-1").json()["evaluations"]]
    key = api.instance.secrets.ledger_key.public_key()
    with api.instance.database.begin() as tx:
        assert holding(everything(tx), SECRET) == set()
        assert verify.verify(tx, key).intact
