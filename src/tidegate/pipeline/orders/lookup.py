"""Which post an order's URL is about: by its canonical form, then by the post's id, then by the digests of
files. Where that is one post the order names it; where it is more, or none, a person chooses: an order is never
widened by us.
"""

from collections.abc import Collection, Sequence
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


def look_up(tx: Tx, key: bytes, hosts: Collection[str], named: Named) -> Found:
    """Look for what an order names, among the posts of all platforms of this instance; `hosts` are ours."""
    form = canonical(named.url)
    url_key = None if form is None else url_digest(key, form.encode())
    ours = is_ours(named.url, hosts)
    by_url = [] if url_key is None or not ours else _posts(items_at(tx, url_key, MOST))
    by_id = items_named(tx, platforms_posting(tx), named.item_id) if named.item_id else []
    found = by_url or by_id
    if by_url and by_id and not {one.id for one in by_url} & {one.id for one in by_id}:
        found = [*by_url, *by_id]
    elif len(by_url) > 1 and by_id:
        found = [one for one in by_url if one.id in {other.id for other in by_id}]
    if not found:
        found = _with_files(tx, named.sha256)
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


def _with_files(tx: Tx, digests: Sequence[str]) -> list[ItemRow]:
    found = {
        item_id
        for one in digests
        if (digest := _digest(one)) is not None
        for item_id in items_with_file(tx, digest, MOST)
    }
    return items_by_ids(tx, found) if found else []


def _digest(text: str) -> bytes | None:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        return None
    return found if len(found) == 32 else None
