"""Auditors read everything but content and persons, and open those one by one: for a purpose, with a
justification, for half an hour, on the record."""

import base64
from typing import Any
from uuid import UUID

import pytest
from tests.api import Api, item
from tests.web.test_audit import told
from tests.web.test_find_page import walk
from tests.web.test_pages import picture
from tests.web.two_platforms import rows
from tests.web.visitor import Visitor

from tidegate.access.actions import create_key
from tidegate.content.model import ERASED
from tidegate.content.queries import get_item
from tidegate.decisions.model import Subject
from tidegate.infra.clock import FakeClock
from tidegate.pipeline.house import SCOPES
from tidegate.review.actions import open_case

WORDS, COMMENT, REPORTER, NOTE = (
    "words of the post",
    "what they wrote",
    "reporter-1",
    "a secret note",
)
GIVEN = {"purpose": "audit", "justification": "the yearly audit of restrictions"}
REPORT = {
    **{"id": "r", "channel": "notice", "reason": "other", "comment": COMMENT},
    **{"item_id": "post-1", "reporter": REPORTER, "created_at": "2025-12-31T23:30:00Z"},
}


class Post:
    """A post with a picture that was reported, and the entry of a bank that it matches."""

    def __init__(self, api: Api) -> None:
        api.bank()
        entry = api.post(
            "/v1/banks/known/entries", {"text": f"{WORDS} that is known", "note": NOTE}
        )
        self.entry = entry.json()["id"]
        media = [{"filename": "a.png", "data": base64.b64encode(picture()).decode()}]
        said = item(text=f"{WORDS} that is known", media=media, context="the thread above")
        assert api.post("/v1/items", said).status_code == 200
        self.case = api.post("/v1/reports", REPORT).json()["case"]
        with api.instance.database.begin() as tx:
            found = get_item(tx, "default", "post-1")
            self.item, self.author = found.id, found.author or ""
            subject = Subject("entry", UUID(self.entry))
            asked, _ = open_case(
                tx, subject=subject, item=None, revision=None, queue="entries", origin="quarantine"
            )
        self.asked = str(asked.id)

    @property
    def pages(self) -> list[str]:
        """Where it shows."""
        found = [f"/cases/{self.case}", f"/items/{self.item}", f"/cases/{self.asked}"]
        return [*found, "/banks/known", "/cases", "/items?id=post-1&platform=default"]


@pytest.fixture
def post(api: Api) -> Post:
    return Post(api)


def shown(person: Visitor, paths: list[str]) -> str:
    """All that pages say, and their twins."""
    said: list[str] = []
    for path in paths:
        at, mark, query = path.partition("?")
        for where in (path, f"{at}.json{mark}{query}"):
            answer = person.get(where)
            assert answer.status_code == 200, where
            said.append(answer.text)
    return " ".join(said)


@pytest.mark.parametrize("role", ["auditor", "compliance"])
def test_content_and_persons_are_closed_to_auditors(api: Api, post: Post, role: str) -> None:
    person = Visitor(api.instance, api.client, role)
    said = shown(person, post.pages)
    hidden = (
        WORDS,
        COMMENT,
        REPORTER,
        NOTE,
        post.author,
        post.author[:12],
        "thread above",
        "a.png",
    )
    assert [one for one in hidden if one in said] == []
    for path in (f"/media/{post.item}/1/0", f"/media/entries/{post.entry}"):
        assert person.get(path).status_code == 404, path
    for path in post.pages[:4]:
        assert 'data-testid="closed"' in person.get(path).text, path
    assert "propaganda" in said or "other" in said  # why it is here
    reviewer = Visitor(api.instance, api.client, "reviewer")
    seen = shown(reviewer, post.pages)
    assert [one for one in (WORDS, COMMENT, NOTE, post.author[:12]) if one not in seen] == []
    assert 'data-testid="closed"' not in seen


