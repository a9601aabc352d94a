"""What an index is fed from, in place of the banks of a database: a record of changes by version."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from tidegate.signals.fingerprints import KINDS
from tidegate.signals.index import CodeIndex, Hit
from tidegate.signals.model import Fingerprint

Values = tuple[int, list[Fingerprint]]


def distance(left: bytes, right: bytes) -> int:
    return (int.from_bytes(left) ^ int.from_bytes(right)).bit_count()


def anchors(value: bytes) -> set[bytes]:
    return {value[at : at + 8] for at in range(0, len(value), 8)}


@dataclass
class Feed:
    """Owners with their group and values, each with the version of its last change."""

    radii: dict[tuple[str, int], int]
    version: int = 0
    owners: dict[int, tuple[int, Values | None]] = field(default_factory=dict)

    def put(self, owner: int, values: Values | None) -> None:
        """Change an owner; None takes it out."""
        self.version += 1
        self.owners[owner] = (self.version, values)

    def catch_up(self, index: CodeIndex) -> None:
        """As `BankSnapshot.refresh` does."""
        index.adopt()
        for (kind, group), bits in self.radii.items():
            index.set_radius(kind, group, bits)
        self.heal(index)
        changed = [(one[0], owner, one[1]) for owner, one in self.owners.items()]
        for version, owner, values in sorted(c for c in changed if c[0] > index.mark):
            if values is None:
                index.remove(owner, version)
            else:
                index.upsert(owner, *values, version)
            index.mark = version
        index.mark = self.version

    def heal(self, index: CodeIndex) -> bool:
        ranges = index.unreadable()
        for first, last in ranges:
            within = [
                (owner, *values)
                for owner, (_, values) in self.owners.items()
                if first <= owner <= last and values is not None
            ]
            index.replace(first, last, within)
        return bool(ranges)

    def search(self, index: CodeIndex, probes: list[Fingerprint]) -> list[list[Hit]]:
        """As `BankSnapshot.match` does: what files have lost is given again."""
        found = index.search(probes)
        while self.heal(index):
            found = index.search(probes)
        return found

    def expected(self, probes: Iterable[Fingerprint]) -> list[list[Hit]]:
        """What the index must find, by looking at everything."""
        return [self._hits(probe) for probe in probes]

    def _hits(self, probe: Fingerprint) -> list[Hit]:
        hits: list[Hit] = []
        for owner, (_, values) in self.owners.items():
            group, codes = values or (0, [])
            same = [one.value for one in codes if one.kind == probe.kind]
            if KINDS[probe.kind].hamming:
                radius = self.radii.get((probe.kind, group), -1)
                far = min((distance(one, probe.value) for one in same), default=257)
                if far <= radius:
                    hits.append(Hit(owner, far))
            elif least := KINDS[probe.kind].common:
                asked, has = anchors(probe.value), anchors(b"".join(same))
                if len(asked & has) >= least:
                    hits.append(Hit(owner, len(asked - has)))
            elif probe.value in same:
                hits.append(Hit(owner, 0))
        return sorted(hits, key=lambda hit: (hit.distance, hit.owner))
