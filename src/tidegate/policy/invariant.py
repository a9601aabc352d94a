"""What may restrict: the invariant that no pack can get around.

A rule restricts only if it rests on a match with a confirmed entry of stance `known` by an exact
route that no `allow` entry speaks against. "Rests on" is tested, not believed: the rule must hold on
such matches alone, and must no longer hold when they are taken away. Matches in quarantine do not
count: a rule that does not hold without them asks a person, also one that would escalate.
"""

from collections.abc import Callable, Sequence

from tidegate.signals.model import Match

STATEMENT = "the restriction rests on a confirmed, exact match with known content"
TRUSTED = "it holds without the matches with entries in quarantine"


def qualifies(match: Match) -> bool:
    """Whether a restriction may rest on this match."""
    known = match.stance == "known" and match.confirmed and match.exact
    return known and not match.allowed and not match.quarantined


def rests_on(matches: Sequence[Match], holds: Callable[[list[Match]], bool]) -> list[Match]:
    """The matches that a rule's restriction rests on; empty: it may not restrict.

    `holds` says whether the rule holds, all else equal, on some of the matches.
    """
    sound = [match for match in matches if qualifies(match)]
    others = [match for match in matches if not qualifies(match)]
    if not sound or not holds(sound) or holds([]) or (others and holds(others)):
        return []
    return sound
