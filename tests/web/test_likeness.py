"""Where only a likeness speaks, nobody restricts or confirms on the pages before they have seen both."""

import re
from typing import Any

import msgspec
import pytest
from tests.api import Api
from tests.web.test_pages import check_html, picture
from tests.web.visitor import Visitor

from tidegate.infra.clock import FakeClock
from tidegate.pipeline.bulk import carry_on
from tidegate.review.seen import sweep_seen

RESTRICT = {"outcome": "restrict", "label": "threat", "reason": "It calls for an attack."}
CONFIRM = {"outcome": "pass", "entry": "confirm", "reason": "It is the known picture."}
SCRIPT = {"accept": "application/json"}


def post(api: Api, id: str = "post-1", **fields: Any) -> str:
    media = [{"filename": "a.png", "data": msgspec.to_builtins(picture())}]
    return api.submit(id, media=media, **fields).json()["case"]


@pytest.fixture
def case(api: Api) -> str:
    """A picture that an entry which nobody has confirmed knows."""
    api.bank(labels=["threat"])
    file = {"file": ("a.png", picture())}
    assert api.call("POST", "/v1/banks/known/entries", files=file).is_success
    return post(api)


@pytest.fixture
def curator(api: Api) -> Visitor:
    return Visitor(api.instance, api.client)


def previews(person: Visitor, case: str) -> list[str]:
    """Where the pixels of the pair are: of the post's picture, and of the entry."""
    page = person.get(f"/cases/{case}").text
    return sorted(set(re.findall(r'data-clear="([^"]+)"', page)))


def look(person: Visitor, *addresses: str) -> None:
    for one in addresses:
        assert person.get(one.replace("&amp;", "&")).status_code == 200


def refused(api: Api, person: Visitor, case: str, form: dict[str, str]) -> str:
    """A form that is refused for want of a look; at which field."""
    answer = person.send(f"/cases/{case}/decide", form, headers=SCRIPT)
    assert answer.status_code == 422, answer.text
    assert api.count("decisions") == api.count("restrictions") == 0
    (error,) = answer.json()["errors"]
    assert "show the picture and the entry" in error["expected"]
    return error["pointer"]


@pytest.mark.parametrize(("form", "field"), [(RESTRICT, "/outcome"), (CONFIRM, "/entry")])
def test_both_must_have_been_seen(
    api: Api, case: str, curator: Visitor, form: dict[str, str], field: str
) -> None:
    first, second = previews(curator, case)
    assert refused(api, curator, case, form) == field
    look(curator, first)
    assert refused(api, curator, case, form) == field
    look(curator, second.replace("blur=0", "blur=1"))
    assert refused(api, curator, case, form) == field, "shapes are no look"
    another = Visitor(api.instance, api.client, "reviewer")
    look(another, second)
    assert refused(api, curator, case, form) == field, "nor is somebody else's"
    page = curator.send(f"/cases/{case}/decide", form)
    assert page.status_code == 422
    assert "then decide again" in page.text
    check_html(page.text)
    look(curator, second)
    assert curator.send(f"/cases/{case}/decide", form).status_code == 303


def test_a_look_counts_for_a_day_and_names_nobody(
    api: Api, case: str, curator: Visitor, clock: FakeClock
) -> None:
    look(curator, *previews(curator, case))
    with api.instance.database.begin() as tx:
        rows = [str(row) for row in tx.connection.exec_driver_sql("SELECT * FROM seen_files")]
    assert len(rows) == 2
    assert not any(curator.email in row or case in row for row in rows)
    clock.advance(24 * 3600)
    curator.sign_in()
    assert refused(api, curator, case, RESTRICT) == "/outcome"
    with api.instance.database.begin() as tx:
        assert sweep_seen(tx) == 2


def test_nothing_else_asks_for_it(api: Api, case: str, curator: Visitor) -> None:
    passed = {"outcome": "pass", "reason": "A harmless likeness."}
    assert curator.send(f"/cases/{case}/decide", passed).status_code == 303
    reported = post(api, "post-2")
    said = {"id": "r", "item_id": "post-2", "channel": "user", "reason": "terrorism"}
    api.post("/v1/reports", said | {"created_at": "2025-12-31T23:00:00Z"})
    assert curator.send(f"/cases/{reported}/decide", RESTRICT).status_code == 303
    by_key = post(api, "post-3")
    assert api.post(f"/v1/cases/{by_key}/decide", RESTRICT).status_code == 200


def test_a_selection_leaves_out_what_was_not_looked_at(
    api: Api, case: str, curator: Visitor
) -> None:
    cases = [case, post(api, "post-2"), post(api, "post-3")]

    def previewed() -> dict[str, Any]:
        form = RESTRICT | {"case": cases}
        answer = curator.send("/cases/bulk/preview", form)
        assert answer.status_code == 303, answer.text
        return curator.get(answer.headers["location"] + ".json").json()

    assert [(one["why"], one["count"]) for one in previewed()["left_out"]] == [("unseen", 3)]
    look(curator, *previews(curator, case))
    page = previewed()
    assert page["left_out"] == [], "what is the same file was looked at"
    form = RESTRICT | {"preview": page["id"]}
    assert curator.send("/cases/bulk/apply", form).status_code == 303
    carry_on(api.instance, api.instance.pack)
    assert api.count("decisions") == 3
