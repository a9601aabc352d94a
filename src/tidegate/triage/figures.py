"""How what was learnt has fared, from what it would have said of each decision before it learnt from it. Pure."""

from collections.abc import Iterable, Sequence

import msgspec

from tidegate.triage.learned import FEWEST, Learner, Said, ranked_right

RECENT = 500  # decisions
STRETCH = 100  # decisions of a point of the line
BINS = 10
UNKNOWN = "und"  # no language was named


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Some decisions: how many, on how many of them people acted, how often of two the urgent one had the higher
    score (None: too few of one kind), and the mean likelihood that it told (None: it told none)."""

    name: str
    decisions: int
    urgent: int
    ranked: float | None
    told: float | None


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Of the last decisions: the newest of them, those before, in stretches in their order, by likelihood in tenths,
    and by the language of the text."""

    recent: Group
    before: Group
    stretches: list[Group]
    calibration: list[Group]
    languages: list[Group]


NOTHING = Group(name="", decisions=0, urgent=0, ranked=None, told=None)


def figures_of(learner: Learner) -> Figures:
    """The figures as of now."""
    said = list(learner.said)
    told = [one for one in said if one.likelihood is not None]
    languages = sorted({_language(one) for one in said})
    return Figures(
        recent=_group("", said[-RECENT:]),
        before=_group("", said[:-RECENT]),
        stretches=[
            _group(str(start), said[start : start + STRETCH])
            for start in range(0, len(said) - STRETCH + 1, STRETCH)
        ],
        calibration=[_group(str(tenth), _within(told, tenth)) for tenth in range(BINS)],
        languages=[_group(one, [x for x in said if _language(x) == one]) for one in languages],
    )


def _within(told: Iterable[Said], tenth: int) -> list[Said]:
    return [one for one in told if min(BINS - 1, int((one.likelihood or 0.0) * BINS)) == tenth]


def _language(one: Said) -> str:
    return (one.language or UNKNOWN).split("-")[0].lower()


def _group(name: str, said: Sequence[Said]) -> Group:
    urgent = [one.urgent for one in said]
    likely = [one.likelihood for one in said if one.likelihood is not None]
    enough = min(sum(urgent), len(urgent) - sum(urgent)) >= FEWEST
    ranked = ranked_right([one.score for one in said], urgent) if enough else None
    return Group(
        name=name,
        decisions=len(said),
        urgent=sum(urgent),
        ranked=None if ranked is None else round(ranked, 4),
        told=round(sum(likely) / len(likely), 4) if likely else None,
    )
