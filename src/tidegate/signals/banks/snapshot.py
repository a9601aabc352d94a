"""What this process knows of the banks: an index that catches up by versions.

The index finds who has a fingerprint; who that is, what it says and whether it still counts is read
from PostgreSQL in the transaction at hand, so no stale word is acted upon. NOTIFY is a hint and
polling the truth: `refresh` reads whatever changed since the version it has seen. A decision that
rests on a match asks `still_stands` inside its own transaction, which locks the entries: a disable
that was acknowledged before is seen, one that comes later waits.
"""

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from tidegate.content.model import Worded
from tidegate.content.parts import TEXT, Part
from tidegate.infra.aside import set_aside
from tidegate.infra.db import Tx
from tidegate.signals.banks.model import is_active, radius_in
from tidegate.signals.banks.queries import bank_version
from tidegate.signals.banks.renewal import compared
from tidegate.signals.banks.tables import banks, entries, quarantines
from tidegate.signals.banks.wording import COMPARED, Compared, Said, Wording, text_probes
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.fingerprints.kind import Kind
from tidegate.signals.index import CodeIndex, Hit, nearest_frames, resolve_allowed
from tidegate.signals.links.placing import Placing, placed
from tidegate.signals.model import Fingerprint, Match
from tidegate.signals.parts import is_exact

MOST_MATCHES = 256
"""Matches of one fingerprint that are kept, the nearest: a bank may hold one picture many times."""
MOST_COMPARED = 64
"""Entries with which a text has anchors in common that it is compared with: those with most."""

_PAGE = 2000
_MOST_TOLD = 1000

Parts = Sequence[tuple[str, Fingerprint]]
Hits = list[tuple[str, Fingerprint, list[Hit]]]


