"""Verifying messages as a platform's receiver does."""

from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from tidegate.client import Effective, WebhookVerificationError, verify_webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = (
    b'{"type":"action.lift","timestamp":"2026-01-01T00:00:00Z","data":{"version":1,"action":"a",'
    b'"item":"7","revision":2,"sequence":3,"decision":{"outcome":"lift"},"effective":{"restricted":'
    b'true,"scope":"item","territory":["DE"],"until":null,"account":null},"later":"ignored"}}'
)


OLD = "whsec_" + "b2xk" * 8


def _headers(
    body: bytes = BODY, age: timedelta = timedelta(0), secrets: tuple[str, ...] = (SECRET,)
) -> dict[str, str]:
    moment = datetime.now(UTC) - age
    signed = [Webhook(one).sign("msg_1", moment, body.decode()) for one in secrets]
    return {
        "Webhook-Id": "msg_1",
        "Webhook-Timestamp": str(int(moment.timestamp())),
        "Webhook-Signature": " ".join(signed),
    }


def test_a_message_of_ours_is_read() -> None:
    message = verify_webhook(SECRET, _headers(), BODY)
    assert (message.id, message.type) == ("msg_1", "action.lift")
    assert (message.data.item, message.data.sequence) == ("7", 3)
    assert message.data.effective == Effective(True, "item", ["DE"])


@pytest.mark.parametrize("known", [SECRET, OLD, [OLD, SECRET], [SECRET, OLD]])
@pytest.mark.parametrize("signed", [(SECRET, OLD), (OLD, SECRET)])
def test_while_a_secret_is_rotated_either_verifies(
    known: str | list[str], signed: tuple[str, ...]
) -> None:
    assert verify_webhook(known, _headers(secrets=signed), BODY).id == "msg_1"


def test_several_secrets_are_tried_in_turn() -> None:
    assert verify_webhook([OLD, SECRET], _headers(), BODY).id == "msg_1"
    for none in ([OLD, OLD], []):
        with pytest.raises(WebhookVerificationError):
            verify_webhook(none, _headers(), BODY)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (_headers(), BODY.replace(b'"7"', b'"8"')),
        (_headers(age=timedelta(minutes=6)), BODY),
        ({}, BODY),
        (_headers() | {"Webhook-Signature": "garbage"}, BODY),
        (_headers() | {"Webhook-Signature": "v1,####"}, BODY),
        (_headers() | {"Webhook-Timestamp": "soon"}, BODY),
        (_headers() | {"Webhook-Id": "msg_2"}, BODY),
        (_headers(b'{"type":"x"}'), b'{"type":"x"}'),
        (_headers(), b"\xff\xfe"),
    ],
    ids=["changed", "old", "none", "garbage", "base64", "time", "id", "foreign", "binary"],
)
def test_anything_else_is_refused(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(WebhookVerificationError):
        verify_webhook(SECRET, headers, body)
