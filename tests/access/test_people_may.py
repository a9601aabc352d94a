"""People: what they may and see, who may change that, and what others know them by. Nobody changes their
own, and one administrator whom nothing limits stays."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa

from tidegate.access.actions import create_key, create_user
from tidegate.access.model import NO_LIMITS, ROLES, Limits, Principal, User
from tidegate.access.names import rename
from tidegate.access.people import change_limits, change_role, disable_user, enable_user
from tidegate.access.queries import get_user, list_users, principal_of_session, read_key
from tidegate.access.sign_in import redeem_link
from tidegate.access.tables import users
from tidegate.infra.acting import Acting
from tidegate.infra.db import Database, Tx
from tidegate.infra.errors import Refusal
from tidegate.ledger.tables import ledger_pending
from tidegate.pipeline.house import SCOPES

ANNA, BERT, RITA = "anna@example.org", "bert@example.org", "rita@example.org"
LIMITED = Limits(platforms=["forum"], queues=["reports"], languages=["ar", "de"])

Change = Callable[[Tx, str], User]
CHANGES: dict[str, Change] = {
    "role": lambda tx, email: change_role(tx, email, "reviewer"),
    "platforms": lambda tx, email: change_limits(tx, email, platforms=["forum"]),
    "queues": lambda tx, email: change_limits(tx, email, queues=["reports"]),
    "languages": lambda tx, email: change_limits(tx, email, languages=["de"]),
    "disable": disable_user,
}


def written(tx: Tx) -> list[Any]:
    """Every person as they are, and how much the ledger tells."""
    people = tx.execute(sa.select(users).order_by(users.c.email)).all()
    return [*people, tx.execute(sa.select(sa.func.count()).select_from(ledger_pending)).scalar()]


def refused(tx: Tx, change: Callable[[], object]) -> Refusal:
    """How a change is refused, which writes nothing."""
    before = written(tx)
    with pytest.raises(Refusal) as found:
        change()
    assert written(tx) == before
    return found.value


@pytest.fixture
def people(database: Database) -> Database:
    with database.begin() as tx:
        for email, role in ((ANNA, "admin"), (BERT, "admin"), (RITA, "reviewer")):
            create_user(tx, email, role)
    return database


@pytest.mark.parametrize("name", [*CHANGES, "enable"])
def test_nobody_changes_what_they_may_do_themselves(people: Database, name: str) -> None:
    change = CHANGES.get(name, enable_user)
    with people.begin(Acting(actor=f"user:{ANNA}")) as tx:
        found = refused(tx, lambda: change(tx, ANNA.upper()))
        assert (found.status, found.type) == (409, "own-account")
        change(tx, BERT)


@pytest.mark.parametrize("actor", ["system:cli", f"user:{RITA}", "key:deploy"])
@pytest.mark.parametrize("name", CHANGES)
def test_one_administrator_stays_whom_nothing_limits(
    people: Database, name: str, actor: str
) -> None:
    with people.begin(actor) as tx:
        CHANGES[name](tx, BERT)
        found = refused(tx, lambda: CHANGES[name](tx, ANNA))
        assert (found.status, found.type) == (409, "last-admin")
        # Who has limits is no administrator of everything, and who is shut out is none at all.
        create_user(tx, "cleo@example.org", "admin", Limits(queues=["reports"]))
        create_user(tx, "dora@example.org", "admin")
        disable_user(tx, "dora@example.org")
        assert refused(tx, lambda: CHANGES[name](tx, ANNA)).type == "last-admin"
        enable_user(tx, "dora@example.org")
        CHANGES[name](tx, ANNA)


def test_the_last_administrator_at_all_stays_too(database: Database) -> None:
    with database.begin() as tx:
        create_user(tx, ANNA, "admin", LIMITED)
        assert refused(tx, lambda: disable_user(tx, ANNA)).type == "last-admin"
        assert change_limits(tx, ANNA, platforms=None).platforms is None


def test_of_two_administrators_who_remove_each_other_one_is_left(people: Database) -> None:
    for change in CHANGES.values():
        barrier = Barrier(2)

        def remove(
            one: str, other: str, change: Change = change, barrier: Barrier = barrier
        ) -> str:
            try:
                with people.begin(Acting(actor=f"user:{one}")) as tx:
                    barrier.wait()
                    change(tx, other)
            except Refusal as refusal:
                return refusal.type
            return "done"

        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(remove, (ANNA, BERT), (BERT, ANNA)))
        assert sorted(found) == ["done", "last-admin"]
        with people.begin() as tx:
            whole = [
                one.email
                for one in list_users(tx)
                if one.role == "admin" and not one.disabled_at and one.limits == NO_LIMITS
            ]
            assert len(whole) == 1
            for email in (ANNA, BERT):
                tx.execute(
                    sa.update(users)
                    .where(users.c.email == email)
                    .values(
                        role="admin", disabled_at=None, platforms=None, queues=None, languages=None
                    )
                )


def test_limits_are_kept_sorted_changed_one_by_one_and_told(tx: Tx) -> None:
    given = Limits(platforms=["forum"], queues=["reports", "default", "reports"], languages=["de"])
    user, _ = create_user(tx, RITA, "reviewer", given)
    assert user.limits == Limits(
        platforms=["forum"], queues=["default", "reports"], languages=["de"]
    )
    user = change_limits(tx, RITA, queues=None, languages=["fr", "ar"])
    assert user.limits == Limits(platforms=["forum"], queues=None, languages=["ar", "fr"])
    assert change_limits(tx, RITA, queues=None) == user  # as it was: nothing to tell
    told = tx.execute(sa.select(ledger_pending.c.kind).order_by(ledger_pending.c.id)).scalars()
    assert sorted(told) == ["user.created", "user.languages_changed", "user.queues_changed"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"queues": []},
        {"queues": ["two words"]},
        {"queues": [""]},
        {"languages": []},
        {"languages": ["de-AT"]},
        {"languages": ["DE"]},
        {"platforms": [".."]},
    ],
)
def test_limits_that_are_none_are_refused(tx: Tx, wrong: dict[str, list[str]]) -> None:
    create_user(tx, RITA, "reviewer")
    assert refused(tx, lambda: change_limits(tx, RITA, **wrong)).status == 422
    assert refused(tx, lambda: create_user(tx, BERT, "reviewer", Limits(**wrong))).status == 422


@pytest.mark.parametrize("role", ROLES)
def test_a_session_and_a_key_of_a_person_see_what_the_person_sees(tx: Tx, role: str) -> None:
    _, link = create_user(tx, RITA, role, LIMITED)
    session = principal_of_session(tx, SCOPES, redeem_link(tx, link, 1).session)
    scope = min(SCOPES.of_role(role))
    _, token = create_key(tx, SCOPES, "of rita", [scope], user_email=RITA)
    key = read_key(tx, SCOPES, token)
    for principal in (session, key):
        assert isinstance(principal, Principal)
        acting = principal.acting
        assert acting.platforms == {"forum"}
        assert acting.queues == {"reports"}
        assert acting.languages == {"ar", "de"}
        assert acting.audits == (role in ("compliance", "auditor"))
        assert principal.limited
    assert isinstance(session, Principal)
    assert session.called == "rita"
    _, own = create_key(tx, SCOPES, "its own", [scope])
    free = read_key(tx, SCOPES, own)
    assert isinstance(free, Principal)
    assert not free.audits
    assert not free.limited


def test_people_are_known_by_the_part_before_the_at_or_with_a_number(tx: Tx) -> None:
    names = [
        create_user(tx, f"{local}@{host}.example", "reviewer")[0].display_name
        for local, host in (
            ("Anna", "a"),
            ("anna", "b"),
            ("anna", "c"),
            ("annabel", "a"),
            ("a:<b>", "a"),
        )
    ]
    assert names == ["anna", "anna 2", "anna 3", "annabel", "ab"]
    long = create_user(tx, f"{'x' * 64}@a.example", "reviewer")[0].display_name
    assert len(long) <= 40


def test_a_name_is_nobody_else_s_and_never_an_address(tx: Tx) -> None:
    create_user(tx, ANNA, "reviewer")
    create_user(tx, BERT, "reviewer")
    assert rename(tx, BERT, "Bert ب").display_name == "Bert ب"
    assert rename(tx, BERT, "Bert ب").display_name == "Bert ب"
    taken = refused(tx, lambda: rename(tx, BERT, "ANNA"))
    assert (taken.status, taken.type) == (409, "name-taken")
    for wrong in (
        "",
        " ",
        "a  b",
        " a",
        "a@b",
        "user:a",
        "<a>",
        "a/b",
        "x" * 41,
        "a\nb",
        "a\u200fb",
    ):
        found = refused(tx, lambda wrong=wrong: rename(tx, BERT, wrong))
        assert (found.status, found.errors[0].pointer) == (422, "/display_name"), wrong
    assert get_user(tx, BERT).display_name == "Bert ب"
    assert rename(tx, BERT, "bert").display_name == "bert"


def test_two_who_come_at_once_get_two_names(database: Database) -> None:
    barrier = Barrier(3)

    def come(host: str) -> str:
        with database.begin() as tx:
            barrier.wait()
            return create_user(tx, f"anna@{host}.example", "reviewer")[0].display_name

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(come, "abc")) == ["anna", "anna 2", "anna 3"]


def test_a_program_of_before_makes_people_who_have_a_name(tx: Tx) -> None:
    old = "INSERT INTO users (id, email, role, created_at) VALUES (gen_random_uuid(), :e, 'admin', now())"
    for email in (ANNA, BERT):
        tx.execute(sa.text(old), {"e": email})
    names = {one.display_name for one in list_users(tx)}
    assert len(names) == 2
    assert all(name.startswith("person ") for name in names)
