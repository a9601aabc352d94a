"""Another look at revisions that were judged before: what banks and rules say of them by now.

Where that is more than was known, a `retro` evaluation is appended, and what it asks for follows, as
after the first look. Nothing is written where nothing is new, so looking twice does no harm.
"""

from collections.abc import Sequence
from functools import partial

from tidegate.content.kept import lock_kept
from tidegate.infra.aside import each_or_aside
from tidegate.infra.db import Tx
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.look import BANKS_CHANGED, RULES_CHANGED, look, recall


def look_again(
    tx: Tx, instance: Instance, numbers: Sequence[int], *, at_rules: bool = False
) -> int:
    """Look again at the revisions of these numbers; those that are erased, or no longer their
    item's latest, are left out. `at_rules`: a verdict that changed counts as new, not just a match.

    Returns how many evaluations were appended. A revision that cannot be looked at is set aside.
    """
    again = partial(_look_again, tx, instance, at_rules=at_rules)
    return each_or_aside(tx, "revisions to look at again", numbers, again) if numbers else 0


def _look_again(tx: Tx, instance: Instance, numbers: Sequence[int], *, at_rules: bool) -> int:
    looked = [recall(tx, one) for one in lock_kept(tx, numbers)]
    if not looked:
        return 0
    return len(look(tx, instance, looked, RULES_CHANGED if at_rules else BANKS_CHANGED))
