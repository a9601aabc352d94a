"""The states of which organisations can be: their codes, names, and the zone of their capitals. Pure data."""

import tomllib
from importlib.resources import files

import msgspec


class State(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A state by its ISO 3166-1 code; `also` are other codes that it goes by. In the `union`: of the EU."""

    code: str
    name: str
    zone: str
    union: bool
    also: list[str] = []


class _States(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    state: list[State]


def _read() -> dict[str, State]:
    text = files("tidegate.exchange").joinpath("states.toml").read_text(encoding="utf-8")
    return {one.code: one for one in msgspec.convert(tomllib.loads(text), _States).state}


STATES = _read()
UNION = frozenset(one.code for one in STATES.values() if one.union)
_SPELLED = {
    spelled.casefold(): one.code
    for one in STATES.values()
    for spelled in (one.code, one.name, *one.also)
}


def read_state(text: str) -> State | None:
    """The state of a code or an English name; None for any other."""
    code = _SPELLED.get(text.strip().casefold())
    return None if code is None else STATES[code]
