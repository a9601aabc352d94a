"""Who may call what, walked from the application's own router: every route, scope, role and page."""

import re
from collections.abc import Iterator
from itertools import product
from typing import Any
from uuid import uuid4

from starlette.routing import Route
from tests.api import Api
from tests.web.visitor import Visitor

from tidegate.access.actions import revoke_key
from tidegate.access.model import ROLES
from tidegate.pipeline.house import SCOPES
from tidegate.web import pages
from tidegate.web.api import batch, endpoints
from tidegate.web.metrics import metrics_endpoint

OPEN = {
    *("/healthz", "/readyz", "/openapi.json", "/static/{path:path}"),
    *("/public/schemas/", "/public/schemas/{name}.json"),
}
OPEN_POSTS = {"/public/orders/inbox", "/public/orders/submit"}  # what is signed, or doubtful
STREAMS = {"/events"}  # for whoever is signed in, bounded within: tests/web/test_events.py
BINDS = {(one.method, one.path) for one in endpoints if one.person}
API = {(one.method, one.path): one.scopes for one in [*endpoints, metrics_endpoint]} | {
    ("POST", kind.path): (kind.scope,) for kind in batch.KINDS
}
PAGES = {(one.method, one.path): one for one in pages.routes}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD")
# Nothing that any route takes: whoever looks at it before asking for the scope answers 4xx of
# another kind.
NONSENSE: dict[str, Any] = {"content": b"\xff{", "headers": {"content-type": "text/nonsense"}}


def fill(path: str) -> str:
    """A path with ids of nothing."""
    path = re.sub(r"\{(revision|index)\}", "1", path)
    return re.sub(r"\{\w+\}", str(uuid4()), path)


def in_router(api: Api) -> Iterator[tuple[str, str]]:
    """(method, path) of everything that the application answers."""
    gate: Any = api.client.app
    for route in gate.app.routes:
        assert isinstance(route, Route)
        for method in (route.methods or set(METHODS)) - {"HEAD"}:
            yield method, route.path


def test_no_route_is_undeclared(api: Api) -> None:
    found = set(in_router(api))
    open_routes = {("GET", path) for path in OPEN | STREAMS} | {("POST", one) for one in OPEN_POSTS}
    assert found == set(API) | set(PAGES) | open_routes
    assert {scope for scopes in API.values() for scope in scopes} <= SCOPES.known.keys()
    public = {path for (_, path), page in PAGES.items() if page.public}
    forms = {"/notice", "/tip", "/follow-up", "/.well-known/tidegate.json"}
    forms |= {"/public/contact", "/public/orders/submit"}
    assert all(path == "/sign-in" or path.startswith("/sign-in/") for path in public - forms)
    assert public >= forms


def test_every_api_route_is_401_to_strangers(api: Api) -> None:
    standing = api.key("admin", name="revoked")
    with api.instance.database.begin() as tx:
        revoke_key(tx, standing.split("_")[1])
    strangers = ["", "Bearer", "Bearer nonsense", f"Bearer {standing}", f"Basic {api.admin}"]
    strangers += [api.admin, f"Bearer {api.admin}x", "Bearer tg_\xff_x"]
    paths = {path for _, path in API} | {"/v1", "/v1/", "/v1/nothing", "/v1/items/a/nothing"}
    for path in sorted(paths):
        for method in METHODS:
            answer = api.client.request(method, fill(path), **NONSENSE)
            assert answer.status_code == 401, (method, path)
            assert answer.headers["www-authenticate"] == "Bearer"
            if method != "HEAD":
                assert answer.json()["status"] == 401
    for stranger in strangers:
        headers = {"authorization": stranger.encode("latin-1")}
        assert api.client.get("/v1/cases", headers=headers).status_code == 401, stranger


def test_a_known_key_on_an_unknown_route_is_told_so(api: Api) -> None:
    assert api.get("/v1/nothing").status_code == 404
    assert api.call("PUT", "/v1/cases").status_code == 405
    assert api.get("/v1/nothing").json()["type"] == "/problems/not-found"


def test_a_key_may_what_its_scope_says_before_anything_is_read(api: Api) -> None:
    keys = {scope: api.key(scope) for scope in SCOPES.known}
    for scope, (method, path) in product(SCOPES.known, API):
        key, needed, may = keys[scope], API[method, path], SCOPES.effective([scope])
        answer = api.call(method, f"{fill(path)}?limit=nonsense", key=key, **dict(NONSENSE))
        case = (scope, method, path, answer.text[:200])
        if not may.isdisjoint(needed) and (method, path) in BINDS:
            assert answer.json()["type"] == "/problems/person-needed", case
        elif not may.isdisjoint(needed):
            assert answer.status_code not in (401, 403), case
            assert answer.status_code < 500, case
        else:
            assert answer.status_code == 403, case
            assert answer.json()["type"] == "/problems/scope-missing", case


