"""How well the learned part of a case's score orders, decision by decision: `make bench-learning`.

It learns one by one from the disaster messages, of which `request` says what is urgent, and the rest is ranked; the
mean of five random splits. Beside it, on the same splits: a logistic regression of scikit-learn on all decisions at
once, over TF-IDF of words, pairs and runs of letters; and river's, one by one, over the same features. What the peers
and ours are set to was chosen on other splits (seeds 100 and above). Only where `../shared/data` is at hand
(TIDEGATE_SHARED names it elsewhere). QUICK=1 takes one split and only prints.
"""

from benchmarks.peers import enter

if __name__ == "__main__":
    enter("benchmarks.learning", ["scikit-learn", "river"])

import os
import re
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from statistics import mean
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sparse  # pyright: ignore[reportMissingImports]
from river import feature_extraction as river_features  # pyright: ignore[reportMissingImports]
from river import linear_model as river_models  # pyright: ignore[reportMissingImports]
from river import optim  # pyright: ignore[reportMissingImports]
from sklearn.feature_extraction.text import (  # pyright: ignore[reportMissingImports]
    TfidfVectorizer,
)
from sklearn.linear_model import LogisticRegression  # pyright: ignore[reportMissingImports]

from benchmarks import report
from benchmarks.triage_material import rows
from tidegate.triage.learned import Learner, ranked_right
from tidegate.triage.words import Numbers, plain

BENCH = "learning"
QUICK = os.environ.get("QUICK", "") not in ("", "0")
SEEDS = range(1 if QUICK else 5)
DECISIONS = (250, 1000)
WANTED = {250: 0.88, 1000: 0.91}
MANY = 2000  # decisions, for what twice as many would bring
LETTERS = 0.7  # what runs of letters are worth beside words, for all
WHERE = report.machine()


class Message(NamedTuple):
    text: str
    urgent: bool


# Learns from some and gives the scores of others.
Side = Callable[[Sequence[Message], Sequence[Message]], list[float]]


def tidegate(known: Sequence[Message], others: Sequence[Message]) -> list[float]:
    """The program's own, decision by decision."""
    numbers, learner = Numbers(b"benchmark"), Learner()
    for one in known:
        learner.learn(numbers.of(one.text), urgent=one.urgent)
    return [learner.score(numbers.of(one.text)) for one in others]


def scikit_learn(known: Sequence[Message], others: Sequence[Message]) -> list[float]:
    """All decisions at once."""
    words = TfidfVectorizer(
        preprocessor=plain, token_pattern=r"\w+|[^\w\s]", ngram_range=(1, 2), sublinear_tf=True
    )
    letters = TfidfVectorizer(
        preprocessor=plain, analyzer="char", ngram_range=(2, 5), sublinear_tf=True
    )
    texts = [one.text for one in known]
    table = sparse.hstack([words.fit_transform(texts), letters.fit_transform(texts) * LETTERS])
    model = LogisticRegression(C=3.0, class_weight="balanced", max_iter=300)
    model.fit(table, [one.urgent for one in known])
    texts = [one.text for one in others]
    table = sparse.hstack([words.transform(texts), letters.transform(texts) * LETTERS])
    return model.decision_function(table).tolist()


def river(known: Sequence[Message], others: Sequence[Message]) -> list[float]:
    """One by one: its TF-IDF, which learns how rare a word is as it goes, and its logistic regression."""
    words = river_features.TFIDF(tokenizer=_words, preprocessor=plain)
    letters = river_features.TFIDF(tokenizer=_runs, preprocessor=plain)
    model = river_models.LogisticRegression(optimizer=optim.SGD(2.0), l2=0.0)

    def of(text: str) -> dict[Any, float]:
        found = dict(words.transform_one(text))
        return found | {key: LETTERS * value for key, value in letters.transform_one(text).items()}

    for one in known:
        words.learn_one(one.text)
        letters.learn_one(one.text)
        model.learn_one(of(one.text), one.urgent)
    return [model.predict_proba_one(of(one.text))[True] for one in others]


