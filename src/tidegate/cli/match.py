"""`tidegate match`: files, or codes, compared with bank files. No server, no database.

Standard output has one line for each; standard error the progress, and a word at the end.
"""

import sys
from contextlib import ExitStack
from io import BufferedReader, FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, cast

import msgspec
import typer

from tidegate.cli.showing import bar, plain, say, stop, stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tidegate.signals.lists.pdq_bulk import Block
    from tidegate.signals.standalone.matcher import CodeMatch, FileAnswer, Matcher


def match(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files and folders; links to folders are left out")
    ] = None,
    bank: Annotated[
        list[Path] | None, typer.Option(help="A bank file, of `tidegate bank build`; repeatable")
    ] = None,
    codes: Annotated[
        Path | None,
        typer.Option(
            help="A list of PDQ codes to look up instead, one a line; - is standard input"
        ),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(help="Of that list: pdq takes a bare column for PDQ, whatever it looks like"),
    ] = None,
    radius: Annotated[
        int | None,
        typer.Option(min=0, max=64, help="In bits; else 31 for codes, for files by kind"),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, help="Processes that decode; else one a processor")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object a line")] = False,
) -> None:
    """Compare files, or a list of codes, with bank files. Exit status: 0 nothing matched, 1 something
    did, 2 there was a problem (what could be compared was, and is printed)."""
    if not bank:
        raise typer.BadParameter("name at least one", param_hint="--bank")
    if bool(files) == (codes is not None):
        raise typer.BadParameter("name files, or --codes with a list", param_hint="FILE")
    if format not in (None, "pdq"):
        raise typer.BadParameter("pdq, or leave it out", param_hint="--format")
    from tidegate.signals import BankFileError, DecoderDown, Matcher

    try:
        with ExitStack() as stack:
            stream(sys.stdout, "standard output")
            matcher = stack.enter_context(Matcher(*bank, workers=workers))
            if codes is None:
                told = _match_files(matcher, files or [], radius, as_json)
            else:
                wide = 31 if radius is None else radius
                told = _match_codes(matcher, _blocks(stack, codes, format), wide, as_json)
    except (BankFileError, DecoderDown, OSError, KeyboardInterrupt) as error:
        stop(error)
    raise typer.Exit(told)


def _blocks(stack: ExitStack, codes: Path, format: str | None) -> "Iterator[Block]":
    """The codes of the list, as they come; ends the command where it is refused."""
    from tidegate.signals.standalone.listing import codes_to_look_up

    if str(codes) == "-":
        source = stream(sys.stdin, "standard input").buffer
    else:
        source = BufferedReader(stack.enter_context(FileIO(codes)), 1 << 16)
    # What a pipe gives at once is looked at; a test's stand-in for one gives nothing so.
    head = cast("BufferedReader", source).peek(1 << 16) if hasattr(source, "peek") else b""
    try:
        yield from codes_to_look_up(cast("BinaryIO", source), head, stack, format)
    except ValueError as error:
        stop(error, "standard input" if str(codes) == "-" else str(codes))


def _match_files(matcher: "Matcher", files: list[Path], radius: int | None, as_json: bool) -> int:
    seen = matched = problems = noted = 0
    with bar("files") as progress:
        for answer in matcher.match_files(files, radius, progress):
            seen += 1
            matched += bool(answer.matches)
            problems += answer.problem is not None
            noted += answer.note is not None
            for line in [_as_json(answer)] if as_json else _as_text(answer):
                print(line, flush=True)
    in_part = f", {noted:,} compared in part only (--json: why)" if noted else ""
    say(f"{seen:,} files: {matched:,} match, {problems:,} with a problem{in_part}")
    return 2 if problems else int(matched > 0)


def _as_json(answer: "FileAnswer") -> str:
    """With `matches`, but where there was a problem and nothing was found; with `problem` and `note`
    where there is one."""
    line: dict[str, Any] = {"path": answer.path}
    if answer.matches or answer.problem is None:
        line["matches"] = answer.matches
    if answer.problem is not None:
        line["problem"] = answer.problem
    if answer.note is not None:
        line["note"] = answer.note
    return msgspec.json.encode(line).decode()


def _as_text(answer: "FileAnswer") -> list[str]:
    path = plain(answer.path)
    routes: dict[tuple[str, str], list[str]] = {}
    for one in answer.matches:
        by = f"{one.kind} at {one.distance} bits" if one.distance else one.kind
        routes.setdefault((one.entry, one.bank), []).append(by)
    lines = [
        f"{path}: {plain(entry)} in {plain(bank)} ({', '.join(by)})"
        for (entry, bank), by in routes.items()
    ]
    if answer.problem is not None:
        lines.append(f"{path}: problem: {answer.problem}")
    return lines


def _match_codes(matcher: "Matcher", blocks: "Iterator[Block]", radius: int, as_json: bool) -> int:
    seen = matched = problems = 0
    several = len(matcher.banks) > 1
    for block in blocks:
        digits = block.codes.tobytes().hex()
        bad = iter(block.bad)
        next_bad = next(bad, None)
        for place, found in enumerate(matcher.near(block.codes, radius)):
            while next_bad is not None and next_bad.number < block.numbers[place]:
                _print_bad(next_bad.number, next_bad.text, next_bad.reason, as_json)
                next_bad = next(bad, None)
            matched += bool(found)
            _print_code(digits[64 * place : 64 * place + 64], found, several, as_json)
        while next_bad is not None:
            _print_bad(next_bad.number, next_bad.text, next_bad.reason, as_json)
            next_bad = next(bad, None)
        seen += len(block.codes)
        problems += len(block.bad)
        sys.stdout.flush()
    say(f"{seen:,} codes: {matched:,} match; {problems:,} bad lines")
    if not seen + problems:
        say("The list has no code, so nothing was looked up.")
    return 2 if problems or not seen else int(matched > 0)


def _print_code(code: str, found: "list[CodeMatch]", several: bool, as_json: bool) -> None:
    if not as_json:
        for one in found:
            bank = f" in {plain(one.bank)}" if several else ""
            print(f"{code}: {plain(one.entry)}{bank} at {one.distance} bits")
    elif not found:
        print(f'{{"code":"{code}","matches":[]}}')
    else:
        matches = [
            {"bank": one.bank, "entry": one.entry, "distance": one.distance}
            if several
            else {"entry": one.entry, "distance": one.distance}
            for one in found
        ]
        print(msgspec.json.encode({"code": code, "matches": matches}).decode())


def _print_bad(number: int, text: str, reason: str, as_json: bool) -> None:
    problem = f"line {number}: {reason}"
    if as_json:
        print(msgspec.json.encode({"code": text, "problem": problem}).decode())
    else:
        print(f"{plain(text)}: problem: {problem}")