class BankSnapshot:
    """The index of one process, and the bank version that it shows."""

    def __init__(self, index: CodeIndex | None = None) -> None:
        self.index = CodeIndex() if index is None else index  # an empty one is false
        self._groups_read = False
        self._of_platforms = False  # some banks are of one platform
        self._ahead: set[int] = set()  # entries of a version that no change has had, once told of
        self._lock = threading.Lock()

    @property
    def version(self) -> int:
        """The bank version that matches are found by; -1 before the first refresh."""
        return self.index.mark

    def refresh(self, tx: Tx) -> bool:
        """Catch up with what has committed; True when anything changed. Cheap when nothing did."""
        with self._lock:
            self.index.adopt()
            version = bank_version(tx)
            if self.version > version:  # files of a database that has been set back since
                self.index.clear()
            self._heal(tx)
            if version == self.version and self._groups_read:
                return False
            self._read_groups(tx)
            seen = self.version
            changed = sa.and_(entries.c.version > seen, entries.c.version <= version)
            query = _ENTRIES.where(changed).order_by(entries.c.version)
            for row, codes in compared(tx, _streamed(tx, query)):
                self._apply(row, codes)
                # An entry has its version alone or shares it: all of the one before are in.
                self.index.mark = max(self.index.mark, row.version - 1)
            self.index.mark = version
            return True

    def _read_groups(self, tx: Tx) -> None:
        """Each bank is a group of the index, with its own radii."""
        self._of_platforms = False
        for row in tx.execute(_BANKS):
            self._of_platforms = self._of_platforms or row.platform is not None
            # One that is disabled until a date is searched all the same: `match` knows the time.
            active = row.deleted_at is None and (row.enabled or row.disabled_until is not None)
            radius = radius_in(row.radius)
            if row.radius != radius:
                set_aside(tx, "radii of banks", row.number, "what no radius is: the default holds")
            for kind, spec in KINDS.items():
                if spec.hamming:
                    bits = radius.get(kind, spec.default_radius) if active else -1
                    self.index.set_radius(kind, row.number, bits)
        self._groups_read = True

    def _apply(self, row: sa.Row[Any], codes: Sequence[Fingerprint]) -> None:
        if _may_match(row):
            self.index.upsert(row.number, row.bank_number, codes, row.version)
        else:
            self.index.remove(row.number, row.version)

    def _heal(self, tx: Tx) -> bool:
        """Give the index again what its files have lost; True when there was anything."""
        ranges = self.index.unreadable()
        for first, last in ranges:
            rows = tx.execute(_ENTRIES.where(entries.c.number.between(first, last))).all()
            self.index.replace(
                first,
                last,
                [
                    (row.number, row.bank_number, codes)
                    for row, codes in compared(tx, filter(_may_match, rows))
                ],
            )
        return bool(ranges)

    def match(
        self,
        tx: Tx,
        items: Sequence[Parts],
        texts: Sequence[Worded | None],
        platforms: Sequence[Collection[str] | None],
    ) -> list[list[Match]]:
        """The matches of several items at once: for each item its (part, fingerprint) pairs, its text, in
        which phrases are looked for too unless it is None, and the platforms whose banks it is compared
        with beside everybody's (None: all).

        What the banks say of them is read in this transaction; where that is newer than the index,
        the index catches up first.
        """
        if self.index.has_phrases:
            items = [
                [*item, *text_probes(text)] if text else item
                for item, text in zip(items, texts, strict=True)
            ]
        while True:
            hits = self._hits(tx, items)
            numbers = {hit.owner for item in hits for _, _, some in item for hit in some}
            known = self._known(tx, numbers)
            newer = [row for row in known.values() if row.newest > self.version]
            if not newer or (not self.refresh(tx) and self._are_ahead(tx, newer)):
                break
        wordings = self._wordings(tx, hits)
        return [
            self._matches(tx, item, Compared(text, wordings, self.index.phrase_spans), known, whose)
            for item, text, whose in zip(hits, texts, platforms, strict=True)
        ]

    def _are_ahead(self, tx: Tx, rows: Sequence[sa.Row[Any]]) -> bool:
        """Whether these have versions that no change has had, which somebody gave them: the index cannot
        catch up with those. They count as what they say, and are told of once."""
        last = bank_version(tx)
        if any(row.newest <= last for row in rows):
            return False  # one that has committed meanwhile
        for row in rows:
            if row.number not in self._ahead and len(self._ahead) < _MOST_TOLD:
                self._ahead.add(row.number)
                set_aside(tx, "versions of entries", row.number, "later than any change was")
        return True

    def _hits(self, tx: Tx, items: Sequence[Parts]) -> list[Hits]:
        probes = [fingerprint for item in items for _, fingerprint in item]
        if not probes:
            return [[] for _ in items]
        found = self.index.search(probes)
        while self._heal(tx):
            found = self.index.search(probes)
        results = iter(found)
        # Where banks are of one platform, these are cut once others' are out: a bank full of copies must
        # not crowd out what is somebody else's.
        most = None if self._of_platforms else MOST_MATCHES
        return [
            [(part, fingerprint, next(results)[:most]) for part, fingerprint in item]
            for item in items
        ]

    def _known(self, tx: Tx, numbers: Collection[int]) -> Mapping[int, sa.Row[Any]]:
        """What the banks say of entries, by their number."""
        if not numbers:
            return {}
        return {row.number: row for row in tx.execute(_KNOWN.where(_is_one_of(numbers)))}

    def _wordings(self, tx: Tx, items: Sequence[Hits]) -> dict[int, Wording]:
        """The texts of the entries with which items' texts are to be compared, by their number."""
        numbers = {
            hit.owner
            for item in items
            for _, fingerprint, some in item
            if fingerprint.kind in COMPARED
            for hit in some
        }
        if not numbers:
            return {}
        query = sa.select(entries.c.number, entries.c.text)
        rows = tx.execute(query.where(_is_one_of(numbers)))
        return {row.number: Wording(row.text) for row in rows if row.text}

    def _matches(
        self,
        tx: Tx,
        hits: Hits,
        compared: Compared,
        known: Mapping[int, sa.Row[Any]],
        platforms: Collection[str] | None,
    ) -> list[Match]:
        matches: list[Match] = []
        placing = Placing(compared.text)
        for part, fingerprint, some in hits:
            kind = KINDS[fingerprint.kind]
            rows = (
                (hit, row)
                for hit in some
                if (row := known.get(hit.owner)) is not None
                and (row.platform is None or platforms is None or row.platform in platforms)
                and _may_match(row)
                and is_active(row.enabled, row.disabled_until, tx.now)
                and row.bank_deleted_at is None
                and is_active(row.bank_enabled, row.bank_disabled_until, tx.now)
            )
            if kind.common:
                rows = _not_yet_found(matches, part, rows)
            mine = [
                _match(part, kind, row, said)
                for hit, row in rows
                if (said := compared.says(part, fingerprint, hit, _radius(kind, row))) is not None
            ]
            mine.sort(key=lambda match: (match.distance, match.entry))
            matches += placed(mine[:MOST_MATCHES], placing.of(part, fingerprint)) if mine else ()
        if len(matches) > 1 and compared.has_views:
            matches = _each_once(matches)
        return nearest_frames(resolve_allowed(matches)) if matches else matches

    def still_stands(self, tx: Tx, matches: Sequence[Match]) -> bool:
        """Whether the entries of these matches are unchanged since this snapshot's version.

        Locks them against change until the transaction ends.
        """
        ids = sorted({UUID(match.entry) for match in matches})
        newest = tx.execute(
            sa.select(entries.c.version, banks.c.version)
            .join(banks, banks.c.id == entries.c.bank_id)
            .where(entries.c.id.in_(ids))
            .order_by(entries.c.id)
            .with_for_update(read=True)
        ).all()
        newer = [max(row) for row in newest if max(row) > self.version]
        # A version later than any change was makes no difference: `_are_ahead`.
        return not newer or min(newer) > bank_version(tx)


