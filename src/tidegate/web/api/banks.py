"""`/v1/banks` and the entries in them."""

import hashlib
from typing import Any
from uuid import UUID

import msgspec
from starlette.responses import Response

from tidegate.infra.db import Tx
from tidegate.infra.errors import bad_field
from tidegate.infra.parsing import check_text, convert, decode
from tidegate.pipeline import entries
from tidegate.pipeline.enrol import Enrolment, enrol_file, enrol_json
from tidegate.signals.banks import actions, queries
from tidegate.signals.banks.model import (
    BankIn,
    BankPatch,
    BankView,
    EntryIn,
    EntryPatch,
    EntryView,
)
from tidegate.web.api import idempotency
from tidegate.web.api.endpoint import Call, Endpoint, require_json
from tidegate.web.api.paging import Page, PageQuery, decode_uuid, encode_cursor
from tidegate.web.body import read
from tidegate.web.gate import segment
from tidegate.web.multipart import is_multipart, read_form
from tidegate.web.places import in_turn


def _name(call: Call) -> str:
    return segment(call.path["name"])


def _entry_id(call: Call) -> UUID:
    """The entry's id; what is no UUID names no entry."""
    try:
        return UUID(call.path["entry"])
    except ValueError:
        raise queries.entry_unknown(call.path["entry"]) from None


def list_banks(tx: Tx, call: Call) -> Page:
    return Page(queries.list_banks(tx))


def create_bank(tx: Tx, call: Call[BankIn]) -> BankView:
    return actions.create_bank(tx, call.body)


def get_bank(tx: Tx, call: Call) -> BankView:
    return queries.get_bank(tx, _name(call))


def change_bank(tx: Tx, call: Call[BankPatch]) -> BankView:
    return entries.change_bank(tx, _name(call), call.body)


def delete_bank(tx: Tx, call: Call) -> None:
    entries.delete_bank(tx, _name(call))


def list_entries(tx: Tx, call: Call[object, PageQuery]) -> Page:
    bank = queries.get_bank(tx, _name(call))
    limit = call.query.limit
    found = queries.list_entries(tx, bank.name, decode_uuid(call.query.cursor), limit)
    return Page(found, encode_cursor(found[-1].id) if len(found) == limit else None)


async def add_entry(call: Call) -> Response:
    """Read the form or the JSON, decode what is to be decoded, then write in one transaction."""
    instance = call.instance
    if is_multipart(call.request):
        form = await read_form(call.request, instance.settings.upload_limit)
        options = _options(form.fields)
        if len(form.files) != 1:
            raise bad_field("/file", "exactly one file part", f"{len(form.files)} files")
        file = form.files[0]
        given = [options, hashlib.sha256(file.data).hexdigest()]
        enrolment = await enrol_file(
            instance,
            file.data,
            file.content_type,
            file.filename,
            options,
            queue=call.principal.queue,
        )
    else:
        require_json(call.request)
        entry = decode(await read(call.request, instance.settings.json_limit), EntryIn)
        given = entry
        enrolment = await enrol_json(instance, entry)
    return await in_turn(call.request, _write_entry, call, given, enrolment)


def _options(fields: list[tuple[str, str]]) -> EntryIn:
    """The text parts of a form: `labels` may be repeated, `confirmed` is true or false."""
    values: dict[str, Any] = {}
    for name, value in fields:
        if name == "labels":
            values.setdefault("labels", []).append(value)
        elif name == "confirmed":
            if value not in ("true", "false"):
                raise bad_field("/confirmed", "true or false", value[:60])
            values[name] = value == "true"
        elif name == "confidence":
            values[name] = int(value) if value.isascii() and value.isdigit() else value
        elif name in ("provenance", "note"):
            values[name] = value
        else:
            raise bad_field(
                f"/{name[:60]}",
                "file, labels, provenance, note, confidence or confirmed",
                "an unknown part",
            )
    check_text(values)
    return convert(values, EntryIn)


def _write_entry(call: Call, given: object, enrolment: Enrolment) -> Response:
    with call.instance.database.begin(call.principal.acting, call.request_id) as tx:
        return idempotency.once(tx, call, given, lambda: _added(tx, call, enrolment))


