"""What no entry of the ledger explains is named, and nothing that came about honestly is."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from scripts.fill_release import fill
from tests.api import Api

from tidegate.access.actions import create_key, create_user, revoke_key, rotate_key
from tidegate.access.people import change_limits, change_role, disable_user, enable_user
from tidegate.content.queries import lock_item
from tidegate.decisions.disclosure import release, withhold
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Database, Tx
from tidegate.infra.secrets import InstanceSecrets
from tidegate.ledger.sequencer import seal
from tidegate.pipeline.house import SCOPES
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.verify import verify
from tidegate.policy.actions import activate_pack, default_source, store_pack
from tidegate.signals.banks.actions import (
    change_bank,
    change_entry,
    create_bank,
    delete_bank,
    delete_entry,
    judge_entry,
)
from tidegate.signals.banks.imports import Job, Reached, import_batch
from tidegate.signals.banks.model import BankIn, BankPatch, EntryPatch
from tidegate.signals.entry import ListEntry
from tidegate.signals.fingerprints import of_text

Check = Callable[..., list[str]]


def checked(tx: Tx, data_dir: Path) -> list[str]:
    """What is found, in words."""
    key = InstanceSecrets.open(data_dir).ledger_key.public_key()
    return [fault.detail for fault in verify(tx, key).faults]


def test_a_whole_history_is_explained(database_url: str, tmp_path: Path, clock: FakeClock) -> None:
    fill(tmp_path, database_url)
    database = Database(database_url, clock, pool_size=1)
    with database.begin() as tx:
        tx.freeze()
        assert checked(tx, tmp_path) == []
    database.close()


def people(instance: Instance) -> None:
    source = default_source()
    with instance.database.begin("system:cli") as tx:
        for name in ("anna", "bert", "cleo"):
            create_user(tx, f"{name}@example.org", "reviewer")
        for role in ("auditor", "reviewer", "curator", "auditor", "reviewer"):
            change_role(tx, "anna@example.org", role)
        for platforms in (["forum"], None, ["forum", "shop"]):
            change_limits(tx, "cleo@example.org", platforms=platforms)
        disable_user(tx, "bert@example.org")
        enable_user(tx, "bert@example.org")
        disable_user(tx, "bert@example.org")
        create_key(tx, SCOPES, "forum", ["items:write"], "forum")
        create_key(tx, SCOPES, "turned", ["items:write"])
        for overlap in (timedelta(0), timedelta(days=1)):
            rotate_key(tx, "turned", overlap)
        revoke_key(tx, create_key(tx, SCOPES, "gone", ["items:write"], None)[0])
        for version in (8, 9):
            store_pack(tx, re.sub(r"(?m)^version = .*$", f"version = {version}", source, count=1))
        for version in (8, 9, 8, 9, 8):
            activate_pack(tx, "tvec", version)


def posts(instance: Instance, api: Api, clock: FakeClock) -> None:
    api.bank()
    known = api.entry("a text of many words that is known to everybody who curates")["id"]
    doubted = api.entry("another text of many words that somebody was unsure of", confirmed=False)
    turned = api.entry("an entry that is turned off and on, and off for good in the end")["id"]
    gone = api.entry("an entry of which somebody thought better after a while")["id"]
    with instance.database.begin("user:curator@example.org") as tx:
        for enabled in (False, True, False, True, False):
            change_entry(tx, "known", UUID(turned), EntryPatch(enabled=enabled))
            change_bank(tx, "known", BankPatch(enabled=enabled, radius={"pdq": 20 + enabled}))
        change_bank(tx, "known", BankPatch(enabled=True, labels=["propaganda"]))
        delete_entry(tx, "known", UUID(gone))
        for name in ("spare", "gone"):
            create_bank(tx, BankIn(name=name, stance="known"))
        delete_bank(tx, "gone")
        for state in ("refuted", "confirmed", "confirmed", "refuted", "confirmed"):
            judge_entry(tx, "known", known, state)
        job = Job("known", b"list", "ndjson", confirmed=True)
        texts = [f"the text number {n} in a list of somebody we trust" for n in range(3)]
        states = ("confirmed", None, "unconfirmed")
        entries = [
            ListEntry(fingerprints=of_text(text), state=state, text=text)
            for text, state in zip(texts, states, strict=True)
        ]
        import_batch(tx, job, entries, Reached(), Reached(position=1, line=3, lines=3))
    assert doubted["state"] == "unconfirmed"
    down = {"outcome": "restrict", "label": "propaganda", "exemption": "none", "reason": "it is"}
    for id in ("stands", "lifted", "erased", "countries"):
        api.submit(id, text=f"words of {id}")
        where = {"scope": "item", "territory": ["FR", "DE"]} if id == "countries" else None
        api.post(f"/v1/items/{id}/decisions", down | {"restriction": where or {"scope": "item"}})
    api.post("/v1/items/lifted/decisions", {"outcome": "lift", "reason": "it was wrong"})
    order, until = uuid4(), instance.clock.now() + timedelta(days=7)
    for days in (0, 7):
        with instance.database.begin("user:lawyer@example.org") as tx:
            for id in ("stands", "countries", "erased"):
                withhold(tx, lock_item(tx, "default", id).id, order, until + timedelta(days))
        clock.advance(1)
    with instance.database.begin("system:clocks") as tx:
        release(tx, lock_item(tx, "default", "countries").id, order)
    assert api.call("DELETE", "/v1/items/erased").status_code == 204


@pytest.fixture
def tampered(
    instance: Instance, api: Api, owner: Database, tmp_path: Path, clock: FakeClock
) -> Check:
    """A history of one moment, half of it sealed: tamper, check, and take it back."""
    people(instance)
    while seal(instance.database, instance.secrets.ledger_key, tmp_path / "ledger-head.json"):
        pass
    posts(instance, api, clock)

    def run(*statements: str) -> list[str]:
        with owner.engine.connect() as connection, connection.begin() as transaction:
            tx = Tx(connection, owner.clock.now())
            tx.freeze()
            tx.execute(sa.text("ALTER TABLE packs DISABLE TRIGGER USER"))
            for statement in statements:
                assert tx.execute(sa.text(statement)).rowcount == 1, statement
            found = checked(tx, instance.settings.data_dir)
            transaction.rollback()
        return found

    return run


IMPORTED = "created_by = 'user:curator@example.org' AND state = "
COPY_KEY = (
    "INSERT INTO keys (id, name, secret_hash, scopes, created_at, created_by)"
    " SELECT 'forged', 'forged', secret_hash, scopes, created_at, created_by FROM keys LIMIT 1"
)
COPY_USER = (
    "INSERT INTO users (id, email, role, created_at)"
    " SELECT gen_random_uuid(), 'eve@example.org', 'admin', created_at FROM users LIMIT 1"
)
RESTRICT = (
    "INSERT INTO restrictions (id, item_id, decision_id, scope, since, source)"
    " SELECT gen_random_uuid(), id, gen_random_uuid(), 'item', received_at, 'decision' FROM items"
    " WHERE external_id = 'lifted'"
)
COPY_BANK = (
    "INSERT INTO banks (id, name, stance, radius, labels, enabled, version, created_at)"
    " SELECT gen_random_uuid(), 'forged', 'allow', '{}', '{}', true, version, created_at FROM banks"
    " WHERE name = 'known'"
)
PLAIN = "text ^@ 'a text of many words'"
TURNED = "text ^@ 'an entry that is turned'"
ONE_OF_LIST = "text ^@ 'the text number 0'"
CHANGES_OF_ENTRY = (
    "enabled = false",
    "labels = '{harmless}'",
    "disabled_until = 'infinity', enabled = false",
    "bank_id = (SELECT id FROM banks WHERE name = 'spare')",
)
CHANGES_OF_BANK = (
    "stance = 'allow'",
    "platform = 'shop'",
    """radius = '{"pdq": 0}'""",
    "radius = '[]'",
    "labels = '{harmless}'",
    "enabled = false",
    "disabled_until = 'infinity'",
)
OTHER_CODES = "(SELECT fingerprints FROM entries WHERE text ^@ 'another text')"
OTHER_DIGEST = "(SELECT digest FROM entries WHERE text ^@ 'another text')"
OF = "item_id = (SELECT id FROM items WHERE external_id = '{}')"
# What is done behind the program's back, and how each sentence begins that says so.
TAMPERINGS = [
    (COPY_KEY, ["the key forged .* no entry"]),
    ("UPDATE keys SET scopes = '{admin}' WHERE name = 'forum'", ["the key .*forum.* in scopes"]),
    ("UPDATE keys SET platform = NULL WHERE name = 'forum'", ["the key .*forum.* in platform"]),
    ("UPDATE keys SET networks = '{::/0}' WHERE name = 'forum'", ["the key .* in networks"]),
    ("UPDATE keys SET expires_at = 'infinity' WHERE name = 'forum'", ["the key .* in expires_at"]),
    ("UPDATE keys SET revoked_at = NULL WHERE name = 'gone'", ["the key .* is good again"]),
    ("UPDATE keys SET revoked_at = created_at WHERE name = 'forum'", ["the key .* is revoked, and"]),
    (
        "UPDATE users SET platforms = NULL WHERE email = 'cleo@example.org'",
        ["the user cleo@example.org is bound to other platforms"],
    ),
    (
        "UPDATE users SET platforms = '{shop}' WHERE email = 'anna@example.org'",
        ["the user anna@example.org is bound to other platforms"],
    ),
    ("UPDATE keys SET secret_hash = sha256('x') WHERE name = 'forum'", ["the key .* secret that no"]),
    (
        "UPDATE keys SET secret_hash = old_hash, old_hash = NULL, old_until = NULL"
        " WHERE name = 'turned'",
        ["the key .*turned.* secret that no"],
    ),
    ("UPDATE keys SET old_hash = sha256('x') WHERE name = 'turned'", ["the key .* second secret"]),
    ("UPDATE keys SET old_hash = secret_hash WHERE name = 'forum'", ["the key .* second secret"]),
    ("DELETE FROM keys WHERE name = 'gone'", ["the key .* is gone"]),
    (COPY_USER, ["the user eve@example.org .* no entry"]),
    ("UPDATE users SET role = 'admin' WHERE email ^@ 'anna'", ["the user anna.* role admin"]),
    ("UPDATE users SET role = 'auditor' WHERE email ^@ 'anna'", ["the user anna.* role auditor"]),
    ("UPDATE users SET disabled_at = NULL WHERE email ^@ 'bert'", ["the user bert.* is enabled"]),
    ("UPDATE users SET disabled_at = created_at WHERE email ^@ 'anna'", ["the user anna.* disabled"]),
    ("UPDATE packs SET source = source || ' ' WHERE version = 8", ["the pack tvec@8 is not the one"]),
    ("UPDATE packs SET version = 10 WHERE version = 9", ["the pack tvec@10 is there, and no entry"]),
    ("UPDATE entries SET state = 'confirmed' WHERE state = 'unconfirmed' AND created_by ^@ 'key'",
     ["the entry .* is confirmed, and no entry"]),
    (f"UPDATE entries SET state = 'refuted' WHERE {PLAIN}",
     ["the entry .* is no longer confirmed"]),
    (f"UPDATE entries SET state = 'confirmed' WHERE {IMPORTED} 'unconfirmed'",
     ["of the entries that came .* 3 were confirmed as they came, and the ledger explains 2"]),
    *((statement, ["the entry .* is deleted, and no entry"])
      for statement in (f"UPDATE entries SET deleted_at = created_at WHERE {PLAIN}",
                        f"UPDATE entries SET deleted_at = created_at WHERE {ONE_OF_LIST}")),
    ("UPDATE entries SET deleted_at = NULL WHERE deleted_at IS NOT NULL",
     ["the entry .* was deleted, and is there again"]),
    (f"DELETE FROM entries WHERE {PLAIN}", ["the entry .* is gone without an entry"]),
    (f"DELETE FROM entries WHERE {ONE_OF_LIST}",
     ["of the entries that came .* 1 were confirmed as they came, and the ledger explains 2"]),
    *((f"UPDATE entries SET {change} WHERE {PLAIN}", ["the entry .* is not as it was left"])
      for change in CHANGES_OF_ENTRY),
    *((f"UPDATE entries SET {change} WHERE {ONE_OF_LIST}", ["the entries that came .* are not as an"])
      for change in CHANGES_OF_ENTRY[:3]),
    (f"UPDATE entries SET enabled = true, disabled_until = NULL WHERE {TURNED}",
     ["the entry .* is not as it was left"]),
    (f"UPDATE entries SET fingerprints = {OTHER_CODES} WHERE {PLAIN}",
     ["the entry .* has codes that are not its own"]),
    (f"UPDATE entries SET fingerprints = {OTHER_CODES}, digest = {OTHER_DIGEST} WHERE {PLAIN}",
     ["the entry .* is not as it was left"]),
    (f"UPDATE entries SET fingerprints = {OTHER_CODES}, digest = {OTHER_DIGEST} WHERE {ONE_OF_LIST}",
     ["the entries that came .* are not as an"]),
    *((f"UPDATE entries SET version = {version} WHERE {PLAIN}", ["the entry .* has a version that"])
      for version in (-1, 1 << 40)),
    ("INSERT INTO quarantines (entry_id, started_at) SELECT id, created_at FROM entries WHERE "
     + PLAIN, ["the entry .* is in quarantine, and no entry"]),
    *((f"UPDATE banks SET {change} WHERE name = 'known'", ["the bank known is not as it was left"])
      for change in CHANGES_OF_BANK),
    ("UPDATE banks SET deleted_at = created_at WHERE name = 'spare'",
     ["the bank spare is deleted, and no entry"]),
    ("UPDATE banks SET deleted_at = NULL WHERE name = 'gone'", ["the bank gone was deleted, and is"]),
    ("DELETE FROM banks WHERE name = 'spare'", ["the bank .* is gone without an entry"]),
    (COPY_BANK, ["the bank forged is there, and no entry"]),
    ("UPDATE keys SET rate = '100000/s' WHERE name = 'forum'", ["the key .*forum.* in rate"]),
    ("UPDATE keys SET old_until = old_until + interval '1 year' WHERE name = 'turned'",
     ["the key .*turned.* until another time"]),
    ("INSERT INTO restrictions (id, item_id, decision_id, scope, since, source) SELECT"
     " gen_random_uuid(), item_id, decision_id, scope, since, source FROM restrictions WHERE "
     + OF.format("stands"), ["the restriction .* is there a second time"]),
    (f"UPDATE restrictions SET source = 'order' WHERE {OF.format('stands')}",
     ["the restriction .* is not as"]),
    (f"UPDATE restrictions SET source = 'order', order_id = gen_random_uuid() WHERE"
     f" {OF.format('stands')}", ["the restriction .* is not as"]),
    (RESTRICT, ["the restriction .* stands, and no entry"]),
    (f"UPDATE restrictions SET scope = 'account' WHERE {OF.format('stands')}",
     ["the restriction .* is not as entry|the restriction .* is not as an entry"]),
    (f"UPDATE restrictions SET territory = '{{DE}}' WHERE {OF.format('countries')}",
     ["the restriction .* is not as"]),
    (f"UPDATE restrictions SET ended_at = since WHERE {OF.format('stands')}",
     ["the restriction of item .* is gone"]),
    (f"UPDATE restrictions SET ended_at = NULL WHERE {OF.format('lifted')}",
     ["the restriction .* stands, although"]),
    *((f"UPDATE disclosures SET {change} WHERE {OF.format(id)}", ["what the author of item .* is not as"])
      for id, change in (("stands", "released_at = until"), ("stands", "until = withheld_at"),
                         ("countries", "released_at = NULL"))),
    (f"DELETE FROM disclosures WHERE {OF.format('stands')}", ["what the author .* is not as"]),
    ("INSERT INTO disclosures SELECT item_id, gen_random_uuid(), until, withheld_at FROM disclosures"
     f" WHERE {OF.format('stands')}", ["what the author .* is not as any entry"]),
    ("UPDATE items SET erased_at = NULL WHERE external_id = 'erased'",
     ["the item .* stands, although"]),
]  # fmt: skip


def test_what_no_entry_explains_is_named(tampered: Check) -> None:
    assert tampered() == []
    for statement, expected in TAMPERINGS:
        found = tampered(statement)
        assert len(found) == len(expected), (statement, found)
        for said, pattern in zip(found, expected, strict=True):
            assert re.match(pattern, said), (statement, said)


def test_another_pack_that_is_active_is_named(tampered: Check) -> None:
    found = tampered(
        "UPDATE packs SET state = 'stored' WHERE version = 8",
        "UPDATE packs SET state = 'active' WHERE version = 9",
    )
    assert [one.split(",")[0] for one in found] == [
        "the pack tvec@9 is active",
        "the pack tvec@8 was activated",
    ]


def test_what_no_entry_of_its_kind_says_is_named_and_ends_nothing(tampered: Check) -> None:
    waiting = (
        "INSERT INTO ledger_pending (id, at, kind, commitment, salt, record)"
        " SELECT gen_random_uuid(), at, '{}', 'x', 'x', convert_to('{}', 'UTF8') FROM ledger LIMIT 1"
    )
    for kind in ("entry.added", "entries.imported", "bank.created", "decision.recorded"):
        for record in ("{{}}", '{{"entry": 1, "bank": "\\u0000", "id": "x", "restriction": null}}'):
            statement = waiting.format(kind, record.format()).replace(":", "\\:")
            found = tampered(statement)
            assert found == [
                f"an entry that is not sealed yet does not say what one of {kind} says"
            ]
    person = "(SELECT id FROM users LIMIT 1)"
    found = tampered(
        "INSERT INTO ledger_pending (id, at, kind, subject, commitment, salt, record)"
        f" SELECT gen_random_uuid(), at, 'item.erased', {person}, 'x', 'x', '{{}}' FROM ledger LIMIT 1"
    )
    assert len(found) == 1
    assert found[0].endswith("was erased, and there is no such item")
