"""Each row of the table of clocks, named after its article: what starts it, whose it is, when it ends in both
readings, when it warns, and what its end is.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tidegate.clocks.model import Definition, Due, Happened, Limit, Terms, follow
from tidegate.clocks.packs import Packs

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# A Tuesday with nothing odd about it.
RECEIPT = datetime(2026, 6, 9, 2, 13, 7, 500_000, tzinfo=BERLIN)
FOURTH_HOUR = datetime(2026, 6, 9, 3, tzinfo=BERLIN)  # the first full hour after that of receipt


def midnight(text: str) -> datetime:
    """The first instant after that day."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN) + DAY


def due(packs: Packs, name: str, at: datetime = RECEIPT, limit: Limit | None = None) -> Due:
    return packs.due(packs.definition(name), at, Terms("Europe/Berlin", "de"), limit=limit)


def before_end(found: Due, *gaps: timedelta) -> bool:
    """Whether it warns so long before its plain end, and no more."""
    return found.warnings == [found.due_at - gap for gap in gaps]


def told(packs: Packs, name: str, *events: str) -> str:
    """The state after events an hour apart, of a clock of ours that the first one starts."""
    definition = packs.definition(name)
    ours = definition.bearer_of(events[0])
    known = [
        Happened(event, RECEIPT + n * MINUTE, due(packs, name, RECEIPT + n * MINUTE))
        for n, event in enumerate(events)
    ]
    assert ours
    return follow(definition, True, known).state


def over(packs: Packs, name: str, event: str) -> tuple[str, bool]:
    """The state once its time is over, and whether it lives on."""
    definition = packs.definition(name)
    found = due(packs, name)
    known = [Happened(event, RECEIPT, found), Happened("expired", found.due_latest)]
    course = follow(definition, True, known)
    return course.state, course.live


def says(packs: Packs, name: str, **what: object) -> Definition:
    """The definition, which says these things."""
    definition = packs.definition(name)
    assert {key: getattr(definition, key) for key in what} == what
    return definition


def test_tco_3_2_prior_information(packs: Packs) -> None:
    says(packs, "tco.prior_information", article="3(2)", bearer="authority", safe="late")
    found = due(packs, "tco.prior_information")
    assert (found.due_at, found.due_latest) == (RECEIPT + 12 * HOUR, FOURTH_HOUR + 12 * HOUR)
    assert found.warnings == []
    assert over(packs, "tco.prior_information", "prior_information.received") == ("lapsed", False)
    events = "prior_information.received", "prior_information.waived"
    assert told(packs, "tco.prior_information", *events) == "void"


def test_tco_3_3_remove_within_one_hour(packs: Packs) -> None:
    says(packs, "tco.remove", article="3(3)", bearer="provider", safe="early")
    found = due(packs, "tco.remove")
    assert (found.due_at, found.due_latest) == (RECEIPT + HOUR, FOURTH_HOUR + HOUR)
    assert before_end(found, 30 * MINUTE, 15 * MINUTE, 5 * MINUTE)
    assert told(packs, "tco.remove", "order.received", "order.executed") == "met"
    assert told(packs, "tco.remove", "order.received", "order.voided") == "void"
    assert told(packs, "tco.remove", "order.received", "order.rejected") == "void"
    assert over(packs, "tco.remove", "order.received") == ("missed", True)


@pytest.mark.parametrize(
    ("suspended", "again"),
    [("order.impeded", "impediment.ended"), ("order.asked", "order.clarified")],
)
def test_tco_3_7_and_3_8_a_fresh_hour(packs: Packs, suspended: str, again: str) -> None:
    definition = packs.definition("tco.remove")
    later = RECEIPT + 5 * HOUR
    story = [
        Happened("order.received", RECEIPT, due(packs, "tco.remove")),
        Happened(suspended, RECEIPT + 20 * MINUTE),
    ]
    assert follow(definition, True, story).state == "suspended"
    story.append(Happened(again, later, due(packs, "tco.remove", later)))
    course = follow(definition, True, story)
    assert (course.state, course.due.due_at) == ("running", later + HOUR)
    assert [run.due_at for run in course.runs] == [RECEIPT + HOUR, later + HOUR]