def test_an_item_opens_to_one_person_for_half_an_hour(
    api: Api, post: Post, clock: FakeClock
) -> None:
    anna = Visitor(api.instance, api.client, "auditor", email="anna@example.org")
    bert = Visitor(api.instance, api.client, "auditor", email="bert@example.org")
    answer = anna.send(f"/cases/{post.case}/open", GIVEN)
    assert answer.headers["location"] == f"/cases/{post.case}?done=opened"
    own = shown(anna, [f"/cases/{post.case}", f"/items/{post.item}"])
    assert [one for one in (WORDS, COMMENT, post.author[:12]) if one not in own] == []
    assert anna.get(f"/media/{post.item}/1/0").status_code == 200
    assert WORDS not in shown(bert, post.pages)
    # What the post matched is another thing.
    assert NOTE not in own
    assert NOTE not in anna.get("/banks/known").text
    opened = [record for _, record in told(api, "content.opened")]
    (subject,) = (subject for subject, _ in told(api, "content.opened"))
    assert subject == post.item
    known = {name: opened[0][name] for name in ("purpose", "justification", "actor", "item")}
    assert known == GIVEN | {"actor": "user:anna@example.org", "item": str(post.item)}
    clock.advance(31 * 60)
    assert WORDS not in shown(anna, post.pages)
    assert anna.send(f"/items/{post.item}/open", GIVEN).status_code == 303
    assert WORDS in anna.get(f"/items/{post.item}").text


def test_an_entry_opens_from_its_bank_and_from_its_case(api: Api, post: Post) -> None:
    reviewer = Visitor(api.instance, api.client, "reviewer")
    remark = "among us: it is what it says"
    assert reviewer.send(f"/cases/{post.asked}/note", {"text": remark}).status_code == 303
    anna = Visitor(api.instance, api.client, "auditor", email="anna@example.org")
    bert = Visitor(api.instance, api.client, "auditor", email="bert@example.org")
    assert remark not in shown(anna, [f"/cases/{post.asked}"])
    at = f"/banks/known/entries/{post.entry}/open"
    assert anna.send(at, GIVEN).headers["location"] == "/banks/known?done=opened"
    assert bert.send(f"/cases/{post.asked}/open", GIVEN).status_code == 303
    for person in (anna, bert):
        said = shown(person, ["/banks/known", f"/cases/{post.asked}"])
        assert [one for one in (NOTE, WORDS, remark) if one not in said] == []
        assert COMMENT not in shown(person, [f"/cases/{post.case}"])
    assert [record["entry"] for _, record in told(api, "content.opened")] == [post.entry] * 2


def test_what_is_closed_is_found_by_none_of_its_words(api: Api, post: Post) -> None:
    walk(api)
    anna = Visitor(api.instance, api.client, "auditor", email="anna@example.org")
    reviewer = Visitor(api.instance, api.client, "reviewer")
    asked = ("known", "secret", '"words of the post"', "author:author-1", f"sha256:{'a' * 64}")
    for q in ("known", "secret", '"words of the post"'):
        assert found(reviewer, q)["entries"] == 1, q
    for q in asked:
        assert set(found(anna, q).values()) == {0}, q
    # What it is, is no secret.
    assert found(anna, f"entry:{post.entry}")["entries"] == 1
    assert anna.send(f"/banks/known/entries/{post.entry}/open", GIVEN).status_code == 303
    assert found(anna, "secret") == {"items": 0, "cases": 0, "entries": 1, "decisions": 0}
    assert found(anna, "known")["items"] == 0


