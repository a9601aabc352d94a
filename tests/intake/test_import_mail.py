"""E-mail as reports: whatever a message is, it becomes one report or one problem."""

import base64
import zipfile
from io import BytesIO

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.intake.importing import GIVEN, PNG, mail, multipart, part, read, refused, reports, told

from tidegate.content.model import MAX_MEDIA, MAX_TEXT
from tidegate.intake.imports.bodies import MOST_FORWARDED


def attached(data: bytes, kind: str, *more: str) -> bytes:
    encoded = base64.encodebytes(data)
    return part(encoded, kind, "Content-Transfer-Encoding: base64", *more)


def test_a_plain_message_is_a_report_whose_sender_is_its_source_alone() -> None:
    (one,) = reports(mail())
    report = one.report
    assert report is not None
    assert one.place == "message 1, Message-ID <one@mail.example.org>"
    assert report.text == "What I heard\n\nThey will meet at the bridge."
    assert read(mail())["source"] == {"name": "Jane Roe", "contact": "jane@example.org"}
    assert report.created_at.isoformat() == "2026-01-31T11:00:00+00:00"
    assert (report.channel, report.reason, report.reporter) == ("tip", "import", None)
    assert "jane" not in f"{report.id}{report.text}{report.comment}".lower()
    assert "example.org" not in report.id


def test_the_same_message_has_the_same_id_however_it_came() -> None:
    plain = mail()
    through_a_list = b"Received: from a by b; Sat, 31 Jan 2026 12:00:01 +0100\n" + plain
    assert (
        read(plain)["id"]
        == read(through_a_list)["id"]
        != read(mail(Message_ID="<two@x.org>"))["id"]
    )
    nameless = mail(Message_ID="")
    (one,), (again,) = (
        reports(nameless),
        reports(b"From x Sat Jan 31 12:00:00 2026\n" + nameless + b"\n"),
    )
    assert one.report is not None
    assert again.report is not None
    assert one.report.id == again.report.id
    (other,) = reports(nameless, given=msgspec.structs.replace(GIVEN, key=b"k" * 32))
    assert other.report is not None
    assert other.report.id != one.report.id  # nobody without the key can tell what a digest is of


@pytest.mark.parametrize(
    ("headers", "at", "noted"),
    [
        ({"Date": "Sat, 31 Jan 2026 12:00:00 +0100"}, "2026-01-31T11:00:00", False),
        ({"Date": "31 Jan 26 12:00 -0000"}, "2026-01-31T12:00:00", False),
        ({"Date": "yesterday"}, "2026-01-30T09:00:00", True),
        ({"Date": "Sat, 99 Jan 2026 12:00:00 +0100"}, "2026-01-30T09:00:00", True),
        ({"Date": "Sat, 31 Jan 0000 12:00:00 +9999"}, "2026-01-30T09:00:00", True),
        ({"Date": ""}, "2026-01-30T09:00:00", False),
    ],
)
def test_a_time_is_the_senders_else_when_it_was_received(
    headers: dict[str, str], at: str, *, noted: bool
) -> None:
    received = "from a by b for <c>; Fri, 30 Jan 2026 10:00:00 +0100"
    document = read(mail(b"x", Received=received, **headers))
    assert document["created_at"].isoformat() == f"{at}+00:00"
    assert ("Date cannot be read" in document.get("comment", "")) == noted


def test_a_message_without_any_time_has_that_of_its_file() -> None:
    (one,) = reports(mail(Date="nonsense"))
    assert one.report is not None
    assert one.report.created_at == GIVEN.at
    above = b"From jane@example.org Fri Jan 30 10:00:00 2026\n"
    (one,) = reports(above + mail(Date="nonsense") + b"\n")
    assert one.report is not None
    assert one.report.created_at.isoformat() == "2026-01-30T10:00:00+00:00"


def test_of_two_forms_the_plain_one_is_read_unless_it_says_nothing() -> None:
    rich = part(
        b"<p>They will <b>meet</b> at <a href='https://a.example/b'>this place</a></p>", "text/html"
    )
    plain = part(b"They will meet at this place https://a.example/b")
    assert read(multipart(plain, rich, kind="alternative"))["text"].endswith(
        "place https://a.example/b"
    )
    empty = part(b"See the HTML.")
    assert read(multipart(empty, rich, kind="alternative"))["text"].endswith(
        "They will meet at this place <https://a.example/b>"
    )


def test_pictures_that_are_written_into_html_are_files() -> None:
    data = base64.b64encode(PNG).decode()
    found = read(
        multipart(part(f'<p>x<img src="data:image/png;base64,{data}">'.encode(), "text/html"))
    )
    assert found["text"] == "What I heard\n\nx"
    assert [(one["content_type"], one["data"]) for one in found["media"]] == [("image/png", PNG)]


