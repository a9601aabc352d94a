"""What a pack says needs second eyes, and what is wrong with it."""

import pytest
from tests.policy.test_reading import GOOD, only_problem

from tidegate.decisions.second import Choice, needs_second, says_news
from tidegate.policy.model import Ground, SecondEyes
from tidegate.policy.reading import load_pack

LAW, TERMS = Ground("law", "§ 130"), Ground("terms", "4")
PLAIN = Choice(outcome="restrict", label="threat", ground=TERMS, scope="item")


def test_a_pack_without_a_word_has_the_usual() -> None:
    assert load_pack(GOOD).second_eyes == SecondEyes()


def test_a_pack_says_what_it_wants() -> None:
    said = '[second_eyes]\nscopes = ["item"]\ngrounds = []\nlabels = ["propaganda"]\nnews = false\napi = true\n'
    expected = SecondEyes(
        scopes=("item",), grounds=(), labels=("propaganda",), news=False, api=True
    )
    assert load_pack(GOOD + said).second_eyes == expected


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ('scopes = ["post"]', "`scopes` is a list of scopes, `account` or `item`, and has 'post'", None),
        ('grounds = ["laws"]', "`grounds` is a list of kinds of grounds, `law` or `terms`, and has 'laws'", None),
        ('labels = ["propagande"]', "unknown label `propagande`", "did you mean `propaganda`?"),
        ("news = 1", "`news` must be true or false, this is 1", None),
        ("apis = true", "`[second_eyes]` has no key `apis`", "did you mean `api`?"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(line: str, message: str, hint: str | None) -> None:
    problem = only_problem(f"{GOOD}[second_eyes]\n{line}\n")
    assert problem.message == message
    assert problem.line == GOOD.count("\n") + 2
    if hint is not None:
        assert problem.hint == hint


@pytest.mark.parametrize(
    ("choice", "news", "needed"),
    [
        (PLAIN, False, False),
        (PLAIN, True, True),
        (Choice(outcome="restrict", label="threat", ground=LAW, scope="item"), False, True),
        (Choice(outcome="restrict", label="threat", ground=TERMS, scope="account"), False, True),
        (Choice(outcome="pass"), True, False),
        (Choice(outcome="escalate"), True, False),
        (Choice(outcome="lift", ground=LAW, scope="account"), True, False),
    ],
)
def test_only_such_restrictions_wait(choice: Choice, news: bool, needed: bool) -> None:
    assert needs_second(SecondEyes(), choice, news=news) is needed


def test_a_platform_says_that_it_is_news() -> None:
    for value in ("true", "yes", True, 1, "News"):
        assert says_news({"news": value}, "news"), value
    for value in ("", "no", False, None, 0):
        assert not says_news({"news": value}, "news"), value
    assert not says_news({}, "news")
