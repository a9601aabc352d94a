"""Reading whom this instance speaks for and whom it trusts."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tidegate.exchange.model import (
    SAID,
    Kind,
    Organisation,
    Party,
    PartyKey,
    PartyState,
    document_digest,
)
from tidegate.exchange.tables import organisation as organisations
from tidegate.exchange.tables import parties as _parties
from tidegate.exchange.tables import party_keys
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.identity import synthetic_since

_FIELDS = Organisation.__struct_fields__
_PARTY = (*SAID, "state", "added_by", "confirmed_by", "proposed", "proposed_by", "provisional")


def organisation(tx: Tx) -> Organisation | None:
    """Whom this instance speaks for; None before it was said."""
    row = tx.execute(sa.select(organisations)).one_or_none()
    if row is None:
        return None
    said = {name: getattr(row, name) for name in _FIELDS if name != "synthetic"}
    return Organisation(**said, synthetic=synthetic_since(tx) or False)


def get_organisation(tx: Tx, unset: int = 404) -> Organisation:
    """The same. Raises Refusal "organisation-unset", with the status `unset`."""
    found = organisation(tx)
    if found is None:
        raise Refusal(
            "organisation-unset",
            unset,
            "This instance speaks for no organisation yet",
            "Whoever runs it says which: tidegate organisation set.",
        )
    return found


def set_at(tx: Tx) -> datetime:
    """Since when this instance speaks for it."""
    return tx.execute(sa.select(organisations.c.set_at)).scalar_one()


def party(tx: Tx, id: str) -> Party | None:
    """A registered organisation with its keys; None for an unknown one."""
    row = tx.execute(sa.select(_parties).where(_parties.c.id == id)).one_or_none()
    return None if row is None else _read(row, _keys_of(tx, [id]).get(id, []))


def get_party(tx: Tx, id: str) -> Party:
    """The same. Raises Refusal (404)."""
    found = party(tx, id)
    if found is None:
        detail = "GET /v1/registry lists those that are."
        raise Refusal("party-unknown", 404, "No such organisation is registered", detail)
    return found


def parties(
    tx: Tx,
    *,
    kind: Kind | None = None,
    state: PartyState | None = None,
    member_state: str | None = None,
    after: str | None = None,
    limit: int | None = None,
) -> list[Party]:
    """The registered organisations by id, those behind the id `after`."""
    wanted = {"kind": kind, "state": state, "member_state": member_state}
    query = sa.select(_parties).order_by(_parties.c.id)
    query = query.where(*(_parties.c[name] == one for name, one in wanted.items() if one))
    if after is not None:
        query = query.where(_parties.c.id > after)
    rows = tx.execute(query if limit is None else query.limit(limit)).all()
    keys = _keys_of(tx, [row.id for row in rows])
    return [_read(row, keys.get(row.id, [])) for row in rows]


def parties_unconfirmed(tx: Tx, person: str, limit: int) -> list[Party]:
    """Those of which something waits for a second person, who is not this one: all of it, a key, or what it says
    otherwise by now."""
    keys = sa.select(party_keys.c.party_id).where(
        party_keys.c.confirmed_at.is_(None),
        party_keys.c.revoked_at.is_(None),
        party_keys.c.added_by != person,
    )
    proposed = _parties.c.proposed.isnot(None) & (_parties.c.proposed_by != person)
    waits = sa.or_(_parties.c.id.in_(keys), proposed)
    rows = tx.execute(sa.select(_parties).where(waits).order_by(_parties.c.id).limit(limit)).all()
    known = _keys_of(tx, [row.id for row in rows])
    return [_read(row, known.get(row.id, [])) for row in rows]


def key_named(tx: Tx, kid: str) -> PartyKey | None:
    """The key of that fingerprint: of whom it is trusted, else of whom it was registered for first; None for
    an unknown one."""
    query = (
        sa.select(party_keys)
        .where(party_keys.c.kid == kid)
        .order_by(party_keys.c.confirmed_at.asc().nulls_last(), party_keys.c.added_at)
        .limit(1)
    )
    row = tx.execute(query).one_or_none()
    return None if row is None else _key(row)


def establishment(tx: Tx, ours: Organisation) -> Party | None:
    """The authority that may scrutinise what we are ordered: the confirmed one of our member state; None while
    there is none."""
    found = parties(tx, kind="authority", state="confirmed", member_state=ours.member_state)
    return next((one for one in found if "scrutinise" in one.functions), None)


def _keys_of(tx: Tx, ids: Collection[str]) -> dict[str, list[PartyKey]]:
    query = sa.select(party_keys).where(party_keys.c.party_id.in_(ids))
    found: dict[str, list[PartyKey]] = {}
    for row in tx.execute(query.order_by(party_keys.c.added_at, party_keys.c.kid)):
        found.setdefault(row.party_id, []).append(_key(row))
    return found


def _key(row: sa.Row[Any]) -> PartyKey:
    trusted = "unconfirmed" if row.confirmed_at is None else "confirmed"
    return PartyKey(
        organisation=row.party_id,
        kid=row.kid,
        x=row.x,
        state=trusted if row.revoked_at is None else "revoked",
        valid_from=row.valid_from,
        revoked_at=row.revoked_at,
        confirmed_at=row.confirmed_at,
    )


def _read(row: sa.Row[Any], keys: list[PartyKey]) -> Party:
    given = {name: getattr(row, name) for name in _PARTY}
    document = document_digest(row.proposed or given)
    return Party(**given, keys=keys, document=document)