def _added(tx: Tx, call: Call, enrolment: Enrolment) -> Response:
    entry = actions.add_entry(tx, _name(call), **enrolment.arguments())
    view = msgspec.structs.replace(entry, problems=enrolment.problems)
    return Response(msgspec.json.encode(view), 201, media_type="application/json")


def get_entry(tx: Tx, call: Call) -> EntryView:
    return queries.get_entry(tx, _name(call), _entry_id(call))


def change_entry(tx: Tx, call: Call[EntryPatch]) -> EntryView:
    return entries.change(tx, _name(call), _entry_id(call), call.body)


def delete_entry(tx: Tx, call: Call) -> None:
    entries.delete(tx, _name(call), _entry_id(call))


def confirm_entry(tx: Tx, call: Call) -> EntryView:
    return entries.judge_in_bank(tx, _name(call), _entry_id(call), "confirm")


def refute_entry(tx: Tx, call: Call) -> EntryView:
    return entries.judge_in_bank(tx, _name(call), _entry_id(call), "refute")


_BANK = "/v1/banks/{name}"
_ENTRY = "/v1/banks/{name}/entries/{entry}"

endpoints = [
    Endpoint(
        method="GET",
        path="/v1/banks",
        scope="banks:read",
        summary="List the banks",
        handler=list_banks,
        answer=Page,
    ),
    Endpoint(
        method="POST",
        path="/v1/banks",
        scope="banks:write",
        summary="Make a bank",
        handler=create_bank,
        body=BankIn,
        answer=BankView,
        status=201,
        idempotent=True,
        refusals=(409,),
    ),
    Endpoint(
        method="GET",
        path=_BANK,
        scope="banks:read",
        summary="Read a bank",
        handler=get_bank,
        answer=BankView,
        refusals=(404,),
    ),
    Endpoint(
        method="PATCH",
        path=_BANK,
        scope="banks:write",
        summary="Change a bank, or disable it, also until a date",
        handler=change_bank,
        body=BankPatch,
        answer=BankView,
        idempotent=True,
        refusals=(404,),
    ),
    Endpoint(
        method="DELETE",
        path=_BANK,
        scope="banks:write",
        summary="Take a bank out of use for good",
        handler=delete_bank,
        status=204,
        refusals=(404,),
    ),
    Endpoint(
        method="GET",
        path="/v1/banks/{name}/entries",
        scope="banks:read",
        summary="List a bank's entries, the newest first",
        handler=list_entries,
        query=PageQuery,
        answer=Page,
        refusals=(404,),
    ),
    Endpoint(
        method="POST",
        path="/v1/banks/{name}/entries",
        scope="banks:write",
        summary="Add an entry: a file, a text, a URL or a fingerprint",
        handler=add_entry,
        body=EntryIn,
        answer=EntryView,
        status=201,
        multipart=True,
        idempotent=True,
        refusals=(404, 413, 415),
    ),
    Endpoint(
        method="GET",
        path=_ENTRY,
        scope="banks:read",
        summary="Read an entry",
        handler=get_entry,
        answer=EntryView,
        refusals=(404,),
    ),
    Endpoint(
        method="PATCH",
        path=_ENTRY,
        scope="banks:write",
        summary="Change an entry, or disable it, also until a date",
        handler=change_entry,
        body=EntryPatch,
        answer=EntryView,
        idempotent=True,
        refusals=(404,),
    ),
    Endpoint(
        method="DELETE",
        path=_ENTRY,
        scope="banks:write",
        summary="Take an entry out of use for good",
        handler=delete_entry,
        status=204,
        refusals=(404,),
    ),
    Endpoint(
        method="POST",
        path=f"{_ENTRY}/confirm",
        scope="banks:write",
        summary="Confirm an entry: from now on it may restrict by itself",
        handler=confirm_entry,
        answer=EntryView,
        idempotent=True,
        refusals=(404,),
    ),
    Endpoint(
        method="POST",
        path=f"{_ENTRY}/refute",
        scope="banks:write",
        summary="Refute an entry: it matches no more",
        handler=refute_entry,
        answer=EntryView,
        idempotent=True,
        refusals=(404,),
    ),
]
