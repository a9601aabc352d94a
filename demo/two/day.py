"""The first day until twenty to one: an order comes, the power goes, and two Annexes go back. Each step does what
people would do, and checks what both sides show of it.
"""

from typing import Any

from . import cast
from .orders import Order, hours
from .sides import SYSTEMS, Side
from .telling import Telling


class Day:
    """What the steps share: the sides, and the order that it is all about."""

    def __init__(self, telling: Telling, authority: Side, platform: Side) -> None:
        self.tell = telling
        self.authority = authority
        self.platform = platform
        self.order = Order(telling, authority, platform)

    def to(self, time: str, day: int = 1) -> None:
        self.tell.hourglass.to(time, day)


def post(day: Day) -> None:
    """The forum's posts, as any other day."""
    at = day.tell.hourglass.now.isoformat()
    for one in cast.POSTS:
        item = {"surface": "post", "publicness": "public", "created_at": at} | one
        day.platform.post(SYSTEMS, "/v1/items", item)
    day.tell.line(f"{len(cast.POSTS)} posts stand on {day.platform.id}")


def inform(day: Day) -> None:
    """Prior information, at least twelve hours before the first order."""
    day.to("00:00")
    informed(day, day.authority, day.platform)
    day.tell.line("prior information is sent, and its receipt is back")


def informed(day: Day, authority: Side, platform: Side) -> None:
    path = f"/v1/registry/{platform.id}/prior-information"
    gate = "/v1/clocks?name=tco.prior_information"
    before = len(authority.get(gate, "approver")["data"])
    authority.post("officer", path, cast.INFORMATION, status=201)
    day.tell.wait(
        "the receipt of the prior information",
        lambda: len(authority.get(gate, "approver")["data"]) > before,
    )


def issue(day: Day) -> None:
    """An order of three URLs: one names a post, one is another host's, one may be either of two posts."""
    day.to("11:40")
    order = day.order
    order.draft([cast.NAMED, cast.ELSEWHERE, cast.SHARED])
    early = day.authority.call("officer", "POST", f"/v1/orders/{order.id}/issue", cast.ISSUE)
    day.tell.equal(early.status_code, 409, "the answer within twelve hours of the information")
    day.tell.line("an order of three URLs is approved; it may go out at noon")
    day.to("12:01")
    due = order.issue()
    day.tell.line(f"the order is received; on both sides its hour ends at {due:%H:%M:%S.%f}")
    exact, elsewhere, shared = order.ours["items"]
    day.tell.equal(exact["candidates"], ["named"], "what the exact URL names")
    day.tell.equal(elsewhere["problems"], ["host-unknown"], "what is wrong with another's URL")
    day.tell.equal(sorted(shared["candidates"]), ["first", "second"], "what the third may name")
    day.tell.wait("the ring", lambda: day.platform.receiver.got("order.received"))
    day.tell.line("it rings: one URL names a post, one is another host's, one may be two posts'")


def kill(day: Day) -> None:
    """Nobody is awake, and the power goes; when it is back, nothing is lost, and it rings again."""
    day.to("12:20")
    before = _stands(day)
    day.platform.server.kill()
    day.tell.line(f"{day.platform.id} is killed, its database with it")
    day.to("12:31")
    receiver = day.platform.receiver
    rung = len(receiver.got("order.received"))
    day.platform.server.start()
    day.platform.server.wait_ready()
    day.tell.equal(_stands(day), before, "what stands after the kill")
    day.tell.wait("the next ring", lambda: len(receiver.got("order.received")) > rung)
    day.tell.wait("the warning", lambda: receiver.got("clock.warning"))
    day.tell.line("it is back, as it was to the microsecond: it rings, with half an hour left")


def _stands(day: Day) -> Any:
    ours = day.order.ours
    due = {one["subject"]["id"]: one["due_at"] for one in hours(ours)}
    return due, ours["messages"], ours["received_at"]


def execute(day: Day) -> None:
    """A person is there: what is clear is executed, what is not is asked, each with its Annex."""
    day.to("12:40")
    order, receiver = day.order, day.platform.receiver
    order.answer("acknowledge")
    order.answer("items/1/execute", {})
    needed = "Item 2 is on no host of ours. Item 3 is the address of two posts: which one is meant?"
    order.answer("ask", {"ground": "insufficient_information", "needed": needed})
    day.tell.equal(order.states(), ["executed", "asking", "asking"], "what became of the URLs")
    day.tell.wait("the post's end", lambda: "named" in receiver.hidden())
    day.tell.equal(receiver.hidden(), {"named"}, "what is hidden")
    told = day.tell.wait(
        "the author's information", lambda: receiver.got("order.author_information")
    )
    day.tell.equal([one["item"] for one in told], ["named"], "of what the author is informed")
    day.tell.line("one post is down in all Member States, and its author informed")
    day.tell.wait("two Annexes", lambda: order.came("order.executed", "order.not_executed"))
    day.tell.line(f"Annex II and Annex III are with {day.authority.id}")


MORNING = (post, inform, issue, kill, execute)