def test_tco_3_6_to_3_8_feedback(packs: Packs) -> None:
    definition = says(packs, "tco.feedback", article="3(6), 3(7), 3(8)", safe="early")
    assert definition.start == ["order.executed", "order.impeded", "order.asked"]
    found = due(packs, "tco.feedback")
    assert found.due_at == found.due_latest == RECEIPT + 15 * MINUTE
    assert found.warnings == [found.due_at]
    assert told(packs, "tco.feedback", "order.impeded", "feedback.delivered") == "met"
    assert over(packs, "tco.feedback", "order.executed") == ("missed", True)


def test_tco_4_1_copy(packs: Packs) -> None:
    says(packs, "tco.copy", article="4(1)", bearer="authority", safe="early")
    found = due(packs, "tco.copy")
    assert found == Due(RECEIPT + 15 * MINUTE, RECEIPT + 15 * MINUTE, [])
    assert told(packs, "tco.copy", "order.issued", "copy.received") == "met"
    assert over(packs, "tco.copy", "order.issued") == ("missed", True)


def test_tco_4_3_scrutiny_of_its_own(packs: Packs) -> None:
    says(packs, "tco.scrutiny_own", article="4(3)", bearer="establishment", safe="early")
    found = due(packs, "tco.scrutiny_own")
    assert (found.due_at, found.due_latest) == (RECEIPT + 72 * HOUR, FOURTH_HOUR + 72 * HOUR)
    assert before_end(found, 24 * HOUR, 6 * HOUR)
    assert told(packs, "tco.scrutiny_own", "copy.received", "scrutiny.decided") == "met"
    assert over(packs, "tco.scrutiny_own", "copy.received") == ("lapsed", False)


def test_tco_4_4_request_of_scrutiny(packs: Packs) -> None:
    definition = says(packs, "tco.scrutiny_request", article="4(4)", safe="early")
    assert definition.bearer_of("order.received") == "provider"
    assert definition.bearer_of("author.answered") == "author"  # what was asked under 11(2)
    found = due(packs, "tco.scrutiny_request")
    assert (found.due_at, found.due_latest) == (RECEIPT + 48 * HOUR, FOURTH_HOUR + 48 * HOUR)
    assert before_end(found, 12 * HOUR, 2 * HOUR)
    assert told(packs, "tco.scrutiny_request", "order.received", "scrutiny.requested") == "met"
    assert over(packs, "tco.scrutiny_request", "author.answered") == ("lapsed", False)


def test_tco_4_4_decision_on_a_request(packs: Packs) -> None:
    says(packs, "tco.scrutiny_decision", article="4(4)", bearer="establishment", safe="early")
    found = due(packs, "tco.scrutiny_decision")
    assert (found.due_at, found.due_latest) == (RECEIPT + 72 * HOUR, FOURTH_HOUR + 72 * HOUR)
    assert before_end(found, 24 * HOUR, 6 * HOUR, HOUR)
    events = "scrutiny.requested", "scrutiny.communicated"
    assert told(packs, "tco.scrutiny_decision", *events) == "met"
    assert over(packs, "tco.scrutiny_decision", "scrutiny.requested") == ("missed", True)


def test_tco_4_7_reinstate(packs: Packs) -> None:
    says(packs, "tco.reinstate", article="4(7)", bearer="provider", safe="early")
    found = due(packs, "tco.reinstate")
    assert found == Due(RECEIPT + 15 * MINUTE, RECEIPT + 15 * MINUTE, [RECEIPT])
    for start in ("infringement.received", "order.voided"):
        assert told(packs, "tco.reinstate", start, "reinstated") == "met"
        assert over(packs, "tco.reinstate", start) == ("missed", True)


def test_tco_11_3_non_disclosure(packs: Packs) -> None:
    says(packs, "tco.non_disclosure", article="11(3)", safe="late")
    found = due(packs, "tco.non_disclosure")
    assert found.due_at == datetime(2026, 7, 21, 2, 13, 7, 500_000, tzinfo=BERLIN)
    assert found.due_latest == midnight("2026-07-21")
    assert found.warnings == [found.due_latest - 7 * DAY, found.due_latest - DAY]
    events = "non_disclosure.decided", "non_disclosure.lifted"
    assert told(packs, "tco.non_disclosure", *events) == "met"
    extended = "non_disclosure.decided", "non_disclosure.extended"
    assert told(packs, "tco.non_disclosure", *extended) == "running"
    assert over(packs, "tco.non_disclosure", "non_disclosure.decided") == ("lapsed", False)


