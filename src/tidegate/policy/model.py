"""Policy as pure types: rules, labels and packs, and what an evaluation says."""

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from tidegate.policy.cel import Binding, Condition, any_of
from tidegate.policy.queues import QueueRule
from tidegate.policy.templates import Template
from tidegate.policy.translations import Translation
from tidegate.policy.weights import Weights
from tidegate.signals.model import Match

Mode = Literal["draft", "shadow", "live", "retired"]
Outcome = Literal["review", "restrict", "escalate"]
Verdict = Literal["pass", "review", "restrict", "escalate"]
GroundKind = Literal["law", "terms", "order"]
# What a pack or a person may name; that something is a legal order's the program says itself.
NamedGround = Literal["law", "terms"]
Exemption = Literal["none", "news", "research", "art", "counter_speech"]

MODES: tuple[Mode, ...] = ("draft", "shadow", "live", "retired")
OUTCOMES: tuple[Outcome, ...] = ("review", "restrict", "escalate")
# From the weakest to the strongest.
VERDICTS: tuple[Verdict, ...] = ("pass", "review", "restrict", "escalate")
EXEMPTIONS: tuple[Exemption, ...] = ("none", "news", "research", "art", "counter_speech")


SEVERITY = 3  # of what nobody has said more of


class Ground(msgspec.Struct, frozen=True):
    """Why something may be done: a law, the platform's terms or a legal order, and where it says so."""

    kind: GroundKind
    reference: str


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """What content is called, in a decision and to the people concerned; `severity`, from 1 to 5, is how
    hard it is to look at. `words` is its name as people say it, where that is not `name` with spaces."""

    name: str
    text: str
    ground: Ground
    exemption_required: bool = False
    severity: int = SEVERITY
    words: str | None = None

    @property
    def called(self) -> str:
        """Its name as people say it."""
        return self.words or self.name.replace("_", " ")


class SecondEyes(msgspec.Struct, frozen=True, kw_only=True):
    """Which restrictions wait for another person: those of these scopes, on grounds of these kinds, under
    these labels; and with `news` those of what is news: its platform says so by an attribute of this name,
    or somebody had answered so before. Without `api` only people on the pages are asked."""

    scopes: tuple[str, ...] = ("account",)
    grounds: tuple[NamedGround, ...] = ("law",)
    labels: tuple[str, ...] = ()
    news: bool = True
    news_attribute: str = "news"
    api: bool = False


UNSPECIFIED = "unspecified"


def unspecified(ground: Ground) -> Label:
    """The default label of a pack that names no other, and does not say itself what this one means."""
    text = "Known content of which nobody has said what it is."
    return Label(name=UNSPECIFIED, text=text, ground=ground, exemption_required=True)


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A named, versioned rule: its outcome, when all conditions of `when` hold."""

    name: str
    version: int
    mode: Mode
    outcome: Outcome
    text: str
    when: tuple[Condition, ...]
    label: str | None = None

    @property
    def sources(self) -> list[str]:
        """The conditions as they are written."""
        return [condition.source for condition in self.when]


class Pack(msgspec.Struct, frozen=True, kw_only=True):
    """A policy pack, checked and compiled.

    `default_label` is that of a rule's restriction where neither the rule nor its match has one.
    `acting` are the rules that are evaluated (live and shadow), `uses` the variables that they read,
    `reads` the paths of them (`item.language`), and `binding` makes these. `sieve` is false exactly
    when none of the rules can fire or fail (None: too many for one expression).
    `private_digest_match`: private items are judged by digest matches too. `pass_unjudged`: types of
    media that cannot be judged and do not count as a problem. `second_eyes`: what waits for another person.
    `priority`: what the parts of a case's score are worth. `queues`: which queue a case goes to.
    `translations` are its texts in other languages than the one that it is written in, by language.
    """

    name: str
    version: int
    text: str
    ground: Ground
    default_label: str
    rules: tuple[Rule, ...]
    labels: Mapping[str, Label]
    templates: tuple[Template, ...] = ()
    exemptions: Mapping[str, str]
    private_digest_match: bool
    pass_unjudged: tuple[str, ...] = ()
    second_eyes: SecondEyes = SecondEyes()
    priority: Weights = Weights()
    queues: tuple[QueueRule, ...] = ()
    source: str
    digest: bytes
    translations: Mapping[str, Translation] = {}
    acting: tuple[Rule, ...] = ()
    uses: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()
    binding: Binding = Binding(frozenset())
    sieve: Condition | None = None

    @property
    def ident(self) -> str:
        """The name by which evaluations know this version: `tvec@1`."""
        return f"{self.name}@{self.version}"

    def in_language(self, language: str) -> "Pack":
        """The same pack with its texts in a language, as far as it has them: for people to read. What is
        decided by it is recorded as it is written."""
        found = self.translations.get(language) or self.translations.get(language.split("-")[0])
        return self if found is None else _translated(self, found)

    def ground_for(self, label: str | None) -> Ground:
        """The ground of a label, or the pack's own where there is none of that name."""
        known = self.labels.get(label) if label is not None else None
        return known.ground if known else self.ground

    def label_called(self, label: str) -> str:
        """What people call a label, also one that is none of the pack's."""
        known = self.labels.get(label)
        return known.called if known else label.replace("_", " ")

    def severity_of(self, labels: Iterable[str]) -> int:
        """How hard something under these labels is to look at: the hardest of them counts."""
        known = [self.labels[label].severity for label in labels if label in self.labels]
        return max(known, default=SEVERITY)


