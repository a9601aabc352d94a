"""`/tip`: what somebody wants to tell, with nobody's name unless they give one."""

from typing import Any

import msgspec
from starlette.responses import Response

from tidegate.content.model import MAX_TEXT
from tidegate.infra.errors import FieldError, Refusal
from tidegate.web.pages.public_forms.shared import (
    Form,
    at_most,
    files_of,
    form_of,
    proved,
    refuse,
    routes,
    says,
    send,
    show,
    shown,
    too_many,
)
from tidegate.web.pages.visit import Visit
from tidegate.web.words import gettext as _

FORM = "tip"
THREAT = "threat_to_life"
LONGEST = min(MAX_TEXT, 50_000)
# The fields of the form that say who somebody is, as the report's source has them.
_SOURCE = {"source_name": "name", "source_contact": "contact", "source_relation": "relation"}


class TipPage(msgspec.Struct, frozen=True, kw_only=True):
    """The form, or the reference of what was sent with it."""

    form: Form
    reference: str | None = None


def show_tip(visit: Visit) -> Response:
    return show(visit, "tip.html", TipPage(form=form_of(visit, FORM)))


async def send_tip(visit: Visit) -> Response:
    """Hear it. There is no reporter: nobody can tell two tips of one person apart."""
    files = files_of(visit)
    refuse([*_errors(visit), too_many(files)])
    challenge, take_back = proved(visit, FORM)
    when = visit.field("when")
    source = {name: one for field, name in _SOURCE.items() if (one := visit.field(field))}
    said: dict[str, Any] = {
        "id": f"form-{challenge.nonce.hex()}",
        "channel": "tip",
        "reason": THREAT if visit.field("danger") == "yes" else "tip",
        "text": visit.field("text"),
        "location": visit.field("place"),
        "comment": str(_("When: %(when)s") % {"when": when}) if when else None,
        "source": source,
    }
    try:
        reference = await send(visit, FORM, said, files, challenge.at)
    except Refusal:
        take_back()
        raise
    page = TipPage(form=form_of(visit, FORM, sends=False), reference=reference)
    return await shown(visit, "tip_sent.html", page)


def _errors(visit: Visit) -> list[FieldError | None]:
    text = at_most(visit, "text", LONGEST)
    if not visit.field("text") and not files_of(visit):
        text = FieldError("/text", "what you want to tell, or a file", "nothing")
    return [
        text if text is not None or not visit.field("text") else says(visit, "text", 1, LONGEST),
        at_most(visit, "place", 1000),
        at_most(visit, "when", 1000),
        at_most(visit, "source_name", 200),
        at_most(visit, "source_contact", 500),
        at_most(visit, "source_relation", 500),
    ]


pages = routes("/tip", show_tip, send_tip)
