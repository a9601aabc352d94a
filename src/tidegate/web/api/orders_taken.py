"""`POST /v1/orders/upload`: a form with an order that came by mail or a portal, or with a signed message."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from starlette.responses import Response

from tidegate.infra.db import Tx, again
from tidegate.infra.errors import bad_field
from tidegate.infra.parsing import decode
from tidegate.pipeline.orders.inbox import take
from tidegate.pipeline.orders.shown import shown_order
from tidegate.pipeline.orders.taking import Written, write_down
from tidegate.web.api.endpoint import Call
from tidegate.web.multipart import File, Form, bad_form, is_multipart, read_form
from tidegate.web.places import in_turn

JOSE = "application/jose+json"
MOST_BYTES = 20 << 20
_PARTS = ("file", "channel", "received_at", "annex", "issuer")
_LONGEST_CHANNEL = 40


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
    kind = (file.content_type or "").partition(";")[0].strip().lower()
    with call.instance.database.begin(call.principal.acting, call.request_id) as tx:
        if kind == JOSE:
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
    if missing := [name for name in _PARTS if name != "file" and not fields.get(name, "").strip()]:
        raise bad_field(f"/{missing[0]}", "a value (the part is required)", "nothing")
    channel = fields["channel"].strip()
    if len(channel) > _LONGEST_CHANNEL or "\0" in channel:
        expected = f"at most {_LONGEST_CHANNEL} characters, such as mail or fax"
        raise bad_field("/channel", expected, channel[:60])
    annex: dict[str, Any] = decode(fields["annex"].encode(), dict[str, Any])
    return Written(
        issuer=fields["issuer"].strip(),
        channel=channel,
        received_at=_time(fields["received_at"].strip()),
        annex=annex,
        file=file.data,
        content_type=(file.content_type or "application/octet-stream")[:200],
    )


def _text(file: File) -> str:
    try:
        return file.data.decode()
    except UnicodeDecodeError:
        raise bad_field(f"/{file.name[:60]}", "text in UTF-8", "other bytes") from None


def _time(text: str) -> datetime:
    try:
        found = msgspec.convert(text, datetime, strict=False)
        if found.tzinfo is None:
            raise ValueError
        return found.astimezone(UTC)
    except (msgspec.ValidationError, ValueError, OverflowError):
        expected = "a time by RFC 3339, with an offset"
        raise bad_field("/received_at", expected, text[:60]) from None
