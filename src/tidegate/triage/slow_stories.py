"""Stories in Python, as `native/stories.inc` keeps them, which says what they are: to the last bit, so
the doubles are added in the same order.
"""

from math import frexp, isnan

from tidegate.signals.native.clusters import FRESH, NEW
from tidegate.triage.model import LOGARITHMS, Manner

POSTINGS = LINKS = 8


def logarithm(value: float) -> float:
    """The binary logarithm of a number from 1 on, by the table."""
    mantissa, exponent = frexp(value)
    return (exponent - 1) + LOGARITHMS[int((2 * mantissa - 1) * 1024)]


class Stories:
    """Which story each representative is in."""

    def __init__(self, manner: Manner) -> None:
        self.moved: list[tuple[int, int]] = []
        self._by = manner
        self._texts = 0
        self._seen: dict[int, int] = {}
        self._used: dict[int, list[list[int]]] = {}  # of a word: stories, and how often
        self._into: list[int] = []
        self._first: list[int] = []
        self._count: list[int] = []
        self._day: list[float] = []
        self._links: list[list[list[int]]] = []

    def root(self, story: int) -> int:
        """What a story is part of now."""
        while self._into[story] != story:
            story = self._into[story]
        return story

    def first(self, story: int) -> int:
        """The cluster that began what a story is part of now."""
        return self._first[self.root(story)]

    def take(self, terms: list[int], day: float, given: int, cluster: int) -> int:
        """The story of the representative of a new cluster: that given, or what its words say."""
        self._texts += 1
        weights: dict[int, float] = {}
        total = 0.0
        for term in terms[: terms.index(0) if 0 in terms else None]:
            word = term & 0xFFFFFFFC
            self._seen[word] = self._seen.get(word, 0) + 1
            rare = (1.0, self._by.capital, self._by.tag)[term & 3] * logarithm(
                (self._texts + 20) / (self._seen[word] + 0.5)
            )
            weights[word] = rare * rare
            total += rare * rare
        claims = self._claims(weights, total, day) if given == NEW else []
        if claims:
            story = claims[0][1]
        else:
            story = self.root(given) if given < FRESH else self._begin(day, cluster)
        self._count[story] += 1
        if isnan(self._day[story]):
            self._day[story] = day
        if not isnan(day):
            self._day[story] += (day - self._day[story]) / min(self._count[story], 50)
        for word in weights:
            self._use(word, story)
        if len(claims) > 1 and claims[1][0] >= self._by.rival * claims[0][0]:
            story = self._link(story, claims[1][1])
        return story

    def _claims(
        self, weights: dict[int, float], total: float, day: float
    ) -> list[tuple[float, int]]:
        scores: dict[int, float] = {}
        for word, weight in weights.items():
            common = self._by.beyond * self._seen[word] / self._texts
            for story, count in self._postings(word):
                uses = self._by.often * (count / self._count[story] - common)
                scores[story] = scores.get(story, 0.0) + weight * min(max(uses, 0.0), 1.0)
        claims: list[tuple[float, int]] = []
        more = 1 + self._by.early / self._texts
        for story, sum_ in scores.items():
            timed = not isnan(day) and not isnan(self._day[story])
            score = sum_ / total
            if timed:
                score *= self._nearness(day, self._day[story])
            if score >= (self._by.story if timed else self._by.untimed) * more:
                claims.append((score, story))
        return sorted(claims, key=lambda claim: (-claim[0], claim[1]))[:2]

    def _nearness(self, day: float, other: float) -> float:
        far = abs(other - day)
        if not far > self._by.slack:
            return 1.0
        far = (far - self._by.slack) / self._by.days
        return 1 / (1 + far * far)

    def _begin(self, day: float, cluster: int) -> int:
        story = len(self._into)
        self._into.append(story)
        self._first.append(cluster)
        self._count.append(0)
        self._day.append(day)
        self._links.append([])
        return story

    def _postings(self, word: int) -> list[list[int]]:
        return self._joined(self._used.get(word, []))

    def _joined(self, pairs: list[list[int]]) -> list[list[int]]:
        """Stories as they are now, each once, with the sums of their counts."""
        sums: dict[int, int] = {}
        for story, count in pairs:
            sums[self.root(story)] = sums.get(self.root(story), 0) + count
        return [[story, count] for story, count in sums.items()]

    def _use(self, word: int, story: int) -> None:
        now = self._postings(word)
        mine = next((pair for pair in now if pair[0] == story), None)
        if mine is None:
            mine = [story, 0]
            now.append(mine)
        mine[1] += 1
        if len(now) > POSTINGS:
            others = [pair for pair in now if pair is not mine]
            least = min(others, key=lambda pair: (pair[1], -pair[0]))
            now[now.index(least)] = now[-1]
            now.pop()
        self._used[word] = now

    def _link(self, one: int, other: int) -> int:
        older, younger = min(one, other), max(one, other)
        times = self._add(younger, older, 1)
        smaller = min(self._count[older], self._count[younger])
        if times < min(smaller, 2) or times < self._by.share * smaller:
            return one
        self._join(older, younger)
        return older

    def _join(self, older: int, younger: int) -> None:
        x, y = self._count[older], self._count[younger]
        if isnan(self._day[older]):
            self._day[older] = self._day[younger]
        elif not isnan(self._day[younger]):
            self._day[older] = (self._day[older] * x + self._day[younger] * y) / (x + y)
        self._count[older] = x + y
        self._into[younger] = older
        self.moved.append((self._first[younger], self._first[older]))
        for story, count in self._links[younger]:
            third = self.root(story)
            if third < older:
                self._add(older, third, count)
            elif third > older:
                self._add(third, older, count)

    def _add(self, younger: int, older: int, times: int) -> int:
        now = [pair for pair in self._joined(self._links[younger]) if pair[0] != younger]
        mine = next((pair for pair in now if pair[0] == older), None)
        if mine is None:
            mine = [older, 0]
            now.append(mine)
        mine[1] += times
        if len(now) > LINKS:
            least = min(range(LINKS), key=lambda place: now[place][1])
            now[least] = now[-1]
            now.pop()
        self._links[younger] = now
        return mine[1]
