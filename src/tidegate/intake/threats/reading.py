"""Reading a threat pack: from TOML to a checked `ThreatPack`, or to every problem with its place.

As with policy packs, nothing is loaded that has a problem, and as many as possible are told at once.
"""

import hashlib
import re
from typing import Any, cast

from msgspec.structs import replace

from tidegate.intake.threats.model import (
    CONTEXTS,
    ELEMENTS,
    MODES,
    REACHES,
    ContextKind,
    Element,
    Mode,
    Pattern,
    Reach,
    ThreatPack,
)
from tidegate.intake.threats.wording import Sequence, Unreadable, digest, named, read_phrase
from tidegate.policy import toml
from tidegate.policy.fields import NAME, Fields, InvalidPack, Table, shown
from tidegate.policy.hints import did_you_mean
from tidegate.policy.model import PackProblem
from tidegate.signals.fingerprints.skeleton import skeleton

MAX_SOURCE = 512_000
MAX_PATTERNS = 500
MAX_GROUPS = 300
MAX_PHRASES = 2_000  # of a group or a pattern
MAX_PHRASE = 2_000  # characters
MOST_WINDOW = 5
MOST_POINTS = 40
MOST_ENOUGH = 100

_LANGUAGE = re.compile(r"[a-z]{2,3}")
_KEYS: dict[str, tuple[str, ...]] = {
    "": ("pack", "affixes", "spelling", "words", "patterns"),
    "pack": ("name", "version", "language", "text", "items", "window", "enough", "mode"),
    "affixes": ("before", "after"),
    "spelling": ("words",),
    "pattern": (
        *("name", "element", "mode", "text", "phrases", "together", "across", "kind", "reach"),
        *("firm", "exact", "points", "beside", "grave", "each"),
    ),
}


def load_threat_pack(source: str, file: str = "pack.toml") -> ThreatPack:
    """Read and check a pack. Raises InvalidPack with every problem found."""
    return _Reader(source, file).read()


def check_threat_pack(source: str, file: str = "pack.toml") -> list[PackProblem]:
    """The problems of a pack; none: it can be used."""
    try:
        load_threat_pack(source, file)
    except InvalidPack as invalid:
        return invalid.problems
    return []


