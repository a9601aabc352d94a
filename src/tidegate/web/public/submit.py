"""`POST /public/orders/submit`: an order of an authority that has no instance of its own, as JSON or as a form. It
is doubtful, whoever sends it, and its hour runs.
"""

from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tidegate.infra.acting import Acting
from tidegate.infra.errors import Refusal
from tidegate.infra.parsing import convert, decode
from tidegate.infra.times import told
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.orders.taking import Submitted, take_form
from tidegate.web.api.endpoint import Application, require_json
from tidegate.web.body import read
from tidegate.web.multipart import is_multipart, read_form
from tidegate.web.places import in_turn

PATH = "/public/orders/submit"
MOST_BYTES = 1 << 20
_FORM = Acting("form")
_URLENCODED = "application/x-www-form-urlencoded"
_LISTS = ("urls", "types")


async def receive(request: Request) -> Response:
    """Take it. Raises Refusal as `take_form` does, and 400, 413, 415."""
    given = await _read(request)
    body = await in_turn(request, _take, request, given)
    return Response(body, 202, media_type="application/json")


async def _read(request: Request) -> Submitted:
    if is_multipart(request):
        form = await read_form(request, MOST_BYTES)
        return _of_fields(form.fields)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == _URLENCODED:
        body = await read(request, MOST_BYTES)
        return _of_fields(_pairs(body))
    require_json(request)
    return decode(await read(request, MOST_BYTES), Submitted)


def _pairs(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode("ascii"), errors="strict", max_num_fields=2000)
    except ValueError:
        raise Refusal("invalid-form", 400, "The body is not the form it says it is") from None


def _of_fields(fields: list[tuple[str, str]]) -> Submitted:
    """The fields of a form: lists by repetition, or one a line."""
    given: dict[str, Any] = {name: value for name, value in fields if name not in _LISTS}
    for name in _LISTS:
        lines = [line.strip() for one, value in fields if one == name for line in value.split("\n")]
        given[name] = [line for line in lines if line]
    return convert(given, Submitted)


def _take(request: Request, given: Submitted) -> bytes:
    instance: Instance = request.app.state.services
    with instance.database.begin(_FORM, request.state.request_id) as tx:
        taken = take_form(tx, instance, given, request.state.address)
        return msgspec.json.encode(told({"order": taken.order.id, "received_at": tx.now}))


route = Route(PATH, Application(receive), methods=["POST"], name=f"POST {PATH}")
