"""Referrals, on both sides. An authority refers URLs; at the platform each becomes a report, which people look at
under the platform's own terms, and once all are answered the answers go back. Nothing happens by a referral alone.
"""

from collections.abc import Mapping, Sequence
from typing import cast
from uuid import UUID

import msgspec

from tidegate.exchange.queries import get_party
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.ids import uuid7
from tidegate.intake.model import ReportIn
from tidegate.orders.bodies import Answer, Reason, Referral, ReferralAnswered
from tidegate.orders.drafts.actions import add_targets, note_carried, note_claimed
from tidegate.orders.drafts.model import (
    CarriedIn,
    Claim,
    ClaimedIn,
    ReasonIn,
    check_past,
    check_said,
)
from tidegate.orders.drafts.queries import ordered_about, referred_about
from tidegate.orders.drafts.targets import target_of_url
from tidegate.orders.messages.actions import carry, send
from tidegate.orders.messages.model import Incoming, Ours, Problem, Receipt, StoredMessage
from tidegate.orders.messages.queries import messages_of
from tidegate.orders.model import Direction
from tidegate.orders.referrals import actions as referrals
from tidegate.orders.referrals.model import (
    ENDED,
    AnswerIn,
    ReferralIn,
    ReferralItem,
    ReferralRow,
    check_answer,
    moved,
    not_open,
)
from tidegate.orders.referrals.queries import (
    referral_called,
    referral_of,
    referral_unknown,
    referred,
)
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.orders.drafted import authority_of, registered
from tidegate.pipeline.orders.handling import Handled, Handler
from tidegate.pipeline.orders.heard import read
from tidegate.pipeline.orders.lookup import Named, look_up
from tidegate.pipeline.orders.watching import Watching, about_referral
from tidegate.pipeline.oversight.checking import watch_referral
from tidegate.pipeline.own import Own, own_of
from tidegate.pipeline.report import submit_report

CLOCK = "referral.answer"
REASON = "referral"


class Before(msgspec.Struct, frozen=True):
    """A URL that was `referred` before, or that a live order is about: `ordered`."""

    url: str
    was: str


def refer(tx: Tx, instance: Instance, given: ReferralIn) -> tuple[ReferralRow, list[Before]]:
    """Refer URLs to a provider; also told is which of them were referred or ordered before. Raises Refusal:
    403, 422."""
    check_said("/terms_cited", given.terms_cited)
    check_said("/reasons", given.reasons)
    own = authority_of(tx, instance, "issue")
    provider = registered(tx, given.to)
    id = uuid7(tx.now)
    keys = _keys(instance, given.urls)
    known = _before(tx, keys)
    body = Referral(list(keys), given.terms_cited, given.reasons, given.language)
    referral = _row(tx, id, "out", own.organisation.id, str(id), provider.id, body)
    referrals.keep_referral(tx, referral, _items(list(keys)))
    add_targets(tx, id, "referral", keys.values())
    _send(tx, own, referral, "referral.sent", body)
    return referral, known


def refer_new(
    tx: Tx, instance: Instance, given: ReferralIn
) -> tuple[ReferralRow | None, list[Before]]:
    """Refer those of the URLs that were neither referred nor ordered before; None where all of them were. Raises
    Refusal: 403, 422."""
    authority_of(tx, instance, "issue")
    known = _before(tx, _keys(instance, given.urls))
    fresh = [url for url in given.urls if url not in {one.url for one in known}]
    if not fresh:
        return None, known
    return refer(tx, instance, msgspec.structs.replace(given, urls=fresh))[0], known


def _keys(instance: Instance, urls: Sequence[str]) -> dict[str, bytes]:
    """The digests of URLs, each once."""
    return {url: target_of_url(instance.secrets.terms_key, url) for url in urls}


def _before(tx: Tx, keys: Mapping[str, bytes]) -> list[Before]:
    """Those that were referred or ordered before."""
    ordered, again = ordered_about(tx, keys.values()), referred_about(tx, keys.values())
    return [
        Before(url, "ordered" if key in ordered else "referred")
        for url, key in keys.items()
        if key in ordered | again
    ]


def withdraw(tx: Tx, instance: Instance, id: UUID, given: ReasonIn) -> ReferralRow:
    """Take a referral back. Raises Refusal: 403, 404, 409, 422."""
    check_said("/reason", given.reason)
    own, referral = _ours(tx, instance, id)
    state = moved(referral.state, "withdraw")
    _send(tx, own, referral, "referral.withdrawn", Reason(given.reason))
    Watching(tx, instance).happen("referral.withdrawn", about_referral(id), tx.now)
    return referrals.step(tx, referral, state, withdrawn_reason=given.reason)


