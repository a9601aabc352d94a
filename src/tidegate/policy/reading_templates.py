"""Reading a pack's reason templates, each checked with its place."""

from collections.abc import Mapping
from typing import Any, cast

from tidegate.policy.fields import Fields, Table
from tidegate.policy.hints import did_you_mean
from tidegate.policy.source import Section
from tidegate.policy.templates import (
    FIELDS,
    LANGUAGE,
    TEMPLATE_OUTCOMES,
    Template,
    TemplateOutcome,
    fields_of,
    is_balanced,
)

MAX_TEMPLATES = 500
SHORTEST = 10  # a reason has so many characters at least


def read_templates(fields: Fields, entries: Any, labels: Mapping[str, Any]) -> list[Template]:
    """The templates, in the order of the pack; what is wrong with them is noted in `fields`."""
    found: list[Template] = []
    if not isinstance(entries, list):
        table = Table("`templates`", {}, fields.source.outermost("templates"))
        message = "`templates` must be an array of tables"
        fields.problem(table, "templates", message, "write `[[templates]]` over each template")
        return found
    names: set[str] = set()
    translated = 0  # how many `[templates.texts]` came before
    for number, data in enumerate(cast("list[Any]", entries)):
        given = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
        table = Table("a template", given, fields.source.section("templates", number))
        if number == MAX_TEMPLATES:
            fields.problem(table, None, f"a pack has at most {MAX_TEMPLATES} templates")
            break
        name = fields.name(table)
        if name in names:
            fields.problem(table, "name", f"there is another template `{name}`")
        names.add(name)
        texts, translated = _translations(fields, table, number, translated)
        found.append(_template(fields, table, name, texts, labels))
    return found


def _template(
    fields: Fields, table: Table, name: str, texts: dict[str, str], labels: Mapping[str, Any]
) -> Template:
    fields.known(table, "template")
    outcome: TemplateOutcome = fields.choice(table, "outcome", TEMPLATE_OUTCOMES, "pass")
    label = fields.value(table, "label", str, "") or None
    if label is not None and label not in labels:
        fields.problem(table, "label", f"unknown label `{label}`", did_you_mean(label, labels))
    if label is not None and outcome != "restrict":
        fields.problem(table, "label", "only a template for `restrict` has a label")
    text = fields.text(table, "text")
    if isinstance(table.data.get("text"), str):
        _check(fields, table, "text", text, outcome)
    return Template(name=name, outcome=outcome, text=text, label=label, texts=texts)


def _translations(
    fields: Fields, table: Table, number: int, before: int
) -> tuple[dict[str, str], int]:
    """The texts in other languages, from `[templates.texts]` below the template or a table on its line;
    and how many such sections there were up to here."""
    data = table.data.get("texts")
    if data is None:
        return {}, before
    if not isinstance(data, dict):
        fields.problem(table, "texts", "`texts` must be a table: a text for each language")
        return {}, before
    section = _below(fields, number, before)
    texts = Table("`[templates.texts]`", cast("dict[str, Any]", data), section or table.section)
    found: dict[str, str] = {}
    outcome = table.data.get("outcome")
    for language in texts.data:
        if not LANGUAGE.fullmatch(language):
            fields.problem(
                texts, language, f"`{language:.40}` is no language", "e.g. `de`, `pt-BR`"
            )
        found[language] = fields.text(texts, language)
        if isinstance(texts.data[language], str):
            _check(fields, texts, language, found[language], outcome)
    return found, before + (section is not None)


def _below(fields: Fields, number: int, before: int) -> Section | None:
    """The section of a template's translations, where they have one of their own."""
    own, following = (fields.source.section("templates", place) for place in (number, number + 1))
    section = fields.source.section("templates.texts", before)
    if section is None or own is None or section.start < own.start:
        return None
    return section if following is None or section.start < following.start else None


def _check(fields: Fields, table: Table, key: str, text: str, outcome: object) -> None:
    if not is_balanced(text):
        fields.problem(table, key, "a brace belongs to no field", "fields are written `{label}`")
    for field in fields_of(text):
        if field not in FIELDS:
            hint = did_you_mean(field, FIELDS) or f"there are {', '.join(FIELDS)}"
            fields.problem(table, key, f"unknown field `{{{field:.40}}}`", hint)
        elif field != "entry" and outcome != "restrict":
            message = f"`{{{field}}}` is known of a restriction alone"
            fields.problem(table, key, message, "leave it out, or let the outcome be `restrict`")
    if len(text.strip()) < SHORTEST:
        fields.problem(table, key, f"a reason has at least {SHORTEST} characters")
