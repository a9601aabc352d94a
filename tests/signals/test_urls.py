"""Web addresses: what leads to the same page is one, what does not is not."""

from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tidegate.signals.fingerprints import KINDS, of_page, of_places_beside, of_url, url
from tidegate.signals.fingerprints.expand import expanded
from tidegate.signals.fingerprints.url import canonical


def values(address: str, kind: str) -> list[str]:
    return [code.value.decode() for code in of_url(address) if code.kind == kind]


@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("http://Example.COM", "https://example.com/"),
        ("https://example.com:443/", "https://example.com/"),
        ("http://example.com:80/a/", "https://example.com/a"),
        ("http://example.com:443/", "https://example.com/"),
        ("https://example.com:8443", "https://example.com:8443/"),
        ("example.com/a", "https://example.com/a"),
        ("example.com:8080/a", "https://example.com:8080/a"),
        ("//example.com/a", "https://example.com/a"),
        ("https:///example.com/a", "https://example.com/a"),
        ("  https://example.com/a\n", "https://example.com/a"),
        ("ht\ntps://exam\tple.com/a", "https://example.com/a"),
        ("https:\\\\example.com\\a\\b", "https://example.com/a/b"),
        ("https://user:secret@example.com/", "https://example.com/"),
        ("https://a@b@example.com/", "https://example.com/"),
        ("https:/example.com/a", "https://example.com/a"),
        ("https:example.com/a", "https://example.com/a"),
        ("https:\\example.com/a", "https://example.com/a"),
        ("HTTPS:\\/\\example.com/a", "https://example.com/a"),
        ("\x01https://example.com/a\x1f", "https://example.com/a"),
        ("http\r\ns://example.com/a", "https://example.com/a"),
        ("https://example.com:0443/a", "https://example.com/a"),
        ("https://example.com:/a", "https://example.com/a"),
        ("https://example.com:00008443/", "https://example.com:8443/"),
        ("https://example%2Ecom/a", "https://example.com/a"),
        ("https://example.com\u3002/a", "https://example.com/a"),
        ("https://example。com/a", "https://example.com/a"),
        ("https://a..b/", "https://a..b/"),
        ("https://☃.example/", "https://xn--n3h.example/"),
        ("https://example.com/a%28b%29", "https://example.com/a(b)"),
        ("https://example.com/a%7cb|c", "https://example.com/a|b|c"),
        ("https://example.com/a'b%27", "https://example.com/a'b'"),
        ("https://example.com/?a'b%27", "https://example.com/?a%27b%27"),
        ("https://example.com/?u=https%3A%2F%2Fh%2F", "https://example.com/?u=https://h/"),
        ("https://example.com/?a=b%26c", "https://example.com/?a=b%26c"),
        ("https://example.com/a;b=1", "https://example.com/a;b=1"),
        ("https://example.com./a", "https://example.com/a"),
        ("https://example.com/a/./b/../c/", "https://example.com/a/c"),
        ("https://example.com/../../a", "https://example.com/a"),
        ("https://example.com/a/%2E%2e/b", "https://example.com/b"),
        ("https://example.com/a//b", "https://example.com/a//b"),
        ("https://example.com/%7euser/%c3%a9", "https://example.com/~user/%C3%A9"),
        ("https://example.com/é", "https://example.com/%C3%A9"),
        ("https://example.com/e\u0301", "https://example.com/%C3%A9"),
        ("https://example.com/e%cc%81", "https://example.com/%C3%A9"),
        ("https://example.com/%65%CC%81", "https://example.com/%C3%A9"),
        ("https://example.com/?q=e\u0301", "https://example.com/?q=%C3%A9"),
        ("https://example.com/новости", "https://example.com/" + quote("новости")),
        (
            "https://example.com/" + quote("новости").lower(),
            "https://example.com/" + quote("новости"),
        ),
        ("https://example.com/%E9", "https://example.com/%E9"),  # Latin-1: no UTF-8, kept
        ("https://example.com/%E9é", "https://example.com/%E9%C3%A9"),
        ("https://example.com/%2F\u0307", "https://example.com/%2F%CC%87"),  # no letter F
        ("https://example.com/100%", "https://example.com/100%25"),
        ("https://example.com/a b", "https://example.com/a%20b"),
        ("https://example.com/a%2Fb", "https://example.com/a%2Fb"),
        ("https://example.com/a#part", "https://example.com/a"),
        ("https://example.com/a?#part", "https://example.com/a"),
        ("https://example.com/?b=2&a=1", "https://example.com/?b=2&a=1"),
        ("https://example.com/?utm_source=x&a=1&fbclid=y", "https://example.com/?a=1"),
        ("https://example.com/?UTM_Medium=x", "https://example.com/"),
        ("https://example.com/?%75tm_source=x", "https://example.com/"),
        ("https://example.com?a=1", "https://example.com/?a=1"),
        ("https://example.com/?a=b?c&&d=", "https://example.com/?a=b?c&d="),
        ("https://Bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://ＥＸＡＭＰＬＥ.com", "https://example.com/"),
        ("https://ex%61mple.com/", "https://example.com/"),
        ("https://under_score.example.com/", "https://under_score.example.com/"),
        ("http://0x7f.1/", "https://127.0.0.1/"),
        ("http://2130706433/", "https://127.0.0.1/"),
        ("http://0177.0.0.1/", "https://127.0.0.1/"),
        ("http://0X7F000001/", "https://127.0.0.1/"),
        ("http://127.1./", "https://127.0.0.1/"),
        ("http://１２７.0.0.1/", "https://127.0.0.1/"),
        ("http://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/"),
        ("http://[2001:DB8:0:0::1]:80/a", "https://[2001:db8::1]/a"),
        ("http://[::1]:8080/", "https://[::1]:8080/"),
    ],
)
def test_canonical_form(address: str, form: str) -> None:
    assert canonical(address) == form
    assert canonical(form) == form
    assert of_url(address)[0].value == form.encode()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "   ",
        "https://",
        "mailto:someone@example.com",
        "javascript:alert(1)",
        "news:example.com",
        "data:text/plain,hello",
        "https://exa mple.com/",
        "https://example.com:99999/",
        "https://example.com:8o/",
        "https://[::1",
        "https://[zz]/",
        "https://999.1.1.1/",
        "https://08.1.1.1/",
        "a..b",
        "a" * 64 + ".com",
        "someone@example.com",
        "someone@example.com/a",
        "hello!",
        "/a",
        "\\a",
        "https://example.com/" + "a" * 8192,
        "https://" + "a." * 2000 + "com/",
        "https://xn--a/\ud800",
        "https://\ud800.com/",
        "https://example.com/\udc80",
    ],
)
def test_what_is_no_web_address_has_no_fingerprint(address: str) -> None:
    assert canonical(address) is None
    assert of_url(address) == []


