"""What the two sides of an order give to the inbox and the outbox: a handler for each type of message that
comes, and for some that went what follows from their receipt."""

from collections.abc import Callable, Sequence
from uuid import UUID

import msgspec

from tidegate.infra.db import Tx
from tidegate.orders.messages.model import Incoming, Problem, Receipt, StoredMessage
from tidegate.pipeline.instance import Instance


class Handled(msgspec.Struct, frozen=True):
    """What became of a message: of which order of ours it is, if of any, and what else is wrong with it. `told`:
    the number that whoever proves nothing is told in place of the order's id, which would say what is here."""

    order_id: UUID | None = None
    problems: Sequence[Problem] = ()
    told: UUID | None = None


Handler = Callable[[Tx, Instance, Incoming], Handled]
"""It may raise Refusal (413, 422): then nothing of the message is kept but that it came."""
ReceiptHook = Callable[[Tx, Instance, StoredMessage, Receipt], None]
"""What follows once the other side has it; called once for each message, in the transaction that says so."""


def not_ours(tx: Tx, instance: Instance, incoming: Incoming) -> Handled:
    """Of a type that we do not know, or that nobody sends to our kind of instance: it is kept."""
    return Handled(problems=("incomplete",))
