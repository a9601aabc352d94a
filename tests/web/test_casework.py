"""Tasks and links of cases: by the API and on the desk, seen by who sees the case, and erased with the post."""

from uuid import uuid4

import pytest
from tests.api import Api
from tests.web.test_openings import GIVEN
from tests.web.test_queue import reported
from tests.web.two_platforms import seal_all
from tests.web.visitor import Visitor

from tidegate.access.actions import create_key
from tidegate.pipeline.house import SCOPES

WRITTEN = ("case_tasks", "case_links", "ledger_pending")
WORDS = "ask the hotline whether they know him"


@pytest.fixture
def pair(api: Api) -> list[str]:
    return [reported(api, "a", "what they say"), reported(api, "b", "what others say")]


def told(api: Api) -> set[str]:
    seal_all(api)
    return {one["kind"] for one in api.get("/v1/ledger?limit=1000").json()["data"]}


def rows(api: Api) -> list[int]:
    return [api.count(table) for table in WRITTEN]


def version(api: Api, case: str) -> int:
    return api.get(f"/v1/cases/{case}").json()["version"]


def test_a_task_is_somebodys_until_it_is_done(api: Api, pair: list[str]) -> None:
    rita = Visitor(api.instance, api.client, "reviewer", email="rita@example.org")
    before = version(api, pair[0])
    due = "2026-01-02T10:00:00+01:00"
    answer = api.post(f"/v1/cases/{pair[0]}/tasks", {"text": WORDS, "for": "Rita", "due": due})
    assert answer.status_code == 201, answer.text
    task = answer.json()
    assert (task["for"], task["due"], task["done_at"]) == (
        "user:rita@example.org",
        "2026-01-02T09:00:00Z",
        None,
    )
    assert version(api, pair[0]) == before + 1
    assert [one["id"] for one in api.get(f"/v1/cases/{pair[0]}").json()["tasks"]] == [task["id"]]
    assert WORDS in rita.get("/").text
    assert WORDS not in Visitor(api.instance, api.client, "senior").get("/").text
    done = api.post(f"/v1/tasks/{task['id']}/done")
    assert done.status_code == 200, done.text
    assert done.json()["done_at"] is not None
    assert version(api, pair[0]) == before + 2
    assert WORDS not in rita.get("/").text
    assert api.post(f"/v1/tasks/{task['id']}/done").status_code == 409
    assert {"case.task_added", "case.task_done"} <= told(api)


def test_who_has_a_key_for_them_reads_what_they_are_asked_to_do(api: Api, pair: list[str]) -> None:
    Visitor(api.instance, api.client, "reviewer", email="rita@example.org")
    api.post(f"/v1/cases/{pair[0]}/tasks", {"text": WORDS, "for": "rita@example.org"})
    with api.instance.database.begin() as tx:
        key = create_key(tx, SCOPES, "ritas", ["cases:read"], None, "rita@example.org")[1]
    (task,) = api.get("/v1/tasks", key=key).json()["data"]
    assert (task["text"], task["case"]) == (WORDS, pair[0])
    assert api.get("/v1/tasks").json() == {"data": [], "next": None}


def test_a_link_goes_both_ways_and_is_taken_away(api: Api, pair: list[str]) -> None:
    one, two = pair
    before = [version(api, case) for case in pair]
    answer = api.post(f"/v1/cases/{one}/links", {"case": two, "why": "the same man"})
    assert answer.status_code == 201, answer.text
    (link,) = answer.json()["data"]
    assert (link["case"], link["item"], link["state"], link["why"]) == (
        two,
        "b",
        "open",
        "the same man",
    )
    (back,) = api.get(f"/v1/cases/{two}").json()["links"]
    assert (back["case"], back["item"]) == (one, "a")
    assert [version(api, case) for case in pair] == [each + 1 for each in before]
    assert api.post(f"/v1/cases/{two}/links", {"case": one}).status_code == 409
    gone = api.call("DELETE", f"/v1/cases/{two}/links/{one}")
    assert (gone.status_code, gone.json()["data"]) == (200, [])
    assert api.get(f"/v1/cases/{one}").json()["links"] == []
    assert api.call("DELETE", f"/v1/cases/{two}/links/{one}").status_code == 404
    assert {"case.linked", "case.unlinked"} <= told(api)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("tasks", {"text": "  "}, 422),
        ("tasks", {"text": "x" * 2001}, 422),
        ("tasks", {"text": WORDS, "for": "nobody"}, 422),
        ("tasks", {"text": WORDS, "due": "2026-01-01"}, 422),
        ("links", {"case": "ITSELF"}, 422),
        ("links", {"case": "OF_B"}, 422),
        ("links", {"case": "UNKNOWN"}, 404),
        ("links", {"case": "OTHER", "why": " "}, 422),
    ],
    ids=["blank", "long", "nobody", "no-time", "itself", "of-b", "unknown", "blank-why"],
)
def test_what_is_refused_writes_nothing(
    api: Api, pair: list[str], path: str, body: dict[str, str], status: int
) -> None:
    of_b = reported(api, "c", "elsewhere", platform="b")
    names = {"ITSELF": pair[0], "OTHER": pair[1], "OF_B": of_b, "UNKNOWN": str(uuid4())}
    before = rows(api)
    body = {name: names.get(value, value) for name, value in body.items()}
    answer = api.post(f"/v1/cases/{pair[0]}/{path}", body)
    assert answer.status_code == status, answer.text
    assert rows(api) == before
    assert api.post(f"/v1/cases/{uuid4()}/{path}", body).status_code in (404, 422)
    assert api.post(f"/v1/tasks/{uuid4()}/done").status_code == 404
    assert rows(api) == before


