"""A case about a bank entry: who decides it judges the entry, and who judges the entry elsewhere has
decided it."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

import msgspec
import pytest
import sqlalchemy as sa
from tests.pipeline.posts import KNOWN

from tidegate.decisions.model import EntryVerdict, GroundIn, Restriction, Subject
from tidegate.decisions.tables import decisions
from tidegate.enforcement.tables import actions
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.ledger.tables import ledger_pending
from tidegate.pipeline import entries
from tidegate.pipeline.decide import claim_case, decide_case, release_case, reopen_case
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.reads import read_case
from tidegate.review.actions import open_case
from tidegate.review.model import CaseDecisionIn, CaseDetail
from tidegate.review.queries import get_case
from tidegate.review.tables import case_events, cases
from tidegate.signals import fingerprints
from tidegate.signals.banks.actions import add_entry, create_bank, delete_bank
from tidegate.signals.banks.model import BankIn, BankPatch, EntryPatch
from tidegate.signals.banks.queries import get_entry
from tidegate.signals.banks.sightings import Overreach, start_quarantine

BANK = "known-texts"
LEASE = timedelta(minutes=30)
CONFIRM = CaseDecisionIn(outcome="pass", reason="it is what it says", entry="confirm")
REFUTE = CaseDecisionIn(outcome="pass", reason="a logo, no more", entry="refute")


def quarantine(tx: Tx, entry: UUID) -> UUID:
    """Put an entry into quarantine and ask about it, as `ask_about` does; the case."""
    start_quarantine(tx, Overreach(entry, 51, 0.0))
    case, _ = open_case(
        tx,
        subject=Subject("entry", entry),
        item=None,
        revision=None,
        queue="entries",
        origin="quarantine",
    )
    return case.id


@pytest.fixture
def entry(known: str) -> UUID:
    return UUID(known)


@pytest.fixture
def case(instance: Instance, entry: UUID) -> UUID:
    with instance.database.begin("key:forum") as tx:
        return quarantine(tx, entry)


def decide(
    instance: Instance, case: UUID, given: CaseDecisionIn, actor: str = "user:a@x.org"
) -> CaseDetail:
    assert isinstance(instance.clock, FakeClock)
    instance.clock.advance(0.001)
    with instance.database.begin(actor) as tx:
        return read_case(tx, decide_case(tx, case, given, pack=instance.pack(tx)).id)


def look(instance: Instance, case: UUID) -> CaseDetail:
    with instance.database.begin() as tx:
        return get_case(tx, case)


def state(instance: Instance) -> list[object]:
    """Everything that a refusal must leave alone."""
    tables = (decisions, actions, case_events, ledger_pending)
    with instance.database.begin() as tx:
        counts = [sa.select(sa.func.count()).select_from(table) for table in tables]
        found: list[object] = [tx.execute(query).scalar_one() for query in counts]
        return [*found, tx.execute(sa.select(cases)).all()]


def states(instance: Instance, entry: UUID) -> tuple[str, bool]:
    with instance.database.begin() as tx:
        found = get_entry(tx, BANK, entry)
    return found.state, found.quarantined_at is not None


@pytest.mark.parametrize(
    ("given", "after"), [(CONFIRM, ("confirmed", False)), (REFUTE, ("refuted", True))]
)
def test_deciding_it_judges_the_entry_and_nothing_else(
    instance: Instance, case: UUID, entry: UUID, given: CaseDecisionIn, after: tuple[str, bool]
) -> None:
    assert states(instance, entry) == ("unconfirmed", True)
    done = decide(instance, case, given)
    assert states(instance, entry) == after
    (decision,) = done.decisions
    assert done.decision == UUID(decision["id"])
    assert (decision["outcome"], decision["revision"]) == ("pass", None)
    assert (decision["decided_by"], decision["reason"]) == ("user:a@x.org", given.reason)
    assert done.events[-1].detail["entry"] == given.entry
    with instance.database.begin() as tx:
        assert tx.execute(sa.select(actions)).all() == []
        recorded = tx.execute(
            sa.select(ledger_pending.c.record, ledger_pending.c.subject).where(
                ledger_pending.c.kind == "decision.recorded"
            )
        ).one()
    said = msgspec.json.decode(recorded.record)
    assert (said["item"], said["subject"]) == (None, {"kind": "entry", "id": str(entry)})
    assert recorded.subject == entry


def test_an_escalation_is_recorded_with_the_verdict(
    instance: Instance, case: UUID, entry: UUID
) -> None:
    done = decide(
        instance, case, CaseDecisionIn(outcome="escalate", reason="poisoned", entry="refute")
    )
    assert (done.state, done.decisions[0]["outcome"]) == ("decided", "escalate")
    assert states(instance, entry)[0] == "refuted"


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        (CaseDecisionIn(outcome="restrict", reason="x", entry="confirm"), "/outcome"),
        (CaseDecisionIn(outcome="lift", reason="x", entry="confirm"), "/outcome"),
        (CaseDecisionIn(outcome="pass", reason="x"), "/entry"),
        (CaseDecisionIn(outcome="escalate", reason="x"), "/entry"),
        (CaseDecisionIn(outcome="pass", reason="x", entry="confirm", revision=1), "/revision"),
        (CaseDecisionIn(outcome="pass", reason=" ", entry="confirm"), "/reason"),
        (CaseDecisionIn(outcome="pass", reason="x", label="spam", entry="confirm"), "/label"),
        (
            CaseDecisionIn(
                outcome="pass", reason="x", restriction=Restriction("item"), entry="confirm"
            ),
            "/restriction",
        ),
    ],
)
def test_what_it_cannot_be_is_refused_and_writes_nothing(
    instance: Instance, case: UUID, entry: UUID, given: CaseDecisionIn, pointer: str
) -> None:
    before = state(instance)
    with pytest.raises(Refusal) as refused:
        decide(instance, case, given)
    assert refused.value.status == 422
    assert [one.pointer for one in refused.value.errors] == [pointer]
    assert state(instance) == before
    assert states(instance, entry) == ("unconfirmed", True)


def test_a_label_and_its_ground_are_kept(instance: Instance, case: UUID) -> None:
    given = CaseDecisionIn(
        outcome="pass",
        reason="x",
        label="propaganda",
        ground=GroundIn("terms", "4.2"),
        entry="confirm",
    )
    (decision,) = decide(instance, case, given).decisions
    assert decision["label"] == "propaganda"
    assert decision["ground"] == {"kind": "terms", "reference": "4.2"}


def test_of_two_deciders_one_wins(instance: Instance, case: UUID, entry: UUID) -> None:
    barrier = Barrier(2)

    def work(given: CaseDecisionIn) -> CaseDetail | Refusal:
        barrier.wait()
        try:
            return decide(instance, case, given, f"user:{given.entry}@x.org")
        except Refusal as refused:
            return refused

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(work, [CONFIRM, REFUTE]))
    (winner,) = [one for one in found if isinstance(one, CaseDetail)]
    (refused,) = [one for one in found if isinstance(one, Refusal)]
    assert (refused.status, refused.type) == (409, "case-decided")
    assert refused.extra["decision"] == winner.decisions[0]
    by = winner.decisions[0]["decided_by"]
    assert states(instance, entry)[0] == {"confirm": "confirmed", "refute": "refuted"}[by[5:-6]]


def test_anothers_claim_forbids_deciding(instance: Instance, case: UUID) -> None:
    with instance.database.begin("user:b@x.org") as tx:
        claim_case(tx, case, LEASE)
    before = state(instance)
    with pytest.raises(Refusal) as refused:
        decide(instance, case, CONFIRM)
    assert (refused.value.status, refused.value.type) == (409, "case-claimed")
    assert state(instance) == before


@pytest.mark.parametrize("verdict", ["confirm", "refute"])
def test_who_judges_the_entry_in_its_bank_has_decided_the_case(
    instance: Instance, case: UUID, entry: UUID, verdict: EntryVerdict
) -> None:
    with instance.database.begin("user:b@x.org") as tx:
        claim_case(tx, case, LEASE)  # a claim is of the case, not of the entry
    with instance.database.begin("user:curator@x.org") as tx:
        entries.judge_in_bank(tx, BANK, entry, verdict)
    done = look(instance, case)
    assert (done.state, done.claimed_by) == ("decided", None)
    (decision,) = done.decisions
    assert done.decision == UUID(decision["id"])
    assert decision["decided_by"] == "user:curator@x.org"
    assert "in its bank" in decision["reason"]
    with pytest.raises(Refusal) as refused:
        decide(instance, case, CONFIRM)
    assert refused.value.type == "case-decided"


def test_who_judges_it_in_an_items_case_has_decided_it_too(
    instance: Instance, submit: Callable[..., Any], case: UUID, entry: UUID
) -> None:
    with instance.database.begin() as tx:
        entries.judge_in_bank(tx, BANK, entry, "confirm")
    with instance.database.begin() as tx:
        other = UUID(add_entry(tx, BANK, fingerprints.of_text("a quick brown fox " * 9)).id)
    _, answer = submit("one", "a quick brown fox " * 9)
    with instance.database.begin() as tx:
        asked = quarantine(tx, other)
    decide(instance, UUID(answer["case"]), REFUTE)
    done = look(instance, asked)
    assert (done.state, done.decisions[0]["decided_by"]) == ("decided", "user:a@x.org")


def test_the_wrong_bank_answers_nothing(instance: Instance, case: UUID, entry: UUID) -> None:
    with instance.database.begin() as tx:
        create_bank(tx, BankIn(name="another", stance="known"))
    before = state(instance)
    for attempt in (
        lambda tx: entries.judge_in_bank(tx, "another", entry, "confirm"),
        lambda tx: entries.change(tx, "another", entry, EntryPatch(enabled=False)),
        lambda tx: entries.delete(tx, "another", entry),
    ):
        with pytest.raises(Refusal) as refused, instance.database.begin() as tx:
            attempt(tx)
        assert (refused.value.status, refused.value.type) == (404, "entry-unknown")
    assert state(instance) == before


def test_a_deleted_entry_asks_nobody(instance: Instance, case: UUID, entry: UUID) -> None:
    with instance.database.begin() as tx:
        entries.delete(tx, BANK, entry)
    done = look(instance, case)
    assert (done.state, done.decision, done.entry) == ("decided", None, None)
    assert done.events[-1].kind == "withdrawn"
    before = state(instance)
    with pytest.raises(Refusal) as refused, instance.database.begin() as tx:
        reopen_case(tx, case, "why not")
    assert (refused.value.status, refused.value.type) == (409, "entry-gone")
    assert state(instance) == before


def test_where_the_bank_is_gone_the_case_is_closed_without_a_verdict(
    instance: Instance, case: UUID
) -> None:
    with instance.database.begin() as tx:
        delete_bank(tx, BANK)
    before = state(instance)
    with pytest.raises(Refusal) as refused:
        decide(instance, case, CONFIRM)
    assert (refused.value.status, refused.value.type) == (409, "entry-gone")
    assert state(instance) == before
    given = CaseDecisionIn(outcome="pass", reason="the bank is gone")
    assert decide(instance, case, given).state == "decided"


def test_it_is_reopened_and_decided_again(instance: Instance, case: UUID, entry: UUID) -> None:
    decide(instance, case, REFUTE)
    with instance.database.begin() as tx:
        assert reopen_case(tx, case, "a mistake").state == "reopened"
    done = decide(instance, case, CONFIRM)
    assert [one["reason"] for one in done.decisions] == [REFUTE.reason, CONFIRM.reason]
    assert states(instance, entry) == ("confirmed", False)
    with instance.database.begin() as tx:
        assert quarantine(tx, entry) == case
    assert look(instance, case).state == "reopened"


def test_what_is_changed_of_the_entry_moves_the_version(
    instance: Instance, case: UUID, entry: UUID
) -> None:
    before = look(instance, case).version
    with instance.database.begin() as tx:
        entries.change(tx, BANK, entry, EntryPatch(note="seen before"))
    shown = look(instance, case)
    assert shown.version > before
    assert shown.entry is not None
    assert shown.entry.note == "seen before"


def test_what_is_changed_of_its_bank_moves_the_version(instance: Instance, case: UUID) -> None:
    """An entry shows its bank's labels and note where it has none of its own."""
    before = look(instance, case).version
    with instance.database.begin() as tx:
        entries.change_bank(tx, BANK, BankPatch(labels=["propaganda"]))
    changed = look(instance, case)
    assert changed.version > before
    with instance.database.begin() as tx:
        entries.delete_bank(tx, BANK)
    gone = look(instance, case)
    assert gone.version > changed.version
    assert gone.entry is None


