"""Links in texts: which are found, how far they reach, and where they stand."""

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.signals import links
from tidegate.signals.fingerprints import of_link
from tidegate.signals.links.undone import undone

PAGE = "https://bad.example/watch?v=42"
CODES = of_link(PAGE)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"Watch {PAGE} before it is gone", PAGE),
        (f"{PAGE}.", PAGE),
        (f"“{PAGE}”, he said", PAGE),
        ("(bad.example/watch?v=42).", "bad.example/watch?v=42"),
        ("see bad.example/watch?v=42!", "bad.example/watch?v=42"),
        ("BAD.EXAMPLE/watch?v=42", "BAD.EXAMPLE/watch?v=42"),
        ("//bad.example/watch?v=42", "bad.example/watch?v=42"),
        (f"[look]({PAGE})", PAGE),
        (f'[look]({PAGE} "a title")', PAGE),
        (f"[{PAGE}](https://other.example/)", PAGE),
        (f"[1]: {PAGE}", PAGE),
        (f"<{PAGE}>", PAGE),
        (f"<{PAGE}|shown>", PAGE),
        (f"**{PAGE}** and _{PAGE}_", PAGE),
        (f"`{PAGE}`", PAGE),
        (f"||{PAGE}||", PAGE),
        (f"[url={PAGE}]look[/url]", PAGE),
        (f"[url]{PAGE}[/url]", PAGE),
        (f'<a href="{PAGE}">x</a>', PAGE),
        (f"<a href='{PAGE}'>x</a>", PAGE),
        (f"<a href={PAGE}>x</a>", PAGE),
        ('<a href="ht\ntps://bad.exam\nple/watch?v=42">', "ht\ntps://bad.exam\nple/watch?v=42"),
        ("<b>https://</b>bad.<wbr>example/watch?v=42", "https://</b>bad.<wbr>example/watch?v=42"),
        ("https&#58;//bad&period;example/watch?v&equals;42", None),
        ("hxxps://bad[.]example/watch?v=42", None),
        ("hXXps[:]//bad(.)example/watch?v=42", None),
        ("h**ps://bad{.}example[/]watch?v=42", None),
        ("hxxps[://]bad[dot]example/watch?v=42", None),
        ("https://bad (dot) example/watch?v=42", None),
        ("https://bad DOT example/watch?v=42", None),
        ("bad[.example/watch?v=42", None),
        ("https:\\/\\/bad.example\\/watch?v=42", None),
        ("https:\\\\bad.example\\watch?v=42", None),
        ("ht\u200btps://bad\u2060.exam\u00adple/watch?v=\ufeff42", None),
        ("https://bad\u3002example/watch?v=42", None),
        ("https://𝐛𝐚𝐝․ⓔⓧⓐⓜⓟⓛⓔ/watch?v=42", None),
        ("h\u0336t\u0336tps://bad\u0332.example/watch?v=42", None),
        ("ｈｔｔｐｓ：／／ｂａｄ．ｅｘａｍｐｌｅ／watch?v=42", None),
        ("請看https://bad.example/watch?v=42。謝謝", PAGE),
        (f"→{PAGE}👈", PAGE),
        ("請看bad.example/watch?v=42吧", "bad.example/watch?v=42"),
        ("lookhttps://bad.example/watch?v=42", PAGE),
        (f"first:{PAGE}", PAGE),
        (f"x\u3164{PAGE}\u3164y", PAGE),
    ],
)
def test_a_link_is_found_however_it_is_written(text: str, shown: str | None) -> None:
    found = [link for link in links.find(text) if set(CODES) <= set(of_link(link.address))]
    assert found, links.find(text)
    spans = [text[link.start : link.end] for link in found]
    assert (shown or text) in spans


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://en.example/wiki/Foo_(bar)", "https://en.example/wiki/Foo_(bar)"),
        ("(https://en.example/wiki/Foo_(bar))", "https://en.example/wiki/Foo_(bar)"),
        ("https:/a.example/x, there", "https:/a.example/x"),
        ("https:a.example/x there", "https:a.example/x"),
        ("https://bücher.example/ä", "https://bücher.example/ä"),
        ("президент.рф", "президент.рф"),
        ("http://[2001:db8::1]:8080/x", "http://[2001:db8::1]:8080/x"),
        ("at 192.0.2.7:8080/x", "192.0.2.7:8080/x"),
        ("write to joe.me@bad.example", "mailto:joe.me@bad.example"),
        ("joe [at] bad [dot] example", "mailto:joe@bad.example"),
        ("@joe@bad.example posts", "@joe@bad.example"),
        ("#room:server.example is on", "#room:server.example"),
        ("(tg://resolve?domain=foo)", "tg://resolve?domain=foo"),
        ("magnet:?xt=urn:btih:" + 40 * "a", "magnet:?xt=urn:btih:" + 40 * "a"),
        ("call +49 (0)30 123-4567 now", "tel:+49 (0)30 123-4567"),
        ("tel:+49 30 123-4567 now", "tel:+49 30 123-4567"),
        ("id 05" + 32 * "aB", "05" + 32 * "aB"),
        (f"{56 * 'b'}.onion/x", f"{56 * 'b'}.onion/x"),
    ],
)
def test_what_else_is_a_link(text: str, address: str) -> None:
    assert address in [link.address for link in links.find(text)]


