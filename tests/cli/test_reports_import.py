"""`tidegate reports import`: each report taken once, whatever happens in between; what is bad told by its place."""

import base64
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from tests.intake.importing import mail, multipart, part
from tests.serving import Served
from tests.waiting import until
from typer.testing import CliRunner, Result

from tidegate.cli.backlog import Checkpoint, Reached
from tidegate.cli.reports import app

Run = Callable[..., Result]
PICTURE = (Path(__file__).parents[2] / "demo" / "images" / "horse.png").read_bytes()
ABOVE = b"From jane@example.org Sat Jan 31 12:00:00 2026\n"


def line(number: int, **fields: object) -> bytes:
    report = {
        "id": f"tip-{number}",
        "text": f"tip number {number}",
        "created_at": "2026-01-01T00:00:00Z",
    }
    return json.dumps(report | fields).encode() + b"\n"


def box(count: int, *, first: int = 0) -> bytes:
    """An mbox of so many messages."""
    numbers = range(first, first + count)
    return b"".join(
        ABOVE + mail(b"tip number %d" % n, Message_ID=f"<{n}@mail.example.org>") + b"\n\n"
        for n in numbers
    )


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the import on the test's database, with no server there."""
    monkeypatch.setenv("TIDEGATE_DATABASE_URL", database_url)
    monkeypatch.setenv("TIDEGATE_JSON_LIMIT", "20000")

    def run(*words: str, input: bytes | None = None) -> Result:
        before = signal.getsignal(signal.SIGTERM)
        try:
            given = ["import", *words, "--data-dir", str(tmp_path / "instance")]
            return CliRunner().invoke(app, given, input=input)
        finally:
            signal.signal(signal.SIGTERM, before)

    return run


def stored(database_url: str, columns: str = "external_id, platform, channel, reason") -> list[Any]:
    with psycopg.connect(database_url) as connection:
        query = f"SELECT {columns} FROM reports ORDER BY external_id"
        return connection.execute(query.encode()).fetchall()


def answers(done: Result) -> list[dict[str, Any]]:
    return [json.loads(one) for one in done.stdout.splitlines()]


def test_reports_are_taken_and_taking_them_again_is_free(
    run: Run, tmp_path: Path, database_url: str
) -> None:
    file = tmp_path / "tips.ndjson"
    file.write_bytes(
        b"".join(line(number) for number in range(100)) + b'{"text": "no id, no time"}\n'
    )
    done = run(str(file), "--channel", "tip", "--platform", "forum")
    assert done.exit_code == 0, done.output
    assert "101 taken, 0 refused" in done.stdout
    before = stored(database_url)
    os.utime(file, (1_700_000_000, 1_700_000_000))  # a report without a time has that of its file
    again = run(str(file), "--channel", "tip", "--platform", "forum")
    assert again.exit_code == 0, again.output
    assert stored(database_url) == before
    assert "0 taken, 101 imported before, 0 refused" in again.stdout
    assert again.stderr.count("imported before as tip-") == 100
    assert "were imported before; they are counted only" in again.stderr
    assert len(before) == 101
    assert {one[1:] for one in before} == {("forum", "tip", "import")}
    assert list(tmp_path.glob("tips.ndjson.*")) == []


@pytest.mark.parametrize("touched", [False, True], ids=["same-file", "changed-since"])
def test_of_a_table_that_comes_twice_each_row_says_that_it_was_there(
    run: Run, tmp_path: Path, database_url: str, *, touched: bool
) -> None:
    file = tmp_path / "tips.csv"
    file.write_text("id,text\na1,one tip\n,another tip\n")
    first = answers(run(str(file), "--channel", "tip", "--json"))
    if touched:
        os.utime(file, (1_700_000_000, 1_700_000_000))
    done = run(str(file), "--channel", "tip", "--json")
    second = answers(done)
    known = [one | {"before": True} for one in first]
    if touched:  # a row with an id of its own says something else now: when it was
        assert second[0]["problem"]["type"] == "/problems/report-changed"
        known, second, first = known[1:], second[1:], first[1:]
    assert second == known
    for one in first:
        told = f"{one['place']}: imported before as {one['id']}, reference {one['reference']}"
        assert told in done.stderr
    assert len(stored(database_url)) == 2


