"""A message on the wire: a flattened JWS (RFC 7515) signed with Ed25519, read strictly and made. Pure.

What is signed are the payload's bytes as they came: nothing is ever written anew to be verified. There is
one algorithm, under its old name `EdDSA` and its new one `Ed25519` (RFC 9864). Whoever names another has
not signed, as far as we are concerned: their message is read, and proves nothing.
"""

import base64
import hashlib
import re
from functools import cached_property
from typing import Any, Protocol, TypeVar

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tidegate.infra.errors import FieldError, Refusal, bad_field
from tidegate.infra.parsing import check_depth, decode

T = TypeVar("T")

MEDIA_TYPE = "application/jose+json"
ALGORITHMS = ("EdDSA", "Ed25519")
MOST_BYTES = 1_000_000
DEEPEST = 64
_LETTERS = re.compile(r"[A-Za-z0-9_-]*")
_PROTECTED = re.compile(rb'"protected"\s*:\s*"([A-Za-z0-9_-]{1,4096})"')
_KEY_BYTES = 32


class Signer(Protocol):
    """A key of ours."""

    @property
    def kid(self) -> str: ...
    def sign(self, data: bytes) -> bytes: ...


class Flattened(msgspec.Struct):
    """A message as it travels (RFC 7515, section 7.2.2), each part in base64url."""

    payload: str
    protected: str
    signature: str


class _Header(msgspec.Struct):
    alg: str
    kid: str | None = None
    crit: Any = None


class Jws(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A message as it was read: `payload` are the bytes that were signed, `protected` is as it came."""

    payload: bytes
    protected: str
    signature: bytes
    alg: str
    kid: str | None
    extended: bool  # it names extensions that must be understood, of which we know none

    @property
    def signed(self) -> bool:
        """Whether it is signed in a way that counts, by whomever."""
        return self.alg in ALGORITHMS and bool(self.signature) and not self.extended

    @cached_property
    def text(self) -> bytes:
        """What the signature is over."""
        return f"{self.protected}.{encoded(self.payload)}".encode()

    @cached_property
    def digest(self) -> bytes:
        """What the same message is known by, however the JSON around it is spaced."""
        return hashlib.sha256(self.text + b"." + encoded(self.signature).encode()).digest()

    @cached_property
    def sha256(self) -> str:
        """The digest of the payload, in hexadecimal, which receipts name."""
        return hashlib.sha256(self.payload).hexdigest()


def encoded(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decoded(text: str) -> bytes | None:
    """The bytes of which this is the one spelling in base64url without padding; None where it is none's."""
    if not _LETTERS.fullmatch(text) or len(text) % 4 == 1:
        return None
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return data if encoded(data) == text else None  # else the bits that are left over are not 0


def parse(raw: bytes) -> Jws:
    """Read a message. Raises Refusal (413, 422) that points into it; what is in the payload is not looked
    at."""
    if len(raw) > MOST_BYTES:
        raise too_large()
    outer = read_json(raw, Flattened)
    header = read_json(_part(outer.protected, "/protected"), _Header, "/protected")
    return Jws(
        payload=_part(outer.payload, "/payload"),
        protected=outer.protected,
        signature=_part(outer.signature, "/signature"),
        alg=header.alg,
        kid=header.kid,
        extended=header.crit is not None,
    )


def kid_in(raw: bytes) -> str | None:
    """The key that a body names which may be no message at all, or a piece of one; None where it names none."""
    named = _PROTECTED.search(raw)
    data = None if named is None else decoded(named[1].decode())
    try:
        return None if data is None else msgspec.json.decode(data, type=_Header).kid
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def too_large() -> Refusal:
    """The 413 of a message of over 1 MB."""
    return Refusal(
        "body-too-large",
        413,
        "The message is over the limit",
        f"A message has at most {MOST_BYTES:,} bytes.",
        limit=MOST_BYTES,
    )


def read_json(body: bytes, type: type[T], at: str = "") -> T:
    """JSON that stands `at` a place of a message, as `type`. Raises Refusal (413, 422), also for what is no
    JSON or deeper than anybody needs."""
    try:
        value = decode(body, type)
        if body.count(b"[") + body.count(b"{") > DEEPEST:
            check_depth(msgspec.json.decode(body), DEEPEST)
    except Refusal as refused:
        raise _inside(refused, at) from refused
    return value


def _inside(refused: Refusal, at: str) -> Refusal:
    if refused.type == "invalid-json":
        return bad_field(at, f"JSON in UTF-8, at most {DEEPEST} deep", "something else")
    if refused.status != 422 or not at:
        return refused
    errors = [FieldError(at + one.pointer, one.expected, one.got) for one in refused.errors]
    said = "; ".join(f"{one.pointer}: expected {one.expected}, got {one.got}" for one in errors)
    return Refusal(refused.type, 422, refused.title, f"{said}.", errors=errors)


def _part(text: str, pointer: str) -> bytes:
    data = decoded(text)
    if data is None:
        raise bad_field(pointer, "base64url without padding (RFC 7515)", "another text")
    return data


def verified(jws: Jws, x: str) -> bool:
    """Whether the public key `x` (as RFC 8037 writes it) signed it."""
    key = decoded(x)
    if not jws.signed or key is None or len(key) != _KEY_BYTES:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(jws.signature, jws.text)
    except (InvalidSignature, ValueError):
        return False
    return True


def sign(payload: bytes, key: Signer) -> bytes:
    """A message over these bytes. The same payload gives the same message."""
    header = msgspec.json.encode({"alg": "EdDSA", "kid": key.kid})
    text = f"{encoded(header)}.{encoded(payload)}"
    return msgspec.json.encode(
        {
            "payload": encoded(payload),
            "protected": encoded(header),
            "signature": encoded(key.sign(text.encode())),
        }
    )
