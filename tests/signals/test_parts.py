"""Which parts a content has, and which codes each: one answer for all who ask."""

from tidegate.content.media.model import ViewCode
from tidegate.signals.fingerprints import of_bytes, of_text, of_url
from tidegate.signals.model import Fingerprint
from tidegate.signals.parts import ExaminedFile, codes_of, codes_of_texts, face_of

TEXT = "join the armed fight on friday at the old bridge and bring the others with you"
LINK = "https://example.org/a?b=c"
VIEWS = [
    ViewCode("pdq", b"seen", 90),
    ViewCode("pdq", b"as stored", 80, "stored"),
    ViewCode("pdq", b"later", 70, frame=12),
]


def test_each_part_has_its_codes_under_its_name() -> None:
    files = [ExaminedFile(of_bytes(b"one")), ExaminedFile(of_bytes(b"two"), VIEWS, LINK)]
    parts: dict[str, list[Fingerprint]] = {}
    for part, code in codes_of(text=TEXT, url=LINK, files=files):
        parts.setdefault(part, []).append(code)
    assert parts == {
        "url": of_url(LINK),
        "media/0": of_bytes(b"one"),
        "media/1": [*of_bytes(b"two"), *of_url(LINK), Fingerprint("pdq", b"seen", 90)],
        "media/1@stored": [Fingerprint("pdq", b"as stored", 80)],
        "media/1#12": [Fingerprint("pdq", b"later", 70)],
        "text": of_text(TEXT),
    }


def test_what_is_not_there_has_no_codes() -> None:
    assert codes_of() == codes_of(text="", url="", files=[]) == []
    assert codes_of(url="no address") == []


def test_texts_looked_at_together_have_the_codes_that_each_has_alone() -> None:
    texts = [TEXT, None, "", "hello", TEXT.upper()]
    assert codes_of_texts(texts) == [codes_of(text=text) for text in texts]


def test_the_face_of_a_file_is_no_other_view_and_no_later_frame() -> None:
    face = face_of(codes_of(files=[ExaminedFile(of_bytes(b"two"), VIEWS)]))
    assert face == [*of_bytes(b"two"), Fingerprint("pdq", b"seen", 90)]
