"""One function a route: its arguments as a `Call`. Both clients take their methods from here."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tidegate.client.call import Call, File
from tidegate.client.given import encoder as _json
from tidegate.client.given import given as _given
from tidegate.client.given import in_path as _in_path
from tidegate.client.given import once as _once
from tidegate.client.given import query as _query
from tidegate.client.model import (
    Action,
    Bank,
    Case,
    CaseDetail,
    Decision,
    Entry,
    Hold,
    Item,
    ItemAnswer,
    ItemRecord,
    LedgerEntry,
    Opening,
    Page,
    Policy,
    PolicyCheck,
    Replayed,
    Report,
    ReportView,
)
from tidegate.client.reports import Reference, ReportAnswer, ReportRecord

Document = Mapping[str, Any]

# Items


def submit(item: Item | Document, files: Sequence[File] = ()) -> Call[ItemAnswer]:
    """Submit an item. `files` are uploaded as they are; media of the item travel as base64."""
    encoded = _json.encode(item)
    if files:
        return Call(
            method="POST",
            path="/v1/items",
            answer=ItemAnswer,
            form=[("item", encoded.decode())],
            files=[("file", file) for file in files],
        )
    return Call(method="POST", path="/v1/items", answer=ItemAnswer, json=encoded)


def item(id: str) -> Call[ItemRecord]:
    """Everything known of an item: revisions, evaluations, decisions, actions."""
    return Call(method="GET", path=f"/v1/items/{_in_path(id)}", answer=ItemRecord)


def erase(id: str) -> Call[None]:
    """Erase an item; a tombstone stays. A standing hold forbids it (409)."""
    return Call(method="DELETE", path=f"/v1/items/{_in_path(id)}", gone_is_done=True)


def decide_item(id: str, decision: Decision | Document) -> Call[dict[str, Any]]:
    """Decide an item without a case."""
    path = f"/v1/items/{_in_path(id)}/decisions"
    return Call(
        method="POST", path=path, answer=dict[str, Any], json=_json.encode(decision), key=_once()
    )


def lift(id: str, reason: str, lifts: Sequence[str] | None = None) -> Call[dict[str, Any]]:
    """End the restrictions that stand on an item, or those of these ids; none that an order holds."""
    chosen = None if lifts is None else list(lifts)
    return decide_item(id, Decision("lift", reason, lifts=chosen))


def hold(
    id: str,
    reason: str,
    purpose: str | None = None,
    until: datetime | None = None,
    source: str | None = None,
) -> Call[Hold]:
    """Forbid an item's erasure, for a purpose, until an end or until the hold is lifted."""
    given = _given(reason=reason, purpose=purpose, until=until, source=source)
    path = f"/v1/items/{_in_path(id)}/holds"
    return Call(method="POST", path=path, answer=Hold, json=_json.encode(given), key=_once())


def hold_of(hold: str) -> Call[Hold]:
    """A hold, also one that is over; its scope is `holds:write`, of a legal order's `orders:read`."""
    return Call(method="GET", path=f"/v1/holds/{_in_path(hold)}", answer=Hold)


def open_hold(
    hold: str, purpose: str, justification: str, case: str | None = None
) -> Call[Opening]:
    """Read, for half an hour, what is kept by a hold alone; recorded with its purpose."""
    given = _given(purpose=purpose, justification=justification, case=case)
    path = f"/v1/holds/{_in_path(hold)}/open"
    return Call(method="POST", path=path, answer=Opening, json=_json.encode(given), key=_once())


def lift_hold(id: str, hold: str) -> Call[None]:
    """Lift a hold that this key placed; with the scope `holds:write`, any."""
    path = f"/v1/items/{_in_path(id)}/holds/{_in_path(hold)}"
    return Call(method="DELETE", path=path, gone_is_done=True)


def report(report: Report | Document, files: Sequence[File] = ()) -> Call[ReportAnswer]:
    """Send a report; the answer names its case, and the code for its reporter. `files` are uploaded as they
    are; media of the report travel as base64."""
    encoded = _json.encode(report)
    if files:
        return Call(
            method="POST",
            path="/v1/reports",
            answer=ReportAnswer,
            form=[("report", encoded.decode())],
            files=[("file", file) for file in files],
        )
    return Call(method="POST", path="/v1/reports", answer=ReportAnswer, json=encoded)


