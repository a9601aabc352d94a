"""The outermost layer: who is asking? Nothing behind it runs for a stranger.

Without a valid key every `/v1` route answers 401, without a session every page goes to `/sign-in`,
known path or not. It also gives each request its id and its client's address, keeps encoded slashes
inside their segment, and lets no answer be cached or taken for another type.
"""

import asyncio
import hashlib
import re
import time
from collections.abc import MutableMapping
from typing import Any, Literal
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from prometheus_client import Counter, Histogram
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tidegate.access.model import Principal
from tidegate.access.queries import NoKey, principal_of_session, read_key, read_token
from tidegate.access.sessions import see
from tidegate.infra.errors import Refusal
from tidegate.pipeline.house import SCOPES
from tidegate.pipeline.instance import Instance
from tidegate.web.address import address_of
from tidegate.web.nextpath import sign_in_for
from tidegate.web.problems import as_refusal, problem
from tidegate.web.rates import Rates

COOKIE = "tidegate_session"
SLASH = "\0"  # stands for an encoded slash inside one path segment; no id can contain it

# Labels are closed sets: no ids, no content.
REQUESTS = Counter("tidegate_http_requests", "HTTP requests", ["method", "status"])
KEYS_REFUSED = Counter("tidegate_keys_refused", "Requests without a key that opens", ["reason"])
LATENCY = Histogram(
    "tidegate_http_seconds",
    "Time until the response started",
    ["method"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)

_OPEN = re.compile(
    r"/(?:healthz|readyz|openapi\.json|sign-in(?:/.*)?|static/.*|notice|tip|follow-up"
    r"|public/.*|\.well-known/tidegate\.json)"
)
_REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_REMEMBER_SECONDS = 1.0
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

# What every answer says that does not say otherwise itself, as static files do: what stands in it is
# for the one who asked, and is what its type says.
_UNSAID = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
    (b"x-content-type-options", b"nosniff"),
)

_NO_KEY = Refusal(
    "key-missing",
    401,
    "An API key is needed",
    "Send Authorization: Bearer KEY with a key from `tidegate keys create`.",
    headers={"WWW-Authenticate": "Bearer"},
)

_NO_SESSION = Refusal("session-ended", 401, "You are not signed in", "Sign in again.")


def _elsewhere(address: str) -> Refusal:
    return Refusal(
        "network-not-allowed",
        403,
        "The key may not be used from here",
        f"It is bound to networks, and {address} is in none of them. Nothing was done. Behind a proxy the"
        " setting trusted_proxies says whose X-Forwarded-For counts.",
    )


