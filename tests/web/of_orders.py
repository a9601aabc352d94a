"""What somebody bound to one platform may try on the routes and pages about legal orders, referrals, the scrutiny desk
and measures: all of it is the whole organisation's, and nothing for them."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from tests.api import Api
from tests.orders.letters import LONG_AGO, Sender, found_ours
from tests.web import of_measures

from tidegate.infra.clock import FakeClock
from tidegate.infra.times import in_full
from tidegate.orders.scrutinies.actions import open_scrutiny
from tidegate.pipeline.orders.inbox import take

Asked = tuple[str, dict[str, Any]]
Tried = dict[tuple[str, str], list[Asked]]
TO = "hessen.example"
"""Who is registered; the order is theirs."""
WHEN = in_full(LONG_AGO)
_SAID: dict[str, dict[str, Any]] = {
    "impede": {"ground": "impossible", "explanation": "of a"},
    "ask": {"ground": "manifest_error", "needed": "of a"},
    "resume": {},
    "authenticate": {"how": "of a"},
    "reject": {"reason": "not_ours"},
    "annul": {"court": "of a", "reference": "of a"},
    "author-asked": {},
    "author-answered": {"gave": "copy"},
    "execute": {},
}
_OF_WHOLE: dict[str, dict[str, Any]] = {
    "acknowledge": {},
    "scrutiny": {"reasons": "of a"},
    "submit": {},
    "approve": {},
    "issue": {"deconfliction": {"waiver": "of a"}},
    "clarify": {"answer": "of a"},
    "revoke": {"reason": "of a"},
    "extend": {"until": WHEN, "reason": "of a"},
    "preserve": {"until": WHEN, "reason": "of a"},
    "access": {"purpose": "of a", "case": "of a"},
    "final": {},
    "carried": {"channel": "post", "at": WHEN},
    "claimed": {"state": "executed", "at": WHEN},
}
_SCRUTINY: dict[str, dict[str, Any]] = {
    "intention": {"reasons": "of a"},
    "decide": {"finding": "none", "reasons": "of a"},
    "communicate": {},
    "carried": {"channel": "post", "at": WHEN},
}
_REFERRAL: dict[str, dict[str, Any]] = {
    "withdraw": {"reason": "of a"},
    "carried": {"channel": "post", "at": WHEN},
    "claimed": {"state": "kept", "at": WHEN},
}
_SCORECARD: dict[str, dict[str, Any]] = {
    "send": {"from": "2026-01-01", "to": "2027-01-01", "channel": "order"},
    "contest": {"row": "of a", "text": "of a"},
    "reply": {"text": "of a"},
    "contests/{id}/settle": {"finding": "rejected", "reasons": "of a"},
}
_PRIOR = {"procedures": "of a", "deadlines": "of a"}


class OrderOfB:
    """An order about what is b's, with words that only those of b may read, an order of it at the scrutiny desk, and
    a referral; and the message that brought the order."""

    def __init__(self, api: Api, words: str) -> None:
        found_ours(api.instance)
        clock = api.instance.clock
        assert isinstance(clock, FakeClock)
        sender = Sender(TO)
        sender.register(api.instance.database)
        url = f"https://forum.example/{words.replace(' ', '-')}"
        order = {"items": [{"url": url}], "reference": words, "reasons": words}
        referral = {"urls": [url], "terms_cited": words, "reasons": words, "language": "de"}
        with api.instance.database.begin("inbox") as tx:
            for type, body in (("order.issued", order), ("referral.sent", referral)):
                raw = sender.message(clock.now(), type, order=words, body=body)
                take(tx, api.instance, raw, None)
            self.scrutiny = open_scrutiny(tx, TO, words).id
            self.measure = of_measures.measure_about(tx, api.instance, words)
            self.id = _only(tx.execute(sa.text("SELECT id FROM orders")))
            hour = sa.text("SELECT id FROM clocks WHERE name = 'tco.remove'")
            self.clock = _only(tx.execute(hour))
            self.referral = _only(tx.execute(sa.text("SELECT id FROM referrals")))
            brought = sa.text("SELECT id FROM order_messages WHERE type = 'order.issued'")
            self.message = _only(tx.execute(brought))


def _only(found: sa.CursorResult[Any]) -> UUID:
    return found.scalar_one()


def attempts(of_b: OrderOfB) -> Tried:
    """By a key."""
    at, path = f"/v1/orders/{of_b.id}", "/v1/orders/{id}"
    desk, referral = f"/v1/scrutinies/{of_b.scrutiny}", f"/v1/referrals/{of_b.referral}"
    message = f"{at}/messages/{of_b.message}"
    letter = {"file": ("order.pdf", b"%PDF", "application/pdf")}
    by_hand = {"channel": "mail", "received_at": WHEN, "annex": "{}", "issuer": "of a"}
    refer = {"to": TO, "urls": ["https://forum.example/x"], "language": "de"}
    tried: Tried = {
        ("GET", "/v1/orders"): [("/v1/orders", {}), ("/v1/orders?state=doubtful", {})],
        ("GET", path): [(at, {})],
        ("GET", f"{path}/documents/{{document}}"): [(f"{at}/documents/annex-1.json", {})],
        ("GET", f"{path}/messages/{{message}}/message.jws"): [(f"{message}/message.jws", {})],
        ("POST", f"{path}/messages/{{message}}/replay"): [(f"{message}/replay", {})],
        ("POST", "/v1/orders/upload"): [("/v1/orders/upload", {"files": letter, "data": by_hand})],
        ("POST", "/v1/orders"): [("/v1/orders", {"json": {"to": TO}})],
        ("GET", "/v1/scrutinies"): [("/v1/scrutinies", {})],
        ("GET", "/v1/scrutinies/{id}"): [(desk, {})],
        ("GET", "/v1/referrals"): [("/v1/referrals", {})],
        ("GET", "/v1/referrals/{id}"): [(referral, {})],
        ("POST", "/v1/referrals"): [
            ("/v1/referrals", {"json": refer | {"terms_cited": "4.2", "reasons": "of a"}})
        ],
        ("POST", "/v1/referrals/{id}/items/{n}/answer"): [
            (f"{referral}/items/1/answer", {"json": {"outcome": "kept", "reason": "of a"}})
        ],
        ("GET", "/v1/checks"): [("/v1/checks", {})],
        ("POST", "/v1/checks"): [("/v1/checks", {"json": {"url": "https://forum.example/x"}})],
        ("POST", "/v1/registry/{id}/prior-information"): [
            (f"/v1/registry/{TO}/prior-information", {"json": _PRIOR})
        ],
    }
    for verb, said in _SAID.items():
        tried["POST", f"{path}/items/{{n}}/{verb}"] = [(f"{at}/items/1/{verb}", {"json": said})]
    for verb, said in (_SAID | _OF_WHOLE).items():
        tried["POST", f"{path}/{verb}"] = [(f"{at}/{verb}", {"json": said})]
    for verb, said in _SCRUTINY.items():
        tried["POST", f"/v1/scrutinies/{{id}}/{verb}"] = [(f"{desk}/{verb}", {"json": said})]
    for verb, said in _REFERRAL.items():
        tried["POST", f"/v1/referrals/{{id}}/{verb}"] = [(f"{referral}/{verb}", {"json": said})]
    return tried | _of_scorecards(of_b) | of_measures.attempts(of_b.measure)


def _of_scorecards(of_b: OrderOfB) -> Tried:
    """What is said of whom the order is from."""
    all, path = "/v1/scorecards", "/v1/scorecards/{organisation}"
    tried: Tried = {("GET", one): [(one, {})] for one in (all, f"{all}.csv")}
    for more in ("", ".csv", "/card.json", "/rows", "/rows.csv"):
        tried["GET", f"{path}{more}"] = [(f"{all}/{TO}{more}", {})]
    for verb, said in _SCORECARD.items():
        at = f"{all}/{TO}/{verb.format(id=of_b.id)}"
        tried["POST", f"{path}/{verb}"] = [(at, {"json": said})]
    return tried


def page_attempts(of_b: OrderOfB, kid: str) -> Tried:
    """By a person; `kid` is a key in the registry."""
    at, desk, party = f"/orders/{of_b.id}", f"/scrutinies/{of_b.scrutiny}", f"/registry/{TO}"
    referral, clock = f"/referrals/{of_b.referral}", f"/clocks/{of_b.clock}"
    tried: Tried = {
        ("GET", "/orders"): [("/orders", {}), ("/orders?live=yes", {})],
        ("GET", "/orders/new"): [("/orders/new", {})],
        ("POST", "/orders"): [("/orders", {"to": TO})],
        ("GET", "/orders/upload"): [("/orders/upload", {})],
        ("POST", "/orders/upload"): [("/orders/upload", {"channel": "fax", "issuer": "of a"})],
        ("GET", "/orders/{order}"): [(at, {})],
        ("GET", "/orders/{order}/documents/{document}"): [(f"{at}/documents/annex-1.json", {})],
        ("GET", "/orders/{order}/message.jws"): [(f"{at}/message.jws", {})],
        ("GET", "/scrutinies"): [("/scrutinies", {})],
        ("GET", "/scrutinies/{scrutiny}"): [(desk, {})],
        ("GET", "/referrals"): [("/referrals", {})],
        ("GET", "/referrals/new"): [("/referrals/new", {})],
        ("POST", "/referrals"): [("/referrals", {"to": TO})],
        ("GET", "/referrals/{referral}"): [(referral, {})],
        ("POST", "/referrals/{referral}/items/{n}/answer"): [
            (f"{referral}/items/1/answer", {"outcome": "not_found", "outcome:1": "not_found"})
        ],
        ("GET", "/clocks"): [("/clocks", {}), ("/clocks?ringing=yes", {})],
        ("POST", "/clocks/{clock}/acknowledge"): [(f"{clock}/acknowledge", {"back": "/clocks"})],
        ("GET", "/registry"): [("/registry", {})],
        ("POST", "/registry"): [("/registry", {"document": "{}"})],
        ("POST", "/registry/{party}/confirm"): [(f"{party}/confirm", {"kids": kid})],
        ("POST", "/registry/{party}/keys/{kid}/revoke"): [
            (f"{party}/keys/{kid}/revoke", {"at": WHEN, "reason": "of a"})
        ],
        ("POST", "/registry/{party}/prior-information"): [(f"{party}/prior-information", _PRIOR)],
    }
    of_platform = {"execute", "impede", "resume", "ask", "authenticate", "reject", "annul"}
    for verb in of_platform | _OF_WHOLE.keys():
        said = (_SAID | _OF_WHOLE)[verb]
        form = {f"{verb}_{name}": value for name, value in said.items() if value != {}}
        tried["POST", f"/orders/{{order}}/{verb}"] = [(f"{at}/{verb}", form)]
    for verb, said in _REFERRAL.items():
        tried["POST", f"/referrals/{{referral}}/{verb}"] = [(f"{referral}/{verb}", said)]
    for verb in ("intention", "decide", "communicate"):
        said = _SCRUTINY[verb]
        tried["POST", f"/scrutinies/{{scrutiny}}/{verb}"] = [(f"{desk}/{verb}", said)]
    for more in ("", ".csv"):
        tried["GET", f"/oversight{more}"] = [(f"/oversight{more}", {})]
    for more in ("", ".csv", "/rows", "/rows.csv"):
        tried["GET", f"/oversight/{{organisation}}{more}"] = [(f"/oversight/{TO}{more}", {})]
    for verb, said in _SCORECARD.items():
        named = f"/oversight/{{organisation}}/{verb.replace('{id}', '{contest}')}"
        tried["POST", named] = [(f"/oversight/{TO}/{verb.format(id=of_b.id)}", said)]
    return tried | of_measures.page_attempts(of_b.measure)
