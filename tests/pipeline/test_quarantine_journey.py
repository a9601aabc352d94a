"""A poisoned bank does no harm: what matches too much asks a person instead of acting. Copies of known
content, however many, are acted upon to the last, and so is what an entry knows to the letter."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
import sqlalchemy as sa

from tidegate.content.model import ItemIn, ItemRow
from tidegate.content.queries import get_item
from tidegate.content.tables import items
from tidegate.decisions.queries import evaluations_of
from tidegate.infra.clock import FakeClock
from tidegate.infra.settings import Settings
from tidegate.intake.model import ReportIn
from tidegate.ledger.tables import ledger_pending
from tidegate.pipeline.decide import decide_case
from tidegate.pipeline.erase import erase_item
from tidegate.pipeline.instance import Instance, opened
from tidegate.pipeline.lookback.codes import LookBack
from tidegate.pipeline.report import submit_report
from tidegate.pipeline.submission import describe
from tidegate.pipeline.submit import submit_group
from tidegate.review.model import CaseDecisionIn
from tidegate.review.queries import get_case
from tidegate.review.tables import case_events, cases
from tidegate.signals.banks.actions import add_entry, create_bank, judge_entry
from tidegate.signals.banks.model import BankIn
from tidegate.signals.banks.quarantine import MOST_BY_AUTHOR
from tidegate.signals.banks.queries import get_entry
from tidegate.signals.banks.tables import sightings
from tidegate.signals.fingerprints import of_bytes
from tidegate.signals.model import Fingerprint

Post = Callable[..., "Answers"]
Submit = Callable[..., tuple[ItemRow, dict[str, Any]]]

rng = random.Random(5)
LOGO = rng.getrandbits(256)
Answers = list[dict[str, Any]]


def near(code: int, bits: int) -> int:
    for place in rng.sample(range(256), bits):
        code ^= 1 << place
    return code


def different() -> int:
    """A picture that shows the logo and something else: within the bank's radius of the logo, and
    no copy of the others of its kind."""
    return near(LOGO, 28)


@pytest.fixture
def bank(instance: Instance) -> UUID:
    """A bank that somebody has put a logo into and confirmed it; the entry's id."""
    with instance.database.begin("user:curator@example.org") as tx:
        create_bank(tx, BankIn(name="known", stance="known", radius={"pdq": 31}))
        code = Fingerprint("pdq", LOGO.to_bytes(32), 100)
        return UUID(add_entry(tx, "known", [code], confirmed=True).id)


@pytest.fixture
def post(instance: Instance, clock: FakeClock) -> Callable[..., Answers]:
    """Submit pictures by their codes as one group, each of another author unless one is named; the
    answers. `prefix` begins the items' ids."""
    return posting(instance, clock)


def posting(instance: Instance, clock: FakeClock) -> Callable[..., Answers]:
    numbers = iter(range(10**6))

    def make(
        *codes: int, prefix: str = "p", platform: str = "forum", author: str | None = None
    ) -> Answers:
        clock.advance(1)
        group = []
        for code in codes:
            id = f"{prefix}{next(numbers)}"
            item = ItemIn(
                id=id,
                surface="post",
                publicness="public",
                author=author or f"who posted {id}",
                created_at=clock.now(),
                text=f"look at this {id}",
            )
            submission = describe(
                instance, item, platform=platform, actor="key:forum", request_id="r",
                now=clock.now(),
            )  # fmt: skip
            made = [*of_bytes(code.to_bytes(32)), Fingerprint("pdq", code.to_bytes(32), 100)]
            found = [("media/0", one) for one in made]
            group.append(msgspec.structs.replace(submission, codes=found))
        with instance.database.begin("key:forum") as tx:
            answers = submit_group(tx, instance, group)
        assert all(isinstance(answer, bytes) for answer in answers), answers
        return [msgspec.json.decode(answer) for answer in answers]  # pyright: ignore[reportArgumentType]

    return make


def verdicts(answers: Answers) -> list[str]:
    return [answer["verdict"] for answer in answers]


def waiting(instance: Instance, queue: str = "entries") -> list[Any]:
    """The cases that wait, about entries unless another queue is asked for."""
    waits = sa.select(cases).where(cases.c.state != "decided", cases.c.queue == queue)
    with instance.database.begin() as tx:
        return list(tx.execute(waits).all())


