"""`tidegate bank import` and `export`: each entry once, whatever happens in between."""

import gzip
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.api import item
from tests.serving import Served
from tests.waiting import until
from typer.testing import CliRunner, Result

from tidegate.cli.bank import app
from tidegate.cli.bank_lists import _identity
from tidegate.infra.db import Database
from tidegate.infra.errors import Refusal
from tidegate.signals.banks.actions import add_entry, create_bank, delete_entry
from tidegate.signals.banks.imports import Job, Reached, export_entries, import_batch, reached
from tidegate.signals.banks.model import BankIn
from tidegate.signals.entry import ListEntry
from tidegate.signals.model import Fingerprint, digest

Run = Callable[..., Result]


def pdq_lines(count: int, seed: int = 1) -> list[str]:
    """As pictures have them: half of the bits are set."""
    random, bits = Random(seed), [0, 1] * 128

    def code() -> str:
        random.shuffle(bits)
        return f"{int(''.join(map(str, bits)), 2):064x}"

    return [f"{code()},{random.randrange(50, 101)}" for _ in range(count)]


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on the test's database, in which there are the empty banks a and b."""
    monkeypatch.setenv("TIDEGATE_DATABASE_URL", database_url)

    def run(*words: str | Path) -> Result:
        before = signal.getsignal(signal.SIGTERM)
        try:
            given = [*map(str, words), "--data-dir", str(tmp_path / "instance")]
            return CliRunner().invoke(app, given)
        finally:
            signal.signal(signal.SIGTERM, before)

    for name in ("a", "b"):
        assert run("create", "--name", name).exit_code == 0
    return run


def imported(run: Run, *words: str | Path) -> tuple[int, dict[str, Any]]:
    done = run("import", *words, "--json")
    return done.exit_code, json.loads(done.stdout)


def exported(run: Run, bank: str, format: str = "ndjson") -> str:
    done = run("export", bank, "--format", format)
    assert done.exit_code == 0
    return done.stdout


