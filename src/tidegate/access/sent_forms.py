"""Forms that a script sent: what each led to, so that one that is sent again, after the line broke, counts
once and gets its first answer. Kept for a day.
"""

from datetime import timedelta

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.access.tables import sent_forms
from tidegate.infra.db import Tx

KEPT = timedelta(days=1)


class SentForm(msgspec.Struct, frozen=True):
    """Which form it was, as a digest, and where it led."""

    digest: bytes
    location: str


def sent_form(tx: Tx, key: str) -> SentForm | None:
    """What the actor sent under the key before."""
    query = sa.select(sent_forms.c.digest, sent_forms.c.location).where(
        sent_forms.c.person == tx.identity, sent_forms.c.key == key
    )
    row = tx.execute(query).one_or_none()
    return None if row is None else SentForm(*row)


def claim_key(tx: Tx, key: str, form: SentForm) -> bool:
    """Keep the form with what it does, in one transaction: of two that are sent at once the second waits
    here for the first. False where it was kept already."""
    query = insert(sent_forms).values(**_row(tx, key, form)).on_conflict_do_nothing()
    return tx.execute(query.returning(sent_forms.c.key)).first() is not None


def keep_form(tx: Tx, key: str, form: SentForm) -> None:
    """Keep where a form led, also one whose key was claimed."""
    query = insert(sent_forms).values(**_row(tx, key, form))
    said = {"location": form.location}
    tx.execute(query.on_conflict_do_update(index_elements=["person", "key"], set_=said))


def _row(tx: Tx, key: str, form: SentForm) -> dict[str, object]:
    return {
        "person": tx.identity,
        "key": key,
        "digest": form.digest,
        "location": form.location,
        "sent_at": tx.now,
    }


def drop_sent_forms(tx: Tx, limit: int = 5000) -> int:
    """Forget those of yesterday; returns how many. For the worker."""
    old = sa.select(sent_forms.c.key, sent_forms.c.person).where(
        sent_forms.c.sent_at <= tx.now - KEPT
    )
    these = sa.tuple_(sent_forms.c.key, sent_forms.c.person).in_(old.limit(limit))
    return tx.execute(sa.delete(sent_forms).where(these)).rowcount
