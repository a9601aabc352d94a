"""Drafts of packs: texts under a name, right or wrong, that judge nothing. Each save moves its revision, so
that of two who write at one one is told.
"""

import hashlib
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal, bad_field
from tidegate.policy.fields import NAME
from tidegate.policy.model import Pack, PackProblem
from tidegate.policy.numbering import problems, renumbered
from tidegate.policy.queries import stored_sources
from tidegate.policy.reading import MAX_SOURCE, InvalidPack, load_pack
from tidegate.policy.tables import pack_changes, pack_drafts, replays


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A draft as it was saved last; `digest` is the SHA-256 of its source."""

    name: str
    source: str
    digest: bytes
    revision: int
    changed_by: str
    changed_at: datetime


_COLUMNS = [pack_drafts.c[name] for name in Draft.__struct_fields__]


def digest_of(source: str) -> bytes:
    """What a pack's source is known by."""
    return hashlib.sha256(source.encode()).digest()


def check_name(name: str) -> str:
    """The name. Raises Refusal (422)."""
    if not NAME.fullmatch(name):
        raise bad_field("/name", "1 to 64 letters, digits, _ or -", repr(name[:64]))
    return name


def read_text(tx: Tx, source: str, file: str) -> tuple[str, Pack | list[PackProblem]]:
    """A text with the next free version wherever one is taken, and the pack that it is, or all that is wrong
    with it."""
    try:
        pack = load_pack(source, file)
        stored = stored_sources(tx, pack.name)
        given = renumbered(pack, stored)
        if given.given:
            pack = load_pack(given.source, file)
    except InvalidPack as invalid:
        return source, invalid.problems
    return given.source, problems(pack, stored, file) or pack


def find_draft(tx: Tx, name: str) -> Draft | None:
    row = tx.execute(sa.select(*_COLUMNS).where(pack_drafts.c.name == name)).mappings()
    found = row.one_or_none()
    return None if found is None else Draft(**found)


def list_drafts(tx: Tx) -> list[Draft]:
    """All drafts, the one that was changed last first."""
    query = sa.select(*_COLUMNS).order_by(pack_drafts.c.changed_at.desc(), pack_drafts.c.name)
    return [Draft(**row) for row in tx.execute(query).mappings()]


def save_draft(tx: Tx, name: str, source: str, revision: int) -> Draft:
    """Keep a draft's text, which was written upon `revision` of it (0: there was none). The same text again
    changes nothing. Another one overtakes what was proposed and ends the replay that runs.

    Raises Refusal: 422; 409 "draft-moved" where somebody else has saved it meanwhile.
    """
    check_name(name)
    if len(source) > MAX_SOURCE:
        raise bad_field("/source", f"at most {MAX_SOURCE} characters", str(len(source)))
    now = Draft(
        name=name,
        source=source,
        digest=digest_of(source),
        revision=revision + 1,
        changed_by=tx.actor,
        changed_at=tx.now,
    )
    values = msgspec.structs.asdict(now)
    if revision == 0:
        made = insert(pack_drafts).values(values).on_conflict_do_nothing()
        if tx.execute(made).rowcount:
            return now
    query = sa.select(*_COLUMNS).where(pack_drafts.c.name == name).with_for_update()
    row = tx.execute(query).mappings().one_or_none()
    if row is not None and row["source"] == source:
        return Draft(**row)
    if row is None or row["revision"] != revision:
        raise _moved(None if row is None else str(row["changed_by"]))
    tx.execute(sa.update(pack_drafts).where(pack_drafts.c.name == name).values(values))
    _overtake(tx, name)
    return now


def delete_draft(tx: Tx, name: str) -> None:
    """Throw a draft away; what went live from it stays. Raises Refusal (404)."""
    if not tx.execute(sa.delete(pack_drafts).where(pack_drafts.c.name == name)).rowcount:
        raise draft_unknown(name)
    _overtake(tx, name)


def draft_unknown(name: str) -> Refusal:
    return Refusal("draft-unknown", 404, "There is no such draft", f"No draft {name[:64]}.")


def _overtake(tx: Tx, name: str) -> None:
    waiting = sa.update(pack_changes).where(
        pack_changes.c.draft == name, pack_changes.c.state == "proposed"
    )
    tx.execute(waiting.values(state="overtaken", decided_at=tx.now))
    running = sa.update(replays).where(replays.c.draft == name, replays.c.state == "running")
    tx.execute(running.values(state="stopped", ended_at=tx.now))


def _moved(by: str | None) -> Refusal:
    who = f" by {by.removeprefix('user:')}" if by else ""
    return Refusal(
        "draft-moved",
        409,
        "The draft is another by now",
        f"It was saved{who} after you had opened it. Nothing of yours was kept; your text stands below."
        " Open the draft in another tab to see theirs.",
    )
