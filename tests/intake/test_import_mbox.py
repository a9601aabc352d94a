"""Where the messages of an mbox begin and end, whoever wrote it; and folders of messages."""

import mailbox
import os
import re
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.intake.importing import GIVEN, file, mail, reports, told

from tidegate.intake.imports.formats import opened_folder
from tidegate.intake.imports.mbox import is_dated, messages
from tidegate.intake.imports.model import Piece, parsed

ABOVE = b"From jane@example.org Sat Jan 31 12:00:00 2026\n"


def pieces(data: bytes, limit: int = 100_000) -> list[Piece]:
    return list(messages(BytesIO(data), limit, dated=is_dated(data))(0, 0))


def bodies(data: bytes) -> list[bytes]:
    """What the messages of an mbox say below the line above each, without the blank line at its end."""
    return [(piece.data or b"").partition(b"\n")[2].rstrip(b"\r\n") for piece in pieces(data)]


def test_each_message_is_told_by_number_place_and_id() -> None:
    first = ABOVE + mail(b"one", Message_ID="<a@b.example>") + b"\n\n"
    found = reports(first + ABOVE + mail(b"two", Message_ID="") + b"\n")
    assert [one.place for one in found] == [
        "message 1 at byte 0, Message-ID <a@b.example>",
        f"message 2 at byte {len(first):,}",
    ]
    assert [one.report and one.report.text for one in found] == [
        "What I heard\n\none",
        "What I heard\n\ntwo",
    ]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"before\n\nFrom what I know, they\nmeet", None),
        (b"before\n\nFrom what I know: at 12:30 in 2026\nthey meet", None),
        (b"before\n>From the bridge\n>>From there", b"before\nFrom the bridge\n>From there"),
        (b"before\n\n From x Sat Jan 31 12:00:00 2026\nA: b", None),
        (b"before\nFrom me\nA: b", None),
    ],
)
def test_what_looks_like_the_line_above_a_message_does_not_cut_one(
    body: bytes, said: bytes | None
) -> None:
    data = ABOVE + b"A: b\n\n" + body + b"\n\n" + ABOVE + b"A: c\n\nx\n"
    assert bodies(data) == [b"A: b\n\n" + (said or body), b"A: c\n\nx"]


@pytest.mark.parametrize(
    "above",
    [
        b"From - Sat Jan 31 12:00:00 2026",  # Thunderbird
        b"From 1779@xxx Sat Jan 31 12:00:00 +0000 2026",  # Gmail
        b"From ???@??? Sat Jan 31 12:00:00 2026",  # Eudora
        b"From nobody",
        b"From MAILER-DAEMON Sat Jan 31 12:00 2026",
    ],
)
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_whoever_wrote_it_its_messages_are_found(above: bytes, end: bytes) -> None:
    one = above + b"\nSubject: x\n\nsome words\n\n"
    data = (one * 3).replace(b"\n", end)
    assert len(reports(data)) == 3
    assert all(
        found.report is not None and found.report.text == "x\n\nsome words"
        for found in reports(data)
    )


def test_files_that_were_joined_without_a_blank_line_are_two_messages() -> None:
    assert len(bodies(ABOVE + b"A: b\n\nx\n" + ABOVE + b"A: c\n\ny")) == 2


_WORDS = st.sampled_from(
    [b"", b"x", b"From", b"From x", b">From x", b">>From", b"a: b", b"--", b"\x80\xff"]
)
_BODIES = st.lists(_WORDS, max_size=6).map(b"\n".join)


