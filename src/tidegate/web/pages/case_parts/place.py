"""Where a case stands in the list that it was opened from."""

from uuid import UUID

from tidegate.infra.db import Tx
from tidegate.review.filters import Filter
from tidegate.review.rows import Counting, neighbours, position
from tidegate.web.pages.case_parts.model import Place


def place_of(tx: Tx, case_id: UUID, within: Filter, counting: Counting) -> Place:
    """Its place, and its neighbours there."""
    place, total = position(tx, case_id, within, counting=counting)
    previous, following = neighbours(tx, case_id, within)
    return Place(place=place, total=total, previous=previous, next=following)
