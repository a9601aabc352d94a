"""Lists, files and folders taken into a bank by a form: all of what was sent, or nothing of it. The page of an
import says how far it is and which lines were bad."""

from uuid import UUID

import msgspec
from starlette.responses import Response

from tidegate.infra.errors import Refusal
from tidegate.infra.parsing import convert
from tidegate.pipeline.instance import Instance
from tidegate.signals.banks.queries import get_bank, may_change
from tidegate.signals.banks.staged import (
    BadLine,
    BankImport,
    Options,
    Sent,
    drop,
    errors_of,
    get_import,
    go_on,
    import_unknown,
    send,
)
from tidegate.web.csv import table
from tidegate.web.pages import sent
from tidegate.web.pages.banks import bank_page
from tidegate.web.pages.page import PageRoute, with_query
from tidegate.web.pages.visit import Visit

SHOWN = 100
MOST_FILES = 2000


class ImportPage(msgspec.Struct, frozen=True, kw_only=True):
    """An import, and the first of its bad lines; all of them are at `errors`."""

    imported: BankImport = msgspec.field(name="import")
    bad: list[BadLine]
    errors: str
    changes: bool


def show(visit: Visit) -> ImportPage:
    with visit.begin() as tx:
        bank = get_bank(tx, visit.path["bank"])
        found = get_import(tx, bank.name, _id(visit))
        return ImportPage(
            imported=found,
            bad=errors_of(tx, found.id, SHOWN),
            errors=f"/banks/{bank.name}/imports/{found.id}/errors",
            changes=may_change(tx, bank.platform),
        )


def show_errors(visit: Visit) -> Response:
    """All bad lines, as a table for whoever mends the list."""
    with visit.begin() as tx:
        bank = get_bank(tx, visit.path["bank"])
        found = get_import(tx, bank.name, _id(visit))
        lines = errors_of(tx, found.id)
    rows = ((one.filename, one.line, one.problem) for one in lines)
    return table(f"{bank.name}-errors", ("file", "line", "problem"), rows)


def begin(visit: Visit) -> str:
    """Lay down what was sent; it is read in the background."""
    files = [
        Sent(one.filename or one.name, one.content_type, one.data, one.name == "list")
        for one in visit.form.files
        if one.name in ("list", "files", "folder") and (one.filename or one.data)
        if not (one.name == "folder" and _is_hidden(one.filename or ""))
    ]
    if pasted := visit.field("pasted"):
        files.append(Sent("pasted", "text/plain", pasted.encode(), is_list=True))
    if not files:
        detail = "Choose a list, files or a folder, or paste lines."
        raise Refusal("invalid-body", 422, "There is nothing to import", detail)
    given = {
        "labels": visit.parts("labels"),
        "confirmed": visit.field("confirmed") == "yes",
        "accept_wider": visit.field("accept_wider") == "yes",
    }
    options = convert(given, Options)
    with visit.begin() as tx:
        import_id = send(tx, visit.path["bank"], files, options)
        to = f"/banks/{visit.path['bank']}/imports/{import_id}"
        sent.claim(visit, tx, to)
    return to


def _is_hidden(path: str) -> bool:
    """Whether somebody's computer keeps this file, or a folder on its way, from their eyes."""
    return any(part.startswith(".") for part in path.split("/"))


def take(visit: Visit) -> str:
    """Take what is good, and leave out what is bad."""
    with visit.begin() as tx:
        go_on(tx, visit.path["bank"], _id(visit))
    return f"/banks/{visit.path['bank']}/imports/{_id(visit)}"


def leave(visit: Visit) -> str:
    """Take nothing."""
    with visit.begin() as tx:
        drop(tx, visit.path["bank"], _id(visit))
    return with_query(f"/banks/{visit.path['bank']}/imports/{_id(visit)}", done="import-dropped")


def _id(visit: Visit) -> UUID:
    return visit.uuid("import", import_unknown)


def _upload_limit(instance: Instance) -> int:
    return instance.settings.upload_limit


_IMPORT = "/banks/{bank}/imports/{import}"
_page = PageRoute(path=_IMPORT, handler=show, scope="banks:write", template="bank_import.html")
pages = [
    _page,
    PageRoute(path=f"{_IMPORT}/errors", handler=show_errors, scope="banks:write"),
    PageRoute(
        method="POST",
        path="/banks/{bank}/imports",
        handler=begin,
        scope="banks:write",
        limit=_upload_limit,
        parts=MOST_FILES,
        again=bank_page,
    ),
    PageRoute(
        method="POST", path=f"{_IMPORT}/take", handler=take, scope="banks:write", again=_page
    ),
    PageRoute(
        method="POST", path=f"{_IMPORT}/drop", handler=leave, scope="banks:write", again=_page
    ),
]
