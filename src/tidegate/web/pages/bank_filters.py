"""What the address of a bank's page narrows its entries to."""

from collections.abc import Mapping
from uuid import UUID

from tidegate.content.model import Worded
from tidegate.infra.db import Tx
from tidegate.review.filters import Filter, bad_filter
from tidegate.signals.banks.listing import STATES, EntryFilter, ids_beginning
from tidegate.signals.banks.model import BankView
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.model import Fingerprint
from tidegate.signals.parts import codes_of
from tidegate.web.pages.visit import Visit


def filter_of(visit: Visit, tx: Tx, bank: BankView, asked: Mapping[str, str]) -> EntryFilter:
    """The filter. Raises Refusal (422) for what cannot be one."""
    state, kind, label = asked.get("state", ""), asked.get("kind", ""), asked.get("label", "")
    if state and state not in STATES:
        raise bad_filter("state", f"one of {', '.join(STATES)}", state)
    if kind and kind not in KINDS:
        raise bad_filter("kind", f"one of {', '.join(KINDS)}", kind)
    since = Filter.read({"since": asked.get("since", "")}).earliest(tx.now)
    by = visit.actors(asked["by"]) if asked.get("by") else None
    ids, among = _named(visit, tx, asked.get("q", ""))
    return EntryFilter(
        state=state,
        kind=kind,
        label=label,
        bank_has_label=label in bank.labels,
        by=by,
        since=since,
        ids=ids,
        among=among,
    )


def _named(visit: Visit, tx: Tx, q: str) -> tuple[tuple[UUID, UUID] | None, set[UUID] | None]:
    """The entries that are meant: by their ids, or because they are what is asked for. What is out of use
    is found by its id alone."""
    if not q:
        return None, None
    codes = [("media/0", code) for code in _codes(q)] or codes_of(text=q, url=q)
    banks = visit.instance.banks
    banks.refresh(tx)
    (found,) = banks.match(tx, [codes], [Worded(q)], [tx.platforms])
    ids = ids_beginning(q)
    if ids is not None and not found:
        return ids, None
    return None, {UUID(match.entry) for match in found if match.distance == 0}


def _codes(q: str) -> list[Fingerprint]:
    """What a string of hexadecimal digits may be a code of."""
    found: list[Fingerprint] = []
    for name in ("sha256", "md5", "pdq"):
        try:
            found.append(Fingerprint(name, KINDS[name].parse(q)))
        except ValueError:
            continue
    return found
