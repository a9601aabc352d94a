"""Two and more instances in one test, of organisations that trust each other: each with a database, an application
and people of its own. What goes between them is handed over through the other's real inbox, when the test says so.
"""

import asyncio
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
from starlette.testclient import TestClient
from tests.kept_database import KeptDatabase

from tidegate.access.actions import add_user, create_key
from tidegate.exchange.actions import add_party, confirm_party, set_organisation
from tidegate.exchange.model import Organisation
from tidegate.infra.clock import FakeClock
from tidegate.infra.errors import Refusal
from tidegate.infra.fetched import Fetched
from tidegate.infra.settings import Settings
from tidegate.orders.messages.outbox import Claim
from tidegate.pipeline.house import SCOPES
from tidegate.pipeline.instance import Instance, opened
from tidegate.pipeline.orders.outgoing import Postman
from tidegate.pipeline.own import own_of, published_of
from tidegate.web.app import create_app

BKA = Organisation(
    id="bka.example",
    name="Internet Referral Unit",
    kind="authority",
    member_state="DE",
    functions=["issue", "scrutinise"],
    languages=["de", "en"],
    contact_email="orders@bka.example",
    zone="Europe/Berlin",
)
GARDA = Organisation(
    id="garda.example",
    name="Garda Unit",
    kind="authority",
    member_state="IE",
    functions=["issue", "scrutinise"],
    languages=["en"],
    contact_email="orders@garda.example",
    zone="Europe/Dublin",
)
FORUM = Organisation(
    id="forum.example",
    name="A forum",
    kind="platform",
    member_state="DE",
    languages=["de", "en"],
    contact_email="legal@forum.example",
    zone="Europe/Berlin",
    hosts=["forum.example"],
)
BOARD = Organisation(
    id="board.example",
    name="A board in Ireland",
    kind="platform",
    member_state="IE",
    languages=["en"],
    contact_email="legal@board.example",
    zone="Europe/Dublin",
    hosts=["board.example"],
)


class Side:
    """One instance and its people. `officer`, `officer2`, `approver` and `legal` are keys of persons."""

    def __init__(self, instance: Instance, client: TestClient, organisation: Organisation) -> None:
        self.instance = instance
        self.client = client
        self.organisation = organisation
        self.peers: dict[str, Side] = {}
        self.away = False
        with instance.database.begin("system:cli") as tx:
            set_organisation(tx, organisation)
            self.own = own_of(tx, instance)
        self.officer = self.person("officer")
        self.officer2 = self.person("officer", "officer2")
        self.approver = self.person("approver")
        self.legal = self.person("legal")
        with instance.database.begin("system:cli") as tx:
            self.admin = create_key(tx, SCOPES, "admin by itself", ["admin"])[1]

    @property
    def id(self) -> str:
        return self.organisation.id

    def person(self, role: str, name: str | None = None, *, scopes: list[str] | None = None) -> str:
        """A key of a new user with all that their role may do."""
        email = f"{name or role}@{self.id}"
        wanted = scopes or sorted(SCOPES.of_role(role) & set(SCOPES.known))
        with self.instance.database.begin("system:cli") as tx:
            add_user(tx, email, role)
            return create_key(tx, SCOPES, f"key of {name or role}", wanted, user_email=email)[1]

    def meet(self, *others: "Side") -> None:
        """Register others, confirmed by a second person."""
        for other in others:
            with other.instance.database.begin() as tx:
                found = published_of(tx, other.instance, f"https://{other.id}")
            with self.instance.database.begin("user:one@here.example") as tx:
                add_party(tx, found, own_kid=self.own.key.kid, synthetic=False)
            with self.instance.database.begin("user:two@here.example") as tx:
                confirm_party(tx, other.id, [other.own.key.kid])
            self.peers[other.id] = other

    def call(self, method: str, path: str, key: str, json: Any = None) -> httpx.Response:
        headers = {"authorization": f"Bearer {key}"}
        return self.client.request(method, path, headers=headers, json=json)

    def post(self, path: str, key: str, json: Any = None, *, status: int = 200) -> dict[str, Any]:
        answer = self.call("POST", path, key, json)
        assert answer.status_code == status, answer.text
        return answer.json()

    def get(self, path: str, key: str | None = None) -> dict[str, Any]:
        answer = self.call("GET", path, key or self.approver)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post_item(self, id: str, url: str, text: str = "Come on Saturday.") -> None:
        """A post on this platform."""
        item = {"id": id, "surface": "post", "publicness": "public", "author": "author-1"}
        item |= {"url": url, "text": text, "created_at": "2025-12-31T23:00:00Z"}
        self.post("/v1/items", self.admin, item)

    def count(self, table: str) -> int:
        with self.instance.database.begin() as tx:
            return tx.connection.exec_driver_sql(f'SELECT count(*) FROM "{table}"').scalar_one()

    def entries(self) -> int:
        """How much the ledger was told: refusals tell it nothing."""
        return self.count("ledger_pending") + self.count("ledger")

    def deliver(self) -> int:
        """Send what is due; returns the number of attempts."""

        async def run() -> int:
            postman = _Hand(self)
            try:
                return await postman.run_once()
            finally:
                await postman.aclose()

        return asyncio.run(run())


class _Hand(Postman):
    """A postman whose way is short: the other application's own inbox."""

    def __init__(self, side: Side) -> None:
        super().__init__(side.instance)
        self._side = side

    async def _post(self, claimed: Claim, inbox: str | None) -> Fetched:
        other = self._side.peers.get(claimed.message.recipient)
        if other is None or other.away:
            raise Refusal("away", 503, "Nobody answers there")
        headers = {"content-type": "application/jose+json"}
        path = "/public/orders/inbox"
        answer = await asyncio.to_thread(
            other.client.post, path, content=claimed.jws, headers=headers
        )
        kind = answer.headers.get("content-type", "")
        return Fetched(answer.status_code, kind, answer.content, inbox or path)


@contextmanager
def side(
    database: KeptDatabase, clock: FakeClock, folder: Path, who: Organisation
) -> Generator[Side]:
    """An instance on a database that is as it was made, and lent again to another test."""
    with ExitStack() as stack:
        url = stack.enter_context(database.lent())[1]
        settings = Settings(data_dir=folder / who.id, media_workers=1)
        settings.data_dir.mkdir()
        instance = stack.enter_context(opened(settings, url, clock))
        app = create_app(instance)
        client = TestClient(app, base_url=f"https://{who.id}", follow_redirects=False)
        yield Side(instance, stack.enter_context(client), who)


def drafted(**changed: Any) -> dict[str, Any]:
    """An order as an officer drafts it."""
    return {
        "to": FORUM.id,
        "issuing": {
            "kind": "law_enforcement",
            "name": "Internet Referral Unit",
            "representative": "K. Muster",
            "post": "Head of unit",
            "file": "AZ 12/26",
            "address": "Thaerstrasse 11, Wiesbaden",
            "phone": "+49 611 55",
            "email": "orders@bka.example",
        },
        "items": [{"url": "https://forum.example/p/1"}],
        "types": ["a"],
        "reasons": "The post calls for an attack on a named market next Saturday, and says how.",
        "true_purpose": "It recruits; nothing in it reports, teaches or criticises.",
        "public": {
            "asserted": True,
            "capture": {"at": "2025-12-31T12:00:00Z", "sha256": "ab" * 32},
        },
    } | changed
