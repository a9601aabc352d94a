"""The active policy pack, read only: its rules, labels and exemptions, and the versions kept."""

import msgspec

from tidegate.policy.queries import PolicyView, StoredPack, list_packs, policy_view
from tidegate.web.pages.page import PageRoute
from tidegate.web.pages.visit import Visit


class PolicyPage(msgspec.Struct, frozen=True):
    """What everything is judged by now, with its source as it was stored."""

    policy: PolicyView
    source: str
    stored: list[StoredPack]


def show(visit: Visit) -> PolicyPage:
    with visit.begin() as tx:
        pack = visit.instance.pack(tx)
        return PolicyPage(policy_view(pack, visit.instance.offences), pack.source, list_packs(tx))


pages = [PageRoute(path="/policy", handler=show, scope="policy:read", template="policy.html")]
