"""What is kept of clusters, and what is told of them. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from tidegate.content.model import ItemId
from tidegate.signals.model import Fingerprint
from tidegate.triage.adds import Adds

MOST_MEMBERS = 500  # that one request moves

ChangeKind = Literal["merge", "split", "pin", "undo"]


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """An item that is to be put into a cluster; `codes` are those of its media."""

    item_id: UUID
    platform: str
    text: str
    created_at: datetime
    codes: Sequence[Fingerprint] = ()


class Place(msgspec.Struct, frozen=True):
    """The cluster and the story of an item; `is_new`: it began the cluster."""

    cluster: UUID
    story: UUID
    is_new: bool = False


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What a person changed. `before`: where each item was, as (item, cluster, pinned); `parted`: the cases
    that went apart with it, as (that in which something waited, that in which it waits on)."""

    id: UUID
    platform: str
    kind: ChangeKind
    cluster: UUID
    by: str
    at: datetime
    before: list[tuple[UUID, UUID, bool]]
    parted: list[tuple[UUID, UUID]]
    undone: bool


class Moved(msgspec.Struct, frozen=True):
    """What a verb moved: the change by its id, the items, and the cluster that they are in now (None: each
    where it was before)."""

    change: UUID
    items: list[UUID]
    into: UUID | None = None


class ChangeView(msgspec.Struct, frozen=True, kw_only=True):
    """A change as a cluster lists it; by its id it is undone. `cluster` is that which was changed, `made` the
    one that a split made of its part: both list it. `apart` are cases that the change made, since what they
    are about had waited with the cluster's; of one that is undone, those that did not come together again, as
    somebody had decided."""

    id: UUID
    kind: ChangeKind
    cluster: UUID
    made: UUID | None
    by: str
    at: datetime
    items: int
    apart: list[UUID]
    undone: bool


class MemberView(msgspec.Struct, frozen=True, kw_only=True):
    """An item of a cluster, by the platform's id, with the reports on it and the case that waits for it.
    `adds` is what its text says beyond the representative's, null for that itself and where there is no text
    any more."""

    item: str
    reports: list[str]
    case: UUID | None
    created_at: datetime
    pinned: bool
    representative: bool
    adds: Adds | None


class ClusterView(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster: how many items and reports it has, and a page of its members, the first first."""

    id: UUID
    story: UUID
    platform: str
    began_at: datetime
    items: int
    reports: int
    members: list[MemberView]
    next: str | None
    changes: list[ChangeView]


class MergeIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"others": "with"}):
    """Clusters that are one with that of the path."""

    others: Annotated[list[UUID], Meta(min_length=1, max_length=50)]


class MembersIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Reports, by their senders' ids, with what they brought or are about."""

    members: Annotated[list[ItemId], Meta(min_length=1, max_length=MOST_MEMBERS)]
