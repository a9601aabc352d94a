"""Errors on the wire: one shape everywhere, RFC 9457 problem+json."""

import errno

import structlog
from starlette.responses import Response

from tidegate.infra.db import UNAVAILABLE, NoRoom, no_room, unavailable
from tidegate.infra.errors import Refusal
from tidegate.web.words import to_json

log = structlog.get_logger()


def problem(refusal: Refusal, request_id: str = "") -> Response:
    """The response that says no."""
    document = refusal.document()
    if request_id:
        document["request_id"] = request_id
    return Response(
        to_json(document),
        status_code=refusal.status,
        media_type="application/problem+json",
        headers=refusal.headers,
    )


def as_refusal(error: BaseException, request_id: str = "") -> Refusal:
    """Any exception as the refusal that a client may see; what is our fault is logged, not shown."""
    if isinstance(error, Refusal):
        return error
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if full or isinstance(error, NoRoom):
        log.error("disk.full", request_id=request_id, where=_where(error))
        return no_room()
    if isinstance(error, UNAVAILABLE):
        log.warning("database.unavailable", request_id=request_id, error=type(error).__name__)
        return unavailable()
    # Only the type and the place: a message can quote what somebody posted.
    log.error(
        "request.failed", request_id=request_id, error=type(error).__name__, where=_where(error)
    )
    return Refusal(
        "internal-error",
        500,
        "Something went wrong here",
        "Nothing was acknowledged. The log has the details under this request id; "
        "sending the same request again is safe.",
    )


def _where(error: BaseException) -> str:
    """The innermost frames of a traceback, as file:line."""
    frames: list[str] = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename.rpartition('tidegate/')[2]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " > ".join(frames[-4:])
