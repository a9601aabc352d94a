"""Measures over HTTP: two persons, the right of reply, and the order of steps. Each refusal leaves nothing written."""

from typing import Any
from uuid import uuid4

import pytest
from tests.oversight.measures.conftest import ABROAD, SHEET, STANDS, Overseer


def test_a_notice_goes_its_way_by_two_persons_and_after_the_reply(overseer: Overseer) -> None:
    id = overseer.draft()
    draft = overseer.get(f"/{id}")
    assert (draft["state"], draft["step"], draft["article"]) == (
        "draft",
        "formal_notice",
        "12(1)(c), (d)",
    )
    assert (draft["signatures"], draft["reply_until"], draft["sheet"]) == ([], None, None)
    overseer.sign(id)
    by = {one["by"] for one in overseer.get(f"/{id}")["signatures"]}
    assert by == {"user:approver@bka.example", "user:approver2@bka.example"}
    notified = overseer.post(f"/{id}/notify", overseer.analyst)
    (clock,) = notified["clocks"]
    assert (clock["name"], clock["state"], clock["bearer"], clock["by"]) == (
        "measures.reply",
        "running",
        "them",
        "service_level",
    )
    assert notified["reply_open"] is True
    assert notified["reply_until"] == clock["due_latest"]
    overseer.wait(40)
    shown = overseer.post(f"/{id}/conclude", overseer.one, STANDS)
    assert (shown["state"], shown["outcome"], shown["reply_open"]) == ("concluded", "stands", False)
    assert shown["conclusion"] == STANDS["reasons"]
    assert overseer.faults() == []


def test_one_person_never_signs_twice(overseer: Overseer) -> None:
    id = overseer.draft()
    assert overseer.post(f"/{id}/sign", overseer.one, status=202) == {"state": "proposed"}
    overseer.refused(f"/{id}/sign", overseer.one, None, "same-person", 409)
    overseer.refused(f"/{id}/notify", overseer.analyst, None, "step-out-of-order", 409)
    assert overseer.post(f"/{id}/sign", overseer.two)["state"] == "signed"
    overseer.refused(f"/{id}/sign", overseer.two, None, "step-out-of-order", 409)


def test_a_second_key_of_the_same_person_is_the_same_person(overseer: Overseer) -> None:
    from tidegate.access.actions import create_key
    from tidegate.pipeline.house import SCOPES

    id = overseer.draft()
    overseer.post(f"/{id}/sign", overseer.one, status=202)
    with overseer.side.instance.database.begin("system:cli") as tx:
        email = "approver@bka.example"
        another = create_key(tx, SCOPES, "another", ["oversight:sign"], user_email=email)[1]
    overseer.refused(f"/{id}/sign", another, None, "same-person", 409)


