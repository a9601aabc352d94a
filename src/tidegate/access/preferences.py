"""How a person wants the pages: looks, keys, and what is seen of media before it is asked for."""

from typing import Annotated, Literal

import msgspec
import sqlalchemy as sa
from msgspec import Meta
from sqlalchemy.dialects.postgresql import insert

from tidegate.access.tables import preferences
from tidegate.infra.db import Tx


class Preferences(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person has chosen. `language` "auto" is what their browser asks for. Media of a severity of
    `hide_from` or more stays hidden whatever else is chosen."""

    language: Annotated[str, Meta(max_length=35)] = "auto"
    zone: Annotated[str, Meta(max_length=64)] = "UTC"
    theme: Literal["auto", "light", "dark", "contrast"] = "auto"
    density: Literal["comfortable", "compact"] = "comfortable"
    single_keys: bool = True
    media: Literal["hidden", "blurred", "shown"] = "hidden"
    hide_from: Annotated[int, Meta(ge=1, le=6)] = 4
    greyscale: bool = False
    muted: bool = True
    stills_first: bool = True
    alert_sound: bool = False
    alert_system: bool = False


def preferences_of(tx: Tx, person: str) -> Preferences:
    """What the person (an identity) has chosen; what a later version knew and this does not is left out."""
    query = sa.select(preferences.c.chosen).where(preferences.c.person == person)
    chosen = tx.execute(query).scalar_one_or_none()
    return Preferences() if chosen is None else msgspec.convert(chosen, Preferences)


def choose(tx: Tx, chosen: Preferences) -> None:
    """Keep what the actor has chosen."""
    values = {"chosen": msgspec.to_builtins(chosen), "changed_at": tx.now}
    query = insert(preferences).values(person=tx.identity, **values)
    tx.execute(query.on_conflict_do_update(index_elements=["person"], set_=values))
