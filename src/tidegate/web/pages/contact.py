"""Whom this instance speaks for, for anybody: `/.well-known/tidegate.json` for programs, `/public/contact` for
people (Article 15(1) of Regulation (EU) 2021/784). Nobody has to believe it: others compare its fingerprints
with what they know from elsewhere.
"""

import msgspec
from starlette.responses import Response

from tidegate.exchange.published import PATH, Published
from tidegate.infra.times import told
from tidegate.pipeline.own import published_of
from tidegate.web.pages.page import PageRoute
from tidegate.web.pages.public_forms.shared import Form, form_of, show
from tidegate.web.pages.visit import Visit

CONTACT = "public/contact"


class ContactPage(msgspec.Struct, frozen=True):
    """The same as people read it; `form` has the languages that the page can be had in."""

    form: Form
    found: Published
    programs: str = PATH


def document(visit: Visit) -> Response:
    answer = msgspec.json.encode(told(_published(visit)))
    return Response(answer, media_type="application/json")


def contact(visit: Visit) -> Response:
    page = ContactPage(form_of(visit, CONTACT, sends=False), _published(visit))
    return show(visit, "contact.html", page)


def _published(visit: Visit) -> Published:
    """Raises Refusal (404) before it was said whom the instance speaks for."""
    with visit.instance.database.begin() as tx:
        return published_of(tx, visit.instance, visit.base)


pages = [
    PageRoute(path=PATH, handler=document, scope=None, public=True, followed=True, json=True),
    PageRoute(
        path=f"/{CONTACT}",
        handler=contact,
        scope=None,
        public=True,
        followed=True,
        tongues=True,
    ),
]
