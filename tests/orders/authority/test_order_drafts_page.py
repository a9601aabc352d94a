"""An authority's pages: a draft from the form, approval by another, the issue, and what comes after."""

import json
import re
from typing import Any
from uuid import UUID

from starlette.testclient import TestClient
from tests.orders.drafting_by import PRIOR, approved, begun, delivered
from tests.orders.sides import Side
from tests.orders.sides import drafted as drafted_by
from tests.others import Other
from tests.web.visitor import Visitor

from tidegate.infra.clock import FakeClock

FORM: dict[str, Any] = {
    "to": "forum.example",
    "urls": "https://forum.example/p/1\nhttps://forum.example/p/2",
    "types": ["a"],
    "reasons": "The post calls for an attack on a named market next Saturday, and says how.",
    "language": "de",
    "true_purpose": "It recruits; nothing in it reports, teaches or criticises.",
    "public": "yes",
    "seen_at": "2025-12-31T12:00:00Z",
    "seen_sha256": "ab" * 32,
    "issuing_kind": "law_enforcement",
    "issuing_name": "Internet Referral Unit",
    "issuing_representative": "K. Muster",
    "issuing_post": "Head of unit",
    "issuing_file": "AZ 12/26",
    "issuing_address": "Thaerstrasse 11, Wiesbaden",
    "issuing_phone": "+49 611 55",
    "issuing_email": "orders@bka.example",
}


def person(side: Side, role: str, email: str) -> Visitor:
    """Somebody at the pages of a side."""
    pages = TestClient(side.client.app, base_url="http://tidegate", follow_redirects=False)
    return Visitor(side.instance, pages, role, email=email)


def people(side: Side) -> tuple[Visitor, Visitor]:
    return person(side, "officer", "one@bka.example"), person(side, "approver", "two@bka.example")


def drafted(officer: Visitor, **changed: Any) -> UUID:
    done = officer.send("/orders", FORM | changed)
    assert done.status_code == 303, done.text
    return UUID(done.headers["location"].split("/")[2].split("?")[0])


def test_a_draft_becomes_an_order_by_two_persons_on_the_pages(
    bka: Side, forum: Side, clock: FakeClock
) -> None:
    officer, approver = people(bka)
    assert 'value="forum.example"' in officer.get("/orders/new").text
    order = drafted(officer)
    page = officer.get(f"/orders/{order}").text
    assert "https://forum.example/p/2" in page
    assert 'data-testid="submit"' in page
    assert officer.send(f"/orders/{order}/submit").status_code == 303
    assert 'data-testid="approve"' not in officer.get(f"/orders/{order}").text
    assert 'data-testid="approve"' in approver.get(f"/orders/{order}").text
    assert approver.send(f"/orders/{order}/approve").status_code == 303
    given = {"issue_answer": "nobody else", "issue_emergency": "A named market, on Saturday."}
    done = officer.send(f"/orders/{order}/issue", given)
    assert done.headers["location"] == f"/orders/{order}?done=order-issue"
    assert bka.deliver() == 1
    shown = officer.get(f"/orders/{order}").text
    assert 'data-testid="delivery" data-state="delivered"' in shown
    legal = person(forum, "legal", "three@forum.example")
    assert 'data-testid="order-rings"' in legal.get("/").text
    assert officer.get(f"/orders/{order}/message.jws").json()["payload"]
    pdf = officer.get(f"/orders/{order}/documents/annex-1.pdf")
    assert pdf.content.startswith(b"%PDF")


def test_what_a_draft_lacks_is_said_when_it_is_submitted(bka: Side, forum: Side) -> None:
    officer, _ = people(bka)
    order = drafted(officer, reasons="short", public="")
    answer = officer.send(f"/orders/{order}/submit")
    assert answer.status_code == 422
    assert bka.get(f"/v1/orders/{order}")["state"] == "draft"


def test_a_form_without_an_addressee_is_shown_again_with_what_was_typed(
    bka: Side, forum: Side
) -> None:
    officer, _ = people(bka)
    answer = officer.send("/orders", FORM | {"to": ""})
    assert answer.status_code == 422
    assert 'id="error-to"' in answer.text
    assert "K. Muster" in answer.text
    assert bka.count("orders") == 0


def test_whoever_drafts_cannot_approve(bka: Side, forum: Side) -> None:
    officer, _ = people(bka)
    admin = person(bka, "admin", "admin@bka.example")
    order = drafted(admin)
    assert admin.send(f"/orders/{order}/submit").status_code == 303
    assert admin.send(f"/orders/{order}/approve").status_code == 409
    assert officer.send(f"/orders/{order}/approve").status_code == 403
    assert bka.get(f"/v1/orders/{order}")["state"] == "submitted"


