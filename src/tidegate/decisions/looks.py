"""Looks of other people at a decision, kept: second eyes before it leaves, and blind looks after.

Whoever changes one holds its item; its row is locked after the case's. Each step is told to the ledger,
but that a blind look was asked for: that would say which they are.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.decisions.second import Answer, Look, LookKind, LookState
from tidegate.decisions.tables import looks
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.ids import uuid7
from tidegate.ledger.actions import append

# Literals, not parameters: only so are the partial indexes used.
_LIVE = looks.c.ended_at.is_(None)
_SECOND = looks.c.kind == sa.literal_column("'second'")
_BLIND = sa.and_(_LIVE, looks.c.kind != sa.literal_column("'second'"))
_UNSEEN = looks.c.state.in_([sa.literal_column("'open'"), sa.literal_column("'answered'")])
KEPT = timedelta(days=7)  # for which a blind look waits for an answer


def _look(row: sa.Row[Any]) -> Look:
    values = {name: getattr(row, name) for name in Look.__struct_fields__}
    values["answers"] = msgspec.convert(row.answers, list[Answer])
    return Look(**values)


def _only(tx: Tx, *conditions: sa.ColumnElement[bool], lock: bool = False) -> Look | None:
    query = sa.select(looks).where(*conditions)
    row = tx.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _look(row)


def second_look(tx: Tx, case_id: UUID, *, lock: bool = False) -> Look | None:
    """What is proposed in a case and not settled yet."""
    return _only(tx, looks.c.case_id == case_id, _LIVE, _SECOND, lock=lock)


def last_second_look(tx: Tx, case_id: UUID) -> Look | None:
    """The last look of second eyes in a case, settled or not, or of another that a senior settled; one that
    came to nothing is none."""
    told = sa.and_(_SECOND, looks.c.state.in_(["proposed", "disputed", "agreed", "adjudicated"]))
    settled = sa.and_(looks.c.kind != "gold", looks.c.state == "adjudicated")
    query = sa.select(looks).where(looks.c.case_id == case_id, sa.or_(told, settled))
    row = tx.execute(query.order_by(looks.c.created_at.desc()).limit(1)).one_or_none()
    return None if row is None else _look(row)


def shown_look(tx: Tx, shown_as: UUID, *, lock: bool = False) -> Look:
    """The look that is shown as this case."""
    found = _only(tx, looks.c.shown_as == shown_as, lock=lock)
    assert found is not None
    return found


def find_look(tx: Tx, look_id: UUID, *, lock: bool = False) -> Look | None:
    """The look, or None."""
    return _only(tx, looks.c.id == look_id, lock=lock)


def look_of_decision(tx: Tx, decision_id: UUID) -> Look | None:
    """The look of second eyes that a decision came of, locked."""
    return _only(tx, looks.c.decision_id == decision_id, _SECOND, lock=True)


def blind_looks(tx: Tx, item_id: UUID) -> list[Look]:
    """The blind looks at an item that were asked for and are not over, locked."""
    query = sa.select(looks).where(looks.c.item_id == item_id, _BLIND).with_for_update()
    return [_look(row) for row in tx.execute(query)]


def looks_of_item(tx: Tx, item_id: UUID) -> list[Look]:
    """What is proposed about an item and not settled yet."""
    query = sa.select(looks).where(looks.c.item_id == item_id, _LIVE, _SECOND)
    return [_look(row) for row in tx.execute(query.order_by(looks.c.created_at))]


def refuse_same_person(tx: Tx, case_id: UUID) -> None:
    """Raises Refusal (409) for who has had a part in what is proposed in a case, or is shown as it."""
    mine = looks.c.not_for.contains([tx.identity])
    of_case = sa.or_(sa.and_(looks.c.case_id == case_id, _SECOND), looks.c.shown_as == case_id)
    found = tx.execute(sa.select(looks.c.id).where(_LIVE, of_case, mine)).first()
    if found is not None:
        raise same_person()


def same_person() -> Refusal:
    return Refusal(
        "same-person",
        409,
        "Another person decides now",
        "You have decided it once. Nothing was changed: somebody else looks at it.",
    )


@lru_cache(maxsize=1024)
def not_for(person: str) -> sa.ColumnElement[Any]:
    """The cases in which a person has proposed something, or disagreed: they wait for others."""
    waits = sa.or_(_SECOND, looks.c.state == sa.literal_column("'disputed'"))
    query = sa.select(sa.func.coalesce(looks.c.shown_as, looks.c.case_id)).where(_LIVE, waits)
    return sa.func.array(query.where(looks.c.not_for.contains([person])).scalar_subquery())


def hidden_from(person: str) -> sa.ColumnElement[Any]:
    """The cases that a person does not see: a blind look at what they had a part in; and, while they have
    a blind look before them, the case in which that was decided."""
    others = looks.c.not_for.contains([person])
    blind = looks.c.opened_by.contains([person])
    which = sa.case((others, looks.c.shown_as), else_=looks.c.case_id)
    query = sa.select(which).where(_BLIND, _UNSEEN, sa.or_(others, blind), which.isnot(None))
    return sa.func.array(query.scalar_subquery())


def is_blind(tx: Tx, item_id: UUID) -> bool:
    """Whether the actor has a blind look at an item before them: then they are not told what stands on it."""
    return bool(blind_among(tx, [item_id]))


def blind_among(tx: Tx, item_ids: Collection[UUID]) -> set[UUID]:
    """Those of these items of which the actor has a blind look before them."""
    if not item_ids or not tx.identity.startswith("user:"):
        return set()
    query = sa.select(looks.c.item_id).where(looks.c.item_id.in_(item_ids), blind_look(tx))
    return set(tx.execute(query).scalars())


def blind_look(tx: Tx) -> sa.ColumnElement[bool]:
    return sa.and_(_BLIND, _UNSEEN, looks.c.opened_by.contains([tx.identity]))


def not_blind(tx: Tx, item_id: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """The condition that the actor may know what was decided on an item. Only people are ever asked."""
    if not tx.identity.startswith("user:"):
        return sa.true()
    before = sa.exists().where(looks.c.item_id == item_id, blind_look(tx))
    return ~before


def ask(tx: Tx, kind: LookKind, state: LookState, **values: Any) -> Look | None:
    """Keep a new look; None where the case has one of second eyes already."""
    answers: Sequence[Answer] = values.pop("answers")
    people: Sequence[str] = values.pop("people")
    row = {
        "id": uuid7(tx.now),
        "kind": kind,
        "state": state,
        "answers": msgspec.to_builtins(answers),
        "choices": [one.choice.word for one in answers],
        "people": list(people),
        "not_for": sorted({*values.pop("not_for", ()), *people}),
        "created_at": tx.now,
    }
    query = insert(looks).values(row | values).on_conflict_do_nothing().returning(looks)
    made = tx.execute(query).one_or_none()
    return None if made is None else _look(made)


def answer(tx: Tx, look: Look, given: Answer, state: LookState, **values: Any) -> Look:
    """Add what somebody concluded. The caller has locked it."""
    return change(
        tx,
        look,
        state=state,
        answers=msgspec.to_builtins([*look.answers, given]),
        choices=[*look.choices, given.choice.word],
        people=[*look.people, tx.identity],
        not_for=sorted({*look.not_for, tx.identity}),
        **values,
    )


def take_answer_back(tx: Tx, look: Look, state: LookState) -> Look:
    """The last one's answer was undone: they may give another. The caller has locked it."""
    return change(
        tx,
        look,
        state=state,
        answers=msgspec.to_builtins(look.answers[:-1]),
        choices=look.choices[:-1],
        people=look.people[:-1],
        not_for=[one for one in look.not_for if one != look.people[-1]],
        ended_at=None,
        told=[],
    )


