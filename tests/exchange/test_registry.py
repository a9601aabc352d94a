"""Whom this instance trusts: nobody on first use, and nobody by one person's word."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from msgspec.structs import replace
from tests.others import FORUM, Other, jwk, new_key

from tidegate.exchange.actions import (
    add_party,
    confirm_party,
    name_parties,
    revoke_key,
    set_organisation,
)
from tidegate.exchange.model import Organisation, Party
from tidegate.exchange.queries import (
    establishment,
    get_party,
    key_named,
    organisation,
    parties,
    party,
)
from tidegate.infra.acting import Acting
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Database, Tx, metadata
from tidegate.infra.errors import Refusal

ADA, BEN = Acting("user:ada@example.org"), Acting("user:ben@example.org")
OWN = new_key()
AT = sa.text("SELECT kind FROM ledger_pending ORDER BY id")


@pytest.fixture
def as_(database: Database) -> Callable[..., Any]:
    """Do something in somebody's name, in a transaction of its own."""

    def run(who: Acting, work: Callable[..., Any], *args: Any, **more: Any) -> Any:
        with database.begin(who) as tx:
            return work(tx, *args, **more)

    return run


@pytest.fixture
def add(as_: Callable[..., Any]) -> Callable[..., Party]:
    def run(who: Acting, other: Other, **fields: Any) -> Party:
        found = other.published(**fields)
        return as_(who, add_party, found, own_kid=OWN.kid, synthetic=False)

    return run


def everything(database: Database) -> dict[str, list[str]]:
    with database.begin() as tx:
        return {
            name: sorted(tx.execute(sa.text(f'SELECT t::text FROM "{name}" t')).scalars())
            for name in metadata.tables
        }


def ledger(database: Database) -> list[str]:
    with database.begin() as tx:
        return list(tx.execute(AT).scalars())


@contextmanager
def refused(database: Database, type: str, status: int) -> Generator[None]:
    """It is refused so, and nothing is written."""
    before = everything(database)
    with pytest.raises(Refusal) as caught:
        yield
    assert (caught.value.type, caught.value.status) == (type, status)
    assert everything(database) == before


def test_an_organisation_is_set_once_for_ever_and_changed_in_the_rest(
    database: Database, as_: Callable[..., Any], clock: FakeClock
) -> None:
    assert as_(ADA, organisation) is None
    assert as_(ADA, set_organisation, FORUM) == FORUM
    assert as_(ADA, set_organisation, FORUM) == FORUM  # again says nothing new
    assert ledger(database) == ["organisation.set"]
    clock.advance(1)
    changed = replace(FORUM, name="The Other Forum", member_state="EL")
    assert as_(ADA, set_organisation, changed).member_state == "GR"
    assert as_(ADA, organisation).name == "The Other Forum"
    for other in (replace(FORUM, id="other.example"), replace(FORUM, kind="authority")):
        with refused(database, "organisation-stands", 409):
            as_(ADA, set_organisation, other)
    with refused(database, "invalid-body", 422):
        as_(ADA, set_organisation, replace(FORUM, zone="Nowhere"))


def test_what_one_registers_another_confirms(
    database: Database, as_: Callable[..., Any], add: Callable[..., Party]
) -> None:
    bka = Other()
    made = add(ADA, bka)
    assert (made.state, [(key.kid, key.state) for key in made.keys]) == (
        "unconfirmed",
        [(bka.kid, "unconfirmed")],
    )
    with refused(database, "same-person", 409):
        as_(ADA, confirm_party, bka.id, [bka.kid])
    with refused(database, "fingerprint-differs", 422):
        as_(BEN, confirm_party, bka.id, [new_key().kid])
    with refused(database, "fingerprint-differs", 422):
        as_(BEN, confirm_party, bka.id, [bka.kid, "x"])
    with refused(database, "invalid-body", 422):
        as_(BEN, confirm_party, bka.id, [])
    with refused(database, "party-unknown", 404):
        as_(BEN, confirm_party, "nobody.example", [bka.kid])
    done = as_(BEN, confirm_party, bka.id, [bka.kid])
    assert (done.state, done.keys[0].state, done.confirmed_by) == (
        "confirmed",
        "confirmed",
        BEN.actor,
    )
    before = everything(database)
    assert as_(ADA, confirm_party, bka.id, [bka.kid]) == done  # nothing is left to confirm
    assert everything(database) == before
    assert sorted(ledger(database)) == ["party.added", "party.confirmed"]


