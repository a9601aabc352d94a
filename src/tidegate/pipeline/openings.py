"""Opening what is closed to whoever audits, an item, an entry of a bank, or what a case is about; and what
a hold keeps."""

from datetime import datetime
from uuid import UUID

import msgspec

from tidegate.content import openings
from tidegate.content.holds import actions as holds
from tidegate.content.holds.model import OpenedHold, OpeningIn
from tidegate.content.queries import get_item, item_by_id, item_unknown, revisions_of
from tidegate.infra.db import Tx
from tidegate.review.queries import subject_of_case
from tidegate.signals.banks.queries import entries_by_id, entry_unknown, get_bank, get_entry


def open_item(tx: Tx, item_id: UUID, given: OpeningIn) -> datetime:
    """Raises Refusal: 404; 409 "open-already"; 422."""
    if item_by_id(tx, item_id) is None:
        raise item_unknown(str(item_id))
    return openings.open_item(tx, item_id, given)


def open_entry(tx: Tx, bank: str, entry_id: UUID, given: OpeningIn) -> datetime:
    """Raises Refusal: 404; 409 "open-already"; 422."""
    get_entry(tx, bank, entry_id)
    return openings.open_entry(tx, entry_id, get_bank(tx, bank).platform, given)


def open_case(tx: Tx, case_id: UUID, given: OpeningIn) -> datetime:
    """What the case is about. Raises Refusal: 404; 409 "open-already"; 422."""
    subject = subject_of_case(tx, case_id)
    if subject.kind != "entry":
        return open_item(tx, subject.id, given)
    entry = entries_by_id(tx, [subject.id]).get(str(subject.id))
    if entry is None:
        raise entry_unknown(subject.id)
    return open_entry(tx, entry.bank, subject.id, given)


def open_hold(tx: Tx, hold_id: UUID, given: OpeningIn) -> OpenedHold:
    """What a hold keeps, with the content that the actor may read from now on. Raises Refusal as
    `holds.open_hold` does."""
    opening = holds.open_hold(tx, hold_id, given)
    item = get_item(tx, opening.platform, opening.item)
    content = revisions_of(tx, item.id, [item.revision])[0].content
    return OpenedHold(**msgspec.structs.asdict(opening), content=content)
