"""The verbs that change items: actions and restrictions move them, erasure ends them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import sqlalchemy as sa

from tidegate.content.holds.queries import is_held, item_held, standing_holds
from tidegate.content.model import ItemRow
from tidegate.content.tables import evidence, items, revisions
from tidegate.infra.db import Tx
from tidegate.ledger.actions import forget

_RAISE_VERDICTS = sa.text(
    "UPDATE items SET verdict = u.verdict, kept_by_hold_at = NULL FROM unnest(CAST(:items AS uuid[]),"
    " CAST(:verdicts AS text[])) AS u (item, verdict) WHERE items.id = u.item"
)
_NUMBER = sa.text(
    "UPDATE items SET sequence = sequence + u.count FROM unnest(CAST(:items AS uuid[]),"
    " CAST(:counts AS int[])) AS u (item, count) WHERE items.id = u.item"
    " RETURNING items.id, items.sequence"
)
_RESTRICT = sa.text(
    "UPDATE items SET restricted_by = u.decision FROM unnest(CAST(:items AS uuid[]),"
    " CAST(:decisions AS uuid[])) AS u (item, decision) WHERE items.id = u.item"
)
# In the order in which everybody locks several, so that nobody waits in a circle.
_LOCK_KEPT = sa.text(
    "SELECT r.number FROM items i JOIN revisions r ON r.item_id = i.id"
    " WHERE r.number = ANY(CAST(:numbers AS bigint[])) AND r.fingerprints IS NOT NULL"
    " AND i.kept_by_hold_at IS NULL ORDER BY i.platform, i.external_id FOR UPDATE OF i, r"
)
_RENEW = (
    sa.update(revisions)
    .where(revisions.c.number == sa.bindparam("of_number"))
    .values(fingerprints=sa.bindparam("codes"), bank_version=0, xid=sa.func.pg_current_xact_id())
)
_RENEW_URL = (
    sa.update(items)
    .where(revisions.c.number == sa.bindparam("of_number"), revisions.c.item_id == items.c.id)
    .where(revisions.c.revision == items.c.revision, items.c.url_key.isnot(None))
    .values(url_key=sa.bindparam("key"))
)
STRENGTH = {"pass": 0, "review": 1, "restrict": 2, "escalate": 3}


def next_sequences(tx: Tx, item_ids: Sequence[UUID]) -> list[int]:
    """The numbers of the next actions on these items, from 1 on each; an item that is named twice has two. The
    caller holds the items' rows."""
    counts = Counter(item_ids)
    given = {"items": list(counts), "counts": list(counts.values())}
    last = {row.id: row.sequence for row in tx.execute(_NUMBER, given)}
    free = {id: last[id] - count + 1 for id, count in counts.items()}
    numbers: list[int] = []
    for id in item_ids:
        numbers.append(free[id])
        free[id] += 1
    return numbers


def set_restrictions(tx: Tx, strongest: Mapping[UUID, UUID | None]) -> None:
    """Say which decision's restriction is the strongest on each item now; None: none stands."""
    if strongest:
        given = {"items": list(strongest), "decisions": list(strongest.values())}
        tx.execute(_RESTRICT, given)


def raise_verdicts(tx: Tx, said: Iterable[tuple[ItemRow, str]]) -> None:
    """Have items remember the strongest verdict so far, by which retention is counted; what only a hold
    kept has time of its own again, if that is longer."""
    raised = {
        item.id: verdict for item, verdict in said if STRENGTH[verdict] > STRENGTH[item.verdict]
    }
    if raised:
        given = {"items": list(raised), "verdicts": list(raised.values())}
        tx.execute(_RAISE_VERDICTS, given)


def renew_fingerprints(tx: Tx, renewed: Mapping[int, bytes]) -> None:
    """Put codes in the place of those that revisions have, by their numbers; what has gone meanwhile
    stays gone. The look back takes them in, as codes that no bank has been asked with yet."""
    if not renewed:
        return
    kept = tx.execute(_LOCK_KEPT, {"numbers": list(renewed)}).scalars().all()
    if kept:
        tx.execute(_RENEW, [{"of_number": one, "codes": renewed[one]} for one in kept])


def renew_url_keys(tx: Tx, renewed: Mapping[int, bytes]) -> None:
    """Have the items of these latest revisions found by other forms of their addresses."""
    if renewed:
        rows = [{"of_number": one, "key": key} for one, key in sorted(renewed.items())]
        tx.execute(_RENEW_URL, rows)


def erase(tx: Tx, item: ItemRow, *, sees_holds: bool) -> list[bytes]:
    """Erase what the item said and who said it; the tombstone (ids, times, verdict) stays, with the digest of
    its URL under the instance's key: an order that names the URL finds that it is gone, and since when.

    Returns the SHA-256 digests of evidence that this item no longer refers to. Raises Refusal
    (409) while a hold stands: of others' it tells only whoever `sees_holds`. The ledger's salts go
    too: its chain stays valid, unreadable here.
    """
    if is_held(tx, item.id):
        raise item_held(standing_holds(tx, item.id, every=sees_holds))
    released = expunge(tx, [item.id], keep_answers=False)
    tx.execute(sa.update(items).where(items.c.id == item.id).values(erased_at=tx.now, author=None))
    forget(tx, item.id, {"item": str(item.id)}, item.platform)
    return released


def expunge(tx: Tx, item_ids: Sequence[UUID], *, keep_answers: bool = True) -> list[bytes]:
    """Drop content and media of items. Returns the digests of evidence let go.

    `keep_answers`: retries of what expired still get their stored answer.
    """
    values: dict[str, object] = {
        "content": None,
        "media": sa.null(),
        "fingerprints": None,
        "xid": sa.func.pg_current_xact_id(),  # the look back's index forgets them too
    }
    if not keep_answers:
        values |= {"answer": None, "digest": b""}
    tx.execute(sa.update(revisions).where(revisions.c.item_id.in_(item_ids)).values(values))
    released = tx.execute(
        sa.delete(evidence).where(evidence.c.item_id.in_(item_ids)).returning(evidence.c.sha256)
    )
    digests = [row[0] for row in released]
    tx.execute(
        sa.update(items)
        .where(items.c.id.in_(item_ids))
        .values(expunged_at=tx.now, kept_by_hold_at=None)
    )
    return digests
