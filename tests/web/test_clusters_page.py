"""The page of a cluster: what each member adds, and splitting, pinning, merging and taking back without a script."""

from typing import Any
from uuid import uuid4

import pytest
from tests.api import Api
from tests.web.visitor import Visitor

BRIDGE = "They will meet at the old bridge on Friday at nine and want to set the depot on fire"
MORE = BRIDGE + " and they have two cars, the number is 4711"
OTHER = "A stranger takes photographs of the school gate in Mill Street every morning"
TIP = {"channel": "tip", "reason": "attack", "created_at": "2025-12-31T23:00:00Z"}
CHANGED = ("cluster_changes", "ledger_pending", "clusters")


def tell(api: Api, id: str, text: str, **more: Any) -> dict[str, Any]:
    answer = api.post("/v1/reports", TIP | {"id": id, "text": text} | more)
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.fixture
def told(api: Api) -> list[dict[str, Any]]:
    """Two that say the same, and one that does not."""
    found = [tell(api, "r1", BRIDGE), tell(api, "r2", MORE), tell(api, "r3", OTHER)]
    assert found[0]["cluster"] == found[1]["cluster"] != found[2]["cluster"]
    return found


@pytest.fixture
def senior(api: Api) -> Visitor:
    return Visitor(api.instance, api.client, "senior", email="anna@example.org")


def twin(person: Visitor, at: str) -> dict[str, Any]:
    return person.get(f"{at}.json").json()


def rows(api: Api) -> list[int]:
    return [api.count(table) for table in CHANGED]


def test_a_case_leads_to_who_says_the_same_with_what_each_adds(
    api: Api, told: list[dict[str, Any]], senior: Visitor
) -> None:
    at = f"/clusters/{told[0]['cluster']}"
    case = senior.get(f"/cases/{told[0]['case']}").text
    assert f'href="{at}"' in case
    assert "1 other says the same" in case
    assert "says the same" not in senior.get(f"/cases/{told[2]['case']}").text
    page = senior.get(at).text
    assert "have two cars</mark>" in page
    assert "4711</mark>" in page
    assert f'href="/cases/{told[0]["case"]}"' in page
    first, second = twin(senior, at)["members"]
    assert (first["representative"], first["numbers"]) == (True, [])
    assert (second["reports"], second["numbers"]) == (["r2"], ["4711"])


def test_ticked_members_are_split_and_the_change_is_taken_back(
    api: Api, told: list[dict[str, Any]], senior: Visitor
) -> None:
    at = f"/clusters/{told[0]['cluster']}"
    second = twin(senior, at)["members"][1]["id"]
    sent = senior.send(f"{at}/split", {"members": second})
    assert (sent.status_code, sent.headers["location"]) == (303, f"{at}?done=cluster-split")
    found = twin(senior, at)
    assert [one["reports"] for one in found["members"]] == [["r1"]]
    own = api.get("/v1/reports/r2").json()
    assert own["cluster"] != told[0]["cluster"]
    assert own["case"] != told[0]["case"]
    page = senior.get(f"{at}?done=cluster-split").text
    assert 'data-testid="undo-change"' in page
    sent = senior.send(f"{at}/changes/{found['undoes']['id']}/undo")
    assert (sent.status_code, sent.headers["location"]) == (303, f"{at}?done=cluster-undone")
    found = twin(senior, at)
    assert (len(found["members"]), found["undoes"]) == (2, None)
    again = senior.send(f"{at}/changes/{found['changes'][1]['id']}/undo")
    assert again.status_code == 409


def test_members_are_pinned_and_clusters_merged_by_the_address_of_a_page(
    api: Api, told: list[dict[str, Any]], senior: Visitor
) -> None:
    at = f"/clusters/{told[0]['cluster']}"
    ids = [one["id"] for one in twin(senior, at)["members"]]
    assert senior.send(f"{at}/pin", {"members": ids}).status_code == 303
    assert [one["pinned"] for one in twin(senior, at)["members"]] == [True, True]
    other = f"https://desk.example.org/clusters/{told[2]['cluster']}?done=x"
    sent = senior.send(f"{at}/merge", {"with": other})
    assert sent.headers["location"] == f"{at}?done=cluster-merged"
    assert len(twin(senior, at)["members"]) == 3
    assert senior.get(f"/clusters/{told[2]['cluster']}").status_code == 404


