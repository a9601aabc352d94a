"""Two platforms in one instance: of everything there is one of platform b, and a little of platform a."""

import base64
from io import BytesIO
from typing import Any
from uuid import UUID

import httpx
import msgspec
import sqlalchemy as sa
from PIL import Image
from tests.api import Api, item
from tests.web.of_orders import OrderOfB

from tidegate.clocks.actions import start
from tidegate.clocks.model import Subject as About
from tidegate.clocks.rings import ring as let_ring
from tidegate.content.queries import get_item
from tidegate.decisions.model import Subject
from tidegate.enforcement.webhooks import create_webhook
from tidegate.infra.db import metadata
from tidegate.ledger.sequencer import seal
from tidegate.review.actions import open_case
from tidegate.review.alerts import ring
from tidegate.signals.banks.staged import Options, Sent, send

WORDS = "what only those of b may read"
# What changes by itself, or with every request.
_RESTLESS = {"counters", "sessions"}

Rows = dict[str, set[str]]


class OfB(msgspec.Struct, frozen=True, kw_only=True):
    """What b has, by the ids that a request would name it by."""

    item: str
    item_id: UUID
    case: str
    decided: str
    action: str
    hold: str
    entry: str
    reference: str
    asked: str  # the case about the entry
    held: str  # a decision that has not left yet
    alert: str
    imported: str  # an import into its bank
    flagger: str
    task: str
    cluster: str
    change: str  # of its cluster
    notifier: str  # the pseudonym of who reported b's
    shared: str  # an entry of everybody's bank
    incident: str  # that is open
    proposed: str  # one that is not yet
    clock: str
    ring: str  # nobody's, which only who is bound to nothing sees
    order: OrderOfB

    @property
    def marks(self) -> set[str]:
        """What shows that something of b was shown."""
        own = set(self.__struct_fields__) - {"shared", "order"}
        order = {str(one) for one in vars(self.order).values()}
        return {WORDS, "bank-of-b", *(str(getattr(self, name)) for name in own), *order}


def settle_b(api: Api) -> OfB:
    """An item with a picture, reported, decided, held and waiting again; an action that was not
    delivered. All of it carries WORDS where words are taken."""
    with api.instance.database.begin() as tx:
        create_webhook(
            tx, "https://platform.example/hook", known=("action.restrict",), enforce=True
        )
    media = [{"filename": "of-b.png", "data": base64.b64encode(_picture()).decode()}]
    said = item("post-of-b", platform="b", text=WORDS, media=media, author="author-of-b")
    assert api.post("/v1/items", said).status_code == 200
    decision = {"outcome": "restrict", "label": "propaganda", "reason": WORDS}
    at = "/v1/items/post-of-b{}?platform=b"
    hold = api.post(at.format("/holds"), {"reason": WORDS}).json()["id"]
    report = {"channel": "notice", "reason": "other", "comment": WORDS, "item_id": "post-of-b"}
    report |= {"created_at": "2025-12-31T23:30:00Z", "reporter": "reporter-of-b"}
    report |= {"source": {"name": WORDS}}
    first = api.post("/v1/reports?platform=b", report | {"id": "report-of-b"}).json()
    waiting, reference, cluster = first["case"], first["reference"], first["cluster"]
    pinned = api.post(f"/v1/clusters/{cluster}/pin", {"members": ["report-of-b"]})
    assert pinned.status_code == 200, pinned.text
    change = pinned.json()["changes"][0]["id"]
    other = item("other-of-b", platform="b", text=WORDS, author="author-of-b")
    assert api.post("/v1/items", other).status_code == 200
    told = report | {"id": "other-report-of-b", "item_id": "other-of-b"}
    decided = api.post("/v1/reports?platform=b", told).json()["case"]
    answer = api.post(f"/v1/cases/{decided}/decide", decision)
    assert answer.status_code == 200, answer.text
    third = item("third-of-b", platform="b", text=WORDS + " too", author="author-of-b")
    assert api.post("/v1/items", third).status_code == 200
    late = report | {"id": "third-report-of-b", "item_id": "third-of-b"}
    waits = api.post("/v1/reports?platform=b", late).json()["case"]
    answer = api.post(f"/v1/cases/{waits}/decide", decision | {"undo_seconds": 100})
    assert answer.status_code == 200, answer.text
    held = api.get("/v1/items/third-of-b?platform=b").json()["held_decision"]["id"]
    action = api.get("/v1/actions").json()["data"][0]["id"]
    assert api.bank("bank-of-b", platform="b", note=WORDS).status_code == 201
    assert api.bank("everybodys").status_code == 201
    picture = {"file": ("of-b.png", _picture(), "image/png")}
    added = api.post("/v1/banks/bank-of-b/entries", files=picture, data={"note": WORDS})
    assert added.status_code == 201, added.text
    entry = added.json()["id"]
    with api.instance.database.begin() as tx:
        item_id = get_item(tx, "b", "post-of-b").id
        subject = Subject("entry", UUID(entry))
        asked, _ = open_case(
            tx,
            subject=subject,
            item=None,
            platform="b",
            revision=None,
            queue="entries",
            origin="quarantine",
        )
        alert = ring(tx, "escalation", item_id=item_id, platform="b").alert
    flagger = api.post("/v1/flaggers", {"name": WORDS, "contact": WORDS, "platform": "b"}).json()
    (reported, *_) = api.get(f"/v1/cases/{waiting}/reports").json()["data"]
    notifier = reported["reporter"]
    warned = api.post(f"/v1/notifiers/{notifier}/warn?platform=b", {"reason": WORDS})
    assert warned.status_code == 200, warned.text
    with api.instance.database.begin("user:b@example.org") as tx:
        listed = Sent("of-b.csv", None, b"sha256", is_list=True)
        imported = send(tx, "bank-of-b", [listed], Options())
    incident, proposed = (_incident_of_b(api) for _ in range(2))
    opened = api.post(f"/v1/incidents/{incident}/open", {"reason": WORDS, "bank": "bank-of-b"})
    assert opened.status_code == 200, opened.text
    task = api.post(f"/v1/cases/{waiting}/tasks", {"text": WORDS})
    assert task.status_code == 201, task.text
    linked = api.post(f"/v1/cases/{waiting}/links", {"case": str(asked.id), "why": WORDS})
    assert linked.status_code == 201, linked.text
    clock, ring_id = _clock_of_b(api)
    return OfB(
        clock=clock,
        ring=ring_id,
        order=OrderOfB(api, WORDS),
        task=task.json()["id"],
        reference=reference,
        item="post-of-b",
        item_id=item_id,
        case=waiting,
        decided=decided,
        action=action,
        hold=hold,
        entry=entry,
        asked=str(asked.id),
        held=held,
        alert=str(alert),
        imported=str(imported),
        flagger=flagger["id"],
        cluster=cluster,
        change=change,
        notifier=notifier,
        shared=api.entry("what everybody knows", "everybodys")["id"],
        incident=incident,
        proposed=proposed,
    )


