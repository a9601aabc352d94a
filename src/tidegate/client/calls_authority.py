"""More functions as those of `calls.py`, one a route: what an authority does with orders of its own, at its scrutiny
desk and with referrals. Answers are objects as the API has them; all that binds takes a person's key."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import msgspec

from tidegate.client.call import Call
from tidegate.client.model import Page

Answer = dict[str, Any]
Moment = datetime | str
"""A time with an offset."""


def draft_order(draft: Mapping[str, Any]) -> Call[Answer]:
    """Draft an order: Annex I's fields that are not derived, `to`, `true_purpose` and `public`."""
    return _post("/v1/orders", draft)


def submit_order(id: str) -> Call[Answer]:
    """Say that a draft is complete."""
    return _post(f"{_order(id)}/submit")


def approve_order(id: str) -> Call[Answer]:
    """Approve what somebody else drafted."""
    return _post(f"{_order(id)}/approve")


def issue_order(
    id: str, deconfliction: Mapping[str, str], emergency: str | None = None
) -> Call[Answer]:
    """Issue an approved order: with the `answer` of who else investigates, or the reasons of a `waiver`; in an
    emergency with its reasons."""
    urgent = {} if emergency is None else {"emergency": {"reasons": emergency}}
    return _post(f"{_order(id)}/issue", {"deconfliction": deconfliction} | urgent)


def clarify_order(id: str, answer: str) -> Call[Answer]:
    """Answer what the provider asked."""
    return _post(f"{_order(id)}/clarify", {"answer": answer})


def revoke_order(id: str, reason: str) -> Call[Answer]:
    """End an order, or withdraw a draft."""
    return _post(f"{_order(id)}/revoke", {"reason": reason})


def extend_order(id: str, until: Moment, reason: str) -> Call[Answer]:
    """Leave the author uninformed for longer, once."""
    return _post(f"{_order(id)}/extend", {"until": until, "reason": reason})


def preserve_order(id: str, until: Moment, reason: str) -> Call[Answer]:
    """Ask for what was taken down to be kept for longer, for an ongoing review."""
    return _post(f"{_order(id)}/preserve", {"until": until, "reason": reason})


def ask_access(id: str, purpose: str, case: str) -> Call[Answer]:
    """Ask to see what is kept."""
    return _post(f"{_order(id)}/access", {"purpose": purpose, "case": case})


def finalise_order(id: str) -> Call[Answer]:
    """Say that an executed order is final."""
    return _post(f"{_order(id)}/final")


def order_carried(id: str, channel: str, at: Moment, evidence: str | None = None) -> Call[Answer]:
    """Write down that somebody brought an order by hand."""
    return _post(f"{_order(id)}/carried", _carried(channel, at, evidence))


def order_claimed(
    id: str, state: str, at: Moment, text: str | None = None, evidence: str | None = None
) -> Call[Answer]:
    """Write down what is said to have become of an order."""
    return _post(f"{_order(id)}/claimed", _claimed(state, at, text, evidence))


def inform_provider(id: str, procedures: str, deadlines: str) -> Call[Answer]:
    """Send a provider prior information, twelve hours before our first order to it."""
    body = {"procedures": procedures, "deadlines": deadlines}
    return _post(f"/v1/registry/{quote(id, safe='')}/prior-information", body)


def scrutinies_page(
    state: str | None = None, cursor: str | None = None, limit: int | None = None
) -> Call[Page[Answer]]:
    """A page of the scrutiny desk, the newest first."""
    return _page("/v1/scrutinies", state=state, cursor=cursor, limit=limit)


def scrutiny(id: str) -> Call[Answer]:
    """An order at the scrutiny desk."""
    return Call(method="GET", path=_scrutiny(id), answer=Answer)


def intend_infringement(id: str, reasons: str) -> Call[Answer]:
    """Tell the issuer that an infringement is going to be found."""
    return _post(f"{_scrutiny(id)}/intention", {"reasons": reasons})


def decide_scrutiny(id: str, finding: str, reasons: str) -> Call[Answer]:
    """Decide: `infringement` or `none`."""
    return _post(f"{_scrutiny(id)}/decide", {"finding": finding, "reasons": reasons})


def communicate_scrutiny(id: str) -> Call[Answer]:
    """Tell the decision to the issuer, the provider and who asked."""
    return _post(f"{_scrutiny(id)}/communicate")


def scrutiny_carried(
    id: str, channel: str, at: Moment, evidence: str | None = None
) -> Call[Answer]:
    """Write down that a decision was brought to somebody by hand."""
    return _post(f"{_scrutiny(id)}/carried", _carried(channel, at, evidence))


def refer(referral: Mapping[str, Any]) -> Call[Answer]:
    """Refer `urls` `to` a provider, with `terms_cited`, `reasons` and `language`."""
    return _post("/v1/referrals", referral)


def referrals_page(
    direction: str | None = None,
    state: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Call[Page[Answer]]:
    """A page of referrals, the newest first."""
    return _page("/v1/referrals", direction=direction, state=state, cursor=cursor, limit=limit)


def referral(id: str) -> Call[Answer]:
    """A referral with what became of each URL."""
    return Call(method="GET", path=_referral(id), answer=Answer)


def answer_referral(id: str, n: int, outcome: str, reason: str | None = None) -> Call[Answer]:
    """Say what became of a referred URL; of one that is kept, why."""
    body = {"outcome": outcome} | ({} if reason is None else {"reason": reason})
    return _post(f"{_referral(id)}/items/{n}/answer", body)


def withdraw_referral(id: str, reason: str) -> Call[Answer]:
    """Take a referral back."""
    return _post(f"{_referral(id)}/withdraw", {"reason": reason})


def referral_carried(
    id: str, channel: str, at: Moment, evidence: str | None = None
) -> Call[Answer]:
    """Write down that somebody brought a referral by hand."""
    return _post(f"{_referral(id)}/carried", _carried(channel, at, evidence))


def referral_claimed(
    id: str, state: str, at: Moment, text: str | None = None, evidence: str | None = None
) -> Call[Answer]:
    """Write down what is said to have become of a referral."""
    return _post(f"{_referral(id)}/claimed", _claimed(state, at, text, evidence))


def _carried(channel: str, at: Moment, evidence: str | None) -> dict[str, Any]:
    return {"channel": channel, "at": at} | _given(evidence=evidence)


def _claimed(state: str, at: Moment, text: str | None, evidence: str | None) -> dict[str, Any]:
    return {"state": state, "at": at} | _given(text=text, evidence=evidence)


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _order(id: str) -> str:
    return f"/v1/orders/{quote(id, safe='')}"


def _scrutiny(id: str) -> str:
    return f"/v1/scrutinies/{quote(id, safe='')}"


def _referral(id: str) -> str:
    return f"/v1/referrals/{quote(id, safe='')}"


def _page(path: str, **given: Any) -> Call[Page[Answer]]:
    query = {name: str(value) for name, value in _given(**given).items()}
    return Call(method="GET", path=path, answer=Page[Answer], params=query)


def _post(path: str, body: Mapping[str, Any] | None = None) -> Call[Answer]:
    json, key = msgspec.json.encode(body or {}), uuid4().hex
    return Call(method="POST", path=path, answer=Answer, json=json, key=key)
