"""What a page's handler is given: one authorised request, its parsed parts, its transactions."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from starlette.requests import Request

from tidegate.access.model import Principal
from tidegate.infra.acting import SYSTEM, Acting
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.pipeline.instance import Instance
from tidegate.policy.model import Pack
from tidegate.web.gate import segment
from tidegate.web.multipart import File, Form
from tidegate.web.pages.called import Names
from tidegate.web.words import spoken


class Visit:
    """One authorised request to a page: its parsed parts, and what a handler needs."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.instance: Instance = request.app.state.services
        self.principal: Principal | None = request.state.principal
        self.path = {name: segment(value) for name, value in request.path_params.items()}
        self.query: Any = None
        self.form = Form([], [])
        self.refusal: Refusal | None = None  # why the form is shown again
        self.names = Names(self.begin)
        self.committed = 0  # transactions

    @property
    def by_script(self) -> bool:
        """Whether a script of ours sent the form: it gets JSON, also of what goes wrong, and goes on
        by itself."""
        return self.request.headers.get("accept", "").startswith("application/json")

    @property
    def request_id(self) -> str:
        return self.request.state.request_id

    @property
    def address(self) -> str:
        """Where the request comes from."""
        return self.request.state.address

    @property
    def base(self) -> str:
        """The address that people reach the pages at, without a slash at the end: as it is set, else as this
        request has it."""
        base = self.instance.settings.public_url or str(self.request.base_url)
        return base.rstrip("/")

    @property
    def who(self) -> Principal:
        """The person, on pages that are not open."""
        assert self.principal is not None
        return self.principal

    @contextmanager
    def begin(self, by: Acting | str | None = None) -> Generator[Tx]:
        """A transaction in the person's name, or in another."""
        by = by or (self.principal.acting if self.principal else SYSTEM)
        with self.instance.database.begin(by, self.request_id) as tx:
            yield tx
        self.committed += 1

    def needs_fresh(self) -> bool:
        """Whether the person must show again that it is them: their last factor is a while ago."""
        return not self.who.is_fresh(self.instance.clock.now())

    def shows_what_is_asked_for(self) -> bool:
        """Whether a page has the forms that ask for that: also where one was sent too late, with what was
        typed in it."""
        return self.refusal is not None or not self.needs_fresh()

    def may(self, scope: str) -> bool:
        return self.principal is not None and self.principal.may(scope)

    def pack(self, tx: Tx) -> Pack:
        """The active pack as the reader is shown it, in their language as far as it has that."""
        return self.instance.pack(tx).in_language(spoken().tag)

    def actors(self, by: str) -> set[str]:
        """Whom a name in a filter means, as records name them; "me" is the person."""
        return {self.who.actor} if by == "me" else self.names.actors(by)

    def uuid(self, name: str, unknown: Callable[[str], Refusal]) -> UUID:
        """A path parameter that is an id of ours. Raises Refusal for what cannot be one."""
        try:
            return UUID(self.path[name])
        except ValueError:
            raise unknown(self.path[name]) from None

    def field(self, name: str, default: str = "") -> str:
        """The last value of a form's field, without the space around it."""
        values = self.fields(name)
        return values[-1] if values else default

    def fields(self, name: str) -> list[str]:
        return [value.strip() for key, value in self.form.fields if key == name]

    def parts(self, name: str) -> list[str]:
        """What a field names, separated by commas or spaces."""
        return self.field(name).replace(",", " ").split()

    def file(self, name: str) -> File | None:
        """A file that was chosen; browsers send an empty one for a choice not made."""
        return next((f for f in self.form.files if f.name == name and f.data), None)
