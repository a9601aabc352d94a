"""What a firm is told of itself and what it says to it: signed on both ways, by a file and by a note where it has no
inbox; a contested row is marked until two persons have looked, and nothing forged does anything."""

import json
from typing import Any

import msgspec
import pytest
from tests.orders.authority.test_scorecards import PATH, REFERRALS, answer, referred
from tests.orders.drafting_by import HOURS
from tests.orders.letters import Sender, unb64
from tests.orders.sides import BOARD, FORUM, Side
from tests.orders.test_messages_witness import faults

from tidegate.infra.clock import FakeClock

PERIOD = {"from": "2026-01-01", "to": "2027-01-01", "channel": "referral"}
TABLES = ("scorecards", "scorecard_contests", "scorecard_replies", "order_messages")
JOSE = {"content-type": "application/jose+json"}
REJECTED = {"finding": "rejected", "reasons": "The receipt says otherwise."}


@pytest.fixture
def analyst(bka: Side) -> str:
    return bka.person("analyst")


@pytest.fixture
def theirs(forum: Side) -> str:
    return forum.person("analyst")


def told(bka: Side, forum: Side, analyst: str, clock: FakeClock) -> dict[str, Any]:
    """A card of ten referrals that the firm has. Returns it as the firm reads it of itself."""
    for n in range(10):
        referred(bka, n)
        clock.advance(600)
        answer(forum)
    clock.advance(48 * HOURS)
    sent = bka.post(f"{PATH}/send", analyst, PERIOD, status=201)
    assert sent["delivered_at"] is None
    assert bka.deliver() == 1
    return forum.get(PATH, forum.person("analyst", "reader"))


def refused(side: Side, path: str, key: str, body: Any, status: int, type: str) -> None:
    """A refusal, which leaves nothing written."""
    before = side.entries(), [side.count(one) for one in TABLES]
    said = side.call("POST", path, key, body)
    assert (said.status_code, said.json()["type"]) == (status, f"/problems/{type}"), said.text
    assert (side.entries(), [side.count(one) for one in TABLES]) == before


def bring(side: Side, raw: bytes) -> dict[str, Any]:
    """The receipt of what somebody brings to an inbox."""
    got = side.client.post("/public/orders/inbox", content=raw, headers=JOSE)
    assert got.status_code == 202, got.text
    return json.loads(unb64(got.json()["payload"]))


def speaking(side: Side, kind: Any) -> Sender:
    """A side that says what it likes, signed with its own key."""
    said = Sender(side.id, kind=kind)
    said.private, said.key = side.instance.secrets.organisation_key, side.own.key
    return said


def test_a_firm_reads_the_card_about_itself_as_it_was_sent(
    bka: Side, forum: Side, clock: FakeClock, analyst: str, theirs: str
) -> None:
    card = told(bka, forum, analyst, clock)
    file = bka.call("GET", f"{PATH}/card.json?{REFERRALS}", analyst).content
    assert forum.call("GET", f"{PATH}/card.json", theirs).content == file
    assert msgspec.json.decode(file)["card"]["effective"] == card["effective"]
    assert (card["authority"], card["n"]) == (bka.id, 10)
    ours = bka.get(f"{PATH}?{REFERRALS}", analyst)
    for name in ("from", "to", "channel", "n", "acknowledged", "effective", "shares"):
        assert card[name] == ours[name]
    assert ours["sent"]["delivered_at"] is not None
    rows = forum.get(f"{PATH}/rows?figure=effective", theirs)["data"]
    assert [one["seconds"] for one in rows] == [600] * 10
    assert all(one["url"].startswith("https://forum.example/p/") for one in rows)
    assert faults(bka.instance) == faults(forum.instance) == []


def test_what_it_says_stands_beside_the_figures(
    bka: Side, forum: Side, clock: FakeClock, analyst: str, theirs: str
) -> None:
    told(bka, forum, analyst, clock)
    said = {"text": "Our moderators were on strike."}
    refused(forum, f"{PATH}/reply", theirs, {"text": " "}, 422, "invalid-body")
    refused(forum, f"{PATH}/reply", forum.admin, said, 403, "person-needed")
    refused(forum, f"{PATH}/reply", forum.legal, said, 403, "scope-missing")
    refused(forum, f"/v1/scorecards/{bka.id}/reply", theirs, said, 403, "not-competent")
    forum.post(f"{PATH}/reply", theirs, said, status=201)
    assert [one["text"] for one in forum.get(PATH, theirs)["replies"]] == [said["text"]]
    forum.deliver()
    (one,) = bka.get(f"{PATH}?{REFERRALS}", analyst)["replies"]
    assert (one["text"], one["claimed"], one["by"]) == (said["text"], False, None)
    assert bka.get(f"{PATH}?channel=order", analyst)["replies"] == []
    earlier = f"{PATH}?from=2025-01-01&to=2026-01-01&channel=referral"
    assert bka.get(earlier, analyst)["replies"] == []  # of another period
    assert "Our moderators" in bka.call("GET", f"{PATH}.csv?{REFERRALS}", analyst).text
    (line,) = bka.get(f"/v1/scorecards?{REFERRALS}", analyst)["data"]
    assert [one["text"] for one in line["replies"]] == [said["text"]]
    assert "Our moderators" in bka.call("GET", f"/v1/scorecards.csv?{REFERRALS}", analyst).text
    assert faults(bka.instance) == faults(forum.instance) == []


