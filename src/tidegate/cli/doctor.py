"""`tidegate doctor`: what is wrong with a set-up, and how to mend it."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from tidegate.cli.context import DataDir, existing, settings_of
from tidegate.cli.doctor_keys import diagnose_keys
from tidegate.cli.doctor_targets import diagnose_targets
from tidegate.content.media.diagnosis import diagnose as diagnose_media
from tidegate.infra.findings import Finding
from tidegate.infra.postgres import EmbeddedPostgres, diagnose, environment_of
from tidegate.infra.postgres.binaries import find_binaries
from tidegate.infra.procs import FEW_FILES, raise_open_files
from tidegate.infra.settings import SettingsError
from tidegate.signals.native.library import diagnose as diagnose_kernels


def doctor(
    data_dir: DataDir = None,
    database_url: Annotated[
        bool,
        typer.Option("--database-url", help="Only print the connection URL of the database"),
    ] = False,
    environment: Annotated[
        bool,
        typer.Option(
            "--environment",
            help="Only print PGHOST, PGUSER, PGPASSWORD and so on, for pg_dump and its like",
        ),
    ] = False,
    programs: Annotated[
        bool,
        typer.Option(
            "--programs",
            help="Only print the folder of the embedded PostgreSQL's programs, which fit its version",
        ),
    ] = False,
    owner: Annotated[
        bool,
        typer.Option(
            "--owner", help="Of the embedded database print the role that owns the tables instead"
        ),
    ] = False,
) -> None:
    """Look at the set-up. Exit status 1 when something needs mending."""
    if programs:
        print(find_binaries().install / "bin")
        return
    try:
        settings = settings_of(data_dir)
    except SettingsError as error:
        _show(Finding("settings", False, str(error), "Correct the file or the variable."))
        raise typer.Exit(1) from error
    if database_url or environment:
        url = existing(settings).database_url or _embedded_url(settings.data_dir, owner=owner)
        shown = environment_of(url).items()
        print(url if database_url else "\n".join(f"{k}={shlex.quote(v)}" for k, v in shown))
        return
    findings = [Finding("settings", True, f"data directory {settings.data_dir}")]
    findings += diagnose_keys(settings)
    findings += diagnose(settings.data_dir, settings.database_url)
    if all(finding.ok for finding in findings):  # else the database may be none of ours
        findings += diagnose_targets(settings)
    findings += diagnose_media()
    findings.append(diagnose_kernels())
    findings.append(_open_files())
    for finding in findings:
        _show(finding)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _show(finding: Finding) -> None:
    print(f"{'ok  ' if finding.ok else 'MEND'}  {finding.name}: {finding.detail}")
    if finding.mend:
        print(f"      → {finding.mend}")


def _open_files() -> Finding:
    files = raise_open_files()
    few = files < FEW_FILES
    mend = f"Raise the hard limit (LimitNOFILE, ulimit -Hn) to {FEW_FILES} or more." if few else ""
    return Finding("open files", not few, f"at most {files}, connections included", mend)


def _embedded_url(data_dir: Path, *, owner: bool) -> str:
    server = EmbeddedPostgres(data_dir)
    try:
        url = server.start()
        return server.owner_url if owner else url
    finally:
        server.release()
