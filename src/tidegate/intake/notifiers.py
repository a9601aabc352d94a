"""Notifiers who frequently submit manifestly unfounded notices: warned, then suspended for a while that
ends by itself (DSA Art. 23). That is a person's decision each time; nothing here counts and concludes.
"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from tidegate.infra.columns import one_of
from tidegate.infra.cursors import read_cursor, write_cursor
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.ids import uuid7
from tidegate.intake.channels import THREAT
from tidegate.intake.flaggers import quality
from tidegate.intake.flagging import (
    LONGEST_SUSPENSION,
    WARNING_LASTS,
    Measure,
    NotifierStanding,
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


def list_notifiers(
    tx: Tx, cursor: str | None = None, limit: int = 50
) -> tuple[list[NotifierStanding], str | None]:
    """A page of who is warned or suspended at present, those that were measured last first, and the cursor of
    the next page. Raises Refusal (422) for a cursor that no answer gave."""
    newest, newer, lift = (notifier_measures.alias(name) for name in ("newest", "newer", "lift"))
    one = notifier_measures.alias("one")
    lasts = sa.or_(
        sa.and_(one.c.verb == "warn", one.c.at > tx.now - WARNING_LASTS),
        sa.and_(one.c.verb == "suspend", one.c.until > tx.now),
    )
    freed = sa.exists().where(_same(lift, one), lift.c.number > one.c.number, lift.c.verb == "lift")
    query = sa.select(newest.c.platform, newest.c.reporter, newest.c.at, newest.c.id).where(
        tx.within(newest.c.platform),
        ~sa.exists().where(_same(newer, newest), newer.c.number > newest.c.number),
        sa.exists().where(_same(one, newest), lasts, ~freed),
    )
    if cursor is not None:
        place = sa.tuple_(*map(sa.literal, read_cursor(cursor)))
        query = query.where(sa.tuple_(newest.c.at, newest.c.id) < place)
    query = query.order_by(newest.c.at.desc(), newest.c.id.desc()).limit(limit + 1)
    rows = tx.execute(query).all()
    following = write_cursor(rows[limit - 1].at, rows[limit - 1].id) if len(rows) > limit else None
    measures = _measures_of(tx, [(row.platform, row.reporter) for row in rows[:limit]])
    return [
        NotifierStanding(notifier=who, platform=platform, state=state, until=until)
        for (platform, who), made in measures.items()
        for state, until in [standing(made, tx.now)]
        if state != "none"  # the suspension that lasts is not the last one
    ], following


def _same(one: sa.FromClause, other: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether two measures are of one notifier."""
    return sa.and_(one.c.platform == other.c.platform, one.c.reporter == other.c.reporter)


def _measures_of(
    tx: Tx, notifiers: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], list[Measure]]:
    """The measures of these, as (platform, pseudonym), in their order, each the newest first."""
    found: dict[tuple[str, str], list[Measure]] = {one: [] for one in notifiers}
    columns = [notifier_measures.c[name] for name in Measure.__struct_fields__]
    columns += [notifier_measures.c.platform, notifier_measures.c.reporter]
    named = one_of(notifier_measures.c.reporter, {reporter for _, reporter in notifiers})
    query = sa.select(*columns).where(named).order_by(notifier_measures.c.number.desc())
    for row in tx.execute(query).mappings():
        if (measures := found.get((row["platform"], row["reporter"]))) is not None:
            measures.append(Measure(**{name: row[name] for name in Measure.__struct_fields__}))
    return found


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
