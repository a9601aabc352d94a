"""The verbs of policy: store a pack version, and make one the active one."""

from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.ids import uuid7
from tidegate.infra.settings import SettingsError
from tidegate.ledger.actions import append
from tidegate.policy import numbering
from tidegate.policy.data import DEFAULT_PACK, default_source
from tidegate.policy.fields import refused_as
from tidegate.policy.model import Pack, PackProblem
from tidegate.policy.queries import active_ident, pack_source, stored_sources
from tidegate.policy.reading import InvalidPack, load_pack
from tidegate.policy.tables import pack_changes, packs

CHANNEL = "packs"

ChangeKind = Literal["start", "command", "live", "rollback"]


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """Why a version goes into force: by the first start, a command, or the pages, from a draft or back to
    what was; on which replay that rests; and the proposal of another person that is carried out."""

    kind: ChangeKind = "command"
    reason: str = ""
    draft: str | None = None
    rolls_back_to: str | None = None
    replay: UUID | None = None
    newly_restricted: int | None = None
    proposal: UUID | None = None
    proposed_by: str | None = None


def store_pack(tx: Tx, source: str, file: str = "pack.toml") -> Pack:
    """Keep a pack version for ever; storing the same again changes nothing.

    Raises Refusal: 422 "pack-invalid" with `problems` if it cannot be loaded, or changes a rule
    of an earlier version without giving it a new version; 409 "pack-version-taken" if this name
    and version is stored with another source.
    """
    pack = load(source, file)
    lock_packs(tx)
    stored = stored_sources(tx, pack.name)
    if stored.get(pack.version) == source:
        return pack
    if pack.version in stored:
        raise Refusal(
            "pack-version-taken",
            409,
            "This pack version is stored with another source",
            f"Stored versions never change. Give the pack a version above {pack.version}.",
        )
    if changed := numbering.problems(pack, stored, file):
        raise _invalid(changed)
    tx.execute(
        sa.insert(packs).values(
            name=pack.name,
            version=pack.version,
            source=source,
            digest=pack.digest,
            state="stored",
            created_by=tx.actor,
            created_at=tx.now,
        )
    )
    append(tx, "policy.stored", {"pack": pack.ident, "digest": pack.digest.hex()})
    return pack


def activate_pack(tx: Tx, name: str, version: int, why: Why | None = None) -> Pack:
    """Make a stored version the one that everything is judged by, in all processes.

    Raises Refusal: 404 "pack-unknown", 422 "pack-invalid" if this program cannot load it. Then
    the pack from before stays active. Activating the active pack changes nothing.
    """
    pack = load(pack_source(tx, name, version), f"{name}@{version}")
    lock_packs(tx)
    before = active_ident(tx)
    if before == (name, version):
        return pack
    previous = f"{before[0]}@{before[1]}" if before else None
    tx.execute(sa.update(packs).where(packs.c.state == "active").values(state="stored"))
    tx.execute(
        sa.update(packs)
        .where(packs.c.name == name, packs.c.version == version)
        .values(state="active", activated_at=tx.now)
    )
    why = why or Why()
    _note(tx, pack, previous, why)
    record: dict[str, Any] = {
        "pack": pack.ident,
        "digest": pack.digest.hex(),
        "previous": previous,
        "reason": why.reason or None,
        "proposed_by": why.proposed_by,
        "rolls_back_to": why.rolls_back_to,
    }
    append(tx, "policy.activated", record)
    tx.notify(CHANNEL, pack.ident)
    return pack


def _note(tx: Tx, pack: Pack, previous: str | None, why: Why) -> None:
    """Who puts which version into force, when and why; what others had proposed upon the one before is
    overtaken."""
    decided = {"state": "live", "decided_by": tx.actor, "decided_at": tx.now}
    if why.proposal is not None:
        carried_out = sa.update(pack_changes).where(pack_changes.c.id == why.proposal)
        tx.execute(carried_out.values(decided))
    else:
        values = {
            "id": uuid7(tx.now),
            "kind": why.kind,
            "draft": why.draft,
            "pack": pack.ident,
            "digest": pack.digest,
            "previous": previous,
            "rolls_back_to": why.rolls_back_to,
            "reason": why.reason,
            "replay_id": why.replay,
            "newly_restricted": why.newly_restricted,
            "proposed_by": tx.actor,
            "proposed_at": tx.now,
        }
        tx.execute(sa.insert(pack_changes).values(values | decided))
    waiting = sa.update(pack_changes).where(pack_changes.c.state == "proposed")
    tx.execute(waiting.values(state="overtaken", decided_at=tx.now))


def ensure_default(tx: Tx, data_dir: Path | None = None) -> None:
    """Store and activate the shipped pack, or the operator's in its place, if no pack is active: the
    first start of an instance. Raises SettingsError."""
    if active_ident(tx) is None:
        try:
            pack = store_pack(tx, default_source(data_dir), DEFAULT_PACK)
        except Refusal as refusal:
            why = f"The pack to start with cannot be used.\n{refusal.detail}"
            raise SettingsError(why) from None
        if active_ident(tx) is None:  # nobody else was quicker: storing took the lock
            activate_pack(tx, pack.name, pack.version, Why(kind="start"))


def lock_packs(tx: Tx) -> None:
    """Storing and activating happen one at a time; reading goes on meanwhile."""
    tx.execute(sa.text("LOCK TABLE packs IN SHARE ROW EXCLUSIVE MODE"))


def load(source: str, file: str) -> Pack:
    """The pack. Raises Refusal 422 "pack-invalid" with its `problems`, "ground-reserved" where one is
    that it names a legal order as a ground."""
    try:
        return load_pack(source, file)
    except InvalidPack as invalid:
        raise _invalid(invalid.problems) from None


def _invalid(problems: list[PackProblem]) -> Refusal:
    """What is told of a pack with errors."""
    return Refusal(
        refused_as(problems),
        422,
        "The policy pack has errors",
        "\n".join(map(str, problems)),
        problems=problems,
    )
