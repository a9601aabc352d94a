"""Who is bound to a platform: of another one they see nothing and change nothing, on every route."""

from typing import Any
from uuid import UUID

from tests.api import Api, item
from tests.others import Other
from tests.web import of_orders
from tests.web.desk_of_policy import attempts as policy_attempts
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
from tests.web.visitor import Visitor

from tidegate.access.people import change_limits
from tidegate.access.queries import get_user
from tidegate.content.holds.actions import end_due
from tidegate.infra.clock import FakeClock
from tidegate.pipeline.erase import expire
from tidegate.review.actions import reopen
from tidegate.web import pages
from tidegate.web.api import endpoints
from tidegate.web.api.batch import KINDS
from tidegate.web.metrics import metrics_endpoint

Asked = tuple[str, dict[str, Any]]
API = {(one.method, one.path) for one in [*endpoints, metrics_endpoint]} | {
    ("POST", kind.path) for kind in KINDS
}
DECISION = {"outcome": "restrict", "label": "propaganda", "reason": "of a", "exemption": "none"}
INCIDENT = {"scheme": "attack-response", "title": "of a"}
CLOSING = {"outcome": "handled", "reason": "of a"}
GRADE = {"scheme": "admiralty", "source": "B", "information": "2"}
OTHER, NEW_YEAR = Other(), "2026-01-01T00:00:00Z"
BINDS = {(one.method, one.path) for one in endpoints if one.person}
REPORT = {"id": "by-a", "channel": "user", "reason": "other", "created_at": "2025-12-31T23:30:00Z"}


