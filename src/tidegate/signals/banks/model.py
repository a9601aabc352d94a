"""Banks and their entries as callers write and read them, and the pure rules about them."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tidegate.content.model import Platform
from tidegate.infra.errors import bad_field
from tidegate.signals.entry import FingerprintView, Labels, Moment, Note, Provenance, State
from tidegate.signals.fingerprints import KINDS

Stance = Literal["known", "allow"]
Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}(?!\n)$", description="A bank's name")]
Radius = dict[str, int]


class BankIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A new bank. `radius` is by fingerprint kind; absent kinds take their default. With a `platform` it
    is that one's alone, without one everybody's."""

    name: Name
    stance: Stance
    platform: Platform | None = None
    radius: Radius = {}
    labels: Labels = []
    provenance: Provenance | None = None
    note: Note | None = None


class BankPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes to a bank; what is absent stays. `disabled_until` disables until then."""

    radius: Radius | UnsetType = UNSET
    labels: Labels | UnsetType = UNSET
    provenance: Provenance | None | UnsetType = UNSET
    note: Note | None | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    disabled_until: Moment | None | UnsetType = UNSET


class BankView(msgspec.Struct, frozen=True, kw_only=True):
    """A bank as it is read; `platform` is null where it is everybody's."""

    name: str
    stance: Stance
    platform: str | None
    radius: Radius
    labels: list[str]
    provenance: Any
    note: str | None
    enabled: bool
    disabled_until: datetime | None
    version: int
    created_at: datetime
    entries: int = 0


class EntryIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new entry from JSON: exactly one of `text`, `url`, or `kind` with `value`, and then perhaps
    the code's `quality` as its maker measured it. `accept_wider`: an address is taken although what is
    compared of it leaves out something that was written, as the refusal said."""

    text: Annotated[str, Meta(min_length=1, max_length=200_000)] | None = None
    url: Annotated[str, Meta(min_length=1, max_length=4096)] | None = None
    kind: str | None = None
    value: Annotated[str, Meta(min_length=1, max_length=4096)] | None = None
    quality: Annotated[int, Meta(ge=0, le=100)] | None = None
    labels: Labels | None = None
    provenance: Provenance | None = None
    note: Note | None = None
    confidence: Annotated[int, Meta(ge=0, le=100)] | None = None
    confirmed: bool = False
    accept_wider: bool = False


class EntryPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes to an entry; what is absent stays."""

    labels: Labels | None | UnsetType = UNSET
    provenance: Provenance | None | UnsetType = UNSET
    note: Note | None | UnsetType = UNSET
    confidence: Annotated[int, Meta(ge=0, le=100)] | None | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    disabled_until: Moment | None | UnsetType = UNSET


class EntryView(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as it is read; labels, provenance and note are the bank's where it has
    none of its own. `closed`: what is known is closed to the reader until they open it."""

    id: str
    bank: str
    state: State
    confirmed: bool
    labels: list[str]
    provenance: Any
    note: str | None
    confidence: int | None
    enabled: bool
    disabled_until: datetime | None
    fingerprints: list[FingerprintView]
    text: str | None
    has_file: bool
    version: int
    created_by: str
    created_at: datetime
    judged_by: str | None
    judged_at: datetime | None
    quarantined_at: datetime | None
    problems: list[str] = []
    closed: Literal[True] | UnsetType = UNSET


def check_radius(radius: Radius) -> None:
    """Raises Refusal (422) for an unknown kind or a radius that its kind cannot have."""
    for kind, bits in radius.items():
        pointer = f"/radius/{kind}"
        if kind not in KINDS:
            known = ", ".join(name for name, spec in KINDS.items() if spec.hamming)
            raise bad_field(pointer, f"one of the kinds {known}", kind)
        if not 0 <= bits <= KINDS[kind].max_radius:
            raise bad_field(pointer, f"0 to {KINDS[kind].max_radius} bits", str(bits))


def radius_in(stored: object) -> Radius:
    """What a stored radius says that its kinds can have; whatever else somebody wrote there is left out,
    and the kind's default holds."""
    if not isinstance(stored, dict):
        return {}
    items: list[tuple[object, object]] = list(stored.items())  # pyright: ignore[reportUnknownArgumentType]
    return {
        str(kind): bits
        for kind, bits in items
        if kind in KINDS and isinstance(bits, int) and 0 <= bits <= KINDS[str(kind)].max_radius
    }


def is_active(enabled: bool, disabled_until: datetime | None, now: datetime) -> bool:
    """Enabled, or disabled until a date that has come."""
    return enabled or (disabled_until is not None and disabled_until <= now)