PIECES = st.lists(
    st.sampled_from(
        [
            *"/\\?#&=.@:%[]aeF ~é\u0301\t",
            "%CC%81",
            "%CC",
            "%81",
            "..",
            "%2e",
            "%2F",
            "%61",
            "%zz",
            "utm_a=1",
            "0x",
            "127",
            "//",
        ]
    ),
    max_size=14,
).map("".join)


@given(st.one_of(PIECES.map(lambda rest: "https://example.com" + rest), PIECES, st.text()))
@settings(deadline=None, max_examples=600)
@example("https://example.com/%%36%31")
@example("https://example.com#@?]")
@example("https://example.com/a/..//b/")
@example("https://example.com/.%2e/a")
def test_canonical_forms_stay_as_they_are(address: str) -> None:
    form = canonical(address)
    if form is not None:
        assert form.isascii()
        assert canonical(form) == form
        assert canonical(form.replace("https://", "http://", 1)) == form
        assert [code.kind for code in of_url(address)[:3]] == ["url", "domain", "host"]
        for code in of_url(address):
            if code.kind != "host_lookalike":
                assert KINDS[code.kind].parse(code.value.decode()) == code.value


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("https://www.example.co.uk/a", "example.co.uk"),
        ("https://example.com:8443/", "example.com"),
        ("https://someone.github.io/", "someone.github.io"),
        ("https://github.io/", "github.io"),
        ("https://localhost/", "localhost"),
        ("http://127.0.0.1:80/", "127.0.0.1"),
        ("http://[::1]:8080/", "[::1]"),
        ("https://www.bücher.example/", "xn--bcher-kva.example"),
    ],
)
def test_domain_of_an_address(address: str, domain: str) -> None:
    fingerprint = of_url(address)[1]
    assert (fingerprint.kind, fingerprint.value) == ("domain", domain.encode())


