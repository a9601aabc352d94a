"""When Annex I is complete: what its types cannot say, and every fault with its JSON pointer. Pure.

The same rules check a draft of ours before it is submitted and an order that comes in, which is `incomplete`
by any of them and never acts by itself then. That an address is on no registered host of the addressee
(`unknown_hosts`) is told of that address alone.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from tidegate.clocks.periods import months_on
from tidegate.exchange.states import UNION
from tidegate.infra.errors import FieldError
from tidegate.infra.wording import TIME, written
from tidegate.orders.annexes import (
    SHORTEST_REASONS,
    Annex1,
    NonDisclosure,
)
from tidegate.orders.reading import beside, got, read_as_far
from tidegate.signals.fingerprints.weburl import read as read_address

NON_DISCLOSURE = "/non_disclosure/until"
_WEB = re.compile(r"(?i:https?)://[^\s/?#\\]")
_UNSEEN = re.compile(r"[\s\x00-\x1f\x7f]")
_KEPT_MONTHS = 6
_OWN_WORDS = 20  # characters that reasons must have beside their templates


def read_annex1(value: object, *, zone: str = "UTC") -> tuple[Annex1, list[FieldError]]:
    """An order of another instance, as far as it can be read, and why it is not complete. `zone` is that of the
    authority, in whose local time six weeks end."""
    annex, errors = read_as_far(Annex1, value)
    return annex, beside(errors, [*_issued(annex), *_rules(annex, zone, ())])


def check_annex1(
    annex: Annex1, *, zone: str = "UTC", templates: Sequence[str] = ()
) -> list[FieldError]:
    """What a draft of ours lacks or has wrong; `templates` are texts that are no reasons by themselves."""
    given = msgspec.to_builtins(annex, builtin_types=(datetime,))
    return beside(read_as_far(Annex1, given)[1], _rules(annex, zone, templates))


def unknown_hosts(annex: Annex1, hosts: Iterable[str]) -> list[int]:
    """The numbers, from 1, of the items whose address is on none of these hosts."""
    known = {_host(f"https://{host}/") for host in hosts} - {None}
    return [n for n, item in enumerate(annex.items, 1) if _host(item.url) not in known]


def silence_ends(decided_at: datetime, zone: str) -> datetime:
    """When non-disclosure decided at a time ends at the latest: the same local time, six weeks later."""
    try:
        return (decided_at.astimezone(ZoneInfo(zone)) + timedelta(weeks=6)).astimezone(UTC)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def kept_longest(end: datetime) -> datetime:
    """Until when an authority can ask for content to be kept that is kept until `end`: six months more at a time.
    Article 6(2) has it kept "only if and for as long as necessary" for a review, and names no figure; this is the
    law's own first period again."""
    try:
        return datetime.combine(months_on(end.date(), _KEPT_MONTHS), end.timetz())
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def is_exact(url: str) -> bool:
    """Whether it is the whole address of a page: http or https, a host, no user, no blanks."""
    if not _WEB.match(url) or _UNSEEN.search(url):
        return False
    found = read_address(url)
    return found is not None and not found.user and "*" not in found.place.host


def _issued(annex: Annex1) -> Iterator[FieldError]:
    """What an order has, and a draft has not yet."""
    if annex.issued_at is None:
        yield FieldError("/issued_at", TIME, "nothing")
    if annex.reference is None:
        yield FieldError("/reference", "a reference, unique for the authority", "nothing")


def _rules(annex: Annex1, zone: str, templates: Sequence[str]) -> Iterator[FieldError]:
    ours, theirs = annex.issuing.member_state, annex.addressee.member_state
    for of, state in (("issuing", ours), ("addressee", theirs)):
        if state not in UNION:
            yield FieldError(f"/{of}/member_state", "a Member State of the Union", got(state))
    for n, item in enumerate(annex.items):
        if not is_exact(item.url):
            expected = "an exact address that begins with http:// or https://"
            yield FieldError(f"/items/{n}/url", expected, got(item.url))
    yield from _reasons(annex.reasons, templates)
    if annex.non_disclosure is not None:
        yield from _silence(annex.non_disclosure, zone)
    crosses = annex.cross_border
    if ours != theirs and {ours, theirs} <= UNION and not crosses.applies:
        yield FieldError("/cross_border/applies", "true: the addressee is elsewhere", "false")
    if crosses.applies and not written(crosses.copy_to or ""):
        yield FieldError("/cross_border/copy_to", "the authority that gets a copy", "nothing")
    if not is_exact(annex.redress.law_url):
        expected = "the address of the provisions, http:// or https://"
        yield FieldError("/redress/law_url", expected, got(annex.redress.law_url))


def _reasons(reasons: str, templates: Sequence[str]) -> Iterator[FieldError]:
    said = len(reasons.strip())
    if said < SHORTEST_REASONS or written(reasons) <= SHORTEST_REASONS // 2:
        yield FieldError("/reasons", f"at least {SHORTEST_REASONS} characters in words", f"{said}")
    elif templates and written(_beside(reasons, templates)) < _OWN_WORDS:
        yield FieldError("/reasons", "reasons of this case", "only a template")


def _beside(reasons: str, templates: Sequence[str]) -> str:
    """What reasons say beside the templates in them, whatever their case and blanks."""
    text = _folded(reasons)
    for template in sorted(map(_folded, templates), key=len, reverse=True):
        text = text.replace(template, " ") if template else text
    return text


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _silence(decision: NonDisclosure, zone: str) -> Iterator[FieldError]:
    for name in ("decided_at", "until"):
        if getattr(decision, name) is None:
            yield FieldError(f"/non_disclosure/{name}", TIME, "nothing")
    if decision.decided_at is None or decision.until is None:
        return
    if decision.until <= decision.decided_at:
        yield FieldError(NON_DISCLOSURE, "a time after decided_at", decision.until.isoformat())
    elif decision.until > silence_ends(decision.decided_at, zone):
        expected = "at most six weeks after decided_at"
        yield FieldError(NON_DISCLOSURE, expected, decision.until.isoformat())


def _host(url: str) -> str | None:
    found = read_address(url)
    return None if found is None else found.place.host.rstrip(".")