def test_what_was_swapped_since_it_was_shown_is_not_confirmed(
    database: Database, as_: Callable[..., Any], add: Callable[..., Party]
) -> None:
    """Of a new organisation, and of a trusted one: its inbox, its functions, its name."""
    bka = Other()
    shown = add(ADA, bka).document
    elsewhere = "https://evil.example/public/orders/inbox"
    swapped = add(ADA, bka, inbox=elsewhere, functions=["issue", "oversee"])
    assert swapped.document != shown
    with refused(database, "document-changed", 409):
        as_(BEN, confirm_party, bka.id, [bka.kid], shown)
    assert add(ADA, bka).document == shown  # the same words have the same digest
    done = as_(BEN, confirm_party, bka.id, [bka.kid], shown)
    assert (done.state, done.inbox == elsewhere, done.document) == ("confirmed", False, shown)
    offered = add(ADA, bka, name="Unit of the BKA").document
    add(ADA, bka, name="Unit of the BKA", inbox=elsewhere)
    with refused(database, "document-changed", 409):
        as_(BEN, confirm_party, bka.id, [bka.kid], offered)
    add(ADA, bka, name="Unit of the BKA")
    after = as_(BEN, confirm_party, bka.id, [bka.kid], offered)
    assert (after.name, after.inbox) == ("Unit of the BKA", done.inbox)


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "Another"},
        {"member_state": "IE"},
        {"functions": ["issue"]},
        {"zone": "Europe/Dublin"},
        {"hosts": ["evil.example"]},
        {"languages": ["en"]},
        {"inbox": "https://evil.example/inbox"},
        {"contact": {"email": "evil@evil.example"}},
    ],
)
def test_each_thing_that_is_said_is_in_the_digest(
    add: Callable[..., Party], changed: dict[str, Any]
) -> None:
    bka = Other()
    assert add(ADA, bka).document != add(ADA, bka, **changed).document


def test_who_registers_the_same_again_is_not_the_one_who_waits(
    database: Database, as_: Callable[..., Any], add: Callable[..., Party]
) -> None:
    bka = Other()
    add(ADA, bka)
    assert add(BEN, bka).added_by == ADA.actor  # it says nothing new
    with refused(database, "same-person", 409):
        as_(ADA, confirm_party, bka.id, [bka.kid])
    # What ben registered otherwise is no longer what ada did, and neither can confirm both.
    add(BEN, bka, name="Another name")
    for who in (ADA, BEN):
        with refused(database, "same-person", 409):
            as_(who, confirm_party, bka.id, [bka.kid])
    assert as_(Acting("user:cy@example.org"), confirm_party, bka.id, [bka.kid]).confirmed_by


def test_new_keys_of_a_trusted_one_wait_for_their_own_confirmation(
    database: Database, as_: Callable[..., Any], add: Callable[..., Party]
) -> None:
    bka, second = Other(), new_key()
    add(ADA, bka)
    as_(BEN, confirm_party, bka.id, [bka.kid])
    made = add(BEN, bka, keys=[jwk(bka.key), jwk(second)])
    assert made.state == "confirmed"
    assert {key.kid: key.state for key in made.keys} == {
        bka.kid: "confirmed",
        second.kid: "unconfirmed",
    }
    with refused(database, "same-person", 409):
        as_(BEN, confirm_party, bka.id, [second.kid])
    done = as_(ADA, confirm_party, bka.id, [second.kid])
    assert {key.state for key in done.keys} == {"confirmed"}


