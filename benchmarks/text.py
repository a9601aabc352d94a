"""How fast texts become codes and phrases are found, and how well: `make bench-text`.

Beside datasketch and pyahocorasick, in one process, by turns, on one thread each; what is found is
compared before any time is taken. QUICK=1 answers in under a minute and only prints, for the results
that are kept are those of whole runs. Where `../shared/data` is at hand, copies of real texts are
looked for, else of generated ones.
"""

from benchmarks.peers import enter

if __name__ == "__main__":
    enter("benchmarks.text", ["datasketch", "pyahocorasick"])

import random
from collections.abc import Callable, Sequence
from statistics import mean
from typing import NamedTuple

import ahocorasick  # pyright: ignore[reportMissingImports]
import msgspec
from datasketch import MinHash  # pyright: ignore[reportMissingImports]

from benchmarks import edits, quotations, recall, report
from benchmarks.race import QUICK, Side, abreast, beside, line, race, say
from benchmarks.recall import shingles
from tidegate.signals.fingerprints.skeleton import bare, bounded, dense, plain, skeleton
from tidegate.signals.fingerprints.text_minhash import codes
from tidegate.signals.index.phrases import PhraseTable
from tidegate.signals.index.strings import Strings

PHRASES = 8_500
TIMES_DATASKETCH = 100
TIMES_PYAHOCORASICK = 1.5


# ------------------------------------------------------------------------------------- times


def _update(permutations: int) -> Callable[[Sequence[str]], object]:
    def work(texts: Sequence[str]) -> None:
        for text in texts:
            made = MinHash(num_perm=permutations)
            for shingle in shingles(text):
                made.update(shingle)

    return work


def _update_batch(permutations: int) -> Callable[[Sequence[str]], object]:
    def work(texts: Sequence[str]) -> None:
        for text in texts:
            MinHash(num_perm=permutations).update_batch(shingles(text))

    return work


def _bulk(permutations: int) -> Callable[[Sequence[str]], object]:
    def work(texts: Sequence[str]) -> None:
        MinHash.bulk([shingles(text) for text in texts], num_perm=permutations)

    return work


def time_codes() -> list[report.Line]:
    texts = edits.generated(4000)
    few = texts[:: 40 if QUICK else 20]
    kind = f"codes of texts of {mean(map(len, texts)):.0f} characters"
    peers = [
        Side(f"MinHash({permutations}) {name}", work(permutations), some)
        for permutations in (128, 256)
        for name, work, some in (
            ("update", _update, few[:20]),
            ("update_batch", _update_batch, few),
            ("bulk", _bulk, few),
        )
    ]
    batch = race(kind, "codes/s", Side("", codes, texts), peers)
    single = Side("", lambda some: [codes([text]) for text in some], texts)
    return batch + race("one text a call", "codes/s", single, [peers[1]])


# ----------------------------------------------------------------------------------- phrases


def _material() -> tuple[list[str], list[str]]:
    """Phrases of one to three words, and texts of 1 kB of which each tenth holds one."""
    draw = random.Random(8)
    words = sorted({word for text in edits.generated(3000) for word in text.split()})
    rare = [word + draw.choice(words) for word in words * 3]
    phrases = {skeleton(" ".join(draw.choices(rare, k=draw.choice([1, 1, 2, 2, 3])))) for _ in rare}
    kept = sorted(phrases)[:PHRASES]
    texts = [" ".join(edits.generated(6))[:1000] for _ in range(200 if QUICK else 1000)]
    return kept, [
        f"{text[:500]} {draw.choice(kept)} {text[500:]}" if number % 10 == 0 else text
        for number, text in enumerate(texts)
    ]


def time_phrases() -> list[report.Line]:
    """The search in a skeleton, and from the raw text: there the peer is given our skeletons, and
    looks for no evasions."""
    phrases, texts = _material()
    skeletons = [dense(plain(bare(text))) for text in texts]
    peer = ahocorasick.Automaton()
    ours, table = Strings(), PhraseTable()
    for number, words in enumerate(phrases):
        peer.add_word(bounded(words), bounded(words))
        ours.add(bounded(words))
        table.upsert(number, words.encode())
    peer.make_automaton()

    def theirs(text: str) -> set[str]:
        return {found for _, found in peer.iter(text)}

    for raw, text in zip(texts, skeletons, strict=True):
        owners = {bounded(phrases[owner]) for owner in table.search_owners(raw)}
        if not ours.among(text) == theirs(text) == owners:
            raise RuntimeError(f"different phrases were found in {text!r}")
    say(f"phrases: the same {sum(len(theirs(text)) for text in skeletons)} finds on both sides")
    kind = f"{len(phrases):,} phrases in texts of 1 kB"
    return race(
        kind,
        "texts/s",
        Side("", lambda some: [ours.among(text) for text in some], skeletons),
        [Side("pyahocorasick", lambda some: [theirs(text) for text in some], skeletons)],
    ) + race(
        f"{kind}, from the raw text with evasions",
        "texts/s",
        Side("", lambda some: [table.search_owners(text) for text in some], texts),
        [
            Side(
                "pyahocorasick after our normalising",
                lambda some: [theirs(dense(plain(bare(text)))) for text in some],
                texts,
            )
        ],
    )