def carried(tx: Tx, instance: Instance, id: UUID, given: CarriedIn) -> Claim:
    """Write down that somebody brought a referral by hand. Raises Refusal: 403, 404, 422."""
    _ours(tx, instance, id)
    check_past(given.at, tx.now)
    for message in messages_of(tx, id):
        waits = message.direction == "out" and message.state in ("pending", "dead")
        if waits and message.type == "referral.sent":
            carry(tx, message.id)
    return note_carried(tx, id, given)


def claimed(tx: Tx, instance: Instance, id: UUID, given: ClaimedIn) -> Claim:
    """Write down what is said to have become of a referral. Raises Refusal: 403, 404, 422."""
    check_said("/state", given.state)
    _ours(tx, instance, id)
    check_past(given.at, tx.now)
    return note_claimed(tx, id, given)


def answer(tx: Tx, instance: Instance, id: UUID, n: int, given: AnswerIn) -> ReferralRow:
    """Say what became of a URL; with the last one the answers go back. Raises Refusal: 404, 409, 422."""
    check_answer(given)
    referral = referral_of(tx, id, lock=True)
    items = {one.n: one for one in referred(tx, id)}
    if referral.direction != "in" or n not in items:
        raise referral_unknown()
    if referral.state in ENDED or items[n].outcome is not None:
        raise not_open(referral.state)
    said = {"answered_by": tx.identity, "answered_at": tx.now}
    items[n] = msgspec.structs.replace(items[n], outcome=given.outcome, reason=given.reason, **said)
    referrals.answer_item(tx, id, items[n])
    if any(one.outcome is None for one in items.values()):
        return referral
    answers = [Answer(one.url, one.outcome, one.reason) for one in items.values() if one.outcome]
    own = own_of(tx, instance)
    if referral.verified:
        _send(tx, own, referral, "referral.answered", ReferralAnswered(answers))
    Watching(tx, instance, "provider").happen("referral.answered", about_referral(id), tx.now)
    return referrals.step(tx, referral, moved(referral.state, "answer"), answered_at=tx.now)


def came(tx: Tx, instance: Instance, incoming: Incoming) -> Handled:
    """A referral comes: each URL is reported, where somebody is known to have signed it."""
    body, faults = read(incoming)
    envelope = incoming.envelope
    if faults or envelope.order is None:
        return Handled(problems=("incomplete",))
    party = incoming.party
    wrong: list[Problem] = []
    if party is not None and party.kind != "authority":
        wrong.append("not-competent")
    said, good = cast("Referral", body), not incoming.doubtful and not wrong
    if good and (known := referral_called(tx, "in", envelope.from_, envelope.order)) is not None:
        return Handled(known.id)
    id, own = uuid7(tx.now), incoming.own
    referral = _row(tx, id, "in", envelope.from_, envelope.order, envelope.to, said)
    referral = msgspec.structs.replace(
        referral,
        state="open" if good else "doubtful",
        verified=good,
        problems=[*incoming.problems, *wrong],
        received_at=tx.now,
    )
    items = _items(list(dict.fromkeys(said.urls)))
    if good:
        items = [_reported(tx, instance, own, referral, one) for one in items]
        watching = Watching(tx, instance, "provider")
        subject, ours = about_referral(id), own.organisation
        watching.start(CLOCK, subject, "referral.received", tx.now, ours, id)
    referrals.keep_referral(tx, referral, items)
    return Handled(id, wrong, id)


def taken_back(tx: Tx, instance: Instance, incoming: Incoming) -> Handled:
    """Its issuer withdraws a referral; the reports stay, for people to close."""
    body, faults = read(incoming)
    envelope = incoming.envelope
    referral = referral_called(tx, "in", envelope.from_, envelope.order)
    if faults or referral is None:
        return Handled(problems=("incomplete",))
    if not incoming.doubtful and referral.state not in ENDED:
        reason = cast("Reason", body).reason
        referrals.step(tx, referral, "withdrawn", withdrawn_reason=reason)
        watching = Watching(tx, instance, "provider")
        watching.happen("referral.withdrawn", about_referral(referral.id), tx.now)
    return Handled(referral.id)


