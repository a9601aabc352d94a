"""The flood: tips pour in, clusters form, one threat to life rings at once, the queue orders itself; then the
server is killed in the middle of a batch, and nothing that it acknowledged is lost.

The texts are messages that people sent after a disaster, passed on as people do it. The threats are made up.
"""

import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import NamedTuple

from tidegate.client import Client, ClientError, Problem, Report, ReportAnswer

from . import story
from .processes import DemoError, Receiver, Server, wait
from .summary import Checks

TIPS, MORE = 600, 400  # while it pours; and when the server is killed
CALM = 150  # tips answered, and the threat comes
SHORTEST, LONGEST, EACH = (
    70,
    260,
    9,
)  # of the messages that somebody sent, every ninth of such a length
EDITED = 0.25  # of the copies: the others say the same, only otherwise written
LEAST_TOGETHER = 0.95  # of edited copies, with what they are copies of
THREAT = (
    "en",
    "He told me he will shoot everybody in the bus station on Saturday at noon. He showed me the gun this"
    " morning. Please, somebody has to stop him.",
)
LATER = {  # seconds after the links are printed
    15.0: (
        "fr",
        "Mon voisin dit qu'il va faire sauter la mairie demain à midi, il a des explosifs dans sa cave.",
    ),
    60.0: (
        "de",
        "Er hat geschrieben, dass er morgen früh in der Schule alle erschießen wird. Er hat ein Gewehr.",
    ),
}
CONNECTIONS = 8
EVERY_SECONDS, AT_ONCE, LASTS = 0.5, 4, 120.0


class Tip(NamedTuple):
    """A tip, which text it is a copy of, and whether it says it in other words."""

    report: Report
    source: int
    edited: bool


class Rang(NamedTuple):
    """A threat to life: its case, and the seconds until it was answered and until the receiver had it."""

    case: str
    answered: float
    arrived: float


class Flood:
    """What is poured in, and what came of it. `facts` are for the summary, `cases` those that it opened."""

    def __init__(self, platform: Client, reviewer: Client, checks: Checks) -> None:
        self.facts: list[tuple[str, str]] = []
        self.cases: set[str] = set()
        self._platform, self._reviewer, self._checks = platform, reviewer, checks
        self._sent: list[Tip] = []
        self._answers: list[ReportAnswer] = []

    def pour(self, receiver: Receiver) -> None:
        """Tips in batches, and amid them a threat to life by a request of its own."""
        tips, began = list(_tips("flood", TIPS)), time.monotonic()
        many, all_in = threading.Event(), threading.Event()
        answers: list[ReportAnswer] = []

        def take() -> None:
            try:
                for answer in _taken(self._platform, tips):
                    answers.append(answer)
                    if len(answers) >= CALM:
                        many.set()
                all_in.set()
            finally:
                many.set()

        pouring = threading.Thread(target=take, daemon=True)
        pouring.start()
        many.wait()
        rang = self._threaten(receiver)
        pouring.join()
        seconds = time.monotonic() - began
        self._checks.that(all_in.is_set(), "every batch of tips is answered to its end")
        self._keep(tips, answers)
        self.cases.add(rang.case)
        clusters = self._clusters(tips, answers)
        texts = len({tip.source for tip in tips})
        self.facts += [
            ("a flood", f"{len(answers):,} tips in {seconds:.1f} s: {texts} texts, passed on"),
            ("clusters", f"{clusters}, each one case"),
            (
                "a threat to life",
                f"in the flood, rang in {rang.answered * 1000:,.0f} ms;"
                f" at the receiver {rang.arrived * 1000:,.0f} ms after it was sent",
            ),
            ("the queue", self._order(rang)),
        ]

    def kill(self, server: Server, connect: Callable[[Callable[[float], None]], Client]) -> None:
        """Kill the server when it has answered the first tips of a batch, start it anew, and go on."""
        tips = list(_tips("after", MORE))
        answers: list[ReportAnswer] = []
        answered: list[int] = []  # how many, when the connection broke

        def broken(seconds: float) -> None:
            answered.append(len(answers))
            time.sleep(seconds)

        with connect(broken) as client:
            batch = _taken(client, tips)
            answers.append(next(batch))
            began = time.monotonic()
            server.kill()
            server.start()
            server.wait_ready()
            away = time.monotonic() - began
            self._checks.that(_is_unknown(client, tips[-1]), "the server died within the batch")
            answers += batch  # the client sends again what nobody has answered
        before = answered[0] if answered else len(answers)
        self._checks.that(0 < before < MORE, f"{before} of {MORE} were answered before the kill")
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            kept = list(pool.map(self._platform.get_report, (one.id for one in answers[:before])))
        self._checks.equal(
            [(one.id, one.case, one.reference) for one in kept],
            [(one.id, one.case, one.reference) for one in answers[:before]],
            "the tips that were answered before the kill, as they are read after it",
        )
        self._keep(tips, answers)
        again = list(_taken(self._platform, self._sent))
        self._checks.equal(again == self._answers, True, "who sends again gets the same answers")
        self.facts.append(
            (
                "SIGKILL in a batch",
                f"after {before} of {MORE} answers, served again after {away:.1f} s;"
                f" {len(again):,} sent once more, 0 lost",
            )
        )

    def _keep(self, tips: Sequence[Tip], answers: Sequence[ReportAnswer]) -> None:
        told = [answer.id for answer in answers]
        self._checks.equal(told, [tip.report.id for tip in tips], "the tips answered")
        self._sent += tips
        self._answers += answers
        self.cases |= {answer.case for answer in answers}

    def _threaten(self, receiver: Receiver) -> Rang:
        """Tell of a threat: it has rung when it is answered, and everybody who is to be called knows."""
        language, text = THREAT
        began = time.monotonic()
        answer = self._platform.report(_report("flood/threat", text, "witness", language))
        answered = time.monotonic() - began
        threat = answer.threat or {}
        self._checks.equal(threat.get("level"), "high_specific", "the level of the threat")
        alert = self._reviewer.alert(str(threat.get("alert")))
        self._checks.equal(alert.state, "open", "the alert's state")
        self._checks.equal(alert.reports, ["flood/threat"], "the reports that the alert names")
        self._checks.equal(alert.case, answer.case, "the alert's case")
        wait(lambda: any(one.get("alert") == alert.id for one in receiver.messages(alerts=True)))
        arrived = time.monotonic() - began
        told = [
            one["type"] for one in receiver.messages(alerts=True) if one.get("alert") == alert.id
        ]
        self._checks.equal(told, ["alert.opened"], "what the receiver was told of the alert")
        return Rang(answer.case, answered, arrived)

    def _clusters(self, tips: Sequence[Tip], answers: Sequence[ReportAnswer]) -> int:
        """Copies are together, however they are written; how many clusters there are."""
        same: defaultdict[int, set[str | None]] = defaultdict(set)
        for tip, answer in zip(tips, answers, strict=True):
            if not tip.edited:
                same[tip.source].add(answer.cluster)
        for source, clusters in same.items():
            self._checks.equal(len(clusters), 1, f"the clusters of text {source}, forwarded")
        edited = [
            answer.cluster in same[tip.source]
            for tip, answer in zip(tips, answers, strict=True)
            if tip.edited
        ]
        share = sum(edited) / len(edited)
        self._checks.that(share >= LEAST_TOGETHER, f"edited copies are together: {share:.3f}")
        clusters = {answer.cluster for answer in answers}
        cases = {answer.case for answer in answers}
        self._checks.equal(len(cases), len(clusters), "the cases of the flood, one a cluster")
        return len(clusters)

    def _order(self, rang: Rang) -> str:
        """What rang is first, whenever it came."""
        first = self._reviewer.cases_page(state="waiting", limit=1, order="priority").data
        self._checks.equal([one.id for one in first], [rang.case], "the case that comes first")
        by_time = [one.id for one in self._reviewer.cases(state="waiting")]
        self._checks.equal(set(by_time), self.cases, "the cases that wait")
        place = by_time.index(rang.case) + 1 if rang.case in by_time else 0
        return f"the threat is first of {len(by_time)} cases; by time it would be number {place}"


