"""Two who press at once: a measure has two signatures by two persons, and is notified and concluded once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

from tests.oversight.measures.conftest import Overseer

from tidegate.infra.errors import Refusal
from tidegate.oversight.measures.model import ConcludeIn
from tidegate.pipeline.oversight import measures

PEOPLE = [f"user:{name}@bka.example" for name in ("approver", "approver2", "legal", "officer")]
STANDS = ConcludeIn("stands", "Nothing was said against it.")


def at_once(
    overseer: Overseer, people: list[str], verb: Callable[..., Any], *said: Any
) -> list[str]:
    """What each of these gets, who all do it at once: the state, or why not."""
    instance = overseer.side.instance

    def attempt(person: str) -> str:
        try:
            with instance.database.begin(person) as tx:
                return verb(tx, instance, *said).state
        except Refusal as refusal:
            return refusal.type

    with ThreadPoolExecutor(len(people)) as pool:
        return sorted(pool.map(attempt, people))


def test_one_person_at_four_windows_signs_once(overseer: Overseer) -> None:
    id = UUID(overseer.draft())
    found = at_once(overseer, PEOPLE[:1] * 4, measures.sign, id)
    assert found == ["proposed", *["same-person"] * 3]
    assert len(overseer.get(f"/{id}")["signatures"]) == 1


def test_of_four_persons_two_sign(overseer: Overseer) -> None:
    id = UUID(overseer.draft())
    found = at_once(overseer, PEOPLE, measures.sign, id)
    assert found == ["proposed", "signed", *["step-out-of-order"] * 2]
    assert len(overseer.get(f"/{id}")["signatures"]) == 2


def test_it_is_notified_once_and_concluded_once(overseer: Overseer) -> None:
    id = UUID(overseer.draft())
    overseer.sign(str(id))
    found = at_once(overseer, PEOPLE, measures.notify, id)
    assert found == ["notified", *["step-out-of-order"] * 3]
    assert len(overseer.get(f"/{id}")["clocks"]) == 1
    overseer.wait(40)
    found = at_once(overseer, PEOPLE, measures.conclude, id, STANDS)
    assert found == ["concluded", *["step-out-of-order"] * 3]


def test_a_measure_that_is_withdrawn_meanwhile_is_not_concluded(overseer: Overseer) -> None:
    from tidegate.oversight.measures.model import WithdrawIn

    id = UUID(overseer.notified())
    overseer.wait(40)

    def either(tx: Any, instance: Any, by: list[Callable[[Any, Any], Any]]) -> Any:
        return by.pop()(tx, instance)

    verbs: list[Callable[[Any, Any], Any]] = [
        lambda tx, instance: measures.conclude(tx, instance, id, STANDS),
        lambda tx, instance: measures.withdraw(tx, instance, id, WithdrawIn("It was another.")),
    ]
    found = at_once(overseer, PEOPLE[:2], either, verbs)
    assert found in (["concluded", "step-out-of-order"], ["step-out-of-order", "withdrawn"])
