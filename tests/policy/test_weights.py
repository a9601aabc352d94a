"""`[priority]` of a pack: what it may say, and what is told of what it may not."""

import pytest

from tidegate.policy.data import default_source
from tidegate.policy.fields import InvalidPack
from tidegate.policy.reading import check_source, load_pack
from tidegate.policy.reading_weights import weights_alone
from tidegate.policy.weights import PARTS, Weights

PACK = default_source(None)


def test_a_pack_names_some_and_the_rest_are_as_usual() -> None:
    assert load_pack(PACK).priority == Weights()
    found = load_pack(f"{PACK}\n[priority]\nthreat = 40\nlearned = 0.0\n").priority
    assert found == Weights(threat=40.0, learned=0.0)
    assert set(PARTS) == set(Weights.__struct_fields__)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("treat = 3", "`[priority]` has no key `treat`; did you mean `threat`?"),
        ("threat = 'much'", "`threat` must be a number, this is 'much'"),
        ("threat = true", "`threat` must be a number, this is True"),
        ("threat = -1", "`threat` is from 0 to 1000, this is -1"),
        ("threat = nan", "`threat` is from 0 to 1000, this is nan"),
        ("threat = inf", "`threat` is from 0 to 1000, this is inf"),
        ("age = 0", "`age` is from 1 to 1000, this is 0; waiting must count, or cases starve"),
    ],
)
def test_what_is_no_weight_is_told_with_its_line(line: str, said: str) -> None:
    text = f"{PACK}\n[priority]\n{line}\n"
    (problem,) = check_source(text)
    assert str(problem).endswith(f" {said}")
    assert problem.line == text.count("\n")
    with pytest.raises(InvalidPack, match=r"treat|threat|age"):
        weights_alone(f"[priority]\n{line}\n", "weights.toml")


def test_a_file_of_weights_has_nothing_else() -> None:
    assert weights_alone("[priority]\nage = 100\n", "w.toml") == Weights(age=100.0)
    for text in ("", "x = 1", "[priority]\n[rules]\n", "priority = 3", "[priority"):
        with pytest.raises(InvalidPack):
            weights_alone(text, "w.toml")
