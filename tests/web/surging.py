"""A surge of reports for tests: an even flow for hours, and then many at once."""

from datetime import datetime, timedelta
from uuid import uuid4

import sqlalchemy as sa
from tests.api import Api

from tidegate.content.tables import items
from tidegate.infra.db import Tx
from tidegate.infra.ids import uuid7
from tidegate.intake.tables import reports
from tidegate.pipeline.surges import watch
from tidegate.triage.bursts import bin_of
from tidegate.triage.incidents.tables import incidents


def keep(
    tx: Tx,
    created: list[datetime],
    *,
    platform: str = "default",
    late: timedelta = timedelta(0),
    reporter: str | None = None,
    received: datetime | None = None,
    counts: bool = True,
    case: object = None,
    item: object = None,
) -> None:
    """Reports that were made at these times and received so much later, about `item`, or one of their own. Each
    by somebody else, unless it is said who."""
    item_id = item or uuid7(tx.now)
    if item is None:
        own = {"id": item_id, "platform": platform, "external_id": uuid4().hex, "revision": 1}
        own |= {"publicness": "public", "verdict": "review", "received_at": tx.now}
        tx.execute(sa.insert(items).values(own))
    rows = [
        {
            "id": uuid7(received or at + late),
            "platform": platform,
            "external_id": uuid4().hex,
            "item_id": item_id,
            "case_id": case,
            "channel": "user",
            "reason": "spam",
            "digest": b"",
            "created_at": at,
            "received_at": received or at + late,
            "reporter": reporter or uuid4().hex,
            "counts": counts,
        }
        for at in created
    ]
    tx.execute(sa.insert(reports), rows)


def step(api: Api) -> None:
    """All that the worker does about arrivals until there is nothing to do."""
    while True:
        with api.instance.database.begin() as tx:
            if not watch(tx, api.instance):
                return


def surged(api: Api, platform: str = "default") -> list[str]:
    """Two an hour for three hours, and sixty in the last ten minutes; returns the ids of what that
    proposed."""
    with api.instance.database.begin() as tx:
        end = bin_of(tx.now - timedelta(minutes=1))
        before = [end - timedelta(minutes=15 + 30 * n) for n in range(6)]
        lately = [end - timedelta(seconds=9 * n + 1) for n in range(60)]
        keep(tx, [*before, *lately], platform=platform)
    step(api)
    with api.instance.database.begin() as tx:
        found = sa.select(incidents.c.id).where(incidents.c.kind.isnot(None))
        return [str(one) for one in tx.execute(found).scalars()]
