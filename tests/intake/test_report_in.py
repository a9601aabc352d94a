"""What a report may be, and what is refused with its pointer."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.infra.digests import keyed
from tidegate.infra.errors import Refusal
from tidegate.infra.parsing import decode
from tidegate.intake.model import ReportIn, Taken, take

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = bytes(32)


def taken(report: ReportIn) -> Taken:
    return take(report, platform="forum", terms_key=KEY, author_key=KEY, sources_key=KEY, now=NOW)


def body(changes: str, drop: str = "") -> bytes:
    fields = {
        "id": '"r1"',
        "item_id": '"post"',
        "channel": '"user"',
        "reason": '"spam"',
        "created_at": '"2026-01-01T00:00:00Z"',
    }
    fields.pop(drop, None)
    for change in filter(None, changes.split(";")):
        name, _, value = change.partition("=")
        fields[name] = value
    return ("{" + ",".join(f'"{name}":{value}' for name, value in fields.items()) + "}").encode()


@pytest.mark.parametrize(
    ("changes", "drop", "pointer"),
    [
        ("", "id", "/id"),
        ('id=""', "", "/id"),
        ('id="' + "x" * 10_000 + '"', "", "/id"),
        ('id="a\\u0000b"', "", "/id"),
        ('id="."', "", "/id"),
        ('id=".."', "", "/id"),
        ('comment="\\ud800"', "", "/comment"),
        ("", "item_id", ""),
        ('text="  \\n"', "item_id", ""),
        ('text="\u200b\u00a0\ufeff\u2060"', "item_id", ""),
        ('text="\\u0007\\u202e\u3164\u2800"', "item_id", ""),
        ('text=" ";media=[]', "item_id", ""),
        ('url="https://example.org/"', "", ""),
        ("item_id=7", "", "/item_id"),
        ('channel="rumour"', "", "/channel"),
        ('reason=""', "", "/reason"),
        ('reason="' + "x" * 201 + '"', "", "/reason"),
        ('comment="' + "x" * 10_001 + '"', "", "/comment"),
        ('reporter="' + "x" * 513 + '"', "", "/reporter"),
        ("", "created_at", "/created_at"),
        ('created_at="2026-01-01T00:00:00"', "", "/created_at"),
        ('platform="forum"', "", "/platform"),
        ('url="https://example.org/";text="seen"', "", ""),
        ('text=""', "", "/text"),
        ('text="' + "x" * 200_001 + '"', "", "/text"),
        ('text="a\\u0000b"', "", "/text"),
        ('text="\\udfff"', "", "/text"),
        ('location=""', "", "/location"),
        ('location="' + "x" * 1001 + '"', "", "/location"),
        ('language="' + "x" * 36 + '"', "", "/language"),
        ("media=[]", "item_id", ""),
        ("media=[{}]", "", "/media/0"),
        ('media=[{"data":"bm9pc2U=","url":"https://example.org/a.png"}]', "", "/media/0"),
        ('media=[{"data":"no base64!"}]', "", "/media/0/data"),
        ("media=[" + ",".join(['{"data":"bm9pc2U="}'] * 17) + "]", "", "/media"),
    ],
)
def test_bad_reports_point_at_the_field(changes: str, drop: str, pointer: str) -> None:
    with pytest.raises(Refusal) as refused:
        taken(decode(body(changes, drop), ReportIn))
    assert refused.value.status in (400, 422)
    if refused.value.status == 422:
        assert [error.pointer for error in refused.value.errors] == [pointer]


@pytest.mark.parametrize(
    "channel", ["user", "user_report", "notice", "trusted_flagger", "referral", "tip", "franked"]
)
def test_every_channel_is_taken(channel: str) -> None:
    assert taken(decode(body(f'channel="{channel}"'), ReportIn)).said.channel == channel


@pytest.mark.parametrize(
    ("claim", "created_at", "problems"),
    [
        ("2026-01-01T00:10:00Z", NOW + timedelta(minutes=10), []),
        ("2026-01-01T00:10:01Z", NOW, ["time-claim (created_at says 2026-01-01 00:10:01 UTC)"]),
        (
            "9999-01-01T02:00:00+02:00",
            NOW,
            ["time-claim (created_at says 9999-01-01 00:00:00 UTC)"],
        ),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC), []),
        *(
            (beyond, NOW, [f"time-claim (created_at says {beyond})"])
            for beyond in ("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:00")
        ),
    ],
)
def test_a_time_that_has_not_come_is_noted_and_not_gone_by(
    claim: str, created_at: datetime, problems: list[str]
) -> None:
    found = taken(decode(body(f'created_at="{claim}"'), ReportIn))
    assert (found.created_at, found.problems) == (created_at, problems)


@given(st.integers(-12, 12))
def test_the_same_moment_in_another_zone_is_the_same_report(hours: int) -> None:
    here = ReportIn(id="r1", channel="user", reason="spam", created_at=NOW, item_id="post")
    zone = (NOW + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S")
    there = decode(body(f'created_at="{zone}{hours:+03d}:00"'), ReportIn)
    assert taken(here).digest == taken(there).digest


def test_reports_of_before_are_the_same_reports() -> None:
    """What a report may say grows; one that says nothing new has the digest that it had."""
    said = b'{"id":"r1","channel":"user","reason":"spam","created_at":"2026-01-01T00:00:00Z",'
    said += b'"item_id":"post"}'
    assert taken(decode(body(""), ReportIn)).digest == keyed(
        KEY, "report", hashlib.sha256(said).digest()
    )


def test_files_are_the_same_by_what_is_in_them() -> None:
    def of(media: str) -> bytes:
        return taken(decode(body(f"media=[{media}]", "item_id"), ReportIn)).digest

    one = '{"data":"bm9pc2U=","filename":"a.png"}'
    assert of(one) == of(one.replace(",", " , "))
    others = [one.replace("U=", "Q="), one.replace("a.png", "b.png"), f"{one},{one}"]
    assert len({of(one), *map(of, others)}) == 4


@given(
    st.sampled_from(["comment", "reporter", "reason", "item_id", "text", "location", "language"]),
    st.text(min_size=1),
)
def test_any_change_makes_another_report(field: str, value: str) -> None:
    same = decode(body(""), ReportIn)
    try:
        value.encode()
    except UnicodeEncodeError:
        return
    values: dict[str, Any] = {
        "id": "r1",
        "channel": "user",
        "reason": "spam",
        "created_at": NOW,
        "item_id": "post",
    } | {field: value}
    changed = ReportIn(**values)
    assert (taken(changed).digest == taken(same).digest) == (changed == same)


@pytest.mark.parametrize("text", [".", "😀", " \u200b?", "\u0601"])
def test_whatever_can_be_seen_is_content(text: str) -> None:
    report = decode(body(f"text={json.dumps(text)}", "item_id"), ReportIn)
    assert taken(report).said.brings


def test_a_text_of_nothing_beside_an_item_brings_nothing() -> None:
    report = decode(body('text="\u200b "'), ReportIn)
    assert not taken(report).said.brings
