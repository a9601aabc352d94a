"""The bands against a reference that asks one question after the other, and ageing against one that waits."""

from datetime import UTC, datetime, timedelta
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from tidegate.intake.channels import CHANNELS
from tidegate.policy.model import VERDICTS
from tidegate.review.model import Origin
from tidegate.review.priority import BROAD, CaseFacts, aged, priority
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.model import Match

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
ROUTES = sorted({kind.route for kind in KINDS.values()} | {"phrase"})


def match(**fields: object) -> Match:
    usual = {"part": "text", "bank": "known", "stance": "known", "entry": "e", "labels": [],
             "kind": "pdq", "route": "pdq", "distance": 4, "confirmed": False}  # fmt: skip
    return Match(**(usual | fields))  # type: ignore[arg-type]


matches = st.builds(
    match,
    bank=st.sampled_from(["one", "two"]),
    stance=st.sampled_from(["known", "allow"]),
    route=st.sampled_from(ROUTES),
    distance=st.integers(0, 31),
    confirmed=st.booleans(),
    exact=st.booleans(),
    allowed=st.booleans(),
    quarantined=st.booleans(),
)
facts = st.builds(
    CaseFacts,
    origin=st.sampled_from([one for one in get_args(Origin) if one != "quarantine"]),
    reopened=st.booleans(),
    escalated=st.booleans(),
    verdict=st.sampled_from([None, *VERDICTS]),
    rule=st.sampled_from([None, "a-rule"]),
    problems=st.integers(0, 2),
    reasons=st.frozensets(st.sampled_from(["terrorism", "spam", "threat_to_life"])),
    channels=st.frozensets(st.sampled_from(CHANNELS)),
    reporters=st.integers(0, 9),
    recent=st.integers(0, 80),
    matches=st.lists(matches, max_size=3),
)


def band_of(case: CaseFacts) -> int:
    """As the rules are written, one sentence after the other."""
    speaking = [one for one in case.matches if one.stance == "known" and not one.allowed]
    if "threat_to_life" in case.reasons:
        return 0
    if case.escalated or case.verdict == "escalate" or case.origin == "escalation":
        return 0
    for one in speaking:
        if one.confirmed and (one.exact or one.route not in BROAD):
            return 2
        if one.quarantined and one.exact:
            return 2
    if {"trusted_flagger", "notice", "referral", "franked"} & case.channels:
        return 2
    if speaking or case.reporters >= 5 or case.reopened:
        return 3
    return 4


@given(facts)
def test_a_case_is_in_the_band_that_the_rules_give_it(case: CaseFacts) -> None:
    band, because = priority(case)
    assert band == band_of(case)
    codes = [why.code for why in because]
    if "threat_to_life" in case.reasons:
        assert codes[0] == "threat_to_life"
    assert len(codes) <= 14


def test_the_most_telling_reason_comes_first() -> None:
    case = CaseFacts(
        origin="report",
        reopened=True,
        reasons=frozenset({"threat_to_life"}),
        channels=frozenset({"trusted_flagger", "user"}),
        reporters=61,
        recent=61,
        matches=[match(distance=2, bank="attack-2026"), match(distance=9, bank="attack-2026")],
    )
    band, because = priority(case)
    assert band == 0
    codes = [why.code for why in because]
    assert codes == ["threat_to_life", "channel", "match", "reports_recent", "reopened"]
    assert because[3].value == {"count": 61, "minutes": 10}
    assert because[2].value["distance"] == 2, "of a bank the nearest alone"


def test_what_says_nothing_of_itself_says_why_it_came() -> None:
    assert priority(CaseFacts(origin="evaluation")) == (4, [])
    band, because = priority(CaseFacts(origin="evaluation", verdict="review", rule="a-rule"))
    assert (band, [(why.code, why.value) for why in because]) == (4, [("rule", "a-rule")])


@given(
    base=st.integers(0, 4),
    waited=st.timedeltas(timedelta(hours=-1), timedelta(days=9)),
    ageing=st.timedeltas(timedelta(minutes=20), timedelta(days=3)),
)
def test_waiting_lifts_a_band_at_a_time_up_to_the_second(
    base: int, waited: timedelta, ageing: timedelta
) -> None:
    since = NOW - waited
    band, ages_at = aged(base, since, NOW, ageing)
    expected, at = base, since + ageing
    while expected > 2 and at <= NOW:
        expected, at = expected - 1, at + ageing
    assert band == expected
    assert ages_at == (at if expected > 2 else None)
    if ages_at is not None:
        assert aged(base, since, ages_at, ageing)[0] == band - 1
        assert aged(base, since, ages_at - timedelta(microseconds=1), ageing)[0] == band