def query(url: str, text: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(text.encode()).fetchall()


def test_a_list_is_taken_once_however_often_it_is_given(
    run: Run, tmp_path: Path, database_url: str
) -> None:
    lines = pdq_lines(300)
    file = tmp_path / "list.txt"
    file.write_text("\n".join(["hash,quality", *lines, lines[7], lines[9].upper()]))
    counts = {"bank": "a", "bad": 0, "skipped": 0, "lines": 302}
    assert imported(run, "a", file) == (0, counts | {"added": 300, "duplicates": 2})
    assert imported(run, "a", file) == (0, counts | {"added": 0, "duplicates": 302})
    assert imported(run, "b", file)[1]["added"] == 300
    assert exported(run, "a", "pdq").splitlines() == lines
    assert query(database_url, "SELECT count(*) FROM imports") == [(0,)]


def test_every_entry_has_a_version_and_the_ledger_commits_to_all(
    run: Run, tmp_path: Path, database_url: str
) -> None:
    file = tmp_path / "list.txt"
    file.write_text("\n".join(pdq_lines(120)))
    assert imported(run, "a", file)[0] == 0
    rows = query(database_url, "SELECT version, fingerprints FROM entries ORDER BY version")
    assert [version for version, _ in rows] == list(range(3, 123))  # after the two banks
    records = "SELECT record FROM ledger_pending WHERE kind = 'entries.imported'"
    [(record,)] = query(database_url, records)
    said = json.loads(bytes(record))
    contents = hashlib.sha256(b"".join(bytes(codes) for _, codes in rows)).hexdigest()
    expected = {"bank": "a", "count": 120, "confirmed": 0, "sha256": contents}
    expected |= {"first_version": 3, "last_version": 122}
    assert {name: said[name] for name in expected} == expected


def test_bad_lines_are_told_by_number_and_the_others_taken(
    run: Run, tmp_path: Path, database_url: str
) -> None:
    lines = pdq_lines(6)
    file, rejects = tmp_path / "list.txt", tmp_path / "rejects.txt"
    text = [lines[0], "", "nonsense", lines[1], f"{lines[2][:64]},12", "0" * 64, *lines[3:]]
    file.write_text("\n".join(text))
    done = run("import", "a", file, "--rejects", rejects, "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["added"] == 5
    assert json.loads(done.stdout)["bad"] == 3
    told = [line for line in done.stderr.splitlines() if line.startswith(f"{file}:")]
    assert [line.split(":")[1] for line in told] == ["3", "5", "6"]
    assert ["64 hex digits" in told[0], "below 50" in told[1], "near-constant" in told[2]] == [
        True,
        True,
        True,
    ]
    assert rejects.read_text().splitlines() == told
    assert query(database_url, "SELECT count(*) FROM entries") == [(5,)]


def test_a_hundred_bad_lines_are_told_and_all_are_written(run: Run, tmp_path: Path) -> None:
    file, rejects = tmp_path / "list.txt", tmp_path / "rejects.txt"
    file.write_text("\n".join([*pdq_lines(3), *(["nonsense"] * 150)]))
    done = run("import", "a", file, "--rejects", rejects, "--json")
    assert json.loads(done.stdout)["bad"] == 150
    assert done.stderr.count("64 hex digits") == 100
    assert len(rejects.read_text().splitlines()) == 150


def test_no_decision_is_imported_but_by_an_explicit_word(
    run: Run, tmp_path: Path, database_url: str
) -> None:
    states = [None, "confirmed", "unconfirmed", "refuted"]
    file = tmp_path / "list.ndjson"
    file.write_text(
        "\n".join(
            json.dumps(
                {"url": f"https://example.org/{n}", "labels": ["own"]} | ({"state": s} if s else {})
            )
            for n, s in enumerate(states)
        )
    )
    assert imported(run, "a", file)[0] == 0
    assert imported(run, "b", file, "--confirmed", "--label", "mine")[0] == 0
    rows = query(
        database_url,
        "SELECT banks.name, state, entries.labels, judged_by FROM entries JOIN banks"
        " ON banks.id = bank_id ORDER BY entries.number",
    )
    asked = ["unconfirmed", "unconfirmed", "unconfirmed", "refuted"]
    vouched = ["confirmed", "confirmed", "unconfirmed", "refuted"]
    assert [state for _, state, _, _ in rows] == asked + vouched
    assert [labels for _, _, labels, _ in rows] == [["own"]] * 4 + [["own", "mine"]] * 4
    assert [by for _, state, _, by in rows if state != "unconfirmed"] == ["system:cli"] * 4
    assert [by for _, state, _, by in rows if state == "unconfirmed"] == [None] * 4


def test_a_bank_goes_out_and_comes_back_equal(run: Run, tmp_path: Path) -> None:
    random = Random(3)
    entries: list[dict[str, Any]] = [
        {"text": "A sentence that somebody sent, long enough to have a code of its wording, too."},
        {"url": "https://example.org/wanted?x=1", "note": "=1+1", "confidence": 70},
        {
            "fingerprints": [
                {"kind": "sha256", "value": random.randbytes(32).hex()},
                {"kind": "pdq", "value": random.randbytes(32).hex(), "quality": 88},
            ],
            "labels": [],
            "provenance": {"source": {"name": "hotline", "case": 7}},
            "state": "confirmed",
        },
        {
            "fingerprints": [
                {"kind": "phrase", "value": "Some words, together"},
                {"kind": "phrase", "value": "and some more"},
                {"kind": "host", "value": "www.example.org"},
                {"kind": "url_prefix", "value": "https://example.org/a/b"},
                {"kind": "host_lookalike", "value": "example.org"},
            ]
        },
        {"kind": "md5", "value": random.randbytes(16).hex(), "enabled": False, "labels": ["x;y"]},
        {
            "kind": "domain",
            "value": "example.org",
            "disabled_until": "2100-01-01T00:00:00Z",
            "enabled": False,
            "provenance": "a letter\nof May",
        },
    ]
    file = tmp_path / "list.ndjson"
    file.write_text("\n".join(map(json.dumps, entries)))
    assert imported(run, "a", file, "--confirmed")[1]["added"] == len(entries)
    whole = exported(run, "a")
    for format in ("ndjson", "csv"):
        out = tmp_path / f"out.{format}"
        assert run("export", "a", "-o", out, "--format", format).exit_code == 0
        name = f"from-{format}"
        assert run("create", "--name", name).exit_code == 0
        assert imported(run, name, out, "--confirmed")[1]["added"] == len(entries)
        assert exported(run, name) == whole
        assert imported(run, "a", out)[1]["duplicates"] == len(entries)
    assert {path.name for path in tmp_path.iterdir()} >= {"out.ndjson", "out.csv"}
    assert not list(tmp_path.glob("out.*.*"))


def test_what_is_known_is_looked_up_and_not_searched_for(
    run: Run, tmp_path: Path, database_url: str
) -> None:
    """Also where the planner believes that the bank is empty: a row or so for each line is read."""
    lines = pdq_lines(2000)
    for bank, name, some in (
        ("a", "other.csv", pdq_lines(4000, seed=2)),
        ("b", "first.csv", lines),
        ("b", "again.csv", lines[::-1]),
    ):
        (tmp_path / name).write_text("\n".join(some) + "\n")
        before = _rows_read(database_url)
        assert imported(run, bank, tmp_path / name)[0] == 0
        if bank == "a":
            with psycopg.connect(database_url, autocommit=True) as connection:
                connection.execute("ANALYZE entries")
    assert _rows_read(database_url) - before < 10 * len(lines)


def _rows_read(url: str) -> int:
    """By any look at the entries, of sessions that have ended."""
    [(rows,)] = query(
        url,
        "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables"
        " WHERE relname = 'entries'",
    )
    return int(rows)


def test_an_entry_made_by_hand_is_known_and_a_deleted_one_is_not(
    run: Run, tmp_path: Path, database: Database, database_url: str
) -> None:
    code = Fingerprint("sha256", bytes(range(32)))
    with database.begin() as tx:
        entry = add_entry(tx, "a", [Fingerprint("md5", bytes(16)), code])
    file = tmp_path / "list.csv"
    file.write_text(f"sha256,md5\n{code.value.hex()},{bytes(16).hex()}\n{code.value.hex()},\n")
    assert imported(run, "a", file)[1]["added"] == 1  # the one without the other digest
    assert imported(run, "a", file)[1]["duplicates"] == 2
    with database.begin() as tx:
        delete_entry(tx, "a", UUID(entry.id))
    assert imported(run, "a", file)[1]["added"] == 1
    assert query(database_url, "SELECT count(*) FROM entries") == [(3,)]


def test_what_cannot_be_imported_changes_nothing(
    run: Run, tmp_path: Path, database_url: str
) -> None:
    file = tmp_path / "list.txt"
    file.write_text("\n".join(pdq_lines(3)))
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    empty = tmp_path / "empty.txt"
    empty.touch()
    long = "x" * 65
    wrong: list[tuple[list[str | Path], str]] = [
        (["a", picture], "looks like none of"),
        (["a", empty], "is empty"),
        (["a", tmp_path / "absent.txt"], "absent.txt"),
        (["a", file, "--format", "excel"], "one of tat"),
        (["a", file, "--format", "csv"], "none of the columns"),
        (["a", file, "--label", long], "--label"),
        (["a", file, "--rejects", file], "--rejects"),
        (["a", "/dev/null"], "read again"),
    ]
    for words, why in wrong:
        done = run("import", *words)
        assert done.exit_code == 2
        assert why in " ".join(done.stderr.split())
    refused = run("import", "nobody", file)
    assert isinstance(refused.exception, Refusal)
    assert refused.exception.status == 404
    assert isinstance(run("export", "nobody").exception, Refusal)
    assert run("export", "a", "--format", "tat").exit_code == 2
    assert file.read_text().splitlines() == pdq_lines(3)
    assert query(database_url, "SELECT count(*) FROM entries") == [(0,)]
    assert query(database_url, "SELECT count(*) FROM imports") == [(0,)]


def test_a_list_that_does_not_say_what_it_holds_is_refused_with_the_header_to_add(
    run: Run, tmp_path: Path, database_url: str
) -> None:
    digests = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(200)]
    file = tmp_path / "list.txt"
    file.write_text("\n".join(digests))
    done = run("import", "a", file)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"tidegate: {file} has 64 hex digits a line")
    assert "header line on top that says what they are: `sha256`" in done.stderr
    assert query(database_url, "SELECT count(*) FROM entries") == [(0,)]
    assert query(database_url, "SELECT count(*) FROM imports") == [(0,)]
    file.write_text("\n".join(["sha256", *digests]))
    assert imported(run, "a", file)[1]["added"] == 200
    file.write_text("\n".join(digests))
    assert imported(run, "b", file, "--format", "pdq")[1]["added"] == 200


