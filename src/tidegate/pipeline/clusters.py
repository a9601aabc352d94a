"""Clusters on the main path: what arrives is put into one, tips join the case that waits about theirs, and
people merge, split and pin.

One lock is held by whoever assigns or changes, from before any row of an item or a case is (`lock`).
"""

from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec

from tidegate.content.holds.queries import is_closed
from tidegate.content.kept import Kept, kept_revisions
from tidegate.content.model import Content, ItemRow
from tidegate.content.queries import hold_items, item_by_id, item_names
from tidegate.infra.db import Tx
from tidegate.infra.errors import FieldError, Refusal, bad_field
from tidegate.infra.slices import Home
from tidegate.intake.filed import items_of_reports, reports_on
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.members import come_together, part_ways
from tidegate.review.actions import touch
from tidegate.review.members import waiting_about
from tidegate.review.ranking import unranked_items
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.model import Codes, Fingerprint, decode_codes
from tidegate.triage.adds import Adds, adds
from tidegate.triage.kept import actions, queries
from tidegate.triage.kept.actions import lock as lock
from tidegate.triage.kept.model import Arrival, ClusterView, MemberView, Moved, Place
from tidegate.triage.kept.queries import Member

_OF_MEDIA = ("bytes", "pixels")
POSTS = 200  # that a step of the worker assigns
SHOWN_REPORTS = 20  # of an item
LIKELY, LIKELY_FROM = 6, 24  # clusters that a merge offers, and of how many these are the likeliest


class Said(msgspec.Struct, frozen=True):
    """A member by our own id, and its words: None where it has none, or they are closed to the reader."""

    item_id: UUID
    text: str | None


