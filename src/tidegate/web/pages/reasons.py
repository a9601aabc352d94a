"""The reason of a decision made on the pages: a person's own words, or a template of the pack, finished."""

from typing import Any

from tidegate.infra.errors import bad_field
from tidegate.infra.wording import written
from tidegate.policy.model import Pack
from tidegate.policy.templates import finished, offered
from tidegate.web.pages.visit import Visit
from tidegate.web.words import spoken

SHORTEST = 10


def reason_of(visit: Visit, pack: Pack, body: dict[str, Any], bank: str | None) -> str:
    """What was written; where that is nothing, the sentence of the template that was chosen. `bank` is the
    one whose entry matched. Raises Refusal (422) for a reason that says nothing."""
    typed, name = visit.field("reason"), visit.field("template")
    if name and name not in {one.name for one in pack.templates}:
        raise bad_field("/template", "one of the policy pack's", repr(name[:60]))
    if len(typed) >= SHORTEST and written(typed) > SHORTEST // 2:
        return typed
    if typed or not name:
        got = f"{len(typed)} characters" if typed else "nothing"
        raise bad_field("/reason", f"a sentence of at least {SHORTEST} characters", got)
    outcome, label = body.get("outcome", ""), body.get("label")
    fitting = offered(pack.templates, outcome, label, matched=bank is not None)
    template = next((one for one in fitting if one.name == name), None)
    if template is None:
        names = ", ".join(one.name for one in fitting)
        raise bad_field("/template", f"one for this decision: {names or 'there is none'}", name)
    said, ground = pack.in_language(spoken().tag), body.get("ground")
    clause = ground["reference"] if ground else said.ground_for(label).reference
    called = said.label_called(label) if label else None
    return finished(template, label=called, entry=bank, clause=clause, language=spoken().tag)