def test_attachments_are_media_with_their_names() -> None:
    data = multipart(
        part(b"Look."),
        attached(PNG, 'image/png; name="=?utf-8?B?w7xiZXIucG5n?="'),
        attached(
            PNG, "image/png", "Content-Disposition: attachment; filename*=utf-8''%C3%BCber.png"
        ),
        attached(
            PNG, "image/png", 'Content-Disposition: attachment; filename="..\\\\..\\\\evil\x01.png"'
        ),
        attached(b"notes", "text/plain", 'Content-Disposition: attachment; filename="a.txt"'),
        attached(b"", "image/png", 'Content-Disposition: attachment; filename="empty.png"'),
    )
    found = read(data)
    assert found["text"] == "What I heard\n\nLook."
    assert [one["filename"] for one in found["media"]] == [
        "über.png",
        "über.png",
        "evil .png",
        "a.txt",
    ]
    assert found["media"][0]["data"] == PNG
    assert "without content" in found["comment"]


def test_more_files_than_a_report_may_bring_are_packed_the_same_each_time() -> None:
    files = [
        attached(b"%d" % n, "image/png", f"Content-Disposition: attachment; filename={n}.png")
        for n in range(40)
    ]
    data = multipart(part(b"Look."), *files)
    media = read(data)["media"]
    assert len(media) == MAX_MEDIA
    assert media == read(data)["media"]
    with zipfile.ZipFile(BytesIO(media[-1]["data"])) as packed:
        inside = [packed.read(one) for one in packed.namelist()]
    assert [one["data"] for one in media[:-1]] + inside == [b"%d" % n for n in range(40)]


def test_a_message_within_is_told_with_its_files_and_not_its_recipients() -> None:
    inner = multipart(
        part(b"I will do it."),
        attached(PNG, "image/png"),
        mark="in",
        From="bad@evil.example",
        To="jane@example.org",
        Subject="soon",
    )
    found = read(multipart(part(b"I got this:"), part(inner, "message/rfc822")))
    assert found["text"] == (
        "What I heard\n\nI got this:\n\n---- Forwarded message ----\nFrom: bad@evil.example\n"
        "Date: Sat, 31 Jan 2026 12:00:00 +0100\nSubject: soon\n\nI will do it."
    )
    assert [one["data"] for one in found["media"]] == [PNG]
    # What they forward of their own does not give them away.
    own = multipart(part(b"x"), part(mail(b"y"), "message/rfc822"))
    assert "jane" not in read(own)["text"].lower()


def test_a_message_within_is_found_however_it_was_attached() -> None:
    inner = mail(b"I will do it.", From="bad@evil.example")
    for attachment in (
        attached(inner, "message/rfc822"),
        attached(
            inner, "application/octet-stream", "Content-Disposition: attachment; filename=it.eml"
        ),
    ):
        assert "bad@evil.example" in read(multipart(part(b"x"), attachment))["text"]


def test_messages_deep_within_are_kept_as_a_file() -> None:
    data = b"the innermost"
    for level in range(MOST_FORWARDED + 4):
        data = mail(
            data, Subject=f"level {level}", Content_Type="message/rfc822" if level else "text/plain"
        )
    found = read(data)
    assert found["text"].count("Forwarded message") == MOST_FORWARDED
    assert "the innermost" not in found["text"]
    assert b"the innermost" in found["media"][0]["data"]
    assert "kept as a file" in found["comment"]


def test_winmail_dat_is_kept_and_told() -> None:
    found = read(
        multipart(
            part(b"x"), attached(b"\x78\x9f\x3e\x22rest", "application/ms-tnef; name=winmail.dat")
        )
    )
    assert found["media"][0]["filename"] == "winmail.dat"
    assert "TNEF" in found["comment"]


def test_a_text_that_is_too_long_is_kept_whole_as_a_file() -> None:
    found = read(mail(b"ab" * MAX_TEXT))
    assert len(found["text"]) == MAX_TEXT
    assert found["media"][0]["data"] == b"What I heard\n\n" + b"ab" * MAX_TEXT


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (mail(Auto_Submitted="auto-replied; owner=x"), "automatic"),
        (mail(Precedence="auto_reply"), "automatic"),
        (mail(Return_Path="<>"), "return path"),
        (mail(From="Mail Delivery System <MAILER-DAEMON@example.org>"), "mail server"),
        (multipart(part(b"x"), kind="report"), "mail server"),
        (mail(b"", Subject=""), "says nothing"),
        (mail(b" \n\n", Subject=" "), "says nothing"),
        (b"\n\n", "no headers"),
        (b"just words, and no header", "no headers"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1...", ".eml"),
    ],
)
def test_what_no_person_wrote_is_told_and_left_out(data: bytes, why: str) -> None:
    assert why in refused(data)


@pytest.mark.parametrize(
    "data",
    [mail(Auto_Submitted="no"), mail(Precedence="list"), mail(Return_Path="<jane@example.org>")],
)
def test_what_a_person_wrote_is_taken(data: bytes) -> None:
    assert read(data)["text"]


