"""What the public forms share: who may open them, the challenge that each carries, its files, and its answer."""

import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from tidegate.content.model import MediaIn
from tidegate.infra.acting import Acting
from tidegate.infra.db import Tx
from tidegate.infra.errors import FieldError, Refusal
from tidegate.infra.parsing import decode
from tidegate.infra.wording import written
from tidegate.intake.model import ReportIn
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.report_answer import ReportAnswer
from tidegate.web import puzzle
from tidegate.web.guesses import Guesses, Sent, stranger
from tidegate.web.pages.frame import Frame
from tidegate.web.pages.page import PageRoute
from tidegate.web.pages.render import html
from tidegate.web.pages.visit import Visit
from tidegate.web.places import in_turn
from tidegate.web.puzzle import Challenge
from tidegate.web.reporting import hear_report
from tidegate.web.words import PSEUDO, languages, spoken

MOST_FILES = 8
QUEUE = "public forms"  # all of them take turns as one sender
# After these a form goes on with another challenge: the one that it had is used up, or was none.
_SPENT = ("form-sent", "form-too-old", "puzzle-wrong")


class Tongue(msgspec.Struct, frozen=True):
    """A language that the form can be had in, and where."""

    tag: str
    name: str
    at: str
    chosen: bool


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """A form as it is shown: its path with the language, and its challenge with how hard it is."""

    name: str
    action: str
    tongues: list[Tongue]
    challenge: str = ""
    bits: int = 0
    wait: int = 0
    most_files: int = MOST_FILES
    limit: int = 0


def admit(visit: Visit) -> None:
    """Raises Refusal: 404 where there are no public forms; 429 for whoever sends more of them than a person
    could, before any of it is read."""
    if not visit.instance.settings.public_forms:
        raise Refusal("not-found", 404, "There is nothing at this path")
    if visit.request.method == "POST":
        _sent(visit).posted.admit(stranger(visit.address))


def form_of(visit: Visit, name: str, *, sends: bool = True) -> Form:
    """The form in the reader's language. One that is shown again keeps its challenge, so that nobody waits
    twice. `sends`: it writes something, and needs one."""
    tag = spoken().tag
    tongues = [
        Tongue(one.tag, one.name, f"/{name}?{urlencode({'lang': one.tag})}", one.tag == tag)
        for one in languages().values()
        if one.tag != PSEUDO
    ]
    settings = visit.instance.settings
    form = Form(
        name=name,
        action=f"/{name}?{urlencode({'lang': tag})}",
        tongues=tongues,
        limit=limit_of(visit.instance),
    )
    if not sends:
        return form
    key, now = visit.instance.secrets.terms_key, visit.instance.clock.now()
    challenge, spent = visit.field("challenge"), visit.refusal and visit.refusal.type in _SPENT
    if spent or not puzzle.is_good(key, name, challenge, now):
        nonce = secrets.token_bytes(puzzle.NONCE)
        challenge = puzzle.issue(key, name, settings.proof_bits, nonce, now)
    wait = int(puzzle.WAIT.total_seconds())
    return msgspec.structs.replace(form, challenge=challenge, bits=settings.proof_bits, wait=wait)


def limit_of(instance: Instance) -> int:
    """The largest form that is taken, in bytes."""
    return min(instance.settings.public_forms_limit, instance.settings.upload_limit)


def acting(visit: Visit, form: str) -> Acting:
    """In whose name: the form's, on its platform. Who is signed in does not matter here."""
    return Acting(
        f"form:{form}", platforms=frozenset({visit.instance.settings.public_forms_platform})
    )


def begin(visit: Visit, form: str) -> AbstractContextManager[Tx]:
    """A transaction in the form's name."""
    return visit.begin(acting(visit, form))


def proved(visit: Visit, form: str) -> tuple[Challenge, Callable[[], None]]:
    """The challenge that came with a form, which now counts as sent, and how to take that back. Raises Refusal:
    422 for one that is not good, 429 where too many came from one address."""
    key, now = visit.instance.secrets.terms_key, visit.instance.clock.now()
    found = puzzle.check(key, form, visit.field("challenge"), visit.field("proof"), now)
    counted: Guesses = _sent(visit).solved if found.solved else _sent(visit).waited
    who = stranger(visit.address)
    counted.admit(who)
    return found, lambda: counted.found(who)