def test_a_packed_list_in_utf_16_is_taken_whole_and_goes_on_where_it_was(
    run: Run, tmp_path: Path, database: Database
) -> None:
    codes = [line[:64] for line in pdq_lines(50)]
    file = tmp_path / "list.csv.gz"
    text = "PDQ;Note\r" + "\r".join(f"{code};ä" for code in codes)
    file.write_bytes(gzip.compress(text.encode("utf-16")))
    # As an import that was killed after its first ten rows left it.
    place = b"PDQ;Note\n" + "".join(f"{code};ä\n" for code in codes[:10]).encode()
    with file.open("rb") as source:
        job = Job("a", _identity(source), "csv")
    with database.begin() as tx:
        import_batch(tx, job, [], Reached(), Reached(position=len(place), line=11, lines=10))
    done = run("import", "a", file, "--json")
    assert "Going on after line 11." in done.stderr
    counts = json.loads(done.stdout)
    assert (counts["added"], counts["lines"], done.exit_code) == (40, 50, 0)
    assert imported(run, "a", file)[1]["added"] == 10


def test_lines_that_are_no_utf8_are_taken_and_told_once(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    rows = [f"{line[:64]};Fußnote" for line in pdq_lines(3)] + [pdq_lines(4)[3][:64]]
    file.write_bytes("\r\n".join(["PDQ;Notiz", *rows]).encode("cp1252"))
    done = run("import", "a", file, "--json")
    assert (done.exit_code, json.loads(done.stdout)["added"]) == (0, 4)
    assert done.stderr.count("3 lines are not UTF-8 and were read as Windows-1252") == 1


def test_a_list_without_entries_is_no_success(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    for text in ("pdq,note\n", "pdq,note\n,,\n# nothing\n", "kind,value\nSHA-1,00\n", "[]"):
        file.write_text(text)
        done = run("import", "a", file)
        assert done.exit_code == 1
        assert "holds no entry" in done.stderr
    file.write_text('[{"url": "https://x.example/", "threat": "spam"}]')
    assert 'An entry is an object such as {"kind": "pdq"' in run("import", "a", file).stderr
    file.write_text("# nothing\n")
    done = run("import", "a", file)
    assert done.exit_code == 2
    assert "holds no entry" in done.stderr


def test_a_file_that_was_cut_short_is_a_failure_and_can_be_given_whole(
    run: Run, tmp_path: Path
) -> None:
    entries = [
        {"hash_digest": line[:64], "algorithm": "PDQ", "id": n}
        for n, line in enumerate(pdq_lines(50))
    ]
    entries.append({"hash_digest": "00" * 64, "algorithm": "SHA512", "id": 51})
    whole = json.dumps(entries)
    file = tmp_path / "hashes.json"
    file.write_text(whole[: len(whole) // 2])
    done = run("import", "a", file, "--json")
    assert done.exit_code == 2
    assert "cut short" in done.stderr
    before = json.loads(done.stdout)["added"]
    assert 20 < before < 30
    file.write_text(whole)
    done = run("import", "a", file, "--json")
    assert done.exit_code == 0
    assert "1 skipped: algorithm SHA512" in done.stderr
    counts = json.loads(done.stdout)
    assert (counts["added"], counts["duplicates"], counts["skipped"]) == (50 - before, before, 1)


@pytest.mark.long
def test_a_killed_import_goes_on_and_takes_each_entry_once(
    run: Run, tmp_path: Path, database_url: str
) -> None:
    lines = pdq_lines(40_000)
    lines[1_000] = lines[35_000] = "nonsense"
    lines[39_000] = lines[5]
    file, rejects = tmp_path / "list.txt", tmp_path / "rejects.txt"
    file.write_text("\n".join(lines))
    command = [sys.executable, "-m", "tidegate", "bank", "import", "a", str(file)]
    first = subprocess.Popen(
        [*command, "--rejects", str(rejects), "--data-dir", str(tmp_path / "instance")],
        env=os.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with psycopg.connect(database_url, autocommit=True) as connection:

        def begun() -> bool:
            return connection.execute("SELECT added FROM imports").fetchone() is not None

        until(lambda: begun() or first.poll() is not None, "the first batch of the import")
    first.kill()
    assert first.wait() == -signal.SIGKILL, "it was done before it could be killed"
    # As another import of the file, this one would start from the first line.
    done = run("import", "a", file, "--rejects", rejects, "--json")
    assert "Going on after line" in done.stderr
    assert done.exit_code == 1
    assert json.loads(done.stdout) == {
        "bank": "a",
        "added": 39_997,
        "duplicates": 1,
        "bad": 2,
        "skipped": 0,
        "lines": 40_000,
    }
    stored = "SELECT count(*), count(DISTINCT digest), min(version), max(version) FROM entries"
    assert query(database_url, stored) == [(39_997, 39_997, 3, 39_999)]
    numbers = {line.split(":")[1] for line in rejects.read_text().splitlines()}
    assert numbers == {"1001", "35001"}
    assert query(database_url, "SELECT count(*) FROM imports") == [(0,)]


def test_of_two_imports_of_one_file_one_is_told_to_wait(database: Database) -> None:
    job = Job("a", b"the file", "pdq")
    batch = [ListEntry(fingerprints=[Fingerprint("md5", bytes([n] * 16))]) for n in range(3)]
    with database.begin() as tx:
        create_bank(tx, BankIn(name="a", stance="known"))
        assert reached(tx, job) == Reached()
    after = Reached(position=100, line=3, lines=3)
    with database.begin() as tx:
        assert import_batch(tx, job, batch, Reached(), after).added == 3
    more = [ListEntry(fingerprints=[Fingerprint("md5", bytes([9] * 16))])]
    with pytest.raises(Refusal, match="Wait until it is done"), database.begin() as tx:
        import_batch(tx, job, more, Reached(), after)
    assert query(database.url, "SELECT count(*) FROM entries") == [(3,)]
    with database.begin() as tx:
        assert reached(tx, job).position == 100
        assert reached(tx, Job("a", b"the file", "pdq", confirmed=True)) == Reached()


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.lists(st.sets(st.integers(0, 6), min_size=1, max_size=2), max_size=6), max_size=4),
    st.sets(st.integers(0, 6)),
    st.integers(0, 3),
)
def test_a_bank_has_each_content_of_its_lists_once(
    database: Database, batches: list[list[set[int]]], there: set[int], killed: int
) -> None:
    def codes(content: set[int]) -> list[Fingerprint]:
        return [Fingerprint("md5", bytes([one] * 16)) for one in content]

    name = uuid4().hex
    job = Job(name, b"the file", "ndjson")
    with database.begin() as tx:
        create_bank(tx, BankIn(name=name, stance="known"))
        for one in there:
            add_entry(tx, name, codes({one}))
    known = {frozenset({one}) for one in there}
    added = 0
    for place, batch in enumerate(batches):
        with database.begin() as tx:
            before = reached(tx, job)
        after = msgspec.structs.replace(before, position=before.position + 1)
        entries = [ListEntry(fingerprints=codes(content)) for content in batch]
        if place == killed:
            with suppress(KeyboardInterrupt), database.begin() as tx:
                import_batch(tx, job, entries, before, after)
                raise KeyboardInterrupt
        with database.begin() as tx:
            import_batch(tx, job, entries, before, after)
        for content in map(frozenset, batch):
            added += content not in known
            known.add(content)
    with database.begin() as tx:
        found = [digest(entry.fingerprints) for entry in export_entries(tx, name)]
        at = reached(tx, job)
    assert sorted(found) == sorted(digest(codes(set(content))) for content in known)
    assert (at.position, at.added) == (len(batches), added)
    assert at.added + at.duplicates == sum(map(len, batches))


def test_what_was_imported_beside_a_server_is_found_by_it(served: Served, tmp_path: Path) -> None:
    text = "An announcement that was passed on by a partner in one long list of many lines."
    file = tmp_path / "list.ndjson"
    file.write_text(json.dumps({"text": text}) + "\n")
    served.cli("bank", "create", "--name", "passed-on")
    served.cli("bank", "import", "passed-on", str(file), "--confirmed")
    key = served.key("items:write,items:read")
    headers, ids = {"authorization": f"Bearer {key}"}, (f"imported-{n}" for n in count())
    with httpx.Client(base_url=served.url, headers=headers, timeout=60) as client:

        def banks() -> set[str]:
            answer = client.post("/v1/items", json=item(next(ids), text=text))
            return {match["bank"] for match in answer.json()["evaluation"]["matches"]}

        until(lambda: banks() == {"passed-on"}, "a match with what was imported")


def test_addresses_that_match_more_than_they_say_are_bad_lines_until_they_are_accepted(
    run: Run, tmp_path: Path
) -> None:
    urls = ["https://bad.example/a#known", "https://bad.example/b", "https://mega.nz/#!AbC!key"]
    plain, told = tmp_path / "plain.ndjson", tmp_path / "told.ndjson"
    plain.write_text("".join(json.dumps({"url": url}) + "\n" for url in urls))
    told.write_text(json.dumps({"kind": "url", "value": urls[0], "accept_wider": True}) + "\n")
    table = tmp_path / "table.csv"
    table.write_text("url\n" + "\n".join(urls) + "\n")

    done = run("import", "a", plain)
    assert done.exit_code == 1
    assert (
        "plain.ndjson:1: it would match more than was written: https://bad.example/a" in done.stderr
    )
    assert "; --accept-wider takes it" in done.stderr
    assert exported(run, "a").count("\n") == 2
    assert imported(run, "a", table)[1]["bad"] == 1
    assert imported(run, "a", told)[1]["added"] == 1
    assert imported(run, "b", plain, "--accept-wider")[1] == {
        "bank": "b",
        "added": 3,
        "duplicates": 0,
        "bad": 0,
        "skipped": 0,
        "lines": 3,
    }
