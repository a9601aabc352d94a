"""Items under a legal order in tests, and the same done by a person: twins that differ in nothing else."""

import re
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from tests.api import Api, item

from tidegate.access.actions import create_key, create_user
from tidegate.content.holds.actions import place_hold
from tidegate.content.holds.model import HoldIn
from tidegate.content.model import ItemRow
from tidegate.content.queries import lock_item
from tidegate.decisions.disclosure import release, withhold
from tidegate.decisions.model import Restriction
from tidegate.enforcement.actions import issue_many
from tidegate.enforcement.outbox import claim
from tidegate.enforcement.tables import webhooks
from tidegate.enforcement.webhooks import create_webhook
from tidegate.exchange.states import UNION
from tidegate.infra.clock import FakeClock
from tidegate.pipeline.house import MESSAGE_TYPES, SCOPES
from tidegate.pipeline.standing import end_of_order, impose

WORDS = "what the post said"
LEGAL = "lena.legal@example.org"
REASON = "Removal order BKA-7781 of the Federal Criminal Police."
REFERENCE = "BKA-7781"
NOBODY = "somebody@example.org"
UNTIL = datetime(2026, 1, 20, tzinfo=UTC)
KEPT = datetime(2026, 7, 2, tzinfo=UTC)
EVERYWHERE = sorted(UNION)
# What would say that a legal order is behind it, and who carried it out.
TELLING = (REASON, REFERENCE, LEGAL, "lena.legal")


class Order:
    """One legal order, and what executing it does to an item."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.id = uuid4()
        self.hold: UUID | None = None
        person(api, "legal", "orders:execute", email=LEGAL)

    def execute(self, name: str = "post-1", *, silent: bool = True, until: datetime = KEPT) -> None:
        with self.api.instance.database.begin(f"user:{LEGAL}") as tx:
            post = lock_item(tx, "default", name)
            if silent:
                withhold(tx, post.id, self.id, UNTIL)
            restriction = Restriction("item", EVERYWHERE)
            _, told = impose(
                tx,
                [post],
                order=self.id,
                restriction=restriction,
                reason=REASON,
                reference=REFERENCE,
            )
            given = HoldIn("Content of an order, kept under Article 6.", "review", until)
            self.hold = place_hold(tx, post, given, order=self.id).id
            issue_many(tx, told)

    def over(self, name: str = "post-1") -> None:
        with self.api.instance.database.begin(f"user:{LEGAL}") as tx:
            post = lock_item(tx, "default", name)
            told = end_of_order(tx, [post], order=self.id, reason="the order is void")
            issue_many(tx, told)

    def speak(self, name: str = "post-1") -> None:
        with self.api.instance.database.begin("system:clocks") as tx:
            release(tx, lock_item(tx, "default", name).id, self.id)


def stored(api: Api, name: str) -> ItemRow:
    with api.instance.database.begin() as tx:
        return lock_item(tx, "default", name)


def restrict(api: Api, name: str, email: str = NOBODY) -> None:
    """The same by a person, for the terms."""
    key = person(api, "senior", "items:read", "cases:decide", email=email)
    given = {"outcome": "restrict", "label": "propaganda", "reason": "against our terms"}
    given |= {"exemption": "none", "restriction": {"scope": "item", "territory": EVERYWHERE}}
    answer = api.post(f"/v1/items/{name}/decisions", given, key=key)
    assert answer.status_code == 201, answer.text


def lift(api: Api, name: str, email: str = NOBODY) -> None:
    key = person(api, "senior", "items:read", "cases:decide", email=email)
    answer = api.post(
        f"/v1/items/{name}/decisions", {"outcome": "lift", "reason": "wrong"}, key=key
    )
    assert answer.status_code == 201, answer.text


def person(api: Api, role: str, *scopes: str, email: str | None = None) -> str:
    """A key that is registered to a user."""
    email = email or f"{role}-{uuid4().hex[:6]}@example.org"
    with api.instance.database.begin() as tx:
        found = sa.text("SELECT count(*) FROM users WHERE email = :email")
        if not tx.execute(found, {"email": email}).scalar_one():
            create_user(tx, email, role)
        name = f"key {uuid4().hex[:6]}"
        return create_key(tx, SCOPES, name, scopes, None, email)[1]


def target(api: Api, **how: Any) -> UUID:
    """A webhook that enforces."""
    url = "https://platform.example/hook"
    with api.instance.database.begin() as tx:
        return create_webhook(tx, url, enforce=True, known=MESSAGE_TYPES, **how).id


def sent(api: Api, webhook: UUID) -> list[bytes]:
    """What waits for a target, as it is sent."""
    with api.instance.database.begin() as tx:
        found = claim(tx, webhook, 100, timedelta(seconds=1))
        assert tx.execute(sa.select(webhooks.c.id).where(webhooks.c.id == webhook)).one()
    return [] if found is None else [one.body for one in found[1]]


_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
_MESSAGE = re.compile(r"msg_[0-9a-f]{32}")
_NUMBER = re.compile(r'"(number|next|seq)":("?)\d+("?)')
_DISCLOSURE = re.compile(r'"disclosure":\{[^}]*\}')


def alike(said: str, *names: str) -> str:
    """What is said without ids, times and `disclosure`: between twins nothing else may differ."""
    said = _DISCLOSURE.sub('"disclosure":X', said)
    for pattern, put in ((_UUID, "ID"), (_TIME, "TIME"), (_MESSAGE, "MESSAGE")):
        said = pattern.sub(put, said)
    for name in names:
        said = said.replace(name, "POST")
    return _NUMBER.sub(r'"\1":N', said)


def twins(api: Api, clock: FakeClock) -> tuple[str, str]:
    """Two posts that say the same, sent by two authors."""
    names = ("ordered", "by-terms")
    for name in names:
        assert api.post("/v1/items", item(name, text=WORDS)).status_code == 200
        clock.advance(Random(name).randint(5, 90))
    return names
