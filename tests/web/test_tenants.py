"""Who is bound to a platform: of another one they see nothing and change nothing, on every route."""

from typing import Any

from tests.api import Api, item
from tests.web.two_platforms import (
    OfB,
    body_of,
    check_answer,
    check_unharmed,
    rows,
    seal_all,
    settle_a,
    settle_b,
)

from tidegate.web.api import actions, cases, holds, items, reports

Asked = tuple[str, dict[str, Any]]
API = {
    (one.method, one.path)
    for resource in (items, holds, reports, cases, actions)
    for one in resource.endpoints
} | {("POST", "/v1/items/batch")}
DECISION = {"outcome": "restrict", "label": "propaganda", "reason": "of a", "exemption": "none"}
REPORT = {"id": "by-a", "channel": "user", "reason": "other", "created_at": "2025-12-31T23:30:00Z"}


def attempts(of_b: OfB) -> dict[tuple[str, str], list[Asked]]:
    """What a key of a may try on each route, to get at what is b's."""
    at = "/v1/items/post-of-b"
    opened = {"purpose": "review", "justification": "a look at what is not ours"}
    line = body_of(item("by-a", platform="b", text="x")).encode()
    return {
        ("POST", "/v1/items"): [("/v1/items", {"json": item(platform="b")})],
        ("POST", "/v1/items/batch"): [
            ("/v1/items/batch?platform=b", {"content": line}),
            ("/v1/items/batch", {"content": line}),
        ],
        ("GET", "/v1/items/{id}"): [(at, {})],
        ("DELETE", "/v1/items/{id}"): [(at, {})],
        ("POST", "/v1/items/{id}/decisions"): [(f"{at}/decisions", {"json": DECISION})],
        ("POST", "/v1/items/{id}/holds"): [(f"{at}/holds", {"json": {"reason": "of a"}})],
        ("DELETE", "/v1/items/{id}/holds/{hold}"): [
            (f"{at}/holds/{of_b.hold}", {}),
            (f"/v1/items/post-of-a/holds/{of_b.hold}", {}),
        ],
        ("POST", "/v1/holds/{hold}/open"): [(f"/v1/holds/{of_b.hold}/open", {"json": opened})],
        ("POST", "/v1/reports"): [("/v1/reports", {"json": REPORT | {"item_id": "post-of-b"}})],
        ("GET", "/v1/cases"): [
            ("/v1/cases", {}),
            ("/v1/cases?state=waiting", {}),
            ("/v1/cases?state=decided&queue=reports", {}),
        ],
        ("GET", "/v1/cases/{id}"): [
            (f"/v1/cases/{of_b.case}", {}),
            (f"/v1/cases/{of_b.decided}", {}),
        ],
        ("POST", "/v1/cases/{id}/claim"): [(f"/v1/cases/{of_b.case}/claim", {})],
        ("POST", "/v1/cases/{id}/release"): [(f"/v1/cases/{of_b.case}/release", {})],
        ("POST", "/v1/cases/{id}/decide"): [
            (f"/v1/cases/{one}/decide", {"json": DECISION}) for one in (of_b.case, of_b.decided)
        ],
        ("GET", "/v1/actions"): [("/v1/actions", {})],
        ("POST", "/v1/actions/{id}/replay"): [(f"/v1/actions/{of_b.action}/replay", {})],
    }


def test_a_bound_key_gets_at_nothing_of_another_platform(api: Api) -> None:
    of_b = settle_b(api)
    settle_a(api)
    seal_all(api)
    key = api.key("admin", name="of a", platform="a")
    tried = attempts(of_b)
    assert set(tried) == API, "a new route says here how one might get at another platform's"
    for (method, path), several in tried.items():
        for where, more in several:
            joined = "&" if "?" in where else "?"
            for asked in (where, f"{where}{joined}platform=b"):
                before = rows(api)
                more |= {
                    "headers": {"content-type": "application/x-ndjson"} if "content" in more else {}
                }
                answer = api.call(method, asked, key, **more)
                case = (method, path, asked)
                check_answer(answer, of_b, asked + body_of(more), case)
                check_unharmed(before, rows(api), of_b, case)


def test_a_bound_key_works_on_what_is_its_own(api: Api) -> None:
    settle_b(api)
    settle_a(api)
    key = api.key("admin", name="of a", platform="a")
    (case,) = api.get("/v1/cases", key=key).json()["data"]
    assert (case["item"], case["platform"]) == ("post-of-a", "a")
    assert api.post(f"/v1/cases/{case['id']}/claim", key=key).json()["state"] == "claimed"
    decided = api.post(f"/v1/cases/{case['id']}/decide", DECISION, key=key)
    assert decided.json()["decisions"][0]["outcome"] == "restrict"
    again = api.post(f"/v1/cases/{case['id']}/decide", DECISION, key=key)
    assert (again.status_code, again.json()["decision"]["reason"]) == (409, "of a")
    (action,) = api.get("/v1/actions", key=key).json()["data"]
    assert api.post(f"/v1/actions/{action['id']}/replay", key=key).json()["deliveries"] == 1
    record = api.get("/v1/items/post-of-a", key=key).json()
    assert [len(record[name]) for name in ("evaluations", "decisions", "actions")] == [2, 1, 1]
    assert [len(record[name]) for name in ("revisions", "reports", "cases")] == [1, 1, 1]
    assert len(record["restrictions"]) == 1
