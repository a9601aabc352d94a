"""What `orders` names of its own."""

from tidegate.infra.scopes import Scope
from tidegate.infra.slices import Slice, Verbs


def _verbs() -> Verbs:
    from tidegate.orders.messages.witness import MessageWitness

    return Verbs(witnesses=(MessageWitness,))


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
        Scope("oversight:sign", "sign decisions of oversight", roles=("approver",)),
    ),
    keeps={
        "order_messages": "signed letters between organisations, which prove when who said what",
        "order_refusals": "that somebody tried to send one, and when",
    },
    verbs=_verbs,
)