def test_a_retry_of_the_first_signature_is_no_second_one(overseer: Overseer) -> None:
    id = overseer.draft()
    headers = {"authorization": f"Bearer {overseer.one}", "idempotency-key": "sign-once"}
    path = f"/v1/measures/{id}/sign"
    first, again = (overseer.side.client.post(path, headers=headers) for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.content == again.content
    assert len(overseer.get(f"/{id}")["signatures"]) == 1


def test_nothing_is_concluded_while_the_organisation_may_reply(overseer: Overseer) -> None:
    id = overseer.notified()
    until = overseer.get(f"/{id}")["reply_until"]
    problem = overseer.refused(f"/{id}/conclude", overseer.one, STANDS, "reply-open", 409)
    assert problem["until"] == until
    overseer.wait(13.9)
    overseer.refused(f"/{id}/conclude", overseer.one, STANDS, "reply-open", 409)
    overseer.wait(4)
    assert overseer.post(f"/{id}/conclude", overseer.one, STANDS)["state"] == "concluded"


def test_an_answer_to_a_notice_ends_the_wait_and_stands_beside_the_reasons(
    overseer: Overseer,
) -> None:
    id = overseer.notified()
    overseer.wait(2)
    answered = overseer.post(f"/{id}/reply", overseer.analyst, {"text": "A fire in our hall."})
    (reply,) = answered["replies"]
    assert (reply["text"], reply["late"]) == ("A fire in our hall.", False)
    assert (answered["state"], answered["reply_open"]) == ("notified", False)
    assert answered["clocks"][0]["state"] == "met"
    assert overseer.post(f"/{id}/conclude", overseer.one, STANDS)["outcome"] == "stands"
    assert overseer.faults() == []


def test_an_answer_to_an_intended_decision_leaves_all_of_its_time(overseer: Overseer) -> None:
    overseer.concluded()
    id = overseer.notified("exposure_decision")
    overseer.wait(1)
    overseer.post(f"/{id}/reply", overseer.analyst, {"text": "A first word."})
    overseer.refused(f"/{id}/conclude", overseer.one, STANDS, "reply-open", 409)
    overseer.wait(40)
    late = overseer.post(f"/{id}/reply", overseer.analyst, {"text": "A second one."})
    assert [one["late"] for one in late["replies"]] == [False, True]
    assert overseer.post(f"/{id}/conclude", overseer.one, STANDS)["state"] == "concluded"


def test_a_reply_came_between_the_letter_and_now(overseer: Overseer) -> None:
    id = overseer.draft()
    said = {"text": "No."}
    overseer.refused(f"/{id}/reply", overseer.analyst, said, "step-out-of-order", 409)
    overseer.sign(id)
    overseer.post(f"/{id}/notify", overseer.analyst)
    for at in ("2020-01-01T00:00:00Z", "2090-01-01T00:00:00Z"):
        overseer.refused(f"/{id}/reply", overseer.analyst, said | {"at": at}, "invalid-body", 422)
    overseer.refused(f"/{id}/reply", overseer.analyst, {"text": " \u200b"}, "invalid-body", 422)


def test_a_penalty_comes_after_a_formal_notice_that_stands(overseer: Overseer) -> None:
    body = overseer.given("penalty")
    overseer.refused("", overseer.analyst, body, "step-out-of-order", 409)
    overseer.notified()  # not concluded yet
    overseer.refused("", overseer.analyst, body, "step-out-of-order", 409)
    overseer.concluded(outcome="dropped")
    overseer.refused("", overseer.analyst, body, "step-out-of-order", 409)
    overseer.concluded("dialogue")
    overseer.refused("", overseer.analyst, body, "step-out-of-order", 409)
    overseer.concluded(organisation=ABROAD)  # of another provider
    overseer.refused("", overseer.analyst, body, "step-out-of-order", 409)
    overseer.concluded(pack="eu-dsa")  # by another law
    overseer.refused("", overseer.analyst, body, "step-out-of-order", 409)
    assert overseer.penalty()


def test_further_measures_come_after_an_exposure_decision(overseer: Overseer) -> None:
    overseer.concluded()
    body = overseer.given("further_measures")
    overseer.refused("", overseer.analyst, body, "step-out-of-order", 409)
    overseer.concluded("exposure_decision")
    assert overseer.draft("further_measures", requires=["effective", "human_oversight"])


def test_what_is_withdrawn_goes_no_further_and_opens_nothing(overseer: Overseer) -> None:
    id = overseer.notified()
    shown = overseer.post(f"/{id}/withdraw", overseer.analyst, {"reasons": "It was another firm."})
    assert (shown["state"], shown["withdrawal"]) == ("withdrawn", "It was another firm.")
    assert shown["clocks"][0]["state"] == "void"
    for verb, body in (("sign", None), ("notify", None), ("withdraw", {"reasons": "Again."})):
        key = overseer.one if verb == "sign" else overseer.analyst
        overseer.refused(f"/{id}/{verb}", key, body, "step-out-of-order", 409)
    overseer.wait(40)
    overseer.refused(f"/{id}/conclude", overseer.one, STANDS, "step-out-of-order", 409)
    body = overseer.given("penalty")
    overseer.refused("", overseer.analyst, body, "step-out-of-order", 409)
    assert overseer.faults() == []


@pytest.mark.parametrize("code", ["automated_tools", "general_monitoring", "seek_facts"])
def test_a_measure_never_requires_automated_tools_or_general_monitoring(
    overseer: Overseer, code: str
) -> None:
    for step in ("dialogue", "formal_notice", "further_measures"):
        body = overseer.given(step, requires=["report", code])
        problem = overseer.refused("", overseer.analyst, body, "measure-not-allowed", 422)
        assert (problem["article"], problem["code"]) == ("5(8)", code)


def test_the_type_of_a_specific_measure_is_the_providers_choice(overseer: Overseer) -> None:
    body = overseer.given(requires=["named_type"])
    problem = overseer.refused("", overseer.analyst, body, "measure-not-allowed", 422)
    assert problem["article"] == "5(6)"


@pytest.mark.parametrize(
    "changed",
    [
        {"organisation": "nobody.example"},
        {"step": "exile"},
        {"pack": "mars"},
        {"reasons": " "},
        {"requires": ["tea"]},
        {"evidence": []},
        {"evidence": [{"kind": "order", "id": str(uuid4())}]},
        {"evidence": [{"kind": "clock", "id": "no id"}]},
        {"evidence": [{"kind": "rumour", "id": "x"}]},
        {"amount": "1000000"},
        {"step": "further_measures", "pack": "uk"},
    ],
    ids=lambda changed: " ".join(f"{name}" for name in changed),
)
def test_a_draft_names_what_there_is(overseer: Overseer, changed: dict[str, Any]) -> None:
    body = overseer.given(**changed)
    overseer.refused("", overseer.analyst, body, "invalid-body", 422)


def test_evidence_may_be_a_bare_id(overseer: Overseer) -> None:
    own, card = overseer.draft(), f"/v1/scorecards/{overseer.given()['organisation']}"
    drafted = overseer.get(f"/{overseer.draft(evidence=[own, card])}")
    found = [(one["kind"], one["id"]) for one in drafted["evidence"]]
    assert found == [("measure", own), ("scorecard", card)]
    for unknown in (str(uuid4()), "no id", " ", "/v1/scorecards/another.example"):
        body = overseer.given(evidence=[unknown])
        problem = overseer.refused("", overseer.analyst, body, "invalid-body", 422)
        assert problem["errors"][0]["pointer"] == "/evidence/0"


def test_evidence_is_about_the_same_organisation(overseer: Overseer) -> None:
    other = overseer.draft(organisation=ABROAD)
    body = overseer.given(evidence=[{"kind": "measure", "id": other}])
    problem = overseer.refused("", overseer.analyst, body, "invalid-body", 422)
    assert problem["errors"][0]["pointer"] == "/evidence/0/id"
    own = overseer.draft("dialogue")
    assert overseer.draft(evidence=[{"kind": "measure", "id": own}])


def test_a_decision_on_exposure_is_for_the_state_of_establishment(overseer: Overseer) -> None:
    overseer.concluded(organisation=ABROAD)
    body = overseer.given("exposure_decision", organisation=ABROAD)
    problem = overseer.refused("", overseer.analyst, body, "not-competent", 403)
    assert problem["article"] == "16(1)"


def has_functions(overseer: Overseer, functions: str, kind: str = "authority") -> None:
    with overseer.side.instance.database.begin() as tx:
        said = f"UPDATE organisation SET kind = '{kind}', functions = '{functions}'"
        tx.connection.exec_driver_sql(said)


def test_it_takes_the_function_of_the_step(overseer: Overseer) -> None:
    notified = overseer.notified()
    penalty = overseer.penalty()
    has_functions(overseer, "{issue,scrutinise,penalise}")
    problem = overseer.refused("", overseer.analyst, overseer.given(), "not-competent", 403)
    assert "'oversee'" in problem["detail"]
    overseer.refused(f"/{notified}/conclude", overseer.one, STANDS, "not-competent", 403)
    overseer.post(f"/{penalty}/sheet", overseer.analyst, SHEET)
    has_functions(overseer, "{oversee}")
    overseer.refused(f"/{penalty}/sign", overseer.one, None, "not-competent", 403)
    has_functions(overseer, "{}", "platform")
    overseer.refused("", overseer.analyst, overseer.given(), "not-competent", 403)


def test_it_takes_a_person_and_the_scope(overseer: Overseer) -> None:
    id = overseer.draft()
    machine = overseer.side.admin
    bodies: dict[str, Any] = {
        "": overseer.given(),
        f"/{id}/sheet": SHEET,
        f"/{id}/sign": None,
        f"/{id}/notify": None,
        f"/{id}/reply": {"text": "No."},
        f"/{id}/conclude": STANDS,
        f"/{id}/withdraw": {"reasons": "So."},
    }
    for path, body in bodies.items():
        overseer.refused(path, machine, body, "person-needed", 403)
        overseer.refused(path, overseer.side.legal, body, "scope-missing", 403)
    overseer.refused(f"/{id}/sign", overseer.analyst, None, "scope-missing", 403)
    assert overseer.side.call("GET", f"/v1/measures/{id}", overseer.side.legal).status_code == 403


def test_what_is_none_is_not_found(overseer: Overseer) -> None:
    for id in (str(uuid4()), "none"):
        overseer.refused(f"/{id}/sign", overseer.one, None, "measure-unknown", 404)
        for path in (id, f"{id}/letter.pdf"):
            answer = overseer.side.call("GET", f"/v1/measures/{path}", overseer.analyst)
            assert answer.status_code == 404
