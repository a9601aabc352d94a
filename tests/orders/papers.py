"""Annexes as the other side sends them."""

from typing import Any

NOW = "2026-11-30T02:13:00.000000Z"
HOST = "forum.example"
REASONS = "It calls on its readers to attack the market of a named town on Saturday, and says how."


def order(**changes: Any) -> dict[str, Any]:
    """A complete Annex I as JSON, of a German authority to a German forum."""
    return {
        "issuing": {
            "member_state": "DE",
            "kind": "law_enforcement",
            "name": "Authority of Example",
            "representative": "A. Schmidt",
            "post": "Chief inspector",
            "file": "ST-1/26",
            "address": "Street 1, 10115 Berlin",
            "phone": "+49 30 1",
            "email": "orders@authority.example",
        },
        "addressee": {
            "name": "Forum Example",
            "contact": "law@forum.example",
            "member_state": "DE",
        },
        "issued_at": NOW,
        "reference": "2026-17",
        "items": [{"url": f"https://{HOST}/t/1"}],
        "types": ["a", "d"],
        "reasons": REASONS,
        "cross_border": {"applies": False, "copy_to": None},
        "followup": {"issuing": "orders@authority.example, +49 30 1"},
        "redress": {
            "body": "Administrative court",
            "deadline": "One month",
            "law_url": "https://law.example/74",
        },
        **changes,
    }


def answer(**changes: Any) -> dict[str, Any]:
    """What Annexes II and III have in common."""
    return {
        "addressee": "Forum Example",
        "authority": "Authority of Example",
        "authority_reference": "2026-17",
        "own_reference": "F-1",
        "received_at": NOW,
        "signatory": {"name": "B. Klein", "post": "Legal", "email": "law@forum.example"},
        **changes,
    }


def executed(**changes: Any) -> dict[str, Any]:
    items = [{"url": f"https://{HOST}/t/1", "measure": "disabled", "at": NOW}]
    return answer(items=items) | changes


def not_executed(**changes: Any) -> dict[str, Any]:
    said = {"grounds": ["insufficient_information"], "explanation": "Three posts fit."}
    return answer(**said) | changes


ISSUER = "authority.example"
BODIES: dict[str, dict[str, Any]] = {
    "prior_information": {"procedures": "By the inbox.", "deadlines": "One hour."},
    "order.issued": order(),
    "order.copy": order(jws="{}"),
    "order.clarified": {"answer": "The second post of the page."},
    "order.revoked": {"reason": "It was a quotation."},
    "order.final": {},
    "non_disclosure.extended": {
        "decided_at": NOW,
        "until": "2026-12-24T00:00:00Z",
        "reason": "Arrests.",
    },
    "preservation.extended": {"until": "2027-12-24T00:00:00Z", "reason": "A review."},
    "preservation.access": {"purpose": "review", "case": "7 K 1/26"},
    "referral.sent": {
        "urls": [f"https://{HOST}/t/2"],
        "terms_cited": "Rule 4",
        "reasons": "Praise of an attack.",
        "language": "en",
    },
    "referral.withdrawn": {"reason": "A mistake."},
    "scorecard.sent": {
        "card": {
            "organisation": HOST,
            "from": "2026-01-01T00:00:00.000000Z",
            "to": "2026-04-01T00:00:00.000000Z",
            "channel": "referral",
            "n": None,
            "suppressed": True,
            "note": "fewer than 10",
            "acknowledged": None,
            "effective": None,
            "shares": None,
            "rows": f"/v1/scorecards/{HOST}/rows?channel=referral",
        },
        "rows": [
            {
                "id": "019b796d-d600-7239-b8c6-5577e8d658ab/1",
                "organisation": HOST,
                "channel": "referral",
                "url": f"https://{HOST}/t/2",
                "sent_at": "2026-01-02T00:00:00.000000Z",
            }
        ],
    },
    "scorecard.contested": {
        "row": "019b796d-d600-7239-b8c6-5577e8d658ab/1",
        "text": "It was answered within a minute.",
    },
    "scorecard.replied": {"text": "Our moderators were on strike."},
    "referral.answered": {
        "answers": [
            {"url": f"https://{HOST}/t/2", "outcome": "kept", "reason": "A report."},
            {"url": f"https://{HOST}/t/3", "outcome": "removed"},
        ]
    },
    "order.executed": executed(),
    "order.not_executed": not_executed(),
    "impediment.ended": {"at": NOW},
    "reinstated": {"items": [{"url": f"https://{HOST}/t/1", "at": NOW}]},
    "scrutiny.requested": {"issuer": ISSUER, "by": "provider", "reasons": "It is news."},
    "scrutiny.intention": {"issuer": ISSUER, "reasons": "It is news."},
    "scrutiny.decided": {"issuer": ISSUER, "finding": "infringement", "reasons": "It is news."},
}
