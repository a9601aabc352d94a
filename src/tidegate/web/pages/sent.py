"""Forms with an `Idempotency-Key`, as scripts send them: the same again is done once and answered alike."""

import hashlib

import msgspec

from tidegate.access.sent_forms import SentForm, claim_key, keep_form, sent_form
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.web.pages.visit import Visit


class SentBefore(Exception):
    """Another request with the form's key came first; it has led somewhere by now."""


def key_of(visit: Visit) -> str | None:
    """The key of the form. Raises Refusal (422) for one that cannot be used."""
    key = visit.request.headers.get("idempotency-key")
    if key is not None and (not 1 <= len(key) <= 255 or not key.isprintable()):
        raise Refusal(
            "invalid-idempotency-key",
            422,
            "The Idempotency-Key cannot be used",
            f"Expected 1 to 255 printable characters, got {len(key)}.",
        )
    return key


def answered(visit: Visit) -> str | None:
    """Where the same form led before. Raises Refusal: 422 for a key that cannot be used, 409 for one
    that another form had."""
    key = key_of(visit)
    if key is None:
        return None
    with visit.begin() as tx:
        before = sent_form(tx, key)
    if before is not None and before.digest != _digest(visit):
        raise Refusal(
            "idempotency-key-reused",
            409,
            "The Idempotency-Key was used with another form",
            "Nothing was written. Use a new key for a new form.",
        )
    return before and before.location


def claim(visit: Visit, tx: Tx, location: str) -> None:
    """Keep the form in the transaction of what it does, with where it leads if nothing more comes of it.
    Raises SentBefore where the same form has done it."""
    key = key_of(visit)
    if key is not None and not claim_key(tx, key, SentForm(_digest(visit), location)):
        raise SentBefore


def keep(visit: Visit, location: str) -> None:
    """Keep where the form has led."""
    key = key_of(visit)
    if key is not None:
        with visit.begin() as tx:
            keep_form(tx, key, SentForm(_digest(visit), location))


def _digest(visit: Visit) -> bytes:
    """Of all that was sent but the token, which is another in each page."""
    fields = [one for one in visit.form.fields if one[0] != "csrf"]
    files = [
        (one.name, one.filename, hashlib.sha256(one.data).hexdigest()) for one in visit.form.files
    ]
    said = [visit.request.url.path, fields, files]
    return hashlib.sha256(msgspec.json.encode(said)).digest()
