"""What a ledger entry commits to, how entries chain, and what a signed head says.

Pure: no store, no clock, no randomness. Whoever checks the ledger needs this file and nothing else.
"""

import base64
import struct
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

HEAD_FILE = "ledger-head.json"  # in the data directory: the last signed head, outside the database
SALT_BYTES = 16
# The entry that says why the records about its subject are gone: with it alone may they be blanked, and
# it never is itself.
ENDING = "item.erased"
GENESIS = bytes(32)  # what the first entry names as the hash before it

_DOMAIN = b"tidegate ledger entry v1\n"
_LONGEST_KIND = 2**16 - 1  # bytes
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_canonical = msgspec.json.Encoder(order="sorted")


class NewEntry(msgspec.Struct, frozen=True):
    """An entry to be appended: its kind ("decision.made"), its record, the item it is about, and whose
    that is."""

    kind: str
    record: Mapping[str, object]
    subject: UUID | None = None
    platform: str | None = None


class Head(msgspec.Struct, frozen=True):
    """A signed statement that the chain had `seq` entries and ended in `hash` (hexadecimal)."""

    seq: int
    hash: str
    at: datetime
    key: str  # which key signed: see `key_id`
    signature: str  # base64 of Ed25519 over `head_text`


class EntryName(msgspec.Struct, frozen=True):
    """An entry, and what it is of."""

    id: UUID
    kind: str
    at: datetime


class EntryView(msgspec.Struct, frozen=True, kw_only=True):
    """A sealed entry as shown; `record` is None once it is forgotten."""

    seq: int
    id: UUID
    at: datetime
    kind: str
    subject: UUID | None
    commitment: str
    hash: str
    record: dict[str, object] | None


def canonical(record: Mapping[str, object], actor: str, key: str | None, request_id: str) -> bytes:
    """The bytes that an entry commits to: JSON with sorted keys, the actor and the request included,
    and the id of the API key that was shown, where there was one."""
    by: dict[str, object] = {"actor": actor, "request_id": request_id}
    if key is not None:
        assert "key" not in record, "`key` is the one that was shown"
        by["key"] = key
    return _canonical.encode({**record, **by})


def commit(salt: bytes, record: bytes) -> bytes:
    """The commitment: it binds to the record, and tells nothing once the salt is gone."""
    return sha256(salt + record).digest()


def microseconds(at: datetime) -> int:
    """Microseconds since 1970, the precision that PostgreSQL keeps."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def kind_that_fits(kind: str) -> str:
    """A kind, or as much of it as an entry's hash has room for."""
    return kind.encode()[:_LONGEST_KIND].decode(errors="ignore")


def chain_hash(
    prev: bytes, seq: int, id: bytes, at: int, kind: str, subject: bytes | None, commitment: bytes
) -> bytes:
    """The hash of an entry at place `seq` after the entry with hash `prev`; `at` in microseconds.

    Every field has a fixed length or carries its length, so no two entries give the same input.
    Salt and record are left out on purpose: forgetting them leaves the chain whole.
    """
    name = kind.encode()
    return sha256(
        b"".join(
            (
                _DOMAIN,
                prev,
                struct.pack(">q16sqH", seq, id, at, len(name)),
                name,
                b"\x00" if subject is None else b"\x01" + subject,
                commitment,
            )
        )
    ).digest()


def key_id(key: Ed25519PublicKey) -> str:
    """A short name of a public key: 16 hexadecimal digits of its SHA-256."""
    return sha256(key.public_bytes_raw()).hexdigest()[:16]


def head_text(seq: int, hash: str, at: datetime) -> bytes:
    """The text that is signed, in the lines of a C2SP note: origin, size, hash, time."""
    digest = base64.b64encode(bytes.fromhex(hash)).decode()
    return f"tidegate ledger v1\n{seq}\n{digest}\n{microseconds(at)}\n".encode()


def sign_head(key: Ed25519PrivateKey, seq: int, hash: bytes, at: datetime) -> Head:
    """A head signed with `key`."""
    signature = key.sign(head_text(seq, hash.hex(), at))
    return Head(seq, hash.hex(), at, key_id(key.public_key()), base64.b64encode(signature).decode())


def signature_bytes(head: Head) -> bytes:
    """The signature as it is stored. Raises ValueError for what is no base64."""
    return base64.b64decode(head.signature, validate=True)


def head_is_signed(head: Head, key: Ed25519PublicKey) -> bool:
    """Whether `head` carries a valid signature of `key`."""
    try:
        key.verify(signature_bytes(head), head_text(head.seq, head.hash, head.at))
    except (InvalidSignature, ValueError):
        return False
    return head.key == key_id(key)
