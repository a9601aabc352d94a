"""The type of a file is read from its bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.content.media.formats import FORMATS, samples
from tidegate.content.media.sniffing import sniff


def test_what_is_decoded_is_recognised() -> None:
    found = [sniff(one) for one in samples()]
    assert {*found, "image/heif"} == {*FORMATS, "image/heif"}
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "image/heic"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif", "image/avif"),
        (b"\0\0\0\x14ftypmif1\0\0\0\0mif1", "image/heif"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp42", "video/mp4"),
        (b"\x1aE\xdf\xa3\x01", "video/webm"),
        (b"\x1aE\xdf\xa3\x8bB\x82\x88matroska", "video/x-matroska"),
        (b"\0\0\0\x18ftyp3gp5\0\0\1\0003gp53gp4", "video/3gpp"),
        (b"\0\0\0\x18ftyp3g2a\0\0\1\0003g2a", "video/3gpp2"),
        (b"\xff\xfb\x90\x64", "audio/mpeg"),
        (b"OggS" + bytes(24) + b"OpusHead", "audio/ogg"),
        (b"OggS" + bytes(24) + b"\x80theora", "video/ogg"),
        (b"OggS" + bytes(60), "application/ogg"),
        (b"\xff\xf1\x50\x80", "audio/aac"),
        (b"\xff\xfe\x41\0", None),
        (b"FORM\0\0\0\x10AIFF", "audio/aiff"),
        (b"%PDF-1.7", "application/pdf"),
        (b"  <svg xmlns=", "image/svg+xml"),
        (b"BM is how this text starts, no more", None),
        (b"RIFF\0\0\0\0NONE", None),
        (b"Plain words", None),
        (b"", None),
    ],
)
def test_what_is_not_decoded_is_named_or_unknown(data: bytes, content_type: str | None) -> None:
    assert sniff(data) == content_type


@given(st.binary(max_size=200))
def test_any_bytes_have_an_answer(data: bytes) -> None:
    found = sniff(data)
    assert found is None or "/" in found


@given(
    st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"II*\0", b"%PDF-"]),
    st.binary(max_size=100),
)
def test_what_follows_a_signature_does_not_matter(magic: bytes, rest: bytes) -> None:
    assert sniff(magic + rest) == sniff(magic) is not None


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_only_the_start_counts(head: bytes, rest: bytes) -> None:
    padded = head.ljust(64, b"\0")
    assert sniff(padded + rest) == sniff(padded)
