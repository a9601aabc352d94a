"""One order as both sides have it, and what people of either do about it."""

from datetime import datetime, timedelta
from typing import Any

from . import cast
from .sides import Side
from .telling import Telling

HOUR = timedelta(hours=1)


class Order:
    """`id` is the authority's, `received` the platform's, once it is delivered."""

    def __init__(self, telling: Telling, authority: Side, platform: Side) -> None:
        self.tell = telling
        self.authority = authority
        self.platform = platform
        self.id = ""
        self.received = ""

    @property
    def ours(self) -> Any:
        """As the platform sees it."""
        return self.platform.order(self.received)

    @property
    def theirs(self) -> Any:
        """As the authority sees it."""
        return self.authority.order(self.id)

    def act(self, who: str, verb: str, json: Any = None) -> Any:
        """One of the authority's verbs."""
        return self.authority.post(who, f"/v1/orders/{self.id}/{verb}", json)

    def answer(self, verb: str, json: Any = None) -> Any:
        """One of the platform's, by its legal person."""
        return self.platform.post("legal", f"/v1/orders/{self.received}/{verb}", json)

    def draft(self, urls: list[str], **more: Any) -> None:
        """Drafted by one, approved by another."""
        given = cast.drafted(self.authority.organisation, self.platform.id, urls, **more)
        self.id = self.authority.post("officer", "/v1/orders", given, status=201)["id"]
        self.act("officer", "submit")
        own = self.authority.call("officer", "POST", f"/v1/orders/{self.id}/approve")
        self.tell.that(own.status_code in (403, 409), "who drafted an order does not approve it")
        self.act("approver", "approve")

    def issue(self) -> datetime:
        """It goes out, and is received; the end of its hour, on which both sides agree."""
        self.act("officer", "issue", cast.ISSUE)
        self.tell.wait("the receipt of the order", lambda: self.theirs["state"] == "delivered")
        rows = self.platform.get("/v1/orders", "legal")["data"]
        [self.received] = [one["id"] for one in rows if one["order"] == self.id]
        ours, theirs = self.ours, self.theirs
        self.tell.equal(
            theirs["delivery"]["received_at"], ours["received_at"], "the receipt's time"
        )
        due = datetime.fromisoformat(ours["received_at"]) + HOUR
        for side in (ours, theirs):
            found = [datetime.fromisoformat(one["due_at"]) for one in hours(side)]
            self.tell.equal(found, [due] * len(ours["items"]), "the end of the hour of each URL")
        return due

    def states(self) -> list[str]:
        """Of its URLs, as the platform sees them."""
        return [one["state"] for one in self.ours["items"]]

    def came(self, *types: str) -> bool:
        """Whether the authority has got all messages of these types about it."""
        messages = [one for one in self.theirs["messages"] if one["direction"] == "in"]
        return set(types) <= {one["type"] for one in messages}


def hours(order: Any) -> list[Any]:
    """The hour of each URL."""
    return [one for one in order["clocks"] if one["name"] == "tco.remove"]