def answered(tx: Tx, instance: Instance, incoming: Incoming) -> Handled:
    """The answers come back: whatever they are, the referral is answered."""
    body, faults = read(incoming)
    envelope = incoming.envelope
    referral = referral_called(tx, "out", envelope.to, envelope.order)
    if referral is None:
        return Handled(problems=("incomplete",))
    if envelope.from_ != referral.recipient:
        return Handled(referral.id, ("not-competent",))
    if faults:
        return Handled(referral.id, ("incomplete",))
    if incoming.doubtful or referral.state in ENDED:
        return Handled(referral.id)
    said = {one.url: one for one in cast("ReferralAnswered", body).answers}
    for item in referred(tx, referral.id):
        if (one := said.get(item.url)) is not None:
            told = {"outcome": one.outcome, "reason": one.reason}
            by = {"answered_by": envelope.from_, "answered_at": tx.now}
            item = msgspec.structs.replace(item, **told, **by)
            referrals.answer_item(tx, referral.id, item)
    if all(one.outcome is not None for one in referred(tx, referral.id)):
        watching = Watching(tx, instance)
        watching.happen("referral.answered", about_referral(referral.id), tx.now)
        state = moved(referral.state, "answer")
        referrals.step(tx, referral, state, answered_at=tx.now)
    return Handled(referral.id)


def delivered(tx: Tx, instance: Instance, message: StoredMessage, receipt: Receipt) -> None:
    """From the provider's receipt on the time runs that was agreed."""
    assert message.order_id is not None
    referral = referral_of(tx, message.order_id, lock=True)
    at = receipt.received_at
    if referral.state not in ENDED:
        provider = get_party(tx, referral.recipient)
        subject = about_referral(referral.id)
        Watching(tx, instance).start(CLOCK, subject, "referral.received", at, provider, referral.id)
    if referral.state != "withdrawn":
        watch_referral(tx, referral, at)
    known = {"received_at": at, "problems": list(receipt.problems)}
    referrals.step(tx, referral, moved(referral.state, "deliver"), **known)


def _reported(
    tx: Tx, instance: Instance, own: Ours, referral: ReferralRow, item: ReferralItem
) -> ReferralItem:
    """The URL as a report, about the post that it is, where it is one; what cannot be reported, of a post that
    was erased say, is left for a person to answer."""
    hosts, key = own.organisation.hosts, instance.secrets.terms_key
    post = look_up(tx, key, hosts, [Named(item.url)])[0].item
    id = f"referral-{referral.id}-{item.n}"
    report = ReportIn(
        id=id,
        channel="referral",
        reason=REASON,
        created_at=tx.now,
        comment=referral.reasons,
        reporter=referral.issuer,
        item_id=None if post is None else post.external_id,
        url=item.url if post is None else None,
    )
    try:
        with tx.savepoint():
            submit_report(
                tx, instance, report, platform="default" if post is None else post.platform
            )
    except Refusal:
        return item
    return msgspec.structs.replace(item, report=id)


def _row(
    tx: Tx, id: UUID, direction: Direction, issuer: str, ref: str, recipient: str, said: Referral
) -> ReferralRow:
    return ReferralRow(
        id=id,
        direction=direction,
        issuer=issuer,
        referral_ref=ref,
        recipient=recipient,
        state="sent",
        verified=True,
        problems=[],
        terms_cited=said.terms_cited,
        reasons=said.reasons,
        language=said.language,
        created_by=tx.actor,
        created_at=tx.now,
        received_at=None,
        answered_at=None,
        withdrawn_reason=None,
    )


def _items(urls: Sequence[str]) -> list[ReferralItem]:
    return [ReferralItem(n=n, url=url) for n, url in enumerate(urls, 1)]


def _ours(tx: Tx, instance: Instance, id: UUID) -> tuple[Own, ReferralRow]:
    own, referral = authority_of(tx, instance, "issue"), referral_of(tx, id, lock=True)
    if referral.direction != "out":
        raise referral_unknown()
    return own, referral


def _send(tx: Tx, own: Own, referral: ReferralRow, type: str, body: msgspec.Struct) -> None:
    """Send something about a referral to the other side of it."""
    to = referral.recipient if referral.direction == "out" else referral.issuer
    ref = referral.referral_ref
    send(tx, own, type=type, order=ref, order_id=referral.id, to=to, body=body)


AT_PLATFORM: dict[str, Handler] = {"referral.sent": came, "referral.withdrawn": taken_back}
