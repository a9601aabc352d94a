"""How people who work here appear to each other on the pages: by a name, never by their address.

Within, somebody is `user:ADDRESS`; so they are in `/v1`, in messages to the platform's own systems, and in
the ledger. What a page shows, prints or gives as JSON goes through here.
"""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any, cast

import msgspec

from tidegate.access.model import default_name
from tidegate.access.queries import display_names
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal

PREFIX = "user:"
# The fields whose value is somebody who did something. What was posted may say anything: it is not one.
ACTORS = frozenset(
    (
        *(
            "acknowledged_by",
            "changed_by",
            "claimed_by",
            "closed_by",
            "created_by",
            "decided_by",
            "done_by",
            "held_by",
            "judged_by",
        ),
        *("lifted_by", "made_by", "opened_by", "placed_by", "proposed_by"),
        *("drafted_by", "submitted_by", "approved_by", "issued_by", "entered_by", "answered_by"),
        *("intention_by", "communicated_by", "added_by", "confirmed_by"),
        *("notified_by", "noted_by", "concluded_by", "withdrawn_by"),
        *("first_by", "second_by"),
        *("actor", "by", "from", "person", "readers"),
    )
)
_POSTED = frozenset(("attributes", "content", "context"))
_MARK = f'"{PREFIX}'.encode()
_NAMED = re.compile(rf"{PREFIX}(\S+@[^\s,;:]+)")


class Names:
    """The names of everybody, read when the first one is asked for."""

    def __init__(self, begin: Callable[[], AbstractContextManager[Tx]]) -> None:
        self._begin = begin

    @cached_property
    def _by_address(self) -> dict[str, str]:
        with self._begin() as tx:
            return display_names(tx)

    def called(self, actor: str) -> str:
        """The name of a person, without a mark of what they are; whatever else acts stays as it is."""
        if not actor.startswith(PREFIX):
            return actor
        address = actor.removeprefix(PREFIX)
        return self._by_address.get(address) or default_name(address)

    def actors(self, name: str) -> set[str]:
        """Who goes by a name: people, keys, rules and whatever else acts; nobody by their address."""
        wanted = name.casefold()
        people = {
            f"{PREFIX}{at}" for at, one in self._by_address.items() if one.casefold() == wanted
        }
        if name.startswith(PREFIX):
            return people
        return people | {name, f"key:{name}", f"rule:{name}"}

    def told(self, page: bytes) -> bytes:
        """A page's JSON with names for addresses."""
        if _MARK not in page:
            return page
        return msgspec.json.encode(self.within(msgspec.json.decode(page)))

    def within(self, value: Any, field: str = "") -> Any:
        """The same for JSON types."""
        if isinstance(value, dict):
            return {
                name: one if name in _POSTED else self.within(one, name)
                for name, one in cast("dict[str, Any]", value).items()
            }
        if isinstance(value, list):
            return [self.within(one, field) for one in cast("list[Any]", value)]
        if field in ACTORS and isinstance(value, str) and value.startswith(PREFIX):
            return f"{PREFIX}{self.called(value)}"
        return value

    def refused(self, refusal: Refusal) -> Refusal:
        """A refusal with names in what it says."""
        if PREFIX not in f"{refusal.detail}{refusal.extra}":
            return refusal
        detail = _NAMED.sub(lambda found: self._in_words(found[1]), refusal.detail)
        extra: dict[str, Any] = self.within(msgspec.to_builtins(refusal.extra))
        return Refusal(
            refusal.type,
            refusal.status,
            refusal.title,
            detail,
            errors=refusal.errors,
            headers=refusal.headers,
            **extra,
        )

    def _in_words(self, address: str) -> str:
        """A name for an address in a sentence, which may end with it."""
        bare = address.rstrip(".)")
        return self.called(PREFIX + bare) + address[len(bare) :]
