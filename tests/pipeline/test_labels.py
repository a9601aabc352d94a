"""A restriction has a label, by every path: without one nobody is asked whether it is exempt."""

from collections.abc import Callable
from typing import Any

import pytest

from tidegate.content.model import ItemRow
from tidegate.decisions.actions import record
from tidegate.decisions.queries import decisions_of
from tidegate.infra.errors import Refusal
from tidegate.pipeline.instance import Instance
from tidegate.policy.actions import activate_pack, store_pack
from tidegate.policy.model import Ground
from tidegate.signals import fingerprints
from tidegate.signals.banks.actions import add_entry, create_bank
from tidegate.signals.banks.model import BankIn

KNOWN = "join the armed fight on friday at the old bridge and bring the others with you"
Submit = Callable[..., tuple[ItemRow, dict[str, Any]]]

# As an earlier release shipped it: no default label, and no label `unspecified`.
OF_BEFORE = """
[pack]
name = "of-before"
version = 1
ground = { kind = "terms", reference = "Terms, section 4" }
[labels.propaganda]
text = "Propaganda."
ground = { kind = "terms", reference = "Terms, section 5" }
[[rules]]
name = "known"
version = 1
mode = "live"
outcome = "restrict"
text = "Known."
when = ["matches.exists(m, m.confirmed && m.exact)"]
"""
CHOSEN = OF_BEFORE.replace("version = 1\n", 'version = 2\ndefault_label = "propaganda"\n', 1)


@pytest.mark.parametrize("labels", [[], ["no label of the pack"]])
@pytest.mark.parametrize(
    ("source", "label", "ground"),
    [
        (None, "unspecified", "Terms of service: terrorist and violent extremist content"),
        (OF_BEFORE, "unspecified", "Terms, section 4"),
        (CHOSEN, "propaganda", "Terms, section 5"),
    ],
)
def test_a_rule_on_an_unlabelled_match_acts_under_the_packs_default_label(
    instance: Instance,
    submit: Submit,
    labels: list[str],
    source: str | None,
    label: str,
    ground: str,
) -> None:
    with instance.database.begin() as tx:
        create_bank(tx, BankIn(name="unlabelled", stance="known"))
        add_entry(tx, "unlabelled", fingerprints.of_text(KNOWN), labels=labels, confirmed=True)
        if source is not None:
            pack = store_pack(tx, source)
            activate_pack(tx, pack.name, pack.version)
    item, answer = submit("one", KNOWN)
    assert answer["verdict"] == "restrict"
    with instance.database.begin() as tx:
        (decision,) = decisions_of(tx, item.id)
    assert (decision.outcome, decision.label, decision.exemption) == ("restrict", label, None)
    assert decision.ground == Ground("terms", ground)


def test_no_path_records_a_restriction_without_a_label(instance: Instance, submit: Submit) -> None:
    item, _ = submit("one")
    with (
        pytest.raises(Refusal) as refused,
        instance.database.begin() as tx,
    ):
        record(tx, item=item, revision=1, outcome="restrict", reason="x", decided_by="rule:x")
    assert [error.pointer for error in refused.value.errors] == ["/label"]
    with instance.database.begin() as tx:
        assert decisions_of(tx, item.id) == []
