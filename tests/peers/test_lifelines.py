"""Curves, bands, quantiles and log-rank tests are those of the library lifelines, on 1,000 random data sets."""

import json
import subprocess
from typing import Any

import numpy as np
import pytest
from benchmarks.peers import environment

from tidegate.oversight.survival import Curve, kaplan_meier, log_rank, quantile

pytestmark = pytest.mark.long

SAMPLES = 1_000
LEFT = (0.5, 0.1)
# Where nothing is left, it has no band. A curve of .5 may be a hair above .5 there: it is rounded to
# twelve digits before its quantiles are asked for.
_ASK = """
import json, math, sys
from lifelines import KaplanMeierFitter
from lifelines.statistics import logrank_test
from lifelines.utils import qth_survival_times
for line in sys.stdin:
    (times, events), (times_b, events_b) = json.loads(line)
    fitter = KaplanMeierFitter().fit(times, events)
    bands = fitter.confidence_interval_.fillna(0.0)
    lines = [fitter.survival_function_.iloc[:, 0], bands.iloc[:, 0], bands.iloc[:, 1]]
    found = [[float(qth_survival_times(q, one.round(12).to_frame())) for one in lines] for q in (.5, .1)]
    test = logrank_test(times, times_b, events, events_b)
    print(json.dumps({
        "t": list(lines[0].index), "lines": [list(one) for one in lines],
        "quantiles": [[None if math.isinf(at) else at for at in one] for one in found],
        "test": None if math.isnan(test.test_statistic) else [test.test_statistic, test.p_value],
    }))
"""
Sample = tuple[list[float], list[bool]]


def sample(number: int) -> Sample:
    """A data set by its number: of one or of many, with ties or none, and all, none or some ended."""
    draw = np.random.default_rng(number)
    n = 1 if number % 20 == 0 else int(draw.integers(2, 200))
    times = draw.exponential(3600, n) if number % 2 else draw.integers(0, 30, n).astype(float)
    ended = draw.random(n) < (0.0, 1.0, 0.2, 0.5, 0.9)[number // 2 % 5]
    return times.tolist(), ended.tolist()


@pytest.fixture(scope="module")
def said() -> list[dict[str, Any]]:
    """What lifelines says of each data set, and of it beside the next thousand's."""
    try:
        python = environment(["lifelines"])
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"lifelines cannot be installed here: {error}")
    asked = "".join(f"{json.dumps([sample(n), sample(n + SAMPLES + 2)])}\n" for n in range(SAMPLES))
    done = subprocess.run(
        [python, "-W", "ignore", "-c", _ASK],
        input=asked,
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_curve_and_its_band_equal_theirs(said: list[dict[str, Any]]) -> None:
    for number, theirs in enumerate(said):
        curve = kaplan_meier(*sample(number))
        places = [theirs["t"].index(t) for t in curve.t[1:]]
        for line, expected in zip((curve.s, curve.low, curve.high), theirs["lines"], strict=True):
            assert line[1:] == pytest.approx([expected[at] for at in places], abs=1e-9), number
        assert set(np.round(theirs["lines"][0], 9)) <= set(np.round(curve.s, 9)), number
    assert len(said) == SAMPLES


def test_a_median_and_a_p90_and_their_intervals_equal_theirs(said: list[dict[str, Any]]) -> None:
    seen = {None: 0, True: 0}
    for number, theirs in enumerate(said):
        curve: Curve = kaplan_meier(*sample(number))
        for left, expected in zip(LEFT, theirs["quantiles"], strict=True):
            found = quantile(curve, left)
            ours = [found.value, found.low, found.high]
            assert [at is None for at in ours] == [at is None for at in expected], (number, left)
            for at, their_at in zip(ours, expected, strict=True):
                seen[None if at is None else True] += 1
                assert at is None or at == pytest.approx(their_at, abs=1e-9), (number, left)
    assert min(seen.values()) > SAMPLES  # both are tried often


def test_a_log_rank_test_equals_theirs(said: list[dict[str, Any]]) -> None:
    """Where nobody can differ, as of data without an end, theirs has no figure; ours finds nothing."""
    for number, theirs in enumerate(said):
        ours = log_rank(*sample(number), *sample(number + SAMPLES + 2))
        statistic, p = theirs["test"] or (0.0, 1.0)
        assert ours.statistic == pytest.approx(statistic, rel=1e-9, abs=1e-9), number
        assert ours.p == pytest.approx(p, abs=1e-9), number
        assert ours.p_exact >= ours.p
