"""`POST /v1/orders/upload`: a form with an order that came by mail or a portal, or with a signed message."""

from typing import Any

import msgspec
from starlette.responses import Response

from tidegate.infra.db import Tx, again
from tidegate.infra.errors import bad_field
from tidegate.infra.parsing import convert, decode
from tidegate.pipeline.orders.inbox import take
from tidegate.pipeline.orders.shown import shown_order
from tidegate.pipeline.orders.taking import ByHand, Written, write_down
from tidegate.web.api.endpoint import Call
from tidegate.web.multipart import File, Form, bad_form, is_multipart, read_form
from tidegate.web.places import in_turn

JOSE = "application/jose+json"
MOST_BYTES = 20 << 20
_PARTS = ("file", "channel", "received_at", "annex", "issuer")


async def post_upload(call: Call) -> Response:
    """Raises Refusal: 400, 413, 422, 503; as the inbox does where the file is a message."""
    if not is_multipart(call.request):
        raise bad_form("The order comes as a form: multipart/form-data.")
    form = await read_form(call.request, MOST_BYTES)
    files = [one for one in form.files if one.name == "file"]
    if len(files) != 1:
        raise bad_field("/file", "one file", f"{len(files)} of them")
    return await in_turn(call.request, again, lambda: _keep(call, form, files[0]))


def _keep(call: Call, form: Form, file: File) -> Response:
    with call.instance.database.begin(call.principal.acting, call.request_id) as tx:
        if is_message(file):
            receipt = take(tx, call.instance, file.data, None)
            return Response(receipt, 202, media_type=JOSE)
        return _write_down(tx, call, form, file)


def _write_down(tx: Tx, call: Call, form: Form, file: File) -> Response:
    given = _read(form, file)
    taken = write_down(tx, call.instance, given)
    body = msgspec.json.encode(shown_order(tx, taken.order))
    return Response(body, 200 if taken.joined else 201, media_type="application/json")


def _read(form: Form, file: File) -> Written:
    """The parts of the form. Raises Refusal (422)."""
    fields = dict(form.fields)
    fields |= {one.name: _text(one) for one in form.files if one.name != "file"}
    if unknown := [name for name in fields if name not in _PARTS]:
        raise bad_field(f"/{unknown[0][:60]}", f"one of {', '.join(_PARTS)}", "an unknown part")
    said = {name: text for name, value in fields.items() if (text := value.strip())}
    annex = said.pop("annex", None)
    if annex is None:
        raise bad_field("/annex", "a value (the part is required)", "nothing")
    return Written(
        came=convert(said, ByHand),
        annex=decode(annex.encode(), dict[str, Any]),
        file=file.data,
        content_type=kind_of(file),
    )


def is_message(file: File) -> bool:
    """Whether it says to be a signed message."""
    return (file.content_type or "").partition(";")[0].strip().lower() == JOSE


def kind_of(file: File) -> str:
    """What a file is said to be, as it is kept."""
    return (file.content_type or "application/octet-stream")[:200]


def _text(file: File) -> str:
    try:
        return file.data.decode()
    except UnicodeDecodeError:
        raise bad_field(f"/{file.name[:60]}", "text in UTF-8", "other bytes") from None