def test_what_is_bad_is_told_by_its_place_and_nothing_of_it_is_kept(
    run: Run, tmp_path: Path, database_url: str
) -> None:
    file = tmp_path / "tips.ndjson"
    lines = [
        line(1),
        b"\n",
        b"no json\n",
        line(2, channel="notice"),
        line(3, text="x" * 30_000),
        line(4, item_id="unknown"),
        line(5, media=[{"filename": "a.png", "url": "http://127.0.0.1:1/a.png"}]),
        line(1, text="another"),
        line(6, reason="threat").rstrip(),
    ]
    file.write_bytes(b"".join(lines))
    done = run(str(file), "--channel", "tip", "--reason", "flood", "--json")
    assert done.exit_code == 1
    told = answers(done)
    assert [one["place"] for one in told] == [f"line {n}" for n in (1, 3, 4, 5, 6, 7, 8, 9)]
    assert [one.get("problem", {}).get("type") for one in told] == [
        None,
        "/problems/invalid-json",
        "/problems/another-channel",
        "/problems/line-too-long",
        "/problems/item-unknown",
        told[5]["problem"]["type"],
        "/problems/report-changed",
        None,
    ]
    assert [one["id"] for one in told] == [
        "tip-1",
        None,
        None,
        None,
        "tip-4",
        "tip-5",
        "tip-1",
        "tip-6",
    ]
    assert told[0]["reference"] != told[7]["reference"]
    assert "2 taken, 6 refused" in done.stderr
    assert "line 4: It says 'notice'" in done.stderr
    assert stored(database_url) == [
        ("tip-1", "default", "tip", "flood"),
        ("tip-6", "default", "tip", "threat"),
    ]
    with psycopg.connect(database_url) as connection:
        items = connection.execute("SELECT count(*) FROM items").fetchone()
    assert items == (2,)


def test_e_mails_are_reports_with_their_files(run: Run, tmp_path: Path, database_url: str) -> None:
    file = tmp_path / "inbox"
    picture = part(
        base64.encodebytes(PICTURE),
        "image/png; name=horse.png",
        "Content-Transfer-Encoding: base64",
        "Content-Disposition: attachment",
    )
    with_picture = multipart(part(b"Look at this."), picture, Message_ID="<p@mail.example.org>")
    bounce = mail(Auto_Submitted="auto-replied", Message_ID="<auto@mail.example.org>")
    file.write_bytes(box(2) + ABOVE + with_picture + b"\n\n" + ABOVE + bounce + b"\n")
    done = run(str(file), "--channel", "tip", "--json")
    assert done.exit_code == 1
    told = answers(done)
    assert told[0]["place"] == "message 1 at byte 0, Message-ID <0@mail.example.org>"
    assert [("reference" in one, "problem" in one) for one in told] == [(True, False)] * 3 + [
        (False, True)
    ]
    assert "No person wrote it" in told[3]["problem"]["title"]
    with psycopg.connect(database_url) as connection:
        kept = connection.execute("SELECT part, content_type, size FROM evidence").fetchall()
    assert kept == [("media/0", "image/png", len(PICTURE))]
    again = answers(run(str(file), "--channel", "tip", "--json"))
    assert again == [one | {"before": True} for one in told[:3]] + told[3:]


def test_a_folder_goes_on_and_says_what_is_no_e_mail(
    run: Run, tmp_path: Path, database_url: str
) -> None:
    folder = tmp_path / "inbox"
    folder.mkdir()
    (folder / "a.eml").write_bytes(mail(Message_ID="<a@b.example>"))
    (folder / "b.txt").write_bytes(b"a note")
    (folder / "c.eml").write_bytes(mail(Message_ID="<c@b.example>"))
    done = run(str(folder), "--channel", "tip")
    assert done.exit_code == 1
    assert "2 taken, 1 refused" in done.stdout
    assert "file b.txt: It has no headers" in done.stderr
    assert len(stored(database_url)) == 2


def test_a_checkpoint_of_a_folder_is_for_the_same_files(tmp_path: Path) -> None:
    reached = Reached(target="here", offset=2, line=2, taken=2, refused=0)

    def checkpoint(*names: str) -> Checkpoint:
        return Checkpoint(tmp_path, "here", size=len(names), names=names)

    checkpoint("a", "b", "c").save(reached)
    assert checkpoint("a", "b", "c", "d").load().offset == 2
    assert checkpoint("a", "aa", "b").load().offset == 0
    assert checkpoint("a").load().offset == 0
    checkpoint("a").clear()
    assert list(tmp_path.parent.glob(f"{tmp_path.name}.*")) == []


def test_standard_input_is_taken_in_any_format(run: Run, database_url: str) -> None:
    done = run("-", "--channel", "tip", "--format", "ndjson", input=line(1) + b"{}\n")
    assert done.exit_code == 1
    assert "1 taken, 1 refused" in done.stdout
    table = run("-", "--channel", "user", input=b'id;text\nr1;"two\nlines"\n')
    assert table.exit_code == 0, table.output
    post = run("-", "--channel", "tip", input=box(2))
    assert post.exit_code == 0, post.output
    assert len(stored(database_url)) == 4


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--channel", "rumour"], "--channel"),
        ([], "--channel"),
        (["--channel", "tip", "--format", "pst"], "--format"),
        (["--channel", "tip", "--reason", ""], "--reason"),
        (["--channel", "tip", "--platform", "a b"], "--platform"),
        (["--channel", "tip", "--format", "mbox", "--url", "http://127.0.0.1:1"], "--key"),
        (["--channel", "tip"], "--format"),
        (["--channel", "tip", "--format", "csv"], "none of the columns"),
    ],
)
def test_what_cannot_begin_says_why_and_writes_nothing(
    words: list[str], why: str, run: Run, tmp_path: Path, database_url: str
) -> None:
    file = tmp_path / "notes"
    file.write_text("nothing that anybody knows\n")
    done = run(str(file), *words)
    assert done.exit_code == 2, done.output
    assert why in done.stderr
    assert stored(database_url) == []
    assert list(tmp_path.glob("notes.*")) == []


