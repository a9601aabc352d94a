"""The sheet of a penalty: what persons found of each circumstance, which duties were infringed, and how high a penalty
can be at most. Pure. The only numbers in it are the turnover that a person typed and the ceiling counted from it: what
a penalty should be is nowhere said, and nowhere taken.
"""

from collections.abc import Iterator
from decimal import ROUND_DOWN, Decimal
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from tidegate.infra.errors import FieldError, Refusal, bad_field
from tidegate.infra.wording import written
from tidegate.oversight.measures.packs import Ceiling, MeasurePack

_CENT = Decimal("0.01")
_Words = Annotated[str, Meta(max_length=10_000)]


class Turnover(Struct, frozen=True, forbid_unknown_fields=True):
    """What a person typed: of which year, and from where it is known."""

    value: Annotated[str, Meta(pattern=r"^[0-9]{1,15}(\.[0-9]{1,2})?(?!\n)$")]
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}(?!\n)$")]
    year: Annotated[int, Meta(ge=1990, le=2200)]
    known_from: Annotated[str, Meta(max_length=2000)] | None = None


class CeilingIn(Struct, frozen=True, forbid_unknown_fields=True):
    """Which ceiling applies, and why, in words."""

    key: Annotated[str, Meta(max_length=40)]
    because: Annotated[str, Meta(min_length=1, max_length=10_000)]


class SheetIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What persons filled in, all of it each time: words for each circumstance, the articles that were infringed,
    which ceiling applies, and the turnover."""

    factors: dict[str, _Words] = {}
    infringements: Annotated[list[str], Meta(max_length=50)] = []
    ceiling: CeilingIn | None = None
    turnover: Turnover | None = None


class FactorView(Struct, frozen=True):
    """A circumstance: the law's `text`, and the `words` of persons; empty: nobody has said anything."""

    key: str
    article: str
    text: str
    words: str


class InfringementView(Struct, frozen=True):
    """A duty on the law's list, and whether it was found infringed."""

    article: str
    text: str
    found: bool


class CeilingView(Struct, frozen=True, kw_only=True):
    """A ceiling: `because` says why it applies (None: nobody said that it does), and `value` is what it comes to by
    the turnover that was typed (None: none was, or it does not apply)."""

    key: str
    law: str
    article: str
    text: str
    percent: int
    of: str
    asks: str
    because: str | None
    value: str | None
    currency: str | None


class SheetView(Struct, frozen=True, kw_only=True):
    """The sheet as it is shown. `ceilings` are all that the law has, `ceiling` the one that was said to apply."""

    factors: list[FactorView]
    infringements: list[InfringementView]
    ceilings: list[CeilingView]
    ceiling: CeilingView | None
    turnover: Turnover | None
    note: str


NOTE = "The program proposes no amount: the ceiling is the most that the law allows, and not a measure of anything."


def check_sheet(pack: MeasurePack, given: SheetIn) -> None:
    """Raises Refusal (422) for what the law does not know, and for a ceiling that does not apply."""
    _among("/factors", given.factors, [one.key for one in pack.factors])
    _among("/infringements", given.infringements, [one.article for one in pack.infringements])
    if given.ceiling is None:
        return
    ceiling = _ceiling(pack, given.ceiling.key)
    if not written(given.ceiling.because):
        raise bad_field("/ceiling/because", ceiling.asks, "blanks")
    if ceiling.only and not set(ceiling.only) & set(given.infringements):
        raise Refusal(
            "ceiling-not-applicable",
            422,
            "That ceiling is for other infringements",
            f"{pack.law}, Article {ceiling.article}: it is for an infringement of"
            f" {', '.join(ceiling.only)} alone, which is not among those found. Nothing was written.",
            article=ceiling.article,
        )
    of_law = ceiling.currency
    if given.turnover is not None and of_law and given.turnover.currency != of_law:
        raise bad_field("/turnover/currency", of_law, given.turnover.currency)


def unfinished(pack: MeasurePack, sheet: SheetIn | None) -> Refusal | None:
    """What is still to be said before anybody signs; None: nothing."""
    errors = list(_missing(pack, sheet or SheetIn()))
    if not errors:
        return None
    return Refusal(
        "sheet-incomplete",
        409,
        "The sheet of the penalty is not complete",
        "Nothing was written. Persons have to say something of each circumstance that the law names, and"
        f" which duties were infringed: {', '.join(one.pointer for one in errors)}.",
        errors=errors,
    )


def view(pack: MeasurePack, sheet: SheetIn | None) -> SheetView:
    """The sheet with the law's words beside those of persons."""
    said = sheet or SheetIn()
    shown = {one.key: _shown(pack, one, said) for one in pack.ceilings}
    chosen = said.ceiling and shown.get(said.ceiling.key)
    return SheetView(
        factors=[
            FactorView(one.key, one.article, one.text, said.factors.get(one.key, ""))
            for one in pack.factors
        ],
        infringements=[
            InfringementView(one.article, one.text, one.article in said.infringements)
            for one in pack.infringements
        ],
        ceilings=list(shown.values()),
        ceiling=chosen or None,
        turnover=said.turnover,
        note=NOTE,
    )


def most(ceiling: Ceiling, turnover: Decimal) -> Decimal:
    """What a penalty can be at most by that turnover, cut to the cent."""
    share = (turnover * ceiling.percent / 100).quantize(_CENT, ROUND_DOWN)
    return max(share, (ceiling.least or Decimal(0)).quantize(_CENT))


def _shown(pack: MeasurePack, ceiling: Ceiling, said: SheetIn) -> CeilingView:
    chosen = said.ceiling if said.ceiling and said.ceiling.key == ceiling.key else None
    typed = said.turnover if chosen else None
    return CeilingView(
        key=ceiling.key,
        law=pack.law,
        article=ceiling.article,
        text=ceiling.text,
        percent=ceiling.percent,
        of=ceiling.of,
        asks=ceiling.asks,
        because=chosen and chosen.because,
        value=None if typed is None else f"{most(ceiling, Decimal(typed.value)):.2f}",
        currency=typed and typed.currency,
    )


def _missing(pack: MeasurePack, sheet: SheetIn) -> Iterator[FieldError]:
    for one in pack.factors:
        if not written(sheet.factors.get(one.key, "")):
            yield FieldError(f"/factors/{one.key}", one.text, "nothing")
    if pack.infringements and not sheet.infringements:
        yield FieldError("/infringements", "at least one of the law's list", "none")


def _ceiling(pack: MeasurePack, key: str) -> Ceiling:
    for one in pack.ceilings:
        if one.key == key:
            return one
    known = ", ".join(one.key for one in pack.ceilings) or "nothing"
    raise bad_field("/ceiling/key", f"one of {known}", key[:60])


def _among(pointer: str, given: dict[str, str] | list[str], known: list[str]) -> None:
    for one in given:
        if one not in known:
            raise bad_field(pointer, f"some of {', '.join(known) or 'nothing'}", one[:60])


def read_sheet(kept: dict[str, object] | None) -> SheetIn | None:
    """A sheet as it was kept."""
    return None if kept is None else msgspec.convert(kept, SheetIn)
