"""The reader of signed messages against a slow, obvious one, and against an independent implementation."""

import base64
import json
import string
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from joserfc import jws as peer
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from tests.orders.letters import Sender, b64, flat

from tidegate.exchange.keys import OwnKey
from tidegate.infra.errors import Refusal
from tidegate.orders.jws import (
    DEEPEST,
    MOST_BYTES,
    Jws,
    decoded,
    encoded,
    kid_in,
    parse,
    read_json,
    sign,
    verified,
)

SENDER = Sender(seed=b"s" * 32)
OTHER = Sender(seed=b"o" * 32)
PEER = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": SENDER.key.x, "d": b64(b"s" * 32)})
LETTERS = string.ascii_letters + string.digits + "-_"
PEER_NAMES = ["EdDSA", "Ed25519"]
# The peer would have us use the new name alone.
pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")


def obvious_bytes(text: str) -> bytes | None:
    """base64url without padding, bit by bit."""
    if any(letter not in LETTERS for letter in text):
        return None
    ordered = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    bits = "".join(f"{ordered.index(letter):06b}" for letter in text)
    whole = len(bits) // 8 * 8
    left = bits[whole:]
    if len(left) >= 6 or "1" in left:
        return None
    return bytes(int(bits[place : place + 8], 2) for place in range(0, whole, 8))


class Twice(ValueError):
    pass


