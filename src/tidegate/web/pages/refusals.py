"""Refusals as pages say them: in plain words, who can help, and the way back.

Scopes, commands and paths of the API help nobody but those who run the instance, and are shown to them
alone.
"""

import re

import msgspec

from tidegate.infra.errors import FieldError, Refusal
from tidegate.web.pages.sentences import in_words
from tidegate.web.words import SOURCE, gettext, noted, spoken


class Words(msgspec.Struct, frozen=True):
    """What a page says of a refusal; `detail` only where it tells a reader something."""

    title: str
    text: str
    help: str


_ADMIN = noted("Somebody with the role admin can help.")
_SENDER = noted("Whoever gave you the address can help, or somebody with the role admin.")
_AGAIN = noted("Try again in a moment. If it stays so, tell whoever runs this instance.")

# By type where a refusal has words of its own, else by status.
_SAID = {
    "scope-missing": (
        noted("This page is not open to you"),
        noted("Your role does not include it."),
        noted("Somebody with the role admin can change your role."),
    ),
    "csrf-missing": (
        noted("The form was not ours, or is from an older sign-in"),
        noted("Nothing was changed. Open the page again and send the form from there."),
        "",
    ),
    "link-gone": (
        noted("This link does not work any more"),
        noted("A link signs in once, within 24 hours."),
        noted("Whoever runs this instance can make you a new one."),
    ),
    "confirm-again": (
        noted("Show again that it is you"),
        noted(
            "Nothing was changed. It is a while since you showed a passkey, a code or your password."
        ),
        "",
    ),
    "not-found": (
        noted("There is nothing at this path"),
        noted("The address may not be whole, or what was there is gone."),
        _SENDER,
    ),
    "method-not-allowed": (
        noted("This address takes no such request"),
        noted("Nothing was changed. Go back and use the buttons of the page."),
        "",
    ),
    "internal-error": (
        noted("Something went wrong here"),
        noted("It is our fault, not yours. Nothing was changed; what you did can be done again."),
        noted("Tell whoever runs this instance, with the number of the request below."),
    ),
    # What strangers are told, who sent a public form.
    "mistyped": (
        noted("The reference was not written as it was given"),
        noted(
            "A letter or digit is wrong, missing or in another place. Compare it with what you were given."
        ),
        "",
    ),
    "reference-unknown": (
        noted("No report has this reference"),
        noted("It is written as references are, and none like it was given here."),
        "",
    ),
    "guessed-too-often": (
        noted("Too many references that are none"),
        noted("So many came from where you are that this looks like guessing. Try again later."),
        "",
    ),
    "notifier-suspended": (
        noted("Your notices are not processed for now"),
        noted(
            "Too many that were plainly unfounded came from this address. Threats to life are always taken."
        ),
        "",
    ),
    "messages-full": (
        noted("Too much was said about this report already"),
        noted("Nothing was sent. Send a new report."),
        "",
    ),
    "403": (noted("This is not open to you"), noted("Nothing was changed."), _ADMIN),
    "404": (
        noted("There is no such thing here"),
        noted("It may be gone, or belong to a platform that is not yours."),
        _SENDER,
    ),
    "409": (noted("That cannot be done any more"), noted("Nothing was changed."), ""),
    "410": (noted("That is gone"), noted("It was here once, and was taken away."), _SENDER),
    "413": (noted("That is too large"), noted("Nothing was changed."), _ADMIN),
    "422": (noted("That could not be understood"), noted("Nothing was changed."), ""),
    "429": (noted("That was too often"), noted("Nothing was changed. Wait a little."), ""),
    "503": (noted("We cannot be reached for the moment"), noted("Nothing was changed."), _AGAIN),
    "507": (noted("There is no room left"), noted("Nothing was changed."), _ADMIN),
}

_ELSE = (noted("That was refused"), noted("Nothing was changed."), _ADMIN)

# What only those who run an instance understand.
JARGON = re.compile(
    r"`|/v1|/openapi|\bscopes?\b|\b(?:GET|POST|PUT|PATCH|DELETE) /|--\w|\btidegate \w+|problem\+json"
)


def plain_words(refusal: Refusal) -> Words:
    """The refusal as a reader is told it. Its own title and detail stand where they are words for people,
    and the reader's language has them."""
    found = _SAID.get(refusal.type) or _SAID.get(str(refusal.status))
    title, text, help_ = (gettext(one) if one else "" for one in found or _ELSE)
    if refusal.type not in _SAID:
        title = _own(refusal.title) or title
        text = _own(refusal.detail) or text
    return Words(title, text, help_)


def _own(text: str) -> str | None:
    """What the refusal says itself."""
    return None if not text or JARGON.search(text) else in_words(text)


def told(refusal: Refusal) -> Refusal:
    """The same refusal in the reader's language, for a script of ours that says it."""
    if spoken().tag == SOURCE:
        return refusal
    words = plain_words(refusal)
    errors = [
        FieldError(
            one.pointer, in_words(one.expected) or one.expected, in_words(one.got) or one.got
        )
        for one in refusal.errors
    ]
    return Refusal(
        refusal.type,
        refusal.status,
        words.title,
        words.text,
        errors=errors,
        headers=refusal.headers,
        **refusal.extra,
    )


def of_form(refusal: Refusal, fields: dict[str, str]) -> Refusal:
    """The same refusal about the fields of a form, by the pointers to what they came to."""
    if not refusal.errors:
        return refusal
    errors = [
        FieldError(f"/{fields.get(one.pointer, one.pointer[1:])}", one.expected, one.got)
        for one in refusal.errors
    ]
    return Refusal(
        refusal.type,
        refusal.status,
        refusal.title,
        refusal.detail,
        errors=errors,
        headers=refusal.headers,
        **refusal.extra,
    )
