"""Fills a database as a platform and its people would, and writes its rows as SQL.

`python -m scripts.fill_release tests/infra/filled_0_1.sql`, run with the program of a release, makes
what the tests of the upgrades start from. Its keys are no secret, so that the ledger can be verified.
"""

import asyncio
import base64
import io
import os
import random
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from PIL import Image
from starlette.testclient import TestClient
from tests.api import Api

from tidegate.access.actions import create_key, create_user, revoke_key
from tidegate.access.sign_in import redeem_link
from tidegate.enforcement.deliver import Deliverer
from tidegate.enforcement.webhooks import create_webhook, disable_webhook
from tidegate.infra.clock import FakeClock
from tidegate.infra.postgres import EmbeddedPostgres
from tidegate.infra.postgres.binaries import find_binaries
from tidegate.infra.settings import Settings
from tidegate.ledger.model import HEAD_FILE
from tidegate.ledger.sequencer import seal
from tidegate.pipeline.decide import lift_expired
from tidegate.pipeline.house import MESSAGE_TYPES, SCOPES
from tidegate.pipeline.instance import Instance, opened
from tidegate.pipeline.lookback.codes import LookBack
from tidegate.pipeline.lookback.phrases import PhraseWalk
from tidegate.policy.actions import store_pack
from tidegate.policy.data import default_source
from tidegate.signals.banks.sightings import fold_sightings
from tidegate.web.app import create_app

KEYS = {"author": b"\1" * 32, "ledger": b"\2" * 32, "terms": b"\3" * 32}
KNOWN = "watch the full video of what we did in the square before they take it down"
SEEN = "join the armed fight on friday at the old bridge and bring the others with you"
FINE = "the museum shows what was painted on the walls of the old bridge in the war"
LAW = {"kind": "law", "reference": "Regulation (EU) 2021/784, Art. 2(7)"}
HEADER = """\
-- Rows of a database that version 0.1 filled, of its one revision 0001_pre_spine.
-- Made by `python -m scripts.fill_release tests/infra/filled_0_1.sql` at 0.1.
"""


def write_keys(data_dir: Path) -> None:
    """The keys of the filled instance, for whoever opens its database."""
    (data_dir / "secrets").mkdir(parents=True, exist_ok=True)
    for name, key in KEYS.items():
        (data_dir / "secrets" / f"{name}.key").write_bytes(key)


def picture(seed: int) -> dict[str, str]:
    """A picture with enough in it to have a code."""
    small = Image.frombytes("RGB", (8, 8), random.Random(seed).randbytes(192))
    file = io.BytesIO()
    small.resize((128, 128), Image.Resampling.BICUBIC).save(file, "PNG")
    data = base64.b64encode(file.getvalue()).decode()
    return {"filename": f"{seed}.png", "content_type": "image/png", "data": data}


class Filling:
    """What is done, with the clock moving on before each step."""

    def __init__(self, instance: Instance, clock: FakeClock, client: TestClient) -> None:
        self.instance, self.clock = instance, clock
        self.api = Api(instance, client)
        self.looker, self.walker = LookBack(instance), PhraseWalk(instance)

    def call(self, method: str, path: str, json: object = None, status: int = 200) -> dict:
        self.clock.advance(60)
        answer = self.api.call(method, path, json=json)
        assert answer.status_code == status, (path, answer.text)
        return answer.json() if answer.content else {}

    def submit(self, id: str, **fields: object) -> dict:
        body = {"surface": "post", "publicness": "public", "author": f"author of {id}"}
        body |= {"created_at": "2025-12-31T23:00:00Z", "id": id} | fields
        return self.call("POST", "/v1/items", body)

    def report(self, id: str, channel: str = "user", **fields: object) -> dict:
        body = {"id": id, "channel": channel, "reason": "terrorism", "reporter": f"who sent {id}"}
        body |= {"created_at": "2025-12-31T23:30:00Z", "comment": "look at this"} | fields
        return self.call("POST", "/v1/reports", body, 201)

    def decide(self, item: str, outcome: str, **fields: object) -> dict:
        body = {"outcome": outcome, "reason": f"it is a case of {outcome}"}
        if outcome == "restrict":
            body["label"] = "propaganda"
        body |= fields
        return self.call("POST", f"/v1/items/{item}/decisions", body, 201)

    def entry(self, bank: str = "known", **fields: object) -> str:
        return self.call("POST", f"/v1/banks/{bank}/entries", fields, 201)["id"]

    def work(self) -> None:
        """What the worker does in the background."""
        self.clock.advance(60)
        while any([self.looker.step(), self.walker.step()]):
            pass
        for duty in (lift_expired, fold_sightings):
            with self.instance.database.begin() as tx:
                duty(tx)
        head = self.instance.settings.data_dir / HEAD_FILE
        while seal(self.instance.database, self.instance.secrets.ledger_key, head):
            pass


