"""What comes after the first day: an infringement is found and content comes back, a platform is late, silence ends, a
hold ends; and what each side can prove.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from tidegate.orders.jws import parse, verified

from . import cast
from .afternoon import informed_authors
from .day import Day, informed
from .meeting import published
from .orders import Order
from .sides import SYSTEMS, Side


def scrutinise(day: Day, desk: Side) -> None:
    """The forum asks the authority of its establishment, which finds an infringement: the posts come back, but for
    one that is down by the forum's own terms."""
    day.to("09:00", 2)
    receiver = day.platform.receiver
    terms = {
        "outcome": "restrict",
        "label": "propaganda",
        "exemption": "none",
        "reason": "Against our terms, whatever comes of the order.",
    }
    day.platform.post("reviewer", "/v1/items/second/decisions", terms, status=201)
    reasons = "One of the posts quotes a song; nothing in it calls for anything."
    day.order.answer("scrutiny", {"reasons": reasons})
    asked = day.tell.wait("the request at the desk", lambda: _requested(day, desk))
    day.tell.line(f"the forum asks {desk.id} to look into the order")
    path = f"/v1/scrutinies/{asked}"
    decision = {"finding": "infringement", "reasons": "Article 1(3): it is art, plainly."}
    early = desk.call("approver", "POST", f"{path}/decide", decision)
    day.tell.equal(early.status_code, 409, "the answer to deciding before the issuer is told")
    day.to("11:00", 2)
    desk.post("approver", f"{path}/intention", {"reasons": "It is art, plainly."})
    day.tell.line(f"{desk.id} tells {day.authority.id} what it intends to find, and why")
    day.to("15:00", 2)
    desk.post("approver", f"{path}/decide", decision)
    desk.post("approver", f"{path}/communicate")
    decided = day.tell.hourglass.now
    back = {"copied", "second", "doubtful", "secret"}
    day.tell.wait("the post's return", lambda: receiver.hidden() == back)
    took = day.tell.hourglass.now - decided
    day.tell.that(took < timedelta(minutes=1), "it comes back within the minute")
    day.tell.equal(set(day.order.states()), {"void"}, "what became of the order's URLs")
    day.tell.line("an infringement is found: one post is back, one stays down by the forum's terms")


def _requested(day: Day, desk: Side) -> str | None:
    for one in desk.get("/v1/scrutinies", "approver")["data"]:
        shown = desk.get(f"/v1/scrutinies/{one['id']}", "approver")
        if shown["order"] == day.order.id and shown["requests"]:
            return one["id"]
    return None


def be_late(day: Day, board: Side) -> None:
    """A platform where nobody looks misses its hour: both sides say so, each by its reading, and the duty goes on."""
    day.to("20:00", 2)
    at = day.tell.hourglass.now.isoformat()
    item = {"surface": "post", "publicness": "public", "created_at": at} | cast.SLOW_POST
    board.post(SYSTEMS, "/v1/items", item)
    informed(day, day.authority, board)
    day.to("09:15", 3)
    order = Order(day.tell, day.authority, board)
    order.draft([cast.SLOW])
    due = order.issue()
    day.to("10:20", 3)
    late = "the missed hour"
    day.tell.wait(late, lambda: _state(order.ours) == "missed")
    day.tell.equal(_state(order.theirs), "running", "the hour as others are called late by it")
    day.tell.line(
        f"{board.id} has missed the hour that ended at {due:%H:%M}; it is called late at 11:00"
    )
    day.to("11:01", 3)
    day.tell.wait(late, lambda: _state(order.theirs) == "missed")
    order.answer("execute", {})
    day.tell.wait("its Annex", lambda: order.came("order.executed"))
    day.tell.wait("its end, late as it is", lambda: "slow" in board.receiver.hidden())
    day.tell.line("both sides say that the hour is missed; the duty went on, and is done")


def _state(order: Any) -> str:
    [clock] = [one for one in order["clocks"] if one["name"] == "tco.remove"]
    return clock["state"]


def end_silence(day: Day) -> None:
    """Two weeks are over: now the author is told."""
    day.to("15:59", 15)
    day.tell.that("secret" not in informed_authors(day), "the author is still told nothing")
    day.to("16:01", 15)
    day.tell.wait("the author's information", lambda: "secret" in informed_authors(day))
    day.tell.line("the silence is over, and the author is informed")


def end_holds(day: Day) -> None:
    """Six months after the removal nothing is kept any more for the order's sake."""
    held = day.order.ours["items"][0]["hold"]
    until = datetime.fromisoformat(held["until"])
    refused = day.platform.call(SYSTEMS, "DELETE", "/v1/items/named")
    day.tell.equal(refused.status_code, 409, "the answer to erasing what is held")
    day.tell.hourglass.at(until + timedelta(seconds=1))
    day.tell.wait("the end of the hold", lambda: _ended(day, held["id"]))
    day.tell.line("six months have passed, and the hold ends")


def _ended(day: Day, hold: str) -> bool:
    return day.platform.get(f"/v1/holds/{hold}", "legal")["ended_at"] is not None


def prove(day: Day, sides: list[Side]) -> None:
    """Whatever one side has sent another has a receipt, which verifies with the key that the other publishes, and
    with nothing else."""
    keys = {side.id: published(side)["keys"] for side in sides}
    count = 0
    for side in sides:
        given = day.tell.wait("the last receipt", lambda side=side: _given(side, keys))
        for recipient, receipt in given:
            jws = parse(receipt)
            good = [key for key in keys[recipient] if verified(jws, key["x"])]
            day.tell.equal(len(good), 1, f"the signature of {recipient} under a receipt")
            count += 1
    day.tell.line(f"{count} receipts verify by the published keys alone")


def _given(side: Side, sides: Collection[str]) -> list[tuple[str, bytes]] | None:
    """The receipts of all that went to these sides; None while one is missing."""
    found = [(to, receipt) for to, receipt in side.receipts() if to in sides]
    given = [(to, receipt) for to, receipt in found if receipt is not None]
    return given if len(given) == len(found) else None