class Likely(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster that may be the same as another: how many items it has, and the words of the one that stands
    for it, as far as the reader may read them."""

    id: UUID
    items: int
    text: str | None


class Alike(msgspec.Struct, frozen=True):
    """A cluster, and how many other items say the same."""

    id: UUID
    others: int


def arrival(item: ItemRow, content: Content, codes: Codes) -> Arrival | None:
    """An item as clusters see it; None where it says nothing that they could go by."""
    media = [code for part, code in codes if part.startswith("media") and _is_media(code)]
    text = content.text or ""
    if not text.strip() and not media:
        return None
    return Arrival(
        item_id=item.id,
        platform=item.platform,
        text=text,
        created_at=content.created_at,
        codes=media,
    )


def assign(tx: Tx, instance: Instance, arrivals: Sequence[Arrival | None]) -> list[Place | None]:
    """Put arrivals into clusters, in their order; the caller holds the lock."""
    some = [one for one in arrivals if one is not None]
    found = iter(instance.clusters.assign(tx, some))
    return [None if one is None else next(found) for one in arrivals]


def assign_posts(home: Home, instance: Instance) -> int:
    """Put posts that people are asked about into clusters, before they are ranked; returns how many. For the
    worker."""
    with home.database.begin() as tx:
        kept = kept_revisions(tx, unranked_items(tx, POSTS))
    arrivals = [one for kept_one in kept.values() if (one := _arrival_of(kept_one)) is not None]
    if not arrivals:
        return 0
    with home.database.begin() as tx:
        lock(tx)
        standing = hold_items(tx, [one.item_id for one in arrivals])
        instance.clusters.assign(tx, [one for one in arrivals if one.item_id in standing])
    return len(arrivals)


def merge(tx: Tx, cluster_id: UUID, others: Collection[UUID]) -> ClusterView:
    """Make other clusters one with this. Raises Refusal: 404; 422 for itself, or another platform's."""
    lock(tx)
    into = queries.get_cluster(tx, cluster_id)
    found = [queries.get_cluster(tx, one) for one in dict.fromkeys(others)]
    problems = [
        FieldError(f"/with/{place}", f"another cluster of {into.platform}", str(one.id))
        for place, one in enumerate(found)
        if one.id == into.id or one.platform != into.platform
    ]
    if problems:
        raise _refused(problems)
    _follow(tx, actions.merge(tx, into.id, [one.id for one in found], into.platform))
    return read_cluster(tx, into.id)


def split(tx: Tx, cluster_id: UUID, reports: Sequence[str]) -> ClusterView:
    """Take reports, with what they brought or are about, out of a cluster into one of their own; that one.
    Raises Refusal: 404; 422."""
    lock(tx)
    old = queries.get_cluster(tx, cluster_id)
    return _split(tx, old, _items(tx, old.platform, reports))


def split_items(tx: Tx, cluster_id: UUID, items: Sequence[UUID]) -> ClusterView:
    """The same of items, also of those that nobody has reported."""
    lock(tx)
    return _split(tx, queries.get_cluster(tx, cluster_id), items)


def _split(tx: Tx, old: queries.Found, items: Sequence[UUID]) -> ClusterView:
    moved = actions.split(tx, old.id, items, old.platform)
    _follow(tx, moved)
    return read_cluster(tx, moved.into or old.id)


def pin(tx: Tx, cluster_id: UUID, reports: Sequence[str]) -> ClusterView:
    """Let reports that are in a cluster stay there for good. Raises Refusal: 404; 422; 409 "other-cluster" for
    a report of another one: only merging and splitting move what is somewhere."""
    lock(tx)
    into = queries.get_cluster(tx, cluster_id)
    items = _items(tx, into.platform, reports)
    placed = queries.places_of(tx, items)
    problems = [
        FieldError(
            f"/members/{place}", "a report of this cluster", f"one of {placed[item].cluster}"
        )
        for place, item in enumerate(items)
        if placed[item].cluster != into.id
    ]
    if problems:
        raise Refusal(
            "other-cluster",
            409,
            "Some of these are in another cluster",
            "Nothing was changed. Merge that cluster into this one; or split the report off, and merge what"
            " it is then.",
            errors=problems,
        )
    return _pin(tx, into, items)


def pin_items(tx: Tx, cluster_id: UUID, items: Sequence[UUID]) -> ClusterView:
    """Let items that are in a cluster stay there for good. Raises Refusal: 404; 422 for one that is not in
    it."""
    lock(tx)
    into = queries.get_cluster(tx, cluster_id)
    placed = queries.places_of(tx, items)
    if not items or any(one not in placed or placed[one].cluster != into.id for one in items):
        raise bad_field("/members", "members of this cluster", "others among them")
    return _pin(tx, into, items)


def _pin(tx: Tx, into: queries.Found, items: Sequence[UUID]) -> ClusterView:
    actions.pin(tx, into.id, items, into.platform)
    touch(tx, items)
    return read_cluster(tx, into.id)


def undo(tx: Tx, change_id: UUID) -> ClusterView:
    """Take back what somebody changed; the cluster as it is then. What waited in one case before it does so
    again, unless somebody has decided since: `apart` of the change names these cases. Raises Refusal: 404;
    409."""
    lock(tx)
    change = queries.get_change(tx, change_id)
    moved = actions.undo(tx, change)
    part_ways(tx, moved.items)
    actions.note_parted(tx, change.id, come_together(tx, change.parted, change.at))
    touch(tx, moved.items)
    return read_cluster(tx, change.cluster)


def read_cluster(
    tx: Tx, cluster_id: UUID, cursor: str | None = None, limit: int = 50
) -> ClusterView:
    """A cluster with a page of its members, the first first, and what each adds beyond the one that stands for
    it. Raises Refusal: 404; 422 for a cursor that no answer gave."""
    return read_with_words(tx, cluster_id, cursor, limit)[0]


def read_with_words(
    tx: Tx, cluster_id: UUID, cursor: str | None = None, limit: int = 50
) -> tuple[ClusterView, list[Said]]:
    """The same with our ids of the members, and their words as far as the reader may read them; in the order
    of the members."""
    found = queries.get_cluster(tx, cluster_id)
    members, following = queries.page_of(tx, cluster_id, cursor, limit)
    first = queries.first_of(tx, cluster_id)
    ids = [one.item_id for one in members]
    named = item_names(tx, ids)
    told = reports_on(tx, ids)
    texts = _texts(tx, {*ids, *([first] if first else [])})
    said = texts.get(first) if first else None
    waiting = waiting_about(tx, ids)
    view = ClusterView(
        id=found.id,
        story=found.story,
        platform=found.platform,
        began_at=found.began_at,
        items=found.items,
        reports=_reports_in(tx, found.id),
        members=[
            MemberView(
                item=named[one.item_id][1],
                reports=told.get(one.item_id, [])[:SHOWN_REPORTS],
                case=waiting.get(one.item_id),
                created_at=one.created_at,
                pinned=one.pinned,
                representative=one.item_id == first,
                adds=_adds(one, first, said, texts),
            )
            for one in members
        ],
        next=following,
        changes=queries.changes_of(tx, found.id),
    )
    return view, [Said(id, texts.get(id)) for id in ids]


def likely_ones(tx: Tx, cluster_id: UUID) -> list[Likely]:
    """Clusters that people may want to make one with this: of its story, those first whose words are most like
    its own. Raises Refusal (404)."""
    found = queries.get_cluster(tx, cluster_id)
    others = queries.others_in_story(tx, found, LIKELY_FROM)
    first = {one.id: queries.first_of(tx, one.id) for one in (found, *others)}
    texts = _texts(tx, {item for item in first.values() if item is not None})
    own = _words(texts.get(first[found.id] or found.id))
    some = [
        Likely(id=one.id, items=one.items, text=texts.get(first[one.id] or one.id))
        for one in others
    ]
    return sorted(some, key=lambda one: -_shared(own, _words(one.text)))[:LIKELY]


def _words(text: str | None) -> set[str]:
    return set((text or "").casefold().split())


def _shared(one: set[str], other: set[str]) -> float:
    return len(one & other) / (len(one | other) or 1)


def cluster_of(tx: Tx, item_id: UUID) -> Alike | None:
    """The cluster of an item, with how many others are in it; None where it is alone, or in none."""
    place = queries.places_of(tx, [item_id]).get(item_id)
    if place is None:
        return None
    others = queries.get_cluster(tx, place.cluster).items - 1
    return Alike(place.cluster, others) if others else None


def _adds(one: Member, first: UUID | None, said: str | None, texts: dict[UUID, str]) -> Adds | None:
    mine = texts.get(one.item_id)
    return None if one.item_id == first or said is None or mine is None else adds(said, mine)


def _reports_in(tx: Tx, cluster_id: UUID) -> int:
    items = queries.items_in(tx, [cluster_id]).get(cluster_id, [])
    return sum(len(one) for one in reports_on(tx, items).values())


def _texts(tx: Tx, ids: Collection[UUID]) -> dict[UUID, str]:
    """The texts of items that the reader may read."""
    rows = [item for id in ids if (item := item_by_id(tx, id)) is not None]
    kept = kept_revisions(tx, [(one.id, one.revision) for one in rows])
    return {
        id: one.content.text
        for (id, _), one in kept.items()
        if one.content is not None and one.content.text and not is_closed(tx, id)
    }


def _items(tx: Tx, platform: str, reports: Sequence[str]) -> list[UUID]:
    """What these reports brought, or are about. Raises Refusal (422) for a report that there is not, or which
    is in no cluster."""
    found = items_of_reports(tx, platform, reports)
    placed = queries.places_of(tx, list(found.values()))
    problems = [
        FieldError(f"/members/{place}", "a report that is in a cluster", name[:64])
        for place, name in enumerate(reports)
        if found.get(name) not in placed
    ]
    if problems:
        raise _refused(problems)
    return [found[name] for name in reports]


def _follow(tx: Tx, moved: Moved) -> None:
    """What waits with something that is in another cluster now waits in a case of its own, and the rows of
    the queue are made anew."""
    actions.note_parted(tx, moved.change, part_ways(tx, moved.items))
    touch(tx, moved.items)


def _refused(problems: list[FieldError]) -> Refusal:
    return Refusal(
        "invalid-body",
        422,
        "The body is not what this route takes",
        "Nothing was changed.",
        errors=problems,
    )


def _is_media(code: Fingerprint) -> bool:
    return KINDS[code.kind].source in _OF_MEDIA


def _arrival_of(kept: Kept) -> Arrival | None:
    if kept.content is None:
        return None
    return arrival(kept.item, kept.content, decode_codes(kept.fingerprints))
