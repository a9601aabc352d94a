"""The facts that rules see: one Struct a variable, documented field by field.

The CEL types (`cel.py`) and the page `docs/policy-variables.md` (`variables.py`) are made from
these types. The pipeline fills them in from a revision, its matches and its reports.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta

from tidegate.content.model import Publicness
from tidegate.signals.model import Match

CaseOrigin = Literal["evaluation", "report", "escalation", "quarantine", "order"]
CaseKind = Literal["text", "image", "video", "other"]
CaseThreat = Literal["none", "low", "medium", "high_unspecific", "high_specific"]
Stage = Literal["fast", "deep", "retro", "report"]


class ItemFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The revision of the item that is being judged."""

    id: Annotated[str, Meta(description="The platform's own id of the item.")]
    platform: Annotated[str, Meta(description="The platform that the item belongs to.")]
    surface: Annotated[str, Meta(description="Where it was posted: `post`, `comment`, …")]
    publicness: Annotated[
        Publicness,
        Meta(description="Who can see it: `public`, `restricted` (a group) or `private`."),
    ]
    author: Annotated[str, Meta(description="The author's pseudonym.")]
    created_at: Annotated[
        datetime,
        Meta(description="When it was posted, as the platform says; a time ahead counts as now."),
    ]
    language: Annotated[
        str,
        Meta(
            description="BCP 47 tag as sent; where none was sent, our guess by the text, a code of"
            " ISO 639; empty where that is too short to say."
        ),
    ] = ""
    language_confidence: Annotated[
        float,
        Meta(description="How sure that is, from 0 to 1: 1 as sent, less where it is our guess."),
    ] = 0.0
    url: Annotated[str, Meta(description="The link that was posted; empty if none.")] = ""
    has_text: Annotated[bool, Meta(description="Whether there is any text.")] = False
    has_url: Annotated[bool, Meta(description="Whether there is a link.")] = False
    has_media: Annotated[bool, Meta(description="Whether there is any media.")] = False
    media_count: Annotated[int, Meta(description="How many media files there are.")] = 0
    revision: Annotated[int, Meta(description="1 for the first content under this id.")] = 1
    stage: Annotated[
        Stage,
        Meta(
            description="Why it is judged now: `fast` (in the request), `deep`, `retro` (banks or"
            " rules changed) or `report`."
        ),
    ] = "fast"
    problems: Annotated[
        int,
        Meta(
            description="How many media files and texts could not be judged to their end, but for types"
            " that the pack lets pass (`pass_unjudged`)."
        ),
    ] = 0
    attributes: Annotated[
        dict[str, str],
        Meta(
            description="The platform's own attributes; values that are no text are written as"
            " JSON. Reading one that is missing is an error: ask `'name' in item.attributes` first."
        ),
    ] = {}


class TextFacts(msgspec.Struct, frozen=True):
    """The item's text."""

    value: Annotated[str, Meta(description="The text as it was posted; empty if none.")] = ""
    normalised: Annotated[
        str, Meta(description="The normalised text: case, spacing and look-alikes evened out.")
    ] = ""
    length: Annotated[int, Meta(description="The length in characters, as posted.")] = 0


class ReportFacts(msgspec.Struct, frozen=True):
    """What has been reported about the item so far."""

    count: Annotated[
        int,
        Meta(description="How many voices reported it: a reporter once, each report without one."),
    ] = 0
    reporters: Annotated[int, Meta(description="The same number.")] = 0
    channels: Annotated[
        list[str], Meta(description="The channels they came by, each once: `user`, …")
    ] = []
    reasons: Annotated[list[str], Meta(description="The reasons given, each once.")] = []


class AuthorFacts(msgspec.Struct, frozen=True):
    """What is known of the author."""

    id: Annotated[str, Meta(description="The pseudonym, the same as `item.author`.")] = ""
    restrictions: Annotated[
        int, Meta(description="How many items of this author are restricted at the moment.")
    ] = 0


class Facts(msgspec.Struct, frozen=True):
    """Everything that one evaluation may read; each field is a variable of the rules."""

    item: ItemFacts
    text: TextFacts = TextFacts()
    matches: list[Match] = []
    reports: ReportFacts = ReportFacts()
    author: AuthorFacts = AuthorFacts()


