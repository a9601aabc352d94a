"""Finding entries of banks: by the words of their text and note, by what they are, and who made them."""

from collections.abc import Collection
from uuid import UUID

from tidegate.content.model import Worded
from tidegate.infra.db import Tx
from tidegate.pipeline.asked import Asked
from tidegate.pipeline.find import Hit, Keys, Some
from tidegate.pipeline.instance import Instance
from tidegate.signals.banks.found import EntryFilter, found_entries, texts_of_entries
from tidegate.signals.model import Fingerprint
from tidegate.signals.words.model import holds, is_plain, needed, skeleton_of
from tidegate.signals.words.queries import ENTRY_TERMS, Sought, newest

FEW = 1000  # entries with the words, on one page


def has_none(asked: Asked) -> str | None:
    """The operator of which entries know nothing."""
    operators = ("author", "lang", "outcome")
    return next((one for one in operators if getattr(asked, one) is not None), None)


def entries(
    tx: Tx,
    instance: Instance,
    keys: Keys,
    asked: Asked,
    by: Collection[str],
    below: int | None,
    limit: int,
) -> Some:
    """The next entries that are asked for, the newest first."""
    if has_none(asked):
        return Some([], None)
    ids: Collection[UUID] | None = None if asked.entry is None else [asked.entry]
    numbers: list[int] | None = None
    resume: int | None = None
    if asked.needles:
        numbers, resume = _by_words(tx, keys, asked.needles, below)
    if asked.sha256 is not None:
        instance.banks.refresh(tx)
        (hits,) = instance.banks.index.search([Fingerprint("sha256", asked.sha256)])
        same = {hit.owner for hit in hits}
        numbers = sorted(same if numbers is None else same & set(numbers), reverse=True)
    filter = EntryFilter(
        numbers=numbers,
        ids=ids,
        platform=asked.platform,
        label=asked.label,
        by=by,
        since=asked.after,
        before=asked.before,
    )
    found, following = found_entries(tx, filter, below, limit)
    return Some([Hit(*one) for one in found], resume if following is None else following)


def _by_words(
    tx: Tx, keys: Keys, needles: Collection[str], below: int | None
) -> tuple[list[int], int | None]:
    """The next entries whose text or note hold all needles, and the number below which more may be."""
    said = frozenset(piece for needle in needles for piece in needed(needle))
    numbers = newest(tx, ENTRY_TERMS, keys.terms, Sought(said), below, FEW)
    resume = numbers[-1] if len(numbers) == FEW else None
    doubtful = [one for one in needles if not is_plain(one)]
    if not doubtful:
        return numbers, resume
    texts = texts_of_entries(tx, numbers)
    return [one for one in numbers if _hold(texts.get(one, []), doubtful)], resume


def _hold(texts: Collection[str], needles: Collection[str]) -> bool:
    read = [skeleton_of(Worded(one)) for one in texts]
    return all(any(holds(one, needle) for one in read) for needle in needles)
