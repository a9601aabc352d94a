"""An order of ours on its way out: drafted, submitted, approved by another person, issued.

To issue is one commit: the order with its reference, the signed message, the copy for the authority of the
establishment, and the clock of that. Of two orders about the same content at once, one is issued.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tidegate.content.model import url_digest
from tidegate.exchange.model import Organisation, Party
from tidegate.exchange.queries import parties, party
from tidegate.infra.db import Tx
from tidegate.infra.errors import FieldError, Refusal, bad_field
from tidegate.infra.ids import uuid7
from tidegate.infra.times import told
from tidegate.orders import drafting
from tidegate.orders.annex_rules import check_annex1, silence_ends, unknown_hosts
from tidegate.orders.annexes import Addressee, Annex1, derive, issue
from tidegate.orders.drafting import Drafted, Issuing
from tidegate.orders.drafts.actions import (
    add_targets,
    change_draft,
    keep_draft,
    keep_issued,
    step,
    take_turns,
)
from tidegate.orders.drafts.model import DraftIn, DraftRow, IssueIn, read_given
from tidegate.orders.drafts.queries import draft_of, has_ordered, informed_at, live_about
from tidegate.orders.drafts.targets import targets_of
from tidegate.orders.messages.actions import send
from tidegate.orders.messages.queries import message_jws
from tidegate.orders.model import ItemOfOrder, OrderRow
from tidegate.orders.queries import order_of, order_unknown
from tidegate.orders.reading import beside
from tidegate.orders.referrals.queries import referral_of
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.orders.watching import Watching, about_order, about_party
from tidegate.pipeline.own import Own, own_of
from tidegate.signals.fingerprints.url import canonical

_NUMBERS = "orders issued"


class Mine(msgspec.Struct, frozen=True):
    """An order of ours whose row the transaction holds, how it came about, and whom it is for."""

    own: Own
    order: OrderRow
    draft: DraftRow
    addressee: Party


def authority_of(tx: Tx, instance: Instance, function: str) -> Own:
    """Whom we speak for. Raises Refusal: 503; 403 where that is no authority with this function."""
    own = own_of(tx, instance)
    if own.organisation.kind != "authority" or function not in own.organisation.functions:
        raise Refusal(
            "not-competent",
            403,
            "This organisation has not that function",
            f"{own.organisation.id} is no authority with the function {function!r}. Nothing was written. Where it is"
            f" one, say so: `tidegate organisation set` with all its functions, {function} among them.",
        )
    return own


def begin(tx: Tx, instance: Instance, given: DraftIn) -> OrderRow:
    """Keep a draft, complete or not. Raises Refusal (403, 422)."""
    own = authority_of(tx, instance, "issue")
    addressee = registered(tx, given.to)
    _check_cited(tx, given.cites)
    id = uuid7(tx.now)
    annex, _ = _derived(tx, instance, own, addressee, given.annex)
    order = OrderRow(
        id=id,
        direction="out",
        kind="order",
        issuer=own.organisation.id,
        order_ref=str(id),
        reference=None,
        recipient=addressee.id,
        state="draft",
        verified=True,
        problems=[],
        received_at=None,
        issued_at=None,
        channel="drafted",
        annex=told(annex),
        contradictory=False,
        non_disclosure_until=None,
        non_disclosure_first=None,
        disclosed_at=None,
        due_at=None,
        created_at=tx.now,
    )
    draft = DraftRow(
        order_id=id,
        given=given.annex,
        language=given.language or _common(own.organisation, addressee),
        true_purpose=given.true_purpose,
        public=None if given.public is None else msgspec.to_builtins(given.public),
        cites=given.cites,
        drafted_by=tx.identity,
        submitted_by=None,
        approved_by=None,
        issued_by=None,
        deconfliction=None,
        emergency=None,
        copy_to=None,
        ended_reason=None,
    )
    keep_draft(tx, order, draft)
    return order


def submit(tx: Tx, instance: Instance, order_id: UUID) -> OrderRow:
    """Say that a draft is complete. Raises Refusal: 404, 409; 422 with what is missing."""
    mine = mine_of(tx, instance, order_id)
    annex, problems = _derived(tx, instance, mine.own, mine.addressee, mine.draft.given)
    at_most = _silent_at_most(annex, mine.own.organisation.zone)
    state = drafting.submitted(_guarded(mine, problems, at_most))
    change_draft(tx, order_id, submitted_by=tx.identity)
    return step(tx, mine.order, "submit", state, annex=told(annex))


def approve(tx: Tx, instance: Instance, order_id: UUID) -> OrderRow:
    """Approve what somebody else drafted and submitted. Raises Refusal: 404, 409."""
    mine = mine_of(tx, instance, order_id)
    state = drafting.approved(_guarded(mine), tx.identity)
    change_draft(tx, order_id, approved_by=tx.identity)
    return step(tx, mine.order, "approve", state)


def send_out(tx: Tx, instance: Instance, order_id: UUID, given: IssueIn) -> OrderRow:
    """Issue an approved order. Raises Refusal: 404; 409 "order-exists", "deconfliction-open", "too-early";
    422 "language"."""
    mine = mine_of(tx, instance, order_id)
    own, addressee = mine.own, mine.addressee
    take_turns(tx)
    annex, problems = _derived(tx, instance, own, addressee, mine.draft.given)
    keys = targets_of(instance.secrets.terms_key, annex.items)
    first = not has_ordered(tx, addressee.id)
    issuing = Issuing(
        now=tx.now,
        others=live_about(tx, keys, beside=order_id),
        deconfliction=given.deconfliction,
        first=first,
        informed=informed_at(tx, addressee.id) if first else None,
        emergency=given.emergency,
        language=mine.draft.language,
        languages=addressee.languages,
    )
    state = drafting.issued(mine.order.state, issuing)  # pyright: ignore[reportArgumentType]
    if problems:  # the registry may have changed since it was submitted
        raise drafting.incomplete(problems)
    annex = issue(annex, at=tx.now, reference=_reference(tx, own))
    order = step(
        tx,
        mine.order,
        "issue",
        state,
        annex=told(annex),
        reference=annex.reference,
        issued_at=tx.now,
        non_disclosure_until=annex.non_disclosure and annex.non_disclosure.until,
    )
    add_targets(tx, order_id, "order", keys)
    keep_issued(tx, order, _items(tx, instance, order, annex, addressee))
    _waive(tx, instance, mine, given)
    _send(tx, instance, mine, order, annex, given)
    return order


def mine_of(tx: Tx, instance: Instance, order_id: UUID) -> Mine:
    """An order of ours, which is the transaction's until the end. Raises Refusal: 403, 404, 503."""
    own = authority_of(tx, instance, "issue")
    order = order_of(tx, order_id, lock=True)
    draft = draft_of(tx, order_id)
    if order.direction != "out" or draft is None:
        raise order_unknown()
    return Mine(own, order, draft, registered(tx, order.recipient))


