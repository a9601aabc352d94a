"""What a sender says of a file is a claim: a false one is noted, an honest one never."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.content.media.claims import contradicts, declared_type
from tidegate.content.media.formats import samples
from tidegate.content.media.sniffing import sniff

_ZIP, _GZIP, _OGG = b"PK\x03\x04", b"\x1f\x8b\x08", b"OggS"
_MATROSKA = b"\x1aE\xdf\xa3\x8bB\x82\x88matroska"


def _mp4(brand: bytes) -> bytes:
    return b"\0\0\0\x18ftyp" + brand + b"\0\0\1\0" + brand + b"isom"


HONEST = [
    (_ZIP, "a.docx a.xlsx a.pptx a.odt a.epub a.jar a.apk a.kmz a.cbz a.usdz a.xpi a.zip a.docm"),
    (b"PK\x05\x06", "empty.zip"),
    (_GZIP, "a.tgz a.tar.gz a.svgz a.txt.gz a.gz"),
    (_OGG, "a.ogg a.oga a.ogv a.opus a.spx a.ogx"),
    (b"RIFF\0\0\0\0WAVE", "a.wav"),
    (b"RIFF\0\0\0\0AVI ", "a.avi"),
    (_MATROSKA, "a.mkv a.webm"),
    (b"\x1aE\xdf\xa3\x01", "a.webm a.mkv"),
    (_mp4(b"3gp5"), "a.3gp a.mp4"),
    (_mp4(b"3g2a"), "a.3g2"),
    (_mp4(b"isom"), "a.mp4 a.m4a a.m4v a.mov a.3gp"),
    (_mp4(b"M4A "), "a.m4a a.mp4"),
    (_mp4(b"qt  "), "a.mov a.mp4"),
    (b"ID3\4", "a.mp3 a.aac"),
    (b"\xff\xfb\x90\x64", "a.mp3"),
    (b"fLaC", "a.flac"),
    (b"II*\0", "a.tif a.tiff a.nef a.cr2"),
    (b"%PDF-1.7", "a.pdf a.ai"),
    (b"\0\0\1\0", "favicon.ico"),
    (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a.heic a.heif"),
    (b"\xff\xd8\xff", "a.jpg a.jpeg a.jpe a.jfif"),
]
SAID = [
    (_OGG, "audio/opus"),
    (_OGG + bytes(24) + b"OpusHead", "audio/ogg"),
    (_OGG + bytes(24) + b"OpusHead", "application/ogg"),
    (_OGG + bytes(24) + b"\x80theora", "video/ogg"),
    (_OGG, "audio/ogg; codecs=opus"),
    (_ZIP, "application/x-zip-compressed"),
    (_ZIP, "application/vnd.ms-excel.sheet.macroEnabled.12"),
    (_GZIP, "application/x-gzip"),
    (_GZIP, "image/svg+xml"),
    (_MATROSKA, "audio/x-matroska"),
    (_mp4(b"M4A "), "audio/x-m4a"),
    (b"RIFF\0\0\0\0WAVE", "audio/vnd.wave"),
    (b"RIFF\0\0\0\0WAVE", "audio/wave"),
    (b"ID3\4", "audio/mp3"),
    (b"\0\0\1\0", "image/vnd.microsoft.icon"),
    (b"<svg ", "text/xml"),
    (b"II*\0", "image/x-adobe-dng"),
    (b"II*\0", "image/*"),
    (b"II*\0", "*/*"),
]
FALSE = [
    (b"\xff\xd8\xff", "a.png"),
    (b"\x89PNG\r\n\x1a\n", "a.jpg"),
    (b"\x89PNG\r\n\x1a\n", "a.txt"),
    (_ZIP, "a.png"),
    (_ZIP, "a.pdf"),
    (_ZIP, "a.txt"),
    (_GZIP, "a.zip"),
    (_OGG, "a.mp3"),
    (b"%PDF-1.7", "a.docx"),
    (_mp4(b"isom"), "a.jpg"),
    (_MATROSKA, "a.mp4"),
    (b"RIFF\0\0\0\0WAVE", "a.avi"),
    (b"II*\0", "a.jpg"),
    (b"fLaC", "a.png"),
    (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a.jpg"),
]


def is_false(data: bytes, content_type: str | None, filename: str | None) -> bool:
    sniffed, claim = sniff(data), declared_type(content_type, filename)
    assert sniffed is not None
    return claim is not None and contradicts(claim, sniffed)


@pytest.mark.parametrize(
    ("data", "name"), [(data, name) for data, names in HONEST for name in names.split()]
)
def test_honest_names_are_no_false_claims(data: bytes, name: str) -> None:
    assert not is_false(data, None, name)
    assert not is_false(data, "application/octet-stream", name)


@pytest.mark.parametrize(("data", "content_type"), SAID)
def test_honest_types_are_no_false_claims(data: bytes, content_type: str) -> None:
    assert not is_false(data, content_type, None)


@pytest.mark.parametrize(("data", "name"), FALSE)
def test_what_the_bytes_speak_against_is_a_false_claim(data: bytes, name: str) -> None:
    assert is_false(data, None, name)


def test_a_picture_is_what_it_is_and_no_other_picture() -> None:
    types = [sniff(one) or "" for one in samples()]
    for one in types:
        assert [other for other in types if not contradicts(other, one)] == [one]


@given(st.sampled_from([data for data, _ in HONEST]), st.text("abcdefghijkl/+.-", max_size=40))
def test_any_claim_has_an_answer(data: bytes, claim: str) -> None:
    assert is_false(data, claim, None) in (True, False)


@pytest.mark.parametrize(
    ("content_type", "filename", "claim"),
    [
        ("image/jpg", None, "image/jpeg"),
        (" IMAGE/PNG; charset=binary", "a.gif", "image/png"),
        ("application/octet-stream", "a.PNG", "image/png"),
        ("", "a.jpeg", "image/jpeg"),
        (None, "noextension", None),
        (None, None, None),
        ("application/octet-stream", None, None),
    ],
)
def test_what_a_sender_claims(
    content_type: str | None, filename: str | None, claim: str | None
) -> None:
    assert declared_type(content_type, filename) == claim
