"""The picture in docs/concepts.md stays true: who may open a transaction, where SQL lives, what is
generated, how long a file and a function are. (Which slice may import which is checked by `make check`.)
"""

import ast
import os
import re
import subprocess
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

import tidegate
from tests.house import long_functions, wide_and_positional
from tests.quick import LISTED
from tidegate.cli.docs import pages

ROOT = Path(tidegate.__file__).parent
REPOSITORY = Path(__file__).parents[1]
MODULES = sorted(ROOT.rglob("*.py"))
# Who may open a transaction, and on whose behalf: the rim, and work that nobody called for.
OPENS = {
    "infra/db.py",
    "infra/courier.py",  # what is due, and each attempt, is a transaction of its own
    "ledger/sequencer.py",
    "ledger/slice.py",  # whether it is broken is told outside of the transaction that found it so
    "pipeline/orders/provisional.py",
    "pipeline/clusters.py",  # posts are read, and then assigned, in a transaction of its own
    "pipeline/duties.py",  # clusters first, and then the rank
    "pipeline/bulk.py",  # each case in the name of who applied it
    "pipeline/replay.py",  # each page in the name of who asked for it
    "pipeline/leave.py",  # each decision in its maker's name
    "pipeline/erase.py",  # the sweep reads in small transactions while it deletes files
    "infra/groupcommit.py",
    "infra/slices.py",  # a duty that is one transaction
    "pipeline/bank_changes.py",  # each leaves in a transaction of its own
    "pipeline/bank_imports.py",  # a file, and then all of it, is a transaction
    "pipeline/ringing.py",  # a call is made while its row is held, apart from all that rings
    "pipeline/instance.py",
    "pipeline/lookback/codes.py",
    "pipeline/lookback/kinds.py",  # a page is two transactions
    "pipeline/lookback/renewal.py",
    "pipeline/terms.py",  # a page is two transactions
    "pipeline/lookback/phrases.py",  # a step is a transaction of its own
}
# Of more than five fields, and still built by their places: why.
BY_PLACE = {
    "client/model.py:Decision": "of the public library: callers write Decision('pass', 'It is fine.')",
    "client/model.py:Report": "of the public library, as Decision",
}
VERBS = ("begin", "commit", "rollback")
# SQL has its place in a slice: `actions.py`, `queries.py`, `tables.py`, and of what is too much for
# these, or stands by itself, the files named here. All of `infra` is beneath the slices.
SQL_FILES = {"actions.py", "queries.py", "tables.py"}
MORE_SQL = {
    "access/attempts.py",
    "access/challenges.py",
    "access/codes.py",
    "access/devices.py",
    "access/factor_witness.py",
    "access/identities.py",
    "access/names.py",
    "access/passkeys.py",
    "access/people.py",
    "access/preferences.py",
    "access/refused.py",
    "access/sent_forms.py",
    "access/sessions.py",
    "access/sign_in.py",
    "access/witness.py",  # of each slice: what its tables say otherwise than the ledger
    "clocks/calls.py",  # what the command on call is told
    "clocks/keeping.py",  # a clock's row, and what happened to it
    "clocks/rings.py",
    "clocks/sweeping.py",
    "clocks/witness.py",
    "content/admission.py",  # the one writer of items and revisions
    "content/kept.py",  # what further looks read
    "content/known.py",  # what admission, and a retry, find there
    "content/openings.py",
    "content/others.py",  # other items beside one
    "content/witness.py",
    "decisions/disclosure.py",  # what must not be told to an author, and what is shown of it
    "decisions/disclosure_witness.py",
    "decisions/found.py",  # what /find looks through, slice by slice
    "decisions/held.py",
    "decisions/looks.py",  # what other people conclude of a decision
    "decisions/matched.py",
    "decisions/outcomes.py",  # what is learnt from
    "decisions/shadow.py",  # what rules in shadow say beside those that act
    "decisions/witness.py",
    "enforcement/alerts.py",
    "enforcement/outbox.py",
    "enforcement/webhooks.py",
    "access/signatures.py",  # what somebody signs as
    "exchange/keys.py",  # which of our own keys signs is read with the key
    "exchange/witness.py",
    "intake/filed.py",  # one report by itself
    "intake/flaggers.py",
    "intake/grades.py",
    "intake/grouped.py",  # reports that say the same, as one
    "intake/messages.py",  # what is asked of reporters, and what they answer
    "intake/notifiers.py",
    "intake/sources.py",  # who told us: the one file that reads and writes it
    "intake/threats/trials.py",
    "intake/threats/witness.py",
    "ledger/blanked.py",  # what verify asks beside its walk
    "ledger/once.py",
    "ledger/sequencer.py",
    "ledger/telling.py",
    "ledger/verify.py",
    "orders/messages/flood.py",  # what nobody is known to have signed, counted
    "orders/messages/outbox.py",
    "orders/drafts/witness.py",
    "orders/overseen.py",  # how orders and referrals fared, for scorecards
    "orders/messages/witness.py",
    "orders/witness.py",
    "oversight/checks/pace.py",  # which host may be asked when
    "oversight/checks/witness.py",
    "oversight/replies/witness.py",
    "oversight/measures/witness.py",
    "policy/changes.py",  # who put which version into force, and why
    "policy/drafts.py",
    "policy/replays.py",  # the jobs; what a replay counts is pure
    "policy/witness.py",
    "review/ageing.py",  # waiting lifts a case
    "review/again.py",  # cases that wait for another person
    "review/alert_lists.py",
    "review/alerts.py",
    "review/arrivals.py",  # reports by bin, with the languages of their cases
    "review/beginning.py",  # cases that begin
    "review/bulk.py",
    "review/drafts.py",
    "review/figures.py",
    "review/found.py",
    "review/history.py",  # the steps of a case
    "review/handling.py",  # how long cases are in hand
    "review/holding.py",  # who may have which case next
    "review/members.py",
    "review/membership.py",  # what waits in a case beside its own item
    "review/listing.py",
    "review/moves.py",  # what every step of a case goes through
    "review/notes.py",
    "review/passing.py",
    "review/presence.py",
    "review/quality.py",
    "review/ranking.py",  # a case's rank, and what its row is filtered by
    "review/rows.py",  # the queue
    "review/sameness.py",
    "review/saved_filters.py",
    "review/seen.py",  # who decides by a likeness has seen both
    "review/sight.py",  # which cases a query sees
    "review/standing.py",  # how far a case is, for those who reported
    "review/steps.py",  # what the live feed reads
    "review/wellness.py",
    "signals/banks/bank_witness.py",
    "signals/banks/changes.py",  # what the look back reads
    "signals/banks/found.py",
    "signals/banks/held_changes.py",
    "signals/banks/imported.py",
    "signals/banks/imports.py",
    "signals/banks/listing.py",
    "signals/banks/locks.py",
    "signals/banks/renewal.py",
    "signals/banks/seals.py",
    "signals/banks/sightings.py",
    "signals/banks/snapshot.py",
    "signals/banks/staged.py",
    "signals/banks/trial.py",
    "signals/banks/witness.py",
    "triage/incidents/arrivals.py",
    "triage/models.py",  # what was learnt
    "triage/records.py",  # how reporters have fared
}
# Reading joins: whose tables a slice reads beside its own, and why not by a query of that slice.
JOINS = {
    ("decisions/queries.py", "content"): "the items of which a restriction has ended, locked",
    ("enforcement/queries.py", "content"): "an action is shown, and listed, by its platform's ids",
    (
        "review/arrivals.py",
        "intake",
    ): "reports are counted by the language of their cases, all at once",
    ("review/arrivals.py", "triage"): "and by the clusters and stories of what they are about",
    ("intake/flaggers.py", "decisions"): "what became of reports, counted where they are",
    ("intake/sources.py", "content"): "whether the item of a source is gone",
    ("review/queries.py", "content"): "a page of cases with the platforms' ids of their items",
    ("review/queries.py", "intake"): "how many reports each case of a page has",
    ("decisions/found.py", "signals"): "items are found by numbers, three thousand of them at once",
    ("signals/words/actions.py", "content"): "terms are kept of items as they are, held meanwhile",
    (
        "signals/words/queries.py",
        "content",
    ): "what is found is looked up among the items that stand",
    ("review/listing.py", "content"): "a replay names cases by the platforms' ids of their items",
    ("review/passing.py", "content"): "cases are found by the platforms' ids of their items",
    ("review/rows.py", "content"): "a page of rows with the platforms' ids of their items",
    ("triage/records.py", "intake"): "of a crowd those reporters are read that weigh most",
}
DRIVERS = ("sqlalchemy", "psycopg")
SQL = re.compile(
    r"\b(SELECT\b.+\bFROM|INSERT\s+INTO|UPDATE\b.+\bSET|DELETE\s+FROM|SELECT\s+\w+\()", re.S
)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def in_slice(*slices: str) -> list[Path]:
    return [path for path in MODULES if name(path).split("/")[0] in slices]


