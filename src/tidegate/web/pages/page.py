"""What a page is, declared in one place: who may open it, what it takes, and its template.

From these declarations come the routing, the `.json` twin of every page, and the order of checks:
authorisation, then parameters, then the form, its CSRF token, the handler. Who asks was settled
before, in the gate.
"""

import inspect
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from tidegate.access.model import Principal
from tidegate.access.platforms import everybodys
from tidegate.infra.db import again
from tidegate.infra.errors import Refusal
from tidegate.infra.parsing import check_text
from tidegate.pipeline.instance import Instance
from tidegate.web.api.endpoint import parse_query
from tidegate.web.body import read
from tidegate.web.csrf import fits
from tidegate.web.headers import SECURITY_HEADERS
from tidegate.web.multipart import MAX_PARTS, Form, is_multipart, read_form
from tidegate.web.nextpath import own_path
from tidegate.web.pages import sent
from tidegate.web.pages.frame import Frame, frame_of
from tidegate.web.pages.refusals import told
from tidegate.web.pages.render import html
from tidegate.web.pages.visit import Visit
from tidegate.web.places import in_turn
from tidegate.web.problems import as_refusal, problem
from tidegate.web.squeeze import squeeze
from tidegate.web.words import language_for, languages, speaking, to_json

FORM_LIMIT = 1 << 20
MOST_FIELDS = 999  # a selection of cases has a field for each
_ASCII = "".join(map(chr, range(0x21, 0x7F)))
_CONFIRM_AGAIN = "confirm-again"
CONFIRM = "/account/confirm"


class Query(msgspec.Struct, frozen=True):
    """What every page takes: `done` names what was just done, for the line that says so, `undo` the
    decision that it was."""

    done: str | None = None
    undo: str | None = None


Handler = Callable[[Visit], Any]


