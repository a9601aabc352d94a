"""Fingerprints of content, behind one registry: a new kind is one file here and one line below."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from tidegate.signals.fingerprints import (
    address,
    address_web,
    domain,
    host,
    host_lookalike,
    md5,
    pdq,
    phrase,
    sha256,
    text_letters,
    text_minhash,
    text_sha256,
    text_winnowing,
    url,
    url_prefix,
)
from tidegate.signals.fingerprints.kind import Kind, Source, several
from tidegate.signals.fingerprints.normalise import normalised, too_long
from tidegate.signals.fingerprints.seen import seen
from tidegate.signals.fingerprints.weburl import of_another_scheme
from tidegate.signals.model import Fingerprint

_kinds: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        sha256.KIND,
        md5.KIND,
        pdq.KIND,
        text_sha256.KIND,
        text_minhash.KIND,
        text_letters.KIND,
        text_winnowing.KIND,
        phrase.KIND,
        url.KIND,
        domain.KIND,
        host.KIND,
        url_prefix.KIND,
        host_lookalike.KIND,
        address.KIND,
    )
}
KINDS: Mapping[str, Kind] = MappingProxyType(_kinds)


def of_bytes(data: bytes) -> list[Fingerprint]:
    """The digests of a file."""
    return _of("bytes", [data])[0]


def of_text(text: str) -> list[Fingerprint]:
    """The fingerprints of a text in any form; none when nothing of it can be seen."""
    return of_texts([text])[0]


def of_texts(texts: Sequence[str]) -> list[list[Fingerprint]]:
    """`of_text` of several at once, which costs less. What is not read to its end has no code that
    says it is equal."""
    made = _of("text", [normalised(text) for text in texts])
    for place, text in enumerate(texts):
        if too_long(text):
            made[place] = [code for code in made[place] if not KINDS[code.kind].exact]
    return made


def of_known_text(text: str) -> list[Fingerprint]:
    """The fingerprints of a text that an entry is to know: those of one that is searched, its letters in any
    case, and where it seems to be HTML or Markdown what it is like without the markup."""
    made = [code for code in of_text(text) if code.kind != text_letters.NAME]
    shown = seen(text)
    wordings = [normalised(one) for one in dict.fromkeys((text, shown.text))]
    if shown.text != text:
        made += [code for code in of_text(shown.text) if code.kind == text_minhash.KIND.name]
    made += [code for code in text_letters.codes(wordings) if code is not None]
    return list(dict.fromkeys(made))


def of_url(link: str) -> list[Fingerprint]:
    """The fingerprints of a web address, that of the page first; none when it is none. Where it is read
    as another one, what takes in more than a page is known of both, and of a copy its own page, too. Of an
    address of another scheme only what takes in more than a page is known."""
    if (page := url.page_of(link)) is None:
        page = url.page_of(f"https:{rest}") if (rest := of_another_scheme(link)) else None
        return [] if page is None else _around(page.form)
    codes = _of("url", [page.form])[0]
    if page.elsewhere is not None:
        more = _of("url", [page.elsewhere])[0] if page.is_copy else _around(page.elsewhere)
        codes += [code for code in more if code not in codes]
    return codes


def _around(canonical: str) -> list[Fingerprint]:
    """What takes in more than the page of a canonical URL."""
    return [code for code in _of("url", [canonical])[0] if not KINDS[code.kind].exact]


def of_address(text: str) -> list[Fingerprint]:
    """The fingerprints of the place without http that an address names; none where it names none."""
    return [code for form in address.own(text) for code in _of("address", [form])[0]]


def of_link(link: str) -> list[Fingerprint]:
    """The fingerprints of an address of either sort. A place on a host may be of both."""
    places = of_address(link)
    if places and not address.has_pages(places[0].value):
        return places
    return of_url(link) + places


def of_page(link: str) -> list[Fingerprint]:
    """Those of what an address names itself, which is what an entry for it holds: an entry for one page
    must not match its whole site."""
    page = [code for code in of_url(link)[:1] if code.kind == url.KIND.name]
    places = of_address(link)
    return page + places if not places or address.has_pages(places[0].value) else places


def of_places_beside(text: str) -> list[Fingerprint]:
    """Those of the places and pages that an address leads to, which are not what it names."""
    codes = [code for form in address.beside(text) for code in _of("address", [form])[0]]
    pages = [url.page_around(text), *map(address_web.page_of, address.own(text))]
    return codes + [Fingerprint(url.KIND.name, page.encode()) for page in pages if page]


def _of(source: Source, contents: Sequence[Any]) -> list[list[Fingerprint]]:
    made = [kind.make(contents) for kind in KINDS.values() if kind.source == source]
    return [[code for one in row for code in several(one)] for row in zip(*made, strict=True)]