def tripped(instance: Instance, entry: UUID) -> bool:
    with instance.database.begin() as tx:
        return get_entry(tx, "known", entry).quarantined_at is not None


def test_fifty_different_pictures_are_acted_upon_and_the_next_asks_a_person(
    instance: Instance, bank: UUID, post: Post
) -> None:
    answers = [post(different())[0] for _ in range(50)]
    assert verdicts(answers) == ["restrict"] * 50
    assert not tripped(instance, bank)
    assert all("quarantined" not in match for a in answers for match in a["evaluation"]["matches"])

    (answer,) = post(different(), prefix="last")
    assert (answer["verdict"], answer["decision"], answer["action"]) == ("review", None, None)
    assert tripped(instance, bank)
    # What is in quarantine is still recorded, match by match.
    (match,) = answer["evaluation"]["matches"]
    assert (match["entry"], match["quarantined"]) == (str(bank), True)
    with instance.database.begin() as tx:
        item = get_item(tx, "forum", answer["id"])
        (evaluation,) = evaluations_of(tx, item.id)
    assert evaluation.matches[0].quarantined
    assert item.restricted_by is None

    # So do the next, whoever judges them; that the entry is in question is asked once.
    with instance.database.begin() as tx:
        counted = tx.execute(sa.select(sa.func.count()).select_from(sightings)).scalar_one()
    again = post(*(different() for _ in range(20)), LOGO)
    assert set(verdicts(again)) == {"review"}
    assert all(a["evaluation"]["matches"][0]["quarantined"] for a in again)
    assert len(waiting(instance)) == 1
    (shown,) = {one.match["entry"] for one in waiting(instance, "default")}
    assert (shown, len(waiting(instance, "default"))) == (str(bank), 22)
    with instance.database.begin() as tx:
        assert tx.execute(sa.select(sa.func.count()).select_from(sightings)).scalar_one() == counted


def test_one_author_puts_no_entry_out(instance: Instance, bank: UUID, post: Post) -> None:
    """However much they post, and wherever: else who is known by an entry could put it out."""
    for platform in ("forum", "chat"):
        for _ in range(4):
            answers = post(*(different() for _ in range(30)), platform=platform, author="anna")
            assert set(verdicts(answers)) == {"restrict"}
    assert not tripped(instance, bank)
    assert waiting(instance) == []
    with instance.database.begin() as tx:
        kept = tx.execute(sa.select(sa.func.count()).select_from(sightings)).scalar_one()
    assert kept <= 2 * 2 * MOST_BY_AUTHOR
    # Nor do fifty authors, however much each posts.
    for number in range(48):
        post(*(different() for _ in range(5)), author=f"author {number}")
    assert not tripped(instance, bank)
    assert verdicts(post(different(), author="one more")) == ["review"]
    assert tripped(instance, bank)


def test_what_an_entry_knows_to_the_letter_is_acted_upon_in_quarantine(
    instance: Instance, post: Post
) -> None:
    with instance.database.begin() as tx:
        create_bank(tx, BankIn(name="known", stance="known"))
        file = LOGO.to_bytes(32)
        codes = [*of_bytes(file), Fingerprint("pdq", file, 100)]
        entry = UUID(add_entry(tx, "known", codes, confirmed=True).id)
    answers = post(*(different() for _ in range(51)))
    assert set(verdicts(answers)) == {"review"}
    assert tripped(instance, entry)
    (same,) = post(LOGO, platform="another")
    assert same["verdict"] == "restrict"
    assert same["action"] is not None
    marked = {one["kind"]: "quarantined" in one for one in same["evaluation"]["matches"]}
    assert marked == {"md5": False, "sha256": False, "pdq": True}
    # The picture itself, saved anew, is a likeness.
    assert verdicts(post(near(LOGO, 4))) == ["review"]


