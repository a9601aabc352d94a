"""The demo: a platform's stream goes in over HTTP, verdicts come out, a person decides, actions
arrive at a receiver in another process, and a summary says what happened and how fast.

Called by `tidegate demo`. Returns 0 when everything that the summary shows was verified.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path as FilePath
from typing import TypeVar
from uuid import UUID

from rich.console import Console

from tidegate.access.actions import create_key, create_link, create_user
from tidegate.cli.context import database_of, settings_of
from tidegate.client import Case, Client, ClientError, Decision, ItemAnswer
from tidegate.decisions.model import Restriction
from tidegate.enforcement.webhooks import create_webhook
from tidegate.infra.db import Database
from tidegate.infra.secrets import InstanceSecrets
from tidegate.ledger.model import HEAD_FILE
from tidegate.ledger.sequencer import read_head
from tidegate.ledger.verify import Verification, verify
from tidegate.pipeline.decide import decide_case
from tidegate.pipeline.house import MESSAGE_TYPES, SCOPES
from tidegate.policy.actions import activate_pack, store_pack
from tidegate.policy.data import default_source
from tidegate.policy.queries import PackStore
from tidegate.review.filters import Filter
from tidegate.review.model import CaseDecisionIn
from tidegate.review.rows import page_of

from . import desk, flood, story
from .processes import DemoError, Receiver, Server, fresh_directory, refuse_taken_port, wait
from .summary import Checks, Path, Verdicts, show

T = TypeVar("T")
R = TypeVar("R")

CONNECTIONS = 8
ADMIN, REVIEWER, COLLEAGUE = (f"{one}@example.org" for one in ("admin", "reviewer", "noor"))
PROPOSED = CaseDecisionIn(
    outcome="restrict",
    label="recruitment",
    reason="The account does nothing but look for recruits: this is the third post of its kind.",
    restriction=Restriction("account"),
)

PICTURES, TEXTS, BATCHES = (
    "pictures, one by one, 2 connections",
    f"texts, one by one, {CONNECTIONS} connections",
    "texts, in batches",
)
FIRST_EDIT, NEAR_EDIT, FAR_EDIT = "bridge, first edit", "bridge, other edits", "bridge, turned"
OTHERS, NEWS, MESSAGES = "other pictures", "news", "messages"


def main(data_dir: FilePath, port: int, *, headless: bool) -> int:
    """Run the demo; the exit status."""
    console = Console(highlight=False)
    # The demo is an instance of its own, whatever is set for the one that is worked with.
    for name in [name for name in os.environ if name.startswith("TIDEGATE_")]:
        del os.environ[name]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with ExitStack() as stack:
            refuse_taken_port(port)
            fresh_directory(data_dir)
            demo = Demo(console, data_dir.absolute(), port, stack)
            demo.play()
            if not headless:
                demo.keep_serving()
            demo.stop()
    except (DemoError, ClientError) as error:
        console.print(f"The demo failed: {error}", style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("Interrupted.")
        return 130
    for failed in demo.checks.failed:
        console.print(f"✗ {failed}", style="red", markup=False)
    return 1 if demo.checks.failed else 0


class Demo:
    """One run, from an empty directory to the summary."""

    def __init__(self, console: Console, data_dir: FilePath, port: int, stack: ExitStack) -> None:
        self.checks = Checks()
        self._console = console
        self._port = port
        self._stack = stack
        self._began = time.monotonic()
        self._verdicts = Verdicts()
        self._paths = {name: Path(name) for name in (PICTURES, TEXTS, BATCHES)}
        self._decided: list[Case] = []
        self._reports = 0
        with self._step("Starting PostgreSQL, the server, its worker and a receiver"):
            self._server = Server(data_dir, port)
            stack.callback(self._server.stop)
            self._receiver = Receiver(data_dir)
            stack.callback(self._receiver.stop)
            self._settings = settings_of(data_dir, port=port)
            self._database = stack.enter_context(database_of(self._settings, make=True))
            self._receiver.wait_ready()
            keys = self._enrol(self._database)
            self._server.wait_ready()
            self._platform, self._curator, self._reviewer = (
                stack.enter_context(Client(self._server.url, key)) for key in keys
            )
            self._posting = keys[0]
            self._flood = flood.Flood(self._platform, self._reviewer, self.checks)

    def play(self) -> None:
        """The story, step by step, and its summary."""
        with self._step("Filling two banks: a photo and three pictures, one of them allowed"):
            self._fill_banks()
        with self._step("Posting the photo's first edit: an unconfirmed entry asks a person"):
            self._first_edit()
        with self._step("Posting 35 pictures: edits of the photo, and others"):
            self._pictures()
        with self._step("Posting 171 Wikinews articles and 2,332 disaster messages"):
            self._texts()
        with self._step("Reporting some of them"):
            self._report()
        with self._step("The reviewer decides every open case, and lifts one restriction"):
            self._decide_all()
        with self._step("A flood: hundreds of tips, and a threat to life among them"):
            self._flood.pour(self._receiver)
        with self._step("Waiting for the last delivery"):
            self._await_deliveries()
        with self._step("Killing the server in the middle of a batch, and starting it anew"):
            self._flood.kill(
                self._server, lambda sleep: Client(self._server.url, self._posting, sleep=sleep)
            )
        with self._step("Waiting for the ledger's seal"):
            ledger = self._verify_ledger()
        self._summarise(ledger)
        with self._step("Leaving cases of every kind on the desk"):
            self._fill_desk()

    def keep_serving(self) -> None:
        """Serve until Ctrl-C, or until somebody stops the server; new cases come in meanwhile."""
        with self._database.begin("system:demo") as tx:
            links = {who: create_link(tx, who) for who in (REVIEWER, ADMIN)}
            first = page_of(tx, Filter(), limit=1).rows[0]
        links[REVIEWER] += f"?next=/cases/{first.id}"  # two keys decide it: p and Enter
        # By name and not by number: browsers give passkeys to names alone.
        url = f"http://localhost:{self._port}"
        self._console.print(
            f"\nServing on {url} until Ctrl-C. The flood goes on for two minutes,"
            " and new cases come in for ten."
        )
        for who, role in ((REVIEWER, "decide cases as a reviewer"), (ADMIN, "see it all as admin")):
            self._console.print(f"To {role}, sign in once:", style="bold")
            self._console.print(f"  {url}/sign-in/{links[who]}", soft_wrap=True)
        stop = threading.Event()
        for trickle in (flood.keep_pouring, desk.keep_coming):
            threading.Thread(target=trickle, args=(self._platform, stop), daemon=True).start()
        with suppress(KeyboardInterrupt):
            self._server.wait()
        stop.set()
        self._console.print("Stopping.")

    def stop(self) -> None:
        """Stop everything, the server gracefully."""
        self.checks.equal(self._server.stop(), 0, "the server's exit status")

    @contextmanager
    def _step(self, what: str) -> Generator[None]:
        """A step that shows that it runs, and how long it took."""
        began = time.monotonic()
        with self._console.status(what):
            yield
        self._console.print(f"[dim]{time.monotonic() - began:5.1f} s[/]  {what}")

    def _enrol(self, database: Database) -> tuple[str, str, str]:
        """The people, their keys and the webhook, as `tidegate users|keys|webhooks` make them."""
        with database.begin("system:demo") as tx:
            create_user(tx, ADMIN, "admin")
            create_user(tx, REVIEWER, "reviewer")
            platform = ["items:write", "items:read", "reports:write", "actions:read", "ledger:read"]
            _, posting = create_key(tx, SCOPES, "forum", platform)
            _, curating = create_key(tx, SCOPES, "curator", ["banks:read", "banks:write"])
            deciding = ["cases:read", "cases:decide", "items:read", "alerts:read"]
            _, reviewing = create_key(tx, SCOPES, "reviewer", deciding, user_email=REVIEWER)
            webhook = create_webhook(
                tx, self._receiver.url, allow_private=True, enforce=True, known=MESSAGE_TYPES
            )
            calling = create_webhook(
                tx, self._receiver.url, allow_private=True, known=MESSAGE_TYPES, alerts=True
            )
        for target in (webhook, calling):
            self._receiver.trust(target.secret)
        return posting, curating, reviewing

    def _fill_banks(self) -> None:
        self._curator.create_bank("known", "known", radius={"pdq": 31}, labels=["propaganda"])
        self._curator.create_bank("allow", "allow", note="Pictures that may stay")
        for path in (story.ORIGINAL, *story.SAMPLES):
            entry = self._curator.add_file("known", story.picture_file(path))
            self.checks.that(not entry.confirmed, f"the entry of {path.name} waits for a person")
        self._curator.add_file("allow", story.picture_file(story.ALLOWED))

    def _first_edit(self) -> None:
        """It is reviewed; the reviewer restricts it and confirms the bank's entry."""
        answer = self._post_picture("bridge", FIRST_EDIT, story.FIRST)
        self.checks.equal(answer.verdict, "review", "the verdict of the first edit")
        matched = [match.bank for match in answer.evaluation.matches]
        self.checks.equal(matched, ["known"], "what the first edit matches")
        waiting = list(self._reviewer.cases(state="waiting"))
        self.checks.equal([case.id for case in waiting], [answer.case], "the cases that wait")
        for case in waiting:
            reason = "The known propaganda picture, blurred."
            self._decide(case, Decision("restrict", reason, "propaganda", entry="confirm"))

    def _pictures(self) -> None:
        """The other edits within the radius are restricted by the rule alone."""
        edits = [
            ("bridge", NEAR_EDIT if path.name in story.NEAR else FAR_EDIT, path)
            for path in story.bridge_edits()
        ]
        others = [("picture", OTHERS, path) for path in story.other_pictures()]
        answers = self._many(lambda one: self._post_picture(*one), [*edits, *others], 2, PICTURES)
        for (_, kind, path), answer in zip([*edits, *others], answers, strict=True):
            known = path in story.SAMPLES and path != story.ALLOWED
            expected = {NEAR_EDIT: "restrict", FAR_EDIT: "pass"}.get(
                kind, "review" if known else "pass"
            )
            self.checks.equal(answer.verdict, expected, f"the verdict of {answer.id}")
            self.checks.equal(answer.evaluation.problems, [], f"problems of {answer.id}")

    def _texts(self) -> None:
        articles, messages = story.news(), story.messages()
        singly = [*articles, *messages[: story.ONE_BY_ONE]]
        for answer in self._many(self._platform.submit, singly, CONNECTIONS, TEXTS):
            self._verdicts.note(answer.id, _kind(answer.id), answer.verdict)
        path, began = self._paths[BATCHES], time.monotonic()
        for line in self._platform.submit_many(messages[story.ONE_BY_ONE :]):
            if line.item is None:
                raise DemoError(f"Item {line.index} of the batch was refused: {line.problem}")
            self._verdicts.note(line.item.id, _kind(line.item.id), line.item.verdict)
            path.items += 1
        path.seconds = time.monotonic() - began
        posted = {one.id for one in (*articles, *messages)}
        self.checks.equal(posted - self._verdicts.ids("pass"), set(), "texts that do not pass")

    def _report(self) -> None:
        """Whatever is reported is looked at by a person."""
        reports = story.reports(story.news(), story.messages())
        answers = self._many(self._platform.report, reports, CONNECTIONS)
        self._reports = len(answers)
        reported = {report.item_id for report in reports if report.item_id}
        self.checks.equal({one.item for one in answers}, reported, "the items reported")
        self.checks.equal(len({one.case for one in answers}), len(reported), "a case an item")
        for record in self._many(self._platform.item, sorted(reported), CONNECTIONS):
            self.checks.equal(record.verdict, "review", f"the verdict of {record.id}, reported")
            self._verdicts.note(record.id, f"{_kind(record.id)}, reported", record.verdict)

    def _decide_all(self) -> None:
        self._many(self._decide_one, list(self._reviewer.cases(state="waiting")), CONNECTIONS)
        waiting = list(self._reviewer.cases(state="waiting"))
        self.checks.equal(waiting, [], "cases that still wait")
        self._reviewer.lift(story.LIFTED, "Shown to criticise it: the report below it says so.")

    def _decide_one(self, case: Case) -> None:
        if case.origin == "report":
            reason = "It reports on violence; it does not call for it."
            self._decide(case, Decision("pass", reason))
        else:
            reason = "An ordinary picture: the bank's entry is a mistake."
            self._decide(case, Decision("pass", reason, entry="refute"))

    def _await_deliveries(self) -> None:
        """Every action and every case's opening reaches the receiver, signed."""
        actions = list(self._platform.actions())
        restricted = {one.item for one in actions if one.kind == "restrict"}
        expected = {f"bridge/{name}" for name in story.NEAR}
        self.checks.equal(restricted, expected, "what was restricted, and nothing else")
        lifted = [one.item for one in actions if one.kind == "lift"]
        self.checks.equal(lifted, [story.LIFTED], "what was lifted")
        self.checks.equal(len(actions), len(expected) + 1, "the actions")
        due = len(actions) + len(self._decided) + len(self._flood.cases)
        wait(lambda: len(self._receiver.messages(alerts=False)) >= due)
        messages = self._receiver.messages(alerts=False)
        self.checks.that(all(one["verified"] for one in messages), "every signature is right")
        self.checks.equal(len({one.get("id") for one in messages}), due, "the messages delivered")
        delivered = {one.get("id") for one in messages}
        missing = {one.message_id for one in actions} - delivered
        self.checks.equal(missing, set(), "actions that the receiver lacks")
        hidden = {str(one["item"]): bool(one["hidden"]) for one in messages if one["verified"]}
        shown = {item for item, is_hidden in hidden.items() if is_hidden}
        self.checks.equal(shown, expected - {story.LIFTED}, "what the platform hides at the end")

    def _verify_ledger(self) -> Verification:
        """Check the chain as `tidegate ledger verify` does, once all is sealed."""
        key = InstanceSecrets.open(self._settings.data_dir).ledger_key.public_key()

        def look() -> Verification:
            head = self._settings.data_dir / HEAD_FILE
            exported = read_head(head)
            with self._database.begin("system:demo") as tx:
                return verify(tx, key, exported)

        wait(lambda: look().unsealed == 0)
        found = look()
        self.checks.equal(found.faults, [], "the ledger's faults")
        self.checks.equal(found.unsealed, 0, "entries that are not sealed")
        listed = sum(1 for _ in self._platform.ledger())
        self.checks.equal(listed, found.entries, "the ledger's length over HTTP")
        return found

    def _summarise(self, ledger: Verification) -> None:
        messages = self._receiver.messages(alerts=False)
        actions = sum(str(one.get("type")).startswith("action.") for one in messages)
        lifted = [one for one in messages if one.get("type") == "action.lift"]
        facts = [
            ("reports", f"{self._reports:,}"),
            ("cases decided", f"{len(self._decided):,} by {REVIEWER}"),
            (
                "deliveries",
                f"{len(messages):,} messages, signatures verified: {actions:,} actions"
                f" and {len(messages) - actions:,} opened cases",
            ),
            ("lifted again", ", ".join(f"{one['item']}, seen by the receiver" for one in lifted)),
            *self._flood.facts,
            (
                "ledger",
                f"{ledger.entries:,} entries, {'intact' if ledger.intact else 'TAMPERED'},"
                f" {ledger.unsealed} not sealed",
            ),
            ("time in all", f"{time.monotonic() - self._began:.1f} s"),
        ]
        self._console.print()
        show(self._console, self._verdicts, list(self._paths.values()), facts, self.checks)

    def _fill_desk(self) -> None:
        """What a newcomer finds: a colleague holds a case and has proposed what needs second eyes, a target
        is gone, a rule watches."""
        with self._database.begin("system:demo") as tx:
            create_user(tx, COLLEAGUE, "reviewer")
            key = create_key(tx, SCOPES, "colleague", ["cases:decide"], user_email=COLLEAGUE)[1]
            create_webhook(tx, f"{self._receiver.url}/gone", allow_private=True, enforce=True,
                           known=MESSAGE_TYPES)  # fmt: skip
            pack = store_pack(tx, desk.with_shadow(default_source()))
            activate_pack(tx, pack.name, pack.version)
        made = desk.fill(self._platform, "account")
        waiting = list(self._reviewer.cases(state="waiting"))
        self.checks.that(len(waiting) >= 40, f"at least 40 cases wait, not {len(waiting)}")
        self.checks.equal(len(waiting), made + len(self._flood.cases), "the cases on the desk")
        with Client(self._server.url, key) as colleague:
            held = colleague.claim(waiting[-1].id)
        self.checks.equal(held.state, "claimed", "the case that a colleague holds")
        with self._database.begin(f"user:{COLLEAGUE}") as tx:
            pack_now = PackStore().refresh(tx)
            proposed = decide_case(tx, UUID(waiting[-2].id), PROPOSED, pack=pack_now, where="pages")
        self.checks.that(proposed.state != "decided", "a ban of an account waits for second eyes")

    def _decide(self, case: Case, decision: Decision) -> None:
        """Claim and decide, as the pages do."""
        self._reviewer.claim(case.id)
        decided = self._reviewer.decide(case.id, decision)
        self.checks.equal(decided.state, "decided", f"the case of {case.item}")
        self._decided.append(decided)

    def _post_picture(self, folder: str, kind: str, path: FilePath) -> ItemAnswer:
        item, file = story.picture_item(folder, path), story.picture_file(path)
        answer = self._platform.submit(item, [file])
        self._verdicts.note(answer.id, kind, answer.verdict)
        return answer

    def _many(
        self, one: Callable[[T], R], many: Iterable[T], connections: int, path: str | None = None
    ) -> list[R]:
        """Call `one` for each, over so many connections at once; measured where `path` is told."""
        measured = self._paths[path] if path else Path("")

        def timed(argument: T) -> R:
            began = time.monotonic()
            answer = one(argument)
            measured.latencies.append(time.monotonic() - began)
            return answer

        began = time.monotonic()
        with ThreadPoolExecutor(connections) as pool:
            answers = list(pool.map(timed, many))
        measured.seconds += time.monotonic() - began
        measured.items += len(answers)
        return answers


def _kind(id: str) -> str:
    return NEWS if id.startswith("news/") else MESSAGES
