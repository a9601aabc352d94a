"""Everything known of one item, gathered from the slices: the API's and the pages' view of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tidegate.content.holds.model import HoldView
from tidegate.content.holds.queries import is_held, is_kept_by_hold, standing_holds
from tidegate.content.model import Content, ItemRow, Version
from tidegate.content.queries import revisions_of
from tidegate.decisions.disclosure import disclosure_on, shown_decisions, shown_standing
from tidegate.decisions.held import held_on
from tidegate.decisions.looks import is_blind, looks_of_item
from tidegate.decisions.queries import decisions_of, shown_evaluations, standing_on
from tidegate.decisions.restrictions import (
    Effective,
    by_strength,
    effective,
    standing_at,
)
from tidegate.decisions.told import Disclosure, StandingView, may_know
from tidegate.enforcement.queries import ActionView, actions_of_item
from tidegate.infra.db import Tx
from tidegate.intake.model import ReportView
from tidegate.pipeline.reads import read_reports
from tidegate.review.queries import cases_of_item
from tidegate.signals.language import Language, language_of


class RevisionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One revision. `content` is null once retention has ended, also while a hold keeps it, unless
    the reader has opened that; the author is a pseudonym. `version` is the newest that had been seen
    when this was the latest. `language` is what the platform said, else our guess by the text."""

    revision: int
    content: Content | None
    media: list[dict[str, Any]]
    received_at: datetime
    version: Version | None
    language: Language


class Proposed(msgspec.Struct, frozen=True):
    """That something is proposed about an item, in a case, and waits for another person. What it is, they
    are to say before they know."""

    case: UUID
    state: str
    by: str
    at: datetime


def proposed_on(tx: Tx, item_id: UUID) -> Proposed | None:
    """What is proposed about an item, and waits for another."""
    found = looks_of_item(tx, item_id)
    if not found:
        return None
    return Proposed(found[-1].case_id, found[-1].state, found[-1].people[0], found[-1].created_at)


class Keeping(msgspec.Struct, frozen=True):
    """Whether a hold forbids an item's erasure, and whether nothing else keeps its content."""

    held: bool
    by_hold_alone: bool


def keeping(tx: Tx, item_id: UUID, disclosure: Disclosure) -> Keeping:
    """The same as far as the reader may know: without orders' holds it is as if these were not."""
    known = may_know(disclosure, tx.orders)
    held = is_held(tx, item_id, without_orders=not known)
    return Keeping(held, is_kept_by_hold(tx, item_id) and (known or held))


class ItemRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An item with all its revisions, evaluations, decisions, actions, reports and cases.

    `restrictions` are those that stand now, the strongest first, `effective` is what they come to, and
    `restricted_by` the decision of the first; `disclosure` says whether the author may be told.
    `reports` are the first, `reports_next` the cursor of those
    after them, which its case lists. It is `held` while a hold forbids its erasure; `holds` are those that
    the reader placed, or with the scope `holds:write` all. `held_decision` is what is decided and has not
    left yet; `proposed_decision` waits for another person.
    """

    id: str
    platform: str
    publicness: str
    author: str | None
    revision: int
    verdict: str
    restricted_by: UUID | None
    restrictions: list[StandingView]
    effective: Effective
    disclosure: Disclosure
    received_at: datetime
    revisions: list[RevisionRecord]
    evaluations: list[dict[str, Any]]
    decisions: list[dict[str, Any]]
    actions: list[ActionView]
    reports: list[ReportView]
    reports_next: str | None
    cases: list[UUID]
    held: bool
    holds: list[HoldView]
    kept_by_hold: bool
    held_decision: dict[str, Any] | None
    proposed_decision: Proposed | None


def item_record(tx: Tx, item: ItemRow, *, sees_holds: bool = False) -> ItemRecord:
    """The record of a standing item. `verdict` is that of the latest evaluation."""
    evaluations = shown_evaluations(tx, item.id)
    stands = [] if is_blind(tx, item.id) else standing_on(tx, item.id)
    standing = by_strength(standing_at(stands, tx.now))
    reported, following = read_reports(tx, item)
    held = held_on(tx, item.id)
    disclosure = disclosure_on(tx, item.id)
    kept = keeping(tx, item.id, disclosure)
    return ItemRecord(
        id=item.external_id,
        platform=item.platform,
        publicness=item.publicness,
        author=item.author,
        revision=item.revision,
        verdict=evaluations[-1]["verdict"] if evaluations else item.verdict,
        restricted_by=standing[0].decision if standing else None,
        restrictions=shown_standing(tx, item.id, standing),
        effective=effective(standing),
        disclosure=disclosure,
        received_at=item.received_at,
        revisions=[
            RevisionRecord(
                revision=one.revision,
                content=one.content,
                media=one.media,
                received_at=one.received_at,
                version=one.version,
                language=Language() if one.content is None else language_of(one.content),
            )
            for one in revisions_of(tx, item.id)
        ],
        evaluations=evaluations,
        decisions=shown_decisions(tx, decisions_of(tx, item.id)),
        actions=actions_of_item(tx, item.id),
        reports=reported,
        reports_next=following,
        cases=cases_of_item(tx, item.id),
        held=kept.held,
        holds=standing_holds(tx, item.id, every=sees_holds),
        kept_by_hold=kept.by_hold_alone,
        held_decision=None if held is None else shown_decisions(tx, [held])[0],
        proposed_decision=proposed_on(tx, item.id),
    )
