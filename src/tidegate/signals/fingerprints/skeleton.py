"""The skeleton of text: what of it phrases are compared by, a step beyond the normal form.

Between the text and `index.phrases`. Here diacritics go (accents, Greek tonos, Arabic harakat and
hamza, tatweel), what is no letter or digit becomes a space, and words have a space on either side.
Runs of spaces and marks between letters are still in the `bare` form, from which `evasion` undoes
what was spelled out; `plain` is what a reader sees who takes the text as it stands.

Scripts that are written without spaces, Korean, whose words carry endings, and pictographs have no
such words: a phrase of them is found anywhere.
"""

import re
import unicodedata
from array import array

from tidegate.signals.fingerprints.normalise import (
    Fold,
    Normalised,
    composed,
    folded,
    legible,
    placed,
    without_excess,
)

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
FREE = _UNSPACED + "\uac00-\ud7a3\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
"""Ranges of a character class: what is found anywhere, beside words or within them."""
UNSPACED = f"[{_UNSPACED}]"
"""A character class: scripts whose words are not set apart."""

_FREE = re.compile(f"[{FREE}]")
_SEAM = re.compile(f"(?<=[{FREE}])(?![{FREE}])(?=[^\\W_])|(?<=[^\\W_])(?<![{FREE}])(?=[{FREE}])")

MARKS = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc"
    "\u06df-\u06e8\u06ea-\u06ed\u0730-\u074a\u08ca-\u08e1\u08e3-\u08ff\u1ab0-\u1aff\u1dc0-\u1dff"
    "\u20d0-\u20ff\u2de0-\u2dff\ua66f-\ua67d\ufe20-\ufe2f\U0001f3fb-\U0001f3ff]"
)
"""Marks that change how a letter is said but not which it is, tatweel, and skin tones. The vowel
signs of India and South East Asia are letters in this sense."""

# Letters with a stroke through them, ligatures and Arabic spellings that nobody keeps apart.
_PLAINER = {
    **dict(zip("øđłħŧðɨʉ", "odlhtdiu", strict=True)),
    **{"æ": "ae", "œ": "oe", **dict.fromkeys("ٱٲٳ", "ا")},
    **{**dict.fromkeys("ۆۇۈۋۊ", "و"), **dict.fromkeys("ةەہھۃ", "ه")},
    **{chr(start + n): chr(97 + n) for start in (0x1F150, 0x1F170) for n in range(26)},
}


def _bare(character: str) -> str:
    if character in "Σσς":  # which look like an o, but to Greeks are a letter of their own
        return "σ"
    kept = MARKS.sub("", folded(character))
    return "".join(_PLAINER.get(one, one) for one in kept)


_BARE = Fold(_bare)
_LUNATE = {ord("ϲ"): "c", ord("Ϲ"): "c"}  # a sigma to Unicode, a c to everybody else


def _plain(character: str) -> str:
    word = unicodedata.category(character)[0] in "LMN" or _FREE.match(character)
    return character if word or character < "\x20" else " "


_PLAIN = Fold(_plain)

_RUN = re.compile("  +")
_NOT_ASCII = re.compile("[^\\x00-\\x7f]+")
_ASCII = bytes(range(128))
_SPACES = bytes(code for code in _ASCII if chr(code).isspace())
_CONTROLS = bytes(code for code in (*range(32), 127) if code not in _SPACES)
_ASCII_BARE = bytes(
    32 if code in _SPACES else ord(chr(code).lower()) if code < 128 else code for code in range(256)
)


def bare(text: str) -> str:
    """`text` without what evades, but with the spaces and punctuation that it has."""
    if text.isascii():
        return _bare_ascii(text)
    text = _tamed(text)
    if len(text.encode("utf-8", "replace")) < len(text) + len(text) // 16:
        changed = _NOT_ASCII.sub(lambda run: _bare_decomposed(run[0]), text)
        if changed.isascii():
            return _bare_ascii(changed)
    folded_text = _bare_decomposed(text)
    return _SEAM.sub(" ", unicodedata.normalize("NFC", folded_text))


def _tamed(text: str) -> str:
    text = legible(text)
    return without_excess(text.translate(_LUNATE) if "ϲ" in text or "Ϲ" in text else text)


def _bare_ascii(text: str) -> str:
    return text.encode().translate(_ASCII_BARE, _CONTROLS).decode()


def _bare_decomposed(text: str) -> str:
    return unicodedata.normalize("NFKD", text).translate(_BARE)


def bare_with_offsets(text: str) -> Normalised:
    """`bare`, each character with its place in the original. Slower, but for ASCII."""
    if text.isascii():
        kept = [place for place, one in enumerate(text) if ord(one) not in _CONTROLS]
        return Normalised(_bare_ascii(text), array("l", [*kept, len(text)]))
    joined = composed(placed(_tamed(text), _bare), len(text))
    seams = [match.start() for match in _SEAM.finditer(joined.text)]
    if not seams:
        return joined
    cuts = list(zip([0, *seams], [*seams, len(joined.text)], strict=True))
    offsets = array("l")
    for start, end in cuts:
        offsets.extend(joined.offsets[start:end])
        offsets.append(joined.offsets[end])  # of the space after it, or the end of the text
    return Normalised(" ".join(joined.text[start:end] for start, end in cuts), offsets)


def plain(bare_text: str) -> str:
    """A bare text with a space for each character that is of no word; as long as it was."""
    return bare_text.translate(_PLAIN)


def dense(marked: str) -> str:
    """`marked` between two spaces, without its NULs and with one space for any run of them."""
    return _RUN.sub(" ", f" {marked} ".replace("\0", ""))


def places(marked: str) -> "array[int]":
    """For each character of `dense(marked)` its place in `marked`; the outer spaces lie beside."""
    kept = array("l")
    space = False
    for place, character in enumerate(f" {marked} ", -1):
        if character != "\0" and not (space and character == " "):
            kept.append(place)
        if character != "\0":
            space = character == " "
    return kept


def skeleton(text: str) -> str:
    """What phrases and texts are compared by: bare words, a space between two of them."""
    return dense(plain(bare(text))).strip(" ")


def bounded(words: str) -> str:
    """`words` of a skeleton with a space where, in a text, their first or last word must end."""
    before = "" if _FREE.match(words) else " "
    return before + words + ("" if _FREE.match(words[-1]) else " ")
