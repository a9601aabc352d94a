"""The puzzle of public forms: what solves it, and what is no challenge of ours."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.infra.errors import Refusal
from tidegate.web.puzzle import LASTS, WAIT, check, is_good, issue, solves

KEY, OTHER = b"k" * 32, b"o" * 32
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
NONCE = bytes(range(16))


def given_out(bits: int = 6, form: str = "tip", at: datetime = NOW) -> str:
    return issue(KEY, form, bits, NONCE, at)


def solved(challenge: str, bits: int) -> str:
    return next(str(number) for number in range(1 << 22) if solves(challenge, str(number), bits))


def refused(challenge: str, solution: str = "", now: datetime = NOW, form: str = "tip") -> str:
    with pytest.raises(Refusal) as caught:
        check(KEY, form, challenge, solution, now)
    assert caught.value.status == 422
    return caught.value.type


@given(st.text(max_size=40), st.integers(0, 10**9), st.integers(1, 20))
def test_a_number_solves_it_exactly_where_the_digest_begins_with_zeros(
    challenge: str, number: int, bits: int
) -> None:
    try:
        digest = hashlib.sha256(f"{challenge}:{number}".encode()).digest()
    except UnicodeEncodeError:
        return
    zeros = "".join(f"{byte:08b}" for byte in digest).startswith("0" * bits)
    assert solves(challenge, str(number), bits) == zeros


@given(st.text(max_size=30), st.integers(1, 24))
def test_what_is_no_number_solves_nothing(solution: str, bits: int) -> None:
    if not (solution.isascii() and solution.isdigit() and len(solution) <= 15):
        assert not solves("tip.1.1.x", solution, bits)


@given(st.integers(1, 8), st.binary(min_size=16, max_size=16), st.integers(0, 6 * 3600))
def test_what_we_gave_out_is_taken_with_its_solution_for_as_long_as_it_lasts(
    bits: int, nonce: bytes, later: int
) -> None:
    challenge = issue(KEY, "notice", bits, nonce, NOW)
    found = check(KEY, "notice", challenge, solved(challenge, bits), NOW + timedelta(seconds=later))
    assert (found.nonce, found.solved, found.at) == (nonce, True, NOW)


@given(st.data())
def test_a_challenge_that_was_changed_anywhere_is_none(data: st.DataObject) -> None:
    challenge = given_out()
    place = data.draw(st.integers(0, len(challenge) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda one: one != challenge[place]))
    changed = challenge[:place] + other + challenge[place + 1 :]
    assert refused(changed, now=NOW + WAIT) == "form-too-old"


@given(st.text(max_size=200))
def test_whatever_else_comes_is_refused_and_never_fails(challenge: str) -> None:
    assert refused(challenge, "1", NOW + WAIT) == "form-too-old"


def test_a_challenge_is_for_one_form_one_instance_and_some_hours() -> None:
    challenge = given_out()
    assert check(KEY, "tip", challenge, "", NOW + WAIT).solved is False
    assert refused(challenge, now=NOW + WAIT, form="notice") == "form-too-old"
    assert refused(challenge, now=NOW + LASTS + timedelta(seconds=1)) == "form-too-old"
    assert refused(challenge, now=NOW - timedelta(minutes=2)) == "form-too-old"
    with pytest.raises(Refusal):
        check(OTHER, "tip", challenge, "", NOW + WAIT)


def test_without_a_solution_one_waits_and_a_wrong_one_is_told() -> None:
    challenge = given_out(bits=16)
    assert refused(challenge) == "form-too-soon"
    assert refused(challenge, now=NOW + WAIT - timedelta(seconds=1)) == "form-too-soon"
    wrong = next(str(one) for one in range(9) if not solves(challenge, str(one), 16))
    assert refused(challenge, wrong, NOW + WAIT) == "puzzle-wrong"
    assert is_good(KEY, "tip", challenge, NOW)
    assert not is_good(KEY, "tip", challenge, NOW + LASTS + timedelta(seconds=1))
