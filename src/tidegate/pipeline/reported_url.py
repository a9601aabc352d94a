"""A report about a URL that nobody submitted: the URL becomes an item, so that no report is lost."""

import hashlib

import msgspec
import sqlalchemy as sa

from tidegate.content.model import Content, ItemRow, content_digest
from tidegate.content.queries import lock_item
from tidegate.content.tables import revisions
from tidegate.infra.db import Tx
from tidegate.ledger.actions import append
from tidegate.pipeline.instance import Instance
from tidegate.signals import fingerprints

SURFACE = "reported_url"


def admit_reported_url(tx: Tx, instance: Instance, platform: str, url: str) -> ItemRow:
    """Make (or find, when two reports come at once) the item of a reported URL; its row is locked.

    Its id is `url:` with the SHA-256 of the canonical URL; it is public, of no known author.
    """
    codes = fingerprints.of_url(url)
    canonical = next(code.value for code in codes if code.kind == "url")
    key = hashlib.sha256(canonical).digest()
    external_id = f"url:{key.hex()}"
    content = Content(SURFACE, "public", "", tx.now, url=url)
    made = tx.execute(
        _INSERT, {"platform": platform, "external": external_id, "key": key, "now": tx.now}
    ).scalar_one_or_none()
    if made is not None:
        tx.copy(
            revisions,
            ("item_id", "revision", "digest", "content", "fingerprints", "received_at"),
            [
                (
                    made,
                    1,
                    content_digest(content),
                    msgspec.json.encode(content),
                    msgspec.msgpack.encode([("url", code) for code in codes]),
                    tx.now.isoformat(),
                )
            ],
        )
        append(tx, "item.admitted", {"item": made, "because": "reported"}, made)
    return lock_item(tx, platform, external_id)


_INSERT = sa.text(
    "INSERT INTO items (id, platform, external_id, publicness, revision, verdict, url_key,"
    " received_at) VALUES (gen_random_uuid(), :platform, :external, 'public', 1, 'pass', :key,"
    " :now) ON CONFLICT DO NOTHING RETURNING id"
)
