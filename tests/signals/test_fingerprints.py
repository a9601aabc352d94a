"""The registry: every kind reads what it writes, and each content has the codes it should."""

import hashlib

import pytest
from tests.kinds import HEX, size_of

from tidegate.signals.fingerprints import (
    KINDS,
    of_address,
    of_bytes,
    of_known_text,
    of_text,
    of_texts,
    of_url,
)
from tidegate.signals.fingerprints.kind import Kind


def test_what_may_restrict() -> None:
    assert {name for name, kind in KINDS.items() if kind.exact} == {
        "sha256",
        "md5",
        "pdq",
        "text_sha256",
        "url",
        "address",
    }
    assert KINDS["pdq"].max_radius == 31  # beyond, it would not be the exact route


@pytest.mark.parametrize("name", HEX)
def test_codes_are_read_in_either_case_and_nothing_else(name: str) -> None:
    kind = KINDS[name]
    digits = "0123456789abcdef" * (size_of(kind) // 8)
    assert kind.format(kind.parse(digits.upper())) == digits
    for wrong in ("", digits[:-1], digits + "0", digits[:-1] + "g", digits + "\n", " " + digits):
        with pytest.raises(ValueError, match=rf"^{len(digits)} hex digits$"):
            kind.parse(wrong)


@pytest.mark.parametrize("kind", [kind for kind in KINDS.values() if kind.hamming])
def test_a_kind_whose_codes_are_near_each_other_says_what_near_means(kind: Kind) -> None:
    assert 0 < kind.bits <= 256
    assert kind.bits % 8 == 0
    assert 0 <= kind.default_radius <= kind.max_radius
    # Else an entry would match the constant codes that flat or broken content ends in.
    assert kind.max_radius <= kind.fewest < kind.bits // 2
    assert not kind.contained


def test_every_fingerprint_is_read_back_from_its_text() -> None:
    text = "a text that is long enough to have a code of its own, and then some more of it, " + (
        "so that it would be found inside of a longer one, where some thirty words are what it takes"
        " to be told from a turn of phrase, and fewer are none"
    )
    made = of_bytes(b"data") + of_known_text(text) + of_url("https://раypal.com/a")
    made += of_address("tg://resolve?domain=someone")
    assert {one.kind for one in made} == {
        name for name, kind in KINDS.items() if kind.source != "pixels" and not kind.contained
    }
    for one in made:
        assert KINDS[one.kind].parse(KINDS[one.kind].format(one.value)) == one.value


def test_digests_of_bytes() -> None:
    values = {code.kind: code.value for code in of_bytes(b"")}
    for name in ("sha256", "md5"):
        assert values[name] == hashlib.new(name, b"", usedforsecurity=False).digest()


def test_texts_that_read_the_same_have_one_digest() -> None:
    assert of_text("Аttack  at dawn") == of_text("attack\u200b at\ndawn")
    kinds = {one.kind for one in of_text("ok")}
    assert "text_sha256" in kinds
    assert "text_minhash" not in kinds  # too short to be like another
    assert of_text(" \u200b\n") == of_text("") == []


def test_texts_together_and_one_by_one_are_the_same() -> None:
    texts = ["", "short", "x" * 3000, *(f"number {n} " * n for n in range(60))]
    texts.append("".join(chr(0x4E00 + n * 7 % 3000) for n in range(40_000)))
    assert of_texts(texts) == [of_text(text) for text in texts]
    assert of_texts([]) == []
