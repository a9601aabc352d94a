"""A key whose reads do not come to an end holds up itself, and no other key or person."""

import threading
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

from tests.waiting import PATIENCE, until
from tests.web.live import live

from tidegate.access.actions import create_key
from tidegate.infra.db import Database
from tidegate.pipeline.house import SCOPES
from tidegate.pipeline.instance import Instance

MANY = 24  # more than there are connections to the database


def test_reads_that_wait_leave_room_for_those_of_others(
    instance: Instance, owner: Database
) -> None:
    with instance.database.begin() as tx:
        slow, quick = (create_key(tx, SCOPES, name, ["admin"])[1] for name in ("slow", "quick"))
    begun, lock = threading.Semaphore(0), threading.Event()

    def ask(port: int, key: str, path: str) -> int:
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
            begun.release()
            return connection.getresponse().status
        finally:
            connection.close()

    def waiting() -> int:
        with owner.begin() as tx:
            query = (
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'reports'::regclass"
            )
            return tx.connection.exec_driver_sql(query).scalar_one()

    def hold() -> None:
        with owner.begin() as tx:
            tx.connection.exec_driver_sql("LOCK TABLE reports")
            begun.release()
            assert lock.wait(PATIENCE)

    with live(instance) as port, ThreadPoolExecutor(MANY + 1) as pool:
        held = pool.submit(hold)
        try:
            begun.acquire()
            reads = [pool.submit(ask, port, slow, "/v1/cases") for _ in range(MANY)]
            for _ in reads:
                begun.acquire()
            until(waiting, "the first that waits")
            assert ask(port, quick, "/v1/banks") == 200
            assert not any(read.done() for read in reads), "they wait while the other is answered"
            assert waiting() < MANY
        finally:
            lock.set()
        held.result()
        assert {read.result() for read in reads} == {200}