def obvious_json(data: bytes) -> Any:
    """A JSON value; ValueError for what no two readers must read differently."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) < len(pairs):
            raise Twice
        return dict(pairs)

    def no_constant(_: str) -> None:
        raise ValueError("NaN")

    value = json.loads(data.decode(), object_pairs_hook=once, parse_constant=no_constant)
    text = json.dumps(value, ensure_ascii=False)
    text.encode()
    if "\\u0000" in text:
        raise ValueError("NUL")
    return value


def obvious(raw: bytes) -> tuple[Any, ...] | None:
    """What a message says, or None for what is none."""
    try:
        outer = obvious_json(raw)
        parts = [outer[name] for name in ("payload", "protected", "signature")]
        payload, protected, signature = (obvious_bytes(part) for part in parts)
        if payload is None or protected is None or signature is None:
            return None
        header = obvious_json(protected)
        kid = header.get("kid")
        if not isinstance(header["alg"], str) or not isinstance(kid, str | None):
            return None
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    signed = header["alg"] in PEER_NAMES and bool(signature) and header.get("crit") is None
    return payload, parts[1], signature, header["alg"], kid, signed


def ours(raw: bytes) -> tuple[Any, ...] | None:
    try:
        found = parse(raw)
    except Refusal as refused:
        return None if refused.status == 422 and refused.errors else (refused,)
    return (
        found.payload,
        found.protected,
        found.signature,
        found.alg,
        found.kid,
        found.signed,
    )


_texts = st.text(max_size=5) | st.sampled_from(["\0", "\ud800", "é", "EdDSA"])
_scalars = st.none() | st.booleans() | st.integers() | _texts
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_texts, inner, max_size=2)
)
_headers = st.fixed_dictionaries(
    {},
    optional={
        "alg": st.sampled_from(["EdDSA", "Ed25519", "none", "RS256", "", 1, None]),
        "kid": st.sampled_from([SENDER.key.kid, "x", "", 7, None]),
        "crit": st.sampled_from([None, [], ["b64"]]),
        "b64": st.booleans(),
    },
)
_json = st.builds(
    lambda value, ascii: json.dumps(value, ensure_ascii=ascii), _values, st.just(True)
)
_written = (
    _headers.map(json.dumps)
    | _json
    | st.sampled_from(['{"alg":"EdDSA","alg":"none"}', '{"alg":"EdDSA"', "", " {} "])
)
_encoded = (
    (_written.map(lambda text: b64(text.encode(errors="surrogatepass"))))
    | st.text(LETTERS, max_size=6)
    | st.text(LETTERS + "=+/ \n", max_size=6)
    | st.binary(max_size=70).map(b64)
)
_members = _encoded | _values
_outer = st.fixed_dictionaries(
    {},
    optional={
        "payload": _members,
        "protected": _headers.map(lambda one: b64(json.dumps(one).encode())) | _members,
        "signature": st.binary(min_size=64, max_size=64).map(b64) | _members,
        "header": _values,
    },
)


@st.composite
def _spaced(draw: st.DrawFn) -> bytes:
    text = json.dumps(draw(_outer), indent=draw(st.sampled_from([None, 2])))
    if draw(st.booleans()):
        name = draw(st.sampled_from(["payload", "signature", "pay\\u006coad", "other"]))
        text = text.replace("{", f'{{"{name}": "e30",', 1)
    return text.encode()


@given(_spaced() | st.binary(max_size=60) | _json.map(str.encode))
@example(b'{"payload":"","protected":"eyJhbGciOiJub25lIn0","signature":""}')
@example(b'{"payload":"AA","protected":"eyJhbGciOiJub25lIn0","signature":"AB"}')
@example(b'{"payload":"A","protected":"eyJhbGciOiJub25lIn0","signature":""}')
@example(b'{"payload":"","protected":"eyJhbGciOiJub25lIn0","signature":"","\\u0000":1}')
def test_messages_are_read_as_the_obvious_reader_reads_them(raw: bytes) -> None:
    assert ours(raw) == obvious(raw)


@given(st.text(LETTERS, max_size=12) | st.text(LETTERS + "=+/ \n.é", max_size=12))
@example("_-8")
@example("AAA=")
def test_base64url_has_one_spelling(text: str) -> None:
    data = decoded(text)
    assert data == obvious_bytes(text)
    assert data is None or encoded(data) == text


@given(st.binary(max_size=200))
def test_what_we_sign_a_peer_verifies(payload: bytes) -> None:
    raw = sign(payload, SENDER.key)
    found = peer.deserialize_json(json.loads(raw), PEER, algorithms=["EdDSA"])
    assert found.payload == payload
    assert sign(payload, SENDER.key) == raw


@given(st.binary(max_size=200), st.sampled_from(PEER_NAMES))
def test_what_a_peer_signs_we_verify(payload: bytes, alg: str) -> None:
    header: peer.HeaderDict = {"protected": {"alg": alg, "kid": SENDER.key.kid}}
    said = peer.serialize_json(header, payload, PEER, algorithms=PEER_NAMES)
    jws = parse(json.dumps(said).encode())
    assert (jws.payload, jws.kid) == (payload, SENDER.key.kid)
    assert verified(jws, SENDER.key.x)
    assert not verified(jws, OTHER.key.x)


@given(st.data())
def test_what_is_altered_is_not_verified(data: st.DataObject) -> None:
    """Wherever one letter is another, the peer and we say no."""
    outer = json.loads(SENDER.sign({"a": "some words"}))
    name = data.draw(st.sampled_from(sorted(outer)))
    place = data.draw(st.integers(0, len(outer[name]) - 1))
    letter = data.draw(st.sampled_from(LETTERS).filter(lambda one: one != outer[name][place]))
    outer[name] = outer[name][:place] + letter + outer[name][place + 1 :]
    raw = json.dumps(outer).encode()
    try:
        jws = parse(raw)
    except Refusal:
        return
    assert not verified(jws, SENDER.key.x)
    with pytest.raises((JoseError, ValueError)):
        peer.deserialize_json(outer, PEER, algorithms=PEER_NAMES)


def test_a_short_or_missing_signature_is_none() -> None:
    payload, header = b"{}", json.dumps({"alg": "EdDSA", "kid": "x"}).encode()
    for signature in (b"", b"x", b"x" * 63, b"x" * 65):
        assert not verified(parse(flat(payload, header, signature)), SENDER.key.x)


def test_what_is_no_key_verifies_nothing() -> None:
    jws = parse(SENDER.sign({}))
    for x in ("", "AA", SENDER.key.x[:-1], SENDER.key.x + "A", SENDER.key.x + "=", "é"):
        assert not verified(jws, x)


def test_what_names_an_extension_is_not_verified() -> None:
    jws = parse(SENDER.sign({}, crit=["b64"], b64=False))
    assert not jws.signed
    assert not verified(jws, SENDER.key.x)


def test_the_same_message_has_the_same_digest_however_it_is_spaced() -> None:
    raw = SENDER.sign({"a": 1})
    spaced = json.dumps(json.loads(raw), indent=3).encode()
    assert parse(spaced).digest == parse(raw).digest
    assert parse(SENDER.sign({"a": 2})).digest != parse(raw).digest
    assert parse(OTHER.sign({"a": 1})).digest != parse(raw).digest


def test_the_bytes_that_are_signed_are_not_written_anew() -> None:
    payload = b'{ "b" : 1,"a":  [1.50, 1e2], "\\u0062x": "\\/" }'
    jws = parse(SENDER.sign(payload))
    assert jws.payload == payload
    assert verified(jws, SENDER.key.x)


def test_a_message_of_over_a_megabyte_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        parse(b" " * (MOST_BYTES + 1))
    assert refused.value.status == 413


@given(st.integers(1, DEEPEST + 6))
def test_nothing_is_deeper_than_it_may_be(depth: int) -> None:
    halves, rest = depth // 2, depth % 2
    body = b'[{"a":' * halves + b"[" * rest + b"0" + b"]" * rest + b"}]" * halves
    if depth <= DEEPEST:
        read_json(body, object)
        return
    with pytest.raises(Refusal) as refused:
        read_json(body, object, "/at")
    (error,) = refused.value.errors
    assert error.pointer.startswith("/at/0/a/0")
    assert error.pointer.count("/") == DEEPEST + 2


@given(st.binary(max_size=80) | _spaced())
def test_looking_for_the_key_never_fails(raw: bytes) -> None:
    kid_in(raw)


def test_the_key_is_found_in_a_piece_of_a_message() -> None:
    raw = SENDER.sign({"a": "x" * 1000})
    assert kid_in(raw) == SENDER.key.kid
    assert kid_in(raw[500:]) == SENDER.key.kid
    assert kid_in(raw[:500]) is None
    assert kid_in(b'{"protected" : "e30"}') is None
    assert kid_in(b'{"protected":"' + b64(b'{"alg":"EdDSA","kid":1}').encode() + b'"}') is None


def test_a_signer_is_a_key_of_ours() -> None:
    key = OwnKey(SENDER.private)
    header = msgspec.json.decode(
        base64.urlsafe_b64decode(json.loads(sign(b"", key))["protected"] + "==")
    )
    assert header == {"alg": "EdDSA", "kid": key.kid}


def test_a_message_cannot_be_changed_once_read() -> None:
    jws = parse(SENDER.sign({}))
    with pytest.raises(AttributeError):
        jws.payload = b""  # pyright: ignore[reportAttributeAccessIssue]
    assert isinstance(jws, Jws)