def get_report(id: str) -> Call[ReportRecord]:
    """What was reported under this id, and how far it is."""
    return Call(method="GET", path=f"/v1/reports/{_in_path(id)}", answer=ReportRecord)


def reference(code: str) -> Call[Reference]:
    """How far the report is whose reporter was given this code, however it is written."""
    return Call(method="GET", path=f"/v1/references/{_in_path(code)}", answer=Reference)


# Banks


def banks() -> Call[Page[Bank]]:
    """The banks."""
    return Call(method="GET", path="/v1/banks", answer=Page[Bank])


def create_bank(
    name: str,
    stance: str,
    *,
    radius: Mapping[str, int] | None = None,
    labels: Sequence[str] | None = None,
    provenance: str | Document | None = None,
    note: str | None = None,
    platform: str | None = None,
) -> Call[Bank]:
    """Make a bank of stance `known` or `allow`; `radius` is by fingerprint kind. With a `platform` it is
    for that one's items alone."""
    body = _given(
        name=name,
        stance=stance,
        radius=radius,
        labels=labels,
        provenance=provenance,
        note=note,
        platform=platform,
    )
    return Call(method="POST", path="/v1/banks", answer=Bank, json=_json.encode(body), key=_once())


def bank(name: str) -> Call[Bank]:
    """One bank."""
    return Call(method="GET", path=_bank(name), answer=Bank)


def change_bank(name: str, **changes: object) -> Call[Bank]:
    """Change `radius`, `labels`, `provenance`, `note`, `enabled` or `disabled_until`."""
    return Call(
        method="PATCH", path=_bank(name), answer=Bank, json=_json.encode(changes), key=_once()
    )


def delete_bank(name: str) -> Call[None]:
    """Take a bank out of use for good."""
    return Call(method="DELETE", path=_bank(name), gone_is_done=True)


def entries_page(
    bank: str, cursor: str | None = None, limit: int | None = None
) -> Call[Page[Entry]]:
    """A page of a bank's entries, the newest first."""
    return Call(
        method="GET",
        path=f"{_bank(bank)}/entries",
        answer=Page[Entry],
        params=_query(cursor=cursor, limit=limit),
    )


def add_text(bank: str, text: str, **options: object) -> Call[Entry]:
    """Add a text. `options`: labels, provenance, note, confidence, confirmed."""
    return _add(bank, {"text": text, **options})


def add_url(bank: str, url: str, **options: object) -> Call[Entry]:
    """Add a URL; `options` as for a text."""
    return _add(bank, {"url": url, **options})


def add_value(bank: str, kind: str, value: str, **options: object) -> Call[Entry]:
    """Add a fingerprint by its kind and value; `options` as for a text."""
    return _add(bank, {"kind": kind, "value": value, **options})


def add_file(
    bank: str,
    file: File,
    *,
    labels: Sequence[str] = (),
    provenance: str | None = None,
    note: str | None = None,
    confidence: int | None = None,
    confirmed: bool = False,
) -> Call[Entry]:
    """Add a file, such as a picture."""
    form = [("labels", label) for label in labels]
    form += [
        (name, str(value))
        for name, value in _given(provenance=provenance, note=note, confidence=confidence).items()
    ]
    if confirmed:
        form.append(("confirmed", "true"))
    path = f"{_bank(bank)}/entries"
    return Call(
        method="POST", path=path, answer=Entry, form=form, files=[("file", file)], key=_once()
    )


def entry(bank: str, id: str) -> Call[Entry]:
    """One entry."""
    return Call(method="GET", path=_entry(bank, id), answer=Entry)


def change_entry(bank: str, id: str, **changes: object) -> Call[Entry]:
    """Change `labels`, `provenance`, `note`, `confidence`, `enabled` or `disabled_until`."""
    return Call(
        method="PATCH", path=_entry(bank, id), answer=Entry, json=_json.encode(changes), key=_once()
    )


