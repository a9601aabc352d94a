"""In whose name something is read or changed."""

import msgspec


class Acting(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a transaction acts for: `actor` is the name that records give them, `key` the id of the
    API key that was shown. `platforms`, `queues` and `languages` are the only ones of which they see and
    change things (None: all). To whom `audits` content, and who wrote it, are closed until they open it.
    """

    actor: str
    key: str | None = None
    platforms: frozenset[str] | None = None
    queues: frozenset[str] | None = None
    languages: frozenset[str] | None = None
    audits: bool = False

    @property
    def identity(self) -> str:
        """What somebody is known again by, where it matters that they are the same. The name of a key
        may be another's once it is revoked; its id never is. A key that acts for a person is the person.
        """
        if self.key is not None and self.actor.startswith("key:"):
            return f"key#{self.key}"
        return self.actor


SYSTEM = Acting(actor="system")
