"""A 256-bit code of a text's letters alone: near for texts that say the same in whatever disguise.

The MinHash of `text_minhash`, of the text's *letters*: its skeleton's key without any spaces, in which marks,
punctuation and repetitions do not count and signs that may be taken for letters are these. So a known text is
found as a whole struck out, with accents on every letter, spelled out, run together, stretched, in leetspeak,
or with other spaces than it had. It can ask for review, never restrict.

Texts of fewer than 32 different shingles have the SHA-256 of their letters instead, which is near to nothing
but itself; those of fewer than 10 letters have no code.

Entries always have it. Of texts that are searched only those have it that give a cause (`disguised`): of
others `text_minhash` finds the same.
"""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from tidegate.signals.fingerprints import text_minhash
from tidegate.signals.fingerprints.evasion import key, signed
from tidegate.signals.fingerprints.kind import Kind, hex_parser
from tidegate.signals.fingerprints.quick import AnyOf, repeats_thrice
from tidegate.signals.fingerprints.skeleton import UNSPACED, bare, dense
from tidegate.signals.model import Fingerprint

NAME = "text_letters"
MIN_LETTERS = 10

_ODD = AnyOf(chr(code) for code in range(33, 127) if not 97 <= code < 123)
# Marks that no letter is written with, harakat and tatweel, and the letters of Persian, whose U+200C may be a
# space or nothing.
_MARKED = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0610-\u061a\u0640\u064b-\u065f\u0670\u067e\u0686\u0698\u06af"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
)
_ACCENTED = re.compile("[\xe0-\xf6\xf8-\u024f\u1e00-\u1eff]")
_UNSPACED = re.compile(UNSPACED)
_FEW_SPACES = 16
_ENDED = re.compile(r"[^\w\s] ")
_THRICE = re.compile(r"([a-vx-z])\1\1")  # "www" begins addresses
_ADDRESS = re.compile(r"https?://\S+|[@#]\w+")
_SIGNED = re.compile(r"[0-9@$!|+](?<=[a-z].)(?=[a-z0-9])|[0-9@$|+](?=[a-z][a-z0-9])")
_LONELY = re.compile(
    r"(?<![a-z])[a-z][^a-z0-9\s]{0,2}\s{0,2}(?=[a-z][^a-z0-9']{1,3}[a-z](?![a-z]))"
)


def disguised(text: str) -> bool:
    """Whether anything about a text in normal form may hide what it says; cheap for most texts."""
    if not text.isascii() and (_MARKED.search(text) or _is_accented(text)):
        return True
    length, spaces = len(text), text.count(" ")
    if spaces * 12 < length and (text.isascii() or not _UNSPACED.search(text)):
        return length > MIN_LETTERS
    if repeats_thrice(text) and _THRICE.search(text):
        return True
    odd = len(_ODD.within(text))
    if odd * 4 > spaces * 3 and len(_ENDED.findall(text)) * 4 > spaces * 3 > 3 * _FEW_SPACES:
        return True  # a sign behind nearly every word
    if odd * 16 < length and (spaces * 4 < length or not _THREE_ALONE.search(text)):
        return False
    rest = _ADDRESS.sub(" ", text)
    tricks = len(_SIGNED.findall(rest)) + len(_LONELY.findall(rest))
    return tricks > 1 and tricks * 40 >= len(rest)


def _is_accented(text: str) -> bool:
    """Whether there are more accents than languages have, or hardly a letter of some sort without."""
    found = _ACCENTED.findall(text)
    if len(found) * 8 > len(text):
        return True
    if len(found) * 64 < len(text):
        return False
    bases = Counter(unicodedata.normalize("NFD", one)[0] for one in found)
    return any(many > 2 * text.count(letter) for letter, many in bases.items() if many > 2)


_THREE_ALONE = re.compile(r" [a-z] [a-z] [a-z] ")


def letters(text: str) -> str:
    """The letters of a text in normal form."""
    bare_text = bare(text)
    marked = signed(bare_text)
    return key(dense(marked).replace(" ", "")).text


def codes(texts: Sequence[str]) -> list[Fingerprint | None]:
    """The codes of texts in normal form, or None of one that is too short."""
    made = [letters(text) for text in texts]
    found: list[Fingerprint | None] = []
    for text, code in zip(made, text_minhash.codes(made), strict=True):
        if code is None and len(text) >= MIN_LETTERS:
            code = hashlib.sha256(text.encode()).digest()
        found.append(Fingerprint(NAME, code) if code else None)
    return found


def _make(texts: Sequence[str]) -> list[Fingerprint | None]:
    """Of those alone that give a cause."""
    places = [place for place, text in enumerate(texts) if disguised(text)]
    found: list[Fingerprint | None] = [None] * len(texts)
    if not places:
        return found
    for place, code in zip(places, codes([texts[place] for place in places]), strict=True):
        found[place] = code
    return found


KIND = Kind(
    name=NAME,
    route="text_letters",
    source="text",
    make=_make,
    parse=hex_parser(32),
    format=bytes.hex,
    bits=256,
    default_radius=31,
    max_radius=64,
    fewest=64,
)