def test_values_as_people_write_them() -> None:
    assert KINDS["url"].parse("HTTP://Example.com/a#b") == b"https://example.com/a"
    assert KINDS["domain"].parse("Bücher.example") == b"xn--bcher-kva.example"
    with pytest.raises(ValueError, match="http or https URL"):
        KINDS["url"].parse("not a url")
    for wrong in ("https://example.com/", "example.com/a", "two words", ""):
        with pytest.raises(ValueError, match=r"such as example\.com"):
            KINDS["domain"].parse(wrong)


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://www.Example.co.uk:8443/a", "example.co.uk"),
        ("https://www2.example.co.uk/a", "www2.example.co.uk"),
        ("https://www.com/a", "www.com"),
        ("https://bücher.example/", "xn--bcher-kva.example"),
        ("http://0x7f.1:8080/", "127.0.0.1"),
        ("http://[::1]:8080/", "[::1]"),
        ("http://[::1]/", "[::1]"),
    ],
)
def test_host_of_an_address(address: str, host: str) -> None:
    assert values(address, "host") == [host]
    assert KINDS["host"].parse(host.upper()) == host.encode()
    if not host.startswith(("[", "1")):
        assert KINDS["host"].parse("www." + host) == host.encode()


@pytest.mark.parametrize(
    "wrong", ["https://example.com/", "example.com/a", "example.com:8080", "two words", "", "[::1"]
)
def test_a_host_is_a_host_alone(wrong: str) -> None:
    for kind in ("host", "host_lookalike"):
        with pytest.raises(ValueError, match=r"host.* such as .*example\.com"):
            KINDS[kind].parse(wrong)


PREFIX = "https://example.com/group"


@pytest.mark.parametrize(
    ("address", "lies_there"),
    [
        ("https://example.com/group", True),
        ("http://example.com/group/", True),
        ("https://example.com/group?x=1", True),
        ("https://example.com/group/page/2?x=1#y", True),
        ("https://example.com/other/../group/a", True),
        ("https://example.com/%67roup//a", True),
        ("https://example.com/groups", False),
        ("https://example.com/Group", False),
        ("https://example.com/", False),
        ("https://example.com/a/group", False),
        ("https://example.com:8443/group", False),
        ("https://www.example.com/group", True),
        ("https://www.example.com/group/a?x=1#/y", True),
        ("ftp://www.example.com/group/a", True),
        ("https://m.example.com/group", False),
        ("https://example.com/#/group", False),
    ],
)
def test_what_lies_under_a_prefix(address: str, lies_there: bool) -> None:
    for prefix in (
        PREFIX,
        PREFIX + "/",
        "example.com/group?utm_source=x",
        "https://www.example.com/group",
    ):
        assert (KINDS["url_prefix"].parse(prefix).decode() in values(address, "url_prefix")) == (
            lies_there
        )


def test_prefixes_are_few_and_short() -> None:
    deep = values("https://example.com/" + "a/" * 500, "url_prefix")
    assert deep == ["https://example.com" + "/a" * count for count in range(1, 9)]
    assert values("https://example.com/" + "a" * 2000 + "/b", "url_prefix") == []
    assert values("https://example.com/a/" + "b" * 2000, "url_prefix") == ["https://example.com/a"]
    assert values("https://example.com/?a=/b/c", "url_prefix") == []
    for wrong in ("https://example.com/", "example.com", "example.com/a?b", "", "mailto:a@b.c"):
        with pytest.raises(ValueError, match="a URL with a path"):
            KINDS["url_prefix"].parse(wrong)
    for wrong in ("example.com" + "/a" * 9, "example.com/" + "a" * 1024):
        with pytest.raises(ValueError, match="at most 8 segments"):
            KINDS["url_prefix"].parse(wrong)


