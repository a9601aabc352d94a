"""Measures over HTTP: two persons, the right of reply, the order of steps, and the sheet of a penalty. Each refusal
leaves nothing written."""

import csv
import io
import json
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from tests.oversight.measures.conftest import ABROAD, PLATFORM, WHY, Overseer

from tidegate.access.signatures import set_signature
from tidegate.ledger.model import HEAD_FILE
from tidegate.ledger.sequencer import seal
from tidegate.pipeline.verify import verify

STANDS = {"outcome": "stands", "reasons": "Their answer explains two of eleven."}
FACTORS = ("nature", "intent", "history", "strength", "cooperation", "size", "fault")
SHEET: dict[str, Any] = {
    "factors": {key: f"What persons found of {key}." for key in FACTORS},
    "infringements": ["3(3)"],
    "ceiling": {"key": "hour", "because": "Eleven times in a month, after two warnings."},
    "turnover": {"value": "2500000.00", "currency": "EUR", "year": 2024},
}


def faults(overseer: Overseer) -> list[str]:
    instance = overseer.side.instance
    key = instance.secrets.ledger_key
    seal(instance.database, key, instance.settings.data_dir / HEAD_FILE)
    with instance.database.begin() as tx:
        return [one.detail for one in verify(tx, key.public_key()).faults]


def numbers(value: Any) -> list[Any]:
    """All numbers in a JSON value, and texts that are nothing but one."""
    if isinstance(value, dict):
        return [one for each in value.values() for one in numbers(each)]
    if isinstance(value, list):
        return [one for each in value for one in numbers(each)]
    if isinstance(value, str):
        return [value] if value.replace(".", "").isdigit() else []
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []


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
    assert faults(overseer) == []


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
    assert faults(overseer) == []


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
    assert faults(overseer) == []


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


# --- the penalty sheet ---


def test_persons_fill_the_sheet_and_the_ceiling_is_counted_from_what_they_typed(
    overseer: Overseer,
) -> None:
    id = overseer.penalty()
    empty = overseer.get(f"/{id}")["sheet"]
    assert [one["key"] for one in empty["factors"]] == list(FACTORS)
    assert {one["words"] for one in empty["factors"]} == {""}
    assert (empty["ceiling"], empty["turnover"]) == (None, None)
    assert {one["found"] for one in empty["infringements"]} == {False}
    sheet = overseer.post(f"/{id}/sheet", overseer.analyst, SHEET)["sheet"]
    assert sheet["factors"][0] == {
        "key": "nature",
        "article": "18(2)(a)",
        "text": "The nature, gravity and duration of the infringement",
        "words": "What persons found of nature.",
    }
    found = [one["article"] for one in sheet["infringements"] if one["found"]]
    assert (found, len(sheet["infringements"])) == (["3(3)"], 16)
    ceiling = sheet["ceiling"]
    assert (ceiling["article"], ceiling["percent"]) == ("18(3)", 4)
    assert (ceiling["value"], ceiling["currency"]) == ("100000.00", "EUR")
    assert "preceding business year" in ceiling["of"]


def test_no_amount_of_a_penalty_is_ever_said_or_taken(overseer: Overseer) -> None:
    id = overseer.penalty()
    for name in ("amount", "penalty", "fine"):
        body = SHEET | {name: "1000000.00"}
        overseer.refused(f"/{id}/sheet", overseer.analyst, body, "invalid-body", 422)
    overseer.post(f"/{id}/sheet", overseer.analyst, SHEET)
    overseer.sign(id)
    overseer.post(f"/{id}/notify", overseer.analyst)
    overseer.wait(60)
    body = STANDS | {"amount": "100000.00"}
    overseer.refused(f"/{id}/conclude", overseer.one, body, "invalid-body", 422)
    shown = overseer.post(f"/{id}/conclude", overseer.one, STANDS)
    sheet = shown["sheet"]
    only = {name: sheet[name] for name in sheet if name not in ("ceiling", "ceilings", "turnover")}
    assert [one for one in numbers(only) if one not in ("6", "7", "10", "11", "17")] == []
    rest = {name: shown[name] for name in shown if name not in ("sheet", "clocks", "article")}
    assert numbers({name: one for name, one in rest.items() if name != "ladder"}) == []
    assert numbers(sheet["turnover"]) == ["2500000.00", 2024]
    assert numbers(sheet["ceiling"]) == [4, "100000.00"]


def test_a_sheet_is_complete_before_anybody_signs_and_stands_after_that(
    overseer: Overseer,
) -> None:
    id = overseer.penalty()
    overseer.refused(f"/{id}/sign", overseer.one, None, "sheet-incomplete", 409)
    six = {key: words for key, words in SHEET["factors"].items() if key != "fault"}
    overseer.post(f"/{id}/sheet", overseer.analyst, SHEET | {"factors": six})
    problem = overseer.refused(f"/{id}/sign", overseer.one, None, "sheet-incomplete", 409)
    assert [one["pointer"] for one in problem["errors"]] == ["/factors/fault"]
    overseer.post(f"/{id}/sheet", overseer.analyst, SHEET)
    overseer.sign(id)
    overseer.refused(f"/{id}/sheet", overseer.analyst, SHEET, "step-out-of-order", 409)


