"""A scripted set of messages for somebody else's inbox, and clause by clause what held of the protocol.

It knows of HTTP only what it is given: `send` posts a body and gives the answer. Whoever is asked has to be
synthetic: what is sent would ring for people.
"""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec

from tidegate.exchange.model import PROTOCOL
from tidegate.exchange.published import Published
from tidegate.infra.errors import Refusal
from tidegate.infra.times import in_full
from tidegate.orders.jws import MEDIA_TYPE, Signer, encoded, parse, sign, verified
from tidegate.orders.messages.model import HARMLESS, PROBLEMS, Receipt

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_TOO_BIG = 2_000_000


class Answer(msgspec.Struct, frozen=True):
    """What an inbox answered."""

    status: int
    media_type: str
    body: bytes
    retry_after: str | None = None


Send = Callable[[bytes], Answer]


class Clause(msgspec.Struct, frozen=True):
    """A clause, and whether it held; None: it was not tried, `got` says why."""

    name: str
    says: str
    held: bool | None
    got: str = ""


class Busy(Exception):
    """The inbox takes no more of what strangers send for now."""


class Told(msgspec.Struct, frozen=True):
    """A receipt that was read, with its bytes."""

    raw: bytes
    receipt: Receipt


class Script:
    """`us` is the organisation that we say we are, `key` what we sign with, `stranger` a key that nobody can
    know. `known`: the other side has confirmed `key` as ours."""

    def __init__(
        self, send: Send, them: Published, *, us: str, key: Signer, stranger: Signer, known: bool
    ) -> None:
        self._send = send
        self._them = them
        self._us = us
        self._key, self._stranger = key, stranger
        self._known = known
        self._now = datetime.now(UTC)

    def run(self, now: datetime) -> Iterator[Clause]:
        """Each clause as it was tried. `now` is our time; from the first receipt on it is theirs."""
        self._now = now
        try:
            yield from self._greet()
            for one in (self._same, self._forged, self._judged, self._no_messages):
                yield from one()
        except Busy as busy:
            yield Clause("taken", "the rest", None, f"the inbox asks us to wait: {busy}")

    # What is good, and what comes again.

    def _greet(self) -> Iterator[Clause]:
        raw = self._message()
        answer = self._post(raw)
        yield _clause("accepted", "a message is answered 202", answer.status == 202, answer.status)
        kind = answer.media_type.partition(";")[0].strip()
        yield _clause("media-type", f"the answer is {MEDIA_TYPE}", kind == MEDIA_TYPE, kind)
        told = self._read(answer, raw)
        held = isinstance(told, Told)
        yield _clause("receipt", "a published key signed the receipt of it", held, told)
        if not isinstance(told, Told):
            return
        said = json.loads(parse(told.raw).payload)["received_at"]
        held = bool(_TIME.fullmatch(said))
        yield _clause("time", "received_at is UTC, with Z and six decimals", held, said)
        self._now = told.receipt.received_at
        unknown = sorted({*told.receipt.problems} - {*PROBLEMS})
        yield _clause("codes", "the problems are codes of the protocol", not unknown, unknown)
        if self._known:
            yield from self._expect("verified", "a good message is verified", self._message())
            return
        yield Clause("verified", "a good message is verified", None, "our key is not known there")

    def _same(self) -> Iterator[Clause]:
        says = "the same bytes get the same receipt to the letter"
        id = uuid4().hex
        raw = self._message(id=id)
        first, again = self._post(raw), self._post(raw)
        held = first.status == 202 and first.body == again.body
        yield _clause("same-receipt", says, held, again.status)
        changed = self._post(self._message(id=id, body={"procedures": "other", "deadlines": ""}))
        if self._known:
            says = "another content under the same id is refused with 409 message-changed"
            held = changed.status == 409 and _type(changed) == "message-changed"
            yield _clause("message-changed", says, held, f"{changed.status} {_type(changed)}")
        else:
            says = "what is not verified stands in nobody's way, under whatever id"
            yield _clause("no-obstacle", says, changed.status == 202, changed.status)
        says = "and the first stands"
        yield _clause("first-stands", says, self._post(raw).body == first.body, "another answer")

    # What is not proven.

    def _forged(self) -> Iterator[Clause]:
        outer = json.loads(self._message())
        payload = json.dumps(self._says(body={"procedures": "forged"})).encode()
        altered = json.dumps(outer | {"payload": encoded(payload)}).encode()
        code = "signature-bad" if self._known else "key-unknown"
        yield from self._doubt("altered", "an altered payload is not verified", altered, code)
        strange = sign(json.dumps(self._says()).encode(), self._stranger)
        yield from self._doubt("unknown-key", "nor is an unknown key's", strange, "key-unknown")
        for alg in ("none", "RS256"):
            says = f"alg {alg} counts as unsigned"
            raw = self._unsigned({"alg": alg})
            yield from self._doubt(f"alg-{alg}", says, raw, "signature-missing")

    # What is signed, and wrong all the same.

    def _judged(self) -> Iterator[Clause]:
        ahead, ago = self._now + timedelta(minutes=11), self._now - timedelta(days=3)
        says = "a message for another is told from one's own"
        raw = self._message(to="nobody.invalid")
        yield from self._expect("addressee", says, raw, "not-addressed-to-us")
        says = "a time 11 minutes ahead is told"
        raw = self._message(sent_at=in_full(ahead))
        yield from self._expect("clock-skew", says, raw, "clock-skew")
        # Our key may be younger than that, so whether it is verified does not matter.
        told = self._ask(self._message(sent_at=in_full(ago)))
        held = isinstance(told, Told) and "late" in told.receipt.problems
        yield _clause("late", "three days old is late, and taken", held, told)
        says = "who says that they are not synthetic is told from who is"
        raw = self._message(synthetic=False)
        yield from self._expect("synthetic", says, raw, "synthetic-differs")

    # What is no message.

    def _no_messages(self) -> Iterator[Clause]:
        deep = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
        said = json.dumps(self._says(body={"a": "here"})).encode()
        bodies = {
            "not-json": (b"an order", {422}),
            "no-object": (b"[]", {422}),
            "no-parts": (b"{}", {422}),
            "no-fields": (sign(b"{}", self._stranger), {422}),
            "payload-no-json": (sign(b"\xff", self._stranger), {422}),
            "deep": (sign(deep, self._stranger), {413, 422}),
            "nul": (sign(said.replace(b"here", b"\\u0000"), self._stranger), {422}),
            "lone-surrogate": (sign(said.replace(b"here", b"\\ud800"), self._stranger), {422}),
            "items": (self._items(1001), {413, 422}),
            "oversized": (self._message(body={"a": "x" * _TOO_BIG}), {413}),
        }
        for name, (raw, statuses) in bodies.items():
            says = f"{name}: refused with {' or '.join(map(str, sorted(statuses)))}, as a problem"
            answer = self._post(raw)
            held = answer.status in statuses and bool(_type(answer))
            yield _clause(f"refused-{name}", says, held, f"{answer.status} {_type(answer)}")

    # How it is asked.

    def _expect(self, name: str, says: str, raw: bytes, *codes: str) -> Iterator[Clause]:
        """One that is signed as well as we can, and what its receipt should name beside what it must."""
        told = self._ask(raw)
        if not isinstance(told, Told):
            yield Clause(name, says, False, told)
            return
        problems = set(told.receipt.problems)
        harmless = {*HARMLESS, "incomplete"}
        held = told.receipt.verified is self._known and problems >= set(codes)
        if self._known:
            held = held and problems - harmless <= set(codes)
        got = f"verified {told.receipt.verified}, problems {told.receipt.problems}"
        yield _clause(name, says, held, got)

    def _doubt(self, name: str, says: str, raw: bytes, code: str) -> Iterator[Clause]:
        told = self._ask(raw)
        if not isinstance(told, Told):
            yield Clause(name, says, False, told)
            return
        held = not told.receipt.verified and code in told.receipt.problems
        got = f"verified {told.receipt.verified}, problems {told.receipt.problems}"
        yield _clause(name, f"{says}: {code}", held, got)

    def _ask(self, raw: bytes) -> Told | str:
        return self._read(self._post(raw), raw)

    def _post(self, raw: bytes) -> Answer:
        answer = self._send(raw)
        if answer.status == 429:
            raise Busy(f"Retry-After {answer.retry_after}")
        return answer

    def _read(self, answer: Answer, raw: bytes) -> Told | str:
        """The receipt of a message; or what is wrong with it."""
        if answer.status != 202:
            return f"it answered {answer.status} {_type(answer)}".rstrip()
        sent = parse(raw)
        try:
            jws = parse(answer.body)
            receipt = msgspec.json.decode(jws.payload, type=Receipt)
        except (Refusal, msgspec.DecodeError) as error:
            return f"the receipt cannot be read: {error}"
        keys = [key.x for key in self._them.keys if key.kid == jws.kid and key.revoked_at is None]
        if not any(verified(jws, x) for x in keys):
            return "no published key signed it"
        said = msgspec.json.decode(sent.payload)
        wanted = (PROTOCOL, self._them.organisation.id, self._us, said["id"], sent.sha256)
        got = (receipt.protocol, receipt.from_, receipt.to, receipt.message, receipt.sha256)
        return Told(answer.body, receipt) if got == wanted else f"{got} instead of {wanted}"

    def _says(self, **fields: Any) -> dict[str, Any]:
        return {
            "protocol": PROTOCOL,
            "type": "prior_information",
            "id": uuid4().hex,
            "order": None,
            "from": self._us,
            "to": self._them.organisation.id,
            "sent_at": in_full(self._now),
            "synthetic": True,
            "body": {"procedures": "a trial of the protocol", "deadlines": "none"},
        } | fields

    def _message(self, **fields: Any) -> bytes:
        return sign(json.dumps(self._says(**fields)).encode(), self._key)

    def _unsigned(self, header: dict[str, str]) -> bytes:
        payload = json.dumps(self._says()).encode()
        parts = {"payload": payload, "protected": json.dumps(header).encode(), "signature": b""}
        return json.dumps({name: encoded(part) for name, part in parts.items()}).encode()

    def _items(self, count: int) -> bytes:
        hosts = self._them.organisation.hosts or ["forum.invalid"]
        items = [{"url": f"https://{hosts[0]}/{n}"} for n in range(count)]
        said = self._says(type="order.issued", order=uuid4().hex, body={"items": items})
        return sign(json.dumps(said).encode(), self._stranger)


def _clause(name: str, says: str, held: bool, got: object) -> Clause:
    return Clause(name, says, held, "" if held else str(got)[:300])


def _type(answer: Answer) -> str:
    """The type of a problem document; nothing where it is none."""
    if not answer.media_type.startswith("application/problem+json"):
        return ""
    try:
        named = json.loads(answer.body).get("type", "")
    except (ValueError, AttributeError):
        return ""
    return named.rpartition("/")[2] if isinstance(named, str) else ""
