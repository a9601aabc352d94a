"""Replays as jobs: what they count, what they show of it, and that they go on after a kill."""

from collections import Counter
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from tests.api import Api
from tests.web.desk_of_policy import Author, asking, cells, marks, shipped, wider, work

from tidegate.content.kept import kept_revisions
from tidegate.content.queries import get_item
from tidegate.decisions.queries import evaluations_of
from tidegate.infra.clock import FakeClock
from tidegate.intake.queries import report_facts
from tidegate.pipeline import replay
from tidegate.pipeline.erase import erase_item
from tidegate.pipeline.judge import Looked, facts_of
from tidegate.policy.evaluate import evaluate
from tidegate.policy.reading import load_pack
from tidegate.policy.replays import drop_old_replays
from tidegate.policy.tables import replays

KNOWN = "join us on friday at the old bridge and bring all the others along with you"


@pytest.fixture
def ana(api: Api) -> Author:
    return Author(api, "ana@example.org")


def report(api: Api, id: str, number: int) -> str:
    said = {"id": f"r-{id}-{number}", "item_id": id, "channel": "user", "reason": "terrorism"}
    said |= {"created_at": "2025-12-31T23:00:00Z", "reporter": f"r-{number}"}
    return api.post("/v1/reports", said).json()["case"]


def passed_as(api: Api, case: str, exemption: str) -> None:
    said = {"outcome": "pass", "reason": "It is what they report on.", "exemption": exemption}
    answer = api.post(f"/v1/cases/{case}/decide", said)
    assert answer.status_code == 200, answer.text


def test_items_count_once_by_their_last_look_as_a_walk_by_hand_counts_them(
    api: Api, ana: Author, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "PAGE", 3)
    api.bank()
    api.entry(KNOWN)
    for number in range(4):
        api.submit(f"quiet-{number}", text=f"nothing of it, number {number}", language="de")
        api.submit(f"zebra-{number}", text=f"a zebra, number {number}", language="en")
        clock.advance(1)
    api.submit("group", text=KNOWN, publicness="restricted", language="ar")
    api.submit("edited", text="a zebra")
    clock.advance(1)
    api.submit("edited", text="a horse")
    for number in range(3):
        report(api, "quiet-1", number)
    source = asking("zebra").replace(
        "\"item.publicness == 'public'\"", "\"item.publicness != 'private'\"", 1
    )
    page = ana.replayed(source)
    pack = load_pack(page["source"])
    told: Counter[tuple[str, str]] = Counter()
    with api.instance.database.begin() as tx:
        for id in [f"{name}-{n}" for name in ("quiet", "zebra") for n in range(4)] + [
            "group",
            "edited",
        ]:
            item = get_item(tx, "default", id)
            last = max(evaluations_of(tx, item.id), key=lambda one: one.id)
            (kept,) = kept_revisions(tx, [(item.id, last.revision)]).values()
            assert kept.content is not None
            looked = Looked(item=kept.item, content=kept.content, digest=b"", codes=[], problems=[])
            if last.stage == "report":
                looked = msgspec.structs.replace(looked, reports=report_facts(tx, item.id))
            after = evaluate(pack, facts_of(pack, looked, last.matches, last.stage)).verdict
            told[last.verdict, after] += 1
    assert cells(page) == told
    said = page["replay"]
    assert (said["items"], said["seen"], said["total"]) == (10, 14, 14)
    assert (said["newly_restricted"], said["different"]) == (1, 5)
    languages = {one["name"]: one for one in said["languages"]}
    assert languages["ar"]["newly_restricted"] == 1
    assert (languages["en"]["items"], languages["en"]["otherwise"]) == (4, 4)
    fired = {one["rule"]: one["fired"] for one in said["rules"]}
    assert (fired["words"], fired["known-content"]) == (4, 1)
    shown = marks(ana.html(), "replay-cell")
    assert len(shown) == 16
    counts = {(one["from"], one["to"]): int(one["count"]) for one in shown}
    assert {pair: count for pair, count in counts.items() if count} == told


