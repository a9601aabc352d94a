"""Sketches: what is left of a text, on the native path and in Python, byte for byte."""

import random
import unicodedata

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tidegate.signals.native import library, sketch
from tidegate.signals.native.sketch import SIZE
from tidegate.triage import folding, slow_sketch
from tidegate.triage.sketching import digest_of, sketch_of

PIECES = (
    *(
        "RT @user: ",
        "rt",
        "@a_b",
        "@",
        "http://t.co/xYz",
        "https://x",
        "www.a.org/b",
        "http",
        "hhttp://x",
    ),
    *(
        "#Tag",
        "#",
        "don’t",
        "Straße",
        "ΣΊΣΥΦΟΣ",
        "İ",
        "ﬃ",
        "①",
        "é",
        "e\u0301",
        "ไทย",
        "नमस्ते",
        "日本語",
        "한국",
    ),
    *(
        "😀",
        "👨‍👩‍👧",
        "🇩🇪",
        "\u200b",
        "\ufeff",
        " ",
        "\n",
        "\t",
        "—",
        "…",
        "$",
        "+",
        "٣",
        "12",
        "\ud83d",
        "\U0010ffff",
    ),
    *("a" * 30, "word ", "Capital ", "\u0345", "\u0300" * 3),
)
texts = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=12)), max_size=30).map("".join)


def both(given: list[str]) -> tuple[bytes, bytes]:
    native = library.load()
    if native is None:
        pytest.skip("the kernels were not built: no C++ compiler")
    read = [folding.decomposed(text) for text in given]
    codes = folding.points(read)
    folding.fill(codes)
    fast = sketch.sketches(native, read, codes, folding.TABLE)
    assert fast is not None
    return fast.tobytes(), slow_sketch.sketches(read, codes).tobytes()


@given(st.lists(texts, max_size=5))
@settings(deadline=None, max_examples=200)
@example([""])
@example(["rt", "RT RT @x rt", "@", "h"])
def test_the_kernel_and_python_agree(given: list[str]) -> None:
    fast, slow = both(given)
    assert fast == slow


def test_they_agree_on_long_texts_and_many_words() -> None:
    draw = random.Random(1)
    words = ["".join(draw.choices("abcdeABC日é#", k=draw.randint(1, 9))) for _ in range(400)]
    fast, slow = both([" ".join(draw.choices(words, k=count)) for count in (10, 24, 25, 60, 3000)])
    assert fast == slow


def form(text: str) -> str:
    read = folding.decomposed(text)
    codes = folding.points([read])
    folding.fill(codes)
    units, _ = slow_sketch.form(codes.tolist())
    return unicodedata.normalize("NFC", "".join(chr(one) for one in units if one < 1 << 31))


def digest(text: str) -> bytes:
    return digest_of(sketch_of([text])[0].tobytes())


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("RT @user: The bridge is closed!!", "the bridge is closed"),
        ("rt @a RT @b_c: The bridge, is — closed", "The bridge is closed http://t.co/abc"),
        ("@bob the bridge is closed…", "THE BRIDGE IS CLOSED https://example.org/x?y=1"),
        ("Please RT. @user", "Please"),
        ("don't", "dont"),
        ("e-mail", "email"),
        ("ＦＵＬＬ width", "full WIDTH"),
        ("cafe\u0301", "café"),
        ("STRASSE", "straße"),
        ("٣ قتلى", "3 قتلى"),
        ("shadda \u0651\u064e", "shadda \u064e\u0651"),
        ("zero\u200bwidth", "zerowidth"),
        ("#Fire in #LA", "fire in la"),
        ("", " .,!? @user http://t.co/x"),
    ],
)
def test_texts_that_are_equal_after_normalisation(text: str, same: str) -> None:
    assert digest(text) == digest(same)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("😀", "😡"),
        ("$", "€"),
        ("fire 🔥", "fire"),
        ("नमस्ते", "नमसत"),  # marks count
        ("كَتَبَ", "كُتِبَ"),
        ("日本", "日木"),
        ("ไทย", "ไท"),
        ("3 dead", "4 dead"),
        ("👍🏽👎", "👎👍🏽"),
    ],
)
def test_texts_that_are_not(text: str, other: str) -> None:
    assert digest(text) != digest(other)


def test_the_form_of_a_text() -> None:
    assert form("RT @x: Look, it’s #NYC… www.a.org 🔥hot") == "look its nyc 🔥 hot"
    assert form("日本 語!") == "日本 語"
    assert form("http://a.b/c d") == "d"
    assert form("ahttps://x y") == "a y"


@given(st.lists(texts, max_size=4), st.randoms())
@settings(deadline=None, max_examples=50)
def test_a_text_has_one_sketch_whatever_stands_beside_it(
    some: list[str], draw: random.Random
) -> None:
    made = sketch_of(some)
    assert made.shape == (len(some), SIZE)
    for text, row in zip(some, made, strict=True):
        assert (sketch_of([text])[0] == row).all()


def test_a_million_characters_and_more_texts_than_go_at_once() -> None:
    long = [
        "word " * 200_000,
        "é\u0301" * 300_000,
        "日" * 300_000,
        "\u0301" * 100_000,
        "@" * 300_000,
    ]
    many = [f"text number {number}" for number in range(3000)]
    made = sketch_of([*long, *many])
    assert len(np.unique(made[:, :16], axis=0)) == len(made)
    assert digest_of(made[4].tobytes()) == digest("")
    assert (made[len(long) + 2999] == sketch_of([many[2999]])[0]).all()


def test_without_kernels_python_makes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = sketch_of(["The bridge is closed", "😀"])
    monkeypatch.setattr("tidegate.triage.sketching._native", lambda: None)
    assert (sketch_of(["The bridge is closed", "😀"]) == wanted).all()