def test_a_missing_file_is_told(run: Run, tmp_path: Path) -> None:
    done = run(str(tmp_path / "absent"), "--channel", "tip")
    assert done.exit_code == 2
    assert "absent" in done.stderr


def test_an_import_goes_on_where_it_was(run: Run, tmp_path: Path, database_url: str) -> None:
    file = tmp_path / "tips.mbox"
    file.write_bytes(box(4))
    half = len(box(2))
    target = f"{tmp_path / 'instance'}  tip import mbox"
    reached = Reached(target=target, offset=half, line=2, taken=2, refused=0)
    Checkpoint(file, target).save(reached)
    done = run(str(file), "--channel", "tip", "--json")
    assert done.exit_code == 0, done.output
    assert "Going on after message 2." in done.stderr
    assert "4 taken" in done.stderr
    assert [one["place"] for one in answers(done)] == [
        f"message {n + 1} at byte {len(box(n)):,}, Message-ID <{n}@mail.example.org>"
        for n in (2, 3)
    ]
    assert len(stored(database_url)) == 2
    # Over another channel it is another import.
    Checkpoint(file, target).save(reached)
    assert "Going on" not in run(str(file), "--channel", "notice").stderr


def noted(checkpoint: Path) -> int:
    """How far an import has noted that it is."""
    return json.loads(checkpoint.read_bytes())["line"] if checkpoint.exists() else 0


@pytest.mark.long
def test_a_killed_import_goes_on_with_nothing_twice_and_nothing_lost(
    run: Run, tmp_path: Path, database_url: str
) -> None:
    file = tmp_path / "tips.mbox"
    file.write_bytes(box(3000))
    checkpoint = file.with_name("tips.mbox.imported")
    command = [sys.executable, "-m", "tidegate", "reports", "import", str(file), "--channel", "tip"]
    for how, status in ((signal.SIGTERM, 130), (signal.SIGKILL, -signal.SIGKILL)):
        before = noted(checkpoint)
        process = subprocess.Popen(
            [*command, "--data-dir", str(tmp_path / "instance")],
            env=os.environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(
            lambda before=before, process=process: (
                noted(checkpoint) > before or process.poll() is not None
            ),
            "a checkpoint",
        )
        process.send_signal(how)
        assert process.wait() == status, "it was done before it could be stopped"
    last = [*command, "--data-dir", str(tmp_path / "instance")]
    done = subprocess.run(last, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Going on after message" in done.stderr
    # What was durable when it was stopped, and not noted yet, was there before.
    counts = re.match(r"([\d,]+) taken, (?:([\d,]+) imported before, )?0 refused", done.stdout)
    assert counts is not None
    assert sum(int((one or "0").replace(",", "")) for one in counts.groups()) == 3000
    assert len(stored(database_url)) == 3000
    assert not checkpoint.exists()
    with psycopg.connect(database_url) as connection:
        entries = connection.execute(
            "SELECT count(*) FROM reports r JOIN items i ON i.id = r.item_id WHERE i.revision = 1"
        ).fetchone()
    assert entries == (3000,)


def test_it_goes_through_a_server_as_well(served: Served, tmp_path: Path) -> None:
    file = tmp_path / "tips.mbox"
    file.write_bytes(
        box(3, first=9000) + b"From nobody in 2026 12:00\nAuto-Submitted: auto-generated\n\nx\n"
    )
    key = served.key("reports:write,cases:read")
    words = (
        "reports",
        "import",
        str(file),
        "--channel",
        "tip",
        "--url",
        served.url,
        "--key",
        key,
        "--json",
    )
    done = served.command(*words, "--platform", "old")
    assert done.returncode == 1, done.stderr
    told = [json.loads(one) for one in done.stdout.splitlines()]
    assert [set(one) for one in told] == [{"place", "id", "reference"}] * 3 + [
        {"place", "id", "problem"}
    ]
    assert "3 taken, 1 refused" in done.stderr
    again = served.command(*words, "--platform", "old")
    known = [json.loads(one) for one in again.stdout.splitlines()]
    assert known == [one | {"before": True} for one in told[:3]] + told[3:]
    assert "0 taken, 3 imported before, 1 refused" in again.stderr
    headers = {"Authorization": f"Bearer {key}"}
    one = httpx.get(f"{served.url}/v1/references/{told[0]['reference']}", headers=headers)
    assert one.json()["id"] == told[0]["id"]
