"""Who signs the annexes that go back: the person who did it, by the name and post that they set, which stand there
and nowhere else."""

import json
from typing import Any
from uuid import UUID

import msgspec
import pytest
import sqlalchemy as sa
from tests.orders.desk import LEGAL, Desk
from tests.orders.letters import OURS

from tidegate.access.actions import add_user
from tidegate.access.queries import get_user
from tidegate.access.signatures import LONGEST, Signature, set_signature, signature_of
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.pipeline.instance import Instance

URL = "https://forum.example/p/1"
MIRA = LEGAL.removeprefix("user:")
NAME, POST = "Mira Öztürk", "Head of legal"


@pytest.fixture
def desk(instance: Instance, clock: FakeClock) -> Desk:
    desk = Desk(instance, clock)
    desk.post("post-1", url=URL)
    desk.tx(lambda tx: add_user(tx, MIRA, "legal"), "system:cli")
    return desk


def sign(desk: Desk, **given: str) -> Signature:
    return desk.tx(lambda tx: set_signature(tx, MIRA, **given))


def signatory(desk: Desk, order: UUID) -> dict[str, Any]:
    return desk.sent(order)[-1][1]["signatory"]


def test_annexes_name_whoever_did_it_by_the_name_and_post_that_they_set(desk: Desk) -> None:
    sign(desk, name=NAME, post=POST)
    order = desk.ordered(URL, "https://forum.example/p/2")
    desk.execute(order)
    named = {"name": NAME, "post": POST, "email": OURS.contact_email}
    assert signatory(desk, order) == named
    desk.do("ask", order, ground="insufficient_information", needed="Which post?")
    assert desk.sent(order)[-1][0] == "order.not_executed"
    assert signatory(desk, order) == named


@pytest.mark.parametrize(
    ("given", "name", "post"),
    [
        ({}, MIRA, "authorised person"),
        ({"name": NAME}, NAME, "authorised person"),
        ({"post": POST}, MIRA, POST),
    ],
)
def test_what_is_not_set_is_said_as_it_is(
    desk: Desk, given: dict[str, str], name: str, post: str
) -> None:
    sign(desk, **given)
    order = desk.ordered(URL)
    desk.execute(order)
    assert signatory(desk, order) == {"name": name, "post": post, "email": OURS.contact_email}


def test_names_stand_in_the_annexes_alone(desk: Desk) -> None:
    """Neither the ledger nor what webhooks are told has them, nor what is shown of people."""
    sign(desk, name=NAME, post=POST)
    order = desk.ordered(URL)
    desk.execute(order)
    everywhere = {
        "ledger": "SELECT encode(record, 'escape') FROM ledger_pending",
        "webhooks": "SELECT body::text FROM messages",
    }
    for where, query in everywhere.items():
        found = desk.tx(lambda tx, query=query: tx.execute(sa.text(query)).scalars().all())
        assert found, where
        assert not any("Mira" in one or POST in one for one in found), where
    user = msgspec.json.encode(desk.tx(lambda tx: get_user(tx, MIRA)))
    assert b"Mira" not in user
    assert NAME not in json.dumps(desk.shown(order), ensure_ascii=False)


def test_it_is_changed_in_parts_and_taken_back(desk: Desk) -> None:
    assert sign(desk, name=f"  {NAME} ") == Signature(NAME, None)
    assert sign(desk, post=POST) == Signature(NAME, POST)
    assert sign(desk, name="") == Signature(None, POST)
    told = "SELECT record FROM ledger_pending WHERE kind = 'user.signature_changed'"
    rows = desk.tx(lambda tx: tx.execute(sa.text(told)).scalars().all())
    said = sorted((one["name"], one["post"]) for one in map(json.loads, map(bytes, rows)))
    assert said == [(False, True), (True, False), (True, True)]
    sign(desk, post=POST)  # nothing new
    assert len(desk.tx(lambda tx: tx.execute(sa.text(told)).scalars().all())) == 3
    assert desk.tx(lambda tx: signature_of(tx, "nobody@forum.example")) == Signature()


@pytest.mark.parametrize("wrong", ["x" * (LONGEST + 1), "two\nlines", "nul\0", "\u202eturned"])
@pytest.mark.parametrize("field", ["name", "post"])
def test_what_is_no_line_of_text_is_refused(desk: Desk, field: str, wrong: str) -> None:
    sign(desk, name=NAME, post=POST)
    before = desk.everything()
    with pytest.raises(Refusal) as caught:
        sign(desk, **{field: wrong})
    assert (caught.value.status, [one.pointer for one in caught.value.errors]) == (
        422,
        [f"/{field}"],
    )
    with pytest.raises(Refusal) as unknown:
        desk.tx(lambda tx: set_signature(tx, "nobody@forum.example", name=NAME))
    assert unknown.value.status == 404

    def kept(tx: Tx) -> Signature:
        return signature_of(tx, MIRA)

    assert (desk.everything(), desk.tx(kept)) == (before, Signature(NAME, POST))