def test_what_a_trusted_one_says_otherwise_counts_once_it_is_confirmed(
    database: Database, as_: Callable[..., Any], add: Callable[..., Party]
) -> None:
    bka = Other()
    add(ADA, bka, functions=["issue"])
    as_(BEN, confirm_party, bka.id, [bka.kid])
    inbox = "https://elsewhere.example/x"
    made = add(BEN, bka, functions=["issue", "scrutinise"], inbox=inbox)
    assert (made.state, made.functions, made.inbox != inbox) == ("confirmed", ["issue"], True)
    assert made.proposed is not None
    assert made.proposed["inbox"] == inbox
    before = everything(database)
    add(ADA, bka, functions=["issue", "scrutinise"], inbox=inbox)  # known by now, and ben's
    assert everything(database) == before
    with refused(database, "same-person", 409):
        as_(BEN, confirm_party, bka.id, [bka.kid])
    done = as_(ADA, confirm_party, bka.id, [bka.kid])
    assert (done.functions, done.inbox, done.proposed) == (["issue", "scrutinise"], inbox, None)
    # Who takes it back before anybody agreed has proposed nothing.
    add(BEN, bka, functions=["issue"], inbox=inbox)
    assert add(BEN, bka, functions=["issue", "scrutinise"], inbox=inbox).proposed is None


def test_a_key_is_one_organisations(
    database: Database, as_: Callable[..., Any], add: Callable[..., Party]
) -> None:
    bka, thief = Other(), Other("thief.example")
    add(ADA, thief, keys=[jwk(bka.key)])
    add(ADA, bka)
    as_(BEN, confirm_party, bka.id, [bka.kid])
    with refused(database, "key-of-another", 409):
        as_(BEN, confirm_party, thief.id, [bka.kid])
    found = as_(ADA, key_named, bka.kid)
    assert (found.organisation, found.state) == (bka.id, "confirmed")
    assert as_(ADA, key_named, new_key().kid) is None


def test_a_revoked_key_is_kept_and_the_earliest_moment_stands(
    database: Database, as_: Callable[..., Any], add: Callable[..., Party], clock: FakeClock
) -> None:
    bka = Other()
    add(ADA, bka)
    as_(BEN, confirm_party, bka.id, [bka.kid])
    now = clock.now()
    hour = timedelta(hours=1)
    with refused(database, "invalid-body", 422):
        as_(ADA, revoke_key, bka.id, bka.kid, now + hour, "it leaked")
    with refused(database, "invalid-body", 422):
        as_(ADA, revoke_key, bka.id, bka.kid, now, " ")
    with refused(database, "invalid-body", 422):
        as_(ADA, revoke_key, bka.id, bka.kid, now, "x" * 1001)
    with refused(database, "party-key-unknown", 404):
        as_(ADA, revoke_key, bka.id, new_key().kid, now, "it leaked")
    with refused(database, "party-unknown", 404):
        as_(ADA, revoke_key, "nobody.example", bka.kid, now, "it leaked")
    as_(ADA, revoke_key, bka.id, bka.kid, now - hour, "it leaked")
    before = everything(database)
    as_(ADA, revoke_key, bka.id, bka.kid, now, "once more, later")
    assert everything(database) == before
    as_(ADA, revoke_key, bka.id, bka.kid, now - 2 * hour, "it had leaked earlier")
    key = as_(ADA, key_named, bka.kid)
    assert (key.state, key.revoked_at, key.confirmed_at is not None) == (
        "revoked",
        now - 2 * hour,
        True,
    )
    with refused(database, "key-revoked", 409):
        as_(BEN, confirm_party, bka.id, [bka.kid])


