"""Which parts a content has, and which codes each part has: said here alone, for posts, for what a
curator searches for, for the entries of banks and for files on a disk.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

import msgspec

from tidegate.content.media.model import NOT_COMPARED, Examined, ViewCode, at_part
from tidegate.content.model import Content, TextFormat, Worded
from tidegate.content.parts import TEXT, URL, Part, View
from tidegate.signals import fingerprints, links
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.fingerprints.kind import Kind, Source
from tidegate.signals.model import Codes, Fingerprint
from tidegate.signals.readings import SEEN, forms


class ExaminedFile(msgspec.Struct, frozen=True):
    """One file of a content, after it was looked at: its digests, what its pictures are known by,
    and the address that it was fetched from."""

    digests: Sequence[Fingerprint]
    views: Sequence[ViewCode] = ()
    url: str | None = None


def codes_of(
    *,
    text: str | None = None,
    text_format: TextFormat | None = None,
    url: str | None = None,
    files: Sequence[ExaminedFile] = (),
    attributes: Mapping[str, Any] | None = None,
) -> Codes:
    """The codes of all parts of one content."""
    codes = codes_of_link(URL, url) if url else []
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
    if attributes:
        for part, address in links_of(attributes)[: links.MOST]:
            codes += codes_of_link(part, address)
    if text:
        codes += codes_of_texts([Worded(text, text_format)])[0]
    return codes


def codes_of_link(part: str, address: str) -> Codes:
    """The codes of one address: what it names, and in a part of their own the places that it leads to
    as well."""
    codes = [(part, code) for code in fingerprints.of_link(address)]
    if near := fingerprints.of_places_beside(address):
        codes += [(Part(part).beside.name, code) for code in near]
    return codes


def canonical_url(codes: Codes) -> bytes | None:
    """The canonical form of a content's URL, given its codes; None where it has none."""
    own = (code for part, code in codes if part == URL and KINDS[code.kind].exact)
    return next((code.value for code in own), None)


def codes_of_texts(texts: Sequence[Worded | None]) -> list[Codes]:
    """The codes of the parts of several contents' texts at once, which costs less: of each text, of its
    views, which have those alone that the text itself has not, and of the links in it."""
    read = [forms(one) if one and one.text else [] for one in texts]
    found = iter(fingerprints.of_texts([text for some in read for _, text in some]))
    return [
        (codes if len(some) < 2 else _each_once(codes)) + _codes_of_links(some[0][1])
        if some
        else []
        for some in read
        for codes in [[(part, code) for part, _ in some for code in next(found)]]
    ]


def _each_once(codes: Codes) -> Codes:
    return list({code: (part, code) for part, code in reversed(codes)}.values())[::-1]


def _codes_of_links(text: str) -> Codes:
    return [
        one
        for index, link in enumerate(links.find(text))
        for one in codes_of_link(Part.text_link(index).name, link.address)
    ]


def links_of(attributes: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The addresses that a platform names in an item's attributes, `"links": […]`: each a text, or an
    object with a `url`; each with the name of its part."""
    given: Any = attributes.get("links")
    named = cast("list[Any]", given) if isinstance(given, list) else [given]
    read = [
        cast("dict[str, Any]", one).get("url") if isinstance(one, dict) else one for one in named
    ]
    return [
        (Part.attribute_link(index).name, one)
        for index, one in enumerate(read)
        if isinstance(one, str) and one
    ]


def not_compared(content: Content, codes: Codes) -> list[str]:
    """What is to be said of a content's addresses that are not looked up; `codes` has those that are,
    outside of its text."""
    problems: list[str] = []
    known = {part for part, _ in codes}
    if content.url and URL not in known:
        problems.append(at_part(URL, _NOT_COMPARED))
    if content.attributes:
        named = links_of(content.attributes)
        unknown = [part for part, _ in named[: links.MOST] if part not in known]
        problems += [at_part(part, _NOT_COMPARED) for part in unknown]
        if len(named) > links.MOST:
            problems.append(at_part("attributes", links.TOO_MANY))
    if content.text and links.beyond(content.text):
        problems.append(at_part(TEXT, links.TOO_MANY))
    return problems


_NOT_COMPARED = f"{NOT_COMPARED} (it is neither a web address nor a place that is known)"


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
    """The codes that stand for a content in a bank, each once: what people see on a white page and on a
    black one. A stored orientation, what peers hash or a later frame is not its face."""
    return list(dict.fromkeys(code for part, code in codes if Part.parse(part).is_face))


def without_code(examined: Examined) -> str:
    """Why a picture that was judged has no code that could stand for it in a bank, for people."""
    if any(code.view == "reduced" for code in examined.codes):
        return "no picture code: it is too large for one of its own, add a smaller copy of it"
    return "no picture code: the picture is too flat, only copies of the file match"


_AS_NEAR: tuple[View, ...] = ("", "stored")
_IF_EQUAL: tuple[str, ...] = ("dark", "peer", Part.parse(SEEN).view)


def is_exact(kind: Kind, part: str, distance: int) -> bool:
    """Whether a match of this part of an item may restrict: by a kind that may, under a view that may.
    Seen on a black page or as peers hash it a picture has to be the entry itself, not only like it;
    what was decoded at a reduced size asks a person. So does a text whose view rests on our guess."""
    if not kind.exact or "@" not in part:
        return kind.exact
    view = Part.parse(part).view
    return view in _AS_NEAR or (view in _IF_EQUAL and distance == 0)
