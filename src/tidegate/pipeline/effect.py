"""What a change of a bank would do to the items that are kept, before anybody makes it.

It is counted by what the look back does after such a change: the same index says which items the entries
hit, the same judgement what banks and rules say of them, and the same rules of the look what would follow.
Only that nothing is written. What is counted is bounded, and says where it stopped.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from tidegate.content.kept import Kept, kept_now
from tidegate.content.openings import closed_items
from tidegate.decisions.matched import down_by_rules, spoken_for
from tidegate.decisions.queries import is_decided
from tidegate.infra.db import Tx
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.judge import Judged, Looked, judge_as_if
from tidegate.pipeline.look import recall, would_follow
from tidegate.signals.banks.trial import GAINS, Change, OfChange, Trial, of_change
from tidegate.signals.fingerprints import KINDS

MOST_ITEMS = 300  # the newest that are judged
MOST_ENTRIES = 20_000  # of a bank
SAMPLES = 12
EXCERPT = 140
_CHUNK = 1000


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """An item that something would happen to: `restrict`, `escalate`, `review` or `lift`."""

    item: UUID
    platform: str
    id: str
    outcome: str
    excerpt: str
    files: int
    news: bool


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """What a change would do: so many kept items would be restricted, `news` of them known as news or
    counter-speech, and so many go to people. `lift`: those that are restricted by a rule which would no
    longer say so; they stay down until a person lifts them. `spared`: known as news or counter-speech, and
    decided; that stands. `matched`: those that the entries match now or then, of which the newest `judged`
    were looked at. `entries`: so many of the bank were searched for, `more` where that is not all. `texts`:
    for phrases so many of the newest were read. `quarantine`: the entry may match so much that it would stop
    acting by likeness."""

    restrict: int = 0
    news: int = 0
    lift: int = 0
    escalate: int = 0
    review: int = 0
    spared: int = 0
    matched: int = 0
    judged: int = 0
    entries: int = 1
    more: bool = False
    texts: int | None = None
    quarantine: bool = False
    samples: list[Sample] = []

    @property
    def counts(self) -> dict[str, int]:
        """What is kept of it."""
        names = ("restrict", "news", "lift", "escalate", "review", "matched", "judged")
        return {name: getattr(self, name) for name in names}


def effect_of(tx: Tx, instance: Instance, change: Change) -> Effect:
    """What the change would do, made now. The bank may be read by whoever asks."""
    hitting, numbers, entries, more, texts = _hits(tx, instance, change)
    kept = kept_now(tx, numbers[:MOST_ITEMS])
    looked = [recall(tx, one) for one in kept]
    trial = Trial(change, hitting)
    less = {str(one.id) for one in hitting}
    now, then = judge_as_if(tx, instance, looked, less, trial)
    outcomes = [
        _outcome(tx, change, one, before, after)
        for one, before, after in zip(looked, now, then, strict=True)
    ]
    down = down_by_rules(tx, [one.item.id for one in looked])
    speaking = spoken_for(tx, [one.item.id for one in looked])
    told: list[tuple[Kept, str]] = []
    for one, outcome, before, after in zip(kept, outcomes, now, then, strict=True):
        falls = _restricts(before) and not _restricts(after) and one.item.id in down
        if (said := "lift" if falls else outcome) is not None:
            told.append((one, said))
    counted = [said for _, said in told]
    closed = closed_items(tx, [one.item.id for one, _ in told])
    shown = [(one, said) for one, said in told if one.item.id not in closed]
    restricted = {one.item.id for one, said in told if said == "restrict"}
    return Effect(
        restrict=len(restricted),
        news=len(restricted & speaking),
        lift=counted.count("lift"),
        escalate=counted.count("escalate"),
        review=counted.count("review"),
        spared=len(speaking - restricted),
        matched=len(numbers),
        judged=len(looked),
        entries=entries,
        more=more,
        texts=texts,
        quarantine=_too_much(instance, change, then, less),
        samples=[_sample(one, said, speaking) for one, said in _first(shown)],
    )


def _hits(
    tx: Tx, instance: Instance, change: Change
) -> tuple[list[OfChange], list[int], int, bool, int | None]:
    """The entries that hit anything and the items that they hit; how many entries were searched for,
    whether there are more, and how many texts were read."""
    hitting: list[OfChange] = []
    numbers: set[int] = set()
    after = searched = 0
    texts: int | None = None
    while some := of_change(tx, change, after, _CHUNK):
        hits = instance.asking.hits(tx, instance, some)
        hitting += hits.entries
        numbers |= set(hits.numbers)
        texts = hits.texts if texts is None else max(texts, hits.texts or 0)
        after, searched = some[-1].number, searched + len(some)
        if len(some) < _CHUNK:
            break
        if searched >= MOST_ENTRIES or len(numbers) >= MOST_ITEMS:
            return hitting, sorted(numbers, reverse=True), searched, True, texts
    return hitting, sorted(numbers, reverse=True), searched, False, texts


def _outcome(tx: Tx, change: Change, looked: Looked, before: Judged, after: Judged) -> str | None:
    """What would follow for an item; what takes away is not looked back for."""
    if change.what not in GAINS:
        return None
    if after.evaluation.matches == before.evaluation.matches:
        return None
    decided = is_decided(tx, looked.item.id, looked.item.revision)
    found = would_follow(looked, after, decided=decided)
    return None if found == "pass" else found


def _restricts(judged: Judged) -> bool:
    return judged.ruling is not None and judged.ruling.outcome == "restrict"


def _too_much(instance: Instance, change: Change, then: Sequence[Judged], ids: set[str]) -> bool:
    """Whether an entry would match more different posts by likeness than it may within an hour."""
    if change.what not in GAINS or change.entry is None:
        return False
    near = sum(
        any(m.entry in ids and KINDS[m.kind].near for m in one.evaluation.matches) for one in then
    )
    return near > instance.settings.quarantine_contents


_ORDER = ("restrict", "escalate", "lift", "review")


def _first(told: Sequence[tuple[Kept, str]]) -> list[tuple[Kept, str]]:
    """Samples, the gravest first, and among them those with words."""
    return sorted(told, key=lambda one: (_ORDER.index(one[1]), not _words(one[0])))[:SAMPLES]


def _words(kept: Kept) -> str:
    return (kept.content and (kept.content.text or kept.content.url)) or ""


def _sample(kept: Kept, outcome: str, speaking: set[UUID]) -> Sample:
    return Sample(
        item=kept.item.id,
        platform=kept.item.platform,
        id=kept.item.external_id,
        outcome=outcome,
        excerpt=_words(kept)[:EXCERPT],
        files=len(kept.content.media) if kept.content else 0,
        news=kept.item.id in speaking,
    )
