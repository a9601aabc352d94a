"""Referrals on the pages of both sides, and the clocks that run of them."""

from typing import Any
from uuid import UUID

from tests.orders.authority.test_order_drafts_page import people, person
from tests.orders.sides import Side
from tests.web.visitor import Visitor

URLS = ["https://forum.example/p/1", "https://forum.example/p/2"]
FORM: dict[str, Any] = {
    "to": "forum.example",
    "urls": "\n".join(URLS),
    "terms_cited": "Your section 4: no glorification.",
    "reasons": "Both posts praise an attack.",
    "language": "de",
}


def referred(officer: Visitor, **changed: Any) -> UUID:
    done = officer.send("/referrals", FORM | changed)
    assert done.status_code == 303, done.text
    path, _, query = done.headers["location"].partition("?")
    assert query in ("done=referral-sent", "done=referral-again")
    return UUID(path.split("/")[-1])


def legal_of(forum: Side) -> Visitor:
    return person(forum, "legal", "three@forum.example")


def came(legal: Visitor) -> str:
    """The path of the one referral that came."""
    (line,) = legal.get("/referrals.json").json()["referrals"]
    return f"/referrals/{line['id']}"


def test_a_platform_answers_each_url_by_a_form_and_the_authority_sees_it(
    bka: Side, forum: Side
) -> None:
    officer, _ = people(bka)
    assert 'value="forum.example"' in officer.get("/referrals/new").text
    referral = referred(officer)
    assert f'data-id="{referral}"' in officer.get("/referrals?direction=out").text
    bka.deliver()
    legal = legal_of(forum)
    path = came(legal)
    assert f'href="{path}"' in legal.get("/referrals").text
    for page in (legal.get(path), officer.get(f"/referrals/{referral}")):
        assert "It is agreed, not law: no penalty follows" in page.text
        row = page.text.split('data-name="referral.answer"')[1].split("</tr>")[0]
        assert "Answer the referral" in row
        assert "agreed between the two sides, not law" in row
        assert "Regulation" not in row
    first = legal.send(f"{path}/items/1/answer", {"outcome:1": "removed"})
    assert first.headers["location"] == f"{path}?done=referral-answered"
    shown = legal.get(path).text
    assert 'data-n="1" data-outcome="removed"' in shown
    assert 'data-testid="answer-1"' not in shown
    said = {"outcome:2": "kept", "reason:2": "It is a report on an attack."}
    assert legal.send(f"{path}/items/2/answer", said).status_code == 303
    forum.deliver()
    page = officer.get(f"/referrals/{referral}").text
    assert 'data-testid="referral-state" data-state="answered"' in page
    assert "It is a report on an attack." in page
    assert 'data-testid="withdraw"' not in page


def test_what_is_kept_without_a_reason_is_said_at_its_field(bka: Side, forum: Side) -> None:
    officer, _ = people(bka)
    referred(officer)
    bka.deliver()
    legal = legal_of(forum)
    path = came(legal)
    answer = legal.send(f"{path}/items/2/answer", {"outcome:2": "kept"})
    assert answer.status_code == 422
    assert 'id="error-reason:2"' in answer.text
    assert 'id="error-reason:1"' not in answer.text
    none = legal.send(f"{path}/items/1/answer", {})
    assert none.status_code == 422
    assert 'id="error-outcome:1"' in none.text
    assert legal.send(f"{path}/items/x/answer", {"outcome:x": "removed"}).status_code == 404
    assert officer.send(f"{path}/items/1/answer", {"outcome:1": "removed"}).status_code == 403
    items = legal.get(f"{path}.json").json()["referral"]["items"]
    assert [one["outcome"] for one in items] == [None, None]


def test_an_authority_withdraws_and_writes_down_what_it_hears(bka: Side, forum: Side) -> None:
    officer, approver = people(bka)
    path = f"/referrals/{referred(officer)}"
    when = "2025-12-31T12:00:00Z"
    brought = {"carried_channel": "by post", "carried_at": when}
    assert officer.send(f"{path}/carried", brought).status_code == 303
    said = {"claimed_state": "removed", "claimed_at": when, "claimed_text": "They say so."}
    assert officer.send(f"{path}/claimed", said).status_code == 303
    assert "by post" in officer.get(path).text
    assert "They say so." in officer.get(path).text
    later = officer.send(f"{path}/carried", brought | {"carried_at": "2030-01-01T00:00:00Z"})
    assert later.status_code == 422
    assert 'id="error-carried_at"' in later.text
    empty = officer.send(f"{path}/withdraw", {})
    assert empty.status_code == 422
    assert 'id="error-withdraw_reason"' in empty.text
    assert approver.send(f"{path}/withdraw", {"withdraw_reason": "wrong"}).status_code == 403
    done = officer.send(f"{path}/withdraw", {"withdraw_reason": "It was another post."})
    assert done.headers["location"] == f"{path}?done=referral-withdrawn"
    assert officer.send(f"{path}/withdraw", {"withdraw_reason": "again"}).status_code == 409


def test_a_referral_without_addresses_is_not_sent(bka: Side, forum: Side) -> None:
    officer, _ = people(bka)
    answer = officer.send("/referrals", FORM | {"urls": ""})
    assert answer.status_code == 422
    assert 'id="error-urls"' in answer.text
    assert "Both posts praise" in answer.text
    assert bka.count("referrals") == bka.count("order_messages") == 0


def test_whatever_was_referred_before_is_said(bka: Side, forum: Side) -> None:
    officer, _ = people(bka)
    referred(officer)
    again = officer.send("/referrals", FORM | {"urls": URLS[0]})
    assert again.headers["location"].endswith("done=referral-again")
