"""A desk with legal orders in every state that its pages have forms for: of others' to us, of ours to others, and
what is at the desk for scrutiny. One instance is a platform and an authority in turn, as none would be."""

from datetime import timedelta
from typing import cast
from uuid import UUID

import msgspec
from tests.orders.desk import OTHER, Desk, annex
from tests.orders.letters import Sender
from tests.orders.sides import drafted
from tests.web.desk_of_measures import measures_of_all_kinds

from tidegate.infra.clock import FakeClock
from tidegate.infra.times import in_full
from tidegate.orders.drafts.actions import note_carried, note_claimed
from tidegate.orders.drafts.model import CarriedIn, ClaimedIn, DraftIn
from tidegate.orders.referrals.model import AnswerIn, ReferralIn
from tidegate.orders.scrutinies import actions as scrutinies
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.orders import drafted as drafting
from tidegate.pipeline.orders.referring import answer, refer

OFFICER = "user:one@here.example"
STATES = (
    "draft",
    "submitted",
    "approved",
    "issued",
    "delivered",
    "executed",
    "not_executed",
    "revoked",
)
DECIDED = ("decided", "communicated")
_PERIOD = "from=2025-01-01&to=2027-01-01&channel=order"
URLS = [f"https://forum.example/p/{n}" for n in range(8)]


def orders_of_all_kinds(instance: Instance) -> dict[str, list[str]]:
    """Addresses of their pages."""
    desk = Desk(instance, cast(FakeClock, instance.clock))
    came, referrals = came_in(desk), [referred(desk)]
    authority(desk)
    ours, looked = of_ours(desk), at_the_desk(desk)
    asked = measures_of_all_kinds(desk)
    given = ReferralIn("board.example", ["https://board.example/9"], "Section 4.", "It is.", "de")
    referrals.append(desk.tx(lambda tx: refer(tx, desk.instance, given), OFFICER)[0].id)
    be(desk, "platform")
    return {
        "/orders": ["/orders", "/orders?live=yes", "/orders?direction=in"],
        "/orders/{order}": [f"/orders/{one}" for one in (*came, *ours)],
        "/orders/{order}/documents/{document}": [],
        "/orders/{order}/message.jws": [],
        "/clocks": ["/clocks", "/clocks?ringing=yes", "/clocks?state=met&bearer=them"],
        "/referrals/{referral}": [f"/referrals/{one}" for one in referrals],
        "/scrutinies/{scrutiny}": [f"/scrutinies/{one}" for one in looked],
        "/measures": ["/measures", "/measures?state=open"],
        "/measures/{measure}": [f"/measures/{one}" for one in asked],
        "/measures/{measure}.csv": [],
        "/measures/{measure}/letter.pdf": [],
        "/measures.csv": [],
        "/oversight": ["/oversight", f"/oversight?{_PERIOD}"],
        "/oversight.csv": [],
        "/oversight/{organisation}": [f"/oversight/{desk.sender.id}?{_PERIOD}"],
        "/oversight/{organisation}.csv": [],
        "/oversight/{organisation}/rows": [f"/oversight/{desk.sender.id}/rows?{_PERIOD}"],
        "/oversight/{organisation}/rows.csv": [],
    }


def be(desk: Desk, kind: str) -> None:
    """From now on it is a platform, or an authority."""
    functions = "{issue,scrutinise,oversee,penalise}" if kind == "authority" else "{}"
    at = f"UPDATE organisation SET kind = '{kind}', functions = '{functions}'"
    desk.tx(lambda tx: tx.connection.exec_driver_sql(at))


def _silence(desk: Desk) -> dict[str, str]:
    decided, until = desk.now - timedelta(hours=12), desk.now + timedelta(days=19)
    return {"decided_at": in_full(decided), "until": in_full(until), "reason": "so"}


def came_in(desk: Desk) -> list[UUID]:
    for number, url in enumerate(URLS):
        desk.post(f"ordered-{number}", f"the text {number}", url=url)
    found = [
        desk.ordered(*URLS[:2], "https://forum.example/none", order="several", reference="several")
    ]
    silent = _silence(desk)
    found.append(desk.ordered(URLS[2], order="done", reference="done", non_disclosure=silent))
    desk.execute(found[-1])
    found.append(desk.ordered(URLS[3], order="impeded", reference="impeded"))
    desk.do("impede", found[-1], ground="impossible", explanation="A fire.")
    found.append(desk.ordered(URLS[4], order="asking", reference="asking"))
    desk.do("ask", found[-1], ground="manifest_error", needed="Which of two.")
    stranger = Sender("stranger.example")
    body = annex(stranger, desk.now, [URLS[5]], reference="strange")
    found.append(UUID(desk.says("order.issued", body, sender=stranger, order="strange")["order"]))
    desk.do("reject", found[-1], by=OTHER, reason="forged")
    return found


def referred(desk: Desk) -> UUID:
    """One of which one URL was answered."""
    body = {"terms_cited": "Section 4.", "reasons": "It is.", "language": "de", "urls": URLS[6:]}
    id = UUID(desk.says("referral.sent", body, order="referred")["order"])
    said = AnswerIn("kept", "It is a report.")
    desk.tx(lambda tx: answer(tx, desk.instance, id, 1, said))
    return id


def authority(desk: Desk) -> None:
    """From now on it is an authority, which knows a platform, and one that nobody has confirmed."""
    be(desk, "authority")
    Sender("board.example", kind="platform").register(desk.instance.database)
    Sender("new.example", kind="platform").register(desk.instance.database, confirm=False)


def of_ours(desk: Desk) -> list[UUID]:
    """One in each state, set as if it had come there."""
    found: list[UUID] = []
    silent = _silence(desk)
    given = msgspec.convert(drafted(to="board.example", non_disclosure=silent), DraftIn)
    for state in STATES:
        order = desk.tx(lambda tx: drafting.begin(tx, desk.instance, given), OFFICER)
        found.append(order.id)
        move = f"UPDATE orders SET state = '{state}' WHERE id = '{order.id}'"
        desk.tx(lambda tx, move=move: tx.connection.exec_driver_sql(move))
    told = "They say that it is gone."
    carried, said = CarriedIn("post", desk.now), ClaimedIn("executed", desk.now, told)
    desk.tx(lambda tx: note_carried(tx, found[4], carried), OFFICER)
    desk.tx(lambda tx: note_claimed(tx, found[4], said), OFFICER)
    return found


def at_the_desk(desk: Desk) -> list[UUID]:
    """What was looked into, as far as each step."""
    found: list[UUID] = []
    for state in ("received", "intention_notified", "decided", "communicated"):
        with desk.instance.database.begin(OFFICER) as tx:
            one = scrutinies.open_scrutiny(tx, desk.sender.id, state)
            body = annex(desk.sender, desk.now, ["https://board.example/1"])
            one = scrutinies.keep_copy(
                tx, one, recipient="board.example", reference="2026/1", annex=body
            )
            scrutinies.keep_request(
                tx, one, by="provider", sender="board.example", reasons="It is news.", late=True
            )
            by = {"intention": "It is news.", "intention_by": OFFICER, "intention_at": tx.now}
            decided = {"finding": "infringement", "reasons": "It is news.", "decided_by": OFFICER}
            by |= decided | {"decided_at": tx.now} if state in DECIDED else {}
            scrutinies.step(tx, one, state, **by)
            found.append(one.id)
    return found
