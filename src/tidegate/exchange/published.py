"""What an organisation publishes of itself at `/.well-known/tidegate.json`, written and read. Pure.

Nothing in it is believed for itself: it is what two people compare with what they know from elsewhere.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from tidegate.access.model import is_email
from tidegate.exchange.model import (
    FUNCTIONS,
    PROTOCOL,
    Kind,
    Organisation,
    public_bytes,
    thumbprint,
)
from tidegate.exchange.states import STATES, read_state
from tidegate.infra.errors import FieldError, Refusal
from tidegate.infra.services import is_address

PATH = "/.well-known/tidegate.json"
INBOX = "/public/orders/inbox"
MOST_KEYS, MOST_HOSTS, MOST_LANGUAGES = 20, 1000, 50
LONGEST_URL, LONGEST_NAME = 2048, 200
_ID = re.compile(r"[a-z0-9.-]{1,100}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")


_Time = Annotated[datetime, Meta(tz=True)]


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """The organisation in what is published."""

    id: str
    name: str
    kind: Kind
    member_state: str
    functions: list[str] = []
    zone: str
    hosts: list[str] = []


class Jwk(msgspec.Struct, frozen=True, kw_only=True):
    """A public key (RFC 8037), with from when and until when it counts."""

    kty: Literal["OKP"] = "OKP"
    crv: Literal["Ed25519"] = "Ed25519"
    x: str
    kid: str
    valid_from: _Time
    revoked_at: _Time | None = None


class Contact(msgspec.Struct, frozen=True):
    email: str


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """The document. Its times have an offset; fields that others add are passed over."""

    organisation: Named
    keys: list[Jwk]
    inbox: str
    contact: Contact
    languages: list[str]
    protocol: list[str]
    synthetic: bool = False


def publish(ours: Organisation, keys: list[Jwk], inbox: str) -> Published:
    """The document of an organisation."""
    return Published(
        organisation=Named(**{name: getattr(ours, name) for name in Named.__struct_fields__}),
        keys=keys,
        inbox=inbox,
        contact=Contact(ours.contact_email),
        languages=ours.languages,
        protocol=[PROTOCOL],
        synthetic=ours.synthetic,
    )


def read_published(found: Published) -> Organisation:
    """The organisation that a document is of. Raises Refusal (422) with all that is wrong in it."""
    named = found.organisation
    given = Organisation(
        **{name: getattr(named, name) for name in Named.__struct_fields__},
        contact_email=found.contact.email,
        languages=found.languages,
        synthetic=found.synthetic,
    )
    pointers = {"contact_email": "/contact/email", "languages": "/languages"}
    errors = [
        FieldError(pointers.get(name, f"/organisation/{name}"), expected, got)
        for name, expected, got in wrong_fields(given)
    ]
    errors += [*_wrong_keys(found.keys)]
    if not (is_address(found.inbox) and len(found.inbox) <= LONGEST_URL):
        errors.append(FieldError("/inbox", "an http(s) address", found.inbox[:60]))
    if PROTOCOL not in found.protocol:
        got = ", ".join(one[:30] for one in found.protocol[:5]) or "none"
        errors.append(FieldError("/protocol", PROTOCOL, got))
    refuse(errors)
    return settled(given)


def settled(given: Organisation) -> Organisation:
    """The same with its state by the code that we use."""
    state = read_state(given.member_state)
    return msgspec.structs.replace(
        given, member_state=given.member_state if state is None else state.code
    )


def refuse(errors: list[FieldError]) -> None:
    """Raises Refusal (422) that tells all that is wrong, where anything is."""
    if errors:
        first = errors[0]
        raise Refusal(
            "invalid-body",
            422,
            "The body is not what this route takes",
            f"{first.pointer}: expected {first.expected}, got {first.got}.",
            errors=errors,
        )


def wrong_fields(given: Organisation) -> Iterator[tuple[str, str, str]]:
    """What is wrong with an organisation: the field, what is expected, what came."""
    if not _ID.fullmatch(given.id):
        yield "id", "1 to 100 small letters, digits, . and -", repr(given.id[:60])
    if not _is_name(given.name):
        yield "name", f"1 to {LONGEST_NAME} characters", repr(given.name[:60])
    if read_state(given.member_state) is None:
        yield "member_state", f"one of {', '.join(STATES)}", repr(given.member_state[:60])
    known = FUNCTIONS if given.kind == "authority" else ()
    if unknown := [one[:30] for one in given.functions if one not in known]:
        expected = f"functions out of {', '.join(known)}" if known else "none, for a platform"
        yield "functions", expected, ", ".join(unknown[:5])
    if len(given.languages) > MOST_LANGUAGES or not all(map(_LANGUAGE.fullmatch, given.languages)):
        got = ", ".join(one[:30] for one in given.languages[:5])
        yield "languages", f"at most {MOST_LANGUAGES} languages such as de or fr", got
    if not is_email(given.contact_email):
        yield "contact_email", "an e-mail address", repr(given.contact_email[:60])
    if not _is_zone(given.zone):
        yield "zone", "a time zone such as Europe/Berlin", repr(given.zone[:60])
    if len(given.hosts) > MOST_HOSTS:
        yield "hosts", f"at most {MOST_HOSTS} hosts", str(len(given.hosts))
    if wrong := next((one for one in given.hosts if not _HOST.fullmatch(one)), None):
        yield "hosts", "names of hosts such as forum.example, in small letters", repr(wrong[:60])


def _wrong_keys(keys: list[Jwk]) -> Iterator[FieldError]:
    if not 0 < len(keys) <= MOST_KEYS:
        yield FieldError("/keys", f"1 to {MOST_KEYS} keys", str(len(keys)))
        return
    for place, key in enumerate(keys):
        if public_bytes(key.x) is None:
            expected = "the base64url of 32 bytes, without padding"
            yield FieldError(f"/keys/{place}/x", expected, repr(key.x[:60]))
        elif key.kid != thumbprint(key.x):
            expected = f"{thumbprint(key.x)}, the thumbprint of the key (RFC 7638)"
            yield FieldError(f"/keys/{place}/kid", expected, repr(key.kid[:60]))
    if len({key.kid for key in keys}) < len(keys):
        yield FieldError("/keys", "each key once", "one of them twice")


def _is_name(text: str) -> bool:
    return 0 < len(text) <= LONGEST_NAME and text == text.strip() and text.isprintable()


def _is_zone(text: str) -> bool:
    try:
        return ZoneInfo(text).key == text
    except (ValueError, LookupError, OSError):
        return False
