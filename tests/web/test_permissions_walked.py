"""The matrix of permissions is what happens: every page and every route, by real sessions of every role,
for what is within a person's limits and for what is not."""

from typing import Any, get_args
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from tests.api import Api, item
from tests.web.test_permissions import STREAMS, fill
from tests.web.two_platforms import rows
from tests.web.visitor import Visitor

from tidegate.access.actions import create_key
from tidegate.access.model import ROLES
from tidegate.pipeline.house import SCOPES
from tidegate.review.tables import cases
from tidegate.web import pages
from tidegate.web.permissions import May, permissions, told

# What the forms and bodies of routes about a case want, all at once: so that each gets as far as the case.
FORM = {
    "outcome": "pass",
    "reason": "not-for-me",
    "reopen_reason": "once more",
    "purpose": "audit",
    "justification": "a look at what is not ours",
    "text": "a note on it",
    "part": "text",
    "url": "/",
}
NO_PROVIDER = "/account/confirm/provider"  # as here, where none is set
ASKED = {"accept": "application/json"}
REPORT = {"channel": "user", "reason": "spam", "created_at": "2025-12-31T23:30:00Z"}


# Who has a case on the screen, and since when somebody works.
LEFT_BY_LOOKING = {"case_readers", "stints"}


class Cases:
    """A case of the queue and language that people have, and one of each kind that they have not."""

    def __init__(self, api: Api) -> None:
        self.own = self._make(api, "own", "reports", "de")
        self.others = [
            self._make(api, "queue", "default", "de"),
            self._make(api, "language", "reports", "ar"),
            self._make(api, "platform", "reports", "de", "b"),
        ]

    def _make(self, api: Api, id: str, queue: str, language: str, platform: str = "a") -> str:
        text = f"what was said of {id}"
        assert api.post("/v1/items", item(id, platform=platform, text=text)).status_code == 200
        report = REPORT | {"id": id, "item_id": id}
        case = api.post(f"/v1/reports?platform={platform}", report).json()["case"]
        with api.instance.database.begin() as tx:
            about = sa.update(cases).where(cases.c.id == UUID(case))
            tx.execute(about.values(queue=queue, language=language))
        return case


@pytest.fixture
def made(api: Api) -> Cases:
    return Cases(api)


def limited(api: Api, role: str) -> Visitor:
    return Visitor(api.instance, api.client, role, "a", queues=["reports"], languages=["de"])


def matrix() -> dict[tuple[str, str], dict[str, May]]:
    return {(one.method, one.path): one.roles for one in permissions()}


def test_the_matrix_has_every_route_and_every_role(api: Api) -> None:
    routes = Visitor(api.instance, api.client, "intake").get("/permissions.json").json()["routes"]
    found = {(one["method"], one["path"]): one["roles"] for one in routes}
    assert found == {(one.method, one.path): one.roles for one in told()}
    assert len(found) == len(routes) == len(permissions())
    declared = {
        (page.method, page.path) for page in pages.routes if not page.public and not page.twin
    }
    assert declared | {("GET", path) for path in STREAMS} <= matrix().keys()
    assert ("POST", "/v1/cases/{id}/decide") in found
    assert all(list(roles) == list(ROLES) for roles in found.values())
    assert {one for roles in found.values() for one in roles.values()} == set(get_args(May))
    assert found["GET", "/cases"]["curator"] == "no"
    assert found["GET", "/cases/{id}"]["reviewer"] == "own"
    assert found["GET", "/people"] == dict.fromkeys(ROLES, "no") | {"admin": "yes"}


