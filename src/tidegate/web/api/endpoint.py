"""What a route of the API is, declared in one place: who may call it, what it takes and gives.

From these declarations come the routing, the order of checks (authorisation, then parameters, then
body), the idempotent replay of answers, and `/openapi.json`. Authentication came before, in the gate.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from inspect import iscoroutinefunction
from types import NoneType
from typing import Any, Generic, cast
from uuid import UUID

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from typing_extensions import TypeVar

from tidegate.access.model import Principal
from tidegate.access.platforms import everybodys, refuse_others
from tidegate.infra.acting import Acting
from tidegate.infra.db import Tx, again
from tidegate.infra.errors import FieldError, Refusal
from tidegate.infra.parsing import decode, read_whole
from tidegate.infra.traces import span
from tidegate.infra.wording import plainly
from tidegate.pipeline.instance import Instance
from tidegate.web.api import idempotency
from tidegate.web.body import read
from tidegate.web.places import in_turn
from tidegate.web.problems import as_refusal, problem

T = TypeVar("T")
Body = TypeVar("Body", covariant=True, default=object)
Query = TypeVar("Query", covariant=True, default=object)

_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")


class Call(Generic[Body, Query]):
    """One authorised request: the parsed parts, and what the handler needs beside its transaction.

    `Call[ReportIn]` has a body of that type, `Call[object, PageQuery]` such a query; a plain `Call`
    is any, for those who look at neither.
    """

    def __init__(
        self, request: Request, instance: Instance, principal: Principal, query: Query, body: Body
    ) -> None:
        self.request = request
        self.instance = instance
        self.principal = principal
        self.path: Mapping[str, str] = request.path_params
        self.query = query
        self.body = body
        self.subject: UUID | None = None  # the item that the answer speaks of, for its erasure
        self.request_id: str = request.state.request_id
        self._asked: tuple[str | None, str] | None = None  # the last: each line of a batch asks

    def platform(self, named: str | None = None) -> str:
        """Whose ids these are: the one named in the body or query, else the key's own, else `default`.

        Raises Refusal: 403 when a bound key names another platform, 422 when a person of several
        names none.
        """
        if self._asked is None or self._asked[0] != named:
            self._asked = named, self._platform(named)
        return self._asked[1]

    def _platform(self, named: str | None) -> str:
        asked = named or _platform_asked(self.request)
        bound = self.principal.platforms
        refuse_others(bound, asked)
        if bound is not None and asked is None and len(bound) != 1:
            raise bad_parameter("platform", f"one of {', '.join(sorted(bound))}", "none")
        platform = asked or (min(bound) if bound else "default")
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", platform):
            raise bad_parameter("platform", "1 to 64 letters, digits, _ . or -", platform)
        return platform


class Endpoint(msgspec.Struct, Generic[Body, Query], frozen=True, kw_only=True):
    """One method of one path.

    `handler` is `(tx, call) -> answer`, run in a thread with a transaction of its own, or
    `async (call) -> answer` where that does not fit: this one reads the body itself. The answer is
    anything msgspec encodes, or a Response; `accepted` is what a 202 says, where it may be one.
    With `or_scope` that one will do as well, and any of `any_of`. `idempotent` writes take an
    `Idempotency-Key`. What is of the `whole` instance is refused to keys that are bound to a platform, and
    what binds, to those behind which there is no `person`.
    """

    method: str
    path: str
    scope: str
    summary: str
    handler: (
        Callable[[Tx, Call[Body, Query]], object] | Callable[[Call[None, Query]], Awaitable[object]]
    )
    # Left out, the type is None and not unknown: a handler that reads a body is told of its absence.
    body: type[Body] = NoneType  # pyright: ignore[reportAssignmentType]
    query: type[Query] = NoneType  # pyright: ignore[reportAssignmentType]
    answer: Any = None
    accepted: Any = None
    status: int = 200
    or_scope: str | None = None
    any_of: tuple[str, ...] = ()
    idempotent: bool = False
    whole: bool = False
    person: bool = False
    refusals: tuple[int, ...] = ()
    multipart: bool = False

    def route(self) -> Route:
        answer = self._stream if iscoroutinefunction(self.handler) else self._answer
        name = f"{self.method} {self.path}"
        return Route(self.path, Application(answer), methods=[self.method], name=name)

    async def _stream(self, request: Request) -> Response:
        principal = self._admitted(request)
        call = Call(request, request.app.state.services, principal, self._query(request), None)
        handler = cast("Callable[[Call[None, Query]], Awaitable[object]]", self.handler)
        return self.render(await handler(call))

    async def _answer(self, request: Request) -> Response:
        principal = self._admitted(request)
        query = self._query(request)
        body = await self._body(request)
        call = Call(request, request.app.state.services, principal, query, body)
        return await in_turn(request, again, lambda: self._run(call))

    def _admitted(self, request: Request) -> Principal:
        principal: Principal = request.state.principal
        if not any(principal.may(scope) for scope in self.scopes):
            raise forbidden(self.scope)
        if self.person and not principal.is_person:
            raise person_needed()
        if self.whole and principal.platforms is not None:
            raise everybodys(f"{self.path} is about all platforms")
        if asked := _platform_asked(request):
            refuse_others(principal.platforms, asked)
        return principal

    def _query(self, request: Request) -> Query:
        if self.query is NoneType:
            return cast("Query", None)
        return parse_query(request, self.query)

    async def _body(self, request: Request) -> Body:
        if self.body is NoneType:
            return cast("Body", None)
        require_json(request)
        instance: Instance = request.app.state.services
        return decode(await read(request, instance.settings.json_limit), self.body)

    def _run(self, call: Call[Body, Query]) -> Response:
        """Run the handler in its transaction; with an Idempotency-Key, at most once."""
        handler = cast("Callable[[Tx, Call[Body, Query]], object]", self.handler)
        database = call.instance.database
        begun = database.begin(self._acting(call), call.request_id)
        with span("transaction"), begun as tx:
            if not self.idempotent:
                return self.render(handler(tx, call))
            return idempotency.once(tx, call, call.body, lambda: self.render(handler(tx, call)))

    def _acting(self, call: Call[Body, Query]) -> Acting:
        """In whose name; what reads and names a platform sees no other one's."""
        acting = call.principal.acting
        if self.method != "GET" or not _platform_asked(call.request):
            return acting
        return msgspec.structs.replace(acting, platforms=frozenset({call.platform()}))

    def render(self, answer: object) -> Response:
        if isinstance(answer, Response):
            return answer
        if answer is None:
            return Response(status_code=204)
        body = answer if isinstance(answer, bytes) else msgspec.json.encode(answer)
        return Response(body, status_code=self.status, media_type="application/json")

    @property
    def scopes(self) -> tuple[str, ...]:
        """Those of which a caller must have one."""
        other = () if self.or_scope is None else (self.or_scope,)
        return (self.scope, *other, *self.any_of)

    def parameters(self) -> list[str]:
        """The names in the path, in order."""
        return _PARAMETER.findall(self.path)