def test_a_scrutiny_is_read_decided_and_told_on_the_pages(
    bka: Side, ireland: tuple[Side, Side], clock: FakeClock
) -> None:
    garda, _ = ireland
    urls = [{"url": "https://board.example/p/1"}]
    given = drafted_by(to="board.example", items=urls, language="en")
    id = bka.post("/v1/orders", bka.officer, given, status=201)["id"]
    bka.post(f"/v1/orders/{id}/submit", bka.officer)
    bka.post(f"/v1/orders/{id}/approve", bka.approver)
    body = {"deconfliction": {"answer": "no"}, "emergency": {"reasons": "On Saturday."}}
    bka.post(f"/v1/orders/{id}/issue", bka.officer, body)
    assert bka.deliver() == 2
    approver = person(garda, "approver", "five@garda.example")
    listed = approver.get("/scrutinies").text
    (one,) = garda.get("/v1/scrutinies")["data"]
    assert f'href="/scrutinies/{one["id"]}"' in listed
    at = f"/scrutinies/{one['id']}"
    assert "https://board.example/p/1" in approver.get(at).text
    early = approver.send(f"{at}/decide", {"finding": "infringement", "reasons": "It is news."})
    assert early.status_code == 409
    said = approver.send(f"{at}/intention", {"intention": "It is news."})
    assert said.status_code == 303, said.text
    done = approver.send(f"{at}/decide", {"finding": "infringement", "reasons": "It is news."})
    assert done.status_code == 303, done.text
    assert 'data-testid="finding"' in approver.get(at).text
    assert approver.send(f"{at}/communicate").status_code == 303
    assert garda.get(f"/v1/scrutinies/{one['id']}")["state"] == "communicated"


def test_a_party_is_registered_by_one_and_confirmed_by_another(bka: Side, forum: Side) -> None:
    officer, approver = people(bka)
    document = forum.client.get("/.well-known/tidegate.json").json()
    (kid,) = [one["kid"] for one in document["keys"]]
    document["organisation"]["id"] = "other.example"
    assert officer.send("/registry", {"document": "{"}).status_code == 422
    page = officer.get("/registry").text
    assert 'data-id="forum.example" data-state="confirmed"' in page
    assert kid in page
    refused = officer.send("/registry/forum.example/confirm", {"kids:forum.example": "none"})
    assert refused.status_code == 422
    path, mine = f"/registry/forum.example/keys/{kid}/revoke", f"forum.example:{kid}"
    empty = approver.send(path, {f"reason:{mine}": "lost"})
    assert empty.status_code == 422
    assert f'id="error-at:{mine}"' in empty.text
    answer = approver.send(path, {f"at:{mine}": "2025-12-01T00:00:00Z", f"reason:{mine}": "lost"})
    assert answer.headers["location"] == "/registry?done=key-revoked"
    assert bka.get("/v1/registry/forum.example")["keys"][0]["state"] == "revoked"


def test_what_the_page_showed_is_confirmed_and_nothing_that_came_since(bka: Side) -> None:
    officer, approver = people(bka)
    other = Other("other.example", "platform")
    field = "kids:other.example"

    def register(**changed: Any) -> None:
        document = json.dumps(other.document(**changed))
        assert officer.send("/registry", {"document": document}).status_code == 303

    def confirm(page: str) -> int:
        shown = re.findall(r'name="document:other.example" value="([0-9a-f]{64})"', page)
        given = {field: other.kid, "document:other.example": shown[0] if shown else ""}
        return approver.send("/registry/other.example/confirm", given).status_code

    register()
    page = approver.get("/registry").text
    register(inbox="https://evil.example/inbox")
    assert (confirm(page), confirm("")) == (409, 409)
    assert 'data-id="other.example" data-state="unconfirmed"' in approver.get("/registry").text
    register()
    assert confirm(page) == 303
    # What a trusted one says otherwise by now is shown, and confirmed by the same form.
    register(inbox="https://new.example/inbox")
    page = approver.get("/registry").text
    proposed = page.split('data-testid="party-proposed"')[1].split("</ul>")[0]
    assert "https://new.example/inbox" in proposed
    register(inbox="https://evil.example/inbox")
    assert confirm(page) == 409
    register(inbox="https://new.example/inbox")
    assert confirm(page) == 303
    assert bka.get("/v1/registry/other.example")["inbox"] == "https://new.example/inbox"


def test_a_draft_begins_with_what_its_officer_signs_as(bka: Side, forum: Side) -> None:
    """Who set their own name at their account; another's draft has nothing of it."""
    officer, approver = people(bka)
    assert 'data-testid="signs"' in officer.get("/account").text
    wrong = officer.send("/account/signs", {"signs_name": "x" * 201, "signs_post": ""})
    assert wrong.status_code == 422
    assert 'id="error-signs_name"' in wrong.text
    given = {"signs_name": "Karla Muster", "signs_post": "Head of unit"}
    assert officer.send("/account/signs", given).status_code == 303
    assert 'value="Karla Muster"' in officer.get("/account").text
    form = officer.get("/orders/new").text
    (named,) = re.findall(r'name="issuing_representative"[^>]* value="([^"]*)"', form)
    (post,) = re.findall(r'name="issuing_post"[^>]* value="([^"]*)"', form)
    assert (named, post) == ("Karla Muster", "Head of unit")
    other = person(bka, "officer", "three@bka.example")
    assert "Karla Muster" not in other.get("/orders/new").text
    assert "Karla Muster" not in approver.get("/account").text