def keep_pouring(platform: Client, stop: threading.Event) -> None:
    """The flood goes on for two minutes, live: copies join what waits, and two threats ring."""
    began, threats = time.monotonic(), dict(LATER)
    tips = _tips("live", 10**6)
    while not stop.wait(EVERY_SECONDS) and (since := time.monotonic() - began) < LASTS:
        reports = [next(tips).report for _ in range(AT_ONCE)]
        for at in [at for at in threats if at <= since]:
            language, text = threats.pop(at)
            reports.append(_report(f"live/threat-{language}", text, f"caller-{language}", language))
        try:
            for _ in platform.report_batch(reports):
                pass
        except ClientError:
            return  # the server ends


def _taken(client: Client, tips: Sequence[Tip]) -> Iterator[ReportAnswer]:
    """Send tips in a batch; each one's answer as it comes."""
    for line in client.report_batch(tip.report for tip in tips):
        if line.report is None:
            raise DemoError(f"Tip {line.index} of the batch was refused: {line.problem}")
        yield line.report


def _is_unknown(client: Client, tip: Tip) -> bool:
    try:
        client.get_report(tip.report.id)
    except Problem as problem:
        return problem.status == 404
    return False


def _tips(name: str, count: int) -> Iterator[Tip]:
    """So many tips: a few texts, of which the first are passed on most. The same each time."""
    draw = random.Random(name)
    sent = [
        item.text
        for item in story.messages(genre="direct")
        if item.text and SHORTEST <= len(item.text) <= LONGEST
    ][::EACH]
    for number in range(count):
        source = int(len(sent) * draw.random() ** 2)
        edited = draw.random() < EDITED
        text = (_edited if edited else _forwarded)(sent[source], draw)
        report = _report(f"{name}/{number}", text, f"person-{name}-{number}", "en")
        yield Tip(report, source, edited)


def _report(id: str, text: str, reporter: str, language: str) -> Report:
    return Report(
        id=id,
        channel="tip",
        reason="other",
        created_at=datetime.now(UTC),
        text=text,
        language=language,
        reporter=reporter,
    )


def _forwarded(text: str, draw: random.Random) -> str:
    """The same words, as they look after somebody has passed them on."""
    name = f"{draw.choice('abcdefgh')}{draw.randrange(10_000)}"
    ways = (
        text,
        text.upper(),
        f"RT @{name}: {text}",
        f"{text}!!!",
        f"{text} https://t.example/{name}",
    )
    return draw.choice(ways)


def _edited(text: str, draw: random.Random) -> str:
    """A word less, and something added."""
    words = text.split()
    del words[draw.randrange(len(words))]
    return f"{' '.join(words)} {draw.choice(('Pls share', 'is this true?', 'from my aunt', '😢'))}"