class Application:
    """An endpoint as Starlette takes it bare, without a layer for errors of its own: whatever is
    raised is an answer here."""

    def __init__(self, answer: Callable[[Request], Awaitable[Response]]) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        request_id: str = request.state.request_id
        try:
            response = await self._answer(request)
        except ClientDisconnect:
            response = Response(status_code=400)
        except Exception as error:
            response = problem(as_refusal(error, request_id), request_id)
        await response(scope, receive, send)


def _platform_asked(request: Request) -> str | None:
    """The platform that the query names. Most requests have no query, and none is parsed then."""
    return request.query_params.get("platform") if request.scope["query_string"] else None


def forbidden(scope: str) -> Refusal:
    return Refusal(
        "scope-missing",
        403,
        "The key may not do this",
        f"This needs the scope {scope!r}. Create a key that has it: tidegate keys create.",
        scope=scope,
    )


def person_needed() -> Refusal:
    return Refusal(
        "person-needed",
        403,
        "This takes a person",
        "Nothing was done: the key is nobody's, and somebody must answer for this. Use a key that is"
        " registered to a user (tidegate keys create --user EMAIL), or the pages.",
    )


def bad_parameter(name: str, expected: str, got: str) -> Refusal:
    return Refusal(
        "invalid-parameter",
        422,
        "A parameter is not what this route takes",
        f"{name}: expected {expected}, got {got[:60]!r}.",
        errors=[FieldError(name, expected, got[:60])],
    )


def parse_query(request: Request, type: type[T]) -> T:
    """The query string as a Struct of this type. Raises Refusal (422) for a wrong or unknown parameter."""
    known = {field.encode_name for field in msgspec.structs.fields(cast("Any", type))}
    for name in request.query_params:
        if name not in known and name != "platform":
            raise bad_parameter(name, f"one of {', '.join(sorted(known))}", "an unknown parameter")
    # An empty value asks for nothing: `?state=&cursor=` is a form left blank.
    given = {k: v for k, v in request.query_params.items() if k in known and v}
    if any("\0" in value for value in given.values()):
        raise bad_parameter("query", "text without NUL characters", "a NUL character")
    try:
        found = msgspec.convert(given, type, strict=False)
    except msgspec.ValidationError as error:
        said = plainly(str(error), type)
        name = said.path.removeprefix("$.") or "query"
        raise bad_parameter(name, said.expected, given.get(name, "")) from error
    for field in msgspec.structs.fields(cast("Any", type)):
        written = given.get(field.encode_name)
        number = isinstance(value := getattr(found, field.name), int) and not isinstance(
            value, bool
        )
        if written is not None and number and read_whole(written) is None:
            raise bad_parameter(field.encode_name, "a whole number in digits", written)
    return found


def require_json(request: Request) -> None:
    """Raises Refusal (415) when the body declares itself as something else than JSON."""
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise Refusal(
            "unsupported-media-type",
            415,
            "The body's type is not what this route takes",
            f"Expected Content-Type: application/json, got {kind[:60]!r}.",
        )