def attempts(of_b: OfB) -> dict[tuple[str, str], list[Asked]]:
    """What a key of a may try on each route, to get at what is b's."""
    at = "/v1/items/post-of-b"
    opened = {"purpose": "review", "justification": "a look at what is not ours"}
    line = body_of(item("by-a", platform="b", text="x")).encode()
    told = body_of(REPORT | {"item_id": "post-of-b"})
    bank, entry = "/v1/banks/bank-of-b", f"/v1/banks/bank-of-b/entries/{of_b.entry}"
    known = f"/v1/banks/everybodys/entries/{of_b.shared}"
    # Under the name of another bank, too: one that a may read.
    flagger, notifier = f"/v1/flaggers/{of_b.flagger}", f"/v1/notifiers/{of_b.notifier}"
    why = {"json": {"reason": "of a"}}
    other = f"/v1/registry/{OTHER.id}"
    hidden = f"/v1/banks/everybodys/entries/{of_b.entry}"
    return of_orders.attempts(of_b.order) | {
        ("GET", "/v1/banks"): [("/v1/banks", {})],
        ("POST", "/v1/banks"): [
            ("/v1/banks", {"json": {"name": "x", "stance": "allow", "platform": "b"}})
        ],
        ("GET", "/v1/banks/{name}"): [(bank, {})],
        ("PATCH", "/v1/banks/{name}"): [
            (one, {"json": {"enabled": False}}) for one in (bank, "/v1/banks/everybodys")
        ],
        ("DELETE", "/v1/banks/{name}"): [(bank, {}), ("/v1/banks/everybodys", {})],
        ("GET", "/v1/banks/{name}/entries"): [(f"{bank}/entries", {})],
        ("POST", "/v1/banks/{name}/entries"): [
            (f"{one}/entries", {"json": {"text": "of a"}}) for one in (bank, "/v1/banks/everybodys")
        ],
        ("GET", "/v1/banks/{name}/entries/{entry}"): [(entry, {}), (hidden, {})],
        ("PATCH", "/v1/banks/{name}/entries/{entry}"): [
            (one, {"json": {"enabled": False}}) for one in (entry, hidden, known)
        ],
        ("DELETE", "/v1/banks/{name}/entries/{entry}"): [(entry, {}), (hidden, {}), (known, {})],
        ("POST", "/v1/banks/{name}/entries/{entry}/confirm"): [
            (f"{one}/confirm", {}) for one in (entry, hidden, known)
        ],
        ("POST", "/v1/banks/{name}/entries/{entry}/refute"): [
            (f"{one}/refute", {}) for one in (entry, hidden, known)
        ],
        ("GET", "/v1/policy"): [("/v1/policy", {})],
        ("POST", "/v1/policy/check"): [("/v1/policy/check", {"json": {"source": "name = 'a'"}})],
        ("GET", "/v1/metrics"): [("/v1/metrics", {})],
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
        ("GET", "/v1/holds/{hold}"): [(f"/v1/holds/{of_b.hold}", {})],
        ("POST", "/v1/holds/{hold}/open"): [(f"/v1/holds/{of_b.hold}/open", {"json": opened})],
        ("POST", "/v1/reports"): [("/v1/reports", {"json": REPORT | {"item_id": "post-of-b"}})],
        ("POST", "/v1/reports/batch"): [
            ("/v1/reports/batch?platform=b", {"content": told}),
            ("/v1/reports/batch", {"content": told}),
        ],
        ("GET", "/v1/reports/{id}"): [("/v1/reports/report-of-b", {})],
        ("GET", "/v1/references/{code}"): [(f"/v1/references/{of_b.reference}", {})],
        ("POST", "/v1/references/{code}/messages"): [
            (f"/v1/references/{of_b.reference}/messages", {"json": {"text": "of a"}})
        ],
        ("POST", "/v1/reports/{id}/questions"): [
            ("/v1/reports/report-of-b/questions", {"json": {"text": "of a"}})
        ],
        ("GET", "/v1/cases"): [
            ("/v1/cases", {}),
            ("/v1/cases?state=waiting", {}),
            ("/v1/cases?state=decided&queue=reports", {}),
        ],
        ("GET", "/v1/cases/{id}"): [
            (f"/v1/cases/{one}", {}) for one in (of_b.case, of_b.decided, of_b.asked)
        ],
        ("POST", "/v1/reports/{id}/grade"): [("/v1/reports/report-of-b/grade", {"json": GRADE})],
        ("GET", "/v1/reports/{id}/grades"): [("/v1/reports/report-of-b/grades", {})],
        ("GET", "/v1/flaggers"): [("/v1/flaggers", {})],
        ("POST", "/v1/flaggers"): [("/v1/flaggers", {"json": {"name": "x", "platform": "b"}})],
        ("GET", "/v1/flaggers/{id}"): [(flagger, {})],
        ("POST", "/v1/flaggers/{id}/suspend"): [(f"{flagger}/suspend", why)],
        ("POST", "/v1/flaggers/{id}/resume"): [(f"{flagger}/resume", why)],
        ("GET", "/v1/notifiers/{pseudonym}"): [(notifier, {})],
        ("POST", "/v1/notifiers/{pseudonym}/warn"): [(f"{notifier}/warn", why)],
        ("POST", "/v1/notifiers/{pseudonym}/suspend"): [
            (f"{notifier}/suspend", {"json": {"reason": "of a", "until": "2026-02-01T00:00:00Z"}})
        ],
        ("POST", "/v1/notifiers/{pseudonym}/lift"): [(f"{notifier}/lift", why)],
        ("GET", "/v1/grading/schemes"): [("/v1/grading/schemes", {})],
        ("POST", "/v1/reports/{id}/source"): [("/v1/reports/report-of-b/source", {"json": opened})],
        ("GET", "/v1/cases/{id}/reports"): [(f"/v1/cases/{of_b.case}/reports", {})],
        ("GET", "/v1/alerts"): [("/v1/alerts", {}), ("/v1/alerts?state=open", {})],
        ("GET", "/v1/alerts/{id}"): [(f"/v1/alerts/{of_b.alert}", {})],
        ("GET", "/v1/alerts/{id}/reports"): [(f"/v1/alerts/{of_b.alert}/reports", {})],
        ("POST", "/v1/alerts/{id}/acknowledge"): [(f"/v1/alerts/{of_b.alert}/acknowledge", {})],
        ("GET", "/v1/clocks"): [("/v1/clocks", {}), ("/v1/clocks?state=running", {})],
        ("GET", "/v1/clocks/{id}"): [(f"/v1/clocks/{of_b.clock}", {})],
        ("POST", "/v1/clocks/{id}/acknowledge"): [(f"/v1/clocks/{of_b.clock}/acknowledge", {})],
        ("GET", "/v1/rings"): [("/v1/rings", {})],
        ("POST", "/v1/rings/{id}/acknowledge"): [(f"/v1/rings/{of_b.ring}/acknowledge", {})],
        ("GET", "/v1/tasks"): [("/v1/tasks", {})],
        ("POST", "/v1/cases/{id}/tasks"): [
            (f"/v1/cases/{of_b.case}/tasks", {"json": {"text": "of a"}})
        ],
        ("POST", "/v1/tasks/{id}/done"): [(f"/v1/tasks/{of_b.task}/done", {})],
        ("POST", "/v1/cases/{id}/links"): [
            (f"/v1/cases/{of_b.case}/links", {"json": {"case": of_b.decided}})
        ],
        ("DELETE", "/v1/cases/{id}/links/{other}"): [
            (f"/v1/cases/{of_b.case}/links/{of_b.asked}", {})
        ],
        ("GET", "/v1/clusters/{id}"): [(f"/v1/clusters/{of_b.cluster}", {})],
        ("POST", "/v1/clusters/{id}/merge"): [
            (f"/v1/clusters/{of_b.cluster}/merge", {"json": {"with": [of_b.cluster]}})
        ],
        ("POST", "/v1/clusters/{id}/split"): [
            (f"/v1/clusters/{of_b.cluster}/split", {"json": {"members": ["report-of-b"]}})
        ],
        ("POST", "/v1/clusters/{id}/pin"): [
            (f"/v1/clusters/{of_b.cluster}/pin", {"json": {"members": ["report-of-b"]}})
        ],
        ("POST", "/v1/clusters/changes/{id}/undo"): [
            (f"/v1/clusters/changes/{of_b.change}/undo", {})
        ],
        ("POST", "/v1/alerts/{id}/close"): [
            (
                f"/v1/alerts/{of_b.alert}/close",
                {"json": {"outcome": "handled", "reason": "of a"}},
            )
        ],
        ("POST", "/v1/cases/{id}/claim"): [(f"/v1/cases/{of_b.case}/claim", {})],
        ("POST", "/v1/cases/{id}/release"): [(f"/v1/cases/{of_b.case}/release", {})],
        ("POST", "/v1/cases/{id}/decide"): [
            (f"/v1/cases/{one}/decide", {"json": DECISION}) for one in (of_b.case, of_b.decided)
        ]
        + [
            (
                f"/v1/cases/{of_b.asked}/decide",
                {"json": {"outcome": "pass", "reason": "of a", "entry": "confirm"}},
            )
        ],
        ("POST", "/v1/decisions/{id}/undo"): [(f"/v1/decisions/{of_b.held}/undo", {})],
        ("GET", "/v1/incidents"): [("/v1/incidents", {}), ("/v1/incidents?state=open", {})],
        ("GET", "/v1/incidents/schemes"): [("/v1/incidents/schemes", {})],
        ("POST", "/v1/incidents"): [("/v1/incidents", {"json": INCIDENT | {"platform": "b"}})],
        ("GET", "/v1/incidents/{id}"): [
            (f"/v1/incidents/{one}", {}) for one in (of_b.incident, of_b.proposed)
        ],
        ("POST", "/v1/incidents/{id}/open"): [
            (f"/v1/incidents/{of_b.proposed}/open", {"json": {"reason": "of a"}})
        ],
        ("POST", "/v1/incidents/{id}/step"): [
            (f"/v1/incidents/{of_b.incident}/step", {"json": {"step": "lead"}})
        ],
        ("POST", "/v1/incidents/{id}/close"): [
            (f"/v1/incidents/{of_b.incident}/close", {"json": CLOSING})
        ],
        ("POST", "/v1/registry"): [("/v1/registry", {"json": OTHER.document()})],
        ("GET", "/v1/registry"): [("/v1/registry", {})],
        ("GET", "/v1/registry/{id}"): [(other, {})],
        ("POST", "/v1/registry/{id}/confirm"): [
            (f"{other}/confirm", {"json": {"kids": [OTHER.kid]}})
        ],
        ("POST", "/v1/registry/{id}/provisional"): [
            (f"{other}/provisional", {"json": {"on": True}})
        ],
        ("POST", "/v1/registry/{id}/keys/{kid}/revoke"): [
            (f"{other}/keys/{OTHER.kid}/revoke", {"json": {"at": NEW_YEAR, "reason": "of a"}})
        ],
        ("GET", "/v1/actions"): [("/v1/actions", {})],
        ("GET", "/v1/ledger"): [("/v1/ledger?limit=1000", {}), ("/v1/ledger?after=3", {})],
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
    # It was all there to be got at, by who is bound to nothing; what deletes comes last.
    person = api.person()
    firsts = [(method, path, several[0]) for (method, path), several in tried.items()]
    for method, path, (where, more) in sorted(
        firsts, key=lambda one: (one[0] == "DELETE", "{entry}" not in one[1])
    ):
        joined = "&" if "?" in where else "?"
        by = person if (method, path) in BINDS else None
        answer = api.call(method, f"{where}{joined}platform=b", by, **more)
        if answer.status_code == 403:  # an authority's part, which this platform has not
            assert answer.json()["type"] == "/problems/not-competent", (method, path, answer.text)
        assert answer.status_code != 404, (method, path, answer.text)


def test_a_list_of_one_platform_has_nothing_of_another(api: Api) -> None:
    settle_b(api)
    settle_a(api)
    bound = api.key("admin", name="of a", platform="a")
    for path in ("/v1/cases", "/v1/actions", "/v1/banks", "/v1/ledger"):
        of_b = api.get(f"{path}?platform=b")
        assert of_b.status_code == 200
        assert "post-of-a" not in of_b.text
        assert api.get(f"{path}?platform=a").json() == api.get(path, key=bound).json()
        refused = api.get(f"{path}?platform=b", key=bound)
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/platform-bound")
    assert {one["platform"] for one in api.get("/v1/cases?platform=b").json()["data"]} == {"b"}


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


def test_the_ledger_is_read_by_platform(api: Api) -> None:
    settle_b(api)
    settle_a(api)
    seal_all(api)
    key = api.key("ledger:read", name="of a", platform="a")
    seal_all(api)
    whole = api.get("/v1/ledger?limit=1000").json()["data"]
    assert [one["seq"] for one in whole] == list(range(1, len(whole) + 1))
    mine = api.get("/v1/ledger", key=key).json()
    assert sorted(one["kind"] for one in mine["data"]) == [
        "case.opened",
        "item.judged",
        "item.judged",
        "report.received",
    ]
    # All up to here was looked through: who comes back need not look again.
    assert mine["next"] == str(len(whole))
    assert api.get(f"/v1/ledger?after={mine['next']}", key=key).json()["data"] == []
    one = api.get("/v1/ledger?limit=1", key=key).json()
    assert (one["data"], one["next"]) == (mine["data"][:1], str(mine["data"][0]["seq"]))


def test_every_entry_about_an_item_is_of_its_platform(api: Api, clock: FakeClock) -> None:
    of_b = settle_b(api)
    settle_a(api)
    until = {"reason": "a while", "until": "2026-01-01T00:00:01Z"}
    assert api.post("/v1/items/post-of-a/holds?platform=a", until).status_code == 201
    assert api.post(f"/v1/actions/{of_b.action}/replay").status_code == 200
    opened = {"purpose": "review", "justification": "what was it about?"}
    assert api.post(f"/v1/holds/{of_b.hold}/open", opened).status_code == 201
    url = REPORT | {"url": "https://example.org/reported"}
    assert api.post("/v1/reports?platform=b", url).status_code == 201
    clock.advance(400 * 86_400)
    with api.instance.database.begin() as tx:
        reopen(tx, UUID(of_b.decided), "once more")
        assert end_due(tx) == 1
        assert expire(tx, api.instance.settings) > 1
    lifted = f"/v1/items/post-of-b/holds/{of_b.hold}?platform=b"
    assert api.call("DELETE", lifted).status_code == 204
    with api.instance.database.begin() as tx:
        found = tx.connection.exec_driver_sql(
            "SELECT l.kind, l.platform IS NOT DISTINCT FROM i.platform"
            " FROM ledger_pending l JOIN items i ON i.id = l.subject"
        ).all()
    assert [kind for kind, right in found if not right] == []
    assert {kind for kind, _ in found} >= {
        *("item.judged", "item.admitted", "item.closed", "report.received", "decision.recorded"),
        *("case.opened", "case.reopened", "action.issued", "action.replayed"),
        *("hold.placed", "hold.opened", "hold.ended", "hold.lifted"),
    }
    assert api.call("DELETE", "/v1/items/post-of-b?platform=b").status_code == 204
    with api.instance.database.begin() as tx:
        query = "SELECT platform FROM ledger_pending WHERE kind = 'item.erased'"
        assert tx.connection.exec_driver_sql(query).scalars().all() == ["b"]


def page_attempts(of_b: OfB, person: UUID) -> dict[tuple[str, str], list[Asked]]:
    """What a person of a may try on each page; `.json` twins are tried as well."""
    case, item_at = f"/cases/{of_b.case}", f"/items/{of_b.item_id}"
    bank, everybodys = "/banks/bank-of-b", "/banks/everybodys"
    form = DECISION | {"territory": "", "until": ""}
    hold = f"{item_at}/holds/{of_b.hold}/open"
    opened = {"purpose": "review", "justification": "a look at what is not ours"}
    entry_at, media_at = f"/media/entries/{of_b.entry}", f"/media/{of_b.item_id}/1/0"
    tried: dict[tuple[str, str], list[Asked]] = {
        ("GET", "/"): [("/", {})],
        ("GET", "/cases"): [
            ("/cases", {}),
            ("/cases?state=decided", {}),
            (f"/cases?q={of_b.item}", {}),
            (f"/cases?q={of_b.case}", {}),
        ],
        ("POST", "/cases/filters"): [],  # what a person looks for, and no things of a platform
        ("POST", "/cases/filters/{filter}/delete"): [],
        ("POST", "/cases/next"): [("/cases/next", {"filter": "queue=entries"})],
        ("GET", "/cases/{case}"): [
            (f"/cases/{one}", {}) for one in (of_b.case, of_b.decided, of_b.asked)
        ],
        ("POST", "/cases/{case}/claim"): [(f"{case}/claim", {})],
        ("POST", "/cases/{case}/release"): [(f"{case}/release", {})],
        ("POST", "/cases/{case}/decide"): [(f"{case}/decide", form)],
        ("POST", "/cases/{case}/draft"): [(f"{case}/draft", {"reason": "of a"})],
        ("POST", "/cases/{case}/note"): [(f"{case}/note", {"text": "of a"})],
        ("POST", "/cases/{case}/grade"): [
            (
                f"{case}/grade",
                {
                    "grade_report": "report-of-b",
                    "grade_source": "admiralty B",
                    "grade_information": "admiralty 2",
                },
            )
        ],
        ("POST", "/cases/{case}/ask"): [
            (f"{case}/ask", {"asked_report": "report-of-b", "question": "of a"})
        ],
        ("POST", "/cases/{case}/skip"): [(f"{case}/skip", {"reason": "technical"})],
        ("POST", "/cases/{case}/take-over"): [(f"{case}/take-over", {"reason": "of a, by a"})],
        ("POST", "/cases/{case}/here"): [(f"{case}/here", {})],
        ("POST", "/cases/{case}/reveal"): [(f"{case}/reveal", {"part": "media/0"})],
        **{
            ("POST", f"/cases/{{case}}/second/{one}"): [(f"{case}/second/{one}", {})]
            for one in ("open", "agree")
        },
        ("GET", "/quality"): [("/quality", {})],
        ("GET", "/quality/model"): [("/quality/model", {})],
        ("POST", "/decisions/{decision}/undo"): [(f"/decisions/{of_b.held}/undo", {})],
        # Of another platform's cases none waits for them: that is refused (test_bulk.py). A batch is its
        # maker's alone.
        ("POST", "/cases/bulk/preview"): [],
        ("POST", "/cases/bulk/apply"): [],
        ("GET", "/bulk/{bulk}"): [],
        ("POST", "/bulk/{bulk}/undo"): [],
        ("POST", "/cases/{case}/reopen"): [
            (f"/cases/{of_b.decided}/reopen", {"reopen_reason": "of a"})
        ],
        ("GET", "/items"): [("/items?id=post-of-b&platform=b", {}), ("/items?id=post-of-b", {})],
        ("GET", "/items/{item}"): [(item_at, {})],
        ("POST", "/items/{item}/lift"): [(f"{item_at}/lift", {"reason": "of a"})],
        ("POST", "/items/{item}/holds/{hold}/open"): [(hold, opened)],
        ("POST", "/items/{item}/order-holds/{hold}/open"): [
            (hold.replace("/holds/", "/order-holds/"), opened)
        ],
        ("GET", "/banks"): [("/banks", {})],
        ("POST", "/banks"): [("/banks", {"name": "x", "stance": "allow", "platform": "b"})],
        ("GET", "/banks/{bank}"): [(bank, {})],
        ("POST", "/banks/{bank}/switch"): [
            (f"{one}/switch", {"enabled": "no", "name": one.rpartition("/")[2]})
            for one in (bank, everybodys)
        ],
        ("POST", "/banks/{bank}/radius"): [
            (f"{one}/radius", {"kind": "pdq", "bits": "9"}) for one in (bank, everybodys)
        ],
        ("GET", "/banks/{bank}/change"): [(f"{bank}/change", {})],
        ("GET", "/banks/{bank}/entries/{entry}"): [(f"{bank}/entries/{of_b.entry}", {})],
        # Somebody's own, whom nobody else's are told of (test_bank_changes.py, test_bank_imports.py).
        ("POST", "/banks/{bank}/changes/{change}/undo"): [],
        ("POST", "/banks/{bank}/imports"): [
            (f"{one}/imports", {"pasted": "sha256\n" + "ab" * 32}) for one in (bank, everybodys)
        ],
        ("GET", "/banks/{bank}/imports/{import}"): [(f"{bank}/imports/{of_b.imported}", {})],
        ("GET", "/banks/{bank}/imports/{import}/errors"): [
            (f"{bank}/imports/{of_b.imported}/errors", {})
        ],
        ("POST", "/banks/{bank}/imports/{import}/take"): [
            (f"{one}/imports/{of_b.imported}/take", {}) for one in (bank, everybodys)
        ],
        ("POST", "/banks/{bank}/imports/{import}/drop"): [
            (f"{one}/imports/{of_b.imported}/drop", {}) for one in (bank, everybodys)
        ],
        ("POST", "/banks/{bank}/entries"): [
            (f"{one}/entries", {"text": "of a"}) for one in (bank, everybodys)
        ],
        ("GET", "/find"): [
            (f"/find?q={typed}&tab={tab}", {})
            for typed in ("picture", "platform:b", "post-of-b", of_b.item_id, of_b.entry)
            for tab in ("items", "entries", "decisions")
        ],
        ("POST", "/find"): [("/find", {"text": "what was in the picture"})],
        ("GET", "/search"): [("/search", {})],
        ("POST", "/search"): [("/search", {"text": "what was in the picture"})],
        ("GET", "/policy"): [("/policy", {})],
        **policy_attempts(),
        ("GET", "/actions"): [("/actions", {})],
        ("POST", "/actions/{action}/replay"): [(f"/actions/{of_b.action}/replay", {})],
        ("GET", "/alerts"): [("/alerts", {})],
        ("POST", "/alerts/{alert}/acknowledge"): [(f"/alerts/{of_b.alert}/acknowledge", {})],
        ("POST", "/cases/{case}/tasks"): [(f"{case}/tasks", {"task_text": "of a"})],
        ("POST", "/cases/{case}/tasks/{task}/done"): [(f"{case}/tasks/{of_b.task}/done", {})],
        ("POST", "/cases/{case}/links"): [(f"{case}/links", {"link_case": of_b.decided})],
        ("POST", "/cases/{case}/links/{other}/remove"): [(f"{case}/links/{of_b.asked}/remove", {})],
        ("GET", "/clusters/{cluster}"): [(f"/clusters/{of_b.cluster}", {})],
        ("POST", "/clusters/{cluster}/split"): [
            (f"/clusters/{of_b.cluster}/split", {"members": of_b.item_id})
        ],
        ("POST", "/clusters/{cluster}/pin"): [
            (f"/clusters/{of_b.cluster}/pin", {"members": of_b.item_id})
        ],
        ("POST", "/clusters/{cluster}/merge"): [
            (f"/clusters/{of_b.cluster}/merge", {"with": of_b.cluster})
        ],
        ("POST", "/clusters/{cluster}/changes/{change}/undo"): [
            (f"/clusters/{of_b.cluster}/changes/{of_b.change}/undo", {})
        ],
        ("GET", "/flaggers"): [("/flaggers", {})],
        ("POST", "/flaggers"): [("/flaggers", {"name": "of a", "platform": "b"})],
        ("GET", "/flaggers/{flagger}"): [(f"/flaggers/{of_b.flagger}", {})],
        ("POST", "/flaggers/{flagger}/suspend"): [
            (f"/flaggers/{of_b.flagger}/suspend", {"reason": "of a"})
        ],
        ("POST", "/flaggers/{flagger}/resume"): [
            (f"/flaggers/{of_b.flagger}/resume", {"reason": "of a"})
        ],
        ("POST", "/notifiers"): [("/notifiers", {"notifier": of_b.notifier, "of_platform": "b"})],
        ("GET", "/notifiers/{platform}/{notifier}"): [(f"/notifiers/b/{of_b.notifier}", {})],
        **{
            ("POST", f"/notifiers/{{platform}}/{{notifier}}/{verb}"): [
                (
                    f"/notifiers/b/{of_b.notifier}/{verb}",
                    {"reason": "of a", "until": "2026-01-31"},
                )
            ]
            for verb in ("warn", "suspend", "lift")
        },
        ("GET", "/incidents"): [("/incidents", {}), ("/incidents?state=open", {})],
        ("POST", "/incidents"): [("/incidents", INCIDENT | {"platform": "b"})],
        ("GET", "/incidents/{incident}"): [
            (f"/incidents/{one}", {}) for one in (of_b.incident, of_b.proposed)
        ],
        ("GET", "/incidents/{incident}/debrief"): [(f"/incidents/{of_b.incident}/debrief", {})],
        ("POST", "/incidents/{incident}/open"): [
            (f"/incidents/{of_b.proposed}/open", {"reason": "of a"})
        ],
        ("POST", "/incidents/{incident}/step"): [
            (f"/incidents/{of_b.incident}/step", {"step": "lead"})
        ],
        ("POST", "/incidents/{incident}/close"): [(f"/incidents/{of_b.incident}/close", CLOSING)],
        ("GET", "/alerts/{alert}"): [(f"/alerts/{of_b.alert}", {})],
        ("POST", "/alerts/{alert}/close"): [
            (f"/alerts/{of_b.alert}/close", {"outcome": "handled", "reason": "of a"})
        ],
        ("GET", "/ledger"): [("/ledger", {}), ("/ledger?before=9", {})],
        ("GET", "/account"): [("/account", {})],
        ("POST", "/account/password"): [],  # one's own
        ("POST", "/account/name"): [],
        ("POST", "/account/signs"): [],
        ("POST", "/items/{item}/open"): [(f"{item_at}/open", opened)],
        ("POST", "/cases/{case}/open"): [
            (f"/cases/{one}/open", opened) for one in (of_b.case, of_b.decided, of_b.asked)
        ],
        ("POST", "/banks/{bank}/entries/{entry}/open"): [
            (f"{one}/entries/{of_b.entry}/open", opened) for one in (bank, everybodys)
        ],
        ("GET", "/permissions.json"): [("/permissions.json", {})],
        ("GET", "/settings"): [("/settings", {})],
        # Whoever is bound makes nobody who is not.
        ("GET", "/people"): [("/people", {})],
        ("POST", "/people"): [("/people", {"email": "x@example.org", "role": "admin"})],
        ("GET", "/people/{person}"): [(f"/people/{person}", {})],
        ("GET", "/keys"): [("/keys", {})],
        ("POST", "/keys"): [("/keys", {"name": "x", "scopes": "admin"})],
        ("POST", "/keys/{key}/rotate"): [("/keys/of%20b/rotate", {})],
        ("POST", "/keys/{key}/revoke"): [("/keys/of%20b/revoke", {})],
        ("GET", "/media/entries/{entry}"): [(f"/media/entries/{of_b.entry}", {})],
        ("GET", "/media/{item}/{revision}/{index}"): [(f"/media/{of_b.item_id}/1/0", {})],
        ("GET", "/media/entries/{entry}/file"): [(f"{entry_at}/file", {})],
        ("POST", "/media/entries/{entry}/file/reveal"): [(f"{entry_at}/file/reveal", {})],
        ("GET", "/media/entries/{entry}/download"): [(f"{entry_at}/download", {})],
        ("POST", "/media/entries/{entry}/download"): [(f"{entry_at}/download", opened)],
        ("GET", "/media/{item}/{revision}/{index}/file"): [(f"{media_at}/file", {})],
        ("POST", "/media/{item}/{revision}/{index}/file/reveal"): [(f"{media_at}/file/reveal", {})],
        ("GET", "/media/{item}/{revision}/{index}/download"): [(f"{media_at}/download", {})],
        ("POST", "/media/{item}/{revision}/{index}/download"): [(f"{media_at}/download", opened)],
        ("GET", "/go"): [
            ("/go?q=post-of-b", {}),
            ("/go?q=b/post-of-b", {}),
            (f"/go?q={of_b.case}", {}),
            (f"/go?q={of_b.item_id}", {}),
        ],
        ("GET", "/me/settings"): [("/me/settings", {})],
        ("GET", "/me/exposure"): [("/me/exposure", {})],
        ("GET", "/me/break"): [("/me/break", {})],
        # One's own:
        ("POST", "/me/settings"): [],
        ("POST", "/me/exposure/erase"): [],
        ("POST", "/me/exposure/seconds"): [],
        ("POST", "/me/break"): [],
        ("POST", "/me/close-day"): [],
        ("POST", "/session/stay"): [],
        ("POST", "/sign-out"): [],
    }
    tried |= of_orders.page_attempts(of_b.order, OTHER.kid)
    for page in pages.routes:  # what somebody signs in by is theirs alone
        if page.path.startswith(("/account/security", "/account/confirm")) and not page.twin:
            tried.setdefault((page.method, page.path), [])
    for verb in ("role", "limits", "name", "link", "disable", "enable"):
        given = {"role": "admin", "display_name": "x"}
        tried["POST", f"/people/{{person}}/{verb}"] = [(f"/people/{person}/{verb}", given)]
    switch = {"enabled": "no"}
    for verb in ("confirm", "refute", "switch", "delete"):
        tried["POST", f"/banks/{{bank}}/entries/{{entry}}/{verb}"] = [
            (f"{bank}/entries/{of_b.entry}/{verb}", switch),
            (f"{everybodys}/entries/{of_b.entry}/{verb}", switch),
            (f"{everybodys}/entries/{of_b.shared}/{verb}", switch),
        ]
    return tried


def test_a_bound_person_gets_at_nothing_of_another_platform(api: Api) -> None:
    of_b = settle_b(api)
    settle_a(api)
    case_of_a = api.get("/v1/cases", key=api.key("cases:read", name="a", platform="a")).json()
    person = Visitor(api.instance, api.client, "admin", "a", "c")
    seal_all(api)
    csrf = {"csrf": person.csrf()}
    with api.instance.database.begin() as tx:
        tried = page_attempts(of_b, get_user(tx, person.email).id)
    pages_of = {(one.method, one.path) for one in pages.routes if not one.public and not one.twin}
    assert set(tried) == pages_of, "a new page says here how one might get at another platform's"
    for (method, path), several in tried.items():
        for where, form in several:
            before = rows(api)
            if method == "POST":
                answer = person.send(where, csrf | form, csrf=False)
            else:
                answer = person.get(where)
            check_answer(answer, of_b, where + body_of(form), (method, path, where))
            check_unharmed(before, rows(api), of_b, (method, path, where))
    before = rows(api)
    form = csrf | {"case": of_b.case, "outcome": "pass", "reason": "all of these"}
    assert person.send("/cases/bulk/preview", form, csrf=False).status_code == 422
    check_unharmed(before, rows(api), of_b, "a batch of another platform's")
    for page in (one for one in pages.routes if one.twin and not one.public):
        for where, _ in tried["GET", page.path.removesuffix(".json").removesuffix("/index") or "/"]:
            at, _, query = where.partition("?")
            answer = person.get(f"{'/index' if at == '/' else at}.json?{query}")
            check_answer(answer, of_b, where, page.path)
    anybody = Visitor(api.instance, api.client)
    for method, path in (one for one in tried if one[0] == "GET" and tried[one]):
        assert anybody.get(tried[method, path][0][0]).status_code == 200, path
    # What is theirs is there.
    assert person.get(f"/cases/{case_of_a['data'][0]['id']}").status_code == 200
    assert "what those of a may read" in person.get("/cases").text
    queues = person.get("/index.json").json()["queues"]
    assert [(one["queue"], one["waiting"]) for one in queues] == [("reports", 1)]
    assert {one["record"]["actor"] for one in person.get("/ledger.json").json()["entries"]} != set()
    assert "a and c" in person.get("/account").text
    with api.instance.database.begin() as tx:
        change_limits(tx, person.email, platforms=None)
    assert person.get("/cases").status_code == 303
