"""What was typed into a case's form, here or before: what is sent, a draft, and the list that the case was
opened from."""

from typing import Annotated

from msgspec import Meta

from tidegate.review.drafts import Draft
from tidegate.review.filters import Filter
from tidegate.web.multipart import Form
from tidegate.web.pages.filtered import FilterQuery
from tidegate.web.pages.visit import Visit

# What a draft keeps of the form of a decision.
FIELDS = ("outcome", "label", "exemption", "reason", "template", "ground_kind", "ground_reference",
          "scope", "territory", "until", "entry", "lifts", "members", "revision")  # fmt: skip
# What must be chosen anew where the content is no longer that which was looked at.
CHOICES = ("outcome", "entry", "revision")
_ALWAYS = (
    "revision",
    "ground_kind",
    "scope",
)  # the form has a value for these before anybody types


class CaseQuery(FilterQuery, frozen=True, kw_only=True):
    """The list that the case was opened from; `reports` counts the pages of groups of reports. `looked`
    is the revision that a page has on the screen which asks anew how things stand."""

    reports: Annotated[int, Meta(ge=1, le=1000)] = 1
    looked: Annotated[int, Meta(ge=0)] | None = None


def within(visit: Visit) -> Filter:
    """The list that the case was opened from: as a form says, else the address."""
    named = visit.field("filter")
    return Filter.of_address(named) if named else visit.query.filter


def typed_fields(visit: Visit) -> dict[str, list[str]]:
    """What a draft keeps of the form; empty where nobody has typed anything."""
    fields = {name: visit.fields(name) for name in FIELDS}
    touched = any(any(values) for name, values in fields.items() if name not in _ALWAYS)
    return {name: values for name, values in fields.items() if values} if touched else {}


def restore(visit: Visit, draft: Draft | None) -> None:
    """Take a draft for typed, where the form does not say otherwise."""
    if draft is None:
        return
    sent = {name for name, _ in visit.form.fields}
    if "outcome" in sent or "reason" in sent:  # it is the form of the decision that was sent
        return
    kept = [(name, value) for name, values in draft.fields.items() for value in values]
    visit.form = Form([*kept, *visit.form.fields], visit.form.files)


def choose_anew(visit: Visit) -> None:
    """Keep what was typed, and drop what decides: that was chosen for other content."""
    fields = [(name, value) for name, value in visit.form.fields if name not in CHOICES]
    visit.form = Form(fields, visit.form.files)
