"""The slices in the order in which data flows, then what lies under them: the one list that the
worker, erasure, keys, webhooks and metrics are put together from.

A new slice is a line here. Loading this loads what the slices declare, not what they do.
"""

from tidegate.access.model import Scopes
from tidegate.access.slice import ACCESS
from tidegate.clocks.slice import CLOCKS
from tidegate.content.slice import CONTENT
from tidegate.decisions.slice import DECISIONS
from tidegate.enforcement.slice import ENFORCEMENT
from tidegate.exchange.slice import EXCHANGE
from tidegate.infra.slice import INFRA
from tidegate.intake.slice import INTAKE
from tidegate.ledger.slice import LEDGER
from tidegate.orders.slice import ORDERS
from tidegate.oversight.slice import OVERSIGHT
from tidegate.policy.slice import POLICY
from tidegate.review.slice import REVIEW
from tidegate.signals.slice import SIGNALS
from tidegate.triage.slice import TRIAGE

SLICES = (
    CLOCKS,
    CONTENT,
    SIGNALS,
    POLICY,
    DECISIONS,
    INTAKE,
    TRIAGE,
    REVIEW,
    ENFORCEMENT,
    EXCHANGE,
    ORDERS,
    OVERSIGHT,
    LEDGER,
    ACCESS,
    INFRA,
)
SCOPES = Scopes(
    (scope for one in SLICES for scope in one.scopes),
    channels=[channel for one in SLICES for channel in one.channels],
)
# What a new webhook gets.
MESSAGE_TYPES = tuple(type for one in SLICES for type in one.messages)
