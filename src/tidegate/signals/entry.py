"""An entry of a bank as lists state it and banks take it: what both of them share, pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from tidegate.infra.errors import bad_field
from tidegate.signals.model import Fingerprint

State = Literal["unconfirmed", "confirmed", "refuted"]
Labels = Annotated[list[Annotated[str, Meta(min_length=1, max_length=64)]], Meta(max_length=32)]
Provenance = Annotated[str, Meta(max_length=2000)] | dict[str, Any]
MAX_PROVENANCE = 64 << 10  # bytes as JSON
Note = Annotated[str, Meta(max_length=4000)]
Moment = Annotated[datetime, Meta(tz=True)]


def check_provenance(provenance: object) -> None:
    """Raises Refusal (422) for one that is no longer a word on where an entry comes from: it is shown
    with each match."""
    size = len(msgspec.json.encode(provenance)) if isinstance(provenance, dict) else 0
    if size > MAX_PROVENANCE:
        expected = f"at most {MAX_PROVENANCE:,} bytes of JSON"
        raise bad_field("/provenance", expected, f"{size:,} bytes")


class FingerprintView(msgspec.Struct, frozen=True, omit_defaults=True):
    """A fingerprint in its kind's text form."""

    kind: str
    value: str
    quality: int | None = None


class ListEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as a list states it. `state` None: the list does not say."""

    fingerprints: Sequence[Fingerprint]
    labels: list[str] | None = None
    provenance: Any = None
    note: str | None = None
    confidence: int | None = None
    state: State | None = None
    enabled: bool = True
    disabled_until: datetime | None = None
    text: str | None = None
