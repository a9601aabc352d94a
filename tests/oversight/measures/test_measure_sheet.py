"""The sheet of a penalty: persons' words, the law's list, a ceiling by a turnover that somebody typed; no amount."""

from typing import Any

from tests.oversight.measures.conftest import FACTORS, SHEET, STANDS, Overseer


def numbers(value: Any) -> list[Any]:
    """All numbers in a JSON value, and texts that are nothing but one."""
    if isinstance(value, dict):
        return [one for each in value.values() for one in numbers(each)]
    if isinstance(value, list):
        return [one for each in value for one in numbers(each)]
    if isinstance(value, str):
        return [value] if value.replace(".", "").isdigit() else []
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []


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