def imports(tree: ast.AST) -> Iterator[tuple[str, list[str]]]:
    """(module, names) of every import, wherever it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, []
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, [alias.name for alias in node.names]


def test_only_the_rim_and_the_background_open_a_transaction() -> None:
    found: set[str] = set()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Attribute) and called.attr in VERBS:
                found.add(name(path))
    inner = {one for one in found if one.split("/")[0] not in ("web", "cli")}
    assert inner == OPENS


def foreign_tables(source: str, own: str) -> set[str]:
    """The slices beside its `own` whose tables a module imports, in whatever form."""
    found: set[str] = set()
    for module, names in imports(ast.parse(source)):
        for full in [module, *(f"{module}.{one}" for one in names)]:
            package, *path = full.split(".")
            if package == "tidegate" and len(path) > 1 and "tables" in path and path[0] != own:
                found.add(path[0])
    return found


def holds_sql(source: str) -> bool:
    """Whether a module holds SQL, as a text or built; the errors of a driver are none."""
    tree = ast.parse(source)
    texts = (one.value for one in ast.walk(tree) if isinstance(one, ast.Constant))
    if any(isinstance(text, str) and SQL.search(text) for text in texts):
        return True
    return any(
        module.split(".")[0] in DRIVERS and not (names and all(n.endswith("Error") for n in names))
        for module, names in imports(tree)
    )


@pytest.mark.parametrize(
    "line",
    [
        "from tidegate.content.tables import items",
        "from tidegate.content import model, tables",
        "from tidegate.signals.banks.tables import entries as found",
        "from tidegate.signals.banks import tables",
        "import tidegate.content.tables",
        "def f():\n    from tidegate.content.tables import items",
    ],
)
def test_a_foreign_table_is_seen(line: str) -> None:
    assert foreign_tables(line, "pipeline")
    assert not foreign_tables(line, "signals" if "signals" in line else "content")


@pytest.mark.parametrize(
    "line",
    [
        "import sqlalchemy as sa",
        "import psycopg",
        "from sqlalchemy import select",
        "from sqlalchemy.dialects.postgresql import insert",
        'tx.query("SELECT id FROM items")',
        'x = f"UPDATE items\\n SET verdict = {v} WHERE id = 1"',
        'x = "DELETE FROM items"',
        'x = "SELECT pg_notify(1, 2)"',
    ],
)
def test_sql_is_seen(line: str) -> None:
    assert holds_sql(line)


@pytest.mark.parametrize(
    "line",
    [
        "from sqlalchemy.exc import OperationalError",
        "from psycopg import OperationalError, InterfaceError",
        'x = "Select a webhook from the list, and update it."',
    ],
)
def test_what_is_no_sql_is_let_through(line: str) -> None:
    assert not holds_sql(line)


def test_only_a_slice_s_own_files_import_its_tables() -> None:
    found = {
        (name(path), other)
        for path in MODULES
        for other in foreign_tables(path.read_text(), name(path).split("/")[0])
    }
    assert found == set(JOINS), "listed and used are the same: a join that went leaves the list"


def test_sql_lives_where_one_looks_for_it() -> None:
    """The pipeline, the rim and the models have none at all."""
    found = {
        name(path)
        for path in MODULES
        if name(path).split("/")[0] != "infra" and holds_sql(path.read_text())
    }
    at_home = {
        one
        for one in found
        if Path(one).name in SQL_FILES and one.split("/")[0] not in ("pipeline", "web", "cli")
    }
    assert found - at_home == MORE_SQL


def test_nobody_reads_past_what_records_it() -> None:
    """Reporters, and kept files: the pipeline's `reads.py` tells the ledger who read them."""
    recorded = {
        "get_case",
        "show_case",
        "reports_of",
        "reports_of_case",
        "evidence_of",
        "entry_evidence",
    }
    found = {
        name(path)
        for path in in_slice("pipeline", "web", "cli")
        for _, names in imports(ast.parse(path.read_text()))
        if recorded & set(names)
    }
    assert found == {"pipeline/reads.py"}


