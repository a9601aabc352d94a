"""Known texts inside longer ones, as lines of results: for `benchmarks.text`. `quoted` makes the texts."""

from collections.abc import Callable, Sequence
from statistics import mean

from benchmarks import edits, material, quoted, report
from benchmarks.race import QUICK, Side, line, race, say


def generated_articles() -> list[str]:
    """Generated ones, of about 400 words."""
    texts = edits.generated(1000)
    return [" ".join(texts[at : at + 10]) for at in range(0, len(texts), 10)]


def find(articles: Sequence[str]) -> list[report.Line]:
    """Raises RuntimeError where fewer are found than were promised of what is quoted as it is."""
    entries = quoted.stretches(articles)[:: 8 if QUICK else 1]
    found = quoted.recall(
        quoted.Known([text for _, text in entries]), list(quoted.quoting(articles, entries))
    )
    long = articles[:: 8 if QUICK else 1]
    found |= quoted.recall(quoted.Known(long), list(quoted.passages(long)))
    lines: list[report.Line] = []
    for manner, one in found.items():
        say(f"{manner}: {one}")
        lines += [
            line(manner, metric, value, unit, one.texts)
            for (metric, unit), value in zip(
                (
                    ("texts", ""),
                    ("found", "%"),
                    ("of these placed right", "%"),
                    ("found by codes of whole texts", "%"),
                ),
                one,
                strict=True,
            )
        ]
    if next(iter(found.values())).found < QUOTED:
        raise RuntimeError("fewer quotations are found than were promised")
    return lines


def compare(corpora: dict[str, list[str]]) -> list[report.Line]:
    """Known texts in texts that do not hold them."""
    articles, paragraphs, messages = corpora.values()
    long = [text for text in paragraphs if len(text.split(" ")) >= quoted.WORDS]
    pairs = {
        "Wikinews articles in each other": (articles, articles),
        "Wikinews paragraphs of 80 words and more in other articles": (long, articles),
        "Wikinews paragraphs of any length in other articles": (paragraphs, articles),
        "Wikinews paragraphs in disaster messages": (paragraphs, messages),
        "disaster messages in Wikinews articles": (messages, articles),
        "Wikinews paragraphs in sentences of a forum": (paragraphs, quoted.forum()),
    }
    lines: list[report.Line] = []
    for name, (entries, texts) in pairs.items():
        found = quoted.wrong(entries, texts)
        say(f"{name}: {found}")
        heads = ("entries", "texts", "compared", "matches", "of them less than half of the entry")
        lines += [
            line(name, metric, value, "", found.texts)
            for metric, value in zip(heads, found, strict=True)
        ]
    return lines


def timed(articles: Sequence[str]) -> list[report.Line]:
    """From texts to the entries that are to be compared, beside the same without anchors: 4,000 known
    texts, groups of 32 posts. Then with those that hold a known text, the comparison included."""
    half = len(articles) // 2
    known = quoted.Known([*(material.text() for _ in range(4000 - half)), *articles[:half]])
    posts = [material.text() for _ in range(1024)]
    lines: list[report.Line] = []
    for kind, texts in (("posts", posts), ("articles", articles[half:])):
        case = f"from {kind} of {mean(map(len, texts)):,.0f} characters to candidates"
        sides = [Side(name, _in_groups(known, anchors), texts) for name, anchors in _SIDES]
        lines += race(case, "texts/s", sides[0], sides[1:])
    some = quoted.stretches(articles)[:60]
    holding = [one.text for one in quoted.quoting(articles, some) if one.manner == FIRST]
    known = quoted.Known([text for _, text in some])
    forms = [quoted.normalised(text) for text in holding]
    case = f"{mean(map(len, forms)):,.0f} characters that quote a known text, compared with it"
    ours = Side("", lambda texts: [known.passages(text) for text in texts], forms)
    return lines + race(
        case, "texts/s", ours, [Side(_SIDES[1][0], _in_groups(known, False), forms)]
    )


FIRST = next(iter(quoted.MANNERS))
QUOTED = 95.0
"""Per cent of the entries of 80 words and more that are quoted as they are."""
_SIDES = (("", True), ("without anchors", False))


def _in_groups(known: quoted.Known, anchors: bool) -> Callable[[Sequence[str]], object]:
    def work(texts: Sequence[str]) -> None:
        for start in range(0, len(texts), 32):
            quoted.looked_up(known, texts[start : start + 32], anchors=anchors)

    return work
