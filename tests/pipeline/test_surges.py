"""From reports to incidents: each bin is counted once however often it is counted, late ones go into theirs, and a
surge proposes one incident."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from tests.api import Api
from tests.web.surging import keep, step, surged
from tests.web.visitor import Visitor

from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Tx
from tidegate.intake.tables import arrival_bin, reports
from tidegate.review.arrivals import arrived_in, bins_touched
from tidegate.review.tables import cases
from tidegate.triage.bursts import BIN, REACH, SCALES, Arrived, Series, Sums, bin_of, windows
from tidegate.triage.incidents.arrivals import alone, counted_at, keep_arrivals, sweep_arrivals
from tidegate.triage.incidents.tables import arrivals, bursts, incidents
from tidegate.triage.kept.tables import cluster_items, clusters

NOW = datetime(2026, 1, 1, tzinfo=UTC)  # where the clock of tests begins


def kept(tx: Tx) -> dict[tuple[str, str, str, datetime], int]:
    rows = tx.execute(sa.select(arrivals)).mappings()
    return {(one["platform"], one["kind"], one["key"], one["bin"]): one["count"] for one in rows}


def bursts_of(api: Api) -> list[sa.Row[Any]]:
    with api.instance.database.begin() as tx:
        return list(tx.execute(sa.select(bursts).order_by(bursts.c.found_at)).all())


def test_reports_fall_into_bins_by_when_they_were_made_if_that_is_a_day_ago_at_most(tx: Tx) -> None:
    made = NOW - timedelta(hours=30)
    keep(tx, [made], late=timedelta(hours=24))  # a day: by when it was made
    keep(tx, [made], late=timedelta(hours=24, seconds=1))  # by when it was received
    keep(tx, [made], late=timedelta(minutes=-9))  # the sender's clock was ahead
    keep(tx, [made], counts=False)  # the same reporter on the same item once more
    touched = bins_touched(tx, NOW - timedelta(days=9), NOW)
    later = bin_of(made + timedelta(hours=24, seconds=1))
    assert touched == [made - 2 * BIN, made, later]
    found = {one.bin: one.count for one in arrived_in(tx, touched)}
    assert found == {made - 2 * BIN: 1, made: 1, later: 1}
    assert bins_touched(tx, NOW - timedelta(hours=6), NOW) == [made, later]


def test_a_voice_counts_once_a_bin_and_series(tx: Tx) -> None:
    at = NOW - timedelta(minutes=4)
    keep(tx, [at] * 5, reporter="one sender")
    keep(tx, [at], reporter="one sender", platform="other")
    keep(tx, [at, at])  # of two others
    found = {one.series: one.count for one in arrived_in(tx, [bin_of(at)])}
    assert found == {Series("default", "all"): 3, Series("other", "all"): 1}


def test_copies_that_nobody_answers_for_count_once_an_item(tx: Tx) -> None:
    at = NOW - timedelta(minutes=4)
    for _ in range(2):
        keep(tx, [at] * 100, reporter="x")
    tx.execute(sa.text("UPDATE reports SET reporter = NULL"))
    assert [one.count for one in arrived_in(tx, [bin_of(at)])] == [2]


def test_languages_are_those_of_the_cases(tx: Tx) -> None:
    at = NOW - timedelta(minutes=4)
    for language in ("de-AT", "DE", "ar", None):
        case, keyed = uuid4(), {"subject_kind": "item", "subject_id": uuid4(), "version": 1}
        row = keyed | {"id": case, "queue": "reports", "state": "open", "origin": "report"}
        tx.execute(sa.insert(cases).values(row | {"opened_at": at, "language": language}))
        keep(tx, [at], case=case)
    found = {(one.series.kind, one.series.key): one.count for one in arrived_in(tx, [bin_of(at)])}
    assert found == {("all", ""): 4, ("language", "de"): 2, ("language", "ar"): 1}


def test_what_is_counted_twice_is_counted_once(tx: Tx) -> None:
    at, other = NOW - BIN, NOW - 2 * BIN
    series = Series("default", "language", "de")
    for _ in range(2):
        keep_arrivals(tx, {at, other}, [Arrived(at, series, 3), Arrived(other, series, 1)])
    assert kept(tx) == {
        ("default", "language", "de", at): 3,
        ("default", "language", "de", other): 1,
    }
    keep_arrivals(tx, {at}, [])
    assert list(kept(tx).values()) == [1]


def test_the_sums_of_a_look_are_those_of_a_slow_one(tx: Tx) -> None:
    drawn = random.Random(7)
    bins = [NOW - n * BIN for n in range(1, REACH + 200)]
    told = {
        Series("a", "all"): {at: drawn.randint(1, 5) for at in bins if drawn.random() < 0.5},
        Series("b", "language", "ar"): dict.fromkeys(bins[:400:3], 1),
    }
    keep_arrivals(tx, bins, [Arrived(at, s, n) for s, of in told.items() for at, n in of.items()])
    found = {one.series: one for one in counted_at(tx, NOW)}
    assert found.keys() == told.keys()
    for series, counts in told.items():
        slow = [
            Sums(
                *(
                    sum(
                        counts.get(NOW - (age + 1) * BIN, 0)
                        for first, last in window
                        for age in range(first, last)
                    )
                    for window in windows(scale)
                )
            )
            for scale in SCALES
        ]
        assert found[series].sums == slow
        assert found[series].total == sum(n for at, n in counts.items() if at >= NOW - REACH * BIN)
    assert found[Series("a", "all")].known == (NOW - min(told[Series("a", "all")])) // BIN


def test_a_surge_proposes_one_incident_with_its_evidence(api: Api, clock: FakeClock) -> None:
    (incident,) = surged(api)
    told = api.get(f"/v1/incidents/{incident}").json()
    assert (told["state"], told["scheme"], told["platform"]) == (
        "proposed",
        "attack-response",
        "default",
    )
    assert told["series"] == {"platform": "default", "kind": "all", "key": ""}
    assert told["title"] == "Surge of reports on default"
    evidence = told["evidence"]
    assert (evidence["observed"], evidence["minutes"], evidence["ended_at"]) == (60, 10, None)
    assert evidence["expected"] < 1
    assert evidence["p"] < 1e-20
    assert evidence["p_days"] is None
    assert sum(one["count"] for one in evidence["volumes"]) == 66
    # It goes on: the next looks find it again, and propose nothing more.
    for _ in range(3):
        clock.advance(300)
        with api.instance.database.begin() as tx:
            keep(tx, [tx.now - timedelta(seconds=n + 30) for n in range(40)])
        step(api)
    assert len(bursts_of(api)) == 1
    assert api.count("incidents") == 1
    proposed = [one for one in entries(api) if one["kind"] == "incident.proposed"]
    assert [one["subject"] for one in proposed] == [incident]
    assert proposed[0]["record"]["actor"] == "system"


def tips(api: Api, texts: list[str], *, first: int = 0) -> None:
    """Reports that nobody answers for, each with a text of its own, within some minutes."""
    clock = api.instance.clock
    assert isinstance(clock, FakeClock)
    for place, text in enumerate(texts, first):
        clock.advance(5)
        said = {"id": f"t{place}", "channel": "tip", "reason": "other", "text": text}
        answer = api.post("/v1/reports", said | {"created_at": clock.now().isoformat()})
        assert answer.status_code == 201, answer.text


def told_by_surges(api: Api, clock: FakeClock) -> list[dict[str, Any]]:
    """What was proposed, once the present bin was looked at."""
    clock.advance(330)
    step(api)
    return api.get("/v1/incidents").json()["data"]


@pytest.fixture
def usual(api: Api) -> None:
    """What came in the hours before: one report an hour."""
    with api.instance.database.begin() as tx:
        keep(tx, [tx.now - timedelta(hours=n) for n in range(1, 20)])
    step(api)


def apart(count: int) -> list[str]:
    """Texts that have nothing in common."""
    drawn = random.Random(5)
    letters = "abcdefghiklmnoprstuvw"
    return [" ".join("".join(drawn.choices(letters, k=7)) for _ in range(12)) for _ in range(count)]


@pytest.mark.usefixtures("usual")
def test_copies_that_nobody_answers_for_are_one_voice(api: Api, clock: FakeClock) -> None:
    text = "Fire at the old mill, everybody must leave the valley before the evening comes"
    tips(api, [text + "!" * n for n in range(18)])
    assert told_by_surges(api, clock) == []
    tips(api, apart(18), first=100)
    (incident,) = told_by_surges(api, clock)
    assert incident["evidence"]["observed"] > 12


@pytest.mark.usefixtures("usual")
def test_a_surge_in_several_series_proposes_one_incident_with_each_as_evidence(
    api: Api, clock: FakeClock
) -> None:
    with api.instance.database.begin() as tx:
        end = bin_of(tx.now)
        lately = [end + timedelta(seconds=4 * n + 1) for n in range(60)]
        for language in ("de", "ar"):
            case, keyed = uuid4(), {"subject_kind": "item", "subject_id": uuid4(), "version": 1}
            row = keyed | {"id": case, "queue": "reports", "state": "open", "origin": "report"}
            tx.execute(sa.insert(cases).values(row | {"opened_at": end, "language": language}))
            many = lately if language == "de" else lately[:5]
            keep(tx, many, case=case)
    (incident,) = told_by_surges(api, clock)
    assert incident["series"] == {"platform": "default", "kind": "all", "key": ""}
    assert [(one["kind"], one["key"], one["observed"]) for one in incident["scopes"]] == [
        ("all", "", 65),
        ("language", "de", 60),
    ]
    assert incident["evidence"]["kind"] == "all"
    assert api.get(f"/v1/incidents/{incident['id']}").json()["scopes"][1]["key"] == "de"
    assert {str(one.incident_id) for one in bursts_of(api)} == {incident["id"]}
    page = Visitor(api.instance, api.client, "senior").get(f"/incidents/{incident['id']}").text
    assert page.count('data-testid="scope"') == 1
    assert "60 came in 10 minutes" in page.partition('data-testid="scope"')[2]
    # What was dismissed is not proposed anew by the next scope of the same surge.
    close = {"outcome": "dismissed", "reason": "a campaign"}
    assert api.post(f"/v1/incidents/{incident['id']}/close", close).status_code == 200
    with api.instance.database.begin() as tx:
        tx.execute(sa.delete(bursts).where(bursts.c.kind == "language"))
        keep(tx, [tx.now - timedelta(seconds=n + 1) for n in range(20)], case=None)
    assert [one["state"] for one in told_by_surges(api, clock)] == ["closed"]


@pytest.mark.usefixtures("usual")
def test_stories_are_counted_as_wholes_also_once_they_join(api: Api, clock: FakeClock) -> None:
    tips(api, apart(3))
    with api.instance.database.begin() as tx:
        one, two, three = tx.execute(
            sa.select(clusters.c.id).order_by(clusters.c.began_at)
        ).scalars()
        rows = tx.execute(sa.select(cluster_items.c.cluster, cluster_items.c.item_id)).all()
        item = {row.cluster: row.item_id for row in rows}
        for of, many in ((one, 40), (two, 35), (three, 5)):
            tx.execute(sa.update(clusters).where(clusters.c.id == of).values(story=of))
            keep(tx, [tx.now - timedelta(seconds=n) for n in range(many)], item=item[of])
    clock.advance(330)
    step(api)
    assert stories_of(api) == {str(one): 41, str(two): 36}  # five are too few to surge
    with api.instance.database.begin() as tx:
        tx.execute(sa.update(clusters).values(story=one))
        keep(tx, [tx.now - timedelta(seconds=n) for n in range(7)], item=item[three])
    clock.advance(330)
    step(api)
    assert stories_of(api) == {str(one): 41 + 36 + 6 + 7}
    (incident,) = api.get("/v1/incidents").json()["data"]
    assert ("story", str(one)) in [(each["kind"], each["key"]) for each in incident["scopes"]]


def stories_of(api: Api) -> dict[str, int]:
    with api.instance.database.begin() as tx:
        found: dict[str, int] = {}
        for (_, kind, key, _), count in kept(tx).items():
            if kind == "story":
                found[key] = found.get(key, 0) + count
        return found


def entries(api: Api) -> list[dict[str, Any]]:
    from tests.web.two_platforms import seal_all

    seal_all(api)
    return api.get("/v1/ledger?limit=1000").json()["data"]


def test_a_surge_ends_and_what_belonged_to_it_is_no_new_one(api: Api, clock: FakeClock) -> None:
    (incident,) = surged(api)
    for _ in range(30):  # two and a half hours of quiet
        clock.advance(300)
        step(api)
    (burst,) = bursts_of(api)
    # At the end of the first half hour in which less than half-way back came.
    assert burst.ended_at == burst.began_at + timedelta(minutes=35)
    close = {"outcome": "dismissed", "reason": "a campaign"}
    assert api.post(f"/v1/incidents/{incident}/close", close).status_code == 200
    clock.advance(600)
    assert incident in surged(api)
    assert api.count("incidents") == 2
    first, second = bursts_of(api)
    assert first.incident_id != second.incident_id


def test_while_an_incident_lives_another_surge_of_its_series_joins_it(
    api: Api, clock: FakeClock
) -> None:
    (incident,) = surged(api)
    clock.advance(4 * 3600)
    step(api)
    clock.advance(1200)
    assert surged(api) == [incident]
    assert {str(one.incident_id) for one in bursts_of(api)} == {incident}
    assert len(bursts_of(api)) == 2


def test_late_ones_are_counted_in_their_bins_and_nothing_twice(api: Api, clock: FakeClock) -> None:
    with api.instance.database.begin() as tx:
        keep(tx, [NOW - timedelta(hours=2, minutes=n) for n in range(5)])
    step(api)
    clock.advance(300)
    with api.instance.database.begin() as tx:
        keep(tx, [NOW - timedelta(hours=2)], late=timedelta(hours=2, minutes=1))
    step(api)
    step(api)
    with api.instance.database.begin() as tx:
        counts = kept(tx)
        at = sorted({bin for *_, bin in counts})
        again = {one.bin: one.count for one in arrived_in(tx, at)}
    assert sum(counts.values()) == 6
    assert {bin: count for (*_, bin), count in counts.items()} == again


def test_only_one_counts_at_a_time_and_nothing_is_told_where_that_is_off(api: Api) -> None:
    with api.instance.database.begin() as first, api.instance.database.begin() as second:
        assert alone(first)
        assert not alone(second)
    from msgspec.structs import replace

    api.instance.settings = replace(api.instance.settings, burst_false_alarms=0.0)
    assert surged(api) == []
    assert api.count("arrivals") > 0


def test_counts_are_kept_for_sixty_days(tx: Tx) -> None:
    series = Series("default", "all")
    old, new = bin_of(NOW - timedelta(days=60, minutes=1)), bin_of(NOW - timedelta(days=59))
    keep_arrivals(tx, {old, new}, [Arrived(old, series, 1), Arrived(new, series, 1)])
    assert sweep_arrivals(tx) == 1
    assert [bin for *_, bin in kept(tx)] == [new]


def test_one_open_incident_a_series_is_an_index(tx: Tx) -> None:
    row = {"scheme": "s", "scheme_version": 1, "state": "proposed", "proposed_by": "system"}
    row |= {"platform": "default", "kind": "all", "key": "", "proposed_at": NOW}
    tx.execute(sa.insert(incidents).values(row | {"id": uuid4()}))
    with pytest.raises(IntegrityError), tx.savepoint():
        tx.execute(sa.insert(incidents).values(row | {"id": uuid4()}))


def test_a_bin_is_found_by_its_index(tx: Tx) -> None:
    keep(tx, [NOW - timedelta(minutes=5 * n) for n in range(1, 50)])
    tx.execute(sa.text("SET LOCAL enable_seqscan = off"))
    query = sa.select(reports.c.id).where(arrival_bin.in_([NOW - 2 * BIN, NOW - BIN]))
    compiled = query.compile(tx.connection.engine, compile_kwargs={"literal_binds": True})
    plan = tx.execute(sa.text(f"EXPLAIN {compiled}".replace(":", "\\:"))).scalars().all()
    assert "ix_reports_arrival_bin" in "\n".join(plan)
