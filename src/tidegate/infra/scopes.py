"""A scope, as the slice that owns it declares it. Pure, so that `access` can rest on it."""

import msgspec


class Scope(msgspec.Struct, frozen=True):
    """What a key or a role may be allowed. `roles` have it, beside `admin`, which has them all;
    `implies` is a scope that comes with it."""

    name: str
    allows: str
    roles: tuple[str, ...] = ()
    implies: str | None = None