def refuse(errors: Sequence[FieldError | None]) -> None:
    """Raises Refusal (422) that tells all that is wrong, where anything is."""
    if found := [one for one in errors if one is not None]:
        raise Refusal(
            "form-not-filled",
            422,
            "The form needs a second look",
            "Nothing was sent.",
            errors=found,
        )


def says(visit: Visit, name: str, first: int, last: int) -> FieldError | None:
    """What is wrong with a field that must say something, in so many characters."""
    text = visit.field(name)
    count = len(text)
    if count <= last and written(text) >= first:
        return None
    got = f"{count} characters" if text else "nothing"
    return FieldError(f"/{name}", f"text of {first} to {last} characters", got)


def at_most(visit: Visit, name: str, count: int) -> FieldError | None:
    """What is wrong with a field that may be empty."""
    text = visit.field(name)
    if len(text) <= count and (not text or written(text)):
        return None
    return FieldError(f"/{name}", f"text of at most {count} characters", "another value")


def files_of(visit: Visit) -> list[MediaIn]:
    """The files that were chosen; browsers send an empty one for a choice not made."""
    return [
        MediaIn(one.filename, (one.content_type or "")[:127], one.data)
        for one in visit.form.files
        if one.name == "files" and one.data
    ]


def too_many(files: Sequence[MediaIn]) -> FieldError | None:
    if len(files) > MOST_FILES:
        return FieldError("/files", f"at most {MOST_FILES} files", f"{len(files)}")
    return None


async def send(
    visit: Visit, form: str, said: dict[str, Any], files: Sequence[MediaIn], at: datetime
) -> str:
    """Hear a report that a form makes, as any; its reference. Raises Refusal."""
    said = said | {"created_at": at.astimezone(UTC)}
    given = {name: value for name, value in said.items() if value not in (None, "", {})}
    report = msgspec.structs.replace(
        decode(msgspec.json.encode(given), ReportIn), media=list(files)
    )
    by = acting(visit, form)
    platform = visit.instance.settings.public_forms_platform
    try:
        body = await hear_report(visit.request, report, platform=platform, by=by, queue=QUEUE)
    except Refusal as refused:
        raise _of_form(refused) from refused
    return msgspec.json.decode(body, type=ReportAnswer).reference


def _of_form(refused: Refusal) -> Refusal:
    """The same as it is told to somebody who filled in a form."""
    if refused.type == "report-changed":
        return sent_already()
    if refused.status == 422:
        at_files = any(one.pointer.startswith("/media") for one in refused.errors)
        if at_files:
            error = FieldError("/files", "files that can be opened", "another value")
            title = "The form needs a second look"
            return Refusal("form-not-filled", 422, title, "Nothing was sent.", errors=[error])
    return refused


def sent_already() -> Refusal:
    """The 409 of a form whose challenge was used for something else."""
    return Refusal(
        "form-sent",
        409,
        "This form was sent already",
        "What it said then is kept. To send what it says now as well, send it again from here.",
    )


async def shown(visit: Visit, template: str, page: object, status: int = 200) -> Response:
    """A page of the forms, made in a thread."""
    return await in_turn(visit.request, html, template, visit, page, status, None, Frame())


def show(visit: Visit, template: str, page: object) -> Response:
    """A form, which says what was wrong where it is shown again."""
    refusal = visit.refusal
    status = refusal.status if refusal else 200
    return html(template, visit, page, status, refusal and refusal.headers, Frame())


def routes(
    path: str, get: Callable[[Visit], Response], post: Callable[[Visit], Any]
) -> list[PageRoute]:
    """Both routes of a form."""
    first = PageRoute(
        path=path, handler=get, scope=None, public=True, followed=True, tongues=True, admit=admit
    )
    second = PageRoute(
        method="POST",
        path=path,
        handler=post,
        scope=None,
        public=True,
        followed=True,
        tongues=True,
        admit=admit,
        limit=limit_of,
        again=first,
    )
    return [first, second]


def _sent(visit: Visit) -> Sent:
    found: Sent = visit.request.app.state.sent
    return found
