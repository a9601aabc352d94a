"""A disk without room, for evidence or for the database: clear 503s by that name, no item half-kept, and
no hand needed afterwards."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psycopg
import pytest
from tests.api import item
from tests.serving import Served, serving
from tests.waiting import until

from tidegate.infra.postgres.place import find_place

FILE = os.urandom(300_000)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A place for evidence with room for two of the files, mounted over a part of the data dir."""
    place = tmp_path / "instance" / "evidence"
    place.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", "size=900k,mode=700", "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("mounting a tmpfs is not allowed here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.long
def test_media_that_cannot_be_kept_are_refused_until_there_is_room(small_disk: Path) -> None:
    with serving(small_disk.parent) as served:
        headers = {"Authorization": f"Bearer {served.key()}"}
        with httpx.Client(base_url=served.url, headers=headers, timeout=30) as tidegate:

            def post(number: int) -> httpx.Response:
                form = {
                    "item": (
                        None,
                        httpx.Request("POST", served.url, json=item(f"p{number}")).content,
                    )
                }
                file = {"file": ("a.bin", FILE + str(number).encode(), "image/png")}
                return tidegate.post("/v1/items", files=form | file)

            answers = [post(number) for number in range(5)]
            statuses = [answer.status_code for answer in answers]
            assert statuses[0] == 200
            assert set(statuses) == {200, 503}
            full = answers[statuses.index(503)]
            assert full.json()["type"] == "/problems/disk-full"
            assert "retry-after" in full.headers
            refused = statuses.index(503)
            assert tidegate.get(f"/v1/items/p{refused}").status_code == 404
            assert not list(small_disk.glob("*/.*"))
            # Whatever needs no room goes on.
            assert tidegate.post("/v1/items", json=item("text", text="hello")).status_code == 200

            remount = ["mount", "-o", "remount,size=8m", str(small_disk)]
            subprocess.run(remount, check=True)
            assert post(refused).status_code == 200
            assert tidegate.get(f"/v1/items/p{refused}").status_code == 200
        assert served.command("ledger", "verify").returncode == 0


def mount(place: Path, size: str) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    return subprocess.run(command, capture_output=True).returncode == 0


@pytest.fixture
def on_a_small_disk(tmp_path: Path) -> Iterator[tuple[Served, Path]]:
    """A server whose database lies on a disk of its own with 40 MB to spare, and where that is."""
    if "TIDEGATE_TEST_DATABASE_URL" in os.environ:
        pytest.skip("needs the embedded PostgreSQL")
    with serving(tmp_path / "instance") as served:
        key = served.key("admin")
        assert served.stop() == 0
        place = find_place(served.data_dir)
        assert place is not None
        kept = place.data.with_name("kept")
        place.data.rename(kept)
        place.data.mkdir()
        used = sum(file.stat().st_size for file in kept.rglob("*") if file.is_file())
        if not mount(place.data, f"{(used >> 20) + 40}m"):
            place.data.rmdir()
            kept.rename(place.data)
            pytest.skip("mounting a tmpfs is not allowed here")
        try:
            subprocess.run(["cp", "-a", f"{kept}/.", str(place.data)], check=True)
            served.environment["KEY"] = key
            served.start()
            yield served, place.data
            served.stop()
        finally:
            subprocess.run(["umount", "-l", str(place.data)], check=True)
            place.data.rmdir()
            kept.rename(place.data)


def fill(disk: Path, spare: int) -> Path:
    """A file that leaves so many bytes."""
    filler = disk / "filler"
    left = os.statvfs(disk)
    with suppress(OSError):  # the database was quicker with the last pages
        filler.write_bytes(bytes(left.f_bavail * left.f_frsize - spare))
    return filler


@pytest.mark.long
def test_a_database_without_room_is_told_by_that_name(
    on_a_small_disk: tuple[Served, Path],
) -> None:
    served, disk = on_a_small_disk
    headers = {"Authorization": f"Bearer {served.environment['KEY']}"}
    with httpx.Client(base_url=served.url, headers=headers, timeout=60) as client:

        def post(id: str) -> httpx.Response:
            return client.post("/v1/items", json=item(id, text=f"{id} " * 200))

        def told(answers: list[httpx.Response]) -> None:
            refused = [one for one in answers if one.status_code != 200]
            assert refused
            assert {one.status_code for one in refused} == {503}
            assert {one.json()["type"] for one in refused} == {"/problems/disk-full"}
            assert all(one.headers["retry-after"] for one in refused)
            answer = client.get("/readyz")
            assert answer.status_code == 503
            assert "MiB left" in answer.json()["disk"]
            assert client.get("/healthz").status_code == 200

        # No page of a table can be added.
        filler = fill(disk, 100_000)
        answers = [post(f"table-{n}") for n in range(200)]
        told(answers)
        filler.unlink()
        for n, answer in enumerate(answers):
            if answer.status_code != 200:
                assert client.get(f"/v1/items/table-{n}").status_code == 404
        until(lambda: client.get("/readyz").status_code == 200, "readiness")
        assert [post(f"table-{n}").status_code for n in range(200)] == [200] * 200

        # No piece of its log can be added: it ends, and cannot start again.
        url = served.cli("doctor", "--database-url")
        filler = fill(disk, 0)
        with pytest.raises(psycopg.OperationalError):
            write_log(url)
        told([post(f"log-{n}") for n in range(50)])
        filler.unlink()
        until(lambda: client.get("/readyz").status_code == 200, "readiness", shown=served.tail)
        assert post("log-0").status_code == 200
        assert client.get("/v1/items/table-0").status_code == 200
    assert served.command("ledger", "verify").returncode == 0


def write_log(url: str) -> None:
    """Fill the database's log until it says no."""
    with psycopg.connect(url, autocommit=True) as connection:
        while True:
            connection.execute("SELECT pg_logical_emit_message(false, 'x', repeat('x', 1000000))")
