"""The steps of measures as each law has them: data that lawyers edit. The package's lies in
`clocks/jurisdictions/LAW/measures.toml`, beside the clocks of the law; `DIR/policies/LAW/` wins.
"""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from tidegate.clocks.model import Limit
from tidegate.clocks.packs import FOLDER, PACKAGE
from tidegate.exchange.model import Function
from tidegate.infra.edited import decoded, read_edited, unusable
from tidegate.infra.errors import Refusal, bad_field
from tidegate.orders.wording import Form, Section

LAWS = ("eu-tco", "eu-dsa", "uk")
"""Those that have measures; the first is meant where nobody says which."""

StepName = Literal["dialogue", "formal_notice", "exposure_decision", "further_measures", "penalty"]
EvidenceKind = Literal["order", "referral", "check", "scorecard", "clock", "measure"]
Outcome = Literal["stands", "dropped"]
Source = Literal["V", "M"]
_Text = Annotated[str, Meta(min_length=1, max_length=1000)]
_Code = Annotated[str, Meta(pattern="^[a-z_]{1,40}$")]


class FinalOrders(Struct, frozen=True, forbid_unknown_fields=True):
    """That final orders of so many months back are shown as a factor, by which article, in which words."""

    article: _Text
    months: Annotated[int, Meta(ge=1, le=120)]
    text: _Text


class Step(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A step: which `function` of an authority it takes, `after` which others it comes, of which groups of kinds
    some `evidence` is listed, by which article it is for the state of `establishment` alone, how long the right of
    `reply` runs and whether a reply ends it, and how it can be concluded."""

    name: StepName
    title: _Text
    article: _Text
    source: Source
    function: Function
    after: list[StepName] = []
    evidence: list[list[EvidenceKind]] = []
    establishment: _Text | None = None
    reply: Limit
    reply_ends: bool = False
    sheet: bool = False
    final_orders: FinalOrders | None = None
    letter: str
    outcomes: dict[Outcome, _Text]


class Requirement(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a measure may require, or, where it is `refused`, must not, and by which article."""

    code: _Code
    text: _Text
    article: _Text
    source: Source
    refused: bool = False


class Factor(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A circumstance that persons take into account, in the law's words."""

    key: _Code
    article: _Text
    text: _Text
    source: Source


class Infringement(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A duty whose infringement can be punished, by its article."""

    article: _Text
    text: _Text


class Ceiling(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How high a penalty can be at most: `percent` of what `of` says, but not under `least` (in `currency`) where
    the law says so. `only` for these infringements; none: for all. `asks`: what somebody says in words for it to
    apply."""

    key: _Code
    article: _Text
    source: Source
    percent: Annotated[int, Meta(ge=1, le=100)]
    of: _Text
    only: list[str] = []
    asks: _Text
    text: _Text
    least: Decimal | None = None
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] | None = None


class MeasurePack(
    Struct,
    frozen=True,
    forbid_unknown_fields=True,
    kw_only=True,
    rename={
        "steps": "step",
        "requirements": "requirement",
        "factors": "factor",
        "infringements": "infringement",
        "ceilings": "ceiling",
    },
):
    """All that a law, or an authority's own way of working, says of measures."""

    id: Annotated[str, Meta(pattern="^[a-z0-9-]{1,40}$")]
    version: Annotated[str, Meta(pattern="^[A-Za-z0-9._-]{1,40}$")]
    law: _Text
    foot_signed: _Text
    foot_draft: _Text
    steps: list[Step]
    requirements: list[Requirement] = []
    factors: list[Factor] = []
    infringements: list[Infringement] = []
    ceilings: list[Ceiling] = []
    letters: dict[str, Form]
    common: list[Section] = []

    def __post_init__(self) -> None:
        # What is raised reads on from "expected".
        names = [one.name for one in self.steps]
        if len(set(names)) != len(names):
            raise ValueError("each step once")
        for place, one in enumerate(self.steps):
            if not set(one.after) <= set(names[:place]):
                raise ValueError(f"{one.name}: after steps that stand before it")
            if one.letter not in self.letters:
                raise ValueError(f"{one.name}: a letter of that name")
            if set(one.outcomes) != {"stands", "dropped"}:
                raise ValueError(f"{one.name}: the outcomes stands and dropped")
        listed = {one.article for one in self.infringements}
        for ceiling in self.ceilings:
            if listed and not set(ceiling.only) <= listed:
                raise ValueError(f"{ceiling.key}: only infringements that are listed")

    def step(self, name: str) -> Step:
        """Raises Refusal (422) for one that this law does not have."""
        for one in self.steps:
            if one.name == name:
                return one
        known = ", ".join(one.name for one in self.steps)
        raise bad_field("/step", f"one of {known}", name[:60])

    def required(self, codes: list[str]) -> list[Requirement]:
        """What these codes require. Raises Refusal (422): for one that there is none of, and
        "measure-not-allowed" for what must not be required, with its article."""
        known = {one.code: one for one in self.requirements}
        found: list[Requirement] = []
        for place, code in enumerate(codes):
            if (one := known.get(code)) is None:
                listed = ", ".join(sorted(known))
                raise bad_field(f"/requires/{place}", f"one of {listed}", code[:60])
            if one.refused:
                raise Refusal(
                    "measure-not-allowed",
                    422,
                    "The law does not allow a measure to require that",
                    f"{one.text}: {self.law}, Article {one.article}. Nothing was written."
                    " Leave it out.",
                    article=one.article,
                    code=code,
                )
            found.append(one)
        return found

    def letter(self, step: Step) -> Form:
        """The letter of a step: what it says first, and what all of them say."""
        # A measure keeps its step, and the letter of that may be gone from the pack by now.
        form = self.letters.get(step.letter) or Form(step.title, step.title, self.law, [])
        return msgspec.structs.replace(form, sections=[*form.sections, *self.common])


def read_measures(data_dir: Path | None = None) -> Mapping[str, MeasurePack]:
    """The packs by the laws' names. Raises SettingsError for one that cannot be used."""
    return {law: _read(f"{law}/measures.toml", law, data_dir) for law in LAWS}


def pack_called(packs: Mapping[str, MeasurePack], name: str) -> MeasurePack:
    """Raises Refusal (422) for a law that has no measures here."""
    if (found := packs.get(name)) is None:
        raise bad_field("/pack", f"one of {', '.join(sorted(packs))}", name[:60])
    return found


def _read(name: str, law: str, data_dir: Path | None) -> MeasurePack:
    text, where = read_edited(PACKAGE, FOLDER, name, data_dir)
    try:
        pack = decoded(text, MeasurePack)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise unusable(where, name, error) from None
    if pack.id != law:
        raise unusable(where, name, f"its id is {pack.id!r}, not {law!r}")
    return pack