def test_news_and_counter_speech_come_first_with_words_and_no_media(
    api: Api, ana: Author, clock: FakeClock
) -> None:
    api.bank()
    api.entry(KNOWN, confirmed=False)
    for number, exemption in enumerate(("news", "counter_speech", "none")):
        api.submit(f"post-{number}", text=KNOWN, publicness="restricted")
        case = report(api, f"post-{number}", number)
        if exemption != "none":
            passed_as(api, case, exemption)
    entry = api.get("/v1/banks/known/entries").json()["data"][0]["id"]
    api.post(f"/v1/banks/known/entries/{entry}/confirm")
    clock.advance(1)
    for number in range(3):
        report(api, f"post-{number}", number + 10)
    said = ana.replayed(wider())["replay"]
    assert (said["newly_restricted"], said["spoken_for"]) == (3, 2)
    first = {one["name"]: one["exemption"] for one in said["spoken_for_examples"]}
    assert first == {"post-0": "news", "post-1": "counter_speech"}
    assert all(one["excerpt"] == KNOWN and one["quoted"] for one in said["spoken_for_examples"])
    (cell,) = [
        one for one in said["cells"] if (one["before"], one["after"]) == ("review", "restrict")
    ]
    assert [one["name"] for one in cell["examples"]] == ["post-2"]
    page = ana.html()
    assert page.index('data-testid="spoken-for"') < page.index('data-testid="replay-cell"')
    assert "<img" not in page
    assert "<video" not in page


