"""The look back for phrases: they are no codes, so the texts of all kept items are walked through.

The look back notes which entries with a phrase have changed (`seek`). A *walk* takes all that wait,
finds the items whose texts hold one of their phrases, and has them looked at again; what comes
meanwhile waits for the next walk. It goes by the numbers of revisions, a page at a time, each in a
transaction of its own that also keeps how far it is, so that another process goes on from there.

There is no gap, as there is none for codes. A walk begins after the look back has committed that it
has reached the entry's version. An item that commits before the walk passes its number is on the
walk's way; one that commits later comes in to the look back later too, which by then takes note of
all that were judged by an older version. What was judged by that version or a newer one, and is
therefore left out here, met the phrase at its first look.
"""

from collections.abc import Collection
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.content.queries import text_of
from tidegate.infra.db import Tx
from tidegate.infra.progress import advance, claim, start
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.lookback.relook import look_again
from tidegate.signals.banks.snapshot import text_probe
from tidegate.signals.banks.tables import banks, entries, sought_phrases
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.index import CodeIndex
from tidegate.signals.model import Fingerprint

PAGE = 500  # items that are read in one transaction at most
PAGE_BYTES = 1 << 18  # of content, after which a page ends
BATCH = 25  # items that are looked at again in one transaction

_FETCHED = 32  # rows in memory at a time: a text may have 200,000 characters
_POSITION = "phrase walk position"  # the last number that was walked past; 0 between walks
_WALKS = "phrase walks"

_fingerprints = msgspec.msgpack.Decoder(list[Fingerprint])


class Paced(NamedTuple):
    """What a step did: how many items it read, and how many evaluations it appended."""

    read: int
    appended: int


class _Page(NamedTuple):
    """`last`: the number of the last item that was read. `ended`: none comes after it."""

    last: int
    read: int
    found: list[int]
    ended: bool


def seek(tx: Tx, changed: Collection[tuple[UUID, int]]) -> None:
    """Have the phrases of these entries looked for, each with the bank version since which it
    matches; also if a walk is looking for them already."""
    if not changed:
        return
    rows = [{"entry_id": entry, "version": version} for entry, version in sorted(changed)]
    put = insert(sought_phrases)
    again = {"version": put.excluded.version, "walk": None}
    tx.execute(put.on_conflict_do_update(index_elements=["entry_id"], set_=again), rows)


class PhraseWalk:
    """The walk of one process; one thread steps it."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        with instance.database.begin() as tx:
            start(tx, _POSITION)
        self._phrases: tuple[int, CodeIndex] = (0, CodeIndex())  # of the walk of that number

    def step(self) -> Paced | None:
        """Walk through the next page; None when no phrase waits, or another process is at it."""
        with self._instance.database.begin() as tx:
            if not tx.execute(_ANYTHING).scalar_one():
                return None
            position = claim(tx, _POSITION)
            if position is None:
                return None
            walk = tx.execute(_WALK).first()
            if walk is None:  # in a transaction of its own, so that nobody waits for these rows
                tx.execute(_SET_OUT, {"walk": tx.next_number(_WALKS)})
                advance(tx, _POSITION, 0)
                return Paced(0, 0)
            page = self._read(tx, position, walk.version, self._sought(tx, walk.walk))
            appended = look_again(tx, self._instance, page.found)
            if page.ended:
                tx.execute(sa.delete(sought_phrases).where(sought_phrases.c.walk == walk.walk))
            advance(tx, _POSITION, 0 if page.ended else page.last)
        return Paced(page.read, appended)

    def _sought(self, tx: Tx, walk: int) -> CodeIndex:
        """The phrases of a walk. One that was taken out of use since it began may be among them:
        they only say which items are worth another look."""
        if self._phrases[0] != walk:
            index = CodeIndex()
            for row in tx.execute(_SOUGHT, {"walk": walk}):
                codes = _fingerprints.decode(row.fingerprints)
                index.upsert(row.number, 0, [one for one in codes if KINDS[one.kind].contained])
            self._phrases = (walk, index)
        return self._phrases[1]

    def _read(self, tx: Tx, after: int, version: int, phrases: CodeIndex) -> _Page:
        """The next items that were first judged by a bank version before `version`."""
        last, read, size = after, 0, 0
        found: list[int] = []
        if not phrases.has_phrases:
            return _Page(last, read, found, ended=True)
        query = _TEXTS.execution_options(yield_per=_FETCHED)
        given: dict[str, Any] = {"after": after, "version": version, "limit": PAGE}
        with tx.execute(query, given) as rows:
            for row in rows:
                last, read, size = row.number, read + 1, size + len(row.content)
                text = text_of(row.content)
                if text and phrases.search([text_probe(text)])[0]:
                    found.append(row.number)
                if size >= PAGE_BYTES or len(found) >= BATCH:
                    return _Page(last, read, found, ended=False)
        return _Page(last, read, found, ended=read < PAGE)


_ANYTHING = sa.select(sa.exists().select_from(sought_phrases))
_WALK = sa.text(
    "SELECT walk, max(version) AS version FROM sought_phrases WHERE walk IS NOT NULL GROUP BY walk"
)
_SET_OUT = sa.update(sought_phrases).values(walk=sa.bindparam("walk", type_=sa.BigInteger))
_SOUGHT = (
    sa.select(entries.c.number, entries.c.fingerprints)
    .join(sought_phrases, sought_phrases.c.entry_id == entries.c.id)
    .join(banks, banks.c.id == entries.c.bank_id)
    .where(sought_phrases.c.walk == sa.bindparam("walk", type_=sa.BigInteger))
    .where(entries.c.deleted_at.is_(None), banks.c.deleted_at.is_(None))
    .where(entries.c.state != "refuted", entries.c.enabled, banks.c.enabled)
)
_TEXTS = sa.text(
    "SELECT r.number, r.content FROM revisions r"
    " JOIN items i ON i.id = r.item_id AND i.revision = r.revision"
    " WHERE r.number > :after AND r.bank_version < :version"
    " AND r.content IS NOT NULL AND i.erased_at IS NULL ORDER BY r.number LIMIT :limit"
)
