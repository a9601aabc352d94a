"""`POST /public/orders/submit`: an order of an authority that has no instance of its own, as JSON or as a form. It
is doubtful, whoever sends it, and its hour runs. A browser is answered by a page.
"""

from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tidegate.infra.db import again
from tidegate.infra.errors import Refusal
from tidegate.infra.parsing import decode
from tidegate.infra.times import told
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.orders.taking import Submitted, take_form
from tidegate.web.api.endpoint import Application, require_json
from tidegate.web.body import read
from tidegate.web.multipart import is_multipart, read_form
from tidegate.web.pages import order_form
from tidegate.web.pages.order_form import BY, of_fields
from tidegate.web.places import in_turn

PATH = "/public/orders/submit"
MOST_BYTES = 1 << 20
_URLENCODED = "application/x-www-form-urlencoded"


async def receive(request: Request) -> Response:
    """Take it. Raises Refusal as `take_form` does, and 400, 413, 415."""
    if _by_browser(request):
        return await order_form.sent.endpoint(request)
    given = await _read(request)
    body = await in_turn(request, again, lambda: _take(request, given))
    return Response(body, 202, media_type="application/json")


def _by_browser(request: Request) -> bool:
    sends = is_multipart(request) or _kind(request) == _URLENCODED
    return sends and "text/html" in request.headers.get("accept", "")


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _read(request: Request) -> Submitted:
    if is_multipart(request):
        form = await read_form(request, MOST_BYTES)
        return of_fields(form.fields)
    if _kind(request) == _URLENCODED:
        body = await read(request, MOST_BYTES)
        return of_fields(_pairs(body))
    require_json(request)
    return decode(await read(request, MOST_BYTES), Submitted)


def _pairs(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode("ascii"), errors="strict", max_num_fields=2000)
    except ValueError:
        raise Refusal("invalid-form", 400, "The body is not the form it says it is") from None


def _take(request: Request, given: Submitted) -> bytes:
    instance: Instance = request.app.state.services
    with instance.database.begin(BY, request.state.request_id) as tx:
        taken = take_form(tx, instance, given, request.state.address)
        return msgspec.json.encode(told({"order": taken.told, "received_at": tx.now}))


route = Route(PATH, Application(receive), methods=["POST"], name=f"POST {PATH}")
