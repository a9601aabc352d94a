"""Reports with content of their own, and how their senders, reviewers and reporters read them again."""

import json
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image
from tests.api import Api
from tests.waiting import until
from tests.web.live import Stream, live
from tests.web.visitor import Visitor

from tidegate.content.queries import get_item
from tidegate.infra.clock import FakeClock
from tidegate.infra.rates import Rate
from tidegate.triage.kept.actions import lock
from tidegate.web.guesses import EACH, Guesses

TIP = {"channel": "tip", "reason": "other", "created_at": "2025-12-31T23:00:00Z"}
WRITTEN = (
    "items",
    "revisions",
    "reports",
    "cases",
    "case_events",
    "evaluations",
    "evidence",
    "ledger_pending",
)


def picture(color: str = "red") -> bytes:
    out = BytesIO()
    drawn = Image.effect_noise((64, 64), 90).convert("RGB")
    drawn.paste(color, (0, 0, 32, 32))
    drawn.save(out, "PNG")
    return out.getvalue()


def tip(api: Api, id: str, **said: Any) -> dict[str, Any]:
    answer = api.post("/v1/reports", TIP | {"id": id} | said)
    assert answer.status_code == 201, answer.text
    return answer.json()


def rows(api: Api) -> list[int]:
    return [api.count(table) for table in WRITTEN]


def form(said: dict[str, Any], *files: bytes) -> dict[str, Any]:
    parts = [("report", (None, json.dumps(said).encode()))]
    return {"files": [*parts, *(("file", ("seen.png", data, "image/png")) for data in files)]}


def test_files_that_come_with_a_report_are_seen_by_who_decides(api: Api) -> None:
    said = TIP | {"id": "r1", "text": "this is what he sent me"}
    data = picture()
    answer = api.call("POST", "/v1/reports", **form(said, data, b"no picture"))
    assert answer.status_code == 201, answer.text
    found = answer.json()
    assert [one.split(" ")[0] for one in found["problems"]] == ["media/1:"]
    record = api.get(f"/v1/items/{found['item']}").json()
    (revision,) = record["revisions"]
    assert [one["filename"] for one in revision["content"]["media"]] == ["seen.png", "seen.png"]
    assert (record["publicness"], record["author"]) == ("private", None)
    with api.instance.database.begin() as tx:
        kept = tx.connection.exec_driver_sql("SELECT part, sha256 FROM evidence ORDER BY part")
        digests = [row.sha256 for row in kept]
    assert [api.instance.evidence.get(one) for one in digests] == [data, b"no picture"]
    before = rows(api)
    again = api.call("POST", "/v1/reports", **form(said, data, b"no picture"))
    assert again.content == answer.content
    changed = api.call("POST", "/v1/reports", **form(said, picture("blue"), b"no picture"))
    assert (changed.status_code, changed.json()["type"]) == (409, "/problems/report-changed")
    assert rows(api) == before


def test_what_a_bank_knows_is_found_in_what_a_report_brings(api: Api) -> None:
    data = picture()
    api.bank()
    added = api.post("/v1/banks/known/entries", files={"file": ("known.png", data, "image/png")})
    assert added.status_code == 201, added.text
    found = api.call("POST", "/v1/reports", **form(TIP | {"id": "r1", "text": "look"}, data))
    case = api.get(f"/v1/cases/{found.json()['case']}").json()
    assert case["match"]["entry"] == added.json()["id"]
    assert case["match"]["part"] == "media/0"


