"""The people who work here: who they are, what they may, and whether they are let in. For administrators."""

from datetime import datetime
from uuid import UUID

import msgspec
from starlette.responses import Response

from tidegate.access.actions import create_link, create_user
from tidegate.access.model import ROLES, Limits, User
from tidegate.access.names import rename
from tidegate.access.people import enable_user
from tidegate.access.queries import last_seen, list_users, user_by_id, user_unknown
from tidegate.pipeline.people import change_limits, change_role, disable_user
from tidegate.web.pages.once import address_of_link, shown_once
from tidegate.web.pages.page import PageRoute, with_query
from tidegate.web.pages.visit import Visit


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who works here; `me`: it is the one who looks. Where a limit is null there is none."""

    id: UUID
    email: str
    display_name: str
    role: str
    platforms: list[str] | None
    queues: list[str] | None
    languages: list[str] | None
    has_password: bool
    state: str  # active, disabled
    created_at: datetime
    last_seen: datetime | None
    me: bool


class Link(msgspec.Struct, frozen=True):
    """A one-time link, which is shown this once, and whom it signs in."""

    email: str
    address: str


class PeoplePage(msgspec.Struct, frozen=True):
    """Everybody, by address. `fresh`: whoever looks has shown lately that it is them, and may change it."""

    people: list[Person]
    roles: list[str]
    fresh: bool
    link: Link | None = None


class PersonPage(msgspec.Struct, frozen=True):
    """One person, with what can be changed about them, and whether whoever looks has shown lately that it
    is them."""

    person: Person
    roles: list[str]
    fresh: bool
    link: Link | None = None


def show(visit: Visit) -> PeoplePage:
    with visit.begin() as tx:
        seen = last_seen(tx)
        found = [_person(visit, user, seen.get(user.id)) for user in list_users(tx)]
    return PeoplePage(found, list(ROLES), visit.shows_what_is_asked_for())


def show_person(visit: Visit) -> PersonPage:
    person_id = visit.uuid("person", user_unknown)
    with visit.begin() as tx:
        user = user_by_id(tx, person_id)
        person = _person(visit, user, last_seen(tx).get(user.id))
    return PersonPage(person, list(ROLES), visit.shows_what_is_asked_for())


def invite(visit: Visit) -> Response:
    """Make somebody a user; the link that signs them in is shown once."""
    with visit.begin() as tx:
        user, token = create_user(tx, visit.field("email"), visit.field("role"), _limits(visit))
        if name := visit.field("display_name"):
            rename(tx, user.email, name)
    page = show(visit)
    link = Link(user.email, address_of_link(visit, token))
    return shown_once(visit, "people.html", msgspec.structs.replace(page, link=link))


def new_link(visit: Visit) -> Response:
    """Another one-time link, for who lost theirs."""
    email = _email(visit)
    with visit.begin() as tx:
        token = create_link(tx, email)
    link = Link(email, address_of_link(visit, token))
    page = msgspec.structs.replace(show_person(visit), link=link)
    return shown_once(visit, "person.html", page)


def give_role(visit: Visit) -> str:
    email = _email(visit)
    with visit.begin() as tx:
        change_role(tx, email, visit.field("role"))
    return _back(visit, "role")


def limit(visit: Visit) -> str:
    email = _email(visit)
    with visit.begin() as tx:
        change_limits(tx, email, _limits(visit))
    return _back(visit, "limits")


def shut_out(visit: Visit) -> str:
    email = _email(visit)
    with visit.begin() as tx:
        disable_user(tx, email)
    return _back(visit, "shut-out")


def let_in(visit: Visit) -> str:
    email = _email(visit)
    with visit.begin() as tx:
        enable_user(tx, email)
    return _back(visit, "let-in")


def call(visit: Visit) -> str:
    """Have others know them by another name."""
    email = _email(visit)
    with visit.begin() as tx:
        rename(tx, email, visit.field("display_name"))
    return _back(visit, "renamed")


def _person(visit: Visit, user: User, seen: datetime | None) -> Person:
    return Person(
        id=user.id,
        email=user.email,
        display_name=user.display_name,
        role=user.role,
        platforms=user.platforms,
        queues=user.queues,
        languages=user.languages,
        has_password=user.has_password,
        state="active" if user.disabled_at is None else "disabled",
        created_at=user.created_at,
        last_seen=seen,
        me=user.email == visit.who.name,
    )


def _email(visit: Visit) -> str:
    person_id = visit.uuid("person", user_unknown)
    with visit.begin() as tx:
        return user_by_id(tx, person_id).email


def _limits(visit: Visit) -> Limits:
    """The limits of a form; a field left empty binds to none."""
    return Limits(
        **{name: visit.parts(name) or None for name in ("platforms", "queues", "languages")}
    )


def _back(visit: Visit, done: str) -> str:
    return with_query(f"/people/{visit.path['person']}", done=done)


_people = PageRoute(path="/people", handler=show, scope="admin", whole=True, template="people.html")
_one = PageRoute(
    path="/people/{person}", handler=show_person, scope="admin", whole=True, template="person.html"
)
pages = [
    _people,
    PageRoute(
        method="POST",
        path="/people",
        handler=invite,
        scope="admin",
        whole=True,
        again=_people,
        fresh=True,
    ),
    _one,
    *(
        PageRoute(
            method="POST",
            path=f"/people/{{person}}/{verb}",
            handler=handler,
            scope="admin",
            whole=True,
            again=_one,
            fresh=True,
        )
        for verb, handler in (
            ("role", give_role),
            ("limits", limit),
            ("name", call),
            ("link", new_link),
            ("disable", shut_out),
            ("enable", let_in),
        )
    ),
]