class _Reader(Fields):
    """Reads the parts of a pack."""

    def __init__(self, text: str, file: str) -> None:
        super().__init__(text, file)
        self._groups: dict[str, tuple[Sequence, ...]] = {}
        self._digests: dict[str, bytes] = {}

    def known(self, table: Table, kind: str) -> None:
        for key in table.data:
            if key not in _KEYS[kind]:
                if not kind:  # the file itself: the key may be a table's name
                    table = Table(table.name, table.data, self.source.outermost(key))
                message = f"{table.name} has no key `{key}`"
                self.problem(table, key, message, did_you_mean(key, _KEYS[kind]))

    def read(self) -> ThreatPack:
        document = self._parse()
        root = Table("the file", document, self.source.section(""))
        self.known(root, "")
        head = self.table(root, "pack", required=True)
        self.known(head, "pack")
        name, version = self.name(head), self.positive(head, "version")
        language = self.value(head, "language", str)
        if "language" in head.data and not _LANGUAGE.fullmatch(language):
            self.problem(
                head, "language", "`language` is a code of two or three letters, e.g. `en`"
            )
        mode: Mode = self.choice(head, "mode", MODES, "live") if "mode" in head.data else "live"
        affixes, spelling = self.table(root, "affixes"), self.table(root, "spelling")
        self.known(affixes, "affixes")
        self.known(spelling, "spelling")
        before, after = self._skeletons(affixes, "before"), self._skeletons(affixes, "after")
        words = self._skeletons(spelling, "words")
        self._read_groups(self.table(root, "words"))
        patterns = self._patterns(document.get("patterns", []), mode, (before, after))
        pack = ThreatPack(
            name=name,
            language=language,
            version=version,
            text=self.text(head, "text", ""),
            items=self.value(head, "items", bool, False),
            window=self._count(head, "window", 1),
            enough=self._number(head, "enough", 0, MOST_ENOUGH),
            before=before,
            after=after,
            words=words,
            groups=self._groups,
            patterns=patterns,
            source=self.source.text,
            digest=hashlib.sha256(self.source.text.encode()).digest(),
        )
        if self.problems:
            raise InvalidPack(
                sorted(self.problems, key=lambda one: (one.line or 0, one.column or 0))
            )
        return pack

    def _parse(self) -> dict[str, Any]:
        if len(self.source.text) > MAX_SOURCE:
            message = (
                f"a pack has at most {MAX_SOURCE} characters, this has {len(self.source.text)}"
            )
            raise InvalidPack([PackProblem(message=message, file=self.file)])
        try:
            return toml.parse(self.source.text)
        except toml.NotToml as error:
            place = error.place
            raise InvalidPack(
                [
                    PackProblem(
                        message=error.why,
                        file=self.file,
                        line=place and place.line,
                        column=place and place.column,
                    )
                ]
            ) from None

    def _count(self, table: Table, key: str, default: int) -> int:
        number = self.value(table, key, int, default)
        if not 0 <= number <= MOST_WINDOW:
            self.problem(table, key, f"`{key}` is 0 to {MOST_WINDOW} sentences")
            return default
        return number

    def _number(self, table: Table, key: str, least: int, most: int) -> int:
        number = self.value(table, key, int, 0)
        if not least <= number <= most:
            self.problem(table, key, f"`{key}` is {least} to {most}")
            return 0
        return number

    def _skeletons(self, table: Table, key: str) -> tuple[str, ...]:
        """A list of words, one a string or several with spaces between."""
        listed = self._listed(table, key)
        return tuple(dict.fromkeys(word for one in listed for word in skeleton(one).split()))

    def _listed(self, table: Table, key: str) -> list[str]:
        listed = table.data.get(key, [])
        if not isinstance(listed, list):
            self.problem(table, key, f"`{key}` must be a list, this is {shown(listed)}")
            return []
        texts: list[str] = []
        for one in cast(list[Any], listed):
            if isinstance(one, str) and len(one) <= MAX_PHRASE * 10 and "\0" not in one:
                texts.append(one)
            else:
                self.problem(table, key, f"`{key}` is a list of texts, and has {shown(one)}")
        if len(texts) > MAX_PHRASES:
            self.problem(table, key, f"`{key}` has at most {MAX_PHRASES} entries")
            return []
        return texts

    def _read_groups(self, table: Table) -> None:
        for name in list(table.data)[: MAX_GROUPS + 1]:
            if len(self._groups) == MAX_GROUPS:
                self.problem(table, name, f"a pack has at most {MAX_GROUPS} groups of words")
            elif NAME.fullmatch(name):
                self._read_group(table, name, [])
            else:
                self.problem(table, name, "a group has 1 to 64 of: letters, digits, `_`, `-`")

    def _read_group(self, table: Table, name: str, within: list[str]) -> None:
        """A group, and before it those that it names. `within`: those that name it."""
        if name in self._groups or name not in table.data:
            return
        listed = self._listed(table, name)
        for other in dict.fromkeys(other for text in listed for other in named(text)):
            if other in (*within, name):
                message = f"the group `{name}` is within itself, by way of `{other}`"
                self.problem(table, name, message)
                self._groups[other] = self._groups[name] = ()
                self._digests[other] = self._digests[name] = b""
            else:
                self._read_group(table, other, [*within, name])
        if name not in self._groups:
            if not listed:
                self.problem(table, name, f"the group `{name}` is empty")
            self._groups[name] = self._phrases(table, name)
            self._digests[name] = digest(self._groups[name], self._digests)

    def _phrases(self, table: Table, key: str) -> tuple[Sequence, ...]:
        listed = self._listed(table, key)
        offsets: list[int | None] | None = None
        found: dict[Sequence, None] = {}
        for place, text in enumerate(listed):
            try:
                if len(text) > MAX_PHRASE:
                    raise Unreadable(f"a phrase has at most {MAX_PHRASE} characters", 0)
                found[read_phrase(text, self._groups)] = None
            except Unreadable as wrong:
                if offsets is None:
                    offsets = self.source.strings(table.section, key, listed)
                self._misread(table, key, text, wrong, offsets[place])
        return tuple(found)

    def _misread(
        self, table: Table, key: str, text: str, wrong: Unreadable, offset: int | None
    ) -> None:
        hint = wrong.hint
        if wrong.why.startswith("there is no group"):
            hint = did_you_mean(text[wrong.offset + 1 :].partition("}")[0], self._groups)
        place = self.source.key(table.section, key)
        if offset is not None:
            place = self.source.place(offset + wrong.offset)
        self.note(
            PackProblem(
                message=f"{wrong.why} (in `{text[:60]}`)",
                file=self.file,
                rule=table.rule,
                line=place and place.line,
                column=place and place.column,
                hint=hint,
            )
        )

    def _patterns(
        self, entries: Any, most: Mode, affixes: tuple[tuple[str, ...], tuple[str, ...]]
    ) -> tuple[Pattern, ...]:
        found: list[Pattern] = []
        names: set[str] = set()
        besides: list[tuple[Table, str]] = []
        if not isinstance(entries, list):
            place = Table("`patterns`", {}, self.source.outermost("patterns"))
            hint = "write `[[patterns]]` over each pattern"
            self.problem(place, "patterns", "`patterns` must be an array of tables", hint)
            return ()
        for number, data in enumerate(cast(list[Any], entries)):
            fields = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
            table = Table("a pattern", fields, self.source.section("patterns", number))
            if number == MAX_PATTERNS:
                self.problem(table, None, f"a pack has at most {MAX_PATTERNS} patterns")
                break
            name = self.name(table)
            table.rule = name[:64] or None
            if name in names:
                self.problem(table, "name", f"there is another pattern `{name}`")
            names.add(name)
            found.append(self._pattern(table, name, most, affixes))
            besides += [(table, other) for other, _ in found[-1].beside]
        for table, other in besides:
            if other not in names:
                hint = did_you_mean(other, names)
                self.problem(table, "beside", f"there is no pattern `{other}`", hint)
        if not found:
            self.problem(Table("the file", {}, None), None, "a pack has at least one pattern")
        return tuple(found)

    def _pattern(
        self,
        table: Table,
        name: str,
        most: Mode,
        affixes: tuple[tuple[str, ...], tuple[str, ...]],
    ) -> Pattern:
        self.known(table, "pattern")
        element: Element = self.choice(table, "element", ELEMENTS, "intent")
        mode: Mode = "live"
        if "mode" in table.data:
            mode = self.choice(table, "mode", MODES, "draft")
        kind: ContextKind | None = None
        reach: Reach = "sentence"
        if element == "context":
            kind = self.choice(table, "kind", CONTEXTS, "news")
            if "reach" in table.data:
                reach = self.choice(table, "reach", REACHES, reach)
        pattern = Pattern(
            name=name,
            element=element,
            mode=weaker(mode, most),
            phrases=self._phrases(table, "phrases"),
            together=self._phrases(table, "together"),
            across=self._count(table, "across", 0),
            kind=kind,
            reach=reach,
            firm=self.value(table, "firm", bool, False),
            exact=self.value(table, "exact", bool, False),
            points=self._number(table, "points", -MOST_POINTS, MOST_POINTS),
            beside=self._beside(table),
            grave=self.value(table, "grave", bool, False),
            each=self.value(table, "each", bool, False),
            text=self.text(table, "text", ""),
        )
        self._agrees(table, element)
        return replace(pattern, digest=self._digest(pattern, affixes))

    def _agrees(self, table: Table, element: Element) -> None:
        """What one key of a pattern says against another."""
        if element != "context":
            for key in ("kind", "reach", "firm"):
                if key in table.data:
                    self.problem(table, key, f"`{key}` is of an element `context` alone")
        if table.data.get("each"):
            for key in ("together", "beside"):
                if key in table.data:
                    self.problem(table, key, f"`each` goes with no `{key}`")
        if element == "sign" and "points" not in table.data:
            self.problem(table, None, "an element `sign` needs `points`")
        if not table.data.get("phrases") and not table.data.get("together"):
            self.problem(table, None, "a pattern needs `phrases`, or parts `together`")
        together = table.data.get("together")
        if isinstance(together, list) and len(cast(list[Any], together)) == 1:
            hint = "give several parts, or put it under `phrases`"
            self.problem(table, "together", "`together` has at least two parts", hint)

    def _digest(self, pattern: Pattern, affixes: tuple[tuple[str, ...], ...]) -> bytes:
        """Of all that decides when a pattern fires, the words of its groups among it."""
        parts = [digest(some, self._digests) for some in (pattern.phrases, pattern.together)]
        rest = replace(pattern, name="", mode="live", text="", phrases=(), together=())
        return hashlib.sha256(repr((rest, parts, affixes)).encode()).digest()

    def _beside(self, table: Table) -> tuple[tuple[str, int], ...]:
        given = table.data.get("beside", {})
        if not isinstance(given, dict):
            self.problem(table, "beside", "`beside` must be a table, e.g. `{ other = 2 }`")
            return ()
        found: list[tuple[str, int]] = []
        for name, points in cast(dict[str, Any], given).items():
            if type(points) is int and 0 < points <= MOST_POINTS:
                found.append((name, points))
            else:
                message = f"`beside` gives points of 1 to {MOST_POINTS}, and has {shown(points)}"
                self.problem(table, "beside", message)
        return tuple(found)


def weaker(mode: Mode, most: Mode) -> Mode:
    """The mode of a pattern in a pack whose own mode is `most`."""
    acts = {"live": 2, "shadow": 1}
    return mode if acts.get(mode, 0) <= acts.get(most, 0) else most
