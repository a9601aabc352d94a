"""The verbs of the registry: say whom this instance speaks for; register, confirm, revoke.

Nothing is trusted on first use: what one person registers, another confirms, who typed the fingerprints of its
keys from elsewhere. Whoever registered something cannot confirm it. To revoke takes one person.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.exchange.keys import own_keys
from tidegate.exchange.model import SAID, Organisation, Party
from tidegate.exchange.published import (
    Jwk,
    Published,
    read_published,
    refuse,
    settled,
    wrong_fields,
)
from tidegate.exchange.queries import get_organisation, get_party, organisation, party
from tidegate.exchange.tables import organisation as organisations
from tidegate.exchange.tables import parties, party_keys
from tidegate.infra.db import Tx
from tidegate.infra.errors import FieldError, Refusal, bad_field
from tidegate.infra.parsing import check_words
from tidegate.ledger.actions import append

_AHEAD = timedelta(minutes=10)
"""Clocks differ: a key may be revoked as of a moment that comes so soon."""
_LONGEST_REASON = 1000
_PUBLISHED = "the organisation says so itself"


def set_organisation(tx: Tx, given: Organisation) -> Organisation:
    """Say whom this instance speaks for. Its id and kind are for ever, and whether it is synthetic is not said
    here. Raises Refusal: 422; 409 "organisation-stands"."""
    refuse([FieldError(f"/{name}", expected, got) for name, expected, got in wrong_fields(given)])
    _lock(tx)
    before = organisation(tx)
    if before is not None and (before.id, before.kind) != (given.id, given.kind):
        raise Refusal(
            "organisation-stands",
            409,
            "This instance speaks for another organisation",
            f"It is {before.id}, of kind {before.kind}, for ever. Nothing was changed: another organisation"
            " takes an instance of its own.",
        )
    values = msgspec.structs.asdict(settled(given))
    del values["synthetic"]
    if before is None:
        tx.execute(sa.insert(organisations).values(is_it=True, set_at=tx.now, **values))
    elif any(getattr(before, name) != one for name, one in values.items()):
        tx.execute(sa.update(organisations).values(values))
    else:
        return before
    append(tx, "organisation.set", values)
    return get_organisation(tx)


def add_party(tx: Tx, found: Published, *, own_kid: str | None, synthetic: bool) -> Party:
    """Register an organisation by what it publishes, or write down what a known one publishes now. All of it
    waits for a second person, but for the keys that it says are revoked. Raises Refusal (422), also
    "synthetic-differs" for one that is synthetic where we are not, or the other way round."""
    given = read_published(found)
    _refuse_ours(tx, given.id, found.keys, own_kid)
    if given.synthetic != synthetic:
        raise _synthetic_differs(given.synthetic)
    _lock(tx)
    values = msgspec.structs.asdict(given) | {"inbox": found.inbox, "protocol": found.protocol}
    before = party(tx, given.id)
    if before is not None and before.state == "confirmed":
        changed = _propose(tx, before, values)
    else:
        changed = _put(tx, before, values, "unconfirmed")
    fresh = _add_keys(tx, given.id, found.keys)
    if changed or fresh:
        append(tx, "party.added", values | {"keys": fresh})
    for key in found.keys:
        if key.revoked_at is not None and key.revoked_at <= tx.now + _AHEAD:
            _revoke(tx, given.id, key.kid, key.revoked_at, _PUBLISHED)
    return get_party(tx, given.id)


def confirm_party(tx: Tx, id: str, kids: Collection[str], document: str | None = None) -> Party:
    """Trust a registered organisation and the keys that have these fingerprints, and what it publishes now: where
    whoever confirms names the digest of the `document` that they saw, that one and no other. Raises Refusal: 404;
    422 "fingerprint-differs" for any that is none of its keys; 409 "same-person" to whoever registered any of it,
    "key-revoked", "key-of-another", "document-changed"."""
    if not kids:
        raise bad_field("/kids", "the fingerprints of its keys, as you know them", "none")
    _lock(tx)
    before = get_party(tx, id)
    _compare(before, kids)
    if document is not None and document != before.document:
        raise _document_changed(before)
    wanted = [key.kid for key in before.keys if key.kid in kids and key.state == "unconfirmed"]
    proposed, new = before.proposed, before.state != "confirmed"
    if not (wanted or proposed or new):
        return before
    _refuse_same_person(tx, before, wanted)
    _refuse_keys_of_others(tx, id, wanted)
    confirmed = {"confirmed_at": tx.now, "confirmed_by": tx.actor}
    mine = party_keys.c.party_id == id
    tx.execute(sa.update(party_keys).where(mine, party_keys.c.kid.in_(wanted)).values(confirmed))
    changed: dict[str, Any] = {}
    if proposed is not None:
        changed = proposed | {"proposed": None, "proposed_by": None, "added_by": before.proposed_by}
    if new or proposed is not None:
        changed |= {"state": "confirmed", **confirmed}
        tx.execute(sa.update(parties).where(parties.c.id == id).values(changed))
    after = get_party(tx, id)
    append(tx, "party.confirmed", said_of(after) | {"keys": wanted})
    return after


def revoke_key(tx: Tx, id: str, kid: str, at: datetime, reason: str) -> Party:
    """Count a key no more as of a moment; of several, the earliest stands. Raises Refusal: 404; 422."""
    reason = check_words("/reason", reason) or ""
    if not 0 < len(reason) <= _LONGEST_REASON:
        got = f"{len(reason)} characters"
        raise bad_field("/reason", f"1 to {_LONGEST_REASON} characters", got)
    if at > tx.now + _AHEAD:
        raise bad_field("/at", "a moment that has come", at.isoformat())
    _lock(tx)
    if get_party(tx, id).key(kid) is None:
        detail = "GET /v1/registry/{id} shows those that it has."
        raise Refusal("party-key-unknown", 404, "The organisation has no such key", detail)
    _revoke(tx, id, kid, at, reason)
    return get_party(tx, id)


def set_provisional(tx: Tx, id: str, on: bool) -> Party:
    """Say whether orders of an authority may be executed provisionally while nobody is awake. Raises Refusal: 404;
    409 "party-unconfirmed" for what is no trusted authority that issues."""
    _lock(tx)
    before = get_party(tx, id)
    if on and not (before.state == "confirmed" and "issue" in before.functions):
        raise Refusal(
            "party-unconfirmed",
            409,
            "This is no confirmed authority that issues orders",
            f"Nothing was changed: {id} is {before.state}.",
        )
    if before.provisional != on:
        tx.execute(sa.update(parties).where(parties.c.id == id).values(provisional=on))
        append(tx, "party.provisional", {"id": id, "on": on})
    return get_party(tx, id)


def name_parties(tx: Tx, given: Iterable[Organisation]) -> int:
    """Write down authorities that are known by name, without keys; those that are registered stay as they
    are. Returns how many are new or changed."""
    _lock(tx)
    changed: list[dict[str, Any]] = []
    for one in given:
        values: dict[str, Any] = msgspec.structs.asdict(one) | {"inbox": None, "protocol": []}
        before = party(tx, one.id)
        if (before is None or before.state == "named") and _put(tx, before, values, "named"):
            changed.append(values)
    if changed:
        append(tx, "parties.named", {"parties": changed})
    return len(changed)


def said_of(found: Party) -> dict[str, Any]:
    """What the ledger says of a registered organisation."""
    return {name: getattr(found, name) for name in SAID}


def _lock(tx: Tx) -> None:
    """Nobody else changes the registry until the end."""
    tx.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended('registry', 0))"))


def _put(tx: Tx, before: Party | None, values: dict[str, Any], state: str) -> bool:
    """Write down what is not trusted; whether that says anything new."""
    written = values | {"state": state, "added_at": tx.now, "added_by": tx.actor}
    if before is None:
        tx.execute(sa.insert(parties).values(written))
    elif said_of(before) | {"state": before.state} != values | {"state": state}:
        tx.execute(sa.update(parties).where(parties.c.id == before.id).values(written))
    else:
        return False
    return True


def _propose(tx: Tx, before: Party, values: dict[str, Any]) -> bool:
    """Keep what a trusted organisation says now beside what is trusted; whether that is anything new."""
    proposed = None if said_of(before) == values else values
    if proposed == before.proposed:
        return False
    by = None if proposed is None else tx.actor
    changed = {"proposed": proposed, "proposed_by": by}
    tx.execute(sa.update(parties).where(parties.c.id == before.id).values(changed))
    return True


def _add_keys(tx: Tx, id: str, keys: Iterable[Jwk]) -> list[str]:
    """Keep the keys that are new; their fingerprints."""
    rows = [
        {"party_id": id, "kid": key.kid, "x": key.x, "valid_from": key.valid_from}
        | {"added_at": tx.now, "added_by": tx.actor}
        for key in keys
    ]
    query = insert(party_keys).values(rows).on_conflict_do_nothing().returning(party_keys.c.kid)
    return sorted(tx.execute(query).scalars())


def _revoke(tx: Tx, id: str, kid: str, at: datetime, reason: str) -> None:
    earlier = sa.or_(party_keys.c.revoked_at.is_(None), party_keys.c.revoked_at > at)
    query = (
        sa.update(party_keys)
        .where(party_keys.c.party_id == id, party_keys.c.kid == kid, earlier)
        .values(revoked_at=at, revoked_by=tx.actor, revoked_reason=reason)
    )
    if tx.execute(query).rowcount:
        append(tx, "party.key_revoked", {"id": id, "kid": kid, "at": at, "reason": reason})


def _refuse_ours(tx: Tx, id: str, keys: Iterable[Jwk], own_kid: str | None) -> None:
    """Raises Refusal (422) for our own document: nobody trusts themselves."""
    ours = organisation(tx)
    if ours is not None and ours.id == id:
        raise bad_field("/organisation/id", "another organisation than this one", repr(id))
    own = {own_kid, *(one.kid for one in own_keys(tx))}
    if any(key.kid in own for key in keys):
        raise bad_field("/keys", "keys of another organisation", "a key of this one")


def _compare(found: Party, kids: Collection[str]) -> None:
    """Raises Refusal: 422 where a fingerprint is none of the organisation's, 409 where that is revoked."""
    for kid in kids:
        key = found.key(kid)
        if key is None:
            raise Refusal(
                "fingerprint-differs",
                422,
                "The fingerprint is not that of a key as it is registered",
                f"{kid[:60]!r} is none of the keys of {found.id}. Nothing is trusted. Ask the organisation by"
                " another way which key is theirs.",
                errors=[FieldError("/kids", "fingerprints of its keys", repr(kid[:60]))],
            )
        if key.state == "revoked":
            raise Refusal(
                "key-revoked",
                409,
                "The key is revoked",
                f"{kid} counts no more as of {key.revoked_at}. Nothing was changed.",
            )