def test_one_person_is_asked_with_the_evidence(instance: Instance, bank: UUID, post: Post) -> None:
    post(*(different() for _ in range(3)), platform="chat", author="anna")
    answers = post(*(different() for _ in range(59)))
    (row,) = waiting(instance)
    with instance.database.begin() as tx:
        case = get_case(tx, row.id)
        records = tx.execute(
            sa.select(ledger_pending.c.record).where(ledger_pending.c.kind == "entry.quarantined")
        ).scalars()
        (record,) = [msgspec.json.decode(one) for one in records]
    assert case.match is not None
    assert (case.match["entry"], case.match["quarantined"]) == (str(bank), True)
    assert (case.match["exact"], case.match["allowed"]) == (True, False)
    assert (case.subject.kind, case.subject.id) == ("entry", str(bank))
    assert (case.item, case.queue, case.origin) == (None, "entries", "quarantine")
    assert case.entry is not None
    assert case.entry.quarantined_at is not None
    (event,) = [event for event in case.events if event.kind == "quarantined"]
    evidence = event.detail
    assert (evidence["bank"], evidence["entry"]) == ("known", str(bank))
    assert (evidence["contents"], evidence["per_hour"]) == (60, 0)
    named = [one["id"] for one in evidence["items"]]
    assert len(set(named)) == 10
    assert set(named) <= {answer["id"] for answer in answers} | {"p0", "p1", "p2"}
    assert record["contents"] == 60
    # Whose these were, who posted most first.
    causes = [(one["platform"], one["contents"]) for one in evidence["causes"]]
    assert causes == [("chat", 3), *[("forum", 1)] * 49]
    with instance.database.begin() as tx:
        assert evidence["causes"][0]["author"] == get_item(tx, "chat", "p1").author
    # None that is erased is named any more.
    with instance.database.begin() as tx:
        erased = next(id for id in named if id not in ("p0", "p1", "p2"))
        erase_item(tx, "forum", erased)
        (event,) = [one for one in get_case(tx, row.id).events if one.kind == "quarantined"]
        kept = tx.execute(sa.select(case_events.c.detail)).scalars().all()
    assert [one["id"] for one in event.detail["items"]] == [id for id in named if id != erased]
    assert len(event.detail["causes"]) in (49, 50)
    assert all(f'"{id}"' not in str(kept) for id in named)


def test_a_group_that_shows_it_restricts_nothing_by_that_entry(
    instance: Instance, bank: UUID, post: Post
) -> None:
    with instance.database.begin() as tx:
        other = near(rng.getrandbits(256), 0)
        add_entry(tx, "known", [Fingerprint("pdq", other.to_bytes(32), 100)], confirmed=True)
    answers = post(*(different() for _ in range(51)), near(other, 4))
    assert verdicts(answers) == ["review"] * 51 + ["restrict"]
    with instance.database.begin() as tx:
        restricted = sa.select(items.c.external_id).where(items.c.restricted_by.isnot(None))
        assert tx.execute(restricted).scalars().all() == [answers[-1]["id"]]


