"""What a text threatens: levels, contexts, offsets, and long texts."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threat_packs import HEAD, INTENT, MEANT, NEWS, PLACE, WHOLE, screen_of, shipped

from tidegate.intake.threats.model import LEVELS, Fired, Threat, rings
from tidegate.intake.threats.screen import OVERLAP, STRETCH, Screen, stretches

TRIAL = screen_of(WHOLE)


def level(text: str, screen: Screen = TRIAL) -> str | None:
    found = screen.screen(text)
    return found and found.level


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("good morning", None),
        ("I have my gun here", "low"),
        ("I will kill them", "medium"),
        ("I am going to do it: kill them", "medium"),
        ("I will kill them with my gun", "high_unspecific"),
        ("I will kill them at the school. I have my gun.", "high_specific"),
        ("I will kill them at the school.", "medium"),  # a place, and nothing to do it with
        ("I will not kill them", None),
        ("They will be there. He kills time.", None),  # a phrase never goes over two sentences
        ("Police said that he will kill them", None),
        ("He will kill them. So police said.", None),
        ("He will kill them. So what. And then. Police said nothing.", "medium"),
        ("Police said he will kill them, and it is no joke", "medium"),
    ],
)
def test_elements_make_levels(text: str, expected: str | None) -> None:
    assert level(text) == expected
    assert rings(expected) == (expected in LEVELS[1:])  # type: ignore[arg-type]


def test_what_fired_is_told_with_its_place() -> None:
    text = "😀 so: I WILL kíll\u200b them, at the school, with my gun"
    found = TRIAL.screen(text)
    assert found == Threat(
        "high_specific",
        [
            Fired("trial/will-kill", "WILL kíll\u200b", 8, 18),
            Fired("trial/where", "at the school", 25, 38),
            Fired("trial/armed", "my gun", 45, 51),
        ],
    )


def test_a_firm_context_holds_although_it_is_meant() -> None:
    firm = HEAD + INTENT + MEANT + NEWS.replace('reach = "near"', 'reach = "near"\nfirm = true')
    assert level("Police said he will kill them, and it is no joke", screen_of(firm)) is None


def test_a_context_of_one_pack_says_nothing_of_what_another_found() -> None:
    other = (HEAD + INTENT).replace('"trial"', '"other"').replace("kill*", "morir")
    both = screen_of(WHOLE, other)
    assert level("police said: gonna morir", both) == "medium"
    assert level("police said: gonna kill", both) is None


def test_parts_may_stand_together_in_any_order() -> None:
    together = """
    [[patterns]]
    name = "coming"
    element = "intent"
    together = ["i come", "{kill}", "tonight"]
    across = 1
    """
    screen = screen_of(HEAD + together.replace("\n    ", "\n"))
    assert level("Tonight I come and kill", screen) == "medium"
    assert level("Kill, kill. Tonight I come.", screen) == "medium"
    assert level("Kill, kill. Well. Tonight I come.", screen) is None
    assert level("I come and kill", screen) is None


def test_signs_add_up_where_one_is_grave() -> None:
    sign = '\n[[patterns]]\nname = "{}"\nelement = "sign"\npoints = {}\n{}phrases = ["{}"]\n'
    pack = HEAD.replace("window = 1", "window = 1\nenough = 5") + "".join(
        [
            sign.format("soon", 2, "beside = { blood = 1 }\n", "soon"),
            sign.format("you", 2, "", "you"),
            sign.format("blood", 2, "grave = true\n", "blood"),
            sign.format("last", 3, "", "last"),
            sign.format("help", -9, "", "donors"),
        ]
    )
    screen = screen_of(pack)
    assert level("soon you see blood", screen) == "medium"
    assert level("you see blood", screen) is None  # 4 points
    assert level("soon blood", screen) == "medium"  # 4, and one beside each other
    assert level("soon you, at last", screen) is None  # nothing of it is grave
    assert level("soon you see blood donors", screen) is None
    assert level("Soon. So. And so. Blood of you.", screen) is None  # not around one sentence
    found = screen.screen("Soon! You: blood")
    assert found is not None
    assert [one.text for one in found.because] == ["Soon", "You", "blood"]


def test_each_phrase_of_a_sign_may_count_by_itself() -> None:
    words = '\n[[patterns]]\nname = "words"\nelement = "sign"\npoints = 3\ngrave = true\nphrases = ["you", "blood"]\n'
    head = HEAD.replace("window = 1", "window = 1\nenough = 5")
    once, each = screen_of(head + words), screen_of(head + words + "each = true\n")
    assert level("you, blood", once) is None  # 3 points, as often as it is there
    assert level("you and you", each) is None
    found = each.screen("you, blood")
    assert found == Threat(
        "medium", [Fired("trial/words", "you", 0, 3), Fired("trial/words", "blood", 5, 10)]
    )


def test_a_context_that_has_points_weighs_and_takes_nothing_back() -> None:
    sign = '\n[[patterns]]\nname = "{}"\nelement = "sign"\npoints = {}\ngrave = true\nphrases = ["{}"]\n'
    head = HEAD.replace("window = 1", "window = 1\nenough = 5")
    signs = sign.format("blood", 6, "blood") + sign.format("you", 4, "you")
    screen = screen_of(
        head + INTENT + signs + NEWS.replace('reach = "near"', 'reach = "near"\npoints = -3')
    )
    assert level("blood. Police said so.", screen) is None  # 3 points
    assert level("you, blood. Police said so.", screen) == "medium"  # 7 points
    assert level("Police said that he will kill them", screen) == "medium"


def test_what_is_in_shadow_never_leaks_into_what_acts() -> None:
    shadow = HEAD + INTENT.replace('"intent"', '"intent"\nmode = "shadow"') + PLACE
    screen = screen_of(shadow)
    assert screen.screen("I will kill them") is None
    said = screen.screen_shadow("I will kill them")
    assert said is not None
    assert (said.live, said.level) == (None, "medium")
    assert [one.pattern for one in said.because] == ["trial/will-kill"]
    assert screen.screen_shadow("good morning") is None
    assert TRIAL.screen_shadow("I will kill them") is None  # nothing runs in shadow


def test_a_version_in_shadow_stands_in_the_place_of_the_live_one() -> None:
    from tidegate.intake.threats.reading import load_threat_pack

    new = load_threat_pack(WHOLE.replace("version = 1", "version = 2").replace("kill*", "maim"))
    screen = Screen([load_threat_pack(WHOLE)], [new])
    assert screen.screen("I will kill them") is not None
    assert screen.screen("I will maim them") is None
    less, more = (screen.screen_shadow(f"I will {one} them") for one in ("kill", "maim"))
    assert less is not None
    assert (less.live, less.level) == ("medium", None)
    assert more is not None
    assert (more.live, more.level) == (None, "medium")
    assert (screen.idents, screen.shadow_idents) == (("trial@1",), ("trial@2",))


def test_items_are_screened_where_a_pack_says_so() -> None:
    items = WHOLE.replace("window = 1", "window = 1\nitems = true")
    assert not TRIAL.items
    assert TRIAL.screen_item("I will kill them") is None
    assert screen_of(items).items
    assert screen_of(items).screen_item("I will kill them") is not None


@pytest.mark.parametrize("length", [0, 1, STRETCH - 1, STRETCH, STRETCH + 1, 3 * STRETCH + 7])
@pytest.mark.parametrize("letter", ["x", "x ", "\n", "ا"])
def test_stretches_cover_a_text_and_overlap(length: int, letter: str) -> None:
    text = (letter * length)[:length]
    found = list(stretches(text))
    assert found[0][0] == 0
    assert found[-1][1] == length
    for (start, end), (after, _) in itertools.pairwise(found):
        assert start < after < end <= start + STRETCH
        assert end - after >= OVERLAP // 2 - 1


@pytest.mark.parametrize("place", [0, STRETCH - 9, STRETCH + 3, 5 * STRETCH - 300, 9 * STRETCH])
def test_a_threat_is_found_wherever_it_stands(place: int) -> None:
    filler = "word by word. "
    before = (filler * (place // len(filler) + 1))[:place]
    text = f"{before} i will kill them {filler * 900}"
    found = TRIAL.screen(text)
    assert found is not None
    assert found.level == "medium"
    assert [one.text for one in found.because] == ["will kill"]


def test_a_million_characters_are_read_to_the_end() -> None:
    text = "nothing here, only words. " * 40_000
    assert len(text) > 1_000_000
    assert TRIAL.screen(text) is None
    assert level(text + "I will kill them") == "medium"


@pytest.mark.parametrize(
    "text",
    [
        "will kill " * 5_000,
        "will " * 20_000 + "kill",
        "w i l l k i l l " * 2_000,
        "\u0301" * 30_000 + "will kill",
        "\U0001f600" * 20_000,
        "k1ll" * 10_000,
        "wïll.kïll." * 3_000,
        "\0\x01\x07" * 9_000,
        "\ud800" * 300,
        "*" * 9_000 + "k*ll",
    ],
)
def test_hostile_texts_come_to_an_end(text: str) -> None:
    for screen in (TRIAL, shipped()):
        found = screen.screen(text)
        assert found is None or len(found.because) <= 50


WORDS = st.sampled_from(
    [
        "I",
        "you",
        "will",
        "gonna",
        "going",
        "to",
        "not",
        "kill",
        "k1ll",
        "shoot",
        "my",
        "gun",
        "the",
        "school",
        "at",
        "no",
        "joke",
        "police",
        "said",
        "Tomorrow",
        "ich",
        "töte",
        "dich",
        "سأقتلك",
        "في",
        "المدرسة",
        "je",
        "vais",
        "te",
        "tuer",
        "🔪",
        "é",
        "é",
        "\u200b",
        "\u202e",
        "...",
    ]
)
LETTERS = st.text(st.characters(codec="utf-8") | st.sampled_from("kil \u200b\u0301.*1"), max_size=9)


@settings(max_examples=150, deadline=None)
@given(st.lists(WORDS | LETTERS, max_size=20), st.randoms(use_true_random=False))
def test_slices_are_exact_whatever_is_done_to_a_text(
    pieces: list[str], draw: random.Random
) -> None:
    text = "".join(
        piece + draw.choice([" ", " ", ", ", "\u200b", "-", ".", "\n"]) for piece in pieces
    )
    text = "".join(one + "\u0300" * (draw.random() < 0.03) for one in text)
    for screen in (TRIAL, shipped()):
        found = screen.screen(text)
        for one in found.because if found else []:
            assert 0 <= one.start < one.end <= len(text)
            assert one.text == text[one.start : one.end]


@settings(max_examples=60, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=30))
def test_screening_says_the_same_again(pieces: list[str]) -> None:
    text = " ".join(pieces)
    assert shipped().screen(text) == shipped().screen(text)
