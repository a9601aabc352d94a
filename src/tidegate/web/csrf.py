"""The token by which our forms are known, masked anew in each answer.

A page is compressed, and its size tells something of what stands twice in it. A token that never looks
the same twice cannot be guessed by that (BREACH): it is sent as a one-time pad and the token under it.
"""

import base64
import binascii
import hmac
import secrets


def masked(token: str) -> str:
    """The token as it stands in a form."""
    plain = token.encode()
    pad = secrets.token_bytes(len(plain))
    return base64.urlsafe_b64encode(pad + _under(pad, plain)).decode()


def fits(shown: str, token: str) -> bool:
    """Whether what came with a form is this token under some pad."""
    try:
        both = base64.b64decode(shown.encode("ascii"), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return False
    middle, odd = divmod(len(both), 2)
    plain = _under(both[:middle], both[middle:])
    return bool(token) and not odd and hmac.compare_digest(plain, token.encode())


def _under(pad: bytes, text: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(pad, text, strict=False))
