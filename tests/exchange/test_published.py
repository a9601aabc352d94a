"""What an organisation publishes of itself: read strictly, written to the letter."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.others import FORUM, Other, jwk, new_key

from tidegate.exchange.model import Organisation, public_bytes, thumbprint, unpadded
from tidegate.exchange.published import Jwk, publish, read_published
from tidegate.exchange.states import STATES, UNION, read_state
from tidegate.infra.errors import Refusal
from tidegate.infra.times import told


def test_the_fingerprint_is_the_thumbprint_of_rfc_7638() -> None:
    # RFC 8037, A.3.
    x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    assert thumbprint(x) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@given(st.binary(max_size=40))
def test_a_key_is_spelled_in_one_way(data: bytes) -> None:
    spelled = unpadded(data)
    assert public_bytes(spelled) == (data if len(data) == 32 else None)
    if len(data) == 32:
        last = spelled[-1]
        others = [spelled + "=", spelled + "A", f" {spelled}", spelled.replace("_", "/") + "/"]
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        others.append(spelled[:-1] + alphabet[alphabet.index(last) ^ 1])  # the same bytes
        assert [public_bytes(one) for one in others] == [None] * len(others)


def test_the_document_is_as_it_is_promised() -> None:
    key = new_key()
    made = publish(FORUM, [msgspec.convert(jwk(key), Jwk)], "https://forum.example/public/x")
    assert json.loads(msgspec.json.encode(told(made))) == {
        "organisation": {
            "id": "forum.example",
            "name": "The Forum",
            "kind": "platform",
            "member_state": "DE",
            "functions": [],
            "zone": "Europe/Berlin",
            "hosts": ["forum.example"],
        },
        "keys": [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "x": key.x,
                "kid": key.kid,
                "valid_from": "2025-01-01T00:00:00.000000Z",
                "revoked_at": None,
            }
        ],
        "inbox": "https://forum.example/public/x",
        "contact": {"email": "orders@forum.example"},
        "languages": ["de", "en"],
        "protocol": ["tidegate-orders/1"],
        "synthetic": False,
    }
    assert read_published(made) == FORUM


def test_what_others_add_is_passed_over_and_states_go_by_one_code() -> None:
    other = Other(state="EL")
    found = read_published(other.published(more={"a": 1}, member_state="el"))
    assert (found.member_state, found.id) == ("GR", other.id)


BAD: list[tuple[dict[str, Any], str]] = [
    ({"id": "BKA.example"}, "/organisation/id"),
    ({"id": ""}, "/organisation/id"),
    ({"id": "a" * 101}, "/organisation/id"),
    ({"id": "bka.example\n"}, "/organisation/id"),
    ({"name": " "}, "/organisation/name"),
    ({"name": "a\u202eb"}, "/organisation/name"),
    ({"name": "a" * 201}, "/organisation/name"),
    ({"member_state": "US"}, "/organisation/member_state"),
    ({"functions": ["issue", "rule"]}, "/organisation/functions"),
    ({"kind": "platform"}, "/organisation/functions"),
    ({"zone": "Mars/Olympus"}, "/organisation/zone"),
    ({"zone": "../etc/passwd"}, "/organisation/zone"),
    ({"hosts": ["Forum.example"]}, "/organisation/hosts"),
    ({"hosts": ["https://forum.example"]}, "/organisation/hosts"),
    ({"hosts": ["-a.example"]}, "/organisation/hosts"),
    ({"hosts": ["a"] * 1001}, "/organisation/hosts"),
    ({"contact": {"email": "nobody"}}, "/contact/email"),
    ({"languages": ["German"]}, "/languages"),
    ({"languages": ["de"] * 51}, "/languages"),
    ({"inbox": "ftp://bka.example/x"}, "/inbox"),
    ({"inbox": "https://u:p@bka.example/x"}, "/inbox"),
    ({"inbox": "https://bka.example/" + "x" * 2048}, "/inbox"),
    ({"protocol": ["tidegate-orders/2"]}, "/protocol"),
    ({"protocol": []}, "/protocol"),
    ({"keys": []}, "/keys"),
    ({"keys": [jwk(new_key()) for _ in range(21)]}, "/keys"),
    ({"keys": [jwk(new_key(), x="AAAA")]}, "/keys/0/x"),
    ({"keys": [jwk(new_key(), kid="mine")]}, "/keys/0/kid"),
    ({"keys": [jwk(new_key()), jwk(new_key(), kid=new_key().kid)]}, "/keys/1/kid"),
    ({"keys": [jwk(one := new_key()), jwk(one)]}, "/keys"),
]


@pytest.mark.parametrize(("fields", "pointer"), BAD)
def test_what_is_wrong_is_told_with_its_place(fields: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_published(Other().published(**fields))
    assert (caught.value.status, caught.value.type) == (422, "invalid-body")
    assert pointer in [one.pointer for one in caught.value.errors]


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(Refusal) as caught:
        read_published(Other().published(id="", languages=["x"], inbox="y", protocol=[]))
    found = [one.pointer for one in caught.value.errors]
    assert found == ["/organisation/id", "/languages", "/inbox", "/protocol"]


@pytest.mark.parametrize(
    "fields",
    [
        {"keys": [jwk(new_key(), kty="EC")]},
        {"keys": [jwk(new_key(), crv="X25519")]},
        {"keys": [jwk(new_key(), valid_from="2025-01-01T00:00:00")]},
        {"kind": "ministry"},
        {"contact": {}},
        {"inbox": None},
    ],
)
def test_what_is_no_document_is_refused_at_its_door(fields: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as caught:
        Other().published(**fields)
    assert (caught.value.status, caught.value.type) == (422, "invalid-body")


@given(st.text(max_size=30), st.text(max_size=30), st.lists(st.text(max_size=10), max_size=3))
def test_whatever_is_named_is_read_or_refused(id: str, state: str, hosts: list[str]) -> None:
    found = Other().published()
    named = msgspec.structs.replace(found.organisation, id=id, member_state=state, hosts=hosts)
    given = msgspec.structs.replace(found, organisation=named)
    try:
        read = read_published(given)
    except Refusal:
        return
    assert read.member_state in STATES
    assert read.hosts == [one.lower() for one in hosts]
    assert isinstance(read, Organisation)


def test_the_states_have_their_capitals_zones() -> None:
    assert len(UNION) == 27
    assert STATES.keys() - UNION == {"IS", "LI", "NO", "GB"}
    assert {code: STATES[code].zone for code in ("DE", "IE", "PT", "CY", "GR", "GB")} == {
        "DE": "Europe/Berlin",
        "IE": "Europe/Dublin",
        "PT": "Europe/Lisbon",
        "CY": "Asia/Nicosia",
        "GR": "Europe/Athens",
        "GB": "Europe/London",
    }
    for spelled, code in {"el": "GR", "UK": "GB", " germany ": "DE", "de": "DE"}.items():
        assert (found := read_state(spelled)) is not None
        assert found.code == code
    assert read_state("Atlantis") is None
