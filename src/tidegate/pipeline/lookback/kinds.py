"""The look back for kinds of fingerprints: a kind that is new has no codes of the posts of before.

Which kinds the kept revisions have codes of, and by which version of each, is noted in the database.
Where the program knows more, a *walk* goes through the latest revisions that are kept, by their
numbers, and makes what is missing from what is there: the text, the URL, the bytes in the evidence
store. With that a revision is new to the look back (`codes`), as if it had just come in and no bank had
been asked yet: it takes the codes in, and looks again at what an entry of the new kind knows.

A page is worked on between two transactions, since decoding may take its time, by one process: it
takes a lease. Whoever finds that another has moved the position meanwhile writes nothing.
"""

from collections.abc import Sequence
from typing import NamedTuple

import structlog

from tidegate.content.actions import renew_fingerprints, renew_url_keys
from tidegate.content.evidence import EvidenceStore
from tidegate.content.kept import Whole, newest_number, next_whole
from tidegate.content.media.model import Problem, code_of
from tidegate.content.media.pool import MediaPool
from tidegate.content.model import StoredMedia, url_digest
from tidegate.content.parts import Part
from tidegate.infra.aside import set_aside
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.progress import advance, all_reached, claim, finish, lease, note, start
from tidegate.pipeline.instance import Instance
from tidegate.signals import fingerprints
from tidegate.signals.fingerprints import KINDS, url
from tidegate.signals.fingerprints.kind import Source
from tidegate.signals.model import Codes, decode_codes, encode_codes
from tidegate.signals.parts import ExaminedFile, canonical_url, codes_of, codes_of_texts, renewed

PAGE = 100  # revisions that are read at a time
PAGE_BYTES = 8 << 20  # of media, after which a page ends
LEASE_SECONDS = 60  # after which another process takes up the page of one that has died

# Behind it, a kind and what it depends on beside the program: by which version of it the kept revisions
# have codes.
_KIND = "kind "
_WALK = "kinds walk "  # behind it, what is walked for: the last number that was walked past
_LEASE = "kinds lease "

log = structlog.get_logger()


def _noted(kind: str) -> str:
    """A kind as it is noted: the forms of addresses depend on the list of aliases, too."""
    return f"{kind} {url.known_by()}" if KINDS[kind].source == "url" else kind


class Walked(NamedTuple):
    """What a step did: how many revisions got other codes, and how far the walk is now."""

    changed: int
    position: int


class _Made(NamedTuple):
    """Codes by the numbers of their revisions, the keys by which addresses are found that have other
    forms, the last number that was looked at, and why some could not be."""

    codes: dict[int, bytes]
    keys: dict[int, bytes]
    last: int
    bad: dict[int, Exception]


class _Busy(Exception):
    """The decoder cannot be asked now."""