@pytest.mark.parametrize(
    ("verb", "form", "field"),
    [
        ("split", {}, "members"),
        ("split", {"members": "no"}, "members"),
        ("split", {"members": "ALL"}, "members"),
        ("split", {"members": "OTHER"}, "members"),
        ("pin", {"members": "OTHER"}, "members"),
        ("pin", {"members": str(uuid4())}, "members"),
        ("merge", {"with": "nothing"}, "with"),
        ("merge", {"with": "ITSELF"}, "with"),
    ],
    ids=["none", "no-id", "all", "split-other", "pin-other", "pin-unknown", "no-cluster", "itself"],
)
def test_what_cannot_be_comes_back_at_its_field_and_changes_nothing(
    api: Api,
    told: list[dict[str, Any]],
    senior: Visitor,
    verb: str,
    form: dict[str, str],
    field: str,
) -> None:
    at = f"/clusters/{told[0]['cluster']}"
    elsewhere = f"/clusters/{told[2]['cluster']}"
    named: dict[str, Any] = {
        "ALL": [one["id"] for one in twin(senior, at)["members"]],
        "OTHER": [one["id"] for one in twin(senior, elsewhere)["members"]],
        "ITSELF": told[0]["cluster"],
    }
    before = rows(api)
    answer = senior.send(f"{at}/{verb}", {name: named.get(one, one) for name, one in form.items()})
    assert answer.status_code == 422
    assert f'id="error-{field}"' in answer.text
    assert rows(api) == before


def test_who_may_not_change_them_reads_them_and_others_do_not(
    api: Api, told: list[dict[str, Any]]
) -> None:
    at = f"/clusters/{told[0]['cluster']}"
    reader = Visitor(api.instance, api.client, "intake")
    page = reader.get(at).text
    assert "4711" in page
    assert 'name="members"' not in page
    member = twin(reader, at)["members"][1]["id"]
    of_b = Visitor(api.instance, api.client, "senior", "b")
    before = rows(api)
    assert reader.send(f"{at}/split", {"members": member}).status_code == 403
    assert of_b.get(at).status_code == 404
    assert of_b.send(f"{at}/split", {"members": member}).status_code == 404
    assert rows(api) == before
    auditor = Visitor(api.instance, api.client, "auditor").get(at).text
    assert "two cars" not in auditor
    assert "4711" not in auditor


def test_a_change_that_never_was_is_named_as_that(api: Api) -> None:
    for change in ("nope", "01a22bac-0000-7000-8000-000000000000"):
        answer = api.post(f"/v1/clusters/changes/{change}/undo")
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/change-unknown")


def test_both_clusters_tell_of_a_split_and_lead_to_each_other(
    api: Api, told: list[dict[str, Any]], senior: Visitor
) -> None:
    at = f"/clusters/{told[0]['cluster']}"
    senior.send(f"{at}/split", {"members": twin(senior, at)["members"][1]["id"]})
    new = f"/clusters/{api.get('/v1/reports/r2').json()['cluster']}"
    page = senior.get(f"{at}?done=cluster-split").text
    assert 'data-testid="split-off"' in page
    assert f'href="{new}"' in page
    (change,) = twin(senior, new)["changes"]
    assert (change["kind"], f"/clusters/{change['cluster']}", f"/clusters/{change['made']}") == (
        "split",
        at,
        new,
    )
    page = senior.get(new).text
    assert f'href="{at}"' in page[page.index('data-testid="changes"') :]
    assert 'data-testid="split-off"' not in page
    sent = senior.send(f"{new}/changes/{change['id']}/undo")
    assert sent.headers["location"] == f"{at}?done=cluster-undone"
    assert f'href="{new}"' not in senior.get(at).text, "it is none any more"


def test_a_merge_offers_clusters_of_the_same_story(
    api: Api, told: list[dict[str, Any]], senior: Visitor
) -> None:
    at = f"/clusters/{told[0]['cluster']}"
    assert twin(senior, at)["likely"] == []
    senior.send(f"{at}/split", {"members": twin(senior, at)["members"][1]["id"]})
    new = api.get("/v1/reports/r2").json()["cluster"]
    (likely,) = twin(senior, at)["likely"]
    assert (likely["id"], likely["items"], likely["text"]) == (new, 1, MORE)
    assert "4711" in senior.get(at).text
    reader = Visitor(api.instance, api.client, "auditor")
    assert twin(reader, at)["likely"] == [], "who may not merge is offered nothing"
    sent = senior.send(f"{at}/merge", {"likely": new})
    assert sent.headers["location"] == f"{at}?done=cluster-merged"
    assert len(twin(senior, at)["members"]) == 2
    before = rows(api)
    assert senior.send(f"{at}/merge", {}).status_code == 422
    assert rows(api) == before
