"""Character references of HTML ("&eacute;", "&#101;"), as they are read: for `seen`.

HTML reads numbers without a semicolon too, and the names that it has had from of old; Markdown reads neither.
Where nobody told us of markup, such a name counts only where it stands for a letter or a blank.
"""

import html
import re
from html.entities import html5

from tidegate.content.model import TextFormat

_NUMERIC = r"#0{0,40}[0-9]{1,7};?|#[xX]0{0,40}[0-9a-fA-F]{1,6};?"
_OF_OLD = "|".join(
    sorted((one for one in html5 if one[-1] != ";"), reverse=True)
)  # need no semicolon
_SNIFFED = frozenset(
    one for one in _OF_OLD.split("|") if html5[one].isalpha() or html5[one] in "\xa0\xad"
)
LETTERS = "|".join(sorted(_SNIFFED))
_ENTITY = re.compile(rf"&(?:{_NUMERIC}|[a-zA-Z][a-zA-Z0-9]{{1,31}};|(?:{_OF_OLD}))")
_CLOSED_ENTITY = re.compile(r"&(?:#[0-9]{1,7};|#[xX][0-9a-fA-F]{1,6};|[a-zA-Z][a-zA-Z0-9]{1,31};)")


def reference_at(text: str, place: int, format: TextFormat | None) -> tuple[int, str] | None:
    """Where the reference ends that begins there, and the characters that it stands for."""
    found = (_CLOSED_ENTITY if format == "markdown" else _ENTITY).match(text, place)
    if found is None or (format is None and not _is_sniffed(found[0])):
        return None
    read = html.unescape(found[0])
    return (found.end(), read) if read and read != found[0] else None


def _is_sniffed(reference: str) -> bool:
    return reference[-1] == ";" or reference[1] == "#" or reference[1:] in _SNIFFED
