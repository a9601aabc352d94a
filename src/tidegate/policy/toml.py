"""Parsing a pack's TOML in memory and time that grow with its length, whatever it is.

The parser keeps, for every key, each beginning of its dotted name: a key of ten thousand parts takes
gigabytes. So parts are counted first, and names that no pack has are refused before they are parsed.
"""

import re
import tomllib
from typing import Any

from tidegate.policy.source import Place, place_of

MAX_PARTS = 8  # of a dotted name; a pack's longest has three

# What ends a name or cannot be in one. Strings and comments are passed over whole, so that what looks
# like a name in them is none; possessive throughout: no input makes this slow.
_TOKEN = re.compile(
    # One or two quotation marks may stand before the three that end a long string.
    r'''"""(?:[^"\\]++|\\.|"{1,2}+(?!"))*+(?:"{3,5}+)?+'''
    r"""|'''(?:[^']++|'{1,2}+(?!'))*+(?:'{3,5}+)?+"""
    r"""|"(?:[^"\\\n]++|\\.)*+"?+|'[^'\n]*+'?+|\#[^\n]*+"""
    r"""|(?P<end>[=,\n{}\[\]])|(?P<dot>\.)""",
    re.S,
)
_TOLD = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


class NotToml(Exception):
    """A text that cannot be parsed: why, and where as far as that is known."""

    def __init__(self, why: str, place: Place | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.place = place


def parse(text: str) -> dict[str, Any]:
    """The document. Raises NotToml."""
    _refuse_long_names(text)
    try:
        text.encode()
        return tomllib.loads(text)
    except UnicodeEncodeError:
        raise NotToml("not valid Unicode") from None
    except RecursionError:
        raise NotToml("nested too deeply") from None
    except tomllib.TOMLDecodeError as error:
        found = _TOLD.search(str(error))
        place = place_of(text, len(text))
        if found and found[1]:
            place = Place(int(found[1]), int(found[2]))
        raise NotToml("not TOML: " + _TOLD.sub("", str(error)), place) from None
    except ValueError:  # Python's own bound, which the parser does not know
        raise NotToml("a number has too many digits") from None


def _refuse_long_names(text: str) -> None:
    dots = 0
    for token in _TOKEN.finditer(text):
        if token["end"]:
            dots = 0
        elif token["dot"]:
            dots += 1
            if dots == MAX_PARTS:
                raise NotToml(
                    f"a dotted name has more than {MAX_PARTS} parts", place_of(text, token.start())
                )
