"""Following numbers that become visible out of order, against a reference that remembers everything."""

from hypothesis import given
from hypothesis import strategies as st

from tidegate.review.tail import Tail


class World:
    """Transactions that draw numbers and then commit or roll back. A look sees what was committed."""

    def __init__(self) -> None:
        self.number, self.transaction = 0, 10
        self.running: dict[int, list[int]] = {}
        self.visible: set[int] = set()

    def do(self, step: str, which: int) -> None:
        if step == "begin":
            self.running[self.transaction] = []
            self.transaction += 1
        elif self.running:
            one = sorted(self.running)[which % len(self.running)]
            if step == "draw":
                self.number += 1
                self.running[one].append(self.number)
            else:
                drawn = self.running.pop(one)
                self.visible |= set(drawn) if step == "commit" else set()

    def look(self, tail: Tail) -> tuple[Tail, list[int]]:
        """What a look at the gaps and above the top finds, and the tail after it."""
        found = sorted(n for n in self.visible if n > tail.top or n in tail.gaps)
        oldest = min(self.running, default=self.transaction)
        return tail.take(found, oldest, self.transaction), found


STEPS = st.sampled_from(["begin", "draw", "commit", "roll back", "look"])


@given(st.lists(st.tuples(STEPS, st.integers(0, 5)), max_size=120))
def test_everything_that_commits_is_seen_once_and_the_floor_hides_nothing(
    steps: list[tuple[str, int]],
) -> None:
    world, tail, told = World(), Tail(), list[int]()
    for step, which in steps:
        if step != "look":
            world.do(step, which)
            continue
        floor = tail.floor
        tail, found = world.look(tail)
        told += found
        assert floor <= tail.floor
        # Whoever goes on from the floor is told all that they were not told so far.
        assert set(told) == world.visible
        in_flight = [number for drawn in world.running.values() for number in drawn]
        assert all(number > tail.floor for number in in_flight)
    for one in sorted(world.running):
        world.visible |= set(world.running.pop(one))
    tail, found = world.look(tail)
    told += found
    assert sorted(told) == sorted(world.visible)
    tail, _ = world.look(tail)
    assert tail.floor == tail.top == max(world.visible, default=0)


def test_a_number_that_was_rolled_back_is_not_waited_for_any_longer() -> None:
    tail = Tail().take([1, 3], oldest=5, following=8)
    assert (tail.floor, list(tail.gaps)) == (1, [2])
    assert tail.take([], oldest=7, following=9).floor == 1
    assert tail.take([], oldest=8, following=9).floor == 3


def test_what_is_too_wide_is_begun_anew() -> None:
    assert Tail(5).reaches(100_005)
    assert not Tail(5).reaches(100_006)