class PageRoute(msgspec.Struct, frozen=True, kw_only=True):
    """One method of one page's path.

    A GET's handler gives the page's Struct, which `template` shows and the `.json` twin encodes; a
    POST's gives the path to go on to. Either may give a Response. Handlers run in a thread, coroutine
    functions in the event loop. `scope` None lets in anybody who signed in, or who may one of `any_of`;
    `public` strangers too.
    `again` is the GET that shows a refused form once more, with what was typed and what was wrong.
    `followed`: people come by links that others send, who add parameters of their own; they say nothing.
    `fresh`: whoever has not shown a factor lately shows one first, before the page with its form.
    `whole`: it is about the whole instance, and so for nobody who has limits. `tongues`: `?lang=` says in
    which language it speaks. `admit` is asked before anything else, a form's body too, and raises Refusal.
    """

    path: str
    handler: Handler
    scope: str | None
    method: str = "GET"
    template: str | None = None
    query: type[Query] = Query
    public: bool = False
    limit: Callable[[Instance], int] | None = None  # of a multipart form, in bytes
    parts: int = MAX_PARTS  # of a multipart form
    again: "PageRoute | None" = None
    json: bool = False
    twin: bool = False  # of a page, which shows the same
    followed: bool = False
    any_of: tuple[str, ...] = ()
    whole: bool = False
    fresh: bool = False
    tongues: bool = False
    admit: Callable[[Visit], None] | None = None

    def route(self) -> Route:
        return Route(self.path, self._endpoint, methods=[self.method])

    async def _endpoint(self, request: Request) -> Response:
        visit = Visit(request)
        with speaking_to(visit, visit.request.query_params.get("lang", "") if self.tongues else ""):
            try:
                response = await self._answer(visit)
            except ClientDisconnect:
                return Response(status_code=400)
            except Exception as error:
                refusal = await in_turn(
                    request, visit.names.refused, as_refusal(error, visit.request_id)
                )
                if not self.json and not visit.by_script:
                    response = await in_turn(request, error_page, visit, refusal)
                else:
                    response = problem(told(refusal), visit.request_id)
        return squeeze(request.headers, _guarded(visit, response))

    async def _answer(self, visit: Visit) -> Response:
        if self.admit is not None:
            self.admit(visit)
        if not self.public and (visit.principal is None or not self._admits(visit.principal)):
            raise _forbidden(self.scopes)
        if self.whole and visit.who.limited:
            raise everybodys("it is about the whole instance")
        visit.query = self.query() if self.followed else parse_query(visit.request, self.query)
        stale = self.fresh and visit.needs_fresh()
        if self.method == "GET":
            if stale and not self.json:
                return see_other(CONFIRM, next=_asked(visit.request))
            if stale:
                raise confirm_again(visit)
            return await self._show(await self._run(visit), visit)
        visit.form = await self._read_form(visit)
        if not self.public:
            _check_csrf(visit)
        try:
            if stale:
                raise confirm_again(visit)
            found = await self._once(visit)
        except Refusal as refusal:
            shown_again = refusal.status in (409, 422) or refusal.type == _CONFIRM_AGAIN
            if self.again is None or visit.by_script or not shown_again:
                raise
            visit.refusal = await in_turn(visit.request, visit.names.refused, refusal)
            visit.query = self.again.query()
            shown = await self.again._run(visit)
            if isinstance(shown, Response):
                return shown
            return await in_turn(
                visit.request, html, self.again.template, visit, shown, refusal.status
            )
        if isinstance(found, Response):
            return _told(found) if visit.by_script else found
        return gone_on(found) if visit.by_script else see_other(found)

    def _admits(self, principal: Principal) -> bool:
        return not self.scopes or any(map(principal.may, self.scopes))

    @property
    def scopes(self) -> tuple[str, ...]:
        """Those of which somebody must have one; none: it is enough to have signed in."""
        return self.any_of if self.scope is None else (self.scope,)

    async def _once(self, visit: Visit) -> Any:
        """The handler's answer; to a form that a script sends again, where it led the first time."""
        if self.public or sent.key_of(visit) is None:
            return await self._run(visit)
        before = await in_turn(visit.request, sent.answered, visit)
        if before is not None:
            return before
        try:
            found = await self._run(visit)
        except sent.SentBefore:
            return await in_turn(visit.request, sent.answered, visit)
        if isinstance(found, str):
            await in_turn(visit.request, sent.keep, visit, found)
        return found

    async def _run(self, visit: Visit) -> Any:
        if inspect.iscoroutinefunction(self.handler):
            return await self.handler(visit)
        before = visit.committed
        return await in_turn(
            visit.request,
            again,
            lambda: self.handler(visit),
            unless=lambda: visit.committed > before,
        )

    async def _show(self, found: object, visit: Visit) -> Response:
        if isinstance(found, Response):
            return found
        if self.json:
            return await in_turn(visit.request, _twin, visit, found)
        return await in_turn(visit.request, html, self.template, visit, found)

    async def _read_form(self, visit: Visit) -> Form:
        """Raises Refusal: 400 for what is no form, 413 for too much of it, 422 for a NUL."""
        request = visit.request
        if is_multipart(request):
            limit = FORM_LIMIT if self.limit is None else self.limit(visit.instance)
            form = await read_form(request, limit, self.parts)
        else:
            body = await read(request, FORM_LIMIT)
            try:
                pairs = parse_qsl(
                    body.decode("ascii"),
                    keep_blank_values=True,
                    errors="strict",
                    max_num_fields=MOST_FIELDS,
                )
            except ValueError as error:
                detail = "Expected fields as a browser sends them."
                raise Refusal("invalid-form", 400, "The form cannot be read", detail) from error
            form = Form(pairs, [])
        for name, value in form.fields:
            check_text({name: value})
        return form


def speaking_to(visit: Visit, asked: str = "") -> AbstractContextManager[None]:
    """Within it the reader is spoken to in the language that is `asked` for, else in what they chose, else in
    what their browser asks for."""
    who = visit.principal
    chosen = languages().get(asked) or (languages().get(who.language) if who else None)
    language = chosen or language_for(visit.request.headers.get("accept-language", ""))
    return speaking(language, who.zone if who else "UTC")


