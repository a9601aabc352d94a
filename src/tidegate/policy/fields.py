"""What every table of a pack shares while it is read: its keys, its values, and what is wrong with them,
each noted with its place.
"""

import re
from collections.abc import Iterable
from typing import Any, TypeVar, cast

from tidegate.policy.hints import did_you_mean
from tidegate.policy.model import PackProblem
from tidegate.policy.source import Section, Source

MAX_TEXT = 2_000
MAX_PROBLEMS = 100  # told at once: finding the place of each takes a walk through the source

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_KEYS = {
    "": (
        "pack",
        "private",
        "media",
        "labels",
        "exemptions",
        "rules",
        "templates",
        "second_eyes",
        "priority",
        "queues",
        "translations",
    ),
    "pack": ("name", "version", "text", "ground", "default_label"),
    "private": ("digest_match",),
    "media": ("pass_unjudged",),
    "second_eyes": ("scopes", "grounds", "labels", "news", "news_attribute", "api"),
    "priority": (
        "severity",
        "threat",
        "sources",
        "corroboration",
        "reach",
        "deadline",
        "age",
        "reliability",
        "learned",
    ),
    "label": ("text", "ground", "exemption_required", "severity"),
    "ground": ("kind", "reference"),
    "queue rule": ("name", "queue", "when", "text"),
    "rule": ("name", "version", "mode", "outcome", "text", "when", "label"),
    "translation": ("text", "ground", "labels", "exemptions", "rules"),
    "label in translations": ("name", "text", "ground"),
    "template": ("name", "outcome", "label", "text", "texts"),
}
T = TypeVar("T")
_KIND_NAMES: dict[type, str] = {str: "a text", int: "a whole number", bool: "true or false"}


RESERVED = "the ground `order` is written by what executes a legal order, and by nothing else"


def refused_as(problems: Iterable[PackProblem]) -> str:
    """The type of the refusal of a pack that has these."""
    reserved = any(one.message == RESERVED for one in problems)
    return "ground-reserved" if reserved else "pack-invalid"


class InvalidPack(Exception):
    """A pack that cannot be used; `problems` says why, in the order of the file."""

    def __init__(self, problems: list[PackProblem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class Table:
    """A table of the file while it is read; remembers where it stands and whose it is."""

    def __init__(
        self, name: str, data: dict[str, Any], section: Section | None, rule: str | None = None
    ) -> None:
        self.name = name
        self.data = data
        self.section = section
        self.rule = rule


class Fields:
    """Reads fields of tables, and gathers problems."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.source = Source(text)
        self.problems: list[PackProblem] = []

    def problem(self, table: Table, key: str | None, message: str, hint: str | None = None) -> None:
        place = self.source.key(table.section, key)
        self.note(
            PackProblem(
                message=message,
                file=self.file,
                rule=table.rule,
                line=place.line if place else None,
                column=place.column if place else None,
                hint=hint,
            )
        )

    def note(self, problem: PackProblem) -> None:
        """One more; with a hundred of them reading ends, for they may be without number."""
        self.problems.append(problem)
        if len(self.problems) == MAX_PROBLEMS:
            self.problems.sort(key=lambda one: one.line or 0)
            more = f"there may be more: only {MAX_PROBLEMS} problems are told at once"
            raise InvalidPack([*self.problems, PackProblem(message=more, file=self.file)])

    def known(self, table: Table, kind: str) -> None:
        for key in table.data:
            if key not in _KEYS[kind]:
                message = f"{table.name} has no key `{key}`"
                if not kind:  # the file itself: the key may be a table's name
                    table = Table(table.name, table.data, self.source.outermost(key))
                self.problem(table, key, message, did_you_mean(key, _KEYS[kind]))

    def value(self, table: Table, key: str, kind: type[T], default: T | None = None) -> T:
        """The value of a key; the default, or an empty value, where it is missing or wrong."""
        if key not in table.data:
            if default is None:
                self.problem(table, None, f"{table.name} lacks `{key}`")
                return kind()
            return default
        value = table.data[key]
        if type(value) is not kind:
            self.problem(table, key, f"`{key}` must be {_KIND_NAMES[kind]}, this is {shown(value)}")
            return kind()
        return value

    def text(self, table: Table, key: str, default: str | None = None) -> str:
        text = self.value(table, key, str, default)
        if len(text) > MAX_TEXT or "\0" in text:
            self.problem(table, key, f"`{key}` must have at most {MAX_TEXT} characters, no NUL")
        return text

    def texts(self, table: Table, key: str, form: re.Pattern[str], what: str) -> list[str]:
        """A list of short texts of one form; empty where it is missing."""
        listed = table.data.get(key, [])
        if not isinstance(listed, list):
            self.problem(table, key, f"`{key}` must be a list, this is {shown(listed)}")
            return []
        for one in cast(list[Any], listed):
            if not isinstance(one, str) or not form.fullmatch(one):
                self.problem(table, key, f"`{key}` is a list of {what}, and has {shown(one)}")
        return [one for one in cast(list[Any], listed) if isinstance(one, str)]

    def name(self, table: Table) -> str:
        name = self.value(table, "name", str)
        if "name" in table.data and not NAME.fullmatch(name):
            self.problem(table, "name", "a name has 1 to 64 of: letters, digits, `_`, `-`")
        return name

    def positive(self, table: Table, key: str) -> int:
        number = self.value(table, key, int)
        if key in table.data and not 0 < number < 2**31:
            self.problem(table, key, f"`{key}` must be at least 1")
        return number

    def choice(self, table: Table, key: str, options: tuple[T, ...], default: T) -> T:
        value = self.value(table, key, str)
        for option in options:
            if option == value:
                return option
        if isinstance(table.data.get(key), str):
            names = [str(option) for option in options]
            self.problem(table, key, f"unknown {key} `{value}`", did_you_mean(value, names))
        return default

    def table(self, parent: Table, key: str, required: bool = False) -> Table:
        data = parent.data.get(key)
        if data is None and required:
            self.problem(parent, None, f"{parent.name} lacks the table `[{key}]`")
        elif data is not None and not isinstance(data, dict):
            self.problem(parent, key, f"`{key}` must be a table")
        section = self.source.section(key)
        known = cast(dict[str, Any], data) if isinstance(data, dict) else {}
        return Table(f"`[{key}]`", known, section)


def shown(value: object) -> str:
    """A value as a message shows it, however large it is."""
    try:
        return f"{value!r:.60}"
    except ValueError:
        return "a number of too many digits"