def test_a_replay_goes_on_where_it_was_and_counts_nothing_twice(
    api: Api, ana: Author, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "PAGE", 2)
    for number in range(7):
        api.submit(f"post-{number}", text=f"a zebra, number {number}")
        clock.advance(1)
    ana.send("/replay", asking("zebra"))
    replay.carry_on(api.instance)
    said = ana.page()["replay"]
    assert (said["state"], said["seen"], said["total"], said["items"]) == ("running", 2, 7, 2)
    assert 'data-state="running"' in ana.html()

    def dies(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:  # at the end of a page, before it commits
        patched.setattr(replay, "note_page", dies)
        with pytest.raises(KeyboardInterrupt):
            replay.carry_on(api.instance)
    api.submit("later", text="a zebra that came meanwhile")
    work(api)
    said = ana.page()["replay"]
    assert (said["state"], said["seen"], said["items"]) == ("done", 7, 7)
    assert (said["different"], len(said["cells"])) == (7, 16)


def test_another_text_stops_the_replay_of_the_one_before(api: Api, ana: Author) -> None:
    api.submit("post-1", text="a zebra")
    ana.send("/replay", asking("zebra"))
    first = ana.page()["replay"]["id"]
    ana.send("/replay")  # the same again
    assert ana.page()["replay"]["id"] == first
    ana.save(asking("okapi"))
    said = ana.page()["replay"]
    assert (said["state"], said["exact"]) == ("stopped", False)
    work(api)
    assert ana.page()["replay"]["items"] == 0


def test_a_window_leaves_out_what_is_older(api: Api, ana: Author, clock: FakeClock) -> None:
    api.submit("old", text="a zebra")
    clock.advance(10 * 86_400)
    api.submit("new", text="a zebra")
    ana.person.sign_in()
    assert ana.page()["expected"] == {"7": 1, "30": 2, "90": 2}
    assert ana.replayed(asking("zebra"), 7)["replay"]["items"] == 1
    assert ana.replayed(asking("zebra"), 90)["replay"]["items"] == 2


def test_what_is_erased_is_no_example_any_more(api: Api, ana: Author) -> None:
    api.submit("post-1", text="a zebra of which nothing stays")
    said = ana.replayed(asking("zebra"))["replay"]
    assert "a zebra of which" in str(said["cells"])
    with api.instance.database.begin() as tx:
        erase_item(tx, "default", "post-1")
    said = ana.page()["replay"]
    assert "zebra of which" not in str(said["cells"])
    assert (said["items"], api.count("replay_examples")) == (1, 0)


def test_who_is_bound_to_a_platform_replays_and_sees_theirs_alone(api: Api, ana: Author) -> None:
    for platform in ("forum", "shop"):
        key = api.key("items:write", platform=platform)
        said = {"id": f"{platform}-1", "surface": "post", "publicness": "public", "author": "a",
                "created_at": "2025-12-31T23:00:00Z", "text": f"a zebra of the {platform}"}  # fmt: skip
        assert api.call("POST", "/v1/items", key, json=said).status_code == 200
    bound = Author(api, "bea@example.org", "forum")
    assert ana.replayed(asking("zebra"))["replay"]["items"] == 2
    assert bound.page()["replay"] is None
    said = bound.replayed(asking("zebra"))["replay"]
    assert (said["items"], said["fresh"]) == (1, False)
    assert "of the forum" in str(said["cells"])
    assert "of the shop" not in str(said["cells"])


def test_a_partial_replay_stands_in_nobodys_way(api: Api, ana: Author) -> None:
    two = Author(api, "ben@example.org")
    bound = Author(api, "bea@example.org", "forum")
    ana.replayed(asking("zebra"), 7)
    bound.replayed(asking("zebra"))
    assert bound.page()["replay"]["fresh"] is False
    for person in (ana, two):
        said = person.page()
        assert (said["replay"]["by"], said["replay"]["fresh"]) == ("ana", True)
        assert said["in_the_way"] == []


def test_a_bound_colleague_stops_no_replay_of_the_same_text(api: Api, ana: Author) -> None:
    bound = Author(api, "bea@example.org", "forum")
    ana.send("/replay", asking("zebra"))
    bound.send("/replay", days="7")
    work(api)
    assert (ana.page()["replay"]["by"], ana.page()["replay"]["state"]) == ("ana", "done")
    assert bound.page()["replay"]["state"] == "done"


def test_a_replay_that_cannot_go_on_says_so(api: Api, ana: Author) -> None:
    api.submit("post-1", text="a zebra")
    ana.send("/replay", asking("zebra"))
    with api.instance.database.begin() as tx:
        tx.execute(sa.update(replays).values(source="[pack]\n# of another program"))
    work(api)
    said = ana.page()["replay"]
    assert said["state"] == "failed"
    assert 'data-state="failed"' in ana.html()


def test_replays_are_forgotten_after_a_week(api: Api, ana: Author, clock: FakeClock) -> None:
    api.submit("post-1", text="a zebra")
    ana.replayed(asking("zebra"))
    with api.instance.database.begin() as tx:
        assert drop_old_replays(tx) == 0
    clock.advance(8 * 86_400)
    with api.instance.database.begin() as tx:
        assert drop_old_replays(tx) == 1
    assert (api.count("replays"), api.count("replay_examples")) == (0, 0)


SHADOW = shipped() + (
    '\n[[rules]]\nname = "trial"\nversion = 1\nmode = "shadow"\noutcome = "escalate"\n'
    'text = "A trial."\nwhen = ["text.normalised.contains(\'zebra\')"]\n'
)


def test_a_rule_in_shadow_tells_where_it_agrees_and_differs_as_it_comes(
    api: Api, ana: Author
) -> None:
    ana.replayed(SHADOW)
    assert ana.live().status_code == 303
    (shadow,) = ana.page("/policy")["shadows"]
    assert (shadow["said"]["fired"], shadow["said"]["differed"]) == (0, 0)
    for id in ("one", "two", "three"):
        api.submit(id, text=f"a zebra, {id}")
    api.submit("four", text="a horse")
    case = report(api, "one", 1)
    said = {"outcome": "escalate", "reason": "It was meant and it is soon."}
    assert api.post(f"/v1/cases/{case}/decide", said).status_code == 200
    case = report(api, "two", 1)
    said = {"outcome": "pass", "reason": "An animal, and nothing else."}
    assert api.post(f"/v1/cases/{case}/decide", said).status_code == 200
    (shadow,) = ana.page("/policy")["shadows"]
    told = shadow["said"]
    assert (told["rule"], told["fired"], told["agreed"], told["differed"]) == ("trial", 3, 0, 3)
    assert (told["people_agreed"], told["people_differed"]) == (1, 1)
    assert {one["name"] for one in shadow["differences"]} == {"one", "two", "three"}
    assert marks(ana.html("/policy"), "shadow") == [
        {"testid": "shadow", "rule": "trial", "agreed": "0", "differed": "3"}
    ]
    with api.instance.database.begin() as tx:
        erase_item(tx, "default", "three")
    (shadow,) = ana.page("/policy")["shadows"]
    assert shadow["said"]["fired"] == 2