def test_tco_11_1_and_11_2_inform_the_author(packs: Packs) -> None:
    definition = says(packs, "tco.inform_author", article="11(1), 11(2)", bearer="provider")
    assert definition.start == ["order.executed", "non_disclosure.over", "author.asked"]
    found = due(packs, "tco.inform_author")
    assert found.due_at == found.due_latest == RECEIPT + 24 * HOUR
    assert before_end(found, 4 * HOUR)
    assert told(packs, "tco.inform_author", "order.executed", "author.informed") == "met"
    assert told(packs, "tco.inform_author", "author.asked", "author.answered") == "met"
    assert over(packs, "tco.inform_author", "non_disclosure.over") == ("missed", True)


def test_tco_6_2_preserve(packs: Packs) -> None:
    says(packs, "tco.preserve", article="6(2)", bearer="provider", safe="late", stop=[])
    found = due(packs, "tco.preserve")
    assert found.due_at == datetime(2026, 12, 9, 2, 13, 7, 500_000, tzinfo=BERLIN)
    assert found.due_latest == midnight("2026-12-09")
    assert found.warnings == [midnight("2026-11-09"), midnight("2026-12-02")]
    august = due(packs, "tco.preserve", datetime(2026, 8, 31, 12, tzinfo=BERLIN))
    assert august.due_latest == midnight("2027-03-01"), "28 February is a Sunday"
    events = "order.executed", "preservation.extended"
    assert told(packs, "tco.preserve", *events) == "running"
    assert over(packs, "tco.preserve", "order.executed") == ("lapsed", False)


def test_tco_10_2_complaint(packs: Packs) -> None:
    says(packs, "tco.complaint", article="10(2)", bearer="provider", safe="early")
    found = due(packs, "tco.complaint")
    assert (found.due_at, found.due_latest) == (RECEIPT + 14 * DAY, midnight("2026-06-23"))
    assert before_end(found, 7 * DAY, 2 * DAY)
    assert told(packs, "tco.complaint", "complaint.received", "complaint.answered") == "met"
    assert over(packs, "tco.complaint", "complaint.received") == ("missed", True)


def test_tco_5_5_report_of_measures(packs: Packs) -> None:
    says(packs, "tco.measures_report", article="5(5)", bearer="provider", safe="early")
    found = due(packs, "tco.measures_report")
    assert found.due_at == RECEIPT.replace(month=9)
    assert found.due_latest == midnight("2026-09-09")
    assert before_end(found, 30 * DAY, 7 * DAY)
    yearly = packs.definition("tco.measures_report").then
    assert due(packs, "tco.measures_report", limit=yearly).due_at == RECEIPT.replace(year=2027)
    assert told(packs, "tco.measures_report", "exposure.received", "measures.reported") == "met"
    assert told(packs, "tco.measures_report", "exposure.received", "exposure.ended") == "void"
    assert over(packs, "tco.measures_report", "exposure.received") == ("missed", True)


def test_tco_5_7_review(packs: Packs) -> None:
    says(packs, "tco.review", article="5(7)", bearer="establishment", safe="early")
    found = due(packs, "tco.review")
    assert (found.due_at, found.due_latest) == (RECEIPT.replace(month=9), midnight("2026-09-09"))
    assert before_end(found, 30 * DAY, 7 * DAY)
    assert told(packs, "tco.review", "review.requested", "review.decided") == "met"
    assert over(packs, "tco.review", "review.requested") == ("missed", True)


@pytest.mark.parametrize(
    ("name", "article", "stop", "last"),
    [
        ("tco.report", "7(2)", "report.published", "2027-02-28"),  # before 1 March
        ("tco.state_data", "21(1)", "state_data.sent", "2027-03-31"),  # by 31 March
    ],
)
def test_tco_7_2_and_21_1_the_reports_of_a_year(
    packs: Packs, name: str, article: str, stop: str, last: str
) -> None:
    says(packs, name, article=article, safe="early")
    year_ends = midnight("2026-12-31")
    found = due(packs, name, year_ends)
    assert found.due_at == found.due_latest == midnight(last)
    days = packs.definition(name).warnings
    assert days == ["30d", "7d"]
    assert found.warnings[1].astimezone(BERLIN).date() == found.due_at.date() - 7 * DAY + DAY
    assert told(packs, name, "year.ended", stop) == "met"
    assert over(packs, name, "year.ended") == ("missed", True)


