"""Who differs from the others by more than chance, among all that stand on one page. Pure.

Each organisation is compared with all others taken together, once for each time. What is compared are orders (or
referrals) and not URLs, since the URLs of one are not independent. A difference is told only where it holds after
Holm's correction (S. Holm, 1979) over all comparisons of the page, and is large enough to matter. There is
no rank: whoever is not told of is neither good nor bad.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from tidegate.oversight.rows import FEWEST, TIMES, Channel, Row, Span, TimeName
from tidegate.oversight.survival import kaplan_meier, log_rank, quantile

FAMILY_LEVEL = 0.01
"""The chance that a page on which all are alike tells of any difference at all is held to about this."""
LEAST_RATIO = 1.25
"""Of the medians: what differs by less is not told, however sure it is."""
Flag = Literal["slower", "quicker"]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison. `n` and `others_n` count orders or referrals, the medians are in seconds, null where half
    of them are still open. `p` is corrected for all comparisons of the page. No `flag`: nothing is told."""

    organisation: str
    figure: TimeName
    n: int
    others_n: int
    median_s: float | None
    others_median_s: float | None
    p: float
    flag: Flag | None


def differences(
    rows: Sequence[Row], *, since: datetime, until: datetime, channel: Channel, as_of: datetime
) -> list[Difference]:
    """All comparisons of a page, by organisation; of those with fewer than ten on either side there is none."""
    origins: dict[str, dict[str, list[Row]]] = {}
    for row in rows:
        if row.channel == channel and since <= row.sent_at < until and not row.claimed:
            origins.setdefault(row.organisation, {}).setdefault(row.origin, []).append(row)
    compared: list[Difference] = []
    for figure in TIMES:
        spans = {
            organisation: [
                at for one in its.values() if (at := whole(one, figure, as_of)) is not None
            ]
            for organisation, its in origins.items()
        }
        compared += compare(spans, figure)
    return sorted(flagged(compared), key=lambda one: (one.organisation, one.figure))


def whole(rows: Sequence[Row], figure: TimeName, as_of: datetime) -> Span | None:
    """How long an order or referral took, given its rows: one receipt acknowledges it, and it has taken effect
    once none of its URLs is open and at least one has; the last of those tells when."""
    spans = [at for row in rows if (at := TIMES[figure](row, as_of)) is not None]
    if not spans:
        return None
    if figure == "acknowledged":
        return spans[0]
    is_open = any(row.effective_at is None and row.closed_at is None for row in rows)
    ended = [at.seconds for at in spans if at.ended]
    if ended and not is_open:
        return Span(max(ended), True)
    return Span(max(at.seconds for at in spans), False)


def compare(spans: Mapping[str, Sequence[Span]], figure: TimeName) -> list[Difference]:
    """Each against all others together. `p` is not corrected yet, and `flag` says what the medians say."""
    found: list[Difference] = []
    for organisation, ours in spans.items():
        others = [at for other, theirs in spans.items() if other != organisation for at in theirs]
        if min(len(ours), len(others)) < FEWEST:
            continue
        test = log_rank(*_columns(ours), *_columns(others))
        mine, theirs = _median(ours), _median(others)
        found.append(
            Difference(
                organisation=organisation,
                figure=figure,
                n=len(ours),
                others_n=len(others),
                median_s=mine,
                others_median_s=theirs,
                p=test.p_exact,
                flag=_direction(mine, theirs, test.excess),
            )
        )
    return found


def flagged(compared: Sequence[Difference]) -> list[Difference]:
    """The same with `p` corrected for all of them, and `flag` only where it holds."""
    corrected = holm([one.p for one in compared])
    return [
        msgspec.structs.replace(one, p=p, flag=one.flag if p <= FAMILY_LEVEL else None)
        for one, p in zip(compared, corrected, strict=True)
    ]


def holm(chances: Sequence[float]) -> list[float]:
    """Holm's corrected p of each: the family's level holds however they depend on one another."""
    corrected = [0.0] * len(chances)
    least = 0.0
    for rank, place in enumerate(sorted(range(len(chances)), key=chances.__getitem__)):
        least = max(least, min(1.0, (len(chances) - rank) * chances[place]))
        corrected[place] = least
    return corrected


def _direction(mine: float | None, theirs: float | None, excess: float) -> Flag | None:
    """What the medians say, where they differ enough and the test points the same way."""
    if mine is None and theirs is None:
        return None
    ours, others = (float("inf") if one is None else one for one in (mine, theirs))
    if ours > others and ours >= LEAST_RATIO * others and excess < 0:
        return "slower"
    if others > ours and others >= LEAST_RATIO * ours and excess > 0:
        return "quicker"
    return None


def _median(spans: Sequence[Span]) -> float | None:
    return quantile(kaplan_meier(*_columns(spans)), 0.5).value


def _columns(spans: Sequence[Span]) -> tuple[list[float], list[bool]]:
    return [at.seconds for at in spans], [at.ended for at in spans]