def delete_entry(bank: str, id: str) -> Call[None]:
    """Take an entry out of use for good."""
    return Call(method="DELETE", path=_entry(bank, id), gone_is_done=True)


def confirm_entry(bank: str, id: str) -> Call[Entry]:
    """Confirm an entry: from now on it may restrict by itself."""
    return Call(method="POST", path=f"{_entry(bank, id)}/confirm", answer=Entry, key=_once())


def refute_entry(bank: str, id: str) -> Call[Entry]:
    """Refute an entry: it matches no more."""
    return Call(method="POST", path=f"{_entry(bank, id)}/refute", answer=Entry, key=_once())


def _add(bank: str, body: Document) -> Call[Entry]:
    return Call(
        method="POST",
        path=f"{_bank(bank)}/entries",
        answer=Entry,
        json=_json.encode(body),
        key=_once(),
    )


def _bank(name: str) -> str:
    return f"/v1/banks/{_in_path(name)}"


def _entry(bank: str, id: str) -> str:
    return f"{_bank(bank)}/entries/{_in_path(id)}"


# Cases


def cases_page(
    queue: str | None = None,
    state: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
    order: str | None = None,
) -> Call[Page[Case]]:
    """A page of cases: what waits as people are given it, then what is decided. `state` may also be `waiting`:
    not decided. `order`: `priority`, of what waits alone, or `oldest`."""
    query = _query(queue=queue, state=state, cursor=cursor, limit=limit, order=order)
    return Call(method="GET", path="/v1/cases", answer=Page[Case], params=query)


def case(id: str) -> Call[CaseDetail]:
    """A case with everything that deciding it needs."""
    return Call(method="GET", path=_case(id), answer=CaseDetail)


def claim(id: str) -> Call[Case]:
    """Claim a case: an exclusive lease that expires."""
    return Call(method="POST", path=f"{_case(id)}/claim", answer=Case, key=_once())


def release(id: str) -> Call[Case]:
    """Give a claimed case back."""
    return Call(method="POST", path=f"{_case(id)}/release", answer=Case, key=_once())


def decide(id: str, decision: Decision | Document) -> Call[Case]:
    """Decide a case."""
    return Call(
        method="POST",
        path=f"{_case(id)}/decide",
        answer=Case,
        json=_json.encode(decision),
        key=_once(),
    )


def undo(decision: str) -> Call[Case]:
    """Undo a decision of one's own that has not left yet: its case is claimed again."""
    path = f"/v1/decisions/{_in_path(decision)}/undo"
    return Call(method="POST", path=path, answer=Case, key=_once())


def case_reports_page(id: str, cursor: str | None = None) -> Call[Page[ReportView]]:
    """A page of a case's reports, the first first."""
    query = _query(cursor=cursor)
    return Call(method="GET", path=f"{_case(id)}/reports", answer=Page[ReportView], params=query)


def _case(id: str) -> str:
    return f"/v1/cases/{_in_path(id)}"


# Outcomes


def actions_page(after: str | None = None, limit: int | None = None) -> Call[Page[Action]]:
    """Actions in order and without gaps. `next` is always there: come back with it."""
    return Call(
        method="GET",
        path="/v1/actions",
        answer=Page[Action],
        params=_query(after=after, limit=limit),
    )


def replay(action: str) -> Call[Replayed]:
    """Send an action's message once more."""
    path = f"/v1/actions/{_in_path(action)}/replay"
    return Call(method="POST", path=path, answer=Replayed, key=_once())


def ledger_page(after: str | None = None, limit: int | None = None) -> Call[Page[LedgerEntry]]:
    """Sealed ledger entries in order."""
    return Call(
        method="GET",
        path="/v1/ledger",
        answer=Page[LedgerEntry],
        params=_query(after=after, limit=limit),
    )


def policy() -> Call[Policy]:
    """The active policy pack."""
    return Call(method="GET", path="/v1/policy", answer=Policy)


def check_policy(source: str) -> Call[PolicyCheck]:
    """Check a pack's source (TOML) without storing it."""
    return Call(
        method="POST",
        path="/v1/policy/check",
        answer=PolicyCheck,
        json=_json.encode({"source": source}),
    )
