"""Which parts a content has, and which codes each part has: said here alone, for posts, for what a
curator searches for, for the entries of banks and for files on a disk.
"""

from collections.abc import Collection, Sequence

import msgspec

from tidegate.content.media.model import ViewCode
from tidegate.content.parts import TEXT, URL, Part
from tidegate.signals import fingerprints
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.fingerprints.kind import Source
from tidegate.signals.model import Codes, Fingerprint


class ExaminedFile(msgspec.Struct, frozen=True):
    """One file of a content, after it was looked at: its digests, what its pictures are known by,
    and the address that it was fetched from."""

    digests: Sequence[Fingerprint]
    views: Sequence[ViewCode] = ()
    url: str | None = None


def codes_of(
    *, text: str | None = None, url: str | None = None, files: Sequence[ExaminedFile] = ()
) -> Codes:
    """The codes of all parts of one content."""
    codes = [(URL, code) for code in fingerprints.of_url(url)] if url else []
    for index, file in enumerate(files):
        whole = Part.media(index).name
        codes += [(whole, code) for code in file.digests]
        if file.url:
            codes += [(whole, code) for code in fingerprints.of_url(file.url)]
        codes += [
            (
                Part.media(index, one.view, one.frame).name,
                Fingerprint(one.kind, one.value, one.quality),
            )
            for one in file.views
        ]
    if text:
        codes += codes_of_texts([text])[0]
    return codes


def canonical_url(codes: Codes) -> bytes | None:
    """The canonical form of a content's URL, given its codes; None where it has none."""
    return next((code.value for part, code in codes if part == URL and code.kind == "url"), None)


def codes_of_texts(texts: Sequence[str | None]) -> list[Codes]:
    """The codes of the parts of several contents' texts at once, which costs less."""
    some = [text for text in texts if text]
    found = iter(fingerprints.of_texts(some))
    return [[(TEXT, code) for code in next(found)] if text else [] for text in texts]


def renewed(
    old: Codes, made: Codes, kinds: Collection[str], gone: Collection[tuple[str, Source]] = ()
) -> Codes:
    """A content's codes after those of some kinds were made anew. A part of which what they are made
    of is `gone`, the bytes of a file or its pixels, keeps what it is known by."""

    def stays(part: str, kind: str) -> bool:
        return kind not in kinds or (Part.parse(part).whole, KINDS[kind].source) in gone

    kept = [(part, code) for part, code in old if stays(part, code.kind)]
    return kept + [(part, code) for part, code in made if code.kind in kinds]


def face_of(codes: Codes) -> list[Fingerprint]:
    """The codes that stand for a content in a bank: a stored orientation or a later frame is not
    its face."""
    return [code for part, code in codes if Part.parse(part).is_face]
