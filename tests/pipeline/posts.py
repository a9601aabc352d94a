"""Posts for the look back to find, and what became of them."""

from tidegate.content.model import ItemIn
from tidegate.content.queries import get_item
from tidegate.decisions.queries import evaluations_of
from tidegate.infra.clock import FakeClock
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.lookback.codes import LookBack
from tidegate.pipeline.submission import Submission, describe

KNOWN = "join the armed fight on friday at the old bridge and bring the others with you"


def work_off(looker: LookBack) -> int:
    """Step until there is nothing to do; how many evaluations were appended."""
    clock = looker._instance.clock
    if isinstance(clock, FakeClock):
        clock.advance(1)
    appended = 0
    while (step := looker.step()) is not None:
        appended += step.appended
    return appended


def stages(instance: Instance, id: str) -> list[tuple[str, str, list[str]]]:
    with instance.database.begin() as tx:
        item = get_item(tx, "forum", id)
        return [
            (one.stage, one.verdict, sorted({match.route for match in one.matches}))
            for one in evaluations_of(tx, item.id)
        ]


def described(instance: Instance, id: str, text: str) -> Submission:
    now = instance.clock.now()
    item = ItemIn(
        id=id, surface="post", publicness="public", author="anna", created_at=now, text=text
    )
    return describe(instance, item, platform="forum", actor="key:f", request_id="r", now=now)
