"""The machine of measures against a slow reference that knows nothing but what happened: never concluded with one
signature, before the reply's end, or out of order. And the ceilings, which are all that is ever counted."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.infra.errors import Refusal
from tidegate.oversight.measures.model import (
    Evidence,
    State,
    Verb,
    after,
    check_evidence,
    may_begin,
)
from tidegate.oversight.measures.packs import LAWS, MeasurePack, read_measures
from tidegate.oversight.measures.sheet import (
    CeilingIn,
    SheetIn,
    Turnover,
    check_sheet,
    most,
    unfinished,
    view,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RIGHT = timedelta(days=14)
PACKS = read_measures()
TCO = PACKS["eu-tco"]
HOUR = CeilingIn("hour", "Eleven orders in a month were missed.")
SAID = {one.key: "Words of a person." for one in TCO.factors}

verbs = st.sampled_from(["assess", "sign", "notify", "reply", "conclude", "withdraw"])
steps = st.tuples(verbs, st.sampled_from(["anna", "ben", "carl"]), st.integers(0, 12))


class Slow:
    """What may be done next, by looking through all that was done before."""

    def __init__(self) -> None:
        self.done: list[tuple[str, str, datetime]] = []

    def did(self, verb: str) -> list[tuple[str, datetime]]:
        return [(who, at) for what, who, at in self.done if what == verb]

    def allows(self, verb: str, who: str, now: datetime) -> bool:
        over = bool(self.did("conclude") or self.did("withdraw"))
        signers = {name for name, _ in self.did("sign")}
        told = self.did("notify")
        if over:
            return False
        if verb == "withdraw":
            return True
        if verb == "assess":
            return not signers
        if verb == "sign":
            return len(signers) < 2 and who not in signers
        if verb == "notify":
            return len(signers) == 2 and not told
        if verb == "reply":
            return bool(told)
        return bool(told) and now >= told[0][1] + RIGHT

    def state(self) -> str:
        for verb, state in (("withdraw", "withdrawn"), ("conclude", "concluded")):
            if self.did(verb):
                return state
        if self.did("notify"):
            return "notified"
        return ["draft", "proposed", "signed"][len(self.did("sign"))]


@given(st.lists(steps, max_size=30))
def test_a_walk_goes_where_the_reference_goes_and_no_further(
    walk: list[tuple[Verb, str, int]],
) -> None:
    slow, signed = Slow(), list[str]()
    state: State = "draft"
    now, until = NOW, None
    for verb, who, days in walk:
        now += timedelta(days=days)
        go = partial(after, state, verb, by=who, signed=signed, now=now, until=until)
        if not slow.allows(verb, who, now):
            with pytest.raises(Refusal) as caught:
                go()
            assert caught.value.status == 409
            continue
        new = go()
        slow.done.append((verb, who, now))
        signed += [who] if verb == "sign" else []
        until = now + RIGHT if verb == "notify" else until
        state = new
        assert state == slow.state()
    if state == "concluded":
        (told,), (end,) = slow.did("notify"), slow.did("conclude")
        assert len({name for name, _ in slow.did("sign")}) == 2
        assert end[1] >= told[1] + RIGHT


@pytest.mark.parametrize(
    ("state", "verb", "type"),
    [
        ("draft", "notify", "step-out-of-order"),
        ("proposed", "notify", "step-out-of-order"),
        ("signed", "conclude", "step-out-of-order"),
        ("signed", "reply", "step-out-of-order"),
        ("signed", "sign", "step-out-of-order"),
        ("proposed", "assess", "step-out-of-order"),
        ("concluded", "withdraw", "step-out-of-order"),
        ("withdrawn", "sign", "step-out-of-order"),
        ("proposed", "sign", "same-person"),
        ("notified", "conclude", "reply-open"),
    ],
)
def test_each_refusal_has_its_name(state: State, verb: Verb, type: str) -> None:
    with pytest.raises(Refusal) as caught:
        after(state, verb, by="anna", signed=["anna"], now=NOW, until=NOW + RIGHT)
    assert (caught.value.status, caught.value.type) == (409, type)


def test_the_last_moment_of_the_right_of_reply_is_its_end() -> None:
    ends = NOW + RIGHT
    with pytest.raises(Refusal):
        after("notified", "conclude", now=ends - timedelta(microseconds=1), until=ends)
    assert after("notified", "conclude", now=ends, until=ends) == "concluded"


names = [one.name for one in TCO.steps]


@given(st.sampled_from(TCO.steps), st.sets(st.sampled_from(names)))
def test_a_step_begins_where_all_that_comes_before_it_stands(step: Any, stand: set[str]) -> None:
    if set(step.after) <= stand:
        may_begin(step, stand)
        return
    with pytest.raises(Refusal, match="comes after") as caught:
        may_begin(step, stand)
    assert caught.value.type == "step-out-of-order"


def test_a_penalty_comes_after_a_formal_notice_in_every_law() -> None:
    for law in LAWS:
        with pytest.raises(Refusal):
            may_begin(PACKS[law].step("penalty"), {"dialogue"})


def test_of_each_group_some_evidence_is_listed() -> None:
    step = TCO.step("penalty")
    order, notice = Evidence("order", "1"), Evidence("measure", "2")
    check_evidence(step, [order, notice])
    for given_ in ([], [order], [notice]):
        with pytest.raises(Refusal, match="at least one of"):
            check_evidence(step, given_)


@pytest.mark.parametrize(
    ("law", "key", "turnover", "ceiling"),
    [
        ("eu-tco", "hour", "1000000.00", "40000.00"),
        ("eu-tco", "hour", "0.49", "0.01"),
        ("eu-dsa", "failure", "1000000.00", "60000.00"),
        ("eu-dsa", "information", "1000000.00", "10000.00"),
        ("eu-dsa", "periodic", "2739.72", "136.98"),
        ("uk", "penalty", "100000000.00", "18000000.00"),
        ("uk", "penalty", "180000000.01", "18000000.00"),
        ("uk", "penalty", "500000000.00", "50000000.00"),
    ],
)
def test_the_ceiling_is_the_share_of_the_turnover_that_the_law_says(
    law: str, key: str, turnover: str, ceiling: str
) -> None:
    (found,) = [one for one in PACKS[law].ceilings if one.key == key]
    assert most(found, Decimal(turnover)) == Decimal(ceiling)


@given(st.decimals(0, 10**14, places=2))
def test_a_ceiling_is_never_rounded_up(turnover: Decimal) -> None:
    for pack in PACKS.values():
        for one in pack.ceilings:
            exact = turnover * one.percent / 100
            found = most(one, turnover)
            assert found == (one.least if one.least and exact < one.least else found)
            assert found <= max(exact, one.least or Decimal(0))
            assert found >= exact - Decimal("0.01")


def test_four_percent_are_for_the_missed_hour_alone_and_with_words_why() -> None:
    turnover = Turnover("1000000", "EUR", 2025)
    wrong = SheetIn(factors=SAID, infringements=["3(6)"], ceiling=HOUR, turnover=turnover)
    with pytest.raises(Refusal) as caught:
        check_sheet(TCO, wrong)
    assert caught.value.type == "ceiling-not-applicable"
    assert caught.value.extra == {"article": "18(3)"}
    blank = SheetIn(infringements=["3(3)"], ceiling=CeilingIn("hour", " \u200b"))
    with pytest.raises(Refusal, match="systematic or persistent"):
        check_sheet(TCO, blank)
    unsaid = view(TCO, SheetIn(infringements=["3(3)"], turnover=turnover))
    assert unsaid.ceiling is None
    assert [one.value for one in unsaid.ceilings] == [None]
    right = SheetIn(factors=SAID, infringements=["3(3)"], ceiling=HOUR, turnover=turnover)
    check_sheet(TCO, right)
    said = view(TCO, right).ceiling
    assert said is not None
    assert (said.value, said.currency, said.article) == ("40000.00", "EUR", "18(3)")


@pytest.mark.parametrize(
    "sheet",
    [
        SheetIn(factors={"mood": "Grim."}),
        SheetIn(infringements=["5(4)"]),
        SheetIn(ceiling=CeilingIn("sky", "It is high.")),
    ],
    ids=["factor", "infringement", "ceiling"],
)
def test_a_sheet_names_what_the_law_names(sheet: SheetIn) -> None:
    with pytest.raises(Refusal) as caught:
        check_sheet(TCO, sheet)
    assert caught.value.status == 422


def test_pounds_are_counted_in_pounds() -> None:
    ceiling = CeilingIn("penalty", "The duty of section 10.")
    with pytest.raises(Refusal, match="expected GBP"):
        check_sheet(PACKS["uk"], SheetIn(ceiling=ceiling, turnover=Turnover("1", "EUR", 2025)))


@pytest.mark.parametrize("left_out", list(SAID))
def test_nothing_is_signed_before_each_factor_has_words(left_out: str) -> None:
    assert unfinished(TCO, SheetIn(factors=SAID, infringements=["3(3)"])) is None
    some = {key: words for key, words in SAID.items() if key != left_out}
    refusal = unfinished(TCO, SheetIn(factors=some, infringements=["3(3)"]))
    assert refusal is not None
    assert [one.pointer for one in refusal.errors] == [f"/factors/{left_out}"]
    assert unfinished(TCO, SheetIn(factors=SAID)) is not None


def test_the_law_names_seven_factors_and_its_own_infringements() -> None:
    assert [one.article for one in TCO.factors] == [f"18(2)({letter})" for letter in "abcdefg"]
    assert [one.article for one in TCO.infringements] == [
        *("3(3)", "3(6)", "4(2)", "4(7)", "5(1)", "5(2)", "5(3)", "5(5)", "5(6)"),
        *("6", "7", "10", "11", "14(5)", "15(1)", "17"),
    ]


def _types(struct: Any, seen: set[Any]) -> None:
    """All structs that a struct is made of."""
    if struct in seen:
        return
    seen.add(struct)
    for field in msgspec.structs.fields(struct):
        for one in _inside(field.type):
            _types(one, seen)


def _inside(type: Any) -> list[Any]:
    info = msgspec.inspect.type_info(type)
    found: list[Any] = []

    def walk(one: Any) -> None:
        if isinstance(one, msgspec.inspect.StructType):
            found.append(one.cls)
        for name in ("item_type", "value_type", "key_type"):
            if hasattr(one, name):
                walk(getattr(one, name))
        for each in getattr(one, "types", ()):
            walk(each)

    walk(info)
    return found


def test_no_field_anywhere_takes_or_gives_the_amount_of_a_penalty() -> None:
    from tidegate.oversight.measures.model import ConcludeIn, MeasureIn, ReplyIn, WithdrawIn
    from tidegate.oversight.measures.tables import measures
    from tidegate.pipeline.oversight.shown_measures import MeasureView

    seen: set[Any] = set()
    for one in (MeasureIn, ConcludeIn, ReplyIn, WithdrawIn, SheetIn, MeasureView):
        _types(one, seen)
    names = {field for one in seen for field in one.__struct_fields__} | set(measures.c.keys())
    words = ("amount", "fine", "sum", "recommended", "suggested", "proposal")
    assert [name for name in names for word in words if word in name.split("_")] == []


@pytest.mark.parametrize("law", LAWS)
def test_a_pack_that_is_edited_takes_the_place_of_the_shipped_one(law: str, tmp_path: Any) -> None:
    from importlib.resources import files

    shipped = files("tidegate.clocks").joinpath(f"jurisdictions/{law}/measures.toml").read_text()
    folder = tmp_path / "policies" / law
    folder.mkdir(parents=True)
    (folder / "measures.toml").write_text(shipped.replace('version = "1"', 'version = "ours"', 1))
    found: MeasurePack = read_measures(tmp_path)[law]
    assert found.version == "ours"


@pytest.mark.parametrize(
    ("was", "becomes", "says"),
    [
        ('after = ["formal_notice"]', 'after = ["penalty"]', "after steps that stand before it"),
        ('letter = "penalty"', 'letter = "none"', "a letter of that name"),
        ('only = ["3(3)"]', 'only = ["99"]', "only infringements that are listed"),
        ('name = "formal_notice"', 'name = "dialogue"', "each step once"),
        ('id = "eu-tco"', 'id = "eu-dsa"', "its id is"),
    ],
)
def test_a_pack_that_cannot_be_right_is_refused_at_start(
    was: str, becomes: str, says: str, tmp_path: Any
) -> None:
    from importlib.resources import files

    from tidegate.infra.settings import SettingsError

    shipped = files("tidegate.clocks").joinpath("jurisdictions/eu-tco/measures.toml").read_text()
    assert was in shipped
    folder = tmp_path / "policies" / "eu-tco"
    folder.mkdir(parents=True)
    (folder / "measures.toml").write_text(shipped.replace(was, becomes, 1))
    with pytest.raises(SettingsError, match=says):
        read_measures(tmp_path)
