"""`/v1/items`: submit a post, read what became of it, decide, erase."""

import msgspec
from starlette.background import BackgroundTask
from starlette.responses import Response

from tidegate.content.model import ItemIn, MediaIn
from tidegate.content.queries import get_item, lock_item
from tidegate.decisions.model import DecisionIn, shown_decision
from tidegate.infra.db import Tx
from tidegate.infra.errors import bad_field
from tidegate.infra.groupcommit import GroupCommit
from tidegate.infra.parsing import decode
from tidegate.pipeline.decide import decide_item
from tidegate.pipeline.erase import discard_evidence, erase_item
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.record import ItemRecord, item_record
from tidegate.pipeline.submission import Submission, describe, estimate, examine_media
from tidegate.pipeline.submit import Answer
from tidegate.pipeline.telling import READS_BANKS, tell_record
from tidegate.web.api.endpoint import Call, Endpoint, require_json
from tidegate.web.body import read
from tidegate.web.gate import segment
from tidegate.web.multipart import is_multipart, read_form


def item_id(call: Call) -> str:
    """The platform's own id, from the path."""
    return segment(call.path["id"])


async def read_item(call: Call) -> ItemIn:
    """The item of a JSON body, or of a form with a JSON part `item` and file parts.

    Raises Refusal: 400, 413, 415, 422.
    """
    settings = call.instance.settings
    if not is_multipart(call.request):
        require_json(call.request)
        return decode(await read(call.request, settings.json_limit), ItemIn)
    form = await read_form(call.request, settings.upload_limit)
    named = [value.encode() for name, value in form.fields if name == "item"]
    named += [file.data for file in form.files if file.name == "item"]
    if len(named) != 1:
        raise bad_field("/item", "one JSON part named item", f"{len(named)} of them")
    if unknown := [name for name, _ in form.fields if name != "item"]:
        raise bad_field(f"/{unknown[0][:60]}", "the part item, or file parts", "an unknown part")
    item = decode(named[0], ItemIn)
    files = [
        MediaIn(file.filename, file.content_type or "", file.data)
        for file in form.files
        if file.name != "item"
    ]
    return msgspec.structs.replace(item, media=[*item.media, *files])


async def submit_item(instance: Instance, call: Call, item: ItemIn) -> bytes:
    """Judge one item and answer when it is durable. Raises Refusal."""
    submission = describe(
        instance,
        item,
        platform=call.platform(item.platform),
        actor=call.principal.actor,
        request_id=call.request_id,
        now=instance.clock.now(),
        reads_banks=call.principal.may(READS_BANKS),
        queue=call.principal.queue,
    )
    if item.media:
        # A retry must not fetch and decode again.
        known = await call.request.app.state.lookups.run(submission, submission.queue)
        if known is not None:
            return known
        submission = await examine_media(instance, item, submission)
    submissions: GroupCommit[Submission, bytes] = call.request.app.state.submissions
    seconds = estimate(submission.content.worded)
    return await submissions.run(submission, submission.queue, seconds)


async def post_item(call: Call) -> Response:
    body = await submit_item(call.instance, call, await read_item(call))
    return Response(body, media_type="application/json")


def read_record(tx: Tx, call: Call) -> ItemRecord:
    item = get_item(tx, call.platform(), item_id(call))
    record = item_record(tx, item, sees_holds=call.principal.may("holds:write"))
    return tell_record(tx, record) if call.principal.may(READS_BANKS) else record


def delete_item(tx: Tx, call: Call) -> Response:
    """The files go when the erasure is committed, so after the answer."""
    sees_holds = call.principal.may("holds:write")
    released = erase_item(tx, call.platform(), item_id(call), sees_holds=sees_holds)
    instance = call.instance
    files = BackgroundTask(discard_evidence, instance.database, instance.evidence, released)
    return Response(status_code=204, background=files if released else None)


def post_decision(tx: Tx, call: Call[DecisionIn]) -> object:
    item = lock_item(tx, call.platform(), item_id(call))
    call.subject = item.id
    pack = call.instance.pack(tx)
    return shown_decision(decide_item(tx, item.platform, item.external_id, call.body, pack=pack))


endpoints = [
    Endpoint(
        method="POST",
        path="/v1/items",
        scope="items:write",
        summary="Submit a post (JSON, or a form with the part `item` and file parts)",
        handler=post_item,
        body=ItemIn,
        answer=Answer,
        multipart=True,
        refusals=(410, 413, 415),
    ),
    Endpoint(
        method="GET",
        path="/v1/items/{id}",
        scope="items:read",
        summary="Everything known of an item: revisions, evaluations, decisions, actions",
        handler=read_record,
        answer=ItemRecord,
        refusals=(404, 410),
    ),
    Endpoint(
        method="DELETE",
        path="/v1/items/{id}",
        scope="items:write",
        summary="Erase an item; a tombstone stays",
        handler=delete_item,
        status=204,
        refusals=(404, 409, 410),
    ),
    Endpoint(
        method="POST",
        path="/v1/items/{id}/decisions",
        scope="cases:decide",
        summary="Decide without a case, or lift a restriction",
        handler=post_decision,
        body=DecisionIn,
        status=201,
        idempotent=True,
        refusals=(404, 409, 410),
    ),
]
