"""`/v1/items`: submit a post, read what became of it, decide, erase."""

from starlette.background import BackgroundTask
from starlette.responses import Response

from tidegate.content.model import ItemIn
from tidegate.content.queries import get_item, lock_item
from tidegate.decisions.disclosure import disclosure_on, shown_decisions
from tidegate.decisions.model import DecisionIn
from tidegate.infra.db import Tx
from tidegate.infra.groupcommit import GroupCommit
from tidegate.pipeline.decide import decide_item
from tidegate.pipeline.erase import discard_evidence, erase_item
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.record import ItemRecord, item_record
from tidegate.pipeline.submission import Submission, describe, estimate, examine_media
from tidegate.pipeline.submit import Answer
from tidegate.pipeline.telling import READS_BANKS, tell_record
from tidegate.web.api.endpoint import Call, Endpoint
from tidegate.web.api.files import read_with_files
from tidegate.web.gate import segment


def item_id(call: Call) -> str:
    """The platform's own id, from the path."""
    return segment(call.path["id"])


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
        submission = await examine_media(instance, item.media, submission)
    submissions: GroupCommit[Submission, bytes] = call.request.app.state.submissions
    seconds = estimate(submission.content.worded)
    return await submissions.run(submission, submission.queue, seconds)


async def post_item(call: Call) -> Response:
    body = await submit_item(call.instance, call, await read_with_files(call, ItemIn, "item"))
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
    decision = decide_item(tx, item.platform, item.external_id, call.body, pack=pack)
    told = {"disclosure": disclosure_on(tx, item.id)}
    return shown_decisions(tx, [decision])[0] | told


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
