"""Phrases: words that are looked for inside texts, whatever is done to hide them.

An entry's value is the phrase's skeleton in UTF-8. Items have no such fingerprint: their text is
searched as it arrives (`index.phrases`). What a phrase means depends on what stands around it, so
it can ask for review, never restrict.
"""

import re

from tidegate.signals.fingerprints.glued import NON_JOINER
from tidegate.signals.fingerprints.kind import Kind
from tidegate.signals.fingerprints.skeleton import skeleton

MIN_CHARACTERS = 2
MAX_CHARACTERS = 200

_JOINT = re.compile(f"{NON_JOINER}(?<=[^\x00-\x7f\\W].)(?=[^\x00-\x7f\\W])")


def _parse(value: str) -> bytes:
    # What U+200C parts, as in Persian, is looked for with it, with a space and joined.
    words = NON_JOINER.join(filter(None, map(skeleton, _JOINT.split(value))))
    if not MIN_CHARACTERS <= len(words) <= MAX_CHARACTERS:
        expected = f"{MIN_CHARACTERS} to {MAX_CHARACTERS} letters, digits and spaces"
        raise ValueError(f"a phrase of {expected}, without accents and punctuation")
    return words.encode()


KIND = Kind(
    name="phrase",
    route="phrase",
    source="text",
    make=lambda texts: [None] * len(texts),
    parse=_parse,
    format=lambda value: value.decode(),
    contained=True,
)
