"""The application: the gate outside, the API's endpoints and the pages inside."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cache

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from tidegate.access.provider import Provider
from tidegate.content.model import Worded
from tidegate.infra.errors import Refusal
from tidegate.infra.groupcommit import GroupCommit
from tidegate.infra.pulse import read_board
from tidegate.infra.rates import read_rate
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.report_group import report_committer, stored_report_answers
from tidegate.pipeline.retry import stored_answers
from tidegate.pipeline.submission import estimate
from tidegate.pipeline.submit import committer
from tidegate.version import VERSION
from tidegate.web import pages, static
from tidegate.web.api import batch, endpoints
from tidegate.web.api.openapi import document
from tidegate.web.events import route as events_route
from tidegate.web.gate import Gate
from tidegate.web.guesses import Guesses, Sent
from tidegate.web.hub import Hub
from tidegate.web.kept import Kept
from tidegate.web.metrics import metrics_endpoint
from tidegate.web.pages.page import error_page, speaking_to
from tidegate.web.pages.visit import Visit
from tidegate.web.places import Places
from tidegate.web.problems import problem
from tidegate.web.public import inbox, schemas, submit
from tidegate.web.rates import Rates
from tidegate.web.refusing import keep_writing, write
from tidegate.web.reporting import Answered
from tidegate.web.traced import traced

READY_SECONDS = 3.0


def json_response(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def _read_threats(instance: Instance) -> None:
    with instance.database.begin() as tx:
        instance.threats(tx)


async def healthz(request: Request) -> Response:
    return json_response({"status": "alive"})


async def readyz(request: Request) -> Response:
    """200 when the instance does its work now: there is room, the database answers, submissions and reports
    are committed, and no process beside this one hangs or keeps dying."""
    instance: Instance = request.app.state.services

    def look() -> str | None:
        with instance.database.begin() as tx:
            instance.pack(tx)
        return instance.packs.problem

    for name in ("submissions", "reports"):
        if not getattr(request.app.state, name).alive:
            return json_response({"status": "unready", name: "stopped"}, 503)
    if shortage := instance.room.shortage():
        return json_response({"status": "unready", "disk": shortage}, 503)
    try:
        # A database that is stopped doesn't say so: the thread is left to wait by itself.
        pack_problem = await asyncio.wait_for(asyncio.to_thread(look), READY_SECONDS)
    except Exception as error:
        # The readiness of a database that is away is "no", whatever the driver calls it.
        return json_response({"status": "unready", "database": type(error).__name__}, 503)
    board = read_board(instance.board)
    if board is not None and (faults := board.faults(time.monotonic())):
        return json_response({"status": "unready"} | faults, 503)
    # An active pack that cannot be loaded leaves the one before in use: ready, with a word of it.
    return json_response({"status": "ready"} | ({"policy": pack_problem} if pack_problem else {}))


async def openapi(request: Request) -> Response:
    return json_response(document([*endpoints, metrics_endpoint], VERSION))


async def _not_found(request: Request, error: Exception) -> Response:
    """Unknown paths and methods, in the one error shape; for people at a browser as a page."""
    status = error.status_code if isinstance(error, HTTPException) else 404
    method = status == 405
    refusal = Refusal(
        "method-not-allowed" if method else "not-found",
        status,
        "The path does not take this method" if method else "There is nothing at this path",
        "GET /openapi.json lists every route.",
        headers=dict(getattr(error, "headers", None) or {}),
    )
    if "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/v1"):
        visit = Visit(request)
        with speaking_to(visit):
            return await run_in_threadpool(error_page, visit, refusal)
    return problem(refusal, request.state.request_id)


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """What there is at which path, the same in every application: the first that fits, and what is asked most
    comes first."""
    return (
        *(Route(kind.path, batch.Batch(kind), methods=["POST"]) for kind in batch.KINDS),
        *(endpoint.route() for endpoint in [*endpoints, metrics_endpoint]),
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/openapi.json", openapi),
        Route("/static/{path:path}", static.serve),
        inbox.route,
        submit.route,
        *schemas.routes,
        events_route,
        *(page.route() for page in pages.routes),
    )


def create_app(instance: Instance, *, warm: bool = False) -> ASGIApp:
    """The ASGI application of an open instance. `warm`: decoders, tables and threat packs, which the first
    requests would have to wait for, are there before them."""
    submissions = GroupCommit(instance.database, committer(instance))
    lookups = GroupCommit(instance.database, stored_answers)
    reports = GroupCommit(instance.database, report_committer(instance))
    told = GroupCommit(instance.database, stored_report_answers)
    committing = (submissions, lookups, reports, told)
    limit = instance.settings.rate_limit
    hub = Hub(instance)
    rates = Rates(instance.clock, None if limit is None else read_rate(limit))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        for one in committing:
            one.start()
        if warm:
            await asyncio.gather(
                run_in_threadpool(instance.media.start),
                run_in_threadpool(estimate, Worded("é")),
                run_in_threadpool(_read_threats, instance),
            )
        writing = asyncio.create_task(keep_writing(instance))
        yield
        writing.cancel()
        hub.close()
        await run_in_threadpool(write, instance)
        for one in reversed(committing):
            await run_in_threadpool(one.close)

    app = Starlette(
        routes=_routes(),
        lifespan=lifespan,
        exception_handlers={404: _not_found, 405: _not_found},
    )
    app.router.redirect_slashes = False
    app.state.services = instance
    app.state.submissions = submissions
    app.state.lookups = lookups
    app.state.reports = reports
    app.state.told = told
    app.state.answered = Answered()
    app.state.guesses = Guesses(instance.clock)
    app.state.sent = Sent(instance.clock)
    app.state.rates = rates
    app.state.places = Places()
    app.state.hub = hub
    app.state.kept = Kept()
    app.state.provider = Provider(instance.settings) if instance.settings.oidc_issuer else None
    return traced(Gate(app, instance, rates))
