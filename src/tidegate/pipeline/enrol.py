"""From a file, a text, a URL or a code to the fingerprints of a bank entry."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from tidegate.content.media.model import Examined
from tidegate.infra.errors import FieldError, Refusal, bad_field
from tidegate.pipeline.instance import Instance
from tidegate.signals import fingerprints
from tidegate.signals.banks.model import EntryIn
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.fingerprints.door import refuse_poor, refuse_wider
from tidegate.signals.fingerprints.normalise import too_long
from tidegate.signals.model import Fingerprint
from tidegate.signals.parts import ExaminedFile, codes_of, face_of, without_code


class Enrolment(msgspec.Struct, frozen=True):
    """What `signals.actions.add_entry` is to write."""

    fingerprints: list[Fingerprint]
    options: EntryIn
    text: str | None = None
    evidence: bytes | None = None
    problems: list[str] = []

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments for `add_entry`."""
        return {
            "fingerprints": self.fingerprints,
            "labels": self.options.labels,
            "provenance": self.options.provenance,
            "note": self.options.note,
            "confidence": self.options.confidence,
            "confirmed": self.options.confirmed,
            "text": self.text,
            "evidence": self.evidence,
        }


async def enrol_file(
    instance: Instance,
    data: bytes,
    content_type: str | None,
    filename: str | None,
    options: EntryIn,
    *,
    queue: str = "",
) -> Enrolment:
    """An entry from a file, by its face: its digests always, its picture codes where it could be
    decoded and is not too flat to be known by one; `problems` say what is missing."""
    if not data:
        raise bad_field("/file", "a file with content", "an empty file")
    if options.text or options.url or options.kind or options.value:
        raise bad_field("/file", "a file alone", "a file with text, url, kind or value")
    examined = await instance.media.examine(data, content_type, filename, key=queue)
    codes, problems = codes_of_file(data, examined)
    evidence = await asyncio.to_thread(instance.evidence.put, data)
    return Enrolment(codes, options, evidence=evidence, problems=problems)


def codes_of_file(data: bytes, examined: Examined) -> tuple[list[Fingerprint], list[str]]:
    """The fingerprints of a file that was examined, and what is missing among them."""
    face = face_of(codes_of(files=[ExaminedFile(fingerprints.of_bytes(data), examined.codes)]))
    codes: list[Fingerprint] = []
    problems = list(examined.problems)
    for code in face:
        if (reason := refuse_poor(code)) is None:
            codes.append(code)
        else:
            problems.append(f"no {code.kind} code: {reason}")
    if examined.judged and not any(KINDS[code.kind].source == "pixels" for code in face):
        problems.append(without_code(examined))
    return codes, problems


async def enrol_json(instance: Instance, entry: EntryIn) -> Enrolment:
    """An entry from JSON. Raises Refusal (422) unless it names exactly one content that has a
    fingerprint, and for a code that says too little, or more than was written (`fingerprints.door`). A
    `url` stands for itself; a picture is sent as a file."""
    named = [name for name in ("text", "url", "kind") if getattr(entry, name) is not None]
    if len(named) != 1 or (entry.value is not None) != (named == ["kind"]):
        given = [n for n in ("text", "url", "kind", "value") if getattr(entry, n) is not None]
        got = ", ".join(given) or "none of them"
        raise bad_field("", "exactly one of text, url, or kind with value", got)
    if entry.quality is not None and entry.kind is None:
        raise bad_field("/quality", "a quality only with kind and value", str(entry.quality))
    if entry.text is not None:
        if problem := too_long(entry.text):
            raise bad_field("/text", "a text that is read to its end", problem)
        codes = await asyncio.to_thread(fingerprints.of_known_text, entry.text)
        return _checked(codes, entry, "/text", "text with letters or digits", entry.text)
    if entry.url is not None:
        codes = fingerprints.of_page(entry.url)
        expected = "an http(s) URL, or a place such as tg://…, magnet:…, mailto:… or tel:…"
        problems = _wider("url", entry.url, "/url", entry)
        return _checked(codes, entry, "/url", expected, entry.url, problems)
    kind = entry.kind or ""
    if kind not in KINDS:
        raise bad_field("/kind", f"one of {', '.join(KINDS)}", kind[:60])
    try:
        value = KINDS[kind].parse(entry.value or "")
    except ValueError as error:
        raise bad_field("/value", str(error), (entry.value or "")[:60]) from error
    code = Fingerprint(kind, value, entry.quality)
    if (reason := refuse_poor(code)) is not None:
        raise bad_field("/value", "a code that tells its content apart", f"a poor one: {reason}")
    return Enrolment([code], entry, problems=_wider(kind, entry.value or "", "/value", entry))


def _checked(
    codes: list[Fingerprint],
    entry: EntryIn,
    pointer: str,
    expected: str,
    text: str,
    problems: Sequence[str] = (),
) -> Enrolment:
    if not codes:
        raise bad_field(pointer, expected, text[:60])
    return Enrolment(codes, entry, text=text, problems=list(problems))


def _wider(kind: str, written: str, pointer: str, entry: EntryIn) -> list[str]:
    """What is to be said of an entry that matches more than was written. Raises Refusal (422) where
    nobody has said that it may."""
    if (told := refuse_wider(kind, written)) is None:
        return []
    if entry.accept_wider:
        return [told.replace("would match", "matches", 1)]
    expected = "an address that is compared as it is written"
    raise Refusal(
        "entry-wider",
        422,
        "The entry would match more than was written",
        f"{pointer}: {told}. Write the address of the page that is meant, or confirm that all of this"
        " is meant (accept_wider).",
        errors=[FieldError(pointer, expected, told)],
    )
