"""Prior information: what an authority tells a provider twelve hours before its first order (Article 3(2))."""

from tidegate.exchange.queries import get_party
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.orders.bodies import PriorInformation
from tidegate.orders.drafts.model import PriorIn, check_said
from tidegate.orders.messages.actions import send
from tidegate.orders.messages.model import StoredMessage
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.orders.drafted import authority_of


def inform(tx: Tx, instance: Instance, party_id: str, given: PriorIn) -> StoredMessage:
    """Send prior information; our first order may go twelve hours after the provider's signed receipt. Raises
    Refusal: 403, 404, 409, 422."""
    check_said("/procedures", given.procedures)
    check_said("/deadlines", given.deadlines)
    own = authority_of(tx, instance, "issue")
    provider = get_party(tx, party_id)
    if provider.kind != "platform":
        raise Refusal(
            "not-a-provider",
            409,
            "Prior information goes to providers",
            f"{provider.id} is registered as an authority.",
        )
    body = PriorInformation(given.procedures, given.deadlines)
    to = provider.id
    return send(tx, own, type="prior_information", order=None, order_id=None, to=to, body=body)