def _refuse_same_person(tx: Tx, before: Party, kids: Collection[str]) -> None:
    """Raises Refusal (409) where the one who confirms registered any of it."""
    query = sa.select(party_keys.c.added_by)
    query = query.where(party_keys.c.party_id == before.id, party_keys.c.kid.in_(kids))
    by = {*tx.execute(query).scalars(), before.proposed_by}
    if before.state != "confirmed":
        by.add(before.added_by)
    if tx.identity in by:
        raise Refusal(
            "same-person",
            409,
            "This takes a second person",
            "Nothing was changed: whoever registered it cannot confirm it.",
        )


def _refuse_keys_of_others(tx: Tx, id: str, kids: Collection[str]) -> None:
    query = sa.select(party_keys.c.party_id, party_keys.c.kid).where(
        party_keys.c.kid.in_(kids),
        party_keys.c.party_id != id,
        party_keys.c.confirmed_at.isnot(None),
    )
    if (other := tx.execute(query.limit(1)).one_or_none()) is not None:
        raise Refusal(
            "key-of-another",
            409,
            "The key is another organisation's",
            f"{other.kid} is confirmed as a key of {other.party_id}. Nothing was changed.",
        )


def _document_changed(found: Party) -> Refusal:
    return Refusal(
        "document-changed",
        409,
        "It says something else by now than what was confirmed",
        f"Nothing is trusted: what {found.id} says was registered anew since it was shown. Look at it again.",
        document=found.document,
    )


def _synthetic_differs(theirs: bool) -> Refusal:
    said = "is synthetic, and this instance is not" if theirs else "is not synthetic, as we are"
    return Refusal(
        "synthetic-differs",
        422,
        "Exercise and reality do not mix",
        f"The organisation {said}. Nothing was registered.",
        errors=[FieldError("/synthetic", "true" if not theirs else "false", str(theirs).lower())],
    )