def test_a_huge_body_is_not_read_for_a_stranger(api: Api) -> None:
    declared = {"content-length": str(1 << 40), "content-type": "application/json"}
    answer = api.client.post("/v1/items", content=b"x", headers=declared)
    assert answer.status_code == 401
    key = api.key("ledger:read")
    assert api.call("POST", "/v1/items", key, content=b"x", headers=declared).status_code == 403
    key = api.key("items:write")
    assert api.call("POST", "/v1/items", key, content=b"x", headers=declared).status_code == 413


def test_every_page_sends_strangers_to_sign_in_and_tells_those_who_want_data(api: Api) -> None:
    unknown = [
        "/nothing",
        *STREAMS,
        "/nothing.json",
        "/v2/items",
        "/v1x",
        "/cases/",
        "/healthz\n",
        "/static",
    ]
    paths = {path for (_, path), page in PAGES.items() if not page.public} | set(unknown)
    for path in sorted(paths):
        for method in METHODS:
            answer = api.client.request(method, fill(path).replace("\n", "%0A"), **NONSENSE)
            if path in STREAMS or path.endswith(".json"):
                assert answer.status_code == 401, (method, path)
                assert answer.headers["content-type"] == "application/problem+json"
                continue
            assert answer.status_code == 303, (method, path)
            to, _, following = answer.headers["location"].partition("?next=")
            assert to == "/sign-in"
            assert following == "" or method in ("GET", "HEAD")
    # A key is no session.
    assert api.get("/cases").status_code == 303


def test_no_answer_of_any_route_is_cached_or_taken_for_another_type(api: Api) -> None:
    person = Visitor(api.instance, api.client)
    for method, path in [*in_router(api), ("GET", "/v1/nothing"), ("GET", "/nothing")]:
        if path in ("/static/{path:path}", *STREAMS):
            continue  # have tests of their own
        as_stranger = api.client.request(method, fill(path), **NONSENSE)
        by_key = api.call(method, fill(path), **dict(NONSENSE))
        by_person = person._send(method, fill(path))
        for answer in (as_stranger, by_key, by_person):
            case = (method, path, answer.status_code)
            assert answer.headers["cache-control"] == "no-store", case
            assert answer.headers.get_list("x-content-type-options") == ["nosniff"], case


def test_the_open_paths_are_open(api: Api) -> None:
    for path in ("/healthz", "/readyz", "/openapi.json", "/sign-in", "/sign-in/index.json"):
        assert api.client.get(path).status_code == 200, path
    # By nobody, until they are switched on, or it was said whom the instance speaks for.
    for path in ("/notice", "/tip", "/follow-up", "/public/contact", "/.well-known/tidegate.json"):
        assert api.client.get(path).status_code == 404, path
    assert api.client.get("/public/nothing").status_code == 404
    for path in ("/public", "/publicly", "/.well-known/tidegate.jsonx", "/.well-known/other"):
        assert api.client.get(path).status_code == 303, path
    assert api.client.get("/tip/more").status_code == 303
    assert api.client.get("/sign-in/nonsense").status_code not in (303, 401, 403)
    assert api.client.get("/static/nothing.css").status_code == 404
    assert api.client.get("/static/..%2f..%2fversion.py").status_code == 404
    assert api.client.get("/sign-in%2f..%2fcases").status_code in (303, 404)


def test_a_role_may_what_its_scopes_say_before_parameters_form_and_csrf(api: Api) -> None:
    people = {role: Visitor(api.instance, api.client, role) for role in ROLES}
    for role, (method, path) in product(ROLES, PAGES):
        person, page, may = people[role], PAGES[method, path], SCOPES.of_role(role)
        if page.public or path == "/sign-out":
            continue
        where = f"{fill(path)}?nonsense=1"
        form = {"content": b"nonsense=%ff", "headers": {"content-type": "text/nonsense"}}
        answer = person._send(method, where, **(form if method == "POST" else {}))
        case = (role, method, path, answer.status_code)
        if not page.scopes or not may.isdisjoint(page.scopes):
            assert answer.status_code in (400, 403, 404, 422), case
            assert "Your role does not include it" not in answer.text, case
        else:
            assert answer.status_code == 403, case
            said = "needs the scope" if page.json else "Your role does not include it"
            assert said in answer.text, case


def test_no_form_is_taken_without_its_token(api: Api) -> None:
    people = {role: Visitor(api.instance, api.client, role) for role in ROLES}
    for role, (method, path) in product(ROLES, PAGES):
        person, page = people[role], PAGES[method, path]
        if page.public or method != "POST" or not page.scopes:
            continue
        if not SCOPES.of_role(role).isdisjoint(page.scopes):
            answer = person.send(fill(path), {"csrf": "guessed"}, csrf=False)
            assert answer.status_code == 403, path
            assert "The form was not ours" in answer.text, path