@given(st.lists(_BODIES, min_size=1, max_size=5), st.integers(20, 200))
def test_what_was_written_as_mboxrd_is_read_back(written: list[bytes], limit: int) -> None:
    escaped = [re.sub(rb"^(>*From )", rb">\1", body, flags=re.M) for body in written]
    data = b"".join(ABOVE + b"A: b\n\n" + body + b"\n\n" for body in escaped)
    assert bodies(data) == [(b"A: b\n\n" + body).rstrip(b"\n") for body in written]
    # From wherever it goes on, the same follows; what is over the limit costs itself alone.
    found = pieces(data, limit)
    ends = [0, *(one.end for one in found)]
    for start, one in zip(ends, found, strict=False):
        source = BytesIO(data)
        source.seek(start)
        rest = messages(source, limit, dated=True)(start, one.number - 1)
        assert list(rest) == found[one.number - 1 :]
        assert (one.data is None) == (one.end - start > limit)
    assert ends[-1] == len(data)


@given(
    st.lists(
        st.sampled_from([ABOVE, b"From x\n", b"\n", b"\r\n", b"A: b\n", b"x", b"\xff\n"]),
        max_size=12,
    )
)
def test_every_byte_belongs_to_one_message(lines: list[bytes]) -> None:
    data = b"".join(lines)
    ends = [piece.end for piece in pieces(data)]
    assert ends == sorted(set(ends))
    assert not data.strip(b"\r\n") or ends[-1] == len(data)
    for piece in pieces(data):
        assert piece.data


def test_what_pythons_own_mailbox_writes_is_read_back(tmp_path: Path) -> None:
    box = mailbox.mbox(str(tmp_path / "box"))
    written = [
        mail(b"From me\n\nFrom you: x\n" + b"line\n" * n, Message_ID=f"<{n}@b.example>")
        for n in range(20)
    ]
    for one in written:
        box.add(one)
    box.close()
    found = bodies((tmp_path / "box").read_bytes())
    assert found == [one.rstrip(b"\n") for one in written]


def test_what_stands_before_the_first_message_is_a_problem_of_its_own() -> None:
    found = reports(b"just words\n\n" + ABOVE + mail(), "box.mbox", "mbox")
    assert told(found[0]) == "message 1 at byte 0: It has no headers, so it is no e-mail."
    assert found[1].report is not None


def test_a_line_without_an_end_is_read_in_pieces() -> None:
    data = ABOVE + b"A: b\n\n" + b"x" * 3_000_000 + b"\n\n" + ABOVE + b"A: c\n\ny\n"
    first, second = pieces(data, 2_000_000)
    assert first.data is None
    assert (second.data or b"").endswith(b"A: c\n\ny\n")


def test_a_folder_is_read_file_by_file(tmp_path: Path) -> None:
    (tmp_path / "b" / "deep").mkdir(parents=True)
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "b" / "deep" / "2.eml").write_bytes(mail(b"two", Message_ID="<2@b.example>"))
    (tmp_path / "a.eml").write_bytes(mail(b"one", Date="", Message_ID=""))
    (tmp_path / "c.msg").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1...")
    (tmp_path / "d.eml").write_bytes(b"x" * (GIVEN.message_limit + 1))
    (tmp_path / ".hidden" / "x.eml").write_bytes(mail())
    (tmp_path / "link.eml").symlink_to(tmp_path / "a.eml")
    os.utime(tmp_path / "a.eml", (1_700_000_000, 1_700_000_000))
    opened = opened_folder(tmp_path, None, GIVEN)
    assert opened.size == 4
    found = list(parsed(opened, GIVEN))
    assert [one.place for one in found] == [
        "file a.eml",
        "file b/deep/2.eml, Message-ID <2@b.example>",
        "file c.msg",
        "file d.eml",
    ]
    assert found[0].report is not None
    assert (
        found[0].report.created_at.timestamp() == 1_700_000_000
    )  # the file's, which no copy beside it moves
    assert ".eml" in told(found[2])
    assert "at most" in told(found[3])
    assert next(parsed(opened, GIVEN, 1, 1)).place == found[1].place
    with pytest.raises(ValueError, match="folder"):
        opened_folder(tmp_path, "csv", GIVEN)


def test_one_message_is_not_read_twice() -> None:
    data = mail()
    with file(data) as (opened, _):
        assert list(opened.frames(len(data), 1)) == []