def people(made: Filling) -> None:
    """Users, keys, targets and packs."""
    with made.instance.database.begin("system:cli") as tx:
        for role in ("admin", "reviewer", "curator", "auditor"):
            _, link = create_user(tx, f"{role}@example.org", role)
        redeem_link(tx, link, 12.0)
        create_webhook(tx, "https://seen.example/hook", False, False, known=MESSAGE_TYPES)
        create_webhook(tx, "http://127.0.0.1:9/away", True, True, known=MESSAGE_TYPES)
        gone = create_webhook(tx, "https://gone.example/hook", False, True, known=MESSAGE_TYPES)
        disable_webhook(tx, gone.id)
        store_pack(tx, default_source().replace('name = "tvec"', 'name = "stored"', 1))
        key, _ = create_key(
            tx, SCOPES, "an old key", ["cases:decide"], "forum", "reviewer@example.org"
        )
        revoke_key(tx, key)


def banks(made: Filling) -> str:
    """Entries in every state; the id of one that will match too much."""
    made.call("POST", "/v1/banks", {"name": "known", "stance": "known", "labels": ["x"]}, 201)
    made.call("POST", "/v1/banks", {"name": "fine", "stance": "allow"}, 201)
    made.entry(text=KNOWN, confirmed=True, note="seen in May")
    made.entry(text=SEEN)
    made.entry(kind="domain", value="worse.example", confirmed=True)
    made.entry(kind="phrase", value="the black horse rides tonight")
    made.entry("fine", text=FINE, confirmed=True)
    wrong = made.entry(url="https://example.org/page", provenance={"list": "a partner's"})
    made.call("POST", f"/v1/banks/known/entries/{wrong}/refute")
    asleep = made.entry(kind="sha256", value="ab" * 32)
    patch = {"enabled": False, "disabled_until": "2027-01-01T00:00:00Z"}
    made.call("PATCH", f"/v1/banks/known/entries/{asleep}", patch)
    return made.entry(kind="domain", value="bad.example", confirmed=True)


def posts(made: Filling) -> None:
    """Items of every sort and what became of them."""
    made.submit("passed", text="good morning", url="https://example.net/a", language="en")
    made.submit("passed", text="good morning, edited", attributes={"likes": 3})
    made.submit("passed", text="good evening, edited twice")
    made.submit("picture", text="a walk", media=[picture(1), picture(2)])
    made.submit("broken", media=[{"filename": "x.jpg", "data": base64.b64encode(b"no").decode()}])
    made.submit("private", publicness="private", text="only for you", platform="chat")
    made.submit("by-rule", text=KNOWN)
    made.submit("by-rule-lifted", text=KNOWN.upper())
    made.decide("by-rule-lifted", "lift")
    made.submit("allowed", text=FINE)
    made.submit("late", text="tonight: t-h-e b l a c k horse rides tonight, they say")
    for id in ("open", "claimed", "decided", "confirmed"):
        made.submit(f"case-{id}", text=SEEN, author="one author")
    for id in ("everywhere", "countries", "for-a-day", "account", "twice", "escalated"):
        made.submit(id, text=f"something that people talk about: {id}")


