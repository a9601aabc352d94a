"""Putting a version into force from the pages: from a draft that was replayed, or back to one of before; by
two persons where more is restricted and two may. And the record of who did so, when and why.
"""

import re
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal, bad_field
from tidegate.infra.ids import uuid7
from tidegate.ledger.actions import append
from tidegate.policy.actions import (
    ChangeKind,
    Why,
    activate_pack,
    load,
    lock_packs,
    store_pack,
)
from tidegate.policy.drafts import Draft
from tidegate.policy.model import Pack
from tidegate.policy.numbering import numbered
from tidegate.policy.queries import active_ident, pack_source, stored_sources
from tidegate.policy.replays import fresh_replay
from tidegate.policy.stricter import restricts_more
from tidegate.policy.tables import pack_changes

SHORTEST = 10  # a reason has so many characters at least
LONGEST = 2_000

_VERSION = re.compile(r"[1-9][0-9]{0,8}")  # as it is written: one version has one address

ChangeState = Literal["proposed", "live", "declined", "overtaken"]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A version that went into force, or was proposed to: `previous` is what was in force before.
    `reason` is why, `decided_by` who agreed, put it into force alone, or declined."""

    id: UUID
    kind: ChangeKind
    state: ChangeState
    draft: str | None
    pack: str
    digest: bytes
    previous: str | None
    rolls_back_to: str | None
    reason: str
    replay_id: UUID | None
    newly_restricted: int | None
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None


_COLUMNS = [pack_changes.c[name] for name in Change.__struct_fields__]


def go_live(tx: Tx, draft: Draft, reason: str, *, two_may: bool) -> ChangeState:
    """Put a draft's text into force, or propose it where it restricts more and two may decide (`two_may`:
    another person may, too); "live" or "proposed". What another person proposed of this very text goes live.

    Raises Refusal: 403; 409 "same-person", "already-live"; 422 for errors, no reason, no fresh replay.
    """
    _refuse_bound(tx)
    pack = load(draft.source, draft.name)
    lock_packs(tx)
    active = _active(tx)
    if active.digest == pack.digest:
        raise _already_live(pack)
    replay = fresh_replay(tx, pack.digest)
    if replay is None:
        expected = "a replay of exactly this text that ended within the last 24 hours"
        raise bad_field("/replay", expected, "none")
    more = bool(restricts_more(active, pack)) or replay.counts.newly_restricted() > 0
    why = Why(
        kind="live",
        reason=reason,
        draft=draft.name,
        replay=replay.id,
        newly_restricted=replay.counts.newly_restricted(),
    )
    return _change(tx, pack, why, active, two=more and two_may)


def roll_back(tx: Tx, ident: str, reason: str, *, two_may: bool) -> ChangeState:
    """Put the text of a stored version into force again, as a version of its own; "live" or "proposed".
    What the last change took out of force comes back by one person, for that must not wait, unless that change
    was a roll back itself.

    Raises Refusal: 403; 404; 409 "same-person", "already-live"; 422.
    """
    _refuse_bound(tx)
    name, number = named(ident)
    source = pack_source(tx, name, number)
    lock_packs(tx)
    active = _active(tx)
    if active.ident == ident:
        raise _already_live(active)
    again = numbered(source, max(stored_sources(tx, name)) + 1)
    if again is None:
        raise Refusal(
            "version-not-found",
            422,
            "The number of this version cannot be found in its text",
            "Begin a draft with it, give it another version there, and let that go live.",
        )
    pack = load(again, ident)
    more = ident != back_by_one(tx, active.ident) and bool(restricts_more(active, pack))
    why = Why(kind="rollback", reason=reason, rolls_back_to=ident)
    return _change(tx, pack, why, active, two=more and two_may)


def decline(tx: Tx, change_id: UUID) -> Change:
    """Turn down what another person proposed, or take back what one has proposed oneself.
    Raises Refusal: 404; 409 "proposal-over"."""
    _refuse_bound(tx)
    query = sa.select(*_COLUMNS).where(pack_changes.c.id == change_id).with_for_update()
    row = tx.execute(query).mappings().one_or_none()
    if row is None:
        raise proposal_unknown(change_id)
    change = Change(**row)
    if change.state != "proposed":
        raise Refusal(
            "proposal-over",
            409,
            "This is not proposed any more",
            "It is decided, or another version or text has taken its place.",
        )
    values = {"state": "declined", "decided_by": tx.actor, "decided_at": tx.now}
    tx.execute(sa.update(pack_changes).where(pack_changes.c.id == change_id).values(values))
    record = {
        "pack": change.pack,
        "digest": change.digest.hex(),
        "proposed_by": change.proposed_by,
    }
    append(tx, "policy.declined", record)
    return change


def history(tx: Tx, limit: int = 50) -> list[Change]:
    """What went into force, the last first."""
    query = (
        sa.select(*_COLUMNS)
        .where(pack_changes.c.state == "live")
        .order_by(pack_changes.c.decided_at.desc(), pack_changes.c.id.desc())
        .limit(limit)
    )
    return [Change(**row) for row in tx.execute(query).mappings()]


def changes_to(tx: Tx, ident: str) -> list[Change]:
    """When a version went into force, the last first."""
    query = (
        sa.select(*_COLUMNS)
        .where(pack_changes.c.pack == ident, pack_changes.c.state == "live")
        .order_by(pack_changes.c.decided_at.desc(), pack_changes.c.id.desc())
    )
    return [Change(**row) for row in tx.execute(query).mappings()]


def back_by_one(tx: Tx, active: str) -> str | None:
    """The version that one person may bring back whatever it restricts: what the last change took out of
    force. What somebody rolled back from is not among it."""
    last = next(iter(changes_to(tx, active)), None)
    return None if last is None or last.kind == "rollback" else last.previous


def proposals(tx: Tx) -> list[Change]:
    """What waits for another person, the first first."""
    query = sa.select(*_COLUMNS).where(pack_changes.c.state == "proposed")
    rows = tx.execute(query.order_by(pack_changes.c.proposed_at)).mappings()
    return [Change(**row) for row in rows]


def named(ident: str) -> tuple[str, int]:
    """NAME@VERSION. Raises Refusal (404)."""
    name, _, version = ident.rpartition("@")
    if not name or _VERSION.fullmatch(version) is None:
        detail = f"No {ident[:80]} is stored."
        raise Refusal("pack-unknown", 404, "There is no such policy pack", detail)
    return name, int(version)


def proposal_unknown(change_id: object) -> Refusal:
    detail = f"No proposal {str(change_id)[:64]}."
    return Refusal("proposal-unknown", 404, "There is no such proposal", detail)


def _change(tx: Tx, pack: Pack, why: Why, active: Pack, *, two: bool) -> ChangeState:
    """The caller holds the packs."""
    proposal = _proposal(tx, pack, active)
    if proposal is not None and two and proposal.proposed_by == tx.identity:
        raise Refusal(
            "same-person",
            409,
            "Another person must agree",
            "You have proposed this yourself. Nothing was changed; it waits for somebody else.",
        )
    if proposal is None:
        _check_reason(why.reason)
        if two:
            _propose(tx, pack, why, active)
            return "proposed"
    else:
        why = msgspec.structs.replace(
            why,
            reason=proposal.reason,
            proposal=proposal.id,
            proposed_by=proposal.proposed_by,
        )
    store_pack(tx, pack.source, pack.ident)
    activate_pack(tx, pack.name, pack.version, why)
    return "live"


def _proposal(tx: Tx, pack: Pack, active: Pack) -> Change | None:
    query = sa.select(*_COLUMNS).where(
        pack_changes.c.digest == pack.digest,
        pack_changes.c.state == "proposed",
        pack_changes.c.previous == active.ident,
    )
    row = tx.execute(query).mappings().one_or_none()
    return None if row is None else Change(**row)


def _propose(tx: Tx, pack: Pack, why: Why, active: Pack) -> None:
    values: dict[str, Any] = {
        "id": uuid7(tx.now),
        "kind": why.kind,
        "state": "proposed",
        "draft": why.draft,
        "pack": pack.ident,
        "digest": pack.digest,
        "previous": active.ident,
        "rolls_back_to": why.rolls_back_to,
        "reason": why.reason,
        "replay_id": why.replay,
        "newly_restricted": why.newly_restricted,
        "proposed_by": tx.identity,
        "proposed_at": tx.now,
    }
    tx.execute(sa.insert(pack_changes).values(values))
    record = {
        "pack": pack.ident,
        "digest": pack.digest.hex(),
        "previous": active.ident,
        "reason": why.reason,
        "rolls_back_to": why.rolls_back_to,
    }
    append(tx, "policy.proposed", record)


def _check_reason(reason: str) -> None:
    if not SHORTEST <= len(reason.strip()) <= LONGEST:
        expected = f"a reason of {SHORTEST} to {LONGEST} characters"
        raise bad_field("/reason", expected, f"{len(reason.strip())} characters")


def _active(tx: Tx) -> Pack:
    ident = active_ident(tx)
    assert ident is not None  # an instance starts with one
    return load(pack_source(tx, *ident), f"{ident[0]}@{ident[1]}")


def _refuse_bound(tx: Tx) -> None:
    """A pack is everybody's."""
    if tx.platforms is not None:
        raise Refusal(
            "policy-everybodys",
            403,
            "What is judged by is every platform's",
            "You see the things of some platforms alone, so somebody who sees all must put this into force.",
        )


def _already_live(pack: Pack) -> Refusal:
    detail = f"{pack.ident} is what everything is judged by."
    return Refusal("already-live", 409, "This is in force already", detail)
