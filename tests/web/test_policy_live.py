"""Putting a version into force: what it needs, who must agree, the way back, and what is kept of it."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from tests.api import Api
from tests.web.desk_of_policy import (
    DRAFT,
    WHY,
    Author,
    asking,
    codes,
    shipped,
    wider,
    work,
    written,
)

from tidegate.access.people import disable_user
from tidegate.infra.clock import FakeClock
from tidegate.ledger.model import HEAD_FILE
from tidegate.ledger.sequencer import seal
from tidegate.ledger.tables import ledger
from tidegate.pipeline.instance import opened
from tidegate.pipeline.verify import verify as verify_house
from tidegate.policy.tables import pack_changes

LIVE = "/policy?done=policy-live"
JSON = {"headers": {"Accept": "application/json"}}


@pytest.fixture
def ana(api: Api) -> Author:
    return Author(api, "ana@example.org")


@pytest.fixture
def two(api: Api, ana: Author) -> Author:
    """Another person who may."""
    return Author(api, "ben@example.org")


def verdict(api: Api, id: str, **fields: Any) -> str:
    return api.submit(id, **fields).json()["verdict"]


def intact(api: Api) -> bool:
    with api.instance.database.begin() as tx:
        tx.freeze()
        return verify_house(tx, api.instance.secrets.ledger_key.public_key()).intact


def refused(api: Api, send: Callable[[], Any]) -> tuple[int, str]:
    """The status and type of a refusal by which nothing was written."""
    before = written(api)
    answer = send()
    assert written(api) == before
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def test_one_person_alone_puts_a_replayed_text_into_force(api: Api, ana: Author) -> None:
    assert verdict(api, "one", text="a zebra") == "pass"
    ana.replayed(asking("zebra"))
    answer = ana.live()
    assert answer.headers["location"] == LIVE, answer.text
    assert ana.in_force() == "tvec@4"
    assert verdict(api, "two", text="a zebra") == "review"
    page = ana.page("/policy")
    assert page["since"]["reason"] == WHY
    assert (page["since"]["decided_by"], page["back"]) == ("ana", "tvec@3")
    assert [one["pack"] for one in page["history"]] == ["tvec@4", "tvec@3"]
    assert "Closed groups" in ana.html("/policy")
    assert codes(ana.page()) == ["same"]
    assert refused(api, lambda: ana.live(more=JSON)) == (409, "already-live")


def test_each_thing_that_is_missing_is_refused_and_nothing_is_written(
    api: Api, ana: Author, clock: FakeClock
) -> None:
    source = asking("zebra")
    ana.save(source)
    assert codes(ana.page()) == ["no-replay"]
    assert refused(api, lambda: ana.live(more=JSON)) == (422, "invalid-body")
    assert ana.send("/replay", source).status_code == 303
    assert codes(ana.page()) == ["running"]
    assert refused(api, lambda: ana.live(more=JSON)) == (422, "invalid-body")
    work(api)
    for reason in ("", "too short", " " * 20, "x" * 2001):
        assert refused(api, lambda given=reason: ana.live(reason=given, more=JSON))[0] == 422
    wrong = source.replace("reports.count", "reports.nope")
    assert refused(api, lambda: ana.live(wrong, more=JSON)) == (422, "pack-invalid")
    # Another text is another text, by one letter.
    assert refused(api, lambda: ana.live(source + "#", more=JSON)) == (422, "invalid-body")
    clock.advance(24 * 3600)
    ana.person.sign_in()
    assert codes(ana.page()) == ["no-replay"]
    assert refused(api, lambda: ana.live(more=JSON)) == (422, "invalid-body")
    assert ana.in_force() == "tvec@3"


def test_a_refused_form_shows_what_was_typed_and_why(ana: Author) -> None:
    ana.save(asking("zebra"))
    answer = ana.live(asking("okapi"), reason="Because of the okapis in it.")
    assert answer.status_code == 422
    assert 'data-testid="errors"' in answer.text
    assert "okapi" in answer.text
    assert "Because of the okapis in it." in answer.text
    assert "zebra" in ana.page()["source"]


def test_more_is_restricted_by_two(api: Api, ana: Author, two: Author) -> None:
    api.bank()
    api.entry("join us on friday at the old bridge and bring all the others along")
    text = "join us on friday at the old bridge and bring all the others along"
    assert verdict(api, "one", text=text, publicness="restricted") == "review"
    page = ana.replayed(wider())
    assert (page["needs_second"], page["replay"]["newly_restricted"]) == (True, 1)
    answer = ana.live(more=JSON)
    assert answer.status_code == 202
    assert answer.json() == {
        "state": "proposed",
        "location": f"{DRAFT}?done=policy-proposed",
    }
    assert ana.in_force() == "tvec@3"
    assert codes(ana.page()) == ["waits"]
    assert refused(api, lambda: ana.live(more=JSON)) == (409, "same-person")
    shown = two.page()
    assert (shown["proposed"]["reason"], shown["proposed"]["proposed_by"]) == (WHY, "ana")
    assert [one["pack"] for one in two.page("/policy")["proposed"]] == ["tvec@4"]
    assert two.live(reason="").headers["location"] == LIVE
    assert ana.in_force() == "tvec@4"
    assert verdict(api, "two", text=text, publicness="restricted") == "restrict"
    since = ana.page("/policy")["since"]
    assert (since["proposed_by"], since["decided_by"]) == ("ana", "ben")
    assert since["newly_restricted"] == 1


def test_what_the_replay_newly_restricts_needs_two_whatever_the_rules_say(
    api: Api, ana: Author, two: Author
) -> None:
    """No rule is new, but what was recorded then would be restricted by now."""
    api.bank()
    text = "join us on friday at the old bridge and bring all the others along"
    api.entry(text)
    retired = shipped().replace(
        'mode = "live"\noutcome = "restrict"', 'mode = "retired"\noutcome = "restrict"'
    )
    ana.replayed(retired)
    assert ana.live().status_code == 303
    assert ana.in_force() == "tvec@4"
    assert verdict(api, "one", text=text) == "review"
    back = shipped().replace("version = 3", "version = 5")
    assert ana.replayed(back)["replay"]["newly_restricted"] == 1
    assert ana.live(more=JSON).status_code == 202


def test_a_proposal_is_turned_down_or_overtaken(api: Api, ana: Author, two: Author) -> None:
    ana.replayed(wider())
    assert ana.live().headers["location"].endswith("policy-proposed")
    proposal = two.page()["proposed"]["id"]
    assert two.person.send(f"/policy/changes/{proposal}/decline").status_code == 303
    assert two.page()["proposed"] is None
    before = written(api)
    assert two.person.send(f"/policy/changes/{proposal}/decline").status_code == 409
    assert two.person.send(f"/policy/changes/{DRAFT[-4:]}/decline").status_code == 404
    assert written(api) == before
    # Proposed again; then somebody saves another text.
    assert ana.live().headers["location"].endswith("policy-proposed")
    two.save(wider() + "# another\n")
    assert ana.page("/policy")["proposed"] == []
    # And again; then another version goes live.
    ana.replayed(wider())
    assert ana.live().headers["location"].endswith("policy-proposed")
    rollback = ana.person.send("/policy/tvec@3/rollback", {"reason": WHY})
    assert rollback.status_code == 409  # it is in force
    assert ana.in_force() == "tvec@3"


def test_where_no_other_may_one_is_enough(api: Api, ana: Author, two: Author) -> None:
    ana.replayed(wider())
    assert ana.live().headers["location"].endswith("policy-proposed")
    with api.instance.database.begin() as tx:
        disable_user(tx, "ben@example.org")
    assert ana.page()["needs_second"] is False
    assert ana.live().headers["location"] == LIVE


def test_who_is_bound_to_a_platform_counts_for_nobody_and_may_not(api: Api, ana: Author) -> None:
    bound = Author(api, "bea@example.org", "forum")
    ana.replayed(wider())
    before = written(api)
    assert bound.live().status_code == 403
    assert bound.person.send("/policy/tvec@3/rollback", {"reason": WHY}).status_code == 403
    assert written(api) == before
    assert "bound" in codes(bound.page())
    assert ana.live().headers["location"] == LIVE


def test_a_roll_back_is_a_version(api: Api, ana: Author, two: Author) -> None:
    ana.replayed(asking("zebra"))
    ana.live()
    assert verdict(api, "one", text="a zebra") == "review"
    before = written(api)
    assert ana.person.send("/policy/tvec@3/rollback", {"reason": "no"}).status_code == 422
    assert ana.person.send("/policy/tvec@7/rollback", {"reason": WHY}).status_code == 404
    assert ana.person.send("/policy/tvec@4/rollback", {"reason": WHY}).status_code == 409
    assert written(api) == before
    answer = ana.person.send("/policy/tvec@3/rollback", {"reason": WHY})
    assert answer.headers["location"] == LIVE
    assert ana.in_force() == "tvec@5"
    assert ana.page("/policy/tvec@5")["source"] == shipped().replace(
        "version = 3", "version = 5", 1
    )
    assert ana.page("/policy")["since"]["rolls_back_to"] == "tvec@3"
    assert verdict(api, "two", text="a zebra") == "pass"
    page = ana.page("/policy/tvec@4")
    assert page["changes"][0]["reason"] == WHY
    assert [one["change"] for one in page["difference"]["rules"]] == ["new"]


@pytest.mark.parametrize("written_so", ["tvec@03", "tvec@003", "tvec@0"])
def test_a_version_has_one_address(api: Api, ana: Author, written_so: str) -> None:
    ana.replayed(asking("zebra"))
    ana.live()
    before = written(api)
    for path in (f"/policy/{written_so}", f"/policy/{written_so}.json"):
        assert ana.person.get(path).status_code == 404
    assert ana.person.send(f"/policy/{written_so}/rollback", {"reason": WHY}).status_code == 404
    begun = ana.person.send("/policy/drafts", {"name": "other", "from": written_so})
    assert begun.status_code == 404
    assert written(api) == before


def test_a_roll_back_that_restricts_more_needs_two_unless_it_undoes_the_last_change(
    api: Api, ana: Author, two: Author
) -> None:
    def back(who: Author, ident: str, **more: Any) -> Any:
        return who.person.send(f"/policy/{ident}/rollback", {"reason": WHY}, **more)

    ana.replayed(wider())
    ana.live()
    two.live()
    assert ana.page("/policy/tvec@3")["needs_second"] is False
    assert back(ana, "tvec@3").status_code == 303
    assert ana.in_force() == "tvec@5"
    # What one rolled back from is not brought back by another alone.
    assert two.page("/policy/tvec@4")["needs_second"] is True
    assert back(two, "tvec@4", **JSON).status_code == 202
    assert ana.in_force() == "tvec@5"
    ana.replayed(asking("zebra"))
    ana.live()
    assert ana.in_force() == "tvec@6"
    assert ana.page("/policy/tvec@4")["needs_second"] is True
    assert back(ana, "tvec@4", **JSON).status_code == 202
    assert refused(api, lambda: back(ana, "tvec@4", **JSON)) == (409, "same-person")
    assert two.page("/policy/tvec@4")["proposed"]["proposed_by"] == "ana"
    assert two.person.send("/policy/tvec@4/rollback").headers["location"] == LIVE
    assert ana.in_force() == "tvec@7"


def test_a_factor_is_asked_for_again(api: Api, ana: Author, clock: FakeClock) -> None:
    ana.replayed(asking("zebra"))
    clock.advance(601)
    assert ana.page()["fresh"] is False
    assert 'data-testid="go-live"' not in ana.html()
    assert 'href="/account/confirm?next=' in ana.html()
    before = written(api)
    assert ana.live().status_code == 403
    assert ana.person.send("/policy/tvec@3/rollback", {"reason": WHY}).status_code == 403
    assert written(api) == before


def test_all_of_it_is_in_the_ledger_and_the_chain_explains_it(
    api: Api, ana: Author, two: Author
) -> None:
    ana.replayed(wider())
    ana.live()
    two.live()
    ana.person.send("/policy/tvec@3/rollback", {"reason": WHY})
    instance = api.instance
    seal(instance.database, instance.secrets.ledger_key, instance.settings.data_dir / HEAD_FILE)
    with instance.database.begin() as tx:
        query = sa.select(ledger.c.kind, ledger.c.record).order_by(ledger.c.seq)
        told = [row for row in tx.execute(query) if row.kind.startswith("policy.")]
    assert intact(api)
    with instance.database.begin() as tx:
        other = sa.update(pack_changes).where(pack_changes.c.pack == "tvec@4")
        tx.execute(other.values(reason="Somebody wrote another reason."))
    assert not intact(api)
    kinds = Counter(row.kind.removeprefix("policy.") for row in told)
    assert kinds == {"stored": 3, "activated": 3, "proposed": 1}
    agreed = [bytes(row.record) for row in told if b"ben@example.org" in bytes(row.record)]
    assert any(b"ana@example.org" in one for one in agreed)  # who had proposed what ben agreed to


def test_every_process_and_the_next_one_judge_by_it(
    api: Api, ana: Author, database_url: str
) -> None:
    ana.replayed(asking("zebra"))
    with opened(api.instance.settings, database_url, api.instance.clock) as other:
        with other.database.begin() as tx:
            assert other.pack(tx).ident == "tvec@3"
        ana.live()
        with other.database.begin() as tx:
            assert other.pack(tx).ident == "tvec@4"
    with (
        opened(api.instance.settings, database_url, api.instance.clock) as later,
        later.database.begin() as tx,
    ):
        assert later.pack(tx).ident == "tvec@4"
