"""Fields of companies whose delays are drawn, as rows: what a page of scorecards compares."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from tidegate.oversight.differences import Difference, differences
from tidegate.oversight.rows import Row

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=365)
AS_OF = UNTIL + timedelta(days=30)
SLOW = "company-00"


@dataclass(frozen=True)
class Field:
    """Twelve companies, each with `n` orders of `urls` URLs. The delays are log-normal with the median of half
    an hour; `tie_s` rounds them up, `open` of them are still open, and one company takes `slow` times
    as long, to acknowledge and to act. What is in one order is dealt with at once."""

    n: int = 60
    urls: int = 1
    companies: int = 12
    tie_s: float = 1.0
    open: float = 0.1
    slow: float = 1.0
    spread: float = 1.0

    def rows(self, seed: int) -> list[Row]:
        draw = np.random.default_rng(seed)
        rows: list[Row] = []
        for company in range(self.companies):
            slow = self.slow if company == 0 else 1.0
            delays = slow * draw.lognormal(np.log(1800), self.spread, (self.n, 2))
            delays = np.ceil(delays / self.tie_s) * self.tie_s
            # A drawn end of watching; what comes later is open then.
            ends = draw.random(self.n) < self.open
            for order, (first, second) in enumerate(delays.tolist()):
                rows += self._order(
                    f"company-{company:02}", order, first, second, bool(ends[order]), draw
                )
        return rows

    def _order(
        self,
        name: str,
        order: int,
        first: float,
        second: float,
        ends: bool,
        draw: np.random.Generator,
    ) -> list[Row]:
        sent = SINCE + timedelta(hours=order)
        received = sent + timedelta(seconds=first)
        closed = received + timedelta(seconds=float(draw.exponential(1800))) if ends else None
        effective = received + timedelta(seconds=second)
        is_open = closed is not None and closed < effective
        return [
            Row(
                id=f"{name}-{order}/{n}",
                organisation=name,
                channel="order",
                url="https://example.org/",
                sent_at=sent,
                received_at=received,
                effective_at=None if is_open else effective,
                closed_at=closed if is_open else None,
            )
            for n in range(1, self.urls + 1)
        ]

    def flags(self, seed: int) -> list[Difference]:
        """The differences that the page of this field tells of."""
        found = differences(self.rows(seed), since=SINCE, until=UNTIL, channel="order", as_of=AS_OF)
        return [one for one in found if one.flag is not None]


FIELDS = {
    "usual": Field(),
    "ten-each": Field(n=10),
    "ties": Field(tie_s=1800),
    "much-open": Field(open=1.0),
    "ten-each-ties": Field(n=10, tie_s=1800),
    "ten-each-much-open": Field(n=10, open=1.0),
    "ten-urls-each": Field(n=15, urls=10),
}
