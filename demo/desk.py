"""What the demo leaves on the desk: cases of every kind for whoever signs in, and new ones as they look.

The posts of `text/desk.toml`, with pictures, a video, a text that twelve accounts post, and reports. A
colleague holds one case, a target that is gone has left a dead letter, and a rule runs in the shadow.
"""

import threading
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from tidegate.client import Client, ClientError, File, Item, Report

from . import story

CONNECTIONS = 8
COPIES = 12
SHADOW = """
[[rules]]
name = "often-reported"
version = 1
mode = "shadow"
outcome = "escalate"
text = "At least five people have reported the item. It runs in the shadow: what it would do is noted."
when = ["reports.count >= 5"]
"""
COPIED = (
    "The Column's new film is out, and they delete it everywhere. Save it and put it up again, under"
    " whatever name you like, so that nobody can say they have not seen it."
)
PICTURES = [
    ("at-the-station", "What they put on every wall of the station last night.", ["brick.png"]),
    ("parade", "They marched again. All four from my window.",
     ["camera.png", "grass.png", "gravel.png", "horse.png"]),
    ("launch", "", ["rocket.jpg"]),
    ("leaflet", "Found this in my letter box.", ["text.png"]),
    ("bridge", "They put it up again, a little out of focus this time.",
     ["pdq-bridge/blur-a-little.jpg"]),
]  # fmt: skip
VIDEO = story.HERE / "videos" / "test-padded-dimensions.mp4"
EVERY_SECONDS = 12.0
LASTS = timedelta(minutes=10)


def with_shadow(source: str) -> str:
    """The pack's next version, with a rule more that only watches."""
    lines = source.splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith("version = "))
    lines[place] = f"version = {int(lines[place].split('=')[1]) + 1}"
    return "\n".join(lines) + "\n" + SHADOW


def fill(platform: Client, sender: str) -> int:
    """Post and report it all; how many cases that makes."""
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        posts = enumerate(_posts("posts"))
        made = list(pool.map(lambda one: _post(platform, one[1], one[0], sender), posts))
    cases = set[str]().union(*made)
    for number in range(COPIES):
        post = {"id": f"copy-{number + 1}", "language": "en", "text": COPIED}
        cases |= _post(platform, post | {"reports": [["terrorism", "", 1]]}, 100 + number, sender)
    for number, (id, text, names) in enumerate(PICTURES):
        files = [story.picture_file(story.IMAGES / name) for name in names]
        post = {"id": id, "text": text or None, "reports": [["terrorism", "", number + 1]]}
        cases |= _post(platform, post, 200 + number, sender, files)
    video = [File.read(VIDEO, "video/mp4")]
    cases |= _post(platform, {"id": "film", "reports": [["terrorism", "", 2]]}, 300, sender, video)
    for number, item in enumerate(_quiet_messages()):
        cases |= _report(platform, item.id, [["violence", "", 1]], 400 + number, "user")
    # A notice has to be answered to the person who gave it: it comes before ordinary reports.
    notice = [["illegal", "It praises the attack of May, a crime where I live.", 1]]
    cases |= _report(platform, "desk/column-song", notice, 500, "notice")
    return len(cases)


def keep_coming(platform: Client, stop: threading.Event) -> None:
    """New cases, one every few seconds, until ten minutes are over: the desk is never still."""
    ends = datetime.now(UTC) + LASTS
    waiting = [*_posts("later"), *(_as_post(item) for item in _quiet_messages(start=20, count=60))]
    for number, post in enumerate(waiting):
        if stop.wait(EVERY_SECONDS) or datetime.now(UTC) > ends:
            return
        try:
            _post(platform, post, 1000 + number, "later")
        except ClientError:
            return  # the server ends


def _posts(name: str) -> Iterator[dict[str, Any]]:
    with (story.HERE / "text" / "desk.toml").open("rb") as file:
        yield from tomllib.load(file)[name]


def _quiet_messages(start: int = 0, count: int = 6) -> list[Item]:
    """Messages that nobody reported so far."""
    reported = set(story.MESSAGES_REPORTED)
    quiet = [one for place, one in enumerate(story.messages()) if place not in reported]
    return quiet[start * 7 : (start + count) * 7 : 7]


def _as_post(item: Item) -> dict[str, Any]:
    id = item.id.replace("message/", "again-")
    return {"id": id, "language": "en", "text": item.text, "reports": [["violence", "", 1]]}


def _post(
    platform: Client,
    post: dict[str, Any],
    number: int,
    sender: str,
    files: list[File] | None = None,
) -> set[str]:
    """Submit a post and its reports; the cases that this made."""
    item = Item(
        id=f"desk/{post['id']}",
        surface="post",
        publicness="public",
        author=f"{sender}-{number % 23}",
        created_at=datetime.now(UTC) - timedelta(minutes=number % 50 + 1),
        language=post.get("language"),
        text=post.get("text"),
        context=post.get("context"),
    )
    platform.submit(item, files or [])
    return _report(platform, item.id, post["reports"], number, "user")


def _report(
    platform: Client, item_id: str, reports: list[list[Any]], number: int, channel: str
) -> set[str]:
    cases: set[str] = set()
    for place, (reason, comment, count) in enumerate(reports):
        for voice in range(count):
            answer = platform.report(
                Report(
                    id=f"desk/{number}/{place}/{voice}",
                    channel=channel,
                    reason=reason,
                    created_at=datetime.now(UTC),
                    item_id=item_id,
                    comment=comment or None,
                    reporter=f"reader-{number}-{place}-{voice}",
                )
            )
            cases.add(answer.case)
    return cases