def scrutinising(tx: Tx, member_state: str) -> Party | None:
    """The registered authority that scrutinises orders to providers established in a state: a confirmed one
    before one that is known by name alone."""
    found = parties(tx, kind="authority", member_state=member_state)
    able = [one for one in found if "scrutinise" in one.functions or one.state == "named"]
    return min(able, key=lambda one: one.state != "confirmed", default=None)


def registered(tx: Tx, id: str, pointer: str = "/to") -> Party:
    """A platform that is registered. Raises Refusal (422)."""
    found = party(tx, id)
    if found is None or found.kind != "platform":
        raise bad_field(pointer, "the id of a registered platform", id[:60])
    return found


def _derived(
    tx: Tx, instance: Instance, own: Own, addressee: Party, given: dict[str, Any]
) -> tuple[Annex1, list[FieldError]]:
    """Annex I as it stands with what is registered now, and all that is wrong with it."""
    drafted, faults = read_given(given)
    ours = own.organisation
    establishment = scrutinising(tx, addressee.member_state)
    annex = derive(
        drafted,
        member_state=ours.member_state,
        addressee=Addressee(addressee.name, addressee.contact_email, addressee.member_state),
        establishment=establishment and establishment.name,
        establishment_contact=establishment and (establishment.contact_email or None),
        redress=instance.redress.get(ours.member_state),
    )
    templates = instance.wording.templates
    return annex, beside(faults, check_annex1(annex, zone=ours.zone, templates=templates))


