"""The day, step by step: each does what people would do, and checks what both sides show of it."""

from datetime import datetime, timedelta
from typing import Any

from . import cast
from .sides import SYSTEMS, Side
from .telling import Telling


class Day:
    """What the steps share: both sides, and the order of the day by each side's id of it."""

    def __init__(self, telling: Telling, authority: Side, platform: Side) -> None:
        self.tell = telling
        self.authority = authority
        self.platform = platform
        self.issued = ""
        self.received = ""

    @property
    def ours(self) -> Any:
        """The order as the platform sees it."""
        return self.platform.order(self.received)

    @property
    def theirs(self) -> Any:
        """The order as the authority sees it."""
        return self.authority.order(self.issued)

    def act(self, who: str, verb: str, json: Any = None) -> Any:
        """One of the authority's verbs on its order."""
        return self.authority.post(who, f"/v1/orders/{self.issued}/{verb}", json)

    def answer(self, verb: str, json: Any = None) -> Any:
        """One of the platform's, by its legal person."""
        return self.platform.post("legal", f"/v1/orders/{self.received}/{verb}", json)


def post(day: Day) -> None:
    """The forum's posts, as any other day."""
    at = day.tell.hourglass.now.isoformat()
    for one in cast.POSTS:
        item = {"surface": "post", "publicness": "public", "created_at": at} | one
        day.platform.post(SYSTEMS, "/v1/items", item)
    day.tell.line(f"{len(cast.POSTS)} posts stand on {day.platform.id}")


def inform(day: Day) -> None:
    """Prior information, at least twelve hours before the first order."""
    day.tell.hourglass.to("00:00")
    path = f"/v1/registry/{day.platform.id}/prior-information"
    day.authority.post("officer", path, cast.INFORMATION, status=201)
    day.tell.wait("a receipt of the prior information", lambda: _gate(day))
    day.tell.line("prior information is sent, and its receipt is back")


def _gate(day: Day) -> list[Any]:
    found = day.authority.get("/v1/clocks?name=tco.prior_information", "approver")
    return found["data"]


def issue(day: Day) -> None:
    """An order of three URLs: drafted by one, approved by another, and received within seconds."""
    day.tell.hourglass.to("11:40")
    urls = [cast.NAMED, cast.ELSEWHERE, cast.SHARED]
    draft = day.authority.post(
        "officer", "/v1/orders", cast.drafted(day.platform.id, urls), status=201
    )
    day.issued = draft["id"]
    day.act("officer", "submit")
    own = day.authority.call("officer", "POST", f"/v1/orders/{day.issued}/approve")
    day.tell.that(own.status_code in (403, 409), "who drafted an order does not approve it")
    day.act("approver", "approve")
    early = day.authority.call("officer", "POST", f"/v1/orders/{day.issued}/issue", cast.ISSUE)
    day.tell.equal(early.status_code, 409, "the answer to an order within twelve hours")
    day.tell.line("an order of three URLs is approved; it may go out at noon")
    day.tell.hourglass.to("12:01")
    day.act("officer", "issue", cast.ISSUE)
    day.tell.wait("the receipt of the order", lambda: day.theirs["state"] == "delivered")
    _received(day)


def _received(day: Day) -> None:
    [row] = day.platform.get("/v1/orders", "legal")["data"]
    day.received = row["id"]
    ours, theirs = day.ours, day.theirs
    day.tell.equal(ours["received_at"], theirs["delivery"]["received_at"], "the time of receipt")
    due = datetime.fromisoformat(ours["received_at"]) + timedelta(hours=1)
    for side in (ours, theirs):
        hours = [one for one in side["clocks"] if one["name"] == "tco.remove"]
        day.tell.equal(len(hours), 3, "the number of hours that run")
        for one in hours:
            day.tell.equal(datetime.fromisoformat(one["due_at"]), due, "the end of the hour")
    day.tell.line(f"the order is received: the hour of both sides ends at {due:%H:%M:%S.%f}")
    exact, elsewhere, shared = ours["items"]
    day.tell.equal(exact["candidates"], ["named"], "what the exact URL names")
    day.tell.equal(elsewhere["problems"], ["host-unknown"], "what is wrong with another's URL")
    day.tell.equal(
        sorted(shared["candidates"]), ["first", "second"], "what the ambiguous one names"
    )
    day.tell.line("one URL names a post, one is another host's, one may be either of two posts")
    day.tell.wait("the ring", lambda: day.platform.receiver.got("order.received"))
    day.tell.line("it rings")


def kill(day: Day) -> None:
    """Nobody is awake, and the power goes; when it is back, nothing is lost, and it rings again."""
    day.tell.hourglass.to("12:20")
    before, clocks = day.ours, _hours(day)
    day.platform.server.kill()
    day.tell.line(f"{day.platform.id} is killed, its database with it")
    day.tell.hourglass.to("12:31")
    rung = len(day.platform.receiver.got("order.received"))
    day.platform.server.start()
    day.platform.server.wait_ready()
    day.tell.equal(_hours(day), clocks, "the hours after the kill")
    day.tell.equal(day.ours["messages"], before["messages"], "the messages after the kill")
    day.tell.wait(
        "the ring after the kill",
        lambda: len(day.platform.receiver.got("order.received")) > rung,
    )
    day.tell.wait("the warning", lambda: day.platform.receiver.got("clock.warning"))
    day.tell.line("it is back, to the microsecond as it was: it rings, with half an hour left")


def _hours(day: Day) -> dict[str, str]:
    clocks = day.ours["clocks"]
    return {one["subject"]["id"]: one["due_at"] for one in clocks if one["name"] == "tco.remove"}


def execute(day: Day) -> None:
    """A person is there: what is clear is executed, what is not is asked, each with its Annex."""
    day.answer("acknowledge")
    day.tell.hourglass.to("12:40")
    day.answer("items/1/execute", {})
    needed = "Item 2 is on no host of ours. Item 3 is the address of two posts: which one is meant?"
    day.answer("ask", {"ground": "insufficient_information", "needed": needed})
    states = [one["state"] for one in day.ours["items"]]
    day.tell.equal(states, ["executed", "asking", "asking"], "the state of the three URLs")
    day.tell.wait("the post's end", lambda: "named" in day.platform.receiver.hidden())
    day.tell.equal(day.platform.receiver.hidden(), {"named"}, "what is hidden")
    told = day.tell.wait(
        "the author's information",
        lambda: day.platform.receiver.got("order.author_information"),
    )
    day.tell.equal([one["item"] for one in told], ["named"], "of what the author is informed")
    day.tell.line("one post is down in all Member States, and its author informed")
    came = day.tell.wait("two Annexes", lambda: _came(day, 2))
    day.tell.equal(came, {"order.executed", "order.not_executed"}, "what came back")
    states = [one["state"] for one in day.theirs["items"]]
    day.tell.line(f"Annex II and Annex III are with {day.authority.id}: {', '.join(states)}")


def _came(day: Day, count: int) -> set[str] | None:
    messages = [one for one in day.theirs["messages"] if one["direction"] == "in"]
    return {one["type"] for one in messages} if len(messages) >= count else None


MORNING = (post, inform, issue, kill, execute)
