"""What people know of web addresses, as data: one page has one form, whatever host and parameters it is
shared by, and an operator's own list takes the place of the package's."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.infra.settings import SettingsError
from tidegate.signals.fingerprints import KINDS, of_url, url
from tidegate.signals.fingerprints.aliases import FILE
from tidegate.signals.fingerprints.url import canonical

SHIPPED = Path(url.__file__).parent / "data" / FILE


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    """A data directory with room for a list of its own, read no longer afterwards."""
    (tmp_path / "policies").mkdir()
    yield tmp_path
    url.use(None)


def use(data_dir: Path, text: str) -> None:
    (data_dir / "policies" / FILE).write_text(text)
    url.use(data_dir)


ONE = {
    "https://www.youtube.com/watch?v=AbC_1": [
        "https://youtu.be/AbC_1",
        "https://youtu.be/AbC_1?si=x-y&t=30",
        "youtube.com/watch?feature=shared&v=AbC_1",
        "https://m.youtube.com/watch?v=AbC_1&list=PL1&index=2#t=3",
        "https://www.youtube.com/shorts/AbC_1?feature=share",
        "https://www.youtube.com/embed/AbC_1?autoplay=1",
        "https://music.youtube.com/watch?v=AbC_1",
        "https://yewtu.be/watch?v=AbC_1",
        "https://gaming.youtube.com/watch?v=AbC_1#t=3",
        "https://youtu.be/AbC_1&t=4&si=x",
        "https://www.youtube.com/v/AbC_1&hl=en&fs=1",
        "https://m.youtube.com/#/watch?v=AbC_1",
        "https://m.youtube.com/#/watch?v=AbC_1&feature=x",
    ],
    "https://www.youtube.com/playlist?list=PL1": [
        "https://www.youtube.com/embed/videoseries?list=PL1&autoplay=1",
        "https://www.youtube.com/embed/?list=PL1",
        "https://m.youtube.com/playlist?list=PL1&index=2",
    ],
    "https://www.youtube.com/channel/UC1/live": [
        "https://www.youtube.com/embed/live_stream?channel=UC1",
    ],
    "https://www.instagram.com/p/AbC": [
        "https://instagram.com/p/AbC/?igsh=MWx0",
        "https://www.instagram.com/reel/AbC/?igshid=1",
        "https://www.instagram.com/somebody/p/AbC/",
        "https://www.instagram.com/p/AbC/embed/captioned/",
        "https://www.instagram.com/reel/AbC/embed",
    ],
    "https://www.facebook.com/somebody": [
        "https://de-de.facebook.com/Somebody?ref=page",
        "https://business.facebook.com/Somebody",
        "https://www.facebook.com/pg/Somebody/",
    ],
    "https://www.threads.com/@somebody": [
        "https://threads.com/@somebody",
        "https://threads.net/@Somebody?xmt=1",
        "https://www.threads.net/@somebody",
    ],
    "https://vk.com/somebody": ["https://m.vk.com/Somebody", "https://vk.ru/SOMEBODY"],
    "https://www.facebook.com/share/AbC": ["https://m.facebook.com/share/AbC/?mibextid=wwXIfr"],
    "https://x.com/somebody/status/12": [
        "https://twitter.com/Somebody/status/12?s=20&t=abc",
        "https://mobile.twitter.com/somebody/status/12/photo/1",
        "https://x.com/SOMEBODY/status/12?ref_src=twsrc%5Etfw",
        "https://nitter.net/somebody/status/12#m",
        "https://xcancel.com/Somebody/status/12",
        "https://twitter.com/#!/Somebody/status/12",
        "https://fixupx.com/Somebody/status/12/en",
    ],
    "https://x.com/somebody": ["https://twitter.com/#!/Somebody"],
    "https://x.com/i/status/12": [
        "https://twitter.com/i/web/status/12",
        "https://twitter.com/statuses/12",
        "https://vxtwitter.com/i/status/12",
    ],
    "https://www.tiktok.com/@/video/12": [
        "https://www.tiktok.com/embed/v2/12",
        "https://m.tiktok.com/v/12.html?_t=1",
    ],
    "https://www.reddit.com/comments/1abc": [
        "https://redd.it/1ABC",
        "https://www.reddit.com/comments/1abc/a_title/",
        "https://old.reddit.com/gallery/1abc",
    ],
    "https://www.reddit.com/r/sub/comments/1abc": [
        "https://old.reddit.com/r/Sub/comments/1abc/a_title/?share_id=x&rdt=5",
        "https://reddit.com/r/sub/comments/1abc?utm_source=share",
        "https://de.reddit.com/r/sub/comments/1abc/",
    ],
    "https://t.me/channel/12": [
        "https://telegram.me/Channel/12",
        "https://t.me/s/channel/12",
        "https://telegram.dog/CHANNEL/12?single",
        "https://channel.t.me/12",
        "https://t.me/@Channel/12",
        "https://web.telegram.org/k/#?tgaddr=tg%3A%2F%2Fresolve%3Fdomain%3DChannel%26post%3D12",
    ],
    "https://t.me/channel": [
        "https://t.me/Channel?boost",
        "https://t.me/boost/Channel",
        "https://web.telegram.org/#/im?p=@Channel",
        "https://web.telegram.org/#@Channel",
        "https://web.telegram.org/k/#@Channel",
        "https://web.telegram.org/a/#?tgaddr=tg%3A%2F%2Fresolve%3Fdomain%3DChannel",
    ],
    "https://t.me/+AbC": ["https://t.me/joinchat/AbC", "https://telegram.me/+AbC"],
    "https://discord.gg/AbC": [
        "https://discord.com/invite/AbC",
        "https://discordapp.com/invite/AbC",
        "https://discord.gg/invite/AbC?event=12",
    ],
    "https://open.spotify.com/track/AbC": [
        "https://open.spotify.com/intl-de/track/AbC?si=1",
        "https://open.spotify.com/embed/track/AbC?theme=0",
    ],
    "https://matrix.to/#/#room:server.example": [
        "https://app.element.io/#/room/#room:server.example",
        "https://app.element.io/#/room/%23room%3Aserver.example?via=a.example",
    ],
    "https://matrix.to/#/!room:server.example": [
        "https://app.element.io/#/room/!room:server.example?via=a.example",
    ],
    "https://www.dailymotion.com/video/x1": [
        "https://www.dailymotion.com/#video=x1",
        "https://www.dailymotion.com/video/x1#t=3",
    ],
    "https://vimeo.com/12": ["https://player.vimeo.com/video/12#t=3s"],
    "https://soundcloud.com/a/b": ["https://soundcloud.com/a/b?si=1#t=1:30"],
    "https://abc.onion/a?b=c": ["http://abc.onion.ws/a?b=c", "https://abc.tor2web.org/a?b=c"],
    "https://mega.nz/file/AbC": ["https://mega.nz/#!AbC!key", "https://mega.co.nz/file/AbC#key"],
    "https://en.wikipedia.org/wiki/A": ["https://en.m.wikipedia.org/wiki/A"],
    "https://bad.example/a?b=c": [
        "https://web.archive.org/web/20200101000000/https://bad.example/a?b=c",
        "https://web.archive.org/web/2020id_/http://bad.example:80/a?b=c&utm_source=x",
        "https://archive.ph/2020.01.01-000000/https://bad.example/a?b=c",
        "https://archive.today/newest/https://bad.example/a?b=c",
        "https://www.google.com/url?sa=t&url=https%3A%2F%2Fbad.example%2Fa%3Fb%3Dc&usg=x",
        "https://google.com/url?q=https%3A%2F%2Fbad.example%2Fa%3Fb%3Dc",
        "https://www.google.de/url?q=https%3A%2F%2Fbad.example%2Fa%3Fb%3Dc",
        "https://l.facebook.com/l.php?u=https%3A%2F%2Fbad.example%2Fa%3Fb%3Dc&h=AT1",
        "https://web.archive.org/web/2020/bad.example/a?b=c",
        "https://archive.org/web/2020/http://bad.example/a?b=c",
        "https://bad.example/a?pk_kwd=1&b=c&mtm_campaign=2&gad_source=1",
        "https://archive.is/2021/https://web.archive.org/web/2020/https://bad.example/a?b=c",
    ],
}


@pytest.mark.parametrize("form", ONE)
def test_what_leads_to_one_page_has_one_form(form: str) -> None:
    for address in (form, *ONE[form]):
        assert canonical(address) == form, address


MANY = [
    "https://www.youtube.com/",
    "https://www.youtube.com/watch?v=AbC_1",
    "https://www.youtube.com/watch?v=abc_1",
    "https://www.youtube.com/watch?list=PL1",
    "https://www.youtube.com/watch?list=PL2",
    "https://www.youtube.com/playlist?list=PL1",
    "https://www.youtube.com/playlist?list=bad&listType=user_uploads",
    "https://www.youtube.com/watch?v=AbC_1&lc=one",
    "https://www.youtube.com/watch?v=AbC_1&lc=two",
    "https://www.youtube.com/embed/videoseries",
    "https://www.youtube.com/embed/live_stream",
    "https://www.youtube.com/watch?v=videoseries",
    "https://www.youtube.com/watch?v=live_stream",
    "https://www.youtube.com/@somebody",
    "https://www.instagram.com/p/AbC",
    "https://www.instagram.com/share/p/AbC",
    "https://www.onion.ws/",
    "https://www.onion.pet/",
    "https://web.telegram.org/k/#-12",
    "https://signal.group/",
    "https://signal.group/#AbC",
    "https://signal.group/#abc",
    "https://signal.me/#p/+4912",
    "https://i.delta.chat/#AbC&a=b",
    "https://xmpp.link/#room@server.example?join",
    "https://itty.bitty.site/#Hello/AbC",
    "https://t.me/$AbC",
    "https://t.me/$aBc",
    "https://x.com/somebody",
    "https://x.com/somebody/status/12",
    "https://x.com/somebody/status/13",
    "https://t.me/somebody",
    "https://t.me/somebody/1",
    "https://t.me/+AbC",
    "https://t.me/+abc",
    "https://t.me/c/12/3",
    "https://t.me/addlist/AbC",
    "https://t.me/addlist/abc",
    "https://docs.google.com/document/d/e/one/pub",
    "https://docs.google.com/document/d/e/two/pub",
    "https://docs.google.com/document/d/one/edit",
    "https://web.archive.org/",
    "https://web.archive.org/web/2020/",
    "https://archive.ph/AbC",
    "https://archive.ph/abc",
    "https://www.google.com/search?q=https://bad.example/",
    "https://www.google.com/url?q=a",
    "https://m.example.com/a",
    "https://www.example.com/a",
    "https://example.com/a",
    "https://example.com/A",
    "https://example.com/a?si=1",
    "https://example.com/a?t=1",
    "https://example.com/a?pk_id=1",
    "https://example.com/a?mtm_id=1",
    "https://example.com/a?utm_zone=1",
    "https://example.com/a?s_cid=1",
    "https://example.com/a?sc_cid=1",
    "https://example.com/watch?v=AbC_1",
    "https://youtu.be.example/AbC_1",
    "https://youtu.be:8443/AbC_1",
    "https://notyoutu.be/AbC_1",
]


def test_other_pages_have_other_forms() -> None:
    assert len({canonical(address) for address in MANY}) == len(MANY)


@pytest.mark.parametrize(
    "address",
    [
        "https://vimeo.com/channels/c#12",
        "https://www.dailymotion.com/playlist/x1#video=x2",
        "https://www.youtube.com/user/a#p/u/1/AbC",
        "https://x.com/somebody#a",
    ],
)
def test_a_fragment_that_may_name_something_is_not_lost_in_silence(address: str) -> None:
    assert "#" in (url.lost(address) or canonical(address) or "")


@pytest.mark.parametrize(
    "address",
    [
        "https://nitter.net/somebody/status/12#m",
        "https://www.youtube.com/watch?v=AbC_1#t=3",
        "https://youtu.be/AbC_1#t=3",
        "https://vimeo.com/12#t=3",
        "https://soundcloud.com/a/b#t=3",
    ],
)
def test_a_moment_and_a_place_in_a_page_are_not_missed(address: str) -> None:
    assert url.lost(address) is None


def test_what_takes_in_a_site_is_known_of_the_copy_and_of_what_it_holds() -> None:
    codes = of_url("https://web.archive.org/web/2020/https://www.bad.example/a")
    assert [code.value for code in codes if code.kind == "url"] == [
        b"https://www.bad.example/a",
        b"https://web.archive.org/web/2020/https://www.bad.example/a",
    ]
    hosts = {code.value for code in codes if code.kind == "host"}
    assert hosts == {b"web.archive.org", b"bad.example"}
    assert KINDS["host"].parse("twitter.com") in {
        code.value for code in of_url("https://twitter.com/a") if code.kind == "host"
    }


HOLE = re.compile(r"\{([a-z]+|\*)\}")
WRITTEN = re.findall(r'"([a-z0-9{}.*-]+\.[a-z]+[^" ]*\{[^" ]*)"', SHIPPED.read_text())
VALUES = st.text("abAB12-_.%/?#&=:@!+é", max_size=6)


@st.composite
def addresses(draw: st.DrawFn) -> str:
    """Addresses of the forms in the list, and what follows them."""

    def filled(hole: re.Match[str]) -> str:
        if hole[1] == "address":
            return draw(st.sampled_from(["https://", "http%3A%2F%2F", ""])) + draw(addresses())[8:]
        return draw(VALUES)

    written = HOLE.sub(filled, draw(st.sampled_from(WRITTEN)))
    return f"https://{written}{draw(VALUES)}"


@given(addresses())
@settings(deadline=None, max_examples=300)
def test_forms_stay_as_they_are(address: str) -> None:
    form = canonical(address)
    if form is not None:
        assert canonical(form) == form
        assert canonical(form.replace("https://", "HTTP:/\t", 1)) == form
        first, *codes = of_url(address)
        assert first.value.decode() == form
        for code in [first, *codes]:
            if code is first or code.kind in ("domain", "host"):
                assert KINDS[code.kind].parse(code.value.decode()) == code.value


def test_the_list_is_tried_on_enough() -> None:
    assert len(WRITTEN) > 80


ROW = 'source = "a letter of the owner"\ndate = 2026-01-31\n'


def test_an_operators_list_takes_the_place_of_the_packages(own: Path) -> None:
    before = url.known_by()
    use(own, f'[[hosts]]\nis = "b.example"\nalso = ["a.example"]\n{ROW}')
    assert canonical("https://a.example/x") == "https://b.example/x"
    assert canonical("https://youtu.be/AbC?utm_source=x") == "https://youtu.be/AbC?utm_source=x"
    assert url.known_by() != before
    url.use(None)
    assert canonical("https://a.example/x") == "https://a.example/x"
    assert url.known_by() == before


def test_an_operators_list_can_add_to_the_packages(own: Path) -> None:
    use(
        own,
        "extends = true\n"
        f'[[parameters]]\nhosts = ["a.example"]\ndrop = ["tok*"]\n{ROW}'
        f'[[forms]]\nfrom = ["a.example/p/{{id}}", "s.example?i={{id}}"]\n'
        f'to = "a.example/post/{{id}}"\nlower = ["id"]\n{ROW}'
        f'[[fragments]]\nhosts = ["a.example"]\npath = "/post"\nnames = "page"\n{ROW}',
    )
    assert canonical("https://a.example/p/X1?token=1#c2") == "https://a.example/post/x1#c2"
    assert canonical("https://s.example/?a=1&i=X/1") == "https://a.example/post/x%2F1?a=1"
    assert canonical("https://youtu.be/AbC") == "https://www.youtube.com/watch?v=AbC"
    assert canonical("https://a.example/other#c2") == "https://a.example/other"


def test_of_two_names_in_one_place_the_first_is_the_shorter(own: Path) -> None:
    use(own, f'[[forms]]\nfrom = ["a.example/{{id}}&{{more}}"]\nto = "a.example/{{id}}"\n{ROW}')
    assert canonical("https://a.example/x&y=1&z=2") == "https://a.example/x"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[[hosts]]", "expected a field source"),
        (f'[[hosts]]\nis = "b.example"\nalso = ["a.example"]\n{ROW}x = 1\n', "expected no field x"),
        ('[[hosts]]\nis = "b.example"\nalso = ["a.example"]\ndate = 2026-01-31\n', "source"),
        (f'[[hosts]]\nis = "B.example"\nalso = ["a.example"]\n{ROW}', "expected text of the form"),
        (
            f'[[hosts]]\nis = "b.example"\nalso = ["a.example"]\n{ROW}'
            f'[[hosts]]\nis = "a.example"\nalso = ["b.example"]\n{ROW}',
            "say that at once",
        ),
        (f'[[parameters]]\nhosts = ["*"]\n{ROW}', "either drop or keep"),
        (f'[[forms]]\nfrom = ["a.example/{{x}}/{{x}}"]\n{ROW}', "each name once"),
        (
            f'[[forms]]\nfrom = ["a.example/{{x}}"]\nto = "a.example/{{y}}"\n{ROW}',
            "expected in it y",
        ),
        (f'[[forms]]\nfrom = ["a.example/{{*}}/b"]\n{ROW}', "at the end of the path"),
        (f'[[forms]]\nfrom = ["a.example?x=1"]\n{ROW}', "in its query"),
        (f'[[copies]]\nfrom = ["a.example/{{x}}"]\n{ROW}', "each name once, and {address}"),
        (
            f'[[forms]]\nfrom = ["a.example/{{x}}"]\nto = "a.example/b/{{x}}"\n{ROW}'
            f'[[forms]]\nfrom = ["a.example/b/{{x}}"]\nto = "a.example/{{x}}"\n{ROW}',
            "leads in a circle",
        ),
        ("[[", "Invalid initial character"),
    ],
)
def test_a_list_that_cannot_be_used_says_why_and_changes_nothing(
    own: Path, text: str, why: str
) -> None:
    before = url.known_by()
    with pytest.raises(SettingsError, match=re.escape(why)) as refused:
        use(own, text)
    assert str(own / "policies" / FILE) in str(refused.value)
    assert "Mend it, or take it away" in str(refused.value)
    assert url.known_by() == before