@pytest.mark.parametrize(
    ("said", "status", "pointer"),
    [
        ({}, 422, ""),
        ({"item_id": "a", "url": "https://example.org/", "text": "x"}, 422, ""),
        ({"text": "x" * 1_000_000}, 422, "/text"),
        ({"text": "a\0b"}, 422, "/text"),
        ({"text": "\ud800"}, 422, "/text"),
        ({"text": ""}, 422, "/text"),
        ({"text": 7}, 422, "/text"),
        ({"text": "x", "language": "e" * 40}, 422, "/language"),
        ({"text": "x", "location": "x" * 2000}, 422, "/location"),
        ({"media": [{"data": "bm9pc2U=", "url": "https://example.org/a"}]}, 422, "/media/0"),
        ({"media": [{"url": "http://127.0.0.1/a.png"}]}, 422, "/media/0/url"),
        ({"text": "x", "item_id": "nowhere"}, 404, None),
        ({"text": "x", "id": ".."}, 422, "/id"),
        ({"text": "x", "channel": "rumour"}, 422, "/channel"),
    ],
)
def test_what_is_refused_writes_nothing(
    api: Api, said: dict[str, Any], status: int, pointer: str | None
) -> None:
    before = rows(api)
    body = json.dumps(TIP | {"id": "r1"} | said)
    answer = api.call("POST", "/v1/reports", content=body)
    assert answer.status_code == status, answer.text
    if pointer is not None:
        assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]
    assert rows(api) == before


def test_forms_that_are_none_write_nothing(api: Api) -> None:
    before = rows(api)
    said = TIP | {"id": "r1", "text": "x"}
    bodies: list[dict[str, Any]] = [
        {"files": [("file", ("a.png", b"x", "image/png"))]},
        {"files": [("report", (None, json.dumps(said))), ("other", (None, "x"))]},
        {"files": [("report", (None, b"{nonsense"))]},
        {"files": [("report", (None, json.dumps(said)))] * 2},
    ]
    for more in bodies:
        answer = api.call("POST", "/v1/reports", **more)
        assert answer.status_code in (400, 422), answer.text
    assert rows(api) == before


@pytest.mark.parametrize(
    "text",
    [
        "🔥",
        "x" * 200_000,
        "he said سأقتله tomorrow 明日 в школе בבית",
        "\u202e\u200bx\ufeff",
        "e\u0301" * 50_000,
    ],
)
def test_odd_texts_are_taken_as_they_are(api: Api, text: str) -> None:
    found = tip(api, "r1", text=text)
    (revision,) = api.get(f"/v1/items/{found['item']}").json()["revisions"]
    assert revision["content"]["text"] == text
    assert tip(api, "r1", text=text) == found


def test_the_same_tip_from_many_people_is_kept_from_each(api: Api) -> None:
    found = [tip(api, f"r{n}", text="on friday at the bridge", reporter=f"p{n}") for n in range(9)]
    assert len({one["item"] for one in found}) == len({one["reference"] for one in found}) == 9
    listed = api.get("/v1/cases?state=waiting&limit=50").json()["data"]
    assert [(one["reports"], one["state"]) for one in listed] == [(9, "open")]


def test_a_retry_has_its_answer_while_what_is_new_waits(api: Api) -> None:
    """It is looked up before anything is done about it anew."""
    first = TIP | {"id": "r1", "text": "on friday at the bridge"}
    with live(api.instance) as port, ThreadPoolExecutor(1) as other:
        answers = httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {api.admin}"}
        )
        before = answers.post("/v1/reports", json=first)
        with api.instance.database.begin() as tx:
            lock(tx)  # whatever is to be put into a cluster waits for it
            fresh = other.submit(answers.post, "/v1/reports", json=first | {"id": "r2"})
            until(lambda: waiting(api) > 0, "a report that waits")
            again = answers.post("/v1/reports", json=first)
            changed = answers.post("/v1/reports", json=first | {"text": "on monday"})
            assert not fresh.done()
        assert fresh.result().status_code == 201
    assert (again.status_code, again.content) == (201, before.content)
    assert (changed.status_code, changed.json()["type"]) == (409, "/problems/report-changed")


def waiting(api: Api) -> int:
    """How many wait for the lock of clusters."""
    query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with api.instance.database.begin() as tx:
        return tx.connection.exec_driver_sql(query).scalar_one()


