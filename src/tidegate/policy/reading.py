"""Reading a pack: from TOML to a checked and compiled `Pack`, or to every problem with its place.

Nothing is loaded that has a problem; as many problems as possible are found at once.
"""

import hashlib
import re
from typing import Any, TypeVar, cast

from tidegate.policy import toml
from tidegate.policy.cel import Condition, compile_condition
from tidegate.policy.hints import Advice, advise, did_you_mean, misnamed
from tidegate.policy.model import (
    EXEMPTIONS,
    MODES,
    OUTCOMES,
    UNSPECIFIED,
    Ground,
    GroundKind,
    Label,
    Mode,
    Outcome,
    Pack,
    PackProblem,
    Rule,
    compiled,
    unspecified,
    uses_of,
)
from tidegate.policy.source import Place, Section, Source

MAX_SOURCE = 512_000
MAX_RULES = 200
MAX_LABELS = 500
MAX_CONDITIONS = 20
MAX_CONDITION = 2_000
MAX_TEXT = 2_000
MAX_PROBLEMS = 100  # told at once: finding the place of each takes a walk through the source

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_GROUND_KINDS: tuple[GroundKind, ...] = ("law", "terms")
_KEYS = {
    "": ("pack", "private", "labels", "exemptions", "rules"),
    "pack": ("name", "version", "text", "ground", "default_label"),
    "private": ("digest_match",),
    "label": ("text", "ground", "exemption_required"),
    "ground": ("kind", "reference"),
    "rule": ("name", "version", "mode", "outcome", "text", "when", "label"),
}
T = TypeVar("T")
_KIND_NAMES: dict[type, str] = {str: "a text", int: "a whole number", bool: "true or false"}


