"""Reading a pack's translations, each checked with its place: that what is translated is there."""

from collections.abc import Collection, Mapping
from typing import Any, cast

from tidegate.policy.fields import Fields, Table
from tidegate.policy.hints import did_you_mean
from tidegate.policy.templates import LANGUAGE
from tidegate.policy.translations import LabelWords, Translation


def read_translations(
    fields: Fields,
    root: Table,
    labels: Mapping[str, Any],
    exemptions: Collection[str],
    rules: Collection[str],
) -> dict[str, Translation]:
    """By language; what is wrong with them is noted in `fields`."""
    parent = fields.table(root, "translations")
    found: dict[str, Translation] = {}
    for language in parent.data:
        table = _below(fields, parent, "translations", language)
        if not LANGUAGE.fullmatch(language):
            message = f"`{language:.40}` is no language"
            fields.problem(table, None, message, "e.g. `[translations.de]`, `[translations.pt-BR]`")
        fields.known(table, "translation")
        path = f"translations.{language}"
        found[language] = Translation(
            text=_text(fields, table, "text"),
            ground=_text(fields, table, "ground"),
            labels=_labels(fields, table, path, labels),
            exemptions=_texts(fields, table, path, "exemptions", exemptions),
            rules=_texts(fields, table, path, "rules", rules),
        )
    return found


def _labels(
    fields: Fields, table: Table, path: str, labels: Mapping[str, Any]
) -> dict[str, LabelWords]:
    parent = _below(fields, table, path, "labels")
    found: dict[str, LabelWords] = {}
    for name in parent.data:
        words = _below(fields, parent, f"{path}.labels", name)
        if name not in labels:
            fields.problem(words, None, f"unknown label `{name:.60}`", did_you_mean(name, labels))
        fields.known(words, "label in translations")
        found[name] = LabelWords(
            name=_text(fields, words, "name"),
            text=_text(fields, words, "text"),
            ground=_text(fields, words, "ground"),
        )
    return found


def _texts(
    fields: Fields, table: Table, path: str, key: str, known: Collection[str]
) -> dict[str, str]:
    """Texts by the name of what they are of."""
    parent = _below(fields, table, path, key)
    for name in parent.data:
        if name not in known:
            message = f"unknown {key[:-1]} `{name:.60}`"
            fields.problem(parent, name, message, did_you_mean(name, known))
    return {name: fields.text(parent, name) for name in parent.data}


def _text(fields: Fields, table: Table, key: str) -> str | None:
    return fields.text(table, key, "") or None


def _below(fields: Fields, parent: Table, path: str, key: str) -> Table:
    """A table in a table, with a section of its own or on a line of the one that it is in."""
    data = parent.data.get(key, {})
    section = fields.source.section(f"{path}.{key}") or parent.section
    if not isinstance(data, dict):
        fields.problem(parent, key, f"`{key:.60}` must be a table")
        data = {}
    return Table(f"`[{path}.{key}]`", cast("dict[str, Any]", data), section)