def test_four_percent_are_for_the_hour_alone(overseer: Overseer) -> None:
    id = overseer.penalty()
    body = SHEET | {"infringements": ["7"]}
    problem = overseer.refused(
        f"/{id}/sheet", overseer.analyst, body, "ceiling-not-applicable", 422
    )
    assert problem["article"] == "18(3)"
    sheet = overseer.post(f"/{id}/sheet", overseer.analyst, body | {"ceiling": None})["sheet"]
    assert sheet["ceiling"] is None
    assert [one["value"] for one in sheet["ceilings"]] == [None]


def test_a_penalty_alone_has_a_sheet(overseer: Overseer) -> None:
    id = overseer.draft()
    overseer.refused(f"/{id}/sheet", overseer.analyst, SHEET, "step-out-of-order", 409)


# --- lists, letters, the ledger ---


def test_lists_are_filtered_and_come_as_a_table(overseer: Overseer) -> None:
    first = overseer.draft("dialogue")
    overseer.wait(1)
    second = overseer.draft(organisation=ABROAD)
    assert [one["id"] for one in overseer.get("")["data"]] == [second, first]
    found = overseer.get(f"?organisation={PLATFORM}&state=open&step=dialogue")["data"]
    assert [one["id"] for one in found] == [first]
    assert overseer.get("?state=concluded")["data"] == []
    page = overseer.get("?limit=1")
    assert [one["id"] for one in overseer.get(f"?cursor={page['next']}")["data"]] == [first]
    answer = overseer.side.call("GET", "/v1/measures.csv?state=open", overseer.analyst)
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["id"], row["state"]) for row in rows] == [(second, "draft"), (first, "draft")]


def test_a_letter_is_a_draft_until_two_signed_and_says_what_is_not_required(
    overseer: Overseer,
) -> None:
    from tidegate.orders.annex_pdf import lay_out
    from tidegate.oversight.measures.queries import measure_of
    from tidegate.pipeline.oversight.letters import letter_json

    id = overseer.penalty(requires=["comply"])
    overseer.post(f"/{id}/sheet", overseer.analyst, SHEET)
    with overseer.side.instance.database.begin() as tx:
        set_signature(tx, "approver2@bka.example", name="K. Muster", post="Head of unit")
    pdf = overseer.side.call("GET", f"/v1/measures/{id}/letter.pdf", overseer.analyst)
    assert pdf.content.startswith(b"%PDF")
    assert pdf.headers["content-type"] == "application/pdf"
    instance = overseer.side.instance
    with instance.database.begin() as tx:
        measure = measure_of(tx, id)  # pyright: ignore[reportArgumentType]
        document = letter_json(tx, instance, measure)
    pack = instance.measures["eu-tco"]
    form, wording = pack.letter(measure.at_step), instance.wording
    said = str(lay_out(form, document, signed="", synthetic=False, wording=wording)["blocks"])
    for words in (WHY, "automated tools", "right to reply", "Article 18(2)", "100000.00 EUR"):
        assert words in said
    assert wording.further not in said  # the letter has a place for all of it
    overseer.sign(id)
    with instance.database.begin() as tx:
        signers = json.loads(letter_json(tx, instance, measure))["signatures"]
    assert {one["by"] for one in signers} == {"approver", "K. Muster, Head of unit"}
    signed = overseer.side.call("GET", f"/v1/measures/{id}/letter.pdf", overseer.analyst)
    assert signed.content != pdf.content


@pytest.mark.parametrize(
    ("law", "step"),
    [
        *(("eu-tco", step) for step in ("dialogue", "formal_notice")),
        *(("eu-dsa", step) for step in ("dialogue", "formal_notice")),
        *(("uk", step) for step in ("dialogue", "formal_notice")),
    ],
)
def test_every_law_has_its_letters(overseer: Overseer, law: str, step: str) -> None:
    id = overseer.draft(step, pack=law)
    pdf = overseer.side.call("GET", f"/v1/measures/{id}/letter.pdf", overseer.analyst)
    assert pdf.content.startswith(b"%PDF")


def test_the_ledger_finds_what_was_done_past_the_program(overseer: Overseer) -> None:
    id = overseer.notified()
    overseer.post(f"/{id}/reply", overseer.analyst, {"text": "A fire."})
    assert faults(overseer) == []
    past = (
        (f"UPDATE measures SET state = 'concluded' WHERE id = '{id}'", "and entry"),
        ("DELETE FROM measure_signatures WHERE by LIKE '%approver2%'", "that user:approver2"),
        ("DELETE FROM measure_replies", "replied to"),
    )
    for statement, says in past:
        with overseer.side.instance.database.begin() as tx:
            tx.execute(sa.text(statement))
        assert any(says in one for one in faults(overseer)), says


def test_the_final_orders_of_twelve_months_are_a_factor_and_decide_nothing(
    overseer: Overseer,
) -> None:
    from tests.oversight.measures.finals import final_order

    overseer.concluded()
    old = final_order(overseer, "old")
    overseer.wait(200)
    newer = final_order(overseer, "newer")
    final_order(overseer, "another", ABROAD)
    overseer.wait(200)  # the old one was more than twelve months ago
    id = overseer.draft("exposure_decision")
    shown = overseer.get(f"/{id}")
    factor = shown["final_orders"]
    assert [one["id"] for one in factor["orders"]] == [newer]
    assert factor["article"] == "5(4)(a)"
    assert "decide nothing by themselves" in factor["text"]
    assert old not in str(factor)
    assert (shown["state"], shown["outcome"]) == ("draft", None)
    assert overseer.get(f"/{overseer.draft('dialogue')}")["final_orders"] is None
