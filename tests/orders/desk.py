"""A platform's desk for tests: posts on it, orders that come to it by real messages, and people who deal with
them."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from tests.orders.letters import OURS, Sender, found_ours, unb64

from tidegate.clocks.model import Clock
from tidegate.clocks.queries import clocks_of
from tidegate.content.model import ItemIn, ItemRow
from tidegate.content.queries import get_item
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Tx
from tidegate.infra.times import in_full
from tidegate.orders.messages.queries import messages_of
from tidegate.orders.model import OrderRow
from tidegate.orders.queries import order_of
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.orders import execute as executing
from tidegate.pipeline.orders import verbs
from tidegate.pipeline.orders.inbox import take
from tidegate.pipeline.orders.shown import shown_order
from tidegate.pipeline.submission import describe
from tidegate.pipeline.submit import submit_group

LEGAL, OTHER = "user:legal@forum.example", "user:counsel@forum.example"


def annex(sender: Sender, at: datetime, urls: list[Any], **fields: Any) -> dict[str, Any]:
    """A complete Annex I."""
    items = [{"url": one} if isinstance(one, str) else one for one in urls]
    issuing = {
        "member_state": sender.organisation.member_state,
        "kind": "law_enforcement",
        "name": sender.organisation.name,
        "representative": "R. Vogt",
        "post": "Head of unit",
        "file": "17/26",
        "address": "Thaerstraße 11, 65193 Wiesbaden",
        "phone": "+49 611 55-0",
        "email": sender.organisation.contact_email,
    }
    redress = {
        "body": "Verwaltungsgericht Wiesbaden",
        "deadline": "One month",
        "law_url": "https://www.gesetze-im-internet.de/vwgo/",
    }
    return {
        "issuing": issuing,
        "addressee": {
            "name": OURS.name,
            "contact": OURS.contact_email,
            "member_state": OURS.member_state,
        },
        "issued_at": in_full(at),
        "reference": "2026/0001",
        "items": items,
        "types": ["a"],
        "reasons": "The post calls on its readers to attack a named synagogue on Friday, with an address.",
        "cross_border": {"applies": False, "copy_to": None},
        "followup": {"issuing": sender.organisation.contact_email},
        "redress": redress,
    } | fields


class Desk:
    """One platform and one authority that it knows."""

    def __init__(self, instance: Instance, clock: FakeClock, sender: Sender | None = None) -> None:
        self.instance = instance
        self.clock = clock
        self.sender = sender or Sender()
        found_ours(instance)
        self.sender.register(instance.database)

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def wait(self, **length: float) -> None:
        self.clock.advance(timedelta(**length).total_seconds())

    def tx(self, work: Callable[[Tx], Any], by: str = LEGAL) -> Any:
        with self.instance.database.begin(by) as tx:
            return work(tx)

    # --- posts ---

    def post(self, id: str, text: str = "hello", url: str | None = None, **fields: Any) -> ItemRow:
        given: dict[str, Any] = {
            "surface": "post",
            "publicness": "public",
            "author": "anna",
            "text": text,
        } | fields
        item = ItemIn(id=id, created_at=self.now, url=url, **given)
        submission = describe(
            self.instance, item, platform="forum", actor="key:forum", request_id="r", now=self.now
        )

        def work(tx: Tx) -> ItemRow:
            (answer,) = submit_group(tx, self.instance, [submission])
            assert isinstance(answer, bytes), answer
            return get_item(tx, "forum", id)

        return self.tx(work, "key:forum")

    def item(self, id: str) -> ItemRow:
        return self.tx(lambda tx: get_item(tx, "forum", id))

    # --- what comes ---

    def take(self, raw: bytes, address: str | None = "192.0.2.1") -> dict[str, Any]:
        """Bring a message; what the receipt says."""
        receipt = self.tx(lambda tx: take(tx, self.instance, raw, address), "inbox")
        return json.loads(unb64(json.loads(receipt)["payload"]))

    def says(self, type: str, body: Any, *, order: str = "o-1", **fields: Any) -> dict[str, Any]:
        sender: Sender = fields.pop("sender", self.sender)
        return self.take(sender.message(self.now, type, order=order, body=body, **fields))

    def ordered(self, *urls: Any, order: str = "o-1", **fields: Any) -> UUID:
        """A good order; our id of it."""
        body = annex(self.sender, self.now, list(urls), **fields)
        receipt = self.says("order.issued", body, order=order)
        assert receipt["order"] is not None, receipt
        return UUID(receipt["order"])

    # --- what people do ---

    def execute(self, order: UUID, n: int | None = None, by: str = LEGAL, **given: Any) -> OrderRow:
        said = executing.ExecuteIn(**given)
        return self.tx(lambda tx: executing.execute(tx, self.instance, order, n, said), by)

    def do(
        self, verb: str, order: UUID, n: int | None = None, by: str = LEGAL, **given: Any
    ) -> Any:
        """A verb of `verbs`, with its body by names."""
        work = getattr(verbs, verb)
        body = {
            "impede": verbs.ImpedeIn,
            "ask": verbs.AskIn,
            "authenticate": verbs.AuthenticateIn,
            "reject": verbs.RejectIn,
            "annul": verbs.AnnulIn,
        }.get(verb)
        said = [] if body is None else [body(**given)]
        return self.tx(lambda tx: work(tx, self.instance, order, n, *said), by)

    # --- what is there ---

    def order(self, id: UUID) -> OrderRow:
        return self.tx(lambda tx: order_of(tx, id))

    def shown(self, id: UUID) -> dict[str, Any]:
        return self.tx(lambda tx: shown_order(tx, order_of(tx, id)))

    def states(self, id: UUID) -> list[str]:
        return [one["state"] for one in self.shown(id)["items"]]

    def clocks(self, id: UUID, name: str = "tco.remove") -> list[Clock]:
        return self.tx(lambda tx: [one for one in clocks_of(tx, order=id) if one.name == name])

    def sent(self, id: UUID) -> list[tuple[str, dict[str, Any]]]:
        """The messages that went out about an order: type and body."""

        def work(tx: Tx) -> list[tuple[str, dict[str, Any]]]:
            from tidegate.orders.jws import parse
            from tidegate.orders.messages.queries import message_jws

            return [
                (one.type, json.loads(parse(message_jws(tx, one.id)).payload)["body"])
                for one in messages_of(tx, id)
                if one.direction == "out"
            ]

        return self.tx(work)

    def actions(self, id: str) -> list[tuple[str, Any]]:
        """The actions on a post: kind, and what is effective then."""
        from tidegate.enforcement.queries import actions_of_item

        item = self.item(id)
        found = self.tx(lambda tx: actions_of_item(tx, item.id))
        return [(one.kind, one.effective) for one in found]

    def notices(self, type: str) -> list[dict[str, Any]]:
        """What webhooks would be told of this type."""
        query = sa.text("SELECT body FROM messages WHERE type = :type ORDER BY created_at, id")
        rows = self.tx(lambda tx: tx.execute(query, {"type": type}).scalars().all())
        return [json.loads(one)["data"] for one in rows]

    def count(self, table: str) -> int:
        query = sa.text(f'SELECT count(*) FROM "{table}"')
        return self.tx(lambda tx: tx.execute(query).scalar_one())

    def everything(self) -> dict[str, int]:
        """How many rows each table has that an order writes: a refusal adds none."""
        tables = (
            "orders order_items order_item_states order_proposals order_copies order_receipts"
            " order_documents order_messages clocks clock_events rings restrictions decisions holds"
            " actions ledger_pending disclosures cases messages"
        )
        return {one: self.count(one) for one in tables.split()}
