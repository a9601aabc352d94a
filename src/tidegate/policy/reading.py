"""Reading a pack: from TOML to a checked and compiled `Pack`, or to every problem with its place.

Nothing is loaded that has a problem; as many problems as possible are found at once.
"""

import hashlib
import re
from typing import Any, cast

from tidegate.policy import toml
from tidegate.policy.fields import NAME, RESERVED, Fields, InvalidPack, Table
from tidegate.policy.hints import did_you_mean
from tidegate.policy.model import (
    EXEMPTIONS,
    MODES,
    OUTCOMES,
    SEVERITY,
    UNSPECIFIED,
    Ground,
    Label,
    Mode,
    NamedGround,
    Outcome,
    Pack,
    PackProblem,
    Rule,
    SecondEyes,
    compiled,
    unspecified,
    uses_of,
)
from tidegate.policy.reading_conditions import read_conditions
from tidegate.policy.reading_queues import read_queues
from tidegate.policy.reading_templates import read_templates
from tidegate.policy.reading_translations import read_translations
from tidegate.policy.reading_weights import read_weights

MAX_SOURCE = 512_000
MAX_RULES = 200
MAX_LABELS = 500

_TYPES = re.compile(r"\*|[a-z]+/(\*|[a-z0-9][a-z0-9.+-]{0,99})")
_SCOPES = re.compile("account|item")
_GROUNDS = re.compile("law|terms")
_GROUND_KINDS: tuple[NamedGround, ...] = ("law", "terms")


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


