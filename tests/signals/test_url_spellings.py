"""Two addresses have one form if and only if they are spellings of one page: said by a reference that knows
the page and never parses."""

import unicodedata
from typing import NamedTuple
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.signals.fingerprints.url import canonical

NAMES = st.text("aé", min_size=1, max_size=2)
HOSTS = st.sampled_from(["a.example", "www.a.example", "bücher.example"])


class Page(NamedTuple):
    host: str
    port: int | None
    path: tuple[str, ...]
    query: tuple[tuple[str, str], ...]
    route: tuple[str, ...]  # behind the #


PAGES = st.builds(
    Page,
    HOSTS,
    st.sampled_from([None, 8443]),
    st.lists(NAMES, max_size=2).map(tuple),
    st.lists(st.tuples(NAMES, NAMES), max_size=2).map(tuple),
    st.lists(NAMES, max_size=1).map(tuple),
)


@st.composite
def spellings(draw: st.DrawFn, page: Page) -> str:
    """One of the ways in which a page's address is written."""

    def pick(*ways: str) -> str:
        return draw(st.sampled_from(ways))

    def word(text: str) -> str:
        text = unicodedata.normalize(draw(st.sampled_from(["NFC", "NFD"])), text)
        escaped = "".join(f"%{byte:02x}" for byte in text.encode())
        return pick(text, quote(text), escaped, escaped.upper())

    host = pick(page.host, page.host.upper(), page.host.encode("idna").decode(), f"{page.host}.")
    port = pick("", ":", ":80", ":0443") if page.port is None else f":{page.port}"
    path = "/" + "".join(
        pick("", "./", "x/../", "x/%2e%2E/") + word(one) + pick("/", "\\") for one in page.path
    )
    if page.path and draw(st.booleans()):
        path = path[:-1]
    pairs = [f"{word(name)}={word(value)}" for name, value in page.query]
    pairs.insert(draw(st.integers(0, len(pairs))), pick("", "utm_source=x", "FBCLID=1"))
    query = "?" + "&".join(pairs) if any(pairs) else pick("", "?")
    route = "".join("/" + word(one) for one in page.route)
    fragment = "#" + route + pick("", "/") if route else pick("", "#", "#part", "#/")
    slashes = pick("//", "/", "", "\\\\", "/\\/")
    address = f"{pick('https', 'HTTP')}:{slashes}{pick('', 'me@', 'a:b@')}{host}{port}"
    address += path + query + fragment
    at = draw(st.integers(0, len(address)))
    return (
        pick("", " ", "\x00")
        + address[:at]
        + pick("", "\t", "\n")
        + address[at:]
        + pick("", "\r\n")
    )


@given(st.data(), PAGES, PAGES)
@settings(deadline=None, max_examples=400)
def test_two_addresses_have_one_form_if_they_are_spellings_of_one_page(
    data: st.DataObject, one: Page, other: Page
) -> None:
    form = canonical(data.draw(spellings(one)))
    assert form is not None
    assert canonical(data.draw(spellings(one))) == form
    assert (canonical(data.draw(spellings(other))) == form) == (one == other)
