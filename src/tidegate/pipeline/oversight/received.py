"""Cards as they came from an authority: read as strictly as our own."""

from typing import Any

import msgspec

from tidegate.infra.parsing import convert
from tidegate.oversight.rows import Row
from tidegate.oversight.scorecard import Scorecard


class _Body(msgspec.Struct):
    card: Scorecard
    rows: list[Row]


def read_card(body: bytes) -> tuple[Scorecard, list[Row]]:
    """A card that was kept, with its rows."""
    found = msgspec.json.decode(body, type=_Body)
    return found.card, found.rows


def as_card(card: dict[str, Any], rows: list[dict[str, Any]]) -> tuple[Scorecard, list[Row]]:
    """What a message says, as a card with its rows. Raises Refusal (422) for what is none."""
    return convert(card, Scorecard), convert(rows, list[Row])
