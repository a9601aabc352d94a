"""Places without http: what each scheme's canonical form holds fast, and what it lets go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.signals.fingerprints import KINDS, of_address, of_link, of_page, of_places_beside

CID0 = "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKpjWX"
CID1 = "bafybeie5nqv6kd3qnfjupgvz34woh3oksc3iau6abmyajn7qvtf477mdwa"
ONION = 56 * "b" + ".onion"
SESSION = "05" + 32 * "ab"


def forms(address: str) -> list[str]:
    return [code.value.decode() for code in of_address(address)]


@pytest.mark.parametrize(
    ("form", "same"),
    [
        ("tg://resolve?domain=foo", ["tg:resolve?domain=Foo", "TG://resolve/?Domain=foo"]),
        ("tg://join?invite=AbC", ["tg:join?invite=AbC"]),
        ("tg://resolve?domain=foo&post=1&a=b&c=d", ["tg://resolve?c=d&post=1&a=b&domain=Foo"]),
        ("tel:+49301234567;ext=5", ["tel:+49-30-1234567;phone-context=x;ext=5"]),
        (
            "magnet:?xt=urn:btih:c12fe1c06bba254a9dc9f519b335aa7c1367a88a",
            [
                "magnet:?xt=urn:btih:C12FE1C06BBA254A9DC9F519B335AA7C1367A88A&dn=a&tr=udp://b",
                "MAGNET:?dn=a&xt=urn:btih:YEX6DQDLXISUVHOJ6UM3GNNKPQJWPKEK",
            ],
        ),
        (
            "matrix:r/room:server.example",
            ["#room:Server.example", "matrix:room/room:server.example?via=a.example"],
        ),
        ("matrix:u/anna:server.example", ["@Anna:server.example", "matrix:u/anna:server.example/"]),
        ("matrix:roomid/x:s.example/e/ev", ["!x:s.example/$ev", "matrix:roomid/x:s.example/e/ev"]),
        (
            "at://did:plc:abc/app.bsky.feed.post/1",
            ["AT://did:plc:abc/app.bsky.feed.post/1/", "at://did:PLC:abc/app.bsky.feed.post/1#x"],
        ),
        (f"ipfs://{CID1}/a", [f"ipfs://{CID0}/a", f"ipfs:/ipfs/{CID1.upper()}/a/"]),
        (f"session:{SESSION}", [SESSION.upper(), f"session://{SESSION}"]),
        (ONION, [f"http://{ONION}/", f"https://{ONION.upper()}", f"//{ONION}"]),
        ("mailto:joe@bad.example", ["Joe@Bad.Example", "mailto:joe@bad.example?subject=hi"]),
        ("mailto:joe@xn--bcher-kva.example", ["joe@bücher.example"]),
        (
            "tel:+49301234567",
            ["+49 (0)30 123-4567", "tel:+49-30-123.4567", "tel:0049301234567"],
        ),
        ("tel:+49301234567", ["0049 30 1234567"]),
        ("tel:8631234;phone-context=+1914555", ["tel:863-1234;phone-context=+1-914-555"]),
        ("threema:abcd1234", ["threema://compose?id=ABCD1234&text=x", "threema://add?id=ABCD1234"]),
        ("whatsapp://send?phone=49301234567", ["whatsapp://send?phone=+49301234567&text=a"]),
        ("viber://chat?number=49301234567", ["viber://chat?number=%2B49301234567"]),
        ("simplex:/contact#/?v=1&smp=A", ["simplex:/contact/#/?v=1&smp=A"]),
        ("tg://user?id=1", ["tg:user?id=1"]),
        (
            "ethereum:0xab/transfer?address=0xcd&uint256=1",
            ["ethereum:0xAB/transfer?uint256=1&address=0xCD"],
        ),
        ("acct:joe@masto.example", ["@Joe@masto.example", "acct:joe@masto.example"]),
        ("xmpp:joe@bad.example", ["xmpp:Joe@bad.example?message"]),
        ("gemini://bad.example/x", ["gemini://BAD.example/x/"]),
        ("ownscheme://bad.example/X", ["OwnScheme://bad.example/X"]),
    ],
)
def test_one_place_has_one_form(form: str, same: list[str]) -> None:
    assert [forms(one) for one in [form, *same]] == [[form]] * (len(same) + 1)
    assert KINDS["address"].parse(form).decode() == form
    assert KINDS["address"].parse(same[0]) == form.encode()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("tg://resolve?domain=foo", "tg://resolve?domain=bar"),
        ("tg://resolve?domain=foo&post=1", "tg://resolve?domain=foo"),
        ("tg://join?invite=AbC", "tg://join?invite=abc"),
        ("tg://resolve?domain=foo&start=a", "tg://resolve?domain=foo"),
        ("tel:+49301234567;ext=5", "tel:+49301234567"),
        ("#room:a.example", "#room:b.example"),
        ("#room:a.example", "@room:a.example"),
        (f"ipfs://{CID1}/a", f"ipfs://{CID1}/A"),
        ("joe@bad.example", "jo@bad.example"),
        ("+4930123456", "+4930123457"),
        ("gemini://bad.example/x", "gopher://bad.example/x"),
        ("tel:8631234;phone-context=+1914", "tel:8631234;phone-context=+4420"),
        ("threema://compose?id=A", "threema://compose?id=B"),
        ("ethereum:0xa/transfer?address=0xb", "ethereum:0xa/transfer?address=0xc"),
        ("tg://user?id=1", "tg://user?id=2"),
        ("tg://addstickers?set=a", "tg://addstickers?set=b"),
        ("simplex:/contact#/?smp=A", "simplex:/contact#/?smp=B"),
        (f"ipfs://{CID1}/a#/x", f"ipfs://{CID1}/a"),
        (f"ipfs://{CID1}/a?x", f"ipfs://{CID1}/a"),
        (f"ipfs://{CID1}#/a", f"ipfs://{CID1}/a"),
        (ONION, f"{56 * 'c'}.onion"),
    ],
)
def test_another_place_has_another(one: str, other: str) -> None:
    assert forms(one)
    assert forms(other)
    assert forms(one) != forms(other)


@pytest.mark.parametrize(
    "address",
    [
        *("", "words", "https://bad.example/x", "javascript:alert(1)", "data:text/html,x"),
        *("about:blank", "tel:12", "tg:", "magnet:?dn=x", "ipfs://x", "mailto:joe", "matrix:r/x"),
        *("foo:bar", "a@b", "\ud800@bad.example", "tg://resolve?domain=" + "a" * 5000, "ftp://a b"),
        *("+49", "tel:030-1234567", "threema://compose?text=a", "simplex:/contact", "viber://chat"),
    ],
)
def test_what_names_no_place_has_none(address: str) -> None:
    assert forms(address) == []
    with pytest.raises(ValueError, match="a place without http"):
        KINDS["address"].parse(address)


@pytest.mark.parametrize(
    ("kind", "written", "form"),
    [
        ("address", "magnet:?xt=urn:btih:c12fe1c06bba254a9dc9f519b335aa7c1367a88a&so=3", "so=3"),
        ("address", "magnet:?SO=3&xt=urn:btih:c12fe1c06bba254a9dc9f519b335aa7c1367a88a", "so=3"),
        ("address", "ftp://joe@bad.example/x", "joe@"),
        ("domain", "evil.big.example", "all of big.example"),
    ],
)
def test_what_would_match_more_than_was_written_is_told(kind: str, written: str, form: str) -> None:
    told = KINDS[kind].lost(written)
    assert told
    assert form in told


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        *(("address", "tel:+49 30 1234567"), ("address", "magnet:?xt=urn:btih:ab&dn=a&tr=b")),
        *(("address", "mailto://joe@bad.example"), ("address", "xmpp://joe@bad.example")),
        *(("domain", "www.big.example"), ("domain", "big.example"), ("domain", "big.co.uk")),
    ],
)
def test_what_matches_what_was_written_is_not(kind: str, written: str) -> None:
    assert KINDS[kind].lost(written) is None


def test_a_way_into_a_channel_leads_to_the_channel() -> None:
    way, place = "tg://resolve?domain=foo&start=a", "tg://resolve?domain=foo"
    assert of_places_beside(way) == of_address(place)
    assert of_places_beside(place) == of_page("https://t.me/foo")


@pytest.mark.parametrize(
    ("address", "place"),
    [
        (f"http://{ONION}/page", ONION),
        (f"http://www.{ONION}/", ONION),
        (f"http://{ONION}:8080/", ONION),
        ("https://matrix.to/#/%23room:server.example?via=x", "matrix:r/room:server.example"),
        ("https://matrix.to/#/@anna:server.example", "matrix:u/anna:server.example"),
        ("https://app.element.io/#/room/#room:server.example", "matrix:r/room:server.example"),
        ("https://badname.t.me", "tg://resolve?domain=badname"),
        ("https://telegram.me/s/Foo/12", "tg://resolve?domain=foo&post=12"),
        ("https://t.me/foo?start=1", "tg://resolve?domain=foo"),
        ("https://t.me/joinchat/AbC", "tg://join?invite=AbC"),
        ("https://bsky.app/profile/did:plc:abc", "at://did:plc:abc"),
        (
            "https://bsky.app/profile/anna.example/post/3k",
            "at://anna.example/app.bsky.feed.post/3k",
        ),
        ("https://wa.me/49301234567?text=hi", "tel:+49301234567"),
        ("https://api.whatsapp.com/send?text=a&phone=49301234567", "tel:+49301234567"),
        (f"https://ipfs.io/ipfs/{CID0}/a", f"ipfs://{CID1}/a"),
        (f"https://{CID1}.ipfs.dweb.link/a", f"ipfs://{CID1}/a"),
    ],
)
def test_a_page_leads_to_places_that_it_is_not(address: str, place: str) -> None:
    assert forms(address) == []
    assert [code.value.decode() for code in of_places_beside(address)] == [place]


@pytest.mark.parametrize(
    ("place", "page"),
    [
        ("tg://resolve?domain=Foo", "https://t.me/foo"),
        ("tg://resolve?domain=foo&post=12", "https://t.me/foo/12"),
        ("tg:join?invite=AbC", "https://t.me/+AbC"),
        ("at://did:plc:abc", "https://bsky.app/profile/did:plc:abc"),
        (
            "at://anna.example/app.bsky.feed.post/3k",
            "https://bsky.app/profile/anna.example/post/3k",
        ),
        ("tel:+49 30 1234567", "https://wa.me/49301234567"),
        ("whatsapp://send?phone=+49301234567", "https://wa.me/49301234567"),
    ],
)
def test_a_place_leads_to_its_page_on_the_web(place: str, page: str) -> None:
    assert of_places_beside(place) == of_page(page)


def test_an_onion_service_has_pages_and_nothing_else_without_http_does() -> None:
    assert [code.kind for code in of_page(f"http://{ONION}/")] == ["url", "address"]
    assert {code.kind for code in of_link("tel:+4930123456")} == {"address"}
    assert {code.kind for code in of_link("joe@bad.example")} == {"address"}
    assert [code.kind for code in of_page("https://bad.example/x")] == ["url"]


@given(st.text(st.sampled_from("tgmailo:@#!/?=&.+-05abQm%x\ud800 ü"), max_size=40))
def test_any_text_has_at_most_forms_that_are_their_own(text: str) -> None:
    for form in forms(text):
        assert forms(form) == [form]