class InvalidPack(Exception):
    """A pack that cannot be used; `problems` says why, in the order of the file."""

    def __init__(self, problems: list[PackProblem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def load_pack(source: str, file: str = "pack.toml") -> Pack:
    """Read, check and compile a pack. Raises InvalidPack with every problem found."""
    return _Reader(source, file).read()


def check_source(source: str, file: str = "pack.toml") -> list[PackProblem]:
    """The problems of a pack; none: it can be used."""
    try:
        load_pack(source, file)
    except InvalidPack as invalid:
        return invalid.problems
    return []


class _Table:
    """A table of the file while it is read; remembers where it stands and whose it is."""

    def __init__(
        self, name: str, data: dict[str, Any], section: Section | None, rule: str | None = None
    ) -> None:
        self.name = name
        self.data = data
        self.section = section
        self.rule = rule


class _Reader:
    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.source = Source(text)
        self.problems: list[PackProblem] = []

    def read(self) -> Pack:
        document = self._parse()
        root = _Table("the file", document, self.source.section(""))
        self._known(root, "")
        if "rules" in document and not isinstance(document["rules"], list):
            rules_table = _Table("`rules`", {}, self.source.outermost("rules"))
            message = "`rules` must be an array of tables"
            self._problem(rules_table, "rules", message, "write `[[rules]]` over each rule")
        head = self._table(root, "pack", required=True)
        self._known(head, "pack")
        name = self._name(head)
        version = self._positive(head, "version")
        text = self._text(head, "text", "")
        ground = self._ground(head)
        private = self._table(root, "private")
        self._known(private, "private")
        digest_match = self._value(private, "digest_match", bool, False)
        labels = self._labels(root)
        default_label = self._default_label(head, ground, labels)
        exemptions = self._exemptions(root)
        rules = self._rules(document.get("rules", []), labels)
        if self.problems:
            raise InvalidPack(sorted(self.problems, key=lambda one: one.line or 0))
        return compiled(
            Pack(
                name=name,
                version=version,
                text=text,
                ground=ground,
                default_label=default_label,
                rules=tuple(rules),
                labels=labels,
                exemptions=exemptions,
                private_digest_match=digest_match,
                source=self.text,
                digest=hashlib.sha256(self.text.encode()).digest(),
            )
        )

    def _parse(self) -> dict[str, Any]:
        if len(self.text) > MAX_SOURCE:
            message = f"a pack has at most {MAX_SOURCE} characters, this has {len(self.text)}"
            raise InvalidPack([PackProblem(message=message, file=self.file)])
        try:
            return toml.parse(self.text)
        except toml.NotToml as error:
            problem = PackProblem(
                message=error.why,
                file=self.file,
                line=error.place and error.place.line,
                column=error.place and error.place.column,
            )
            raise InvalidPack([problem]) from None

    # What every table shares.

    def _problem(
        self, table: _Table, key: str | None, message: str, hint: str | None = None
    ) -> None:
        place = self.source.key(table.section, key)
        self._note(
            PackProblem(
                message=message,
                file=self.file,
                rule=table.rule,
                line=place.line if place else None,
                column=place.column if place else None,
                hint=hint,
            )
        )

    def _note(self, problem: PackProblem) -> None:
        """One more; with a hundred of them reading ends, for they may be without number."""
        self.problems.append(problem)
        if len(self.problems) == MAX_PROBLEMS:
            self.problems.sort(key=lambda one: one.line or 0)
            more = f"there may be more: only {MAX_PROBLEMS} problems are told at once"
            raise InvalidPack([*self.problems, PackProblem(message=more, file=self.file)])

    def _known(self, table: _Table, kind: str) -> None:
        for key in table.data:
            if key not in _KEYS[kind]:
                message = f"{table.name} has no key `{key}`"
                if not kind:  # the file itself: the key may be a table's name
                    table = _Table(table.name, table.data, self.source.outermost(key))
                self._problem(table, key, message, did_you_mean(key, _KEYS[kind]))

    def _value(self, table: _Table, key: str, kind: type[T], default: T | None = None) -> T:
        """The value of a key; the default, or an empty value, where it is missing or wrong."""
        if key not in table.data:
            if default is None:
                self._problem(table, None, f"{table.name} lacks `{key}`")
                return kind()
            return default
        value = table.data[key]
        if type(value) is not kind:
            self._problem(
                table, key, f"`{key}` must be {_KIND_NAMES[kind]}, this is {_shown(value)}"
            )
            return kind()
        return value

    def _text(self, table: _Table, key: str, default: str | None = None) -> str:
        text = self._value(table, key, str, default)
        if len(text) > MAX_TEXT or "\0" in text:
            self._problem(table, key, f"`{key}` must have at most {MAX_TEXT} characters, no NUL")
        return text

    def _name(self, table: _Table) -> str:
        name = self._value(table, "name", str)
        if "name" in table.data and not _NAME.fullmatch(name):
            self._problem(table, "name", "a name has 1 to 64 of: letters, digits, `_`, `-`")
        return name

    def _positive(self, table: _Table, key: str) -> int:
        number = self._value(table, key, int)
        if key in table.data and not 0 < number < 2**31:
            self._problem(table, key, f"`{key}` must be at least 1")
        return number

    def _choice(self, table: _Table, key: str, options: tuple[T, ...], default: T) -> T:
        value = self._value(table, key, str)
        for option in options:
            if option == value:
                return option
        if isinstance(table.data.get(key), str):
            names = [str(option) for option in options]
            self._problem(table, key, f"unknown {key} `{value}`", did_you_mean(value, names))
        return default

    def _table(self, parent: _Table, key: str, required: bool = False) -> _Table:
        data = parent.data.get(key)
        if data is None and required:
            self._problem(parent, None, f"{parent.name} lacks the table `[{key}]`")
        elif data is not None and not isinstance(data, dict):
            self._problem(parent, key, f"`{key}` must be a table")
        section = self.source.section(key)
        known = cast(dict[str, Any], data) if isinstance(data, dict) else {}
        return _Table(f"`[{key}]`", known, section)

    # The parts of a pack.

    def _ground(self, table: _Table) -> Ground:
        data = table.data.get("ground")
        if not isinstance(data, dict):
            self._problem(
                table,
                "ground",
                f"{table.name} needs a ground",
                "e.g. `ground = { kind = 'terms', reference = 'Terms of service, section 4' }`",
            )
            return Ground("terms", "")
        # Written inline, so its keys are found on the line of `ground`.
        ground = _Table("`ground`", cast(dict[str, Any], data), table.section, table.rule)
        self._known(ground, "ground")
        kind: GroundKind = self._choice(ground, "kind", _GROUND_KINDS, "terms")
        return Ground(kind, self._text(ground, "reference"))

    def _labels(self, root: _Table) -> dict[str, Label]:
        labels: dict[str, Label] = {}
        parent = self._table(root, "labels")
        for name, data in parent.data.items():
            section = self.source.section(f"labels.{name}")
            if len(labels) == MAX_LABELS:
                self._problem(parent, name, f"a pack has at most {MAX_LABELS} labels")
                break
            if not isinstance(data, dict):
                self._problem(parent, name, f"the label `{name}` must be a table")
                data = {}
            table = _Table(f"the label `{name}`", cast(dict[str, Any], data), section)
            if not _NAME.fullmatch(name):
                self._problem(table, None, "a label has 1 to 64 of: letters, digits, `_`, `-`")
            self._known(table, "label")
            labels[name] = Label(
                name=name,
                text=self._text(table, "text"),
                ground=self._ground(table),
                exemption_required=self._value(table, "exemption_required", bool, False),
            )
        return labels

    def _default_label(self, head: _Table, ground: Ground, labels: dict[str, Label]) -> str:
        """The label of what has none. A pack need not name one, nor have the label `unspecified`:
        packs of before there was a default keep working."""
        name = self._value(head, "default_label", str, UNSPECIFIED)
        if name == UNSPECIFIED:
            labels.setdefault(name, unspecified(ground))
        elif name not in labels and head.data["default_label"] == name:
            hint = did_you_mean(name, labels)
            self._problem(head, "default_label", f"unknown label `{name}`", hint)
        return name

    def _exemptions(self, root: _Table) -> dict[str, str]:
        table = self._table(root, "exemptions")
        for name in table.data:
            if name not in EXEMPTIONS:
                hint = did_you_mean(name, EXEMPTIONS)
                self._problem(table, name, f"unknown exemption `{name}`", hint)
        return {name: self._text(table, name) for name in EXEMPTIONS if name in table.data}

    def _rules(self, entries: Any, labels: dict[str, Label]) -> list[Rule]:
        rules: list[Rule] = []
        names: set[str] = set()
        if not isinstance(entries, list):
            return rules
        for number, data in enumerate(cast(list[Any], entries)):
            section = self.source.section("rules", number)
            fields = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
            table = _Table("a rule", fields, section)
            if number == MAX_RULES:
                self._problem(table, None, f"a pack has at most {MAX_RULES} rules")
                break
            name = self._name(table)
            table.rule = name[:64] or None
            if name in names:
                self._problem(table, "name", f"there is another rule `{name}`")
            names.add(name)
            rules.append(self._rule(table, name, labels))
        return rules

    def _rule(self, table: _Table, name: str, labels: dict[str, Label]) -> Rule:
        self._known(table, "rule")
        label = self._value(table, "label", str, "")
        if label and label not in labels:
            self._problem(table, "label", f"unknown label `{label}`", did_you_mean(label, labels))
        outcome: Outcome = self._choice(table, "outcome", OUTCOMES, "review")
        mode: Mode = self._choice(table, "mode", MODES, "draft")
        version = self._positive(table, "version")
        when = self._conditions(table, labels)
        if outcome == "restrict" and when is not None and "matches" not in uses_of(when):
            self._problem(
                table,
                "when",
                "a rule that restricts must rest on `matches`",
                "ask for a confirmed, exact match, or let the outcome be `review`",
            )
        text = self._text(table, "text")
        return Rule(
            name=name,
            version=version,
            mode=mode,
            outcome=outcome,
            text=text,
            when=tuple(when or ()),
            label=label or None,
        )

    def _conditions(self, table: _Table, labels: dict[str, Label]) -> list[Condition] | None:
        """The compiled conditions; None, with the problems noted, if any is wrong."""
        sources = table.data.get("when")
        if not isinstance(sources, list) or not sources:
            hint = "`when` is a list of conditions that must all hold"
            self._problem(table, "when", "a rule needs at least one condition", hint)
            return None
        before = len(self.problems)
        listed = cast(list[Any], sources)
        if len(listed) > MAX_CONDITIONS:
            self._problem(table, "when", f"a rule has at most {MAX_CONDITIONS} conditions")
            return None
        conditions: list[Condition] = []
        offsets = self.source.strings(table.section, "when", listed)
        for source, offset in zip(listed, offsets, strict=True):
            if not isinstance(source, str) or not source.strip():
                self._problem(
                    table, "when", f"a condition must be a text, this is {_shown(source)}"
                )
            elif len(source) > MAX_CONDITION or "\0" in source:
                message = f"a condition has at most {MAX_CONDITION} characters, and no NUL"
                self._problem(table, "when", message)
            else:
                conditions += self._condition(table, source, offset, labels)
        return conditions if len(self.problems) == before else None

    def _condition(
        self, table: _Table, source: str, offset: int | None, labels: dict[str, Label]
    ) -> list[Condition]:
        for advice in misnamed(source, labels):
            self._advice(table, source, offset, advice)
        result = compile_condition(source)
        if isinstance(result, Condition):
            return [result]
        for advice in advise(source, result):
            self._advice(table, source, offset, advice)
        return []

    def _advice(self, table: _Table, source: str, offset: int | None, advice: Advice) -> None:
        """Note what is wrong in a condition that begins at `offset` of the file."""
        if offset is not None:
            place = self.source.place(offset + advice.offset)
        else:  # written with escapes: the line of `when`, the column within the condition
            key = self.source.key(table.section, "when")
            place = Place(key.line if key else 1, advice.offset + 1)
        self._note(
            PackProblem(
                message=advice.message,
                file=self.file,
                rule=table.rule,
                condition=source,
                line=place.line,
                column=place.column,
                hint=advice.hint,
            )
        )


def _shown(value: object) -> str:
    """A value as a message shows it, however large it is."""
    try:
        return f"{value!r:.60}"
    except ValueError:
        return "a number of too many digits"