@pytest.mark.parametrize(
    "text",
    [
        "That is the end.Then we went home.",
        "the end.So we went",
        "in Guatemala.So far, in BOLOGNA.Tel us, two Camere.HOTEL",
        "at 10:30, for 3.14 of it, e.g. i.e. etc.) and so on ...",
        "he said:yes, and:no",
        "word.docx and 1.2.3 and a..b and .hidden",
        "U.S.A. Mr.Smith v1.2",
        "I like polka dot dress codes",
        "wait.what?",
        "50 + 7 = 57 and +1",
        "x" * 300 + ".",
    ],
)
def test_prose_is_no_link(text: str) -> None:
    assert links.find(text) == []


def test_the_name_of_a_mailbox_is_no_page() -> None:
    assert [link.address for link in links.find("write joe.me@bad.example")] == [
        "mailto:joe.me@bad.example"
    ]


@pytest.mark.parametrize(
    "text", [PAGE, f" \u200b{PAGE}\n", "bad.example/watch?v=42", "ht\u200btps://a.example"]
)
def test_a_text_may_be_one_link(text: str) -> None:
    (link,) = links.find(text)
    assert links.is_whole(text, link)


@pytest.mark.parametrize(
    "text",
    [
        f"{PAGE}.",
        f"see {PAGE}",
        f"<{PAGE}>",
        "hxxps://bad.example/watch",
        "bad[.]example",
        "https ://bad.example/x",
    ],
)
def test_what_is_more_than_a_link_or_was_made_harmless_is_none(text: str) -> None:
    (link,) = links.find(text)
    assert not links.is_whole(text, link)


def test_an_address_counts_once_and_no_text_yields_more_than_the_most() -> None:
    assert [one.start for one in links.find(f"{PAGE} {PAGE} {PAGE}")] == [0]
    many = " ".join(f"https://h{n}.example/" for n in range(links.MOST + 1))
    found = links.find(many)
    assert [one.address for one in found] == many.split()[: links.MOST]
    assert links.beyond(many)
    assert not links.beyond(many.rpartition(" ")[0])
    assert links.beyond("http://a.example " * 2100)


def test_a_link_longer_than_any_entry_is_known_by_its_beginning() -> None:
    (link,) = links.find("https://bad.example/" + "a" * 9000)
    assert len(link.address) < 4200
    assert b"bad.example" in {code.value for code in of_link(link.address)}


PIECES = (
    "bad.example/x",
    "https://a.example/(b)",
    "joe@c.example",
    "tg://d",
    "hxxp://e[.]example/f",
)
BETWEEN = (
    " ",
    "\n",
    " and ",
    ", ",
    "! ",
    " (",
    ") ",
    " “",
    "” ",
    " * ",
    " \u200b ",
    " <p> ",
    " é ",
)


@given(st.lists(st.tuples(st.sampled_from(BETWEEN), st.sampled_from(PIECES)), max_size=6))
def test_links_between_words_are_found_where_they_stand(pairs: list[tuple[str, str]]) -> None:
    """Against the obvious: the first place of each piece."""
    text = "".join(before + piece for before, piece in pairs) + " end"
    expected = {(text.index(piece), text.index(piece) + len(piece)) for _, piece in pairs}
    assert {(link.start, link.end) for link in links.find(text)} == expected


@given(st.text(st.sampled_from(" ab.:/@[](){}<>&#46;\\\u200b．dot*_|'\"?+05!\n"), max_size=60))
def test_offsets_lead_back(text: str) -> None:
    found = links.find(text)
    assert all(0 <= link.start < link.end <= len(text) for link in found)
    assert [link.start for link in found] == sorted(link.start for link in found)
    for link in found:
        # What is found by itself is what was found in the text.
        inside = {one.address for one in links.find(text[link.start : link.end])}
        assert link.address in inside or links.find(text[: link.end])


@given(st.text(st.sampled_from("ab \u200b&amp;#46;[.](dot)．<b></b>"), max_size=40))
def test_what_was_undone_leads_back_piece_by_piece(text: str) -> None:
    """Against a slow reading: each piece of the original, in order, is kept or undone."""
    done = undone(text)
    rebuilt: list[str] = []
    last = 0
    for at, end, start, stop, _ in done.cuts:
        rebuilt += (text[last:start], done.text[at:end])
        last = stop
    assert "".join([*rebuilt, text[last:]]) == done.text
    for place, character in enumerate(done.text):
        start, end = done.span(place, place + 1)
        assert 0 <= start < end <= len(text)
        piece = text[start:end]
        assert character == piece or character in html.unescape(piece) or piece[0] in "[( ．&"