def _each_once(matches: list[Match]) -> list[Match]:
    """Without those that say of one view of the text what a nearer one says of another."""
    best: dict[tuple[str, str], Match] = {}
    for match in matches:
        other = best.get((match.entry, match.kind))
        if Part.parse(match.part).whole == TEXT and (not other or match.distance < other.distance):
            best[match.entry, match.kind] = match
    kept = {id(match) for match in best.values()}
    return [one for one in matches if id(one) in kept or Part.parse(one.part).whole != TEXT]


def _match(part: str, kind: Kind, row: sa.Row[Any], said: Said) -> Match:
    return Match(
        part=part,
        bank=row.bank,
        stance=row.stance,
        entry=str(row.id),
        labels=row.bank_labels if row.labels is None else row.labels,
        kind=kind.name,
        route=kind.route,
        confirmed=row.state == "confirmed",
        exact=is_exact(kind, part, said.distance),
        quarantined=row.quarantined and kind.near,
        **said._asdict(),
    )


def _radius(kind: Kind, row: sa.Row[Any]) -> int:
    return radius_in(row.radius).get(kind.name, kind.default_radius)


def _not_yet_found(
    matches: Sequence[Match], part: str, rows: Iterator[tuple[Hit, sa.Row[Any]]]
) -> Iterator[tuple[Hit, sa.Row[Any]]]:
    """Of the entries that a part has anchors in common with those worth comparing: the first so many,
    less those that the whole part matches already. (A copy of an allowed text may hold more than that:
    then it matters what of it is the allowed one.)"""
    whole = {
        one.entry for one in matches if one.part == part and (one.exact or one.stance == "known")
    }
    return islice((pair for pair in rows if str(pair[1].id) not in whole), MOST_COMPARED)


def _is_one_of(numbers: Collection[int]) -> sa.ColumnElement[bool]:
    return entries.c.number == sa.any_(sa.literal(sorted(numbers), _NUMBERS))


def _may_match(row: sa.Row[Any]) -> bool:
    """Whether an entry belongs into the index: now, or once its `disabled_until` has come."""
    standing = row.deleted_at is None and row.state != "refuted"
    return standing and (row.enabled or row.disabled_until is not None)


def _streamed(tx: Tx, query: sa.Select[*tuple[Any, ...]]) -> Iterator[sa.Row[Any]]:
    """Rows by pages, so that a bank of millions does not have to fit into memory."""
    yield from tx.execute(query.execution_options(yield_per=_PAGE))


_NUMBERS = sa.ARRAY(sa.BigInteger)
_STATE = (
    entries.c.number,
    entries.c.state,
    entries.c.enabled,
    entries.c.disabled_until,
    entries.c.deleted_at,
)
_BANKS = sa.select(
    banks.c.number,
    banks.c.platform,
    banks.c.radius,
    banks.c.enabled,
    banks.c.disabled_until,
    banks.c.deleted_at,
)
_ENTRIES = sa.select(
    *_STATE, entries.c.version, entries.c.fingerprints, banks.c.number.label("bank_number")
).join(banks, banks.c.id == entries.c.bank_id)
_KNOWN = sa.select(
    *_STATE,
    entries.c.id,
    entries.c.labels,
    sa.func.greatest(entries.c.version, banks.c.version).label("newest"),
    banks.c.name.label("bank"),
    banks.c.stance,
    banks.c.platform,
    banks.c.labels.label("bank_labels"),
    banks.c.radius,
    banks.c.enabled.label("bank_enabled"),
    banks.c.disabled_until.label("bank_disabled_until"),
    banks.c.deleted_at.label("bank_deleted_at"),
    sa.exists()
    .where(quarantines.c.entry_id == entries.c.id, quarantines.c.lifted_at.is_(None))
    .label("quarantined"),
).join(banks, banks.c.id == entries.c.bank_id)
