"""What is wrong with a message: the rules one by one, against all that there are of senders, keys and times; and
what is read of receipts."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.orders.letters import OURS, Sender

from tidegate.exchange.model import Party, PartyKey, PartyState
from tidegate.orders.jws import parse
from tidegate.orders.messages.model import HARMLESS, PROBLEMS, judge, read_envelope

NOW = datetime(2026, 3, 1, 2, 13, tzinfo=UTC)
SENDER, OTHER = Sender(seed=b"s" * 32), Sender(seed=b"o" * 32)
_around = st.sampled_from(
    [timedelta(seconds=one) for one in (-90_000, -3601, -3600, -1, 0, 1, 600, 601)]
)
_cases = st.fixed_dictionaries(
    {
        "registered": st.sampled_from([None, "named", "unconfirmed", "confirmed"]),
        "has_key": st.booleans(),
        "key_confirmed": st.booleans(),
        "valid": _around,
        "revoked": st.none() | _around,
        "sent": _around,
        "alg": st.sampled_from(["EdDSA", "Ed25519", "none", "ES256"]),
        "by": st.sampled_from([SENDER, OTHER]),
        "to": st.sampled_from([OURS.id, "shop.example"]),
        "synthetic": st.booleans(),
    }
)


def party(case: dict[str, Any]) -> Party | None:
    state: PartyState | None = case["registered"]
    if state is None:
        return None
    revoked = None if case["revoked"] is None else NOW + case["revoked"]
    trusted = "confirmed" if case["key_confirmed"] else "unconfirmed"
    key = PartyKey(
        organisation=SENDER.id,
        kid=SENDER.key.kid,
        x=SENDER.key.x,
        state=trusted if revoked is None else "revoked",
        valid_from=NOW + case["valid"],
        revoked_at=revoked,
        confirmed_at=NOW if case["key_confirmed"] else None,
    )
    return Party(
        id=SENDER.id,
        name="A unit",
        kind="authority",
        member_state="DE",
        contact_email="a@bka.example",
        zone="Europe/Berlin",
        state=state,
        added_by="user:one@forum.example",
        keys=[key] if case["has_key"] else [],
    )


def obvious(case: dict[str, Any]) -> set[str]:
    """Each code by its own sentence."""
    sent = NOW + case["sent"]
    signed = case["alg"] in ("EdDSA", "Ed25519")
    known = case["registered"] is not None and case["has_key"] and NOW + case["valid"] <= sent
    found: set[str] = set()
    if not signed:
        found.add("signature-missing")
    if signed and known and case["by"] is not SENDER:
        found.add("signature-bad")
    if signed and not known:
        found.add("key-unknown")
    if signed and known and case["revoked"] is not None:
        by_now = case["revoked"] <= timedelta()
        before = NOW + case["revoked"] <= sent
        found |= {"key-revoked"} if by_now or before else set()
    if case["registered"] is None:
        found.add("issuer-unknown")
    if case["registered"] in ("named", "unconfirmed"):
        found.add("issuer-unconfirmed")
    if case["registered"] == "confirmed" and signed and known and not case["key_confirmed"]:
        found.add("issuer-unconfirmed")
    if case["to"] != OURS.id:
        found.add("not-addressed-to-us")
    if case["synthetic"]:
        found.add("synthetic-differs")
    if case["sent"] > timedelta(minutes=10):
        found.add("clock-skew")
    if case["sent"] < timedelta(hours=-1):
        found.add("late")
    return found


@given(_cases)
def test_each_code_means_what_it_says(case: dict[str, Any]) -> None:
    said = SENDER.says(NOW + case["sent"], to=case["to"], synthetic=case["synthetic"])
    raw = case["by"].sign(said, alg=case["alg"], kid=SENDER.key.kid)
    jws = parse(raw)
    proven, problems = judge(jws, read_envelope(jws), party(case), OURS, NOW)
    wanted = obvious(case)
    assert set(problems) == wanted
    assert len(problems) == len(wanted)
    assert proven is not bool(wanted & set(PROBLEMS[:6]))


def test_the_page_explains_each_code_in_its_order() -> None:
    text = (Path(__file__).parents[2] / "docs" / "protocol-messages.md").read_text()
    rows = text.partition("## The codes")[2].partition("\n## ")[0].splitlines()
    assert [row.split("`")[1] for row in rows if row.startswith("| `")] == [*PROBLEMS]


@pytest.mark.parametrize("problem", PROBLEMS)
def test_two_codes_alone_make_nothing_doubtful(problem: str) -> None:
    assert (problem in HARMLESS) is (problem in ("late", "host-unknown"))
