"""A cluster: who says the same, with what each adds, and what people change of that."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from tidegate.infra.errors import bad_field
from tidegate.pipeline import clusters
from tidegate.pipeline.clusters import Likely, Said
from tidegate.triage.adds import Adds
from tidegate.triage.kept.model import MOST_MEMBERS, ChangeView, ClusterView, MemberView
from tidegate.triage.kept.queries import change_unknown, cluster_unknown
from tidegate.web.pages.case_parts.passages import Passage, passages
from tidegate.web.pages.page import PageRoute, Query, with_query
from tidegate.web.pages.visit import Visit

PAGE = 50


class ClusterQuery(Query, frozen=True, kw_only=True):
    cursor: Annotated[str, Meta(max_length=128)] | None = None


class ShownMember(msgspec.Struct, frozen=True, kw_only=True):
    """A member with its words, in which what it adds is marked; `places`, `times` and `numbers` are what it
    names beyond the representative."""

    id: UUID
    item: str
    reports: list[str]
    case: UUID | None
    created_at: datetime
    pinned: bool
    representative: bool
    words: list[Passage]
    places: list[str]
    times: list[str]
    numbers: list[str]


class ClusterPage(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster and a page of its members, that which stands for all before the others. `undoes` is the last
    change that can still be taken back, `likely` are clusters that may be the same."""

    id: UUID
    story: UUID
    platform: str
    began_at: datetime
    items: int
    reports: int
    members: list[ShownMember]
    next: str | None
    changes: list[ChangeView]
    undoes: ChangeView | None
    likely: list[Likely]

    @property
    def split_off(self) -> UUID | None:
        """The cluster that the last change made of a part of this one."""
        last = self.changes[0] if self.changes else None
        stands = last is not None and last.kind == "split" and not last.undone
        return last.made if last is not None and stands and last.cluster == self.id else None


def show(visit: Visit) -> ClusterPage:
    """Also shown again with a form that was refused, from its first page."""
    cluster_id = _id(visit)
    with visit.begin() as tx:
        found, said = clusters.read_with_words(tx, cluster_id, visit.query.cursor, PAGE)
        likely = clusters.likely_ones(tx, cluster_id) if visit.may("clusters:write") else []
    return _page(found, said, likely)


def split(visit: Visit) -> str:
    """Take the ticked ones out; one stays where they were."""
    cluster_id, items = _id(visit), _ticked(visit)
    with visit.begin() as tx:
        clusters.split_items(tx, cluster_id, items)
    return with_query(f"/clusters/{cluster_id}", done="cluster-split")


def pin(visit: Visit) -> str:
    cluster_id, items = _id(visit), _ticked(visit)
    with visit.begin() as tx:
        clusters.pin_items(tx, cluster_id, items)
    return with_query(f"/clusters/{cluster_id}", done="cluster-pinned")


def merge(visit: Visit) -> str:
    """Take in another: one of those that are offered, else by its id or the address of its page."""
    cluster_id, typed = _id(visit), visit.field("with") or visit.field("likely")
    try:
        other = UUID(typed.partition("?")[0].rstrip("/").rpartition("/")[2])
    except ValueError:
        expected = "the address of a cluster's page, or its id"
        raise bad_field("/with", expected, typed[:64] or "nothing") from None
    with visit.begin() as tx:
        clusters.merge(tx, cluster_id, [other])
    return with_query(f"/clusters/{cluster_id}", done="cluster-merged")


def undo(visit: Visit) -> str:
    """Take back a change; the page is that of the cluster that it was made on, as long as that is one."""
    change_id = visit.uuid("change", change_unknown)
    with visit.begin() as tx:
        found = clusters.undo(tx, change_id)
    return with_query(f"/clusters/{found.id}", done="cluster-undone")


def _page(found: ClusterView, said: list[Said], likely: list[Likely]) -> ClusterPage:
    at = f"/clusters/{found.id}"
    members = [_member(*pair) for pair in zip(found.members, said, strict=True)]
    return ClusterPage(
        id=found.id,
        story=found.story,
        platform=found.platform,
        began_at=found.began_at,
        items=found.items,
        reports=found.reports,
        members=sorted(members, key=lambda one: not one.representative),
        next=found.next and with_query(at, cursor=found.next),
        changes=found.changes,
        undoes=next((one for one in found.changes if one.kind != "undo" and not one.undone), None),
        likely=likely,
    )


def _member(one: MemberView, said: Said) -> ShownMember:
    adds = one.adds or Adds(text=[], places=[], times=[], numbers=[])
    return ShownMember(
        id=said.item_id,
        item=one.item,
        reports=one.reports,
        case=one.case,
        created_at=one.created_at,
        pinned=one.pinned,
        representative=one.representative,
        words=passages(said.text or "", [(span.start, span.end) for span in adds.text]),
        places=[span.text for span in adds.places],
        times=[span.text for span in adds.times],
        numbers=[span.text for span in adds.numbers],
    )


def _id(visit: Visit) -> UUID:
    return visit.uuid("cluster", cluster_unknown)


def _ticked(visit: Visit) -> list[UUID]:
    """Raises Refusal (422) where nothing was ticked, or what is no member of anything."""
    ticked = visit.fields("members")[:MOST_MEMBERS]
    try:
        found = list(dict.fromkeys(map(UUID, ticked)))
    except ValueError:
        found = []
    if not found:
        raise bad_field("/members", "at least one member", "none")
    return found


_ONE = PageRoute(
    path="/clusters/{cluster}",
    handler=show,
    scope="cases:read",
    query=ClusterQuery,
    template="cluster.html",
)
pages = [
    _ONE,
    *(
        PageRoute(
            method="POST",
            path=f"/clusters/{{cluster}}/{verb}",
            handler=handler,
            scope="clusters:write",
            again=_ONE,
        )
        for verb, handler in (("split", split), ("pin", pin), ("merge", merge))
    ),
    PageRoute(
        method="POST",
        path="/clusters/{cluster}/changes/{change}/undo",
        handler=undo,
        scope="clusters:write",
        again=_ONE,
    ),
]
