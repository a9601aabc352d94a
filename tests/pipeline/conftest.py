"""An instance on the test's database, and items as a platform submits them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tidegate.content.model import ItemIn, ItemRow
from tidegate.content.queries import get_item
from tidegate.infra.clock import FakeClock
from tidegate.infra.settings import Settings
from tidegate.pipeline.instance import Instance, opened
from tidegate.pipeline.submission import describe
from tidegate.pipeline.submit import submit_group
from tidegate.signals import fingerprints
from tidegate.signals.banks.actions import add_entry, create_bank
from tidegate.signals.banks.model import BankIn

KNOWN = "join the armed fight on friday at the old bridge and bring the others with you"


@pytest.fixture
def instance(database_url: str, clock: FakeClock, tmp_path: Path) -> Iterator[Instance]:
    with opened(Settings(data_dir=tmp_path / "instance"), database_url, clock) as instance:
        yield instance


@pytest.fixture
def submit(instance: Instance, clock: FakeClock) -> Callable[..., tuple[ItemRow, dict[str, Any]]]:
    """Submit a text; the item and the answer."""

    def make(
        id: str,
        text: str = "hello",
        url: str | None = None,
        publicness: Any = "public",
        author: str = "anna",
        text_format: Any = None,
    ) -> tuple[ItemRow, dict[str, Any]]:
        clock.advance(1)
        item = ItemIn(
            id=id,
            surface="post",
            publicness=publicness,
            author=author,
            created_at=clock.now(),
            text=text,
            text_format=text_format,
            url=url,
        )
        submission = describe(
            instance, item, platform="forum", actor="key:forum", request_id="r", now=clock.now()
        )
        with instance.database.begin("key:forum") as tx:
            (answer,) = submit_group(tx, instance, [submission])
            assert isinstance(answer, bytes), answer
            return get_item(tx, "forum", id), msgspec.json.decode(answer)

    return make


@pytest.fixture
def known(instance: Instance) -> str:
    """A bank with one unconfirmed entry for the text KNOWN; its entry's id."""
    with instance.database.begin("user:curator@example.org") as tx:
        create_bank(tx, BankIn(name="known-texts", stance="known"))
        return str(add_entry(tx, "known-texts", fingerprints.of_text(KNOWN)).id)