class KindWalk:
    """The walk of one process; one thread steps it. `kinds`: what it makes codes of; empty, and a
    step then asks nothing, once all that the program knows is there."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        with instance.database.begin() as tx:
            known = all_reached(tx, _KIND)
            self.kinds: frozenset[str] = frozenset(
                kind.name
                for kind in KINDS.values()
                if not kind.contained and known.get(_noted(kind.name), 0) < kind.version
            )
            # Another set of kinds is another walk, from the beginning.
            wanted = " ".join(
                sorted(f"{_noted(name)}:{KINDS[name].version}" for name in self.kinds)
            )
            self._walk, self._lease = _WALK + wanted, _LEASE + wanted
            if self.kinds:
                start(tx, self._lease)
                if start(tx, self._walk):
                    log.info("kinds.walk", kinds=sorted(self.kinds), left=left(tx))

    def step(self) -> Walked | None:
        """Walk through the next page; None where nothing is to be done, or not by this process now."""
        if not self.kinds:
            return None
        with self._instance.database.begin() as tx:
            if not lease(tx, self._lease, LEASE_SECONDS):
                self._see_whether_done(tx)
                return None
            position = all_reached(tx, self._walk).get("")
            page, end = ([], 0) if position is None else next_whole(tx, position, PAGE)
        try:
            made, keys, last, bad = self._made(page, end)
        except (_Busy, Refusal):
            return None
        with self._instance.database.begin() as tx:
            if position is None or claim(tx, self._walk) != position:
                return None
            if end == position:
                self._end(tx)
                return Walked(0, position)
            renew_fingerprints(tx, made)
            renew_url_keys(tx, keys)
            for number, error in bad.items():
                set_aside(tx, "revisions to make codes of", number, error)
            advance(tx, self._walk, last)
            advance(tx, self._lease, 0)
        return Walked(len(made), last)

    def _see_whether_done(self, tx: Tx) -> None:
        if "" not in all_reached(tx, self._walk):
            self.kinds = frozenset()

    def _end(self, tx: Tx) -> None:
        known = all_reached(tx, _KIND)
        finish(tx, *(_KIND + one for one in known if one.partition(" ")[0] in self.kinds))
        for name in sorted(self.kinds):
            note(tx, _KIND + _noted(name), KINDS[name].version)
        # Also those of walks that were begun for other sets of kinds.
        for beginning in (_WALK, _LEASE):
            finish(tx, *(beginning + rest for rest in all_reached(tx, beginning)))
        log.info("kinds.walked", kinds=sorted(self.kinds))
        self.kinds = frozenset()

    def _made(self, page: Sequence[Whole], end: int) -> "_Made":
        """The codes of revisions that have others by now, up to number `end` or to where the page is
        long enough."""
        made: dict[int, bytes] = {}
        keys: dict[int, bytes] = {}
        bad: dict[int, Exception] = {}
        size = 0
        texts = self._texts(page)
        for one, text in zip(page, texts, strict=True):
            try:
                codes, read = self._codes_of(one, text)
            except (_Busy, Refusal):
                raise
            except Exception as error:
                bad[one.number] = error
                continue
            if (stored := encode_codes(codes)) != one.fingerprints:
                made[one.number] = stored
                if (address := canonical_url(codes)) is not None and self._from("url"):
                    keys[one.number] = url_digest(self._instance.secrets.terms_key, address)
            size += read
            if size >= PAGE_BYTES:
                return _Made(made, keys, one.number, bad)
        return _Made(made, keys, end, bad)

    def _texts(self, page: Sequence[Whole]) -> Sequence[Codes | None]:
        """The codes of the page's texts, all at once; None where each must be tried by itself."""
        if not any(map(self._from, ("text", "url", "address"))):
            return [[] for _ in page]
        try:
            return codes_of_texts([one.content.worded for one in page])
        except Exception:
            return [None for _ in page]

    def _codes_of(self, one: Whole, text: Codes | None) -> tuple[Codes, int]:
        """A revision's codes, and how many bytes of files were read for them."""
        files = [
            self._look(one.files.get(Part.media(index).name), media)
            for index, media in enumerate(one.content.media)
        ]
        said = one.content
        looks = [file.look for file in files]
        codes = codes_of(url=said.url, files=looks, attributes=said.attributes)
        codes += codes_of_texts([said.worded])[0] if text is None else text
        gone: set[tuple[str, Source]] = {
            (Part.media(n).name, what) for n, file in enumerate(files) for what in file.gone
        }
        now = renewed(decode_codes(one.fingerprints), codes, self.kinds, gone)
        return now, sum(file.size for file in files)

    def _look(self, sha256: bytes | None, media: StoredMedia) -> "_Looked":
        if sha256 is None or not (self._from("bytes") or self._from("pixels")):
            return _Looked(ExaminedFile([], url=media.url), 0, ("bytes", "pixels"))
        return _look_at(self._instance.evidence, self._instance.media, sha256, media)

    def _from(self, source: str) -> bool:
        return any(KINDS[name].source == source for name in self.kinds)


class _Looked(NamedTuple):
    """A file, how many bytes of it were read, and what was not there to be looked at."""

    look: ExaminedFile
    size: int
    gone: Sequence[Source] = ()


def _look_at(
    evidence: EvidenceStore, pool: MediaPool, sha256: bytes, media: StoredMedia
) -> _Looked:
    data = evidence.get(sha256)
    if data is None:
        return _Looked(ExaminedFile([], url=media.url), 0, ("bytes", "pixels"))
    examined = pool.examine_blocking(data, media.content_type or None, media.filename)
    if any(code_of(problem) == Problem.UNAVAILABLE for problem in examined.problems):
        raise _Busy
    digests = fingerprints.of_bytes(data)
    lost = not examined.judged and not examined.codes
    look = ExaminedFile(digests, examined.codes, media.url)
    return _Looked(look, len(data), ("pixels",) if lost else ())


def left(tx: Tx) -> int:
    """How many revisions walks are still to pass, at most; 0 where none is under way."""
    positions = all_reached(tx, _WALK).values()
    return max(0, newest_number(tx) - max(positions)) if positions else 0
