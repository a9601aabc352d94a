"""The settings in use as people may read them: each with where it comes from, and no secret."""

from typing import Any, get_args

import msgspec
from msgspec import Meta

from tidegate.infra.settings import Loaded, Settings, Source


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A setting as it is shown: `value` is null where it is a secret, and `set` says whether there is
    one."""

    name: str
    value: Any
    set: bool
    secret: bool
    source: Source
    meaning: str


def told(settings: Settings) -> list[Told]:
    """Every setting in use, for people who may know what an instance runs with."""
    sources = settings.sources if isinstance(settings, Loaded) else {}
    found: list[Told] = []
    for field in msgspec.structs.fields(Settings):
        metas = [one for one in get_args(field.type)[1:] if isinstance(one, Meta)]
        secret = any((one.extra or {}).get("secret") for one in metas)
        value = getattr(settings, field.name)
        found.append(
            Told(
                name=field.name,
                value=None if secret else msgspec.to_builtins(value, enc_hook=str),
                set=value not in (None, [], ""),
                secret=secret,
                source=sources.get(field.name, "default"),
                meaning=next((one.description for one in metas if one.description), ""),
            )
        )
    return found
