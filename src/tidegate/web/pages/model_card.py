"""The card of what is learnt from decisions: what it is, what it sees and what not, and how it has fared, from its
own figures. It orders cases and decides none."""

from datetime import datetime

import msgspec

from tidegate.triage.figures import Group
from tidegate.triage.learned import FEWEST
from tidegate.triage.models import newest_model
from tidegate.web.pages.page import PageRoute, Query
from tidegate.web.pages.visit import Visit


class ModelPage(msgspec.Struct, frozen=True, kw_only=True):
    """The newest version and its figures; `version` 0: nothing was learnt yet. `speaks`: it knows enough of both
    kinds to say anything. `weight` is what its part of a score is worth."""

    version: int
    made_at: datetime | None
    decisions: int
    urgent: int
    fewest: int
    speaks: bool
    weight: float
    pack: str
    recent: Group | None
    before: Group | None
    stretches: list[Group]
    calibration: list[Group]
    languages: list[Group]

    @property
    def line(self) -> list[tuple[float, float]]:
        """The points of the line over time, from 0 to 1 each way, of those stretches that have a figure."""
        told = [(place, one.ranked) for place, one in enumerate(self.stretches) if one.ranked]
        wide = max(1, len(self.stretches) - 1)
        return [(place / wide, ranked) for place, ranked in told]

    @property
    def told(self) -> list[Group]:
        """The tenths of likelihood of which there are any."""
        return [one for one in self.calibration if one.decisions and one.told is not None]


def show(visit: Visit) -> ModelPage:
    with visit.begin() as tx:
        pack = visit.instance.pack(tx)
        model = newest_model(tx)
    figures = None if model is None else model.figures
    decisions, urgent = (model.decisions, model.urgent) if model else (0, 0)
    return ModelPage(
        version=model.version if model else 0,
        made_at=model and model.made_at,
        decisions=decisions,
        urgent=urgent,
        fewest=FEWEST,
        speaks=min(urgent, decisions - urgent) >= FEWEST,
        weight=pack.priority.learned,
        pack=pack.ident,
        recent=figures and figures.recent,
        before=figures and figures.before,
        stretches=figures.stretches if figures else [],
        calibration=figures.calibration if figures else [],
        languages=figures.languages if figures else [],
    )


pages = [
    PageRoute(
        path="/quality/model",
        handler=show,
        scope="cases:read",
        query=Query,
        template="model_card.html",
    )
]
