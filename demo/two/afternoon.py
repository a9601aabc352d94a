"""The rest of the first day: what was unclear is cleared up, people look at copies, nothing is ordered twice, and an
order that nobody can trust is made sure of by telephone.
"""

from . import cast
from .day import Day, informed
from .letters import Stranger
from .orders import Order
from .sides import Side


def clarify(day: Day) -> None:
    """The authority says which post it meant; a fresh hour runs, and the rest is executed."""
    day.to("12:50")
    order = day.order
    order.act("officer", "clarify", {"answer": "The second of the two posts, by trudy."})
    day.tell.wait("the fresh hour", lambda: order.states() == ["executed", "open", "open"])
    runs = [len(one["runs"]) for one in order.ours["clocks"] if one["name"] == "tco.remove"]
    day.tell.equal(sorted(runs), [1, 2, 2], "how often the hours have run")
    order.answer("items/3/execute", {"item": "second"})
    order.answer(
        "items/2/impede",
        {"ground": "impossible", "explanation": "We do not run archive.example."},
    )
    states = ["executed", "impeded", "executed"]
    day.tell.equal(order.states(), states, "what became of the URLs")
    day.tell.wait("the post's end", lambda: day.platform.receiver.hidden() == {"named", "second"})
    day.tell.line("a clarification comes, with a fresh hour: the post that was meant is down")


def look_at_copies(day: Day) -> None:
    """Copies are proposals: a person takes one down for the forum's own reasons, and keeps one as news."""
    day.to("13:10")
    [proposals] = [one["proposals"] for one in day.order.ours["items"] if one["proposals"]]
    cases = {one["item"]: one["case"] for one in proposals}
    day.tell.equal(sorted(cases), ["copied", "quoted"], "which copies are proposed")
    taken = {
        "outcome": "restrict",
        "label": "propaganda",
        "exemption": "none",
        "reason": "Against our terms: a copy of a call for violence.",
    }
    kept = {"outcome": "pass", "exemption": "news", "reason": "It reports on the call."}
    for item, decision in {"copied": taken, "quoted": kept}.items():
        path = f"/v1/cases/{cases[item]}"
        day.platform.post("reviewer", f"{path}/claim")
        day.platform.post("reviewer", f"{path}/decide", decision)
    hidden = {"named", "second", "copied"}
    day.tell.wait("the copy's end", lambda: day.platform.receiver.hidden() == hidden)
    day.tell.line(
        "of two copies a person takes one down, by the forum's terms, and keeps one as news"
    )


def order_twice(day: Day, other: Side) -> None:
    """A second authority, which was sent a copy, drafts the same URL."""
    day.to("14:00")
    order = Order(day.tell, other, day.platform)
    order.draft([cast.NAMED])
    again = other.call("officer", "POST", f"/v1/orders/{order.id}/issue", cast.ISSUE)
    day.tell.equal(again.status_code, 409, "the answer to a second order of the same URL")
    day.tell.equal(again.json()["type"], "/problems/order-exists", "why it is refused")
    order.act("officer", "revoke", {"reason": "Another authority has ordered it."})
    day.tell.line(f"{other.id} drafts the same URL, and cannot issue it: it is ordered already")


def distrust(day: Day) -> None:
    """An order that was signed by a key revoked yesterday is somebody's order all the same: its hour runs."""
    day.to("15:00")
    stranger = Stranger(day.tell.hourglass)
    stranger.register(day.platform)
    receipt = stranger.order(day.platform, [cast.DOUBTFUL])
    day.tell.equal(receipt["verified"], False, "whether it is verified")
    day.tell.equal(receipt["problems"], ["key-revoked"], "what is wrong with it")
    order = Order(day.tell, day.authority, day.platform)
    order.received = receipt["order"]
    day.tell.equal(order.ours["state"], "doubtful", "the order's state")
    day.tell.equal(len(order.ours["clocks"]) > 0, True, "that its hour runs")
    refused = day.platform.call("legal", "POST", f"/v1/orders/{order.received}/execute", {})
    day.tell.equal(refused.status_code, 409, "the answer to executing it")
    day.to("15:20")
    order.answer("authenticate", {"how": "Called back at the number of their public register."})
    order.answer("execute", {})
    day.tell.equal(order.states(), ["executed"], "what became of it")
    day.tell.wait("its end", lambda: "doubtful" in day.platform.receiver.hidden())
    day.tell.line(
        "an order signed by a key revoked yesterday is doubtful; a call back makes sure of it, in time"
    )


def keep_silent(day: Day) -> None:
    """An order whose author must not know of it for two weeks."""
    day.to("16:00")
    decided = day.tell.hourglass.now.isoformat()
    order = Order(day.tell, day.authority, day.platform)
    silent = {"decided_at": decided, "until": cast.SILENT_UNTIL, "reason": "An arrest is due."}
    order.draft([cast.SECRET], non_disclosure=silent)
    order.issue()
    order.answer("execute", {})
    day.tell.wait("its end", lambda: "secret" in day.platform.receiver.hidden())
    day.tell.wait("its Annex", lambda: order.came("order.executed"))
    day.tell.that("secret" not in informed_authors(day), "the author is told nothing")
    day.tell.line(
        "an order without a word to the author: one more post is down, and nothing says why"
    )


def informed_authors(day: Day) -> list[str]:
    """The posts whose authors were told of an order."""
    return [one["item"] for one in day.platform.receiver.got("order.author_information")]


def inform_second(day: Day, other: Side) -> None:
    """The second authority tells the forum of itself, in the first hour of the day."""
    informed(day, other, day.platform)
