"""The people and the authority of `make bench-orders`: who signs the orders, who trusts whom, and who executes."""

import json
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.hook import Hook
from benchmarks.instance import Instance
from tidegate.access.actions import create_key, create_user
from tidegate.enforcement.webhooks import create_webhook
from tidegate.exchange.actions import add_party, confirm_party, set_organisation
from tidegate.exchange.keys import OwnKey
from tidegate.exchange.model import PROTOCOL, Organisation
from tidegate.exchange.published import Jwk, publish
from tidegate.infra.clock import SystemClock
from tidegate.infra.db import Database
from tidegate.infra.times import in_full
from tidegate.orders.jws import sign
from tidegate.pipeline.house import MESSAGE_TYPES, SCOPES

HOST = "forum.example"
SEED = bytes(range(32))
FORUM = Organisation(
    id=HOST,
    name="A forum",
    kind="platform",
    member_state="DE",
    languages=["de"],
    contact_email=f"legal@{HOST}",
    zone="Europe/Berlin",
    hosts=[HOST],
)
UNIT = Organisation(
    id="unit.example",
    name="Referral unit",
    kind="authority",
    member_state="DE",
    functions=["issue", "scrutinise"],
    languages=["de"],
    contact_email="orders@unit.example",
    zone="Europe/Berlin",
)
_KEY = OwnKey(Ed25519PrivateKey.from_private_bytes(SEED))


class Desk(NamedTuple):
    """Somebody of the forum's legal people: a key of the API, and a link to sign in by."""

    key: str
    link: str


def introduce(instance: Instance, hook: Hook) -> Desk:
    """Let the instance speak for the forum, trust the unit, tell `hook` all messages, and have a person."""
    database = Database(instance.database_url, SystemClock())
    jwk = Jwk(x=_KEY.x, kid=_KEY.kid, valid_from=datetime(2020, 1, 1, tzinfo=UTC))
    with database.begin("user:one@forum.example") as tx:
        set_organisation(tx, FORUM)
        found = publish(UNIT, [jwk], hook.inbox)
        add_party(tx, found, own_kid="another", synthetic=False)
        create_webhook(tx, hook.url, allow_private=True, enforce=True, known=MESSAGE_TYPES)
    with database.begin("user:two@forum.example") as tx:
        confirm_party(tx, UNIT.id, [_KEY.kid])
        link = create_user(tx, f"legal@{HOST}", "legal")[1]
        scopes = ("orders:execute", "items:read", "cases:decide")
        key = create_key(tx, SCOPES, "of legal", scopes, None, f"legal@{HOST}")[1]
    database.close()
    return Desk(key, link)


def url(n: int) -> str:
    return f"https://{HOST}/p/{n}"


def message(urls: list[str]) -> bytes:
    """A signed order of these addresses."""
    now, id = in_full(datetime.now(UTC)), uuid4().hex
    said = {"protocol": PROTOCOL, "type": "order.issued", "id": id, "order": id}
    said |= {"from": UNIT.id, "to": FORUM.id, "sent_at": now, "synthetic": False}
    return sign(json.dumps(said | {"body": _annex(id, now, urls)}).encode(), _KEY)


def _annex(reference: str, now: str, urls: list[str]) -> dict[str, Any]:
    return {
        "issuing": {
            "member_state": "DE",
            "kind": "law_enforcement",
            "name": UNIT.name,
            "representative": "R. Vogt",
            "post": "Head of unit",
            "file": "17/26",
            "address": "Street 1, 65193 Wiesbaden",
            "phone": "+49 611 1",
            "email": UNIT.contact_email,
        },
        "addressee": {"name": FORUM.name, "contact": FORUM.contact_email, "member_state": "DE"},
        "issued_at": now,
        "reference": reference,
        "items": [{"url": one} for one in urls],
        "types": ["a"],
        "reasons": "It calls on its readers to attack the market of a named town on Saturday.",
        "cross_border": {"applies": False, "copy_to": None},
        "followup": {"issuing": UNIT.contact_email},
        "redress": {
            "body": "Administrative court",
            "deadline": "One month",
            "law_url": "https://law.example/74",
        },
    }
