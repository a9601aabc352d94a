"""What went before a case: other posts of its author, copies of its files, what was decided on them, and
how the entries that it matched have fared."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import msgspec

from tidegate.content.others import MOST_COPIES, OtherItem, copies_of, items_of_author
from tidegate.decisions.looks import blind_among
from tidegate.decisions.model import Decision
from tidegate.decisions.queries import last_decisions, outcomes_of
from tidegate.infra.db import Tx
from tidegate.review.queries import decisions_by_entry

OF_AUTHOR = 10
OF_COPIES = 10
OF_ENTRY = 1000  # decisions that are counted


class Earlier(msgspec.Struct, frozen=True):
    """Another item, and what was decided on it last."""

    item: OtherItem
    decision: Decision | None


class Before(msgspec.Struct, frozen=True, kw_only=True):
    """`copies` are the newest of `copies_total`, which is told up to `copies_most`; `copies_decided` are
    the outcomes of all of them, "" where nobody has decided."""

    author: list[Earlier]
    copies: list[Earlier]
    copies_total: int
    copies_decided: dict[str, int]
    copies_most: int = MOST_COPIES


class Fared(msgspec.Struct, frozen=True):
    """How often people upheld or overturned what an entry's matches asked about; `most`: at least."""

    upheld: int = 0
    overturned: int = 0
    most: bool = False


def before(tx: Tx, item_id: UUID, revision: int) -> Before:
    """What went before an item's revision, as far as the reader may see it."""
    of_author = _seen(tx, items_of_author(tx, item_id, OF_AUTHOR))
    copies = _seen(tx, copies_of(tx, item_id, revision))
    decided = last_decisions(tx, [one.id for one in [*of_author, *copies]])
    outcomes = Counter(decided[one.id].outcome if one.id in decided else "" for one in copies)
    return Before(
        author=[Earlier(one, decided.get(one.id)) for one in of_author],
        copies=[Earlier(one, decided.get(one.id)) for one in copies[:OF_COPIES]],
        copies_total=len(copies),
        copies_decided=dict(outcomes),
    )


def _seen(tx: Tx, found: Sequence[OtherItem]) -> list[OtherItem]:
    """Of what the reader has a blind look before them, not what stands on it."""
    blind = blind_among(tx, [one.id for one in found])
    return [
        msgspec.structs.replace(one, restricted=False) if one.id in blind else one for one in found
    ]


def fared(tx: Tx, entry_ids: Sequence[str]) -> dict[str, Fared]:
    """How each of these entries has fared with people."""
    found: dict[str, Fared] = {}
    for entry_id in entry_ids:
        ids = decisions_by_entry(tx, entry_id, OF_ENTRY)
        outcomes = Counter(outcomes_of(tx, ids).values())
        upheld = outcomes["restrict"] + outcomes["escalate"]
        overturned = outcomes["pass"] + outcomes["lift"]
        found[entry_id] = Fared(upheld, overturned, len(ids) == OF_ENTRY)
    return found
