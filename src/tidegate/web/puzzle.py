"""The puzzle of a public form: what keeps programs from sending thousands, without knowing who anybody is.

Each form that we give out carries a challenge: which form it is for, when it was given, how hard it is, a
number that nobody has had before, and our signature over all that. Nothing of it is kept here. A browser
with JavaScript looks for a number that makes SHA-256 of the challenge, a colon and that number begin with so
many zero bits (hashcash); without, the form is taken once it has been open for a while, and fewer of them from
one address. A challenge is good once: what is sent with it is kept under its number (`nonce`), so that the same
again is a retry, and something else is refused where it is written.
"""

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta

import msgspec

from tidegate.infra.digests import keyed
from tidegate.infra.errors import Refusal

LASTS = timedelta(hours=6)
WAIT = timedelta(seconds=20)  # for those without a solution
NONCE = 16  # bytes
_SHAPE = re.compile(
    r"(?P<form>[a-z-]{1,16})\.(?P<at>[0-9]{1,15})\.(?P<bits>[0-9]{1,2})\.(?P<nonce>[0-9a-f]{32})"
)
_LONGEST = 120


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    """A challenge that we signed: `at` when it was given, `nonce` what is known of it once it was used, and
    whether it was `solved`."""

    at: datetime
    nonce: bytes
    solved: bool


def issue(key: bytes, form: str, bits: int, nonce: bytes, now: datetime) -> str:
    """A new challenge for a form. `key`: the instance's; `nonce`: 16 bytes of chance."""
    said = f"{form}.{int(now.timestamp() * 1000)}.{bits}.{nonce.hex()}"
    return f"{said}.{_signed(key, said)}"


def check(key: bytes, form: str, challenge: str, solution: str, now: datetime) -> Challenge:
    """The challenge that came with a form. Raises Refusal (422): "form-too-old" for one that is not ours, not for
    this form, or was given too long ago; "puzzle-wrong" for a wrong solution; "form-too-soon" without one, before
    the form has been open for long enough."""
    said, _, signature = challenge[:_LONGEST].rpartition(".")
    found = _SHAPE.fullmatch(said)
    if found is None or not signature.isascii():
        raise _too_old()
    if not hmac.compare_digest(signature, _signed(key, said)) or found["form"] != form:
        raise _too_old()
    at = datetime.fromtimestamp(int(found["at"]) / 1000, UTC)
    if not timedelta() <= now - at + timedelta(minutes=1) <= LASTS + timedelta(minutes=1):
        raise _too_old()
    if solution and not solves(challenge, solution, int(found["bits"])):
        raise Refusal(
            "puzzle-wrong",
            422,
            "The form could not be checked",
            "Nothing was sent. Send it again: your browser works out anew what it needs.",
        )
    if not solution and now - at < WAIT:
        raise _too_soon(WAIT - (now - at))
    return Challenge(at=at, nonce=bytes.fromhex(found["nonce"]), solved=bool(solution))


def solves(challenge: str, solution: str, bits: int) -> bool:
    """Whether SHA-256 of both begins with so many zero bits."""
    if not re.fullmatch(r"[0-9]{1,15}", solution):
        return False
    digest = hashlib.sha256(f"{challenge}:{solution}".encode()).digest()
    return int.from_bytes(digest) >> (256 - bits) == 0


def is_good(key: bytes, form: str, challenge: str, now: datetime) -> bool:
    """Whether a form that is shown again can go on with its challenge, and need not wait anew."""
    try:
        check(key, form, challenge, "", now + WAIT)
    except Refusal:
        return False
    return True


def _signed(key: bytes, said: str) -> str:
    return keyed(key, "public form", hashlib.sha256(said.encode()).digest())[:16].hex()


def _too_old() -> Refusal:
    return Refusal(
        "form-too-old",
        422,
        "The form was open for too long",
        "Nothing was sent. What you typed is still here: send it again. Files must be chosen again.",
    )


def _too_soon(left: timedelta) -> Refusal:
    seconds = max(1, -int(-left.total_seconds() // 1))
    return Refusal(
        "form-too-soon",
        422,
        "The form was sent very fast",
        f"Nothing was sent, and what you typed is still here. Send it again in {seconds} seconds or later.",
    )
