"""A disk without room for evidence: clear 503s, no item half-kept, and no hand needed afterwards."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.api import item
from tests.serving import serving

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
