"""From a platform's words to a submission that is ready to be judged and committed.

Everything slow happens here, before the transaction: fetching media, keeping their bytes, decoding
them in the sandbox.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from tidegate.content.media.model import Budget, Examined, at_part
from tidegate.content.model import (
    Content,
    ItemIn,
    MediaIn,
    StoredMedia,
    Version,
    Worded,
    believed,
    check_item,
    check_name,
    content_digest,
    in_utc,
    is_tip,
    pseudonym,
    stored_media,
    to_content,
    url_digest,
)
from tidegate.content.parts import TEXT, Part
from tidegate.infra.egress import AddressGuard, EgressFailed, EgressRefused, fetch
from tidegate.infra.errors import Refusal, bad_field
from tidegate.pipeline.instance import Instance
from tidegate.signals import fingerprints, links
from tidegate.signals.fingerprints.normalise import extent, legible, too_long
from tidegate.signals.model import Codes, Fingerprint
from tidegate.signals.parts import ExaminedFile, canonical_url, codes_of, not_compared
from tidegate.signals.readings import may_read_otherwise


class File(msgspec.Struct, frozen=True):
    """The bytes of one file of a submission, to be kept as evidence of its part."""

    part: str  # media/0
    data: bytes
    sha256: bytes
    content_type: str | None


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """An item revision to be, with everything that its evaluation needs except text codes."""

    platform: str
    external_id: str
    content: Content
    digest: bytes
    url_key: bytes | None
    actor: str
    request_id: str
    reads_banks: bool = False  # who sends it may
    queue: str = ""  # whose turn its costly parts take
    codes: Codes = []  # of media, the URL and links in attributes
    version: Version | None = None
    problems: list[str] = []
    media: list[dict[str, Any]] = []  # what decoding found
    files: list[File] = []

    @property
    def key(self) -> tuple[str, str]:
        return self.platform, self.external_id

    @property
    def keeps_files(self) -> bool:
        """Whether its files stay whatever is said of it. Of private messages that pass none do, and whether
        they pass is known at the commit only."""
        content = self.content
        return content.publicness != "private" or is_tip(content.surface, content.author)


def describe(
    instance: Instance,
    item: ItemIn,
    *,
    platform: str,
    actor: str,
    request_id: str,
    now: datetime,
    reads_banks: bool = False,
    queue: str = "",
) -> Submission:
    """The submission before anybody has looked at its media. `queue`: whose costly work waits for
    one another. Raises Refusal (422).

    Two are the same by what was sent; what is kept has the time to go by, where the one that is claimed
    has not come.
    """
    check_item(item)
    check_name(platform, "/platform")
    posted_at, problems = believed(item.created_at, now, "created_at")
    version = item.version
    if isinstance(version, datetime):
        version = in_utc(version, "/version")
        problems += believed(version, now, "version")[1]
    author = pseudonym(instance.secrets.author_key, platform, item.author)
    content = to_content(item, author, stored_media(item.media))
    codes = codes_of(url=item.url, attributes=item.attributes)
    key = instance.secrets.terms_key
    digest, canonical = content_digest(key, content), canonical_url(codes)
    url = None if canonical is None else url_digest(key, canonical)
    return Submission(
        platform=platform,
        external_id=item.id,
        content=msgspec.structs.replace(content, created_at=posted_at) if problems else content,
        digest=digest,
        url_key=url,
        actor=actor,
        request_id=request_id,
        reads_banks=reads_banks,
        queue=queue,
        codes=codes,
        version=version,
        problems=[*problems, *of_text(content), *not_compared(content, codes)],
    )


_POST_SECONDS = 0.0003
_CHARACTER_SECONDS = {True: 1e-7, False: 4e-7}  # by whether all of a text is ASCII
_READING_SECONDS = 2e-6  # a character, where a text is read in other ways than it stands


def estimate(worded: Worded | None) -> float:
    """How long judging a post takes, in seconds, roughly: for taking turns with others."""
    if not worded:
        return _POST_SECONDS
    text = worded.text
    seconds = extent(legible(text)) * _CHARACTER_SECONDS[text.isascii()]
    if may_read_otherwise(worded):
        seconds += len(text) * _READING_SECONDS
    return _POST_SECONDS + seconds + links.effort(text)


def of_text(content: Content) -> list[str]:
    """What a person is told of a text that is not read to its end; the rules count it."""
    problem = too_long(content.text) if content.text else None
    return [] if problem is None else [at_part(TEXT, problem)]


async def examine_media(
    instance: Instance, given: Sequence[MediaIn], submission: Submission
) -> Submission:
    """Fetch, keep and decode the files of a submission. Bad media is never an error: its problems are noted.

    Raises Refusal (422) for a media URL that may not or cannot be fetched.
    """
    settings = instance.settings
    budget = Budget(settings.media_post_pixels, settings.media_post_seconds)
    found = await asyncio.gather(
        *(_one(instance, one, index, submission, budget) for index, one in enumerate(given))
    )
    content = submission.content
    stored: list[StoredMedia] = []
    problems = list(submission.problems)
    for media, (file, _, examined) in zip(content.media, found, strict=True):
        stored.append(msgspec.structs.replace(media, sha256=file.sha256.hex(), size=len(file.data)))
        problems += [at_part(file.part, problem) for problem in examined.problems]
    return msgspec.structs.replace(
        submission,
        content=msgspec.structs.replace(content, media=stored),
        codes=submission.codes + codes_of(files=[look for _, look, _ in found]),
        problems=problems,
        media=[
            {
                "part": file.part,
                "content_type": examined.content_type,
                "width": examined.width,
                "height": examined.height,
                "frames": examined.frames,
                "size": len(file.data),
            }
            for file, _, examined in found
        ],
        files=[file for file, _, _ in found],
    )


async def _one(
    instance: Instance, media: MediaIn, index: int, of: Submission, budget: Budget
) -> tuple[File, ExaminedFile, Examined]:
    data = media.data
    if data is None:
        data = await fetch_media(instance, media.url or "", f"/media/{index}/url")
    examined = await instance.media.examine(
        data, media.content_type or None, media.filename, key=of.queue, budget=budget
    )
    digests = await asyncio.to_thread(_digests, instance, data, keep=of.keeps_files)
    file = File(Part.media(index).name, data, _sha256(digests), examined.content_type)
    return file, ExaminedFile(digests, examined.codes, media.url), examined


def _digests(instance: Instance, data: bytes, *, keep: bool) -> list[Fingerprint]:
    """The file's digests; with `keep` its bytes are durable when this returns."""
    digests = fingerprints.of_bytes(data)
    if keep:
        instance.evidence.put(data, _sha256(digests))
    return digests


def _sha256(digests: list[Fingerprint]) -> bytes:
    return next(code.value for code in digests if code.kind == "sha256")


async def fetch_media(instance: Instance, url: str, pointer: str) -> bytes:
    """The bytes behind a media URL. Raises Refusal (422), with the field at fault."""
    guard = AddressGuard(instance.settings.allowed_addresses)
    limit = instance.settings.upload_limit
    timeout = instance.settings.fetch_timeout_seconds
    try:
        fetched = await fetch(url, guard=guard, limit_bytes=limit, timeout=timeout)
    except EgressRefused as error:
        raise bad_field(pointer, "a public http(s) address", str(error)) from error
    except EgressFailed as error:
        raise _unfetchable(pointer, str(error)) from error
    if not 200 <= fetched.status < 300:
        raise _unfetchable(pointer, f"the server answered {fetched.status}")
    return fetched.data


def _unfetchable(pointer: str, why: str) -> Refusal:
    return Refusal(
        "media-unfetchable",
        422,
        "A media URL could not be fetched",
        f"{pointer}: {why}. Send the bytes as data, or try again later.",
    )
