"""The points of threat packs: what is fitted is what a slow descent finds, and a file stays what people wrote."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scripts.threat_fit import Stretches, fit, likeliest
from scripts.threat_points import LANGUAGES, PACKS, Draft

from tidegate.intake.threats.reading import load_threat_pack

TEXTS = [
    [[0, 1], [2]],
    [[0, 3]],
    [[1, 2], [3]],
    [],
    [[0], [0, 1, 2]],
    [[3], [3, 2]],
    [[1]],
    [[0, 2, 3]],
]
WANTED = np.array([True, True, False, False, True, False, False, True])


def _slowly(
    rows: list[list[int]], wanted: np.ndarray, most: np.ndarray, scale: np.ndarray
) -> np.ndarray:
    """Plain gradient descent on the same sum, in many small steps."""
    there = np.zeros((len(rows), 4))
    for place, row in enumerate(rows):
        there[place, row] = 1.0
    weights, base = np.zeros(4), 0.0
    for _ in range(60_000):
        residue = 1 / (1 + np.exp(-(there @ (weights * scale) + base))) - wanted
        weights = np.minimum(weights - 0.02 * (there.T @ residue * scale + weights), most / scale)
        base -= 0.02 * residue.sum()
    return np.append(weights * scale, base)


def test_what_is_fitted_is_what_a_slow_descent_finds() -> None:
    single = [rows[:1] for rows in TEXTS]  # one stretch each: there is nothing to choose
    most, scale = np.array([np.inf, np.inf, 0.0, np.inf]), np.array([1.0, 0.3, 1.0, 1.0])
    found = fit(Stretches.of(single, 4), WANTED, np.ones(8), scale, most, 1.0)
    slowly = _slowly([rows[0] if rows else [] for rows in single], WANTED, most, scale)
    assert np.allclose(np.append(found.adds, found.base), slowly, atol=2e-3)
    assert found.adds[2] <= 0.0
    assert slowly[2] <= 0.0


def test_a_text_without_weight_teaches_nothing() -> None:
    weights = np.where(np.arange(8) < 6, 1.0, 0.0)
    ones, most = np.ones(4), np.full(4, np.inf)
    other = np.where(np.arange(8) < 6, WANTED, ~WANTED)
    stretched = Stretches.of(TEXTS, 4)
    first = fit(stretched, WANTED, weights, ones, most, 1.0)
    second = fit(stretched, other, weights, ones, most, 1.0)
    assert np.array_equal(first.adds, second.adds)
    assert first.base == second.base


@given(
    st.lists(st.lists(st.lists(st.integers(0, 5), max_size=4, unique=True), max_size=3), min_size=1)
)
@settings(deadline=None)
def test_a_text_scores_as_its_likeliest_stretch(texts: list[list[list[int]]]) -> None:
    adds = np.array([1.0, -2.0, 3.5, 0.0, 0.25, -1.0])
    stretched = Stretches.of(texts, 6)
    scores = stretched.sums(adds)
    best = [max((sum(adds[one] for one in row) for row in rows), default=0.0) for rows in texts]
    assert np.allclose(scores[likeliest(stretched, scores)], best)
    assert np.allclose(
        stretched.counts(np.ones(len(scores))),
        [sum(one in row for rows in texts for row in rows) for one in range(6)],
    )


def test_points_are_written_into_packs_and_nothing_else_changes() -> None:
    for language in LANGUAGES:
        before = (PACKS / f"{language}.toml").read_text("utf-8")
        draft = Draft.of(before)
        written = draft.source(
            dict.fromkeys(draft.weighed(), 0) | {"where": 7}, {"tonight": 4, "ball*": -2}, 40
        )
        pack = load_threat_pack(written)
        by_name = {one.name: one for one in pack.patterns}
        assert pack.enough == 40
        assert by_name["words-for-4"].points == 4
        assert by_name["words-against-2"].points == -2
        assert Draft.of(written) == draft._replace(
            head=draft.head.replace(_enough(draft.head), "enough = 40")
        )
        assert [one for one in by_name if not one.startswith("words-")] == list(draft.patterns)


def _enough(head: str) -> str:
    return next(line for line in head.splitlines() if line.startswith("enough"))
