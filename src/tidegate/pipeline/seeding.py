"""Open cases by the thousand, for measuring what the desk costs when much waits: `tidegate bench seed`.

The mix, in hundredths of the posts: language English 40, Arabic 25, German 15, French 15, Russian 5. Files
none 40, one to four pictures 45, a video 10, another file 5; a fifth of those with files have no words. Why
a case is there: a threat to life 0.5, a trusted flagger 3, a notice 2, near to a confirmed entry 5, near to an
unconfirmed one 15, five or more reporters 5, one to four reporters 29.5, a rule 40. A tenth of the cases are
copies, in groups of 2 to 40. They have waited for up to five days. Items, revisions, evaluations, reports and
cases are as they would be, with ids and words of their own, so that more can be made where there are some; the
bytes of files are not there, and the ledger says once how many were made.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from uuid import uuid4

import msgspec

from tidegate.content.admission import NewRevision, admit, keep
from tidegate.content.model import Arrival, Content, ItemRow, StoredMedia, content_digest, pseudonym
from tidegate.decisions.actions import keep_evaluations
from tidegate.decisions.model import Evaluation
from tidegate.infra.db import Tx
from tidegate.infra.ids import uuid7
from tidegate.intake.actions import keep_reports
from tidegate.intake.channels import Channel
from tidegate.intake.model import ReportIn, Taken, take
from tidegate.ledger.actions import append
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.ranking import ranking_of
from tidegate.policy.model import RuleResult
from tidegate.review.model import EVALUATION_QUEUE, REPORT_QUEUE, CaseRow
from tidegate.review.priority import THREAT
from tidegate.review.ranking import Seen
from tidegate.review.seeding import open_ranked
from tidegate.signals.model import Match, encode_codes

GROUP = 1000  # cases a transaction
PLATFORM = "default"
_LONGEST_WAIT = timedelta(days=5)
_LANGUAGES = {"en": 40, "ar": 25, "de": 15, "fr": 15, "ru": 5}
_FILES = {"none": 40, "image": 45, "video": 10, "other": 5}
_REASONS = {
    "threat": 5,
    "trusted_flagger": 30,
    "notice": 20,
    "confirmed": 50,
    "unconfirmed": 150,
    "many": 50,
    "few": 295,
    "rule": 400,
}
_BANKS = (("attack-2026", "attack_footage"), ("manifestos", "propaganda"), ("chants", "incitement"))
_TYPES = {"image": "image/jpeg", "video": "video/mp4", "other": "application/pdf"}
_MOST_WORDS = 60
_SENTENCES = {
    "en": "they meet at the square tomorrow and nobody should stand in their way again because of this",
    "ar": "سوف يجتمعون غدا في الساحة ولن يقف أحد في طريقهم بعد الآن لأن هذا هو ما قالوا",
    "de": "sie treffen sich morgen auf dem Platz und niemand soll ihnen mehr im Weg stehen wegen dessen",
    "fr": "ils se retrouvent demain sur la place et personne ne doit plus leur barrer la route pour cela",
    "ru": "завтра они соберутся на площади и никто больше не должен стоять у них на пути из за этого",
}

# A long text of each language, of which posts are passages.
_WORDS = {
    name: Random(name).choices(sentence.split(), k=4000)  # noqa: S311
    for name, sentence in _SENTENCES.items()
}


class _Post(msgspec.Struct, frozen=True, kw_only=True):
    """A post to be, and why there is a case about it."""

    id: str
    content: Content
    reason: str
    match: Match | None
    reporters: int
    waited: timedelta


def seed(tx: Tx, instance: Instance, random: Random, count: int) -> int:
    """Open up to `count` cases, a group of them; returns how many."""
    posts = list(_posts(instance, random, min(count, GROUP), tx.now))
    key = instance.secrets.terms_key
    arrivals = [
        Arrival(
            platform=PLATFORM,
            external_id=post.id,
            content=post.content,
            digest=content_digest(key, post.content),
            url_key=None,
        )
        for post in posts
    ]
    admitted = admit(tx, arrivals)
    items = [admitted[one.key].item for one in arrivals]
    codes = encode_codes([])
    keep(
        tx,
        [
            NewRevision(item=item, digest=one.digest, content=one.content, fingerprints=codes)
            for item, one in zip(items, arrivals, strict=True)
        ],
    )
    pack = instance.pack(tx).ident
    looks = [_look(tx.now, pack, *one) for one in zip(posts, items, strict=True)]
    keep_evaluations(tx, looks)
    told = [
        (report, item)
        for post, item in zip(posts, items, strict=True)
        for report in _reports(tx, instance, post)
    ]
    keep_reports(tx, told)
    seen = [_case(tx.now, *one) for one in zip(posts, items, looks, strict=True)]
    open_ranked(tx, ranking_of(tx, instance), seen)
    append(tx, "bench.seeded", {"cases": len(seen)}, platform=PLATFORM)
    return len(seen)


def _posts(instance: Instance, random: Random, count: int, now: datetime) -> Iterator[_Post]:
    """Posts, a tenth of them copies of one another."""
    made = 0
    while made < count:
        copies = random.randint(2, 40) if random.random() < 0.0053 else 1
        first = _post(instance, random, now)
        for _ in range(min(copies, count - made)):
            made += 1
            yield msgspec.structs.replace(
                first, id=f"seed-{uuid4().hex[:16]}", waited=_waited(random)
            )


def _post(instance: Instance, random: Random, now: datetime) -> _Post:
    reason = _one_of(random, _REASONS)
    near = reason in ("confirmed", "unconfirmed")
    reporters = {"threat": 1, "trusted_flagger": 1, "notice": 1}.get(reason, 0)
    if reason in ("many", "few"):
        reporters = random.randint(5, 12) if reason == "many" else random.randint(1, 4)
    return _Post(
        id="",
        content=_content(instance, random, now),
        reason=reason,
        match=_match(random, confirmed=reason == "confirmed") if near else None,
        reporters=reporters,
        waited=timedelta(0),
    )


def _content(instance: Instance, random: Random, now: datetime) -> Content:
    language, sort = _one_of(random, _LANGUAGES), _one_of(random, _FILES)
    files = {"none": 0, "image": random.randint(1, 4)}.get(sort, 1)
    words = _WORDS[language]
    first = random.randrange(len(words) - _MOST_WORDS)
    text = " ".join(words[first : first + random.randint(8, _MOST_WORDS)])
    stamp = uuid4().hex[:8]
    author = pseudonym(instance.secrets.author_key, PLATFORM, f"seed-{random.getrandbits(20)}")
    return Content(
        surface="post",
        publicness="public",
        author=author,
        created_at=now,
        language=language,
        text=None if files and random.random() < 0.2 else f"{text} {stamp}",
        media=[
            StoredMedia(
                f"{stamp}-{place}",
                _TYPES[sort],
                hashlib.sha256(f"{stamp} {place}".encode()).hexdigest(),
                random.randint(20_000, 900_000),
            )
            for place in range(files)
        ],
    )


def _match(random: Random, *, confirmed: bool) -> Match:
    bank, label = random.choice(_BANKS)
    return Match(
        part="media/0" if random.random() < 0.5 else "text",
        bank=bank,
        stance="known",
        entry=str(uuid4()),
        labels=[label],
        kind="pdq",
        route="pdq",
        distance=random.randint(2, 31),
        confirmed=confirmed,
    )


def _look(now: datetime, pack: str, post: _Post, item: ItemRow) -> Evaluation:
    rule = "possible-match" if post.match else "reported" if post.reporters else "media-not-judged"
    return Evaluation(
        id=uuid7(now),
        item_id=item.id,
        revision=1,
        stage="report" if post.reporters else "fast",
        pack=pack,
        bank_version=0,
        verdict="review",
        rules=[RuleResult(rule, 1, "live", "review", [])],
        matches=[post.match] if post.match else [],
        problems=[],
        created_at=now,
    )


def _reports(tx: Tx, instance: Instance, post: _Post) -> Iterator[Taken]:
    channels: dict[str, Channel] = {"trusted_flagger": "trusted_flagger", "notice": "notice"}
    for place in range(post.reporters):
        report = ReportIn(
            id=f"{post.id}-{place}",
            channel=channels.get(post.reason, "user"),
            reason=THREAT if post.reason == "threat" else "terrorism",
            created_at=tx.now,
            item_id=post.id,
            reporter=f"reporter-{place}",
        )
        keys = {
            "terms_key": instance.secrets.terms_key,
            "author_key": instance.secrets.author_key,
            "sources_key": instance.secrets.sources_key,
        }
        yield take(report, platform=PLATFORM, now=tx.now, **keys)


def _case(now: datetime, post: _Post, item: ItemRow, look: Evaluation) -> Seen:
    opened_at = now - post.waited
    case = CaseRow(
        id=uuid7(opened_at),
        subject_kind="item",
        subject_id=item.id,
        platform=PLATFORM,
        item_id=item.id,
        revision=1,
        version=1,
        queue=REPORT_QUEUE if post.reporters else EVALUATION_QUEUE,
        state="open",
        origin="report" if post.reporters else "evaluation",
        match=None if post.match is None else msgspec.to_builtins(post.match),
        claimed_by=None,
        claimant=None,
        claimed_until=None,
        decision_id=None,
        opened_at=opened_at,
        reopened_at=None,
        decided_at=None,
    )
    return Seen(case=case, content=post.content, evaluations=[look])


def _waited(random: Random) -> timedelta:
    """Most have come lately."""
    return _LONGEST_WAIT * random.random() ** 3


def _one_of(random: Random, weights: dict[str, int]) -> str:
    at = random.random() * sum(weights.values())
    for name, weight in weights.items():
        at -= weight
        if at < 0:
            return name
    return next(reversed(weights))
