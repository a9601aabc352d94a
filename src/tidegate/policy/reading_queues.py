"""Reading a pack's rules for queues, each checked with its place."""

from collections.abc import Iterable
from typing import Any, cast

from tidegate.policy.cel import QUEUES
from tidegate.policy.fields import NAME, Fields, Table
from tidegate.policy.queues import NOT_BY_RULE, OF_INCIDENTS, QueueRule
from tidegate.policy.reading_conditions import read_conditions

MAX_QUEUES = 100


def read_queues(fields: Fields, entries: Any, labels: Iterable[str]) -> list[QueueRule]:
    """The rules, in the order of the pack; what is wrong with them is noted in `fields`."""
    found: list[QueueRule] = []
    if not isinstance(entries, list):
        table = Table("`queues`", {}, fields.source.outermost("queues"))
        message = "`queues` must be an array of tables"
        fields.problem(table, "queues", message, "write `[[queues]]` over each rule")
        return found
    names: set[str] = set()
    for number, data in enumerate(cast("list[Any]", entries)):
        given = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
        table = Table("a rule for queues", given, fields.source.section("queues", number))
        if number == MAX_QUEUES:
            fields.problem(table, None, f"a pack has at most {MAX_QUEUES} rules for queues")
            break
        fields.known(table, "queue rule")
        name = fields.name(table)
        table.rule = name[:64] or None
        if name in names:
            fields.problem(table, "name", f"there is another rule for queues `{name}`")
        names.add(name)
        queue = _queue(fields, table)
        when = read_conditions(fields, table, labels, QUEUES)
        text = fields.text(table, "text", "")
        found.append(QueueRule(name=name, queue=queue, when=tuple(when or ()), text=text))
    return found


def _queue(fields: Fields, table: Table) -> str:
    queue = fields.value(table, "queue", str)
    if "queue" not in table.data:
        return queue
    if not NAME.fullmatch(queue):
        fields.problem(table, "queue", "a queue has 1 to 64 of: letters, digits, `_`, `-`")
    elif queue in NOT_BY_RULE or queue.startswith(OF_INCIDENTS):
        message = f"no rule leads to the queue `{queue}`"
        hint = "`entries`, `senior` and those of incidents have what comes there by itself"
        fields.problem(table, "queue", message, hint)
    return queue