def _translated(pack: Pack, into: Translation) -> Pack:
    replace = msgspec.structs.replace
    return replace(
        pack,
        text=into.text or pack.text,
        ground=_in_words(pack.ground, into.ground),
        labels={
            name: label
            if (words := into.labels.get(name)) is None
            else replace(
                label,
                words=words.name or label.words,
                text=words.text or label.text,
                ground=_in_words(label.ground, words.ground),
            )
            for name, label in pack.labels.items()
        },
        exemptions={
            name: into.exemptions.get(name, text) for name, text in pack.exemptions.items()
        },
        rules=tuple(
            replace(rule, text=into.rules.get(rule.name, rule.text)) for rule in pack.rules
        ),
    )


def _in_words(ground: Ground, reference: str | None) -> Ground:
    return Ground(ground.kind, reference) if reference else ground


class PackProblem(msgspec.Struct, frozen=True, kw_only=True):
    """Something wrong in a pack, and where. Lines and columns count from 1."""

    message: str
    file: str
    rule: str | None = None
    condition: str | None = None
    line: int | None = None
    column: int | None = None
    hint: str | None = None

    def __str__(self) -> str:
        """One line for a terminal, in the form that editors can follow."""
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        rule = f" rule {self.rule}:" if self.rule else ""
        condition = f" (in `{self.condition}`)" if self.condition else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{place}:{rule} {self.message}{condition}{hint}"


class Because(msgspec.Struct, frozen=True, omit_defaults=True):
    """One condition of a rule with its result; `value` is null where it failed.

    `read` holds what it read, cut to a bounded size. It can hold parts of the content, so it goes
    when the item is erased.
    """

    condition: str
    value: bool | None
    read: Mapping[str, object] = {}
    error: str | None = None


class RuleResult(msgspec.Struct, frozen=True):
    """A rule that fired or failed. In mode `shadow` it is recorded and does not act."""

    rule: str
    version: int
    mode: Mode
    outcome: Outcome
    because: list[Because]


class Evaluated(msgspec.Struct, frozen=True):
    """What a pack says about some facts.

    `errors` counts the rules that failed. `rests_on` are the confirmed, exact matches that a
    restriction rests on, to be checked once more by the transaction that carries it out.
    """

    verdict: Verdict
    rules: list[RuleResult]
    errors: int = 0
    rests_on: list[Match] = []


def strongest(verdicts: Iterable[Verdict]) -> Verdict:
    """The strongest of these; `pass` if there are none."""
    ranks = [VERDICTS.index(verdict) for verdict in verdicts]
    return VERDICTS[max(ranks, default=0)]


def compiled(pack: Pack) -> Pack:
    """The pack with what evaluation needs, made from its rules."""
    acting = tuple(rule for rule in pack.rules if rule.mode in ("live", "shadow"))
    paths = uses_of([condition for rule in acting for condition in rule.when])
    return msgspec.structs.replace(
        pack,
        acting=acting,
        uses=frozenset(path.split(".")[0] for path in paths),
        reads=paths,
        binding=Binding(paths),
        sieve=any_of([list(rule.when) for rule in acting]) if acting else None,
    )


def promote(pack: Pack) -> Pack:
    """The pack with its draft rules live: what they would do, for a replay."""
    rules = tuple(
        msgspec.structs.replace(rule, mode="live") if rule.mode == "draft" else rule
        for rule in pack.rules
    )
    return compiled(msgspec.structs.replace(pack, rules=rules))


def uses_of(conditions: list[Condition]) -> frozenset[str]:
    """What some of the conditions read."""
    return frozenset[str]().union(*(condition.uses for condition in conditions))
