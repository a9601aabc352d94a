"""`ledger verify` finds an organisation or a key that somebody made trusted past the program."""

import pytest
import sqlalchemy as sa
from tests.others import FORUM, Other, new_key

from tidegate.exchange.actions import add_party, confirm_party, revoke_key, set_organisation
from tidegate.exchange.keys import OwnKey, add_own_key, revoke_own_key
from tidegate.infra.acting import Acting
from tidegate.ledger.model import HEAD_FILE
from tidegate.ledger.sequencer import seal
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.verify import verify

BKA, GNI = Other(), Other("gni.example", state="IE")


@pytest.fixture
def settled(instance: Instance) -> Instance:
    def add(who: str, other: Other) -> None:
        with instance.database.begin(Acting(f"user:{who}@example.org")) as tx:
            add_party(tx, other.published(), own_kid=None, synthetic=False)

    with instance.database.begin() as tx:
        set_organisation(tx, FORUM)
    add("ada", BKA)
    add("ada", GNI)
    with instance.database.begin(Acting("user:ben@example.org")) as tx:
        confirm_party(tx, BKA.id, [BKA.kid])
        revoke_key(tx, GNI.id, GNI.kid, tx.now, "it leaked")
    with instance.database.begin() as tx:
        add_own_key(tx, instance.secrets, tx.now)
        first = OwnKey.of(instance.secrets).kid
        revoke_own_key(tx, instance.secrets, first, tx.now, "it leaked")
    return instance


def faults(instance: Instance) -> list[str]:
    seal(instance.database, instance.secrets.ledger_key, instance.settings.data_dir / HEAD_FILE)
    with instance.database.begin() as tx:
        tx.freeze()
        return [one.detail for one in verify(tx, instance.secrets.ledger_key.public_key()).faults]


def test_an_honest_history_is_explained(settled: Instance) -> None:
    assert faults(settled) == []


FORGED = new_key()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE party_keys SET confirmed_at = now() WHERE confirmed_at IS NULL", "no entry"),
        ("UPDATE party_keys SET confirmed_at = NULL", "though an entry confirms it"),
        ("UPDATE party_keys SET revoked_at = NULL", "good again"),
        ("UPDATE party_keys SET revoked_at = 'infinity'", "another time"),
        ("UPDATE party_keys SET revoked_at = '2020-01-01'", "another time"),
        ("UPDATE party_keys SET x = 'FORGED'", "than its fingerprint says"),
        ("UPDATE parties SET functions = '{issue}' WHERE state = 'confirmed'", "confirmed last"),
        ("UPDATE parties SET inbox = 'https://x.example' WHERE state <> 'confirmed'", "added last"),
        ("UPDATE parties SET state = 'confirmed'", "confirmed last"),
        ("UPDATE organisation_keys SET x = 'FORGED' WHERE n = 2", "called ours"),
        ("UPDATE organisation_keys SET revoked_at = NULL", "not at all"),
        ("UPDATE organisation_keys SET revoked_at = '2020-01-01'", "another time"),
        ("DELETE FROM organisation_keys WHERE n = 2", "was added, and is not there"),
        ("UPDATE organisation SET member_state = 'IE'", "not what was set last"),
    ],
)
def test_what_was_changed_past_the_program_is_named(
    settled: Instance, statement: str, said: str
) -> None:
    with settled.database.begin() as tx:
        tx.execute(sa.text(statement.replace("FORGED", FORGED.x)))
    found = faults(settled)
    assert found
    assert all(said in one for one in found), found