def change(tx: Tx, look: Look, **values: Any) -> Look:
    query = sa.update(looks).where(looks.c.id == look.id).values(values).returning(looks)
    return _look(tx.execute(query).one())


def end(tx: Tx, look: Look, state: LookState, **values: Any) -> Look:
    return change(tx, look, state=state, ended_at=tx.now, **values)


def open_for(tx: Tx, look: Look) -> bool:
    """The actor has it open from now on: of second eyes the first one's choice, of a blind look the
    content. False where they had."""
    mine = ~looks.c.opened_by.contains([tx.identity])
    added = sa.func.array_append(looks.c.opened_by, sa.cast(tx.identity, sa.Text))
    query = sa.update(looks).where(looks.c.id == look.id, mine).values(opened_by=added)
    return tx.execute(query).rowcount == 1


def overtake(tx: Tx, case_id: UUID) -> None:
    """The case was decided past what was proposed in it."""
    query = sa.update(looks).where(looks.c.case_id == case_id, _LIVE, _SECOND)
    tx.execute(query.values(state="overtaken", ended_at=tx.now))


def tell(tx: Tx, kind: str, look: Look, platform: str | None, **said: Any) -> None:
    """Append a look's ledger entry."""
    record = {"look": look.id, "kind": look.kind, "case": look.case_id, "item": look.item_id}
    append(tx, kind, record | said, look.item_id, platform)


def proposed_by(tx: Tx, person: str) -> list[Look]:
    """What a person has proposed and nobody has settled, the last first."""
    query = sa.select(looks).where(_LIVE, _SECOND, looks.c.people[1] == person)
    return [_look(row) for row in tx.execute(query.order_by(looks.c.created_at.desc()).limit(50))]