def test_an_order_is_not_issued_before_others_were_asked_which_is_said_at_the_field(
    bka: Side, forum: Side
) -> None:
    officer, _ = people(bka)
    order = approved(bka)
    before = bka.entries()
    answer = officer.send(f"/orders/{order}/issue", {"issue_emergency": "On Saturday."})
    assert answer.status_code == 409
    assert 'id="error-issue_answer"' in answer.text
    assert "On Saturday." in answer.text
    assert (bka.get(f"/v1/orders/{order}")["state"], bka.entries()) == ("approved", before)


def test_the_registry_says_whether_prior_information_went_and_when_orders_may_follow(
    bka: Side, forum: Side, clock: FakeClock
) -> None:
    officer, _ = people(bka)
    legal = person(forum, "legal", "three@forum.example")

    def told(who: Visitor) -> str:
        page = who.get("/registry").text
        return re.sub(r"<[^>]+>", "", page.split('data-testid="prior"')[1].split("</p>")[0])

    assert "No prior information was sent" in told(officer)
    assert "No prior information came" in told(legal)
    bka.post(f"/v1/registry/{forum.id}/prior-information", bka.officer, PRIOR, status=201)
    assert "not signed for it yet" in told(officer)
    assert bka.deliver() == 1
    # Received at midnight: the gate opens at noon.
    assert "may go from 1 Jan 2026, 12:00:00 UTC on" in told(officer)
    assert "may come from 1 Jan 2026, 12:00:00 UTC on" in told(legal)
    clock.advance(12 * 3600)
    officer.sign_in()
    legal.sign_in()
    assert "Since 1 Jan 2026, 12:00:00 UTC orders may go" in told(officer)
    assert "Since 1 Jan 2026, 12:00:00 UTC their orders may come" in told(legal)


def waits(who: Visitor) -> dict[str, list[str] | None]:
    """What the home page has of orders, by its parts."""
    found: dict[str, Any] = who.get("/index.json").json()["orders"]
    return {name: some and [one["id"] for one in some] for name, some in found.items()}


def test_the_home_page_says_what_waits_for_each(bka: Side, forum: Side) -> None:
    officer, approver = people(bka)
    legal = person(forum, "legal", "three@forum.example")
    theirs, mine, ready, gone = begun(bka), begun(bka), approved(bka), delivered(bka)
    for id in (theirs, mine):
        bka.post(f"/v1/orders/{id}/submit", bka.officer)
    found = waits(approver)
    assert (found["submitted"], found["scrutinies"]) == ([theirs, mine], [])
    assert (found["back"], found["running"], found["unconfirmed"]) == (None, None, [])
    assert (waits(officer)["issuable"], waits(officer)["back"]) == ([ready], [])
    (order,) = forum.get("/v1/orders")["data"]
    assert waits(legal)["running"] == [order["id"]]
    assert waits(legal)["submitted"] is None
    forum.post(f"/v1/orders/{order['id']}/authenticate", forum.legal, {"how": "x"}, status=409)
    ask = {"ground": "insufficient_information", "needed": "Which of two posts is meant."}
    forum.post(f"/v1/orders/{order['id']}/ask", forum.legal, ask)
    forum.deliver()
    assert waits(officer)["back"] == [gone]
    shown = officer.get("/").text
    assert 'data-part="orders-back"' in shown
    assert f'href="/orders/{gone}"' in shown
    assert 'data-part="orders-submitted"' in approver.get("/").text


def test_nobody_is_asked_to_approve_what_they_drafted_or_confirm_what_they_registered(
    bka: Side, forum: Side
) -> None:
    admin = person(bka, "admin", "admin@bka.example")
    _, approver = people(bka)
    order = drafted(admin)
    assert admin.send(f"/orders/{order}/submit").status_code == 303
    assert (waits(admin)["submitted"], waits(approver)["submitted"]) == ([], [str(order)])
    document = forum.client.get("/.well-known/tidegate.json").json()
    document["organisation"] |= {"id": "other.example", "hosts": ["other.example"]}
    added = admin.send("/registry", {"document": json.dumps(document)})
    assert added.status_code == 303, added.text
    assert (waits(admin)["unconfirmed"], waits(approver)["unconfirmed"]) == ([], ["other.example"])


def test_who_works_on_no_orders_hears_of_none_at_home(bka: Side, forum: Side) -> None:
    begun(bka)
    reviewer = person(bka, "reviewer", "six@bka.example")
    assert reviewer.get("/index.json").json()["orders"] is None
    assert "orders-" not in reviewer.get("/").text.split("<main")[1]
