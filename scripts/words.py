"""Collect what is said to people, for translators: `make words`.

All of it goes into `src/tidegate/web/locale/tidegate.pot`, and into the catalogue of each language, whose
translations stay: what is new is empty there, what is said no more is gone. Places are left out, so that
they change when a sentence does, and not when a line moves. `make words` says what is still to be translated.
"""

import io
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po
from scripts.refused_words import allowed, refused

import tidegate.web
from tidegate.clocks.packs import read_packs
from tidegate.oversight.measures.packs import read_measures
from tidegate.pipeline.outcomes import SENTENCES
from tidegate.web.pages.sentences import PARSED
from tidegate.web.words import ALLOWED, DATA, DOMAIN, LOCALE, REFUSED

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


@cache
def found(folder: Path = ROOT) -> tuple[tuple[str, str | tuple[str, ...], str | None], ...]:
    """(file, message, context) of everything that is said."""
    said = extract_from_dir(folder, METHODS, OPTIONS, KEYWORDS)
    told = ((file, message, context) for file, _, message, _, context in said)
    return tuple(sorted(told, key=lambda one: (one[0], str(one[1]))))


def collect() -> Catalog:
    """All that is said, once."""
    catalog = Catalog(project="Tidegate", charset="utf-8")
    for _, message, context in sorted(found(), key=lambda one: str(one[1])):
        if message:
            catalog.add(message, context=context)
    for sentence in sorted(refused(ROOT.parent) | set(PARSED) | set(SENTENCES)):
        catalog.add(sentence, context=REFUSED)
    for text in sorted(allowed(ROOT.parent)):
        catalog.add(text, context=ALLOWED)
    for text in sorted(called()):
        catalog.add(text, context=DATA)
    return catalog


def called() -> set[str]:
    """What the data that comes with the program calls things."""
    packs = read_packs().packs
    clocks = [one for pack in packs for one in pack.clocks]
    said = {pack.law for pack in packs} | {one.title for one in clocks}
    said |= {one.note for one in clocks if one.note}
    for pack in read_measures().values():
        said |= {pack.law} | {step.title for step in pack.steps}
        said |= {words for step in pack.steps for words in step.outcomes.values()}
    return said


def catalogues() -> dict[str, Path]:
    """The catalogues that there are, by language."""
    return {path.parts[-3]: path for path in sorted(LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))}


def read(language: str, path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=language.replace("-", "_"))


def updated(language: str, path: Path, said: Catalog) -> Catalog:
    """A language's catalogue as it has to be: with all that is said, and nothing else."""
    catalog = read(language, path)
    catalog.update(said, no_fuzzy_matching=True)
    return catalog


def written(catalog: Catalog) -> bytes:
    """The file, without the time at which it was made."""
    out = io.BytesIO()
    lines = ["Content-Type: text/plain; charset=utf-8"]
    if catalog.locale is not None:
        lines += [f"Language: {catalog.locale_identifier}", f"Plural-Forms: {catalog.plural_forms}"]
    write_po(out, catalog, omit_header=True, no_location=True, width=100, sort_output=True,
             ignore_obsolete=True)  # fmt: skip
    header = "".join(f'"{line}\\n"\n' for line in lines)
    return f'msgid ""\nmsgstr ""\n{header}\n'.encode() + out.getvalue()


def missing(catalog: Catalog) -> int:
    """How many messages have no translation."""
    return sum(not all(forms(one)) for one in catalog if one.id)


def forms(message: Message) -> list[str]:
    """What a message is in the language: a text, or one for each kind of number."""
    said: str | tuple[str, ...] | None = message.string
    return [said or ""] if said is None or isinstance(said, str) else list(said)


if __name__ == "__main__":
    POT.parent.mkdir(exist_ok=True)
    everything = collect()
    POT.write_bytes(written(everything))
    for language, path in catalogues().items():
        catalog = updated(language, path, everything)
        path.write_bytes(written(catalog))
        if empty := missing(catalog):
            print(f"{path}: {empty} of {len(catalog)} messages have no translation")