def test_a_batch_answers_line_by_line_as_the_single_route(api: Api) -> None:
    with live(api.instance) as port:
        stream = Stream(port, api.admin, "/v1/reports/batch", "application/x-ndjson")
        lines = [
            json.dumps(TIP | {"id": "b1", "text": "one"}),
            "{nonsense",
            json.dumps(TIP | {"id": "b2"}),
            json.dumps(TIP | {"id": "b1", "text": "two"}),
            json.dumps(TIP | {"id": "b3", "item_id": "nowhere"}),
            json.dumps(TIP | {"id": "b4", "media": [{"data": "bm9pc2U="}]}),
            json.dumps(TIP | {"id": "b1", "text": "one"}),
            json.dumps(TIP | {"id": "b5", "text": "\ud800"}),
            "null",
        ]
        with stream:
            stream.send(("\n".join(lines)).encode())
            stream.end()
            answers = list(stream.lines())
    assert [one["index"] for one in answers] == list(range(len(lines)))
    statuses = [one["status"] for one in answers]
    assert [one.get("before") for one in answers] == [None] * 6 + [True] + [None] * 2
    assert statuses == [201, 400, 422, 409, 404, 201, 201, 422, 422]
    assert answers[6]["report"] == answers[0]["report"] == tip(api, "b1", text="one")
    assert answers[4]["problem"]["type"] == "/problems/item-unknown"
    assert api.count("reports") == 2


def test_a_channel_that_a_key_was_not_given_is_refused_in_a_batch_too(api: Api) -> None:
    key = api.key("reports:write")
    line = json.dumps(TIP | {"id": "b1", "text": "one", "channel": "trusted_flagger"})
    kind = {"content-type": "application/x-ndjson"}
    answer = api.call("POST", "/v1/reports/batch", key, content=line, headers=kind)
    assert json.loads(answer.text)["problem"]["type"] == "/problems/channel-not-yours"
    assert api.count("reports") == 0


def test_a_report_is_read_by_its_id_as_far_as_one_may(api: Api) -> None:
    said = {"text": "he has a gun", "comment": "I am afraid", "location": "the mill"}
    found = tip(api, "a/b c", reporter="bert", **said)
    at = "/v1/reports/a%2Fb%20c"
    sender = api.get(at, key=api.key("reports:write")).json()
    reviewer = api.get(at, key=api.key("cases:read")).json()
    assert sender["reference"] == found["reference"]
    assert reviewer["reference"] is None
    assert [sender[name] for name in ("comment", "location", "reporter")] == [None] * 3
    assert reviewer["comment"] == "I am afraid"
    assert reviewer["location"] == "the mill"
    assert reviewer["reporter"] not in (None, "bert")
    for one in (sender, reviewer):
        assert (one["id"], one["item"], one["case"]) == ("a/b c", found["item"], found["case"])
        assert (one["state"], one["case_state"], one["reports"]) == ("waiting", "open", 1)
        assert one["cluster"] == found["cluster"]
        assert one["threat"] == found["threat"]
        assert one["priority"]["version"] == found["priority"]["version"]
    with api.instance.database.begin() as tx:
        told = tx.connection.exec_driver_sql(
            "SELECT count(*) FROM ledger_pending WHERE kind = 'reporters.read'"
        ).scalar_one()
    assert told == 1  # of the reviewer alone
    for path, key in (("/v1/reports/nothing", api.admin), (f"{at}?platform=b", api.admin)):
        answer = api.get(path, key=key)
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/report-unknown")
    assert api.get(at, key=api.key("items:read")).status_code == 403
    api.call("DELETE", f"/v1/items/{found['item']}")
    gone = api.get(at).json()
    assert (gone["state"], gone["item"], gone["comment"], gone["reference"]) == (
        "erased",
        None,
        None,
        None,
    )


def test_a_report_is_found_by_its_reference_however_it_is_typed(api: Api) -> None:
    found = tip(api, "r1", text="he has a gun")
    code = found["reference"]
    for typed in (code, code.lower(), code.replace("-", "%20"), code.replace("-", "")):
        answer = api.get(f"/v1/references/{typed}", key=api.key("reports:write"))
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert (told["id"], told["state"], told["case_state"]) == ("r1", "waiting", "open")
        assert told["messages"] == []
    api.post(f"/v1/cases/{found['case']}/decide", {"outcome": "pass", "reason": "fine"})
    assert api.get(f"/v1/references/{code}").json()["state"] == "decided"
    api.call("DELETE", f"/v1/items/{found['item']}")
    assert api.get(f"/v1/references/{code}").json()["state"] == "erased"


