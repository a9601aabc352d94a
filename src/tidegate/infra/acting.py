"""In whose name something is read or changed."""

from typing import Literal

import msgspec

Knows = Literal["all", "free", "none"]
"""What somebody is told of legal orders: all, what nobody has to be silent about, or nothing at all."""


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody sees and changes: things of these `platforms`, cases of these `queues` and
    `languages` (None: of all). To whom `audits` content, and who wrote it, are closed until they open it.
    """

    platforms: frozenset[str] | None = None
    queues: frozenset[str] | None = None
    languages: frozenset[str] | None = None
    audits: bool = False


class Acting(Sight, frozen=True):
    """Whom a transaction acts for, and what they see: `actor` is the name that records give them, `key`
    the id of the API key that was shown, `orders` what they are told of these."""

    actor: str
    key: str | None = None
    orders: Knows = "all"

    @property
    def sight(self) -> Sight:
        return Sight(
            platforms=self.platforms,
            queues=self.queues,
            languages=self.languages,
            audits=self.audits,
        )

    @property
    def is_person(self) -> bool:
        """Whether it is a user, by a session or a key of theirs, and no key or program by itself."""
        return self.actor.startswith("user:")

    @property
    def identity(self) -> str:
        """What somebody is known again by, where it matters that they are the same. The name of a key
        may be another's once it is revoked; its id never is. A key that acts for a person is the person.
        """
        if self.key is not None and self.actor.startswith("key:"):
            return f"key#{self.key}"
        return self.actor


SYSTEM = Acting("system")