def test_tco_14_5_imminent_threat(packs: Packs) -> None:
    says(packs, "tco.imminent_threat", article="14(5)", bearer="provider", safe="early")
    found = due(packs, "tco.imminent_threat")
    assert found.due_at == found.due_latest == RECEIPT + 30 * MINUTE
    assert before_end(found, 15 * MINUTE)
    assert told(packs, "tco.imminent_threat", "threat.recorded", "threat.told") == "met"
    assert over(packs, "tco.imminent_threat", "threat.recorded") == ("missed", True)


def test_dsa_9_1_effect_of_an_order(packs: Packs) -> None:
    definition = says(packs, "dsa.order_effect", article="9(1)", bearer="provider", safe="early")
    assert definition.limit.service_level is not None, "the law has no figure: it is ours"
    found = due(packs, "dsa.order_effect")
    assert found.due_at == found.due_latest
    assert found.warnings == []
    assert told(packs, "dsa.order_effect", "order.received", "feedback.delivered") == "met"
    assert over(packs, "dsa.order_effect", "order.received") == ("missed", True)


def test_uk_terrorism_act_2006_s3_2_b_and_9(packs: Packs) -> None:
    definition = says(packs, "uk.ta2006_s3", article="s.3(2)(b), (9)", safe="early")
    assert definition.note
    london = Terms("Europe/London", "uk")
    thursday = datetime(2026, 4, 2, 9, tzinfo=ZoneInfo("Europe/London"))
    found = packs.due(definition, thursday, london)
    end = datetime(2026, 4, 9, tzinfo=ZoneInfo("Europe/London"))
    assert (found.due_at, found.due_latest) == (end, end), "not Good Friday, nor Easter Monday"
    assert found.warnings == [end - DAY]
    assert told(packs, "uk.ta2006_s3", "notice.given", "content.unavailable") == "met"
    assert over(packs, "uk.ta2006_s3", "notice.given") == ("missed", True)


def test_referrals_as_agreed_and_no_law(packs: Packs) -> None:
    assert packs.pack_of("referral.answer").states == []
    says(packs, "referral.answer", bearer="provider", safe="early", on_expiry="counted")
    found = due(packs, "referral.answer")
    assert found.due_at == RECEIPT + 24 * HOUR
    assert before_end(found, 4 * HOUR)
    agreed = due(packs, "referral.answer", limit=Limit(hours=2))
    assert agreed.due_at == RECEIPT + 2 * HOUR
    assert told(packs, "referral.answer", "referral.received", "referral.answered") == "met"
    assert told(packs, "referral.answer", "referral.received", "referral.withdrawn") == "void"


def test_a_measure_may_be_replied_to_as_long_as_its_step_says(packs: Packs) -> None:
    assert packs.pack_of("measures.reply").states == []
    says(packs, "measures.reply", bearer="provider", safe="late", on_expiry="lapsed")
    found = due(packs, "measures.reply", limit=Limit(days=14))
    assert (found.due_at, found.due_latest) == (RECEIPT + 14 * DAY, midnight("2026-06-23"))
    assert found.warnings == []
    assert told(packs, "measures.reply", "measure.notified", "measure.replied") == "met"
    assert told(packs, "measures.reply", "measure.notified", "measure.withdrawn") == "void"
    assert over(packs, "measures.reply", "measure.notified") == ("lapsed", False)


def test_no_other_clock_is_shipped(packs: Packs) -> None:
    assert len(packs.names) == 22  # 20 of law or agreed, ours.provisional_review, measures.reply
    shipped = {"eu-tco@1", "eu-dsa@1", "uk@1", "referral@1", "ours@1", "measures@1"}
    assert {pack.named for pack in packs.packs} == shipped
    for pack in packs.packs:
        assert len(pack.states) == (27 if pack.id.startswith("eu-") else pack.id == "uk")
