"""The words that an alert rang for are marked where people read them, and said what they are."""

import re
from typing import Any

import pytest
from tests.api import Api
from tests.web.test_case_page import twin, words
from tests.web.test_pages import check_html, visitor
from tests.web.test_threatened_posts import POSTS, live

from tidegate.web.pages.case_parts.passages import Stretch, passages

SHIPPED = "my brother says he will shoot up the mosque on Friday, he has a rifle"


def tell(api: Api, id: str = "r1", **fields: Any) -> dict[str, Any]:
    said = {"id": id, "channel": "tip", "reason": "other", "created_at": "2025-12-31T23:30:00Z"}
    answer = api.post("/v1/reports", said | fields)
    assert answer.status_code == 201, answer.text
    return answer.json()


def marked(page: str) -> list[str]:
    """What is marked as what rang, as a screen reader says it."""
    found = re.findall(r'<mark class="rang">(.*?)</mark>', page, re.S)
    return [words(one) for one in found]


def of(text: str) -> str:
    return f"rang: {text} end of what rang"


def alert_of(api: Api) -> str:
    (one,) = api.get("/v1/alerts").json()["data"]
    return one["id"]


def test_a_tip_is_marked_where_it_rang_on_both_pages(api: Api) -> None:
    live(api, POSTS)
    case = tell(api, text="😀 <b>listen</b>: I will kill them with my gun")["case"]
    person = visitor(api, "reviewer")
    for path in (f"/cases/{case}", f"/alerts/{alert_of(api)}"):
        page = person.get(path).text
        check_html(page)
        assert "<b>listen" not in page
        assert of("I will kill them") in marked(page)
        told = words(page[page.index('data-testid="rang"') :])
        assert "Means to do it: " in told
        assert "will kill" in told
        assert "high, unspecific" in told
    said = twin(person, case)["rang"][0]
    fired = {one["pattern"]: one["words"] for one in said["fired"]}
    assert fired["trial/will-kill"] == ["will kill"]
    assert "will kill" in [said["text"][start:end] for start, end in said["spans"]]


@pytest.mark.parametrize("field", ["comment", "location"])
def test_what_a_reporter_wrote_beside_is_marked(api: Api, field: str) -> None:
    live(api, POSTS)
    api.submit("post-1", text="a post")
    case = tell(api, item_id="post-1", **{field: "  He wrote: I will kill them "})["case"]
    page = visitor(api, "reviewer").get(f"/cases/{case}").text
    check_html(page)
    group = page[page.index('data-testid="report-group"') :]
    group = group[: group.index("</li>")]
    assert len(marked(group)) == 1
    assert "kill" in marked(group)[0]
    assert page.count('class="words"') == 2, "what the page shows anyhow is not said twice"
    assert f'data-field="{field}"' in page


def test_a_post_that_rings_by_itself_is_marked(api: Api) -> None:
    live(api, POSTS)
    case = api.submit("post-1", text="Good day. I will kill them with my gun").json()["case"]
    person = visitor(api, "reviewer")
    assert marked(person.get(f"/cases/{case}").text)
    assert marked(person.get(f"/alerts/{alert_of(api)}").text)


def test_what_rang_in_another_tip_of_the_case_is_shown_whole(api: Api) -> None:
    first = tell(api, text="The bridge by the mill is closed, and nobody says why it is closed.")
    more = "The bridge by the mill is closed, and nobody says why it is closed."
    second = tell(api, "r2", text=f"{more} I will shoot up the school on Friday, I have a rifle")
    assert second["threat"] is not None
    case = second["case"]
    page = visitor(api, "reviewer").get(f"/cases/{case}").text
    assert marked(page)
    if case == first["case"]:
        assert "shoot up the school" in words(page)


def test_shipped_packs_say_what_their_patterns_mean(api: Api) -> None:
    case = tell(api, text=SHIPPED)["case"]
    page = visitor(api, "reviewer").get(f"/cases/{case}").text
    told = words(page[page.index('data-testid="rang"') :])
    assert "Sounds like a threat: " in told
    assert "Where: " in told or "When: " in told
    assert "my brother" in " ".join(marked(page))


def test_who_may_not_see_the_case_reads_none_of_its_words(api: Api) -> None:
    tell(api, text=SHIPPED, reason="threat_to_life")
    at = f"/alerts/{alert_of(api)}"
    assert "rifle" in visitor(api, "reviewer").get(at).text
    page = visitor(api, "auditor").get(at)  # to whom content is closed until they open it
    assert page.status_code == 200
    assert "rifle" not in page.text


def test_what_was_erased_is_not_shown(api: Api) -> None:
    told = tell(api, text=SHIPPED)
    assert api.call("DELETE", f"/v1/items/{told['item']}").status_code in (200, 204)
    person = visitor(api, "reviewer")
    for path in (f"/cases/{told['case']}", f"/alerts/{alert_of(api)}"):
        assert "rifle" not in person.get(path).text


def test_other_cases_have_no_such_part(api: Api) -> None:
    api.submit("post-1", text="a post")
    case = tell(api, item_id="post-1", comment="I do not like it")["case"]
    assert 'data-testid="rang"' not in visitor(api, "reviewer").get(f"/cases/{case}").text


def cut(text: str, marks: list[tuple[int, int]], rang: list[tuple[int, int]]) -> list[Stretch]:
    return [one for passage in passages(text, marks, rang) for one in passage.stretches]


def test_what_rang_is_told_apart_from_what_matched() -> None:
    text = "abcdefghij"
    found = [
        ("".join(run.text for run in one.runs), one.marked, one.rang)
        for one in cut(text, [(1, 8)], [(3, 5)])
    ]
    assert found == [
        ("a", False, False),
        ("bc", True, False),
        ("de", True, True),
        ("fgh", True, False),
        ("ij", False, False),
    ]
