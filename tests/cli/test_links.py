"""Where the one-time links point that commands print beside a server."""

from pathlib import Path

from tidegate.cli.context import address_of, note_address
from tidegate.infra.settings import Settings


def test_a_public_address_that_only_the_server_knew_is_remembered(tmp_path: Path) -> None:
    beside = Settings(data_dir=tmp_path)
    assert address_of(beside) == "http://127.0.0.1:8420"
    note_address(Settings(data_dir=tmp_path, port=8555))
    assert address_of(beside) == "http://127.0.0.1:8555"
    note_address(Settings(data_dir=tmp_path, port=8555, public_url="https://tg.example/"))
    assert address_of(beside) == "https://tg.example"
    told = Settings(data_dir=tmp_path, public_url="https://other.example")
    assert address_of(told) == "https://other.example"