def test_a_fragment_that_names_a_page_has_prefixes_of_its_own() -> None:
    address = "https://example.com/app#/group/page?x=1"
    assert values(address, "url_prefix") == [
        "https://example.com/app",
        "https://example.com/app#/group",
        "https://example.com/app#/group/page",
    ]
    for prefix in ("https://example.com/app#/group", "https://www.example.com/#!/group"):
        found = KINDS["url_prefix"].parse(prefix).decode()
        assert values(prefix + "/a", "url_prefix")[-2:] == [found, found + "/a"]


def test_of_other_schemes_only_what_takes_in_more_than_a_page_is_known() -> None:
    codes = of_url("ftp://www.example.com/group/a")
    assert {(code.kind, code.value.decode()) for code in codes} == {
        ("domain", "example.com"),
        ("host", "example.com"),
        ("url_prefix", "https://example.com/group"),
        ("url_prefix", "https://example.com/group/a"),
    }


SLASHED = st.text("ab/", max_size=12)


@given(SLASHED, SLASHED)
def test_prefixes_end_where_segments_do(path: str, prefix: str) -> None:
    wanted = [part for part in prefix.split("/") if part][:8]
    clean = "https://example.com/" + "/".join(wanted)
    parts = [part for part in path.split("/") if part]
    plain = "https://example.com/" + "/".join(parts)
    expected = bool(wanted) and parts[: len(wanted)] == wanted
    assert (clean in values(plain, "url_prefix")) == expected


@pytest.mark.parametrize(
    ("address", "imitated"),
    [
        ("https://раypal.com/login", ["paypal.com"]),  # two Cyrillic letters
        ("https://xn--ypal-43d9g.com/", ["paypal.com"]),  # the same, as browsers send it
        ("https://аррӏе.com/", ["apple.com"]),  # Cyrillic throughout
        ("https://ebạy.com/", ["ebay.com"]),
        ("https://login.раypal.com/", ["login.paypal.com", "paypal.com"]),
        ("https://раypal.example.com/", ["paypal.example.com"]),
        ("https://раypal.com:8443/", ["paypal.com"]),
        ("https://paypal.com/", []),
        ("https://paypa1.com/", []),
        ("https://яндекс.example/", []),
        ("https://日本語.example/", []),
        ("https://xn--a/", []),  # no Punycode
        ("https://xn--80ak6aa92e.com/", ["apple.com"]),
        ("http://127.0.0.1/", []),
    ],
)
def test_hosts_that_imitate_another(address: str, imitated: list[str]) -> None:
    assert values(address, "host_lookalike") == imitated


def test_a_genuine_host_is_kept_as_it_is_and_an_imitation_is_none() -> None:
    assert KINDS["host_lookalike"].parse("PayPal.com.") == b"paypal.com"
    with pytest.raises(ValueError, match="in ASCII letters"):
        KINDS["host_lookalike"].parse("раypal.com")


def test_what_takes_in_a_whole_site_may_not_restrict() -> None:
    loose = {code.kind for code in of_url("https://login.раypal.com/a")} - {"url"}
    assert loose == {"domain", "host", "url_prefix", "host_lookalike"}
    assert not any(KINDS[kind].exact for kind in loose)


PAGES = [
    "https://example.com/",
    "https://example.com/app",
    "https://example.com/#/a",
    "https://example.com/#/a/b",
    "https://example.com/#!a",
    "https://example.com/#!b",
    "https://example.com/#@a",
    "https://example.com/#?a=1",
    "https://example.com/?a=1",
    "https://example.com/app#/a",
    "https://www.example.com/#/a",
    "https://mega.nz/",
    "https://mega.nz/#!Known1!key",
    "https://mega.nz/#!Other!key",
    "https://mega.nz/#F!Known1!key",
    "https://mega.nz/folder/Known1#key/file/A",
    "https://mega.nz/folder/Known1#key/file/B",
    "https://matrix.to/",
    "https://matrix.to/#/@recruiter:bad.example",
    "https://matrix.to/#/@grandma:fine.example",
    "https://matrix.to/#/#room:bad.example",
    "https://matrix.to/#/!room:bad.example/$event",
    "https://cryptpad.fr/file/",
    "https://cryptpad.fr/file/#/2/file/Known2/",
    "https://web.telegram.org/k/",
    "https://web.telegram.org/k/#-1001",
    "https://web.telegram.org/k/#-1002",
    "https://web.telegram.org/k/#@badchannel",
    "https://web.telegram.org/k/#@weather",
    *(f"https://www.youtube.com/watch#!v={one}" for one in ("a", "b")),
    *(f"https://t.me/{one}" for one in ("", "#/badchannel", "#/weather")),
    *(f"https://privatebin.net/{one}" for one in ("", "#/a", "#/b")),
]