def error_page(visit: Visit, refusal: Refusal) -> Response:
    """A refusal as people read it."""
    response = html(
        "error.html", visit, refusal, refusal.status, refusal.headers, _frame_if_any(visit, refusal)
    )
    return _guarded(visit, response)


def _frame_if_any(visit: Visit, refusal: Refusal) -> Frame:
    """What says no must not fail itself, where what it reads is what failed."""
    who = visit.principal
    if refusal.status >= 500 or who is None or who.session is None:
        return Frame()
    try:
        return frame_of(visit)
    except Exception:
        return Frame()


def _guarded(visit: Visit, response: Response) -> Response:
    """The response with the headers that every page carries."""
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if visit.instance.settings.https_only:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    return response


def with_twins(pages: Iterable[PageRoute]) -> list[PageRoute]:
    """The pages, each preceded by its `.json` twin: `/cases/x.json` must not be taken for an id."""
    routes: list[PageRoute] = []
    for page in pages:
        if page.template is not None:
            path = "/index.json" if page.path == "/" else f"{page.path}.json"
            routes.append(msgspec.structs.replace(page, path=path, json=True, twin=True))
        routes.append(page)
    return routes


def page_or_twin(template: str, visit: Visit, page: object) -> Response:
    """What a form of ours shows in place of going on, which is a page: to a script it is what its twin
    would say."""
    if not visit.by_script:
        return html(template, visit, page)
    return _twin(visit, page)


def _twin(visit: Visit, page: object) -> Response:
    told = visit.names.told(to_json(page))
    return Response(told, media_type="application/json")


def gone_on(path: str) -> Response:
    """What a form of ours that a script sent gets in place of a redirect: where it leads."""
    return Response(to_json({"location": path}), media_type="application/json")


def _told(response: Response) -> Response:
    """A handler's own redirect as a script is told of it; its cookies stay."""
    if response.status_code != 303:
        return response
    told = gone_on(response.headers["location"])
    told.raw_headers += [one for one in response.raw_headers if one[0] == b"set-cookie"]
    return told


def see_other(path: str, **query: str) -> Response:
    """Go on with a GET, as every form does when it worked."""
    location = quote(with_query(path, **query), safe=_ASCII)
    return Response(status_code=303, headers={"Location": location})


def with_query(path: str, **query: str) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def with_more(path: str, **query: str) -> str:
    """A path of ours with more in its query, or with other values there."""
    before, _, given = path.partition("?")
    return with_query(before, **(dict(parse_qsl(given)) | query))


def refuse_without(visit: Visit, scopes: Sequence[str]) -> None:
    """For what only shows on the way: raises Refusal (403) where the person may none of these."""
    if not any(map(visit.may, scopes)):
        raise _forbidden(scopes)


def _forbidden(scopes: Sequence[str]) -> Refusal:
    needed = " or ".join(map(repr, scopes))
    detail = f"This page needs the scope {needed}. Somebody with the role admin can change roles."
    return Refusal("scope-missing", 403, "Your role does not open this page", detail)


def _asked(request: Request) -> str:
    """The path that was asked for, with its query."""
    path: bytes = request.scope.get("raw_path") or b"/"
    query: bytes = request.scope["query_string"]
    return own_path((path.partition(b"?")[0] + (b"?" + query if query else b"")).decode("latin-1"))


def confirm_again(visit: Visit) -> Refusal:
    """Its page comes before the form, so this is for a form that lay open for long, and for scripts. They
    go on where they came from."""
    came = urlsplit(visit.request.headers.get("referer", ""))
    back = own_path(came.path + (f"?{came.query}" if came.query else ""))
    return Refusal(
        _CONFIRM_AGAIN,
        403,
        "Show again that it is you",
        "Nothing was changed. This asks for your passkey, a recovery code or your password again, ten minutes"
        " after the last time.",
        confirm=with_query(CONFIRM, next=back),
    )


def _check_csrf(visit: Visit) -> None:
    if not fits(visit.field("csrf"), visit.who.csrf or ""):
        raise Refusal(
            "csrf-missing",
            403,
            "The form was not ours, or is from an older sign-in",
            "Nothing was changed. Open the page again and send the form from there.",
        )
