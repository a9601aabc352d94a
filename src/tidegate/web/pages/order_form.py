"""`/public/orders/submit` as people fill it in: an order of an authority that has no instance of its own. There is
no account; a person always checks what comes, and its hour runs from when it is sent.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from starlette.responses import Response

from tidegate.exchange.queries import get_organisation
from tidegate.infra.acting import Acting
from tidegate.infra.errors import Refusal
from tidegate.infra.parsing import convert
from tidegate.pipeline.orders.taking import Submitted, take_form
from tidegate.web.pages.frame import Frame
from tidegate.web.pages.page import PageRoute
from tidegate.web.pages.public_forms.shared import Form, form_of, show
from tidegate.web.pages.render import html
from tidegate.web.pages.visit import Visit

FORM = "public/orders/submit"
BY = Acting("form")
_LISTS = ("urls", "types")


class OrderFormPage(msgspec.Struct, frozen=True, kw_only=True):
    """The form of an organisation, or the number of what was sent with it, and the second of its receipt."""

    form: Form
    name: str
    order: UUID | None = None
    received_at: datetime | None = None


def of_fields(fields: Iterable[tuple[str, str]]) -> Submitted:
    """What a form says: lists by repetition, or one a line. Raises Refusal (422)."""
    said = [(name, value) for name, value in fields if value.strip()]
    given: dict[str, Any] = {name: value for name, value in said if name not in _LISTS}
    for name in _LISTS:
        lines = [line.strip() for one, value in said if one == name for line in value.split("\n")]
        given |= {name: found} if (found := [line for line in lines if line]) else {}
    return convert(given, Submitted)


def show_form(visit: Visit) -> Response:
    return show(visit, "order_form.html", _page(visit))


def take(visit: Visit) -> Response:
    """Take it as its JSON is taken."""
    page, given = _page(visit), of_fields(visit.form.fields)
    with visit.instance.database.begin(BY, visit.request_id) as tx:
        taken = take_form(tx, visit.instance, given, visit.address)
        now = tx.now
    page = msgspec.structs.replace(page, order=taken.told, received_at=now)
    return html("order_form_sent.html", visit, page, 202, None, Frame())


def _page(visit: Visit) -> OrderFormPage:
    """Raises Refusal (404) where there is no platform that could be ordered something."""
    with visit.instance.database.begin() as tx:
        ours = get_organisation(tx)
    if ours.kind != "platform":
        raise Refusal("not-found", 404, "There is nothing at this path")
    return OrderFormPage(form=form_of(visit, FORM, sends=False), name=ours.name)


_form = PageRoute(
    path=f"/{FORM}", handler=show_form, scope=None, public=True, followed=True, tongues=True
)
# The path is the API's, which hands on what a browser sends.
sent = PageRoute(
    method="POST",
    path=f"/{FORM}",
    handler=take,
    scope=None,
    public=True,
    followed=True,
    tongues=True,
    again=_form,
).route()

pages = [_form]
