"""What else a text may be read as: as its markup shows it, in the order in which it is seen, with its blanks.

The text itself is always looked up; what stands here is looked up besides, under views of its own. `text@seen`
is what the platform says a reader sees: its HTML or Markdown without the markup, with all that somebody may
see. What is equal to an entry there is exactly the entry. `text@read` is our guess: markup that nobody told us
of, what a style seems to hide, what is struck out, an order that controls of direction change, blanks that Unicode
does not count as spaces, marks that are laid on letters. What is found there, however equal, asks a person.
"""

import re
import unicodedata
from array import array
from collections.abc import Sequence

from tidegate.content.model import Worded
from tidegate.content.parts import TEXT, Part
from tidegate.signals.fingerprints.order import as_shown
from tidegate.signals.fingerprints.seen import Seen, has_markup, seen, seen_surely
from tidegate.signals.fingerprints.skeleton import MARKS

SEEN = Part(TEXT, "seen").name
READ = Part(TEXT, "read").name


_ODD = re.compile("[\u115f\u1160\u200c\u202a-\u202e\u2066-\u2069\u3164\uffa0]")
_BLANK = re.compile(
    "[\u3164\uffa0]|(?<![\u1100-\u11ff\ua960-\ua97c])[\u115f\u1160](?![\u1100-\u11ff\ud7b0-\ud7fb])"
    "|(?<=[\u0600-\u08ff\ufb50-\ufdff\ufe70-\ufeff])\u200c"
)


def readings(worded: Worded) -> list[tuple[str, Seen]]:
    """What a text may be read as besides as it stands: each with the view that it is under. None for nearly
    all texts, which have no markup, and this is cheap then."""
    if not may_read_otherwise(worded):
        return []
    text, told = worded
    found: list[tuple[str, Seen]] = []
    surely, one = (None, seen(text)) if told is None else seen_surely(text, told)
    if surely is not None and surely.text != text:
        found.append((SEEN, surely))
    if one.text not in (text, surely.text if surely else text):
        found.append((READ, one))
    other = _as_blanks(_in_order(one))
    if other.text != one.text:
        found.append((READ, other))
    return found


def may_read_otherwise(worded: Worded) -> bool:
    """Whether it is worth while to read a text in other ways than it stands; cheap."""
    text, told = worded
    if told != "plain" and (told is not None or has_markup(text)):
        return True
    return not text.isascii() and _ODD.search(text) is not None


def unmarked(text: str) -> list[str]:
    """A text without marks that no letter is written with ("s̶t̶r̶u̶c̶k̶ out"), and, where these are many, without
    any. None where there are none."""
    if text.isascii():
        return []
    composed = unicodedata.normalize("NFC", text)
    laid = len(_LAID.findall(composed))
    if not laid:
        return []
    once = _LAID.sub("", composed)
    if laid * 4 < len(once):
        return [once]
    plain = MARKS.sub("", unicodedata.normalize("NFD", once))
    return list(dict.fromkeys([once, unicodedata.normalize("NFC", plain)]))


_LAID = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u2de0-\u2dff\ufe20-\ufe2f]"
)


def forms(worded: Worded) -> list[tuple[str, str]]:
    """All that a text is compared as a whole by, each with its view: the text itself first."""
    if worded.text.isascii() and not may_read_otherwise(worded):
        return [(TEXT, worded.text)]
    found = [(TEXT, worded.text), *((view, one.text) for view, one in readings(worded))]
    return found + [(READ, plain) for _, text in found for plain in unmarked(text)]


def is_guess(part: str) -> bool:
    """Whether what is known of this part rests on a guess of ours: it asks a person, whatever it equals."""
    return part == READ


def _in_order(one: Seen) -> Seen:
    order = None if one.text.isascii() else as_shown(one.text)
    return one if order is None else _picked(one, order)


def _picked(one: Seen, places: Sequence[int]) -> Seen:
    return Seen(
        "".join(one.text[place] for place in places),
        array("l", [one.starts[place] for place in places]),
        array("l", [one.ends[place] for place in places]),
    )


def _as_blanks(one: Seen) -> Seen:
    return one if one.text.isascii() else one._replace(text=_BLANK.sub(" ", one.text))