def test_a_fragment_that_names_a_page_tells_pages_apart() -> None:
    forms = [canonical(page) for page in PAGES]
    assert len(set(forms)) == len(PAGES)
    assert [canonical(form or "") for form in forms] == forms
    assert not any(url.lost(page) for page in PAGES)


@pytest.mark.parametrize("page", ["https://example.com/a", "https://youtu.be/a"])
def test_a_page_is_known_too_behind_whose_name_somebody_has_written_another(page: str) -> None:
    assert of_places_beside(f"{page}#!b") == of_page(page)


@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("https://example.com/#", "https://example.com/"),
        ("https://example.com/#/", "https://example.com/"),
        ("https://example.com/#!/", "https://example.com/"),
        ("https://example.com/#/a/", "https://example.com/#/a"),
        ("https://example.com/#/a?utm_source=x&b=1", "https://example.com/#/a?b=1"),
        ("https://example.com/#/a:~:text=b", "https://example.com/#/a"),
        ("https://example.com/#%2Fa%40b", "https://example.com/#/a@b"),
        ("https://matrix.to/#/%40a%3Ab.example?via=c.example", "https://matrix.to/#/@a:b.example"),
        ("https://matrix.to/#/%23a:b.example", "https://matrix.to/#/#a:b.example"),
    ],
)
def test_the_form_of_a_fragment(address: str, form: str) -> None:
    assert canonical(address) == form == canonical(form)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("https://example.com/a#part", "https://example.com/a, without #part"),
        ("https://example.com/#:~:text=b", "https://example.com/, without #:~:text=b"),
        ("https://me:word@example.com/", "https://example.com/, without me:word@"),
        ("https://me@example.com/#b", "https://example.com/, without me@ and #b"),
        (
            "https://web.archive.org/web/2020/https://example.com/a",
            "https://example.com/a, without web.archive.org",
        ),
    ],
)
def test_what_a_form_does_not_say_is_told(address: str, told: str) -> None:
    assert KINDS["url"].lost(address) == KINDS["url_prefix"].lost(address) == told


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com/a/?utm_source=x",
        "HTTP://Example.com",
        "youtu.be/a?si=b#t=1",
        "no address",
    ],
)
def test_other_spellings_lose_nothing(address: str) -> None:
    assert url.lost(address) is None


def test_a_short_link_is_followed_only_by_the_callers_hook() -> None:
    leads = {
        "https://short.example/1": "HTTP://Other.example/2?utm_source=x",
        "https://other.example/2": "https://example.com/page#part",
        "https://short.example/mail": "mailto:a@example.com",
        "https://short.example/circle": "https://short.example/elcric",
        "https://short.example/elcric": "https://short.example/circle",
    }
    assert expanded("short.example/1", leads.get) == "https://example.com/page"
    assert expanded("https://example.com/", leads.get) == "https://example.com/"
    assert expanded("short.example/mail", leads.get) == "https://short.example/mail"
    assert expanded("short.example/circle", leads.get) == "https://short.example/circle"
    assert expanded("not a link", leads.__getitem__) is None


def test_a_way_without_end_is_left_after_five_hops() -> None:
    asked: list[str] = []

    def endless(address: str) -> str:
        asked.append(address)
        return f"https://example.com/{len(asked)}"

    assert expanded("example.com", endless) == "https://example.com/5"
    assert len(asked) == 5