SIDES: dict[str, Side] = {
    "Tidegate, one by one": tidegate,
    "scikit-learn, all at once": scikit_learn,
    "river, one by one": river,
}


def _words(text: str) -> list[str]:
    pieces: list[str] = re.findall(r"\w+|[^\w\s]", text)
    return pieces + [f"{one} {next_}" for one, next_ in pairwise(pieces)]


def _runs(text: str) -> list[str]:
    return [
        f"_{text[at : at + length]}"
        for length in (2, 3, 4, 5)
        for at in range(len(text) - length + 1)
    ]


def split(messages: Sequence[Message], seed: int) -> list[Message]:
    """All messages in the order of this split: the first are learnt from."""
    return [messages[at] for at in np.random.default_rng(seed).permutation(len(messages))]


def measure(messages: Sequence[Message]) -> Iterator[report.Line]:
    """Ours beside each peer; then what twice as many decisions would bring."""
    for known in DECISIONS:
        found = {name: _ranked(messages, side, known, known) for name, side in SIDES.items()}
        for name, (ranked, seconds) in found.items():
            print(f"{known} decisions: {name} {ranked:.4f}, {seconds:.1f} s", file=sys.stderr)
        ours, *peers = found.items()
        for name, (ranked, _) in peers:
            yield _line(f"after {known:,} decisions", "ROC AUC", ours[1][0], known, name, ranked)
        for name, (_, seconds) in found.items():
            if known == max(DECISIONS):
                yield _line(f"time, {name}", "of a decision, ms", 1000 * seconds / known, known)
    for known in (max(DECISIONS), MANY):
        ranked, _ = _ranked(messages, scikit_learn, known, MANY)
        case = f"scikit-learn after {known:,}, of the same {len(messages) - MANY} others"
        yield _line(case, "ROC AUC", ranked, known)


def _ranked(
    messages: Sequence[Message], side: Side, known: int, rest_from: int
) -> tuple[float, float]:
    """The mean area under the curve of the splits, and the seconds that one takes."""
    areas: list[float] = []
    began = time.thread_time()
    for seed in SEEDS:
        order = split(messages, seed)
        rest = order[rest_from:]
        area = ranked_right(side(order[:known], rest), [one.urgent for one in rest])
        areas.append(area or 0.0)
    return mean(areas), (time.thread_time() - began) / len(SEEDS)


def _line(
    case: str,
    metric: str,
    value: float,
    n: int,
    peer: str | None = None,
    beside: float | None = None,
) -> report.Line:
    return report.Line(
        bench=BENCH,
        case=case,
        metric=metric,
        value=round(value, 4),
        unit="",
        n=n,
        threads=1,
        machine=WHERE,
        peer=peer,
        peer_value=None if beside is None else round(beside, 4),
        ratio=None if beside is None else round(value / beside, 3),
    )


def _table(lines: Sequence[report.Line]) -> list[report.Line]:
    """In per cent: a row for each number of decisions, a column for each side and one for what is wanted."""
    shown: list[report.Line] = []
    for known in DECISIONS:
        some = [one for one in lines if one.n == known and one.peer is not None]
        sides = {next(iter(SIDES)): some[0].value} | {str(one.peer): one.peer_value for one in some}
        for name, value in (sides | {"wanted": WANTED[known]}).items():
            shown.append(_line(some[0].case, f"{name}, %", 100 * (value or 0.0), known))
    return shown


def main() -> int:
    warnings.filterwarnings("ignore", module="sklearn")
    found = rows("tips/disaster_messages_dev.csv")
    if not found:
        print("the disaster messages are not at hand: nothing is measured", file=sys.stderr)
        return 0
    messages = [Message(row["message"], row["request"] == "1") for row in found]
    lines = list(measure(messages))
    for one in lines:
        beside = f", {one.peer} {one.peer_value:.4f}" if one.peer else ""
        print(f"{one.case}: {one.metric} {one.value:.4f}{beside}")
    if not QUICK:
        report.write(BENCH, lines)
        report.tabulate(BENCH, _table(lines), "priority.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
