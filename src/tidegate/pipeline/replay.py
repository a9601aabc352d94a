"""A replay: stored items as the rules would see them again, judged by another pack, with no consequence.

Each item counts once, by its last look: its matches, its problems, and the verdict that it has. Reports, and
what stands on the author's items, are those of today. From the pages it is a job of the worker, a page a
transaction, in the name of who asked for it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

import msgspec
import structlog

from tidegate.content.kept import Kept, kept_revisions
from tidegate.content.queries import standing_restrictions
from tidegate.decisions.model import Evaluation
from tidegate.decisions.queries import count_looks, last_decisions, last_looks
from tidegate.infra.db import Tx
from tidegate.infra.ids import uuid7_from
from tidegate.infra.slices import Home
from tidegate.intake.queries import report_facts_on
from tidegate.pipeline.judge import Looked, facts_of
from tidegate.policy.facts import ReportFacts
from tidegate.policy.model import EXEMPTIONS, Pack
from tidegate.policy.reading import InvalidPack, load_pack
from tidegate.policy.replay import Replayed
from tidegate.policy.replays import (
    DAYS,
    Example,
    Replay,
    check_days,
    claim_replay,
    fail_replay,
    note_page,
    running_replays,
    start_replay,
)
from tidegate.signals.language import language_of

PAGE = 500  # evaluations that are read at a time
COUNTED = 200_000  # so many are counted before anybody asks
_ALL = 2_000_000_000

_log = structlog.get_logger(__name__)


class Stored(msgspec.Struct, frozen=True):
    """A stored item as a replay takes it, with our own id of it."""

    item_id: UUID
    replayed: Replayed


class Page(msgspec.Struct, frozen=True):
    """So many evaluations, the lowest of them (None: none was left), and the items whose last look is
    among them and whose content is kept."""

    seen: int
    lowest: UUID | None
    items: list[Stored]


def stored_items(tx: Tx, pack: Pack, since: datetime) -> Iterator[Replayed]:
    """The items that were looked at since then, the one of the last look first."""
    first, last = uuid7_from(since), _now(tx)
    reached: UUID | None = last
    while reached is not None:
        page = _read(tx, pack, first, reached, last)
        yield from (one.replayed for one in page.items)
        reached = page.lowest


def expected(tx: Tx) -> dict[int, int]:
    """How many evaluations a replay over so many days would go through, counted up to `COUNTED`."""
    firsts = [_days_ago(tx, days) for days in DAYS]
    counts = count_looks(tx, firsts, _now(tx), COUNTED)
    return dict(zip(DAYS, counts, strict=True))


def begin(tx: Tx, draft: str, pack: Pack, days: int) -> UUID:
    """Let the worker replay a pack over so many days; the replay's id. Raises Refusal (422)."""
    first, last = _days_ago(tx, check_days(days)), _now(tx)
    (total,) = count_looks(tx, [first], last, _ALL)
    return start_replay(tx, draft, pack, days, first, last, total)


def carry_on(home: Home) -> int:
    """Do the next page of each replay; returns how many. For the worker."""
    with home.database.begin() as tx:
        found = running_replays(tx)
    return sum(_one_page(home, one) for one in found)


def _one_page(home: Home, replay: Replay) -> int:
    try:
        with home.database.begin(replay.by) as tx:
            return _carry_on(tx, replay.id)
    except (InvalidPack, msgspec.DecodeError, ValueError) as error:
        # Another program wrote the pack, or an item cannot be read: it would fail for ever.
        _log.error("replay failed", replay=str(replay.id), error=type(error).__name__)
        with home.database.begin() as tx:
            fail_replay(tx, replay.id)
        return 1


def _carry_on(tx: Tx, replay_id: UUID) -> int:
    replay = claim_replay(tx, replay_id)
    if replay is None:
        return 0
    pack = _compiled(replay.source)
    page = _read(tx, pack, replay.first, replay.reached, replay.last)
    examples: list[Example] = []
    for one in page.items:
        said = replay.counts.take(pack, one.replayed)
        if replay.counts.keeps(one.replayed, said):
            examples.append(
                Example(
                    item_id=one.item_id,
                    revision=one.replayed.facts.item.revision,
                    before=one.replayed.before,
                    after=said.after,
                    language=one.replayed.language,
                    labels=said.labels,
                    exemption=one.replayed.exemption,
                    fired=said.acted,
                )
            )
    note_page(tx, replay, page.seen, page.lowest, examples)
    return 1


@lru_cache(maxsize=4)
def _compiled(source: str) -> Pack:
    return load_pack(source)


def _read(tx: Tx, pack: Pack, first: UUID, reached: UUID, last: UUID) -> Page:
    seen, lowest, looks = last_looks(tx, first, reached, last, PAGE)
    kept = kept_revisions(tx, [(one.item_id, one.revision) for one in looks])
    with_content = [
        (said, one)
        for said in looks
        if (one := kept.get((said.item_id, said.revision))) is not None and one.content is not None
    ]
    return Page(seen, lowest, _stored(tx, pack, with_content))


def _stored(tx: Tx, pack: Pack, found: Sequence[tuple[Evaluation, Kept]]) -> list[Stored]:
    decided = last_decisions(tx, [said.item_id for said, _ in found])
    reports = report_facts_on(tx, [said.item_id for said, _ in found if said.stage == "report"])
    restrictions: dict[str, int] = {}
    if "author" in pack.uses:
        authors = {one.content.author for _, one in found if one.content is not None}
        restrictions = standing_restrictions(tx, sorted(authors))
    stored: list[Stored] = []
    for said, one in found:
        assert one.content is not None
        looked = Looked(
            item=one.item,
            content=one.content,
            digest=one.digest,
            codes=[],
            problems=said.problems,
            reports=reports.get(said.item_id, ReportFacts()),
        )
        restricted = restrictions.get(one.content.author, 0)
        decision = decided.get(said.item_id)
        replayed = Replayed(
            item=one.item.external_id,
            facts=facts_of(pack, looked, said.matches, said.stage, restricted),
            before=said.verdict,
            language=language_of(one.content).tag,
            exemption=_exemption(decision and decision.exemption, said),
        )
        stored.append(Stored(said.item_id, replayed))
    return stored


def _exemption(answered: str | None, said: Evaluation) -> str | None:
    """What a person who left it up said that it is for; else what a bank of stance `allow` calls it."""
    if answered is not None and answered != "none":
        return answered
    allowing = (label for one in said.matches if one.stance == "allow" for label in one.labels)
    return next((label for label in allowing if label in EXEMPTIONS[1:]), None)


def _now(tx: Tx) -> UUID:
    return uuid7_from(tx.now + timedelta(milliseconds=1))


def _days_ago(tx: Tx, days: int) -> UUID:
    return uuid7_from(tx.now - timedelta(days=days))
