"""What arrives under an item's id: the latest body again, an older one late, or a new revision. Pure.

Whether it is a retry and what stands are two questions. A body that equals the latest is a retry; one
that equals an older body is the state of now once more, and a revision of its own. A sender that retries
out of order says so with a version: what is lower than the newest seen is late, and changes nothing.
"""

from datetime import datetime
from typing import Literal

import msgspec

from tidegate.content.model import Version, is_ahead
from tidegate.infra.errors import bad_field

# "renewal": the latest body under a higher version. "doubtful": lower than the newest seen, which
# itself lies in the future: late only if that body was seen so before.
Arriving = Literal["retry", "renewal", "late", "doubtful", "revision"]


class Latest(msgspec.Struct, frozen=True):
    """The latest revision of an item, and the newest version seen until now. `answer` is None where
    nobody submitted it, or it was erased."""

    digest: bytes
    answer: bytes | None
    version: Version | None


def arriving(latest: Latest, digest: bytes, version: Version | None, now: datetime) -> Arriving:
    """What a body with this digest and version is. Equal versions are told apart by their bodies:
    times of edits are often told in whole seconds, and no body must be left out for that.

    Raises Refusal (422) where numbers and times are mixed on one item.
    """
    again = latest.digest == digest and latest.answer is not None
    if version is None:
        return "retry" if again else "revision"
    seen = latest.version
    if seen is None or _is_lower(seen, version):
        return "renewal" if again else "revision"
    if not _is_lower(version, seen):
        return "retry" if again else "revision"
    # By a time that has not come, whoever posts could have all later edits taken for late.
    return "doubtful" if isinstance(seen, datetime) and is_ahead(seen, now) else "late"


def _is_lower(one: Version, other: Version) -> bool:
    if isinstance(one, datetime):
        if isinstance(other, datetime):
            return one < other
    elif not isinstance(other, datetime):
        return one < other
    raise bad_field(
        "/version", "what this item's versions are so far, all numbers or all times", "the other"
    )
