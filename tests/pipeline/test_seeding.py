"""What is made for measuring is on the desk like anything that came by itself."""

from collections import Counter
from random import Random

from tidegate.infra.acting import Acting
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.seeding import seed
from tidegate.review.filters import Filter
from tidegate.review.rows import Row, page_of

REVIEWER = Acting("user:rita@example.org")


def made(instance: Instance, count: int, seeded: str) -> int:
    with instance.database.begin("system:cli") as tx:
        return seed(tx, instance, Random(seeded), count)


def on_the_desk(instance: Instance) -> tuple[list[Row], int]:
    with instance.database.begin(REVIEWER) as tx:
        page = page_of(tx, Filter(), limit=1_000)
    return page.rows, page.total


def test_as_many_are_open_as_were_asked_for_and_again(instance: Instance) -> None:
    assert made(instance, 300, "one") == 300
    first, total = on_the_desk(instance)
    assert total == 300
    assert made(instance, 300, "one") == 300
    second, total = on_the_desk(instance)
    assert total == 600
    # The same seed makes the same mix, and nothing of it is a copy of what was there.
    assert {row.item for row in first} < {row.item for row in second}
    sizes = Counter(row.same.size for row in first if row.same)
    assert sizes
    assert Counter(row.same.size for row in second if row.same) == {
        size: 2 * number for size, number in sizes.items()
    }
    bands, languages = (Counter(map(kind, first)) for kind in (_band, _language))
    assert set(bands) >= {2, 3, 4}
    assert set(languages) == {"en", "ar", "de", "fr", "ru"}
    assert all(row.because for row in first)


def _band(row: Row) -> int:
    return row.band


def _language(row: Row) -> str | None:
    return row.language
