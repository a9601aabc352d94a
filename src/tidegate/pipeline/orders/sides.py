"""What each kind of instance does with messages: with those that come, and with the receipts of those that
went. An instance is of one kind; some types come to both, and mean something else to each."""

from tidegate.exchange.model import Kind
from tidegate.pipeline.orders import authority, platform, referring
from tidegate.pipeline.orders.handling import Handler, ReceiptHook
from tidegate.pipeline.oversight import heard as oversight

HANDLERS: dict[Kind, dict[str, Handler]] = {
    "platform": platform.HANDLERS | referring.AT_PLATFORM | oversight.AT_PLATFORM,
    "authority": authority.HANDLERS | oversight.AT_AUTHORITY,
}
RECEIPTS: dict[Kind, dict[str, ReceiptHook]] = {
    "platform": platform.RECEIPTS,
    "authority": authority.RECEIPTS,
}
