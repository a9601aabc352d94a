"""What a change of a bank would do, as people and scripts read it: the counts, and sentences."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

import msgspec

from tidegate.infra.db import Tx
from tidegate.pipeline.effect import Effect, Sample
from tidegate.signals.banks.held_changes import HeldChange
from tidegate.signals.banks.trial import GAINS, What
from tidegate.web.words import gettext as _
from tidegate.web.words import ngettext


class EffectView(msgspec.Struct, frozen=True, kw_only=True):
    """The counts of `pipeline.effect.Effect`, for the change `change`, and what they say."""

    change: str
    text: list[str]
    restrict: int
    news: int
    lift: int
    escalate: int
    review: int
    spared: int
    matched: int
    judged: int
    samples: list[Sample]


class HeldView(msgspec.Struct, frozen=True, kw_only=True):
    """A change that has not left yet; `mine`: who looks can undo it."""

    id: UUID
    what: str
    made_by: str
    created_at: datetime
    leaves_at: datetime
    mine: bool


def held_view(tx: Tx, held: HeldChange | None) -> HeldView | None:
    if held is None:
        return None
    return HeldView(
        id=held.id,
        what=held.what,
        made_by=held.made_by,
        created_at=held.created_at,
        leaves_at=held.leaves_at,
        mine=held.maker == tx.identity,
    )


def effect_view(what: What, effect: Effect) -> EffectView:
    return EffectView(
        change=what,
        text=list(_sentences(what, effect)),
        spared=effect.spared,
        samples=effect.samples,
        **effect.counts,
    )


def _many(one: str, many: str, count: int, **more: object) -> str:
    return ngettext(one, many, count) % {"count": count, **more}


def _sentences(what: What, effect: Effect) -> Iterator[str]:
    if what in GAINS or effect.restrict:
        yield _many(
            "This would restrict %(count)s stored item, %(news)s of it news or counter-speech.",
            "This would restrict %(count)s stored items, %(news)s of them news or counter-speech.",
            effect.restrict,
            news=effect.news,
        )
    if effect.lift or what not in GAINS:
        yield _many(
            "It would lift %(count)s: an item that a rule has restricted and no rule would any more. It"
            " stays down until a person lifts it.",
            "It would lift %(count)s: items that a rule has restricted and no rule would any more. They"
            " stay down until a person lifts them.",
            effect.lift,
        )
    if effect.escalate:
        yield _many(
            "%(count)s would be escalated.", "%(count)s would be escalated.", effect.escalate
        )
    if effect.review:
        yield _many(
            "%(count)s would go to a person.", "%(count)s would go to people.", effect.review
        )
    if effect.spared:
        yield _many(
            "%(count)s of those that match is known as news or counter-speech and was decided: that stands.",
            "%(count)s of those that match are known as news or counter-speech and were decided: that stands.",
            effect.spared,
        )
    if effect.quarantine:
        yield _(
            "It matches so many different posts by likeness that it may go into quarantine, where it acts on"
            " nothing by likeness until somebody has looked."
        )
    yield from _bounds(effect)


def _bounds(effect: Effect) -> Iterator[str]:
    """Where the count stopped."""
    if effect.judged < effect.matched:
        yield _many(
            "%(count)s item matches; the newest %(judged)s were looked at.",
            "%(count)s items match; the newest %(judged)s were looked at.",
            effect.matched,
            judged=effect.judged,
        )
    if effect.more:
        yield _many(
            "Of the bank's entries the first %(count)s was looked for; there are more.",
            "Of the bank's entries the first %(count)s were looked for; there are more.",
            effect.entries,
        )
    if effect.texts is not None:
        yield _many(
            "For its phrase the newest %(count)s text was read.",
            "For its phrase the newest %(count)s texts were read.",
            effect.texts,
        )
