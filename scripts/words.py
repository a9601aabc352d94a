"""Collect what is said to people into `src/tidegate/web/locale/tidegate.pot`: `make words`.

Translators start from it. Places are left out, so that it changes when a sentence does, and not when a line
moves.
"""

import io
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

import tidegate.web
from tidegate.web.words import DOMAIN, LOCALE

ROOT = Path(tidegate.web.__file__).parent
POT = LOCALE / f"{DOMAIN}.pot"
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "noted": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
OPTIONS: dict[str, dict[str, str]] = {"templates/**.html": {"silent": "false"}}


def found(folder: Path = ROOT) -> list[tuple[str, str | tuple[str, ...], str | None]]:
    """(file, message, context) of everything that is said."""
    said = extract_from_dir(folder, METHODS, OPTIONS, KEYWORDS)
    return sorted(
        ((file, message, context) for file, _, message, _, context in said),
        key=lambda one: (one[0], str(one[1])),
    )


def collect() -> Catalog:
    """All that is said, once."""
    catalog = Catalog(project="Tidegate", charset="utf-8")
    for _, message, context in sorted(found(), key=lambda one: str(one[1])):
        if message:
            catalog.add(message, context=context)
    return catalog


def written(catalog: Catalog) -> bytes:
    """The file, without the time at which it was made."""
    out = io.BytesIO()
    write_po(out, catalog, no_location=True, omit_header=True, width=100)
    header = b'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
    return header + out.getvalue()


if __name__ == "__main__":
    POT.parent.mkdir(exist_ok=True)
    POT.write_bytes(written(collect()))