def outcomes(made: Filling) -> None:
    """Reports, cases in every state, decisions of every form."""
    made.report("r1", item_id="passed")
    made.report("r2", item_id="passed", channel="trusted_flagger", comment=None)
    made.report("r3", url="https://example.com/never-seen", channel="notice")
    made.report("r4", item_id="by-rule", channel="referral", reporter=None)
    cases = {one["item"]: one["id"] for one in made.call("GET", "/v1/cases?limit=500")["data"]}
    made.call("POST", f"/v1/cases/{cases['case-claimed']}/claim")
    made.call("POST", f"/v1/cases/{cases['case-decided']}/claim")
    decided = {"outcome": "pass", "reason": "a report on it", "exemption": "news"}
    made.call("POST", f"/v1/cases/{cases['case-decided']}/decide", decided)
    made.report("r5", item_id="case-decided")  # reopens it
    until = (made.clock.now() + timedelta(days=400)).isoformat()
    both = {"scope": "item", "territory": ["DE", "FR"], "until": until}
    law = {"ground": LAW}
    made.decide("everywhere", "restrict", **law)
    made.decide("countries", "restrict", **law, restriction=both)
    soon = (made.clock.now() + timedelta(hours=1)).isoformat()
    made.decide("for-a-day", "restrict", restriction={"scope": "item", "until": soon})
    made.decide("account", "restrict", restriction={"scope": "account"})
    made.decide("twice", "restrict")
    made.decide("twice", "restrict", **law, restriction=both)
    made.decide("escalated", "escalate")
    made.submit("escalated", text="what people talk about, edited after it was escalated")
    confirm = {"outcome": "restrict", "label": "propaganda", "reason": "the text itself"}
    confirm["entry"] = "confirm"
    made.call("POST", f"/v1/cases/{cases['case-confirmed']}/decide", confirm)


def keeping(made: Filling, known: str) -> None:
    """Holds, an erasure, quarantines, and what is not looked for or sealed yet."""
    for item in ("passed", "passed", "everywhere"):
        made.call("POST", f"/v1/items/{item}/holds", {"reason": f"request for {item}"}, 201)
    hold = made.call("POST", "/v1/items/picture/holds", {"reason": "a mistake"}, 201)["id"]
    made.call("DELETE", f"/v1/items/picture/holds/{hold}", status=204)
    made.submit("erased", text="what its author took back", media=[picture(3)])
    made.report("r6", item_id="erased")
    made.decide("erased", "restrict")
    made.call("DELETE", "/v1/items/erased", status=204)
    for host, entry in (("bad.example", known), ("worse.example", "")):
        for number in range(4):
            made.submit(f"{host}-{number}", url=f"https://{host}/{number}")
        if entry:  # its quarantine is lifted, the other's stands
            made.call("POST", f"/v1/banks/known/entries/{entry}/confirm")
            made.clock.advance(7200)
            made.work()
    made.entry(kind="phrase", value="nobody has looked for this yet")
    made.looker.step()
    made.submit("newest", text="the last word, which nothing has sealed yet")


def fill(data_dir: Path, url: str) -> None:
    """Fill the database at `url` as the instance of `data_dir`."""
    write_keys(data_dir)
    clock = FakeClock()
    settings = Settings(data_dir=data_dir, quarantine_contents=3, quarantine_factor=2)
    with opened(settings, url, clock) as instance, TestClient(create_app(instance)) as client:
        made = Filling(instance, clock, client)
        people(made)
        known = banks(made)
        posts(made)
        made.work()
        outcomes(made)
        made.work()
        asyncio.run(_deliver(instance))
        keeping(made, known)


async def _deliver(instance: Instance) -> None:
    """One attempt at each message: it fails, for nobody listens."""
    deliverer = Deliverer(instance.database, instance.clock, instance.settings.allowed_addresses)
    try:
        await deliverer.run_once()
    finally:
        await deliverer.aclose()


def main(target: Path) -> None:
    """Fill a database on a server of its own and write its rows to `target`."""
    with tempfile.TemporaryDirectory(prefix="tg-fill-") as directory:
        server = EmbeddedPostgres(Path(directory) / "server")
        try:
            url = server.start()
            fill(Path(directory) / "instance", url)
            command = [find_binaries().program("pg_dump"), "--data-only", "--inserts"]
            command += ["--rows-per-insert=1000", "--no-comments", "--no-owner"]
            command += ["--exclude-table=alembic_version", url]
            # Bytes as text, where they are: most are JSON, which a reader may want to see.
            environment = os.environ | {"PGOPTIONS": "-c bytea_output=escape"}
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, check=True
            )
        finally:
            server.release()
            server.remove()
    # Comments, what only psql knows, and the settings of one version of the server are left out.
    unwanted = ("--", "\\", "SET ", "SELECT pg_catalog.set_config")
    lines = [one for one in done.stdout.split("\n") if one and not one.startswith(unwanted)]
    target.write_text(HEADER + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