def _incident_of_b(api: Api) -> str:
    said = {"scheme": "attack-response", "title": WORDS, "note": WORDS, "platform": "b"}
    answer = api.post("/v1/incidents", said)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def _clock_of_b(api: Api) -> tuple[str, str]:
    """A clock of b, and what rings for nobody in particular."""
    packs = api.instance.clocks
    with api.instance.database.begin() as tx:
        clock = start(
            tx,
            packs,
            "referral.answer",
            subject=About("referral", "of-b"),
            at=tx.now,
            event="referral.received",
            us="provider",
            terms=packs.terms("Europe/Berlin", "DE"),
            platform="b",
        )
        ring_id = let_ring(tx, "order.received", {"state": "refused"}, order=None)
    return str(clock.id), str(ring_id)


def settle_a(api: Api) -> None:
    """An item of a that was reported: what a bound reader must still see."""
    api.submit("post-of-a", platform="a", text="what those of a may read")
    report = {"id": "r", "channel": "user", "reason": "spam", "item_id": "post-of-a"}
    report |= {"created_at": "2025-12-31T23:30:00Z"}
    assert api.post("/v1/reports?platform=a", report).status_code == 201


def seal_all(api: Api) -> None:
    """Have every entry that waits in the ledger."""
    instance = api.instance
    while seal(
        instance.database, instance.secrets.ledger_key, instance.settings.data_dir / "head.json"
    ):
        pass


def rows(api: Api) -> Rows:
    """Every row of every table, as text."""
    found: Rows = {name: set() for name in sorted(metadata.tables.keys() - _RESTLESS)}
    every = " UNION ALL ".join(
        f"SELECT '{name}' AS name, t::text AS said FROM \"{name}\" t" for name in found
    )
    with api.instance.database.begin() as tx:
        for row in tx.execute(sa.text(every)):
            found[row.name].add(row.said)
    return found


def check_unharmed(before: Rows, after: Rows, of_b: OfB, case: object) -> None:
    """Nothing that was there has changed, and nothing that came is about what is b's."""
    for table, found in after.items():
        assert before[table] <= found, (case, table)
        came = " ".join(found - before[table])
        assert not [mark for mark in of_b.marks if mark in came], (case, table)


def check_answer(answer: httpx.Response, of_b: OfB, asked: str, case: object) -> None:
    """It is refused as not to be seen, or says nothing of b that was not asked with."""
    if answer.status_code in (403, 404):
        return
    assert answer.status_code in (200, 201, 204, 303), (case, answer.status_code, answer.text)
    said = answer.text + answer.headers.get("location", "")
    assert not [mark for mark in of_b.marks if mark in said and mark not in asked], (case, said)


def _picture() -> bytes:
    drawn = Image.effect_noise((64, 64), 90)
    out = BytesIO()
    drawn.convert("RGB").save(out, "PNG")
    return out.getvalue()


def body_of(more: dict[str, Any]) -> str:
    """What a request says, for `check_answer`."""
    return msgspec.json.encode(more, enc_hook=str).decode()
