"""What `orders` names of its own."""

from tidegate.infra.scopes import Scope
from tidegate.infra.slices import Gauge, Slice, Verbs


def _verbs() -> Verbs:
    from tidegate.infra.db import Tx
    from tidegate.orders.drafts.witness import DraftWitness
    from tidegate.orders.messages.witness import MessageWitness
    from tidegate.orders.queries import count_provisional
    from tidegate.orders.witness import OrderWitness

    def gauges(tx: Tx) -> list[Gauge]:
        text = "Items that a legal order took down provisionally, and that wait for a person"
        return [Gauge("tidegate_orders_provisional", text, count_provisional(tx))]

    return Verbs(gauges=gauges, witnesses=(OrderWitness, MessageWitness, DraftWitness))


ORDERS = Slice(
    name="orders",
    scopes=(
        Scope(
            "orders:read",
            "read legal orders, their clocks and messages",
            roles=("legal", "officer", "approver", "compliance", "auditor"),
        ),
        Scope(
            "orders:execute",
            "execute and answer orders and referrals, open what lies under them",
            roles=("legal",),
            implies="orders:read",
        ),
        Scope(
            "orders:draft",
            "draft and send orders and referrals",
            roles=("officer",),
            implies="orders:read",
        ),
        Scope(
            "orders:approve",
            "approve orders that others drafted, decide at the scrutiny desk",
            roles=("approver",),
            implies="orders:read",
        ),
        Scope(
            "oversight:read",
            "read what is overseen",
            roles=("analyst", "compliance", "auditor"),
        ),
        Scope(
            "oversight:write",
            "write down what is overseen",
            roles=("analyst",),
            implies="oversight:read",
        ),
        Scope(
            "oversight:sign",
            "sign decisions of oversight",
            roles=("approver",),
            implies="oversight:read",
        ),
    ),
    keeps={
        "orders": "what authorities ordered, which is answered for, and issued",
        "order_items": "the addresses that they named, and what was done there",
        "order_item_states": "each state of these with its time, for the supervision of both sides",
        "order_proposals": "what one person proposed, until another agrees",
        "order_copies": "which posts were proposed as copies, by id",
        "order_receipts": "when an order came, by which way, and the file that it came as",
        "order_documents": "the answers to orders, as they were signed",
        "order_drafts": "how orders of ours came about, for whom supervises us",
        "order_states": "each state of these with its time and who brought it there",
        "order_targets": "digests of what orders are about, so that nothing is ordered twice",
        "order_claims": "what people wrote down of orders that were brought by hand",
        "scrutinies": "orders of other authorities, and what was decided about them",
        "scrutiny_requests": "who asked for that, which the law gives a time to answer",
        "referrals": "what authorities asked us to look at, and we others",
        "referral_items": "the addresses, and what was answered about each",
        "order_messages": "signed letters between organisations, which prove when who said what",
        "order_refusals": "that somebody tried to send one, and when",
    },
    verbs=_verbs,
)