def _check_cited(tx: Tx, cites: UUID | None) -> None:
    """Raises Refusal (422) for a referral that is none of ours."""
    if cites is None:
        return
    try:
        ours = referral_of(tx, cites).direction == "out"
    except Refusal:
        ours = False
    if not ours:
        raise bad_field("/cites", "the id of a referral of ours", str(cites))


def _silent_at_most(annex: Annex1, zone: str) -> datetime | None:
    """When the author has to be told at the latest, where the draft says later."""
    said = annex.non_disclosure
    if said is None or said.decided_at is None or said.until is None:
        return None
    at_most = silence_ends(said.decided_at, zone)
    return at_most if said.until > at_most else None


def _guarded(
    mine: Mine, problems: Sequence[FieldError] = (), at_most: datetime | None = None
) -> Drafted:
    draft = mine.draft
    return Drafted(
        state=mine.order.state,  # pyright: ignore[reportArgumentType]
        drafted_by=draft.drafted_by,
        submitted_by=draft.submitted_by,
        public=draft.seen,
        true_purpose=draft.true_purpose,
        problems=problems,
        silent_at_most=at_most,
    )


def _common(ours: Organisation, addressee: Party) -> str | None:
    """The language in which we write to them when nobody says which."""
    return next((one for one in ours.languages if one in addressee.languages), None)


def _reference(tx: Tx, own: Own) -> str:
    """A number that no other order of ours ever has."""
    number = tx.next_number(_NUMBERS)
    return f"{own.organisation.member_state}-{tx.now.year}-{number:06}"


def _items(
    tx: Tx, instance: Instance, order: OrderRow, annex: Annex1, addressee: Party
) -> list[tuple[ItemOfOrder, bytes | None]]:
    elsewhere = set(unknown_hosts(annex, addressee.hosts))
    found: list[tuple[ItemOfOrder, bytes | None]] = []
    for n, one in enumerate(annex.items, 1):
        form = canonical(one.url)
        item = ItemOfOrder(
            order_id=order.id,
            n=n,
            url=one.url,
            state="open",
            problems=["host-unknown"] if n in elsewhere else [],
            candidates=[],
            item_id=None,
            measure=None,
            at=None,
            provisional=False,
            hold_id=None,
            decision_id=None,
            since=tx.now,
        )
        key = instance.secrets.terms_key
        found.append((item, None if form is None else url_digest(key, form.encode())))
    return found


def _waive(tx: Tx, instance: Instance, mine: Mine, given: IssueIn) -> None:
    """An emergency that waives prior information ends the wait for it."""
    if given.emergency is not None:
        subject = about_party(mine.addressee.id)
        Watching(tx, instance).happen("prior_information.waived", subject, tx.now)


def _send(
    tx: Tx, instance: Instance, mine: Mine, order: OrderRow, annex: Annex1, given: IssueIn
) -> None:
    """Queue the order, and its copy with the order as it was sent."""
    own, body = mine.own, told(annex)
    said = {"order": order.order_ref, "order_id": order.id}
    sent = send(tx, own, type="order.issued", to=order.recipient, body=body, **said)  # pyright: ignore[reportArgumentType]
    copy_to: str | None = None
    if annex.cross_border.applies:
        watching = Watching(tx, instance)
        subject = about_order(order.id)
        ours = own.organisation
        watching.start("tco.copy", subject, "order.issued", tx.now, ours, order.id)
        establishment = scrutinising(tx, mine.addressee.member_state)
        if establishment is not None:
            copy_to = establishment.id
            jws = message_jws(tx, sent.id).decode()
            copied = body | {"jws": jws}
            send(tx, own, type="order.copy", to=copy_to, body=copied, **said)  # pyright: ignore[reportArgumentType]
    change_draft(
        tx,
        order.id,
        issued_by=tx.identity,
        deconfliction=given.deconfliction and msgspec.to_builtins(given.deconfliction),
        emergency=given.emergency and given.emergency.reasons,
        copy_to=copy_to,
    )
