"""Replays of drafts as jobs of the worker: what is replayed, how far it is, what it has counted, and examples.

A replay is `running`, `done`, `stopped` (another text took its place) or `failed`. A page of it commits with
its counts and where it ended, so that after a kill it goes on from there and nothing is counted twice. What
somebody who is bound to platforms replays is what they may see.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.content.queries import of_platform
from tidegate.infra.acting import Acting
from tidegate.infra.db import Tx
from tidegate.infra.errors import bad_field
from tidegate.infra.ids import uuid7
from tidegate.policy.model import Pack
from tidegate.policy.replay import Counts
from tidegate.policy.tables import replay_examples, replays

DAYS = (7, 30, 90)
FRESH = timedelta(hours=24)
"""A version goes live on a replay that has ended at most so long ago."""
_KEPT = timedelta(days=7)

ReplayState = Literal["running", "done", "stopped", "failed"]


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """A replay of `source` on the items whose last look lies between two evaluations. `seen` of `total`
    evaluations are done, from the newest to `reached`."""

    id: UUID
    draft: str
    source: str
    digest: bytes
    days: int
    actor: str
    platforms: list[str] | None
    state: ReplayState
    first: UUID
    reached: UUID
    last: UUID
    total: int
    seen: int
    counts: Counts
    created_at: datetime
    ended_at: datetime | None

    @property
    def by(self) -> Acting:
        """In whose name its items are read."""
        bound = None if self.platforms is None else frozenset(self.platforms)
        return Acting(self.actor, platforms=bound)

    def is_fresh(self, now: datetime) -> bool:
        """Whether a version may go live on it."""
        ended = self.ended_at
        return self.state == "done" and ended is not None and now - ended < FRESH


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """An item of a replay: its verdict before and after, and by which rules."""

    item_id: UUID
    revision: int
    before: str
    after: str
    language: str
    labels: list[str]
    exemption: str | None
    fired: list[str]


_COLUMNS = [replays.c[name] for name in Replay.__struct_fields__]
_EXAMPLE = [replay_examples.c[name] for name in Example.__struct_fields__]
_RUNNING = replays.c.state == sa.literal_column("'running'")


def check_days(days: int) -> int:
    """Raises Refusal (422)."""
    if days not in DAYS:
        raise bad_field("/days", "7, 30 or 90", str(days))
    return days


def start_replay(
    tx: Tx, draft: str, pack: Pack, days: int, first: UUID, last: UUID, total: int
) -> UUID:
    """Let the worker replay a draft's text; its id. One that runs for the same goes on, any other of this
    draft ends, but for one of this text on what others see."""
    bound = None if tx.platforms is None else sorted(tx.platforms)
    running = sa.select(replays.c.id, replays.c.digest, replays.c.days, replays.c.platforms).where(
        replays.c.draft == draft, _RUNNING
    )
    same = None
    for row in tx.execute(running.with_for_update()).all():
        if (row.digest, row.days, row.platforms) == (pack.digest, days, bound):
            same = row.id
        elif row.digest != pack.digest or row.platforms == bound:
            _end(tx, row.id, "stopped")
    if same is not None:
        return same
    values: dict[str, Any] = {
        "id": uuid7(tx.now),
        "draft": draft,
        "source": pack.source,
        "digest": pack.digest,
        "days": days,
        "actor": tx.actor,
        "platforms": bound,
        "state": "running",
        "first": first,
        "reached": last,
        "last": last,
        "total": total,
        "seen": 0,
        "counts": msgspec.to_builtins(Counts()),
        "created_at": tx.now,
    }
    tx.execute(sa.insert(replays).values(values))
    return values["id"]


def last_replay(tx: Tx, draft: str, digest: bytes) -> Replay | None:
    """The replay that says most of a draft: the last of this very text, else the last of any; to who sees
    all platforms, rather one over all of them, for only on such a one a text goes live."""
    query = (
        sa.select(*_COLUMNS)
        .where(sa.or_(replays.c.draft == draft, replays.c.digest == digest), _seen_by(tx))
        .order_by(
            (replays.c.digest == digest).desc(),
            replays.c.platforms.is_(None).desc(),
            replays.c.created_at.desc(),
            replays.c.id,
        )
        .limit(1)
    )
    row = tx.execute(query).mappings().one_or_none()
    return None if row is None else _replay(row)


def fresh_replay(tx: Tx, digest: bytes) -> Replay | None:
    """The last replay of exactly this text, over all platforms, that a version may go live on."""
    query = (
        sa.select(*_COLUMNS)
        .where(replays.c.digest == digest, replays.c.state == "done")
        .where(replays.c.platforms.is_(None), replays.c.ended_at > tx.now - FRESH)
        .order_by(replays.c.ended_at.desc())
        .limit(1)
    )
    row = tx.execute(query).mappings().one_or_none()
    return None if row is None else _replay(row)


def examples_of(tx: Tx, replay_id: UUID) -> list[Example]:
    """The examples of a replay that may be seen here, in the order in which they were found."""
    query = (
        sa.select(*_EXAMPLE)
        .where(replay_examples.c.replay_id == replay_id)
        .where(of_platform(tx, replay_examples.c.item_id))
        .order_by(replay_examples.c.place)
    )
    return [Example(**row) for row in tx.execute(query).mappings()]


def running_replays(tx: Tx) -> list[Replay]:
    """The replays on which there is work, the first first. For the worker."""
    query = sa.select(*_COLUMNS).where(_RUNNING).order_by(replays.c.created_at)
    return [_replay(row) for row in tx.execute(query).mappings()]


def claim_replay(tx: Tx, replay_id: UUID) -> Replay | None:
    """A replay that runs, its row held; None where it does not any more, or another process is at it."""
    query = sa.select(*_COLUMNS).where(replays.c.id == replay_id, _RUNNING)
    row = tx.execute(query.with_for_update(skip_locked=True)).mappings().one_or_none()
    return None if row is None else _replay(row)


def note_page(
    tx: Tx, replay: Replay, seen: int, reached: UUID | None, found: Sequence[Example]
) -> None:
    """A page of so many evaluations is done; none was left where it reached nothing. The caller has
    claimed it, and its counts have taken what the page says."""
    values: dict[str, Any] = {
        "seen": replay.seen + seen,
        "counts": msgspec.to_builtins(replay.counts),
        "reached": reached or replay.reached,
    }
    tx.execute(sa.update(replays).where(replays.c.id == replay.id).values(values))
    if found:
        count = sa.select(sa.func.count()).where(replay_examples.c.replay_id == replay.id)
        place = int(tx.execute(count).scalar_one())
        rows = [
            {"replay_id": replay.id, "place": place + more} | msgspec.structs.asdict(one)
            for more, one in enumerate(found)
        ]
        tx.execute(sa.insert(replay_examples), rows)
    if reached is None:
        _end(tx, replay.id, "done")


def fail_replay(tx: Tx, replay_id: UUID) -> None:
    """It cannot go on."""
    _end(tx, replay_id, "failed")


def drop_old_replays(tx: Tx, limit: int = 20) -> int:
    """Forget replays that ended a week ago; returns how many. For the worker."""
    old = sa.select(replays.c.id).where(replays.c.ended_at <= tx.now - _KEPT).limit(limit)
    ids = list(tx.execute(old.with_for_update(skip_locked=True)).scalars())
    if ids:
        examples = sa.delete(replay_examples).where(replay_examples.c.replay_id.in_(ids))
        tx.execute(examples)
        tx.execute(sa.delete(replays).where(replays.c.id.in_(ids)))
    return len(ids)


def forget_examples(tx: Tx, item_id: UUID) -> None:
    """Erasure: an item is no example of anything any more; it stays counted."""
    tx.execute(sa.delete(replay_examples).where(replay_examples.c.item_id == item_id))


def _end(tx: Tx, replay_id: UUID, state: ReplayState) -> None:
    mine = sa.update(replays).where(replays.c.id == replay_id, _RUNNING)
    tx.execute(mine.values(state=state, ended_at=tx.now))


def _seen_by(tx: Tx) -> sa.ColumnElement[bool]:
    """Whoever is bound to platforms sees no counts of others."""
    if tx.platforms is None:
        return sa.true()
    return sa.and_(
        replays.c.platforms.isnot(None), replays.c.platforms.contained_by(sorted(tx.platforms))
    )


def _replay(row: Any) -> Replay:
    values: dict[str, Any] = dict(row)
    values["counts"] = msgspec.convert(values["counts"], Counts)
    return Replay(**values)