def found(person: Visitor, q: str) -> dict[str, int]:
    """How many of each sort are found."""
    tabs = person.get("/find.json", params={"q": q}).json()["tabs"]
    return {tab["name"]: tab["count"] for tab in tabs}


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (GIVEN | {"justification": "too short"}, 422),
        (GIVEN | {"justification": " " * 20}, 422),
        (GIVEN | {"purpose": "curiosity"}, 422),
        ({"purpose": "audit"}, 422),
    ],
)
def test_without_a_purpose_and_a_reason_nothing_opens(
    api: Api, post: Post, given: dict[str, str], status: int
) -> None:
    person = Visitor(api.instance, api.client, "auditor")
    token, before = person.csrf(), rows(api)
    for path in post.pages[:2]:
        answer = person.send(f"{path}/open", {"csrf": token} | given, csrf=False)
        assert answer.status_code == status, path
        assert WORDS not in answer.text
    entry = f"/banks/known/entries/{post.entry}/open"
    assert person.send(entry, {"csrf": token} | given, csrf=False).status_code == status
    assert {name for name, kept in rows(api).items() if kept != before[name]} <= {
        "case_readers",
        "stints",
    }


def test_nobody_opens_what_is_not_closed_to_them(api: Api, post: Post) -> None:
    for role in ("reviewer", "admin", "auditor"):
        person = Visitor(api.instance, api.client, role)
        token = person.csrf()
        if role == "auditor":
            assert person.send(f"/items/{post.item}/open", GIVEN).status_code == 303
        before = rows(api)
        answer = person.send(
            f"/items/{post.item}/open",
            {"csrf": token} | GIVEN,
            csrf=False,
            headers={"accept": "application/json"},
        )
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/open-already")
        assert rows(api) == before


def test_what_only_a_hold_keeps_stays_closed(api: Api, post: Post, clock: FakeClock) -> None:
    held = api.post("/v1/items/post-1/holds", {"reason": "a letter"})
    assert held.status_code == 201
    with api.instance.database.begin() as tx:
        tx.connection.exec_driver_sql("UPDATE items SET kept_by_hold_at = received_at")
    person = Visitor(api.instance, api.client, "auditor")
    before_text = person.get(f"/items/{post.item}").text
    assert 'data-testid="closed"' not in before_text
    assert person.send(f"/items/{post.item}/open", GIVEN).status_code == 409
    assert WORDS not in shown(person, post.pages)


def test_a_key_that_acts_for_an_auditor_sees_what_they_see(api: Api, post: Post) -> None:
    """A key of its own reads as ever."""
    person = Visitor(api.instance, api.client, "auditor")
    scopes = ["items:read", "cases:read", "banks:read"]
    with api.instance.database.begin() as tx:
        bound = create_key(tx, SCOPES, "of the auditor", scopes, None, person.email)[1]
        free = create_key(tx, SCOPES, "of a program", scopes)[1]

    def read(key: str) -> tuple[Any, str]:
        record = api.get("/v1/items/post-1", key=key)
        more = api.get(f"/v1/cases/{post.case}", key=key).text
        more += api.get(f"/v1/banks/known/entries/{post.entry}", key=key).text
        return record.json(), record.text + more

    record, said = read(bound)
    assert record["revisions"][0]["content"] is None
    assert record["author"] is None
    assert [one for one in (WORDS, COMMENT, NOTE, post.author) if one in said] == []
    record, said = read(free)
    assert record["author"] == post.author
    assert [one for one in (WORDS, COMMENT, NOTE) if one not in said] == []
    assert '"closed"' not in said
    assert person.send(f"/items/{post.item}/open", GIVEN).status_code == 303
    record, said = read(bound)
    assert record["revisions"][0]["content"] is not None
    assert COMMENT in said


def test_erasure_takes_the_words_of_an_opening(api: Api, post: Post) -> None:
    person = Visitor(api.instance, api.client, "auditor")
    assert person.send(f"/items/{post.item}/open", GIVEN).status_code == 303
    assert api.call("DELETE", "/v1/items/post-1").status_code == 204
    with api.instance.database.begin() as tx:
        kept = tx.connection.exec_driver_sql("SELECT purpose, justification FROM openings").all()
    assert [tuple(one) for one in kept] == [("audit", ERASED)]
    assert GIVEN["justification"] not in str(rows(api))