def returned_to(tx: Tx, person: str, since: datetime) -> list[Look]:
    """What a senior settled between a person and another, and they have not read yet, the last first."""
    mine = sa.or_(looks.c.people[1] == person, looks.c.people[2] == person)
    query = (
        sa.select(looks)
        .where(looks.c.ended_at >= since, looks.c.state == "adjudicated")
        .where(looks.c.kind != "gold", mine, ~looks.c.told.contains([person]))
        .order_by(looks.c.ended_at.desc())
        .limit(50)
    )
    return [_look(row) for row in tx.execute(query)]


def read_by(tx: Tx, case_id: UUID) -> None:
    """The actor has read how what they had concluded in a case was settled."""
    told = sa.func.array_append(looks.c.told, sa.cast(tx.identity, sa.Text))
    ended = sa.and_(looks.c.case_id == case_id, looks.c.state == "adjudicated")
    mine = sa.and_(looks.c.people.contains([tx.identity]), ~looks.c.told.contains([tx.identity]))
    tx.execute(sa.update(looks).where(ended, mine).values(told=told))


def proposed_in(tx: Tx, case_ids: Collection[UUID]) -> set[UUID]:
    """The cases of these in which something is proposed."""
    query = sa.select(looks.c.case_id).where(looks.c.case_id.in_(case_ids), _LIVE, _SECOND)
    return set(tx.execute(query).scalars())


def looked_at(tx: Tx, decision_ids: Collection[UUID]) -> set[UUID]:
    """The decisions of these at which somebody was asked to look."""
    query = sa.select(looks.c.decision_id).where(looks.c.decision_id.in_(decision_ids))
    return set(tx.execute(query).scalars())


def drawn(tx: Tx, limit: int) -> list[Look]:
    """Looks that nobody has been shown yet, locked, the first first."""
    query = sa.select(looks).where(_LIVE, looks.c.state == "drawn")
    query = query.order_by(looks.c.created_at).limit(limit).with_for_update(skip_locked=True)
    return [_look(row) for row in tx.execute(query)]


def stale(tx: Tx, before: datetime, limit: int) -> list[Look]:
    """Blind looks that nobody answered since then."""
    query = sa.select(looks).where(_BLIND, looks.c.state == "open", looks.c.created_at < before)
    return [_look(row) for row in tx.execute(query.order_by(looks.c.created_at).limit(limit))]


def gold_standard(tx: Tx, views: int, limit: int = 100) -> list[Look]:
    """Looks that a senior settled, and that so many have not been shown yet, those shown least first."""
    gold = looks.alias("gold")
    shown = sa.select(sa.func.count()).where(gold.c.gold_of == looks.c.id).scalar_subquery()
    query = (
        sa.select(looks)
        .where(looks.c.state == "adjudicated", looks.c.kind != "gold", shown < views)
        .order_by(shown, looks.c.ended_at.desc())
        .limit(limit)
    )
    return [found for row in tx.execute(query) if (found := _look(row)).answers]


def viewers(tx: Tx, look_id: UUID) -> set[str]:
    """Who was shown a gold item, or cannot be."""
    query = sa.select(looks.c.not_for).where(looks.c.gold_of == look_id)
    return {one for names in tx.execute(query).scalars() for one in names}


def views_since(tx: Tx, since: datetime) -> int:
    """How many gold items were shown since then."""
    query = sa.select(sa.func.count()).where(looks.c.kind == "gold", looks.c.created_at >= since)
    return int(tx.execute(query).scalar_one())


def forget_looks(tx: Tx, item_id: UUID) -> None:
    """Erasure: what people concluded about the item, in their words, goes; what waits has nothing left."""
    of_item = looks.c.item_id == item_id
    tx.execute(sa.update(looks).where(of_item).values(answers=[]))
    tx.execute(sa.update(looks).where(of_item, _LIVE).values(state="cancelled", ended_at=tx.now))


def shown_of(item_id: UUID) -> sa.Select[Any]:
    """The cases as which an item was shown again."""
    return sa.select(looks.c.shown_as).where(
        looks.c.item_id == item_id, looks.c.shown_as.isnot(None)
    )


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What two people concluded of the same content, neither knowing of the other; or of `gold` what was
    known, and what the second, who alone is meant, said."""

    case: UUID
    pair: tuple[str, str]
    people: tuple[str, str]
    gold: bool
    label: str | None
    language: str | None


def said_since(tx: Tx, since: datetime) -> list[Said]:
    """What was said in blind looks that were ended since then."""
    query = (
        sa.select(looks)
        .where(looks.c.ended_at >= since, looks.c.kind != "second")
        .where(sa.func.cardinality(looks.c.choices) >= 2)
        .order_by(looks.c.ended_at, looks.c.id)
    )
    return [
        Said(
            case=row.case_id,
            pair=(row.choices[0], row.choices[1]),
            people=(row.people[0], row.people[1]),
            gold=row.kind == "gold",
            label=row.label,
            language=row.language,
        )
        for row in tx.execute(query)
    ]
