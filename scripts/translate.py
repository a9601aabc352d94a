"""Translating what is new, in one file for all languages: for whoever does not open each catalogue.

`python -m scripts.translate todo` prints what has no translation yet, a line each: its number and the text,
`number¦text`. Written behind it, in the order of the languages (`ar`, `de`, `fr`): `number¦…¦…¦…`;
forms for several numbers stand between ` || `. `python -m scripts.translate take FILE` puts them in.
"""

import sys
from pathlib import Path

from babel.messages.catalog import Message
from scripts.words import catalogues, collect, forms, updated, written

BETWEEN, PLURAL = "¦", " || "


def key(message: Message) -> tuple[str, str]:
    id = message.id
    return message.context or "", id if isinstance(id, str) else id[0]


def todo() -> list[Message]:
    """What some language lacks, in an order that stays while nothing else is said."""
    said = collect()
    found = {
        key(one): one
        for language, path in catalogues().items()
        for one in updated(language, path, said)
        if one.id and not all(forms(one))
    }
    return [found[name] for name in sorted(found)]


def take(lines: list[str]) -> None:
    said, waiting = collect(), todo()
    for place, (language, path) in enumerate(catalogues().items()):
        catalog = updated(language, path, said)
        for line in lines:
            number, *texts = line.split(BETWEEN)
            message = waiting[int(number)]
            parts = tuple(text.strip(" ") if PLURAL in texts[place] else text
                          for text in texts[place].split(PLURAL))  # fmt: skip
            plural = isinstance(message.id, tuple | list)
            known = catalog.get(message.id, context=message.context)
            assert known is not None
            known.string = parts if plural else texts[place]
        path.write_bytes(written(catalog))


if __name__ == "__main__":
    if sys.argv[1:2] == ["take"]:
        take([line for line in Path(sys.argv[2]).read_text().splitlines() if line.strip()])
    else:
        for number, message in enumerate(todo()):
            id = message.id
            print(f"{number}{BETWEEN}{id if isinstance(id, str) else PLURAL.join(id)}")
