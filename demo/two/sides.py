"""One side of the day: an organisation with an instance, people with keys, and a platform's own systems."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from tidegate.access.actions import add_user, create_key, create_link
from tidegate.cli.context import database_of, settings_of
from tidegate.enforcement.webhooks import create_webhook
from tidegate.exchange.actions import set_organisation
from tidegate.exchange.model import Organisation
from tidegate.infra.postgres import EmbeddedPostgres
from tidegate.infra.secrets import InstanceSecrets
from tidegate.ledger.model import HEAD_FILE
from tidegate.ledger.sequencer import read_head
from tidegate.ledger.verify import Verification, verify
from tidegate.orders.messages.tables import order_messages
from tidegate.pipeline.house import MESSAGE_TYPES, SCOPES

from ..processes import DemoError, Server
from .receiver import Receiver

BY = "system:demo"
NEARBY = "127.0.0.0/8"  # where all of the day happens
SYSTEMS = "systems"  # the platform's own, which act for nobody
PEOPLE = {
    "authority": {
        "officer": "officer",
        "colleague": "officer",
        "approver": "approver",
        "analyst": "analyst",
    },
    "platform": {
        "legal": "legal",
        "counsel": "legal",
        "reviewer": "reviewer",
        "analyst": "analyst",
    },
}
ITS_SCOPES = ["items:write", "items:read", "actions:read", "ledger:read"]
TIMEOUT = 30.0


class Side:
    """It starts at once; `enrol` it when it is ready. Calls are made in somebody's name."""

    def __init__(
        self, organisation: Organisation, folder: Path, port: int, time_from: Path
    ) -> None:
        self.organisation = organisation
        self.id = organisation.id
        self.kind = organisation.kind
        self.url = f"http://127.0.0.1:{port}"
        self.receiver = Receiver()
        self.data_dir = folder / self.id
        self.data_dir.mkdir()
        settings = (
            f'synthetic = true\npublic_url = "{self.url}"\nallowed_addresses = ["{NEARBY}"]\n'
        )
        (self.data_dir / "tidegate.toml").write_text(settings)
        self.server = Server(self.data_dir, port, ["--time-from", str(time_from)])
        self.after: Callable[[str], None] = lambda path: None  # told of what was done
        self._keys: dict[str, str] = {}
        self._client = httpx.Client(base_url=self.url, timeout=TIMEOUT, trust_env=False)

    def enrol(self) -> None:
        """Whom it speaks for, its people and its webhook, as the commands make them."""
        self.server.wait_ready()
        with database_of(settings_of(self.data_dir)) as database, database.begin(BY) as tx:
            set_organisation(tx, self.organisation)
            for name, role in PEOPLE[self.kind].items():
                email, scopes = f"{name}@{self.id}", sorted(SCOPES.of_role(role))
                add_user(tx, email, role)
                self._keys[name] = create_key(tx, SCOPES, name, scopes, user_email=email)[1]
            self._keys[SYSTEMS] = create_key(tx, SCOPES, SYSTEMS, ITS_SCOPES)[1]
            hook = create_webhook(
                tx, self.receiver.url, allow_private=True, enforce=True, known=MESSAGE_TYPES
            )
        self.receiver.secrets.append(hook.secret)

    def link(self, name: str) -> str:
        """Where somebody signs in, once."""
        with database_of(settings_of(self.data_dir)) as database, database.begin(BY) as tx:
            token = create_link(tx, f"{name}@{self.id}")
        # By name and not by number: browsers give passkeys to names alone.
        return f"{self.url.replace('127.0.0.1', 'localhost')}/sign-in/{token}"

    def call(self, who: str, method: str, path: str, json: Any = None) -> httpx.Response:
        """Ask, whatever the answer. Raises DemoError where nobody answers."""
        headers = {"Authorization": f"Bearer {self._keys[who]}"} if who else {}
        try:
            return self._client.request(method, path, headers=headers, json=json)
        except httpx.TransportError as error:
            raise DemoError(f"{self.id} does not answer {method} {path}: {error}") from error

    def get(self, path: str, who: str = "") -> Any:
        return self._expected("GET", path, self.call(who, "GET", path), 200)

    def post(self, who: str, path: str, json: Any = None, *, status: int = 200) -> Any:
        """Do something, and what the answer says. Raises DemoError for another status."""
        said = self._expected("POST", path, self.call(who, "POST", path, json), status)
        self.after(path)
        return said

    def revive(self) -> None:
        """Kill it, its database with it, and start it anew. Raises DemoError where it does not come up."""
        self.server.kill()
        self.server.start()
        self.server.wait_ready()

    def bring(self, message: bytes, media_type: str) -> bytes:
        """Bring a message to the inbox by hand, as anybody can; the receipt."""
        headers = {"content-type": media_type}
        answer = self._client.post("/public/orders/inbox", content=message, headers=headers)
        if answer.status_code != 202:
            raise DemoError(f"{self.id} took no message: {answer.text[:500]}")
        return answer.content

    def receipts(self) -> list[tuple[str, bytes | None]]:
        """Whom messages went to, and the receipt of each that has one."""
        with database_of(settings_of(self.data_dir)) as database, database.begin(BY) as tx:
            out = order_messages.c.direction == "out"
            query = sa.select(order_messages.c.recipient, order_messages.c.receipt).where(out)
            return [(row.recipient, row.receipt) for row in tx.execute(query)]

    def order(self, id: str) -> Any:
        """An order as somebody of this side sees it."""
        return self.get(f"/v1/orders/{id}", "approver" if self.kind == "authority" else "legal")

    def verify_ledger(self) -> Verification:
        """As `tidegate ledger verify` does, beside the server; entries may wait to be sealed."""
        settings = settings_of(self.data_dir)
        exported = read_head(settings.data_dir / HEAD_FILE)
        key = InstanceSecrets.open(settings.data_dir).ledger_key.public_key()
        with database_of(settings) as database, database.begin(BY) as tx:
            return verify(tx, key, exported)

    def end(self) -> None:
        """The server, and the database with all that is in it."""
        self._client.close()
        self.receiver.stop()
        self.server.stop()
        EmbeddedPostgres(self.data_dir).remove()

    def _expected(self, method: str, path: str, answer: httpx.Response, status: int) -> Any:
        if answer.status_code != status:
            said = f"{answer.status_code}, not {status}: {answer.text[:500]}"
            raise DemoError(f"{self.id} answered {method} {path} with {said}")
        return answer.json()