class Gate:
    """Wraps the whole application. A key that was looked up is remembered for a second, so that a
    revocation takes effect everywhere within one."""

    def __init__(self, app: ASGIApp, instance: Instance, rates: Rates) -> None:
        self.app = app
        self.instance = instance
        self.rates = rates
        self._trusted = instance.settings.proxies
        self._known: dict[bytes, tuple[float, Principal]] = {}
        self._asking: dict[bytes, asyncio.Task[Principal | NoKey]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
        state: MutableMapping[str, Any] = scope.setdefault("state", {})
        state["request_id"] = request_id
        state["principal"] = None
        state["told"] = []  # header fields that the answer has whatever it is
        state["address"] = address_of(scope, self._trusted)

        started = time.perf_counter()
        method = scope["method"] if scope["method"] in _METHODS else "other"

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                REQUESTS.labels(method, message["status"]).inc()
                LATENCY.labels(method).observe(time.perf_counter() - started)
                own = (b"x-request-id", request_id.encode())
                answer = [*message["headers"], own, *state["told"]]
                said = {name for name, _ in answer}
                message["headers"] = [*answer, *(one for one in _UNSAID if one[0] not in said)]
            await send(message)

        refused = await self._admit(scope, headers, state)
        await (refused or self.app)(scope, receive, send_with_id)

    async def _admit(
        self, scope: Scope, headers: Headers, state: MutableMapping[str, Any]
    ) -> Response | None:
        """Put the principal into the request's state, or say how to get one."""
        path: str = scope["path"]
        request_id = state["request_id"]
        is_open = _OPEN.fullmatch(path) is not None
        is_api = path == "/v1" or path.startswith("/v1/")
        try:
            if is_api:
                principal = await self._by_key(headers)
                if not isinstance(principal, Principal):
                    KEYS_REFUSED.labels(principal).inc()
                    self._note_refused(headers, state["address"])
                    return problem(_NO_KEY, request_id)
                state["principal"] = principal
                if not principal.may_come_from(state["address"]):
                    KEYS_REFUSED.labels("network").inc()
                    self._note_refused(headers, state["address"])
                    return problem(_elsewhere(state["address"]), request_id)
                state["told"] = self.rates.admit(principal)
            else:
                state["principal"] = await self._by_session(headers, lenient=is_open)
                if state["principal"] is None and not is_open:
                    return _to_sign_in(scope, headers, request_id)
        except Exception as error:
            return problem(as_refusal(error, request_id), request_id)
        return _keep_segments(scope)

    def _note_refused(self, headers: Headers, address: str) -> None:
        """A key that was shown and does not stand; to have shown none is nothing."""
        if token := _token(headers):
            read = read_token(token)
            now = self.instance.clock.now()
            self.instance.refused.note("key.refused", read and read[0], address, now)

    async def _by_key(self, headers: Headers) -> Principal | NoKey | Literal["missing"]:
        """Who asks, or why nobody: a reason for the operator's metrics, which no answer tells."""
        token = _token(headers)
        if not token:
            return "unknown" if "authorization" in headers else "missing"
        name = hashlib.sha256(token.encode()).digest()
        until, principal = self._known.get(name, (0.0, None))
        if principal is not None and time.monotonic() < until:
            return principal if principal.stands(self.instance.clock.now()) else "ended"
        # Whoever comes with the same key meanwhile waits for the same answer: a busy key is looked
        # up once a second, not once for each of its connections.
        asking = self._asking.get(name)
        if asking is None:
            asking = asyncio.create_task(self._learn(name, token))
            self._asking[name] = asking
            asking.add_done_callback(lambda _: self._asking.pop(name, None))
        return await asyncio.shield(asking)

    async def _learn(self, name: bytes, token: str) -> Principal | NoKey:
        principal = await run_in_threadpool(self._look_up_key, token)
        if len(self._known) > 10_000:
            self._known.clear()
        if isinstance(principal, Principal):
            self._known[name] = (time.monotonic() + _REMEMBER_SECONDS, principal)
        else:
            self._known.pop(name, None)
        return principal

    def _look_up_key(self, token: str) -> Principal | NoKey:
        with self.instance.database.begin() as tx:
            return read_key(tx, SCOPES, token)

    async def _by_session(self, headers: Headers, *, lenient: bool) -> Principal | None:
        """The session's principal; on open paths an unreachable database is no reason to fail."""
        cookie = cookie_parser(headers.get("cookie", "")).get(COOKIE)
        if not cookie:
            return None
        try:
            return await run_in_threadpool(self._look_up_session, cookie)
        except Exception:
            if lenient:
                return None
            raise

    def _look_up_session(self, cookie: str) -> Principal | None:
        with self.instance.database.begin() as tx:
            principal = principal_of_session(tx, SCOPES, cookie)
            if principal is not None:
                see(tx, principal)
            return principal


def _to_sign_in(scope: Scope, headers: Headers, request_id: str) -> Response:
    """Where a stranger is sent: to sign in, and back to what they asked for. A script is told, so that it
    can keep what was typed, and whoever asks for what is no page."""
    data = scope["path"].endswith(".json") or scope["path"] == "/events"
    if data or headers.get("accept", "").startswith("application/json"):
        return problem(_NO_SESSION, request_id)
    if scope["method"] not in ("GET", "HEAD"):
        # A form leads back to the page that it stood on, if that was one of ours.
        came = urlsplit(headers.get("referer", ""))
        if not came.netloc or came.netloc != headers.get("host"):
            return RedirectResponse("/sign-in", 303)
        return RedirectResponse(
            sign_in_for(came.path, came.query.encode("latin-1", "replace")), 303
        )
    asked: bytes = scope.get("raw_path") or b"/"
    path = asked.partition(b"?")[0].decode("latin-1")
    return RedirectResponse(sign_in_for(path, scope["query_string"]), 303)


def _token(headers: Headers) -> str:
    """The key that was shown, or nothing."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _keep_segments(scope: Scope) -> Response | None:
    """Decode the path per segment: an id may contain a slash, written %2F."""
    raw: bytes = scope.get("raw_path") or b""
    if b"%00" in raw:
        refusal = Refusal("invalid-path", 400, "The path cannot be used", "It contains a NUL.")
        return problem(refusal, scope["state"]["request_id"])
    if b"%2f" in raw.lower():
        path = raw.partition(b"?")[0].decode("ascii", "replace")
        scope["path"] = re.sub("%2f", SLASH, path, flags=re.I)
        scope["path"] = unquote(scope["path"])
    return None


def segment(value: str) -> str:
    """A path parameter as the caller meant it."""
    return value.replace(SLASH, "/")