def test_people_do_both_on_the_page_of_the_case(api: Api, pair: list[str]) -> None:
    anna = Visitor(api.instance, api.client, "reviewer", email="anna@example.org")
    at = f"/cases/{pair[0]}"
    form = {"task_text": WORDS, "task_for": "anna", "task_due": "2026-01-02T10:00"}
    sent = anna.send(f"{at}/tasks", form | {"filter": "queue=reports"})
    assert sent.headers["location"] == f"{at}?queue=reports&done=task-added#work"
    assert WORDS in anna.get(at).text
    (task,) = anna.get(f"{at}.json").json()["tasks"]
    assert task["due"] == "2026-01-02T10:00:00Z"
    wrong = anna.send(f"{at}/tasks", form | {"task_for": "nobody at all"})
    assert wrong.status_code == 422
    assert 'id="error-task_for"' in wrong.text
    assert wrong.text.count(WORDS) == 2  # as it stands, and as it was typed
    assert anna.send(f"{at}/tasks/{task['id']}/done").status_code == 303
    assert (
        "/done" not in anna.get(at).text.partition('data-testid="tasks"')[2].partition("</ul>")[0]
    )
    link = {
        "link_case": f"https://desk.example.org/cases/{pair[1]}?q=x",
        "link_why": "the same man",
    }
    assert anna.send(f"{at}/links", link).status_code == 303
    assert "the same man" in anna.get(f"/cases/{pair[1]}").text
    assert 'id="error-link_case"' in anna.send(f"{at}/links", {"link_case": "what"}).text
    assert anna.send(f"/cases/{pair[1]}/links/{pair[0]}/remove").status_code == 303
    assert "the same man" not in anna.get(at).text


def test_who_does_not_see_the_other_case_does_not_see_the_link(api: Api, pair: list[str]) -> None:
    german = reported(api, "d", "was sie sagen", language="de")
    api.post(f"/v1/cases/{pair[0]}/links", {"case": german, "why": "ein Mann"})
    bound = Visitor(api.instance, api.client, "reviewer", languages=["fr"])
    page = bound.get(f"/cases/{pair[0]}").text
    assert german not in page
    assert "ein Mann" not in page
    assert bound.send(f"/cases/{pair[0]}/links/{german}/remove").status_code == 404
    assert api.count("case_links") == 1


def test_words_are_closed_to_who_audits_and_erased_with_the_post(api: Api, pair: list[str]) -> None:
    api.post(f"/v1/cases/{pair[0]}/tasks", {"text": WORDS})
    api.post(f"/v1/cases/{pair[0]}/links", {"case": pair[1], "why": "the same man"})
    auditor = Visitor(api.instance, api.client, "auditor")
    at = f"/cases/{pair[0]}"
    page = auditor.get(at).text
    assert WORDS not in page
    assert "the same man" not in page
    assert auditor.send(f"{at}/tasks", {"task_text": "x"}).status_code == 403
    assert auditor.send(f"{at}/open", GIVEN).status_code == 303
    assert WORDS in auditor.get(at).text
    erased = api.call("DELETE", "/v1/items/a")
    assert erased.status_code in (200, 204), erased.text
    assert rows(api)[:2] == [0, 0]
    assert api.post(f"/v1/cases/{pair[0]}/tasks", {"text": "late"}).status_code == 410
    assert api.post(f"/v1/cases/{pair[1]}/links", {"case": pair[0]}).status_code == 410
    assert rows(api)[:2] == [0, 0]