@pytest.mark.parametrize("size", [1, 125])
def test_copies_of_one_thing_never_trip_it(
    instance: Instance, bank: UUID, post: Post, clock: FakeClock, size: int
) -> None:
    shown = different()
    for _ in range(500 // size // (5 if size == 1 else 1)):
        clock.advance(3)
        copies = [near(LOGO, rng.randint(0, 3)) for _ in range(size // 2)]
        copies += [near(shown, rng.randint(0, 3)) for _ in range(size - len(copies))]
        assert set(verdicts(post(*copies))) == {"restrict"}
    assert not tripped(instance, bank)
    assert waiting(instance) == []


def test_a_repeated_submission_counts_once(
    instance: Instance, bank: UUID, clock: FakeClock, post: Post
) -> None:
    item = ItemIn(
        id="same",
        surface="post",
        publicness="public",
        author="anna",
        created_at=clock.now(),
        text="x",
    )
    submission = describe(
        instance, item, platform="forum", actor="key:forum", request_id="r", now=clock.now()
    )
    for _ in range(60):
        # The digest is what tells revisions apart: the codes differ, the submission does not.
        again = msgspec.structs.replace(
            submission, codes=[("media/0", Fingerprint("pdq", different().to_bytes(32), 100))]
        )
        with instance.database.begin("key:forum") as tx:
            submit_group(tx, instance, [again])
    assert not tripped(instance, bank)


def test_reports_do_not_count_and_see_the_quarantine(
    instance: Instance, bank: UUID, post: Post, clock: FakeClock
) -> None:
    answers = post(*(different() for _ in range(50)))

    def report(number: int, item: str) -> dict[str, Any]:
        with instance.database.begin("key:forum") as tx:
            one = ReportIn(
                id=f"r{number}", channel="user", reason="hate", created_at=clock.now(), item_id=item
            )
            _, found = submit_report(tx, instance, one, platform="forum")
            assert found is not None
            return msgspec.to_builtins(evaluations_of(tx, found.id)[-1].matches)[0]

    for number, answer in enumerate(answers[:5]):
        assert not report(number, answer["id"])["quarantined"]
    assert not tripped(instance, bank)
    post(different())
    assert tripped(instance, bank)
    assert report(99, answers[7]["id"])["quarantined"]


def test_who_confirms_the_entry_lets_it_act_again(
    instance: Instance, bank: UUID, post: Post, clock: FakeClock
) -> None:
    post(*(different() for _ in range(51)))
    (case,) = waiting(instance)
    with instance.database.begin("user:reviewer@example.org") as tx:
        decide_case(
            tx, case.id, CaseDecisionIn(outcome="pass", reason="a known picture", entry="confirm"),
            pack=instance.pack(tx),
        )  # fmt: skip
    assert not tripped(instance, bank)
    # It does not fall back at once for what this hour has seen, only for as much once more.
    answers = [post(different())[0] for _ in range(50)]
    assert verdicts(answers) == ["restrict"] * 50
    assert verdicts(post(different())) == ["review"]
    assert tripped(instance, bank)
    assert len(waiting(instance)) == 1


def test_who_refutes_the_entry_ends_it(instance: Instance, bank: UUID, post: Post) -> None:
    post(*(different() for _ in range(51)))
    with instance.database.begin("user:curator@example.org") as tx:
        judge_entry(tx, "known", bank, "refuted")
    (answer,) = post(LOGO)
    assert answer["evaluation"]["matches"] == []


def test_an_entry_with_a_history_may_match_twenty_times_as_much(
    instance: Instance, bank: UUID, post: Post, clock: FakeClock
) -> None:
    for _ in range(20):
        assert set(verdicts(post(*(different() for _ in range(4))))) == {"restrict"}
        clock.advance(3600)
    assert set(verdicts(post(*(different() for _ in range(75))))) == {"restrict"}
    assert not tripped(instance, bank)
    assert set(verdicts(post(*(different() for _ in range(30))))) == {"review"}
    assert tripped(instance, bank)


def test_what_an_unconfirmed_entry_asks_is_asked_in_quarantine_too(
    instance: Instance, post: Post
) -> None:
    with instance.database.begin() as tx:
        create_bank(tx, BankIn(name="known", stance="known"))
        code = Fingerprint("pdq", LOGO.to_bytes(32), 100)
        entry = UUID(add_entry(tx, "known", [code]).id)
    post(*(different() for _ in range(40)))
    post(*(different() for _ in range(40)))
    assert len(waiting(instance, "default")) == 80
    assert len(waiting(instance)) == 1
    assert tripped(instance, entry)


def test_a_link_prefix_that_everybody_shares(instance: Instance, submit: Submit) -> None:
    with instance.database.begin() as tx:
        create_bank(tx, BankIn(name="known", stance="known"))
        code = Fingerprint("domain", b"everybody.example")
        entry = UUID(add_entry(tx, "known", [code], confirmed=True).id)
    for _ in range(55):
        submit(
            f"same{_}", text="see", url="https://everybody.example/a-page", author=f"who posted {_}"
        )
    assert not tripped(instance, entry)
    for number in range(50):
        page = f"https://everybody.example/page/{number}"
        submit(f"other{number}", text="see", url=page, author=f"author {number}")
    assert tripped(instance, entry)
    (case,) = waiting(instance)
    assert (case.subject_kind, case.subject_id) == ("entry", entry)


def test_entries_that_trip_together_are_asked_about_one_by_one(
    instance: Instance, post: Post
) -> None:
    with instance.database.begin() as tx:
        create_bank(tx, BankIn(name="known", stance="known"))
        codes = [near(LOGO, 1) for _ in range(3)]
        made = [
            add_entry(tx, "known", [Fingerprint("pdq", code.to_bytes(32), 100)], confirmed=True).id
            for code in codes
        ]
    post(*(near(LOGO, 24) for _ in range(60)))
    asked = [str(one.subject_id) for one in waiting(instance)]
    assert sorted(asked) == sorted(made)


def test_what_was_erased_leaves_no_code_behind(instance: Instance, bank: UUID, post: Post) -> None:
    answers = post(different(), different())
    with instance.database.begin() as tx:
        erase_item(tx, "forum", answers[0]["id"])
        left = tx.execute(sa.select(sightings.c.item_id)).scalars().all()
        assert left == [get_item(tx, "forum", answers[1]["id"]).id]


def look_back(instance: Instance, clock: FakeClock) -> None:
    """What the worker does when banks have changed."""
    looker = LookBack(instance)
    clock.advance(1)
    while looker.step() is not None:
        pass


def restricted(instance: Instance) -> int:
    with instance.database.begin() as tx:
        query = sa.select(sa.func.count()).where(items.c.restricted_by.isnot(None))
        return tx.execute(query).scalar_one()


def test_posts_that_came_during_a_quarantine_are_looked_at_when_it_is_lifted(
    instance: Instance, bank: UUID, post: Post, clock: FakeClock
) -> None:
    post(*(different() for _ in range(50)))
    post(*(different() for _ in range(70)))
    look_back(instance, clock)
    assert restricted(instance) == 50
    with instance.database.begin("user:curator@example.org") as tx:
        judge_entry(tx, "known", bank, "confirmed")
    look_back(instance, clock)
    # A person has spoken for it: what it had matched before is not held against it again.
    assert not tripped(instance, bank)
    assert restricted(instance) == 120
    assert verdicts(post(*(different() for _ in range(50)))) == ["restrict"] * 50


def test_a_poisoned_entry_that_comes_after_the_posts_does_no_harm(
    instance: Instance, post: Post, clock: FakeClock
) -> None:
    post(*(different() for _ in range(200)))
    with instance.database.begin("user:curator@example.org") as tx:
        create_bank(tx, BankIn(name="known", stance="known", radius={"pdq": 31}))
        code = Fingerprint("pdq", LOGO.to_bytes(32), 100)
        entry = UUID(add_entry(tx, "known", [code], confirmed=True).id)
    look_back(instance, clock)
    assert tripped(instance, entry)
    assert restricted(instance) <= 50
    (case,) = waiting(instance)
    assert case.subject_id == entry


def test_an_entry_that_comes_after_two_hundred_copies_finds_them_all(
    instance: Instance, post: Post, clock: FakeClock
) -> None:
    post(*(near(LOGO, 4) for _ in range(200)))
    with instance.database.begin("user:curator@example.org") as tx:
        create_bank(tx, BankIn(name="known", stance="known", radius={"pdq": 31}))
        code = Fingerprint("pdq", LOGO.to_bytes(32), 100)
        add_entry(tx, "known", [code], confirmed=True)
    look_back(instance, clock)
    assert restricted(instance) == 200
    assert waiting(instance) == []


@pytest.fixture
def small(database_url: str, clock: FakeClock, tmp_path: Path) -> Iterator[Instance]:
    """An instance of an operator who is stricter."""
    settings = Settings(data_dir=tmp_path / "small", quarantine_contents=3, quarantine_factor=2)
    with opened(settings, database_url, clock) as instance:
        yield instance


def test_the_operator_sets_both_limits(small: Instance, clock: FakeClock) -> None:
    post = posting(small, clock)
    with small.database.begin() as tx:
        create_bank(tx, BankIn(name="known", stance="known"))
        code = Fingerprint("pdq", LOGO.to_bytes(32), 100)
        entry = UUID(add_entry(tx, "known", [code], confirmed=True).id)
    for _ in range(24):
        post(different(), different(), different())
        clock.advance(3600)
    assert not tripped(small, entry)
    assert verdicts(post(*(different() for _ in range(6)))) == ["restrict"] * 6
    assert verdicts(post(*(different() for _ in range(2)))) == ["review"] * 2
    assert tripped(small, entry)


def test_processes_that_trip_it_at_once_ask_once(
    instance: Instance, bank: UUID, clock: FakeClock
) -> None:
    def work(number: int) -> None:
        post = posting(instance, clock)
        for step in range(6):
            post(*(different() for _ in range(12)), prefix=f"w{number}-{step}-")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert tripped(instance, bank)
    assert len(waiting(instance)) == 1
