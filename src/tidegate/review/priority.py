"""Which case comes first: bands by what is at stake, and age within a band. Pure.

Band 0 is a threat to life or an escalation, 1 a legal clock that runs out, 2 what is close to certain or
comes from who must be answered, 3 what others have seen before or many point at, 4 the rest. A band never
starves: waiting lifts a case, though not among what cannot wait at all.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tidegate.policy.model import Verdict
from tidegate.review.model import Origin
from tidegate.signals.model import Match
from tidegate.triage.why import Why

LAST = 4
REOPENED = 3
HIGHEST_BY_AGE = 2
MANY_REPORTERS = 5
RECENT = timedelta(minutes=10)
MANY_RECENT = 10  # reports in that time are a wave, and worth a word
THREAT = "threat_to_life"
ANSWERED_FIRST = ("trusted_flagger", "notice", "referral", "franked")  # channels, the nearest first
# By these whole families of content match: what is found by one is not what the entry is.
BROAD = frozenset({"domain", "host", "host_lookalike", "url_prefix", "phrase"})


class CaseFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a case's rank depends on. `verdict` and `rule` are of the newest evaluation that says more than
    pass, `matches` what it found in banks of known content; `reporters` are distinct voices, `recent` how
    many reports came in the last minutes (`RECENT`), `reasons` and `channels` those that are heard."""

    origin: Origin
    reopened: bool = False
    escalated: bool = False
    proposed: bool = False  # somebody has concluded something, and another is to look
    verdict: Verdict | None = None
    rule: str | None = None
    problems: int = 0
    reasons: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    reporters: int = 0
    recent: int = 0
    matches: Sequence[Match] = ()
    threat: str | None = None  # the level of the alert that stands about it


def priority(case: CaseFacts) -> tuple[int, list[Why]]:
    """The band of a case, before any age, and why, the most telling first."""
    found = sorted(_grounds(case), key=lambda ground: ground[0])
    return min((band for band, _ in found), default=LAST), [why for _, why in found]


def aged(
    base: int, waits_since: datetime, now: datetime, ageing: timedelta
) -> tuple[int, datetime | None]:
    """The band of a case that has waited since then, and when it moves up next; None: it has come as far
    as waiting takes it. Each `ageing` lifts it by one, never above band 2."""
    steps = max(0, (now - waits_since) // ageing)
    band = max(min(base, HIGHEST_BY_AGE), base - steps)
    return band, None if band <= HIGHEST_BY_AGE else waits_since + (steps + 1) * ageing


def is_near(match: Match) -> bool:
    """Whether what matched is the entry, or is like it as a whole."""
    return match.exact or match.route not in BROAD


def known_matches(matches: Sequence[Match]) -> list[Match]:
    """Those that speak for something, the nearest first."""
    known = [one for one in matches if one.stance == "known" and not one.allowed]
    return sorted(known, key=lambda one: (not is_near(one), not one.exact, one.distance))


def _grounds(case: CaseFacts) -> Iterator[tuple[int, Why]]:
    """Each reason with the band that it asks for; of one band the most telling comes first."""
    if THREAT in case.reasons or case.threat is not None:
        yield 0, Why("threat_to_life", case.threat)
    if case.escalated or case.verdict == "escalate" or case.origin == "escalation":
        yield 0, Why("escalated", case.rule if case.verdict == "escalate" else None)
    yield from _matches(case)
    for channel in ANSWERED_FIRST:
        if channel in case.channels:
            yield 2, Why("channel", channel)
    if case.origin == "quarantine":
        yield 3, Why("entry_quarantined", _bank(case.matches))
    if case.recent >= MANY_RECENT:
        minutes = RECENT // timedelta(minutes=1)
        value = {"count": case.recent, "minutes": minutes}
        yield _by_reporters(case), Why("reports_recent", value)
    elif case.reporters:
        yield _by_reporters(case), Why("reports", case.reporters)
    if case.reopened:
        yield REOPENED, Why("reopened")
    # A match, or a report, says more than that a rule has seen it.
    if (
        case.rule is not None
        and case.verdict != "escalate"
        and not (case.matches or case.reporters)
    ):
        yield LAST, Why("rule", case.rule)
    if case.proposed:
        yield LAST, Why("second_eyes")
    if case.problems:
        yield LAST, Why("unjudged", case.problems)


def _by_reporters(case: CaseFacts) -> int:
    return 3 if case.reporters >= MANY_REPORTERS else LAST


def _matches(case: CaseFacts) -> Iterator[tuple[int, Why]]:
    """The nearest match of each bank; that an entry is in quarantine is said first."""
    told: set[str] = set()
    if case.origin == "quarantine":
        return
    for match in known_matches(case.matches):
        if match.quarantined and match.exact:
            yield 2, Why("match_quarantined", _told(match))
        elif match.bank not in told:
            yield (2 if match.confirmed and is_near(match) else 3), Why("match", _told(match))
        told.add(match.bank)


def _told(match: Match) -> dict[str, Any]:
    names = ("bank", "route", "distance", "confirmed", "share")
    return {name: getattr(match, name) for name in names}


def _bank(matches: Sequence[Match]) -> str | None:
    return matches[0].bank if matches else None
