"""Which parts a content has, and which codes each: one answer for all who ask."""

from typing import get_args

import pytest

from tidegate.content.media.model import Examined, ViewCode
from tidegate.content.model import TextFormat, Worded
from tidegate.content.parts import Part, View
from tidegate.signals.fingerprints import KINDS, of_bytes, of_text, of_url
from tidegate.signals.model import Fingerprint
from tidegate.signals.parts import (
    ExaminedFile,
    codes_of,
    codes_of_texts,
    face_of,
    is_exact,
    without_code,
)
from tidegate.signals.readings import is_guess

TEXT = "join the armed fight on friday at the old bridge and bring the others with you"
LINK = "https://example.org/a?b=c"
VIEWS = [
    ViewCode("pdq", b"seen", 90),
    ViewCode("pdq", b"on black", 85, "dark"),
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
        "media/1@dark": [Fingerprint("pdq", b"on black", 85)],
        "media/1@stored": [Fingerprint("pdq", b"as stored", 80)],
        "media/1#12": [Fingerprint("pdq", b"later", 70)],
        "text": of_text(TEXT),
    }


def test_what_is_not_there_has_no_codes() -> None:
    assert codes_of() == codes_of(text="", url="", files=[]) == []
    assert codes_of(url="no address") == []


def test_texts_looked_at_together_have_the_codes_that_each_has_alone() -> None:
    texts = [TEXT, None, "", "hello", TEXT.upper(), f"<p>{TEXT}</p>", "\u202e" + TEXT[::-1]]
    worded = [text if text is None else Worded(text) for text in texts]
    assert codes_of_texts(worded) == [codes_of(text=text) for text in texts]


def views(text: str, format: TextFormat | None = None) -> dict[str, set[str]]:
    """The views of a text under which TEXT is equal, by which of its kinds."""
    found: dict[str, set[str]] = {}
    for part, code in codes_of(text=text, text_format=format):
        if code in of_text(TEXT):
            found.setdefault(part, set()).add(code.kind)
    return found


def test_a_view_of_a_text_is_what_its_markup_shows() -> None:
    both = {"text_sha256", "text_minhash"}
    html = f"<p>{TEXT.replace(' ', '&nbsp;', 3)}<br></p><!-- x -->"
    assert views(html, "html") == {"text@seen": both}
    assert views(html) == {"text@read": both}
    assert views(html, "plain") == views(html, "markdown").get("text", {}) == {}
    assert views(f"**{TEXT}**", "markdown")["text@seen"] >= {"text_sha256"}
    assert views(f"**{TEXT}**", "html").get("text@seen") is None


def test_what_is_struck_out_or_turned_about_is_read_in_a_guess_alone() -> None:
    turned = "unicode-bidi:bidi-override;direction:rtl"
    texts: list[tuple[str, TextFormat]] = [
        (f"<del>{TEXT}</del>", "html"),
        (f'<span style="{turned}">{TEXT[::-1]}</span>', "html"),
        (f"<bdo dir=rtl>{TEXT[::-1]}</bdo>", "html"),
        (f"<b style='display:none'>not</b>{TEXT}", "html"),
        (f"~~{TEXT}~~", "markdown"),
    ]
    for text, told in texts:
        for format in (None, told):
            found = views(text, format)
            assert "text_sha256" in found["text@read"], text
            assert "text_sha256" not in found.get("text@seen", set()), text


def test_a_view_of_a_text_is_its_order_its_blanks_and_its_letters_without_marks() -> None:
    for hidden in (
        "\u202e" + TEXT[::-1],
        TEXT.replace(" ", "\u3164"),
        TEXT.replace(" ", "\u1160"),
        "".join(one + "\u0336" for one in TEXT),
        "".join(one + "\u0301\u0317" for one in TEXT),
    ):
        assert "text_sha256" in views(hidden)["text@read"], ascii(hidden)
        assert "text" not in views(hidden)
        assert is_guess("text@read")
        assert not is_guess("text@seen")


def test_the_face_of_a_file_is_what_people_see_first_and_no_other_view() -> None:
    views = [
        *VIEWS,
        ViewCode("pdq", b"of peers", 90, "peer"),
        ViewCode("pdq", b"small", 9, "reduced"),
    ]
    face = face_of(codes_of(files=[ExaminedFile(of_bytes(b"two"), views)]))
    seen = [Fingerprint("pdq", b"seen", 90), Fingerprint("pdq", b"on black", 85)]
    assert face == [*of_bytes(b"two"), *seen]


@pytest.mark.parametrize(
    ("part", "near", "equal"),
    [
        ("media/0", True, True),
        ("media/0#12", True, True),
        ("media/0@stored", True, True),
        ("media/0@dark", False, True),
        ("media/0@dark#12", False, True),
        ("media/0@peer", False, True),
        ("media/0@reduced", False, False),
    ],
)
def test_a_view_that_is_new_restricts_by_the_entry_itself_alone(
    part: str, near: bool, equal: bool
) -> None:
    pdq = KINDS["pdq"]
    assert (is_exact(pdq, part, 3), is_exact(pdq, part, 0)) == (near, equal)


def test_why_a_picture_has_no_code_of_its_own_is_said() -> None:
    assert "too flat" in without_code(Examined())
    large = Examined(codes=[ViewCode("pdq", b"small", 90, "reduced")])
    assert "smaller copy" in without_code(large)


def test_every_view_is_decided_about() -> None:
    """A view that is added is none that may restrict until somebody says so."""
    views = {view: is_exact(KINDS["pdq"], Part.media(0, view).name, 0) for view in get_args(View)}
    assert views == {"": True, "dark": True, "stored": True, "peer": True, "reduced": False}
    assert not is_exact(KINDS["text_minhash"], "text", 0)
