"""What is near to a file that was dropped, to a text, an address or a code: entries and items."""

import msgspec

from tidegate.infra.db import Tx
from tidegate.pipeline.near import NearEntry, NearItem, near_entries
from tidegate.signals import fingerprints
from tidegate.signals.model import Codes, Fingerprint
from tidegate.signals.parts import ExaminedFile, codes_of
from tidegate.web.formats import listed
from tidegate.web.pages.found import FoundItem, found_items
from tidegate.web.pages.visit import Visit
from tidegate.web.places import in_turn
from tidegate.web.words import gettext


class Near(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked for ("" before the first look), what is near to it, the nearest first, and what was
    wrong with the file. Nothing of it is kept."""

    searched: str = ""
    entries: list[NearEntry] = []
    items: list[FoundItem] = []
    problems: list[str] = []


async def dropped(visit: Visit) -> Near:
    """What is near to the file and the text of a form."""
    files: list[ExaminedFile] = []
    problems: list[str] = []
    searched: list[str] = []
    if file := visit.file("file"):
        examined = await visit.instance.media.examine(
            file.data, file.content_type, file.filename, key=visit.who.queue
        )
        files.append(ExaminedFile(fingerprints.of_bytes(file.data), examined.codes))
        problems += examined.problems
        searched.append(file.filename or gettext("the picture"))
    if text := visit.field("text"):
        searched.append(gettext("the text"))

    def look() -> Near:
        codes = codes_of(text=text, url=text, files=files)
        with visit.begin() as tx:
            found = near(visit, tx, codes, text, listed(searched))
        return msgspec.structs.replace(found, problems=problems)

    return await in_turn(visit.request, look)


def near_code(visit: Visit, tx: Tx, code: bytes) -> Near:
    """What is near to the code of a picture."""
    codes: Codes = [("media/0", Fingerprint("pdq", code))]
    return near(visit, tx, codes, "", gettext("the code"))


def near_address(visit: Visit, tx: Tx, address: str) -> Near:
    """What an address is the same as, or leads to."""
    return near(visit, tx, codes_of(text=address, url=address), address, gettext("the address"))


def near(visit: Visit, tx: Tx, codes: Codes, text: str, searched: str) -> Near:
    """What is near to these codes, as far as the person may see it."""
    instance = visit.instance
    entries = (
        near_entries(tx, instance.banks, codes, text, tx.platforms)
        if visit.may("banks:read")
        else []
    )
    found = instance.near_items.search(tx, codes) if visit.may("items:read") else []
    return Near(searched=searched, entries=entries, items=_shown(tx, found))


def _shown(tx: Tx, found: list[NearItem]) -> list[FoundItem]:
    how = {one.item: one for one in found}
    return [
        msgspec.structs.replace(one, kind=how[one.id].kind, distance=how[one.id].distance)
        for one in found_items(tx, list(how), ())
    ]
