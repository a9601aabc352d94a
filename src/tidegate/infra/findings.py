"""What a look at the set-up found: one line of `tidegate doctor`, with the way to mend it."""

import msgspec


class Finding(msgspec.Struct, frozen=True):
    """One thing that was checked. `mend` says what to do and is empty where nothing is wrong."""

    name: str
    ok: bool
    detail: str
    mend: str = ""
