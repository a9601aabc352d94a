"""The publicness gate: what may be judged at all, before any rule.

Private messages are judged only when somebody reports them, or by a digest match if the operator
switched that on in the pack. Text of a message that is not admitted is not read. What somebody sends us with a
report is private, and sent to be judged.
"""

from typing import Literal

from tidegate.content.model import Publicness
from tidegate.policy.model import Because, Evaluated, Pack, RuleResult
from tidegate.signals.model import Match

Admission = Literal["all", "digest", "nothing"]

DIGEST_ROUTES = frozenset({"digest", "text_digest"})
RULE = "private-digest-match"


def admission(pack: Pack, publicness: Publicness, reports: int, *, tip: bool = False) -> Admission:
    """What of an item may be looked at: everything, its digests, or nothing. `tip`: a report brought it."""
    if publicness != "private" or reports > 0 or tip:
        return "all"
    return "digest" if pack.private_digest_match else "nothing"


def judge_digests(matches: list[Match]) -> Evaluated:
    """A private item's evaluation by digests alone: at most a person's look."""
    hits = [
        match
        for match in matches
        if match.route in DIGEST_ROUTES
        and match.stance == "known"
        and match.confirmed
        and not match.allowed
    ]
    if not hits:
        return Evaluated("pass", [])
    because = Because(
        "a private item matches a confirmed entry by digest",
        True,
        {"matches": [{"bank": hit.bank, "entry": hit.entry, "part": hit.part} for hit in hits[:5]]},
    )
    return Evaluated("review", [RuleResult(RULE, 1, "live", "review", [because])])
