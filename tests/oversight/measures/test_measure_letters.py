"""Lists of measures, their letters, what the ledger finds, and final orders as one factor."""

import csv
import io
import json

import pytest
import sqlalchemy as sa
from tests.oversight.measures.conftest import (
    ABROAD,
    PLATFORM,
    SHEET,
    WHY,
    Overseer,
)

from tidegate.access.signatures import set_signature


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
    assert overseer.faults() == []
    past = (
        (f"UPDATE measures SET state = 'concluded' WHERE id = '{id}'", "and entry"),
        ("DELETE FROM measure_signatures WHERE by LIKE '%approver2%'", "that user:approver2"),
        ("DELETE FROM measure_replies", "replied to"),
    )
    for statement, says in past:
        with overseer.side.instance.database.begin() as tx:
            tx.execute(sa.text(statement))
        assert any(says in one for one in overseer.faults()), says


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