def test_a_contested_row_is_marked_until_two_persons_have_looked(
    bka: Side, forum: Side, clock: FakeClock, analyst: str, theirs: str
) -> None:
    card = told(bka, forum, analyst, clock)
    row = forum.get(card["rows"].partition("?")[0], theirs)["data"][3]["id"]
    given = {"row": row, "text": "We answered within a minute."}
    owner, _, place = row.partition("/")
    for other in (f"{row}1", row.upper(), f"{owner}/0{place}", f"{{{owner}}}/{place}"):
        wrong = given | {"row": other}
        refused(forum, f"{PATH}/contest", theirs, wrong, 422, "invalid-body")
        refused(bka, f"{PATH}/contest", analyst, wrong, 422, "invalid-body")
    forum.post(f"{PATH}/contest", theirs, given, status=201)
    forum.deliver()
    figures = f"{PATH}?{REFERRALS}"
    (contest,) = bka.get(figures, analyst)["contests"]
    assert (contest["row"], contest["state"], contest["claimed"]) == (row, "open", False)

    def marked() -> list[str]:
        rows = bka.get(f"{PATH}/rows?{REFERRALS}", analyst)["data"]
        return [one["id"] for one in rows if one["contested"]]

    assert marked() == [row]
    (line,) = bka.get(f"/v1/scorecards?{REFERRALS}", analyst)["data"]
    assert line["contested"] == 1
    table = bka.call("GET", f"{PATH}.csv?{REFERRALS}", analyst).text
    assert f"contest,{row}" in table
    path = f"{PATH}/contests/{contest['id']}/settle"
    refused(bka, path, bka.officer, REJECTED, 403, "scope-missing")
    refused(bka, path, analyst, REJECTED | {"reasons": " "}, 422, "invalid-body")
    unknown = f"{PATH}/contests/{row.partition('/')[0]}/settle"
    refused(bka, unknown, analyst, REJECTED, 404, "contest-unknown")
    assert bka.post(path, analyst, REJECTED, status=202) == {"state": "proposed"}
    assert marked() == [row]
    refused(bka, path, analyst, REJECTED, 409, "same-person")
    refused(bka, path, analyst, REJECTED | {"finding": "upheld"}, 409, "same-person")
    second, third = bka.person("analyst", "second"), bka.person("analyst", "third")
    upheld = {"finding": "upheld", "reasons": "They are right."}
    assert bka.post(path, second, upheld, status=202) == {"state": "proposed"}  # they differ
    assert marked() == [row]
    settled = bka.post(path, third, upheld)
    assert (settled["state"], settled["finding"]) == ("settled", "upheld")
    assert [one["reasons"] for one in settled["looks"]] == ["They are right."] * 2
    assert marked() == []
    refused(bka, path, analyst, REJECTED, 409, "contest-settled")
    assert faults(bka.instance) == faults(forum.instance) == []


def test_a_firm_without_an_inbox_is_told_by_a_file_and_its_answer_is_noted(
    bka: Side, forum: Side, clock: FakeClock, analyst: str
) -> None:
    referral = referred(bka, 1)
    with bka.instance.database.begin() as tx:
        tx.connection.exec_driver_sql("UPDATE parties SET inbox = NULL")
    refused(bka, f"{PATH}/send", analyst, PERIOD, 409, "no-inbox")
    file = bka.call("GET", f"{PATH}/card.json?{REFERRALS}", analyst)
    assert [one["id"] for one in file.json()["rows"]] == [f"{referral}/1"]
    bka.post(f"{PATH}/reply", analyst, {"text": "We have one moderator."}, status=201)
    contested = {"row": f"{referral}/1", "text": "It was gone before."}
    refused(bka, f"{PATH}/contest", analyst, contested | {"row": "1/1"}, 422, "invalid-body")
    refused(bka, f"{PATH}/contest", bka.officer, contested, 403, "scope-missing")
    bka.post(f"{PATH}/contest", analyst, contested, status=201)
    card = bka.get(f"{PATH}?{REFERRALS}", analyst)
    (reply,), (contest,) = card["replies"], card["contests"]
    assert (reply["claimed"], reply["by"]) == (True, f"user:analyst@{bka.id}")
    assert (contest["claimed"], contest["state"]) == (True, "open")
    assert bka.count("order_messages") == 1  # the referral
    assert [one for one in faults(bka.instance) if "registered" not in one] == []