class QueueCase(msgspec.Struct, frozen=True, kw_only=True):
    """The case whose queue is chosen, as its row shows it."""

    platform: Annotated[str, Meta(description="The platform that it belongs to.")] = ""
    origin: Annotated[
        CaseOrigin,
        Meta(
            description="What it came of: a look (`evaluation`), a `report`, an `escalation`, a"
            " `quarantine`."
        ),
    ] = "evaluation"
    kind: Annotated[
        CaseKind,
        Meta(
            description="What there is to look at: a `video`, an `image`, an `other` file, or `text`."
        ),
    ] = "text"
    channels: Annotated[
        list[str], Meta(description="The channels it was reported by, each once: `notice`, …")
    ] = []
    language: Annotated[
        str,
        Meta(
            description="As the platform says, else our guess, which comes moments later: `de`, `de-AT`;"
            " empty where nobody knows."
        ),
    ] = ""
    label: Annotated[
        str,
        Meta(description="What it seems to be: by its match, else by its rule; empty if nothing."),
    ] = ""
    bank: Annotated[str, Meta(description="The bank whose entry it matches; empty if none.")] = ""
    band: Annotated[int, Meta(description="Its band before any waiting, 0 (first) to 4.")] = 4
    severity: Annotated[int, Meta(description="How hard it is to look at, 1 to 5.")] = 3
    threat: Annotated[
        CaseThreat, Meta(description="The level of a threat to life in what was reported about it.")
    ] = "none"
    has_deadline: Annotated[bool, Meta(description="Whether a legal clock runs.")] = False
    hours_left: Annotated[
        float,
        Meta(
            description="What that clock leaves, in hours, as of when it was last ranked; 0 if none runs."
        ),
    ] = 0.0


class QueueFacts(msgspec.Struct, frozen=True):
    """Everything that a rule for queues may read."""

    case: QueueCase


# A match's own type belongs to the signals slice; what rules read in it is said here.
MATCH_FIELDS: dict[str, str] = {
    "part": "The part of the item: `text`, `url`, `media/0`, `text/url/0` (the first link in the text), …",
    "bank": "The bank's name.",
    "stance": "The bank's stance: `known` or `allow`.",
    "entry": "The entry's id.",
    "labels": "The entry's labels, or its bank's.",
    "kind": "The kind of fingerprint that matched.",
    "route": "How it was found, e.g. `digest`.",
    "distance": "The distance in bits; 0 for exact kinds; by `text_containment` 128 × (1 − `share`).",
    "confirmed": "Whether a person has confirmed the entry.",
    "exact": "Whether the route is exact: a digest, a canonical URL or address that is the item's own or all"
    " of its text, or PDQ within the radius.",
    "allowed": "Whether an `allow` entry at least as near speaks for this part.",
    "quarantined": "Whether the entry has matched too much, and not by a digest or a page's URL: by"
    " such a match no rule restricts or escalates; it asks a person.",
    "start": "Where in the item's text it begins, in characters, if a span of it matched",
    "end": "Where in the item's text it ends; 0 where no span matched but the whole",
    "entry_start": "Where in the entry's text that begins which was found",
    "entry_end": "Where in the entry's text it ends; 0 where it was found whole",
    "share": "How much of the entry's text was found, from 0 to 1",
}

# Fields whose values are a closed set, so that a typing error in a rule is found on loading.
CLOSED: dict[str, tuple[str, ...]] = {
    "publicness": ("public", "restricted", "private"),
    "stage": ("fast", "deep", "retro", "report"),
    "stance": ("known", "allow"),
}

CLOSED_OF_QUEUES: dict[str, tuple[str, ...]] = {
    "origin": get_args(CaseOrigin),
    "kind": get_args(CaseKind),
    "threat": get_args(CaseThreat),
}


def to_attributes(attributes: Mapping[str, Any]) -> dict[str, str]:
    """A submission's attributes as rules see them: text stays, everything else becomes JSON."""
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in attributes.items()
    }
