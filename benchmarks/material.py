"""What the benchmarks post and know: texts, pictures, banks, cases. Seeded, so that runs compare."""

import itertools
import random
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import numpy as np
import simplejpeg  # pyright: ignore[reportMissingTypeStubs]

from benchmarks.load import request
from tidegate.content.tables import items
from tidegate.infra.clock import SystemClock
from tidegate.infra.db import Database, Tx
from tidegate.review.tables import cases
from tidegate.signals import fingerprints
from tidegate.signals.banks.actions import create_bank
from tidegate.signals.banks.model import BankIn
from tidegate.signals.banks.tables import banks, entries
from tidegate.signals.model import Fingerprint, digest

HITS = 200  # one text in so many is in a bank

_rng = random.Random(20260101)
_LETTERS = "etaoinshrdlucmfwypvbgk"
_VOCABULARY = ["".join(_rng.choices(_LETTERS, k=_rng.randint(2, 9))) for _ in range(5000)]
_WEIGHTS = list(itertools.accumulate(1 / (rank + 3) for rank in range(len(_VOCABULARY))))


def text() -> str:
    """A post of 10 to 90 words, 280 characters on average, words as frequent as in languages."""
    words = _rng.choices(_VOCABULARY, cum_weights=_WEIGHTS, k=_rng.randint(10, 90))
    return " ".join(words).capitalize() + "."


class Posts:
    """Requests with posts that were never sent before, one text in `HITS` from the banks."""

    def __init__(self, key: str, known: list[str]) -> None:
        self.sent = 0
        self._key = key
        self._known = known
        self._name = uuid4().hex[:8]
        self._now = datetime.now(UTC).isoformat()
        self._texts = [msgspec.json.encode(text()) for _ in range(20_000)]
        self._pictures = [b64encode(_picture()[2:]) for _ in range(400)]  # without their start

    def _post(self, rest: bytes) -> bytes:
        self.sent += 1
        return (
            b'{"id":"%b-%d","surface":"post","publicness":"public","author":"u%d",'
            b'"created_at":"%b","language":"en",%b}'
            % (
                self._name.encode(),
                self.sent,
                self.sent % 5000,
                self._now.encode(),
                rest,
            )
        )

    def text(self) -> bytes:
        """The JSON of a text post; the number in it makes each one new."""
        if self.sent % HITS == 0:
            return self._post(b'"text":' + msgspec.json.encode(_rng.choice(self._known)))
        body = self._texts[self.sent % len(self._texts)]
        return self._post(b'"text":%b %d"' % (body[:-1], self.sent))

    def one(self) -> bytes:
        return request("POST", "/v1/items", self._key, self.text())

    def batch(self, lines: int) -> bytes:
        body = b"\n".join(self.text() for _ in range(lines))
        return request("POST", "/v1/items/batch", self._key, body, "application/x-ndjson")

    def picture(self) -> bytes:
        """A post with a 512x512 JPEG. A comment in the file makes each one new; its pixels repeat
        after 400 posts, which spares the server nothing."""
        # 24 bytes of head are 32 characters of base64, so that the rest is encoded only once.
        comment = b"%b%010d" % (self._name.encode(), self.sent)
        head = b64encode(b"\xff\xd8\xff\xfe\x00\x14" + comment)
        rest = self._pictures[self.sent % len(self._pictures)]
        media = b'"media":[{"filename":"a.jpg","content_type":"image/jpeg","data":"%b%b"}]' % (
            head,
            rest,
        )
        return request("POST", "/v1/items", self._key, self._post(media))


_shapes = np.random.default_rng(7)


def _picture() -> bytes:
    """A JPEG of coarse and fine structure, some 60 kB as a photograph of that size has."""
    layers = np.zeros((512, 512, 3))
    for size, height in ((4, 60), (16, 30), (64, 14), (256, 5)):
        grain = _shapes.normal(0, height, (size, size, 3))
        layers += np.repeat(np.repeat(grain, 512 // size, 0), 512 // size, 1)
    pixels = np.clip(layers + 128, 0, 255).astype(np.uint8)
    return simplejpeg.encode_jpeg(pixels, quality=85)


def fill_banks(url: str, count: int) -> list[str]:
    """Banks of `count` entries: two in five texts, one in five URLs, two in five PDQ codes; half of
    each confirmed. Returns the texts."""
    texts = [text() for _ in range(count * 2 // 5)]
    links = [f"https://example.org/{n}/{_rng.randrange(1 << 40):x}" for n in range(count // 5)]
    kinds: dict[str, list[tuple[str | None, list[Fingerprint]]]] = {
        "texts": list(zip(texts, fingerprints.of_texts(texts), strict=True)),
        "links": [(link, fingerprints.of_url(link)) for link in links],
        "pictures": [
            (None, [Fingerprint("pdq", _rng.randbytes(32), 100)])
            for _ in range(count - len(texts) - len(links))
        ],
    }
    database = Database(url, SystemClock())
    with database.begin("key:benchmark") as tx:
        for name in kinds:
            create_bank(tx, BankIn(name=f"benchmark-{name}", stance="known"))
        ids: dict[str, UUID] = {row.name: row.id for row in tx.execute(banks.select())}
        version = tx.next_number("banks")
        names = ("id", "bank_id", "state", "enabled", "fingerprints", "digest", "text", "version")
        names += ("created_by", "created_at")
        rows = (
            (
                uuid4(),
                ids[f"benchmark-{kind}"],
                "confirmed" if number % 2 else "unconfirmed",
                True,
                msgspec.msgpack.encode(codes),
                digest(codes),
                source,
                version,
                tx.actor,
                tx.now,
            )
            for kind, contents in kinds.items()
            for number, (source, codes) in enumerate(contents)
        )
        tx.copy(entries, names, rows)
    database.close()
    return texts


def code_list(folder: Path, count: int) -> Path:
    """A published list, as it were, of so many random PDQ codes."""
    path = folder / "codes.csv"
    codes = np.random.default_rng(count).bytes(32 * count).hex()
    with path.open("w") as file:
        file.write("pdq_hash,quality\n")
        file.writelines(f"{codes[at : at + 64]},100\n" for at in range(0, len(codes), 64))
    return path


def open_cases(url: str, count: int) -> None:
    """So many open cases in the default queue, each with its item, a second apart."""
    database = Database(url, SystemClock())
    with database.begin("key:benchmark") as tx:
        made = [(uuid4(), uuid4()) for _ in range(count)]
        _open_cases(tx, made)
    with database.connect_raw() as connection:
        connection.execute("ANALYZE items, cases")
    database.close()


def _open_cases(tx: Tx, made: list[tuple[UUID, UUID]]) -> None:
    since = tx.now - timedelta(seconds=len(made))
    stamp = uuid4().hex[:8]
    columns = ("id", "platform", "external_id", "publicness", "author", "revision", "verdict")
    tx.copy(
        items,
        (*columns, "received_at"),
        (
            (item, "default", f"{stamp}-{number}", "public", "a" * 32, 1, "review", since)
            for number, (item, _) in enumerate(made)
        ),
    )
    tx.copy(
        cases,
        (
            "id",
            "subject_kind",
            "subject_id",
            "item_id",
            "revision",
            "version",
            "queue",
            "state",
            "origin",
            "opened_at",
        ),
        (
            (
                case,
                "item",
                item,
                item,
                1,
                1,
                "default",
                "open",
                "evaluation",
                since + timedelta(seconds=number),
            )
            for number, (item, case) in enumerate(made)
        ),
    )
