"""Passwords: argon2id, a bounded number at a time.

Hashing takes tens of milliseconds and 19 MiB, so it happens outside of transactions, and never in
more than two threads at once: a flood of sign-ins must not starve the rest.
"""

from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tidegate.infra.errors import FieldError, Refusal

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)  # OWASP's parameters
_turn = BoundedSemaphore(2)
_NOBODY = _hasher.hash("nobody has this password")
SHORTEST, LONGEST = 12, 256


def hash_password(password: str, email: str) -> str:
    """The argon2id hash. Raises Refusal (422) for one too short, too long or the address itself."""
    if not SHORTEST <= len(password) <= LONGEST or password.lower() == email.lower():
        expected = f"{SHORTEST} to {LONGEST} characters, other than your address"
        raise Refusal(
            "invalid-password",
            422,
            "The password cannot be used",
            f"Choose one of {expected}.",
            errors=[FieldError("/password", expected, f"{len(password)} characters")],
        )
    with _turn:
        return _hasher.hash(password)


def verify_password(stored: str | None, password: str) -> bool:
    """Whether the password is right. For an unknown account (None) it takes as long to say no."""
    if len(password) > LONGEST:
        return False
    with _turn:
        try:
            return _hasher.verify(stored or _NOBODY, password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False