def test_who_may_send_and_to_whom(
    bka: Side, forum: Side, clock: FakeClock, analyst: str, theirs: str
) -> None:
    referred(bka, 1)
    refused(bka, f"{PATH}/send", bka.officer, PERIOD, 403, "scope-missing")
    refused(bka, f"{PATH}/send", bka.admin, PERIOD, 403, "person-needed")
    refused(bka, "/v1/scorecards/x.example/send", analyst, PERIOD, 404, "party-unknown")
    refused(bka, f"{PATH}/send", analyst, PERIOD | {"to": "2025-01-01"}, 422, "invalid-parameter")
    path = f"/v1/scorecards/{bka.id}"
    refused(forum, f"{path}/send", theirs, PERIOD, 403, "not-competent")
    unknown = "019b796d-d600-7239-b8c6-5577e8d658ab"
    refused(forum, f"{path}/contests/{unknown}/settle", theirs, REJECTED, 403, "not-competent")
    refused(forum, f"{PATH}/reply", theirs, {"text": "of none"}, 404, "scorecard-unknown")


def test_a_card_that_is_too_long_for_a_message_is_not_sent(
    bka: Side, forum: Side, analyst: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    referred(bka, 1)
    monkeypatch.setattr("tidegate.pipeline.oversight.telling._MOST", 500)
    refused(bka, f"{PATH}/send", analyst, PERIOD, 422, "card-too-long")


@pytest.mark.parametrize("how", ["forged", "altered", "of a platform", "of another", "broken"])
def test_a_card_that_is_not_an_authoritys_word_about_us_is_none(
    bka: Side, forum: Side, clock: FakeClock, analyst: str, theirs: str, how: str
) -> None:
    referred(bka, 1)
    body = bka.call("GET", f"{PATH}/card.json?{REFERRALS}", analyst).json()
    sender = speaking(bka, "authority")
    if how == "of a platform":
        sender = Sender("other.example", kind="platform")
        sender.register(forum.instance.database)
    if how == "of another":
        body["rows"][0]["organisation"] = BOARD.id
    if how == "broken":
        body["card"]["channel"] = "rumour"
    said = sender.says(clock.now(), "scorecard.sent", body=body)
    raw = sender.sign(said, **({"alg": "none"} if how == "forged" else {}))
    if how == "altered":
        other = sender.sign(said | {"id": "another"})
        raw = json.dumps(json.loads(raw) | {"payload": json.loads(other)["payload"]}).encode()
    bring(forum, raw)
    assert forum.count("scorecards") == 0
    assert forum.call("GET", PATH, theirs).status_code == 404
    assert forum.call("GET", f"/v1/scorecards/{BOARD.id}", theirs).status_code == 404


@pytest.mark.parametrize("how", ["forged", "of another", "broken", "replayed"])
def test_a_contest_that_is_not_the_firms_word_marks_nothing(
    bka: Side, forum: Side, clock: FakeClock, analyst: str, how: str
) -> None:
    row = f"{referred(bka, 1)}/1"
    body = {"row": row, "text": "It was gone before."}
    sender = speaking(forum, "platform")
    if how == "of another":
        sender = Sender("other.example", kind="platform")
        sender.register(bka.instance.database)
    if how == "broken":
        body["row"] = row.partition("/")[0]
    raw = sender.message(clock.now(), "scorecard.contested", to=bka.id, body=body)
    if how == "forged":
        stranger = Sender(FORUM.id, kind="platform")
        raw = stranger.message(clock.now(), "scorecard.contested", to=bka.id, body=body)
    bring(bka, raw)
    bring(bka, raw)
    contests = bka.get(f"{PATH}?{REFERRALS}", analyst)["contests"]
    assert len(contests) == (1 if how == "replayed" else 0)
    assert bka.count("scorecard_contests") == len(contests)


def test_a_reply_to_no_card_is_kept_among_the_messages_alone(
    bka: Side, forum: Side, clock: FakeClock, analyst: str
) -> None:
    sender = speaking(forum, "platform")
    raw = sender.message(clock.now(), "scorecard.replied", to=bka.id, body={"text": "Hear us."})
    assert bring(bka, raw)["problems"] == ["incomplete"]
    assert (bka.count("scorecard_replies"), bka.count("order_messages")) == (0, 1)


def test_the_ledger_finds_what_it_did_not_tell(
    bka: Side, forum: Side, clock: FakeClock, analyst: str, theirs: str
) -> None:
    told(bka, forum, analyst, clock)
    forum.post(f"{PATH}/reply", theirs, {"text": "Hear us."}, status=201)
    forum.deliver()
    with bka.instance.database.begin() as tx:
        tx.connection.exec_driver_sql("UPDATE scorecards SET channel = 'order'")
        tx.connection.exec_driver_sql("DELETE FROM scorecard_replies")
    assert len(faults(bka.instance)) == 2