def test_cases_are_bounded_in_one_place() -> None:
    """By platform, queue and language: a query that asks for the platform alone forgets the others."""
    found = {name(path) for path in MODULES if "within(c" in path.read_text()}
    assert found == set()


def test_every_module_says_what_it_is_for() -> None:
    silent = [name(path) for path in MODULES if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


def test_files_stay_short() -> None:
    long = {name(p): n for p in MODULES if (n := p.read_text().count("\n")) > 400}
    assert long == {}


def test_functions_stay_short() -> None:
    assert {name(p): one for p in MODULES if (one := long_functions(p.read_text()))} == {}


def test_a_function_of_71_lines_is_found() -> None:
    longest = "@decorated\ndef work():\n" + "    pass\n" * 69
    longer = longest + "    pass\n"
    method = "class A:\n" + textwrap.indent(longer.replace("def", "async def"), "    ")
    assert long_functions(longest) == {}
    assert long_functions(longer) == {"work": 71}
    assert long_functions(method) == {"work": 71}


def test_what_has_many_fields_is_built_by_their_names() -> None:
    found = {f"{name(p)}:{one}" for p in MODULES for one in wide_and_positional(p.read_text())}
    assert found == set(BY_PLACE)


def test_six_fields_by_their_places_are_found() -> None:
    six = "".join(f"    field{n}: int = {n}\n" for n in range(6))
    five = six[: six.rindex("    field")]
    assert wide_and_positional(f"class A(msgspec.Struct, frozen=True):\n{six}") == ["A"]
    assert wide_and_positional(f"@dataclass(frozen=True)\nclass A:\n{six}") == ["A"]
    assert wide_and_positional(f"class A(Struct):\n{five}\nclass B(A):\n    more: int\n") == ["B"]
    assert wide_and_positional(f"class A(Struct):\n{five}    all: ClassVar[int] = 5\n") == []
    assert wide_and_positional(f"class A(Struct, kw_only=True):\n{six}") == []
    assert wide_and_positional(f"class A(Protocol):\n{six}") == []


def test_tests_neither_sleep_nor_measure_time() -> None:
    """They turn a clock, step the work, or wait for something that shows (tests/waiting.py)."""
    found: list[str] = []
    for path in (REPOSITORY / "tests").rglob("*.py"):
        tree = ast.parse(path.read_text())
        called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
        sleeps = any(getattr(one, "attr", getattr(one, "id", "")) == "sleep" for one in called)
        if sleeps or any(module == "time" for module, _ in imports(tree)):
            found.append(path.relative_to(REPOSITORY).as_posix())
    assert found == ["tests/waiting.py"]


def test_what_make_quick_leaves_out_is_there() -> None:
    files = {path.relative_to(REPOSITORY).as_posix() for path in (REPOSITORY / "tests").rglob("*")}
    assert [one for one in LISTED if not any(name.startswith(one) for name in files)] == []


@pytest.mark.parametrize("page", pages())
def test_generated_pages_are_up_to_date(page: str) -> None:
    written = REPOSITORY / "docs" / page
    assert written.read_text() == pages()[page], "run `make docs`"


def listed() -> list[Path]:
    """What the checkout has of the repository's files."""
    try:
        told = subprocess.run(
            ["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=True
        ).stdout.split("\n")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [path for line in told if line and os.path.lexists(path := REPOSITORY / line)]


def test_nothing_names_the_machine_it_was_made_on() -> None:
    here = re.compile(rb"(?<![\w.])/(?:work|home|root)/\w")
    for path in listed():
        if path.suffix in (".md", ".toml", ".lock", ".sh"):
            assert not here.search(path.read_bytes()), path.name


def test_nothing_leads_out_of_the_repository() -> None:
    # A clone elsewhere would not have what a link leads to.
    assert [path.name for path in listed() if path.is_symlink()] == []