@pytest.mark.parametrize("role", ROLES)
def test_each_page_answers_as_the_matrix_says(api: Api, made: Cases, role: str) -> None:
    """Of those that are about a case: one's own opens, others' are not there, and nothing is written."""
    person, whole = limited(api, role), Visitor(api.instance, api.client, role)
    token = person.csrf()
    before = rows(api)
    for (method, path), roles in matrix().items():
        if path.startswith("/v1/") or (method, path) == ("POST", "/sign-out"):
            continue
        may, case = roles[role], (role, method, path)
        if may == "no":
            form = {"csrf": "x"} if method == "POST" else None
            answer = whole._send(method, fill(path), data=form, headers=ASKED)
            assert answer.status_code == 403, case
            if method == "POST":
                assert answer.json()["type"] == "/problems/scope-missing", case
            continue
        if method == "POST":  # who may not is told so first; who may, that the form is none of ours
            answer = whole._send(method, fill(path), data={"csrf": "x"}, headers=ASKED)
            assert answer.json()["type"] == "/problems/csrf-missing", case
        if method == "GET" and "{" not in path:
            there = (404,) if path == NO_PROVIDER else (200, 204, 303)
            asked = "HEAD" if path in STREAMS else "GET"  # else it would go on and on
            assert whole._send(asked, path).status_code in there, case
        elif method == "GET" and "{case}" in path:
            assert person.get(path.replace("{case}", made.own)).status_code == 200, case
        if "{case}" not in path:
            continue
        assert may == "own", case
        for other in made.others:
            where = fill(path.replace("{case}", other))
            if method == "GET":
                twin = where.partition("?")[0] + ".json"
                assert person.get(where).status_code == 404, case
                assert person.get(twin).status_code in (404, 405), case
            else:
                answer = person.send(where, {"csrf": token} | FORM, csrf=False)
                assert answer.status_code == 404, (*case, answer.text[:300])
    after = rows(api)
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= LEFT_BY_LOOKING, changed - LEFT_BY_LOOKING


@pytest.mark.parametrize("role", ["reviewer", "auditor", "intake"])
def test_lists_have_ones_own_alone(api: Api, made: Cases, role: str) -> None:
    person = limited(api, role)
    for path in ("/cases.json", "/index.json"):
        told = person.get(path).text
        assert not [other for other in made.others if other in told], path
    assert made.own in person.get("/cases.json").text
    queues = person.get("/index.json").json()["queues"]
    assert [(one["queue"], one["waiting"]) for one in queues] == [("reports", 1)]


@pytest.mark.parametrize("role", ROLES)
def test_a_key_of_a_person_sees_their_cases_alone(api: Api, made: Cases, role: str) -> None:
    person = limited(api, role)
    with api.instance.database.begin() as tx:
        scopes = sorted(SCOPES.of_role(role))
        key = create_key(tx, SCOPES, f"of {role}", scopes, None, person.email)[1]
    for (method, path), roles in matrix().items():
        if not path.startswith("/v1/cases"):
            continue
        if roles[role] == "no":
            answer = api.call(method, path.replace("{id}", str(uuid4())), key, json={})
            assert answer.status_code == 403, path
            continue
        if "{id}" not in path:
            data = api.get(path, key=key).json()["data"]
            assert [one["id"] for one in data] == [made.own], path
            continue
        for other in made.others:
            bodies: dict[str, dict[str, Any]] = {
                "tasks": {"text": "not theirs"},
                "links": {"case": other},
            }
            body = bodies.get(path.split("/")[-1], {"outcome": "pass", "reason": "not theirs"})
            answer = api.call(
                method,
                path.replace("{id}", other).replace("{other}", made.own),
                key,
                **({"json": body} if method == "POST" else {}),
            )
            assert answer.status_code == 404, (path, answer.text)


def test_an_item_is_not_decided_past_a_case_that_waits_for_others(api: Api, made: Cases) -> None:
    person = limited(api, "reviewer")
    with api.instance.database.begin() as tx:
        key = create_key(tx, SCOPES, "of r", ["cases:decide"], None, person.email)[1]
    before = rows(api)
    decision = {
        "outcome": "restrict",
        "label": "propaganda",
        "reason": "it is",
        "exemption": "none",
    }
    for id in ("queue", "language"):
        answer = api.post(f"/v1/items/{id}/decisions", decision, key=key)
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/case-of-others")
    assert rows(api) == before
    assert api.post("/v1/items/own/decisions", decision, key=key).status_code == 201
