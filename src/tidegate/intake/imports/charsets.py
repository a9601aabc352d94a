"""Bytes of e-mail as text, whatever their label says: the best reading, and what is to be said of it.

Labels are wrong as often as they are missing. What is UTF-8 to the letter is UTF-8, since by chance nothing
else is; what is called Latin-1 or ASCII is Windows-1252, as in browsers.
"""

import codecs
import re
from functools import lru_cache

WESTERN = "cp1252"
_ALIASES = {
    "ascii": WESTERN,
    "iso8859-1": WESTERN,
    "ansi_x3.4-1968": WESTERN,
    "unknown-8bit": WESTERN,
    "x-unknown": WESTERN,
    "default_charset": WESTERN,
    "utf8mb4": "utf-8",
    "unicode": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "euc_kr": "cp949",
    "x-sjis": "cp932",
    "shift_jis": "cp932",
    "windows-31j": "cp932",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
    "iso-8859-6-i": "iso8859-6",
    "windows-874": "cp874",
    "tis-620": "cp874",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
    "x-mac-cyrillic": "mac-cyrillic",
}
# Python's names for what is no way to write mail; some of them are slow, some make no sound text.
_NEVER = {"idna", "mbcs", "oem", "punycode", "raw_unicode_escape", "undefined", "unicode_escape"}
# Of these nearly any bytes are sound, so that they say little.
_LOOSE = {WESTERN, "iso8859-15", "mac-roman"}
_NAME = re.compile(r"[A-Za-z0-9_.:+-]{1,40}\Z")
_SURROGATES = re.compile("[\ud800-\udfff]")


def decoded(data: bytes, label: str | None) -> tuple[str, str | None]:
    """The text, and what is to be said of how it was read; None where that is beyond doubt."""
    name = _known(label) if label else None
    if name is None:
        text, note = _unlabelled(data)
        if label and not data.isascii():
            note = f"An unknown charset ({_shown(label)}) was read as {'UTF-8' if note is None else 'Windows-1252'}."
        return text, note
    if name in _LOOSE and not data.isascii() and (text := _strictly(data, "utf-8")) is not None:
        return text, f"Text labelled {_shown(label)} is UTF-8, and was read so."
    text = _strictly(data, name)
    if text is not None:
        return text, None
    if name not in ("utf-8", *_LOOSE) and (text := _strictly(data, "utf-8")) is not None:
        return text, f"Text labelled {_shown(label)} is UTF-8, and was read so."
    if name == "utf-8" and (text := _strictly(data, WESTERN)) is not None:
        return (
            text,
            "Text labelled UTF-8 is not, and was read as Windows-1252; letters may be others.",
        )
    read = data.decode(name, "replace")
    return (
        read,
        f"Text labelled {_shown(label)} is not quite that; what could not be read is \ufffd.",
    )


def _unlabelled(data: bytes) -> tuple[str, str | None]:
    if (text := _strictly(data, "utf-8")) is not None:
        return text, None
    note = "Text of no known charset was read as Windows-1252; letters may be others."
    return data.decode(WESTERN, "replace"), note


def _strictly(data: bytes, name: str) -> str | None:
    try:
        text = data.decode(name)
    except (UnicodeError, ValueError):
        return None
    return None if _SURROGATES.search(text) else text


def _shown(label: str | None) -> str:
    return (label or "").strip() if _NAME.match((label or "").strip()) else "wrongly"


@lru_cache(maxsize=256)
def _known(label: str) -> str | None:
    """Python's name of a charset; None for one that it does not know, or that no mail is written in."""
    name = label.strip().strip("\"'").lower()
    if not _NAME.match(name):
        return None
    try:
        found = codecs.lookup(_ALIASES.get(name, name)).name
        b"a".decode(found, "ignore")  # refused by what is no charset, such as base64
    except (LookupError, ValueError):
        return None
    found = _ALIASES.get(found, found)
    return None if found.replace("-", "_") in _NEVER else found


def sound(text: str) -> str:
    """The same text as a store can keep it: line feeds at its lines' ends, no NUL, no lone surrogate."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    return _SURROGATES.sub("\ufffd", text)
