"""Reports are read for threats before they wait for their turn; a threat waits behind nothing of its sender's."""

from datetime import timedelta
from typing import Any

import pytest
from tests.intake.threat_packs import WHOLE

from tidegate.infra.acting import Acting
from tidegate.infra.fairness import FairQueue, Ticket
from tidegate.intake.model import ReportIn
from tidegate.intake.threats.actions import live_threat_pack, store_threat_pack
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.report_group import submit_reports
from tidegate.pipeline.screening import screened, screened_ahead
from tidegate.pipeline.told import Told, describe_report

THREAT = "I will kill them with my gun"


def told(instance: Instance, id: str, **said: Any) -> Told:
    values: dict[str, Any] = {"channel": "tip", "reason": "other", "text": "good morning"} | said
    created_at = instance.clock.now() - timedelta(hours=1)
    return describe_report(
        instance,
        ReportIn(id=id, created_at=created_at, **values),
        platform="forum",
        by=Acting("key:forum"),
        request_id="",
        now=instance.clock.now(),
        queue="forum",
    )


def read_packs(instance: Instance) -> None:
    with instance.database.begin() as tx:
        instance.threats(tx)


@pytest.mark.parametrize(
    ("said", "queue"),
    [
        ({}, "forum"),
        ({"text": THREAT}, "forum threats"),
        ({"comment": THREAT}, "forum threats"),
        ({"location": THREAT}, "forum threats"),
        ({"reason": "threat_to_life"}, "forum threats"),
        ({"text": "my gun"}, "forum"),
    ],
    ids=["nothing", "text", "comment", "location", "reason", "low"],
)
def test_a_threat_waits_in_a_queue_of_its_own(
    instance: Instance, said: dict[str, Any], queue: str
) -> None:
    read_packs(instance)
    assert screened_ahead(instance, told(instance, "r1", **said)).queue == queue


def test_it_overtakes_what_its_sender_sent_before(instance: Instance) -> None:
    read_packs(instance)
    queue: FairQueue[str] = FairQueue(1000, reserved=0)
    sent = [told(instance, f"r{n}") for n in range(300)] + [told(instance, "now", text=THREAT)]
    for one in (screened_ahead(instance, one) for one in sent):
        queue.put(Ticket(one.queue, one.taken.said.id, one.seconds))
    taken: list[str] = []
    while (ticket := queue.take()) is not None:
        queue.done(ticket, ticket.estimate)
        taken.append(ticket.work)
    assert taken.index("now") <= 2
    rest = [one for one in taken if one != "now"]
    assert rest == [f"r{n}" for n in range(300)], "the others in their order"


def test_before_packs_were_read_it_waits_as_others_and_is_screened_in_its_turn(
    instance: Instance,
) -> None:
    one = told(instance, "r1", text=THREAT)
    assert screened_ahead(instance, one) is one
    with instance.database.begin() as tx:
        (then,) = screened(tx, instance, [one])
    assert then.threat is not None
    assert then.threat["level"] == "high_unspecific"


def test_packs_that_changed_while_it_waited_are_asked(instance: Instance) -> None:
    read_packs(instance)
    ahead = screened_ahead(instance, told(instance, "r1", text="I will wug them"))
    assert ahead.threat is None
    with instance.database.begin() as tx:
        store_threat_pack(tx, WHOLE.replace('"shoot"', '"shoot", "wug"'))
        live_threat_pack(tx, "trial", 1, now=True)
    with instance.database.begin() as tx:
        (body,) = submit_reports(tx, instance, [ahead])
    assert isinstance(body, bytes)
    assert b'"level":"medium"' in body
