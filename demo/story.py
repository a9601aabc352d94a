"""What is posted and reported in the demo, and what is expected to come of it.

Everything is real input (see README.md); only authors, ids and the reports are made up.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tidegate.client import File, Item, Report

HERE = Path(__file__).parent
IMAGES, BRIDGE = HERE / "images", HERE / "images" / "pdq-bridge"

ORIGINAL = BRIDGE / "bridge-1-original.jpg"
SAMPLES = [IMAGES / name for name in ("astronaut.png", "coffee.png", "chelsea.png")]
ALLOWED = IMAGES / "chelsea.png"  # known, and allowed: the allow entry speaks for the picture

# The first edit of the original that is posted, and all that lie within 31 bits of it.
FIRST = BRIDGE / "blur-a-little.jpg"
NEAR = frozenset(
    {
        "aaa-orig.jpg",
        "blur-a-little.jpg",
        "blur-a-lot.jpg",
        "high-contrast.jpg",
        "high-saturation.jpg",
        "sharpen-a-little.jpg",
        "sharpen-a-lot.jpg",
        "shrink-a-little.jpg",
        "shrink-a-lot.jpg",
        "square-128x128.jpg",
        "square-256x256.jpg",
        "square-512x512.jpg",
    }
)
LIFTED = "bridge/square-128x128.jpg"  # the reviewer finds that this one may stay

ONE_BY_ONE = 250  # of the messages; the others come in batches
NEWS_REPORTED = range(5, 171, 15)
MESSAGES_REPORTED = range(20, 2332, 80)

_TYPES = {".jpg": "image/jpeg", ".png": "image/png"}
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def picture_file(path: Path) -> File:
    return File.read(path, _TYPES[path.suffix])


def picture_item(kind: str, path: Path) -> Item:
    """A post whose only content is a picture."""
    return _post(f"{kind}/{path.name}", f"{kind}-account", 0)


def bridge_edits() -> list[Path]:
    """All edits of the original but the first: its size, its colours, turned and mirrored."""
    return [one for one in sorted(BRIDGE.glob("*.jpg")) if one not in (ORIGINAL, FIRST)]


def other_pictures() -> list[Path]:
    return sorted(one for one in IMAGES.iterdir() if one.suffix in _TYPES)


def news() -> list[Item]:
    """Wikinews articles of 2019: the kind of text that must stay up."""
    return [
        _post(
            f"news/{number}",
            "wikinews",
            number,
            text=f"{one['title']}\n\n{one['text']}",
            url=one["url"],
            surface="article",
        )
        for number, one in enumerate(_lines("wikinews.ndjson"))
    ]


def messages(genre: str | None = None) -> list[Item]:
    """Messages sent and news written in disasters, or those of a genre: alarming words, nothing to restrict."""
    return [
        _post(f"message/{one['id']}", f"sender-{number % 400}", number, text=one["message"])
        for number, one in enumerate(_lines("messages.ndjson"))
        if genre in (None, one["genre"])
    ]


def reports(news: list[Item], messages: list[Item]) -> list[Report]:
    """Users report some of the articles and messages, some of them twice."""
    reported = [news[place] for place in NEWS_REPORTED]
    reported += [messages[place] for place in MESSAGES_REPORTED]
    again = reported[::4]
    return [
        Report(
            id=f"report/{number}",
            item_id=item.id,
            channel="user",
            reason="violence",
            comment="This looks like violent content to me.",
            reporter=f"reader-{number}",
            created_at=_EPOCH + timedelta(days=1, seconds=number),
        )
        for number, item in enumerate(reported + again)
    ]


def _post(
    id: str,
    author: str,
    number: int,
    *,
    text: str | None = None,
    url: str | None = None,
    surface: str = "post",
) -> Item:
    return Item(
        id=id,
        surface=surface,
        publicness="public",
        author=author,
        created_at=_EPOCH + timedelta(seconds=number),
        text=text,
        url=url,
    )


def _lines(name: str) -> Iterator[dict[str, str]]:
    with (HERE / "text" / name).open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
