"""Each figure of a card is counted from the rows behind it, and from nothing else; of fewer than ten nothing is
said. Against slow readings of docs/figures.md.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tidegate.oversight.rows import FEWEST, Channel, Row
from tidegate.oversight.scorecard import FEW, SHARES, behind, scorecard
from tidegate.oversight.survival import kaplan_meier, quantile

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=30)
AS_OF = SINCE + timedelta(days=40)
HOUR = timedelta(hours=1)


def card_of(
    rows: Sequence[Row], channel: Channel = "order", as_of: datetime = AS_OF
) -> dict[str, Any]:
    card = scorecard(
        rows,
        organisation="acme",
        since=SINCE,
        until=UNTIL,
        channel=channel,
        as_of=as_of,
        rows_at="/rows",
    )
    return json.loads(msgspec.json.encode(card))


def row(n: int, *, minutes: float | None = 5, url: int = 1, **said: Any) -> Row:
    """The n-th order, received after a minute; it took effect so many minutes later, or has not."""
    sent = SINCE + n * HOUR
    received = sent + timedelta(minutes=1)
    done = None if minutes is None else received + timedelta(minutes=minutes)
    plain: dict[str, Any] = {
        "received_at": received,
        "answered_at": done,
        "effective_at": done,
        "outcome": None if done is None else "disabled",
        "due_at": received + HOUR,
        "due_latest": received + HOUR + timedelta(minutes=10),
    }
    return Row(
        id=f"order{n}/{url}",
        organisation="acme",
        channel="order",
        url="https://example.org/",
        sent_at=sent,
        **(plain | said),
    )


@st.composite
def some_row(draw: st.DrawFn, channel: Channel) -> Row:
    """Any row, also one that contradicts itself: others wrote what it tells."""
    sent = SINCE + timedelta(days=draw(st.integers(-2, 31)))
    later = st.none() | st.integers(0, 60 * 24 * 12).map(
        lambda minutes: sent + timedelta(minutes=minutes)
    )
    return Row(
        id=f"{draw(st.integers(0, 14))}/{draw(st.integers(1, 5))}",
        organisation=draw(st.sampled_from(["acme", "acme", "acme", "other"])),
        channel=draw(st.sampled_from([channel, channel, "order", "referral"])),
        url="https://example.org/",
        sent_at=sent,
        received_at=draw(later),
        answered_at=draw(later),
        effective_at=draw(later),
        closed_at=draw(later),
        due_at=draw(later),
        due_latest=draw(later),
        outcome=draw(
            st.sampled_from([None, "disabled", "removed", "restricted", "kept", "not_found"])
        ),
        impeded=draw(st.sampled_from([None, "technical"])),
        kept=draw(st.sampled_from([None, "lawful"])),
        ended=draw(st.sampled_from([None, None, "void", "revoked", "annulled", "withdrawn"])),
        reinstated_at=draw(later),
        seen_again=draw(st.sampled_from([None, True, False])),
        claimed=draw(st.sampled_from([False, False, False, True])),
        contested=draw(st.booleans()),
    )


def is_over(one: Row, term: datetime | None) -> bool:
    if term is None or term > AS_OF:
        return False
    if one.ended and one.closed_at and one.closed_at <= term:
        return bool(one.effective_at and one.effective_at <= term)
    return True


def slow_share(rows: Sequence[Row], name: str) -> tuple[int, int]:
    """Numerator and denominator, figure by figure, as the page on figures has them."""
    asked, hits = 0, 0
    for one in rows:
        latest = one.due_latest if one.due_latest else one.due_at
        in_time = one.due_at if name == "executed_by_due_at" else latest
        if name == "seen_again":
            counts, hit = one.seen_again is not None, one.seen_again is True
        elif name == "void_or_reinstated":
            counts = one.effective_at is not None and one.effective_at <= AS_OF
            hit = bool(one.ended or one.reinstated_at)
        else:
            counts = is_over(one, in_time)
            hit = {
                "answered": one.answered_at is not None,
                "impeded": one.impeded is not None,
                "kept": one.kept is not None,
                "removed_or_restricted": one.outcome in ("disabled", "removed", "restricted"),
                "executed_by_due_at": bool(
                    one.effective_at and in_time and one.effective_at <= in_time
                ),
                "executed_by_due_latest": bool(
                    one.effective_at and in_time and one.effective_at <= in_time
                ),
            }[name]
        asked += counts
        hits += counts and hit
    return hits, asked


def cards() -> st.SearchStrategy[tuple[Channel, list[Row]]]:
    def of(channel: Channel) -> st.SearchStrategy[tuple[Channel, list[Row]]]:
        rows = st.lists(some_row(channel), min_size=30, max_size=60, unique_by=lambda one: one.id)
        return st.tuples(st.just(channel), rows)

    return st.sampled_from(("order", "referral")).flatmap(of)


@given(cards())
def test_each_figure_is_the_count_of_the_rows_behind_it(
    given_card: tuple[Channel, list[Row]],
) -> None:
    channel, rows = given_card
    card = card_of(rows, channel)
    ours = [
        one
        for one in rows
        if one.organisation == "acme" and one.channel == channel and SINCE <= one.sent_at < UNTIL
    ]
    signed = [one for one in ours if not one.claimed]
    if len({one.origin for one in signed}) < FEWEST:
        assert card["suppressed"]
        return
    assert card["n"] == len(signed)
    assert list(card["shares"]) == list(SHARES[channel])
    for name in SHARES[channel]:
        counted, share = behind(ours, name, AS_OF), card["shares"][name]
        assert (sum(one.hit for one in counted), len(counted)) == slow_share(signed, name), name
        if len({one.row.origin for one in counted}) < FEWEST:
            assert share == {"value": None, "low": None, "high": None, "n": None, "note": FEW}
        else:
            assert share["n"] == len(counted)
            assert share["value"] * share["n"] == pytest.approx(sum(one.hit for one in counted))
            assert 0 <= share["low"] <= share["value"] <= share["high"] <= 1
    for name in ("acknowledged", "effective"):
        counted, times = behind(ours, name, AS_OF), card[name]
        if len({one.row.origin for one in counted}) < FEWEST:
            assert times["note"] == FEW
            assert set(times.values()) == {None, FEW}
        else:
            assert (times["n"], times["censored"]) == (
                len(counted),
                sum(not one.hit for one in counted),
            )
            steps = {one.seconds for one in counted if one.hit}
            assert {point["t_s"] for point in times["curve"][1:]} == steps


@given(st.lists(st.builds(row, st.integers(0, 8), url=st.integers(1, 50)), max_size=40))
def test_under_ten_no_figure_is_anywhere(rows: list[Row]) -> None:
    """However many URLs the nine name."""
    assert card_of(rows) == {
        "organisation": "acme",
        "from": "2026-01-01T00:00:00Z",
        "to": "2026-01-31T00:00:00Z",
        "channel": "order",
        "n": None,
        "suppressed": True,
        "note": "fewer than 10",
        "acknowledged": None,
        "effective": None,
        "shares": None,
        "rows": "/rows",
    }


def test_of_the_tenth_on_there_are_figures_and_of_the_few_none() -> None:
    """Ten sent, one of which was never received: what is asked of the nine has no figure, beside what has."""
    rows = [row(n) for n in range(9)]
    assert card_of(rows)["suppressed"]
    unheard = row(9, minutes=None, received_at=None, due_at=None, due_latest=None)
    card = card_of([*rows, unheard])
    assert (card["n"], card["suppressed"], card["note"]) == (10, False, None)
    assert (card["acknowledged"]["n"], card["acknowledged"]["censored"]) == (10, 1)
    assert card["acknowledged"]["median_s"]["value"] == 60
    assert "note" not in card["acknowledged"]
    assert card["effective"]["note"] == card["shares"]["answered"]["note"] == "fewer than 10"
    assert card["effective"]["n"] is card["shares"]["answered"]["value"] is None


def test_what_is_only_claimed_is_in_no_figure() -> None:
    rows = [row(n) for n in range(12)]
    claimed = [row(n, minutes=0, claimed=True) for n in range(12, 40)]
    assert card_of(rows + claimed) == card_of(rows)
    assert card_of(rows[:9] + claimed)["suppressed"]


def test_what_was_executed_in_five_minutes_and_is_void_later_is_in_both() -> None:
    """Speed and what was undone have the same rows, the same size, and no sum."""
    void: dict[str, Any] = {"ended": "void", "closed_at": SINCE + timedelta(days=3)}
    rows = [row(n, **void) if n < 3 else row(n, minutes=30) for n in range(12)]
    card = card_of(rows)
    assert card["effective"]["curve"][1]["t_s"] == 300
    assert (card["effective"]["n"], card["effective"]["censored"]) == (12, 0)
    assert card["shares"]["executed_by_due_at"]["value"] == 1
    assert (
        card["shares"]["void_or_reinstated"]["value"],
        card["shares"]["void_or_reinstated"]["n"],
    ) == (0.25, 12)
    undone = [one.row.id for one in behind(rows, "void_or_reinstated", AS_OF) if one.hit]
    assert undone == ["order0/1", "order1/1", "order2/1"]
    assert [one.row.id for one in behind(rows, "effective", AS_OF)][:3] == undone


def test_void_within_the_hour_and_executed_before_is_executed_in_time() -> None:
    soon = row(0, ended="void", closed_at=SINCE + timedelta(minutes=20))
    late = replace(soon, id="order1/1", effective_at=None, answered_at=None)
    counted = behind([soon, late], "executed_by_due_at", AS_OF)
    assert [(one.row.id, one.hit) for one in counted] == [("order0/1", True)]


def test_the_hour_has_two_readings() -> None:
    rows = [row(n, minutes=65 if n < 4 else 5) for n in range(10)]
    shares = card_of(rows)["shares"]
    assert shares["executed_by_due_at"]["value"] == pytest.approx(0.6)
    assert shares["executed_by_due_latest"]["value"] == 1


def test_whose_term_still_runs_is_asked_for_nothing_yet() -> None:
    """Not even where it is done already: else the quick ones would count, and the open ones not."""
    rows = [row(n, minutes=5) for n in range(12)]
    now = rows[-1].sent_at + timedelta(minutes=30)
    assert len(behind(rows, "executed_by_due_at", now)) == 11
    assert len(behind(rows, "answered", now)) == 11


def test_what_is_kept_is_censored_when_it_was_kept_and_what_is_open_at_the_cards_time() -> None:
    kept = row(0, minutes=None, outcome="kept", closed_at=SINCE + timedelta(minutes=31))
    waits = row(1, minutes=None)
    counted = behind([kept, waits], "effective", AS_OF)
    assert [(one.hit, one.seconds) for one in counted] == [
        (False, 1800.0),
        (False, (AS_OF - SINCE - timedelta(minutes=61)).total_seconds()),
    ]


def test_ten_urls_of_one_order_have_one_receipt() -> None:
    rows = [row(n, url=url) for n in range(12) for url in range(1, 11)]
    card = card_of(rows)
    assert (card["n"], card["acknowledged"]["n"], card["effective"]["n"]) == (120, 12, 120)


def test_a_mixture_of_delays_has_the_curve_of_these_delays() -> None:
    minutes = [3, 7, None, 7, 45, 61, None, 120, 200, 9, 9, 31]
    rows = [row(n, minutes=at) for n, at in enumerate(minutes)]
    times = [
        at * 60.0 if at else (AS_OF - one.sent_at).total_seconds() - 60
        for at, one in zip(minutes, rows, strict=True)
    ]
    curve = kaplan_meier(times, [at is not None for at in minutes])
    found = card_of(rows)["effective"]
    assert [[point[key] for key in ("t_s", "s", "low", "high")] for point in found["curve"]] == [
        list(point) for point in zip(curve.t, curve.s, curve.low, curve.high, strict=True)
    ]
    for name, left in (("median_s", 0.5), ("p90_s", 0.1)):
        expected = quantile(curve, left)
        assert found[name] == {"value": expected.value, "low": expected.low, "high": expected.high}


def test_what_is_contested_stays_in_the_figures_and_is_marked() -> None:
    rows = [row(n) for n in range(12)]
    marked = [replace(one, contested=True) for one in rows]
    assert card_of(marked) == card_of(rows)
    assert all(one.row.contested for one in behind(marked, "answered", AS_OF))
