"""Secrets that are shown once: in the answer to the form that made them, and nowhere else."""

import msgspec
from starlette.responses import Response

from tidegate.web.pages.render import html
from tidegate.web.pages.visit import Visit
from tidegate.web.words import to_json


def shown_once(visit: Visit, template: str, page: msgspec.Struct) -> Response:
    """The page with the secret in it, as the form was sent: for a script as JSON."""
    if visit.by_script:
        return Response(to_json(page), media_type="application/json")
    return html(template, visit, page)


def address_of_link(visit: Visit, token: str) -> str:
    """Where a one-time link leads: under the address that people reach the pages at."""
    return f"{visit.base}/sign-in/{token}"
