"""Reason templates: the sentences that a pack has ready for decisions, so that nobody needs to type what
is said every day. Pure.

A text has fields, `{label}`, `{entry}` and `{clause}`, that are filled in when the decision is made; the
person sees the finished sentence and may write another.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

TemplateOutcome = Literal["pass", "restrict", "lift", "escalate"]
TEMPLATE_OUTCOMES: tuple[TemplateOutcome, ...] = ("pass", "restrict", "lift", "escalate")
FIELDS = ("label", "entry", "clause")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_FIELD = re.compile(r"\{([^{}]*)\}")


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence for an outcome; of a restriction with `label` only for that one. `texts` are its
    translations by language; `text` serves every other."""

    name: str
    outcome: TemplateOutcome
    text: str
    label: str | None = None
    texts: Mapping[str, str] = {}

    @property
    def fields(self) -> frozenset[str]:
        """The fields that any of its texts has."""
        return frozenset(
            field for text in (self.text, *self.texts.values()) for field in fields_of(text)
        )

    def fits(self, outcome: str, label: str | None, *, matched: bool) -> bool:
        """Whether it can be said of such a decision; `matched`: there is an entry to name."""
        return (
            self.outcome == outcome
            and self.label in (None, label)
            and (matched or "entry" not in self.fields)
            and (label is not None or "label" not in self.fields)
        )


def fields_of(text: str) -> list[str]:
    """The names between braces in a template's text."""
    return _FIELD.findall(text)


def is_balanced(text: str) -> bool:
    """Whether every brace of a text belongs to a field."""
    return not set("{}") & set(_FIELD.sub("", text))


def offered(
    templates: Iterable[Template], outcome: str, label: str | None, *, matched: bool
) -> list[Template]:
    """The templates for a decision: those of its label first, else in the order of the pack. The first
    is what a form has filled in."""
    fitting = [one for one in templates if one.fits(outcome, label, matched=matched)]
    return sorted(fitting, key=lambda one: one.label is None)


def finished(
    template: Template,
    *,
    label: str | None = None,
    entry: str | None = None,
    clause: str | None = None,
    language: str = "en",
) -> str:
    """The sentence: with the label's name in words, the name of the bank whose entry matched, and the
    text of the ground, in the language as far as the pack has it."""
    text = template.texts.get(language) or template.texts.get(language.split("-")[0])
    said = {"label": (label or "").replace("_", " "), "entry": entry or "", "clause": clause or ""}
    return _FIELD.sub(lambda field: said.get(field[1], field[0]), text or template.text)
