"""docs/protocol.md is true: its example verifies and is made anew to the byte, and it names all that there is."""

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tidegate.exchange.model import thumbprint
from tidegate.orders.annexes import Annex1, Annex2, Annex3
from tidegate.orders.bodies import KINDS, OrderCopy, read_body
from tidegate.orders.jws import DEEPEST, MOST_BYTES, parse, sign, verified
from tidegate.orders.messages.flood import ALL, EACH
from tidegate.orders.messages.model import MOST_ITEMS, PROBLEMS, Receipt, read_envelope

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "protocol.md").read_text()
_BLOCK = re.compile(r"^```(\w+) ?(\S*)\n(.*?)\n```$", re.S | re.M)
BLOCKS = {f"{kind} {name}".strip(): said for kind, name, said in _BLOCK.findall(PAGE)}
ROWS = dict(re.findall(r"^\| `([a-z_.]+)` \| [^|]*→[^|]*\| (.*) \|$", PAGE, re.M))


class Key:
    def __init__(self, jwk: dict[str, str]) -> None:
        self.kid, self.x = jwk["kid"], jwk["x"]
        seed = base64.urlsafe_b64decode(jwk["d"] + "=")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data)


def block(name: str) -> bytes:
    return BLOCKS[f"json {name}"].encode()


def key(of: str) -> Key:
    return Key(json.loads(block(of)))


@pytest.mark.parametrize(
    ("signer", "payload", "message"),
    [("authority", "payload", "message"), ("platform", "receipt-payload", "receipt")],
)
def test_the_example_is_made_anew_to_the_byte(signer: str, payload: str, message: str) -> None:
    own = key(signer)

    assert own.kid == thumbprint(own.x)
    assert sign(block(payload), own) == block(message)
    assert verified(parse(block(message)), own.x)


def test_the_message_and_the_receipt_of_the_example_fit() -> None:
    message = parse(block("message"))
    envelope = read_envelope(message)
    receipt = msgspec.json.decode(parse(block("receipt")).payload, type=Receipt)

    assert read_body(envelope.type, envelope.body)[1] == []
    assert receipt.sha256 == hashlib.sha256(block("payload")).hexdigest()
    assert (receipt.message, receipt.from_, receipt.to) == (
        envelope.id,
        envelope.to,
        envelope.from_,
    )


def test_the_python_on_the_page_verifies_it_and_nothing_else() -> None:
    said: dict[str, Any] = {}
    exec(BLOCKS["python"], said)
    message = json.loads(block("message"))

    assert said["verify"](message, key("authority").x) == block("payload")
    assert said["thumbprint"](key("platform").x) == key("platform").kid
    with pytest.raises(InvalidSignature):
        said["verify"](message, key("platform").x)
    with pytest.raises(InvalidSignature):
        said["verify"](message | {"payload": message["payload"][:-4]}, key("authority").x)


def test_every_type_stands_there_with_each_field_of_its_body() -> None:
    assert set(ROWS) == set(KINDS)
    for type, kind in KINDS.items():
        if kind.body in (Annex1, OrderCopy):
            assert "Annex I" in ROWS[type]
            continue
        names = set(kind.body.__struct_encode_fields__)
        if kind.body in (Annex2, Annex3):
            names -= {
                "addressee",
                "authority",
                "authority_reference",
                "own_reference",
                "received_at",
            }
        assert {name for name in names if f'"{name}"' not in ROWS[type]} == set()


def test_every_problem_and_limit_stands_there() -> None:
    assert [code for code in PROBLEMS if f"`{code}`" not in PAGE] == []
    for said in (
        f"{MOST_BYTES:,} bytes",
        f"{MOST_ITEMS:,} items",
        f"deeper than {DEEPEST}",
        f"{EACH} an hour from an address, {ALL} in all",
    ):
        assert said in PAGE


@pytest.mark.parametrize("annex", [Annex1, Annex2, Annex3])
def test_the_page_of_the_documents_names_each_of_their_fields(annex: type[Any]) -> None:
    page = (DOCS / "annexes.md").read_text()
    names = [field.encode_name for field in msgspec.structs.fields(annex)]
    assert [name for name in names if not re.search(rf"[`.\"]{name}\b", page)] == []


@pytest.mark.parametrize("page", ["protocol.md", "annexes.md", "one-order.md"])
def test_its_links_lead_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([a-z-]+\.md)", (DOCS / page).read_text())
    assert [one for one in links if not (DOCS / one).is_file()] == []
