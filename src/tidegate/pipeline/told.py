"""From somebody's words to a report that is ready to be heard: checked, with what it brings as an item to be.

Everything slow happens here, before the transaction, as of a submission: what a report brings is one, of an
item that is private and has no author.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from tidegate.content.model import TIP, Content, content_digest, tip_id
from tidegate.infra.acting import Acting
from tidegate.intake.model import ReportIn, Taken, take
from tidegate.intake.threats.screen import Screen, Shadowed
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.submission import Submission, estimate, examine_media, of_text
from tidegate.signals.parts import not_compared

# What a report takes beside what it brings: heard together with others, or by itself.
_TOGETHER, _ALONE = 0.0002, 0.008


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A report that was checked, in whose name it comes, and what it brings (`tip`; None: nothing).
    `queue`: whose turn its work takes; `threat`: what its words threaten, once they are screened; `tried`: of
    which of its fields packs in shadow say something else; `screen`: by what that was found."""

    taken: Taken
    by: Acting
    request_id: str
    queue: str = ""
    tip: Submission | None = None
    threat: dict[str, Any] | None = None
    tried: Mapping[str, Shadowed] = msgspec.field(default_factory=dict[str, Shadowed])
    screen: Screen | None = None

    @property
    def is_about_itself(self) -> bool:
        """Whether it is about what it brings, and nothing else."""
        return self.taken.said.item_id is None and self.taken.address is None

    @property
    def seconds(self) -> float:
        """How long hearing it takes, roughly: for taking turns with others."""
        own = _TOGETHER if self.is_about_itself else _ALONE
        return own + (0.0 if self.tip is None else estimate(self.tip.content.worded))


def describe_report(
    instance: Instance,
    report: ReportIn,
    *,
    platform: str,
    by: Acting,
    request_id: str,
    now: datetime,
    queue: str = "",
) -> Told:
    """The report before anybody has looked at its media. Raises Refusal (422)."""
    secrets = instance.secrets
    taken = take(
        report,
        platform=platform,
        terms_key=secrets.terms_key,
        author_key=secrets.author_key,
        sources_key=secrets.sources_key,
        now=now,
    )
    tip = _tip(instance, taken, by.actor, request_id, queue) if report.brings else None
    return Told(taken=taken, by=by, request_id=request_id, queue=queue, tip=tip)


def _tip(instance: Instance, taken: Taken, actor: str, request_id: str, queue: str) -> Submission:
    report, key = taken.said, instance.secrets.terms_key
    content = Content(
        surface=TIP,
        publicness="private",
        author="",
        created_at=taken.created_at,
        language=report.language,
        text=report.text,
        media=taken.media,
    )
    return Submission(
        platform=taken.platform,
        external_id=tip_id(key, taken.platform, report.id),
        content=content,
        digest=content_digest(key, content),
        url_key=None,
        actor=actor,
        request_id=request_id,
        queue=queue,
        problems=[*of_text(content), *not_compared(content, [])],
    )


async def examine_report(instance: Instance, told: Told) -> Told:
    """Fetch, keep and decode the files that a report brings. Raises Refusal (422) as `examine_media`."""
    given = told.taken.said.media
    if told.tip is None or not given:
        return told
    return msgspec.structs.replace(told, tip=await examine_media(instance, given, told.tip))
