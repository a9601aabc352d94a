"""The filter of the queue in the address of a page, and in the forms that stay within it."""

from typing import Annotated

import msgspec
from msgspec import Meta

from tidegate.review.filters import LONGEST, Filter
from tidegate.web.pages.page import Query

Part = Annotated[str, Meta(max_length=LONGEST)]


class FilterQuery(Query, frozen=True, kw_only=True):
    """The parts of a filter, as they stand in the address of the queue and of its cases."""

    state: Part = ""
    queue: Part = ""
    band: Part = ""
    lang: Part = ""
    channel: Part = ""
    label: Part = ""
    bank: Part = ""
    media: Part = ""
    held: Part = ""
    since: Part = ""
    q: Part = ""
    same: Part = ""
    order: Part = ""

    @property
    def filter(self) -> Filter:
        """Raises Refusal (422)."""
        return Filter.read(msgspec.structs.asdict(self))