EXPECTED = {"case-claimed", "case-decided", "case-not-claimed", "case-not-decided", "no-match"}


def test_whatever_comes_at_once_the_question_is_not_lost(
    instance: Instance, submit: Callable[..., Any], entry: UUID
) -> None:
    """Deciders, curators and new quarantines at once: no deadlock, one case, every decision with its
    verdict, and nobody is left unasked about an entry that does nothing."""
    _, answer = submit("one", KNOWN)
    items_case = UUID(answer["case"])
    with instance.database.begin() as tx:
        case_of_entry = quarantine(tx, entry)

    def act(tx: Tx, rng: random.Random) -> None:
        given = rng.choice([CONFIRM, REFUTE])
        match rng.randrange(7):
            case 0 | 1:
                decide_case(tx, case_of_entry, given, pack=instance.pack(tx))
            case 2:
                entries.judge_in_bank(tx, BANK, entry, given.entry or "confirm")
            case 3:
                decide_case(tx, items_case, given, pack=instance.pack(tx))
            case 4:
                reopen_case(tx, rng.choice([case_of_entry, items_case]), "again")
            case 5:
                claim_case(tx, case_of_entry, LEASE * rng.choice([0, 1]))
                release_case(tx, case_of_entry)
            case _:
                quarantine(tx, entry)

    def work(number: int) -> set[str]:
        rng, refused = random.Random(number), set[str]()
        for _ in range(40):
            try:
                with instance.database.begin(f"user:{number}") as tx:
                    act(tx, rng)
            except Refusal as refusal:
                refused.add(refusal.type)
        return refused

    with ThreadPoolExecutor(4) as pool:
        refused = set().union(*pool.map(work, range(4)))
    assert refused <= EXPECTED

    with instance.database.begin() as tx:
        (row,) = tx.execute(sa.select(cases).where(cases.c.subject_kind == "entry")).all()
        found = get_case(tx, row.id)
        shown = found.entry
        assert shown is not None
        kinds = [one.kind for one in found.events]
        said = [one.detail["decision"] for one in found.events if one.kind == "decided"]
    if shown.quarantined_at is not None and shown.state != "refuted":
        assert found.state != "decided"
    assert {one["id"] for one in found.decisions} == set(said)
    assert kinds.count("opened") == 1
    assert kinds.count("decided") - kinds.count("reopened") == (found.state == "decided")
