"""What an authority can say of two platforms, one quick and one slow: both were referred the same, each has its
scorecard, and what the slow one has to say stands beside the figures.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from . import cast
from .day import Day
from .sides import Side

PERIOD = {"from": "2026-06-08T00:00:00Z", "to": "2026-06-14T00:00:00Z"}
_DAY = 4
# When each platform answers its referrals of nine o'clock; the last three of the slow one's it never does.
_QUICK = ("09:06", "09:06", "09:12", "09:12", "09:12", "09:25", "09:25", "09:40", "09:40", "09:55")
QUICK = (*_QUICK, "10:20", "11:10")
SLOW = ("12:30", "12:30", "14:15", "14:15", "14:15", "17:05", "17:05", "21:45", "21:45")


def refer(day: Day, slow: Side) -> None:
    """A dozen referrals to each platform at once; one answers within the hour, the other when somebody is there."""
    day.to("09:00", _DAY)
    quick = _sent(day, day.platform, cast.FORUM.hosts[0])
    late = _sent(day, slow, cast.BOARD.hosts[0])
    day.tell.line(f"{len(quick)} referrals go to each platform, of one address each")
    for at, referral in zip(QUICK, quick, strict=True):
        day.to(at, _DAY)
        _answer(day, day.platform, referral)
    day.tell.line(f"{day.platform.id} has answered all of them within the morning")
    for at, referral in zip(SLOW, late, strict=False):
        day.to(at, _DAY)
        _answer(day, slow, referral)
    day.tell.line(f"{slow.id} has answered nine of them by the evening")


def weigh(day: Day, slow: Side) -> None:
    """The scorecards: times with their intervals, what was undone beside them, and the rows under each figure."""
    day.to("10:00", _DAY + 3)
    cards = [_card(day, side) for side in (day.platform, slow)]
    medians = [card["effective"]["median_s"]["value"] for card in cards]
    day.tell.that(medians[0] * 4 < medians[1], "the one is quicker by far")
    for side, card in zip((day.platform, slow), cards, strict=True):
        day.tell.equal(card["n"], len(QUICK), f"how many addresses the card of {side.id} counts")
        rows = day.authority.get(f"{card['rows']}&figure=effective", "analyst")["data"]
        day.tell.equal(len(rows), card["n"], "how many rows a figure opens")
        day.tell.that("void_or_reinstated" in card["shares"], "what was undone stands beside it")
    orders = _card(day, day.platform, "order")
    day.tell.equal(orders["note"], "fewer than 10", "what is said of a handful of orders")
    day.tell.line(
        f"half are gone after {medians[0] / 60:.0f} minutes at {day.platform.id}, after"
        f" {medians[1] / 3600:.1f} hours at {slow.id}; of a handful of orders no figure is given"
    )


def hear(day: Day, slow: Side) -> None:
    """Each platform is sent its own card; the slow one contests a row and says why it was slow."""
    for side in (day.platform, slow):
        body = PERIOD | {"channel": "referral"}
        day.authority.post("analyst", f"{_path(side)}/send", body, status=201)
        day.tell.wait("the card", lambda side=side: _received(side))
    day.tell.line("each platform has the card about itself, with its rows, and no other's")
    row = slow.get(f"{_path(slow)}/rows", "analyst")["data"][0]["id"]
    contested = {"row": row, "text": "We had answered this one by telephone in the morning."}
    slow.post("analyst", f"{_path(slow)}/contest", contested, status=201)
    slow.post("analyst", f"{_path(slow)}/reply", {"text": cast.SLOW_REPLY}, status=201)
    card = day.tell.wait("the reply beside the figures", lambda: _replied(day, slow))
    day.tell.equal([one["text"] for one in card["replies"]], [cast.SLOW_REPLY], "what it says")
    day.tell.equal([one["row"] for one in card["contests"]], [row], "the row that it contests")
    day.tell.line(f"the reply of {slow.id} stands beside each figure, and one row is contested")


def page(authority: Side, about: Side) -> str:
    """Where the scorecard of a platform is in a browser. By name, as the links are by which people sign in."""
    at = authority.url.replace("127.0.0.1", "localhost")
    return f"{at}/oversight/{about.id}?{_period('referral')}"


def _sent(day: Day, platform: Side, host: str) -> list[str]:
    """Referrals to a platform, which has them; its own ids of them."""
    sent: list[str] = []
    for place in range(len(QUICK)):
        body = {"to": platform.id, "urls": [f"https://{host}/p/{place}"]} | cast.REFERRED
        sent.append(day.authority.post("officer", "/v1/referrals", body, status=201)["id"])
    found = day.tell.wait("the referrals", lambda: _came(platform, sent))
    return [found[id] for id in sent]


def _came(platform: Side, sent: Sequence[str]) -> dict[str, str] | None:
    rows = platform.get("/v1/referrals", "legal")["data"]
    found = {one["referral"]: one["id"] for one in rows}
    return found if set(sent) <= set(found) else None


def _answer(day: Day, platform: Side, referral: str) -> None:
    platform.post("legal", f"/v1/referrals/{referral}/items/1/answer", {"outcome": "removed"})
    day.tell.wait("the answer", lambda: _answered(platform, referral))


def _answered(platform: Side, referral: str) -> bool:
    """Whether the answer is with the authority."""
    messages: list[Any] = platform.get(f"/v1/referrals/{referral}", "legal")["messages"]
    return any(
        one["type"] == "referral.answered" and one["state"] == "delivered" for one in messages
    )


def _path(side: Side) -> str:
    return f"/v1/scorecards/{side.id}"


def _card(day: Day, side: Side, channel: str = "referral") -> Any:
    return day.authority.get(f"{_path(side)}?{_period(channel)}", "analyst")


def _period(channel: str) -> str:
    return urlencode(PERIOD | {"channel": channel})


def _received(side: Side) -> bool:
    return side.call("analyst", "GET", _path(side)).status_code == 200


def _replied(day: Day, side: Side) -> Any:
    card = _card(day, side)
    return card if card["replies"] and card["contests"] else None
