"""Notifiers who frequently submit manifestly unfounded notices: warned, then suspended for a while that
ends by itself (DSA Art. 23). That is a person's decision each time; nothing here counts and concludes.
"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from tidegate.infra.columns import one_of
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.ids import uuid7
from tidegate.intake.channels import THREAT
from tidegate.intake.flaggers import quality
from tidegate.intake.flagging import (
    LONGEST_SUSPENSION,
    WARNING_LASTS,
    Measure,
    NotifierView,
    Verb,
    check_end,
    check_reason,
    notifier_suspended,
    standing,
)
from tidegate.intake.tables import notifier_measures, reports
from tidegate.ledger.actions import append

_SHOWN = 100


def refuse_suspended(tx: Tx, platform: str, reporter: str | None, reason: str) -> None:
    """Raises Refusal (403) for a report by a pseudonym that is suspended; a threat to life is always
    taken. Retries of what was taken before are answered before this is asked."""
    if reporter is None or reason == THREAT:
        return
    state, until = standing(_measures(tx, platform, reporter), tx.now)
    if state == "suspended" and until is not None:
        raise notifier_suspended(until)


def measured(tx: Tx, notifiers: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of these, as (platform, pseudonym), about whom anything was ever measured."""
    if not notifiers:
        return set()
    columns = notifier_measures.c.platform, notifier_measures.c.reporter
    named = one_of(notifier_measures.c.reporter, {reporter for _, reporter in notifiers})
    found = tx.execute(sa.select(*columns).distinct().where(named))
    return {(row.platform, row.reporter) for row in found}.intersection(notifiers)


def warn_notifier(tx: Tx, platform: str, notifier: str, reason: str) -> NotifierView:
    """Warn. Raises Refusal: 422, 404."""
    check_reason(reason)
    _lock(tx, platform, notifier)
    return _add(tx, platform, notifier, "warn", reason, None)


def suspend_notifier(
    tx: Tx, platform: str, notifier: str, reason: str, until: datetime
) -> NotifierView:
    """Hear no notices of theirs until then. Raises Refusal: 422, 404, 409 "notifier-not-warned" without a
    warning in the year before."""
    check_reason(reason)
    end = check_end(until, tx.now)
    _lock(tx, platform, notifier)
    state, _ = standing(_measures(tx, platform, notifier), tx.now)
    if state == "none":
        raise Refusal(
            "notifier-not-warned",
            409,
            "A warning comes first",
            "Nothing was written: in the last year this reporter got no warning that still stands.",
        )
    return _add(tx, platform, notifier, "suspend", reason, end)


def lift_measures(tx: Tx, platform: str, notifier: str, reason: str) -> NotifierView:
    """End what stands, the warning too. Raises Refusal: 422, 404, 409 "notifier-free"."""
    check_reason(reason)
    _lock(tx, platform, notifier)
    state, _ = standing(_measures(tx, platform, notifier), tx.now)
    if state == "none":
        detail = "Nothing was written: this reporter is neither warned nor suspended."
        raise Refusal("notifier-free", 409, "There is nothing to lift", detail)
    return _add(tx, platform, notifier, "lift", reason, None)


def get_notifier(tx: Tx, platform: str, notifier: str) -> NotifierView:
    """Where a pseudonym stands, and what became of their reports. Raises Refusal (404)."""
    measures = _measures(tx, platform, notifier)
    by_them = sa.and_(reports.c.platform == platform, reports.c.reporter == notifier)
    became = quality(tx, by_them)
    if not measures and not became.reports:
        raise notifier_unknown()
    state, until = standing(measures, tx.now)
    return NotifierView(
        notifier=notifier,
        platform=platform,
        state=state,
        until=until,
        measures=measures,
        quality=became,
    )


def sweep_measures(tx: Tx) -> int:
    """Forget measures that have had no effect for as long as a warning lasts; returns how many."""
    ended = sa.func.coalesce(notifier_measures.c.until, notifier_measures.c.at)
    old = ended < tx.now - WARNING_LASTS - LONGEST_SUSPENSION
    return tx.execute(sa.delete(notifier_measures).where(old)).rowcount


def notifier_unknown() -> Refusal:
    return Refusal(
        "notifier-unknown",
        404,
        "There is no such notifier",
        "Nobody has reported under this pseudonym here. The reports of an item show the pseudonyms.",
    )


def _add(
    tx: Tx, platform: str, notifier: str, verb: Verb, reason: str, until: datetime | None
) -> NotifierView:
    id = uuid7(tx.now)
    row = {"id": id, "platform": platform, "reporter": notifier, "verb": verb}
    own = {"reason": reason, "until": until, "by": tx.actor, "at": tx.now}
    last = sa.select(sa.func.max(notifier_measures.c.number)).where(_of(tx, platform, notifier))
    number = {"number": (tx.execute(last).scalar_one() or 0) + 1}
    tx.execute(sa.insert(notifier_measures).values(row | own | number))
    kind = {"warn": "warned", "suspend": "suspended", "lift": "lifted"}[verb]
    # Neither the pseudonym nor the reason: both go with the row.
    append(tx, f"notifier.{kind}", {"measure": id, "until": until}, id, platform)
    return get_notifier(tx, platform, notifier)


def _measures(tx: Tx, platform: str, notifier: str) -> list[Measure]:
    columns = [notifier_measures.c[name] for name in Measure.__struct_fields__]
    query = sa.select(*columns).where(_of(tx, platform, notifier))
    rows = tx.execute(query.order_by(notifier_measures.c.number.desc()).limit(_SHOWN)).mappings()
    return [Measure(**row) for row in rows]


def _of(tx: Tx, platform: str, notifier: str) -> sa.ColumnElement[bool]:
    return sa.and_(
        notifier_measures.c.platform == platform,
        notifier_measures.c.reporter == notifier,
        tx.within(notifier_measures.c.platform),
    )


def _lock(tx: Tx, platform: str, notifier: str) -> None:
    """One after the other; raises Refusal (404)."""
    lock = sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")
    tx.execute(lock, {"key": f"notifier {platform} {notifier}"})
    get_notifier(tx, platform, notifier)
