"""Actions in order, their targets, and the dead letters, which can be sent again."""

from typing import Annotated

import msgspec
from msgspec import Meta

from tidegate.enforcement.actions import replay
from tidegate.enforcement.queries import (
    ActionView,
    DeliveryView,
    OutboxCounts,
    WebhookView,
    dead_letters,
    latest_actions,
    list_webhooks,
    outbox_counts,
)
from tidegate.infra.errors import Refusal
from tidegate.web.pages.page import PageRoute, Query, with_query
from tidegate.web.pages.visit import Visit

PAGE = 50


class ActionsQuery(Query, frozen=True):
    before: Annotated[int, Meta(ge=1, le=1 << 62)] | None = None


class ActionsPage(msgspec.Struct, frozen=True):
    """Actions, the latest first; `next` is the number to ask before. Targets without secrets."""

    outbox: OutboxCounts
    dead: list[DeliveryView]
    targets: list[WebhookView]
    actions: list[ActionView]
    next: int | None


def show(visit: Visit) -> ActionsPage:
    query: ActionsQuery = visit.query
    with visit.begin() as tx:
        found = latest_actions(tx, query.before, PAGE)
        return ActionsPage(
            outbox_counts(tx),
            dead_letters(tx, 100),
            list_webhooks(tx),
            found,
            found[-1].number if len(found) == PAGE else None,
        )


def _unknown(_: str) -> Refusal:
    return Refusal("action-unknown", 404, "There is no such action")


def send_again(visit: Visit) -> str:
    action_id = visit.uuid("action", _unknown)
    with visit.begin() as tx:
        replay(tx, action_id)
    return with_query("/actions", done="replayed")


pages = [
    PageRoute(
        path="/actions",
        handler=show,
        scope="actions:read",
        query=ActionsQuery,
        template="actions.html",
    ),
    PageRoute(
        method="POST", path="/actions/{action}/replay", handler=send_again, scope="actions:write"
    ),
]