def test_what_an_organisation_revokes_itself_counts_at_once(
    database: Database, as_: Callable[..., Any], add: Callable[..., Party], clock: FakeClock
) -> None:
    bka, second = Other(), new_key()
    add(ADA, bka)
    as_(BEN, confirm_party, bka.id, [bka.kid])
    gone = (clock.now() - timedelta(days=1)).isoformat()
    later = (clock.now() + timedelta(days=1)).isoformat()
    add(ADA, bka, keys=[jwk(bka.key, revoked_at=gone), jwk(second, revoked_at=later)])
    found = {key.kid: key.state for key in as_(ADA, get_party, bka.id).keys}
    assert found == {bka.kid: "revoked", second.kid: "unconfirmed"}
    add(ADA, bka)  # nor does it come back
    assert as_(ADA, key_named, bka.kid).state == "revoked"


def test_nobody_registers_this_instance_or_an_exercise(
    database: Database, as_: Callable[..., Any], add: Callable[..., Party]
) -> None:
    as_(ADA, set_organisation, FORUM)
    with refused(database, "invalid-body", 422):
        add(ADA, Other(FORUM.id))
    with refused(database, "invalid-body", 422):
        add(ADA, Other(), keys=[jwk(OWN)])
    with refused(database, "synthetic-differs", 422):
        add(ADA, Other(), synthetic=True)
    real = Other().published()
    with refused(database, "synthetic-differs", 422):
        as_(ADA, add_party, real, own_kid=None, synthetic=True)
    with refused(database, "invalid-body", 422):
        add(ADA, Other(), keys=[jwk(new_key(), kid="x")])


def test_the_establishments_authority_is_the_confirmed_one_of_our_state(
    as_: Callable[..., Any], add: Callable[..., Party]
) -> None:
    ours = as_(ADA, set_organisation, FORUM)
    assert as_(ADA, establishment, ours) is None
    others = {
        "a.example": {"functions": ["issue"]},
        "b.example": {"member_state": "IE"},
        "c.example": {"kind": "platform", "functions": []},
        "d.example": {},
        "e.example": {},
    }
    for id, fields in others.items():
        other = Other(id)
        add(ADA, other, **fields)
        if id != "d.example":
            as_(BEN, confirm_party, id, [other.kid])
    found = as_(ADA, establishment, ours)
    assert found is not None
    assert found.id == "e.example"


def test_names_without_keys_are_known_and_not_trusted(
    database: Database, as_: Callable[..., Any], add: Callable[..., Party]
) -> None:
    named = [_named("de.bka", "BKA"), _named("ie.gni", "Garda National Immigration", "IE")]
    assert as_(ADA, name_parties, named) == 2
    before = everything(database)
    assert as_(ADA, name_parties, named) == 0
    assert everything(database) == before
    found = as_(ADA, parties, state="named")
    assert [(one.id, one.inbox, one.keys) for one in found] == [
        ("de.bka", None, []),
        ("ie.gni", None, []),
    ]
    with refused(database, "fingerprint-differs", 422):
        as_(BEN, confirm_party, "de.bka", [new_key().kid])
    bka = Other("de.bka")
    assert add(ADA, bka).state == "unconfirmed"
    as_(BEN, confirm_party, "de.bka", [bka.kid])
    assert as_(ADA, name_parties, named) == 0  # who is registered stays as they are
    assert as_(ADA, get_party, "de.bka").state == "confirmed"


def _named(id: str, name: str, state: str = "DE") -> Organisation:
    return Organisation(
        id=id, name=name, kind="authority", member_state=state, contact_email="", zone="UTC"
    )


def test_the_registry_is_listed_by_id(tx: Tx, as_: Callable[..., Any]) -> None:
    ids = ["b.example", "a.example", "c.example"]
    name_parties(tx, [_named(id, id) for id in ids])
    assert [one.id for one in parties(tx)] == sorted(ids)
    assert [one.id for one in parties(tx, after="a.example", limit=1)] == ["b.example"]
    assert parties(tx, kind="platform") == parties(tx, state="confirmed") == []
    assert party(tx, "d.example") is None
