"""Which post an order's URL is about: by its canonical form, then by the post's id, then by the digests of
files. Where that is one post the order names it; where it is more, or none, a person chooses: an order is never
widened by us.
"""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

import msgspec

from tidegate.access.platforms import refuse_others
from tidegate.content.model import ItemRow, url_digest
from tidegate.content.queries import (
    items_at,
    items_by_ids,
    items_named,
    items_with_file,
    platforms_posting,
)
from tidegate.infra.db import Tx
from tidegate.signals.fingerprints.url import canonical
from tidegate.signals.fingerprints.weburl import read

MOST = 100
"""Candidates of one URL: who finds more among them finds none."""

HOST_UNKNOWN = "host-unknown"
NOT_PUBLIC = "not-public"
ERASED = "item-erased"


class Named(msgspec.Struct, frozen=True):
    """What an order says of one thing that it is about."""

    url: str
    item_id: str | None = None
    sha256: Sequence[str] = ()


class Found(msgspec.Struct, frozen=True):
    """The posts that it may be, the one that it is where there is no doubt, and what is noteworthy.
    `url_key` is the digest of the canonical URL."""

    url_key: bytes | None
    candidates: list[ItemRow]
    item: ItemRow | None
    problems: list[str]


def look_up(tx: Tx, key: bytes, hosts: Collection[str], named: Sequence[Named]) -> list[Found]:
    """Look for each thing that an order names, among the posts of all platforms of this instance; `hosts` are
    ours."""
    ours = [is_ours(one.url, hosts) for one in named]
    keys = [_url_key(key, one.url) for one in named]
    wanted = {one for one, mine in zip(keys, ours, strict=True) if one is not None and mine}
    at = items_at(tx, wanted, MOST) if wanted else {}
    ids = {one.item_id for one in named if one.item_id}
    called = items_named(tx, platforms_posting(tx), ids) if ids else {}
    meant = [
        _meant(
            _posts(at[one_key]) if one_key in at and mine else [],
            called[one.item_id] if one.item_id else [],
        )
        for one, one_key, mine in zip(named, keys, ours, strict=True)
    ]
    unseen = [one for one, found in zip(named, meant, strict=True) if not found]
    by_file = _by_files(tx, {digest for one in unseen for digest in _digests(one)})
    return [
        _found(one_key, found or _with_files(by_file, _digests(one)), ours=mine)
        for one, one_key, mine, found in zip(named, keys, ours, meant, strict=True)
    ]


def _url_key(key: bytes, url: str) -> bytes | None:
    form = canonical(url)
    return None if form is None else url_digest(key, form.encode())


def _meant(by_url: list[ItemRow], by_id: list[ItemRow]) -> list[ItemRow]:
    """The posts that may be meant, by those at the address and those that go by the id."""
    named = {one.id for one in by_id}
    both = [one for one in by_url if one.id in named]
    if by_url and by_id and not both:
        return [*by_url, *by_id]
    return both if len(by_url) > 1 and by_id else by_url or by_id


def _found(url_key: bytes | None, found: list[ItemRow], *, ours: bool) -> Found:
    item = found[0] if len(found) == 1 and ours else None
    problems = [] if ours else [HOST_UNKNOWN]
    return Found(url_key, found, item, problems + problems_of(item))


def problems_of(item: ItemRow | None) -> list[str]:
    """Why an order may not, or can no longer, do anything about a post."""
    if item is None:
        return []
    hidden = [] if item.publicness == "public" else [NOT_PUBLIC]
    return hidden if item.erased_at is None else [*hidden, ERASED]


def is_ours(url: str, hosts: Collection[str]) -> bool:
    """Whether an address lies on one of these hosts."""
    host = _host(url)
    return host is not None and host in {_host(f"https://{one}/") for one in hosts}


def refuse_elsewhere(tx: Tx, ids: Collection[UUID]) -> None:
    """Raises Refusal (403 "platform-bound") where one of the posts is of a platform that the actor is not
    bound to."""
    if len(items_by_ids(tx, ids)) < len(set(ids)):
        refuse_others(tx.platforms, "")


def _host(url: str) -> str | None:
    found = read(url)
    return None if found is None else found.place.host.rstrip(".")


def _posts(found: Sequence[ItemRow]) -> list[ItemRow]:
    """Without what stands for an address that somebody reported, where the post itself is there."""
    posted = [one for one in found if not one.external_id.startswith("url:")]
    return posted or list(found)


def _by_files(tx: Tx, digests: Collection[bytes]) -> dict[bytes, list[ItemRow]]:
    """The posts with each of these files, in the order of their names."""
    found = items_with_file(tx, digests, MOST) if digests else {}
    posts = items_by_ids(tx, {id for ids in found.values() for id in ids}) if found else []
    return {digest: [one for one in posts if one.id in set(ids)] for digest, ids in found.items()}


def _with_files(
    by_file: Mapping[bytes, Sequence[ItemRow]], digests: Sequence[bytes]
) -> list[ItemRow]:
    found = {one.id: one for digest in digests for one in by_file[digest]}
    return sorted(found.values(), key=lambda one: (one.platform, one.external_id))


def _digests(named: Named) -> list[bytes]:
    return [one for text in named.sha256 if (one := _digest(text)) is not None]


def _digest(text: str) -> bytes | None:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        return None
    return found if len(found) == 32 else None
