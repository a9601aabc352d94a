"""Posts whose own words threaten a life: where a threat pack says so they are screened as reports are, people are
called, and asked by a case.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from tidegate.content.model import Content, ItemRow
from tidegate.infra.db import Tx
from tidegate.intake.threats.model import Level, rings
from tidegate.pipeline import alerts, blind
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.look import Outcome
from tidegate.review import alerts as review
from tidegate.review.alert_model import Rung


def levels_of(tx: Tx, instance: Instance, contents: Sequence[Content]) -> list[Level | None]:
    """The level of what each of these says, where people are called about it; None, too, for what is private
    and for all where no pack screens posts."""
    screen = instance.threats(tx)
    if not screen.items:
        return [None] * len(contents)
    found: list[Level | None] = []
    for one in contents:
        readable = one.text if one.publicness != "private" else None
        threat = screen.screen_item(readable, one.language) if readable else None
        found.append(threat.level if threat is not None and rings(threat.level) else None)
    return found


def ring(tx: Tx, threatened: Sequence[tuple[ItemRow, Level]]) -> dict[UUID, Rung]:
    """Call people about these items, which the caller holds, before rules look at them; `tell` follows. Whoever
    was shown one blindly sees it whole from now on."""
    rung: dict[UUID, Rung] = {}
    for item, level in threatened:
        rung[item.id] = review.ring(
            tx, review.THREAT, item_id=item.id, platform=item.platform, level=level
        )
        if item.revision > 1:
            blind.withdraw(tx, item.id)
    return rung


def tell(tx: Tx, rung: Mapping[UUID, Rung], outcomes: Mapping[UUID, Outcome]) -> None:
    """Tell the targets for alerts, with the cases that ask people."""
    for item_id, one in rung.items():
        case = outcomes[item_id].case
        alerts.tell(tx, one, case and case.id)
