"""Which language a text is in, where the platform does not say: our guess, told as one, with its confidence.

`py3langid` takes half a second to load, so it is loaded when the first guess is asked for: by a page that shows a
post, or by a rule that reads `item.language`. Without such a rule no post waits for it.
"""

import threading
from functools import lru_cache
from typing import Any

import msgspec

from tidegate.content.model import Content
from tidegate.signals.fingerprints.seen import seen

_MOST = 2000  # characters that are looked at: they say as much as all
_LETTERS = 12  # of a text that says anything


class Language(msgspec.Struct, frozen=True):
    """A language: the tag that the platform sent, or `ours`, a code of ISO 639 with how sure we are, from 0 to
    1. `tag` is empty where neither says."""

    tag: str = ""
    confidence: float = 0.0
    ours: bool = False


def language_of(content: Content) -> Language:
    """The language of a post: as the platform says, else our guess by its text."""
    if content.language:
        return Language(content.language, 1.0)
    return (
        guessed(seen(content.text[:_MOST], content.text_format).text)
        if content.text
        else Language()
    )


def guessed(text: str) -> Language:
    """The language that a text is most likely in; none where it has too few letters to say."""
    text = text[:_MOST]
    if sum(map(str.isalpha, text)) < _LETTERS:
        return Language()
    tag, confidence = _identifier().classify(text)
    return Language(tag, round(float(confidence), 3), ours=True)


_loading = threading.Lock()


def _identifier() -> Any:
    with _loading:
        return _load()


@lru_cache(maxsize=1)
def _load() -> Any:
    from py3langid import langid  # pyright: ignore[reportMissingTypeStubs]

    identifier: Any = langid.LanguageIdentifier
    return identifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
