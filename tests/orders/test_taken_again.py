"""What the database gives up for another's sake is taken once more, and who sent it hears nothing of that."""

from collections.abc import Callable

import pytest
from tests.api import Api
from tests.orders.test_orders_api import JOSE, URL, Platform
from tests.orders.test_orders_taken import FORM, submit

from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Database

# The first insert is the victim of a deadlock; numbers of a sequence are not given back.
VICTIM = """
    CREATE SEQUENCE tries;
    CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF nextval('tries') = 1 THEN RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'; END IF;
      RETURN NEW; END $$;
    GRANT USAGE ON SEQUENCE tries TO PUBLIC;
    CREATE TRIGGER victim BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION fail_once();
"""


@pytest.fixture
def platform(api: Api, clock: FakeClock) -> Platform:
    return Platform(api, clock)


@pytest.fixture
def fail_once(owner: Database) -> Callable[[str], None]:
    def put(table: str) -> None:
        with owner.begin() as tx:
            tx.connection.exec_driver_sql(VICTIM.format(table=table))

    return put


def test_a_message_is_taken_again(platform: Platform, fail_once: Callable[[str], None]) -> None:
    fail_once("orders")
    assert platform.ordered(URL)
    assert platform.api.count("orders") == 1


def test_what_was_too_much_is_noted_again(
    platform: Platform, fail_once: Callable[[str], None]
) -> None:
    fail_once("order_refusals")
    raw = platform.sender.sign({"no": "message"})
    answer = platform.api.client.post("/public/orders/inbox", content=raw, headers=JOSE)
    assert answer.status_code == 422
    assert platform.api.count("order_refusals") == 1


def test_a_form_is_taken_again(platform: Platform, fail_once: Callable[[str], None]) -> None:
    fail_once("orders")
    assert submit(platform.api, json=FORM).status_code == 202
    assert platform.api.count("orders") == 1
