"""The active policy pack, read only: its rules, labels and exemptions, and the versions kept."""

import msgspec

from tidegate.policy.model import Ground, Label
from tidegate.policy.queries import StoredPack, list_packs
from tidegate.web.pages.page import PageRoute, Visit


class RuleView(msgspec.Struct, frozen=True):
    name: str
    version: int
    mode: str
    outcome: str
    text: str
    label: str | None
    when: list[str]


class PolicyPage(msgspec.Struct, frozen=True):
    """What everything is judged by now, with its source as it was stored."""

    pack: str
    text: str
    ground: Ground
    private_digest_match: bool
    rules: list[RuleView]
    labels: list[Label]
    exemptions: dict[str, str]
    source: str
    stored: list[StoredPack]


def show(visit: Visit) -> PolicyPage:
    packs = visit.instance.packs
    with visit.begin() as tx:
        packs.refresh(tx)
        stored = list_packs(tx)
    pack = packs.pack
    rules = [
        RuleView(
            rule.name,
            rule.version,
            rule.mode,
            rule.outcome,
            rule.text,
            rule.label,
            [condition.source for condition in rule.when],
        )
        for rule in pack.rules
    ]
    return PolicyPage(
        pack.ident,
        pack.text,
        pack.ground,
        pack.private_digest_match,
        rules,
        list(pack.labels.values()),
        dict(pack.exemptions),
        pack.source,
        stored,
    )


pages = [PageRoute(path="/policy", handler=show, scope="policy:read", template="policy.html")]
