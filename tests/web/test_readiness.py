"""`/readyz` and the metrics tell what the supervisor has seen, and that there is no room."""

from tests.api import Api
from tests.waiting import now

from tidegate.infra.db import Database
from tidegate.infra.pulse import Board, Seen, make_board, write_board


def test_a_worker_that_hangs_is_named(api: Api) -> None:
    api.instance.board = board = make_board()
    write_board(board, Board(now(), {"web": Seen(ended=2), "worker": Seen(hung=1)}))
    assert api.get("/readyz").json() == {"status": "ready"}
    seen = {"web": Seen(ended=2), "worker": Seen(fault="has given no sign of life for 7 s", hung=1)}
    write_board(board, Board(now(), seen))
    answer = api.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "unready", "worker": "has given no sign of life for 7 s"}
    lines = api.get("/v1/metrics").text.splitlines()
    assert 'tidegate_part_ended_total{part="web"} 2.0' in lines
    assert 'tidegate_part_hung_total{part="worker"} 1.0' in lines
    assert 'tidegate_part_unready{part="web"} 0.0' in lines
    assert 'tidegate_part_unready{part="worker"} 1.0' in lines


def test_a_supervisor_that_hangs_is_told_too(api: Api) -> None:
    api.instance.board = board = make_board()
    write_board(board, Board(now() - 60, {"web": Seen()}))
    assert api.get("/readyz").json()["supervisor"].startswith("has not looked for 6")


def test_a_full_disk_is_told_by_its_name(api: Api, owner: Database) -> None:
    """The database says so: refusals and readiness name the disk, and nothing is written."""
    assert api.submit("before", text="x").status_code == 200
    with owner.begin() as tx:
        tx.connection.exec_driver_sql(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE 'could not extend file' USING ERRCODE = 'disk_full'; END $$"
        )
        tx.connection.exec_driver_sql(
            "CREATE TRIGGER full_disk BEFORE INSERT ON items"
            " FOR EACH ROW EXECUTE FUNCTION full_disk()"
        )
    for _ in range(2):
        answer = api.submit("full", text="x")
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/disk-full")
        assert answer.headers["retry-after"] == "30"
    answer = api.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["disk"] == "full: so says the database"
    assert api.get("/v1/items/full").status_code == 404