class _Reader(Fields):
    """Reads the parts of a pack."""

    def read(self) -> Pack:
        document = self._parse()
        root = Table("the file", document, self.source.section(""))
        self.known(root, "")
        if "rules" in document and not isinstance(document["rules"], list):
            rules_table = Table("`rules`", {}, self.source.outermost("rules"))
            message = "`rules` must be an array of tables"
            self.problem(rules_table, "rules", message, "write `[[rules]]` over each rule")
        head = self.table(root, "pack", required=True)
        self.known(head, "pack")
        name = self.name(head)
        version = self.positive(head, "version")
        text = self.text(head, "text", "")
        ground = self._ground(head)
        private = self.table(root, "private")
        self.known(private, "private")
        digest_match = self.value(private, "digest_match", bool, False)
        media = self.table(root, "media")
        self.known(media, "media")
        passing = self.texts(media, "pass_unjudged", _TYPES, "types, `audio/ogg`, `audio/*` or `*`")
        labels = self._labels(root)
        default_label = self._default_label(head, ground, labels)
        exemptions = self._exemptions(root)
        rules = self._rules(document.get("rules", []), labels)
        templates = read_templates(self, document.get("templates", []), labels)
        translations = read_translations(
            self, root, labels, exemptions, [rule.name for rule in rules]
        )
        second_eyes = self._second_eyes(root, labels)
        priority = read_weights(self, root)
        queues = read_queues(self, document.get("queues", []), labels)
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
                templates=tuple(templates),
                exemptions=exemptions,
                translations=translations,
                private_digest_match=digest_match,
                pass_unjudged=tuple(passing),
                second_eyes=second_eyes,
                priority=priority,
                queues=tuple(queues),
                source=self.source.text,
                digest=hashlib.sha256(self.source.text.encode()).digest(),
            )
        )

    def _parse(self) -> dict[str, Any]:
        if len(self.source.text) > MAX_SOURCE:
            message = (
                f"a pack has at most {MAX_SOURCE} characters, this has {len(self.source.text)}"
            )
            raise InvalidPack([PackProblem(message=message, file=self.file)])
        try:
            return toml.parse(self.source.text)
        except toml.NotToml as error:
            problem = PackProblem(
                message=error.why,
                file=self.file,
                line=error.place and error.place.line,
                column=error.place and error.place.column,
            )
            raise InvalidPack([problem]) from None

    def _ground(self, table: Table) -> Ground:
        data = table.data.get("ground")
        if not isinstance(data, dict):
            self.problem(
                table,
                "ground",
                f"{table.name} needs a ground",
                "e.g. `ground = { kind = 'terms', reference = 'Terms of service, section 4' }`",
            )
            return Ground("terms", "")
        # Written inline, so its keys are found on the line of `ground`.
        ground = Table("`ground`", cast(dict[str, Any], data), table.section, table.rule)
        self.known(ground, "ground")
        if ground.data.get("kind") == "order":
            self.problem(ground, "kind", RESERVED, "write `law` or `terms`")
            return Ground("terms", "")
        kind: NamedGround = self.choice(ground, "kind", _GROUND_KINDS, "terms")
        return Ground(kind, self.text(ground, "reference"))

    def _labels(self, root: Table) -> dict[str, Label]:
        labels: dict[str, Label] = {}
        parent = self.table(root, "labels")
        for name, data in parent.data.items():
            section = self.source.section(f"labels.{name}")
            if len(labels) == MAX_LABELS:
                self.problem(parent, name, f"a pack has at most {MAX_LABELS} labels")
                break
            if not isinstance(data, dict):
                self.problem(parent, name, f"the label `{name}` must be a table")
                data = {}
            table = Table(f"the label `{name}`", cast(dict[str, Any], data), section)
            if not NAME.fullmatch(name):
                self.problem(table, None, "a label has 1 to 64 of: letters, digits, `_`, `-`")
            self.known(table, "label")
            labels[name] = Label(
                name=name,
                text=self.text(table, "text"),
                ground=self._ground(table),
                exemption_required=self.value(table, "exemption_required", bool, False),
                severity=self._severity(table),
            )
        return labels

    def _severity(self, table: Table) -> int:
        severity = self.value(table, "severity", int, SEVERITY)
        if not 1 <= severity <= 5 and type(table.data["severity"]) is int:
            self.problem(table, "severity", "`severity` is 1 (easy to look at) to 5 (the hardest)")
        return severity

    def _second_eyes(self, root: Table, labels: dict[str, Label]) -> SecondEyes:
        table, usual = self.table(root, "second_eyes"), SecondEyes()
        self.known(table, "second_eyes")
        given = table.data
        named = self.texts(table, "labels", NAME, "labels of the pack")
        for label in named:
            if label not in labels:
                hint = did_you_mean(label, labels)
                self.problem(table, "labels", f"unknown label `{label}`", hint)
        scopes = self.texts(table, "scopes", _SCOPES, "scopes, `account` or `item`")
        grounds = self.texts(table, "grounds", _GROUNDS, "kinds of grounds, `law` or `terms`")
        attribute = self.text(table, "news_attribute", usual.news_attribute)
        return SecondEyes(
            scopes=tuple(scopes) if "scopes" in given else usual.scopes,
            grounds=tuple(kind for kind in _GROUND_KINDS if kind in grounds)
            if "grounds" in given
            else usual.grounds,
            labels=tuple(named),
            news=self.value(table, "news", bool, usual.news),
            news_attribute=attribute,
            api=self.value(table, "api", bool, usual.api),
        )

    def _default_label(self, head: Table, ground: Ground, labels: dict[str, Label]) -> str:
        """The label of what has none. A pack need not name one, nor have the label `unspecified`:
        packs of before there was a default keep working."""
        name = self.value(head, "default_label", str, UNSPECIFIED)
        if name == UNSPECIFIED:
            labels.setdefault(name, unspecified(ground))
        elif name not in labels and head.data["default_label"] == name:
            hint = did_you_mean(name, labels)
            self.problem(head, "default_label", f"unknown label `{name}`", hint)
        return name

    def _exemptions(self, root: Table) -> dict[str, str]:
        table = self.table(root, "exemptions")
        for name in table.data:
            if name not in EXEMPTIONS:
                hint = did_you_mean(name, EXEMPTIONS)
                self.problem(table, name, f"unknown exemption `{name}`", hint)
        return {name: self.text(table, name) for name in EXEMPTIONS if name in table.data}

    def _rules(self, entries: Any, labels: dict[str, Label]) -> list[Rule]:
        rules: list[Rule] = []
        names: set[str] = set()
        if not isinstance(entries, list):
            return rules
        for number, data in enumerate(cast(list[Any], entries)):
            section = self.source.section("rules", number)
            fields = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
            table = Table("a rule", fields, section)
            if number == MAX_RULES:
                self.problem(table, None, f"a pack has at most {MAX_RULES} rules")
                break
            name = self.name(table)
            table.rule = name[:64] or None
            if name in names:
                self.problem(table, "name", f"there is another rule `{name}`")
            names.add(name)
            rules.append(self._rule(table, name, labels))
        return rules

    def _rule(self, table: Table, name: str, labels: dict[str, Label]) -> Rule:
        self.known(table, "rule")
        label = self.value(table, "label", str, "")
        if label and label not in labels:
            self.problem(table, "label", f"unknown label `{label}`", did_you_mean(label, labels))
        outcome: Outcome = self.choice(table, "outcome", OUTCOMES, "review")
        mode: Mode = self.choice(table, "mode", MODES, "draft")
        version = self.positive(table, "version")
        when = read_conditions(self, table, labels)
        if outcome == "restrict" and when is not None and "matches" not in uses_of(when):
            self.problem(
                table,
                "when",
                "a rule that restricts must rest on `matches`",
                "ask for a confirmed, exact match, or let the outcome be `review`",
            )
        text = self.text(table, "text")
        return Rule(
            name=name,
            version=version,
            mode=mode,
            outcome=outcome,
            text=text,
            when=tuple(when or ()),
            label=label or None,
        )
