"""In whose name something is read or changed."""

import msgspec


class Acting(msgspec.Struct, frozen=True):
    """Whom a transaction acts for: `actor` is the name that records give them, `key` the id of the
    API key that was shown, `platforms` the only ones whose things they see and change (None: all)."""

    actor: str
    key: str | None = None
    platforms: frozenset[str] | None = None


SYSTEM = Acting("system")
