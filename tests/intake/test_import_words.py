"""The words of an e-mail: subjects, charsets and markup, however they are written."""

from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.intake.importing import PNG, mail, read

from tidegate.intake.imports.charsets import decoded
from tidegate.intake.imports.markup import words


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("=?utf-8?B?w7xiZXI=?= =?utf-8?Q?_alle?=", "über alle"),
        ("=?iso-8859-1?Q?=FCber?= us", "über us"),
        ("=?no-such?Q?=FCber?=", "über"),
        ("=?utf-8?B?not base64!?=", None),
        ("über alle", "über alle"),
        ("=?unicode_escape?Q?\\ud800?=", None),
        ("a\n\tfolded one", "a folded one"),
        ("=?utf-8?B?w7w=?=\n =?utf-8?B?YmVy?=", "über"),
    ],
)
def test_subjects_are_read_however_they_are_written(written: str, said: str | None) -> None:
    text = read(mail(b"x", Subject=written))["text"]
    assert said is None or text == f"{said}\n\nx"
    text.encode()


@pytest.mark.parametrize(
    ("data", "label", "said", "noted"),
    [
        ("grüße".encode(), "utf-8", "grüße", False),
        ("grüße".encode("cp1252"), "iso-8859-1", "grüße", False),
        ("“so”".encode("cp1252"), "us-ascii", "“so”", False),
        ("грозит".encode("koi8-r"), "koi8-r", "грозит", False),
        ("تهديد".encode("cp1256"), "windows-1256", "تهديد", False),
        ("脅迫".encode("iso-2022-jp"), "ISO-2022-JP", "脅迫", False),
        ("grüße".encode("utf-16"), "utf-16", "grüße", False),
        ("镕基".encode("gb18030"), "gb2312", "镕基", False),
        ("grüße".encode(), "iso-8859-1", "grüße", True),
        ("grüße".encode(), None, "grüße", False),
        ("grüße".encode("cp1252"), None, "grüße", True),
        ("grüße".encode("cp1252"), "utf-8", "grüße", True),
        ("grüße".encode(), "x-made-up", "grüße", True),
        ("grüße".encode("cp1252"), "x-made-up\n", "grüße", True),
        ("grüße".encode(), "koi8-r", "grüße", None),
        (b"plain", "x-made-up", "plain", False),
        (b"abc", "unicode_escape", "abc", False),
        (b"abc\x81\xff", "iso-2022-kr", None, True),
        (b"aGk=", "base64", "aGk=", False),
    ],
)
def test_a_charset_is_believed_as_far_as_it_can_be(
    data: bytes, label: str | None, said: str | None, noted: bool | None
) -> None:
    text, note = decoded(data, label)
    if noted is None:  # nearly any bytes are KOI8-R, so nobody can tell
        return
    assert said is None or text == said
    assert (note is not None) == noted


@given(
    st.binary(max_size=60), st.sampled_from([None, "utf-7", "utf-16", "gbk", "hz", "punycode", "x"])
)
def test_any_bytes_are_text_in_any_charset(data: bytes, label: str | None) -> None:
    decoded(data, label)[0].encode()


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("a<br>b<BR/>c", "a\nb\nc"),
        ("<html><head><title>t</title><style>p{}</style></head><body>x</body></html>", "x"),
        ("a<script>var b = '<p>no</p>'</script>c", "ac"),
        ("a<script>never ends", "anever ends"),
        ("a<!-- b -->c<!-- never ends", "ac"),
        ("3 < 4 &amp;&nbsp;&lt;b&gt;", "3 < 4 &\xa0<b>"),
        ("<a href='https://a.example/'>https://a.example</a>", "https://a.example"),
        ("<a href='https://b.example/x'>a.example</a>", "a.example <https://b.example/x>"),
        ("<a href='#top'>up</a><a>no</a>", "upno"),
        ("<img alt='a map' src='cid:1'> <table><tr><td>1<td>2</tr></table>", "a map \n 1 2"),
        ("<p hidden>told</p>", "told"),
        ("", ""),
    ],
)
def test_html_is_read_as_people_see_it(markup: str, text: str) -> None:
    assert " ".join(words(markup).text.split()) == " ".join(text.split())


@settings(max_examples=60)
@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1),
    st.sampled_from(["utf-8", "iso-8859-15", "shift_jis", "koi8-r"]),
    st.sampled_from(["base64", "quoted-printable"]),
)
def test_what_pythons_own_writer_writes_is_read_back(
    text: str, charset: str, encoding: str
) -> None:
    # Shift_JIS is read as Windows wrote it, as browsers do: a few signs are others there.
    read_as = {"shift_jis": "cp932"}.get(charset, charset)
    try:
        if text.encode(charset).decode(read_as) != text:
            charset = "utf-8"
    except UnicodeError:
        charset = "utf-8"
    written = EmailMessage()
    written["Message-ID"] = "<a@b.example>"
    written.set_content(text, charset=charset, cte=encoding)
    written.add_attachment(PNG, "image", "png", filename="ü.png")
    body = "\n".join(text.splitlines()).strip("\n")
    found = read(bytes(written))
    if body.strip():
        assert found["text"].strip() == body.strip()
    assert [(one["filename"], one["data"]) for one in found["media"]] == [("ü.png", PNG)]
