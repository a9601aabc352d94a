"""What a person may send as a decision, and what is refused with its pointer."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.decisions.model import TERRITORIES, DecisionIn, Restriction, check
from tidegate.infra.errors import Refusal
from tidegate.infra.parsing import decode
from tidegate.policy.model import Ground, Label

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LABELS = {
    "incitement": Label(
        name="incitement",
        text="Incitement",
        ground=Ground("law", "Art. 1"),
        exemption_required=True,
    ),
    "propaganda": Label(name="propaganda", text="Propaganda", ground=Ground("terms", "§ 4")),
}


def refusal(body: str) -> Refusal:
    with pytest.raises(Refusal) as refused:
        check(decode(body.encode(), DecisionIn), LABELS, now=NOW)
    return refused.value


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ('{"outcome":"remove","reason":"x"}', "/outcome"),
        ('{"outcome":"pass"}', "/reason"),
        ('{"outcome":"pass","reason":""}', "/reason"),
        ('{"outcome":"pass","reason":"a\\u0000b"}', "/reason"),
        ('{"outcome":"pass","reason":" \\n\\t"}', "/reason"),
        ('{"outcome":"pass","reason":"x","colour":"red"}', "/colour"),
        ('{"outcome":"restrict","reason":"x"}', "/label"),
        ('{"outcome":"restrict","reason":"x","exemption":"none"}', "/label"),
        ('{"outcome":"restrict","reason":"x","label":null}', "/label"),
        ('{"outcome":"restrict","reason":"x","label":"spam"}', "/label"),
        ('{"outcome":"restrict","reason":"x","label":"incitement"}', "/exemption"),
        ('{"outcome":"restrict","reason":"x","label":"propaganda","exemption":"news"}', "/exemption"),
        ('{"outcome":"restrict","reason":"x","label":"propaganda","exemption":"humour"}', "/exemption"),
        ('{"outcome":"restrict","reason":"x","label":"propaganda","ground":{"kind":"law","reference":""}}',
         "/ground/reference"),
        ('{"outcome":"restrict","reason":"x","label":"propaganda","ground":{"kind":"mood","reference":"y"}}',
         "/ground/kind"),
        ('{"outcome":"pass","reason":"x","restriction":{"scope":"item"}}', "/restriction"),
        ('{"outcome":"restrict","reason":"x","label":"propaganda","restriction":{}}', "/restriction/scope"),
        ('{"outcome":"restrict","reason":"x","label":"propaganda","restriction":{"scope":"item","territory":[]}}',
         "/restriction/territory"),
        ('{"outcome":"restrict","reason":"x","label":"propaganda","restriction":{"scope":"item","territory":["DE","XX"]}}',
         "/restriction/territory/1"),
        ('{"outcome":"restrict","reason":"x","label":"propaganda","restriction":{"scope":"item","territory":["DE","DE"]}}',
         "/restriction/territory/1"),
        ('{"outcome":"restrict","reason":"x","label":"propaganda","restriction":{"scope":"item","territory":["DE\\n"]}}',
         "/restriction/territory/0"),
        ('{"outcome":"restrict","reason":"x","label":"propaganda","restriction":{"scope":"item","until":"2026-01-01T00:00:00Z"}}',
         "/restriction/until"),
        ('{"outcome":"restrict","reason":"x","label":"propaganda","restriction":{"scope":"item","until":"2027-01-01T00:00:00"}}',
         "/restriction/until"),
        ('{"outcome":"restrict","reason":"x","label":"propaganda","restriction":{"scope":"item","until":"9999-12-31T23:59:59-23:59"}}',
         "/restriction/until"),
        ('{"outcome":"lift","reason":"x","lifts":[]}', "/lifts"),
        ('{"outcome":"lift","reason":"x","lifts":["everything"]}', "/lifts/0"),
        ('{"outcome":"pass","reason":"x","lifts":["018cc251-f400-7000-8000-000000000000"]}', "/lifts"),
        ('{"outcome":"restrict","reason":"x","label":"propaganda","lifts":["018cc251-f400-7000-8000-000000000000"]}',
         "/lifts"),
    ],
)  # fmt: skip
def test_bad_decisions_point_at_the_field(body: str, pointer: str) -> None:
    refused = refusal(body)
    assert refused.status == 422
    assert [error.pointer for error in refused.errors] == [pointer]


@given(
    st.lists(st.sampled_from(sorted(TERRITORIES)), min_size=1, unique=True),
    st.integers(1, 10_000_000),
)
def test_a_complete_restriction_is_taken(territory: list[str], seconds: int) -> None:
    restriction = Restriction("account", territory, NOW + timedelta(seconds=seconds))
    decision = DecisionIn(
        outcome="restrict",
        reason="x",
        label="incitement",
        exemption="none",
        restriction=restriction,
    )
    check(decision, LABELS, now=NOW)


@pytest.mark.parametrize("exemption", ["news", "research", "art", "counter_speech"])
def test_what_is_exempt_may_pass_but_not_be_restricted(exemption: str) -> None:
    body = f'{{"outcome":"%s","reason":"x","label":"incitement","exemption":"{exemption}"}}'
    check(decode((body % "pass").encode(), DecisionIn), LABELS, now=NOW)
    assert refusal(body % "restrict").errors[0].pointer == "/exemption"