def test_a_key_of_another_platform_finds_no_report(api: Api) -> None:
    code = tip(api, "r1", text="he has a gun")["reference"]
    key = api.key("reports:write", platform="b")
    assert api.get(f"/v1/references/{code}", key=key).status_code == 404
    assert api.get("/v1/reports/r1", key=key).status_code == 404


def test_guessing_at_references_is_held_up(api: Api, clock: FakeClock) -> None:
    code = tip(api, "r1", text="he has a gun")["reference"]
    guesser, other = api.key("cases:read"), api.key("cases:read")
    strange = "K7QF-3MRT-XCP"
    before = rows(api)
    for number in range(EACH.quota):
        typed, status = (strange, 404) if number % 2 else (strange[:-1] + "Q", 422)
        assert api.get(f"/v1/references/{typed}", key=guesser).status_code == status
    refused = api.get(f"/v1/references/{code}", key=guesser)
    assert (refused.status_code, refused.json()["type"]) == (429, "/problems/guessed-too-often")
    clock.advance(int(refused.headers["retry-after"]))
    for _ in range(2 * EACH.quota):  # what is found costs nothing
        assert api.get(f"/v1/references/{code}", key=other).status_code == 200
    assert api.get(f"/v1/references/{code}", key=guesser).status_code == 200
    assert api.get(f"/v1/references/{strange}", key=guesser).status_code == 404
    assert api.get(f"/v1/references/{strange}", key=guesser).status_code == 429
    assert rows(api) == before


def test_guesses_of_many_are_bounded_together(clock: FakeClock) -> None:
    guesses = Guesses(clock, each=Rate(2, 60), every=Rate(5, 60))

    def admitted(who: str) -> bool:
        try:
            guesses.admit(who)
        except Exception:
            return False
        return True

    assert [admitted("a") for _ in range(3)] == [True, True, False]
    assert [admitted(f"{n}") for n in range(5)] == [True, True, True, False, False]
    guesses.found("0")
    assert [admitted("b"), admitted("b")] == [True, False]
    clock.advance(12)  # one of five comes back, none of anybody's two
    assert [admitted("a"), admitted("c"), admitted("c")] == [False, True, False]


def test_the_desk_shows_where_it_was_and_what_came_with_it(api: Api) -> None:
    api.submit(text="a text")
    for number in range(2):
        tip(api, f"r{number}", item_id="post-1", location="behind the mill")
    beside = tip(api, "r2", item_id="post-1", text="he sent me this", reporter="bert")
    with api.instance.database.begin() as tx:
        brought = get_item(tx, "default", beside["brought"]).id
    person = Visitor(api.instance, api.client, "reviewer")
    page = person.get(f"/cases/{beside['case']}").text
    assert page.count("behind the mill") == 1  # twice the same is one, with its number
    assert f'href="/items/{brought}"' in page
    assert "he sent me this" in person.get(f"/items/{brought}").text


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ('{"id": "r1"}', ["/channel", "/reason", "/created_at"]),
        (json.dumps(TIP | {"id": "r1"}), [""]),
        (json.dumps(TIP | {"id": "r1", "text": " \u200b\n", "media": []}), [""]),
        (json.dumps(TIP | {"id": "r1", "text": "x"})[:-1] + ', "text": "y"}', ["/text"]),
        (json.dumps(TIP | {"id": "r1"})[:-1] + ', "text": "\\ud83d"}', ["/text"]),
    ],
    ids=["missing", "nothing", "blank", "twice", "half"],
)
def test_what_is_wrong_with_a_report_is_said_at_its_fields_however_it_comes(
    api: Api, body: str, pointers: list[str]
) -> None:
    before = rows(api)
    sent = [
        api.call("POST", "/v1/reports", content=body, headers={"content-type": "application/json"}),
        api.call("POST", "/v1/reports", files=[("report", (None, body.encode()))]),
    ]
    line = api.call(
        "POST",
        "/v1/reports/batch",
        content=body + "\n",
        headers={"content-type": "application/x-ndjson"},
    )
    for problem in [*(one.json() for one in sent), json.loads(line.text)["problem"]]:
        assert (problem["status"], [one["pointer"] for one in problem["errors"]]) == (422, pointers)
    assert rows(api) == before
