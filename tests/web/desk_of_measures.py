"""Measures in every state that their pages have forms for, with all that can stand on these pages."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from tests.orders.desk import Desk

from tidegate.infra.db import Tx
from tidegate.oversight.measures.model import ConcludeIn, Evidence, MeasureIn, ReplyIn, WithdrawIn
from tidegate.oversight.measures.sheet import CeilingIn, SheetIn, Turnover
from tidegate.pipeline.oversight import measures

ONE, TWO = "user:one@here.example", "user:two@here.example"
TO = "board.example"
SCORECARD = Evidence("scorecard", "board.example-2025-12", "The slow half.")


class Measures:
    """One authority, which a desk speaks for."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def do(self, verb: Callable[..., Any], *said: Any, by: str = ONE) -> UUID:
        instance = self.desk.instance

        def work(tx: Tx) -> UUID:
            return verb(tx, instance, *said).id

        return self.desk.tx(work, by)

    def draft(self, step: str = "formal_notice", *evidence: Evidence, pack: str = "eu-tco") -> UUID:
        given = MeasureIn(
            organisation=TO,
            step=step,
            reasons="Eleven of twelve were late.",
            evidence=[SCORECARD, *evidence],
            requires=["comply"],
            pack=pack,
        )
        return self.do(measures.begin, given)

    def signed(self, id: UUID) -> UUID:
        self.do(measures.sign, id)
        return self.do(measures.sign, id, by=TWO)

    def notified(self, id: UUID) -> UUID:
        return self.do(measures.notify, self.signed(id))

    def replied(self, id: UUID) -> UUID:
        return self.do(measures.reply, self.notified(id), ReplyIn("A fire in our hall."))

    def concluded(self, id: UUID) -> UUID:
        said = ConcludeIn("stands", "It explains two of eleven.")
        return self.do(measures.conclude, self.replied(id), said)

    def penalty(self, notice: UUID) -> UUID:
        id = self.draft("penalty", Evidence("measure", str(notice)))
        factors = self.desk.instance.measures["eu-tco"].factors
        sheet = SheetIn(
            factors={one.key: "Words of a person." for one in factors},
            infringements=["3(3)"],
            ceiling=CeilingIn("hour", "Eleven times in a month."),
            turnover=Turnover("2500000.00", "EUR", 2024),
        )
        return self.do(measures.assess, id, sheet)


def measures_of_all_kinds(desk: Desk) -> list[UUID]:
    """One in each state, one of each law, and two penalties: one to fill in, and one that is signed."""
    made = Measures(desk)
    notice = made.concluded(made.draft())
    proposed = made.do(measures.sign, made.draft())
    found = [made.draft(), proposed, made.signed(made.draft()), made.notified(made.draft())]
    found += [made.replied(made.draft()), notice]
    found.append(made.do(measures.withdraw, made.draft(), WithdrawIn("It was another firm.")))
    found += [made.draft("dialogue", pack=law) for law in ("eu-dsa", "uk")]
    found += [made.draft("exposure_decision"), made.penalty(notice)]
    found.append(made.signed(made.penalty(notice)))
    return found