# ------------------------------------------------------------------------------------ recall


class Found(NamedTuple):
    """What the look for edited copies gave: lines for the results, and those of a table."""

    lines: list[report.Line]
    by_edit: list[report.Line]


def find_copies(corpora: dict[str, list[str]]) -> Found:
    """Raises RuntimeError where a look-up in datasketch's LSH finds more of the similar copies."""
    kind = f"copies of {'real' if corpora else 'generated'} texts"
    known = [t for texts in corpora.values() for t in texts if 100 <= len(t) <= 1000]
    texts = (known or edits.generated(2500))[:: 4 if QUICK else 1][:2500]
    copies = edits.edited(texts, seed=5)
    ours = recall.by_tidegate(texts, [copy.text for copy in copies])
    own = recall.quality(ours, texts, copies)
    lines: list[report.Line] = []
    lsh_128: recall.Hits = set()
    for permutations in (128, 256):
        by_lsh, by_all = recall.by_datasketch(texts, [copy.text for copy in copies], permutations)
        lsh_128 = lsh_128 or by_lsh
        for name, hits in (("LSH", by_lsh), ("each with each", by_all)):
            theirs = recall.quality(hits, texts, copies)
            peer = f"MinHash({permutations}) {name}"
            say(f"{kind}: recall {own.recall:.1f} %, {peer} {theirs.recall:.1f} %")
            for metric, value, other in zip(own._fields, own, theirs, strict=True):
                one = line(kind, f"{metric}, %", value, "%", len(copies))
                lines.append(beside(one, peer, other))
            if name == "LSH" and theirs.recall > own.recall:
                raise RuntimeError(f"{peer} finds more copies")
    rows = recall.by_edit([ours, lsh_128], texts, copies)
    metrics = [("copies", ""), ("Jaccard", "%"), ("found", "%"), ("found by MinHash(128) LSH", "%")]
    return Found(
        lines,
        [
            line(edit, metric, value, unit, len(copies))
            for edit, values in rows.items()
            for (metric, unit), value in zip(metrics, values, strict=True)
        ],
    )


def compare_others(corpora: dict[str, list[str]]) -> list[report.Line]:
    """Different texts of a corpus that pass for copies of one another."""
    lines: list[report.Line] = []
    for name, texts in corpora.items():
        found = recall.others(texts)
        say(f"{name}: {found}")
        lines += [
            line(name, metric, value, "", found.texts)
            for metric, value in zip(
                (
                    "texts",
                    "pairs",
                    "within radius 31",
                    "of them J ≥ .76",
                    "confirmed though J < .76",
                ),
                found,
                strict=True,
            )
        ]
    return lines


def main() -> None:
    corpora = edits.corpora()
    if not corpora:
        say("no ../shared/data beside the project: copies of generated texts, and no false matches")
    copies = find_copies(corpora)
    different = compare_others(corpora)
    articles = next(iter(corpora.values()), []) or quotations.generated_articles()
    quoting = quotations.find(articles)
    misquoted = quotations.compare(corpora) if corpora else []
    coding, phrases, looking = time_codes(), time_phrases(), quotations.timed(articles)
    lines = [*coding, *phrases, *looking, *copies.lines, *copies.by_edit, *different]
    lines += [*quoting, *misquoted]
    for one in lines:
        print(msgspec.json.encode(one).decode())
    if QUICK or not corpora:
        return
    say(f"wrote {report.write('text', lines)}")
    report.tabulate("text-quoted", quoting, "text.md")
    report.tabulate("text-misquoted", misquoted, "text.md")
    report.tabulate("text-quoted-speed", abreast(looking), "text.md")
    report.tabulate("text-speed", abreast([*coding, *phrases]), "text.md")
    report.tabulate("text-recall", abreast(copies.lines), "text.md")
    report.tabulate("text-edits", copies.by_edit, "text.md")
    say(f"filled in {report.tabulate('text-others', different, 'text.md')}")
    fastest = max((one for one in coding if one.case == coding[0].case), key=_theirs)
    bars = [
        report.Bar("codes of texts", fastest.value, _aim(fastest, TIMES_DATASKETCH), "codes/s"),
        report.Bar("texts of 1 kB searched for phrases", phrases[0].value,
                   _aim(phrases[0], TIMES_PYAHOCORASICK), "texts/s"),
        report.Bar("similar copies found", copies.lines[0].value, round(_theirs(copies.lines[0])), "%"),
        report.Bar("known texts found in others ten times as long",
                   next(one.value for one in quoting if one.metric == "found"), quotations.QUOTED, "%"),
    ]  # fmt: skip
    note = (
        f"Upright lines: {TIMES_DATASKETCH} × datasketch's fastest, {TIMES_PYAHOCORASICK} ×"
        " pyahocorasick, what datasketch's LSH finds, and what was promised. One thread each."
    )
    say(f"drew {report.plot('text', 'Texts and phrases', bars, note)}")


def _theirs(one: report.Line) -> float:
    return one.peer_value or 0


def _aim(one: report.Line, times: float) -> float:
    return round(times * _theirs(one), -3)


if __name__ == "__main__":
    main()