def test_what_cannot_be_kept_is_replaced() -> None:
    text = read(mail(b"a\0b\r\nc\rd", Content_Type="text/plain; charset=utf-8"))["text"]
    assert text == "What I heard\n\na\ufffdb\nc\nd"


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Type": "multipart/mixed"},
        {"Content_Type": "multipart/mixed; boundary=never"},
        {"Content_Type": "text/plain; charset*=utf-8'x'%ff%00; charset*1*=x"},
        {"Content_Type": ";;;="},
        {"Content_Type": "message/rfc822"},
        {"Content_Type": "message/partial; id=1; number=2"},
        {"Content_Transfer_Encoding": "base64"},
        {"Content_Transfer_Encoding": "x-uuencode"},
        {
            "Content_Transfer_Encoding": "quoted-printable",
            "Content_Type": "text/plain; charset=utf-16",
        },
        {"From": "((((((((((", "Subject": "x"},
        {"From": '"a" <b@c', "Date": "Sat, 31 Jan 99999 12:00:00 +0100"},
    ],
)
def test_what_is_written_wrongly_is_read_all_the_same(headers: dict[str, str]) -> None:
    assert read(mail(b"some words\n=ZZ begin 644 x\n", **headers))["text"]


NESTED = b"".join(
    b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(600)
)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (
            b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n"
            + b"--b\n\nabcdefghijklmnopqrstuvw\n" * 5000,
            "parts",
        ),
        (b"Subject: x\n" + NESTED + b"\nhello\n", "nested too deep"),
        (b"Subject: x\n" + NESTED + b"\n" + (b"h" * 40 + b"\n") * 30_000, "nested too often"),
        (b"Subject: x\n" + b"Content-Type: message/rfc822\n\n" * 950 + b"x", "nested"),
        (b"Subject: x\n" + b"X-Header-Of-A-Bomb: y\n" * 50_000 + b"\nx", "headers"),
        (b"Subject: x\n\n" + b"\n" * 3_000_000, "lines"),
    ],
    ids=["parts", "deep", "often", "messages", "headers", "lines"],
)
def test_a_bomb_is_one_problem(data: bytes, why: str) -> None:
    (one,) = reports(data, format="eml")
    assert why in told(one)


@pytest.mark.parametrize(
    "data",
    [
        b"Subject: x\nContent-Type: text/plain; " + b";" * 3_000_000 + b"\n\nhello",
        b"Subject: " + b"=?a?q?" * 300_000 + b"\n\nhello",
        b"Subject: x\nFrom: " + b"(<," * 300_000 + b"\n\nhello",
        b"Subject: x\nContent-Type: text/html\n\n" + b"<a href=x" * 8_000,
        b"Subject: x\nContent-Type: text/html\n\n" + b"<script><!--" * 300_000 + b"hello",
    ],
    ids=["parameters", "words", "addresses", "tags", "scripts"],
)
def test_a_huge_header_or_markup_is_cut(data: bytes) -> None:
    (one,) = reports(data, format="eml")
    assert one.report is not None
    assert one.report.text


def test_a_message_over_the_limit_is_told_and_not_held() -> None:
    (one,) = reports(mail(b"x" * GIVEN.message_limit))
    assert told(one) == f"message 1: A message has at most {GIVEN.message_limit:,} bytes."


_NAMES = st.sampled_from(
    [
        "From",
        "Date",
        "Subject",
        "Message-ID",
        "Content-Type",
        "Content-Disposition",
        "Content-Transfer-Encoding",
        "Received",
        "Auto-Submitted",
    ]
)
_VALUES = st.sampled_from(
    [
        "multipart/mixed; boundary=b",
        "multipart/alternative; boundary=b",
        "message/rfc822",
        "text/html",
        "text/plain; charset=utf-16",
        "base64",
        "quoted-printable",
        "x-uuencode",
        "attachment; filename*0*=''%ff",
        "=?utf-8?b?/w==?=",
        "a <b@c>",
        "Sat, 31 Jan 2026 12:00:00 +0100",
    ]
) | st.text(max_size=20)
_LINES = st.one_of(
    st.tuples(_NAMES, _VALUES).map(lambda one: f"{one[0]}: {one[1]}".encode("utf-8", "replace")),
    st.sampled_from(
        [b"", b"--b", b"--b--", b"words", b"<p>words", b"/////w==", b"begin 644 x", b"=", b"From x"]
    ),
    st.binary(max_size=20),
)


@settings(max_examples=300)
@given(st.lists(_LINES, max_size=14), st.sampled_from([b"\n", b"\r\n"]))
def test_whatever_it_is_it_becomes_one_report_or_one_problem(
    lines: list[bytes], end: bytes
) -> None:
    data = end.join(lines)
    # What begins as UTF-16 or UTF-32 is another file beneath; one that is not sound is refused as a whole.
    assume(not data.startswith((b"\xff\xfe", b"\xfe\xff")))
    (one,) = reports(data, format="eml")
    assert (one.report is None) != (one.problem is None)
    if one.problem is not None:
        assert one.problem.type in ("not-a-report", "by-no-person", "invalid-body"), (
            one.problem.detail
        )
        assert "cannot be read" not in one.problem.detail
    assert one.end == len(data)
