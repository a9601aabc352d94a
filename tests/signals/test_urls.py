"""Web addresses: what leads to the same page is one, what does not is not."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tidegate.signals.fingerprints import KINDS, of_url
from tidegate.signals.fingerprints.url import canonical


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
        ("https://example.com./a", "https://example.com/a"),
        ("https://example.com/a/./b/../c/", "https://example.com/a/c"),
        ("https://example.com/../../a", "https://example.com/a"),
        ("https://example.com/a/%2E%2e/b", "https://example.com/b"),
        ("https://example.com/a//b", "https://example.com/a//b"),
        ("https://example.com/%7euser/%c3%a9", "https://example.com/~user/%C3%A9"),
        ("https://example.com/é", "https://example.com/%C3%A9"),
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
        "ftp://example.com/",
        "data:text/plain,hello",
        "https://exa mple.com/",
        "https://example.com:99999/",
        "https://example.com:8o/",
        "https://[::1",
        "https://[zz]/",
        "https://999.1.1.1/",
        "https://08.1.1.1/",
        "https://a..b/",
        "https://" + "a" * 64 + ".com/",
        "https://" + "a." * 2000 + "com/",
        "https://xn--a/\ud800",
        "https://\ud800.com/",
    ],
)
def test_what_is_no_web_address_has_no_fingerprint(address: str) -> None:
    assert canonical(address) is None
    assert of_url(address) == []


PIECES = st.lists(
    st.sampled_from(
        [*"/\\?#&=.@:%[]ab ~é\t", "..", "%2e", "%2F", "%61", "%zz", "utm_a=1", "0x", "127", "//"]
    ),
    max_size=14,
).map("".join)


@given(st.one_of(PIECES.map(lambda rest: "https://example.com" + rest), PIECES, st.text()))
@settings(deadline=None, max_examples=600)
@example("https://example.com/%%36%31")
@example("https://example.com/a/..//b/")
@example("https://example.com/.%2e/a")
def test_canonical_forms_stay_as_they_are(address: str) -> None:
    form = canonical(address)
    if form is not None:
        assert form.isascii()
        assert canonical(form) == form
        assert canonical(form.replace("https://", "http://", 1)) == form
        assert len(of_url(address)) == 2


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
