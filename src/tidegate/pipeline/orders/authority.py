"""What an authority does with messages: answers to orders of its own, and what comes to its scrutiny desk; and
what follows once somebody has signed for a message of its own."""

from tidegate.pipeline.orders import desk, heard, received, referring
from tidegate.pipeline.orders.handling import Handler, ReceiptHook

HANDLERS: dict[str, Handler] = {
    "order.executed": heard.from_provider(heard.executed),
    "order.not_executed": heard.from_provider(heard.not_executed),
    "impediment.ended": heard.from_provider(heard.impediment_ended),
    "reinstated": heard.from_provider(heard.reinstated),
    "scrutiny.intention": heard.from_establishment(heard.intended),
    "scrutiny.decided": heard.from_establishment(heard.decided),
    "order.copy": desk.copied,
    "scrutiny.requested": desk.requested,
    "order.final": desk.order_over("final"),
    "order.revoked": desk.order_over("revoked"),
    "referral.answered": referring.answered,
}
RECEIPTS: dict[str, ReceiptHook] = {
    "prior_information": received.informed,
    "order.issued": received.delivered,
    "order.copy": received.copied,
    "order.clarified": received.clarified,
    "order.revoked": received.revoked,
    "referral.sent": referring.delivered,
}
